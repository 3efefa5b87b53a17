"""Codes of things: what surely was not part of one is taken away, what cannot be one is refused."""

import re
import unicodedata

import pyarrow as pa
import pyarrow.compute as pc

from cchc.contracts import Column
from cchc.spelling import INVISIBLE

INVISIBLES = re.compile(f"[{INVISIBLE}]")
# What Excel, Google Sheets and LibreOffice show where they could not calculate, or where a column is too
# narrow for its number.
ERROR_CELL = r"#(N/A|NAME\?|[A-Z]+!|DIV/0!|GETTING_DATA|#+)|Err:\d{3}"
ERROR = re.compile(ERROR_CELL)
# What nearly all codes look like: nothing has to be looked at more closely.
USUAL_CODE = (
    r"^([0-9A-Za-z._/-]*[A-DF-Za-df-z][0-9][0-9A-Za-z._/-]*"
    r"|[0-9]\.[0-9]{6}(\.[0-9A-Z.]+)?|[0-9]{2}\.[0-9]{5})$"
)
# Full-width forms of ASCII, and the dashes that word processors put in place of a hyphen.
SAME = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
SAME |= dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2212"), ord("-"))
PROCEDURE = r"^([0-9]\.[0-9]{6})\.[0-9]{3}\.[0-9]{2}\.[0-9]{2}\.[A-Z][0-9]{2}$"
PROCEDURE_NUMBER = re.compile(r"(?P<field>[1-9])[.,](?P<number>\d{1,6})", re.ASCII)
MONTHS = "(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)"
# What a person, a program or a spreadsheet writes where there is no code.
NO_CODE = frozenset(
    {"true", "false", "null", "none", "nil", "nan", "undefined", "n/a", "na", "inf", "infinity"}
)
# A number of a person as a part of a code: a mobile telephone, or an identity number, which begins with the
# number of a province. No day and no running number of a day looks like one. For RE2 as well, and quick: each
# code of millions is looked at.
PROVINCE = "0(0[1-9]|[1-8][0-9]|9[0-6])"
HAS_A_PERSONS = (
    r"(^|[^0-9])(0[35789][0-9]{8}|0[35789][0-9]{1,3}[._/-][0-9]{3}[._/-]?[0-9]{3,4}"
    rf"|{PROVINCE}[0-3][0-9]{{8}}|{PROVINCE}([._/-][0-9]{{3}}){{3}})([^0-9]|$)"
)
OF_A_PERSON = "có thể là số điện thoại, số định danh hoặc thư điện tử"
IMPLAUSIBLE = (
    (re.compile(r"[+-]?\d+([.,]\d+)?[eE][+-]?\d+", re.ASCII), "bảng tính đã làm tròn mã thành số"),
    (re.compile(r"\d{16,}", re.ASCII), "số trên 15 chữ số: bảng tính có thể đã làm tròn"),
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
    (re.compile(r"\d{9}|0\d{9,11}|84\d{9}|0\d{1,3}([.-]\d{2,4}){2,4}", re.ASCII), OF_A_PERSON),
    (re.compile(f".*({HAS_A_PERSONS}).*", re.DOTALL), OF_A_PERSON),
    (re.compile(".*@.*", re.DOTALL), OF_A_PERSON),
)


class NoCode(ValueError):
    """Text that cannot be a code; says why."""


def visible(text: str) -> str:
    """`text` without characters that show nothing and without the blanks around it."""
    return INVISIBLES.sub("", text).strip()


def read_code(text: str, column: Column) -> str:
    """The code in a cell, repaired where only one code can be meant; raises NoCode."""
    code = visible(text).translate(SAME)
    if code.startswith("'") and len(code) > 1:
        code = code[1:].strip()
    if column.procedure_root:
        code = _procedure(code)
    if column.pattern is not None:
        return code
    if any(unicodedata.category(letter) in ("Cc", "Co", "Cn", "Cs") for letter in code):
        raise NoCode("có ký tự điều khiển")
    if code.lower() in NO_CODE or not re.search(r"[^\W_0]", code):
        raise NoCode("không phải mã")
    for form, reason in IMPLAUSIBLE:
        if form.fullmatch(code):
            raise NoCode(reason)
    for letter in code:
        if ord(letter) > 0x7F and not _latin(letter):
            raise NoCode(f"chữ {letter} (U+{ord(letter):04X}) không phải chữ La-tinh hay chữ số thường")
    return code


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
    return pc.replace_substring_regex(codes, pattern=PROCEDURE, replacement=r"\1")
