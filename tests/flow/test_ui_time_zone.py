"""The plugin that makes Vietnam's time the default of Airflow's UI."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.long

REPO = Path(__file__).parents[2]
# In another process: importing Airflow reads its settings and makes its home.
ASK = """
import runpy, sys
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, StreamingResponse
from fastapi.testclient import TestClient
from airflow import plugins_manager

(registered,) = plugins_manager.get_fastapi_plugins()[1]
page = (next(iter(__import__("airflow").__path__)) + "/ui/dist/index.html")
app = FastAPI()
app.add_middleware(registered["middleware"], *registered["args"], **registered["kwargs"])

@app.get("/api/json")
def json():
    return {"a": "<head>"}

@app.get("/stream")
def stream():
    return StreamingResponse(iter([b"<head>", b"x"]), media_type="application/x-ndjson")

@app.get("/{path:path}")
def ui(path: str):
    return HTMLResponse(open(page).read())

client = TestClient(app)
answer = client.get("/dags/ingest_file")
assert int(answer.headers["content-length"]) == len(answer.content)
head, script, rest = answer.text.partition('localStorage.setItem("timezone", \\'"Asia/Ho_Chi_Minh"\\')')
assert script, answer.text
assert 'localStorage.getItem("timezone") === null' in head
# Before the UI's own program runs.
assert "<script type=\\"module\\"" in rest and "<script type=\\"module\\"" not in head
assert client.get("/api/json").json() == {"a": "<head>"}
assert client.get("/stream").content == b"<head>x"
print("done")
"""


def test_airflow_loads_the_plugin_and_its_page_begins_in_vietnams_time(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", ASK],
        env={name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
        | {
            "AIRFLOW_HOME": str(tmp_path),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(REPO / "plugins"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "done"
