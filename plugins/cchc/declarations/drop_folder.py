"""Finds the declaration forms in the drop folder that are not loaded yet, and tells what was wrong in one.

Files stay where units put them. Which of them are done is decided by ops.batch, by what is in them: a file
of the same bytes is done whatever its name and time, a corrected one is new. Hashing a thousand forms takes
a tenth of a second. Each file is for itself: what one of them is keeps no other from being loaded.
"""

import contextlib
import hashlib
import itertools
import logging
import os
import stat
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote_to_bytes

import sqlalchemy as sa

from cchc.batches import batch_of, dimension_state
from cchc.contracts import contract_of
from cchc.errors import BadDefinition, BadFile, LinesRejected, NotTaken
from cchc.sources.landing import Landed, land_file
from cchc.sources.opened import open_regular, read_whole, shown
from cchc.spelling import legible

log = logging.getLogger(__name__)

DATASET = "khai_bao"
# A file that was written to just now may still be on its way; it is taken an hour later.
QUIET_SECONDS = 60
# The others wait for the next run: each is judged in a process of its own.
MOST_AT_ONCE = 200
SHOWN_LINES = 20
# The only rule whose verdict on the same form changes: units become known, or get a name that is clear.
UNIT_RULE = "KB02"
# A form has ten kilobytes, a table of all units for a year four megabytes.
MOST_BYTES = 16 << 20
HASHED_AT_ONCE = 4 << 30
# Folders in folders, and files of one folder below the drop folder, that are looked at.
DEEPEST = 8
MOST_IN_ONE = 50_000
URI = "file://"
UNFINISHED = (".tmp", ".part", ".partial", ".crdownload")


def waiting_forms(engine: sa.Engine, folder: Path, again: bool = False) -> list[str]:
    """The files to load as `form_at` takes them, at most MOST_AT_ONCE, one of those with equal bytes: one of
    each sender in turn, of each what came first.

    A file that was stopped is not tried again, because that would report it every hour; with `again` it is.
    A form of which lines were rejected is tried again when their unit may have become known. What cannot be
    taken is among them until landing it has said so, and again when it has changed.
    """
    if not folder.is_dir():
        raise BadDefinition(
            f"CCHC_FORM_DIR={folder}: no such folder for this worker. Expected the folder into which units "
            f"put their declaration forms: make it, or mount it."
        )
    found = sorted(_files(folder), key=lambda file: (file.came, os.fsencode(file.path)))
    by_hash: dict[str, _File] = {}
    untaken: list[_File] = []
    for file in _affordable(folder, found):
        if sha256 := _hash(file):
            by_hash[sha256] = min(by_hash.get(sha256, file), file, key=lambda one: one.came)
        else:
            untaken.append(file)
    with engine.connect() as connection:
        done = _done(connection, list(by_hash), again)
        told = {} if again else _told(connection)
    waiting = [file for sha256, file in by_hash.items() if sha256 not in done]
    waiting += [file for file in untaken if told.get(_digest(file.path)) != file.state]
    order = {file: place for place, file in enumerate(found)}
    waiting.sort(key=order.__getitem__)
    return [_sent(file.path) for file in _in_turn(waiting, lambda _: 1)][:MOST_AT_ONCE]


def form_at(sent: str) -> Path:
    """The path that waiting_forms sent."""
    return Path(os.fsdecode(unquote_to_bytes(sent.removeprefix(URI)))) if sent.startswith(URI) else Path(sent)


def token_of(sent: str) -> str:
    """What Airflow keeps of a path from waiting_forms: the name of a file may be that of a person."""
    return _digest(form_at(sent))


def form_of(folder: Path, token: str) -> Path:
    """The path in the folder of which this is the token; raises NotTaken when it is not there any more."""
    for path, _ in _walk(folder, []):
        if _digest(path) == token:
            return path
    raise NotTaken(
        f"{token[:12]}: this file was taken away from {folder} since it was found. Nothing of it was loaded: "
        f"if it is put there again, the next run takes it."
    )


def _sent(path: Path) -> str:
    """The path as text that can be kept; as an address where it is no UTF-8."""
    return str(path) if legible(str(path)) == str(path) else path.absolute().as_uri()


def land(engine: sa.Engine, landing_dir: Path, folder: Path, path: Path) -> Landed:
    """Lands one file of the drop folder; raises NotTaken when it cannot be opened, and notes that it said so.

    What is no form is kept like one: its batch is how it is reported once, not every hour.
    """
    path, folder = path.absolute(), folder.absolute()
    try:
        if _too_deep(folder, path):
            raise NotTaken(
                f"{shown(path)}: this folder lies {DEEPEST} folders below the drop folder, and is not looked "
                f"into. Expected forms no deeper than that: put what is in it higher up."
            )
        return land_file(
            engine, landing_dir, contract_of(DATASET), path, below=folder, most=MOST_BYTES, kind="form"
        )
    except NotTaken:
        with contextlib.suppress(FileNotFoundError), engine.begin() as connection:
            connection.execute(
                sa.text(
                    "INSERT INTO ops.form_not_taken (path_sha256, state) VALUES (:path, :state) "
                    "ON CONFLICT (path_sha256) DO UPDATE SET state = excluded.state, noted_at = now()"
                ),
                {"path": _digest(path), "state": _state(path.lstat())},
            )
        raise


@dataclass(frozen=True)
class _File:
    """What lies in the folder. `came`: when the file system last noted a change, which no sender sets, as it
    does the time of writing. `size`: of what reading it would read, 0 for what is no file to read.
    """

    path: Path
    sender: tuple[str, int]
    came: float
    size: int
    state: str


def _files(folder: Path) -> Iterator[_File]:
    """What lies in and below the folder: no links, nothing unfinished. Folders are among it that cannot be
    looked into, or lie too deep."""
    now = time.time()
    closed: list[OSError] = []
    for path, is_folder in _walk(folder, closed):
        # "~$form.xlsx" lies beside a form that is open in a spreadsheet program.
        if path.name.startswith((".", "~$")) or path.name.lower().endswith(UNFINISHED):
            continue
        with contextlib.suppress(OSError):  # taken away meanwhile, or its folder closed
            if is_folder:
                if _too_deep(folder, path):
                    yield _file(folder, path, path.lstat())
                continue
            status = path.lstat()
            quiet = not 0 <= now - status.st_mtime < QUIET_SECONDS
            if quiet and not stat.S_ISLNK(status.st_mode):
                yield _file(folder, path, status)
    for error in closed:
        if Path(error.filename) == folder:
            raise BadDefinition(
                f"CCHC_FORM_DIR={folder}: this worker cannot look into it ({error.strerror}). Expected a "
                f"folder that it may read."
            )
        with contextlib.suppress(OSError):
            yield _file(folder, Path(error.filename), Path(error.filename).lstat())


def _walk(folder: Path, closed: list[OSError]) -> Iterator[tuple[Path, bool]]:
    """What lies in and below the folder, and whether it is a folder itself: no deeper than DEEPEST, nothing
    in hidden ones. Errors of folders that cannot be looked into go to `closed`.

    Each folder directly below is for itself: of none more than MOST_IN_ONE is looked at.
    """
    tops = []
    for path, is_folder in _entries(folder, closed):
        yield path, is_folder
        if is_folder:
            tops.append(path)
    for top in tops:
        yield from itertools.islice(_below(folder, top, closed), MOST_IN_ONE)


def _below(folder: Path, top: Path, closed: list[OSError]) -> Iterator[tuple[Path, bool]]:
    open_ones = [top]
    while open_ones:
        for path, is_folder in _entries(open_ones.pop(), closed):
            yield path, is_folder
            if is_folder and not _too_deep(folder, path):
                open_ones.append(path)


def _entries(folder: Path, closed: list[OSError]) -> Iterator[tuple[Path, bool]]:
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                is_folder = entry.is_dir(follow_symlinks=False)
                if not (is_folder and entry.name.startswith(".")):
                    yield folder / entry.name, is_folder
    except OSError as error:
        closed.append(error)


def _too_deep(folder: Path, path: Path) -> bool:
    return len(path.parts) - len(folder.parts) > DEEPEST


def _file(folder: Path, path: Path, status: os.stat_result) -> _File:
    read = stat.S_ISREG(status.st_mode) and status.st_size <= MOST_BYTES
    # Whoever shares a folder with others is told from them by whose the file is, where that is kept.
    top = path.relative_to(folder).parts[0] if path.parent != folder else ""
    sender = top, status.st_uid
    return _File(path, sender, status.st_ctime, status.st_size if read else 0, _state(status))


def _in_turn(files: list[_File], weight: Callable[[_File], int]) -> list[_File]:
    """One of each sender after the other, by what each has had so far: nobody waits for all of another's."""
    had: Counter[tuple[str, int]] = Counter()
    places = []
    for place, file in enumerate(files):
        had[file.sender] += weight(file)
        places.append((had[file.sender], place))
    return [files[place] for _, place in sorted(places)]


def _affordable(folder: Path, found: list[_File]) -> Iterator[_File]:
    """Those that can be read in one run, of each sender the smallest first: whatever else lies there, forms
    are looked at."""
    left = HASHED_AT_ONCE
    smallest = sorted(found, key=lambda file: file.size)
    for file in _in_turn(smallest, lambda one: one.size):
        left -= file.size
        if left < 0:
            log.warning("%s holds more than is looked at in one run: larger files wait.", folder)
            return
        yield file


def _state(status: os.stat_result) -> str:
    """Another one when the file is another one, was changed, or may be read by others than before."""
    return f"{status.st_mode:o} {status.st_ino} {status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}"


def _digest(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path.absolute())).hexdigest()


def _hash(file: _File) -> str | None:
    """The SHA-256 of a file's bytes; None where landing it says what is wrong."""
    digest = hashlib.sha256()
    try:
        handle = open_regular(file.path.parent.resolve() / file.path.name)
        try:
            for chunk in read_whole(handle, file.path, MOST_BYTES):
                digest.update(chunk)
        finally:
            os.close(handle)
    except (BadFile, OSError):
        return None
    return digest.hexdigest()


def _told(connection: sa.Connection) -> dict[str, str]:
    """What could not be taken and was said: digest of the path → state of the file then."""
    rows = connection.execute(sa.text("SELECT path_sha256, state FROM ops.form_not_taken"))
    return {row.path_sha256: row.state for row in rows}


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
