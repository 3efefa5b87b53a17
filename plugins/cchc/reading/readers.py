"""Opens a landed file (CSV, JSON, XLSX) and yields its lines as text columns named by the contract."""

import csv
import io
import itertools
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import ijson
import orjson
import pyarrow as pa
import pyarrow.csv

from cchc.contracts import Contract, Layout
from cchc.errors import BadFile
from cchc.reading.dossier_lists import CONSUMED, columns_without_source, flatten_dossier
from cchc.spelling import fold

HEADER_SEARCH_ROWS = 40
JSON_BATCH_LINES = 5_000
JSON_HEADER_RECORDS = 2_000
CSV_BLOCK_BYTES = 4 << 20
XLSX_LIMITS = {"memory_bytes": 2 << 30, "cpu_seconds": 300, "wall_seconds": 600}
# A layout's `flatten`: the function, the nested fields it reads or knowingly leaves out, and which of its
# columns some records say nothing of.
FLATTENERS = {"dossier": (flatten_dossier, CONSUMED, columns_without_source)}


@dataclass
class Header:
    """What the header of a file says: which layout, which columns, where, and what is extra."""

    layout: Layout
    columns: dict[int, str]
    personal: list[str]
    extra: list[str]
    missing: list[str]
    row: int


@dataclass
class Export:
    """An opened file. `batches` yields record batches: int64 line_no, then text columns.

    `line_no` is the 1-based row of the sheet, record of the JSON data, or record of the CSV
    counting the lines before it. `stated_total` and `exported_at` are what the file itself says;
    after `batches` is exhausted a total that stands at the end of the file is known as well.
    """

    header: Header
    batches: Iterator[pa.RecordBatch]
    stated_total: int | None = None
    exported_at: datetime | None = None
    notes: list[str] = field(default_factory=list)


def recognise(contract: Contract, cells: list[str], row: int, where: str) -> Header | None:
    """The header that `cells` are under this contract, or None when they are no header."""
    known = {fold(cell) for cell in cells if cell.strip()}
    layout = next(
        (
            candidate
            for candidate in contract.layouts
            if {fold(header) for header in candidate.signature} <= known
        ),
        None,
    )
    if layout is None:
        return None
    ignored = {fold(header) for header in layout.ignored_headers}
    columns: dict[int, str] = {}
    personal: list[str] = []
    extra: list[str] = []
    for index, cell in enumerate(cells):
        column = contract.column_of(cell) if cell.strip() else None
        if column is None:
            if cell.strip() and fold(cell) not in ignored:
                extra.append(" ".join(cell.split()))
        elif column.personal:
            personal.append(column.name)
        elif column.name in columns.values():
            raise BadFile(
                f"{where}: row {row}: column {column.name!r} appears twice (second time as {cell.strip()!r}, "
                f"position {index + 1}). Expected each column once: remove or rename one."
            )
        else:
            columns[index] = column.name
    present = set(columns.values())
    return Header(
        layout=layout,
        columns=columns,
        personal=sorted(set(personal)),
        extra=extra,
        missing=[column.name for column in contract.staged if column.name not in present],
        row=row,
    )


def require_columns(contract: Contract, header: Header, where: str) -> None:
    """Raises BadFile when a required column is not among the header's columns."""
    present = set(header.columns.values())
    lacking = [c for c in contract.columns if c.required and c.name not in present]
    if lacking:
        wanted = "; ".join(f"{c.name} (seen as: {', '.join((c.name, *c.headers))})" for c in lacking)
        raise BadFile(
            f"{where}: the header in row {header.row} (layout {header.layout.name}) lacks required "
            f"columns: {wanted}. Nothing was loaded. Export again with these columns, or add the "
            f"header's name to plugins/cchc/contracts/{contract.dataset}.yaml."
        )


def no_header(contract: Contract, where: str, seen: str) -> BadFile:
    layouts = "; ".join(f"{lay.name}: {', '.join(lay.signature)}" for lay in contract.layouts)
    return BadFile(
        f"{where}: no header row of dataset {contract.dataset} found in the first "
        f"{HEADER_SEARCH_ROWS} rows ({seen}). Expected a row with the headers of one layout "
        f"({layouts}). Nothing was loaded. Check that this is the right file for the dataset."
    )


@contextmanager
def open_export(contract: Contract, path: Path, name: str | None = None) -> Iterator[Export]:
    """Opens `path` by its content, not its name; raises BadFile with what, where and what to do."""
    where = name or path.name
    with path.open("rb") as file:
        head = file.read(1 << 16)
    if not head.strip(b"\x00\r\n\t \xef\xbb\xbf"):
        raise BadFile(f"{where}: the file is empty ({path.stat().st_size} bytes). Export it again.")
    if head.startswith(b"PK\x03\x04"):
        with _open_xlsx(contract, path, where) as export:
            yield export
    elif head.startswith(b"\xd0\xcf\x11\xe0"):
        raise BadFile(
            f"{where}: this is an old .xls workbook (or one with a password). Expected .xlsx, .csv "
            f"or .json: open it in a spreadsheet program and save it as .xlsx without password."
        )
    elif (
        head.lstrip(b"\xef\xbb\xbf\r\n\t ").lower().startswith((b"<html", b"<!doctype", b"<table", b"<?xml"))
    ):
        raise BadFile(
            f"{where}: this is a web page or XML, often saved as .xls by a portal. Expected .xlsx, "
            f".csv or .json: open it in a spreadsheet program and save it as .xlsx."
        )
    elif head.startswith(b"%PDF"):
        raise BadFile(f"{where}: this is a PDF. Expected .xlsx, .csv or .json.")
    elif head.lstrip(b"\xef\xbb\xbf\r\n\t ")[:1] in (b"{", b"["):
        yield _open_json(contract, path, where)
    else:
        yield _open_csv(contract, path, where, head)


# CSV ------------------------------------------------------------------------------------------


def _open_csv(contract: Contract, path: Path, where: str, head: bytes) -> Export:
    encoding = "utf-16" if head[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    if encoding != "utf-16" and b"\x00" in head:
        raise BadFile(
            f"{where}: byte {head.index(0) + 1} is NUL: this is no text file. "
            f"Expected .xlsx, .csv (UTF-8) or .json."
        )
    try:
        with path.open(encoding=encoding, newline="") as file:
            top = list(itertools.islice(file, HEADER_SEARCH_ROWS))
    except UnicodeError as error:
        raise _bad_encoding(where, error) from error
    header, delimiter = _csv_header(contract, top, where)
    require_columns(contract, header, where)
    # Column names are made up here: real headers may repeat, which pyarrow does not take.
    width = len(next(csv.reader([top[header.row - 1]], delimiter=delimiter)))
    names = [f"c{index}" for index in range(width)]
    wanted = {f"c{index}": name for index, name in header.columns.items()}
    batches = _csv_batches(path, where, header, delimiter, names, wanted, encoding)
    return Export(header, batches, _total_above(header, top, delimiter))


def _total_above(header: Header, top: list[str], delimiter: str) -> int | None:
    """The number of lines that a row above the header states, as landed pulls do."""
    for cells in csv.reader(top[: header.row - 1], delimiter=delimiter):
        if header.layout.total_label and cells[:1] and fold(cells[0]) == fold(header.layout.total_label):
            return _as_int(next(iter(cells[1:]), None))
    return None


def _csv_header(contract: Contract, top: list[str], where: str) -> tuple[Header, str]:
    for row, line in enumerate(top, start=1):
        for delimiter in (",", ";", "\t", "|"):
            cells = next(csv.reader([line], delimiter=delimiter), [])
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
                block_size=CSV_BLOCK_BYTES,
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


# JSON -----------------------------------------------------------------------------------------


def _open_json(contract: Contract, path: Path, where: str) -> Export:
    envelope: dict[str, object] = {}
    records = _json_records(path, where, envelope)
    first = list(itertools.islice(records, JSON_HEADER_RECORDS))
    if not first:
        # A window in which nothing changed is a valid export: no line, total 0.
        header = Header(contract.layouts[0], {}, [], [], [], 1)
        export = Export(header, iter(()))
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
    export.stated_total = _as_int(envelope.get("tong_so"))
    export.exported_at = _as_time(envelope.get("thoi_diem"))


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
    while chunk := list(itertools.islice(records, JSON_BATCH_LINES)):
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
        f"{JSON_HEADER_RECORDS} records has. Expected the same fields in every record (null when empty): "
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


def _as_int(value: object) -> int | None:
    return int(str(value)) if value is not None and str(value).strip().isdigit() else None


def _as_time(value: object) -> datetime | None:
    if value is None:
        return None
    for form in ("%Y%m%d%H%M%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%d/%m/%Y %H:%M"):
        try:
            return datetime.strptime(str(value).strip(), form)  # noqa: DTZ007 - local time by contract
        except ValueError:
            continue
    return None


# XLSX -----------------------------------------------------------------------------------------


@contextmanager
def _open_xlsx(contract: Contract, path: Path, where: str) -> Iterator[Export]:
    """Reads the workbook in a child process with limits: a small hostile file can ask for 512 GiB."""
    with tempfile.TemporaryDirectory(prefix="cchc-xlsx-") as folder:
        out = Path(folder) / "rows.arrow"
        command = [sys.executable, "-m", "cchc.reading.xlsx_child", contract.dataset, str(path), str(out)]
        try:
            done = subprocess.run(
                command,
                check=False,
                capture_output=True,
                timeout=XLSX_LIMITS["wall_seconds"],
                cwd=Path(__file__).parents[2],
            )
        except subprocess.TimeoutExpired as error:
            raise BadFile(
                f"{where}: reading the workbook took more than {XLSX_LIMITS['wall_seconds']} s and was "
                f"stopped. Export it as CSV, or split it by month."
            ) from error
        answer = done.stdout.decode("utf-8", "replace").strip().splitlines()
        found = json.loads(answer[-1]) if answer and answer[-1].startswith("{") else {}
        if done.returncode or "error" in found:
            reason = found.get("error") or (
                f"the workbook could not be read within {XLSX_LIMITS['memory_bytes'] >> 30} GiB of "
                f"memory and {XLSX_LIMITS['cpu_seconds']} s (reader ended with {done.returncode}); "
                f"often cells far away from the data. Copy the data into a new workbook, or save as CSV"
            )
            raise BadFile(f"{where}: {reason}.".replace("..", "."))
        header = recognise(contract, found["header"], found["row"], where)
        if header is None:
            raise no_header(contract, where, "the reader and the contract disagree")
        in_sheet = [f"c{index}" for index in header.columns]
        titles = found["titles"]
        header.columns |= {len(found["header"]) + i: name for i, name in enumerate(titles)}
        header.missing = [name for name in header.missing if name not in titles]
        require_columns(contract, header, where)
        export = Export(
            header,
            iter(()),
            found["stated_total"],
            datetime.fromisoformat(found["exported_at"]) if found["exported_at"] else None,
        )
        with pa.memory_map(str(out)) as mapped:
            reader = pa.ipc.open_file(mapped)
            export.batches = (
                pa.RecordBatch.from_arrays(
                    [
                        batch.column("line_no"),
                        *(batch.column(name) for name in in_sheet),
                        *(pa.array([text] * batch.num_rows, pa.string()) for text in titles.values()),
                    ],
                    names=["line_no", *header.columns.values()],
                )
                for batch in (reader.get_batch(i) for i in range(reader.num_record_batches))
            )
            yield export
