"""Every indicator on a handful of dossiers whose figures are worked out by hand in a comment."""

from decimal import Decimal

from cchc.figures.refresh import refresh
from tests.figures.by_hand import PROVINCE, counted, done, on, row
from tests.world import HUYEN, PROCEDURES, SO, XA, code

ADDITIVE = ("tiep_nhan", "ky_truoc", "da_giai_quyet", "dang_giai_quyet", "khong_co_han")


P1, P2, P3 = (p["MaTTHC"] for p in PROCEDURES)


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
