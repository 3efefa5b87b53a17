"""The guide for layouts, followed to the letter, keeps what it promises."""

from pathlib import Path

import pytest

from tests.guides.following import Copy, follow, only

LAYOUT = "adding-a-layout.md"
pytestmark = [pytest.mark.long, pytest.mark.stack]


def test_a_layout_costs_the_contract_and_a_test(tmp_path: Path):
    copy = Copy(tmp_path)
    follow(copy, LAYOUT)
    assert copy.touched == ["plugins/cchc/contracts/ho_so.yaml", "tests/reading/test_files.py"]
    copy.check_style()
    [line] = only(LAYOUT, "make test ARGS")
    assert " passed" in copy.shell(line)
