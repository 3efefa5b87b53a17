"""Tells people that a task failed: always in the log, by e-mail and in a chat tool where there is one."""

import html
import logging
from collections.abc import Callable

from airflow.sdk import BaseNotifier, Context

from cchc.errors import CchcError
from cchc.flow.telling import ALERT_ADDRESSES, addresses, mail, post, webhook

log = logging.getLogger("cchc.alert")


class FailureNotifier(BaseNotifier):
    """One message a failed task: which, why, where to look, what to do.

    Mail goes to CCHC_ALERT_EMAIL (addresses separated by commas) through connection smtp_default, a message
    to the chat tool whose connection CCHC_WEBHOOK names.
    """

    def notify(self, context: Context) -> None:
        subject, text = describe(context)
        log.error("%s\n%s", subject, text)
        _send(subject, text)


def announce(subject: str, text: str) -> None:
    """Tells the same people something that is no failure: what waits for an answer, what was published."""
    log.info("%s\n%s", subject, text)
    _send(subject, text)


def _send(subject: str, text: str) -> None:
    _try("mailed", lambda: _mail(subject, text))
    if name := webhook():
        _try(f"posted through {name}", lambda: post(name, f"{subject}\n{text}"))


def _mail(subject: str, text: str) -> None:
    if recipients := addresses(ALERT_ADDRESSES):
        mail(recipients, subject, text, f"<pre>{html.escape(text)}</pre>")


def _try(what: str, send: Callable[[], None]) -> None:
    try:
        send()
    except Exception as error:
        # Whatever is wrong with the mail must not hide the failure, which is in the log already.
        # Nor are the mail server's own words written down: they may quote addresses.
        log.error("Alert not %s: %s", what, error if isinstance(error, CchcError) else type(error).__name__)


def describe(context: Context) -> tuple[str, str]:
    """Subject and text of an alert. Errors of this package carry no value of a row, others might."""
    instance = context["ti"]
    error = context.get("exception")
    subject = f"[CCHC] {instance.dag_id}.{instance.task_id} failed"
    lines = [
        f"DAG run: {instance.run_id}",
        f"Task:    {instance.task_id}, try {instance.try_number}",
        f"Error:   {_words(error)}",
        f"Log:     {getattr(instance, 'log_url', '')}",
        f"What to do: docs/runbook.md#{_page(error)}",
    ]
    return subject, "\n".join(lines)


def _page(error: object) -> str:
    return error.page if isinstance(error, CchcError) else "when-something-is-red"


def _words(error: object) -> str:
    if isinstance(error, CchcError):
        return f"{type(error).__name__}: {error}"
    # What Airflow itself says of a task that was ended comes as text.
    return (
        error if isinstance(error, str) else f"{type(error).__name__ if error else ''} (see the task's log)"
    )
