"""Command line of the simulator: `serve` the API, or `export` a file."""

import argparse
import os
import re
import sys
import time
from pathlib import Path

import uvicorn

from tools.tthc_simulator import exports
from tools.tthc_simulator.generate import Settings
from tools.tthc_simulator.server import create_app
from tools.tthc_simulator.source import generate


def month(text: str) -> str:
    if not re.fullmatch(r"20\d\d-(0[1-9]|1[0-2])", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a month yyyy-MM")
    return text


def moment(text: str) -> str:
    if not re.fullmatch(r"20\d{12}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a moment yyyyMMddHHmmss")
    return text


def parser() -> argparse.ArgumentParser:
    """The arguments of both commands."""
    top = argparse.ArgumentParser(prog="tthc_simulator", description=__doc__)
    commands = top.add_subparsers(dest="command", required=True)

    volume = argparse.ArgumentParser(add_help=False)
    volume.add_argument("--seed", type=int, default=2025)
    volume.add_argument("--per-month", type=int, default=20_000)
    volume.add_argument("--tu", type=month, help="first month generated (default: 2024-11)")
    volume.add_argument("--den-thang", type=month, default="2025-06", help="last month generated")

    serve = commands.add_parser("serve", parents=[volume], help="answer over HTTP")
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=int, required=True)
    serve.add_argument("--token-seconds", type=int, default=1800)

    export = commands.add_parser("export", parents=[volume], help="write one file")
    export.add_argument("--ky", type=month, help="only dossiers received in this month")
    export.add_argument("--format", choices=["xlsx", "csv", "json"], required=True)
    export.add_argument("--den", type=moment, help="as it stood at this moment")
    export.add_argument("--rows", type=int, help="exactly this many, bad rows too")
    export.add_argument("--loi", action="store_true", help="keep rows with critical defects")
    export.add_argument("--out", type=Path, required=True)
    return top


def settings_of(given: argparse.Namespace) -> Settings:
    """Settings of the arguments; with --rows no stock is carried over and the total is exact."""
    rows = getattr(given, "rows", None)
    first = given.tu or ("2025-01" if rows else "2024-11")
    start = first if rows else max(first, "2025-01")
    return Settings(
        seed=given.seed, per_month=given.per_month, tu=first, den=given.den_thang,
        ky_dau=start, tong=rows,
    )  # fmt: skip


def serve(given: argparse.Namespace) -> int:
    client = os.environ.get("TTHC_SIM_CLIENT_ID", "")
    secret = os.environ.get("TTHC_SIM_CLIENT_SECRET", "")
    if not client or not secret:
        print(
            "TTHC_SIM_CLIENT_ID and TTHC_SIM_CLIENT_SECRET must be set in the environment: "
            "they are what a client sends to POST /api/token.",
            file=sys.stderr,
        )
        return 2
    app = create_app(generate(settings_of(given)), client, secret, given.token_seconds)
    uvicorn.run(app, host=given.host, port=given.port, log_level="warning", access_log=False)
    return 0


def export(given: argparse.Namespace) -> int:
    if given.format == "xlsx" and not given.ky:
        print("The XLSX list is monthly: give --ky yyyy-MM.", file=sys.stderr)
        return 2
    started = time.perf_counter()
    source = generate(settings_of(given))
    keep_bad = given.loi or given.rows is not None
    den = given.den or (exports.month_end(given.ky) if given.ky else source.settings.end)
    if given.format == "xlsx":
        count = exports.write_xlsx(source, given.out, given.ky, den, loi=keep_bad)
    elif given.format == "csv":
        count = exports.write_csv(source, given.out, den, ky=given.ky, loi=keep_bad)
    else:
        count = exports.write_json(source, given.out, den, ky=given.ky, loi=keep_bad)
    print(f"{given.out}: {count} dossiers as at {den}, {time.perf_counter() - started:.1f} s")
    return 0


def main(arguments: list[str] | None = None) -> int:
    given = parser().parse_args(arguments)
    return serve(given) if given.command == "serve" else export(given)


if __name__ == "__main__":
    sys.exit(main())
