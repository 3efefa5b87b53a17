"""Every rule of every suite: what passes it, what breaks it, and what then happens to the row."""

import copy
import json
import random
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from cchc.contracts import contract_of, contracts
from cchc.errors import BatchStopped
from cchc.judging.suites import rules_of, suite_json
from cchc.judging.validation import validate
from cchc.loading.load import load
from cchc.sources.landing import land_file
from tests.declarations.test_declarations import REFUSED
from tests.reading.test_borders import DECLARED
from tests.world import DOSSIER, FULL, PROCEDURES, SO, UNITS, XA, World, code

GOOD_ROWS = 60  # one bad line among them stays below the threshold of 5 %
FINISHED = {
    "trang_thai_ho_so": "10",
    "ngay_ket_thuc_xu_ly": "20250311100000",
    "ngay_tra": "20250312080000",
}

# rule → a dossier that breaks it
BROKEN_DOSSIERS = {
    "HS00": {"ngay_hen_tra": "20250230090000"},
    "HS01": {"ma_ho_so": ""},
    "HS03b": {"trang_thai_ho_so": ""},
    "HS04": {"ngay_tiep_nhan": "", "ngay_hen_tra": ""},
    "HS05": {"trang_thai_ho_so": "9"},
    "HS06": {"ngay_tiep_nhan": "20250601000000", "ngay_hen_tra": "20250610000000"},
    "HS07": {**FINISHED, "ngay_tra": "20250310080000"},
    "HS08": {"ngay_nop_ho_so": "20250305100000"},
    "HS09": {"ngay_hen_tra": ""},
    "HS10": {"ngay_hen_tra": "00010101000000"},
    "HS11": {"kenh_thuc_hien": ""},
    "HS13": {"ma_tthc": "1.999999"},
    "HS14": {"don_vi_xu_ly": "000.00.99.H59"},
    "HS15": {"tai_khoan_duoc_xac_thuc_voi_vneid": "7"},
    "HS28": {"ten_tthc": "Cáº¥p giáº¥y phÃ©p"},
    "HS29": {"ngay_cap_nhat": ""},
    "HS30": {"ngay_cap_nhat": "20520305090000"},
    "HS31": {"ngay_hen_tra": "20250313070000"},
}
# rule → a dossier next to the limit that keeps it
KEPT_DOSSIERS = {
    "HS00": {"ngay_hen_tra": "20250331235959"},
    "HS01": {},
    "HS03b": {"trang_thai_ho_so": "1"},
    "HS06": {"ngay_tiep_nhan": "20250510000000", "ngay_hen_tra": "20250520000000"},
    "HS10": {"ngay_hen_tra": "20250305090000"},
    "HS14": {"don_vi_xu_ly": "Sở Xây dựng"},
    "HS28": {"ten_tthc": "XÃ HỘI, MÃ SỐ, ÂN HUỆ"},
    "HS31": {"ngay_hen_tra": "20250313070000", "so_lan_bo_sung": "1"},
}
BROKEN_UNITS = {
    "DV00": {"hieu_luc_tu": "31/02/2025"},
    "DV01": {"ma_don_vi": ""},
    "DV02": {"ten_don_vi": ""},
    "DV03": {"cap": "phòng"},
    "DV04": {"hieu_luc_tu": "20250301", "hieu_luc_den": "20250228"},
    "DV06": {"ma_don_vi": "TONG:xa"},
    "DV28": {"ten_don_vi": "Sá»Ÿ Y táº¿"},
    "DV29": {"ngay_cap_nhat": ""},
    "DV30": {"ngay_cap_nhat": "20520305090000"},
}
BROKEN_PROCEDURES = {
    "TT00": {"ThoiGianGiaiQuyet": "năm ngày"},
    "TT01": {"MaTTHC": None},
    "TT02": {"TenTTHC": " "},
    "TT05": {"DonViThucHien": {"MaDonVi": SO}},
    "TT07": {"DonViThucHien": [{"MaDonVi": SO, "MucDo": "bốn", "HieuLucTu": None, "HieuLucDen": None}]},
    "TT29": {"NgayCapNhat": None},
    "TT28": {"TenTTHC": "Thá»§ tá»¥c"},
}
BROKEN_RATINGS = {
    "DG00": {"thoi_gian_danh_gia": "31/02/2025"},
    "DG01": {"ma_ho_so": ""},
    "DG02": {"thoi_gian_danh_gia": ""},
    "DG03": {"danh_gia": "Bình thường"},
    "DG03b": {"danh_gia": ""},
    "DG06": {"thoi_gian_danh_gia": "20250510000001"},
    "DG07": {"thoi_gian_danh_gia": "20250305085959"},
    "DG13": {"ma_ho_so": code(9999)},
    "DG28": {"ma_ho_so": "Há»“ sÆ¡"},
    "DG29": {"ngay_cap_nhat": ""},
    "DG30": {"ngay_cap_nhat": "20520305090000"},
}
KEPT_RATINGS = {
    "DG03": {"danh_gia": "KHÔNG  HÀI LÒNG"},
    "DG06": {"thoi_gian_danh_gia": "20250510000000"},
    "DG07": {"thoi_gian_danh_gia": "20250305090000"},
}
BROKEN_STEPS = {
    "QT00": {"thoi_gian": "2025-13-40"},
    "QT01": {"ma_ho_so": ""},
    "QT02": {"thoi_gian": ""},
    "QT03b": {"trang_thai": ""},
    "QT06": {"thoi_gian": "20250510000001"},
    "QT28": {"don_vi": "Sá»Ÿ Y táº¿"},
}
KEPT_STEPS = {"QT06": {"thoi_gian": "20250510000000"}, "QT28": {"don_vi": "SỞ XÂY DỰNG, ÂN"}}
ISSUED = {"huong": "di", "ngay_den": "", "han_xu_ly": "", "ngay_phat_hanh": "20250305090000"}
BROKEN_DOCUMENTS = {
    "VB00": {"ngay_van_ban": "30/02/2025"},
    "VB01": {"ma_van_ban": ""},
    "VB02b": {"huong": ""},
    "VB04": {"ngay_den": ""},
    "VB04b": {"ngay_dang_ky": ""},
    "VB06": {"ngay_den": "20250601080000"},
    "VB07": {"ngay_hoan_thanh": "20250304170000"},
    "VB10": {"han_xu_ly": "00010101"},
    "VB14": {"don_vi": "000.00.99.H59"},
    "VB15": {"gui_giay": "2"},
    "VB15b": {**ISSUED, "gui_giay": ""},
    "VB23b": {"do_mat": ""},
    "VB24b": {"so": ""},
    "VB25": {"ngay_dang_ky": "20250307083000"},  # arrived on a Wednesday, registered on the Friday
    "VB28": {"ky_hieu": "12/Sá»Ÿ"},
    "VB29": {"ngay_cap_nhat": ""},
    "VB30": {"ngay_cap_nhat": "20520305083000"},
    "VB33": {"loai_van_ban": "Giấy lạ"},
}
KEPT_DOCUMENTS = {
    "VB04": ISSUED,
    "VB06": {"ngay_den": "20250510000000"},
    "VB07": {"ngay_hoan_thanh": "20250305070000", "ngay_van_ban": "20250305"},  # on the day of arrival
    "VB14": {"don_vi": "Sở  xây dựng"},
    "VB15b": {**ISSUED, "ngay_phat_hanh": "", "gui_giay": ""},
    "VB24b": {"so": "0061"},
    "VB25": {"ngay_den": "20250307160000", "ngay_dang_ky": "20250310150000"},  # Friday, Monday
    "VB33": {"loai_van_ban": "nghi_dinh"},
}
BROKEN_WORK = {
    "HC00": {"ngay_mo": "2025-13-40"},
    "HC01": {"ma_hscv": ""},
    "HC03b": {"trang_thai": ""},
    "HC04": {"ngay_mo": ""},
    "HC06": {"ngay_mo": "20250601080000", "han_giai_quyet": "20250602"},
    "HC10": {"han_giai_quyet": "00010101"},
    "HC14": {"don_vi": "Sở Không Có"},
    "HC15": {"tren_he_thong": ""},
    "HC15b": {"chi_giay": "1"},
    "HC26": {"trang_thai": "4"},
    "HC26b": {"han_giai_quyet": "20250304"},
    "HC26c": {"tien_do": "101"},
    "HC28": {"don_vi": "Sá»Ÿ XÃ¢y dá»±ng"},
    "HC29": {"ngay_cap_nhat": ""},
    "HC30": {"ngay_cap_nhat": "20520305110000"},
}
KEPT_WORK = {
    "HC06": {"ngay_mo": "20250510000000", "han_giai_quyet": ""},
    "HC26": {"trang_thai": "4", "ngay_dong": "20250314160000", "tien_do": "100"},
    "HC26b": {"ngay_mo": "20250314160000"},
    "HC26c": {"tien_do": "0"},
}
UNIT_COLUMNS = ["ma_don_vi", "ten_don_vi", "cap", "hieu_luc_tu", "hieu_luc_den", "ngay_cap_nhat"]


def dossier_batch(world: World, change: dict) -> int:
    return world.land("ho_so", world.dossiers(*[{}] * GOOD_ROWS, change), at="2025-05-10")


def unit_batch(world: World, change: dict) -> int:
    rows = [
        {
            "ma_don_vi": f"000.{n:02d}.77.H59",
            "ten_don_vi": f"UBND Xã số {n}",
            "cap": "xa",
            "ngay_cap_nhat": "20240101000000",
        }
        for n in range(GOOD_ROWS)
    ]
    last = {"ma_don_vi": "000.00.78.H59", "ten_don_vi": "UBND Huyện Càng Long", "cap": "huyen"}
    last |= {"ngay_cap_nhat": "20240101000000"} | change
    return world.land("don_vi", world.csv([*rows, last], UNIT_COLUMNS), at="2024-06-01")


def procedure_batch(world: World, change: dict) -> int:
    records = [copy.deepcopy(PROCEDURES[0]) | {"MaTTHC": f"1.1{n:05d}"} for n in range(GOOD_ROWS)]
    return world.land("tthc", world.json([*records, PROCEDURES[0] | {"MaTTHC": "1.200000"} | change]))


def rating_batch(world: World, change: dict) -> int:
    """Ratings of known dossiers, received on 5 March at 9:00, and one more with the given change."""
    rows = [{"ma_ho_so": code(n + 1)} for n in range(GOOD_ROWS)]
    world.add(*rows, {"ma_ho_so": code(GOOD_ROWS + 1)}, at="2025-05-10")
    return world.land("danh_gia", world.ratings(*rows, change), at="2025-05-10")


def step_batch(world: World, change: dict) -> int:
    return world.land("qua_trinh", world.steps(*[{}] * GOOD_ROWS, change), at="2025-05-10")


def document_batch(world: World, change: dict) -> int:
    return world.land("van_ban", world.documents(*[{}] * GOOD_ROWS, change), at="2025-05-10")


def work_batch(world: World, change: dict) -> int:
    return world.land("ho_so_cong_viec", world.work(*[{}] * GOOD_ROWS, change), at="2025-05-10")


def findings(world: World, batch_id: int) -> dict[str, tuple[str, int]]:
    rows = world.rows(
        "SELECT rule_id, severity, failed_count FROM ops.validation_result WHERE batch_id = :b", b=batch_id
    )
    return {rule: (severity, failed) for rule, severity, failed in rows if failed}


def rejected(world: World, batch_id: int) -> dict[int, list[str]]:
    rows = world.rows("SELECT line_no, rule_ids FROM ops.reject WHERE batch_id = :b", b=batch_id)
    return dict(rows)


@pytest.mark.parametrize("rule_id", BROKEN_DOSSIERS)
def test_dossier_that_breaks_a_rule_is_found_and_rejected_only_if_critical(province: World, rule_id: str):
    batch_id = dossier_batch(province, BROKEN_DOSSIERS[rule_id])
    validate(province.engine, batch_id)
    severity, failed = findings(province, batch_id)[rule_id]
    assert failed == 1
    assert severity == rules_of("ho_so")[rule_id].severity
    bad_line = GOOD_ROWS + 2  # the header is line 1
    found = rejected(province, batch_id)
    if severity == "critical":
        assert list(found) == [bad_line]
        assert rule_id in found[bad_line]
    else:
        assert found == {}


@pytest.mark.parametrize("rule_id", KEPT_DOSSIERS)
def test_dossier_next_to_the_limit_keeps_the_rule(province: World, rule_id: str):
    batch_id = dossier_batch(province, KEPT_DOSSIERS[rule_id])
    validate(province.engine, batch_id)
    assert rule_id not in findings(province, batch_id)
    assert rejected(province, batch_id) == {}


@pytest.mark.parametrize(("given", "found"), [(5, 0), (6, 200)])
def test_days_granted_are_counted_as_deadlines_are(province: World, given: int, found: int):
    """The rule compares counters of days; core.cong_ngay_lam_viec is the definition."""
    days = random.Random(7)
    moments = [datetime(2025, 1, 1) + timedelta(minutes=days.randrange(330 * 1440)) for _ in range(200)]
    with province.engine.connect() as connection:
        due = connection.scalars(
            sa.text("SELECT core.cong_ngay_lam_viec(t, :n) FROM unnest(CAST(:t AS timestamp[])) AS t"),
            {"n": given, "t": moments},
        ).all()
    cases = [
        {"ngay_nop_ho_so": "", "ngay_tiep_nhan": f"{t:%Y%m%d%H%M%S}", "ngay_hen_tra": f"{d:%Y%m%d%H%M%S}"}
        for t, d in zip(moments, due, strict=True)
    ]
    batch_id = province.land("ho_so", province.dossiers(*cases), at="2026-01-01")
    validate(province.engine, batch_id)
    assert findings(province, batch_id).get("HS31", ("", 0))[1] == found


OTHERS = {
    "danh_gia": (rating_batch, BROKEN_RATINGS, KEPT_RATINGS),
    "qua_trinh": (step_batch, BROKEN_STEPS, KEPT_STEPS),
    "van_ban": (document_batch, BROKEN_DOCUMENTS, KEPT_DOCUMENTS),
    "ho_so_cong_viec": (work_batch, BROKEN_WORK, KEPT_WORK),
}


@pytest.mark.parametrize(
    ("dataset", "rule_id"), [(dataset, rule) for dataset, cases in OTHERS.items() for rule in cases[1]]
)
def test_line_of_another_dataset_that_breaks_a_rule_is_rejected_only_if_critical(
    province: World, dataset: str, rule_id: str
):
    make, broken, _ = OTHERS[dataset]
    batch_id = make(province, broken[rule_id])
    validate(province.engine, batch_id)
    severity = rules_of(dataset)[rule_id].severity
    assert findings(province, batch_id)[rule_id] == (severity, 1)
    found = rejected(province, batch_id)
    if severity == "critical":
        assert list(found) == [GOOD_ROWS + 2]
        assert rule_id in found[GOOD_ROWS + 2]
    else:
        assert found == {}


@pytest.mark.parametrize(
    ("dataset", "rule_id"), [(dataset, rule) for dataset, cases in OTHERS.items() for rule in cases[2]]
)
def test_line_of_another_dataset_next_to_the_limit_keeps_the_rule(
    province: World, dataset: str, rule_id: str
):
    make, _, kept = OTHERS[dataset]
    batch_id = make(province, kept[rule_id])
    validate(province.engine, batch_id)
    assert rule_id not in findings(province, batch_id)
    assert rejected(province, batch_id) == {}


def test_every_rule_of_documents_and_work_dossiers_has_a_case_that_breaks_it():
    # Those that judge the batch or pairs of rows have tests of their own, here and in test_van_ban.py.
    of_batches = {"VB01b", "VB02", "VB03", "VB21", "VB23", "VB23a", "VB24", "HC01b", "HC03", "HC21"}
    for dataset in ("van_ban", "ho_so_cong_viec"):
        broken = OTHERS[dataset][1]
        assert set(rules_of(dataset)) - of_batches == set(broken)


@pytest.mark.parametrize(
    ("dataset", "rule_id"),
    [("don_vi", rule) for rule in BROKEN_UNITS] + [("tthc", rule) for rule in BROKEN_PROCEDURES],
)
def test_row_of_a_dimension_that_breaks_a_critical_rule_is_rejected(world: World, dataset: str, rule_id: str):
    make, changes = {
        "don_vi": (unit_batch, BROKEN_UNITS),
        "tthc": (procedure_batch, BROKEN_PROCEDURES),
    }[dataset]
    batch_id = make(world, changes[rule_id])
    validate(world.engine, batch_id)
    assert findings(world, batch_id)[rule_id] == ("critical", 1)
    assert [rule_id in rules for rules in rejected(world, batch_id).values()] == [True]


@pytest.mark.parametrize("day", ["20250230", "20251301", "2025", "10010101", "19250305", 20250230, []])
@pytest.mark.parametrize("name", ["HieuLucTu", "HieuLucDen"])
def test_impossible_day_of_a_providing_unit_rejects_the_row(world: World, name: str, day: str):
    unit = {"MaDonVi": SO, "MucDo": "4", "HieuLucTu": "20240101", "HieuLucDen": None} | {name: day}
    batch_id = procedure_batch(world, {"DonViThucHien": [unit]})
    validate(world.engine, batch_id)
    assert rejected(world, batch_id) == {GOOD_ROWS + 1: ["TT07"]}
    batch, _ = load(world.engine, batch_id)
    assert batch.lines_accepted == GOOD_ROWS


@pytest.mark.parametrize(
    "unit",
    [
        *({"MaDonVi": value} for value in (1, [], {}, "", " ", "x" * 101, "TONG:xa", "tong:x")),
        *({"MucDo": value} for value in (0, 99999, [], "4.0", "4.5", "5")),
        *("văn bản", 7, None, [], [{"MaDonVi": SO, "MucDo": "4"}]),
    ],
)
def test_providing_unit_that_the_table_cannot_hold_rejects_the_row(world: World, unit: object):
    good = {"MaDonVi": SO, "MucDo": "4", "HieuLucTu": None, "HieuLucDen": "99991231"}
    batch_id = procedure_batch(
        world, {"DonViThucHien": [good | unit if isinstance(unit, dict) else unit, good]}
    )
    validate(world.engine, batch_id)
    assert rejected(world, batch_id) == {GOOD_ROWS + 1: ["TT07"]}
    assert load(world.engine, batch_id)[0].lines_accepted == GOOD_ROWS


@pytest.mark.parametrize("dataset", ["don_vi", "tthc"])
def test_good_rows_of_a_dimension_keep_every_rule(world: World, dataset: str):
    make = {"don_vi": unit_batch, "tthc": procedure_batch}[dataset]
    batch_id = make(world, {})
    validate(world.engine, batch_id)
    assert findings(world, batch_id) == {}


@pytest.mark.parametrize(
    ("dataset", "rule_id"),
    [
        *(("ho_so", "HS01b"), ("don_vi", "DV01b"), ("tthc", "TT01b")),
        *(("danh_gia", "DG01b"), ("qua_trinh", "QT01b")),
        *(("van_ban", "VB01b"), ("ho_so_cong_viec", "HC01b"), ("khai_bao", "KB11")),
    ],
)
def test_two_contents_of_one_moment_are_a_warning_about_both_and_two_equal_ones_are_none(
    world: World, dataset: str, rule_id: str
):
    world.dimensions()
    expected = {2, 62}
    if dataset == "ho_so":
        rows = [{"ma_ho_so": code(n + 1)} for n in range(60)]
        path = world.dossiers(*rows, rows[0] | {"kenh_thuc_hien": "1"}, rows[1])
    elif dataset == "don_vi":
        units = [dict(UNITS[1], ma_don_vi=f"000.{n:02d}.77.H59", ten_don_vi=f"Xã {n}") for n in range(60)]
        path = world.csv([*units, dict(units[0], ten_don_vi="Khác"), units[1]])
    elif dataset == "danh_gia":
        rows = [{"ma_ho_so": code(n + 1)} for n in range(60)]
        path = world.ratings(*rows, rows[0] | {"danh_gia": "hai_long"}, rows[1])
    elif dataset == "qua_trinh":
        rows = [{"ma_ho_so": code(n + 1)} for n in range(60)]
        path = world.steps(*rows, rows[0] | {"don_vi": XA}, rows[1])
    elif dataset == "van_ban":
        rows = [{"ma_van_ban": f"VB{n}", "so": str(n)} for n in range(1, 61)]
        path = world.documents(*rows, rows[0] | {"do_khan": "2"}, rows[1])
    elif dataset == "ho_so_cong_viec":
        rows = [{"ma_hscv": f"HSCV{n}"} for n in range(60)]
        path = world.work(*rows, rows[0] | {"tien_do": "99"}, rows[1])
    elif dataset == "khai_bao":
        rows = [DECLARED | {"ngay_khai": f"202504020800{n:02d}"} for n in range(60)]
        path = world.csv([*rows, rows[0] | {"gia_tri": "0"}, rows[1]])
    else:
        records = [PROCEDURES[0] | {"MaTTHC": f"1.1{n:05d}"} for n in range(60)]
        path = world.json([*records, records[0] | {"TenTTHC": "Khác"}, records[1]])
        expected = {1, 61}
    batch_id = world.land(dataset, path, at="2025-05-10")
    validate(world.engine, batch_id)
    assert findings(world, batch_id)[rule_id] == ("warning", 2)
    assert rejected(world, batch_id) == {}
    listed = "SELECT line_no FROM ops.line_finding WHERE batch_id = :b AND :rule = ANY(rule_ids)"
    assert {line for (line,) in world.rows(listed, b=batch_id, rule=rule_id)} == expected


def test_unknown_status_stops_the_batch_and_names_the_word(province: World):
    path = province.dossiers(
        *[{}] * 5, {"trang_thai_ho_so": "Chờ lãnh đạo"}, {"trang_thai_ho_so": "Chờ lãnh đạo"}
    )
    batch_id = province.land("ho_so", path, at="2025-05-10")
    with pytest.raises(BatchStopped, match=r"HS03.*'Chờ lãnh đạo' × 2, first in line 7"):
        validate(province.engine, batch_id)
    assert province.rows("SELECT status, lines_accepted FROM ops.batch WHERE batch_id = :b", b=batch_id) == [
        ("stopped", None)
    ]
    assert province.rows("SELECT count(*) FROM core.ho_so") == [(0,)]
    assert province.rows("SELECT to_regclass(:t)", t=f"staging.ho_so__{batch_id}") == [(None,)]


def test_unknown_status_in_the_history_stops_the_batch(province: World):
    path = province.steps(*[{}] * 5, {"trang_thai": "Chờ ký"})
    batch_id = province.land("qua_trinh", path, at="2025-05-10")
    with pytest.raises(BatchStopped, match=r"QT03.*'Chờ ký' × 1, first in line 7"):
        validate(province.engine, batch_id)


@pytest.mark.parametrize(
    ("dataset", "rule_id"),
    [
        *(("ho_so", "HS21"), ("don_vi", "DV21"), ("tthc", "TT21")),
        *(("danh_gia", "DG21"), ("qua_trinh", "QT21")),
    ],
)
def test_total_that_disagrees_with_the_lines_stops_the_batch(world: World, dataset: str, rule_id: str):
    record = {
        "ho_so": {"MaHoSo": code(1), "TrangThaiHoSo": "4", "DonViXuLy": SO, "MaTTHC": "1.000001",
                  "NgayTiepNhan": "20250305090000", "NgayHenTra": None, "NgayKetThucXuLy": None,
                  "NgayCapNhat": "20250305090000"},
        "don_vi": {"MaDonVi": SO, "TenDonVi": "Sở", "Cap": "so_nganh", "NgayCapNhat": "20240101000000"},
        "tthc": PROCEDURES[0],
        "danh_gia": {"MaHoSo": code(1), "ThoiGianDanhGia": "20250320090000", "DanhGia": "HÀI LÒNG",
                     "NgayCapNhat": "20250320090000"},
        "qua_trinh": {"MaHoSo": code(1), "ThoiGian": "20250305090000", "TrangThai": "2"},
    }[dataset]  # fmt: skip
    good = world.land(dataset, world.json([record], tong_so=1))
    if dataset != "ho_so":  # a dossier without units known is rejected, which is another rule
        validate(world.engine, good)
    batch_id = world.land(dataset, world.json([record], tong_so=2))
    with pytest.raises(BatchStopped, match=rf"{rule_id}.*read 1, stated 2"):
        validate(world.engine, batch_id)


def test_batch_at_the_threshold_loads_and_above_it_stops_with_counts_and_advice(province: World):
    at_threshold = province.dossiers(*[{}] * 95, *[{"ma_ho_so": ""}] * 5)  # 5 of 100 = 5 %
    batch, _ = province.ingest("ho_so", at_threshold, at="2025-05-10")
    assert (batch.status, batch.lines_accepted, batch.lines_rejected) == ("loaded", 95, 5)
    above = province.dossiers(*[{}] * 94, *[{"ma_ho_so": ""}] * 6)
    batch_id = province.land("ho_so", above, at="2025-05-11")
    with pytest.raises(BatchStopped) as stopped:
        validate(province.engine, batch_id)
    for part in (
        "6 of 100 lines",
        "6.0 %",
        "threshold 5 %",
        "HS01 Thiếu mã hồ sơ: 6",
        "ops.reject",
        "ingest_file",
    ):
        assert part in str(stopped.value)
    assert province.rows("SELECT count(*) FROM ops.reject WHERE batch_id = :b", b=batch_id) == [(6,)]


def test_reject_has_every_reason_and_masks_people(province: World):
    person = {
        "chu_ho_so": "Nguyễn Thị Thử Nghiệm",
        "so_dien_thoai": "0912345678",
        "email": "thu.nghiem@example.vn",
        "so_giay_to_chu_ho_so": "084199912345",
        # Slipped into a column that is not meant for it:
        "ten_tthc": "Cấp phép cho 0912345678, thu.nghiem@example.vn",
    }
    bad = {"don_vi_xu_ly": "000.00.99.H59", "ngay_hen_tra": "20250101000000", **person}
    columns = [*FULL, "chu_ho_so", "so_dien_thoai", "email", "so_giay_to_chu_ho_so"]
    path = province.dossiers(*[{}] * GOOD_ROWS, bad, columns=columns)
    batch_id = province.land("ho_so", path, at="2025-05-10")
    validate(province.engine, batch_id)
    [(line, rules, reasons, row)] = province.rows(
        "SELECT line_no, rule_ids, reasons, masked_row FROM ops.reject WHERE batch_id = :b", b=batch_id
    )
    assert line == GOOD_ROWS + 2
    assert set(rules) == {"HS00", "HS10", "HS14"}
    assert len(reasons) == 3
    assert row["chu_ho_so"] == row["email"] == row["so_dien_thoai"] == row["so_giay_to_chu_ho_so"] == "***"
    everything = json.dumps(
        [
            province.rows(f"SELECT to_jsonb(t) FROM {table} AS t")
            for table in ("ops.reject", "ops.batch", "ops.validation_result", f"staging.ho_so__{batch_id}")
        ],
        ensure_ascii=False,
        default=str,
    )
    for word in ("Thử Nghiệm", "084199912345", "0912345678", "thu.nghiem@example.vn"):
        assert word not in everything


@pytest.mark.long
@pytest.mark.own_process
def test_batch_is_judged_in_a_process_of_its_own(province: World):
    batch_id = dossier_batch(province, BROKEN_DOSSIERS["HS14"])
    validate(province.engine, batch_id)
    assert findings(province, batch_id) == {"HS14": ("critical", 1)}


# The suites themselves ------------------------------------------------------------------------


@pytest.mark.parametrize("dataset", contracts())
def test_suite_is_complete_and_names_only_columns_of_its_contract(dataset: str):
    columns = {column.name for column in contract_of(dataset).staged}
    for entry in suite_json(dataset)["expectations"]:
        assert set(entry) == {"type", "severity", "kwargs", "meta"}, entry
        assert entry["severity"] in ("critical", "warning")
        assert entry["meta"]["pham_vi"] in ("dong", "lo")
        assert set(entry["meta"]["cot"]) <= columns, entry["meta"]["rule_id"]
        assert any(ord(letter) > 0x7F for letter in entry["meta"]["ly_do"]), "the reason is Vietnamese"
        # The types that return counts only, never a value of a row.
        assert entry["type"] in (
            "expect_rows_to_satisfy",
            "expect_groups_to_satisfy",
            "expect_table_row_count_to_equal",
        )
    assert len(rules_of(dataset)) == len(suite_json(dataset)["expectations"])


def test_suite_of_dossiers_has_the_required_rules_with_their_severities():
    by_number: dict[int, set[str]] = {}
    for entry in suite_json("ho_so")["expectations"]:
        if number := entry["meta"].get("quy_tac"):
            by_number.setdefault(number, set()).add(entry["severity"])
    critical, warning = {3, 6, 10, 14, 21, 28}, {5, 7, 8, 9, 11, 13, 15}
    assert {n for n, severities in by_number.items() if severities == {"critical"}} >= critical
    assert {n for n, severities in by_number.items() if severities == {"warning"}} >= warning
    # A missing code rejects its line; of two contents of one moment the greater is kept, and it is told.
    assert by_number[1] == {"critical", "warning"}


# A suite may bring its cases: a row that keeps every rule (`vi_du_dung`), and with a rule what makes of that
# row lines which break it (`vi_du_sai`).
EXAMPLES = {
    dataset: {
        entry["meta"]["rule_id"]: entry["meta"]["vi_du_sai"]
        for entry in suite_json(dataset)["expectations"]
        if "vi_du_sai" in entry["meta"]
    }
    for dataset in contracts()
    if "vi_du_dung" in suite_json(dataset)["meta"]
}


def example_rows(dataset: str, *changes: dict) -> list[dict]:
    """Good rows of a suite that tell themselves apart by their first key, and one for each of the changes."""
    good, key = suite_json(dataset)["meta"]["vi_du_dung"], contract_of(dataset).key[0]
    rows: list[dict] = [*[{}] * GOOD_ROWS, *changes]
    return [good | {key: f"{good[key]}-{n}"} | change for n, change in enumerate(rows)]


@pytest.mark.parametrize("dataset", EXAMPLES)
def test_good_example_of_a_suite_keeps_every_rule(province: World, dataset: str):
    batch_id = province.land(dataset, province.csv(example_rows(dataset)))
    validate(province.engine, batch_id)
    assert findings(province, batch_id) == {}
    assert load(province.engine, batch_id)[0].lines_accepted == GOOD_ROWS


@pytest.mark.parametrize(
    ("dataset", "rule_id"), [(dataset, rule) for dataset, rules in EXAMPLES.items() for rule in rules]
)
def test_bad_example_of_a_suite_breaks_its_rule(province: World, dataset: str, rule_id: str):
    bad = EXAMPLES[dataset][rule_id]
    batch_id = province.land(dataset, province.csv(example_rows(dataset, *bad)), at="2026-01-01")
    validate(province.engine, batch_id)
    severity = rules_of(dataset)[rule_id].severity
    assert findings(province, batch_id)[rule_id] == (severity, len(bad))
    found = rejected(province, batch_id)
    lines = range(GOOD_ROWS + 2, GOOD_ROWS + 2 + len(bad)) if severity == "critical" else ()
    assert sorted(found) == list(lines)
    assert all(rule_id in rules for rules in found.values())


def rules_on_totals(dataset: str) -> set[str]:
    return {r.rule_id for r in rules_of(dataset).values() if r.type == "expect_table_row_count_to_equal"}


@pytest.mark.parametrize("dataset", EXAMPLES)
def test_batch_of_a_suite_with_examples_stops_when_a_line_is_missing(province: World, dataset: str):
    [rule_id] = rules_on_totals(dataset)
    rows = example_rows(dataset)
    batch_id = province.land(dataset, province.json(rows, tong_so=len(rows) + 1))
    with pytest.raises(BatchStopped, match=rule_id):
        validate(province.engine, batch_id)


def test_every_critical_rule_has_a_case():
    covered = {*BROKEN_DOSSIERS, *BROKEN_UNITS, *BROKEN_PROCEDURES}
    covered |= {rule for _, broken, _ in OTHERS.values() for rule in broken}
    covered |= {"VB02", "VB03", "VB21", "VB23", "VB23a", "HC03", "HC21"}
    # TT30 is the same text as HS30 and DV30; a JSON catalogue is dated by its newest row.
    covered |= {"HS14a", "TT30", "HS03", "HS21", "DV21", "TT21"}
    # Rules on declarations have their cases in test_declarations.py.
    covered |= {rule for _, rules in REFUSED.values() for rule in rules} | {"KB10", "KB20", "KB21"}
    covered |= {"DG21", "QT03", "QT21"}
    covered |= {rule for dataset, rules in EXAMPLES.items() for rule in {*rules, *rules_on_totals(dataset)}}
    for dataset in contracts():
        critical = {rule.rule_id for rule in rules_of(dataset).values() if rule.severity == "critical"}
        assert critical <= covered, critical - covered


def test_row_that_misses_a_unit_is_counted_once_however_often_the_file_comes(province: World):
    path = province.dossiers(*[{}] * GOOD_ROWS, BROKEN_DOSSIERS["HS14"])
    first = land_file(province.engine, province.folder / "landing", contract_of("ho_so"), path).batch_id
    validate(province.engine, first)
    validate(province.engine, first)
    assert list(rejected(province, first)) == [GOOD_ROWS + 2]
    assert DOSSIER["don_vi_xu_ly"] == SO
