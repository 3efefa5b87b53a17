"""The floor of what PostgreSQL needs for a file of dossiers, and the pipeline from that file to mart."""

import csv
import json
import os
import re
import resource
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from rich.console import Console
from rich.table import Table

from tools.bench.ground import EXTRACTED, FIRST, HOME, LAST, timed

TARGET_RATIO = 1.5
TARGET_TENFOLD = 1.1
TARGET_MEMORY_MB = 300
TARGET_WITH_JUDGE_MB = 500
PIECE_BYTES = 64 << 20
# Of the codes of ten times the dossiers, two figures of it.
FIRST_YEAR = 16


def sources(rows: str) -> dict:
    """Writes the dossiers as CSV and JSON, and the units and procedures they refer to."""
    from tools.tthc_simulator.generate import Settings
    from tools.tthc_simulator.source import generate

    paths = {
        "csv": HOME / f"ho_so_{rows}.csv",
        "json": HOME / f"ho_so_{rows}.json",
        "don_vi": HOME / "don_vi.json",
        "tthc": HOME / "tthc.json",
    }
    command = [sys.executable, "-m", "tools.tthc_simulator", "export", "--tu", FIRST, "--den-thang", LAST]
    for kind in ("csv", "json"):
        subprocess.run(
            [*command, "--rows", rows, "--format", kind, "--den", EXTRACTED, "--out", str(paths[kind])],
            check=True,
            stdout=sys.stderr,
        )
    source = generate(Settings(per_month=10, tu=FIRST, den=LAST))
    for name, records in (("don_vi", source.don_vi(EXTRACTED)), ("tthc", source.tthc(EXTRACTED))):
        body = {"error_code": "0", "tong_so": len(records), "data": records}
        paths[name].write_text(json.dumps(body, ensure_ascii=False), encoding="utf-8")
    return {k: str(v) for k, v in paths.items()} | {"bytes": paths["csv"].stat().st_size}


def tenfold(csv_path: str) -> dict:
    """Writes a file of ten times the dossiers: each in ten years, by its code alone."""
    path = HOME / "ho_so_tenfold.csv"
    year = re.compile(rb'^("?[^-,"]+-)\d\d(?=\d{4}-)', re.MULTILINE)
    with Path(csv_path).open("rb") as file, path.open("wb") as made:
        header = file.readline()
        made.write(header)
        for copy in range(10):
            file.seek(len(header))
            while lines := file.readlines(PIECE_BYTES):
                made.write(year.sub(rb"\g<1>%d" % (FIRST_YEAR + copy), b"".join(lines)))
    return {"csv": str(path), "bytes": path.stat().st_size}


def floor(csv_path: str) -> dict:
    """The least that PostgreSQL has to do with the file."""
    engine = sa.create_engine(os.environ["CCHC_WAREHOUSE_DSN"])
    with Path(csv_path).open(encoding="utf-8", newline="") as file:
        columns = next(csv.reader(file))
    times = [name for name in columns if name.startswith("ngay_")]
    numbers = [
        name
        for name in columns
        if name.startswith(("so_tai_lieu", "so_lan", "tong_", "kenh", "trang_thai", "co_ket", "tai_khoan"))
    ]

    def typed(name: str) -> str:
        if name in times:
            # Dates that are none become NULL: nothing is judged here.
            return (
                f"CASE WHEN length({name}) = 14 "
                f"THEN (substr({name}, 1, 8) || ' ' || substr({name}, 9))::timestamp END AS {name}"
            )
        return f"nullif({name}, '')::int AS {name}" if name in numbers else name

    def copy(connection: sa.Connection) -> None:
        connection.exec_driver_sql(
            f"CREATE UNLOGGED TABLE raw ({', '.join(f'{name} text' for name in columns)})"
        )
        cursor = connection.connection.cursor()
        with Path(csv_path).open("rb") as file:
            cursor.copy_expert("COPY raw FROM STDIN (FORMAT csv, HEADER)", file, size=1 << 20)

    def insert(connection: sa.Connection) -> None:
        connection.exec_driver_sql(
            f"CREATE TABLE typed AS SELECT DISTINCT ON (ma_ho_so) {', '.join(map(typed, columns))} "
            "FROM raw ORDER BY ma_ho_so, raw.ngay_cap_nhat DESC"
        )

    def aggregate(connection: sa.Connection) -> None:
        connection.exec_driver_sql(
            """
            CREATE TABLE measures AS
            SELECT don_vi_xu_ly, ma_tthc, date_trunc('month', ngay_tiep_nhan) AS thang,
                count(*) AS tiep_nhan,
                count(*) FILTER (WHERE kenh_thuc_hien = 2) AS truc_tuyen,
                count(*) FILTER (WHERE kenh_thuc_hien = 2
                    AND tai_khoan_duoc_xac_thuc_voi_vneid = 1) AS vneid,
                count(*) FILTER (WHERE trang_thai_ho_so IN (9, 10)) AS xong,
                count(*) FILTER (WHERE trang_thai_ho_so IN (9, 10) AND co_ket_qua_dien_tu = 1) AS ket_qua,
                count(*) FILTER (WHERE trang_thai_ho_so IN (9, 10) AND so_tai_lieu_co_tep > 0) AS so_hoa,
                count(*) FILTER (WHERE trang_thai_ho_so IN (7, 9, 10)) AS ket_thuc,
                count(*) FILTER (WHERE trang_thai_ho_so IN (7, 9, 10)
                    AND ngay_ket_thuc_xu_ly::date <= ngay_hen_tra::date) AS dung_han,
                count(*) FILTER (WHERE trang_thai_ho_so IN (7, 9, 10) AND so_lan_bo_sung <= 1
                    AND (ngay_ket_thuc_xu_ly - make_interval(mins => tong_thoi_gian_bo_sung_phut))::date
                        <= ngay_hen_tra::date) AS dung_han_766,
                count(*) FILTER (WHERE ngay_hen_tra IS NULL) AS khong_han,
                count(*) FILTER (WHERE trang_thai_ho_so NOT IN (7, 9, 10)) AS dang_giai_quyet
            FROM typed GROUP BY 1, 2, 3
            """
        )

    stages = {}
    for name, step in (("COPY", copy), ("typed insert", insert), ("aggregate", aggregate)):
        with engine.begin() as connection:
            timed(stages, name, lambda step=step, connection=connection: step(connection))
    return {"stages": stages}


def reference(don_vi: str, tthc: str) -> dict:
    """Loads calendar, units and procedures, which the dossiers are judged against. Not measured."""
    from cchc.contracts import contract_of
    from cchc.judging.validation import validate
    from cchc.loading.load import load
    from cchc.registers.working_calendar import sync_calendar
    from cchc.sources.landing import land_file
    from cchc.warehouse import engine_of

    engine = engine_of(os.environ["CCHC_WAREHOUSE_DSN"])
    sync_calendar(engine)
    for dataset, path in (("don_vi", don_vi), ("tthc", tthc)):
        landed = land_file(engine, HOME / "landing", contract_of(dataset), Path(path))
        validate(engine, landed.batch_id)
        load(engine, landed.batch_id)
    return {}


def pipeline(path: str) -> dict:
    """The package's own functions, from file to mart, with the imports they need."""
    stages: dict[str, float] = {}
    started = time.perf_counter()
    from cchc.contracts import contract_of
    from cchc.figures.refresh import pending_periods, refresh
    from cchc.judging.validation import validate
    from cchc.loading.load import load
    from cchc.sources.landing import land_file
    from cchc.warehouse import engine_of

    stages["import of cchc"] = time.perf_counter() - started
    engine = engine_of(os.environ["CCHC_WAREHOUSE_DSN"])
    moment = datetime.strptime(EXTRACTED, "%Y%m%d%H%M%S")  # noqa: DTZ007 - local time by contract
    landed = timed(
        stages,
        "land",
        lambda: land_file(engine, HOME / "landing", contract_of("ho_so"), Path(path), moment),
    )
    timed(stages, "validate", lambda: validate(engine, landed.batch_id))
    batch, _ = timed(stages, "load_core", lambda: load(engine, landed.batch_id))
    months = pending_periods(engine)
    # All that is pending at once, as catch_up_chi_so does it.
    timed(stages, f"refresh, {len(months)} months", lambda: refresh(engine, *months))
    return {
        "stages": stages,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "judge_peak_mb": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024,
        "lines": {
            "read": batch.lines_read,
            "accepted": batch.lines_accepted,
            "rejected": batch.lines_rejected,
            "superseded": batch.lines_superseded,
        },
    }


def report(console: Console, rows: int, floor: dict, pipeline: dict, from_json: dict) -> None:
    table = Table(title=f"{rows:,} dossiers, 12 months", title_justify="left")
    table.add_column("Floor")
    table.add_column("s", justify="right")
    table.add_column("Pipeline")
    table.add_column("s", justify="right")
    left, right = list(floor["stages"].items()), list(pipeline["stages"].items())
    for i in range(max(len(left), len(right))):
        cells = [*(left[i] if i < len(left) else ("", "")), *(right[i] if i < len(right) else ("", ""))]
        table.add_row(*(f"{c:.2f}" if isinstance(c, float) else c for c in cells))
    sums = sum(floor["stages"].values()), sum(pipeline["stages"].values())
    table.add_row("total", f"{sums[0]:.2f}", "total", f"{sums[1]:.2f}", style="bold")
    console.print(table)
    console.print(f"Lines: {pipeline['lines']}")
    console.print(f"Ratio pipeline / floor: {sums[1] / sums[0]:.2f}  (goal at 1,000,000: ≤ {TARGET_RATIO})")
    for kind, run in (("CSV", pipeline), ("JSON", from_json)):
        console.print(
            f"Peak memory, {kind}: {run['peak_mb']:.0f} MB in the Python process  "
            f"(goal: ≤ {TARGET_MEMORY_MB} MB), {run['judge_peak_mb']:.0f} MB in the largest of its children "
            "(reader, judge)"
        )


def report_tenfold(console: Console, rows: int, one: dict, ten: dict) -> float:
    """Prints the time of each of ten times the rows beside that of each of the rows; returns the ratio."""
    each = sum(one["stages"].values()) / rows
    of_ten = sum(ten["stages"].values()) / rows / 10
    stages = " + ".join(f"{name} {seconds:.1f}" for name, seconds in ten["stages"].items())
    console.print(
        f"{rows * 10:,} dossiers: {sum(ten['stages'].values()):.1f} s = {stages}; {of_ten * 1e6:.1f} µs "
        f"each, {of_ten / each:.2f} of the time of each of {rows:,}  (goal: ≤ {TARGET_TENFOLD})"
    )
    return of_ten / each
