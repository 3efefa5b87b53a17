"""An Airflow that runs as in the local stack, for a warehouse and with sources of the test's own."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from cchc.commands.airflow_api import AirflowApi
from cchc.commands.celery_workers import answering
from cchc.errors import CchcError
from cchc.sources.register import pools
from tools.local import processes
from tools.local.postgres import EmbeddedPostgres
from tools.local.settings import (
    ADMIN_USER,
    ETL_LOGIN,
    MARK,
    PAGES_LOGIN,
    PEOPLE,
    Home,
    LocalStackError,
    Ports,
    any_free_port,
    clean_environment,
    stack_environment,
    write_private,
)
from tools.local.stack import AIRFLOW_PARTS
from tools.local.workers import command, redis_answers, start_redis, workers_asked_for

# The triggerer has nothing to do here.
PARTS = {name: options for name, options in AIRFLOW_PARTS.items() if name != "triggerer"}
# Everything else that a machine does while tests run slows this down.
PATIENCE_S = 560
ENDED = ("success", "failed")


@dataclass(frozen=True)
class RunningAirflow:
    """What a test asks of it: runs of the DAGs, and where everything is that they leave."""

    home: Home
    api: AirflowApi
    environment: dict[str, str]
    metadata_dsn: str
    address: str
    passwords: dict[str, str] = field(repr=False)
    workers: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def incoming(self) -> Path:
        return self.home.landing / "incoming"

    def ended(self, *runs: dict[str, Any], tried_again: bool = False) -> list[dict[str, Any]]:
        """The runs when all of them have ended; no task of them is to be tried again unless `tried_again`."""
        return wait_until(lambda: self._all_ended(runs, tried_again), "runs to end")

    def _all_ended(self, runs: tuple[dict[str, Any], ...], tried_again: bool) -> list[dict[str, Any]] | None:
        for task in [] if tried_again else self.api.task_instances(state=["up_for_retry"]):
            raise AssertionError(
                f"{task['dag_id']}.{task['task_id']} waits for another try: {self.log_of(task)}"
            )
        now = [self.api.run(run["dag_id"], run["dag_run_id"]) for run in runs]
        return [run for run in now if run] if all(run and run["state"] in ENDED for run in now) else None

    def log_of(self, run: dict[str, Any]) -> str:
        """What the tasks of a run, or of the run of a task, wrote."""
        folder = self.home.task_logs / f"dag_id={run['dag_id']}" / f"run_id={run['dag_run_id']}"
        return "\n".join(file.read_text(encoding="utf-8") for file in sorted(folder.rglob("*.log")))


def celery_workers() -> tuple[str, ...]:
    """Those of a stack with Celery; without Redis a test is skipped, but never where nobody would see it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EXECUTOR", "celery")
        patch.delenv("WORKERS", raising=False)
        try:
            return tuple(workers_asked_for())
        except LocalStackError as error:
            (pytest.fail if os.environ.get("CI") else pytest.skip)(str(error))


@contextmanager
def running_airflow(
    folder: Path, server: EmbeddedPostgres, database: str, *, workers: tuple[str, ...] = (), **variables: str
) -> Iterator[RunningAirflow]:
    """Starts Airflow's parts as `make up` does, for `database`; all of them end with the block.

    `workers`: those of Celery; without any the scheduler runs the tasks itself.
    """
    home = Home(folder)
    home.create()
    redis = any_free_port() if workers else None
    ports = Ports(ui=any_free_port(), pg=server.port or 0, tthc=1, qlvb=1, redis=redis)
    environment = clean_environment() | stack_environment(home, ports, server.secrets)
    warehouse = server.dsn(database, ETL_LOGIN)
    environment |= {
        "AIRFLOW_CONN_CCHC_WAREHOUSE": warehouse.replace("postgresql", "postgres", 1),
        "CCHC_WAREHOUSE_DSN": server.dsn(database, ETL_LOGIN, "psycopg2"),
        "CCHC_PAGES_DSN": server.dsn(database, PAGES_LOGIN, "psycopg2"),
        "TMPDIR": str(home.path / "tmp"),
    }
    del environment["CCHC_NGUON_DEN"]
    environment |= variables
    (home.path / "tmp").mkdir(mode=0o700)
    passwords = {name: server.secrets[name] for name in PEOPLE}
    write_private(home.passwords_file, json.dumps(passwords) + "\n")
    migrated = subprocess.run(
        [sys.executable, "-m", "airflow", "db", "migrate"],
        env=environment, cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert migrated.returncode == 0, migrated.stdout + migrated.stderr
    parts: dict[str, subprocess.Popen[bytes]] = {}
    before = os.umask(0o077)
    if redis:
        parts["redis"] = start_redis(home, redis, server.secrets["redis"])
        wait_until(lambda: redis_answers(redis, server.secrets["redis"]), "Redis to start")
    commands = {name: ["airflow", name, *options] for name, options in PARTS.items()}
    commands |= {name: command(name) for name in workers}
    parts |= {
        name: processes.spawn(
            [sys.executable, "-m", *words],
            log=home.logs / f"{name}.log", env=environment, cwd=folder, on_parent_death=signal.SIGTERM,
        )
        for name, words in commands.items()
    }  # fmt: skip
    os.umask(before)
    api = AirflowApi(ports.ui_address, ADMIN_USER, server.secrets["admin"])
    running = RunningAirflow(
        home,
        api,
        environment,
        server.dsn("airflow", driver="psycopg2"),
        ports.ui_address,
        passwords,
        {name: parts[name] for name in workers},
    )

    def ready() -> bool:
        for name, part in parts.items():
            assert part.poll() is None, (home.logs / f"{name}.log").read_text()[-3000:]
        health = api.health()
        if {health.get(name) for name in ("scheduler", "dag_processor")} != {"healthy"}:
            return False
        with suppress(CchcError):
            return not workers or answering(
                environment["AIRFLOW__CELERY__BROKER_URL"], enough=len(workers)
            ) == {*workers}
        return False

    try:
        wait_until(ready, "Airflow to start")
        dags = {file.stem for file in Path(environment["AIRFLOW__CORE__DAGS_FOLDER"]).glob("*.py")}
        wait_until(lambda: dags <= api.dag_ids(), "its DAGs to be read")
        for name, pool in pools().items():
            api.ensure_pool(name, int(pool["slots"]))
        yield running
    finally:
        processes.kill_groups(parts.values())
        processes.end_marked(home.path)


@contextmanager
def judges_begun(home: Home) -> Iterator[set[int]]:
    """The processes that begin anew to judge for this Airflow meanwhile; copies of its workers are none."""
    begun: set[int] = set()
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.1):
            for process in psutil.process_iter():
                with suppress(psutil.Error):
                    if "cchc.judging.judge" in process.cmdline():
                        parent = process.parent()
                        if parent and parent.environ().get(MARK) == str(home.path):
                            begun.add(process.pid)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield begun
    finally:
        over.set()
        thread.join()


def wait_until(condition: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + PATIENCE_S
    while not (found := condition()):
        assert time.monotonic() < deadline, f"waited {PATIENCE_S} s in vain for {what}"
        time.sleep(0.3)
    return found
