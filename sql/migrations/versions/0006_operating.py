"""How a batch was last judged beside what of it is loaded; what is tidied away; points of QĐ 766."""

from alembic import op

from cchc.database_objects import run_migration

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    run_migration(op.get_bind(), __file__)
