"""Whatever goes wrong, the answer is a page of ours, in Vietnamese, with the headers of every page."""

import re

import pytest

from tests.pages.test_rights import ASKED, MONTH
from tests.pages.test_rows_behind import ENGLISH, main_of
from tests.world import SO


def of_ours(found) -> str:
    """What the page says; it has to be one of ours."""
    assert found.headers["content-type"] == "text/html; charset=utf-8"
    assert found.headers["cache-control"] == "private, no-store"
    assert "frame-ancestors 'self'" in found.headers["content-security-policy"]
    said = main_of(found.text)
    assert not ENGLISH.search(re.sub("SELECT .*?;", "", said)), said
    return said


@pytest.mark.parametrize("address", [asked.format(unit=SO) for asked in ASKED.values()])
@pytest.mark.parametrize("how", ["get", "head"])
def test_what_nobody_thought_of_is_told_and_logged(look, monkeypatch, caplog, address, how):
    def broken(*_, **__):
        raise RuntimeError("the secret of a row")

    monkeypatch.setattr("cchc.pages.viewer.Reading.rows", broken)
    monkeypatch.setattr("cchc.pages.viewer.run_sql_file", broken)
    found = getattr(look("can_bo"), how)(address)
    assert found.status_code == 500
    if how == "head":
        assert not found.content
    else:
        assert "Trang này gặp lỗi" in of_ours(found)
        assert "secret" not in found.text
    assert "RuntimeError" in caplog.text


@pytest.mark.parametrize(
    ("method", "address", "code"),
    [
        ("GET", "/khong-co", 404),
        ("GET", "/static/khong-co.js", 404),
        ("GET", "/don-vi/" + SO, 404),
        ("POST", "/", 405),
        ("DELETE", "/don-vi", 405),
        ("PUT", "/static/pages.css", 405),
        ("GET", f"/chi-so/dung_han_06a/ho-so?{MONTH}&phan=x", 400),
        ("GET", f"/chi-so/dung_han_06a/ho-so?{MONTH}&xep=x", 404),
        ("GET", f"/chi-so/dung_han_06a/ho-so?{MONTH}&phan=mau_so&ky_loai=x", 400),
        ("GET", f"/chi-so/khong_co?{MONTH}", 404),
        ("GET", f"/chi-so/T7/ho-so?{MONTH}", 404),
        ("GET", f"/chi-so/T16/ho-so?{MONTH}", 404),
        ("GET", f"/chi-so/T15/ho-so?{MONTH}&phan=mau_so", 404),
        ("GET", "/chi-so/dung_han_06a/ho-so?ky_loai=thang&ky=2031-01", 404),
        ("GET", "/?ky=13/2025", 400),
        ("GET", "/?ky_loai=tuan", 400),
        ("GET", "/don-vi/mot?ma=khong-co", 404),
        ("GET", f"/don-vi/phieu.xlsx?ma={SO}&ky=thang-3", 400),
        ("GET", f"/don-vi/phieu.xlsx?ma={SO}&ky=2099-01", 404),
        ("GET", f"/tep/tre-han.xlsx?{MONTH}&don_vi=TONG:xa", 404),
        ("GET", f"/tep/bieu-06a.xlsx?{MONTH}&don_vi=khong-co", 404),
        ("GET", "/tep/phu-luc.xlsx?ky_loai=thang&ky=2025-Q1", 404),
        ("GET", "/tep/phu-luc.xlsx?ky_loai=thang&ky=2031-01", 404),
        ("GET", "/tep/phu-luc.xlsx?ky_loai=ky_bao_cao&ky=2025-01", 404),
        ("GET", "/van-hanh/lo/99", 404),
        ("GET", "/van-hanh/lo/abc", 400),
    ],
)
def test_every_refusal_is_in_vietnamese(look, method, address, code):
    found = look("can_bo").request(method, address)
    assert found.status_code == code, found.text
    of_ours(found)
    assert ("GET" in found.headers.get("allow", "")) is (code == 405)


@pytest.mark.usefixtures("without_form")
@pytest.mark.parametrize("name", ["bieu-06a.xlsx", "du-thao.docx"])
def test_a_form_that_was_not_written_is_told(look, name):
    found = look("xem").get(f"/tep/{name}?{MONTH}&don_vi={SO}")
    assert found.status_code == 409
    assert "Biểu II.06a tháng 03/2025 chưa được lập" in of_ours(found)


@pytest.fixture
def without_form(pages_world):
    """March without report II.06a, as between two versions of its definition."""
    with pages_world.engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE public.giu AS SELECT * FROM mart.bieu_06a")
        connection.exec_driver_sql("DELETE FROM mart.bieu_06a")
    yield
    with pages_world.engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO mart.bieu_06a SELECT * FROM public.giu")
        connection.exec_driver_sql("DROP TABLE public.giu")


@pytest.mark.parametrize("name", ["o'brien", "xem');DROP/**/TABLE/**/x;--"])
@pytest.mark.parametrize("address", ["/van-hanh", f"/chi-so/dung_han_06a/ho-so?{MONTH}"])
def test_the_statement_that_gives_a_right_is_one_whatever_the_name(look, pages_world, name, address):
    said = main_of(look(name).get(address).text)
    [statement] = re.findall(r"SELECT ops\.gan_nguoi_xem\(.*\);", said)
    statement = statement.replace("'mã đơn vị'", "NULL")
    with pages_world.engine.connect() as connection:
        connection.exec_driver_sql(statement.replace("%", "%%"))
        held = connection.exec_driver_sql("SELECT ten_dang_nhap FROM ops.nguoi_xem").scalars().all()
        connection.rollback()
    assert name in held


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("ky_loai=quy&ky=2025-03", "Tháng 03/2025 thuộc loại kỳ khác: dưới đây là Quý 1/2025."),
        ("ky_loai=quy&ky=2031-01", "Tháng 01/2031 thuộc loại kỳ khác: dưới đây là Quý 1/2031."),
        ("ky_loai=nam&ky=2019-05", "Tháng 05/2019 thuộc loại kỳ khác: dưới đây là Năm 2019."),
        ("ky_loai=ky_bao_cao&ky=2025-H1", None),
        ("ky_loai=thang&ky=2031-01", None),
    ],
)
@pytest.mark.parametrize("address", ["/?", "/don-vi?", f"/don-vi/mot?ma={SO}&", "/chi-so/T9?"])
def test_another_period_than_the_one_asked_for_is_never_shown_silently(look, address, asked, told):
    said = main_of(look("xem").get(f"{address}{asked}").text)
    assert ("thuộc loại kỳ khác" in said) is bool(told)
    if told:
        assert told in said


def test_a_file_is_of_the_period_that_was_asked_for(look):
    address = "/chi-so/dung_han_06a/ho-so?tep=csv&ky_loai=quy&ky="
    assert look("can_bo").get(address + "2025-Q1").status_code == 200
    for ky in ("2025-03", "2031-01", "2031-Q1"):
        found = look("can_bo").get(address + ky)
        assert found.status_code == 404
        of_ours(found)
