"""Where processes that do the same thing take turns."""

from alembic import op

from cchc.database_objects import run_migration

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    run_migration(op.get_bind(), __file__)
