"""Accidents in the middle of a job, after which it is started again and nothing may be different.

A job goes from one committed state of the database to the next. An accident just before the first and just
before the last statement of each transaction that commits therefore meets every state that one can leave
behind, once with nothing and once with everything of the next transaction undone; one more happens in its
middle. The statements are those of an undisturbed run.
"""

import itertools
import os
import signal
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa

from cchc.errors import WarehouseUnavailable

_numbers = itertools.count()
Accident = Callable[[sa.Engine, int, Callable[[], object]], bool]


def process_killed(engine: sa.Engine, at: int, job: Callable[[], object]) -> bool:
    """Runs `job` in a process that gets SIGKILL just before its n-th statement; whether it came to that."""

    def die(_: sa.Connection) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    child = os.fork()
    if not child:
        try:
            # The sessions that wait in the pool are the parent's.
            engine.dispose(close=False)
            with _before_statement(engine, at, die):
                job()
            os._exit(0)
        except BaseException:
            traceback.print_exc()
        os._exit(1)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert status == 0, "the job failed by itself: its traceback is above"
    return False


def session_ended(engine: sa.Engine, at: int, job: Callable[[], object]) -> bool:
    """The server ends the session that is about to run the job's n-th statement; whether it came to that."""
    admin = sa.create_engine(engine.url, poolclass=sa.pool.NullPool)
    ended = []

    def end(session: Any) -> None:
        with admin.begin() as other:
            query = sa.text("SELECT pg_terminate_backend(:pid, 5000)")
            ended.append(other.scalar(query, {"pid": session.info.backend_pid}))

    with _before_statement(engine, at, end):
        try:
            job()
        except (sa.exc.DBAPIError, WarehouseUnavailable):
            assert ended, "the job failed by itself"
    assert ended in ([], [True])
    return bool(ended)


def server_crashed(engine: sa.Engine, at: int, job: Callable[[], object]) -> bool:
    """PostgreSQL crashes just before the job's n-th statement and recovers; whether it came to that.

    When one of its processes is killed it ends all sessions and replays its log; unlogged tables are empty.
    """
    crashed = []
    witness = sa.create_engine(engine.url, poolclass=sa.pool.NullPool).connect()

    def crash(session: Any) -> None:
        os.kill(session.info.backend_pid, signal.SIGKILL)
        crashed.append(True)
        with pytest.raises(sa.exc.OperationalError):
            while True:
                witness.exec_driver_sql("SELECT pg_sleep(0.01)")
        witness.invalidate()

    with _before_statement(engine, at, crash):
        try:
            job()
        except (sa.exc.DBAPIError, WarehouseUnavailable):
            assert crashed, "the job failed by itself"
    witness.close()
    engine.dispose()
    for _ in range(600):
        try:
            with engine.connect():
                return bool(crashed)
        except sa.exc.OperationalError:  # it is still recovering
            time.sleep(0.1)
    raise AssertionError("PostgreSQL did not recover within a minute")


def nothing_differs_after(
    accident: Accident,
    engine: sa.Engine,
    *,
    prepare: Callable[[], Any],
    job: Callable[[Any], object],
    seen: Callable[[], object],
    pick: Callable[[list[int]], list[int]] = list,
) -> int:
    """Asserts that `seen` finds the same after an accident and another run as after an undisturbed one.

    `prepare` makes what the job finds and returns what it is given; a copy of the database as it is then is
    put back for each accident, of those that `pick` takes. Returns how many accidents there were.
    """
    given = prepare()
    with copied(engine) as put_back:
        with _watched(engine) as points:
            job(given)
        expected = seen()
        chosen = pick(sorted(points))
        for at in chosen:
            put_back()
            assert accident(engine, at, lambda: job(given)), f"there is no statement {at}"
            job(given)
            assert seen() == expected, f"{accident.__name__} at statement {at}"
    return len(chosen)


@contextmanager
def copied(engine: sa.Engine) -> Iterator[Callable[[], None]]:
    """Keeps a copy of the database; what it yields puts that in place of the database."""
    name, copy = engine.url.database, f"{engine.url.database}_copy_{next(_numbers)}"
    admin = sa.create_engine(
        engine.url.set(database="postgres"), isolation_level="AUTOCOMMIT", poolclass=sa.pool.NullPool
    )

    def make(new: str, like: str) -> None:
        engine.dispose()
        with admin.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {new} WITH (FORCE)")
            # Great Expectations leaves idle sessions behind, and a copy can be made of what nobody uses.
            end = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = :name"
            connection.execute(sa.text(end), {"name": like})
            connection.exec_driver_sql(f"CREATE DATABASE {new} TEMPLATE {like} STRATEGY file_copy")

    make(copy, name)
    try:
        yield lambda: make(name, copy)
    finally:
        with admin.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {copy}")


@contextmanager
def _before_statement(engine: sa.Engine, at: int, action: Callable[[Any], None]) -> Iterator[None]:
    """Runs `action` on the DBAPI session of the n-th statement, just before it."""
    left = at

    def listener(_connection: sa.Connection, cursor: Any, *_: object) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            action(cursor.connection)

    sa.event.listen(engine, "before_cursor_execute", listener)
    try:
        yield
    finally:
        sa.event.remove(engine, "before_cursor_execute", listener)


@contextmanager
def _watched(engine: sa.Engine) -> Iterator[set[int]]:
    """The numbers of the statements before which an accident is to happen; complete at the end."""
    points: set[int] = set()
    bounds: dict[sa.Connection, tuple[int, int]] = {}  # first and last of each open transaction
    number = 0

    def statement(connection: sa.Connection, *_: object) -> None:
        nonlocal number
        number += 1
        bounds[connection] = (bounds.get(connection, (number, number))[0], number)

    def committed(connection: sa.Connection) -> None:
        if connection in bounds:
            first, last = bounds.pop(connection)
            # The one in the middle asks no more of the database, but of what the job does beside it.
            points.update((first, (first + last) // 2, last))

    def ended(connection: sa.Connection) -> None:
        bounds.pop(connection, None)

    events = {"before_cursor_execute": statement, "commit": committed, "rollback": ended}
    for name, listener in events.items():
        sa.event.listen(engine, name, listener)
    try:
        yield points
    finally:
        for name, listener in events.items():
            sa.event.remove(engine, name, listener)
