"""Writes the XLSX form in which a unit declares its figures for a month, and fills in what is known."""

import difflib
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import xlsxwriter

from cchc.contracts import contract_of
from cchc.declarations.drop_folder import DATASET
from cchc.errors import CchcError
from cchc.periods import Month, parse_month
from cchc.private_file import write_private
from cchc.registers.declared_items import Item, items
from cchc.seals import Keys
from cchc.spelling import fold

FORM_VERSION = "1"
POSITIONS = ("Lãnh đạo đơn vị", "Lãnh đạo phòng", "Công chức phụ trách CCHC", "Văn thư")
HEADER_ROW = 8
HEADERS = ("STT", "Mã số liệu", "Nội dung", "Đơn vị tính", "Giá trị", "Hướng dẫn", "Ghi chú")
WIDTHS = (6, 26, 62, 12, 18, 52, 30)
YES, NO = "Có", "Không"


@dataclass(frozen=True)
class DeclaringUnit:
    ma_don_vi: str
    ten_don_vi: str


def unit_named(connection: sa.Connection, name: str, month: Month) -> DeclaringUnit:
    """The unit that a code or name means on the last day of the month; raises CchcError with near names."""
    binds = {"khoa": fold(name), "ngay": month.end}
    found = connection.execute(
        sa.text(
            "SELECT d.ma_don_vi, d.ten_don_vi FROM core.don_vi_khoa AS k INNER JOIN core.don_vi AS d "
            "ON k.ma_don_vi = d.ma_don_vi AND :ngay BETWEEN d.valid_from AND d.valid_to "
            "WHERE k.khoa = :khoa AND :ngay BETWEEN k.valid_from AND k.valid_to"
        ),
        binds,
    ).one_or_none()
    if found:
        return DeclaringUnit(*found)
    known = connection.scalars(
        sa.text(
            "SELECT ten_don_vi FROM core.don_vi WHERE cap <> 'toan_tinh' "
            "AND :ngay BETWEEN valid_from AND valid_to"
        ),
        binds,
    ).all()
    near = difflib.get_close_matches(name, known, n=5, cutoff=0.4)
    raise CchcError(
        f"UNIT={name!r} is no unit of {month.ky}. Expected its code, or a name that means exactly one unit"
        + (f"; near: {'; '.join(near)}." if near else " (make psql: SELECT * FROM core.don_vi).")
    )


def declared(connection: sa.Connection, unit: DeclaringUnit, month: Month) -> dict[str, tuple[int, int]]:
    """Item → (value, revision) that count now for the unit and month."""
    rows = connection.execute(
        sa.text(
            "SELECT ma_so_lieu, gia_tri, revision FROM mart.khai_bao "
            "WHERE ma_don_vi = :u AND ky = :ky AND is_current"
        ),
        {"u": unit.ma_don_vi, "ky": month.ky},
    )
    return {row.ma_so_lieu: (int(row.gia_tri), row.revision) for row in rows}


def write_form(engine: sa.Engine, name: str, ky: str, path: Path, keys: Keys | None = None) -> DeclaringUnit:
    """Writes the form of one unit for one month to `path`, for this user only; returns the unit.

    Only the values, the position and the time of the declaration can be filled in; an empty value is
    not declared, never 0. `keys`: with which it is sealed, by default those of the environment. Raises
    OSError when the file cannot be written.
    """
    month = parse_month(ky)
    with engine.connect() as connection:
        unit = unit_named(connection, name, month)
        # In memory first: where the file cannot be written, no half of it is left either.
        content = form_of(connection, unit, month, keys)
    write_private(path, content)
    return unit


def form_of(connection: sa.Connection, unit: DeclaringUnit, month: Month, keys: Keys | None = None) -> bytes:
    """The form of one unit for one month, as write_form writes it."""
    keys = keys or Keys.of_environment()
    known = declared(connection, unit, month)
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
        _fill(book, unit, month, known, seal_of(unit.ma_don_vi, month.ky, keys))
    return content.getvalue()


def seal_of(ma_don_vi: str, ky: str, keys: Keys) -> str:
    """The code by which a declaration of this unit for this month is known."""
    column = contract_of(DATASET).seal
    assert column
    covered = {"don_vi": ma_don_vi, "ky": ky}
    return keys.seal(column.seal_label, (covered[name] for name in column.seals))


def _fill(
    book: xlsxwriter.Workbook,
    unit: DeclaringUnit,
    month: Month,
    known: dict[str, tuple[int, int]],
    seal: str,
) -> None:
    # With quote_prefix text stays text in a spreadsheet, also when its cell is edited.
    text = book.add_format({"text_wrap": True, "valign": "top", "border": 1, "quote_prefix": True})
    head = book.add_format({"bold": True, "text_wrap": True, "border": 1, "bg_color": "#DDDDDD"})
    title = book.add_format({"bold": True, "font_size": 13})
    entry = {"locked": False, "border": 1, "bg_color": "#FFF9DB", "valign": "top"}
    number, moment, free = (
        book.add_format(entry | extra)
        for extra in ({"num_format": "0"}, {"num_format": "dd/mm/yyyy hh:mm"}, {"text_wrap": True})
    )
    sheet = book.add_worksheet("Phiếu khai báo")
    for column, width in enumerate(WIDTHS):
        sheet.set_column(column, column, width)
    sheet.write_string(0, 0, "PHIẾU KHAI BÁO SỐ LIỆU CẢI CÁCH HÀNH CHÍNH HẰNG THÁNG", title)
    sheet.write_string(1, 0, f"Đơn vị: {unit.ten_don_vi} [{unit.ma_don_vi}]")
    sheet.write_string(2, 0, f"Kỳ báo cáo: {month.ky}")
    sheet.write_string(3, 0, "Chức danh người khai:")
    sheet.write_blank(3, 2, None, free)
    sheet.data_validation(
        3, 2, 3, 2, {"validate": "list", "source": list(POSITIONS), "error_title": "Chức danh"}
    )
    sheet.write_string(4, 0, "Ngày giờ khai:")
    sheet.write_blank(4, 2, None, moment)
    sheet.data_validation(
        4, 2, 4, 2,
        {
            "validate": "date", "criteria": ">=", "value": month.start,
            "error_title": "Ngày giờ khai", "error_message": "Ngày giờ, không trước ngày đầu tháng khai.",
        },
    )  # fmt: skip
    sheet.write_string(5, 0, f"Mẫu phiếu: {FORM_VERSION}")
    sheet.write_string(
        6, 0, "Chỉ điền các ô nền vàng. Để trống là chưa khai; không có thì ghi 0. Không ghi họ tên."
    )
    sheet.write_string(7, 0, f"Mã xác thực: {seal}")
    for column, header in enumerate(HEADERS):
        sheet.write_string(HEADER_ROW, column, header, head)
    for place, item in enumerate(items(), 1):
        row = HEADER_ROW + place
        sheet.write_number(row, 0, place, text)
        sheet.write_string(row, 1, item.ma_so_lieu, text)
        sheet.write_string(row, 2, item.ten, text)
        sheet.write_string(row, 3, item.don_vi_tinh, text)
        sheet.write_string(row, 5, item.huong_dan, text)
        sheet.write_blank(row, 6, None, free)
        _entry(sheet, row, item, known.get(item.ma_so_lieu), number)
    sheet.freeze_panes(HEADER_ROW + 1, 0)
    sheet.protect("", {"select_locked_cells": True, "format_columns": True, "format_rows": True})


def _entry(
    sheet: xlsxwriter.worksheet.Worksheet,
    row: int,
    item: Item,
    known: tuple[int, int] | None,
    entry: xlsxwriter.format.Format,
) -> None:
    if known is None:
        sheet.write_blank(row, 4, None, entry)
    else:
        value, revision = known
        if item.kieu == "co_khong":
            sheet.write_string(row, 4, YES if value else NO, entry)
        else:
            sheet.write_number(row, 4, value, entry)
        sheet.write_comment(row, 4, f"Đã khai (lần {revision + 1}). Sửa thì thành lần khai mới.")
    if item.kieu == "co_khong":
        rule: dict[str, Any] = {"validate": "list", "source": [YES, NO]}
    else:
        rule = {"validate": "integer", "criteria": "between", "minimum": 0, "maximum": 999_999_999_999_999}
    message = "Có hoặc Không." if item.kieu == "co_khong" else "Số nguyên không âm."
    sheet.data_validation(row, 4, row, 4, rule | {"error_title": item.ma_so_lieu, "error_message": message})
