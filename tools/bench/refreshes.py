"""All figures of twelve months counted and written again, and one month's with and without ten more years."""

import os
import statistics
import time
from datetime import date

import sqlalchemy as sa
from rich.console import Console

from tools.bench.ground import LAST, TURNS, timed

OLD_YEARS = 10
OLD_ROWS_A_MONTH = 20_000
TARGET_REFRESH_RATIO = 3.0
TARGET_MONTH_S = 1.5
TARGET_GROWTH = 1.1


def whole() -> dict:
    """Refreshes all months again, in turn with one aggregate of what is counted for them."""
    from cchc.figures.definitions import facts
    from cchc.figures.indicator_sql import measures
    from cchc.figures.refresh import refresh
    from cchc.warehouse import engine_of

    engine = engine_of(os.environ["CCHC_WAREHOUSE_DSN"])
    counted = [m for m in measures().values() if m.term.fact == "ho_so"]
    aggregate = (
        "CREATE TEMP TABLE mot_lan AS SELECT f.ma_don_vi, f.ma_tthc, f.ma_linh_vuc, "
        f"{', '.join(f'{m.aggregate} AS {m.name}' for m in counted)} FROM ({facts()['ho_so'].sql}) AS f "
        "CROSS JOIN (SELECT CAST(:tu_ngay AS date) AS tu_ngay, CAST(:den_ngay AS date) AS den_ngay, "
        "CAST(:den_ngay AS date) AS den_chot) AS doan GROUP BY 1, 2, 3"
    )
    year = {"tu_ngay": date(2025, 1, 1), "den_ngay": date(2025, 12, 31)}
    with engine.connect() as connection:
        months = connection.exec_driver_sql("SELECT array_agg(ky ORDER BY ky) FROM ops.period").scalar_one()

    def refresh_all() -> None:
        with engine.begin() as connection:
            connection.exec_driver_sql("UPDATE ops.period SET changed = nextval('ops.period_change')")
        refresh(engine, *months)

    def aggregate_all() -> None:
        with engine.begin() as connection:
            connection.exec_driver_sql("SET LOCAL max_parallel_workers_per_gather = 0")
            connection.execute(sa.text(aggregate), year)
            connection.exec_driver_sql("DROP TABLE mot_lan")

    seconds: dict[str, list[float]] = {"refresh": [], "aggregate": []}
    for _ in range(TURNS):
        for name, step in (("refresh", refresh_all), ("aggregate", aggregate_all)):
            stages: dict[str, float] = {}
            timed(stages, name, step)
            seconds[name].append(stages[name])
    with engine.connect() as connection:
        figures = connection.exec_driver_sql("SELECT count(*) FROM mart.chi_so").scalar_one()
    return {
        "months": len(months),
        "figures": figures,
        "measures": len(counted),
        "refresh_s": statistics.median(seconds["refresh"]),
        "aggregate_s": statistics.median(seconds["aggregate"]),
    }


def growth() -> dict:
    """Refreshes the last month, adds ten years of finished months, refreshes it again."""
    from cchc.figures.refresh import refresh
    from cchc.warehouse import engine_of

    engine = engine_of(os.environ["CCHC_WAREHOUSE_DSN"])

    def once() -> float:
        with engine.begin() as connection:
            connection.exec_driver_sql(
                f"UPDATE ops.period SET changed = nextval('ops.period_change') WHERE ky = '{LAST}'"
            )
        started = time.perf_counter()
        refresh(engine, LAST)
        return time.perf_counter() - started

    def size() -> tuple[int, int]:
        with engine.connect() as connection:
            return connection.exec_driver_sql(
                "SELECT count(DISTINCT ky_tiep_nhan), count(*) FROM core.ho_so"
            ).one()

    once()
    months_before, rows_before = size()
    before = min(once() for _ in range(3))
    names = "SELECT string_agg(attname, ', ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = " \
        "'core.ho_so'::regclass AND attnum > 0 AND attgenerated = '' AND attname <> ALL(%s)"  # fmt: skip
    moved = ["ma_ho_so", "ky_tiep_nhan", "ngay_tiep_nhan", "ngay_ket_thuc_xu_ly", "trang_thai_ho_so"]
    with engine.begin() as connection:
        rest = connection.exec_driver_sql(names, (moved,)).scalar_one()
        for back in range(1, OLD_YEARS * 12 + 1):
            index = 2025 * 12 - back
            start = date(index // 12, index % 12 + 1, 1)
            connection.exec_driver_sql(f"SELECT core.ensure_partition('ho_so', '{start}')")
            connection.exec_driver_sql(
                f"INSERT INTO core.ho_so ({', '.join(moved)}, {rest}) "
                f"SELECT ma_ho_so || '-{back}', '{start}', '{start}', '{start}', 9, {rest} "
                f"FROM core.ho_so WHERE ky_tiep_nhan = '{LAST}-01' LIMIT {OLD_ROWS_A_MONTH}"
            )
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE core.ho_so")
    months_after, rows_after = size()
    once()
    return {
        "ky": LAST,
        "before_s": before,
        "after_s": min(once() for _ in range(3)),
        "months_before": months_before,
        "months_after": months_after,
        "rows_before": rows_before,
        "rows_after": rows_after,
    }


def report(console: Console, whole: dict, growth: dict) -> None:
    ratio = whole["refresh_s"] / whole["aggregate_s"]
    console.print(
        f"Full refresh of {whole['months']} months, {whole['figures']:,} figures: "
        f"{whole['refresh_s']:.2f} s; one sequential aggregate of the same {whole['measures']} measures: "
        f"{whole['aggregate_s']:.2f} s"
    )
    console.print(f"Ratio refresh / aggregate: {ratio:.2f}  (goal at 1,000,000: ≤ {TARGET_REFRESH_RATIO})")
    console.print(
        f"Refresh of {growth['ky']} (goal: ≤ {TARGET_MONTH_S} s): "
        f"{growth['before_s']:.2f} s with {growth['months_before']} months "
        f"({growth['rows_before']:,} dossiers), {growth['after_s']:.2f} s with {growth['months_after']} "
        f"months ({growth['rows_after']:,} dossiers)"
    )
