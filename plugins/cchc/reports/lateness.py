"""What is late before any task fails: exports, comparisons, declarations, confirmations, closing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from cchc.reports.pulls import judged_at
from cchc.shown import in_table
from cchc.vietnamese import moment, number, period
from cchc.warehouse import run_sql_file

TITLE, NOTHING = "Trễ hạn", "Không gì trễ hạn."
# What several findings of a kind are together.
TOGETHER = {
    "du_lieu": "Dữ liệu từ nguồn, {} bộ dữ liệu",
    "doi_chieu": "Đối chiếu với nguồn, {} bộ dữ liệu",
    "khai_bao": "Phiếu khai báo, {} tháng",
    "xac_nhan": "Xác nhận của đơn vị, {} tháng",
}
# So many of them are named in one line.
NAMED = 5
NEVER_CONFIRMED = "xac_nhan:chua_bao_gio"


@dataclass(frozen=True)
class Late:
    """Something late: its code, what it is, what to do about it.

    `short`: what it is, where its kind is said already; `silent`: somebody has said why it need not be told,
    and until when; `was_silent`: until when that held, with `reason`.
    """

    ma: str
    loai: str
    words: str
    short: str
    since: datetime | None
    todo: str
    silent: bool = False
    was_silent: datetime | None = None
    reason: str = ""

    @property
    def line(self) -> str:
        """What a person is told, in one line."""
        return f"{self.words}{self._more}"

    @property
    def short_line(self) -> str:
        """The same in a line that names its kind once for several."""
        return f"{self.short}{self._more}"

    @property
    def _more(self) -> str:
        since = f", từ {moment(self.since)}" if self.since else ""
        said = f" (đã cho im đến {moment(self.was_silent)}: “{self.reason}”; nay hết)"
        return f"{since}{said if self.was_silent else ''}"


def late(connection: sa.Connection, now: datetime | None = None) -> list[Late]:
    """All that is late at a moment, local time; None: now.

    Declarations and confirmations are one thing a month, months that are not closed one thing.
    """
    rows = run_sql_file(connection, "reports/lateness.sql", luc=now or judged_at())
    found = []
    for row in rows:
        kind, what = _words(row)
        found.append(
            Late(
                row.ma_phat_hien,
                row.loai,
                in_table(f"{kind}{what}"),
                in_table(what),
                row.tre_tu,
                row.viec_can_lam,
                bool(row.con_im),
                row.im_den if row.het_im else None,
                in_table(row.ly_do_im or ""),
            )
        )
    return found


def lateness(connection: sa.Connection) -> tuple[str, list[str], str]:
    """A part of the digest: title, lines, what is said when there is none.

    A line for each kind of what is late. What is silenced is left out; what was and no longer is comes first.
    """
    told = [found for found in late(connection) if not found.silent]
    return TITLE, [_together(list(of_kind)) for _, of_kind in groupby(told, lambda one: one.loai)], NOTHING


def _together(found: Sequence[Late]) -> str:
    """One line for all findings of one kind."""
    if len(found) == 1:
        return found[0].line
    in_turn = sorted(found, key=lambda one: one.was_silent is None)
    more = len(found) - NAMED
    others = f"; và {number(more)} nữa" if more > 0 else ""
    named = "; ".join(one.short_line for one in in_turn[:NAMED])
    return f"{TOGETHER[found[0].loai].format(number(len(found)))}: {named}{others}"


def _words(row: Any) -> tuple[str, str]:
    """The kind of a finding, as the line of one begins, and what is late."""
    many = f"{number(row.thieu)} tháng, sớm nhất {period('thang', row.ky)}" if row.ky else ""
    units = f"{number(row.so_doi_tuong)} đơn vị"
    kind = ""
    match row.loai:
        case "khai_bao":
            kind, what = "Phiếu khai báo ", f"{units} còn thiếu {number(row.thieu)} số liệu ({_names(row)})"
            what = f"{period('thang', row.ky)}: {what}"
        case "xac_nhan" if row.ma_phat_hien == NEVER_CONFIRMED:
            kind, what = "Xác nhận: ", f"chưa đơn vị nào xác nhận bao giờ; đã quá hạn {many}"
        case "xac_nhan":
            kind = "Xác nhận "
            what = f"{period('thang', row.ky)}: {units} chưa xác nhận ({_names(row)})"
        case "chot":
            what = f"Chưa chốt {many}"
        case "doi_chieu":
            what = f"{row.ten}: chưa đối chiếu với nguồn {many}"
        case _ if row.tre_tu is None:
            what = f"{row.ten}: chưa kéo lần nào"
        case _:
            what = f"{row.ten}: trễ {number(row.thieu)} ngày"
    return kind, what


def _names(row: Any) -> str:
    """The units that are meant, and how many more."""
    more = row.so_doi_tuong - len(row.cac_ten)
    others = f" và {number(more)} đơn vị nữa" if more else ""
    return f"{'; '.join(row.cac_ten)}{others}"
