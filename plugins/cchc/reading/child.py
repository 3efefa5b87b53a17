"""The process that reads one file under limits: `python -m cchc.reading.child PARENT FD REQUEST`.

Writes csv rows to standard output and what it has to say, a JSON object a line, to FD.
"""

import json
import os
import resource
import sys
import traceback
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import pyarrow as pa
import pyarrow.csv

from cchc.contracts import Contract, contract_of
from cchc.errors import BadFile, BrokenExport
from cchc.own_process import confine
from cchc.reading.canonical import MOJIBAKE, UNREADABLE, canonical, derived
from cchc.reading.export import Export
from cchc.reading.formats import open_export
from cchc.reading.parsing import MEMORY_BYTES, Request, cpu_seconds
from cchc.reading.totals import agreed_total
from cchc.written_times import local_now

# No source is older.
FIRST_YEAR = 2000
TOO_MUCH_MEMORY = (
    f"reading it needs more than the {MEMORY_BYTES >> 20} MiB of memory that are allowed. Export it as CSV, "
    "or split it by month."
)
FAULT = "This is a fault of the reader: report it with the file, and export the file as CSV meanwhile."
Say = Callable[[dict[str, Any]], None]
Given = TypeVar("Given")
Made = TypeVar("Made")
# Arrow computes without Python's lock: while one batch is made, the next one is taken apart.
AT_A_TIME = 2


def serve(request: Request, rows: BinaryIO, say: Say) -> None:
    """Reads the file; whatever is wrong with it, or with the machine, is said, and nothing is raised."""
    try:
        _read(request, rows, say)
    except BrokenPipeError:
        pass  # nobody wants the rest
    except BadFile as error:
        say({"bad": str(error).removeprefix(f"{request.name}: "), "broken": isinstance(error, BrokenExport)})
    except (MemoryError, pa.ArrowMemoryError):
        say({"bad": TOO_MUCH_MEMORY, "broken": False})
    except OSError as error:
        say({"machine": f"{type(error).__name__} {error.errno}: {os.strerror(error.errno or 0)}"})
    except Exception as error:
        # The words of a parser quote what stands around: they may be somebody's name.
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{type(error).__name__} at {Path(place.filename).name}:{place.lineno}"
        say({"bad": f"it could not be read ({where}). {FAULT}", "broken": False})


def _read(request: Request, rows: BinaryIO, say: Say) -> None:
    contract = contract_of(request.dataset)
    export = open_export(contract, request.path, request.name)
    if request.header_only:
        say({"end": {}})
        return
    moment = request.extracted_at or export.account.exported_at
    _check_moment(contract, export, moment, request)
    present = list(export.header.columns.values())
    lacks_time = contract.changed_at not in present
    if lacks_time:
        present.append(contract.changed_at)
    names = ["line_no", *derived(contract, present), UNREADABLE, MOJIBAKE]
    say({"names": names})
    export.account.exported_at = moment
    fill = moment if lacks_time or request.by_hand else None
    options = pyarrow.csv.WriteOptions(include_header=False, quoting_style="needed")

    def written(batch: pa.RecordBatch) -> tuple[pa.Buffer, int, Counter[str]]:
        repaired: Counter[str] = Counter()
        sink = pa.BufferOutputStream()
        pyarrow.csv.write_csv(
            canonical(contract, export, batch, fill, names, repaired), sink, write_options=options
        )
        return sink.getvalue(), batch.num_rows, repaired

    lines = 0
    repaired: Counter[str] = Counter()
    for text, count, repairs in _side_by_side(written, export.batches):
        rows.write(text)
        lines += count
        repaired += repairs
    rows.flush()
    if not lines and request.by_hand and export.header.columns:
        raise BadFile(
            f"{request.name}: the header in row {export.header.row} is followed by no line. Expected at "
            "least one. Nothing was loaded."
        )
    say({"end": _end(contract, export, lines, moment, request, repaired)})


def _side_by_side(work: Callable[[Given], Made], things: Iterable[Given]) -> Iterator[Made]:
    """What `work` makes of each, in order; the next ones are read and worked on meanwhile."""
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        waiting: deque[Future[Made]] = deque()
        try:
            for thing in things:
                waiting.append(pool.submit(work, thing))
                if len(waiting) > AT_A_TIME:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)


def _check_moment(contract: Contract, export: Export, moment: datetime | None, request: Request) -> None:
    """Raises BadFile when it is not known, or cannot be, when the data were as they are."""
    if moment is None:
        if export.header.columns and contract.changed_at not in export.header.columns.values():
            raise BadFile(
                f"{request.name}: the export has no column {contract.changed_at} and states nowhere when it "
                f"was made, so it cannot be told which of two states is newer. Give the time of the export "
                f"(parameter extracted_at) and load it again."
            )
        return
    if moment.year < FIRST_YEAR:
        raise BadFile(
            f"{request.name}: its data are said to be of {moment:%d/%m/%Y}. Expected a day after "
            f"{FIRST_YEAR - 1}: give the right one (parameter extracted_at) and load it again. Nothing was "
            "loaded."
        )
    now = local_now()
    # Of a day alone its end is taken, which may be ahead.
    if moment > now + timedelta(minutes=1) and not (moment.date() == now.date() and moment.second == 59):
        raise BadFile(
            f"{request.name}: its data are said to be of {moment:%Y-%m-%d %H:%M:%S}, which is later than now "
            f"({now:%Y-%m-%d %H:%M}). Expected a time that has passed: give the right one (parameter "
            f"extracted_at) and load it again. Nothing was loaded."
        )


def _end(
    contract: Contract,
    export: Export,
    lines: int,
    moment: datetime | None,
    request: Request,
    repaired: Counter[str],
) -> dict[str, Any]:
    header, account = export.header, export.account
    return {
        "layout": header.layout.name,
        "extra": header.extra,
        "missing": [name for name in header.missing if name != contract.changed_at],
        "personal": header.personal,
        "stated_total": agreed_total(account.totals, lines),
        "extracted_at": moment.isoformat() if moment else None,
        "time_source": None if request.extracted_at else account.time_source,
        "records": account.records,
        "skipped": [asdict(stretch) for stretch in account.skipped],
        "sheets": [asdict(sheet) for sheet in account.sheets],
        "notes": account.notes,
        "repaired": dict(repaired),
    }


class _NoPandas:
    """Says that there is no pandas: pyarrow would import it, only to ask whether a list is one of its own."""

    def find_spec(self, fullname: str, *_: object) -> None:
        if fullname == "pandas":
            raise ModuleNotFoundError(fullname)


def main() -> None:
    sys.meta_path.insert(0, _NoPandas())
    parent, said, request = int(sys.argv[1]), int(sys.argv[2]), Request.model_validate_json(sys.argv[3])
    # No file is written: rows and words go through pipes.
    limits = {
        resource.RLIMIT_DATA: MEMORY_BYTES,
        resource.RLIMIT_CPU: cpu_seconds(request),
        resource.RLIMIT_FSIZE: 0,
    }
    if not confine(parent, limits):
        return
    with open(said, "wb", buffering=0) as words:

        def say(word: dict[str, Any]) -> None:
            words.write(json.dumps(word, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n")

        serve(request, sys.stdout.buffer, say)


if __name__ == "__main__":
    main()
