"""A real browser on the pages: Debian's Chromium, driven by Playwright."""

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import uvicorn
from fastapi import FastAPI
from playwright.sync_api import Browser, sync_playwright

from tools.local.settings import LOOPBACK, any_free_port

# Root may not use Chromium's sandbox; the rest keeps it from asking hosts that no test needs.
OPTIONS = [
    *("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"),
]
NAMES = ("chromium", "chromium-browser", "google-chrome")


def chromium() -> str:
    """The program; where there is none the test is skipped, but never where nobody looks."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        told = "No Chromium: apt-get install chromium (or set it on PATH under one of these names)."
        (pytest.fail if os.environ.get("CI") else pytest.skip)(told)
    assert found
    return found


@contextmanager
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium(), args=OPTIONS)
        yield opened
        opened.close()


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
