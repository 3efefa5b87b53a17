"""Files of the drop folder: known by their way in, and reported once where they cannot be taken."""

from alembic import op

from cchc.database_objects import run_migration

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    run_migration(op.get_bind(), __file__)
