"""The process that reads a file: how its end is told, what it knows and leaves, when it ends."""

import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cchc.batches import batch_of
from cchc.contracts import contract_of
from cchc.errors import BadFile
from cchc.reading import parsing
from cchc.reading.parsing import Reading, Request, reading
from cchc.reading.staging import stage
from tests.handles import handles_left
from tests.reading.taken import ROOT
from tests.world import World

pytestmark = pytest.mark.own_process


def request(path: Path, lines: int = 1) -> Request:
    rows = "".join(f"xa{number},Xã số {number},xa\n" for number in range(lines))
    path.write_text(f"ma_don_vi,ten_don_vi,cap\n{rows}")
    return Request(dataset="don_vi", path=path, name="tep.csv", extracted_at="2024-01-01")


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.fixture
def started(monkeypatch) -> list[subprocess.Popen]:
    """The readers that the test has had started."""
    readers: list[subprocess.Popen] = []

    class Noted(subprocess.Popen):
        def __init__(self, *given, **named) -> None:
            super().__init__(*given, **named)
            readers.append(self)

    monkeypatch.setattr(parsing, "Popen", Noted)
    return readers


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
def test_the_true_reason_of_an_early_end_is_told(tmp_path: Path, how, error, says: str, started):
    # More rows than a pipe holds: it waits for whoever reads them.
    with pytest.raises(error) as told, reading(request(tmp_path / "a.csv", 400_000)) as found:
        os.kill(started[0].pid, how)
        while found.read():
            pass
        found.finish()
    assert str(told.value).startswith("tep.csv: ")
    assert says in str(told.value)


def refused(province: World, monkeypatch, happens: Callable[[], None]) -> BaseException:
    """Why a file was not staged to whose reader something happened after its first rows were copied."""
    read = Reading.read

    def first_read(found: Reading, size: int = -1) -> bytes:
        monkeypatch.setattr(Reading, "read", read)
        rows = read(found, size)
        happens()
        return rows

    monkeypatch.setattr(Reading, "read", first_read)
    batch_id = province.land("ho_so", province.dossiers(*[{}] * 20_000), at="2025-05-10")
    with pytest.raises(BaseException) as told, province.engine.begin() as connection:
        stage(connection, contract_of("ho_so"), batch_of(connection, batch_id))
    assert province.rows("SELECT to_regclass(:t)", t=f"staging.ho_so__{batch_id}") == [(None,)]
    return told.value


def test_a_reader_that_stands_still_while_rows_are_copied_is_ended_and_tried_again(
    province: World, monkeypatch, started
):
    """It neither computes, which has a limit of its own, nor can a file make it wait: it is the machine's."""
    monkeypatch.setattr(parsing, "SILENT_SECONDS", 0.5)
    told = refused(province, monkeypatch, lambda: started[0].send_signal(signal.SIGSTOP))
    assert type(told) is OSError
    assert str(told).startswith("tep_1.csv: its reader gave no row for 0.5 s and was ended: ")
    assert str(told).endswith("Nothing was loaded. Run it again.")
    assert started[0].returncode == -signal.SIGKILL


def test_a_file_that_grows_too_much_while_rows_are_copied_is_refused(province: World, monkeypatch):
    monkeypatch.setattr(parsing, "ROWS_BYTES", 1 << 16)
    monkeypatch.setattr(parsing, "GROWTH", 0)
    told = refused(province, monkeypatch, lambda: None)
    assert type(told) is BadFile
    assert "what stands in its cells is more than" in str(told)


def test_a_time_limit_while_rows_are_copied_is_told_and_leaves_no_reader(
    province: World, monkeypatch, started
):
    class TimeoutOfTask(BaseException):
        """As Airflow's, which is no Exception."""

    def over(*_: object) -> None:
        raise TimeoutOfTask("execution_timeout")

    def stopped() -> None:
        started[0].send_signal(signal.SIGSTOP)
        signal.setitimer(signal.ITIMER_REAL, 0.5)

    handler = signal.signal(signal.SIGALRM, over)
    try:
        told = refused(province, monkeypatch, stopped)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
    assert type(told) is TimeoutOfTask
    assert started[0].returncode == -signal.SIGKILL


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("", "ended early (exit code 0)"),
        ("say({'names': ['line_no']}); rows.write(b'1\\n2\\n')", "ended early (exit code 0)"),
        ("say({'names': ['line_no']}); rows.write(b'1\\n'); words.write(b'{\\n' * 99_999)", "ended early"),
    ],
)
def test_a_reader_that_ends_without_having_said_so_has_not_read_the_file(
    tmp_path: Path, monkeypatch, script: str, says: str
):
    child = (
        "import json, os, sys\nwords, rows = os.fdopen(int(sys.argv[2]), 'wb', 0), sys.stdout.buffer\n"
        f"def say(word): words.write(json.dumps(word).encode() + b'\\n')\n{script}"
    )

    def begun(command: list[str], **named) -> subprocess.Popen:
        return subprocess.Popen([command[0], "-c", child, *command[3:]], **named)

    monkeypatch.setattr(parsing, "Popen", begun)
    with pytest.raises(BadFile) as told, reading(request(tmp_path / "a.csv")) as found:
        while found.read():
            pass
        found.finish()
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


@pytest.mark.parametrize("left", range(7))
def test_a_reader_for_which_too_few_handles_are_left_leaves_none(tmp_path: Path, left: int):
    asked = request(tmp_path / "a.csv")
    with handles_left(left), pytest.raises(OSError, match="Too many open files"), reading(asked):
        pass


def test_a_file_is_read_however_many_handles_the_worker_has_open(tmp_path: Path):
    """Those above 1024 are none for select()."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, limits[1]), limits[1]))
    filling = [os.dup(1) for _ in range(1100)]
    try:
        with reading(request(tmp_path / "a.csv", 3)) as found:
            assert found.read().count(b"\n") == 3
    finally:
        for handle in filling:
            os.close(handle)
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def test_a_reader_that_nobody_can_listen_to_is_ended(tmp_path: Path, monkeypatch, started):
    def refuse(_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    before = descriptors()
    with pytest.raises(RuntimeError, match="new thread"), reading(request(tmp_path / "a.csv")):
        pass
    assert [process.returncode for process in started] == [-signal.SIGKILL]
    assert descriptors() == before


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
