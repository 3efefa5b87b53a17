"""The running of the warehouse: why a batch stopped, and in Vietnamese what is to be done about it."""

import contextlib
import html
import re

import pytest

from cchc.errors import BadFile, BatchStopped
from cchc.pages.operations import RUNBOOK, TO_DO
from tests.docs.test_runbook import sections
from tests.world import World

BROKEN = {"don_vi_xu_ly": "000.00.99.H59"}


@pytest.fixture(scope="module")
def pages_world(make_world) -> World:
    """A batch that its rejected line stops, a file that is none, one that was judged again and stopped."""
    world = make_world().dimensions()
    with contextlib.suppress(BatchStopped):
        world.add(BROKEN)
    with contextlib.suppress(BadFile):
        world.ingest("ho_so", world.text("Tên;Tuổi\nA;1\n"))
    batch = world.add({})
    with world.engine.begin() as connection:
        connection.exec_driver_sql(
            f"UPDATE ops.batch SET judgement = 'stopped', stop_reason = 'x' WHERE batch_id = {batch.batch_id}"
        )
        connection.exec_driver_sql("SELECT ops.gan_nguoi_xem('can_bo', NULL)")
    return world


@pytest.mark.parametrize("kind", ["stopped", "unread", "judged_again"])
@pytest.mark.parametrize("address", ["/van-hanh", "/van-hanh?cho=true"])
def test_each_reason_comes_with_what_to_do(look, address, kind):
    text = html.unescape(look("can_bo").get(address).text)
    assert text.count(TO_DO[kind]) == 1
    assert f"{TO_DO[kind]} <small>docs/runbook.md#{RUNBOOK[kind]}</small>" in text


def test_every_section_of_the_runbook_that_is_named_is_one():
    assert set(RUNBOOK.values()) <= {section.anchor for section in sections()}


def test_months_that_wait_are_written_as_people_write_them(look, pages_world):
    with pages_world.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE ops.period SET changed = changed + 1 WHERE ky = '2025-03'")
    text = look("can_bo").get("/van-hanh").text
    assert re.search(r"tháng chờ tính lại</span>: .*03/2025", text)
