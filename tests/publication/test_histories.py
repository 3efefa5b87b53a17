"""Whatever comes after months are closed: what was published stays, and the parts of every change add up."""

from collections.abc import Callable

import pytest

from cchc.figures.definitions import indicators
from cchc.publication.ledger import faults
from tests.accidents import copied
from tests.figures.test_refresh import make_pending
from tests.judging.standing import stale
from tests.publication.histories import ANSWERING, DATASETS, History, with_registers
from tests.torture import often
from tests.world import Definitions, World

pytestmark = [pytest.mark.long, pytest.mark.torture]
# Of figures that wait or were restated: those whose parts are not what changed, also where there is a figure
# in one of both only. Scores have no parts.
NOT_SPLIT = """
SELECT ky_loai, ky, ma_chi_so, ma_don_vi, lan, sum(tu) AS tu, sum(mau) AS mau FROM (
    SELECT w.ky_loai, w.ky, w.ma_chi_so, w.ma_don_vi, -1 AS lan,
        coalesce(w.tu_so, 0) - coalesce(c.tu_so, 0) AS tu,
        coalesce(w.mau_so, 0) - coalesce(c.mau_so, 0) AS mau
    FROM mart.con_so_cho AS w LEFT JOIN mart.chi_so AS c USING (ky_loai, ky, ma_chi_so, ma_don_vi)
    UNION ALL
    SELECT c.ky_loai, c.ky, c.ma_chi_so, c.ma_don_vi, c.revision + sau.buoc,
        (1 - 2 * sau.buoc) * coalesce(c.tu_so, 0), (1 - 2 * sau.buoc) * coalesce(c.mau_so, 0)
    FROM mart.con_so_cong_bo AS c CROSS JOIN (VALUES (0), (1)) AS sau (buoc)
    WHERE c.trang_thai = 'da_chot' AND c.revision + sau.buoc > 0
        AND EXISTS (
            SELECT FROM mart.con_so_cong_bo AS k WHERE k.ky_loai = c.ky_loai AND k.ky = c.ky
                AND k.revision = c.revision + sau.buoc
        )
    UNION ALL
    SELECT ky_loai, ky, ma_chi_so, ma_don_vi, coalesce(den_revision, -1), -tu_so, -mau_so
    FROM mart.phan_thay_doi
) AS x GROUP BY 1, 2, 3, 4, 5 HAVING sum(tu) <> 0 OR sum(mau) <> 0 ORDER BY 1, 2, 3, 4, 5
"""
# Changes whose rows, listed, do not add up to their parts, cause by cause, or of which a plain sum has a part
# that no row bears.
NOT_LISTED = """
WITH doi AS (
    SELECT DISTINCT p.ky_loai, p.ky, p.ma_chi_so, p.ma_don_vi, p.den_revision, p.tu_revision
    FROM mart.chi_so_thay_doi AS p
    INNER JOIN mart.ky AS k USING (ky_loai, ky) WHERE ky_loai = ANY(:kinds) AND k.ly_do_na IS NULL
)
SELECT d.*, x.nguyen_nhan, sum(x.tu) AS tu, sum(x.mau) AS mau, bool_or(x.khong_dong) AS khong_dong
FROM doi AS d CROSS JOIN LATERAL (
    SELECT h.nguyen_nhan, h.tu_so AS tu, h.mau_so AS mau,
        h.dong IS NULL AND h.nguyen_nhan <> 'khong_am' AND h.ma_chi_so <> ALL(:units) AS khong_dong
    FROM (
        SELECT d.ma_chi_so, t.* FROM mart.ho_so_thay_doi(
            d.ma_chi_so, d.ky_loai, d.ky, d.ma_don_vi, d.tu_revision, d.den_revision) AS t
    ) AS h
    UNION ALL
    SELECT p.nguyen_nhan, -p.tu_so, -p.mau_so, FALSE FROM mart.phan_thay_doi AS p
    WHERE (p.ky_loai, p.ky, p.ma_chi_so, p.ma_don_vi) = (d.ky_loai, d.ky, d.ma_chi_so, d.ma_don_vi)
        AND p.den_revision IS NOT DISTINCT FROM d.den_revision
) AS x GROUP BY 1, 2, 3, 4, 5, 6, 7 HAVING sum(x.tu) <> 0 OR sum(x.mau) <> 0 OR bool_or(x.khong_dong)
"""
# Published figures whose rows, found again, do not give them: added up, or counted as procedures or units.
NOT_FOUND = """
SELECT c.ma_chi_so, ky_loai, ky, c.ma_don_vi, c.revision, c.tu_so, c.mau_so, r.*
FROM mart.con_so_cong_bo AS c CROSS JOIN LATERAL (
    SELECT greatest(coalesce(sum(h.tu_so), 0), 0) AS cong, count(DISTINCT h.ma_tthc) AS tthc,
        count(DISTINCT h.ma_don_vi_giai_quyet) AS don_vi
    FROM mart.ho_so_cua_chi_so(c.ma_chi_so, ky_loai, ky, c.ma_don_vi, c.revision, :part) AS h
) AS r
WHERE c.ma_chi_so = ANY(:figures) AND ky_loai = ANY(:kinds) AND c.tu_ngay >= '2025-01-01'
    AND c.trang_thai = 'da_chot'
    AND c.ma_don_vi IN (:unit, 'TONG:toan_tinh')
    AND coalesce(CASE :part WHEN 'tu_so' THEN c.tu_so ELSE c.mau_so END, 0) <> CASE :counted
        WHEN 'tthc' THEN r.tthc WHEN 'don_vi' THEN r.don_vi ELSE r.cong END
"""


def not_found(world: World, unit: str) -> list[tuple]:
    """Of every published figure that is counted from rows."""
    found = []
    for part in ("tu_so", "mau_so"):
        chosen: dict[str, list[str]] = {}
        for ma, indicator in indicators().items():
            if indicator.cong_bo and getattr(indicator, part):
                counted = "tthc" if indicator.khoa else "don_vi" if indicator.don_vi_it_nhat else "dong"
                chosen.setdefault(counted, []).append(ma)
        for counted, figures in chosen.items():
            # A row of the denominator says so in a column of its own.
            query = NOT_FOUND if part == "tu_so" else NOT_FOUND.replace("sum(h.tu_so)", "sum(h.mau_so)")
            found += world.rows(
                query,
                part=part,
                counted=counted,
                figures=figures,
                unit=unit,
                kinds=["thang", "quy", "ky_bao_cao"],
            )
    return found


def not_listed(world: World, kinds: list[str]) -> list[tuple]:
    return world.rows(
        NOT_LISTED, kinds=kinds, units=[i.ma for i in indicators().values() if i.don_vi_it_nhat]
    )


def not_split(world: World, seed: int) -> None:
    assert world.rows(NOT_SPLIT) == [], f"history {seed}"


def sound(world: World, seed: int) -> None:
    not_split(world, seed)
    assert stale(world) == [], f"history {seed}"
    with world.engine.connect() as connection:
        assert faults(connection) == [], f"history {seed}"


# What follows from the data alone, whatever was refreshed when.
FOLLOWS = {
    "core.dong_cho": "",
    "mart.con_so_cho": ",as_of",
    "mart.phan_thay_doi": "",
    "mart.chi_so": ",as_of",
}


def followed(world: World) -> dict[str, list[tuple]]:
    return {
        table: world.rows(f"SELECT (to_jsonb(t) - '{{x{apart}}}'::text[])::text FROM {table} AS t ORDER BY 1")
        for table, apart in FOLLOWS.items()
    }


def counted_at_once(world: World) -> None:
    """Asserts that counting everything again leaves what was counted month by month as it is."""
    before = followed(world)
    make_pending(world)
    world.refresh_all()
    after = followed(world)
    for table, rows in before.items():
        assert set(rows) ^ set(after[table]) == set(), table


@pytest.fixture(scope="module")
def registered(make_world: Callable[[], World]) -> World:
    """The procedures of the small province, and units that the reference files know."""
    return with_registers(make_world())


# Several, so that they run side by side.
BLOCKS = often(20, 2)
HISTORIES = often(1000, 4) // BLOCKS


@pytest.mark.parametrize("block", range(BLOCKS))
def test_parts_of_every_change_add_up_and_what_was_published_stays(
    registered, tmp_path, definitions, record_property, block
):
    world = World(registered.engine, tmp_path)
    with copied(world.engine) as put_back:
        for seed in range(block * HISTORIES, (block + 1) * HISTORIES):
            put_back()
            definitions.put_back()
            history_of(world, definitions, seed)
        put_back()
    record_property("histories of closed months", HISTORIES)


def history_of(world: World, definitions: Definitions, seed: int) -> None:
    history = History(world, seed)
    for dataset in [*history.chance.sample(DATASETS, 5), "ho_so"]:
        history.load(dataset, 8)
    history.refresh_one_by_one()
    for _ in range(history.chance.randint(1, 3)):
        history.publish()
    published: set[tuple] = set()
    for _ in range(history.chance.randint(2, 4)):
        for _ in range(history.chance.randint(1, 3)):
            kind = history.chance.random()
            if kind < 0.15:
                history.map_otherwise()
            elif kind < 0.3:
                history.define_otherwise(definitions)
            else:
                history.load(history.chance.choice(DATASETS), history.chance.randint(1, 6))
        history.refresh_one_by_one(lambda: not_split(world, seed))
        sound(world, seed)
        for _ in range(history.chance.randint(0, 2)):
            history.publish()
            sound(world, seed)
        still = set(world.rows("SELECT t::text FROM mart.con_so_cong_bo AS t"))
        assert published <= still, f"history {seed}"
        published = still
    counted_at_once(world)
    if seed % often(10, BLOCKS * HISTORIES) == 0:
        unit = history.chance.choice(list(ANSWERING))
        assert not_found(world, unit) == [], f"history {seed}"
        assert not_listed(world, ["thang", "quy", "ky_bao_cao"]) == [], f"history {seed}"
