"""Dossiers for tests of loading."""

from tests.world import World, code

# The columns that every layout must have, as a vendor's short list: no channel, no flags, no counts.
SHORT = [
    *("ma_ho_so", "ma_tthc", "ngay_tiep_nhan", "ngay_hen_tra", "ngay_ket_thuc_xu_ly"),
    *("trang_thai_ho_so", "don_vi_xu_ly"),
]


FINISHED = {"trang_thai_ho_so": "9", "ngay_ket_thuc_xu_ly": "20250310100000"}


JULY = "2025-07-01"


def dossier(world: World, columns: str, number: int = 1) -> tuple:
    """The given columns of the one row of core.ho_so with the n-th dossier."""
    found = world.rows(f"SELECT {columns} FROM core.ho_so WHERE ma_ho_so = :m", m=code(number))
    assert len(found) == 1, f"{code(number)} stands {len(found)} times in core.ho_so"
    return found[0]


def batch_counts(world: World, batch_id: int) -> tuple:
    return world.rows(
        "SELECT lines_read, lines_accepted, lines_rejected, lines_superseded FROM ops.batch "
        "WHERE batch_id = :b",
        b=batch_id,
    )[0]


def received(day: str, **other: str) -> dict:
    return {
        "ngay_tiep_nhan": f"{day}080000",
        "ngay_nop_ho_so": f"{day}080000",
        "ngay_hen_tra": "20260301000000",
        "ngay_cap_nhat": f"{day}080000",
    } | other
