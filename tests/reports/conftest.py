"""A warehouse with ten dossiers of two units, whose form II.06a was worked out by hand."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from tests.world import XA, World

DONE = {"trang_thai_ho_so": "10"}
FEBRUARY = {"ngay_nop_ho_so": "20250220080000", "ngay_tiep_nhan": "20250220090000"}


def ended(day: str) -> dict[str, str]:
    return {"ngay_ket_thuc_xu_ly": f"{day}090000", "ngay_tra": f"{day}090000"}


# Received on 5 March and due on the 12th, online, at the sở, if not said otherwise.
DOSSIERS = (
    # The sở: before, on and after the day.
    DONE | ended("20250311"),
    DONE | ended("20250312"),
    DONE | ended("20250320"),
    # Open: late, waiting for papers.
    {},
    {"trang_thai_ho_so": "5", "ngay_yeu_cau_bo_sung": "20250306090000", "so_lan_bo_sung": "1"},
    # Withdrawn, handed in at the desk.
    {"trang_thai_ho_so": "7", "kenh_thuc_hien": "1"} | ended("20250315"),
    # Of February: ended late in March, not due yet.
    DONE | FEBRUARY | {"ngay_hen_tra": "20250227090000"} | ended("20250303"),
    FEBRUARY | {"ngay_hen_tra": "20250410090000"},
    # The commune: by post and before the day; with no channel and not due yet.
    DONE | {"kenh_thuc_hien": "3", "don_vi_xu_ly": XA} | ended("20250311"),
    {"kenh_thuc_hien": "", "don_vi_xu_ly": XA, "ngay_hen_tra": "20250410090000"},
)
# Columns 3 to 13 of March, by hand.
OF_SO = (8, 5, 1, 2, 5, 1, 2, 2, 3, 2, 1)
OF_XA = (2, 0, 2, 0, 1, 1, 0, 0, 1, 1, 0)
OF_XA_WITH_FIELD = (1, 0, 1, 0, 1, 1, 0, 0, 0, 0, 0)
WITHOUT_FIELD = (1, 0, 1, 0, 0, 0, 0, 0, 1, 1, 0)
NOTHING = (0,) * 11
OF_ALL = (10, 5, 3, 2, 6, 2, 2, 2, 4, 3, 1)
WITH_FIELD = (9, 5, 2, 2, 6, 2, 2, 2, 3, 2, 1)


@pytest.fixture(scope="session")
def reported(make_world) -> World:
    world = make_world().dimensions()
    # The last one, of the commune, is filed under no field.
    world.add(*[{"ma_linh_vuc": "LV1"} | dossier for dossier in DOSSIERS[:-1]], DOSSIERS[-1])
    world.refresh_all()
    return world


@pytest.fixture
def connection(reported: World) -> Iterator[sa.Connection]:
    """What a test changes is undone."""
    with reported.engine.connect() as connection, connection.begin() as transaction:
        yield connection
        transaction.rollback()
