"""Counts are not below 0, and a rate counts a part of a whole: other figures are never written."""

import sqlalchemy as sa

from cchc.errors import BadDefinition
from cchc.figures.definitions import indicators

NO_PART = """
SELECT ma_chi_so, phien_ban, ky_loai, ky, ma_don_vi, tu_so, mau_so, count(*) OVER () AS figures
FROM {table} WHERE tu_so > mau_so OR tu_so < 0 OR mau_so < 0
ORDER BY ma_chi_so, ky_loai, ky, ma_don_vi LIMIT 1
"""


def require_parts(connection: sa.Connection, table: str) -> None:
    """Raises BadDefinition when a figure in `table`, shaped as mart.chi_so, has more in its numerator than
    in its denominator, as its indicator counts above what it does not count below, or less than nothing."""
    found = connection.execute(sa.text(NO_PART.format(table=table))).first()
    if found:
        own = indicators()[found.ma_chi_so]
        negative = min(found.tu_so, found.mau_so or 0) < 0
        expected = (
            "numbers that are not below 0: correct what is summed (tong), or subtract by tru"
            if negative
            else "all that the numerator counts to be counted by the denominator too: correct the conditions "
            "(dieu_kien) of both"
        )
        raise BadDefinition(
            f"sql/indicators/{own.bien_the_cua or own.ma}.yaml: {found.ma_chi_so} version {found.phien_ban} "
            f"counts {found.tu_so} in its numerator (tu_so) and {found.mau_so or 0} in its denominator "
            f"(mau_so) for {found.ma_don_vi} in {found.ky_loai} {found.ky}, the first of {found.figures} "
            f"such. Expected {expected}. Nothing was counted."
        )
