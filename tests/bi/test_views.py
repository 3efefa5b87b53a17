"""What is in mart for BI tools: flat, wide, unique keys, dates that every tool knows, freshness."""

import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa

from cchc import vietnamese
from cchc.figures.syncing import sync_definitions
from tests.figures.test_definitions import NEW_INDICATOR
from tests.migrating import Copy
from tests.world import HUYEN, SO, XA

PROVINCE = "TONG:toan_tinh"
FOR_TOOLS = ("chi_so_day_du", "chi_so_ngang", "danh_muc_don_vi", "tinh_trang_nguon", "tinh_trang_thang")
README = Path(__file__).parents[2] / "bi" / "README.md"


@pytest.fixture
def ask(bi_world):
    """Asks as a BI login does."""

    def asked(query: str, **binds: object) -> list[tuple]:
        with bi_world.engine.begin() as connection:
            connection.exec_driver_sql("SET LOCAL ROLE cchc_bi")
            return [tuple(row) for row in connection.execute(sa.text(query), binds)]

    return asked


def test_a_row_of_the_flat_view_says_what_it_is_without_a_join(ask):
    # By hand: of the sở three of four, of the commune one of two ended in time.
    query = (
        "SELECT ma_don_vi, ten_don_vi, ten_cap, la_dong_tong, ten_chi_so, don_vi_tinh, tu_so, mau_so, "
        "gia_tri, ket_qua, tu_ngay, den_ngay, hang FROM mart.chi_so_day_du WHERE ma_chi_so = 'dung_han_06a' "
        "AND ky_loai = 'thang' AND ky = '2025-03' AND ma_don_vi = ANY(:units) ORDER BY ma_don_vi"
    )
    name = "Tỷ lệ hồ sơ giải quyết trước hạn, đúng hạn (biểu II.06a)"
    march = (date(2025, 3, 1), date(2025, 3, 31))
    rest = ("Không có chỉ tiêu", *march)
    assert ask(query, units=[SO, XA, PROVINCE]) == [
        (SO, "Sở Xây dựng", "Sở, ngành", False, name, "%", 3, 4, 75, *rest, 1),
        (XA, "UBND Phường 1, Thành phố Trà Vinh", "Xã, phường", False, name, "%", 1, 2, 50, *rest, 1),
        (PROVINCE, "Toàn tỉnh", "Toàn tỉnh", True, name, "%", 4, 6, Decimal("66.67"), *rest, None),
    ]  # fmt: skip


def test_the_flat_view_has_each_figure_once_with_its_values(ask):
    columns = (
        "ky_loai, ky, tu_ngay, den_ngay, ma_chi_so, phien_ban, ma_don_vi, ten_don_vi, cap, tu_so, mau_so, "
        "gia_tri, ly_do_na, muc_tieu, dat, trang_thai, revision"
    )
    flat = f"SELECT {columns}, as_of FROM mart.chi_so_day_du"
    long = f"SELECT {columns}, as_of AT TIME ZONE 'Asia/Ho_Chi_Minh' FROM mart.chi_so"
    assert ask(f"({flat} EXCEPT ALL {long}) UNION ALL ({long} EXCEPT ALL {flat})") == []
    [(rows, totals)] = ask("SELECT count(*), count(*) FILTER (WHERE la_dong_tong) FROM mart.chi_so_day_du")
    assert rows > totals > 0
    assert ask("SELECT count(*) FROM mart.chi_so_day_du WHERE la_dong_tong <> (ma_don_vi LIKE 'TONG:%')") == [
        (0,)
    ]


def test_words_of_the_flat_view_are_those_of_the_pages(ask):
    assert dict(ask("SELECT DISTINCT cap, ten_cap FROM mart.chi_so_day_du")) == vietnamese.LEVELS
    kinds = dict(ask("SELECT DISTINCT ky_loai, ten_ky_loai FROM mart.chi_so_day_du"))
    assert kinds == vietnamese.PERIOD_KINDS


def test_met_and_missed_targets_are_told_in_words(ask):
    """T9: 60 % are to be handed in online, and all dossiers here were; T11: 100 %."""
    query = (
        "SELECT DISTINCT dat, ket_qua FROM mart.chi_so_day_du "
        "WHERE gia_tri IS NOT NULL AND muc_tieu IS NOT NULL"
    )
    assert set(ask(query)) <= {(True, "Đạt"), (False, "Chưa đạt")}
    assert ask(
        "SELECT gia_tri, muc_tieu, ket_qua FROM mart.chi_so_day_du WHERE ma_chi_so = 'T9' AND ky = '2025-03' "
        "AND ky_loai = 'thang' AND ma_don_vi = :unit",
        unit=SO,
    ) == [(100, 60, "Đạt")]
    assert ask(
        "SELECT count(*) > 0 FROM mart.chi_so_day_du WHERE gia_tri IS NULL AND ket_qua = 'Không có giá trị'"
    ) == [(True,)]


def test_the_wide_view_has_a_unit_in_a_row_and_an_indicator_in_a_column(ask):
    # By hand: the sở received four dossiers in March and finished them, the commune two.
    query = (
        "SELECT ma_don_vi, la_dong_tong, dung_han_06a, tiep_nhan, da_giai_quyet FROM mart.chi_so_ngang "
        "WHERE ky_loai = 'thang' AND ky = '2025-03' AND ma_don_vi = ANY(:units) ORDER BY ma_don_vi"
    )
    assert ask(query, units=[SO, HUYEN, XA, PROVINCE]) == [
        (SO, False, 75, 4, 4),
        (HUYEN, False, None, 0, 0),
        (XA, False, 50, 2, 2),
        (PROVINCE, True, Decimal("66.67"), 6, 6),
    ]


def test_the_wide_view_has_a_row_for_each_unit_and_period_and_all_published_indicators(ask):
    once = "SELECT count(*), count(DISTINCT (ky_loai, ky, ma_don_vi)) FROM mart.chi_so_ngang"
    [(rows, keys)] = ask(once)
    [(expected,)] = ask("SELECT count(DISTINCT (ky_loai, ky, ma_don_vi)) FROM mart.chi_so")
    assert rows == keys == expected
    published = ask("SELECT lower(ma_chi_so) FROM mart.dinh_nghia WHERE bien_the_cua IS NULL")
    described = ask(
        "SELECT attname::text, col_description(attrelid, attnum) FROM pg_attribute "
        "WHERE attrelid = 'mart.chi_so_ngang'::regclass AND attnum > 9"
    )
    assert {name for (name,) in published} == {name for name, _ in described}
    assert dict(described)["t9"] == "T9 (%): Tỷ lệ hồ sơ nộp trực tuyến trên tổng hồ sơ tiếp nhận"


def test_an_indicator_that_is_added_is_a_column_of_the_wide_view(engine, definitions):
    sync_definitions(engine)
    definitions.add(**NEW_INDICATOR | {"ten": "Tỷ lệ 'bưu chính'"})
    sync_definitions(engine)
    with engine.connect() as connection:
        column = (
            "SELECT col_description(attrelid, attnum) FROM pg_attribute "
            "WHERE attrelid = 'mart.chi_so_ngang'::regclass AND attname = :name"
        )
        name = str(NEW_INDICATOR["ma"])
        told = connection.scalar(sa.text(column), {"name": name.lower()})
    assert told.startswith(f"{name} (") and told.endswith("Tỷ lệ 'bưu chính'")


@pytest.mark.long
def test_the_wide_view_is_made_again_with_its_grants_when_what_it_uses_is(dsn, engine, tmp_path):
    copy = Copy(tmp_path)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE ROLE thong_ke; GRANT SELECT ON mart.chi_so_ngang TO thong_ke")
    try:
        copy.edit("core.ma_tong", "Mã của dòng tổng", "Mã dòng tổng của")
        copy.migrate(dsn)
        with engine.connect() as connection:
            granted = "SELECT has_table_privilege(r, 'mart.chi_so_ngang', 'SELECT') FROM unnest(:roles) AS r"
            roles = {"roles": ["thong_ke", "cchc_bi"]}
            assert list(connection.scalars(sa.text(granted), roles)) == [True, True]
    finally:
        with engine.begin() as connection:
            connection.exec_driver_sql("DROP OWNED BY thong_ke; DROP ROLE thong_ke")


def test_no_view_for_tools_has_a_moment_with_a_zone(ask):
    """Superset showed 18:55, by the clock of UTC, for what was loaded at 01:55."""
    query = (
        "SELECT attrelid::regclass::text, attname::text FROM pg_attribute "
        "WHERE atttypid = 'timestamptz'::regtype AND attnum > 0 "
        "AND attrelid = ANY(CAST(:views AS regclass[]))"
    )
    assert ask(query, views=[f"mart.{name}" for name in FOR_TOOLS]) == []


def test_every_unit_of_a_table_stands_once_in_the_list_of_units(ask):
    [(rows, keys)] = ask("SELECT count(*), count(DISTINCT ma_don_vi) FROM mart.danh_muc_don_vi")
    assert rows == keys
    for table in ("chi_so", "bieu_06a", "diem_766"):
        missing = f"SELECT ma_don_vi FROM mart.{table} EXCEPT SELECT ma_don_vi FROM mart.danh_muc_don_vi"
        assert ask(missing) == []
    units = "SELECT ten_don_vi, cap, la_dong_tong FROM mart.danh_muc_don_vi WHERE ma_don_vi = :unit"
    assert ask(units, unit=SO) == [("Sở Xây dựng", "so_nganh", False)]
    assert ask(units, unit=PROVINCE) == [("Toàn tỉnh", "toan_tinh", True)]


def test_days_of_the_list_of_units_are_days_or_empty(ask):
    """Without beginning or end is a date that Excel and Power BI refuse."""
    assert ask("SELECT count(*) > 0 FROM mart.don_vi WHERE NOT isfinite(hieu_luc_den)") == [(True,)]
    never = "NOT isfinite(hieu_luc_tu) OR NOT isfinite(hieu_luc_den)"
    assert ask(f"SELECT count(*) FROM mart.danh_muc_don_vi WHERE {never}") == [(0,)]


def test_a_source_says_until_when_it_is_known_and_what_became_of_its_lines(ask):
    # By hand: 47 lines of dossiers, one of them due before it was received.
    query = (
        "SELECT tinh_den::date, so_lo_da_nap, so_lo_bi_dung, so_dong_doc, so_dong_nhan, so_dong_bi_loai, "
        "so_dong_cu_hon FROM mart.tinh_trang_nguon WHERE dataset = 'ho_so'"
    )
    assert ask(query) == [(date(2025, 4, 5), 1, 0, 47, 46, 1, 0)]


def test_a_month_says_whether_its_figures_will_be_counted_again(province):
    query = "SELECT ky, tu_ngay, cho_tinh, tinh_trang FROM mart.tinh_trang_thang WHERE ky = '2025-03'"
    province.add({})
    assert province.rows(query) == [("2025-03", date(2025, 3, 1), True, "Chờ tính lại")]
    province.refresh_all()
    assert province.rows(query) == [("2025-03", date(2025, 3, 1), False, "Đã tính")]


def test_every_indicator_with_a_target_or_points_has_a_definition(ask):
    for table in ("muc_tieu", "thang_diem_766"):
        missing = (
            f"SELECT ma_chi_so FROM mart.{table} WHERE ma_chi_so IS NOT NULL "
            "EXCEPT SELECT ma_chi_so FROM mart.dinh_nghia"
        )
        assert ask(missing) == []


def test_the_model_in_the_readme_has_every_table_with_its_key(ask):
    model = README.read_text("utf-8").split("## The model")[1].split("## Ready queries")[0]
    rows = [line.strip("|").split("|") for line in model.splitlines() if line.startswith("| `mart.")]
    named = {name for first, *_ in rows for name in re.findall(r"`(mart\.\w+)`", first)}
    readable = (
        "SELECT 'mart.' || relname FROM pg_class WHERE relnamespace = 'mart'::regnamespace "
        "AND relkind IN ('r', 'v') AND has_table_privilege(oid, 'SELECT')"
    )
    assert named == {name for (name,) in ask(readable)}
    tried = 0
    for first, _, third, *_ in rows:
        key = re.findall(r"`(\w+)`", third)
        if first.count("mart.") == 1 and key:
            [table] = re.findall(r"`(mart\.\w+)`", first)
            [(number, different)] = ask(f"SELECT count(*), count(DISTINCT ({', '.join(key)})) FROM {table}")
            assert number == different, table
            tried += bool(number)
    assert tried > 8


def test_tables_of_figures_lead_to_their_period_and_definition(ask):
    """What a tool that reads foreign keys finds."""
    query = (
        "SELECT conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE contype = 'f' AND connamespace = 'mart'::regnamespace"
    )
    period = "FOREIGN KEY (ky_loai, ky) REFERENCES mart.ky(ky_loai, ky)"
    definition = "FOREIGN KEY (ma_chi_so, phien_ban) REFERENCES mart.dinh_nghia(ma_chi_so, phien_ban)"
    # No tool sees the ledger itself.
    assert {found for found in ask(query) if "ops.so_cai" not in found[1]} == {
        ("mart.chi_so", period),
        ("mart.chi_so", definition),
        ("mart.bieu_06a", period),
        ("mart.diem_766", period),
    }
    assert ask("SELECT DISTINCT ky_loai FROM mart.diem_766") == [("thang",)]
