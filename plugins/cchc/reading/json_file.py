"""Reads JSON: an array, an envelope with `data`, or JSON Lines with an envelope in line 1."""

import itertools
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from cchc.contracts import Contract
from cchc.errors import BadFile
from cchc.field_words import shown
from cchc.reading.export import Account, Export
from cchc.reading.header import Header, no_header, recognise, require_columns
from cchc.reading.json_columns import Columns
from cchc.reading.json_envelope import FIELDS, MOMENT, read_envelope
from cchc.reading.json_records import BLOCK_BYTES, SHAPES, Records
from cchc.reading.json_values import NotJson, TooLarge, parse_record

BATCH_LINES = 5_000
HEADER_RECORDS = 2_000
# Records may be large: no more bytes of them are held at a time.
HELD_BYTES = 32 << 20

# A field's name may have letters of ASCII written as numbers.
ESCAPED_LETTER = re.compile(rb"\\u00[5-7]")

SPEAKS_OF_ALL = frozenset({*FIELDS, "data"})

# Its number, its fields, and the faults of fields that are not among them.
Record = tuple[int, dict[str, Any], dict[str, str]]


def open_json(contract: Contract, path: Path, where: str) -> Export:
    """The export in a JSON file; `where` is its name in messages."""
    file = _File(contract, path, where)
    records = iter(file)
    first: list[Record] = []
    for record in itertools.islice(records, HEADER_RECORDS):
        first.append(record)
        if file.records.bytes > HELD_BYTES:
            break
    if not first:
        # A window in which nothing changed is a valid export: no line, total 0.
        export = Export(Header(contract.layouts[0], {}, [], [], [], 1), iter(()))
        file.complete(export.account)
        return export
    header = _header(contract, first, where)
    lacking = _lacking(contract, header, first, where)
    timed, envelope = contract.changed_at in header.columns.values(), file.envelope
    if not file.ended:
        # What times the lines and the export have must be known before the first line is given.
        whole = _File(contract, path, where)
        if not timed:
            for record in whole:
                timed = timed or contract.changed_at in _names(contract, record)
            envelope = whole.envelope
        elif envelope and MOMENT not in envelope and not file.records.lines and _may_tell_moment(path):
            envelope = whole.envelope_alone()
    header.columns = {
        i: column.name
        for i, column in enumerate(contract.read)
        if timed or column.name != contract.changed_at
    }
    header.personal, header.extra = [], []
    export = Export(header, iter(()))
    stated = Account()
    read_envelope(envelope, stated, where)
    export.account.exported_at, export.account.time_source = stated.exported_at, stated.time_source
    columns = Columns(contract, header, where)
    export.batches = _batches(itertools.chain(first, records), columns, lacking, file, export)
    return export


class _File:
    """The records of a JSON file that are parsed, one after the other, and its envelope."""

    def __init__(self, contract: Contract, path: Path, where: str) -> None:
        self._contract, self._path, self._where = contract, path, where
        self._envelope_lines: list[int] = []
        self.envelope: dict[str, Any] = {}
        self.ended = False

    def __iter__(self) -> Iterator[Record]:
        with self._path.open("rb") as file:
            self.records = Records(file, self._where)
            for number, data in self.records:
                record, faults = self._parsed(data, number)
                if self._is_envelope(number, record, faults):
                    continue
                if not self.records.lines and not self.envelope and self.records.envelope:
                    self._read_envelope()
                yield number, record, faults
            self._read_envelope()
        self.ended = True

    def envelope_alone(self) -> dict[str, Any]:
        """The envelope of a document; its records are passed over."""
        with self._path.open("rb") as file:
            self.records = Records(file, self._where)
            for _ in self.records:
                pass
        self._read_envelope()
        return self.envelope

    def complete(self, account: Account) -> None:
        """Adds to the account what is known when all records were read."""
        account.records = self.records.count
        for number in self._envelope_lines:
            account.skip(number, "envelope")
        read_envelope(self.envelope, account, self._where)

    def _parsed(self, data: bytes, number: int | None) -> tuple[dict[str, Any], dict[str, str]]:
        try:
            return parse_record(data)
        except NotJson as error:
            place = self._place(number, error.text)
            raise BadFile(
                f"{self._where}: {place}: this is not JSON: {error.found}. {SHAPES} Export it "
                "again. Nothing was loaded."
            ) from None
        except TooLarge as error:
            raise BadFile(
                f"{self._where}: {self._place(number)}: {error}. Expected an export of "
                f"{self._contract.dataset}. Nothing was loaded."
            ) from None

    def _place(self, number: int | None, text: str = "") -> str:
        if number is None:
            return "the object around the list data"
        of = "" if self.records.lines else f", record {number}"
        return f"{self.records.place(text)}{of}"

    def _read_envelope(self) -> None:
        """Reads what stands around `data`: the more, the more of the file was read."""
        if self.records.envelope:
            self.envelope, faults = self._parsed(self.records.envelope, None)
            self._refuse(faults, "the object around the list data")

    def _is_envelope(self, number: int, record: dict[str, Any], faults: dict[str, str]) -> bool:
        """Whether an object of JSON Lines is none of its records but speaks of them; notes it then."""
        keys = record.keys() | faults.keys() if faults else record.keys()
        if SPEAKS_OF_ALL.isdisjoint(keys) or any(map(self._contract.column_of, keys)):
            return False
        listed = "data" in keys
        place = self._place(number)
        if listed or any(isinstance(value, list | dict) and value for value in record.values()):
            # An answer that says why it has no data is told as such.
            read_envelope(record, Account(), self._where)
            raise BadFile(
                f"{self._where}: {place}: here stands no record, and no list data of records. {SHAPES}"
            )
        if not self.records.lines:
            return False
        if self._envelope_lines:
            raise BadFile(
                f"{self._where}: {place}: the file speaks of itself a second time, as two exports in one do. "
                "Expected one: load them one by one."
            )
        self._refuse(faults, place)
        self.envelope = record
        self._envelope_lines.append(number)
        return True

    def _refuse(self, faults: dict[str, str], place: str) -> None:
        for name in faults:
            raise BadFile(
                f"{self._where}: {place}: the field {shown(name)} is there twice, or is no value. Expected "
                "each field once: export it again. Nothing was loaded."
            )


def _may_tell_moment(path: Path) -> bool:
    """Whether a document may say behind its records when it was made: it then has the word somewhere."""
    word, escape = MOMENT.encode(), b"\\u00"
    read = b""
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            read = read[-len(word) :] + block
            if word in read or (escape in read and ESCAPED_LETTER.search(read)):
                return True
    return False


def _names(contract: Contract, record: Record) -> set[str]:
    return {column.name for key in (*record[1], *record[2]) if (column := contract.column_of(key))}


def _header(contract: Contract, first: list[Record], where: str) -> Header:
    """The header that the fields of the first records are."""
    keys = list(dict.fromkeys(key for _, record, faults in first for key in (*record, *faults)))
    by_column: dict[str, str] = {}
    for key in keys:
        column = contract.column_of(key)
        # Of two fields for one column each record has one, or is rejected.
        by_column.setdefault(column.name if column else f" {key}", key)
    header = recognise(contract, list(by_column.values()), 1, where)
    if header is None:
        seen = ", ".join(map(shown, keys[:12]))
        raise no_header(contract, where, f"the first records have the keys {seen}{_inner(first[0][1])}")
    return header


def _inner(record: dict[str, Any], within: str = "") -> str:
    """Where in a first record other records stand, as words of a refusal; empty when nowhere."""
    for key, value in record.items():
        name = f"{within}{shown(key)}"
        if isinstance(value, list) and value and isinstance(value[0], dict):
            return f"; records stand in its list {name}, where a list data at the top is expected"
        if isinstance(value, dict) and not within and (found := _inner(value, f"{name}.")):
            return found
    return ""


def _lacking(contract: Contract, header: Header, first: list[Record], where: str) -> list[str]:
    """Required columns that no first record has, though it may be that the export leaves empty fields out;
    raises BrokenExport where it does not."""
    present = set(header.columns.values())
    lacking = [c.name for c in contract.columns if c.required and c.name not in present]
    if lacking and (set(lacking) & set(contract.key) or any(_blank(record) for _, record, _ in first)):
        require_columns(contract, header, where)
    return lacking


def _blank(record: dict[str, Any]) -> bool:
    return any(value is None or value == "" for value in record.values())


def _batches(
    records: Iterator[Record], columns: Columns, lacking: list[str], file: _File, export: Export
) -> Iterator[pa.RecordBatch]:
    held = 0
    for number, record, faults in records:
        columns.add(number, record, faults)
        if len(columns) == BATCH_LINES or file.records.bytes - held > HELD_BYTES:
            yield columns.take()
            held = file.records.bytes
    if len(columns):
        yield columns.take()
    early = export.account.exported_at
    file.complete(export.account)
    if export.account.exported_at != early:
        export.account.exported_at = export.account.time_source = None
        export.account.notes.append(f"{MOMENT} đứng sau các dòng nên không được dùng: hãy đặt ở dòng đầu.")
    _note_missing(columns, lacking, export)


def _note_missing(columns: Columns, lacking: list[str], export: Export) -> None:
    """Says which columns no record has. Where empty fields are left out, required ones are empty in all."""
    without = columns.without()
    empty = [name for name in lacking if name in without]
    if empty and columns.blanks:
        header = replace(export.header, columns=dict(enumerate(columns.seen)))
        require_columns(columns.contract, header, columns.where)
    if empty:
        export.account.notes.append(
            f"Không bản ghi nào có trường {', '.join(empty)}; tệp bỏ các trường trống, nên coi là trống."
        )
    export.header.missing = [
        column.name
        for column in columns.contract.staged
        if column.name in without and column.name not in empty
    ]
