"""Connections to the warehouse: an engine with limits, statements, turns."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any
from weakref import WeakSet

import psycopg2
import sqlalchemy as sa

from cchc.database_errors import hide_words, hide_words_of
from cchc.errors import CchcError, WarehouseUnavailable
from cchc.repository import sql_file, without_comments

# Figures must not depend on the settings of server or client.
SESSION = "-c timezone=Asia/Ho_Chi_Minh -c datestyle=ISO -c jit=off -c search_path=pg_catalog,public"
# What the environment says (PGTZ, PGDATESTYLE) goes before that.
OF_THE_CLIENT = "SET timezone = 'Asia/Ho_Chi_Minh'; SET datestyle = 'ISO, MDY'"
# A machine that is gone is noticed within a minute, on both sides; the operating system takes hours. The
# statement of a process that is gone ends, and the transaction of one that is frozen.
ALIVE = (
    "-c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3 "
    "-c tcp_user_timeout=60000 -c client_connection_check_interval=10000 "
    "-c idle_in_transaction_session_timeout=3600000"
)
KEEPALIVES = {
    "keepalives": "1",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "60000",
    "connect_timeout": "30",
    "client_encoding": "utf8",
}
# Which migrations have been run; Airflow's own is alembic_version.
VERSION_TABLE = "public.alembic_version_cchc"
# What one process does at a time, and a table that stands for it. Only who may write it can lock it as TURN
# says: no reader can, as one could an advisory lock; nor does a lock that a reader can have stand in its way.
# That is more than one thinks: a statement that is prepared and never run locks a table as one that writes
# does, and nobody asks for the right.
TURN = "SHARE UPDATE EXCLUSIVE"
TURNS = {
    "load": "ops.batch_period",
    "refresh": "ops.period_written",
    "definitions": "core.do_luong",
    "calendar": "core.lich",
    "migrate": VERSION_TABLE,
}
LONGEST_WAIT_S = 900
LOCK_NOT_AVAILABLE = "55P03"
END_IT = "if it is frozen, end it (SELECT pg_terminate_backend(pid)): what it had not finished is undone"
HAVING_THE_TURN = (
    "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = :name "
    "AND xact_start IS NOT NULL "
    # Any login may call itself so.
    "ORDER BY (usename = current_user) DESC, xact_start LIMIT 1"
)


def engine_of(dsn: str, statement_timeout_s: int = 0, pool_size: int = 5) -> sa.Engine:
    """An engine whose every statement ends after `statement_timeout_s` seconds (0: no limit).

    So many of its sessions are used again, emptied: a new one takes 10 ms and knows no table yet, and a step
    opens ten.
    Raises CchcError for what is no address of a database.
    """
    options = f"{SESSION} {ALIVE} -c statement_timeout={statement_timeout_s * 1000}"
    # In the URL, so that Great Expectations' own engine runs under the same settings.
    url = url_of(dsn).update_query_dict({**KEEPALIVES, "options": options, "application_name": "cchc"})
    # The server may have started again since a session was last used.
    engine = sa.create_engine(
        url, hide_parameters=True, pool_size=pool_size, pool_pre_ping=True, pool_use_lifo=True
    )
    sa.event.listen(engine, "connect", _begin)
    sa.event.listen(engine, "reset", _empty)
    _engines.add(engine)
    return hide_words(engine)


_engines: WeakSet[sa.Engine] = WeakSet()


def _leave_to_the_parent() -> None:
    """Has a copy of this process open sessions of its own: answers in a shared one would come to either."""
    for engine in list(_engines):
        engine.dispose(close=False)


os.register_at_fork(after_in_child=_leave_to_the_parent)


def _begin(session: Any, _record: object) -> None:
    """Has a new session be as those that are used again."""
    _alone(session, OF_THE_CLIENT)


def _empty(session: Any, _record: object, state: sa.PoolResetState) -> None:
    """Leaves nothing of what was done in a session: no temporary table, no setting, no plan."""
    if not state.terminate_only:
        session.rollback()
        _alone(session, "DISCARD ALL", OF_THE_CLIENT)


def _alone(session: Any, *statements: str) -> None:
    """Runs statements of the driver's session, each in a transaction of its own."""
    session.autocommit = True
    with session.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
    session.autocommit = False


def url_of(dsn: str) -> sa.URL:
    """The address of a warehouse; raises CchcError for what is none."""
    try:
        url = sa.make_url(dsn).set(drivername="postgresql+psycopg2")
    except (sa.exc.ArgumentError, ValueError):
        url = None
    # What follows the first @ of a password would be taken for a host, and be told when there is none.
    if url is None or "@" in f"{url.host}{url.database}":
        # Without its cause, and not shown: it may hold a password.
        raise CchcError(
            "The warehouse's address is none. Expected postgresql+psycopg2://user:password@host:port/cchc, "
            "with @ as %40, % as %25, / as %2F and : as %3A in user and password."
        )
    return url


def full_address(url: sa.URL) -> str:
    """The address with its password, for another program; every reader of addresses takes it."""
    # SQLAlchemy leaves blanks in names and passwords as they are, which others refuse.
    return url.render_as_string(hide_password=False).replace(" ", "%20")


def run_sql_file(connection: sa.Connection, relative: str, **binds: Any) -> sa.CursorResult[Any]:
    """Runs a file below sql/ as one command; returns the result of its last statement."""
    return run_sql(connection, sql_file(relative), **binds)


def run_sql(connection: sa.Connection, sql: str, **binds: Any) -> sa.CursorResult[Any]:
    """Runs SQL with those of `binds` that it names; returns the result of its last statement."""
    statement, names = _read(sql)
    return connection.execute(statement, {name: value for name, value in binds.items() if name in names})


@lru_cache(maxsize=512)
def _read(sql: str) -> tuple[sa.TextClause, frozenset[str]]:
    """A statement and the binds that it names: reading long SQL for them takes as long as to run it."""
    statement = sa.text(without_comments(sql))
    return statement, frozenset(statement.compile().params)


def named_in(statement: sa.TextClause, binds: dict[str, Any]) -> dict[str, Any]:
    """Those of `binds` that the statement names."""
    named = statement.compile().params
    return {name: value for name, value in binds.items() if name in named}


def analyze(connection: sa.Connection, *tables: str) -> None:
    """Lets the planner know what these tables hold; only their owner may, so a function of his does it."""
    connection.execute(sa.text("SELECT ops.analyze(CAST(:tables AS regclass[]))"), {"tables": list(tables)})


def take_turn(connection: sa.Connection, what: str, wait_s: float | None = None) -> None:
    """Waits until nobody else does `what`, and has it until the transaction ends, however it ends.

    To be called as the first statement of the transaction that writes: a lock of another session would
    protect nothing once that session is gone. No later statement of the transaction waits longer for a
    lock either. Raises WarehouseUnavailable, with who has it, after `wait_s` seconds (None:
    LONGEST_WAIT_S). `what`: a key of TURNS, or any other name (batch:7).
    """
    limit_s = LONGEST_WAIT_S if wait_s is None else wait_s
    # Of a snapshot taken before the wait nothing could be trusted: LOCK TABLE takes none.
    take = (
        f"LOCK TABLE {TURNS[what]} IN {TURN} MODE"
        if what in TURNS
        # Who inserts the same name waits for the end of this transaction. No row is ever left.
        else "INSERT INTO ops.lock (name) VALUES (:name); DELETE FROM ops.lock WHERE name = :name"
    )
    # Rows that somebody frozen holds would keep this transaction, and so all others of this turn, for ever.
    statement = sa.text(
        f"SET LOCAL lock_timeout = '{limit_s * 1000:.0f}ms'; {take}; "
        f"SET LOCAL lock_timeout = '{LONGEST_WAIT_S * 1000:.0f}ms'; SET LOCAL application_name = :told"
    )
    try:
        connection.execute(statement, named_in(statement, {"name": what, "told": f"cchc {what}"}))
    except sa.exc.OperationalError as error:
        if getattr(error.orig, "pgcode", None) != LOCK_NOT_AVAILABLE:
            raise
        raise WarehouseUnavailable(
            f"Waited {limit_s:g} s for the turn to do {what!r}, which "
            f"{_who_does(connection.engine, what)} has. Nothing was changed. Run it again when that one is "
            f"done; {END_IT}."
        ) from None


def _who_does(engine: sa.Engine, what: str) -> str:
    """The session that has a turn, and the one that keeps it from going on, if one does."""
    # Of those that wait for each other only the last is to be ended.
    query = sa.text(
        f"WITH RECURSIVE chain AS (SELECT pid, pid AS first, 0 AS step FROM ({HAVING_THE_TURN}) AS f "
        "UNION SELECT b.pid, chain.first, chain.step + 1 FROM chain "
        "CROSS JOIN LATERAL unnest(pg_blocking_pids(chain.pid)) AS b (pid) WHERE chain.step < 9), "
        "ends AS (SELECT first, pid, step FROM chain WHERE cardinality(pg_blocking_pids(pid)) = 0) "
        "SELECT a.pid, coalesce(host(a.client_addr), 'this machine') AS place, a.state, "
        "a.application_name AS name, to_char(a.xact_start, 'YYYY-MM-DD HH24:MI:SS') AS since "
        "FROM (SELECT * FROM ends ORDER BY step DESC, pid LIMIT 1) AS e "
        "CROSS JOIN LATERAL (VALUES (e.first, 1), (e.pid, 2)) AS shown (pid, place_in_line) "
        "INNER JOIN pg_stat_activity AS a ON shown.pid = a.pid "
        "WHERE a.xact_start IS NOT NULL ORDER BY shown.place_in_line"
    )
    with engine.connect() as connection:
        rows = connection.execute(query, {"name": f"cchc {what}"}).all()
    if not rows:
        return "a session that has ended meanwhile"
    told = [
        f"session {row.pid} from {row.place}, {row.state or 'of another role'}, since {row.since},"
        for row in rows
    ]
    if rows[0].pid == rows[-1].pid:
        return told[0]
    return f"{told[0]} which waits for {told[-1]} who does {rows[-1].name.removeprefix('cchc ')!r},"


@contextmanager
def no_endless_wait(engine: sa.Engine, label: str) -> Iterator[None]:
    """Says who was in the way when the wait for a lock ended by take_turn's limit; around its transaction."""
    try:
        yield
    except sa.exc.OperationalError as error:
        if getattr(error.orig, "pgcode", None) != LOCK_NOT_AVAILABLE:
            raise
        raise WarehouseUnavailable(
            f"{label}: waited {LONGEST_WAIT_S:g} s for what others have locked: {_who_excludes(engine)}. The "
            f"step was undone. Run it again when they are done, Airflow does so by itself; a session that is "
            f"forgotten is ended by the superuser (SELECT pg_terminate_backend(session))."
        ) from None


def _who_excludes(engine: sa.Engine) -> str:
    """The sessions whose locks exclude those of a load: readers' do not."""
    query = sa.text(
        "SELECT format('session %s (login %s) of %s', l.pid, a.usename, "
        "string_agg(DISTINCT l.relation::regclass::text, ', ' ORDER BY l.relation::regclass::text)) "
        "FROM pg_locks AS l INNER JOIN pg_stat_activity AS a ON l.pid = a.pid "
        "INNER JOIN pg_class AS c ON l.relation = c.oid "
        "WHERE l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
        "AND l.granted AND l.pid <> pg_backend_pid() AND c.relkind IN ('r', 'p') "
        "AND c.relnamespace::regnamespace::text IN ('core', 'ops', 'mart', 'staging') "
        "AND l.mode NOT IN ('AccessShareLock', 'RowShareLock') GROUP BY l.pid, a.usename ORDER BY l.pid"
    )
    with engine.connect() as connection:
        return "; ".join(connection.scalars(query)) or "a session that has ended meanwhile"


def copy_text(connection: sa.Connection, table: str, columns: list[str], source: object) -> int:
    """COPY csv text from a file-like object into `table`; returns the number of rows."""
    cursor = connection.connection.cursor()
    names = ", ".join(f'"{name}"' for name in columns)
    try:
        cursor.copy_expert(f"COPY {table} ({names}) FROM STDIN (FORMAT csv)", source, size=1 << 20)
    except psycopg2.Error as error:
        if error.pgcode:
            # SQLAlchemy does not see this one. Its words also hold those of an error of `source`.
            hide_words_of(error, all_of_them=True)
        raise
    return cursor.rowcount


def sync_rows(
    connection: sa.Connection, table: str, rows: list[dict[str, Any]], keep_old: tuple[str, ...] = ()
) -> bool:
    """Makes `table` hold exactly `rows`; returns whether it did not before.

    With `keep_old`, the table's key, rows with other keys stay.
    """
    if not rows:
        return not keep_old and connection.execute(sa.text(f"DELETE FROM {table}")).rowcount > 0
    names = list(rows[0])
    columns = ", ".join(names)
    # Typed as the table has it. One value, no temporary table: to make one takes longer than all else here.
    wanted = f"(SELECT {columns} FROM jsonb_populate_recordset(CAST(NULL AS {table}), CAST(:rows AS jsonb)))"
    binds = {"rows": json.dumps(rows, default=str)}

    def content(row: str) -> str:
        # Compared as the table would show it: what is written may read otherwise, as -infinity does.
        return f"CAST(ROW({', '.join(f'{row}.{name}' for name in names)}) AS text)"

    if keep_old:
        missing = f"SELECT {content('wanted')} FROM {wanted} AS wanted EXCEPT SELECT {content('held')}"
        # Asked first: rows that another one would conflict with are locked, even where nothing is written.
        if not connection.scalar(sa.text(f"SELECT EXISTS ({missing} FROM {table} AS held)"), binds):
            return False
        others = [name for name in names if name not in keep_old]
        statements = [
            f"INSERT INTO {table} AS held ({columns}) SELECT {columns} FROM {wanted} AS wanted "
            f"ON CONFLICT ({', '.join(keep_old)}) DO UPDATE SET ({', '.join(others)}) = "
            f"ROW({', '.join(f'excluded.{name}' for name in others)}) "
            f"WHERE {content('held')} <> {content('excluded')}"
        ]
    else:
        same = f"{content('held')} = {content('wanted')}"
        statements = [
            f"DELETE FROM {table} AS held WHERE NOT EXISTS (SELECT 1 FROM {wanted} AS wanted WHERE {same})",
            f"INSERT INTO {table} ({columns}) SELECT {columns} FROM {wanted} AS wanted "
            f"WHERE NOT EXISTS (SELECT 1 FROM {table} AS held WHERE {same})",
        ]
    return sum(connection.execute(sa.text(statement), binds).rowcount for statement in statements) > 0
