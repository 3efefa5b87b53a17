"""What closed months are made of: the rows behind their figures, kept as they were published.

A row is kept once a month, with the measures that it has in either half; later revisions keep only the rows
that differ. Measures have numbers of their own (core.phep_do), as their positions move with the definitions.
"""

import json
from typing import Any

import sqlalchemy as sa

from cchc.figures.definitions import Fact, Indicator, facts, indicators
from cchc.figures.indicator_sql import Measure, measures
from cchc.repository import sql_file
from cchc.warehouse import run_sql, sync_rows

# What a row says of itself stands apart from where it came from and from what the catalogue says.
_APART = ("batch_id", "line_no", "ma_don_vi", "ma_tthc", "ma_linh_vuc", "ngay_cap_nhat")
_HALVES = (
    "SELECT CAST(:tu_ngay AS date) AS tu_ngay, CAST(:giua AS date) - 1 AS den_ngay, "
    "least(CAST(:giua AS date) - 1, CAST(:den_chot AS date)) AS den_chot",
    "SELECT CAST(:giua AS date) AS tu_ngay, CAST(:den_ngay AS date) AS den_ngay, "
    "CAST(:den_chot AS date) AS den_chot",
)
_SAME = (
    "(p.fact, p.su_kien, p.cong_don, p.dieu_kien) = (d.fact, d.su_kien, d.cong_don, d.dieu_kien) "
    "AND p.tong IS NOT DISTINCT FROM d.tong"
)
_KEPT = "ky, fact, dong, ma_don_vi, ma_tthc, ma_linh_vuc, nua_1, nua_2, so_1, so_2, noi_dung, danh_muc"
COLUMNS = f"{_KEPT}, ngay_cap_nhat, batch_id, line_no"


def sync_measures(connection: sa.Connection) -> bool:
    """Gives a number to every measure that never had one, and writes which figures are made of which; whether
    that was not so before."""
    columns = "fact, su_kien, cong_don, dieu_kien, tong"
    new = connection.execute(
        sa.text(
            f"INSERT INTO core.phep_do (phep_do, {columns}) "
            "SELECT (SELECT coalesce(max(phep_do), 0) FROM core.phep_do) "
            f"+ row_number() OVER (ORDER BY vi_tri), {columns} FROM core.do_luong AS d "
            f"WHERE NOT EXISTS (SELECT FROM core.phep_do AS p WHERE {_SAME})"
        )
    )
    number = numbers(connection)
    terms = [
        {
            **{"ma_chi_so": i.ma, "ben": side.split("_")[0], "dau": -1 if side.endswith("_tru") else 1},
            **{"phep_do": measure, "khoa": i.khoa, "it_nhat": i.don_vi_it_nhat},
        }
        for i in indicators().values()
        if i.cong_bo
        for side, measured in numbered_sides(i, number).items()
        for measure in dict.fromkeys(measured)
    ]
    return sync_rows(connection, "core.thuat_ngu", terms) or new.rowcount > 0


def numbers(connection: sa.Connection) -> dict[int, int]:
    """The number (core.phep_do) of every measure that is counted now, by its position."""
    found = connection.execute(
        sa.text(f"SELECT d.vi_tri, p.phep_do FROM core.do_luong AS d INNER JOIN core.phep_do AS p ON {_SAME}")
    )
    return {row.vi_tri: row.phep_do for row in found}


def find_rows(connection: sa.Connection, binds: dict[str, dict[str, Any]], number: dict[int, int]) -> None:
    """The rows of a month as they are now, to TEMP TABLE dong_moi; `binds`: those of each fact's scan."""
    connection.exec_driver_sql(
        "DROP TABLE IF EXISTS dong_moi; CREATE TEMP TABLE dong_moi (LIKE core.dong_cong_bo) ON COMMIT DROP; "
        "ALTER TABLE dong_moi DROP COLUMN so_cai, DROP COLUMN con, DROP COLUMN nguyen_nhan; "
        "ALTER TABLE dong_moi ADD PRIMARY KEY (fact, dong)"
    )
    for fact in facts().values():
        if counted := [m for m in measures().values() if m.term.fact == fact.fact]:
            statement = f"INSERT INTO dong_moi ({COLUMNS})\n{_rows_sql(fact, counted, number)}"
            run_sql(connection, statement, **binds[fact.fact])
    # What it is joined by: to look into its arrays too would take half a second.
    connection.exec_driver_sql("ANALYZE dong_moi (fact, dong)")


def find_pending(
    connection: sa.Connection, ky: str, known: list[dict[str, Any]], number: dict[int, int]
) -> None:
    """Brings core.dong_cho of a closed month in line with dong_moi; `known`: each fact, as facts_known."""
    still = "\n            ".join(
        f"WHEN '{fact.fact}' THEN {fact.con_o_nguon}" for fact in facts().values() if fact.con_o_nguon
    )
    statement = sql_file("publication/pending.sql").replace(
        "WHEN '' THEN FALSE -- still at the source", still
    )
    run_sql(connection, statement, ky=ky, fact=json.dumps(known), phep_do=sorted(number.values()))


def numbered_sides(indicator: Indicator, number: dict[int, int]) -> dict[str, list[int]]:
    """The numbers of the measures of both sides of an indicator, of those that are subtracted apart."""
    return {
        f"{side}{'_tru' if less else ''}": [
            number[measures()[term.counted].position] for term in terms if term.tru is less
        ]
        for side, terms in (("tu_so", indicator.tu_so), ("mau_so", indicator.mau_so))
        for less in (False, True)
    }


def _rows_sql(fact: Fact, counted: list[Measure], number: dict[int, int]) -> str:
    """The rows of a fact in a month that have any measure, in the shape of core.dong_cong_bo."""
    key = ", ".join(f"CAST(f.{name} AS text)" for name in fact.khoa_dong)
    own = ", ".join(f"'{name}'" for name in (*_APART, *fact.cot_danh_muc))
    said = ", ".join(f"'{name}', f.{name}" for name in fact.cot_danh_muc)
    line = "f.batch_id, f.line_no" if fact.cot_hien else "CAST(NULL AS bigint), CAST(NULL AS bigint)"
    halves = "".join(
        f"CROSS JOIN LATERAL (\n{_half_sql(fact, counted, number, half)}\n) AS n{n}\n"
        for n, half in enumerate(_HALVES, 1)
    )
    return (
        f"SELECT :ky, '{fact.fact}', concat_ws(' ', {key}), f.ma_don_vi, f.ma_tthc, f.ma_linh_vuc,\n"
        "n1.phep_do, n2.phep_do, n1.so, n2.so,\n"
        f"jsonb_strip_nulls(to_jsonb(f) - ARRAY[{own}]), jsonb_build_object({said}), f.ngay_cap_nhat,\n"
        f"{line}\n"
        f"FROM (\nWITH mot AS (SELECT 1)\n{fact.sql}) AS f\n{halves}"
        "WHERE cardinality(n1.phep_do) > 0 OR cardinality(n2.phep_do) > 0"
    )


def _half_sql(fact: Fact, counted: list[Measure], number: dict[int, int], half: str) -> str:
    """The measures of a row f in a half month, and what it adds to each where any is a sum."""
    ordered = sorted(counted, key=lambda m: number[m.position])
    if any(m.term.tong for m in ordered):
        values = ", ".join(
            f"({number[m.position]}, {m.term.condition}, CAST({m.term.tong or 1} AS bigint))" for m in ordered
        )
        return (
            "SELECT coalesce(array_agg(v.phep_do::smallint ORDER BY v.phep_do), '{}') AS phep_do, "
            f"array_agg(coalesce(v.so, 0) ORDER BY v.phep_do) AS so FROM ({half}) AS doan "
            f"CROSS JOIN LATERAL (VALUES {values}) AS v (phep_do, co, so) WHERE v.co AND ({fact.co_mat})"
        )
    cases = ", ".join(f"CASE WHEN {m.term.condition} THEN {number[m.position]} END" for m in ordered)
    return (
        f"SELECT CASE WHEN {fact.co_mat} THEN array_remove(ARRAY[{cases}]::smallint[], NULL) ELSE '{{}}' END "
        f"AS phep_do, CAST(NULL AS bigint[]) AS so FROM ({half}) AS doan"
    )
