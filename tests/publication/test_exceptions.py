"""A lock exception lets in late lines of its unit, dataset and month, and nothing else."""

from datetime import UTC, datetime, timedelta

import pytest

from cchc.publication.closing import close
from cchc.publication.exceptions import permit, restate_permitted
from cchc.publication.ledger import faults
from tests.figures.test_refresh import BASE, LATE, on
from tests.world import HUYEN, PROCEDURES, SO, XA, World

BY = {"by": "chi_cuc", "approved_by": "giam_doc"}
LATER = {"ngay_cap_nhat": "20250402000000"}
UNTIL = datetime.now(UTC).date() + timedelta(days=3)


@pytest.fixture
def closed(province: World) -> World:
    """January closed, of which the sở may hand in dossiers late for three days."""
    return permitted(province)


def permitted(world: World) -> World:
    # 8 is of a district, all others of January are of the sở.
    world.add(*BASE, on("0111", 8, don_vi_xu_ly=HUYEN))
    world.refresh_all()
    close(world.engine, "2025-01", reason="Dữ liệu thử", **BY)
    permit(world.engine, "2025-01", SO, "ho_so", UNTIL, reason="Nộp muộn", **BY)
    return world


def published(world: World) -> list[str]:
    """The months that are restated by what waits now."""
    world.refresh_all()
    done = [each.entry.ky for each in restate_permitted(world.engine)]
    with world.engine.connect() as connection:
        assert faults(connection) == []
    return done


LET_IN = {
    "a late dossier": on("0112", 9, **LATER),
    "a correction": BASE[0] | {"kenh_thuc_hien": "1"} | LATER,
}


@pytest.mark.parametrize("what", LET_IN)
def test_late_lines_of_the_unit_go_in(closed: World, what: str):
    closed.add(LET_IN[what], at="2025-04-03")
    assert published(closed) == ["2025-01"]
    assert published(closed) == []


NOT_LET_IN = {
    "a dossier of another unit": LATE,
    "a dossier that another unit had": on("0111", 8) | LATER,
    "a dossier that another unit has now": BASE[0] | {"don_vi_xu_ly": XA} | LATER,
    # Its row waits as it was published: no file says until when it came.
    "a dossier that is withdrawn": BASE[0] | {"da_xoa": "1"} | LATER,
    "a dossier of another month now": on("0212", 1) | LATER,
}


@pytest.mark.parametrize("what", NOT_LET_IN)
def test_what_was_not_permitted_waits_to_be_asked(closed: World, what: str):
    closed.add(NOT_LET_IN[what], at="2025-04-03")
    assert published(closed) == []
    assert closed.rows("SELECT count(*) > 0 FROM core.dong_cho WHERE ky = '2025-01'") == [(True,)]


def test_a_move_between_two_permitted_units_goes_in(closed: World):
    permit(closed.engine, "2025-01", HUYEN, "ho_so", UNTIL, reason="Nộp muộn", **BY)
    closed.add(on("0111", 8) | LATER, at="2025-04-03")
    assert published(closed) == ["2025-01"]


@pytest.mark.long
def test_a_definition_does_not_go_in_with_late_lines(closed: World, definitions):
    # Both of its measures are counted already: the figure waits, and no row does.
    definitions.change("khong_co_han", phien_ban=2, tu_so=[{"su_kien": "ket_thuc"}])
    closed.add(on("0112", 9, **LATER), at="2025-04-03")
    assert published(closed) == []


@pytest.mark.long
def test_the_catalogue_does_not_go_in(world: World):
    permitted(world.dimensions())
    changed = [
        each | {"ThuTucKhongCoKetQua": "1", "NgayCapNhat": "20240601000000"} for each in PROCEDURES[:1]
    ]
    world.ingest("tthc", world.json(changed))
    assert published(world) == []
