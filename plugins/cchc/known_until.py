"""Until when a dataset is known: what was pulled without a gap, and what loaded files speak of."""

from datetime import date, datetime, timedelta

import sqlalchemy as sa


def watermark(engine: sa.Engine, dataset: str) -> datetime | None:
    """As watermark_of, on a connection of its own."""
    with engine.connect() as connection:
        return watermark_of(connection, dataset)


def watermark_of(connection: sa.Connection, dataset: str) -> datetime | None:
    """Until when `dataset` was pulled and loaded without a gap, local time; None before the first pull.

    A window that begins behind the end of those before it does not count, and nothing does that a source
    cannot have told: what lies behind the moment of landing.
    """
    query = "SELECT moc FROM ops.moc_nuoc WHERE dataset = :d"
    end: datetime | None = connection.scalar(sa.text(query), {"d": dataset})
    return end


def data_until(connection: sa.Connection, datasets: list[str]) -> datetime | None:
    """The latest moment up to which the source of one of these datasets is known, local time; None before
    any load."""
    until: datetime | None = connection.scalar(
        sa.text("SELECT max(tinh_den) FROM core.tinh_den WHERE dataset = ANY(:datasets)"),
        {"datasets": datasets},
    )
    return until


def last_day(until: datetime) -> date:
    """The last day that data up to `until` (exclusive) speak of."""
    return (until - timedelta(microseconds=1)).date()
