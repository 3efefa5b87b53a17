"""Settings of Celery, whose workers begin with what tasks need imported (celery_config_options)."""

from typing import Any

from airflow.providers.celery.executors.default_celery import DEFAULT_CELERY_CONFIG
from celery.signals import worker_init

from cchc.flow.preloading import preload

SETTINGS = DEFAULT_CELERY_CONFIG


@worker_init.connect  # type: ignore[untyped-decorator]
def before_the_pool(**_: Any) -> None:
    """Imports it in the process of which those that work are copies."""
    preload()
