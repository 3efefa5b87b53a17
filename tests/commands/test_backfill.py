"""The command `backfill`: which months it pulls, in which order, what it says of them and how it goes on."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from cchc.batches import note_run
from cchc.commands import backfill as module
from cchc.commands.app import check
from cchc.errors import CchcError
from cchc.publication.closing import close
from cchc.written_times import VIETNAM
from tests.commands.stand_in import ENDED, UNDER_WAY, Airflow
from tests.world import World

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]
LISTS, FACTS = ["don_vi", "tthc"], ["ho_so", "danh_gia", "qua_trinh", "van_ban", "ho_so_cong_viec"]
LONG_AGO = "2025-01-01T00:00:00+00:00"
DAGS = {"backfill_danh_muc", "backfill_nguon", "refresh_chi_so"}


class Warehouse:
    """Stands for what the tasks of the DAGs leave: loaded batches with their windows."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.number = 0

    def loaded(self, dataset: str, begins: str | None, ends: str, status: str = "loaded", **run: str) -> int:
        """A batch of a pull of (begins, ends]; `run`: dag_id and run_id of whoever pulled it."""
        self.number += 1
        counts = [10, 8, 1, 1] if status == "loaded" else [None] * 4
        columns = ["read", "accepted", "rejected", "superseded"]
        with self.world.engine.begin() as connection:
            batch_id = connection.scalar(
                sa.text(
                    "INSERT INTO ops.batch (dataset, sha256, size_bytes, landed_path, original_name, origin, "
                    "status, window_from, window_to, lines_read, lines_accepted, lines_rejected, "
                    "lines_superseded) VALUES (:dataset, :sha, 1, 'x', 'x', 'api', :status, :begins, :ends, "
                    ":read, :accepted, :rejected, :superseded) RETURNING batch_id"
                ),
                {"dataset": dataset, "sha": f"{self.number:064d}", "status": status}
                | {"begins": begins, "ends": ends}
                | dict(zip(columns, counts, strict=True)),
            )
        if run:
            note_run(self.world.engine, batch_id, run["dag_id"], run["run_id"], "land", 0)
        return int(batch_id)

    def daily(self, until: str) -> None:
        """As the daily pull leaves it: all from the beginning on."""
        for dataset in LISTS + FACTS:
            self.loaded(dataset, None, until)

    def month(self, run: dict[str, Any]) -> dict[str, str]:
        """What a run of either DAG does."""
        year, month = map(int, run["conf"]["ky"].split("-"))
        begins = datetime(year, month, 1)
        ends = datetime(year + month // 12, month % 12 + 1, 1).isoformat()
        who = {"dag_id": run["dag_id"], "run_id": run["dag_run_id"]}
        if run["dag_id"] == "backfill_danh_muc":
            for dataset in LISTS:
                self.loaded(dataset, None, ends, **who)
        else:
            moc = dict(self.world.rows("SELECT dataset, moc FROM ops.moc_nuoc"))
            for dataset in FACTS:
                since = (begins - timedelta(days=1)).isoformat() if dataset in moc else None
                self.loaded(dataset, since, ends, **who)
        return {"state": "success"}


@pytest.fixture
def pulled(warehouse: World, airflow: Airflow) -> Iterator[Warehouse]:
    """A warehouse into which nothing was pulled; runs of the stand-in pull into it."""
    airflow.dags |= DAGS
    found = Warehouse(warehouse)
    airflow.becomes = lambda run: (
        found.month(run) if run["dag_id"].startswith("backfill") else {"state": "success"}
    )
    answer = airflow.answer

    def refreshes_at_once(method: str, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        """Nobody asks for such a run by its name."""
        status, content = answer(method, path, body)
        if method == "POST" and path.endswith("/refresh_chi_so/dagRuns"):
            airflow.triggered[-1] |= airflow.becomes(airflow.triggered[-1])
        return status, content

    airflow.answer = refreshes_at_once
    yield found
    # The next test has the same units and procedures, and none that were pulled.
    with warehouse.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM ops.batch WHERE origin = 'api'")


def asked(airflow: Airflow, dag_id: str = "backfill_nguon") -> list[str]:
    return [run["conf"]["ky"] for run in airflow.triggered if run["dag_id"] == dag_id]


def line_of(out: str, ky: str) -> list[str]:
    """The cells of a month's line."""
    [line] = [line for line in out.splitlines() if line.startswith(f"│ {ky} ")]
    return [cell.strip() for cell in line.strip("│").split("│")]


# --- wrong arguments ---------------------------------------------------------------------------

NEXT_MONTH = (datetime.now(VIETNAM).replace(day=1) + timedelta(days=40)).strftime("%Y-%m")
THIS_MONTH = datetime.now(VIETNAM).strftime("%Y-%m")
WRONG = [
    (["2025-13", "2025-14"], r"TU='2025-13' is no month\. Expected YYYY-MM, for example 2025-03\."),
    (["2025-01", "tháng 3"], r"DEN='tháng 3' is no month\. Expected YYYY-MM"),
    (["2025-03", "2025-01"], r"TU=2025-03 lies after DEN=2025-01\. .* example TU=2025-01 DEN=2025-03\."),
    (
        ["2024-12", "2025-01"],
        r"TU=2024-12 lies before 2025-01, the first month that is counted\. .*CCHC_KY_DAU",
    ),
    (
        ["2025-01", NEXT_MONTH],
        rf"DEN={NEXT_MONTH} is not over: it is .* in Vietnam\. Expected \d{{4}}-\d\d or",
    ),
    (["2025-01", THIS_MONTH], rf"DEN={THIS_MONTH} is not over"),
    (["2025-01", "2025-03", "--again", "hôm qua"], r"--again 'hôm qua' is no time\. Expected Vietnam's"),
    (
        ["2025-01", "2025-03", "--again", "2999-01-01"],
        r"--again 2999-01-01 has not been yet: it is .* in Vietnam\. Expected a moment that has",
    ),
]


@pytest.mark.parametrize(("words", "says"), WRONG, ids=lambda value: ascii(value)[:40])
def test_a_range_that_cannot_be_is_answered_in_one_line_before_anything_is_asked(
    cchc, monkeypatch, words, says
):
    for variable in ("CCHC_WAREHOUSE_DSN", "CCHC_AIRFLOW_URL", "CCHC_KY_DAU", "CCHC_NGUON_DEN"):
        monkeypatch.delenv(variable, raising=False)
    code, out, told = cchc("backfill", *words)
    assert (code, out) == (1, "")
    (line,) = told.splitlines()
    assert re.match(says, line), line
    with pytest.raises(CchcError, match=says):
        check(["backfill", *words])


def test_a_month_behind_the_end_of_a_simulated_source_is_named(cchc, monkeypatch):
    monkeypatch.setenv("CCHC_NGUON_DEN", "2025-09-01")
    assert cchc("backfill", "2025-07", "2025-09")[2] == (
        "DEN=2025-09 lies after the end of the simulated sources, 2025-09-01 (CCHC_NGUON_DEN). Expected "
        "2025-08 or earlier.\n"
    )


@pytest.mark.parametrize("number", ["0", "13", "hai"])
def test_as_many_at_a_time_as_cannot_be_are_refused(cchc, number):
    code, out, told = cchc("backfill", "2025-01", "2025-03", "--at-a-time", number)
    assert (code, out) == (2, "")
    assert "--at-a-time" in told and len(told.splitlines()) == 1


def test_months_before_the_first_one_of_the_sources_are_named_where_they_have_said_so(
    cchc, warehouse, airflow, monkeypatch
):
    airflow.dags |= DAGS
    monkeypatch.setenv("CCHC_KY_DAU", "2024-01")
    with warehouse.engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO ops.reconciliation (dataset, as_of, month, source_total, core_total, "
            "rejected_total, state) SELECT 'ho_so', '2025-05-01', month, total, total, 0, 'equal' "
            "FROM (VALUES ('2024-11', 7), ('2024-08', 0), ('', 1)) AS v (month, total)"
        )
    code, out, told = cchc("backfill", "2024-10", "2024-12")
    assert (code, out) == (1, "")
    assert told.startswith(
        "TU=2024-10 lies before 2024-11, the first month of which the sources hold anything"
    )
    assert airflow.triggered == []


def test_an_airflow_that_is_away_or_would_not_run_it_is_told_in_one_line(
    cchc, warehouse, airflow, monkeypatch
):
    assert "does not know the DAG backfill_danh_muc" in cchc("backfill", "2025-01", "2025-02")[2]
    airflow.dags |= DAGS
    airflow.paused = {"backfill_nguon"}
    code, out, told = cchc("backfill", "2025-01", "2025-02")
    assert (code, out) == (1, "")
    assert told.startswith("The DAG backfill_nguon is paused, so its runs would wait for ever.")
    monkeypatch.setenv("CCHC_AIRFLOW_URL", "http://127.0.0.1:9")
    monkeypatch.setattr("cchc.commands.airflow_api.Retry", lambda **_: 0)
    assert cchc("backfill", "2025-01", "2025-02") == (
        1, "", "Airflow at http://127.0.0.1:9 does not answer (ConnectionError).\n",
    )  # fmt: skip


# --- which months, in which order --------------------------------------------------------------


def test_into_an_empty_warehouse_lists_come_first_then_the_first_month_then_the_others_side_by_side(
    cchc, pulled, airflow
):
    under_way: list[list[str]] = []
    pulls = airflow.becomes

    def slowly(run: dict[str, Any]) -> dict[str, str]:
        """Ended when it is asked for the third time."""
        run["polls"] = run.get("polls", 0) + 1
        active = [r for r in airflow.triggered if r["state"] in UNDER_WAY]
        under_way.append([f"{r['dag_id']} {r['conf']['ky']}" for r in active if r["conf"]])
        return pulls(run) if run["polls"] == 3 else {"state": "running"}

    airflow.becomes = slowly
    code, out, told = cchc("backfill", "2025-01", "2025-05", "--at-a-time", "2")
    assert (code, told) == (0, "")
    assert asked(airflow, "backfill_danh_muc") == ["2025-05"]
    assert asked(airflow) == ["2025-01", "2025-02", "2025-03", "2025-04", "2025-05"]
    assert [run["dag_run_id"] for run in airflow.triggered][:2] == ["nap_bu__2025-05", "nap_bu__2025-01"]
    # Nothing stands beside the lists, nor beside the month with which all that was before comes.
    assert all(
        len(active) == 1
        for active in under_way
        if {"danh_muc", "2025-01"} & set(re.split(r"[_ ]", active[0]))
    )
    assert max(map(len, under_way)) == 2
    # The first month was asked for from the beginning on, each other from a day before it.
    assert pulled.world.rows(
        "SELECT window_from::text, window_to::text FROM ops.batch WHERE dataset = 'van_ban' "
        "ORDER BY window_to LIMIT 2"
    ) == [(None, "2025-02-01 00:00:00"), ("2025-01-31 00:00:00", "2025-03-01 00:00:00")]
    # Five batches of ten lines each.
    assert line_of(out, "2025-03") == [
        "2025-03",
        "5",
        "50",
        "40",
        "5",
        "5",
        "0",
        "0",
        "0",
        "",
        "đã kéo / pulled",
    ]


def test_months_that_were_pulled_are_not_pulled_again(cchc, pulled, airflow):
    pulled.daily("2025-04-01")
    code, out, told = cchc("backfill", "2025-02", "2025-05")
    assert (code, told) == (0, "")
    assert "2 of 4 months: đã kéo, không kéo lại" in out
    assert asked(airflow) == ["2025-04", "2025-05"]
    assert line_of(out, "2025-02")[-1] == "đã kéo từ trước / pulled before"
    airflow.triggered.clear()
    assert cchc("backfill", "2025-02", "2025-05")[0] == 0
    assert airflow.triggered == []


def test_a_month_of_which_one_dataset_is_missing_is_pulled(cchc, pulled, airflow):
    pulled.daily("2025-06-01")
    with pulled.world.engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE ops.batch SET window_to = '2025-02-10' WHERE dataset = 'danh_gia'; "
            "UPDATE ops.batch SET status = 'landed', lines_read = NULL, lines_accepted = NULL, "
            "lines_rejected = NULL, lines_superseded = NULL WHERE dataset = 'tthc'"
        )
    assert cchc("backfill", "2025-01", "2025-03")[0] == 0
    assert asked(airflow) == ["2025-02", "2025-03"]
    assert asked(airflow, "backfill_danh_muc") == ["2025-03"]


def test_a_month_whose_window_has_a_hole_is_pulled(cchc, pulled, airflow):
    pulled.daily("2025-03-01")
    for dataset in FACTS:
        pulled.loaded(dataset, "2025-02-28", "2025-03-15")
        pulled.loaded(dataset, "2025-03-15 00:00:01", "2025-04-01")
        pulled.loaded(dataset, "2025-04-01", "2025-05-01")
    assert cchc("backfill", "2025-02", "2025-04")[0] == 0
    assert asked(airflow) == ["2025-03"]


def test_months_are_pulled_again_that_were_pulled_before_a_moment(cchc, pulled, airflow):
    pulled.daily("2025-06-01")
    assert cchc("backfill", "2025-01", "2025-02", "--again", "2025-07-01")[0] == 0
    assert asked(airflow) == ["2025-01", "2025-02"]
    # Those were since then.
    assert cchc("backfill", "2025-01", "2025-03", "--again", "2025-07-01")[0] == 0
    assert asked(airflow) == ["2025-01", "2025-02", "2025-03"]


def test_runs_that_are_under_way_are_gone_on_with_and_failed_ones_are_started_anew(cchc, pulled, airflow):
    pulled.daily("2025-02-01")
    for ky, state in (("2025-02", "running"), ("2025-03", "failed"), ("2025-04", "queued")):
        run = {
            "dag_id": "backfill_nguon",
            "dag_run_id": f"nap_bu__{ky}",
            "conf": {"ky": ky},
            "state": state,
        }
        airflow.triggered.append(run | {"partition_key": None, "run_after": LONG_AGO})
    # Started by hand in the UI.
    airflow.triggered[-1]["dag_run_id"] = "manual__hom_qua"
    code, _, told = cchc("backfill", "2025-02", "2025-05")
    assert (code, told) == (0, "")
    new = [run["dag_run_id"] for run in airflow.triggered[3:] if run["dag_id"] == "backfill_nguon"]
    assert new == ["nap_bu__2025-03__2", "nap_bu__2025-05"]
    assert {run["state"] for run in airflow.triggered} <= {"success", "failed"}


def another_command(airflow: Airflow, ky: str, state: str, number: int = 1) -> None:
    """Begins a month now, as the same command given twice does."""
    run = {"dag_id": "backfill_nguon", "conf": {"ky": ky}, "state": state, "partition_key": None}
    name = f"nap_bu__{ky}" + (f"__{number}" if number > 1 else "")
    airflow.triggered.append(run | {"dag_run_id": name, "run_after": datetime.now(VIETNAM).isoformat()})


def test_two_commands_at_once_have_each_month_pulled_once(cchc, pulled, airflow):
    """By runs of either; before, the second to ask ended with Airflow's words that the run is there."""
    pulled.daily("2025-02-01")
    pulls, answer = airflow.becomes, airflow.answer

    def beside(run: dict[str, Any]) -> dict[str, str]:
        if run["conf"] == {"ky": "2025-02"}:
            another_command(airflow, "2025-03", "queued")
            another_command(airflow, "2025-04", "success")
            pulled.month(airflow.triggered[-1])
        return pulls(run)

    def a_moment_before(method: str, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        if path.endswith("/backfill_nguon/dagRuns") and body.get("dag_run_id") == "nap_bu__2025-05":
            another_command(airflow, "2025-05", "running")
        return answer(method, path, body)

    airflow.becomes, airflow.answer = beside, a_moment_before
    code, out, told = cchc("backfill", "2025-02", "2025-05", "--at-a-time", "1")
    assert (code, told) == (0, "")
    assert asked(airflow) == ["2025-02", "2025-03", "2025-04", "2025-05"]
    assert {run["state"] for run in airflow.triggered} == {"success"}
    assert [line_of(out, f"2025-0{month}")[-1] for month in (2, 3, 4, 5)] == ["đã kéo / pulled"] * 4


def test_a_month_is_pulled_also_where_its_first_run_was_deleted(cchc, pulled, airflow):
    """As `airflow db clean` does with old runs: the name of the one that is left is not taken once more."""
    pulled.daily("2025-02-01")
    another_command(airflow, "2025-02", "failed", 2)
    airflow.triggered[-1]["run_after"] = LONG_AGO
    code, _, told = cchc("backfill", "2025-02", "2025-02")
    assert (code, told) == (0, "")
    assert [r["dag_run_id"] for r in airflow.triggered if r["dag_id"] == "backfill_nguon"] == [
        "nap_bu__2025-02__2",
        "nap_bu__2025-02__3",
    ]


# --- what fails --------------------------------------------------------------------------------


def test_a_month_that_fails_keeps_no_other_and_is_told_with_its_reason_and_log(cchc, pulled, airflow):
    pulled.daily("2025-02-01")
    pulls = airflow.becomes

    def one_fails(run: dict[str, Any]) -> dict[str, str]:
        if run["conf"] == {"ky": "2025-03"}:
            who = {"dag_id": run["dag_id"], "run_id": run["dag_run_id"]}
            pulled.loaded("ho_so", "2025-02-28", "2025-04-01", status="stopped", **who)
            return {"state": "failed"}
        return pulls(run)

    airflow.becomes = one_fails
    airflow.failed = [
        {
            "dag_id": "backfill_nguon", "dag_run_id": "nap_bu__2025-03", "task_id": "nghiep_vu.validate",
            "map_index": 0, "try_number": 1, "state": "failed",
        }
    ]  # fmt: skip
    error = {"exc_type": "BatchStopped", "exc_value": "batch 7 is stopped: HS03 (12 lines)", "frames": []}
    airflow.log = [{"event": "Task failed with exception", "level": "error", "error_detail": [error]}]
    code, out, told = cchc("backfill", "2025-02", "2025-04")
    assert (code, told) == (1, "")
    assert asked(airflow) == ["2025-02", "2025-03", "2025-04"]
    assert "✗ backfill_nguon · 2025-03, 0 of 1 batches loaded, run " in out
    address = os.environ["CCHC_AIRFLOW_URL"]
    assert (
        "Tháng 2025-03, chưa kéo được / not pulled: batch 7 is stopped: HS03 (12 lines) (task "
        f"backfill_nguon.nghiep_vu.validate[0], log: {address}/dags/backfill_nguon/runs/nap_bu__2025-03/"
        "tasks/nghiep_vu.validate/mapped/0)"
    ) in " ".join(out.split())
    assert [line_of(out, ky)[-1] for ky in ("2025-02", "2025-03", "2025-04")] == [
        "đã kéo / pulled", "lỗi / failed", "đã kéo / pulled",
    ]  # fmt: skip
    # Of a batch that is stopped nothing is counted.
    assert line_of(out, "2025-03")[1:3] == ["0", ""]


@pytest.mark.parametrize("dag_id", ["backfill_danh_muc", "backfill_nguon"])
def test_nothing_is_pulled_behind_what_everything_stands_on(cchc, pulled, airflow, dag_id):
    """The lists, and into an empty warehouse the first month: others would be judged without them."""
    pulls = airflow.becomes
    airflow.becomes = lambda run: {"state": "failed"} if run["dag_id"] == dag_id else pulls(run)
    code, out, _ = cchc("backfill", "2025-01", "2025-03")
    assert code == 1
    assert asked(airflow) == ([] if dag_id == "backfill_danh_muc" else ["2025-01"])
    assert line_of(out, "2025-02")[-1] == "chưa kéo / not pulled yet"


# --- counting ----------------------------------------------------------------------------------


@pytest.fixture
def counted(pulled: Warehouse, airflow: Airflow) -> Warehouse:
    """March with a dossier, counted; a month that the stand-in refreshes is counted in truth."""
    pulled.world.add({}, at="2025-04-01")
    pulled.world.refresh_all()
    pulls = airflow.becomes

    def becomes(run: dict[str, Any]) -> dict[str, str]:
        if run["dag_id"] == "refresh_chi_so":
            pulled.world.refresh_all()
        return pulls(run)

    airflow.becomes = becomes
    return pulled


def adding(pulled: Warehouse, airflow: Airflow, ky: str, *dossiers: dict[str, str]) -> None:
    """The pull of that month brings dossiers."""
    pulls = airflow.becomes

    def becomes(run: dict[str, Any]) -> dict[str, str]:
        if run["dag_id"] == "backfill_nguon" and run["conf"]["ky"] == ky:
            pulled.world.add(*dossiers, at="2025-04-02")
        return pulls(run)

    airflow.becomes = becomes


def test_a_month_whose_event_was_lost_is_counted_and_its_figures_are_told(cchc, counted, airflow):
    counted.daily("2025-03-01")
    adding(counted, airflow, "2025-03", {}, {}, {})
    code, out, told = cchc("backfill", "2025-03", "2025-03")
    assert (code, told) == (0, "")
    assert "2025-03" in [run["partition_key"] for run in airflow.triggered]
    assert counted.world.figure("tiep_nhan", "TONG:toan_tinh", "2025-03") == (3, None)
    [(figures,)] = counted.world.rows("SELECT count(*) FROM mart.chi_so WHERE ky = '2025-03'")
    [(changed,)] = counted.world.rows(
        "SELECT count(*) FROM ops.figure_change WHERE ky = '2025-03' AND tu_so_moi = 3 AND tu_so_cu = 1"
    )
    cells = line_of(out, "2025-03")
    assert int(cells[6].replace(".", "")) == figures
    assert cells[7] == "0" and int(cells[8]) >= changed > 0


def test_of_months_that_are_pulled_again_only_what_that_brought_is_told(cchc, counted, airflow):
    """Their batches and changed figures of before are those of another command."""
    counted.daily("2025-03-01")
    adding(counted, airflow, "2025-03", {}, {}, {})
    assert cchc("backfill", "2025-03", "2025-03")[0] == 0
    since = datetime.now(VIETNAM).isoformat()
    adding(counted, airflow, "2025-03", {"ma_ho_so": "them"})
    code, out, told = cchc("backfill", "2025-03", "2025-03", "--again", since)
    assert (code, told) == (0, "")
    assert counted.world.figure("tiep_nhan", "TONG:toan_tinh", "2025-03") == (4, None)
    query = "SELECT count(*) FROM ops.figure_change WHERE ky = '2025-03' AND changed_at >= :since"
    [(changed,)] = counted.world.rows(query, since=since)
    cells = line_of(out, "2025-03")
    assert (cells[1], int(cells[8])) == ("5", changed)
    # The same command once more tells the same: it goes on with what was pulled since then.
    gone_on = line_of(cchc("backfill", "2025-03", "2025-03", "--again", since)[1], "2025-03")
    assert (gone_on[:7], gone_on[8]) == (cells[:7], cells[8])


def test_what_changes_in_a_closed_month_waits_and_is_told(cchc, counted, airflow):
    counted.world.add(*[{}] * 2, at="2025-04-01")
    counted.world.refresh_all()
    for ky in ("2025-01", "2025-02", "2025-03"):
        close(counted.world.engine, ky, by="thu_xa", approved_by="thu_can_bo", reason="Dữ liệu thử")
    before = counted.world.figure("tiep_nhan", "TONG:toan_tinh", "2025-03")
    counted.daily("2025-03-01")
    adding(counted, airflow, "2025-03", {}, {}, {}, {})
    code, out, told = cchc("backfill", "2025-03", "2025-03")
    assert (code, told) == (0, "")
    assert counted.world.figure("tiep_nhan", "TONG:toan_tinh", "2025-03") == before == (2, None)
    [waits] = counted.world.rows("SELECT dong_cho, con_so_cho FROM mart.cong_bo WHERE ky = '2025-03'")
    assert waits[0] == 2 and waits[1] > 0
    assert line_of(out, "2025-03")[9] == f"{waits[0]} dòng, {waits[1]} con số"


def test_a_month_that_cannot_be_counted_is_told(cchc, counted, airflow, monkeypatch):
    monkeypatch.setattr(module, "IDLE_POLLS", 1)
    counted.daily("2025-03-01")
    adding(counted, airflow, "2025-03", {}, {})
    pulls = airflow.becomes
    airflow.becomes = lambda run: {"state": "failed"} if run["partition_key"] else pulls(run)
    code, out, _ = cchc("backfill", "2025-03", "2025-03")
    assert code == 1
    assert line_of(out, "2025-03")[-1] == "đã kéo / pulled; chưa tính / not counted"
    assert "Tháng 2025-03, chưa tính được / not counted: Run manual__" in out


# --- broken off --------------------------------------------------------------------------------


def wait_for(condition: Callable[[], bool], program: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert program.poll() is None and time.monotonic() < deadline
        time.sleep(0.05)


def test_broken_off_it_says_what_was_done_and_the_same_command_goes_on(cchc, pulled, airflow):
    pulled.daily("2025-02-01")
    pulls = airflow.becomes
    airflow.becomes = lambda run: (
        {"state": "running"} if run["conf"]["ky"] in ("2025-03", "2025-04") else pulls(run)
    )
    words = ["backfill", "2025-02", "2025-05", "--at-a-time", "2"]
    program = subprocess.Popen(
        ["env", "--default-signal", sys.executable, "-m", "cchc", *words],
        env=os.environ | {"PYTHONPATH": str(ROOT / "plugins")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        wait_for(lambda: len(asked(airflow)) == 3, program)
        program.send_signal(signal.SIGINT)
        out, told = program.communicate(timeout=30)
    finally:
        program.kill()
        program.wait()
    assert (program.returncode, told) == (130, "")
    assert [line_of(out, ky)[-1] for ky in ("2025-02", "2025-03")] == [
        "đã kéo / pulled", "chưa kéo / not pulled yet",
    ]  # fmt: skip
    assert "The same command goes on from here" in out
    # What was under way went on meanwhile.
    airflow.becomes = pulls
    code, out, _ = cchc(*words)
    assert code == 0
    assert asked(airflow) == ["2025-02", "2025-03", "2025-04", "2025-05"]
    assert all(run["state"] in ENDED for run in airflow.triggered)
    # Also of what was pulled before it was broken off.
    assert line_of(out, "2025-02")[1:6] == ["5", "50", "40", "5", "5"]


def test_the_time_limit_ends_it_with_what_was_done(cchc, pulled, airflow):
    pulled.daily("2025-02-01")
    for dataset in LISTS:
        pulled.loaded(dataset, None, "2025-06-01")
    airflow.becomes = lambda _: {"state": "running"}
    code, out, told = cchc("backfill", "2025-02", "2025-03", "--timeout", "0.05")
    assert code == 1
    assert told.startswith(
        "The time limit is over and this was still waited for: backfill_nguon · 0 of 2 runs ended, "
        "batches loaded: 2025-02 0/0, 2025-03 0/0 · scheduler."
    )
    assert line_of(out, "2025-03")[-1] == "chưa kéo / not pulled yet"
