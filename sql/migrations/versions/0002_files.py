"""What a file holds besides its lines, and where the time of its data comes from: tables and data only."""

from alembic import op

from cchc.database_objects import run_migration

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    # The file beside this one that has its name, .sql for .py.
    run_migration(op.get_bind(), __file__)
