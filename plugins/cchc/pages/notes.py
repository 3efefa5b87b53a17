"""Comments on a figure and its follow-up mark: read, and written by whoever answers for it."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Form, HTTPException, Request
from starlette.responses import Response

from cchc.errors import CchcError
from cchc.figures.notes import LONGEST, Figure, Kind
from cchc.pages.indicator import definition_of
from cchc.pages.page import Read, address_of, page
from cchc.pages.periods import chosen_period
from cchc.pages.same_page import only_from_our_page, token_for
from cchc.pages.unit import answers_for_figures
from cchc.pages.viewer import NotForThisViewer, add_note_as

router = APIRouter()
KINDS = {"ghi_chu": "ghi chú", "theo_doi": "đánh dấu theo dõi", "thoi_theo_doi": "thôi theo dõi"}


@dataclass(frozen=True)
class Notes:
    """What is said of one figure: rows of mart.ghi_chu, the newest first."""

    rows: list[Any]

    @property
    def followed(self) -> bool:
        return bool(self.rows) and self.rows[0].dang_theo_doi


def notes_of_period(read: Read, ky_loai: str, ky: str) -> dict[tuple[str, str], Notes]:
    """(indicator, unit) → what is said of the figure, of those of which the viewer may read it."""
    found: dict[tuple[str, str], list[Any]] = {}
    if read.viewer.sees_rows:
        for row in read.rows("notes", ky_loai=ky_loai, ky=ky, ma=None, don_vi=None):
            found.setdefault((row.ma_chi_so, row.ma_don_vi), []).append(row)
    return {figure: Notes(rows) for figure, rows in found.items()}


@router.get("/cong-bo/ghi-chu")
def notes(request: Request, read: Read, ma: str, don_vi: str, ky: str, ky_loai: str = "thang") -> Response:
    """What is said of one figure, with the form that says more."""
    return _shown(request, read, Figure(ky_loai, ky, ma, don_vi))


@router.post("/cong-bo/ghi-chu")
def add_note(
    request: Request,
    read: Read,
    ma: Annotated[str, Form()],
    don_vi: Annotated[str, Form()],
    ky: Annotated[str, Form()],
    ky_loai: Annotated[str, Form()],
    loai: Annotated[Kind, Form()],
    dau: Annotated[str, Form()] = "",
    noi_dung: Annotated[str, Form()] = "",
) -> Response:
    """Adds a comment or a mark (`loai`) and leads back to the figure; `dau`: what only a page of ours knows.

    What is refused is said above the form, which keeps what was written.
    """
    only_from_our_page(request, read.viewer.name, dau)
    if "\0" in ma + don_vi + ky + ky_loai + noi_dung:
        raise HTTPException(400, "Nội dung gửi có ký tự không dùng được.")
    figure = Figure(ky_loai, ky, ma, don_vi)
    try:
        add_note_as(request.app.state.engine, read.viewer.name, figure, loai, noi_dung)
    except CchcError as error:
        if not answers_for_figures(read, don_vi):
            raise NotForThisViewer(f"{error}") from None
        return _shown(request, read, figure, refused=f"{error}", written=noi_dung)
    back = address_of(request, "notes", ma=ma, don_vi=don_vi, ky=ky, ky_loai=ky_loai)
    return Response(status_code=303, headers={"Location": back})


def _shown(request: Request, read: Read, figure: Figure, refused: str = "", written: str = "") -> Response:
    definition = definition_of(read, figure.ma_chi_so)
    choice = chosen_period(read, figure.ky_loai, figure.ky, exact=True)
    if not answers_for_figures(read, figure.ma_don_vi):
        raise NotForThisViewer("Ghi chú của một con số dành cho cán bộ và cho đơn vị có con số ấy.")
    binds = {"ky_loai": figure.ky_loai, "ky": choice.ky, "ma": figure.ma_chi_so, "don_vi": figure.ma_don_vi}
    shown = read.row("figure", **binds)
    if shown is None:
        raise HTTPException(
            404, f"{definition.ten} {choice.words.lower()} không có con số của {figure.ma_don_vi!r}."
        )
    return page(
        request,
        "notes.html",
        read,
        status_code=400 if refused else 200,
        definition=definition,
        choice=choice,
        shown=shown,
        notes=Notes(read.rows("notes", **binds)),
        findings=read.rows("findings", **binds, cac_ma=[]),
        token=token_for(read.viewer.name),
        refused=refused,
        written=written,
        kinds=KINDS,
        longest=LONGEST,
    )
