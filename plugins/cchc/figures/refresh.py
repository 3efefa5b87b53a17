"""Counts months again and brings the tables of mart in line: every period that holds a part of them."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeVar

import sqlalchemy as sa

from cchc.errors import CchcError, WarehouseUnavailable
from cchc.figures.definitions import facts, fingerprint, reports
from cchc.figures.frozen import find_pending, find_rows, numbers
from cchc.figures.indicator_sql import keep_sql, measures, scan_sql
from cchc.figures.parts_of_wholes import require_parts
from cchc.figures.syncing import PLANNER, as_defined, sync_definitions, versions_differ
from cchc.known_until import data_until, last_day
from cchc.periods import Month, Period, first_period, month_of, parse_month, periods_of
from cchc.warehouse import analyze, no_endless_wait, run_sql, run_sql_file, take_turn

log = logging.getLogger(__name__)
Done = TypeVar("Done")

SERIALIZATION_FAILURE = "40001"
ATTEMPTS = 5
OF_NO_MONTH = (WarehouseUnavailable, sa.exc.OperationalError)
# What pages and reports ask for, written anew for each period.
WRITTEN = ("mart.chi_so", "mart.bieu_06a", "mart.diem_766", "mart.ky")
COUNTS = ("core.tong_hop", "core.tong_hop_linh_vuc", "core.tong_hop_tthc", "core.doan")


@dataclass
class Refreshed:
    """What a refresh did: months counted again, rows of mart.chi_so by what happened to them."""

    kys: list[str]
    counted: list[str] = field(default_factory=list)
    added: int = 0
    changed: int = 0
    removed: int = 0
    unchanged: int = 0
    closed: list[str] = field(default_factory=list)
    up_to_date: bool = False


def pending_periods(engine: sa.Engine) -> list[str]:
    """The months whose data or definitions changed since mart was last refreshed."""
    with engine.connect() as connection:
        query = sa.text(
            "SELECT ky FROM ops.period "
            "WHERE changed > refreshed OR refreshed_with IS DISTINCT FROM :f ORDER BY ky"
        )
        return list(connection.scalars(query, {"f": fingerprint()}))


def refresh(engine: sa.Engine, *kys: str) -> Refreshed:
    """Refreshes these months (2025-03) and every period that holds a part of them.

    First the figures that people read, of periods that are open, then what differs from those that are
    closed: each on one snapshot of the warehouse, committed once. Does nothing when nothing changed.
    Refreshes take turns, because periods share the counts of their months.
    """
    months = sorted(parse_month(ky) for ky in kys)
    result, waiting = _in_turn(engine, kys, lambda connection: _refresh_open(connection, months))
    if result.closed:
        result.counted += _in_turn(engine, kys, lambda connection: _explain_closed(connection, waiting))
    return result


def refresh_with_waiting(engine: sa.Engine, ky: str) -> Refreshed:
    """Refreshes a month, and whatever others wait: together periods that they share are written once.

    Where that fails, the month by itself: what is wrong with another one keeps none from its figures.
    """
    return _together(engine, sorted({ky, *pending_periods(engine)})) or refresh(engine, ky)


def refresh_waiting(engine: sa.Engine) -> Refreshed:
    """Refreshes all months that wait, together; where that fails each by itself, and then raises why."""
    months = pending_periods(engine)
    if done := _together(engine, months):
        return done
    wrong = []
    for ky in months:
        try:
            refresh(engine, ky)
        except OF_NO_MONTH:
            raise
        except Exception as error:
            log.exception("%s could not be counted", ky)
            wrong.append(error)
    if wrong:
        raise wrong[0]
    return refresh(engine, *months)


def _together(engine: sa.Engine, months: list[str]) -> Refreshed | None:
    """Refreshes the months; None where something is wrong with one of several."""
    try:
        return refresh(engine, *months)
    except OF_NO_MONTH:
        # Alone each would wait as long once more, past the limit of the task.
        raise
    except Exception:
        if len(months) < 2:
            raise
        log.exception("%s could not be counted together", ", ".join(months))
        return None


def _in_turn(engine: sa.Engine, kys: tuple[str, ...], act: Callable[[sa.Connection], Done]) -> Done:
    """What `act` returns, done in one transaction while nobody else counts or publishes."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            snapshot = engine.connect().execution_options(isolation_level="REPEATABLE READ")
            with no_endless_wait(engine, " ".join(kys)), snapshot as connection, connection.begin():
                take_turn(connection, "refresh")
                if as_defined(connection):
                    for parameter in PLANNER:
                        connection.exec_driver_sql(f"SET LOCAL {parameter}")
                    return act(connection)
        except sa.exc.OperationalError as error:
            # A load committed between our snapshot and our last write: look again.
            if getattr(error.orig, "pgcode", None) != SERIALIZATION_FAILURE or attempt == ATTEMPTS:
                raise
        else:
            sync_definitions(engine)
    raise versions_differ(" ".join(kys))


def _refresh_open(connection: sa.Connection, months: list[Month]) -> tuple[Refreshed, dict[Month, int]]:
    """Counts the months and writes their open periods; also the months that wait, by what they wait for."""
    result = Refreshed([m.ky for m in months])
    states = _states(connection)
    for month in months:
        if month.ky not in states:
            known = f"{min(states)} … {max(states)}" if states else "no month yet"
            raise CchcError(
                f"Month {month.ky} has no data: the warehouse knows {known}. "
                f"Load the data of that month first (ingest_tthc or ingest_file)."
            )
    waiting = _waiting(months, states)
    if not waiting:
        result.up_to_date = True
        return result, {}
    closed = _closed(connection)
    periods = _periods(waiting)
    # A closed figure is never overwritten: what changed waits for a revision.
    shut = [p for p in periods if p in closed]
    result.closed = [f"{p.ky_loai} {p.ky}" for p in shut]
    periods = [p for p in periods if p not in closed]
    result.counted = _count_for(connection, periods, states)
    _write(connection, result, periods)
    _note_refreshed(connection, {m: c for m, c in waiting.items() if closed.isdisjoint(_periods([m]))})
    return result, waiting


def _explain_closed(connection: sa.Connection, months: dict[Month, int]) -> list[str]:
    """Finds what differs from the closed periods of the months now, and why; which months were counted."""
    states, closed = _states(connection), _closed(connection)
    # Somebody else may have done it meanwhile, and of what came meanwhile the open periods are not written.
    waiting = _waiting(months, states)
    shut = [p for p in _periods(waiting) if p in closed]
    if not shut:
        return []
    counted = _count_for(connection, shut, states)
    # Figures of a period follow from the rows of all of its months, whoever is to be refreshed.
    concerned = _waiting({m for p in shut for m in p.months() if m.ky in states}, states)
    until = {fact: known_until(connection, fact) for fact in facts()}
    number = numbers(connection)
    for month in sorted(concerned.keys() & {month_of(p.start) for p in closed if p.ky_loai == "thang"}):
        scans = _scans(month, until)
        find_rows(connection, scans, number)
        find_pending(connection, month.ky, facts_known(scans), number)
    find_pending_figures(connection, shut)
    # What had to be counted again, by what other definitions made of it meanwhile, is not what its open
    # periods were written from.
    done = {m: c for m, c in months.items() if m in waiting and m.ky not in counted}
    done = {m: c for m, c in done.items() if not closed.isdisjoint(_periods([m]))}
    _note_refreshed(connection, done)
    return counted


def _states(connection: sa.Connection) -> dict[str, sa.Row[Any]]:
    return {row.ky: row for row in connection.execute(sa.text("SELECT * FROM ops.period"))}


def _waiting(months: Iterable[Month], states: dict[str, sa.Row[Any]]) -> dict[Month, int]:
    """Those of the months that wait to be refreshed, and the number of their last change."""
    found = {month: states[month.ky] for month in months}
    return {
        month: state.changed
        for month, state in found.items()
        if state.changed != state.refreshed or state.refreshed_with != fingerprint()
    }


def _periods(months: Iterable[Month]) -> list[Period]:
    """The periods that hold a part of the months, in order."""
    return sorted({p for m in months for p in periods_of(m) if p.end >= first_period().start})


def _closed(connection: sa.Connection) -> set[Period]:
    query = sa.text(
        "SELECT DISTINCT k.ky_loai, k.ky, k.tu_ngay, k.den_ngay FROM mart.chi_so AS s "
        "INNER JOIN mart.ky AS k ON s.ky_loai = k.ky_loai AND s.ky = k.ky WHERE s.trang_thai = 'da_chot'"
    )
    return {Period(*row) for row in connection.execute(query)}


def _count_for(connection: sa.Connection, periods: list[Period], states: dict[str, sa.Row[Any]]) -> list[str]:
    """Counts those months of the periods again that changed since they were counted; which."""
    counted = []
    until: dict[str, date | None] = {}
    for month in sorted({m for p in periods for m in p.months() if m.ky in states}):
        state = states[month.ky]
        if state.changed != state.counted or state.counted_with != fingerprint():
            # Of one snapshot: the same for every month.
            until = until or {fact: known_until(connection, fact) for fact in facts()}
            _count(connection, month, state.changed, until)
            counted.append(month.ky)
    return counted


def _note_refreshed(connection: sa.Connection, months: dict[Month, int]) -> None:
    """Notes that figures follow the months as they were at their change of that number."""
    connection.execute(
        sa.text(
            "UPDATE ops.period AS p SET refreshed = p.changed, refreshed_with = :f, refreshed_at = now() "
            "FROM unnest(CAST(:kys AS text[]), CAST(:changes AS bigint[])) AS d (ky, changed) "
            "WHERE p.ky = d.ky AND p.changed = d.changed"
        ),
        {"f": fingerprint(), "kys": [m.ky for m in months], "changes": list(months.values())},
    )


def _scans(month: Month, until: dict[str, date | None]) -> dict[str, dict[str, Any]]:
    """The binds of each fact's scan of a month, of facts on which anything is measured."""
    measured = {measure.term.fact for measure in measures().values()}
    return {fact: month_binds(month, until[fact]) for fact in facts() if fact in measured}


def month_scans(connection: sa.Connection, month: Month) -> dict[str, dict[str, Any]]:
    """The binds of each fact's scan of a month, as its sources are known now."""
    return _scans(month, {fact: known_until(connection, fact) for fact in facts()})


def facts_known(scans: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Of each fact: a hash of what makes its rows, and the last day of the month that it speaks of."""
    return [
        {"fact": name, "ma_bam": facts()[name].sha256, "biet_den": str(scan["den_chot"])}
        for name, scan in scans.items()
    ]


def find_pending_figures(connection: sa.Connection, closed: list[Period]) -> None:
    """Which figures of closed periods would be others now, and why."""
    names = {"kinds": [p.ky_loai for p in closed], "names": [p.ky for p in closed]}
    found = run_sql_file(connection, "publication/may_differ.sql", **names, van_tay=fingerprint()).all()
    if not found:
        return
    names = {"kinds": [row.ky_loai for row in found], "names": [row.ky for row in found]}
    run_sql_file(connection, "publication/pending_figures.sql", **names)
    require_parts(connection, "so_moi")
    find_parts(connection, names)
    run_sql_file(connection, "publication/parts_units.sql")
    run_sql_file(connection, "publication/keep_parts.sql", **names, cho=True)


def find_parts(connection: sa.Connection, names: dict[str, list[str]]) -> None:
    """Splits what changes in closed periods (kinds, names) by its causes, to TEMP TABLE phan."""
    run_sql_file(connection, "publication/parts.sql", **names)


def month_binds(month: Month, until: date | None) -> dict[str, Any]:
    """The binds of a fact's scan of a month, whose source is known up to the day `until`."""
    (_, _), (middle, end) = month.half_months()
    return {
        "ky": month.ky,
        "tu_ngay": month.start,
        "giua": middle,
        "den_ngay": end,
        "den_chot": min(end, until) if until else end,
    }


def known_until(connection: sa.Connection, fact: str) -> date | None:
    """The last day that the source of a fact speaks of; None before any load."""
    until = data_until(connection, [facts()[fact].bo_du_lieu])
    return last_day(until) if until else None


def _count(connection: sa.Connection, month: Month, changed: int, until: dict[str, date | None]) -> None:
    binds = month_binds(month, None)
    run_sql(connection, ";\n".join(f"DELETE FROM {table} WHERE ky = :ky" for table in COUNTS), ky=month.ky)
    for fact in facts():
        if scan := scan_sql(fact):
            again = f"DROP TABLE IF EXISTS dem_{fact};\n{scan}"
            run_sql(connection, again, **month_binds(month, until[fact]))
    for statement in keep_sql():
        run_sql(connection, statement, **binds)
    run_sql(connection, "INSERT INTO core.doan (tu_ngay, ky) VALUES (:tu_ngay, :ky), (:giua, :ky)", **binds)
    connection.execute(
        sa.text("UPDATE ops.period SET counted = :c, counted_with = :f WHERE ky = :ky"),
        {"c": changed, "f": fingerprint(), "ky": month.ky},
    )


def _write(connection: sa.Connection, result: Refreshed, periods: list[Period]) -> None:
    if not periods:
        return
    counts = write_periods(connection, periods)
    result.added, result.changed, result.removed = counts.added, counts.changed, counts.removed
    result.unchanged = counts.total - counts.added - counts.changed


def write_periods(connection: sa.Connection, periods: list[Period]) -> sa.Row[Any]:
    """Brings all tables of mart in line for these periods; how many figures were added, changed, removed."""
    first = first_period().start
    reason = f"Kỳ bắt đầu trước ngày đầu tiên có số liệu ({first:%d/%m/%Y})"
    connection.execute(
        sa.text(
            "INSERT INTO mart.ky AS cu (ky_loai, ky, tu_ngay, den_ngay, ly_do_na) "
            "VALUES (:ky_loai, :ky, :tu_ngay, :den_ngay, :ly_do_na) ON CONFLICT (ky_loai, ky) DO UPDATE "
            "SET tu_ngay = EXCLUDED.tu_ngay, den_ngay = EXCLUDED.den_ngay, ly_do_na = EXCLUDED.ly_do_na "
            "WHERE (cu.tu_ngay, cu.den_ngay, cu.ly_do_na) "
            "IS DISTINCT FROM (EXCLUDED.tu_ngay, EXCLUDED.den_ngay, EXCLUDED.ly_do_na)"
        ),
        [
            {
                "ky_loai": p.ky_loai,
                "ky": p.ky,
                "tu_ngay": p.start,
                "den_ngay": p.end,
                "ly_do_na": reason if p.start < first else None,
            }
            for p in periods
        ],
    )
    binds = {"cac_ky_loai": [p.ky_loai for p in periods], "cac_ky": [p.ky for p in periods]}
    run_sql_file(connection, "mart/count_periods.sql", **binds)
    require_parts(connection, "tinh_moi")
    run_sql_file(connection, "mart/write_diem_766.sql", **binds)
    counts = run_sql_file(connection, "mart/write_chi_so.sql", **binds).one()
    for bieu in reports():
        run_sql_file(connection, f"mart/write_{bieu}.sql", **binds)
    _analyze(connection, counts.added + counts.changed + counts.removed)
    return counts


def _analyze(connection: sa.Connection, written: int) -> None:
    """Lets the planner know what was written, where it is as much as autovacuum would look at a minute later:
    until then the first pages would take twenty seconds, joined by loops over a table that seems empty."""
    known = connection.scalar(sa.text("SELECT reltuples FROM pg_class WHERE oid = 'mart.chi_so'::regclass"))
    if written > 50 + max(known or 0, 0) / 10:
        analyze(connection, *WRITTEN)
