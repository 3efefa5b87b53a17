"""Which month and which dossiers a figure counts, and that figures agree with each other."""

from datetime import datetime
from decimal import Decimal

from cchc.figures.definitions import indicators
from tests.figures.by_hand import PROVINCE, counted, done, on, row, unbalanced
from tests.world import DOSSIER, HUYEN, PROCEDURES, SO, XA, World


def test_period_borders_to_the_second(province):
    moments = ["20250228235959", "20250301000000", "20250331235959", "20250401000000"]
    far = {"ngay_hen_tra": "20250601000000", "trang_thai_ho_so": "9"}
    counted(
        province,
        *(
            far | {"ngay_tiep_nhan": t, "ngay_nop_ho_so": t, "ngay_ket_thuc_xu_ly": t, "ngay_cap_nhat": t}
            for t in moments
        ),
        at="2025-05-01",
        upto="2025-04",
    )
    for ky, expected in (("2025-02", 1), ("2025-03", 2), ("2025-04", 1)):
        assert province.figure("tiep_nhan", SO, ky) == (expected, None)
        assert province.figure("da_giai_quyet", SO, ky) == (expected, None)
        assert province.figure("T9", SO, ky) == (expected, expected)
        assert province.figure("dang_giai_quyet", SO, ky) == (0, None)


def test_statuses_1_and_3_and_deleted_dossiers_count_nowhere(province):
    counted(
        province,
        on("0305", trang_thai_ho_so="1"),
        on("0305", trang_thai_ho_so="3", ngay_tu_choi="20250306000000"),
        done("0310", da_xoa="1"),
        on("0205", da_xoa="1"),
        done("0310", "3"),
    )
    figures = province.rows(
        # T1, T7 and T8 have units and procedures for a denominator, declarations what units have to declare.
        "SELECT sum(tu_so), sum(mau_so) FROM mart.chi_so WHERE ma_chi_so NOT IN ('T1', 'T7', 'T8') "
        "AND ma_chi_so NOT LIKE '%_khai_bao'"
    )
    assert figures == [(0, 0)]


def test_received_after_its_end_counts_as_finished_when_received(province):
    counted(province, on("0310", **done("0220")), on("0305", **done("0303")))
    for ma, february, march in (
        ("tiep_nhan", 0, 2),
        ("da_giai_quyet", 0, 2),
        ("ky_truoc", 0, 0),
        ("dang_giai_quyet", 0, 0),
    ):
        assert province.figure(ma, SO, "2025-02") == (february, None)
        assert province.figure(ma, SO, "2025-03") == (march, None)
    assert province.figure("dung_han_06a", SO, "2025-03") == (2, 2)


def test_stock_and_flow_balance_on_paper(several_months):
    # Sở. January: 3 carried over, 2 received, 2 finished (10 and 31 January), 3 open. February: 2 received,
    # none finished. March: 1 received, 2 finished (one carried over, one withdrawn; stopped stays open).
    # April: 2 received, 2 finished.
    flows = ("ky_truoc", "tiep_nhan", "da_giai_quyet", "dang_giai_quyet")
    of_so = [[several_months.figure(m, SO, f"2025-0{ky}")[0] for m in flows] for ky in (1, 2, 3, 4)]
    assert of_so == [[3, 2, 2, 3], [3, 2, 0, 5], [5, 1, 2, 4], [4, 2, 2, 4]]
    # To date in April: 3 at the start of the year, 7 received, 6 finished, 4 open.
    assert [several_months.figure(m, SO, "2025-04", "luy_ke")[0] for m in flows] == [3, 7, 6, 4]
    # Xã in March: carried over one (5, waiting); received 2, finished 1, open 2.
    assert [several_months.figure(m, XA, "2025-03")[0] for m in flows] == [1, 2, 1, 2]


def test_carried_over_and_received_are_finished_and_open_in_every_row(several_months):
    assert several_months.rows("SELECT sum(tu_so) > 30 FROM mart.chi_so WHERE ma_chi_so = 'tiep_nhan'") == [
        (True,)
    ]
    assert unbalanced(several_months) == []


def test_what_is_carried_over_is_what_was_open_the_month_before(several_months):
    assert (
        several_months.rows(
            "SELECT sau.ky, sau.ma_don_vi FROM mart.chi_so AS sau INNER JOIN mart.chi_so AS truoc "
            "ON sau.ma_don_vi = truoc.ma_don_vi AND truoc.den_ngay + 1 = sau.tu_ngay "
            "AND truoc.ky_loai = 'thang' AND truoc.ma_chi_so = 'dang_giai_quyet' "
            "WHERE sau.ky_loai = 'thang' AND sau.ma_chi_so = 'ky_truoc' AND sau.tu_so <> truoc.tu_so"
        )
        == []
    )


def test_province_and_levels_are_the_sum_of_their_units(several_months):
    sums = (
        "SELECT t.ky_loai, t.ky, t.ma_chi_so, t.ma_don_vi FROM mart.chi_so AS t INNER JOIN mart.chi_so AS u "
        "ON (t.ky_loai, t.ky, t.ma_chi_so) = (u.ky_loai, u.ky, u.ma_chi_so) AND u.ma_don_vi NOT LIKE 'TONG%' "
        "AND t.ma_don_vi IN (core.ma_tong(u.cap), :province) "
        "WHERE t.ma_chi_so NOT IN ('T7', 'T8') "
        "GROUP BY t.ky_loai, t.ky, t.ma_chi_so, t.ma_don_vi, t.tu_so, t.mau_so "
        "HAVING (sum(u.tu_so), coalesce(sum(u.mau_so), -1)) <> (t.tu_so, coalesce(t.mau_so, -1))"
    )
    assert several_months.rows(sums, province=PROVINCE) == []
    assert several_months.figure("tiep_nhan", PROVINCE, "2025-03") == (3, None)


def test_every_active_unit_appears_even_at_zero(several_months):
    rows = several_months.rows(
        "SELECT ma_don_vi, count(*) FROM mart.chi_so WHERE ky_loai = 'thang' AND ky = '2025-03' "
        "GROUP BY ma_don_vi ORDER BY ma_don_vi"
    )
    units = [SO, HUYEN, XA, "TONG:huyen", "TONG:so_nganh", PROVINCE, "TONG:xa"]
    published = sum(i.cong_bo for i in indicators().values())
    assert rows == [(unit, published) for unit in units]
    assert several_months.figure("tiep_nhan", HUYEN, "2025-03") == (0, None)
    assert row(several_months, "tiep_nhan", HUYEN, "2025-03")[0] == 0


def test_ratio_without_denominator_is_null_with_a_reason(several_months):
    found = several_months.rows(
        "SELECT count(*), count(gia_tri), count(DISTINCT ly_do_na), count(dat) FROM mart.chi_so "
        "WHERE mau_so = 0"
    )
    # Each ratio has its own reason, but for T5 and T14, of what nobody declared; T1 always has units.
    reasons = {i.ly_do_na for i in indicators().values() if i.cong_bo and i.loai == "ty_le" and i.mau_so}
    assert found[0][0] > 0
    assert found[0][1:] == (0, len(reasons), 0)
    # A value needs what is declared, where it is: T6.
    assert several_months.rows(
        "SELECT DISTINCT ma_chi_so FROM mart.chi_so WHERE gia_tri IS NULL AND mau_so > 0"
    ) == [("T6",)]


def test_figures_are_the_quotient_rounded_to_two_places(several_months):
    for tu_so, mau_so, gia_tri in several_months.rows(
        "SELECT tu_so, mau_so, gia_tri FROM mart.chi_so WHERE mau_so > 0 AND gia_tri IS NOT NULL"
    ):
        exact = Decimal(100 * tu_so) / Decimal(mau_so)
        assert abs(gia_tri - exact) <= Decimal("0.005")
        assert gia_tri == round(gia_tri, 2)


def test_period_columns_name_the_days_they_cover(several_months):
    days = "SELECT DISTINCT ky_loai, tu_ngay::text, den_ngay::text FROM mart.chi_so WHERE ky = '2025-02'"
    assert sorted(several_months.rows(days)) == [
        ("ky_bao_cao", "2025-01-15", "2025-02-14"),
        ("luy_ke", "2025-01-01", "2025-02-28"),
        ("thang", "2025-02-01", "2025-02-28"),
    ]


def test_as_of_is_the_newest_change_at_the_source_in_the_period(province):
    counted(
        province,
        on("0110", ngay_cap_nhat="20250111080000", **done("0110")),
        on("0205", ngay_cap_nhat="20250310123456", **done("0210")),
    )
    assert province.rows(
        "SELECT ky_loai, ky, max(as_of) AT TIME ZONE 'Asia/Ho_Chi_Minh', count(DISTINCT as_of) "
        "FROM mart.chi_so WHERE ky LIKE '2025-0_' AND ky < '2025-03' AND ky_loai <> 'ky_bao_cao' "
        "GROUP BY ky_loai, ky ORDER BY ky_loai, ky"
    ) == [
        ("luy_ke", "2025-01", datetime.fromisoformat("2025-01-11 08:00:00"), 1),
        ("luy_ke", "2025-02", datetime.fromisoformat("2025-03-10 12:34:56"), 1),
        ("thang", "2025-01", datetime.fromisoformat("2025-01-11 08:00:00"), 1),
        ("thang", "2025-02", datetime.fromisoformat("2025-03-10 12:34:56"), 1),
    ]


def test_what_the_catalogue_says_of_a_unit_that_nobody_knows_is_not_the_provinces(world: World):
    world.dimensions()
    unknown = PROCEDURES[0] | {
        "MaTTHC": "1.000009",
        "DonViThucHien": [PROCEDURES[0]["DonViThucHien"][0] | {"MaDonVi": "000.00.99.H59"}],
    }
    world.ingest("tthc", world.json([*PROCEDURES, unknown]))
    world.add(DOSSIER)
    world.refresh_all()
    # Fit are 1.000001 and 1.000003, both toàn trình at the commune; the fourth is no unit's.
    assert world.figure("T7", "TONG:toan_tinh", "2025-03") == (2, 2)
