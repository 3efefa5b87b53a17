"""Who may see, trigger, approve in Airflow: docs/security.md, tried at the API with the roles of Compose."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from cchc.database_roles import PAGES
from tests.production.test_compose import REPO, SERVICES, environment
from tools.local.settings import PEOPLE, Home, Ports, load_secrets, stack_environment

pytestmark = pytest.mark.long

PAGE = REPO / "docs" / "security.md"
RUN = "/api/v2/dags/ingest_file/dagRuns/mot"
TASK = f"{RUN}/taskInstances/validate"
BACKFILL = {"dag_id": "ingest_file", "from_date": "2025-01-01T00:00:00Z", "to_date": "2025-01-02T00:00:00Z"}
# The column of the page → what is asked. Nothing of it exists: who may gets another answer than 403.
ASKED: dict[str, list[tuple[str, str, object]]] = {
    "sees": [
        ("GET", "/api/v2/dags", None),
        ("GET", "/api/v2/dags/~/dagRuns", None),
        ("GET", f"{RUN}/taskInstances", None),
        ("GET", f"{TASK}/logs/1", None),
        ("GET", f"{TASK}/xcomEntries", None),
        ("GET", f"{RUN}/hitlDetails", None),
        ("GET", "/api/v2/importErrors", None),
    ],
    "opens the pages": [("GET", "/cchc/", None), ("GET", "/cchc/don-vi", None)],
    "triggers, clears, marks, deletes": [
        ("POST", "/api/v2/dags/ingest_file/dagRuns", {"logical_date": None}),
        ("POST", "/api/v2/dags/ingest_file/clearTaskInstances", {}),
        ("POST", f"{RUN}/clear", {}),
        ("PATCH", RUN, {"state": "success"}),
        ("PATCH", TASK, {"new_state": "success"}),
        ("DELETE", RUN, None),
        ("DELETE", "/api/v2/dags/ingest_file", None),
        ("POST", "/api/v2/backfills", BACKFILL),
        ("POST", "/api/v2/assets/events", {"asset_id": 1}),
    ],
    "pauses": [("PATCH", "/api/v2/dags/ingest_file", {"is_paused": True})],
    "approves": [("PATCH", f"{TASK}/-1/hitlDetails", {"chosen_options": ["Approve"], "params_input": {}})],
    "connections, variables, pools": [
        ("GET", "/api/v2/connections", None),
        ("GET", "/api/v2/connections/cchc_tthc", None),
        ("DELETE", "/api/v2/connections/cchc_tthc", None),
        ("GET", "/api/v2/variables", None),
        ("POST", "/api/v2/variables", {"key": "mot", "value": "hai"}),
        ("DELETE", "/api/v2/pools/khong_co", None),
    ],
    "users, audit log": [("GET", "/auth/fab/v1/users", None), ("GET", "/api/v2/eventLogs", None)],
}
PASSWORD = "mat-khau-thu"
# In another process: importing Airflow reads its settings and makes its home.
ASK = """
import json, sys
from airflow.cli.cli_parser import get_parser

commands, users, password, asked = json.load(sys.stdin)
for words in commands:
    arguments = get_parser().parse_args(words)
    arguments.func(arguments)

from fastapi.testclient import TestClient
from airflow.api_fastapi.app import create_app

found = {}
with TestClient(create_app(apps="all"), base_url="http://localhost") as client:
    for user in users:
        headers = {}
        if user:
            body = {"username": user, "password": password}
            token = client.post("/auth/token", json=body).json()["access_token"]
            headers = {"Authorization": f"Bearer {token}"}
        # The token comes as a cookie too.
        client.cookies.clear()
        found[user] = {
            column: [
                client.request(method, path, headers=headers, json=body).status_code
                for method, path, body in parts
            ]
            for column, parts in asked.items()
        }
with open("found.json", "w") as file:
    json.dump(found, file)
"""


def told() -> dict[str, dict[str, str]]:
    """The table of the page: role → column → yes or no."""
    text = PAGE.read_text(encoding="utf-8")
    [section] = re.findall(r"^## Airflow\n(.*?)(?=^## )", text, re.MULTILINE | re.DOTALL)
    head, _, *rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in section.splitlines()
        if line.startswith("|")
    ]
    return {row[0].strip("`"): dict(zip(head[2:], row[2:], strict=True)) for row in rows}


@pytest.fixture(scope="module")
def answers(postgres, make_world, tmp_path_factory) -> Iterator[dict[str, dict[str, list[int]]]]:
    """User ("" for none; named as its role) → column → what the API answered, with what airflow-init made."""
    home: Path = tmp_path_factory.mktemp("airflow")
    script = SERVICES["airflow-init"]["command"][-1].splitlines()
    commands = [
        shlex.split(line)[1:] for line in script if line.startswith(("airflow db ", "airflow roles "))
    ]
    for role in told():
        name = ["--username", role, "--email", f"{role}@localhost", "--firstname", "a", "--lastname", "b"]
        commands.append(["users", "create", "--role", role, *name, "--password", PASSWORD])
    admin = sa.create_engine(postgres.dsn("postgres", driver="psycopg2"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql("CREATE DATABASE thu_quyen")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
    done = subprocess.run(
        [sys.executable, "-c", ASK],
        input=json.dumps([commands, ["", *told()], PASSWORD, ASKED]),
        env=kept
        | {
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "false",
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(REPO / "plugins"),
            "PYTHONPATH": str(REPO / "plugins"),
            "CCHC_PAGES_DSN": postgres.dsn(make_world().engine.url.database, PAGES, driver="psycopg2"),
            "AIRFLOW__CORE__AUTH_MANAGER": str(environment("airflow-worker")["AIRFLOW__CORE__AUTH_MANAGER"]),
            "AIRFLOW__API_AUTH__JWT_SECRET": "khoa-cua-cac-kiem-thu" * 3,
            "AIRFLOW__API__SECRET_KEY": "khoa-cua-cac-kiem-thu" * 3,
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": postgres.dsn("thu_quyen", "postgres", "psycopg2"),
        },
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        assert done.returncode == 0, done.stderr
        yield json.loads((home / "found.json").read_text(encoding="utf-8"))
    finally:
        with admin.connect() as connection:
            connection.exec_driver_sql("DROP DATABASE thu_quyen WITH (FORCE)")
        admin.dispose()


def test_each_role_may_do_in_airflow_what_the_page_says(answers):
    found = {
        role: {
            column: {(True,): "no", (False,): "yes"}.get((*{s == 403 for s in statuses},), f"{statuses}")
            for column, statuses in answers[role].items()
        }
        for role in told()
    }
    assert found == told()


def test_who_has_not_signed_in_may_do_nothing(answers):
    assert {status for statuses in answers[""].values() for status in statuses} == {401}


def test_every_column_of_the_page_is_asked():
    assert {column for columns in told().values() for column in columns} == ASKED.keys()
    assert {"Admin", "User", "can_bo", "Viewer"} <= told().keys()


def test_the_local_stack_asks_its_users_for_passwords(tmp_path):
    given = stack_environment(Home(tmp_path), Ports(1, 2, 3, 4), load_secrets(tmp_path))
    users = dict(user.split(":") for user in given["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS"].split(","))
    assert users == PEOPLE
    # Who answers for the province and for a unit may answer what Airflow asks, and no more.
    assert users == {"admin": "admin", "can_bo": "user", "cua_don_vi": "user", "xem": "viewer"}
    assert "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS" not in given
