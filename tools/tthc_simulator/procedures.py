"""The procedure catalogue: which unit provides which procedure, and at which online level."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from tools.simulation.geography import LONG_AGO, ORIGIN, REFORM, SourceUnit, rows, units

DATA = Path(__file__).parent / "data"
LEVEL_NAMES = {"tinh": "Cấp tỉnh", "huyen": "Cấp huyện", "xa": "Cấp xã"}
UPGRADE_DATE = "20250401"
UPGRADE_ENTERED = "20250325080000"
# Procedures of the districts are those of the communes from the reform on.
REFORM_ENTERED = REFORM + "080000"
INFORMATION_ONLY, PARTLY_ONLINE, FULLY_ONLINE = 2, 3, 4


@dataclass(frozen=True)
class Procedure:
    """One row of data/tthc.csv."""

    code: str
    name: str
    field_code: str
    field: str
    ministry: str
    level: str
    department: str
    days: int | None
    online_level: int
    eligible: bool
    fee: bool
    no_result: bool
    financial_duty: bool
    documents: int
    applicant: str
    weight: float
    online_share: float
    valid_from: str
    valid_to: str | None
    moves_to: str


@cache
def procedures() -> tuple[Procedure, ...]:
    """The catalogue in file order."""
    return tuple(
        Procedure(
            row["ma_tthc"], row["ten_tthc"], row["ma_linh_vuc"], row["ten_linh_vuc"],
            row["co_quan_cong_bo"], row["cap"], row["don_vi"],
            int(row["so_ngay"]) if row["so_ngay"] else None, int(row["muc_do"]),
            row["du_dieu_kien"] == "1", row["co_phi"] == "1", row["khong_ket_qua"] == "1",
            row["nghia_vu_tai_chinh"] == "1", int(row["so_tai_lieu"]), row["loai_doi_tuong"],
            float(row["trong_so"]), float(row["ty_le_truc_tuyen"]), row["hieu_luc_tu"],
            row["hieu_luc_den"] or None, row["chuyen_sang"],
        )
        for row in rows(DATA / "tthc.csv")
    )  # fmt: skip


@cache
def provides() -> np.ndarray:
    """units × procedures, True where the unit has ever provided the procedure."""
    table = np.zeros((len(units()), len(procedures())), dtype=bool)
    codes = {unit.code: i for i, unit in enumerate(units())}
    keys = {unit.key: i for i, unit in enumerate(units())}
    for j, procedure in enumerate(procedures()):
        if procedure.level == "tinh":
            provider = keys.get(procedure.department)
            while provider is not None:
                table[provider, j] = True
                provider = codes.get(units()[provider].successor)
        else:
            table[[i for i, unit in enumerate(units()) if _decides(unit, procedure.level)], j] = True
    return table


def _decides(unit: SourceUnit, level: str) -> bool:
    return unit.level == level or (level == "huyen" and unit.level == "xa" and unit.valid_from >= REFORM)


def online_levels(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """units × procedures online level before and from UPGRADE_DATE; 0 where not provided.

    A few communes and districts are one level behind, and some of them catch up on that date. Of the
    communes that begin with the reform as many are behind.
    """
    rng = np.random.default_rng([seed, 4])
    base = np.array([procedure.online_level for procedure in procedures()])
    before = np.where(provides(), base, 0)
    local = np.array([unit.level in ("huyen", "xa") for unit in units()])
    reformed = np.array([unit.valid_from >= REFORM for unit in units()])
    after = before.copy()
    for rows_of, draw in ((~reformed, rng), (reformed, np.random.default_rng([seed, 11]))):
        level = before[rows_of]
        behind = local[rows_of, None] & (level == FULLY_ONLINE) & (draw.random(level.shape) < 0.10)
        level[behind] = PARTLY_ONLINE
        catches_up = behind & (draw.random(level.shape) < 0.5)
        before[rows_of] = level
        after[rows_of] = np.where(catches_up, FULLY_ONLINE, level)
    return before, after


def procedure_records(seed: int, den: str) -> list[dict]:
    """The catalogue as the source knew it at `den`, each procedure with its providing units."""
    before, after = online_levels(seed)
    listed = []
    for j, procedure in enumerate(procedures()):
        if procedure.valid_from > "20250101" and den < UPGRADE_ENTERED:
            continue
        changed = LONG_AGO
        providers = []
        for i in np.flatnonzero(provides()[:, j]):
            unit = units()[i]
            if unit.valid_from != ORIGIN and den < unit.known_from:
                continue
            ends = unit.valid_to if unit.knows_end(den) else None
            changed = max(changed, unit.end_known_from if ends else unit.known_from)
            starts = max(unit.valid_from, procedure.valid_from)
            if starts >= UPGRADE_DATE:
                providers.append(_provider(unit.code, after[i, j], starts, ends))
            elif before[i, j] != after[i, j] and den >= UPGRADE_ENTERED:
                changed = max(changed, UPGRADE_ENTERED)
                providers.append(_provider(unit.code, before[i, j], starts, "20250331"))
                providers.append(_provider(unit.code, after[i, j], UPGRADE_DATE, ends))
            else:
                providers.append(_provider(unit.code, before[i, j], starts, ends))
        if procedure.valid_from > "20250101":
            changed = max(changed, UPGRADE_ENTERED)
        # An end is entered when it comes into force, so the last day is known from then on.
        ended = procedure.valid_to is not None and den >= procedure.valid_to + "080000"
        if ended:
            changed = max(changed, procedure.valid_to + "080000")
        level = procedure.level
        if level == "huyen" and den >= REFORM_ENTERED:
            level, changed = "xa", max(changed, REFORM_ENTERED)
        listed.append(
            {
                "MaTTHC": procedure.code,
                "TenTTHC": procedure.name,
                "MaLinhVuc": procedure.field_code,
                "TenLinhVuc": procedure.field,
                "CapThucHien": LEVEL_NAMES[level],
                "CoQuanCongBo": procedure.ministry,
                "MucDo": str(procedure.online_level),
                "ThuTucKhongCoKetQua": str(int(procedure.no_result)),
                "CoPhi": str(int(procedure.fee)),
                "ThoiGianGiaiQuyet": procedure.days,
                "DuDieuKienToanTrinh": str(int(procedure.eligible)),
                "DonViThucHien": providers,
                "HieuLucTu": procedure.valid_from,
                "HieuLucDen": procedure.valid_to if ended else None,
                "NgayCapNhat": changed,
            }
        )
    return listed


def _provider(code: str, level: int, starts: str, ends: str | None) -> dict:
    return {"MaDonVi": code, "MucDo": str(level), "HieuLucTu": starts, "HieuLucDen": ends}
