"""Command line of the simulator: `serve` the exports, or `export` a file."""

import argparse
import os
import sys
import time
from pathlib import Path

import uvicorn

from tools.qlvb_simulator import exports
from tools.qlvb_simulator.generate import Settings
from tools.qlvb_simulator.server import create_app
from tools.qlvb_simulator.source import DATASETS, generate
from tools.tthc_simulator.__main__ import moment, month


def parser() -> argparse.ArgumentParser:
    """The arguments of both commands."""
    top = argparse.ArgumentParser(prog="qlvb_simulator", description=__doc__)
    commands = top.add_subparsers(dest="command", required=True)

    volume = argparse.ArgumentParser(add_help=False)
    volume.add_argument("--seed", type=int, default=2025)
    volume.add_argument("--per-month", type=int, default=6_000, help="documents a month")
    volume.add_argument("--tu", type=month, default="2025-01", help="first month generated")
    volume.add_argument("--den-thang", type=month, default="2025-06", help="last month generated")
    volume.add_argument("--mat", type=float, default=0.0, help="share of secret documents (none)")

    serve = commands.add_parser("serve", parents=[volume], help="answer over HTTP")
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=int, required=True)
    serve.add_argument("--token-seconds", type=int, default=1800)

    export = commands.add_parser("export", parents=[volume], help="write the list of one month")
    export.add_argument("--dataset", choices=DATASETS, required=True)
    export.add_argument("--ky", type=month, required=True, help="rows of this month")
    export.add_argument("--format", choices=["xlsx", "csv"], required=True)
    export.add_argument("--den", type=moment, help="as it stood at this moment (default: end of the month)")
    export.add_argument("--loi", action="store_true", help="keep rows with critical defects")
    export.add_argument("--out", type=Path, required=True)
    return top


def settings_of(given: argparse.Namespace) -> Settings:
    """Settings of the arguments; work dossiers are a third of the documents."""
    return Settings(
        seed=given.seed,
        van_ban_moi_thang=given.per_month,
        ho_so_moi_thang=given.per_month // 3,
        tu=given.tu,
        den=given.den_thang,
        ty_le_mat=given.mat,
    )


def serve(given: argparse.Namespace) -> int:
    client = os.environ.get("QLVB_SIM_CLIENT_ID", "")
    secret = os.environ.get("QLVB_SIM_CLIENT_SECRET", "")
    if not client or not secret:
        print(
            "QLVB_SIM_CLIENT_ID and QLVB_SIM_CLIENT_SECRET must be set in the environment: "
            "they are what a client sends to POST /api/token.",
            file=sys.stderr,
        )
        return 2
    app = create_app(generate(settings_of(given)), client, secret, given.token_seconds)
    uvicorn.run(app, host=given.host, port=given.port, log_level="warning", access_log=False)
    return 0


def export(given: argparse.Namespace) -> int:
    started = time.perf_counter()
    source = generate(settings_of(given))
    write = exports.write_xlsx if given.format == "xlsx" else exports.write_csv
    count = write(source, given.dataset, given.out, given.ky, given.den, loi=given.loi)
    print(f"{given.out}: {count} rows of {given.dataset}, {time.perf_counter() - started:.1f} s")
    return 0


def main(arguments: list[str] | None = None) -> int:
    given = parser().parse_args(arguments)
    return serve(given) if given.command == "serve" else export(given)


if __name__ == "__main__":
    sys.exit(main())
