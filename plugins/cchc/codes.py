"""Says of a text whether it is a code of a thing, by its shape: figures, signs, letters that nobody speaks.

A code leaves the landing area as it is, so one that could be somebody's name or number is none. The
expressions are of Python, of RE2 (columns of millions of codes) and of PostgreSQL (rejected lines).
"""

import re
import unicodedata
from functools import cache
from pathlib import Path

from cchc.personal_names import families, may_be_name, syllables
from cchc.personal_numbers import DOSSIER, IN_CODE, PROCEDURE, UNIT

WORDS = Path(__file__).with_name("code_words.txt")
LONGEST = 100
OF_A_PERSON = "có thể là số điện thoại, số định danh hoặc thư điện tử"
WORDS_OF_A_NAME = "có nhóm chữ không phải của mã, có thể là tên người"
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


# Of the names of communes many are two words of which the first is a family name, too (Lương Hòa); with these
# none is.
_NO_COMMUNE = "nguyen|tran|pham|huynh|khuat|bui|dang|trinh|quach|phung"


@cache
def unit_of_a_person() -> str:
    """The expression of what is shaped as our key of a unit and says somebody's name, or spells one out."""
    of_family, called = ("|".join(sorted(words(bare=True))) for words in (families, syllables))
    return (
        rf"^[0-9]{{2}}[.](({of_family})(-({called})){{2,5}}|({_NO_COMMUNE})(-({called})){{1,5}})(-[0-9]+)?$"
        # Letter by letter: K-H-U-A-T.
        r"|(^|[^A-Za-z])([A-Za-z][-._/:+]+){3,}[A-Za-z]([^A-Za-z]|$)"
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


def code_fault(text: str) -> str | None:
    """Why a text is no code that may be kept, None when it is one; blanks are no part of one."""
    # Diacritics are no part of codes, but do no harm: Mã-01, 1/VPỦBND.
    plain = text if text.isascii() else _plain(text)
    if re.search(unit_of_a_person(), plain):
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
    """Whether a text is a code that may be kept and shown."""
    return code_fault(text) is None


def code_sql(value: str) -> str:
    """The SQL condition that is true for values that are codes; `value` is an expression."""
    return (
        f"(length({value}) <= {LONGEST} AND {value} ~ '[0-9A-Za-z]' "
        f"AND {value} !~ '{unit_of_a_person()}' AND ("
        f"{value} ~ '{shapes()}' OR ({value} ~ '{groups()}' AND {value} !~ '{NUMBER_OF_A_PERSON}')))"
    ).replace(":", "\\:")


def _any_case(word: str) -> str:
    return "".join(f"[{letter.lower()}{letter.upper()}]" for letter in word)


def _plain(text: str) -> str:
    apart = unicodedata.normalize("NFD", text)
    return unicodedata.normalize("NFC", "".join(c for c in apart if not unicodedata.combining(c)))
