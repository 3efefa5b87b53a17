"""Until when each dataset that is pulled from a source is known, and whether that is late."""

import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from cchc.contracts import contracts
from cchc.known_until import watermark_of
from cchc.vietnamese import VIETNAM
from cchc.warehouse import run_sql, run_sql_file

# Pulls run at midnight and half past; what is known by then is the whole day before. ky_han.csv says so too,
# which a new warehouse has not read yet.
DAYS_ALLOWED = 1


@dataclass(frozen=True)
class Pull:
    """A dataset that is pulled. `row`: its last pull; `watermark`: until when it is known without a gap."""

    row: sa.Row[Any]
    title: str
    watermark: datetime | None
    late: bool


def judged_at() -> datetime:
    """When sources are looked at, local time: now, or when a simulated one ends (CCHC_NGUON_DEN)."""
    now = datetime.now(VIETNAM).replace(tzinfo=None)
    ends = os.environ.get("CCHC_NGUON_DEN")
    return min(now, datetime.fromisoformat(ends)) if ends else now


def expected() -> datetime:
    """Until when every source that is pulled should be known: the end of the last whole day, local time."""
    return judged_at().replace(hour=0, minute=0, second=0, microsecond=0)


def pulls_of(connection: sa.Connection) -> list[Pull]:
    """All datasets that are pulled, in the order of their contracts."""
    datasets = [contract.dataset for contract in contracts().values() if contract.api]
    days = run_sql(
        connection,
        "SELECT so_ngay FROM core.ky_han WHERE loai = 'du_lieu' "
        "AND CAST(:luc AS date) BETWEEN hieu_luc_tu AND hieu_luc_den",
        luc=expected(),
    ).scalar()
    allowed = timedelta(days=DAYS_ALLOWED if days is None else days)
    found = []
    for row in run_sql_file(connection, "pages/op_pulls.sql", datasets=datasets):
        mark = watermark_of(connection, row.dataset)
        late = mark is None or mark < expected() - allowed
        found.append(Pull(row, contracts()[row.dataset].title, mark, late))
    return found
