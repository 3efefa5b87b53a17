"""Which texts are made of words of the field, and under which names files and sheets are kept."""

import pytest

from cchc.codes import code_sql, is_code
from cchc.contracts import contract_of, contracts
from cchc.field_words import kept_name, made_of_field_words, shown
from cchc.personal_numbers import personal_number
from cchc.reading.refused_cells import kept
from cchc.reading.written_codes import NO_RESULT, error_shown
from tests.personal.names import names
from tests.world import World

SHA = "ab12cd34" * 8


@pytest.mark.parametrize(
    "text",
    [
        "Ngày trả kết quả",
        "ngay_tra_ket_qua",
        "NgayTraKetQua",
        "Ngày hẹn trả (dd/mm/yyyy)",
        "Ðơn vị",
        "ĐƠN VỊ XỬ LÝ",
        "người đứng đầu",
        "Tháng 3",
        "Sheet1",
        "T03-2025",
        "Báo cáo quý 1/2025",
        "ho_so_20250305093000",
        "Chuyên viên chính",
        "Tổng số: 1.234 hồ sơ",
        "01/04/2025 07:05",
    ],
)
def test_words_of_the_field_are_known(text: str):
    assert made_of_field_words(text)


@pytest.mark.parametrize(
    "text",
    [
        # All of these syllables are of the field; beside each other they are names.
        "Hồ Văn Tiếp",
        "HoVanTiep",
        "ho_van_tiep",
        "Lê Phí",
        "Hồ Thị Số",
        "Công Chứng",
        "Nguyễn Văn Thử",
        "Ngày sinh của Trần Thị",
        "Trần",
        "0912345678",
        "09 12 34 56 78",
        "084199912345",
        "Sheet 123456789",
        "a@b.vn",
        "Mã hồ sơ <b>",
        "x" * 200,
    ],
)
def test_other_words_and_long_numbers_are_not(text: str):
    assert not made_of_field_words(text)
    assert text not in shown(text)


@pytest.mark.parametrize("dataset", contracts())
def test_what_contracts_name_is_of_the_field(dataset: str):
    contract = contracts()[dataset]
    names = [name for column in contract.columns for name in (column.name, *column.headers)]
    hidden = [name for name in names if not made_of_field_words(name)]
    # Words that stand alone are in the list only where nobody is called so.
    assert all(len(name.split()) == 1 for name in hidden)


@pytest.mark.parametrize(
    ("name", "is_kept_as"),
    [
        ("ho_so_2025-03.CSV", "ho_so_2025-03.CSV"),
        ("Danh sách hồ sơ tháng 3.xlsx", "Danh sách hồ sơ tháng 3.xlsx"),
        ("Nguyễn Văn Thử.xlsx", "tệp ab12cd34 .xlsx"),
        ("ho_so.nguyenvanthu", "tệp ab12cd34"),
        ("0912345678.csv", "tệp ab12cd34 .csv"),
        ("tep.csv.exe", "tệp ab12cd34"),
    ],
)
def test_name_of_a_file_is_kept_where_it_says_nothing_of_a_person(name: str, is_kept_as: str):
    assert kept_name(name, SHA) == is_kept_as


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("000.00.01.H59-250305-0001", True),
        ("1.002835.000.00.00.H56", True),
        ("84.so-noi-vu", True),
        ("VB17", True),
        ("123/BNV-CCHC", True),
        ("2025-03", True),
        ("-2", True),
        ("NGUYENVANAN1", False),
        ("nguyen1985", False),
        ("NguyenAn1", False),
        ("0912345678", False),
        ("0912.345.678", False),
        ("H59-0912345678", False),
        ("331999777", False),
        ("SNV", True),
        ("Sở Nội vụ 1", False),
        ("a@b1", False),
    ],
)
def test_code_is_told_from_a_name_and_a_number_of_a_person(text: str, code: bool):
    assert is_code(text) is code


def test_database_tells_codes_by_the_same_expression(province: World):

    texts = [
        "000.00.01.H59-250305-0001",
        "84.so-noi-vu",
        "Đ1",
        "nguyen1985",
        "0912.345.678",
        "331999777",
        "SNV",
        "84.khuat-ngoc-tuyen",
        "KHUAT-NGOC-TUYEN-1",
        "-2",
    ]
    query = f"SELECT t, {code_sql('t')} FROM unnest(CAST(:texts AS text [])) AS t"
    assert dict(province.rows(query, texts=texts)) == {text: is_code(text) for text in texts}


@pytest.mark.parametrize(
    ("text", "long"),
    [
        ("Số 0912.345.678", True),
        ("(0294) 3855 123", True),
        ("084 199 912 345", True),
        ("331999777", True),
        ("QĐ 766/QĐ-TTg ngày 23/06/2022", False),
        ("2025-03-01 2025-07-01", False),
        ("1.002835", False),
        ("20250305", False),
    ],
)
def test_long_number_is_no_day(text: str, long: bool):
    assert personal_number(text) is long


@pytest.mark.parametrize(
    ("dataset", "column", "cell", "is_kept_as"),
    [
        ("ho_so", "ngay_hen_tra", "31/02/2025 25:61", "31/02/2025 25:61"),
        ("ho_so", "ngay_hen_tra", "31/02/2025 Nguyễn Văn Thử", "(chữ, 25 ký tự)"),
        ("ho_so", "so_lan_bo_sung", "1,5", "1,5"),
        ("ho_so", "so_lan_bo_sung", "2 lần", "2 lần"),
        ("ho_so", "so_lan_bo_sung", "An 2", "(chữ, 4 ký tự)"),
        ("ho_so", "so_tai_lieu_nop", "DuocSoHoa Không", "DuocSoHoa Không"),
        ("ho_so", "so_tai_lieu_nop", "DuocSoHoa Thử", "DuocSoHoa (chữ, 3 ký tự)"),
        # Not a field of a list, but a name that is written like one.
        ("ho_so", "so_tai_lieu_nop", "NguyenAn 5", "(chữ, 10 ký tự)"),
        ("ho_so", "ma_ho_so", "H59 0001", "H59 0001"),
        ("ho_so", "ma_ho_so", "Nguyễn Văn Thử 1", "(chữ, 16 ký tự)"),
        ("ho_so", "ma_ho_so", "AN 1985", "(chữ, 7 ký tự)"),
        ("ho_so", "ma_ho_so", "0912 345 678", "(chữ, 12 ký tự)"),
        ("ho_so", "ten_tthc", "#REF!", "#REF!"),
        ("ho_so", "ten_tthc", "Cấp phép", "(chữ, 8 ký tự)"),
        ("ho_so", "tong_phi_le_phi", "1.250.000.000 đ", "1.250.000.000 đ"),
        ("ho_so", "tong_phi_le_phi", "50.000 đ", "50.000 đ"),
    ],
)
def test_refused_cell_is_kept_where_its_type_could_have_it(
    dataset: str, column: str, cell: str, is_kept_as: str
):
    contract = contracts()[dataset]
    [found] = [each for each in contract.columns if each.name == column]
    assert kept(contract, found, cell, "") == is_kept_as


def test_no_name_is_shown_whole_however_it_is_written():
    found = []
    for name in names(4_000):
        snake, joined = name.replace(" ", "_").lower(), name.replace(" ", "")
        found += [
            text
            for text in (name, name.upper(), name.lower(), snake, joined, f"{name} 2025-03", f"1. {name}")
            if made_of_field_words(text)
        ]
    assert not found


@pytest.mark.parametrize(
    "text",
    [
        # Chained of pairs that stand in phrases: nghĩa vụ tài chính, đo, quốc tịch, tháng.
        *("Vu Tai", "VU TAI", "vu_tai", "VuTai", "Do Quoc Thang", "Kieu Trang", "Danh sách Vu Tai"),
        # The same letters as a phrase that has other diacritics.
        *("Truong Phong", "Le Phi", "Tong Cong"),
        *("2025-03 0903 718 264", "Tháng 3 0903/718/264", "20250305 0903718264", "T3 09 không 3 718 264"),
    ],
)
def test_name_that_is_chained_of_field_words_and_number_behind_a_month_are_not_shown(text: str):
    assert not made_of_field_words(text)


@pytest.mark.parametrize("text", ["#KHUAT!", "#TUYEN?", "#0912345678!", "Err:Khuất"])
def test_word_that_is_written_like_an_error_is_none(text: str):
    assert error_shown(text) == NO_RESULT
    column = contract_of("tthc").column_of("ten_tthc")
    assert column
    assert text not in kept(contract_of("tthc"), column, text, "")


@pytest.mark.parametrize(
    "text",
    [
        *("#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#SPILL!", "#CALC!"),
        *("#GETTING_DATA", "########", "Err:502"),
    ],
)
def test_error_of_a_spreadsheet_is_shown(text: str):
    assert error_shown(f" {text} ") == text
