"""`python -m cchc probe` sees from outside what stands still and what is late; what is silenced is quiet."""

import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import sqlalchemy as sa

from cchc.commands import probe as module
from cchc.commands.app import main
from cchc.commands.probe import KINDS
from tests.docs.test_links import ROOT, anchors
from tests.world import World

ALIVE = {name: {"status": "healthy"} for name in ("metadatabase", "scheduler", "triggerer", "dag_processor")}


class Airflow(ThreadingHTTPServer):
    """Answers as Airflow's API does: `health`, `errors` of DAG files, `paused` DAGs; `refuses` the user."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.health: dict[str, Any] = dict(ALIVE)
        self.errors: list[dict[str, str]] = []
        self.paused: list[str] = []
        self.refuses = False

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Answer(BaseHTTPRequestHandler):
    server: Airflow

    def do_GET(self) -> None:
        if self.path == "/api/v2/monitor/health":
            self._say(200, self.server.health)
        elif self.path.startswith("/api/v2/importErrors") and self.headers["Authorization"] == "Bearer the":
            self._say(200, {"import_errors": self.server.errors, "total_entries": len(self.server.errors)})
        elif self.path.startswith("/api/v2/dags?paused=True&tags=cchc&"):
            dags = [{"dag_id": dag_id, "is_paused": True} for dag_id in self.server.paused]
            self._say(200, {"dags": dags, "total_entries": len(dags)})
        else:
            self._say(404, {"detail": "Not Found"})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        refused = self.server.refuses or self.path != "/auth/token"
        self._say(*((401, {"detail": "Invalid credentials"}) if refused else (201, {"access_token": "the"})))

    def _say(self, status: int, body: object) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def airflow(monkeypatch: pytest.MonkeyPatch) -> Iterator[Airflow]:
    with Airflow() as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        monkeypatch.setenv("CCHC_AIRFLOW_URL", server.address)
        monkeypatch.setenv("CCHC_AIRFLOW_USER", "ai")
        monkeypatch.setenv("CCHC_AIRFLOW_PASSWORD", "mat-khau")
        monkeypatch.setattr(module, "PAUSE_S", 0)
        monkeypatch.delenv("AIRFLOW__CELERY__BROKER_URL", raising=False)
        yield server
        server.shutdown()


@pytest.fixture
def probed(airflow: Airflow, world: World, monkeypatch, capsys):
    """A warehouse in which nothing was ever due; returns what a probe says, by code, and its exit code."""
    monkeypatch.setenv("CCHC_WAREHOUSE_DSN", world.engine.url.render_as_string(hide_password=False))

    def probe(*words: str) -> tuple[int, dict[str, str]]:
        code = main(["probe", *words])
        lines = capsys.readouterr().out.splitlines()
        return code, {re.match(r"(?:BROKEN |late {3}|quiet {2})?([^ ]+?):? ", one)[1]: one for one in lines}

    return probe


def silence(world: World, code: str, reason: str = "nguồn bảo trì theo lịch", days: int = 3) -> None:
    with world.engine.begin() as connection:
        connection.execute(
            sa.text("SELECT ops.cho_im_lang(:code, :reason, (now() + make_interval(days => :days))::date)"),
            {"code": code, "reason": reason, "days": days},
        )


def test_where_all_runs_there_is_nothing_to_say(probed):
    assert probed() == (0, {"ok": "ok: everything runs and is in time."})
    assert probed("--parts") == (0, {"ok": "ok: everything runs."})


@pytest.mark.parametrize("part", ["scheduler", "dag_processor", "triggerer", "metadatabase"])
def test_a_part_whose_heart_stopped_is_broken(probed, airflow, part):
    airflow.health[part] = {"status": "unhealthy"}
    code, found = probed("--parts")
    assert code == 2
    assert list(found) == [f"thanh_phan:{part}"]
    assert "unhealthy" in found[f"thanh_phan:{part}"]


def test_a_part_that_never_was_there_is_broken_but_for_the_triggerer(probed, airflow):
    for part in ("scheduler", "triggerer"):
        airflow.health[part] = {"status": None}
    code, found = probed("--parts")
    assert (code, list(found)) == (2, ["thanh_phan:scheduler"])


def test_a_queue_without_a_worker_or_that_is_away_is_broken(probed, monkeypatch):
    """No heartbeat in Airflow tells of Celery's workers; an answering one: tests/local/test_celery.py."""
    monkeypatch.setenv("AIRFLOW__CELERY__BROKER_URL", "redis://:mat-khau@127.0.0.1:1/0")
    code, found = probed("--parts")
    assert (code, list(found)) == (2, ["thanh_phan:celery"])
    assert "cannot be reached" in found["thanh_phan:celery"] and "mat-khau" not in str(found)
    monkeypatch.setattr(module, "answering", lambda *_, **__: set())
    assert "no worker of Celery answers" in probed("--parts")[1]["thanh_phan:celery"]
    monkeypatch.setattr(module, "answering", lambda *_, **__: {"worker-1"})
    assert probed("--parts")[0] == 0


def test_a_dag_file_that_cannot_be_read_is_named(probed, airflow):
    trace = "Traceback (most recent call last):\n  File x\nSyntaxError: invalid syntax\n"
    airflow.errors = [{"filename": "/opt/airflow/dags/ingest tthc.py", "stack_trace": trace}]
    code, found = probed()
    assert code == 2
    assert found["tep_dag:ingest_tthc.py"].startswith(
        "BROKEN tep_dag:ingest_tthc.py: the DAG file cannot be read: SyntaxError: invalid syntax"
    )


def test_a_dag_that_is_paused_is_broken_until_somebody_says_why(probed, airflow, world):
    airflow.paused = ["refresh_chi_so", "ingest_tthc"]
    code, found = probed("--parts")
    assert (code, list(found)) == (2, ["tam_dung:ingest_tthc", "tam_dung:refresh_chi_so"])
    assert found["tam_dung:ingest_tthc"].endswith("no task fails. (docs/runbook.md#a-dag-is-paused)")
    silence(world, "tam_dung:ingest_tthc")
    silence(world, "tam_dung:refresh_chi_so")
    assert probed("--parts")[0] == 0


def test_an_airflow_that_is_away_or_refuses_is_broken(probed, airflow, monkeypatch):
    airflow.refuses = True
    code, found = probed()
    assert code == 2
    assert "refused the user ai" in found["airflow"]
    monkeypatch.setenv("CCHC_AIRFLOW_URL", "http://127.0.0.1:1")
    code, found = probed()
    assert (code, "does not answer" in found["airflow"]) == (2, True)
    monkeypatch.delenv("CCHC_AIRFLOW_USER")
    code, found = probed()
    assert (code, "CCHC_AIRFLOW_USER not set" in found["airflow"]) == (2, True)


def test_a_warehouse_that_is_away_is_broken_and_airflow_is_looked_at_all_the_same(
    probed, airflow, monkeypatch
):
    airflow.health["scheduler"] = {"status": "unhealthy"}
    monkeypatch.setenv("CCHC_WAREHOUSE_DSN", "postgresql+psycopg2://x:mat-khau@127.0.0.1:1/cchc")
    code, found = probed()
    assert (code, sorted(found)) == (2, ["kho", "thanh_phan:scheduler"])
    assert "mat-khau" not in found["kho"]
    monkeypatch.delenv("CCHC_WAREHOUSE_DSN")
    assert "CCHC_WAREHOUSE_DSN is not set" in probed()[1]["kho"]


def test_a_warehouse_that_lacks_a_migration_is_broken(probed, world):
    with world.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE ops.phien_ban_kho SET revision = '0001'")
    code, found = probed("--parts")
    assert code == 2
    assert re.search(r"is at migration 0001, the files are at \d{4}\.", found["chuyen_doi"])
    with world.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM ops.phien_ban_kho")
    assert "none that is noted" in probed("--parts")[1]["chuyen_doi"]


def test_a_view_that_follows_another_file_is_broken(probed, world):
    with world.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE ops.database_object SET md5 = 'x' WHERE name = 'mart.ke_thua'")
    code, found = probed("--parts")
    assert (code, "mart.ke_thua" in found["chuyen_doi"]) == (2, True)


def test_an_empty_database_is_one_that_is_not_migrated(probed, empty_database, monkeypatch):
    monkeypatch.setenv("CCHC_WAREHOUSE_DSN", empty_database)
    code, found = probed()
    assert (code, list(found)) == (2, ["chuyen_doi"])


def test_a_month_that_waits_longer_than_a_day_is_late(probed, world):
    world.dimensions().add({})
    world.refresh_all()
    world.add({"kenh_thuc_hien": "1", "ngay_cap_nhat": "20250306090000"})
    assert not [ma for ma in probed()[1] if ma.startswith("thang:")]
    with world.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE ops.batch SET loaded_at = loaded_at - interval '27 hours'")
    code, found = probed()
    assert code == 1
    assert found["thang:2025-03"].startswith("late   thang:2025-03: data changed on ")
    assert not [ma for ma in probed("--parts")[1] if ma.startswith("thang:")]


def test_what_is_late_is_told_without_a_task_that_failed(probed, world, monkeypatch):
    monkeypatch.setenv("CCHC_NGUON_DEN", "2025-02-20T09:00:00")
    world.dimensions().add({})
    world.refresh_all()
    code, found = probed()
    assert code == 1
    assert "3 đơn vị còn thiếu 48 số liệu" in found["khai_bao:2025-01"]
    assert "chưa kéo lần nào" in found["du_lieu:ho_so"]
    assert "chưa đối chiếu với nguồn 1 tháng" in found["doi_chieu:ho_so"]
    assert "chưa đơn vị nào xác nhận bao giờ" in found["xac_nhan:chua_bao_gio"]
    assert "Chưa chốt 1 tháng, sớm nhất Tháng 01/2025" in found["chot:2025-01"]
    # 1 + 7 datasets + 5 that can be compared + 2.
    assert len(found) == 15


def test_what_is_silenced_is_shown_and_counts_for_nothing_until_it_expires(probed, world, airflow):
    airflow.health["scheduler"] = {"status": "unhealthy"}
    silence(world, "thanh_phan:scheduler")
    code, found = probed()
    assert code == 0
    line = found["thanh_phan:scheduler"]
    assert line.startswith("quiet  thanh_phan:scheduler: ")
    assert "Silent until" in line
    assert "nguồn bảo trì theo lịch" in line
    # The other parts are told.
    airflow.health["triggerer"] = {"status": "unhealthy"}
    assert probed()[0] == 2
    airflow.health["triggerer"] = {"status": "healthy"}
    with world.engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO ops.im_lang (ma_phat_hien, ly_do, boi, tu_luc, den_luc) VALUES "
            "('thanh_phan:scheduler', 'bảo trì xong rồi', 'x', now() - interval '9 days', "
            "now() - interval '1 day')"
        )
    code, found = probed()
    assert code == 2
    assert re.search(r"It was silent until .* \(bảo trì xong rồi\)", found["thanh_phan:scheduler"])


def test_every_kind_of_finding_has_its_page():
    found = anchors((ROOT / "docs" / "runbook.md").read_text("utf-8"))
    assert {kind for kind, (_, page) in KINDS.items() if page not in found} == set()
