"""The tasks by which figures follow what was loaded: months are announced, and counted."""

import itertools
from datetime import timedelta
from typing import Any

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import XComArg, chain, get_current_context
from airflow.sdk.exceptions import AirflowSkipException

from cchc.flow.assets import THANG_CO_THAY_DOI
from cchc.flow.connections import warehouse
from cchc.flow.naming import named
from cchc.flow.policy import task


@task(
    task_display_name="Báo các tháng có thay đổi",
    execution_timeout=timedelta(minutes=5),
    outlets=[THANG_CO_THAY_DOI],
)
def announce(loaded: list[Any]) -> list[str]:
    """Emits one asset partition for every month that any of the loads changed; one that failed says none.

    Skipped where none did.
    """
    # Of a mapped load all that it said, in one request.
    said = itertools.chain.from_iterable(
        [each] if isinstance(each, dict) else each[:] for each in loaded if each
    )
    months = sorted({month for load in said if load for month in load["periods"]})
    if not months:
        # Else Airflow notes an event of no month, and each time warns that nobody can follow it.
        raise AirflowSkipException("No month has changed.")
    get_current_context()["outlet_events"][THANG_CO_THAY_DOI].add_partitions(months)
    return months


class EveryLoad(EmptyOperator):
    """Fails a run in which any load did; takes no process."""


def announce_when_done(*loads: XComArg) -> None:
    """The task `announce` behind the last load of a DAG, whatever becomes of any: each load by itself would
    have the months counted that the next one changes again."""
    announce.override(trigger_rule="all_done")(list(loads))
    # A run is as its last tasks are. A teardown would be none, but where somebody marks a run as failed
    # Airflow lets it go on for that, then finds the tasks in between skipped and the run a success.
    every_load = EveryLoad(
        task_id="every_load",
        task_display_name="Mọi lần nạp đều xong",
        trigger_rule="none_failed",
        execution_timeout=timedelta(minutes=5),
    )
    chain(list(loads), every_load)


@task(
    task_display_name="Tính lại chỉ số",
    map_index_template="{{ ten }}",
    execution_timeout=timedelta(minutes=30),
)
def refresh() -> dict[str, Any]:
    """Counts the run's partition, or its param ky, and whatever other month waits: they share periods."""
    from dataclasses import asdict

    from cchc.figures.refresh import refresh_with_waiting

    context = get_current_context()
    chosen = context["dag_run"].partition_key or context["params"].get("ky") or ""
    named(chosen or "không có kỳ")
    return asdict(refresh_with_waiting(warehouse(context), chosen))


@task(task_display_name="Tính lại các tháng còn sót", execution_timeout=timedelta(hours=1))
def refresh_pending() -> dict[str, Any]:
    """Counts the months again whose data or definitions changed and whose figures did not follow yet.

    Together: the periods that several of them share are written once. Where one is wrong, each by itself.
    """
    from dataclasses import asdict

    from cchc.figures.refresh import refresh_waiting

    return asdict(refresh_waiting(warehouse(get_current_context())))
