"""Official files from the pages: figures for all, dossiers for the unit and for officers only."""

import io
import re

import docx
import openpyxl
import pytest

from tests.world import SO, XA

WHEN = "ky_loai=thang&ky=2025-03"
FIGURES = ("/tep/bieu-06a.xlsx", "/tep/phu-luc.xlsx", "/tep/du-thao.docx")


@pytest.mark.parametrize("who", ["can_bo", "cua_so", "cua_xa", "xem"])
@pytest.mark.parametrize("unit", ["TONG:toan_tinh", "TONG:xa", SO])
@pytest.mark.parametrize("path", FIGURES)
def test_files_of_figures_are_for_everybody(look, who, unit, path):
    found = look(who).get(f"{path}?{WHEN}&don_vi={unit}")
    assert found.status_code == 200, found.text
    name = re.fullmatch(r'attachment; filename="([\w.-]+)"', found.headers["content-disposition"])
    assert name and name[1].endswith(path.rpartition(".")[2])
    if path.endswith("docx"):
        assert docx.Document(io.BytesIO(found.content)).tables
    else:
        assert openpyxl.load_workbook(io.BytesIO(found.content)).sheetnames


@pytest.mark.parametrize(
    ("who", "unit", "status"),
    [
        ("can_bo", SO, 200),
        ("can_bo", XA, 200),
        ("cua_so", SO, 200),
        ("cua_so", XA, 403),
        ("cua_xa", SO, 403),
        ("cua_xa", XA, 200),
        ("xem", SO, 403),
        ("xem", XA, 403),
    ],
)
def test_late_dossiers_are_for_the_unit_and_for_officers(look, who, unit, status):
    found = look(who).get(f"/tep/tre-han.xlsx?{WHEN}&don_vi={unit}")
    assert found.status_code == status, found.text
    if status == 403:
        assert "H59-250305" not in found.text
        return
    sheet = openpyxl.load_workbook(io.BytesIO(found.content))["Trễ hạn trong kỳ"]
    shown = [row[1] for row in sheet.iter_rows(values_only=True) if isinstance(row[0], int)]
    # The fourth dossier is the late one of the sở, the sixth that of the commune.
    assert shown == [f"000.00.01.H59-250305-{4 if unit == SO else 6:04d}"]


@pytest.mark.parametrize("path", [*FIGURES, "/tep/tre-han.xlsx"])
def test_without_login_there_is_no_file(look, path):
    found = look(None).get(f"{path}?{WHEN}&don_vi={SO}")
    assert found.status_code == 303
    assert not found.content


@pytest.mark.parametrize("path", [*FIGURES, "/tep/tre-han.xlsx"])
@pytest.mark.parametrize(
    "query",
    ["ky_loai=thang&ky=2031-01", "ky_loai=thang&ky=2025-Q1", "ky_loai=x&ky=2025-03", "ky=2025-03", WHEN],
)
def test_what_there_is_not_is_told(look, path, query):
    unit = SO if query != WHEN else "khong-co"
    found = look("can_bo").get(f"{path}?{query}&don_vi={unit}")
    assert found.status_code == (400 if "ky_loai=x" in query or "ky_loai" not in query else 404), found.text
    assert "text/html" in found.headers["content-type"]


def links(html: str) -> list[str]:
    return [link.replace("&amp;", "&") for link in re.findall(r'href="(/tep/[^"]+)"', html)]


def test_the_scoreboard_leads_to_the_files_of_its_period(look):
    found = links(look("xem").get(f"/?{WHEN}").text)
    assert [link.partition("?")[0] for link in found] == list(FIGURES)
    assert all(look("xem").get(link).status_code == 200 for link in found)


@pytest.mark.parametrize(
    ("who", "own"), [("cua_so", True), ("can_bo", True), ("cua_xa", False), ("xem", False)]
)
def test_a_units_page_leads_to_its_files_and_to_its_list_only_for_who_may_see_it(look, who, own):
    found = links(look(who).get(f"/don-vi/mot?ma={SO}&{WHEN}").text)
    assert [link.partition("?")[0] for link in found] == [*FIGURES, *(["/tep/tre-han.xlsx"] if own else [])]
    assert all(look(who).get(link).status_code == 200 for link in found)
