"""What was kept before codes were told by their shape and nested lists were rebuilt field by field."""

from alembic import op

from cchc.database_objects import run_migration

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    run_migration(op.get_bind(), __file__)
