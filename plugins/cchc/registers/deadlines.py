"""The plan of deadlines: sql/reference/ky_han.csv, and the day of each for every period of the calendar."""

import re
from bisect import bisect_right
from collections.abc import Iterable
from datetime import date, timedelta
from itertools import combinations
from typing import Any, Literal

import sqlalchemy as sa
from pydantic import Field, field_validator, model_validator

from cchc.contracts import contracts
from cchc.errors import BadDefinition
from cchc.models import Strict
from cchc.periods import Period, first_period, periods_named_after
from cchc.registers.reference_files import REFERENCE, numbered_rows
from cchc.warehouse import run_sql, sync_rows

FILE = REFERENCE / "ky_han.csv"
LEVELS = ("so_nganh", "huyen", "xa")
# How a period is called after which something is due: of the calendar's kinds, and of the report regime's.
NAMES = {
    "ngay": r"\d{4}-\d\d",
    "thang": r"\d{4}-\d\d",
    "quy": r"\d{4}-Q\d",
    "nua_nam": r"\d{4}-H\d",
    "nam": r"\d{4}",
}


class Deadline(Strict):
    """A row of ky_han.csv: until when something is due after a period, in one range of validity.

    `so_ngay`: days after the period's last, working ones or the calendar's; None where nobody knows.
    """

    ma_han: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    loai: Literal["du_lieu", "doi_chieu", "khai_bao", "xac_nhan", "chot", "bao_cao"]
    ten: str
    chu_ky: Literal["ngay", "thang", "quy", "nua_nam", "nam"]
    che_do: Literal["lich", "bao_cao"]
    cap: tuple[Literal["so_nganh", "huyen", "xa"], ...] = LEVELS  # type: ignore[assignment]
    noi_nhan: str | None
    so_ngay: int | None = Field(ge=0, le=366)
    loai_ngay: Literal["lam_viec", "lich"] | None
    hieu_luc_tu: date
    hieu_luc_den: date = date.max
    trang_thai: Literal["van_ban", "noi_bo", "chua_xac_nhan"]
    nguon: str

    @field_validator("cap", mode="before")
    @classmethod
    def _levels(cls, cell: str | None) -> tuple[str, ...]:
        return tuple(cell.split(";")) if cell else LEVELS

    @field_validator("hieu_luc_den", mode="before")
    @classmethod
    def _open(cls, cell: str | None) -> str | date:
        return cell or date.max

    @model_validator(mode="after")
    def _whole(self) -> "Deadline":
        if self.hieu_luc_den < self.hieu_luc_tu:
            raise ValueError(f"it ends on {self.hieu_luc_den}, before it begins")
        if (self.so_ngay is None) != (self.loai_ngay is None):
            raise ValueError("expected both so_ngay and loai_ngay, or neither where the day is not known")
        if self.so_ngay is None and self.trang_thai != "chua_xac_nhan":
            raise ValueError("a day that is not known is chua_xac_nhan")
        if self.loai_ngay == "lam_viec" and not self.so_ngay:
            raise ValueError("the first working day after a period is 1")
        monthly = (self.chu_ky, self.che_do) == ("thang", "lich")
        if self.loai == "du_lieu" and (self.chu_ky, self.che_do, self.loai_ngay) != ("ngay", "lich", "lich"):
            raise ValueError("exports are of every day: chu_ky ngay, che_do lich, loai_ngay lich")
        if self.loai not in ("du_lieu", "bao_cao") and not monthly:
            raise ValueError(f"{self.loai} is of every month: chu_ky thang, che_do lich")
        if self.loai == "bao_cao" and self.chu_ky == "ngay":
            raise ValueError("no report is of every day")
        return self

    def holds_for(self, period: Period) -> bool:
        """Whether something is due by this row after the period."""
        kind = "ky_bao_cao" if self.che_do == "bao_cao" else "thang" if self.chu_ky == "ngay" else self.chu_ky
        named = period.ky_loai == kind and re.fullmatch(NAMES[self.chu_ky], period.ky)
        return bool(named) and self.hieu_luc_tu <= period.end <= self.hieu_luc_den

    def meets(self, other: "Deadline") -> bool:
        """Whether there is a day on which both hold."""
        return self.hieu_luc_tu <= other.hieu_luc_den and other.hieu_luc_tu <= self.hieu_luc_den


def deadlines() -> list[Deadline]:
    """The rows of the file; raises BadDefinition when two say otherwise of the same days and levels."""
    rows = numbered_rows(FILE, Deadline)
    for (line, one), (other_line, other) in combinations(rows, 2):
        # Several reports may be due at once, each by a name of its own; of all else there is one deadline.
        of_one_kind = one.loai == other.loai != "bao_cao" and set(one.cap) & set(other.cap)
        if (one.ma_han == other.ma_han or of_one_kind) and one.meets(other):
            raise BadDefinition(
                f"{FILE.name}, lines {line} and {other_line}: {one.ma_han} and {other.ma_han} hold on the "
                f"same days for the same levels. Expected one deadline: end the earlier one (hieu_luc_den)."
            )
    return [row for _, row in rows]


def due(end: date, days: int | None, kind: str | None, working: list[date]) -> date | None:
    """The last day in time for what is due so many days after `end`.

    `working`: the working days in order. None where they do not reach, or no number is known.
    """
    if days is None:
        return None
    if kind == "lich":
        return end + timedelta(days=days)
    place = bisect_right(working, end) + days - 1
    return working[place] if place < len(working) and working[0] <= end + timedelta(days=31) else None


def days_of(rows: Iterable[Deadline], known: list[tuple[date, bool]]) -> list[dict[str, Any]]:
    """The rows of core.han_nop: each deadline of each period that ends in the calendar's days.

    `known`: the calendar's days in order, and whether one works on them.
    """
    if not known:
        return []
    working = [day for day, works in known if works]
    first, last = max(first_period().start, known[0][0]), known[-1][0]
    years = range(first.year, last.year + 1)
    periods = [p for year in years for p in periods_named_after(year) if first <= p.end <= last]
    return [
        {
            "ma_han": row.ma_han,
            "ky_loai": period.ky_loai,
            "ky": period.ky,
            "loai": row.loai,
            "cap": list(row.cap),
            "tu_ngay": period.start,
            "den_ngay": period.end,
            "so_ngay": row.so_ngay,
            "han": due(period.end, row.so_ngay, row.loai_ngay, working),
        }
        for row in rows
        for period in periods
        if row.holds_for(period)
    ]


def sync_deadlines(connection: sa.Connection) -> bool:
    """Brings deadlines, their days by core.lich, and the pulled datasets in line with files and contracts;
    whether they were not.

    Months whose declarations are due on other days than before are marked to be counted again.
    """
    rows = deadlines()
    moved = sync_rows(connection, "core.ky_han", [{**row.model_dump(), "cap": list(row.cap)} for row in rows])
    pulled = [
        {
            "dataset": contract.dataset,
            "thu_tu": place,
            "ten": contract.title,
            "he_thong": contract.api.system,
            "doi_chieu": contract.api.received is not None,
        }
        for place, contract in enumerate(contracts().values(), 1)
        if contract.api
    ]
    moved |= sync_rows(connection, "core.bo_du_lieu_keo", pulled)
    known = run_sql(connection, "SELECT ngay, la_ngay_lam_viec FROM core.lich ORDER BY ngay ASC").all()
    before = _declarations_due(connection)
    days = days_of(rows, [(row.ngay, row.la_ngay_lam_viec) for row in known])
    moved |= sync_rows(connection, "core.han_nop", days)
    after = _declarations_due(connection)
    if changed := [ky for ky in before.keys() | after.keys() if before.get(ky) != after.get(ky)]:
        run_sql(
            connection,
            "UPDATE ops.period SET changed = nextval('ops.period_change') WHERE ky = ANY(:kys)",
            kys=changed,
        )
    return moved


def _declarations_due(connection: sa.Connection) -> dict[str, list[str]]:
    """Month → what is said of the deadlines of its declarations."""
    found = run_sql(
        connection,
        "SELECT ky, array_agg(concat_ws(' ', cap::text, han) ORDER BY ma_han ASC) AS cac_han "
        "FROM core.han_nop WHERE loai = 'khai_bao' GROUP BY ky",
    )
    return {row.ky: row.cac_han for row in found}
