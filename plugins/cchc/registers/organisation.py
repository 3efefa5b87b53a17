"""The organisation's reference files: units, successions, other names; read, checked, synced."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Literal, TypeVar

import sqlalchemy as sa
from pydantic import Field, field_validator, model_validator

from cchc.errors import BadDefinition
from cchc.field_words import quoted
from cchc.models import Strict
from cchc.registers.reference_files import REFERENCE, numbered_rows, told
from cchc.spelling import fold
from cchc.warehouse import sync_rows

UNITS, SUCCESSIONS, NAMES = "don_vi.csv", "ke_thua.csv", "ten_goi_khac.csv"
DAY = timedelta(days=1)


class Dated(Strict):
    """Something that holds from one day to another, both included; no day: as far as is known, always."""

    hieu_luc_tu: date | None
    hieu_luc_den: date | None

    @model_validator(mode="after")
    def _forwards(self) -> "Dated":
        if self.start > self.end:
            raise ValueError(f"hieu_luc_den {self.hieu_luc_den} is before hieu_luc_tu {self.hieu_luc_tu}")
        return self

    @property
    def start(self) -> date:
        return self.hieu_luc_tu or date.min

    @property
    def end(self) -> date:
        return self.hieu_luc_den or date.max

    def holds_on(self, day: date) -> bool:
        return self.start <= day <= self.end

    def meets(self, other: "Dated") -> bool:
        """Whether there is a day on which both hold."""
        return self.start <= other.end and other.start <= self.end


Lasting = TypeVar("Lasting", bound=Dated)


class Unit(Dated):
    """A row of don_vi.csv: a unit in one range of validity. `ma_don_vi` is the project's own key."""

    ma_don_vi: str = Field(pattern=r"^\d{2}(\.[a-z0-9]+(-[a-z0-9]+)*)?$")
    ten_don_vi: str
    cap: Literal["toan_tinh", "so_nganh", "huyen", "xa"]
    loai: str | None
    ma_don_vi_cha: str | None
    ma_gso: str | None = Field(pattern=r"^\d{2,5}$")
    ma_dinh_danh: str | None
    theo_doi: bool
    da_kiem_chung: bool
    nguon: str


class Succession(Strict):
    """A row of ke_thua.csv: `ma_don_vi_moi` takes over from `ma_don_vi_cu` on a day.

    `nhan_ton`: it takes over the dossiers that are still open.
    """

    ma_don_vi_cu: str
    ma_don_vi_moi: str
    loai: Literal["hop_nhat", "chia_tach", "doi_ten", "chuyen_giao"]
    ngay_hieu_luc: date
    nhan_ton: bool
    da_kiem_chung: bool
    nguon: str


class Name(Dated):
    """A row of ten_goi_khac.csv: what a file may call a unit, by name or by a code of its own."""

    ten_goi: str
    ma_don_vi: str
    nguon: str

    @field_validator("ten_goi")
    @classmethod
    def _of_a_unit(cls, name: str) -> str:
        if fold(name).startswith("tong:"):
            raise ValueError("what begins with TONG: is the sum of a level. Expected what a unit is called")
        return name

    @property
    def khoa(self) -> str:
        return fold(self.ten_goi)


@dataclass(frozen=True)
class Organisation:
    """The rows of the three files by their lines."""

    units: dict[int, Unit]
    successions: dict[int, Succession]
    names: dict[int, Name]


def read_organisation(folder: Path = REFERENCE) -> Organisation:
    """The three files of a folder; raises BadDefinition where a row is wrong or two contradict each other."""
    found = Organisation(
        dict(numbered_rows(folder / UNITS, Unit)),
        dict(numbered_rows(folder / SUCCESSIONS, Succession)),
        dict(numbered_rows(folder / NAMES, Name)),
    )
    if not found.units:
        raise BadDefinition(f"{UNITS}: no unit. Expected at least the province: put the file back.")
    by_code: dict[str, list[Unit]] = defaultdict(list)
    for unit in found.units.values():
        by_code[unit.ma_don_vi].append(unit)
    _check_ranges(found.units)
    _check_parents(found.units, by_code)
    _check_successions(found.successions, by_code)
    _check_names(found.names, by_code)
    return found


# Checks ---------------------------------------------------------------------------------------


def _pairs(rows: Iterable[tuple[object, int, Lasting]]) -> Iterable[tuple[int, int, Lasting, Lasting]]:
    """Neighbours in time among the rows of one key, with their lines."""
    groups: dict[object, list[tuple[int, Lasting]]] = defaultdict(list)
    for key, line, row in rows:
        if key is not None:
            groups[key].append((line, row))
    for members in groups.values():
        members.sort(key=lambda member: member[1].start)
        # The one that reaches farthest is the one that a later one may run into.
        line, row = members[0]
        for next_line, next_row in members[1:]:
            yield line, next_line, row, next_row
            if next_row.end >= row.end:
                line, row = next_line, next_row


def _check_ranges(units: dict[int, Unit]) -> None:
    for line, other, a, b in _pairs((u.ma_don_vi, n, u) for n, u in units.items()):
        if a.meets(b):
            raise BadDefinition(
                f"{UNITS}, lines {line} and {other}: {a.ma_don_vi} is described twice for the same days. "
                f"Expected ranges that do not overlap: end the earlier one."
            )
        if a.end + DAY != b.start:
            raise BadDefinition(
                f"{UNITS}, lines {line} and {other}: {a.ma_don_vi} ends on {a.end} and begins again on "
                f"{b.start}. Expected no gap: a unit that comes back needs a code of its own."
            )
    for column in ("ma_gso", "ma_dinh_danh"):
        for line, other, a, b in _pairs((getattr(u, column), n, u) for n, u in units.items()):
            if a.ma_don_vi != b.ma_don_vi and a.meets(b):
                raise BadDefinition(
                    f"{UNITS}, lines {line} and {other}: {a.ma_don_vi} and {b.ma_don_vi} have the same "
                    f"{column} {getattr(a, column)} at the same time. Expected one unit: correct one of them."
                )


def _check_parents(units: dict[int, Unit], by_code: dict[str, list[Unit]]) -> None:
    for line, unit in units.items():
        if unit.ma_don_vi_cha is None:
            if unit.cap != "toan_tinh":
                raise BadDefinition(
                    f"{UNITS}, line {line}: {unit.ma_don_vi} has no ma_don_vi_cha. Expected the unit "
                    f"above it."
                )
            continue
        parents = by_code.get(unit.ma_don_vi_cha, [])
        if not parents:
            raise BadDefinition(
                f"{UNITS}, line {line}, column ma_don_vi_cha: there is no unit {unit.ma_don_vi_cha}. "
                f"Expected a ma_don_vi of this file."
            )
        if min(p.start for p in parents) > unit.start or max(p.end for p in parents) < unit.end:
            raise BadDefinition(
                f"{UNITS}, line {line}: {unit.ma_don_vi} is valid on days on which {unit.ma_don_vi_cha}, the "
                f"unit above it, is not. Expected days within those of the unit above: correct the dates."
            )
        seen = {unit.ma_don_vi}
        above: str | None = unit.ma_don_vi_cha
        while above is not None:
            if above in seen:
                raise BadDefinition(
                    f"{UNITS}, line {line}, column ma_don_vi_cha: {unit.ma_don_vi} is above itself. "
                    f"Expected a chain that ends at the province."
                )
            seen.add(above)
            above = next((p.ma_don_vi_cha for p in by_code.get(above, [])), None)


def _check_successions(successions: dict[int, Succession], by_code: dict[str, list[Unit]]) -> None:
    events: dict[tuple[str, date], list[tuple[int, Succession]]] = defaultdict(list)
    for line, row in successions.items():
        where = f"{SUCCESSIONS}, line {line}"
        for column, code in (("ma_don_vi_cu", row.ma_don_vi_cu), ("ma_don_vi_moi", row.ma_don_vi_moi)):
            if code not in by_code:
                raise BadDefinition(
                    f"{where}, column {column}: there is no unit {told(code)}. "
                    f"Expected a ma_don_vi of {UNITS}."
                )
        old, new = by_code[row.ma_don_vi_cu], by_code[row.ma_don_vi_moi]
        day = row.ngay_hieu_luc
        if not any(unit.holds_on(day) for unit in new):
            raise BadDefinition(
                f"{where}: {row.ma_don_vi_moi} is not valid on {day}, when it should take over. Correct the "
                f"day, or its dates in {UNITS}."
            )
        last = max(unit.end for unit in old)
        if row.loai == "chuyen_giao":
            if last < day - DAY:
                raise BadDefinition(
                    f"{where}: {row.ma_don_vi_cu} ended on {last}, so it has nothing to hand over on {day}."
                )
            if row.nhan_ton:
                raise BadDefinition(
                    f"{where}, column nhan_ton: chuyen_giao leaves the old unit its open dossiers. Expected "
                    f"0, or another loai."
                )
        elif last == date.max or last + DAY != day:
            raise BadDefinition(
                f"{where}: {row.ma_don_vi_cu} ends on {'no known day' if last == date.max else last} in "
                f"{UNITS}. Expected its last day to be {day - DAY}, the day before ngay_hieu_luc: "
                f"correct one of them."
            )
        events[row.ma_don_vi_cu, day].append((line, row))
    for (code, day), rows in events.items():
        lines = f"{SUCCESSIONS}, line{'s' if len(rows) > 1 else ''} {', '.join(str(n) for n, _ in rows)}"
        if len({row.ma_don_vi_moi for _, row in rows}) < len(rows):
            raise BadDefinition(f"{lines}: the same succession of {code} on {day} twice. Delete one.")
        ending = [row for _, row in rows if row.loai != "chuyen_giao"]
        if ending and sum(row.nhan_ton for row in ending) != 1:
            raise BadDefinition(
                f"{lines}: {sum(row.nhan_ton for row in ending)} units take over the open dossiers of {code} "
                f"on {day}. Expected nhan_ton 1 in exactly one line."
            )


def _check_names(names: dict[int, Name], by_code: dict[str, list[Unit]]) -> None:
    for line, name in names.items():
        units = by_code.get(name.ma_don_vi)
        if units is None:
            raise BadDefinition(
                f"{NAMES}, line {line}, column ma_don_vi: there is no unit {told(name.ma_don_vi)}. "
                f"Expected a ma_don_vi of {UNITS}."
            )
        if not any(name.meets(unit) for unit in units):
            raise BadDefinition(
                f"{NAMES}, line {line}: {name.ma_don_vi} is never valid between {name.hieu_luc_tu} and "
                f"{name.hieu_luc_den}. Correct the dates."
            )
    for line, other, a, b in _pairs((n.khoa, line, n) for line, n in names.items()):
        if a.meets(b):
            raise BadDefinition(
                f"{NAMES}, lines {line} and {other}: {quoted(b.ten_goi)} stands twice for the same days. "
                f"Expected one unit for a name: delete one line, or limit both by dates."
            )


# Syncing --------------------------------------------------------------------------------------


def sync_successions_and_names(connection: sa.Connection, organisation: Organisation) -> bool:
    """Makes core.ke_thua and core.ten_goi_khac hold the rows of their files; returns whether they did not."""
    successions = [row.model_dump() for row in organisation.successions.values()]
    names = [
        {
            "khoa": row.khoa,
            "ma_don_vi": row.ma_don_vi,
            "valid_from": row.hieu_luc_tu or "-infinity",
            "valid_to": row.hieu_luc_den or "infinity",
            "ten_goi": row.ten_goi,
            "nguon": row.nguon,
        }
        for row in organisation.names.values()
    ]
    changed = [
        sync_rows(connection, "core.ke_thua", successions),
        sync_rows(connection, "core.ten_goi_khac", names),
    ]
    return any(changed)
