"""Every address of the pages, asked for as everybody, against the table in docs/security.md."""

import io
import re
import zipfile

import pytest
import sqlalchemy as sa

from cchc.pages.viewer import reading_as
from tests.migrating import ROOT
from tests.world import HUYEN, SO, XA

PAGE = ROOT / "docs" / "security.md"
MONTH = "ky_loai=thang&ky=2025-03"
# Address → what it is asked with, for the unit in braces.
ASKED = {
    "/": "/?" + MONTH,
    "/chi-so/{ma}": "/chi-so/dung_han_06a?" + MONTH + "&don_vi={unit}",
    "/chi-so/{ma}/cach-doc": "/chi-so/T9/cach-doc?" + MONTH + "&don_vi={unit}",
    "/chi-so/{ma}/ho-so": "/chi-so/dung_han_06a/ho-so?" + MONTH + "&don_vi={unit}",
    "/chi-so/{ma}/thay-doi": "/chi-so/dung_han_06a/thay-doi?" + MONTH + "&nguyen_nhan=den_muon&don_vi={unit}",
    "/cong-bo": "/cong-bo?ky=2025-03&don_vi={unit}",
    "/cong-bo/bat-thuong": "/cong-bo/bat-thuong?ky=2025-03",
    "/cong-bo/dieu-kien": "/cong-bo/dieu-kien?ky=2025-03",
    "/cong-bo/ghi-chu": "/cong-bo/ghi-chu?" + MONTH + "&ma=dung_han_06a&don_vi={unit}",
    "/don-vi": "/don-vi?" + MONTH,
    "/don-vi/mot": "/don-vi/mot?ma={unit}&" + MONTH,
    "/don-vi/loi": "/don-vi/loi?ma={unit}",
    "/don-vi/loi.xlsx": "/don-vi/loi.xlsx?ma={unit}",
    "/don-vi/phieu.xlsx": "/don-vi/phieu.xlsx?ma={unit}&ky=2025-03",
    "/tep/bieu-06a.xlsx": "/tep/bieu-06a.xlsx?" + MONTH + "&don_vi={unit}",
    "/tep/phu-luc.xlsx": "/tep/phu-luc.xlsx?" + MONTH + "&don_vi={unit}",
    "/tep/du-thao.docx": "/tep/du-thao.docx?" + MONTH + "&don_vi={unit}",
    "/tep/tre-han.xlsx": "/tep/tre-han.xlsx?" + MONTH + "&don_vi={unit}",
    "/van-hanh": "/van-hanh",
    "/van-hanh/lo/{batch_id}": "/van-hanh/lo/1",
    "/van-hanh/lan-chay": "/van-hanh/lan-chay?dag_id=ingest_tthc&run_id=x",
}
# Who stands for a column of the table.
PEOPLE = ("can_bo", "cua_so", "xem")
DOSSIER = re.compile(r"000\.00\.01\.H59-250305-\d{4}")


def told() -> dict[str, list[str]]:
    """Address → what an officer, a unit and a reader of figures may, by the page."""
    text = PAGE.read_text(encoding="utf-8")
    [section] = re.findall(r"^## Pages\n(.*?)^## ", text, re.MULTILINE | re.DOTALL)
    lines = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("| `")]
    return {first.strip(" `"): [cell.strip() for cell in others] for first, *others in lines}


def dossiers_in(content: bytes) -> set[str]:
    """Which dossiers an answer names; what is in it of XLSX and DOCX is packed."""
    parts = [content]
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            parts = [package.read(name) for name in package.namelist()]
    return {found for part in parts for found in DOSSIER.findall(part.decode("utf-8", "replace"))}


def test_dossiers_in_files_are_seen(look):
    """Else nothing would be found in the files of others either."""
    for file in ("/tep/tre-han.xlsx?" + MONTH, "/chi-so/dung_han_06a/ho-so?tep=xlsx&phan=con_lai&" + MONTH):
        answer = look("cua_xa").get(f"{file}&don_vi={XA}")
        assert dossiers_in(answer.content) == {"000.00.01.H59-250305-0006"}


def test_the_table_holds_every_address(look):
    served = {route.path for route in look.app.routes if getattr(route, "methods", None)}
    assert served == set(told()) == set(ASKED)


def test_nothing_but_reading_is_served_and_comments_are_taken(look):
    """How a comment is written: tests/pages/test_notes.py."""
    served = {(route.path, m) for route in look.app.routes for m in getattr(route, "methods", None) or ()}
    assert {(path, method) for path, method in served if method not in ("GET", "HEAD")} == {
        ("/cong-bo/ghi-chu", "POST")
    }


@pytest.mark.parametrize("address", ASKED)
@pytest.mark.parametrize(("place", "who"), [*enumerate(PEOPLE)])
def test_every_address_answers_as_the_page_says(look, address, place, who):
    expected = told()[address][place]
    for unit in (SO, XA):
        answer = look(who).get(ASKED[address].format(unit=unit))
        may = expected == "all" or (expected == "own" and unit == SO)
        assert answer.status_code == (200 if may else 403), (unit, answer.text[:400])


@pytest.mark.parametrize("address", ASKED)
def test_without_a_login_every_address_leads_to_it(look, address):
    wanted = ASKED[address].format(unit=SO)
    answer = look(None).get(wanted)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/dang-nhap?next=%2F")
    assert look(None).get(wanted, headers={"accept": "application/json"}).status_code == 401


@pytest.mark.parametrize("address", [address for address, asked in ASKED.items() if "{unit}" in asked])
def test_a_unit_reads_no_dossier_of_another_on_any_page(look, pages_world, address):
    """The sở has the dossiers 1 to 4, the commune 5 and 6."""
    found = set()
    for unit in (SO, XA, HUYEN, "TONG:toan_tinh", "TONG:xa"):
        for more in ("", "&phan=con_lai", "&phan=mau_so", "&tep=csv", "&tep=xlsx&phan=mau_so"):
            found |= dossiers_in(look("cua_xa").get(ASKED[address].format(unit=unit) + more).content)
    assert found <= {f"000.00.01.H59-250305-{number:04d}" for number in (5, 6)}


def test_a_unit_sees_its_own_dossiers(look):
    answer = look("cua_xa").get(ASKED["/chi-so/{ma}/ho-so"].format(unit=XA) + "&phan=mau_so")
    assert set(DOSSIER.findall(answer.text)) == {f"000.00.01.H59-250305-{n:04d}" for n in (5, 6)}


def test_a_page_can_write_nothing(look):
    with reading_as(look.app.state.engine, "can_bo") as read, pytest.raises(sa.exc.InternalError):
        read.connection.exec_driver_sql("DELETE FROM ops.batch")


def test_the_login_of_the_pages_reads_nothing_by_itself(look):
    with look.app.state.engine.connect() as connection:
        for table in ("mart.chi_so", "core.ho_so", "ops.batch", "ops.nguoi_xem"):
            with pytest.raises(sa.exc.ProgrammingError), connection.begin_nested():
                connection.exec_driver_sql(f"SELECT * FROM {table}")


def test_nobody_else_passes_for_somebody_of_a_unit(pages_world):
    """Only the login of the pages can say for whom it reads."""
    with pages_world.engine.connect() as connection:
        connection.exec_driver_sql("CREATE ROLE thu_gia LOGIN IN ROLE cchc_don_vi")
        connection.exec_driver_sql("SET LOCAL SESSION AUTHORIZATION thu_gia")
        connection.exec_driver_sql("SELECT set_config('cchc.nguoi_xem', 'cua_so', TRUE)")
        assert connection.exec_driver_sql("SELECT count(*) FROM core.ho_so").scalar_one() == 0
        connection.rollback()


def test_one_viewer_s_rights_do_not_stay_for_the_next(look):
    """Sessions are used again: what was set for one ends with the transaction."""
    for _ in range(20):
        assert look("can_bo").get("/van-hanh").status_code == 200
        assert look("xem").get("/van-hanh").status_code == 403


# A line break ends a comment of SQL, and what stands behind it would be run.
INJECTED = (
    "x\nCOMMIT; SET ROLE cchc_steward; SELECT ops.gan_nguoi_xem($$xem$$); RESET ROLE; COMMIT; BEGIN; "
    "SET LOCAL ROLE cchc_bi; --"
)


@pytest.mark.parametrize("path", [asked.partition("?")[0].format(unit=SO) for asked in ASKED.values()])
def test_sql_in_a_parameter_stays_a_value(look, pages_world, path):
    """What a comment of a statement names is no part of the statement."""
    seen = "SELECT ten_dang_nhap, ma_don_vi FROM ops.nguoi_xem ORDER BY 1"
    before = pages_world.rows(seen)
    for who in ("xem", "cua_so", "can_bo"):
        for name in ("don_vi", "tim", "xep", "dataset", "run_id", "ky", "linh_vuc"):
            look(who).get(path, params={"ky_loai": "thang", "ky": "2025-03"} | {name: INJECTED})
    assert pages_world.rows(seen) == before
    assert look("xem").get("/van-hanh").status_code == 403


@pytest.mark.parametrize(
    "path",
    [
        f"/tep/phu-luc.xlsx?{MONTH}&don_vi=a%00b",
        "/van-hanh?dataset=%00",
        "/van-hanh/lan-chay?dag_id=%00&run_id=x",
        "/chi-so/a%00b",
        "/van-hanh/lo/9223372036854775808",
    ],
)
def test_what_the_warehouse_cannot_hold_is_answered_with_a_page(look, path):
    answer = look("can_bo").get(path)
    assert answer.status_code in (400, 404)
    assert "Không" in answer.text
    assert answer.headers["cache-control"] == "private, no-store"
    assert "content-security-policy" in answer.headers


def test_where_no_session_is_free_the_page_says_so(look, monkeypatch):
    def none_free(*_):
        raise sa.exc.TimeoutError("QueuePool limit")

    monkeypatch.setattr(look.app.state.engine.pool, "connect", none_free)
    answer = look("can_bo").get("/")
    assert answer.status_code == 503
    assert "Kho dữ liệu không trả lời" in answer.text
