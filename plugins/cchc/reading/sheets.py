"""What every kind of workbook says of a sheet: its cells, and apart from them what its raw form tells."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from cchc.errors import BadFile
from cchc.field_words import shown as words_shown

# A reader lays a sheet out in full, up to its last cell, whatever is empty.
MOST_CELLS, LAST_COLUMN = 20_000_000, 1_024
# Cells with content: a list of 280,000 lines of 14.
MOST_FILLED = 4_000_000
MOST_SHEETS = 500
LAST_ROW = 1_048_576
NEVER_CALCULATED = "công thức chưa tính"
# Of formats: ordinary words in quotes or behind a backslash, colours and conditions in brackets.
LITERAL = re.compile(r'"([^"]*)"|\\(.)|\[[^\]]*\]|_.|\*.')
PADDED = re.compile(r"(0+)(?:\.(0+))?")


@dataclass(frozen=True)
class Shown:
    """How a number format shows a number otherwise than its value: padded with zeros to `digits` and
    `decimals`, as a per cent (`percent`), or with words or signs in it (none of them)."""

    digits: int = 0
    decimals: int = 0
    percent: bool = False

    def text(self, value: float) -> str | None:
        """The number as it is shown, or None where that is another number or no number."""
        if not self.digits or value < 0:
            return None
        width = self.digits + (self.decimals + 1 if self.decimals else 0)
        text = f"{value:0{width}.{self.decimals}f}"
        return text if float(text) == value else None


@dataclass
class Survey:
    """What the raw form of a sheet says, read apart from the reader of its values.

    `rows`: rows with content. `faults`: row → column index → what is wrong with the cell. `shown`: cells
    whose format shows them otherwise. `merged`: (first row, first column, last row, last column), columns
    from 0. `unsure`: rows whose content may be blanks.
    """

    rows: int = 0
    last_row: int = 0
    last_column: int = -1
    faults: dict[int, dict[int, str]] = field(default_factory=dict)
    shown: dict[tuple[int, int], Shown] = field(default_factory=dict)
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)
    unsure: set[int] = field(default_factory=set)
    hidden_rows: int = 0
    hidden_columns: int = 0

    def fault(self, row: int, column: int, words: str) -> None:
        self.faults.setdefault(row, {})[column] = words


@dataclass
class Source:
    """A sheet as its reader gives it. `rows`: all rows from the first one, each value as text, number, bool
    or date. `table`: whether it is a sheet of cells at all, not a chart. `number`: its place, from 1."""

    name: str
    survey: Survey
    rows: Callable[[], Iterator[Sequence[object]]]
    hidden: bool = False
    table: bool = True
    number: int = 0


def sheet_kept(name: str, number: int) -> str:
    """The name under which a sheet is spoken of: its own, or its number."""
    return words_shown(name, f"trang {number}")


def sheet_shown(name: str, number: int) -> str:
    """The name of a sheet as messages have it."""
    kept = sheet_kept(name, number)
    return repr(kept) if kept == name else str(number)


def column_name(index: int) -> str:
    """The letters of a column, from 0: A, B, …, AA."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def cell_name(row: int, column: int) -> str:
    return f"{column_name(column)}{row}"


def check_extent(where: str, row: int, column: int, rows: int, columns: int, most: int = MOST_CELLS) -> None:
    """Raises BadFile when a cell with content makes the sheet too large; `rows` × `columns` is it with it."""
    if column >= LAST_COLUMN:
        raise BadFile(
            f"{where}: cell {cell_name(row, column)} has content, and it lies beyond column "
            f"{column_name(LAST_COLUMN - 1)} (the {LAST_COLUMN}th). Delete what is not part of the list, and "
            "save the workbook again."
        )
    if rows * columns > most:
        raise BadFile(
            f"{where}: cell {cell_name(row, column)} has content, so that the sheet reaches over {rows} "
            "rows and "
            f"{columns} columns, {rows * columns} cells. Expected at most {most}: delete what lies far from "
            "the list, or split the list by month."
        )


def check_filled(where: str, row: int, column: int, filled: int) -> None:
    """Raises BadFile when more cells have content than can be read in the time that is allowed."""
    if filled > MOST_FILLED:
        raise BadFile(
            f"{where}: more than {MOST_FILLED} cells have content, up to cell {cell_name(row, column)}. "
            "Expected fewer: export it as CSV, or split it by month."
        )


def shown_by(code: str) -> Shown | None:
    """How a number format shows numbers, where that is not their value; None else and for dates."""
    first = code.split(";", 1)[0]
    words = "".join(one or other for one, other in LITERAL.findall(first) if (one or other).strip())
    bare = LITERAL.sub("", first).strip()
    if re.search(r"[dmyhsDMYHSeEgG@]", bare):
        return None
    if "%" in bare:
        return Shown(percent=True)
    if found := PADDED.fullmatch(bare):
        if words.strip():
            return Shown()
        digits, decimals = len(found[1]), len(found[2] or "")
        return Shown(digits, decimals) if digits > 1 or decimals else None
    # Currencies and units stand outside the digits; between them they make another text of the number.
    inner = re.search(r"[0#?](.*)[0#?]", LITERAL.sub(lambda m: "w" if m[1] or m[2] else "", first))
    return Shown() if re.search(r"\w", words) or (inner and re.search(r"[w/\-:]", inner[1])) else None
