"""Charts: Vega-Lite specifications that a page draws in the browser and a mail or a document as a picture."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from cchc.vietnamese import number

# Told apart without colour too: a target is dashed, a figure is a line with points.
FIGURE, TARGET, MISSED = "#0b5cad", "#a15c00", "#b3261e"
MET = {True: ", đạt", False: ", chưa đạt", None: ""}
# Comes with vl-convert, where a machine has no fonts; its bold letters lack Vietnamese ones.
_FONT = "Liberation Sans"
_NUMBERS = {"decimal": ",", "thousands": ".", "grouping": [3], "currency": ["", " ₫"], "minus": "−"}

Spec = dict[str, Any]


def sparkline(values: Sequence[Decimal | None], width: int = 96, height: int = 24) -> list[str]:
    """The points of one polyline for each stretch of `values` without a gap, as SVG takes them.

    One value alone gives a short stroke, so that it is seen.
    """
    known = [value for value in values if value is not None]
    if not known:
        return []
    low, high = min(known), max(known)
    step = width / max(len(values) - 1, 1)

    def point(place: int, value: Decimal) -> str:
        share = 0.5 if high == low else float((value - low) / (high - low))
        return f"{place * step:.1f},{height - 2 - share * (height - 4):.1f}"

    stretches: list[list[str]] = [[]]
    for place, value in enumerate(values):
        if value is None:
            stretches.append([])
        else:
            stretches[-1].append(point(place, value))
    return [
        " ".join(
            points
            if len(points) > 1
            else [points[0], f"{float(points[0].split(',')[0]) + 2:.1f},{points[0].split(',')[1]}"]
        )
        for points in stretches
        if points
    ]


def trend(rows: Sequence[Any], title: str, unit: str) -> Spec:
    """A figure over its periods against its target. `rows`: ky, gia_tri, muc_tieu in order of time."""
    points = [
        {
            "ky": row.ky,
            "gia_tri": None if row.gia_tri is None else float(row.gia_tri),
            "muc_tieu": None if row.muc_tieu is None else float(row.muc_tieu),
        }
        for row in rows
    ]
    x = {"field": "ky", "type": "ordinal", "title": None, "axis": {"labelAngle": -45, "labelOverlap": True}}
    layers: list[Spec] = [
        {
            "mark": {"type": "line", "point": True, "color": FIGURE},
            "encoding": {
                "x": x,
                "y": {"field": "gia_tri", "type": "quantitative", "title": unit, "scale": {"zero": False}},
                "tooltip": [
                    {"field": "ky", "title": "Kỳ"},
                    {"field": "gia_tri", "title": "Giá trị", "type": "quantitative", "format": ",.2f"},
                    {"field": "muc_tieu", "title": "Chỉ tiêu", "type": "quantitative", "format": ",.2f"},
                ],
            },
        }
    ]
    if any(point["muc_tieu"] is not None for point in points):
        layers.append(
            {
                "mark": {"type": "line", "strokeDash": [5, 4], "color": TARGET, "interpolate": "step-after"},
                "encoding": {"x": x, "y": {"field": "muc_tieu", "type": "quantitative"}},
            }
        )
    return _spec(title, points) | {"layer": layers}


def scoreboard(rows: Sequence[Any], title: str, *, in_words: bool) -> Spec:
    """The rates of a period as bars, each with its target as a stroke.

    `rows`: ma_chi_so, ten, loai, gia_tri, muc_tieu, dat in order of display; what is no rate, or has no
    value, is left out. `in_words`: with names and with whether a target is met, for a browser; a picture
    has only what every machine's letters can write.
    """
    bars = [
        {
            "chi_so": f"{row.ma_chi_so} · {row.ten}" if in_words else row.ma_chi_so,
            "gia_tri": float(row.gia_tri),
            "muc_tieu": None if row.muc_tieu is None else float(row.muc_tieu),
            "nhan": f"{number(row.gia_tri, 2)} %"
            + (MET[row.dat] if in_words else "" if row.muc_tieu is None else f" / {number(row.muc_tieu)} %"),
            # Behind the target's stroke as well, so that the two do not run into each other.
            "tai": float(max(row.gia_tri, row.muc_tieu or 0)),
            "dat": row.dat is not False,
        }
        for row in rows
        if row.loai == "ty_le" and row.gia_tri is not None
    ]
    y = {"field": "chi_so", "type": "nominal", "sort": None, "title": None, "axis": {"labelLimit": 420}}
    x = {"type": "quantitative", "title": "%", "scale": {"domainMin": 0, "domainMax": 135}}
    values = [float(step) for step in range(0, 101, 20)]
    layers: list[Spec] = [
        {
            "mark": {"type": "bar", "height": {"band": 0.6}},
            "encoding": {
                "y": y,
                "x": x | {"field": "gia_tri", "axis": {"values": values, "format": "d"}},
                "color": {
                    "field": "dat",
                    "type": "nominal",
                    "scale": {"domain": [True, False], "range": [FIGURE, MISSED]},
                    "legend": None,
                },
            },
        },
        {
            "mark": {"type": "text", "align": "left", "dx": 4},
            "encoding": {"y": y, "x": x | {"field": "tai"}, "text": {"field": "nhan"}},
        },
    ]
    if any(bar["muc_tieu"] is not None for bar in bars):
        layers.append(
            {
                "mark": {"type": "tick", "color": TARGET, "thickness": 3, "opacity": 1},
                "encoding": {"y": y, "x": x | {"field": "muc_tieu"}},
            }
        )
    return _spec(title, bars) | {"height": 24 * max(len(bars), 1), "layer": layers}


def _spec(title: str, values: list[dict[str, Any]]) -> Spec:
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "description": title,
        "width": "container",
        "height": 260,
        "data": {"values": values},
        "config": {
            "locale": {"number": _NUMBERS},
            "font": "system-ui, sans-serif",
            "background": "white",
            "axis": {"labelFontSize": 12, "titleFontSize": 12},
        },
    }


def picture(spec: Spec, width: int = 620, height: int = 230, ppi: int = 150) -> bytes:
    """The chart as PNG for a document or a mail; nothing is fetched for it."""
    import vl_convert  # noqa: PLC0415 - it holds a whole browser's script engine

    drawn = _alone(spec, width, height)
    png: bytes = vl_convert.vegalite_to_png(drawn, ppi=ppi, allowed_base_urls=[], format_locale=_NUMBERS)
    return png


def drawing(spec: Spec, width: int = 620, height: int = 230) -> str:
    """The chart as an SVG element for a page that runs no script; nothing is fetched for it."""
    import vl_convert  # noqa: PLC0415 - see picture

    drawn = _alone(spec, width, height)
    svg: str = vl_convert.vegalite_to_svg(drawn, allowed_base_urls=[], format_locale=_NUMBERS)
    return svg


def _alone(spec: Spec, width: int, height: int) -> Spec:
    # What fills its container on a page has no container here.
    return spec | {"width": width, "height": height, "config": spec["config"] | {"font": _FONT}}
