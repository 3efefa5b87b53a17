"""Runs the warehouse's migrations, then makes the views and functions whose files have changed, also
those that are made from the indicators' definitions. What is made belongs to the owner of the warehouse.

The database is named by CCHC_WAREHOUSE_DSN.
"""

import os

import sqlalchemy as sa
from alembic import context
from alembic.runtime.migration import MigrationContext

from cchc import warehouse
from cchc.database_objects import Removed, set_views_aside, sync_objects
from cchc.database_roles import MADE_MEANWHILE, SCHEMAS, become_owner, close_to_public
from cchc.errors import CchcError
from cchc.figures.syncing import sync_functions
from cchc.warehouse import take_turn, url_of

if context.is_offline_mode():
    raise SystemExit(
        "--sql is not supported: views and functions are made from what the warehouse holds. "
        "Run `alembic upgrade head` on the warehouse itself."
    )
dsn = os.environ.get("CCHC_WAREHOUSE_DSN")
if not dsn:
    raise SystemExit(
        "CCHC_WAREHOUSE_DSN is not set: give the warehouse as "
        "postgresql+psycopg2://user:password@host:port/cchc, or run `make migrate`."
    )


# Who has what of the warehouse open.
IN_THE_WAY = """
SELECT
    format('session %s (login %s) of ', l.pid, a.usename)
    || string_agg(DISTINCT l.relation::regclass::text, ', ' ORDER BY l.relation::regclass::text)
FROM pg_locks AS l
INNER JOIN pg_class AS c ON l.relation = c.oid
INNER JOIN pg_stat_activity AS a ON l.pid = a.pid
WHERE
    l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND (c.relnamespace::regnamespace::text = ANY(:schemas) OR c.oid = to_regclass(:version_table))
    AND c.relkind IN ('r', 'p', 'v') AND l.granted AND l.pid <> pg_backend_pid()
GROUP BY l.pid, a.usename
ORDER BY l.pid
"""


def migrate(connection: sa.Connection) -> None:
    """Migrates in one transaction; views and functions belong to the newest tables and to no others."""
    migration = context.get_context()
    if getattr(migration.opts.get("fn"), "__name__", "") == "downgrade":
        raise CchcError("alembic downgrade is not supported: a change is taken back by a new migration.")
    only_looks = migration.opts.get("dont_mutate")  # `alembic current`
    if not only_looks:
        have_the_turn(connection, migration)
    newest = set(context.script.get_heads())
    known = {script.revision for script in context.script.walk_revisions()}
    if unknown := sorted(set(migration.get_current_heads()) - known):
        raise CchcError(
            f"The warehouse is at revision {', '.join(unknown)}, which is not in sql/migrations/versions: "
            "another version of this repository made it. A local one: make clean, then make migrate. Any "
            "other: migrate it with the version that made it; nothing was changed."
        )
    if only_looks:
        context.run_migrations()
        return
    become_owner(connection)
    waiting = set(migration.get_current_heads()) != newest
    removed = set_views_aside(connection) if waiting else Removed()
    context.run_migrations()
    if set(migration.get_current_heads()) == newest:
        sync_objects(connection, removed)
        sync_functions(connection, removed)
        note_newest(connection, newest)
        close_to_public(connection)


def note_newest(connection: sa.Connection, newest: set[str]) -> None:
    """Says to those who do not read Alembic's own table, in a schema of the administrator's, what the
    warehouse has come to."""
    noted = connection.scalars(sa.text("SELECT revision FROM ops.phien_ban_kho"))
    if set(noted) != newest:
        connection.execute(sa.text("DELETE FROM ops.phien_ban_kho"))
        connection.execute(
            sa.text("INSERT INTO ops.phien_ban_kho (revision) SELECT unnest(CAST(:newest AS text[]))"),
            {"newest": sorted(newest)},
        )


def have_the_turn(connection: sa.Connection, migration: MigrationContext) -> None:
    """Has one migration run at a time: two containers may start at once, and the second finds nothing to do.

    By the table of versions, which nobody but its owner can lock: not by an advisory lock, which any login
    can take. In an empty database whoever makes the table first has the turn: PostgreSQL keeps the others
    waiting for the end of that transaction, and makes the table for one of them if it failed.
    """
    wait_no_longer(connection)
    try:
        with connection.begin_nested():
            migration._ensure_version_table()
    except (sa.exc.IntegrityError, sa.exc.ProgrammingError) as error:
        if getattr(error.orig, "pgcode", None) not in MADE_MEANWHILE:
            raise
    take_turn(connection, "migrate")
    wait_no_longer(connection)


def wait_no_longer(connection: sa.Connection) -> None:
    """Bounds every wait of this transaction: while it waits to change a table, all others wait behind it."""
    connection.execute(
        sa.text("SELECT set_config('lock_timeout', :wait, TRUE)"),
        {"wait": f"{warehouse.LONGEST_WAIT_S * 1000:.0f}ms"},
    )


def who_is_in_the_way(connection: sa.Connection) -> str:
    names = {"schemas": [*SCHEMAS], "version_table": warehouse.VERSION_TABLE}
    return "; ".join(connection.scalars(sa.text(IN_THE_WAY), names)) or "a session that has ended meanwhile"


try:
    engine = sa.create_engine(url_of(dsn), poolclass=sa.pool.NullPool)
except CchcError as error:
    raise SystemExit(f"CCHC_WAREHOUSE_DSN: {error}") from None
with engine.connect() as connection:
    schema, table = warehouse.VERSION_TABLE.split(".")
    context.configure(connection=connection, version_table=table, version_table_schema=schema)
    try:
        with context.begin_transaction():
            migrate(connection)
    except CchcError as error:
        raise SystemExit(str(error)) from None
    except sa.exc.OperationalError as error:
        if getattr(error.orig, "pgcode", None) != warehouse.LOCK_NOT_AVAILABLE:
            raise
        raise SystemExit(
            f"Waited {warehouse.LONGEST_WAIT_S:g} s for what others have open: "
            f"{who_is_in_the_way(connection)}. Nothing was changed. Migrate again when they are done, or end "
            "them: docs/runbook.md#a-migration-waits."
        ) from None
