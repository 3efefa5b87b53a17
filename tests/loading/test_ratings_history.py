"""Ratings and the status history of dossiers."""

import itertools
from collections import Counter
from collections.abc import Callable

import orjson
import pandas as pd
import pytest

from tests.world import SO, XA, World, code
from tools.tthc_simulator.defects import CRITICAL, OTHER_DEFECTS
from tools.tthc_simulator.generate import Settings
from tools.tthc_simulator.source import generate

pytestmark = pytest.mark.long

AT = "2025-05-10"


HELD = ("core.danh_gia", "core.qua_trinh")


# --- ratings ------------------------------------------------------------------------------------


RATINGS = "SELECT ma_ho_so, thoi_gian_danh_gia::text, danh_gia FROM core.danh_gia ORDER BY 1, 2"


# What a fact of ratings selects: the unit of a rating is that of its dossier, when it is counted.
COUNTED = """
SELECT to_char(dg.thoi_gian_danh_gia, 'YYYY-MM'), h.ma_don_vi, h.kenh_thuc_hien, h.ma_tthc_goc, dg.danh_gia
FROM core.danh_gia AS dg LEFT JOIN core.ho_so AS h ON dg.ma_ho_so = h.ma_ho_so ORDER BY 1, 2
"""


def changed(day: str, level: str) -> dict:
    return {"danh_gia": level, "ngay_cap_nhat": f"{day}090000"}


def test_newest_content_of_a_rating_wins_whatever_the_order(province: World):
    versions = [changed("20250320", "hai_long"), changed("20250325", "khong_hai_long")]
    # At the same time the greater content: rat_hai_long > khong_hai_long.
    versions.append(changed("20250325", "rat_hai_long"))
    contents = []
    for order in itertools.permutations(versions):
        province.without_dossiers()
        for version in order:
            province.ingest("danh_gia", province.ratings(version), at=AT)
        assert province.rows(RATINGS) == [(code(1), "2025-03-20 09:00:00", "rat_hai_long")]
        contents.append(province.content(*HELD))
    assert all(content == contents[0] for content in contents)


def test_the_same_ratings_again_change_nothing_and_touch_no_month(province: World):
    path = province.ratings({}, {}, {"danh_gia": "hai_long"})
    first, months = province.ingest("danh_gia", path, at=AT)
    assert (first.lines_accepted, months) == (3, ["2025-01", "2025-02", "2025-03", "2025-04", "2025-05"])
    before = province.content(*HELD), province.rows("SELECT * FROM ops.period ORDER BY ky")
    assert province.ingest("danh_gia", path, at=AT)[0] == first
    other = province.text(path.read_bytes() + b"\n")
    again, months = province.ingest("danh_gia", other, at=AT)
    assert (again.lines_read, again.lines_accepted, again.lines_superseded, months) == (3, 0, 3, [])
    assert (province.content(*HELD), province.rows("SELECT * FROM ops.period ORDER BY ky")) == before


def test_a_dossier_rated_twice_has_two_ratings(province: World):
    first = {"ma_ho_so": code(1)}
    second = first | {"thoi_gian_danh_gia": "20250402080000", "danh_gia": "khong_hai_long"}
    province.ingest("danh_gia", province.ratings(first, second), at=AT)
    assert [level for _, _, level in province.rows(RATINGS)] == ["rat_hai_long", "khong_hai_long"]


OVER_NEW_YEAR = {
    "ngay_tiep_nhan": "20251105080000",
    "ngay_nop_ho_so": "20251105080000",
    "ngay_hen_tra": "20251231080000",
    "ngay_ket_thuc_xu_ly": "20251220080000",
    "trang_thai_ho_so": "9",
    "ngay_cap_nhat": "20251220080000",
}


RATED = {"thoi_gian_danh_gia": "20260110080000", "ngay_cap_nhat": "20260110080000"}


def test_a_rating_counts_in_the_month_of_the_rating_also_when_its_dossier_comes_later(province: World):
    at = "2026-03-01"
    batch, _ = province.ingest("danh_gia", province.ratings(RATED), at=at)
    # Kept, counted for no unit yet, and said so.
    assert province.rows(COUNTED) == [("2026-01", None, None, None, "rat_hai_long")]
    warnings = "SELECT rule_id, failed_count FROM ops.validation_result WHERE batch_id = :b AND NOT success"
    assert province.rows(warnings, b=batch.batch_id) == [("DG13", 1)]
    # Its dossier ended in 2025: January 2026 and the year to date after it change because of the rating.
    _, months = province.ingest("ho_so", province.dossiers(OVER_NEW_YEAR), at=at)
    assert months == ["2025-11", "2025-12", "2026-01", "2026-02"]
    assert province.rows(COUNTED) == [("2026-01", SO, 2, "1.000001", "rat_hai_long")]
    moved = OVER_NEW_YEAR | {"don_vi_xu_ly": XA, "ngay_cap_nhat": "20260215080000"}
    _, months = province.ingest("ho_so", province.dossiers(moved), at=at)
    assert months == ["2025-11", "2025-12", "2026-01", "2026-02"]
    assert province.rows(COUNTED) == [("2026-01", XA, 2, "1.000001", "rat_hai_long")]
    # A dossier that brings nothing new, and one without ratings, leave those months alone.
    same = province.text(province.dossiers(moved).read_bytes() + b"\n")
    assert province.ingest("ho_so", same, at=at)[1] == []
    unrated = OVER_NEW_YEAR | {"ma_ho_so": code(2)}
    assert province.ingest("ho_so", province.dossiers(unrated), at=at)[1] == ["2025-11", "2025-12"]


def test_dossiers_before_and_after_their_ratings_give_the_same_warehouse(province: World):
    rated = province.ratings(RATED, RATED | {"danh_gia": "khong_hai_long"}, {"ma_ho_so": code(9)})
    dossiers = province.dossiers(OVER_NEW_YEAR, OVER_NEW_YEAR | {"don_vi_xu_ly": XA})
    loads = [("danh_gia", rated), ("ho_so", dossiers)]
    contents = []
    for order in itertools.permutations(loads):
        province.without_dossiers()
        for dataset, path in order:
            province.ingest(dataset, path, at="2026-03-01")
        contents.append((province.content("core.danh_gia", "core.ho_so"), province.rows(COUNTED)))
    assert contents[0] == contents[1]
    assert [row[1] for row in contents[0][1]] == [None, SO, XA]


def test_exactly_the_months_of_changed_ratings_are_touched(province: World):
    province.ingest("danh_gia", province.ratings(RATED | {"ma_ho_so": code(50)}), at="2026-03-01")
    one = {"thoi_gian_danh_gia": "20251115080000", "ngay_cap_nhat": "20251115080000"}
    # The other rating is known already.
    known = RATED | {"ma_ho_so": code(50)}
    assert province.ingest("danh_gia", province.ratings(one, known), at="2026-03-01")[1] == [
        "2025-11",
        "2025-12",
    ]
    corrected = one | {"danh_gia": "hai_long", "ngay_cap_nhat": "20260101080000"}
    assert province.ingest("danh_gia", province.ratings(corrected), at="2026-03-01")[1] == [
        "2025-11",
        "2025-12",
    ]


@pytest.mark.parametrize(
    ("word", "level"),
    [
        ("RẤT HÀI LÒNG", "rat_hai_long"),
        ("Hài lòng", "hai_long"),
        # Decomposed, as some systems write it.
        ("KHO\u0302NG HA\u0300I LO\u0300NG", "khong_hai_long"),
        ("very good", "rat_hai_long"),
        ("bad", "khong_hai_long"),
    ],
)
def test_words_of_the_sources_are_read_as_levels(province: World, word: str, level: str):
    rating = {"MaHoSo": code(1), "ThoiGianDanhGia": "20250320090000", "DanhGia": word}
    province.ingest("danh_gia", province.json([rating], thoi_diem="20250510000000"))
    assert [row[2] for row in province.rows(RATINGS)] == [level]


def test_who_rated_and_what_they_wrote_never_leaves_the_landing_area(province: World):
    people = {
        "NguoiDanhGia": "Trần Thị Vôdanh",
        "SoDienThoai": "0109998887",
        "Email": "vo.danh@example.com",
        "NoiDung": "Gọi lại cho Vôdanh số 0109998887",
    }
    ratings = [
        {"MaHoSo": code(n), "ThoiGianDanhGia": "20250320090000", "DanhGia": "HÀI LÒNG", **people}
        for n in range(30)
    ]
    ratings.append(ratings[0] | {"DanhGia": "tạm được", "MaHoSo": code(99)})
    batch, _ = province.ingest("danh_gia", province.json(ratings, thoi_diem="20250510000000"))
    assert (batch.lines_accepted, batch.lines_rejected) == (30, 1)
    step = {"MaHoSo": code(1), "ThoiGian": "20250305090000", "TrangThai": "4", "MaDonVi": SO}
    officers = {"NguoiGui": "Trần Thị Vôdanh", "NguoiNhan": "Lê Văn Vôdanh", "NoiDung": "Vôdanh chuyển"}
    steps = [step | officers, step | {"MaHoSo": None} | officers] + [
        step | {"MaHoSo": code(n)} for n in range(2, 40)
    ]
    batch, _ = province.ingest("qua_trinh", province.json(steps, thoi_diem="20250510000000"))
    assert (batch.lines_accepted, batch.lines_rejected) == (39, 1)
    tables = province.rows(
        "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables "
        "WHERE schemaname IN ('ops', 'core', 'mart', 'staging')"
    )
    for (table,) in tables:
        found = f"SELECT count(*) FROM {table} AS t WHERE t::text ~ 'Vôdanh|0109998887|vo.danh'"
        assert province.rows(found) == [(0,)], table


# --- status history -----------------------------------------------------------------------------


HISTORY = "SELECT ma_ho_so, thoi_gian::text, trang_thai, don_vi FROM core.qua_trinh ORDER BY 1, 2, 3"


def test_history_is_kept_once_by_month_and_needs_no_dossier(province: World):
    life = [
        {"ma_ho_so": code(1), "thoi_gian": "20250331235959", "trang_thai": "2"},
        {"ma_ho_so": code(1), "thoi_gian": "20250401000000", "trang_thai": "4"},
        {"ma_ho_so": code(1), "thoi_gian": "20250401000000", "trang_thai": "9"},
    ]
    path = province.steps(*life)
    first, _ = province.ingest("qua_trinh", path, at=AT)
    assert (first.lines_accepted, first.lines_rejected) == (3, 0)
    assert province.rows(
        "SELECT tableoid::regclass::text, count(*) FROM core.qua_trinh GROUP BY 1 ORDER BY 1"
    ) == [
        ("core.qua_trinh_2025_03", 1),
        ("core.qua_trinh_2025_04", 2),
    ]
    before = province.content(*HELD)
    again, _ = province.ingest("qua_trinh", province.text(path.read_bytes() + b"\n"), at=AT)
    assert (again.lines_accepted, again.lines_superseded) == (0, 3)
    assert province.content(*HELD) == before


def test_history_in_any_order_and_with_fewer_columns_gives_the_same(province: World):
    columns = ["ma_ho_so", "thoi_gian", "trang_thai"]
    entry = {"ma_ho_so": code(1), "thoi_gian": "20250305090000", "trang_thai": "2"}
    files = [
        province.csv([entry], columns),
        province.steps(entry | {"don_vi": SO}),
        province.steps(entry | {"don_vi": XA}, entry | {"don_vi": "", "trang_thai": "4"}),
    ]
    contents = []
    for order in itertools.permutations(files):
        province.without_dossiers()
        for path in order:
            province.ingest("qua_trinh", path, at=AT)
        # The unit that one file lacks is not erased; of two the greater stays.
        assert province.rows(HISTORY) == [
            (code(1), "2025-03-05 09:00:00", 2, max(SO, XA)),
            (code(1), "2025-03-05 09:00:00", 4, None),
        ]
        contents.append(province.content(*HELD))
    assert all(content == contents[0] for content in contents)


# domain.md, end of section 4; staying in a status is no passage.
PLAUSIBLE = {
    **{1: {2, 3, 5}, 2: {4, 5, 6, 7, 8, 9}, 3: set(), 4: {4, 5, 6, 7, 8, 9}, 5: {2, 4, 7, 8}},
    **{6: {4, 7, 8, 9}, 7: set(), 8: {4}, 9: {10, 4}, 10: {4}},
}


PAIRS = list(itertools.product(range(1, 11), repeat=2))


def implausible(world: World, batch_id: int) -> int:
    [(failed,)] = world.rows(
        "SELECT failed_count FROM ops.validation_result WHERE batch_id = :b AND rule_id = 'QT04'", b=batch_id
    )
    return failed


def pair(number: int, status: int, day: str) -> dict:
    return {"ma_ho_so": code(number), "thoi_gian": f"202503{day}090000", "trang_thai": str(status)}


@pytest.mark.parametrize("start", range(1, 11))
def test_implausible_passages_are_counted_and_kept(province: World, start: int):
    ends = [end for first, end in PAIRS if first == start]
    expected = sum(end != start and end not in PLAUSIBLE[start] for end in ends)
    together = [pair(n, start, "05") for n in ends] + [pair(n, n, "06") for n in ends]
    batch, _ = province.ingest("qua_trinh", province.steps(*together), at=AT)
    assert (implausible(province, batch.batch_id), batch.lines_accepted) == (expected, 20)
    # The first half known from an earlier batch: the same verdict.
    province.without_dossiers()
    province.ingest("qua_trinh", province.steps(*(pair(n, start, "05") for n in ends)), at=AT)
    batch, _ = province.ingest("qua_trinh", province.steps(*(pair(n, n, "06") for n in ends)), at=AT)
    assert implausible(province, batch.batch_id) == expected


def test_ratings_and_history_that_are_newer_do_not_touch_the_running_month(province: World):
    """Nothing of them is open: the day to which they are known changes no figure."""
    province.add({}, at="2025-06-11")
    for dataset, file in (("danh_gia", province.ratings), ("qua_trinh", province.steps)):
        province.ingest(dataset, file({"ma_ho_so": code(1)}), at="2025-06-11")
        repeated = province.text(file({"ma_ho_so": code(1)}).read_bytes() + b"\n")
        assert province.ingest(dataset, repeated, at="2025-06-21")[1] == []


# --- the simulated source -----------------------------------------------------------------------


ENDS = ["20250201000000", "20250301000000", "20250401000000"]


CRITICAL_KINDS = {defect.name for defect in OTHER_DEFECTS if defect.severity == CRITICAL}


@pytest.fixture(scope="module")
def source():
    more = {"danh_gia_la": 0.02, "danh_gia_tuong_lai": 0.015, "danh_gia_truoc_tiep_nhan": 0.02}
    more |= {"danh_gia_ho_so_la": 0.02, "thieu_buoc_tiep_nhan": 0.01}
    return generate(Settings(per_month=900, den="2025-03", ty_le_loi_khac=more))


@pytest.fixture(scope="module")
def filled(make_world: Callable[[], World], source) -> tuple[World, dict]:
    """A warehouse that pulled three months of the source, window by window; the batches by dataset."""
    world = make_world()
    batches: dict[str, list] = {"danh_gia": [], "qua_trinh": []}
    since = None
    for until in ENDS:
        lists = {
            "don_vi": source.don_vi(until),
            "tthc": source.tthc(until),
            "ho_so": source.ho_so(since, until),
            "danh_gia": source.ratings.danh_gia(since, until),
            "qua_trinh": source.history.qua_trinh(since, until),
        }
        for dataset, records in lists.items():
            batch, _ = world.ingest(dataset, world.json(records, thoi_diem=until))
            if dataset in batches:
                batches[dataset].append(batch)
        since = until
    return world, batches


def test_simulated_defects_are_rejected_exactly_and_the_rest_is_loaded(filled, source):
    world, batches = filled
    # What each rating looked like in the windows that served it, by an account of its own.
    frame = pd.DataFrame(
        {
            "at": source.ratings.at,
            "corrected": source.ratings.corrected,
            "kind": source.ratings.loi("20300101000000"),
        }
    )
    assert set(frame["kind"]) <= {"", *(d.name for d in OTHER_DEFECTS)}
    for batch, until in zip(batches["danh_gia"], ENDS, strict=True):
        served = orjson.loads((batch.landed_path).read_bytes())["data"]
        bad = sum(r["DanhGia"] == "BÌNH THƯỜNG" or r["ThoiGianDanhGia"] > until for r in served)
        assert (batch.lines_read, batch.lines_rejected) == (len(served), bad)
        assert bad > 0
        assert batch.lines_superseded == 0
    rules = dict(
        world.rows(
            "SELECT unnest(rule_ids), count(*) FROM ops.reject INNER JOIN ops.batch USING (batch_id) "
            "WHERE dataset = 'danh_gia' GROUP BY 1"
        )
    )
    assert set(rules) == {"DG03", "DG06"}
    warned = dict(
        world.rows(
            "SELECT rule_id, sum(failed_count)::int FROM ops.validation_result INNER JOIN ops.batch "
            "USING (batch_id) WHERE severity = 'warning' AND failed_count > 0 "
            "AND dataset IN ('danh_gia', 'qua_trinh') GROUP BY 1"
        )
    )
    assert set(warned) == {"DG07", "DG13", "QT04"}


def test_ratings_in_core_are_those_of_the_source_by_rating_time(filled, source):
    world, _ = filled
    newest: dict[tuple, str] = {}
    for since, until in zip([None, *ENDS], ENDS, strict=False):
        for r in source.ratings.danh_gia(since, until):
            if r["DanhGia"] != "BÌNH THƯỜNG" and r["ThoiGianDanhGia"] <= until:
                newest[r["MaHoSo"], r["ThoiGianDanhGia"]] = r["DanhGia"]
    by_month = Counter((at[:6], word) for (_, at), word in newest.items())
    words = {"rat_hai_long": "RẤT HÀI LÒNG", "hai_long": "HÀI LÒNG", "khong_hai_long": "KHÔNG HÀI LÒNG"}
    held = world.rows(
        "SELECT to_char(thoi_gian_danh_gia, 'YYYYMM'), danh_gia, count(*) FROM core.danh_gia GROUP BY 1, 2"
    )
    assert {(month, words[level]): number for month, level, number in held} == by_month
    # Some were made in another month than that in which their dossier ended.
    [(elsewhere,)] = world.rows(
        "SELECT count(*) FROM core.danh_gia AS d INNER JOIN core.ho_so AS h ON d.ma_ho_so = h.ma_ho_so "
        "WHERE date_trunc('month', d.thoi_gian_danh_gia) > date_trunc('month', h.ngay_ket_thuc_xu_ly)"
    )
    assert elsewhere > 10


def test_history_in_core_ends_with_the_status_of_the_dossier(filled):
    """Two accounts of one life: the newest status of the history is the dossier's own."""
    world, _ = filled
    [(compared, different)] = world.rows(
        "WITH cuoi AS (SELECT DISTINCT ON (ma_ho_so) ma_ho_so, trang_thai FROM core.qua_trinh "
        "ORDER BY ma_ho_so, thoi_gian DESC, trang_thai DESC) "
        "SELECT count(*), count(*) FILTER (WHERE cuoi.trang_thai <> h.trang_thai_ho_so) "
        "FROM core.ho_so AS h INNER JOIN cuoi ON h.ma_ho_so = cuoi.ma_ho_so "
        # A dossier whose newest state was rejected stands in an older one.
        "WHERE NOT EXISTS (SELECT FROM ops.reject AS r WHERE r.masked_row ->> 'ma_ho_so' = h.ma_ho_so)"
    )
    assert compared > 2000
    assert different == 0
