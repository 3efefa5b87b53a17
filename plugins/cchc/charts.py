"""Charts: Vega-Lite specifications that a page draws in the browser and a mail or a document as a picture."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from cchc.errors import CchcError
from cchc.periods import months_between, parse_month
from cchc.shown import in_table
from cchc.vietnamese import figure, number, short_period

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
    """A figure over its periods against its target. `rows`: ky, gia_tri, muc_tieu in order of time.

    A month between them that has no row is a gap.
    """
    known = {row.ky: row for row in rows}
    points = [
        {"ky": short_period(ky)} | {name: _value(known.get(ky), name) for name in ("gia_tri", "muc_tieu")}
        for ky in _without_gaps([row.ky for row in rows])
    ]
    x = {
        "field": "ky",
        "type": "ordinal",
        "sort": None,
        "title": None,
        "axis": {"labelAngle": -45, "labelOverlap": True},
    }
    layers: list[Spec] = [
        {
            "mark": {"type": "line", "point": True, "color": FIGURE},
            "encoding": {
                "x": x,
                "y": {
                    "field": "gia_tri",
                    "type": "quantitative",
                    "title": unit,
                    "scale": {"zero": False},
                    "axis": {"format": ",.2~f"},
                },
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


def _value(row: Any, name: str) -> float | None:
    value = getattr(row, name, None)
    return None if value is None else float(value)


def _without_gaps(kys: list[str]) -> list[str]:
    """All months from the first to the last; periods of other lengths as they are."""
    try:
        first, last = parse_month(kys[0]), parse_month(kys[-1])
    except (CchcError, IndexError):
        return kys
    return months_between(first.start, last.end)


def as_words(rows: Sequence[Any], loai: str) -> str:
    """What a trend shows, for whoever hears a page instead of seeing it."""
    return "; ".join(f"{short_period(row.ky)}: {figure(row.gia_tri, loai)}" for row in rows)


def scoreboard(rows: Sequence[Any], title: str, *, in_words: bool) -> Spec:
    """The rates of a period as bars, each with its target as a stroke.

    `rows`: ma_chi_so, ten, loai, gia_tri, muc_tieu, dat in order of display; what is no rate, or has no
    value, is left out. `in_words`: with names and with whether a target is met, for a browser; a picture
    has only what every machine's letters can write.
    """
    bars: list[dict[str, Any]] = [
        {
            "chi_so": f"{row.ma_chi_so} · {in_table(row.ten)}" if in_words else row.ma_chi_so,
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
    # Room for the words behind the longest bar, and for bars that go the other way.
    least = min([0.0, *(bar["gia_tri"] for bar in bars)])
    greatest = max([100.0, *(bar["tai"] for bar in bars)])
    scale = {"domainMin": 1.35 * least, "domainMax": 1.35 * greatest}
    x = {"type": "quantitative", "title": "%", "scale": scale}
    step = 20 * max(1, round(greatest / 100))
    values = [float(value) for value in range(0, int(greatest) + 1, step)]
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
            # What is drawn would be read out in English; the page says in Vietnamese what the chart shows.
            "aria": False,
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
    return svg.replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1)


def _alone(spec: Spec, width: int, height: int) -> Spec:
    # What fills its container on a page has no container here.
    return spec | {"width": width, "height": height, "config": spec["config"] | {"font": _FONT}}
