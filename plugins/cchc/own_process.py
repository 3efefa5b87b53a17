"""What processes of our own have in common: no secrets in the environment, limits, an end with the parent."""

import contextlib
import ctypes
import gc
import logging
import os
import resource
import selectors
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path

# What they need of this process' environment; all else may be a secret.
KEPT = ("PATH", "LANG", "LC_ALL", "SYSTEMROOT", "PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX")
PR_SET_PDEATHSIG = 1


def environment(*more: str, **settings: str) -> dict[str, str]:
    """The environment of such a process: what any needs of this one's, `more` by name, and `settings`."""
    return {name: os.environ[name] for name in (*KEPT, *more) if name in os.environ} | settings


def confine(parent: int, limits: dict[int, int]) -> bool:
    """Has this process end with `parent`, keep limits (of resource.setrlimit) and leave no core file.

    False when the parent has ended already.
    """
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before that was asked for
        return False
    for limit, most in (limits | {resource.RLIMIT_CORE: 0}).items():
        # Of processor time the lower limit ends it with a signal of its own; the upper one looks like a kill.
        resource.setrlimit(limit, (most, most + (limit == resource.RLIMIT_CPU)))
    return True


def data_bytes() -> int:
    """How much memory of those that RLIMIT_DATA counts this process has."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[5])
    return pages * resource.getpagesize()


class Copy:
    """A copy of this process that does `work` in `folder` and ends, used as subprocess.Popen is.

    It has the modules that are imported here, and `settings` for its environment. Of open files and
    connections it keeps none.
    """

    def __init__(self, work: Callable[[], None], folder: Path, settings: dict[str, str]) -> None:
        self.returncode = 0
        ours, its = zip(
            *(os.pipe()[:: -1 if to_copy else 1] for to_copy in (True, False, False)), strict=True
        )
        try:
            self._pid = os.fork()
        except OSError:
            for handle in (*ours, *its):
                os.close(handle)
            raise
        if not self._pid:
            _be_copy(work, folder, settings, its)
        for handle in its:
            os.close(handle)
        self._given, *self._said = ours
        self._ended = False

    def communicate(self, request: bytes | None = None) -> tuple[bytes, bytes]:
        """Gives the copy its request, if it was not given one, and waits for its end: output and errors."""
        if self._given is not None:
            # One that has ended already: why is told by how it did.
            with contextlib.suppress(BrokenPipeError), os.fdopen(self._given, "wb") as given:
                given.write(request or b"")
            self._given = None
        found = dict.fromkeys(self._said, b"")
        with selectors.DefaultSelector() as waiting:
            for handle in self._said:
                waiting.register(handle, selectors.EVENT_READ)
            while waiting.get_map():
                for key, _ in waiting.select():
                    piece = os.read(key.fd, 1 << 16)
                    found[key.fd] += piece
                    if not piece:
                        waiting.unregister(key.fd)
                        os.close(key.fd)
        self._said = []
        self._wait(0)
        output, errors = list(found.values()) or (b"", b"")
        return output, errors

    def poll(self) -> int | None:
        """How the copy ended, None while it has not."""
        self._wait(os.WNOHANG)
        return self.returncode if self._ended else None

    def kill(self) -> None:
        """Ends the copy."""
        if not self._ended:
            os.kill(self._pid, signal.SIGKILL)

    def _wait(self, how: int) -> None:
        if not self._ended:
            pid, status = os.waitpid(self._pid, how)
            if pid:
                self.returncode, self._ended = os.waitstatus_to_exitcode(status), True


def _be_copy(
    work: Callable[[], None], folder: Path, settings: dict[str, str], handles: tuple[int, ...]
) -> None:
    """What the copy does; does not return."""
    try:
        for number, handle in enumerate(handles):
            os.dup2(handle, number)
        os.closerange(3, os.sysconf("SC_OPEN_MAX"))
        # Handlers of the parent write to what is closed.
        logging.disable(logging.CRITICAL)
        for kind in (signal.SIGTERM, signal.SIGINT):
            signal.signal(kind, signal.SIG_DFL)
        # What the parent had open is not taken apart here: it would close handles that are others' by now.
        gc.freeze()
        _of_the_parent = (sys.stdin, sys.stdout, sys.stderr)
        sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w")  # noqa: SIM115
        os.environ.clear()
        os.environ.update(settings)
        tempfile.tempdir = None
        os.chdir(folder)
        work()
    except BaseException as error:
        # Its words could quote what is secret.
        place = traceback.extract_tb(error.__traceback__)[-1]
        os.write(2, f"{type(error).__name__} at {Path(place.filename).name}:{place.lineno}".encode())
    finally:
        os._exit(1)
