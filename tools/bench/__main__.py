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

Ten times the dossiers go through the pipeline too, each again in ten years by its code. The demo runs in an
Airflow of its own, and then a day. Every view of mart is read over five years of months, as bench-pages does.

With PEERS=1 other tools load the same file after the pipeline, one after the other. The last table says what
is to be reached and what this run has reached. BENCH_PARTS takes some parts only.
"""

import json
import os
import sys
from pathlib import Path

from rich.console import Console

from tools.bench import again, peers, pipeline, procedures, refreshes, rows, targets
from tools.bench.ground import FIRST, HOME, child, database, rows_asked_for
from tools.local.postgres import EmbeddedPostgres

PARTS = ("pipeline", "tenfold", "again", "procedures", "airflow", "views")
# A year's dossiers where views are read; the other four are copies.
VIEWS_ROWS = "50000"


def main() -> None:
    console = Console()
    count = rows_asked_for()
    chosen = (os.environ.get("BENCH_PARTS") or ",".join(PARTS)).split(",")
    if not set(chosen) <= set(PARTS):
        sys.exit(f"BENCH_PARTS={','.join(chosen)!r} names no parts. Expected some of {','.join(PARTS)}.")
    lengths = procedures.lengths() if "procedures" in chosen else []
    beside = peers.asked_for()
    HOME.mkdir(parents=True, exist_ok=True)
    found: list[targets.Target] = []
    with EmbeddedPostgres(HOME / "server") as server:
        if {"pipeline", "tenfold", "again"} & set(chosen):
            console.print(f"Generating {count:,} dossiers of {FIRST[:4]} …")
            files = child("sources", str(count))
            console.print(f"File: {files['csv']}, {files['bytes'] / 1e6:.0f} MB", markup=False)
        if {"pipeline", "tenfold"} & set(chosen):
            found += measure_pipeline(console, server, count, files, beside, tenfold="tenfold" in chosen)
        if "again" in chosen:
            found += measure_again(console, server, files)
        if lengths:
            found += measure_lists(console, server, lengths)
        if "views" in chosen:
            found += measure_views(console, server)
    if "airflow" in chosen:
        found += measure_airflow(console)
    targets.report(console, found)


def measure_pipeline(
    console: Console, server: EmbeddedPostgres, count: int, files: dict, beside: list[str], *, tenfold: bool
) -> list[targets.Target]:
    """The floor, the pipeline, other tools, ten times the rows, and what stands on its figures."""
    floor = child("floor", files["csv"], dsn=database(server, "bench_floor"))
    dsn = database(server, "bench_pipeline", migrate=True)
    child("reference", files["don_vi"], files["tthc"], dsn=dsn)
    piped = child("pipeline", files["csv"], dsn=dsn)
    others = peers.measured(beside, files["csv"], lambda name: database(server, name))
    behind = child("rows", dsn=dsn)
    whole = child("whole", dsn=dsn)
    growth = child("growth", dsn=dsn)
    json_dsn = database(server, "bench_json", migrate=True)
    child("reference", files["don_vi"], files["tthc"], dsn=json_dsn)
    from_json = child("pipeline", files["json"], dsn=json_dsn)
    pipeline.report(console, count, floor, piped, from_json)
    took, least = sum(piped["stages"].values()), sum(floor["stages"].values())
    if beside:
        peers.report(console, count, took, others)
    rows.report(console, behind)
    refreshes.report(console, whole, growth)
    runs = [piped, from_json]
    grown = None
    if tenfold:
        for name in ("bench_floor", "bench_json"):
            database(server, name)  # makes room
        ten_dsn = database(server, "bench_tenfold", migrate=True)
        child("reference", files["don_vi"], files["tthc"], dsn=ten_dsn)
        made = child("tenfold", files["csv"])
        # Larger than what is taken by default.
        most = str(made["bytes"] // 1_000_000 + 1)
        runs.append(child("pipeline", made["csv"], dsn=ten_dsn, CCHC_INGEST_MAX_MB=most))
        Path(made["csv"]).unlink()
        database(server, "bench_tenfold")
        grown = pipeline.report_tenfold(console, count, piped, runs[-1])
    return [
        targets.Target("pipeline / floor (at 1,000,000)", pipeline.TARGET_RATIO, took / least),
        targets.Target(
            "dlt / pipeline (at 1,000,000)",
            peers.TARGET_RATIO,
            others["dlt"]["seconds"] / took if "dlt" in others else None,
            at_least=True,
        ),
        targets.Target("a row of ten times as many / a row", pipeline.TARGET_TENFOLD, grown),
        targets.Target(
            "memory of Python, the largest of all runs",
            pipeline.TARGET_MEMORY_MB,
            max(run["peak_mb"] for run in runs),
            "MB",
        ),
        targets.Target(
            "the same with its children (reader, judge), the largest",
            pipeline.TARGET_WITH_JUDGE_MB,
            max(run["peak_mb"] + run["judge_peak_mb"] for run in runs),
            "MB",
        ),
        targets.Target(
            "a month's refresh with ten more years / without",
            refreshes.TARGET_GROWTH,
            growth["after_s"] / growth["before_s"],
        ),
        targets.Target(
            "rows of a unit's month, 95 % of calls", rows.TARGET_S, rows.middle_and_most(behind)[1], "s"
        ),
    ]


def measure_again(console: Console, server: EmbeddedPostgres, files: dict) -> list[targets.Target]:
    """Every fact loaded again, and batches of one line."""
    dsn = database(server, "bench_again", migrate=True)
    child("reference", files["don_vi"], files["tthc"], dsn=dsn)
    repeated = child("again", files["csv"], files["don_vi"], dsn=dsn)
    judged = child("one_line", files["csv"], dsn=dsn)
    database(server, "bench_again")  # makes room
    again.report(console, repeated)
    again.report_one_line(console, judged)
    worst = {
        kind: max(run[kind]["load_s"] / run["first"]["load_s"] for run in repeated.values())
        for kind in ("same", "changed")
    }
    return [
        targets.Target("the same lines again / first, worst fact", again.TARGET_SAME_RATIO, worst["same"]),
        targets.Target("10 % changed / first, worst fact", again.TARGET_CHANGED_RATIO, worst["changed"]),
        targets.Target("judging a batch of one line", again.TARGET_JUDGE_S, judged["copy_judge_s"], "s"),
    ]


def measure_lists(console: Console, server: EmbeddedPostgres, lengths: list[int]) -> list[targets.Target]:
    """Lists of procedures."""
    lists = {}
    for length in lengths:
        lists_dsn = database(server, "bench_procedures", migrate=True)
        lists[length] = child("procedures", str(length), dsn=lists_dsn)
    seconds, growth = procedures.report(console, lists)
    return [
        targets.Target("50,000 procedures, changed and loaded again", procedures.TARGET_S, seconds, "s"),
        targets.Target("a procedure of the long list / of the short", procedures.TARGET_GROWTH, growth),
    ]


def measure_views(console: Console, server: EmbeddedPostgres) -> list[targets.Target]:
    """Every table and view of mart over five years of months."""
    from tools.bench import views
    from tools.bench.pages import PAGES

    dsn = database(server, "bench_pages", migrate=True)
    as_pages = server.dsn("bench_pages", PAGES, driver="psycopg2")
    read = child("read_views", VIEWS_ROWS, dsn=dsn, CCHC_PAGES_DSN=as_pages)
    views.report(console, read)
    return [
        targets.Target(
            f"reads of mart above {views.GOAL_S * 1000:.0f} ms, of {len(read)} (95 % of calls)",
            0,
            sum(views.most_of(times) > views.GOAL_S for times in read.values()),
        )
    ]


def measure_airflow(console: Console) -> list[targets.Target]:
    """The demo, and a day of all TTHC datasets."""
    from tools.bench import airflow

    found = child("in_airflow")
    airflow.report(console, found)
    return [
        targets.Target("make demo after installation", airflow.TARGET_DEMO_S, found["demo_s"], "s"),
        targets.Target("a day, trigger to figures", airflow.TARGET_DAY_S, airflow.day_s(found), "s"),
    ]


def read_views(count: str) -> dict:
    """A child: see tools.bench.pages, whose imports the others are spared."""
    from tools.bench import pages

    return pages.read_views(count)


def in_airflow() -> dict:
    """A child: see tools.bench.airflow."""
    from tools.bench import airflow

    return airflow.measure(HOME / "airflow")


STEPS = (
    *(pipeline.sources, pipeline.tenfold, pipeline.floor, pipeline.reference, pipeline.pipeline, rows.rows),
    *(again.again, again.one_line, refreshes.whole, refreshes.growth, procedures.procedures, *peers.PEERS),
    *(read_views, in_airflow),
)
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
