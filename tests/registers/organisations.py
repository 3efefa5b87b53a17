"""Organisations for tests: rows of the files, lists of a source, and who answers."""

import csv
from pathlib import Path

from cchc.loading.organisation import load_organisation
from cchc.registers.organisation import NAMES, SUCCESSIONS, UNITS
from cchc.registers.reference_files import REFERENCE
from tests.world import World, code

LAST_DAY, REFORM = "2025-06-30", "2025-07-01"


def file_rows(name: str) -> list[dict[str, str]]:
    with (REFERENCE / name).open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if not next(iter(row.values())).startswith("#")]


HEADERS = {
    UNITS: list(file_rows(UNITS)[0]),
    SUCCESSIONS: list(file_rows(SUCCESSIONS)[0]),
    NAMES: ["ten_goi", "ma_don_vi", "hieu_luc_tu", "hieu_luc_den", "nguon"],
}


def unit(ma: str, ten: str = "", tu: str = "", den: str = "", cap: str = "xa", **values: str) -> dict:
    return {
        "ma_don_vi": ma,
        "ten_don_vi": ten or f"Xã {ma[3:].upper()}",
        "cap": cap,
        "ma_don_vi_cha": "84",
        "hieu_luc_tu": tu,
        "hieu_luc_den": den,
        "theo_doi": "1",
        "da_kiem_chung": "1",
        "nguon": "thử",
    } | values


def step(cu: str, moi: str, ngay: str, loai: str = "hop_nhat", nhan_ton: str = "1") -> dict:
    names = ("ma_don_vi_cu", "ma_don_vi_moi", "ngay_hieu_luc", "loai", "nhan_ton")
    return dict(zip(names, (cu, moi, ngay, loai, nhan_ton), strict=True)) | {
        "da_kiem_chung": "1",
        "nguon": "thử",
    }


def called(ten: str, ma: str, tu: str = "", den: str = "") -> dict:
    return {"ten_goi": ten, "ma_don_vi": ma, "hieu_luc_tu": tu, "hieu_luc_den": den, "nguon": "thử"}


PROVINCE = unit("84", "Tỉnh Thử", cap="toan_tinh", ma_don_vi_cha="")


def write(folder: Path, units: list[dict], steps: list[dict] = (), names: list[dict] = ()) -> Path:
    """The three files with these rows; the province stands in line 2 of the units."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in ((UNITS, [PROVINCE, *units]), (SUCCESSIONS, steps), (NAMES, names)):
        with (folder / name).open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, HEADERS[name], restval="")
            writer.writeheader()
            writer.writerows(rows)
    return folder


A, B = unit("84.a", den="2025-02-28"), unit("84.b", tu="2025-03-01")


def organise(world: World, folder: Path = REFERENCE) -> list[str]:
    """Loads the reference files; returns the months that wait to be counted again."""
    return load_organisation(world.engine, world.folder / "landing", folder)[1]


def on(day: str, unit_name: str, number: int | None = None, **values: str) -> dict:
    """A dossier received at a unit on that day (yyyy-mm-dd)."""
    stamp = day.replace("-", "") + "090000"
    row = {"ngay_nop_ho_so": stamp, "ngay_tiep_nhan": stamp, "ngay_cap_nhat": stamp, "ngay_hen_tra": ""}
    row |= {"don_vi_xu_ly": unit_name} | values
    return row if number is None else row | {"ma_ho_so": code(number)}


def answers(world: World, day: str) -> dict[str, str]:
    """Code → the unit that answers for it on that day."""
    rows = world.rows("SELECT ma_goc, ma_don_vi FROM core.don_vi_tai_ngay(:d)", d=day)
    assert len(rows) == len(dict(rows)), "a code answers at one unit"
    return dict(rows)


def listed(ma: str, ten: str, cap: str = "xa", **values: str | None) -> dict:
    """A row of a source's unit list."""
    row = {"MaDonVi": ma, "TenDonVi": ten, "Cap": cap, "MaGSO": None, "HieuLucTu": "20200101"}
    row |= {"HieuLucDen": None, "MaDonViKeThua": None, "NgayCapNhat": "20240101000000"}
    return row | values


def empty(world: World) -> None:
    """Forgets everything that was ever loaded."""
    world.without_dossiers()
    with world.engine.begin() as connection:
        connection.exec_driver_sql(
            "TRUNCATE core.ke_thua, core.ten_goi_khac, core.don_vi_khoa, core.don_vi_tra_loi, "
            "ops.batch CASCADE"
        )
