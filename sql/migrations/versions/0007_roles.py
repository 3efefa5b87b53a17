"""Who may do what: rights of the pipeline, of stewards, BI and units; rows of a unit are its own."""

from alembic import op

from cchc.database_objects import run_migration

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    run_migration(op.get_bind(), __file__)
