"""The main job over the running stack: trigger the real DAGs, watch them, print what came out."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta, timezone
from pathlib import Path

import sqlalchemy as sa
from rich.console import Console

from cchc.commands.airflow_api import AirflowApi, AirflowApiError, Run
from cchc.commands.report import print_batches
from cchc.commands.runs import Display, RunFailed, Runs
from cchc.declarations.drop_folder import waiting_forms
from cchc.errors import CchcError
from cchc.periods import parse_month
from cchc.private_file import write_private
from cchc.reports.summary import summary
from cchc.seals import Keys
from cchc.sources.register import pools
from cchc.warehouse import engine_of
from tools.declarations import write_declarations, write_late_declaration
from tools.local.publishing import Publishing
from tools.local.scoreboard import print_scoreboard
from tools.local.settings import PEOPLE, VIEWERS, Home, LocalStackError, time_limit
from tools.local.stack import Stack, running_stack
from tools.local.workers import workers_asked_for

DAGS = (
    *("ingest_tthc", "ingest_van_ban", "ingest_khai_bao", "ingest_file"),
    *("backfill_danh_muc", "backfill_nguon"),
    *("refresh_chi_so", "catch_up_chi_so", "tidy_up", "reconcile_nguon", "send_tong_hop"),
    *("confirm_chi_so", "publish_chi_so", "restate_chi_so", "except_chi_so"),
)
# How long after midnight each DAG that pulls from a source starts.
STARTS = {"ingest_tthc": timedelta(), "ingest_van_ban": timedelta(minutes=30)}
VIETNAM = timezone(timedelta(hours=7))
RUN_PREFIX = "demo__"
DEFAULT_MONTHS = "2025-01..2025-06"
# Of fewer none is restated.
FEW_MONTHS = 4
SUMMARY = "tom-tat.html"
GENERATED = (
    "Số liệu trong tệp này do máy sinh ra để trình diễn (synthetic data), không phải số liệu của tỉnh nào."
)


class Session:
    """What one command does with a stack until its time limit."""

    def __init__(self, stack: Stack, display: Display) -> None:
        # The package's modules read these like in a task.
        os.environ.update(stack.environment)
        self.stack = stack
        self.api: AirflowApi = stack.api
        self.display = display
        self.engine = engine_of(stack.warehouse_dsn)
        self.runs = Runs(
            self.api,
            self.engine,
            display,
            time_limit(),
            check=stack.check,
            more_time="DEMO_TIMEOUT=<seconds>",
        )

    def prepare_dags(self, dag_ids: tuple[str, ...] = DAGS) -> None:
        """Makes the pools, waits until Airflow knows the DAGs and unpauses them."""
        for name, pool in pools().items():
            self.api.ensure_pool(name, int(pool["slots"]))
        while missing := set(dag_ids) - self.api.dag_ids():
            errors = self.api.import_errors()
            if errors:
                raise LocalStackError(
                    "Airflow cannot read these DAG files:\n"
                    + "\n".join(f"{file}\n{trace.strip()}" for file, trace in errors)
                )
            self.runs.wait(f"the DAG processor to read {', '.join(sorted(missing))}")
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
        self.runs.wait_for([*filter(None, dossiers.values()), *loaded], then=then)

    def _declarations(self, months: list[str]) -> Run | None:
        """The run that reads the drop folder, started; None when all in it was loaded before."""
        forms = Path(self.stack.environment["CCHC_FORM_DIR"])
        write_declarations(self.engine, forms, months, Keys(self.stack.secrets["form_key"]))
        if waiting_forms(self.engine, forms):
            return self.api.trigger("ingest_khai_bao")
        self.display.note("khai_bao: đã nạp, không nạp lại (all declarations were loaded before)")
        return None

    def publish(self, months: list[str]) -> None:
        """Closes all months but the last, and restates the third for what a unit declares late of it."""
        secrets = self.stack.secrets
        officer = AirflowApi(self.stack.ports.ui_address, "can_bo", secrets["can_bo"])
        unit = AirflowApi(self.stack.ports.ui_address, "cua_don_vi", secrets["cua_don_vi"])
        publishing = Publishing(self.api, self.engine, self.runs, self.display, officer, unit)
        publishing.close(months[:-1])
        forms = Path(self.stack.environment["CCHC_FORM_DIR"])
        if len(months) < FEW_MONTHS:
            return
        write_late_declaration(forms, months[2], Keys(secrets["form_key"]))
        if waiting_forms(self.engine, forms):
            self.runs.wait_for([self.api.trigger("ingest_khai_bao")])
            self.runs.wait_for_refreshes()
        publishing.restate(months[2])

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


# --- the commands -----------------------------------------------------------------------------


def demo(home: Home, stay: bool) -> None:
    """Loads the demo's months and prints the scoreboard; leaves the stack running if `stay`."""
    started = time.monotonic()
    months = demo_months(os.environ.get("DEMO_MONTHS") or DEFAULT_MONTHS)
    time_limit()  # raises before anything is started
    workers_asked_for()
    display = Display(Console())
    with running_stack(home, display.say) as stack:
        with _session(stack, display) as session:
            session.prepare_dags()
            session.load_months(months)
            session.runs.wait_for_refreshes()
            introduce_viewers(stack)
            session.publish(months)
        print_batches(session.engine, session.runs.since)
        print_scoreboard(session.engine, months)
        page = write_summary(session.engine, home)
        display.note(f"Charts     {page}: for a mail or a share, opens without the stack")
        if stay:
            display.note(access(stack))
            stack.let_go()
        else:
            display.note("Pages      make up: the same, and the pages stay at an address that it prints")
    display.note(f"Done in {time.monotonic() - started:.0f} s.")


def write_summary(engine: sa.Engine, home: Home) -> Path:
    """Leaves the newest month and its course as one HTML file; returns where."""
    page = home.path / SUMMARY
    with engine.connect() as connection:
        write_private(page, summary(connection, GENERATED).encode())
    return page


def introduce_viewers(stack: Stack) -> None:
    """Says in the warehouse who sees which rows on the pages, once the units are there."""
    with engine_of(stack.owner_dsn).begin() as connection:
        for name, unit in VIEWERS.items():
            connection.execute(
                sa.text("SELECT ops.gan_nguoi_xem(:name, :unit)"), {"name": name, "unit": unit}
            )


@contextmanager
def ready_for(home: Home, dag_ids: tuple[str, ...]) -> Iterator[Stack]:
    """The stack of this clone in which these DAGs can run, started for this block if it is down."""
    display = Display(Console())
    with running_stack(home, display.say) as stack:
        with _session(stack, display) as session:
            session.prepare_dags(dag_ids)
        yield stack


@contextmanager
def _session(stack: Stack, display: Display) -> Iterator[Session]:
    session = Session(stack, display)
    try:
        with display.shown():
            yield session
    except RunFailed:
        with suppress(Exception):  # a report beside the error must not hide the error
            print_batches(session.engine, session.runs.since, say_none=False)
        raise
    except AirflowApiError:
        stack.check()
        raise


def access(stack: Stack) -> str:
    """How to reach a running stack and how to stop it."""
    return "\n".join(
        [
            f"Pages      {stack.ports.ui_address}/cchc/",
            f"Airflow    {stack.ports.ui_address}",
            f"           users {', '.join(PEOPLE)}; passwords stand under these names in the file of secrets",
            "           admin: engineer; can_bo: an officer; cua_don_vi: somebody of "
            f"{VIEWERS['cua_don_vi']}; xem: figures only",
            "Warehouse  make psql",
            f"BI         psql {stack.bi_dsn}",
            "           reads mart without lists of dossiers, and nothing else",
            "Dashboards make superset",
            *(
                ["Tasks      Celery's workers; logs/worker-*.log say which took what"]
                if stack.ports.redis
                else []
            ),
            f"Secrets    {stack.home.path / 'secrets.json'}",
            "Stop       make down",
        ]
    )


def demo_months(text: str) -> list[str]:
    """Months from `2025-01..2025-06` or `2025-01,2025-03`."""
    first, separator, last = text.replace(" ", "").partition("..")
    months = [first, last] if separator else first.split(",")
    for month in months:
        try:
            parse_month(month)
        except CchcError as error:
            raise LocalStackError(
                f"DEMO_MONTHS={text}: {month!r} is not a month. Write 2025-01..2025-06 or 2025-01,2025-03."
            ) from error
    if not separator:
        return months
    numbers = range(_number(first), _number(last) + 1)
    return [f"{number // 12:04d}-{number % 12 + 1:02d}" for number in numbers]


def _number(month: str) -> int:
    return int(month[:4]) * 12 + int(month[5:]) - 1


def _end_of(month: str) -> datetime:
    number = _number(month) + 1
    return datetime(number // 12, number % 12 + 1, 1, tzinfo=VIETNAM)
