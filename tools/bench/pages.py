"""Measures the pages and what BI tools read over five years of months: `make bench-pages`.

One year of dossiers, ratings, histories and declarations goes through the pipeline; four more are that year
again, each with its own codes, batches and dates, put into the tables beside it, and closed. Then each
address is asked for as an officer and as somebody of a unit, in this process: what the server takes, without
the browser; and each table and view of mart is read. It fails when a page or a view takes longer than
BOUND_S, which is far above the goal so that a busy machine does not decide.
"""

import json
import os
import secrets
import shutil
import statistics
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from fastapi.testclient import TestClient
from rich.console import Console
from rich.table import Table
from starlette.requests import Request

from cchc.batches import batch_of
from cchc.contracts import contract_of
from cchc.database_objects import run_script
from cchc.database_roles import PAGES
from cchc.figures.refresh import pending_periods, refresh
from cchc.judging.standing import note_before, renew
from cchc.judging.validation import validate
from cchc.loading.load import load
from cchc.loading.organisation import load_organisation
from cchc.pages.app import build
from cchc.registers.working_calendar import sync_calendar
from cchc.seals import Keys
from cchc.sources.landing import land_file
from cchc.warehouse import engine_of
from tools.bench import views
from tools.bench.ground import EXTRACTED, FIRST, HOME, LAST, database, rows_asked_for
from tools.declarations import write_declarations
from tools.local.postgres import EmbeddedPostgres
from tools.tthc_simulator.__main__ import settings_of
from tools.tthc_simulator.exports import write_csv
from tools.tthc_simulator.source import generate

YEAR, YEARS = 2025, 5
GOAL_S, BOUND_S = 0.2, 1.0
TIMES = 20
STEWARD, OF_UNIT = "can_bo", "cua_don_vi"
UNIT = "86.so-tu-phap"
MONTH = f"ky_loai=thang&ky={YEAR}-11"
ADDRESSES = (
    f"/?{MONTH}",
    f"/?ky_loai=luy_ke&ky={YEAR}-11",
    f"/chi-so/dung_han_06a?{MONTH}&cap=xa",
    f"/chi-so/T9?{MONTH}&cap=xa",
    f"/chi-so/dung_han_06a/cach-doc?{MONTH}",
    f"/chi-so/T9/cach-doc?ky_loai=nam&ky={YEAR}",
    f"/chi-so/dung_han_06a/ho-so?{MONTH}&phan=con_lai&don_vi={UNIT}",
    f"/cong-bo?ky={YEAR}-11",
    f"/cong-bo/dieu-kien?ky={YEAR}-11",
    f"/cong-bo/bat-thuong?ky={YEAR}-11",
    f"/cong-bo/ghi-chu?{MONTH}&ma=dung_han_06a&don_vi={UNIT}",
    f"/chi-so/dung_han_06a/thay-doi?{MONTH}&nguyen_nhan=den_muon&don_vi={UNIT}",
    f"/don-vi?{MONTH}",
    f"/don-vi/mot?ma={UNIT}&{MONTH}",
    f"/don-vi/loi?ma={UNIT}",
    "/van-hanh",
    "/van-hanh?cho=1",
    "/van-hanh/lo/5",
    "/van-hanh/lan-chay?dag_id=ingest_tthc&run_id=x",
)
# What is written anew for each asker, and may take longer than a page.
FILES = (
    f"/don-vi/loi.xlsx?ma={UNIT}",
    f"/don-vi/phieu.xlsx?ma={UNIT}&ky={YEAR}-11",
    f"/tep/bieu-06a.xlsx?{MONTH}&don_vi={UNIT}",
    f"/tep/phu-luc.xlsx?{MONTH}&don_vi={UNIT}",
    f"/tep/du-thao.docx?{MONTH}&don_vi={UNIT}",
    f"/tep/tre-han.xlsx?{MONTH}&don_vi={UNIT}",
)
ASKED = [(STEWARD, address) for address in (*ADDRESSES, *FILES)] + [
    (OF_UNIT, address) for address in ADDRESSES if not address.startswith("/van-hanh")
]
# Tables of which the years before are copies, each after those that it refers to.
COPIED = (
    *("ops.batch", "ops.validation_result", "ops.line_finding", "ops.reject", "ops.period"),
    *("core.ho_so", "core.danh_gia", "core.qua_trinh", "core.khai_bao", "core.han_nop"),
    *("core.doan", "core.tong_hop"),
    *("core.tong_hop_linh_vuc", "core.tong_hop_tthc"),
    *("mart.ky", "mart.chi_so", "mart.bieu_06a", "mart.diem_766"),
)
# Codes of things of which a copy is another thing.
CODES = ("ma_ho_so", "khoa")
FACTS = ("ho_so", "danh_gia", "qua_trinh", "khai_bao")
# The last month's declarations come when it is over.
DECLARED_AFTER = timedelta(days=7)
# Batches of a copied year bear numbers that are greater by so much.
OTHERS = 1_000
DATES = ("date", "timestamp without time zone", "timestamp with time zone")


def read_views(rows: str) -> dict[str, list[float]]:
    """Fills a warehouse and reads each table and view of mart as tools do: seconds of each call."""
    dsn = os.environ["CCHC_WAREHOUSE_DSN"]
    fill(dsn, int(rows))
    return views.measure(os.environ["CCHC_PAGES_DSN"], STEWARD)


def main() -> int:
    """Prints the times of all addresses; returns the exit code."""
    console = Console()
    rows = rows_asked_for()
    HOME.mkdir(parents=True, exist_ok=True)
    with EmbeddedPostgres(HOME / "server") as server:
        console.print(f"Five years of months, {rows:,} dossiers a year …")
        fill(database(server, "bench_pages", migrate=True), rows)
        dsn = server.dsn("bench_pages", PAGES, driver="psycopg2")
        found, read = measure(dsn), views.measure(dsn, STEWARD)
    failed = report(console, found)
    return int(views.report(console, read) or failed)


# Five years of a warehouse --------------------------------------------------------------------


def fill(dsn: str, rows: int) -> None:
    """A year through the pipeline, and the years before as copies of it."""
    # The key seals forms that are written; here nobody reads them.
    os.environ |= {
        "CCHC_WAREHOUSE_DSN": dsn,
        "CCHC_KY_DAU": FIRST,
        "CCHC_FORM_KEY": secrets.token_hex(),
    }

    engine = engine_of(dsn)
    at = datetime.strptime(EXTRACTED, "%Y%m%d%H%M%S")  # noqa: DTZ007 - local time by contract
    sync_calendar(engine)
    load_organisation(engine, HOME / "landing")
    for dataset, path in _exports(rows).items():
        _load(engine, dataset, path, at)
    _load(engine, "khai_bao", _declared(engine), at + DECLARED_AFTER)
    refresh(engine, *pending_periods(engine))
    _add_years(engine)


def _add_years(engine: sa.Engine) -> None:
    """Puts the year before as often as there are years, closes those, and says who looks."""
    with engine.begin() as connection:
        for back in range(1, YEARS):
            for month in range(1, 13):
                for fact in ("ho_so", "qua_trinh"):
                    connection.exec_driver_sql(
                        f"SELECT core.ensure_partition('{fact}', '{YEAR - back}-{month:02d}-01')"
                    )
            for table in COPIED:
                _copy(connection, table, back)
    _judge_again(engine)
    _clean(engine)
    with engine.begin() as connection:
        run_script(connection, Path(__file__).with_name("closed.sql").read_text(encoding="utf-8"))
        for name, unit in ((STEWARD, None), (OF_UNIT, UNIT)):
            connection.execute(sa.text("SELECT ops.gan_nguoi_xem(:n, :u)"), {"n": name, "u": unit})
    _clean(engine)


def _judge_again(engine: sa.Engine) -> None:
    """Has the findings of the copies stand or not by the copies of their lines."""
    for fact in FACTS:
        with engine.begin() as connection:
            newest = connection.scalar(
                sa.text("SELECT max(batch_id) FROM ops.batch WHERE dataset = :fact"), {"fact": fact}
            )
            batch = batch_of(connection, newest)
            note_before(connection, contract_of(fact), batch)
            renew(connection, contract_of(fact), batch, whole=True)


def _clean(engine: sa.Engine) -> None:
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")


def _load(engine: sa.Engine, dataset: str, path: Path, at: datetime) -> None:
    landed = land_file(engine, HOME / "landing", contract_of(dataset), path, at)
    validate(engine, landed.batch_id)
    load(engine, landed.batch_id)


def _declared(engine: sa.Engine) -> Path:
    """A table of what units declare for the months of the year, new each time: its seals are."""
    folder = HOME / "declared"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    months = [f"{YEAR}-{month:02d}" for month in range(1, 13)]
    write_declarations(engine, folder, months, Keys.of_environment())
    [table] = folder.glob("*.csv")
    return table


def _exports(rows: int) -> dict[str, Path]:
    """Dataset → a file of what the simulated source says of the year, units and procedures first."""

    settings = settings_of(2025, 0, FIRST, LAST, rows)
    source = generate(settings)
    said = {
        "don_vi": source.don_vi(EXTRACTED),
        "tthc": source.tthc(EXTRACTED),
        "ho_so": None,
        "danh_gia": source.ratings.danh_gia(None, EXTRACTED),
        "qua_trinh": source.history.qua_trinh(None, EXTRACTED),
    }
    paths = {}
    for dataset, records in said.items():
        paths[dataset] = HOME / f"pages_{dataset}.{'json' if records else 'csv'}"
        if records:
            body = {"error_code": "0", "tong_so": len(records), "data": records}
            paths[dataset].write_text(json.dumps(body, ensure_ascii=False), encoding="utf-8")
        else:
            write_csv(source, paths[dataset], EXTRACTED, loi=True)
    return paths


def _copy(connection: sa.Connection, table: str, back: int) -> None:
    """Puts the rows of the last year again, so many years earlier, as other things of other batches."""
    columns = connection.execute(
        sa.text(
            "SELECT attname, format_type(atttypid, NULL) FROM pg_attribute "
            "WHERE attrelid = CAST(:t AS regclass) AND attnum > 0 AND NOT attisdropped "
            "AND attgenerated = '' ORDER BY attnum"
        ),
        {"t": table},
    ).all()
    earlier = {"ky": f"{YEAR - back} || substr(ky, 5)", "batch_id": f"batch_id + {back * OTHERS}"}
    earlier |= {"sha256": f"md5(sha256 || {back}) || md5(sha256)"}
    earlier |= {code: f"regexp_replace({code}, '^[^ ]+', '\\&-{back}')" for code in CODES}
    values = [
        earlier.get(name) or (f"{name} - interval '{back} years'" if kind in DATES else name)
        for name, kind in columns
    ]
    names = [name for name, _ in columns]
    # What was counted of a year is of that year; register batches are of all.
    own = f"ky LIKE '{YEAR}-%%' OR ky = '{YEAR}'" if "ky" in names else "TRUE"
    if "batch_id" in names:
        own = f"batch_id IN (SELECT batch_id FROM ops.batch WHERE dataset IN {FACTS} AND batch_id < {OTHERS})"
    elif "tu_ngay" in names and "ky" not in names:
        own = f"tu_ngay >= '{YEAR}-01-01'"
    if table == "core.ho_so":
        # Of years that are over nothing is open.
        own += " AND ngay_ket_thuc < 'infinity'"
    connection.exec_driver_sql(
        f"INSERT INTO {table} ({', '.join(names)}) OVERRIDING SYSTEM VALUE "
        f"SELECT {', '.join(values)} FROM {table} WHERE {own} ON CONFLICT DO NOTHING"
    )


# Measuring ------------------------------------------------------------------------------------


def measure(dsn: str) -> dict[str, list[float]]:
    """Address → seconds of each request; the first, which fills caches, is not among them."""

    async def asker(request: Request) -> str:
        return request.headers["x-who"]

    app = build(dsn, asker)
    found: dict[str, list[float]] = {}
    with TestClient(app) as client:
        for who, address in ASKED:
            for turn in range(-1, TIMES):
                started = time.perf_counter()
                answer = client.get(address, headers={"x-who": who, "accept": "text/html"})
                took = time.perf_counter() - started
                if answer.status_code != 200:
                    sys.exit(f"{who} {address}: {answer.status_code}")
                if turn >= 0:
                    found.setdefault(f"{who} {address}", []).append(took)
    app.state.engine.dispose()
    return found


def report(console: Console, found: dict[str, list[float]]) -> int:
    """Prints median and 95th percentile; returns 1 when a page takes longer than it may."""
    table = Table(title="Pages over five years of months", title_justify="left")
    table.add_column("Who, address", overflow="fold")
    table.add_column("median ms", justify="right")
    table.add_column("95 % ms", justify="right")
    slow = []
    for address, times in found.items():
        middle, most = statistics.median(times), statistics.quantiles(times, n=20)[-1]
        is_page = not any(address.endswith(file) for file in FILES)
        style = "red" if is_page and middle > GOAL_S else None
        table.add_row(address, f"{middle * 1000:.0f}", f"{most * 1000:.0f}", style=style)
        if is_page and middle > BOUND_S:
            slow.append(address)
    console.print(table)
    console.print(f"Goal for pages: {GOAL_S * 1000:.0f} ms; files are written anew and may take longer.")
    for address in slow:
        console.print(f"[red]Slower than {BOUND_S:.1f} s:[/] {address}")
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
