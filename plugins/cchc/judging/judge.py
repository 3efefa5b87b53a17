"""Child process in which Great Expectations judges a batch; called by cchc.judging.validation.

Great Expectations takes two seconds and 200 MB to import. In a process of its own that happens
while the lines are still being copied, and the memory is given back at the end; where whatever starts the
workers has imported it already (`preload`), the process is a copy of the worker's and begins at once. Reads
one JSON object from standard input, the only way in which it learns the warehouse's address, and prints one:
counts only, never a value of a row. It has limits, an environment without secrets, its own folder for
temporary files, and ends with the process that started it.
"""

import json
import logging
import os
import resource
import signal
import sys
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import LazyLoader
from pathlib import Path
from subprocess import PIPE, Popen
from types import ModuleType
from typing import Any, Protocol

import sqlalchemy as sa

from cchc.database_errors import cause_of, hide_words, passes, words_of
from cchc.errors import CchcError, JudgeUnavailable, WarehouseUnavailable
from cchc.own_process import Copy, confine, data_bytes, environment

# Great Expectations imports these for tests of distributions and their charts, which no suite of ours has.
# That is a third of its start.
IMPORTED_LATER = ("scipy.stats", "altair")
# Four times what it takes: rows stay in PostgreSQL. Of files it writes none but small temporary ones.
MEMORY_BYTES, CPU_SECONDS, FILE_BYTES = 1 << 30, 600, 16 << 20
# Where libpq finds the keys and certificates of a connection; HOME is where it looks by default.
NEEDED = ("HOME", "PGSSLMODE", "PGSSLROOTCERT", "PGSSLCERT", "PGSSLKEY", "PGSSLCRL", "PGPASSFILE")
TEMPORARY = "cchc-judge-"
FOLDER = Path(__file__).parents[2]
ROW_RULES = Path(__file__).with_name("row_rules.py")
# How it ends when another try may help: the warehouse was away, or there was no room for it.
WAREHOUSE_AWAY, NO_ROOM = os.EX_TEMPFAIL, os.EX_OSERR

log = logging.getLogger(__name__)


class Process(Protocol):
    """What a judge is to its parent, as subprocess.Popen has it."""

    returncode: int

    def communicate(self, request: bytes | None = None, /) -> tuple[bytes, bytes]: ...
    def poll(self) -> int | None: ...
    def kill(self) -> None: ...


class Judge:
    """A judge that is getting ready, and then judges one batch."""

    def __init__(self, process: Process) -> None:
        self._process = process

    def judge(
        self, url: str, view: str, suite: dict[str, Any], parameters: dict[str, Any]
    ) -> dict[str, dict[str, Any]]:
        """Rule id → {success, observed} for every expectation of the suite; `view` is in staging.

        Raises WarehouseUnavailable or JudgeUnavailable when another try may help, CchcError when the suite
        could not be run.
        """
        request = {"url": url, "view": view, "suite": suite, "parameters": parameters}
        answer, errors = self._process.communicate(json.dumps(request).encode())
        lines = answer.decode("utf-8", "replace").splitlines()
        code = self._process.returncode
        if code or not lines:
            raise _error(view, code, _last_line(errors))
        outcomes: dict[str, dict[str, Any]] = json.loads(lines[-1])
        return outcomes


def _error(view: str, code: int, words: str) -> CchcError:
    failed = f"Great Expectations could not judge {view}:"
    again = "Nothing was recorded. Run it again; Airflow does so by itself."
    if code == WAREHOUSE_AWAY:
        return WarehouseUnavailable(f"{failed} {words}. {again}")
    if code == NO_ROOM:
        return JudgeUnavailable(f"{failed} there was no room for it ({words}). {again}")
    if code == -signal.SIGXCPU:
        return CchcError(
            f"{failed} it took more than the {CPU_SECONDS} s of computing allowed. Look for what the suite "
            f"asks for beside counts."
        )
    if code < 0:
        return JudgeUnavailable(
            f"{failed} its process was ended from outside ({signal.Signals(-code).name}), by the machine for "
            f"want of memory or by somebody. {again}"
        )
    return CchcError(f"{failed} the process ended with {code}: {words}")


def _last_line(errors: bytes) -> str:
    return (errors.decode("utf-8", "replace").strip().splitlines() or ["it said nothing"])[-1][:400]


@contextmanager
def getting_ready() -> Iterator[Judge]:
    """Starts the child, which imports Great Expectations at once unless it has it; ends it in any case."""
    # In the folder for temporary files, where what a killed process leaves is swept.
    with tempfile.TemporaryDirectory(prefix=TEMPORARY, ignore_cleanup_errors=True) as folder:
        process = (_copied if _preloaded and _rules_written() == _rules_known else _started)(
            environment(*NEEDED, GX_ANALYTICS_ENABLED="false", PYTHONUTF8="1", TMPDIR=folder)
        )
        try:
            yield Judge(process)
        finally:
            if process.poll() is None:
                process.kill()
            process.communicate()


def _started(settings: dict[str, str]) -> Process:
    process: Process = Popen(
        [sys.executable, "-m", "cchc.judging.judge", str(os.getpid())],
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
        cwd=FOLDER,
        env=settings,
    )
    return process


def _copied(settings: dict[str, str]) -> Process:
    parent = os.getpid()

    def work() -> None:
        # A copy has what its parent had.
        _serve(parent, data_bytes() + MEMORY_BYTES)

    return Copy(work, FOLDER, settings)


def preload() -> None:
    """Has judges that this process' children start be copies of it, which have Great Expectations at once.

    For what starts the workers and does not work itself. Where it cannot be imported, it starts them all the
    same: whoever judges begins anew, and says why it cannot.
    """
    global _preloaded  # noqa: PLW0603 - children inherit it
    try:
        _great_expectations()
    except Exception:
        log.exception("Great Expectations could not be imported before there are workers")
    else:
        _preloaded = True


_preloaded = False


def _rules_written() -> int:
    """When the project's own expectations were last written to."""
    return ROW_RULES.stat().st_mtime_ns


# As they were when this was imported. Who changes them while workers run is judged by what is there now.
_rules_known = _rules_written()


def run_suite(
    url: str, view: str, suite: dict[str, Any], parameters: dict[str, Any]
) -> dict[str, dict[str, Any]]:
    """What Judge.judge returns, in this process; raises WarehouseUnavailable when the warehouse was away."""
    gx = _great_expectations()
    from great_expectations.data_context.types.base import ProgressBarsConfig  # noqa: PLC0415

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    source = context.data_sources.add_postgres("warehouse", connection_string=url)
    away: list[str] = []
    # It has two: one that looks at the table, one that counts.
    for engine in (source.get_engine(), source.get_execution_engine().engine):
        _note_what_passes(hide_words(engine), away)
    try:
        result = (
            source.add_table_asset("batch", table_name=view)
            .add_batch_definition_whole_table("all")
            .get_batch()
            .validate(
                gx.ExpectationSuite(**suite),
                result_format="BASIC",
                expectation_parameters=parameters,
            )
        )
    finally:
        source.get_engine().dispose()
    if away:
        # It goes on after an error, and says of a rule that it could not be judged.
        raise WarehouseUnavailable(away[0])
    return {
        _rule_id(outcome): {
            "success": bool(outcome.success),
            "observed": outcome.result.get("observed_value"),
            "error": _raised(outcome.exception_info),
        }
        for outcome in result.results
    }


def _note_what_passes(engine: sa.Engine, away: list[str]) -> None:
    """Adds the words of errors that waiting may help against."""

    @sa.event.listens_for(engine, "handle_error")
    def note(context: sa.ExceptionContext) -> None:
        if passes(context.original_exception):
            away.append(" ".join(str(context.original_exception).split()))


def _raised(info: dict[str, Any]) -> str | None:
    """The message of what was raised instead of judging, by the rule itself or by what it counts."""
    found = [info, *(each for each in info.values() if isinstance(each, dict))]
    messages = [each["exception_message"] for each in found if each.get("raised_exception")]
    return " ".join(" ".join(messages).split()) or "no reason given" if messages else None


def _rule_id(outcome: Any) -> str:
    rule_id: str = outcome.expectation_config.meta["rule_id"]
    return rule_id


def _great_expectations() -> ModuleType:
    """Imports it, with the project's own expectations: heavy, the reason for the process."""
    if not any(isinstance(finder, _Later) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Later())
    import great_expectations  # noqa: PLC0415

    import cchc.judging.row_rules  # noqa: F401, PLC0415

    return great_expectations


class _Later:
    """Finds modules that are executed when something in them is first used."""

    def find_spec(self, fullname: str, path: Sequence[str] | None, *_: object) -> ModuleSpec | None:
        if fullname not in IMPORTED_LATER:
            return None
        spec = PathFinder.find_spec(fullname, path)
        if spec is not None and spec.loader is not None:
            spec.loader = LazyLoader(spec.loader)
        return spec


def main() -> None:
    _serve(int(sys.argv[1]), MEMORY_BYTES)


def _serve(parent: int, memory_bytes: int) -> None:
    """Judges what standard input asks for, and ends this process."""
    limits = {
        resource.RLIMIT_DATA: memory_bytes,
        resource.RLIMIT_CPU: CPU_SECONDS,
        resource.RLIMIT_FSIZE: FILE_BYTES,
    }
    if not confine(parent, limits):
        return
    warnings.simplefilter("ignore")
    code = 0
    try:
        _great_expectations()  # before there is anything to judge
        print(json.dumps(run_suite(**json.load(sys.stdin))), flush=True)
    except Exception as error:
        # Not the traceback: Great Expectations quotes the address with its password, and more.
        code, words = _told(error)
        print(words, file=sys.stderr, flush=True)
    # Python would take half a second to take apart what was imported.
    os._exit(code)


def _told(error: Exception) -> tuple[int, str]:
    """How the process ends after an error, and what it says."""
    cause = cause_of(error)
    if isinstance(error, WarehouseUnavailable):
        return WAREHOUSE_AWAY, str(error)
    if cause is not None:
        return WAREHOUSE_AWAY if passes(cause) else 1, words_of(error)
    return NO_ROOM if isinstance(error, MemoryError | OSError) else 1, words_of(error)


if __name__ == "__main__":
    main()
