"""Airflow itself, as in the local stack: it loads a file, refuses one, and lets nothing of a person out."""

import contextlib
import csv
import hashlib
import json
import os
import shutil
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, Page, expect

from cchc.commands.airflow_api import AirflowApiError
from cchc.commands.probe import findings
from cchc.database_roles import close_to_public
from cchc.warehouse import engine_of
from tests.conftest import _database, engine_for_tests
from tests.flow.running_airflow import RunningAirflow, judges_begun, running_airflow, wait_until
from tests.pages.browsing import browser, keep
from tests.personal.hiding_places import BUNDLES, PLACES, pulled
from tests.personal.leaks import MARKS, leaks, leaks_of_a_stack
from tests.world import SO, UNITS, XA, World
from tools.local.settings import REPO

pytestmark = pytest.mark.stack

OLD = time.time() - 3600


class Source(ThreadingHTTPServer):
    """A document-management system that answers with the files that it was given, by path."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.exports: dict[str, Path] = {}


class _Answers(BaseHTTPRequestHandler):
    server: Source

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._send(b'{"access_token": "ma", "token_type": "Bearer", "expires_in": 1800}')

    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        content = self.server.exports[asked.path].read_bytes() + b"\n"
        lines = sum(1 for _ in csv.reader(content.decode().splitlines())) - 1
        self._send(content, **{"X-Tong-So": str(lines), "X-Thoi-Diem": parse_qs(asked.query)["den"][0]})

    def _send(self, body: bytes, **headers: str) -> None:
        self.send_response(200)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def source() -> Iterator[Source]:
    with Source() as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture(scope="module")
def engine(postgres, template) -> Iterator[sa.Engine]:
    """A warehouse that the tests here share, closed to others as every one is."""
    with contextlib.contextmanager(_database)(postgres, template) as dsn:
        engine = engine_for_tests(dsn)
        with engine.begin() as connection:
            close_to_public(connection)
        yield engine
        engine.dispose()


@pytest.fixture(scope="module")
def airflow(postgres, engine, source, tmp_path_factory) -> Iterator[RunningAirflow]:
    with running_airflow(
        tmp_path_factory.mktemp("stack"),
        postgres,
        engine.url.database,
        CCHC_FORM_KEY=os.environ["CCHC_FORM_KEY"],
        AIRFLOW_CONN_CCHC_QLVB=f"http://kho:mat@127.0.0.1:{source.server_port}",
    ) as running:
        running.api.unpause("ingest_file")
        yield running


@pytest.fixture
def world(engine, airflow) -> World:
    return World(engine, airflow.home.path)


def deliver(airflow: RunningAirflow, dataset: str, path: Path, **params: str) -> dict[str, Any]:
    """Puts a file where files are taken from, and triggers its run as the UI does."""
    folder = airflow.incoming / path.parent.name
    folder.mkdir(parents=True, exist_ok=True)
    copy = shutil.copy(path, folder / path.name)
    sha256 = hashlib.sha256(Path(copy).read_bytes()).hexdigest()
    return airflow.api.trigger("ingest_file", conf={"dataset": dataset, "sha256": sha256} | params)


def test_airflow_loads_a_file_and_the_same_file_again_changes_nothing(airflow, world: World):
    path = world.csv(UNITS, ["ma_don_vi", "ten_don_vi", "cap"])
    with judges_begun(airflow.home) as judges:
        [first] = airflow.ended(deliver(airflow, "don_vi", path, extracted_at="2025-01-01T00:00:00"))
    assert first["state"] == "success", airflow.log_of(first)
    # Great Expectations was imported before there were workers.
    assert judges == set()
    assert world.rows("SELECT ma_don_vi, ten_don_vi, cap FROM core.don_vi ORDER BY ma_don_vi") == [
        (unit["ma_don_vi"], unit["ten_don_vi"], unit["cap"])
        for unit in sorted(UNITS, key=lambda unit: unit["ma_don_vi"])
    ]
    # The probe, as the pipeline's login: all parts alive, all DAG files readable, the warehouse migrated.
    # Only this DAG is turned on here: each other is told as paused.
    warehouse = engine_of(airflow.environment["CCHC_WAREHOUSE_DSN"])
    told = [found.ma for found in findings(lambda: airflow.api, lambda: warehouse, parts_only=True)]
    assert sorted(told) == sorted(
        f"tam_dung:{file.stem}" for file in (REPO / "dags").glob("*.py") if file.stem != "ingest_file"
    )
    assert world.rows(
        "SELECT status, lines_read, lines_accepted, extracted_at::text, original_name FROM ops.batch"
    ) == [("loaded", 4, 4, "2025-01-01 00:00:00", path.name)]
    everything = ("ops.batch", "ops.validation_result", "core.don_vi", "core.don_vi_phien_ban")
    before = world.content(*everything)

    [second] = airflow.ended(deliver(airflow, "don_vi", path, extracted_at="2025-01-01T00:00:00"))
    assert second["state"] == "success", airflow.log_of(second)
    assert world.content(*everything) == before
    # Of units alone no month changes, and nothing is announced.
    with sa.create_engine(airflow.metadata_dsn).connect() as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM asset_event")) == 0


def test_airflow_refuses_a_bad_file_with_the_reason(airflow, world: World):
    # The level of the second unit is missing: its column is required.
    path = world.text("ma_don_vi,ten_don_vi\n000.00.01.H59,Sở Xây dựng\n")
    [failed] = airflow.ended(deliver(airflow, "don_vi", path, extracted_at="2025-01-01T00:00:00"))
    assert failed["state"] == "failed"
    log = airflow.log_of(failed)
    assert f"{path.name}: the header in row 1" in log
    assert "lacks required columns: cap" in log
    assert "[CCHC] ingest_file.validate failed" in log
    # What announces months runs whatever became of the loads, and the run is as they are.
    states = {task["task_id"]: task["state"] for task in airflow.api.task_instances(failed)}
    assert (states["load_core"], states["announce"]) == ("upstream_failed", "skipped")
    assert states["every_load"] == "upstream_failed"
    # No waiting for another try of what only a person can put right.
    assert {task["try_number"] for task in airflow.api.task_instances(failed)} <= {0, 1}
    assert world.rows("SELECT status, lines_accepted FROM ops.batch ORDER BY batch_id DESC LIMIT 1") == [
        ("stopped", None)
    ]


def test_a_run_that_somebody_marks_as_failed_is_none_that_succeeded(airflow, world: World):
    """Of its tasks one is marked as failed, and those behind it as skipped, which counts as no failure."""
    path = world.csv([UNITS[1]], ["ma_don_vi", "ten_don_vi", "cap"])
    with world.engine.begin() as connection:
        connection.exec_driver_sql("LOCK TABLE ops.batch IN ACCESS EXCLUSIVE MODE")
        run = deliver(airflow, "don_vi", path, extracted_at="2025-01-02T00:00:00")
        wait_until(lambda: airflow.api.task_instances(run, state=["running"]), "its file to be landed")
        path_of_run = f"/dags/{run['dag_id']}/dagRuns/{run['dag_run_id']}"
        airflow.api._call("PATCH", path_of_run, json={"state": "failed"})
    [ended] = airflow.ended(run)
    states = {task["task_id"]: task["state"] for task in airflow.api.task_instances(run)}
    assert (ended["state"], states["land_file"]) == ("failed", "failed"), states


# --- nothing of a person -----------------------------------------------------------------------


def test_what_no_param_takes_is_refused_before_there_is_a_run_and_kept_nowhere(airflow):
    """As when somebody takes the field for that of a path; the name of a file may be that of a person."""
    before = len(airflow.api.runs("ingest_file"))
    for conf in (
        {"dataset": "ho_so", "sha256": f"/landing/incoming/{MARKS['name']}.csv"},
        {"dataset": "ho_so", "sha256": MARKS["telephone"]},
        {"dataset": MARKS["name"]},
        {"dataset": "ho_so", "extracted_at": MARKS["name"]},
        {"dataset": "ho_so", "extracted_at": MARKS["identity"]},
    ):
        with pytest.raises(AirflowApiError, match="Airflow answered 400"):
            airflow.api.trigger("ingest_file", conf=conf)
    assert len(airflow.api.runs("ingest_file")) == before
    with sa.create_engine(airflow.metadata_dsn).connect() as connection:
        requests = connection.scalars(sa.text("SELECT extra FROM log WHERE event = 'trigger_dag_run'")).all()
    assert len(requests) >= 5
    assert not leaks("\n".join(requests), "audit log")
    assert not leaks((airflow.home.logs / "api-server.log").read_text(encoding="utf-8"), "log of the server")


# One of these takes the tasks seconds: a sample is tried always, all of them in make torture.
ALL = "CCHC_TORTURE" in os.environ
SAMPLE = ("a list of a vendor", "records", "cells, loaded", "file name: of no export")
GIVEN = {name: bundle for name, bundle in BUNDLES.items() if ALL or name in SAMPLE}
# As they lie in the drop folder: one that is no form, one that is loaded, one of which a line is rejected.
FORMS = {
    f"Phiếu của {MARKS['name']}": ("page: without a table", MARKS["identity"]),
    MARKS["telephone"]: ("form: who", MARKS["telephone with points"]),
    MARKS["mail"]: ("form: value", MARKS["name"]),
}
HANDED_IN = dict(list(FORMS.items())[: None if ALL else 1])
PULLED = {"/xuat/van-ban": pulled("van_ban", 21), "/xuat/ho-so-cong-viec": pulled("ho_so_cong_viec", 0)}
SCHEDULED = ("ingest_khai_bao", "ingest_van_ban") if ALL else ("ingest_khai_bao",)


def places() -> set[str]:
    bundles = [*GIVEN.values(), *(PULLED.values() if ALL else [])]
    return {place for bundle in bundles for place in bundle.places} | {one for one, _ in HANDED_IN.values()}


def planted(airflow: RunningAirflow, source: Source, folder: Path) -> list[dict[str, Any]]:
    """Gives in marks, each way in which data come; the runs that take them."""
    runs = []
    for number, bundle in enumerate(GIVEN.values()):
        (own := folder / str(number)).mkdir()
        path = bundle.make(own)
        runs.append(deliver(airflow, bundle.dataset, path, extracted_at="2025-05-10T00:00:00"))
    for name, (place, mark) in HANDED_IN.items():
        form = PLACES[place].make(folder, mark)
        put = Path(shutil.copy(form, airflow.home.forms / f"{name}{form.suffix}"))
        os.utime(put, (OLD, OLD))
    source.exports |= {path: bundle.make(folder) for path, bundle in PULLED.items()}
    # These run by the clock: once when they are switched on.
    for dag_id in SCHEDULED:
        airflow.api.unpause(dag_id)
        runs += wait_until(lambda dag_id=dag_id: airflow.api.runs(dag_id), f"a run of {dag_id}")
    return runs


@pytest.mark.torture
def test_nothing_of_a_person_is_anywhere_in_a_stack_but_in_landed_files(
    airflow, world: World, postgres, source, tmp_path, record_property
):
    assert places() <= set(PLACES)
    assert len(places()) >= 73
    record_property("places in which a person's data hide, through Airflow", len(places()))
    logged = postgres.log.stat().st_size
    world.dimensions()
    before = world.rows("SELECT coalesce(max(batch_id), 0) FROM ops.batch")[0][0]
    ended = airflow.ended(*planted(airflow, source, tmp_path))
    assert {run["state"] for run in ended} == {"success", "failed"}
    batches = "SELECT status, count(*), sum(lines_rejected) FROM ops.batch WHERE batch_id > :b GROUP BY 1"
    states = {status: (count, rejected) for status, count, rejected in world.rows(batches, b=before)}
    assert states["loaded"][0] >= 1
    assert states["stopped"][0] >= 2
    assert states["loaded"][1] >= 5
    assert world.rows("SELECT count(*) > 100 FROM ops.reject") == [(True,)]

    # Where people put files, these bear the names that people gave them.
    shutil.rmtree(airflow.incoming)
    warehouse = postgres.dsn(world.engine.url.database, "postgres", "psycopg2")
    stack = (
        [warehouse, airflow.metadata_dsn],
        [
            path
            for path in airflow.home.path.iterdir()
            if path not in (airflow.home.forms, airflow.home.landing)
        ],
        airflow.home.landing,
    )
    found = leaks_of_a_stack(*stack)
    with postgres.log.open("rb") as log:
        log.seek(logged)
        found += leaks(log.read().decode("utf-8", "replace"), "log of the server")
    assert not found, f"{len(found)} hits:\n" + "\n".join(found[:60])

    # That would have been found: a mark in a log, in an XCom and in a table.
    (log_file := next(airflow.home.task_logs.rglob("attempt=1.log"))).chmod(0o600)
    with log_file.open("a", encoding="utf-8") as log:
        log.write(json.dumps({"event": f"Không đọc được {MARKS['name']}"}) + "\n")
    with sa.create_engine(airflow.metadata_dsn).begin() as connection:
        value = "UPDATE xcom SET value = CAST(:value AS jsonb) WHERE ctid = (SELECT min(ctid) FROM xcom)"
        connection.execute(sa.text(value), {"value": json.dumps(json.dumps({"ten": MARKS["name"]}))})
    with world.engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE staging.dau AS SELECT '0912.345.678' AS so")
    places_found = {hit.partition(": …")[0] for hit in leaks_of_a_stack(*stack)}
    assert places_found == {str(log_file), "xcom", "staging.dau"}


# --- people --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def with_figures(engine, airflow) -> World:
    """March 2025 of a sở, of whose four dossiers three were in time; `cua_don_vi` belongs to it."""
    world = World(engine, airflow.home.path).dimensions()
    late = {"ngay_ket_thuc_xu_ly": "20250320090000", "ngay_tra": "20250320090000", "trang_thai_ho_so": "10"}
    in_time = late | {"ngay_ket_thuc_xu_ly": "20250311090000", "ngay_tra": "20250311090000"}
    world.add(*[in_time] * 3, late)
    world.refresh_all()
    with engine.begin() as connection:
        for name, unit in {"can_bo": None, "admin": None, "cua_don_vi": SO}.items():
            connection.execute(sa.text("SELECT ops.gan_nguoi_xem(:n, :u)"), {"n": name, "u": unit})
    return world


@contextlib.contextmanager
def signed_in(chrome: Browser, airflow: RunningAirflow, name: str) -> Iterator[Page]:
    """Airflow's first page after its own form; what the browser asked another host for fails the test."""
    context = chrome.new_context(locale="vi-VN", base_url=airflow.address)
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    page = context.new_page()
    page.goto("/")
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(airflow.passwords[name])
    page.get_by_role("button", name="Sign in").click()
    # Whoever goes on before that has not signed in yet.
    page.wait_for_url(lambda url: "/login" not in url)
    try:
        yield page
    finally:
        # Also, and above all, where a path ended too soon.
        keep(page, f"airflow-{name}")
        context.close()
    assert [url for url in asked if not url.startswith((airflow.address, "data:", "blob:"))] == []


@pytest.fixture(scope="module")
def chrome() -> Iterator[Browser]:
    with browser() as opened:
        yield opened


def test_an_officer_goes_from_airflows_menu_to_the_dossier_that_was_late(chrome, airflow, with_figures):
    with signed_in(chrome, airflow, "can_bo") as page:
        page.get_by_role("button", name="Browse").click()
        page.get_by_role("menuitem", name="Bảng điểm").click()
        shown = page.frame_locator("iframe")
        expect(shown.get_by_role("heading", level=1)).to_contain_text("Bảng điểm")
        shown.locator("select[name=ky]").select_option("2025-03")
        expect(shown.get_by_role("heading", level=1).locator("xpath=..")).to_contain_text("Tháng 03/2025")
        shown.get_by_role("link", name="Tỷ lệ hồ sơ giải quyết trước hạn, đúng hạn").click()
        # By hand: three of the four that ended were in time.
        expect(shown.locator(".facts")).to_contain_text("75,00 %")
        shown.get_by_role("button", name="Hồ sơ sau con số này").click()
        shown.get_by_label("Phần").select_option("con_lai")
        rows = shown.get_by_role("region", name="Các dòng").locator("tbody tr")
        expect(rows).to_have_count(1)
        expect(rows).to_contain_text("000.00.01.H59-250305-0004")


def test_somebody_of_a_unit_finds_its_page_and_takes_its_form(chrome, airflow, with_figures):
    with signed_in(chrome, airflow, "cua_don_vi") as page:
        page.goto("/cchc/")
        page.get_by_role("navigation", name="Các trang").get_by_role("link", name="Sở Xây dựng").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("Sở Xây dựng")
        page.goto(f"/cchc/don-vi/mot?ma={SO}&ky_loai=thang&ky=2025-03")
        with page.expect_download() as download:
            page.get_by_role("link", name="Tải phiếu khai").click()
        assert download.value.suggested_filename == f"phieu_{SO}_2025-03.xlsx"
        assert page.goto(f"/cchc/don-vi/loi.xlsx?ma={XA}").status == 403


def test_an_engineer_goes_from_a_run_to_its_batch(chrome, airflow, with_figures):
    path = with_figures.csv(UNITS, ["ma_don_vi", "ten_don_vi", "cap"])
    [run] = airflow.ended(deliver(airflow, "don_vi", path, extracted_at="2025-01-01T00:00:00"))
    with signed_in(chrome, airflow, "admin") as page:
        page.goto(f"/dags/ingest_file/runs/{run['dag_run_id']}")
        page.get_by_role("link", name="Lô dữ liệu").click()
        shown = page.frame_locator("iframe")
        expect(shown.get_by_role("region", name="Các lô")).to_contain_text("đã nạp")
        shown.get_by_role("region", name="Các lô").get_by_role("rowheader").get_by_role("link").click()
        expect(shown.get_by_role("heading", level=1)).to_contain_text("Lô")
        expect(shown.get_by_role("link", name="ingest_file").first).to_be_visible()


def test_who_has_not_signed_in_is_led_to_the_form_and_sees_no_figure(chrome, airflow, with_figures):
    page = chrome.new_page(base_url=airflow.address)
    page.goto("/cchc/")
    expect(page.get_by_label("Password")).to_be_visible()
    assert "Bảng điểm" not in page.content()
    page.close()
