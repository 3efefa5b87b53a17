"""Leads a figure back to its rows, and each row to its batch, file and line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import sqlalchemy as sa

from cchc.errors import CchcError
from cchc.figures.definitions import Fact, Term, facts, indicator_of
from cchc.figures.indicator_sql import rows_sql
from cchc.figures.refresh import known_until, month_binds
from cchc.periods import Period, parse_period
from cchc.repository import sql_file
from cchc.warehouse import run_sql

if TYPE_CHECKING:
    import pandas as pd

Part = Literal["tu_so", "mau_so", "con_lai"]
# A refusal of mart.ho_so_cua_chi_so: no such thing, a wrong word, rows that are not those, not one's own.
REFUSALS = ("P0002", "23514", "23000", "42501")


def parts_with_rows(ma: str) -> tuple[Part, ...]:
    """The parts of a figure that are made of rows with a line of a file of their own.

    None for a figure from the catalogue of procedures, or for points.
    """
    indicator = indicator_of(ma)
    top, bottom = _traced(indicator.tu_so), _traced(indicator.mau_so)
    found: dict[Part, bool] = {
        "tu_so": top,
        "con_lai": top and bottom,
        "mau_so": bool(indicator.tu_so) and bottom,
    }
    return tuple(part for part, there in found.items() if there)


def _traced(terms: tuple[Term, ...]) -> bool:
    """Whether of what is added, and of what is taken away if anything is, some rows can be shown."""
    signs = {term.tru for term in terms}
    return False in signs and all(
        any(facts()[term.fact].cot_hien for term in terms if term.tru is sign) for sign in signs
    )


def rows_behind(
    engine: sa.Engine, ma: str, ky: str, unit: str, part: Part = "tu_so", ky_loai: str = "thang"
) -> pd.DataFrame:
    """As rows_seen_by, on a connection of its own."""
    with engine.connect() as connection:
        return rows_seen_by(connection, ma, ky, unit, part, ky_loai)


def rows_of_figure(
    engine: sa.Engine,
    ma: str,
    ky: str,
    unit: str,
    part: Part = "tu_so",
    ky_loai: str = "thang",
    revision: int | None = None,
) -> tuple[pd.DataFrame, str]:
    """The rows behind a figure as people read it, and in words which one that is.

    Of a published `revision` those that were kept; without one those of the revision in force, or of an open
    period those of today, as rows_behind. Raises CchcError where there are none to be had, in words.
    """
    with engine.connect() as connection:
        if revision is None:
            revision = connection.scalar(
                sa.text(
                    "SELECT max(revision) FROM mart.chi_so WHERE ky_loai = :kind AND ky = :ky "
                    "AND ma_chi_so = :ma AND ma_don_vi = :unit AND trang_thai = 'da_chot'"
                ),
                {"kind": ky_loai, "ky": ky, "ma": ma, "unit": unit},
            )
            if revision is None:
                return rows_seen_by(connection, ma, ky, unit, part, ky_loai), "provisional, as of today"
            words = f"revision {revision}, the one in force; what waits for the next is not among them"
        else:
            words = f"revision {revision}, as it was published"
        return _published(connection, ma, ky, unit, part, ky_loai, revision), words


def _published(
    connection: sa.Connection, ma: str, ky: str, unit: str, part: Part, ky_loai: str, revision: int
) -> pd.DataFrame:
    """The rows that were kept of a revision, with the columns of rows_seen_by."""
    import pandas as pd  # noqa: PLC0415 - half the start of every command, and few ask for rows

    try:
        kept = connection.execute(
            sa.text(
                "SELECT h.*, b.ten_tep, b.sha256 "
                "FROM mart.ho_so_cua_chi_so(:ma, :kind, :ky, :unit, :r, :part) AS h "
                "LEFT JOIN core.ten_tep AS b ON h.batch_id = b.batch_id "
                "ORDER BY h.fact, h.ma_don_vi_giai_quyet, h.batch_id, h.line_no, h.dong"
            ),
            {"ma": ma, "kind": ky_loai, "ky": ky, "unit": unit, "r": revision, "part": part},
        ).all()
    except sa.exc.DBAPIError as error:
        told = getattr(error.orig, "diag", None)
        if getattr(error.orig, "pgcode", None) not in REFUSALS or told is None:
            raise
        raise CchcError(told.message_primary) from None
    several = len({row.fact for row in kept}) > 1
    records = []
    for row in kept:
        said = {"ma_tthc": row.ma_tthc} | row.noi_dung
        fact = facts().get(row.fact)
        shown = fact.cot_hien if fact and fact.cot_hien else ("ma_tthc",)
        records.append(
            {"ma_don_vi": row.ma_don_vi_giai_quyet, "ten_don_vi": row.ten_don_vi}
            | {name: said.get(name) for name in shown}
            | {"batch_id": row.batch_id, "original_name": row.ten_tep, "sha256": row.sha256}
            | {"line_no": row.line_no}
            | ({"nguon": fact.ten if fact else row.fact} if several else {})
        )
    columns = ["ma_don_vi", "ten_don_vi", "batch_id", "original_name", "sha256", "line_no"]
    return pd.DataFrame(records) if records else pd.DataFrame(columns=columns)


def rows_seen_by(
    connection: sa.Connection, ma: str, ky: str, unit: str, part: Part = "tu_so", ky_loai: str = "thang"
) -> pd.DataFrame:
    """The rows behind one figure of mart.chi_so, with where they came from: dossiers, documents, …

    Of these, the ones that the role of the connection may read.

    `part`: tu_so (numerator), mau_so (denominator), con_lai (in the denominator only: for a rate,
    those that pull it down). `unit`: a unit's code or TONG:<cap>. For a figure that counts distinct
    procedures the rows are the dossiers of its first term. A figure from two facts gives the rows of
    both, told apart by column `nguon`.
    """
    indicator = indicator_of(ma)
    if part != "tu_so" and not indicator.mau_so:
        raise CchcError(f"{ma} has no denominator that is made of rows. Ask for part tu_so.")
    if not indicator.tu_so:
        raise CchcError(f"{ma} is not counted from rows: {indicator.khong_tinh_duoc or indicator.cach_tinh}")
    period = parse_period(ky_loai, ky)
    months = connection.execute(
        sa.text("SELECT ky, changed > refreshed AS waits FROM ops.period WHERE ky = ANY(:kys) ORDER BY ky"),
        {"kys": [m.ky for m in period.months()]},
    ).all()
    if not months:
        raise CchcError(f"The warehouse holds nothing of {ky_loai} {ky} yet.")
    if waiting := [row.ky for row in months if row.waits]:
        raise CchcError(
            f"Month {waiting[0]} waits to be counted again, so figures of {ky_loai} {ky} are older than "
            f"their rows. Refresh it first: make refresh KY={waiting[0]}."
        )
    wanted = _rows(connection, indicator.tu_so if part == "tu_so" else indicator.mau_so, period, unit)
    if part == "con_lai":
        wanted = _without(wanted, _rows(connection, indicator.tu_so, period, unit))
    return wanted.drop(columns="dong_goc").reset_index(drop=True)


def _without(frame: pd.DataFrame, others: pd.DataFrame) -> pd.DataFrame:
    return frame[~frame["dong_goc"].isin(others["dong_goc"])]


def _rows(connection: sa.Connection, terms: tuple[Term, ...], period: Period, unit: str) -> pd.DataFrame:
    """The rows of a sum of terms; what is subtracted takes its rows out."""
    found = _rows_of(connection, tuple(t for t in terms if not t.tru), period, unit)
    less = tuple(t for t in terms if t.tru)
    return _without(found, _rows_of(connection, less, period, unit)) if less else found


def _rows_of(connection: sa.Connection, terms: tuple[Term, ...], period: Period, unit: str) -> pd.DataFrame:
    """The rows of terms, fact by fact and month by month, as they were counted and added up."""
    import pandas as pd  # noqa: PLC0415 - half the start of every command, and few ask for rows

    named = [facts()[name] for name in dict.fromkeys(term.fact for term in terms)]
    traced = [fact for fact in named if fact.cot_hien]
    if not traced:
        raise CchcError("This figure is counted from the catalogue of procedures, not from dossiers.")
    last = connection.scalar(
        sa.text("SELECT max(tu_ngay) FROM core.doan WHERE tu_ngay BETWEEN :tu AND :den"),
        {"tu": period.start, "den": period.end},
    )
    ends = {"don_vi": unit, "ngay_tra_loi": period.end, "doan_dau": period.start, "doan_cuoi": last}
    frames = []
    for fact in traced:
        sql = _statement(fact, terms)
        until = known_until(connection, fact.fact)
        rows: list[sa.Row[Any]] = []
        for month in period.months():
            found = run_sql(connection, sql, **(month_binds(month, until) | ends))
            rows += found
        frame = pd.DataFrame.from_records(rows, columns=list(found.keys()), coerce_float=True)
        frames.append(frame.assign(nguon=fact.ten) if len(traced) > 1 else frame)
    filled = [frame for frame in frames if len(frame)]
    return pd.concat(filled or frames[:1], ignore_index=True)


def _statement(fact: Fact, terms: tuple[Term, ...]) -> str:
    columns = ",\n    ".join(f"o.{name}" for name in fact.cot_hien)
    return (
        sql_file("mart/drill.sql")
        .replace("SELECT * FROM core.ho_so -- rows", rows_sql(fact.fact, terms))
        .replace("o.ma_ho_so -- columns", columns)
    )
