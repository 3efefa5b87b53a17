"""Measures what people wait for in a running Airflow, for `make bench`: the demo from nothing, and a day.

The demo runs in a stack of its own that is installed already. After it the source is pulled up to a Monday,
and then each of the next days: from the trigger of ingest_tthc until the figures that people read have
followed, and until what differs from closed months is known.
"""

import os
import shutil
import statistics
import subprocess
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from rich.console import Console

from cchc.commands.airflow_api import AirflowApi, Run
from cchc.commands.runs import Display, RunFailed
from cchc.figures.refresh import pending_periods
from cchc.publication.turn import closed_months
from tools.local.demo import VIETNAM, Session
from tools.local.settings import REPO, Home
from tools.local.stack import running_stack

DAGS = ("ingest_tthc", "refresh_chi_so")
# A week after the demo's last month; the source is pulled up to its Monday before it is measured.
MONDAY = datetime(2025, 7, 7, tzinfo=VIETNAM)
DAYS = 3
POLL_S = 0.2
TARGET_DEMO_S = 150.0
TARGET_DAY_S = 8.0
PULLED = """
SELECT coalesce(sum(b.lines_read), 0) FROM ops.batch AS b
WHERE EXISTS (SELECT FROM ops.batch_run AS r WHERE r.batch_id = b.batch_id AND r.run_id = :run_id)
"""


def measure(folder: Path) -> dict:
    """Seconds of the demo and of each day, until open figures and until all, and the lines it brought."""
    shutil.rmtree(folder, ignore_errors=True)
    try:
        environment = os.environ | {"CCHC_HOME": str(folder)}
        began = time.monotonic()
        subprocess.run(
            [sys.executable, "-m", "tools.local", "demo"],
            check=True,
            cwd=REPO,
            env=environment,
            stdout=sys.stderr,
        )
        found = {"demo_s": time.monotonic() - began, "days": []}
        display = Display(Console(stderr=True))
        with running_stack(Home(folder), display.say) as stack:
            session = Session(stack, display)
            session.prepare_dags(DAGS)
            for day in range(DAYS + 1):
                measured = _day(session.api, session.engine, MONDAY + timedelta(days=day))
                display.note("Day {}: {lines} lines, {s:.1f} s, {all_s:.1f} s".format(day, **measured))
                found["days"].append(measured)
            session.engine.dispose()
        del found["days"][0]
        return found
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _day(api: AirflowApi, engine: sa.Engine, midnight: datetime) -> dict[str, float]:
    """Seconds from the trigger of a pull up to `midnight` until its open months are counted (s), and until
    what differs from closed ones is known (all_s); its lines."""
    began = time.monotonic()
    run: Run | None = api.trigger("ingest_tthc", run_id=f"bench__{midnight:%F}", logical_date=midnight)
    while run and run["state"] not in ("success", "failed"):
        time.sleep(POLL_S)
        run = api.run("ingest_tthc", run["dag_run_id"])
    if run is None or run["state"] == "failed":
        raise RunFailed(f"The pull up to {midnight:%F} failed: see its logs.")
    with engine.connect() as connection:
        closed = {month.ky for month in closed_months(connection)}
        lines = connection.scalar(sa.text(PULLED), {"run_id": run["dag_run_id"]})
    while not closed.issuperset(pending_periods(engine)):
        time.sleep(POLL_S)
    seconds = time.monotonic() - began
    while pending_periods(engine):
        time.sleep(POLL_S)
    return {"s": seconds, "all_s": time.monotonic() - began, "lines": int(lines)}


def day_s(found: dict, until: str = "s") -> float:
    """Seconds of the median day."""
    return statistics.median(day[until] for day in found["days"])


def report(console: Console, found: dict) -> None:
    """Prints both beside what they are to reach."""
    lines = ", ".join(f"{day['lines']:,}" for day in found["days"])
    console.print(f"make demo: {found['demo_s']:.0f} s  (goal: ≤ {TARGET_DEMO_S:.0f} s)")
    console.print(
        f"A day of all TTHC datasets ({lines} lines), from the trigger to the figures: {day_s(found):.1f} s  "
        f"(goal: ≤ {TARGET_DAY_S:.0f} s); until what differs from closed months is known, too: "
        f"{day_s(found, 'all_s'):.1f} s"
    )
