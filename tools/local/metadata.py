"""Airflow's metadata database between two lives of the stack: current or not, dead jobs."""

from __future__ import annotations

from importlib.metadata import version

import psycopg2


def is_current(dsn: str) -> bool:
    """True when this Airflow has migrated it; asking Airflow itself takes 8 seconds."""
    note = _query(
        dsn,
        "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = current_database()",
    )
    return note == _note()


def note_current(dsn: str) -> None:
    """Records in the database itself, which may be deleted or restored, what it holds."""
    _query(dsn, f"COMMENT ON DATABASE airflow IS '{_note()}'")


def forget_dead_jobs(dsn: str) -> None:
    """Tells Airflow that the parts of an earlier stack are gone, when none is running.

    It would believe for half a minute that a killed scheduler still looks after its tasks, and
    report parts as healthy that have not started yet.
    """
    _query(dsn, "UPDATE job SET state = 'failed', end_date = now() WHERE state = 'running'")
    # What Celery's workers had goes back to the scheduler too: they are gone, and the queue with them. It
    # would wait for their hearts to beat, and for another worker to find the task in the queue.
    _query(
        dsn,
        "UPDATE task_instance SET external_executor_id = NULL "
        "WHERE state IN ('queued', 'running', 'restarting')",
    )


def _note() -> str:
    return f"migrated by apache-airflow {version('apache-airflow-core')}"


def _query(dsn: str, statement: str) -> object:
    connection = psycopg2.connect(dsn)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statement)
            row = cursor.fetchone() if cursor.description else None
            return row[0] if row else None
    finally:
        connection.close()
