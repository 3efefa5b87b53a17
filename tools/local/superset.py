"""Superset over the warehouse of a clone: prepared, started, found again and ended.

It has a Python of its own (`make superset` makes it from bi/superset/requirements.lock), because it needs
older packages than the rest. It reads as the BI login, and carries the mark of its stack: whatever stops
the stack ends it too.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from tools.local import processes
from tools.local.settings import (
    BI_LOGIN,
    LOOPBACK,
    MARK,
    REPO,
    Home,
    LocalStackError,
    choose_port,
    clean_environment,
    load_secrets,
    write_private,
)
from tools.local.stack import Say, answers

BUNDLE = REPO / "bi" / "superset"
ENVIRONMENT = REPO / ".venv-superset"
ADMIN = "admin"
START_TIMEOUT_S = 180
THREADS = 8


@dataclass(frozen=True)
class Superset:
    """A Superset that was started: its process and its port on loopback."""

    pid: int
    create_time: float
    port: int

    @property
    def address(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def is_alive(self) -> bool:
        return processes.alive(self.pid, self.create_time)


def last_started(home: Home) -> Superset | None:
    """The one that was started last in this clone, alive or not."""
    try:
        return Superset(**json.loads(_state_file(home).read_text()))
    except (OSError, ValueError, TypeError):
        return None


def make_room(home: Home) -> int:
    """Ends one that runs already; returns the port for the next one.

    Raises LocalStackError where Superset is not installed or PORT_SUPERSET is no port to have.
    """
    if not (ENVIRONMENT / ".installed").exists():
        raise LocalStackError(f"Superset is not installed in {ENVIRONMENT}: run `make superset`.")
    end(home)
    before = last_started(home)
    return choose_port("PORT_SUPERSET", before.port if before else None)


def start(home: Home, port: int, warehouse_dsn: str, say: Say) -> Superset:
    """Makes Superset ready with the bundle and starts it.

    `warehouse_dsn`: the warehouse as the BI login enters it. Raises LocalStackError with the end of the
    log of what failed. To be called from the main thread.
    """
    python = ENVIRONMENT / "bin" / "python"
    secrets = load_secrets(home.path)
    folder = home.path / "superset"
    folder.mkdir(mode=0o700, exist_ok=True)
    environment = _environment(home, folder, secrets["superset_key"])

    say("preparing Superset")
    given = {"WAREHOUSE_URI": _with_driver(warehouse_dsn), "ADMIN_PASSWORD": secrets["superset"]}
    log = home.logs / "superset-prepare.log"
    prepare = processes.spawn(
        [str(python), str(BUNDLE / "prepare.py")],
        log=log, env=environment | given, cwd=folder, umask=0o077, on_parent_death=signal.SIGTERM,
    )  # fmt: skip
    _wait(prepare, "superset-prepare", log, lambda: prepare.poll() == 0)

    say("starting Superset")
    log = home.logs / "superset.log"
    options = ["--bind", f"{LOOPBACK}:{port}", "--worker-class", "gthread", "--threads", str(THREADS)]
    server = processes.spawn(
        [str(python), "-m", "gunicorn", *options, "--timeout", "120", "superset.app:create_app()"],
        # It goes on when the command that started it has ended: `make down` finds it by its mark.
        log=log, env=environment, cwd=folder, umask=0o077, on_parent_death=0,
    )  # fmt: skip
    started = Superset(server.pid, psutil.Process(server.pid).create_time(), port)
    write_private(_state_file(home), json.dumps(asdict(started)))
    _wait(server, "superset", log, lambda: answers(f"{started.address}/health"))
    return started


def end(home: Home) -> None:
    """Ends the Superset of this clone, if one is running."""
    running = last_started(home)
    if running is None or not running.is_alive:
        return
    with suppress(ProcessLookupError):
        os.killpg(running.pid, signal.SIGTERM)
    deadline = time.monotonic() + 10
    while running.is_alive:
        with suppress(ChildProcessError):
            os.waitpid(running.pid, os.WNOHANG)
        if time.monotonic() > deadline:
            with suppress(ProcessLookupError):
                os.killpg(running.pid, signal.SIGKILL)
        time.sleep(0.05)


def access(home: Home, running: Superset) -> str:
    """How to reach it, and what is there."""
    secrets = load_secrets(home.path)
    return "\n".join(
        [
            f"Superset   {running.address}",
            f"           user {ADMIN}, password {secrets['superset']}",
            *(f"           {running.address}/superset/dashboard/{slug}/" for slug in slugs()),
            f"           reads mart as {BI_LOGIN}; what is changed in it is replaced at the next start",
            "Stop       make down",
        ]
    )


def slugs() -> list[str]:
    """The last parts of the dashboards' addresses."""
    lines = (
        line
        for file in sorted((BUNDLE / "dashboards").glob("*.yaml"))
        for line in file.read_text(encoding="utf-8").splitlines()
    )
    return [line.removeprefix("slug: ") for line in lines if line.startswith("slug: ")]


def _state_file(home: Home) -> Path:
    return home.path / "run" / "superset.json"


def _environment(home: Home, folder: Path, key: str) -> dict[str, str]:
    """Nothing of Superset's settings is inherited: what a person has set for another one stays there."""
    prefixes = ("SUPERSET_", "FLASK_", "GUNICORN_")
    inherited = {k: v for k, v in clean_environment().items() if not k.startswith(prefixes)}
    return inherited | {
        MARK: str(home.path),
        "SUPERSET_HOME": str(folder),
        "SUPERSET_SECRET_KEY": key,
        "SUPERSET_CONFIG_PATH": str(BUNDLE / "superset_config.py"),
    }


def _with_driver(dsn: str) -> str:
    """Of a PostgreSQL address the form that SQLAlchemy 1.4 and 2 take, without settings of a client."""
    _, _, rest = dsn.partition("://")
    return f"postgresql+psycopg2://{rest.partition('?')[0]}"


def _wait(process: subprocess.Popen[bytes], name: str, log: Path, done: Callable[[], bool]) -> None:
    """Returns when it is done; ends the process and raises when it has failed, or takes too long."""
    deadline = time.monotonic() + START_TIMEOUT_S
    try:
        while not done():
            if process.poll() not in (None, 0):
                tail = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
                raise LocalStackError(
                    f"{name} ended with code {process.returncode}. Its log is {log}, and ends with:\n{tail}"
                )
            if time.monotonic() > deadline:
                raise LocalStackError(f"{name} was not ready after {START_TIMEOUT_S} s. See its log: {log}.")
            time.sleep(0.2)
    except BaseException:
        processes.kill_groups([process])
        raise
