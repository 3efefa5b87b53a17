"""Lines that say different things of one moment: the greater wins, in one file or several, and it is told."""

import itertools

import pytest

from cchc.contracts import contracts
from cchc.judging.suites import rules_of
from tests.accidents import copied
from tests.reading.test_borders import GOOD
from tests.torture.states import CONTRADICTIONS
from tests.world import CONTENT, SO, XA, World, code

AT = "2025-04-10"
# One thing of each dataset and what two lines say of it at one moment, besides what both say.
TWO = {
    "ho_so": (
        {"so_lan_bo_sung": "10", "trang_thai_ho_so": "9"},
        {"so_lan_bo_sung": "9", "trang_thai_ho_so": "10"},
    ),
    "danh_gia": ({"danh_gia": "hai_long"}, {"danh_gia": "khong_hai_long"}),
    "qua_trinh": ({"don_vi": SO}, {"don_vi": XA}),
    "van_ban": ({"do_khan": "1", "gui_giay": "1"}, {"do_khan": "2", "gui_giay": "0"}),
    "ho_so_cong_viec": ({"tien_do": "10"}, {"tien_do": "9"}),
    "khai_bao": ({"gia_tri": "1"}, {"gia_tri": "0"}),
    "don_vi": ({"ten_don_vi": "Sở A"}, {"ten_don_vi": "Sở B"}),
    "tthc": ({"ten_tthc": "Thủ tục A"}, {"ten_tthc": "Thủ tục B"}),
}
# What is held then, worked out by hand. The text of a document is compared as "do_khan": 1 and "do_khan": 2.
HELD = {
    "ho_so": ("so_lan_bo_sung, trang_thai_ho_so", [(10, 10)]),
    "danh_gia": ("danh_gia", [("khong_hai_long",)]),
    "qua_trinh": ("don_vi", [(XA,)]),
    "van_ban": ("do_khan, gui_giay", [(2, 0)]),
    "ho_so_cong_viec": ("tien_do", [(9,)]),
    "khai_bao": ("gia_tri", [(0,), (1,)]),
}


def test_every_dataset_is_here():
    assert set(TWO) == set(GOOD) == set(CONTRADICTIONS) == set(contracts())


@pytest.mark.long
@pytest.mark.parametrize("dataset", TWO)
def test_in_one_file_and_in_two_the_same_is_held_and_the_same_is_told(world: World, dataset: str):
    world.dimensions()
    [rule] = [rule for rule in rules_of(dataset).values() if rule.contradiction]
    assert rule.severity == "warning"
    lines = [GOOD[dataset] | change for change in TWO[dataset]]
    if dataset == "don_vi":
        # A unit of its own, in no reference file.
        lines = [line | {"ma_don_vi": "000.00.77.H59", "theo_doi": ""} for line in lines]
    core = [table for table in CONTENT if table.startswith("core.")]
    contents = []
    splits = (
        [lines],
        [lines[::-1]],
        *([[each] for each in order] for order in itertools.permutations(lines)),
    )
    with copied(world.engine) as put_back:
        for files in splits:
            put_back()
            batches = [world.ingest(dataset, world.json(file), at=AT)[0] for file in files]
            assert sum(b.lines_read for b in batches) == 2
            assert [b.lines_rejected for b in batches] == [0] * len(files)
            assert all(b.lines_read == b.lines_accepted + b.lines_superseded for b in batches)
            told = world.rows(
                "SELECT severity, failed_count FROM ops.validation_result "
                "WHERE rule_id = :rule AND batch_id = :b",
                rule=rule.rule_id,
                b=batches[-1].batch_id,
            )
            assert told == [("warning", 2 if len(files) == 1 else 1)]
            listed = "SELECT count(*) FROM ops.line_finding WHERE :rule = ANY(rule_ids)"
            assert world.rows(listed, rule=rule.rule_id) == [told[0][1:]]
            contents.append(world.content(*core))
            if dataset in HELD:
                columns, rows = HELD[dataset]
                assert world.rows(f"SELECT {columns} FROM core.{dataset} ORDER BY 1") == rows
    assert all(content == contents[0] for content in contents)


def test_a_dossier_merged_of_two_lines_bears_one_of_them_and_names_the_other(province: World):
    both = [{"ma_ho_so": code(1)} | change for change in TWO["ho_so"]]
    batch = province.add(*both, {"ma_ho_so": code(2)})
    assert (batch.lines_accepted, batch.lines_superseded) == (2, 1)
    where = "SELECT batch_id, line_no FROM core.ho_so WHERE ma_ho_so = :ma"
    assert province.rows(where, ma=code(1)) == [(batch.batch_id, 3)]
    other = "SELECT batch_id, line_no, held_batch_id, held_line_no FROM ops.contradiction"
    assert province.rows(other) == [(batch.batch_id, 2, batch.batch_id, 3)]


def test_a_line_that_is_rejected_contradicts_nothing(province: World):
    good = [{"ma_ho_so": code(n)} for n in range(1, 40)]
    batch = province.add(*good, good[0] | {"ngay_hen_tra": "20200101000000", "so_lan_bo_sung": "5"})
    assert (batch.lines_accepted, batch.lines_rejected, batch.lines_superseded) == (39, 1, 0)
    assert province.rows("SELECT so_lan_bo_sung FROM core.ho_so WHERE ma_ho_so = :ma", ma=code(1)) == [(0,)]
    assert province.rows("SELECT count(*) FROM ops.contradiction") == [(0,)]


DECLARED = {
    "don_vi": SO,
    "ky": "2025-03",
    "ngay_khai": "20250405080000",
    "ma_so_lieu": "iso_dien_tu",
    "gia_tri": "1",
}


@pytest.mark.long
def test_of_two_positions_that_declare_the_same_the_greater_is_kept_whatever_the_order(province: World):
    # The unit by its code and by its name: one thing for core, two for the file.
    lines = [
        DECLARED | {"chuc_danh": "Chánh Văn phòng"},
        DECLARED | {"chuc_danh": "Giám đốc"},
        DECLARED | {"chuc_danh": "Chuyên viên", "don_vi": "Sở Xây dựng"},
    ]
    for order in itertools.permutations(lines):
        for files in ([list(order)], [list(order[:2]), [order[2]]], [[each] for each in order]):
            province.without_dossiers()
            for file in files:
                batch, _ = province.ingest("khai_bao", province.csv(file))
                assert batch.lines_read == batch.lines_accepted + batch.lines_superseded == len(file)
            assert province.rows("SELECT gia_tri, chuc_danh FROM core.khai_bao") == [(1, "Giám đốc")]


def test_of_a_whole_and_a_part_declared_twice_at_one_moment_none_is_refused(province: World):
    """10 of which 4, and 3 of which 2: each pair is right, and they are not mixed."""
    whole, part = "ho_so_ngoai_he_thong", "ho_so_ngoai_he_thong_dung_han"
    pairs = province.rows(
        "SELECT ma_so_lieu, khong_qua FROM core.so_lieu_khai_bao WHERE khong_qua IS NOT NULL"
    )
    part, whole = pairs[0]
    base = DECLARED | {"chuc_danh": "Chuyên viên"}
    lines = [
        base | {"ma_so_lieu": ma, "gia_tri": value}
        for ma, value in ((whole, "10"), (part, "4"), (whole, "3"), (part, "2"))
    ]
    batch, _ = province.ingest("khai_bao", province.csv(lines))
    assert (batch.lines_accepted, batch.lines_rejected) == (4, 0)


@pytest.mark.long
def test_what_was_told_of_a_batch_is_told_still_when_it_is_loaded_again(world: World):
    world.dimensions()
    world.add({"kenh_thuc_hien": "2"}, at="2025-03-07")
    good = [{"ma_ho_so": code(n)} for n in range(10, 60)]
    # One line waits for its unit, so that the file is judged again when units come.
    path = world.dossiers(
        {"kenh_thuc_hien": "3"}, *good, {"ma_ho_so": code(99), "don_vi_xu_ly": "000.00.78.H59"}
    )
    batch, _ = world.ingest("ho_so", path, at="2025-03-09")
    told = "SELECT failed_count FROM ops.validation_result WHERE rule_id = 'HS01b' AND batch_id = :b"
    assert (batch.lines_rejected, world.rows(told, b=batch.batch_id)) == (1, [(1,)])
    unit = {"ma_don_vi": "000.00.78.H59", "ten_don_vi": "Sở mới", "cap": "so_nganh"}
    world.ingest("don_vi", world.csv([unit]), at="2025-03-10")
    again, _ = world.ingest("ho_so", path, at="2025-03-09")
    assert (again.batch_id, again.lines_rejected, again.lines_accepted) == (batch.batch_id, 0, 52)
    assert world.rows(told, b=batch.batch_id) == [(1,)]
