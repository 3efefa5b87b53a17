"""Takes the pictures of docs/faces.md from a stack that `make up` has left running, and from its Superset."""

import sys
from pathlib import Path

from playwright.sync_api import Browser

from tools.browser import chromium
from tools.local import superset
from tools.local.settings import ADMIN_USER, Home, LocalStackError
from tools.local.stack import Stack

FOLDER = Path(__file__).parents[1] / "docs" / "pictures"
MONTH = "ky_loai=thang&ky=2025-03"
PICTURES = {
    "bang-diem": f"/cchc/?{MONTH}",
    "chi-so": f"/cchc/chi-so/dung_han_06a?{MONTH}&cap=so_nganh",
    "don-vi": f"/cchc/don-vi/mot?ma=84.so-tu-phap&{MONTH}",
    "cong-bo": "/cchc/cong-bo?ky=2025-03",
    "van-hanh": "/cchc/van-hanh",
}
SIZE = {"width": 1280, "height": 900}
DASHBOARD = "bang-dieu-khien"
WIDE = {"width": 1760, "height": 1000}
# Charts are drawn one after the other.
PATIENCE_MS = 60_000


def main() -> int:
    """Writes docs/pictures/<name>.png; returns the exit code."""
    stack = Stack(Home.of_clone())
    if not stack.attach():
        raise LocalStackError("No stack is running: make up, then make screenshots.")
    address = stack.ports.ui_address
    FOLDER.mkdir(exist_ok=True)
    with chromium() as browser:
        context = browser.new_context(viewport=SIZE, locale="vi-VN", base_url=address)
        login = {"username": ADMIN_USER, "password": stack.secrets[ADMIN_USER]}
        token = context.request.post("/auth/token", data=login).json()["access_token"]
        context.add_cookies([{"name": "_token", "value": token, "url": address}])
        for name, path in PICTURES.items():
            page = context.new_page()
            page.goto(path, wait_until="networkidle")
            page.screenshot(path=FOLDER / f"{name}.png")
            print(f"docs/pictures/{name}.png")
        running = superset.last_started(stack.home)
        if running and running.is_alive:
            _take_dashboard(browser, running, stack.secrets["superset"])
        else:
            print(f"docs/pictures/{DASHBOARD}.png stays: Superset does not run (make superset)")
    return 0


def _take_dashboard(browser: Browser, running: superset.Superset, password: str) -> None:
    context = browser.new_context(viewport=WIDE, locale="vi-VN", base_url=running.address)
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.goto("/login/")
    page.locator('[data-test="username-input"]').fill(superset.ADMIN)
    page.locator('[data-test="password-input"]').fill(password)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "login" not in url)
    page.goto("/superset/dashboard/toan-tinh/")
    page.wait_for_load_state("networkidle")
    page.screenshot(path=FOLDER / f"{DASHBOARD}.png")
    print(f"docs/pictures/{DASHBOARD}.png")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except LocalStackError as error:
        sys.exit(str(error))
