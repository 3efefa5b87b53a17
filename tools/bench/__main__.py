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

import json
import os
import sys

from rich.console import Console

from tools.bench import again, peers, pipeline, procedures, refreshes
from tools.bench.ground import FIRST, HOME, child, database
from tools.local.postgres import EmbeddedPostgres


def main() -> None:
    console = Console()
    text = os.environ.get("BENCH_ROWS", "200000")
    if not text.isdecimal() or not (rows := int(text)):
        sys.exit(f"BENCH_ROWS={text!r} is no number of rows. Expected for example 200000.")
    lengths = procedures.lengths()
    beside = peers.asked_for()
    HOME.mkdir(parents=True, exist_ok=True)
    with EmbeddedPostgres(HOME / "server") as server:
        console.print(f"Generating {rows:,} dossiers of {FIRST[:4]} …")
        files = child("sources", str(rows))
        console.print(f"File: {files['csv']}, {files['bytes'] / 1e6:.0f} MB", markup=False)
        floor = child("floor", files["csv"], dsn=database(server, "bench_floor"))
        dsn = database(server, "bench_pipeline", migrate=True)
        child("reference", files["don_vi"], files["tthc"], dsn=dsn)
        piped = child("pipeline", files["csv"], dsn=dsn)
        others = {name: child(name, files["csv"], dsn=database(server, f"bench_{name}")) for name in beside}
        whole = child("whole", dsn=dsn)
        growth = child("growth", dsn=dsn)
        json_dsn = database(server, "bench_json", migrate=True)
        child("reference", files["don_vi"], files["tthc"], dsn=json_dsn)
        from_json = child("pipeline", files["json"], dsn=json_dsn)
        again_dsn = database(server, "bench_again", migrate=True)
        child("reference", files["don_vi"], files["tthc"], dsn=again_dsn)
        repeated = child("again", files["csv"], files["don_vi"], dsn=again_dsn)
        judged = child("one_line", files["csv"], dsn=again_dsn)
        lists = {}
        for length in lengths:
            lists_dsn = database(server, "bench_procedures", migrate=True)
            lists[length] = child("procedures", str(length), dsn=lists_dsn)
    pipeline.report(console, rows, floor, piped, from_json)
    if others:
        peers.report(console, rows, sum(piped["stages"].values()), others)
    again.report(console, repeated)
    refreshes.report(console, whole, growth)
    again.report_one_line(console, judged)
    procedures.report(console, lists)


STEPS = (
    *(pipeline.sources, pipeline.floor, pipeline.reference, pipeline.pipeline),
    *(again.again, again.one_line, refreshes.whole, refreshes.growth, procedures.procedures, *peers.PEERS),
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
