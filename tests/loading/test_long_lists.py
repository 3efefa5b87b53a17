"""Lists of units and procedures as long as a country's: loading takes time in proportion to their length."""

from collections.abc import Callable

import psutil
import pytest
import sqlalchemy as sa

from cchc.judging.validation import validate
from cchc.loading.load import load
from tests.world import PROCEDURES, World

SHORT, LONG = 2_000, 12_000
STATES = (("20240201", "đầu"), ("20250201", "sửa"))


def procedures(count: int, time: str, word: str) -> list[dict]:
    return [
        PROCEDURES[0]
        | {"MaTTHC": f"1.{n:06d}", "TenTTHC": f"Thủ tục số {n}, {word}", "NgayCapNhat": f"{time}000000"}
        for n in range(count)
    ]


def units(count: int, time: str, word: str) -> list[dict]:
    return [
        {"MaDonVi": f"000.{n}.H59", "TenDonVi": f"Sở số {n}, {word}", "Cap": "so_nganh"}
        | {"HieuLucTu": "20240101", "HieuLucDen": None, "NgayCapNhat": f"{time}000000"}
        for n in range(count)
    ]


def processor_time(world: World, dataset: str, records: list[dict]) -> float:
    """Seconds of the processor that loading takes in the server; the clock would tell how busy it is."""
    batch_id = world.land(dataset, world.json(records))
    validate(world.engine, batch_id)
    spent: dict[int, float] = {}

    def note(connection: sa.Connection) -> None:
        pid = connection.connection.dbapi_connection.info.backend_pid
        times = psutil.Process(pid).cpu_times()
        spent[pid] = times.user + times.system

    sa.event.listen(world.engine, "commit", note)
    try:
        batch, _ = load(world.engine, batch_id)
    finally:
        sa.event.remove(world.engine, "commit", note)
    assert batch.lines_accepted == len(records)
    return sum(spent.values())


@pytest.mark.long
@pytest.mark.parametrize(("dataset", "listed"), [("tthc", procedures), ("don_vi", units)])
def test_time_grows_with_the_length_of_a_list_and_not_with_its_square(
    make_world: Callable[[], World], dataset: str, listed: Callable[[int, str, str], list[dict]]
) -> None:
    """Loaded, and loaded again with each of its things changed: the server looked at few rows before."""
    took = {}
    for count in (SHORT, LONG):
        world = make_world().dimensions()
        with world.engine.begin() as connection:
            connection.exec_driver_sql(f"ANALYZE core.{dataset}_phien_ban")
        took[count] = [processor_time(world, dataset, listed(count, *state)) for state in STATES]
    for short, long in zip(took[SHORT], took[LONG], strict=True):
        assert long / short < 1.5 * LONG / SHORT, took
