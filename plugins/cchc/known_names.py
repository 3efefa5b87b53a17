"""Names and words that are known beforehand to be nobody's: places, and the words that the field is made of.

A commune may be called as people are (Lương Hòa), and so may words of two syllables without their diacritics
(nong nghiep). The province's units are those of sql/reference; `field_pairs.txt` lists such words.
"""

import csv
from functools import cache
from pathlib import Path

from cchc.repository import sql_file
from cchc.spelling import bare_of, fold

PAIRS = Path(__file__).with_name("field_pairs.txt")
_UNITS = ("reference/don_vi.csv", "ten_don_vi"), ("reference/ten_goi_khac.csv", "ten_goi")
# What the name of a place begins with.
_KINDS = ("tỉnh", "thành phố", "thị xã", "thị trấn", "huyện", "quận", "phường", "xã", "đặc khu")
# Provinces and districts elsewhere whose names could be those of people.
_BEYOND = (
    *("sơn la", "lâm đồng", "kiên giang", "hà nam", "hà giang", "hà tĩnh", "thái bình", "thái nguyên"),
    *("cao bằng", "an giang", "ninh bình", "ninh thuận", "hà tiên", "châu thành", "châu đốc", "mai châu"),
    *("kim sơn", "la gi", "hà đông", "cao lãnh", "tô châu", "hà nội", "hà nam ninh", "yên bái", "yên định"),
    *("yên mỹ", "hồ chí minh", "tiền giang", "quảng ninh", "lạng sơn", "điện biên", "hậu giang", "bắc giang"),
)


@cache
def units() -> frozenset[str]:
    """The folded names of the province's units, of all times."""
    return frozenset(
        fold(row[column])
        for path, column in _UNITS
        for row in csv.DictReader(sql_file(path).lstrip("\ufeff").splitlines())
        if row[column] and not row[column].startswith("#")
    )


@cache
def places(*, bare: bool = False) -> frozenset[str]:
    """Folded names of places without the word for what they are, perhaps without diacritics."""
    found = set(_BEYOND)
    for unit in units():
        for kind in _KINDS:
            if unit.startswith(f"{kind} "):
                found.add(unit[len(kind) + 1 :])
    return frozenset(map(bare_of, found) if bare else found)


@cache
def joined_places() -> frozenset[str]:
    """Names of places without diacritics and blanks, as codes have them."""
    return frozenset(place.replace(" ", "") for place in places(bare=True))


def is_place(words: list[str]) -> bool:
    """Whether folded words are the name of a place as a whole."""
    text = " ".join(words)
    return text in places(bare=text.isascii())


@cache
def pairs(*, bare: bool = False) -> frozenset[tuple[str, str]]:
    """Words of two syllables of the field, as they are written or without diacritics."""
    lines = [line for line in PAIRS.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    found = [word.split() for line in lines for word in line.split(",") if word.strip()]
    return frozenset((bare_of(a), bare_of(b)) if bare else (fold(a), fold(b)) for a, b in found)
