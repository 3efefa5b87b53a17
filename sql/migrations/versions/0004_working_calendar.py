"""The working calendar and its arithmetic, lines that broke rules, and the lists for officers."""

from pathlib import Path

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    for name in ("calendar", "lists"):
        ddl = Path(__file__).with_name(f"0004_{name}.sql").read_text(encoding="utf-8")
        op.get_bind().exec_driver_sql(ddl.replace("%", "%%"))
