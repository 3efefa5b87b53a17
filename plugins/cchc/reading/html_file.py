"""Reads tables of HTML that bear the name of a workbook, as one sheet, like Excel does."""

import codecs
import re
from html.parser import HTMLParser
from pathlib import Path

from cchc.contracts import Contract
from cchc.errors import BadFile
from cchc.field_words import described
from cchc.reading.cells import cell_text
from cchc.reading.export import Export
from cchc.reading.grid import Grid
from cchc.reading.header import HEADER_SEARCH_ROWS, recognise
from cchc.reading.sheets import LAST_COLUMN, Source
from cchc.reading.workbook import export_of
from cchc.reading.written_codes import ERROR, error_shown

# Ways to write Vietnamese that Python does not know.
VIETNAMESE = frozenset({"tcvn", "tcvn3", "x-viet-tcvn", "vni", "viscii", "vps", "x-viet-vps"})
HEAD = 4_096
PIECE = 1 << 16
MOST_MARKUP = 1 << 20
DEEPEST = 50
LONGEST_SPAN = 65_534
BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
LETTERS = re.compile(r"utf-8|ascii|cp\d+|iso8859-\d+|koi8-.|mac-.*|gb.*|big5.*|shift_jis.*|euc_.*")
CHARSET = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?\s*([\w.:-]+)""", re.IGNORECASE)
NO_ROWS = re.compile(r"<!--.*?-->|<(script|style|textarea|title)\b.*?</\1\s*>", re.DOTALL | re.IGNORECASE)
ROW = re.compile(r"<tr[\s/>]", re.IGNORECASE)
BLOCKS = ("p", "div", "h1", "h2", "h3", "h4", "h5", "h6", "center", "li", "caption")
NUMBER = re.compile(r"-?[\d.,\s]+(?:E[+-]?\d+)?", re.IGNORECASE)


def open_html(contract: Contract, path: Path, where: str) -> Export:
    """The export in the tables of a web page; `where` is its name in messages."""
    text = _text(path.read_bytes(), where)
    page = _Page(where)
    for at in range(0, len(text), PIECE):
        page.feed(text[at : at + PIECE])
        if len(page.rawdata) > MOST_MARKUP:
            raise BadFile(f"{where}: {page.place()}: a tag or comment is never closed. Export it again.")
    page.close()
    if not page.rows_seen:
        raise BadFile(
            f"{where}: this is a web page without a table (a page to log in, or an error of the portal?). "
            "Expected an export: open it in a browser, see what it says, and export again."
        )
    if page.depth:
        raise BadFile(
            f"{where}: {page.place()}: the last table is not closed: it was cut off. Export it again."
        )
    # Counted apart from the parser.
    counted = len(ROW.findall(NO_ROWS.sub("", text)))
    if counted != page.rows_seen:
        raise BadFile(
            f"{where}: the page has {counted} rows of tables, of which {page.rows_seen} could be read: its "
            "tags do "
            "not fit together. Open it in a spreadsheet program and save it as .xlsx."
        )
    return export_of(contract, _sources(contract, page, where), where)


def _text(data: bytes, where: str) -> str:
    encoding = next((name for mark, name in BOMS if data.startswith(mark)), None)
    if encoding is None:
        said = CHARSET.search(data[:HEAD])
        encoding = said[1].decode("ascii").lower() if said else "utf-8"
        if encoding in ("unicode", "utf-16", "utf-16le", "utf-16be"):
            # What says so could be read byte by byte.
            encoding = "utf-8"
    try:
        # Python knows more that are no letters: escapes, names of hosts.
        if encoding not in ("utf-8-sig", "utf-16") and not LETTERS.fullmatch(codecs.lookup(encoding).name):
            raise LookupError(encoding)
        return data.decode(encoding)
    except LookupError:
        raise BadFile(
            f"{where}: it says that its letters are in {_known(encoding)}, which is not known. Expected "
            "utf-8: open "
            "it in a spreadsheet program and save it as .xlsx."
        ) from None
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise BadFile(
            f"{where}: line {line}: byte {error.start + 1} is not {encoding[:20]}. Expected {encoding[:20]} "
            "throughout: open it in a spreadsheet program, see whether its letters are right, and save it "
            "as .xlsx."
        ) from None


def _known(encoding: str) -> str:
    """The name of a way to write letters, if there is one of that name."""
    try:
        codecs.lookup(encoding)
    except LookupError:
        return repr(encoding) if encoding in VIETNAMESE else f"({described(encoding)})"
    return repr(encoding)


def _sources(contract: Contract, page: "_Page", where: str) -> list[Source]:
    """The page as one sheet, or as several where several of its tables have a header of the dataset."""
    starts: list[int] = []
    headers: set[int] = set()
    for first, after in page.tables:
        for number in range(first, min(after, first + HEADER_SEARCH_ROWS)):
            if recognise(contract, [cell_text(cell) for cell in page.grid.cells[number - 1]], number, where):
                # Of tables in each other the inner one comes first.
                if number not in headers:
                    starts.append(first - 1 if headers else 0)
                headers.add(number)
                break
    if len(starts) < 2:
        page.grid.name = "HTML"
        return [page.grid.source()]
    ends = [*starts[1:], len(page.grid.cells)]
    return [_part(page.grid, *part, number) for number, part in enumerate(zip(starts, ends, strict=True), 1)]


def _part(whole: Grid, start: int, end: int, number: int) -> Source:
    part = Grid(whole.where, f"bảng {number}")
    part.cells = whole.cells[start:end]
    survey, of_all = part.survey, whole.survey
    survey.last_row, survey.last_column = end - start, of_all.last_column
    survey.rows = sum(any(cell != "" for cell in row) for row in part.cells)
    survey.faults = {row - start: found for row, found in of_all.faults.items() if start < row <= end}
    survey.merged = [(a - start, b, c - start, d) for a, b, c, d in of_all.merged if start < a <= end]
    return part.source()


class _Page(HTMLParser):
    """Lays a page out in rows: each row of a table, and each paragraph outside of tables.

    `tables`: (first row, the row after the last) of each; `rows_seen`: how many <tr> there were.
    """

    def __init__(self, where: str) -> None:
        super().__init__()
        self.grid = Grid(where)
        self.tables: list[tuple[int, int]] = []
        self.rows_seen = 0
        self.outer: list[int] = []
        self.row: list[tuple[object, int, int, str]] | None = None
        self.cell: dict[str, str] | None = None
        self.parts: list[str] = []
        self.silent = 0
        self.spanned: dict[int, int] = {}

    @property
    def depth(self) -> int:
        return len(self.outer)

    def place(self) -> str:
        return f"line {self.getpos()[0]}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            # What the outer row held so far is a row of its own.
            self._end_row(nested=True)
            if self.depth >= DEEPEST:
                raise BadFile(
                    f"{self.grid.where}: {self.place()}: more than {DEEPEST} tables lie in each other. "
                    "Expected a list: open it in a spreadsheet program and save it as .xlsx."
                )
            self.outer.append(len(self.grid.cells) + 1)
            self.row, self.spanned = None, {}
        elif tag == "tr":
            self._end_row()
            self.rows_seen += 1
            self.row = []
            style = dict(attrs).get("style") or ""
            self.grid.survey.hidden_rows += bool(re.search(r"display\s*:\s*none", style, re.IGNORECASE))
        elif tag in ("td", "th"):
            self._end_cell()
            if self.row is None and self.depth:
                self._paragraph()
                self.row = []
            self.cell = {name: value or "" for name, value in attrs}
        elif tag in ("script", "style", "title"):
            self.silent += 1
        elif tag == "br" or tag in BLOCKS:
            self._break()

    def handle_endtag(self, tag: str) -> None:
        if tag == "table" and self.depth:
            self._end_row()
            self.tables.append((self.outer.pop(), len(self.grid.cells) + 1))
            self.spanned = {}
        elif tag == "tr":
            self._end_row()
        elif tag in ("td", "th"):
            self._end_cell()
        elif tag in ("script", "style", "title"):
            self.silent = max(self.silent - 1, 0)
        elif tag in BLOCKS:
            self._break()

    def handle_data(self, data: str) -> None:
        # What lies in a table and in no row is its caption, or is shown above it.
        if not self.silent and (self.cell is not None or self.row is None):
            self.parts.append(data)

    def close(self) -> None:
        super().close()
        if not self.depth:
            self._paragraph()

    def _break(self) -> None:
        if self.cell is not None:
            self.parts.append("\n")
        elif self.row is None:
            self._paragraph()

    def _paragraph(self) -> None:
        """Text outside of rows is a row of one cell."""
        text = " ".join("".join(self.parts).split())
        self.parts.clear()
        if text:
            self.grid.row_at(len(self.grid.cells) + 1)
            self.grid.put(0, text)
            self.grid.survey.rows += 1

    def _end_cell(self) -> None:
        if self.cell is None:
            return
        text = " ".join("".join(self.parts).split())
        self.parts.clear()
        cell, self.cell = self.cell, None
        value: object = text
        if cell.get("x:num") and NUMBER.fullmatch(text):
            try:
                value = float(cell["x:num"])
            except ValueError:
                value = text
        columns = _span(cell.get("colspan"), LAST_COLUMN)
        rows = _span(cell.get("rowspan"), LONGEST_SPAN)
        error = error_shown(cell.get("x:err", text)) if "x:err" in cell or ERROR.fullmatch(text) else ""
        if self.row is not None:
            self.row.append((value, columns, rows, error))

    def _end_row(self, nested: bool = False) -> None:
        """Lays the row out that is open; one that only holds another table is none."""
        self._end_cell()
        if self.row is None:
            self._paragraph()
            return
        row, self.row = self.row, None
        if nested and not any(value for value, *_ in row):
            return
        grid = self.grid
        grid.row_at(len(grid.cells) + 1)
        self.spanned = {column: left - 1 for column, left in self.spanned.items() if left > 0}
        column = 0
        for value, columns, rows, error in row:
            while self.spanned.get(column, 0) > 0:
                column += 1
            grid.put(column, value)
            grid.merge(column, columns, rows)
            if columns > 1:
                grid.put(column + columns - 1, "")
            if error:
                grid.fault(column, error)
            if rows > 1:
                # It is counted down at the beginning of each row.
                self.spanned |= dict.fromkeys(range(column, column + columns), rows)
            column += columns
        grid.survey.rows += any(value != "" for value, *_ in row)


def _span(text: str | None, most: int) -> int:
    digits = (text or "").strip()
    return min(max(int(digits), 1), most) if digits.isdecimal() and len(digits) < 9 else 1
