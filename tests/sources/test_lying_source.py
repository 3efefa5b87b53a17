"""Of a source that lies, hangs or attacks nothing is landed, and in one line it is told why."""

import resource
import tracemalloc
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from cchc.batches import batch_of
from cchc.contracts import contract_of
from cchc.errors import BadDefinition, BadFile, CchcError, SourceRefused
from cchc.judging.validation import validate
from cchc.known_until import watermark
from cchc.loading.load import load
from cchc.reading.staging import stage
from cchc.sources.address import check_address
from cchc.sources.client import LONGEST_WAIT_S, _asked_to_wait
from cchc.sources.landing import VIETNAM, land_api
from cchc.sources.things import Hashes, Things, moment_of
from cchc.sources.wire import Answer, Limits, is_loopback
from tests.sources.lying_source import (
    COUNT,
    FORMS,
    HANGS,
    LANDED,
    MODES,
    UNTIL,
    Mode,
    lying,
    of_list,
    page,
    try_mode,
)
from tests.torture import ALL
from tests.world import World, code

HANGING = [name for name, mode in MODES.items() if mode.seconds == HANGS["seconds"]]
# One of each kind of waiting: for an answer, a body, a header, and as asked.
SAMPLE = {"silent", "byte_by_byte", "header_by_byte", "wait_a_day"}


@pytest.mark.torture
@pytest.mark.parametrize("name", [n for n in MODES if ALL or n not in HANGING or n in SAMPLE])
def test_what_comes_of_each_way_to_misbehave_is_what_must_come(name: str, record_property):
    record_property("ways in which a source misbehaves", 1)
    assert try_mode(name).fault(MODES[name]) is None


def test_there_are_as_many_ways_as_were_once_tried():
    assert len(MODES) >= 49
    assert len({mode.what for mode in MODES.values() if mode.comes == LANDED}) >= 5


@pytest.mark.parametrize(
    "name",
    [
        *("page_3_is_page_2", "record_moves_back", "total_other_at_the_end", "total_capped", "gzip_bomb"),
        *("csv_row_twice", "csv_long_value"),
    ],
)
def test_nothing_is_landed_of_a_lie_and_the_watermark_stays(province: World, name):
    with lying("csv_honest" if name.startswith("csv") else "honest") as (client, _):
        dataset = "van_ban" if client.code == "qlvb" else "ho_so"
        landing = province.folder / "landing"
        land_api(province.engine, landing, contract_of(dataset), client, UNTIL - timedelta(0))
    with province.engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE ops.batch SET status = 'loaded', lines_read = 0, lines_accepted = 0, lines_rejected = 0, "
            "lines_superseded = 0, window_to = '2025-05-01', records_in_file = 0, lines_skipped = 0 "
            f"WHERE dataset = '{dataset}'"
        )
    before = province.rows("SELECT * FROM ops.batch"), {*landing.rglob("*")}
    with lying(name) as (client, _), pytest.raises(CchcError):
        land_api(province.engine, landing, contract_of(dataset), client, UNTIL)
    assert (province.rows("SELECT * FROM ops.batch"), {*landing.rglob("*")}) == before
    assert watermark(province.engine, dataset) == datetime(2025, 5, 1)


def test_the_truth_is_landed_and_loaded(province: World):
    with lying("honest") as (client, asked):
        landed = land_api(province.engine, province.folder / "landing", contract_of("ho_so"), client, UNTIL)
    # A token, four pages, and the one behind them, which states the total again.
    assert asked() == (6, 0)
    validate(province.engine, landed.batch_id)
    batch, _ = load(province.engine, landed.batch_id)
    assert (batch.lines_read, batch.lines_accepted, batch.stated_total) == (COUNT, COUNT, COUNT)
    assert watermark(province.engine, "ho_so") == UNTIL


@pytest.mark.parametrize("form", FORMS)
def test_a_thing_that_comes_twice_in_a_pull_is_found_however_its_key_is_written(province: World, form: str):
    with lying(f"key_in_form_{form}") as (client, _):
        landed = land_api(province.engine, province.folder / "landing", contract_of("ho_so"), client, UNTIL)
    # Behind the envelope record 10 is in line 11, and the one in its place in line 12.
    with pytest.raises(
        BadFile, match=r"1 of its things came before in this pull, the first in lines 11 and 12"
    ):
        validate(province.engine, landed.batch_id)
    assert province.rows("SELECT status FROM ops.batch WHERE dataset = 'ho_so'") == [("stopped",)]
    assert province.rows("SELECT count(*) FROM core.ho_so") == [(0,)]
    assert watermark(province.engine, "ho_so") is None


@pytest.mark.parametrize("code", ["1.00011", 1.00011, "1,000110", "'1.000110", "1.000110\u200b"])
def test_a_procedure_that_comes_twice_is_found_however_a_spreadsheet_wrote_its_code(
    world: World, monkeypatch, code: object
):
    def procedure(ma: object) -> dict:
        return {"MaTTHC": ma, "TenTTHC": "Cấp giấy phép", "HieuLucTu": "20240101", "NgayCapNhat": "20250301"}

    rows = [procedure("1.000110"), procedure("1.000120"), procedure(code)]
    lie = Mode(
        *("", LANDED, ""),
        of_list(lambda a: page(a, rows if a.page == 1 else [], tong_so=3, so_trang=1)),
    )
    monkeypatch.setitem(MODES, "procedures", lie)
    with lying("procedures") as (client, _):
        landed = land_api(world.engine, world.folder / "landing", contract_of("tthc"), client, UNTIL)
    with pytest.raises(BadFile, match="1 of its things came before in this pull, the first in lines 2 and 4"):
        validate(world.engine, landed.batch_id)


def test_versions_of_a_procedure_are_no_repetition(world: World, monkeypatch):
    rows = [
        {"MaTTHC": "1.000110", "TenTTHC": "Cấp giấy phép", "HieuLucTu": day, "NgayCapNhat": "20250301"}
        for day in ("20240101", "20250101")
    ]
    lie = Mode(
        *("", LANDED, ""),
        of_list(lambda a: page(a, rows if a.page == 1 else [], tong_so=2, so_trang=1)),
    )
    monkeypatch.setitem(MODES, "procedures", lie)
    with lying("procedures") as (client, _):
        landed = land_api(world.engine, world.folder / "landing", contract_of("tthc"), client, UNTIL)
    with world.engine.begin() as connection:
        stage(connection, contract_of("tthc"), batch_of(connection, landed.batch_id))
        staged = f"SELECT ma_tthc, hieu_luc_tu::text FROM staging.tthc__{landed.batch_id} ORDER BY 2"
        rows_staged = [tuple(row) for row in connection.exec_driver_sql(staged)]
    assert [ma for ma, _ in rows_staged] == ["1.000110", "1.000110"]
    assert [day[:4] for _, day in rows_staged] == ["2024", "2025"]


def test_a_small_answer_makes_no_large_objects():
    for name in ("objects_without_number", "objects_beside_the_list"):
        tracemalloc.start()
        try:
            assert try_mode(name).kind == "SourceRefused"
            # The text, and the bytes that it came in.
            assert tracemalloc.get_traced_memory()[1] < 60_000_000
        finally:
            tracemalloc.stop()


def test_a_bomb_takes_no_memory():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    tracemalloc.start()
    try:
        assert try_mode("gzip_bomb").kind == "SourceRefused"
        assert tracemalloc.get_traced_memory()[1] < 60_000_000
    finally:
        tracemalloc.stop()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000


def test_keys_are_remembered_in_eight_bytes_each():
    tracemalloc.start()
    try:
        hashes = Hashes()
        for page in range(50):
            assert hashes.first_known([f"000.00.01.H59-250501-{page}-{n}" for n in range(2_000)]) is None
        held = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert held < 100_000 * 8 * 1.2
    assert hashes.first_known(["moi", "000.00.01.H59-250501-49-1999", "x"]) == 1
    assert hashes.first_known(["a", "b", "a"]) == 2
    assert hashes.first_known([]) is None


# What a thing is ------------------------------------------------------------------------------


def test_a_thing_is_told_by_the_key_of_its_contract(province: World):
    def repeated(dataset: str, *records: dict) -> bool:
        try:
            Things(contract_of(dataset), "x", UNTIL).add(records, "page 1")
        except CchcError as error:
            assert "came before" in str(error)
            return True
        return False

    one = {"MaHoSo": code(1), "NgayCapNhat": "20250305090000"}
    assert repeated("ho_so", one, one | {"TrangThaiHoSo": "9", "NgayCapNhat": "20250306090000"})
    assert not repeated("ho_so", one, one | {"MaHoSo": code(2)})
    # What has no key is rejected later, not taken for the same.
    assert not repeated("ho_so", one | {"MaHoSo": None}, one | {"MaHoSo": ""}, {}, {})
    rating = {"MaHoSo": code(1), "ThoiGianDanhGia": "20250320090000"}
    assert repeated("danh_gia", rating, rating | {"ThoiGianDanhGia": "2025-03-20T09:00:00"})
    assert not repeated("danh_gia", rating, rating | {"ThoiGianDanhGia": "20250320090001"})
    # A unit has a version for each range of validity.
    unit = {"MaDonVi": "000.00.01.H59", "HieuLucTu": "20240101"}
    assert repeated("don_vi", unit, unit)
    assert not repeated("don_vi", unit, unit | {"HieuLucTu": "20250701"})


def test_entries_of_the_history_come_in_another_order_than_they_happened():
    entries = [{"MaHoSo": code(n), "ThoiGian": f"2025030{9 - n}090000", "TrangThai": "2"} for n in (1, 2)]
    Things(contract_of("qua_trinh"), "x", UNTIL).add(entries, "page 1")
    # Of dossiers that would be a fault.
    with pytest.raises(CchcError):
        states = [{"MaHoSo": code(n), "NgayCapNhat": f"2025030{9 - n}090000"} for n in (1, 2)]
        Things(contract_of("ho_so"), "x", UNTIL).add(states, "page 1")


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("20250305090000", "20250305090000"),
        ("2025-03-05T09:00:00", "20250305090000"),
        ("2025-03-05 09:00:00.000+07:00", "20250305090000"),
        ("20250305", "20250305000000"),
        (20250305090000, "20250305090000"),
        # As the readers take them.
        ("05/03/2025", "20250305000000"),
        ("09:00 5/3/2025", "20250305090000"),
        ("2025-03-05T02:00:00Z", "20250305090000"),
        ("2025-03-05T09:00:00.500", "20250305090000"),
        ("20250231000000x", None),
        ("hôm nay", None),
        pytest.param(10**5000, None, id="5000 digits"),
        (None, None),
        (True, None),
    ],
)
def test_times_are_compared_in_one_form(written: object, moment: str | None):
    assert moment_of(written) == moment


# The limits -----------------------------------------------------------------------------------


def test_limits_come_from_the_environment(monkeypatch):
    for name in ("CCHC_PULL_MINUTES", "CCHC_PULL_MB"):
        monkeypatch.delenv(name, raising=False)
    assert Limits.of_environment() == Limits(1500, 4_000_000_000)
    monkeypatch.setenv("CCHC_PULL_MINUTES", "0.5")
    monkeypatch.setenv("CCHC_PULL_MB", "10")
    assert Limits.of_environment() == Limits(30, 10_000_000)
    for wrong in ("0", "-1", "nan", "inf", "viele"):
        monkeypatch.setenv("CCHC_PULL_MB", wrong)
        with pytest.raises(BadDefinition, match=rf"CCHC_PULL_MB='{wrong}': expected a number above 0"):
            Limits.of_environment()


@pytest.mark.parametrize(
    ("stated", "seconds"),
    [("7", 7), ("86400", 86400), ("9" * 5000, 0), ("-5", 0), ("", 0), ("Fri, 31 Dec 1999 23:59:59 GMT", 0)],
)
def test_what_a_source_asks_to_wait_is_read_and_capped(stated: str, seconds: int):
    assert _asked_to_wait(Answer(429, {"Retry-After": stated}, iter(()))) == seconds
    assert LONGEST_WAIT_S == 60


# Belief ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.9.1", "::1"])
def test_this_machine_needs_no_encryption(host: str):
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["localhost.example.vn", "127.0.0.1.example.vn", "0.0.0.0", "10.0.0.1", ""])
def test_another_machine_does(host: str):
    assert not is_loopback(host)
    with pytest.raises(SourceRefused, match=r"Expected https in connection cchc_tthc, or plain_http=1"):
        check_address(f"http://{host or 'x'}", "cchc_tthc", plain_http=False, ca_bundle=None)
    check_address(f"http://{host or 'x'}", "cchc_tthc", plain_http=True, ca_bundle=None)
    check_address(f"https://{host or 'x'}", "cchc_tthc", plain_http=False, ca_bundle=None)


@pytest.mark.parametrize(
    "address",
    [
        *("https://a:b@tthc.example.vn", "https://@tthc.example.vn", "https://tthc.example.vn\\@x"),
        *("https://tthc.example.vn/a", "https://tthc.example.vn?", "https://tthc.example.vn#x", "ftp://x"),
        *("https://x:port", "https://[x", " https://tthc.example.vn", "https://tthc.example.vn\n"),
    ],
)
def test_an_address_that_is_none_is_refused(address: str):
    with pytest.raises(SourceRefused, match="none that can be asked"):
        check_address(address, "cchc_tthc", plain_http=False, ca_bundle=None)


# Until when -----------------------------------------------------------------------------------


def test_a_pull_of_days_that_are_still_to_come_is_refused(province: World):
    ahead = datetime.now(VIETNAM).replace(tzinfo=None) + timedelta(minutes=1)
    with lying("honest") as (client, asked):
        with pytest.raises(CchcError, match=r"^ho_so: asked to pull .* Expected a moment that has been"):
            land_api(province.engine, province.folder / "landing", contract_of("ho_so"), client, ahead)
        assert asked() == (0, 0)


PULLED = """
    INSERT INTO ops.batch (
        dataset, sha256, size_bytes, landed_path, original_name, origin, status, window_from, window_to,
        landed_at, lines_read, lines_accepted, lines_rejected, lines_superseded, records_in_file,
        lines_skipped
    ) VALUES (
        'ho_so', md5(random()::text) || md5(random()::text), 0, 'x', 'x', 'api', :status, :begins, :ends,
        '2025-06-01 00:00+07', 0, 0, 0, 0, 0, 0
    )
"""


@pytest.mark.parametrize(
    ("windows", "until"),
    [
        ([], None),
        ([(None, "2025-03-01")], "2025-03-01"),
        # Each begins a day before the end of the one before it, in whatever order they were loaded.
        ([("2025-02-28", "2025-03-05"), (None, "2025-03-01"), ("2025-03-04", "2025-03-09")], "2025-03-09"),
        # From 2 to 4 March nothing was pulled.
        ([(None, "2025-03-02"), ("2025-03-04", "2025-03-09"), ("2025-03-08", "2025-03-12")], "2025-03-02"),
        # A gap that another window closes.
        ([(None, "2025-03-02"), ("2025-03-04", "2025-03-09"), ("2025-03-01", "2025-03-04")], "2025-03-09"),
        # One within another.
        ([(None, "2025-03-09"), ("2025-03-01", "2025-03-02")], "2025-03-09"),
        # What has no beginning before it.
        ([("2025-03-04", "2025-03-09")], None),
        # Landed on 1 June: of what came afterwards the source could say nothing.
        ([(None, "2025-03-01"), ("2025-02-28", "2031-01-01")], "2025-06-01"),
        ([(None, "2031-01-01")], "2025-06-01"),
    ],
)
def test_the_watermark_is_the_end_of_what_was_loaded_without_a_gap(province: World, windows, until):
    # What was not loaded does not count.
    pulled = [("loaded", *window) for window in windows] + [("stopped", None, "2025-05-01")]
    with province.engine.begin() as connection:
        for status, begins, ends in pulled:
            connection.execute(sa.text(PULLED), {"status": status, "begins": begins, "ends": ends})
    assert watermark(province.engine, "ho_so") == (until and datetime.fromisoformat(until))
