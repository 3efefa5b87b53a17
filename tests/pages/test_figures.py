"""What the pages say of figures is what mart holds."""

import re

import pytest
import sqlalchemy as sa

from tests.world import SO

# Pages that show figures, each of one period.
WITH_FIGURES = ("/", "/chi-so/dung_han_06a", "/don-vi", f"/don-vi/{SO}")
STATE = re.compile(r"<span>Trạng thái</span> <strong>([^<]*)</strong>")


@pytest.fixture
def closed(pages_world):
    """March as it will be once it is closed."""

    def set_state(state: str) -> None:
        with pages_world.engine.begin() as connection:
            connection.execute(
                sa.text(
                    "UPDATE mart.chi_so SET trang_thai = :state WHERE ky_loai = 'thang' AND ky = '2025-03'"
                ),
                {"state": state},
            )

    set_state("da_chot")
    yield
    set_state("tam_tinh")


@pytest.mark.parametrize("address", WITH_FIGURES)
def test_every_page_with_figures_says_how_they_stand(look, address):
    assert STATE.findall(look("xem").get(f"{address}?ky=2025-03").text) == ["Tạm tính"]


@pytest.mark.usefixtures("closed")
@pytest.mark.parametrize("address", WITH_FIGURES)
def test_a_closed_month_is_said_to_be_closed(look, address):
    assert STATE.findall(look("xem").get(f"{address}?ky=2025-03").text) == ["Đã chốt"]


def test_scoreboard_shows_the_newest_month(look):
    found = look("xem").get("/?ky=2025-03")
    assert found.status_code == 200, found.text
    # By hand: 4 of 6 dossiers that ended in March ended in time.
    assert "66,67 %" in found.text
    assert "Tạm tính" in found.text


def test_an_indicator_ranks_units(look):
    found = look("xem").get("/chi-so/dung_han_06a?ky=2025-03&cap=so_nganh")
    assert found.status_code == 200, found.text
    assert "75,00 %" in found.text
    assert "Sở Xây dựng" in found.text


def test_dossiers_are_those_of_the_figure(look):
    """Of six dossiers the fourth and the sixth ended late."""
    found = look("can_bo").get("/chi-so/dung_han_06a/ho-so?ky=2025-03&phan=con_lai")
    assert found.status_code == 200, found.text
    assert set(re.findall(r"H59-250305-(\d{4})", found.text)) == {"0004", "0006"}
