"""A line that says nothing new touches nothing: no row, no month, no provenance; and it is soon seen."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cchc.contracts import datasets_of
from cchc.figures.syncing import sync_definitions
from cchc.judging.validation import validate
from cchc.loading.load import load
from tests.loading.dossiers import FINISHED, SHORT, batch_counts
from tests.world import SO, World, code

DECLARED = {
    "don_vi": SO,
    "ky": "2025-03",
    "ngay_khai": "20250405080000",
    "gia_tri": "4",
    "chuc_danh": "Chánh Văn phòng",
}


def declared(world: World, numbers: range) -> Path:
    """A CSV of one unit's values of the first items."""
    sync_definitions(world.engine)
    items = [ma for (ma,) in world.rows("SELECT ma_so_lieu FROM core.so_lieu_khai_bao ORDER BY thu_tu")]
    return world.csv([DECLARED | {"ma_so_lieu": items[n]} for n in numbers])


# What makes a file of each fact, with a line for each number.
FILES: dict[str, Callable[[World, range], Path]] = {
    "ho_so": lambda world, ns: world.dossiers(*({"ma_ho_so": code(n)} | FINISHED for n in ns)),
    "danh_gia": lambda world, ns: world.ratings(*({"ma_ho_so": code(n)} for n in ns)),
    "qua_trinh": lambda world, ns: world.steps(*({"ma_ho_so": code(n)} for n in ns)),
    "van_ban": lambda world, ns: world.documents(*({"ma_van_ban": f"VB{n}", "so": str(n)} for n in ns)),
    "ho_so_cong_viec": lambda world, ns: world.work(*({"ma_hscv": f"HSCV{n}"} for n in ns)),
    "khai_bao": declared,
}


def test_every_fact_is_here():
    assert set(FILES) == set(datasets_of("fact"))


@pytest.mark.parametrize("dataset", FILES)
def test_lines_that_are_known_touch_no_row_whatever_their_order(province: World, dataset):
    make = FILES[dataset]
    province.add(*[{}] * 6)
    first, _ = province.ingest(dataset, make(province, range(1, 6)), at="2025-04-10")
    assert batch_counts(province, first.batch_id) == (5, first.lines_accepted, first.lines_rejected, 0)
    # xmax is set by whoever only locks a row.
    rows = (
        f"SELECT ctid::text, xmin::text, xmax::text, batch_id, line_no FROM core.{dataset} ORDER BY 4, 5, 1"
    )
    held = province.rows(rows)
    periods = province.rows("SELECT * FROM ops.period ORDER BY ky")
    again, months = province.ingest(dataset, make(province, range(5, 0, -1)), at="2025-04-10")
    assert (again.batch_id > first.batch_id, months) == (True, [])
    assert again.lines_superseded == first.lines_accepted > 0
    assert province.rows(rows) == held
    assert province.rows("SELECT * FROM ops.period ORDER BY ky") == periods


@pytest.mark.parametrize("columns", [None, [*SHORT, "ngay_cap_nhat"]], ids=["all columns", "few columns"])
def test_known_lines_among_new_ones_stay_as_they_are(province: World, columns):
    lines = [{"ma_ho_so": code(n)} for n in range(1, 9)]
    first = province.add(*lines, columns=columns)
    newer = {"ngay_cap_nhat": "20250306090000", "trang_thai_ho_so": "6"}
    mixed = [lines[0], lines[1] | newer, *lines[2:5], {"ma_ho_so": code(20)}]
    again = province.add(*mixed, columns=columns)
    # One is newer, one is new; four say nothing new.
    assert batch_counts(province, again.batch_id) == (6, 2, 0, 4)
    whose = "SELECT batch_id, count(*), min(trang_thai_ho_so) FROM core.ho_so GROUP BY 1 ORDER BY 1"
    assert province.rows(whose) == [(first.batch_id, 7, 4), (again.batch_id, 2, 4)]


def test_known_lines_with_fewer_columns_are_merged_once(province: World):
    province.add({"kenh_thuc_hien": "2"})
    short = {"ngay_cap_nhat": "20250310090000", "trang_thai_ho_so": "6"}
    columns = [*SHORT, "ngay_cap_nhat"]
    assert province.add(short, columns=columns).lines_accepted == 1
    held = province.rows("SELECT xmin::text, cot_cu FROM core.ho_so")
    path = province.dossiers(short, columns=columns)
    again, months = province.ingest("ho_so", province.text(path.read_bytes() + b"\n"), at="2025-04-01")
    assert (again.lines_accepted, again.lines_superseded, months) == (0, 1, [])
    assert province.rows("SELECT xmin::text, cot_cu FROM core.ho_so") == held
    assert held[0][1]["kenh_thuc_hien"] == "2025-03-05T09:00:00"
    assert "trang_thai_ho_so" not in held[0][1]


@pytest.mark.long
@pytest.mark.parametrize("columns", [None, [*SHORT, "ngay_cap_nhat"]], ids=["merged", "fewer columns"])
def test_time_grows_with_the_lines_and_not_with_their_square(province: World, columns):
    """Lines with the same change time and other content, which are merged column by column."""

    def seconds(count: int, first: int) -> float:
        lines = [{"ma_ho_so": f"000.00.01.H59-250305-{n:06d}"} for n in range(first, first + count)]
        province.add(*lines)
        path = province.dossiers(*(line | {"trang_thai_ho_so": "6"} for line in lines), columns=columns)
        batch_id = province.land("ho_so", path, "2025-04-01")
        validate(province.engine, batch_id)
        started = time.perf_counter()
        batch, _ = load(province.engine, batch_id)
        assert batch.lines_accepted == count
        return time.perf_counter() - started

    few, many = seconds(500, 100_000), seconds(5000, 200_000)
    # Ten times as many lines: a hundred times the time if each met each.
    assert many < 30 * few + 0.5


# --- lines that are recognised by their fingerprint ---------------------------------------------

KNOWN = "SELECT count(*) FROM ops.known_line AS k INNER JOIN core.ho_so AS h USING (batch_id, line_no)"


def test_dossiers_are_recognised_without_a_look_up_and_those_that_are_not_next_time(province: World):
    make = FILES["ho_so"]
    province.ingest("ho_so", make(province, range(1, 6)), at="2025-04-10")
    assert province.rows(KNOWN) == [(5,)]
    held = province.content()
    for wiped in (False, True, False):
        if wiped:
            with province.engine.begin() as connection:
                # As after a crash of PostgreSQL.
                connection.exec_driver_sql("TRUNCATE ops.known_line")
        path = make(province, range(5, 0, -1))
        again, months = province.ingest(
            "ho_so", province.text(path.read_bytes() + b"\n" * province.files), at="2025-04-10"
        )
        assert (again.lines_superseded, months) == (5, [])
        assert province.rows(KNOWN) == [(5,)]
        assert province.content() == held


def test_of_a_dossier_that_changed_the_old_line_is_forgotten(province: World):
    province.add({"ma_ho_so": code(1)}, {"ma_ho_so": code(2)})
    newer = province.add({"ma_ho_so": code(1), "ngay_cap_nhat": "20250306090000", "trang_thai_ho_so": "6"})
    assert province.rows("SELECT count(*) FROM ops.known_line") == [(2,)]
    assert province.rows(KNOWN + " WHERE k.batch_id = :b", b=newer.batch_id) == [(1,)]
    # The old line again is older, and stays that.
    assert province.add({"ma_ho_so": code(1)}, {"ma_ho_so": code(3)}).lines_superseded == 1
    assert province.rows("SELECT trang_thai_ho_so FROM core.ho_so WHERE ma_ho_so = :ma", ma=code(1)) == [(6,)]


@pytest.mark.parametrize("remembered", [True, False])
def test_a_known_line_is_looked_up_again_when_units_have_changed(world: World, remembered: bool):
    """A name comes to mean another unit: the dossier follows, as it does without a memory."""
    world.dimensions()
    line = {"don_vi_xu_ly": "Sở Giao thông", "ngay_tiep_nhan": "20250305090000"}
    old = {"ma_don_vi": "000.00.31.H59", "ten_don_vi": "Sở Giao thông", "cap": "so_nganh"}
    world.ingest("don_vi", world.csv([old | {"ngay_cap_nhat": "20240101000000"}]), at="2024-06-01")
    world.add(line, *[{}] * 3, at="2025-04-01")
    with world.engine.begin() as connection:
        # Or that file would be loaded again for the units.
        connection.exec_driver_sql("UPDATE ops.batch SET file_deleted_at = now() WHERE dataset = 'ho_so'")
    # From the same day on it is another unit that bears the name.
    units = [
        old | {"ten_don_vi": "Sở Giao thông (cũ)", "ngay_cap_nhat": "20240201000000"},
        old | {"ma_don_vi": "000.00.32.H59", "ngay_cap_nhat": "20240101000000"},
    ]
    world.ingest("don_vi", world.csv(units), at="2024-06-02")
    if not remembered:
        with world.engine.begin() as connection:
            connection.exec_driver_sql("TRUNCATE ops.known_line")
    path = world.dossiers(line, *[{}] * 3)
    again, _ = world.ingest("ho_so", world.text(path.read_bytes() + b"\n"), at="2025-04-01")
    assert (again.lines_accepted, again.lines_superseded) == (1, 3)
    assert world.rows("SELECT don_vi_ngay_xuat FROM core.ho_so WHERE ma_ho_so = :ma", ma=code(1)) == [
        ("000.00.32.H59",)
    ]


def test_an_older_state_beside_a_known_line_says_what_it_knows(province: World):
    """The newest line is known; an older one of the same file is looked at all the same."""
    province.add({"ngay_cap_nhat": "20250310090000"})
    again = province.add(
        {"ngay_cap_nhat": "20250310090000"}, {"ma_ho_so": code(1), "ngay_cap_nhat": "20250306090000"}
    )
    assert (again.lines_accepted, again.lines_superseded) == (0, 2)
