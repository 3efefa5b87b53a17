"""Command line of the simulator: `serve` the exports, or `export` a file."""

import sys
import time
from pathlib import Path
from typing import Annotated, Literal

import typer

from tools.qlvb_simulator import exports
from tools.qlvb_simulator.generate import Settings
from tools.qlvb_simulator.server import create_app
from tools.qlvb_simulator.source import generate
from tools.simulation.command_line import (
    Host,
    KeepBad,
    LastMonth,
    Port,
    Seed,
    TokenSeconds,
    moment,
    month,
    run,
    simulator,
)
from tools.simulation.command_line import serve as answer

app = simulator(__doc__)

PerMonth = Annotated[int, typer.Option(help="documents a month")]
FirstMonth = Annotated[str, month("first month generated")]
Secret = Annotated[float, typer.Option(help="share of secret documents (none)")]


def settings_of(seed: int, per_month: int, tu: str, den_thang: str, mat: float) -> Settings:
    """Settings of the arguments; work dossiers are a third of the documents."""
    return Settings(
        seed=seed,
        van_ban_moi_thang=per_month,
        ho_so_moi_thang=per_month // 3,
        tu=tu,
        den=den_thang,
        ty_le_mat=mat,
    )


@app.command()
def serve(
    port: Port,
    host: Host = "127.0.0.1",
    seed: Seed = 2025,
    per_month: PerMonth = 6_000,
    tu: FirstMonth = "2025-01",
    den_thang: LastMonth = "2025-06",
    mat: Secret = 0.0,
    token_seconds: TokenSeconds = 1800,
) -> None:
    """Answer over HTTP."""
    settings = settings_of(seed, per_month, tu, den_thang, mat)
    answer("QLVB", lambda *client: create_app(generate(settings), *client, token_seconds), host, port)


@app.command()
def export(
    dataset: Annotated[Literal["van_ban", "ho_so_cong_viec"], typer.Option()],
    ky: Annotated[str, month("rows of this month")],
    form: Annotated[Literal["xlsx", "csv"], typer.Option("--format")],
    out: Annotated[Path, typer.Option()],
    den: Annotated[str | None, moment("as it stood at this moment (default: end of the month)")] = None,
    loi: KeepBad = False,
    seed: Seed = 2025,
    per_month: PerMonth = 6_000,
    tu: FirstMonth = "2025-01",
    den_thang: LastMonth = "2025-06",
    mat: Secret = 0.0,
) -> None:
    """Write the list of one month."""
    started = time.perf_counter()
    source = generate(settings_of(seed, per_month, tu, den_thang, mat))
    write = exports.write_xlsx if form == "xlsx" else exports.write_csv
    count = write(source, dataset, out, ky, den, loi=loi)
    print(f"{out}: {count} rows of {dataset}, {time.perf_counter() - started:.1f} s")


def main(arguments: list[str] | None = None) -> int:
    return run(app, arguments)


if __name__ == "__main__":
    sys.exit(main())
