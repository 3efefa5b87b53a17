"""Faulty lines are listed until something corrects them, whatever their codes are made of."""

import pytest

from tests.judging.standing import stale
from tests.world import World

# Letters that people speak: loaded, and quoted nowhere.
SPOKEN = ("VB-DEN-0001", "TTHC.XAY.01")
AT = ("2025-04-01", "2025-04-02", "2025-04-03")


def listed(world: World) -> list[tuple]:
    """(batch, line, rule) of mart.dong_loi, as owner."""
    assert stale(world) == []
    return world.rows("SELECT batch_id, line_no, rule_id FROM mart.dong_loi ORDER BY 1, 2, 3")


def good(count: int) -> list[dict]:
    """So many dossiers that one rejected line stops no batch."""
    return [{"ma_ho_so": f"000.00.01.H59-250306-{n:04d}"} for n in range(count)]


@pytest.mark.parametrize("code", SPOKEN)
def test_warning_about_a_loaded_line_is_listed_whatever_its_code_is_made_of(province: World, code: str):
    # HS11: the channel is none of the three.
    faulty = {"ma_ho_so": code, "kenh_thuc_hien": ""}
    first = province.add(faulty, at=AT[0])
    assert listed(province) == [(first.batch_id, 2, "HS11")]
    # As long as the warehouse goes by that line.
    province.add(faulty | {"kenh_thuc_hien": "1", "ngay_cap_nhat": "20250306090000"}, at=AT[1])
    assert listed(province) == []


@pytest.mark.parametrize("code", SPOKEN)
def test_rejected_line_is_off_the_list_once_it_is_corrected_whatever_its_code_is_made_of(
    province: World, code: str
):
    # HS29: no time of change, so that the export's counts.
    rejected = {"ma_ho_so": code, "ngay_cap_nhat": ""}
    first = province.add(rejected, *good(30), at=AT[0])
    assert [line[:2] for line in listed(province)] == [(first.batch_id, 2)]
    # Rejected again: it counts once, as it came last.
    second = province.add(rejected | {"so_lan_bo_sung": "1"}, *good(30), at=AT[1])
    assert [line[:2] for line in listed(province)] == [(second.batch_id, 2)]
    province.add({"ma_ho_so": code, "ngay_cap_nhat": "20250402120000"}, at=AT[2])
    assert listed(province) == []
    # The same file again brings nothing back.
    province.add(rejected, *good(30), at=AT[0])
    assert listed(province) == []


def test_what_a_line_is_told_apart_by_is_kept_of_no_line_that_may_not_be_quoted(province: World):
    province.add({"ma_ho_so": "VB-DEN-0001", "kenh_thuc_hien": ""}, at=AT[0])
    kept = province.rows("SELECT f::text FROM ops.line_finding AS f")
    assert len(kept) == 1
    assert "DEN" not in kept[0][0]
    assert province.rows("SELECT khoa FROM mart.dong_loi") == [(None,)]


def test_lines_that_lack_a_part_of_their_key_are_not_one_line_that_came_again(province: World):
    """Entries of two dossiers, the code of which both files lack: each is still to be corrected."""
    good = [{"thoi_gian": f"202503061000{n:02d}"} for n in range(30)]
    for at, moment in zip(AT, ("20250305090000", "20250305100000"), strict=False):
        steps = province.steps({"ma_ho_so": "", "thoi_gian": moment}, *good)
        province.ingest("qua_trinh", steps, at=at)
    assert [rule for _, _, rule in listed(province)] == ["QT01", "QT01"]
    assert province.rows("SELECT DISTINCT khoa FROM mart.dong_loi WHERE rule_id = 'QT01'") == [(None,)]


def test_nothing_is_kept_of_what_a_unit_that_nobody_knows_is_called(province: World):
    """It may be anything, somebody's name as well; a code that is loaded is not."""
    declared = {"don_vi": "Khuất Ngọc Tuyền", "ky": "2025-03", "ma_so_lieu": "iso_dien_tu", "gia_tri": "1"}
    declared |= {"chuc_danh": "Văn thư", "ngay_khai": "20250402080000"}
    province.ingest("khai_bao", province.csv([declared]), at="2025-04-10")
    assert province.rows("SELECT khoa, khoa_an, con_loi FROM ops.line_finding") == [(None, None, ["KB02"])]
