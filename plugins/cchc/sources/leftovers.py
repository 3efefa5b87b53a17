"""Removes what a killed process left behind, once nobody can be using it any more."""

import os
import shutil
import stat
import time
from pathlib import Path

# No run takes that long over one file.
LEFT_AFTER_S = 24 * 3600


def sweep_folders(parent: Path, prefix: str) -> None:
    """Removes this user's folders in `parent` with that prefix that are older than a day."""
    for left in _left(parent, prefix, stat.S_IFDIR):
        shutil.rmtree(left, ignore_errors=True)


def sweep_files(parent: Path, prefix: str) -> None:
    """Removes this user's files in `parent` with that prefix that are older than a day."""
    for left in _left(parent, prefix, stat.S_IFREG):
        left.unlink(missing_ok=True)


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
    return found
