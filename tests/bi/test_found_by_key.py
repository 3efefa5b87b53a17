"""Figures are found by their key, whatever collation the columns have that they are asked for with."""

import json

import sqlalchemy as sa

from tests.world import SO

RETURNED = "SELECT pg_stat_get_xact_tuples_returned(CAST('mart.chi_so_pkey' AS regclass))"
# With a few rows PostgreSQL would read everything: it is told that this is dear.
ONLY_INDEXES = "SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off"


def test_the_mark_of_a_month_reads_the_figures_of_that_month_only(bi_world):
    """Days of deadlines, which ask for it, are kept in another collation than figures."""
    own = "SELECT count(*) FROM mart.chi_so WHERE ky_loai = 'thang' AND ky = '2025-03' AND ma_don_vi = :unit"
    mark = "SELECT core.dau_con_so(CAST('2025-03' AS text) COLLATE \"C\", :unit)"
    with bi_world.engine.begin() as connection:
        figures = connection.scalar(sa.text(own), {"unit": SO})
        connection.exec_driver_sql(ONLY_INDEXES)
        before = connection.scalar(sa.text(RETURNED))
        connection.execute(sa.text(mark), {"unit": SO})
        assert connection.scalar(sa.text(RETURNED)) - before == figures > 0


def test_what_changed_in_a_figure_is_found_by_its_key(bi_world):
    query = "SELECT * FROM mart.chi_so_thay_doi WHERE ky_loai = 'thang' AND ky = '2025-03'"
    with bi_world.engine.begin() as connection:
        connection.exec_driver_sql(ONLY_INDEXES)
        [plan] = connection.execute(sa.text(f"EXPLAIN (FORMAT JSON) {query}")).scalar_one()
    waiting, asked = [plan["Plan"]], []
    while waiting:
        node = waiting.pop()
        waiting += node.get("Plans", ())
        if node.get("Index Name", "").startswith(("chi_so_", "con_so_cong_bo_")):
            asked.append(node["Index Cond"])
    assert len(asked) >= 3
    assert all("(ky = " in condition and "(ma_don_vi = " in condition for condition in asked), json.dumps(
        plan
    )
