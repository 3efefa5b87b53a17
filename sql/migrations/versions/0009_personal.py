"""What was kept of files before only words of the field were: names, titles, cells."""

from alembic import op

from cchc.database_objects import run_migration

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    run_migration(op.get_bind(), __file__)
