"""Removes what a killed process left behind, once nobody can be using it any more."""

import os
import shutil
import stat
import time
from dataclasses import dataclass
from pathlib import Path

# No run takes that long over one file.
LEFT_AFTER_S = 24 * 3600
BLOCK_BYTES = 512


@dataclass(frozen=True)
class Removed:
    """Something that was removed, and the bytes that it took on the disk."""

    name: str
    bytes: int


def sweep_folders(parent: Path, prefix: str) -> list[Removed]:
    """Removes this user's folders in `parent` with that prefix that are older than a day."""
    removed = []
    for left in _left(parent, prefix, stat.S_IFDIR):
        size = _size(left) + sum(_size(path) for path in left.rglob("*"))
        shutil.rmtree(left, ignore_errors=True)
        if not left.exists():
            removed.append(Removed(left.name, size))
    return removed


def sweep_files(parent: Path, prefix: str) -> list[Removed]:
    """Removes this user's files in `parent` with that prefix that are older than a day."""
    removed = []
    for left in _left(parent, prefix, stat.S_IFREG):
        size = _size(left)
        left.unlink(missing_ok=True)
        removed.append(Removed(left.name, size))
    return removed


def is_old(path: Path) -> bool:
    """Whether a regular file is there that nobody gave again within a day."""
    try:
        found = path.lstat()
    except OSError:
        return False
    return stat.S_ISREG(found.st_mode) and time.time() - found.st_mtime > LEFT_AFTER_S


def _left(parent: Path, prefix: str, kind: int) -> list[Path]:
    found = []
    for left in parent.glob(f"{prefix}*"):
        try:
            status = left.lstat()
        except OSError:  # its own process has just removed it
            continue
        ours = stat.S_IFMT(status.st_mode) == kind and status.st_uid == os.geteuid()
        if ours and time.time() - status.st_mtime > LEFT_AFTER_S:
            found.append(left)
    return sorted(found)


def _size(path: Path) -> int:
    try:
        return path.lstat().st_blocks * BLOCK_BYTES
    except OSError:
        return 0
