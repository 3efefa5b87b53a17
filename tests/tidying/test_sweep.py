"""What killed processes left is swept a day later, is written down, and what a live run uses stays."""

import os
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cchc.judging import validation
from cchc.judging.validation import validate
from cchc.loading.load import load
from cchc.sources.incoming import handed_in
from cchc.tidying.sweep import sweep, sweep_staging
from cchc.warehouse import take_turn
from tests.world import World

NONE = {"landing_file": 0, "handed_in": 0, "temporary": 0, "staging": 0}


def aged(*paths: Path) -> None:
    """As if nobody had touched them for 25 hours."""
    yesterday = time.time() - 25 * 3600
    for path in paths:
        os.utime(path, (yesterday, yesterday), follow_symlinks=False)


def aged_batch(world: World, batch_id: int, change: str = "") -> None:
    with world.engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE ops.batch SET landed_at = now() - interval '25 hours', "
            f"validated_at = now() - interval '25 hours' {change} WHERE batch_id = {batch_id}"
        )


def staging(world: World) -> set[str]:
    return {
        name
        for (name,) in world.rows("SELECT relname FROM pg_class WHERE relnamespace = 'staging'::regnamespace")
    }


@pytest.fixture
def area(province: World, monkeypatch) -> Iterator[Path]:
    """The landing area, with a folder for temporary files of the test's own."""
    area = province.folder / "landing"
    (area / "incoming").mkdir(parents=True)
    (temporary := province.folder / "tam").mkdir()
    monkeypatch.delenv("CCHC_INGEST_DIRS", raising=False)
    monkeypatch.setenv("CCHC_LANDING_DIR", str(area))
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    with province.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM ops.sweep")
    return area


def test_files_half_written_are_swept_a_day_later_and_nothing_else(province: World, area: Path):
    old, new, other = area / ".landing-cu", area / ".landing-moi", area / "landing-cu"
    (inside := area / "ho_so").mkdir()
    for path in (old, new, other, kept := inside / ".landing-cu"):
        path.write_bytes(b"a" * 5000)
    (folder := area / ".landing-thu-muc").mkdir()
    (link := area / ".landing-lien-ket").symlink_to(other)
    aged(old, other, kept, folder, link)
    assert sweep(province.engine, area) == NONE | {"landing_file": 1}
    assert not old.exists()
    assert all(path.exists() for path in (new, other, kept, folder, link))
    # 5000 bytes are two blocks of 4096.
    assert province.rows("SELECT what, how_many, bytes, names FROM ops.sweep ORDER BY sweep_id") == [
        ("landing_file", 1, 8192, [".landing-cu"]), ("handed_in", 0, 0, []), ("temporary", 0, 0, []),
        ("staging", 0, 0, []),
    ]  # fmt: skip
    # Every sweep is told, also of nothing.
    assert sweep(province.engine, area) == NONE
    assert province.rows("SELECT count(*), count(DISTINCT swept_at::date) FROM ops.sweep") == [(8, 1)]


def test_copies_of_files_by_hand_are_swept_and_what_people_put_there_is_not(province: World, area: Path):
    incoming = area / "incoming"
    source = province.dossiers({})
    with handed_in(source):
        [in_use] = incoming.iterdir()
        (old := incoming / "handed-in-cu").mkdir()
        (old / "a.csv").write_bytes(b"a" * 5000)
        (by_hand := incoming / "thang 3").mkdir()
        (by_hand / "b.csv").write_text("b")
        (link := incoming / "handed-in-lien-ket").symlink_to(province.folder)
        aged(old, by_hand, link)
        assert sweep(province.engine, area) == NONE | {"handed_in": 1}
        assert {*incoming.iterdir()} == {in_use, by_hand, link}
        assert (in_use / source.name).exists()
    [(how_many, size, names)] = province.rows(
        "SELECT how_many, bytes, names FROM ops.sweep WHERE what = 'handed_in'"
    )
    assert (how_many, names) == (1, ["handed-in-cu"]) and size >= 8192


def test_folders_of_judges_that_were_killed_are_swept(province: World, area: Path):
    temporary = Path(tempfile.gettempdir())
    for name in ("cchc-judge-cu", "cchc-judge-moi", "cua-nguoi-khac"):
        (temporary / name).mkdir()
    aged(temporary / "cchc-judge-cu", temporary / "cua-nguoi-khac")
    assert sweep(province.engine, area) == NONE | {"temporary": 1}
    assert {path.name for path in temporary.iterdir()} == {"cchc-judge-moi", "cua-nguoi-khac"}


def staged(world: World) -> int:
    batch_id = world.land("ho_so", world.dossiers(*[{}] * 3), at="2025-05-10")
    validate(world.engine, batch_id)
    return batch_id


def test_staging_of_a_batch_that_was_never_loaded_is_swept(province: World, area: Path):
    batch_id = staged(province)
    tables = {name for name in staging(province) if name.startswith(f"ho_so__{batch_id}")}
    assert tables == {f"ho_so__{batch_id}", f"ho_so__{batch_id}__repeated", f"ho_so__{batch_id}__look_up"}
    # Judged an hour ago: its load may be about to begin.
    assert sweep(province.engine, area)["staging"] == 0
    assert staging(province) >= tables
    aged_batch(province, batch_id)
    size = province.rows(
        "SELECT sum(pg_total_relation_size(oid))::bigint FROM pg_class "
        "WHERE relkind = 'r' AND relname LIKE :n",
        n=f"ho_so\\_\\_{batch_id}%",
    )
    assert sweep(province.engine, area)["staging"] == 2
    assert not tables & staging(province)
    names = sorted(tables - {f"ho_so__{batch_id}__look_up"})
    assert province.rows("SELECT bytes, names FROM ops.sweep WHERE how_many > 0") == [(*size[0], names)]
    assert load(province.engine, batch_id)[0].lines_accepted == 3


@pytest.mark.parametrize(
    "left",
    [
        "DELETE FROM ops.batch",
        "UPDATE ops.batch SET status = 'stopped', judgement = 'stopped'",
    ],
)
def test_staging_that_nothing_will_load_is_swept_at_once(province: World, left: str):
    batch_id = staged(province)
    with province.engine.begin() as connection:
        connection.exec_driver_sql(f"{left} WHERE batch_id = {batch_id}")
    assert {each.name for each in sweep_staging(province.engine)} >= {f"ho_so__{batch_id}"}


def test_staging_of_a_batch_that_a_run_is_working_on_is_left(province: World):
    batch_id = staged(province)
    aged_batch(province, batch_id)
    with province.engine.begin() as run:
        take_turn(run, f"batch:{batch_id}")
        assert sweep_staging(province.engine) == []
        assert f"ho_so__{batch_id}" in staging(province)


def test_a_sweep_in_the_middle_of_judging_disturbs_nobody(province: World, monkeypatch):
    """A batch of yesterday that is judged now, by another session."""
    batch_id = province.land("ho_so", province.dossiers(*[{}] * 3), at="2025-05-10")
    aged_batch(province, batch_id)
    judged, swept = validation._judge, []

    def meanwhile(*given):
        other = threading.Thread(target=lambda: swept.append(sweep_staging(province.engine)))
        other.start()
        other.join()
        return judged(*given)

    monkeypatch.setattr(validation, "_judge", meanwhile)
    validate(province.engine, batch_id)
    assert swept == [[]]
    assert load(province.engine, batch_id)[0].lines_accepted == 3


def test_other_tables_in_staging_are_nobody_s_leftover(province: World):
    with province.engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE staging.cua_ai_do (x int)")
    assert sweep_staging(province.engine) == []
    assert "cua_ai_do" in staging(province)
