"""Reads the command line and says in one line what went wrong."""

import functools
import os
import re
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from csv import QUOTE_NONNUMERIC
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import sqlalchemy as sa
import typer
from rich.console import Console

from cchc.commands import arguments
from cchc.commands.airflow_api import AirflowApi
from cchc.commands.backfill import backfilled
from cchc.commands.closing import add_commands
from cchc.commands.evidence import evidence, rebuild
from cchc.commands.plausible import print_plausibility
from cchc.commands.probe import STATEMENT_S, findings
from cchc.commands.report import print_batches, print_reconciliation, print_refresh
from cchc.commands.runs import Display, RunFailed, Runs
from cchc.commands.surroundings import variable, warehouse, writing
from cchc.commands.verify import checks
from cchc.declarations.form import write_form
from cchc.errors import CchcError
from cchc.figures.drill import rows_of_figure
from cchc.figures.plausible import plausibility
from cchc.loading.organisation import load_organisation
from cchc.private_file import write_private
from cchc.registers.working_calendar import sync_calendar
from cchc.reports.files import official_files
from cchc.shown import in_spreadsheet, in_table, on_terminal
from cchc.sources.incoming import handed_in
from cchc.spelling import fold, one_line

if TYPE_CHECKING:
    # Not when it runs: half the start of every command, and few ask for rows.
    import pandas as pd

ROWS_SHOWN = 40
UNDEFINED_TABLE, UNDEFINED_SCHEMA = "42P01", "3F000"

app = typer.Typer(
    name="python -m cchc",
    help="The CCHC indicator warehouse, for whoever runs it.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def main(words: list[str]) -> int:
    """Runs one command; returns the exit code."""
    return answered(app, words)


def answered(commands: typer.Typer, words: list[str]) -> int:
    """Runs one of the commands; what goes wrong that a person can put right is told in one line."""
    try:
        code = commands(words, standalone_mode=False)
        return code if isinstance(code, int) else 0
    except typer.TyperException as error:
        print(on_terminal(error.format_message()), file=sys.stderr)
        return error.exit_code
    except CchcError as error:
        print(error, file=sys.stderr)
        return 1
    except sa.exc.DBAPIError as error:
        if (told := _told(error)) is None:
            raise
        print(on_terminal(told), file=sys.stderr)
        return 1


def check(words: list[str]) -> None:
    """Raises what is wrong with a command that can be told without the warehouse and without Airflow."""
    group: Any = typer.main.get_command(app)
    with group.make_context("python -m cchc", list(words), resilient_parsing=False) as context:
        command = group.get_command(context, words[0])
        command.make_context(words[0], words[1:], parent=context)


def _told(error: sa.exc.DBAPIError) -> str | None:
    """What an error of the database means for who runs the command; None when it is one of the program."""
    reason = " ".join(str(error.orig).split())
    if isinstance(error, sa.exc.OperationalError) or reason.startswith("invalid dsn"):
        return f"The warehouse of CCHC_WAREHOUSE_DSN: {reason}"
    if getattr(error.orig, "pgcode", None) in (UNDEFINED_TABLE, UNDEFINED_SCHEMA):
        return f"The warehouse is not migrated ({reason}). Do it: alembic upgrade head, or make migrate."
    return None


# Arguments ------------------------------------------------------------------------------------


def _figures_period(context: typer.Context, text: str) -> str:
    return arguments.period(context.params["ky_loai"], text)


def _official_period(context: typer.Context, text: str) -> str:
    kind = context.params["ky_loai"]
    return arguments.period(kind, text) if kind else arguments.named_period(text).ky


def _export(context: typer.Context, text: str) -> str:
    return str(arguments.export(context.params["dataset"], text))


def _last_month(context: typer.Context, text: str) -> str:
    return arguments.last_month(text, context.params["tu"])


def _choices(of: object) -> str:
    return "|".join(get_args(of))


Month = Annotated[str, typer.Argument(metavar="KY", parser=arguments.month, help="a month, as 2025-03")]
Dataset = Annotated[str, typer.Argument(metavar="DATASET", parser=arguments.dataset, is_eager=True)]
Timeout = Annotated[float, typer.Option(metavar="SECONDS", help="how long to wait for the runs")]


# Commands -------------------------------------------------------------------------------------


@app.command()
def form(
    unit: Annotated[str, typer.Argument(metavar="UNIT", help="a unit's code, or a name that is clear")],
    ky: Month,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="where to (default: khai_bao_<unit>_<month>.xlsx)")
    ] = None,
) -> None:
    """Write the declaration form of a unit for a month."""
    name = re.sub(r"[^\w.]+", "_", fold(unit))
    path = out or Path(f"khai_bao_{name}_{ky}.xlsx")
    with writing("OUT", path):
        found = write_form(warehouse(), unit, ky, path)
    print(f"{one_line(path)}: {in_table(found.ten_don_vi)}, {ky}.")
    folder = os.environ.get("CCHC_FORM_DIR")
    folder = in_table(folder or "the drop folder")
    print(f"When it is filled in: put it into {folder}, which is read every hour, or")
    file = in_table(shlex.quote(str(path)))
    print(f"make ingest DATASET=khai_bao FILE={file} (python -m cchc ingest khai_bao {file})")


@app.command()
def forms(
    ky: Annotated[str, typer.Argument(metavar="KY", callback=_official_period, help="a period, as 2025-Q1")],
    don_vi: Annotated[
        str, typer.Option(metavar="DON_VI", help="a unit's code, or TONG:<level>")
    ] = "TONG:toan_tinh",
    ky_loai: Annotated[
        str | None,
        typer.Option(
            parser=arguments.period_kind,
            metavar=_choices(arguments.PeriodKind),
            is_eager=True,
            help="default: the calendar's period of that name",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="where to (default: bieu_mau_<kind>_<period>)")
    ] = None,
    revision: Annotated[
        int | None, typer.Option(metavar="N", min=0, help="an earlier published one, marked as replaced")
    ] = None,
) -> None:
    """Write a period's official files: II.06a, figures, a draft of the report; a unit's late dossiers.

    Those of a closed period are of what was published, and bear the number and hash of its ledger's entry.
    """
    kind = ky_loai or arguments.named_period(ky).ky_loai
    engine = warehouse()
    arguments.answering_unit(engine, don_vi)
    folder = out or Path(f"bieu_mau_{kind}_{ky}")
    files = official_files(engine, kind, ky, don_vi, revision)
    with writing("OUT", folder, "a folder"):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for file in files:
            write_private(folder / file.name, file.content)
    for file in files:
        print(f"{one_line(folder / file.name)}: {in_table(file.standing.words)}.")


@app.command()
def rows(
    ma: Annotated[str, typer.Argument(metavar="MA", parser=arguments.figure, help="an indicator's code")],
    ky: Annotated[str, typer.Argument(metavar="KY", callback=_figures_period, help="a period of that kind")],
    don_vi: Annotated[
        str, typer.Argument(metavar="DON_VI", help="a unit's code, or TONG:<level>")
    ] = "TONG:toan_tinh",
    phan: Annotated[str, typer.Option(parser=arguments.part, metavar=_choices(arguments.Part))] = "tu_so",
    ky_loai: Annotated[
        str,
        typer.Option(parser=arguments.period_kind, metavar=_choices(arguments.PeriodKind), is_eager=True),
    ] = "thang",
    csv: Annotated[Path | None, typer.Option(metavar="FILE", help="write all of them to a file")] = None,
    revision: Annotated[
        int | None,
        typer.Option(metavar="N", min=0, help="a published revision (default: the figure as it is read now)"),
    ] = None,
) -> None:
    """List the rows behind a figure: dossiers, documents, declarations."""
    engine = warehouse()
    arguments.answering_unit(engine, don_vi)
    found, standing = rows_of_figure(engine, ma, ky, don_vi, phan, ky_loai, revision)  # type: ignore[arg-type]
    # A whole number stays one beside rows that have none, and what is not known is left empty.
    found = found.convert_dtypes().astype(object).where(found.notna(), "")
    if csv:
        with writing("CSV", csv):
            _write_table(found, csv)
    shown = found.drop(columns=["sha256", "ten_don_vi", "original_name"]).head(ROWS_SHOWN)
    print(shown.map(in_table).to_string(index=False) if len(found) else "No row.")
    rest = len(found) - len(shown)
    print(
        f"{len(found)} rows ({phan}; {standing})"
        + (f", {rest} more not shown: CSV=file (--csv file) writes all" if rest > 0 and not csv else "")
    )


@app.command()
def plausible(
    ky: Annotated[str, typer.Option(metavar="KY", callback=_figures_period, help="a period of that kind")],
    don_vi: Annotated[
        str | None, typer.Option(metavar="DON_VI", help="a unit's code, or TONG:<level>")
    ] = None,
    ky_loai: Annotated[
        str,
        typer.Option(parser=arguments.period_kind, metavar=_choices(arguments.PeriodKind), is_eager=True),
    ] = "thang",
) -> None:
    """List the figures of a period that stand out from their own last twelve periods, with the evidence."""
    engine = warehouse()
    if don_vi:
        arguments.answering_unit(engine, don_vi)
    with engine.connect() as connection:
        found = plausibility(connection, ky_loai, ky, don_vi)
    print_plausibility(found, ky_loai, ky)


@app.command()
def refresh(ky: Month, timeout: Timeout = 1800) -> None:
    """Count one month again through the DAG refresh_chi_so."""
    with _runs(timeout) as runs:
        runs.require("refresh_chi_so")
        runs.wait_for([runs.api.trigger("refresh_chi_so", partition_key=ky)])
    print_refresh(runs.engine, [ky], runs.since)


@app.command()
def ingest(
    dataset: Dataset,
    file: Annotated[str, typer.Argument(metavar="FILE", callback=_export, help="an export of the dataset")],
    extracted_at: Annotated[
        str | None,
        typer.Option(
            parser=arguments.moment,
            metavar="TIME",
            help="when the export was made, in Vietnam's time; only if the file does not say so",
        ),
    ] = None,
    timeout: Timeout = 1800,
) -> None:
    """Load one file through the DAG ingest_file, and wait for the months that it changes."""
    with _runs(timeout) as runs:
        runs.require("ingest_file", "refresh_chi_so")
        with handed_in(Path(file)) as sha256:
            conf = {"dataset": dataset, "sha256": sha256, "extracted_at": extracted_at}
            runs.wait_for([runs.api.trigger("ingest_file", conf=conf)])
        runs.wait_for_refreshes()
    print_batches(runs.engine, runs.since)
    print_refresh(runs.engine, runs.refreshed_months(), runs.since)


@app.command()
def backfill(
    tu: Annotated[
        str, typer.Argument(metavar="TU", parser=arguments.first_month, is_eager=True, help="the first month")
    ],
    den: Annotated[str, typer.Argument(metavar="DEN", callback=_last_month, help="the last month")],
    at_a_time: Annotated[
        int, typer.Option(metavar="N", min=1, max=12, help="how many months are pulled at the same time")
    ] = 3,
    again: Annotated[
        datetime | None,
        typer.Option(
            parser=arguments.again, metavar="TIME", help="pull again the months that were pulled before then"
        ),
    ] = None,
    timeout: Timeout = 24 * 3600,
) -> int:
    """Pull and count months from every source that were not pulled yet, several at a time.

    Broken off, the same command goes on where it stopped: which months are pulled stands in ops.batch.
    """
    return backfilled(_runs(timeout), tu, den, at_a_time, again)


app.command()(evidence)
app.command()(rebuild)
add_commands(app, warehouse)


@app.command()
def reference() -> None:
    """Load the files in sql/reference: units, successions, other names, working days."""
    engine = warehouse()
    sync_calendar(engine)
    batch, months = load_organisation(engine, Path(variable("CCHC_LANDING_DIR", "the landing area's folder")))
    print(
        f"The warehouse holds the {batch.lines_read} units of sql/reference/{in_table(batch.original_name)}."
    )
    if months:
        print(f"Months to count again: {', '.join(months)}. catch_up_chi_so does it, or make refresh KY=…")


@app.command()
def reconcile(timeout: Timeout = 1800) -> None:
    """Compare the sources' totals by month of receipt with the warehouse, through the DAG reconcile_nguon."""
    with _runs(timeout) as runs:
        runs.require("reconcile_nguon")
        try:
            runs.wait_for([runs.api.trigger("reconcile_nguon")])
        finally:
            print_reconciliation(runs.engine, runs.since)


@app.command()
def verify(
    no_files: Annotated[bool, typer.Option("--no-files", help="leave the landed files unread")] = False,
    kept: Annotated[
        str | None,
        typer.Option("--hash", metavar="SHA256", help="a hash of the ledger that was kept elsewhere"),
    ] = None,
) -> int:
    """Check what must always hold: a line for each check; the exit code is 1 when one fails."""
    failed = 0
    for finding in checks(warehouse(), files=not no_files, kept=kept):
        print(finding, flush=True)
        failed += finding.failed
    return 1 if failed else 0


@app.command()
def probe(
    parts: Annotated[bool, typer.Option("--parts", help="look only at what has to run")] = False,
) -> int:
    """Look from outside whether all runs and is in time: exit 0 nothing, 1 something is late, 2 broken."""
    bad = []
    asked = functools.partial(warehouse, STATEMENT_S)
    queue = os.environ.get("AIRFLOW__CELERY__BROKER_URL")
    for finding in findings(AirflowApi.of_environment, asked, parts_only=parts, queue=queue):
        print(finding, flush=True)
        bad.append(finding.bad)
    if not bad:
        print("ok: everything runs" + ("." if parts else " and is in time."))
    return max(bad, default=0)


# What the commands stand on -------------------------------------------------------------------


def _write_table(rows: "pd.DataFrame", path: Path) -> None:
    """Writes rows as CSV that a spreadsheet does not compute, for this user only."""
    inert = rows.map(in_spreadsheet).rename(columns=in_spreadsheet)
    # Quoted: a spreadsheet that separates by semicolons would begin a cell in the middle of a text.
    write_private(path, inert.to_csv(index=False, quoting=QUOTE_NONNUMERIC).encode())


@contextmanager
def _runs(timeout_s: float) -> Iterator[Runs]:
    """A session with Airflow; what the runs loaded is printed also when one of them failed."""
    display = Display(Console())
    runs = Runs(AirflowApi.of_environment(), warehouse(), display, timeout_s)
    try:
        with display.shown():
            yield runs
    except RunFailed:
        with suppress(Exception):  # a report beside the error must not hide the error
            print_batches(runs.engine, runs.since, say_none=False)
        raise
