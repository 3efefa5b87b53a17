"""Every kind of workbook that clerks send under the names .xls and .xlsx, and what is none."""

import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from tests.reading.test_workbooks import HEADER, faults, read, refused, unit
from tests.reading.workbooks import compound, raw_xlsx, record, row, xls

ONE = {"line_no": 2, "ma_don_vi": "xa1", "ten_don_vi": "Xã số 1", "cap": "xa"}
ROWS = row(1, *HEADER) + row(2, *unit(1))


def html(path: Path, body: str, head: str = '<meta charset="utf-8">', encoding: str = "utf-8") -> Path:
    path.write_bytes(f"<html><head>{head}</head><body>{body}</body></html>".encode(encoding))
    return path


def table(*rows: tuple[str, ...]) -> str:
    lines = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>\n" for cells in rows)
    return f"<table border=1>{lines}</table>"


def xml2003(path: Path, *rows: str, styles: str = "", more: str = "") -> Path:
    path.write_text(
        '<?xml version="1.0" encoding="utf-8"?>\n<?mso-application progid="Excel.Sheet"?>\n'
        '<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" '
        'xmlns:x="urn:schemas-microsoft-com:office:excel" '
        'xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet">'
        f'<Styles>{styles}</Styles><Worksheet ss:Name="A"><Table>{"".join(rows)}</Table></Worksheet>'
        f"{more}</Workbook>"
    )
    return path


def xml_row(*cells: str) -> str:
    data = (c if c.startswith("<") else f'<Cell><Data ss:Type="String">{c}</Data></Cell>' for c in cells)
    return f"<Row>{''.join(data)}</Row>"


# .xlsx ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "how",
    [
        {"strict": True},
        {"prefix": "x"},
        {"absolute": True},
        {"book": "xl/workbook22.xml"},
        {"book": "other/deep/workbook.xml"},
    ],
    ids=str,
)
def test_a_workbook_whose_parts_are_named_otherwise_is_read(tmp_path: Path, how: dict):
    assert read(raw_xlsx(tmp_path / "a.xlsx", ROWS, **how))[0] == [ONE]


@pytest.mark.parametrize("strict", [True, False])
def test_shared_texts_are_found_in_another_case(tmp_path: Path, strict: bool):
    rows = row(1, *HEADER) + row(2, "xa1", '<c r="B2" t="s"><v>0</v></c>', "xa")
    path = raw_xlsx(
        tmp_path / "a.xlsx",
        rows,
        shared="<si><t>Xã số 1</t></si>",
        shared_name="SharedStrings.xml",
        strict=strict,
    )
    assert read(path)[0] == [ONE]


def test_cells_without_references_are_read_in_their_order(tmp_path: Path):
    def cells(*words: str) -> str:
        return "".join(f'<c t="inlineStr"><is><t>{word}</t></is></c>' for word in words)

    rows = f"<row>{cells(*HEADER)}</row><row>{cells(*unit(1))}</row>"
    assert read(raw_xlsx(tmp_path / "a.xlsx", rows))[0] == [ONE]


def changed(
    path: Path, *, names: Callable[[str], str | None] = str, sheet: Callable[[bytes], bytes] = bytes
) -> Path:
    """A workbook of ROWS with other names of its parts (None: without it), and another sheet."""
    with zipfile.ZipFile(raw_xlsx(path.with_name("b.xlsx"), ROWS)) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if to := names(name):
                new.writestr(to, sheet(content) if "sheet1" in name else content)
    return path


def test_parts_named_with_backslashes_and_parts_that_nobody_needs(tmp_path: Path):
    assert read(changed(tmp_path / "a.xlsx", names=lambda name: name.replace("/", "\\")))[0] == [ONE]
    lacking = changed(
        tmp_path / "a.xlsx", names=lambda name: None if "styles" in name or "shared" in name else name
    )
    assert read(lacking)[0] == [ONE]
    lacking = changed(tmp_path / "a.xlsx", names=lambda name: None if "sheet1" in name else name)
    assert "a sheet or another part of the workbook is missing" in refused(lacking)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            lambda xml: (b'<?xml version="1.0" encoding="UTF-16"?>' + xml).decode().encode("utf-16"),
            "not written in UTF-8",
        ),
        (lambda xml: b'<?xml version="1.0" encoding="ISO-8859-1"?>' + xml, "not written in UTF-8"),
        (lambda xml: xml.replace("Xã".encode(), b"X<!-- -->a"), "has a comment at cell B2"),
        (lambda xml: xml.replace(b'r="B2"', b'r="B9"'), "cell 'B9' stands in row 2"),
        (lambda xml: xml.replace(b'r="B2"', b'r="b2"'), "'b2' is the name of no cell"),
        (lambda xml: xml.replace(b'<row r="2"', b'<row r="1048577"'), "there is a row 1048577"),
        (lambda xml: xml.replace(b"</sheetData>", b""), "no well-formed XML"),
    ],
)
def test_a_sheet_that_two_readers_could_read_in_two_ways_is_refused(
    tmp_path: Path, change: Callable[[bytes], bytes], says: str
):
    assert says in refused(changed(tmp_path / "a.xlsx", sheet=change))


def test_an_xlsx_under_the_name_xls_is_read(tmp_path: Path):
    assert read(raw_xlsx(tmp_path / "a.xls", ROWS))[0] == [ONE]


@pytest.mark.parametrize(
    ("members", "says"),
    [
        ({"word/document.xml": "<a/>"}, "this is a Word document"),
        ({"thang3.csv": "a,b"}, "this is an archive of other files: unpack it"),
        ({"mimetype": "application/vnd.oasis", "content.xml": "<a/>"}, "this is an OpenDocument file"),
        ({"xl/workbook.bin": "x"}, "this is a binary workbook"),
        ({"a.txt": "x"}, "this is a ZIP archive without a workbook"),
    ],
)
def test_an_archive_that_is_no_workbook_is_said_as_such(tmp_path: Path, members: dict[str, str], says: str):
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    message = refused(tmp_path / "a.xlsx")
    assert says in message
    assert "Expected .xlsx" in message


# .xls -----------------------------------------------------------------------------------------


def test_a_true_xls_is_read_with_its_errors_and_its_padded_codes(tmp_path: Path):
    error = bytes((2, 0, 42, 0, 0, 0, 255, 255))
    uncalculated = bytes((3, 0, 0, 0, 0, 0, 255, 255))
    path = xls(
        tmp_path / "a.xls",
        {
            "Bìa": [["Báo cáo"]],
            "A": [
                HEADER, unit(1), ["xa2", ("error", 42), "xa"], ["xa3", error, "xa"], [],
                ["xa4", uncalculated, "xa"],
            ],
            "B": [HEADER, [(42.0, 1), "Xã", "xa"], [(1e15, 0), "Xã", "xa"]],
        },
        formats=["000000"],
    )  # fmt: skip
    lines, export = read(path)
    assert [(line["line_no"], line["ma_don_vi"]) for line in lines] == [
        (2, "xa1"), (3, "xa2"), (4, "xa3"), (6, "xa4"), (2_000_002, "000042"), (2_000_003, None)
    ]  # fmt: skip
    assert faults(path) == {
        3: '{"ten_don_vi": "ô B3: #N/A"}',
        4: '{"ten_don_vi": "ô B4: #N/A"}',
        6: '{"ten_don_vi": "ô B6: công thức chưa tính"}',
        2_000_003: '{"ma_don_vi": "ô A3: số quá 15 chữ số, đã bị làm tròn"}',
    }
    assert export.account.records == 9


@pytest.mark.long
def test_a_large_xls_is_read_to_its_end(tmp_path: Path):
    # Its table of sectors does not fit in the first one.
    path = xls(tmp_path / "a.xls", {"A": [HEADER, *((f"xa{n}", "Xã " * 60, "xa") for n in range(20_000))]})
    assert path.stat().st_size > 7_200_000
    lines, _ = read(path)
    assert len(lines) == 20_000
    assert lines[-1]["ma_don_vi"] == "xa19999"


def test_a_hidden_sheet_and_a_password_of_an_xls(tmp_path: Path):
    path = xls(tmp_path / "a.xls", {"Cũ": [HEADER, unit(1)], "Mới": [HEADER, unit(2)]}, hidden=["Cũ"])
    assert "sheet 'Cũ' is hidden" in refused(path)
    assert "the workbook has a password" in refused(xls(tmp_path / "b.xls", {"A": [HEADER]}, password=True))
    assert "the workbook has a password" in refused(compound(tmp_path / "c.xlsx", {"EncryptedPackage": b"x"}))
    assert "without a workbook in it" in refused(compound(tmp_path / "d.xls", {"WordDocument": b"x"}))


def test_merged_cells_and_hidden_rows_of_an_xls(tmp_path: Path):
    merged = record(0xE5, struct.pack("<HHHHH", 1, 1, 2, 1, 1))
    hidden = record(0x208, struct.pack("<HHHHHHI", 2, 0, 3, 255, 0, 0, 0x20))
    path = xls(tmp_path / "a.xls", {"A": [HEADER, unit(1), ["xa2", None, "xa"]]}, behind=hidden + merged)
    assert faults(path) == {3: '{"ten_don_vi": "ô B3: ô gộp B2:B3"}'}
    assert read(path)[1].account.notes == ["Trang 'A' có 1 dòng bị ẩn hoặc bị lọc: vẫn được đọc."]


# HTML -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("head", "encoding"),
    [
        ('<meta charset="utf-8">', "utf-8"),
        ('<meta http-equiv="Content-Type" content="text/html; charset=utf-8">', "utf-8-sig"),
        ("", "utf-8"),
        ("", "utf-16"),
        ('<meta http-equiv="Content-Type" content="text/html; charset=unicode">', "utf-16"),
    ],
)
def test_a_table_of_html_is_read_whatever_its_letters_are(tmp_path: Path, head: str, encoding: str):
    path = html(tmp_path / "a.xls", table(HEADER, unit(1)), head, encoding)
    assert read(path)[0] == [ONE]


def test_letters_of_windows_1258_are_read_where_the_page_says_so(tmp_path: Path):
    # "ố" is written as ô and a sign behind it.
    page = html(
        tmp_path / "a.xls",
        table(HEADER, ("xa1", "Xa s\u00f4\u0301 1", "xa")),
        "<meta charset=windows-1258>",
        "cp1258",
    )
    assert read(page)[0][0]["ten_don_vi"] == "Xa s\u00f4\u0301 1"
    assert "is not utf-8" in refused(html(tmp_path / "c.xls", table(("à",)), "", "latin-1"))
    assert "letters are in (chữ, 7 ký tự)" in refused(
        html(tmp_path / "d.xls", table(("a",)), "<meta charset=klingon>")
    )


def test_html_is_one_sheet_as_excel_shows_it(tmp_path: Path):
    page = html(
        tmp_path / "a.xls",
        "<h3>DANH SÁCH &amp; ĐƠN VỊ</h3><p>Tháng&nbsp;3</p><!-- <tr><td>x</td></tr> -->"
        "<table><thead><tr><th>ma_don_vi<th>ten_don_vi</th><th>cap</thead>"
        "<tr><td>xa1<td>X&#227; <b>số</b><br>1<td>xa"
        "<tr><td colspan=3>&nbsp;</td></tr>"
        "<tr><td>xa2</td><td>Xã số 2</td><td>xa</td></tr></table>"
        "<table><tr><td colspan=2>Tổng số:</td><td>2</td></tr></table><p>Người lập</p>",
    )
    lines, export = read(page)
    assert [(line["line_no"], line["ten_don_vi"]) for line in lines] == [(4, "Xã số 1"), (6, "Xã số 2")]
    assert [(one.kind, one.line_no, one.records) for one in export.account.skipped] == [
        ("title", 1, 2), ("header", 3, 1), ("blank", 5, 1), ("total", 7, 1), ("signature", 8, 1)
    ]  # fmt: skip
    assert [total.number for total in export.account.totals] == [2]


def test_text_of_a_table_that_lies_in_no_row_is_read(tmp_path: Path):
    rows = table(HEADER, unit(1)).removeprefix("<table border=1>")
    page = html(tmp_path / "a.xls", f"<table><caption>Danh sách<br>Tổng số: 7</caption>{rows}")
    lines, export = read(page)
    # Two rows of text, the header, the line.
    assert [line["line_no"] for line in lines] == [4]
    assert [(total.text, total.number) for total in export.account.totals] == [("Tổng số: 7", 7)]
    page = html(tmp_path / "a.xls", f"<table>Tổng số: 7{rows}")
    assert [total.number for total in read(page)[1].account.totals] == [7]


@pytest.mark.parametrize(
    "before", ["<span><b>Danh sách</b></span>", "<link rel=x><script>var a</script>", ""]
)
def test_a_table_is_read_whatever_marks_stand_before_it(tmp_path: Path, before: str):
    path = tmp_path / "a.xls"
    path.write_text(before + table(HEADER, unit(1)), encoding="utf-8")
    lines, _ = read(path)
    assert lines == [ONE | {"line_no": 3 if "Danh" in before else 2}]


@pytest.mark.parametrize("letters", ["undefined", "unicode_escape", "idna", "rot13", "utf-7", "tcvn"])
def test_what_is_no_way_to_write_letters_is_refused(tmp_path: Path, letters: str):
    page = html(tmp_path / "a.xls", table(HEADER, unit(1)), head=f'<meta charset="{letters}">')
    assert f"its letters are in '{letters}', which is not known. Expected utf-8" in refused(page)


@pytest.mark.parametrize("letters", ["utf-8", "windows-1258", "us-ascii", "iso-8859-1", "x-none"])
def test_letters_that_portals_name_are_known(tmp_path: Path, letters: str):
    page = html(tmp_path / "a.xls", table(HEADER, ("xa1", "Xa so 1", "xa")), f'<meta charset="{letters}">')
    if letters == "x-none":
        assert "which is not known" in refused(page)
    else:
        assert read(page)[0] == [ONE | {"ten_don_vi": "Xa so 1"}]


def test_errors_spans_and_numbers_of_html(tmp_path: Path):
    page = html(
        tmp_path / "a.xls",
        "<table><tr><td>ma_don_vi<td>ten_don_vi<td>cap</tr>"
        "<tr><td rowspan=2>xa1<td>Xã 1<td>xa</tr><tr><td>Xã 2<td>xa</tr>"
        "<tr><td>xa3<td>#N/A<td>xa</tr><tr><td x:num='1000'>1.000<td>Xã 4<td>xa</tr>"
        "<tr><td x:num='202503051234567890'>2,02503E+17<td>Xã 5<td>xa</tr></table>",
    )
    lines, _ = read(page)
    assert [(line["ma_don_vi"], line["ten_don_vi"]) for line in lines] == [
        ("xa1", "Xã 1"), (None, "Xã 2"), ("xa3", None), ("1000", "Xã 4"), (None, "Xã 5")
    ]  # fmt: skip
    assert faults(page) == {
        3: '{"ma_don_vi": "ô A3: ô gộp A2:A3"}',
        4: '{"ten_don_vi": "ô B4: #N/A"}',
        6: '{"ma_don_vi": "ô A6: số quá 15 chữ số, đã bị làm tròn"}',
    }


def test_several_tables_with_a_header_and_tables_in_each_other(tmp_path: Path):
    page = html(tmp_path / "a.xls", table(HEADER, unit(1)) + table(HEADER, unit(2)))
    lines, export = read(page)
    assert [line["line_no"] for line in lines] == [2, 2_000_002]
    assert [sheet.name for sheet in export.account.sheets] == ["bảng 1", "bảng 2"]
    inner = f"<table><tr><td>{table(HEADER, unit(1))}</td></tr></table>"
    assert read(html(tmp_path / "b.xls", inner))[0] == [ONE]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("<form>Đăng nhập</form>", "a web page without a table"),
        ("<table><tr><td>ma_don_vi</td><td>ten_don_vi</td><td>cap</td></tr><tr><td>xa1", "it was cut off"),
        (table(HEADER) + "<!--" + "a" * 3_000_000, "never closed"),
        ("<table><tr><td>" * 60, "more than 50 tables lie in each other"),
        (table(("a",)), "no header row of dataset don_vi"),
    ],
)
def test_a_page_that_is_no_list_is_refused_in_words(tmp_path: Path, body: str, says: str):
    assert says in refused(html(tmp_path / "a.xls", body))


# XML ------------------------------------------------------------------------------------------


def test_a_comment_of_an_xml_workbook_is_not_the_value(tmp_path: Path):
    note = (
        '<Comment ss:Author="x"><ss:Data xmlns="http://www.w3.org/TR/REC-html40"><B>x:</B> xem</ss:Data>'
        "</Comment>"
    )
    path = xml2003(
        tmp_path / "a.xls",
        xml_row(*HEADER),
        xml_row(f'<Cell><Data ss:Type="String">xa1</Data>{note}</Cell>', "Xã số 1", "xa"),
        xml_row("xa2", f"<Cell>{note}</Cell>", "xa"),
    )
    lines, _ = read(path)
    assert lines == [ONE, {"line_no": 3, "ma_don_vi": "xa2", "ten_don_vi": None, "cap": "xa"}]


def test_an_xml_workbook_of_excel_2003_is_read(tmp_path: Path):
    path = xml2003(
        tmp_path / "a.xls",
        xml_row("Danh sách"),
        xml_row(*HEADER),
        '<Row ss:Index="4" ss:Hidden="1"><Cell><Data ss:Type="String">xa1</Data></Cell>'
        '<Cell><Data ss:Type="String">Xã <B xmlns="http://www.w3.org/TR/REC-html40">số</B> 1</Data></Cell>'
        '<Cell><Data ss:Type="String">xa</Data></Cell></Row>',
        xml_row('<Cell ss:StyleID="s1"><Data ss:Type="Number">42</Data></Cell>', "Xã", "xa"),
        xml_row("xa3", '<Cell ss:Formula="=1/0"><Data ss:Type="Error">#DIV/0!</Data></Cell>', "xa"),
        xml_row("xa4", '<Cell ss:Formula="=NOW()"/>', "xa"),
        xml_row("xa5", '<Cell ss:Index="3"><Data ss:Type="String">xa</Data></Cell>'),
        xml_row("xa6", '<Cell><Data ss:Type="DateTime">2025-03-05T00:00:00.000</Data></Cell>', "xa"),
        styles='<Style ss:ID="s1"><NumberFormat ss:Format="000000"/></Style>',
    )
    lines, export = read(path)
    assert [(line["line_no"], line["ma_don_vi"], line["ten_don_vi"]) for line in lines] == [
        (4, "xa1", "Xã số 1"), (5, "000042", "Xã"), (6, "xa3", None), (7, "xa4", None), (8, "xa5", None),
        (9, "xa6", None),
    ]  # fmt: skip
    assert faults(path) == {
        6: '{"ten_don_vi": "ô B6: #DIV/0!"}',
        7: '{"ten_don_vi": "ô B7: công thức chưa tính"}',
        9: '{"ten_don_vi": "ô B9: chữ đã bị đổi thành ngày 05/03/2025"}',
    }
    assert export.account.records == 9
    assert export.account.notes[0] == "Trang 'A' có 1 dòng bị ẩn hoặc bị lọc: vẫn được đọc."


def test_an_xml_workbook_that_is_hidden_cut_off_or_has_a_doctype(tmp_path: Path):
    hidden = (
        f'<Worksheet ss:Name="Cũ"><Table>{xml_row(*HEADER)}{xml_row(*unit(2))}</Table>'
        "<x:WorksheetOptions><x:Visible>SheetHidden</x:Visible></x:WorksheetOptions></Worksheet>"
    )
    path = xml2003(tmp_path / "a.xls", xml_row(*HEADER), xml_row(*unit(1)), more=hidden)
    assert "sheet 'Cũ' is hidden" in refused(path)
    content = path.read_text()
    path.write_text(content[: len(content) // 2])
    assert "was cut off here" in refused(path)
    path.write_text(content.replace('"String">xa1<', '"Number">xa1<'))
    assert "line 3: a number, a date or a place is none" in refused(path)
    path.write_text(content.replace("?>\n<Workbook", "?>\n<!DOCTYPE a [<!ENTITY b 'c'>]>\n<Workbook"))
    assert "has a DOCTYPE" in refused(path)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("MIME-Version: 1.0\nContent-Type: multipart/related\n", "this is a web archive"),
        ('<?xml version="1.0"?><DanhSach><HoSo/></DanhSach>', "this is XML, but no workbook"),
    ],
)
def test_what_is_no_workbook_is_said_as_such(tmp_path: Path, content: str, says: str):
    (tmp_path / "a.xls").write_text(content)
    assert says in refused(tmp_path / "a.xls")


def test_a_workbook_of_a_library_is_read(tmp_path: Path):
    made = openpyxl.Workbook()
    for cells in (HEADER, unit(1)):
        made.active.append(cells)
    made.save(tmp_path / "a.xlsx")
    assert read(tmp_path / "a.xlsx")[0] == [ONE]
