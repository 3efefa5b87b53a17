"""A month is closed: what was published stays, what differs waits with its causes, and is restated."""

import pytest
import sqlalchemy as sa

from cchc.errors import CchcError
from cchc.figures.refresh import pending_periods, refresh
from cchc.publication.closing import close, restate
from cchc.publication.ledger import faults
from tests.figures.test_refresh import BASE, LATE, on
from tests.world import SO, XA, World

PROVINCE = "TONG:toan_tinh"
BY = {"by": "chi_cuc", "approved_by": "giam_doc"}


@pytest.fixture
def counted(province: World) -> World:
    """Three months with five dossiers, refreshed."""
    province.add(*BASE)
    province.refresh_all()
    return province


def test_close_and_restate(counted):
    one = close(counted.engine, "2025-01", **BY)
    assert [(p.ky_loai, p.ky) for p in one.periods] == [("thang", "2025-01"), ("ky_bao_cao", "2025-01"), ("luy_ke", "2025-01")]
    with counted.engine.connect() as c:
        assert faults(c) == []
    close(counted.engine, "2025-02", **BY)
    close(counted.engine, "2025-03", **BY)
    with counted.engine.connect() as c:
        assert faults(c) == []
    counted.add(LATE)
    counted.refresh_all()
    print(counted.rows("SELECT ky_loai, ky, ma_chi_so, ma_don_vi, tu_so, mau_so FROM mart.con_so_cho ORDER BY 1,2,3,4")[:40])
    print(counted.rows("SELECT * FROM core.dong_cho"))
    for r in counted.rows("SELECT * FROM mart.phan_thay_doi ORDER BY 1,2,3,4"): print(r)
    assert counted.figure("tiep_nhan", XA, "2025-01") == (0, None)
    restate(counted.engine, "2025-01", reason="Hồ sơ đến muộn", **BY)
    assert counted.figure("tiep_nhan", XA, "2025-01") == (1, None)
    with counted.engine.connect() as c:
        assert faults(c) == []
    assert counted.rows("SELECT count(*) FROM mart.con_so_cho") == [(0,)]
