"""Form II.06a: each cell against numbers worked out by hand and against mart, and its layout as printed."""

import io
import re
import zipfile
from datetime import datetime

import openpyxl
import pytest
import sqlalchemy as sa

from cchc.errors import CchcError
from cchc.reports.form_06a import form_06a
from cchc.reports.standing import OF_06A, PROVINCE, standing_of
from cchc.vietnamese import VIETNAM
from tests.reports.conftest import (
    NOTHING,
    OF_ALL,
    OF_SO,
    OF_XA,
    OF_XA_WITH_FIELD,
    WITH_FIELD,
    WITHOUT_FIELD,
)
from tests.world import HUYEN, SO, XA

MADE_AT = datetime(2025, 4, 2, 8, 30, tzinfo=VIETNAM)
# The first rows of every sheet: number of the form, three lines of heads, the numbers of the columns.
HEADS = {
    "A": "TT", "C": "Số lượng hồ sơ tiếp nhận", "G": "Số lượng hồ sơ đã giải quyết",
    "K": "Số lượng hồ sơ đang giải quyết",
}  # fmt: skip


def standing(connection, unit=PROVINCE, ky="2025-03", ky_loai="thang"):
    return standing_of(connection, ky_loai, ky, unit, OF_06A, MADE_AT)


def book_of(connection, unit=PROVINCE, ky="2025-03", ky_loai="thang") -> openpyxl.Workbook:
    content = form_06a(connection, standing(connection, unit, ky, ky_loai))
    return openpyxl.load_workbook(io.BytesIO(content))


def first_row(sheet) -> int:
    """The row below (1) … (13)."""
    return next(row[0].row for row in sheet.iter_rows() if row[0].value == "(1)") + 1


def lines(sheet) -> list[tuple]:
    """The rows of the table."""
    found = []
    for row in sheet.iter_rows(min_row=first_row(sheet), max_col=13, values_only=True):
        if row[2] is None:
            break
        found.append(row)
    return found


def test_units_stand_below_their_levels_as_worked_out_by_hand(connection):
    assert lines(book_of(connection)["Theo đơn vị"]) == [
        ("I", "Các sở, ban, ngành", *OF_SO),
        (1, "Sở Xây dựng", *OF_SO),
        ("II", "Các huyện, thị xã, thành phố", *NOTHING),
        (1, "UBND Thành phố Trà Vinh", *NOTHING),
        ("III", "Các xã, phường, thị trấn", *OF_XA),
        (1, "UBND Phường 1, Thành phố Trà Vinh", *OF_XA),
        (None, "Tổng số", *OF_ALL),
    ]


def test_fields_stand_below_their_levels(connection):
    book = book_of(connection)
    assert lines(book["Theo lĩnh vực"]) == [
        (1, "Lĩnh vực một", *WITH_FIELD),
        (2, "Không rõ lĩnh vực", *WITHOUT_FIELD),
        (None, "Tổng số", *OF_ALL),
    ]
    assert lines(book["Theo cấp và lĩnh vực"]) == [
        ("I", "Các sở, ban, ngành", *OF_SO),
        (1, "Lĩnh vực một", *OF_SO),
        ("II", "Các huyện, thị xã, thành phố", *NOTHING),
        ("III", "Các xã, phường, thị trấn", *OF_XA),
        (1, "Lĩnh vực một", *OF_XA_WITH_FIELD),
        (2, "Không rõ lĩnh vực", *WITHOUT_FIELD),
        (None, "Tổng số", *OF_ALL),
    ]


def test_a_unit_has_its_fields_and_a_level_its_units(connection):
    own = book_of(connection, XA)
    assert own.sheetnames == ["Theo lĩnh vực"]
    assert lines(own.active) == [
        (1, "Lĩnh vực một", *OF_XA_WITH_FIELD),
        (2, "Không rõ lĩnh vực", *WITHOUT_FIELD),
        (None, "Tổng số", *OF_XA),
    ]
    level = book_of(connection, "TONG:xa")
    assert level.sheetnames == ["Theo đơn vị", "Theo lĩnh vực"]
    assert lines(level["Theo đơn vị"]) == [
        (1, "UBND Phường 1, Thành phố Trà Vinh", *OF_XA),
        (None, "Tổng số", *OF_XA),
    ]
    assert lines(book_of(connection, HUYEN).active) == [(None, "Tổng số", *NOTHING)]


@pytest.mark.parametrize(
    ("ky_loai", "ky", "days"),
    [
        ("thang", "2025-03", "01/03/2025 đến ngày 31/03/2025"),
        ("quy", "2025-Q1", "01/01/2025 đến ngày 31/03/2025"),
        ("nua_nam", "2025-H1", "01/01/2025 đến ngày 30/06/2025"),
        ("nam", "2025", "01/01/2025 đến ngày 31/12/2025"),
        ("ky_bao_cao", "2025-03", "15/02/2025 đến ngày 14/03/2025"),
        ("luy_ke", "2025-03", "01/01/2025 đến ngày 31/03/2025"),
    ],
)
def test_every_cell_of_every_kind_of_period_is_what_mart_holds(connection, ky_loai, ky, days):
    book = book_of(connection, ky=ky, ky_loai=ky_loai)
    rows = connection.execute(
        sa.text("SELECT * FROM mart.bieu_06a WHERE ky_loai = :k AND ky = :ky"), {"k": ky_loai, "ky": ky}
    ).all()

    def held(row) -> tuple:
        return tuple(getattr(row, f"cot_{column}") for column in range(3, 14))

    by_unit = {row.ten_don_vi: held(row) for row in rows if not row.ma_linh_vuc}
    shown = {row[1]: row[2:] for row in lines(book["Theo đơn vị"])}
    assert shown == {"Tổng số" if name == "Toàn tỉnh" else name: cells for name, cells in by_unit.items()}
    by_field = {row.ten_linh_vuc: held(row) for row in rows if row.ma_don_vi == PROVINCE and row.ma_linh_vuc}
    whole = {"Tổng số": by_unit["Toàn tỉnh"]}
    assert {row[1]: row[2:] for row in lines(book["Theo lĩnh vực"])} == by_field | whole
    levels = {
        (row.cap, row.ten_linh_vuc if row.ma_linh_vuc else row.ten_don_vi): held(row)
        for row in rows
        if row.ma_don_vi.startswith("TONG:") and row.cap != "toan_tinh"
    }
    assert sorted(row[2:] for row in lines(book["Theo cấp và lĩnh vực"])[:-1]) == sorted(levels.values())
    assert any(cell.value == f"(Từ ngày {days})" for row in book.active.iter_rows() for cell in row)


def test_the_head_is_the_circulars_with_merged_cells_and_numbers_of_columns(connection):
    for sheet in book_of(connection):
        first = first_row(sheet)
        numbers = [cell.value for cell in sheet[first - 1][:13]]
        assert numbers == [f"({column})" for column in range(1, 14)]
        top = first - 4
        for column, text in HEADS.items():
            assert sheet[f"{column}{top}"].value == text
        merged = {str(cells) for cells in sheet.merged_cells.ranges}
        assert {f"A{top}:A{top + 2}", f"B{top}:B{top + 2}", f"C{top}:F{top}", f"D{top + 1}:E{top + 1}",
                f"G{top}:J{top}", f"K{top}:M{top}", f"M{top + 1}:M{top + 2}"} <= merged  # fmt: skip
        assert sheet["A1"].value == "Biểu số II.06a/VPCP/KSTT"
    assert str(sheet["A2"].value).startswith("Thông tư 01/2020/TT-VPCP")


def test_notes_say_what_columns_9_and_12_hold_and_the_signatures_have_their_places(connection):
    sheet = book_of(connection, SO).active
    texts = [cell.value for row in sheet.iter_rows() for cell in row if isinstance(cell.value, str)]
    [note] = [text for text in texts if text.startswith("(*)")]
    assert "Cột 9 gồm cả hồ sơ trả lại, xin rút" in note
    assert "nằm ở cột 12" in note
    assert {"Đúng hạn (*)", "Trong hạn (*)", "Người lập báo cáo", "Thủ trưởng đơn vị"} <= set(texts)
    assert "Đơn vị báo cáo: Sở Xây dựng" in texts
    assert "Đơn vị tính: Số hồ sơ TTHC" in texts


def close(connection, revision: int) -> None:
    """As closing a month will leave its figures."""
    connection.execute(
        sa.text("UPDATE mart.chi_so SET trang_thai = 'da_chot', revision = :r WHERE ky = '2025-03'"),
        {"r": revision},
    )


def test_footer_and_sheet_tell_revision_state_as_of_and_when_it_was_made(connection):
    close(connection, 2)
    # They were exported on 1 April.
    told = "Đã chốt, lần sửa 2; phản ánh thay đổi ở nguồn đến: "
    told += "Hệ thống TTHC (hồ sơ) 01/04/2025 00:00; tệp lập lúc 02/04/2025 08:30"
    for sheet in book_of(connection):
        assert told in sheet.oddFooter.left.text
        assert sheet.oddFooter.right.text.strip() == "Trang &P/&N"
        assert any(cell.value == f"Số liệu: {told}." for row in sheet.iter_rows() for cell in row)


def test_one_unit_that_is_not_closed_keeps_the_province_provisional(connection):
    close(connection, 1)
    connection.execute(
        sa.text(
            "UPDATE mart.chi_so SET trang_thai = 'tam_tinh', revision = 0 "
            "WHERE ky = '2025-03' AND ma_chi_so = 'tiep_nhan' AND ma_don_vi = :xa"
        ),
        {"xa": XA},
    )
    assert standing(connection).trang_thai == standing(connection, "TONG:xa").trang_thai == "tam_tinh"
    assert standing(connection, SO).trang_thai == "da_chot"
    assert standing(connection, "TONG:so_nganh").trang_thai == "da_chot"


def test_it_prints_on_a4_landscape_one_page_wide_with_its_head_on_each_page(connection):
    for sheet in book_of(connection):
        setup = sheet.page_setup
        # A width of one page is what a file without it means.
        assert (setup.orientation, setup.paperSize, setup.fitToWidth or 1, setup.fitToHeight) == (
            "landscape", 9, 1, 0,
        )  # fmt: skip
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        first = first_row(sheet)
        assert sheet.print_title_rows == f"${first - 4}:${first - 1}"
        assert sheet.freeze_panes == f"C{first}"


def test_figures_are_numbers_that_are_shown_as_in_vietnam(connection):
    for sheet in book_of(connection):
        first = first_row(sheet)
        last = first + len(lines(sheet)) - 1
        for row in sheet.iter_rows(min_row=first, max_row=last, min_col=3, max_col=13):
            for cell in row:
                assert cell.data_type == "n"
                assert cell.number_format == "[$-42A]#,##0"


def test_text_from_data_is_no_formula_no_link_and_no_code_of_the_footer(connection):
    evil = '=HYPERLINK("http://x.example","a")&P\x07'
    for table in ("mart.bieu_06a", "mart.chi_so"):
        connection.execute(
            sa.text(f"UPDATE {table} SET ten_don_vi = :evil WHERE ma_don_vi = :so"), {"evil": evil, "so": SO}
        )
    connection.execute(sa.text("UPDATE mart.bieu_06a SET ten_linh_vuc = '@SUM(A1)' WHERE ma_linh_vuc <> ''"))
    for unit in (SO, PROVINCE):
        content = form_06a(connection, standing(connection, unit))
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            sheets = [parts.read(name).decode() for name in parts.namelist() if "worksheets/" in name]
        assert sheets
        assert not any(re.search(r"<f[ >]|<hyperlink", sheet) for sheet in sheets)
        book = openpyxl.load_workbook(io.BytesIO(content))
        cells = (cell for sheet in book for row in sheet.iter_rows() for cell in row)
        texts = [cell for cell in cells if cell.value in ("@SUM(A1)", evil.replace("\x07", "\\x07"))]
        assert texts
        assert all(cell.data_type == "s" and cell.quotePrefix for cell in texts)


def test_a_period_that_has_no_figures_is_told_with_why(connection):
    with pytest.raises(CchcError, match=r"no figures of thang 2031-01 \(2031-01-01 to 2031-01-31\) for TONG"):
        standing(connection, ky="2031-01")
    with pytest.raises(CchcError, match=r"no figures of thang 2025-03 .* for khong-co\. Expected"):
        standing(connection, "khong-co")
    with pytest.raises(CchcError, match="There is no period"):
        standing(connection, ky="2025-13")
    # The report regime's first quarter began before the first month that is counted.
    with pytest.raises(CchcError, match=r"has no figures: Kỳ bắt đầu trước ngày đầu tiên"):
        standing(connection, ky="2025-Q1", ky_loai="ky_bao_cao")


def test_columns_add_up_as_the_note_below_says(connection):
    for sheet in book_of(connection, ky="2025-Q1", ky_loai="quy"):
        for row in lines(sheet):
            _, _, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12, c13 = row
            assert c3 == c4 + c5 + c6 == c7 + c11
            assert (c7, c11) == (c8 + c9 + c10, c12 + c13)
