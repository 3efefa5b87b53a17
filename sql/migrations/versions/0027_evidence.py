"""What evidence about a closed month rests on: loads in their order, and the files they were made with."""

from alembic import op

from cchc.database_objects import run_migration

revision = "0027"
down_revision = "0025"


def upgrade() -> None:
    run_migration(op.get_bind(), __file__)
