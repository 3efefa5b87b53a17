"""Lays an official table out on a sheet: heading, table head, rows, notes, signatures, and how it prints.

Text is written as text and does nothing; numbers and days are values of their kind, shown as in Vietnam.
"""

import io
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import xlsxwriter

from cchc.reports.standing import Standing
from cchc.shown import in_table
from cchc.vietnamese import VIETNAM

# The letter of NĐ 30/2020/NĐ-CP.
FONT = "Times New Roman"
A4 = 9
LONGEST_FOOTER = 255
# The locale in front makes a program in English show 1.234,5 as well, where it heeds it.
WHOLE, RATE, PLAIN = "[$-42A]#,##0", "[$-42A]#,##0.00", "0"
CHANGE = "[$-42A]+#,##0.00;[$-42A]-#,##0.00;[$-42A]0.00"
WHOLE_CHANGE = "[$-42A]+#,##0;[$-42A]-#,##0;0"
DAY = "dd/mm/yyyy"
LINE_HEIGHT = 15
# A place that is filled in by hand.
BLANK = "……………………"
# How many letters of 10 points stand in one unit of a column's width.
LETTERS = 1.15

Value = str | int | Decimal | date | None


@dataclass(frozen=True)
class Head:
    """A cell of the table head: from `row`, `column` (of the head) over so many rows and columns."""

    row: int
    column: int
    text: str
    rows: int = 1
    columns: int = 1


@dataclass(frozen=True)
class Cell:
    """A value as it is shown: `kind` a number format; `align` "": as its kind is; `over`: columns merged."""

    value: Value
    kind: str = ""
    align: str = ""
    over: int = 1


@dataclass(frozen=True)
class Line:
    cells: Sequence[Cell]
    bold: bool = False


@dataclass(frozen=True)
class Table:
    """`numbered`: a row (1) (2) … under the head; `widths`: of the columns, in letters."""

    name: str
    title: Sequence[str]
    widths: Sequence[float]
    heads: Sequence[Head]
    lines: Sequence[Line]
    notes: Sequence[str] = ()
    form_number: Sequence[str] = ()
    unit_of_measure: str = ""
    numbered: bool = False
    recipient: bool = False
    signers: Sequence[str] = ("Người lập báo cáo", "Thủ trưởng đơn vị")


@contextmanager
def workbook(title: str, standing: Standing) -> Iterator[tuple[xlsxwriter.Workbook, io.BytesIO]]:
    """A workbook in memory, whose bytes are complete when the block ends."""
    content = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "remove_timezone": True,
    }
    with xlsxwriter.Workbook(content, options) as book:
        book.formats[0].set_font_name(FONT)
        # The moment in it is the one that the footer says.
        created = standing.made_at.astimezone(VIETNAM).replace(tzinfo=None)
        book.set_properties({"title": in_table(title), "comments": standing.words, "created": created})
        for name, value in properties(standing).items():
            book.set_custom_property(name, value)
        yield book, content


def properties(standing: Standing) -> dict[str, str | int]:
    """What a file says of itself to programs: state, revision, and the entry of the ledger with its hash."""
    found: dict[str, str | int] = {"trang_thai": standing.trang_thai, "revision": standing.revision}
    if edition := standing.edition:
        found |= {"so_cai": edition.so_cai, "ma_bam": edition.ma_bam}
        found |= {"bi_thay": standing.replaced} if standing.replaced else {}
    return found


def write(book: xlsxwriter.Workbook, table: Table, standing: Standing) -> None:
    """Adds a sheet with the table."""
    _Sheet(book, table, standing).write()


class _Sheet:
    def __init__(self, book: xlsxwriter.Workbook, table: Table, standing: Standing) -> None:
        self.book, self.table, self.standing = book, table, standing
        self.sheet = book.add_worksheet(table.name)
        self.last = len(table.widths) - 1
        self.formats: dict[tuple[tuple[str, Any], ...], Any] = {}

    def write(self) -> None:
        for column, width in enumerate(self.table.widths):
            self.sheet.set_column(column, column, width, self._format())
        first = self._heading()
        begin = self._table_head(first)
        end = self._lines(begin)
        self._signatures(self._notes(end) + 1)
        self.sheet.freeze_panes(begin, 2)
        self.sheet.repeat_rows(first, begin - 1)
        self._print()

    def _format(self, **properties: Any) -> Any:
        key = tuple(sorted(properties.items()))
        if key not in self.formats:
            self.formats[key] = self.book.add_format({"font_name": FONT, "font_size": 10} | properties)
        return self.formats[key]

    def _over(self, row: int, first: int, last: int, text: str, **properties: Any) -> None:
        """Text over several columns of one row."""
        form = self._format(text_wrap=True, valign="vcenter", quote_prefix=True, **properties)
        if first == last:
            self.sheet.write_string(row, first, in_table(text), form)
        else:
            self.sheet.merge_range(row, first, row, last, in_table(text), form)

    def _heading(self) -> int:
        """Number of the form, title, who reports to whom, period; returns the next free row."""
        table, standing = self.table, self.standing
        left = 1
        right = self.last - max(2, self.last // 4)
        for row, text in enumerate(table.form_number):
            self._over(row, 0, left, text, bold=row == 0, italic=row > 0)
        # Who reports for a level or the province is not for us to say.
        reporter = [f"Đơn vị báo cáo: {BLANK if standing.whole else standing.ten_don_vi}"]
        if table.recipient:
            reporter.append(f"Đơn vị nhận báo cáo: {BLANK}")
        if standing.whole:
            reporter.append(f"Phạm vi: {standing.ten_don_vi}")
        for row, text in enumerate(reporter):
            self._over(row, right, self.last, text)
        for row, text in enumerate(table.title):
            self._over(row, left + 1, right - 1, text, bold=True, align="center", font_size=12)
        row = max(len(table.title), len(reporter), len(table.form_number))
        for number in range(min(row, 2)):
            self.sheet.set_row(number, 2 * LINE_HEIGHT)
        for text, properties in (
            # A period of the report regime is called so itself.
            (f"Kỳ báo cáo: {standing.period.removeprefix('Kỳ báo cáo ')}", {"bold": True}),
            (f"({standing.days})", {"italic": True}),
        ):
            self._over(row, 0, self.last, text, align="center", **properties)
            row += 1
        if standing.replaced:
            text = f"{standing.replaced}: không dùng để báo cáo"
            self._over(row, 0, self.last, text, align="center", bold=True, font_color="#c00000")
            row += 1
        if table.unit_of_measure:
            text = f"Đơn vị tính: {table.unit_of_measure}"
            self._over(row, 0, self.last, text, align="right", italic=True)
            row += 1
        return row

    def _table_head(self, first: int) -> int:
        """The head of the table, every cell of it; returns the first row of figures."""
        style = {"bold": True, "border": 1, "align": "center", "valign": "vcenter", "text_wrap": True}
        form = self._format(**style)
        deep = max(head.row + head.rows for head in self.table.heads)
        for row in range(deep):
            # What stands in the last row alone stands in narrow columns.
            self.sheet.set_row(first + row, LINE_HEIGHT * (3 if row == deep - 1 else 1.5))
        for head in self.table.heads:
            row, column = first + head.row, head.column
            if head.rows == head.columns == 1:
                self.sheet.write_string(row, column, head.text, form)
            else:
                end = (row + head.rows - 1, column + head.columns - 1)
                self.sheet.merge_range(row, column, *end, head.text, form)
        row = first + deep
        if self.table.numbered:
            small = self._format(border=1, align="center", italic=True)
            for column in range(self.last + 1):
                self.sheet.write_string(row, column, f"({column + 1})", small)
            row += 1
        return row

    def _lines(self, row: int) -> int:
        for line in self.table.lines:
            deep, column = 1, 0
            for cell in line.cells:
                self._cell(row, column, cell, line.bold)
                deep = max(deep, self._deep(cell.value, column, cell.over))
                column += cell.over
            if deep > 1:
                self.sheet.set_row(row, deep * LINE_HEIGHT)
            row += 1
        return row

    def _deep(self, value: Value, column: int, over: int) -> int:
        """How many lines a text takes in its cell: not every program finds that out by itself."""
        width = sum(self.table.widths[column : column + over]) * LETTERS
        return math.ceil(len(value) / width) if isinstance(value, str) else 1

    def _cell(self, row: int, column: int, cell: Cell, bold: bool) -> None:
        style: dict[str, Any] = {"border": 1, "valign": "vcenter", "bold": bold}
        value = cell.value
        if isinstance(value, str) or value is None:
            style |= {"text_wrap": True, "align": cell.align or "left", "quote_prefix": value is not None}
        else:
            style |= {"num_format": cell.kind or WHOLE, "align": cell.align or "right"}
        form = self._format(**style)
        if cell.over > 1:
            self.sheet.merge_range(row, column, row, column + cell.over - 1, "", form)
        if value is None:
            self.sheet.write_blank(row, column, None, form)
        elif isinstance(value, str):
            self.sheet.write_string(row, column, in_table(value), form)
        elif isinstance(value, date):
            plain = datetime(value.year, value.month, value.day)  # noqa: DTZ001 - a day has no zone
            self.sheet.write_datetime(row, column, plain, form)
        else:
            # A spreadsheet has no other numbers than binary ones.
            self.sheet.write_number(row, column, float(value) if isinstance(value, Decimal) else value, form)

    def _notes(self, row: int) -> int:
        for note in (*self.table.notes, f"Số liệu: {self.standing.words}."):
            self._over(row, 0, self.last, note, italic=True, font_size=9)
            self.sheet.set_row(row, LINE_HEIGHT * self._deep(note, 0, self.last + 1))
            row += 1
        return row

    def _signatures(self, row: int) -> None:
        half = self.last // 2
        places = [(0, half), (half + 1, self.last)]
        date_line = "……………, ngày …… tháng …… năm ………"
        self._over(row, *places[1], date_line, align="center", italic=True)
        for (first, last), signer in zip(places, self.table.signers, strict=True):
            self._over(row + 1, first, last, signer, align="center", bold=True)
            self._over(row + 2, first, last, "(Ký, ghi rõ họ tên)", align="center", italic=True)
        self.sheet.set_row(row + 3, 4 * LINE_HEIGHT)
        self.sheet.print_area(0, 0, row + 3, self.last)

    def _print(self) -> None:
        sheet = self.sheet
        sheet.set_landscape()
        sheet.set_paper(A4)
        sheet.fit_to_pages(1, 0)
        sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
        sheet.center_horizontally()
        for words in (self.standing.words, *self.standing.shorter_words):
            text = words.replace("&", "&&")
            footer = f'&L&"{FONT},Regular"&8 {text}&R&"{FONT},Regular"&8 Trang &P/&N'
            if len(footer) <= LONGEST_FOOTER:
                break
        else:
            footer = "&RTrang &P/&N"
        sheet.set_footer(footer)
