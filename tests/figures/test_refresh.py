"""Refreshing: only what changed is counted and written, and every change of a figure is on record."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from cchc.errors import CchcError, WarehouseUnavailable
from cchc.figures import refresh as refresh_module
from cchc.figures.refresh import (
    ATTEMPTS,
    pending_periods,
    refresh,
    refresh_waiting,
    refresh_with_waiting,
)
from cchc.judging.validation import validate
from cchc.loading.load import load
from cchc.periods import Month, Period, periods_of
from tests.world import SO, XA, World, code

MONTHS = ["2025-01", "2025-02", "2025-03"]
PROVINCE = "TONG:toan_tinh"


def on(day: str, number: int, **values: str) -> dict:
    """Dossier `number`, received on that day of 2025 (mmdd), ended and due a week later."""
    moment = f"2025{day}090000"
    week = f"2025{int(day) + 7:04d}090000"
    return {
        "ma_ho_so": code(number),
        "ngay_nop_ho_so": moment,
        "ngay_tiep_nhan": moment,
        "ngay_hen_tra": week,
        "ngay_ket_thuc_xu_ly": week,
        "trang_thai_ho_so": "9",
        "ngay_cap_nhat": week,
    } | values


BASE = [on("0110", 1), on("0205", 2), on("0210", 3, don_vi_xu_ly=XA), on("0305", 4), on("0306", 5)]
# Not online, at the commune, in January: by hand, what it changes.
LATE = on("0112", 6, don_vi_xu_ly=XA, kenh_thuc_hien="1", ngay_cap_nhat="20250330000000")
# T6 has its numbers without a value: nobody declared what is outside the system.
CHANGED_BY_LATE = {"T6", "T9", "T11", "T12", "tiep_nhan", "da_giai_quyet", "dung_han_06a", "dung_han_766"}
# The others that this test knows; of one that is added later it says nothing.
NOT_BY_LATE = {
    *("T1", "T2", "T3", "T4", "T5", "T7", "T8", "T10", "T13", "T14", "T15", "T16", "T17"),
    *("bao_cao_dung_han", "cat_giam_chi_phi", "cong_bo_dung_han", "don_gian_hoa"),
    *("dang_giai_quyet", "khong_co_han", "ky_truoc"),
}


@pytest.fixture
def counted(province: World) -> World:
    """Three months with five dossiers, refreshed."""
    province.add(*BASE)
    province.refresh_all()
    return province


def figures(world: World) -> dict[tuple, tuple]:
    rows = world.rows(
        "SELECT ky_loai, ky, ma_chi_so, ma_don_vi, tu_so, mau_so, gia_tri, phien_ban FROM mart.chi_so"
    )
    return {row[:4]: row[4:] for row in rows}


def marks(world: World) -> list[tuple]:
    """Which transaction wrote each row."""
    return world.rows(
        "SELECT xmin::text, ctid::text FROM mart.chi_so ORDER BY ky_loai, ky, ma_chi_so, ma_don_vi"
    )


def make_pending(world: World) -> None:
    with world.engine.begin() as connection:
        connection.execute(sa.text("UPDATE ops.period SET changed = nextval('ops.period_change')"))


@contextmanager
def before_statement(world: World, beginning: str, action: Callable[[], None], times: int = 1) -> Iterator:
    """Runs `action` just before a statement that begins like that, at most `times` times."""
    left = [times]
    busy = threading.local()

    def listener(_connection, _cursor, statement: str, *_: object) -> None:
        if statement.startswith(beginning) and left[0] and not getattr(busy, "now", False):
            left[0] -= 1
            busy.now = True
            try:
                action()
            finally:
                busy.now = False

    sa.event.listen(world.engine, "before_cursor_execute", listener)
    try:
        yield left
    finally:
        sa.event.remove(world.engine, "before_cursor_execute", listener)


# --- nothing more than needed -------------------------------------------------------------------


def test_month_in_which_nothing_changed_is_not_touched(counted):
    before = marks(counted)
    done = refresh(counted.engine, "2025-03")
    assert (done.up_to_date, done.counted, done.changed, done.added) == (True, [], 0, 0)
    # Counted again without a change of the data: no row is written.
    make_pending(counted)
    done = refresh(counted.engine, "2025-03")
    periods = {(p.ky_loai, p.ky) for p in periods_of(Month(2025, 3))}
    rows = sum(key[:2] in periods for key in figures(counted))
    assert (done.up_to_date, done.counted, done.unchanged, done.changed) == (False, MONTHS, rows, 0)
    assert marks(counted) == before
    assert counted.rows("SELECT count(*) FROM ops.figure_change") == [(0,)]


def test_late_dossier_changes_only_its_figures_and_each_is_on_record(counted):
    before = figures(counted)
    late = counted.add(LATE)
    assert pending_periods(counted.engine) == MONTHS
    counted.refresh_all()
    after = figures(counted)
    assert {ma for _, _, ma, _ in after} >= CHANGED_BY_LATE | NOT_BY_LATE
    changed = {key for key in after if after[key] != before[key]}
    # January, what holds it, and the year to date of each month; the commune, its level, the province.
    # Percentages change where they were not the same before; numerator and denominator always do.
    periods = {
        *(("thang", "2025-01"), ("quy", "2025-Q1"), ("nua_nam", "2025-H1"), ("nam", "2025")),
        *(("luy_ke", ky) for ky in MONTHS),
    }
    # The report month of February begins on 15 January: received before it, ended in it. Report periods that
    # begin in December have no figures.
    reported = CHANGED_BY_LATE - {"tiep_nhan", "T6", "T9"} | {"ky_truoc"}
    assert {key for key in changed if key[2] in CHANGED_BY_LATE | NOT_BY_LATE} == {
        (*period, ma, unit)
        for period, changed_figures in [
            *((period, CHANGED_BY_LATE) for period in periods),
            (("ky_bao_cao", "2025-02"), reported),
        ]
        for ma in changed_figures
        for unit in (XA, "TONG:xa", PROVINCE)
        # Points of the month: the commune had no dossier before; the province keeps its full rates.
    } | {("thang", "2025-01", "T16", unit) for unit in (XA, "TONG:xa")}
    assert before["luy_ke", "2025-03", "T9", PROVINCE][:2] == (5, 5)
    assert after["luy_ke", "2025-03", "T9", PROVINCE][:2] == (5, 6)
    record = counted.rows(
        "SELECT ky_loai, ky, ma_chi_so, ma_don_vi, tu_so_cu, mau_so_cu, gia_tri_cu, phien_ban_cu, tu_so_moi, "
        "mau_so_moi, gia_tri_moi, phien_ban_moi, batch_ids FROM ops.figure_change"
    )
    assert {row[:4]: row[4:] for row in record} == {
        key: (*before[key], *after[key], [late.batch_id]) for key in changed
    }
    assert len(record) == len(changed)


def test_month_alone_is_right_whatever_was_refreshed_before(province):
    province.add(*BASE)
    done = refresh(province.engine, "2025-03")
    # January and February are counted for the year to date, but not published.
    assert done.counted == MONTHS
    assert province.figure("tiep_nhan", PROVINCE, "2025-03", "luy_ke") == (5, None)
    written = set(province.rows("SELECT DISTINCT ky_loai, ky FROM mart.chi_so"))
    assert written == {(p.ky_loai, p.ky) for p in periods_of(Month(2025, 3))}
    assert not written & {("thang", "2025-01"), ("thang", "2025-02"), ("luy_ke", "2025-02")}
    assert pending_periods(province.engine) == ["2025-01", "2025-02"]


@pytest.mark.long
def test_months_refreshed_in_any_order_give_the_same_mart(counted):
    counted.add(LATE)
    counted.refresh_all()
    in_order = counted.content("mart.chi_so")
    for order in ([2, 1, 0], [1, 2, 0]):
        counted.without_dossiers()
        counted.add(*BASE, LATE)
        for number in order:
            refresh(counted.engine, MONTHS[number])
        assert counted.content("mart.chi_so") == in_order


# --- the record ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ops.figure_change SET gia_tri_moi = 100",
        "DELETE FROM ops.figure_change",
        "TRUNCATE ops.figure_change",
    ],
)
def test_record_of_changes_is_append_only(counted, statement):
    counted.add(LATE)
    refresh(counted.engine, "2025-01")
    with pytest.raises(sa.exc.DBAPIError, match="append-only"), counted.engine.begin() as connection:
        connection.execute(sa.text(statement))


@pytest.mark.long
def test_record_names_only_the_batches_since_the_month_was_refreshed(counted):
    first = counted.add(LATE)
    refresh(counted.engine, "2025-03")
    second = counted.add(on("0115", 7, don_vi_xu_ly=XA))
    refresh(counted.engine, "2025-03")
    named = counted.rows("SELECT DISTINCT batch_ids FROM ops.figure_change WHERE ky = '2025-03' ORDER BY 1")
    # January waits for both, but the year to date of March had taken in the first one already.
    assert named == [([first.batch_id],), ([second.batch_id],)]


@pytest.mark.long
def test_record_names_a_batch_that_was_being_loaded_during_a_refresh(counted):
    counted.add(LATE)
    slow = counted.land("ho_so", counted.dossiers(on("0118", 8, don_vi_xu_ly=XA)), "2025-04-01")
    validate(counted.engine, slow)
    # Its transaction has begun; a refresh for the batch before it comes and goes; then it commits.
    with before_statement(
        counted, "UPDATE ops.batch SET status = 'loaded'", lambda: refresh(counted.engine, "2025-01")
    ) as left:
        load(counted.engine, slow)
    assert left == [0]
    refresh(counted.engine, "2025-01")
    changes = counted.rows(
        "SELECT tu_so_cu, tu_so_moi, batch_ids FROM ops.figure_change WHERE ky_loai = 'thang' "
        "AND ma_chi_so = 'tiep_nhan' AND ma_don_vi = :u ORDER BY change_id",
        u=XA,
    )
    assert [row[:2] for row in changes] == [(0, 1), (1, 2)]
    assert changes[1][2] == [slow]


@pytest.fixture
def january_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    write = refresh_module.write_periods

    def fails(connection: sa.Connection, periods: list[Period]) -> object:
        if any(period.ky == "2025-01" for period in periods):
            raise CchcError("Tháng 1 sai")
        return write(connection, periods)

    monkeypatch.setattr(refresh_module, "write_periods", fails)


def test_what_is_wrong_with_one_month_keeps_no_other_that_waits_from_its_figures(
    counted, january_is_wrong, monkeypatch
):
    counted.add(on("0112", 6), on("0310", 7))
    assert refresh_with_waiting(counted.engine, "2025-03").kys == ["2025-03"]
    assert counted.figure("tiep_nhan", SO, "2025-03") == (3, None)
    assert pending_periods(counted.engine) == ["2025-01", "2025-02"]
    with pytest.raises(CchcError, match="Tháng 1 sai"):
        refresh_with_waiting(counted.engine, "2025-01")
    monkeypatch.undo()
    assert refresh_with_waiting(counted.engine, "2025-01").kys == ["2025-01", "2025-02"]


def test_what_is_wrong_with_one_month_keeps_the_morning_from_no_other(counted, january_is_wrong):
    """Nothing else counts a month whose event was lost, however long another one is wrong."""
    counted.add(on("0112", 6), on("0310", 7))
    with pytest.raises(CchcError, match="Tháng 1 sai"):
        refresh_waiting(counted.engine)
    assert counted.figure("tiep_nhan", SO, "2025-03") == (3, None)
    assert pending_periods(counted.engine) == ["2025-01"]


def test_a_warehouse_that_is_busy_is_waited_for_once(counted, monkeypatch):
    counted.add(LATE)
    tried: list[tuple[str, ...]] = []

    def busy(_: sa.Engine, *kys: str) -> None:
        tried.append(kys)
        raise WarehouseUnavailable("Waited 900 s for the turn")

    monkeypatch.setattr(refresh_module, "refresh", busy)
    for count in (
        lambda: refresh_with_waiting(counted.engine, "2025-03"),
        lambda: refresh_waiting(counted.engine),
    ):
        with pytest.raises(WarehouseUnavailable, match="Waited 900 s"):
            count()
    assert tried == [tuple(MONTHS)] * 2


# --- definitions --------------------------------------------------------------------------------


@pytest.mark.long
def test_edited_target_makes_all_months_pending(counted, definitions):
    definitions.change(
        "T9",
        muc_tieu=[{"cap": ["xa"], "gia_tri": 30, "tu": "2025-01-01", "den": "2025-12-31", "nguon": "Thử"}],
    )
    assert pending_periods(counted.engine) == MONTHS
    before = figures(counted)
    counted.refresh_all()
    assert pending_periods(counted.engine) == []
    assert figures(counted) == before
    targets = (
        "SELECT DISTINCT cap, muc_tieu, dat FROM mart.chi_so WHERE ma_chi_so = 'T9' AND gia_tri IS NOT NULL"
    )
    assert sorted(counted.rows(targets), key=str) == [
        ("so_nganh", None, None),
        ("toan_tinh", None, None),
        ("xa", 30, True),
    ]
    assert counted.rows("SELECT ma_chi_so, cap FROM mart.muc_tieu WHERE ma_chi_so = 'T9'") == [("T9", "xa")]


@pytest.mark.long
def test_edited_definition_is_counted_again_and_on_record_without_a_batch(counted, definitions):
    definitions.change(
        "khong_co_han", phien_ban=2, tu_so=[{"su_kien": "ket_thuc", "dieu_kien": "hen_tra IS NOT NULL"}]
    )
    counted.refresh_all()
    assert counted.figure("khong_co_han", SO, "2025-03") == (2, None)
    # The function that the refresh made anew is asked by one that was not.
    assert counted.reading("khong_co_han", SO, "2025-03") == (2, None)
    record = counted.rows(
        "SELECT phien_ban_cu, phien_ban_moi, tu_so_cu, tu_so_moi, batch_ids FROM ops.figure_change "
        "WHERE ma_chi_so = 'khong_co_han' AND ma_don_vi = :u AND ky = '2025-03' AND ky_loai = 'thang'",
        u=SO,
    )
    assert record == [(1, 2, 0, 2, [])]
    # The old version of the definition stays readable.
    versions = "SELECT phien_ban FROM mart.dinh_nghia WHERE ma_chi_so = 'khong_co_han' ORDER BY 1"
    assert counted.rows(versions) == [(1,), (2,)]
    assert {row[0] for row in counted.rows("SELECT DISTINCT ma_chi_so FROM ops.figure_change")} == {
        "khong_co_han"
    }


# --- several at once ----------------------------------------------------------------------------


@pytest.mark.long
def test_months_of_a_year_refreshed_at_the_same_time_are_right(counted):
    counted.add(LATE)
    counted.refresh_all()
    alone = counted.content("mart.chi_so", "core.tong_hop")
    for _ in range(2):
        counted.without_dossiers()
        counted.add(*BASE)
        counted.add(LATE)
        with ThreadPoolExecutor(3) as pool:
            list(pool.map(lambda ky: refresh(counted.engine, ky), reversed(MONTHS)))
        assert counted.content("mart.chi_so", "core.tong_hop") == alone
        assert pending_periods(counted.engine) == []


def disturb(world: World) -> None:
    """What a load does that commits while a refresh of January is under way."""
    with world.engine.begin() as connection:
        connection.execute(
            sa.text("UPDATE ops.period SET changed = nextval('ops.period_change') WHERE ky = '2025-01'")
        )


@pytest.mark.long
def test_refresh_that_a_load_overtakes_looks_again(counted):
    counted.add(LATE)
    with before_statement(counted, "UPDATE ops.period SET counted", lambda: disturb(counted)) as left:
        done = refresh(counted.engine, "2025-01")
    assert (left, done.kys) == ([0], ["2025-01"])
    assert "2025-01" not in pending_periods(counted.engine)
    # Not once for each attempt.
    assert counted.rows(
        "SELECT count(*) FROM ops.figure_change WHERE ma_chi_so = 'tiep_nhan' AND ky_loai = 'thang'"
    ) == [(3,)]


def test_refresh_that_is_overtaken_again_and_again_gives_up_and_changes_nothing(counted):
    counted.add(LATE)
    before = figures(counted)
    with (
        before_statement(
            counted, "UPDATE ops.period SET counted", lambda: disturb(counted), times=100
        ) as left,
        pytest.raises(sa.exc.OperationalError),
    ):
        refresh(counted.engine, "2025-01")
    assert 100 - left[0] == ATTEMPTS
    assert figures(counted) == before
    assert "2025-01" in pending_periods(counted.engine)


@pytest.mark.long
def test_dossier_loaded_during_a_refresh_is_not_forgotten(counted):
    """The refresh works on its snapshot; the month stays pending for what came meanwhile."""
    counted.add(LATE)
    other = counted.land("ho_so", counted.dossiers(on("0210", 9, don_vi_xu_ly=XA)), "2025-04-01")
    validate(counted.engine, other)
    with before_statement(counted, "DELETE FROM core.tong_hop", lambda: load(counted.engine, other)):
        refresh(counted.engine, "2025-03")
    counted.refresh_all()
    assert counted.figure("tiep_nhan", XA, "2025-02") == (2, None)
    assert counted.figure("tiep_nhan", XA, "2025-03", "luy_ke") == (3, None)
    assert pending_periods(counted.engine) == []


# --- clear refusals -----------------------------------------------------------------------------


def test_month_without_data_is_refused_with_the_months_there_are(counted):
    with pytest.raises(CchcError, match=r"2031-05 has no data.*2025-01 … 2025-03.*Load"):
        refresh(counted.engine, "2031-05")
    with pytest.raises(CchcError, match=r"2024-12 has no data"):
        refresh(counted.engine, "2024-12")


def test_empty_warehouse_is_refused(province):
    with pytest.raises(CchcError, match="no month yet"):
        refresh(province.engine, "2025-01")
    assert pending_periods(province.engine) == []


def test_refresh_that_fails_half_way_leaves_everything_as_it_was(counted, monkeypatch):
    before = counted.content("mart.chi_so", "core.tong_hop")
    counted.add(LATE)

    def fails(*_: object, **__: object) -> None:
        raise RuntimeError("đứt")

    monkeypatch.setattr(refresh_module, "run_sql_file", fails)
    with pytest.raises(RuntimeError):
        refresh(counted.engine, "2025-01")
    assert counted.content("mart.chi_so", "core.tong_hop") == before
    monkeypatch.undo()
