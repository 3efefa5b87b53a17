"""Scripts and styles of others: which they are, under which licence, and that nobody has changed them."""

import hashlib
import re

import pytest

from cchc.pages.app import STATIC

VENDOR = STATIC / "vendor"
SUMS = "SHA256SUMS"
LINES = (VENDOR / SUMS).read_text(encoding="utf-8").splitlines()
NAMED = [line.removeprefix("# ").split(" ") for line in LINES[1:] if line.startswith("# ")]
# How each licence says its name.
TITLES = {"0BSD": "Zero-Clause BSD", "MIT": "MIT License", "BSD-3-Clause": "Redistributions of source code"}
# An icon of no bytes, so that none is asked for.
OWN = ("{{ link('static'", "data:,")


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
