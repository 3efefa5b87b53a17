"""Scripts and styles of others: which they are, under which licence, and that nobody has changed them."""

import hashlib
import re

import httpx
import pytest

from cchc.pages.app import STATIC
from tests.pages.browsing import served

VENDOR = STATIC / "vendor"
SUMS = "SHA256SUMS"
LINES = (VENDOR / SUMS).read_text(encoding="utf-8").splitlines()
NAMED = [line.removeprefix("# ").split(" ") for line in LINES[1:] if line.startswith("# ")]
# How each licence says its name.
TITLES = {"0BSD": "Zero-Clause BSD", "MIT": "MIT License", "BSD-3-Clause": "Redistributions of source code"}
# An icon of no bytes, so that none is asked for.
OWN = ("{{ asset(", "data:,")


def test_every_file_is_listed_with_its_sum():
    listed = {name: found for found, name in (line.split("  ") for line in LINES if not line.startswith("#"))}
    held = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in VENDOR.iterdir()
        if path.name != SUMS
    }
    assert held == listed


def test_every_script_and_style_is_named():
    scripts = {path.name for path in VENDOR.iterdir() if path.suffix in (".js", ".css")}
    assert scripts == {file for _, _, _, file in NAMED}


@pytest.mark.parametrize(("name", "version", "licence", "file"), NAMED, ids=[name for name, *_ in NAMED])
def test_a_file_says_the_version_that_is_listed_and_its_licence_lies_beside_it(name, version, licence, file):
    assert re.search(rf"(?<![\d.]){re.escape(version)}(?![\d.])", (VENDOR / file).read_text(encoding="utf-8"))
    assert TITLES[licence] in (VENDOR / f"LICENSE.{name}.txt").read_text(encoding="utf-8")


def test_templates_load_nothing_that_is_not_ours():
    templates = STATIC.parent / "templates"
    for path in templates.glob("*.html"):
        found = re.findall(r"(?:src|<link[^>]*href)=\"([^\"]*)\"", path.read_text(encoding="utf-8"))
        assert [address for address in found if not address.startswith(OWN)] == [], path.name


def test_what_is_loaded_is_kept_by_the_browser_under_an_address_of_its_content(look):
    page = look("xem").get("/").text
    addresses = re.findall(r'(?:src|href)="(/static/[^"]+)"', page)
    assert len(addresses) >= 3
    for address in addresses:
        found = look(None).get(address)
        assert found.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert address.endswith("?" + hashlib.sha256(found.content).hexdigest()[:12])
    # An address that does not say the content may have another one tomorrow.
    assert "max-age" not in look(None).get("/static/pages.css").headers["cache-control"]


@pytest.mark.parametrize("address", ["/", "/don-vi", "/tep/phu-luc.xlsx?ky_loai=thang&ky=2025-03"])
def test_a_head_is_answered_like_a_page_without_its_body(look, address):
    """By a real server, which compares the length that was said with what was sent."""
    with served(look.app) as host:
        answers = [getattr(httpx, how)(host + address, headers={"x-who": "xem"}) for how in ("head", "get")]
    head, page = answers
    assert (head.status_code, head.content, page.status_code) == (200, b"", 200)
    assert head.headers["content-type"] == page.headers["content-type"]


@pytest.mark.parametrize("address", ["/don-vi/", "/van-hanh/"])
def test_no_address_is_made_of_what_the_browser_says_that_the_host_is(look, address):
    found = look("xem").get(address, headers={"host": "la.example"})
    assert found.status_code == 404
    assert "la.example" not in found.headers.get("location", "")
