"""The appendix of figures for the periodic report to Sở Nội vụ as a workbook: indicators, level by level."""

from itertools import groupby
from typing import Any

import sqlalchemy as sa

from cchc.reports.sheet import (
    CHANGE,
    PLAIN,
    RATE,
    WHOLE,
    WHOLE_CHANGE,
    Cell,
    Head,
    Line,
    Table,
    workbook,
    write,
)
from cchc.reports.standing import PROVINCE, Standing
from cchc.vietnamese import LEVELS
from cchc.warehouse import run_sql_file

COLUMNS = (
    *(("TT", 5), ("Chỉ số; toàn tỉnh, cấp, đơn vị", 34), ("Tử số", 18), ("Mẫu số", 18), ("Giá trị", 12)),
    *(("Đơn vị tính", 8), ("Chỉ tiêu", 10), ("Đạt chỉ tiêu", 10), ("So kỳ trước", 11)),
    *(("So cùng kỳ năm trước", 11), ("Vì sao không có giá trị", 46)),
)
MEASURES = {"ty_le": "%", "diem": "điểm", "dem": "số"}
MET = {True: "Đạt", False: "Chưa đạt", None: None}
NOTES = (
    "Số thay đổi của tỷ lệ là điểm phần trăm. Ô trống: không có giá trị, không giao chỉ tiêu, hoặc không có "
    "kỳ để so.",
)
NOT_COMPARED = ("Bản cũ không so với kỳ khác: những kỳ ấy từ đó có thể đã đổi.",)


def codes_of(standing: Standing) -> list[str]:
    """Whose figures stand in it: a unit beside its level and the province; the province and its levels."""
    if standing.ma_don_vi == PROVINCE:
        return [f"TONG:{cap}" for cap in LEVELS]
    if standing.whole:
        return [standing.ma_don_vi, PROVINCE]
    return [standing.ma_don_vi, f"TONG:{standing.cap}", PROVINCE]


def figures_of(connection: sa.Connection, standing: Standing, codes: list[str]) -> list[sa.Row[Any]]:
    """The published figures of a period at these codes, indicator by indicator in the order of display."""
    binds = standing.binds | {"cac_ma": codes, "da_thay": bool(standing.replaced)}
    return list(run_sql_file(connection, "reports/figures.sql", **binds).all())


def appendix(connection: sa.Connection, standing: Standing) -> bytes:
    """The appendix of the unit, level or province of `standing`, as XLSX."""
    rows = figures_of(connection, standing, codes_of(standing))
    lines = []
    for number, (_, group) in enumerate(groupby(rows, lambda row: row.ma_chi_so), 1):
        lines += _indicator(number, list(group))
    table = Table(
        name="Phụ lục số liệu",
        title=("PHỤ LỤC SỐ LIỆU", "KẾT QUẢ THỰC HIỆN CÁC CHỈ SỐ CẢI CÁCH HÀNH CHÍNH"),
        widths=[width for _, width in COLUMNS],
        heads=[Head(0, column, text) for column, (text, _) in enumerate(COLUMNS)],
        lines=lines,
        notes=(*NOTES, *(NOT_COMPARED if standing.replaced else ())),
        numbered=True,
    )
    with workbook(f"Phụ lục số liệu {standing.period}, {standing.ten_don_vi}", standing) as (book, content):
        write(book, table, standing)
    return content.getvalue()


def _indicator(number: int, rows: list[sa.Row[Any]]) -> list[Line]:
    """The lines of one indicator: its name, then its figures at each code."""
    first, *_ = rows
    value, changed = (WHOLE, WHOLE_CHANGE) if first.loai == "dem" else (RATE, CHANGE)
    name = Cell(f"{first.ten} ({first.ma_chi_so})", over=len(COLUMNS) - 1)
    lines = [Line([Cell(number, PLAIN, align="center"), name], bold=True)]
    for row in rows:
        cells = (
            Cell(None),
            Cell(row.ten_don_vi),
            Cell(row.tu_so),
            Cell(row.mau_so),
            Cell(row.gia_tri, value),
            Cell(MEASURES[row.loai], align="center"),
            Cell(row.muc_tieu, value),
            Cell(MET[row.dat], align="center"),
            Cell(row.so_ky_truoc, changed),
            Cell(row.so_nam_truoc, changed),
            Cell(row.ly_do_na),
        )
        lines.append(Line(cells))
    return lines
