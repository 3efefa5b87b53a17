"""Finds the declaration forms in the drop folder that are not loaded yet, and tells what was wrong in one.

Files stay where units put them. Which of them are done is decided by ops.batch, by what is in them: a file
of the same bytes is done whatever its name and time, a corrected one is new. Hashing a thousand forms takes
a tenth of a second.
"""

import contextlib
import hashlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa

from cchc.batches import batch_of, dimension_state
from cchc.errors import BadDefinition, LinesRejected

DATASET = "khai_bao"
# A file that was written to just now may still be on its way; it is taken an hour later.
QUIET_SECONDS = 60
# The others wait for the next run: each is judged in a process of its own.
MOST_AT_ONCE = 200
SHOWN_LINES = 20
# The only rule whose verdict on the same form changes: units become known, or get a name that is clear.
UNIT_RULE = "KB02"
UNFINISHED = (".tmp", ".part", ".partial", ".crdownload")


def waiting_forms(engine: sa.Engine, folder: Path, again: bool = False) -> list[str]:
    """The paths of the files to load, the oldest first; at most MOST_AT_ONCE, one of those with equal bytes.

    A file that was stopped is not tried again, because that would report it every hour; with `again` it is.
    A form of which lines were rejected is tried again when their unit may have become known.
    """
    if not folder.is_dir():
        raise BadDefinition(
            f"CCHC_FORM_DIR={folder}: no such folder for this worker. Expected the folder into which units "
            f"put their declaration forms: make it, or mount it."
        )
    by_hash: dict[str, str] = {}
    for _, path in sorted(_files(folder)):
        by_hash.setdefault(_hash(path), str(path))
    with engine.connect() as connection:
        done = _done(connection, list(by_hash), again)
    return [path for sha256, path in by_hash.items() if sha256 not in done][:MOST_AT_ONCE]


def _files(folder: Path) -> Iterator[tuple[float, Path]]:
    """(time of the last change, path) of the files in and below the folder; no links, nothing unfinished."""
    now = time.time()
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            path = Path(parent, name)
            # "~$form.xlsx" lies beside a form that is open in a spreadsheet program.
            if name.startswith((".", "~$")) or name.lower().endswith(UNFINISHED) or path.is_symlink():
                continue
            with contextlib.suppress(FileNotFoundError):
                changed = path.stat().st_mtime
                if not 0 <= now - changed < QUIET_SECONDS:
                    yield changed, path


def _hash(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        # Landing it says what is wrong.
        return str(path)


def _done(connection: sa.Connection, hashes: list[str], again: bool) -> set[str]:
    """Those that were loaded or stopped and would end the same way now."""
    return set(
        connection.scalars(
            sa.text(
                "SELECT sha256 FROM ops.batch AS b WHERE dataset = :dataset AND sha256 = ANY(:hashes) AND ("
                "(judgement = 'stopped' AND NOT :again) OR (status = 'loaded' AND judgement = 'passed' "
                "AND judged_again IS NULL AND (judged_against = :dimensions "
                "OR NOT EXISTS (SELECT 1 FROM ops.reject AS r "
                "WHERE r.batch_id = b.batch_id AND :unit_rule = ANY(r.rule_ids)))))"
            ),
            {
                "dataset": DATASET,
                "hashes": hashes,
                "dimensions": dimension_state(connection),
                "again": again,
                "unit_rule": UNIT_RULE,
            },
        )
    )


def tell_rejected(engine: sa.Engine, batch_id: int) -> None:
    """Raises LinesRejected when lines of a loaded form were rejected: which, and why.

    A form has few lines and each of them is a figure, so that its unit has to hear of every one.
    """
    with engine.connect() as connection:
        batch = batch_of(connection, batch_id)
        rows = connection.execute(
            sa.text(
                "SELECT r.line_no, r.reasons, sl.ma_so_lieu FROM ops.reject AS r "
                # Only a code that is known: anything else may be text of a person.
                "LEFT JOIN core.so_lieu_khai_bao AS sl ON r.masked_row ->> 'ma_so_lieu' = sl.ma_so_lieu "
                "WHERE r.batch_id = :b ORDER BY r.line_no LIMIT :shown"
            ),
            {"b": batch_id, "shown": SHOWN_LINES},
        ).all()
    if not rows:
        return
    lines = "; ".join(
        f"line {row.line_no}{f' ({row.ma_so_lieu})' if row.ma_so_lieu else ''}: {', '.join(row.reasons)}"
        for row in rows
    )
    more = " …" if (batch.lines_rejected or 0) > len(rows) else ""
    raise LinesRejected(
        f"{batch.label}: {batch.lines_rejected} of {batch.lines_read} lines were not loaded, the others "
        f"were. {lines}{more}. The unit corrects them in the form, with the new time of declaration, and "
        f"puts it into the folder again."
    )
