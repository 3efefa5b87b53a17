"""The units of the province: levels, parents, made-up identifiers, and the 2025 mergers."""

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

DATA = Path(__file__).parent / "data"
ORIGIN = "20200101"
LONG_AGO = "20241001080000"
# When the vendor entered the mergers that took effect on 2025-03-01.
MERGERS_ENTERED = "20250224080000"


@dataclass(frozen=True)
class Unit:
    """One unit. `key` is the simulator's own handle; `code` is the identifier that is served."""

    key: str
    code: str
    name: str
    level: str
    parent: str | None
    gso: str | None
    valid_from: str = ORIGIN
    valid_to: str | None = None
    successor: str | None = None

    def record(self, den: str) -> dict:
        """The unit as the source knew it at `den`."""
        knows_end = den >= MERGERS_ENTERED
        changed = (self.valid_to or self.valid_from != ORIGIN) and knows_end
        return {
            "MaDonVi": self.code,
            "TenDonVi": self.name,
            "Cap": self.level,
            "MaDonViCha": self.parent,
            "MaGSO": self.gso,
            "HieuLucTu": self.valid_from,
            "HieuLucDen": self.valid_to if knows_end else None,
            "MaDonViKeThua": self.successor if knows_end else None,
            "NgayCapNhat": MERGERS_ENTERED if changed else LONG_AGO,
        }


def rows(name: str) -> list[dict[str, str]]:
    """The rows of a reference file of this package."""
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@cache
def units() -> tuple[Unit, ...]:
    """All units ever: the province, sở-level bodies, districts, communes, in code order."""
    top = "000.00.00.H59"
    found = [Unit("tinh", top, "UBND tỉnh Trà Vinh", "toan_tinh", None, "84")]
    departments = rows("so_nganh.csv")
    codes = {row["khoa"]: f"000.00.{11 + i}.H59" for i, row in enumerate(departments)}
    for row in departments:
        found.append(
            Unit(row["khoa"], codes[row["khoa"]], row["ten"], "so_nganh", top, None,
                 row["hieu_luc_tu"], row["hieu_luc_den"] or None, codes.get(row["ke_thua"]))
        )  # fmt: skip
    places = rows("dia_ban.csv")
    for i, district in enumerate(place for place in places if place["cap"] == "huyen"):
        code = f"000.00.{51 + i}.H59"
        name = f"UBND {district['ten']}"
        found.append(Unit(district["ma_gso"], code, name, "huyen", top, district["ma_gso"]))
        inside = [place for place in places if place["ma_gso_cha"] == district["ma_gso"]]
        for j, commune in enumerate(inside):
            name = f"UBND {commune['ten']}, {district['ten']}"
            found.append(
                Unit(commune["ma_gso"], f"000.{11 + j}.{51 + i}.H59", name, "xa", code,
                     commune["ma_gso"])
            )  # fmt: skip
    return tuple(found)


def unit_records(den: str) -> list[dict]:
    """The unit list as the source knew it at `den`: new units appear when they were entered."""
    return [unit.record(den) for unit in units() if unit.valid_from == ORIGIN or den >= MERGERS_ENTERED]
