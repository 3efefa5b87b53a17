"""Figures of units that end and of those that take over."""

from tests.figures.by_hand import PROVINCE, counted, done, on, unbalanced
from tests.world import PROCEDURES, World

OLD, NEW = "000.00.11.H59", "000.00.12.H59"


def merger(world: World) -> World:
    def unit(code: str, name: str, start: str, end: str | None, heir: str | None) -> dict:
        values = (code, name, "so_nganh", start, end, heir, "20250101000000")
        names = ("MaDonVi", "TenDonVi", "Cap", "HieuLucTu", "HieuLucDen", "MaDonViKeThua", "NgayCapNhat")
        return dict(zip(names, values, strict=True))

    units = [unit(OLD, "Sở Cũ", "20200101", "20250228", NEW), unit(NEW, "Sở Mới", "20250301", None, None)]
    world.ingest("don_vi", world.json(units))
    provider = {"MaDonVi": OLD, "MucDo": "4", "HieuLucTu": "20240101", "HieuLucDen": "20250228"}
    heir = provider | {"MaDonVi": NEW, "HieuLucTu": "20250301", "HieuLucDen": None}
    world.ingest("tthc", world.json([PROCEDURES[0] | {"DonViThucHien": [provider, heir]}]))
    return counted(
        world,
        on("0205", don_vi_xu_ly=OLD, **done("0220")),
        on("0205", don_vi_xu_ly=OLD, kenh_thuc_hien="1", **done("0310")),
        on("0228", don_vi_xu_ly=OLD, kenh_thuc_hien="1", ngay_hen_tra=""),
        on("0301", don_vi_xu_ly=NEW, kenh_thuc_hien="1"),
    )


def test_successor_answers_after_the_merger_and_totals_are_conserved(world):
    merger(world)
    flows = ("ky_truoc", "tiep_nhan", "da_giai_quyet", "dang_giai_quyet")
    # February at the old sở: 3 received, 1 finished, 2 open. March at the new one: these 2, and 1 received;
    # 1 finished; 2 open. To date: 4 received, 2 finished, at the new one.
    assert [world.figure(m, OLD, "2025-02")[0] for m in flows] == [0, 3, 1, 2]
    assert [world.figure(m, NEW, "2025-03")[0] for m in flows] == [2, 1, 1, 2]
    assert [world.figure(m, NEW, "2025-03", "luy_ke")[0] for m in flows] == [0, 4, 2, 2]
    assert world.figure("dang_giai_quyet", PROVINCE, "2025-02") == world.figure(
        "ky_truoc", PROVINCE, "2025-03"
    )
    assert unbalanced(world) == []
    seen = (
        "SELECT DISTINCT ky, ma_don_vi, ten_don_vi FROM mart.chi_so "
        "WHERE ma_don_vi NOT LIKE 'TONG%' AND ky_loai IN ('thang', 'luy_ke')"
    )
    assert sorted(world.rows(seen)) == [
        ("2025-01", OLD, "Sở Cũ"),
        ("2025-02", OLD, "Sở Cũ"),
        ("2025-03", NEW, "Sở Mới"),
    ]


def test_successor_has_the_procedures_that_were_filed_online_at_its_predecessor(world):
    merger(world)
    # Filed online in February at the old sở; to date in March it is the new one's, which provides it.
    assert world.figure("T8", OLD, "2025-02") == (1, 1)
    assert world.figure("T8", NEW, "2025-03") == (0, 1)
    assert world.figure("T8", NEW, "2025-03", "luy_ke") == (1, 1)
    assert world.figure("T8", PROVINCE, "2025-03", "luy_ke") == (1, 1)


def test_unit_that_ended_without_successor_keeps_its_dossiers(world):
    unit = {"MaDonVi": OLD, "TenDonVi": "Sở Cũ", "Cap": "so_nganh", "HieuLucTu": "20200101"}
    unit |= {"HieuLucDen": "20250228", "MaDonViKeThua": None, "NgayCapNhat": "20250101000000"}
    world.ingest("don_vi", world.json([unit, unit | {"MaDonVi": NEW, "TenDonVi": "Sở Khác"}]))
    world.ingest("tthc", world.json(PROCEDURES))
    counted(world, on("0205", don_vi_xu_ly=OLD))
    # The one still holds a dossier and is shown, the other ended with nothing.
    assert world.figure("dang_giai_quyet", OLD, "2025-03") == (1, None)
    assert world.rows("SELECT count(*) FROM mart.chi_so WHERE ma_don_vi = :u AND ky > '2025-02'", u=NEW) == [
        (0,)
    ]
    assert world.figure("dang_giai_quyet", PROVINCE, "2025-03") == (1, None)


def test_circle_of_successors_ends(world):
    def unit(code: str, heir: str) -> dict:
        return {
            "MaDonVi": code,
            "TenDonVi": f"Sở {code}",
            "Cap": "so_nganh",
            "HieuLucTu": "20200101",
            "HieuLucDen": "20250228",
            "MaDonViKeThua": heir,
            "NgayCapNhat": "20250101000000",
        }

    world.ingest("don_vi", world.json([unit(OLD, NEW), unit(NEW, OLD)]))
    world.ingest("tthc", world.json(PROCEDURES))
    counted(world, on("0205", don_vi_xu_ly=OLD))
    assert world.figure("dang_giai_quyet", PROVINCE, "2025-03") == (1, None)
