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
        handles: list[int] = []
        try:
            for _ in range(3):
                handles += os.pipe()
            self._pid = os.fork()
        except OSError:
            for handle in handles:
                os.close(handle)
            raise
        its_input, given, said, its_output, told, its_errors = handles
        ours, its = (given, said, told), (its_input, its_output, its_errors)
        if not self._pid:
            _be_copy(work, folder, settings, its)
        for handle in its:
            os.close(handle)
        # They know by themselves whether they are closed, wherever an exception came between.
        self._given, *self._said = (
            os.fdopen(handle, mode, buffering=0)
            for handle, mode in zip(ours, ("wb", "rb", "rb"), strict=True)
        )
        self._ended = False

    def communicate(self, request: bytes | None = None) -> tuple[bytes, bytes]:
        """Gives the copy its request, if it was not given one, and waits for its end: output and errors.

        Where that is broken off, as by a time limit, it may be called again after the copy's end.
        """
        if not self._given.closed:
            # One that has ended already: why is told by how it did.
            with contextlib.suppress(BrokenPipeError), self._given:
                rest = memoryview(request or b"")
                while rest:
                    rest = rest[self._given.write(rest) :]
        found = [b""] * len(self._said)
        with selectors.DefaultSelector() as waiting:
            for number, stream in enumerate(self._said):
                if not stream.closed:
                    waiting.register(stream, selectors.EVENT_READ, number)
            while waiting.get_map():
                for key, _ in waiting.select():
                    piece = self._said[key.data].read(1 << 16)
                    found[key.data] += piece
                    if not piece:
                        waiting.unregister(key.fileobj)
                        self._said[key.data].close()
        self._wait(0)
        output, errors = found
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
            try:
                pid, status = os.waitpid(self._pid, how)
            except ChildProcessError:  # its end was taken note of elsewhere, or where this was broken off
                pid, status = self._pid, 0
            if pid:
                self.returncode, self._ended = os.waitstatus_to_exitcode(status), True


def _close_all_but(kept: int) -> None:
    """Closes all handles from `kept` on, also those above a limit that was lowered since.

    By what there is: up to the limit of a container there may be a thousand million numbers to try.
    """
    for handle in list(Path("/proc/self/fd").iterdir()):
        if int(handle.name) >= kept:
            with contextlib.suppress(OSError):  # that of the folder itself
                os.close(int(handle.name))


def _be_copy(
    work: Callable[[], None], folder: Path, settings: dict[str, str], handles: tuple[int, ...]
) -> None:
    """What the copy does; does not return."""
    try:
        for number, handle in enumerate(handles):
            os.dup2(handle, number)
        # Closed by their numbers first: where it has no more than these, what is open could not be listed.
        for handle in handles:
            if handle >= len(handles):
                os.close(handle)
        _close_all_but(3)
        # Handlers of the parent write to what is closed.
        logging.disable(logging.CRITICAL)
        for kind in (signal.SIGTERM, signal.SIGINT):
            signal.signal(kind, signal.SIG_DFL)
        # What the parent had open is not taken apart here: it would close handles that are others' by now.
        gc.freeze()
        _of_the_parent = (sys.stdin, sys.stdout, sys.stderr)
        sys.stdin, sys.stdout, sys.stderr = (
            os.fdopen(number, mode, encoding="utf-8", errors="backslashreplace")
            for number, mode in enumerate("rww")
        )
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
