"""Loading dossiers: which state wins, what is erased, which lines count, which months are touched."""

import itertools

import pytest
import sqlalchemy as sa
import xlsxwriter

from cchc.contracts import contract_of
from cchc.errors import BadFile, BatchStopped
from cchc.judging.validation import validate
from cchc.loading.load import load
from tests.loading.dossiers import FINISHED, JULY, SHORT, batch_counts, dossier, received
from tests.world import SO, World, code

# --- which state wins ---------------------------------------------------------------------------


VERSIONS = [
    {"trang_thai_ho_so": "4", "ngay_cap_nhat": "20250305090000"},
    FINISHED | {"ngay_cap_nhat": "20250310100000"},
    {"trang_thai_ho_so": "10", "ngay_ket_thuc_xu_ly": "20250310100000", "ngay_cap_nhat": "20250312080000"},
]


ORDERS = list(itertools.permutations(range(3)))


def add_in_all_orders(world: World, versions: list[dict]) -> None:
    """Dossier n gets the three versions in the n-th of all orders, one version a file."""
    for turn in range(3):
        world.add(*(versions[order[turn]] for order in ORDERS))


def test_newest_change_time_wins_whatever_the_order(province):
    add_in_all_orders(province, VERSIONS)
    columns = "trang_thai_ho_so, ngay_cap_nhat::text"
    found = [dossier(province, columns, number) for number in range(1, 7)]
    assert found == [(10, "2025-03-12 08:00:00")] * 6


def test_older_full_record_after_a_newer_short_one_fills_only_what_was_unknown(province):
    province.add(FINISHED | {"ngay_cap_nhat": "20250310100000"}, columns=[*SHORT, "ngay_cap_nhat"])
    assert dossier(province, "kenh_thuc_hien, ngay_nop_ho_so, da_xoa") == (None, None, None)
    batch = province.add({"kenh_thuc_hien": "2", "ngay_cap_nhat": "20250305090000"})
    # Status and end come from the newer short record, the channel from the older full one.
    assert dossier(province, "trang_thai_ho_so, ngay_ket_thuc::text, kenh_thuc_hien, da_xoa") == (
        *(9, "2025-03-10"),
        *(2, 0),
    )
    assert dossier(province, "ngay_cap_nhat::text") == ("2025-03-10 10:00:00",)
    assert batch.lines_accepted == 1


def test_column_filled_by_an_older_record_still_yields_to_one_in_between(province):
    province.add(FINISHED | {"ngay_cap_nhat": "20250320000000"}, columns=[*SHORT, "ngay_cap_nhat"])
    province.add({"kenh_thuc_hien": "2", "ngay_cap_nhat": "20250301000000"})
    province.add({"kenh_thuc_hien": "3", "ngay_cap_nhat": "20250310000000"})
    province.add({"kenh_thuc_hien": "1", "ngay_cap_nhat": "20250305000000"})
    # Channel known at 1, 5 and 10 March: the last of them wins; status stays that of 20 March.
    assert dossier(province, "kenh_thuc_hien, trang_thai_ho_so") == (3, 9)


@pytest.mark.parametrize("columns", [SHORT, [*SHORT, "kenh_thuc_hien"]])
def test_csv_with_fewer_columns_never_erases(province, columns):
    province.add({"kenh_thuc_hien": "2", "so_lan_bo_sung": "1"})
    province.ingest(
        "ho_so", province.dossiers(FINISHED | {"kenh_thuc_hien": "1"}, columns=columns), at="2025-04-01"
    )
    channel = 1 if "kenh_thuc_hien" in columns else 2
    assert dossier(
        province, "trang_thai_ho_so, kenh_thuc_hien, so_lan_bo_sung, co_ket_qua_dien_tu, da_xoa"
    ) == (9, channel, 1, 1, 0)


def test_vendor_workbook_never_erases_what_it_does_not_carry(province):
    province.add({"tai_khoan_duoc_xac_thuc_voi_vneid": "1", "so_tai_lieu_co_tep": "3"})
    path = province.folder / "thang_3.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        rows = [
            ["DANH SÁCH HỒ SƠ"],
            ["Thời điểm xuất: 31/03/2025 17:00"],
            [
                *("STT", "Đơn vị xử lý", "Mã TTHC", "Mã hồ sơ", "Trạng thái", "Hình thức nộp"),
                *("Chủ hồ sơ", "Ngày tiếp nhận", "Ngày hẹn trả", "Ngày kết thúc xử lý"),
            ],
            ["Sở ban ngành"],
            [
                *("1", "Sở Xây dựng", "1.000001", code(1), "Đã xử lý xong", "Trực tiếp"),
                *("Nguyễn Văn Thử", "05/03/2025 09:00", "12/03/2025 09:00", "10/03/2025 10:00"),
            ],
            ["Tổng số", "1"],
        ]
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    batch, _ = province.ingest("ho_so", path)
    assert (batch.lines_read, batch.stated_total, batch.lines_accepted) == (1, 1, 1)
    assert dossier(
        province,
        "trang_thai_ho_so, kenh_thuc_hien, tai_khoan_duoc_xac_thuc_voi_vneid, so_tai_lieu_co_tep, "
        "ngay_cap_nhat::text, line_no",
    ) == (9, 1, 1, 3, "2025-03-31 17:00:00", 5)


def test_column_that_is_present_and_blank_clears(province):
    province.add(FINISHED | {"ngay_cap_nhat": "20250310100000"})
    # Re-opened: the source clears the end (domain.md 3.3).
    province.add({"ngay_ket_thuc_xu_ly": "", "ngay_cap_nhat": "20250315080000"})
    assert dossier(province, "trang_thai_ho_so, ngay_ket_thuc_xu_ly, ngay_ket_thuc::text") == (
        4,
        None,
        "infinity",
    )


CLASH = [
    {"kenh_thuc_hien": "1", "trang_thai_ho_so": "4"},
    {"kenh_thuc_hien": "3", "trang_thai_ho_so": "2"},
    {"kenh_thuc_hien": "", "trang_thai_ho_so": "6"},
]


def test_same_time_and_different_content_gives_one_result_whatever_the_order(province):
    add_in_all_orders(province, CLASH)
    rows = province.rows("SELECT to_jsonb(h) - '{ma_ho_so,batch_id,line_no}'::text[] FROM core.ho_so AS h")
    assert len(rows) == 6
    assert all(row == rows[0] for row in rows)


# --- one dossier, one row -----------------------------------------------------------------------


@pytest.mark.parametrize("columns", [None, [*SHORT, "ngay_cap_nhat"]])
def test_moved_month_of_receipt_moves_the_partition(province, columns):
    province.add({"ngay_tiep_nhan": "20250228235900"})
    province.add(
        {
            "ngay_tiep_nhan": "20250301000000",
            "ngay_hen_tra": "20250401000000",
            "ngay_cap_nhat": "20250306000000",
        },
        columns=columns,
    )
    assert dossier(province, "tableoid::regclass::text") == ("core.ho_so_2025_03",)
    # Received at last, after it had been known as not received.
    waiting = {"ma_ho_so": code(2), "ngay_tiep_nhan": "", "ngay_hen_tra": "", "trang_thai_ho_so": "1"}
    province.add(waiting)
    assert dossier(province, "tableoid::regclass::text", 2) == ("core.ho_so_chua_tiep_nhan",)
    province.add({"ma_ho_so": code(2), "ngay_cap_nhat": "20250307000000"}, columns=columns)
    assert dossier(province, "tableoid::regclass::text", 2) == ("core.ho_so_2025_03",)


def test_no_dossier_stands_twice_after_many_moves(province):
    months = ["20250110", "20250210", "20250310", "20241210"]
    for number, day in enumerate([*months, months[0], months[2]]):
        province.add(
            *(
                {
                    "ngay_tiep_nhan": f"{day}080000",
                    "ngay_nop_ho_so": f"{day}080000",
                    "ngay_cap_nhat": f"202503{10 + (number * 7 + n) % 20}000000",
                }
                for n in range(8)
            )
        )
    assert province.rows("SELECT count(*), count(DISTINCT ma_ho_so) FROM core.ho_so") == [(8, 8)]


def test_core_and_mart_have_no_personal_column(province):
    personal = {c.name for d in ("ho_so", "tthc", "don_vi") for c in contract_of(d).columns if c.personal}
    assert {"chu_ho_so", "so_dien_thoai", "so_giay_to_chu_ho_so", "email", "dia_chi"} <= personal
    names = {
        name
        for (name,) in province.rows(
            "SELECT column_name FROM information_schema.columns "
            "WHERE table_schema IN ('core', 'mart', 'staging', 'ops')"
        )
    }
    assert not names & personal


def test_no_personal_value_reaches_the_database(province):
    secret = {
        "ChuHoSo": "Trần Thị Bí Mật",
        "SoDienThoai": "0109998887",
        "Email": "bi.mat@example.com",
        "SoGiayToChuHoSo": "099123456789",
        "DiaChi": "Ấp Kín, xã Giấu",
        "TrichYeuHoSo": "Cấp giấy cho bà Trần Thị Bí Mật",
    }
    good = {
        **secret,
        "MaHoSo": code(1),
        "MaTTHC": "1.000001",
        "TrangThaiHoSo": "4",
        "DonViXuLy": SO,
        "NgayTiepNhan": "20250305090000",
        "NgayHenTra": "20250312090000",
        "NgayKetThucXuLy": None,
        "NgayCapNhat": "20250305090000",
    }
    records = [good | {"MaHoSo": code(n)} for n in range(20)] + [good | {"MaHoSo": None}]
    batch, _ = province.ingest("ho_so", province.json(records, thoi_diem="20250401000000"))
    assert batch.lines_rejected == 1
    province.refresh_all()
    tables = province.rows(
        "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables "
        "WHERE schemaname IN ('core', 'mart', 'ops', 'staging')"
    )
    held = "\n".join(
        text for (table,) in tables for (text,) in province.rows(f"SELECT t::text FROM {table} AS t")
    )
    assert code(1) in held
    assert [value for value in secret.values() if value in held] == []


# --- lines in the file --------------------------------------------------------------------------


def test_lines_read_are_accepted_rejected_or_superseded(province):
    rows = [{"ma_ho_so": code(n)} for n in range(1, 24)]
    rows += [rows[0], {"ma_ho_so": code(2), "ngay_cap_nhat": "20250304000000"}]
    rows += [{"don_vi_xu_ly": "000.99.99.H59"}]
    batch = province.add(*rows)
    # 26 lines: 23 dossiers, one line twice, one older state, one with an unknown unit.
    assert batch_counts(province, batch.batch_id) == (26, 23, 1, 2)
    rejects = "SELECT line_no, rule_ids FROM ops.reject"
    assert province.rows(rejects) == [(27, ["HS14"])]
    # The same dossiers in an older state: all of them are superseded by what is known.
    older = province.add(*({"ngay_cap_nhat": "20250301000000"} for _ in range(23)))
    assert batch_counts(province, older.batch_id) == (23, 0, 0, 23)


LOST = [
    "lines_read = lines_read + 1",
    "lines_accepted = lines_accepted - 1",
    "lines_rejected = NULL",
    "lines_superseded = lines_superseded + 1",
    "stated_total = lines_read + 1",
    "lines_accepted = lines_accepted + 1, lines_superseded = -1",
]


def test_the_database_refuses_an_outcome_in_which_lines_are_lost(province):
    province.add({}, {})
    committed = []
    for change in LOST:
        try:
            with province.engine.begin() as connection:
                connection.exec_driver_sql(f"UPDATE ops.batch SET {change} WHERE dataset = 'ho_so'")
            committed.append(change)
        except sa.exc.IntegrityError:
            pass
    assert committed == []


def test_stated_total_that_is_wrong_stops_the_batch(province):
    record = {
        "MaHoSo": code(1),
        "MaTTHC": "1.000001",
        "TrangThaiHoSo": "4",
        "DonViXuLy": SO,
        "NgayTiepNhan": "20250305090000",
        "NgayHenTra": None,
        "NgayKetThucXuLy": None,
        "NgayCapNhat": "20250305090000",
    }
    with pytest.raises(BatchStopped, match=r"read 1, stated 2"):
        province.ingest("ho_so", province.json([record], tong_so=2, thoi_diem="20250401000000"))
    batch, _ = province.ingest("ho_so", province.json([record], tong_so=1, thoi_diem="20250401000000"))
    assert (batch.stated_total, batch.lines_read, batch.status) == (1, 1, "loaded")


def test_rejected_newest_state_does_not_hide_a_good_older_one(province):
    fillers = [{"ma_ho_so": code(n)} for n in range(100, 120)]
    older = {"trang_thai_ho_so": "2", "ngay_cap_nhat": "20250301000000", "ma_ho_so": code(1)}
    newest = FINISHED | {
        "ma_ho_so": code(1),
        "ngay_cap_nhat": "20250310100000",
        "ngay_hen_tra": "00010101000000",
    }
    batch = province.add(*fillers, older, newest)
    assert batch_counts(province, batch.batch_id) == (22, 21, 1, 0)
    assert dossier(province, "trang_thai_ho_so") == (2,)
    # And a good state that was loaded before stays when a bad one comes in another file.
    province.add(*fillers, newest)
    assert dossier(province, "trang_thai_ho_so") == (2,)


def test_loading_twice_changes_nothing_and_touches_no_month(province):
    path = province.dossiers({}, FINISHED | {"ngay_cap_nhat": "20250310100000"})
    first, months = province.ingest("ho_so", path, at="2025-04-01")
    assert months == ["2025-01", "2025-02", "2025-03"]
    province.refresh_all()
    before = province.content()
    periods = province.rows("SELECT * FROM ops.period ORDER BY ky")
    # The very same bytes are the same batch; the same lines in another file are superseded.
    again, _ = province.ingest("ho_so", path, at="2025-04-01")
    assert again == first
    other = province.text(path.read_bytes() + b"\n")
    batch, months = province.ingest("ho_so", other, at="2025-04-01")
    assert (batch.batch_id != first.batch_id, batch.lines_superseded, months) == (True, 2, [])
    assert province.content() == before
    assert province.rows("SELECT * FROM ops.period ORDER BY ky") == periods


def test_file_without_change_times_can_be_given_again_with_the_time_of_its_export(province):
    path = province.dossiers({}, columns=SHORT)
    with pytest.raises(BadFile, match="extracted_at"):
        province.ingest("ho_so", path)
    # The message asks for just this.
    batch, _ = province.ingest("ho_so", path, at="2025-04-01")
    assert batch.lines_accepted == 1
    assert dossier(province, "ngay_cap_nhat::text") == ("2025-04-01 00:00:00",)


def test_line_without_change_time_is_rejected_with_a_reason(province):
    rows = [{"ma_ho_so": code(n)} for n in range(2, 22)]
    batch = province.add({"ma_ho_so": code(1), "ngay_cap_nhat": ""}, *rows)
    assert (batch.status, batch.lines_accepted, batch.lines_rejected) == ("loaded", 20, 1)
    assert province.rows("SELECT line_no, cardinality(rule_ids) FROM ops.reject") == [(2, 1)]


def test_line_changed_after_the_export_is_rejected(province):
    """A change time of 2052 would win for ever over every true state that follows."""
    rows = [{"ma_ho_so": code(n)} for n in range(2, 22)]
    batch = province.add({"ma_ho_so": code(1), "ngay_cap_nhat": "20520305090000"}, *rows)
    assert (batch.lines_accepted, batch.lines_rejected) == (20, 1)
    assert province.rows("SELECT max(ky) FROM ops.period") == [("2025-03",)]


def test_unit_list_that_changes_between_judging_and_loading_is_judged_again(world):
    """Both sở get the same name before the load: it names no single unit any more."""
    world.dimensions()
    rows = [{"ma_ho_so": code(n)} for n in range(1, 21)] + [
        {"ma_ho_so": code(21), "don_vi_xu_ly": "Sở Xây dựng"}
    ]
    batch_id = world.land("ho_so", world.dossiers(*rows), "2025-04-01")
    assert validate(world.engine, batch_id).lines_rejected == 0
    units = [{"ma_don_vi": "000.00.02.H59", "ten_don_vi": "Sở Xây dựng", "cap": "so_nganh"}]
    world.ingest("don_vi", world.csv(units), at="2024-02-01")
    batch, _ = load(world.engine, batch_id)
    assert (batch.status, batch.lines_accepted, batch.lines_rejected) == ("loaded", 20, 1)


def test_dossiers_that_came_before_their_unit_are_loaded_once_the_unit_is_known(world):
    """Property 2: units after dossiers must give what dossiers after units give."""
    world.dimensions()
    rows = [{"ma_ho_so": code(n)} for n in range(2, 32)]
    path = world.dossiers({"ma_ho_so": code(1), "don_vi_xu_ly": "000.00.02.H59"}, *rows)
    batch, _ = world.ingest("ho_so", path, at="2025-04-01")
    assert batch.lines_rejected == 1
    units = [{"ma_don_vi": "000.00.02.H59", "ten_don_vi": "Sở Y tế", "cap": "so_nganh"}]
    world.ingest("don_vi", world.csv(units), at="2024-02-01")
    world.ingest("ho_so", path, at="2025-04-01")
    assert dossier(world, "ma_don_vi") == ("000.00.02.H59",)


def test_names_of_files_and_quoted_values_are_no_sql(province):
    province.add({"ma_linh_vuc": "x'); DROP TABLE core.ho_so; --", "ten_tthc": 'a%(b)s :c {d} \\ "e"'})
    assert dossier(province, "ma_linh_vuc") == ("x'); DROP TABLE core.ho_so; --",)


# --- touched months -----------------------------------------------------------------------------


def ended(day: str, at: str | None = None) -> dict:
    return {
        "trang_thai_ho_so": "9",
        "ngay_ket_thuc_xu_ly": f"{day}100000",
        "ngay_cap_nhat": f"{at or day}1100" + "00",
    }


JAN_TO_JUN = [f"2025-0{n}" for n in range(1, 7)]


# (name, what was known before, what comes, months whose figures may change: by hand, from the month in
# which it is first counted until December of the year of its end, because of the year to date)
TOUCHED = [
    ("new and finished", None, received("20250205") | ended("20250310"), JAN_TO_JUN[1:]),
    ("new and open", None, received("20250410"), JAN_TO_JUN[3:]),
    ("late, of January", None, received("20250110") | ended("20250120", "20250630"), JAN_TO_JUN),
    ("received last year, ended last year", None, received("20241010") | ended("20241220"), []),
    ("received last year, ended this year", None, received("20241110") | ended("20250205"), JAN_TO_JUN),
    ("received last year, open", None, received("20241110"), JAN_TO_JUN),
    ("not received", None, received("20250410") | {"ngay_tiep_nhan": "", "trang_thai_ho_so": "1"}, []),
    ("received on the last day", None, received("20250630"), ["2025-06"]),
    (
        "re-opened",
        received("20250205") | ended("20250310"),
        received("20250205") | {"ngay_cap_nhat": "20250601000000"},
        JAN_TO_JUN[1:],
    ),
    (
        "moved from February to April",
        received("20250205"),
        received("20250405") | {"ngay_cap_nhat": "20250601000000"},
        JAN_TO_JUN[1:],
    ),
    (
        "moved from April to February",
        received("20250405"),
        received("20250205") | {"ngay_cap_nhat": "20250601000000"},
        JAN_TO_JUN[1:],
    ),
    (
        "end corrected from December to January",
        received("20241105") | ended("20241230", "20241230"),
        received("20241105") | ended("20250102", "20250601"),
        JAN_TO_JUN,
    ),
    (
        "deleted at the source",
        received("20250505"),
        received("20250505") | {"da_xoa": "1", "ngay_cap_nhat": "20250601000000"},
        JAN_TO_JUN[4:],
    ),
    (
        "withdrawn from reception",
        received("20250505"),
        received("20250505")
        | {"ngay_tiep_nhan": "", "trang_thai_ho_so": "1", "ngay_cap_nhat": "20250601000000"},
        JAN_TO_JUN[4:],
    ),
    (
        "older than what is known",
        received("20250205") | ended("20250310"),
        received("20250205"),
        [],
    ),
    ("end before receipt", None, received("20250310") | ended("20250220", "20250310"), JAN_TO_JUN[2:]),
]


@pytest.mark.long
def test_exactly_the_months_whose_figures_may_change_are_touched(province):
    known = [state | {"ma_ho_so": code(number)} for number, (_, state, _, _) in enumerate(TOUCHED) if state]
    last = received("20250630") | {"ma_ho_so": code(99)}
    _, first = province.ingest("ho_so", province.dossiers(last, *known), at=JULY)
    assert first == JAN_TO_JUN
    touched = {}
    for number, (name, _, comes, _) in enumerate(TOUCHED):
        file = province.dossiers(comes | {"ma_ho_so": code(number)})
        touched[name] = province.ingest("ho_so", file, at=JULY)[1]
    assert touched == {name: months for name, _, _, months in TOUCHED}
    assert [ky for (ky,) in province.rows("SELECT ky FROM ops.period ORDER BY ky")] == JAN_TO_JUN


def test_year_to_date_of_the_year_after_is_not_touched(province):
    province.ingest(
        "ho_so", province.dossiers(received("20260215") | {"ma_ho_so": code(99)}), at="2026-03-01"
    )
    in_2025 = received("20251105") | ended("20251210")
    _, touched = province.ingest("ho_so", province.dossiers(in_2025), at="2026-03-01")
    assert touched == ["2025-11", "2025-12"]
    over_new_year = received("20251105") | ended("20260105") | {"ma_ho_so": code(2)}
    _, touched = province.ingest("ho_so", province.dossiers(over_new_year), at="2026-03-01")
    assert touched == ["2025-11", "2025-12", "2026-01", "2026-02"]


def test_months_before_the_first_period_are_not_touched(province, monkeypatch):
    monkeypatch.setenv("CCHC_KY_DAU", "2025-03")
    _, touched = province.ingest("ho_so", province.dossiers(received("20250115")), at=JULY)
    assert touched == ["2025-03", "2025-04", "2025-05", "2025-06"]
    done = received("20250116") | ended("20250220") | {"ma_ho_so": code(2)}
    _, touched = province.ingest("ho_so", province.dossiers(done), at=JULY)
    # It is in the year to date from January, but the first period counted begins after its end.
    assert touched in ([], ["2025-03", "2025-04", "2025-05", "2025-06"])
    province.refresh_all()
    assert province.figure("da_giai_quyet", SO, "2025-06", "luy_ke") == (0, None)


@pytest.mark.long
def test_running_month_is_touched_when_its_last_known_day_moves(province):
    waiting = {"ngay_tiep_nhan": "", "trang_thai_ho_so": "1", "ngay_hen_tra": ""}
    _, touched = province.ingest("ho_so", province.dossiers(received("20250601")), at="2025-06-11")
    assert touched == JAN_TO_JUN
    steps = [("2025-06-11", []), ("2025-06-21", ["2025-06"]), ("2025-07-01", ["2025-06"])]
    steps += [
        ("2025-07-02", ["2025-06", "2025-07"]),
        ("2025-06-25", []),
        ("2025-09-01", ["2025-07", "2025-08"]),
    ]
    for number, (at, months) in enumerate(steps, start=10):
        file = province.dossiers(waiting | {"ma_ho_so": code(number)})
        assert province.ingest("ho_so", file, at=at)[1] == months, at
