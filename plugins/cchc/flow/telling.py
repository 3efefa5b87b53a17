"""Sends messages: e-mail through the mail server of a connection, to a chat tool through its webhook."""

import json
import os
import re
import smtplib
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import localtime, parseaddr
from typing import cast

from airflow.sdk.bases.hook import BaseHook

from cchc.errors import MessageNotSent, MessageRefused, SourceRefused

MAIL_CONNECTION = "smtp_default"
# Who reads alerts, who reads the daily digest: addresses separated by commas or semicolons.
ALERT_ADDRESSES, DIGEST_ADDRESSES = "CCHC_ALERT_EMAIL", "CCHC_DIGEST_EMAIL"
# The name of the Airflow connection of a chat tool's webhook.
WEBHOOK = "CCHC_WEBHOOK"
PATIENCE_S = 20
# More of an answer is not read.
ANSWER_BYTES = 1 << 16
# What HTTP's codes of success begin with.
SUCCESS = 2
# What a mail server takes without extensions.
_ADDRESS = re.compile(r"[!#-'*+/-9=?A-Z^-~.-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", re.ASCII)
# What a chat tool answers in plain words where it refuses: a code of Slack's kind, or Teams' sentence.
_NO_IN_WORDS = re.compile(
    r"(no|invalid|missing|channel|action|posting|user|team|message|too|rollup|expired|restricted)(_[a-z]+)+"
    r"|Webhook message delivery failed.*",
    re.DOTALL,
)
# From here on a mail server's code is a no for good.
PERMANENT = 500


def addresses(variable: str) -> list[str]:
    """The addresses that an environment variable lists, without names before them; none when it is not set.

    Raises MessageRefused when one of them is no address: which is not said, it may be somebody's.
    """
    entries = [entry.strip() for entry in re.split("[,;]", os.environ.get(variable, "")) if entry.strip()]
    found = [parseaddr(entry)[1] if entry.endswith(">") else entry for entry in entries]
    for number, address in enumerate(found, 1):
        if not _ADDRESS.fullmatch(address):
            raise MessageRefused(
                f"{variable}: entry {number} of {len(found)} is no e-mail address. Expected addresses as "
                "ten@example.vn, separated by commas or semicolons: correct it."
            )
    return found


def mail(to: list[str], subject: str, text: str, html: str, pictures: dict[str, bytes] | None = None) -> None:
    """Sends one letter, which says the same as text and as HTML.

    `pictures`: name → PNG; the HTML shows one by <img src="cid:name">.
    Handed over once: after a refusal the same letter is refused again, and some may have it. Raises
    MessageRefused when the server says no for good or to some recipients, else whatever it or the
    connection brings about.
    """
    from airflow.providers.smtp.hooks.smtp import SmtpHook  # noqa: PLC0415 - only when mail is on

    letter = EmailMessage(policy=SMTP.clone(cte_type="7bit"))
    letter["Subject"], letter["To"], letter["Date"] = subject, ", ".join(to), localtime()
    letter.set_content(text)
    letter.add_alternative(html, subtype="html")
    _, shown = letter.iter_parts()
    for name, content in (pictures or {}).items():
        shown.add_related(content, "image", "png", cid=f"<{name}>", filename=name, disposition="inline")
    try:
        with SmtpHook(smtp_conn_id=MAIL_CONNECTION) as hook:
            # Not send_email_smtp: it sends six times, and keeps for itself which recipients were refused.
            if not hook.from_email:
                raise MessageRefused(
                    f"Nothing was mailed: connection {MAIL_CONNECTION} has no from_email in its extras. "
                    "Expected the address from which letters come."
                )
            letter["From"] = hook.from_email
            client = cast("smtplib.SMTP", hook._smtp_client)
            refused = client.sendmail(hook.from_email, to, letter.as_bytes())
    except (smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused) as error:
        if not _for_good(error):
            raise
        # Not its words: a mail server may quote addresses.
        raise MessageRefused(
            f"The letter was not mailed: the mail server refuses it ({type(error).__name__}). Expected "
            f"one that takes it: look at connection {MAIL_CONNECTION} and at the addresses."
        ) from None
    if refused:
        raise MessageRefused(
            f"The letter was mailed to {len(to) - len(refused)} of {len(to)} recipients; the mail server "
            f"refuses {len(refused)}. Expected addresses that it takes: its log says which, correct them."
        )


def _for_good(error: smtplib.SMTPResponseException | smtplib.SMTPRecipientsRefused) -> bool:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code >= PERMANENT for code, _ in error.recipients.values())
    return error.smtp_code >= PERMANENT


def webhook() -> str:
    """The name of the webhook's connection; empty when none is configured."""
    return os.environ.get(WEBHOOK, "").strip()


def post(connection_id: str, text: str) -> None:
    """Hands a text to a chat tool as {"text": …}, which all of them take; only to the host of the connection.

    The connection's password is the path of the address: who knows it may write into the channel, so it
    enters no message and no log. Raises MessageNotSent, and MessageRefused for an answer that says no.
    """
    from cchc.sources.address import check_address  # noqa: PLC0415 - only when there is a webhook
    from cchc.sources.wire import Limits, NoAnswer, NotTrusted, TooMuch, Wire  # noqa: PLC0415 - as above

    try:
        connection = BaseHook.get_connection(connection_id)
    except Exception as error:
        raise MessageNotSent(
            f"Nothing was sent: Airflow has no connection {connection_id} ({type(error).__name__}). Expected "
            f"the one that {WEBHOOK} names."
        ) from None
    extras = connection.extra_dejson
    scheme = "https" if "https" in (connection.conn_type, connection.schema) else "http"
    port = f":{connection.port}" if connection.port else ""
    at = f"{scheme}://{connection.host or ''}{port}"
    plain = str(extras.get("plain_http", "")).lower() in ("1", "true")
    try:
        check_address(at, connection_id, plain, extras.get("ca_bundle"))
    except SourceRefused as error:
        raise MessageNotSent(f"Nothing was sent. {error}") from None
    path = (connection.password or "").lstrip("/")
    wire = Wire(at, Limits(PATIENCE_S, ANSWER_BYTES), extras.get("ca_bundle"))
    try:
        answer = wire.ask("POST", f"/{path}", None, json={"text": text})
    except (NoAnswer, NotTrusted, TooMuch) as error:
        # Only those words of which is known that they do not quote the path.
        why = str(error) if isinstance(error, NoAnswer | NotTrusted) else type(error).__name__
        raise MessageNotSent(
            f"Connection {connection_id}: {at} does not answer within {PATIENCE_S} seconds: {why}. Expected "
            "a chat tool that takes messages there."
        ) from None
    said = bytearray()
    try:
        for piece in answer.chunks:
            said += piece
    except (NoAnswer, TooMuch):
        # It has the message; how its answer ends does not take that back.
        pass
    if answer.status // 100 != SUCCESS:
        raise MessageNotSent(
            f"Connection {connection_id}: {at} answered HTTP {answer.status}. Expected 200: is the path, "
            "which stands as password in the connection, still that of the channel?"
        )
    if _says_no(bytes(said)):
        raise MessageRefused(
            f"Connection {connection_id}: {at} answered HTTP {answer.status}, and that it did not take the "
            "message. Expected a channel that takes texts: look at the channel and its webhook."
        )


def _says_no(body: bytes) -> bool:
    """Whether a chat tool says in the body that it refuses, as some do under HTTP 200."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return _NO_IN_WORDS.fullmatch(body.decode("utf-8", "replace").strip()) is not None
    if not isinstance(answer, dict):
        return False
    # Telegram and Slack; Zalo and many others; WeCom and DingTalk; Feishu.
    codes = (answer.get(name) for name in ("error", "errcode", "code", "StatusCode"))
    return answer.get("ok") is False or any(
        code not in (None, 0, 200, "0", "", False, [], {}) for code in codes
    )
