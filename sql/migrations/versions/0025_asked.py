"""What people are asked before a month is published, and the rules of closing."""

from alembic import op

from cchc.database_objects import run_migration

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    run_migration(op.get_bind(), __file__)
