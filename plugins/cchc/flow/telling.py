"""Sends messages: e-mail through the mail server of a connection, to a chat tool through its webhook."""

import json
import os
import smtplib
import tempfile
from pathlib import Path
from typing import cast

from airflow.sdk.bases.hook import BaseHook

from cchc.errors import MessageNotSent, MessageRefused, SourceRefused

MAIL_CONNECTION = "smtp_default"
# Who reads alerts, who reads the daily digest: addresses separated by commas.
ALERT_ADDRESSES, DIGEST_ADDRESSES = "CCHC_ALERT_EMAIL", "CCHC_DIGEST_EMAIL"
# The name of the Airflow connection of a chat tool's webhook.
WEBHOOK = "CCHC_WEBHOOK"
PATIENCE_S = 20
# More of an answer is not read.
ANSWER_BYTES = 1 << 16
# What HTTP's codes of success begin with.
SUCCESS = 2
# From here on a mail server's code is a no for good.
PERMANENT = 500


def addresses(variable: str) -> list[str]:
    """The addresses that an environment variable lists; none when it is not set."""
    return [address.strip() for address in os.environ.get(variable, "").split(",") if address.strip()]


def mail(to: list[str], subject: str, html: str, pictures: dict[str, bytes] | None = None) -> None:
    """Sends one letter. `pictures`: name → PNG; the text shows one by <img src="cid:name">.

    Handed over once: after a refusal the same letter is refused again, and some may have it. Raises
    MessageRefused when the server says no for good or to some recipients, else whatever it or the
    connection brings about.
    """
    from airflow.providers.smtp.hooks.smtp import SmtpHook  # noqa: PLC0415 - only when mail is on

    with tempfile.TemporaryDirectory(prefix="cchc-") as folder:
        files = []
        for name, content in (pictures or {}).items():
            files.append(str(Path(folder) / name))
            Path(files[-1]).write_bytes(content)
        try:
            with SmtpHook(smtp_conn_id=MAIL_CONNECTION) as hook:
                # Not send_email_smtp: it sends six times, and keeps for itself which recipients were refused.
                letter = hook._build_message(
                    to=to,
                    subject=subject,
                    html_content=html,
                    files=files,
                    mime_subtype="related" if files else "mixed",
                )
                client = cast("smtplib.SMTP", hook._smtp_client)
                refused = client.sendmail(
                    letter["from_email"], letter["recipients"], letter["mime_msg"].as_string()
                )
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
        return False
    return isinstance(answer, dict) and (answer.get("ok") is False or bool(answer.get("error")))
