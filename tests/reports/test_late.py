"""The late dossiers of a unit: those of columns 10 and 13 of its form, and those that are late now."""

import io
from datetime import datetime

import openpyxl
import pytest
import sqlalchemy as sa

from cchc.errors import CchcError
from cchc.reports.late import ENDED, FIGURE, OPEN, late_dossiers
from cchc.reports.standing import PROVINCE, standing_of
from tests.world import SO, XA, code


def book_of(connection, unit=SO, ky="2025-03", ky_loai="thang") -> openpyxl.Workbook:
    standing = standing_of(connection, ky_loai, ky, unit, (FIGURE,))
    return openpyxl.load_workbook(io.BytesIO(late_dossiers(connection, standing)))


def lines(sheet) -> list[tuple]:
    first = next(row[0].row for row in sheet.iter_rows() if row[0].value == "TT") + 1
    rows = sheet.iter_rows(min_row=first, values_only=True)
    return [row for row in rows if isinstance(row[0], int)]


def test_those_of_the_period_are_the_rows_of_columns_10_and_13(connection):
    rows = lines(book_of(connection)["Trễ hạn trong kỳ"])
    assert [(row[1], row[2], row[6]) for row in rows] == [
        (code(7), "1.000001", ENDED),
        (code(3), "1.000001", ENDED),
        (code(4), "1.000001", OPEN),
    ]
    assert rows[0][3:6] == (datetime(2025, 2, 20), datetime(2025, 2, 27), datetime(2025, 3, 3))
    assert rows[2][5] is None
    # Where each stands in the file that it came from: its header is the first line.
    assert [row[8] for row in rows] == [8, 4, 5]
    ten, thirteen = connection.execute(
        sa.text(
            "SELECT cot_10, cot_13 FROM mart.bieu_06a WHERE ky_loai = 'thang' AND ky = '2025-03' "
            "AND ma_don_vi = :so AND ma_linh_vuc = ''"
        ),
        {"so": SO},
    ).one()
    assert [row[6] for row in rows].count(ENDED) == ten
    assert [row[6] for row in rows].count(OPEN) == thirteen


def test_of_a_month_before_it_lists_what_was_late_then(connection):
    # Open on 28 February and due the day before; it ended in March.
    [row] = lines(book_of(connection, ky="2025-02")["Trễ hạn trong kỳ"])
    assert (row[1], row[5], row[6]) == (code(7), datetime(2025, 3, 3), OPEN)


def test_those_of_now_are_open_and_late_when_the_source_last_told(connection):
    rows = lines(book_of(connection)["Đang quá hạn"])
    # Due on 12 March, told until 1 April: fourteen working days, for the one that waits for papers too.
    assert [(row[1], row[2], row[5], row[6]) for row in rows] == [
        (code(4), "Thủ tục số 1", 14, "Đang xử lý"),
        (code(5), "Thủ tục số 1", 14, "Yêu cầu bổ sung giấy tờ"),
    ]
    texts = [cell.value for row in book_of(connection)["Đang quá hạn"].iter_rows() for cell in row]
    assert "2 hồ sơ đang mở, quá hạn, tính đến 01/04/2025 00:00; không kể hồ sơ dừng xử lý." in texts


def test_days_are_days_and_codes_are_text(connection):
    sheet = book_of(connection)["Trễ hạn trong kỳ"]
    row = next(row for row in sheet.iter_rows() if row[0].value == 1)
    assert (row[3].number_format, row[4].is_date, row[1].data_type) == ("dd/mm/yyyy", True, "s")


def test_a_unit_without_late_dossiers_has_empty_lists(connection):
    book = book_of(connection, XA)
    assert [lines(sheet) for sheet in book] == [[], []]


def test_a_unit_that_has_ended_names_whose_list_holds_what_is_open(connection):
    connection.execute(sa.text("SET LOCAL session_replication_role = replica"))
    connection.execute(
        sa.text("UPDATE core.don_vi SET ma_don_vi_ke_thua = '84.moi' WHERE ma_don_vi = :so"), {"so": SO}
    )
    heir = connection.scalar(
        sa.text("SELECT ma_don_vi_ke_thua FROM mart.don_vi WHERE ma_don_vi = :so LIMIT 1"), {"so": SO}
    )
    assert heir == "84.moi"
    book = book_of(connection)
    assert book.sheetnames == ["Trễ hạn trong kỳ"]
    texts = [str(cell.value) for row in book.active.iter_rows() for cell in row]
    assert any("đơn vị kế thừa, 84.moi." in text for text in texts)


@pytest.mark.parametrize("whole", [PROVINCE, "TONG:xa"])
def test_a_level_has_no_such_list(connection, whole):
    with pytest.raises(CchcError, match=r"is no unit\. Expected a unit's code"):
        book_of(connection, whole)
