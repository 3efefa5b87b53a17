"""Headers that look like the wanted ones are found; of others it is said what they have and lack."""

import time
import unicodedata
from pathlib import Path

import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from cchc.contracts import contract_of
from cchc.errors import BadFile
from cchc.reading.damage import LOST, MAC_ROMAN, TCVN3, VNI
from cchc.reading.formats import open_export
from cchc.reading.header import no_header, recognise
from cchc.reading.likeness import difference
from cchc.spelling import fold
from tests.world import SO, World, code

HEADINGS = {
    "Mã hồ sơ": code(1),
    "Mã TTHC": "1.000001",
    "Ngày tiếp nhận": "05/03/2025 09:00",
    "Ngày hẹn trả": "12/03/2025 09:00",
    "Ngày kết thúc xử lý": "",
    "Trạng thái": "Đang xử lý",
    "Đơn vị xử lý": "Sở Xây dựng",
}


@pytest.mark.parametrize(
    "shown",
    [
        "Ðơn vị xử lý",  # U+00D0, ETH
        "Ɖơn vị xử lý",  # U+0189, African D
        "ÐƠN VỊ XỬ LÝ",
        "Đơn\u200b vị xử lý",
        "\ufeffĐơn vị xử lý\u200e",
        "Đơn vị xử\u00ad lý",
        "Đơn\u2060 vị\u00a0xử\u202fl\u200dý",
        "Đơn vị\nxử lý",
        "Đơn vị\r\n  xử lý",
        "Đơn vị_x000D_\nxử lý",
        "Đơn vị\u3000xử\u2003lý",
        "Đơn vị xử lý (*)",
        "Đơn vị xử lý(**)",
        "Đơn vị xử lý *",
        "* Đơn vị xử lý:",
        "Đơn vị xử lý\uff1a",
        unicodedata.normalize("NFD", "Đơn vị xử lý"),
        unicodedata.normalize("NFKD", "Đơn vị xử lý"),
        "Đo\u031bn vi\u0323 xu\u0309\u031b ly\u0301",  # the horn behind the tone
        "D\u0336ơn vị xử lý",
        "Đơn vị хử lý",  # U+0445, Cyrillic х
        "Đơn vị xử lу́",  # U+0443, Cyrillic у, with an acute
        "\uff24\u0335ơn vị xử \uff4cý",
        "Đơn vị xử lý\x00",
        "Đơn vị \u2068xử\u2069 lý\ufe0f",
    ],
)
def test_headers_that_look_like_the_wanted_one_are_it(world: World, shown: str):
    assert fold(shown) == "đơn vị xử lý"
    found = recognise(contract_of("ho_so"), ["Mã hồ sơ", "Trạng thái", shown], 1, "tệp")
    assert found is not None
    assert list(found.columns.values()) == ["ma_ho_so", "trang_thai_ho_so", "don_vi_xu_ly"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ấp а́ Ông", "ấp á ông"),
        ("“Sở” – ‘X’", "\"Sở\" - 'X'"),
        ("UBND xã X – Huyện Y", "UBND xã X - Huyện Y"),
        ("Hồ sơ e\u0301\u0302", "hồ sơ ế"),
        ("Bǎng", "Băng"),
        ("ＵＢＮＤ", "ubnd"),
        ("СÔNG АN ХÃ", "Công an xã"),
        ("Ngày hẹn trả (dd/mm/yyyy)", "Ngày hẹn trả"),
        ("Ngày hẹn trả (DD/MM/YYYY HH:MM)", "Ngày hẹn trả"),
    ],
)
def test_look_alikes_have_one_key(one: str, other: str):
    assert fold(one) == fold(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Hòa", "Hoa"),
        ("Mã", "Má"),
        ("Thời gian (phút)", "Thời gian (giờ)"),
        ("Đ", "D"),
        ("в", "b"),
        ("*", ""),
    ],
)
def test_what_means_something_else_keeps_its_own_key(one: str, other: str):
    assert fold(one) != fold(other)


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=12))
def test_a_key_is_its_own_key(text: str):
    assert fold(fold(text)) == fold(text)


def test_dossiers_under_headings_that_look_alike_load_with_all_their_values(province: World, tmp_path: Path):
    twisted = {
        "Mã hồ sơ": "Mã hồ ѕơ (*)",
        "Ngày hẹn trả": "Ngày\u00a0hẹn\u200b trả:",
        "Đơn vị xử lý": "Ðơn vị xử lý",
        "Trạng thái": "Trạng\nthái",
    }
    # The unit's name and the word for the state are looked up by keys of the same kind.
    row = HEADINGS | {"Đơn vị xử lý": "Sở X\u200bây dựng\ufeff", "Trạng thái": "Ðang xử lý"}
    path = tmp_path / "twisted.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, [twisted.get(heading, heading) for heading in row])
        sheet.write_row(1, 0, row.values())
    batch, _ = province.ingest("ho_so", path, at="2025-05-10")
    assert (batch.lines_accepted, batch.extra_columns) == (1, [])
    assert province.rows("SELECT ma_ho_so, ma_don_vi, trang_thai_ho_so::text FROM core.ho_so") == [
        (code(1), SO, "4")
    ]


@pytest.mark.parametrize(
    ("found", "wanted", "how"),
    [
        ("Don vi xu ly", "Đơn vị xử lý", "differs in diacritics"),
        ("DonViXuLy", "Đơn vị xử lý", "differs in diacritics and spaces or punctuation"),
        ("Đơn-vị xử lý", "Đơn vị xử lý", "differs in spaces or punctuation"),
        ("Đơn vị xử lí", "Đơn vị xử lý", "has 'í' where 'ý' is expected"),
        ("Đơn vị xữ lý", "Đơn vị xử lý", "differs in diacritics"),
        ("Đơn vị xử ly ́", "Đơn vị xử lý", "differs in diacritics and spaces or punctuation"),
        ("Trạng thá", "Trạng thái", "lacks 'i'"),
        ("Trạng tháii", "Trạng thái", "has 'i' too many"),
        ("Đơn vị xб lý", "Đơn vị xử lý", "has 'б' (U+0431) where 'ử' is expected"),
        ("Ngày hẹn trả (giờ)", "Ngày hẹn trả", "differs in what stands in brackets: '(giờ)'"),
        ("§¬n vÞ xö lý", "Đơn vị xử lý", f"wrongly decoded: {TCVN3}"),
        ("Ñôn vò xöû lyù", "Đơn vị xử lý", f"wrongly decoded: {VNI}"),
        ("ƒê∆°n v·ªã x·ª≠ l√Ω", "Đơn vị xử lý", f"wrongly decoded: {MAC_ROMAN}"),
        ("Đ?n v? x? lý", "Đơn vị xử lý", f"wrongly decoded: {LOST}"),
        ("Ðơn vị", "Đơn vị", ""),
        ("Lĩnh vực", "Đơn vị xử lý", None),
        ("0912345678", "Số điện thoại", None),
        ("a.b@example.vn", "a b example vn", None),
        ("xã", "cap", None),
    ],
)
def test_the_difference_of_two_headings_is_named(found: str, wanted: str, how: str | None):
    assert difference(found, wanted) == how


def message(*rows: list[str]) -> str:
    return str(
        no_header(contract_of("ho_so"), "tep.csv", "5 rows", [(f"row {n}", r) for n, r in enumerate(rows, 1)])
    )


def test_the_nearest_row_is_shown_beside_what_was_wanted():
    text = message(
        ["UBND TỈNH TRÀ VINH", "", ""],
        ["STT", "Mã hồ sơ", "Trang thai", "Don vi xu ly", "Chủ hồ sơ", "Ghi chú"],
        ["1", code(1), "Đang xử lý", "Sở Xây dựng", "Nguyễn Văn Thử", "0912345678"],
    )
    assert text.startswith("tep.csv: no header row of dataset ho_so found in the first 40 rows (5 rows). ")
    assert (
        "Nearest is row 2, to layout danh_sach_ho_so: column 2 is 'Mã hồ sơ'; column 3 'Trang thai' ~ wanted "
        "'Trạng thái': differs in diacritics; column 4 'Don vi xu ly' ~ wanted 'Đơn vị xử lý': differs in "
        "diacritics; 3 other cells."
    ) in text
    assert "Thử" not in text and "0912345678" not in text


def test_what_the_nearest_row_lacks_is_named():
    text = message(["Mã hồ sơ", "Tình trạng", "Ðơn vị xử lý", "Người nộp"])
    assert "'Trạng thái' is not there" in text
    assert "column 3 is 'Đơn vị xử lý'; 2 other cells" in text


def test_cells_of_data_are_never_taken_for_headings():
    # "Trần Thái" is nearly "Trạng thái", alone in a row of data.
    text = message([code(1), "Trần Thái", "0912345678", "a.b@example.vn", "Nguyễn Văn Thử"])
    assert "Nearest" not in text
    for part in ("Trần", "0912345678", "@example", "Thử", code(1)):
        assert part not in text


@pytest.mark.long
def test_comparing_many_wide_rows_ends_soon():
    began = time.process_time()
    # 40,000 cells of which each is somewhat like a heading.
    message(*([f"Trạng thái của hồ sơ {n} {m}" for n in range(1_000)] for m in range(40)))
    assert time.process_time() - began < 10


def test_a_required_column_that_is_misspelt_is_named_with_its_place(province: World):
    row = {k: v for k, v in HEADINGS.items() if k != "Ngày hẹn trả"} | {
        "Ngay hen tra": "12/03/2025 09:00",
        "Nguyễn Văn Thử": "x",
    }
    with pytest.raises(BadFile) as refused, open_export(contract_of("ho_so"), province.csv([row])):
        pass
    text = str(refused.value)
    assert "column 7 'Ngay hen tra' ~ wanted 'Ngày hẹn trả': differs in diacritics" in text
    assert "Nguyễn" not in text


def test_an_invisible_sign_in_a_message_is_shown_by_its_number():
    assert r"'Trang\u200bthai'" in message(["Mã hồ sơ", "Trang\u200bthai", "Đơn vị xử lý"])
