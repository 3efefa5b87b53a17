"""Months that are pulled one by one: what is asked for, and where the daily pull goes on then."""

from collections.abc import Iterator
from datetime import datetime

import pytest

from cchc.contracts import contract_of
from cchc.errors import BadDefinition, CchcError
from cchc.judging.validation import validate
from cchc.known_until import pulled_months, watermark
from cchc.loading.load import load
from cchc.periods import Month
from cchc.sources.landing import land_api, land_month
from cchc.sources.tthc import TthcClient
from cchc.written_times import VIETNAM
from tests.world import RECORD, World, code

HO_SO, TTHC = contract_of("ho_so"), contract_of("tthc")
JANUARY, FEBRUARY, MARCH, APRIL, MAY = (Month(2025, number) for number in range(1, 6))


class Source(TthcClient):
    """A system that holds these records; remembers what it was asked for."""

    def __init__(self, *records: dict) -> None:
        super().__init__("http://127.0.0.1:9", "kho", "bi-mat")
        self.records = records
        self.asked: list[tuple[datetime | None, datetime]] = []

    def pages(self, path: str, changed_after: datetime | None, changed_until: datetime) -> Iterator[dict]:
        assert path == "/api/ho-so"
        self.asked.append((changed_after, changed_until))
        began = f"{changed_after:%Y%m%d%H%M%S}" if changed_after else ""
        end = f"{changed_until:%Y%m%d%H%M%S}"
        found = [row for row in self.records if began < row["NgayCapNhat"] <= end]
        yield {"service": "DongBoHoSoMC", "tong_so": len(found), "data": found}


def loaded(world: World, landed) -> int:
    validate(world.engine, landed.batch_id)
    return load(world.engine, landed.batch_id)[0].lines_accepted


def month(world: World, source: Source, ky: Month) -> int:
    """Pulls and loads a month; returns how many lines of it are new."""
    return loaded(world, land_month(world.engine, world.folder / "landing", HO_SO, source, ky))


def day(world: World, source: Source, until: datetime) -> int:
    """Pulls and loads as the daily run does."""
    return loaded(world, land_api(world.engine, world.folder / "landing", HO_SO, source, until))


def moc(world: World) -> datetime | None:
    return watermark(world.engine, "ho_so")


def test_with_the_first_month_comes_what_was_before_and_each_other_is_asked_for_its_own_days(province: World):
    source = Source()
    for ky in (JANUARY, MARCH, FEBRUARY):
        month(province, source, ky)
    assert source.asked == [
        (None, datetime(2025, 2, 1)),
        (datetime(2025, 2, 28), datetime(2025, 4, 1)),
        (datetime(2025, 1, 31), datetime(2025, 3, 1)),
    ]


def test_the_daily_pull_goes_on_behind_the_months_that_follow_each_other(province: World):
    source = Source()
    month(province, source, JANUARY)
    month(province, source, MARCH)
    # February is missing: what lies behind it would never be asked for.
    assert moc(province) == datetime(2025, 2, 1)
    month(province, source, FEBRUARY)
    assert moc(province) == datetime(2025, 4, 1)
    day(province, source, datetime(2025, 4, 10))
    assert source.asked[-1] == (datetime(2025, 3, 31), datetime(2025, 4, 10))


def test_a_month_of_long_ago_leaves_the_daily_pull_where_it_is(province: World):
    source = Source()
    day(province, source, datetime(2025, 5, 20))
    month(province, source, FEBRUARY)
    assert source.asked[-1] == (datetime(2025, 1, 31), datetime(2025, 3, 1))
    assert moc(province) == datetime(2025, 5, 20)
    # A pull of every day that goes on beside it neither.
    day(province, source, datetime(2025, 5, 21))
    month(province, source, MARCH)
    assert moc(province) == datetime(2025, 5, 21)
    day(province, source, datetime(2025, 5, 22))
    assert source.asked[-1] == (datetime(2025, 5, 20), datetime(2025, 5, 22))


def test_months_in_any_order_with_the_daily_pull_between_them_give_the_same_dossiers(province: World):
    """Each is changed in every month; the newest state wins."""
    records = [
        RECORD | {"MaHoSo": code(n), "NgayCapNhat": f"20250{ky}15{n:02d}0000", "TrangThaiHoSo": "4"}
        for ky in (3, 4, 5)
        for n in (1, 2)
    ]
    source = Source(*records)
    day(province, source, datetime(2025, 3, 20))
    assert [month(province, source, ky) for ky in (MAY, MARCH, APRIL)] == [2, 0, 0]
    day(province, source, datetime(2025, 6, 2))
    assert province.rows("SELECT ma_ho_so, ngay_cap_nhat::text FROM core.ho_so ORDER BY 1") == [
        (code(1), "2025-05-15 01:00:00"),
        (code(2), "2025-05-15 02:00:00"),
    ]


def test_the_same_month_again_is_the_same_batch(province: World):
    source = Source(RECORD | {"MaHoSo": code(1)})
    day(province, source, datetime(2025, 5, 20))
    first = land_month(province.engine, province.folder / "landing", HO_SO, source, MARCH)
    second = land_month(province.engine, province.folder / "landing", HO_SO, source, MARCH)
    assert (first.batch_id, first.new, second.new) == (second.batch_id, True, False)


def test_a_month_that_is_not_over_is_refused(province: World):
    source, ahead = Source(), Month(datetime.now(VIETNAM).year + 1, 1)
    with pytest.raises(
        CchcError, match=r"ho_so: asked to pull what changed until .* Expected a moment that has"
    ):
        month(province, source, ahead)
    assert source.asked == []


def test_what_no_system_exports_cannot_be_pulled_by_months(province: World):
    with pytest.raises(BadDefinition, match=r"khai_bao has no api"):
        land_month(province.engine, province.folder, contract_of("khai_bao"), Source(), MARCH)


def test_of_a_whole_list_all_of_it_is_asked_for_as_at_the_month_s_end(province: World):
    asked: list[tuple] = []

    class Lists(Source):
        def export(self, path, changed_after, changed_until, whole):
            asked.append((path, changed_after, changed_until, whole))
            return iter([b'{"tong_so": 0}\n'])

    land_month(province.engine, province.folder / "landing", TTHC, Lists(), MARCH)
    assert asked == [("/api/tthc", None, datetime(2025, 4, 1), True)]


def pulled(world: World, *months: Month) -> set[str]:
    with world.engine.connect() as connection:
        return pulled_months(connection, ["ho_so"], list(months))


def test_a_month_was_pulled_when_loaded_pulls_cover_it_together(province: World):
    source = Source()
    assert pulled(province, JANUARY) == set()
    day(province, source, datetime(2025, 2, 10))
    assert pulled(province, JANUARY, FEBRUARY) == {"2025-01"}
    day(province, source, datetime(2025, 3, 1))
    assert pulled(province, JANUARY, FEBRUARY, MARCH) == {"2025-01", "2025-02"}
    # Landed is not loaded.
    landed = land_month(province.engine, province.folder / "landing", HO_SO, source, APRIL)
    assert pulled(province, APRIL) == set()
    loaded(province, landed)
    assert pulled(province, JANUARY, FEBRUARY, MARCH, APRIL) == {"2025-01", "2025-02", "2025-04"}
    with province.engine.connect() as connection:
        assert pulled_months(connection, ["ho_so", "danh_gia"], [JANUARY]) == set()


def test_what_was_asked_for_ahead_of_its_time_was_not_pulled(province: World):
    """As a clock that went ahead left it: the source cannot have told of it."""
    month(province, Source(), JANUARY)
    with province.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE ops.batch SET landed_at = '2025-01-20' WHERE dataset = 'ho_so'")
    assert pulled(province, JANUARY) == set()
