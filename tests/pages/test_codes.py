"""Units whose codes an address cannot hold as they are: each page and file is reached by its link."""

import html
import re
from urllib.parse import unquote

import pytest
import sqlalchemy as sa

from tests.pages.conftest import LATE
from tests.world import World

# What sources make up; the last are what a browser takes for the way up, and what HTML takes for markup.
CODES = ["A/B", "A%2FB", "A/../B", "Đ.01", "A;B", "a#b", "<b>x</b>", "A\\B", "loi", "x/loi.xlsx"]
LINK = re.compile(r'(?:href|hx-get|action)="([^"]+)"')


@pytest.fixture(scope="module")
def pages_world(make_world) -> World:
    """A dossier for each of these units, and somebody who looks for each."""
    world = make_world().dimensions()
    units = [{"ma_don_vi": code, "ten_don_vi": f"Xã số {n}", "cap": "xa"} for n, code in enumerate(CODES, 1)]
    world.ingest("don_vi", world.csv(units, ["ma_don_vi", "ten_don_vi", "cap"]), at="2024-01-02")
    world.add(*[LATE | {"don_vi_xu_ly": code} for code in CODES if code.isascii()])
    world.refresh_all()
    with world.engine.begin() as connection:
        for n, code in [("can_bo", None), *enumerate(CODES)]:
            connection.execute(sa.text("SELECT ops.gan_nguoi_xem(:n, :u)"), {"n": str(n), "u": code})
    return world


def test_the_units_have_figures(pages_world):
    held = pages_world.rows("SELECT DISTINCT ma_don_vi FROM mart.chi_so WHERE ten_don_vi LIKE 'Xã số %'")
    assert {row[0] for row in held} == set(CODES)


def links(text: str) -> list[str]:
    found = [html.unescape(link) for link in LINK.findall(text)]
    return [link for link in found if link.startswith("/") and not link.startswith("/static/")]


@pytest.mark.parametrize("number", range(len(CODES)), ids=CODES)
def test_whoever_is_of_it_reaches_its_page_from_every_page_and_all_that_it_offers(look, number):
    client, name = look(str(number)), f"Xã số {number + 1}"
    [own] = {link for link in links(client.get("/").text) if link.startswith("/don-vi/")}
    page = client.get(own)
    assert page.status_code == 200, page.text
    assert f"<h1>{name}</h1>" in page.text
    offered = [link for link in links(page.text) if link != "/don-vi/mot"]
    assert {link.partition("?")[0] for link in offered} >= {
        *("/don-vi/loi", "/don-vi/phieu.xlsx", "/tep/bieu-06a.xlsx", "/tep/tre-han.xlsx"),
    }
    for link in offered:
        assert client.get(link).status_code == 200, link


def test_the_list_of_units_leads_to_each(look):
    found = [link for link in links(look("can_bo").get("/don-vi?ky=2025-03").text) if "/don-vi/mot" in link]
    names = {re.findall("<h1>(.*?)</h1>", look("can_bo").get(link).text)[0] for link in found}
    assert names >= {f"Xã số {n}" for n in range(1, len(CODES) + 1)}


@pytest.mark.parametrize("address", ["/don-vi/loi.xlsx?ma={}", "/don-vi/phieu.xlsx?ma={}&ky=2025-03"])
@pytest.mark.parametrize("code", CODES)
def test_a_file_has_a_name_that_every_system_takes(look, address, code):
    found = look("can_bo").get(address.partition("?")[0], params={"ma": code, "ky": "2025-03"})
    assert found.status_code == 200, found.text
    said = found.headers["content-disposition"]
    plain = re.fullmatch(r'attachment; filename="([A-Za-z0-9_.-]+)"(?:; filename\*=UTF-8\'\'(\S+))?', said)
    assert plain, said
    name = unquote(plain[2] or plain[1])
    assert name.endswith(".xlsx")
    assert not set(name) & set("/\\;<>#%")
    assert ("Đ" in name) is ("Đ" in code)
