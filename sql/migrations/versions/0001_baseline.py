"""Schemas mart, ops, staging and core: every table of the warehouse from empty."""

from alembic import op

from cchc.database_objects import run_migration

revision = "0001"
down_revision = None


def upgrade() -> None:
    run_migration(op.get_bind(), __file__, "mart", "ops", "core")
