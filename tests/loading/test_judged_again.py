"""A loaded batch that is judged again: what of it is loaded and how it was last judged are two facts."""

import os
import time
from io import StringIO

import pytest
import sqlalchemy as sa
from rich.console import Console

from cchc.batches import batch_of, dimension_state
from cchc.commands.report import print_batches
from cchc.commands.verify import checks
from cchc.contracts import contract_of
from cchc.declarations.drop_folder import waiting_forms
from cchc.errors import BadFile, BatchStopped, WarehouseRefused
from cchc.judging.validation import validate
from cchc.known_until import data_until
from cchc.loading import load as loading
from cchc.loading.load import load
from tests.torture.states import EXPORTED_AT, KEYS, THINGS, line, lines, rejected
from tests.world import SO, UNITS, World

MOI = "000.00.77.H59"
NAMES = {"ma_don_vi": "MaDonVi", "ten_don_vi": "TenDonVi", "cap": "Cap"}
FACTS = (
    "SELECT status, judgement, lines_read, lines_accepted, lines_rejected, lines_superseded, "
    "judged_again IS NOT NULL FROM ops.batch WHERE batch_id = :b"
)
KEPT = ("ops.reject", "ops.validation_result", "ops.line_finding")


def facts(world: World, batch_id: int) -> tuple:
    return world.rows(FACTS, b=batch_id)[0]


def kept_of(world: World, batch_id: int) -> list[list[tuple]]:
    """What was found of a batch when it was judged."""
    return [
        world.rows(f"SELECT t::text FROM {table} AS t WHERE batch_id = :b ORDER BY 1", b=batch_id)
        for table in KEPT
    ]


def report(world: World) -> str:
    out = StringIO()
    print_batches(world.engine, console=Console(file=out, width=400))
    return out.getvalue()


def broken(world: World) -> list[str]:
    """What `verify` finds, but for months that were not counted yet."""
    found = [str(finding) for finding in checks(world.engine) if finding.failed]
    return [words for words in found if "the figures of every month" not in words]


def units(world: World, *more: dict, **of_so: object) -> None:
    """A newer list of units: that of `world` with others, and with something else about the sở."""
    rows = [{NAMES[name]: value for name, value in unit.items()} for unit in [*UNITS, *more]]
    rows = [
        row | {"HieuLucTu": "20200101", "HieuLucDen": None, "NgayCapNhat": "20250601000000"} for row in rows
    ]
    world.ingest("don_vi", world.json([row | of_so if row["MaDonVi"] == SO else row for row in rows]))


@pytest.mark.long
def test_what_is_loaded_stays_so_when_its_file_comes_again_after_its_unit_ended(world: World):
    world.dimensions()
    # Line 20 has no code: 19 of 20 are loaded, 5 % rejected is not too much.
    path = world.dossiers(*[{}] * 19, {"ma_ho_so": ""})
    batch_id = world.ingest("ho_so", path, "2025-05-10")[0].batch_id
    loaded = ("loaded", "passed", 20, 19, 1, 0, False)
    assert facts(world, batch_id) == loaded
    before, kept = world.content("core.ho_so"), kept_of(world, batch_id)

    units(world, HieuLucDen="20250228")
    with world.engine.connect() as connection:
        state, until = dimension_state(connection), data_until(connection, ["ho_so"])
    assert world.land("ho_so", path, "2025-05-10") == batch_id
    with pytest.raises(BatchStopped) as stopped:
        validate(world.engine, batch_id)
    words = str(stopped.value)
    # All twenty: their unit had ended when they were received.
    assert "was judged again and is stopped. What was loaded of it before stays loaded, as it was." in words
    assert "nothing of it is loaded" not in words
    assert "20 of 20 lines rejected (100.0 %, threshold 5 %)" in words

    assert facts(world, batch_id) == ("loaded", "stopped", *loaded[2:])
    assert world.rows("SELECT stop_reason FROM ops.batch WHERE batch_id = :b", b=batch_id) == [(words,)]
    assert (world.content("core.ho_so"), kept_of(world, batch_id)) == (before, kept)
    assert world.rows("SELECT to_regclass(:t)", t=f"staging.ho_so__{batch_id}") == [(None,)]
    # Every reader says both.
    with world.engine.connect() as connection:
        assert (dimension_state(connection), data_until(connection, ["ho_so"])) == (state, until)
    assert "loaded; judged again: stopped" in report(world)
    assert broken(world) == []
    notes = [str(finding) for finding in checks(world.engine, files=False) if finding.found]
    assert f"batch {batch_id} (ho_so): loaded, judged again: stopped" in " ".join(notes)
    # Once more: judged again, told again, not taken for what was never loaded.
    with pytest.raises(BatchStopped, match="stays loaded"):
        validate(world.engine, batch_id)
    assert load(world.engine, batch_id)[0].status == "loaded"
    # The unit is back: the next judgement passes and is loaded.
    units(world, NgayCapNhat="20250701000000")
    validate(world.engine, batch_id)
    assert load(world.engine, batch_id)[0].settled
    assert facts(world, batch_id)[:3] == ("loaded", "passed", 20)
    assert world.content("core.ho_so") == before


def test_what_waits_to_be_loaded_anew_stays_visible_as_it_is_loaded(world: World, monkeypatch):
    world.dimensions()
    path = world.dossiers(*[{}] * 19, {"don_vi_xu_ly": MOI})
    batch_id = world.ingest("ho_so", path, "2025-05-10")[0].batch_id
    assert facts(world, batch_id) == ("loaded", "passed", 20, 19, 1, 0, False)
    units(world, {"ma_don_vi": MOI, "ten_don_vi": "Sở Mới", "cap": "so_nganh"})
    judged = validate(world.engine, batch_id)
    assert (judged.status, judged.lines_rejected) == ("loaded", 0)
    assert facts(world, batch_id) == ("loaded", "passed", 20, 19, 1, 0, True)
    assert "loaded; to be loaded anew" in report(world)
    assert broken(world) == []
    # Loading it anew fails: it is loaded as before.
    with monkeypatch.context() as patch:
        patch.setattr(loading, "load_sql", lambda *_: "SELECT 1 / 0")
        with pytest.raises(WarehouseRefused):
            load(world.engine, batch_id)
    assert facts(world, batch_id) == ("loaded", "passed", 20, 19, 1, 0, True)
    batch, _ = load(world.engine, batch_id)
    assert batch.settled
    # The nineteen are known already, the last is new.
    assert facts(world, batch_id)[:3] == ("loaded", "passed", 20)
    assert (batch.lines_accepted + batch.lines_superseded, batch.lines_rejected) == (20, 0)
    assert world.rows("SELECT count(*) FROM core.ho_so") == [(20,)]
    assert broken(world) == []


def test_a_loaded_file_that_its_reader_refuses_now_stays_loaded(province: World, monkeypatch):
    batch_id = province.add(*[{}] * 19, {"ma_ho_so": ""}).batch_id
    with province.engine.begin() as connection:
        connection.execute(sa.text("UPDATE ops.batch SET loaded_at = now() WHERE dataset = 'tthc'"))

    def refuses(*_: object) -> None:
        raise BadFile("line 3: a quote is never closed. Nothing was loaded.")

    monkeypatch.setattr("cchc.reading.child.open_export", refuses)
    with pytest.raises(BadFile, match=r"read again and refused: .* before stays loaded"):
        validate(province.engine, batch_id)
    assert facts(province, batch_id) == ("loaded", "stopped", 20, 19, 1, 0, False)


def test_a_form_that_was_stopped_when_it_was_judged_again_is_told_once(province: World):
    drop = province.folder / "phieu"
    drop.mkdir()
    form = drop / "a.csv"
    form.write_text("don_vi,ky,ma_so_lieu,gia_tri,ngay_khai\n", encoding="utf-8")
    os.utime(form, (time.time() - 600,) * 2)
    batch_id = province.land("khai_bao", form)
    with province.engine.begin() as connection:
        connection.execute(
            sa.text(
                "UPDATE ops.batch SET status = 'loaded', judgement = 'stopped', lines_read = 0, "
                "lines_accepted = 0, lines_rejected = 0, lines_superseded = 0 WHERE batch_id = :b"
            ),
            {"b": batch_id},
        )
    assert waiting_forms(province.engine, drop) == []
    assert waiting_forms(province.engine, drop, again=True) == [str(form)]


def test_what_was_found_again_is_read_as_the_row_itself_is(province: World):
    batch_id = province.add({}).batch_id
    with province.engine.begin() as connection:
        connection.execute(
            sa.text("UPDATE ops.batch SET judged_again = :found WHERE batch_id = :b"),
            {
                "b": batch_id,
                "found": '{"lines_read": 7, "extra_columns": ["a, b"], "stated_total": null, '
                '"extracted_at": "2025-06-01 08:00:00"}',
            },
        )
        batch = batch_of(connection, batch_id)
    assert (batch.lines_read, batch.extra_columns, batch.stated_total) == (7, ["a, b"], None)
    assert f"{batch.extracted_at}" == "2025-06-01 08:00:00"
    assert batch.lines_accepted == 1


@pytest.mark.long
@pytest.mark.parametrize("dataset", [dataset for dataset in KEYS if contract_of(dataset).kind == "fact"])
def test_lines_of_a_batch_that_is_judged_and_loaded_again_stay_its_own(world: World, dataset: str):
    world.dimensions()
    world.ingest("ho_so", world.json([line("ho_so", n, 0) for n in range(1, THINGS + 1)]), at="2025-04-03")
    path = world.json([*lines(dataset), rejected(dataset)])
    batch, _ = world.ingest(dataset, path, at=EXPORTED_AT)
    assert batch.lines_accepted and batch.lines_rejected == 1
    unit = {"ma_don_vi": "000.00.99.H59", "ten_don_vi": "Sở chín mươi chín", "cap": "so_nganh"}
    world.ingest("don_vi", world.csv([unit]), at="2025-04-11")
    again, _ = world.ingest(dataset, path, at=EXPORTED_AT)
    assert again.judged_against != batch.judged_against
    parts = ("lines_read", "lines_accepted", "lines_rejected", "lines_superseded")
    assert [getattr(again, part) for part in parts] == [getattr(batch, part) for part in parts]
