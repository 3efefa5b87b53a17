"""Child processes that never outlive the stack: started in their own session, found and ended."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import psutil

from tools.local.settings import MARK, open_private

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


def spawn(
    command: list[str], *, log: Path, env: dict[str, str], on_parent_death: int, **kwargs: Any
) -> subprocess.Popen[bytes]:
    """Starts a program in a session of its own; the kernel signals it when this process dies.

    Call it from the main thread: the kernel watches the thread that started the child.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    parent = os.getpid()

    def die_with_parent() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, on_parent_death)
        if os.getppid() != parent:
            os._exit(1)

    log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(open_private(log, os.O_WRONLY | os.O_TRUNC), "wb") as output:
        return subprocess.Popen(
            command,
            env=env,
            stdin=kwargs.pop("stdin", subprocess.DEVNULL),
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            # One thread only in the callers, so running Python between fork and exec is safe.
            preexec_fn=die_with_parent,  # noqa: PLW1509
            **kwargs,
        )


def signal_group(process: subprocess.Popen[bytes], number: int) -> None:
    """Signals a spawned program and everything in its process group."""
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return


def kill_groups(processes: Iterable[subprocess.Popen[bytes]]) -> None:
    """Ends programs at once, each with its whole process group."""
    processes = list(processes)
    for process in processes:
        signal_group(process, signal.SIGKILL)
    for process in processes:
        process.wait()


def adopt_orphans() -> None:
    """Makes grandchildren whose parent dies children of this process, see `reap`."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1)


def reap(patience_s: float) -> None:
    """Collects ended children; in a container without an init they would stay listed for ever."""
    deadline = time.monotonic() + patience_s
    try:
        while time.monotonic() < deadline:
            if os.waitpid(-1, os.WNOHANG) == (0, 0):
                time.sleep(0.02)
    except ChildProcessError:
        return


def alive(pid: int, create_time: float) -> bool:
    """True while the very process lives that had this pid at that time."""
    try:
        process = psutil.Process(pid)
        return abs(process.create_time() - create_time) < 1 and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def marked(home: Path, spare: Iterable[int] = ()) -> list[psutil.Process]:
    """Living processes that carry the mark of the stack in `home`, except those in `spare`."""
    spare = {os.getpid(), *spare}
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid in spare or process.status() == psutil.STATUS_ZOMBIE:
                continue
            if process.environ().get(MARK) == str(home):
                found.append(process)
        except psutil.Error:
            continue
    return found


def end_marked(home: Path, spare: Iterable[int] = (), patience_s: float = 0) -> int:
    """Waits for the marked processes to go, kills those that stay; returns how many it killed."""
    deadline = time.monotonic() + patience_s
    while (left := marked(home, spare)) and time.monotonic() < deadline:
        time.sleep(0.1)
    killed = 0
    while left:
        for process in left:
            try:
                process.kill()
                killed += 1
            except psutil.NoSuchProcess:
                continue
        psutil.wait_procs(left, timeout=3)
        left = marked(home, spare)
    return killed
