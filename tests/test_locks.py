"""Locks of packages: each version by its hash, from wherever whoever installs gets packages."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LOCKS = ["requirements.lock", "requirements.production.lock"]
FOLDERS = ["bi/superset", "tools/peers"]


@pytest.mark.parametrize("path", [*LOCKS, *(f"{folder}/requirements.lock" for folder in FOLDERS)])
def test_a_lock_names_no_registry_and_every_package_has_a_sum(path):
    lock = (ROOT / path).read_text("utf-8")
    assert "://" not in lock and "--index" not in lock
    packages = re.split(r"\n(?=\S)", lock.strip())
    assert len(packages) > 10
    for package in packages:
        assert re.fullmatch(r"[\w.-]+==\S+( ; [^\n]+)?( \\\n    --hash=sha256:[0-9a-f]{64})+", package), (
            package
        )


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_lock_has_what_its_environment_is_said_to_need(folder):
    asked = (ROOT / folder / "requirements.in").read_text("utf-8").splitlines()
    needed = {re.match(r"[\w-]+", line)[0] for line in asked if not line.startswith("#")}
    lock = (ROOT / folder / "requirements.lock").read_text("utf-8")
    assert needed <= set(re.findall(r"^([\w.-]+)==", lock, re.MULTILINE))
