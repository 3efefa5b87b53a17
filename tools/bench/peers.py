"""Other tools that load the same dossiers, beside the pipeline: `make bench PEERS=1`.

dlt merges the whole file, in an environment of its own (.venv-peers); pandas.to_sql appends a part of it, and
the time of the whole is extrapolated. Both only load: no verdicts, no history, no figures.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import sqlalchemy as sa
from rich.console import Console

from tools.bench.ground import ROOT, child

ENVIRONMENT = ROOT / ".venv-peers"
PYTHON = ENVIRONMENT / "bin" / "python"
PROGRAM = ROOT / "tools" / "peers" / "load_with_dlt.py"
TO_SQL_ROWS = 100_000
TO_SQL_CHUNK = 10_000
TARGET_RATIO = 5.0


def asked_for() -> list[str]:
    """The names of the tools that are measured too (PEERS)."""
    text = os.environ.get("PEERS", "")
    if not text:
        return []
    if text != "1":
        sys.exit(f"PEERS={text!r} says nothing. Expected 1 to measure other tools too, or no PEERS.")
    return [peer.__name__ for peer in PEERS]


def loaded_columns() -> dict[str, str]:
    """The columns of a dossier that the pipeline keeps, and their types."""
    from cchc.contracts import contract_of

    return {c.name: c.type for c in contract_of("ho_so").columns if c.used and not c.personal}


def dlt(csv_path: str) -> dict:
    """Loads the file with dlt into an empty database; its own files are beside it for so long."""
    url = sa.engine.make_url(os.environ["CCHC_WAREHOUSE_DSN"]).set(drivername="postgresql")
    file = Path(csv_path).resolve()
    folder = str(file.with_name("dlt"))
    shutil.rmtree(folder, ignore_errors=True)
    Path(folder).mkdir()
    try:
        done = subprocess.run(
            [PYTHON, PROGRAM, str(file), json.dumps(loaded_columns()), folder],
            check=True,
            cwd=folder,
            env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
            | {
                # Somebody's own settings are not measured.
                **dict.fromkeys(("HOME", "DLT_DATA_DIR", "DLT_PROJECT_DIR"), folder),
                "DESTINATION__POSTGRES__CREDENTIALS": url.render_as_string(hide_password=False),
                "RUNTIME__DLTHUB_TELEMETRY": "false",
            },
            stdout=subprocess.PIPE,
        )
    except (OSError, subprocess.CalledProcessError) as error:
        what = (
            f"{PYTHON} ended with {error.returncode}"
            if isinstance(error, subprocess.CalledProcessError)
            else error
        )
        sys.exit(
            f"dlt was not measured: {what}. Delete {ENVIRONMENT} and run make bench PEERS=1 again, which "
            f"installs it anew."
        )
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    found = json.loads(done.stdout.splitlines()[-1])
    if found["rows"] != found["keys"]:
        sys.exit(f"dlt left {found['rows']} rows of {found['keys']} dossiers. Expected one of each.")
    return found


def to_sql(csv_path: str) -> dict:
    """Loads the first lines of the file with pandas into an empty database, all columns as text."""
    import pandas as pd

    engine = sa.create_engine(os.environ["CCHC_WAREHOUSE_DSN"])
    started = time.perf_counter()
    frame = pd.read_csv(csv_path, dtype=str, nrows=TO_SQL_ROWS)
    frame.to_sql("ho_so", engine, index=False, chunksize=TO_SQL_CHUNK)
    return {"seconds": time.perf_counter() - started, "rows": len(frame)}


PEERS = (dlt, to_sql)


def measured(names: list[str], csv_path: str, database: Callable[[str], str]) -> dict[str, dict]:
    """What each of the tools took, in an empty database of its own; those that failed have said why."""
    found = {}
    for name in names:
        with suppress(subprocess.CalledProcessError):
            found[name] = child(name, csv_path, dsn=database(f"bench_{name}"))
    return found


def extrapolated(seconds: float, measured: int, rows: int) -> float:
    """What `rows` take if each takes as long as each of those that were measured."""
    return seconds * rows / measured


def report(console: Console, rows: int, pipeline_s: float, runs: dict[str, dict]) -> None:
    """Prints how long each tool took, and how many times as long as the pipeline with all that it does.

    `runs`: what `measured` returned.
    """
    if "dlt" in runs:
        _report_dlt(console, pipeline_s, runs["dlt"])
    else:
        console.print("dlt: not measured, for what stands above")
    if "to_sql" in runs:
        _report_to_sql(console, rows, pipeline_s, runs["to_sql"])
    else:
        console.print("pandas.to_sql: not measured, for what stands above")


def _report_dlt(console: Console, pipeline_s: float, peer: dict) -> None:
    ratio = peer["seconds"] / pipeline_s
    stages = " + ".join(f"{name} {seconds:.1f}" for name, seconds in peer["stages"].items())
    console.print(
        f"dlt {peer['version']}, merge, load only: {peer['seconds']:.1f} s = {stages}; "
        f"{peer['rows']:,} rows, one of each dossier; dlt / pipeline: {ratio:.2f}  "
        f"(goal at 1,000,000: ≥ {TARGET_RATIO:.0f}: {'reached' if ratio >= TARGET_RATIO else 'not reached'})"
    )


def _report_to_sql(console: Console, rows: int, pipeline_s: float, part: dict) -> None:
    seconds = extrapolated(part["seconds"], part["rows"], rows)
    how = f"extrapolated from {part['rows']:,}" if part["rows"] < rows else "measured"
    console.print(
        f"pandas.to_sql, load only: {seconds:.1f} s, {how}; to_sql / pipeline: {seconds / pipeline_s:.2f}"
    )
