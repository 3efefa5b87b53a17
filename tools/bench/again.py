"""Most lines of full exports: those that are known, in another order, and with every tenth one changed.

Beside them, batches of one line.
"""

import csv
import json
import os
import random
import statistics
import time
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tools.bench.ground import EXTRACTED, HOME, TURNS, processor_time, timed

FIRST_DECLARED = 1754006400  # 2025-08-01; one every second
TARGET_SAME_RATIO = 0.6
TARGET_CHANGED_RATIO = 0.8
TARGET_JUDGE_S = 0.5


def again(dossiers: str, don_vi: str) -> dict:
    """Loads every fact three times: its lines, these in another order, and with every tenth one changed."""
    from cchc.contracts import contract_of
    from cchc.judging.validation import validate
    from cchc.loading.load import load
    from cchc.sources.landing import land_file
    from cchc.warehouse import engine_of

    engine = engine_of(os.environ["CCHC_WAREHOUSE_DSN"])
    moment = datetime.strptime(EXTRACTED, "%Y%m%d%H%M%S")  # noqa: DTZ007 - local time by contract
    with Path(dossiers).open(encoding="utf-8", newline="") as file:
        known = list(csv.DictReader(file))
    records = json.loads(Path(don_vi).read_text(encoding="utf-8"))["data"]
    units = [u["MaDonVi"] for u in records if u["Cap"] == "so_nganh" and u["HieuLucDen"] is None]
    found: dict[str, dict] = {}
    for dataset, lines in _facts(known, units):
        order = random.Random(1).sample(range(len(lines)), len(lines))
        changed = [_changed(dataset, line) if n % 10 == 0 else line for n, line in enumerate(lines)]
        found[dataset] = {}
        for kind, rows in (("first", lines), ("same", [lines[n] for n in order]), ("changed", changed)):
            path = HOME / f"again_{dataset}_{kind}.csv"
            with path.open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, list(rows[0]))
                writer.writeheader()
                writer.writerows(rows)
            stages: dict[str, float] = {}
            started = time.perf_counter()
            landed = land_file(engine, HOME / "landing", contract_of(dataset), path, moment)
            validate(engine, landed.batch_id)
            with processor_time(engine, stages):
                batch, _ = timed(stages, "load_s", lambda landed=landed: load(engine, landed.batch_id))
            stages["all_s"] = time.perf_counter() - started
            path.unlink()
            found[dataset][kind] = stages | {
                "read": batch.lines_read,
                "accepted": batch.lines_accepted,
                "superseded": batch.lines_superseded,
            }
    return found


def one_line(dossiers: str) -> dict:
    """Validates files of one line, by judges that begin anew and by copies of this process."""
    from cchc.contracts import contract_of
    from cchc.judging import judge, validation
    from cchc.sources.landing import land_file
    from cchc.warehouse import engine_of

    engine = engine_of(os.environ["CCHC_WAREHOUSE_DSN"])
    with Path(dossiers).open(encoding="utf-8", newline="") as file:
        header, *lines = (next(file) for _ in range(1 + 2 * TURNS))
    judged = validation._judge
    found: dict[str, list[float]] = {}
    stages: dict[str, float] = {}
    validation._judge = lambda *given: timed(stages, "judge", lambda: judged(*given))
    for kind in ("anew", "copy"):
        if kind == "copy":
            judge.preload()
        for _ in range(TURNS):
            path = HOME / "one_line.csv"
            path.write_text(header + lines.pop(), encoding="utf-8")
            moment = datetime.strptime(EXTRACTED, "%Y%m%d%H%M%S")  # noqa: DTZ007 - local time by contract
            landed = land_file(engine, HOME / "landing", contract_of("ho_so"), path, moment)
            timed(stages, "all", lambda landed=landed: validation.validate(engine, landed.batch_id))
            found.setdefault(f"{kind}_s", []).append(stages["all"])
            found.setdefault(f"{kind}_judge_s", []).append(stages["judge"])
    return {name: statistics.median(seconds) for name, seconds in found.items()}


# What a changed line says; of an entry of the history and of a declaration another one is a new one.
CHANGES: dict[str, dict[str, str]] = {
    "ho_so": {"ngay_cap_nhat": "20251231235900", "so_lan_bo_sung": "1"},
    "danh_gia": {"ngay_cap_nhat": "20251231235900", "danh_gia": "hai_long"},
    "qua_trinh": {"thoi_gian": "20251231235900"},
    "van_ban": {"ngay_cap_nhat": "20251231235900", "do_khan": "2"},
    "ho_so_cong_viec": {"ngay_cap_nhat": "20251231235900", "tien_do": "90"},
    "khai_bao": {"gia_tri": "9"},
}


def _changed(dataset: str, line: dict) -> dict:
    """A line with what is different in it; a unit declares another value at another time."""
    later = {"ngay_khai": f"202509{line['ngay_khai'][6:]}"} if dataset == "khai_bao" else {}
    return line | CHANGES[dataset] | later


def _facts(dossiers: list[dict], units: list[str]) -> Iterator[tuple[str, list[dict]]]:
    """As many lines of each fact as there are dossiers, dossiers first."""
    yield "ho_so", dossiers
    codes = [dossier["ma_ho_so"] for dossier in dossiers]

    def day(n: int) -> str:
        return (date(2025, 7, 7) + timedelta(days=n % 150)).strftime("%Y%m%d")

    yield (
        "danh_gia",
        [
            {"ma_ho_so": code, "thoi_gian_danh_gia": f"{day(n)}090000", "danh_gia": "rat_hai_long"}
            | {"ngay_cap_nhat": f"{day(n)}090000"}
            for n, code in enumerate(codes)
        ],
    )
    yield (
        "qua_trinh",
        [
            {"ma_ho_so": code, "thoi_gian": f"{day(n)}090000", "trang_thai": "4", "don_vi": "bộ phận một cửa"}
            for n, code in enumerate(codes)
        ],
    )
    yield (
        "van_ban",
        [
            {"ma_van_ban": f"VB{n:08d}", "huong": "den", "don_vi": units[n % len(units)], "so": str(n + 1)}
            | {"ky_hieu": f"{n}/CV", "loai_van_ban": "cong_van", "ngay_van_ban": day(n)}
            | {"ngay_den": f"{day(n)}080000", "ngay_phat_hanh": "", "ngay_dang_ky": f"{day(n)}083000"}
            | {"do_khan": "1", "do_mat": "1", "han_xu_ly": "20251231", "ngay_hoan_thanh": "", "ky_so": "1"}
            | {"gui_dien_tu": "1", "gui_giay": "0", "ma_ho_so_cong_viec": "", "da_xoa": "0"}
            | {"ngay_cap_nhat": f"{day(n)}083000"}
            for n in range(len(codes))
        ],
    )
    yield (
        "ho_so_cong_viec",
        [
            {"ma_hscv": f"HSCV{n:08d}", "don_vi": units[n % len(units)], "ngay_mo": f"{day(n)}100000"}
            | {"han_giai_quyet": "20251231", "ngay_dong": "", "trang_thai": "1", "tien_do": "30"}
            | {"tren_he_thong": "1", "chi_giay": "0", "da_xoa": "0", "ngay_cap_nhat": f"{day(n)}110000"}
            for n in range(len(codes))
        ],
    )
    yield (
        "khai_bao",
        [
            {"don_vi": units[n % len(units)], "ky": "2025-07", "ma_so_lieu": "hscv_giay_da_dong"}
            | {"ngay_khai": time.strftime("%Y%m%d%H%M%S", time.gmtime(FIRST_DECLARED + n))}
            | {"gia_tri": "4", "chuc_danh": "Chánh Văn phòng"}
            for n in range(len(codes))
        ],
    )


def report(console: Console, repeated: dict) -> None:
    for what, title in (
        ("load_s", "load_core of each fact, in s"),
        ("load_cpu_s", "load_core of each fact, in s of the processor"),
        ("all_s", "land, validate and load_core of each fact, in s"),
    ):
        table = Table(title=f"{title}, and its ratio to the first load", title_justify="left")
        table.add_column("Fact")
        for name in ("lines", "first", "same lines", "ratio", "10 % changed", "ratio"):
            table.add_column(name, justify="right")
        for dataset, run in repeated.items():
            first, same, changed = (run[kind][what] for kind in ("first", "same", "changed"))
            cells = (first, same, same / first, changed, changed / first)
            table.add_row(dataset, f"{run['first']['read']:,}", *(f"{cell:.2f}" for cell in cells))
        console.print(table)
    console.print(f"Goals at 1,000,000: same ≤ {TARGET_SAME_RATIO}, 10 % changed ≤ {TARGET_CHANGED_RATIO}")


def report_one_line(console: Console, judged: dict) -> None:
    """Prints what a batch of one line takes."""
    for kind, who in (("anew", "a process that begins anew"), ("copy", "a copy of a worker")):
        console.print(
            f"A batch of one line, by {who}: validated in {judged[kind + '_s']:.2f} s, of these judged in "
            f"{judged[kind + '_judge_s']:.2f} s (goal of a copy: ≤ {TARGET_JUDGE_S} s)"
        )
