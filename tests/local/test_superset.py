"""What can be known of Superset without starting it: where it is, its port, what it inherits."""

import json
import os
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import yaml

from tools.local import superset
from tools.local.settings import LOOPBACK, MARK, Home, LocalStackError


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(superset, "ENVIRONMENT", tmp_path / "environment")
    monkeypatch.delenv("PORT_SUPERSET", raising=False)
    (tmp_path / "environment").mkdir()
    (tmp_path / "environment" / ".installed").touch()


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as server:
        server.bind((LOOPBACK, 0))
        server.listen()
        yield server.getsockname()[1]


def note(home: Home, pid: int, port: int) -> None:
    """As the last start left it."""
    text = json.dumps(
        {"pid": pid, "create_time": psutil.Process(os.getpid()).create_time() - 60, "port": port}
    )
    (home.path / "run" / "superset.json").write_text(text)


def test_where_it_is_not_installed_it_says_what_to_run(home, tmp_path, monkeypatch):
    monkeypatch.setattr(superset, "ENVIRONMENT", tmp_path / "nothing")
    with pytest.raises(LocalStackError, match=r"not installed in .*nothing: run `make superset`"):
        superset.make_room(home)


def test_a_port_that_cannot_be_is_named_with_its_variable(home, installed, monkeypatch, taken_port):
    monkeypatch.setenv("PORT_SUPERSET", str(taken_port))
    with pytest.raises(LocalStackError, match=f"PORT_SUPERSET={taken_port}.*taken"):
        superset.make_room(home)


def test_the_port_stays_the_same_while_it_is_free(home, installed, taken_port):
    first = superset.make_room(home)
    note(home, os.getpid(), first)
    assert superset.make_room(home) == first
    note(home, os.getpid(), taken_port)
    assert superset.make_room(home) != taken_port


def test_another_program_with_its_number_is_left_alone(home, installed):
    """This one: it began at another time than what was started then."""
    note(home, os.getpid(), 1)
    assert not superset.last_started(home).is_alive
    superset.end(home)


@pytest.mark.parametrize("text", ["", "[", "{}", '{"pid": 1}'])
def test_a_damaged_note_is_none(home, text):
    (home.path / "run" / "superset.json").write_text(text)
    assert superset.last_started(home) is None


def test_it_inherits_no_setting_of_another_superset(home, monkeypatch):
    for name in (
        "SUPERSET_CONFIG_PATH",
        "SUPERSET__SQLALCHEMY_DATABASE_URI",
        "FLASK_DEBUG",
        "GUNICORN_CMD_ARGS",
    ):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("CCHC_FORM_KEY", "x")
    found = superset._environment(home, home.path / "superset", "key")
    assert "x" not in found.values()
    assert found[MARK] == str(home.path)
    assert found["SUPERSET_SECRET_KEY"] == "key"


def test_each_dashboard_is_told_with_its_address(home):
    files = (superset.BUNDLE / "dashboards").glob("*.yaml")
    slugs = {yaml.safe_load(file.read_text("utf-8"))["slug"] for file in files}
    running = superset.Superset(pid=1, create_time=0, port=8088)
    told = superset.access(home, running)
    assert slugs == set(superset.slugs())
    for slug in slugs:
        assert f"http://127.0.0.1:8088/superset/dashboard/{slug}/\n" in told


def test_the_lock_has_the_version_that_the_bundle_is_for():
    lock = (superset.BUNDLE / "requirements.lock").read_text("utf-8")
    assert re.search(r"^apache-superset==6\.1\.", lock, re.MULTILINE)
