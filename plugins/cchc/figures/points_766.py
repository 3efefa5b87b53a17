"""Reads the points of QĐ 766/QĐ-TTg: maxima and thresholds with the days on which they are in force."""

from datetime import date
from decimal import Decimal
from typing import Any

from cchc.errors import BadDefinition
from cchc.figures.definitions import indicators
from cchc.models import Strict
from cchc.registers.reference_files import REFERENCE, read_rows

FILE = REFERENCE / "thang_diem_766.csv"


class SubIndicator(Strict):
    """One row of sql/reference/thang_diem_766.csv. `ma_chi_so`: the rate that is scored; without it
    `ly_do_na` says why no source gives it. `nguong`: the percentage that earns the maximum."""

    ma: str
    nhom: str
    ten_nhom: str
    ten: str
    diem_toi_da: Decimal
    nguong: Decimal | None
    ma_chi_so: str | None
    ly_do_na: str | None
    hieu_luc_tu: date
    hieu_luc_den: date | None
    da_kiem_chung: bool
    nguon: str


def points_766() -> list[dict[str, Any]]:
    """The sub-indicators as rows of mart.thang_diem_766; raises BadDefinition for an unknown rate."""
    rows = []
    for sub in read_rows(FILE, SubIndicator):
        if (sub.ma_chi_so is None) != (sub.ly_do_na is not None):
            raise BadDefinition(f"{FILE.name}, {sub.ma}: expected ma_chi_so or ly_do_na, one of the two.")
        if sub.ma_chi_so and sub.ma_chi_so not in indicators():
            raise BadDefinition(
                f"{FILE.name}, {sub.ma}: ma_chi_so {sub.ma_chi_so!r} is no indicator of sql/indicators."
            )
        rows.append(sub.model_dump() | {"hieu_luc_den": sub.hieu_luc_den or date.max})
    return rows
