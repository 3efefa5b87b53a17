"""What waits for a closed month, and why."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from cchc.warehouse import run_sql_file


@dataclass(frozen=True)
class Waiting:
    """`rows`: parts of the province's figures that would change; `figures`, `lines`: how many of anybody;
    `digest`: the hash of all that waits."""

    rows: list[sa.Row[Any]]
    figures: int
    lines: int
    digest: str

    @property
    def text(self) -> str:
        """One line a part."""
        return "\n".join(
            f"{r.ky_loai} {r.ky} {r.ma_chi_so}: {r.truoc} → {r.sau}; {r.nguyen_nhan} "
            f"{r.tu_so:+d}/{r.mau_so:+d}, {r.so_dong} rows"
            for r in self.rows
        )


def waiting(engine: sa.Engine, ky: str) -> Waiting:
    """What waits for a closed month as it was counted last; reads only."""
    with engine.connect() as connection:
        rows = run_sql_file(connection, "publication/waiting.sql", ky=ky).all()
        counts = run_sql_file(connection, "publication/how_many_wait.sql", ky=ky).one()
        digest = waiting_digest(connection, ky)
    return Waiting(list(rows), counts.so_con_so, counts.so_dong, digest)


def waiting_digest(connection: sa.Connection, ky: str) -> str:
    """The hash of all that waits for a closed month."""
    digest: str = run_sql_file(connection, "publication/waiting_digest.sql", ky=ky).scalar_one()
    return digest
