"""Fills a batch's staging table: canonical names and types, no personal column, every line kept."""

import contextlib
import io
import json
import queue
import re
import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Self

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import sqlalchemy as sa

from cchc.contracts import SQL_TYPES, Column, Contract
from cchc.reading.readers import Export
from cchc.spelling import fold
from cchc.warehouse import copy_text

# Times in exports: strptime format, exact length, where the two digits of the day stand.
# The day is compared with the parsed one because strptime turns 30 February into 2 March.
TIME_FORMATS = (
    ("%Y%m%d%H%M%S", 14, 6),
    ("%d/%m/%Y %H:%M", 16, 0),
    ("%d/%m/%Y %H:%M:%S", 19, 0),
    ("%d/%m/%Y", 10, 0),
    ("%Y-%m-%d %H:%M:%S", 19, 8),
    ("%Y-%m-%dT%H:%M:%S", 19, 8),
    ("%Y-%m-%d", 10, 8),
    ("%Y%m%d", 8, 6),
)
PROCEDURE_ROOT = re.compile(r"^(\d\.\d{6})(\.\d{3}\.\d{2}\.\d{2}\.[A-Z]\d{2})?$")
NUMBERS = {"int": re.compile(r"-?\d{1,9}"), "number": re.compile(r"-?\d{1,15}([.,]\d{1,6})?")}
SHOWN = 64
AHEAD = 2
UNREADABLE = "o_khong_doc_duoc"
MOJIBAKE = "o_loi_ma_hoa"
# UTF-8 read as Windows-1252: none of these pairs occurs in Vietnamese ("Ã" and "Â" alone do).
MOJIBAKE_PATTERN = "[ÃÂ][¡-¿]|áº|á»|Ä‘|Æ[°¡]|\ufffd"
DAMAGE_PATTERN = f"\\x00|{MOJIBAKE_PATTERN}"


def staging_table(dataset: str, batch_id: int) -> str:
    """The qualified name of a batch's staging table."""
    return f"staging.{dataset}__{batch_id}"


def staged_columns(contract: Contract) -> dict[str, str]:
    """Column name → SQL type of the staging table, after line_no."""
    columns: dict[str, str] = {}
    for column in contract.staged:
        columns[column.name] = SQL_TYPES[column.type]
        if column.fold:
            columns[f"{column.name}_khoa"] = SQL_TYPES["text"]
        if column.procedure_root:
            columns[f"{column.name}_goc"] = SQL_TYPES["text"]
    return columns | {UNREADABLE: "jsonb", MOJIBAKE: "text"}


def stage(
    connection: sa.Connection,
    contract: Contract,
    batch_id: int,
    export: Export,
    changed_at: datetime | None,
) -> int:
    """Copies every line of `export` into a new staging table; returns the number of lines.

    Cells that are not of their column's type become NULL and are kept as text in
    `o_khong_doc_duoc`. `changed_at` fills the change time when the export has no such column.
    """
    table = staging_table(contract.dataset, batch_id)
    columns = staged_columns(contract)
    body = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
    connection.exec_driver_sql(f"CREATE UNLOGGED TABLE {table} (line_no bigint NOT NULL, {body})")
    present = [*export.header.columns.values()]
    if contract.changed_at not in present:
        present.append(contract.changed_at)
    names = ["line_no", *_derived(contract, present), UNREADABLE, MOJIBAKE]
    batches = (_canonical(contract, export, batch, changed_at, names) for batch in export.batches)
    with _CsvStream(batches) as stream:
        try:
            lines = copy_text(connection, table, names, stream)
        except Exception as error:
            if stream.error is None:
                raise
            # COPY hides what was wrong with the file behind an error of its own.
            raise stream.error from error
    looked_up = ", ".join(name for name in columns if name.endswith(("_khoa", "_goc")))
    connection.exec_driver_sql(f"ANALYZE {table} ({', '.join(contract.key)}{looked_up and ', '}{looked_up})")
    return lines


def _derived(contract: Contract, present: list[str]) -> list[str]:
    names = []
    for column in contract.staged:
        if column.name in present:
            names.append(column.name)
            names.extend([f"{column.name}_khoa"] if column.fold else [])
            names.extend([f"{column.name}_goc"] if column.procedure_root else [])
    return names


def _canonical(
    contract: Contract,
    export: Export,
    batch: pa.RecordBatch,
    changed_at: datetime | None,
    names: list[str],
) -> pa.RecordBatch:
    unreadable: dict[int, dict[str, str]] = {}
    mojibake: dict[int, list[str]] = {}
    arrays: dict[str, pa.Array] = {"line_no": batch.column("line_no")}
    for column in contract.staged:
        if column.name not in batch.schema.names:
            continue
        text = pc.utf8_trim_whitespace(batch.column(column.name))
        if column.type == "timestamp":
            arrays[column.name] = _times(text, column, unreadable)
            continue
        words = _Words(text)
        if column.type in ("text", "json"):
            _spot_damage(words, column, unreadable, mojibake)
        codes = export.header.layout.words(column.name)
        canonical = words.map(lambda word, codes=codes: codes.get(fold(word), word)) if codes else words
        if column.type in NUMBERS:
            canonical = _numbers(canonical, column, unreadable)
        arrays[column.name] = canonical.array
        if column.fold:
            arrays[f"{column.name}_khoa"] = words.map(fold).array
        if column.procedure_root:
            arrays[f"{column.name}_goc"] = words.map(procedure_root).array
    if contract.changed_at not in arrays:
        arrays[contract.changed_at] = pa.array([changed_at] * batch.num_rows, pa.timestamp("s"))
    # The time an export was made also stands where a single row has no change time of its own.
    elif changed_at is not None and export.header.layout.exported_at:
        arrays[contract.changed_at] = pc.fill_null(
            arrays[contract.changed_at], pa.scalar(changed_at, pa.timestamp("s"))
        )
    for name, found in ((UNREADABLE, unreadable), (MOJIBAKE, mojibake)):
        cells: list[str | None] = [None] * batch.num_rows
        for row, cell in found.items():
            cells[row] = json.dumps(cell, ensure_ascii=False)
        arrays[name] = pa.array(cells, pa.string())
    return pa.RecordBatch.from_arrays([arrays[name] for name in names], names=names)


class _Words:
    """A text column by its distinct values: Python looks at each of them once, not at each row.

    Values are in NFC; blank is null. Where nearly every value is different the column is kept as it
    is, because encoding it would only cost.
    """

    def __init__(self, text: pa.Array) -> None:
        sample = text.slice(0, 1000)
        repeats = len(pc.unique(sample)) * 2 < len(sample)
        encoded = text.dictionary_encode() if repeats else None
        words = pc.utf8_normalize(encoded.dictionary if repeats else text, form="NFC")
        self.words = pc.if_else(pc.equal(words, ""), None, words)
        self.indices = encoded.indices if repeats else None

    @property
    def array(self) -> pa.Array:
        """The column, one value a row."""
        return self.words if self.indices is None else self.words.take(self.indices)

    def with_words(self, words: pa.Array) -> "_Words":
        copy = object.__new__(_Words)
        copy.words, copy.indices = words, self.indices
        return copy

    def map(self, function: Callable[[str], str | None]) -> "_Words":
        """The column with `function` applied to every distinct value that is not null."""
        values = [None if word is None else function(word) for word in self.words.to_pylist()]
        return self.with_words(pa.array(values, pa.string()))

    def rows_where(self, words: pa.Array) -> list[int]:
        """The rows whose value is one for which `words` (booleans) is true."""
        if not pc.any(words).as_py():
            return []
        rows = words if self.indices is None else words.take(self.indices)
        return pc.indices_nonzero(pc.fill_null(rows, False)).to_pylist()


def _spot_damage(
    words: _Words,
    column: Column,
    unreadable: dict[int, dict[str, str]],
    mojibake: dict[int, list[str]],
) -> None:
    """Notes NUL characters, which PostgreSQL cannot hold, and wrongly decoded text."""
    if not pc.any(pc.match_substring_regex(words.words, DAMAGE_PATTERN)).as_py():
        return
    nul = pc.match_substring_regex(words.words, "\\x00")
    for row in words.rows_where(nul):
        unreadable.setdefault(row, {})[column.name] = "ký tự NUL"
    for row in words.rows_where(pc.match_substring_regex(words.words, MOJIBAKE_PATTERN)):
        mojibake.setdefault(row, []).append(column.name)
    words.words = pc.if_else(nul, None, words.words)


def _numbers(words: _Words, column: Column, unreadable: dict[int, dict[str, str]]) -> _Words:
    pattern = NUMBERS[column.type]
    values = words.map(lambda word: word.replace(",", ".") if pattern.fullmatch(word) else None)
    for row in words.rows_where(pc.and_(pc.is_valid(words.words), pc.is_null(values.words))):
        unreadable.setdefault(row, {})[column.name] = words.array[row].as_py()[:SHOWN]
    return values


def procedure_root(code: str) -> str:
    """The national root of a procedure code: 1.002835 of 1.002835.000.00.00.H56; else itself."""
    found = PROCEDURE_ROOT.match(code)
    return found[1] if found else code


def _times(text: pa.Array, column: Column, unreadable: dict[int, dict[str, str]]) -> pa.Array:
    value = parse_times(text)
    if value.null_count != text.null_count:
        bad = pc.and_(pc.is_null(value), pc.greater(pc.utf8_length(text), 0))
        for row in pc.indices_nonzero(pc.fill_null(bad, False)).to_pylist():
            unreadable.setdefault(row, {})[column.name] = text[row].as_py()[:SHOWN]
    return value


def parse_times(text: pa.Array) -> pa.Array:
    """Local times in any of TIME_FORMATS as timestamp[s]; null where none fits exactly."""
    length = pc.utf8_length(text)
    sizes = set(pc.unique(length).to_pylist()) - {None}
    result = pa.nulls(len(text), pa.timestamp("s"))
    for form, size, day_at in TIME_FORMATS:
        if size not in sizes:
            continue
        candidate = text if len(sizes) == 1 else pc.if_else(pc.equal(length, size), text, None)
        parsed = pc.strptime(candidate, format=form, unit="s", error_is_null=True)
        digits = pc.utf8_slice_codeunits(candidate, day_at, day_at + 2)
        try:
            days = digits.cast(pa.int64())
        except pa.ArrowInvalid:
            days = pc.if_else(pc.match_substring_regex(digits, r"^\d\d$"), digits, None).cast(pa.int64())
        right_day = pc.equal(pc.day(parsed), days)
        if parsed.null_count != candidate.null_count or not pc.all(right_day).as_py():
            parsed = pc.if_else(right_day, parsed, None)
        result = parsed if result.null_count == len(result) else pc.coalesce(result, parsed)
    return result


class _CsvStream(io.RawIOBase):
    """Record batches as the csv text that COPY reads.

    A thread prepares the next batches while PostgreSQL takes in the last one; at most AHEAD of them
    are in memory.
    """

    def __init__(self, batches: Iterator[pa.RecordBatch]) -> None:
        self._batches = batches
        self._ready: queue.Queue[memoryview | BaseException | None] = queue.Queue(maxsize=AHEAD)
        self._rest = memoryview(b"")
        self._stopped = False
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._prepare, name="csv", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped = True
        while self._thread.is_alive():
            with contextlib.suppress(queue.Empty):
                self._ready.get(timeout=0.05)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        while not self._rest:
            item = self._ready.get()
            if item is None:
                self._ready.put(None)
                return b""
            if isinstance(item, BaseException):
                self.error = item
                raise item
            self._rest = item
        size = len(self._rest) if size < 0 else size
        taken, self._rest = self._rest[:size], self._rest[size:]
        return bytes(taken)

    def _prepare(self) -> None:
        options = pyarrow.csv.WriteOptions(include_header=False, quoting_style="needed")
        try:
            for batch in self._batches:
                if self._stopped:
                    return
                sink = pa.BufferOutputStream()
                pyarrow.csv.write_csv(batch, sink, write_options=options)
                self._ready.put(memoryview(sink.getvalue()))
            self._ready.put(None)
        except BaseException as error:  # handed to the thread that reads
            self._ready.put(error)
