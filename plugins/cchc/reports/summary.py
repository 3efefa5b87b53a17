"""The newest month and its course as one HTML file, for a mail or a share: drawn, without scripts."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from cchc.charts import as_words, drawing, scoreboard, trend
from cchc.reports.appendix import figures_of
from cchc.reports.digest import newest_month, templates, why_none
from cchc.reports.standing import PROVINCE, Standing
from cchc.shown import in_table
from cchc.vietnamese import VIETNAM
from cchc.warehouse import run_sql_file

MONTHS = 12


def summary(connection: sa.Connection, note: str = "") -> str:
    """The file's text. `note`: what is to be said of the figures before all else."""
    standing = newest_month(connection)
    rows = figures_of(connection, standing, [PROVINCE]) if standing else []
    met, missed = (sum(row.dat is met for row in rows) for met in (True, False))
    board = scoreboard(rows, "Các tỷ lệ của toàn tỉnh", in_words=True)
    return (
        templates()
        .get_template("tom_tat.html")
        .render(
            note=note,
            standing=standing,
            why_none="" if standing else why_none(connection),
            met=met,
            missed=missed,
            rows=rows,
            # Letters in it are escaped by who draws it.
            board=drawing(board, 420, board["height"]) if rows else "",
            trends=_trends(connection, standing, rows) if standing else [],
            made_at=datetime.now(VIETNAM),
        )
    )


def _trends(
    connection: sa.Connection, standing: Standing, rows: list[sa.Row[Any]]
) -> list[tuple[str, bool, str, str]]:
    """Name, whether a target is drawn, the figures in words and the chart of each rate of which there are at
    least two months."""
    found = []
    for row in rows:
        if row.loai != "ty_le":
            continue
        binds = {
            "ma": row.ma_chi_so,
            "ky_loai": "thang",
            "don_vi": PROVINCE,
            "den_ngay": standing.den_ngay,
            "ky": standing.ky,
        }
        months = run_sql_file(connection, "pages/trend.sql", **binds).all()[-MONTHS:]
        if sum(month.gia_tri is not None for month in months) < 2:
            continue
        name = in_table(row.ten)
        dashed = any(month.muc_tieu is not None for month in months)
        said = as_words(months, row.loai)
        found.append((name, dashed, said, drawing(trend(months, name, "%"), 560, 180)))
    return found
