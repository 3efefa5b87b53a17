"""Each figure says until when its data are known: by its least known source, a closed one as published."""

from datetime import datetime

import pytest

from cchc.figures.definitions import facts, indicators
from cchc.publication.closing import close, restate
from cchc.reports.sources import sources_of
from tests.figures.test_refresh import BASE, LATE
from tests.world import World

BY = {"by": "chi_cuc", "approved_by": "giam_doc"}
CLOSE = BY | {"reason": "Dữ liệu thử"}
FIRST, LATER, LIST = datetime(2025, 4, 1), datetime(2025, 4, 3), datetime(2024, 1, 1)
UNTIL = (
    "SELECT DISTINCT du_lieu_den FROM mart.chi_so_day_du WHERE ma_chi_so = :ma AND ky_loai = :k AND ky = :ky"
)


@pytest.fixture
def counted(province: World) -> World:
    """Dossiers until 1 April, the list of procedures until 1 January 2024."""
    province.add(*BASE)
    province.refresh_all()
    return province


def until(world: World, ma: str, ky: str, ky_loai: str = "thang") -> datetime | None:
    [(found,)] = world.rows(UNTIL, ma=ma, k=ky_loai, ky=ky)
    return found


def test_an_open_figure_is_known_until_its_least_known_source(counted):
    assert until(counted, "T9", "2025-01") == FIRST
    # Procedures with dossiers, of all that are provided.
    assert until(counted, "T8", "2025-01") == LIST
    # Nothing of work dossiers, ratings or declarations is loaded.
    assert until(counted, "T2", "2025-01") is None


def test_a_closed_figure_stays_as_it_was_known_and_the_restated_one_is_known_further(counted):
    close(counted.engine, "2025-01", **CLOSE)
    counted.add(LATE, at="2025-04-03")
    counted.refresh_all()
    assert until(counted, "T9", "2025-01") == FIRST
    # The year is open.
    assert until(counted, "T9", "2025", "nam") == LATER
    assert until(counted, "T9", "2025-02") == LATER
    restate(counted.engine, "2025-01", reason="Hồ sơ nộp muộn", **BY)
    assert until(counted, "T9", "2025-01") == LATER


def test_every_figure_has_one_row_still(counted):
    close(counted.engine, "2025-01", **CLOSE)
    counted.add(LATE, at="2025-04-03")
    restate(counted.engine, "2025-01", reason="Hồ sơ nộp muộn", **BY)
    assert counted.rows("SELECT count(*) FROM mart.chi_so_day_du") == counted.rows(
        "SELECT count(*) FROM mart.chi_so"
    )


def test_sources_of_an_indicator_are_those_of_its_definition(counted):
    known = counted.rows(
        "SELECT ma_chi_so, array_agg(dataset ORDER BY dataset) FROM core.nguon_chi_so GROUP BY 1"
    )
    # What points are given for.
    scored = {ma for (ma,) in counted.rows("SELECT ma_chi_so FROM mart.thang_diem_766")}
    wanted = {}
    for one in indicators().values():
        if one.cong_bo:
            of = scored if one.loai == "diem" else {one.ma}
            terms = [
                term
                for each in indicators().values()
                if each.ma in of
                for term in (*each.tu_so, *each.mau_so, *each.can_co)
            ]
            wanted[one.ma] = sorted({facts()[term.fact].bo_du_lieu for term in terms})
    assert dict(known) == wanted


def test_it_is_what_official_files_say(counted):
    close(counted.engine, "2025-01", **CLOSE)
    counted.add(LATE, at="2025-04-03")
    counted.refresh_all()
    with counted.engine.connect() as connection:
        for so_cai, ky, wanted in ((1, "2025-01", FIRST), (None, "2025-02", LATER)):
            [(_, told)] = sources_of(connection, ["T9"], so_cai)
            assert told == until(counted, "T9", ky) == wanted


def test_each_period_that_was_published_has_its_editions_in_order(counted):
    close(counted.engine, "2025-01", **CLOSE)
    counted.add(LATE, at="2025-04-03")
    restate(counted.engine, "2025-01", reason="Hồ sơ nộp muộn", **BY)
    query = (
        "SELECT b.ky_loai, b.so_cai, b.revision, b.thay_boi, b.ma_bam = s.ma_bam, b.luc = s.luc "
        "FROM mart.ban_cong_bo AS b INNER JOIN ops.so_cai AS s ON b.so_cai = s.so ORDER BY 1, 2"
    )
    assert counted.rows(query) == [
        (kind, so, so - 1, 2 if so == 1 else None, True, True)
        for kind in ("ky_bao_cao", "luy_ke", "thang")
        for so in (1, 2)
    ]
    # They are those under which the figures were published.
    assert counted.rows(
        "SELECT DISTINCT ky_loai, ky, so_cai, revision FROM mart.con_so_cong_bo ORDER BY 1, 2, 3"
    ) == counted.rows("SELECT ky_loai, ky, so_cai, revision FROM mart.ban_cong_bo ORDER BY 1, 2, 3")
