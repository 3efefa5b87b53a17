"""Until when a dataset is known: what was pulled without a gap, and what loaded files speak of."""

from datetime import date, datetime, timedelta

import sqlalchemy as sa

from cchc.periods import Month


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


def pulled_months(connection: sa.Connection, datasets: list[str], months: list[Month]) -> set[str]:
    """Names of those of the months of which each of the datasets was pulled and loaded, from end to end."""
    # The end of a window as in ops.moc_nuoc: no source told of what came after it was asked.
    query = """
    SELECT m.ky
    FROM unnest(CAST(:names AS text[]), CAST(:starts AS timestamp[]), CAST(:ends AS timestamp[]))
        AS m (ky, begins, ends)
    WHERE NOT EXISTS (
        SELECT FROM unnest(CAST(:datasets AS text[])) AS d (dataset)
        WHERE NOT EXISTS (
            SELECT
            FROM ops.batch AS b
            CROSS JOIN LATERAL (
                SELECT
                    coalesce(b.window_from, '-infinity') AS begins,
                    least(b.window_to, b.landed_at AT TIME ZONE 'Asia/Ho_Chi_Minh') AS ends
            ) AS w
            WHERE
                b.dataset = d.dataset AND b.status = 'loaded' AND b.window_to IS NOT NULL
                AND w.begins < w.ends
            HAVING range_agg(tsrange(w.begins, w.ends, '(]')) @> tsrange(m.begins, m.ends, '(]')
        )
    )
    """
    names = connection.scalars(
        sa.text(query),
        {
            "names": [month.ky for month in months],
            "starts": [month.start for month in months],
            "ends": [month.next.start for month in months],
            "datasets": datasets,
        },
    )
    return set(names)


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
