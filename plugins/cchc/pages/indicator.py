"""Một chỉ số: what it is, how it went, who stands where, what changed."""

import json
from decimal import Decimal
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from starlette.responses import Response

from cchc.charts import trend
from cchc.figures.drill import parts_with_rows
from cchc.pages.differences import changes_of
from cchc.pages.page import Read, page
from cchc.pages.periods import chosen_period, standing_of
from cchc.pages.scoreboard import PROVINCE
from cchc.pages.unit import answers_for_figures, sees_rows_of
from cchc.vietnamese import LEVELS, UNITS

router = APIRouter()
WHOLE = "TONG:"
SHORTEST_BAR = Decimal("0.5")


@router.get("/chi-so/{ma}")
def indicator(
    request: Request,
    read: Read,
    ma: str,
    ky_loai: str = "thang",
    ky: str = "",
    cap: str = "",
    don_vi: str = PROVINCE,
) -> Response:
    """One indicator in a period; `cap`: the level whose units are ranked; `don_vi`: whose trend is drawn."""
    definition = definition_of(read, ma)
    choice = chosen_period(read, ky_loai, ky)
    binds = {"ma": ma, "ky_loai": ky_loai, "ky": choice.ky, "don_vi": don_vi, "den_ngay": choice.den_ngay}
    figures = read.rows("ranking", **binds) if choice.ky else []
    shown = next((row for row in figures if row.ma_don_vi == don_vi), None)
    levels = [c for c in LEVELS if any(r.cap == c and not r.ma_don_vi.startswith(WHOLE) for r in figures)]
    if cap not in levels:
        cap = shown.cap if shown and shown.cap in levels else next(iter(levels), "")
    history = read.rows("trend", **binds) if choice.ky else []
    unit = UNITS[definition.loai].strip() or "số lượng"
    chart = trend(history, f"{definition.ten}, {shown.ten_don_vi if shown else don_vi}", unit)
    return page(
        request,
        "indicator.html",
        read,
        definition=definition,
        choice=choice,
        don_vi=don_vi,
        shown=shown,
        rows_of=_rows_of(read, ma, don_vi) if shown and not choice.why_none else None,
        whole=[row for row in figures if row.ma_don_vi.startswith(WHOLE)],
        ranking=with_bars([row for row in figures if row.cap == cap and not row.ma_don_vi.startswith(WHOLE)]),
        levels_with_units=levels,
        cap=cap,
        history=history,
        standing=standing_of(read, choice, don_vi) if shown else None,
        revisions=read.rows("revisions", **binds) if shown else [],
        differences=changes_of(read, choice, don_vi, ma, cho=False) if shown else [],
        trust=read.row("trust", **binds) if shown else None,
        with_rows=shown is not None and answers_for_figures(read, don_vi),
        chart=json.dumps(chart, ensure_ascii=False),
        changes=read.rows("figure_changes", **binds | {"don_vi": None})
        if choice.ky and read.viewer.sees_every_row
        else [],
    )


@router.get("/chi-so/{ma}/cach-doc")
def readings(
    request: Request, read: Read, ma: str, ky_loai: str, ky: str, don_vi: str = PROVINCE
) -> Response:
    """The other readings beside the published one: a part of the page that is asked for by itself."""
    definition = definition_of(read, ma)
    choice = chosen_period(read, ky_loai, ky)
    found = read.rows("readings", ma=ma, ky_loai=ky_loai, ky=choice.ky, don_vi=don_vi)
    return page(request, "readings.html", read, definition=definition, found=found)


def _rows_of(read: Read, ma: str, don_vi: str) -> str | None:
    """The unit whose rows behind the figure the viewer may see, None where there are none."""
    if not parts_with_rows(ma):
        return None
    whole = don_vi.startswith(WHOLE) and not read.viewer.sees_every_row
    unit = read.viewer.ma_don_vi if whole else don_vi
    return unit if unit and sees_rows_of(read, unit) else None


def definition_of(read: Read, ma: str) -> Any:
    """The indicator `ma`; raises HTTPException 404 when there is none that is published."""
    found = read.row("indicator", ma=ma)
    if found is None:
        raise HTTPException(404, f"Không có chỉ số {ma!r}. Bảng điểm liệt kê mọi chỉ số.")
    return found


def with_bars(rows: list[Any]) -> list[tuple[Any, Decimal]]:
    """Each row with the length of its bar in percent of the greatest value (or of 100).

    What is more than nothing is seen: half a percent at least. What is less has no bar, only its number.
    """
    greatest = max([row.gia_tri for row in rows if row.gia_tri is not None] + [Decimal(100)])
    return [(row, _length(row.gia_tri or Decimal(0), greatest)) for row in rows]


def _length(value: Decimal, greatest: Decimal) -> Decimal:
    return max(value * 100 / greatest, SHORTEST_BAR) if value > 0 else Decimal(0)
