"""Targets that documents, work dossiers and ratings answer, by hand on some twenty rows."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cchc.commands.app import app
from cchc.figures.drill import rows_behind
from tests.world import HUYEN, SO, XA, World, code

PROVINCE = "TONG:toan_tinh"


def came(day: str, **values: str) -> dict:
    """A document that came in on that day of March 2025 (dd) and was registered half an hour later."""
    moment = {"ngay_den": f"202503{day}080000", "ngay_dang_ky": f"202503{day}083000"}
    return moment | {"han_xu_ly": ""} | values


def issued(day: str, signed: int, electronic: int, paper: int, **values: str) -> dict:
    """A document registered and issued on that day of March 2025."""
    moment = f"202503{day}090000"
    return {
        "huong": "di", "ngay_den": "", "han_xu_ly": "", "ngay_van_ban": f"202503{day}",
        "ngay_dang_ky": moment, "ngay_phat_hanh": moment,
        "ky_so": str(signed), "gui_dien_tu": str(electronic), "gui_giay": str(paper),
    } | values  # fmt: skip


DOCUMENTS = [
    # 1 has a time limit and no work dossier; 2 has both; 3 has no time limit.
    came("05", han_xu_ly="20250314"),
    came("05", han_xu_ly="20250314", ma_ho_so_cong_viec="HSCV1"),
    came("06", ma_ho_so_cong_viec="HSCV1"),
    # 4 as it should be; 5 not signed; 6 on paper as well.
    issued("06", 1, 1, 0),
    issued("07", 0, 1, 0),
    issued("10", 1, 1, 1),
    # 7 registered in March, issued on 1 April; 8 the commune's.
    issued("31", 1, 1, 0, ngay_phat_hanh="20250401080000"),
    issued("10", 1, 1, 0, don_vi=XA),
    # 9 deleted; 10 came in the last minutes of March, with a time limit, registered in April.
    came("11", da_xoa="1"),
    came("31", ngay_den="20250331235959", ngay_dang_ky="20250401080000", han_xu_ly="20250410"),
    came("12"),
    came("13"),
    came("14"),
]


def closed(day: str, on_system: int, paper_only: int, **values: str) -> dict:
    end = {"ngay_dong": f"2025{day}160000", "trang_thai": "4"}
    return end | {"tren_he_thong": str(on_system), "chi_giay": str(paper_only), "tien_do": "100"} | values


WORK = [
    # 1 wholly on the system; 2 with a step on paper; 3 paper only; 4 open.
    closed("0314", 1, 0),
    closed("0320", 0, 0),
    closed("0331", 0, 1),
    {},
    # 5 closed on 1 April; 6 the commune's; 7 said to be both, hence paper; 8 without a day of closing.
    closed("0401", 1, 0),
    closed("0306", 1, 0, don_vi=XA),
    closed("0321", 1, 1),
    closed("0321", 1, 0, ngay_dong=""),
]


@pytest.fixture(scope="module")
def documents(make_world: Callable[[], World]) -> World:
    world = make_world().dimensions()
    world.ingest("van_ban", world.documents(*DOCUMENTS), at="2025-05-01")
    world.ingest("ho_so_cong_viec", world.work(*WORK), at="2025-05-01")
    world.refresh_all()
    return world


FIGURES = {
    # Registered in March: 1 to 7 and 11 to 13 at the sở, 8 at the commune, none at the district.
    ("T1", SO): (1, 1),
    ("T1", HUYEN): (0, 1),
    ("T1", "TONG:huyen"): (0, 1),
    ("T1", PROVINCE): (2, 3),
    # The ten of the sở are just enough.
    ("T1_muoi_van_ban", PROVINCE): (1, 3),
    ("T1_phat_hanh", PROVINCE): (2, 3),
    # Closed in March at the sở: 1, 2, 3, 7; wholly on the system: 1. At the commune: 6.
    ("T2", SO): (1, 4),
    ("T2", XA): (1, 1),
    ("T2", HUYEN): (0, 0),
    ("T2", PROVINCE): (2, 5),
    # With a time limit and come in March: 1, 2, 10; with a work dossier: 2.
    ("T2_B", SO): (1, 3),
    ("T2_C", SO): (1, 3),
    # Issued in March at the sở: 4, 5, 6; signed, electronic and not on paper: 4. At the commune: 8.
    ("T3", SO): (1, 3),
    ("T3", PROVINCE): (2, 4),
    ("T3_khong_giay", SO): (2, 3),
}


@pytest.mark.parametrize(("ma", "unit"), FIGURES)
def test_documents_and_work_dossiers_by_hand(documents: World, ma: str, unit: str):
    assert documents.reading(ma, unit, "2025-03") == FIGURES[ma, unit]


def test_what_came_at_the_turn_of_the_month_counts_once(documents: World):
    # April: 7 issued, 10 registered, work dossier 5 closed.
    assert documents.figure("T3", SO, "2025-04") == (1, 1)
    assert documents.figure("T1", PROVINCE, "2025-04") == (1, 3)
    assert documents.figure("T2", SO, "2025-04") == (1, 1)
    # Both halves of March, and the report month that begins on the 15th: work dossiers 2, 3, 5, 7.
    assert documents.figure("T2", SO, "2025-04", "luy_ke") == (2, 5)
    assert documents.figure("T2", SO, "2025-04", "ky_bao_cao") == (1, 4)


def test_targets_of_work_dossiers_differ_by_level(documents: World):
    found = documents.rows(
        "SELECT ma_don_vi, gia_tri, muc_tieu, dat, ly_do_na IS NULL FROM mart.chi_so "
        "WHERE ma_chi_so = 'T2' AND ky_loai = 'thang' AND ky = '2025-03' AND ma_don_vi = ANY(:units) "
        "ORDER BY muc_tieu",
        units=[SO, HUYEN, XA, PROVINCE],
    )
    assert found == [
        (XA, 100, 80, True, True),
        (HUYEN, None, 95, None, False),
        (SO, 25, 100, False, True),
        (PROVINCE, 40, None, None, True),
    ]


def test_declared_paper_dossiers_join_those_of_the_system(documents: World):
    """Two declared on paper at the sở: 1 of 6 instead of 1 of 4; the reading of the system alone stays."""
    line = {
        "ma_so_lieu": "hscv_giay_da_dong", "don_vi": SO, "ky": "2025-03", "gia_tri": "2",
        "chuc_danh": "Văn thư", "ngay_khai": "2025-04-02 08:00:00",
    }  # fmt: skip
    documents.ingest("khai_bao", documents.csv([line]))
    documents.refresh_all()
    assert documents.figure("T2", SO, "2025-03") == (1, 6)
    assert documents.figure("T2", PROVINCE, "2025-03") == (2, 7)
    assert documents.reading("T2_tren_he_thong", SO, "2025-03") == (1, 4)


def test_figure_leads_to_its_documents_and_their_lines(documents: World):
    behind = rows_behind(documents.engine, "T3", "2025-03", SO, part="con_lai")
    (path,) = documents.rows("SELECT original_name FROM ops.batch WHERE dataset = 'van_ban'")
    names = list(behind.columns)
    found = {
        (row[names.index("ma_van_ban")], row[names.index("line_no")])
        for row in behind.itertuples(index=False, name=None)
    }
    # The header is line 1.
    assert found == {("VB5", 6), ("VB6", 7)}
    assert set(behind["original_name"]) == set(path)


def test_rows_are_shown_as_they_are_known(documents: World, tmp_path: Path, monkeypatch):
    """The columns den (not of a document that goes out) and ky_so: empty and whole numbers."""
    file = tmp_path / "rows.csv"
    monkeypatch.setenv("CCHC_WAREHOUSE_DSN", documents.engine.url.render_as_string(hide_password=False))
    done = CliRunner().invoke(app, ["rows", "T3", "2025-03", SO, "--phan", "con_lai", "--csv", str(file)])
    assert done.exit_code == 0, done.output
    shown = done.output
    assert "VB5" in shown
    for unread in ("None", "NaN", "NaT", "<NA>", ".0 "):
        assert unread not in shown
    with file.open(newline="") as lines:
        written = {row["ma_van_ban"]: row for row in csv.DictReader(lines)}
    assert set(written) == {"VB5", "VB6"}
    assert [(row["den"], row["line_no"]) for row in written.values()] == [("", "6"), ("", "7")]
    assert {row["ky_so"] for row in written.values()} <= {"0", "1"}


# Ratings ----------------------------------------------------------------------------------------


def rated(number: int, at: str, level: str) -> dict:
    """A rating of the dossier with that number at mmddHHMMSS of 2025."""
    moment = f"2025{at}"
    return {
        "ma_ho_so": code(number), "thoi_gian_danh_gia": moment, "danh_gia": level, "ngay_cap_nhat": moment,
    }  # fmt: skip


@pytest.fixture(scope="module")
def ratings(make_world: Callable[[], World]) -> World:
    world = make_world().dimensions()
    february = {"ngay_nop_ho_so": "20250210080000", "ngay_tiep_nhan": "20250210090000"}
    world.add(
        {},  # 1 online
        {"kenh_thuc_hien": "1"},
        {"da_xoa": "1"},
        {"don_vi_xu_ly": XA},
        february,
        {"trang_thai_ho_so": "3"},
        at="2025-05-01",
    )
    rows = [
        # Dossier 1 twice, the second time in the last second of March.
        rated(1, "0320090000", "rat_hai_long"),
        rated(1, "0331235959", "khong_hai_long"),
        # At the desk; deleted; the commune's in the first second of April; received in February; refused.
        rated(2, "0320090000", "hai_long"),
        rated(3, "0320090000", "hai_long"),
        rated(4, "0401000000", "hai_long"),
        rated(5, "0321090000", "hai_long"),
        rated(6, "0320090000", "khong_hai_long"),
        # A dossier that is not known yet.
        rated(99, "0322090000", "rat_hai_long"),
    ]
    world.ingest("danh_gia", world.ratings(*rows), at="2025-05-01")
    world.refresh_all()
    return world


def test_ratings_by_hand(ratings: World):
    # Online and rated in March at the sở: dossier 1 twice, dossier 5; satisfied: the first and the last.
    assert ratings.figure("T10", SO, "2025-03") == (2, 3)
    assert ratings.reading("T10_moi_kenh", SO, "2025-03") == (3, 4)
    assert ratings.figure("T10", XA, "2025-03") == (0, 0)
    assert ratings.figure("T10", XA, "2025-04") == (1, 1)
    assert ratings.figure("T10", SO, "2025-02") == (0, 0)
    assert ratings.figure("T10", PROVINCE, "2025-04", "luy_ke") == (3, 4)
    assert ratings.rows(
        "SELECT gia_tri, muc_tieu, dat, ly_do_na FROM mart.chi_so WHERE ma_chi_so = 'T10' "
        "AND ky_loai = 'thang' AND ky = '2025-03' AND ma_don_vi = :unit",
        unit=XA,
    ) == [(None, 90, None, "Không có đánh giá nào về hồ sơ nộp trực tuyến trong kỳ")]


def test_a_rating_counts_once_its_dossier_comes(ratings: World):
    late = {"ma_ho_so": code(99), "ngay_nop_ho_so": "20250101080000", "ngay_tiep_nhan": "20250102090000"}
    ratings.add(late, at="2025-05-02")
    ratings.refresh_all()
    assert ratings.figure("T10", SO, "2025-03") == (3, 4)
    behind = rows_behind(ratings.engine, "T10", "2025-03", SO, part="tu_so")
    assert sorted(behind["ma_ho_so"]) == [code(1), code(5), code(99)]
