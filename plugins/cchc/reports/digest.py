"""What officers and engineers read each morning: the newest month's figures, what changed, is late, waits.

Figures of the province, numbers, names of units, codes of indicators, datasets and rules; nothing of a
person or a dossier.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from cchc.charts import picture, scoreboard
from cchc.contracts import contracts
from cchc.reports.appendix import figures_of
from cchc.reports.lateness import lateness
from cchc.reports.pulls import expected, pulls_of
from cchc.reports.standing import PROVINCE, Standing, standing_of
from cchc.shown import in_page, in_table
from cchc.vietnamese import (
    STATES,
    VIETNAM,
    change,
    day,
    figure,
    filters,
    moment,
    number,
    period,
    short_period,
)
from cchc.warehouse import run_sql_file

TEMPLATES = Path(__file__).parent / "templates"
PICTURE = "bang-diem.png"
# More lines than this say no more; how many there are is always said.
SHOWN = 20
MET = {True: "đạt", False: "CHƯA ĐẠT", None: ""}
STATUSES = {
    "landed": "chưa kiểm tra",
    "validated": "chờ nạp",
    "stopped": "bị dừng",
    "loaded": "đã nạp, nay bị dừng",
}


@dataclass(frozen=True)
class Digest:
    """One morning's message. `picture`: the scoreboard as PNG, None when there is no figure."""

    subject: str
    text: str
    html: str
    picture: bytes | None


# Title, lines, and what is said when there is none.
Part = tuple[str, list[str], str]


def digest(connection: sa.Connection, since: datetime, drawn: bool = True) -> Digest:
    """The message about the warehouse as it is now, and what changed since a moment.

    `drawn`: with the picture, which takes a second.
    """
    standing = newest_month(connection)
    rows = figures_of(connection, standing, [PROVINCE]) if standing else []
    met, missed = (sum(row.dat is met for row in rows) for met in (True, False))
    waiting = [lateness(connection), _batches(connection), _months(connection), _differences(connection)]
    parts = [_changes(connection, since), *waiting]
    heading = f"Tổng hợp ngày {day(datetime.now(VIETNAM))}"
    of_month = f"{standing.period}: {met} đạt, {missed} chưa đạt" if standing else "chưa có con số"
    waits = sum(len(lines) for _, lines, _ in waiting)
    subject = f"[CCHC] {heading}. {of_month}; " + (
        f"{number(waits)} việc chờ" if waits else "không có việc chờ"
    )
    no_figures = "" if standing else why_none(connection)
    png = None
    if drawn and any(row.loai == "ty_le" and row.gia_tri is not None for row in rows):
        chart = scoreboard(rows, heading, in_words=False)
        png = picture(chart, 520, chart["height"])
    html = (
        templates()
        .get_template("tong_hop.html")
        .render(
            subject=subject,
            heading=heading,
            standing=standing,
            why_none=no_figures,
            met=met,
            missed=missed,
            rows=rows,
            parts=[(title, shortened(lines), none) for title, lines, none in parts],
            picture=PICTURE if png else None,
        )
    )
    return Digest(subject, _text(heading, standing, no_figures, rows, (met, missed), parts), html, png)


def newest_month(connection: sa.Connection) -> Standing | None:
    """How far the figures of the province stand in the newest whole month that has any.

    A month is whole when some source is known beyond its last day: figures of a month of three days would
    miss every target. Where none is whole, the newest.
    """
    months = [month for month in _months_counted(connection) if not month.ly_do_na]
    # Not the source that is known least: one that is away would hold the month back, and is told as late.
    known = max((pull.watermark for pull in pulls_of(connection) if pull.watermark), default=expected())
    whole = (month for month in months if month.den_ngay < known.date())
    newest = next(whole, next(iter(months), None))
    return standing_of(connection, "thang", newest.ky, PROVINCE) if newest else None


def why_none(connection: sa.Connection) -> str:
    """What is said where no month has figures."""
    newest = next(iter(_months_counted(connection)), None)
    if newest is None:
        return "Chưa có con số nào. Chưa tháng nào được tính: con số có sau lần nạp dữ liệu đầu tiên."
    return f"Chưa có con số nào. {period('thang', newest.ky)}: {in_table(newest.ly_do_na)}."


def _months_counted(connection: sa.Connection) -> Sequence[Any]:
    """The newest first."""
    return run_sql_file(connection, "pages/periods.sql", ky_loai="thang").all()


def shortened(lines: Sequence[str]) -> list[str]:
    """The first of them, and how many more there are."""
    more = len(lines) - SHOWN
    return [*lines[:SHOWN], *([f"và {number(more)} dòng nữa"] if more > 0 else [])]


@cache
def templates() -> Environment:
    """The templates of HTML that leaves the house: mails and files."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        finalize=in_page,
    )
    environment.filters.update(filters(), target=target)
    return environment


def target(row: Any) -> str:
    """The target of a figure as it is written; nothing where there is none."""
    if row.muc_tieu is None:
        return ""
    return f"{'≤' if row.chieu == 'giam' else '≥'} {figure(row.muc_tieu, row.loai)}"


def _text(
    heading: str,
    standing: Standing | None,
    no_figures: str,
    rows: Sequence[Any],
    counts: tuple[int, int],
    parts: Sequence[Part],
) -> str:
    lines = [heading]
    if standing:
        lines += ["", f"{standing.period}: {counts[0]} chỉ tiêu đạt, {counts[1]} chưa đạt"]
        lines += [f"{STATES[standing.trang_thai]}; {standing.known}"]
        for row in rows:
            asked = f" (chỉ tiêu {target(row)}: {MET[row.dat]})" if row.dat is not None else ""
            lines.append(f"- {row.ma_chi_so} {in_table(row.ten)}: {figure(row.gia_tri, row.loai)}{asked}")
    else:
        lines += ["", no_figures]
    for title, found, none in parts:
        lines += ["", title, *(f"- {line}" for line in shortened(found) or [none])]
    return "\n".join(lines)


def _changes(connection: sa.Connection, since: datetime) -> Part:
    # Periods first: what is left out of a long list are single figures.
    found = [
        f"{period(row.ky_loai, row.ky)}: {number(row.so_con_so)} con số đổi, của "
        f"{number(row.so_don_vi)} đơn vị"
        for row in run_sql_file(connection, "reports/changes.sql", tu=since)
    ]
    for row in run_sql_file(connection, "reports/changed_figures.sql", tu=since):
        old, new = row.gia_tri_cu, row.gia_tri_moi
        by = "" if None in (old, new) else f" ({change(new - old, row.loai)})"
        found.append(
            f"{period('thang', row.ky)} {in_table(row.ten)} ({row.ma_chi_so}), toàn tỉnh: "
            f"{figure(old, row.loai)} → {figure(new, row.loai)}{by}"
        )
    return f"Đổi từ {moment(since)}", found, "Không con số nào đã tính lại đổi giá trị."


def _batches(connection: sa.Connection) -> Part:
    # All of them: a batch of years ago that waits is told as well.
    binds = {"dataset": "", "cho": True, "batch_id": None, "dag_id": "", "run_id": "", "so_dong": None}
    known = contracts()
    found = [
        f"Lô {row.batch_id}, {known[row.dataset].title if row.dataset in known else row.dataset}: "
        f"{STATUSES[row.status]}" + (f" (quy tắc: {', '.join(row.quy_tac[:5])})" if row.quy_tac else "")
        for row in run_sql_file(connection, "pages/op_batches.sql", **binds)
    ]
    return "Lô bị dừng, lô chờ nạp", found, "Không lô nào bị dừng hay chờ nạp."


def _months(connection: sa.Connection) -> Part:
    found = [
        f"{period('thang', row.ky)}, tính lần cuối {moment(row.refreshed_at)}"
        for row in run_sql_file(connection, "pages/op_months.sql")
    ]
    return "Tháng chờ tính lại", found, "Không tháng nào chờ tính lại."


def _differences(connection: sa.Connection) -> Part:
    found = [
        f"{row.dataset}, tháng tiếp nhận {short_period(row.month) if row.month else 'không rõ'}: "
        f"nguồn {number(row.source_total)}, kho {number(row.core_total)}, bị loại "
        f"{number(row.rejected_total)}"
        for row in run_sql_file(connection, "pages/op_reconciliation.sql")
        if row.state == "differs"
    ]
    return "Lệch với nguồn", found, "Không tháng nào lệch với nguồn ở lần đối chiếu sau cùng."
