"""Text from data as it may stand on a terminal, in a log or in a spreadsheet: seen, and doing nothing."""

import re
import unicodedata

# With what a spreadsheet takes a cell for a formula, also behind what it drops before it looks: blanks of
# every width, signs that are not seen, control characters. In full width and small too.
_DROPPED = (
    r"\s\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    r"\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0"
)
_FORMULA = re.compile(rf"[{_DROPPED}]*[=+\-@＝＋－＠﹦﹢﹣﹫−]|[\t\r\n]")
_NUMBER = re.compile(r"\s*[+-]?\d+(?:[.,]\d+)*(?:[eE][+-]?\d+)?", re.ASCII)


def on_terminal(text: object) -> str:
    """The text with what a terminal would obey (escape codes, returns, direction marks) written out.

    Line breaks and tabs stay.
    """
    return _written_out(text, "\n\t")


def in_table(text: object) -> str:
    """As on_terminal, in one line."""
    return _written_out(text, "")


def in_page(value: object) -> object:
    """What a template puts into HTML, as on_terminal; markup and what is no text stay what they are."""
    return on_terminal(value) if isinstance(value, str) and not hasattr(value, "__html__") else value


def _written_out(text: object, kept: str) -> str:
    found = str(text)
    if found.isprintable():
        return found
    return "".join(
        char
        # Spaces of all widths are none that Python calls printable.
        if char.isprintable() or char in kept or unicodedata.category(char) == "Zs"
        else char.encode("unicode_escape").decode()
        for char in found
    )


def in_spreadsheet(cell: object) -> object:
    """The cell as CSV and XLSX may hold it: text that a spreadsheet would compute gets a ' before it.

    Numbers stay what they are, also those that are written as text.
    """
    if isinstance(cell, str) and _FORMULA.match(cell) and not _NUMBER.fullmatch(cell):
        return f"'{cell}"
    return cell
