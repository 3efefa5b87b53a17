"""What tasks do and hand on, without an Airflow that runs."""

import os
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from importlib import import_module
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest

from cchc.errors import CchcError, NotTaken, SourceDiffers
from cchc.figures.refresh import pending_periods
from cchc.sources.qlvb import QlvbClient
from cchc.sources.register import SYSTEMS, SourceSystem
from cchc.sources.tthc import TthcClient
from tests.world import UNITS, World, code


class Context(dict):
    """What Airflow gives a running task, as far as our tasks look at it."""

    def __init__(self, task, **given) -> None:
        self.partitions: list[str] = []
        announce = SimpleNamespace(add_partitions=self.partitions.extend)
        instance = SimpleNamespace(dag_id=task.dag_id, run_id="thu", task_id=task.task_id, map_index=-1)
        events = defaultdict(lambda: announce)
        super().__init__({"params": {}} | given, task=task, ti=instance, outlet_events=events)


@pytest.fixture
def run_task(bag, dsn, tmp_path, monkeypatch):
    """Runs the function of one task against the test's warehouse; returns its result and context."""
    monkeypatch.setenv("CCHC_LANDING_DIR", str(tmp_path / "landing"))
    monkeypatch.setenv("AIRFLOW_CONN_CCHC_WAREHOUSE", dsn.replace("postgresql+psycopg2", "postgres"))

    def run(dag_id: str, task_id: str, *args: object, **given: object) -> tuple[Any, Context]:
        task = bag.dags[dag_id].get_task(task_id)
        context = Context(task, **given)
        for module in ("tasks", "counting", "naming"):
            monkeypatch.setattr(f"cchc.flow.{module}.get_current_context", lambda: context)
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
        landed, _ = run_task("ingest_tthc", "ho_so.land", "ho_so", data_interval_end=end)
        run_task("ingest_tthc", "ho_so.load_core", landed)
        return SilentSource.asked[-1]

    return ask


@pytest.mark.long
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


def test_a_month_is_asked_for_by_the_run_s_param_whatever_was_pulled(pull, run_task):
    pull("2025-06-01")
    run_task("backfill_nguon", "nghiep_vu.land", "ho_so", params={"ky": "2025-03"})
    assert SilentSource.asked[-1][1:] == (datetime(2025, 2, 28), datetime(2025, 4, 1))
    # The daily pull goes on where it was.
    assert pull("2025-06-02")[1:] == (datetime(2025, 5, 31), datetime(2025, 6, 2))


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


class StatingSource(SilentSource):
    """Remembers what its connection says, and states one dossier of March."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.asked.append((self.base_url, self.plain_http, self.ca_bundle))

    def months(self, path: str, until: datetime) -> dict[str, int]:
        assert (path, until) == ("/api/ho-so", datetime(2025, 4, 1))
        return {"2025-03": 1}


@pytest.fixture
def compared(run_task, monkeypatch):
    """Compares dossiers with a source of this connection; returns what the task returns."""
    monkeypatch.setitem(SYSTEMS, "tthc", SourceSystem("tthc", f"{__name__}:StatingSource"))

    def compare(connection: str) -> dict[str, Any]:
        monkeypatch.setenv("AIRFLOW_CONN_CCHC_TTHC", connection)
        return run_task("reconcile_nguon", "compare_tthc", "ho_so")[0]

    return compare


@pytest.mark.parametrize(
    ("connection", "said"),
    [
        ("https://a:b@tthc.vn:8443?ca_bundle=%2Fx.pem", ("https://tthc.vn:8443", False, "/x.pem")),
        ("http://a:b@tthc.vn:80?plain_http=1", ("http://tthc.vn:80", True, None)),
        ("http://a:b@tthc.vn:80?plain_http=0", ("http://tthc.vn:80", False, None)),
        ("http://a:b@tthc.vn:80", ("http://tthc.vn:80", False, None)),
    ],
)
def test_the_connection_says_how_its_source_is_asked(compared, connection, said):
    # Before the first load there is nothing to compare.
    assert compared(connection) == {"dataset": "ho_so"}
    assert StatingSource.asked[-1] == said


def test_a_difference_to_the_source_fails_the_task(world: World, compared):
    world.dimensions().add({})
    with world.engine.begin() as session:
        session.exec_driver_sql("UPDATE ops.batch SET window_to = '2025-04-01' WHERE dataset = 'ho_so'")
    assert compared("https://a:b@tthc.vn") == {"dataset": "ho_so", "equal": 1}
    # A deleted dossier is one that the source still counts.
    world.add({"da_xoa": "1", "ngay_cap_nhat": "20250306090000"}, {"ma_ho_so": code(2)})
    with pytest.raises(SourceDiffers, match="2025-03: source 1, warehouse 2"):
        compared("https://a:b@tthc.vn")


def test_a_batch_knows_the_tasks_that_worked_on_it(world: World, run_task):
    """So that people come from a batch to its log, and from a run to its batches."""
    world.dimensions()
    batch_id = world.land("ho_so", world.dossiers({}), "2025-06-01")
    for task in ("validate", "load_core", "load_core"):
        run_task("ingest_file", task, {"dataset": "ho_so", "batch_id": batch_id})
    query = "SELECT dag_id, run_id, task_id, map_index FROM ops.batch_run WHERE batch_id = :b ORDER BY 3"
    assert world.rows(query, b=batch_id) == [
        ("ingest_file", "thu", "load_core", -1),
        ("ingest_file", "thu", "validate", -1),
    ]


def test_a_load_says_which_months_it_changed(world: World, run_task):
    world.dimensions()
    # Received on 5 March, open; the export speaks of days up to 31 May: April and May carry it over.
    batch_id = world.land("ho_so", world.dossiers({}), "2025-06-01")
    result, _ = run_task("ingest_file", "load_core", {"dataset": "ho_so", "batch_id": batch_id})
    assert result["periods"] == ["2025-01", "2025-02", "2025-03", "2025-04", "2025-05"]
    assert (result["read"], result["accepted"], result["rejected"]) == (1, 1, 0)
    # Again, as when Airflow repeats a task that had succeeded: the same answer.
    again, _ = run_task("ingest_file", "load_core", {"dataset": "ho_so", "batch_id": batch_id})
    assert again == result


def test_months_are_announced_of_all_loads_that_said_any(run_task):
    """A load that failed said nothing; a mapped one hands on all that it said."""
    one = {"dataset": "ho_so", "batch_id": 1, "periods": ["2025-03", "2025-01"]}
    none = {"dataset": "tthc", "batch_id": 2, "periods": []}
    mapped = [{"dataset": "khai_bao", "batch_id": 3, "periods": ["2025-02"]}, one]
    found, context = run_task("ingest_tthc", "announce", [one, None, none])
    assert found == context.partitions == ["2025-01", "2025-03"]
    found, context = run_task("ingest_khai_bao", "announce", [mapped])
    assert found == context.partitions == ["2025-01", "2025-02", "2025-03"]
    # No event of no month.
    skipped = import_module("airflow.sdk.exceptions").AirflowSkipException
    for nothing in ([None], [none], [[]]):
        with pytest.raises(skipped):
            run_task("ingest_file", "announce", nothing)


def test_the_steps_of_a_task_share_their_sessions(bag, run_task):
    connections = import_module("cchc.flow.connections")
    short, long = (Context(bag.dags["ingest_file"].get_task(name)) for name in ("announce", "load_core"))
    assert connections.warehouse(long) is connections.warehouse(long)
    # No statement may outlive its task.
    assert connections.warehouse(short) is not connections.warehouse(long)


def test_a_load_of_a_backfill_marks_its_months(world: World, run_task):
    """Announced, each would be counted after each of many loads; they are counted when all are loaded."""
    world.dimensions()
    batch_id = world.land("ho_so", world.dossiers({}), "2025-04-01")
    judged = {"dataset": "ho_so", "batch_id": batch_id}
    result, _ = run_task("backfill_nguon", "nghiep_vu.load_core", judged)
    assert result["periods"] == ["2025-01", "2025-02", "2025-03"]
    assert pending_periods(world.engine) == result["periods"]


def test_a_load_that_changes_no_month_says_none(world: World, run_task):
    batch_id = world.land("don_vi", world.csv(UNITS, ["ma_don_vi", "ten_don_vi", "cap"]), "2024-01-01")
    result, _ = run_task("ingest_file", "load_core", {"dataset": "don_vi", "batch_id": batch_id})
    assert result["periods"] == []


@pytest.mark.long
def test_the_reference_task_says_which_months_wait_because_of_it(world: World, run_task):
    world.dimensions().add({})
    world.refresh_all()
    # The source's "Sở Xây dựng" is one of the files from now on: its figures move to that unit's code.
    months = ["2025-01", "2025-02", "2025-03"]
    for _ in range(2):
        result, _ = run_task("ingest_tthc", "reference")
        assert result["periods"] == months
        assert result["read"] == 280
    world.refresh_all()
    result, _ = run_task("ingest_tthc", "reference")
    assert result["periods"] == []


@pytest.mark.long
def test_a_refresh_takes_its_month_and_whatever_other_waits(world: World, run_task):
    world.dimensions().add({})
    by_key, _ = run_task(
        "refresh_chi_so", "refresh", dag_run=SimpleNamespace(partition_key="2025-03"), params={"ky": None}
    )
    by_hand, _ = run_task(
        "refresh_chi_so", "refresh", dag_run=SimpleNamespace(partition_key=None), params={"ky": "2025-02"}
    )
    assert by_key["kys"] == by_key["counted"] == ["2025-01", "2025-02", "2025-03"]
    assert (by_hand["kys"], by_hand["up_to_date"]) == (["2025-02"], True)
    none_left, _ = run_task("catch_up_chi_so", "refresh_pending")
    assert (none_left["kys"], none_left["up_to_date"]) == ([], True)


def test_tidying_says_how_much_it_removed(world: World, run_task, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "landing").mkdir()
    old = tmp_path / "landing" / ".landing-cu"
    old.write_text("a")
    os.utime(old, (time.time() - 25 * 3600,) * 2)
    swept, _ = run_task("tidy_up", "sweep_leftovers")
    assert swept == {"landing_file": 1, "landed_copy": 0, "handed_in": 0, "temporary": 0, "staging": 0}
    assert run_task("tidy_up", "delete_landed")[0] == {"files": 0, "bytes": 0}
    assert world.rows("SELECT count(*) FROM ops.sweep") == [(5,)]


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


def test_one_bad_file_of_the_drop_folder_keeps_no_other_from_its_tasks(run_task, tmp_path, monkeypatch):
    (folder := tmp_path / "forms").mkdir()
    monkeypatch.setenv("CCHC_FORM_DIR", str(folder))
    names = [b"a.xlsx", b"khai b\xe1o.csv", b"x" * 251 + b".csv"]
    os.mkfifo(folder / "a.xlsx")
    for name in names[1:]:
        (folder / os.fsdecode(name)).write_bytes(b"a,b\n1," + name)
    for age, name in enumerate(names):
        os.utime(folder / os.fsdecode(name), (1_700_000_000 + age,) * 2)
    forms, _ = run_task("ingest_khai_bao", "find_forms")
    # Airflow keeps these: no name of a file, which may be that of a person.
    assert [(len(form), form.isalnum()) for form in forms] == [(64, True)] * 3
    with pytest.raises(NotTaken, match=r"a\.xlsx: no such file for this worker: this is a pipe"):
        run_task("ingest_khai_bao", "ingest.land_form", forms[0])
    landed = [run_task("ingest_khai_bao", "ingest.land_form", form) for form in forms[1:]]
    assert [found["new"] for found, _ in landed] == [True, True]
    # Airflow keeps the name of a mapped task.
    assert [context["ten"] for _, context in landed] == ["tệp .csv"] * 2
    assert run_task("ingest_khai_bao", "find_forms")[0] == forms[1:]
