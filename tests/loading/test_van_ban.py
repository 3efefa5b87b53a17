"""Documents and work dossiers: secrets stay out, newest state wins, the right months are touched."""

import json
from datetime import date
from itertools import permutations

import openpyxl
import pytest
import sqlalchemy as sa
from hypothesis import given, settings

from cchc.batches import Batch
from cchc.contracts import contract_of
from cchc.errors import BadFile, BatchStopped
from cchc.judging.suites import rules_of
from cchc.judging.validation import validate
from cchc.loading.load import load
from cchc.repository import sql_file
from tests.loading.test_properties import FEW, files
from tests.torture import often
from tests.world import DOCUMENT, HUYEN, SO, WORK, XA, World

AT = "2025-04-01"
ISSUED = {"huong": "di", "ngay_den": "", "han_xu_ly": "", "ngay_phat_hanh": "20250305090000"}
DONE = {"ngay_hoan_thanh": "20250312100000"}
CLOSED = {"trang_thai": "4", "ngay_dong": "20250312100000", "tien_do": "100"}
QLVB = ("core.van_ban", "core.ho_so_cong_viec")


def add(world: World, *changes: dict, at: str = AT) -> tuple[Batch, list[str]]:
    return world.ingest("van_ban", world.documents(*changes), at)


def add_work(world: World, *changes: dict, at: str = AT) -> tuple[Batch, list[str]]:
    return world.ingest("ho_so_cong_viec", world.work(*changes), at)


def everything(world: World) -> str:
    """All that the warehouse holds, as text."""
    tables = world.rows(
        "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables "
        "WHERE schemaname IN ('core', 'mart', 'ops', 'staging')"
    )
    held = [world.rows(f"SELECT to_jsonb(t) FROM {table} AS t") for (table,) in tables]
    return json.dumps(held, ensure_ascii=False, default=str)


# Secret documents -----------------------------------------------------------------------------

# A word that stands in every cell of the secret row that takes text, and in one that takes a date.
MARK = "Kinmarktep"
SECRET = {
    "do_mat": "3",
    "ma_van_ban": f"VB-{MARK}",
    "ky_hieu": f"09/{MARK}",
    "loai_van_ban": MARK,
    "ma_ho_so_cong_viec": MARK,
    "han_xu_ly": f"trước {MARK}",
}


def stop_at(world: World, path, caplog) -> str:
    """Judges and loads the file, which must stop; the message after checking that it keeps the secret."""
    batch_id = world.land("van_ban", path, AT)
    with caplog.at_level("DEBUG"):
        with pytest.raises(BatchStopped) as stopped:
            validate(world.engine, batch_id)
        with pytest.raises(BatchStopped) as again:
            load(world.engine, batch_id)
    for text in (str(stopped.value), str(again.value), repr(stopped.value.__cause__), caplog.text):
        assert MARK not in text
    assert MARK not in everything(world)
    assert world.rows("SELECT count(*) FROM core.van_ban") == [(0,)]
    assert world.rows("SELECT to_regclass(:t)", t=f"staging.van_ban__{batch_id}") == [(None,)]
    assert world.rows("SELECT status, lines_accepted FROM ops.batch WHERE batch_id = :b", b=batch_id) == [
        ("stopped", None)
    ]
    return str(stopped.value)


@pytest.mark.parametrize("degree", ["2", "3", "4"])
def test_one_secret_document_stops_the_batch_and_leaves_no_trace_of_its_content(province, caplog, degree):
    path = province.documents({}, SECRET | {"do_mat": degree}, *[{}] * 40)
    message = stop_at(province, path, caplog)
    assert "VB23: Có văn bản mật" in message
    assert "(1 lines, first in line 3;" in message
    assert "hand it to whoever answers for secret documents" in message
    # The row breaks a row rule as well: that is told, and still nothing of it is kept.
    assert province.rows("SELECT line_no, rule_ids, masked_row FROM ops.reject") == [(3, ["VB00"], {})]


def test_a_secret_row_is_not_shown_by_another_rule_that_it_breaks(province, caplog):
    message = stop_at(province, province.documents({}, SECRET | {"huong": MARK, "do_khan": MARK}), caplog)
    assert "VB02" in message and "VB03" in message


def test_a_degree_of_secrecy_that_nobody_knows_stops_the_batch_without_being_shown(province, caplog):
    message = stop_at(province, province.documents({}, {"do_mat": f"Mật {MARK}"}, {"do_mat": MARK}), caplog)
    assert "VB23a: Độ mật không có trong bảng ánh xạ" in message
    assert "(2 lines, first in line 3;" in message


def test_a_document_without_degree_of_secrecy_is_rejected_and_its_content_is_not_kept(province):
    batch, _ = add(province, *[{}] * 40, SECRET | {"do_mat": ""})
    assert (batch.lines_accepted, batch.lines_rejected) == (40, 1)
    assert province.rows("SELECT line_no, rule_ids, masked_row FROM ops.reject") == [
        (42, ["VB00", "VB23b"], {})
    ]
    assert MARK not in everything(province)


def test_a_secret_document_in_a_workbook_stops_it_too(province, caplog, tmp_path):
    headers = {
        "Mã văn bản": "ma_van_ban", "Văn bản đến/đi": "huong", "Đơn vị": "don_vi", "Số": "so",
        "Số, ký hiệu": "ky_hieu", "Loại văn bản": "loai_van_ban", "Ngày văn bản": "ngay_van_ban",
        "Ngày đến": "ngay_den", "Ngày phát hành": "ngay_phat_hanh", "Ngày đăng ký": "ngay_dang_ky",
        "Độ khẩn": "do_khan", "Độ mật": "do_mat", "Hạn xử lý": "han_xu_ly",
        "Ngày hoàn thành": "ngay_hoan_thanh", "Ký số": "ky_so", "Gửi điện tử": "gui_dien_tu",
        "Gửi bản giấy": "gui_giay", "Mã hồ sơ công việc": "ma_ho_so_cong_viec",
    }  # fmt: skip
    secret = {"ma_van_ban": "VB2", **DOCUMENT} | SECRET | {"do_mat": "Tuyệt mật", "ngay_cap_nhat": ""}
    good = {"ma_van_ban": "VB1", **DOCUMENT, "do_mat": "Thường"}
    book = openpyxl.Workbook()
    book.active.append([*headers, "Trích yếu"])
    for row in (good, secret):
        book.active.append([*(row[name] for name in headers.values()), f"V/v {MARK}"])
    book.save(tmp_path / "so.xlsx")
    assert "VB23" in stop_at(province, tmp_path / "so.xlsx", caplog)


def test_core_itself_refuses_a_secret_document(province):
    add(province, {})
    with pytest.raises(sa.exc.IntegrityError), province.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE core.van_ban SET do_mat = 2")


def test_what_a_document_is_about_and_who_signed_never_leaves_the_landing_area(province):
    row = {"ma_van_ban": "VB1", **DOCUMENT, "trich_yeu": f"Đơn của bà {MARK}", "Người ký": MARK}
    batch, _ = province.ingest("van_ban", province.csv([row]), AT)
    work = {"ma_hscv": "HSCV1", **WORK, "Tên hồ sơ công việc": f"Đơn của bà {MARK}", "Người phụ trách": MARK}
    batch_of_work, _ = province.ingest("ho_so_cong_viec", province.csv([work]), AT)
    assert batch.personal_columns == ["nguoi_ky", "trich_yeu"]
    assert batch_of_work.personal_columns == ["nguoi_phu_trach", "ten_hscv"]
    assert MARK not in everything(province)


# What else stops a batch ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dataset", "change", "rule"),
    [
        ("van_ban", {"huong": "nội bộ"}, "VB02"),
        ("van_ban", {"do_khan": "gấp"}, "VB03"),
        ("ho_so_cong_viec", {"trang_thai": "5"}, "HC03"),
    ],
)
def test_an_unknown_code_stops_the_batch_and_is_named(province, dataset, change, rule):
    make = {"van_ban": province.documents, "ho_so_cong_viec": province.work}[dataset]
    (word,) = change.values()
    batch_id = province.land(dataset, make({}, change, change), AT)
    with pytest.raises(BatchStopped, match=rf"{rule}.*'{word}' × 2, first in line 3"):
        validate(province.engine, batch_id)


@pytest.mark.parametrize(("dataset", "rule"), [("van_ban", "VB21"), ("ho_so_cong_viec", "HC21")])
def test_a_total_stated_above_the_header_must_be_that_of_the_lines(province, dataset, rule):
    make = {"van_ban": province.documents, "ho_so_cong_viec": province.work}[dataset]
    text = make({}, {}).read_text()
    batch, _ = province.ingest(dataset, province.text(f"Từ,,đến,x\nTổng số,2\n{text}"), AT)
    assert (batch.stated_total, batch.lines_read) == (2, 2)
    wrong = province.land(dataset, province.text(f"Tổng số,3\n{text}"), AT)
    with pytest.raises(BatchStopped, match=f"{rule}.*read 2, stated 3"):
        validate(province.engine, wrong)


@pytest.mark.parametrize("dataset", ["van_ban", "ho_so_cong_viec"])
def test_an_export_that_lacks_a_column_is_refused_because_it_would_erase_what_is_known(province, dataset):
    row = {"van_ban": {"ma_van_ban": "VB1", **DOCUMENT}, "ho_so_cong_viec": {"ma_hscv": "HSCV1", **WORK}}[
        dataset
    ]
    required = {c.name for c in contract_of(dataset).columns if c.required}
    held = {
        name
        for (name,) in province.rows(
            "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(:t) AND attnum > 0",
            t=f"core.{dataset}",
        )
    }
    derived = {"ma_don_vi", "batch_id", "line_no", "ngay_su_kien", "ngay_ket_thuc"}
    # The moment of the change may be that of the export, and a list without deletions holds none.
    assert held - derived == required - {"don_vi"} | {"ngay_cap_nhat", "da_xoa"}
    for name in sorted(required - set(contract_of(dataset).layouts[0].signature)):
        path = province.csv([{k: v for k, v in row.items() if k != name}])
        batch_id = province.land(dataset, path, AT)
        with pytest.raises(BadFile, match=f"lacks required columns: {name} "):
            validate(province.engine, batch_id)


def test_kinds_of_documents_are_the_same_in_the_rule_and_in_the_words_of_the_workbook():
    words = contract_of("van_ban").layouts[1].codes["loai_van_ban"]
    assert len(words) == 29 + 5
    condition = rules_of("van_ban")["VB33"].condition
    assert condition == f"coalesce(loai_van_ban IN ({', '.join(repr(code) for code in words)}), FALSE)"


# Numbers --------------------------------------------------------------------------------------


def doubled(world: World, *changes: dict, at: str = AT) -> int:
    """How many documents of the file bear a number that another one has."""
    batch, _ = add(world, *changes, at=at)
    (count,) = world.rows(
        "SELECT failed_count FROM ops.validation_result WHERE batch_id = :b AND rule_id = 'VB24'",
        b=batch.batch_id,
    )[0]
    return count


def test_a_number_given_twice_is_counted_within_a_file_and_against_what_is_known(province):
    assert doubled(province, {"so": "1"}, {"so": "1"}, {"so": "2"}) == 2
    later = {"ngay_cap_nhat": "20250306000000"}
    assert doubled(province, {"ma_van_ban": "VB9", "so": "2"} | later) == 1
    # The same document in its next state, and both of a pair put right at once.
    assert doubled(province, {"ma_van_ban": "VB9", "so": "3", "ngay_cap_nhat": "20250307000000"}) == 0
    corrected = {"ngay_cap_nhat": "20250308000000"}
    assert doubled(province, {"so": "1"} | corrected, {"so": "10"} | corrected) == 0


@pytest.mark.parametrize(
    "other",
    [
        ISSUED,
        {"don_vi": XA},
        {"ngay_dang_ky": "20241231160000", "ngay_den": "20241231150000", "ngay_van_ban": "20241230"},
        {"da_xoa": "1"},
        {"ma_van_ban": "VB1", "ngay_cap_nhat": "20250306000000"},
    ],
    ids=["out, not in", "another unit", "the year before", "deleted", "itself"],
)
def test_a_number_may_stand_once_in_every_series(province, other):
    assert doubled(province, {"so": "1"}, {"so": "1"} | other) == 0


def test_normative_documents_have_a_series_for_each_kind(province):
    rule = ISSUED | {"so": "5", "ky_hieu": "05/2025/QĐ-UBND", "loai_van_ban": "quyet_dinh"}
    resolution = rule | {"ky_hieu": "05/2025/NQ-HĐND", "loai_van_ban": "nghi_quyet"}
    letter = ISSUED | {"so": "5", "ky_hieu": "5/UBND"}
    assert doubled(province, rule, resolution, letter) == 0
    assert doubled(province, {"ma_van_ban": "VB7"} | rule) == 1


def test_numbers_that_the_warehouse_lacks_are_listed(province):
    add(province, {"so": "2"}, {"so": "3"}, {"so": "7"}, ISSUED | {"so": "1"})
    assert province.rows("SELECT * FROM ops.so_van_ban_thieu ORDER BY tu_so") == [
        (SO, 2025, "den", 1, 1),
        (SO, 2025, "den", 4, 6),
    ]


# Content --------------------------------------------------------------------------------------


def test_every_column_of_a_document_and_of_a_work_dossier_reaches_core(province):
    document = {
        "huong": "di", "don_vi": "UBND Thành phố Trà Vinh", "so": "31", "ky_hieu": "31/BC-UBND",
        "loai_van_ban": "bao_cao", "ngay_van_ban": "20250303", "ngay_den": "",
        "ngay_phat_hanh": "20250304081500", "ngay_dang_ky": "20250303160000", "do_khan": "3", "do_mat": "1",
        "han_xu_ly": "20250320", "ngay_hoan_thanh": "20250318093000", "ky_so": "1", "gui_dien_tu": "0",
        "gui_giay": "1", "ma_ho_so_cong_viec": "HSCV7", "ngay_cap_nhat": "20250318093001", "da_xoa": "1",
    }  # fmt: skip
    assert set(document) == set(DOCUMENT)
    batch, _ = add(province, document)
    assert province.rows("SELECT to_jsonb(v) FROM core.van_ban AS v") == [
        (
            {
                "ma_van_ban": "VB1", "huong": "di", "ma_don_vi": HUYEN, "so": 31, "ky_hieu": "31/BC-UBND",
                "loai_van_ban": "bao_cao", "ngay_van_ban": "2025-03-03", "ngay_den": None,
                "ngay_phat_hanh": "2025-03-04T08:15:00", "ngay_dang_ky": "2025-03-03T16:00:00", "do_khan": 3,
                "do_mat": 1, "han_xu_ly": "2025-03-20T00:00:00", "ngay_hoan_thanh": "2025-03-18T09:30:00",
                "ky_so": 1, "gui_dien_tu": 0, "gui_giay": 1, "ma_ho_so_cong_viec": "HSCV7",
                "ngay_cap_nhat": "2025-03-18T09:30:01", "da_xoa": 1, "batch_id": batch.batch_id, "line_no": 2,
                "ngay_su_kien": "2025-03-04", "ngay_ket_thuc": "-infinity",
            },
        )
    ]  # fmt: skip
    work = {
        "don_vi": XA.lower(), "ngay_mo": "20250301080000", "han_giai_quyet": "20250310",
        "ngay_dong": "20250309170000", "trang_thai": "4", "tien_do": "100", "tren_he_thong": "0",
        "chi_giay": "1", "ngay_cap_nhat": "20250309170001", "da_xoa": "0",
    }  # fmt: skip
    assert set(work) == set(WORK)
    batch, _ = add_work(province, work)
    assert province.rows("SELECT to_jsonb(h) FROM core.ho_so_cong_viec AS h") == [
        (
            {
                "ma_hscv": "HSCV1", "ma_don_vi": XA, "ngay_mo": "2025-03-01T08:00:00",
                "han_giai_quyet": "2025-03-10T00:00:00", "ngay_dong": "2025-03-09T17:00:00", "trang_thai": 4,
                "tien_do": 100, "tren_he_thong": 0, "chi_giay": 1, "ngay_cap_nhat": "2025-03-09T17:00:01",
                "da_xoa": 0, "batch_id": batch.batch_id, "line_no": 2, "ngay_ket_thuc": "2025-03-09",
            },
        )
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "ends"),
    [
        ({}, "infinity"),
        (DONE, "2025-03-12"),
        ({"han_xu_ly": ""}, "-infinity"),
        ({"ngay_hoan_thanh": "20250301080000"}, "2025-03-05"),  # not before it arrived
    ],
)
def test_a_document_with_a_time_limit_is_open_until_it_is_completed(province, change, ends):
    add(province, change)
    assert province.rows("SELECT ngay_ket_thuc::text FROM core.van_ban") == [(ends,)]


@pytest.mark.parametrize(
    ("change", "ends"),
    [
        ({}, "infinity"),
        (CLOSED, "2025-03-12"),
        (CLOSED | {"ngay_dong": ""}, "infinity"),
        (CLOSED | {"trang_thai": "1"}, "infinity"),
        (CLOSED | {"ngay_dong": "20250301080000"}, "2025-03-05"),
    ],
)
def test_a_work_dossier_is_closed_when_it_is_completed_and_has_a_day(province, change, ends):
    add_work(province, change)
    assert province.rows("SELECT ngay_ket_thuc::text FROM core.ho_so_cong_viec") == [(ends,)]


def test_a_unit_is_the_one_that_bore_the_name_on_the_day_of_the_document(world):
    old, new = "000.00.21.H59", "000.00.31.H59"
    world.ingest(
        "don_vi",
        world.csv(
            [
                {"ma_don_vi": old, "ten_don_vi": "Sở Nội vụ", "cap": "so_nganh", "hieu_luc_tu": "20200101",
                 "hieu_luc_den": "20250228"},
                {"ma_don_vi": new, "ten_don_vi": "Sở Nội vụ", "cap": "so_nganh", "hieu_luc_tu": "20250301",
                 "hieu_luc_den": ""},
            ]
        ),
        at="2024-01-01",
    )  # fmt: skip
    by_name = {"don_vi": "Sở Nội vụ"}
    before = {"ngay_den": "20250228160000", "ngay_dang_ky": "20250303080000", "ngay_van_ban": "20250227"}
    out = ISSUED | {"ngay_dang_ky": "20250228160000", "ngay_phat_hanh": "20250303080000"}
    add(world, by_name, by_name | before, by_name | out)
    assert world.rows("SELECT ma_van_ban, ma_don_vi FROM core.van_ban ORDER BY 1") == [
        ("VB1", new),
        ("VB2", old),
        ("VB3", old),
    ]
    add_work(world, by_name | {"ngay_mo": "20250228100000"}, by_name)
    assert world.rows("SELECT ma_don_vi FROM core.ho_so_cong_viec ORDER BY ma_hscv") == [(old,), (new,)]


# Same input, same warehouse -------------------------------------------------------------------


def state(number: int, changed: str, **values: str) -> dict:
    """Document and work dossier `number` as changed on that day of 2025 (mmdd)."""
    return {"ma_van_ban": f"VB{number}", "so": str(number), "ngay_cap_nhat": f"2025{changed}120000"} | values


def work_state(number: int, changed: str, **values: str) -> dict:
    return {"ma_hscv": f"HSCV{number}", "ngay_cap_nhat": f"2025{changed}120000"} | values


# A time limit given and met, a late correction into another month, a deletion, another unit.
LINES = [
    state(1, "0305", han_xu_ly=""),
    state(1, "0306"),
    state(1, "0312", **DONE),
    state(2, "0305"),
    state(2, "0320", ngay_den="20250227080000", ngay_van_ban="20250226"),
    state(3, "0305", **ISSUED),
    state(3, "0330", **ISSUED, da_xoa="1"),
    state(4, "0305", don_vi=XA),
    state(4, "0306", so="44"),
]
WORK_LINES = [
    work_state(1, "0305"),
    work_state(1, "0312", **CLOSED),
    work_state(1, "0320", tien_do="90"),
    work_state(2, "0305", trang_thai="0", tien_do="0"),
    work_state(2, "0310", trang_thai="-1"),
    work_state(3, "0312", **CLOSED, chi_giay="1", tren_he_thong="0"),
    work_state(3, "0330", **CLOSED, chi_giay="1", tren_he_thong="0", da_xoa="1"),
]


@pytest.mark.long
@pytest.mark.parametrize(("load_lines", "lines"), [(add, LINES), (add_work, WORK_LINES)])
@pytest.mark.torture
def test_split_merged_shuffled_and_repeated_files_give_the_same_warehouse(province, load_lines, lines):
    load_lines(province, *lines)
    expected = province.content(*QLVB)
    # Of each thing the newest state, written out by the rule itself.
    newest = {}
    for line in lines:
        key = line.get("ma_van_ban") or line["ma_hscv"]
        newest[key] = max(newest.get(key, ""), line["ngay_cap_nhat"])
    table, key = ("core.van_ban", "ma_van_ban") if lines is LINES else ("core.ho_so_cong_viec", "ma_hscv")
    held = province.rows(f"SELECT {key}, to_char(ngay_cap_nhat, 'YYYYMMDDHH24MISS') FROM {table}")
    assert dict(held) == newest

    @settings(FEW, max_examples=often(30, 3))
    @given(files(lines, 4))
    def check(parts):
        province.without_dossiers()
        for part in parts:
            batch, _ = load_lines(province, *part)
            assert batch.lines_read == len(part)
            assert batch.lines_read == batch.lines_accepted + batch.lines_rejected + batch.lines_superseded
        assert province.content(*QLVB) == expected

    check()


@pytest.mark.long
def test_same_time_and_different_content_gives_one_result_whatever_the_order(province):
    versions = [state(1, "0305", ky_hieu=f"{n}/A", gui_giay=str(n % 2)) for n in (1, 2, 3)]
    work = [work_state(1, "0305", tien_do=str(n)) for n in (10, 20, 30)]
    seen, seen_work = set(), set()
    for one, other, third in permutations(range(3)):
        province.without_dossiers()
        for n in (one, other, third):
            add(province, versions[n])
            add_work(province, work[n])
        seen |= set(province.rows("SELECT ky_hieu, gui_giay FROM core.van_ban"))
        seen_work |= set(province.rows("SELECT tien_do FROM core.ho_so_cong_viec"))
    assert len(seen) == len(seen_work) == 1


def test_the_same_file_twice_changes_nothing_and_touches_no_month(province):
    _, touched = add(province, {}, DONE)
    add_work(province, {}, CLOSED)
    before = province.content(*QLVB), province.rows("SELECT ma_van_ban, batch_id, line_no FROM core.van_ban")
    # The same rows in a file of other bytes.
    text = province.documents({}, DONE).read_text()
    batch, again = province.ingest("van_ban", province.text("\n" + text), AT)
    assert (batch.lines_accepted, batch.lines_superseded) == (0, 2)
    assert (touched, again) == (["2025-01", "2025-02", "2025-03"], [])
    after = province.content(*QLVB), province.rows("SELECT ma_van_ban, batch_id, line_no FROM core.van_ban")
    assert after == before


# Months ---------------------------------------------------------------------------------------


def changed_months(world: World, load_lines, before: dict | None, after: dict) -> list[str]:
    """The months that `after` touches when everything up to June was known before."""
    documents = load_lines is add
    far = {"ma_van_ban": "VB99", "so": "99", "han_xu_ly": ""} if documents else {"ma_hscv": "HSCV99"} | CLOSED
    load_lines(world, *([] if before is None else [before]), far, at="2025-07-01")
    return load_lines(world, {"ngay_cap_nhat": "20250630000000"} | after, at="2025-07-01")[1]


MARCH_ON = ["2025-03", "2025-04", "2025-05", "2025-06"]


@pytest.mark.parametrize(
    ("before", "after", "months"),
    [
        # With and without a time limit: counted in March, and in the year to date that follows.
        (None, {}, MARCH_ON),
        (None, {"han_xu_ly": ""}, MARCH_ON),
        (None, ISSUED, MARCH_ON),
        # Registered in March, not issued yet.
        (None, ISSUED | {"ngay_phat_hanh": ""}, MARCH_ON),
        # The day of arrival moves into February: both months.
        ({}, {"ngay_den": "20250227080000"}, ["2025-02", *MARCH_ON]),
        ({"ngay_den": "20250227080000"}, {}, ["2025-02", *MARCH_ON]),
        ({}, {"da_xoa": "1"}, MARCH_ON),
        # What ended in 2024 changes nothing in 2025.
        (
            None,
            {"ngay_den": "20241203080000", "ngay_dang_ky": "20241203080000", "ngay_van_ban": "20241202",
             "ngay_hoan_thanh": "20241205080000", "han_xu_ly": "20241210"},
            [],
        ),
        (
            None,
            {"ngay_den": "20241203080000", "ngay_dang_ky": "20241203080000"},
            ["2025-01", "2025-02", *MARCH_ON],
        ),
    ],
)  # fmt: skip
def test_exactly_the_months_whose_figures_a_document_may_change_are_touched(province, before, after, months):
    assert changed_months(province, add, before, after) == months


@pytest.mark.parametrize(
    ("before", "after", "months"),
    [
        (None, {}, MARCH_ON),
        (None, CLOSED, MARCH_ON),
        ({}, CLOSED, MARCH_ON),
        ({}, CLOSED | {"ngay_mo": "20250203080000"}, ["2025-02", *MARCH_ON]),
        (None, CLOSED | {"ngay_mo": "20241203080000", "ngay_dong": "20241210080000"}, []),
        (None, {"ngay_mo": "20241203080000"}, ["2025-01", "2025-02", *MARCH_ON]),
    ],
)
def test_exactly_the_months_whose_figures_a_work_dossier_may_change_are_touched(
    province, before, after, months
):
    assert changed_months(province, add_work, before, after) == months


# Events of a month ----------------------------------------------------------------------------


def events(world: World, fact: str, month: str, columns: str) -> list[tuple]:
    """What the fact's SQL gives for a month of 2025 (mm), by the key of the row."""
    last = {"02": 28, "03": 31, "04": 30}[month]
    days = {"tu_ngay": date(2025, int(month), 1), "den_ngay": date(2025, int(month), last)}
    return world.rows(
        f"SELECT {columns} FROM ({sql_file(f'indicators/facts/{fact}.sql')}) AS f ORDER BY 1", **days
    )


def test_the_months_in_which_a_document_is_seen(province):
    february = {"ngay_den": "20250227080000", "ngay_dang_ky": "20250228080000", "ngay_van_ban": "20250226"}
    add(
        province,
        february,  # open ever since
        february | DONE,  # completed on 12 March
        february | {"han_xu_ly": ""},  # nothing to do: seen when it came
        february | {"han_xu_ly": "", "ngay_dang_ky": "20250303080000"},  # registered in March
        ISSUED | {"ngay_dang_ky": "20250228160000", "ngay_van_ban": "20250228"},  # issued in March
        ISSUED | {"ngay_phat_hanh": ""},
        {"da_xoa": "1"},
        {"ma_ho_so_cong_viec": "HSCV1"},
        at="2025-05-01",
    )
    seen = {
        month: [code for (code,) in events(province, "van_ban", month, "ma_van_ban")]
        for month in ("02", "03", "04")
    }
    assert seen == {
        "02": ["VB1", "VB2", "VB3", "VB4", "VB5"],
        "03": ["VB1", "VB2", "VB4", "VB5", "VB6", "VB8"],
        "04": ["VB1", "VB8"],
    }
    shown = "ma_van_ban, ma_don_vi, huong, su_kien::text, ket_thuc::text, phai_xu_ly, co_ho_so_cong_viec"
    assert events(province, "van_ban", "03", shown) == [
        ("VB1", SO, "den", "2025-02-27", "infinity", True, False),
        ("VB2", SO, "den", "2025-02-27", "2025-03-12", True, False),
        ("VB4", SO, "den", "2025-02-27", "-infinity", False, False),
        ("VB5", SO, "di", "2025-03-05", "-infinity", False, False),
        ("VB6", SO, "di", None, "-infinity", False, False),
        ("VB8", SO, "den", "2025-03-05", "infinity", True, True),
    ]


def test_the_months_in_which_a_work_dossier_is_seen(province):
    add_work(
        province,
        {"ngay_mo": "20250210080000"},
        {"ngay_mo": "20250210080000"} | CLOSED,
        CLOSED | {"tren_he_thong": "0", "chi_giay": "1"},
        CLOSED | {"chi_giay": "1"},  # said to be both
        CLOSED | {"da_xoa": "1"},
        {"ngay_mo": "20250331235959", "han_giai_quyet": ""},
        at="2025-05-01",
    )
    shown = "ma_hscv, dong::text, tren_he_thong, chi_giay"
    one, six = ("HSCV1", "infinity", True, False), ("HSCV6", "infinity", True, False)
    two = ("HSCV2", "2025-03-12", True, False)
    assert events(province, "ho_so_cong_viec", "02", shown) == [one, two]
    assert events(province, "ho_so_cong_viec", "03", shown) == [
        one,
        two,
        ("HSCV3", "2025-03-12", False, True),
        ("HSCV4", "2025-03-12", False, True),
        six,
    ]
    assert events(province, "ho_so_cong_viec", "04", shown) == [one, six]
