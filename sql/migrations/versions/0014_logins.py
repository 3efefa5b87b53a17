"""A tie of a login to a unit is of that login alone, and what ties there were is kept."""

from alembic import op

from cchc.database_objects import run_migration

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    run_migration(op.get_bind(), __file__)
