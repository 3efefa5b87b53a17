"""Whatever comes after months are closed: what was published stays, and the parts of every change add up."""

import pytest

from cchc.errors import CchcError
from cchc.figures.definitions import indicators
from cchc.publication.closing import close, restate
from cchc.publication.ledger import faults
from tests.accidents import copied
from tests.publication.histories import DATASETS, MONTHS, History
from tests.torture import often
from tests.world import World

pytestmark = [pytest.mark.long, pytest.mark.torture]
BY = {"by": "chi_cuc", "approved_by": "giam_doc"}
# Of figures that wait or were restated: those whose parts are not what changed. Scores have no parts.
NOT_SPLIT = """
SELECT ky_loai, ky, ma_chi_so, ma_don_vi, lan, sum(tu) AS tu, sum(mau) AS mau FROM (
    SELECT c.ky_loai, c.ky, c.ma_chi_so, c.ma_don_vi, -1 AS lan,
        coalesce(w.tu_so, 0) - coalesce(c.tu_so, 0) AS tu,
        coalesce(w.mau_so, 0) - coalesce(c.mau_so, 0) AS mau
    FROM mart.con_so_cho AS w INNER JOIN mart.chi_so AS c USING (ky_loai, ky, ma_chi_so, ma_don_vi)
    UNION ALL
    SELECT c.ky_loai, c.ky, c.ma_chi_so, c.ma_don_vi, c.revision,
        coalesce(c.tu_so, 0) - coalesce(b.tu_so, 0), coalesce(c.mau_so, 0) - coalesce(b.mau_so, 0)
    FROM mart.con_so_cong_bo AS c INNER JOIN mart.con_so_cong_bo AS b
    ON (b.ky_loai, b.ky, b.ma_chi_so, b.ma_don_vi) = (c.ky_loai, c.ky, c.ma_chi_so, c.ma_don_vi)
        AND b.revision = c.revision - 1
    UNION ALL
    SELECT ky_loai, ky, ma_chi_so, ma_don_vi, coalesce(den_revision, -1), -tu_so, -mau_so
    FROM mart.phan_thay_doi
) AS x GROUP BY 1, 2, 3, 4, 5 HAVING sum(tu) <> 0 OR sum(mau) <> 0 ORDER BY 1, 2, 3, 4, 5
"""
# Changes whose rows, listed, do not add up to their parts, cause by cause, or of which a plain sum has a part
# that no row bears.
NOT_LISTED = """
WITH doi AS (
    SELECT DISTINCT ky_loai, ky, ma_chi_so, ma_don_vi, p.den_revision,
        coalesce(p.den_revision - 1, c.revision) AS tu_revision
    FROM mart.phan_thay_doi AS p
    LEFT JOIN mart.chi_so AS c USING (ky_loai, ky, ma_chi_so, ma_don_vi)
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


def sound(world: World, seed: int) -> None:
    assert world.rows(NOT_SPLIT) == [], f"history {seed}"
    with world.engine.connect() as connection:
        assert faults(connection) == [], f"history {seed}"


# Several, so that they run side by side.
BLOCKS = often(8, 2)
HISTORIES = often(1000, 4) // BLOCKS


@pytest.mark.parametrize("block", range(BLOCKS))
def test_parts_of_every_change_add_up_and_what_was_published_stays(
    shared_province, tmp_path, record_property, block
):
    world = World(shared_province, tmp_path).without_dossiers()
    with copied(world.engine) as put_back:
        for seed in range(block * HISTORIES, (block + 1) * HISTORIES):
            put_back()
            history = History(world, seed)
            for dataset in [*history.chance.sample(DATASETS, 5), "ho_so"]:
                history.load(dataset, 8)
            world.refresh_all()
            for ky in MONTHS[: history.chance.randint(1, 3)]:
                close(world.engine, ky, **BY, reason="Dữ liệu thử")
            published = world.rows("SELECT t::text FROM mart.con_so_cong_bo AS t ORDER BY 1")
            sound(world, seed)
            for _ in range(history.chance.randint(1, 2)):
                for dataset in history.chance.sample(DATASETS, history.chance.randint(1, 3)):
                    history.load(dataset, history.chance.randint(1, 6))
                world.refresh_all()
                sound(world, seed)
                if history.chance.random() < 0.6:
                    try:
                        restate(world.engine, history.chance.choice(MONTHS[:2]), reason="Thử", **BY)
                    except CchcError as error:
                        assert "Nothing waits" in str(error) or "is open" in str(error)
                    sound(world, seed)
            still = world.rows("SELECT t::text FROM mart.con_so_cong_bo AS t ORDER BY 1")
            assert set(published) <= set(still)
            if seed % often(10, BLOCKS * HISTORIES) == 0:
                unit = history.chance.choice(["000.00.01.H59", "000.01.42.H59"])
                assert not_found(world, unit) == [], f"history {seed}"
                assert not_listed(world, ["thang", "quy", "ky_bao_cao"]) == [], f"history {seed}"
        put_back()
    record_property("histories of closed months", HISTORIES)
