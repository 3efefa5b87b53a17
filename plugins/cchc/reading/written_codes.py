"""Codes of things: what surely was not part of one is taken away, what cannot be one is refused."""

import re
import unicodedata
from collections.abc import Collection

import pyarrow as pa
import pyarrow.compute as pc

from cchc.codes import NUMBER_OF_A_PERSON, groups, person_in_code, shapes
from cchc.contracts import Column
from cchc.personal_numbers import DOSSIER, PROCEDURE
from cchc.spelling import INVISIBLE

INVISIBLES = re.compile(f"[{INVISIBLE}]")
# What Excel, Google Sheets and LibreOffice show where they could not calculate, or where a column is too
# narrow for its number. Only these: #KHUAT! is somebody's word.
ERROR_CELL = (
    r"#(N/A|NAME\?|(REF|VALUE|DIV/0|NULL|NUM|SPILL|CALC|ERROR|FIELD|BLOCKED|CONNECT|UNKNOWN|BUSY)!|GETTING_DATA|#+)"
    r"|Err:[0-9]{3}"
)
ERROR = re.compile(ERROR_CELL)
NO_RESULT = "lỗi"
# What nearly all codes look like: nothing has to be looked at more closely.
USUAL_CODE = (
    r"^([0-9A-Za-z._/-]*[A-DF-Za-df-z][0-9][0-9A-Za-z._/-]*"
    r"|[0-9]\.[0-9]{6}(\.[0-9A-Z.]+)?|[0-9]{2}\.[0-9]{5})$"
)
# Full-width forms of ASCII, and the dashes that word processors put in place of a hyphen.
SAME = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
SAME |= dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2212"), ord("-"))
# The codes of dossiers and procedures: nearly all of millions.
ENTIRE = rf"^({DOSSIER}|{PROCEDURE})$"
# Keys of units, and letters with signs between them, may say a name: those are looked at one by one.
_MAY_SAY_NAME = r"^[0-9]{2}[.][a-z]|([A-Za-z][-._/:+]+){3}[A-Za-z]"
_PROCEDURE = r"^([0-9]\.[0-9]{6})\.[0-9]{3}\.[0-9]{2}\.[0-9]{2}\.[A-Z][0-9]{2}$"
PROCEDURE_NUMBER = re.compile(r"(?P<field>[1-9])[.,](?P<number>\d{1,6})", re.ASCII)
MONTHS = "(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)"
# What a person, a program or a spreadsheet writes where there is no code.
NO_CODE = frozenset(
    {"true", "false", "null", "none", "nil", "nan", "undefined", "n/a", "na", "inf", "infinity"}
)
# A spreadsheet keeps fifteen figures of a number; one that begins with 0 was none to it.
ROUNDED = "số trên 15 chữ số: bảng tính có thể đã làm tròn"
_ROUNDED = re.compile(r"[1-9]\d{14}0+", re.ASCII)
LONG_NUMBER = re.compile(r"[1-9]\d{15,}", re.ASCII)
IMPLAUSIBLE = (
    (re.compile(r"[+-]?\d+([.,]\d+)?[eE][+-]?\d+", re.ASCII), "bảng tính đã làm tròn mã thành số"),
    (_ROUNDED, ROUNDED),
    # No program gives ids of so many figures.
    (re.compile(r"\d{21,}", re.ASCII), "số trên 15 chữ số, quá dài cho một mã"),
    (re.compile(r"[+-]?\d+[.,]0+", re.ASCII), "mã đã thành số"),
    (re.compile(r"[+-].*"), "mã đã thành số hoặc công thức"),
    (re.compile(r"=.*", re.DOTALL), "công thức"),
    (
        re.compile(r"(\d{4}[/-]\d{1,2}[/-]\d{1,2}|\d{1,2}[/-]\d{1,2}[/-]\d{4})([ T].*)?", re.ASCII),
        "là một ngày",
    ),
    (
        re.compile(rf"\d{{1,2}}-{MONTHS}(-\d{{2,4}})?|{MONTHS}-\d{{2,4}}", re.ASCII | re.IGNORECASE),
        "là một ngày",
    ),
    (re.compile(r"[\d:]*\d:\d\d(:\d\d)?", re.ASCII), "là một giờ"),
    (re.compile("(?s).*[\\s\u2800].*"), "có khoảng trắng ở giữa"),
    (re.compile(r'.*[\[\]"].*', re.DOTALL), "không phải mã"),
    (re.compile(r".*\?.*"), "có dấu ? thay cho chữ đã mất"),
    (ERROR, "ô lỗi"),
    (re.compile("#.*[!?]", re.DOTALL), "ô lỗi"),
)


class NoCode(ValueError):
    """Text that cannot be a code; says why."""


def error_shown(text: str) -> str:
    """An error of a spreadsheet as it stands in the cell; of all other text that there is one."""
    return text.strip() if ERROR.fullmatch(text.strip()) else NO_RESULT


def visible(text: str) -> str:
    """`text` without characters that show nothing and without the blanks around it."""
    return INVISIBLES.sub("", text).strip()


def read_code(text: str, column: Column, cleared: Collection[str] = ()) -> str:
    """The code in a cell, repaired where only one code can be meant; raises NoCode.

    `cleared`: reasons for which the column says that it is sound (cchc.reading.column_evidence).
    """
    code = visible(text).translate(SAME)
    if code.startswith("'") and len(code) > 1:
        code = code[1:].strip()
    if column.procedure_root:
        code = _procedure(code)
    if column.pattern is not None:
        return code
    usual = code.isascii() and code.isprintable()
    if not usual and any(unicodedata.category(letter) in ("Cc", "Co", "Cn", "Cs") for letter in code):
        raise NoCode("có ký tự điều khiển")
    if code.lower() in NO_CODE or not re.search(r"[^\W_0]", code):
        raise NoCode("không phải mã")
    for form, reason in IMPLAUSIBLE:
        if reason not in cleared and form.fullmatch(code):
            raise NoCode(reason)
    for letter in "" if usual else code:
        if ord(letter) > 0x7F and not _latin(letter):
            raise NoCode(f"chữ {letter} (U+{ord(letter):04X}) không phải chữ La-tinh hay chữ số thường")
    if fault := person_in_code(code, cleared):
        raise NoCode(fault)
    return code


def sound_codes(words: pa.Array) -> pa.Array:
    """Whether each text is a code at which nothing has to be looked at more closely."""
    sound = pc.match_substring_regex(words, ENTIRE)
    if pc.all(sound).as_py():
        return sound
    return pc.or_(sound, pc.and_(pc.match_substring_regex(words, USUAL_CODE), shaped_as_codes(words)))


def shaped_as_codes(words: pa.Array) -> pa.Array:
    """Whether each text is a code by its shape, whatever a spreadsheet may have made of it."""
    shaped = pc.or_(
        pc.match_substring_regex(words, shapes()),
        pc.and_(pc.match_substring_regex(words, groups()), pc.match_substring_regex(words, "[0-9A-Za-zĐđ]")),
    )
    of_persons = pc.or_(
        pc.match_substring_regex(words, NUMBER_OF_A_PERSON),
        pc.match_substring_regex(words, _MAY_SAY_NAME),
    )
    return pc.and_(shaped, pc.invert(of_persons))


def _latin(letter: str) -> bool:
    name = unicodedata.name(letter, "")
    return name.startswith(("LATIN ", "COMBINING ")) or not letter.isalnum()


def _procedure(code: str) -> str:
    """A procedure's code with the zeros that it lost when a spreadsheet took it for a number."""
    found = PROCEDURE_NUMBER.fullmatch(code)
    if found and int(found["number"]):
        return f"{found['field']}.{found['number'].ljust(6, '0')}"
    if re.fullmatch(r"\d+[.,]\d+", code, re.ASCII):
        raise NoCode("mã thủ tục đã thành số")
    return code


def procedure_roots(codes: pa.Array) -> pa.Array:
    """The national roots of procedure codes: 1.002835 of 1.002835.000.00.00.H56; of others, themselves."""
    return pc.replace_substring_regex(codes, pattern=_PROCEDURE, replacement=r"\1")
