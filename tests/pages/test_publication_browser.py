"""What people do with Công bố in a real browser."""

import pytest
from playwright.sync_api import expect

from tests.pages.browsing import assert_usable
from tests.pages.closed_month import closed_month, with_a_year_before
from tests.world import SO, XA, World, code

pytestmark = [pytest.mark.long, pytest.mark.stack]

MARCH = "/cong-bo?ky=2025-03"
ASKED = (
    "INSERT INTO ops.de_nghi (dag_id, run_id, task_id, map_index, loai, ky, ma_don_vi, luc, han, nguoi) "
    "VALUES "
    f"('confirm_chi_so', 'lich__2025-05-05', 'hoi', 3, 'xac_nhan', '2025-04', '{XA}', '2025-05-05', "
    "'2099-05-07', 'lich'), "
    "('publish_chi_so', 'lich__2025-05-08', 'hoi', -1, 'chot', '2025-04', NULL, '2025-05-08', '2099-05-12', "
    "'chi_cuc')"
)


@pytest.fixture(scope="module")
def pages_world(make_world) -> World:
    world = closed_month(make_world())
    with_a_year_before(world)
    with world.engine.begin() as connection:
        connection.exec_driver_sql(ASKED)
    return world


@pytest.mark.parametrize("who", ["can_bo", "cua_xa", "xem"])
@pytest.mark.parametrize(
    "path",
    [
        MARCH,
        "/cong-bo?ky=2025-04",
        "/cong-bo/bat-thuong?ky=2025-03",
        "/cong-bo/dieu-kien?ky=2025-04",
        f"/chi-so/dung_han_06a?ky_loai=thang&ky=2025-03&don_vi={XA}",
        f"/don-vi/mot?ma={XA}&ky_loai=thang&ky=2025-03",
        "/?ky_loai=thang&ky=2025-03",
    ],
)
def test_a_page_of_a_closed_month_is_usable_by_all(visit, path, who):
    found = visit(who).go(path)
    found.page.evaluate("document.querySelectorAll('main details').forEach((one) => { one.open = true; })")
    assert_usable(found.page)


@pytest.mark.parametrize(
    "path",
    [
        f"/chi-so/dung_han_06a/thay-doi?ky_loai=thang&ky=2025-03&nguyen_nhan=den_muon&don_vi={XA}",
        f"/chi-so/dung_han_06a/ho-so?ky_loai=thang&ky=2025-03&don_vi={XA}",
        f"/cong-bo/ghi-chu?ky_loai=thang&ky=2025-03&ma=tiep_nhan&don_vi={XA}",
    ],
)
def test_a_page_with_rows_of_a_closed_month_is_usable_by_all(visit, path):
    assert_usable(visit("cua_xa").go(path).page)


def test_an_officer_goes_from_what_waits_to_the_dossier_that_came_late(visit):
    page = visit("can_bo").go(MARCH).page
    page.locator("#chon-don-vi").select_option(XA)
    table = page.get_by_role("region", name="Con số chờ đính chính")
    row = table.get_by_role("row").filter(has_text="giải quyết trước hạn")
    expect(row).to_contain_text("33,33 %")
    row.get_by_role("link", name="đến sau khi chốt").click()
    expect(page.get_by_role("region", name="Các dòng khác đi")).to_contain_text(code(8))
    expect(page.get_by_role("region", name="Các dòng khác đi")).to_contain_text("Không có → có")


def test_a_figure_is_read_as_it_was_first_published(visit):
    page = visit("can_bo").go("/chi-so/dung_han_06a/ho-so?ky_loai=thang&ky=2025-03&phan=con_lai").page
    rows = page.get_by_role("region", name="Các dòng").locator("tbody tr")
    expect(rows).to_have_count(1)
    page.get_by_label("Bản").select_option("0")
    expect(rows).to_have_count(2)
    expect(page.get_by_role("note")).to_contain_text("bản 0, đã có bản mới hơn")


@pytest.mark.parametrize("scripts", [True, False])
def test_a_unit_comments_on_what_stands_out_with_the_keyboard(visit, scripts):
    page = visit("cua_so", java_script_enabled=scripts).go(MARCH).page
    if not scripts:
        page.get_by_role("link", name="Danh sách con số bất thường").click()
    table = page.get_by_role("region", name="Các con số bất thường")
    own = table.get_by_role("row").filter(has_text="Sở Xây dựng").first
    expect(own).to_contain_text("cả 12 tháng trước đều 40")
    own.locator("summary").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    text = f"Giảm vì đợt nghỉ, {'có' if scripts else 'không có'} mã lệnh"
    page.keyboard.type(text)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Ghi chú một con số")
    expect(page.get_by_role("main")).to_contain_text(text)
    page.get_by_role("button", name="Theo dõi").click()
    expect(page.locator(".facts")).to_contain_text("đang theo dõi")
    page.get_by_role("button", name="Thôi theo dõi").click()
    expect(page.locator(".facts")).not_to_contain_text("đang theo dõi")


def test_a_refused_comment_is_said_and_can_be_mended(visit):
    page = visit("can_bo").go(f"/cong-bo/ghi-chu?ky_loai=thang&ky=2025-03&ma=tiep_nhan&don_vi={SO}").page
    page.get_by_label("Lời ghi").fill("Hỏi Nguyễn Thị Hoa")
    page.get_by_role("button", name="Ghi chú").click()
    expect(page.get_by_role("alert").first).to_contain_text("Chưa ghi: Ghi chú có thể chứa tên người")
    expect(page.get_by_label("Lời ghi")).to_have_value("Hỏi Nguyễn Thị Hoa")
    page.get_by_label("Lời ghi").fill("Hỏi văn thư")
    page.get_by_role("button", name="Ghi chú").click()
    expect(page.get_by_role("region", name="Đã ghi")).to_contain_text("Hỏi văn thư")


def test_another_site_cannot_write_a_comment(visit, pages_world):
    """A browser that is logged in is made to send the form from a page of another origin."""
    found = visit("can_bo")
    before = pages_world.rows("SELECT count(*) FROM ops.ghi_chu")
    # The same host under another name: the login is sent along, the origin is another.
    elsewhere = found.address.replace("127.0.0.1", "localhost")
    found.page.context.add_cookies([{"name": "who", "value": "can_bo", "url": elsewhere}])
    found.page.route(
        "http://la.localhost/",
        lambda route: route.fulfill(
            content_type="text/html",
            body=f'<form method="post" action="{elsewhere}/cong-bo/ghi-chu">'
            '<input name="ma" value="tiep_nhan">'
            f'<input name="don_vi" value="{SO}"><input name="ky_loai" value="thang"><input name="ky" '
            'value="2025-03"><input name="noi_dung" value="x"><button name="loai" value="ghi_chu">x</button>'
            "</form>",
        ),
    )
    found.page.goto("http://la.localhost/")
    found.page.get_by_role("button").click()
    expect(found.page.get_by_role("heading", level=1)).to_contain_text("Không có quyền")
    found.elsewhere.clear()
    assert pages_world.rows("SELECT count(*) FROM ops.ghi_chu") == before


def test_open_questions_lead_to_airflow_s_own_page_of_them(visit):
    page = visit("can_bo").go("/cong-bo?ky=2025-04").page
    table = page.get_by_role("region", name="Câu hỏi")
    link = table.get_by_role("link").filter(has_text="Chốt tháng 04/2025")
    address = "/dags/publish_chi_so/runs/lich__2025-05-08/tasks/hoi/required_actions"
    expect(link).to_have_attribute("href", address)
    # The unit is asked for its own, and sees that the province is asked.
    page = visit("cua_xa").go("/cong-bo?ky=2025-04").page
    table = page.get_by_role("region", name="Câu hỏi")
    link = table.get_by_role("link")
    expect(link).to_have_count(1)
    address = "/dags/confirm_chi_so/runs/lich__2025-05-05/tasks/hoi/mapped/3/required_actions"
    expect(link).to_have_attribute("href", address)
    expect(page.get_by_role("note").first).to_contain_text("chưa xác nhận")
    page = visit("xem").go("/cong-bo?ky=2025-04").page
    expect(page.get_by_role("region", name="Câu hỏi").get_by_role("link")).to_have_count(0)


def test_the_whole_hash_can_be_copied(visit, pages_world):
    page = visit("xem").go(MARCH).page
    [(whole,)] = pages_world.rows("SELECT ma_bam FROM ops.so_cai ORDER BY so DESC LIMIT 1")
    page.get_by_text(whole[:12]).click()
    expect(page.get_by_label("SHA-256 của dòng sổ 4")).to_have_value(whole)


def test_another_month_is_shown_without_loading_the_page_again_and_keeps_the_focus(visit):
    page = visit("xem").go(MARCH).page
    page.evaluate("window.same = true")
    page.locator("#chon-ky").focus()
    page.locator("#chon-ky").select_option("2025-04")
    expect(page.get_by_role("heading", level=1).locator("xpath=..")).to_contain_text("Tháng 04/2025")
    expect(page.get_by_role("region", name="Điều kiện trước khi chốt")).to_be_visible()
    assert page.evaluate("window.same") is True
    assert page.evaluate("document.activeElement.name") == "ky"


def test_it_is_printed_without_its_forms(visit):
    page = visit("can_bo").go(MARCH).page
    page.emulate_media(media="print")
    expect(page.locator("header")).to_be_hidden()
    expect(page.locator("form.choice").first).to_be_hidden()
    expect(page.get_by_role("region", name="Các dòng sổ")).to_be_visible()
    assert page.pdf(format="A4", landscape=True).startswith(b"%PDF")


def test_without_scripts_every_part_is_there(visit):
    page = visit("can_bo", java_script_enabled=False).go("/cong-bo?ky=2025-04").page
    page.get_by_role("link", name="Còn thiếu gì trước khi chốt").click()
    expect(page.get_by_role("region", name="Điều kiện trước khi chốt")).to_be_visible()
    page.get_by_role("main").get_by_role("link", name="Công bố").click()
    page.locator("#chon-ky").select_option("2025-03")
    page.get_by_role("button", name="Xem").first.click()
    expect(page.get_by_role("region", name="Con số chờ đính chính")).to_be_visible()
