"""The units of the province: levels, parents, made-up identifiers, and the changes of 2025."""

import csv
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import numpy as np

from tools.simulation import working_days as wd

REFERENCE = Path(__file__).resolve().parents[2] / "sql" / "reference"
ORIGIN = "20200101"
LONG_AGO = "20241001080000"
# The district level ends and the province becomes part of another.
REFORM = "20250701"
# Last part of the identifiers: H59 is Trà Vinh's; H61, Vĩnh Long's, is not verified.
SUFFIXES = {"84": "H59", "86": "H61"}
# What exports write above the units of a level, and of a unit that they do not know.
LEVEL_HEADINGS = {
    "so_nganh": "Sở ban ngành",
    "huyen": "Huyện, thị xã, thành phố",
    "xa": "Xã, phường, thị trấn",
}
UNKNOWN_UNIT_NAME = "Đơn vị không xác định"


@dataclass(frozen=True)
class SourceUnit:
    """One unit as the sources know it.

    `key` is its code in sql/reference; `code` is the made-up identifier that is served.
    """

    key: str
    code: str
    name: str
    level: str
    parent: str | None
    gso: str | None
    valid_from: str
    valid_to: str | None
    successor: str | None

    @property
    def known_from(self) -> str:
        """The moment from which the source lists the unit."""
        return LONG_AGO if self.valid_from == ORIGIN else entered(self.valid_from)

    @property
    def end_known_from(self) -> str | None:
        """The moment from which the source knows that the unit ends."""
        return entered(day_after(self.valid_to)) if self.valid_to else None

    def knows_end(self, den: str) -> bool:
        """Whether the source knew at `den` that the unit ends."""
        return self.end_known_from is not None and den >= self.end_known_from

    def record(self, den: str) -> dict:
        """The unit as the source knew it at `den`."""
        knows_end = self.knows_end(den)
        return {
            "MaDonVi": self.code,
            "TenDonVi": self.name,
            "Cap": self.level,
            "MaDonViCha": self.parent,
            "MaGSO": self.gso,
            "HieuLucTu": self.valid_from,
            "HieuLucDen": self.valid_to if knows_end else None,
            "MaDonViKeThua": self.successor if knows_end else None,
            "NgayCapNhat": self.end_known_from if knows_end else self.known_from,
        }


@cache
def entered(day: str) -> str:
    """When the vendor entered a change that takes effect on `day` (yyyyMMdd): five days before it."""
    return (_date(day) - timedelta(days=5)).strftime("%Y%m%d080000")


@cache
def day_after(day: str) -> str:
    return (_date(day) + timedelta(days=1)).strftime("%Y%m%d")


def _date(day: str) -> datetime:
    return datetime.strptime(day, "%Y%m%d")  # noqa: DTZ007 - local time by contract


def rows(path: Path) -> list[dict[str, str]]:
    """The rows of a data file; lines that begin with # are remarks."""
    with path.open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if not next(iter(row.values())).startswith("#")]


@cache
def units() -> tuple[SourceUnit, ...]:
    """All units ever of which figures are expected: first those of the old province, then of the new.

    In each the province, sở-level bodies, districts with their communes, communes of the province.
    """
    listed = [row for row in rows(REFERENCE / "don_vi.csv") if row["theo_doi"] == "1"]
    known = {row["ma_don_vi"]: row for row in listed}
    heirs = {
        row["ma_don_vi_cu"]: row["ma_don_vi_moi"]
        for row in rows(REFERENCE / "ke_thua.csv")
        if row["nhan_ton"] == "1"
    }
    codes = _identifiers(listed)
    found = []
    for key, code in codes.items():
        row = known[key]
        parent = known.get(row["ma_don_vi_cha"])
        found.append(
            SourceUnit(
                key, code, _name(row, parent), row["cap"], codes.get(row["ma_don_vi_cha"]),
                row["ma_gso"] or None, row["hieu_luc_tu"].replace("-", "") or ORIGIN,
                row["hieu_luc_den"].replace("-", "") or None, codes.get(heirs.get(key, "")),
            )
        )  # fmt: skip
    return tuple(found)


def _identifiers(listed: list[dict[str, str]]) -> dict[str, str]:
    """Made-up identifiers in the 13-character form, in the order in which units are listed."""

    def below(parent: str, *levels: str) -> list[str]:
        return [r["ma_don_vi"] for r in listed if r["ma_don_vi_cha"] == parent and r["cap"] in levels]

    codes = {}
    for province, suffix in SUFFIXES.items():
        codes[province] = f"000.00.00.{suffix}"
        for i, department in enumerate(below(province, "so_nganh")):
            codes[department] = f"000.00.{11 + i}.{suffix}"
        for i, place in enumerate(below(province, "huyen", "xa")):
            codes[place] = f"000.00.{51 + i}.{suffix}"
            for j, commune in enumerate(below(place, "xa")):
                codes[commune] = f"000.{11 + j}.{51 + i}.{suffix}"
    return codes


def _name(row: dict[str, str], parent: dict[str, str] | None) -> str:
    name = row["ten_don_vi"]
    if row["cap"] == "toan_tinh":
        return f"UBND {name[0].lower()}{name[1:]}"
    if row["cap"] == "so_nganh":
        return name
    return f"UBND {name}, {parent['ten_don_vi']}" if parent and parent["cap"] == "huyen" else f"UBND {name}"


def unit_records(den: str) -> list[dict]:
    """The unit list as the source knew it at `den`: new units appear when they were entered."""
    return [unit.record(den) for unit in units() if unit.valid_from == ORIGIN or den >= unit.known_from]


def after_mergers(unit: np.ndarray, at: np.ndarray, share: np.ndarray) -> np.ndarray:
    """The unit that stands in the place of `unit` at each moment.

    What came to a district comes to one of the communes on its land, chosen by `share` in [0, 1).
    """
    codes = {item.code: i for i, item in enumerate(units())}
    heirs: list[list[int]] = []
    for i, item in enumerate(units()):
        places = {other.successor for other in units() if item.level == "huyen" and other.parent == item.code}
        heirs.append(sorted(codes[code] for code in places or {item.successor} if code) or [i])
    first = np.cumsum([0, *map(len, heirs)])[:-1]
    many, flat = np.array([len(h) for h in heirs]), np.concatenate(heirs)
    ends = np.array(
        [wd.seconds(day_after(u.valid_to) + "000000") if u.valid_to else wd.NEVER for u in units()]
    )
    while (over := at >= ends[unit]).any():
        unit = np.where(over, flat[first[unit] + (share * many[unit]).astype(int)], unit)
    return unit


def now_answering(unit: np.ndarray, den: str) -> np.ndarray:
    """The unit that has taken over the open dossiers of `unit` by the moment `den`, or `unit` itself."""
    codes = {item.code: i for i, item in enumerate(units())}
    heir = np.array(
        [
            codes[u.successor] if u.successor and u.valid_to and day_after(u.valid_to) <= den[:8] else i
            for i, u in enumerate(units())
        ]
    )
    while (heir[unit] != unit).any():
        unit = heir[unit]
    return unit
