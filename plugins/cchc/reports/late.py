"""The late dossiers of one unit as a workbook: those of the period, and those that are late and open now.

Whoever's connection it is sees its own rows only, as row-level security has it.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from cchc.errors import CchcError
from cchc.figures.drill import rows_seen_by
from cchc.reports.sheet import DAY, PLAIN, Cell, Head, Line, Table, workbook, write
from cchc.reports.standing import Standing
from cchc.vietnamese import moment, number
from cchc.warehouse import run_sql_file

# Its rows are those of columns 10 and 13 of form II.06a.
FIGURE = "T15"
OF_PERIOD = (
    *(("TT", 5), ("Mã hồ sơ", 30), ("Mã thủ tục", 14), ("Tiếp nhận", 12), ("Hẹn trả", 12), ("Kết thúc", 12)),
    *(("Cột của biểu II.06a", 26), ("Tệp", 40), ("Dòng", 8)),
)
NOW = (
    *(("TT", 5), ("Mã hồ sơ", 30), ("Thủ tục", 50), ("Tiếp nhận", 12), ("Hẹn trả", 12)),
    *(("Trễ (ngày làm việc)", 11), ("Trạng thái", 24), ("Tệp", 34), ("Dòng", 8)),
)
ENDED, OPEN = "10: đã giải quyết, quá hạn", "13: đang giải quyết, quá hạn"


def late_dossiers(connection: sa.Connection, standing: Standing) -> bytes:
    """The lists of the unit of `standing`, as XLSX; raises CchcError for a level, and while a month waits."""
    if standing.whole:
        raise CchcError(
            f"{standing.ma_don_vi} is no unit. Expected a unit's code: only units have such a list."
        )
    unit = run_sql_file(connection, "pages/unit.sql", ma=standing.ma_don_vi, ngay=None).one()
    heir = unit.ma_don_vi_ke_thua
    tables = [_of_period(connection, standing, heir)]
    if not heir and not standing.replaced:
        tables.append(_now(connection, standing))
    title = f"Hồ sơ trễ hạn {standing.period}, {standing.ten_don_vi}"
    with workbook(title, standing) as (book, content):
        for table in tables:
            write(book, table, standing)
    return content.getvalue()


def _of_period(connection: sa.Connection, standing: Standing, heir: str | None) -> Table:
    rows = _published(connection, standing) if standing.so_cai else _counted(connection, standing)
    lines = []
    for place, row in enumerate(rows, 1):
        ended = _day(row["ket_thuc"])
        of_period = ended is not None and ended <= standing.den_ngay
        lines.append(
            _line(
                *(place, row["ma_ho_so"], row["ma_tthc"] or "", _day(row["tiep_nhan"]), _day(row["hen_tra"])),
                *(ended, ENDED if of_period else OPEN, row["original_name"] or "", int(row["line_no"])),
            )
        )
    count = f"{number(len(rows))} hồ sơ, bằng cột 10 + 13 của biểu II.06a (chỉ số {FIGURE}) trong kỳ."
    if heir:
        count += f" Đơn vị đã hết hiệu lực: hồ sơ còn mở nằm ở danh sách của đơn vị kế thừa, {heir}."
    return _table("Trễ hạn trong kỳ", "DANH SÁCH HỒ SƠ TRỄ HẠN TRONG KỲ", OF_PERIOD, lines, count)


def _counted(connection: sa.Connection, standing: Standing) -> Sequence[Mapping[Any, Any]]:
    """The rows behind the figure of an open period."""
    found = rows_seen_by(connection, FIGURE, standing.ky, standing.ma_don_vi, "tu_so", standing.ky_loai)
    return sorted(found.to_dict("records"), key=lambda row: (row["hen_tra"], row["ma_ho_so"]))


def _published(connection: sa.Connection, standing: Standing) -> Sequence[Mapping[Any, Any]]:
    """The same of a closed period, as they were published."""
    binds = standing.binds | {"ma": FIGURE, "revision": standing.revision}
    return run_sql_file(connection, "reports/late_published.sql", **binds).mappings().all()


def _now(connection: sa.Connection, standing: Standing) -> Table:
    rows = run_sql_file(connection, "reports/late.sql", don_vi=standing.ma_don_vi).all()
    lines = [
        _line(
            *(place, row.ma_ho_so, row.ten_tthc or row.ma_tthc or "", _day(row.ngay_tiep_nhan)),
            *(_day(row.ngay_hen_tra), row.so_ngay_lam_viec_tre, row.trang_thai or ""),
            *(row.ten_tep, row.line_no),
        )
        for place, row in enumerate(rows, 1)
    ]
    until = f", tính đến {moment(rows[0].tinh_den)}" if rows else ""
    count = f"{number(len(rows))} hồ sơ đang mở, quá hạn{until}; không kể hồ sơ dừng xử lý."
    return _table("Đang quá hạn", "DANH SÁCH HỒ SƠ ĐANG MỞ, QUÁ HẠN", NOW, lines, count)


def _table(
    name: str, title: str, columns: tuple[tuple[str, float], ...], lines: list[Line], count: str
) -> Table:
    return Table(
        name=name,
        title=(title,),
        widths=[width for _, width in columns],
        heads=[Head(0, place, text) for place, (text, _) in enumerate(columns)],
        lines=lines,
        notes=(count,),
    )


def _line(*values: Any) -> Line:
    place, *others = values
    cells = (Cell(value, DAY, "center") if isinstance(value, date) else Cell(value) for value in others)
    return Line([Cell(place, PLAIN, align="center"), *cells])


def _day(value: Any) -> date | None:
    """A day of the database; None for none, and for the end that an open dossier has."""
    if value is None or value != value or value == date.max:  # noqa: PLR0124 - not a number, not a time
        return None
    found = value.date() if isinstance(value, datetime) else value
    return None if found == date.max else found
