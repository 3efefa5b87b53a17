"""What must be before a month is closed can be met by doing what the list says."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from cchc.errors import BatchStopped
from tests.figures.test_refresh import BASE, on
from tests.world import World

STOPPED = "SELECT thieu, chi_tiet FROM mart.dieu_kien_chot WHERE ky = '2025-01' AND ma = 'lo_dung'"


@pytest.fixture
def stopped(province: World) -> tuple[World, Path]:
    """January with figures, and an export of which each line is of an unknown unit."""
    province.add(*BASE)
    province.refresh_all()
    bad = province.dossiers(*(on("0110", n, don_vi_xu_ly="000.00.88.H59") for n in range(10, 40)))
    with pytest.raises(BatchStopped):
        province.ingest("ho_so", bad, "2025-04-05")
    return province, bad


def missing(world: World) -> int:
    [(thieu, _)] = world.rows(STOPPED)
    return thieu


def test_a_corrected_file_settles_the_one_that_was_stopped(stopped: tuple[World, Path]):
    world, bad = stopped
    assert missing(world) == 1
    # Another file that is in order says nothing of it.
    world.add(on("0112", 50), at="2025-04-06")
    assert missing(world) == 1
    good = world.dossiers(*(on("0110", n) for n in range(10, 40)))
    good.replace(bad)
    world.ingest("ho_so", bad, "2025-04-07")
    assert missing(world) == 0


@pytest.mark.parametrize(
    ("window", "settled"),
    [
        (("2025-04-02", "2025-04-08"), True),
        (("2025-04-04", "2025-04-08"), False),
        (("2025-04-02", "2025-04-04"), False),
        ((None, "2025-04-08"), True),
    ],
)
def test_a_window_that_was_stopped_is_settled_by_one_that_holds_it(
    stopped: tuple[World, Path], window: tuple[str | None, str], settled: bool
):
    world, _ = stopped
    later = world.add(on("0112", 50), at="2025-04-06")
    pulled = sa.text("UPDATE ops.batch SET window_from = :f, window_to = :t WHERE batch_id = :b")
    with world.engine.begin() as connection:
        connection.execute(
            sa.text(
                "UPDATE ops.batch SET window_from = '2025-04-03', window_to = '2025-04-05' "
                "WHERE status = 'stopped'"
            )
        )
        connection.execute(pulled, {"f": window[0], "t": window[1], "b": later.batch_id})
    assert missing(world) == (0 if settled else 1)
