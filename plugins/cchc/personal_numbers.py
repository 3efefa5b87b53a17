"""Says of a text whether digits in it may be a telephone or identity number, however they are written.

Digits of all scripts are digits, also spelled ones (`không chín một hai`); signs and blanks between them do
not count. Days, months and times are told apart first, and so are national codes: they have digits as well.
"""

import re
import unicodedata
from collections.abc import Iterator
from enum import Enum

from cchc.spelling import INVISIBLE

# An identity number begins with the number of a province; sex and century follow.
_PROVINCE = "0(0[1-9]|[1-8][0-9]|9[0-6])"
# What mobiles begin with behind the 0, as the numbers are given out. Codes are asked by it, as days are among
# them; texts by the first figure alone, as fixed lines began so until 2017.
MOBILE = "(?:3[2-9]|5[25689]|7[06-9]|8[1-9]|9[0-9])"
# Ten digits of a mobile, eleven of the old ones and of fixed lines; with 84 instead of the first 0.
_WHOLE = re.compile(
    rf"{_PROVINCE}[0-3][0-9]{{8}}|0[35789][0-9]{{8}}|01[2689][0-9]{{8}}|02[0-9]{{9}}|"
    r"(00)?84([35789][0-9]{8}|2[0-9]{9})"
)
# An old identity number, or a mobile without its first 0. Longer rows of digits are told by their length.
_NINE = 9
_MOST = 14
# Between the groups of one number: so many characters that are no letters.
_MOST_BETWEEN = 4
# The same numbers within a code, for RE2 and PostgreSQL as well: digits on neither side, a few signs at most
# between their groups. Nine digits that begin with 00, 4 or 6 are running numbers.
_S, _AND = "[-._/:+]{0,3}", "[-._/:+]{1,3}"
IN_CODE = (
    "(^|[^0-9])("
    rf"0[35789]({_S}[0-9]){{8}}|01[2689]({_S}[0-9]){{8}}|02({_S}[0-9]){{9}}"
    rf"|(00)?84{_S}([35789]({_S}[0-9]){{8}}|2({_S}[0-9]){{9}})"
    rf"|{_PROVINCE}{_S}[0-3][0-9]{{2}}{_S}[0-9]{{3}}{_S}[0-9]{{3}}"
    rf"|{_PROVINCE}[0-3]{_AND}[0-9]{{4}}{_AND}[0-9]{{4}}"
    rf"|(0[1-9]|[1-35789][0-9])[0-9]{{7}}|(0[1-9]|[1-35789][0-9])[0-9]{_AND}[0-9]{{3}}{_AND}[0-9]{{3}}"
    ")([^0-9]|$)"
)
# Codes of procedures, units and dossiers as the state writes them: 1.002835.000.00.00.H56, 000.17.22.H56,
# 000.17.22.H56-210531-0001; before the day also the number of a commune, 29236-250301-0001.
PROCEDURE = r"[0-9]\.[0-9]{6}(\.[0-9]{3}\.[0-9]{2}\.[0-9]{2}\.[A-Z][0-9]{2})?"
UNIT = r"[0-9]{3}\.[0-9]{2,3}\.[0-9]{2,3}\.[A-Z][0-9]{2}"
_YYMMDD = "[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])"
DOSSIER = rf"({UNIT}|[A-Z][0-9]{{2}}(\.[0-9]{{1,4}}){{0,4}}|[0-9]{{5}})-{_YYMMDD}-[0-9]{{4,8}}"
_NATIONAL = re.compile(rf"(?<![\w.])(?:{DOSSIER}|{PROCEDURE}|{UNIT})(?![\w-])")
# An amount of money: groups of three figures, the last ones of noughts.
_AMOUNT = re.compile(r"(?<![\w.,])[1-9]\d{0,2}(?:[.,]\d{3})*(?:[.,]000){2,}(?![\w.,]*\d)", re.ASCII)
_SPELLED = {
    **{"không": 0, "khong": 0, "một": 1, "mot": 1, "mốt": 1, "hai": 2, "ba": 3, "bốn": 4, "bon": 4, "tư": 4},
    **{"tu": 4, "năm": 5, "nam": 5, "lăm": 5, "lam": 5, "sáu": 6, "sau": 6, "bảy": 7, "bẩy": 7, "bay": 7},
    **{"tám": 8, "tam": 8, "chín": 9, "chin": 9},
}
# For RE2: a text that does not match has no such number. Letters beside a figure may stand for others.
MAY_HAVE_ONE = rf"(?is)((\p{{N}}|{'|'.join(_SPELLED)}).*){{9}}|\p{{N}}[oil]|[oil]\p{{N}}"
DAY = re.compile(
    r"(?<!\d)(?:"
    r"(?:19|20)\d\d(?P<s>[-._/]?)(?:0[1-9]|1[0-2])(?P=s)(?:0[1-9]|[12]\d|3[01])"
    # A time behind a day, if no other digits follow: they would be one number with it.
    r"(?:[T _-]?[0-2]\d[0-5]\d(?:[0-5]\d)?(?![^\w]{0,4}\d))?|"
    r"\d{1,2}(?P<t>[-._/])\d{1,2}(?P=t)(?:19|20)\d\d|"
    r"(?:19|20)\d\d[-._/]?(?:0[1-9]|1[0-2])|(?:0?[1-9]|1[0-2])[-._/](?:19|20)\d\d|"
    r"(?<!:)(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d)?(?!:\d)"
    r")(?!\d)",
    re.ASCII,
)
_UNSEEN = re.compile(f"[{INVISIBLE}\u20e3]")
_WORD = re.compile(r"[^\W\d_]+")
_PIECE = re.compile(r"\d+|[^\W\d_]+")
_LETTER_DIGITS = re.compile(r"(?<![^\W_])[OoIl]*\d[OoIl\d]*(?![^\W_])")
_YEAR = re.compile(r"(19|20)\d\d", re.ASCII)
# Groups of digits that a few signs keep apart, and what numbers within codes are.
_RUN = re.compile(r"\d+(?:[\W_]{1,3}\d+)*", re.ASCII)
_DIGITS = re.compile(r"\d+", re.ASCII)
_YEAR_OF_NOW = re.compile(r"199\d|20[0-3]\d", re.ASCII)
_SHORT_DAY = re.compile(r"(?:0[1-9]|[12]\d|3[01])(?:0[1-9]|1[0-2])[0-2]\d", re.ASCII)
_DAY_SHORT = re.compile(r"[0-2]\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])", re.ASCII)
_A_MOBILE = re.compile(rf"0{MOBILE}\d{{7}}", re.ASCII)
_ABROAD = re.compile(rf"(?:00)?84(?:{MOBILE}\d{{7}}|2\d{{9}}|0{MOBILE}\d{{7}})", re.ASCII)
_FIXED = re.compile(r"02(?:\d\d[2-9]\d{6}|[48][2-9]\d{7})|01[2689]\d{8}", re.ASCII)
_GROUPS_OF_FIXED = ((4, 7), (4, 4, 3), (4, 3, 4), (3, 8), (3, 4, 4))
# Nobody was born in the years 00 of the numbers that run from 000000001.
_IDENTITY = re.compile(rf"{_PROVINCE}(?!000|100)[0-3]\d{{8}}", re.ASCII)
_GROUPS_OF_IDENTITY = ((12,), (3, 3, 3, 3), (3, 9), (6, 6), (4, 4, 4))
# How numbers are grouped where other digits stand beside them.
_GROUPS_WITHIN = frozenset(
    {(10,), (4, 3, 3), (3, 3, 4), (3, 4, 3), (4, 6), (3, 7), (7, 3), (5, 5), (2, 2, 2, 2, 2), (4, 2, 2, 2)}
    | {(2, 9), *_GROUPS_OF_FIXED, *_GROUPS_OF_IDENTITY}
)
_MOST_GROUPS = 11
# A group of digits, and of which day of the text it is: 0 for none.
_Group = tuple[str, int]


class Doubt(Enum):
    """What digits of a code may be: somebody's number, or that as well as a day and a running number."""

    NUMBER = 1
    DAY = 2


def personal_number(text: str) -> bool:
    """Whether digits of a text may be a telephone or identity number."""
    text = _seen(text)
    figures = sum(map(str.isdigit, text))
    spelled = sum(map(_SPELLED.__contains__, _WORD.findall(text.lower())))
    # Letters that may be read as digits beside some.
    letters = sum(map("".join(_LETTER_DIGITS.findall(text)).count, "OoIl")) if figures else 0
    if figures + spelled + letters < _NINE:
        return False
    plain = _AMOUNT.sub("_", _NATIONAL.sub("_", _plain(text)))
    return any(_has_one(run) for run in _runs(plain))


def number_in_code(code: str) -> Doubt | None:
    """Whether digits of a code may be somebody's number: as such a number is grouped, between other signs.

    Vendors number with days, years and units as well, so only whole groups count, whose sum has the length
    of one. `DAY` where it begins with a day: only the other codes of its column can tell what it is.
    """
    found = None
    for run in _RUN.finditer(code):
        if run.end() - run.start() < _NINE:
            continue
        groups = _DIGITS.findall(run[0])
        spans = ((at, at + count) for at in range(len(groups)) for count in range(1, _MOST_GROUPS + 1))
        for first, last in spans:
            part = groups[first:last]
            if last > len(groups) or not _NINE <= sum(map(len, part)) <= _MOST:
                continue
            whole = len(part) == len(groups)
            if whole or tuple(map(len, part)) in _GROUPS_WITHIN:
                doubt = _doubt_of(part, whole, whole and run[0] == code)
                if doubt is Doubt.NUMBER:
                    return doubt
                found = found or doubt
    return found


def day_and_number(code: str) -> bool | None:
    """Whether the digits of a code are a day of six figures and a number; None where they are too few."""
    digits = "".join(_DIGITS.findall(code))
    return bool(_SHORT_DAY.match(digits)) if len(digits) > _NINE else None


def _doubt_of(groups: list[str], apart: bool, alone: bool) -> Doubt | None:
    """What groups of digits may be; `apart`: no other digits are beside them, `alone`: nothing else is."""
    digits, sizes = "".join(groups), tuple(map(len, groups))
    if alone and sizes in ((_NINE,), (3, 3, 3)):
        return Doubt.NUMBER
    # A running number begins with noughts, and a year is none of a telephone: HS-03-2025-0012.
    if any(_YEAR_OF_NOW.fullmatch(group) or (len(group) > 3 and group[:2] == "00") for group in groups[1:]):
        return None
    if (digits[:2] == "84" and (alone or sizes[0] == 2)) or digits[:4] == "0084":
        # Our keys of units begin with 84 as well.
        return Doubt.NUMBER if _ABROAD.fullmatch(digits) and sizes[1:2] != (5,) else None
    # A mobile is grouped in any way, but none of its digits stands alone, unless all do.
    evenly = 1 not in sizes or (apart and set(sizes) == {1})
    mobile = _A_MOBILE.fullmatch(digits) and evenly
    fixed = _FIXED.fullmatch(digits) and (sizes in _GROUPS_OF_FIXED or (alone and len(sizes) == 1))
    identity = _IDENTITY.fullmatch(digits) and sizes in _GROUPS_OF_IDENTITY
    if not (mobile or fixed or identity):
        return None
    if len(sizes) > 1 and any(
        _SHORT_DAY.fullmatch(group) or _DAY_SHORT.fullmatch(group) for group in groups[1:]
    ):
        # 0912-250305: the number of a unit before it.
        return Doubt.DAY
    # A telephone has other groups than a day has: 0912.250.001.
    as_day = sizes[0] > 5 or sizes[:3] == (2, 2, 2)
    return Doubt.DAY if as_day and _SHORT_DAY.match(digits) else Doubt.NUMBER


def digits_of(text: str) -> str:
    """The digits of a text, of whatever script, as 0 to 9; those of days aside."""
    return "".join(filter(str.isdigit, DAY.sub(" ", _plain(text))))


def _plain(text: str) -> str:
    """The text with all digits as 0 to 9, without what is not seen; blanks and repeated signs are one."""
    text = _seen(text)
    if not text.isascii():
        text = "".join(map(_digit, text))
    text = _LETTER_DIGITS.sub(lambda found: found[0].translate({79: "0", 111: "0", 73: "1", 108: "1"}), text)
    return re.sub(r"([^\w])\1+", r"\1", re.sub(r"\s+", " ", text))


def _seen(text: str) -> str:
    """The text as it is read: letters and digits in their usual forms, without what is not seen."""
    return text if text.isascii() else _UNSEEN.sub("", unicodedata.normalize("NFKC", text))


def _digit(letter: str) -> str:
    value = None if letter.isascii() else unicodedata.digit(letter, None)
    return letter if value is None else str(value)


def _runs(text: str) -> Iterator[list[_Group]]:
    """Groups of digits that nothing but a few signs keeps apart."""
    days = [found.span() for found in DAY.finditer(text)]
    run: list[_Group] = []
    end = 0
    for found in _PIECE.finditer(text):
        piece = found[0]
        digits = piece if piece.isdigit() else str(_SPELLED.get(piece.lower(), ""))
        if not digits or found.start() - end > _MOST_BETWEEN:
            yield run
            run = []
        if digits:
            day = next((n for n, span in enumerate(days, 1) if span[0] <= found.start() < span[1]), 0)
            run.append((digits, day))
        end = found.end()
    yield run


def _has_one(run: list[_Group]) -> bool:
    for first, (digits, day) in enumerate(run):
        if not day and len(digits) > _NINE - 1:
            return True
        if day and first and run[first - 1][1] == day:
            continue
        number = ""
        for last in range(first, len(run)):
            number += run[last][0]
            if len(number) > _MOST:
                break
            of_days = [group[1] for group in run[first : last + 1]]
            ends_within_day = of_days[-1] and last + 1 < len(run) and run[last + 1][1] == of_days[-1]
            # What begins with a day is the number of something of that day.
            if not ends_within_day and not day and _is_one(number, run[first : last + 1]):
                return True
    return False


def _is_one(number: str, groups: list[_Group]) -> bool:
    if _WHOLE.fullmatch(number):
        return True
    lengths = {len(digits) for digits, _ in groups}
    # Nine digits in groups of one number: none is a year or of a day, none a single digit unless all are.
    evenly = lengths == {1} or 1 not in lengths
    return (
        len(number) == _NINE and evenly and not any(day or _YEAR.fullmatch(digits) for digits, day in groups)
    )
