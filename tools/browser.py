"""A real browser for pictures and tests: Debian's Chromium, driven by Playwright."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

from tools.local.settings import LocalStackError

NAMES = ("chromium", "chromium-browser", "google-chrome")
# Root may not use Chromium's sandbox; the rest keeps it from asking hosts that nobody needs here.
OPTIONS = [
    *("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"),
]


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser until the block ends; raises LocalStackError where there is none on this machine."""
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        raise LocalStackError("No Chromium on this machine: apt-get install chromium.")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=program, args=OPTIONS)
        yield opened
        opened.close()
