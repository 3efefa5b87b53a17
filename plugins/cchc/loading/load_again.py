"""Loads batches again: takes out of core what rests on lines that are judged or looked up otherwise now."""

import logging
from datetime import date

import sqlalchemy as sa

from cchc.batches import Batch, reopen
from cchc.contracts import Contract
from cchc.warehouse import run_sql_file

log = logging.getLogger(__name__)
Ranges = list[tuple[date, date]]


def take_out(connection: sa.Connection, contract: Contract, batch: Batch) -> Ranges:
    """Takes the rows out that a batch's lines are no reason for any more; returns the days they count in.

    Before its lines are loaded anew, with `batch_rows` in place. Other batches that may hold an older state
    of what went are opened again: core knows only the newest.
    """
    connection.execute(
        sa.text(
            "CREATE TEMP TABLE lay_ra ON COMMIT DROP AS "
            "SELECT line_no, TRUE AS bi_loai FROM ops.reject WHERE batch_id = :b"
        ),
        {"b": batch.batch_id},
    )
    connection.exec_driver_sql(
        "CREATE TEMP TABLE bo (first_day date, last_day date, tu timestamp, den timestamp, bi_loai boolean, "
        'khoa text COLLATE "C") ON COMMIT DROP'
    )
    run_sql_file(connection, f"load_again/{contract.dataset}.sql", batch_id=batch.batch_id)
    if connection.scalar(sa.text("SELECT EXISTS (SELECT FROM bo WHERE bi_loai)")):
        connection.exec_driver_sql(
            "CREATE TEMP TABLE lay_ra_ngay ON COMMIT DROP AS "
            "SELECT DISTINCT tu::date AS tu, den::date AS den FROM bo WHERE bi_loai"
        )
        connection.exec_driver_sql(
            "CREATE TEMP TABLE giu_theo_lo ON COMMIT DROP AS "
            f"SELECT batch_id, count(*) AS so FROM core.{contract.dataset} GROUP BY batch_id"
        )
        run_sql_file(
            connection, "load_again/take_back.sql", batch_id=batch.batch_id, dataset=contract.dataset
        )
        reopen(connection)
    days = connection.execute(
        sa.text("SELECT DISTINCT first_day, last_day FROM bo WHERE first_day < 'infinity'")
    )
    return [(row.first_day, row.last_day) for row in days]


def note_registers(connection: sa.Connection) -> None:
    """Keeps what names mean before units are loaded, for reopen_by_units."""
    run_sql_file(connection, "load_again/registers_before.sql")


def reopen_by_units(connection: sa.Connection, batch: Batch) -> Ranges:
    """Opens the batches again whose rows may be of other units, now that the units of `batch` are loaded.

    Returns the days in which dossiers count whose two units have another one answer for them.
    """
    run_sql_file(connection, "load_again/reopen.sql", batch_id=batch.batch_id)
    reopen(connection)
    days = run_sql_file(connection, "load_again/successors.sql")
    return [(row.first_day, row.last_day) for row in days]


def waiting(connection: sa.Connection) -> list[int]:
    """The batches that are to be loaded again and can be: also those whose deleted file was given again."""
    if not connection.scalar(sa.text("SELECT EXISTS (SELECT FROM ops.reopened)")):
        return []
    reopen(connection)
    return list(
        connection.scalars(
            sa.text(
                "SELECT r.batch_id FROM ops.reopened AS r INNER JOIN ops.batch AS b USING (batch_id) "
                "WHERE b.judged_again IS NOT NULL AND b.file_deleted_at IS NULL ORDER BY r.batch_id"
            )
        )
    )
