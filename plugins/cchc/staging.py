"""Fills a batch's staging table: canonical names and types, no personal column, every line kept."""

import io
import json
import re
from collections.abc import Iterator
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import sqlalchemy as sa

from cchc.contracts import SQL_TYPES, Column, Contract, fold
from cchc.readers import Export
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
UNREADABLE = "o_khong_doc_duoc"
MOJIBAKE = "o_loi_ma_hoa"
# UTF-8 read as Windows-1252: none of these pairs occurs in Vietnamese ("Ã" and "Â" alone do).
MOJIBAKE_PATTERN = "[ÃÂ][¡-¿]|áº|á»|Ä‘|Æ[°¡]|\ufffd"


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
    connection.exec_driver_sql(f"DROP TABLE IF EXISTS {table} CASCADE")
    connection.exec_driver_sql(f"CREATE UNLOGGED TABLE {table} (line_no bigint NOT NULL, {body})")
    present = [*export.header.columns.values()]
    if contract.changed_at not in present:
        present.append(contract.changed_at)
    names = ["line_no", *_derived(contract, present), UNREADABLE, MOJIBAKE]
    batches = (_canonical(contract, export, batch, changed_at, names) for batch in export.batches)
    lines = copy_text(connection, table, names, _CsvStream(batches))
    connection.exec_driver_sql(f"ANALYZE {table}")
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
        text = _clean(batch.column(column.name), column, unreadable)
        if words := export.header.layout.words(column.name):
            text = _per_word(text, lambda word, words=words: words.get(fold(word), word))
        arrays[column.name] = _typed(text, column, unreadable)
        if column.type == "text":
            for row in _matching(text, MOJIBAKE_PATTERN):
                mojibake.setdefault(row, []).append(column.name)
        if column.fold:
            arrays[f"{column.name}_khoa"] = _per_word(text, fold)
        if column.procedure_root:
            arrays[f"{column.name}_goc"] = _per_word(text, procedure_root)
    if contract.changed_at not in arrays:
        arrays[contract.changed_at] = pa.array([changed_at] * batch.num_rows, pa.timestamp("s"))
    # The time an export was made also stands where a single row has no change time of its own.
    elif changed_at is not None and export.header.layout.exported_at:
        arrays[contract.changed_at] = pc.fill_null(
            arrays[contract.changed_at], pa.scalar(changed_at, pa.timestamp("s"))
        )
    for name, found in ((UNREADABLE, unreadable), (MOJIBAKE, mojibake)):
        if found:
            cells = (found.get(row) for row in range(batch.num_rows))
            texts = [json.dumps(cell, ensure_ascii=False) if cell else None for cell in cells]
            arrays[name] = pa.array(texts, pa.string())
        else:
            arrays[name] = pa.nulls(batch.num_rows, pa.string())
    return pa.RecordBatch.from_arrays([arrays[name] for name in names], names=names)


def _clean(text: pa.Array, column: Column, unreadable: dict[int, dict[str, str]]) -> pa.Array:
    """NFC, trimmed, blank as null; a NUL character, which PostgreSQL cannot hold, is unreadable."""
    text = pc.utf8_trim_whitespace(text)
    if column.type == "text":
        # Normalising Vietnamese costs a microsecond a value: do it once for each distinct one.
        text = _per_word(text, None) if _repeats(text) else pc.utf8_normalize(text, form="NFC")
    if with_nul := _matching(text, "\\x00"):
        for row in with_nul:
            unreadable.setdefault(row, {})[column.name] = "ký tự NUL"
        text = pc.if_else(pc.match_substring_regex(text, "\\x00"), None, text)
    return pc.if_else(pc.equal(text, ""), None, text)


def _matching(text: pa.Array, pattern: str) -> list[int]:
    """Rows whose text matches; each distinct value of a repeating column is looked at once."""
    if _repeats(text):
        encoded = text.dictionary_encode()
        hits = pc.match_substring_regex(encoded.dictionary, pattern)
        if not pc.any(hits).as_py():
            return []
        matched = hits.take(encoded.indices)
    else:
        matched = pc.match_substring_regex(text, pattern)
    return pc.indices_nonzero(pc.fill_null(matched, False)).to_pylist()


def _repeats(text: pa.Array) -> bool:
    sample = text.slice(0, 1000)
    return len(pc.unique(sample)) * 2 < len(sample)


def _per_word(text: pa.Array, function) -> pa.Array:
    """Applies `function` (or NFC normalisation) to each distinct value of a text column."""
    encoded = text.dictionary_encode()
    if function is None:
        words = pc.utf8_normalize(encoded.dictionary, form="NFC")
    else:
        words = pa.array([function(word) for word in encoded.dictionary.to_pylist()], pa.string())
    return words.take(encoded.indices)


def procedure_root(code: str) -> str:
    """The national root of a procedure code: 1.002835 of 1.002835.000.00.00.H56; else itself."""
    found = PROCEDURE_ROOT.match(code)
    return found[1] if found else code


def _typed(text: pa.Array, column: Column, unreadable: dict[int, dict[str, str]]) -> pa.Array:
    if column.type in ("text", "json"):
        return text
    if column.type == "timestamp":
        value = parse_times(text)
    else:
        number = r"^-?\d{1,9}$" if column.type == "int" else r"^-?\d{1,9}([.,]\d{1,6})?$"
        value = pc.if_else(pc.match_substring_regex(text, number), text, None)
        if column.type == "number":
            value = pc.replace_substring(value, ",", ".")
    bad = pc.and_(pc.is_valid(text), pc.is_null(value))
    if pc.any(bad).as_py():
        for row in pc.indices_nonzero(bad).to_pylist():
            unreadable.setdefault(row, {})[column.name] = text[row].as_py()[:64]
    return value


def parse_times(text: pa.Array) -> pa.Array:
    """Local times in any of TIME_FORMATS as timestamp[s]; null where none fits exactly."""
    length = pc.utf8_length(text)
    result = pa.nulls(len(text), pa.timestamp("s"))
    for form, size, day_at in TIME_FORMATS:
        fits = pc.fill_null(pc.equal(length, size), False)
        if not pc.any(fits).as_py():
            continue
        candidate = text if pc.all(fits).as_py() else pc.if_else(fits, text, None)
        parsed = pc.strptime(candidate, format=form, unit="s", error_is_null=True)
        digits = pc.utf8_slice_codeunits(candidate, day_at, day_at + 2)
        digits = pc.if_else(pc.match_substring_regex(digits, r"^\d\d$"), digits, None)
        same_day = pc.equal(pc.day(parsed), digits.cast(pa.int64()))
        result = pc.coalesce(result, pc.if_else(same_day, parsed, None))
    return result


class _CsvStream(io.RawIOBase):
    """Record batches as the csv text that COPY reads, one batch in memory at a time."""

    def __init__(self, batches: Iterator[pa.RecordBatch]) -> None:
        self._batches = batches
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        while not self._rest:
            batch = next(self._batches, None)
            if batch is None:
                return b""
            sink = pa.BufferOutputStream()
            options = pyarrow.csv.WriteOptions(include_header=False, quoting_style="needed")
            pyarrow.csv.write_csv(batch, sink, write_options=options)
            self._rest = memoryview(sink.getvalue())
        size = len(self._rest) if size < 0 else size
        taken, self._rest = self._rest[:size], self._rest[size:]
        return bytes(taken)
