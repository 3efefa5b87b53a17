"""The morning's message reaches a real mail server and a real chat tool, or says why not."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import ModuleType, SimpleNamespace
from urllib.parse import unquote

import pytest

from cchc.charts import FIGURE
from cchc.errors import MessageNotSent, MessageRefused
from tests.flow.receivers import ChatTool, MailServer, running
from tests.pictures import colours
from tests.world import World

SINCE = datetime(2025, 4, 1, tzinfo=UTC)
SECRET = "hooks/bi-mat"


@pytest.fixture
def sending(bag) -> ModuleType:
    # Imported only now, like the DAGs: Airflow reads its settings at that moment.
    from cchc.flow import digest  # noqa: PLC0415

    return digest


@pytest.fixture(scope="module")
def counted(make_world) -> World:
    """Three dossiers of March, two of them in time."""
    world = make_world().dimensions()
    done = {"trang_thai_ho_so": "10", "ngay_tra": "20250320090000"}
    in_time, late = (done | {"ngay_ket_thuc_xu_ly": f"202503{day}090000"} for day in ("11", "20"))
    world.add(in_time, in_time, late)
    world.refresh_all()
    return world


def never() -> None:
    pytest.fail("The warehouse was asked for a message that nobody gets.")


@pytest.fixture
def mail_server(monkeypatch) -> Iterator[MailServer]:
    with running(MailServer()) as server:
        monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", server.connection)
        monkeypatch.setenv("CCHC_DIGEST_EMAIL", "a@example.com, b@example.com")
        yield server


def chat_at(monkeypatch, address: str) -> None:
    monkeypatch.setenv("CCHC_WEBHOOK", "cchc_webhook")
    monkeypatch.setenv("AIRFLOW_CONN_CCHC_WEBHOOK", address)


def test_where_nobody_is_configured_it_says_so_and_succeeds(sending, monkeypatch, caplog):
    monkeypatch.delenv("CCHC_DIGEST_EMAIL", raising=False)
    monkeypatch.delenv("CCHC_WEBHOOK", raising=False)
    with caplog.at_level("INFO", logger="cchc.digest"):
        assert sending.mail_digest(never, SINCE) == {"sent": 0}
        assert sending.post_digest(never, SINCE) == {"sent": 0}
    assert "CCHC_DIGEST_EMAIL names nobody" in caplog.text
    assert "CCHC_WEBHOOK names no connection" in caplog.text


@pytest.mark.long
def test_the_letter_has_the_scoreboard_as_table_and_picture(sending, counted, mail_server):
    sent = sending.mail_digest(lambda: counted.engine, SINCE)
    assert mail_server.recipients == ["a@example.com", "b@example.com"]
    [letter] = mail_server.letters
    assert letter["From"] == "kho@example.com"
    assert "Tháng 03/2025" in letter["Subject"]
    assert letter.get_content_type() == "multipart/alternative"
    text, related = letter.iter_parts()
    assert text.get_content_type() == "text/plain"
    assert "(biểu II.06a): 66,67 %" in text.get_content()
    html, picture = related.iter_parts()
    assert picture.get_content_type() == "image/png"
    # By hand: two of three.
    assert "66,67 %" in html.get_content()
    assert f'src="cid:{picture["Content-ID"].strip("<>")}"' in html.get_content()
    content = picture.get_content()
    assert sent == {"sent": 2, "picture_bytes": len(content)}
    assert colours(content)[FIGURE] > 1_000


@pytest.mark.parametrize(
    "listed",
    [
        "a@example.com;b@example.com",
        "Nguyễn <a@example.com> ; b@example.com,",
        "a@example.com, b@example.com",
    ],
)
def test_everybody_who_is_listed_gets_the_letter(sending, counted, mail_server, monkeypatch, listed):
    monkeypatch.setenv("CCHC_DIGEST_EMAIL", listed)
    assert sending.mail_digest(lambda: counted.engine, SINCE)["sent"] == 2
    assert mail_server.recipients == ["a@example.com", "b@example.com"]


@pytest.mark.parametrize(
    "wrong",
    [
        "khong-phai-email",
        "ă@ví-dụ.vn",
        "b@example.com\nBcc: x@example.com",
        "b @example.com",
        "b@",
        "b@@example.com",
    ],
)
def test_an_address_that_is_none_is_refused_before_anything_is_sent(
    sending, counted, mail_server, monkeypatch, wrong
):
    monkeypatch.setenv("CCHC_DIGEST_EMAIL", f"a@example.com; {wrong}")
    with pytest.raises(MessageRefused, match="CCHC_DIGEST_EMAIL: entry 2 of 2 is no e-mail address") as told:
        sending.mail_digest(lambda: counted.engine, SINCE)
    assert wrong not in str(told.value)
    assert mail_server.letters == []


def test_the_chat_tool_gets_text(sending, counted, monkeypatch):
    with running(ChatTool()) as chat:
        chat_at(monkeypatch, f"http://:hooks%2Fbi-mat@127.0.0.1:{chat.port}")
        assert sending.post_digest(lambda: counted.engine, SINCE) == {"sent": 1}
    [(path, headers, said)] = chat.taken
    assert (path, headers["Content-Type"]) == (f"/{SECRET}", "application/json")
    assert list(said) == ["text"]
    assert "Tỷ lệ hồ sơ giải quyết trước hạn, đúng hạn (biểu II.06a): 66,67 %" in said["text"]


@pytest.mark.parametrize("server", [{"hangs_up": True}, None], ids=["hangs up", "is away"])
def test_a_letter_that_is_not_taken_fails_the_task(sending, counted, monkeypatch, server):
    with running(MailServer(**(server or {}))) as mail:
        monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", mail.connection)
        monkeypatch.setenv("CCHC_DIGEST_EMAIL", "a@example.com")
        if server is None:
            mail.server_close()
        with pytest.raises(MessageNotSent, match=r"was not mailed \(\w+\)\. Expected") as told:
            sending.mail_digest(lambda: counted.engine, SINCE)
    assert "a@example.com" not in str(told.value)


@pytest.mark.parametrize(
    ("server", "told", "letters"),
    [
        ({"refuses": {"b@example.com": "550 no b@example.com"}}, "to 1 of 2 recipients; .* refuses 1", 1),
        ({"after": "554 spam of a@example.com"}, r"refuses it \(SMTPDataError\)", 1),
        ({"refuses": dict.fromkeys(("a@example.com", "b@example.com"), "550 no")}, "Recipients", 0),
    ],
    ids=["one recipient", "the letter", "all recipients"],
)
def test_a_refusal_is_told_and_nothing_is_sent_again(sending, counted, monkeypatch, server, told, letters):
    """Whoever got it would get it again; and the same letter is refused again."""
    with running(MailServer(**server)) as mail:
        monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", mail.connection)
        monkeypatch.setenv("CCHC_DIGEST_EMAIL", "a@example.com, b@example.com")
        with pytest.raises(MessageRefused, match=told) as refusal:
            sending.mail_digest(lambda: counted.engine, SINCE)
    assert len(mail.letters) == letters
    assert "@" not in str(refusal.value)


def test_what_may_be_taken_later_is_left_to_the_next_try(sending, counted, monkeypatch):
    with running(MailServer(after="451 later")) as mail:
        monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", mail.connection)
        monkeypatch.setenv("CCHC_DIGEST_EMAIL", "a@example.com")
        with pytest.raises(MessageNotSent, match="SMTPDataError"):
            sending.mail_digest(lambda: counted.engine, SINCE)
    assert len(mail.letters) == 1


@pytest.mark.parametrize(
    "says",
    [
        *(b'{"ok": false, "error": "channel_not_found"}', b'{"ok": false}', b'{"error": -124}'),
        *(b'{"errcode": 40001, "errmsg": "invalid credential"}', b'{"code": 19001, "msg": "param invalid"}'),
        *(b"no_text", b"invalid_payload\n", b"channel_is_archived"),
        b"Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429",
    ],
)
def test_a_chat_tool_that_says_no_in_its_answer_has_refused(sending, counted, monkeypatch, says):
    with running(ChatTool(says=says)) as chat:
        chat_at(monkeypatch, f"http://:hooks%2Fbi-mat@127.0.0.1:{chat.port}")
        with pytest.raises(MessageRefused, match="did not take the message") as told:
            sending.post_digest(lambda: counted.engine, SINCE)
    assert "bi-mat" not in str(told.value)


@pytest.mark.parametrize(
    "says",
    [b"ok", b'{"ok": true}', b'{"errcode": 0, "errmsg": "ok"}', b'{"code": 0}', b"1", b"[" * 100_000, b""],
)
def test_any_other_answer_is_a_yes(sending, counted, monkeypatch, says):
    with running(ChatTool(says=says)) as chat:
        chat_at(monkeypatch, f"http://:hooks%2Fbi-mat@127.0.0.1:{chat.port}")
        assert sending.post_digest(lambda: counted.engine, SINCE) == {"sent": 1}


def test_a_chat_tool_that_answers_drop_by_drop_is_not_waited_for(sending, counted, monkeypatch):
    """It said 200 at once: it has the message, and another try would write it twice."""
    from cchc.flow import telling  # noqa: PLC0415 - see sending

    monkeypatch.setattr(telling, "PATIENCE_S", 0.5)
    begun = time.monotonic()
    with running(ChatTool(slow_s=0.1)) as chat:
        chat_at(monkeypatch, f"http://:hooks%2Fbi-mat@127.0.0.1:{chat.port}")
        assert sending.post_digest(lambda: counted.engine, SINCE) == {"sent": 1}
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize("host", ["a..b", "%5B::1", "x" * 70, "a%20b", "*", "[::1", "-", "%25", "xn--a"])
def test_an_odd_host_is_told_like_any_other(sending, counted, monkeypatch, host):
    chat_at(monkeypatch, json.dumps({"conn_type": "https", "host": unquote(host), "password": "bi-mat"}))
    with pytest.raises(MessageNotSent) as told:
        sending.post_digest(lambda: counted.engine, SINCE)
    assert "bi-mat" not in str(told.value)


@pytest.mark.parametrize("status", [301, 307, 403, 404, 500])
def test_a_message_that_is_not_taken_fails_the_task_and_goes_nowhere_else(
    sending, counted, monkeypatch, status
):
    with running(ChatTool()) as other, running(ChatTool(status, f"http://127.0.0.1:{other.port}/")) as chat:
        chat_at(monkeypatch, f"http://:hooks%2Fbi-mat@127.0.0.1:{chat.port}")
        with pytest.raises(MessageNotSent, match=f"answered HTTP {status}") as told:
            sending.post_digest(lambda: counted.engine, SINCE)
    assert other.taken == []
    assert "bi-mat" not in str(told.value)


@pytest.mark.parametrize("address", ["http://:x@chat.example.vn", "http://:x@10.1.2.3:80", "http://"])
def test_nothing_is_sent_unencrypted_to_another_machine(sending, counted, monkeypatch, address):
    chat_at(monkeypatch, address)
    with pytest.raises(MessageNotSent, match="Nothing was sent"):
        sending.post_digest(lambda: counted.engine, SINCE)


def test_a_connection_that_is_not_there_is_named(sending, counted, monkeypatch):
    monkeypatch.setenv("CCHC_WEBHOOK", "cchc_nham")
    with pytest.raises(MessageNotSent, match="Airflow has no connection cchc_nham"):
        sending.post_digest(lambda: counted.engine, SINCE)


def test_a_proxy_of_the_machine_does_not_get_to_know_the_address(sending, counted, monkeypatch):
    with running(ChatTool()) as proxy, running(ChatTool()) as chat:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.delenv("no_proxy", raising=False)
        chat_at(monkeypatch, f"http://:hooks%2Fbi-mat@127.0.0.1:{chat.port}")
        sending.post_digest(lambda: counted.engine, SINCE)
    assert (len(chat.taken), proxy.taken) == (1, [])


@pytest.mark.parametrize(
    ("before", "since"),
    [
        (None, datetime(2025, 4, 1, tzinfo=UTC)),
        (datetime(2025, 4, 1, tzinfo=UTC), datetime(2025, 4, 1, tzinfo=UTC)),
        # Two mornings failed.
        (datetime(2025, 3, 30, tzinfo=UTC), datetime(2025, 3, 30, tzinfo=UTC)),
        # This one was sent already and is sent again.
        (datetime(2025, 4, 2, tzinfo=UTC), datetime(2025, 4, 1, tzinfo=UTC)),
    ],
)
def test_what_changed_is_told_since_the_last_that_was_sent(bag, before, since):
    from cchc.flow.tasks import _told_before  # noqa: PLC0415 - see sending

    end = datetime(2025, 4, 2, tzinfo=UTC)
    assert _told_before({"data_interval_end": end, "prev_data_interval_end_success": before}) == since
    # Triggered by hand it has no interval.
    by_hand = {"dag_run": SimpleNamespace(run_after=end + timedelta(hours=1))}
    assert _told_before(by_hand) == end + timedelta(hours=1) - timedelta(days=1)
