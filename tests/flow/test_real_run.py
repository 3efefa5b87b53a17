"""Airflow itself loads a file, and refuses one."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.world import UNITS, World

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def airflow(postgres, tmp_path_factory):
    """Runs `airflow <words>` with its own metadata on the embedded PostgreSQL."""
    home = tmp_path_factory.mktemp("airflow")
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("AIRFLOW", "CCHC_"))}
    environment = inherited | {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": postgres.dsn("airflow", driver="psycopg2"),
        "PYTHONPATH": str(ROOT / "plugins"),
        "NO_PROXY": "*",
    }

    def run(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "airflow", *words],
            cwd=ROOT,
            env=environment | variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )

    migrated = run("db", "migrate")
    assert migrated.returncode == 0, migrated.stdout
    return run


@pytest.fixture
def ingest_file(airflow, dsn, tmp_path):
    """Loads one file as an engineer does it at the command line."""

    def ingest(dataset: str, path: Path, **params: str) -> subprocess.CompletedProcess[str]:
        return airflow(
            *("dags", "test", "ingest_file", "--conf"),
            json.dumps({"dataset": dataset, "path": str(path)} | params),
            AIRFLOW_CONN_CCHC_WAREHOUSE=dsn.replace("postgresql+psycopg2", "postgres"),
            CCHC_LANDING_DIR=str(tmp_path / "landing"),
            CCHC_INGEST_DIRS=str(tmp_path),
        )

    return ingest


def test_airflow_loads_a_file_and_the_same_file_again_changes_nothing(ingest_file, world: World):
    path = world.csv(UNITS, ["ma_don_vi", "ten_don_vi", "cap"])
    first = ingest_file("don_vi", path, extracted_at="2025-01-01T00:00:00")
    assert first.returncode == 0, first.stdout
    assert world.rows("SELECT ma_don_vi, ten_don_vi, cap FROM core.don_vi ORDER BY ma_don_vi") == [
        (unit["ma_don_vi"], unit["ten_don_vi"], unit["cap"])
        for unit in sorted(UNITS, key=lambda unit: unit["ma_don_vi"])
    ]
    assert world.rows(
        "SELECT status, lines_read, lines_accepted, extracted_at::text, original_name FROM ops.batch"
    ) == [("loaded", 4, 4, "2025-01-01 00:00:00", path.name)]
    everything = ("ops.batch", "ops.validation_result", "core.don_vi", "core.don_vi_phien_ban")
    before = world.content(*everything)

    second = ingest_file("don_vi", path, extracted_at="2025-01-01T00:00:00")
    assert second.returncode == 0, second.stdout
    assert world.content(*everything) == before


def test_airflow_refuses_a_bad_file_with_the_reason(ingest_file, world: World):
    # The level of the second unit is missing: its column is required.
    path = world.text("ma_don_vi,ten_don_vi\n000.00.01.H59,Sở Xây dựng\n")
    failed = ingest_file("don_vi", path, extracted_at="2025-01-01T00:00:00")
    assert failed.returncode != 0
    assert f"{path.name}: the header in row 1" in failed.stdout
    assert "lacks required columns: cap" in failed.stdout
    assert "[CCHC] ingest_file.validate failed" in failed.stdout
    # No waiting for another try of what only a person can put right.
    assert "up_for_retry" not in failed.stdout.lower()
    assert world.rows("SELECT count(*) FROM core.don_vi") == [(0,)]
    assert world.rows("SELECT status, lines_accepted FROM ops.batch") == [("stopped", None)]
