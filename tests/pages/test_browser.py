"""What people do with the pages, in a real browser: paths, narrow screens, keyboard, paper, accessibility."""

import re

import pytest
from playwright.sync_api import expect

from tests.pages.browsing import NARROW, assert_usable, keep
from tests.world import SO, XA

pytestmark = [pytest.mark.long, pytest.mark.stack]

MONTH = "ky_loai=thang&ky=2025-03"
PAGES = {
    "scoreboard": "/?" + MONTH,
    "scoreboard, empty": "/?ky_loai=thang&ky=2031-01",
    "indicator": "/chi-so/dung_han_06a?" + MONTH,
    "dossiers": "/chi-so/dung_han_06a/ho-so?" + MONTH + "&phan=con_lai",
    "units": "/don-vi?" + MONTH,
    "unit": f"/don-vi/mot?ma={SO}&{MONTH}",
    "changed rows": "/chi-so/dung_han_06a/thay-doi?" + MONTH + "&nguyen_nhan=den_muon",
    "publication": "/cong-bo?ky=2025-03",
    "publication, empty": "/cong-bo?ky=2031-01",
    "conditions": "/cong-bo/dieu-kien?ky=2025-03",
    "findings": "/cong-bo/bat-thuong?ky=2025-03",
    "notes": f"/cong-bo/ghi-chu?{MONTH}&ma=dung_han_06a&don_vi={SO}",
    "operations": "/van-hanh",
    "batch": "/van-hanh/lo/1",
    "run": "/van-hanh/lan-chay?dag_id=ingest_tthc&run_id=x",
    "error": "/chi-so/khong_co",
}


@pytest.mark.parametrize("path", PAGES.values(), ids=[*PAGES])
def test_a_page_is_usable_by_all(visit, path, request):
    """No serious finding of axe-core, and on a narrow screen nothing is wider than it."""
    found = visit("can_bo").go(path)
    keep(found.page, f"{request.node.name}-wide")
    assert_usable(found.page)


@pytest.fixture
def long_name(pages_world):
    """The sở as a source may call it."""
    change = "UPDATE {} SET ten_don_vi = '{}' WHERE ma_don_vi = '{}'"
    tables = ("core.don_vi", "mart.chi_so")
    for name in ("Sở " + "W" * 700, "Sở Xây dựng"):
        with pages_world.engine.begin() as connection:
            for table in tables:
                connection.exec_driver_sql(change.format(table, name, SO))
        if name != "Sở Xây dựng":
            yield


@pytest.mark.usefixtures("long_name")
def test_a_long_word_makes_no_page_wider_than_the_screen(visit):
    for who in ("can_bo", "cua_so"):
        found = visit(who)
        found.page.set_viewport_size(NARROW)
        for name in ("scoreboard", "indicator", "dossiers", "units", "unit"):
            found.go(PAGES[name] + (f"&don_vi={SO}" if name == "indicator" else ""))
            assert found.page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"], (who, name)


def test_what_is_drawn_is_not_read_out(visit):
    """The chart says what it is in Vietnamese; Vega says of axes and marks in English what they are."""
    page = visit("xem").go(PAGES["indicator"]).page
    expect(page.locator("[data-spec] svg")).to_have_attribute("aria-hidden", "true")
    said = page.evaluate("[...document.querySelectorAll('[data-spec] [aria-label]')].length")
    assert said == 0


def test_an_officer_goes_from_the_scoreboard_to_the_dossiers_that_were_late(visit):
    page = visit("can_bo").go(PAGES["scoreboard"]).page
    page.get_by_role("link", name="Tỷ lệ hồ sơ giải quyết trước hạn, đúng hạn").click()
    # By hand: four of six ended in time.
    expect(page.locator(".facts")).to_contain_text("66,67 %")
    expect(page.locator("[data-spec] svg")).to_be_visible()
    page.get_by_role("link", name="Sở Xây dựng").click()
    expect(page.locator(".facts")).to_contain_text("75,00 %")
    page.get_by_role("button", name="Hồ sơ sau con số này").or_(
        page.get_by_role("link", name="Hồ sơ sau con số này")
    ).click()
    page.get_by_label("Phần").select_option("con_lai")
    expect(page.get_by_role("region", name="Các dòng").locator("tbody tr")).to_have_count(1)
    expect(page.get_by_role("region", name="Các dòng")).to_contain_text("000.00.01.H59-250305-0004")
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    assert b"000.00.01.H59-250305-0004" in download.value.path().read_bytes()


def test_another_period_is_shown_without_loading_the_page_again(visit):
    page = visit("can_bo").go(PAGES["scoreboard"]).page
    page.evaluate("window.same = true")
    page.get_by_label("Loại kỳ").select_option("quy")
    expect(page.get_by_role("heading", name="Bảng điểm").locator("xpath=..")).to_contain_text("Quý")
    assert page.evaluate("window.same") is True
    assert "ky_loai=quy" in page.url


def test_somebody_of_a_unit_finds_their_page_and_form(visit):
    page = visit("cua_xa").go("/").page
    page.get_by_role("navigation", name="Các trang").get_by_role("link", name="UBND Phường 1").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("UBND Phường 1")
    expect(page.get_by_role("heading", name="Hồ sơ quá hạn")).to_be_visible()
    page.goto(f"{page.url}&{MONTH}")
    with page.expect_download() as download:
        page.get_by_role("link", name="Tải phiếu khai").click()
    assert download.value.suggested_filename == f"phieu_{XA}_2025-03.xlsx"


def test_an_engineer_goes_from_what_waits_to_a_batch(visit):
    page = visit("can_bo").go("/van-hanh").page
    page.get_by_role("region", name="Các lô").locator("tbody th a").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Lô")
    expect(page.get_by_role("heading", name="Lần chạy")).to_be_visible()


def test_the_first_key_leads_past_the_menu(visit):
    page = visit("xem").go("/").page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Đến nội dung"
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("#noi-dung$"))


def test_a_page_is_printed_without_its_menu(visit):
    page = visit("xem").go(PAGES["scoreboard"]).page
    page.emulate_media(media="print")
    expect(page.locator("header")).to_be_hidden()
    expect(page.locator("table.board")).to_be_visible()
    assert page.pdf(format="A4", landscape=True).startswith(b"%PDF")


def test_a_choice_keeps_the_focus(visit):
    page = visit("xem").go(PAGES["scoreboard"]).page
    page.get_by_label("Loại kỳ").focus()
    page.get_by_label("Loại kỳ").select_option("quy")
    expect(page.get_by_role("heading", name="Bảng điểm").locator("xpath=..")).to_contain_text("Quý")
    assert page.evaluate("document.activeElement.name") == "ky_loai"


@pytest.mark.parametrize("answer", [None, 503])
def test_a_choice_that_fails_is_said_to_and_goes_back(visit, answer):
    page = visit("xem").go(PAGES["scoreboard"]).page
    fail = (lambda r: r.fulfill(status=answer, body="")) if answer else (lambda r: r.abort())
    page.route("**/*ky_loai=quy*", fail)
    page.get_by_label("Loại kỳ").select_option("quy")
    expect(page.get_by_role("alert")).to_contain_text("Không tải được")
    expect(page.get_by_label("Loại kỳ")).to_have_value("thang")
    expect(page.locator("table.board")).to_be_visible()


def test_without_scripts_everything_but_charts_is_there(visit):
    page = visit("can_bo", java_script_enabled=False).go(PAGES["scoreboard"]).page
    page.get_by_label("Loại kỳ").select_option("quy")
    page.get_by_role("button", name="Xem").click()
    assert "ky_loai=quy" in page.url
