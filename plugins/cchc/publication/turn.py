"""One act of publication at a time, on figures that follow from the data."""

from collections.abc import Callable
from typing import TypeVar

import sqlalchemy as sa

from cchc.errors import CchcError
from cchc.figures.definitions import fingerprint
from cchc.figures.refresh import ATTEMPTS, SERIALIZATION_FAILURE, pending_periods, refresh
from cchc.figures.syncing import as_defined, sync_definitions, versions_differ
from cchc.periods import Month, parse_month
from cchc.warehouse import no_endless_wait, take_turn

Done = TypeVar("Done")


def closed_months(connection: sa.Connection) -> list[Month]:
    """The months that are closed, in order."""
    rows = connection.scalars(sa.text("SELECT DISTINCT ky FROM ops.so_cai WHERE loai = 'chot' ORDER BY ky"))
    return [parse_month(ky) for ky in rows]


def in_turn(engine: sa.Engine, month: Month, act: Callable[[sa.Connection], Done]) -> Done:
    """What `act` returns, done in one transaction in which nobody else publishes or counts.

    Raises CchcError when the month has no data.
    """
    for attempt in range(1, ATTEMPTS + 1):
        # What waits for closed months decides which longer periods may be published.
        with engine.connect() as connection:
            concerned = {m.ky for m in (*closed_months(connection), month)}
        if waiting := sorted(concerned & set(pending_periods(engine))):
            refresh(engine, *waiting)
        try:
            snapshot = engine.connect().execution_options(isolation_level="REPEATABLE READ")
            with no_endless_wait(engine, month.ky), snapshot as connection, connection.begin():
                take_turn(connection, "refresh")
                if as_defined(connection):
                    _not_waiting(connection, sorted(concerned))
                    return act(connection)
        except sa.exc.OperationalError as error:
            if getattr(error.orig, "pgcode", None) != SERIALIZATION_FAILURE or attempt == ATTEMPTS:
                raise
        else:
            sync_definitions(engine)
    raise versions_differ(month.ky)


def _not_waiting(connection: sa.Connection, kys: list[str]) -> None:
    """Raises CchcError when one of the months is unknown, or has to be counted again."""
    states = {
        row.ky: row.waits
        for row in connection.execute(
            sa.text(
                "SELECT ky, changed <> refreshed OR refreshed_with IS DISTINCT FROM :f AS waits "
                "FROM ops.period WHERE ky = ANY(:kys)"
            ),
            {"kys": kys, "f": fingerprint()},
        )
    }
    for ky in kys:
        if ky not in states:
            raise CchcError(f"Month {ky} has no data. Load the data of that month first.")
        if states[ky]:
            raise CchcError(f"Month {ky} waits to be counted. Refresh it first: make refresh KY={ky}.")
