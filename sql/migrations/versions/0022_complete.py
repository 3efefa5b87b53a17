"""What is expected and until when: deadlines, the datasets that are pulled; findings that are silenced."""

from alembic import op

from cchc.database_objects import run_migration

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    run_migration(op.get_bind(), __file__)
