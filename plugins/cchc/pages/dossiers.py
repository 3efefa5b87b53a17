"""The dossiers behind a figure, each with its file and line; to look through, and to take along."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, HTTPException, Query, Request
from starlette.responses import Response

from cchc.figures.drill import Part, parts_with_rows, rows_seen_by
from cchc.pages.code_words import words_of
from cchc.pages.files import table_file
from cchc.pages.indicator import WHOLE, definition_of
from cchc.pages.page import Read, page
from cchc.pages.periods import COUNTED_WHEN, Choice, chosen_period, no_figures
from cchc.pages.published_rows import published_rows
from cchc.pages.scoreboard import PROVINCE
from cchc.pages.unit import why_ended
from cchc.pages.viewer import NotForThisViewer, literal
from cchc.spelling import fold
from cchc.vietnamese import cell

if TYPE_CHECKING:
    import pandas as pd

router = APIRouter()
SHOWN = 200
# What PostgreSQL takes for an integer.
LAST_REVISION = 2**31 - 1
PARTS = {
    "tu_so": "Trong tử số",
    "con_lai": "Còn lại: có trong mẫu số, không có trong tử số",
    "mau_so": "Mẫu số",
}
HEADINGS = {
    "nguon": "Nguồn",
    "ma_don_vi": "Mã đơn vị",
    "ten_don_vi": "Đơn vị",
    "ma_ho_so": "Mã hồ sơ",
    "ma_tthc": "Mã thủ tục",
    "tiep_nhan": "Tiếp nhận",
    "hen_tra": "Hẹn trả",
    "ket_thuc": "Kết thúc",
    "trang_thai_ho_so": "Trạng thái",
    "thoi_gian_danh_gia": "Lúc đánh giá",
    "danh_gia": "Đánh giá",
    "kenh_thuc_hien": "Kênh",
    "ma_hscv": "Mã hồ sơ công việc",
    "mo": "Mở",
    "han_giai_quyet": "Hạn giải quyết",
    "dong": "Đóng",
    "trang_thai": "Trạng thái",
    "tren_he_thong": "Trên hệ thống",
    "chi_giay": "Chỉ giấy",
    "ma_so_lieu": "Mã số liệu",
    "gia_tri": "Giá trị",
    "ky": "Tháng",
    "ngay_khai": "Lúc khai",
    "chuc_danh": "Chức danh",
    "ma_van_ban": "Mã văn bản",
    "huong": "Hướng",
    "loai_van_ban": "Loại",
    "dang_ky": "Đăng ký",
    "den": "Đến",
    "phat_hanh": "Phát hành",
    "ky_so": "Ký số",
    "gui_dien_tu": "Gửi điện tử",
    "gui_giay": "Gửi giấy",
    "batch_id": "Lô",
    "original_name": "Tệp",
    "line_no": "Dòng",
    "sha256": "SHA-256 của tệp",
}
WHY_NO_ROWS = (
    "Con số đếm từ danh mục thủ tục, hoặc cộng từ các con số khác; mục Cách tính ở trang chỉ số nói rõ."
)
NOT_SHOWN = ("ma_don_vi", "sha256")


@router.get("/chi-so/{ma}/ho-so")
def dossiers(
    request: Request,
    read: Read,
    ma: str,
    ky: str,
    ky_loai: str = "thang",
    don_vi: str = "",
    phan: Part | None = None,
    tim: Annotated[str, Query(max_length=100)] = "",
    xep: Annotated[str, Query(max_length=40)] = "",
    giam: bool = False,
    ban: Annotated[int | None, Query(ge=0, le=LAST_REVISION)] = None,
    tep: Literal["csv", "xlsx"] | None = None,
) -> Response:
    """`phan`: which rows, the first that there are when None; `tim`: a text that a cell holds; `xep`, `giam`:
    sorted by; `ban`: of which revision of a closed period, the one in force when None; `tep`: as a file.
    """
    definition = definition_of(read, ma)
    unit = asked_unit(read, don_vi)
    there = parts_with_rows(ma)
    if not there:
        raise HTTPException(404, f"{definition.ten} ({ma}) không tính từ hồ sơ nào mở ra được. {WHY_NO_ROWS}")
    phan = phan or there[0]
    if phan not in there:
        raise HTTPException(
            404, f"{definition.ten} ({ma}) không có hồ sơ ở phần “{PARTS[phan]}”. {_one_of(there)}"
        )
    # A file is of the period that it was asked for.
    choice = chosen_period(read, ky_loai, ky, exact=bool(tep))
    revisions = _revisions(read, ma, choice, ban)
    _with_rows(choice, published=bool(revisions))
    if revisions:
        ban = revisions[0].revision if ban is None else ban
        found = published_rows(read, ma, ky_loai, choice.ky, unit, phan, ban)
    else:
        found = rows_seen_by(read.connection, ma, choice.ky, unit, phan, ky_loai)
    found = found.convert_dtypes()
    if xep:
        if xep not in found.columns:
            raise HTTPException(404, f"Bảng này không có cột {xep!r}.")
        found = found.sort_values(xep, ascending=not giam, kind="stable", key=_in_order)
    found = found.astype(object).where(found.notna(), "")
    for column in found.columns:
        if words := words_of(column):
            found[column] = found[column].map(words)
    if tim:
        wanted = fold(tim)
        found = found[found.map(lambda value: wanted in fold(cell(value))).any(axis=1)]
    if tep:
        return table_file(found.rename(columns=HEADINGS), tep, f"{ma}_{choice.ky}_{phan}", "Hồ sơ")
    shown = found.drop(columns=list(NOT_SHOWN)).head(SHOWN)
    return page(
        request,
        "dossiers.html",
        read,
        definition=definition,
        choice=choice,
        don_vi=unit,
        phan=phan,
        parts_of_figure={part: PARTS[part] for part in there} if len(there) > 1 else {there[0]: "Tất cả"},
        tim=tim,
        xep=xep,
        giam=giam,
        ban=ban,
        revisions=revisions,
        columns=[(name, HEADINGS.get(name, name)) for name in shown.columns],
        rows=shown.to_dict("records"),
        all_rows=len(found),
    )


def _in_order(column: "pd.Series[Any]") -> "pd.Series[Any]":
    """What a column is sorted by: numbers by their value, all else as text; what is empty comes last."""
    from pandas.api.types import is_numeric_dtype  # noqa: PLC0415 - only who asks for rows waits for it

    return column if is_numeric_dtype(column) else column.map(str).where(column.notna())


def asked_unit(read: Read, don_vi: str) -> str:
    """The unit whose rows are wanted: the viewer's own when none is named."""
    if not read.viewer.sees_rows:
        raise NotForThisViewer(
            "Hồ sơ sau con số dành cho cán bộ và đơn vị. Người quản trị cấp quyền bằng "
            f"SELECT ops.gan_nguoi_xem({literal(read.viewer.name)}, 'mã đơn vị');"
        )
    if read.viewer.sees_every_row:
        return don_vi or PROVINCE
    own = {row.ma for row in read.rows("own_units")}
    wanted = read.viewer.ma_don_vi if not don_vi or don_vi.startswith(WHOLE) else don_vi
    if read.viewer.ma_don_vi not in own:
        raise NotForThisViewer(why_ended(read))
    if wanted is None or wanted not in own:
        raise NotForThisViewer("Hồ sơ của đơn vị khác không xem được; các con số của đơn vị ấy thì xem được.")
    return wanted


def _one_of(parts: tuple[Part, ...]) -> str:
    return f"Có: {', '.join(PARTS[part].lower() for part in parts)}."


def _revisions(read: Read, ma: str, choice: Choice, ban: int | None) -> list[Any]:
    """The published revisions of a closed period, the one in force first; none of an open one.

    Raises HTTPException 404 for a revision that there is not.
    """
    found = read.rows("revisions", ky_loai=choice.ky_loai, ky=choice.ky, ma=ma, don_vi=PROVINCE)
    closed = [row for row in found if row.trang_thai == "da_chot"]
    if ban is not None and ban not in {row.revision for row in closed}:
        there = ", ".join(f"{row.revision}" for row in closed) or "chưa có bản nào, vì kỳ này chưa chốt"
        raise HTTPException(404, f"{choice.words} không có bản {ban}. Có: {there}.")
    return closed


def _with_rows(choice: Choice, *, published: bool = False) -> None:
    """Raises HTTPException for a period whose figures have no rows that belong to them.

    `published`: its rows are those that were published, whatever waits.
    """
    if not choice.counted:
        raise no_figures(choice.ky_loai, choice.ky)
    if choice.why_none:
        raise HTTPException(404, f"{choice.words} không có con số: {choice.why_none}.")
    if choice.waiting and not published:
        raise HTTPException(409, f"{choice.waiting}, nên con số và hồ sơ hiện chưa khớp nhau. {COUNTED_WHEN}")
