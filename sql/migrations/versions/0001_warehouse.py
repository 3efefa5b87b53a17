"""Schemas ops, staging, core and mart: the warehouse from empty."""

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    # exec_driver_sql: the file contains colons that SQLAlchemy would read as bind parameters.
    connection = op.get_bind()
    for name in ("ops", "core", "mart"):
        ddl = Path(__file__).with_name(f"0001_{name}.sql").read_text(encoding="utf-8")
        connection.exec_driver_sql(ddl.replace("%", "%%"))
