"""Counts of procedures as bits; form II.06a reconciled across mergers."""

from pathlib import Path

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    # exec_driver_sql: the file contains colons that SQLAlchemy would read as bind parameters.
    ddl = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    op.get_bind().exec_driver_sql(ddl.replace("%", "%%"))
