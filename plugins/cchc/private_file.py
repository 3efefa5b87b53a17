"""Writes what the commands make for whoever runs them, so that nobody else on the machine reads it."""

import os
import stat
from pathlib import Path

MODE = 0o600


def write_private(path: Path, content: bytes) -> None:
    """Writes a file that its owner alone may read, also where one stood that others could; raises OSError."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT, MODE), "wb") as file:
        status = os.fstat(file.fileno())
        # /dev/stdout and the like are no files of ours.
        if stat.S_ISREG(status.st_mode):
            if stat.S_IMODE(status.st_mode) != MODE:
                os.fchmod(file.fileno(), MODE)
            file.truncate()
        file.write(content)
