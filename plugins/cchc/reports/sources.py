"""Until when each source behind figures is known; never one moment for all of them."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import sqlalchemy as sa

from cchc.figures.definitions import Indicator, facts, indicators
from cchc.vietnamese import moment
from cchc.warehouse import run_sql_file

# Dataset that figures are counted from → the source, and which part of it.
SOURCES = {
    "ho_so": "Hệ thống TTHC (hồ sơ)",
    "danh_gia": "Hệ thống TTHC (đánh giá)",
    "tthc": "Danh mục TTHC",
    "van_ban": "Hệ thống QLVB&ĐH (văn bản)",
    "ho_so_cong_viec": "Hệ thống QLVB&ĐH (hồ sơ công việc)",
    "khai_bao": "Khai báo của đơn vị",
}
NOTHING = "chưa có"

# The words of a source, and until when it is known; None: nothing of it is loaded.
Known = tuple[str, datetime | None]


def sources_of(connection: sa.Connection, codes: Iterable[str], so_cai: int | None = None) -> list[Known]:
    """The sources of these indicators, each with the last moment that what was loaded of it tells of.

    `so_cai`: what was loaded when that entry of the ledger published them; None: until now.
    """
    wanted = {dataset for code in codes if code in indicators() for dataset in _datasets(indicators()[code])}
    if so_cai is None:
        found = run_sql_file(connection, "pages/known_until.sql").all()
    else:
        found = run_sql_file(connection, "reports/known_at.sql", so_cai=so_cai).all()
    until = {row.dataset: row.tinh_den for row in found}
    return [(words, until.get(dataset)) for dataset, words in SOURCES.items() if dataset in wanted]


def told(known: Sequence[Known]) -> str:
    """Each source with its moment, as one text."""
    return ", ".join(f"{words} {moment(until) if until else NOTHING}" for words, until in known)


def _datasets(indicator: Indicator) -> set[str]:
    terms = (*indicator.tu_so, *indicator.mau_so, *indicator.can_co)
    return {facts()[term.fact].bo_du_lieu for term in terms}
