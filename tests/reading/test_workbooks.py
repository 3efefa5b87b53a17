"""Workbooks with several sheets, cells that are errors or were never calculated, numbers that were codes."""

import re
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter

from cchc.contracts import contract_of
from cchc.declarations.form import write_form
from cchc.errors import BadFile
from cchc.reading.canonical import canonical, derived
from cchc.reading.export import Export
from cchc.reading.formats import open_export
from cchc.reading.totals import agreed_total
from tests.reading.workbooks import raw_xlsx, row, text
from tests.world import SO, World, code

HEADER = ("ma_don_vi", "ten_don_vi", "cap")
VENDOR = ("Mã hồ sơ", "Trạng thái", "Đơn vị xử lý", "Mã TTHC", "Ngày tiếp nhận", "Ngày hẹn trả",
          "Ngày kết thúc xử lý")  # fmt: skip
Rows = list[tuple[object, ...]]


def unit(number: int) -> tuple[str, str, str]:
    return f"xa{number}", f"Xã số {number}", "xa"


def book(path: Path, sheets: dict[str, Rows], hidden: dict[str, str] | None = None) -> Path:
    """`hidden`: sheet → hide or very_hidden."""
    with xlsxwriter.Workbook(path) as made:
        for name, rows in sheets.items():
            sheet = made.add_worksheet(name)
            for number, cells in enumerate(rows):
                sheet.write_row(number, 0, cells)
            if how := (hidden or {}).get(name):
                getattr(sheet, how)()
    return path


def read(path: Path, dataset: str = "don_vi") -> tuple[list[dict[str, Any]], Export]:
    export = open_export(contract_of(dataset), path)
    return [line for batch in export.batches for line in batch.to_pylist()], export


def refused(path: Path, dataset: str = "don_vi") -> str:
    with pytest.raises(BadFile) as refusal:
        read(path, dataset)
    return str(refusal.value)


def faults(path: Path, dataset: str = "don_vi") -> dict[int, str]:
    return {line["line_no"]: line["faults"] for line in read(path, dataset)[0] if line.get("faults")}


# Sheets ---------------------------------------------------------------------------------------


def test_rows_go_on_in_a_second_sheet_and_lineage_says_which(world: World, tmp_path: Path):
    path = book(
        tmp_path / "a.xlsx",
        {
            "Bìa": [("Báo cáo",)],
            "Trang 1": [HEADER, unit(1), unit(2)],
            "Trống": [],
            "Trang 2": [("Tiếp theo",), HEADER, unit(3), unit(4)],
        },
    )
    batch, _ = world.ingest("don_vi", path, at="2024-01-01")
    assert (batch.lines_read, batch.lines_accepted, batch.lines_rejected) == (4, 4, 0)
    assert world.rows("SELECT ma_don_vi, line_no FROM core.don_vi ORDER BY 1") == [
        ("xa1", 2), ("xa2", 3), ("xa3", 2_000_003), ("xa4", 2_000_004)
    ]  # fmt: skip
    sheets = world.rows(
        "SELECT sheet, line_base, header_row, lines_read, why_not_read FROM ops.batch_sheet ORDER BY 1"
    )
    no_header = "không có dòng tiêu đề của bộ dữ liệu"
    assert sheets == [
        ("Bìa", 0, None, None, no_header),
        ("Trang 1", 0, 1, 2, None),
        ("Trang 2", 2_000_000, 2, 2, None),
        ("Trống", 0, None, None, no_header),
    ]
    # 3 records of the first sheet, 4 of the second.
    assert world.rows("SELECT records_in_file, lines_skipped FROM ops.batch") == [(7, 3)]


@pytest.mark.parametrize("how", ["hide", "very_hidden"])
@pytest.mark.parametrize("first", [True, False])
def test_a_hidden_sheet_of_the_list_stops_the_file_with_a_question(tmp_path: Path, how: str, first: bool):
    sheets = {"Cũ": range(5), "Mới": range(400)}
    with xlsxwriter.Workbook(tmp_path / "a.xlsx") as made:
        for name in sheets if first else reversed(sheets):
            sheet = made.add_worksheet(name)
            for number, cells in enumerate((HEADER, *map(unit, sheets[name]))):
                sheet.write_row(number, 0, cells)
        made.get_worksheet_by_name("Mới").activate()
        made.get_worksheet_by_name("Mới").set_first_sheet()
        getattr(made.get_worksheet_by_name("Cũ"), how)()
    message = refused(tmp_path / "a.xlsx")
    assert "sheet 'Cũ' is hidden" in message
    assert "5 rows below it. Is it part of the export? Unhide it" in message


def test_a_hidden_sheet_of_other_things_is_named_and_not_read(tmp_path: Path):
    path = book(
        tmp_path / "a.xlsx",
        {"Dữ liệu": [HEADER, unit(1)], "Danh mục": [("Mã", "Tên"), (1, "Có"), (0, "Không")]},
        {"Danh mục": "hide"},
    )
    lines, export = read(path)
    assert [line["ma_don_vi"] for line in lines] == ["xa1"]
    assert export.account.sheets[1].why_not_read == "trang ẩn"
    assert export.account.notes == [
        "Trang 'Danh mục' (ẩn, 3 dòng có nội dung) không được đọc: không có dòng tiêu đề của bộ dữ liệu."
    ]


def test_a_visible_sheet_of_other_things_is_named(tmp_path: Path):
    secret = [("Văn bản mật", ""), ("Số", "Trích yếu"), ("12", "Về việc nọ")]
    _, export = read(book(tmp_path / "a.xlsx", {"Danh sách": [HEADER, unit(1)], "Mật": secret}))
    assert export.account.notes == [
        "Trang 'Mật' (3 dòng có nội dung) không được đọc: không có dòng tiêu đề của bộ dữ liệu."
    ]


def test_rows_that_go_on_without_a_header_stop_the_file_with_a_question(tmp_path: Path):
    message = refused(
        book(tmp_path / "a.xlsx", {"Trang 1": [HEADER, unit(1)], "Trang 2": [unit(2), unit(3)]})
    )
    assert "sheet 'Trang 2' has no header, but its row 1 looks like a line of sheet 'Trang 1'" in message
    assert "Does the list go on in it?" in message


def test_sheets_of_other_columns_or_another_layout_are_refused(tmp_path: Path):
    more = [(*HEADER, "ma_gso"), (*unit(2), "1")]
    message = refused(book(tmp_path / "a.xlsx", {"A": [HEADER, unit(1)], "B": more}))
    assert (
        "header of sheet 'B' (row 1) differs from that of sheet 'A' (row 1): it alone has: ma_gso" in message
    )
    other = [("MaDonVi", "TenDonVi", "Cap"), unit(2)]
    message = refused(book(tmp_path / "b.xlsx", {"A": [HEADER, unit(1)], "B": other}))
    assert "layout dong_bo_quoc_gia, not cot_chuan" in message


def test_columns_in_another_order_and_a_chart_sheet_are_fine(tmp_path: Path):
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as made:
        for name, order in (("A", (0, 1, 2)), ("B", (2, 0, 1))):
            sheet = made.add_worksheet(name)
            for number, cells in enumerate((HEADER, unit(ord(name)))):
                sheet.write_row(number, 0, [cells[place] for place in order])
        chart = made.add_chart({"type": "line"})
        chart.add_series({"values": "=A!$C$2:$C$2"})
        made.add_chartsheet("Biểu đồ").set_chart(chart)
    lines, export = read(path)
    assert [(line["ma_don_vi"], line["cap"]) for line in lines] == [("xa65", "xa"), ("xa66", "xa")]
    assert export.account.sheets[2].why_not_read.startswith("không phải bảng tính")


@pytest.mark.parametrize(
    ("totals", "agreed"),
    [
        (("Tổng số: 2", "Tổng số: 1"), None),  # each of its own sheet
        (("Tổng số: 3", None), 3),  # of the file
        (("Tổng số: 2", "Tổng số: 5"), 5),  # the second is wrong
        (("Tổng số: 4", "Tổng số: 1"), 4),  # the first is
    ],
)
def test_a_total_speaks_of_its_sheet_or_of_the_file(tmp_path: Path, totals: tuple, agreed: int | None):
    sheets = {
        name: [*([(total,)] if total else []), HEADER, *map(unit, numbers)]
        for name, total, numbers in zip("AB", totals, ((1, 2), (3,)), strict=True)
    }
    lines, export = read(book(tmp_path / "a.xlsx", sheets))
    assert len(lines) == 3
    assert agreed_total(export.account.totals, 3) == agreed


def test_a_total_below_the_lines_of_each_sheet(tmp_path: Path):
    sheets = {"A": [HEADER, unit(1), unit(2), ("Tổng số: 2",)], "B": [HEADER, unit(3), ("Tổng cộng", 1)]}
    lines, export = read(book(tmp_path / "a.xlsx", sheets))
    assert len(lines) == 3
    assert [(t.line_no, t.number, t.since) for t in export.account.totals] == [(4, 2, 2), (2_000_003, 1, 1)]
    assert agreed_total(export.account.totals, 3) is None


def test_sheets_that_are_of_two_times_are_refused(tmp_path: Path):
    def sheet(day: int) -> Rows:
        return [(f"Thời điểm xuất: 0{day}/04/2025 07:05",), VENDOR]

    assert "says that its data are of 2025-04-02 07:05:00, another sheet of 2025-04-01 07:05:00" in refused(
        book(tmp_path / "a.xlsx", {"A": sheet(1), "B": sheet(2)}), "ho_so"
    )


def test_each_sheet_of_a_form_takes_its_own_titles(province: World, tmp_path: Path):
    whole = openpyxl.Workbook()
    whole.remove(whole.active)
    for number, ky in enumerate(("2025-03", "2025-04"), 1):
        write_form(province.engine, SO, ky, tmp_path / f"{ky}.xlsx")
        form = openpyxl.load_workbook(tmp_path / f"{ky}.xlsx").active
        sheet = whole.create_sheet(f"Tháng {number}")
        for cells in form.iter_rows():
            for cell in cells:
                sheet[cell.coordinate] = cell.value
        sheet["C4"], sheet["C5"] = "Văn thư", datetime(2025, 5, 2 + number, 8, 30)
        for place in range(10, sheet.max_row + 1):
            if sheet.cell(place, 2).value == "ho_so_phai_lap":
                sheet.cell(place, 5).value = number
    whole.save(tmp_path / "a.xlsx")
    lines, export = read(tmp_path / "a.xlsx", "khai_bao")
    titles = {(line["line_no"] // 2_000_000, line["ky"], line["ngay_khai"], line["don_vi"]) for line in lines}
    assert titles == {
        (0, "2025-03", "2025-05-03 08:30:00", SO),
        (1, "2025-04", "2025-05-04 08:30:00", SO),
    }
    assert [sheet.header_row for sheet in export.account.sheets] == [9, 9]


def test_hidden_rows_and_columns_are_read_and_said_so(tmp_path: Path):
    with xlsxwriter.Workbook(tmp_path / "a.xlsx") as made:
        sheet = made.add_worksheet("A")
        for number, cells in enumerate((HEADER, unit(1), unit(2), unit(3))):
            sheet.write_row(number, 0, cells)
        sheet.set_row(2, None, None, {"hidden": True})
        sheet.set_column(1, 1, None, None, {"hidden": True})
    lines, export = read(tmp_path / "a.xlsx")
    assert [line["ten_don_vi"] for line in lines] == ["Xã số 1", "Xã số 2", "Xã số 3"]
    assert export.account.notes == [
        "Trang 'A' có 1 dòng bị ẩn hoặc bị lọc: vẫn được đọc.",
        "Trang 'A' có 1 nhóm cột bị ẩn hoặc bị lọc: vẫn được đọc.",
    ]


def test_the_name_in_a_merged_cell_is_not_given_to_the_rows_below(tmp_path: Path):
    merged = "<mergeCells>" + "".join(f'<mergeCell ref="{area}"/>' for area in ("B2:B3", "B4:B5", "A6:C6"))
    rows = [row(1, *HEADER), row(2, *unit(1))]
    rows += [f'<row r="{n}">{text(f"A{n}", f"xa{n}")}{text(f"C{n}", "xa")}</row>' for n in (3, 4, 5)]
    rows += [row(6, "Người lập biểu")]
    raw_xlsx(tmp_path / "a.xlsx", "".join(rows), behind=f"{merged}</mergeCells>")
    # The cell over B4 and B5 is empty.
    assert faults(tmp_path / "a.xlsx") == {3: '{"ten_don_vi": "ô B3: ô gộp B2:B3"}'}


# Cells ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ('<c r="B2" t="e"><v>#N/A</v></c>', "ô B2: #N/A"),
        ('<c r="B2" t="e"><f>VLOOKUP(1,2)</f><v>#NAME?</v></c>', "ô B2: #NAME?"),
        ('<c r="B2" t="e"><v/></c>', "ô B2: lỗi"),
        ('<c r="B2"><f>WORKDAY(1,2)</f></c>', "ô B2: công thức chưa tính"),
        ('<c r="B2"><f>WORKDAY(1,2)</f><v></v></c>', "ô B2: công thức chưa tính"),
        ('<c r="B2"><f t="shared" si="0"/><v/></c>', "ô B2: công thức chưa tính"),
        ('<c r="B2" t="str"><f>A1</f></c>', "ô B2: công thức chưa tính"),
        *((text, f"ô B2: {text}") for text in ("#N/A", "#ERROR!", "#FIELD!", "Err:502", "########")),
        ('<c r="B2" t="b"><v>1</v></c>', "ô B2: giá trị đúng/sai (TRUE/FALSE)"),
        ('<c r="B2"><v>202503051234567890</v></c>', "ô B2: số quá 15 chữ số, đã bị làm tròn"),
        ('<c r="B2"><v>2.02503E+17</v></c>', "ô B2: số quá 15 chữ số, đã bị làm tròn"),
        ('<c r="B2" s="2"><v>45721</v></c>', "ô B2: chữ đã bị đổi thành ngày 05/03/2025"),
        ('<c r="B2" s="3"><v>42</v></c>', "ô B2: định dạng ô cho thấy khác giá trị"),
    ],
)
def test_a_cell_that_is_not_what_was_meant_faults_its_row_and_is_named(tmp_path: Path, cell: str, words: str):
    rows = row(1, *HEADER) + row(2, "xa1", cell, "xa") + row(3, *unit(2))
    formats = ("000000", "dd/mm/yyyy", "&quot;HS-&quot;0000")
    lines, _ = read(raw_xlsx(tmp_path / "a.xlsx", rows, formats=formats))
    assert [(line["ma_don_vi"], line["ten_don_vi"], line.get("faults")) for line in lines] == [
        ("xa1", None, f'{{"ten_don_vi": "{words}"}}'),
        ("xa2", "Xã số 2", None),
    ]


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ('<c r="B2" t="str"><f>A1</f><v>Xã tính</v></c>', "Xã tính"),
        ('<c r="B2" t="str"><f>A1</f><v></v></c>', None),
        ('<c r="B2" t="inlineStr"><is><r><t>Xã</t></r><r><t xml:space="preserve"> hai</t></r>'
         '<rPh sb="0" eb="1"><t>PHIÊN ÂM</t></rPh></is></c>', "Xã hai"),
        ('<c r="B2" t="s"><v>0</v></c>', "Xã\nchung"),
        ('<c r="B2" t="s"><v>1</v></c>', None),
        ('<c r="B2" t="s"><v>2</v></c>', "_x0041_"),
        ('<c r="B2" s="1"><v>42</v></c>', "000042"),
        ('<c r="B2" s="2"><v>1.00001</v></c>', "1.000010"),
        ('<c r="B2"><v>42</v></c>', "42"),
        ('<c r="B2"><v>0.30000000000000004</v></c>', "0.3"),
        ('<c r="B2"/>', None),
    ],
)  # fmt: skip
def test_a_cell_is_read_as_it_is_shown(tmp_path: Path, cell: str, value: str | None):
    shared = (
        "<si><r><t>Xã</t></r><r><t>_x000A_chung</t></r><rPh><t>PH</t></rPh></si>"
        "<si><t>_x000D_ </t></si><si><t>_x005F_x0041_</t></si>"
    )
    rows = row(1, *HEADER) + row(2, "xa1", cell, "xa")
    path = raw_xlsx(tmp_path / "a.xlsx", rows, shared=shared, formats=("000000", "0.000000"))
    lines, export = read(path)
    assert [(line["ten_don_vi"], "faults" in line) for line in lines] == [(value, False)]
    padded = [note for note in export.account.notes if "B2: " in note]
    assert bool(padded) == (value in ("000042", "1.000010"))


def test_errors_where_nobody_wants_a_value_are_ignored_and_a_row_of_errors_alone_is_a_row(tmp_path: Path):
    error = '<c r="{}" t="e"><v>#REF!</v></c>'
    rows = (
        row(1, *HEADER, "ghi_chu")
        + row(2, *unit(1), error.format("D2"))
        + row(3, None, error.format("B3"))
        + row(5, '<c r="A5"><f>A4</f></c>')
    )
    lines, export = read(raw_xlsx(tmp_path / "a.xlsx", rows))
    assert [(line["line_no"], line.get("faults")) for line in lines] == [
        (2, None),
        (3, '{"ten_don_vi": "ô B3: #REF!"}'),
        (5, '{"ma_don_vi": "ô A5: công thức chưa tính"}'),
    ]
    assert export.account.records == 5


def test_formulas_of_a_program_that_cannot_calculate_are_not_zero(tmp_path: Path):
    with xlsxwriter.Workbook(tmp_path / "a.xlsx") as made:
        sheet = made.add_worksheet()
        sheet.write_row(0, 0, HEADER)
        sheet.write_row(1, 0, unit(1))
        sheet.write_formula(1, 1, '="Xã "&"một"', None, "Xã một")
        sheet.write_row(2, 0, unit(2))
        sheet.write_formula(2, 1, '="Xã "&"hai"')
    assert faults(tmp_path / "a.xlsx") == {3: '{"ten_don_vi": "ô B3: công thức chưa tính"}'}
    made = openpyxl.load_workbook(tmp_path / "a.xlsx")
    made.save(tmp_path / "b.xlsx")
    assert set(faults(tmp_path / "b.xlsx")) == {2, 3}


def test_late_dossiers_with_faulty_times_are_rejected_and_named(province: World, tmp_path: Path):
    rows = [row(1, *VENDOR)]
    for n in range(2, 102):
        end = {
            3: f'<c r="G{n}" t="e"><v>#N/A</v></c>',
            4: f'<c r="G{n}"><f>WORKDAY(E{n},5)</f></c>',
        }.get(n, "10/03/2025 09:00")
        rows.append(row(n, code(n), "Đã trả kết quả", "Sở Xây dựng", "1.000001", "05/03/2025 09:00",
                        "12/03/2025 09:00", end))  # fmt: skip
    batch, _ = province.ingest("ho_so", raw_xlsx(tmp_path / "a.xlsx", "".join(rows)), at="2025-05-10")
    assert (batch.lines_read, batch.lines_accepted, batch.lines_rejected) == (100, 98, 2)
    rejected = province.rows("SELECT line_no, 'HS00' = ANY(rule_ids) FROM ops.reject ORDER BY 1")
    assert rejected == [(3, True), (4, True)]


@pytest.mark.parametrize(
    ("cell", "reads", "words"),
    [
        ('<c r="E2" s="1"><v>45721.3958333333</v></c>', datetime(2025, 3, 5, 9, 30), None),
        ('<c r="E2" s="2"><v>45721.395833333336</v></c>', datetime(2025, 3, 5, 9, 30), None),
        ('<c r="E2" s="1"><v>45721</v></c>', datetime(2025, 3, 5), None),
        ('<c r="E2" t="d"><v>2025-03-05T09:30:00</v></c>', datetime(2025, 3, 5, 9, 30), None),
        ("05/03/2025 09:30", datetime(2025, 3, 5, 9, 30), None),
        ('<c r="E2"><v>45721.5</v></c>', None, "45721.5"),
        ('<c r="E2" s="1"><v>60</v></c>', None, "ô E2: ngày 28/02/1900 trước 01/03/1900"),
        ('<c r="E2" s="1"><v>0.5</v></c>', None, "12:00:00"),
        ('<c r="E2" s="1"><v>-5</v></c>', None, "00:00:00"),
        ('<c r="E2" s="3"><v>45721.5</v></c>', None, "45721 days, 12:00:00"),
        ('<c r="E2" t="b"><v>1</v></c>', None, "1"),
    ],
)
def test_a_time_is_the_one_that_excel_shows_or_none(
    tmp_path: Path, cell: str, reads: datetime | None, words: str | None
):
    contract = contract_of("ho_so")
    rows = row(1, *VENDOR) + row(2, code(1), "Đang xử lý", "Sở", "1.000001", cell, "", "")
    formats = ("dd/mm/yyyy hh:mm", "[$-42A]d&quot; tháng &quot;m yyyy", "[h]:mm")
    export = open_export(contract, raw_xlsx(tmp_path / "a.xlsx", rows, formats=formats))
    present = list(export.header.columns.values())
    names = [*derived(contract, present), "unreadable_cells"]
    (line,) = canonical(contract, export, next(export.batches), None, names).to_pylist()
    assert line["ngay_tiep_nhan"] == reads
    # Of a fault of the reader there is no cell before REASON.
    found = line["unreadable_cells"] and line["unreadable_cells"].replace("\\u001f", "")
    assert found == (f'{{"ngay_tiep_nhan": "{words}"}}' if words else None)


def test_days_are_counted_from_1904_where_the_workbook_says_so(tmp_path: Path):
    rows = row(1, *VENDOR) + row(2, code(1), "x", "Sở", "1", '<c r="E2" s="1"><v>44259.5</v></c>')
    path = raw_xlsx(tmp_path / "a.xlsx", rows, formats=["d/m/yy"], properties='<workbookPr date1904="1"/>')
    # 44259 = 45721 - 1462 days between the two beginnings.
    assert read(path, "ho_so")[0][0]["ngay_tiep_nhan"] == "2025-03-05 12:00:00"


def test_a_number_that_no_date_can_be_is_said_with_its_row(tmp_path: Path):
    rows = row(1, *HEADER) + row(2, "x", '<c r="B2" s="1"><v>1e300</v></c>')
    message = refused(raw_xlsx(tmp_path / "a.xlsx", rows, formats=["[h]:mm"]))
    assert re.search(r"row \d+: a cell has the format of a date and a number that no date can be", message)


def test_a_form_with_a_fault_above_its_table_is_refused_naming_the_cell(province: World, tmp_path: Path):
    write_form(province.engine, SO, "2025-03", tmp_path / "a.xlsx")
    form = openpyxl.load_workbook(tmp_path / "a.xlsx")
    form.active["C5"] = "=NOW()"
    form.save(tmp_path / "b.xlsx")
    assert "cell C5, above the header: công thức chưa tính" in refused(tmp_path / "b.xlsx", "khai_bao")
    form.active["A2"] = "#REF!"
    form.save(tmp_path / "c.xlsx")
    assert "cell A2, above the header: #REF!" in refused(tmp_path / "c.xlsx", "khai_bao")


@pytest.mark.parametrize(
    ("value", "words"),
    [("=1/0", "công thức chưa tính"), ("#REF!", "#REF!"), (0.85, None)],
)
def test_an_item_of_a_form_that_is_an_error_is_rejected_and_named(
    province: World, tmp_path: Path, value: object, words: str | None
):
    write_form(province.engine, SO, "2025-03", tmp_path / "a.xlsx")
    form = openpyxl.load_workbook(tmp_path / "a.xlsx")
    sheet = form.active
    sheet["C4"], sheet["C5"] = "Văn thư", datetime(2025, 4, 2, 8, 30)
    sheet["E10"], sheet["E11"] = value, 1
    if words is None:
        sheet["E10"].number_format = "0%"
    form.save(tmp_path / "b.xlsx")
    found = faults(tmp_path / "b.xlsx", "khai_bao")
    assert found == {10: f'{{"gia_tri": "ô E10: {words or "số ở dạng phần trăm"}"}}'}


def test_the_time_a_workbook_was_made_counts_only_where_the_layout_says_so(tmp_path: Path):
    def made(cells: Rows) -> Path:
        with xlsxwriter.Workbook(path := tmp_path / f"{len(list(tmp_path.iterdir()))}.xlsx") as workbook:
            workbook.set_properties({"created": datetime(2025, 5, 2, 1, 0)})
            for number, row_of in enumerate(cells):
                sheet = workbook.worksheets()[0] if number else workbook.add_worksheet()
                sheet.write_row(number, 0, row_of)
        return path

    _, export = read(made([HEADER, unit(1)]))
    assert export.account.exported_at is None
    catalogue = [("Mã số", "Tên", "Cơ quan ban hành", "Lĩnh vực"), ("1.000001", "Thủ tục", "Bộ", "LV")]
    _, export = read(made(catalogue), "tthc")
    # Written in UTC, seven hours behind.
    assert export.account.exported_at == datetime(2025, 5, 2, 8, 0)
    assert export.account.time_source == "workbook"


# Headers --------------------------------------------------------------------------------------

TIMES = ("Ngày tiếp nhận", "Ngày hẹn trả", "Ngày kết thúc xử lý")
LINE = (code(1), "Đang xử lý", "Sở Xây dựng", "1.000001", "05/03/2025 9:30", "12/03/2025", "14/03/2025")


def two_rows(
    path: Path, upper: Rows, lower: Rows, merged: tuple[str, ...], *rows: tuple[object, ...]
) -> Path:
    made = openpyxl.Workbook()
    for cells in (*upper, *lower, *rows):
        made.active.append(cells)
    for area in merged:
        made.active.merge_cells(area)
    made.save(path)
    return path


def test_a_header_in_two_rows_that_is_repeated_is_no_line(tmp_path: Path):
    upper, lower = ("Mã hồ sơ", "Trạng thái", "Đơn vị xử lý", "Mã TTHC", "Thời gian"), (None,) * 4 + TIMES
    path = two_rows(
        tmp_path / "a.xlsx", [upper], [lower], ("E1:G1", "E4:G4"), LINE, upper, lower, (code(2), *LINE[1:])
    )
    lines, export = read(path, "ho_so")
    assert [(line["line_no"], line["ma_ho_so"]) for line in lines] == [(3, code(1)), (6, code(2))]
    assert [(one.kind, one.line_no, one.records) for one in export.account.skipped][-1] == ("header", 4, 2)


@pytest.mark.parametrize("down", [True, False], ids=["merged downwards", "left empty"])
def test_a_header_in_two_rows_is_one(tmp_path: Path, down: bool):
    path = two_rows(
        tmp_path / "a.xlsx",
        [("DANH SÁCH HỒ SƠ",), ("Mã hồ sơ", "Trạng thái", "Đơn vị", None, "Thời gian", None, None)],
        [(None, None, "Đơn vị xử lý", "Mã TTHC", *TIMES)],
        ("A1:G1", "C2:D2", "E2:G2", *(("A2:A3", "B2:B3") if down else ())),
        LINE,
    )
    lines, export = read(path, "ho_so")
    assert [(line["line_no"], *line.values())[2:] for line in lines] == [LINE]
    assert (lines[0]["line_no"], export.header.row, export.header.extra) == (4, 3, [])
    assert export.account.records == 4


def test_a_merged_title_above_a_header_in_one_row_is_no_part_of_it(tmp_path: Path):
    path = two_rows(tmp_path / "a.xlsx", [("Ghi chú", None, "Chi tiết", "Cũ")], [VENDOR], ("A1:B1",), LINE)
    _, export = read(path, "ho_so")
    assert (export.header.row, export.header.extra) == (2, [])


def test_what_is_nearly_the_header_of_a_sheet_is_named_with_its_place(tmp_path: Path):
    path = book(
        tmp_path / "a.xlsx",
        {"Bìa": [("Báo cáo",)], "Tháng 3": [("Danh sách",), ("Mã hồ sơ", "Trang thái", *VENDOR[2:]), LINE]},
    )
    assert (
        "Nearest is sheet 'Tháng 3', row 2, to layout danh_sach_ho_so: column 1 is 'Mã hồ sơ'; column 2 "
        "'Trang thái' ~ wanted 'Trạng thái': differs in diacritics; column 3 is 'Đơn vị xử lý'"
    ) in refused(path, "ho_so")


@pytest.mark.parametrize(
    ("rows", "moment"),
    [
        # Nobody filled it in: what stands below is the period of the report.
        ([("Ngày xuất:",), ("01/03/2025 - 31/03/2025",)], None),
        ([("Ngày xuất:",), ("Từ 01/03/2025",)], None),
        ([("Ngày xuất:",), ("01/04/2025 7:05",)], None),
        ([("Ngày xuất:", datetime(2025, 4, 1, 7, 5))], datetime(2025, 4, 1, 7, 5)),
        ([("Kỳ", "Ngày xuất: 01/04/2025 07:05")], datetime(2025, 4, 1, 7, 5)),
    ],
)
def test_the_time_of_an_export_stands_beside_its_words_or_alone_below(tmp_path: Path, rows: Rows, moment):
    path = two_rows(tmp_path / "a.xlsx", rows, [VENDOR], (), LINE)
    assert read(path, "ho_so")[1].account.exported_at == moment


def test_of_many_sheets_without_a_header_the_first_are_named(tmp_path: Path):
    path = book(tmp_path / "a.xlsx", {f"T{n}": [("a", "b")] for n in range(1, 31)})
    assert "sheet 'T10' with 1 rows; 20 more sheets)" in refused(path)
