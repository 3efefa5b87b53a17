"""Sends the day's digest to those who are configured to get it."""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from cchc.errors import CchcError, MessageNotSent
from cchc.flow.telling import DIGEST_ADDRESSES, MAIL_CONNECTION, WEBHOOK, addresses, mail, post, webhook
from cchc.reports.digest import PICTURE, digest

if TYPE_CHECKING:
    from sqlalchemy import Engine

log = logging.getLogger("cchc.digest")


def mail_digest(warehouse: Callable[[], "Engine"], since: datetime) -> dict[str, Any]:
    """To CCHC_DIGEST_EMAIL, with the picture of the scoreboard; raises MessageNotSent, MessageRefused."""
    recipients = addresses(DIGEST_ADDRESSES)
    if not recipients:
        log.info("No digest is mailed: %s names nobody.", DIGEST_ADDRESSES)
        return {"sent": 0}
    with warehouse().connect() as connection:
        message = digest(connection, since)
    try:
        pictures = {PICTURE: message.picture} if message.picture else {}
        mail(recipients, message.subject, message.text, message.html, pictures)
    except CchcError:
        raise
    except Exception as error:
        # Not its words: a mail server may quote addresses.
        raise MessageNotSent(
            f"The digest was not mailed ({type(error).__name__}). Expected a mail server that takes it: look "
            f"at connection {MAIL_CONNECTION} and at {DIGEST_ADDRESSES}."
        ) from None
    return {"sent": len(recipients), "picture_bytes": len(message.picture or b"")}


def post_digest(warehouse: Callable[[], "Engine"], since: datetime) -> dict[str, Any]:
    """To the chat tool whose connection CCHC_WEBHOOK names, as text; raises as mail_digest does."""
    name = webhook()
    if not name:
        log.info("No digest is posted: %s names no connection.", WEBHOOK)
        return {"sent": 0}
    with warehouse().connect() as connection:
        message = digest(connection, since, drawn=False)
    post(name, message.text)
    return {"sent": 1}
