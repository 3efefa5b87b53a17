"""Reads true .xls workbooks (BIFF5, BIFF8): calamine gives the values, the records what it does not tell."""

import struct
from collections.abc import Iterator
from pathlib import Path

from python_calamine import SheetVisibleEnum

from cchc.contracts import Contract
from cchc.errors import BadFile
from cchc.reading.compound_file import CompoundFile
from cchc.reading.export import Export
from cchc.reading.sheets import MOST_SHEETS, NEVER_CALCULATED, Shown, Source, Survey, check_extent, shown_by
from cchc.reading.workbook import export_of
from cchc.reading.xlsx_file import calamine, opened, rows_of
from cchc.reading.xlsx_package import ADVICE, BUILT_IN

BOF, EOF, FILEPASS, BOUNDSHEET, FORMAT, XF = 0x809, 0x0A, 0x2F, 0x85, 0x41E, 0xE0
NUMBER, RK, MULRK, BOOLERR = 0x203, 0x27E, 0xBD, 0x205
TEXTS = (0xFD, 0x204, 0xD6)
FORMULAS = (0x06, 0x206, 0x406)
ROW, COLINFO, MERGED = 0x208, 0x7D, 0xE5
ERRORS = {0: "#NULL!", 7: "#DIV/0!", 15: "#VALUE!", 23: "#REF!", 29: "#NAME?", 36: "#NUM!", 42: "#N/A"}
BIFF8 = 0x600
# calamine lays an .xls sheet out twice.
MOST_CELLS = 8_000_000


def open_xls(contract: Contract, path: Path, where: str) -> Export:
    """The export in an .xls workbook; `where` is its name in messages."""
    try:
        file = CompoundFile(path)
        if "EncryptedPackage" in file.entries:
            raise _has_password(where)
        name = next((name for name in ("Workbook", "Book") if name in file.entries), None)
        if name is None:
            raise BadFile(
                f"{where}: this is an old Office file without a workbook in it (a Word document, a "
                "message?). "
                "Expected .xlsx, .xls, .csv or .json: check that this is the right file."
            )
        listed = _Globals(file.stream(name), where)
        surveys = [listed.survey(place) for place in range(len(listed.sheets))]
    except (ValueError, struct.error, IndexError, KeyError):
        raise BadFile(
            f"{where}: this old .xls workbook is damaged or was cut off. Export it again. {ADVICE}"
        ) from None
    with calamine(lambda: where):
        book = opened(file.data)
    found = book.sheets_metadata
    if len(found) != len(surveys):
        raise BadFile(f"{where}: the workbook lists its sheets in two ways. {ADVICE}")
    sources = [
        Source(
            sheet.name,
            survey,
            rows_of(book, sheet.name, number, survey, where),
            sheet.visible != SheetVisibleEnum.Visible,
            kind == 0,
        )
        for number, (sheet, survey, (_, kind)) in enumerate(
            zip(found, surveys, listed.sheets, strict=True), start=1
        )
    ]
    return export_of(contract, sources, where)


def _has_password(where: str) -> BadFile:
    return BadFile(
        f"{where}: the workbook has a password. Expected one without: open it with the password, remove it "
        "(Save "
        "as, Tools, General options, or File, Info, Protect workbook), and save it again."
    )


class _Globals:
    """What the workbook says of all its sheets. `sheets`: (where its records begin, its kind)."""

    def __init__(self, data: bytes, where: str) -> None:
        self.data, self.where = data, where
        self.sheets: list[tuple[int, int]] = []
        formats: dict[int, str] = dict(BUILT_IN)
        styles: list[int] = []
        self.eight = True
        for kind, body in _records(data, 0):
            if kind == BOF:
                self.eight = struct.unpack_from("<H", body)[0] == BIFF8
            elif kind == FILEPASS:
                raise _has_password(where)
            elif kind == BOUNDSHEET:
                place, _, what = struct.unpack_from("<IBB", body)
                self.sheets.append((place, what))
            elif kind == FORMAT:
                code, text = self._format(body)
                formats[code] = text
            elif kind == XF:
                styles.append(struct.unpack_from("<H", body, 2)[0])
        if len(self.sheets) > MOST_SHEETS:
            raise BadFile(
                f"{where}: the workbook has {len(self.sheets)} sheets. Expected at most {MOST_SHEETS}."
            )
        self.shown = {
            index: shown
            for index, style in enumerate(styles)
            if (shown := shown_by(formats.get(style, "")))
        }  # fmt: skip

    def _format(self, body: bytes) -> tuple[int, str]:
        code = struct.unpack_from("<H", body)[0]
        if not self.eight:
            return code, body[3 : 3 + body[2]].decode("latin-1")
        length, wide = struct.unpack_from("<HB", body, 2)
        text = (
            body[5 : 5 + 2 * length].decode("utf-16-le", "replace")
            if wide & 1
            else body[5:].decode("latin-1")
        )
        return code, text[:length]

    def survey(self, place: int) -> Survey:
        start, kind = self.sheets[place]
        found = _Sheet(f"{self.where}: sheet {place + 1}", self.shown)
        if kind == 0:
            for record, body in _records(self.data, start):
                found.take(record, body)
        return found.end()


def _records(data: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    """The records of one substream; those of what is embedded in it (charts) are left out."""
    depth = 0
    unpack, size = struct.Struct("<HH").unpack_from, len(data)
    while True:
        kind, length = unpack(data, at)
        at += 4
        if at + length > size:
            raise ValueError("cut off")
        depth += (kind == BOF) - (kind == EOF)
        if depth == 0:
            return
        if depth == 1:
            yield kind, data[at : at + length]
        at += length


class _Sheet:
    """Looks at the records of a sheet."""

    def __init__(self, where: str, shown: dict[int, Shown]) -> None:
        self.result, self.where, self.styles = Survey(), where, shown
        self.sure: set[int] = set()
        self.texts: set[int] = set()

    def take(self, kind: int, body: bytes) -> None:
        if kind in (NUMBER, RK, BOOLERR) or kind in TEXTS or kind in FORMULAS:
            row, column, style = struct.unpack_from("<HHH", body)
            self._cell(row + 1, column, style, kind in TEXTS)
            if kind == BOOLERR and body[7]:
                self._fault(row + 1, column, ERRORS.get(body[6], "lỗi"))
            elif kind in FORMULAS and body[12:14] == b"\xff\xff":
                self._result(row + 1, column, body[6], body[8])
        elif kind == MULRK:
            row, first = struct.unpack_from("<HH", body)
            for place in range((len(body) - 6) // 6):
                style = struct.unpack_from("<H", body, 4 + 6 * place)[0]
                self._cell(row + 1, first + place, style, False)
        elif kind == ROW and len(body) >= 16:
            self.result.hidden_rows += body[12] >> 5 & 1
        elif kind == COLINFO and len(body) >= 10:
            self.result.hidden_columns += body[8] & 1
        elif kind == MERGED:
            for place in range(struct.unpack_from("<H", body)[0]):
                top, bottom, left, right = struct.unpack_from("<HHHH", body, 2 + 8 * place)
                self.result.merged.append((top + 1, left, bottom + 1, right))

    def _result(self, row: int, column: int, kind: int, code: int) -> None:
        if kind == 2:
            self._fault(row, column, ERRORS.get(code, "lỗi"))
        elif kind == 3:
            # An empty text, or what programs write that cannot calculate: it is not told apart.
            self._fault(row, column, NEVER_CALCULATED)
        elif kind == 0:
            self.texts.add(row)
            self.sure.discard(row)

    def _fault(self, row: int, column: int, words: str) -> None:
        self.result.fault(row, column, words)
        self.sure.add(row)

    def _cell(self, row: int, column: int, style: int, text: bool) -> None:
        result = self.result
        if row > result.last_row or column > result.last_column:
            result.last_row, result.last_column = max(row, result.last_row), max(column, result.last_column)
            check_extent(self.where, row, column, result.last_row, result.last_column + 1, MOST_CELLS)
        if text:
            self.texts.add(row)
            return
        self.sure.add(row)
        if style in self.styles:
            result.shown[row, column] = self.styles[style]

    def end(self) -> Survey:
        self.result.rows = len(self.sure | self.texts)
        self.result.unsure = self.texts - self.sure
        return self.result
