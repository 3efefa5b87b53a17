"""The period that a page shows, and those that can be chosen."""

from dataclasses import dataclass
from datetime import date

from cchc.pages.page import Read
from cchc.periods import parse_period
from cchc.vietnamese import PERIOD_KINDS, period


@dataclass(frozen=True)
class Choice:
    """`ky`: what is shown, empty when nothing was counted yet; `others`: (ky, its words), newest first."""

    ky_loai: str
    ky: str
    den_ngay: date | None
    others: list[tuple[str, str]]

    @property
    def words(self) -> str:
        return period(self.ky_loai, self.ky) if self.ky else ""


def chosen_period(read: Read, ky_loai: str, ky: str) -> Choice:
    """The period of an address, or the newest of its kind; raises CchcError for what is no period."""
    if ky_loai not in PERIOD_KINDS or ky:
        parse_period(ky_loai, ky)
    found = read.rows("periods", ky_loai=ky_loai)
    shown = next((row for row in found if row.ky == ky), None) if ky else next(iter(found), None)
    others = [(row.ky, period(ky_loai, row.ky)) for row in found]
    if ky and shown is None:
        wanted = parse_period(ky_loai, ky)
        return Choice(ky_loai, ky, wanted.end, [(ky, period(ky_loai, ky)), *others])
    return Choice(ky_loai, shown.ky if shown else "", shown.den_ngay if shown else None, others)
