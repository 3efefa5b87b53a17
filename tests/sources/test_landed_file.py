"""A landed file that was cut, changed or taken away is noticed, replaced by the same bytes, judged again."""

import errno
import os
import resource
import stat
import time
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from cchc.batches import batch_of
from cchc.contracts import contract_of
from cchc.declarations.drop_folder import waiting_forms
from cchc.errors import BadFile, BatchStopped, DamagedFile, LandingUnavailable
from cchc.judging import validation
from cchc.judging.validation import validate
from cchc.loading.load import load
from cchc.sources import landing
from cchc.sources.landed_file import check_landed
from cchc.sources.landing import land_api, land_file
from tests.sources.lying_source import UNTIL, lying
from tests.world import World


def cut(path: Path) -> None:
    """To its first half, and not within a line: what is left is a whole export of fewer dossiers."""
    lines = path.read_bytes().splitlines(keepends=True)
    path.chmod(0o644)
    path.write_bytes(b"".join(lines[: len(lines) // 2]))


def change(path: Path) -> None:
    """One dossier's number, so that size and lines stay."""
    path.chmod(0o644)
    content = path.read_bytes()
    path.write_bytes(content.replace(b"000.00.01.H59", b"000.00.42.H59", 1))
    assert path.stat().st_size == len(content)


def link(path: Path) -> None:
    other = path.rename(path.with_name("khac.csv"))
    path.symlink_to(other)


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def test_only_the_worker_reads_what_was_landed_and_nobody_writes_it(province: World):
    batch_id = province.land("ho_so", province.dossiers({}), at="2025-04-01")
    [(landed,)] = province.rows("SELECT landed_path FROM ops.batch WHERE batch_id = :b", b=batch_id)
    file = Path(landed)
    landing_dir = province.folder / "landing"
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in (file, *file.parents)}
    assert modes[file] == 0o400
    assert [modes[folder] for folder in file.parents if folder.is_relative_to(landing_dir)] == [0o700] * 3


DAMAGES = {
    cut: r"has \d+ bytes, \d+ were landed",
    change: r"has other bytes than were landed \(SHA-256 [0-9a-f]{64}, expected [0-9a-f]{64}\)",
    link: "is a link now",
    pipe: "is no regular file now",
    Path.unlink: "cannot be read \\(No such file or directory\\)",
}


def landed_path(world: World, batch_id: int) -> Path:
    with world.engine.connect() as connection:
        return batch_of(connection, batch_id).landed_path


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_a_damaged_file_is_refused_and_the_same_bytes_given_again_are_loaded(province: World, damage):
    source = province.dossiers(*[{}] * 10)
    batch_id = province.land("ho_so", source, at="2025-05-10")
    damage(landed_path(province, batch_id))
    with pytest.raises(DamagedFile, match=DAMAGES[damage]) as told:
        validate(province.engine, batch_id)
    words = str(told.value)
    assert words.startswith(f"batch {batch_id} (ho_so, {source.name}): the landed file ")
    assert "Give the same file again (python -m cchc ingest ho_so FILE" in words
    assert len(words.splitlines()) == 1
    # It is told on the batch, which is not stopped.
    assert province.rows("SELECT status, stop_reason FROM ops.batch WHERE batch_id = :b", b=batch_id) == [
        ("landed", words)
    ]
    assert province.rows("SELECT count(*) FROM core.ho_so") == [(0,)]
    # Loading alone does not take it either.
    with pytest.raises(DamagedFile):
        load(province.engine, batch_id)

    assert province.land("ho_so", source, at="2025-05-10") == batch_id
    path = landed_path(province, batch_id)
    assert not path.is_symlink()
    assert path.read_bytes() == source.read_bytes()
    assert province.rows("SELECT status, stop_reason FROM ops.batch WHERE batch_id = :b", b=batch_id) == [
        ("landed", None)
    ]
    validate(province.engine, batch_id)
    batch, _ = load(province.engine, batch_id)
    assert (batch.status, batch.lines_read, batch.lines_accepted) == ("loaded", 10, 10)


def test_a_folder_in_the_file_s_place_is_told_and_not_taken_away(province: World):
    source = province.dossiers({})
    batch_id = province.land("ho_so", source, at="2025-05-10")
    folder(landed_path(province, batch_id))
    with pytest.raises(DamagedFile, match="is no regular file now"):
        validate(province.engine, batch_id)
    with pytest.raises(BadFile, match="a folder stands where the landed file belongs"):
        province.land("ho_so", source, at="2025-05-10")
    landed_path(province, batch_id).rmdir()
    assert province.ingest("ho_so", source, at="2025-05-10")[0].lines_accepted == 1
    assert [*(province.folder / "landing").glob(".landing-*")] == []


def test_a_file_judged_before_and_damaged_since_waits_for_the_whole_one(province: World):
    """The lines in staging are lost in a crash of the server, and the file was cut meanwhile."""
    source = province.dossiers(*[{}] * 6)
    batch_id = province.land("ho_so", source, at="2025-05-10")
    validate(province.engine, batch_id)
    with province.engine.begin() as connection:
        connection.exec_driver_sql(f"TRUNCATE staging.ho_so__{batch_id}")
    cut(landed_path(province, batch_id))
    with pytest.raises(DamagedFile):
        load(province.engine, batch_id)
    assert province.rows("SELECT status FROM ops.batch WHERE batch_id = :b", b=batch_id) == [("landed",)]
    assert province.ingest("ho_so", source, at="2025-05-10")[0].lines_accepted == 6


def test_a_loaded_batch_stays_loaded_when_it_cannot_be_judged_again(world: World):
    """A new unit would let a rejected line in, but the file is gone: figures and watermark do not move."""
    world.dimensions()
    source = world.dossiers(*[{}] * 40, {"don_vi_xu_ly": "000.00.77.H59", "noi_nop_ho_so": "1"})
    batch, _ = world.ingest("ho_so", source, at="2025-05-10")
    assert (batch.lines_accepted, batch.lines_rejected) == (40, 1)
    cut(batch.landed_path)
    new = {"ma_don_vi": "000.00.77.H59", "ten_don_vi": "Sở Bảy mươi bảy", "cap": "so_nganh"}
    world.ingest("don_vi", world.csv([new]), at="2025-05-11")
    before = world.content("core.ho_so")
    with pytest.raises(DamagedFile):
        validate(world.engine, batch.batch_id)
    again = world.rows("SELECT status, stop_reason FROM ops.batch WHERE batch_id = :b", b=batch.batch_id)
    assert again == [("loaded", None)]
    assert world.content("core.ho_so") == before
    healed, _ = world.ingest("ho_so", source, at="2025-05-10")
    assert (healed.batch_id, healed.lines_accepted, healed.lines_rejected) == (batch.batch_id, 41, 0)
    assert world.rows("SELECT count(*) FROM core.ho_so") == [(41,)]


def test_a_batch_stopped_for_its_content_keeps_its_reason(province: World):
    source = province.dossiers({"ma_ho_so": ""}, {})
    batch_id = province.land("ho_so", source, at="2025-05-10")
    with pytest.raises(BatchStopped) as stopped:
        validate(province.engine, batch_id)
    cut(landed_path(province, batch_id))
    with pytest.raises(DamagedFile):
        validate(province.engine, batch_id)
    province.land("ho_so", source, at="2025-05-10")
    assert province.rows("SELECT status, stop_reason FROM ops.batch WHERE batch_id = :b", b=batch_id) == [
        ("stopped", str(stopped.value))
    ]


def test_a_damaged_form_is_found_in_the_drop_folder_again(province: World):
    """A stopped one is not tried again by itself, and nobody would hear of the damage twice."""
    drop = province.folder / "phieu"
    drop.mkdir()
    form = drop / "a.csv"
    form.write_text("don_vi,ky,ma_so_lieu,gia_tri\nSở Xây dựng,2025-03,x,1\n", encoding="utf-8")
    os.utime(form, (time.time() - 600,) * 2)
    batch_id = province.land("khai_bao", form)
    cut(landed_path(province, batch_id))
    with pytest.raises(DamagedFile):
        validate(province.engine, batch_id)
    assert waiting_forms(province.engine, drop) == [str(form)]


def test_what_was_pulled_is_replaced_by_pulling_it_again(province: World):
    source = province.dossiers(*[{}] * 4).read_bytes()
    client = SimpleNamespace(suffix=".csv", export=lambda *_, **__: iter([source]))
    where = province.engine, province.folder / "landing", contract_of("ho_so"), client, datetime(2025, 5, 10)
    landed = land_api(*where)
    cut(landed.path)
    with pytest.raises(DamagedFile, match="Have it pulled again \\(clear the task land"):
        validate(province.engine, landed.batch_id)
    again = land_api(*where)
    assert (again.batch_id, again.new) == (landed.batch_id, False)
    validate(province.engine, landed.batch_id)
    assert load(province.engine, landed.batch_id)[0].lines_accepted == 4


@pytest.mark.parametrize("then", [cut, change, Path.unlink, link], ids=lambda then: then.__name__)
@pytest.mark.parametrize("fails", [False, True], ids=["read", "read badly"])
def test_a_file_touched_between_check_and_end_of_reading_is_not_taken(
    province: World, monkeypatch, then, fails
):
    batch_id = province.land("ho_so", province.dossiers(*[{}] * 4), at="2025-05-10")
    reads = validation.stage

    def meanwhile(connection, contract, batch) -> None:
        then(batch.landed_path)
        if fails:
            raise BadFile("line 3 is cut off")
        with suppress(BadFile, OSError):
            reads(connection, contract, batch)

    with monkeypatch.context() as patch:
        patch.setattr(validation, "stage", meanwhile)
        with pytest.raises(DamagedFile):
            validate(province.engine, batch_id)
    assert province.rows("SELECT status FROM ops.batch WHERE batch_id = :b", b=batch_id) == [("landed",)]
    assert province.rows("SELECT to_regclass(:t)", t=f"staging.ho_so__{batch_id}") == [(None,)]


def test_the_same_bytes_given_while_they_are_read_disturb_nobody(province: World, monkeypatch):
    source = province.dossiers(*[{}] * 4)
    batch_id = province.land("ho_so", source, at="2025-05-10")
    reads = validation.stage

    def meanwhile(connection, contract, batch) -> None:
        reads(connection, contract, batch)
        with province.engine.connect():
            # Not registered: its row waits for ours. The file is put in its place before.
            chunks = iter([source.read_bytes()])
            landing._store(province.folder / "landing", "ho_so", chunks, ".csv")

    monkeypatch.setattr(validation, "stage", meanwhile)
    assert validate(province.engine, batch_id).status == "validated"


def test_a_whole_file_is_hashed_once_for_a_validation_and_not_for_its_load(province: World, monkeypatch):
    hashed = []
    from cchc.sources import landed_file  # noqa: PLC0415 - the module whose calls are counted

    digest = landed_file.hashlib.file_digest
    counting = SimpleNamespace(file_digest=lambda file, name: hashed.append(name) or digest(file, name))
    monkeypatch.setattr(landed_file, "hashlib", counting)
    batch_id = province.land("ho_so", province.dossiers(*[{}] * 4), at="2025-05-10")
    validate(province.engine, batch_id)
    load(province.engine, batch_id)
    assert hashed == ["sha256"]


def test_size_of_a_batch_is_that_of_its_bytes(province: World, monkeypatch):
    """Not of what lies there a moment later; and a wrong one is put right."""
    source = province.dossiers({})
    batch_id = province.land("ho_so", source, at="2025-05-10")
    with province.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE ops.batch SET size_bytes = 1 WHERE dataset = 'ho_so'")
    put = landing._put

    def put_and_cut(temporary: Path, target: Path) -> None:
        put(temporary, target)
        cut(target)

    monkeypatch.setattr(landing, "_put", put_and_cut)
    province.land("ho_so", source, at="2025-05-10")
    size = "SELECT size_bytes FROM ops.batch WHERE batch_id = :b"
    assert province.rows(size, b=batch_id) == [(source.stat().st_size,)]
    with province.engine.connect() as connection, pytest.raises(DamagedFile, match="bytes"):
        check_landed(batch_of(connection, batch_id))


def test_name_and_folders_of_a_landed_file_are_on_the_disk_before_its_batch(province: World, monkeypatch):
    done = []
    fsync, replace, register = os.fsync, Path.replace, landing.register_landed

    def synced(handle: int) -> None:
        done.append(Path(f"/proc/self/fd/{handle}").readlink())
        fsync(handle)

    def renamed(self: Path, target: Path) -> Path:
        done.append("renamed")
        return replace(self, target)

    def registered(*given):
        done.append("registered")
        return register(*given)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", renamed)
    monkeypatch.setattr(landing, "register_landed", registered)
    area = province.folder / "moi" / "vung"
    source = province.dossiers({})
    landed = land_file(province.engine, area, contract_of("ho_so"), source, datetime(2025, 5, 10))
    before, after = done[: done.index("renamed")], done[done.index("renamed") : done.index("registered")]
    # The parents of new folders, and the file itself; then the name.
    assert {province.folder, area.parent} <= set(before)
    assert any(str(name).startswith(f"{area}/.landing-") for name in before)
    assert {landed.path.parent, landed.path.parent.parent, area} <= set(after)
    # Also when all folders are there: who made them may have been killed before.
    done.clear()
    land_file(province.engine, area, contract_of("ho_so"), source, datetime(2025, 5, 10))
    assert {landed.path.parent, landed.path.parent.parent, area} <= set(done[done.index("renamed") :])


def test_a_file_system_without_sync_of_folders_is_no_error_and_a_broken_disk_is(province: World, monkeypatch):
    fsync = os.fsync

    def refusing(code: int) -> None:
        def refuse(handle: int) -> None:
            if Path(f"/proc/self/fd/{handle}").readlink().is_dir():
                raise OSError(code, os.strerror(code))
            fsync(handle)

        monkeypatch.setattr(os, "fsync", refuse)

    refusing(errno.EINVAL)
    province.land("ho_so", province.dossiers({}), at="2025-05-10")
    refusing(errno.EIO)
    with pytest.raises(LandingUnavailable, match=r"cannot be written to \(Input/output error\)"):
        province.land("ho_so", province.dossiers({}, {}), at="2025-05-10")


def test_a_landing_area_without_room_is_told_and_tried_again(province: World):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    area = province.folder / "landing"
    with lying("honest") as (client, _):
        resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, before[1]))
        try:
            with pytest.raises(LandingUnavailable, match=r"landing: no room is left\. Nothing .* Make room"):
                land_api(province.engine, area, contract_of("ho_so"), client, UNTIL)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert [path for path in area.rglob("*") if path.is_file()] == []
        assert province.rows("SELECT count(*) FROM ops.batch WHERE dataset = 'ho_so'") == [(0,)]
        assert land_api(province.engine, area, contract_of("ho_so"), client, UNTIL).new
