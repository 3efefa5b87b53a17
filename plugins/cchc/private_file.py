"""Writes what the commands make for whoever runs them, so that nobody else on the machine reads it."""

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO


def write_private(path: Path, content: bytes) -> None:
    """As private_draft, of content that is there."""
    with suppress(FileNotFoundError):
        # /dev/stdout and the like are no files of ours.
        if not stat.S_ISREG(path.stat().st_mode):
            path.write_bytes(content)
            return
    with private_draft(path) as file:
        file.write(content)


@contextmanager
def private_draft(path: Path) -> Iterator[IO[bytes]]:
    """Puts a file that its owner alone may read in the place of what stood there, whole or not at all.

    Whoever had the old one open reads on in that. Raises OSError.
    """
    place = path.resolve()
    # Made with mode 0600.
    handle, name = tempfile.mkstemp(prefix=f".{place.name[:40]}.", suffix=".new", dir=place.parent)
    draft = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        draft.replace(place)
    except BaseException:
        draft.unlink()
        raise
