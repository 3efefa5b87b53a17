"""Nothing of a person leaves the landing area: marked names, numbers and addresses in each hiding place."""

import itertools
import json
import logging
import shutil
import unicodedata
import zipfile
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.personal.hiding_places import (
    CELL_FILES,
    PLACES,
    run,
    said_of_files_to_choose,
    said_of_reference_files,
)
from tests.personal.leaks import MARKS, leaks, leaks_in_databases, leaks_in_folders
from tests.world import World

NAMES = [mark for kind, mark in MARKS.items() if kind.startswith("name")]
OTHERS = [mark for kind, mark in MARKS.items() if not kind.startswith("name")]


def test_there_are_places_enough():
    assert len(PLACES) >= 73


@pytest.mark.parametrize("mark", MARKS.values())
def test_a_mark_is_found_where_it_stands(tmp_path: Path, mark: str):
    (tmp_path / "a.log").write_text(f"error: {mark}", encoding="utf-8")
    assert leaks_in_folders([tmp_path])
    assert leaks(f"x{mark}y", "a text")
    for written in (
        json.dumps(mark),
        json.dumps(json.dumps(mark)),
        quote(mark),
        quote(quote(mark)),
        unicodedata.normalize("NFD", mark).upper(),
        "".join(f"&#{ord(letter)};" if ord(letter) > 0x7F else letter for letter in mark),
    ):
        assert leaks(f"x{written}y", "a text"), written
    assert not leaks_in_folders([tmp_path], but=[tmp_path])


@pytest.mark.parametrize("place", PLACES)
def test_each_place_has_the_mark_in_it(tmp_path: Path, place: str):
    path = PLACES[place].make(tmp_path, MARKS["telephone with points"])
    content = [path.read_bytes()]
    if path.suffix == ".xlsx":
        with zipfile.ZipFile(path) as book:
            content = [book.read(name) + name.encode() for name in book.namelist()]
    texts = [part.decode("utf-16" if part[:2] == b"\xff\xfe" else "utf-8", "replace") for part in content]
    assert leaks("".join(texts) + str(path), place)


@pytest.mark.long
@pytest.mark.torture
def test_nothing_of_a_person_leaves_the_landing_area(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog, capfd, postgres, record_property
):
    record_property("places in which a person's data hide", len(PLACES))
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("CCHC_LANDING_DIR", str(world.folder / "landing"))
    logged = postgres.log.stat().st_size
    world.dimensions()
    # Each place has a name and one of the others; the cells of a dataset, with all of them, lie in one file.
    marks = zip(itertools.cycle(NAMES), itertools.cycle(OTHERS), strict=False)
    single = {name: place for name, place in PLACES.items() if not name.startswith("cell: ")}
    found: list[str] = []
    for (name, place), two in zip(single.items(), marks, strict=False):
        for mark in filter(place.takes, two):
            found += leaks(run(world, place, mark), f"said of {name!r} with {mark!r}")
    for name, place in CELL_FILES.items():
        found += leaks(run(world, place, ""), f"said of {name!r}")
    for mark in MARKS.values():
        found += leaks(said_of_files_to_choose(world, mark), "said of files to choose from")
        found += leaks(said_of_reference_files(world.folder / "given", mark), "said of a reference file")
    found += leaks_in_databases([world.engine])
    landing, given = world.folder / "landing", world.folder / "given"
    # Where people put files, these bear the names that people gave them.
    shutil.rmtree(landing / "incoming")
    found += leaks_in_folders([path for path in world.folder.iterdir() if path != given], but=[landing])
    with postgres.log.open("rb") as log:
        log.seek(logged)
        found += leaks(log.read().decode("utf-8", "replace"), "log of the server")
    out = capfd.readouterr()
    found += leaks(out.out + out.err, "output") + leaks(caplog.text, "log")
    assert not found, f"{len(found)} hits:\n" + "\n".join(found[:60])
    counts = "SELECT status, count(*) FROM ops.batch GROUP BY status"
    states: dict[str, int] = dict(world.rows(counts))  # type: ignore[arg-type]
    assert states["stopped"] > 60
    assert states["loaded"] > 40
    [(rejects,)] = world.rows("SELECT count(*) FROM ops.reject")
    assert rejects > 200
