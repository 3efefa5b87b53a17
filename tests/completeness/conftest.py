"""Three units, of which some declare some of the items of some months."""

from collections.abc import Callable

import pytest

from cchc.registers.declared_items import items
from tests.world import HUYEN, SO, XA, World

ITEMS = [item.ma_so_lieu for item in items()]
COLUMNS = ["ma_so_lieu", "don_vi", "ky", "gia_tri", "chuc_danh", "ngay_khai"]


def declared(unit: str, ky: str, at: str, codes: list[str], value: int = 0) -> list[dict]:
    """Lines by which a unit declares these items for a month at a moment."""
    return [dict(zip(COLUMNS, (code, unit, ky, str(value), "Văn thư", at), strict=True)) for code in codes]


# Of March 2025 declarations are due on the third working day of April, Thursday 3 April.
MARCH = [
    # The sở: all 16 items, twelve of them in the last minute of that day, four a day later.
    *declared(SO, "2025-03", "2025-04-03 23:59:00", ITEMS[:12]),
    *declared(SO, "2025-03", "2025-04-04 00:00:00", ITEMS[12:]),
    # Declared again a week later: the first time counts.
    *declared(SO, "2025-03", "2025-04-10 08:00:00", ITEMS[:2]),
    # The district: three items, late. The commune: nothing.
    *declared(HUYEN, "2025-03", "2025-04-20 08:00:00", ITEMS[:3]),
    # Of April the commune declares two items in time (due on 7 May: 1 and 2 May are days off).
    *declared(XA, "2025-04", "2025-05-07 10:00:00", ITEMS[:2]),
]


@pytest.fixture(scope="session")
def declaring(make_world: Callable[[], World]) -> World:
    world = make_world().dimensions()
    april = {name: f"202504{day}090000" for name, day in (("ngay_tiep_nhan", "05"), ("ngay_hen_tra", "12"))}
    world.add({}, april | {"ngay_nop_ho_so": "20250405080000"}, at="2025-05-15")
    world.ingest("khai_bao", world.csv(MARCH, COLUMNS), at="2025-05-16")
    world.refresh_all()
    return world
