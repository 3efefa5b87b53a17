"""Reads the XML workbooks of Excel 2003 (SpreadsheetML), which portals save under the name .xls."""

import re
from datetime import datetime
from pathlib import Path
from xml.parsers import expat

from cchc.contracts import Contract
from cchc.errors import BadFile
from cchc.reading.export import Export
from cchc.reading.grid import Grid
from cchc.reading.sheets import (
    LAST_COLUMN,
    MOST_SHEETS,
    NEVER_CALCULATED,
    Shown,
    sheet_shown,
    shown_by,
)
from cchc.reading.workbook import export_of
from cchc.reading.written_codes import ERROR, error_shown

SPREADSHEET = "urn:schemas-microsoft-com:office:spreadsheet"
EXCEL = "urn:schemas-microsoft-com:office:excel"
PIECE = 1 << 18
MOST_MARKUP = 1 << 20
MOST_TEXT = 1 << 20
LONGEST_SPAN = 65_534
ROW = re.compile(rb"<(?:\w+:)?Row[\s/>]")
NO_ROWS = re.compile(rb"<!--.*?-->|<!\[CDATA\[.*?\]\]>", re.DOTALL)
NAMED_FORMATS = {"Percent": "0.00%", "Fixed": "0.00"}


def open_xml2003(contract: Contract, path: Path, where: str) -> Export:
    """The export in an XML workbook; `where` is its name in messages."""
    data = path.read_bytes()
    reader = _Reader(where)
    try:
        for at in range(0, len(data), PIECE):
            reader.parser.Parse(data[at : at + PIECE])
            if min(at + PIECE, len(data)) - reader.parser.CurrentByteIndex > MOST_MARKUP:
                raise reader.wrong("a tag is longer than a million characters")
        reader.parser.Parse(b"", True)
    except (ValueError, OverflowError):
        raise reader.wrong("a number, a date or a place is none") from None
    except (expat.ExpatError, LookupError):
        raise reader.wrong("the XML is not well-formed, or was cut off here") from None
    # A workbook in UTF-16 is not counted apart.
    counted = len(ROW.findall(NO_ROWS.sub(b"", data)))
    if b"\x00" not in data[:64] and counted != reader.rows_seen:
        raise reader.wrong(f"of {counted} rows {reader.rows_seen} lie in a sheet")
    return export_of(contract, [sheet.source() for sheet in reader.sheets], where)


class _Reader:
    """Lays the sheets out as their cells come."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.sheets: list[Grid] = []
        self.styles: dict[str, Shown] = {}
        self.style = ""
        self.rows_seen = 0
        self.row = self.column = 0
        self.cell: dict[str, str] = {}
        self.type: str | None = None
        self.texts: list[str] = []
        self.length = 0
        self.filled = False
        self.comment = False

    def wrong(self, what: str) -> BadFile:
        return BadFile(
            f"{self.where}: line {self.parser.CurrentLineNumber}: {what}. Expected a whole XML workbook: "
            "open it in "
            "a spreadsheet program and save it as .xlsx."
        )

    def _doctype(self, *_: object) -> None:
        raise self.wrong("the file has a DOCTYPE, which no spreadsheet program writes; it is not read")

    def _start(self, name: str, named: dict[str, str]) -> None:
        tag = name.removeprefix(f"{SPREADSHEET} ")
        attributes = {key.rpartition(" ")[2]: value for key, value in named.items()}
        if tag == "Style":
            self.style = attributes.get("ID", "")
        elif tag == "NumberFormat":
            code = attributes.get("Format", "")
            if shown := shown_by(NAMED_FORMATS.get(code, code)):
                self.styles[self.style] = shown
        elif tag == "Worksheet":
            name = attributes.get("Name", "")
            place = sheet_shown(name, len(self.sheets) + 1)
            self.sheets.append(Grid(f"{self.where}: sheet {place}", name))
            self.row = 0
            if len(self.sheets) > MOST_SHEETS:
                raise self.wrong(f"there are more than {MOST_SHEETS} sheets")
        elif self.sheets:
            self._start_in_sheet(tag, attributes)

    def _start_in_sheet(self, tag: str, attributes: dict[str, str]) -> None:
        grid = self.sheets[-1]
        if tag == "Row":
            self.rows_seen += 1
            number = int(attributes.get("Index", self.row + 1))
            if number <= self.row:
                raise self.wrong(f"row {number} stands after row {self.row}")
            grid.row_at(number)
            self.row, self.column, self.filled = number, -1, False
            grid.survey.hidden_rows += attributes.get("Hidden") == "1"
        elif tag == "Column":
            grid.survey.hidden_columns += attributes.get("Hidden") == "1"
        elif tag == "Cell":
            column = int(attributes["Index"]) - 1 if "Index" in attributes else self.column + 1
            if column <= self.column:
                raise self.wrong(f"a cell of column {column + 1} stands twice in row {self.row}")
            self.cell, self.column, self.type = attributes, column, None
            across = min(int(attributes.get("MergeAcross", "0")), LAST_COLUMN)
            down = min(int(attributes.get("MergeDown", "0")), LONGEST_SPAN)
            grid.merge(column, across + 1, down + 1)
        elif tag == "Comment":
            self.comment = True
        elif tag == "Data" and not self.comment:
            self.type = attributes.get("Type", "String")
            self.texts.clear()
            self.length = 0
            self.parser.CharacterDataHandler = self._character_data

    def _character_data(self, data: str) -> None:
        self.texts.append(data)
        self.length += len(data)
        if self.length > MOST_TEXT:
            raise self.wrong("a cell has more than a million characters")

    def _end(self, name: str) -> None:
        tag = name.removeprefix(f"{SPREADSHEET} ")
        if tag == "Data":
            self.parser.CharacterDataHandler = None
        elif tag == "Comment":
            # It has a Data of its own.
            self.comment = False
        elif tag == "Cell" and self.sheets:
            self._end_cell(self.sheets[-1])
        elif name == f"{EXCEL} Visible" and self.sheets:
            self.parser.CharacterDataHandler = None
            # Only what is not visible has this element.
            self.sheets[-1].hidden = True

    def _end_cell(self, grid: Grid) -> None:
        text = "".join(self.texts) if self.type else ""
        value, words = self._value(text)
        if self.cell.get("Formula") and (self.type is None or (self.type != "String" and not text.strip())):
            words = NEVER_CALCULATED
        if words or value != "":
            grid.put(self.column, value)
        if words:
            grid.fault(self.column, words)
        if self.type == "Number" and (shown := self.styles.get(self.cell.get("StyleID", ""))):
            grid.survey.shown[self.row, self.column] = shown
        if not self.filled and (words or str(value).strip()):
            self.filled = True
            grid.survey.rows += 1
        self.column += min(int(self.cell.get("MergeAcross", "0")), LAST_COLUMN)
        self.texts.clear()

    def _value(self, text: str) -> tuple[object, str | None]:
        if self.type == "Error" or ERROR.fullmatch(text.strip()):
            return "", error_shown(text)
        if self.type == "Number" and text.strip():
            return float(text), None
        if self.type == "Boolean" and text.strip():
            return text.strip() in ("1", "true"), None
        if self.type == "DateTime" and text.strip():
            return datetime.fromisoformat(text.strip()).replace(tzinfo=None), None
        return text, None
