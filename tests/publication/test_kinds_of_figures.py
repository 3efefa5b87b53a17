"""What waits is split exactly also where a figure counts other things than before, or never leads below 0."""

import pytest

from cchc.figures.definitions import indicators
from cchc.loading.load import load_reopened
from cchc.publication.closing import close, restate
from tests.publication.histories import ANSWERING, BY, USUAL, with_registers
from tests.publication.test_histories import NOT_LISTED, NOT_SPLIT
from tests.registers.organisations import called, organise, unit, write
from tests.world import SO, XA, World, code

pytestmark = pytest.mark.long
MONTHS = ("2025-01", "2025-02")
RECEIVED = {"su_kien": "tiep_nhan"}
# Another kind of figure under the same code.
OTHER_KIND = {
    "units instead of dossiers": ("T9", {"tu_so": [RECEIVED], "mau_so": [], "don_vi_it_nhat": 1}),
    "dossiers instead of units": ("T1", {"tu_so": [RECEIVED], "mau_so": [RECEIVED], "don_vi_it_nhat": None}),
    "procedures instead of dossiers": ("T9", {"khoa": "ma_tthc"}),
    "dossiers instead of procedures": ("T8", {"khoa": None, "tu_so": [RECEIVED], "mau_so": [RECEIVED]}),
    "units instead of procedures": (
        "T8",
        {"khoa": None, "tu_so": [RECEIVED], "mau_so": [], "don_vi_it_nhat": 1},
    ),
}


def register(world: World, units: dict[str, str], names: dict[str, str]) -> None:
    folder = write(
        world.folder / "danh_muc",
        [unit(ma, cap=cap) for ma, cap in units.items()],
        names=[called(name, ma) for name, ma in names.items()],
    )
    organise(world, folder)


def dossiers(world: World, units: list[str], day: str, at: str) -> None:
    moment = f"{day}090000"
    world.ingest(
        "ho_so",
        world.dossiers(
            *(
                {
                    **{"ma_ho_so": code(int(day[4:]) + number), "don_vi_xu_ly": name},
                    **{"ngay_nop_ho_so": moment, "ngay_tiep_nhan": moment, "ngay_cap_nhat": moment},
                    **{"ngay_hen_tra": "20250301090000", "ma_tthc": f"1.00000{1 + number % 2}"},
                }
                for number, name in enumerate(units)
            )
        ),
        at=at,
    )


@pytest.fixture
def two_months(world: World) -> World:
    """Two dossiers of a sở and one of a xã, received in January and open since; 84.d is not known yet."""
    with_registers(world)
    register(world, {ma: cap for ma, cap in ANSWERING.items() if ma != "84.d"}, USUAL)
    dossiers(world, [SO, SO, XA], "20250110", "2025-03-02")
    return world


def closed(world: World) -> World:
    world.refresh_all()
    for ky in MONTHS:
        close(world.engine, ky, **BY, reason="Dữ liệu thử")
    return world


def splits(world: World) -> None:
    assert world.rows(NOT_SPLIT) == []
    # Which rows bear what is not known of such figures, but what is listed adds up.
    known = {"kinds": ["thang", "luy_ke", "ky_bao_cao"], "units": [*indicators()]}
    assert world.rows(NOT_LISTED, **known) == []


def restated(world: World) -> None:
    splits(world)
    for ky in MONTHS:
        restate(world.engine, ky, **BY, reason="Thử")
        splits(world)


@pytest.mark.parametrize("name", OTHER_KIND)
def test_definition_of_another_kind_is_split_exactly_beside_late_rows(two_months, definitions, name):
    world = closed(two_months)
    ma, values = OTHER_KIND[name]
    definitions.change(ma, **{"phien_ban": 2, "bien_the": {}} | values)
    dossiers(world, [SO, XA], "20250111", "2025-03-03")
    world.refresh_all()
    causes = "SELECT DISTINCT nguyen_nhan FROM mart.chi_so_thay_doi WHERE ma_chi_so = :ma"
    assert world.rows(causes, ma=ma) == [("dinh_nghia",)]
    restated(world)


def test_unit_that_is_new_in_a_figure_that_never_leads_below_zero_is_split_exactly(two_months, definitions):
    """Received less carried over: in February 0 − 2, shown as 0, of the sở then and of the new unit now."""
    taken = [RECEIVED, {"su_kien": "ky_truoc", "tru": True}]
    definitions.change("T6", phien_ban=2, tu_so=taken)
    world = closed(two_months)
    register(world, ANSWERING, USUAL | {SO: "84.d"})
    load_reopened(world.engine)
    world.refresh_all()
    parts = world.rows(
        "SELECT nguyen_nhan, tu_so FROM mart.chi_so_thay_doi WHERE ma_chi_so = 'T6' AND ma_don_vi = '84.d' "
        "AND ky_loai = 'thang' AND ky = '2025-02' ORDER BY 1"
    )
    assert parts == [("doi_don_vi", -2), ("khong_am", 2)]
    restated(world)
