"""What reference files come to say after exports were loaded counts as if they had said it from the start."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from cchc.commands.verify import checks
from cchc.loading import load as loading
from cchc.loading.load import load_reopened
from tests.accidents import copied
from tests.registers.organisations import called, on, organise, step, unit, write
from tests.world import World

LOOKED_UP = "every loaded batch is looked up by the units that are known now"
GONE = "every batch that units were corrected for could be loaded again"
HELD = "no line that is rejected stands in core, no batch holds more rows there than it had accepted"
A, B, C = unit("84.a"), unit("84.b"), unit("84.c")
X = "Bộ phận X"

# What the files say first, what they say later, the dossiers, and whose they are then.
CORRECTED = {
    "another name means another unit": (
        ([A, B], [], [called(X, "84.a")]), ([A, B], [], [called(X, "84.b")]),
        [on("2025-02-03", X, 1)], ["84.b"],
    ),
    "from a day on": (
        ([A, B], [], [called(X, "84.a")]),
        ([A, B], [], [called(X, "84.a", den="2025-01-31"), called(X, "84.b", tu="2025-02-01")]),
        [on("2025-01-31", X, 1), on("2025-02-03", X, 2)], ["84.a", "84.b"],
    ),
    "two units were given each other's names": (
        ([A, B], [], []), ([A | {"ten_don_vi": "Xã B"}, B | {"ten_don_vi": "Xã A"}], [], []),
        [on("2025-02-03", "Xã A", 1), on("2025-02-03", "84.a", 2)], ["84.b", "84.a"],
    ),
    "a unit began later than was known": (
        ([A, C], [], []),
        (
            [unit("84.a", den="2025-02-28"), unit("84.a2", "Xã A", tu="2025-03-01"), C],
            [step("84.a", "84.a2", "2025-03-01", loai="doi_ten")], [],
        ),
        [on("2025-02-03", "Xã A", 1), on("2025-03-05", "Xã A", 2)], ["84.a", "84.a2"],
    ),
    # In the file of 31 March, M is also whoever it took over from.
    "the day of a merger": (
        (
            [unit("84.a", den="2025-02-28"), unit("84.m", tu="2025-03-01"), C],
            [step("84.a", "84.m", "2025-03-01")], [],
        ),
        (
            [unit("84.a", den="2025-01-31"), unit("84.m", tu="2025-02-01"), C],
            [step("84.a", "84.m", "2025-02-01")], [],
        ),
        [on("2025-01-20", "Xã A", 1), on("2025-02-21", "Xã M", 2)], ["84.a", "84.m"],
    ),
    "an identifier belongs to another unit": (
        ([A | {"ma_dinh_danh": "H1"}, B], [], []), ([A, B | {"ma_dinh_danh": "H1"}], [], []),
        [on("2025-02-03", "H1", 1)], ["84.b"],
    ),
}  # fmt: skip


@pytest.fixture
def province_of_files(world: World, monkeypatch) -> World:
    monkeypatch.setenv("CCHC_KY_DAU", "2025-01")
    return world.dimensions()


def state(world: World) -> tuple[list, list, list]:
    """Dossiers, figures, and what stands in the books of the batches of dossiers."""
    world.refresh_all()
    return (
        world.rows(
            "SELECT ma_ho_so, ma_don_vi, don_vi_ngay_nhan, don_vi_ngay_xuat, cot_cu, trang_thai_ho_so "
            "FROM core.ho_so ORDER BY 1"
        ),
        world.rows(
            "SELECT ky_loai, ky, ma_chi_so, ma_don_vi, tu_so, mau_so, gia_tri FROM mart.chi_so "
            "ORDER BY 1, 2, 3, 4"
        ),
        world.rows(
            "SELECT status, judgement, lines_read, lines_accepted, lines_rejected, lines_superseded "
            "FROM ops.batch WHERE dataset = 'ho_so' ORDER BY batch_id"
        ),
    )


def findings(world: World, what: str) -> list[str]:
    [found] = [each.found for each in checks(world.engine) if each.what == what]
    return found


def failed(world: World) -> list[str]:
    return [each.what for each in checks(world.engine) if each.failed]


@pytest.mark.long
@pytest.mark.parametrize("case", CORRECTED)
def test_dossiers_are_whose_they_are_by_what_is_known_now(
    province_of_files: World, tmp_path: Path, case: str
):
    world = province_of_files
    before, after, rows, units = CORRECTED[case]
    first, then = write(tmp_path / "r1", *before), write(tmp_path / "r2", *after)
    export = world.dossiers(*rows)
    with copied(world.engine) as put_back:
        organise(world, then)
        world.ingest("ho_so", export, "2025-03-31")
        from_the_start = state(world)
        assert [row[1] for row in from_the_start[0]] == units
        put_back()
        organise(world, first)
        world.ingest("ho_so", export, "2025-03-31")
        world.refresh_all()
        months = organise(world, then)
        assert set(months) >= {"2025-02"} or case == "a unit began later than was known"
        assert state(world) == from_the_start
        assert failed(world) == []
        # And back again.
        organise(world, first)
        organise(world, then)
        assert state(world) == from_the_start


@pytest.mark.long
@pytest.mark.parametrize("way", [("84.a", "84.b"), ("84.b", "84.a")])
def test_documents_work_and_declarations_are_too(province_of_files: World, tmp_path: Path, way):
    world = province_of_files
    first, then = (write(tmp_path / ma, [A, B], [], [called(X, ma)]) for ma in way)
    organise(world, first)
    declared = {"don_vi": X, "ky": "2025-03", "ma_so_lieu": "ho_so_ngoai_he_thong", "gia_tri": "5"}
    declared |= {"ngay_khai": "20250402090000", "chuc_danh": "Chuyên viên"}
    for dataset, export in {
        "van_ban": world.documents({"don_vi": X}),
        "ho_so_cong_viec": world.work({"don_vi": X}),
        "khai_bao": world.csv([declared]),
    }.items():
        world.ingest(dataset, export, "2025-04-10")
    world.add({}, at="2025-04-12")
    world.refresh_all()
    organise(world, then)
    for dataset in ("van_ban", "ho_so_cong_viec", "khai_bao"):
        assert world.rows(f"SELECT ma_don_vi FROM core.{dataset}") == [(way[1],)]
        assert world.rows(
            "SELECT lines_accepted, lines_superseded FROM ops.batch WHERE dataset = :d", d=dataset
        ) == [(1, 0)]
    world.refresh_all()
    assert failed(world) == []


@pytest.mark.long
@pytest.mark.parametrize("file_is_kept", [True, False])
def test_a_declaration_is_superseded_by_that_of_the_same_unit_under_its_later_code(
    province_of_files: World, tmp_path: Path, file_is_kept: bool
):
    world = province_of_files
    world.add({}, at="2025-04-01")
    source_only = {"ma_don_vi": "000.00.77.H59", "ten_don_vi": "Sở Thử Nghiệm", "cap": "so_nganh"}
    world.ingest("don_vi", world.csv([source_only]), "2024-06-01")

    def declare(value: str, at: str) -> None:
        row = {"don_vi": "Sở Thử Nghiệm", "ky": "2025-03", "ma_so_lieu": "ho_so_ngoai_he_thong"}
        row |= {"gia_tri": value, "ngay_khai": at, "chuc_danh": "Chuyên viên"}
        world.ingest("khai_bao", world.csv([row]), "2025-04-10")

    declare("5", "20250402090000")
    if not file_is_kept:
        with world.engine.begin() as connection:
            connection.exec_driver_sql(
                "UPDATE ops.batch SET file_deleted_at = now() WHERE dataset = 'khai_bao'"
            )
    organise(world, write(tmp_path / "r", [unit("84.thu", "Sở Thử Nghiệm", cap="so_nganh")]))
    declare("7", "20250405090000")
    world.refresh_all()
    # One dossier in the system and seven outside of it, not twelve.
    assert world.figure("T6", "TONG:toan_tinh", "2025-03") == (1, 8)
    assert world.figure("T6", "84.thu", "2025-03") == (0, 7)
    codes = ["84.thu", "84.thu"] if file_is_kept else ["000.00.77.H59", "84.thu"]
    assert world.rows("SELECT ma_don_vi FROM core.khai_bao ORDER BY gia_tri") == [(ma,) for ma in codes]
    assert len(findings(world, GONE)) == (not file_is_kept)


# D ends in January; its dossier of February is the 2nd of sixty.
D = unit("84.d")
ENDED = D | {"hieu_luc_den": "2025-01-31"}


def many(*first: dict) -> list[dict]:
    return [*first, *[on("2025-02-05", "Xã C", number) for number in range(len(first) + 1, 61)]]


@pytest.mark.long
def test_a_line_that_is_rejected_now_is_taken_back(province_of_files: World, tmp_path: Path):
    world = province_of_files
    first = write(tmp_path / "r1", [C, D])
    then = write(tmp_path / "r2", [C, ENDED, unit("84.n")])
    export = world.dossiers(*many(on("2025-02-03", "Xã N", 1), on("2025-02-04", "Xã D", 2)))
    with copied(world.engine) as put_back:
        organise(world, then)
        world.ingest("ho_so", export, "2025-03-31")
        from_the_start = state(world)
        assert from_the_start[2] == [("loaded", "passed", 60, 59, 1, 0)]
        put_back()
        organise(world, first)
        world.ingest("ho_so", export, "2025-03-31")
        world.refresh_all()
        organise(world, then)
        assert state(world) == from_the_start
        assert failed(world) == []


@pytest.mark.long
def test_the_state_before_one_that_is_taken_back_comes_back(province_of_files: World, tmp_path: Path):
    world = province_of_files
    first, then = write(tmp_path / "r1", [C, D]), write(tmp_path / "r2", [C, ENDED])
    older = world.dossiers(*many(on("2025-02-04", "Xã C", 1, trang_thai_ho_so="2")))
    newer = many(on("2025-02-04", "Xã D", 1, trang_thai_ho_so="4", ngay_cap_nhat="20250206090000"))
    newer = world.dossiers(*newer)
    for order in ((older, newer), (newer, older)):
        with copied(world.engine):
            organise(world, first)
            for export in order:
                world.ingest("ho_so", export, "2025-03-31")
            assert world.rows("SELECT ma_don_vi FROM core.ho_so WHERE trang_thai_ho_so = 4 AND line_no = 2")
            organise(world, then)
            states = "SELECT ma_don_vi, trang_thai_ho_so FROM core.ho_so WHERE ngay_tiep_nhan < '2025-02-05'"
            assert world.rows(states) == [("84.c", 2)]
            assert sorted(row[4] for row in state(world)[2]) == [0, 1]
            assert failed(world) == []


@pytest.mark.long
def test_what_waits_to_be_loaded_again_is_told_and_loaded_with_the_next_load(
    province_of_files: World, tmp_path: Path, monkeypatch
):
    world = province_of_files
    organise(world, write(tmp_path / "r1", [A, B], [], [called(X, "84.a")]))
    export = world.dossiers(on("2025-02-03", X, 1))
    batch_id = world.ingest("ho_so", export, "2025-03-31")[0].batch_id
    ((path,),) = world.rows("SELECT landed_path FROM ops.batch WHERE batch_id = :b", b=batch_id)
    whole = Path(path).read_bytes()
    Path(path).chmod(0o600)
    Path(path).write_bytes(b"x")
    organise(world, write(tmp_path / "r2", [A, B], [], [called(X, "84.b")]))
    assert world.rows("SELECT ma_don_vi FROM core.ho_so") == [("84.a",)]
    assert findings(world, LOOKED_UP)[0].startswith(f"batch {batch_id} (ho_so): to be loaded again since 20")
    Path(path).write_bytes(whole)
    world.ingest("ho_so", world.dossiers(on("2025-02-04", "Xã A", 2)), "2025-03-31")
    assert world.rows("SELECT ma_don_vi FROM core.ho_so ORDER BY 1") == [("84.a",), ("84.b",)]
    world.refresh_all()
    assert failed(world) == []


@pytest.mark.long
def test_a_file_that_was_deleted_is_noted_and_loaded_again_when_it_is_given_again(
    province_of_files: World, tmp_path: Path
):
    world = province_of_files
    organise(world, write(tmp_path / "r1", [A, B], [], [called(X, "84.a")]))
    export = world.dossiers(on("2025-02-03", X, 1))
    world.ingest("ho_so", export, "2025-03-31")
    with world.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE ops.batch SET file_deleted_at = now() WHERE dataset = 'ho_so'")
    organise(world, write(tmp_path / "r2", [A, B], [], [called(X, "84.b")]))
    assert world.rows("SELECT ma_don_vi FROM core.ho_so") == [("84.a",)]
    assert findings(world, GONE)[0].endswith(", its file was deleted") and findings(world, LOOKED_UP) == []
    world.ingest("ho_so", export, "2025-03-31")
    assert world.rows("SELECT ma_don_vi FROM core.ho_so") == [("84.b",)]
    assert findings(world, GONE) == findings(world, LOOKED_UP) == []


@pytest.mark.long
def test_units_that_change_nothing_for_what_is_loaded_open_nothing_again(
    province_of_files: World, tmp_path: Path, monkeypatch
):
    world = province_of_files
    organise(world, write(tmp_path / "r1", [A, B], [], [called(X, "84.a")]))
    world.ingest("ho_so", world.dossiers(on("2025-02-03", "Xã A", 1)), "2025-03-31")
    opened = []
    monkeypatch.setattr(loading, "load_reopened", lambda engine: opened.append(1) or load_reopened(engine))
    seen = "SELECT count(*) FROM ops.batch WHERE judgement IS NULL"
    # A merger of later days, a name of a unit that nobody called so.
    ended = unit("84.a", den="2025-03-31")
    merged = write(
        tmp_path / "r2",
        [ended, B, unit("84.m", tu="2025-04-01")],
        [step("84.a", "84.m", "2025-04-01")],
        [called(X, "84.b")],
    )
    loaded = "SELECT loaded_at FROM ops.batch WHERE dataset = 'ho_so'"
    before = world.rows(loaded)
    organise(world, merged)
    with world.engine.connect() as connection:
        assert connection.scalar(sa.text(seen)) == 0
    # X meant A: that its dossier was called by another name is not kept, so this one is loaded again.
    again = world.rows(loaded)
    assert again != before
    organise(world, write(tmp_path / "r3", [ended, B, C, unit("84.m", tu="2025-04-01")],
        [step("84.a", "84.m", "2025-04-01")], [called(X, "84.b"), called("Bộ phận Y", "84.c")]))  # fmt: skip
    assert world.rows(loaded) == again
