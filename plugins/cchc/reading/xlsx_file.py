"""Reads XLSX through a child process with limits: a small hostile file can ask for 512 GiB."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pyarrow as pa

from cchc.contracts import Contract
from cchc.errors import BadFile, BrokenExport
from cchc.reading.export import Export
from cchc.reading.header import no_header, recognise, require_columns

LIMITS = {"memory_bytes": 2 << 30, "cpu_seconds": 300, "wall_seconds": 600}


@contextmanager
def open_xlsx(contract: Contract, path: Path, where: str) -> Iterator[Export]:
    """The export in a workbook; `where` is its name in messages."""
    with tempfile.TemporaryDirectory(prefix="cchc-xlsx-") as folder:
        out = Path(folder) / "rows.arrow"
        command = [sys.executable, "-m", "cchc.reading.xlsx_child", contract.dataset, str(path), str(out)]
        try:
            done = subprocess.run(
                command,
                check=False,
                capture_output=True,
                timeout=LIMITS["wall_seconds"],
                cwd=Path(__file__).parents[2],
            )
        except subprocess.TimeoutExpired as error:
            raise BadFile(
                f"{where}: reading the workbook took more than {LIMITS['wall_seconds']} s and was "
                f"stopped. Export it as CSV, or split it by month."
            ) from error
        answer = done.stdout.decode("utf-8", "replace").strip().splitlines()
        found = json.loads(answer[-1]) if answer and answer[-1].startswith("{") else {}
        if done.returncode or "error" in found:
            reason = found.get("error") or (
                f"the workbook could not be read within {LIMITS['memory_bytes'] >> 30} GiB of "
                f"memory and {LIMITS['cpu_seconds']} s (reader ended with {done.returncode}); "
                f"often cells far away from the data. Copy the data into a new workbook, or save as CSV"
            )
            kind = BrokenExport if found.get("recognised") else BadFile
            raise kind(f"{where}: {reason}.".replace("..", "."))
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
