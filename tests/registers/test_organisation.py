"""The organisation loaded: names and codes that resolve, and what a source says of it."""

import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest

from cchc.errors import BadDefinition
from tests.accidents import nothing_differs_after, session_ended
from tests.registers.organisations import (
    LAST_DAY,
    REFORM,
    A,
    B,
    answers,
    called,
    empty,
    listed,
    on,
    organise,
    step,
    unit,
    write,
)
from tests.world import CONTENT, PROCEDURES, World

ORGANISATION = tuple(table for table in CONTENT if table.startswith("core.") and "tthc" not in table)[:7]


# --- loaded -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shared(make_world: Callable[[], World]) -> World:
    world = make_world()
    organise(world)
    world.ingest("tthc", world.json(PROCEDURES))
    return world


@pytest.fixture
def organised(shared: World, tmp_path: Path) -> World:
    """A warehouse that knows the shipped organisation and no source's unit list; made once."""
    return World(shared.engine, tmp_path).without_dossiers()


def units_of(world: World, *names: tuple[str, str]) -> list[str]:
    """The units at which dossiers with these (unit as written, day of receipt) are loaded."""
    world.add(*(on(day, name) for name, day in names), at="2025-09-01")
    return [row[0] for row in world.rows("SELECT ma_don_vi FROM core.ho_so ORDER BY ma_ho_so")]


WRITTEN = [
    ("Xã Huyền Hội", "84.29278"),
    ("UBND xã Huyền Hội", "84.29278"),
    ("ỦY BAN NHÂN DÂN XÃ HUYỀN HỘI", "84.29278"),
    ("Uỷ ban nhân dân xã Huyền Hội", "84.29278"),
    ("Huyền Hội", "84.29278"),
    ("Xã Huyền Hội, Huyện Càng Long", "84.29278"),
    ("Huyền Hội - Càng Long", "84.29278"),
    ("UBND Xã Huyền Hội - Huyện Càng Long", "84.29278"),
    ("Xã Huyền Hội, huyện Càng Long, tỉnh Trà Vinh", "84.29278"),
    ("29278", "84.29278"),
    ("84.29278", "84.29278"),
    # Two wards bear the name; with the town it is one of them.
    ("Phường 1, Thành phố Trà Vinh", "84.29239"),
    ("UBND Phường 1, Thị xã Duyên Hải", "84.29512"),
    # A commune and a township of the same district, and a district.
    ("Xã Định An", "84.29494"),
    ("Thị trấn Định An", "84.29462"),
    ("Huyện Càng Long", "84.844"),
    ("UBND thị trấn Càng Long", "84.29266"),
    # Tone marks in both places, and letters with their marks apart.
    ("Xã Hoà Thuận", "84.29398"),
    ("Xã Hòa Thuận", "84.29398"),
    (unicodedata.normalize("NFD", "xã Lương Hòa A"), "84.29386"),
    # What a public list calls it otherwise stands in ten_goi_khac.csv.
    ("Xã Vĩnh Kim", "84.29431"),
    ("UBND xã Vĩnh Kim, Huyện Cầu Ngang", "84.29431"),
    ("Sở Tư pháp tỉnh Trà Vinh", "84.so-tu-phap"),
]


def test_a_unit_is_known_however_it_is_written(organised):
    found = units_of(organised, *((name, "2025-05-05") for name, _ in WRITTEN))
    assert dict(zip([name for name, _ in WRITTEN], found, strict=True)) == dict(WRITTEN)


@pytest.mark.parametrize(
    "name",
    ["Phường 1", "Định An", "Càng Long", "1", "Xã Không Có", "Tỉnh Trà Vinh", "Xã Huyền Hội, Huyện Cầu Kè"],
)
def test_a_name_that_means_no_unit_or_several_is_rejected_with_the_reason(organised, name):
    good = [on("2025-05-05", "Xã Huyền Hội") for _ in range(20)]
    batch = organised.add(*good, on("2025-05-05", name), at="2025-09-01")
    assert (batch.lines_read, batch.lines_accepted, batch.lines_rejected) == (21, 20, 1)
    reason = "Đơn vị xử lý không ứng với đúng một đơn vị còn hiệu lực vào ngày tiếp nhận"
    assert organised.rows("SELECT line_no, rule_ids, reasons FROM ops.reject WHERE batch_id = :b",
                          b=batch.batch_id) == [(22, ["HS14"], [reason])]  # fmt: skip


REUSED = [
    ("29242", "84.29242", "Phường 3", "Phường Trà Vinh"),
    ("29512", "84.29512", "Phường 1", "Phường Duyên Hải"),
    ("29266", "84.29266", "Thị trấn Càng Long", "Xã Càng Long"),
    ("29398", "84.29398", "Xã Hòa Thuận", "Phường Hòa Thuận"),
]


def test_a_reused_code_means_the_old_commune_until_30_june_and_the_new_one_after(organised):
    days = [(gso, day) for gso, *_ in REUSED for day in (LAST_DAY, REFORM)]
    expected = [f"{province}.{gso}" for gso, *_ in REUSED for province in ("84", "86")]
    assert units_of(organised, *days) == expected
    for gso, _, before, after in REUSED:
        assert organised.rows(
            "SELECT ten_don_vi FROM mart.don_vi WHERE ma_gso = :g ORDER BY hieu_luc_tu", g=gso
        ) == [(before,), (after,)]


def test_a_department_of_march_is_another_than_the_one_of_the_same_name_before(organised):
    days = [("2025-02-28"), ("2025-03-01"), (LAST_DAY), (REFORM)]
    assert units_of(organised, *(("Sở Tài chính", day) for day in days)) == [
        *("84.so-tai-chinh", "84.so-tai-chinh-2025", "84.so-tai-chinh-2025", "86.so-tai-chinh")
    ]


def test_units_are_asked_as_they_were_and_as_they_are_now(organised):
    chain = {
        "2025-02-28": "84.so-thong-tin-va-truyen-thong",
        "2025-03-01": "84.so-khoa-hoc-va-cong-nghe-2025",
        LAST_DAY: "84.so-khoa-hoc-va-cong-nghe-2025",
        REFORM: "86.so-khoa-hoc-va-cong-nghe",
        "2027-01-01": "86.so-khoa-hoc-va-cong-nghe",
    }
    for day, expected in chain.items():
        assert answers(organised, day)["84.so-thong-tin-va-truyen-thong"] == expected
    # On any day, everything that has begun is answered for by a unit that is alive.
    for day in chain:
        dead = organised.rows(
            "SELECT t.ma_goc FROM core.don_vi_tai_ngay(:d) AS t WHERE NOT t.con_hieu_luc AND EXISTS "
            "(SELECT 1 FROM core.don_vi AS d WHERE d.ma_don_vi = t.ma_goc AND d.valid_from <= :d)",
            d=day,
        )
        assert dead == []
    assert set(answers(organised, "2025-05-01")) == set(answers(organised, REFORM))


def test_bi_sees_what_is_verified_and_what_is_not(organised):
    assert organised.rows(
        "SELECT cap, da_kiem_chung, theo_doi, count(*) FROM mart.don_vi WHERE hieu_luc_den = 'infinity' "
        "GROUP BY 1, 2, 3 ORDER BY 1, 3"
    ) == [
        ("so_nganh", False, True, 15),
        ("toan_tinh", True, True, 1),
        ("xa", True, False, 83),
        ("xa", True, True, 41),
    ]
    steps = "SELECT loai, da_kiem_chung, count(*) FROM mart.ke_thua GROUP BY 1, 2 ORDER BY 1, 2"
    assert organised.rows(steps) == [
        ("chia_tach", False, 9),
        ("doi_ten", True, 4),
        ("hop_nhat", False, 15),
        ("hop_nhat", True, 112),
    ]


def test_who_answers_is_found_fast(organised):
    (plan,) = organised.rows(
        "EXPLAIN (ANALYZE, FORMAT JSON) SELECT * FROM core.don_vi_tai_ngay('2025-07-01')"
    )
    assert plan[0][0]["Execution Time"] < 30


# --- what a source says ---------------------------------------------------------------------------


LISTED = [
    listed("S1", "UBND Xã A, Huyện H", MaGSO="29001"),
    listed("S2", "UBND xã B"),
    listed("S3", "Tên của riêng nguồn"),
    listed("S4", "Sở Chưa Có Trong Danh Mục", "so_nganh", HieuLucDen="20250331", MaDonViKeThua="S3"),
    listed("X5", "Mã chính thức", "so_nganh"),
    # Its GSO code is wrong at the source; an officer has said whom it means.
    listed("S6", "Xã A", MaGSO="29001"),
    listed("S7", "Cũng chưa có", HieuLucDen="20250331", MaDonViKeThua="S8"),
]


ON_FILE = [
    unit("84.29001", "Xã A", den="2025-03-31", ma_gso="29001"),
    unit("84.b", "Xã B"),
    unit("84.c", "Xã C"),
    unit("84.d", "Sở D", cap="so_nganh", ma_dinh_danh="x5"),
    unit("84.e", "Xã E", tu="2025-04-01", ma_gso="29001"),
]


STEPS = [step("84.29001", "84.e", "2025-04-01", "doi_ten")]


CALLED = [called("S3", "84.c"), called("S6", "84.b")]


def test_a_source_s_code_means_the_unit_of_the_files_that_an_alias_code_gso_or_name_tells(world):
    organise(world, write(world.folder / "ref", ON_FILE, STEPS, CALLED))
    world.ingest("don_vi", world.json(LISTED))
    assert world.rows(
        "SELECT ma_don_vi_nguon, ma_don_vi, khop_theo, valid_from::text, valid_to::text "
        "FROM core.don_vi_nguon ORDER BY 1, 4"
    ) == [
        # The source never said that the commune ended; the files did, and gave its code to the next.
        ("S1", "84.29001", "ma_gso", "2020-01-01", "2025-03-31"),
        ("S1", "84.e", "ma_gso", "2025-04-01", "infinity"),
        ("S2", "84.b", "ten", "2020-01-01", "infinity"),
        ("S3", "84.c", "ten_goi_khac", "2020-01-01", "infinity"),
        ("S6", "84.b", "ten_goi_khac", "2020-01-01", "infinity"),
        ("X5", "84.d", "ma", "2020-01-01", "infinity"),
    ]
    units = "SELECT ma_don_vi, ten_don_vi, valid_from::text, da_kiem_chung FROM core.don_vi"
    assert sorted(world.rows(f"{units} WHERE cap <> 'toan_tinh'")) == [
        ("84.29001", "Xã A", "-infinity", True),
        ("84.b", "Xã B", "-infinity", True),
        ("84.c", "Xã C", "-infinity", True),
        ("84.d", "Sở D", "-infinity", True),
        ("84.e", "Xã E", "2025-04-01", True),
        # Unknown to the files: a unit all the same, under the source's code, and not verified.
        ("S4", "Sở Chưa Có Trong Danh Mục", "2020-01-01", False),
        ("S7", "Cũng chưa có", "2020-01-01", False),
    ]
    # The source's heir of S4 is the unit that S3 means.
    assert answers(world, "2025-03-31")["S4"] == "S4"
    assert answers(world, "2025-04-01")["S4"] == "84.c"
    assert answers(world, "2025-03-31")["S1"] == "84.29001"
    assert answers(world, "2025-04-01")["S1"] == "84.e"
    # Nobody has ever heard of S8: the ended unit keeps its dossiers.
    assert answers(world, "2025-04-01")["S7"] == "S7"


def test_what_a_source_says_otherwise_is_shown_and_changes_nothing(world):
    folder = write(world.folder / "ref", ON_FILE, STEPS, CALLED)
    organise(world, folder)
    before = world.rows("SELECT * FROM mart.don_vi ORDER BY ma_don_vi, hieu_luc_tu")
    wrong = listed("S1", "Xã Tên Khác", "huyen", MaGSO="29001", HieuLucDen="20250228", MaDonViKeThua="S2")
    same = listed("S2", "UBND xã B, Tỉnh Thử")
    world.ingest("don_vi", world.json([wrong, same]))
    assert world.rows("SELECT * FROM mart.don_vi ORDER BY ma_don_vi, hieu_luc_tu") == before
    assert world.rows(
        "SELECT ma_don_vi_nguon, ma_don_vi, cot, gia_tri_nguon, gia_tri_tham_chieu "
        "FROM ops.don_vi_khac_tham_chieu ORDER BY cot"
    ) == [
        ("S1", "84.29001", "cap", "huyen", "xa"),
        ("S1", "84.29001", "hieu_luc_den", "2025-02-28", "2025-03-31"),
        ("S1", "84.29001", "ma_don_vi_ke_thua", "S2", "84.e"),
        ("S1", "84.29001", "ten_don_vi", "Xã Tên Khác", "Xã A"),
    ]
    # What the source calls it becomes a way to call it, and the dossiers go where the files say.
    world.ingest("tthc", world.json(PROCEDURES))
    assert units_of(world, ("Xã Tên Khác", "2025-02-01"), ("S1", "2025-02-28")) == ["84.29001"] * 2


@pytest.mark.long
def test_files_and_lists_in_any_order_give_the_same_organisation(world):
    folder = write(world.folder / "ref", ON_FILE, STEPS, CALLED)
    later = world.folder / "later"
    write(later, [*ON_FILE, unit("84.f", "Sở Chưa Có Trong Danh Mục", cap="so_nganh")], STEPS, CALLED)
    actions = {
        "files": lambda: organise(world, folder),
        "list": lambda: world.ingest("don_vi", world.json(LISTED)),
        "second list": lambda: world.ingest(
            "don_vi", world.json([listed("S2", "UBND xã B mới", NgayCapNhat="20250501000000")])
        ),
        "newer files": lambda: organise(world, later),
    }
    orders = [
        ["files", "newer files", "list", "second list"],
        ["second list", "files", "list", "newer files"],
        ["list", "second list", "newer files", "newer files"],
        ["list", "newer files", "files", "second list", "newer files"],
    ]
    seen = []
    for order in orders:
        empty(world)
        for name in order:
            actions[name]()
        seen.append(world.content(*ORGANISATION))
    assert all(content == seen[0] for content in seen[1:])
    # Files that come back to what they were give what they gave.
    organise(world, folder)
    assert world.rows("SELECT count(*) FROM core.don_vi WHERE ma_don_vi = '84.f'") == [(0,)]
    organise(world, later)
    assert world.content(*ORGANISATION) == seen[0]


def test_files_loaded_again_change_nothing_and_a_new_name_is_taken_up(world):
    folder = write(world.folder / "ref", ON_FILE, STEPS)
    organise(world, folder)
    before = world.content("ops.batch", *ORGANISATION)
    assert organise(world, folder) == []
    assert world.content("ops.batch", *ORGANISATION) == before
    world.ingest("tthc", world.json(PROCEDURES))
    good = [on("2025-02-01", "Xã B") for _ in range(20)]
    path = world.dossiers(*good, on("2025-02-01", "Xã Bê"))
    assert world.ingest("ho_so", path, "2025-02-10")[0].lines_rejected == 1
    # An officer adds the name; the same file is judged again and the line is accepted.
    organise(world, write(folder, ON_FILE, STEPS, [called("Xã Bê", "84.b")]))
    again = world.ingest("ho_so", path, "2025-02-10")[0]
    assert (again.lines_rejected, again.lines_accepted + again.lines_superseded) == (0, 21)
    held_at = "SELECT ma_don_vi, count(*) FROM core.ho_so GROUP BY ma_don_vi"
    assert world.rows(held_at) == [("84.b", 21)]


def test_rows_that_came_by_hand_first_are_the_reference_all_the_same(world):
    """As when a warehouse is built again from the landing area."""
    folder = write(world.folder / "ref", ON_FILE, STEPS)
    organise(world, folder)
    expected = world.content(*ORGANISATION)
    ((landed,),) = world.rows("SELECT landed_path FROM ops.batch")
    copy = world.text(Path(landed).read_bytes(), "jsonl")
    empty(world)
    world.ingest("don_vi", copy, at="2025-01-01")
    assert world.rows("SELECT DISTINCT ma_nguon FROM core.don_vi_phien_ban") == [("he_thong",)]
    organise(world, folder)
    assert world.content(*ORGANISATION) == expected


@pytest.mark.long
def test_a_unit_that_the_files_do_not_know_is_taken_over_by_them_with_its_dossiers(world):
    """A dossier loaded while only the source knew its unit counts at the unit that the files name later."""
    world.ingest("don_vi", world.json([listed("S2", "UBND xã B")]))
    world.ingest("tthc", world.json(PROCEDURES))
    world.add(on("2025-02-01", "S2"), at="2025-03-01")
    world.refresh_all()
    assert world.figure("dang_giai_quyet", "S2", "2025-02") == (1, None)
    changed = organise(world, write(world.folder / "ref", ON_FILE, STEPS))
    assert changed == ["2025-01", "2025-02"]
    world.refresh_all()
    assert world.figure("dang_giai_quyet", "84.b", "2025-02") == (1, None)
    assert world.rows("SELECT count(*) FROM mart.chi_so WHERE ma_don_vi = 'S2'") == [(0,)]


@pytest.mark.long
def test_a_corrected_successor_marks_the_months_from_its_day_on_and_no_other(world):
    units = [A, B, unit("84.c")]
    folder = write(world.folder / "ref", units, [step("84.a", "84.b", "2025-03-01")])
    organise(world, folder)
    world.ingest("tthc", world.json(PROCEDURES))
    world.add(on("2025-02-01", "84.a"), at="2025-05-01")
    world.refresh_all()
    assert world.figure("dang_giai_quyet", "84.b", "2025-03") == (1, None)
    changed = organise(world, write(folder, units, [step("84.a", "84.c", "2025-03-01")]))
    assert changed == ["2025-03", "2025-04"]
    world.refresh_all()
    assert world.figure("dang_giai_quyet", "84.b", "2025-03") == (0, None)
    assert world.figure("dang_giai_quyet", "84.c", "2025-03") == (1, None)
    assert world.figure("dang_giai_quyet", "84.a", "2025-02") == (1, None)


def test_a_row_that_the_suite_rejects_stops_the_files(world):
    many = [unit(f"84.t{n}") for n in range(30)]
    folder = write(world.folder / "ref", [*many, unit("84.g", "Xã Gá»Ÿ")])
    with pytest.raises(BadDefinition, match=r"don_vi\.csv: the suite don_vi rejected rows of batch"):
        organise(world, folder)
    assert world.rows("SELECT count(*) FROM core.don_vi") == [(0,)]
    assert world.rows("SELECT line_no, rule_ids FROM ops.reject") == [(33, ["DV28"])]


@pytest.mark.kill
def test_a_load_of_the_files_cut_at_any_statement_and_run_again(world):
    world.ingest("don_vi", world.json(LISTED))
    first = write(world.folder / "first", ON_FILE[:2], [])
    second = write(world.folder / "second", ON_FILE, STEPS, CALLED)
    cuts = nothing_differs_after(
        session_ended,
        world.engine,
        prepare=lambda: organise(world, first),
        job=lambda _: organise(world, second),
        seen=lambda: world.content(*ORGANISATION),
    )
    assert cuts > 8
