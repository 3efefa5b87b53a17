"""Says of a text whether it is a code of a thing, by its shape: figures, signs, letters that nobody speaks.

Two questions, as a line that is refused is a line that no figure counts. A code that is loaded is refused
only where it is somebody's number or name (`person_in_code`): vendors make codes of any letters. What is
quoted in a message or kept of a rejected line has to be one by its shape (`is_code`). The expressions are of
Python, of RE2 (columns of millions of codes) and of PostgreSQL (rejected lines).
"""

import re
import unicodedata
from collections.abc import Collection
from functools import cache
from pathlib import Path

from cchc.mail_addresses import has_address
from cchc.personal_names import (
    families,
    is_surely_family,
    may_be_name,
    name_without_blanks,
    reads_as_name,
    syllables,
)
from cchc.personal_numbers import DOSSIER, IN_CODE, PROCEDURE, UNIT, Doubt, number_in_code

WORDS = Path(__file__).with_name("code_words.txt")
LONGEST = 100
OF_A_PERSON = "có thể là số điện thoại, số định danh hoặc thư điện tử"
WORDS_OF_A_NAME = "có nhóm chữ không phải của mã, có thể là tên người"
# What the other codes of a column may clear (cchc.reading.column_evidence).
DAY_OR_NUMBER = "có thể là ngày và số thứ tự, cũng có thể là số điện thoại hoặc số định danh"
SERIES_OR_NAME = "có nhóm chữ có thể là tên người"
DOUBTS = frozenset({DAY_OR_NUMBER, SERIES_OR_NAME})
SIGNS = "-._/:+"
_C = "[bcdfghjklmnpqrstvwxzđBCDFGHJKLMNPQRSTVWXZĐÐ]"
_V = "[aeiouyAEIOUY]"
# Two consonants that neither begin nor end a syllable: all but ch, gh, gi, kh, ng, nh, ph, qu, th, tr.
_APART = (
    "([bdđlmrsvxhfjwzBDĐÐLMRSVXHFJWZ][bcdfghjklmnpqrstvwxzđBCDFGHJKLMNPQRSTVWXZĐÐ]"
    "|[cgkpCGKP][bcdfgjklmnpqrstvwxzđBCDFGJKLMNPQRSTVWXZĐÐ]"
    "|[nN][bcdfjklmnpqrstvwxzđBCDFJKLMNPQRSTVWXZĐÐ]|[tT][bcdfgjklmnpqstvwxzđBCDFGJKLMNPQSTVWXZĐÐ])"
)
# A hash, or an id that a program gave: nobody is called so.
_IDS = (
    "[{]?[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{5,12}[}]?",
    "[0-9a-f]{24}|[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}|[0-9A-F]{32}|[0-9A-F]{40}|[0-9A-F]{64}",
    "[0-9]{15,20}",
)
_NUMBERED = (DOSSIER, PROCEDURE, UNIT)
# Our own key of a unit: 84.so-noi-vu, 84.so-noi-vu-2025.
_UNIT_KEY = r"[0-9]{2}[.][a-z][a-z0-9]{0,6}(-[a-z][a-z0-9]{0,6})*(-[0-9]{4})?"


@cache
def shapes() -> str:
    """The expression of codes that are told by their whole shape."""
    return f"^({'|'.join((*_IDS, *_NUMBERED, _UNIT_KEY))})$"


# A key of a unit that says somebody's name, 84.nguyen-van-an. Of the names of communes many are two words of
# which the first is a family name, too (Lương Hòa, Trần Đề); with the second of these none is.
_KEY = "^[0-9]{2}[.][a-z]+(-[a-z]+){%s}(-[0-9]+)?$"
_NEVER_A_PLACE = frozenset({"nguyen", "tran", "pham", "huynh", "khuat", "trinh", "quach", "phung"})
_NO_COMMUNE = _NEVER_A_PLACE | {"bui", "dang"}
# Letter by letter: K-H-U-A-T.
_SPELLED_OUT = r"(^|[^A-Za-z])([A-Za-z][-._/:+]+){3,}[A-Za-z]([^A-Za-z]|$)"


def _key_says(text: str) -> list[str]:
    """The words of a key of a unit, if behind the first come one to five that people are called."""
    if not re.search(_KEY % "1,5", text):
        return []
    first, *others = re.findall("[a-z]+", text)
    return [first, *others] if syllables(bare=True).issuperset(others) else []


def _of_a_person(plain: str) -> bool:
    """Whether a text is shaped as our key of a unit and says somebody's name, or spells one out."""
    said = _key_says(plain)
    key = bool(said) and (said[0] in _NO_COMMUNE or (len(said) > 2 and said[0] in families(bare=True)))
    return key or re.search(_SPELLED_OUT, plain) is not None


def _of_a_person_sql(value: str) -> str:
    """The SQL condition of `_of_a_person`; as one expression it takes half a second to compile."""
    of_family, no_commune, called = (
        ", ".join(f"'{word}'" for word in sorted(words))
        for words in (families(bare=True), _NO_COMMUNE, syllables(bare=True))
    )
    first = f"split_part(substr({value}, 4), '-', 1)"
    others = f"string_to_array(regexp_replace(substr({value}, 4), '^[a-z]+-|-[0-9]+$', '', 'g'), '-')"
    return (
        f"(CASE WHEN {value} ~ '{_KEY % '1,5'}' THEN ({first} IN ({no_commune}) "
        f"OR ({value} ~ '{_KEY % '2,5'}' AND {first} IN ({of_family}))) "
        f"AND {others} <@ ARRAY[{called}] ELSE FALSE END OR {value} ~ '{_SPELLED_OUT}')"
    )


@cache
def groups() -> str:
    """The expression of codes by their groups: figures, and letters that are no syllable or are listed."""
    lines = WORDS.read_text(encoding="utf-8").splitlines()
    listed = "|".join(_any_case(line) for line in lines if line and not line.startswith("#"))
    letters = "|".join(
        (
            f"{_C}{{1,10}}",
            _V,
            # In front of consonants that do not end a syllable, or behind such that do not begin one.
            f"{_V}{_APART}{_C}{{0,4}}",
            f"{_V}[bdđfghjklqrsvwxzBDĐFGHJKLQRSVWXZ]",
            f"{_APART}{_V}",
            listed,
            f"{_C}{{1,6}}({_any_case('UBND')}|{_any_case('UBMTTQ')})",
            f"{_C}{{3,4}}({_any_case('TU')}|{_any_case('HU')}|{_any_case('ĐU')})",
            f"{_any_case('UBND')}{_C}{{1,4}}",
        )
    )
    signs = "[-._/:+0-9]"
    return f"^{signs}*(({letters}){signs}+)*({letters})?$"


# Figures that are no running number but may be a person's, alone or as a part of its own.
NUMBER_OF_A_PERSON = rf"^([0-9]{{9}}|0[0-9]{{9,11}}|84[0-9]{{9}})$|{IN_CODE}"


def person_in_code(text: str, cleared: Collection[str] = ()) -> str | None:
    """Why a code may be of a person, None where it is not: the only reason not to load it.

    Of DOUBTS the column may clear it, which `cleared` says.
    """
    if has_address(text):
        return OF_A_PERSON
    plain = text if text.isascii() else _plain(text)
    fault = _number_in(plain) or _name_in(plain)
    if fault in cleared:
        fault = _name_in(plain)
    return None if fault in cleared else fault


def _number_in(plain: str) -> str | None:
    doubt = None if re.search(shapes(), plain) else number_in_code(plain)
    return None if doubt is None else OF_A_PERSON if doubt is Doubt.NUMBER else DAY_OR_NUMBER


def _name_in(plain: str) -> str | None:
    if len(said := _key_says(plain.lower())) > 2 and said[0] in _NEVER_A_PLACE:
        return WORDS_OF_A_NAME
    if re.fullmatch(_UNIT_KEY, plain):
        return None
    letters = re.findall("[a-z]+", plain.lower().replace("đ", "d"))
    # Two words are of the field as well: HO-SO, DAT_DAI, CU-NA.
    dashed = len(letters) > 2 and all(len(word) > 1 for word in letters) and reads_as_name(letters)
    joined = [name_without_blanks(word) for word in letters]
    if (dashed and is_surely_family(letters[0])) or any(joined):
        return WORDS_OF_A_NAME
    return SERIES_OR_NAME if dashed or None in joined else None


def code_fault(text: str) -> str | None:
    """Why a text is no code that may be shown, None when it is one; blanks are no part of one."""
    # Diacritics are no part of codes, but do no harm: Mã-01, 1/VPỦBND.
    plain = text if text.isascii() else _plain(text)
    if _of_a_person(plain):
        return WORDS_OF_A_NAME
    if re.search(shapes(), plain):
        return None
    if re.search(NUMBER_OF_A_PERSON, plain):
        return OF_A_PERSON
    if may_be_name(re.findall(r"[a-zđ]+", plain.lower())):
        return WORDS_OF_A_NAME
    if len(plain) > LONGEST or not re.search(r"[0-9A-Za-zĐđÐ]", plain):
        return "không phải mã"
    return None if re.search(groups(), plain) else WORDS_OF_A_NAME


def is_code(text: str) -> bool:
    """Whether a text is a code that may be shown."""
    return code_fault(text) is None


def code_sql(value: str) -> str:
    """The SQL condition that is true for values that are codes; `value` is an expression."""
    return (
        f"(length({value}) <= {LONGEST} AND {value} ~ '[0-9A-Za-z]' "
        f"AND NOT {_of_a_person_sql(value)} AND ("
        f"{value} ~ '{shapes()}' OR ({value} ~ '{groups()}' AND {value} !~ '{NUMBER_OF_A_PERSON}')))"
    ).replace(":", "\\:")


def _any_case(word: str) -> str:
    return "".join(f"[{letter.lower()}{letter.upper()}]" for letter in word)


def _plain(text: str) -> str:
    apart = unicodedata.normalize("NFD", text)
    return unicodedata.normalize("NFC", "".join(c for c in apart if not unicodedata.combining(c)))
