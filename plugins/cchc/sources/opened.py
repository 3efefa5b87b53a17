"""Opens a file that somebody put into a folder: a regular one by its own path, whole and not too large."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from cchc.errors import BadDefinition, BadFile, NotTaken
from cchc.field_words import kept_name
from cchc.spelling import legible

CHUNK_BYTES = 4 << 20
# Five times a million dossiers as CSV.
DEFAULT_MAX_MB = 2048
KINDS = {
    0: "",
    stat.S_IFDIR: "a folder",
    stat.S_IFLNK: "a link",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def most_bytes() -> int:
    """The size in bytes up to which files are taken by hand: CCHC_INGEST_MAX_MB; raises BadDefinition."""
    text = os.environ.get("CCHC_INGEST_MAX_MB") or str(DEFAULT_MAX_MB)
    if not (text.isascii() and text.isdecimal() and int(text[:12]) > 0):
        raise BadDefinition(
            f"CCHC_INGEST_MAX_MB={text!r} is no size. Expected whole megabytes, for example {DEFAULT_MAX_MB}."
        )
    return int(text[:12]) << 20


def open_regular(path: Path) -> int:
    """A descriptor of the file at `path`; raises NotTaken when it is no regular file of that one name, or
    when a part of the path is a link."""
    # Step by step from the root: O_NOFOLLOW alone looks at the last part only. With O_PATH a folder is only
    # passed through, and nothing is opened that reading would wait for.
    step = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
    *folders, name = path.parts
    if ".." in folders:
        raise no_file(path)
    handle = None
    try:
        for folder in folders:
            inner = os.open(folder, step | os.O_DIRECTORY, dir_fd=handle)
            if handle is not None:
                os.close(handle)
            handle = inner
        # A device would act on being opened; what takes the file's place now is seen below.
        kind = os.stat(name, dir_fd=handle, follow_symlinks=False).st_mode
        if not stat.S_ISREG(kind):
            raise no_file(path, kind)
        found = os.open(
            name, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NOCTTY, dir_fd=handle
        )
    except PermissionError as error:
        raise NotTaken(
            f"{shown(path)}: not readable for this worker. Expected a file that it may read."
        ) from error
    except (OSError, ValueError) as error:
        raise no_file(path) from error
    finally:
        if handle is not None:
            os.close(handle)
    status = os.fstat(found)
    if stat.S_ISREG(status.st_mode) and status.st_nlink == 1:
        return found
    os.close(found)
    if not stat.S_ISREG(status.st_mode):
        raise no_file(path, status.st_mode)
    raise NotTaken(
        f"{shown(path)}: this file has {status.st_nlink} names (hard links), so it may be another one "
        f"than it seems. Expected a file of its own: put a copy there."
    )


def read_whole(handle: int, path: Path, most: int) -> Iterator[bytes]:
    """All bytes of an open file, of `most` bytes at most; raises NotTaken when it is larger, BadFile when it
    is written to meanwhile.

    No more is read than the file had at first: neither one that grows nor one that has no end is followed.
    """
    before = os.fstat(handle)
    if before.st_size > most:
        raise too_large(path, before.st_size, most)
    left = before.st_size
    while left:
        chunk = os.read(handle, min(CHUNK_BYTES, left))
        if not chunk:
            break
        left -= len(chunk)
        yield chunk
    after = os.fstat(handle)
    if left or (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
        raise BadFile(
            f"{shown(path)}: was written to while it was read. Nothing of it was kept: give it again when "
            f"it is complete."
        )


def shown(path: Path | str) -> str:
    """How messages name a file that somebody put into a folder: by words of the field."""
    return kept_name(legible(Path(path).name))


def no_file(path: Path | str, kind: int = 0) -> NotTaken:
    what = KINDS.get(stat.S_IFMT(kind), "")
    return NotTaken(
        f"{shown(path)}: no such file for this worker"
        f"{what and f': this is {what}'}. Expected the absolute "
        f"path of a readable file, no part of it a link."
    )


def too_large(path: Path, size: int, most: int) -> NotTaken:
    return NotTaken(
        f"{shown(path)}: {size / (1 << 20):,.1f} MB. Expected at most {most >> 20} MB: split it "
        f"by month. What is larger is loaded with ingest_file, up to CCHC_INGEST_MAX_MB."
    )
