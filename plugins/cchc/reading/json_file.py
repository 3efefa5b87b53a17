"""Reads JSON: an array, an envelope with `data`, or JSON Lines with an envelope in line 1."""

import io
import itertools
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import ijson
import orjson
import pyarrow as pa

from cchc.contracts import Contract
from cchc.errors import BadFile
from cchc.reading.dossier_lists import CONSUMED, columns_without_source, flatten_dossier
from cchc.reading.export import Export
from cchc.reading.header import Header, no_header, recognise, require_columns
from cchc.reading.totals import Total, stated_moment, stated_number

BATCH_LINES = 5_000
HEADER_RECORDS = 2_000
# A layout's `flatten`: the function, the nested fields it reads or knowingly leaves out, and which of its
# columns some records say nothing of.
FLATTENERS = {"dossier": (flatten_dossier, CONSUMED, columns_without_source)}


def open_json(contract: Contract, path: Path, where: str) -> Export:
    """The export in a JSON file; `where` is its name in messages."""
    envelope: dict[str, object] = {}
    records = _json_records(path, where, envelope)
    first = list(itertools.islice(records, HEADER_RECORDS))
    if not first:
        # A window in which nothing changed is a valid export: no line, total 0.
        export = Export(Header(contract.layouts[0], {}, [], [], [], 1), iter(()))
        _read_envelope(export, envelope)
        return export
    keys = list(dict.fromkeys(key for _, record in first for key in record))
    header = recognise(contract, keys, 1, where)
    if header is None:
        raise no_header(contract, where, f"the first records have the keys {', '.join(keys[:12])}")
    if header.layout.flatten:
        flatten, consumed, without_source = FLATTENERS[header.layout.flatten]
        # A list that the source does not send is a column that the file lacks: it erases nothing.
        unknown = without_source(record for _, record in first)
        summarised = [name for name in flatten({}) if name not in unknown]
        header.columns |= {len(keys) + i: name for i, name in enumerate(summarised)}
        header.extra = [key for key in header.extra if key not in consumed]
        header.missing = [name for name in header.missing if name not in summarised]
    require_columns(contract, header, where)
    export = Export(header, iter(()))
    export.batches = _json_batches(contract, itertools.chain(first, records), envelope, export, where)
    _read_envelope(export, envelope)
    return export


def _read_envelope(export: Export, envelope: dict[str, object]) -> None:
    account = export.account
    if account.exported_at is None and (moment := _moment(envelope.get("thoi_diem"))):
        account.exported_at, account.time_source = moment, "stated"
    stated = envelope.get("tong_so")
    if stated is not None and not account.totals:
        account.totals.append(Total(str(stated), 1, stated_number(stated)))


def _moment(value: object) -> datetime | None:
    try:
        return datetime.strptime(str(value), "%Y%m%d%H%M%S")  # noqa: DTZ007 - local time by contract
    except ValueError:
        return stated_moment(str(value))


def _json_records(
    path: Path, where: str, envelope: dict[str, object]
) -> Iterator[tuple[int, dict[str, object]]]:
    """(line number, record) of JSON Lines, of an array, or of an envelope with `data`.

    JSON Lines may open with one line without records, the envelope: {"tong_so": …}.
    """
    with path.open("rb") as file:
        first_line = file.readline()
        try:
            value = orjson.loads(first_line)
            lines = not (isinstance(value, list) or (isinstance(value, dict) and "data" in value))
        except orjson.JSONDecodeError:
            lines = False
        file.seek(0)
        if lines:
            yield from _json_lines(file, where, envelope)
        else:
            yield from _json_document(file, where, envelope)


def _json_lines(
    file: io.BufferedReader, where: str, envelope: dict[str, object]
) -> Iterator[tuple[int, dict[str, object]]]:
    for number, line in enumerate(file, start=1):
        if not line.strip():
            continue
        try:
            record = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise BadFile(
                f"{where}: line {number} is not JSON ({error}). Expected one object a line; the "
                f"file may be cut off: fetch or export it again."
            ) from error
        if not isinstance(record, dict):
            raise BadFile(f"{where}: line {number} is no object. Expected one object a line.")
        if number == 1 and "tong_so" in record:
            envelope |= record
        else:
            yield number, record


def _json_document(
    file: io.BufferedReader, where: str, envelope: dict[str, object]
) -> Iterator[tuple[int, dict[str, object]]]:
    number = 0
    try:
        builder: ijson.ObjectBuilder | None = None
        base = ""
        for prefix, event, value in ijson.parse(file, use_float=False):
            if builder is not None:
                builder.event(event, value)
                if prefix == base and event == "end_map":
                    number += 1
                    yield number, builder.value
                    builder = None
            elif prefix in ("item", "data.item"):
                if event != "start_map":
                    raise BadFile(f"{where}: record {number + 1} is no object.")
                base, builder = prefix, ijson.ObjectBuilder()
                builder.event(event, value)
            elif "." not in prefix and event in ("string", "number"):
                envelope[prefix] = value
    except (ijson.JSONError, UnicodeError) as error:
        raise BadFile(
            f"{where}: not valid JSON after record {number} ({str(error)[:160]}). The file may be "
            f"cut off: export it again."
        ) from error
    code = str(envelope.get("error_code", "0"))
    if code != "0":
        raise BadFile(
            f"{where}: the source answered error_code {code}: this file holds no data. Export again."
        )


def _json_batches(
    contract: Contract,
    records: Iterator[tuple[int, dict[str, object]]],
    envelope: dict[str, object],
    export: Export,
    where: str,
) -> Iterator[pa.RecordBatch]:
    header = export.header
    names = list(header.columns.values())
    flatten, consumed, _ = FLATTENERS.get(header.layout.flatten or "", (None, frozenset(), None))
    by_key: dict[str, str | None] = {}
    while chunk := list(itertools.islice(records, BATCH_LINES)):
        columns: dict[str, list[str | None]] = {name: [None] * len(chunk) for name in names}
        for position, (line, record) in enumerate(chunk):
            for key, value in record.items():
                if key not in by_key:
                    column = contract.column_of(key)
                    by_key[key] = None if column is None or column.personal else column.name
                    if column is None and key not in consumed and key not in header.extra:
                        header.extra.append(key)
                    elif by_key[key] and by_key[key] not in columns:
                        raise _late_field(where, line, key)
                if (name := by_key[key]) is not None and value is not None:
                    columns[name][position] = _json_text(value)
            if flatten:
                for name, value in flatten(record).items():
                    if name in columns:
                        columns[name][position] = value
                    elif value not in (None, "0"):
                        raise _late_field(where, line, name)
        export.account.records += len(chunk)
        yield pa.RecordBatch.from_arrays(
            [
                pa.array([line for line, _ in chunk], pa.int64()),
                *(pa.array(values, pa.string()) for values in columns.values()),
            ],
            names=["line_no", *names],
        )
    _read_envelope(export, envelope)


def _late_field(where: str, line: int, name: str) -> BadFile:
    return BadFile(
        f"{where}: the record at line {line} has the field {name!r} that none of the first "
        f"{HEADER_RECORDS} records has. Expected the same fields in every record (null when empty): "
        f"export again."
    )


def _json_text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    return str(value)
