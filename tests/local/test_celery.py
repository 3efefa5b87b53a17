"""Celery in the local stack: what EXECUTOR may say, the queue behind its password, workers that answer."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg2
import pytest
import redis

from cchc.commands.celery_workers import answering
from cchc.errors import CchcError
from tests.flow.running_airflow import celery_workers
from tests.local.test_local_stack import refused, wait_until
from tools.local import metadata, processes
from tools.local.settings import (
    LOOPBACK,
    Home,
    LocalStackError,
    Ports,
    any_free_port,
    choose_ports,
    load_secrets,
    stack_environment,
    write_private,
)
from tools.local.stack import Stack, Supervisor, running_stack
from tools.local.workers import redis_answers, start_redis, workers_asked_for

pytestmark = pytest.mark.stack

# As little of a worker as answers.
WORKER = """
import sys
from celery import Celery
Celery(broker=sys.argv[1]).worker_main(["worker", "--pool", "solo", "--hostname", "worker-1"])
"""


@pytest.fixture(autouse=True)
def nothing_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("EXECUTOR", "WORKERS", "PORT_UI", "PORT_PG", "PORT_TTHC", "PORT_QLVB", "PORT_REDIS"):
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture
def queue(home: Home) -> Iterator[tuple[subprocess.Popen, int]]:
    assert celery_workers() == ("worker-1", "worker-2")
    port = any_free_port()
    process = start_redis(home, port, load_secrets(home.path)["redis"])
    wait_until(lambda: redis_answers(port, load_secrets(home.path)["redis"]))
    yield process, port
    processes.kill_groups([process])


def address(home: Home, port: int) -> str:
    environment = stack_environment(home, Ports(1, 2, 3, 4, port), load_secrets(home.path))
    return environment["AIRFLOW__CELERY__BROKER_URL"]


# --- what is asked for ------------------------------------------------------------------------


def test_the_scheduler_runs_the_tasks_itself_unless_somebody_asks_for_celery(home, monkeypatch):
    assert workers_asked_for() == []
    monkeypatch.setenv("WORKERS", "3")
    assert workers_asked_for() == []
    monkeypatch.setenv("EXECUTOR", "celery")
    monkeypatch.setattr("shutil.which", lambda program: f"/usr/bin/{program}")
    assert workers_asked_for() == ["worker-1", "worker-2", "worker-3"]
    monkeypatch.delenv("WORKERS")
    assert workers_asked_for() == ["worker-1", "worker-2"]


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({"EXECUTOR": "kubernetes"}, "EXECUTOR='kubernetes' is no executor of the local stack. Expected"),
        ({"EXECUTOR": "celery", "WORKERS": "0"}, "WORKERS='0' is no number of workers. Expected 1 to 16."),
        ({"EXECUTOR": "celery", "WORKERS": "hai"}, "WORKERS='hai' is no number of workers."),
        (
            {"EXECUTOR": "celery", "PATH": "/nowhere"},
            "EXECUTOR=celery needs redis-server, which is not on the PATH. Install it (Debian, Ubuntu: "
            "sudo apt-get install redis-server), or leave EXECUTOR out",
        ),
    ],
)
def test_what_cannot_be_had_is_answered_in_one_line_before_anything_is_started(tmp_path, variables, says):
    home = Home(tmp_path / "none")
    done = refused(home, "demo", **variables)
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith(says)
    assert not home.path.exists()


def test_a_running_stack_is_not_taken_for_one_with_another_executor(home, monkeypatch):
    me = psutil.Process()
    state = {"pid": me.pid, "create_time": me.create_time(), "phase": "ready", "detached": True}
    for port, runs, other in ((None, "local", "celery"), (5, "celery", "local")):
        ports = {"ui": 1, "pg": 2, "tthc": 3, "qlvb": 4, "redis": port}
        monkeypatch.setattr("tools.local.stack.read_state", lambda _, s=state | {"ports": ports}: s)
        for same in ("", runs):
            monkeypatch.setenv("EXECUTOR", same)
            assert Stack(home).attach()
        monkeypatch.setenv("EXECUTOR", other)
        with pytest.raises(LocalStackError, match=f"runs with EXECUTOR={runs}, not {other}. `make down`"):
            Stack(home).attach()


@pytest.mark.parametrize("phase", ["stopping", "failed"])
def test_a_stack_that_ends_under_a_command_says_why_also_while_it_is_ending(home, monkeypatch, phase):
    """The programs of a command are ended with it, and say nothing."""
    me = psutil.Process()
    state = {"pid": me.pid, "create_time": me.create_time(), "detached": True}
    state |= {"ports": {"ui": 1, "pg": 2, "tthc": 3, "qlvb": 4, "redis": 5}}
    write_private(home.state_file, json.dumps(state | {"phase": "ready", "error": None}))

    def ended(*_: object, **__: object) -> int:
        error = "redis ended with code -9."
        write_private(home.state_file, json.dumps(state | {"phase": phase, "error": error}))
        return -9

    monkeypatch.setattr("tools.local.stack.migrate_warehouse", ended)
    with pytest.raises(LocalStackError, match="redis ended with code -9"), running_stack(home, print):
        pass
    write_private(home.state_file, json.dumps(state | {"phase": "ready", "error": None}))
    stack = Stack(home)
    assert stack.attach()
    stack.check()
    ended()
    with pytest.raises(LocalStackError, match="redis ended with code -9"):
        stack.check()


def test_the_queue_has_a_port_that_stays_the_same_also_when_a_stack_without_it_ran_between(home):
    first = choose_ports(home, queue=True)
    assert first.redis not in (None, first.ui, first.pg, first.tthc, first.qlvb)
    assert choose_ports(home).redis is None
    assert choose_ports(home, queue=True) == first


def test_only_a_stack_with_a_queue_has_celery_s_settings(home):
    secrets = load_secrets(home.path)
    without = stack_environment(home, Ports(1, 2, 3, 4), secrets)
    assert not [name for name in without if "CELERY" in name]
    with_queue = stack_environment(home, Ports(1, 2, 3, 4, 5), secrets)
    assert with_queue["AIRFLOW__CORE__EXECUTOR"] == "CeleryExecutor"
    assert with_queue["AIRFLOW__CELERY__BROKER_URL"] == f"redis://:{secrets['redis']}@{LOOPBACK}:5/0"
    metadata_database = with_queue["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"].partition("://")[2]
    assert with_queue["AIRFLOW__CELERY__RESULT_BACKEND"] == f"db+postgresql://{metadata_database}"
    assert not [name for name, value in without.items() if secrets["redis"] in value]


# --- the queue --------------------------------------------------------------------------------


def test_the_queue_is_on_loopback_and_lets_nobody_in_without_its_password(home, queue):
    process, port = queue
    listening = [c for c in psutil.Process(process.pid).net_connections() if c.status == psutil.CONN_LISTEN]
    assert {c.laddr for c in listening} == {(LOOPBACK, port)}
    for password in (None, "wrong"):
        with redis.Redis(LOOPBACK, port, password=password) as client, pytest.raises(redis.RedisError):
            client.ping()
    assert not redis_answers(port, "wrong")
    secret = load_secrets(home.path)["redis"]
    assert secret not in " ".join(psutil.Process(process.pid).cmdline())
    assert secret not in (home.logs / "redis.log").read_text()
    # Leftovers are found by it; nobody else looks into its folder, in which there is nothing to find.
    assert [one.pid for one in processes.marked(home.path)] == [process.pid]
    assert (home.path / "redis").stat().st_mode & 0o077 == 0
    assert [*(home.path / "redis").iterdir()] == []


def test_workers_are_known_by_their_answer(home, queue):
    process, port = queue
    broker = address(home, port)
    assert answering(broker, patience_s=0.5) == set()
    with subprocess.Popen(
        [sys.executable, "-c", WORKER, broker], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as worker:
        try:
            wait_until(lambda: answering(broker, enough=1, patience_s=2) == {"worker-1"}, 30)
        finally:
            worker.kill()
    processes.kill_groups([process])
    with pytest.raises(CchcError, match="queue of Celery cannot be reached") as told:
        answering(broker, patience_s=2)
    assert load_secrets(home.path)["redis"] not in str(told.value)


# --- workers that end -------------------------------------------------------------------------


def test_a_worker_that_ends_is_started_again_but_not_one_that_ends_at_once(home, monkeypatch, capsys):
    with Path(os.devnull).open() as nothing:
        monkeypatch.setattr("sys.stdin", nothing)
        supervisor = Supervisor(home)
    supervisor.lifeline = None
    supervisor.env = dict(os.environ)
    monkeypatch.setattr("tools.local.workers.command", lambda _: ["calendar", "2025", "13"])
    supervisor._start_worker("worker-1")
    first = supervisor.parts["worker-1"]
    first.wait()
    # As one that has run for a while.
    supervisor.workers["worker-1"] -= 60
    supervisor._watch(0)
    assert supervisor.parts["worker-1"].pid != first.pid
    assert "worker-1 is started again. worker-1 ended with code" in capsys.readouterr().out
    supervisor.parts["worker-1"].wait()
    with pytest.raises(LocalStackError, match="worker-1 ended with code"):
        supervisor._watch(0)


def test_what_workers_of_an_ended_stack_had_goes_back_to_the_scheduler(postgres):
    """One of Celery's would else be waited for until its heart is missed, whoever runs the tasks now."""
    dsn = postgres.dsn("airflow")
    connection = psycopg2.connect(dsn)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute("CREATE SCHEMA thu AUTHORIZATION CURRENT_USER")
            cursor.execute("CREATE TABLE thu.job (state text, end_date timestamptz)")
            cursor.execute("CREATE TABLE thu.task_instance (state text, external_executor_id text)")
            states = ("queued", "running", "restarting", "success", "scheduled")
            cursor.executemany("INSERT INTO thu.task_instance VALUES (%s, 'x')", [(s,) for s in states])
            metadata.forget_dead_jobs(f"{dsn}?options=-csearch_path%3Dthu")
            cursor.execute("SELECT state FROM thu.task_instance WHERE external_executor_id = 'x' ORDER BY 1")
            assert [state for (state,) in cursor.fetchall()] == ["scheduled", "success"]
            cursor.execute("DROP SCHEMA thu CASCADE")
    finally:
        connection.close()
