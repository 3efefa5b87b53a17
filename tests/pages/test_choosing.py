"""Which period a page opens, and what another choice leaves as it is."""

import re

import pytest

from tests.pages.test_official import links
from tests.world import SO

OPTION = re.compile(r'<option value="([^"]+)" selected>')


def chosen(text: str) -> tuple[str, str]:
    kind, period = OPTION.findall(text)[:2]
    return kind, period


@pytest.fixture
def without_figures(pages_world):
    """The newest period of the report regime as it is when it began before the first day with figures."""
    (newest,), (before,) = pages_world.rows(
        "SELECT ky FROM mart.ky WHERE ky_loai = 'ky_bao_cao' ORDER BY den_ngay DESC, ky DESC LIMIT 2"
    )
    update = "UPDATE mart.ky SET ly_do_na = {} WHERE ky_loai = 'ky_bao_cao' AND ky = '{}'"
    with pages_world.engine.begin() as connection:
        [held] = [
            row[0]
            for row in connection.exec_driver_sql(
                f"SELECT ly_do_na FROM mart.ky WHERE ky_loai = 'ky_bao_cao' AND ky = '{before}'"
            )
        ]
        connection.exec_driver_sql(update.format("'Kỳ bắt đầu quá sớm'", newest))
        connection.exec_driver_sql(update.format("NULL", before))
    yield newest, before
    with pages_world.engine.begin() as connection:
        connection.exec_driver_sql(update.format("NULL", newest))
        connection.exec_driver_sql(update.format(f"'{held}'" if held else "NULL", before))


@pytest.mark.parametrize("address", ["/?", "/chi-so/dung_han_06a?", f"/don-vi/mot?ma={SO}"])
def test_a_page_opens_on_the_newest_period_that_has_figures(look, without_figures, address):
    newest, before = without_figures
    text = look("xem").get(f"{address}&ky_loai=ky_bao_cao").text
    assert chosen(text) == ("ky_bao_cao", before)
    assert "Kỳ này không có con số" not in text
    text = look("xem").get(f"{address}&ky_loai=ky_bao_cao&ky={newest}").text
    assert "Kỳ này không có con số: Kỳ bắt đầu quá sớm." in text
    assert links(text) == []


def test_another_period_leaves_the_unit_and_the_level_as_they_are(look):
    text = look("xem").get(f"/chi-so/dung_han_06a?ky=2025-03&cap=xa&don_vi={SO}").text
    [form] = re.findall(r"<form class=\"choice\".*?</form>", text, re.DOTALL)
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form))
    assert hidden == {"don_vi": SO, "cap": "xa"}
    assert set(re.findall(r'href="[^"]*cap=\w+&amp;don_vi=([^"&]+)"', text)) >= {SO}


def test_a_trend_has_periods_of_one_length(look):
    """Of the report regime months, quarters and years are of one kind."""
    shapes = {}
    for ky in ("2025-04", "2025-Q2", "2025"):
        text = look("xem").get(f"/chi-so/tiep_nhan?ky_loai=ky_bao_cao&ky={ky}").text
        [spec] = re.findall(r'data-spec="([^"]*)"', text)
        shapes[ky] = {
            re.sub(r"\d", "0", name) for name in re.findall(r"&#34;ky&#34;: &#34;([^&]*)&#34;", spec)
        }
    assert shapes == {"2025-04": {"00/0000"}, "2025-Q2": {"Quý 0/0000"}, "2025": {"0000"}}
