"""The official files there are: what each is called, who it can be of, and what writes it."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from cchc.errors import CchcError
from cchc.reports.appendix import appendix
from cchc.reports.draft import draft
from cchc.reports.form_06a import form_06a
from cchc.reports.late import FIGURE, late_dossiers
from cchc.reports.standing import OF_06A, Standing, standing_of
from cchc.vietnamese import VIETNAM


@dataclass(frozen=True)
class Kind:
    """`figures`: whose state the file tells (None: of all); `rows`: lists dossiers of one unit; `goes_on`: is
    to be worked on, so it is of the edition in force only."""

    write: Callable[[sa.Connection, Standing], bytes]
    suffix: str
    figures: Sequence[str] | None = None
    rows: bool = False
    goes_on: bool = False


@dataclass(frozen=True)
class OfficialFile:
    name: str
    content: bytes
    standing: Standing


KINDS = {
    "bieu_06a": Kind(form_06a, "xlsx", OF_06A),
    "phu_luc": Kind(appendix, "xlsx"),
    "du_thao": Kind(draft, "docx", goes_on=True),
    "tre_han": Kind(late_dossiers, "xlsx", (FIGURE,), rows=True),
}


def official_file(
    connection: sa.Connection,
    kind: str,
    ky_loai: str,
    ky: str,
    don_vi: str,
    made_at: datetime | None = None,
    revision: int | None = None,
) -> OfficialFile:
    """One file of a period for a unit, a level or the province (TONG:<cap>), made at `made_at` (None: now).

    `revision`: as standing_of. It holds what the connection's role may read. Raises CchcError where there are
    no figures, for a list of dossiers that is not of a unit, and for a draft of a replaced edition.
    """
    one = KINDS[kind]
    standing = standing_of(connection, ky_loai, ky, don_vi, one.figures, made_at, revision)
    if standing.replaced and one.goes_on:
        raise CchcError(
            f"Revision {revision} of {ky_loai} {ky} was replaced. A draft is to be worked on: expected the "
            "revision in force, without REVISION."
        )
    # Codes come from sources: in a file's name only what every system takes.
    of = re.sub(r"[^A-Za-z0-9.-]", "_", don_vi.removeprefix("TONG:"))
    edition = f"_lan_sua_{standing.revision}" if standing.replaced else ""
    name = f"{kind}_{standing.ky_loai}_{standing.ky}_{of}{edition}.{one.suffix}"
    return OfficialFile(name, one.write(connection, standing), standing)


def official_files(
    engine: sa.Engine, ky_loai: str, ky: str, don_vi: str, revision: int | None = None
) -> list[OfficialFile]:
    """All files of a period, of one and the same state of the warehouse; of a unit its late dossiers too.

    Of a revision that was replaced no draft.
    """
    with engine.connect() as connection, connection.begin():
        connection.exec_driver_sql("SET TRANSACTION READ ONLY, ISOLATION LEVEL REPEATABLE READ")
        now = datetime.now(VIETNAM)
        replaced = standing_of(connection, ky_loai, ky, don_vi, None, now, revision).replaced
        kinds = [
            kind
            for kind, one in KINDS.items()
            if not (one.rows and don_vi.startswith("TONG:")) and not (one.goes_on and replaced)
        ]
        return [official_file(connection, kind, ky_loai, ky, don_vi, now, revision) for kind in kinds]
