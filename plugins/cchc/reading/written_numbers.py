"""Numbers as sources write them: read where they mean one thing only, refused with a reason elsewhere."""

import re
import unicodedata
from decimal import Decimal

from cchc.contracts import NumberStyle

DIGITS, PLACES = 15, 6
FULL_WIDTH = str.maketrans("\uff0b\uff0d\uff0e\uff0c\u2212", "+-.,-")
PLAIN = re.compile(r"[+-]?(?P<whole>\d+)([.,](?P<part>\d+))?", re.ASCII)
GROUPED = re.compile(r"[+-]?\d{1,3}(([.,'\s])\d{3})(\2\d{3})*([.,]\d+)?", re.ASCII)
UNSURE = "không rõ là nghìn hay phần lẻ"
FRACTION = "cột số nguyên, có phần lẻ"
TOO_LONG = "quá nhiều chữ số"
# So many digits, the first of them 0: a number of telephone or identity, and no quantity.
TELEPHONE = 9
LEADING_ZERO = "bắt đầu bằng 0, như số điện thoại hoặc số định danh"


class Unreadable(ValueError):
    """Text that is no number; says why where the text itself does not show it."""


def read_number(text: str, whole: bool, style: NumberStyle | None = None) -> Decimal:
    """The number in a cell; raises Unreadable. `whole`: the column holds no fraction.

    A sign that groups thousands is understood only in the `style` that the source's contract declares;
    without one, comma and point both begin a fraction, and three digits after either are not guessed.
    """
    plain = "".join(map(_plain, text.strip())).removeprefix("'")
    if style is not None:
        plain = _in_style(plain, style)
    found = PLAIN.fullmatch(plain)
    if not found:
        raise Unreadable(UNSURE if GROUPED.fullmatch(plain) else "")
    part = found["part"] or ""
    if style is None and len(part) == 3 and not (len(found["whole"]) > 3 or found["whole"] == "0"):
        raise Unreadable(UNSURE)
    if found["whole"].startswith("0") and len(found["whole"]) >= TELEPHONE:
        raise Unreadable(LEADING_ZERO)
    if len(found["whole"].lstrip("0")) > DIGITS or len(part.rstrip("0")) > PLACES:
        raise Unreadable(TOO_LONG)
    value = Decimal(plain.replace(",", "."))
    if whole and value != value.to_integral_value():
        raise Unreadable(FRACTION)
    return value


def _plain(letter: str) -> str:
    """A character as a number of ASCII writes it: any script's digits, no invisible mark, one blank."""
    kind = unicodedata.category(letter)
    if kind == "Nd":
        return str(unicodedata.decimal(letter))
    return "" if kind == "Cf" else " " if kind == "Zs" else letter.translate(FULL_WIDTH)


def _in_style(text: str, style: NumberStyle) -> str:
    """A number of the style with a point for its fraction and nothing between thousands."""
    thousands = r"\s" if style.thousands == " " else re.escape(style.thousands or "")
    groups = rf"[1-9]\d{{0,2}}({thousands}\d{{3}})+|" if style.thousands else ""
    found = re.fullmatch(
        rf"(?P<sign>[+-]?)(?P<whole>{groups}\d+)({re.escape(style.decimal)}(?P<part>\d+))?", text, re.ASCII
    )
    if not found:
        raise Unreadable(f"không viết theo kiểu số đã khai của nguồn, như {style.example}")
    digits = re.sub(r"\D", "", found["whole"])
    return f"{found['sign']}{digits}" + (f".{found['part']}" if found["part"] else "")
