"""What the probe finds broken reaches people at once, again each day, and when it is over."""

import json
import os
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType

import pytest

from tests.flow.receivers import ChatTool, MailServer, running

DEAD = "BROKEN thanh_phan:scheduler: scheduler is unhealthy. (docs/runbook.md#a-part-of-airflow-stands-still)"
PAUSED = "BROKEN tam_dung:ingest_tthc: the DAG is paused. (docs/runbook.md#a-dag-is-paused)"
QUIET = "quiet  tam_dung:ingest_tthc: the DAG is paused. Silent until … (docs/runbook.md#a-dag-is-paused)"
OK = "ok: everything runs."


@pytest.fixture
def alarm(bag) -> ModuleType:
    # Imported only now, like the DAGs: Airflow reads its settings at that moment.
    from cchc.flow import alarm  # noqa: PLC0415

    return alarm


@pytest.fixture
def chat(monkeypatch):
    with running(ChatTool()) as chat:
        monkeypatch.setenv("CCHC_WEBHOOK", "cchc_webhook")
        address = f"http://:hooks%2Fx@127.0.0.1:{chat.port}"
        monkeypatch.setenv("AIRFLOW_CONN_CCHC_WEBHOOK", address)
        monkeypatch.delenv("CCHC_ALERT_EMAIL", raising=False)
        yield chat


@pytest.fixture
def look(alarm, monkeypatch, tmp_path, capsys):
    """Runs the alarm over what a probe would say; returns its exit code and what it printed."""
    memory = tmp_path / "told.json"

    def look(*lines: str, code: int | None = None) -> tuple[int, str]:
        ended = code if code is not None else 2 if any(line.startswith("BROKEN") for line in lines) else 0
        monkeypatch.setattr(alarm, "probe", lambda: (ended, list(lines)))
        found = alarm.main(memory)
        said = capsys.readouterr()
        return found, said.out + said.err

    look.memory = memory
    return look


def said(chat: ChatTool) -> list[str]:
    return [body["text"] for _, _, body in chat.taken]


def test_what_is_broken_is_told_once_and_not_again_ten_minutes_later(look, chat):
    assert look(DEAD) == (2, f"{DEAD}\n")
    assert look(DEAD)[0] == 2
    assert said(chat) == [f"[CCHC] Probe: 1 broken\n{DEAD}"]
    assert stat.S_IMODE(look.memory.stat().st_mode) == 0o600


def test_what_comes_to_it_is_told_beside_what_is_known(look, chat):
    look(DEAD)
    look(DEAD, PAUSED)
    assert said(chat)[1:] == [f"[CCHC] Probe: 2 broken\n{PAUSED}\n{DEAD} [told before]"]


def test_what_is_over_is_told_once(look, chat):
    look(DEAD)
    assert look(OK)[0] == 0
    assert look(OK) == (0, f"{OK}\n")
    assert said(chat)[1:] == ["[CCHC] Probe: 1 over\nover   thanh_phan:scheduler"]
    # Broken anew, it is new.
    look(DEAD)
    assert len(said(chat)) == 3


def test_what_stays_broken_is_told_again_after_a_day(look, chat):
    look(DEAD)
    yesterday = (datetime.now(UTC) - timedelta(hours=25)).isoformat()
    look.memory.write_text(json.dumps({"thanh_phan:scheduler": yesterday}))
    look(DEAD)
    look(DEAD)
    assert len(said(chat)) == 2


def test_what_is_silenced_is_not_told(look, chat):
    assert look(QUIET, code=0)[0] == 0
    assert said(chat) == []


@pytest.mark.parametrize("content", ["", "no JSON", "[]", '{"a": 1}', '{"a": "yesterday"}', "\0"])
def test_a_memory_that_is_none_is_none(look, chat, content):
    look.memory.write_text(content)
    look(DEAD)
    assert len(said(chat)) == 1


def test_it_goes_by_mail_too(look, chat, monkeypatch):
    with running(MailServer()) as server:
        monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", server.connection)
        monkeypatch.setenv("CCHC_ALERT_EMAIL", "a@example.com")
        assert look(DEAD)[0] == 2
    [letter] = server.letters
    assert letter["Subject"] == "[CCHC] Probe: 1 broken"
    assert letter.get_body(("plain",)).get_content().strip() == DEAD
    assert len(said(chat)) == 1


def test_where_the_chat_tool_is_away_it_says_so_and_tries_again(look, chat, monkeypatch):
    chat.status = 500
    code, printed = look(DEAD)
    assert (code, "Not posted: Connection cchc_webhook" in printed) == (3, True)
    chat.status = 200
    assert look(DEAD)[0] == 2
    assert look(DEAD)[0] == 2
    assert len(said(chat)) == 2


def test_where_nobody_is_configured_it_says_so(look, monkeypatch):
    monkeypatch.delenv("CCHC_ALERT_EMAIL", raising=False)
    monkeypatch.delenv("CCHC_WEBHOOK", raising=False)
    code, printed = look(DEAD)
    assert (code, "Nobody is told: neither CCHC_ALERT_EMAIL nor CCHC_WEBHOOK is set." in printed) == (3, True)
    assert look(OK)[0] == 0


def test_a_probe_that_fails_is_broken(alarm, monkeypatch):
    def ended(*_: object, **__: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess([], 1, "", "postgresql://x:mat-khau@h/")

    monkeypatch.setattr(alarm.subprocess, "run", ended)
    code, [line] = alarm.probe()
    assert (code, "mat-khau" in line) == (2, False)
    assert line.startswith("BROKEN tham_do: the probe ended with 1 (docs/runbook.md#the-probe-itself-fails)")

    def hangs(words: list[str], **_: object) -> None:
        raise subprocess.TimeoutExpired(words, 1)

    monkeypatch.setattr(alarm.subprocess, "run", hangs)
    assert "took more than 150 seconds" in alarm.probe()[1][0]


@pytest.mark.long
def test_a_host_runs_it_with_nothing_but_the_environment(chat, tmp_path):
    """No Airflow and no warehouse is there, which is what it tells."""
    folder = Path(__file__).parents[2] / "plugins"
    kept = {name: os.environ[name] for name in ("PATH", "CCHC_WEBHOOK", "AIRFLOW_CONN_CCHC_WEBHOOK")}
    there = kept | {"PYTHONPATH": str(folder), "AIRFLOW_HOME": str(tmp_path), "HOME": str(tmp_path)}
    there |= {"CCHC_WAREHOUSE_DSN": "postgresql+psycopg2://x:mat-khau@127.0.0.1:1/cchc"}
    there |= {
        "CCHC_AIRFLOW_URL": "http://127.0.0.1:1",
        "CCHC_AIRFLOW_USER": "a",
        "CCHC_AIRFLOW_PASSWORD": "b",
    }
    words = [sys.executable, "-m", "cchc.flow.alarm", "--memory", str(tmp_path / "told.json")]
    done = subprocess.run(words, env=there, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 2, done.stderr
    [text] = said(chat)
    assert text.startswith(
        "[CCHC] Probe: 2 broken\nBROKEN airflow: Airflow at http://127.0.0.1:1 does not answer"
    )
    assert "BROKEN kho: " in text
    assert "mat-khau" not in text + done.stdout + done.stderr
