"""Lock exceptions: one unit may hand in one dataset of a closed month late, until a day.

A closed month stays closed. What was permitted is published as its next revision without being asked again,
as soon as nothing else waits for that month; the entry names the exception.
"""

import json
from datetime import date
from typing import Any

import sqlalchemy as sa

from cchc.contracts import datasets_of
from cchc.errors import CchcError
from cchc.figures.definitions import facts
from cchc.periods import Month, parse_month
from cchc.publication.closing import Published, restate, two_people
from cchc.publication.ledger import Entry, write
from cchc.publication.reasons import checked
from cchc.publication.turn import closed_months, in_turn
from cchc.warehouse import run_sql_file


def permit(
    engine: sa.Engine,
    ky: str,
    unit: str,
    dataset: str,
    until: date,
    by: str,
    approved_by: str,
    reason: str,
) -> Entry:
    """Writes that late lines of one unit and dataset may go into a closed month, if they come by `until`.

    Raises CchcError when the month is open, for an unknown unit or dataset, for a day that is over, and
    without two people or a reason.
    """
    month, said = parse_month(ky), checked(reason)
    two_people(by, approved_by)
    if not said:
        raise CchcError(f"A lock exception for {ky} needs a reason: it stands in the ledger. Give one.")

    def write_it(connection: sa.Connection) -> Entry:
        check(connection, month, unit, dataset, until)
        content = {"dataset": dataset, "den": until.isoformat()}
        return write(connection, "ngoai_le", ky, by, content, unit=unit, approved_by=approved_by, reason=said)

    return in_turn(engine, month, write_it)


def check(connection: sa.Connection, month: Month, unit: str, dataset: str, until: date) -> None:
    """Raises CchcError for what can be no lock exception."""
    if dataset not in datasets_of("fact"):
        raise CchcError(f"Dataset {dataset!r} goes into no figure: expected one of {datasets_of('fact')}.")
    if month not in closed_months(connection):
        raise CchcError(f"Month {month.ky} is open: what comes late goes into it by itself.")
    known = connection.execute(
        sa.text(
            "SELECT EXISTS (SELECT FROM core.don_vi WHERE ma_don_vi = :unit AND cap <> 'toan_tinh') "
            "AS co, (now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date AS nay"
        ),
        {"unit": unit},
    ).one()
    if not known.co:
        raise CchcError(f"Unit {unit!r} is not known: expected a ma_don_vi of mart.don_vi.")
    if until < known.nay:
        raise CchcError(f"The exception would end on {until}, which is over: give a day from today on.")


def restate_permitted(engine: sa.Engine) -> list[Published]:
    """Publishes the next revision of every month for which nothing waits but what exceptions permit."""
    with engine.connect() as connection:
        rows = run_sql_file(connection, "publication/permitted.sql", bo_du_lieu=_datasets()).all()
    return [
        restate(engine, row.ky, row.nguoi, row.nguoi_duyet, f"Ngoại lệ (dòng sổ {row.cac_so}): {row.ly_do}")
        for row in rows
    ]


def _datasets() -> str:
    """Of each fact, the dataset that its rows come from, as JSON."""
    rows: list[dict[str, Any]] = [{"fact": f.fact, "dataset": f.bo_du_lieu} for f in facts().values()]
    return json.dumps(rows)
