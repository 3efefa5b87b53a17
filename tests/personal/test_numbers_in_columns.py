"""Telephones, identity numbers and addresses of mail in each kind of column, and codes that are like them."""

import random

import pytest

from tests.personal.loaded import KINDS, loaded, refused, shown

MOBILE = [
    *(
        "032",
        "039",
        "052",
        "056",
        "058",
        "059",
        "070",
        "076",
        "079",
        "081",
        "086",
        "089",
        "090",
        "094",
        "099",
    ),
]
GROUPS = [(4, 3, 3), (3, 3, 4), (3, 4, 3), (2, 2, 2, 2, 2), (4, 6), (5, 5), (4, 2, 2, 2), (3, 7)]
SIGNS = [*"-./_:·•|\\*~;+", "__", "...", ")", ")-(", " - "]


def grouped(digits: str, sizes: tuple[int, ...], sign: str) -> str:
    ends = [sum(sizes[: n + 1]) for n in range(len(sizes))]
    return sign.join(digits[end - size : end] for end, size in zip(ends, sizes, strict=True))


def telephones(count: int) -> list[str]:
    chance = random.Random(7)
    return [chance.choice(MOBILE) + f"{chance.randrange(1_000_000, 10_000_000)}" for _ in range(count)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("sign", SIGNS)
def test_telephone_is_not_loaded_whatever_signs_group_it(kind: str, sign: str):
    texts = [grouped(number, sizes, sign) for sizes in GROUPS for number in telephones(60)]
    if kind == "code":
        texts = [text.replace(" ", "") for text in texts]
    # Groups of four that are years, or begin with noughts as running numbers do.
    assert len(shown(*KINDS[kind], texts)) <= len(texts) * 0.025


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "text",
    [
        *("0294.3855123", "0294-3855123", "(0294)3855123", "0294/3855/123", "028-38551234", "(0912)345678"),
        *(
            "84.912345678",
            "84912345678",
            "0084912345678",
            "84-912-345-678",
            "084.199912345",
            "084-199-912-345",
        ),
        *("HS-0912345678", "0912345678-01", "HS084199912345", "028.949.299", "094/331/227", "331-999-777"),
        *("0912345678/HS-2025", "H59-0912·345·678", "VB_0912_345678", "000.00.01.H59-0912345678"),
    ],
)
def test_number_of_a_person_is_not_loaded(kind: str, text: str):
    assert shown(*KINDS[kind], [text]) == []


@pytest.mark.parametrize("text", ["O9O3 718 264", "số 09l2 345 67I, gọi", "9l2345o7I"])
def test_letters_that_stand_for_figures_hide_no_number(text: str):
    """Of no kind of text: a column of which only few texts are looked at closely, too."""
    assert shown(*KINDS["published"], [text]) == []
    assert shown("ho_so", "don_vi_xu_ly", [text]) == []


AT = ["@", "＠", "﹫", "%40", "%2540", "&#64;", "&#064", "&#x40;", "&commat;", "(at)", "[at]", "(a)", "{at}"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("at", [*AT, "_at_", "\\u0040"])
def test_address_of_mail_is_not_loaded_however_its_at_is_written(kind: str, at: str):
    assert shown(*KINDS[kind], [f"buoi.nguyen{at}vinhlong.gov.vn", f"X1{at}gmail.com"]) == []


@pytest.mark.parametrize("kind", ["notation", "published", "shown unit", "plain"])
@pytest.mark.parametrize("at", [" at ", " a còng ", " A CÒNG ", " [at] "])
def test_spelled_address_is_not_loaded(kind: str, at: str):
    assert shown(*KINDS[kind], [f"buoi.nguyen{at}gmail.com"]) == []


def test_other_uses_of_these_signs_are_loaded():
    texts = ["Hỗ trợ 40% chi phí", "Chứng nhận (ATTP)", "Đất (a) và (b)", "TN&MT", "Cấp tại chỗ: a, b"]
    assert loaded(*KINDS["published"], texts) == texts


def of_days(form: str, count: int = 300) -> list[str]:
    chance = random.Random(3)
    days = [(chance.randint(1, 28), chance.randint(1, 12), 25, n) for n in range(count)]
    return [form.format(d=day, m=month, y=year, n=n) for day, month, year, n in days]


@pytest.mark.parametrize("kind", ["code", "notation"])
@pytest.mark.parametrize(
    "form",
    [
        *(
            "{d:02}{m:02}{y}{n:04}",
            "{d:02}.{m:02}.{y}.{n:04}",
            "HS{d:02}{m:02}{y}{n:04}",
            "{y}{m:02}{d:02}{n:04}",
        ),
        *("HS-{d:02}-{m:02}-{y}-{n:04}", "09123-{y}{m:02}{d:02}-{n:04}", "01234-{y}{m:02}{d:02}-{n:04}"),
        *("29236{y}{m:02}{d:02}{n:04}", "{d:02}{m:02}20{y}-{n:04}", "HS-{m:02}-20{y}-{n:04}"),
    ],
)
def test_codes_of_days_are_loaded_where_their_column_is_of_days(kind: str, form: str):
    assert refused(*KINDS[kind], of_days(form)) == []


@pytest.mark.parametrize("kind", ["code", "notation"])
def test_what_may_be_day_or_telephone_is_told_by_its_column(kind: str):
    days, both = of_days("{d:02}{m:02}{y}{n:04}"), "0903250012"
    assert loaded(*KINDS[kind], [*days, both])[-1] == both
    # Others of another shape do not count.
    assert loaded(*KINDS[kind], [*days, *(f"H61.42-250301-{n:04}" for n in range(999)), both])[-1] == both
    # Alone it may be a telephone, and among telephones it is one.
    assert loaded(*KINDS[kind], [both]) == [None]
    assert shown(*KINDS[kind], [*telephones(300), both]) == []
    # No mobile begins with 050.
    assert loaded(*KINDS[kind], ["0503250012"]) == ["0503250012"]


def test_long_ids_are_loaded_where_a_spreadsheet_rounded_none():
    ids = [str(1893654871234567890 + 7 * n) for n in range(300)]
    assert ids[0].endswith("890")
    rounded = [f"{one[:15]}0000" for one in ids]
    assert loaded(*KINDS["code"], ids) == ids
    assert loaded(*KINDS["code"], [*ids, "2025030509000000000"])[-1] == "2025030509000000000"
    # A spreadsheet rounds each of them.
    assert loaded(*KINDS["code"], rounded) == [None] * 300
    assert loaded(*KINDS["code"], ["2025030500000000"]) == [None]
    # What begins with 0 was text, or it would have lost that.
    assert loaded(*KINDS["code"], ["0025030500000000"]) == ["0025030500000000"]
