"""Other readings, report II.06a, points of QĐ 766 and comparisons, by hand on a dozen dossiers."""

from collections.abc import Callable
from decimal import Decimal

import pytest
import sqlalchemy as sa

from tests.world import HUYEN, PROCEDURES, SO, XA, World

PROVINCE = "TONG:toan_tinh"
P1, P2, P3 = (p["MaTTHC"] for p in PROCEDURES)


def at(day: str) -> str:
    """A moment of 2025: mmdd or mmddHHMM."""
    return f"2025{day}090000" if len(day) == 4 else f"2025{day}00"


def on(received: str, due: str, ended: str = "", **values: str) -> dict:
    finished = {"trang_thai_ho_so": "9", "ngay_ket_thuc_xu_ly": at(ended)} if ended else {}
    return {
        "ngay_nop_ho_so": at(received),
        "ngay_tiep_nhan": at(received),
        "ngay_hen_tra": at(due) if due else "",
    } | finished | values  # fmt: skip


# March 2025 at the sở. DOSSIER: channel 2, VNeID, a component with a file, a result file, no online payment.
# Procedures 1 and 2 cost a fee; 3 yields no result. P1, P2 are fully online (4) at the sở, P3 partly (3);
# fit for toàn trình are P1 and P3.
MARCH = [
    # 1 received and ended before it is due
    on("0303", "0310", "0305", duoc_thanh_toan_truc_tuyen="1", so_tai_lieu_co_kho="1", so_ket_qua_co_kho="1"),
    # 2 ended on the day it is due, but an hour after the clock time; all its fees are 0
    on("0303", "0310", "03101000", kenh_thuc_hien="1", ma_tthc=P2, tai_khoan_duoc_xac_thuc_voi_vneid="0",
       tong_phi_le_phi="0"),
    # 3 ended after it was due, by post, without a result file
    on("0303", "0307", "0312", kenh_thuc_hien="3", co_ket_qua_dien_tu="0", so_tai_lieu_so_hoa="1"),
    # 4 withdrawn after it was due, its result file not in the store
    on("0304", "0306", "0320", trang_thai_ho_so="7", kenh_thuc_hien="1", so_ket_qua_co_kho="0"),
    # 5 no due date, no result needed, two components in the store
    on("0304", "", "0305", ma_tthc=P3, co_ket_qua_dien_tu="0", so_tai_lieu_co_kho="2"),
    # 6 carried over from February, ended in time, a component in the store but no result
    on("0220", "0310", "0303", so_tai_lieu_co_kho="1", so_ket_qua_co_kho="0"),
    # 7 open, past due
    on("0310", "0320", co_ket_qua_dien_tu="0", so_tai_lieu_co_tep="0"),
    # 8 open, past due, waiting for a supplement asked in March
    on("0310", "0320", trang_thai_ho_so="5", ngay_yeu_cau_bo_sung=at("0315"), so_lan_bo_sung="1",
       co_ket_qua_dien_tu="0"),
    # 9 open, in time
    on("0328", "0410", kenh_thuc_hien="", co_ket_qua_dien_tu="0", so_tai_lieu_tai_su_dung="1"),
    # 10 waiting at the end, but asked in April only: judged like any open one, and past due
    on("0311", "0325", trang_thai_ho_so="5", ngay_yeu_cau_bo_sung=at("0402"), so_lan_bo_sung="1",
       co_ket_qua_dien_tu="0"),
]  # fmt: skip


@pytest.fixture(scope="module")
def march(make_world: Callable[[], World]) -> World:
    world = make_world().dimensions()
    world.add(*MARCH, on("0305", "0312", "0306", don_vi_xu_ly=XA), at="2025-05-01")
    world.refresh_all()
    return world


# Received in March at the sở: 1 2 3 4 5 7 8 9 10 = 9; online 1 5 7 8 10; ended 1 2 3 4 5 6.
BY_HAND = {
    # Received, online, with a result or none needed: 1 (result), 5 (none needed).
    "T9_dvcqg": (2, 9),
    # 5 online; all but number 3.
    "T9_khong_bcci": (5, 8),
    # With a result file of those that need one (all but 5): 1, 2, 4.
    "T11_moi_ho_so": (3, 8),
    # A file and the result where needed: 1, 2, 4, 5.
    "T12_tiep_nhan": (4, 9),
    # Ended and done (not 4): 1 2 3 5 6; a component marked digitised: 3.
    "T12_thanh_phan": (1, 5),
    # Of them in the store, with the result where needed: 1, 5.
    "T12_kho": (2, 5),
    # All received but 2.
    "T13_moi_ho_so": (8, 9),
    # On time: 1, 2 (same day), 4 (withdrawn), 5 (no due date), 6. Late: 3.
    "dung_han_06a": (5, 6),
    # Waiting for a supplement counts as solved in time: 8 (not 10, asked in April).
    "dung_han_06a_kiosk": (6, 7),
    # By the clock, without the withdrawn one: 1, 5, 6; not 2 (an hour late), not 3.
    "dung_han_06a_gio": (3, 5),
    # To be done: 9 received, 1 carried over. Late: 3, 4 (ended after due), 7, 8, 10 (open, past due).
    "dung_han_06a_ca_ton": (5, 10),
    # Late and ended: 3. Late and open: 7, 10; not 8, which waits.
    "T15": (3, None),
    # Fit: P1 and P3; of them fully online: P1.
    "T7": (1, 2),
    # Filed online in March: P1, P3; partly or fully online: P1, P2, P3.
    "T8_mot_phan": (2, 3),
    "T16_3_1": (3, 3),
    "T16_3_2": (2, 3),
    "T16_3_3": (2, 9),
    # Procedures with a fee: P1, P2; paid online: P1. Dossiers with a fee: all received but 5, and 2, whose
    # fees are all 0; paid: 1.
    "T16_3_5": (1, 2),
    "T16_3_6": (1, 7),
    "T16_4_1": (3, 8),
    "T16_4_2": (4, 9),
    "T16_4_3": (1, 9),
    # None from the national store. A result in the store, or a file where the store is unknown: 1, 2.
    "T16_4_4": (2, 9),
    "T16_4_5": (8, 9),
}


@pytest.mark.parametrize("ma", BY_HAND)
def test_reading_by_hand(march, ma):
    assert march.reading(ma, SO, "2025-03") == BY_HAND[ma]


def test_other_readings_are_asked_for_and_not_published(march):
    published = {ma for (ma,) in march.rows("SELECT DISTINCT ma_chi_so FROM mart.chi_so")}
    other = dict(
        march.rows("SELECT ma_chi_so, bien_the_cua FROM mart.dinh_nghia WHERE bien_the_cua IS NOT NULL")
    )
    assert other["T9_dvcqg"] == "T9"
    assert published & set(other) == set()
    asked = march.rows("SELECT DISTINCT ma_chi_so FROM mart.tinh_chi_so('{thang}', '{2025-03}')")
    assert {ma for (ma,) in asked} == published | set(other)
    only = march.rows("SELECT DISTINCT ma_chi_so FROM mart.tinh_chi_so('{thang}', '{2025-03}', NULL, FALSE)")
    assert {ma for (ma,) in only} == published


def report(world: World, unit: str, ky_loai: str, ky: str, field: str = "") -> tuple:
    return world.rows(
        "SELECT cot_3, cot_4, cot_5, cot_6, cot_7, cot_8, cot_9, cot_10, cot_11, cot_12, cot_13 "
        "FROM mart.bieu_06a WHERE ma_don_vi = :u AND ky_loai = :l AND ky = :ky AND ma_linh_vuc = :f",
        u=unit,
        l=ky_loai,
        ky=ky,
        f=field,
    )[0]


def test_form_06a_by_hand(march):
    # 3: 10 = 5 online + 4 others (no channel counts as the desk) + 1 carried over. 7: 6 = before 1, 6;
    # on time 2, 4, 5; late 3. 11: 4 open = in time 8, 9; late 7, 10.
    assert report(march, SO, "thang", "2025-03") == (10, 5, 4, 1, 6, 2, 3, 1, 4, 2, 2)
    # The unit without dossiers is there; the province has one more, ended before it was due.
    assert report(march, HUYEN, "thang", "2025-03") == (0,) * 11
    assert report(march, PROVINCE, "thang", "2025-03") == (11, 6, 4, 1, 7, 3, 3, 1, 4, 2, 2)
    # The report month of March, 15 February to 14 March: received 1 2 3 4 5 6 7 8 10, nothing carried over;
    # ended 1 2 3 5 6. On 14 March open and in time: 7, 8, 10; late 4, due on the 6th and withdrawn later.
    assert report(march, SO, "ky_bao_cao", "2025-03") == (9, 6, 3, 0, 5, 2, 2, 1, 4, 3, 1)


def test_a_period_before_the_first_day_has_rows_and_a_reason(march):
    found = march.rows(
        "SELECT DISTINCT tu_so, mau_so, gia_tri, ly_do_na FROM mart.chi_so "
        "WHERE ky_loai = 'ky_bao_cao' AND ky = '2025-01' AND ma_chi_so = 'T9'"
    )
    assert found == [(None, None, None, "Kỳ bắt đầu trước ngày đầu tiên có số liệu (01/01/2025)")]
    assert march.rows(
        "SELECT count(*) FROM mart.bieu_06a WHERE ky_loai = 'ky_bao_cao' AND ky = '2025-01'"
    ) == [(0,)]


@pytest.mark.parametrize(
    "wrong",
    ["cot_3 = cot_3 + 1", "cot_8 = cot_8 + 1", "cot_12 = cot_12 + 1", "cot_7 = cot_7 + 1, cot_8 = cot_8 + 1"],
)
def test_a_form_that_does_not_add_up_cannot_be_stored(march, wrong):
    with pytest.raises(sa.exc.IntegrityError, match="check constraint"), march.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE mart.bieu_06a SET {wrong}")


def test_column_6_is_reconciled_with_column_11_of_the_period_before(march):
    rows = march.rows(
        "SELECT ky, ky_truoc, ton_cuoi_ky_truoc, tu_ky_truoc, chenh_lech FROM mart.doi_chieu_06a "
        "WHERE ma_don_vi = :u AND ky_loai = 'thang' ORDER BY ky",
        u=SO,
    )
    # 6 was open at the end of February; 7, 8, 9, 10 at the end of March.
    assert rows == [
        ("2025-02", "2025-01", 0, 0, 0),
        ("2025-03", "2025-02", 1, 1, 0),
        ("2025-04", "2025-03", 4, 4, 0),
    ]


def test_points_by_hand(march):
    points = {
        sub: (points, most)
        for sub, points, most in march.rows(
            "SELECT ma, diem, diem_toi_da FROM mart.diem_766 "
            "WHERE ky = '2025-03' AND ma_don_vi = :u AND ma <> ''",
            u=SO,
        )
    }
    # 3.1: 3/3 = 100 % ≥ 80 %. 3.2: 4 × 2/3, no threshold known. 3.3: 6 × (2/9) / 0.5. 3.5b: 2 × (1/2) / 0.8.
    # 3.6: 6 × 1/7. 4.1: 6 × 3/8. 4.2: 4 × (4/9) / 0.8. 4.3: 2 × (1/9) / 0.8. 4.4: 4 × 2/9. 4.5b: 2 × 8/9.
    assert {sub: value for sub, (value, _) in points.items() if value is not None and sub != "2.1"} == {
        "3.1": Decimal("2.00"), "3.2": Decimal("2.67"), "3.3": Decimal("2.67"), "3.5b": Decimal("1.25"),
        "3.6": Decimal("0.86"), "4.1": Decimal("2.25"), "4.2": Decimal("2.22"), "4.3": Decimal("0.28"),
        "4.4": Decimal("0.89"), "4.5b": Decimal("1.78"),
    }  # fmt: skip
    # What no source tells has a reason and no points: neither 0 nor the maximum.
    assert march.rows(
        "SELECT diem, ly_do_na IS NOT NULL FROM mart.diem_766 "
        "WHERE ky = '2025-03' AND ma_don_vi = :u AND ma = '5.2'",
        u=SO,
    ) == [(None, True)]
    # 3.1, 3.2, 3.3, 4.2 and 4.4 are not confirmed: 2.00 + 2.67 + 2.67 + 2.22 + 0.89 stand beside the total.
    unconfirmed = ("3.1", "3.2", "3.3", "4.2", "4.4")
    total = sum(value for sub, (value, _) in points.items() if value is not None and sub not in unconfirmed)
    assert march.rows(
        "SELECT ten, diem, diem_chua_xac_nhan FROM mart.diem_766 "
        "WHERE ky = '2025-03' AND ma_don_vi = :u AND nhom = ''",
        u=SO,
    ) == [("Tổng điểm, phần tính được và đã xác nhận", total, Decimal("10.45"))]
    assert march.rows(
        "SELECT gia_tri FROM mart.chi_so WHERE ky = '2025-03' AND ky_loai = 'thang' AND ma_chi_so = 'T16' "
        "AND ma_don_vi = :u",
        u=SO,
    ) == [(total,)]


def test_units_as_they_are_asked_for(world):
    """A sở ended on 31 March: April's stock is its heir's; March can be asked as of then and as of April."""
    old, new = "SO_CU", "SO_MOI"
    names = ["MaDonVi", "TenDonVi", "Cap", "HieuLucTu", "HieuLucDen", "MaDonViKeThua", "NgayCapNhat"]
    units = [
        (old, "Sở Cũ", "so_nganh", "20200101", "20250331", new, "20250101000000"),
        (new, "Sở Mới", "so_nganh", "20250401", None, None, "20250101000000"),
    ]
    world.ingest("don_vi", world.json([dict(zip(names, unit, strict=True)) for unit in units]))
    world.ingest("tthc", world.json(PROCEDURES))
    world.add(
        on("0305", "0310", "0306", don_vi_xu_ly=old), on("0305", "0410", don_vi_xu_ly=old), at="2025-05-01"
    )
    world.refresh_all()

    def asked(day: str) -> list[tuple]:
        return world.rows(
            f"SELECT ma_don_vi, tu_so FROM mart.tinh_chi_so('{{thang}}', '{{2025-03}}', {day}) "
            "WHERE ma_chi_so = 'tiep_nhan' ORDER BY ma_don_vi"
        )

    assert asked("NULL") == [(old, 2), ("TONG:so_nganh", 2), (PROVINCE, 2)]
    assert asked("DATE '2025-04-30'") == [(new, 2), ("TONG:so_nganh", 2), (PROVINCE, 2)]
    assert world.figure("dang_giai_quyet", old, "2025-03") == world.figure("ky_truoc", new, "2025-04")


def test_comparisons_by_hand(world):
    world.dimensions()
    # T9 at the sở: January 1 of 2 = 50, February 1 of 1 = 100; at the district 0 of 1; at the commune 1 of 1.
    world.add(
        on("0110", "0120", "0111"),
        on("0110", "0120", "0111", kenh_thuc_hien="1"),
        on("0210", "0220", "0211"),
        on("0210", "0220", "0211", don_vi_xu_ly=XA),
        at="2025-04-01",
    )
    world.refresh_all()

    def compared(unit: str, ma: str, ky: str, ky_loai: str = "thang") -> tuple:
        return world.rows(
            "SELECT gia_tri, gia_tri_ky_truoc, so_ky_truoc, cach_muc_tieu, hang, so_don_vi_xep_hang "
            "FROM mart.so_sanh WHERE ma_don_vi = :u AND ma_chi_so = :ma AND ky = :ky AND ky_loai = :l",
            u=unit,
            ma=ma,
            ky=ky,
            l=ky_loai,
        )[0]

    assert compared(SO, "T9", "2025-01") == (50, None, None, -10, 1, 1)
    assert compared(SO, "T9", "2025-02") == (100, 50, 50, 40, 1, 1)
    assert compared(PROVINCE, "T9", "2025-02") == (100, 50, 50, 40, None, None)
    assert compared(XA, "T9", "2025-01") == (None, None, None, None, None, 0)
    # To date the sở has 2 of 3 = 66.67 after 50.
    assert compared(SO, "T9", "2025-02", "luy_ke")[:3] == (Decimal("66.67"), 50, Decimal("16.67"))
