"""The lists for officers: what is overdue, what soon will be, and which lines still have to be corrected."""

from datetime import datetime

import pytest
import sqlalchemy as sa

from cchc.contracts import contract_of, contracts
from cchc.errors import BatchStopped
from cchc.judging.suites import rules_of
from cchc.judging.validation import validate
from tests.world import FULL, HUYEN, SO, UNITS, XA, World, code

# A Tuesday; Wednesday 30 April to Friday 2 May and the weekend before it were days off.
NOW = "2025-05-06 10:00"
OPEN = {
    "ngay_nop_ho_so": "20250303080000",
    "ngay_tiep_nhan": "20250303080000",
    "ngay_cap_nhat": "20250303080000",
    "trang_thai_ho_so": "4",
}
LISTS = ("mart.ho_so_qua_han", "mart.ho_so_sap_den_han", "mart.dong_loi", "mart.loi_du_lieu")


def due(text: str, **change: str) -> dict:
    """An open dossier that is due at a moment (yyyyMMddHHmm)."""
    return OPEN | {"ngay_hen_tra": f"{text}00" if text else ""} | change


def hear_of(world: World, moment: str) -> None:
    """Loads an export made at a moment that speaks of none of the dossiers listed."""
    ended = {"trang_thai_ho_so": "10", "ngay_ket_thuc_xu_ly": "20250106080000", "ngay_tra": "20250106090000"}
    received = dict.fromkeys(("ngay_nop_ho_so", "ngay_tiep_nhan", "ngay_cap_nhat"), "20250103080000")
    world.add(
        {"ma_ho_so": code(9000 + world.files), "ngay_hen_tra": "20250107080000"} | ended | received, at=moment
    )


def overdue(world: World) -> dict[int, int | None]:
    """Number of the dossier → working days late."""
    return numbered(world, "SELECT ma_ho_so, so_ngay_lam_viec_tre FROM mart.ho_so_qua_han")


def near_due(world: World) -> dict[int, float]:
    """Number of the dossier → working hours left."""
    rows = numbered(world, "SELECT ma_ho_so, so_gio_lam_viec_con_lai FROM mart.ho_so_sap_den_han")
    return {number: float(hours) for number, hours in rows.items()}


def numbered(world: World, query: str) -> dict:
    return {int(ma[-4:]): value for ma, value in world.rows(query)}


# Overdue --------------------------------------------------------------------------------------


def test_a_dossier_is_overdue_once_the_day_it_was_due_is_over(province: World):
    province.add(
        due("202505051600"),  # yesterday
        due("202504300900"),  # a holiday: Monday and Tuesday have passed since
        due("202505030900"),  # a Saturday: the same two days
        due("202504251000"),  # Saturday 26 April was at work, then 28, 29 April, 5, 6 May
        due("202505060900"),  # today, though the hour is over
        due("202505070900"),
        at=NOW,
    )
    assert overdue(province) == {1: 1, 2: 2, 3: 2, 4: 5}


def test_only_open_dossiers_with_a_due_date_can_be_late(province: World):
    late = "202505051600"
    ended = {"ngay_ket_thuc_xu_ly": "20250506080000", "ngay_tra": "20250506090000"}
    province.add(
        due(late, trang_thai_ho_so="2"),
        due(late, trang_thai_ho_so="5"),
        due(late, trang_thai_ho_so="6"),
        due(late, trang_thai_ho_so="9"),  # finished, they say, but not when: still open (HS05)
        due(""),
        due(late, trang_thai_ho_so="8", ngay_ket_thuc_xu_ly="20250401080000"),
        due(late, trang_thai_ho_so="8"),
        due(late, trang_thai_ho_so="10", **ended),
        due(late, trang_thai_ho_so="7", **ended),
        due(late, trang_thai_ho_so="3"),
        due(late, da_xoa="1"),
        due(late, trang_thai_ho_so="1", ngay_tiep_nhan=""),
        at=NOW,
    )
    assert overdue(province) == {1: 1, 2: 1, 3: 1, 4: 1}
    assert province.rows("SELECT trang_thai_ho_so, trang_thai FROM mart.ho_so_qua_han ORDER BY 1") == [
        (2, "Được tiếp nhận"),
        (5, "Yêu cầu bổ sung giấy tờ"),
        (6, "Yêu cầu thực hiện nghĩa vụ tài chính"),
        (9, "Đã xử lý xong"),
    ]


def test_a_late_dossier_comes_with_everything_to_find_it(province: World):
    batch = province.add({}, due("202505051600", ma_tthc="1.000002", don_vi_xu_ly=XA), at=NOW)
    [row] = province.rows("SELECT * FROM mart.ho_so_qua_han WHERE ma_don_vi = :xa", xa=XA)
    assert row == (
        datetime(2025, 5, 6, 10),
        *(XA, "UBND Phường 1, Thành phố Trà Vinh", "xa", code(2), "1.000002", "Thủ tục số 2"),
        *(datetime(2025, 3, 3, 8), datetime(2025, 5, 5, 16), 1, 4, "Đang xử lý"),
        *(batch.batch_id, batch.original_name, 3),
    )


def test_lateness_moves_with_the_data_and_not_with_the_clock(province: World):
    province.add(due("202505051600"), at="2025-05-05 23:59")
    assert overdue(province) == {}
    # The next pull brings nothing about this dossier, but speaks of a later moment.
    hear_of(province, "2025-05-06")
    assert overdue(province) == {1: 1}
    hear_of(province, "2025-05-12")
    assert overdue(province) == {1: 5}
    assert {row[0] for row in province.rows("SELECT tinh_den FROM mart.ho_so_qua_han")} == {
        datetime(2025, 5, 12)
    }


@pytest.fixture
def in_2027(monkeypatch: pytest.MonkeyPatch) -> None:
    """A year of which nobody has entered the calendar yet has begun."""
    monkeypatch.setattr("cchc.reading.child.local_now", lambda: datetime(2027, 2, 1))


@pytest.mark.usefixtures("in_2027")
def test_days_that_no_calendar_holds_are_unknown_and_the_dossier_is_listed(province: World):
    old = {"ngay_nop_ho_so": "20231201080000", "ngay_tiep_nhan": "20231201080000"}
    province.add(due("202312291600", **old), due("202505051600"), at=NOW)
    assert overdue(province) == {1: None, 2: 1}
    hear_of(province, "2027-01-05")
    assert overdue(province) == {1: None, 2: None}


def test_statuses_are_called_as_in_the_contract(province: World):
    [layout] = [layout for layout in contract_of("ho_so").layouts if layout.codes]
    words = {int(status): words[0] for status, words in layout.codes["trang_thai_ho_so"].items()}
    assert dict(province.rows("SELECT trang_thai_ho_so, ten FROM core.trang_thai")) == words


# Near due -------------------------------------------------------------------------------------


def test_a_dossier_is_near_due_for_24_working_hours(province: World):
    province.add(
        due("202505051600"),  # late already
        due("202505060900"),  # today, an hour ago: not late until midnight
        due("202505061600"),  # an hour and a half before lunch, two and a half after
        due("202505091000"),  # three days of eight hours
        due("202505091001"),
        due(""),
        due("202505061600", trang_thai_ho_so="8"),
        due("202505061600", trang_thai_ho_so="10", ngay_ket_thuc_xu_ly="20250506090000"),
        at=NOW,
    )
    assert near_due(province) == {2: 0, 3: 4, 4: 24}


def test_the_weekend_and_holidays_do_not_use_up_the_hours(province: World):
    # Tuesday evening before five days off: until Wednesday the 7th at 17:00 are 24 hours.
    province.add(due("202505071700"), due("202505080701"), at="2025-04-29 18:00")
    assert near_due(province) == {1: 24}


def test_due_while_the_office_is_closed_is_due_before_it_opens(province: World):
    # 24 hours from Tuesday 17:00 end on Friday at 17:00; until Monday morning nobody works.
    province.add(
        due("202503071700"), due("202503071830"), due("202503081000"), due("202503100700"),
        due("202503100701"), at="2025-03-04 17:00",
    )  # fmt: skip
    assert near_due(province) == {1: 24, 2: 24, 3: 24, 4: 24}


def test_no_dossier_is_on_both_lists_and_none_falls_between_them(province: World):
    hours = [f"202505{day:02}{hour:02}{minute:02}" for day in (5, 6, 8, 9) for hour in (0, 9, 10, 23)
             for minute in (0, 1)]  # fmt: skip
    province.add(*map(due, hours), at=NOW)
    late, near = set(overdue(province)), set(near_due(province))
    assert late == {n for n, text in enumerate(hours, 1) if text < "202505060000"}
    assert near == {n for n, text in enumerate(hours, 1) if "202505060000" <= text <= "202505091000"}


@pytest.mark.usefixtures("in_2027")
def test_without_next_year_s_calendar_nothing_is_called_near_due(province: World):
    province.add(due("202701041000"), at="2026-12-30 10:00")
    with pytest.raises(sa.exc.DBAPIError, match="no day 2027-01-01"):
        near_due(province)
    assert overdue(province) == {}


# Units that end -------------------------------------------------------------------------------

NEW_SO = "000.00.77.H59"


@pytest.fixture
def merged(world: World) -> World:
    """A province in which the sở has been taken over by another one on 1 March 2025."""
    world.dimensions()
    columns = ["ma_don_vi", "ten_don_vi", "cap", "hieu_luc_tu", "hieu_luc_den", "ma_don_vi_ke_thua"]
    old = UNITS[1] | {"hieu_luc_tu": "", "hieu_luc_den": "20250228", "ma_don_vi_ke_thua": NEW_SO}
    new = {"ma_don_vi": NEW_SO, "ten_don_vi": "Sở mới", "cap": "so_nganh", "hieu_luc_tu": "20250301"}
    world.ingest("don_vi", world.csv([old, new], columns), at="2025-02-25")
    return world


def test_a_successor_answers_for_what_its_predecessor_left(merged: World):
    received = dict.fromkeys(("ngay_nop_ho_so", "ngay_tiep_nhan", "ngay_cap_nhat"), "20250220080000")
    merged.add(
        due("202502271600", **received),
        due("202503071600", **received),
        due("202503051600", **received, kenh_thuc_hien="9"),
        at="2025-02-28 12:00",
    )
    query = "SELECT ma_don_vi, ten_don_vi FROM {} WHERE ma_ho_so = :ma"
    assert merged.rows(query.format(LISTS[0]), ma=code(1)) == [(SO, "Sở Xây dựng")]
    hear_of(merged, "2025-03-04 12:00")
    assert merged.rows(query.format(LISTS[0]), ma=code(1)) == [(NEW_SO, "Sở mới")]
    assert merged.rows(query.format(LISTS[1]), ma=code(3)) == [(NEW_SO, "Sở mới")]
    assert merged.rows("SELECT ma_don_vi, so_dong FROM mart.loi_du_lieu WHERE rule_id = 'HS11'") == [
        (NEW_SO, 1)
    ]


# Faulty lines ---------------------------------------------------------------------------------

GOOD = [{}] * 60  # a few bad lines among them stay below the threshold of 5 %
UNKNOWN_UNIT = {"don_vi_xu_ly": "000.00.99.H59"}
NO_CHANNEL = {"kenh_thuc_hien": ""}
BAD_DUE_DATE = {"ngay_hen_tra": "00010101000000"}


def faults(world: World) -> list[tuple]:
    return world.rows(
        "SELECT muc_do, rule_id, ma_don_vi, so_dong, so_dong_bi_loai FROM mart.loi_du_lieu ORDER BY 1, 2, 3"
    )


def lines(world: World) -> list[tuple]:
    """(rule, key, batch, line) of all lines still to be corrected."""
    return world.rows("SELECT rule_id, khoa, batch_id, line_no FROM mart.dong_loi ORDER BY 1, 2, 3, 4")


def test_faults_are_counted_by_unit_and_rule(province: World):
    batch = province.add(
        *GOOD,
        NO_CHANNEL,
        NO_CHANNEL | {"don_vi_xu_ly": XA},
        BAD_DUE_DATE | {"don_vi_xu_ly": HUYEN},
        BAD_DUE_DATE | NO_CHANNEL | {"don_vi_xu_ly": XA},
        at=NOW,
    )
    assert (batch.lines_accepted, batch.lines_rejected) == (62, 2)
    assert faults(province) == [
        ("canh_bao", "HS11", SO, 1, 0),
        ("canh_bao", "HS11", XA, 2, 1),
        ("loai", "HS10", HUYEN, 1, 1),
        ("loai", "HS10", XA, 1, 1),
    ]
    [row] = province.rows("SELECT * FROM mart.loi_du_lieu WHERE ma_don_vi = :u", u=HUYEN)
    assert row == (
        *("ho_so", "loai", "HS10", HUYEN, "UBND Thành phố Trà Vinh", "huyen"),
        *(rules_of("ho_so")["HS10"].reason, 1, 1, batch.batch_id, datetime(2025, 5, 6, 10)),
    )


def test_lines_of_no_known_unit_stand_under_their_own_heading(province: World):
    province.add(*GOOD, UNKNOWN_UNIT, {"ma_ho_so": ""}, at=NOW)
    assert faults(province) == [("loai", "HS01", SO, 1, 1), ("loai", "HS14", "KHONG_RO", 1, 1)]
    assert province.rows("SELECT ten_don_vi, cap FROM mart.loi_du_lieu WHERE rule_id = 'HS14'") == [
        ("Không rõ đơn vị", None)
    ]


def test_every_line_that_a_rule_counted_is_listed(province: World):
    province.add(
        *GOOD, NO_CHANNEL, BAD_DUE_DATE | NO_CHANNEL, UNKNOWN_UNIT | BAD_DUE_DATE, {"ma_ho_so": ""}, at=NOW
    )
    counted = province.rows(
        "SELECT rule_id, failed_count FROM ops.validation_result WHERE scope = 'dong' AND failed_count > 0 "
        "ORDER BY 1"
    )
    assert counted == [("HS01", 1), ("HS10", 2), ("HS11", 2), ("HS14", 1)]
    assert province.rows("SELECT rule_id, count(*) FROM mart.dong_loi GROUP BY 1 ORDER BY 1") == counted


def test_a_corrected_line_leaves_the_list_and_an_older_file_does_not_bring_it_back(province: World):
    wrong = {"ngay_cap_nhat": "20250306090000"}
    first = province.add(*GOOD, NO_CHANNEL | wrong, BAD_DUE_DATE | wrong, at="2025-03-07").batch_id
    assert lines(province) == [("HS10", code(62), first, 63), ("HS11", code(61), first, 62)]
    right = {"ngay_cap_nhat": "20250308090000"}
    corrected = [{"ma_ho_so": code(n)} | right for n in (61, 62)]
    province.add(*corrected, at="2025-03-09")
    assert lines(province) == []
    # A file from before: its faults were corrected since, and the newest state stays.
    old = {"ngay_cap_nhat": "20250305100000"}
    province.add(
        *GOOD, NO_CHANNEL | old, BAD_DUE_DATE | old, {"ma_ho_so": code(61)} | NO_CHANNEL, at="2025-03-06"
    )
    assert lines(province) == []


def test_an_older_good_state_does_not_correct_a_rejected_newer_one(province: World):
    newer = {"ma_ho_so": code(1), "ngay_cap_nhat": "20250308090000"}
    batch = province.add(
        *[{"ma_ho_so": code(n)} for n in range(2, 62)], BAD_DUE_DATE | newer, at="2025-03-09"
    )
    province.add({"ma_ho_so": code(1)}, at="2025-03-06")
    assert lines(province) == [("HS10", code(1), batch.batch_id, 62)]


def test_a_change_time_in_the_future_can_be_corrected(province: World):
    """HS30: that time is wrong itself; what was exported later is newer."""
    batch = province.add(*GOOD, {"ngay_cap_nhat": "20520305090000"}, at="2025-03-07").batch_id
    assert lines(province) == [("HS30", code(61), batch, 62)]
    province.add({"ma_ho_so": code(61), "ngay_cap_nhat": "20250308090000"}, at="2025-03-09")
    assert lines(province) == []


def test_a_line_rejected_again_and_again_counts_once_as_it_came_last(province: World):
    province.add(*GOOD, BAD_DUE_DATE, at="2025-03-07")
    again = province.add(*GOOD, BAD_DUE_DATE | {"ngay_cap_nhat": "20250308090000"}, at="2025-03-09").batch_id
    assert lines(province) == [("HS10", code(61), again, 62)]


def test_both_of_two_contradicting_lines_are_listed_until_the_warehouse_goes_by_a_newer_one(province: World):
    batch = province.add(*GOOD, {"ma_ho_so": code(1)} | NO_CHANNEL, at="2025-03-07").batch_id
    both = [("HS01b", code(1), batch, 2), ("HS01b", code(1), batch, 62)]
    # The last line stands for both; that it names no channel is made up for by the other one.
    assert lines(province) == [*both, ("HS11", code(1), batch, 62)]
    province.add({"ngay_cap_nhat": "20250308090000"}, at="2025-03-09")
    assert lines(province) == []


def test_a_line_that_contradicts_what_another_file_brought_is_listed_whichever_wins(province: World):
    first = province.add({"kenh_thuc_hien": "2"}, at="2025-03-07").batch_id
    lesser = province.add({"kenh_thuc_hien": "1"}, at="2025-03-08").batch_id
    # The first line is held still; what is told is that the second one says otherwise.
    assert lines(province) == [("HS01b", code(1), lesser, 2)]
    assert province.rows("SELECT batch_id, held_batch_id FROM ops.contradiction") == [(lesser, first)]
    greater = province.add({"kenh_thuc_hien": "3"}, at="2025-03-09").batch_id
    assert lines(province) == [("HS01b", code(1), greater, 2)]
    counted = "SELECT batch_id, failed_count FROM ops.validation_result WHERE rule_id = 'HS01b' ORDER BY 1"
    assert province.rows(counted) == [(first, 0), (lesser, 1), (greater, 1)]


def test_of_a_batch_that_was_stopped_nothing_is_listed(province: World):
    batch_id = province.land("ho_so", province.dossiers({}, BAD_DUE_DATE), at=NOW)
    with pytest.raises(BatchStopped):
        validate(province.engine, batch_id)
    assert lines(province) == []


def test_a_line_that_waited_for_its_unit_leaves_the_list_when_it_is_judged_again(world: World):
    world.dimensions()
    path = world.dossiers(*GOOD, UNKNOWN_UNIT)
    world.ingest("ho_so", path, at=NOW)
    assert faults(world) == [("loai", "HS14", "KHONG_RO", 1, 1)]
    unit = {"ma_don_vi": UNKNOWN_UNIT["don_vi_xu_ly"], "ten_don_vi": "UBND Xã Mới", "cap": "xa"}
    world.ingest("don_vi", world.csv([*UNITS, unit]), at="2024-06-01")
    world.ingest("ho_so", path, at=NOW)
    assert faults(world) == []


def test_faults_of_catalogues_are_listed_too(world: World):
    world.dimensions()
    units = [
        {"ma_don_vi": f"000.{n:02}.77.H59", "ten_don_vi": f"UBND Xã số {n}", "cap": "xa"} for n in range(60)
    ]
    units.append({"ma_don_vi": "000.99.77.H59", "ten_don_vi": "", "cap": "xa"})
    batch, _ = world.ingest("don_vi", world.csv(units), at="2024-06-01")
    assert lines(world) == [("DV02", "000.99.77.H59", batch.batch_id, 62)]
    assert faults(world) == [("loai", "DV02", "KHONG_RO", 1, 1)]
    units[-1]["ten_don_vi"] = "UBND Xã số 99"
    world.ingest("don_vi", world.csv(units), at="2024-07-01")
    assert lines(world) == []


@pytest.mark.parametrize("dataset", contracts())
def test_every_dataset_says_which_line_its_newest_state_comes_from(province: World, dataset: str):
    [(text,)] = province.rows("SELECT pg_get_viewdef('core.dong_hien_hanh'::regclass)")
    assert f"'{dataset}'::text AS dataset" in text, "add a branch to sql/views/core.dong_hien_hanh.sql"


# Who may see them -----------------------------------------------------------------------------


def test_stewards_read_the_lists(province: World):
    province.add(*GOOD, due("202505051600"), due("202505061600"), NO_CHANNEL, BAD_DUE_DATE, at=NOW)
    for view in LISTS:
        with province.engine.begin() as connection:
            connection.exec_driver_sql("SET LOCAL ROLE cchc_steward")
            rows = connection.exec_driver_sql(f"SELECT * FROM {view}").all()
        assert rows, view


def test_no_person_is_in_the_lists(province: World):
    person = {
        "chu_ho_so": "Nguyễn Thị Thử Nghiệm",
        "so_dien_thoai": "0912345678",
        "email": "thu.nghiem@example.vn",
        "so_giay_to_chu_ho_so": "084199912345",
    }
    slipped = BAD_DUE_DATE | {"ma_ho_so": "0912345678", "don_vi_xu_ly": "thu.nghiem@example.vn"}
    changes = [*GOOD, due("202505051600") | person, due("202505061600") | person, slipped | person]
    columns = [*FULL, *person]
    path = province.dossiers(*changes, columns=columns)
    province.ingest("ho_so", path.rename(path.with_name("gui 0912345678.csv")), at=NOW)
    shown = "\n".join(str(province.rows(f"SELECT to_jsonb(v)::text FROM {view} AS v")) for view in LISTS)
    assert '"ten_tep": "tệp ' in shown and '"khoa": null' in shown
    for secret in ("Thử Nghiệm", "0912345678", "thu.nghiem", "084199912345"):
        assert secret not in shown
