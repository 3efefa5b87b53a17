"""Findings are told apart by whole keys only, and by a hash of those that may not be kept."""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

from cchc.contracts import datasets_of
from cchc.database_objects import run_migration, run_script, with_other_facts

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    connection = op.get_bind()
    run_migration(connection, __file__)
    # A fact whose contract is newer than the warehouse has no table yet, and no findings.
    loaded = set(
        connection.scalars(sa.text("SELECT DISTINCT dataset FROM ops.batch WHERE status = 'loaded'"))
    )
    text = Path(__file__).with_name("0029_fill.sql").read_text(encoding="utf-8")
    run_script(connection, with_other_facts(text, loaded & {*datasets_of("fact")}))
