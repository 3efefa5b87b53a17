"""Reads the points of QĐ 766/QĐ-TTg: maxima and thresholds, for whom and when they hold, and who says so."""

from datetime import date
from decimal import Decimal
from itertools import combinations
from typing import Any, Literal, get_args

from pydantic import field_validator

from cchc.errors import BadDefinition
from cchc.figures.definitions import indicators
from cchc.models import Strict
from cchc.registers.reference_files import REFERENCE, read_rows

FILE = REFERENCE / "thang_diem_766.csv"
Cap = Literal["toan_tinh", "so_nganh", "huyen", "xa"]
State = Literal["van_ban", "quan_sat", "chua_xac_nhan"]


class SubIndicator(Strict):
    """One row of sql/reference/thang_diem_766.csv. `ma_chi_so`: the rate that is scored; without it
    `ly_do_na` says why no source gives it. `nguong`: the percentage that earns the maximum. `cap`: the levels
    that are scored so, all when it is empty. `trang_thai`: whether a document or the portal's own answers say
    so; what is `chua_xac_nhan` is not summed."""

    ma: str
    nhom: str
    ten_nhom: str
    ten: str
    cap: tuple[Cap, ...]
    diem_toi_da: Decimal
    nguong: Decimal | None
    ma_chi_so: str | None
    ly_do_na: str | None
    hieu_luc_tu: date
    hieu_luc_den: date | None
    trang_thai: State
    nguon: str

    @field_validator("cap", mode="before")
    @classmethod
    def _split(cls, value: str | None) -> tuple[str, ...]:
        return tuple(part.strip() for part in (value or "").split(";") if part.strip())

    @property
    def last_day(self) -> date:
        """The last day on which it holds."""
        return self.hieu_luc_den or date.max

    def meets(self, other: "SubIndicator") -> bool:
        """Whether both say how one unit is scored on one day."""
        return (
            self.ma == other.ma
            and self.hieu_luc_tu <= other.last_day
            and other.hieu_luc_tu <= self.last_day
            and bool(set(self.cap or get_args(Cap)) & set(other.cap or get_args(Cap)))
        )


def points_766() -> list[dict[str, Any]]:
    """The sub-indicators as rows of mart.thang_diem_766.

    Raises BadDefinition for an unknown rate, days that run backwards, and two rows for one level and day.
    """
    rows = []
    subs = read_rows(FILE, SubIndicator)
    for one, other in combinations(subs, 2):
        if one.meets(other):
            raise BadDefinition(
                f"{FILE.name}, {one.ma}: the rows from {one.hieu_luc_tu} and {other.hieu_luc_tu} hold on "
                f"the same days for the same level. Close hieu_luc_den of the older one."
            )
    for sub in subs:
        if sub.last_day < sub.hieu_luc_tu:
            raise BadDefinition(f"{FILE.name}, {sub.ma}: hieu_luc_den comes before hieu_luc_tu.")
        if (sub.ma_chi_so is None) != (sub.ly_do_na is not None):
            raise BadDefinition(f"{FILE.name}, {sub.ma}: expected ma_chi_so or ly_do_na, one of the two.")
        if sub.ma_chi_so and sub.ma_chi_so not in indicators():
            raise BadDefinition(
                f"{FILE.name}, {sub.ma}: ma_chi_so {sub.ma_chi_so!r} is no indicator of sql/indicators."
            )
        rows.append(sub.model_dump() | {"hieu_luc_den": sub.last_day, "cap": list(sub.cap)})
    return rows
