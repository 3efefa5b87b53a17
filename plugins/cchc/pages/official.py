"""The official files of a period, to take along: figures for all, lists of dossiers for whose they are."""

from fastapi import APIRouter
from starlette.responses import Response

from cchc.pages.files import XLSX, download
from cchc.pages.page import Read
from cchc.pages.unit import sees_rows_of
from cchc.pages.viewer import NotForThisViewer
from cchc.reports.files import KINDS, official_file
from cchc.reports.standing import PROVINCE

router = APIRouter()
MEDIA = {
    "xlsx": XLSX,
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}


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
    if not sees_rows_of(read, don_vi):
        raise NotForThisViewer("Chỉ đơn vị ấy và cán bộ được xem dòng của mọi đơn vị lấy được danh sách này.")
    return _file(read, "tre_han", ky_loai, ky, don_vi)


def _file(read: Read, kind: str, ky_loai: str, ky: str, don_vi: str) -> Response:
    made = official_file(read.connection, kind, ky_loai, ky, don_vi)
    return download(made.content, MEDIA[KINDS[kind].suffix], made.name)
