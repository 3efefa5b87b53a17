"""Celery's workers in place of the scheduler's own: the same rows, also when one is killed in its work."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from cchc.commands.probe import findings
from cchc.figures.refresh import pending_periods
from tests.conftest import NOTHING_TO_LOSE, _in_memory, engine_for_tests
from tests.flow.running_airflow import (
    RunningAirflow,
    celery_workers,
    judges_begun,
    running_airflow,
    wait_until,
)
from tests.world import World
from tools.local import processes
from tools.local.demo import STARTS, _end_of
from tools.local.postgres import EmbeddedPostgres
from tools.local.settings import LOOPBACK, MARK, REPO, any_free_port
from tools.local.stack import answers

pytestmark = pytest.mark.stack

MONTH = "2025-01"
# A worker's silence is noticed after so many seconds.
HEARTBEAT = "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT"
SOON = {
    HEARTBEAT: "30",
    f"{HEARTBEAT}_DETECTION_INTERVAL": "3",
    "AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__VISIBILITY_TIMEOUT": "60",
}
STAGED = "SELECT FROM pg_class WHERE relnamespace = 'staging'::regnamespace AND relname ~ '^ho_so__'"
PACKAGE = REPO / "plugins"


@pytest.fixture(scope="module")
def sources(tmp_path_factory) -> Iterator[dict[str, str]]:
    """Both simulated systems with one month; the variables by which Airflow knows them."""
    home = tmp_path_factory.mktemp("sources")
    variables = {"CCHC_NGUON_DEN": _end_of(MONTH).date().isoformat()}
    started = []
    for system in ("tthc", "qlvb"):
        port = any_free_port()
        client = {f"{system.upper()}_SIM_CLIENT_{part}": "kho" for part in ("ID", "SECRET")}
        words = [f"tools.{system}_simulator", "serve", "--port", str(port), "--den-thang", MONTH]
        environment = os.environ | client | {MARK: str(home), "PYTHONPATH": str(PACKAGE)}
        started.append(
            processes.spawn(
                [sys.executable, "-m", *words],
                log=home / f"{system}.log", env=environment, cwd=REPO, on_parent_death=signal.SIGKILL,
            )
        )  # fmt: skip
        wait_until(lambda port=port: answers(f"http://{LOOPBACK}:{port}/healthz"), f"{system} to start")
        variables[f"AIRFLOW_CONN_CCHC_{system.upper()}"] = f"http://kho:kho@{LOOPBACK}:{port}"
    yield variables
    processes.kill_groups(started)


@contextmanager
def own_stack(
    folder: Path, workers: tuple[str, ...] = (), **variables: str
) -> Iterator[tuple[RunningAirflow, World]]:
    """An Airflow with a server of its own: what another has run is in the metadata database."""
    with ExitStack() as stack:
        home = stack.enter_context(tempfile.TemporaryDirectory(prefix="cchc-test-", dir=_in_memory()))
        server = stack.enter_context(EmbeddedPostgres(Path(home), settings=NOTHING_TO_LOSE))
        dsn = server.dsn("cchc", "postgres", "psycopg2")
        subprocess.run(
            [sys.executable, "-m", "alembic", "upgrade", "head"],
            check=True,
            cwd=REPO,
            env=os.environ | {"CCHC_WAREHOUSE_DSN": dsn},
        )
        key = os.environ["CCHC_FORM_KEY"]
        airflow = stack.enter_context(
            running_airflow(folder, server, "cchc", workers=workers, CCHC_FORM_KEY=key, **variables)
        )
        engine = engine_for_tests(dsn)
        stack.callback(engine.dispose)
        yield airflow, World(engine, airflow.home.path)


def load_month(
    airflow: RunningAirflow, world: World, meanwhile: Callable[[dict[str, Any]], None] = lambda _: None
) -> None:
    """Has a month pulled, judged, loaded and counted by the DAGs; `meanwhile` is given the first run."""
    for dag_id in (*STARTS, "refresh_chi_so"):
        airflow.api.unpause(dag_id)
    # Documents follow dossiers, because these come with the units.
    for dag_id, start in STARTS.items():
        run = airflow.api.trigger(dag_id, logical_date=_end_of(MONTH) + start)
        meanwhile(run)
        meanwhile = lambda _: None  # noqa: E731
        [ended] = airflow.ended(run, tried_again=True)
        assert ended["state"] == "success", airflow.log_of(ended)
    wait_until(lambda: not _refreshing(airflow, world), "figures to follow")


def _refreshing(airflow: RunningAirflow, world: World) -> list[Any]:
    return [*pending_periods(world.engine), *airflow.api.runs("refresh_chi_so", state=["queued", "running"])]


def what_came(world: World) -> dict[str, list[Any]]:
    """Rows of core and mart, and what the books hold, whichever batch came first."""
    return world.content() | {name: sorted(rows) for name, rows in world.books().items()}


def of_session(session: int) -> Iterator[psutil.Process]:
    """All that a worker has started, tasks with process groups of their own too."""
    for pid in psutil.pids():
        with suppress(ProcessLookupError, psutil.NoSuchProcess):
            if os.getsid(pid) == session:
                yield psutil.Process(pid)


def test_a_month_with_a_worker_killed_in_its_work_is_as_one_that_the_scheduler_ran_itself(
    sources, tmp_path_factory
):
    names = celery_workers()
    with own_stack(tmp_path_factory.mktemp("local"), **sources) as (airflow, world):
        load_month(airflow, world)
        expected = what_came(world)
    assert len(expected["core.ho_so"]) > 10_000

    killed: list[str] = []

    def kill_the_worker_that_judges(run: dict[str, Any]) -> None:
        """All of it at once, in the middle: as when its machine loses power."""

        def judging() -> str | None:
            tasks = airflow.api.task_instances(run, state=["running"])
            titles = [task["id"] for task in tasks if task["task_id"] == "ho_so.validate"]
            for name, worker in airflow.workers.items() if world.rows(STAGED) else ():
                for process in of_session(worker.pid):
                    with suppress(psutil.NoSuchProcess):
                        if any(title in " ".join(process.cmdline()) for title in titles):
                            return name
            return None

        name = wait_until(judging, "dossiers to be judged")
        for process in [*of_session(airflow.workers[name].pid)]:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        killed.append(name)

    with own_stack(tmp_path_factory.mktemp("celery"), names, **sources, **SOON) as (airflow, world):
        with judges_begun(airflow.home) as begun:
            load_month(airflow, world, kill_the_worker_that_judges)
        tries = {
            (task["dag_id"], task["task_id"]): task["try_number"]
            for task in airflow.api.task_instances()
            if task["try_number"] > 1
        }
        queue = airflow.environment["AIRFLOW__CELERY__BROKER_URL"]
        told = findings(lambda: airflow.api, lambda: world.engine, parts_only=True, queue=queue)
        # The worker that is left answers the probe.
        assert "thanh_phan:celery" not in {found.ma for found in told}
        assert killed
        assert tries == {("ingest_tthc", "ho_so.validate"): 2}
        found = what_came(world)
        # Great Expectations is imported once in a worker: what judges is a copy of a task's process.
        assert not begun
    assert found.keys() == expected.keys()
    for table, rows in expected.items():
        assert found[table] == rows, table
