"""How many files this process may still open."""

import gc
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def open_handles() -> set[int]:
    """The handles of this process, and for a moment that of the folder that lists them."""
    return {int(handle.name) for handle in Path("/proc/self/fd").iterdir()}


@contextmanager
def handles_left(left: int) -> Iterator[None]:
    """Lets this process open so many handles more; none of them may stay open."""
    # Else what earlier tests forgot could be closed in between.
    gc.collect()
    before, limits = open_handles(), resource.getrlimit(resource.RLIMIT_NOFILE)
    filling = [os.dup(1)]
    while filling[-1] <= max(before):
        filling.append(os.dup(1))
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (filling[-1] + 1 + left, limits[1]))
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        for handle in filling:
            os.close(handle)
    assert open_handles() == before
