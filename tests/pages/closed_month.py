"""A month that was closed and restated, and of which something waits; and a year before it."""

import sqlalchemy as sa

from cchc.periods import parse_month
from cchc.publication.closing import close, restate
from tests.pages.conftest import IN_TIME, LATE, PEOPLE
from tests.pages.test_figures import PERIOD
from tests.world import XA, World

BY = {"by": "chi_cuc", "approved_by": "giam_doc"}
EARLIER = """
INSERT INTO mart.chi_so
SELECT (jsonb_populate_record(c, jsonb_build_object(
    'ky', :ky, 'tu_ngay', :first, 'den_ngay', :last, 'gia_tri', :value, 'tu_so', :value
))).*
FROM mart.chi_so AS c
WHERE ky_loai = 'thang' AND ky = '2025-03' AND ma_chi_so = 'tiep_nhan'
ON CONFLICT (ky_loai, ky, ma_chi_so, ma_don_vi) DO UPDATE
SET gia_tri = excluded.gia_tri, tu_so = excluded.tu_so
"""


def closed_month(world: World) -> World:
    """March is closed with four of six dossiers in time, restated with six of seven, and one waits.

    The first four are the sở's, of which the fourth was late and is corrected; the seventh came late and in
    time. The eighth is of the commune, came after that, and ended late.
    """
    world.dimensions()
    rows = [*[IN_TIME] * 3, LATE, IN_TIME | {"don_vi_xu_ly": XA}, LATE | {"don_vi_xu_ly": XA}]
    world.add(*rows)
    world.refresh_all()
    for ky in ("2025-01", "2025-02", "2025-03"):
        close(world.engine, ky, reason="Chưa có khai báo", **BY)
    later = IN_TIME | {"ngay_cap_nhat": "20250402090000"}
    rows = [*rows[:3], later, *rows[4:], later]
    world.add(*rows, at="2025-04-03")
    world.refresh_all()
    restate(world.engine, "2025-03", reason="Sở nộp muộn một hồ sơ", **BY)
    world.add(*rows, LATE | {"don_vi_xu_ly": XA, "ngay_cap_nhat": "20250404090000"}, at="2025-04-05")
    world.refresh_all()
    with world.engine.begin() as connection:
        for name, unit in PEOPLE.items():
            connection.exec_driver_sql("SELECT ops.gan_nguoi_xem(%s, %s)", (name, unit))
    return world


def with_a_year_before(world: World) -> None:
    """For a year every unit received forty dossiers a month; in March a sở four, a commune two."""
    with world.engine.begin() as connection:
        for month in map(parse_month("2024-03").plus, range(12)):
            binds = {"ky": month.ky, "first": month.start, "last": month.end, "value": 40}
            connection.execute(sa.text(PERIOD), binds)
            connection.execute(sa.text(EARLIER), binds)
