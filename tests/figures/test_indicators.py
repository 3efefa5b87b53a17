"""Every indicator on a handful of dossiers whose figures are worked out by hand in a comment."""

from datetime import datetime
from decimal import Decimal

import pytest
import sqlalchemy as sa

from cchc.errors import BadDefinition
from cchc.figures.definitions import indicators
from cchc.figures.refresh import pending_periods, refresh
from cchc.loading.load import load
from cchc.periods import Month, periods_of
from tests.world import HUYEN, PROCEDURES, SO, XA, World, code

PROVINCE = "TONG:toan_tinh"
APRIL = "2025-04-01"
ADDITIVE = ("tiep_nhan", "ky_truoc", "da_giai_quyet", "dang_giai_quyet", "khong_co_han")
P1, P2, P3 = (p["MaTTHC"] for p in PROCEDURES)


def on(day: str, **values: str) -> dict:
    """A dossier received on that day of 2025 (mmdd) at 09:00, due a week later."""
    moment = f"2025{day}090000"
    due = f"2025{int(day) + 7:04d}090000"
    return {"ngay_nop_ho_so": moment, "ngay_tiep_nhan": moment, "ngay_hen_tra": due} | values


def done(day: str, status: str = "9", **values: str) -> dict:
    """Received on 5 March, due on 12 March, ended on that day of 2025 (mmdd) at 10:00."""
    return {"trang_thai_ho_so": status, "ngay_ket_thuc_xu_ly": f"2025{day}100000"} | values


def counted(world: World, *dossiers: dict, at: str = APRIL, upto: str = "2025-03") -> World:
    """Loads the dossiers and refreshes the months up to `upto`."""
    numbered = ({"ma_ho_so": code(n)} | d for n, d in enumerate(dossiers, 1))
    world.ingest("ho_so", world.dossiers(*numbered), at=at)
    for ky in pending_periods(world.engine):
        if ky <= upto:
            refresh(world.engine, ky)
    return world


def row(world: World, ma: str, unit: str, ky: str, ky_loai: str = "thang") -> tuple:
    found = world.rows(
        "SELECT gia_tri, ly_do_na, muc_tieu, dat FROM mart.chi_so WHERE ma_chi_so = :ma "
        "AND ma_don_vi = :unit AND ky = :ky AND ky_loai = :l",
        ma=ma,
        unit=unit,
        ky=ky,
        l=ky_loai,
    )
    assert len(found) == 1
    return found[0]


# --- each indicator -----------------------------------------------------------------------------


def test_t8_counts_procedures_once_at_every_grain(province):
    counted(
        province,
        on("0110", ma_tthc=P2),
        on("0305"),
        on("0306"),
        on("0305", ma_tthc=P3),  # the sở provides it at level 3 only
        on("0305", ma_tthc=P2, kenh_thuc_hien="1"),
        on("0305", don_vi_xu_ly=XA),
        on("0305", don_vi_xu_ly=XA, ma_tthc=P2, trang_thai_ho_so="3"),
        on("0305", don_vi_xu_ly=XA, ma_tthc=P3, da_xoa="1"),
        on("0305", don_vi_xu_ly=HUYEN),  # not provided there at all
    )
    # Sở: {1} of {1, 2}. Xã: {1} of {1, 2, 3}. Huyện provides nothing. Province: {1} of {1, 2, 3}, not 1 + 1.
    expected = {SO: (1, 2), XA: (1, 3), HUYEN: (0, 0), "TONG:so_nganh": (1, 2), "TONG:xa": (1, 3)}
    expected |= {"TONG:huyen": (0, 0), PROVINCE: (1, 3)}
    assert {unit: province.figure("T8", unit, "2025-03") for unit in expected} == expected
    # Year to date: the sở had procedure 2 online in January, so {1, 2} of {1, 2}; province {1, 2} of 3.
    to_date = {unit: province.figure("T8", unit, "2025-03", "luy_ke") for unit in expected}
    assert to_date == expected | {SO: (2, 2), "TONG:so_nganh": (2, 2), PROVINCE: (2, 3)}
    assert row(province, "T8", SO, "2025-03") == (Decimal("50.00"), None, 70, False)
    assert row(province, "T8", SO, "2025-03", "luy_ke") == (Decimal("100.00"), None, 70, True)
    assert row(province, "T8", HUYEN, "2025-03") == (
        None,
        "Đơn vị không cung cấp TTHC toàn trình nào vào ngày cuối kỳ",
        *(70, None),
    )


def test_t8_uses_the_catalogue_of_the_last_day_of_the_period(world):
    world.dimensions()
    upgraded = PROCEDURES[2] | {"NgayCapNhat": "20250325080000"}
    upgraded["DonViThucHien"] = [
        {"MaDonVi": SO, "MucDo": "3", "HieuLucTu": "20240101", "HieuLucDen": "20250331"},
        {"MaDonVi": SO, "MucDo": "4", "HieuLucTu": "20250401", "HieuLucDen": None},
    ]
    world.ingest("tthc", world.json([upgraded]))
    counted(world, on("0305", ma_tthc=P3), on("0405", ma_tthc=P1), at="2025-05-01", upto="2025-04")
    # March: the ső provides 1 and 2 at level 4, and 3 is not among them. April: all three, 1 of them online;
    # to date in April also 3, which was filed online in March when it was not yet toàn trình.
    assert world.figure("T8", SO, "2025-03") == (0, 2)
    assert world.figure("T8", SO, "2025-04") == (1, 3)
    assert world.figure("T8", SO, "2025-04", "luy_ke") == (2, 3)


def test_t9_null_channel_and_post_are_in_the_denominator(province):
    counted(
        province,
        on("0205"),
        *(on("0305", kenh_thuc_hien=channel) for channel in ("2", "2", "1", "3", "")),
        on("0305", trang_thai_ho_so="1"),
        on("0305", trang_thai_ho_so="3"),
        on("0305", da_xoa="1"),
        *(on("0305", kenh_thuc_hien=channel, don_vi_xu_ly=XA) for channel in ("2", "2", "1")),
    )
    # March: sở 2 of 5, xã 2 of 3, province 4 of 8. To date the sở has one more online in February.
    assert province.figure("T9", SO, "2025-03") == (2, 5)
    assert province.figure("T9", PROVINCE, "2025-03") == (4, 8)
    assert province.figure("T9", SO, "2025-03", "luy_ke") == (3, 6)
    assert row(province, "T9", SO, "2025-03") == (Decimal("40.00"), None, 60, False)
    assert row(province, "T9", XA, "2025-03") == (Decimal("66.67"), None, 60, True)
    assert row(province, "T9", "TONG:xa", "2025-03") == (Decimal("66.67"), None, 60, True)
    assert row(province, "T9", HUYEN, "2025-03") == (None, "Không tiếp nhận hồ sơ nào trong kỳ", 60, None)


def test_t11_leaves_out_procedures_without_a_result(province):
    counted(
        province,
        done("0310"),
        done("0310", "10", co_ket_qua_dien_tu="0"),
        done("0310", co_ket_qua_dien_tu=""),
        done("0310", ma_tthc=P3, co_ket_qua_dien_tu="0"),  # yields no result
        done("0310", ma_tthc="9.999999"),  # unknown: taken to yield one
        done("0310", "7"),
        done("0310", "8"),
        done("0310", ngay_ket_thuc_xu_ly=""),
        done("0310", don_vi_xu_ly=XA),
        on("0205", **done("0210")),
    )
    # Sở in March: with a link 1 + the unknown one, of 1, 10, blank and unknown: 2 of 4. To date 3 of 5.
    assert province.figure("T11", SO, "2025-03") == (2, 4)
    assert province.figure("T11", SO, "2025-03", "luy_ke") == (3, 5)
    assert province.figure("T11", PROVINCE, "2025-03") == (3, 5)
    assert row(province, "T11", XA, "2025-03") == (Decimal("100.00"), None, 100, True)


def test_t11_procedure_that_ended_still_yields_no_result(world):
    world.dimensions()
    ended = PROCEDURES[2] | {"HieuLucDen": "20250315", "NgayCapNhat": "20250315080000"}
    world.ingest("tthc", world.json([ended]))
    counted(world, done("0310", ma_tthc=P3, co_ket_qua_dien_tu="0"), done("0310"))
    # The dossier of 10 March had no result to give, and the catalogue says so.
    assert world.figure("T11", SO, "2025-03") == (1, 1)


def test_t12_needs_an_attached_file_and_the_result_where_there_is_one(province):
    counted(
        province,
        done("0310"),
        done("0310", so_tai_lieu_co_tep="0"),
        done("0310", so_tai_lieu_co_tep=""),
        done("0310", co_ket_qua_dien_tu="0"),
        done("0310", ma_tthc=P3, co_ket_qua_dien_tu="0"),
        done("0310", "7"),
        done("0310", don_vi_xu_ly=XA, co_ket_qua_dien_tu="0"),
        on("0205", **done("0210")),
    )
    # Sở: the first and the one of a procedure without result, of 5. Xã 0 of 1. To date 3 of 6.
    assert province.figure("T12", SO, "2025-03") == (2, 5)
    assert province.figure("T12", SO, "2025-03", "luy_ke") == (3, 6)
    assert province.figure("T12", PROVINCE, "2025-03") == (2, 6)
    assert row(province, "T12", SO, "2025-03") == (Decimal("40.00"), None, 100, False)


def test_t13_counts_online_dossiers_only(province):
    flag = "tai_khoan_duoc_xac_thuc_voi_vneid"
    counted(
        province,
        on("0305"),
        *(on("0305", **{flag: value}) for value in ("0", "", "7")),
        on("0305", kenh_thuc_hien="1"),
        on("0305", kenh_thuc_hien=""),
        on("0305", don_vi_xu_ly=XA),
        on("0205"),
    )
    # Sở: 1 of the 4 online ones (0, blank and the odd 7 are not verified). Province 2 of 5. To date 2 of 5.
    assert province.figure("T13", SO, "2025-03") == (1, 4)
    assert province.figure("T13", PROVINCE, "2025-03") == (2, 5)
    assert province.figure("T13", SO, "2025-03", "luy_ke") == (2, 5)


def test_dung_han_06a_compares_days(province):
    counted(
        province,
        done("0311"),
        done("0312", ngay_ket_thuc_xu_ly="20250312235959"),  # due that morning: the day counts
        done("0313"),
        done("0313", "10", ngay_hen_tra=""),
        done("0313", "7"),  # withdrawn: on time in this report
        done("0313", "8"),  # stopped: not finished in this report
        done("0310", ngay_ket_thuc_xu_ly=""),  # stays open
        done("0401", ngay_cap_nhat="20250401000000"),
        on("0205", **done("0213")),
        done("0311", don_vi_xu_ly=XA),
        at="2025-04-02",
    )
    # Sở in March: early, same day, without due date, withdrawn = 4 of 5; 1 without due date.
    assert province.figure("dung_han_06a", SO, "2025-03") == (4, 5)
    assert province.figure("khong_co_han", SO, "2025-03") == (1, None)
    # To date with February, where the end is a day after the due date: 4 of 6. Province 5 of 6 in March.
    assert province.figure("dung_han_06a", SO, "2025-03", "luy_ke") == (4, 6)
    assert province.figure("dung_han_06a", PROVINCE, "2025-03") == (5, 6)
    assert row(province, "dung_han_06a", SO, "2025-03") == (Decimal("80.00"), None, None, None)
    # Of 8 received by the sở in March and 0 carried over, 5 are finished and 3 open: the one without end,
    # the stopped one, the one that ends in April.
    assert province.figure("da_giai_quyet", SO, "2025-03") == (5, None)
    assert province.figure("dang_giai_quyet", SO, "2025-03") == (3, None)


# Received on 5 March, due on 12 March 09:00 unless it says otherwise.
ON_TIME_766 = {
    "a finished on the due day": done("0312"),
    "c one round, two days waited": done("0314", so_lan_bo_sung="1", tong_thoi_gian_bo_sung_phut="2880"),
    "g stopped in time": done("0311", "8"),
    "i open, due on the last day": {"ngay_hen_tra": "20250331090000"},
    "k waiting since before the due day": {
        "trang_thai_ho_so": "5",
        "so_lan_bo_sung": "1",
        "ngay_yeu_cau_bo_sung": "20250311100000",
    },
    "n same-day procedure, no due date, same day": done("0305", ma_tthc=P3, ngay_hen_tra=""),
    "q finished without an end: open, due on the last day": done(
        "0310", ngay_ket_thuc_xu_ly="", ngay_hen_tra="20250331090000"
    ),
    "r financial duty, due in April": {"trang_thai_ho_so": "6", "ngay_hen_tra": "20250405090000"},
}
LATE_766 = {
    "b finished a day late": done("0313"),
    "d one round, one day waited": done("0314", so_lan_bo_sung="1", tong_thoi_gian_bo_sung_phut="1440"),
    "e two rounds": done("0310", so_lan_bo_sung="2"),
    "f withdrawn a day late": done("0313", "7"),
    "h stopped a day late": done("0313", "8"),
    "j open, due the day before the last": {"ngay_hen_tra": "20250330090000"},
    "l waiting since after the due day": {
        "trang_thai_ho_so": "5",
        "so_lan_bo_sung": "1",
        "ngay_yeu_cau_bo_sung": "20250313100000",
    },
    "m waiting, second round": {
        "trang_thai_ho_so": "5",
        "so_lan_bo_sung": "2",
        "ngay_yeu_cau_bo_sung": "20250311100000",
    },
    "o no due date, procedure of days": done("0305", ngay_hen_tra=""),
    "p same-day procedure, a day later": done("0306", ma_tthc=P3, ngay_hen_tra=""),
}


def test_dung_han_766_month_by_month(province):
    dossiers = [*ON_TIME_766.values(), *LATE_766.values()]
    counted(province, *dossiers, at="2025-05-01", upto="2025-04")
    # March: 8 in time of 18.
    assert province.figure("dung_han_766", SO, "2025-03") == (8, 18)
    # April: 7 were open then (i j k l m q r); g and h had stopped in March. Only k is in time: it waits for
    # the citizen since before its due day. The others' due days lie before 30 April.
    assert province.figure("dung_han_766", SO, "2025-04") == (1, 7)
    # To date: ended in March a c n of 9, stopped g of 2, open at the end of April k of 7.
    assert province.figure("dung_han_766", SO, "2025-04", "luy_ke") == (5, 18)
    # The same dossiers in the report: finished are a b c d e f n o p; on time a e f n o p.
    assert province.figure("dung_han_06a", SO, "2025-03") == (6, 9)
    assert province.figure("khong_co_han", SO, "2025-03") == (3, None)
    assert province.figure("dang_giai_quyet", SO, "2025-03") == (9, None)
    assert row(province, "dung_han_766", SO, "2025-03")[0] == Decimal("44.44")


def test_dung_han_766_dossier_by_dossier(world):
    """Each case of the two tables at a unit of its own."""
    cases = ON_TIME_766 | LATE_766
    units = {name: f"000.00.{number}.H59" for number, name in enumerate(cases, start=20)}
    rows = [{"ma_don_vi": u, "ten_don_vi": f"Sở {u}", "cap": "so_nganh"} for u in units.values()]
    world.ingest("don_vi", world.csv(rows), at="2024-01-01")
    world.ingest("tthc", world.json(PROCEDURES))
    counted(world, *(dossier | {"don_vi_xu_ly": units[name]} for name, dossier in cases.items()))
    found = {name: world.figure("dung_han_766", unit, "2025-03") for name, unit in units.items()}
    assert found == dict.fromkeys(ON_TIME_766, (1, 1)) | dict.fromkeys(LATE_766, (0, 1))


def test_dung_han_766_judges_the_running_month_on_the_last_known_day(province):
    dossiers = [{"ngay_hen_tra": f"202503{day}090000"} for day in ("19", "20", "25")]
    counted(province, *dossiers, at="2025-03-21")
    # Known up to 20 March: due on the 19th is late, due on the 20th and 25th is not.
    assert province.figure("dung_han_766", SO, "2025-03") == (2, 3)
    # Nothing changes at the source, but it is known up to 25 and then to 31 March.
    waiting = {"trang_thai_ho_so": "1", "ngay_tiep_nhan": ""}
    for number, (at, in_time) in enumerate([("2025-03-26", 1), ("2025-04-01", 0)], start=10):
        province.ingest("ho_so", province.dossiers(waiting | {"ma_ho_so": code(number)}), at=at)
        refresh(province.engine, "2025-03")
        assert province.figure("dung_han_766", SO, "2025-03") == (in_time, 3)


def test_dung_han_766_waiting_dossier_asked_after_the_period_is_judged_at_its_end(province):
    asked = {"trang_thai_ho_so": "5", "so_lan_bo_sung": "1", "ngay_yeu_cau_bo_sung": "20250402100000"}
    counted(
        province,
        asked | {"ngay_hen_tra": "20250331090000", "ngay_cap_nhat": "20250402100000"},
        asked | {"ngay_hen_tra": "20250330090000", "ngay_cap_nhat": "20250402100000"},
        at="2025-05-01",
        upto="2025-04",
    )
    # On 31 March neither waited yet: due on the 31st is in time, due on the 30th is not.
    assert province.figure("dung_han_766", SO, "2025-03") == (1, 2)


def test_stopped_before_it_was_received_is_counted_in_its_month_of_receipt(province):
    """A status 8 whose end lies in an earlier month than its receipt must not vanish."""
    odd = on("0301", trang_thai_ho_so="8", ngay_ket_thuc_xu_ly="20250228100000")
    counted(province, odd)
    assert province.figure("tiep_nhan", SO, "2025-03") == (1, None)
    # In time: it ended (at the latest on the day of its receipt) before its due date.
    assert province.figure("dung_han_766", SO, "2025-03") == (1, 1)


# --- which month, which dossiers ----------------------------------------------------------------


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
        # T1, T7 and T8 have units and procedures for a denominator.
        "SELECT sum(tu_so), sum(mau_so) FROM mart.chi_so WHERE ma_chi_so NOT IN ('T1', 'T7', 'T8')"
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


@pytest.fixture
def several_months(province) -> World:
    """Fifteen dossiers over the turn of the year and four months."""
    before = {"ngay_tiep_nhan": "20241220090000", "ngay_nop_ho_so": "20241220090000"}
    return counted(
        province,
        before | done("0110"),
        before | done("0305"),
        before,
        before | done("0210", don_vi_xu_ly=XA),
        on("0105"),
        on("0105", **done("0131")),
        on("0105", don_vi_xu_ly=XA, **done("0201")),
        on("0220", **done("0320", "7")),
        on("0220", **done("0320", "8")),
        on("0220", don_vi_xu_ly=XA, trang_thai_ho_so="5"),
        on("0305", don_vi_xu_ly=XA, **done("0305", "10")),
        on("0305", don_vi_xu_ly=XA),
        on("0305", **done("0405")),
        on("0405", trang_thai_ho_so="6"),
        on("0401", **done("0401")),
        at="2025-05-01",
        upto="2025-04",
    )


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


def unbalanced(world: World) -> list[tuple]:
    """Rows in which carried over + received ≠ finished + open."""
    return world.rows(
        "SELECT ky_loai, ky, ma_don_vi FROM mart.chi_so GROUP BY ky_loai, ky, ma_don_vi HAVING "
        "sum(tu_so) FILTER (WHERE ma_chi_so IN ('ky_truoc', 'tiep_nhan')) <> "
        "sum(tu_so) FILTER (WHERE ma_chi_so IN ('da_giai_quyet', 'dang_giai_quyet'))"
    )


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


# --- succession ---------------------------------------------------------------------------------

OLD, NEW = "000.00.11.H59", "000.00.12.H59"


def merger(world: World) -> World:
    def unit(code: str, name: str, start: str, end: str | None, heir: str | None) -> dict:
        values = (code, name, "so_nganh", start, end, heir, "20250101000000")
        names = ("MaDonVi", "TenDonVi", "Cap", "HieuLucTu", "HieuLucDen", "MaDonViKeThua", "NgayCapNhat")
        return dict(zip(names, values, strict=True))

    units = [unit(OLD, "Sở Cũ", "20200101", "20250228", NEW), unit(NEW, "Sở Mới", "20250301", None, None)]
    world.ingest("don_vi", world.json(units))
    provider = {"MaDonVi": OLD, "MucDo": "4", "HieuLucTu": "20240101", "HieuLucDen": "20250228"}
    heir = provider | {"MaDonVi": NEW, "HieuLucTu": "20250301", "HieuLucDen": None}
    world.ingest("tthc", world.json([PROCEDURES[0] | {"DonViThucHien": [provider, heir]}]))
    return counted(
        world,
        on("0205", don_vi_xu_ly=OLD, **done("0220")),
        on("0205", don_vi_xu_ly=OLD, kenh_thuc_hien="1", **done("0310")),
        on("0228", don_vi_xu_ly=OLD, kenh_thuc_hien="1", ngay_hen_tra=""),
        on("0301", don_vi_xu_ly=NEW, kenh_thuc_hien="1"),
    )


def test_successor_answers_after_the_merger_and_totals_are_conserved(world):
    merger(world)
    flows = ("ky_truoc", "tiep_nhan", "da_giai_quyet", "dang_giai_quyet")
    # February at the old sở: 3 received, 1 finished, 2 open. March at the new one: these 2, and 1 received;
    # 1 finished; 2 open. To date: 4 received, 2 finished, at the new one.
    assert [world.figure(m, OLD, "2025-02")[0] for m in flows] == [0, 3, 1, 2]
    assert [world.figure(m, NEW, "2025-03")[0] for m in flows] == [2, 1, 1, 2]
    assert [world.figure(m, NEW, "2025-03", "luy_ke")[0] for m in flows] == [0, 4, 2, 2]
    assert world.figure("dang_giai_quyet", PROVINCE, "2025-02") == world.figure(
        "ky_truoc", PROVINCE, "2025-03"
    )
    assert unbalanced(world) == []
    seen = (
        "SELECT DISTINCT ky, ma_don_vi, ten_don_vi FROM mart.chi_so "
        "WHERE ma_don_vi NOT LIKE 'TONG%' AND ky_loai IN ('thang', 'luy_ke')"
    )
    assert sorted(world.rows(seen)) == [
        ("2025-01", OLD, "Sở Cũ"),
        ("2025-02", OLD, "Sở Cũ"),
        ("2025-03", NEW, "Sở Mới"),
    ]


def test_successor_has_the_procedures_that_were_filed_online_at_its_predecessor(world):
    merger(world)
    # Filed online in February at the old sở; to date in March it is the new one's, which provides it.
    assert world.figure("T8", OLD, "2025-02") == (1, 1)
    assert world.figure("T8", NEW, "2025-03") == (0, 1)
    assert world.figure("T8", NEW, "2025-03", "luy_ke") == (1, 1)
    assert world.figure("T8", PROVINCE, "2025-03", "luy_ke") == (1, 1)


def test_unit_that_ended_without_successor_keeps_its_dossiers(world):
    unit = {"MaDonVi": OLD, "TenDonVi": "Sở Cũ", "Cap": "so_nganh", "HieuLucTu": "20200101"}
    unit |= {"HieuLucDen": "20250228", "MaDonViKeThua": None, "NgayCapNhat": "20250101000000"}
    world.ingest("don_vi", world.json([unit, unit | {"MaDonVi": NEW, "TenDonVi": "Sở Khác"}]))
    world.ingest("tthc", world.json(PROCEDURES))
    counted(world, on("0205", don_vi_xu_ly=OLD))
    # The one still holds a dossier and is shown, the other ended with nothing.
    assert world.figure("dang_giai_quyet", OLD, "2025-03") == (1, None)
    assert world.rows("SELECT count(*) FROM mart.chi_so WHERE ma_don_vi = :u AND ky > '2025-02'", u=NEW) == [
        (0,)
    ]
    assert world.figure("dang_giai_quyet", PROVINCE, "2025-03") == (1, None)


def test_circle_of_successors_ends(world):
    def unit(code: str, heir: str) -> dict:
        return {
            "MaDonVi": code,
            "TenDonVi": f"Sở {code}",
            "Cap": "so_nganh",
            "HieuLucTu": "20200101",
            "HieuLucDen": "20250228",
            "MaDonViKeThua": heir,
            "NgayCapNhat": "20250101000000",
        }

    world.ingest("don_vi", world.json([unit(OLD, NEW), unit(NEW, OLD)]))
    world.ingest("tthc", world.json(PROCEDURES))
    counted(world, on("0205", don_vi_xu_ly=OLD))
    assert world.figure("dang_giai_quyet", PROVINCE, "2025-03") == (1, None)


# --- definitions are files ----------------------------------------------------------------------

TARGET = {"cap": ["toan_tinh"], "gia_tri": 60, "tu": "2025-01-01", "den": "2025-12-31", "nguon": "Thử"}
NEW_INDICATOR = {
    "ma": "buu_chinh",
    "phien_ban": 1,
    "thu_tu": 900,
    "ten": "Tỷ lệ hồ sơ bưu chính",
    "loai": "ty_le",
    "chieu": "giam",
    "can_cu": "Thử",
    "nguon": ["Thử"],
    "cach_tinh": "Thử",
    "luu_y": "Thử",
    "tu_so": [{"su_kien": "tiep_nhan", "dieu_kien": "kenh_thuc_hien = 3"}],
    "mau_so": [{"su_kien": "tiep_nhan"}],
    "ly_do_na": "Không có",
    "muc_tieu": [TARGET | {"gia_tri": 25}],
}


def test_new_indicator_is_one_new_file(province, definitions):
    definitions.add(**NEW_INDICATOR)
    # Post 1 of 4: 25 is met exactly, as low is good here; in February 1 of 1.
    counted(
        province,
        *(on("0305", kenh_thuc_hien=channel) for channel in ("3", "2", "1", "1")),
        on("0205", kenh_thuc_hien="3"),
    )
    assert province.figure("buu_chinh", SO, "2025-03") == (1, 4)
    assert row(province, "buu_chinh", PROVINCE, "2025-03") == (25, None, 25, True)
    assert row(province, "buu_chinh", PROVINCE, "2025-02") == (100, None, 25, False)
    assert row(province, "buu_chinh", SO, "2025-03") == (25, None, None, None)
    assert province.rows("SELECT ten, chieu FROM mart.dinh_nghia WHERE ma_chi_so = 'buu_chinh'") == [
        ("Tỷ lệ hồ sơ bưu chính", "giam")
    ]
    # And it goes with its file: its figures are taken back and that is on record.
    (definitions.folder / "buu_chinh.yaml").unlink()
    definitions.read_again()
    # Seven rows (three units, three levels, the province) in each of the periods that hold a part of March.
    assert refresh(province.engine, "2025-03").removed == 7 * len(periods_of(Month(2025, 3)))
    assert province.rows(
        "SELECT count(*) FROM mart.chi_so WHERE ma_chi_so = 'buu_chinh' AND ky = '2025-03'"
    ) == [(0,)]


def test_targets_have_a_level_and_a_time(province, definitions):
    definitions.change(
        "T9",
        muc_tieu=[
            TARGET | {"gia_tri": 50, "den": "2025-02-28"},
            TARGET | {"gia_tri": 66.67, "tu": "2025-03-01", "cap": ["toan_tinh", "xa"]},
        ],
    )
    both = [on(day, don_vi_xu_ly=XA, kenh_thuc_hien=c) for day in ("0205", "0305") for c in ("2", "2", "1")]
    counted(province, *both, on("0205", don_vi_xu_ly=XA, kenh_thuc_hien="1"))
    # February: 2 of 4 = 50.00, the province's target 50 is just met, communes have none.
    assert row(province, "T9", PROVINCE, "2025-02") == (50, None, 50, True)
    assert row(province, "T9", XA, "2025-02") == (50, None, None, None)
    # March: 2 of 3 = 66.67; the target in force on the last day of the period.
    target = Decimal("66.67")
    assert row(province, "T9", XA, "2025-03") == (target, None, target, True)
    assert row(province, "T9", "TONG:xa", "2025-03") == (target, None, target, True)
    # To date 4 of 7 = 57.14.
    assert row(province, "T9", PROVINCE, "2025-03", "luy_ke") == (Decimal("57.14"), None, target, False)
    assert row(province, "T9", SO, "2025-03")[2:] == (None, None)


def test_definitions_without_any_target_work(province, definitions):
    for ma, indicator in indicators().items():
        if indicator.cong_bo:
            definitions.change(ma, muc_tieu=[])
    counted(province, on("0305"))
    assert row(province, "T9", SO, "2025-03") == (100, None, None, None)


WRONG = {
    "unknown event": {"tu_so": [{"su_kien": "tiep_nan"}]},
    "unknown fact": {"tu_so": [{"fact": "van_ban", "su_kien": "tiep_nhan"}]},
    "ratio without denominator": {"mau_so": []},
    "ratio without reason": {"ly_do_na": None},
    "count with denominator": {"loai": "dem"},
    "field that does not exist": {"muc_tiu": []},
    "name of another file": {"ma": "khac"},
    "version 0": {"phien_ban": 0},
    "unknown level": {"muc_tieu": [TARGET | {"cap": ["tinh"]}]},
    "target that ends before it begins": {"muc_tieu": [TARGET | {"den": "2024-12-31"}]},
    "two targets for one day": {"muc_tieu": [TARGET, TARGET | {"tu": "2025-06-01", "gia_tri": 70}]},
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=list(WRONG))
def test_wrong_definition_is_refused_with_the_name_of_its_file(definitions, wrong):
    definitions.add(**NEW_INDICATOR)
    assert "buu_chinh" in indicators()
    definitions.add(**NEW_INDICATOR | wrong | {"ma": "buu_chinh"})
    if wrong.get("ma"):
        text = (definitions.folder / "buu_chinh.yaml").read_text().replace("ma: buu_chinh", "ma: khac")
        (definitions.folder / "buu_chinh.yaml").write_text(text)
        definitions.read_again()
    with pytest.raises(BadDefinition, match=r"buu_chinh\.yaml"):
        indicators()


def test_file_that_is_no_yaml_is_refused_with_its_name(definitions):
    (definitions.folder / "buu_chinh.yaml").write_text("ma: [", encoding="utf-8")
    with pytest.raises(BadDefinition, match=r"sql/indicators/buu_chinh\.yaml"):
        indicators()


def test_condition_with_a_percent_sign_or_a_cast_is_sql_like_any_other(province, definitions):
    term = {"su_kien": "tiep_nhan", "dieu_kien": "ma_tthc LIKE '1.0%' AND tiep_nhan::text < '2026'"}
    definitions.add(**NEW_INDICATOR | {"tu_so": [term]})
    counted(province, on("0305"))
    assert province.figure("buu_chinh", SO, "2025-03") == (1, 1)


def test_shown_columns_agree_with_the_definition(several_months):
    kinds = {ma: indicator.loai for ma, indicator in indicators().items()}
    for ma, kind in kinds.items():
        values = several_months.rows(
            "SELECT count(mau_so), count(*) FILTER (WHERE gia_tri = tu_so), count(tu_so) FROM mart.chi_so "
            "WHERE ma_chi_so = :ma",
            ma=ma,
        )[0]
        if kind == "diem":
            assert (values[0], values[2]) == (0, 0), ma
        elif not indicators()[ma].cong_bo:
            assert values == (0, 0, 0), ma
        elif kind == "dem":
            assert (values[0], values[1]) == (0, values[2]), ma
        else:
            counted = several_months.rows(
                "SELECT count(*) FROM mart.chi_so INNER JOIN mart.ky USING (ky_loai, ky) "
                "WHERE ma_chi_so = :ma AND mart.ky.ly_do_na IS NULL",
                ma=ma,
            )
            assert counted == [(values[0],)], ma


def test_loading_again_gives_the_same_figures(several_months):
    before = several_months.content("mart.chi_so")
    batch_id = several_months.rows("SELECT max(batch_id) FROM ops.batch")[0][0]
    load(several_months.engine, batch_id)
    with several_months.engine.begin() as connection:
        connection.execute(sa.text("UPDATE ops.period SET changed = nextval('ops.period_change')"))
    several_months.refresh_all()
    assert several_months.content("mart.chi_so") == before
