"""Who looks at a page, and the warehouse as that person may read it.

Airflow says who it is, ops.nguoi_xem as what the person reads; PostgreSQL's grants and row-level security say
which rows these are.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from cchc.database_roles import STEWARD, UNIT
from cchc.figures.notes import Figure, Kind, add_note
from cchc.warehouse import run_sql_file

# A page that takes longer than this helps nobody.
LONGEST_STATEMENT_S = 20


@dataclass(frozen=True)
class Viewer:
    """Somebody who has logged in. `role`: the role of PostgreSQL as which the warehouse is read."""

    name: str
    role: str
    ma_don_vi: str | None = None
    ten_don_vi: str | None = None

    @property
    def sees_every_row(self) -> bool:
        return self.role == STEWARD

    @property
    def sees_rows(self) -> bool:
        """Whether there are dossiers that the viewer may see."""
        return self.role in (STEWARD, UNIT)


def literal(text: str) -> str:
    """The text as a literal of SQL, for a statement that somebody copies from a page."""
    return "'" + text.replace("'", "''") + "'"


class NotForThisViewer(Exception):
    """The page is there, and this viewer has no right to it. `why`: in Vietnamese, what is needed."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True)
class Reading:
    """One transaction that reads the warehouse with the rights of one viewer."""

    connection: sa.Connection
    viewer: Viewer

    def rows(self, file: str, **binds: Any) -> list[sa.Row[Any]]:
        """The rows that a file of sql/pages gives."""
        return list(run_sql_file(self.connection, f"pages/{file}.sql", **binds).all())

    def row(self, file: str, **binds: Any) -> sa.Row[Any] | None:
        """The first of them, or None."""
        return next(iter(self.rows(file, **binds)), None)

    def only_for_stewards(self) -> None:
        """Raises NotForThisViewer for whoever does not see the rows of all units."""
        if not self.viewer.sees_every_row:
            raise NotForThisViewer(
                "Trang này dành cho cán bộ được xem dòng của mọi đơn vị. Người quản trị cấp quyền bằng "
                f"SELECT ops.gan_nguoi_xem({literal(self.viewer.name)});"
            )


@contextmanager
def reading_as(engine: sa.Engine, name: str) -> Iterator[Reading]:
    """The warehouse as `name` may read it; nothing can be written.

    `engine`: of the login cchc_pages, which has no right of its own but to become one of the readers.
    """
    with engine.connect() as connection, connection.begin():
        connection.exec_driver_sql("SET TRANSACTION READ ONLY, ISOLATION LEVEL REPEATABLE READ")
        yield Reading(connection, _become(connection, name))


def add_note_as(engine: sa.Engine, name: str, figure: Figure, kind: Kind, text: str | None) -> int:
    """Writes a comment on a figure, or a follow-up mark, as `name`; returns its number.

    The one thing that pages write: what they read is read in transactions of their own. Raises CchcError as
    add_note, and NotForThisViewer for whoever sees figures only.
    """
    with engine.begin() as connection:
        if not _become(connection, name).sees_rows:
            raise NotForThisViewer("Ghi chú dành cho cán bộ và đơn vị; tài khoản này chỉ xem con số.")
        return add_note(connection, figure, kind, text)


def _become(connection: sa.Connection, name: str) -> Viewer:
    """Reads and writes with the rights of `name` until the transaction ends."""
    found = connection.execute(sa.text("SELECT * FROM ops.nguoi_xem_la(:name)"), {"name": name}).one()
    # Quoted by the function, and one of three.
    connection.exec_driver_sql(f"SET LOCAL ROLE {found.vai}")
    return Viewer(name, found.vai, found.ma_don_vi, found.ten_don_vi)
