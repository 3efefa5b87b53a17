"""Canonical values: text in NFC, codes for words, numbers, local times; what cannot be read is kept aside."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import lru_cache, partial

import pyarrow as pa
import pyarrow.compute as pc

from cchc.contracts import CODE_LENGTH, MAX_LENGTH, Column, Contract, Layout
from cchc.mail_addresses import MAY_BE_ONE
from cchc.personal_names import may_have_name
from cchc.personal_numbers import MAY_HAVE_ONE
from cchc.reading.column_evidence import ColumnEvidence
from cchc.reading.damage import damaged
from cchc.reading.export import FAULTS, Export
from cchc.reading.json_text import read_list
from cchc.reading.refused_cells import REASON, kept
from cchc.reading.written_codes import procedure_roots, shaped_as_codes, sound_codes
from cchc.reading.written_numbers import Unreadable, read_number
from cchc.reading.written_texts import read_text, with_evidence
from cchc.spelling import INVISIBLE, fold
from cchc.written_times import local_now, parse_times, read_time, says_no_time

# Of texts only these may be an error of a spreadsheet, or have an address of mail or a number of a person.
SUSPECT = rf"^#|^Err:|{MAY_BE_ONE}|{MAY_HAVE_ONE}"
# So few different words of a batch are sooner looked at one by one than by expressions, which are compiled
# each time; and so many of a column are remembered.
FEW_WORDS, KNOWN_WORDS = 500, 10_000
UNREADABLE = "unreadable_cells"
MOJIBAKE = "mojibake_columns"


def canonical(
    contract: Contract,
    export: Export,
    batch: pa.RecordBatch,
    changed_at: datetime | None,
    names: list[str],
    repaired: dict[str, int] | None = None,
) -> pa.RecordBatch:
    """The lines of `batch` as typed columns `names`; `changed_at` where a line has no change time.

    Adds to `repaired`, column by column, how many cells were loaded otherwise than they stood in the file.
    """
    repaired = {} if repaired is None else repaired
    unreadable = _faults(batch)
    mojibake: dict[int, list[str]] = {}
    arrays: dict[str, pa.Array] = {"line_no": batch.column("line_no")}
    for column in contract.read:
        if column.name not in batch.schema.names:
            continue
        text = pc.utf8_trim_whitespace(batch.column(column.name))
        layout = export.header.layout
        if column.type == "timestamp":
            limits = _limits(contract, export, column, changed_at)
            arrays[column.name] = _times(contract, text, column, layout, limits, unreadable)
            continue
        words = _Words(text)
        if column.type in ("text", "json"):
            _spot_damage(words, column, unreadable, mojibake)
        if column.type == "text":
            words = _sound(contract, export, words, column, unreadable, repaired)
        if not column.used:
            continue
        values = _values(contract, export, words, column, unreadable)
        arrays[column.name] = values.array
        if column.fold:
            arrays[f"{column.name}_khoa"] = words.map(_folded).array
        if column.procedure_root:
            arrays[f"{column.name}_goc"] = procedure_roots(words.array)
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


def _values(
    contract: Contract, export: Export, words: "_Words", column: Column, unreadable: dict[int, dict[str, str]]
) -> "_Words":
    """A column that is no time, with codes for words, as its type."""
    codes = export.header.layout.words(column.name)
    values = words.map(partial(_code, codes)) if codes else words
    if column.type in ("int", "number"):
        reader = export.readers.get(column.name)
        if reader is None:
            reader = lru_cache(KNOWN_WORDS)(_number_reader(column, export.header.layout))
            export.readers[column.name] = reader
        return _read(contract, values, reader, column, unreadable)
    if column.type == "json":
        return _read(contract, values, partial(read_list, fields=column.fields), column, unreadable)
    return values


def _faults(batch: pa.RecordBatch) -> dict[int, dict[str, str]]:
    """What the reader says of cells that are no values."""
    if FAULTS not in batch.schema.names:
        return {}
    faults = batch.column(FAULTS)
    return {
        row: {name: f"{REASON}{words}" for name, words in json.loads(faults[row].as_py()).items()}
        for row in pc.indices_nonzero(faults.is_valid()).to_pylist()
    }


# The same few words come in every batch.
_folded = lru_cache(KNOWN_WORDS)(fold)


def _code(codes: dict[str, str], word: str) -> str:
    return codes.get(_folded(word), word)


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
    def few(self) -> bool:
        """Whether the column has few different values."""
        return self.indices is not None and len(self.words) < FEW_WORDS

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
    for kind, texts in damaged(words.words, escapes=column.type == "text").items():
        for row in words.rows_where(texts):
            mojibake.setdefault(row, []).append(f"{column.name}: {kind}")
    nul = pc.match_substring(words.words, "\x00")
    if not pc.any(nul).as_py():
        return
    for row in words.rows_where(nul):
        unreadable.setdefault(row, {})[column.name] = f"{REASON}ký tự NUL"
    words.words = pc.if_else(nul, None, words.words)


def _read(
    contract: Contract,
    words: _Words,
    reader: Callable[[str], str | None],
    column: Column,
    unreadable: dict[int, dict[str, str]],
) -> _Words:
    """The column as `reader` reads it; notes the cells for which it raises ValueError, with its reason."""
    refused: dict[str, str] = {}

    def value(word: str) -> str | None:
        try:
            return reader(word)
        except ValueError as error:
            refused[word] = str(error)
            return None

    values = words.map(value)
    if refused:
        cells = words.array
        for row in words.rows_where(pc.is_in(words.words, pa.array(list(refused), pa.string()))):
            word = cells[row].as_py()
            unreadable.setdefault(row, {})[column.name] = kept(contract, column, word, refused[word])
    return values


def _sound(
    contract: Contract,
    export: Export,
    words: _Words,
    column: Column,
    unreadable: dict[int, dict[str, str]],
    repaired: dict[str, int],
) -> _Words:
    """A text column as its contract wants it: repaired where that is certain, noted where it is not."""
    code = contract.is_code(column)
    longest = column.max_length or (CODE_LENGTH if code else MAX_LENGTH)
    reader = export.readers.get(column.name)
    if reader is None:
        reader = lru_cache(KNOWN_WORDS)(partial(read_text, column, code, longest, contract.values_of(column)))
        export.readers[column.name] = reader
    named = column.published and not code and not column.notation
    if column.plain or (column.published and not named) or column.pattern is not None or words.few:
        unsound = pc.is_valid(words.words)
    elif code:
        unsound = pc.invert(sound_codes(words.words))
    elif column.notation:
        unsound = pc.invert(shaped_as_codes(words.words))
    else:
        unsound = pc.match_substring_regex(words.words, SUSPECT)
        if named:
            # In one expression they would be too much for RE2.
            unsound = pc.or_(unsound, pc.match_substring_regex(words.words, may_have_name()))
        # Nothing in ASCII is invisible, and to look for that takes a tenth of the time.
        if not pc.all(pc.string_is_ascii(words.words)).as_py():
            unsound = pc.or_(unsound, pc.match_substring_regex(words.words, f"[{INVISIBLE}]"))
    if (pc.max(pc.binary_length(words.words)).as_py() or 0) > longest:
        unsound = pc.or_(unsound, pc.greater(pc.utf8_length(words.words), longest))
    if not pc.any(unsound).as_py():
        return words
    doubtful = words.with_words(pc.if_else(unsound, words.words, None))
    judged = partial(with_evidence, reader, ColumnEvidence(words.words))
    read = _read(contract, doubtful, judged if code or column.notation else reader, column, unreadable)
    changed = pc.not_equal(pc.fill_null(read.words, ""), doubtful.words)
    # A cell that was refused is noted as unreadable; one that is left empty was repaired.
    count = sum(column.name not in unreadable.get(row, ()) for row in doubtful.rows_where(changed))
    if column.used and count:
        repaired[column.name] = repaired.get(column.name, 0) + count
    return words.with_words(pc.if_else(pc.fill_null(unsound, False), read.words, words.words))


def _number_reader(column: Column, layout: Layout) -> Callable[[str], str | None]:
    """Reads a cell of a column of numbers."""
    unknown = {word.casefold() for word in (*column.unknown, *layout.nulls)}
    first, last = column.numbers()

    def number(word: str) -> str | None:
        if word.casefold() in unknown:
            return None
        if len(word) < 9 and word.isascii() and word.isdecimal() and first <= int(word) <= last:
            return str(int(word))
        value = read_number(word, column.type == "int", layout.numbers)
        if not first <= value <= last:
            raise Unreadable(f"ngoài khoảng {first:f} đến {last:f}")
        return f"{value.to_integral_value() if column.type == 'int' else value:f}"

    return number


def _limits(
    contract: Contract, export: Export, column: Column, changed_at: datetime | None
) -> tuple[datetime, datetime]:
    """The first and the last time that a column takes, counted from the export or, failing that, today."""
    now = local_now().replace(microsecond=0)
    exported_at = changed_at or export.account.exported_at
    first, last = column.times(exported_at or now)
    if column.name == contract.changed_at and exported_at is None:
        # The newest of these will be taken for the time of the export.
        last = min(last, now + timedelta(days=1))
    return first, last


def _times(
    contract: Contract,
    text: pa.Array,
    column: Column,
    layout: Layout,
    limits: tuple[datetime, datetime],
    unreadable: dict[int, dict[str, str]],
) -> pa.Array:
    value = parse_times(text)
    words = (*column.unknown, *layout.nulls)
    if value.null_count != text.null_count:
        unknown = pa.array([word.lower() for word in words], pa.string())
        bad = pc.and_(pc.is_null(value), pc.greater(pc.utf8_length(text), 0))
        bad = pc.and_(bad, pc.invert(pc.is_in(pc.utf8_lower(text), unknown)))
        for row in pc.indices_nonzero(pc.fill_null(bad, False)).to_pylist():
            if not says_no_time(cell := text[row].as_py(), words):
                unreadable.setdefault(row, {})[column.name] = kept(contract, column, cell, "")
    ends = pc.min_max(value)
    first, last = (pa.scalar(limit, pa.timestamp("s")) for limit in limits)
    within = pc.and_(pc.greater_equal(ends["min"], first), pc.less_equal(ends["max"], last))
    if not ends["min"].is_valid or within.as_py():
        return value
    outside = pc.or_(pc.less(value, first), pc.greater(value, last))
    moments = [moment for word in words if (moment := read_time(word))]
    beyond = pc.and_(outside, pc.invert(pc.is_in(value, pa.array(moments, pa.timestamp("s")))))
    reason = f"ngoài khoảng {limits[0]:%d/%m/%Y} đến {limits[1]:%d/%m/%Y}"
    for row in pc.indices_nonzero(pc.fill_null(beyond, False)).to_pylist():
        if not says_no_time(cell := text[row].as_py(), words):
            unreadable.setdefault(row, {})[column.name] = kept(contract, column, cell, reason)
    return pc.if_else(pc.fill_null(outside, False), None, value)


def derived(contract: Contract, present: list[str]) -> list[str]:
    """The staged columns that those of `present` give: each, and what is derived from it."""
    names = []
    for column in contract.staged:
        if column.name in present:
            names.append(column.name)
            names.extend([f"{column.name}_khoa"] if column.fold else [])
            names.extend([f"{column.name}_goc"] if column.procedure_root else [])
    return names
