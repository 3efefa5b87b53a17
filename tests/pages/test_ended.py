"""Units that have ended: their pages offer nothing that is not there, and say who answers now."""

import html
import re

import pytest
import sqlalchemy as sa

from tests.figures.test_succession import NEW, OLD, merger
from tests.pages.test_codes import links
from tests.pages.test_rows_behind import main_of
from tests.world import World

FEBRUARY = "ky_loai=thang&ky=2025-02"
WHO_FOLLOWS = f"Sở Cũ đã hết hiệu lực ngày 28/02/2025. Hồ sơ của đơn vị nay do {NEW} trả lời"


@pytest.fixture(scope="module")
def pages_world(make_world) -> World:
    world = merger(make_world().dimensions())
    with world.engine.begin() as connection:
        for name, unit in {"can_bo": None, "cua_cu": OLD, "cua_moi": NEW}.items():
            connection.execute(sa.text("SELECT ops.gan_nguoi_xem(:n, :u)"), {"n": name, "u": unit})
    return world


@pytest.mark.parametrize("who", ["can_bo", "cua_cu", "cua_moi"])
@pytest.mark.parametrize("ky", ["2025-02", "2025-03"])
@pytest.mark.parametrize("unit", [OLD, NEW])
def test_nothing_is_offered_that_is_not_there(look, who, ky, unit):
    text = look(who).get(f"/don-vi/mot?ma={unit}&ky={ky}").text
    for link in set(links(text)) - {"/don-vi/mot"}:
        found = look(who).get(link)
        assert found.status_code == 200, (link, main_of(found.text))


def test_the_successor_declares_what_its_predecessor_did_not(look):
    """A form is of a month in which the unit was there."""
    offered = {
        (unit, ky): [
            link
            for link in links(look("can_bo").get(f"/don-vi/mot?ma={unit}&ky={ky}").text)
            if "phieu" in link
        ]
        for unit in (OLD, NEW)
        for ky in ("2025-02", "2025-03")
    }
    assert {at for at, found in offered.items() if found} == {(OLD, "2025-02"), (NEW, "2025-03")}


def test_whoever_is_of_an_ended_unit_is_told_who_follows(look):
    client = look("cua_cu")
    assert WHO_FOLLOWS in main_of(client.get(f"/don-vi/mot?ma={OLD}").text)
    assert WHO_FOLLOWS not in main_of(client.get(f"/don-vi/mot?ma={NEW}").text)
    for address in (
        f"/chi-so/dung_han_06a/ho-so?{FEBRUARY}",
        f"/don-vi/loi.xlsx?ma={OLD}",
        f"/don-vi/phieu.xlsx?ma={OLD}&ky=2025-02",
        f"/tep/tre-han.xlsx?{FEBRUARY}&don_vi={OLD}",
    ):
        found = client.get(address)
        assert found.status_code == 403
        assert WHO_FOLLOWS in main_of(found.text), address


@pytest.mark.parametrize("unit", ["TONG:toan_tinh", OLD, NEW])
def test_who_may_see_no_row_has_no_button(look, unit):
    text = look("cua_cu").get(f"/chi-so/dung_han_06a?{FEBRUARY}&don_vi={unit}").text
    assert "/ho-so?" not in html.unescape(text)
    # The successor has those of its predecessor.
    text = look("cua_moi").get(f"/chi-so/dung_han_06a?{FEBRUARY}&don_vi={unit}").text
    assert bool(re.search("/ho-so", text)) is (unit != NEW)


def test_declarations_and_points_of_the_year_to_date_are_said_to_be_of_the_month(look):
    text = main_of(look("can_bo").get(f"/don-vi/mot?ma={NEW}&ky_loai=luy_ke&ky=2025-03").text)
    assert "Khai báo tháng 03/2025" in text
    assert "Điểm QĐ 766 tháng 03/2025" in text
    assert "không luỹ kế" in text
    assert "Khai báo luỹ kế" not in text
