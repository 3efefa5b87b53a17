"""The official files of a period, to take along: figures for all, lists of dossiers for whose they are."""

from fastapi import APIRouter, HTTPException
from starlette.responses import Response

from cchc.pages.files import XLSX, download
from cchc.pages.indicator import WHOLE
from cchc.pages.page import Read
from cchc.pages.periods import COUNTED_WHEN, chosen_period
from cchc.pages.unit import only_its_own
from cchc.reports.files import KINDS, official_file
from cchc.reports.standing import PROVINCE

router = APIRouter()
MEDIA = {
    "xlsx": XLSX,
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}
# Which are written from mart.bieu_06a.
FROM_06A = ("bieu_06a", "du_thao")


@router.get("/tep/bieu-06a.xlsx")
def form_06a_file(read: Read, ky_loai: str, ky: str, don_vi: str = PROVINCE) -> Response:
    """Form II.06a of a unit, a level or the province."""
    return _file(read, "bieu_06a", ky_loai, ky, don_vi)


@router.get("/tep/phu-luc.xlsx")
def appendix_file(read: Read, ky_loai: str, ky: str, don_vi: str = PROVINCE) -> Response:
    """The appendix of figures for the periodic report."""
    return _file(read, "phu_luc", ky_loai, ky, don_vi)


@router.get("/tep/du-thao.docx")
def draft_file(read: Read, ky_loai: str, ky: str, don_vi: str = PROVINCE) -> Response:
    """The draft of the periodic report."""
    return _file(read, "du_thao", ky_loai, ky, don_vi)


@router.get("/tep/tre-han.xlsx")
def late_file(read: Read, ky_loai: str, ky: str, don_vi: str) -> Response:
    """The late dossiers of a unit: for itself and for stewards."""
    only_its_own(read, don_vi)
    return _file(read, "tre_han", ky_loai, ky, don_vi)


def _file(read: Read, kind: str, ky_loai: str, ky: str, don_vi: str) -> Response:
    choice = chosen_period(read, ky_loai, ky, exact=True)
    figures = KINDS[kind].figures
    there = read.row(
        "unit_has", ma=don_vi, ky_loai=ky_loai, ky=ky, cac_chi_so=list(figures) if figures else None
    )
    if KINDS[kind].rows and don_vi.startswith(WHOLE):
        raise HTTPException(404, "Danh sách hồ sơ trễ hạn là của từng đơn vị. Mở trang của đơn vị để tải.")
    if there is None or not there.con_so:
        raise HTTPException(404, f"{choice.words} không có con số nào của {don_vi!r}. Xem trang Đơn vị.")
    if kind in FROM_06A and not there.bieu_06a:
        raise HTTPException(409, f"Biểu II.06a {choice.words.lower()} chưa được lập. {COUNTED_WHEN}")
    if KINDS[kind].rows and choice.waiting:
        raise HTTPException(409, f"{choice.waiting}, nên chưa lập được danh sách. {COUNTED_WHEN}")
    made = official_file(read.connection, kind, ky_loai, ky, don_vi)
    return download(made.content, MEDIA[KINDS[kind].suffix], made.name)
