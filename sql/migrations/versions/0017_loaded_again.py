"""Batches that are to be loaded again for other units; spare copies of landed files."""

from alembic import op

from cchc.database_objects import run_migration

revision = "0017"
down_revision = "0014"


def upgrade() -> None:
    run_migration(op.get_bind(), __file__)
