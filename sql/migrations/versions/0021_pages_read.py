"""What a unit's officer reads behind figures that are counted from declarations."""

from alembic import op

from cchc.database_objects import run_migration

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    run_migration(op.get_bind(), __file__)
