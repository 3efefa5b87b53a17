"""A cell of a workbook as text, and why it cannot be what was meant."""

import math
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta

from cchc.contracts import Column
from cchc.reading.sheets import Shown, cell_name

# Excel keeps fifteen digits.
ROUNDED = 10**15
# Longer ones are written with an exponent.
MOST = 10**30
# Before this day the calendar of Excel has a day too much.
FIRST_DAY = date(1900, 3, 1)
# As many characters of a fault as are kept.
FAULT_CHARACTERS = 64


def cell_text(value: object) -> str:
    """A cell as the text a CSV of the same sheet would have."""
    if isinstance(value, datetime):
        # Times are fractions of a day: 9:30 may be 9:29:59.9999.
        text = f"{(value + timedelta(milliseconds=500)).replace(microsecond=0):%Y-%m-%d %H:%M:%S}"
    elif isinstance(value, date):
        text = value.isoformat()
    elif isinstance(value, time):
        text = value.strftime("%H:%M:%S")
    elif isinstance(value, bool):
        text = str(int(value))
    elif isinstance(value, float):
        text = str(int(value)) if value.is_integer() and abs(value) < MOST else f"{value:.15g}"
    else:
        text = "" if value is None else str(value).strip()
    return text


def fault_words(row: int, column: int, words: str) -> str:
    return f"ô {cell_name(row, column)}: {words}"[:FAULT_CHARACTERS]


def meant(value: object, column: Column, shown: Shown | None) -> tuple[str, str | None]:
    """(the text of a value that is no text, in this column; why it is not what was meant, or None)."""
    text = cell_text(value)
    if isinstance(value, datetime | date):
        return text, _fault_of_day(value, column)
    if column.type not in ("text", "json"):
        return text, "số ở dạng phần trăm" if shown and shown.percent else None
    if isinstance(value, bool):
        return text, "giá trị đúng/sai (TRUE/FALSE)"
    if not isinstance(value, int | float):
        return text, None
    if abs(value) >= ROUNDED or math.isnan(value):
        return text, "số quá 15 chữ số, đã bị làm tròn"
    as_shown = shown.text(value) if shown else text
    return as_shown or text, None if as_shown else "định dạng ô cho thấy khác giá trị"


def _fault_of_day(value: date, column: Column) -> str | None:
    day = value.date() if isinstance(value, datetime) else value
    if day < FIRST_DAY:
        return f"ngày {day:%d/%m/%Y} trước 01/03/1900"
    return None if column.type == "timestamp" else f"chữ đã bị đổi thành ngày {day:%d/%m/%Y}"


def faults_of(found: Mapping[int, str], columns: Mapping[int, str], row: int) -> dict[str, str]:
    """Column name → words, of the faults of a row that lie in columns that are wanted."""
    return {columns[i]: fault_words(row, i, words) for i, words in found.items() if i in columns}
