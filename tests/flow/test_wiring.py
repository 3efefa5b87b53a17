"""The DAGs are wiring only: documented, limited, read without anything heavy."""

import ast
import os
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from cchc.commands.airflow_api import TAG
from cchc.contracts import contract_of, contracts
from cchc.sources.reconciliation import reconciled_datasets
from tests.conftest import ROOT
from tools import dag_docs

DAG_FILES = sorted((ROOT / "dags").glob("*.py"))


HEADINGS = ["What", "When", "Inputs", "Outputs", "If it fails", "Run again"]


WIRING_IMPORTS = {
    "airflow.sdk",
    "cchc.flow.tasks",
    "cchc.flow.counting",
    "cchc.flow.policy",
    "cchc.flow.asking",
    "cchc.flow.publishing",
    "cchc.flow.assets",
}


LOOK_UPS = {"Variable", "Connection", "BaseHook", "environ", "getenv", "get_connection"}


SQL_STATEMENT = re.compile(r"\b(?:select|insert\s+into|update|delete\s+from|create)\s", re.IGNORECASE)


LONGEST_FILE = 100


@pytest.fixture(scope="module")
def tasks(bag) -> list:
    return [task for dag in bag.dags.values() for task in dag.tasks]


# Wiring ---------------------------------------------------------------------------------------


def test_every_dag_file_is_read(bag):
    assert bag.import_errors == {}
    assert set(bag.dags) == {file.stem for file in DAG_FILES}
    # What the runbook and whoever triggers by name rely on.
    assert set(bag.dags) >= {
        *("ingest_tthc", "ingest_van_ban", "ingest_khai_bao", "ingest_file"),
        *("refresh_chi_so", "catch_up_chi_so", "reconcile_nguon", "tidy_up"),
        *("backfill_danh_muc", "backfill_nguon"),
    }


def test_every_task_has_a_timeout_retries_and_an_alarm(tasks, flow_policy, notifier):
    for task in tasks:
        assert 60 <= task.execution_timeout.total_seconds() <= 2 * 3600, task.task_id
        assert task.retries >= 1, task.task_id
        assert task.retry_policy is flow_policy.RETRY_POLICY, task.task_id
        alarms = task.on_failure_callback
        alarms = alarms if isinstance(alarms, list) else [alarms]
        assert [type(alarm) for alarm in alarms] == [notifier.FailureNotifier], task.task_id


def test_what_a_task_returns_is_sent_once(tasks):
    """By default Airflow sends each key of a dict beside the dict, by a request of its own."""
    assert [task.task_id for task in tasks if getattr(task, "multiple_outputs", False)] == []


def test_only_tasks_that_ask_the_source_take_a_slot_of_its_pool(bag, tasks):
    for task in tasks:
        pool = "default_pool"
        if task.task_id.endswith(".land"):
            name = task.task_id.partition(".")[0]
            group = bag.dags[task.dag_id].task_group.children[name]
            mapped = hasattr(group, "_expand_input")
            datasets = group._expand_input.value["dataset"] if mapped else [name]
            systems = {contract_of(dataset).api.system for dataset in datasets}
            [pool] = {f"nguon_{system}" for system in systems}
        elif task.task_id.startswith("compare_"):
            pool = f"nguon_{task.task_id.removeprefix('compare_')}"
        elif task.dag_id.startswith("backfill_") and task.task_id != "reference":
            pool = "nap_bu"
        assert task.pool == pool, task.task_id
    assert sum(task.pool == "nguon_tthc" for task in tasks) == 9
    assert sum(task.pool == "nguon_qlvb" for task in tasks) == 4
    assert sum(task.pool == "nap_bu" for task in tasks) >= 8


def test_tasks_of_a_backfill_let_every_other_go_first(tasks):
    for task in tasks:
        back = task.dag_id.startswith("backfill_")
        # Else what follows adds to it.
        assert (task.weight_rule == "absolute") == back, task.task_id
        assert task.priority_weight == (0 if back else 1), task.task_id


def test_the_dags_of_a_backfill_pull_every_list_of_every_source(bag):
    pulled = {
        dag_id: [
            dataset
            for group in bag.dags[dag_id].task_group.children.values()
            if hasattr(group, "children")
            for dataset in group._expand_input.value["dataset"]
        ]
        for dag_id in ("backfill_danh_muc", "backfill_nguon")
    }
    lists = {
        incremental: [c.dataset for c in contracts().values() if c.api and c.api.incremental == incremental]
        for incremental in (True, False)
    }
    assert sorted(pulled["backfill_danh_muc"]) == sorted(lists[False])
    assert sorted(pulled["backfill_nguon"]) == sorted(lists[True])
    # Several months beside each other; lists, by which all else is judged, one after the other.
    assert (bag.dags["backfill_nguon"].max_active_runs, bag.dags["backfill_danh_muc"].max_active_runs) == (
        12,
        1,
    )


@pytest.mark.parametrize("system", ["tthc", "qlvb"])
def test_every_list_whose_source_states_totals_is_compared_once_a_month(bag, system):
    dag = bag.dags["reconcile_nguon"]
    assert dag.timetable.expression == "0 6 2 * *"
    compared = dag.get_task(f"compare_{system}")._get_specified_expand_input().value["dataset"]
    assert compared == reconciled_datasets(system)
    assert compared


def test_dossiers_wait_for_units_and_procedures(bag):
    dag = bag.dags["ingest_tthc"]
    loaded = {"don_vi.load_core", "tthc.load_core"}
    assert dag.get_task("ho_so.validate").upstream_task_ids == {"ho_so.land", *loaded}
    for name in ("don_vi", "tthc"):
        assert dag.get_task(f"{name}.validate").upstream_task_ids == {f"{name}.land", "reference"}


def test_ratings_and_history_wait_for_dossiers(bag):
    dag = bag.dags["ingest_tthc"]
    for name in ("danh_gia", "qua_trinh"):
        assert dag.get_task(f"{name}.validate").upstream_task_ids == {f"{name}.land", "ho_so.load_core"}


def test_all_lists_of_the_tthc_system_are_pulled_at_once(bag):
    """Nothing that is pulled waits for what is loaded."""
    lands = [task for task in bag.dags["ingest_tthc"].tasks if task.task_id.endswith(".land")]
    assert {task.task_id: task.upstream_task_ids for task in lands} == {
        f"{name}.land": set() for name in ("don_vi", "tthc", "ho_so", "danh_gia", "qua_trinh")
    }


def test_a_file_of_any_dataset_can_be_given(bag):
    allowed = bag.dags["ingest_file"].params.get_param("dataset").schema["enum"]
    contracts = {path.stem for path in (ROOT / "plugins" / "cchc" / "contracts").glob("*.yaml")}
    assert set(allowed) == contracts


def test_changed_months_are_announced_behind_all_loads_whatever_becomes_of_any(bag):
    for dag in bag.dags.values():
        outlets = {task.task_id: [asset.name for asset in task.outlets] for task in dag.tasks}
        announced = {task_id: names for task_id, names in outlets.items() if names}
        loads = {
            task.task_id
            for task in dag.tasks
            if task.task_id.endswith("load_core") or task.task_id == "reference"
        }
        # A backfill has its months counted when all of them are loaded.
        if not loads or dag.dag_id.startswith("backfill_"):
            assert announced == {}, dag.dag_id
            continue
        assert announced == {"announce": ["thang_co_thay_doi"]}, dag.dag_id
        announce = dag.get_task("announce")
        assert announce.upstream_task_ids == loads
        # Runs also behind a load that failed, and the run is as its loads are: a teardown would go on in one
        # that somebody marks as failed, which Airflow then takes for a success.
        assert (announce.is_teardown, announce.trigger_rule) == (False, "all_done")
        every_load = dag.get_task("every_load")
        assert (every_load.upstream_task_ids, every_load.trigger_rule) == (loads, "none_failed")
        assert every_load.inherits_from_empty_operator
        assert announce.downstream_task_ids == every_load.downstream_task_ids == set()


def test_months_are_refreshed_whatever_becomes_of_the_calendar(bag):
    dag = bag.dags["catch_up_chi_so"]
    calendar = {"sync_calendar", "check_calendar"}
    for task in dag.tasks:
        before = task.get_flat_relative_ids(upstream=True)
        assert not calendar & before or task.task_id in calendar, task.task_id
    assert dag.get_task("check_calendar").upstream_task_ids == {"sync_calendar"}


def test_both_lists_of_the_document_system_are_pulled_side_by_side(bag):
    dag = bag.dags["ingest_van_ban"]
    for name in ("van_ban", "ho_so_cong_viec"):
        order = [f"{name}.{step}" for step in ("land", "validate", "load_core")]
        assert [dag.get_task(step).upstream_task_ids for step in order] == [set(), {order[0]}, {order[1]}]
    assert len(dag.tasks) == 8
    assert dag.max_active_runs == 1


def test_each_form_goes_its_own_way_every_hour(bag):
    dag = bag.dags["ingest_khai_bao"]
    assert dag.timetable.expression == "15 * * * *"
    steps = [
        "find_forms",
        *(f"ingest.{name}" for name in ("land_form", "validate", "load_core", "tell_rejected")),
        *("announce", "every_load"),
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
        # By which the probe knows them.
        assert dag.tags == {TAG}, dag.dag_id


def test_people_see_vietnamese_names_and_machines_ascii_ones(bag, tasks):
    names = [(dag.dag_id, dag.dag_display_name) for dag in bag.dags.values()]
    for name, shown in names + [(task.task_id, task.task_display_name) for task in tasks]:
        assert name.isascii(), name
        assert not shown.isascii(), f"{name} is shown as {shown!r}"


def test_every_param_has_a_title(bag):
    params = [dag.params.get_param(name) for dag in bag.dags.values() for name in dag.params]
    assert len(params) == 20
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
    names = sorted(path.name for path in executed if path.suffix == ".py")
    assert names == ["pages_in_airflow.py", "ui_time_zone.py"]


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
    assert {"pandas", "numpy", "great_expectations", "pyarrow", "requests"} & set(modules) == set()
