"""What tests of the local stack share."""

from pathlib import Path

import pytest

from tools.local.settings import Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    home.create()
    return home
