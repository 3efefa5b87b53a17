"""The rows behind a published revision: exactly those, in the words of the question when there are none."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from cchc.errors import CchcError
from cchc.figures.definitions import indicators
from cchc.figures.drill import parts_with_rows, rows_behind, rows_of_figure
from cchc.publication.closing import close, restate
from tests.figures.test_refresh import BASE, LATE, on
from tests.publication.histories import ADDED, DATASETS, History
from tests.world import HUYEN, SO, XA, World, code

PROVINCE = "TONG:toan_tinh"
BY = {"by": "chi_cuc", "approved_by": "giam_doc"}
CLOSE = BY | {"reason": "Dữ liệu thử"}
ROWS = "SELECT * FROM mart.ho_so_cua_chi_so(:ma, :loai, :ky, :unit, :revision, :phan)"


@pytest.fixture
def closed(province: World) -> World:
    """January closed with one dossier at the sở, February and March open."""
    province.add(*BASE)
    province.refresh_all()
    close(province.engine, "2025-01", **CLOSE)
    return province


def published(
    world: World, ma: str, unit: str, phan: str = "tu_so", revision: int | None = None, **period: str
) -> list[sa.Row]:
    binds = {"loai": "thang", "ky": "2025-01"} | period
    with world.engine.connect() as connection:
        found = connection.execute(
            sa.text(ROWS), {"ma": ma, "unit": unit, "phan": phan, "revision": revision, **binds}
        )
        return found.all()


@pytest.mark.long
def test_they_are_those_that_the_figure_was_counted_from(province: World):
    """Of every figure, as the drill-through of open months finds them in the facts themselves."""
    history = History(province, 7)
    for dataset in sorted({*DATASETS} - {"tthc"}):
        history.load(dataset, 10)
    province.refresh_all()
    close(province.engine, "2025-01", **CLOSE)
    compared = 0
    for ma, indicator in indicators().items():
        if not indicator.cong_bo or indicator.khoa or indicator.don_vi_it_nhat:
            continue
        for part in parts_with_rows(ma):
            for unit in (SO, XA, HUYEN, PROVINCE):
                live = rows_behind(province.engine, ma, "2025-01", unit, part)
                kept = published(province, ma, unit, part)
                # What was never handed in has no line.
                lines = sorted((row.batch_id or 0, row.line_no or 0) for row in kept)
                there = live[["batch_id", "line_no"]].fillna(0).astype(int).itertuples(index=False)
                if any(term.tong for term in (*indicator.tu_so, *indicator.mau_so)):
                    # A row that adds 0 to a sum is not behind it.
                    if part != "con_lai":
                        assert set(lines) <= set(map(tuple, there)), (ma, part, unit)
                else:
                    assert lines == sorted(map(tuple, there)), (ma, part, unit)
                if part != "con_lai" and not any(term.tru for term in indicator.tu_so):
                    figure = province.figure(ma, unit, "2025-01")[part == "mau_so"]
                    assert sum(row.tu_so if part == "tu_so" else row.mau_so for row in kept) == figure
                compared += len(kept)
    assert compared > 100


def test_of_distinct_procedures_they_are_the_rows_of_those_that_count(closed: World):
    # T8 by hand: the sở provides 1.000001 and 1.000002 toàn trình, the commune all three; online in January
    # came one dossier, of 1.000001 at the sở.
    top = published(closed, "T8", SO)
    assert {(row.fact, row.ma_tthc) for row in top} == {("ho_so", "1.000001"), ("tthc_don_vi", "1.000001")}
    assert {row.ma_tthc for row in published(closed, "T8", SO, "mau_so")} == {"1.000001", "1.000002"}
    assert [row.ma_tthc for row in published(closed, "T8", SO, "con_lai")] == ["1.000002"]
    assert {row.ma_tthc for row in published(closed, "T8", PROVINCE, "con_lai")} == {"1.000002", "1.000003"}
    assert published(closed, "T8", XA) == []


def test_of_units_that_are_counted_they_are_the_rows_of_those_that_reach_it(province: World):
    documents = [
        {"ngay_dang_ky": "20250110090000", "ngay_den": "20250110080000", "ngay_van_ban": "20250109"}
    ] * 2
    province.ingest("van_ban", province.documents(*documents), at="2025-04-01")
    province.refresh_all()
    close(province.engine, "2025-01", **CLOSE)
    rows = published(province, "T1", PROVINCE)
    assert [(row.dong, row.ma_don_vi_giai_quyet) for row in rows] == [("VB1", SO), ("VB2", SO)]
    assert province.figure("T1", PROVINCE, "2025-01") == (1, 3)


# What is asked of January, and what the answer says.
REFUSED = [
    ({"ma": "T99"}, "Không có chỉ số T99"),
    ({"ky": "2031-01"}, "Không có kỳ thang 2031-01"),
    ({"loai": "tuan"}, "Không có kỳ tuan 2025-01"),
    ({"ky": "2025-02"}, "Kỳ thang 2025-02 chưa chốt"),
    ({"unit": "X"}, "Không có con số tiep_nhan của X đã công bố cho thang 2025-01"),
    ({"revision": 3}, "không có bản 3: đã công bố bản 0"),
    ({"phan": "tat_ca"}, "phan tat_ca không có: cần tu_so, mau_so hoặc con_lai"),
    ({"phan": None}, "phan <NULL> không có"),
    ({"phan": "mau_so"}, "không có dòng nào đứng sau mẫu số. Đây là một số đếm"),
    ({"ma": "T1", "phan": "mau_so"}, "Mẫu số là số đơn vị đang hoạt động"),
    ({"ma": "T16"}, "không có dòng nào đứng sau. Điểm được tính từ các con số khác"),
]


@pytest.mark.parametrize(("changes", "says"), REFUSED)
def test_what_has_no_rows_is_told(closed: World, changes: dict, says: str):
    asked = {"ma": "tiep_nhan", "unit": SO} | changes
    with pytest.raises(sa.exc.DBAPIError) as told:
        published(closed, **asked)
    assert says in str(told.value.orig)


# By force, past the triggers.
OTHER, LESS = "1 theo các dòng, 1 đã ghi", "0 theo các dòng, 1 đã ghi"
TAMPERED = {
    "UPDATE core.dong_cong_bo SET dong = 'khac' WHERE fact = 'ho_so' AND ky = '2025-01'": OTHER,
    "DELETE FROM core.dong_cong_bo WHERE fact = 'ho_so'": LESS,
    "UPDATE core.dong_cong_bo SET ma_don_vi = '000.01.42.H59' WHERE fact = 'ho_so'": LESS,
    "UPDATE core.dem_cong_bo SET ma_bam = 'x'": "các phép đo đã ghi không cho SHA-256 ấy",
    "DELETE FROM core.dem_cong_bo": "không còn phép đo nào",
}


@pytest.mark.parametrize("change", TAMPERED)
def test_rows_that_are_not_those_that_were_published_are_not_given(closed: World, change: str):
    with closed.engine.begin() as connection:
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        assert connection.exec_driver_sql(change).rowcount
    with pytest.raises(sa.exc.DBAPIError) as told:
        published(closed, "tiep_nhan", SO)
    assert "tiep_nhan của 000.00.01.H59, thang 2025-01, bản 0, dòng sổ 1" in str(told.value.orig)
    assert TAMPERED[change] in str(told.value.orig)
    assert "python -m cchc verify" in str(told.value.orig)


def test_the_command_lists_the_revision_in_force_or_the_one_that_is_asked_for(closed: World):
    closed.add(LATE)
    closed.refresh_all()

    def listed(ky: str = "2025-01", revision: int | None = None) -> tuple[list[str], str]:
        found, words = rows_of_figure(closed.engine, "tiep_nhan", ky, PROVINCE, revision=revision)
        return list(found["ma_ho_so"]), words

    assert listed() == ([code(1)], "revision 0, the one in force; what waits for the next is not among them")
    restate(closed.engine, "2025-01", reason="Hồ sơ nộp muộn", **BY)
    assert listed()[0] == [code(1), code(6)]
    assert listed(revision=0) == ([code(1)], "revision 0, as it was published")
    assert listed("2025-02") == ([code(2), code(3)], "provisional, as of today")
    with pytest.raises(CchcError, match="không có bản 9: đã công bố bản 0, 1"):
        listed(revision=9)
    found, _ = rows_of_figure(closed.engine, "tiep_nhan", "2025-01", PROVINCE, revision=0)
    live = rows_behind(closed.engine, "tiep_nhan", "2025-02", PROVINCE)
    assert list(found.columns) == list(live.columns)


def test_of_a_change_each_row_says_what_it_adds_and_what_differs(closed: World):
    closed.add(LATE, BASE[0] | {"kenh_thuc_hien": "1", "ngay_cap_nhat": "20250402000000"}, at="2025-04-03")
    closed.refresh_all()
    query = (
        "SELECT revision, nguyen_nhan, tu_so, mau_so, dong, noi_dung_truoc, noi_dung_sau, line_no "
        "FROM mart.ho_so_thay_doi('T9', 'thang', '2025-01', :unit, 0)"
    )
    # T9 is the share that is submitted online: one came late and was not, one is corrected to be none.
    late, corrected = closed.rows(query, unit=PROVINCE)
    assert late[:6] == (None, "den_muon", 0, 1, code(6), None)
    assert late[6]["ma_don_vi"] == XA
    assert corrected[:5] == (None, "sua_o_nguon", -1, 0, code(1))
    assert (corrected[5]["kenh_thuc_hien"], corrected[6]["kenh_thuc_hien"]) == (2, 1)
    assert set(corrected[5]) == {"kenh_thuc_hien", "ma_don_vi", "ma_tthc"}
    restate(closed.engine, "2025-01", reason="Nộp muộn, sửa", **BY)
    assert [(1, *row[1:]) for row in (late, corrected)] == closed.rows(query, unit=PROVINCE)
    with pytest.raises(sa.exc.DBAPIError, match="cần tu_revision nhỏ hơn den_revision"):
        closed.rows(query.replace(":unit, 0", ":unit, 1, 1"), unit=PROVINCE)


def test_the_rows_of_a_figure_that_was_not_there_before_are_listed_as_its_change(closed: World, definitions):
    definitions.add(**ADDED[0])
    closed.refresh_all()
    # Dossier 1 has a result in electronic form.
    query = (
        "SELECT revision, nguyen_nhan, tu_so, mau_so, dong "
        "FROM mart.ho_so_thay_doi('them_dem', 'thang', '2025-01', :unit, 0)"
    )
    assert closed.rows(query, unit=SO) == [(None, "dinh_nghia", 1, 0, code(1))]
    assert closed.rows(
        "SELECT DISTINCT tu_revision, den_revision FROM mart.chi_so_thay_doi WHERE ma_chi_so = 'them_dem'"
    ) == [(0, None)]
    restate(closed.engine, "2025-01", reason="Thêm chỉ số", **BY)
    assert closed.rows(query, unit=SO) == [(1, "dinh_nghia", 1, 0, code(1))]
    assert closed.rows(query.replace(", 0)", ", 0, 1)"), unit=SO) == [(1, "dinh_nghia", 1, 0, code(1))]
    with pytest.raises(sa.exc.DBAPIError, match="thang 2025-01 không có bản 2: đã"):
        closed.rows(query.replace(", 0)", ", 0, 2)"), unit=SO)
    with pytest.raises(sa.exc.DBAPIError, match="Không có chỉ số T99"):
        closed.rows(query.replace("them_dem", "T99"), unit=SO)


# Who asks -------------------------------------------------------------------------------------


@pytest.fixture
def logins(closed: World) -> Iterator[World]:
    names = {"thu_ban_can_bo": "cchc_steward", "thu_ban_so": "cchc_don_vi", "thu_ban_bi": "cchc_bi"}
    with closed.engine.begin() as connection:
        for name, group in names.items():
            connection.exec_driver_sql(f"CREATE ROLE {name} LOGIN IN ROLE {group}")
        connection.exec_driver_sql("SET LOCAL SESSION AUTHORIZATION thu_ban_can_bo")
        connection.execute(sa.text("SELECT ops.gan_don_vi('thu_ban_so', :unit)"), {"unit": SO})
        connection.exec_driver_sql("RESET SESSION AUTHORIZATION")
    yield closed
    with closed.engine.begin() as connection:
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        connection.exec_driver_sql("TRUNCATE ops.tai_khoan_don_vi, ops.lan_gan_don_vi")
        for name in names:
            connection.exec_driver_sql(f"DROP ROLE {name}")


@contextmanager
def asking(world: World, login: str) -> Iterator[sa.Connection]:
    with world.engine.connect() as connection:
        connection.exec_driver_sql(f"SET LOCAL SESSION AUTHORIZATION {login}")
        yield connection


def seen_by(world: World, login: str, ma: str, unit: str, revision: int | None = None) -> list[str]:
    binds = {"ma": ma, "loai": "thang", "ky": "2025-01", "unit": unit, "revision": revision, "phan": "tu_so"}
    with asking(world, login) as connection:
        return [row.dong for row in connection.execute(sa.text(ROWS), binds)]


def test_a_unit_sees_its_own_and_not_what_has_left_it(logins: World):
    moved = BASE[0] | {"don_vi_xu_ly": XA, "ngay_cap_nhat": "20250402000000"}
    logins.add(moved, LATE, at="2025-04-03")
    logins.refresh_all()
    restate(logins.engine, "2025-01", reason="Chuyển hồ sơ", **BY)
    assert seen_by(logins, "thu_ban_can_bo", "tiep_nhan", PROVINCE) == [code(1), code(6)]
    assert seen_by(logins, "thu_ban_so", "tiep_nhan", PROVINCE, 0) == [code(1)]
    # The state in which it is the commune's is hidden from the sở; it is the sở's no longer.
    assert seen_by(logins, "thu_ban_so", "tiep_nhan", PROVINCE, 1) == []
    assert seen_by(logins, "thu_ban_so", "tiep_nhan", SO, 1) == []
    with pytest.raises(sa.exc.DBAPIError, match="chỉ xem được con số"):
        seen_by(logins, "thu_ban_so", "tiep_nhan", XA)


def test_a_bi_login_sees_declarations_as_elsewhere_and_no_dossier(logins: World):
    with pytest.raises(sa.exc.DBAPIError, match="chỉ xem được con số") as told:
        seen_by(logins, "thu_ban_bi", "tiep_nhan", SO)
    assert told.value.orig.pgcode == "42501"
    assert seen_by(logins, "thu_ban_bi", "don_gian_hoa", PROVINCE) == []


def test_a_late_row_is_behind_the_revision_that_has_it(closed: World):
    closed.add(LATE)
    restate(closed.engine, "2025-01", reason="Hồ sơ nộp muộn", **BY)
    closed.add(on("0113", 7), at="2025-04-05")
    closed.refresh_all()
    revisions = [[row.dong for row in published(closed, "tiep_nhan", PROVINCE, revision=n)] for n in (0, 1)]
    assert revisions == [[code(1)], [code(1), code(6)]]
    assert published(closed, "tiep_nhan", PROVINCE)[1].batch_id is not None
