"""${message}: tables and data only, see sql/migrations/README.md."""

from alembic import op

from cchc.database_objects import run_migration

revision = "${up_revision}"
down_revision = "${down_revision}"


def upgrade() -> None:
    # The file beside this one that has its name, .sql for .py.
    run_migration(op.get_bind(), __file__)
