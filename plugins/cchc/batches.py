"""Reads one batch of ops.batch: what it is and how far it has come."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from cchc.errors import CchcError


@dataclass(frozen=True)
class Batch:
    """A row of ops.batch."""

    batch_id: int
    dataset: str
    sha256: str
    landed_path: Path
    original_name: str
    origin: str
    window_to: datetime | None
    extracted_at: datetime | None
    layout: str | None
    extra_columns: list[str]
    missing_columns: list[str]
    personal_columns: list[str]
    status: str
    stop_reason: str | None
    judged_against: str | None
    stated_total: int | None
    lines_read: int | None
    lines_accepted: int | None
    lines_rejected: int | None
    lines_superseded: int | None

    @property
    def label(self) -> str:
        return f"batch {self.batch_id} ({self.dataset}, {self.original_name})"


def batch_of(connection: sa.Connection, batch_id: int) -> Batch:
    """The batch with this id; raises CchcError when there is none."""
    names = ", ".join(Batch.__dataclass_fields__)
    row = connection.execute(
        sa.text(f"SELECT {names} FROM ops.batch WHERE batch_id = :b"), {"b": batch_id}
    ).one_or_none()
    if row is None:
        raise CchcError(f"ops.batch has no batch {batch_id}.")
    return Batch(**{**row._mapping, "landed_path": Path(row.landed_path)})


def reference_state(connection: sa.Connection) -> str:
    """Names the units and procedures that are known now; another value: judge by them again."""
    return connection.scalar(
        sa.text(
            "SELECT count(*) || ' ' || coalesce(max(loaded_at)::text, '') FROM ops.batch "
            "WHERE dataset IN ('don_vi', 'tthc') AND status = 'loaded'"
        )
    )
