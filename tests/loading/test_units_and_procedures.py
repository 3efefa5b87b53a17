"""Loading units and procedures: their versions in time, in any order."""

import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cchc.contracts import contract_of
from cchc.sources.landing import land_file
from tests.loading.dossiers import FINISHED, JULY, SHORT, batch_counts, dossier, received
from tests.torture import often
from tests.world import DOSSIER, FULL, PROCEDURES, SO, XA, World, code

# --- units --------------------------------------------------------------------------------------


OLD, NEW = "000.00.11.H59", "000.00.12.H59"


def unit(**values: str | None) -> dict:
    return {
        "MaDonVi": OLD,
        "TenDonVi": "Sở Nội vụ",
        "Cap": "so_nganh",
        "MaDonViCha": None,
        "MaGSO": None,
        "HieuLucTu": "20200101",
        "HieuLucDen": None,
        "MaDonViKeThua": None,
        "NgayCapNhat": "20240101000000",
    } | values


UNIT_VERSIONS = [
    unit(),
    unit(TenDonVi="Sở Nội vụ và Lao động", NgayCapNhat="20240601080000"),
    # The end becomes known, then the code is used again.
    unit(
        TenDonVi="Sở Nội vụ và Lao động",
        HieuLucDen="20250228",
        MaDonViKeThua=NEW,
        NgayCapNhat="20250220080000",
    ),
    unit(TenDonVi="Chi cục Nội vụ", HieuLucTu="20250601", NgayCapNhat="20250601080000"),
]


SUCCESSOR = unit(MaDonVi=NEW, TenDonVi="Sở Tổ chức", HieuLucTu="20250301", NgayCapNhat="20250220080000")


# Worked out by hand: the renaming counts from the day on which the source knew it; the end closes the
# last range; the successor stands on both ranges of the first life; the second life starts anew.
UNIT_HISTORY = [
    (OLD, "2020-01-01", "2024-05-31", "Sở Nội vụ", NEW),
    (OLD, "2024-06-01", "2025-02-28", "Sở Nội vụ và Lao động", NEW),
    (OLD, "2025-06-01", "infinity", "Chi cục Nội vụ", None),
    (NEW, "2025-03-01", "infinity", "Sở Tổ chức", None),
]


def unit_history(world: World) -> list[tuple]:
    return world.rows(
        "SELECT ma_don_vi, valid_from::text, valid_to::text, ten_don_vi, ma_don_vi_ke_thua "
        "FROM core.don_vi ORDER BY ma_don_vi, valid_from"
    )


def test_unit_history_name_change_end_successor_and_reuse(world):
    for version in UNIT_VERSIONS:
        world.ingest("don_vi", world.json([version]))
    world.ingest("don_vi", world.json([SUCCESSOR]))
    assert unit_history(world) == UNIT_HISTORY


@pytest.mark.long
@pytest.mark.torture
def test_unit_versions_in_any_order_give_the_same_table(engine, tmp_path):
    """All orders of arrival, one version a file or several in one."""

    # A list with fewer columns knows of another name for a while.
    short = {"MaDonVi": OLD, "TenDonVi": "Sở Nội vụ, Lao động", "Cap": "so_nganh"}
    short |= {"NgayCapNhat": "20240901000000"}
    expected = [
        UNIT_HISTORY[0],
        (OLD, "2024-06-01", "2024-08-31", "Sở Nội vụ và Lao động", NEW),
        (OLD, "2024-09-01", "2025-02-19", "Sở Nội vụ, Lao động", NEW),
        (OLD, "2025-02-20", "2025-02-28", "Sở Nội vụ và Lao động", NEW),
        *UNIT_HISTORY[2:],
    ]

    @settings(
        max_examples=often(40, 4),
        deadline=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(st.permutations([*UNIT_VERSIONS, SUCCESSOR]), st.integers(1, 4), st.integers(0, 2))
    def check(versions, first, place):
        with engine.begin() as connection:
            connection.exec_driver_sql(
                "TRUNCATE core.don_vi_phien_ban, core.don_vi, core.don_vi_khoa, ops.batch CASCADE"
            )
        world = World(engine, tmp_path)
        files = [versions[:first], versions[first:]]
        files.insert(place, [short])
        for records in files:
            world.ingest("don_vi", world.json(records))
        assert unit_history(world) == expected

    check()


def test_name_that_two_units_bear_at_the_same_time_names_neither(world):
    twin = unit(MaDonVi=NEW, HieuLucTu="20240701", NgayCapNhat="20240701000000")
    world.ingest("don_vi", world.json([unit(), twin]))
    keys = "SELECT khoa, ma_don_vi FROM core.don_vi_khoa WHERE :day BETWEEN valid_from AND valid_to"
    alone = world.rows(keys, day="2024-06-30")
    assert {("sở nội vụ", OLD), (OLD.lower(), OLD)} <= set(alone)
    assert sorted(world.rows(keys, day="2024-07-01")) == [(OLD.lower(), OLD), (NEW.lower(), NEW)]


def test_name_that_passes_from_one_unit_to_the_next_names_each_in_its_time(world):
    first = unit(HieuLucDen="20250228", MaDonViKeThua=NEW)
    world.ingest("don_vi", world.json([first, unit(MaDonVi=NEW, HieuLucTu="20250301")]))
    world.ingest("tthc", world.json(PROCEDURES))
    rows = [
        {"don_vi_xu_ly": "SỞ  NỘI VỤ", "ngay_tiep_nhan": f"{day}090000", "ngay_nop_ho_so": f"{day}080000"}
        for day in ("20250228", "20250301")
    ]
    world.add(*rows)
    assert [dossier(world, "ma_don_vi", n) for n in (1, 2)] == [(OLD,), (NEW,)]


def test_tone_marks_and_unicode_form_of_a_unit_name_do_not_matter(world):
    world.ingest("don_vi", world.json([unit(TenDonVi="UBND xã Hoà Thuỷ")]))
    names = ["UBND xã Hòa Thủy", "ubnd xã hoà thuỷ", "UBND xa\u0303 Ho\u0300a Thu\u0309y"]
    world.add(*({"don_vi_xu_ly": name} for name in names[:2]))
    assert [dossier(world, "ma_don_vi", n) for n in (1, 2)] == [(OLD,), (OLD,)]


def test_unit_that_is_not_valid_on_the_day_of_receipt_is_rejected(world):
    world.ingest("don_vi", world.json([unit(HieuLucDen="20250228", MaDonViKeThua=NEW), SUCCESSOR]))
    world.ingest("tthc", world.json(PROCEDURES))
    days = ["20250228"] * 20 + ["20250301"]
    batch = world.add(*({"don_vi_xu_ly": OLD, "ngay_tiep_nhan": f"{day}235959"} for day in days))
    assert batch_counts(world, batch.batch_id) == (21, 20, 1, 0)
    assert world.rows("SELECT line_no, rule_ids FROM ops.reject") == [(22, ["HS14"])]


def test_unit_list_with_fewer_columns_erases_nothing(world):
    world.ingest("don_vi", world.json([UNIT_VERSIONS[2], SUCCESSOR]))
    before = unit_history(world)
    short = [{"ma_don_vi": OLD, "ten_don_vi": "Sở Nội vụ và Lao động", "cap": "so_nganh"}]
    world.ingest("don_vi", world.csv(short), at="2025-03-05")
    assert unit_history(world) == before


def test_start_of_a_unit_that_the_source_corrects_replaces_the_wrong_one(world):
    world.ingest("don_vi", world.json([unit(TenDonVi="Sở Dân tộc", HieuLucTu="20250301")]))
    corrected = unit(TenDonVi="Sở Dân tộc và Tôn giáo", HieuLucTu="20250215", NgayCapNhat="20250310000000")
    world.ingest("don_vi", world.json([corrected]))
    assert unit_history(world) == [(OLD, "2025-02-15", "infinity", "Sở Dân tộc và Tôn giáo", None)]


# --- procedures ---------------------------------------------------------------------------------


def procedure(**values: object) -> dict:
    return PROCEDURES[0] | values


def provided(code: str, level: str, start: str, end: str | None = None) -> dict:
    return {"MaDonVi": code, "MucDo": level, "HieuLucTu": start, "HieuLucDen": end}


TTHC_VERSIONS = [
    procedure(DonViThucHien=[provided(SO, "3", "20240101")]),
    # Entered on 25 March: from 1 April the sở provides it toàn trình, and the commune as well.
    procedure(
        DonViThucHien=[
            provided(SO, "3", "20240101", "20250331"),
            provided(SO, "4", "20250401"),
            provided(XA, "4", "20250401"),
        ],
        NgayCapNhat="20250325080000",
    ),
    procedure(
        TenTTHC="Thủ tục số một (sửa)",
        DonViThucHien=[provided(SO, "4", "20250401"), provided(XA, "4", "20250401")],
        HieuLucDen="20250630",
        NgayCapNhat="20250601080000",
    ),
]


def levels_on(world: World, day: str) -> list[tuple]:
    return world.rows(
        "SELECT ma_don_vi, muc_do FROM core.tthc_don_vi "
        "WHERE CAST(:d AS date) BETWEEN valid_from AND valid_to ORDER BY ma_don_vi",
        d=day,
    )


def test_level_of_a_procedure_changes_on_the_day_the_source_names(world):
    for version in TTHC_VERSIONS:
        world.ingest("tthc", world.json([version]))
    assert levels_on(world, "2023-12-31") == []
    assert levels_on(world, "2025-03-31") == [(SO, 3)]
    assert levels_on(world, "2025-04-01") == [(SO, 4), (XA, 4)]
    assert levels_on(world, "2025-06-30") == [(SO, 4), (XA, 4)]
    assert levels_on(world, "2025-07-01") == []
    names = "SELECT ten_tthc, valid_from::text, valid_to::text FROM core.tthc ORDER BY valid_from"
    # The second version differs from the first in its providers: ranges follow the versions.
    assert world.rows(names) == [
        ("Thủ tục số 1", "2024-01-01", "2025-03-24"),
        ("Thủ tục số 1", "2025-03-25", "2025-05-31"),
        ("Thủ tục số một (sửa)", "2025-06-01", "2025-06-30"),
    ]


def written(world: World) -> dict[tuple, str]:
    """Each row of a procedure and its providers, and the transaction that wrote it."""
    rows = world.rows(
        "SELECT ma_tthc, '' AS ma_don_vi, valid_from::text, xmin::text FROM core.tthc "
        "UNION ALL SELECT ma_tthc, ma_don_vi, valid_from::text, xmin::text FROM core.tthc_don_vi"
    )
    return {tuple(row[:3]): row[3] for row in rows}


def test_list_writes_no_row_of_procedures_of_which_it_says_nothing_new(world):
    same = procedure(MaTTHC="1.000002", DonViThucHien=[provided(SO, "4", "20240101")])
    first = procedure(DonViThucHien=[provided(SO, "3", "20240101"), provided(XA, "4", "20240101")])
    world.ingest("tthc", world.json([first, same]), at="2025-06-01")
    before = written(world)
    changed = first | {"CoPhi": "0", "NgayCapNhat": "20250310000000"}
    changed["DonViThucHien"] = [provided(SO, "4", "20240101")]
    world.ingest("tthc", world.json([changed, same]), at="2025-06-02")
    after = written(world)
    # Both ended on 9 March, and XA provides it no more; SO does from 10 March, at another level.
    assert {key for key in before if before[key] != after.get(key)} == {
        ("1.000001", "", "2024-01-01"),
        ("1.000001", SO, "2024-01-01"),
        ("1.000001", XA, "2024-01-01"),
    }
    assert after.keys() - before.keys() == {("1.000001", "", "2025-03-10"), ("1.000001", SO, "2025-03-10")}


def test_range_that_a_corrected_list_takes_back_goes(world):
    first = procedure(HieuLucTu="20240101", NgayCapNhat="20250110000000")
    world.ingest("tthc", world.json([first]), at="2025-06-01")
    right = first | {"HieuLucTu": "20240301", "NgayCapNhat": "20250210000000"}
    right["DonViThucHien"] = [provided(SO, "4", "20240101")]
    world.ingest("tthc", world.json([right]), at="2025-06-02")
    assert [tuple(key) for key in written(world)] == [
        ("1.000001", "", "2024-03-01"),
        ("1.000001", SO, "2024-03-01"),
    ]


def test_unit_listed_twice_from_one_day_on_provides_until_the_later_end(world):
    ends = ["20250630", "20251231", "20250331"]
    for n, order in enumerate(itertools.permutations(ends), start=1):
        listed = [provided(SO, "4", "20240101", end) for end in order]
        world.ingest("tthc", world.json([procedure(MaTTHC=f"1.00000{n}", DonViThucHien=listed)]))
    assert world.rows("SELECT DISTINCT muc_do, valid_to::text FROM core.tthc_don_vi") == [(4, "2025-12-31")]


@pytest.mark.long
def test_procedure_versions_in_any_order_give_the_same_tables(world):
    seen, orders = [], [(0, 1, 2, 3), (3, 2, 1, 0), (2, 0, 3, 1), (1, 3, 0, 2), (3, 0, 2, 1)]
    short = [{"ma_tthc": "1.000001", "ten_tthc": "Thủ tục số 1", "muc_do": "4"}]
    files = [world.json([version]) for version in TTHC_VERSIONS] + [world.csv(short)]
    moments = [None, None, None, "2025-02-01"]
    for order in orders:
        with world.engine.begin() as connection:
            connection.exec_driver_sql(
                "TRUNCATE core.tthc_phien_ban, core.tthc, core.tthc_don_vi, ops.batch CASCADE"
            )
        for number in order:
            world.ingest("tthc", files[number], at=moments[number])
        seen.append(world.content("core.tthc", "core.tthc_don_vi", "core.tthc_phien_ban"))
    assert all(content == seen[0] for content in seen)


def test_catalogue_with_fewer_columns_erases_nothing(world):
    world.ingest("tthc", world.json(PROCEDURES))
    level = "SELECT DISTINCT ma_tthc, ma_don_vi, muc_do FROM core.tthc_don_vi ORDER BY 1, 2"
    providers = world.rows(level)
    short = [{"ma_tthc": "1.000003", "ten_tthc": "Tên mới", "ten_linh_vuc": "Lĩnh vực hai"}]
    world.ingest("tthc", world.csv(short), at="2025-02-01")
    rows = world.rows(
        "SELECT ten_tthc, ten_linh_vuc, muc_do, thu_tuc_khong_co_ket_qua, thoi_gian_giai_quyet_ngay, "
        "valid_from::text FROM core.tthc WHERE ma_tthc = '1.000003' ORDER BY valid_from"
    )
    assert rows == [
        ("Thủ tục số 3", "Lĩnh vực một", 4, 1, 0, "2024-01-01"),
        ("Tên mới", "Lĩnh vực hai", 4, 1, 0, "2025-02-01"),
    ]
    assert len(providers) == 6
    assert world.rows(level) == providers


def test_full_form_of_a_procedure_code_is_the_same_procedure(world):
    full = procedure(MaTTHC="1.000001.000.00.00.H59", NgayCapNhat="20250201000000", TenTTHC="Tên mới")
    world.ingest("tthc", world.json([procedure()]))
    world.ingest("tthc", world.json([full]))
    assert world.rows("SELECT ma_tthc, ten_tthc FROM core.tthc ORDER BY valid_from") == [
        ("1.000001", "Thủ tục số 1"),
        ("1.000001", "Tên mới"),
    ]


def test_provider_that_cannot_be_read_is_rejected_with_a_reason(world):
    bad = [provided(SO, None, "20240101"), provided(None, "4", "20240101"), provided(SO, "4", "2024-13-45")]
    records = [procedure(MaTTHC=f"1.2000{n}", DonViThucHien=[p]) for n, p in enumerate(bad, start=10)]
    records += [procedure(MaTTHC=f"1.1000{n}") for n in range(10, 80)]
    batch, _ = world.ingest("tthc", world.json(records))
    assert (batch.lines_accepted, batch.lines_rejected) == (70, 3)


def test_dimensions_touch_the_months_from_the_day_that_changed(world):
    world.dimensions()
    world.ingest("ho_so", world.dossiers(received("20250630")), at=JULY)
    newer = [PROCEDURES[0] | {"ThuTucKhongCoKetQua": "1", "NgayCapNhat": "20250410080000"}]
    assert world.ingest("tthc", world.json(newer))[1] == ["2025-04", "2025-05", "2025-06"]
    renamed = [PROCEDURES[1] | {"TenTTHC": "Tên khác", "NgayCapNhat": "20250410080000"}]
    assert world.ingest("tthc", world.json(renamed))[1] == []
    units = [{"ma_don_vi": XA, "ten_don_vi": "UBND Phường 2", "cap": "xa"}]
    assert world.ingest("don_vi", world.csv(units), at="2025-05-10")[1] == ["2025-05", "2025-06"]


def test_landed_file_is_the_same_batch_when_it_comes_again(province):
    path = province.dossiers({})
    first = land_file(province.engine, province.folder / "a", contract_of("ho_so"), path)
    again = land_file(province.engine, province.folder / "b", contract_of("ho_so"), path)
    assert (first.new, again.new, first.batch_id) == (True, False, again.batch_id)


def test_every_column_of_a_dossier_reaches_core(province):
    values = {
        "ten_tthc": "T",
        "ma_linh_vuc": "LV9",
        "loai_doi_tuong": "2",
        "ngay_tu_choi": "20250301000000",
        "hinh_thuc": "1",
        "don_vi_tiep_nhan": XA,
        "so_tai_lieu_so_hoa": "4",
        "so_tai_lieu_tai_su_dung": "5",
        "so_tai_lieu_tu_kho": "6",
        "ngay_tra": "20250311000000",
        "so_lan_bo_sung": "2",
        "ngay_yeu_cau_bo_sung": "20250307000000",
        "tong_thoi_gian_bo_sung_phut": "77",
        "so_tai_lieu_nop": "8",
        "so_tai_lieu_co_tep": "7",
        "duoc_thanh_toan_truc_tuyen": "3",
        **FINISHED,
    }
    expected = DOSSIER | values
    # Once as a new dossier, once as a newer state, once column by column (short record first).
    province.add(expected | {"ma_ho_so": code(1)}, {"ma_ho_so": code(2)})
    province.add(expected | {"ma_ho_so": code(2), "ngay_cap_nhat": "20250306000000"})
    province.add(expected | {"ma_ho_so": code(3)}, columns=[*SHORT, "ngay_cap_nhat"])
    province.add(expected | {"ma_ho_so": code(3)})
    in_core = [name for name in FULL if name not in ("ma_ho_so", "ten_tthc", "ten_linh_vuc", "don_vi_xu_ly")]
    for number, changed in ((1, "20250305090000"), (2, "20250306000000"), (3, "20250305090000")):
        found = dossier(province, ", ".join(in_core), number)
        assert [_text(value) for value in found] == [
            changed if name == "ngay_cap_nhat" else expected.get(name, "") for name in in_core
        ]


def _text(value: object) -> str:
    if value is None:
        return ""
    return value.strftime("%Y%m%d%H%M%S") if hasattr(value, "strftime") else str(value)


def test_a_unit_called_like_a_sum_is_rejected_and_stops_no_count(world: World):
    """Figures of a unit TONG:xa would stand where those of the level do."""
    world.dimensions()
    units = [{"ma_don_vi": f"K{n}", "ten_don_vi": f"Xã số {n}", "cap": "xa"} for n in range(100)]
    units += [units[0] | {"ma_don_vi": code} for code in ("TONG:xa", "tong:x")]
    world.ingest("don_vi", world.csv(units, ["ma_don_vi", "ten_don_vi", "cap"]), at="2024-01-02")
    rejected = "SELECT rule_ids FROM ops.reject ORDER BY line_no"
    assert world.rows(rejected) == [(["DV06"],), (["DV06"],)]
    world.add({}, {"don_vi_xu_ly": "K1"})
    world.refresh_all()
    assert world.figure("tiep_nhan", "TONG:xa", "2025-03") == (1, None)
