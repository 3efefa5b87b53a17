"""Lines that say nothing new, and lines that contradict each other."""

from alembic import op

from cchc.database_objects import run_migration

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    run_migration(op.get_bind(), __file__)
