"""Runs the warehouse's migrations, then makes the views and functions whose files have changed, also
those that are made from the indicators' definitions. What is made belongs to the owner of the warehouse.

The database is named by CCHC_WAREHOUSE_DSN.
"""

import os

import sqlalchemy as sa
from alembic import context

from cchc.database_objects import set_views_aside, sync_objects
from cchc.database_roles import become_owner, close_to_public
from cchc.errors import CchcError
from cchc.figures.refresh import sync_functions
from cchc.warehouse import url_of

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


def migrate(connection: sa.Connection) -> None:
    """Migrates in one transaction; views and functions belong to the newest tables and to no others."""
    migration = context.get_context()
    if getattr(migration.opts.get("fn"), "__name__", "") == "downgrade":
        raise CchcError("alembic downgrade is not supported: a change is taken back by a new migration.")
    newest = set(context.script.get_heads())
    known = {script.revision for script in context.script.walk_revisions()}
    if unknown := sorted(set(migration.get_current_heads()) - known):
        raise CchcError(
            f"The warehouse is at revision {', '.join(unknown)}, which is not in sql/migrations/versions: "
            "another version of this repository made it. A local one: make clean, then make migrate. Any "
            "other: migrate it with the version that made it; nothing was changed."
        )
    if migration.opts.get("dont_mutate"):  # `alembic current` only looks
        context.run_migrations()
        return
    become_owner(connection)
    waiting = set(migration.get_current_heads()) != newest
    removed = set_views_aside(connection) if waiting else None
    context.run_migrations()
    if set(migration.get_current_heads()) == newest:
        sync_objects(connection, removed)
        sync_functions(connection)
        close_to_public(connection)


try:
    engine = sa.create_engine(url_of(dsn), poolclass=sa.pool.NullPool)
except CchcError as error:
    raise SystemExit(f"CCHC_WAREHOUSE_DSN: {error}") from None
with engine.connect() as connection:
    # Two containers may start at once: the second waits here and finds nothing left to do.
    connection.execute(sa.text("SELECT pg_advisory_lock(766)"))
    connection.commit()
    context.configure(connection=connection, version_table="alembic_version_cchc")
    try:
        with context.begin_transaction():
            migrate(connection)
    except CchcError as error:
        raise SystemExit(str(error)) from None
