"""The pages in a real browser, served on loopback."""

import os
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
import uvicorn
from fastapi import FastAPI
from playwright.sync_api import Browser

from tools.browser import chromium
from tools.local.settings import LOOPBACK, LocalStackError, any_free_port


@contextmanager
def browser() -> Iterator[Browser]:
    """Where there is none the test is skipped, but never where nobody would see that."""
    with ExitStack() as stack:
        try:
            opened = stack.enter_context(chromium())
        except LocalStackError as error:
            (pytest.fail if os.environ.get("CI") else pytest.skip)(str(error))
        yield opened


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
