"""Tells people that a task failed: always in the log, by e-mail where a mail server is configured."""

import html
import logging
import os

from airflow.sdk import BaseNotifier, Context

from cchc.errors import CchcError

log = logging.getLogger("cchc.alert")

MAIL_CONNECTION = "smtp_default"


class FailureNotifier(BaseNotifier):
    """One message a failed task: which, why, where to look, what to do.

    Mail goes to CCHC_ALERT_EMAIL (addresses separated by commas) through connection smtp_default.
    """

    def notify(self, context: Context) -> None:
        subject, text = describe(context)
        log.error("%s\n%s", subject, text)
        recipients = os.environ.get("CCHC_ALERT_EMAIL", "").strip()
        if recipients:
            self._mail(recipients, subject, text)

    def _mail(self, recipients: str, subject: str, text: str) -> None:
        from airflow.providers.smtp.hooks.smtp import SmtpHook  # noqa: PLC0415 - only when mail is on

        try:
            with SmtpHook(smtp_conn_id=MAIL_CONNECTION) as hook:
                hook.send_email_smtp(
                    to=recipients.split(","), subject=subject, html_content=f"<pre>{html.escape(text)}</pre>"
                )
        except Exception as error:
            # Whatever is wrong with the mail must not hide the failure, which is in the log already.
            log.error("Alert not mailed to %s: %s", recipients, error)


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
