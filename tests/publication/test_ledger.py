"""What the ledger says was published is there, and nothing else: altered, cut off or written by hand."""

import re

import pytest
import sqlalchemy as sa

from cchc.publication.closing import close, restate
from cchc.publication.ledger import faults, write
from cchc.repository import sql_file
from cchc.warehouse import engine_of, run_sql
from tests.figures.test_refresh import BASE, LATE
from tests.world import World

BY = {"by": "chi_cuc", "approved_by": "giam_doc"}
OF_A_MONTH = "ky_loai = 'thang' AND ky = '2025-01'"
LAST = "is not what was published last"


@pytest.fixture
def restated(province: World) -> World:
    """January closed by entry 1 and restated by entry 2."""
    province.add(*BASE)
    province.refresh_all()
    close(province.engine, "2025-01", reason="Dữ liệu thử", **BY)
    province.add(LATE)
    restate(province.engine, "2025-01", reason="Hồ sơ nộp muộn", **BY)
    return province


# What the pipeline may write in tables that it serves figures from, and what takes force.
WRITTEN = {
    f"DELETE FROM mart.chi_so WHERE {OF_A_MONTH} AND ma_chi_so = 'T9'": f"mart.chi_so thang .* T9 .*{LAST}",
    f"UPDATE mart.chi_so SET trang_thai = 'tam_tinh', gia_tri = 99 WHERE {OF_A_MONTH} AND ma_chi_so = 'T9' "
    "AND gia_tri IS NOT NULL": f"mart.chi_so thang 2025-01 T9 .*{LAST}",
    f"UPDATE mart.chi_so SET ten_don_vi = 'Khác' WHERE {OF_A_MONTH}": f"mart.chi_so thang 2025-01 .*{LAST}",
    f"DELETE FROM mart.bieu_06a WHERE {OF_A_MONTH}": f"mart.bieu_06a thang 2025-01 .*{LAST}",
    f"UPDATE mart.bieu_06a SET cot_3 = cot_3 + 1, cot_4 = cot_4 + 1, cot_7 = cot_7 + 1, cot_8 = cot_8 + 1 "
    f"WHERE {OF_A_MONTH}": f"mart.bieu_06a thang 2025-01 .*{LAST}",
}
FORCED = {
    "DELETE FROM ops.so_cai WHERE so = 2": "entry 2 is missing: core.dem_cong_bo has rows of it",
    "DELETE FROM ops.so_cai": "entry 1 is missing: ",
    "DELETE FROM ops.noi_dung_tep": "file .* of entry 1 is not what its hash says",
    "UPDATE mart.phan_thay_doi SET tu_so = tu_so + 1": "mart.phan_thay_doi thang 2025-01 .*to revision 1",
    "DELETE FROM mart.phan_thay_doi": "mart.phan_thay_doi thang 2025-01 .*to revision 1",
    "UPDATE ops.so_cai SET noi_dung = '{}' WHERE so = 2": "entry 2 .* does not say what it published",
}


@pytest.mark.parametrize("change", WRITTEN | FORCED)
def test_what_is_changed_is_found(restated: World, change: str):
    with restated.engine.connect() as connection:
        assert faults(connection) == []
        if change in FORCED:
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        assert connection.exec_driver_sql(change).rowcount
        found = faults(connection)
    says = (WRITTEN | FORCED)[change]
    assert [each for each in found if re.match(says, each)], found


@pytest.mark.parametrize("login", ["cchc_etl", "cchc_owner"])
@pytest.mark.parametrize("change", ["DELETE FROM", "UPDATE", "TRUNCATE"])
def test_nobody_changes_the_parts_of_a_published_change(restated: World, postgres, login: str, change: str):
    engine = engine_of(postgres.dsn(restated.engine.url.database, login, driver="psycopg2"))
    # Whatever it is put down to, the sum stays.
    rest = " SET nguyen_nhan = 'rut_xoa'" if change == "UPDATE" else ""
    with (
        engine.connect() as connection,
        pytest.raises(sa.exc.DBAPIError, match=r"append-only|permission denied"),
    ):
        connection.exec_driver_sql(f"{change} mart.phan_thay_doi{rest}")


@pytest.mark.parametrize("kind", ["chot", "tam_cong_bo", "dinh_chinh"])
def test_an_entry_that_is_written_by_hand_without_rows_is_found(restated: World, kind: str):
    with restated.engine.connect() as connection:
        write(connection, kind, "2025-02", "ai_do", {}, approved_by="ai_khac")
        assert faults(connection) == [f"entry 3 ({kind} 2025-02) has published no figure of its month"]


def test_an_answer_whose_entry_was_cut_off_is_found(restated: World):
    with restated.engine.connect() as connection:
        connection.exec_driver_sql(
            "INSERT INTO ops.de_nghi (dag_id, run_id, task_id, map_index, loai, ky, luc, han, nguoi, so_cai) "
            "VALUES ('d', 'r', 't', -1, 'chot', '2025-02', now(), now(), 'ai_do', 3)"
        )
        assert faults(connection) == ["entry 3 is missing: ops.de_nghi has rows of it"]


def test_the_planner_knows_who_answers_before_hashes_of_figures_are_put_together(province: World):
    """It expected one unit and joined all of them with all counts, one by one: two minutes for a quarter."""
    province.add(*BASE)
    province.refresh_all()
    close(province.engine, "2025-01", reason="Dữ liệu thử", **BY)
    before_figures = sql_file("publication/publish.sql").split("INSERT INTO mart.con_so_cong_bo")[0]
    with province.engine.connect() as connection:
        run_sql(connection, before_figures, so=2, ky="2025-02", cac_ky_loai=["thang"], cac_ky=["2025-02"])
        of_this_entry = "FROM core.don_vi_cong_bo WHERE so_cai = 2"
        there = connection.scalar(sa.text(f"SELECT count(*) {of_this_entry}"))
        [plan] = connection.scalar(sa.text(f"EXPLAIN (FORMAT json) SELECT {of_this_entry}"))
    assert there > 1
    assert plan["Plan"]["Plan Rows"] == there
