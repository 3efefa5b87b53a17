"""The rows behind one unit's month, as `make rows` and the pages find them."""

import os
import statistics
import time

import sqlalchemy as sa
from rich.console import Console

from tools.bench.ground import LAST

UNITS = 5
TARGET_S = 0.2
# Those in the middle by how many dossiers they have ended.
MIDDLE = """
SELECT ma_don_vi FROM (
    SELECT ma_don_vi, row_number() OVER (ORDER BY tu_so) AS place, count(*) OVER () AS units
    FROM mart.chi_so
    WHERE ky_loai = 'thang' AND ky = :ky AND ma_chi_so = 'tiep_nhan' AND NOT starts_with(ma_don_vi, 'TONG:')
        AND tu_so > 0
) AS u ORDER BY abs(place - units / 2.0) LIMIT :units
"""


def rows() -> dict:
    """Seconds of each call: every indicator that has rows, of a few units of the last month."""
    from cchc.figures.definitions import indicators
    from cchc.figures.drill import parts_with_rows, rows_behind
    from cchc.warehouse import engine_of

    engine = engine_of(os.environ["CCHC_WAREHOUSE_DSN"])
    with engine.connect() as connection:
        units = connection.scalars(sa.text(MIDDLE), {"ky": LAST, "units": UNITS}).all()
    named = [ma for ma, one in indicators().items() if one.cong_bo and "tu_so" in parts_with_rows(ma)]
    seconds, found = [], 0
    for unit in units:
        for ma in named:
            started = time.perf_counter()
            found += len(rows_behind(engine, ma, LAST, unit))
            seconds.append(time.perf_counter() - started)
    return {"seconds": seconds, "indicators": len(named), "units": len(units), "rows": found}


def middle_and_most(found: dict) -> tuple[float, float]:
    """Median and 95th percentile of the calls, in s."""
    return statistics.median(found["seconds"]), statistics.quantiles(found["seconds"], n=20)[-1]


def report(console: Console, found: dict) -> None:
    """Prints how long one call takes."""
    middle, most = middle_and_most(found)
    console.print(
        f"Rows of a unit's month, {found['indicators']} indicators of {found['units']} units, "
        f"{found['rows']:,} rows: median {middle * 1000:.0f} ms, 95 % {most * 1000:.0f} ms  "
        f"(goal at 1,000,000: ≤ {TARGET_S * 1000:.0f} ms)"
    )
