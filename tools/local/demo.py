"""The main job over the running stack: trigger the real DAGs, watch them, print what came out."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import requests
import sqlalchemy as sa
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from tools.local.airflow_api import (
    FAILED_TASK_STATES,
    AirflowApi,
    AirflowApiError,
    Run,
    last_lines,
    task_log,
)
from tools.local.settings import ADMIN_USER, REPO, Home, LocalStackError
from tools.local.stack import Stack, running_stack

DAGS = (
    *("ingest_tthc", "ingest_van_ban", "ingest_khai_bao", "ingest_file"),
    *("refresh_chi_so", "catch_up_chi_so"),
)
# How long after midnight each DAG that pulls from a source starts.
STARTS = {"ingest_tthc": timedelta(), "ingest_van_ban": timedelta(minutes=30)}
VIETNAM = timezone(timedelta(hours=7))
RUN_PREFIX = "demo__"
DEFAULT_MONTHS = "2025-01..2025-06"
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
_POLL_S = 1.5


class RunFailedError(LocalStackError):
    """A DAG run that was waited for did not succeed."""


class Display:
    """A bar that says what is being waited for; plain lines when not at a terminal."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._last = ""
        self._progress = Progress(
            SpinnerColumn(),
            BarColumn(bar_width=24),
            TextColumn("{task.description}"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._bar = self._progress.add_task("starting", total=None)

    @contextmanager
    def shown(self) -> Iterator[None]:
        with self._progress:
            yield

    def say(self, what: str, detail: str = "", done: int | None = None, total: int | None = None) -> None:
        """Shows what is being waited for, with how much of it is done where that is known."""
        text = f"{what} · {detail}" if detail else what
        if not self.console.is_terminal and what != self._last:
            self.note(f"{time.strftime('%H:%M:%S')} {text}")
        self._last = what
        self._progress.update(self._bar, description=text, completed=done or 0, total=total)

    def note(self, text: str) -> None:
        self.console.print(text, markup=False, highlight=False, soft_wrap=True)


class Session:
    """What one command does with a stack until its deadline."""

    def __init__(self, stack: Stack, display: Display, deadline: float) -> None:
        # The package's modules read these like in a task.
        os.environ.update(stack.environment)
        sys.path.insert(0, str(REPO / "plugins"))
        self.stack = stack
        self.api: AirflowApi = stack.api
        self.display = display
        self.deadline = deadline
        self.since = datetime.now(UTC)
        self.engine = sa.create_engine(stack.warehouse_dsn, poolclass=sa.pool.NullPool)

    def prepare_dags(self, dag_ids: tuple[str, ...] = DAGS) -> None:
        """Makes the pools of the sources, waits until Airflow knows the DAGs and unpauses them."""
        from cchc.sources.register import SYSTEMS  # noqa: PLC0415 (on sys.path only from here on)

        for system in SYSTEMS.values():
            self.api.ensure_pool(system.pool, system.at_a_time)
        while missing := set(dag_ids) - self.api.dag_ids():
            errors = self.api.import_errors()
            if errors:
                raise LocalStackError(
                    "Airflow cannot read these DAG files:\n"
                    + "\n".join(f"{file}\n{trace.strip()}" for file, trace in errors)
                )
            self._wait(f"the DAG processor to read {', '.join(sorted(missing))}")
        for dag_id in dag_ids:
            self.api.unpause(dag_id)

    def load_months(self, months: list[str]) -> None:
        """One run per month of each DAG that pulls, as at the first moment of the next month, and what
        units declare for all of them.

        Documents and declarations of a month follow its dossiers, because those come with the units.
        """

        def others(month: str) -> list[Run]:
            runs = [self._month_run("ingest_van_ban", month)]
            if month == months[0]:
                runs.append(self._declarations(months))
            return [run for run in runs if run]

        def then(run: Run) -> list[Run]:
            return (
                others(run["dag_run_id"].removeprefix(RUN_PREFIX)) if run["dag_id"] == "ingest_tthc" else []
            )

        dossiers = {month: self._month_run("ingest_tthc", month) for month in months}
        loaded = [run for month in months if dossiers[month] is None for run in others(month)]
        self.wait_for([*filter(None, dossiers.values()), *loaded], then=then)

    def _declarations(self, months: list[str]) -> Run | None:
        """The run that reads the drop folder, started; None when all in it was loaded before."""
        from cchc.declarations.drop_folder import waiting_forms  # noqa: PLC0415 - in plugins/
        from tools.declarations import write_declarations  # noqa: PLC0415

        forms = Path(self.stack.environment["CCHC_FORM_DIR"])
        write_declarations(self.engine, forms, months)
        if waiting_forms(self.engine, forms):
            return self.api.trigger("ingest_khai_bao")
        self.display.note("khai_bao: đã nạp, không nạp lại (all declarations were loaded before)")
        return None

    def _month_run(self, dag_id: str, month: str) -> Run | None:
        """The run that pulls up to the end of a month, started; None when it has succeeded before."""
        run_id = f"{RUN_PREFIX}{month}"
        run = self.api.run(dag_id, run_id)
        if run is None:
            return self.api.trigger(dag_id, run_id=run_id, logical_date=_end_of(month) + STARTS[dag_id])
        if run["state"] == "success":
            self.display.note(f"{month}: đã nạp, không nạp lại (already loaded, run {run_id} of {dag_id})")
            return None
        if run["state"] == "failed":
            self.api.repeat_failed(run)
        return run

    def wait_for(self, runs: list[Run], then: Callable[[Run], list[Run]] = lambda _: []) -> None:
        """Returns when all these runs have succeeded, and what `then` starts after each of them.

        Raises as soon as one has failed.
        """
        waiting = {(run["dag_id"], run["dag_run_id"]) for run in runs}
        total = len(waiting)
        while waiting:
            for dag_id, run_id in sorted(waiting):
                run = self.api.run(dag_id, run_id)
                if run is None:
                    raise RunFailedError(f"Run {run_id} of {dag_id} has been deleted.")
                if run["state"] == "failed":
                    raise RunFailedError(self._explain([run]))
                if run["state"] == "success":
                    waiting.discard((dag_id, run_id))
                    for next_run in then(run):
                        waiting.add((next_run["dag_id"], next_run["dag_run_id"]))
                        total += 1
            if waiting:
                self._raise_for_failed_refresh()
                dag_id, run_id = min(waiting)
                done = total - len(waiting)
                self._wait(f"{dag_id} {done}/{total} · {run_id}", done, total)

    def wait_for_refreshes(self) -> None:
        """Returns when no month waits for a refresh and no refresh is running."""
        from cchc.figures.refresh import pending_periods  # noqa: PLC0415 (on sys.path only from here on)

        most = 0
        while True:
            self._raise_for_failed_refresh()
            active = self.api.runs("refresh_chi_so", state=["queued", "running"])
            pending = pending_periods(self.engine)
            if not active and not pending:
                return
            most = max(most, len(pending))
            months = ", ".join(pending[:6]) + (" …" if len(pending) > 6 else "")
            text = f"refresh_chi_so · {months or 'last runs'}"
            self._wait(text, most - len(pending), most or None)

    def refreshed_months(self) -> list[str]:
        """The months that refresh_chi_so was started for since this command began."""
        runs = self.api.runs("refresh_chi_so", run_after_gte=self.since.isoformat())
        return sorted({run["partition_key"] for run in runs if run["partition_key"]})

    def _raise_for_failed_refresh(self) -> None:
        since = self.since.isoformat()
        failed = self.api.runs("refresh_chi_so", state=["failed"], end_date_gte=since)
        if failed:
            raise RunFailedError(self._explain(failed))

    def _running_tasks(self) -> str:
        states = ["running", "queued", "up_for_retry"]
        tasks = self.api.task_instances(state=states)
        names = []
        for task in tasks[:4]:
            index = task.get("rendered_map_index") or (task["map_index"] if task["map_index"] >= 0 else None)
            again = " (will retry)" if task["state"] == "up_for_retry" else ""
            names.append(task["task_id"] + (f" [{index}]" if index is not None else "") + again)
        return ", ".join(names) or "scheduler"

    def _wait(self, what: str, done: int | None = None, total: int | None = None) -> None:
        self.stack.check()
        tasks = self._running_tasks()
        self.display.say(what, tasks, done, total)
        if time.monotonic() > self.deadline:
            raise LocalStackError(
                f"The time limit is over and this was still waited for: {what} · {tasks}. "
                f"Logs: {self.stack.home.task_logs}, {self.stack.home.logs}. What is loaded stays; "
                "run the command again to go on, with more time by DEMO_TIMEOUT=<seconds>."
            )
        time.sleep(_POLL_S)

    def _explain(self, runs: list[Run]) -> str:
        lines = []
        for run in runs:
            lines.append(f"DAG {run['dag_id']}, run {run['dag_run_id']} failed.")
            tasks = self.api.task_instances(run, state=list(FAILED_TASK_STATES))
            for task in tasks:
                if task["state"] != "failed":
                    continue
                index = f"[{task['map_index']}]" if task["map_index"] >= 0 else ""
                log = task_log(self.stack.home.task_logs, task)
                lines.append(f"  task {task['task_id']}{index}, log: {log}")
                lines += [f"    {line}" for line in last_lines(log)]
            if not any(task["state"] == "failed" for task in tasks):
                lines.append(f"  no task failed; see {self.stack.home.logs / 'scheduler.log'}")
        return "\n".join(lines)


# --- the commands -----------------------------------------------------------------------------


def demo(home: Home, console: Console, stay: bool) -> None:
    """Loads the demo's months and prints the scoreboard; leaves the stack running if `stay`."""
    started = time.monotonic()
    months = demo_months(os.environ.get("DEMO_MONTHS") or DEFAULT_MONTHS)
    display = Display(console)
    with running_stack(home, display.say) as stack:
        with _session(stack, display, started) as session:
            session.prepare_dags()
            session.load_months(months)
            session.wait_for_refreshes()
        from cchc.scoreboard import print_batches, print_scoreboard  # noqa: PLC0415

        print_batches(session.engine, session.since)
        print_scoreboard(session.engine, months)
        if stay:
            display.note(access(stack))
            stack.let_go()
    display.note(f"Done in {time.monotonic() - started:.0f} s.")


def ingest(home: Home, console: Console, dataset: str, file: Path) -> None:
    """Loads one file through the DAG ingest_file and waits for the refreshes it causes."""
    started = time.monotonic()
    path = file.expanduser().resolve()
    if not path.is_file():
        raise LocalStackError(f"FILE={file}: there is no such file. Give the path of an export.")
    display = Display(console)
    with running_stack(home, display.say) as stack, _session(stack, display, started) as session:
        session.prepare_dags(("ingest_file", "refresh_chi_so"))
        run = session.api.trigger("ingest_file", conf={"dataset": dataset, "path": str(path)})
        session.wait_for([run])
        session.wait_for_refreshes()
        from cchc.scoreboard import print_batches, print_refresh  # noqa: PLC0415

        print_batches(session.engine, session.since)
        print_refresh(session.engine, session.refreshed_months(), session.since)


def refresh(home: Home, console: Console, month: str) -> None:
    """Counts one month again through the DAG refresh_chi_so."""
    started = time.monotonic()
    if not _MONTH.fullmatch(month):
        raise LocalStackError(f"KY={month} is not a month: write it as 2025-03.")
    display = Display(console)
    with running_stack(home, display.say) as stack, _session(stack, display, started) as session:
        session.prepare_dags(("refresh_chi_so",))
        session.wait_for([session.api.trigger("refresh_chi_so", partition_key=month)])
        from cchc.scoreboard import print_refresh  # noqa: PLC0415

        print_refresh(session.engine, [month], session.since)


@contextmanager
def _session(stack: Stack, display: Display, started: float) -> Iterator[Session]:
    timeout_s = float(os.environ.get("DEMO_TIMEOUT") or 1800)
    session = Session(stack, display, started + timeout_s)
    try:
        with display.shown():
            yield session
    except RunFailedError:
        with suppress(Exception):  # a report beside the error must not hide the error
            from cchc.scoreboard import print_batches  # noqa: PLC0415

            print_batches(session.engine, session.since)
        raise
    except (AirflowApiError, requests.RequestException) as error:
        stack.check()
        raise LocalStackError(f"Airflow at {stack.ports.ui_address}: {error}") from error


def access(stack: Stack) -> str:
    """How to reach a running stack and how to stop it."""
    dsn = stack.warehouse_dsn.replace("+psycopg2", "")
    return "\n".join(
        [
            f"Airflow    {stack.ports.ui_address}",
            f"           user {ADMIN_USER}, password {stack.secrets['admin']}",
            f"Warehouse  make psql   or   psql {dsn}",
            "Stop       make down",
        ]
    )


def demo_months(text: str) -> list[str]:
    """Months from `2025-01..2025-06` or `2025-01,2025-03`."""
    first, separator, last = text.replace(" ", "").partition("..")
    months = [first, last] if separator else first.split(",")
    for month in months:
        if not _MONTH.fullmatch(month):
            raise LocalStackError(
                f"DEMO_MONTHS={text}: {month!r} is not a month. Write 2025-01..2025-06 or 2025-01,2025-03."
            )
    if not separator:
        return months
    numbers = range(_number(first), _number(last) + 1)
    return [f"{number // 12:04d}-{number % 12 + 1:02d}" for number in numbers]


def _number(month: str) -> int:
    return int(month[:4]) * 12 + int(month[5:]) - 1


def _end_of(month: str) -> datetime:
    number = _number(month) + 1
    return datetime(number // 12, number % 12 + 1, 1, tzinfo=VIETNAM)
