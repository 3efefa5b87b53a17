"""Pages that ask for one unit or one period find its rows by indexes. How long: make bench-pages."""

import json
from typing import Any

import pytest
import sqlalchemy as sa

from cchc.pages.viewer import reading_as
from cchc.repository import sql_file
from cchc.warehouse import named_in
from tests.world import SO

BINDS = {"cac_ma": [SO], "ky_loai": "thang", "ky": "2025-03", "ma": SO, "den_ngay": "2025-03-31"}
# File of sql/pages → indexes by which it finds its rows, and the relations that it must not read as a whole.
FOUND_BY = {
    "unit_errors": ({"line_finding_con_loi"}, {"line_finding"}),
    "unit_error_lines": ({"line_finding_con_loi"}, {"line_finding"}),
    "unit_figures": ({"chi_so_pkey"}, {"chi_so"}),
    "scoreboard": ({"chi_so_pkey"}, {"chi_so"}),
    "sparklines": ({"chi_so_pkey"}, {"chi_so"}),
}


def nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for part in plan.get("Plans", ()) for node in nodes(part))]


@pytest.fixture(scope="module")
def findings(pages_world):
    """Lines of other units that break a rule, as many as make reading all of them dear."""
    with pages_world.engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO ops.line_finding (batch_id, line_no, khoa, ma_don_vi, bi_loai, rule_ids, con_loi) "
            "SELECT b.batch_id, 1000 + n, 'khac-' || n, 'don-vi-' || n %% 200, n %% 2 = 0, "
            "'{HS01}', '{HS01}' FROM ops.batch AS b, generate_series(1, 20000) AS n WHERE b.dataset = 'ho_so'"
        )
        connection.exec_driver_sql("ANALYZE ops.line_finding")


@pytest.mark.usefixtures("findings")
@pytest.mark.parametrize("who", ["can_bo", "cua_so"])
@pytest.mark.parametrize("file", FOUND_BY)
def test_rows_are_found_by_indexes(look, file, who):
    """With a few rows PostgreSQL would read everything: it is told that this is dear."""
    statement = sa.text("EXPLAIN (FORMAT JSON) " + sql_file(f"pages/{file}.sql"))
    with reading_as(look.app.state.engine, who) as read:
        read.connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        [plan] = read.connection.execute(statement, named_in(statement, BINDS)).scalar_one()
    found = nodes(plan["Plan"])
    indexes, whole = FOUND_BY[file]
    assert indexes <= {node.get("Index Name") for node in found}, json.dumps(plan)
    assert not whole & {node["Relation Name"] for node in found if node["Node Type"] == "Seq Scan"}
    # Every figure is asked for by its period, also that of the period before.
    for node in found:
        if node.get("Index Name") == "chi_so_pkey":
            assert "ky" in node["Index Cond"], node
