"""Dossiers whose figures can be worked out by hand."""

from cchc.figures.refresh import pending_periods, refresh
from tests.world import World, code

PROVINCE = "TONG:toan_tinh"


APRIL = "2025-04-01"


def on(day: str, **values: str) -> dict:
    """A dossier received on that day of 2025 (mmdd) at 09:00, due a week later."""
    moment = f"2025{day}090000"
    due = f"2025{int(day) + 7:04d}090000"
    return {"ngay_nop_ho_so": moment, "ngay_tiep_nhan": moment, "ngay_hen_tra": due} | values


def done(day: str, status: str = "9", **values: str) -> dict:
    """Received on 5 March, due on 12 March, ended on that day of 2025 (mmdd) at 10:00."""
    return {"trang_thai_ho_so": status, "ngay_ket_thuc_xu_ly": f"2025{day}100000"} | values


def counted(world: World, *dossiers: dict, at: str = APRIL, upto: str = "2025-03") -> World:
    """Loads the dossiers and refreshes the months up to `upto`."""
    numbered = ({"ma_ho_so": code(n)} | d for n, d in enumerate(dossiers, 1))
    world.ingest("ho_so", world.dossiers(*numbered), at=at)
    refresh(world.engine, *(ky for ky in pending_periods(world.engine) if ky <= upto))
    return world


def row(world: World, ma: str, unit: str, ky: str, ky_loai: str = "thang") -> tuple:
    found = world.rows(
        "SELECT gia_tri, ly_do_na, muc_tieu, dat FROM mart.chi_so WHERE ma_chi_so = :ma "
        "AND ma_don_vi = :unit AND ky = :ky AND ky_loai = :l",
        ma=ma,
        unit=unit,
        ky=ky,
        l=ky_loai,
    )
    assert len(found) == 1
    return found[0]


def unbalanced(world: World) -> list[tuple]:
    """Rows in which carried over + received ≠ finished + open."""
    return world.rows(
        "SELECT ky_loai, ky, ma_don_vi FROM mart.chi_so GROUP BY ky_loai, ky, ma_don_vi HAVING "
        "sum(tu_so) FILTER (WHERE ma_chi_so IN ('ky_truoc', 'tiep_nhan')) <> "
        "sum(tu_so) FILTER (WHERE ma_chi_so IN ('da_giai_quyet', 'dang_giai_quyet'))"
    )
