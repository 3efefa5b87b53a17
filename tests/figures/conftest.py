"""Months that several tests look at."""

import pytest

from tests.figures.by_hand import counted, done, on
from tests.world import XA, World


@pytest.fixture
def several_months(province) -> World:
    """Fifteen dossiers over the turn of the year and four months."""
    before = {"ngay_tiep_nhan": "20241220090000", "ngay_nop_ho_so": "20241220090000"}
    return counted(
        province,
        before | done("0110"),
        before | done("0305"),
        before,
        before | done("0210", don_vi_xu_ly=XA),
        on("0105"),
        on("0105", **done("0131")),
        on("0105", don_vi_xu_ly=XA, **done("0201")),
        on("0220", **done("0320", "7")),
        on("0220", **done("0320", "8")),
        on("0220", don_vi_xu_ly=XA, trang_thai_ho_so="5"),
        on("0305", don_vi_xu_ly=XA, **done("0305", "10")),
        on("0305", don_vi_xu_ly=XA),
        on("0305", **done("0405")),
        on("0405", trang_thai_ho_so="6"),
        on("0401", **done("0401")),
        at="2025-05-01",
        upto="2025-04",
    )
