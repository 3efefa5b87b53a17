"""Starts and stops the whole stack; one supervisor process owns every part of it.

The supervisor's standard input is its lifeline: when the command that started it ends, however it
ends, the lifeline closes and the supervisor stops everything. `make up` lets go of it on purpose.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from typing import Any, NoReturn

import psutil
import requests

from cchc.commands.airflow_api import AirflowApi
from cchc.commands.celery_workers import answering
from cchc.errors import CchcError
from tools.local import metadata, processes, workers
from tools.local.postgres import EmbeddedPostgres, exclusive_use
from tools.local.settings import (
    ADMIN_USER,
    BI_LOGIN,
    LOOPBACK,
    MARK,
    OWNER_LOGIN,
    PEOPLE,
    REPO,
    SOURCE_LAST_MONTH,
    TASKS_OF_A_WORKER,
    Home,
    LocalStackError,
    Ports,
    choose_ports,
    clean_environment,
    load_secrets,
    simulator_environment,
    stack_environment,
    warehouse_dsn,
    write_private,
)

AIRFLOW_PARTS = {
    "api-server": [],
    # Task logs are files on this machine; serving them would open a port to all networks.
    "scheduler": ["--skip-serve-logs"],
    "dag-processor": [],
    "triggerer": ["--skip-serve-logs"],
}
SIMULATORS = ("tthc-simulator", "qlvb-simulator")
START_TIMEOUT_S = 180
STOP_TIMEOUT_S = 60
# A worker that ends sooner after its start would do so again.
WORKER_LIVES_S = 30
_LET_GO = b"d"
_ENDING = ("stopping", "failed")

State = dict[str, Any]
Say = Callable[[str], None]


class _StopRequestedError(BaseException):
    """Not an Exception: nothing that handles errors may swallow it."""


# --- the supervisor ---------------------------------------------------------------------------


class Supervisor:
    """Owns the parts of one running stack from start to end."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.secrets = load_secrets(home.path)
        self.parts: dict[str, subprocess.Popen[bytes]] = {}
        self.postgres: EmbeddedPostgres | None = None
        # Celery's workers → when each was started.
        self.workers: dict[str, float] = {}
        self.lifeline: int | None = sys.stdin.fileno()
        self.state: State = {
            "pid": os.getpid(),
            "create_time": psutil.Process().create_time(),
            "phase": "starting",
            "detached": False,
            "error": None,
        }

    def run(self) -> int:
        """Starts everything, waits to be told to stop, stops everything."""
        # Whatever a part writes is read by this user only.
        os.umask(0o077)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, _stop_requested)
        processes.adopt_orphans()
        try:
            self._start()
            while True:
                self._watch(1.0)
        except _StopRequestedError:
            pass
        except LocalStackError as error:
            self.state["error"] = str(error)
        except Exception as error:
            self.state["error"] = f"{type(error).__name__}: {error}"
            raise
        finally:
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
            self._stop()
        return 1 if self.state["error"] else 0

    def _start(self) -> None:
        wanted = workers.workers_asked_for()
        ports = choose_ports(self.home, queue=bool(wanted))
        self.state["ports"] = asdict(ports)
        self._tell("starting PostgreSQL")
        postgres = EmbeddedPostgres(self.home.path, ports.pg)
        postgres.start()
        self.postgres = postgres
        processes.end_marked(self.home.path, spare=self._postgres_pids())
        self.env = clean_environment() | stack_environment(self.home, ports, self.secrets)
        passwords = {name: self.secrets[name] for name in PEOPLE}
        write_private(self.home.passwords_file, json.dumps(passwords) + "\n")

        self._tell("preparing the databases")
        for name, port in zip(SIMULATORS, (ports.tthc, ports.qlvb), strict=True):
            module = f"tools.{name.replace('-', '_')}"
            options = ("--host", LOOPBACK, "--port", str(port), "--den-thang", SOURCE_LAST_MONTH)
            self._run(name, module, "serve", *options, environment=simulator_environment(self.env))
        owner = self.env | {"CCHC_WAREHOUSE_DSN": warehouse_dsn(ports, self.secrets, OWNER_LOGIN)}
        migrating = self._run("warehouse-migrate", "alembic", "upgrade", "head", environment=owner)
        jobs = {"warehouse-migrate": migrating}
        metadata_dsn = postgres.dsn("airflow")
        if not metadata.is_current(metadata_dsn):
            jobs["airflow-migrate"] = self._run("airflow-migrate", "airflow", "db", "migrate")
        for name, job in jobs.items():
            while job.poll() is None:
                self._watch(0.1)
            if job.returncode:
                raise LocalStackError(self._failure(name, job.returncode))
            del self.parts[name]
        metadata.note_current(metadata_dsn)
        metadata.forget_dead_jobs(metadata_dsn)

        if ports.redis:
            self._start_queue(ports.redis)
            # As many as workers take at once: what the queue holds nobody sees.
            self.env["AIRFLOW__CORE__PARALLELISM"] = str(TASKS_OF_A_WORKER * len(wanted))
        self._tell("starting Airflow")
        for name, options in AIRFLOW_PARTS.items():
            self._run(name, "airflow", name, *options)
        for name in wanted:
            self._start_worker(name)
        self._wait_until_healthy(ports)
        self._tell("ready")

    def _wait_until_healthy(self, ports: Ports) -> None:
        api = AirflowApi(ports.ui_address, ADMIN_USER, self.secrets["admin"])
        deadline = time.monotonic() + START_TIMEOUT_S
        waiting: set[str] = {"api-server"}
        while waiting:
            if time.monotonic() > deadline:
                raise LocalStackError(
                    f"These parts were not healthy after {START_TIMEOUT_S} s: "
                    f"{', '.join(sorted(waiting))}. See their logs in {self.home.logs}."
                )
            self._watch(0.3)
            health = api.health()
            if health:
                waiting = {part for part, status in health.items() if status != "healthy"}
                for name, address in zip(SIMULATORS, (ports.tthc_address, ports.qlvb_address), strict=True):
                    if not answers(f"{address}/healthz"):
                        waiting.add(name)
            if not waiting and self.workers:
                with suppress(CchcError):
                    waiting = self.workers.keys() - answering(
                        self.env["AIRFLOW__CELERY__BROKER_URL"], enough=len(self.workers), patience_s=1
                    )
            if waiting:
                self._tell(f"starting Airflow: waiting for {', '.join(sorted(waiting))}")

    def _start_queue(self, port: int) -> None:
        self._tell("starting Redis")
        self.parts[workers.REDIS] = workers.start_redis(self.home, port, self.secrets["redis"])
        deadline = time.monotonic() + START_TIMEOUT_S
        while not workers.redis_answers(port, self.secrets["redis"]):
            self._watch(0.1)
            if time.monotonic() > deadline:
                raise LocalStackError(
                    f"Redis did not answer on {LOOPBACK}:{port} within {START_TIMEOUT_S} s. See its log in "
                    f"{self.home.logs}."
                )

    def _start_worker(self, name: str) -> None:
        self._run(name, *workers.command(name))
        self.workers[name] = time.monotonic()

    def _run(
        self, name: str, *module: str, environment: dict[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        """Starts `python -m module…` as a part, with its own log; `environment`: another than the stack's."""
        process = processes.spawn(
            [sys.executable, "-m", *module],
            log=self.home.logs / f"{name}.log",
            env=environment or self.env,
            cwd=REPO,
            on_parent_death=signal.SIGTERM,
        )
        self.parts[name] = process
        return process

    def _watch(self, seconds: float) -> None:
        """Waits; raises when told to stop, or when a part has ended that should be running."""
        if self.lifeline is None:
            time.sleep(seconds)
        elif select.select([self.lifeline], [], [], seconds)[0]:
            if os.read(self.lifeline, 1) != _LET_GO:
                raise _StopRequestedError
            self.lifeline = None
            self.state["detached"] = True
            self._tell(self.state["phase"])
        for name, process in self.parts.items():
            code = process.poll()
            if code is not None and (name in AIRFLOW_PARTS or name in SIMULATORS or name == workers.REDIS):
                raise LocalStackError(self._failure(name, code))
        for name, started in list(self.workers.items()):
            if (code := self.parts[name].poll()) is not None:
                self._replace_worker(name, code, started)
        if self.postgres and self.postgres.process.poll() is not None:
            raise LocalStackError(self._failure("postgres", self.postgres.process.returncode))

    def _replace_worker(self, name: str, code: int, started: float) -> None:
        """Starts a worker again that has ended; the others go on meanwhile, and take what it had."""
        reason = self._failure(name, code)
        if time.monotonic() - started < WORKER_LIVES_S:
            raise LocalStackError(reason)
        print(time.strftime("%H:%M:%S"), f"{name} is started again.", reason, flush=True)
        processes.kill_groups([self.parts[name]])
        self._start_worker(name)

    def _failure(self, name: str, code: int) -> str:
        log = self.home.logs / f"{name}.log"
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
        return f"{name} ended with code {code}. Its log is {log}, and ends with:\n{tail}"

    def _postgres_pids(self) -> set[int]:
        if self.postgres is None or self.postgres.process is None:
            return set()
        try:
            server = psutil.Process(self.postgres.process.pid)
            return {server.pid, *(child.pid for child in server.children(recursive=True))}
        except psutil.NoSuchProcess:
            return set()

    def _stop(self) -> None:
        error = self.state["error"]
        self._tell("stopping")
        # No farewell: a task that is asked to end is recorded as failed and takes a retry, while
        # one that vanishes is simply started again. Only PostgreSQL has something to save.
        processes.kill_groups(self.parts.values())
        if self.postgres is not None:
            processes.end_marked(self.home.path, spare=self._postgres_pids())
            self.postgres.stop()
        processes.reap(patience_s=2)
        if error:
            self._tell("failed")
        else:
            self.home.state_file.unlink(missing_ok=True)

    def _tell(self, phase: str) -> None:
        if phase != self.state["phase"] or phase in ("ready", "stopping", "failed"):
            print(time.strftime("%H:%M:%S"), phase, self.state["error"] or "", flush=True)
        self.state["phase"] = phase
        write_private(self.home.state_file, json.dumps(self.state, indent=1))


def _stop_requested(*_: object) -> NoReturn:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    raise _StopRequestedError


def answers(url: str) -> bool:
    """Whether a server of this machine says that all is well there."""
    try:
        with requests.Session() as session:
            session.trust_env = False
            return session.get(url, timeout=2).ok
    except requests.RequestException:
        return False


# --- what the commands use --------------------------------------------------------------------


def read_state(home: Home) -> State | None:
    """What the supervisor of this clone says of itself; None when there is no living one."""
    try:
        state = json.loads(home.state_file.read_text())
    except (OSError, ValueError):
        return None
    return state if processes.alive(state["pid"], state["create_time"]) else None


class Stack:
    """A running stack as a command sees it: its ports, its API, its warehouse."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.secrets = load_secrets(home.path)
        self.state: State = {}
        self._supervisor: subprocess.Popen[bytes] | None = None
        self._is_ours = False

    @property
    def ports(self) -> Ports:
        return Ports(**self.state["ports"])

    @property
    def environment(self) -> dict[str, str]:
        return stack_environment(self.home, self.ports, self.secrets)

    @property
    def api(self) -> AirflowApi:
        return AirflowApi(self.ports.ui_address, ADMIN_USER, self.secrets["admin"])

    @property
    def warehouse_dsn(self) -> str:
        return self.environment["CCHC_WAREHOUSE_DSN"]

    @property
    def owner_dsn(self) -> str:
        """The warehouse for migrations, which alone make tables, views and functions."""
        return warehouse_dsn(self.ports, self.secrets, OWNER_LOGIN)

    @property
    def bi_dsn(self) -> str:
        """The warehouse for a BI tool: what the login may do is read mart."""
        return f"postgresql://{BI_LOGIN}:{self.secrets[BI_LOGIN]}@{LOOPBACK}:{self.ports.pg}/cchc"

    @property
    def metadata_dsn(self) -> str:
        name = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"
        return self.environment[name].replace("+psycopg2", "")

    def attach(self) -> bool:
        """Uses the stack that `make up` has left running; False when there is none."""
        state = read_state(self.home)
        while state and state["phase"] in _ENDING:
            time.sleep(0.2)
            state = read_state(self.home)
        if not state:
            return False
        if not state["detached"]:
            raise LocalStackError(
                f"Another command of this clone is using its own stack (process {state['pid']}: "
                f"{state['phase']}). Wait until it has ended, or stop it with `make down`."
            )
        runs = "celery" if state["ports"].get("redis") else "local"
        if (asked := workers.executor_asked_for()) not in (None, runs):
            raise LocalStackError(
                f"The stack runs with EXECUTOR={runs}, not {asked}. `make down` first: what it has loaded "
                f"stays."
            )
        self.state = state
        return True

    def start(self, say: Say) -> None:
        """Starts a stack that ends with this process; returns when every part is healthy."""
        workers.workers_asked_for()  # raises before anything is started
        self.home.create()
        self.home.state_file.unlink(missing_ok=True)
        self._is_ours = True
        with (self.home.logs / "supervisor.log").open("wb") as log:
            self._supervisor = subprocess.Popen(
                [sys.executable, "-m", "tools.local", "supervise"],
                cwd=REPO,
                env=os.environ | {"CCHC_HOME": str(self.home.path), MARK: str(self.home.path)},
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        while True:
            with suppress(OSError, ValueError):
                self.state = json.loads(self.home.state_file.read_text())
                say(self.state["phase"])
            if self.state.get("phase") == "ready":
                return
            if self._supervisor.poll() is not None:
                log_file = self.home.logs / "supervisor.log"
                reason = self.state.get("error")
                raise LocalStackError(reason or f"The stack was stopped; see {log_file}.")
            time.sleep(0.1)

    def check(self) -> None:
        """Raises with the reason when the stack has stopped by itself, or is about to."""
        state = read_state(self.home)
        if state and state["phase"] not in _ENDING and not self.state.get("error"):
            return
        with suppress(OSError, ValueError):
            self.state = json.loads(self.home.state_file.read_text())
        raise LocalStackError(
            self.state.get("error")
            or f"The stack was stopped by another command; see {self.home.logs}/supervisor.log."
        )

    def let_go(self) -> None:
        """Leaves a stack that this process has started running after its end."""
        if self._supervisor is not None:
            self._supervisor.stdin.write(_LET_GO)
            self._supervisor.stdin.close()
            self._supervisor, self._is_ours = None, False

    def close(self) -> None:
        """Stops the stack when this process has started it; returns when nothing of it is left."""
        if self._supervisor is not None:
            self._supervisor.stdin.close()
            try:
                self._supervisor.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self._supervisor.kill()
                self._supervisor.wait()
            self._supervisor = None
        if self._is_ours:
            self._is_ours = False
            with suppress(LocalStackError):  # the next command has begun: nothing is ours now
                end_leftovers(self.home)


@contextmanager
def running_stack(home: Home, say: Say) -> Iterator[Stack]:
    """The stack of `make up`, or one that is started for this block and stopped after it."""
    stack = Stack(home)
    try:
        if not stack.attach():
            stack.start(say)
        elif migrate_warehouse(stack):
            stack.check()  # one that is stopping takes the program with it, which then says nothing
            raise LocalStackError("The warehouse could not be migrated: the reason is above.")
        yield stack
    finally:
        stack.close()


@contextmanager
def postgres_only(home: Home) -> Iterator[Stack]:
    """The running stack if there is one, else a bare PostgreSQL for this block."""
    stack = Stack(home)
    state = read_state(home)
    if state and state["phase"] not in ("starting", "starting PostgreSQL", "stopping"):
        stack.state = state
        yield stack
        return
    home.create()
    ports = choose_ports(home)
    with EmbeddedPostgres(home.path, ports.pg):
        stack.state = {"ports": asdict(ports)}
        yield stack


def stop_running(home: Home) -> bool:
    """Stops whatever runs in this clone, waits, and checks; True when there was something."""
    state = read_state(home)
    if state:
        with suppress(ProcessLookupError):
            os.kill(state["pid"], signal.SIGTERM)
        deadline = time.monotonic() + STOP_TIMEOUT_S
        while processes.alive(state["pid"], state["create_time"]):
            if time.monotonic() > deadline:
                os.kill(state["pid"], signal.SIGKILL)
            time.sleep(0.1)
    killed = end_leftovers(home)
    home.state_file.unlink(missing_ok=True)
    return bool(state) or killed > 0


def end_leftovers(home: Home) -> int:
    """Ends what a killed supervisor could not take with it; there is nothing after an orderly end.

    Only while nobody uses the folder: what runs then is another command's.
    """
    home.create()
    with exclusive_use(home.path):
        return processes.end_marked(home.path, patience_s=2)


def migrate_warehouse(stack: Stack) -> int:
    """Brings tables, views and functions up to date as their owner; returns the exit code."""
    return run_in(
        stack, [sys.executable, "-m", "alembic", "upgrade", "head"], CCHC_WAREHOUSE_DSN=stack.owner_dsn
    )


def migrate_metadata(stack: Stack) -> None:
    """Makes Airflow's tables where PostgreSQL has been started without the rest of the stack."""
    dsn = stack.metadata_dsn
    if not metadata.is_current(dsn):
        if run_in(stack, [sys.executable, "-m", "airflow", "db", "migrate"]):
            raise LocalStackError("`airflow db migrate` failed: its message is above.")
        metadata.note_current(dsn)


def run_in(stack: Stack, command: list[str], **variables: str) -> int:
    """Runs a program at this terminal with the environment of the stack; returns its exit code."""
    environment = clean_environment() | stack.environment | variables
    # Ctrl-C reaches the program too; whether it ends by it is the program's decision.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        program = subprocess.Popen(
            command,
            cwd=REPO,
            env=environment,
            preexec_fn=_obey_interrupt,  # noqa: PLW1509 (no threads here)
        )
        try:
            return program.wait()
        finally:
            if program.poll() is None:
                program.terminate()
                program.wait()
    finally:
        signal.signal(signal.SIGINT, before)


def _obey_interrupt() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
