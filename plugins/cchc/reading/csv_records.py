"""Finds the records of CSV text by line ends and quotes alone, apart from the reader that makes cells of it.

A record stands in one line unless a quoted value breaks it. What no table has is refused: a quote that stays
open, or one that swallows rows.
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cchc.errors import BadFile

Numbers = npt.NDArray[np.int64]
LINE_END, QUOTE = ord("\n"), ord('"')
# What is longer is no record of a table.
RECORD_BYTES, RECORD_LINES = 1 << 20, 1000


@dataclass
class Block:
    """Whole records of a file, one after the other.

    `starts`, `ends`: where each stands in `data`, without its line end. `lines`: the line each begins in.
    """

    data: bytes
    delimiter: str
    starts: Numbers
    ends: Numbers
    lines: Numbers
    last_line: int

    def cells(self, record: int) -> list[str]:
        """The cells of a record; one that cannot be taken apart is one cell."""
        text = self.data[self.starts[record] : self.ends[record]].decode("utf-8", "replace")
        return taken_apart(text, self.delimiter) or [text]

    def place(self, record: int) -> tuple[int, int]:
        """The first and the last line of a record."""
        following = self.lines[record + 1] - 1 if record + 1 < len(self.lines) else self.last_line
        return int(self.lines[record]), int(following)


def blocks(pieces: Iterator[bytes], line: int, delimiter: str, width: int, where: str) -> Iterator[Block]:
    """The records below the header, which begin in `line`; `width`: cells of a row.

    `pieces`: UTF-8 with \\n as line end. Raises BadFile, which names the line, for a quote that stays open
    or spans what looks like rows.
    """
    rest = b""
    for piece in _with_end(pieces):
        data = rest + (piece or b"")
        cut = data.rfind(b"\n") + 1 if piece is not None else len(data)
        if piece is None and data and not data.endswith(b"\n"):
            data, cut = data + b"\n", cut + 1
        if len(data) - cut > RECORD_BYTES:
            raise _too_long(where, line + data[:cut].count(b"\n"))
        block, used = _records(data[:cut], line, delimiter, width, where, last=piece is None)
        rest = data[used:]
        if len(rest) > RECORD_BYTES and used < cut:
            raise _stays_open(where, line + data[:used].count(b"\n"))
        line = block.last_line + 1
        if len(block.starts):
            yield block


def taken_apart(text: str, delimiter: str) -> list[str] | None:
    """The cells of one record, or None where a quote stands where none may."""
    try:
        rows = list(csv.reader([text], delimiter=delimiter, strict=True))
    except csv.Error:
        return None
    return rows[0] if len(rows) == 1 else [] if not rows else None


def _with_end(pieces: Iterator[bytes]) -> Iterator[bytes | None]:
    yield from pieces
    yield None


def _records(
    data: bytes, line: int, delimiter: str, width: int, where: str, *, last: bool
) -> tuple[Block, int]:
    """The records in `data`, which ends with a line end, and how much of it they take up."""
    text = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero(text == LINE_END)
    starts = np.concatenate(([0], ends[:-1] + 1)) if len(ends) else ends
    inside = np.zeros(len(ends), np.bool_)  # lines that go on with a record
    used = len(data)
    if b'"' in data:
        for first, following in _broken_values(data, text, starts, ends, line, delimiter, width, where):
            if following is None:
                if last:
                    raise _stays_open(where, line + first)
                used, starts, ends, inside = int(starts[first]), starts[:first], ends[:first], inside[:first]
                break
            inside[first + 1 : following + 1] = True
    firsts = np.flatnonzero(~inside)
    lasts = np.append(firsts[1:], len(starts)) - 1
    block = Block(
        data=data[:used],
        delimiter=delimiter,
        starts=starts[firsts],
        ends=ends[lasts] if len(firsts) else ends,
        lines=firsts + line,
        last_line=line + len(starts) - 1,
    )
    return block, used


def _broken_values(
    data: bytes,
    text: npt.NDArray[np.uint8],
    starts: Numbers,
    ends: Numbers,
    line: int,
    delimiter: str,
    width: int,
    where: str,
) -> Iterator[tuple[int, int | None]]:
    """(first, last) line, counted from 0, of each record that a quoted value breaks; None: it is not closed.

    Raises BadFile for a quote inside a value, and for one that spans what looks like rows.
    """
    quote = text == QUOTE
    odd = np.flatnonzero(np.bitwise_xor.reduceat(quote.view(np.uint8), starts))
    # Lines in which a quote stands neither at an end of a value nor beside another one.
    edge = quote | (text == LINE_END) | (text == ord(delimiter))
    inside = np.flatnonzero(quote[1:-1] & ~edge[:-2] & ~edge[2:]) + 1
    stray = np.unique(np.searchsorted(ends, inside))
    for at in np.setdiff1d(stray, odd).tolist():
        if taken_apart(data[starts[at] : ends[at]].decode("utf-8", "replace"), delimiter) is None:
            raise _quote_inside(where, line + at)
    waiting = iter(odd.tolist())
    for first in waiting:
        opening = data[starts[first] : ends[first]]
        if taken_apart(opening.decode("utf-8", "replace"), delimiter) is not None:
            continue  # quotes inside a value that does not begin with one are text
        last = next(waiting, None)
        if last is None:
            yield first, None
            return
        _check_span(data, starts, ends, first, last, delimiter, width, line, where)
        yield first, last


def _check_span(
    data: bytes,
    starts: Numbers,
    ends: Numbers,
    first: int,
    last: int,
    delimiter: str,
    width: int,
    line: int,
    where: str,
) -> None:
    """Raises BadFile unless lines `first` to `last` are one record with a value of several lines."""
    whole = data[starts[first] : ends[last]].decode("utf-8", "replace")
    opening, *inner, closing = whole.split("\n")
    own, enough = _first_cell(opening, delimiter), max(width - 1, 2)
    ending = closing.rpartition('"')[0]
    both = delimiter in ending or opening.count(delimiter) >= enough
    rows = [both and _may_be_row(closing, own, delimiter, enough)]
    # A code is as long as the one above it; a mere number may be that of a point in a text.
    code = _shape(own) if not own.isdigit() else ""
    rows += [bool(code) and _shape(_first_cell(text, delimiter)) == code for text in (*inner, ending)]
    rows += [_may_be_row(text, own, delimiter, enough) for text in (*inner, ending)]
    if any(rows) or last - first > RECORD_LINES or taken_apart(whole, delimiter) is None:
        raise BadFile(
            f'{where}: line {line + first}: a quote (") opens a value that ends only in line {line + last}, '
            f"and what stands between looks like rows of their own. Expected each row in its line: close or "
            f"remove the quote in line {line + first}, load again. Nothing was loaded."
        )


def _first_cell(row: str, delimiter: str) -> str:
    return row.partition(delimiter)[0].strip().strip('"')


def _may_be_row(text: str, own: str, delimiter: str, enough: int) -> bool:
    """Whether a line has the delimiters of a row and begins as one: sentences have commas too.

    `own`: the first cell of the row above. Where that is a code a sentence has blanks, or no digit.
    """
    if text.count(delimiter) < enough:
        return False
    cell = _first_cell(text, delimiter)
    sentence = (" " in cell and " " not in own) or _digits(own) > _digits(cell)
    return not (own and cell and sentence)


def _digits(text: str) -> bool:
    return any(map(str.isdigit, text))


def _shape(cell: str) -> str:
    """What a cell looks like, if it has a digit."""
    return re.sub(r"[^\W\d_]", "a", re.sub(r"\d", "9", cell)) if _digits(cell) else ""


def _stays_open(where: str, line: int) -> BadFile:
    return BadFile(
        f'{where}: line {line}: a quote (") opens a value and is never closed, so that all lines below would '
        f"be read as one value. Expected a closing quote: close or remove it, load again. Nothing was loaded."
    )


def _quote_inside(where: str, line: int) -> BadFile:
    return BadFile(
        f'{where}: line {line}: a quote (") stands inside a value that is quoted. Expected it doubled (""): '
        f"correct it, or choose another export, and load again. Nothing was loaded."
    )


def _too_long(where: str, line: int) -> BadFile:
    return BadFile(
        f"{where}: line {line} is longer than {RECORD_BYTES} bytes: this is no table. Expected .xlsx, .csv "
        f"or .json: export it again."
    )
