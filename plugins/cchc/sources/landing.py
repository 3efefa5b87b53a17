"""Lands exports: an immutable file named by its sha-256, and its row in ops.batch."""

import contextlib
import errno
import hashlib
import io
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import sqlalchemy as sa

from cchc.batches import Origin, register_landed
from cchc.contracts import Contract
from cchc.errors import BadDefinition, BadFile, CchcError, LandingUnavailable
from cchc.field_words import kept_name, kept_suffix
from cchc.known_until import watermark
from cchc.periods import Month
from cchc.shown import in_table
from cchc.sources.client import SourceClient
from cchc.sources.opened import most_bytes, open_regular, read_whole
from cchc.spelling import legible

# Landed files hold personal data, and nothing writes to them.
PRIVATE_FILE, PRIVATE_FOLDER = 0o400, 0o700
# Files that are being written are known by it.
PREFIX = ".landing-"
# A dossier committed at the source shortly after a pull may carry a change time before it.
OVERLAP = timedelta(days=1)
VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
Accept = Callable[[Contract, Path, str], None]


@dataclass(frozen=True)
class Landed:
    """A batch in ops.batch; `new` is False when these very bytes had been landed before."""

    batch_id: int
    sha256: str
    path: Path
    new: bool


def land_file(
    engine: sa.Engine,
    landing_dir: Path,
    contract: Contract,
    source: Path,
    extracted_at: datetime | None = None,
    *,
    accept: Accept | None = None,
    below: Path | None = None,
    most: int | None = None,
    kind: str = "file",
    sha256: str | None = None,
) -> Landed:
    """Copies a file into the landing area. The same bytes again give the same batch.

    It keeps its name where that is made of words of the field, its suffix where that is of a kind of file.

    What `accept` (contract, file, its name in messages) raises BadFile for is not kept: require_export of
    the readers, for a file that is none. It judges the copy, so that no other bytes than it saw are landed,
    whatever becomes of `source` meanwhile. Without `accept` any file is kept, and judging its batch says
    what is wrong with it. No part of `source` may be a link; what comes from `below` a configured folder
    has none below it. `most`: its bytes at most, by default CCHC_INGEST_MAX_MB. `kind`: of its origin.
    `sha256`: what is meant; a file that became another one since then is not kept.
    """

    name = in_table(legible(source.name))

    def judge(copy: Path, found: str) -> None:
        if sha256 not in (None, found):
            raise BadFile(
                f"{kept_name(name)}: is another file than a moment ago. Nothing of it was kept: give it "
                f"again when nobody writes to it any more."
            )
        try:
            if accept:
                accept(contract, copy, kept_name(name, found))
        except BadFile as error:
            # Without its cause, which a log would print: parsers quote what they could not read.
            raise error from None

    if below is not None:
        path = below.resolve() / source.relative_to(below)
    else:
        path = source if accept else source.parent.resolve() / source.name
    try:
        handle = open_regular(path)
        try:
            chunks = read_whole(handle, source, most_bytes() if most is None else most)
            stored = _store(landing_dir, contract.dataset, chunks, kept_suffix(name), judge)
        finally:
            os.close(handle)
    except PermissionError as error:
        raise BadFile(
            f"{kept_name(str(error.filename or name))}: not readable or not writable for this worker."
        ) from None
    return _register(engine, contract, stored, Origin(kind, kept_name(name, stored.sha256), extracted_at))


def land_api(
    engine: sa.Engine,
    landing_dir: Path,
    contract: Contract,
    client: SourceClient,
    until: datetime,
) -> Landed:
    """Pulls a list from its system into one file and lands it.

    Incremental lists are pulled from the watermark less OVERLAP, whole lists as they are. `until`, local
    time, may not lie ahead of now: days that are still to come would count as pulled.
    """
    since = watermark(engine, contract.dataset)
    # A run of an earlier day may be repeated when later days are loaded already.
    since = min(since, until) if since is not None else None
    return _pull(engine, landing_dir, contract, client, since, until)


def land_month(
    engine: sa.Engine, landing_dir: Path, contract: Contract, client: SourceClient, month: Month
) -> Landed:
    """Pulls what changed in one month, whatever of it was pulled before; a whole list as at the month's end.

    Where nothing was pulled from the beginning on, all that was before comes with the month: what was open
    when it began belongs to its figures, and the daily pull goes on from its end. Everywhere else the
    watermark moves only when the month goes on from where it stands.
    """
    first, end = (datetime.combine(day, time.min) for day in (month.start, month.next.start))
    since = first if watermark(engine, contract.dataset) is not None else None
    return _pull(engine, landing_dir, contract, client, since, end)


def _pull(
    engine: sa.Engine,
    landing_dir: Path,
    contract: Contract,
    client: SourceClient,
    since: datetime | None,
    until: datetime,
) -> Landed:
    api = contract.api
    if api is None:
        raise BadDefinition(f"Dataset {contract.dataset} has no api: it is not pulled from a source system.")
    now = datetime.now(VIETNAM).replace(tzinfo=None)
    if until > now:
        raise CchcError(
            f"{contract.dataset}: asked to pull what changed until {until:%Y-%m-%d %H:%M:%S}, and it is "
            f"{now:%Y-%m-%d %H:%M:%S} in Vietnam. Expected a moment that has been: give the run an earlier "
            f"day, or set the clock of this machine."
        )
    since = since - OVERLAP if api.incremental and since is not None else None
    chunks = client.export(api.path, since, until, whole=not api.incremental)
    stored = _store(landing_dir, contract.dataset, chunks, client.suffix)
    name = f"{api.path.lstrip('/')} → {until:%Y-%m-%d %H:%M:%S}"
    origin = Origin("api", name, extracted_at=until, window_from=since, window_to=until)
    return _register(engine, contract, stored, origin)


def land_reference(
    engine: sa.Engine,
    landing_dir: Path,
    contract: Contract,
    name: str,
    rows: dict[int, dict[str, Any]],
    extracted_at: datetime,
) -> Landed:
    """Lands the rows of a reference file, given by their lines in it, as JSON Lines with the same numbers.

    The same rows give the same batch. Line 1, where the file has its header, states the total.
    """

    def lines() -> Iterable[bytes]:
        yield orjson.dumps({"tep": name, "tong_so": len(rows)}, option=orjson.OPT_APPEND_NEWLINE)
        for number in range(2, max(rows, default=1) + 1):
            yield orjson.dumps(rows[number], option=orjson.OPT_APPEND_NEWLINE) if number in rows else b"\n"

    stored = _store(landing_dir, contract.dataset, lines(), ".jsonl")
    return _register(engine, contract, stored, Origin("reference", name, extracted_at))


@dataclass(frozen=True)
class _Stored:
    path: Path
    sha256: str
    size_bytes: int


def _store(
    landing_dir: Path,
    dataset: str,
    chunks: Iterable[bytes],
    suffix: str,
    judge: Callable[[Path, str], None] = lambda *_: None,
) -> _Stored:
    """Writes a file named by its sha-256, if `judge` does not raise for it; it then outlives a power cut.

    It takes the place of whatever has its name: that may have been damaged since it was landed.
    """
    digest = hashlib.sha256()
    with _writing(landing_dir):
        _make_folder(landing_dir)
        # Beside the dataset's folder, not in it: of a file that is refused not even the folder stays.
        handle, name = tempfile.mkstemp(prefix=PREFIX, dir=landing_dir)
    temporary = Path(name)
    try:
        # Not buffered: closing a file whose last bytes found no room would fail once more.
        with os.fdopen(handle, "wb", buffering=0) as file, ThreadPoolExecutor(max_workers=1) as background:
            for chunk in chunks:
                hashing = background.submit(digest.update, chunk)
                with _writing(landing_dir):
                    _write_all(file, chunk)
                hashing.result()
            with _writing(landing_dir):
                os.fsync(file.fileno())
            size_bytes = file.tell()
        sha256 = digest.hexdigest()
        judge(temporary, sha256)
        target = _place(landing_dir / dataset / sha256[:2], sha256, suffix)
        with _writing(landing_dir):
            _make_folder(target.parent)
            temporary.chmod(PRIVATE_FILE)
            _put(temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    # Also those that were there: who made them may have been killed before this.
    with _writing(landing_dir):
        for folder in (target.parent, target.parent.parent, landing_dir):
            _close_to_others(folder)
            _sync_folder(folder)
    return _Stored(target, sha256, size_bytes)


def _place(folder: Path, sha256: str, suffix: str) -> Path:
    """Where bytes are kept: where they were kept before, under whatever suffix they came then.

    A second copy would be in no row of ops.batch, and stay when the time of the first is over.
    """
    kept = sorted(path for path in folder.glob(f"{sha256}*") if path.is_file() and not path.is_symlink())
    return kept[0] if kept else folder / f"{sha256}{suffix}"


def _write_all(file: io.FileIO, chunk: bytes) -> None:
    rest = memoryview(chunk)
    while rest:
        rest = rest[file.write(rest) :]


@contextlib.contextmanager
def _writing(landing_dir: Path) -> Iterator[None]:
    """Raises LandingUnavailable for what the file system of the landing area refuses, full above all."""
    try:
        yield
    except PermissionError:
        raise
    except OSError as error:
        room = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        raise LandingUnavailable(
            f"{landing_dir}: {'no room is left' if room else f'it cannot be written to ({error.strerror})'}. "
            f"Nothing was landed and nothing of it was left behind. "
            f"{'Make room' if room else 'Look at its file system'}: it is tried again, and what is missed is "
            f"pulled by the next run (docs/runbook.md, section 'The landing area is full')."
        ) from None


def _put(temporary: Path, target: Path) -> None:
    try:
        temporary.replace(target)
    except IsADirectoryError as error:
        raise BadFile(
            f"{target}: a folder stands where the landed file belongs. Nothing was landed: move the folder "
            f"away and give the file again."
        ) from error


def _make_folder(folder: Path) -> None:
    """Makes the folder and those above it, each of which outlives a power cut; only this user enters it."""
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
        _sync_folder(folder.parent)


def _close_to_others(folder: Path) -> None:
    """Takes from others what an earlier version, or whoever made the folder, let them do with it."""
    status = folder.stat()
    if status.st_uid == os.geteuid() and status.st_mode & 0o077:
        folder.chmod(PRIVATE_FOLDER)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    except OSError as error:
        # Some network file systems write names at once and know no such call.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(handle)


def _register(engine: sa.Engine, contract: Contract, stored: _Stored, origin: Origin) -> Landed:
    path, sha256, size_bytes = stored.path, stored.sha256, stored.size_bytes
    with engine.begin() as connection:
        batch_id, new = register_landed(connection, contract.dataset, path, sha256, size_bytes, origin)
    return Landed(batch_id, sha256, path, new)
