"""What BI tools join by themselves: the kind of period of a month's points, and its key."""

from alembic import op

from cchc.database_objects import run_migration

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    run_migration(op.get_bind(), __file__)
