"""The pages over a warehouse with a few dossiers, as several people see them."""

import re
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from playwright.sync_api import Browser
from starlette.requests import Request

from cchc.database_roles import PAGES
from cchc.pages.app import NotLoggedIn, build
from tests.pages.browsing import Visit, browser, keep, served
from tests.world import SO, XA, World

LATE = {"ngay_ket_thuc_xu_ly": "20250320090000", "ngay_tra": "20250320090000", "trang_thai_ho_so": "10"}
IN_TIME = LATE | {"ngay_ket_thuc_xu_ly": "20250311090000", "ngay_tra": "20250311090000"}
# Who looks → the unit that they are tied to; `xem` is tied to nothing.
PEOPLE = {"can_bo": None, "cua_so": SO, "cua_xa": XA}

Client = Callable[[str | None], TestClient]


@pytest.fixture(scope="module")
def pages_world(make_world) -> World:
    """Three of four dossiers of the sở in time, one of two of the commune; the first finish on 11 March."""
    world = make_world().dimensions()
    world.add(
        *[IN_TIME] * 3,
        LATE,
        IN_TIME | {"don_vi_xu_ly": XA},
        LATE | {"don_vi_xu_ly": XA},
    )
    world.refresh_all()
    with world.engine.begin() as connection:
        for name, unit in PEOPLE.items():
            connection.execute(sa.text("SELECT ops.gan_nguoi_xem(:n, :u)"), {"n": name, "u": unit})
    return world


@pytest.fixture(scope="module")
def look(pages_world: World, postgres) -> Iterator[Client]:
    """A browser without scripts of whoever is named; None has not logged in."""
    dsn = postgres.dsn(pages_world.engine.url.database, PAGES, driver="psycopg2")

    async def asker(request: Request) -> str:
        name = request.headers.get("x-who") or request.cookies.get("who")
        if not name:
            raise NotLoggedIn("/dang-nhap")
        return name

    app = build(dsn, asker)

    def client(name: str | None) -> TestClient:
        headers = {"accept": "text/html"} | ({"x-who": name} if name else {})
        return TestClient(app, headers=headers, follow_redirects=False, raise_server_exceptions=False)

    client.app = app  # type: ignore[attr-defined]
    yield client
    app.state.engine.dispose()


@pytest.fixture
def waits(pages_world):
    """March as it is between a load and the next count."""
    change = "UPDATE ops.period SET changed = changed {} 1 WHERE ky = '2025-03'"
    with pages_world.engine.begin() as connection:
        connection.exec_driver_sql(change.format("+"))
    yield "Kỳ này chờ tính lại: dữ liệu của tháng 03/2025 đã đổi sau lần tính gần nhất"
    with pages_world.engine.begin() as connection:
        connection.exec_driver_sql(change.format("-"))


@pytest.fixture(scope="module")
def chrome() -> Iterator[Browser]:
    with browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def address(look) -> Iterator[str]:
    with served(look.app) as found:
        yield found


@pytest.fixture
def visit(chrome, address, request):
    """Opens a browser for whoever is named; every complaint of it fails the test. What it showed is kept."""
    visits = []

    def opened(who: str, **options) -> Visit:
        context = chrome.new_context(locale="vi-VN", **options)
        context.add_cookies([{"name": "who", "value": who, "url": address}])
        found = Visit(context.new_page(), address)
        visits.append((context, found))
        found.page.on(
            "console",
            # The browser itself says of an answer that it is an error, and htmx of none.
            lambda said: (
                found.complaints.append(said.text)
                if said.type in ("error", "warning")
                and not re.search("Failed to (load resource|fetch)", said.text)
                else None
            ),
        )
        found.page.on("pageerror", lambda error: found.complaints.append(str(error)))
        found.page.on(
            "request",
            lambda asked: (
                found.elsewhere.append(asked.url)
                if not asked.url.startswith((address, "data:", "blob:"))
                else None
            ),
        )
        return found

    yield opened
    for number, (context, found) in enumerate(visits, 1):
        keep(found.page, f"{request.node.name}-{number}")
        context.close()
        assert (found.complaints, found.elsewhere) == ([], [])
