"""Lists of procedures for `make bench`: how long they are, their records, and what is printed of them.

Each pull brings the whole list, and what is valid when is worked out from all states of all procedures:
it has to take time in proportion to their number.
"""

import json
import os
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tools.bench.ground import EXTRACTED, HOME, timed

LENGTHS = "16000,50000"
PROVIDERS = ("000.00.01.H59", "000.01.42.H59")
TARGET_S = 10.0
TARGET_GROWTH = 1.1
LISTS = ("first", "changed")
STEPS = ("land", "validate", "load_core")


def lengths() -> list[int]:
    """How many procedures the lists have (BENCH_PROCEDURES), the shortest first."""
    text = os.environ.get("BENCH_PROCEDURES", LENGTHS)
    words = text.split(",")
    if not all(word.isdecimal() and int(word) for word in words):
        sys.exit(f"BENCH_PROCEDURES={text!r} are no numbers of procedures. Expected for example {LENGTHS}.")
    return sorted({int(word) for word in words})


def write_list(path: Path, count: int, kind: str) -> None:
    """Writes a list as the source answers; in `changed` each has, later, another name and fee."""
    listed = list(_records(count, changed=kind == "changed"))
    body = {"error_code": "0", "tong_so": count, "data": listed}
    path.write_text(json.dumps(body, ensure_ascii=False), encoding="utf-8")


def _records(count: int, *, changed: bool) -> Iterator[dict]:
    for n in range(count):
        yield {
            "MaTTHC": f"{n // 1_000_000 + 1}.{n % 1_000_000:06d}",
            "TenTTHC": f"Thủ tục số {n}" + (", sửa đổi" if changed else ""),
            "MaLinhVuc": f"LV{n % 90}",
            "TenLinhVuc": f"Lĩnh vực số {n % 90}",
            "CapThucHien": "Cấp tỉnh",
            "CoQuanCongBo": "Bộ Nội vụ",
            "MucDo": "4" if n % 2 else "3",
            "ThuTucKhongCoKetQua": "0",
            "CoPhi": "1" if changed else "0",
            "ThoiGianGiaiQuyet": str(n % 30),
            "DuDieuKienToanTrinh": "1",
            "DonViThucHien": [
                {"MaDonVi": unit, "MucDo": "4", "HieuLucTu": "20240101", "HieuLucDen": None}
                for unit in PROVIDERS
            ],
            "HieuLucTu": "20240101",
            "HieuLucDen": None,
            "NgayCapNhat": "20250601000000" if changed else "20240101000000",
        }


def procedures(length: str) -> dict:
    """Loads a list of procedures, and the same list when each of them has changed."""
    from cchc.contracts import contract_of
    from cchc.judging.validation import validate
    from cchc.loading.load import load
    from cchc.sources.landing import land_file
    from cchc.warehouse import engine_of

    engine = engine_of(os.environ["CCHC_WAREHOUSE_DSN"])
    moment = datetime.strptime(EXTRACTED, "%Y%m%d%H%M%S")  # noqa: DTZ007 - local time by contract
    contract, landing, path = contract_of("tthc"), HOME / "landing", HOME / "procedures.json"
    found: dict[str, dict[str, float]] = {}
    for kind in LISTS:
        write_list(path, int(length), kind)
        stages = found[kind] = {}
        batch = timed(stages, "land", lambda: land_file(engine, landing, contract, path, moment)).batch_id
        timed(stages, "validate", lambda batch=batch: validate(engine, batch))
        loaded, _ = timed(stages, "load_core", lambda batch=batch: load(engine, batch))
        if loaded.lines_accepted != int(length):
            sys.exit(f"Of {length} procedures {loaded.lines_accepted} were loaded. Expected all.")
    path.unlink()
    return found


def report(console: Console, runs: dict[int, dict]) -> tuple[float, float | None]:
    """Prints the seconds of each list, and how the time of one procedure grows with the list; returns both.

    `runs`: length → list → step → seconds.
    """
    table = Table(title="Lists of procedures, and the same when each has changed, in s", title_justify="left")
    table.add_column("Procedures", justify="right")
    table.add_column("List")
    for name in (*STEPS, "all", "ms each"):
        table.add_column(name, justify="right")
    took: dict[tuple[int, str], float] = {}
    for length, run in runs.items():
        for kind in LISTS:
            took[length, kind] = sum(run[kind].values())
            cells = [*(run[kind][step] for step in STEPS), took[length, kind]]
            each = took[length, kind] / length * 1000
            table.add_row(f"{length:,}", kind, *(f"{cell:.2f}" for cell in cells), f"{each:.3f}")
    console.print(table)
    short, long = min(runs), max(runs)
    seconds = took[long, "changed"]
    console.print(
        f"{long:,} procedures, changed and loaded again: {seconds:.1f} s  "
        f"(goal at 50,000: ≤ {TARGET_S:.0f} s: {_said(seconds <= TARGET_S)})"
    )
    growth = None
    if long > short:
        growth = seconds / long / (took[short, "changed"] / short)
        console.print(
            f"Ratio of the time of one of {long:,} to one of {short:,}: {growth:.2f}  "
            f"(goal: ≤ {TARGET_GROWTH}: {_said(growth <= TARGET_GROWTH)})"
        )
    return seconds, growth


def _said(reached: bool) -> str:
    return "reached" if reached else "not reached"
