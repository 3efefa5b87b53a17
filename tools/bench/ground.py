"""What the parts of `make bench` stand on: databases of their own, children, clocks."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import sqlalchemy as sa

from tools.local.postgres import EmbeddedPostgres

ROOT = Path(__file__).parents[2]
HOME = Path(os.environ.get("CCHC_HOME", ROOT / ".cchc")) / "bench"
FIRST, LAST = "2025-01", "2025-12"
EXTRACTED = "20260101000000"
TURNS = 3
# A year of fewer leaves units without a dossier in its last month.
LEAST_ROWS = 1000


def rows_asked_for() -> int:
    """How many dossiers a year has (BENCH_ROWS); exits for what is no such number."""
    text = os.environ.get("BENCH_ROWS", "200000")
    if not text.isdecimal() or not int(text):
        sys.exit(f"BENCH_ROWS={text!r} is no number of rows. Expected for example 200000.")
    if int(text) < LEAST_ROWS:
        sys.exit(
            f"BENCH_ROWS={text} are too few: some parts would find nothing to measure. Expected {LEAST_ROWS} "
            f"or more, for example 200000."
        )
    return int(text)


def child(name: str, *arguments: str, dsn: str = "", **variables: str) -> dict:
    """What a step of the bench finds, in a process of its own."""
    environment = (
        os.environ
        | variables
        | {
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "plugins")]),
            "CCHC_KY_DAU": FIRST,
            "CCHC_WAREHOUSE_DSN": dsn,  # not an argument: those are shown to everybody
        }
    )
    done = subprocess.run(
        [sys.executable, "-m", "tools.bench", name, *arguments],
        check=True,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
    )
    return json.loads(done.stdout.splitlines()[-1])


def database(server: EmbeddedPostgres, name: str, migrate: bool = False) -> str:
    admin = sa.create_engine(
        server.dsn("postgres", "postgres", driver="psycopg2"), isolation_level="AUTOCOMMIT"
    )
    with admin.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE template0")
    admin.dispose()
    dsn = server.dsn(name, "postgres", driver="psycopg2")
    if migrate:
        subprocess.run(
            [sys.executable, "-m", "alembic", "upgrade", "head"],
            check=True,
            cwd=ROOT,
            env=os.environ | {"CCHC_WAREHOUSE_DSN": dsn},
        )
    return dsn


@contextmanager
def processor_time(engine: sa.Engine, stages: dict[str, float]) -> Iterator[None]:
    """Adds what the sessions that are used meanwhile take of the processor, each up to its last commit."""
    before: dict[int, float] = {}
    spent: dict[int, float] = {}

    def taken(connection: sa.Connection) -> tuple[int, float]:
        pid = connection.connection.dbapi_connection.info.backend_pid
        times = psutil.Process(pid).cpu_times()
        return pid, times.user + times.system

    def begin(connection: sa.Connection) -> None:
        # It may have been used before.
        before.setdefault(*taken(connection))

    def note(connection: sa.Connection) -> None:
        pid, now = taken(connection)
        spent[pid] = now - before[pid]

    sa.event.listen(engine, "begin", begin)
    sa.event.listen(engine, "commit", note)
    try:
        yield
    finally:
        sa.event.remove(engine, "begin", begin)
        sa.event.remove(engine, "commit", note)
        stages["load_cpu_s"] = sum(spent.values())


def timed(stages: dict[str, float], name: str, step: Callable):
    started = time.perf_counter()
    result = step()
    stages[name] = time.perf_counter() - started
    return result
