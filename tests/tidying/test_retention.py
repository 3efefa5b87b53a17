"""Landed files are deleted when their time is over; what cannot be rebuilt is said, and it is no damage."""

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from cchc.batches import batch_of
from cchc.commands.verify import checks
from cchc.contracts import contract_of, contracts
from cchc.errors import BatchStopped, CchcError, DamagedFile, DeletedFile
from cchc.judging.validation import validate
from cchc.loading.load import load
from cchc.sources.landed_file import check_landed
from cchc.tidying import retention
from cchc.tidying.retention import Deletion, delete_landed
from cchc.warehouse import take_turn
from tests.world import World

DAYS = contract_of("ho_so").keep_landed_days
FILES = "every landed file is there, byte for byte"
KEPT = "every landed file is kept, none was deleted on purpose"


def path_of(world: World, batch_id: int) -> Path:
    with world.engine.connect() as connection:
        return batch_of(connection, batch_id).landed_path


def aged(world: World, batch_id: int, days: float, change: str = "") -> Path:
    """As if the batch had been landed, judged and loaded so many days ago."""
    with world.engine.begin() as connection:
        connection.execute(
            sa.text(
                "UPDATE ops.batch SET landed_at = :then, validated_at = :then, "
                "loaded_at = CASE WHEN loaded_at IS NOT NULL THEN CAST(:then AS timestamptz) END "
                f"{change} WHERE batch_id = :b"
            ),
            {"then": datetime.now(UTC) - timedelta(days=days), "b": batch_id},
        )
    path = path_of(world, batch_id)
    moment = time.time() - days * 24 * 3600
    if path.exists():
        os.utime(path, (moment, moment))
    return path


def delete(world: World) -> Deletion:
    return delete_landed(world.engine, world.folder / "landing")


def finding(world: World, what: str):
    [found] = [each for each in checks(world.engine) if each.what == what]
    # Units and procedures that tests share have their files elsewhere.
    return [words for words in found.found if "(ho_so" in words], found.failed


def test_a_file_is_deleted_after_its_time_and_not_before(province: World):
    young, old = province.add({}).batch_id, province.add({}, {}, {"ma_ho_so": ""}, *[{}] * 40).batch_id
    kept, gone = aged(province, young, DAYS - 1), aged(province, old, DAYS + 1)
    size = gone.stat().st_size
    assert delete(province) == Deletion(1, size)
    assert kept.exists() and not gone.exists()
    assert province.rows(
        "SELECT d.batch_id, d.sha256 = b.sha256, d.size_bytes, d.kept_days, d.lost, "
        "d.deleted_at = b.file_deleted_at "
        "FROM ops.deleted_file AS d INNER JOIN ops.batch AS b ON d.batch_id = b.batch_id"
    ) == [
        (
            old,
            True,
            size,
            400,
            # One of 43 has no code, one is known already from the first file.
            "The 41 lines that were loaded stand in core only: this batch cannot be judged or loaded again; "
            "the 1 lines that newer ones took the place of are gone; of the 1 rejected lines only what "
            "ops.reject holds is left.",
            True,
        )
    ]
    assert delete(province) == Deletion(0, 0)


def test_what_was_deleted_on_purpose_is_no_damage_and_what_is_missing_is(province: World):
    deleted, missing = province.add({}).batch_id, province.add({}, {}).batch_id
    aged(province, deleted, DAYS + 1)
    delete(province)
    path_of(province, missing).unlink()
    [words], failed = finding(province, FILES)
    assert failed and words.startswith(f"batch {missing} (ho_so, loaded): ") and "cannot be read" in words
    [words], failed = finding(province, KEPT)
    assert not failed and words.startswith(f"batch {deleted} (ho_so): deleted on 20")
    # A missing file is not taken for one that was deleted.
    aged(province, missing, DAYS + 1)
    assert delete(province) == Deletion(0, 0)
    # Of one that is noted as deleted and still there verify says so.
    path_of(province, deleted).write_text("a")
    [words, _], failed = finding(province, FILES)
    assert failed and "though noted as deleted" in words


def test_a_batch_whose_file_is_gone_cannot_be_judged_again_and_says_so(province: World):
    source = province.dossiers(*[{}] * 19, {"ma_ho_so": ""})
    batch_id = province.ingest("ho_so", source, "2025-05-10")[0].batch_id
    aged(province, batch_id, DAYS + 1)
    delete(province)
    # Nothing would be found anew: nothing is read.
    assert validate(province.engine, batch_id).status == "loaded"
    with province.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE ops.batch SET loaded_at = now() WHERE dataset = 'tthc'")
    with pytest.raises(DeletedFile, match="its landed file was deleted on 20") as told:
        validate(province.engine, batch_id)
    words = str(told.value)
    assert "It cannot be judged again; what was loaded of it stays loaded. Give the same file again" in words
    with province.engine.connect() as connection, pytest.raises(DeletedFile):
        check_landed(batch_of(connection, batch_id))
    assert province.rows("SELECT status, judgement FROM ops.batch WHERE batch_id = :b", b=batch_id) == [
        ("loaded", "passed")
    ]
    # The same bytes again: they are kept again, and judged.
    assert province.land("ho_so", source, "2025-05-10") == batch_id
    assert validate(province.engine, batch_id).judgement == "passed"
    assert load(province.engine, batch_id)[0].settled
    assert finding(province, KEPT) == ([], False)
    assert delete(province) == Deletion(0, 0)
    assert province.rows("SELECT count(*) FROM ops.deleted_file") == [(1,)]


def landed(world: World) -> int:
    return world.land("ho_so", world.dossiers({}, {}), at="2025-05-10")


def judged(world: World) -> int:
    batch_id = landed(world)
    validate(world.engine, batch_id)
    return batch_id


def stopped(world: World) -> int:
    batch_id = world.land("ho_so", world.dossiers({}, {"ma_ho_so": ""}), at="2025-05-10")
    with pytest.raises(BatchStopped):
        validate(world.engine, batch_id)
    return batch_id


def loaded(world: World) -> int:
    return world.add({}).batch_id


@pytest.mark.parametrize(
    ("make", "change"),
    [
        (landed, ""),
        (judged, ""),
        (stopped, ""),
        pytest.param(loaded, ", judged_again = '{}'", id="waits to be loaded anew"),
        pytest.param(loaded, ", judgement = 'stopped'", id="judged again: stopped"),
        pytest.param(loaded, ", judgement = NULL", id="being judged"),
    ],
)
def test_the_file_of_a_batch_that_is_not_loaded_or_waits_is_never_deleted(province: World, make, change: str):
    path = aged(province, make(province), 9999, change)
    assert delete(province) == Deletion(0, 0)
    assert path.exists()


def test_a_file_that_a_run_is_working_on_is_left(province: World):
    batch_id = loaded(province)
    path = aged(province, batch_id, DAYS + 1)
    with province.engine.begin() as run:
        take_turn(run, f"batch:{batch_id}")
        assert delete(province) == Deletion(0, 0)
    assert path.exists()
    assert delete(province).files == 1


def test_a_file_that_has_just_come_again_is_left(province: World):
    source = province.dossiers({})
    batch_id = province.ingest("ho_so", source, "2025-05-10")[0].batch_id
    path = aged(province, batch_id, DAYS + 1)
    province.land("ho_so", source, "2025-05-10")
    assert delete(province) == Deletion(0, 0)
    assert path.exists()


def test_bytes_that_come_again_while_they_are_deleted_stay(province: World, monkeypatch):
    source = province.dossiers({})
    batch_id = province.ingest("ho_so", source, "2025-05-10")[0].batch_id
    path = aged(province, batch_id, DAYS + 1)
    delete_one = retention._delete

    def come_again(*given):
        province.land("ho_so", source, "2025-05-10")
        delete_one(*given)

    monkeypatch.setattr(retention, "_delete", come_again)
    delete(province)
    assert path.read_bytes() == source.read_bytes()
    with province.engine.connect() as connection:
        check_landed(batch_of(connection, batch_id))


def test_a_run_that_was_killed_before_the_file_was_gone_is_made_good(province: World, monkeypatch):
    batch_id = loaded(province)
    path = aged(province, batch_id, DAYS + 1)

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(retention, "_delete", killed)
        with pytest.raises(KeyboardInterrupt):
            delete(province)
    assert path.exists()
    delete(province)
    assert not path.exists()
    assert province.rows("SELECT count(*) FROM ops.deleted_file WHERE batch_id = :b", b=batch_id) == [(1,)]


def test_a_file_outside_of_the_landing_area_is_left_and_told_and_the_others_are_deleted(province: World):
    outside, inside = loaded(province), province.add({}, {}).batch_id
    path = aged(province, outside, DAYS + 1)
    elsewhere = path.rename(province.folder / path.name)
    with province.engine.begin() as connection:
        connection.execute(
            sa.text("UPDATE ops.batch SET landed_path = :p WHERE batch_id = :b"),
            {"p": str(elsewhere), "b": outside},
        )
    gone = aged(province, inside, DAYS + 1)
    words = rf"1 landed files are kept longer .* as that of batch {outside} \(ho_so"
    with pytest.raises(CchcError, match=words) as told:
        delete(province)
    assert not isinstance(told.value, DamagedFile)
    assert elsewhere.exists() and not gone.exists()


def test_each_dataset_says_how_long_or_two_years():
    assert {name: contract.keep_landed_days for name, contract in contracts().items()} == {
        "don_vi": 3650, "tthc": 3650, "ho_so": 400, "danh_gia": 400, "qua_trinh": 730, "van_ban": 730,
        "ho_so_cong_viec": 730, "khai_bao": 730,
    }  # fmt: skip


def copies(world: World, sha256: str) -> list[str]:
    return sorted(path.name[64:] for path in (world.folder / "landing").rglob(f"{sha256}*"))


def test_the_same_bytes_under_another_suffix_are_one_file_and_are_deleted_with_it(province: World):
    source = province.dossiers({}, {}, {})
    batch_id = province.ingest("ho_so", source, "2025-05-10")[0].batch_id
    (other := province.folder / "tep.txt").write_bytes(source.read_bytes())
    assert province.land("ho_so", other, "2025-05-10") == batch_id
    path = path_of(province, batch_id)
    assert copies(province, path.stem) == [".csv"] and path.exists()
    aged(province, batch_id, DAYS + 1)
    delete(province)
    assert copies(province, path.stem) == []


def test_a_file_that_was_deleted_and_is_given_again_is_kept_as_long_as_a_new_one(province: World):
    source = province.dossiers({}, {}, {}, {})
    batch_id = province.ingest("ho_so", source, "2025-05-10")[0].batch_id
    aged(province, batch_id, DAYS + 1)
    delete(province)
    province.ingest("ho_so", source, "2025-05-10")
    path = path_of(province, batch_id)
    yesterday = time.time() - 2 * 24 * 3600
    os.utime(path, (yesterday, yesterday))
    assert delete(province) == Deletion(0, 0)
    assert path.exists()
    # Bytes that were there all the time do not begin anew.
    aged(province, batch_id, DAYS + 1)
    province.land("ho_so", source, "2025-05-10")
    os.utime(path, (yesterday, yesterday))
    assert delete(province).files == 1
