"""Rows of procedures have room beside them, so that ending a range touches no index."""

from alembic import op

from cchc.database_objects import run_migration

revision = "0030"
down_revision = "0029"


def upgrade() -> None:
    run_migration(op.get_bind(), __file__)
