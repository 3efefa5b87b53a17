"""Sweeps what killed processes left: files half written, copies, temporary folders, staging tables."""

import re
import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa

from cchc.errors import WarehouseUnavailable
from cchc.judging.judge import TEMPORARY
from cchc.sources import incoming, landing
from cchc.sources.leftovers import BLOCK_BYTES, LEFT_AFTER_S, Removed, is_old, sweep_files, sweep_folders
from cchc.sources.unnamed_files import unnamed_files
from cchc.warehouse import take_turn

SHOWN = 20
STAGING = re.compile(r"[a-z][a-z0-9_]*?__(?P<batch>\d+)(__repeated)?")


def sweep(engine: sa.Engine, landing_dir: Path) -> dict[str, int]:
    """Removes all leftovers that are a day old; kind → how many, each with its row in ops.sweep.

    Of temporary folders only those of this machine.
    """
    kinds: dict[str, Callable[[], list[Removed]]] = {
        "landing_file": lambda: sweep_files(landing_dir, landing.PREFIX),
        "landed_copy": lambda: sweep_copies(engine, landing_dir),
        "handed_in": lambda: [
            left for folder in incoming.incoming_folders() for left in sweep_folders(folder, incoming.PREFIX)
        ],
        "temporary": lambda: sweep_folders(Path(tempfile.gettempdir()), TEMPORARY),
        "staging": lambda: sweep_staging(engine),
    }
    return {what: _noted(engine, what, remove()) for what, remove in kinds.items()}


def _noted(engine: sa.Engine, what: str, removed: list[Removed]) -> int:
    row = {
        "what": what,
        "how_many": len(removed),
        "bytes": sum(each.bytes for each in removed),
        "names": [each.name for each in removed[:SHOWN]],
    }
    with engine.begin() as connection:
        connection.execute(
            sa.text(
                "INSERT INTO ops.sweep (what, how_many, bytes, names) VALUES (:what, :how_many, :bytes, "
                "CAST(:names AS text[]))"
            ),
            row,
        )
    return len(removed)


def sweep_copies(engine: sa.Engine, landing_dir: Path) -> list[Removed]:
    """Removes further copies of landed files: their batch has the bytes elsewhere, or had them deleted.

    Other files that no batch names are left: a person decides about them (`verify` names them).
    """
    removed = []
    for copy in unnamed_files(engine, landing_dir):
        if copy.spare and is_old(copy.path):
            size = copy.path.lstat().st_blocks * BLOCK_BYTES
            copy.path.unlink(missing_ok=True)
            removed.append(Removed(copy.path.name, size))
    return removed


def sweep_staging(engine: sa.Engine) -> list[Removed]:
    """Drops the staging tables of batches that nobody loads any more; not of one that a run is working on."""
    with engine.connect() as connection:
        names = connection.scalars(
            sa.text(
                "SELECT relname FROM pg_class WHERE relnamespace = 'staging'::regnamespace AND relkind = 'r' "
                "ORDER BY relname"
            )
        ).all()
    tables: dict[int, list[str]] = {}
    for name in names:
        if found := STAGING.fullmatch(name):
            tables.setdefault(int(found["batch"]), []).append(name)
    return [left for batch_id, of_batch in tables.items() for left in _drop(engine, batch_id, of_batch)]


def _drop(engine: sa.Engine, batch_id: int, tables: list[str]) -> list[Removed]:
    with engine.begin() as connection:
        if not free(connection, batch_id) or not _left(connection, batch_id):
            return []
        size = sa.text("SELECT pg_total_relation_size(to_regclass(:name))")
        removed = [
            Removed(name, connection.scalar(size, {"name": f"staging.{name}"}) or 0) for name in tables
        ]
        named = ", ".join(f"staging.{name}" for name in tables)
        connection.exec_driver_sql(f"DROP TABLE IF EXISTS {named} CASCADE")
    return removed


def free(connection: sa.Connection, batch_id: int) -> bool:
    """Whether no run is working on the batch; none can begin then until the transaction ends."""
    try:
        with connection.begin_nested():
            take_turn(connection, f"batch:{batch_id}", wait_s=0.01)
    except WarehouseUnavailable:
        return False
    return True


def _left(connection: sa.Connection, batch_id: int) -> bool:
    """Whether the batch is gone, is loaded or stopped, or was not judged or landed for a day."""
    waits: bool | None = connection.scalar(
        sa.text(
            "SELECT (status IN ('landed', 'validated') OR judged_again IS NOT NULL) "
            "AND greatest(landed_at, validated_at) > now() - CAST(:age AS interval) "
            "FROM ops.batch WHERE batch_id = :b"
        ),
        {"b": batch_id, "age": timedelta(seconds=LEFT_AFTER_S)},
    )
    return not waits
