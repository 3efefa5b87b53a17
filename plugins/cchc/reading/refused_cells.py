"""What is kept of a cell that could not be read: itself where its characters are of its type only."""

import re

from cchc.codes import is_code
from cchc.contracts import NEVER, UNKNOWN_TIMES, Column, Contract
from cchc.field_words import described, shown
from cchc.personal_numbers import personal_number
from cchc.reading.dossier_lists import BEFORE_ASKED, FIELDS, LIST_OF, NO_LIST
from cchc.reading.written_codes import ERROR_CELL, visible

SHOWN = 64
# Between a cell that could not be read and why: no cell that is kept has it.
REASON = "\x1f"
# What a vendor writes where nothing is known is a closed list of words.
_UNKNOWN = frozenset({*UNKNOWN_TIMES, *NEVER})
_ERROR = re.compile(ERROR_CELL)
_DAY_WORDS = re.compile(
    r"ngày|tháng|năm|giờ|phút|lúc|thứ|sáng|chiều|[sc](?:a|h)|[ap]m|gmt|utc|days?|[tzhg]", re.IGNORECASE
)
_SECONDS = re.compile(r"(19|20)\d{12}", re.ASCII)
_DAY = re.compile(r"[\d\s/.,:+-]*")
_NUMBER = re.compile(
    r"[-+(]?[\d\s.,']*(?:[eE][+-]?\d{1,3}|%|đ|₫|đồng|vnđ|vnd|ngày|giờ|phút|lần)?\)?", re.IGNORECASE
)
# What a spreadsheet or a typist put into a code, around which the rest is one.
_STRAY = re.compile(r"[\s?']")
_OF_LISTS = re.compile(
    rf"(?P<field>{'|'.join(FIELDS)}) (?P<cell>.*?)(?P<rest>{re.escape(BEFORE_ASKED)})?", re.DOTALL
)


def kept(contract: Contract, column: Column, text: str, reason: str) -> str:
    """A cell as it is kept for people, or its kind and length; behind REASON why it was refused."""
    cell = _cell(contract, column, text)[:SHOWN]
    return f"{cell}{REASON}{reason}" if reason else cell


def _cell(contract: Contract, column: Column, text: str) -> str:
    if column.name in LIST_OF and (found := _OF_LISTS.fullmatch(text)):
        # What a field of a list says may also be a word of a flag.
        cell = found["cell"]
        known = cell == NO_LIST or _safe(contract, column, cell)
        return f"{found['field']} {cell if known else shown(cell)}{found['rest'] or ''}"
    return text if _safe(contract, column, text) else f"({described(text)})"


def _safe(contract: Contract, column: Column, text: str) -> bool:
    """Whether a cell has only what its column's type could have, and nothing that may be of a person."""
    if not text.isprintable() or len(text) > SHOWN:
        return False
    seconds = column.type == "timestamp" and _SECONDS.fullmatch(text)
    if seconds or _ERROR.fullmatch(text) or text.upper() in _UNKNOWN:
        return True
    if personal_number(text):
        return False
    of_list = column.name in LIST_OF
    if (of_list or column.type == "timestamp") and _DAY.fullmatch(_DAY_WORDS.sub("", text)):
        return True
    if column.type in ("int", "number"):
        return _NUMBER.fullmatch(text) is not None
    code = _STRAY.sub("", visible(text))
    return contract.is_code(column) and any(map(str.isdigit, code)) and is_code(code)
