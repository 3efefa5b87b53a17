"""The list of dossiers behind a figure: its order, what is found in it, and the files of it."""

import csv
import io
import re

import openpyxl
import pytest

from cchc.contracts import contracts
from cchc.pages.code_words import CODED, words_of
from tests.world import World, code

ROWS = "/chi-so/dung_han_06a/ho-so?ky_loai=thang&ky=2025-03&phan=mau_so"
LATE = {"ngay_ket_thuc_xu_ly": "20250320090000", "ngay_tra": "20250320090000", "trang_thai_ho_so": "10"}


@pytest.fixture(scope="module")
def pages_world(make_world) -> World:
    """Twelve dossiers, so that line 10 comes behind line 9 by value alone; the last ended a day later."""
    world = make_world().dimensions()
    later = LATE | {"ngay_ket_thuc_xu_ly": "20250321090000", "ngay_tra": "20250321090000"}
    world.add(*[LATE] * 11, later)
    world.refresh_all()
    with world.engine.begin() as connection:
        connection.exec_driver_sql("SELECT ops.gan_nguoi_xem('can_bo', NULL)")
    return world


def shown(text: str) -> list[str]:
    return re.findall(r"<td>(000\.00\.01\.H59-250305-\d{4})</td>", text)


def test_numbers_are_sorted_by_their_value(look):
    found = shown(look("can_bo").get(f"{ROWS}&xep=line_no").text)
    assert found == [code(n) for n in range(1, 13)]
    found = shown(look("can_bo").get(f"{ROWS}&xep=line_no&giam=true").text)
    assert found == [code(n) for n in range(12, 0, -1)]


def test_a_day_is_found_as_it_is_shown(look):
    assert shown(look("can_bo").get(f"{ROWS}&tim=21/03/2025").text) == [code(12)]


def test_a_search_and_a_file_keep_the_order(look):
    text = look("can_bo").get(f"{ROWS}&xep=line_no&giam=true").text
    assert '<input type="hidden" name="xep" value="line_no">' in text
    assert '<input type="hidden" name="giam" value="true">' in text
    files = [link.replace("&amp;", "&") for link in re.findall(r'href="([^"]*tep=\w+)"', text)]
    assert len(files) == 2
    book, table = (look("can_bo").get(link).content for link in files)
    lines = [row["Dòng"] for row in csv.DictReader(io.StringIO(table.decode("utf-8-sig")))]
    assert [int(line) for line in lines] == sorted(map(int, lines), reverse=True)
    [sheet] = openpyxl.load_workbook(io.BytesIO(book))
    column = [cell.value for cell in sheet[1]].index("Dòng")
    held = [row[column] for row in sheet.iter_rows(min_row=2, values_only=True)]
    assert held == sorted(held, reverse=True)


def test_files_write_days_as_in_vietnam(look):
    table = look("can_bo").get(f"{ROWS}&tep=csv").content.decode("utf-8-sig")
    assert {row["Tiếp nhận"] for row in csv.DictReader(io.StringIO(table))} == {"05/03/2025"}
    [sheet] = openpyxl.load_workbook(io.BytesIO(look("can_bo").get(f"{ROWS}&tep=xlsx").content))
    cell = sheet[2][[cell.value for cell in sheet[1]].index("Tiếp nhận")]
    assert cell.is_date
    assert cell.number_format == "dd/mm/yyyy"


def test_codes_are_shown_by_their_words(look):
    """The page, what is searched in it and its files say that the dossiers were given out."""
    text = look("can_bo").get(ROWS).text
    assert text.count("<td>Đã trả kết quả</td>") == 12
    assert len(shown(look("can_bo").get(f"{ROWS}&tim=đã trả KẾT quả").text)) == 12
    table = look("can_bo").get(f"{ROWS}&tep=csv").content.decode("utf-8-sig")
    assert {row["Trạng thái"] for row in csv.DictReader(io.StringIO(table))} == {"Đã trả kết quả"}


@pytest.mark.parametrize(
    ("column", "code", "words"),
    [
        ("kenh_thuc_hien", 1, "Trực tiếp"),
        ("kenh_thuc_hien", 3, "Bưu chính công ích"),
        ("kenh_thuc_hien", 9, 9),
        ("danh_gia", "rat_hai_long", "Rất hài lòng"),
        ("trang_thai", "-1", "Từ chối"),
        ("huong", "den", "Đến"),
        ("ky_so", 1, "Có"),
        ("ky", "2025-03", "03/2025"),
    ],
)
def test_every_code_has_the_words_of_the_contract(column, code, words):
    assert words_of(column)(code) == words


def test_codes_and_their_words_have_a_contract():
    for column, dataset in CODED.items():
        assert any(column in layout.codes for layout in contracts()[dataset].layouts), column
