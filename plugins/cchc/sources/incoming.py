"""The folders from which files are taken by hand: nothing else of a worker's disk is read for a run.

A run names its file by the SHA-256: a path may hold somebody's name, and Airflow keeps and shows what a run
was given.
"""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path

import sqlalchemy as sa

from cchc.batches import landed_before
from cchc.contracts import Contract
from cchc.errors import BadDefinition, CchcError, NotTaken
from cchc.field_words import kept_name
from cchc.sources.landing import VIETNAM, Accept, Landed, land_file
from cchc.sources.opened import most_bytes, open_regular, read_whole, shown
from cchc.spelling import legible, one_line

# Folders of copies are known by it, so that nothing else is ever swept.
PREFIX = "handed-in-"
# Files of these are doors into the kernel, the root holds them all.
OF_THE_SYSTEM = ("/proc", "/sys", "/dev")
SUM_SHOWN = 12
LISTED = 20
HOW = "put it there, or load it with python -m cchc ingest DATASET FILE, which does."


def incoming_folders() -> list[Path]:
    """CCHC_INGEST_DIRS, or the folder `incoming` of the landing area; resolved, the first takes copies."""
    listed = [part for part in os.environ.get("CCHC_INGEST_DIRS", "").split(os.pathsep) if part.strip()]
    if listed:
        return [_checked(Path(part.strip())) for part in listed]
    landing = os.environ.get("CCHC_LANDING_DIR")
    if not landing:
        raise CchcError("CCHC_LANDING_DIR is not set. Expected the folder of the landing area.")
    return [(Path(landing).absolute() / "incoming").resolve()]


def _checked(folder: Path) -> Path:
    found = folder.resolve()
    if folder.is_absolute() and found.parent != found and not any(map(found.is_relative_to, OF_THE_SYSTEM)):
        return found
    raise BadDefinition(
        f"CCHC_INGEST_DIRS names {one_line(folder)}: whoever may start a run could load any file of the "
        f"worker. Expected the absolute path of a folder for exports."
    )


# What a run takes -----------------------------------------------------------------------------


def land_chosen(
    engine: sa.Engine,
    landing_dir: Path,
    contract: Contract,
    sha256: str | None,
    extracted_at: datetime | None = None,
    *,
    began: datetime | None = None,
    accept: Accept | None = None,
) -> Landed:
    """Lands the file below the folders that has this SHA-256; without one, the only file that waits there.

    A file waits until it was landed as this dataset, one that the same run (it `began` then) landed and was
    killed waits still. A file that is there no more gives the batch that it was landed as. Raises NotTaken,
    with the sums of what lies there, when it is not clear which one is meant.
    """
    folders = incoming_folders()
    if not sha256:
        chosen = _only_waiting(engine, contract, folders, began)
    elif found := _with_sum(folders, sha256.lower()):
        chosen = found
    elif batch := landed_before(engine, contract.dataset, sha256.lower()):
        return Landed(batch.batch_id, batch.sha256, batch.landed_path, new=False)
    else:
        raise NotTaken(
            f"{sha256[:SUM_SHOWN].lower()}: no file with this SHA-256 {_below(folders)}. Expected what "
            f"sha256sum prints of the file: {HOW} {_listed(_files(folders))}"
        )
    return land_file(
        engine, landing_dir, contract, chosen.path, extracted_at, accept=accept, sha256=chosen.sha256
    )


@dataclass(frozen=True)
class _Found:
    """A file below a folder; without `sha256` one that may not be taken, and `why` says so."""

    path: Path
    size: int
    sha256: str = ""
    why: str = ""

    def __str__(self) -> str:
        changed = datetime.fromtimestamp(self.path.lstat().st_mtime, VIETNAM)
        return f"{self.sha256} {shown(self.path)} ({self.size:,} bytes, {changed:%Y-%m-%d %H:%M})"


def _only_waiting(
    engine: sa.Engine, contract: Contract, folders: list[Path], began: datetime | None
) -> _Found:
    there = [file for file in _files(folders) if not _is_copy(file.path)]
    waiting = {
        file.sha256: file
        for file in there
        if file.sha256 and not landed_before(engine, contract.dataset, file.sha256, began)
    }
    if len(waiting) == 1:
        return next(iter(waiting.values()))
    if waiting:
        raise NotTaken(
            f"{len(waiting)} files wait {_below(folders)}. Expected the SHA-256 of one of them as param "
            f"sha256: trigger the DAG again with it. {_listed(waiting.values())}"
        )
    raise NotTaken(
        f"No file {_below(folders)} that was not landed as {contract.dataset} before. Expected one: {HOW} "
        f"{_listed(there)}"
    )


def _with_sum(folders: list[Path], sha256: str) -> _Found | None:
    return next((file for file in _files(folders, sha256) if file.sha256 == sha256), None)


def _files(folders: list[Path], wanted: str = "") -> Iterator[_Found]:
    """What lies below the folders, the smallest first; a copy of `wanted` before all others."""
    found: list[tuple[bool, int, Path]] = []
    closed: list[OSError] = []
    for folder in folders:
        for parent, _, names in os.walk(folder, onerror=closed.append):
            for name in names:
                path = Path(parent, name)
                try:
                    found.append((not (wanted and _copied(wanted) in parent), path.lstat().st_size, path))
                except OSError:  # taken away meanwhile
                    continue
    for _, size, path in sorted(found):
        try:
            yield _Found(path, size, sha256_of(path))
        except CchcError as error:
            yield _Found(path, size, why=str(error))
    for each in closed:
        if os.path.lexists(each.filename):
            where = Path(each.filename)
            yield _Found(where, 0, why=f"{shown(where)}: this worker cannot look into the folder.")


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file that may be taken; raises NotTaken for another, BadFile for one that changes."""
    digest = hashlib.sha256()
    handle = open_regular(path)
    try:
        for chunk in read_whole(handle, path, most_bytes()):
            digest.update(chunk)
    finally:
        os.close(handle)
    return digest.hexdigest()


def _below(folders: list[Path]) -> str:
    return f"below {' or '.join(map(one_line, folders))} (CCHC_INGEST_DIRS)"


def _listed(files: Iterable[_Found]) -> str:
    """What is told of files: sum, size and time, and of names what batches keep of them."""
    first = list(islice(files, LISTED + 1))
    told = [str(file) if file.sha256 else file.why for file in first[:LISTED]]
    more = ["…"] if len(first) > LISTED else []
    return f"There: {'; '.join([*told, *more])}" if told else "Nothing is there."


# What a command hands in ----------------------------------------------------------------------


@contextmanager
def handed_in(source: Path) -> Iterator[str]:
    """The SHA-256 by which a run may take `source`: of a copy in the first folder, removed afterwards.

    What lies in one of the folders is taken from there. Copies that a killed process left are swept a day
    later (cchc.tidying.sweep).
    """
    folders = incoming_folders()
    found = source.resolve()
    sha256 = sha256_of(found)
    if any(map(found.is_relative_to, folders)):
        yield sha256
        return
    folders[0].mkdir(mode=0o700, parents=True, exist_ok=True)
    # Its own folder: two files of one name do not meet. Only this user reads it: exports hold personal data.
    with tempfile.TemporaryDirectory(prefix=f"{_copied(sha256)}-", dir=folders[0]) as folder:
        copy = Path(folder) / kept_name(legible(source.name))
        copy.touch(0o600)
        shutil.copyfile(found, copy)
        yield sha256


def _copied(sha256: str) -> str:
    return f"{PREFIX}{sha256[:SUM_SHOWN]}"


def _is_copy(path: Path) -> bool:
    return any(part.startswith(PREFIX) for part in path.parts)
