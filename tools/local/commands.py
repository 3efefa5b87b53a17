"""Reads the command line of the local stack and says in words what went wrong."""

from __future__ import annotations

import argparse
import re
import shlex
import shutil
import sys
from pathlib import Path

from tools.local.settings import LOOPBACK, REPO, Home, LocalStackError

ROWS_SHOWN = 40


def main(arguments: list[str]) -> int:
    """Runs one command; returns the exit code."""
    options = _parser().parse_args(arguments)
    home = Home.of_clone()
    try:
        return _run(options, home)
    except LocalStackError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.local", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("demo", help="load six months, print the scoreboard, stop everything")
    commands.add_parser("up", help="like demo, and leave the stack running")
    commands.add_parser("down", help="stop everything that runs in this clone")
    ingest = commands.add_parser("ingest", help="load one file through the DAG ingest_file")
    ingest.add_argument("dataset")
    ingest.add_argument("file", type=Path)
    refresh = commands.add_parser("refresh", help="count one month again")
    refresh.add_argument("month", metavar="KY")
    rows = commands.add_parser("rows", help="list the dossiers behind a figure")
    rows.add_argument("figure", metavar="MA")
    rows.add_argument("month", metavar="KY")
    rows.add_argument("unit", metavar="DON_VI", nargs="?", default="TONG:toan_tinh")
    rows.add_argument("--phan", choices=["tu_so", "mau_so", "con_lai"], default="tu_so")
    rows.add_argument(
        "--ky-loai", choices=["thang", "luy_ke", "quy", "nua_nam", "nam", "ky_bao_cao"], default="thang"
    )
    rows.add_argument("--csv", type=Path, help="write all of them to a file")
    form = commands.add_parser("form", help="write the declaration form of a unit for a month")
    form.add_argument("unit", metavar="UNIT")
    form.add_argument("month", metavar="KY")
    form.add_argument("--out", type=Path, help="where to (default: khai_bao_<unit>_<month>.xlsx)")
    commands.add_parser("migrate", help="bring the warehouse's tables up to date")
    commands.add_parser("reference", help="load the files in sql/reference")
    commands.add_parser("env", help="print the environment of the running stack for a shell")
    commands.add_parser("supervise", help=argparse.SUPPRESS)
    for name, about in (
        ("psql", "open the warehouse"),
        ("airflow", "run an airflow command against the stack's database"),
        ("postgres-run", "run a program with PostgreSQL and a migrated warehouse"),
    ):
        command = commands.add_parser(name, help=about)
        command.add_argument("words", nargs=argparse.REMAINDER)
    return parser


def _run(options: argparse.Namespace, home: Home) -> int:
    # Imports stay in the branches: a command starts at once and loads only what it needs.
    if options.command == "supervise":
        from tools.local.stack import Supervisor  # noqa: PLC0415

        return Supervisor(home).run()
    if options.command in ("demo", "up", "ingest", "refresh"):
        return _with_airflow(options, home)
    if options.command == "down":
        from tools.local.stack import stop_running  # noqa: PLC0415

        print("Stopped." if stop_running(home) else "Nothing was running.")
        return 0
    if options.command == "env":
        return _print_environment(home)
    return _with_postgres(options, home)


def _with_airflow(options: argparse.Namespace, home: Home) -> int:
    from rich.console import Console  # noqa: PLC0415

    from tools.local import demo  # noqa: PLC0415

    console = Console()
    if options.command == "ingest":
        demo.ingest(home, console, options.dataset, options.file)
    elif options.command == "refresh":
        demo.refresh(home, console, options.month)
    else:
        demo.demo(home, console, stay=options.command == "up")
    return 0


def _with_postgres(options: argparse.Namespace, home: Home) -> int:
    from tools.local.postgres import BIN  # noqa: PLC0415
    from tools.local.stack import migrate_metadata, postgres_only, run_in  # noqa: PLC0415

    words = getattr(options, "words", [])
    words = words[1:] if words[:1] == ["--"] else words
    migrate = [sys.executable, "-m", "alembic", "upgrade", "head"]
    with postgres_only(home) as stack:
        if options.command == "migrate":
            return run_in(stack, migrate)
        if options.command == "psql":
            psql = shutil.which("psql") or str(BIN / "psql")
            # As variables: a command line with a password can be read by everybody.
            login = {"PGHOST": LOOPBACK, "PGPORT": str(stack.ports.pg), "PGUSER": "cchc"}
            password = stack.secrets["cchc"]
            return run_in(stack, [psql, *words], **login, PGDATABASE="cchc", PGPASSWORD=password)
        if options.command in ("rows", "form"):
            run = _print_rows if options.command == "rows" else _write_form
            return run(options, stack.warehouse_dsn, home)
        if options.command == "reference":
            return run_in(stack, migrate) or _load_reference(
                stack.warehouse_dsn, Path(stack.environment["CCHC_LANDING_DIR"])
            )
        if options.command == "airflow":
            migrate_metadata(stack)
            return run_in(stack, [sys.executable, "-m", "airflow", *words])
        if not words:
            raise LocalStackError("postgres-run: give the program after `--`.")
        return run_in(stack, migrate) or run_in(stack, words)


def _write_form(options: argparse.Namespace, dsn: str, home: Home) -> int:
    sys.path.insert(0, str(REPO / "plugins"))
    from cchc.declarations.form import write_form  # noqa: PLC0415
    from cchc.errors import CchcError  # noqa: PLC0415
    from cchc.spelling import fold  # noqa: PLC0415 (on sys.path only from here on)
    from cchc.warehouse import engine_of  # noqa: PLC0415

    name = re.sub(r"[^\w.]+", "_", fold(options.unit))
    path = options.out or Path(f"khai_bao_{name}_{options.month}.xlsx")
    try:
        unit = write_form(engine_of(dsn), options.unit, options.month, path)
    except CchcError as error:
        raise LocalStackError(str(error)) from error
    print(f"{path}: {unit.ten_don_vi}, {options.month}.")
    print(f"When it is filled in: put it into {home.forms}, which is read every hour, or")
    print(f"make ingest DATASET=khai_bao FILE={path}")
    return 0


def _print_rows(options: argparse.Namespace, dsn: str, _: Home) -> int:
    sys.path.insert(0, str(REPO / "plugins"))
    from cchc.errors import CchcError  # noqa: PLC0415
    from cchc.figures.drill import rows_behind  # noqa: PLC0415 (on sys.path only from here on)
    from cchc.warehouse import engine_of  # noqa: PLC0415

    try:
        found = rows_behind(
            engine_of(dsn), options.figure, options.month, options.unit, options.phan, options.ky_loai
        )
    except CchcError as error:
        raise LocalStackError(str(error)) from error
    # A whole number stays one beside rows that have none, and what is not known is left empty.
    found = found.convert_dtypes().astype(object).where(found.notna(), "")
    if options.csv:
        found.to_csv(options.csv, index=False)
    shown = found.drop(columns=["sha256", "ten_don_vi", "original_name"]).head(ROWS_SHOWN)
    print(shown.to_string(index=False) if len(found) else "No row.")
    rest = len(found) - len(shown)
    print(
        f"{len(found)} rows ({options.phan})"
        + (f", {rest} more not shown: CSV=file writes all" if rest > 0 and not options.csv else "")
    )
    return 0


def _load_reference(dsn: str, landing_dir: Path) -> int:
    sys.path.insert(0, str(REPO / "plugins"))
    from cchc.errors import CchcError  # noqa: PLC0415 (on sys.path only from here on)
    from cchc.registers.organisation import load_organisation  # noqa: PLC0415
    from cchc.registers.working_calendar import sync_calendar  # noqa: PLC0415
    from cchc.warehouse import engine_of  # noqa: PLC0415

    try:
        sync_calendar(engine_of(dsn))
        batch, months = load_organisation(engine_of(dsn), landing_dir)
    except CchcError as error:
        raise LocalStackError(str(error)) from error
    print(f"The warehouse holds the {batch.lines_read} units of sql/reference/{batch.original_name}.")
    if months:
        print(f"Months to count again: {', '.join(months)}. catch_up_chi_so does it, or make refresh KY=…")
    return 0


def _print_environment(home: Home) -> int:
    from tools.local.stack import Stack  # noqa: PLC0415

    stack = Stack(home)
    if not stack.attach():
        raise LocalStackError("The stack is not running, so it has no ports: run `make up` first.")
    for name, value in stack.environment.items():
        print(f"export {name}={shlex.quote(value)}")
    return 0
