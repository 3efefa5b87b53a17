"""Whether a landed file still is what was landed, byte for byte, and what to do when it is not."""

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cchc.batches import Batch
from cchc.errors import DamagedFile, DeletedFile

HOW_TO_GET_IT_AGAIN = {
    "file": "Give the same file again (python -m cchc ingest {dataset} FILE, or where it was put before)",
    "form": "Put the same file into the drop folder again, or give it to an operator",
    "api": "Have it pulled again (clear the task land of its run), or put the file back from a backup",
    "reference": "Run the task reference, or python -m cchc reference, again",
}


def check_landed(batch: Batch) -> None:
    """Raises DamagedFile when the landed file is not there or is not what was landed; DeletedFile, which is
    one, when it was deleted on purpose.

    Reads all of it: half a second for 620 MB.
    """
    _check_kept(batch)
    if fault := landed_fault(batch.landed_path, batch.size_bytes, batch.sha256):
        raise _damaged(batch, fault)


@contextmanager
def whole_while_read(batch: Batch) -> Iterator[None]:
    """check_landed, and where the file was touched before the end, once more then.

    Readers open the file themselves. What they say of one that somebody was changing is not told.
    """
    _check_kept(batch)
    try:
        handle = _open(batch.landed_path)
    except OSError:
        check_landed(batch)
        raise
    try:
        before = os.fstat(handle)
        if fault := _fault(handle, batch.size_bytes, batch.sha256):
            raise _damaged(batch, fault)
        try:
            yield
        except Exception:
            _check_again(batch, handle, before)
            raise
        _check_again(batch, handle, before)
    finally:
        os.close(handle)


def landed_fault(path: Path, size_bytes: int, sha256: str) -> str | None:
    """What is wrong with a file that was landed with this size and SHA-256; None when nothing is."""
    try:
        handle = _open(path)
    except OSError as error:
        if path.is_symlink():
            return f"is a link now, expected a regular file of {size_bytes} bytes"
        return f"cannot be read ({error.strerror})"
    try:
        return _fault(handle, size_bytes, sha256)
    finally:
        os.close(handle)


def _open(path: Path) -> int:
    # Neither another file behind a link, nor a pipe that is waited for.
    return os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)


def _fault(handle: int, size_bytes: int, sha256: str) -> str | None:
    found = os.fstat(handle)
    if not stat.S_ISREG(found.st_mode):
        return f"is no regular file now, expected one of {size_bytes} bytes"
    if found.st_size != size_bytes:
        return f"has {found.st_size} bytes, {size_bytes} were landed"
    os.lseek(handle, 0, os.SEEK_SET)
    try:
        with os.fdopen(handle, "rb", closefd=False) as file:
            read = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    return None if read == sha256 else f"has other bytes than were landed (SHA-256 {read}, expected {sha256})"


def _check_again(batch: Batch, handle: int, before: os.stat_result) -> None:
    now = os.fstat(handle)
    if (now.st_size, now.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
        raise _damaged(batch, "was written to while it was read")
    try:
        named = batch.landed_path.lstat()
    except OSError:
        named = None
    same = named is not None and (named.st_dev, named.st_ino) == (before.st_dev, before.st_ino)
    if same and now.st_ctime_ns == before.st_ctime_ns:
        return
    # The same bytes may have been given again meanwhile, in a file that took this one's place: readers may
    # have had either.
    if fault := _fault(handle, batch.size_bytes, batch.sha256):
        raise _damaged(batch, fault)
    check_landed(batch)


def _check_kept(batch: Batch) -> None:
    if batch.file_deleted_at is None:
        return
    again = HOW_TO_GET_IT_AGAIN[batch.origin].format(dataset=batch.dataset)
    raise DeletedFile(
        f"{batch.label}: its landed file was deleted on {batch.file_deleted_at:%Y-%m-%d}, when the time for "
        f"which files of {batch.dataset} are kept was over (ops.deleted_file says what that took). It cannot "
        f"be judged again; what was loaded of it stays loaded. {again}, if these bytes still exist: then it "
        f"can."
    )


def _damaged(batch: Batch, fault: str) -> DamagedFile:
    again = HOW_TO_GET_IT_AGAIN[batch.origin].format(dataset=batch.dataset)
    return DamagedFile(
        f"{batch.label}: the landed file {batch.landed_path} {fault}. Nothing of it was loaded now. {again}: "
        f"the same bytes replace the damaged file, and the batch is judged again."
    )
