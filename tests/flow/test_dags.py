"""The DAGs: wiring only, documented, limited, heard when they fail; and run by a real Airflow."""

import ast
import json
import os
import re
import socketserver
import subprocess
import sys
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from importlib import import_module
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, ClassVar

import pytest
import sqlalchemy as sa

from cchc.errors import BadDefinition, BadFile, BatchStopped, CchcError, SourceRefused, SourceUnavailable
from cchc.sources.qlvb import QlvbClient
from cchc.sources.register import SYSTEMS, SourceSystem
from cchc.sources.tthc import TthcClient
from tests.world import UNITS, World
from tools import dag_docs

ROOT = Path(__file__).parents[2]
DAG_FILES = sorted((ROOT / "dags").glob("*.py"))
HEADINGS = ["What", "When", "Inputs", "Outputs", "If it fails", "Run again"]
WIRING_IMPORTS = {"airflow.sdk", "cchc.flow.tasks", "cchc.flow.policy", "cchc.flow.assets"}
LOOK_UPS = {"Variable", "Connection", "BaseHook", "environ", "getenv", "get_connection"}
SQL_STATEMENT = re.compile(r"\b(?:select|insert\s+into|update|delete\s+from|create)\s", re.IGNORECASE)
LONGEST_FILE = 100


@pytest.fixture(scope="module")
def bag():
    with dag_docs.read_dags() as bag:
        yield bag


# Imported only now, like the DAGs: Airflow reads its settings at that moment.
@pytest.fixture(scope="module")
def flow_policy(bag) -> ModuleType:
    return import_module("cchc.flow.policy")


@pytest.fixture(scope="module")
def notifier(bag) -> ModuleType:
    return import_module("cchc.flow.notifier")


@pytest.fixture(scope="module")
def tasks(bag) -> list:
    return [task for dag in bag.dags.values() for task in dag.tasks]


# Wiring ---------------------------------------------------------------------------------------


def test_every_dag_file_is_read(bag):
    assert bag.import_errors == {}
    assert set(bag.dags) == {
        *("ingest_tthc", "ingest_van_ban", "ingest_khai_bao", "ingest_file"),
        *("refresh_chi_so", "catch_up_chi_so"),
    }


def test_every_task_has_a_timeout_retries_and_an_alarm(tasks, flow_policy, notifier):
    for task in tasks:
        assert 60 <= task.execution_timeout.total_seconds() <= 2 * 3600, task.task_id
        assert task.retries >= 1, task.task_id
        assert task.retry_policy is flow_policy.RETRY_POLICY, task.task_id
        alarms = task.on_failure_callback
        alarms = alarms if isinstance(alarms, list) else [alarms]
        assert [type(alarm) for alarm in alarms] == [notifier.FailureNotifier], task.task_id


def test_only_tasks_that_ask_the_source_take_a_slot_of_its_pool(tasks):
    for task in tasks:
        asks = task.task_id.endswith(".land")
        own = {"ingest_tthc": "nguon_tthc", "ingest_van_ban": "nguon_qlvb"}.get(task.dag_id)
        assert task.pool == (own if asks else "default_pool"), task.task_id
    assert sum(task.pool == "nguon_tthc" for task in tasks) == 3
    assert sum(task.pool == "nguon_qlvb" for task in tasks) == 1


def test_dossiers_wait_for_units_and_procedures(bag):
    dag = bag.dags["ingest_tthc"]
    assert dag.get_task("nghiep_vu.land").upstream_task_ids == {"danh_muc.load_core"}
    assert dag.get_task("danh_muc.land").upstream_task_ids == {"reference"}


def test_ratings_and_history_wait_for_dossiers(bag):
    dag = bag.dags["ingest_tthc"]
    assert dag.get_task("kem_ho_so.land").upstream_task_ids == {"nghiep_vu.load_core"}


def test_a_file_of_any_dataset_can_be_given(bag):
    allowed = bag.dags["ingest_file"].params.get_param("dataset").schema["enum"]
    contracts = {path.stem for path in (ROOT / "plugins" / "cchc" / "contracts").glob("*.yaml")}
    assert set(allowed) == contracts


def test_only_loads_announce_changed_months(tasks):
    for task in tasks:
        announced = [asset.name for asset in task.outlets]
        loads = task.task_id.endswith("load_core") or task.task_id == "reference"
        expected = ["thang_co_thay_doi"] if loads else []
        assert announced == expected, task.task_id


def test_months_are_refreshed_whatever_becomes_of_the_calendar(bag):
    dag = bag.dags["catch_up_chi_so"]
    calendar = {"sync_calendar", "check_calendar"}
    for task in dag.tasks:
        before = task.get_flat_relative_ids(upstream=True)
        assert not calendar & before or task.task_id in calendar, task.task_id
    assert dag.get_task("check_calendar").upstream_task_ids == {"sync_calendar"}


def test_both_lists_of_the_document_system_are_pulled_side_by_side(bag):
    dag = bag.dags["ingest_van_ban"]
    order = [f"van_ban.{name}" for name in ("land", "validate", "load_core")]
    assert [task.task_id for task in dag.topological_sort()] == order
    # What a task is mapped over is what its group is expanded by.
    (group,) = dag.task_group.children.values()
    assert group._expand_input.value == {"dataset": ["van_ban", "ho_so_cong_viec"]}
    assert dag.max_active_runs == 1


def test_each_form_goes_its_own_way_every_hour(bag):
    dag = bag.dags["ingest_khai_bao"]
    assert dag.timetable.expression == "15 * * * *"
    steps = [
        "find_forms",
        *(f"ingest.{name}" for name in ("land_form", "validate", "load_core", "tell_rejected")),
    ]
    assert [task.task_id for task in dag.topological_sort()] == steps
    assert dag.max_active_runs == 1
    # One form that is stopped does not keep the others: what is mapped is the whole way of a form.
    (group,) = (g for g in dag.task_group.children.values() if g.node_id == "ingest")
    assert set(group._expand_input.value) == {"path"}


def test_documents_are_pulled_after_midnight_of_the_units(bag):
    when = {name: bag.dags[name].timetable.expression for name in ("ingest_tthc", "ingest_van_ban")}
    assert when == {"ingest_tthc": "0 0 * * *", "ingest_van_ban": "30 0 * * *"}


def test_a_simulated_source_ends_the_schedule(flow_policy, monkeypatch):
    monkeypatch.setenv("CCHC_NGUON_DEN", "2025-07-01")
    assert flow_policy.source_end().isoformat() == "2025-07-01T00:00:00+07:00"
    assert flow_policy.source_end(minute=30).isoformat() == "2025-07-01T00:30:00+07:00"
    monkeypatch.delenv("CCHC_NGUON_DEN")
    assert flow_policy.source_end() is flow_policy.source_end(minute=30) is None


# What a person reads --------------------------------------------------------------------------


def test_every_dag_carries_its_manual(bag):
    for dag in bag.dags.values():
        assert re.findall(r"^\*\*(.+?)\*\* — ", dag.doc_md, re.MULTILINE) == HEADINGS, dag.dag_id
        assert dag.tags == {"cchc"}, dag.dag_id


def test_people_see_vietnamese_names_and_machines_ascii_ones(bag, tasks):
    names = [(dag.dag_id, dag.dag_display_name) for dag in bag.dags.values()]
    for name, shown in names + [(task.task_id, task.task_display_name) for task in tasks]:
        assert name.isascii(), name
        assert not shown.isascii(), f"{name} is shown as {shown!r}"


def test_every_param_has_a_title(bag):
    params = [dag.params.get_param(name) for dag in bag.dags.values() for name in dag.params]
    assert len(params) == 5
    assert all(param.schema.get("title") for param in params)


def test_the_page_of_all_dags_is_up_to_date_wherever_it_is_made(monkeypatch):
    monkeypatch.setenv("CCHC_NGUON_DEN", "2025-07-01")
    monkeypatch.setenv("AIRFLOW__CORE__DEFAULT_TIMEZONE", "UTC")
    with dag_docs.read_dags() as bag:
        page = dag_docs.render(bag)
    assert os.environ["CCHC_NGUON_DEN"] == "2025-07-01"
    assert page == dag_docs.PAGE.read_text(encoding="utf-8"), "docs/dags.md is stale: run `make docs`"


def test_a_stale_page_is_noticed(tmp_path, monkeypatch, capsys):
    page = tmp_path / "dags.md"
    page.write_text(dag_docs.PAGE.read_text(encoding="utf-8").replace("05:00", "06:00"), encoding="utf-8")
    monkeypatch.setattr(dag_docs, "PAGE", page)
    assert dag_docs.main(["--check"]) == 1
    assert "make docs" in capsys.readouterr().err
    assert dag_docs.main([]) == 0
    assert dag_docs.main(["--check"]) == 0


# Nothing but wiring ---------------------------------------------------------------------------


def faults(source: str) -> list[str]:
    """What a DAG file holds that belongs elsewhere."""
    tree = ast.parse(source)
    found = []
    if len(source.splitlines()) > LONGEST_FILE:
        found.append(f"longer than {LONGEST_FILE} lines")
    docstring = tree.body[0].value if ast.get_docstring(tree) else None
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [f"imports {name.name}" for name in node.names if name.name not in WIRING_IMPORTS]
        elif isinstance(node, ast.ImportFrom) and node.module not in WIRING_IMPORTS:
            found.append(f"imports {node.module}")
        elif isinstance(node, ast.BinOp | ast.AugAssign):
            found.append(f"calculates: {ast.unparse(node)}")
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node is not docstring:
            found += [f"SQL: {word}" for word in SQL_STATEMENT.findall(node.value)]
        names = [a.name for a in node.names] if isinstance(node, ast.ImportFrom) else []
        names += [node.id] if isinstance(node, ast.Name) else []
        names += [node.attr] if isinstance(node, ast.Attribute) else []
        found += [f"looks up: {name}" for name in names if name in LOOK_UPS]
    return found


@pytest.mark.parametrize("file", DAG_FILES, ids=lambda file: file.stem)
def test_a_dag_file_only_wires(file):
    assert faults(file.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "defect",
    [
        "import pandas",
        "import great_expectations as gx",
        "from sqlalchemy import text",
        "import requests",
        "from datetime import datetime, timedelta",
        "from airflow.sdk import Variable",
        "from airflow.sdk import Connection",
        "x = conf.get_connection('cchc_warehouse')",
        "START = END - DAY",
        "QUERY = 'SELECT * FROM core.ho_so'",
        "QUERY = '''\n    delete from core.ho_so\n'''",
        "\n" * LONGEST_FILE + "x = 1",
    ],
)
def test_what_is_not_wiring_is_noticed(defect):
    assert faults(f'"""A DAG."""\n{defect}\n') != []


def test_airflow_does_not_execute_the_package_as_plugins(bag):
    module_loading = import_module("airflow.sdk._shared.module_loading")
    plugins = ROOT / "plugins"
    assert (plugins / "cchc" / "contracts.py").exists()
    executed = map(Path, module_loading.find_path_from_directory(plugins, ".airflowignore"))
    assert [path for path in executed if path.suffix == ".py"] == []


def test_reading_the_dags_imports_nothing_heavy(tmp_path):
    script = (
        "import runpy, sys\n"
        "for file in sys.argv[1:]: runpy.run_path(file)\n"
        "print('read', *sorted({name.partition('.')[0] for name in sys.modules}))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, DAG_FILES)],
        env=os.environ | {"AIRFLOW_HOME": str(tmp_path), "PYTHONPATH": str(ROOT / "plugins")},
        capture_output=True,
        text=True,
        check=True,
    )
    read, *modules = done.stdout.split("\n")[-2].split()
    assert read == "read" and "cchc" in modules
    assert {"pandas", "numpy", "great_expectations", "pyarrow", "requests", "ijson"} & set(modules) == set()


# When something fails -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "action"),
    [
        (SourceUnavailable("HTTP 503"), "retry"),
        (sa.exc.OperationalError("SELECT 1", {}, Exception("server closed the connection")), "retry"),
        (SourceRefused("401"), "fail"),
        (BadFile("empty"), "fail"),
        (BatchStopped("HS03"), "fail"),
        (BadDefinition("no such dataset"), "fail"),
        (CchcError("no such month"), "fail"),
        # Unknown to us: as many tries as the task has.
        (MemoryError(), "default"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else value,
)
def test_only_what_waiting_can_help_is_tried_again(flow_policy, error, action):
    assert flow_policy.RETRY_POLICY.evaluate(error, try_number=1, max_tries=3).action.value == action


def failed_task() -> dict:
    instance = SimpleNamespace(
        dag_id="ingest_file", task_id="validate", run_id="manual__1", try_number=2, log_url="http://ui/log/7"
    )
    return {"ti": instance, "exception": BatchStopped("batch 7 is stopped: HS03 <b> & 12 lines")}


class MailServer(socketserver.ThreadingTCPServer):
    """A mail server that keeps what it is given, or hangs up on everybody."""

    daemon_threads = True

    def __init__(self, hangs_up: bool = False) -> None:
        super().__init__(("127.0.0.1", 0), MailSession)
        self.hangs_up = hangs_up
        self.recipients: list[str] = []
        self.letters: list[EmailMessage] = []


class MailSession(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        if self.server.hangs_up:
            return
        self._say("220 ready")
        while line := self.rfile.readline().decode().strip():
            if line.upper().startswith("RCPT TO:"):
                self.server.recipients.append(line[8:].split()[0].strip("<>"))
            if line.upper() == "DATA":
                self._say("354 go on")
                lines = b"".join(iter(self.rfile.readline, b".\r\n"))
                self.server.letters.append(message_from_bytes(lines, policy=policy.default))
            self._say("221 bye" if line.upper() == "QUIT" else "250 ok")

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


def body(letter: EmailMessage) -> str:
    return letter.get_body(("html",)).get_content()


@pytest.fixture
def mail_server(request, monkeypatch) -> Iterator[MailServer]:
    with MailServer(**getattr(request, "param", {})) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"smtp://127.0.0.1:{server.server_address[1]}"
        options = "disable_ssl=true&disable_tls=true&from_email=kho@example.com"
        monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", f"{address}?{options}")
        monkeypatch.delenv("CCHC_ALERT_EMAIL", raising=False)
        yield server
        server.shutdown()


@pytest.fixture
def alarm(notifier, caplog) -> Callable[[], str]:
    """Lets a failed task raise its alarm; returns what the log says of it."""

    def raise_it() -> str:
        with caplog.at_level("ERROR", logger="cchc.alert"):
            notifier.FailureNotifier()(failed_task())
        return caplog.text

    return raise_it


def test_an_alarm_names_dag_task_error_log_and_the_next_step(alarm, mail_server):
    text = alarm()
    for part in (
        "[CCHC] ingest_file.validate failed",
        "manual__1",
        "try 2",
        "BatchStopped: batch 7 is stopped: HS03 <b> & 12 lines",
        "http://ui/log/7",
        "docs/runbook.md, section 'When something is red'",
    ):
        assert part in text
    assert "## When something is red" in (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")


def test_no_address_no_mail(alarm, mail_server):
    alarm()
    assert mail_server.letters == []


def test_with_an_address_the_alarm_is_mailed(alarm, mail_server, monkeypatch):
    monkeypatch.setenv("CCHC_ALERT_EMAIL", "a@example.com,b@example.com")
    alarm()
    assert mail_server.recipients == ["a@example.com", "b@example.com"]
    (letter,) = mail_server.letters
    assert letter["Subject"] == "[CCHC] ingest_file.validate failed"
    assert "BatchStopped: batch 7 is stopped" in body(letter)


def test_a_mailed_error_is_text_not_markup(alarm, mail_server, monkeypatch):
    monkeypatch.setenv("CCHC_ALERT_EMAIL", "a@example.com")
    alarm()
    assert "HS03 &lt;b&gt; &amp; 12 lines" in body(mail_server.letters[0])


@pytest.mark.parametrize("mail_server", [{"hangs_up": True}], indirect=True)
def test_a_mail_server_that_hangs_up_does_not_hide_the_failure(alarm, mail_server, monkeypatch):
    monkeypatch.setenv("CCHC_ALERT_EMAIL", "a@example.com")
    text = alarm()
    assert "BatchStopped" in text and "not mailed" in text


def test_a_mail_server_that_is_away_does_not_hide_the_failure(alarm, mail_server, monkeypatch):
    monkeypatch.setenv("CCHC_ALERT_EMAIL", "a@example.com")
    mail_server.server_close()
    text = alarm()
    assert "BatchStopped" in text and "not mailed" in text


def test_an_address_without_a_mail_server_does_not_hide_the_failure(alarm, monkeypatch):
    monkeypatch.setenv("CCHC_ALERT_EMAIL", "a@example.com")
    monkeypatch.delenv("AIRFLOW_CONN_SMTP_DEFAULT", raising=False)
    text = alarm()
    assert "BatchStopped" in text and "not mailed" in text


# What tasks hand on ---------------------------------------------------------------------------


class Context(dict):
    """What Airflow gives a running task, as far as our tasks look at it."""

    def __init__(self, task, **given) -> None:
        self.partitions: list[str] = []
        announce = SimpleNamespace(add_partitions=self.partitions.extend)
        super().__init__({"params": {}} | given, task=task, outlet_events=defaultdict(lambda: announce))


@pytest.fixture
def run_task(bag, dsn, tmp_path, monkeypatch):
    """Runs the function of one task against the test's warehouse; returns its result and context."""
    monkeypatch.setenv("CCHC_LANDING_DIR", str(tmp_path / "landing"))
    monkeypatch.setenv("AIRFLOW_CONN_CCHC_WAREHOUSE", dsn.replace("postgresql+psycopg2", "postgres"))

    def run(dag_id: str, task_id: str, *args: object, **given: object) -> tuple[Any, Context]:
        task = bag.dags[dag_id].get_task(task_id)
        context = Context(task, **given)
        monkeypatch.setattr("cchc.flow.tasks.get_current_context", lambda: context)
        return task.python_callable(*args), context

    return run


class SilentSource(TthcClient):
    """A TTHC system in which nothing changed; remembers what it was asked."""

    asked: ClassVar[list[tuple]] = []

    def pages(self, _path: str, since: datetime | None, until: datetime) -> Iterator[dict]:
        self.asked.append((self.base_url, since, until))
        yield {"service": "DongBoHoSoMC", "tong_so": 0, "data": []}


@pytest.fixture
def pull(run_task, monkeypatch):
    """Pulls dossiers up to a day (0:00 in Vietnam); returns address, since and until that were asked."""
    monkeypatch.setenv("AIRFLOW_CONN_CCHC_TTHC", "http://client:secret@tthc.example.vn:8080")
    monkeypatch.delenv("CCHC_NGUON_DEN", raising=False)
    monkeypatch.setitem(SYSTEMS, "tthc", SourceSystem("tthc", f"{__name__}:SilentSource"))

    def ask(day: str) -> tuple:
        end = datetime.fromisoformat(f"{day}T00:00:00+07:00")
        landed, _ = run_task("ingest_tthc", "nghiep_vu.land", "ho_so", data_interval_end=end)
        run_task("ingest_tthc", "nghiep_vu.load_core", landed)
        return SilentSource.asked[-1]

    return ask


def test_a_pull_goes_on_a_day_before_the_last_one_ended(pull):
    assert pull("2025-03-01") == ("http://tthc.example.vn:8080", None, datetime(2025, 3, 1))
    assert pull("2025-03-02")[1:] == (datetime(2025, 2, 28), datetime(2025, 3, 2))


def test_a_past_day_can_be_pulled_again(pull):
    """As when somebody clears an old run, or backfills: later days are loaded already."""
    pull("2025-03-01")
    pull("2025-03-20")
    _, since, until = pull("2025-03-10")
    assert since < until == datetime(2025, 3, 10)


def test_a_run_by_hand_asks_a_simulated_source_for_nothing_after_its_end(pull, monkeypatch):
    """Months after the end would be counted as months in which nothing happened."""
    monkeypatch.setenv("CCHC_NGUON_DEN", "2025-07-01")
    assert pull("2026-11-23")[2] == datetime(2025, 7, 1)


class SilentDocuments(QlvbClient):
    """A document-management system in which nothing changed."""

    def download(self, path: str, since: datetime | None, until: datetime) -> SimpleNamespace:
        SilentSource.asked.append((self.base_url, self.client_id, self.client_secret, path, since, until))
        return SimpleNamespace(total=0, chunks=iter([b"ma_van_ban,huong,don_vi\n"]))


@pytest.fixture
def pull_documents(run_task, monkeypatch):
    """Pulls a list of the document system at a moment; returns what was asked of it."""
    monkeypatch.setenv("AIRFLOW_CONN_CCHC_QLVB", "http://client:secret@qlvb.example.vn:8080")
    monkeypatch.delenv("CCHC_NGUON_DEN", raising=False)
    monkeypatch.setitem(SYSTEMS, "qlvb", SourceSystem("qlvb", f"{__name__}:SilentDocuments"))

    def ask(moment: str, **given: object) -> tuple:
        end = datetime.fromisoformat(f"{moment}+07:00")
        given = given or {"data_interval_end": end}
        run_task("ingest_van_ban", "van_ban.land", "van_ban", **given)
        return SilentSource.asked[-1]

    return ask


def test_documents_are_asked_of_their_own_system_for_whole_days(pull_documents):
    where = ("http://qlvb.example.vn:8080", "client", "secret", "/xuat/van-ban")
    assert pull_documents("2025-03-01T00:30:00") == (*where, None, datetime(2025, 3, 1))


def test_a_run_of_documents_by_hand_takes_what_there_is(pull_documents):
    run = SimpleNamespace(run_after=datetime.fromisoformat("2025-03-01T15:20:30+07:00"))
    assert pull_documents("2025-03-01T00:00:00", dag_run=run)[-1] == datetime(2025, 3, 1, 15, 20, 30)


def test_the_end_of_a_simulated_source_holds_for_documents_too(pull_documents, monkeypatch):
    monkeypatch.setenv("CCHC_NGUON_DEN", "2025-07-01")
    assert pull_documents("2025-07-01T00:30:00")[-1] == datetime(2025, 7, 1)
    run = SimpleNamespace(run_after=datetime.fromisoformat("2026-11-23T08:00:00+07:00"))
    assert pull_documents("2026-11-23T08:00:00", dag_run=run)[-1] == datetime(2025, 7, 1)


@pytest.mark.parametrize(
    ("connection", "address"),
    [
        ("https://client:secret@tthc.example.vn", "https://tthc.example.vn"),
        ("https://client:secret@tthc.example.vn:8443", "https://tthc.example.vn:8443"),
    ],
)
def test_the_secret_travels_encrypted_when_the_connection_says_https(pull, monkeypatch, connection, address):
    monkeypatch.setenv("AIRFLOW_CONN_CCHC_TTHC", connection)
    assert pull("2025-03-01")[0].removesuffix(":443") == address


def test_a_load_announces_exactly_the_months_that_it_returns(world: World, run_task):
    world.dimensions()
    # Received on 5 March, open; the export speaks of days up to 31 May: April and May carry it over.
    batch_id = world.land("ho_so", world.dossiers({}), "2025-06-01")
    result, context = run_task("ingest_file", "load_core", {"dataset": "ho_so", "batch_id": batch_id})
    assert result["periods"] == ["2025-01", "2025-02", "2025-03", "2025-04", "2025-05"]
    assert context.partitions == result["periods"]
    assert (result["read"], result["accepted"], result["rejected"]) == (1, 1, 0)
    # Again, as when Airflow repeats a task that had succeeded: the same answer, announced again.
    again, context = run_task("ingest_file", "load_core", {"dataset": "ho_so", "batch_id": batch_id})
    assert again == result
    assert context.partitions == result["periods"]


def test_a_load_that_changes_no_month_announces_none(world: World, run_task):
    batch_id = world.land("don_vi", world.csv(UNITS, ["ma_don_vi", "ten_don_vi", "cap"]), "2024-01-01")
    result, context = run_task("ingest_file", "load_core", {"dataset": "don_vi", "batch_id": batch_id})
    assert result["periods"] == context.partitions == []


def test_the_reference_task_announces_the_months_that_wait_because_of_it(world: World, run_task):
    world.dimensions().add({})
    world.refresh_all()
    # The source's "Sở Xây dựng" is one of the files from now on: its figures move to that unit's code.
    months = ["2025-01", "2025-02", "2025-03"]
    for _ in range(2):
        result, context = run_task("ingest_tthc", "reference")
        assert result["periods"] == context.partitions == months
        assert result["read"] == 280
    world.refresh_all()
    result, context = run_task("ingest_tthc", "reference")
    assert result["periods"] == context.partitions == []


def test_a_refresh_takes_its_month_from_the_partition_or_the_param(world: World, run_task):
    world.dimensions().add({})
    by_key, _ = run_task(
        "refresh_chi_so", "refresh", dag_run=SimpleNamespace(partition_key="2025-03"), params={"ky": None}
    )
    by_hand, _ = run_task(
        "refresh_chi_so", "refresh", dag_run=SimpleNamespace(partition_key=None), params={"ky": "2025-02"}
    )
    assert (by_key["kys"], by_hand["kys"]) == (["2025-03"], ["2025-02"])
    left, _ = run_task("catch_up_chi_so", "refresh_pending")
    assert left["kys"] == ["2025-01"]
    none_left, _ = run_task("catch_up_chi_so", "refresh_pending")
    assert (none_left["kys"], none_left["up_to_date"]) == ([], True)


def test_a_refresh_without_a_month_says_what_it_expects(run_task):
    with pytest.raises(CchcError, match="expected YYYY-MM"):
        run_task(
            "refresh_chi_so", "refresh", dag_run=SimpleNamespace(partition_key=None), params={"ky": None}
        )


def test_the_calendar_is_checked_for_the_day_of_the_run_in_vietnam(run_task, monkeypatch):
    monkeypatch.delenv("CCHC_NGUON_DEN", raising=False)
    years, _ = run_task("catch_up_chi_so", "sync_calendar")
    assert years == [2024, 2025, 2026]

    def check(moment: str) -> list[int]:
        end = datetime.fromisoformat(moment)
        return run_task("catch_up_chi_so", "check_calendar", data_interval_end=end)[0]

    assert check("2026-11-30T16:59:00+00:00") == years
    with pytest.raises(CchcError, match="lacks the year 2027"):
        check("2026-11-30T17:00:00+00:00")


# A real run -----------------------------------------------------------------------------------


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
        )

    return ingest


@pytest.mark.stack
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


@pytest.mark.stack
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
