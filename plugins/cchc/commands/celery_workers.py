"""Asks which workers of Celery are there: Airflow has no heartbeat of theirs."""

from cchc.errors import CchcError


def answering(broker: str, *, enough: int | None = None, patience_s: float = 5) -> set[str]:
    """The names of the workers at the queue `broker` that answer in time, of `enough` no more.

    Raises CchcError when the queue itself cannot be reached; without its address, which holds a password.
    """
    # Half a second, which no other command has to wait for.
    from celery import Celery  # noqa: PLC0415
    from kombu.exceptions import OperationalError  # noqa: PLC0415

    at_once = {"max_retries": 1, "interval_start": 0, "interval_step": 0, "interval_max": 0}
    with Celery(broker=broker, set_as_current=False) as app:
        app.conf.broker_transport_options = {**at_once, "socket_connect_timeout": patience_s}
        away = (OperationalError, *app.connection_for_write().connection_errors)
        try:
            answers = app.control.ping(timeout=patience_s, limit=enough)
        except away as error:
            raise CchcError(f"The queue of Celery cannot be reached: {type(error).__name__}.") from error
    return {name.removeprefix("celery@") for answer in answers for name in answer}
