"""Points of QĐ 766: which formula holds when and for whom, who says so, and what is not summed."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa

from cchc.errors import BadDefinition
from cchc.figures import points_766 as module
from cchc.figures.points_766 import points_766
from tests.conftest import ROOT
from tests.world import SO, XA, World

HEADER = (
    "ma,nhom,ten_nhom,ten,cap,diem_toi_da,nguong,ma_chi_so,ly_do_na,hieu_luc_tu,hieu_luc_den,trang_thai,"
    "nguon\n"
)


def rule(ma: str, day: str) -> list[dict]:
    """The rows of the project's own file for a sub-indicator on a day."""
    on = date.fromisoformat(day)
    return [
        row for row in points_766() if row["ma"] == ma and row["hieu_luc_tu"] <= on <= row["hieu_luc_den"]
    ]


def scored(world: World, *rates: tuple[str, str, str, int, int]) -> World:
    """Writes the points of months from rates: month, unit, indicator, numerator and denominator."""
    with world.engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM mart.thang_diem_766"))
        table = sa.table("thang_diem_766", *map(sa.column, points_766()[0]), schema="mart")
        connection.execute(sa.insert(table), points_766())
        connection.exec_driver_sql("DELETE FROM mart.diem_766")
        connection.exec_driver_sql("CREATE TEMP TABLE tinh_moi (LIKE mart.chi_so) ON COMMIT DROP")
        for name in ("phien_ban", "tu_ngay", "trang_thai", "revision", "as_of"):
            connection.exec_driver_sql(f"ALTER TABLE tinh_moi ALTER {name} DROP NOT NULL")
        given = {rate[:3]: rate[3:] for rate in rates}
        scored = {row["ma_chi_so"] for row in points_766()} - {None}
        for ky, unit, ma in {(*rate[:2], ma) for rate in rates for ma in scored}:
            part, whole = given.get((ky, unit, ma), (None, None))
            connection.execute(
                sa.text(
                    "INSERT INTO tinh_moi (ky_loai, ky, den_ngay, ma_chi_so, ma_don_vi, ten_don_vi, cap, "
                    "tu_so, mau_so, gia_tri, ly_do_na) VALUES ('thang', :ky, CAST(:ky || '-28' AS date), "
                    ":ma, :unit, :unit, :cap, :part, :whole, "
                    "round(100.0 * CAST(:part AS int) / :whole, 2), :why)"
                ),
                {"ky": ky, "ma": ma, "unit": unit, "part": part, "whole": whole}
                | {"cap": "xa" if unit == XA else "so_nganh", "why": None if whole else "không có"},
            )
        months = sorted({rate[0] for rate in rates})
        connection.execute(
            sa.text(
                "INSERT INTO mart.ky (ky_loai, ky, tu_ngay, den_ngay) "
                "SELECT 'thang', ky, to_date(ky, 'YYYY-MM'), to_date(ky, 'YYYY-MM') + 27 "
                "FROM unnest(CAST(:months AS text[])) AS ky ON CONFLICT DO NOTHING"
            ),
            {"months": months},
        )
        sql = (ROOT / "sql" / "mart" / "write_diem_766.sql").read_text(encoding="utf-8")
        connection.execute(sa.text(sql), {"cac_ky_loai": ["thang"] * len(months), "cac_ky": months})
    return world


def points(world: World, ky: str, unit: str = SO) -> dict[str, tuple]:
    """Sub-indicator → points, threshold and state, of those that have points."""
    return {
        ma: tuple(rest)
        for ma, *rest in world.rows(
            "SELECT ma, diem, nguong, trang_thai FROM mart.diem_766 "
            "WHERE ky = :ky AND ma_don_vi = :u AND ma <> '' AND diem IS NOT NULL",
            ky=ky,
            u=unit,
        )
    }


def total(world: World, ky: str, unit: str = SO) -> tuple:
    """Points, of how many, of how many in all, points that are not confirmed, and why there are none."""
    return world.rows(
        "SELECT diem, diem_toi_da, diem_toi_da_ca_nhom, diem_chua_xac_nhan, ly_do_na FROM mart.diem_766 "
        "WHERE ky = :ky AND ma_don_vi = :u AND nhom = ''",
        ky=ky,
        u=unit,
    )[0]


def test_digitising_earns_its_maximum_at_all_of_it_since_the_portal_s_answers_say_so(province: World):
    """The document says 80 %, 935 of 935 answers of 2026 say 100 %."""
    ninety = [("T16_4_2", 9, 10), ("T16_4_1", 9, 10)]
    world = scored(province, *((ky, SO, *rate) for ky in ("2025-12", "2026-01") for rate in ninety))
    # 4.1: 6 × 0.9. 4.2 until 2025: 4 × 0.9 / 0.8, at most 4; since 2026: 4 × 0.9.
    assert points(world, "2025-12") == {
        "4.1": (Decimal("5.40"), 100, "van_ban"),
        "4.2": (Decimal("4.00"), 80, "chua_xac_nhan"),
    }
    assert points(world, "2026-01") == {
        "4.1": (Decimal("5.40"), 100, "van_ban"),
        "4.2": (Decimal("3.60"), 100, "quan_sat"),
    }
    # What the document and the answers contradict each other about is in no total.
    assert total(world, "2025-12") == (Decimal("5.40"), 6, 100, Decimal("4.00"), None)
    assert total(world, "2026-01") == (Decimal("9.00"), 10, 100, None, None)


def test_a_total_of_what_is_not_confirmed_is_none_with_a_reason(province: World):
    world = scored(province, ("2026-01", SO, "T16_3_1", 8, 10), ("2026-01", SO, "T16_4_4", 1, 2))
    # 3.1: 2 × 0.8 / 0.8. 4.4: 4 × 0.5.
    assert {ma: found[0] for ma, found in points(world, "2026-01").items()} == {"3.1": 2, "4.4": 2}
    reason = "Cách chấm của những chỉ số thành phần tính được chưa được xác nhận"
    assert total(world, "2026-01") == (None, 0, 100, Decimal("4.00"), reason)


def given(tmp_path: Path, monkeypatch, *rows: str) -> None:
    file = tmp_path / "thang_diem_766.csv"
    file.write_text(HEADER + "\n".join(rows) + "\n", encoding="utf-8")
    monkeypatch.setattr(module, "FILE", file)


def test_a_level_has_points_of_its_own(province: World, tmp_path, monkeypatch):
    given(
        tmp_path,
        monkeypatch,
        "4.1,5,Số hoá,Cấp kết quả,toan_tinh;so_nganh,6,100,T16_4_1,,2022-06-23,,van_ban,x",
        "4.1,5,Số hoá,Cấp kết quả,xa,2,50,T16_4_1,,2022-06-23,,quan_sat,x",
        "2.1,2,Tiến độ,Đúng hạn,toan_tinh;so_nganh,20,,dung_han_766,,2022-06-23,,van_ban,x",
    )
    rates = [(unit, ma, 1, 4) for unit in (SO, XA) for ma in ("T16_4_1", "dung_han_766")]
    world = scored(province, *(("2025-03", *rate) for rate in rates))
    # The sở: 6 × 0.25 + 20 × 0.25. The commune: 2 × 0.25 / 0.5, and nothing for 2.1.
    assert total(world, "2025-03", SO)[:3] == (Decimal("6.50"), 26, 26)
    assert total(world, "2025-03", XA)[:3] == (Decimal("1.00"), 2, 2)


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (
            [
                "4.2,5,a,b,,4,80,T16_4_2,,2022-06-23,,van_ban,x",
                "4.2,5,a,b,xa,4,100,T16_4_2,,2026-01-01,,quan_sat,x",
            ],
            "4.2: the rows from 2022-06-23 and 2026-01-01 hold on the same days for the same level",
        ),
        (
            ["4.2,5,a,b,,4,80,T16_4_2,,2022-06-23,2022-06-22,van_ban,x"],
            "hieu_luc_den comes before hieu_luc_tu",
        ),
        (["4.2,5,a,b,tỉnh,4,80,T16_4_2,,2022-06-23,,van_ban,x"], "column cap"),
        (["4.2,5,a,b,,4,80,T16_4_2,,2022-06-23,,1,x"], "column trang_thai"),
        (["4.2,5,a,b,,4,80,T99,,2022-06-23,,van_ban,x"], "is no indicator of sql/indicators"),
    ],
)
def test_a_file_that_contradicts_itself_is_refused(tmp_path, monkeypatch, rows, says):
    given(tmp_path, monkeypatch, *rows)
    with pytest.raises(BadDefinition, match=says):
        points_766()


def test_the_file_says_who_says_so():
    # Of the group of online services nothing is confirmed, of storage only zeros were seen.
    assert {row["trang_thai"] for row in points_766() if row["nhom"] == "3"} == {"chua_xac_nhan"}
    assert [row["trang_thai"] for row in rule("4.4", "2026-08-01")] == ["chua_xac_nhan"]
    assert [(row["nguong"], row["trang_thai"]) for row in rule("4.2", "2026-08-01")] == [(100, "quan_sat")]
    for day in ("2022-06-23", "2025-12-31", "2026-01-01"):
        rules = [
            row
            for row in points_766()
            if row["hieu_luc_tu"] <= date.fromisoformat(day) <= row["hieu_luc_den"]
        ]
        assert sum(row["diem_toi_da"] for row in rules) == 100, day
