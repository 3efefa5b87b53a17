"""The commands of the local stack: `python -m tools.local <command>`, which the Makefile calls.

Those that production has too are `python -m cchc …`, run in the environment of this clone's stack.
"""

# Imports stay in the commands: one starts at once and loads only what it needs.
# ruff: noqa: PLC0415

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys

import typer

from cchc.commands.app import answered, check
from cchc.commands.runs import INTERRUPTED
from cchc.shown import on_terminal
from tools.local.settings import LOOPBACK, OWNER_LOGIN, REPO, Home, LocalStackError, time_limit

# Commands that python -m cchc has too.
OF_THE_PACKAGE = (
    *("form", "forms", "rows", "plausible", "evidence", "rebuild", "reference", "verify", "probe"),
    *("ingest", "refresh", "backfill"),
)
# What stands after the name of such a command is not read here.
HANDED_ON = {"allow_extra_args": True, "ignore_unknown_options": True}

app = typer.Typer(
    name="python -m tools.local",
    help="The whole product on this machine: PostgreSQL, simulated sources, Airflow.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def main(words: list[str]) -> int:
    """Runs one command; returns the exit code."""
    if words and words[0] in OF_THE_PACKAGE:
        # Else a `--` among its words would be taken away here, and what follows it read as options there.
        words = [words[0], "--", *words[1:]]
    try:
        return answered(app, words)
    except LocalStackError as error:
        print(f"\n{on_terminal(error)}", file=sys.stderr)
        return 1


# The stack ------------------------------------------------------------------------------------


@app.command()
def demo() -> None:
    """Load six months, print the scoreboard, stop everything."""
    from tools.local import demo as job

    job.demo(Home.of_clone(), stay=False)


@app.command()
def up() -> None:
    """Like demo, and leave the stack running."""
    from tools.local import demo as job

    job.demo(Home.of_clone(), stay=True)


@app.command()
def superset() -> None:
    """Start Superset with the dashboards of bi/superset, and the stack where it is down; both stay."""
    from rich.console import Console

    from cchc.commands.runs import Display
    from tools.local import superset as dashboards
    from tools.local.stack import running_stack

    home, display = Home.of_clone(), Display(Console())
    # What cannot be is answered at once, not after the half minute that Airflow takes to start.
    port = dashboards.make_room(home)
    with running_stack(home, display.say) as stack:
        started = dashboards.start(home, port, stack.bi_dsn, display.say)
        stack.let_go()
    display.note(dashboards.access(home, started))


@app.command()
def bi_check() -> int:
    """Check that the dashboards of bi/superset ask for nothing that mart does not have."""
    from tools import bi_check
    from tools.local.stack import migrate_warehouse, postgres_only

    with postgres_only(Home.of_clone()) as stack:
        if code := migrate_warehouse(stack):
            return code
        return bi_check.main(stack.bi_dsn)


@app.command()
def down() -> None:
    """Stop everything that runs in this clone."""
    from tools.local.stack import stop_running

    print("Stopped." if stop_running(Home.of_clone()) else "Nothing was running.")


@app.command()
def env() -> None:
    """Print the environment of the running stack for a shell."""
    from tools.local.stack import Stack

    stack = Stack(Home.of_clone())
    if not stack.attach():
        raise LocalStackError("The stack is not running, so it has no ports: run `make up` first.")
    for name, value in stack.environment.items():
        print(f"export {name}={shlex.quote(value)}")


@app.command(hidden=True)
def supervise() -> int:
    """Own the parts of a stack from start to end."""
    from tools.local.stack import Supervisor

    return Supervisor(Home.of_clone()).run()


# Programs with PostgreSQL ---------------------------------------------------------------------


@app.command()
def migrate() -> int:
    """Bring the warehouse's tables up to date."""
    return _with_postgres(migrated=True)


@app.command(context_settings=HANDED_ON)
def psql(context: typer.Context) -> int:
    """Open the warehouse as its owner."""
    from tools.local.postgres import BIN
    from tools.local.stack import postgres_only, run_in

    program = shutil.which("psql") or str(BIN / "psql")
    with postgres_only(Home.of_clone()) as stack:
        # As variables: a command line with a password can be read by everybody.
        login = {"PGHOST": LOOPBACK, "PGPORT": str(stack.ports.pg), "PGUSER": OWNER_LOGIN}
        password = stack.secrets[OWNER_LOGIN]
        return run_in(stack, [program, *context.args], **login, PGDATABASE="cchc", PGPASSWORD=password)


@app.command(context_settings=HANDED_ON)
def airflow(context: typer.Context) -> int:
    """Run an airflow command against the stack's database."""
    from tools.local.stack import migrate_metadata, postgres_only, run_in

    with postgres_only(Home.of_clone()) as stack:
        migrate_metadata(stack)
        return run_in(stack, [sys.executable, "-m", "airflow", *context.args])


@app.command(context_settings=HANDED_ON)
def postgres_run(context: typer.Context) -> int:
    """Run a program with PostgreSQL and a migrated warehouse."""
    if not context.args:
        raise LocalStackError("postgres-run: give the program after `--`.")
    return _with_postgres(context.args, migrated=True)


# Commands of the package ----------------------------------------------------------------------


@app.command(context_settings=HANDED_ON, add_help_option=False)
def form(context: typer.Context) -> int:
    """Write the declaration form of a unit for a month."""
    return _cchc("form", context)


@app.command(context_settings=HANDED_ON, add_help_option=False)
def forms(context: typer.Context) -> int:
    """Write the official files of a period."""
    return _cchc("forms", context)


@app.command(context_settings=HANDED_ON, add_help_option=False)
def rows(context: typer.Context) -> int:
    """List the rows behind a figure."""
    return _cchc("rows", context)


@app.command(context_settings=HANDED_ON, add_help_option=False)
def plausible(context: typer.Context) -> int:
    """List the figures that stand out from their own past."""
    return _cchc("plausible", context)


@app.command(context_settings=HANDED_ON, add_help_option=False)
def evidence(context: typer.Context) -> int:
    """Write the evidence about a closed month."""
    return _cchc("evidence", context)


@app.command(context_settings=HANDED_ON, add_help_option=False)
def rebuild(context: typer.Context) -> int:
    """Rebuild what evidence is about: in the empty warehouse of DATABASE_URL, else in one that goes again."""
    from tools.local.settings import clean_environment, load_secrets
    from tools.local.stack import migrate_warehouse, postgres_only, run_in

    words = ["rebuild", *context.args]
    check(words)
    program, clone = [sys.executable, "-m", "cchc", *words], Home.of_clone()
    # Forms are known by the key of the warehouse that took them, which is in no archive.
    key = os.environ.get("CCHC_FORM_KEY", "")
    if not key and (clone.path / "secrets.json").exists():
        key = load_secrets(clone.path)["form_key"]
    if address := os.environ.get("DATABASE_URL"):
        settings = clean_environment() | {"PYTHONPATH": str(REPO / "plugins"), "CCHC_FORM_KEY": key}
        settings["CCHC_WAREHOUSE_DSN"] = address
        return subprocess.run(program, env=settings, check=False).returncode
    home = Home(clone.path / "rebuild")
    try:
        with postgres_only(home) as stack:
            if code := migrate_warehouse(stack):
                return code
            return run_in(stack, program, CCHC_WAREHOUSE_DSN=stack.owner_dsn, CCHC_FORM_KEY=key)
    finally:
        shutil.rmtree(home.path, ignore_errors=True)


@app.command(context_settings=HANDED_ON, add_help_option=False)
def reference(context: typer.Context) -> int:
    """Load the files in sql/reference."""
    return _cchc("reference", context, migrated=True)


@app.command(context_settings=HANDED_ON, add_help_option=False)
def verify(context: typer.Context) -> int:
    """Check what must always hold."""
    return _cchc("verify", context)


@app.command(context_settings=HANDED_ON, add_help_option=False)
def probe(context: typer.Context) -> int:
    """Look from outside whether all that make up has started runs and is in time."""
    from tools.local.stack import Stack, run_in

    check(["probe", *context.args])
    stack = Stack(Home.of_clone())
    if not stack.attach():
        raise LocalStackError("The stack is not running, so nothing can be probed: run `make up` first.")
    return run_in(stack, [sys.executable, "-m", "cchc", "probe", *context.args])


@app.command(context_settings=HANDED_ON, add_help_option=False)
def ingest(context: typer.Context) -> int:
    """Load one file through the DAG ingest_file."""
    return _cchc_with_airflow("ingest", context, ("ingest_file", "refresh_chi_so"))


@app.command(context_settings=HANDED_ON, add_help_option=False)
def refresh(context: typer.Context) -> int:
    """Count one month again through the DAG refresh_chi_so."""
    return _cchc_with_airflow("refresh", context, ("refresh_chi_so",))


@app.command(context_settings=HANDED_ON, add_help_option=False)
def backfill(context: typer.Context) -> int:
    """Pull and count a range of months from every source."""
    return _cchc_with_airflow("backfill", context, ("backfill_danh_muc", "backfill_nguon", "refresh_chi_so"))


def _cchc(name: str, context: typer.Context, migrated: bool = False) -> int:
    words = [name, *context.args]
    check(words)
    return _with_postgres([sys.executable, "-m", "cchc", *words], migrated=migrated)


def _cchc_with_airflow(name: str, context: typer.Context, dag_ids: tuple[str, ...]) -> int:
    from tools.local.demo import ready_for
    from tools.local.stack import run_in

    words = [name, *context.args]
    # A wrong argument is answered at once, not after the half minute that Airflow takes to start.
    check(words)
    words[1:1] = ["--timeout", str(time_limit())]
    with ready_for(Home.of_clone(), dag_ids) as stack:
        code = run_in(stack, [sys.executable, "-m", "cchc", *words])
        if code not in (0, INTERRUPTED):
            stack.check()
        return code


def _with_postgres(*programs: list[str], migrated: bool = False) -> int:
    from tools.local.stack import migrate_warehouse, postgres_only, run_in

    with postgres_only(Home.of_clone()) as stack:
        if migrated and (code := migrate_warehouse(stack)):
            return code
        for program in programs:
            if code := run_in(stack, program):
                return code
    return 0
