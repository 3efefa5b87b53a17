"""The folders from which files are taken by hand: nothing else of a worker's disk is read for a run."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cchc.errors import BadFile, CchcError
from cchc.field_words import kept_name
from cchc.spelling import legible

# Folders of copies are known by it, so that nothing else is ever swept.
PREFIX = "handed-in-"


def incoming_folders() -> list[Path]:
    """CCHC_INGEST_DIRS, or the folder `incoming` of the landing area; resolved, the first takes copies."""
    listed = [part for part in os.environ.get("CCHC_INGEST_DIRS", "").split(os.pathsep) if part.strip()]
    if listed:
        return [Path(part.strip()).resolve() for part in listed]
    landing = os.environ.get("CCHC_LANDING_DIR")
    if not landing:
        raise CchcError("CCHC_LANDING_DIR is not set. Expected the folder of the landing area.")
    return [(Path(landing) / "incoming").resolve()]


def accepted_file(path: str) -> Path:
    """The regular file that `path` names, links followed; raises BadFile when it may not be taken."""
    folders = incoming_folders()
    try:
        found = Path(path).resolve()
        is_file = Path(path).is_absolute() and found.is_file()
    except (OSError, ValueError, RuntimeError):  # too long, a NUL byte, links in a circle
        raise BadFile(
            f"{_shown(path)}: no path of a file. Expected the absolute path of a readable file."
        ) from None
    if not any(found.is_relative_to(folder) for folder in folders):
        raise BadFile(
            f"{_shown(path)}: not below a folder from which files are taken. Expected an absolute path "
            f"below {' or '.join(map(str, folders))} (CCHC_INGEST_DIRS): put the file there, or load it with "
            f"python -m cchc ingest DATASET FILE, which does."
        )
    if not is_file:
        raise BadFile(
            f"{_shown(path)}: no such file for this worker. Expected the absolute path of a readable file."
        )
    return found


def _shown(path: str) -> str:
    """The last part of a path, as batches keep the names of files."""
    return kept_name(legible(Path(path).name))


def _says_nothing(path: Path) -> bool:
    """Whether no part of a path is other than batches keep the names of files."""
    return all(part.startswith(PREFIX) or kept_name(legible(part)) == part for part in path.parts)


@contextmanager
def handed_in(source: Path) -> Iterator[Path]:
    """The path under which a run may take `source`: a copy in the first folder, removed afterwards.

    The copy has the file's name as batches keep it: a run's parameters are kept and shown. What lies in one
    of the folders under such a name is taken from there. Copies that a killed process left are swept a day
    later (cchc.tidying.sweep).
    """
    folders = incoming_folders()
    found = source.resolve()
    if any(found.is_relative_to(folder) and _says_nothing(found.relative_to(folder)) for folder in folders):
        yield found
        return
    folders[0].mkdir(mode=0o700, parents=True, exist_ok=True)
    # Its own folder: two files of one name do not meet. Only this user reads it: exports hold personal data.
    with tempfile.TemporaryDirectory(prefix=PREFIX, dir=folders[0]) as folder:
        copy = Path(folder) / kept_name(legible(source.name))
        shutil.copyfile(source, copy)
        yield copy
