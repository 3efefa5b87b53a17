"""A line that says nothing new touches nothing: no row, no month, no provenance; and it is soon seen."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cchc.contracts import datasets_of
from cchc.figures.refresh import sync_definitions
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
