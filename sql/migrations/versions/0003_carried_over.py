"""Who received a dossier, who answers for it, and whom a unit took over from."""

from alembic import op

from cchc.database_objects import run_migration

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    run_migration(op.get_bind(), __file__)
