"""Closes months and restates them: what is published is copied beside the ledger and never overwritten."""

import json
import unicodedata
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import sqlalchemy as sa

from cchc.errors import CchcError
from cchc.figures.definitions import files_of_figures, fingerprint, indicators
from cchc.figures.frozen import COLUMNS, find_pending, find_rows, numbered_sides, numbers
from cchc.figures.refresh import (
    facts_known,
    find_parts,
    find_pending_figures,
    month_scans,
    write_periods,
)
from cchc.kept_files import keep
from cchc.periods import Month, Period, first_period, parse_month, periods_of
from cchc.publication.conditions import HARD, require, unmet
from cchc.publication.ledger import Entry, next_number, write
from cchc.publication.reasons import checked
from cchc.publication.turn import closed_months, in_turn
from cchc.publication.waiting import waiting_digest
from cchc.warehouse import analyze, run_sql_file


@dataclass
class Published:
    """What an entry published: the periods, each with its revision."""

    entry: Entry
    periods: list[Period] = field(default_factory=list)


def close(engine: sa.Engine, ky: str, by: str, approved_by: str, reason: str | None = None) -> Published:
    """Closes a month, and every longer period of which nothing is open or waits.

    Raises CchcError when a month before it is open, when it is closed, when it is not complete and no
    reason is given (cchc.publication.conditions), or when its rows do not give its figures.
    """
    month, said = parse_month(ky), checked(reason)
    two_people(by, approved_by)
    return in_turn(engine, month, lambda connection: _close(connection, month, by, approved_by, said))


def publish_provisionally(engine: sa.Engine, ky: str, by: str, reason: str) -> Published:
    """Publishes a month as it is while nobody has closed it: its rows are kept, its figures may still change.

    Raises CchcError when the month is closed, not over, or was published so before.
    """
    month, said = parse_month(ky), checked(reason)
    return in_turn(engine, month, lambda connection: _publish_provisionally(connection, month, by, said))


def restate(
    engine: sa.Engine, ky: str, by: str, approved_by: str, reason: str, seen: str | None = None
) -> Published:
    """Publishes what waits for a closed month, and the next revision of every closed period that holds it.

    `seen`: the hash of what was shown to whoever approved (cchc.publication.waiting); when something else
    waits now nothing is published, and it is asked again.

    A longer period is made from its months: it waits while another of them does, and is published with the
    last of them. Raises CchcError when the month is open or nothing waits, or without a reason.
    """
    month, said = parse_month(ky), checked(reason)
    two_people(by, approved_by)
    if not said:
        raise CchcError(f"Restating {ky} needs a reason: it stands in the ledger for ever. Give one.")
    return in_turn(engine, month, lambda connection: _restate(connection, month, by, approved_by, said, seen))


def two_people(by: str, approved_by: str) -> None:
    """Raises CchcError unless two people are named."""
    if not by.strip() or not approved_by.strip() or _spelled(by) == _spelled(approved_by):
        raise CchcError(
            f"Nobody approves what they asked for: {by.strip() or 'nobody'!r} asked, "
            f"{approved_by.strip() or 'nobody'!r} approves. Have another person approve it."
        )


def _spelled(login: str) -> str:
    """A login however it is written: whoever has it is the same person in capitals."""
    return unicodedata.normalize("NFKC", login).strip().casefold()


def _close(
    connection: sa.Connection, month: Month, by: str, approved_by: str, reason: str | None
) -> Published:
    closed = closed_months(connection)
    if month in closed:
        raise CchcError(
            f"Month {month.ky} is closed already. What has changed since is restated: docs/publication.md."
        )
    if month > _first_month(connection) and month.plus(-1) not in closed:
        raise CchcError(f"Month {month.plus(-1).ky} is open: months are closed in order. Close it first.")
    missing = require(connection, month.ky, reason)
    number, measure, scans = _keep_rows(connection, month)
    periods = _holding(connection, month, [*closed, month])
    periods = [period for period in periods if _complete(connection, period, [*closed, month])]
    _mark_closed(connection, periods)
    content = _content(periods, scans, measure) | {"thieu": [{"ma": c.ma, "so": c.thieu} for c in missing]}
    _publish(connection, number, month, periods, measure)
    entry = write(connection, "chot", month.ky, by, content, approved_by=approved_by, reason=reason)
    return Published(entry, periods)


def _publish_provisionally(connection: sa.Connection, month: Month, by: str, reason: str | None) -> Published:
    if month in closed_months(connection):
        raise CchcError(f"Month {month.ky} is closed: what is closed is not published provisionally.")
    if _published_provisionally(connection, month):
        raise CchcError(f"Month {month.ky} was published provisionally before: close it.")
    if any(c.ma == "het_thang" for c in unmet(connection, month.ky, HARD)):
        raise CchcError(f"Month {month.ky} is not over yet: its figures are not all there.")
    number, measure, scans = _keep_rows(connection, month)
    periods = _holding(connection, month, [*closed_months(connection), month])
    _publish(connection, number, month, periods, measure)
    entry = write(connection, "tam_cong_bo", month.ky, by, _content(periods, scans, measure), reason=reason)
    return Published(entry, periods)


def _published_provisionally(connection: sa.Connection, month: Month) -> bool:
    found: bool = connection.scalar(
        sa.text("SELECT EXISTS (SELECT FROM ops.so_cai WHERE loai = 'tam_cong_bo' AND ky = :ky)"),
        {"ky": month.ky},
    )
    return found


def _keep_rows(
    connection: sa.Connection, month: Month
) -> tuple[int, dict[int, int], dict[str, dict[str, Any]]]:
    """Keeps the rows of an open month as they are now, of one that was published provisionally those that
    differ since; returns the entry's number, the measures' numbers and the binds of the scans."""
    number, measure, scans = next_number(connection), numbers(connection), month_scans(connection, month)
    find_rows(connection, scans, measure)
    if _published_provisionally(connection, month):
        find_pending(connection, month.ky, facts_known(scans), measure)
        _take_over(connection, number, month)
    else:
        connection.execute(
            sa.text(
                f"INSERT INTO core.dong_cong_bo (so_cai, con, {COLUMNS}) "
                f"SELECT :so, TRUE, {COLUMNS} FROM dong_moi"
            ),
            {"so": number},
        )
    # Asked at once: of a month unknown to it the planner expects one row, and looks up the others one by one.
    analyze(connection, "core.dong_cong_bo")
    return number, measure, scans


def _take_over(connection: sa.Connection, number: int, month: Month) -> None:
    """Publishes the rows that wait for a month."""
    connection.execute(
        sa.text(
            f"INSERT INTO core.dong_cong_bo (so_cai, con, nguyen_nhan, {COLUMNS}) "
            f"SELECT :so, con, nguyen_nhan, {COLUMNS} FROM core.dong_cho WHERE ky = :ky"
        ),
        {"so": number, "ky": month.ky},
    )
    connection.execute(sa.text("DELETE FROM core.dong_cho WHERE ky = :ky"), {"ky": month.ky})


def _restate(
    connection: sa.Connection, month: Month, by: str, approved_by: str, reason: str, seen: str | None
) -> Published:
    if month not in closed_months(connection):
        raise CchcError(
            f"Month {month.ky} is open: its figures follow its data by themselves. Close it first."
        )
    closed = closed_months(connection)
    holding = _holding(connection, month, closed)
    waits = connection.scalar(
        sa.text(
            "SELECT EXISTS (SELECT FROM core.dong_cho WHERE ky = :ky) OR EXISTS ("
            "SELECT FROM mart.con_so_cho AS c "
            "INNER JOIN unnest(CAST(:kinds AS text[]), CAST(:names AS text[])) AS p (ky_loai, ky) "
            "ON c.ky_loai = p.ky_loai AND c.ky = p.ky)"
        ),
        {"ky": month.ky, **_names(holding)},
    )
    if not waits:
        raise CchcError(f"Nothing waits for {month.ky}: its figures are as they were published.")
    if seen not in (None, waiting_digest(connection, month.ky)):
        raise CchcError(
            f"What waits for {month.ky} is not what was approved: something came since. Nothing was "
            "published. Ask for it again: restate_chi_so."
        )
    number, measure, scans = next_number(connection), numbers(connection), month_scans(connection, month)
    _take_over(connection, number, month)
    analyze(connection, "core.dong_cong_bo")
    complete = [period for period in holding if _complete(connection, period, closed)]
    revisions = {
        (row.ky_loai, row.ky): row.revision
        for row in connection.execute(
            sa.text(
                "SELECT ky_loai, ky, max(revision) AS revision FROM mart.con_so_cong_bo "
                "WHERE trang_thai = 'da_chot' GROUP BY 1, 2"
            )
        )
    }
    again = [p for p in complete if (p.ky_loai, p.ky) in revisions]
    find_parts(connection, _names(again))
    write_periods(connection, again)
    _mark_closed(connection, complete)
    for period in again:
        connection.execute(
            sa.text("UPDATE mart.chi_so SET revision = :r WHERE ky_loai = :kind AND ky = :ky"),
            {"r": revisions[period.ky_loai, period.ky] + 1, "kind": period.ky_loai, "ky": period.ky},
        )
    run_sql_file(connection, "publication/restated_figures.sql", **_names(again))
    run_sql_file(connection, "publication/parts_units.sql")
    run_sql_file(connection, "publication/keep_parts.sql", **_names(again), cho=False)
    content = _content(complete, scans, measure)
    _publish(connection, number, month, complete, measure)
    entry = write(connection, "dinh_chinh", month.ky, by, content, approved_by=approved_by, reason=reason)
    # What was published no longer waits; a longer period still does while another of its months does.
    find_pending_figures(connection, [p for p in holding if p in complete or (p.ky_loai, p.ky) in revisions])
    return Published(entry, complete)


def _first_month(connection: sa.Connection) -> Month:
    """The first month that is counted and of which there are data: nothing before it can be closed."""
    known = connection.scalar(sa.text("SELECT min(ky) FROM ops.period"))
    return max(first_period(), parse_month(known)) if known else first_period()


def _holding(connection: sa.Connection, month: Month, closed: list[Month]) -> list[Period]:
    """All periods that hold the month and of which every month that is counted is closed."""
    first = _first_month(connection)
    found = {p for m in closed if m >= month for p in periods_of(m) if month in p.months()}
    return sorted(
        period
        for period in found
        if period.end >= first_period().start
        and all(part in closed or part < first for part in period.months())
    )


def _complete(connection: sa.Connection, period: Period, closed: list[Month]) -> bool:
    """Whether nothing waits for any month of a period: then it is the sum of what its months published."""
    waits: bool = connection.scalar(
        sa.text("SELECT EXISTS (SELECT FROM core.dong_cho WHERE ky = ANY(:kys))"),
        {"kys": [m.ky for m in period.months() if m in closed]},
    )
    return not waits


def _mark_closed(connection: sa.Connection, periods: list[Period]) -> None:
    connection.execute(
        sa.text(
            "UPDATE mart.chi_so AS c SET trang_thai = 'da_chot' "
            "FROM unnest(CAST(:kinds AS text[]), CAST(:names AS text[])) AS p (ky_loai, ky) "
            "WHERE c.ky_loai = p.ky_loai AND c.ky = p.ky AND c.trang_thai <> 'da_chot'"
        ),
        _names(periods),
    )


def _publish(
    connection: sa.Connection,
    number: int,
    month: Month,
    periods: list[Period],
    measure: dict[int, int],
) -> None:
    _definitions(connection, number, measure)
    names = _names(periods)
    run_sql_file(
        connection,
        "publication/publish.sql",
        so=number,
        ky=month.ky,
        cac_ky_loai=names["kinds"],
        cac_ky=names["names"],
    )
    # Asked at once: what waits is compared with these figures.
    analyze(connection, "mart.con_so_cong_bo")
    if differing := list(run_sql_file(connection, "publication/counts_differ.sql", ky=month.ky).scalars()):
        raise CchcError(
            f"The rows of {month.ky} do not give its counts: {'; '.join(differing[:3])}. Nothing was "
            "published. This is a fault of the warehouse: run `python -m cchc verify`, and report it."
        )


def _definitions(connection: sa.Connection, number: int, measure: dict[int, int]) -> None:
    """Writes every definition as it is now, with the measures of both sides, and the files of them all."""
    rows = []
    for indicator in indicators().values():
        rows.append(
            {
                "so_cai": number,
                "ma_chi_so": indicator.ma,
                "phien_ban": indicator.phien_ban,
                "noi_dung": indicator.model_dump(mode="json")
                | {"phep_do": numbered_sides(indicator, measure)},
            }
        )
    connection.execute(
        sa.text(
            "INSERT INTO ops.dinh_nghia_cong_bo SELECT * FROM "
            "jsonb_populate_recordset(CAST(NULL AS ops.dinh_nghia_cong_bo), CAST(:rows AS jsonb))"
        ),
        {"rows": json.dumps(rows, ensure_ascii=False)},
    )
    connection.execute(
        sa.text(
            "INSERT INTO ops.tep_cong_bo (so_cai, duong_dan, sha256) "
            "SELECT :so, key, value FROM jsonb_each_text(CAST(:files AS jsonb))"
        ),
        {"so": number, "files": json.dumps(keep(connection, files_of_figures()))},
    )


def _content(
    periods: list[Period], scans: dict[str, dict[str, Any]], measure: dict[int, int]
) -> dict[str, Any]:
    """What an entry says of itself, beside the hashes of what it publishes."""
    try:
        code = version("cchc")
    except PackageNotFoundError:
        code = "0"
    return {
        "ky": [{"ky_loai": p.ky_loai, "ky": p.ky} for p in periods],
        "phep_do": sorted(measure.values()),
        "fact": {known["fact"]: known for known in facts_known(scans)},
        "van_tay_dinh_nghia": fingerprint(),
        "phien_ban_ma": code,
    }


def _names(periods: list[Period]) -> dict[str, list[str]]:
    return {"kinds": [p.ky_loai for p in periods], "names": [p.ky for p in periods]}
