"""What tasks reach through Airflow's connections."""

from functools import lru_cache
from typing import TYPE_CHECKING

from airflow.sdk import Context
from airflow.sdk.bases.hook import BaseHook

if TYPE_CHECKING:
    from sqlalchemy import Engine


def warehouse(context: Context) -> "Engine":
    """The warehouse, where no statement may outlive the task."""
    limit = context["task"].execution_timeout
    return _engine(
        BaseHook.get_connection("cchc_warehouse").get_uri(), int(limit.total_seconds()) if limit else 0
    )


@lru_cache(maxsize=2)
def _engine(address: str, limit_s: int) -> "Engine":
    """One for all steps of a task: each engine has sessions of its own."""
    from cchc.warehouse import engine_of

    return engine_of(address, limit_s)
