"""Airflow's LocalExecutor, whose workers begin with what tasks need imported."""

from airflow.executors import local_executor

from cchc.flow.preloading import preload


class LocalExecutor(local_executor.LocalExecutor):
    """Workers are copies of the scheduler, and tasks of workers: imported once, it costs no task anything."""

    def start(self) -> None:
        """Imports it, then makes the workers."""
        preload()
        super().start()
