"""A unit confirms its own month: its figures, its open errors, its list of late dossiers."""

import sqlalchemy as sa

from cchc.errors import CchcError
from cchc.periods import parse_month
from cchc.publication.ledger import Entry, write
from cchc.publication.reasons import checked
from cchc.publication.turn import closed_months, in_turn
from cchc.warehouse import run_sql_file


def confirm(
    engine: sa.Engine, ky: str, unit: str, by: str, *, agree: bool = True, reason: str | None = None
) -> Entry:
    """Writes that a unit confirms its figures of a month, or that it does not.

    What it saw stands in the entry: a hash of its figures, how many of its lines are faulty, how many of its
    dossiers are late. A later answer takes the place of the one before. Raises CchcError for a month that is
    closed or not over, and for a unit that has nothing to confirm.
    """
    month, said = parse_month(ky), checked(reason)
    if not by.strip():
        raise CchcError(f"Nobody confirms {ky} of {unit}: give the login of whoever does.")
    return in_turn(engine, month, lambda connection: _confirm(connection, ky, unit, by, agree, said))


def _confirm(
    connection: sa.Connection, ky: str, unit: str, by: str, agree: bool, reason: str | None
) -> Entry:
    if parse_month(ky) in closed_months(connection):
        raise CchcError(f"Month {ky} is closed: there is nothing to confirm any more.")
    seen = run_sql_file(connection, "publication/seen_by_unit.sql", ky=ky, don_vi=unit).one()
    if not seen.phai_xac_nhan:
        raise CchcError(
            f"Unit {unit!r} has nothing to confirm for {ky}: expected a followed unit below the province, "
            "valid on its last day (SELECT ma_don_vi FROM mart.xac_nhan)."
        )
    if not seen.het_thang:
        raise CchcError(f"Month {ky} is not over yet: its figures are not all there.")
    content = {
        "dong_y": agree,
        **{"dau_con_so": seen.dau_con_so, "so_dong_loi": seen.so_dong_loi, "so_ho_so_tre": seen.so_ho_so_tre},
    }
    return write(connection, "xac_nhan", ky, by, content, unit=unit, reason=reason)
