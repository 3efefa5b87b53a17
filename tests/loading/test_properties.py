"""Same input, same warehouse: whatever the files, their order, the accidents and the surroundings."""

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cchc.figures.refresh import pending_periods, refresh
from cchc.judging.validation import validate
from cchc.loading.load import load
from cchc.warehouse import engine_of
from tests.torture import often
from tests.world import XA, World, code

pytestmark = pytest.mark.long

AT = "2025-04-01"
FIGURES = ("core.ho_so", "core.tong_hop", "mart.chi_so")
SHORT = [
    *("ma_ho_so", "ma_tthc", "ngay_tiep_nhan", "ngay_hen_tra", "ngay_ket_thuc_xu_ly"),
    *("trang_thai_ho_so", "don_vi_xu_ly", "ngay_cap_nhat"),
]
FEW = settings(
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def state(number: int, changed: str, **values: str) -> dict:
    """Dossier `number` as changed on that day of 2025 (mmdd)."""
    return {"ma_ho_so": code(number), "ngay_cap_nhat": f"2025{changed}120000"} | values


DONE = {"trang_thai_ho_so": "9", "ngay_ket_thuc_xu_ly": "20250310100000"}
JANUARY = {
    "ngay_tiep_nhan": "20250115080000",
    "ngay_nop_ho_so": "20250115080000",
    "ngay_hen_tra": "20250301000000",
}
# Each dossier has its states at different times: a re-opening, a move of the month of receipt, a deletion,
# a reception after all, a withdrawal, another unit.
FULL_LINES = [
    state(1, "0305"),
    state(1, "0310", **DONE),
    state(1, "0320", trang_thai_ho_so="4"),
    state(2, "0306", **JANUARY),
    state(2, "0308"),
    state(3, "0305"),
    state(3, "0330", da_xoa="1"),
    state(4, "0304", ngay_tiep_nhan="", trang_thai_ho_so="1"),
    state(4, "0305", kenh_thuc_hien=""),
    state(5, "0120", **JANUARY),
    state(5, "0330", **JANUARY, trang_thai_ho_so="7", ngay_ket_thuc_xu_ly="20250210080000"),
    state(6, "0305", don_vi_xu_ly=XA),
    state(6, "0306", ma_tthc="1.000002"),
]
# The same dossiers from a vendor that lacks columns, in between, and once at the very same moment.
SHORT_LINES = [
    state(1, "0315", **DONE),
    state(2, "0307", **JANUARY),
    state(3, "0305", trang_thai_ho_so="6"),
    state(5, "0331", **JANUARY, trang_thai_ho_so="2"),
    state(7, "0305"),
]


@st.composite
def files(draw: st.DrawFn, lines: list[dict], at_most: int) -> list[list[dict]]:
    """Every line at least once, in some order, in one to `at_most` files; some lines twice."""
    repeated = draw(st.lists(st.sampled_from(lines), max_size=4))
    shuffled = draw(st.permutations([*lines, *repeated]))
    cuts = sorted(draw(st.lists(st.integers(1, len(shuffled) - 1), max_size=at_most - 1, unique=True)))
    return [shuffled[a:b] for a, b in zip([0, *cuts], [*cuts, len(shuffled)], strict=True)]


def add(world: World, lines: list[dict], columns: list[str] | None = None) -> None:
    batch = world.add(*lines, at=AT, columns=columns)
    assert batch.lines_read == len(lines)
    assert batch.lines_read == batch.lines_accepted + batch.lines_rejected + batch.lines_superseded


@pytest.mark.long
@pytest.mark.torture
def test_split_merged_shuffled_and_repeated_files_give_the_same_warehouse(province):
    add(province, FULL_LINES)
    province.refresh_all()
    expected = province.content(*FIGURES)
    assert len(expected["core.ho_so"]) == 6

    @settings(FEW, max_examples=often(30, 3))
    @given(files(FULL_LINES, 4), st.booleans())
    def check(parts, refreshed_in_between):
        province.without_dossiers()
        for lines in parts:
            add(province, lines)
            if refreshed_in_between:
                province.refresh_all()
        province.refresh_all()
        assert province.content(*FIGURES) == expected

    check()


@pytest.mark.long
@pytest.mark.torture
def test_exports_with_more_and_with_fewer_columns_in_any_order_give_the_same_warehouse(province):
    add(province, FULL_LINES)
    add(province, SHORT_LINES, SHORT)
    province.refresh_all()
    expected = province.content(*FIGURES)
    assert len(expected["core.ho_so"]) == 7

    @settings(FEW, max_examples=often(30, 3))
    @given(files(FULL_LINES, 3), files(SHORT_LINES, 2), st.randoms(use_true_random=False))
    def check(full, short, random):
        province.without_dossiers()
        parts = [(lines, None) for lines in full] + [(lines, SHORT) for lines in short]
        random.shuffle(parts)
        for lines, columns in parts:
            add(province, lines, columns)
        province.refresh_all()
        assert province.content(*FIGURES) == expected

    check()


@pytest.mark.torture
def test_columns_are_merged_as_if_each_were_a_record_of_its_own(province):
    """Three exports with different columns, in all orders, against the rule itself."""
    more = [*SHORT, "kenh_thuc_hien", "so_lan_bo_sung"]
    exports = [
        (SHORT, state(1, "0320", trang_thai_ho_so="6")),
        (more, state(1, "0310", trang_thai_ho_so="5", kenh_thuc_hien="3", so_lan_bo_sung="")),
        (None, state(1, "0305", kenh_thuc_hien="2", so_lan_bo_sung="1", co_ket_qua_dien_tu="1")),
    ]
    # Status of 20 March; channel and (blank) rounds of 10 March; the link of 5 March.
    expected = [(6, 3, None, 1, "2025-03-20 12:00:00")]

    @settings(FEW, max_examples=often(30, 3))
    @given(st.permutations(exports))
    def check(order):
        province.without_dossiers()
        for columns, line in order:
            add(province, [line], columns)
        query = (
            "SELECT trang_thai_ho_so, kenh_thuc_hien, so_lan_bo_sung, co_ket_qua_dien_tu, ngay_cap_nhat::text"
        )
        assert province.rows(f"{query} FROM core.ho_so") == expected

    check()


# --- accidents ----------------------------------------------------------------------------------


def run(world: World, batch_id: int) -> None:
    validate(world.engine, batch_id)
    load(world.engine, batch_id)
    for ky in pending_periods(world.engine):
        refresh(world.engine, ky)


def test_staging_that_a_crash_has_emptied_is_filled_again(province):
    path = province.dossiers(*FULL_LINES, FULL_LINES[0])
    batch_id = province.land("ho_so", path, AT)
    validate(province.engine, batch_id)
    tables = province.rows(
        "SELECT format('staging.%I', tablename) FROM pg_tables WHERE schemaname = 'staging'"
    )
    assert len(tables) == 2
    with province.engine.begin() as connection:
        # PostgreSQL empties UNLOGGED tables when it starts after a crash.
        for (table,) in tables:
            connection.exec_driver_sql(f"TRUNCATE {table}")
    batch, _ = load(province.engine, batch_id)
    # 14 lines of 6 dossiers: 8 of them older, or twice the same.
    assert (batch.lines_read, batch.lines_accepted, batch.lines_rejected, batch.lines_superseded) == (
        14,
        6,
        0,
        8,
    )


# --- at the same time ---------------------------------------------------------------------------


def test_one_batch_judged_and_loaded_by_several_at_once_counts_once(province):
    batch_id = province.land("ho_so", province.dossiers(*FULL_LINES), AT)
    barrier = Barrier(3)

    def work(_: int) -> list[str]:
        barrier.wait()
        validate(province.engine, batch_id)
        return load(province.engine, batch_id)[1]

    with ThreadPoolExecutor(3) as pool:
        periods = list(pool.map(work, range(3)))
    assert periods == [["2025-01", "2025-02", "2025-03"]] * 3
    assert province.rows("SELECT count(*), count(DISTINCT ma_ho_so) FROM core.ho_so") == [(6, 6)]
    assert province.rows(
        "SELECT lines_accepted, lines_superseded FROM ops.batch WHERE dataset = 'ho_so'"
    ) == [(6, 7)]


def test_batches_of_one_dataset_loaded_at_once_give_what_one_after_the_other_gives(province):
    parts = [FULL_LINES[0::3], FULL_LINES[1::3], FULL_LINES[2::3], FULL_LINES[:5]]
    add(province, FULL_LINES)
    province.refresh_all()
    expected = province.content(*FIGURES)
    province.without_dossiers()
    batches = [province.land("ho_so", province.dossiers(*lines), AT) for lines in parts]
    barrier = Barrier(len(batches))

    def work(batch_id: int) -> None:
        barrier.wait()
        run(province, batch_id)

    with ThreadPoolExecutor(len(batches)) as pool:
        list(pool.map(work, batches))
    province.refresh_all()
    assert province.content(*FIGURES) == expected
    assert pending_periods(province.engine) == []


# --- surroundings -------------------------------------------------------------------------------

BORDERS = [
    state(n, "0331", ngay_tiep_nhan=t, ngay_nop_ho_so=t, **DONE | {"ngay_ket_thuc_xu_ly": t}, ngay_hen_tra="")
    for n, t in enumerate(("20250228235959", "20250301000000", "20250331235959", "20250331070000"), start=20)
]


@pytest.fixture
def clock() -> Iterator[None]:
    """Puts the process's time zone back."""
    before = os.environ.get("TZ")
    yield
    if before is None:
        os.environ.pop("TZ", None)
    else:
        os.environ["TZ"] = before
    time.tzset()


def test_settings_of_server_and_client_do_not_change_anything(world, dsn, clock, monkeypatch):
    seen = []
    database = sa.make_url(dsn).database
    admin = sa.create_engine(dsn, isolation_level="AUTOCOMMIT", poolclass=sa.pool.NullPool)
    for zone, style in (
        ("Asia/Ho_Chi_Minh", "ISO, DMY"),
        ("America/Los_Angeles", "SQL, MDY"),
        ("Etc/GMT-14", "German"),
    ):
        with admin.connect() as connection:
            connection.exec_driver_sql(f"ALTER DATABASE {database} SET timezone = '{zone}'")
            connection.exec_driver_sql(f"ALTER DATABASE {database} SET datestyle = '{style}'")
            connection.exec_driver_sql(f"ALTER DATABASE {database} SET intervalstyle = 'sql_standard'")
            connection.exec_driver_sql(f"ALTER DATABASE {database} SET search_path = 'ops'")
        os.environ["TZ"] = zone
        time.tzset()
        with world.engine.begin() as connection:
            connection.exec_driver_sql(
                "TRUNCATE core.don_vi_phien_ban, core.tthc_phien_ban, core.ho_so, core.tong_hop, "
                "mart.chi_so, ops.period, ops.batch_period, ops.batch CASCADE"
            )
        with monkeypatch.context() as client:
            client.setenv("PGTZ", zone)
            client.setenv("PGDATESTYLE", style)
            again = World(engine_of(dsn), world.folder, world.files).dimensions()
            again.add(*FULL_LINES, *BORDERS, at=AT)
            again.add(*SHORT_LINES, at=AT, columns=SHORT)
            again.refresh_all()
        world.files = again.files
        assert world.figure("tiep_nhan", "000.00.01.H59", "2025-02") == (1, None)
        seen.append(world.content())
    assert seen[0]["mart.chi_so"]
    assert seen[1] == seen[0]
    assert seen[2] == seen[0]
