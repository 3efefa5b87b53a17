"""What the sources state, month by month, beside what the warehouse holds."""

from alembic import op

from cchc.database_objects import run_migration

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    run_migration(op.get_bind(), __file__)
