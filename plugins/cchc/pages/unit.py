"""Một đơn vị: its figures, its late dossiers, what it has to correct and to declare, its points."""

from datetime import date, datetime
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from starlette.responses import Response

from cchc.declarations.form import DeclaringUnit, form_of
from cchc.pages.differences import changes_of
from cchc.pages.files import XLSX, download, table_file
from cchc.pages.page import Read, page
from cchc.pages.periods import chosen_period, month_of_address, standing_of
from cchc.pages.viewer import NotForThisViewer
from cchc.vietnamese import LEVELS, VIETNAM

router = APIRouter()
SHOWN = 50
ERROR_HEADINGS = {
    "dataset": "Bộ dữ liệu",
    "khoa": "Mã hồ sơ, thủ tục",
    "rule_id": "Quy tắc",
    "ly_do": "Lỗi",
    "bi_loai": "Không được nạp",
    "ten_tep": "Tệp",
    "line_no": "Dòng",
    "xuat_luc": "Xuất lúc",
    "batch_id": "Lô",
}


@router.get("/don-vi")
def units(request: Request, read: Read, ky_loai: str = "thang", ky: str = "") -> Response:
    """All units of a period, level by level."""
    choice = chosen_period(read, ky_loai, ky)
    found = read.rows("units", ky_loai=ky_loai, ky=choice.ky) if choice.ky else []
    by_level = {cap: [row for row in found if row.cap == cap] for cap in LEVELS}
    return page(
        request,
        "units.html",
        read,
        choice=choice,
        by_level={cap: rows for cap, rows in by_level.items() if rows},
        states=sorted({state for row in found for state in row.trang_thai}),
        standing=standing_of(read, choice, "TONG:toan_tinh"),
    )


@router.get("/don-vi/mot")
def unit(request: Request, read: Read, ma: str, ky_loai: str = "thang", ky: str = "") -> Response:
    """One unit in a period. Its lists of dossiers are for itself and for stewards."""
    choice = chosen_period(read, ky_loai, ky)
    found = unit_of(read, ma, choice.den_ngay)
    month = choice.ky if ky_loai in ("thang", "luy_ke") else ""
    own = sees_rows_of(read, ma)
    codes = answered_for(read, ma)
    binds: dict[str, Any] = {"ma": ma, "ky_loai": ky_loai, "ky": choice.ky, "cac_ma": codes, "so_dong": SHOWN}
    declared = read.rows("unit_declared", **binds) if own and month else []
    figures = read.rows("unit_figures", **binds) if choice.ky else []
    return page(
        request,
        "unit.html",
        read,
        unit=found,
        choice=choice,
        month=month,
        declares=own and month and _declares(found, month),
        ended=why_ended(read) if read.viewer.ma_don_vi == ma and not own else "",
        own=own,
        figures=figures,
        states=sorted({row.trang_thai for row in figures}),
        standing=standing_of(read, choice, ma),
        waiting_figures=changes_of(read, choice, ma, cho=True) if choice.ky else [],
        others=sorted(set(codes) - {ma}) if not figures else [],
        late=read.rows("unit_late", **binds) if own else [],
        due=read.rows("unit_due", **binds) if own else [],
        declared=declared,
        missing=sum(row.gia_tri is None for row in declared),
        points=read.rows("unit_points", **binds) if month else [],
    )


@router.get("/don-vi/loi")
def unit_errors(request: Request, read: Read, ma: str) -> Response:
    """The rules that lines of the unit break: a part of the page that is asked for by itself."""
    found = unit_of(read, ma)
    errors = read.rows("unit_errors", cac_ma=answered_for(read, ma))
    return page(request, "unit_errors.html", read, unit=found, errors=errors, own=sees_rows_of(read, ma))


@router.get("/don-vi/loi.xlsx")
def errors_to_correct(read: Read, ma: str) -> Response:
    """The lines that the unit has to correct, with why and where, as a workbook."""
    import pandas as pd  # noqa: PLC0415 - only who asks for a file waits for it

    unit_of(read, ma)
    only_its_own(read, ma)
    rows = read.rows("unit_error_lines", cac_ma=answered_for(read, ma))
    table = pd.DataFrame([row._asdict() for row in rows], columns=list(ERROR_HEADINGS))
    table["bi_loai"] = table["bi_loai"].map({True: "có", False: "không, chỉ cảnh báo"})
    return table_file(table.rename(columns=ERROR_HEADINGS), "xlsx", f"loi_{ma}", "Lỗi cần sửa")


@router.get("/don-vi/phieu.xlsx")
def form(read: Read, ma: str, ky: str) -> Response:
    """The form in which the unit declares a month, filled with what is known."""
    month = month_of_address(ky)
    found = unit_of(read, ma, month.end)
    only_its_own(read, ma)
    if found.cap == "toan_tinh":
        raise HTTPException(404, f"{found.ten_don_vi} không khai báo: từng đơn vị khai phần của mình.")
    if month.start > datetime.now(VIETNAM).date():
        raise HTTPException(404, f"Tháng {month.start:%m/%Y} chưa đến.")
    if not found.con_hieu_luc:
        raise HTTPException(404, f"{found.ten_don_vi} không có hiệu lực vào ngày {month.end:%d/%m/%Y}.")
    content = form_of(read.connection, DeclaringUnit(found.ma_don_vi, found.ten_don_vi), month)
    return download(content, XLSX, f"phieu_{ma}_{month.ky}.xlsx")


def unit_of(read: Read, ma: str, day: date | None = None) -> Any:
    """The unit `ma` as it was on a day, None: as it is last known; raises HTTPException 404 for none."""
    found = read.row("unit", ma=ma, ngay=day)
    if found is None:
        raise HTTPException(404, f"Không có đơn vị {ma!r}. Trang Đơn vị liệt kê mọi đơn vị.")
    return found


def answered_for(read: Read, ma: str) -> list[str]:
    """The unit's code and those for which it answers today."""
    today = datetime.now(VIETNAM).date()
    return (
        sorted({ma, *(row.ma for row in read.rows("answered_for", ma=ma, ngay=today))})
        if (read.viewer.sees_rows)
        else [ma]
    )


def sees_rows_of(read: Read, ma: str) -> bool:
    """Whether the viewer may see the dossiers of this unit."""
    if read.viewer.sees_every_row:
        return True
    return read.viewer.sees_rows and ma in {row.ma for row in read.rows("own_units")}


def answers_for_figures(read: Read, don_vi: str) -> bool:
    """Whether the viewer answers for the figures of a unit, a level or the province."""
    return read.viewer.sees_every_row or (not don_vi.startswith("TONG:") and sees_rows_of(read, don_vi))


def _declares(unit: Any, ky: str) -> bool:
    """Whether there is a form of the unit for a month: as `form` has it."""
    begun = month_of_address(ky).start <= datetime.now(VIETNAM).date()
    return bool(begun and unit.con_hieu_luc and unit.cap != "toan_tinh")


def why_ended(read: Read) -> str:
    """What somebody of a unit that has ended is told: who answers for its dossiers now."""
    unit = unit_of(read, read.viewer.ma_don_vi or "")
    if unit.ma_don_vi_ke_thua is None:
        return f"{unit.ten_don_vi} không có hiệu lực hôm nay, nên không có hồ sơ nào. Hỏi người quản trị."
    return (
        f"{unit.ten_don_vi} đã hết hiệu lực ngày {unit.hieu_luc_den:%d/%m/%Y}. Hồ sơ của đơn vị nay do "
        f"{unit.ma_don_vi_ke_thua} trả lời: người quản trị gắn tài khoản của anh/chị với đơn vị ấy."
    )


def only_its_own(read: Read, ma: str) -> None:
    """Raises NotForThisViewer for whoever may not see the rows of the unit."""
    if read.viewer.ma_don_vi == ma and not sees_rows_of(read, ma):
        raise NotForThisViewer(why_ended(read))
    if not sees_rows_of(read, ma):
        raise NotForThisViewer("Chỉ đơn vị ấy và cán bộ được xem dòng của mọi đơn vị lấy được tệp này.")
