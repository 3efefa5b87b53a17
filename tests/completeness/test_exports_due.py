"""Which days of each source came, and whether on the day after: by hand on one month of pulls."""

from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest
import sqlalchemy as sa

from cchc.known_until import watermark
from cchc.vietnamese import VIETNAM
from tests.world import World

MARCH = [date(2025, 3, day) for day in range(1, 32)]


def pulled(world: World, dataset: str, since: datetime | None, until: datetime, landed: datetime) -> None:
    """A pull as it stands in ops.batch when it is loaded; moments of Vietnam."""
    with world.engine.begin() as connection:
        connection.execute(
            sa.text(
                "INSERT INTO ops.batch (dataset, sha256, size_bytes, landed_path, original_name, origin, "
                "window_from, window_to, extracted_at, status, lines_read, lines_accepted, lines_rejected, "
                "lines_superseded, landed_at) VALUES (:d, md5(random()::text) || md5(random()::text), 1, "
                "'x', 'x', 'api', :since, :until, :until, 'loaded', 0, 0, 0, 0, "
                "CAST(:landed AS timestamp) AT TIME ZONE 'Asia/Ho_Chi_Minh')"
            ),
            {"d": dataset, "since": since, "until": until, "landed": landed},
        )


def midnight(day: date) -> datetime:
    return datetime.combine(day, datetime.min.time())


@pytest.fixture(scope="module")
def world(make_world: Callable[[], World]) -> World:
    world = make_world().dimensions()
    world.refresh_all()
    day = timedelta(days=1)
    for one in MARCH:
        # The night's pull of dossiers, ten minutes after midnight; none on the nights after the 10th and the
        # 11th, which the pull of the 13th at noon makes good; the one after the 20th came the evening after.
        landed = midnight(one + day) + timedelta(minutes=10)
        if one.day in (10, 11):
            continue
        if one.day == 12:
            landed = midnight(one + day) + timedelta(hours=12)
            pulled(world, "ho_so", datetime(2025, 3, 9), midnight(one + day), landed)
            continue
        if one.day == 20:
            landed = midnight(one + day) + timedelta(hours=23)
        # The first pull asks for everything.
        since = None if one.day == 1 else midnight(one - day)
        pulled(world, "ho_so", since, midnight(one + day), landed)
    # Ratings: one pull, of the first ten days, then nothing until a pull that leaves a gap.
    pulled(world, "danh_gia", None, datetime(2025, 3, 11), datetime(2025, 3, 11, 1))
    pulled(world, "danh_gia", datetime(2025, 3, 20), datetime(2025, 3, 22), datetime(2025, 3, 22, 1))
    # The whole catalogue, once, in the middle of April.
    pulled(world, "tthc", None, datetime(2025, 4, 15), datetime(2025, 4, 15, 8))
    return world


def row(world: World, dataset: str, ky: str = "2025-03") -> tuple:
    [found] = world.rows(
        "SELECT he_thong, phai_co, da_co, dung_han, ty_le_day_du, du_luc, tre_ngay FROM mart.day_du "
        "WHERE loai = 'du_lieu' AND doi_tuong = :d AND ky = :ky",
        d=dataset,
        ky=ky,
    )
    return found


def test_a_night_that_was_missed_is_late_by_days(world: World):
    # All 31 days came. The day of the 10th had to be here by the end of the 11th and came on the 13th: two
    # days late. The 11th was due by the end of the 12th: one day late. The 12th and the 20th are in time.
    assert row(world, "ho_so") == ("tthc", 31, 31, 29, 100, datetime(2025, 4, 1, 0, 10), 2)


def test_days_after_a_gap_came_and_days_in_it_did_not(world: World):
    # The 1st to the 10th, of which only the 10th was still due on the 11th, and the 20th and 21st, of which
    # the 20th was due on the 21st.
    system, expected, arrived, in_time, share, complete, late = row(world, "danh_gia")
    assert (system, expected, arrived, in_time, complete) == ("tthc", 31, 12, 2, None)
    assert float(share) == 38.71
    # The 11th still has not come.
    assert late == (datetime.now(VIETNAM).date() - date(2025, 3, 12)).days


def test_a_whole_list_covers_all_days_before_it(world: World):
    # Of March the latest is that of the 1st, due on the 2nd, here on 15 April: 44 days.
    assert row(world, "tthc") == ("tthc", 31, 31, 0, 100, datetime(2025, 4, 15, 8), 44)
    # The 14th of April was due on the 15th; those before it earlier; those behind it never came.
    assert row(world, "tthc", "2025-04")[1:4] == (30, 14, 1)


def test_what_is_not_pulled_is_not_expected_as_a_pull(world: World):
    datasets = {d for (d,) in world.rows("SELECT DISTINCT doi_tuong FROM mart.day_du WHERE loai = 'du_lieu'")}
    assert datasets == {"don_vi", "tthc", "ho_so", "danh_gia", "qua_trinh", "van_ban", "ho_so_cong_viec"}
    assert world.rows(
        "SELECT he_thong FROM mart.day_du WHERE ky = '2025-03' AND doi_tuong = 'van_ban' LIMIT 1"
    ) == [("qlvb",)]


def test_until_when_a_dataset_is_known_stops_at_the_first_gap(world: World):
    assert watermark(world.engine, "danh_gia") == datetime(2025, 3, 11)
    assert watermark(world.engine, "ho_so") == datetime(2025, 4, 1)
    assert watermark(world.engine, "van_ban") is None
    assert world.rows(
        "SELECT DISTINCT biet_den FROM mart.day_du WHERE loai = 'du_lieu' AND doi_tuong = 'danh_gia'"
    ) == [(datetime(2025, 3, 11),)]


def test_a_month_is_reconciled_by_the_second_of_the_next(world: World):
    with world.engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO ops.reconciliation VALUES "
            # As at the end of March, on the 2nd; as at the end of February, a month late.
            "('ho_so', '2025-04-01', '2025-03', 5, 5, 0, 'equal', '2025-04-02 06:10+07'), "
            "('van_ban', '2025-03-01', '2025-02', 5, 4, 0, 'differs', '2025-04-02 06:10+07'), "
            # The source could not say.
            "('danh_gia', '2025-04-01', '2025-03', NULL, 4, 0, 'unknown', '2025-04-02 06:10+07')"
        )
    found = world.rows(
        "SELECT ky, doi_tuong, phai_co, da_co, dung_han FROM mart.day_du "
        "WHERE loai = 'doi_chieu' AND ky IN ('2025-02', '2025-03') AND da_co > 0"
    )
    # The comparison of April holds February, too, and came too late for it.
    assert sorted(found) == [
        ("2025-02", "ho_so", 1, 1, 0), ("2025-02", "van_ban", 1, 1, 0), ("2025-03", "ho_so", 1, 1, 1),
    ]  # fmt: skip


def test_a_day_is_looked_up_by_an_index(world: World):
    """With a few pulls PostgreSQL would read all of them: it is told that this is dear."""
    with world.engine.connect() as connection:
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
        plan = (
            connection.exec_driver_sql("EXPLAIN SELECT * FROM mart.day_du WHERE ky = '2025-03'")
            .scalars()
            .all()
        )
    [place] = [n for n, line in enumerate(plan) if "using batch_dataset_landed_at on batch b" in line]
    # By the dataset, too: columns of different collations would leave that to a filter.
    assert "(dataset = " in plan[place + 1]
    assert "landed_at >= " in plan[place + 1]
