"""The drop folder for declaration forms: what is taken, what is left, and what its unit hears of."""

import os
import time
from pathlib import Path

import pytest

from cchc.contracts import contract_of
from cchc.declarations.drop_folder import DATASET, tell_rejected, waiting_forms
from cchc.errors import BadDefinition, BadFile, LinesRejected
from cchc.judging.validation import validate
from cchc.loading.load import load
from cchc.loading.organisation import load_organisation
from cchc.periods import Month
from cchc.registers.working_calendar import sync_calendar
from cchc.sources.landing import land_file
from tests.declarations.test_declarations import COLUMNS, PART, WHOLE, line
from tests.world import SO, XA, World
from tools.declarations import WITH_FORM, values_of, write_declarations
from tools.simulation.geography import units

OLD = time.time() - 3600
# An item that stands alone.
OUTSIDE = "ho_so_ngoai_he_thong"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "forms"
    path.mkdir()
    return path


def put(world: World, folder: Path, name: str, *lines: dict, changed: float = OLD) -> Path:
    """A table of declarations in the folder, last changed at that moment."""
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(world.csv(list(lines), COLUMNS).read_bytes())
    os.utime(path, (changed, changed))
    return path


def take(world: World, path: str) -> int:
    """Lands, judges and loads one form as the DAG does; returns its batch."""
    landed = land_file(world.engine, world.folder / "landing", contract_of(DATASET), Path(path))
    validate(world.engine, landed.batch_id)
    load(world.engine, landed.batch_id)
    return landed.batch_id


def test_forms_are_taken_once_the_oldest_first_by_their_content(province: World, folder: Path):
    second = put(province, folder, "b.csv", line(OUTSIDE, 7, XA), changed=OLD + 60)
    first = put(province, folder, "huyện/a.csv", line(OUTSIDE, 5))
    put(province, folder, "bản sao.csv", line(OUTSIDE, 5), changed=OLD + 90)
    assert waiting_forms(province.engine, folder) == [str(first), str(second)]
    for path in waiting_forms(province.engine, folder):
        take(province, path)
    # The copy has the same bytes; the files are still there.
    assert waiting_forms(province.engine, folder) == []
    assert len(list(folder.rglob("*.csv"))) == 3
    corrected = put(province, folder, "b.csv", line(OUTSIDE, 8, XA, at="2025-04-03 08:00:00"))
    assert waiting_forms(province.engine, folder) == [str(corrected)]


def test_what_is_not_finished_or_no_form_is_left(province: World, folder: Path):
    put(province, folder, "vừa lưu.csv", line(OUTSIDE, 5), changed=time.time() - 5)
    put(province, folder, "~$phieu.xlsx", line(OUTSIDE, 5))
    put(province, folder, ".an.csv", line(OUTSIDE, 5))
    put(province, folder, ".trash/a.csv", line(OUTSIDE, 5))
    put(province, folder, "đang chép.xlsx.part", line(OUTSIDE, 5))
    (folder / "lien_ket.csv").symlink_to(put(province, folder.parent / "ngoai", "a.csv", line(OUTSIDE, 5)))
    assert waiting_forms(province.engine, folder) == []
    # A clock that is ahead does not hide a form for ever.
    ahead = put(province, folder, "mai.csv", line(OUTSIDE, 5), changed=time.time() + 86_400)
    assert waiting_forms(province.engine, folder) == [str(ahead)]


def test_a_folder_that_is_not_there_is_said_so(province: World, folder: Path):
    with pytest.raises(BadDefinition, match=r"CCHC_FORM_DIR=.*khong_co: no such folder"):
        waiting_forms(province.engine, folder / "khong_co")


def test_a_stopped_form_is_reported_once_and_tried_again_when_asked(province: World, folder: Path):
    path = put(province, folder, "a.csv", line(OUTSIDE, 5))
    path.write_text("tên,điểm\nmột,2\n", encoding="utf-8")
    os.utime(path, (OLD, OLD))
    with pytest.raises(BadFile, match=r"a\.csv"):
        take(province, str(path))
    assert waiting_forms(province.engine, folder) == []
    assert waiting_forms(province.engine, folder, again=True) == [str(path)]


def test_rejected_lines_are_told_with_their_item_and_no_value(province: World, folder: Path):
    # Line 1 is the header; the part is greater than the whole, so both are refused.
    path = put(province, folder, "a.csv", line("iso_dien_tu", 1), line(WHOLE, 5), line(PART, 6))
    batch_id = take(province, str(path))
    with pytest.raises(LinesRejected) as told:
        tell_rejected(province.engine, batch_id)
    assert f"2 of 3 lines were not loaded, the others were. line 3 ({WHOLE})" in str(told.value)
    assert f"line 4 ({PART})" in str(told.value)
    assert province.rows("SELECT ma_so_lieu, gia_tri FROM mart.khai_bao") == [("iso_dien_tu", 1)]
    good = take(province, str(put(province, folder, "b.csv", line(OUTSIDE, 5))))
    tell_rejected(province.engine, good)


def test_a_form_of_an_unknown_unit_waits_for_it(world: World, folder: Path):
    world.dimensions()
    new = "000.00.77.H59"
    path = put(world, folder, "a.csv", line(OUTSIDE, 5, new), line(OUTSIDE, 5))
    take(world, str(path))
    assert waiting_forms(world.engine, folder) == []
    unit = {"ma_don_vi": new, "ten_don_vi": "Sở Mới Lập", "cap": "so_nganh"}
    world.ingest("don_vi", world.csv([unit], list(unit)), at="2024-06-01")
    assert waiting_forms(world.engine, folder) == [str(path)]
    take(world, str(path))
    assert sorted(world.rows("SELECT ma_don_vi FROM mart.khai_bao")) == [(SO,), (new,)]
    assert waiting_forms(world.engine, folder) == []


@pytest.mark.long
def test_made_up_declarations_are_good_and_the_same_each_time(make_world, folder: Path):
    """The demo's table and forms: nothing is rejected, forms supersede the table, again adds nothing."""
    world: World = make_world()
    sync_calendar(world.engine)
    load_organisation(world.engine, world.folder / "landing")
    for _ in range(2):
        write_declarations(world.engine, folder, ["2025-01", "2025-02"])
        for path in waiting_forms(world.engine, folder):
            take(world, path)
    assert len(list(folder.iterdir())) == 1 + len(WITH_FORM)
    assert world.rows(
        "SELECT count(*), sum(lines_rejected), bool_and(status = 'loaded') FROM ops.batch "
        "WHERE dataset = 'khai_bao'"
    ) == [(1 + len(WITH_FORM), 0, True)]
    (unit,) = [unit for unit in units() if unit.key == WITH_FORM[0]]
    by_form = values_of(unit, Month(2025, 1), seed=2026)
    held = dict(
        world.rows(
            "SELECT ma_so_lieu, gia_tri FROM mart.khai_bao WHERE ma_don_vi = :u AND ky = '2025-01' "
            "AND is_current",
            u=unit.key,
        )
    )
    assert by_form
    assert by_form.items() <= held.items()
