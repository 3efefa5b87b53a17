"""Dossiers that a later export names under the unit that took over: who received, who answers."""

from itertools import permutations

import pytest

from tests.registers.organisations import called, on, organise, step, unit, write
from tests.registers.test_mergers import held
from tests.torture import some
from tests.world import PROCEDURES, World, code

# Two wards and a town merge on 1 July; one commune is only renamed; one is split in two, the first of which
# takes its open dossiers; a new unit takes over from nobody.
UNITS = [
    unit("84.p1", "Phường Một Cũ", den="2025-06-30"),
    unit("84.p4", "Phường Bốn Cũ", den="2025-06-30"),
    unit("84.tp", "Thành phố Cũ", den="2025-06-30", cap="huyen"),
    unit("84.moi", "Phường Chung Mới", tu="2025-07-01"),
    unit("84.x", "Xã Tên Cũ", den="2025-06-30"),
    unit("84.y", "Xã Tên Mới", tu="2025-07-01"),
    unit("84.c", "Xã Sẽ Chia", den="2025-06-30"),
    unit("84.c1", "Xã Chia Một", tu="2025-07-01"),
    unit("84.c2", "Xã Chia Hai", tu="2025-07-01"),
    unit("84.n", "Xã Không Ai Trước", tu="2025-07-01"),
    # One that goes on takes another in.
    unit("84.a", "Xã Bị Nhập", den="2025-06-30"),
    unit("84.b", "Xã Còn Lại"),
]
STEPS = [
    *(step(cu, "84.moi", "2025-07-01") for cu in ("84.p1", "84.p4", "84.tp")),
    step("84.x", "84.y", "2025-07-01", "doi_ten"),
    step("84.c", "84.c1", "2025-07-01", "chia_tach"),
    step("84.c", "84.c2", "2025-07-01", "chia_tach", "0"),
    step("84.a", "84.b", "2025-07-01"),
]
NEW = "UBND Phường Chung Mới"
JUNE, JULY = "2025-07-01", "2025-08-01"
LATER = {"ngay_cap_nhat": "20250705080000"}
UNIT_COLUMNS = "ma_don_vi, don_vi_ngay_nhan, don_vi_ngay_xuat"


@pytest.fixture
def merged(world: World) -> World:
    organise(world, write(world.folder / "ref", UNITS, STEPS))
    world.ingest("tthc", world.json(PROCEDURES))
    return world


def kept(world: World, number: int = 1) -> tuple:
    return world.rows(f"SELECT {UNIT_COLUMNS} FROM core.ho_so WHERE ma_ho_so = :m", m=code(number))[0]


def stock(world: World, ky: str, ma: str = "dang_giai_quyet") -> dict[str, int]:
    return {unit_code: n for unit_code, n in held(world, ma, ky).items() if n}


def test_the_row_keeps_who_received_and_who_answers(merged):
    merged.add(on("2025-06-10", "Phường Một Cũ"), on("2025-06-10", "84.tp"), at=JUNE)
    merged.add(on("2025-06-10", NEW) | LATER, on("2025-06-10", "84.moi") | LATER, at=JULY)
    assert merged.rows("SELECT * FROM ops.reject") == []
    assert kept(merged, 1) == ("84.p1", "84.p1", "84.moi")
    assert kept(merged, 2) == ("84.tp", "84.tp", "84.moi")
    merged.refresh_all()
    total = "TONG:toan_tinh"
    assert stock(merged, "2025-06") == {"84.p1": 1, "84.tp": 1, "TONG:xa": 1, "TONG:huyen": 1, total: 2}
    assert stock(merged, "2025-07") == {"84.moi": 2, "TONG:xa": 2, total: 2}
    assert stock(merged, "2025-07", "ky_truoc") == {"84.moi": 2, "TONG:xa": 2, total: 2}


def test_a_list_shows_the_unit_that_answers_now(merged):
    merged.add(on("2025-06-10", "84.p1"), at=JUNE)
    merged.add(on("2025-06-10", NEW) | LATER | {"ngay_hen_tra": "20250620090000"}, at=JULY)
    late = "SELECT ma_don_vi, ten_don_vi, ma_ho_so FROM mart.ho_so_qua_han"
    assert merged.rows(late) == [("84.moi", "Phường Chung Mới", code(1))]


@pytest.mark.long
def test_who_received_is_not_guessed_among_several(merged):
    """July's export is the first that came: June's stock stands at the unit that answers, complete."""
    merged.add(on("2025-06-10", NEW) | LATER, on("2025-06-10", "84.p4") | LATER, at=JULY)
    assert kept(merged, 1) == ("84.moi", None, "84.moi")
    merged.refresh_all()
    # Of two dossiers open on 30 June one is at an unknown predecessor of 84.moi.
    assert stock(merged, "2025-06") == {"84.moi": 1, "84.p4": 1, "TONG:xa": 2, "TONG:toan_tinh": 2}
    assert stock(merged, "2025-07", "ky_truoc") == {"84.moi": 2, "TONG:xa": 2, "TONG:toan_tinh": 2}


@pytest.mark.parametrize(
    ("receiver", "expected"),
    [("UBND phường Bốn cũ", "84.p4"), ("84.P4", "84.p4"), ("84.x", None), ("84.moi", None), ("", None)],
)
def test_the_unit_that_took_it_in_says_who_received_if_it_is_one_of_those(merged, receiver, expected):
    merged.add(on("2025-06-10", NEW) | LATER | {"don_vi_tiep_nhan": receiver}, at=JULY)
    assert kept(merged) == (expected or "84.moi", expected, "84.moi")
    # What a file said in plain words goes first.
    merged.add(on("2025-06-10", "84.p1"), at=JUNE)
    assert kept(merged) == ("84.p1", "84.p1", "84.moi")


@pytest.mark.parametrize(
    ("name", "row"),
    [
        # The only one it can have come from.
        ("Xã Tên Mới", ("84.x", "84.x", "84.y")),
        ("84.y", ("84.x", "84.x", "84.y")),
        ("Xã Chia Một", ("84.c", "84.c", "84.c1")),
        # The file says that it did not go where the open dossiers went: it answers, in every month.
        ("Xã Chia Hai", ("84.c2", "84.c", "84.c2")),
        # On the day of receipt the name meant a unit: that day goes first.
        ("Xã Còn Lại", ("84.b", "84.b", "84.b")),
    ],
)
def test_unit_of_the_day_of_export_and_the_one_it_took_over_from(merged, name, row):
    merged.add(on("2025-06-10", name), at=JULY)
    assert kept(merged) == row


def test_a_unit_that_goes_on_does_not_take_what_was_known_to_be_anothers(merged):
    merged.add(on("2025-06-10", "84.a"), on("2025-06-10", "84.b"), on("2025-06-10", "84.x"), at=JUNE)
    merged.add(*[on("2025-06-10", "Xã Còn Lại") | LATER] * 3, at=JULY)
    # The third was at a unit that the one that answers did not take over from: it was handed on.
    assert [kept(merged, n)[0] for n in (1, 2, 3)] == ["84.a", "84.b", "84.b"]


@pytest.mark.parametrize(
    ("name", "received", "exported", "rule"),
    [
        ("Xã Không Ai Trước", "2025-06-10", JULY, "HS14a"),
        ("84.n", "2025-06-10", JULY, "HS14a"),
        # Neither then nor now.
        ("Xã Nào Đó", "2025-06-10", JULY, "HS14"),
        ("Phường Một Cũ", "2025-07-10", JULY, "HS14"),
        # The unit is not there yet when the file is made.
        (NEW, "2025-06-10", "2025-06-30", "HS14"),
    ],
)
def test_what_no_succession_leads_to_is_rejected_with_the_reason(merged, name, received, exported, rule):
    good = [on("2025-06-10", "84.p1")] * 20
    merged.add(*good, on(received, name), at=exported)
    (found,) = merged.rows("SELECT line_no, rule_ids, reasons[1] FROM ops.reject")
    assert found[:2] == (22, [rule])
    assert ("không kế thừa" in found[2]) == (rule == "HS14a")


def test_a_name_that_meant_several_on_the_day_of_receipt_stays_refused(world):
    units = [
        unit("84.p", "Phường Trùng", den="2025-06-30"),
        unit("84.x", "Xã Trùng", den="2025-06-30"),
        unit("84.m", "Xã Trùng", tu="2025-07-01"),
    ]
    steps = [step(cu, "84.m", "2025-07-01") for cu in ("84.p", "84.x")]
    organise(world, write(world.folder / "ref", units, steps))
    world.ingest("tthc", world.json(PROCEDURES))
    world.add(*[on("2025-06-10", "84.p")] * 20, on("2025-06-10", "Trùng"), at=JULY)
    assert world.rows("SELECT line_no, rule_ids FROM ops.reject") == [(22, ["HS14"])]


def test_a_name_that_meant_another_unit_on_the_day_of_receipt_means_that_one(world):
    units = [
        unit("84.cu", "Xã Chung Tên", den="2025-06-30"),
        unit("84.khac", "Xã Khác", den="2025-06-30"),
        unit("84.m", "Xã Chung Tên", tu="2025-07-01"),
        unit("84.n", "Xã Của Tên Cũ", tu="2025-07-01"),
    ]
    steps = [step("84.cu", "84.n", "2025-07-01"), step("84.khac", "84.m", "2025-07-01")]
    organise(world, write(world.folder / "ref", units, steps))
    world.ingest("tthc", world.json(PROCEDURES))
    world.add(on("2025-06-10", "Xã Chung Tên"), at=JULY)
    assert kept(world) == ("84.cu", "84.cu", "84.cu")


def test_names_that_began_later_and_units_renamed_under_one_code_are_found(world):
    units = [
        unit("84.a", "Xã Tên Đầu", den="2025-06-30"),
        unit("84.a", "Phường Tên Sau", tu="2025-07-01"),
        unit("84.b", "Xã Bình Thường"),
    ]
    names = [called("Bộ phận một cửa Bình Thường", "84.b", tu="2025-07-01")]
    organise(world, write(world.folder / "ref", units, names=names))
    world.ingest("tthc", world.json(PROCEDURES))
    world.add(on("2025-06-10", "Phường Tên Sau"), on("2025-06-10", names[0]["ten_goi"]), at=JULY)
    assert [kept(world, n) for n in (1, 2)] == [("84.a",) * 3, ("84.b",) * 3]


def test_a_source_that_is_the_only_one_to_know_its_units_is_followed_too(world):
    rows = [
        {"MaDonVi": "S.1", "TenDonVi": "Sở Trước", "HieuLucDen": "20250630", "MaDonViKeThua": "S.2"},
        {"MaDonVi": "S.2", "TenDonVi": "Sở Sau", "HieuLucTu": "20250701"},
    ]
    common = {"Cap": "so_nganh", "HieuLucTu": "20200101", "HieuLucDen": None, "MaDonViKeThua": None}
    common |= {"NgayCapNhat": "20240101000000"}
    world.ingest("don_vi", world.json([common | row for row in rows]))
    world.ingest("tthc", world.json(PROCEDURES))
    world.add(on("2025-06-10", "Sở Sau"), on("2025-06-10", "s.2"), at=JULY)
    assert [kept(world, n) for n in (1, 2)] == [("S.1", "S.1", "S.2")] * 2


# --- order of arrival -----------------------------------------------------------------------------

SAME_TIME = {"ngay_cap_nhat": "20250610090000"}
STATES = {
    "known, then under the new name": [("84.p1", JUNE, {}), (NEW, JULY, LATER)],
    "in the same state": [("84.p1", JUNE, SAME_TIME), (NEW, JULY, SAME_TIME)],
    "handed on before": [
        ("84.p1", "2025-06-12", {}),
        ("84.p4", JUNE, {"ngay_cap_nhat": "20250620090000"}),
        (NEW, JULY, LATER),
    ],
    "handed on to a stranger": [
        ("84.p1", "2025-06-12", {}),
        ("84.x", JUNE, {"ngay_cap_nhat": "20250620090000"}),
        (NEW, JULY, LATER),
    ],
    "one that goes on": [("84.a", JUNE, {}), ("84.b", JULY, LATER)],
    "taken in by several": [
        (NEW, JULY, LATER | {"don_vi_tiep_nhan": "84.p1"}),
        (NEW, "2025-08-15", {"ngay_cap_nhat": "20250810090000", "don_vi_tiep_nhan": "84.p4"}),
        (NEW, "2025-08-20", {"ngay_cap_nhat": "20250815090000", "don_vi_tiep_nhan": ""}),
    ],
    "back and forth": [
        ("84.tp", JUNE, {}),
        (NEW, JULY, LATER),
        ("84.p4", "2025-08-15", {"ngay_cap_nhat": "20250810090000"}),
        (NEW, "2025-08-20", {"ngay_cap_nhat": "20250815090000"}),
    ],
}


@pytest.mark.long
@pytest.mark.parametrize("states", STATES.values(), ids=STATES)
@pytest.mark.torture
def test_the_order_of_exports_does_not_matter(merged, states):
    files = [(merged.dossiers(on("2025-06-10", name) | changes), at) for name, at, changes in states]
    found, figures = [], []
    orders = some(list(permutations(files)), 4)
    for order in orders:
        merged.without_dossiers()
        for path, at in order:
            merged.ingest("ho_so", path, at)
        found.append(merged.content("core.ho_so"))
        # Figures follow from core; of the first order and of its reverse they are counted.
        if order in (orders[0], orders[-1]):
            merged.refresh_all()
            figures.append(merged.content("core.tong_hop", "mart.chi_so"))
    assert all(one == found[0] for one in found[1:])
    assert figures[0] == figures[1]


@pytest.mark.long
def test_two_states_in_one_file_are_as_in_two(merged):
    states = [on("2025-06-10", "84.p1"), on("2025-06-10", NEW) | LATER]
    found = []
    for files in ([states], [states[::-1]], [states[:1], states[1:]]):
        merged.without_dossiers()
        for lines in files:
            merged.ingest("ho_so", merged.dossiers(*[{"ma_ho_so": code(1)} | line for line in lines]), JULY)
        found.append(merged.content("core.ho_so"))
        assert kept(merged) == ("84.p1", "84.p1", "84.moi")
    assert found[0] == found[1] == found[2]


@pytest.mark.long
def test_an_export_with_fewer_columns_carries_over_too(merged):
    """It leaves what it lacks as it was, in either order."""
    short = ["ma_ho_so", "ma_tthc", "ngay_tiep_nhan", "ngay_hen_tra", "ngay_ket_thuc_xu_ly"]
    short += ["trang_thai_ho_so", "don_vi_xu_ly", "ngay_cap_nhat"]
    june = merged.dossiers(on("2025-06-10", "84.p1"))
    july = merged.dossiers(on("2025-06-10", NEW) | LATER, columns=short)
    found = []
    for order in ((june, july), (july, june)):
        merged.without_dossiers()
        for path in order:
            merged.ingest("ho_so", path, JUNE if path is june else JULY)
        found.append(merged.content("core.ho_so"))
        assert kept(merged) == ("84.p1", "84.p1", "84.moi")
    assert found[0] == found[1]


def test_known_again_under_its_old_name_nothing_is_left_of_the_detour(merged):
    merged.add(on("2025-06-10", "84.p1"), at=JUNE)
    before = merged.content("core.ho_so")
    merged.add(on("2025-06-10", NEW) | LATER, at=JULY)
    assert merged.rows("SELECT cot_cu FROM core.ho_so") == [({"don_vi_ngay_nhan": "2025-06-10T09:00:00"},)]
    merged.add(on("2025-06-10", "84.p1") | {"ngay_cap_nhat": "20250801080000"}, at="2025-08-02")
    after = merged.content("core.ho_so")
    assert (
        after["core.ho_so"][0].replace("2025-08-01T08:00:00", "2025-06-10T09:00:00")
        == before["core.ho_so"][0]
    )


# --- what else can be carried over ------------------------------------------------------------------


def document(number: int, name: str, **values: str) -> dict:
    row = {"don_vi": name, "ngay_den": "20250610080000", "ngay_dang_ky": "20250610090000"}
    row |= {"ngay_van_ban": "20250609", "han_xu_ly": "20250620", "so": str(number)}
    return row | {"ngay_cap_nhat": "20250705080000"} | values


def test_documents_and_work_dossiers_are_found_under_the_new_name_too(merged):
    names = [NEW, "Xã Tên Mới", "84.y", "Xã Chia Hai"]
    expected = [("84.moi",), ("84.x",), ("84.x",), ("84.c2",)]
    merged.ingest("van_ban", merged.documents(*(document(n, name) for n, name in enumerate(names, 1))), JULY)
    opened = {"ngay_mo": "20250610080000", "ngay_cap_nhat": "20250705080000", "han_giai_quyet": ""}
    merged.ingest("ho_so_cong_viec", merged.work(*({"don_vi": name} | opened for name in names)), JULY)
    assert merged.rows("SELECT * FROM ops.reject") == []
    assert merged.rows("SELECT ma_don_vi FROM core.van_ban ORDER BY ma_van_ban") == expected
    assert merged.rows("SELECT ma_don_vi FROM core.ho_so_cong_viec ORDER BY ma_hscv") == expected


def test_a_document_whose_new_unit_took_over_from_nobody_is_rejected(merged):
    good = [document(n, "84.p1") for n in range(1, 21)]
    merged.ingest("van_ban", merged.documents(*good, document(21, "Xã Không Ai Trước")), JULY)
    assert merged.rows("SELECT line_no, rule_ids FROM ops.reject") == [(22, ["VB14"])]


def test_the_same_number_of_two_units_that_merged_is_no_duplicate(merged):
    """17 of one ward and 17 of the other bear one unit's name; 17 of the renamed commune stands twice."""
    rows = [document(17, NEW), document(17, NEW), document(17, "84.y"), document(17, "84.x")]
    merged.ingest("van_ban", merged.documents(*rows), JULY)
    found = merged.rows("SELECT khoa FROM ops.line_finding WHERE rule_ids && ARRAY['VB24'] ORDER BY khoa")
    assert found == [("VB3",), ("VB4",)]
