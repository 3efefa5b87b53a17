"""Files as they come: what is refused and how it is said, what is read in spite of its shape."""

import json
import re
import zipfile
from pathlib import Path

import pytest
import xlsxwriter

from cchc.contracts import contract_of
from cchc.errors import BadFile
from cchc.judging.validation import validate
from cchc.reading.formats import open_export
from cchc.spelling import fold
from tests.world import DOSSIER, SO, UNITS, World, code
from tools.tthc_simulator import exports
from tools.tthc_simulator.defects import WARNING_KINDS
from tools.tthc_simulator.generate import Settings
from tools.tthc_simulator.source import generate

HEADER = "ma_don_vi,ten_don_vi,cap"
LINE = f"{SO},Sở Xây dựng,so_nganh"


def lines_of(dataset: str, path: Path) -> list[dict]:
    export = open_export(contract_of(dataset), path)
    return [row for batch in export.batches for row in batch.to_pylist()]


def refusal(world: World, dataset: str, content: str | bytes, suffix: str = "csv") -> str:
    with pytest.raises(BadFile) as refused:
        lines_of(dataset, world.text(content, suffix))
    message = str(refused.value)
    assert message.startswith("tep_1."), "a message begins with the file"
    return message


@pytest.mark.parametrize(
    ("content", "suffix", "says"),
    [
        ("", "csv", "the file is empty"),
        ("\n \n", "csv", "the file is empty"),
        ("<html><table><tr><td>x</td></tr></table></html>", "xls", "no header row of dataset don_vi"),
        (b"\xd0\xcf\x11\xe0 old", "xls", "old .xls workbook is damaged"),
        (b"%PDF-1.7", "xlsx", "this is a PDF"),
        (b"PK\x03\x04 broken", "xlsx", "not a readable .xlsx workbook"),
        ("a,b,c\n1,2,3\n", "csv", "no header row of dataset don_vi"),
        ("ma_don_vi,ten_don_vi\nx,y\n", "csv", r"row 1 \(layout cot_chuan\) lacks required columns: cap"),
        (f"{HEADER},MaDonVi\n{LINE},x\n", "csv", "column 'ma_don_vi' appears twice"),
        (f"{HEADER}\n{LINE}\n{SO},Sở,so_nganh,thừa\n", "csv", "has 4 cells, expected 3"),
        (f"{HEADER}\n{SO},S\u1edf,so_nganh\n".encode("cp1258", "replace") + b"\xd0\xff", "csv", "not UTF-8"),
        (b"ma_don_vi\x00,ten_don_vi,cap\n", "csv", "byte 10 is NUL"),
        ('{"error_code": "5", "data": []}', "json", "error_code 5"),
        ('{"data": [{"MaDonVi": "a", "TenDonVi": "b", "Cap": "xa"}, {"MaDo', "json", "after record 1"),
        ('{"MaDonVi": "a", "TenDonVi": "b", "Cap": "xa"}\n{"MaDonVi": \n', "jsonl", "line 2, column 1"),
    ],
)
def test_file_that_cannot_be_read_is_refused_with_what_where_and_what_to_do(
    world: World, content: str | bytes, suffix: str, says: str
):
    message = refusal(world, "don_vi", content, suffix)
    assert re.search(says, message), message
    assert any(word in message.lower() for word in ("export", "expected", "save", "correct", "check"))


def test_header_without_lines_stops_and_is_noted_on_the_batch(world: World):
    with pytest.raises(BadFile, match="row 1 is followed by no line"):
        world.ingest("don_vi", world.text(f"{HEADER}\n"), at="2024-01-01")
    assert world.rows("SELECT status, stop_reason LIKE '%followed by no line%' FROM ops.batch") == [
        ("stopped", True)
    ]


def test_export_that_cannot_be_dated_is_refused_until_somebody_says_when(world: World):
    path = world.text(f"{HEADER}\n{LINE}\n")
    with pytest.raises(BadFile, match="parameter extracted_at"):
        world.ingest("don_vi", path)
    world.files = 0
    again = world.text(f"{HEADER}\n{LINE}\n\n")
    assert world.ingest("don_vi", again, at="2024-01-01")[0].lines_accepted == 1


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (f"{HEADER}\n{LINE}\n", 2),
        (f"\ufeff{HEADER}\n{LINE}\n", 2),
        (f"{HEADER}\n{LINE}\n".replace(",", ";"), 2),
        (f"{HEADER}\n{LINE}\n".replace(",", "\t"), 2),
        (f"{HEADER}\r\n{LINE}\r\n".encode("utf-16"), 2),
        (f"UBND TỈNH TRÀ VINH,,\nDANH SÁCH,,\n{HEADER}\n{LINE}\n", 4),
        (f'{HEADER}\n"{SO}","Sở Xây dựng",so_nganh\n', 2),
    ],
)
def test_csv_is_read_whatever_its_dress(world: World, content: str | bytes, line: int):
    path = world.text(content)
    assert lines_of("don_vi", path) == [
        {"line_no": line, "ma_don_vi": SO, "ten_don_vi": "Sở Xây dựng", "cap": "so_nganh"}
    ]


@pytest.mark.parametrize("shape", ["array", "envelope", "lines"])
def test_json_is_read_in_each_of_its_shapes(world: World, shape: str):
    records = [{"MaDonVi": f"d{n}", "TenDonVi": f"Xã {n}", "Cap": "xa"} for n in (1, 2)]
    text = {
        "array": json.dumps(records),
        "envelope": json.dumps({"data": records, "tong_so": 2}),
        "lines": '{"tong_so": 2}\n' + "\n".join(map(json.dumps, records)),
    }[shape]
    rows = lines_of("don_vi", world.text(text, "json"))
    assert [row["ma_don_vi"] for row in rows] == ["d1", "d2"]
    # Of JSON Lines the line in the file, of a document the number of the record.
    assert [row["line_no"] for row in rows] == ([2, 3] if shape == "lines" else [1, 2])


def test_extra_columns_are_reported_and_not_loaded(world: World):
    path = world.csv([UNITS[1] | {"nguoi_dung_dau": "x", "ghi_chu": "y"}])
    batch, _ = world.ingest("don_vi", path, at="2024-01-01")
    assert batch.extra_columns == ["nguoi_dung_dau", "ghi_chu"]


def test_the_words_na_and_null_are_text(world: World):
    path = world.csv([UNITS[1] | {"ma_gso": "NA"}, UNITS[2] | {"ma_gso": "NULL"}])
    world.ingest("don_vi", path, at="2024-01-01")
    assert world.rows("SELECT ma_gso FROM core.don_vi ORDER BY ma_don_vi") == [("NA",), ("NULL",)]


# XLSX -----------------------------------------------------------------------------------------


def workbook(path: Path, cells: list[list[object]]) -> Path:
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet("Bìa").write(0, 0, "Báo cáo")
        sheet = book.add_worksheet("Dữ liệu")
        for number, row in enumerate(cells):
            sheet.write_row(number, 0, row)
    return path


def test_sheet_with_the_data_is_found_and_lines_keep_their_row_numbers(tmp_path: Path):
    path = workbook(tmp_path / "a.xlsx", [["Tiêu đề"], [], HEADER.split(","), [], [SO, "Sở", "so_nganh"]])
    assert lines_of("don_vi", path) == [
        {"line_no": 5, "ma_don_vi": SO, "ten_don_vi": "Sở", "cap": "so_nganh"}
    ]


def test_false_dimension_of_a_sheet_hides_no_row(tmp_path: Path):
    rows = [[f"d{n}", f"Xã {n}", "xa"] for n in range(50)]
    honest = workbook(tmp_path / "a.xlsx", [HEADER.split(","), *rows])
    lying = tmp_path / "b.xlsx"
    with zipfile.ZipFile(honest) as old, zipfile.ZipFile(lying, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name.endswith("sheet2.xml"):
                assert b'<dimension ref="A1:C51"/>' in content
                content = content.replace(b'<dimension ref="A1:C51"/>', b'<dimension ref="A1:C3"/>')
            new.writestr(name, content)
    assert len(lines_of("don_vi", lying)) == 50


@pytest.fixture(scope="module")
def source():
    return generate(Settings(per_month=400, tu="2025-03", den="2025-03"))


def test_vendor_workbook_loads_with_words_as_codes_and_its_own_total(world: World, source, tmp_path: Path):
    end = "20250401000000"
    path = tmp_path / "thang3.xlsx"
    exports.write_xlsx(source, path, "2025-03", end)
    frame = source.frame(end)
    wanted = frame[
        (frame["loi"].isin(["", *WARNING_KINDS])) & frame["ngay_tiep_nhan"].str.startswith("202503")
    ]
    units = world.json(source.don_vi(end))
    world.ingest("don_vi", units)
    world.ingest("tthc", world.json(source.tthc(end)))
    batch, _ = world.ingest("ho_so", path)
    assert batch.layout == "danh_sach_ho_so"
    assert batch.stated_total == batch.lines_read == len(wanted)
    assert str(batch.extracted_at) == "2025-04-01 00:00:00"
    assert batch.personal_columns == ["chu_ho_so", "dia_chi", "so_dien_thoai"]
    assert batch.extra_columns == []
    statuses = dict(world.rows("SELECT trang_thai_ho_so, count(*) FROM core.ho_so GROUP BY 1"))
    assert statuses == wanted["trang_thai_ho_so"].astype(int).value_counts().to_dict()
    channels = dict(world.rows("SELECT coalesce(kenh_thuc_hien, 0), count(*) FROM core.ho_so GROUP BY 1"))
    assert channels == wanted["kenh_thuc_hien"].fillna("0").astype(int).value_counts().to_dict()
    assert world.rows("SELECT count(*) FROM core.ho_so WHERE co_ket_qua_dien_tu IS NOT NULL") == [(0,)]


# People ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["csv", "json", "xlsx"])
def test_no_personal_value_leaves_the_landing_area(province: World, tmp_path: Path, kind: str):
    person = {"Chủ hồ sơ": "Trần Thị Vôdanh", "Số điện thoại": "0987654321", "Địa chỉ": "12 Đường Thử"}
    columns = {
        "Mã hồ sơ": code(1), "Trạng thái": "Đang xử lý", "Đơn vị xử lý": "Sở Xây dựng",
        "Mã TTHC": "1.000001", "Ngày tiếp nhận": "05/03/2025 09:00", "Ngày hẹn trả": "12/03/2025 09:00",
        "Ngày kết thúc xử lý": "",
    }  # fmt: skip
    record = columns | person
    if kind == "csv":
        path = province.csv([record])
    elif kind == "json":
        path = province.json([record])
    else:
        path = workbook(tmp_path / "a.xlsx", [list(record), list(record.values())])
    batch, _ = province.ingest("ho_so", path, at="2025-05-10")
    assert batch.personal_columns == ["chu_ho_so", "dia_chi", "so_dien_thoai"]
    assert batch.lines_accepted == 1
    tables = province.rows(
        "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables "
        "WHERE schemaname IN ('ops', 'core', 'mart', 'staging')"
    )
    for (table,) in tables:
        people = "'Vôdanh|0987654321|Đường Thử'"
        found = province.rows(f"SELECT count(*) FROM {table} AS t WHERE t::text ~ {people}")
        assert found == [(0,)], table


def test_no_table_has_a_column_for_people(world: World):
    names = {c.name for dataset in ("ho_so",) for c in contract_of(dataset).columns if c.personal}
    assert len(names) == 6
    assert (
        world.rows(
            "SELECT table_schema, column_name FROM information_schema.columns "
            "WHERE table_schema IN ('ops', 'core', 'mart', 'staging') AND column_name = ANY(:names)",
            names=list(names),
        )
        == []
    )


# Cells ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "reads"),
    [
        ("20250305093000", "2025-03-05 09:30:00"),
        ("05/03/2025 09:30", "2025-03-05 09:30:00"),
        ("05/03/2025 09:30:15", "2025-03-05 09:30:15"),
        ("05/03/2025", "2025-03-05 00:00:00"),
        ("2025-03-05 09:30:15", "2025-03-05 09:30:15"),
        ("2025-03-05T09:30:15", "2025-03-05 09:30:15"),
        ("2025-03-05", "2025-03-05 00:00:00"),
        ("20240229000000", "2024-02-29 00:00:00"),
        ("30/02/2025", None),
        ("20250229000000", None),
        ("20251301000000", None),
        ("20250305246100", None),
        ("5/3/2025", "2025-03-05 00:00:00"),
        ("hôm nay", None),
    ],
)
def test_time_is_read_exactly_or_not_at_all(province: World, text: str, reads: str | None):
    good = [{}] * 30
    path = province.dossiers(*good, {"ngay_hen_tra": text, "ngay_tiep_nhan": "20240101000000"})
    batch_id = province.land("ho_so", path, at="2025-05-10")
    validate(province.engine, batch_id)
    staged = province.rows(
        f"SELECT ngay_hen_tra::text, unreadable_cells->>'ngay_hen_tra' FROM staging.ho_so__{batch_id} "
        "WHERE line_no = 32"
    )
    kept = "(chữ, 7 ký tự)" if text == "hôm nay" else text
    assert staged == [(reads, None if reads else kept)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("UBND Xã Hoà Thuận", "ubnd  xã Hòa Thuận"),
        ("Xã Thuỷ Tiên", "Xã Thủy Tiên"),
        ("Cầu Kè", "Cầu Kè"),
    ],
)
def test_names_that_differ_only_in_writing_are_one_name(one: str, other: str):
    assert fold(one) == fold(other)


def test_names_that_differ_in_sound_stay_two_names():
    assert len({fold(name) for name in ("Hòa Minh", "Hoa Minh", "Hóa Minh", "Hoàn Minh")}) == 4
    assert DOSSIER["don_vi_xu_ly"] == SO
