"""Canonical values: text in NFC, codes for words, numbers, local times; what cannot be read is kept aside."""

import json
import re
from collections.abc import Callable
from datetime import datetime
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from cchc.contracts import Column, Contract
from cchc.reading.export import Export
from cchc.spelling import fold

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
UNREADABLE = "unreadable_cells"
MOJIBAKE = "mojibake_columns"
# UTF-8 read as Windows-1252: none of these pairs occurs in Vietnamese ("Ã" and "Â" alone do).
MOJIBAKE_PATTERN = "[ÃÂ][¡-¿]|áº|á»|Ä‘|Æ[°¡]|\ufffd"
DAMAGE_PATTERN = f"\\x00|{MOJIBAKE_PATTERN}"


def canonical(
    contract: Contract,
    export: Export,
    batch: pa.RecordBatch,
    changed_at: datetime | None,
    names: list[str],
) -> pa.RecordBatch:
    """The lines of `batch` as typed columns `names`; `changed_at` where a line has no change time."""
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
        values = words.map(partial(_code, codes)) if codes else words
        if column.type in NUMBERS:
            values = _numbers(values, column, unreadable)
        arrays[column.name] = values.array
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
    _merge_faults(batch, unreadable)
    for name, found in ((UNREADABLE, unreadable), (MOJIBAKE, mojibake)):
        cells: list[str | None] = [None] * batch.num_rows
        for row, cell in found.items():
            cells[row] = json.dumps(cell, ensure_ascii=False)
        arrays[name] = pa.array(cells, pa.string())
    return pa.RecordBatch.from_arrays([arrays[name] for name in names], names=names)


def _merge_faults(batch: pa.RecordBatch, unreadable: dict[int, dict[str, str]]) -> None:
    """Adds what the reader of the file says of cells that it could not read."""
    if "faults" in batch.schema.names:
        for row, faults in enumerate(batch.column("faults").to_pylist()):
            if faults:
                unreadable.setdefault(row, {}).update(json.loads(faults))


def _code(codes: dict[str, str], word: str) -> str:
    return codes.get(fold(word), word)


class _Words:
    """A text column by its distinct values: Python looks at each of them once, not at each row.

    Values are in NFC; blank is null. Where nearly every value is different the column is kept as it
    is, because encoding it would only cost.
    """

    def __init__(self, text: pa.Array) -> None:
        sample = text.slice(0, 1000)
        repeats = len(pc.unique(sample)) * 2 < len(sample)
        encoded = text.dictionary_encode() if repeats else None
        words = pc.utf8_normalize(text if encoded is None else encoded.dictionary, form="NFC")
        self.words = pc.if_else(pc.equal(words, ""), None, words)
        self.indices = None if encoded is None else encoded.indices

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
        found: list[int] = pc.indices_nonzero(pc.fill_null(rows, False)).to_pylist()
        return found


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


def derived(contract: Contract, present: list[str]) -> list[str]:
    """The staged columns that those of `present` give: each, and what is derived from it."""
    names = []
    for column in contract.staged:
        if column.name in present:
            names.append(column.name)
            names.extend([f"{column.name}_khoa"] if column.fold else [])
            names.extend([f"{column.name}_goc"] if column.procedure_root else [])
    return names
