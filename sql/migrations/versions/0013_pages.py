"""Who looks at the pages in the browser, and as what."""

from alembic import op

from cchc.database_objects import run_migration

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    run_migration(op.get_bind(), __file__)
