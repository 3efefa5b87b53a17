"""Landing a file that somebody put somewhere: which are opened, how much is read, who may read it then."""

import os
import socket
import stat
from datetime import datetime
from pathlib import Path

import pytest

from cchc.contracts import contract_of
from cchc.errors import BadDefinition, BadFile
from cchc.reading.parsing import require_export
from cchc.sources import landing, opened
from cchc.sources.incoming import handed_in, incoming_folders, land_chosen, sha256_of
from cchc.sources.landing import land_file, land_reference
from cchc.sources.opened import most_bytes, open_regular, read_whole
from tests.world import World

UNIT = "ma_don_vi,ten_don_vi,cap\n000.00.01.H59,Sở Xây dựng,so_nganh\n"
GB = 1 << 30


@pytest.fixture
def incoming(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("CCHC_INGEST_DIRS", raising=False)
    monkeypatch.setenv("CCHC_LANDING_DIR", str(tmp_path / "landing"))
    folder = tmp_path / "landing" / "incoming"
    folder.mkdir(parents=True)
    return folder


def export(path: Path, content: str = UNIT) -> Path:
    path.write_text(content, encoding="utf-8")
    return path


def lands(world: World, path: Path, **options: object) -> landing.Landed:
    return land_file(
        world.engine, world.folder / "vung", contract_of("don_vi"), path, accept=require_export, **options
    )


def chosen(world: World) -> landing.Landed:
    """What a run takes that was not told which file."""
    area = world.folder / "vung"
    return land_chosen(world.engine, area, contract_of("don_vi"), None, accept=require_export)


# --- what is opened ---------------------------------------------------------------------------


def fifo(path: Path) -> None:
    os.mkfifo(path)


def listening(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as end:
        here = Path.cwd()
        os.chdir(path.parent)  # the path of a socket may have 107 bytes
        end.bind(path.name)
        os.chdir(here)


def device(path: Path) -> None:
    try:
        os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 5))  # as /dev/zero, which has no end
    except PermissionError:
        pytest.skip("only root makes devices")


def hard_link(path: Path) -> None:
    os.link(export(path.parent.parent / "mat.csv"), path)


def link(path: Path) -> None:
    path.symlink_to(export(path.parent.parent / "mat.csv"))


def link_inside(path: Path) -> None:
    path.symlink_to(export(path.parent / "thật.csv"))


def link_to_process(path: Path) -> None:
    path.symlink_to("/proc/self/environ")


@pytest.mark.parametrize(
    "made", [fifo, listening, device, hard_link, link, link_inside, link_to_process, Path.mkdir]
)
def test_what_is_no_file_of_its_own_is_not_opened(province: World, incoming, made):
    made(incoming / "a.csv")
    # What a link inside leads to is a file of its own.
    if made is not link_inside:
        with pytest.raises(BadFile, match=r"no such file for this worker|hard links|[Nn]othing is there"):
            chosen(province)
    # Whatever was looked at before: it is so when the file is opened.
    with pytest.raises(BadFile, match=r"no such file for this worker|hard links"):
        open_regular(incoming / "a.csv")
    assert [*(province.folder / "vung").rglob("*")] == []


def test_the_folder_itself_may_be_a_link(province: World, incoming, tmp_path, monkeypatch):
    (tmp_path / "xuat").symlink_to(incoming)
    monkeypatch.setenv("CCHC_INGEST_DIRS", str(tmp_path / "xuat"))
    path = export(incoming / "a.csv", f"{UNIT}qua liên kết,,\n")
    assert chosen(province).sha256 == sha256_of(path)


@pytest.mark.parametrize(
    "folder", ["/", "/proc", "/proc/self/root", "/dev/shm/..", "/sys/kernel", "xuat", "."]
)
def test_a_folder_that_would_open_all_of_the_worker_is_no_folder_for_exports(monkeypatch, folder):
    monkeypatch.setenv("CCHC_INGEST_DIRS", folder)
    with pytest.raises(
        BadDefinition, match=rf"^CCHC_INGEST_DIRS names {folder}: .*Expected the absolute path"
    ):
        incoming_folders()


def test_a_file_below_a_folder_that_may_only_be_passed_through_is_opened(incoming):
    (inner := incoming / "chỉ qua").mkdir()
    content = export(inner / "a.csv").read_bytes()
    inner.chmod(0o111)
    with os.fdopen(open_regular(inner / "a.csv"), "rb") as file:
        assert file.read() == content


# --- how much is read -------------------------------------------------------------------------


def test_a_file_is_taken_up_to_a_size_and_of_a_larger_one_not_a_byte_is_read(
    province: World, incoming, monkeypatch
):
    monkeypatch.delenv("CCHC_INGEST_MAX_MB", raising=False)
    assert most_bytes() == 2 * GB
    path = export(incoming / "a.csv")
    os.truncate(path, 8 * GB)  # it takes no room on the disk
    monkeypatch.setattr(opened.os, "read", lambda *_: pytest.fail("was read"))
    says = r"a\.csv: 8,192\.0 MB\. Expected at most 2048 MB.*CCHC_INGEST_MAX_MB"
    with pytest.raises(BadFile, match=says):
        chosen(province)
    monkeypatch.setenv("CCHC_INGEST_DIRS", str(incoming / "khac"))
    with pytest.raises(BadFile, match=says), handed_in(path):
        pass
    assert [*province.folder.joinpath("vung").rglob("*")] == []
    assert not (incoming / "khac").exists()
    monkeypatch.setenv("CCHC_INGEST_MAX_MB", "10000")
    assert most_bytes() == 10_000 << 20


@pytest.mark.parametrize("text", ["0", "-1", "2 GB", "1.5", "²"])
def test_a_size_that_is_none_is_said_so(monkeypatch, text):
    monkeypatch.setenv("CCHC_INGEST_MAX_MB", text)
    with pytest.raises(BadDefinition, match=r"CCHC_INGEST_MAX_MB=.* is no size"):
        most_bytes()


@pytest.mark.parametrize("change", ["grows", "shrinks", "is written over"])
def test_a_file_that_is_written_to_while_it_is_read_is_not_kept(
    province: World, incoming, monkeypatch, change
):
    monkeypatch.setattr(opened, "CHUNK_BYTES", 16)
    path = export(incoming / "a.csv", UNIT * 2)
    read, calls = os.read, []

    def reading(handle: int, size: int) -> bytes:
        calls.append(size)
        chunk = read(handle, size)
        if change == "grows":
            with path.open("a") as file:
                file.write("x" * 1000)
        elif len(calls) == 1:
            if change == "shrinks":
                os.truncate(path, 20)
            else:
                path.write_text("y" * path.stat().st_size, "utf-8")
                os.utime(path, (1, 1))
        return chunk

    monkeypatch.setattr(opened.os, "read", reading)
    before = province.rows("SELECT count(*) FROM ops.batch")
    with pytest.raises(BadFile, match=r"a\.csv: was written to while it was read\. Nothing of it was kept"):
        lands(province, path)
    assert sum(calls) <= len((UNIT * 2).encode()) + 16
    assert [*province.folder.joinpath("vung").rglob("*")] == []
    assert province.rows("SELECT count(*) FROM ops.batch") == before


def test_of_a_file_that_says_it_is_empty_nothing_is_read():
    """As those of /proc, some of which have no end or make their reader wait."""
    handle = os.open("/proc/self/environ", os.O_RDONLY)
    try:
        assert [*read_whole(handle, Path("a"), GB)] == []
    finally:
        os.close(handle)


# --- who may read it then ---------------------------------------------------------------------


def test_what_only_looks_like_a_suffix_does_not_end_the_name_of_the_landed_file(province: World, tmp_path):
    # With 64 letters more the file system would refuse the name.
    landed = lands(province, export(tmp_path / f"a.{'x' * 240}", f"{UNIT}x,,\n"))
    assert landed.path.name == landed.sha256


def test_landed_files_and_their_folders_are_for_their_user_only(world: World, tmp_path):
    # As an earlier version, or whoever made the folder, left it.
    (area := world.folder / "vung" / "con").mkdir(parents=True)
    area.chmod(0o755)
    (area / "don_vi").mkdir()
    first = land_file(world.engine, area, contract_of("don_vi"), export(tmp_path / "a.csv"))
    rows = {2: {"ma_don_vi": "x"}}
    second = land_reference(world.engine, area, contract_of("ho_so"), "b", rows, datetime(2025, 1, 1))
    for landed in (first, second):
        assert stat.S_IMODE(landed.path.stat().st_mode) == 0o400
        for folder in (landed.path.parent, landed.path.parent.parent, area):
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    # The same bytes again, which take the place of what is there.
    assert land_file(world.engine, area, contract_of("don_vi"), tmp_path / "a.csv").batch_id == first.batch_id
    assert stat.S_IMODE(first.path.stat().st_mode) == 0o400


@pytest.mark.parametrize(
    ("name", "kept_as", "suffix"),
    [
        ("a.CSV", "a.CSV", ".csv"),
        ("a.c\x1b[2Jv", "tệp {sha}", ""),
        ("a\nb.csv", "tệp {sha} .csv", ".csv"),
        ("hồ sơ. xlsx moi", "tệp {sha}", ""),
    ],
)
def test_the_name_of_a_file_is_kept_in_one_harmless_line(province: World, tmp_path, name, kept_as, suffix):
    # Its own bytes: the same ones would be the batch of another name.
    landed = lands(province, export(tmp_path / name, f"{UNIT}{len(kept_as)}{suffix},,\n"))
    kept = province.rows("SELECT original_name FROM ops.batch WHERE batch_id = :b", b=landed.batch_id)
    assert kept == [(kept_as.format(sha=landed.sha256[:8]),)]
    assert landed.path.name == f"{landed.sha256}{suffix}"
