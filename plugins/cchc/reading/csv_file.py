"""Reads CSV: UTF-8 or UTF-16, any of the usual delimiters, a header below title rows."""

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import pyarrow as pa
import pyarrow.csv

from cchc.contracts import Contract
from cchc.errors import BadFile
from cchc.reading.export import Export, stated_number
from cchc.reading.header import HEADER_SEARCH_ROWS, Header, no_header, recognise, require_columns
from cchc.spelling import fold

BLOCK_BYTES = 4 << 20
# What is longer is no row of a table; it would be held in memory whole.
LINE_CHARS = 1 << 20


def open_csv(contract: Contract, path: Path, where: str, head: bytes) -> Export:
    """The export in a CSV file, whose first bytes are `head`; `where` is its name in messages."""
    encoding = "utf-16" if head[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    if encoding != "utf-16" and b"\x00" in head:
        raise BadFile(
            f"{where}: byte {head.index(0) + 1} is NUL: this is no text file. "
            f"Expected .xlsx, .csv (UTF-8) or .json."
        )
    try:
        with path.open(encoding=encoding, newline="") as file:
            top = _top(file)
    except UnicodeError as error:
        raise _bad_encoding(where, error) from error
    if not top:
        raise BadFile(
            f"{where}: line 1 is empty or longer than {LINE_CHARS} characters: this is no table. "
            f"Expected .xlsx, .csv or .json: export it again."
        )
    header, delimiter = _csv_header(contract, top, where)
    require_columns(contract, header, where)
    # Column names are made up here: real headers may repeat, which pyarrow does not take.
    width = len(_cells(top[header.row - 1], delimiter))
    names = [f"c{index}" for index in range(width)]
    wanted = {f"c{index}": name for index, name in header.columns.items()}
    batches = _csv_batches(path, where, header, delimiter, names, wanted, encoding)
    return Export(header, batches, _total_above(header, top, delimiter))


def _top(file: TextIO) -> list[str]:
    """The first lines, among which the header is, up to one that is too long."""
    lines: list[str] = []
    while len(lines) < HEADER_SEARCH_ROWS and 0 < len(line := file.readline(LINE_CHARS)) < LINE_CHARS:
        lines.append(line)
    return lines


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:  # a cell of more than 128 KiB: no header
        return []


def _total_above(header: Header, top: list[str], delimiter: str) -> int | None:
    """The number of lines that a row above the header states, as landed pulls do."""
    for line in top[: header.row - 1]:
        cells = _cells(line, delimiter)
        if header.layout.total_label and cells[:1] and fold(cells[0]) == fold(header.layout.total_label):
            return stated_number(next(iter(cells[1:]), None))
    return None


def _csv_header(contract: Contract, top: list[str], where: str) -> tuple[Header, str]:
    for row, line in enumerate(top, start=1):
        for delimiter in (",", ";", "\t", "|"):
            cells = _cells(line, delimiter)
            if header := recognise(contract, cells, row, where):
                return header, delimiter
    raise no_header(contract, where, f"row 1 has {len(top[0].split(','))} comma-separated cells")


def _csv_batches(
    path: Path,
    where: str,
    header: Header,
    delimiter: str,
    names: list[str],
    wanted: dict[str, str],
    encoding: str,
) -> Iterator[pa.RecordBatch]:
    text = pa.string()
    try:
        reader = pa.csv.open_csv(
            path,
            read_options=pa.csv.ReadOptions(
                block_size=BLOCK_BYTES,
                skip_rows=header.row,
                column_names=names,
                encoding="utf-16" if encoding == "utf-16" else "utf8",
                use_threads=False,
            ),
            parse_options=pa.csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
            convert_options=pa.csv.ConvertOptions(
                include_columns=list(wanted),
                column_types=dict.fromkeys(names, text),
                strings_can_be_null=True,
                null_values=[""],
            ),
        )
        line = header.row
        for batch in reader:
            if not batch.num_rows:
                continue
            numbers = pa.array(range(line + 1, line + 1 + batch.num_rows), pa.int64())
            line += batch.num_rows
            yield pa.RecordBatch.from_arrays([numbers, *batch.columns], names=["line_no", *wanted.values()])
    except pa.ArrowInvalid as error:
        message = str(error)
        if "UTF8" in message or "utf8" in message:
            raise _bad_encoding(where, message) from error
        if found := re.search(r"Expected (\d+) columns, got (\d+)", message):
            row = re.search(r"row #?(\d+)", message, re.IGNORECASE)
            at = f"row {int(row[1])}" if row else "a row"
            raise BadFile(
                f"{where}: {at} has {found[2]} cells, expected {found[1]} as in the header (row "
                f"{header.row}). Usually a separator or quote inside a value: correct it, load again."
            ) from error
        if "Empty CSV" in message:
            return
        raise BadFile(f"{where}: not readable as CSV: {message.splitlines()[0][:200]}") from error


def _bad_encoding(where: str, error: object) -> BadFile:
    return BadFile(
        f"{where}: the text is not UTF-8 ({str(error)[:120]}). Expected UTF-8 or UTF-16: in the "
        f"spreadsheet program choose 'CSV UTF-8' when saving."
    )
