"""What units had to declare and did, and whether in time: as figures, as rows, in the view for tools."""

from datetime import date

import pytest
import sqlalchemy as sa

from cchc.figures.drill import rows_behind, rows_seen_by
from tests.completeness.conftest import COLUMNS, ITEMS, declared
from tests.world import HUYEN, SO, XA, World

PROVINCE = "TONG:toan_tinh"
# It has no part that would have to be declared with it.
ALONE = ["ho_so_ngoai_he_thong"]

FIGURES = {
    # March: 16 items of each of three units; 16 + 3 + 0 came, 12 of them in time.
    ("day_du_khai_bao", SO, "2025-03", "thang"): (16, 16),
    ("day_du_khai_bao", HUYEN, "2025-03", "thang"): (3, 16),
    ("day_du_khai_bao", XA, "2025-03", "thang"): (0, 16),
    ("day_du_khai_bao", PROVINCE, "2025-03", "thang"): (19, 48),
    ("dung_han_khai_bao", SO, "2025-03", "thang"): (12, 16),
    ("dung_han_khai_bao", HUYEN, "2025-03", "thang"): (0, 16),
    ("dung_han_khai_bao", PROVINCE, "2025-03", "thang"): (12, 48),
    # April: two of the commune, in time.
    ("dung_han_khai_bao", XA, "2025-04", "thang"): (2, 16),
    ("day_du_khai_bao", PROVINCE, "2025-04", "thang"): (2, 48),
    # Four months since January add up; the report month of April has the declarations of April.
    ("day_du_khai_bao", PROVINCE, "2025-04", "luy_ke"): (21, 192),
    ("day_du_khai_bao", PROVINCE, "2025-04", "ky_bao_cao"): (2, 48),
}


def test_there_are_sixteen_items():
    assert len(ITEMS) == 16


@pytest.mark.parametrize("key", FIGURES)
def test_completeness_and_timeliness_by_hand(declaring: World, key: tuple[str, str, str, str]):
    assert declaring.figure(*key) == FIGURES[key]


def test_the_rows_behind_say_what_is_missing(declaring: World):
    late = rows_behind(declaring.engine, "dung_han_khai_bao", "2025-03", SO, "con_lai")
    assert sorted(late["ma_so_lieu"]) == sorted(ITEMS[12:])
    assert set(late["han"]) == {date(2025, 4, 3)}
    missing = rows_behind(declaring.engine, "day_du_khai_bao", "2025-03", HUYEN, "con_lai")
    assert sorted(missing["ma_so_lieu"]) == sorted(ITEMS[3:])
    # What never came has no file.
    assert missing["batch_id"].isna().all()
    everything = rows_behind(declaring.engine, "day_du_khai_bao", "2025-03", PROVINCE, "mau_so")
    assert len(everything) == 48


def test_the_view_says_the_same_of_each_unit(declaring: World):
    found = declaring.rows(
        "SELECT ma_don_vi, han, phai_co, da_co, dung_han, ty_le_day_du, ty_le_dung_han, du_luc::text, "
        "biet_den::text FROM mart.day_du WHERE ky = '2025-03' AND loai = 'khai_bao'"
    )
    due = date(2025, 4, 3)
    assert sorted(found) == sorted([
        (SO, due, 16, 16, 12, 100, 75, "2025-04-04 00:00:00", "2025-04-04 00:00:00"),
        (HUYEN, due, 16, 3, 0, pytest.approx(18.75), 0, None, "2025-04-20 08:00:00"),
        (XA, due, 16, 0, 0, 0, 0, None, None),
    ])  # fmt: skip
    # The last item of the sở came one day late.
    assert declaring.rows(
        "SELECT tre_ngay FROM mart.day_du WHERE ky = '2025-03' AND ma_don_vi = :u", u=SO
    ) == [(1,)]


def test_a_declaration_in_another_order_or_again_changes_nothing(world: World):
    world.dimensions().add({})
    lines = [
        *declared(SO, "2025-03", "2025-04-09 08:00:00", ALONE, 5),
        *declared(SO, "2025-03", "2025-04-02 08:00:00", ALONE, 4),
    ]
    for line in lines:
        world.ingest("khai_bao", world.csv([line], COLUMNS), at="2025-05-16")
        world.refresh_all()
    # The later one came first: it was late, until the earlier one was known.
    assert world.figure("dung_han_khai_bao", SO, "2025-03") == (1, 16)
    assert world.figure("day_du_khai_bao", SO, "2025-03") == (1, 16)


def test_months_whose_deadline_changes_are_counted_again(world: World):
    world.dimensions().add({})
    world.ingest(
        "khai_bao", world.csv(declared(SO, "2025-03", "2025-04-04 08:00:00", ALONE), COLUMNS), at="2025-05-16"
    )
    world.refresh_all()
    assert world.figure("dung_han_khai_bao", SO, "2025-03") == (0, 16)
    # A day off is declared: 1 April; now the third working day is the 4th.
    with world.engine.begin() as connection:
        connection.execute(
            sa.text(
                "UPDATE core.lich SET la_ngay_lam_viec = FALSE, loai = 'nghi_bu' WHERE ngay = '2025-04-01'"
            )
        )
    # First the deadline is noticed, then its month is counted.
    world.refresh_all()
    world.refresh_all()
    assert world.figure("dung_han_khai_bao", SO, "2025-03") == (1, 16)


def test_where_the_calendar_does_not_reach_nobody_is_late(world: World):
    world.dimensions().add({})
    with world.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM core.lich WHERE ngay > '2025-04-02'")
    lines = declared(SO, "2025-03", "2025-04-01 08:00:00", ITEMS[:2] + ALONE)
    world.ingest("khai_bao", world.csv(lines, COLUMNS), at="2025-05-16")
    world.refresh_all()
    assert world.figure("day_du_khai_bao", SO, "2025-03") == (3, 16)
    assert world.figure("dung_han_khai_bao", SO, "2025-03") == (0, 0)
    assert world.rows(
        "SELECT han, da_co, dung_han, ty_le_dung_han, tre_ngay FROM mart.day_du "
        "WHERE ky = '2025-03' AND ma_don_vi = :u", u=SO
    ) == [(None, 3, None, None, None)]  # fmt: skip


COUNTS = "SELECT * FROM mart.day_du ORDER BY ky ASC, loai ASC, doi_tuong ASC, ma_don_vi ASC"


@pytest.mark.parametrize("role", ["cchc_bi", "cchc_don_vi", "cchc_steward", "cchc_etl"])
def test_everybody_sees_the_same_counts_of_all_units(declaring: World, role: str):
    """Rows of other units are hidden from a unit; that they came is not."""
    with declaring.engine.connect() as connection:
        whole = connection.exec_driver_sql(COUNTS).all()
        connection.exec_driver_sql(f"SET LOCAL ROLE {role}")
        assert connection.exec_driver_sql(COUNTS).all() == whole
    assert sum(row.da_co for row in whole if row.loai == "khai_bao") == 21


def test_a_unit_does_not_see_when_others_declared_what(declaring: World):
    with declaring.engine.connect() as connection:
        connection.exec_driver_sql("SET LOCAL ROLE cchc_don_vi")
        seen = connection.exec_driver_sql(
            "SELECT count(*) FILTER (WHERE da_nop) FROM core.nop_so_lieu"
        ).scalar()
    assert seen == 0


@pytest.mark.parametrize("ma", ["T4", "day_du_khai_bao"])
def test_a_unit_may_ask_for_the_rows_behind_its_own_declarations(declaring: World, ma: str):
    """None are shown here, since this login is tied to no unit; it is not refused."""
    with declaring.engine.connect() as connection:
        connection.exec_driver_sql("SET LOCAL ROLE cchc_don_vi")
        assert len(rows_seen_by(connection, ma, "2025-03", SO)) == 0
