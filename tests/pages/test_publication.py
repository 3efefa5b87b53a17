"""Công bố: what is missing, who confirmed, what waits and why, the ledger; and what other pages say of it."""

import html
import re

import pytest

from tests.pages.closed_month import closed_month
from tests.pages.conftest import PEOPLE
from tests.pages.test_rows_behind import main_of
from tests.world import SO, XA, World, code

MARCH = "ky_loai=thang&ky=2025-03"
RATE = "dung_han_06a"
CODES = re.compile(r"000\.00\.01\.H59-250305-\d{4}")
PROVINCE = "TONG:toan_tinh"


@pytest.fixture(scope="module")
def pages_world(make_world) -> World:
    return closed_month(make_world())


def section(text: str, name: str) -> str:
    """The section of a page under the heading with this id."""
    [found] = re.findall(rf'<section aria-labelledby="{name}">.*?</section>', text, re.DOTALL)
    return html.unescape(found)


def rows_of(text: str) -> list[list[str]]:
    """The cells of each row of the first table, as they are read."""
    body = text.partition("<tbody>")[2].partition("</tbody>")[0]
    rows = re.findall(r"<tr.*?</tr>", body, re.DOTALL)
    cells = [re.findall(r"<t[hd].*?</t[hd]>", row, re.DOTALL) for row in rows]
    return [[" ".join(re.sub("<[^>]*>", " ", cell).split()) for cell in row] for row in cells]


def facts(text: str) -> dict[str, str]:
    found = re.findall(r"<li><span>([^<]*)</span> <strong[^>]*>([^<]*)</strong>", html.unescape(text))
    return dict(found)


@pytest.mark.parametrize("who", [*PEOPLE, "xem"])
def test_a_closed_month_is_shown_with_its_revision_and_what_waits(look, who):
    text = look(who).get("/cong-bo?ky=2025-03").text
    said = facts(text)
    assert (said["Trạng thái"], said["Bản"]) == ("Đã chốt", "1")
    # Ten figures of the commune, of communes and of the province each.
    assert said["Con số chờ đính chính"] == "30"
    [rate] = [row for row in rows_of(section(text, "cho")) if row[0].startswith("Tỷ lệ hồ sơ giải quyết")]
    # By hand: of the commune one of two in time, then one of three; of all six of seven, then six of eight.
    ours, province = ("50,00 % ( 1 /2)", "33,33 % ( 1 /3)", "−16,67"), ("85,71 %", "75,00 %", "−10,71")
    expected = ours if who == "cua_xa" else province
    assert [cell.replace("( ", "(").split(" (")[0] for cell in rate[2:4]] == [
        cell.split(" (")[0] for cell in expected[:2]
    ]
    assert rate[1] == "1 → chờ"
    assert rate[4] == expected[2]
    assert rate[5].replace(" :", ":") == "đến sau khi chốt, 1 dòng: tử số 0, mẫu số +1"


@pytest.mark.parametrize(
    ("who", "unit", "leads"),
    [
        ("can_bo", PROVINCE, True),
        ("can_bo", XA, True),
        ("cua_xa", XA, True),
        ("cua_xa", PROVINCE, False),
        ("cua_so", XA, False),
        ("xem", XA, False),
    ],
)
def test_a_cause_leads_to_its_rows_for_whom_they_are(look, who, unit, leads):
    text = section(look(who).get(f"/cong-bo?ky=2025-03&don_vi={unit}").text, "cho")
    links = re.findall(r'href="(/chi-so/\w+/thay-doi[^"]*)"', text)
    assert bool(links) is leads
    for link in links:
        found = look(who).get(link)
        assert found.status_code == 200
        assert set(CODES.findall(main_of(found.text))) == {code(8)}


def test_what_was_corrected_is_shown_before_and_after(look):
    address = f"/chi-so/{RATE}/thay-doi?{MARCH}&ban=1&nguyen_nhan="
    [row] = rows_of(look("can_bo").get(address + "sua_o_nguon").text)
    assert row[0].startswith(code(4))
    assert "Kết thúc: 20/03/2025 → 11/03/2025" in row[2]
    assert row[4:6] == ["+1", "0"]
    [row] = rows_of(look("can_bo").get(address + "den_muon").text)
    assert row[0].startswith(code(7))
    assert (row[2], row[4:6]) == ("Không có → có", ["+1", "+1"])
    # Of the sở's rows the commune sees none.
    for more in ("", f"&don_vi={PROVINCE}"):
        found = look("cua_xa").get(f"{address}sua_o_nguon{more}")
        assert found.status_code == 200
        assert CODES.findall(found.text) == []
    assert look("cua_xa").get(f"{address}sua_o_nguon&don_vi={SO}").status_code == 403


def test_the_rows_of_every_cause_add_up_to_its_part(look, pages_world):
    """For every figure that is a sum of rows, of every kind of period and unit, waiting or restated."""
    parts = pages_world.rows(
        "SELECT ky_loai, ky, ma_chi_so, ma_don_vi, den_revision, nguyen_nhan, tu_so, mau_so, so_dong "
        "FROM mart.phan_thay_doi WHERE ma_chi_so NOT IN (SELECT ma_chi_so FROM core.thuat_ngu "
        "WHERE khoa IS NOT NULL OR it_nhat IS NOT NULL)"
    )
    assert len({part[0] for part in parts}) >= 3
    assert {part[4] for part in parts} == {1, None}
    client = look("can_bo")
    for kind, ky, ma, unit, revision, cause, tu_so, mau_so, count in parts:
        asked = {"ky_loai": kind, "ky": ky, "don_vi": unit, "nguyen_nhan": cause} | (
            {"ban": revision} if revision else {}
        )
        rows = rows_of(client.get(f"/chi-so/{ma}/thay-doi", params=asked).text)
        numbers = [[int(cell.replace("−", "-")) for cell in row[4:6]] for row in rows]
        found = (len(rows), sum(n[0] for n in numbers), sum(n[1] for n in numbers))
        assert found == (count, tu_so, mau_so), asked | {"ma": ma}


def test_the_ledger_stands_newest_first_with_whole_hashes(look, pages_world):
    text = section(look("xem").get("/cong-bo?ky=2025-03").text, "so-cai")
    rows = rows_of(text)
    assert [row[0] for row in rows] == ["4", "3", "2", "1"]
    assert (rows[0][2], *rows[0][5:8]) == ("03/2025", "chi_cuc", "giam_doc", "Sở nộp muộn một hồ sơ")
    assert "Quý 1/2025" in rows[0][8]
    held = [row[0] for row in pages_world.rows("SELECT ma_bam FROM ops.so_cai ORDER BY so DESC")]
    assert re.findall(r'value="([0-9a-f]{64})"', text) == held
    assert [row[0] for row in rows_of(section(look("xem").get("/cong-bo?truoc=3").text, "so-cai"))] == [
        "2",
        "1",
    ]


def test_the_month_whose_turn_it_is_opens_first(look):
    assert "<p>Tháng 04/2025</p>" in look("xem").get("/cong-bo").text


@pytest.mark.parametrize("ky", ["2025-13", "2025-Q1", "thang-3"])
def test_what_is_no_month_is_told(look, ky):
    for address in (f"/cong-bo?ky={ky}", f"/cong-bo/bat-thuong?ky={ky}"):
        assert look("xem").get(address).status_code == 400
    assert look("xem").get("/cong-bo?ky=2031-01").status_code == 200


# What other pages say of it ------------------------------------------------------------------


@pytest.mark.parametrize(
    "address", ["/?", f"/chi-so/{RATE}?don_vi={XA}&", "/don-vi?", f"/don-vi/mot?ma={XA}&"]
)
def test_every_page_says_which_revision_is_shown_and_what_waits(look, address):
    said = facts(look("xem").get(address + MARCH).text)
    assert (said["Trạng thái"], said["Bản"], said["Con số chờ đính chính"]) == ("Đã chốt", "1", "10")
    open_month = facts(look("xem").get(address + "ky_loai=thang&ky=2025-04").text)
    assert open_month.get("Trạng thái") in ("Tạm tính", None)
    assert "Bản" not in open_month
    # Of a kind that has no page of its own there is no link.
    assert "/cong-bo?" not in main_of_links(look("xem").get(address + "ky_loai=quy&ky=2025-Q1").text)


def main_of_links(text: str) -> str:
    return text.partition("<main")[2]


def test_an_indicator_shows_its_revisions_and_why_they_differ(look):
    text = section(look("xem").get(f"/chi-so/{RATE}?{MARCH}").text, "cac-ban")
    rows = rows_of(text)
    # By hand: four of six, then six of seven.
    assert [row[:5] for row in rows] == [
        ["1 (đang dùng)", "Đã chốt", "85,71 %", "6", "7"],
        ["0", "Đã chốt", "66,67 %", "4", "6"],
    ]
    why = rows_of(text.partition("Vì sao khác")[2])
    assert [(row[1], row[4]) for row in why] == [("1 → chờ", "−10,71"), ("0 → 1", "+19,04")]
    assert "kỳ đã chốt, 1 kỳ sau đó phải sửa" in text
    assert "lớn nhất 19,04" in text
    assert "bản đầu thường thấp hơn" in text


@pytest.mark.parametrize(("ban", "part", "found"), [
    ("", "tu_so", {1, 2, 3, 4, 5, 7}),
    ("", "con_lai", {6}),
    ("1", "mau_so", {1, 2, 3, 4, 5, 6, 7}),
    ("0", "tu_so", {1, 2, 3, 5}),
    ("0", "con_lai", {4, 6}),
])  # fmt: skip
@pytest.mark.parametrize("waits_too", [False, True])
def test_of_a_closed_period_the_rows_are_those_that_were_published(
    look, request, ban, part, found, waits_too
):
    """Also while its month waits to be counted again: what was published does not."""
    if waits_too:
        request.getfixturevalue("waits")
    address = f"/chi-so/{RATE}/ho-so?{MARCH}&phan={part}" + (f"&ban={ban}" if ban else "")
    assert set(CODES.findall(look("can_bo").get(address).text)) == {code(n) for n in found}
    table = look("can_bo").get(address + "&tep=csv").content.decode("utf-8-sig")
    assert set(CODES.findall(table)) == {code(n) for n in found}
    own = {n for n in found if n in (5, 6, 8)}
    assert set(CODES.findall(look("cua_xa").get(address).text)) == {code(n) for n in own}


def test_a_published_row_has_the_columns_of_one_that_is_counted_today(look):
    heads = [
        re.findall(r'<th scope="col"[^>]*><a[^>]*>([^<]*)</a>', look("can_bo").get(address).text)
        for address in (f"/chi-so/{RATE}/ho-so?{MARCH}", f"/chi-so/{RATE}/ho-so?ky_loai=nam&ky=2025")
    ]
    assert heads[0] == heads[1]
    # It is open when it was corrected: the source says when it ended.
    table = look("can_bo").get(f"/chi-so/{RATE}/ho-so?{MARCH}&ban=0&phan=con_lai&tep=csv").content.decode()
    assert '"20/03/2025"' in table


@pytest.mark.parametrize("ban", ["2", "7", "2147483647"])
def test_a_revision_that_there_is_not_is_told(look, ban):
    found = look("can_bo").get(f"/chi-so/{RATE}/ho-so?{MARCH}&ban={ban}")
    assert found.status_code == 404
    assert "Có: 1, 0" in main_of(found.text)
    assert look("can_bo").get(f"/chi-so/{RATE}/ho-so?ky_loai=nam&ky=2025&ban=0").status_code == 404
    assert look("can_bo").get(f"/chi-so/{RATE}/ho-so?{MARCH}&ban=2147483648").status_code == 400
