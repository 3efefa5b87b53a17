"""The rows by which a figure differs from what was published, for one cause, as they were and as they are."""

from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query, Request
from starlette.responses import Response

from cchc.figures.definitions import facts
from cchc.pages.code_words import words_of
from cchc.pages.differences import changes_of
from cchc.pages.dossiers import HEADINGS, LAST_REVISION, asked_unit
from cchc.pages.indicator import definition_of
from cchc.pages.page import Read, page
from cchc.pages.periods import chosen_period
from cchc.pages.published_rows import said_values
from cchc.vietnamese import CAUSES, cell

router = APIRouter()
SHOWN = 200


@router.get("/chi-so/{ma}/thay-doi")
def changed_rows(
    request: Request,
    read: Read,
    ma: str,
    ky: str,
    nguyen_nhan: str,
    ky_loai: str = "thang",
    don_vi: str = "",
    ban: Annotated[int | None, Query(ge=1, le=LAST_REVISION)] = None,
) -> Response:
    """The rows of one cause by which a figure differs; `ban`: what it came to, None: what waits."""
    definition = definition_of(read, ma)
    unit = asked_unit(read, don_vi)
    if nguyen_nhan not in CAUSES:
        raise HTTPException(404, f"Không có nguyên nhân {nguyen_nhan!r}. Có: {', '.join(CAUSES)}.")
    choice = chosen_period(read, ky_loai, ky, exact=True)
    changes = changes_of(read, choice, unit, ma, cho=False)
    change = next((one for one in changes if one.of.den_revision == ban), None)
    part = next((row for row in change.parts if row.nguyen_nhan == nguyen_nhan), None) if change else None
    found = (
        read.rows(
            "changed_rows",
            **{"ma": ma, "ky_loai": ky_loai, "ky": choice.ky, "don_vi": unit, "nguyen_nhan": nguyen_nhan},
            **{"tu": part.tu_revision, "den": ban, "so_dong": SHOWN},
        )
        if part
        else []
    )
    return page(
        request,
        "changed_rows.html",
        read,
        definition=definition,
        choice=choice,
        don_vi=unit,
        nguyen_nhan=nguyen_nhan,
        ban=ban,
        part=part,
        rows=[(row, list(differences(row))) for row in found],
        names={name: fact.ten for name, fact in facts().items()},
        shown_at_most=SHOWN,
    )


def differences(row: Any) -> Iterator[tuple[str, str, str]]:
    """(what, before, after) of each field of a row that differs; of a row that came or went, none."""
    if row.noi_dung_cu is None or row.noi_dung_moi is None:
        return
    if row.don_vi_cu != row.don_vi_moi:
        yield "Đơn vị trả lời", row.don_vi_cu or "–", row.don_vi_moi or "–"
    before, after = said_values(row.noi_dung_cu), said_values(row.noi_dung_moi)
    for name in dict.fromkeys((*before, *after)):
        if before.get(name) != after.get(name):
            yield HEADINGS.get(name, name), _said(name, before.get(name)), _said(name, after.get(name))


def _said(column: str, value: Any) -> str:
    if value is None:
        return "–"
    words = words_of(column)
    return cell(words(value) if words else value)
