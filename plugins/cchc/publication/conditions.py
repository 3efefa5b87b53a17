"""What must be before a month is closed, as one list (mart.dieu_kien_chot)."""

from dataclasses import dataclass

import sqlalchemy as sa

from cchc.errors import CchcError

# Without these a month cannot be closed; without those it can, with a reason.
HARD, WITH_REASON = "bat_buoc", "can_ly_do"


@dataclass(frozen=True)
class Condition:
    """One condition. `muc`: bat_buoc, can_ly_do, luu_y; `thieu`: how much of it is missing."""

    ma: str
    ten: str
    muc: str
    dat: bool
    thieu: int
    chi_tiet: str | None
    viec_can_lam: str


def conditions(connection: sa.Connection, ky: str) -> list[Condition]:
    """All conditions of a month, in their order; none for a month without data."""
    rows = connection.execute(
        sa.text(
            "SELECT ma, ten, muc, dat, thieu, chi_tiet, viec_can_lam FROM mart.dieu_kien_chot "
            "WHERE ky = :ky ORDER BY thu_tu"
        ),
        {"ky": ky},
    )
    return [Condition(**row._mapping) for row in rows]


def unmet(connection: sa.Connection, ky: str, *levels: str) -> list[Condition]:
    """The conditions of these levels that do not hold."""
    return [c for c in conditions(connection, ky) if c.muc in levels and not c.dat]


def require(connection: sa.Connection, ky: str, reason: str | None) -> list[Condition]:
    """What is missing and closed over with a reason; raises CchcError when it may not be closed so."""
    missing = unmet(connection, ky, HARD, WITH_REASON)
    if hard := [c for c in missing if c.muc == HARD]:
        raise CchcError(f"Month {ky} cannot be closed: {in_words(hard)}. The list: mart.dieu_kien_chot.")
    if missing and not (reason and reason.strip()):
        raise CchcError(
            f"Month {ky} is not complete: {in_words(missing)}. Put it right, or close it with a reason: it "
            "stands in the ledger. The list: mart.dieu_kien_chot."
        )
    return missing


def in_words(missing: list[Condition]) -> str:
    """Conditions that do not hold, each with how much is missing."""
    return "; ".join(f"{c.ten}: thiếu {c.thieu}" for c in missing)
