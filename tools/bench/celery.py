"""Measures a backfill of six months by one of Celery's workers and by two: `make bench-celery`.

Each in a stack of its own that begins with nothing, from the first run to the last month counted.
DEMO_MONTHS takes other months.
"""

import os
import shutil
import sys
import time
from pathlib import Path

import sqlalchemy as sa
from rich.console import Console
from rich.table import Table

from cchc.commands.runs import Display
from cchc.errors import CchcError
from cchc.shown import on_terminal
from tools.local.demo import DEFAULT_MONTHS, Session, demo_months
from tools.local.settings import TASKS_OF_A_WORKER, Home, LocalStackError
from tools.local.stack import running_stack
from tools.local.workers import workers_asked_for

DAGS = ("ingest_tthc", "ingest_van_ban", "ingest_khai_bao", "refresh_chi_so")
WORKERS = (1, 2)


def backfill(folder: Path, months: list[str], display: Display) -> tuple[float, int]:
    """Seconds until the months are loaded and counted, and how many lines came."""
    try:
        with running_stack(Home(folder), display.say) as stack:
            session = Session(stack, display)
            session.prepare_dags(DAGS)
            began = time.monotonic()
            session.load_months(months)
            session.runs.wait_for_refreshes()
            seconds = time.monotonic() - began
            with session.engine.connect() as connection:
                lines = connection.scalar(sa.text("SELECT sum(lines_read) FROM ops.batch"))
            session.engine.dispose()
            return seconds, int(lines)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    months = demo_months(os.environ.get("DEMO_MONTHS") or DEFAULT_MONTHS)
    folder, display = Home.of_clone().path / "bench-celery", Display(Console())
    os.environ["EXECUTOR"] = "celery"
    table = Table("workers", "tasks at a time", "s", "lines", "lines/s", "months/min", "load of the machine")
    for workers in WORKERS:
        os.environ["WORKERS"] = str(workers)
        workers_asked_for()  # raises before anything is started
        seconds, lines = backfill(folder, months, display)
        table.add_row(
            str(workers),
            str(workers * TASKS_OF_A_WORKER),
            f"{seconds:.0f}",
            f"{lines:,}",
            f"{lines / seconds:,.0f}",
            f"{60 * len(months) / seconds:.2f}",
            f"{os.getloadavg()[1]:.1f}",
        )
    display.console.print(table)
    print(f"{months[0]} to {months[-1]} on {os.cpu_count()} cores.")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
    except (LocalStackError, CchcError) as error:
        sys.exit(on_terminal(error))
