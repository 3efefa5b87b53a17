"""The process that reads a file: how its end is told, what it knows and leaves, when it ends."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cchc.errors import BadFile
from cchc.reading import parsing
from cchc.reading.parsing import Request, reading
from tests.reading.taken import ROOT

pytestmark = pytest.mark.own_process


def request(path: Path, lines: int = 1) -> Request:
    rows = "".join(f"xa{number},Xã số {number},xa\n" for number in range(lines))
    path.write_text(f"ma_don_vi,ten_don_vi,cap\n{rows}")
    return Request(dataset="don_vi", path=path, name="tep.csv", extracted_at="2024-01-01")


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.parametrize(
    ("how", "error", "says"),
    [
        (signal.SIGKILL, OSError, "ended from outside (SIGKILL)"),
        (signal.SIGTERM, OSError, "ended from outside (SIGTERM)"),
        (signal.SIGXCPU, BadFile, "s of computing allowed"),
        (signal.SIGSEGV, BadFile, "broke down (SIGSEGV), often for want of memory"),
        (signal.SIGABRT, BadFile, "broke down (SIGABRT), often for want of memory"),
    ],
)
def test_the_true_reason_of_an_early_end_is_told(tmp_path: Path, how, error, says: str, monkeypatch):
    started: list[int] = []

    class Noted(subprocess.Popen):
        def __init__(self, *given, **named) -> None:
            super().__init__(*given, **named)
            started.append(self.pid)

    monkeypatch.setattr(parsing, "Popen", Noted)
    # More rows than a pipe holds: it waits for whoever reads them.
    with pytest.raises(error) as told, reading(request(tmp_path / "a.csv", 400_000)) as found:
        os.kill(started[0], how)
        while found.read():
            pass
        found.finish()
    assert str(told.value).startswith("tep.csv: ")
    assert says in str(told.value)


def test_computing_too_long_is_told_apart_from_a_kill(tmp_path: Path, monkeypatch):
    # The limit of the process is that of its own request; here it is a busy one with such limits.
    asked = request(tmp_path / "a.csv")
    seconds = 1
    busy = (
        "import resource, sys\nfrom cchc.reading import child\n"
        f"child.cpu_seconds = lambda request: {seconds}\n"
        "def compute(*_):\n    while True: pass\n"
        "child.serve = compute\nchild.main()"
    )

    def started(command: list[str], **named) -> subprocess.Popen:
        return subprocess.Popen([command[0], "-c", busy, *command[3:]], **named)

    monkeypatch.setattr(parsing, "Popen", started)
    with pytest.raises(BadFile, match="s of computing allowed"), reading(asked):
        pass


def test_a_file_that_is_gone_leaves_neither_descriptors_nor_threads(tmp_path: Path):
    asked = request(tmp_path / "a.csv")
    asked.path.unlink()
    before = descriptors(), threading.active_count()
    for _ in range(3):
        with pytest.raises(FileNotFoundError), reading(asked):
            pass
    assert (descriptors(), threading.active_count()) == before


def test_a_process_that_cannot_be_started_leaves_no_descriptors(tmp_path: Path, monkeypatch):
    def refuse(*_: object, **__: object) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(parsing, "Popen", refuse)
    before = descriptors()
    with pytest.raises(BlockingIOError), reading(request(tmp_path / "a.csv")):
        pass
    assert descriptors() == before


@pytest.mark.long
def test_files_read_by_several_threads_at_once_are_all_read(tmp_path: Path):
    before = descriptors()
    counted: list[int] = []

    def work(number: int) -> None:
        with reading(request(tmp_path / f"{number}.csv", 10 + number)) as found:
            rows = 0
            while block := found.read():
                rows += block.count(b"\n")
            found.finish()
        counted.append(rows)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(counted) == [10, 11, 12, 13]
    assert descriptors() == before


def test_the_reader_ends_with_its_parent_and_knows_no_secret(tmp_path: Path):
    asked = request(tmp_path / "a.csv", 400_000)
    code = (
        "import sys, time\nfrom cchc.reading import parsing\n"
        "started = parsing.Popen\n"
        "def noted(*given, **named):\n"
        "    made = started(*given, **named); print(made.pid, flush=True); return made\n"
        "parsing.Popen = noted\n"
        f"with parsing.reading(parsing.Request.model_validate_json({asked.model_dump_json()!r})):\n"
        "    print('begun', flush=True); time.sleep(60)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": f"{ROOT}/plugins", "PATH": "", "CCHC_DSN": "postgresql://a:geheim@b/c"},
    )
    try:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert parent.stdout.readline() == "begun\n"
        assert b"geheim" not in Path(f"/proc/{child}/environ").read_bytes()
    finally:
        parent.kill()
        parent.wait()
    assert _within(10, lambda: not _alive(child))


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _within(seconds: float, holds: Callable[[], bool]) -> bool:
    until = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True
