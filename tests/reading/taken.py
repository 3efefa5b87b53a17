"""Reads a file as production does and says what that took: `python -m tests.reading.taken DATASET FILE`.

A process of its own: the peak of a child counts what the process that starts it holds.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from cchc.errors import BadFile
from cchc.reading.parsing import Request, reading

ROOT = Path(__file__).parents[2]


class Taken(NamedTuple):
    """`said`: the refusal, or ''; `rows` written and `records` counted; what the reader used."""

    said: str
    rows: int
    records: int | None
    cpu_s: float
    wall_s: float
    peak_bytes: int


def taken(dataset: str, path: Path) -> Taken:
    """What reading the file took; asserts that nothing is left in the folder for temporary files."""
    with tempfile.TemporaryDirectory() as folder:
        found = _taken(dataset, path, folder)
        assert not list(Path(folder).iterdir())
    return found


def _taken(dataset: str, path: Path, folder: str) -> Taken:
    done = subprocess.run(
        [sys.executable, "-m", "tests.reading.taken", dataset, str(path)],
        cwd=ROOT,
        env={"PYTHONPATH": f"{ROOT}/plugins:{ROOT}", "PATH": "", "TMPDIR": folder},
        capture_output=True,
        text=True,
        check=True,
    )
    return Taken(*json.loads(done.stdout))


def main(dataset: str, path: str) -> None:
    began = time.monotonic()
    said, rows, records = "", 0, None
    try:
        request = Request(dataset=dataset, path=Path(path), name=Path(path).name, extracted_at="2025-05-10")
        with reading(request) as found:
            while block := found.read():
                rows += block.count(b"\n")
            found.finish()
            records = found.end["records"]
    except BadFile as error:
        said = str(error)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = used.ru_utime + used.ru_stime
    print(json.dumps([said, rows, records, cpu, time.monotonic() - began, used.ru_maxrss * 1024]))


if __name__ == "__main__":
    main(*sys.argv[1:])
