"""What readers of dossiers kept waiting: a partition for all other months, locked by every new one."""

from alembic import op

from cchc.database_objects import run_migration

revision = "0012"
down_revision = "0010"


def upgrade() -> None:
    run_migration(op.get_bind(), __file__)
