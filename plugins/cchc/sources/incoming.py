"""The folders from which files are taken by hand: nothing else of a worker's disk is read for a run."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cchc.errors import BadDefinition, BadFile, CchcError
from cchc.field_words import kept_name
from cchc.sources.opened import most_bytes, no_file, shown, too_large
from cchc.spelling import legible, one_line

# Folders of copies are known by it, so that nothing else is ever swept.
PREFIX = "handed-in-"
# Files of these are doors into the kernel, the root holds them all.
OF_THE_SYSTEM = ("/proc", "/sys", "/dev")


def incoming_folders() -> list[Path]:
    """CCHC_INGEST_DIRS, or the folder `incoming` of the landing area; resolved, the first takes copies."""
    return [folder.resolve() for folder in _named_folders()]


def _named_folders() -> list[Path]:
    listed = [part for part in os.environ.get("CCHC_INGEST_DIRS", "").split(os.pathsep) if part.strip()]
    if listed:
        return [_checked(Path(part.strip())) for part in listed]
    landing = os.environ.get("CCHC_LANDING_DIR")
    if not landing:
        raise CchcError("CCHC_LANDING_DIR is not set. Expected the folder of the landing area.")
    return [Path(landing).absolute() / "incoming"]


def _checked(folder: Path) -> Path:
    found = folder.resolve()
    if folder.is_absolute() and found.parent != found and not any(map(found.is_relative_to, OF_THE_SYSTEM)):
        return folder
    raise BadDefinition(
        f"CCHC_INGEST_DIRS names {one_line(folder)}: whoever may start a run could load any file of the "
        f"worker. Expected the absolute path of a folder for exports."
    )


def accepted_file(path: str) -> Path:
    """The regular file that `path` names; raises BadFile when it may not be taken.

    A configured folder may be a link or lie behind one; below it nothing may be.
    """
    named = [(name, name.resolve()) for name in _named_folders()]
    folders = [real for _, real in named]
    try:
        found = Path(path).resolve()
        is_file = Path(path).is_absolute() and found.is_file()
    except (OSError, ValueError, RuntimeError):  # too long, a NUL byte, links in a circle
        raise BadFile(
            f"{shown(path)}: no path of a file. Expected the absolute path of a readable file."
        ) from None
    if not any(found.is_relative_to(folder) for folder in folders):
        raise BadFile(
            f"{shown(path)}: not below a folder from which files are taken. Expected an absolute path "
            f"below {' or '.join(map(str, folders))} (CCHC_INGEST_DIRS): put the file there, or load it with "
            f"python -m cchc ingest DATASET FILE, which does."
        )
    if not is_file:
        raise no_file(path)
    given = Path(os.path.normpath(path))
    own = {given, *(real / given.relative_to(name) for name, real in named if given.is_relative_to(name))}
    if found not in own:
        raise BadFile(
            f"{shown(path)}: a part of this path is a link, which may lead elsewhere at any moment. "
            f"Expected the path of the file itself, without links."
        )
    return found


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
    if (size := source.stat().st_size) > (most := most_bytes()):
        raise too_large(source, size, most)
    folders[0].mkdir(mode=0o700, parents=True, exist_ok=True)
    # Its own folder: two files of one name do not meet. Only this user reads it: exports hold personal data.
    with tempfile.TemporaryDirectory(prefix=PREFIX, dir=folders[0]) as folder:
        copy = Path(folder) / kept_name(legible(source.name))
        copy.touch(0o600)
        shutil.copyfile(source, copy)
        yield copy
