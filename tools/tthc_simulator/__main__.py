"""Command line of the simulator: `serve` the API, or `export` a file."""

import sys
import time
from pathlib import Path
from typing import Annotated, Literal

import typer

from tools.simulation.command_line import (
    Host,
    KeepBad,
    LastMonth,
    Port,
    Seed,
    TokenSeconds,
    moment,
    month,
    refuse,
    run,
    simulator,
)
from tools.simulation.command_line import serve as answer
from tools.simulation.working_days import month_end
from tools.tthc_simulator import exports
from tools.tthc_simulator.generate import Settings
from tools.tthc_simulator.server import create_app
from tools.tthc_simulator.source import generate

app = simulator(__doc__)

PerMonth = Annotated[int, typer.Option(help="dossiers a month")]
NewNames = Annotated[bool, typer.Option("--ten-moi", help="after a merger all bear the new unit's name")]
FirstMonth = Annotated[str | None, month("first month generated (default: 2024-11)")]


def settings_of(
    seed: int,
    per_month: int,
    tu: str | None,
    den_thang: str,
    rows: int | None = None,
    *,
    ten_moi: bool = False,
) -> Settings:
    """Settings of the arguments; with `rows` no stock is carried over and the total is exact."""
    first = tu or ("2025-01" if rows else "2024-11")
    start = first if rows else max(first, "2025-01")
    return Settings(
        seed=seed,
        per_month=per_month,
        tu=first,
        den=den_thang,
        ky_dau=start,
        tong=rows,
        ten_moi=ten_moi,
    )


@app.command()
def serve(
    port: Port,
    host: Host = "127.0.0.1",
    seed: Seed = 2025,
    per_month: PerMonth = 20_000,
    tu: FirstMonth = None,
    den_thang: LastMonth = "2025-06",
    token_seconds: TokenSeconds = 1800,
) -> None:
    """Answer over HTTP."""
    settings = settings_of(seed, per_month, tu, den_thang)
    answer("TTHC", lambda *client: create_app(generate(settings), *client, token_seconds), host, port)


@app.command()
def export(
    form: Annotated[Literal["xlsx", "csv", "json"], typer.Option("--format")],
    out: Annotated[Path, typer.Option()],
    ky: Annotated[str | None, month("only dossiers received in this month")] = None,
    den: Annotated[str | None, moment("as it stood at this moment")] = None,
    rows: Annotated[int | None, typer.Option(help="exactly this many, bad rows too")] = None,
    loi: KeepBad = False,
    seed: Seed = 2025,
    per_month: PerMonth = 20_000,
    tu: FirstMonth = None,
    den_thang: LastMonth = "2025-06",
    ten_moi: NewNames = False,
) -> None:
    """Write one file."""
    if form == "xlsx" and not ky:
        refuse("The XLSX list is monthly: give --ky yyyy-MM.")
    started = time.perf_counter()
    source = generate(settings_of(seed, per_month, tu, den_thang, rows, ten_moi=ten_moi))
    keep_bad = loi or rows is not None
    den = den or (month_end(ky) if ky else source.settings.end)
    if form == "xlsx":
        count = exports.write_xlsx(source, out, ky, den, loi=keep_bad)
    elif form == "csv":
        count = exports.write_csv(source, out, den, ky=ky, loi=keep_bad)
    else:
        count = exports.write_json(source, out, den, ky=ky, loi=keep_bad)
    print(f"{out}: {count} dossiers as at {den}, {time.perf_counter() - started:.1f} s")


def main(arguments: list[str] | None = None) -> int:
    return run(app, arguments)


if __name__ == "__main__":
    sys.exit(main())
