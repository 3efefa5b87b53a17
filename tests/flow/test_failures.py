"""When something fails: what is tried again, and who hears of it."""

from collections.abc import Callable, Iterator
from email.message import EmailMessage
from types import SimpleNamespace

import psycopg2
import pyarrow as pa
import pytest
import sqlalchemy as sa

from cchc.errors import (
    BadDefinition,
    BadFile,
    BatchStopped,
    CchcError,
    DeletedFile,
    JudgeUnavailable,
    MessageNotSent,
    MessageRefused,
    SourceRefused,
    SourceUnavailable,
    WarehouseRefused,
    WarehouseUnavailable,
)
from tests.flow.receivers import ChatTool, MailServer, running

pytestmark = pytest.mark.long


def failed_task() -> dict:
    instance = SimpleNamespace(
        dag_id="ingest_file", task_id="validate", run_id="manual__1", try_number=2, log_url="http://ui/log/7"
    )
    return {"ti": instance, "exception": BatchStopped("batch 7 is stopped: HS03 <b> & 12 lines")}


@pytest.fixture
def alarm(notifier, caplog) -> Callable[[], str]:
    """Lets a failed task raise its alarm; returns what the log says of it."""

    def raise_it() -> str:
        with caplog.at_level("ERROR", logger="cchc.alert"):
            notifier.FailureNotifier()(failed_task())
        return caplog.text

    return raise_it


@pytest.mark.parametrize(
    ("error", "action"),
    [
        (SourceUnavailable("HTTP 503"), "retry"),
        (sa.exc.OperationalError("SELECT 1", {}, Exception("server closed the connection")), "retry"),
        (SourceRefused("401"), "fail"),
        (BadFile("empty"), "fail"),
        (WarehouseUnavailable("SQLSTATE 57P01"), "retry"),
        (JudgeUnavailable("SIGKILL"), "retry"),
        (sa.exc.InterfaceError("SELECT 1", {}, Exception("connection already closed")), "retry"),
        (psycopg2.OperationalError("server closed the connection unexpectedly"), "retry"),
        (psycopg2.InterfaceError("connection already closed"), "retry"),
        (DeletedFile("its time was over"), "fail"),
        (WarehouseRefused("SQLSTATE 22P02"), "fail"),
        (BatchStopped("HS03"), "fail"),
        (MessageNotSent("later"), "retry"),
        (MessageRefused("never"), "fail"),
        (BadDefinition("no such dataset"), "fail"),
        (CchcError("no such month"), "fail"),
        # What a file or the data brings about is the same the next time.
        (sa.exc.DataError("INSERT", {}, Exception("smallint out of range")), "fail"),
        (sa.exc.IntegrityError("INSERT", {}, Exception("duplicate key")), "fail"),
        (psycopg2.DataError("value too long"), "fail"),
        (pa.ArrowInvalid("CSV parse error"), "fail"),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"), "fail"),
        (KeyError("sheet"), "fail"),
        (OverflowError("too large"), "fail"),
        (RecursionError(), "fail"),
        # Unknown to us: as many tries as the task has.
        (MemoryError(), "default"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else value,
)
def test_only_what_waiting_can_help_is_tried_again(flow_policy, error, action):
    assert flow_policy.RETRY_POLICY.evaluate(error, try_number=1, max_tries=3).action.value == action


def body(letter: EmailMessage) -> str:
    return letter.get_body(("html",)).get_content()


@pytest.fixture
def mail_server(request, monkeypatch) -> Iterator[MailServer]:
    with running(MailServer(**getattr(request, "param", {}))) as server:
        monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", server.connection)
        monkeypatch.delenv("CCHC_ALERT_EMAIL", raising=False)
        yield server


def test_an_alarm_names_dag_task_error_log_and_the_next_step(alarm, mail_server):
    text = alarm()
    for part in (
        "[CCHC] ingest_file.validate failed",
        "manual__1",
        "try 2",
        "BatchStopped: batch 7 is stopped: HS03 <b> & 12 lines",
        "http://ui/log/7",
        "docs/runbook.md#a-batch-is-stopped",
    ):
        assert part in text


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


@pytest.mark.parametrize(
    "mail_server",
    [{"after": "554 no a@example.com"}, {"after": "451 a@example.com"}],
    ids=["never", "later"],
    indirect=True,
)
def test_what_a_mail_server_says_and_to_whom_is_not_logged(alarm, mail_server, monkeypatch):
    monkeypatch.setenv("CCHC_ALERT_EMAIL", "a@example.com")
    text = alarm()
    assert "Alert not mailed" in text
    assert "@" not in text
    assert len(mail_server.letters) == 1


def test_an_address_without_a_mail_server_does_not_hide_the_failure(alarm, monkeypatch):
    monkeypatch.setenv("CCHC_ALERT_EMAIL", "a@example.com")
    monkeypatch.delenv("AIRFLOW_CONN_SMTP_DEFAULT", raising=False)
    text = alarm()
    assert "BatchStopped" in text and "not mailed" in text


def test_the_alarm_is_posted_to_the_chat_tool_that_is_named(alarm, mail_server, monkeypatch):
    with running(ChatTool()) as chat:
        monkeypatch.setenv("CCHC_WEBHOOK", "cchc_webhook")
        monkeypatch.setenv("AIRFLOW_CONN_CCHC_WEBHOOK", f"http://:hooks%2Fbi-mat@127.0.0.1:{chat.port}")
        alarm()
    [(path, _, said)] = chat.taken
    assert path == "/hooks/bi-mat"
    assert list(said) == ["text"]
    assert "[CCHC] ingest_file.validate failed" in said["text"]
    assert "docs/runbook.md#a-batch-is-stopped" in said["text"]


def test_a_chat_tool_that_is_away_does_not_hide_the_failure(alarm, mail_server, monkeypatch):
    monkeypatch.setenv("CCHC_WEBHOOK", "cchc_webhook")
    monkeypatch.setenv("AIRFLOW_CONN_CCHC_WEBHOOK", "http://:hooks%2Fbi-mat@127.0.0.1:1")
    text = alarm()
    assert "BatchStopped" in text and "not posted" in text
    assert "bi-mat" not in text


def test_an_alarm_quotes_no_other_program(notifier):
    """What a parser or a driver says may quote a row; what Airflow says of a task that it ended does not."""
    told = {}
    for error in (ValueError("bad number 0912 345 678"), "Task killed", None):
        told[str(error)] = notifier.describe(failed_task() | {"exception": error})[1]
    assert "0912 345 678" not in "".join(told.values())
    assert "Error:   ValueError (see the task's log)" in told["bad number 0912 345 678"]
    assert "Error:   Task killed" in told["Task killed"]
