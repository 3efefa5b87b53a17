"""What the pages say of figures is what mart holds."""

import io
import re
from decimal import Decimal

import docx
import openpyxl
import pytest
import sqlalchemy as sa

from cchc.figures.definitions import facts, indicators
from cchc.periods import parse_month
from cchc.reports.sources import SOURCES
from cchc.warehouse import run_sql_file
from tests.world import SO

# Pages that show figures, each of one period.
WITH_FIGURES = ("/?", "/chi-so/dung_han_06a?", "/don-vi?", f"/don-vi/mot?ma={SO}")
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
    assert STATE.findall(look("xem").get(f"{address}&ky=2025-03").text) == ["Tạm tính"]


@pytest.mark.usefixtures("closed")
@pytest.mark.parametrize("address", WITH_FIGURES)
def test_a_closed_month_is_said_to_be_closed(look, address):
    assert STATE.findall(look("xem").get(f"{address}&ky=2025-03").text) == ["Đã chốt"]


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


def test_the_scoreboard_says_of_each_source_until_when_it_is_known(look):
    """Dossiers were exported on 1 April; neither ratings nor documents nor declarations were loaded."""
    page = look("xem").get("/?ky=2025-03").text
    said = dict(re.findall(r"<li><span>([^<]*)</span> <strong>((?:đến|chưa)[^<]*)</strong>", page))
    assert said.pop("Danh mục TTHC").startswith("đến ")
    assert said == {
        "Hệ thống TTHC (hồ sơ)": "đến 01/04/2025 00:00",
        "Hệ thống TTHC (đánh giá)": "chưa có",
        "Hệ thống QLVB&amp;ĐH (văn bản)": "chưa có",
        "Hệ thống QLVB&amp;ĐH (hồ sơ công việc)": "chưa có",
        "Khai báo của đơn vị": "chưa có",
    }
    [footer] = re.findall(r"<footer.*?</footer>", page, re.DOTALL)
    assert "Hệ thống TTHC (hồ sơ) 01/04/2025 00:00, Hệ thống TTHC (đánh giá) chưa có" in footer


def test_every_source_of_figures_has_a_name():
    assert {fact.bo_du_lieu for fact in facts().values()} == set(SOURCES)
    named = {source for indicator in indicators().values() for source in indicator.nguon}
    assert named == {words.partition(" (")[0] for words in SOURCES.values()}


@pytest.mark.parametrize("who", ["can_bo", "cua_so", "xem"])
@pytest.mark.parametrize("address", WITH_FIGURES)
def test_every_page_with_figures_says_that_they_wait_to_be_counted_again(look, waits, address, who):
    assert waits in look(who).get(f"{address}&ky=2025-03").text
    assert waits in look(who).get(f"{address}&ky_loai=ky_bao_cao&ky=2025-04").text
    # What ended before it does not wait.
    assert "chờ tính lại" not in look(who).get(f"{address}&ky=2025-02").text


@pytest.mark.parametrize("address", WITH_FIGURES)
def test_figures_that_do_not_wait_are_not_said_to(look, address):
    assert "chờ tính lại" not in look("xem").get(f"{address}&ky=2025-03").text


@pytest.mark.parametrize("name", ["bieu-06a.xlsx", "phu-luc.xlsx", "du-thao.docx"])
def test_every_official_file_says_in_its_footer_that_it_waits(look, waits, name):
    content = look("xem").get(f"/tep/{name}?ky_loai=thang&ky=2025-03").content
    if name.endswith("docx"):
        footers = [docx.Document(io.BytesIO(content)).sections[0].footer.paragraphs[0].text]
    else:
        footers = [sheet.oddFooter.left.text for sheet in openpyxl.load_workbook(io.BytesIO(content))]
    assert all("chờ tính lại" in footer for footer in footers)
    assert footers


RECEIVED = "ky_loai = 'thang' AND ma_chi_so = 'tiep_nhan' AND ma_don_vi = 'TONG:toan_tinh'"
PERIOD = """
INSERT INTO mart.ky (ky_loai, ky, tu_ngay, den_ngay) VALUES ('thang', :ky, :first, :last)
ON CONFLICT DO NOTHING
"""
AS_IN_MARCH = f"""
INSERT INTO mart.chi_so
SELECT (jsonb_populate_record(c, jsonb_build_object(
    'ky', :ky, 'tu_ngay', :first, 'den_ngay', :last, 'gia_tri', :value, 'tu_so', :value
))).*
FROM mart.chi_so AS c WHERE {RECEIVED} AND ky = '2025-03'
ON CONFLICT (ky_loai, ky, ma_chi_so, ma_don_vi) DO UPDATE
SET gia_tri = excluded.gia_tri, tu_so = excluded.tu_so
"""
MONTHS = ["2024-01", "2024-02", "2024-03", "2024-12", "2025-01", "2025-03"]


@pytest.mark.parametrize(
    ("day", "first", "known"),
    [
        # A year ago there was a 29 February: by days it would be a thirteenth month.
        ("2025-02-28", "2024-03", {"2024-03", "2024-12", "2025-01"}),
        ("2025-03-31", "2024-04", {"2024-12", "2025-01", "2025-03"}),
        # A report period ends in the middle of a month, which is not whole.
        ("2025-03-14", "2024-03", {"2024-03", "2024-12", "2025-01"}),
        ("2024-12-31", "2024-01", {"2024-01", "2024-02", "2024-03", "2024-12"}),
    ],
)
def test_the_line_of_the_scoreboard_has_twelve_months_and_its_gaps(pages_world, day, first, known):
    start = parse_month(first)
    expected = [Decimal(month.month) if month.ky in known else None for month in map(start.plus, range(12))]
    with pages_world.engine.connect() as connection:
        connection.exec_driver_sql(f"DELETE FROM mart.chi_so WHERE {RECEIVED} AND ky <> '2025-03'")
        for ky in MONTHS:
            month = parse_month(ky)
            binds = {"ky": ky, "first": month.start, "last": month.end, "value": month.month}
            connection.execute(sa.text(PERIOD), binds)
            connection.execute(sa.text(AS_IN_MARCH), binds)
        rows = run_sql_file(connection, "pages/sparklines.sql", den_ngay=day)
        [found] = [row.gia_tri for row in rows if row.ma_chi_so == "tiep_nhan"]
        connection.rollback()
    assert found == expected
