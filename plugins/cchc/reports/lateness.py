"""What is late before any task fails: exports, comparisons with sources, declarations of units."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from cchc.reports.pulls import judged_at
from cchc.shown import in_table
from cchc.vietnamese import moment, number, period
from cchc.warehouse import run_sql_file

TITLE, NOTHING = "Trễ hạn", "Không gì trễ hạn."


@dataclass(frozen=True)
class Late:
    """Something late: its code, what it is, what to do about it.

    `silent`: somebody has said why it need not be told, and until when; `was_silent`: until when that held.
    """

    ma: str
    loai: str
    words: str
    since: datetime | None
    todo: str
    silent: bool = False
    was_silent: datetime | None = None

    @property
    def line(self) -> str:
        """What a person is told, in one line."""
        since = f", từ {moment(self.since)}" if self.since else ""
        again = f" (đã cho im đến {moment(self.was_silent)}, nay hết)" if self.was_silent else ""
        return f"{self.words}{since}{again}"


def late(connection: sa.Connection, now: datetime | None = None) -> list[Late]:
    """All that is late at a moment, local time; None: now. Declarations are one thing a month."""
    rows = run_sql_file(connection, "reports/lateness.sql", luc=now or judged_at())
    return [
        Late(
            row.ma_phat_hien,
            row.loai,
            in_table(_words(row)),
            row.tre_tu,
            row.viec_can_lam,
            bool(row.con_im),
            row.im_den if row.het_im else None,
        )
        for row in rows
    ]


def lateness(connection: sa.Connection) -> tuple[str, list[str], str]:
    """A part of the digest: title, lines, what is said when there is none. What is silenced is left out."""
    return TITLE, [found.line for found in late(connection) if not found.silent], NOTHING


def _words(row: Any) -> str:
    match row.loai:
        case "khai_bao":
            names = "; ".join(row.cac_ten)
            more = row.so_doi_tuong - len(row.cac_ten)
            others = f" và {number(more)} đơn vị nữa" if more else ""
            return (
                f"Phiếu khai báo {period('thang', row.ky)}: {number(row.so_doi_tuong)} đơn vị còn thiếu "
                f"{number(row.thieu)} số liệu ({names}{others})"
            )
        case "doi_chieu":
            months = f"{number(row.thieu)} tháng, sớm nhất {period('thang', row.ky)}"
            return f"{row.ten}: chưa đối chiếu với nguồn {months}"
        case _ if row.tre_tu is None:
            return f"{row.ten}: chưa kéo lần nào"
    return f"{row.ten}: trễ {number(row.thieu)} ngày"
