"""Figures after a change of the catalogue are those of a warehouse that knew it from the start."""

import pytest

from cchc.contracts import contract_of
from cchc.figures.refresh import pending_periods, refresh
from cchc.loading.figure_columns import figure_columns
from cchc.loading.load_sql import OF_EVERY_RANGE, core_types
from tests.loading.dossiers import FINISHED
from tests.world import SO, XA, World

FIGURES = ("core.tong_hop", "core.tong_hop_linh_vuc", "core.tong_hop_tthc", "mart.chi_so", "mart.bieu_06a")
# A procedure and a unit that figures of January to March are made from, and another value of each column.
PROCEDURE = {
    "MaTTHC": "1.000001",
    "TenTTHC": "Thủ tục số 1",
    "MaLinhVuc": "LV1",
    "TenLinhVuc": "Lĩnh vực một",
    "CapThucHien": "Cấp tỉnh",
    "CoQuanCongBo": "Sở Nội vụ",
    "CoQuanThucHien": "Sở Xây dựng",
    "MucDo": "4",
    "ThuTucKhongCoKetQua": "0",
    "CoPhi": "1",
    "ThoiGianGiaiQuyet": "5",
    "DuDieuKienToanTrinh": "1",
    "DonViThucHien": [{"MaDonVi": SO, "MucDo": "4", "HieuLucTu": "20240101", "HieuLucDen": "20991231"}],
    "HieuLucTu": None,
    "HieuLucDen": None,
}
OTHER_PROCEDURE = {
    "TenTTHC": "Thủ tục số một",
    "MaLinhVuc": "LV2",
    "TenLinhVuc": "Lĩnh vực khác",
    "CapThucHien": "Cấp xã",
    "CoQuanCongBo": "UBND tỉnh",
    "CoQuanThucHien": "UBND cấp xã",
    "MucDo": "3",
    "ThuTucKhongCoKetQua": "1",
    "CoPhi": "0",
    "ThoiGianGiaiQuyet": "9",
    "DuDieuKienToanTrinh": "0",
    "DonViThucHien": [{"MaDonVi": SO, "MucDo": "3", "HieuLucTu": "20240101", "HieuLucDen": "20991231"}],
    "HieuLucTu": "20250120",
    "HieuLucDen": "20250310",
}
UNIT = {
    "MaDonVi": SO,
    "TenDonVi": "Sở Xây dựng",
    "Cap": "so_nganh",
    "MaDonViCha": None,
    "MaGSO": None,
    "HieuLucTu": "20200101",
    "HieuLucDen": None,
    "MaDonViKeThua": None,
}
OTHER_UNIT = {
    "TenDonVi": "Sở Kiến trúc",
    "Cap": "huyen",
    "MaDonViCha": "000.00.00.H59",
    "MaGSO": "29999",
    "HieuLucTu": "20250120",
    "HieuLucDen": "20250310",
    "MaDonViKeThua": XA,
}
CASES = {"tthc": (PROCEDURE, OTHER_PROCEDURE), "don_vi": (UNIT, OTHER_UNIT)}
FIRST, SECOND = {"NgayCapNhat": "20250110080000"}, {"NgayCapNhat": "20250225080000"}
JANUARY = {
    "ngay_nop_ho_so": "20250105080000",
    "ngay_tiep_nhan": "20250105080000",
    "ngay_hen_tra": "20250110080000",
    "ngay_cap_nhat": "20250301080000",
}
DOSSIERS = [
    {"ma_linh_vuc": "LV1", "so_lan_bo_sung": "1"},
    FINISHED | {"ma_linh_vuc": "LV1", "tong_phi_le_phi": "0", "co_ket_qua_dien_tu": "0"},
    JANUARY | {"ma_linh_vuc": "LV1"},
    JANUARY
    | {"ma_linh_vuc": "LV2", "trang_thai_ho_so": "9", "ngay_ket_thuc_xu_ly": "20250115080000"}
    | {"so_tai_lieu_co_tep": "0"},
]


def counted_anew(world: World) -> dict[str, list[str]]:
    """The figures when nothing that was counted before is left."""
    with world.engine.begin() as connection:
        connection.exec_driver_sql(
            "SET LOCAL session_replication_role = replica; "
            f"TRUNCATE {', '.join(FIGURES)}, core.doan, mart.diem_766, mart.ky, ops.period_written; "
            "UPDATE ops.period SET changed = nextval('ops.period_change'), counted = 0, refreshed = 0"
        )
    refresh(world.engine, *pending_periods(world.engine))
    return content(world)


def content(world: World) -> dict[str, list[str]]:
    """Figures without the moment at which they were written."""
    moments = "- '{as_of,batch_id,line_no}'::text[]"
    return {
        table: [
            text
            for (text,) in world.rows(
                f'SELECT x FROM (SELECT (to_jsonb(t) {moments})::text COLLATE "C" AS x FROM {table} AS t) '
                "AS a ORDER BY x"
            )
        ]
        for table in FIGURES
    }


@pytest.mark.long
@pytest.mark.parametrize("later_first", [False, True], ids=["in order", "later one first"])
@pytest.mark.parametrize("dataset", CASES)
def test_each_column_that_changes_alone_gives_the_figures_of_a_full_count(
    world: World, monkeypatch, dataset, later_first
):
    monkeypatch.setenv("CCHC_KY_DAU", "2025-01")
    world.dimensions()
    base, others = CASES[dataset]
    wrong = {}
    world.add(*DOSSIERS)
    for name, other in others.items():
        versions = [base | FIRST, base | {name: other} | SECOND]
        if later_first:
            versions.reverse()
        world.ingest(dataset, world.json([versions[0]], lan=f"{name} 1"))
        refresh(world.engine, *pending_periods(world.engine))
        world.ingest(dataset, world.json([versions[1]], lan=f"{name} 2"))
        refresh(world.engine, *pending_periods(world.engine))
        found = content(world)
        expected = counted_anew(world)
        assert expected["mart.bieu_06a"]
        if found != expected:
            wrong[name] = [t for t in FIGURES if found[t] != expected[t]]
        with world.engine.begin() as connection:
            key = "ma_don_vi" if dataset == "don_vi" else "ma_tthc"
            value = SO if dataset == "don_vi" else "1.000001"
            connection.exec_driver_sql(
                f"DELETE FROM core.{dataset}_phien_ban WHERE {key} = '{value}' AND thoi_diem >= '2025-01-10'"
            )
    assert wrong == {}


def test_every_column_of_both_dimensions_has_another_value_here():
    for dataset, (base, others) in CASES.items():
        contract = contract_of(dataset)
        columns = {header for column in contract.columns for header in column.headers[:1]}
        held = set(base) - {"MaTTHC", "MaDonVi"}
        assert held == set(others)
        assert held <= columns


def test_columns_that_figures_read_are_told_by_their_sql(province: World):
    with province.engine.connect() as connection:
        types = {dataset: list(core_types(connection, dataset)) for dataset in ("tthc", "don_vi")}
    read = set(figure_columns("core.tthc", types["tthc"])) - {"ma_tthc", *OF_EVERY_RANGE}
    # By hand, from the scans of dossiers and of the catalogue, and report II.06a. One too many, muc_do, is
    # that of core.tthc_don_vi.
    assert read == {
        *("thoi_gian_giai_quyet_ngay", "thu_tuc_khong_co_ket_qua", "co_phi", "du_dieu_kien_toan_trinh"),
        *("ma_linh_vuc", "ten_linh_vuc", "muc_do"),
    }
    assert {"ten_don_vi", "cap", "theo_doi"} <= set(figure_columns("core.don_vi", types["don_vi"]))
    # And one too many, loai, which is that of core.han_nop.
    assert not {"ma_gso", "nguon"} & set(figure_columns("core.don_vi", types["don_vi"]))
