"""What a command says while it waits for runs: a line for each step, with how much of it is done."""

import io
import re
from typing import Any

import pytest
import sqlalchemy as sa
from rich.console import Console

from cchc.commands import runs as module
from cchc.commands.runs import Display, Runs
from tests.world import World


class Airflow:
    """Answers of Airflow: each run is running as often as said and has then succeeded."""

    address = "http://127.0.0.1:1"

    def __init__(self, polls: dict[str, int]) -> None:
        self.polls = polls
        self.asked: list[str] = []

    def run(self, dag_id: str, run_id: str) -> dict[str, Any]:
        self.asked.append(run_id)
        return {"dag_id": dag_id, "dag_run_id": run_id, "state": "success"}

    def runs(self, dag_id: str, state: list[str], **_: object) -> list[Any]:
        if dag_id != "ingest_tthc" or "running" not in state:
            return []
        self.polls = {run_id: left - 1 for run_id, left in self.polls.items()}
        return [run(run_id) for run_id, left in self.polls.items() if left >= 0]

    def task_instances(self, *_: object, **__: object) -> list[Any]:
        return []


def run(run_id: str) -> dict[str, str]:
    return {"dag_id": "ingest_tthc", "dag_run_id": run_id}


@pytest.fixture
def waiting(province: World, monkeypatch):
    """Waits for runs of which the first has landed two batches, one of them loaded; returns what was said."""
    monkeypatch.setattr(module, "POLL_S", 0)
    with province.engine.begin() as connection:
        for number, status in enumerate(("loaded", "landed"), 1):
            connection.execute(
                sa.text(
                    "WITH lo AS (INSERT INTO ops.batch (dataset, sha256, size_bytes, landed_path, "
                    "original_name, origin, status, lines_read, lines_accepted, lines_rejected, "
                    "lines_superseded) VALUES ('ho_so', repeat(:n, 64), 1, 'x', 'x', 'api', :status, "
                    "0, 0, 0, 0) RETURNING batch_id) "
                    "INSERT INTO ops.batch_run (batch_id, dag_id, run_id, task_id, map_index) "
                    "SELECT batch_id, 'ingest_tthc', 'thang_1', 'land', 0 FROM lo"
                ),
                {"n": str(number), "status": status},
            )

    def wait(polls: dict[str, int], *, terminal: bool = False) -> list[str]:
        console = Console(file=io.StringIO(), width=200, force_terminal=terminal, color_system=None)
        airflow = Airflow(polls)
        runs = Runs(airflow, province.engine, Display(console), 60)  # type: ignore[arg-type]
        with runs.display.shown():
            runs.wait_for([run(name) for name in polls])
            runs.wait_for_refreshes()
        # A run is asked for by itself only once it is under way no more.
        assert airflow.asked == [*polls]
        text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", console.file.getvalue())
        return [line.strip() for line in re.split(r"[\r\n]+", text) if re.search(r" s […✓] ", line)]

    return wait


def test_each_step_has_a_line_when_it_begins_and_one_when_it_ends(waiting):
    said = waiting({"thang_1": 3, "thang_2": 5})
    assert [re.sub(r"^\d+ s ", "", line) for line in said] == [
        "… ingest_tthc · thang_1, 1 of 2 batches loaded, 0 of 2 runs ended · scheduler",
        "✓ ingest_tthc · thang_1, 1 of 2 batches loaded, run 1 of 2",
        "… ingest_tthc · thang_2, 1 of 2 runs ended · scheduler",
        "✓ ingest_tthc · thang_2, run 2 of 2",
        "✓ refresh_chi_so · no month waits",
    ]


def test_waiting_long_says_no_more(waiting):
    assert len(waiting({"thang_1": 200})) == len(waiting({"thang_1": 2})) == 3


def test_waiting_for_minutes_says_again_what_for(waiting, monkeypatch):
    monkeypatch.setattr(module, "SILENCE_S", -1)
    said = waiting({"thang_1": 5})
    assert [line for line in said if "…" in line] == said[:-2] and len(said) > 4


def test_at_a_terminal_the_bar_moves_and_what_ended_stays(waiting):
    said = waiting({"thang_1": 3, "thang_2": 5}, terminal=True)
    assert [line[line.index("✓") :] for line in said] == [
        "✓ ingest_tthc · thang_1, 1 of 2 batches loaded, run 1 of 2",
        "✓ ingest_tthc · thang_2, run 2 of 2",
        "✓ refresh_chi_so · no month waits",
    ]
