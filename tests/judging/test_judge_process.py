"""The process that judges: what ends it is told apart, what passes is tried again, what it knows."""

import os
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from cchc.database_errors import passes
from cchc.errors import CchcError, JudgeUnavailable, WarehouseUnavailable
from cchc.judging import judge, suites, validation
from cchc.judging.judge import getting_ready
from cchc.judging.validation import validate
from cchc.loading.load import load
from tests.conftest import ROOT
from tests.flow.running_airflow import judges_begun
from tests.handles import handles_left, open_handles
from tests.world import World
from tools.local.settings import MARK, Home

STATUS = "SELECT status, judgement, stop_reason FROM ops.batch WHERE batch_id = :b"
# What stands for Great Expectations, which takes two seconds to begin.
PLAIN = "from cchc.judging import judge\njudge._great_expectations = lambda: None\n"


@pytest.fixture
def started(monkeypatch) -> Callable[[str], list[subprocess.Popen]]:
    """Has the judge's process run a script of the test's; returns the processes that were started."""

    def run(script: str) -> list[subprocess.Popen]:
        processes: list[subprocess.Popen] = []

        def popen(command: list[str], **named: Any) -> subprocess.Popen:
            processes.append(subprocess.Popen([command[0], "-c", script, *command[3:]], **named))
            return processes[-1]

        monkeypatch.setattr(judge, "Popen", popen)
        monkeypatch.setattr(validation, "getting_ready", getting_ready)
        return processes

    return run


@pytest.fixture(params=["started", "copied"])
def answer(request, monkeypatch, started: Callable) -> Callable[[str], dict[str, Any]]:
    """What a judge says whose suite is run by the script's `run`: one that begins anew, or a copy."""

    def judged(script: str) -> dict[str, Any]:
        if request.param == "started":
            started(f"{PLAIN}{script}\njudge.run_suite = lambda **_: run()\njudge.main()")
        else:
            names: dict[str, Any] = {}
            exec(script, names)
            monkeypatch.setattr(judge, "run_suite", lambda **_: names["run"]())
            monkeypatch.setattr(judge, "_preloaded", True)
        with getting_ready() as ready:
            return ready.judge("postgresql://kho", "staging.v", {}, {})

    return judged


def land(world: World) -> int:
    return world.land("ho_so", world.dossiers(*[{}] * 3), at="2025-05-10")


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV], ids=lambda how: how.name)
def test_a_judge_that_is_killed_is_tried_again(province: World, started, monkeypatch, how):
    with monkeypatch.context() as patch:
        processes = started("import time; time.sleep(60)")
        staged = validation.stage

        def staged_and_killed(*given: Any) -> None:
            staged(*given)
            threading.Timer(0.1, lambda: os.kill(processes[0].pid, how)).start()

        patch.setattr(validation, "stage", staged_and_killed)
        batch_id = land(province)
        with pytest.raises(JudgeUnavailable, match=rf"ended from outside \({how.name}\).* Run it again"):
            validate(province.engine, batch_id)
    assert province.rows(STATUS, b=batch_id) == [("landed", None, None)]
    monkeypatch.undo()
    validate(province.engine, batch_id)
    assert load(province.engine, batch_id)[0].lines_accepted == 3


@pytest.mark.parametrize(
    ("script", "error", "says"),
    [
        ("def run(): raise MemoryError", JudgeUnavailable, "there was no room for it"),
        ("def run(): raise OSError(28, 'No space left on device')", JudgeUnavailable, "there was no room"),
        (
            "from cchc.errors import WarehouseUnavailable\n"
            "def run(): raise WarehouseUnavailable('SQLSTATE 57P01 (AdminShutdown)')",
            WarehouseUnavailable,
            "SQLSTATE 57P01",
        ),
        (
            "import psycopg2, sqlalchemy as sa\n"
            "def run():\n"
            "    try: raise sa.exc.OperationalError('', {}, psycopg2.OperationalError('server closed'))\n"
            "    except sa.exc.OperationalError as error: raise KeyError('x') from error",
            WarehouseUnavailable,
            "server closed",
        ),
        # The same the next time: somebody has to look.
        ("def run(): raise KeyError('x')", CchcError, "the process ended with 1: KeyError at"),
        (
            "import os, signal\ndef run(): os.kill(os.getpid(), signal.SIGXCPU)",
            CchcError,
            "600 s of computing",
        ),
    ],
)
def test_what_another_try_may_help_is_told_apart(answer, script: str, error: type, says: str):
    with pytest.raises(CchcError, match=says) as told:
        answer(script)
    assert type(told.value) is error
    assert len(str(told.value).splitlines()) == 1


def test_a_judge_knows_no_secret_of_the_worker_but_what_it_is_told(answer, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_CCHC_TTHC", "http://client:bi-mat@nguon")
    monkeypatch.setenv("CCHC_WAREHOUSE_DSN", "bi-mat")
    monkeypatch.setenv("PGPASSWORD", "bi-mat")
    monkeypatch.setenv("PGSSLROOTCERT", "/etc/kho.pem")
    seen = answer("import os\ndef run(): return dict(os.environ)")
    assert "bi-mat" not in str(seen)
    assert seen["PGSSLROOTCERT"] == "/etc/kho.pem"
    allowed = {"PATH", "LANG", "LC_ALL", "LC_CTYPE", "HOME", "TMPDIR", "GX_ANALYTICS_ENABLED"}
    assert {name for name in seen if not name.startswith(("PYTHON", "PGSSL"))} <= allowed


def test_a_judge_has_limits_and_a_folder_of_its_own_that_does_not_stay(answer):
    found = answer(
        "import os, resource, tempfile\n"
        "def run():\n"
        "    open(tempfile.mkstemp()[1], 'w').write('x')\n"
        "    kinds = 'DATA', 'CPU', 'CORE', 'FSIZE'\n"
        "    return {k: resource.getrlimit(getattr(resource, 'RLIMIT_' + k))[0] for k in kinds} | "
        "{'folder': tempfile.gettempdir(), 'open': len(os.listdir('/proc/self/fd'))}"
    )
    folder = Path(found.pop("folder"))
    assert folder.parent == Path(tempfile.gettempdir()) and folder.name.startswith("cchc-judge-")
    assert not folder.exists()
    # Its three streams, the file that it wrote, and the folder that is listed.
    assert found.pop("open") == 5
    # A copy has what its parent had, and as much as any other judge.
    assert 1 << 30 <= found.pop("DATA") < 4 << 30
    assert found == {"CPU": 600, "CORE": 0, "FSIZE": 16 << 20}
    assert resource.getrlimit(resource.RLIMIT_CORE)


COPIED = """
import os, sys, time
from cchc.judging import judge
judge._preloaded, judge._great_expectations = True, lambda: None
judge.run_suite = lambda **_: time.sleep(60)
fork = os.fork
def told():
    pid = fork()
    if pid:
        print(pid, flush=True)
    return pid
os.fork = told
with judge.getting_ready() as ready:
    ready.judge("postgresql://kho", "staging.v", {}, {})
"""


@pytest.mark.parametrize("copied", [False, True])
def test_a_judge_ends_with_the_process_that_started_it(tmp_path: Path, copied: bool):
    """Else its sessions and its memory outlive a worker that was killed."""
    script = f"""
import subprocess, sys, time
from cchc.judging import judge
busy = {PLAIN!r} + "import time\\njudge.run_suite = lambda **_: time.sleep(60)\\njudge.main()"
def popen(command, **named):
    process = subprocess.Popen([command[0], "-c", busy, *command[3:]], **named)
    print(process.pid, flush=True)
    return process
judge.Popen = popen
with judge.getting_ready() as ready:
    ready.judge("postgresql://kho", "staging.v", {{}}, {{}})
"""
    with subprocess.Popen(
        [sys.executable, "-c", COPIED if copied else script],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"TMPDIR": str(tmp_path), "PYTHONPATH": str(ROOT / "plugins")},
    ) as parent:
        pid = int(parent.stdout.readline())
        time.sleep(0.5)
        assert Path(f"/proc/{pid}").exists()
        parent.kill()
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and _alive(pid):
        time.sleep(0.02)
    assert not _alive(pid)
    # The folder that it leaves is known by its name.
    assert [path.name[:11] for path in tmp_path.iterdir()] == ["cchc-judge-"]


def _alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def test_a_copy_judges_as_one_that_begins_anew_and_leaves_its_parent_as_it_was(province: World, monkeypatch):
    monkeypatch.setattr(validation, "getting_ready", getting_ready)
    faulty = province.dossiers(*[{}] * 40, {"ngay_hen_tra": "20200101"}, {"ngay_tiep_nhan": "khong"})
    verdicts = (
        "SELECT rule_id, success, failed_count FROM ops.validation_result WHERE batch_id = :b ORDER BY 1"
    )
    found = []
    for copied in (False, True):
        with monkeypatch.context() as patch:
            if copied:
                judge.preload()
                patch.setattr(judge, "_started", None)
            patch.setattr(judge, "_preloaded", copied)
            batch_id = province.land("ho_so", faulty, at="2025-05-10")
            with province.engine.begin() as mine:
                mine.exec_driver_sql("CREATE TEMP TABLE cua_toi ON COMMIT DROP AS SELECT 1 AS so")
                validate(province.engine, batch_id)
                # Were its connection shared, a copy's end would end this session too.
                assert mine.exec_driver_sql("SELECT so FROM cua_toi").scalar_one() == 1
            found.append(province.rows(verdicts, b=batch_id))
            with province.engine.begin() as connection:
                connection.exec_driver_sql(
                    f"UPDATE ops.batch SET judgement = NULL WHERE batch_id = {batch_id}"
                )
    assert found[0] == found[1]
    assert sum(row[2] for row in found[0]) >= 2


@pytest.fixture
def copied(monkeypatch) -> Callable[[Callable[[], Any]], dict[str, Any]]:
    """What a copy says whose suite is run by a function."""

    def judged(run: Callable[[], Any]) -> dict[str, Any]:
        monkeypatch.setattr(judge, "run_suite", lambda **_: run())
        monkeypatch.setattr(judge, "_preloaded", True)
        monkeypatch.setattr(judge, "_great_expectations", lambda: None)
        with getting_ready() as ready:
            return ready.judge("postgresql://kho", "staging.v", {}, {})

    return judged


def test_rules_that_were_changed_since_workers_have_them_are_judged_anew(copied, monkeypatch, tmp_path):
    """As by whoever edits them while a stack runs: a suite is read from its file each time, too."""
    rules = tmp_path / "row_rules.py"
    rules.write_text("")
    monkeypatch.setattr(judge, "ROW_RULES", rules)
    monkeypatch.setattr(judge, "_rules_known", judge._rules_written())
    assert copied(lambda: {"by": "copy"}) == {"by": "copy"}
    os.utime(rules, ns=(0, judge._rules_known + 1))

    def anew(_: object) -> None:
        raise LookupError("started anew")

    monkeypatch.setattr(judge, "_started", anew)
    with pytest.raises(LookupError, match="started anew"):
        copied(lambda: {"by": "copy"})


def test_a_time_limit_that_ends_the_wait_for_a_copy_is_told_and_leaves_nothing_of_it(copied):
    """One of its streams has ended already: it is not waited for once more."""

    def over(*_: Any) -> None:
        raise TimeoutError("execution_timeout")

    def run() -> None:
        os.close(1)
        time.sleep(60)

    before = {*Path("/proc/self/fd").iterdir()}
    handler = signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, 0.5)
    try:
        with pytest.raises(TimeoutError, match="execution_timeout"):
            copied(run)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
    assert {*Path("/proc/self/fd").iterdir()} == before
    me = Path(f"/proc/self/task/{threading.get_native_id()}/children").read_text().split()
    assert not [pid for pid in me if "State:\tZ" in Path(f"/proc/{pid}/status").read_text()]


def test_what_a_copy_says_is_heard_where_ended_children_are_forgotten(copied):
    """As below a parent that ignores SIGCHLD: nobody can ask any more how the copy ended."""
    handler = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        assert copied(lambda: {"HS01": {"success": True}}) == {"HS01": {"success": True}}
    finally:
        signal.signal(signal.SIGCHLD, handler)


def test_a_copy_keeps_no_handle_of_its_parent_not_even_above_a_limit_that_was_lowered(copied):
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    # However many handles the tests before have open: a copy needs a few more below the limit.
    limit = max(open_handles()) + 20
    handle = os.dup2(1, limit + 10)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limits[1]))
        seen = copied(lambda: [handle.name for handle in Path("/proc/self/fd").iterdir()])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        os.close(handle)
    # Its three streams, and the folder that is listed.
    assert sorted(map(int, seen)) == [0, 1, 2, 3]


@pytest.mark.parametrize("left", range(8))
def test_a_copy_for_which_too_few_handles_are_left_leaves_none_and_is_tried_again(copied, left):
    """Six make its three streams; what it then needs itself are those of them that it does not use."""
    with handles_left(left):
        if left < 6:
            with pytest.raises(OSError, match="Too many open files"):
                copied(lambda: {"by": "copy"})
        else:
            assert copied(lambda: {"by": "copy"}) == {"by": "copy"}


def test_a_copy_tells_its_error_whatever_the_encoding_of_its_parent():
    script = """
from cchc.judging import judge
judge._preloaded, judge._great_expectations = True, lambda: None
def run(**_):
    from cchc.errors import WarehouseUnavailable
    raise WarehouseUnavailable("m\\u1ea5t")
judge.run_suite = run
try:
    with judge.getting_ready() as ready:
        ready.judge("postgresql://kho", "staging.v", {}, {})
except Exception as error:
    print(ascii(error))
"""
    ascii_only = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    done = subprocess.run(
        [sys.executable, "-c", script],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        env=ascii_only | {"PYTHONPATH": str(ROOT / "plugins")},
    )
    assert done.stdout.startswith("WarehouseUnavailable") and "m\\u1ea5t" in done.stdout


def test_a_judge_that_begins_anew_is_seen(tmp_path: Path):
    """By what a running Airflow is watched with, which there expects none."""
    home = Home(tmp_path)
    script = "import time\nfrom cchc.judging.judge import getting_ready\nwith getting_ready(): time.sleep(1)"
    given = os.environ | {MARK: str(home.path), "PYTHONPATH": str(ROOT / "plugins")}
    with judges_begun(home) as judges:
        subprocess.run([sys.executable, "-c", script], env=given, check=True)
    assert len(judges) == 1


def test_workers_start_also_where_great_expectations_cannot_be_imported(monkeypatch, caplog):
    def broken() -> None:
        raise ImportError("No module named 'posthog'")

    monkeypatch.setattr(judge, "_preloaded", False)
    monkeypatch.setattr(judge, "_great_expectations", broken)
    judge.preload()
    assert not judge._preloaded
    assert "could not be imported" in caplog.text


def test_a_connection_that_breaks_under_the_suite_is_tried_again(province: World, monkeypatch):
    """Great Expectations goes on after it, and says that the rule could not be judged."""
    suite = suites.suite_json("ho_so")
    first, *others = suite["expectations"]
    broken = first | {"kwargs": {"condition": "pg_terminate_backend(pg_backend_pid())"}}
    batch_id = land(province)
    with monkeypatch.context() as patch:
        patch.setattr(validation, "suite_json", lambda _: suite | {"expectations": [broken, *others]})
        with pytest.raises(WarehouseUnavailable):
            validate(province.engine, batch_id)
    assert province.rows(STATUS, b=batch_id) == [("landed", None, None)]
    validate(province.engine, batch_id)
    assert load(province.engine, batch_id)[0].lines_accepted == 3


def test_lines_that_a_restart_emptied_between_staging_and_judging_stop_no_batch(world: World, monkeypatch):
    """UNLOGGED tables are empty after a crash: the total that the file states then looks wrong."""
    record = {"MaDonVi": "000.00.01.H59", "TenDonVi": "Sở Xây dựng", "Cap": "so_nganh"}
    batch_id = world.land("don_vi", world.json([record | {"NgayCapNhat": "20250101000000"}]))
    judged = validation._judge

    def crashed(engine, *given):
        with engine.begin() as connection:
            connection.exec_driver_sql(f"TRUNCATE staging.don_vi__{batch_id}")
        return judged(engine, *given)

    with monkeypatch.context() as patch:
        patch.setattr(validation, "_judge", crashed)
        with pytest.raises(WarehouseUnavailable, match="its staged lines were lost while they were judged"):
            validate(world.engine, batch_id)
    assert world.rows(STATUS, b=batch_id) == [("landed", None, None)]
    validate(world.engine, batch_id)
    assert load(world.engine, batch_id)[0].lines_accepted == 1


class Coded(psycopg2.Error):
    """An error with a SQLSTATE, as the driver makes them."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code

    @property
    def pgcode(self) -> str:
        return self.code


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        *((Coded(code), True) for code in ("57P01", "57P02", "57P03", "08006", "40001", "53300", "25P03")),
        *((Coded(code), False) for code in ("22P02", "23505", "42P01", "25P02")),
        (psycopg2.OperationalError("server closed the connection unexpectedly"), True),
        (psycopg2.InterfaceError("connection already closed"), True),
        # As when it breaks while rows are copied.
        (psycopg2.DatabaseError("error with status PGRES_TUPLES_OK and no message from the libpq"), True),
        (psycopg2.ProgrammingError("can't adapt type 'dict'"), False),
        (psycopg2.DataError("value out of range"), False),
    ],
    ids=str,
)
def test_what_passes_of_the_errors_of_a_database(error: psycopg2.Error, expected: bool):
    assert passes(error) is expected
