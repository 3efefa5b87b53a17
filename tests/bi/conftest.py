"""A warehouse with a few dossiers, whose figures are worked out by hand, for BI tools to read."""

from collections.abc import Callable

import pytest

from tests.world import XA, World

LATE = {"ngay_ket_thuc_xu_ly": "20250320090000", "ngay_tra": "20250320090000", "trang_thai_ho_so": "10"}
IN_TIME = LATE | {"ngay_ket_thuc_xu_ly": "20250311090000", "ngay_tra": "20250311090000"}
# Due before it was received: HS10.
REJECTED = {"ngay_hen_tra": "20250301090000"}


@pytest.fixture(scope="session")
def bi_world(make_world: Callable[[], World]) -> World:
    """March: three of four dossiers of the sở in time, one of two of the commune; one line is rejected.

    All were received in March. In April the sở receives forty more, which stay open.
    """
    world = make_world().dimensions()
    april = {"ngay_nop_ho_so": "20250402080000", "ngay_tiep_nhan": "20250402090000"}
    april |= {"ngay_hen_tra": "20250410090000", "ngay_cap_nhat": "20250402090000"}
    world.add(
        *[IN_TIME] * 3,
        LATE,
        IN_TIME | {"don_vi_xu_ly": XA},
        LATE | {"don_vi_xu_ly": XA},
        *[april] * 40,
        REJECTED,
        at="2025-04-05",
    )
    world.refresh_all()
    return world
