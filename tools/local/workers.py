"""Celery in the local stack: a Redis that holds the queue, and the workers that take tasks from it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess

import redis

from tools.local import processes
from tools.local.settings import LOOPBACK, MARK, Home, LocalStackError, clean_environment

EXECUTORS = ("local", "celery")
WORKERS, MOST_WORKERS = 2, 16
REDIS = "redis"
PROGRAM = "redis-server"
# In memory only: of what was in the queue when a stack ended the next one's scheduler knows itself.
SETTINGS = f"""\
bind {LOOPBACK}
protected-mode yes
save ""
appendonly no
# The new title would overwrite the environment, by which leftovers are found.
set-proc-title no
"""


def executor_asked_for() -> str | None:
    """What EXECUTOR says, None where it says nothing; raises LocalStackError for what is none."""
    asked = os.environ.get("EXECUTOR", "").strip().lower()
    if asked and asked not in EXECUTORS:
        raise LocalStackError(
            f"EXECUTOR={asked!r} is no executor of the local stack. Expected {' or '.join(EXECUTORS)}."
        )
    return asked or None


def workers_asked_for() -> list[str]:
    """The names of the workers of a stack that starts now; none where the scheduler runs the tasks itself.

    Raises LocalStackError when they cannot be had.
    """
    if executor_asked_for() != "celery":
        return []
    text = os.environ.get("WORKERS", "").strip() or str(WORKERS)
    if not text.isdecimal() or not 0 < int(text) <= MOST_WORKERS:
        raise LocalStackError(f"WORKERS={text!r} is no number of workers. Expected 1 to {MOST_WORKERS}.")
    if shutil.which(PROGRAM) is None:
        raise LocalStackError(
            f"EXECUTOR=celery needs {PROGRAM}, which is not on the PATH. Install it (Debian, Ubuntu: "
            f"sudo apt-get install redis-server), or leave EXECUTOR out: then no queue is needed."
        )
    return [f"worker-{number}" for number in range(1, int(text) + 1)]


def start_redis(home: Home, port: int, password: str) -> subprocess.Popen[bytes]:
    """Starts the queue on loopback; nobody gets in without the password."""
    folder = home.path / REDIS
    folder.mkdir(mode=0o700, exist_ok=True)
    process = processes.spawn(
        # Its settings come by its standard input: everybody sees the words of a command.
        [shutil.which(PROGRAM) or PROGRAM, "-"],
        log=home.logs / f"{REDIS}.log",
        env=clean_environment() | {MARK: str(home.path)},
        cwd=folder,
        stdin=subprocess.PIPE,
        umask=0o077,
        on_parent_death=signal.SIGKILL,
    )
    assert process.stdin is not None
    process.stdin.write(f"{SETTINGS}port {port}\nrequirepass {password}\n".encode())
    process.stdin.close()
    return process


def redis_answers(port: int, password: str) -> bool:
    """Whether the queue takes this password now."""
    client = redis.Redis(LOOPBACK, port, password=password, socket_timeout=2)
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
    finally:
        client.close()


def command(name: str) -> list[str]:
    """A worker, as words after `python -m`."""
    # Task logs are files on this machine; serving them would open a port to all networks.
    return ["airflow", "celery", "worker", "--celery-hostname", name, "--skip-serve-logs"]
