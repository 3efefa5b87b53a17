"""Deletes landed files whose time is over, and says of each what can no longer be rebuilt."""

from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from cchc.batches import Batch, batch_of, note_file_deleted
from cchc.contracts import Contract, contracts
from cchc.errors import CchcError
from cchc.sources.landing import PREFIX
from cchc.sources.leftovers import is_old
from cchc.tidying.sweep import free

SHOWN = 5
# Loaded, nothing waits for it, and nobody has to look at it once more.
OVER = (
    "status = 'loaded' AND judgement = 'passed' AND judged_again IS NULL AND file_deleted_at IS NULL "
    "AND greatest(landed_at, validated_at, loaded_at) < now() - make_interval(days => :days)"
)


@dataclass(frozen=True)
class Deletion:
    """What one run deleted: how many files, how many bytes."""

    files: int
    bytes: int


def delete_landed(engine: sa.Engine, landing_dir: Path) -> Deletion:
    """Deletes the landed files of loaded batches that are older than their contract keeps them.

    Each has a row in ops.deleted_file before it is deleted: when this is ended in between, the next run
    deletes it. A file that has just come again is left. Raises CchcError when files lie outside the landing
    area, after all others are done.
    """
    area = landing_dir.resolve()
    deleted, outside = [], []
    with engine.connect() as connection:
        noted = connection.execute(
            sa.text("SELECT batch_id, landed_path FROM ops.batch WHERE file_deleted_at IS NOT NULL")
        ).all()
    for row in noted:
        path = Path(row.landed_path)
        if _inside(path, area) and is_old(path):
            _delete(path, area)
    for contract in contracts().values():
        for batch_id in _over(engine, contract):
            with engine.begin() as connection:
                batch = _taken(connection, contract, batch_id)
                if batch is None or not is_old(batch.landed_path):
                    continue
                if not _inside(batch.landed_path, area):
                    outside.append(batch)
                    continue
                _note(connection, contract, batch)
            _delete(batch.landed_path, area)
            deleted.append(batch)
    if outside:
        raise CchcError(
            f"{len(outside)} landed files are kept longer than their datasets say: they lie outside of the "
            f"landing area {area}, as that of {', '.join(batch.label for batch in outside[:SHOWN])}. "
            f"Expected ops.batch.landed_path below CCHC_LANDING_DIR: give the files again, which lands them "
            f"there, and delete these."
        )
    return Deletion(len(deleted), sum(batch.size_bytes for batch in deleted))


def _over(engine: sa.Engine, contract: Contract) -> list[int]:
    """The batches of a dataset whose files are to be deleted."""
    with engine.connect() as connection:
        query = sa.text(f"SELECT batch_id FROM ops.batch WHERE dataset = :d AND {OVER} ORDER BY batch_id")
        return list(connection.scalars(query, {"d": contract.dataset, "days": contract.keep_landed_days}))


def _taken(connection: sa.Connection, contract: Contract, batch_id: int) -> Batch | None:
    """The batch, if its file is still to be deleted and no run is working on it; none can begin then."""
    if not free(connection, batch_id):
        return None
    # Its row is held: these bytes cannot be given again at the same moment.
    query = sa.text(f"SELECT batch_id FROM ops.batch WHERE batch_id = :b AND {OVER} FOR UPDATE SKIP LOCKED")
    held = connection.scalar(query, {"b": batch_id, "days": contract.keep_landed_days})
    return None if held is None else batch_of(connection, batch_id)


def _note(connection: sa.Connection, contract: Contract, batch: Batch) -> None:
    connection.execute(
        sa.text(
            "INSERT INTO ops.deleted_file (batch_id, sha256, size_bytes, kept_days, lost) "
            "VALUES (:b, :sha256, :size_bytes, :days, :lost)"
        ),
        {
            "b": batch.batch_id,
            "sha256": batch.sha256,
            "size_bytes": batch.size_bytes,
            "days": contract.keep_landed_days,
            "lost": lost_with(batch),
        },
    )
    note_file_deleted(connection, batch.batch_id)


def lost_with(batch: Batch) -> str:
    """What can no longer be rebuilt when the landed file of a loaded batch is gone; counts only."""
    parts = [
        f"The {batch.lines_accepted} lines that were loaded stand in core only: this batch cannot be judged "
        f"or loaded again"
    ]
    if batch.lines_superseded:
        parts.append(f"the {batch.lines_superseded} lines that newer ones took the place of are gone")
    if batch.lines_rejected:
        parts.append(f"of the {batch.lines_rejected} rejected lines only what ops.reject holds is left")
    unread = len(batch.personal_columns) + len(batch.extra_columns)
    if unread:
        parts.append(f"{unread} columns that were never loaded are gone")
    return "; ".join(parts) + "."


def _delete(path: Path, area: Path) -> None:
    # Aside first: the same bytes may have come again since they were looked at, and then they stay. Killed in
    # between, it is swept.
    aside = area / f"{PREFIX}deleted-{path.name}"
    path.rename(aside)
    if is_old(aside):
        aside.unlink()
    else:
        aside.rename(path)


def _inside(path: Path, area: Path) -> bool:
    return path.parent.resolve().is_relative_to(area)
