"""PostgreSQL crashes in the middle of a batch: its tasks are tried again and go on by themselves."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from cchc.judging import validation
from cchc.judging.validation import validate
from cchc.loading import load as loading
from cchc.loading.load import load
from cchc.warehouse import engine_of
from tests.conftest import NOTHING_TO_LOSE, ROOT, _in_memory
from tests.world import UNITS, World
from tools.local.postgres import EmbeddedPostgres

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def own_server() -> Iterator[sa.Engine]:
    """A warehouse on a server of its own, which the test may crash."""
    with (
        tempfile.TemporaryDirectory(prefix="cchc-test-", dir=_in_memory()) as home,
        # What is committed must outlive the crash.
        EmbeddedPostgres(Path(home), settings=NOTHING_TO_LOSE | {"synchronous_commit": "on"}) as server,
    ):
        dsn = server.dsn("cchc", "postgres", driver="psycopg2")
        subprocess.run(
            [sys.executable, "-m", "alembic", "upgrade", "head"],
            check=True,
            cwd=ROOT,
            env=os.environ | {"CCHC_WAREHOUSE_DSN": dsn},
        )
        yield engine_of(dsn)


def crash(engine: sa.Engine) -> None:
    """Kills a session's process: the server ends all sessions, recovers, and empties UNLOGGED tables."""
    with engine.connect() as connection:
        os.kill(connection.scalar(sa.text("SELECT pg_backend_pid()")), signal.SIGKILL)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            try:
                with engine.connect() as other:
                    other.execute(sa.text("SELECT 1"))
                    break
            except sa.exc.OperationalError:
                time.sleep(0.05)
        connection.invalidate()


def tried(policy, job: Callable[[], object]) -> tuple[object, list[str]]:
    """Runs a job as Airflow runs a task with this policy; what it returns, and the errors on the way."""
    errors: list[str] = []
    for number in range(1, 5):
        try:
            return job(), errors
        except Exception as error:
            errors.append(type(error).__name__)
            action = policy.RETRY_POLICY.evaluate(error, try_number=number, max_tries=3).action.value
            assert action in ("retry", "default"), f"a person is asked: {error!r}"
    raise AssertionError(f"all tries are spent: {errors}")


@pytest.mark.parametrize(
    ("module", "name", "when"),
    [
        (validation, "stage", "after"),
        (validation, "_judge", "before"),
        (validation, "_judge", "after"),
        (validation, "note_judged", "after"),
        (loading, "_load", "before"),
        (loading, "note_loaded", "after"),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_a_crash_of_postgresql_asks_nobody(
    own_server: sa.Engine, flow_policy, tmp_path: Path, monkeypatch, module, name: str, when: str
):
    with own_server.begin() as connection:
        connection.exec_driver_sql(
            "TRUNCATE core.don_vi_phien_ban, core.don_vi, core.don_vi_khoa, ops.batch CASCADE"
        )
    world = World(own_server, tmp_path)
    records = [
        {"MaDonVi": unit["ma_don_vi"], "TenDonVi": unit["ten_don_vi"], "Cap": unit["cap"]}
        | {"NgayCapNhat": "20240101000000"}
        for unit in UNITS
    ]
    # The file states its total: of emptied lines the suite would say that some are missing.
    batch_id = world.land("don_vi", world.json(records), at="2024-01-01")
    real, crashed = getattr(module, name), []

    def once(*given, **named):
        if not crashed and when == "before":
            crashed.append(crash(own_server))
        found = real(*given, **named)
        if not crashed:
            crashed.append(crash(own_server))
        return found

    monkeypatch.setattr(module, name, once)
    _, judging = tried(flow_policy, lambda: validate(own_server, batch_id))
    (batch, _), errors = tried(flow_policy, lambda: load(own_server, batch_id))
    assert crashed
    assert len(judging + errors) == 1, judging + errors
    assert (batch.status, batch.judgement, batch.lines_accepted) == ("loaded", "passed", 4)
    assert world.rows("SELECT relname FROM pg_class WHERE relnamespace = 'staging'::regnamespace") == []
