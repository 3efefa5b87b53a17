"""Whatever comes after months are closed: what was published stays, and the parts of every change add up."""

import pytest

from cchc.errors import CchcError
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
# Published figures whose rows, found again, do not add up to them.
NOT_FOUND = """
SELECT c.ma_chi_so, c.ky_loai, c.ky, c.ma_don_vi, c.revision, c.tu_so, d.tu_so, c.mau_so, d.mau_so
FROM mart.con_so_cong_bo AS c
INNER JOIN mart.dinh_nghia AS dn ON dn.ma_chi_so = c.ma_chi_so AND dn.loai <> 'diem'
CROSS JOIN LATERAL (
    SELECT coalesce(sum(h.tu_so), 0) AS tu_so FROM mart.ho_so_cua_chi_so(
        c.ma_chi_so, c.ky_loai, c.ky, c.ma_don_vi, c.revision, 'tu_so') AS h
) AS t
CROSS JOIN LATERAL (
    SELECT t.tu_so, coalesce(sum(h.mau_so), 0) AS mau_so FROM mart.ho_so_cua_chi_so(
        c.ma_chi_so, c.ky_loai, c.ky, c.ma_don_vi, c.revision, 'mau_so') AS h
) AS d
WHERE c.ma_chi_so = ANY(:additive) AND c.ky_loai IN ('thang', 'quy', 'ky_bao_cao')
    AND c.ma_don_vi IN (:unit, 'TONG:toan_tinh')
    AND (coalesce(c.tu_so, 0), coalesce(c.mau_so, 0)) <> (d.tu_so, d.mau_so)
"""
ADDITIVE = [
    *("tiep_nhan", "da_giai_quyet", "dang_giai_quyet", "ky_truoc"),
    *("dung_han_06a", "T2", "T6", "T9", "T13"),
]


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
            if seed % often(10, 1) == 0:
                unit = history.chance.choice(["000.00.01.H59", "000.01.42.H59"])
                assert world.rows(NOT_FOUND, additive=ADDITIVE, unit=unit) == [], f"history {seed}"
        put_back()
    record_property("histories of closed months", HISTORIES)
