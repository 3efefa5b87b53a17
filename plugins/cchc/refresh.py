"""Counts a month again and brings mart.chi_so in line with it: its own figures and the year to date."""

from dataclasses import dataclass, field

import sqlalchemy as sa

from cchc.errors import CchcError
from cchc.indicators import count_sql, facts, fingerprint, indicators, measures, roll_up_sql
from cchc.loading import data_until, last_day
from cchc.periods import Month, first_period, parse_month
from cchc.warehouse import exclusive, named_in, run_sql_file, sync_rows

SERIALIZATION_FAILURE = "40001"
ATTEMPTS = 5


@dataclass
class Refreshed:
    """What a refresh did: months counted again, rows of mart.chi_so by what happened to them."""

    ky: str
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


def refresh(engine: sa.Engine, ky: str) -> Refreshed:
    """Refreshes the month `ky` (2025-03) and the year to date that ends with it.

    Works on one snapshot of the warehouse and commits once; does nothing when nothing changed.
    Months of one year take turns, because the year to date adds up their counts.
    """
    month = parse_month(ky)
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with exclusive(engine, f"refresh:{month.year}"):
                sync_definitions(engine)
                snapshot = engine.connect().execution_options(isolation_level="REPEATABLE READ")
                with snapshot as connection, connection.begin():
                    return _refresh(connection, month)
        except sa.exc.OperationalError as error:
            # A load committed between our snapshot and our last write: look again.
            if getattr(error.orig, "pgcode", None) != SERIALIZATION_FAILURE or attempt == ATTEMPTS:
                raise
    raise AssertionError("unreachable")


def sync_definitions(engine: sa.Engine) -> None:
    """Writes the indicator files to mart.dinh_nghia, mart.muc_tieu and core.do_luong."""
    definitions = [
        {
            **i.model_dump(include={"phien_ban", "chi_tieu", "ten", "loai", "chieu", "thu_tu"}),
            "ma_chi_so": i.ma,
            "can_cu": i.can_cu.strip(),
            "cach_tinh": i.cach_tinh.strip(),
            "luu_y": i.luu_y.strip(),
            "ly_do_na": i.ly_do_na,
        }
        for i in indicators().values()
    ]
    targets = [
        {
            "ma_chi_so": i.ma,
            "cap": cap,
            "hieu_luc_tu": target.tu,
            "hieu_luc_den": target.den,
            "muc_tieu": target.gia_tri,
            "nguon": target.nguon,
        }
        for i in indicators().values()
        for target in i.muc_tieu
        for cap in target.cap
    ]
    elements = [
        {
            "fact": m.fact,
            "vi_tri": m.position,
            "su_kien": m.term.su_kien,
            "cong_don": m.accumulates,
            "dieu_kien": m.term.condition,
        }
        for m in measures().values()
    ]
    with exclusive(engine, "definitions"), engine.begin() as connection:
        sync_rows(connection, "mart.dinh_nghia", ("ma_chi_so", "phien_ban"), definitions, keep_old=True)
        sync_rows(connection, "mart.muc_tieu", ("ma_chi_so", "cap", "hieu_luc_tu"), targets)
        sync_rows(connection, "core.do_luong", ("fact", "vi_tri"), elements)


def _refresh(connection: sa.Connection, month: Month) -> Refreshed:
    result = Refreshed(month.ky)
    months = [m for m in month.year_to_date() if m >= first_period()]
    states = {
        row.ky: row
        for row in connection.execute(
            sa.text("SELECT * FROM ops.period WHERE ky = ANY(:kys)"),
            {"kys": [m.ky for m in months]},
        )
    }
    if month.ky not in states:
        known = connection.scalar(sa.text("SELECT min(ky) || ' … ' || max(ky) FROM ops.period"))
        raise CchcError(
            f"Month {month.ky} has no data: the warehouse knows {known or 'no month yet'}. "
            f"Load the dossiers of that month first (ingest_tthc or ingest_file)."
        )
    state = states[month.ky]
    if state.changed == state.refreshed and state.refreshed_with == fingerprint():
        result.up_to_date = True
        return result
    until = last_day(data_until(connection))
    for m in months:
        if m.ky in states and (
            states[m.ky].changed != states[m.ky].counted or states[m.ky].counted_with != fingerprint()
        ):
            _count(connection, m, until, states[m.ky].changed)
            result.counted.append(m.ky)
    _write(connection, result, "thang", month, [month])
    _write(connection, result, "luy_ke", month, months)
    if not result.closed:
        connection.execute(
            sa.text(
                "UPDATE ops.period SET refreshed = :changed, refreshed_with = :f, refreshed_at = now() "
                "WHERE ky = :ky"
            ),
            {"changed": state.changed, "f": fingerprint(), "ky": month.ky},
        )
    return result


def _count(connection: sa.Connection, month: Month, until, changed: int) -> None:
    connection.execute(sa.text("DELETE FROM core.tong_hop WHERE ky = :ky"), {"ky": month.ky})
    binds = period_binds(month.start, month.end, until) | {"ky": month.ky}
    for fact in facts():
        statement = sa.text(count_sql(fact))
        connection.execute(statement, named_in(statement, binds))
    connection.execute(
        sa.text("UPDATE ops.period SET counted = :c, counted_with = :f WHERE ky = :ky"),
        {"c": changed, "f": fingerprint(), "ky": month.ky},
    )


def period_binds(start, end, until) -> dict:
    """The binds of a fact's SQL for the period [start, end] and data up to the day `until`."""
    return {"tu_ngay": start, "den_ngay": end, "den_chot": min(end, until)}


def _write(
    connection: sa.Connection, result: Refreshed, ky_loai: str, month: Month, months: list[Month]
) -> None:
    closed = connection.scalar(
        sa.text(
            "SELECT EXISTS (SELECT 1 FROM mart.chi_so "
            "WHERE ky_loai = :l AND ky = :ky AND trang_thai = 'da_chot')"
        ),
        {"l": ky_loai, "ky": month.ky},
    )
    if closed:
        # A closed figure is never overwritten: what changed stays pending for a revision.
        result.closed.append(f"{ky_loai} {month.ky}")
        return
    binds = {
        "ky_loai": ky_loai,
        "ky": month.ky,
        "tu_ngay": months[0].start,
        "den_ngay": month.end,
        "kys": [m.ky for m in months],
        "ky_dau": months[0].ky,
    }
    connection.execute(sa.text("DROP TABLE IF EXISTS chi_so_moi"))
    connection.execute(sa.text("CREATE TEMP TABLE chi_so_moi (LIKE mart.chi_so) ON COMMIT DROP"))
    connection.execute(sa.text(f"INSERT INTO chi_so_moi {roll_up_sql()}"), binds)
    counts = run_sql_file(connection, "mart/write_chi_so.sql", ky_loai=ky_loai, ky=month.ky).one()
    result.added += counts.added
    result.changed += counts.changed
    result.removed += counts.removed
    result.unchanged += counts.total - counts.added - counts.changed
