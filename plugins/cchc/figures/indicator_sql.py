"""Compiles the indicator files into SQL: one scan of each fact a month, one roll-up of all periods."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from cchc.errors import BadDefinition
from cchc.figures.definitions import Indicator, Report, Term, facts, indicators, reports
from cchc.figures.points_766 import points_766
from cchc.repository import sql_file

# The figures of a unit in a period side by side, for tools that want a column for each indicator.
WIDE_VIEW = "mart.chi_so_ngang"
# How a measure is added up over the half months t of a period k.
SELECTED = {
    "dong": "",
    "dau_ky": " FILTER (WHERE t.tu_ngay = k.tu_ngay)",
    "cuoi_ky": " FILTER (WHERE t.tu_ngay = k.cuoi)",
}

_UNITS = {"ty_le": "%", "dem": "số", "diem": "điểm"}

HALVES = """
    SELECT
        h.tu_ngay,
        h.den_ngay,
        least(h.den_ngay, CAST(:den_chot AS date)) AS den_chot
    FROM (
        VALUES
        (CAST(:tu_ngay AS date), CAST(:giua AS date) - 1),
        (CAST(:giua AS date), CAST(:den_ngay AS date))
    ) AS h (tu_ngay, den_ngay)
"""


@dataclass(frozen=True)
class Measure:
    """One counted element of core.tong_hop.so: position from 1 over all facts."""

    position: int
    term: Term

    @property
    def name(self) -> str:
        return f"m{self.position}"

    @property
    def aggregate(self) -> str:
        """Its value over the rows of a half month."""
        what = f"sum({self.term.tong})" if self.term.tong else "count(*)"
        return f"coalesce({what} FILTER (WHERE {self.term.condition}), 0)::bigint"

    @property
    def added(self) -> str:
        """Its sum over the half months of a period."""
        return f"CAST(sum(t.so[{self.position}]){SELECTED[self.term.event.cong_don]} AS bigint)"


def _measured(what: Iterable[Indicator | Report]) -> dict[Term, None]:
    """The different terms of these, in order, without sign."""
    return {
        term.counted: None
        for one in what
        for side in (one.cot.values() if isinstance(one, Report) else (one.tu_so, one.mau_so, one.can_co))
        for term in side
    }


@cache
def measures() -> dict[Term, Measure]:
    """Every different term of all indicators and reports, numbered."""
    terms = _measured([*indicators().values(), *reports().values()])
    return {term: Measure(position, term) for position, term in enumerate(terms, 1)}


@cache
def by_procedure() -> list[Measure]:
    """What is kept for each procedure: the measures of indicators that count distinct ones."""
    return [measures()[term] for term in _measured(i for i in indicators().values() if i.khoa)]


@cache
def by_field() -> list[Measure]:
    """What is kept for each field: the measures of the reports."""
    return [measures()[term] for term in _measured(reports().values())]


# Counting a month -----------------------------------------------------------------------------


def scan_sql(fact: str, only: Measure | None = None) -> str | None:
    """One scan of a fact in both halves of a month for its measures, or `only` one, to TEMP TABLE dem_<fact>.

    Binds: tu_ngay, den_ngay of the month; giua, first day of its second half; den_chot, the last day
    that the data speak of. None when nothing is measured on the fact.
    """
    chosen = [only] if only else measures().values()
    counted = [f"{m.aggregate} AS {m.name}" for m in chosen if m.term.fact == fact]
    if not counted:
        return None
    columns = ",\n    ".join(counted)
    # A subquery that has a WITH is planned by itself, also in parallel: what many measures ask of a row is
    # then worked out once, not by each of them.
    return (
        f"CREATE TEMP TABLE dem_{fact} ON COMMIT DROP AS\n"
        f"SELECT doan.tu_ngay, f.ma_don_vi, f.ma_tthc, f.ma_linh_vuc, max(f.ngay_cap_nhat) AS moi_nhat,\n"
        f"    {columns}\nFROM (\nWITH mot AS (SELECT 1)\n{facts()[fact].sql}) AS f\n"
        f"INNER JOIN ({HALVES}) AS doan ON {facts()[fact].co_mat}\n"
        f"GROUP BY doan.tu_ngay, f.ma_don_vi, f.ma_tthc, f.ma_linh_vuc"
    )


def keep_sql() -> list[str]:
    """Puts the scans of a month into core.tong_hop and its two finer tables. Bind: ky."""
    every = list(measures().values())
    statements = [
        "INSERT INTO core.tong_hop (ky, tu_ngay, ma_don_vi, so, moi_nhat)\n"
        f"SELECT :ky, tu_ngay, ma_don_vi, {_sums(every)}, max(moi_nhat)\n"
        f"FROM (\n{_scans(every, ())}\n) AS dem\nGROUP BY tu_ngay, ma_don_vi"
    ]
    if by_field():
        statements.append(
            "INSERT INTO core.tong_hop_linh_vuc (ky, tu_ngay, ma_don_vi, ma_linh_vuc, so)\n"
            f"SELECT :ky, tu_ngay, ma_don_vi, ma_linh_vuc, {_sums(by_field())}\n"
            f"FROM (\n{_scans(by_field(), ('ma_linh_vuc',))}\n) AS dem\n"
            "GROUP BY tu_ngay, ma_don_vi, ma_linh_vuc"
        )
    if by_procedure():
        bits = " | ".join(
            f"((sum({m.name}) > 0)::int::bigint << {place})" for place, m in enumerate(by_procedure())
        )
        statements.append(
            "INSERT INTO core.tong_hop_tthc (ky, tu_ngay, ma_don_vi, ma_tthc, co)\n"
            f"SELECT * FROM (SELECT :ky, tu_ngay, ma_don_vi, ma_tthc, {bits} AS co\n"
            f"FROM (\n{_scans(by_procedure(), ('ma_tthc',))}\n) AS dem\n"
            "GROUP BY tu_ngay, ma_don_vi, ma_tthc) AS dem WHERE co <> 0"
        )
    return statements


def _sums(kept: list[Measure]) -> str:
    """An array of sums."""
    return f"ARRAY[{', '.join(f'sum({m.name})' for m in kept)}]::bigint[]"


def _scans(kept: list[Measure], keys: tuple[str, ...]) -> str:
    """The scans one below the other, each with the columns of all."""
    parts = []
    for fact in facts():
        if any(m.term.fact == fact for m in kept):
            columns = [m.name if m.term.fact == fact else f"0 AS {m.name}" for m in kept]
            names = ", ".join([*keys, *columns])
            parts.append(f"SELECT tu_ngay, ma_don_vi, moi_nhat, {names} FROM dem_{fact}")
    return "\nUNION ALL\n".join(parts)


def rows_sql(fact: str, terms: tuple[Term, ...]) -> str:
    """The rows of a fact in one month behind a sum of terms, at the unit that the source names.

    Binds as scan_sql, and doan_dau, doan_cuoi: first day of the first and of the last half month that
    was added up for the period; flows count in all between, stocks only in one of them.
    """
    at = {"dong": "TRUE", "dau_ky": "doan.tu_ngay = :doan_dau", "cuoi_ky": "doan.tu_ngay = :doan_cuoi"}
    tests = " OR ".join(
        f"({at[term.event.cong_don]} AND {term.condition})" for term in terms if term.fact == fact
    )
    return (
        f"SELECT f.* FROM (\n{facts()[fact].sql}) AS f\n"
        f"INNER JOIN ({HALVES}) AS doan ON {facts()[fact].co_mat}\n"
        f"WHERE doan.tu_ngay BETWEEN CAST(:doan_dau AS date) AND CAST(:doan_cuoi AS date) AND ({tests})"
    )


# How half months and units add up -------------------------------------------------------------


def roll_up_sql() -> str:
    """The body of core.tinh_chi_so: every reading of every indicator for the periods asked for."""
    every = list(measures().values())
    scored = {points["ma_chi_so"] for points in points_766()}
    units, keys, values = [], [], []
    for number, indicator in enumerate(indicators().values()):
        sides = []
        for side, terms in (("tu", indicator.tu_so), ("mau", indicator.mau_so)):
            flag = f"{side}{number}"
            if indicator.khoa and terms:
                keys.append((flag, _procedure_bits(terms)))
                sides.append(f"coalesce(p.{flag}, 0)")
            elif indicator.don_vi_it_nhat:
                reached = f" AND {_total(terms, 'o')} >= {indicator.don_vi_it_nhat}" if terms else ""
                units.append((flag, f"(d.con_hieu_luc{reached})::int"))
                sides.append(f"n.{flag}")
            else:
                sides.append(_total(terms, "n") if terms else "NULL::bigint")
        enough = f"{_total(indicator.can_co, 'n')} > 0" if indicator.can_co else "TRUE"
        chosen = f"{indicator.cong_bo}, {indicator.ma in scored}, {enough}"
        values.append(f"('{indicator.ma}', {indicator.phien_ban}, {chosen}, {sides[0]}, {sides[1]})")
    names = [*(m.name for m in every), *(flag for flag, _ in units)]
    return _made(
        "mart/roll_up.sql",
        {
            "sum(t.so[1]) AS m1 -- sums": [f"{m.added} AS {m.name}" for m in every],
            "o.m1 -- units": [*(f"o.{m.name}" for m in every), *(f"{sql} AS {flag}" for flag, sql in units)],
            "sum(u.m1) AS m1 -- totals": [f"CAST(sum(u.{name}) AS bigint) AS {name}" for name in names],
            "t.co & 1 AS co -- bits": [f"t.co & ({_bits_in_period()}) AS co"],
            "(x.co & 1 = 1)::int::bigint << 0 AS dat -- keys": [
                " | ".join(
                    f"((x.co & {bits} = {bits})::int::bigint << {place})"
                    for place, (_, bits) in enumerate(keys)
                )
                + " AS dat"
            ]
            if keys
            else [],
            "count(*) FILTER (WHERE g.dat & 1 <> 0) AS t0 -- distinct": [
                f"count(*) FILTER (WHERE g.dat & {1 << place} <> 0) AS {flag}"
                for place, (flag, _) in enumerate(keys)
            ],
            "('', 0, TRUE, FALSE, TRUE, n.m1, n.m1) -- values": values,
        },
    )


def report_sql(bieu: str) -> str:
    """The rows of a report for the periods asked for, from core.tong_hop_linh_vuc."""
    place = {measure: number for number, measure in enumerate(by_field(), 1)}
    columns = {
        name: " + ".join(
            f"coalesce(sum(t.so[{place[measures()[term]]}]){SELECTED[term.event.cong_don]}, 0)::bigint"
            for term in terms
        )
        for name, terms in reports()[bieu].cot.items()
    }
    return _made(
        f"mart/{bieu}.sql",
        {
            "sum(t.so[1]) AS cot -- columns": [f"{sql} AS {name}" for name, sql in columns.items()],
            "sum(u.cot) AS cot -- totals": [f"sum(u.{name}) AS {name}" for name in columns],
        },
    )


def wide_view_sql() -> str:
    """What makes WIDE_VIEW: a row of mart.chi_so for each unit and period, a column for each indicator.

    A new indicator is a new column at its place; it costs its file and nothing else.
    """
    published = sorted((i for i in indicators().values() if i.cong_bo), key=lambda i: (i.thu_tu, i.ma))
    columns = [(i.ma.lower(), i) for i in published]
    figures = ",\n    ".join(
        f"max(c.gia_tri) FILTER (WHERE c.ma_chi_so = '{i.ma}') AS \"{name}\"" for name, i in columns
    )
    comments = {
        "ky_loai": "Loại kỳ, phải lọc: thang, quy, nua_nam, nam, luy_ke, ky_bao_cao; xem mart.ky.",
        "ky": "Kỳ: 2025-03, 2025-Q1, 2025-H1, 2025-9T, 2025.",
        "tu_ngay": "Ngày đầu kỳ.",
        "den_ngay": "Ngày cuối kỳ, tính cả ngày này.",
        "ma_don_vi": "Mã đơn vị hoặc TONG:<cap>, xem mart.danh_muc_don_vi.",
        "ten_don_vi": "Tên đơn vị vào ngày cuối kỳ.",
        "cap": "Cấp: toan_tinh, so_nganh, huyen, xa.",
        "la_dong_tong": "TRUE: dòng của cả một cấp hoặc toàn tỉnh; FALSE: của một đơn vị.",
        "trang_thai": "tam_tinh khi còn con số nào có thể đổi; da_chot: đã chốt.",
        **{name: f"{i.ma} ({_UNITS[i.loai]}): {i.ten}" for name, i in columns},
    }
    said = "".join(
        f"COMMENT ON COLUMN {WIDE_VIEW}.\"{name}\" IS '{comment.replace(chr(39), chr(39) * 2)}';\n"
        for name, comment in comments.items()
    )
    return f"""CREATE VIEW {WIDE_VIEW} WITH (security_invoker = on) AS
SELECT
    c.ky_loai,
    c.ky,
    c.tu_ngay,
    c.den_ngay,
    c.ma_don_vi,
    c.ten_don_vi,
    c.cap,
    c.ma_don_vi = core.ma_tong(c.cap) AS la_dong_tong,
    max(c.trang_thai) AS trang_thai,
    {figures}
FROM mart.chi_so AS c
GROUP BY c.ky_loai, c.ky, c.tu_ngay, c.den_ngay, c.ma_don_vi, c.ten_don_vi, c.cap;
COMMENT ON VIEW {WIDE_VIEW} IS
'Một dòng = một đơn vị hoặc dòng tổng trong một kỳ, mỗi chỉ số đã công bố một cột; sinh từ sql/indicators.
Vì sao một ô trống, chỉ tiêu, đạt hay không: mart.chi_so_day_du.';
{said}GRANT SELECT ON {WIDE_VIEW} TO cchc_bi, cchc_steward, cchc_don_vi;
"""


def _procedure_bits(terms: tuple[Term, ...]) -> int:
    """The bits of core.tong_hop_tthc.co that a procedure has at a unit where every term has a row."""
    return sum({1 << by_procedure().index(measures()[term.counted]) for term in terms})


def _bits_in_period() -> str:
    """The bits of core.tong_hop_tthc.co that count in a half month t of a period k."""
    bits = {
        kind: sum(1 << place for place, m in enumerate(by_procedure()) if m.term.event.cong_don == kind)
        for kind in SELECTED
    }
    first, last = bits["dau_ky"], bits["cuoi_ky"]
    return (
        f"{bits['dong']}::bigint"
        f" | CASE WHEN t.tu_ngay = k.tu_ngay THEN {first} ELSE 0 END"
        f" | CASE WHEN t.tu_ngay = k.cuoi THEN {last} ELSE 0 END"
    )


def _total(terms: tuple[Term, ...], table: str) -> str:
    """A sum of terms as columns of `table`; what is subtracted never leads below 0."""
    added = " + ".join(f"coalesce({table}.{measures()[t].name}, 0)" for t in terms if not t.tru)
    less = "".join(f" - coalesce({table}.{measures()[t.counted].name}, 0)" for t in terms if t.tru)
    return f"greatest({added}{less}, 0)" if less else f"({added})"


def _made(file: str, lists: dict[str, list[str]]) -> str:
    """A file below sql/ that is complete SQL for one measure, with lists in place of its examples."""
    text = sql_file(file)
    for example, made in lists.items():
        if example not in text:
            raise BadDefinition(f"sql/{file} lacks the example {example!r}, whose place a list takes.")
        text = text.replace(example, ",\n        ".join(made) if made else example.split(" -- ")[0])
    return text
