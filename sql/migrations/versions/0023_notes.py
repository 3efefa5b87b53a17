"""Comments and follow-up marks on figures."""

from alembic import op

from cchc.database_objects import run_migration

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    run_migration(op.get_bind(), __file__)
