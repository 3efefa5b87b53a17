"""Bảng điểm: a period's indicators at the province and at each level."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from cchc.charts import sparkline
from cchc.pages.page import Read, page
from cchc.pages.periods import chosen_period, standing_of
from cchc.reports.sources import NOTHING, sources_of, told
from cchc.vietnamese import LEVELS, moment

router = APIRouter()
PROVINCE = "TONG:toan_tinh"


@router.get("/")
def scoreboard(request: Request, read: Read, ky_loai: str = "thang", ky: str = "") -> Response:
    """The newest period of its kind when none is named."""
    choice = chosen_period(read, ky_loai, ky)
    found = read.rows("scoreboard", ky_loai=ky_loai, ky=choice.ky) if choice.ky else []
    lines = {
        row.ma_chi_so: row.gia_tri
        for row in (read.rows("sparklines", den_ngay=choice.den_ngay) if choice.ky else [])
    }
    indicators: dict[str, dict[str, Any]] = {}
    for row in found:
        one = indicators.setdefault(row.ma_chi_so, {"of": row, "cells": {}})
        one["cells"][row.cap] = row
        if row.ma_don_vi == PROVINCE:
            one["of"] = row
            one["line"] = sparkline(lines.get(row.ma_chi_so, []))
    known = sources_of(read.connection, indicators) if indicators else []
    return page(
        request,
        "scoreboard.html",
        read,
        choice=choice,
        indicators=indicators,
        shown_levels=[cap for cap in LEVELS if any(cap in one["cells"] for one in indicators.values())],
        met=_counted(found, True),
        missed=_counted(found, False),
        states=sorted({row.trang_thai for row in found}),
        standing=standing_of(read, choice, PROVINCE),
        sources=[(words, f"đến {moment(until)}" if until else NOTHING) for words, until in known],
        known=told(known),
    )


def _counted(rows: list[Any], met: bool) -> int:
    return sum(row.ma_don_vi == PROVINCE and row.dat is met for row in rows)
