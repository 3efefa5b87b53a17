"""What tasks reach through Airflow's connections."""

from typing import TYPE_CHECKING

from airflow.sdk import Context
from airflow.sdk.bases.hook import BaseHook

if TYPE_CHECKING:
    from sqlalchemy import Engine


def warehouse(context: Context) -> "Engine":
    """The warehouse, where no statement may outlive the task."""
    from cchc.warehouse import engine_of

    limit = context["task"].execution_timeout
    return engine_of(
        BaseHook.get_connection("cchc_warehouse").get_uri(), int(limit.total_seconds()) if limit else 0
    )
