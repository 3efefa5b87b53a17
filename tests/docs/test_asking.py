"""The queries in the docs run as they are written, and those for readers of figures find something."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.world import HUYEN, SO, XA, World, code

DOCS = Path(__file__).parents[2] / "docs"
LISTS = {"mart.ho_so_qua_han", "mart.ho_so_sap_den_han", "mart.dong_loi", "mart.ghi_chu"}
# What is right in a healthy warehouse: nothing to reconcile; and of four months nothing is said to stand out.
FINDS_NOTHING = {"mart.doi_chieu_06a", "mart.bat_thuong"}


def queries(page: str) -> Iterator[str]:
    """The statements of a page's sql blocks, without comments, one by one."""
    text = (DOCS / page).read_text(encoding="utf-8")
    for block in re.findall(r"^```sql\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        for statement in re.sub(r"^--.*\n", "", block, flags=re.MULTILINE).split(";"):
            if statement.strip():
                yield statement.strip()


def source(query: str) -> str:
    found = re.search(r"\bFROM (\w+\.\w+)", query)
    return found[1] if found else ""


def each(page: str) -> list:
    return [pytest.param(query, id=f"{n}-{source(query)}") for n, query in enumerate(queries(page), 1)]


def on(day: str, **values: str) -> dict:
    """A dossier received on that day of 2025 (mmdd), due a week later."""
    moment, due = f"2025{day}090000", f"2025{int(day) + 7:04d}090000"
    return {
        "ngay_nop_ho_so": moment,
        "ngay_tiep_nhan": moment,
        "ngay_hen_tra": due,
        "ngay_cap_nhat": "20250409000000",
    } | values


@pytest.fixture(scope="module")
def warehouse(make_world: Callable[[], World]) -> World:
    """January to April: done, late, nearly due, rejected and corrected dossiers at three units."""
    world = make_world().dimensions()
    done = {"trang_thai_ho_so": "9", "ngay_ket_thuc_xu_ly": "20250320090000"}
    world.add(
        on("0110", **done),
        on("0205", **done, don_vi_xu_ly=HUYEN),
        on("0303", **done, don_vi_xu_ly=XA, kenh_thuc_hien="1"),
        # Still open on the day of the export: one is late, one is due the day after.
        on("0310", don_vi_xu_ly=XA, ma_tthc="1.000002"),
        on("0403", ngay_hen_tra="20250411090000"),
        # More good lines than bad ones, or the batch is stopped.
        *[on("0407", **done | {"ngay_ket_thuc_xu_ly": "20250408090000"})] * 40,
        on("0408", ma_tthc="9.999999", don_vi_xu_ly=SO),
        at="2025-04-10",
    )
    world.refresh_all()
    # A figure that was counted comes out otherwise.
    late = on("0112", ma_ho_so=code(900), don_vi_xu_ly=XA, kenh_thuc_hien="1")
    world.add(late, at="2025-04-10")
    world.refresh_all()
    with world.engine.begin() as connection:
        connection.exec_driver_sql(
            f"SELECT ops.ghi_chu_them('thang', '2025-03', 'tiep_nhan', '{XA}', 'theo_doi', 'Đã hỏi lại.')"
        )
    return world


@pytest.mark.parametrize("query", [*each("asking.md"), *each("../bi/README.md")])
def test_a_query_of_the_page_for_readers_finds_rows(warehouse, query):
    with warehouse.engine.begin() as connection:
        # What the reader is granted has to do for it.
        reader = (
            "cchc_bi" if source(query).startswith("mart.") and source(query) not in LISTS else "cchc_steward"
        )
        connection.exec_driver_sql(f"SET LOCAL ROLE {reader}")
        found = connection.execute(sa.text(query)).all()
    assert bool(found) is (source(query) not in FINDS_NOTHING)


@pytest.mark.parametrize("query", each("runbook.md"))
def test_a_query_of_the_runbook_runs(warehouse, query):
    with warehouse.engine.begin() as connection:
        connection.exec_driver_sql("SET LOCAL ROLE cchc_steward")
        assert list(connection.execute(sa.text(query)).keys())
