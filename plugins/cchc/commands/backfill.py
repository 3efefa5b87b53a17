"""Pulls a range of months from every source and counts them, several months at a time.

Each month is a run of the DAG backfill_nguon; which are done is read from ops.batch, so that the same
command goes on after an interruption. Airflow's own backfill is another thing: it makes the runs of a DAG's
schedule, here one a day and none before start_date, each of which pulls from where the last pull ended; it
knows what is done by the states of runs, and takes one range of a DAG at a time.
"""

import re
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from cchc.commands.airflow_api import Run, RunExists
from cchc.commands.report import print_backfill
from cchc.commands.runs import INTERRUPTED, Runs
from cchc.contracts import contracts
from cchc.errors import CchcError
from cchc.figures.refresh import pending_periods
from cchc.known_until import pulled_months, watermark_of
from cchc.periods import Month, parse_month

LISTS_DAG, MONTHS_DAG, REFRESH_DAG = "backfill_danh_muc", "backfill_nguon", "refresh_chi_so"
RUN_OF_MONTH = re.compile(r"nap_bu__(\d{4}-\d\d)(?:__(\d+))?")
UNDER_WAY = ("queued", "running")
# How often nothing may run while months wait before they are started anew: an asset event may have been lost.
IDLE_POLLS = 3


@dataclass
class Backfilled:
    """What became of the months of one command. `before`: those that had been pulled when it began;
    `failed`: month → why it was not pulled, `uncounted`: the same of its figures; `figures`: how many each
    month had; `again`: since when what was pulled counts, where not ever."""

    months: list[str]
    since: datetime
    again: datetime | None = None
    before: set[str] = field(default_factory=set)
    pulled: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    uncounted: dict[str, str] = field(default_factory=dict)
    figures: dict[str, int] = field(default_factory=dict)

    @property
    def left(self) -> list[str]:
        """The months that were neither pulled nor failed: nobody got to them."""
        done = {*self.before, *self.pulled, *self.failed}
        return [ky for ky in self.months if ky not in done]


class Backfill:
    """One command: pulls what is missing of its months, then waits until all that changed is counted."""

    def __init__(self, runs: Runs, months: list[Month], at_a_time: int, again: datetime | None) -> None:
        self.runs = runs
        self.months = months
        self.at_a_time = at_a_time
        self.again = again
        self.result = Backfilled([month.ky for month in months], runs.since, again)

    def prepare(self) -> None:
        """Raises what keeps it from beginning at all; notes what the months have now."""
        self.runs.require(LISTS_DAG, MONTHS_DAG, REFRESH_DAG)
        with self.runs.engine.connect() as connection:
            self._check_source(connection)
            self.result.figures = figures_of(connection, self.result.months)

    def run(self) -> None:
        """Does it all; what fails of one month keeps no other from being pulled and counted."""
        self.result.before = self._done(MONTHS_DAG, _datasets(incremental=True), self.months)
        if self.result.before:
            self.runs.display.note(
                f"{len(self.result.before)} of {len(self.months)} months: đã kéo, không kéo lại (were pulled "
                f"before and are not pulled again; --again TIME does it)"
            )
        missing = self.result.left
        if missing and self._lists_pulled():
            self._pull_months(missing)
        self._count()

    # Pulling ---------------------------------------------------------------------------------------

    def _pull_months(self, missing: list[str]) -> None:
        with self.runs.engine.connect() as connection:
            begun = all(watermark_of(connection, name) for name in _datasets(incremental=True))
        if not begun:
            # All that was before the first month comes with it, and only with it.
            self._pull(MONTHS_DAG, missing[:1])
            if self.result.failed:
                return
            missing = missing[1:]
        self._pull(MONTHS_DAG, missing)

    def _lists_pulled(self) -> bool:
        """Pulls the lists of units and procedures, unless they are known as at the last month's end."""
        last = self.months[-1]
        if not self._done(LISTS_DAG, _datasets(incremental=False), [last]):
            self._pull(LISTS_DAG, [last.ky])
        return not self.result.failed

    def _done(self, dag_id: str, datasets: list[str], months: list[Month]) -> set[str]:
        """Which months were pulled: ever, by the batches that are loaded, or since `again`, by the runs."""
        if self.again is None:
            with self.runs.engine.connect() as connection:
                return pulled_months(connection, datasets, months)
        found = self.runs.api.runs(dag_id, state=["success"], start_date_gte=self.again.isoformat())
        return {_month_of(run) for run in found} & {month.ky for month in months}

    def _pull(self, dag_id: str, months: list[str]) -> None:
        """Runs one DAG for each month; returns when all have ended. Goes on with runs that are under way."""
        api, display = self.runs.api, self.runs.display
        active = {
            ky: run for run in api.runs(dag_id, state=list(UNDER_WAY)) if (ky := _month_of(run)) in months
        }
        waiting = [ky for ky in months if ky not in active]
        while waiting or active:
            while waiting and len(active) < self.at_a_time:
                ky = waiting.pop(0)
                active[ky] = self._begun(dag_id, ky)
            for ky, run in sorted(active.items()):
                now = api.run(dag_id, run["dag_run_id"])
                if now and now["state"] not in ("success", "failed"):
                    continue
                del active[ky]
                ended = len(months) - len(waiting) - len(active)
                what = f"{dag_id} · {ky}{self.runs.batches(dag_id, run['dag_run_id'])}"
                if now and now["state"] == "success":
                    display.done(f"{what}, run {ended} of {len(months)}")
                    if dag_id == MONTHS_DAG:
                        self.result.pulled.append(ky)
                else:
                    why = self.runs.explain([now]) if now else f"Run {run['dag_run_id']} has been deleted."
                    display.failed(f"{what}, run {ended} of {len(months)}")
                    self.result.failed[ky] = why
            if active:
                ended = len(months) - len(waiting) - len(active)
                batches = {
                    ky: self.runs.batch_counts(dag_id, run["dag_run_id"]) for ky, run in active.items()
                }
                names = ", ".join(
                    f"{ky} {loaded}/{landed}" for ky, (loaded, landed) in sorted(batches.items())
                )
                text = f"{dag_id} · {ended} of {len(months)} runs ended, batches loaded: {names}"
                self.runs.wait(text, ended, len(months), step=f"{dag_id} {', '.join(sorted(active))}")

    def _begun(self, dag_id: str, ky: str) -> Run:
        """A new run for a month, or what another command has begun since this one did."""
        tried = ""
        while True:
            runs = [run for run in self.runs.api.runs(dag_id) if _month_of(run) == ky]
            for run in runs:
                if run["state"] in UNDER_WAY or _made_at(run) >= self.runs.since:
                    return run
            # Not by how many there are: those of long ago may have been deleted.
            number = 1 + max(map(_number_of, runs), default=0)
            name = f"nap_bu__{ky}" + (f"__{number}" if number > 1 else "")
            try:
                return self.runs.api.trigger(dag_id, run_id=name, conf={"ky": ky})
            except RunExists:  # begun just now, by whoever: it is found above
                if name == tried:
                    raise
                tried = name

    # Counting --------------------------------------------------------------------------------------

    def _count(self) -> None:
        """Returns when no month waits to be counted, or what waits cannot be."""
        api, display = self.runs.api, self.runs.display
        most = idle = 0
        started: set[str] = set()
        while pending := pending_periods(self.runs.engine):
            most = max(most, len(pending))
            idle = 0 if api.runs(REFRESH_DAG, state=list(UNDER_WAY)) else idle + 1
            if idle >= IDLE_POLLS:
                if started >= set(pending):
                    self.result.uncounted = self._why_uncounted(pending)
                    display.failed(f"{REFRESH_DAG} · {', '.join(pending)}")
                    return
                for ky in sorted({*pending} - started):
                    api.trigger(REFRESH_DAG, partition_key=ky)
                    started.add(ky)
                idle = 0
            months = ", ".join(pending[:6]) + (" …" if len(pending) > 6 else "")
            counted = most - len(pending)
            text = f"{REFRESH_DAG} · {months}, {counted} of {most} months counted"
            self.runs.wait(text, counted, most, step=REFRESH_DAG)
        display.done(f"{REFRESH_DAG} · no month waits")

    def _why_uncounted(self, pending: list[str]) -> dict[str, str]:
        failed = {
            run["partition_key"]: run
            for run in self.runs.api.runs(
                REFRESH_DAG, state=["failed"], end_date_gte=self.runs.since.isoformat()
            )
        }
        unknown = "No run of refresh_chi_so has failed, and none has counted it."
        return {ky: self.runs.explain([failed[ky]]) if ky in failed else unknown for ky in pending}

    def _check_source(self, connection: sa.Connection) -> None:
        """Raises for months before the first one of which any source says that it holds something."""
        first = connection.scalar(
            sa.text("SELECT min(month) FROM ops.reconciliation WHERE month <> '' AND source_total > 0")
        )
        if first and self.months[0].ky < first:
            raise CchcError(
                f"TU={self.months[0].ky} lies before {first}, the first month of which the sources hold "
                f"anything (ops.reconciliation, DAG reconcile_nguon). Expected {first} or later."
            )


def backfilled(
    asked: AbstractContextManager[Runs], first: str, last: str, at_a_time: int, again: datetime | None
) -> int:
    """Pulls and counts the months from `first` to `last`, and prints what came of it, also when it is broken
    off; returns the exit code."""
    job: Backfill | None = None
    code = 0
    try:
        with asked as runs:
            prepared = Backfill(runs, months_of(first, last), at_a_time, again)
            prepared.prepare()
            job = prepared
            job.run()
    except KeyboardInterrupt:
        code = INTERRUPTED
    finally:
        if job is not None:
            print_backfill(job.runs.engine, MONTHS_DAG, job.result)
    if code:
        print("Broken off. The same command goes on from here, also with the runs that Airflow has begun.")
    elif job is not None and (job.result.failed or job.result.left or job.result.uncounted):
        code = 1
    return code


def months_of(first: str, last: str) -> list[Month]:
    """The months from `first` to `last`, both included."""
    months, end = [parse_month(first)], parse_month(last)
    while months[-1] < end:
        months.append(months[-1].next)
    return months


def figures_of(connection: sa.Connection, months: list[str]) -> dict[str, int]:
    """How many figures each of these months has."""
    query = "SELECT ky, count(*) AS figures FROM mart.chi_so WHERE ky = ANY(:months) GROUP BY ky"
    return {row.ky: row.figures for row in connection.execute(sa.text(query), {"months": months})}


def _datasets(*, incremental: bool) -> list[str]:
    return [c.dataset for c in contracts().values() if c.api and c.api.incremental == incremental]


def _made_at(run: Run) -> datetime:
    return datetime.fromisoformat(run["run_after"])


def _number_of(run: Run) -> int:
    """Which run of its month it is; 0 for one that a person has named."""
    named = RUN_OF_MONTH.fullmatch(run["dag_run_id"])
    return int(named[2] or 1) if named else 0


def _month_of(run: Run) -> str:
    """The month of a run; empty when it says none."""
    named = RUN_OF_MONTH.fullmatch(run["dag_run_id"])
    return named[1] if named else str((run.get("conf") or {}).get("ky") or "")
