"""What is closed: the ledger, the rows and figures of every revision, and what waits for the next one."""

from alembic import op

from cchc.database_objects import run_migration

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    run_migration(op.get_bind(), __file__)
