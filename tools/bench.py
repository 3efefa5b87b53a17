"""Measures the pipeline against the floor of what PostgreSQL needs for the same file: `make bench`.

Floor: COPY of the file into an UNLOGGED all-text table, one typed de-duplicated insert, one aggregate
of eleven measures, those of the first figures; nothing is validated. Pipeline: the package's own
functions from landed file to refreshed mart. Both run once, one after the other, on the same server.
It is no test: it prints.

Then what most lines of full exports are: every fact loaded once, the same lines again in another order, and
with every tenth one changed; the time of load_core of each, and its ratio to the first, by the clock and by
the time of the processor that its sessions took, which says more on a busy machine. And that of all steps.

Beside it, all figures of twelve months counted and written again, against one sequential aggregate of the
same measures over all dossiers, grouped by unit, procedure and field: what counting alone costs at least
once. Both in turn, the median of each. And one month's refresh, with and without ten more years.

Last, lists of procedures of two lengths (BENCH_PROCEDURES), loaded, and loaded again when each has changed.

With PEERS=1 other tools load the same file after the pipeline, one after the other.
"""

import csv
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path

import psutil
import sqlalchemy as sa
from rich.console import Console
from rich.table import Table

from tools import bench_peers, bench_procedures
from tools.local.postgres import EmbeddedPostgres

ROOT = Path(__file__).parents[1]
HOME = Path(os.environ.get("CCHC_HOME", ROOT / ".cchc")) / "bench"
FIRST, LAST = "2025-01", "2025-12"
EXTRACTED = "20260101000000"
OLD_YEARS = 10
OLD_ROWS_A_MONTH = 20_000
TARGET_RATIO = 2.0
TARGET_MEMORY_MB = 600
TARGET_REFRESH_RATIO = 3.0
TARGET_MONTH_S = 1.5
TURNS = 3
FIRST_DECLARED = 1754006400  # 2025-08-01; one every second
TARGET_SAME_RATIO = 0.6
TARGET_CHANGED_RATIO = 0.8
TARGET_JUDGE_S = 0.5


def main() -> None:
    console = Console()
    text = os.environ.get("BENCH_ROWS", "200000")
    if not text.isdecimal() or not (rows := int(text)):
        sys.exit(f"BENCH_ROWS={text!r} is no number of rows. Expected for example 200000.")
    lengths = bench_procedures.lengths()
    peers = bench_peers.asked_for()
    HOME.mkdir(parents=True, exist_ok=True)
    with EmbeddedPostgres(HOME / "server") as server:
        console.print(f"Generating {rows:,} dossiers of {FIRST[:4]} …")
        files = _child("sources", str(rows))
        console.print(f"File: {files['csv']}, {files['bytes'] / 1e6:.0f} MB", markup=False)
        floor = _child("floor", files["csv"], dsn=_database(server, "bench_floor"))
        dsn = _database(server, "bench_pipeline", migrate=True)
        _child("reference", files["don_vi"], files["tthc"], dsn=dsn)
        pipeline = _child("pipeline", files["csv"], dsn=dsn)
        beside = {name: _child(name, files["csv"], dsn=_database(server, f"bench_{name}")) for name in peers}
        whole = _child("whole", dsn=dsn)
        growth = _child("growth", dsn=dsn)
        json_dsn = _database(server, "bench_json", migrate=True)
        _child("reference", files["don_vi"], files["tthc"], dsn=json_dsn)
        from_json = _child("pipeline", files["json"], dsn=json_dsn)
        again_dsn = _database(server, "bench_again", migrate=True)
        _child("reference", files["don_vi"], files["tthc"], dsn=again_dsn)
        repeated = _child("again", files["csv"], files["don_vi"], dsn=again_dsn)
        judged = _child("one_line", files["csv"], dsn=again_dsn)
        lists = {}
        for length in lengths:
            lists_dsn = _database(server, "bench_procedures", migrate=True)
            lists[length] = _child("procedures", str(length), dsn=lists_dsn)
    _report(console, rows, floor, pipeline, from_json)
    if beside:
        bench_peers.report(console, rows, sum(pipeline["stages"].values()), beside)
    _report_again(console, repeated)
    _report_refreshes(console, whole, growth)
    for kind, who in (("anew", "a process that begins anew"), ("copy", "a copy of a worker")):
        console.print(
            f"A batch of one line, by {who}: validated in {judged[kind + '_s']:.2f} s, of these judged in "
            f"{judged[kind + '_judge_s']:.2f} s (goal of a copy: ≤ {TARGET_JUDGE_S} s)"
        )
    bench_procedures.report(console, lists)


def _report(console: Console, rows: int, floor: dict, pipeline: dict, from_json: dict) -> None:
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
            f"(goal: ≤ {TARGET_MEMORY_MB} MB), {run['judge_peak_mb']:.0f} MB in Great Expectations' own"
        )


def _report_again(console: Console, repeated: dict) -> None:
    for what, title in (
        ("load_s", "load_core of each fact, in s"),
        ("load_cpu_s", "load_core of each fact, in s of the processor"),
        ("all_s", "land, validate and load_core of each fact, in s"),
    ):
        table = Table(title=f"{title}, and its ratio to the first load", title_justify="left")
        table.add_column("Fact")
        for name in ("lines", "first", "same lines", "ratio", "10 % changed", "ratio"):
            table.add_column(name, justify="right")
        for dataset, run in repeated.items():
            first, same, changed = (run[kind][what] for kind in ("first", "same", "changed"))
            cells = (first, same, same / first, changed, changed / first)
            table.add_row(dataset, f"{run['first']['read']:,}", *(f"{cell:.2f}" for cell in cells))
        console.print(table)
    console.print(f"Goals at 1,000,000: same ≤ {TARGET_SAME_RATIO}, 10 % changed ≤ {TARGET_CHANGED_RATIO}")


def _report_refreshes(console: Console, whole: dict, growth: dict) -> None:
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


# Children: each in its own process, so that memory and imports are its own ---------------------


def _child(name: str, *arguments: str, dsn: str = "") -> dict:
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "plugins")]),
        "CCHC_KY_DAU": FIRST,
        "CCHC_WAREHOUSE_DSN": dsn,  # not an argument: those are shown to everybody
    }
    done = subprocess.run(
        [sys.executable, "-m", "tools.bench", name, *arguments],
        check=True,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
    )
    return json.loads(done.stdout.splitlines()[-1])


def _database(server: EmbeddedPostgres, name: str, migrate: bool = False) -> str:
    admin = sa.create_engine(
        server.dsn("postgres", "postgres", driver="psycopg2"), isolation_level="AUTOCOMMIT"
    )
    with admin.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE template0")
    admin.dispose()
    dsn = server.dsn(name, "postgres", driver="psycopg2")
    if migrate:
        subprocess.run(
            [sys.executable, "-m", "alembic", "upgrade", "head"],
            check=True,
            cwd=ROOT,
            env=os.environ | {"CCHC_WAREHOUSE_DSN": dsn},
        )
    return dsn


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
            _timed(stages, name, lambda step=step, connection=connection: step(connection))
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
    landed = _timed(
        stages,
        "land",
        lambda: land_file(engine, HOME / "landing", contract_of("ho_so"), Path(path), moment),
    )
    _timed(stages, "validate", lambda: validate(engine, landed.batch_id))
    batch, _ = _timed(stages, "load_core", lambda: load(engine, landed.batch_id))
    months = pending_periods(engine)
    # All that is pending at once, as catch_up_chi_so does it.
    _timed(stages, f"refresh, {len(months)} months", lambda: refresh(engine, *months))
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


def again(dossiers: str, don_vi: str) -> dict:
    """Loads every fact three times: its lines, these in another order, and with every tenth one changed."""
    from cchc.contracts import contract_of
    from cchc.judging.validation import validate
    from cchc.loading.load import load
    from cchc.sources.landing import land_file
    from cchc.warehouse import engine_of

    engine = engine_of(os.environ["CCHC_WAREHOUSE_DSN"])
    moment = datetime.strptime(EXTRACTED, "%Y%m%d%H%M%S")  # noqa: DTZ007 - local time by contract
    with Path(dossiers).open(encoding="utf-8", newline="") as file:
        known = list(csv.DictReader(file))
    records = json.loads(Path(don_vi).read_text(encoding="utf-8"))["data"]
    units = [u["MaDonVi"] for u in records if u["Cap"] == "so_nganh" and u["HieuLucDen"] is None]
    found: dict[str, dict] = {}
    for dataset, lines in _facts(known, units):
        order = random.Random(1).sample(range(len(lines)), len(lines))
        changed = [_changed(dataset, line) if n % 10 == 0 else line for n, line in enumerate(lines)]
        found[dataset] = {}
        for kind, rows in (("first", lines), ("same", [lines[n] for n in order]), ("changed", changed)):
            path = HOME / f"again_{dataset}_{kind}.csv"
            with path.open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, list(rows[0]))
                writer.writeheader()
                writer.writerows(rows)
            stages: dict[str, float] = {}
            started = time.perf_counter()
            landed = land_file(engine, HOME / "landing", contract_of(dataset), path, moment)
            validate(engine, landed.batch_id)
            with _processor_time(engine, stages):
                batch, _ = _timed(stages, "load_s", lambda landed=landed: load(engine, landed.batch_id))
            stages["all_s"] = time.perf_counter() - started
            path.unlink()
            found[dataset][kind] = stages | {
                "read": batch.lines_read,
                "accepted": batch.lines_accepted,
                "superseded": batch.lines_superseded,
            }
    return found


def one_line(dossiers: str) -> dict:
    """Validates files of one line, by judges that begin anew and by copies of this process."""
    from cchc.contracts import contract_of
    from cchc.judging import judge, validation
    from cchc.sources.landing import land_file
    from cchc.warehouse import engine_of

    engine = engine_of(os.environ["CCHC_WAREHOUSE_DSN"])
    with Path(dossiers).open(encoding="utf-8", newline="") as file:
        header, *lines = (next(file) for _ in range(1 + 2 * TURNS))
    judged = validation._judge
    found: dict[str, list[float]] = {}
    stages: dict[str, float] = {}
    validation._judge = lambda *given: _timed(stages, "judge", lambda: judged(*given))
    for kind in ("anew", "copy"):
        if kind == "copy":
            judge.preload()
        for _ in range(TURNS):
            path = HOME / "one_line.csv"
            path.write_text(header + lines.pop(), encoding="utf-8")
            moment = datetime.strptime(EXTRACTED, "%Y%m%d%H%M%S")  # noqa: DTZ007 - local time by contract
            landed = land_file(engine, HOME / "landing", contract_of("ho_so"), path, moment)
            _timed(stages, "all", lambda landed=landed: validation.validate(engine, landed.batch_id))
            found.setdefault(f"{kind}_s", []).append(stages["all"])
            found.setdefault(f"{kind}_judge_s", []).append(stages["judge"])
    return {name: statistics.median(seconds) for name, seconds in found.items()}


# What a changed line says; of an entry of the history and of a declaration another one is a new one.
CHANGES: dict[str, dict[str, str]] = {
    "ho_so": {"ngay_cap_nhat": "20251231235900", "so_lan_bo_sung": "1"},
    "danh_gia": {"ngay_cap_nhat": "20251231235900", "danh_gia": "hai_long"},
    "qua_trinh": {"thoi_gian": "20251231235900"},
    "van_ban": {"ngay_cap_nhat": "20251231235900", "do_khan": "2"},
    "ho_so_cong_viec": {"ngay_cap_nhat": "20251231235900", "tien_do": "90"},
    "khai_bao": {"gia_tri": "9"},
}


def _changed(dataset: str, line: dict) -> dict:
    """A line with what is different in it; a unit declares another value at another time."""
    later = {"ngay_khai": f"202509{line['ngay_khai'][6:]}"} if dataset == "khai_bao" else {}
    return line | CHANGES[dataset] | later


def _facts(dossiers: list[dict], units: list[str]) -> Iterator[tuple[str, list[dict]]]:
    """As many lines of each fact as there are dossiers, dossiers first."""
    yield "ho_so", dossiers
    codes = [dossier["ma_ho_so"] for dossier in dossiers]

    def day(n: int) -> str:
        return (date(2025, 7, 7) + timedelta(days=n % 150)).strftime("%Y%m%d")

    yield (
        "danh_gia",
        [
            {"ma_ho_so": code, "thoi_gian_danh_gia": f"{day(n)}090000", "danh_gia": "rat_hai_long"}
            | {"ngay_cap_nhat": f"{day(n)}090000"}
            for n, code in enumerate(codes)
        ],
    )
    yield (
        "qua_trinh",
        [
            {"ma_ho_so": code, "thoi_gian": f"{day(n)}090000", "trang_thai": "4", "don_vi": "bộ phận một cửa"}
            for n, code in enumerate(codes)
        ],
    )
    yield (
        "van_ban",
        [
            {"ma_van_ban": f"VB{n:08d}", "huong": "den", "don_vi": units[n % len(units)], "so": str(n + 1)}
            | {"ky_hieu": f"{n}/CV", "loai_van_ban": "cong_van", "ngay_van_ban": day(n)}
            | {"ngay_den": f"{day(n)}080000", "ngay_phat_hanh": "", "ngay_dang_ky": f"{day(n)}083000"}
            | {"do_khan": "1", "do_mat": "1", "han_xu_ly": "20251231", "ngay_hoan_thanh": "", "ky_so": "1"}
            | {"gui_dien_tu": "1", "gui_giay": "0", "ma_ho_so_cong_viec": "", "da_xoa": "0"}
            | {"ngay_cap_nhat": f"{day(n)}083000"}
            for n in range(len(codes))
        ],
    )
    yield (
        "ho_so_cong_viec",
        [
            {"ma_hscv": f"HSCV{n:08d}", "don_vi": units[n % len(units)], "ngay_mo": f"{day(n)}100000"}
            | {"han_giai_quyet": "20251231", "ngay_dong": "", "trang_thai": "1", "tien_do": "30"}
            | {"tren_he_thong": "1", "chi_giay": "0", "da_xoa": "0", "ngay_cap_nhat": f"{day(n)}110000"}
            for n in range(len(codes))
        ],
    )
    yield (
        "khai_bao",
        [
            {"don_vi": units[n % len(units)], "ky": "2025-07", "ma_so_lieu": "hscv_giay_da_dong"}
            | {"ngay_khai": time.strftime("%Y%m%d%H%M%S", time.gmtime(FIRST_DECLARED + n))}
            | {"gia_tri": "4", "chuc_danh": "Chánh Văn phòng"}
            for n in range(len(codes))
        ],
    )


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
            _timed(stages, name, step)
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


def procedures(length: str) -> dict:
    """Loads a list of procedures, and the same list when each of them has changed."""
    from cchc.contracts import contract_of
    from cchc.judging.validation import validate
    from cchc.loading.load import load
    from cchc.sources.landing import land_file
    from cchc.warehouse import engine_of

    engine = engine_of(os.environ["CCHC_WAREHOUSE_DSN"])
    moment = datetime.strptime(EXTRACTED, "%Y%m%d%H%M%S")  # noqa: DTZ007 - local time by contract
    contract, landing, path = contract_of("tthc"), HOME / "landing", HOME / "procedures.json"
    found: dict[str, dict[str, float]] = {}
    for kind in bench_procedures.LISTS:
        bench_procedures.write_list(path, int(length), kind)
        stages = found[kind] = {}
        batch = _timed(stages, "land", lambda: land_file(engine, landing, contract, path, moment)).batch_id
        _timed(stages, "validate", lambda batch=batch: validate(engine, batch))
        loaded, _ = _timed(stages, "load_core", lambda batch=batch: load(engine, batch))
        if loaded.lines_accepted != int(length):
            sys.exit(f"Of {length} procedures {loaded.lines_accepted} were loaded. Expected all.")
    path.unlink()
    return found


@contextmanager
def _processor_time(engine: sa.Engine, stages: dict[str, float]) -> Iterator[None]:
    """Adds what the sessions that are opened meanwhile take of the processor, each up to its last commit."""
    spent: dict[int, float] = {}

    def note(connection: sa.Connection) -> None:
        times = psutil.Process(connection.connection.dbapi_connection.info.backend_pid).cpu_times()
        spent[connection.connection.dbapi_connection.info.backend_pid] = times.user + times.system

    sa.event.listen(engine, "commit", note)
    try:
        yield
    finally:
        sa.event.remove(engine, "commit", note)
        stages["load_cpu_s"] = sum(spent.values())


def _timed(stages: dict[str, float], name: str, step: Callable):
    started = time.perf_counter()
    result = step()
    stages[name] = time.perf_counter() - started
    return result


STEPS = (sources, floor, reference, pipeline, again, one_line, whole, growth, procedures, *bench_peers.PEERS)
CHILDREN = {f.__name__: f for f in STEPS}

if __name__ == "__main__":
    if len(sys.argv) > 1:
        if sys.argv[1] not in CHILDREN:
            sys.exit(
                f"tools.bench takes no argument such as {sys.argv[1]!r}. Expected none: BENCH_ROWS sets it."
            )
        print(json.dumps(CHILDREN[sys.argv[1]](*sys.argv[2:])))
    else:
        main()
