"""A unit's page shows the unit of the period that is asked for."""

import io

import openpyxl
import pytest

from tests.world import HUYEN

PROVINCE_UNIT = "000.00.00.H59"
OLD, NEW = "UBND Thành phố Trà Vinh", "UBND Thành phố sau khi đổi tên"


@pytest.fixture
def renamed(pages_world):
    """The same code under a new name from 1 April on."""
    columns = pages_world.rows(
        "SELECT string_agg(column_name, ', ' ORDER BY ordinal_position) FROM information_schema.columns "
        "WHERE table_schema = 'core' AND table_name = 'don_vi' "
        "AND column_name NOT IN ('valid_from', 'valid_to', 'ten_don_vi')"
    )[0][0]
    code = f"ma_don_vi = '{HUYEN}'"
    with pages_world.engine.begin() as connection:
        connection.exec_driver_sql(
            f"INSERT INTO core.don_vi (valid_from, valid_to, ten_don_vi, {columns}) "
            f"SELECT '2025-04-01', valid_to, '{NEW}', {columns} FROM core.don_vi WHERE {code}"
        )
        connection.exec_driver_sql(
            f"UPDATE core.don_vi SET valid_to = '2025-03-31' WHERE {code} AND ten_don_vi = '{OLD}'"
        )
    yield
    with pages_world.engine.begin() as connection:
        connection.exec_driver_sql(f"DELETE FROM core.don_vi WHERE {code} AND ten_don_vi = '{NEW}'")
        connection.exec_driver_sql(f"UPDATE core.don_vi SET valid_to = 'infinity' WHERE {code}")


@pytest.mark.usefixtures("renamed")
@pytest.mark.parametrize(("ky", "name"), [("2025-03", OLD), ("2025-04", NEW)])
def test_a_renamed_unit_has_the_name_of_the_period_on_its_page_and_form(look, ky, name):
    page = look("can_bo").get(f"/don-vi/mot?ma={HUYEN}&ky={ky}").text
    assert f"<h1>{name}</h1>" in page
    assert "hết hiệu lực" not in page
    form = look("can_bo").get(f"/don-vi/phieu.xlsx?ma={HUYEN}&ky={ky}")
    assert form.status_code == 200, form.text
    book = openpyxl.load_workbook(io.BytesIO(form.content))
    cells = [str(value) for sheet in book for row in sheet.iter_rows(values_only=True) for value in row]
    assert any(name in cell for cell in cells)


@pytest.mark.parametrize(("unit", "ky"), [(PROVINCE_UNIT, "2025-03"), (HUYEN, "2099-01")])
def test_there_is_no_form_of_who_declares_nothing_or_of_a_month_to_come(look, unit, ky):
    found = look("can_bo").get(f"/don-vi/phieu.xlsx?ma={unit}&ky={ky}")
    assert found.status_code == 404, found.status_code
