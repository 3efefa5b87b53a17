"""Which texts are codes of things, and in which somebody's number or name may be."""

import pytest

from cchc.codes import code_fault, code_sql, is_code, person_in_code
from cchc.contracts import contracts
from cchc.personal_names import has_name
from cchc.personal_numbers import personal_number
from cchc.reading.published import name_fault
from cchc.reading.written_codes import read_code, sound_codes
from tests.personal.names import names
from tests.world import World

CODES = [
    *("H61.42-250301-0001", "000.00.01.H61", "000.17.22.H56-210531-0001", "H37.02.02", "H59-050304-0001"),
    *("1.000003", "1.002835.000.00.00.H56", "9.999999.000.00.00.H59", "LV01", "VB0000012", "HSCV0000012"),
    *("12/QĐ-UBND", "02/2025/QĐ-UBND", "45/NQ-HĐND", "1234/TTg-KSTT", "21-NQ/TW", "15-CV/TU", "60/KL-BTVTU"),
    *(
        "123/BNV-CCHC",
        "202/2025/QH15",
        "VP-UBND",
        "STP",
        "SNV",
        "84.so-noi-vu",
        "84.moi",
        "84.so-noi-vu-2025",
        "84.luong-hoa",
    ),
    *("2025-03", "-2", "20250305093000", "123456789012345", "01/2025/000123", "HS-2025-000123"),
    *("550e8400-e29b-41d4-a716-446655440000", "d41d8cd98f00b204e9800998ecf8427e"),
]
OF_PEOPLE = [
    *(
        "KHUAT-NGOC-TUYEN-1",
        "khuat.ngoc.tuyen",
        "NGUYENVANAN1",
        "NguyenAn1",
        "nguyen1985",
        "AN1985",
        "KHUAT1",
    ),
    *(
        "TRANVANBE/2025",
        "JOHN-1",
        "SARAY-1",
        "84.khuat-ngoc-tuyen",
        "84.nguyen-van-an",
        "12/QĐ-TUYEN",
        "TU-TU-1",
        "K-H-U-A-T.1",
    ),
    *("0912345678", "0912.345.678", "0912/345/678", "0912:345:678", "091-234-5678", "H59-0912345678"),
    *("84912345678", "VB-084199912345", "084199912345", "084.199.912.345", "331999777", "331-999-777"),
    *("HS-331999777", "HS-0294.3855.123", "a@b1", "Sở Nội vụ 1"),
]


@pytest.mark.parametrize("text", CODES)
def test_code_is_one(text: str):
    assert code_fault(text) is None


@pytest.mark.parametrize("text", OF_PEOPLE)
def test_name_and_number_of_a_person_is_no_code(text: str):
    assert code_fault(text)


# What vendors and offices write, of letters that nobody listed and numbers with days in them.
LOADED = [
    *("12/ĐA-UBND", "12/GUQ-UBND", "12/QyĐ-UBND", "12-QyĐ/TU", "12-TB/VPTU", "12-CV/BTGDVTU", "12/CTHADS-NV"),
    *("12bis/QĐ-UBND", "12/CĐYT-ĐT", "12/VP.HĐND&UBND", "VBDEN-2025-1", "VANBAN_1", "IOFFICE-2", "den_12"),
    *(
        "01JNABCDEFGHJKMNPQRSTVWXYZ",
        "0000237975",
        "507F1F77BCF86CD799439011",
        "TRAVINH-12",
        "UBND-XA-LONGDUC",
    ),
    *("HS-03-2025-0012", "HS/02/2025/00012", "HS-250315001", "VB202500123", "05-03-2025-01", "HS05032025-01"),
    *("84-2025-000123", "84.29236-00012", "86-2025-000123", "84.doan-thanh-nien", "84.tran-de", "01.02.03"),
    *("DAT_DAI", "HOTICH", "TAICHINH", "ban-hanh-1", "HO-SO-1", "HS-550e8400-e29b-41d4-a716-446655440000"),
]
NEVER_LOADED = [
    *("KHUAT-NGOC-TUYEN-1", "khuat.ngoc.tuyen", "NGUYENVANAN1", "TRANVANBE/2025", "84.nguyen-van-an", "a@b1"),
    *("0912345678", "0912.345.678", "0912/345/678", "0912:345:678", "091-234-5678", "H59-0912345678"),
    *("84912345678", "084199912345", "084.199.912.345", "331999777", "331-999-777", "HS-0294.3855.123"),
]


@pytest.mark.parametrize("text", [*CODES, *LOADED])
def test_code_of_whatever_letters_is_loaded(text: str):
    assert person_in_code(text) is None


@pytest.mark.parametrize("text", NEVER_LOADED)
def test_code_that_is_somebodys_number_or_name_is_not_loaded(text: str):
    assert person_in_code(text)


@pytest.mark.parametrize("text", ["1/VPỦBND", "Mã-01"])
def test_diacritics_do_not_make_a_name_of_a_code(text: str):
    assert is_code(text)


def test_no_name_is_a_code():
    found = []
    for name in names(2_000):
        joined, dashed = name.replace(" ", ""), name.replace(" ", "-")
        found += [
            text
            for text in (
                f"{dashed.upper()}-1",
                joined,
                f"{joined}1",
                f"84.{dashed.lower()}" if name.count(" ") > 1 else joined,
                f"12/QĐ-{joined}",
            )
            if is_code(text)
        ]
    assert not found


def test_columns_and_the_database_tell_codes_as_one_by_one(province: World):
    texts = [text for text in CODES + OF_PEOPLE if text.isascii()]
    query = f"SELECT t, {code_sql('t')} FROM unnest(CAST(:texts AS text [])) AS t"
    told = dict(province.rows(query, texts=texts))
    assert {text: told[text] for text in texts if text != "TU-TU-1"} == {
        text: is_code(text) for text in texts if text != "TU-TU-1"
    }
    # A column takes for sound at once only what is a code.
    import pyarrow as pa  # noqa: PLC0415

    sound = dict(zip(texts, sound_codes(pa.array(texts)).to_pylist(), strict=True))
    assert not [text for text in texts if sound[text] and not is_code(text)]
    assert sound["000.17.22.H56-210531-0001"]
    # Columns of few words are read one by one: what a column of many takes for sound is read as it stands.
    (column,) = (column for column in contracts()["ho_so"].columns if column.name == "ma_ho_so")
    assert not [text for text in texts if sound[text] and read_code(text, column) != text]


@pytest.mark.parametrize(
    "text",
    [
        *("0903 718 264", "0903/718/264", "0903,718,264", "0903:718:264", "0903'718'264", "0903+718+264"),
        *("0903\u2013718\u2013264", "0903\u2014718\u2014264", "0903\u00a0718\u00a0264", "0903    718   264"),
        *("\uff10\uff19\uff10\uff13\uff17\uff11\uff18\uff12\uff16\uff14", "09.03.71.82.64", "O9O3 718 264"),
        *(
            "\u0660\u0669\u0660\u0663\u0667\u0661\u0668\u0662\u0666\u0664",
            "0903\u200b718\u200b264",
            "0 9 0 3 7 1 8 2 6 4",
        ),
        *(
            "09 không 3 718 264",
            "không chín không ba bảy một tám hai sáu bốn",
            "+84 903 718 264",
            "0084 903718264",
        ),
        *(
            "2025-03 0903 718 264",
            "2025-03-05 0903 718 264",
            "20250305 0903718264",
            "0901.2020.03",
            "T3/2025 0903718264",
        ),
        *("(0294) 3855 123", "084 199 912 345", "084199912345", "331999777", "331 999 777", "903 718 264"),
    ],
)
def test_number_of_a_person_is_seen_however_it_is_written(text: str):
    assert personal_number(text)
    assert personal_number(f"Liên hệ {text} để biết")


@pytest.mark.parametrize("text", ["vốn trên 2.000.000.000 đồng", "dưới 45.500.000.000 đồng"])
def test_amount_of_money_is_no_number_of_a_person(text: str):
    assert not personal_number(text)
    assert personal_number("0903.000.000")


@pytest.mark.parametrize(
    "text",
    [
        *(
            "QĐ 766/QĐ-TTg ngày 23/06/2022",
            "2025-03-01 2025-07-01",
            "1.002835",
            "20250305",
            "01/04/2025 07:05",
        ),
        *("ho_so_20250305093000", "1.002835.000.00.00.H56", "000.17.22.H56-210531-0001", "2025-03 2025-04"),
        *("từ 01/2025 đến 03/2025", "01/2025 03/2025", "Luật số 14/2022, 15/2022, 16/2022", "T03-2025"),
        *("Nghị định 45/2020/NĐ-CP ngày 08/4/2020", "ngày 01 tháng 7 năm 2004", "2025-03-05 09:30:00"),
    ],
)
def test_days_and_numbers_of_documents_are_none_of_a_person(text: str):
    assert not personal_number(text)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "Khuất Ngọc Tuyền",
            "KHUẤT NGỌC TUYỀN",
            "khuat ngoc tuyen",
            "Khuat Ngoc Tuyen 1",
            "Vũ Tài",
            "Vu Tai",
        ),
        *("Cấp cho ông Trần Văn Bé", "Hồ sơ của Vũ Tài", "Thạch Sa Rây", "đơn của nguyễn văn bé"),
        *("Oanh Lý Thị Kiều", "TuyenKhuat", "Tuyền Khuất", "khuấtngọctuyền"),
    ],
)
def test_name_in_a_text_is_seen(text: str):
    assert has_name(text)
    assert name_fault(text)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "UBND Phường Võ Thị Sáu",
            "Sở Xây dựng",
            "Xã Long Đức",
            "Công an tỉnh Kiên Giang",
            "Chi cục Thuế Sơn La",
        ),
        *("000.00.01.H59", "84.so-noi-vu", "VP UBND tỉnh", "Trung tâm Phục vụ hành chính công"),
        *("THỊ TRẤN CHÂU THÀNH", "Tỉnh Kiên Giang", "Trường Chính trị Phạm Hùng", "Bưu điện tỉnh Trà Vinh"),
        *("Long Đức", "Cổng Dịch vụ công quốc gia", "Giải thưởng Hồ Chí Minh", "BVĐK Nguyễn Đình Chiểu"),
    ],
)
def test_name_of_a_unit_is_no_persons(text: str):
    assert name_fault(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "LÂM NGHIỆP",
        "Cao Su",
        "Thừa Phát Lại",
        "Lưu thông hàng hóa",
        "Lâm nghiệp",
        "Hải quan",
        "Đo đạc và bản đồ",
        "Lưu trú",
    ],
)
def test_name_of_a_field_is_no_persons(text: str):
    assert name_fault(text) is None


@pytest.mark.parametrize("dataset", contracts())
def test_each_text_column_that_leaves_the_landing_area_says_what_it_may_hold(dataset: str):
    contract = contracts()[dataset]
    free = [
        column.name
        for column in contract.staged
        if column.type == "text"
        and not (contract.may_be_code(column) or contract.values_of(column) or column.listed)
        and not (column.plain or column.published or column.seals)
    ]
    assert free == []
    assert all(column.fields for column in contract.staged if column.type == "json")
