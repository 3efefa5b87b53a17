"""Names of people in each kind of column however they are written, and names of things that are like them."""

import csv
import random
import re
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from cchc.known_names import places, units
from cchc.personal_names import families, has_name, may_have_name, syllables
from tests.personal.loaded import KINDS, loaded, refused, shown
from tests.personal.names import bare, names

DATA = Path(__file__).parents[3] / "shared" / "data"
PEOPLE = [name for name in names(2_000) if not name.isascii() and name.count(" ") > 1]
LONGER = [name for name in names(2_000) if name.count(" ") > 1]


def rate(kind: str, texts: list[str]) -> float:
    """How many of a hundred texts a column of that kind stages as themselves."""
    return 100 * len(shown(*KINDS[kind], texts)) / len(texts)


def initials(name: str) -> str:
    *first, last = name.split()
    return ".".join(word[0] for word in first) + f".{last}"


WRITTEN: dict[str, Callable[[str], str]] = {
    "itself": str,
    "in capitals": str.upper,
    "in small letters": str.lower,
    "behind a post, in capitals": lambda name: f"công chức một cửa {name}".upper(),
    "before a post, in capitals": lambda name: f"{name} - chuyên viên".upper(),
    "behind a post, in small letters": lambda name: f"chuyên viên {name}".lower(),
    "behind ông, in a sentence": lambda name: f"V/v giải quyết đơn của ông {name}",
    "behind cho bà, in capitals": lambda name: f"cấp phép xây dựng cho bà {name}".upper(),
    "a cashier's": lambda name: f"Thủ quỹ {name}",
    "a chairman's": lambda name: f"Chủ tịch UBND xã {name}",
    "behind what begins like a unit": lambda name: f"Tổ trưởng {name}",
    "a guard's": lambda name: f"Bảo vệ {name}",
    "a member's": lambda name: f"Hội viên {name}",
    "in whose house": lambda name: f"Nhà ông {name}",
    "to whom is paid": lambda name: f"Chi trả trợ cấp cho {name}",
    "behind a symbol": lambda name: f"12/QĐ-UBND {name}",
    "in CamelCase": lambda name: name.replace(" ", ""),
    "with what is not seen between": lambda name: name.replace(" ", "\u200b"),
}


@pytest.mark.parametrize("kind", ["notation", "published", "shown unit", "plain"])
@pytest.mark.parametrize("written", WRITTEN)
def test_name_is_not_loaded_however_it_is_written(kind: str, written: str):
    texts = list(map(WRITTEN[written], PEOPLE))
    # What family names that are words as well (Từ, Lại, Viên) begin is told with capitals only.
    assert rate(kind, texts) < (1 if kind == "plain" else 7)


@pytest.mark.parametrize("kind", ["published", "shown unit", "plain"])
@pytest.mark.parametrize(
    "written",
    [
        *(initials, lambda name: initials(name).replace(".", ". ")),
        lambda name: f"{name.split()[0]} {name.split()[1][0]}. {name.split()[-1]}",
        *(lambda name: f"HS-{bare(name).upper().replace(' ', '-')}-1",),
        *(lambda name: f"12/QĐ-{bare(name).replace(' ', '-')}",),
    ],
)
def test_initials_and_names_in_groups_are_not_loaded_as_text(kind: str, written: Callable[[str], str]):
    assert rate(kind, list(map(written, PEOPLE))) < 4


@pytest.mark.parametrize("kind", ["code", "notation"])
@pytest.mark.parametrize(
    "written",
    [
        lambda name: f"{name.replace(' ', '-')}-1",
        lambda name: f"{name.replace(' ', '-')}-1".upper(),
        lambda name: name.replace(" ", ""),
        lambda name: name.replace(" ", "").upper() + "1",
    ],
)
def test_name_is_no_code_with_diacritics_or_without(kind: str, written: Callable[[str], str]):
    # Seven letters without a blank are no name to it, and some are made of words of the field: Công Nhận.
    assert rate(kind, list(map(written, LONGER))) < 5


@pytest.mark.parametrize("text", ["NGUYEN THI BUOI", "Lê Văn Lượm", "Pham Thi Thia", "TRẦN VĂN KHÓM"])
def test_given_name_that_no_list_has_is_seen_behind_a_usual_middle_name(text: str):
    assert loaded(*KINDS["code"], [text.replace(" ", "-")]) == [None]
    assert loaded(*KINDS["code"], [text.replace(" ", "")]) == [None]
    assert loaded(*KINDS["notation"], [text]) == [None]
    assert shown(*KINDS["plain"], [f"CHUYÊN VIÊN {text}"]) == []


@pytest.mark.parametrize("text", ["Đỗ-Văn-An-1", "TRAN-THI-ĐAO-7", "NGUYEN-VAN-ĐUC", "ĐỗQuangChính"])
def test_letter_d_with_a_stroke_hides_no_name(text: str):
    assert loaded(*KINDS["code"], [text]) == [None]
    assert loaded(*KINDS["notation"], [text]) == [None]


@pytest.mark.parametrize("text", ["Châu Thành Kiên", "Đoàn Trọng Long", "Châu Thành Long Vân"])
def test_family_name_that_is_a_place_or_kind_of_unit_is_one(text: str):
    assert loaded(*KINDS["published"], [text]) == [None]


# Of the province, and what is written before their names.
UNITS = sorted(units())
COMMUNES = sorted({re.sub(r"^(xã|phường|thị trấn|huyện|thành phố) ", "", name).title() for name in UNITS})
BEFORE = [
    *("", "TYT ", "TTHCC ", "CAX ", "P. ", "X. ", "P.", "TX ", "H. ", "BP TN&TKQ ", "Mầm non ", "MN ", "TH "),
    *("CN VPĐKĐĐ ", "VPĐKĐĐ ", "UBND ", "UBND xã ", "UBND X.", "HĐND ", "Bộ phận một cửa ", "Chi nhánh "),
    *("THPT ", "Tiểu học ", "HTX ", "KCN ", "Cầu ", "Đường ", "Chợ ", "Công viên ", "Đền thờ ", "Công an "),
]


@pytest.mark.parametrize("column", [("don_vi", "ten_don_vi"), ("tthc", "ten_tthc"), KINDS["shown unit"]])
def test_units_of_the_province_are_loaded_by_their_names(column: tuple[str, str]):
    texts = [before + name for before in BEFORE for name in (*COMMUNES, "Nguyễn Trung Trực", "Lê Văn Tám")]
    # Two names of people without a word before them are theirs.
    assert set(texts) - set(shown(*column, texts)) == {"Nguyễn Trung Trực", "Lê Văn Tám"}


@pytest.mark.parametrize(
    "form", ["HOSO_{}_0001", "{}-2503-0001", "{}-12", "TYT-{}", "XA{}-1", "84.{}", "12/QĐ-UBND{}"]
)
def test_communes_are_loaded_in_codes(form: str):
    for between in ("", "-", "_"):
        for name in (str.upper, str.lower, str.title):
            texts = [form.format(name(place.replace(" ", between))) for place in places(bare=True)]
            assert refused(*KINDS["code"], [text for text in texts if "84._" not in text]) == []


FIELDS = [
    *(
        "DANG-KY-KINH-DOANH",
        "HO-KINH-DOANH",
        "HO-SO-DAT-DAI",
        "BO-SUNG-HO-SO",
        "DAU-TU-CONG",
        "BIEN-BAN-GIAO",
    ),
    *(
        "DOAN-THANH-NIEN",
        "PHI-LE-PHI",
        "TO-CHUC-CAN-BO",
        "DAU-TU-TAI-VIET-NAM",
        "BO-TAI-CHINH",
        "CO-QUAN-KHAC",
    ),
    *("NONGNGHIEP", "LAMNGHIEP", "VANPHONG", "TRUONGHOP", "PHUONGAN", "HOSOGIAY", "CHUYENVIEN", "TOANTRINH"),
    *(
        "KIENGIANG",
        "THAINGUYEN",
        "LAMDONG",
        "TIENGIANG",
        "HO-CHI-MINH",
        "THAI-NGUYEN",
        "DIEN-BIEN",
        "CAPHUYEN",
    ),
    *("Nông-nghiệp", "NôngNghiệp", "LamNghiep", "to_chuc_can_bo", "Hồ-sơ-đất-đai"),
]


def test_words_of_the_field_are_loaded_in_codes():
    texts = [form.format(word) for word in FIELDS for form in ("{}", "{}-0001", "HS.{}.1", "{}/2025/17")]
    assert refused(*KINDS["code"], texts) == []
    assert refused("tthc", "ma_linh_vuc", texts) == []


def test_words_are_loaded_where_a_symbol_may_have_them():
    texts = [
        *("Nông nghiệp", "Lâm nghiệp", "NÔNG NGHIỆP", "Nong nghiep", "Đất đai", "Tổ chức, cán bộ"),
        *("Thành lập và hoạt động doanh nghiệp (hộ kinh doanh)", "Đầu tư tại Việt nam", "Bộ Công an"),
        *("12/BC-UBND xã Lương Hòa", "12/QĐ-THCS Nguyễn Văn Trỗi", "12/ĐU-ĐA", "2170/TU-ĐA", "12/VP UBND"),
        *(
            "12/CV-Công ty TNHH Hoàng Long",
            "7/HĐ-Cty Kim Sơn",
            "12/QĐ-UBND huyện Châu Thành",
            "3/BC-BQL chợ Lê Lợi",
        ),
    ]
    assert loaded("tthc", "ma_linh_vuc", texts) == texts
    assert loaded(*KINDS["notation"], texts) == texts


def test_letters_that_many_codes_share_are_of_their_series():
    # Spoken letters of a vendor that no list has, which begin like a name.
    series = [f"TO-HOA-DONG-{n:04}" for n in range(40)]
    assert loaded(*KINDS["code"], series) == series
    assert loaded(*KINDS["code"], series[:1]) == [None]
    # What is hardly another word than a family name is one however often it stands.
    clerk = [f"NGUYEN-VAN-AN-{n:04}" for n in range(40)]
    assert loaded(*KINDS["code"], clerk) == [None] * 40


POSTS = [
    *("Chuyên viên", "Kế toán trưởng", "Thủ quỹ", "Công chức Tư pháp - Hộ tịch", "Phó Trưởng phòng Kinh tế"),
    *("Chỉ huy trưởng Ban CHQS xã", "Bí thư Đảng ủy", "Chi cục trưởng", "Kiểm lâm viên", "Quản trị viên"),
    *(
        "Quyết định",
        "Công văn",
        "Tờ trình",
        "Giấy mời",
        "Phiếu trình",
        "Thông tư liên tịch",
        "Công hàm",
        "Lệnh",
    ),
    *(
        "Nghị quyết",
        "Chương trình",
        "Dự án",
        "Hợp đồng",
        "Bản ghi nhớ",
        "Giấy ủy quyền",
        "Đơn thư",
        "Điều lệ",
    ),
]


@pytest.mark.parametrize("written", [str, str.upper, str.lower, str.title])
def test_posts_and_kinds_of_documents_are_kept_in_whatever_case(written: Callable[[str], str]):
    texts = list(map(written, POSTS))
    assert loaded(*KINDS["plain"], texts) == texts


@pytest.mark.skipif(not DATA.exists(), reason="genuine lists of procedures are not beside the repository")
@pytest.mark.parametrize("written", [str, str.upper, str.lower])
def test_no_text_of_the_national_lists_is_refused(written: Callable[[str], str]):
    with (DATA / "tthc_quoc_gia.csv").open(encoding="utf-8-sig", newline="") as file:
        texts = {cell for row in csv.DictReader(file) for cell in row.values() if cell}
    for path in sorted(DATA.glob("*.xlsx")):
        rows = openpyxl.load_workbook(path, read_only=True).worksheets[0].iter_rows(values_only=True)
        texts |= {cell.strip() for row in rows for cell in row if isinstance(cell, str) and cell.strip()}
    assert len(texts) > 3_000
    assert refused(*KINDS["published"], sorted(map(written, texts))) == []


def test_text_that_no_one_looks_at_closely_has_no_name():
    chance = random.Random(5)
    words = [
        *sorted(families()),
        *sorted(syllables()),
        "ông",
        "của",
        "Sở",
        "đu",
        "hoà",
        "NguyễnVăn",
        "TP.",
        "N.",
    ]
    written = [str, str.lower, str.upper, str.title, bare]
    signs = [*" " * 9, "-", ".", "_", "/", ", ", "2", "\u00a0"]
    texts = [
        "".join(
            chance.choice(written)(chance.choice(words)) + chance.choice(signs) for _ in range(length)
        ).strip()
        for length in (1, 2, 3, 4)
        for _ in range(6_000)
    ]
    looked_at = pc.match_substring_regex(pa.array(texts), may_have_name()).to_pylist()
    passed = [text for text, closely in zip(texts, looked_at, strict=True) if not closely]
    assert len(passed) > 2_000
    assert [text for text in passed if has_name(text)] == []
