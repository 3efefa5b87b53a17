"""What the pages say of figures is what mart holds."""

import re


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
