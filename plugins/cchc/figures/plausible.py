"""Lists figures that stand out from their own last periods, with what is noted about them."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from cchc.warehouse import run_sql_file


@dataclass(frozen=True)
class Plausibility:
    """What stands out in one period.

    `findings`: rows of mart.bat_thuong with `dang_theo_doi` and `so_ghi_chu`, unit by unit, of each the rates
    of few dossiers last. `figures`: how many figures the period has. `compared`: how many periods before it
    have figures, of the twelve that it is compared with; `needed`: with fewer nothing is claimed.
    """

    findings: list[sa.Row[Any]]
    figures: int
    compared: int
    needed: int

    @property
    def says_something(self) -> bool:
        """Whether there are periods enough to compare with: no finding is good news only then."""
        return self.compared >= self.needed


def plausibility(connection: sa.Connection, ky_loai: str, ky: str, unit: str | None = None) -> Plausibility:
    """What stands out in a period, of all units and levels or of one (a code, or TONG:<level>)."""
    binds = {"ky_loai": ky_loai, "ky": ky, "ma_don_vi": unit}
    counts = run_sql_file(connection, "reports/plausible_counts.sql", **binds).one()
    findings = run_sql_file(connection, "reports/plausible.sql", **binds).all()
    return Plausibility(list(findings), counts.figures, counts.compared, counts.needed)
