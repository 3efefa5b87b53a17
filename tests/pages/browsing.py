"""The pages in a real browser, served on loopback."""

import os
import re
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from fastapi import FastAPI
from playwright.sync_api import Browser, Page

from tools.browser import chromium
from tools.local.settings import LOOPBACK, REPO, LocalStackError, any_free_port

SHOWN = REPO / "test-results" / "pages"
NARROW = {"width": 360, "height": 740}


@dataclass
class Visit:
    """A page of one person's, and what the browser complained of."""

    page: Page
    address: str
    complaints: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)

    def go(self, path: str) -> "Visit":
        self.page.goto(self.address + path, wait_until="networkidle")
        return self


@contextmanager
def browser() -> Iterator[Browser]:
    """Where there is none the test is skipped, but never where nobody would see that."""
    with ExitStack() as stack:
        try:
            opened = stack.enter_context(chromium())
        except LocalStackError as error:
            (pytest.fail if os.environ.get("CI") else pytest.skip)(str(error))
        yield opened


def assert_usable(page: Page) -> None:
    """No serious finding of axe-core, and on a narrow screen nothing is wider than it."""
    serious = [
        (violation["id"], [node["html"][:200] for node in violation["nodes"]][:3])
        for violation in Axe().run(page).response["violations"]
        if violation["impact"] in ("serious", "critical")
    ]
    assert not serious, serious
    page.set_viewport_size(NARROW)
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= NARROW["width"], width


def keep(page: Page, name: str) -> None:
    """Keeps a picture of a page for whoever looks at a run afterwards; CI keeps the folder."""
    SHOWN.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOWN / f"{re.sub(r'[^a-zA-Z0-9]+', '-', name).strip('-')}.png", full_page=True)


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """The address of the application while it is served on loopback."""
    port = any_free_port()
    server = uvicorn.Server(uvicorn.Config(app, host=LOOPBACK, port=port, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.02)
        assert thread.is_alive(), "the server has ended"
    yield f"http://{LOOPBACK}:{port}"
    server.should_exit = True
    thread.join(10)
