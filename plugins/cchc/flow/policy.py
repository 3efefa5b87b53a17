"""When DAGs run, how tasks are tried again and who is told: what all of them have in common."""

import os
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import pendulum
from airflow.sdk import CronDataIntervalTimetable, ExceptionRetryPolicy, Param, RetryAction, RetryRule
from airflow.sdk import task as airflow_task

from cchc.contracts import contracts, datasets_of
from cchc.flow.notifier import FailureNotifier

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
TAGS = ["cchc"]
START = pendulum.datetime(2025, 1, 1, tz="Asia/Ho_Chi_Minh")

# Waiting helps against a source or a database that is away and against a process that was killed; nothing
# but a person helps against a wrong password or a file that breaks its contract.
RETRY_POLICY = ExceptionRetryPolicy(
    rules=[
        RetryRule("cchc.errors.SourceUnavailable", RetryAction.RETRY, timedelta(minutes=2)),
        RetryRule("cchc.errors.WarehouseUnavailable", RetryAction.RETRY, timedelta(minutes=1)),
        RetryRule("cchc.errors.LandingUnavailable", RetryAction.RETRY, timedelta(minutes=2)),
        RetryRule("cchc.errors.JudgeUnavailable", RetryAction.RETRY, timedelta(minutes=1)),
        RetryRule("cchc.errors.MessageNotSent", RetryAction.RETRY, timedelta(minutes=5)),
        *(
            RetryRule(f"{driver}.{name}", RetryAction.RETRY, timedelta(minutes=1))
            for driver in ("sqlalchemy.exc", "psycopg2")
            for name in ("OperationalError", "InterfaceError")
        ),
        RetryRule("cchc.errors.CchcError", RetryAction.FAIL, reason="a person has to act"),
        *(
            RetryRule(name, RetryAction.FAIL, reason="the same file or data would fail again")
            for name in (
                *(
                    "sqlalchemy.exc.DataError",
                    "sqlalchemy.exc.IntegrityError",
                    "sqlalchemy.exc.ProgrammingError",
                ),
                *("psycopg2.DataError", "psycopg2.IntegrityError", "psycopg2.ProgrammingError"),
                *(
                    f"builtins.{name}"
                    for name in ("ValueError", "TypeError", "LookupError", "AttributeError")
                ),
                *(f"builtins.{name}" for name in ("ArithmeticError", "AssertionError", "RecursionError")),
            )
        ),
    ]
)
DEFAULT_ARGS = {
    "owner": "cchc",
    "retries": 3,
    "retry_delay": timedelta(minutes=1),
    "retry_policy": RETRY_POLICY,
    "on_failure_callback": FailureNotifier(),
}
# Where tasks wait for the same slots, those of every other DAG go first.
BACKFILL_ARGS = DEFAULT_ARGS | {"priority_weight": 0, "weight_rule": "absolute"}

# What a task returns is one value: Airflow would send every key of a dict once more, each by a request.
task = partial(airflow_task, multiple_outputs=False)


def daily(hour: int, minute: int = 0) -> CronDataIntervalTimetable:
    """Every day at `hour` in Vietnam; the interval is the day before that moment."""
    return CronDataIntervalTimetable(f"{minute} {hour} * * *", timezone="Asia/Ho_Chi_Minh")


def monthly(day: int, hour: int) -> CronDataIntervalTimetable:
    """Every month on `day` at `hour` in Vietnam; the interval is the month before that moment."""
    return CronDataIntervalTimetable(f"0 {hour} {day} * *", timezone="Asia/Ho_Chi_Minh")


def hourly(minute: int) -> CronDataIntervalTimetable:
    """Every hour at `minute`; the interval is the hour before that moment."""
    return CronDataIntervalTimetable(f"{minute} * * * *", timezone="Asia/Ho_Chi_Minh")


def source_end(minute: int = 0) -> pendulum.DateTime | None:
    """The last moment a simulated source has data (CCHC_NGUON_DEN); None for a live one.

    With `minute`: when a DAG that starts so long after midnight pulls that for the last time.
    """
    end = os.environ.get("CCHC_NGUON_DEN")
    if not end:
        return None
    moment = datetime.fromisoformat(end)
    return pendulum.instance(moment, tz="Asia/Ho_Chi_Minh").add(minutes=minute)


def dataset_param() -> Param:
    """The choice of a dataset when a DAG is triggered."""
    return Param("ho_so", type="string", enum=list(contracts()), title="Bộ dữ liệu")


def fact_param() -> Param:
    """The choice of a dataset that goes into figures."""
    return Param("khai_bao", type="string", enum=list(datasets_of("fact")), title="Bộ dữ liệu")


def month_param(default: str | None = None, title: str = "Tháng") -> Param:
    """A month; without `default` none may be chosen."""
    kinds = "string" if default else ["null", "string"]
    return Param(default, type=kinds, pattern=r"^\d{4}-(0[1-9]|1[0-2])$", title=title)


def reason_param() -> Param:
    """Why something is published."""
    return Param(
        "", type="string", maxLength=1000, title="Lý do: một dòng, không ghi họ tên; đứng trong sổ mãi mãi"
    )


def patience_param() -> Param:
    """How long an answer is waited for."""
    return Param(
        None, type=["null", "integer"], minimum=1, title="Chờ trả lời bao nhiêu phút (trống: theo quy tắc)"
    )
