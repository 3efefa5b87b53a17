"""Which files of the landing area no batch names: nothing says how long they are kept."""

import re
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from cchc.sources.landed_file import landed_fault

LANDED = re.compile(r"(?P<sha256>[0-9a-f]{64})(\.\w+)?")


@dataclass(frozen=True)
class Unnamed:
    """A file; `spare`: its bytes are those of a batch that has them elsewhere, or had them deleted."""

    path: Path
    spare: bool


def unnamed_files(engine: sa.Engine, landing_dir: Path) -> list[Unnamed]:
    """The files of the landing area that are named as landed ones are, and that no batch names.

    One that is landed at this moment is among them: its batch comes after it.
    """
    # Listed first: what is landed meanwhile is named by the time that batches are asked.
    files = sorted(
        path
        for path in landing_dir.glob("*/??/*")
        if LANDED.fullmatch(path.name) and path.is_file() and not path.is_symlink()
    )
    with engine.connect() as connection:
        batches = connection.execute(
            sa.text("SELECT dataset, sha256, size_bytes, landed_path, file_deleted_at FROM ops.batch")
        ).all()
    named = {Path(batch.landed_path).resolve() for batch in batches}
    known = {(batch.dataset, batch.sha256): batch for batch in batches}
    unnamed = []
    for path in files:
        if path.resolve() in named:
            continue
        batch = known.get((path.parts[-3], path.name[:64]))
        spare = batch is not None and (
            batch.file_deleted_at is not None
            # Of bytes that are damaged where they should be this may be the only whole copy.
            or landed_fault(Path(batch.landed_path), batch.size_bytes, batch.sha256) is None
        )
        unnamed.append(Unnamed(path, spare))
    return unnamed
