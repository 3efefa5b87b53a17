"""A draft of the periodic report as DOCX: numbers, tables, charts filled in, the prose left to the officer.

Its text is the template's, which an officer may change in a word processor. Nothing is said that mart does
not hold: what a person has to write is marked in yellow.
"""

import io
from datetime import UTC
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from cchc.charts import picture, trend
from cchc.figures.definitions import reports
from cchc.reports.appendix import MET, figures_of
from cchc.reports.form_06a import COLUMNS, LEVEL_CODES, rows_of
from cchc.reports.standing import PROVINCE, Standing
from cchc.shown import in_table
from cchc.vietnamese import change, figure, number
from cchc.warehouse import run_sql_file

TEMPLATE = Path(__file__).parent / "templates" / "bao_cao.docx"
# Drawn over the months up to the end of the period.
CHARTED = ("dung_han_06a", "T9")
MONTHS = 12
CHART_WIDTH_MM = 160
TITLE_LENGTH = 255
WHO_ISSUES = "[CƠ QUAN BAN HÀNH]"


def draft(connection: sa.Connection, standing: Standing) -> bytes:
    """The draft for the unit, level or province of `standing`, as DOCX."""
    # A tenth of a second, which only who asks for a draft waits for.
    from docx.shared import Mm  # noqa: PLC0415
    from docxtpl import DocxTemplate, InlineImage  # noqa: PLC0415
    from jinja2 import Environment, StrictUndefined  # noqa: PLC0415

    document = DocxTemplate(TEMPLATE)
    charts = _charts(connection, standing)
    values = values_of(connection, standing) | {
        "bieu_do": [
            chart | {"hinh": InlineImage(document, io.BytesIO(chart["hinh"]), width=Mm(CHART_WIDTH_MM))}
            for chart in charts
        ]
    }
    # Text from data is text in the document too.
    document.render(values, Environment(autoescape=True, undefined=StrictUndefined))
    for shape, chart in zip(document.docx.inline_shapes, charts, strict=True):
        shape._inline.docPr.set("descr", chart["ten"])
    of = document.docx.core_properties
    made_at = standing.made_at.astimezone(UTC).replace(tzinfo=None)
    # What a word processor keeps of it.
    title = f"Dự thảo báo cáo cải cách hành chính {standing.period}, {in_table(standing.ten_don_vi)}"
    of.title = title if len(title) <= TITLE_LENGTH else f"{title[: TITLE_LENGTH - 1]}…"
    of.created = of.modified = made_at
    of.content_status, of.version = standing.trang_thai, str(standing.revision)
    if edition := standing.edition:
        of.identifier, of.subject = edition.ma_bam, f"Dòng sổ {edition.so_cai}"
    content = io.BytesIO()
    document.save(content)
    return content.getvalue()


def values_of(connection: sa.Connection, standing: Standing) -> dict[str, Any]:
    """What the template is filled with, but for the charts; numbers as they are written in Vietnam."""
    rows = figures_of(connection, standing, [standing.ma_don_vi])
    asked = [row for row in rows if row.muc_tieu is not None]
    form = _form(connection, standing)
    own = next(row for row in form if row["ma"] == standing.ma_don_vi)
    return {
        "co_quan": WHO_ISSUES if standing.whole else in_table(standing.ten_don_vi).upper(),
        "ky": standing.period,
        "ngay": standing.days,
        "pham_vi": in_table(standing.ten_don_vi),
        # In the middle of a sentence; the name of a unit stays as it is.
        "noi": in_table(standing.ten_don_vi).lower() if standing.whole else in_table(standing.ten_don_vi),
        "tinh_trang": standing.words,
        "so_dat": sum(row.dat is True for row in asked),
        "so_chua_dat": sum(row.dat is False for row in asked),
        "so_giao": sum(row.dat is not None for row in asked),
        "chua_dat": [_figure(row) for row in asked if row.dat is False],
        "chua_co": [_figure(row) for row in asked if row.dat is None],
        "chi_so": [_figure(row) | {"tt": place} for place, row in enumerate(rows, 1)],
        "bieu": own,
        "cap": form,
        "luu_y": " ".join(reports()["bieu_06a"].luu_y.split()),
    }


def _figure(row: sa.Row[Any]) -> dict[str, str]:
    return {
        "ten": in_table(row.ten),
        "muc_tieu": "" if row.muc_tieu is None else figure(row.muc_tieu, row.loai),
        "gia_tri": figure(row.gia_tri, row.loai),
        "dat": MET[row.dat] or "",
        "so_ky_truoc": change(row.so_ky_truoc, row.loai),
        "so_nam_truoc": change(row.so_nam_truoc, row.loai),
        "ly_do": in_table(row.ly_do_na or ""),
    }


def _form(connection: sa.Connection, standing: Standing) -> list[dict[str, str]]:
    """Form II.06a of all fields: the levels and the province, or the one unit."""
    codes = [*LEVEL_CODES, PROVINCE] if standing.ma_don_vi == PROVINCE else [standing.ma_don_vi]
    return [
        {
            "ma": row.ma_don_vi,
            "ten": in_table(row.ten_don_vi),
            "cot_45": number(row.cot_4 + row.cot_5),
            **{f"cot_{column}": number(getattr(row, f"cot_{column}")) for column in COLUMNS},
        }
        for row in rows_of(connection, standing, codes)
        if not row.ma_linh_vuc
    ]


def _charts(connection: sa.Connection, standing: Standing) -> list[dict[str, Any]]:
    """The charted indicators of whom there are at least two months: number, caption, picture."""
    found: list[dict[str, Any]] = []
    names = {row.ma_chi_so: row for row in figures_of(connection, standing, [standing.ma_don_vi])}
    for ma in CHARTED:
        binds = {
            "ma": ma,
            "ky_loai": "thang",
            "don_vi": standing.ma_don_vi,
            "den_ngay": standing.den_ngay,
            "ky": f"{standing.den_ngay:%Y-%m}",
        }
        months = run_sql_file(connection, "pages/trend.sql", **binds).all()[-MONTHS:]
        if ma not in names or sum(row.gia_tri is not None for row in months) < 2:
            continue
        ten = in_table(names[ma].ten)
        dashed = any(row.muc_tieu is not None for row in months)
        found.append(
            {
                "so": len(found) + 1,
                "ten": ten,
                "chu_thich": "; nét đứt là chỉ tiêu" if dashed else "",
                "hinh": picture(trend(months, ten, "%")),
            }
        )
    return found
