"""A step that a guide leaves to the imagination is noticed."""

from pathlib import Path

import pytest

from tests.guides.following import Block, Copy, NotInGuide


@pytest.mark.parametrize(
    ("lead", "says"),
    [
        ("Write a client:", "Where does this python block go"),
        ("The file `dags/ingest_file.py`:", "is there already"),
        ("`plugins/cchc/nowhere/client.py`:", "There is no folder"),
        ("Append to `tests/nowhere.py`:", "There is no tests/nowhere.py"),
        ("In `Makefile`, after the line `nothing`:", "stands 0 times"),
    ],
)
def test_a_step_that_the_guide_leaves_out_is_noticed(tmp_path: Path, lead: str, says: str):
    copy = Copy.__new__(Copy)
    copy.root, copy.touched = tmp_path, []
    for folder in ("dags", "plugins/cchc", "tests"):
        (tmp_path / folder).mkdir(parents=True)
    for file in ("dags/ingest_file.py", "Makefile"):
        (tmp_path / file).write_text("x\n", encoding="utf-8")
    with pytest.raises(NotInGuide, match=says):
        copy.write(Block("python", "x = 1\n", lead))
