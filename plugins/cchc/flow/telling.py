"""Sends messages: e-mail through the mail server of a connection, to a chat tool through its webhook."""

import os
import tempfile
from pathlib import Path

from airflow.sdk.bases.hook import BaseHook

from cchc.errors import MessageNotSent, SourceRefused

MAIL_CONNECTION = "smtp_default"
# Who reads alerts, who reads the daily digest: addresses separated by commas.
ALERT_ADDRESSES, DIGEST_ADDRESSES = "CCHC_ALERT_EMAIL", "CCHC_DIGEST_EMAIL"
# The name of the Airflow connection of a chat tool's webhook.
WEBHOOK = "CCHC_WEBHOOK"
PATIENCE_S = 20


def addresses(variable: str) -> list[str]:
    """The addresses that an environment variable lists; none when it is not set."""
    return [address.strip() for address in os.environ.get(variable, "").split(",") if address.strip()]


def mail(to: list[str], subject: str, html: str, pictures: dict[str, bytes] | None = None) -> None:
    """Sends one letter. `pictures`: name → PNG; the text shows one by <img src="cid:name">.

    Raises whatever the mail server or the connection brings about.
    """
    from airflow.providers.smtp.hooks.smtp import SmtpHook  # noqa: PLC0415 - only when mail is on

    with tempfile.TemporaryDirectory(prefix="cchc-") as folder:
        files = []
        for name, content in (pictures or {}).items():
            files.append(str(Path(folder) / name))
            Path(files[-1]).write_bytes(content)
        with SmtpHook(smtp_conn_id=MAIL_CONNECTION) as hook:
            hook.send_email_smtp(
                to=to,
                subject=subject,
                html_content=html,
                files=files,
                mime_subtype="related" if files else "mixed",
            )


def webhook() -> str:
    """The name of the webhook's connection; empty when none is configured."""
    return os.environ.get(WEBHOOK, "").strip()


def post(connection_id: str, text: str) -> None:
    """Hands a text to a chat tool as {"text": …}, which all of them take; only to the host of the connection.

    The connection's password is the path of the address: who knows it may write into the channel, so it
    enters no message and no log. Raises MessageNotSent.
    """
    import requests  # noqa: PLC0415 - only when there is a webhook

    from cchc.sources.address import check_address  # noqa: PLC0415 - it is for requests

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
    with requests.Session() as session:
        # Neither proxies nor passwords of the machine, and no other host, get to know the path.
        session.trust_env = False
        session.verify = extras.get("ca_bundle") or True
        try:
            answer = session.post(
                f"{at}/{path}", json={"text": text}, timeout=PATIENCE_S, allow_redirects=False, stream=True
            )
        except requests.RequestException as error:
            # Not its words: they quote the address.
            raise MessageNotSent(
                f"Connection {connection_id}: {at} does not answer ({type(error).__name__}). Expected a chat "
                "tool that takes messages there."
            ) from None
        with answer:
            if not answer.ok or answer.is_redirect:
                raise MessageNotSent(
                    f"Connection {connection_id}: {at} answered HTTP {answer.status_code}. Expected 200: is "
                    "the path, which stands as password in the connection, still that of the channel?"
                )
