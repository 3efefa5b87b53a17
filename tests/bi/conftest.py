"""A warehouse with a few dossiers, whose figures are worked out by hand, for BI tools to read."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.world import XA, World
from tools.bi_bundle import FOLDER, read
from tools.bi_check import problems

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


class Copy:
    """A bundle that a test may change."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for part in ("databases", "datasets", "charts", "dashboards"):
            shutil.copytree(FOLDER / part, folder / part)
        shutil.copy(FOLDER / "metadata.yaml", folder)

    def edit(self, file: str, old: str, new: str, times: int = -1) -> None:
        path = self.folder / file
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new, times), "utf-8")

    def change(self, file: str, change: Callable[[dict], object]) -> None:
        path = self.folder / file
        content = yaml.safe_load(path.read_text("utf-8"))
        change(content)
        path.write_text(yaml.safe_dump(content, allow_unicode=True), "utf-8")


@pytest.fixture
def checked(bi_world) -> Callable[[Path], list[str]]:
    """What is wrong with a bundle, asked with the rights of a BI login."""

    def check(folder: Path = FOLDER) -> list[str]:
        with bi_world.engine.begin() as connection:
            connection.exec_driver_sql("SET LOCAL ROLE cchc_bi")
            return problems(read(folder), connection)

    return check


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    return Copy(tmp_path / "bundle")
