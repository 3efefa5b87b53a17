"""Form II.06a (TT 01/2020/TT-VPCP) of a period as a workbook: by unit, by field, by level and field."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from cchc.errors import CchcError
from cchc.figures.definitions import Report, reports
from cchc.reports.sheet import PLAIN, Cell, Head, Line, Table, workbook, write
from cchc.reports.standing import PROVINCE, Standing
from cchc.vietnamese import LEVELS, alphabetical
from cchc.warehouse import run_sql_file

# The form counts its columns from 1; those of figures are 3 to 13.
COLUMNS = range(3, 14)
WIDTHS = (6, 44, *[10] * len(COLUMNS))
FIELD = "Lĩnh vực, công việc giải quyết theo cấp"
# Where columns 9 and 12 are told apart: the note that is so marked.
MARK = "(*)"
NO_FIELD = "KHAC"
LEVEL_CODES = tuple(f"TONG:{cap}" for cap in LEVELS if cap != "toan_tinh")
ROMAN = ("I", "II", "III", "IV")


def form_06a(connection: sa.Connection, standing: Standing) -> bytes:
    """The form of the unit, level or province of `standing`, as XLSX.

    A unit: by field. A level: its units, then by field. The province: all units by level, then by field, then
    by level and field. Every number is a row of mart.bieu_06a.
    """
    report = reports()["bieu_06a"]
    tables = []
    if standing.whole:
        tables.append(_table("Theo đơn vị", "Đơn vị", _unit_lines(connection, standing), report))
    tables.append(_table("Theo lĩnh vực", FIELD, _field_lines(connection, standing), report))
    if standing.ma_don_vi == PROVINCE:
        tables.append(_table("Theo cấp và lĩnh vực", FIELD, _level_lines(connection, standing), report))
    title = f"Biểu II.06a {standing.period}, {standing.ten_don_vi}"
    with workbook(title, standing) as (book, content):
        for table in tables:
            write(book, table, standing)
    return content.getvalue()


def rows_of(connection: sa.Connection, standing: Standing, codes: Sequence[str]) -> list[sa.Row[Any]]:
    """Rows of mart.bieu_06a at these codes, of each field and ('') of all; raises CchcError for none."""
    rows = run_sql_file(connection, "reports/fields_06a.sql", **standing.binds, cac_ma=list(codes)).all()
    if not any(row.ma_don_vi == standing.ma_don_vi and not row.ma_linh_vuc for row in rows):
        raise CchcError(
            f"mart.bieu_06a has nothing of {standing.ky_loai} {standing.ky} for {standing.ma_don_vi}. Count "
            "its months again: make refresh KY=…"
        )
    return list(rows)


def heads(second: str) -> list[Head]:
    """The head as the circular prints it; `second`: what column 2 names."""
    return [
        Head(0, 0, "TT", rows=3),
        Head(0, 1, second, rows=3),
        Head(0, 2, "Số lượng hồ sơ tiếp nhận", columns=4),
        Head(1, 2, "Tổng số", rows=2),
        Head(1, 3, "Trong kỳ", columns=2),
        Head(2, 3, "Trực tuyến"),
        Head(2, 4, "Trực tiếp, dịch vụ bưu chính"),
        Head(1, 5, "Từ kỳ trước", rows=2),
        Head(0, 6, "Số lượng hồ sơ đã giải quyết", columns=4),
        Head(1, 6, "Tổng số", rows=2),
        Head(1, 7, "Trước hạn", rows=2),
        Head(1, 8, f"Đúng hạn {MARK}", rows=2),
        Head(1, 9, "Quá hạn", rows=2),
        Head(0, 10, "Số lượng hồ sơ đang giải quyết", columns=3),
        Head(1, 10, "Tổng số", rows=2),
        Head(1, 11, f"Trong hạn {MARK}", rows=2),
        Head(1, 12, "Quá hạn", rows=2),
    ]


def _table(name: str, second: str, lines: Sequence[Line], report: Report) -> Table:
    return Table(
        name=name,
        title=("TÌNH HÌNH, KẾT QUẢ GIẢI QUYẾT THỦ TỤC HÀNH CHÍNH", f"({name.lower()})"),
        widths=WIDTHS,
        heads=heads(second),
        lines=lines,
        notes=(
            f"{MARK} {report.luu_y}",
            "Cột 3 = 4 + 5 + 6 = 7 + 11; cột 7 = 8 + 9 + 10; cột 11 = 12 + 13.",
        ),
        form_number=("Biểu số II.06a/VPCP/KSTT", report.can_cu),
        unit_of_measure="Số hồ sơ TTHC",
        numbered=True,
        recipient=True,
    )


def _line(number: str | int | None, name: str, row: Any, *, bold: bool = False) -> Line:
    figures = (Cell(getattr(row, f"cot_{column}")) for column in COLUMNS)
    return Line([Cell(number, PLAIN, align="center"), Cell(name), *figures], bold=bold)


def _unit_lines(connection: sa.Connection, standing: Standing) -> list[Line]:
    """Levels with their units; the last line is the whole."""
    rows = run_sql_file(connection, "reports/units_06a.sql", **standing.binds).all()
    whole = [row for row in rows if row.ma_don_vi == standing.ma_don_vi]
    if standing.ma_don_vi != PROVINCE:
        return [*_numbered((row for row in rows if row not in whole), "ten_don_vi"), *_total(whole)]
    lines = []
    below = (row for row in rows if row.cap != "toan_tinh")
    for number, (_, group) in zip(ROMAN, groupby(below, lambda row: row.cap), strict=False):
        level, *units = group
        lines += [_line(number, level.ten_don_vi, level, bold=True), *_numbered(units, "ten_don_vi")]
    return [*lines, *_total(whole)]


def _field_lines(connection: sa.Connection, standing: Standing) -> list[Line]:
    """Fields of one unit, a level or the province; the last line is the whole."""
    rows = rows_of(connection, standing, [standing.ma_don_vi])
    fields = (row for row in rows if row.ma_linh_vuc)
    return [*_numbered(fields, "ten_linh_vuc"), *_total(row for row in rows if not row.ma_linh_vuc)]


def _level_lines(connection: sa.Connection, standing: Standing) -> list[Line]:
    """Levels with their fields; the last line is the province."""
    rows = rows_of(connection, standing, [*LEVEL_CODES, PROVINCE])
    lines = []
    levels = groupby((row for row in rows if row.ma_don_vi != PROVINCE), lambda row: row.ma_don_vi)
    for number, (_, group) in zip(ROMAN, levels, strict=False):
        level, *fields = group
        lines += [_line(number, level.ten_don_vi, level, bold=True), *_numbered(fields, "ten_linh_vuc")]
    return [*lines, *_total(row for row in rows if row.ma_don_vi == PROVINCE and not row.ma_linh_vuc)]


def _numbered(rows: Iterable[Any], name: str) -> list[Line]:
    """Units or fields in the order of the alphabet; what is filed under no field comes last."""
    in_order = sorted(
        rows, key=lambda row: (getattr(row, "ma_linh_vuc", "") == NO_FIELD, alphabetical(getattr(row, name)))
    )
    return [_line(number, getattr(row, name), row) for number, row in enumerate(in_order, 1)]


def _total(rows: Iterable[Any]) -> list[Line]:
    return [_line(None, "Tổng số", row, bold=True) for row in rows]
