"""What the commands write is for whoever runs them, whatever stood there and whoever had it open."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from cchc.private_file import write_private


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_who_has_the_old_file_open_reads_nothing_of_the_new_one(tmp_path: Path):
    path = tmp_path / "rows.csv"
    path.write_text("old", "utf-8")
    path.chmod(0o644)
    with path.open(encoding="utf-8") as held:
        write_private(path, b"new rows")
        assert held.read() == "old"
    assert (path.read_bytes(), mode(path)) == (b"new rows", 0o600)
    assert [*tmp_path.iterdir()] == [path]


def test_file_is_closed_to_others_before_anything_is_in_it(tmp_path: Path, monkeypatch):
    seen = []
    really = os.fdopen
    monkeypatch.setattr(os, "fdopen", lambda handle, *a: seen.append(os.fstat(handle)) or really(handle, *a))
    before = os.umask(0)
    try:
        write_private(tmp_path / "a", b"x")
    finally:
        os.umask(before)
    assert [(stat.S_IMODE(one.st_mode), one.st_size) for one in seen] == [(0o600, 0)]


def test_what_cannot_be_written_leaves_the_old_file_and_no_other(tmp_path: Path, monkeypatch):
    path = tmp_path / "a"
    write_private(path, b"old")

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_private(path, b"new")
    assert path.read_bytes() == b"old"
    assert [*tmp_path.iterdir()] == [path]


def test_a_link_still_leads_to_the_file(tmp_path: Path):
    (tmp_path / "link").symlink_to("file")
    write_private(tmp_path / "link", b"x")
    assert (tmp_path / "link").is_symlink()
    assert ((tmp_path / "file").read_bytes(), mode(tmp_path / "file")) == (b"x", 0o600)


@pytest.mark.parametrize("into_file", [True, False])
def test_standard_output_is_written_and_stays_what_it_is(tmp_path: Path, into_file):
    code = (
        "from pathlib import Path; from cchc.private_file import write_private; "
        "write_private(Path('/dev/stdout'), b'rows')"
    )
    run = [sys.executable, "-c", code]
    env = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    if into_file:
        with (tmp_path / "out").open("wb") as out:
            subprocess.run(run, env=env, check=True, stdout=out)
        assert (tmp_path / "out").read_bytes() == b"rows"
    else:
        assert subprocess.run(run, env=env, check=True, stdout=subprocess.PIPE).stdout == b"rows"
    assert Path("/dev/stdout").is_symlink()
