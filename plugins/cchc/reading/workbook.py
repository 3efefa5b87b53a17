"""A workbook's sheets as one export: which are read, where their lines stand, what is not read."""

import dataclasses
import itertools
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa

from cchc.contracts import Column, Contract
from cchc.errors import BadFile, BrokenExport
from cchc.field_words import described
from cchc.personal_numbers import personal_number
from cchc.reading.cells import cell_text, faults_of, meant
from cchc.reading.export import Account, Export, Sheet
from cchc.reading.header import HEADER_SEARCH_ROWS, Header, no_header, require_columns
from cchc.reading.lines import Lines
from cchc.reading.sheet_header import header_of
from cchc.reading.sheets import Source, cell_name, sheet_kept, sheet_shown
from cchc.reading.written_codes import ERROR

BATCH_ROWS = 5_000
# More rows than a sheet can have.
LINE_BASE = 2_000_000
SHEETS_SHOWN = 10
TIME_LIKE = re.compile(r"\d{8,14}|\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}.*")
NUMBER_LIKE = re.compile(r"-?[\d.,]+")


@dataclass
class _Table:
    """A sheet in which a header was recognised.

    `in_sheet`: column index → name, without those of titles. `parts`: the rows of a header in two rows.
    """

    source: Source
    header: Header
    cells: list[str]
    parts: list[list[str]]
    above: list[list[str]]
    entry: Sheet
    in_sheet: dict[int, str]
    titles: dict[str, str | None] = dataclasses.field(default_factory=dict)
    lines: Lines | None = None


def export_of(
    contract: Contract, sources: list[Source], where: str, made_at: datetime | None = None
) -> Export:
    """The export in a workbook; `where` is its name in messages, `made_at` when the workbook was made.

    All visible sheets with the header of one layout and the same columns are read, in their order. Raises
    BadFile where it cannot be known which sheets are meant.
    """
    account = Account()
    for number, source in enumerate(sources, start=1):
        source.number = number
    tables, unread = _look(contract, sources, where, account)
    if not tables:
        places = [
            f"sheet {_name(source)} with {source.survey.last_row} rows"
            for source, _ in unread
            if source.table
        ]
        more = f"; {len(places) - SHEETS_SHOWN} more sheets" if len(places) > SHEETS_SHOWN else ""
        seen = "; ".join(places[:SHEETS_SHOWN]) + more
        searched = [
            (f"sheet {_name(source)}, row {number}", cells)
            for source, above in unread
            for number, cells in enumerate(above, start=1)
        ]
        raise no_header(contract, where, seen or "no sheet", searched)
    header = tables[0].header
    for number, table in enumerate(tables):
        table.entry.line_base = number * LINE_BASE
        _begin(contract, table, account, where)
        if number:
            _require_same(tables[0], table, where)
            header.extra += [name for name in table.header.extra if name not in header.extra]
            header.personal = sorted({*header.personal, *table.header.personal})
    for source, rows in unread:
        _judge_unread(contract, source, rows, tables[0], account, where)
    if account.exported_at is None and header.layout.workbook_time and made_at:
        account.exported_at, account.time_source = made_at, "workbook"
    return Export(header, _batches(contract, tables, account, where), account)


def _name(source: Source) -> str:
    return sheet_shown(source.name, source.number)


def _look(
    contract: Contract, sources: list[Source], where: str, account: Account
) -> tuple[list[_Table], list[tuple[Source, list[list[str]]]]]:
    """The sheets with a header, and the others with their first rows."""
    tables: list[_Table] = []
    unread: list[tuple[Source, list[list[str]]]] = []
    for source in sources:
        entry = Sheet(sheet_kept(source.name, source.number))
        account.sheets.append(entry)
        if not source.table:
            entry.why_not_read = "không phải bảng tính (biểu đồ hoặc loại trang khác)"
            continue
        first = [
            [cell_text(v) for v in row] for row in itertools.islice(source.rows(), HEADER_SEARCH_ROWS + 1)
        ]
        header, cells, parts = header_of(contract, source.survey, first, f"{where}: sheet {_name(source)}")
        above = first[: header.row - 1] if header else first[:HEADER_SEARCH_ROWS]
        if header is None:
            entry.why_not_read = "trang ẩn" if source.hidden else "không có dòng tiêu đề của bộ dữ liệu"
            unread.append((source, above))
        elif source.hidden:
            below = source.survey.rows - sum(map(any, above)) - 1
            if below > 0:
                raise BadFile(
                    f"{where}: sheet {_name(source)} is hidden, has the header of dataset {contract.dataset} "
                    f"in row {header.row} and {below} rows below it. Is it part of the export? Unhide it if "
                    "it "
                    "is, else delete it, and save the workbook again. Nothing was loaded."
                )
            entry.why_not_read = "trang ẩn, không có dòng nào"
        else:
            entry.header_row = header.row
            tables.append(_Table(source, header, cells, parts, above, entry, dict(header.columns)))
    return tables, unread


def _begin(contract: Contract, table: _Table, account: Account, where: str) -> None:
    """Takes what stands above a sheet's lines."""
    header, base, source = table.header, table.entry.line_base, table.source
    table.lines = lines = Lines(contract, header, table.cells, account, table.parts)
    before, account.exported_at = account.exported_at, None
    for number, row in enumerate(table.above, start=1):
        found = source.survey.faults.get(number)
        if found and (header.layout.titles or header.layout.exported_at):
            index, words = next(iter(found.items()))
            raise BadFile(
                f"{where}: sheet {_name(source)}: cell {cell_name(number, index)}, above the header: "
                f"{words}. "
                "Expected a value: write it there, and save the workbook again. Nothing was loaded."
            )
        lines.title(row, base + number)
    lines.header(base + header.row)
    if before and account.exported_at and before != account.exported_at:
        raise BadFile(
            f"{where}: sheet {_name(source)} says that its data are of {account.exported_at}, another sheet "
            "of "
            f"{before}. Expected one time: give each sheet as a file of its own. Nothing was loaded."
        )
    account.exported_at = account.exported_at or before
    table.titles = lines.titles()
    header.columns |= {len(table.cells) + i: name for i, name in enumerate(table.titles)}
    header.missing = [name for name in header.missing if name not in table.titles]
    require_columns(contract, header, f"{where}: sheet {_name(source)}")
    survey = source.survey
    for what, count in (("dòng", survey.hidden_rows), ("nhóm cột", survey.hidden_columns)):
        if count:
            account.notes.append(f"Trang {_name(source)} có {count} {what} bị ẩn hoặc bị lọc: vẫn được đọc.")


def _require_same(first: _Table, table: _Table, where: str) -> None:
    """Raises BrokenExport when a sheet has another layout or other columns than the first one read."""
    one, other = first.header, table.header
    columns, others = set(one.columns.values()), set(other.columns.values())
    if one.layout.name == other.layout.name and columns == others:
        return
    what = f"layout {other.layout.name}, not {one.layout.name}"
    if one.layout.name == other.layout.name:
        what = "; ".join(
            f"{words}: {', '.join(sorted(names))}"
            for words, names in (("it lacks", columns - others), ("it alone has", others - columns))
            if names
        )
    raise BrokenExport(
        f"{where}: the header of sheet {_name(table.source)} (row {other.row}) differs from that of sheet "
        f"{_name(first.source)} (row {one.row}): {what}. Expected the same columns in all sheets: give each "
        "sheet as a file of its own. Nothing was loaded."
    )


def _judge_unread(
    contract: Contract,
    source: Source,
    rows: list[list[str]],
    first: _Table,
    account: Account,
    where: str,
) -> None:
    """Names a sheet that is not read; raises BadFile when the list may go on in it."""
    fits = [number for number, row in enumerate(rows, start=1) if _fits(contract, row, first)]
    filled = [row for row in rows if any(row)]
    if fits and 2 * len(fits) >= len(filled):
        raise BadFile(
            f"{where}: sheet {_name(source)}{' (hidden)' if source.hidden else ''} has no header, but its "
            "row "
            f"{fits[0]} looks like a line of sheet {_name(first.source)}. Does the list go on in it? Copy "
            "the "
            f"header (row {first.header.row} of the other sheet) above its first row if it does, else delete "
            "the sheet, and save the workbook again. Nothing was loaded."
        )
    if sum(sum(map(bool, row)) > 1 for row in rows) > 1:
        hidden = "ẩn, " if source.hidden else ""
        account.notes.append(
            f"Trang {_name(source)} ({hidden}{source.survey.rows} dòng có nội dung) không được đọc: "
            "không có dòng tiêu đề của bộ dữ liệu."
        )


def _fits(contract: Contract, row: list[str], first: _Table) -> bool:
    """Whether a row could be a line of a sheet: as many cells, keys, and times and numbers in their "
    "places."""
    columns = {column.name: column for column in contract.columns}
    if 2 * sum(map(bool, row)) < sum(map(bool, first.cells)) or len(row) > len(first.cells) + 1:
        return False
    for index, name in first.in_sheet.items():
        text, column = row[index] if index < len(row) else "", columns[name]
        if not text and (name in contract.key or column.required):
            return False
        pattern = {"timestamp": TIME_LIKE, "int": NUMBER_LIKE, "number": NUMBER_LIKE}.get(column.type)
        if text and pattern and not first.header.layout.words(name) and not pattern.fullmatch(text):
            return False
    return True


def _batches(
    contract: Contract, tables: list[_Table], account: Account, where: str
) -> Iterator[pa.RecordBatch]:
    for table in tables:
        yield from _SheetLines(contract, table, account, where).batches()
        if len(tables) > 1:
            _totals_of_sheet(table, account)


def _totals_of_sheet(table: _Table, account: Account) -> None:
    """Lets a total above the header of one of several sheets speak of that sheet, or of the file."""
    base, lines = table.entry.line_base, table.entry.lines
    account.totals[:] = [
        dataclasses.replace(total, since=lines, so_far=lines)
        if total.since is None and base < total.line_no <= base + LINE_BASE
        else total
        for total in account.totals
    ]


class _SheetLines:
    """The lines of one sheet, and the comparison of what was read with what its raw form says."""

    def __init__(self, contract: Contract, table: _Table, account: Account, where: str) -> None:
        columns = {column.name: column for column in contract.columns}
        self.columns: dict[int, Column] = {i: columns[name] for i, name in table.in_sheet.items()}
        self.table, self.account = table, account
        self.where = f"{where}: sheet {_name(table.source)}"
        self.survey = table.source.survey
        self.merged = sorted(self.survey.merged, reverse=True)
        self.open_merged: list[tuple[int, int, int, int]] = []
        self.padded: list[str] = []
        self.padded_cells = 0

    def batches(self) -> Iterator[pa.RecordBatch]:
        table, account = self.table, self.account
        lines, base = table.lines, table.entry.line_base
        assert lines is not None
        listed = account.skipped_records
        unsure = self.survey.unsure
        content = self.survey.rows - 1
        content -= sum(any(row) or number in unsure for number, row in enumerate(table.above, start=1))
        kept = other = blank = 0
        below = itertools.islice(enumerate(self._rows(), start=1), table.header.row, None)
        while chunk := list(itertools.islice(below, BATCH_ROWS)):
            numbers: list[int] = []
            rows: list[list[str]] = []
            faulty: dict[int, dict[str, str]] = {}
            for number, row in chunk:
                cells, found = self._cells(number, row)
                if lines.look(cells, base + number, kept + len(rows)):
                    if any(cells):
                        other += 1
                    elif number in unsure:
                        blank += 1
                    continue
                if found:
                    faulty[len(rows)] = found
                numbers.append(base + number)
                rows.append(cells)
            kept += len(rows)
            if rows:
                yield self._batch(numbers, rows, faulty)
        if content - blank != kept + other:
            raise BrokenExport(
                f"{self.where}: the reader returned {kept + other} rows with content below the header, its "
                "raw "
                f"form has {content - blank}; nothing was loaded. Save the workbook again in a spreadsheet "
                "program."
            )
        above = table.header.row
        below_header = account.skipped_records - listed
        account.records += above + kept + below_header
        table.entry.lines = kept
        if self.padded_cells:
            account.notes.append(
                f"Trang {_name(table.source)}: {self.padded_cells} ô số được đọc như định dạng ô hiện ra "
                f"(số 0 ở đầu hoặc cuối), ô đầu tiên {self.padded[0]}."
            )

    def _rows(self) -> Iterator[Sequence[object]]:
        """The reader's rows, and those behind them of which the raw form alone speaks."""
        last = 0
        for row in self.table.source.rows():
            last += 1
            yield row
        for _ in range(last, max(self.survey.faults, default=0)):
            yield []

    def _cells(self, number: int, row: Sequence[object]) -> tuple[list[str], dict[str, str] | None]:
        """(a row as text, column name → why a cell of it is not what was meant)."""
        found: dict[int, str] = {}
        for index, column in self.columns.items():
            value = row[index] if index < len(row) else None
            if value.__class__ is str:
                if value[:1] in ("#", "E") and ERROR.fullmatch(value.strip()):
                    found[index] = value.strip()
            elif value is not None:
                text, words = meant(value, column, self.survey.shown.get((number, index)))
                if words:
                    found[index] = words
                elif text != cell_text(value):
                    self._pad(number, index, text)
                    row = [*row[:index], text, *row[index + 1 :]]
        cells = [value.strip() if value.__class__ is str else cell_text(value) for value in row]
        if number in self.survey.faults:
            for index, words in self.survey.faults[number].items():
                cells.extend([""] * (index + 1 - len(cells)))
                # So that the row is not taken for a blank one.
                cells[index] = words
                found[index] = words
        if self.merged or self.open_merged:
            self._cover(number, cells, found)
        if not found:
            return cells, None
        return cells, faults_of(found, self.table.in_sheet, number)

    def _pad(self, number: int, index: int, text: str) -> None:
        self.padded_cells += 1
        if not self.padded:
            told = f"({described(text)})" if personal_number(text) else text
            self.padded.append(f"{cell_name(number, index)}: {told}")

    def _cover(self, number: int, cells: list[str], found: dict[int, str]) -> None:
        """Faults the empty cells that a merged one with a value lies over: whose value it is is not said."""
        while self.merged and self.merged[-1][0] <= number:
            area = self.merged.pop()
            if area[0] == number and area[1] < len(cells) and cells[area[1]]:
                self.open_merged.append(area)
        self.open_merged = [area for area in self.open_merged if area[2] >= number]
        for first, left, last, right in self.open_merged:
            for index in range(left, min(right + 1, max(self.columns, default=-1) + 1)):
                if (number, index) != (first, left) and not (index < len(cells) and cells[index]):
                    found[index] = f"ô gộp {cell_name(first, left)}:{cell_name(last, right)}"

    def _batch(
        self, numbers: list[int], rows: list[list[str]], faulty: dict[int, dict[str, str]]
    ) -> pa.RecordBatch:
        for place, found in faulty.items():
            for index, name in self.table.in_sheet.items():
                if name in found and index < len(rows[place]):
                    rows[place][index] = ""
        arrays = [pa.array(numbers, pa.int64())]
        names = ["line_no"]
        for index, name in self.table.in_sheet.items():
            arrays.append(
                pa.array([(row[index] or None) if index < len(row) else None for row in rows], pa.string())
            )
            names.append(name)
        for name, text in self.table.titles.items():
            arrays.append(pa.array([text] * len(rows), pa.string()))
            names.append(name)
        if any(faulty.values()):
            words: list[str | None] = [None] * len(rows)
            for place, found in faulty.items():
                words[place] = json.dumps(found, ensure_ascii=False) if found else None
            arrays.append(pa.array(words, pa.string()))
            names.append("faults")
        return pa.RecordBatch.from_arrays(arrays, names=names)
