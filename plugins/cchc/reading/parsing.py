"""Reads a landed file in a child process: what it says of the file, and its rows as csv text for COPY.

The child (cchc.reading.child) has limits, an environment without secrets, and ends with this process. A file
can make it fail; the caller then gets a BadFile.
"""

import contextlib
import io
import json
import os
import select
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from subprocess import DEVNULL, Popen, TimeoutExpired
from typing import Any, BinaryIO

from cchc.contracts import Contract
from cchc.errors import BadFile, BrokenExport
from cchc.models import Strict
from cchc.own_process import environment
from cchc.spelling import legible

# Of data; the libraries' code comes on top, all of it stays below 1 GB.
MEMORY_BYTES = 850 << 20
# Of processor time, and one more for so many bytes of the file; a clean file takes a tenth.
CPU_SECONDS, BYTES_A_SECOND = 25, 4_000_000
# Without a word or a row.
SILENT_SECONDS = 60
# A file may grow by so much when it is unpacked and each cell is written out.
GROWTH, ROWS_BYTES = 8, 1 << 30
PIPE_BYTES = 1 << 20
# Arrow's default allocator sets a gigabyte aside before there is anything to hold, the system's keeps what
# is freed: a million lines took 387 MB with it, 214 with this one.
SET = {"PYTHONUTF8": "1", "ARROW_DEFAULT_MEMORY_POOL": "jemalloc", "OPENBLAS_NUM_THREADS": "1"}


class Request(Strict):
    """What is to be read. `name`: the file's in messages. `extracted_at`: when somebody says that the data
    were as they are. `by_hand`: whether the file was given by hand. `header_only`: no lines are wanted."""

    dataset: str
    path: Path
    name: str
    extracted_at: datetime | None = None
    by_hand: bool = True
    header_only: bool = False


@dataclass
class Running:
    """A reader at work: what it writes, and how it is ended. `wait` returns its exit code."""

    rows: BinaryIO
    said: BinaryIO
    kill: Callable[[], None]
    wait: Callable[[], int]


@dataclass
class Reading(io.RawIOBase):
    """A file that is being read; as a file object it is the csv text of its rows.

    `start`: what the reader said before the first row; `end`: after the last, once `finish` was called.
    """

    request: Request
    running: Running
    size_bytes: int
    start: dict[str, Any] = field(default_factory=dict)
    end: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._left = max(ROWS_BYTES, GROWTH * self.size_bytes)
        self._words: list[dict[str, Any]] = []
        self._first = threading.Event()
        self._listener = threading.Thread(target=self._listen, name="reader", daemon=True)
        # Why `read` failed: PostgreSQL, whom COPY tells of it, answers with an error of its own.
        self._failed: BaseException | None = None

    def begin(self) -> None:
        """Waits for what the reader says first; raises BadFile where it cannot read the file."""
        self._listener.start()
        if not self._first.wait(SILENT_SECONDS + CPU_SECONDS):
            raise self._silent()
        if not self._words or {"bad", "machine"} & self._words[0].keys():
            self.finish()
        self.start = self._words[0]

    def read(self, size: int = -1) -> bytes:
        try:
            return self._read(size)
        except BaseException as error:
            self._failed = error
            raise

    def _read(self, size: int) -> bytes:
        rows = select.poll()
        rows.register(self.running.rows, select.POLLIN)
        if not rows.poll(SILENT_SECONDS * 1000):
            raise self._silent()
        taken = os.read(self.running.rows.fileno(), PIPE_BYTES if size < 0 else size)
        self._left -= len(taken)
        if self._left < 0:
            self.running.kill()
            raise BadFile(
                f"{self.request.name}: what stands in its cells is more than {GROWTH} times the file. "
                f"Expected an export of {self.request.dataset}: export it as CSV, by month."
            )
        return taken

    def finish(self) -> None:
        """Waits for the end; raises BadFile when the reader could not read all of the file."""
        code = self.running.wait()
        self._listener.join()
        last = self._words[-1] if self._words else {}
        if "bad" in last:
            raise (BrokenExport if last["broken"] else BadFile)(f"{self.request.name}: {last['bad']}")
        if "machine" in last:
            raise OSError(f"{self.request.name}: reading {self.request.path} failed: {last['machine']}")
        if code in (-signal.SIGKILL, -signal.SIGTERM):
            # No limit of ours ends it so.
            raise OSError(
                f"{self.request.name}: its reader was ended from outside ({signal.Signals(-code).name}): by "
                f"the machine for want of memory, or by somebody. Nothing was loaded. Run it again."
            )
        if code or "end" not in last:
            raise BadFile(f"{self.request.name}: {self._why(code)}")
        self.end = last["end"]

    def _listen(self) -> None:
        for line in self.running.said:
            # Cut off in the middle of a word: the exit code tells why.
            with contextlib.suppress(ValueError):
                self._words.append(json.loads(line))
                self._first.set()
        self._first.set()

    def _silent(self) -> OSError:
        # Computing has a limit of its own, and no file can make its reader wait.
        self.running.kill()
        return OSError(
            f"{self.request.name}: its reader gave no row for {SILENT_SECONDS} s and was ended: somebody had "
            f"stopped it, or the machine has too much to do. Nothing was loaded. Run it again."
        )

    def close_all(self) -> None:
        """Ends the reader, and whoever listens to it."""
        self.running.kill()
        self.running.wait()
        self.running.rows.close()
        if self._listener.ident is not None:
            self._listener.join()
        self.running.said.close()

    def _why(self, code: int) -> str:
        advice = "Nothing was loaded. Export it as CSV, or split it by month."
        if -code == signal.SIGXCPU:
            return f"it takes more than the {cpu_seconds(self.request)} s of computing allowed. {advice}"
        if -code in (signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS):
            return (
                f"its reader broke down ({signal.Signals(-code).name}), often for want of memory: allowed "
                f"are {MEMORY_BYTES >> 20} MiB. {advice}"
            )
        return f"its reader ended early (exit code {code}). {advice}"


def cpu_seconds(request: Request) -> int:
    """How long the reader may compute."""
    return CPU_SECONDS + request.path.stat().st_size // BYTES_A_SECOND


def spawn(request: Request) -> Running:
    """Starts the reader in a process of its own."""
    asked = request.model_dump_json()
    handles: list[int] = []
    try:
        for _ in range(2):
            handles += os.pipe()
        rows, rows_end, said, said_end = handles
        process = Popen(
            [sys.executable, "-m", "cchc.reading.child", str(os.getpid()), str(said_end), asked],
            stdin=DEVNULL,
            stdout=rows_end,
            stderr=DEVNULL,
            pass_fds=(said_end,),
            # Its own folder: what breaks down there could leave a core file.
            cwd=Path(__file__).parents[2],
            env=environment(**SET),
        )
    except BaseException:
        for handle in handles:
            os.close(handle)
        raise
    os.close(rows_end)
    os.close(said_end)

    def wait() -> int:
        try:
            return process.wait(SILENT_SECONDS)
        except TimeoutExpired:
            process.kill()
            return process.wait()

    return Running(os.fdopen(rows, "rb", buffering=0), os.fdopen(said, "rb"), process.kill, wait)


@contextmanager
def reading(request: Request) -> Iterator[Reading]:
    """Reads a file; the reader is ended in any case."""
    size_bytes = request.path.stat().st_size
    found = Reading(request, spawn(request), size_bytes)
    try:
        found.begin()
        yield found
    except Exception:
        if found._failed is not None:
            raise found._failed from None
        raise
    finally:
        found.close_all()


def require_export(contract: Contract, path: Path, name: str | None = None) -> None:
    """Raises BadFile when no reader recognises the file; an export that is broken is one.

    `name` is the file's in messages, if not that of `path`.
    """
    request = Request(dataset=contract.dataset, path=path, name=legible(name or path.name), header_only=True)
    with contextlib.suppress(BrokenExport), reading(request) as found:
        found.finish()
