"""The whole life of a batch: landed, staged, judged, stopped, loaded. Only this module writes ops.batch.

What of a batch is loaded (`status`) and how it was last judged (`judgement`) are two facts: a loaded batch
that is read again stays loaded, whatever the judgement says. What it finds waits in `judged_again`.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from cchc.contracts import datasets_of
from cchc.errors import CchcError
from cchc.kept_files import note_load


@dataclass(frozen=True)
class Batch:
    """A row of ops.batch, with what was found of its file when it was last read."""

    batch_id: int
    dataset: str
    sha256: str
    size_bytes: int
    landed_path: Path
    original_name: str
    origin: str
    window_to: datetime | None
    extracted_at: datetime | None
    time_source: str | None
    layout: str | None
    extra_columns: list[str]
    missing_columns: list[str]
    personal_columns: list[str]
    status: str
    judgement: str | None
    stop_reason: str | None
    judged_again: dict[str, Any] | None
    file_deleted_at: datetime | None
    judged_against: str | None
    staged_as: str | None
    stated_total: int | None
    lines_read: int | None
    lines_accepted: int | None
    lines_rejected: int | None
    lines_superseded: int | None

    @property
    def label(self) -> str:
        return f"batch {self.batch_id} ({self.dataset}, {self.original_name})"

    @property
    def settled(self) -> bool:
        """Whether it is loaded, and was not read again since to be loaded anew."""
        return self.status == "loaded" and self.judged_again is None


def batch_of(connection: sa.Connection, batch_id: int) -> Batch:
    """The batch with this id; raises CchcError when there is none."""
    names = ", ".join(f"f.{name}" for name in Batch.__dataclass_fields__)
    row = connection.execute(
        sa.text(
            f"SELECT {names} FROM ops.batch AS b "
            "CROSS JOIN LATERAL jsonb_populate_record(b, coalesce(b.judged_again, '{}')) AS f "
            "WHERE b.batch_id = :b"
        ),
        {"b": batch_id},
    ).one_or_none()
    if row is None:
        raise CchcError(f"ops.batch has no batch {batch_id}.")
    return Batch(**{**row._mapping, "landed_path": Path(row.landed_path)})


def landed_before(
    engine: sa.Engine, dataset: str, sha256: str, moment: datetime | None = None
) -> Batch | None:
    """The batch of a file with this SHA-256 in a dataset; None when it was not landed, or not before then."""
    query = "SELECT batch_id FROM ops.batch WHERE dataset = :dataset AND sha256 = :sha256"
    if moment is not None:
        query += " AND landed_at < :moment"
    with engine.connect() as connection:
        asked = {"dataset": dataset, "sha256": sha256, "moment": moment}
        batch_id = connection.scalar(sa.text(query), asked)
        return None if batch_id is None else batch_of(connection, batch_id)


# What happens to a batch ----------------------------------------------------------------------


@dataclass(frozen=True)
class Origin:
    """Where a landed file came from, and what it was called there. The way in: `api`, `file` (an operator
    gave it), `form` (a unit handed it in), `reference`."""

    kind: str
    name: str
    extracted_at: datetime | None = None
    window_from: datetime | None = None
    window_to: datetime | None = None


def register_landed(
    connection: sa.Connection, dataset: str, path: Path, sha256: str, size_bytes: int, origin: Origin
) -> tuple[int, bool]:
    """The batch of a landed file, and whether it is new: the same bytes again are the same batch.

    What was noted of a damaged or deleted file is forgotten: the whole one is there again.
    """
    row = {
        "dataset": dataset,
        "sha256": sha256,
        "size_bytes": size_bytes,
        "landed_path": str(path),
        "original_name": origin.name,
        "origin": origin.kind,
        "extracted_at": origin.extracted_at,
        "time_source": origin.extracted_at and ("pulled" if origin.kind == "api" else "given"),
        "window_from": origin.window_from,
        "window_to": origin.window_to,
    }
    batch_id = connection.scalar(
        sa.text(
            f"INSERT INTO ops.batch ({', '.join(row)}) VALUES ({', '.join(f':{name}' for name in row)}) "
            "ON CONFLICT (dataset, sha256) DO NOTHING RETURNING batch_id"
        ),
        row,
    )
    if batch_id is not None:
        return batch_id, True
    # The landing area may have moved since these bytes came the first time.
    batch_id = connection.scalar(
        sa.text(
            "UPDATE ops.batch SET landed_path = :landed_path, size_bytes = :size_bytes, "
            # An operator vouches for what a unit handed in; a unit takes nothing back from an operator.
            "origin = CASE WHEN origin = 'form' AND :origin = 'file' THEN 'file' ELSE origin END, "
            "stop_reason = CASE WHEN judgement = 'stopped' THEN stop_reason END, "
            # What was deleted and is given again is kept as long as what is given for the first time.
            "landed_at = CASE WHEN file_deleted_at IS NULL THEN landed_at ELSE now() END, "
            "file_deleted_at = NULL, "
            "(extracted_at, time_source) = ("
            "SELECT CASE WHEN said THEN :extracted_at ELSE extracted_at END, "
            "CASE WHEN said THEN :time_source ELSE time_source END "
            "FROM (SELECT status <> 'loaded' AND CAST(:extracted_at AS timestamp) IS NOT NULL AS said) AS a) "
            "WHERE dataset = :dataset AND sha256 = :sha256 RETURNING batch_id"
        ),
        row,
    )
    return batch_id, False


def reopen_reference(connection: sa.Connection, batch_id: int, changed: bool) -> None:
    """Has the batch of a reference file judged and loaded again, when what it belongs to has changed.

    So is a batch that was loaded once and is not what the warehouse holds now: an older file came back.
    """
    connection.execute(
        sa.text(
            "UPDATE ops.batch SET origin = 'reference', judgement = NULL, stop_reason = NULL, "
            "status = CASE WHEN status = 'loaded' THEN status ELSE 'landed' END, "
            "judged_again = CASE WHEN status = 'loaded' THEN CAST('{}' AS jsonb) END WHERE batch_id = :b "
            # Its bytes may have come by ingest_file before.
            "AND (origin <> 'reference' OR status = 'loaded' AND (:changed OR NOT EXISTS "
            "(SELECT 1 FROM core.don_vi_phien_ban WHERE ma_nguon = 'tham_chieu' AND batch_id = :b)))"
        ),
        {"b": batch_id, "changed": changed},
    )


def reopen(connection: sa.Connection) -> None:
    """Has the batches of ops.reopened judged and loaded again: what names mean has changed since.

    What is loaded of them stays until then. Those whose file was deleted cannot be loaded again.
    """
    connection.execute(
        sa.text(
            "UPDATE ops.batch AS b SET judgement = NULL, stop_reason = NULL, judged_again = '{}' "
            "FROM ops.reopened AS r WHERE r.batch_id = b.batch_id AND b.status = 'loaded' "
            "AND b.file_deleted_at IS NULL AND b.judged_again IS NULL"
        )
    )


def _close(connection: sa.Connection, batch_id: int) -> None:
    connection.execute(sa.text("DELETE FROM ops.reopened WHERE batch_id = :b"), {"b": batch_id})


def note_staged(
    connection: sa.Connection,
    batch_id: int,
    found: dict[str, Any],
    *,
    skipped: list[dict[str, Any]],
    sheets: list[dict[str, Any]],
) -> None:
    """Records what the file says of itself; the lines stand in staging and wait to be judged.

    `found`: column of ops.batch → value. `skipped`, `sheets`: rows of ops.skipped_line and ops.batch_sheet.
    Of a loaded batch the columns keep what was loaded until it is loaded anew.
    """
    key = {"b": batch_id}
    for table in ("ops.skipped_line", "ops.batch_sheet"):
        connection.execute(sa.text(f"DELETE FROM {table} WHERE batch_id = :b"), key)
    if skipped:
        connection.execute(
            sa.text(
                "INSERT INTO ops.skipped_line (batch_id, line_no, last_line_no, records, kind, content) "
                "VALUES (:b, :line_no, :last_line_no, :records, :kind, :content)"
            ),
            [key | stretch for stretch in skipped],
        )
    if sheets:
        connection.execute(
            sa.text(
                "INSERT INTO ops.batch_sheet (batch_id, sheet_no, sheet, line_base, header_row, lines_read, "
                "why_not_read) VALUES (:b, :n, :name, :line_base, :header_row, :lines, :why_not_read)"
            ),
            [key | {"n": n} | sheet for n, sheet in enumerate(sheets, start=1)],
        )
    counted = sum(stretch["records"] for stretch in skipped)
    values = found | {"lines_skipped": counted, "judged_against": dimension_state(connection)}
    first = connection.execute(
        sa.text(
            f"UPDATE ops.batch SET {', '.join(f'{name} = :{name}' for name in values)}, "
            "status = 'landed', judgement = NULL, stop_reason = NULL "
            "WHERE batch_id = :b AND status <> 'loaded'"
        ),
        values | key,
    ).rowcount
    if not first:
        again = values | {"repaired": json.loads(values["repaired"])}
        connection.execute(
            sa.text(
                "UPDATE ops.batch SET judgement = NULL, stop_reason = NULL, "
                "judged_again = CAST(:again AS jsonb) WHERE batch_id = :b"
            ),
            key | {"again": json.dumps(again, default=str)},
        )


def note_judged(connection: sa.Connection, batch_id: int, rejected: int, stop_reason: str | None) -> None:
    """Records that a batch was judged: it may be loaded, or it is stopped for a reason.

    A loaded batch stays loaded: it may be loaded anew, or is left as it is.
    """
    connection.execute(
        sa.text(
            "UPDATE ops.batch SET judgement = :judgement, stop_reason = :reason, validated_at = now(), "
            "status = CASE WHEN status = 'loaded' THEN status ELSE :status END, "
            "lines_rejected = CASE WHEN status = 'loaded' THEN lines_rejected ELSE :rejected END, "
            "judged_again = CASE WHEN status = 'loaded' AND :judgement = 'passed' THEN "
            "coalesce(judged_again, '{}') "
            "|| jsonb_build_object('lines_rejected', CAST(:rejected AS bigint)) END "
            "WHERE batch_id = :b"
        ),
        {
            "status": "stopped" if stop_reason else "validated",
            "judgement": "stopped" if stop_reason else "passed",
            "reason": stop_reason,
            "rejected": rejected,
            "b": batch_id,
        },
    )
    if stop_reason:
        # That it was stopped is what waits for a person now.
        _close(connection, batch_id)


def stop_unread(connection: sa.Connection, batch_id: int, reason: str) -> None:
    """Stops a batch whose file could not be read; what is loaded stays so when it is only judged again."""
    connection.execute(
        sa.text(
            "UPDATE ops.batch SET judgement = 'stopped', stop_reason = :reason, judged_again = NULL, "
            "status = CASE WHEN status = 'loaded' THEN status ELSE 'stopped' END WHERE batch_id = :b"
        ),
        {"reason": reason, "b": batch_id},
    )
    _close(connection, batch_id)


def note_waiting(connection: sa.Connection, batch_id: int, reason: str) -> None:
    """Has a batch wait: its file was damaged after landing, or the database could not take it.

    It is not stopped: when that is mended it goes on by itself. What was loaded stays loaded, and what was
    stopped for its content stays that.
    """
    connection.execute(
        sa.text(
            "UPDATE ops.batch SET status = 'landed', judgement = NULL, stop_reason = :reason "
            "WHERE batch_id = :b AND status IN ('landed', 'validated')"
        ),
        {"reason": reason, "b": batch_id},
    )


def note_loaded(connection: sa.Connection, batch_id: int, accepted: int, superseded: int) -> None:
    """Records that a batch is loaded, as it was last judged.

    Each number is counted on its own: a CHECK compares them with the lines that were read.
    """
    again = connection.scalar(
        sa.text("SELECT judged_again FROM ops.batch WHERE batch_id = :b"), {"b": batch_id}
    )
    found = "".join(f"{name} = f.{name}, " for name in again or {})
    connection.execute(
        sa.text(
            f"UPDATE ops.batch SET status = 'loaded', {found} judged_again = NULL, loaded_at = now(), "
            "lines_accepted = :accepted, lines_superseded = :superseded "
            "FROM jsonb_populate_record(CAST(NULL AS ops.batch), CAST(:again AS jsonb)) AS f "
            "WHERE batch.batch_id = :b"
        ),
        {"accepted": accepted, "superseded": superseded, "b": batch_id, "again": json.dumps(again or {})},
    )
    note_load(connection, batch_id)
    _close(connection, batch_id)


# Its landed file ------------------------------------------------------------------------------


def note_file_deleted(connection: sa.Connection, batch_id: int) -> None:
    """Records that the landed file of a loaded batch is deleted on purpose."""
    connection.execute(
        sa.text("UPDATE ops.batch SET file_deleted_at = now() WHERE batch_id = :b"), {"b": batch_id}
    )


# What all batches say together ----------------------------------------------------------------


def note_run(
    engine: sa.Engine, batch_id: int, dag_id: str, run_id: str, task_id: str, map_index: int
) -> None:
    """Keeps which task of which run worked on the batch, so that one is found from the other."""
    with engine.begin() as connection:
        connection.execute(
            sa.text(
                "INSERT INTO ops.batch_run (batch_id, dag_id, run_id, task_id, map_index) "
                "VALUES (:batch, :dag, :run, :task, :place) ON CONFLICT DO NOTHING"
            ),
            {"batch": batch_id, "dag": dag_id, "run": run_id, "task": task_id, "place": map_index},
        )


def dimension_state(connection: sa.Connection) -> str:
    """Names the units and procedures that are known now; another value: judge by them again."""
    state: str = connection.scalar(
        sa.text(
            "SELECT count(*) || ' ' || coalesce(max(loaded_at)::text, '') FROM ops.batch "
            "WHERE dataset = ANY(:dimensions) AND status = 'loaded'"
        ),
        {"dimensions": datasets_of("dimension")},
    )
    return state
