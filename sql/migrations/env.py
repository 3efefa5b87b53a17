"""Runs the warehouse's migrations; the database is named by CCHC_WAREHOUSE_DSN."""

import os

import sqlalchemy as sa
from alembic import context

dsn = os.environ.get("CCHC_WAREHOUSE_DSN")
if not dsn:
    raise SystemExit(
        "CCHC_WAREHOUSE_DSN is not set: give the warehouse as "
        "postgresql+psycopg2://user:password@host:port/cchc, or run `make migrate`."
    )

engine = sa.create_engine(dsn, poolclass=sa.pool.NullPool)
with engine.connect() as connection:
    # Two containers may start at once: the second waits here and finds nothing left to do.
    connection.execute(sa.text("SELECT pg_advisory_lock(766)"))
    connection.commit()
    context.configure(connection=connection, version_table="alembic_version_cchc")
    with context.begin_transaction():
        context.run_migrations()
