"""Starts runs of the DAGs through Airflow's API, waits for them, and says in one line why one failed."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from urllib.parse import quote

import sqlalchemy as sa
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from cchc.commands.airflow_api import (
    FAILED_TASK_STATES,
    AirflowApi,
    AirflowApiError,
    Run,
    error_in,
    task_log_file,
)
from cchc.errors import CchcError
from cchc.figures.refresh import pending_periods
from cchc.shown import in_table, on_terminal

POLL_S = 1.5
# The exit code of a command that Ctrl-C has ended.
INTERRUPTED = 130
# Where there is no bar that moves, who waits hears after so long what for.
SILENCE_S = 60


class RunFailed(CchcError):
    """A DAG run that was waited for did not succeed."""


class Display:
    """A bar that says what is waited for, and a line for each step; only lines when not at a terminal."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._last = ""
        self._began = self._told = time.monotonic()
        self._progress = Progress(
            SpinnerColumn(),
            BarColumn(bar_width=24),
            TextColumn("{task.description}", markup=False),
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

    def say(
        self, what: str, detail: str = "", done: int | None = None, total: int | None = None, step: str = ""
    ) -> None:
        """Shows what is being waited for, with how much of it is done where that is known.

        Where there is no bar that moves: a line for each `step` (by default for each other `what`), and one a
        minute while it lasts.
        """
        text = in_table(f"{what} · {detail}" if detail else what)
        silent = time.monotonic() - self._told > SILENCE_S
        if not self.console.is_terminal and ((step or what) != self._last or silent):
            self._line("…", text)
        self._last = step or what
        self._progress.update(self._bar, description=text, completed=done or 0, total=total)

    def done(self, what: str) -> None:
        """One line for a step that has ended, with how long all took until then."""
        self._line("✓", in_table(what))

    def failed(self, what: str) -> None:
        """The same for a step that failed while others go on."""
        self._line("✗", in_table(what))

    def _line(self, sign: str, text: str) -> None:
        self._told = time.monotonic()
        self.note(f"{self._told - self._began:5.0f} s {sign} {text}")

    def note(self, text: str) -> None:
        self.console.print(Text(on_terminal(text)), soft_wrap=True)


class Runs:
    """What one command does with a running Airflow until its time limit.

    `check` raises when waiting has become useless; `more_time` says how to allow more of it.
    """

    def __init__(
        self,
        api: AirflowApi,
        engine: sa.Engine,
        display: Display,
        timeout_s: float,
        *,
        check: Callable[[], None] = lambda: None,
        more_time: str = "--timeout SECONDS",
    ) -> None:
        self.api = api
        self.engine = engine
        self.display = display
        self.since = datetime.now(UTC)
        self._deadline = time.monotonic() + timeout_s
        self._check, self._more_time = check, more_time

    def require(self, *dag_ids: str) -> None:
        """Raises when Airflow does not know one of the DAGs, or would never start its runs."""
        for dag_id in dag_ids:
            dag = self.api.dag(dag_id)
            if dag is None:
                raise CchcError(
                    f"Airflow at {self.api.address} does not know the DAG {dag_id}: its dag-processor "
                    f"has not read it, or cannot (airflow dags list-import-errors)."
                )
            if dag["is_paused"]:
                raise CchcError(
                    f"The DAG {dag_id} is paused, so its runs would wait for ever. Unpause it first: in the "
                    f"UI, or airflow dags unpause {dag_id}."
                )

    def wait_for(self, runs: list[Run], then: Callable[[Run], list[Run]] = lambda _: []) -> None:
        """Returns when all these runs have succeeded, and what `then` starts after each of them.

        Raises as soon as one has failed.
        """
        waiting = {(run["dag_id"], run["dag_run_id"]) for run in runs}
        total, ended = len(waiting), 0
        while waiting:
            for dag_id, run_id in sorted(waiting - self._under_way(waiting)):
                run = self.api.run(dag_id, run_id)
                if run is None:
                    raise RunFailed(f"Run {run_id} of {dag_id} has been deleted.")
                if run["state"] == "failed":
                    raise RunFailed(self.explain([run]))
                if run["state"] == "success":
                    waiting.discard((dag_id, run_id))
                    ended += 1
                    for next_run in then(run):
                        waiting.add((next_run["dag_id"], next_run["dag_run_id"]))
                        total += 1
                    what = f"{dag_id} · {run_id}{self.batches(dag_id, run_id)}"
                    self.display.done(f"{what}, run {ended} of {total}")
            if waiting:
                self._raise_for_failed_refresh()
                dag_id, run_id = min(waiting)
                what = f"{dag_id} · {run_id}{self.batches(dag_id, run_id)}"
                self.wait(f"{what}, {ended} of {total} runs ended", ended, total, step=f"{dag_id} {run_id}")

    def _under_way(self, runs: set[tuple[str, str]]) -> set[tuple[str, str]]:
        """Queued and running runs of their DAGs: to ask for each of many by itself keeps the server busy."""
        return {
            (dag_id, run["dag_run_id"])
            for dag_id in {dag_id for dag_id, _ in runs}
            for run in self.api.runs(dag_id, state=["queued", "running"])
        }

    def wait_for_refreshes(self) -> None:
        """Returns when no month waits for a refresh and no refresh is running."""
        most = 0
        while True:
            self._raise_for_failed_refresh()
            active = self.api.runs("refresh_chi_so", state=["queued", "running"])
            pending = pending_periods(self.engine)
            if not active and not pending:
                self.display.done("refresh_chi_so · no month waits")
                return
            most = max(most, len(pending))
            months = ", ".join(pending[:6]) + (" …" if len(pending) > 6 else "")
            counted = most - len(pending)
            text = f"refresh_chi_so · {months or 'last runs'}, {counted} of {most} months counted"
            self.wait(text, counted, most or None, step="refresh_chi_so")

    def refreshed_months(self) -> list[str]:
        """The months that refresh_chi_so was started for since this command began."""
        runs = self.api.runs("refresh_chi_so", run_after_gte=self.since.isoformat())
        return sorted({run["partition_key"] for run in runs if run["partition_key"]})

    def wait(self, what: str, done: int | None = None, total: int | None = None, step: str = "") -> None:
        """Waits a moment and shows what for; raises when the time limit is over."""
        self._check()
        tasks = self._running_tasks()
        self.display.say(what, tasks, done, total, step)
        if time.monotonic() > self._deadline:
            raise CchcError(
                f"The time limit is over and this was still waited for: {what} · {tasks}. What is loaded "
                f"stays; run the command again to go on, with more time by {self._more_time}."
            )
        time.sleep(POLL_S)

    def batches(self, dag_id: str, run_id: str) -> str:
        """How many of the batches that a run has landed are loaded; nothing when it has landed none."""
        loaded, landed = self.batch_counts(dag_id, run_id)
        return f", {loaded} of {landed} batches loaded" if landed else ""

    def batch_counts(self, dag_id: str, run_id: str) -> tuple[int, int]:
        """How many batches a run has loaded, and how many it has landed."""
        query = (
            "SELECT count(*) FILTER (WHERE b.status = 'loaded') AS loaded, count(*) AS landed "
            "FROM ops.batch AS b WHERE EXISTS (SELECT FROM ops.batch_run AS r "
            "WHERE r.batch_id = b.batch_id AND r.dag_id = :dag_id AND r.run_id = :run_id)"
        )
        with self.engine.connect() as connection:
            found = connection.execute(sa.text(query), {"dag_id": dag_id, "run_id": run_id}).one()
        return found.loaded, found.landed

    def _raise_for_failed_refresh(self) -> None:
        since = self.since.isoformat()
        failed = self.api.runs("refresh_chi_so", state=["failed"], end_date_gte=since)
        if failed:
            raise RunFailed(self.explain(failed))

    def _running_tasks(self) -> str:
        states = ["running", "queued", "up_for_retry"]
        tasks = self.api.task_instances(state=states)
        names = []
        for task in tasks[:4]:
            index = task.get("rendered_map_index") or (task["map_index"] if task["map_index"] >= 0 else None)
            again = " (will retry)" if task["state"] == "up_for_retry" else ""
            names.append(task["task_id"] + (f" [{index}]" if index is not None else "") + again)
        return ", ".join(names) or "scheduler"

    def explain(self, runs: list[Run]) -> str:
        """A line for each task that failed: what its error says, and where its log is."""
        lines = []
        for run in runs:
            tasks = self.api.task_instances(run, state=list(FAILED_TASK_STATES))
            failed = [task for task in tasks if task["state"] == "failed"]
            for task in failed:
                index = f"[{task['map_index']}]" if task["map_index"] >= 0 else ""
                lines.append(
                    f"{self._error(task)} (task {task['dag_id']}.{task['task_id']}{index}, "
                    f"log: {task_log_file(task) or self._log_page(task)})"
                )
            if not failed:
                lines.append(
                    f"Run {run['dag_run_id']} of {run['dag_id']} failed without a failed task: see the "
                    f"scheduler's log."
                )
        return "\n".join(lines)

    def _error(self, task: Run) -> str:
        try:
            return error_in(self.api.task_log(task)) or "The task ended without a message."
        except AirflowApiError as error:
            return f"The task failed, and its log could not be read: {error}"

    def _log_page(self, task: Run) -> str:
        page = f"{self.api.address}/dags/{task['dag_id']}/runs/{quote(task['dag_run_id'])}"
        page += f"/tasks/{task['task_id']}"
        return page + (f"/mapped/{task['map_index']}" if task["map_index"] >= 0 else "")
