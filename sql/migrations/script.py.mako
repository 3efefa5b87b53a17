"""${message}: tables and data only, see sql/migrations/README.md."""

from alembic import op

from cchc.database_objects import run_migration

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    # Runs ${up_revision}_<name>.sql beside this file; several names in the order given.
    run_migration(op.get_bind(), __file__, "name")
