"""Reads CSV: UTF-8 or UTF-16, any of the usual delimiters, a header below title rows."""

import codecs
import csv
import io
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from cchc.contracts import Contract
from cchc.errors import BadFile, BrokenExport
from cchc.reading.csv_records import Block, Numbers, blocks
from cchc.reading.export import Account, Export
from cchc.reading.header import HEADER_SEARCH_ROWS, Header, no_header, recognise, require_columns
from cchc.reading.lines import SPARSE_CELLS, Lines

DELIMITERS = (",", ";", "\t", "|")
READ_BYTES = 4 << 20
# In which the header is looked for.
TOP_BYTES = 1 << 20
# Such a key may be the number of its column.
SHORT_KEY = 5
# At the end of a piece: what may be the first half of a line end or of a character.
UNFINISHED = re.compile(rb"(?:\r|[\xc0-\xff][\x80-\xbf]{0,2})\Z")
# What is longer is no cell of a table; it would be held in memory whole.
CELL_CHARS = 1 << 20


@dataclass
class Table:
    """The table in a file. `wanted`: reader's name of a column → name; `keys`: of those of the key → header
    cell; `titles`: column → its one value, which stands above the header."""

    delimiter: str
    width: int
    wanted: dict[str, str]
    keys: dict[str, str]
    titles: dict[str, str | None]


@dataclass
class Row:
    """A record at the top of the file, and the lines it stands in."""

    cells: list[str]
    first: int
    last: int


def open_csv(contract: Contract, path: Path, where: str, head: bytes) -> Export:
    """The export in a CSV file, whose first bytes are `head`; `where` is its name in messages."""
    utf_16 = head[:2] in (b"\xff\xfe", b"\xfe\xff")
    if not utf_16 and b"\x00" in head:
        raise BadFile(
            f"{where}: byte {head.index(0) + 1} is NUL: this is no text file. "
            f"Expected .xlsx, .csv (UTF-8) or .json."
        )
    source = _utf_8(path, where, utf_16=utf_16)
    top = b""
    for piece in source:
        top += piece
        if len(top) >= TOP_BYTES:
            break
    if not top.strip():
        raise BadFile(f"{where}: the file is empty. Export it again.")
    header, delimiter, above, row = _find_header(contract, top, where)
    require_columns(contract, header, where)
    account = Account()
    lines = Lines(contract, header, row.cells, account)
    for title in above:
        lines.title(title.cells, title.first, title.last)
    lines.header(row.first, row.last)
    account.records = len(above) + 1
    table = Table(
        delimiter,
        _width(row.cells, _after(top, row.last), delimiter),
        {f"c{index}": name for index, name in header.columns.items()},
        {f"c{i}": row.cells[i] for i, name in header.columns.items() if name in contract.key},
        lines.titles(),
    )
    header.columns |= {table.width + i: name for i, name in enumerate(table.titles)}
    header.missing = [name for name in header.missing if name not in table.titles]
    below = _joined(_after(top, row.last), source)
    found = blocks(below, row.last + 1, delimiter, table.width, where)
    return Export(header, _batches(where, found, lines, account, table), account)


def _utf_8(path: Path, where: str, *, utf_16: bool) -> Iterator[bytes]:
    """The file's text in UTF-8, with \\n at the end of each line; raises BadFile where it is no text."""
    decoder = codecs.getincrementaldecoder("utf-16")() if utf_16 else None
    lines = 1
    held = b""
    with path.open("rb") as file:
        file.seek(len(codecs.BOM_UTF8) if file.read(len(codecs.BOM_UTF8)) == codecs.BOM_UTF8 else 0)
        while True:
            piece = file.read(READ_BYTES)
            try:
                text = held + (decoder.decode(piece, final=not piece).encode() if decoder else piece)
                unfinished = UNFINISHED.search(text[-4:]) if piece else None
                held = unfinished[0] if unfinished else b""
                text = text.removesuffix(held)
                if not _is_utf_8(text):
                    text.decode()  # which says where
            except UnicodeDecodeError as error:
                before = error.object[: error.start].decode(error.encoding, "ignore")
                at = lines + len(re.findall("\r\n?|\n", before))
                kind, byte = "UTF-16" if decoder else "UTF-8", error.object[error.start]
                raise BadFile(
                    f"{where}: line {at}: the text is not {kind} (byte {byte:#04x}). Expected UTF-8 or "
                    f"UTF-16: in the spreadsheet program choose 'CSV UTF-8' when saving."
                ) from None
            if b"\r" in text:
                text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
            if b"\0" in text:
                at = lines + text[: text.index(b"\0")].count(b"\n")
                raise BadFile(
                    f"{where}: line {at} holds a NUL character: the file is damaged or no text. Expected "
                    f".xlsx, .csv (UTF-8) or .json: export it again."
                )
            lines += text.count(b"\n")
            if text:
                yield text
            if not piece:
                return


def _is_utf_8(text: bytes) -> bool:
    """Asked of Arrow, which takes an eighth of the time that it takes to decode."""
    ends = pa.py_buffer(np.array([0, len(text)], np.int64))
    whole = pa.Array.from_buffers(pa.large_string(), 1, [None, ends, pa.py_buffer(text)])
    try:
        whole.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _joined(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _after(text: bytes, line: int) -> bytes:
    """What follows that line of `text`."""
    at = 0
    for _ in range(line):
        at = text.find(b"\n", at) + 1
        if not at:
            return b""
    return text[at:]


def _find_header(contract: Contract, top: bytes, where: str) -> tuple[Header, str, list[Row], Row]:
    """The header, the delimiter, and the records above the header and of it."""
    text = top.decode("utf-8", "replace")
    seen: list[tuple[str, list[str]]] = []
    above: list[Row]
    for delimiter in DELIMITERS:
        above = []
        for row in _rows(text, delimiter):
            if header := recognise(contract, row.cells, row.first, where):
                return header, delimiter, above, row
            above.append(row)
            if len(above) == HEADER_SEARCH_ROWS:
                break
        seen += [(f"row {row.first}", row.cells) for row in above]
    if not seen:
        raise BadFile(
            f"{where}: line 1 is longer than {CELL_CHARS} characters: this is no table. "
            f"Expected .xlsx, .csv or .json: export it again."
        )
    _check_quotes(contract, text, where)
    widest = max(len(cells) for place, cells in seen if place == "row 1")
    raise no_header(contract, where, f"row 1 has {widest} cells", seen)


def _check_quotes(contract: Contract, text: str, where: str) -> None:
    """Raises BadFile when a line would be the header but for quotes."""
    for number, line in enumerate(text.split("\n")[:HEADER_SEARCH_ROWS], start=1):
        for delimiter in DELIMITERS:
            if '"' in text and recognise(contract, line.replace('"', "").split(delimiter), number, where):
                raise BadFile(
                    f'{where}: line {number} holds the headers, but a quote (") in it or above it makes them '
                    f"one value. Expected quotes around single values only: close or remove them. Where each "
                    f"line stands in quotes, a spreadsheet program saved it with another separator: export "
                    f"the list again. Nothing was loaded."
                )


def _width(header: list[str], below: bytes, delimiter: str) -> int:
    """How many cells a line has: those of the header, or without empty ones at its end where lines have none.

    Never both in one file: a line with a separator inside a value could have as many as the other kind.
    """
    named = max(number for number, cell in enumerate(header, start=1) if cell.strip())
    top = itertools.islice(_rows(below.decode("utf-8", "replace"), delimiter), HEADER_SEARCH_ROWS)
    widths = {len(row.cells) for row in top if row.cells != header} if named < len(header) else set()
    return named if named in widths and len(header) not in widths else len(header)


def _rows(text: str, delimiter: str) -> Iterator[Row]:
    """The records of the text; where a quote stays open each line is one."""
    try:
        yield from _parsed(text, delimiter)
    except csv.Error:
        return


def _parsed(text: str, delimiter: str) -> Iterator[Row]:
    csv.field_size_limit(CELL_CHARS)
    first = 1
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    for cells in reader:
        last = reader.line_num
        if last - first > HEADER_SEARCH_ROWS:  # a quote that stays open
            return
        yield Row(cells, first, last)
        first = last + 1


def _batches(
    where: str,
    found: Iterator[Block],
    lines: Lines,
    account: Account,
    table: Table,
) -> Iterator[pa.RecordBatch]:
    kept = 0
    for block in found:
        account.records += len(block.starts)
        read, odd = _parse(block, table, where)
        rows = np.delete(np.arange(len(block.starts)), odd)  # which record each row is
        keep = np.ones(len(rows), np.bool_)
        dropped = 0
        for record, row in _to_look_at(read, rows, odd, table):
            regular = row < len(rows) and rows[row] == record
            if block.starts[record] == block.ends[record]:  # there may be millions
                line = int(block.lines[record])
                account.skip(line, "blank", last=line)
            else:
                cells = block.cells(record)
                first, last = block.place(record)
                if not lines.look(cells, first, kept + row - dropped, last):
                    if not regular:
                        raise _other_width(where, first, cells, table.width)
                    continue
            if regular:
                keep[row] = False
                dropped += 1
        numbers = block.lines[rows]
        if dropped:
            read, numbers = read.filter(pa.array(keep)), numbers[keep]
        kept += len(numbers)
        if len(numbers):
            yield pa.RecordBatch.from_arrays(
                [
                    pa.array(numbers, pa.int64()),
                    *(column.combine_chunks() for column in read.columns),
                    *(pa.array([text] * len(numbers), pa.string()) for text in table.titles.values()),
                ],
                names=["line_no", *table.wanted.values(), *table.titles],
            )


def _other_width(where: str, line: int, cells: list[str], width: int) -> BadFile:
    if len(cells) < width:
        why = (
            "a line break inside a value, a line that was cut, or a program that leaves out empty cells at "
            "the end: correct it, or save the list as .xlsx"
        )
    elif not any(cell.strip() for cell in cells[width:]):
        why = (
            "a separator inside a value, which shifts those behind it: correct it. Or each line ends with a "
            "separator too many: then add it to the header's line too"
        )
    else:
        why = "a separator or quote inside a value: correct it"
    return BadFile(
        f"{where}: line {line} has {len(cells)} cells, expected {width} as in the header. Usually {why}, "
        "load again."
    )


def _parse(block: Block, table: Table, where: str) -> tuple[pa.Table, list[int]]:
    """The records of the block as columns of text, and those that have another number of cells.

    Raises BrokenExport when not all come back.
    """
    names = [f"c{index}" for index in range(table.width)]
    odd: list[int] = []

    def skip(row: pyarrow.csv.InvalidRow) -> str:
        odd.append(row.number - 1)
        return "skip"

    try:
        read = pa.csv.read_csv(
            io.BytesIO(block.data),
            read_options=pa.csv.ReadOptions(
                block_size=len(block.data) + 1, column_names=names, use_threads=False
            ),
            parse_options=pa.csv.ParseOptions(
                delimiter=table.delimiter,
                newlines_in_values=True,
                ignore_empty_lines=False,
                invalid_row_handler=skip,
            ),
            convert_options=pa.csv.ConvertOptions(
                include_columns=list(table.wanted),
                column_types=dict.fromkeys(names, pa.string()),
                strings_can_be_null=True,
                null_values=[""],
            ),
        )
    except pa.ArrowInvalid:
        read = None
    expected = len(block.starts)
    if read is None or read.num_rows + len(odd) != expected:
        got = "could not take them apart" if read is None else f"returned {read.num_rows + len(odd)}"
        raise BrokenExport(
            f"{where}: of the {expected} records in lines {block.lines[0]} to {block.last_line} the reader "
            f"{got}; usually a quote inside a value. Correct it, or save the file again in a spreadsheet "
            f"program. Nothing was loaded."
        )
    return read, odd


def _to_look_at(read: pa.Table, rows: Numbers, odd: list[int], table: Table) -> Iterator[tuple[int, int]]:
    """The records that may be no lines: of other length, without a key, nearly empty.

    Each with the first row of `read` that is not before it.
    """
    filled = np.zeros(read.num_rows, np.int32)
    suspect = np.zeros(read.num_rows, np.bool_)
    for name in read.column_names:
        values = read.column(name)
        filled += pc.is_valid(values).to_numpy()
        if name in table.keys:
            suspect |= pc.is_null(values).to_numpy()
            length = pc.binary_length(values)
            # The header once more, or a word; one may be written with other blanks or letters.
            word = pc.and_(
                pc.less(length, 2 * len(table.keys[name].encode())),
                pc.invert(pc.match_substring_regex(values, r"\d")),
            )
            suspect |= pc.fill_null(pc.or_(word, pc.less(length, SHORT_KEY)), False).to_numpy()
    suspect |= (filled <= max(SPARSE_CELLS, read.num_columns // 3)) & (filled < read.num_columns)
    found = np.union1d(np.asarray(odd, np.int64), rows[suspect])
    return zip(found.tolist(), np.searchsorted(rows, found).tolist(), strict=True)
