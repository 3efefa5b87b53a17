"""Working calendar and its arithmetic, faulty lines, and the lists for officers."""

from pathlib import Path

from alembic import op

revision = "0004"
down_revision = "0001"


def upgrade() -> None:
    op.get_bind().exec_driver_sql(
        Path(__file__).with_suffix(".sql").read_text(encoding="utf-8").replace("%", "%%")
    )
