"""The period that a page shows, and those that can be chosen."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import date

from cchc.errors import CchcError
from cchc.pages.page import Read
from cchc.periods import Period, parse_period
from cchc.vietnamese import PERIOD_KINDS, period, waiting


@dataclass(frozen=True)
class Choice:
    """`ky`: what is shown, empty when nothing was counted yet; `others`: (ky, its words), newest first.

    `why_none`: why the period has no figures, empty when it has; `waiting`: says that it will
    be counted again, empty when nothing of it waits.
    """

    ky_loai: str
    ky: str
    den_ngay: date | None
    others: list[tuple[str, str]]
    waiting: str = ""
    why_none: str = ""

    @property
    def words(self) -> str:
        return period(self.ky_loai, self.ky) if self.ky else ""


def chosen_period(read: Read, ky_loai: str, ky: str) -> Choice:
    """The period of an address, or the newest of its kind; raises CchcError for what is no period.

    Who has chosen another kind still sends the period of the one before: the one in which it ended is shown.
    """
    if ky_loai not in PERIOD_KINDS:
        parse_period(ky_loai, ky)
    found = read.rows("periods", ky_loai=ky_loai)
    if ky and (before := _of_another_kind(ky_loai, ky)):
        held = next((row for row in found if row.tu_ngay <= before.end <= row.den_ngay), None)
        ky = held.ky if held else ""
    if ky:
        shown = next((row for row in found if row.ky == ky), None)
    else:
        with_figures = (row for row in found if not row.ly_do_na)
        shown = next(with_figures, next(iter(found), None))
    others = [(row.ky, period(ky_loai, row.ky)) for row in found]
    if ky and shown is None:
        wanted = parse_period(ky_loai, ky)
        others = [(ky, period(ky_loai, ky)), *others]
        return Choice(ky_loai, ky, wanted.end, others, _waiting(read, wanted.start, wanted.end))
    if shown is None:
        return Choice(ky_loai, "", None, others)
    again = _waiting(read, shown.tu_ngay, shown.den_ngay)
    return Choice(ky_loai, shown.ky, shown.den_ngay, others, again, shown.ly_do_na or "")


def _waiting(read: Read, first: date, last: date) -> str:
    return waiting([row.ky for row in read.rows("waiting", tu_ngay=first, den_ngay=last)])


def _of_another_kind(ky_loai: str, ky: str) -> Period | None:
    """The period `ky` when it is none of this kind but of another; raises CchcError when it is of none."""
    try:
        parse_period(ky_loai, ky)
    except CchcError:
        for other in PERIOD_KINDS:
            with suppress(CchcError):
                return parse_period(other, ky)
        raise
    return None
