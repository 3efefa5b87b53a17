"""An export as every kind of file is read: a header, lines as text, and an account of all its records."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

import pyarrow as pa

from cchc.reading.header import Header
from cchc.reading.totals import Total

# A reader's last column, where it has one: null, or a JSON object {column: why its cell is no value}, in
# Vietnamese words of at most 64 characters. Such a cell itself is null.
FAULTS = "faults"


@dataclass
class Skipped:
    """A stretch of records of one kind that are no lines (kinds: see ops.skipped_line).

    `content` is kept of totals and of sub-headings only: other text may hold names.
    """

    line_no: int
    last_line_no: int
    kind: str
    content: str | None = None
    records: int = 1


@dataclass
class Sheet:
    """A sheet of a workbook; a line's number is `line_base` + its row in the sheet."""

    name: str
    line_base: int = 0
    header_row: int | None = None
    lines: int | None = None
    why_not_read: str | None = None


@dataclass
class Account:
    """What a file holds besides its lines; complete when all its batches have been read.

    `records`: all records of the file, counted apart from the reader that makes lines of them.
    `exported_at`, `time_source`: when the data were as they are, local time, and what says so.
    `notes`: what was not read or not understood, a sentence each.
    """

    records: int = 0
    skipped: list[Skipped] = field(default_factory=list)
    totals: list[Total] = field(default_factory=list)
    exported_at: datetime | None = None
    time_source: str | None = None
    sheets: list[Sheet] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def skip(self, line_no: int, kind: str, content: str | None = None, *, last: int | None = None) -> None:
        """Lists a record that is no line; records of one kind without content that follow each other are
        one stretch."""
        last = last or line_no
        previous = self.skipped[-1] if self.skipped else None
        if (
            previous
            and content is None
            and previous.content is None
            and previous.kind == kind
            and previous.last_line_no + 1 == line_no
        ):
            previous.last_line_no = last
            previous.records += 1
        else:
            self.skipped.append(Skipped(line_no, last, kind, content))

    @property
    def skipped_records(self) -> int:
        return sum(stretch.records for stretch in self.skipped)


@dataclass
class Export:
    """An opened file. `batches` yields record batches: int64 line_no, then the header's columns as text,
    and perhaps FAULTS. The account, and which columns are missing, are complete after the last.

    `line_no` is what an editor shows: the line of a CSV or of JSON Lines in which the record begins, the row
    of a sheet (see Sheet.line_base), the record of a JSON document.

    `readers`: how the texts of each column are read, so that words that batches repeat are read once.
    """

    header: Header
    batches: Iterator[pa.RecordBatch]
    account: Account = field(default_factory=Account)
    readers: dict[str, Callable[[str], str | None]] = field(default_factory=dict)
