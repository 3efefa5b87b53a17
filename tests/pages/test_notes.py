"""Comments on figures: who writes them by the pages, what is refused, and that no other site can."""

import html
import re
from datetime import timedelta

import pytest

from cchc.pages import same_page
from cchc.pages.same_page import token_for
from tests.pages.closed_month import with_a_year_before
from tests.pages.test_rows_behind import main_of
from tests.pages.test_words import of_ours
from tests.world import HUYEN, SO, XA, World

ADDRESS = "/cong-bo/ghi-chu"
FIGURE = {"ky_loai": "thang", "ky": "2025-03", "ma": "tiep_nhan", "don_vi": SO}
OURS = {"sec-fetch-site": "same-origin"}
WRITTEN = "SELECT loai, noi_dung, nguoi, ma_don_vi FROM mart.ghi_chu ORDER BY lan"


@pytest.fixture(scope="module")
def pages_world(pages_world) -> World:
    with_a_year_before(pages_world)
    return pages_world


@pytest.fixture
def written(pages_world):
    """What was written since the test began, as (kind, text, who, unit)."""
    before = len(pages_world.rows(WRITTEN))
    return lambda: pages_world.rows(WRITTEN)[before:]


def send(client, who: str, headers=OURS, token_of: str | None = None, **values):
    form = FIGURE | {"loai": "ghi_chu", "noi_dung": "Đã hỏi lại", "dau": token_for(token_of or who)} | values
    return client(who).post(ADDRESS, data=form, headers=headers)


@pytest.mark.parametrize("who", ["can_bo", "cua_so"])
def test_a_comment_is_written_in_the_name_of_who_looks_and_shown(look, written, who):
    found = send(look, who, noi_dung=f"Đợt cấp đổi, {who}")
    assert found.status_code == 303
    assert written() == [("ghi_chu", f"Đợt cấp đổi, {who}", who, SO)]
    assert found.headers["location"].startswith(ADDRESS)
    assert f"Đợt cấp đổi, {who}" in main_of(look(who).get(found.headers["location"]).text)


def test_a_mark_is_set_and_taken_away(look, written):
    for kind, says in (("theo_doi", "đang theo dõi"), ("thoi_theo_doi", "không")):
        found = send(look, "can_bo", loai=kind, noi_dung="")
        assert found.status_code == 303, found.text
        page = look("can_bo").get(found.headers["location"]).text
        assert f"<span>Theo dõi</span> <strong>{says}</strong>" in page
    assert [row[:2] for row in written()] == [("theo_doi", None), ("thoi_theo_doi", None)]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("", "Ghi chú trống"),
        ("Gọi số 0912345678", "số điện thoại"),
        ("Hỏi Nguyễn Thị Hoa", "tên người"),
        ("dài " * 300, "nhiều nhất là 1000"),
    ],
)
def test_a_refused_comment_says_why_and_keeps_what_was_written(look, written, said, why):
    found = send(look, "can_bo", noi_dung=said)
    assert found.status_code == 400
    page = of_ours(found)
    assert why in page
    assert f'name="noi_dung" value="{html.escape(said)}"' in found.text
    assert written() == []


@pytest.mark.parametrize("unit", [XA, "TONG:toan_tinh", "TONG:so_nganh"])
def test_a_unit_says_nothing_of_the_figures_of_others(look, written, unit):
    found = send(look, "cua_so", don_vi=unit)
    assert found.status_code == 403
    assert "đơn vị chỉ ghi chú được con số của mình" in of_ours(found)
    assert look("cua_so").get(ADDRESS, params=FIGURE | {"don_vi": unit}).status_code == 403
    assert written() == []


def test_who_sees_figures_only_writes_nothing(look, written):
    assert send(look, "xem").status_code == 403
    assert look("xem").get(ADDRESS, params=FIGURE).status_code == 403
    assert written() == []


def test_without_a_login_nothing_is_written(look, written):
    found = look(None).post(ADDRESS, data=FIGURE | {"loai": "ghi_chu", "noi_dung": "x"}, headers=OURS)
    assert found.status_code == 303
    assert found.headers["location"].startswith("/dang-nhap")
    assert written() == []


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
        {"origin": "http://la.example"},
        {"origin": "null"},
        # What a browser says of itself counts before what it is said to.
        {"sec-fetch-site": "cross-site", "origin": "http://testserver"},
    ],
)
def test_what_another_site_sends_is_refused(look, written, headers):
    found = send(look, "can_bo", headers=headers)
    assert found.status_code == 403
    assert "không được gửi từ trang này" in of_ours(found)
    assert written() == []


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://testserver"},
        {"origin": "https://cchc.example", "host": "ben-trong:8080", "x-forwarded-host": "cchc.example"},
    ],
)
def test_a_browser_that_was_not_reached_by_https_says_its_origin(look, written, headers):
    assert send(look, "can_bo", headers=headers).status_code == 303
    assert len(written()) == 1


@pytest.mark.parametrize("token", ["", "A" * 32, None])
def test_a_form_of_another_login_or_without_its_token_is_refused(look, written, token):
    values = {"token_of": "cua_so"} if token is None else {"dau": token}
    assert send(look, "can_bo", **values).status_code == 403
    assert written() == []


def test_a_form_that_was_opened_long_ago_is_refused(look, written, monkeypatch):
    token, today = token_for("can_bo"), same_page._today()
    for days, code in ((1, 303), (2, 403)):
        monkeypatch.setattr(same_page, "_today", lambda days=days: today + timedelta(days=days))
        assert send(look, "can_bo", dau=token).status_code == code
    assert len(written()) == 1


@pytest.mark.parametrize(
    "values",
    [
        {"loai": "xoa"},
        {"ma": "khong_co"},
        {"ky": "2019-01"},
        {"ky": "thang ba"},
        {"don_vi": "khong-co"},
        {"don_vi": "a\0b"},
        {"noi_dung": "a\0b"},
        {"noi_dung": "a\nb"},
    ],
)
def test_what_is_no_figure_or_no_text_is_told(look, written, values):
    found = send(look, "can_bo", **values)
    assert found.status_code in (400, 404)
    of_ours(found)
    assert written() == []


def test_what_stands_out_is_listed_with_its_evidence_and_comments(look):
    """The year before: forty a month. In March the sở received four, the commune two."""
    send(look, "can_bo", don_vi=XA, noi_dung="Xã nghỉ một tuần")
    send(look, "can_bo", don_vi=XA, loai="theo_doi", noi_dung="")
    # Who looks → whether they read what is said of the commune's figure, and of which units they write.
    people = {
        "can_bo": (True, {SO, XA}),
        "cua_xa": (True, {XA}),
        "cua_so": (False, {SO}),
        "xem": (False, set()),
    }
    for who, (reads, writes) in people.items():
        text = look(who).get("/cong-bo/bat-thuong?ky=2025-03").text
        [body] = re.findall("<tbody>.*?</tbody>", text, re.DOTALL)
        rows = re.findall("<tr.*?</tr>", body, re.DOTALL)
        evidence = {"Sở Xây dựng": "4", "UBND Phường 1": "2"}
        for name, figure in evidence.items():
            assert any(f"<small>{name}" in row and f"Tháng 03/2025: {figure};" in row for row in rows), body
        assert ("Xã nghỉ một tuần" in body) is reads
        assert ("đang theo dõi" in body) is reads
        written_of = set(re.findall(r'name="don_vi" value="([^"]*)"', body))
        assert {unit for unit in written_of if not unit.startswith("TONG:")} - {HUYEN} == writes
        # A unit finds its own first.
        assert ('class="own"' in rows[0]) is who.startswith("cua_")


def test_a_part_is_a_page_for_who_has_no_scripts(look):
    address = "/cong-bo/bat-thuong?ky=2025-03"
    assert "<html" in look("xem").get(address).text
    assert "<html" not in look("xem").get(address, headers={"hx-request": "true"}).text
