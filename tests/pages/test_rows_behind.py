"""The rows behind every figure, asked for as everybody: they are shown, or it is said why there are none."""

import html
import re

import pytest

from cchc.errors import CchcError
from cchc.figures.definitions import indicators
from cchc.figures.drill import parts_with_rows, rows_seen_by
from cchc.pages.dossiers import PARTS
from cchc.pages.viewer import reading_as
from cchc.periods import Month, periods_of
from tests.world import SO, XA

MARCH = "ky_loai=thang&ky=2025-03"
PERIODS = [(p.ky_loai, p.ky) for p in periods_of(Month(2025, 3))]
BUTTON = re.compile(r'<a role="button" class="outline" href="([^"]+/ho-so[^"]*)">')
ENGLISH = re.compile(r"\b(the|there|is|are|expected|has|have|of|not|for)\b", re.IGNORECASE)
# No dossier, document or declaration stands behind these: the catalogue of procedures, points.
WITHOUT_ROWS = {"T7", "T16"}


def main_of(text: str) -> str:
    """What a page says, without its frame."""
    [main] = re.findall(r"<main.*?</main>", text, re.DOTALL)
    return html.unescape(re.sub(r"<[^>]+>", " ", main))


@pytest.fixture(scope="module")
def pages_world(pages_world):
    """With a month that units declared."""
    items = [row[0] for row in pages_world.rows("SELECT ma_so_lieu FROM core.so_lieu_khai_bao ORDER BY 1")]
    line = {"ky": "2025-03", "gia_tri": "1", "chuc_danh": "Văn thư", "ngay_khai": "20250402080000"}
    rows = [line | {"don_vi": unit, "ma_so_lieu": item} for unit in (SO, XA) for item in items]
    pages_world.ingest("khai_bao", pages_world.csv(rows), "2025-04-03")
    pages_world.refresh_all()
    return pages_world


def test_declarations_were_counted(pages_world):
    """Else nothing would be asked of them below."""
    assert pages_world.rows("SELECT count(*) > 0 FROM core.khai_bao") == [(True,)]


@pytest.mark.parametrize("who", ["can_bo", "cua_so", "cua_xa", "xem"])
@pytest.mark.parametrize("ma", [ma for ma, one in indicators().items() if one.bien_the_cua is None])
def test_every_part_of_every_figure_answers_in_vietnamese(look, who, ma):
    client = look(who)
    for ky_loai, ky in PERIODS:
        for part in PARTS:
            found = client.get(f"/chi-so/{ma}/ho-so?ky_loai={ky_loai}&ky={ky}&phan={part}&don_vi={SO}")
            assert found.status_code in (200, 403, 404), (ky_loai, ky, part, found.text[:300])
            if found.status_code != 200:
                assert not ENGLISH.search(main_of(found.text).partition("SELECT")[0]), main_of(found.text)
            if who in ("xem", "cua_xa"):
                # The answer is the same for every period.
                assert found.status_code == 403
        if who in ("xem", "cua_xa"):
            return


@pytest.mark.parametrize("who", ["can_bo", "cua_so"])
@pytest.mark.parametrize("ma", ["T4", "T14"])
def test_the_unit_sees_its_declarations(look, who, ma):
    found = look(who).get(f"/chi-so/{ma}/ho-so?{MARCH}&don_vi={SO}")
    assert found.status_code == 200, found.text
    assert "Văn thư" in found.text


@pytest.mark.parametrize("who", ["can_bo", "cua_so", "cua_xa", "xem"])
@pytest.mark.parametrize("unit", ["TONG:toan_tinh", SO, XA])
@pytest.mark.parametrize("ma", [ma for ma, one in indicators().items() if one.bien_the_cua is None])
def test_a_button_leads_to_rows_or_is_not_there(look, who, unit, ma):
    links = BUTTON.findall(look(who).get(f"/chi-so/{ma}?{MARCH}&don_vi={unit}").text)
    may = who == "can_bo" or (who == "cua_so" and unit != XA) or (who == "cua_xa" and unit != SO)
    assert len(links) == (may and ma not in WITHOUT_ROWS)
    for link in links:
        found = look(who).get(html.unescape(link))
        assert found.status_code == 200, found.text
        # Every part that can be chosen there is one.
        for part in re.findall(r'<option value="(\w+)"', found.text):
            assert look(who).get(f"{html.unescape(link)}&phan={part}").status_code == 200


def test_what_the_page_offers_is_what_can_be_had(look):
    """parts_with_rows says beforehand what rows_seen_by would refuse."""
    for ma in (ma for ma, one in indicators().items() if one.bien_the_cua is None):
        offered = {part for part in PARTS if part in parts_with_rows(ma)}
        with reading_as(look.app.state.engine, "can_bo") as read:
            had = set()
            for part in PARTS:
                try:
                    rows_seen_by(read.connection, ma, "2025-03", SO, part)
                    had.add(part)
                except CchcError:
                    pass
        assert offered == had, ma


def test_a_month_that_waits_says_when_it_is_counted_and_whom_to_ask(look, waits):
    for address in (f"/chi-so/dung_han_06a/ho-so?{MARCH}", f"/tep/tre-han.xlsx?{MARCH}&don_vi={SO}"):
        for who in ("can_bo", "cua_so"):
            found = look(who).get(address)
            assert found.status_code == 409
            said = main_of(found.text)
            assert waits in said
            assert "5 giờ sáng" in said
            assert "người vận hành" in said
            assert "make" not in said
