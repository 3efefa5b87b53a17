"""Made-up declarations for the demo: what the units of the simulated province would put into the drop folder.

All figures are synthetic; the same seed gives the same ones. Only units and items are those of sql/reference.
"""

import csv
import os
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import openpyxl
import sqlalchemy as sa

from cchc.declarations.form import HEADER_ROW, POSITIONS, seal_of, write_form
from cchc.periods import Month, parse_month
from cchc.seals import Keys
from tools.simulation.geography import SourceUnit, units

SEED = 2025
COLUMNS = ("ma_so_lieu", "don_vi", "ky", "gia_tri", "chuc_danh", "ngay_khai", "ma_xac_thuc")
# A unit forgets a month in so many cases; then its figures are unknown.
FORGOTTEN = 0.04
# Who fills in forms in the first of the months, correcting what the table says: GSO codes, the sở by key.
WITH_FORM = ("84.so-noi-vu", "84.842", "84.29242")


def values_of(unit: SourceUnit, month: Month, seed: int = SEED) -> dict[str, int]:
    """Item → value that a unit declares for a month; empty when it forgets to."""
    rng = np.random.default_rng([seed, month.year, month.month, *unit.code.encode()])
    if rng.random() < FORGOTTEN:
        return {}
    department, commune = unit.level == "so_nganh", unit.level == "xa"

    def of(whole: int, share: float) -> int:
        # Some shares grow with the month.
        return int(rng.binomial(whole, min(share, 1)))

    reports, procedures = int(rng.integers(2, 7)), int(rng.integers(70, 160))
    quarter = int(month.month % 3 == 0)
    values = {
        "bc_ktxh_phai_gui": reports,
        "bc_ktxh_qua_he_thong": of(reports, 0.93),
        "iso_dien_tu": of(1, 0.85 if commune else 1),
        "paht_ap_dung": of(1, 0.7 + 0.03 * month.month),
        "ho_so_ngoai_he_thong": int(rng.poisson(0.4)),
        "hscv_giay_da_dong": int(rng.poisson(0.8 if commune else 0.1)),
        "bao_cao_phai_gui": quarter,
        "bao_cao_dung_han": of(quarter, 0.93),
        "tthc_tham_quyen": procedures,
        "tthc_co_du_lieu": of(procedures, 0.985),
    }
    if department:
        internal, announced, cost = (
            int(rng.integers(*bounds)) for bounds in ((10, 40), (0, 5), (200, 3_000))
        )
        values |= {
            "tthc_noi_bo_ra_soat": internal,
            "tthc_noi_bo_don_gian_hoa": of(internal, 0.1 + 0.02 * month.month),
            "chi_phi_tuan_thu_truoc": cost * 1_000_000,
            "chi_phi_tuan_thu_cat_giam": of(cost, 0.12 + 0.01 * month.month) * 1_000_000,
            "tthc_phai_cong_bo": announced,
            "tthc_cong_bo_dung_han": of(announced, 0.9),
        }
    return values


def write_declarations(engine: sa.Engine, folder: Path, kys: list[str], keys: Keys) -> None:
    """Writes one table of these months and a few forms into `folder`; what is there already stays.

    Forms are those of the warehouse, filled in as an officer would: its units have to be known. `keys`: with
    which forms are sealed, and each line of the table.
    """
    months = [parse_month(ky) for ky in kys]
    table = folder / f"khai_bao_{kys[0]}_{kys[-1]}.csv"
    if not table.exists():
        _write(table, lambda path: _write_table(path, months, keys))
    for key in WITH_FORM:
        unit = next((unit for unit in units() if unit.key == key and _active(unit, months[0])), None)
        form = folder / f"phieu_{key}_{months[0].ky}.xlsx"
        if unit and not form.exists():
            _write(form, lambda path, unit=unit: _write_filled_form(engine, path, unit, months[0], keys))


def write_late_declaration(folder: Path, ky: str, keys: Keys) -> None:
    """Writes what a sở declares again of a month two months after its end; what is there already stays."""
    path, month = folder / f"khai_bao_lai_{ky}.csv", parse_month(ky)
    if path.exists():
        return
    unit = next(unit for unit in units() if unit.level == "so_nganh" and _active(unit, month))
    at = f"{_declared_at(month, 60):%Y-%m-%d %H:%M:%S}"
    values = values_of(unit, month, SEED + 2)

    def write(unfinished: Path) -> None:
        with unfinished.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(COLUMNS)
            seal = seal_of(unit.key, ky, keys)
            writer.writerows(
                (item, unit.key, ky, value, POSITIONS[2], at, seal) for item, value in values.items()
            )

    _write(path, write)


def _write(path: Path, write: Callable[[Path], None]) -> None:
    """A file that appears whole, and as old as a unit would have left it."""
    unfinished = path.with_name(f".{path.name}")
    write(unfinished)
    # What was written to just now is left for the next hour.
    an_hour_ago = time.time() - 3600
    os.utime(unfinished, (an_hour_ago, an_hour_ago))
    unfinished.rename(path)


def _active(unit: SourceUnit, month: Month) -> bool:
    last = f"{month.end:%Y%m%d}"
    return unit.level != "toan_tinh" and unit.valid_from <= last <= (unit.valid_to or "99991231")


def _declared_at(month: Month, days: int) -> datetime:
    return datetime.combine(month.next.start, datetime.min.time()) + timedelta(days=days, hours=9)


def _write_table(path: Path, months: list[Month], keys: Keys) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for month in months:
            at = f"{_declared_at(month, 1):%Y-%m-%d %H:%M:%S}"
            for unit in units():
                if _active(unit, month):
                    seal = seal_of(unit.key, month.ky, keys)
                    for item, value in values_of(unit, month).items():
                        writer.writerow((item, unit.key, month.ky, value, POSITIONS[2], at, seal))


def _write_filled_form(engine: sa.Engine, path: Path, unit: SourceUnit, month: Month, keys: Keys) -> None:
    write_form(engine, unit.key, month.ky, path, keys)
    book = openpyxl.load_workbook(path)
    sheet = book.active
    # The officer has looked again: other figures than the table's, declared three days later.
    values = values_of(unit, month, SEED + 1)
    sheet["C4"], sheet["C5"] = POSITIONS[2], _declared_at(month, 4)
    for row in sheet.iter_rows(min_row=HEADER_ROW + 2):
        if (value := values.get(row[1].value)) is not None:
            yes_or_no = row[1].value in ("iso_dien_tu", "paht_ap_dung")
            row[4].value = ("Không", "Có")[value] if yes_or_no else value
    book.save(path)
