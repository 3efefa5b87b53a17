"""Two versions of the definition files are at work, as while one is deployed: figures are of one of them."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa

from cchc.errors import WarehouseUnavailable
from cchc.figures import refresh as refresh_module
from cchc.figures.refresh import pending_periods, refresh
from cchc.figures.syncing import sync_definitions
from cchc.publication import turn
from cchc.publication.closing import close
from tests.figures.test_refresh import BASE, LATE, MONTHS, counted, figures
from tests.world import Definitions, World

__all__ = ["counted"]
CLOSE = {"by": "chi_cuc", "approved_by": "giam_doc", "reason": "Dữ liệu thử"}
# One more measure, so that those behind it have other places.
NEW = {
    "phien_ban": 2,
    "tu_so": [{"su_kien": "ket_thuc", "dieu_kien": f"hen_tra IS {unless}NULL"} for unless in ("NOT ", "")],
}
TARGET = {"cap": ["xa"], "gia_tri": 30, "tu": "2025-01-01", "den": "2025-12-31", "nguon": "Thử"}
WAITING = "SELECT ky_loai, ky, ma_chi_so, ma_don_vi, tu_so, mau_so FROM mart.con_so_cho ORDER BY 1, 2, 3, 4"


@pytest.fixture
def before_turn(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[int]]:
    """Has something happen before a process has its turn to count: the first time, or the one of that number;
    what it does itself does not count."""

    def arrange(
        action: Callable[[], object], number: int = 1, times: int = 1, module=refresh_module
    ) -> list[int]:
        real, done, busy = module.take_turn, [0], []

        def take(connection: sa.Connection, what: str) -> None:
            if not busy:
                done[0] += 1
                if number <= done[0] < number + times:
                    busy.append(1)
                    action()
                    busy.clear()
            real(connection, what)

        monkeypatch.setattr(module, "take_turn", take)
        return done

    return arrange


def as_new_version(definitions: Definitions, act: Callable[[], object]) -> Callable[[], None]:
    """What a process with new files does while one with the old files is at work."""

    def other() -> None:
        definitions.change("khong_co_han", **NEW)
        act()
        definitions.put_back()

    return other


def test_figures_are_of_the_files_that_they_are_counted_by(counted: World, definitions, before_turn):
    counted.add(LATE)
    counted.refresh_all()
    undisturbed = figures(counted)
    counted.without_dossiers().add(*BASE)
    counted.refresh_all()
    counted.add(LATE)
    turns = before_turn(as_new_version(definitions, lambda: sync_definitions(counted.engine)))
    counted.refresh_all()
    assert figures(counted) == undisturbed
    assert turns == [2]
    # The record has no figure of a definition that nobody counted by.
    recorded = "SELECT DISTINCT phien_ban_moi FROM ops.figure_change WHERE ma_chi_so = 'khong_co_han'"
    assert counted.rows(recorded) in ([], [(1,)])


def test_no_month_is_done_with_targets_that_an_older_version_took_back(
    counted: World, definitions, before_turn
):
    def old() -> None:
        definitions.put_back()
        sync_definitions(counted.engine)
        definitions.change("T9", muc_tieu=[TARGET])

    definitions.change("T9", muc_tieu=[TARGET])
    before_turn(old)
    counted.refresh_all()
    assert pending_periods(counted.engine) == []
    query = "SELECT DISTINCT muc_tieu FROM mart.chi_so WHERE ma_chi_so = 'T9' AND cap = 'xa'"
    assert counted.rows(query) == [(30,)]


def test_what_differs_from_a_closed_month_is_found_by_one_version(counted: World, definitions, before_turn):
    close(counted.engine, "2025-01", **CLOSE)
    counted.add(LATE)
    counted.refresh_all()
    undisturbed = counted.rows(WAITING)
    assert undisturbed
    with counted.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE ops.period SET changed = nextval('ops.period_change')")
    # Between its two transactions another version counts everything.
    other = as_new_version(definitions, counted.refresh_all)
    before_turn(other, number=2)
    refresh(counted.engine, *MONTHS)
    assert counted.rows(WAITING) == undisturbed
    # The open periods are still those of the other version: none is taken for done.
    assert pending_periods(counted.engine) == MONTHS
    counted.refresh_all()
    assert (pending_periods(counted.engine), counted.rows(WAITING)) == ([], undisturbed)


def test_a_month_is_closed_by_one_version(counted: World, definitions, before_turn):
    """Measures that are found by their places would be others."""
    kept = (
        "SELECT fact, dong, ARRAY(SELECT to_jsonb(p) - 'phep_do' FROM core.phep_do AS p "
        "WHERE p.phep_do = ANY(d.nua_1 || d.nua_2) ORDER BY 1) FROM core.dong_cong_bo AS d ORDER BY 1, 2"
    )
    close(counted.engine, "2025-01", **CLOSE)
    undisturbed = counted.rows(kept)
    assert undisturbed
    counted.without_dossiers().add(*BASE)
    counted.refresh_all()
    before_turn(as_new_version(definitions, lambda: sync_definitions(counted.engine)), module=turn)
    close(counted.engine, "2025-01", **CLOSE)
    assert counted.rows(kept) == undisturbed


def test_versions_that_never_agree_are_told(counted: World, definitions, before_turn):
    counted.add(LATE)
    before = figures(counted)
    before_turn(as_new_version(definitions, lambda: sync_definitions(counted.engine)), times=100)
    with pytest.raises(WarehouseUnavailable, match=r"other files.*End the older ones"):
        counted.refresh_all()
    assert (figures(counted), pending_periods(counted.engine)) == (before, MONTHS)
