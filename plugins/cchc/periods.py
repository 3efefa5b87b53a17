"""Periods of account: the calendar's, the year to date, and the report regime's 15th to 14th.

Every period is made of half months (1st to 14th, 15th to the end), which is how figures are counted.
"""

import os
import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta

from cchc.errors import CchcError

# The report regime's month begins on this day (domain: NĐ 09/2019/NĐ-CP).
REPORT_DAY = 15
# A period's neighbours are months too: neither the first nor the last year that a date can have.
_YEAR = r"(?:19|2[0-9])[0-9]{2}"


@dataclass(frozen=True, order=True)
class Month:
    """A calendar month; `ky` is its name in mart and its partition key in Airflow (2025-03)."""

    year: int
    month: int

    @property
    def ky(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"

    @property
    def start(self) -> date:
        return date(self.year, self.month, 1)

    @property
    def end(self) -> date:
        return date(self.year, self.month, monthrange(self.year, self.month)[1])

    @property
    def next(self) -> "Month":
        return self.plus(1)

    def plus(self, months: int) -> "Month":
        """The month so many months later (earlier, when negative)."""
        number = self.year * 12 + self.month - 1 + months
        return Month(number // 12, number % 12 + 1)

    def half_months(self) -> list[tuple[date, date]]:
        """First and last day of both half months."""
        middle = date(self.year, self.month, REPORT_DAY)
        return [(self.start, middle - timedelta(days=1)), (middle, self.end)]


@dataclass(frozen=True, order=True)
class Period:
    """A period of account as mart has it: its kind, its name, its first and last day."""

    ky_loai: str
    ky: str
    start: date
    end: date

    def months(self) -> list[Month]:
        """The months of which at least half a month lies in the period."""
        months = [month_of(self.start)]
        while months[-1] < month_of(self.end):
            months.append(months[-1].next)
        return months

    def half_months(self, month: Month) -> list[tuple[date, date]]:
        """The half months of `month` that lie in the period."""
        return [half for half in month.half_months() if self.start <= half[0] <= self.end]


def _calendar(ky_loai: str, ky: str, first: Month, months: int) -> Period:
    return Period(ky_loai, ky, first.start, first.plus(months - 1).end)


def _reported(ky: str, first: Month, months: int) -> Period:
    """The report regime's counterpart (NĐ 09/2019/NĐ-CP): it begins on the 15th of the month before
    and ends on the 14th of its last month."""
    before, last = first.plus(-1), first.plus(months - 1)
    return Period(
        "ky_bao_cao",
        ky,
        date(before.year, before.month, REPORT_DAY),
        date(last.year, last.month, REPORT_DAY) - timedelta(days=1),
    )


def periods_named_after(year: int) -> list[Period]:
    """All periods that are named after a year or a part of it."""
    months = [Month(year, number) for number in range(1, 13)]
    found = []
    for month in months:
        found.append(_calendar("thang", month.ky, month, 1))
        found.append(_reported(month.ky, month, 1))
        begin = max(months[0], first_period()) if month >= first_period() else months[0]
        found.append(Period("luy_ke", month.ky, begin.start, month.end))
    for number, first in enumerate(months[::3], 1):
        found.append(_calendar("quy", f"{year}-Q{number}", first, 3))
        found.append(_reported(f"{year}-Q{number}", first, 3))
    for number, first in enumerate(months[::6], 1):
        found.append(_calendar("nua_nam", f"{year}-H{number}", first, 6))
    found.append(_reported(f"{year}-H1", months[0], 6))
    found.append(_reported(f"{year}-9T", months[0], 9))
    found.append(_calendar("nam", f"{year}", months[0], 12))
    found.append(_reported(f"{year}", months[0], 12))
    return found


def periods_of(month: Month) -> list[Period]:
    """The periods whose figures are written when `month` is counted again: all that hold part of it.

    Not the year to date of later months: those months are counted again themselves.
    """
    return [
        period
        for year in (month.year, month.year + 1)
        for period in periods_named_after(year)
        if period.start <= month.end and period.end >= month.start
        if period.ky_loai != "luy_ke" or period.ky == month.ky
    ]


def parse_period(ky_loai: str, ky: str) -> Period:
    """The period of this kind and name; raises CchcError when there is none."""
    year = re.fullmatch(rf"({_YEAR})(-.*)?", ky)
    for period in periods_named_after(int(year[1])) if year else ():
        if (period.ky_loai, period.ky) == (ky_loai, ky):
            return period
    raise CchcError(
        f"There is no period {ky!r} of kind {ky_loai!r}: expected thang or luy_ke with 2025-03, quy with "
        f"2025-Q1, nua_nam with 2025-H1, nam with 2025, or ky_bao_cao with 2025-03, 2025-Q1, 2025-H1, "
        f"2025-9T, 2025."
    )


def parse_month(ky: str) -> Month:
    """The month named `ky`; raises CchcError for anything but YYYY-MM."""
    found = re.fullmatch(rf"({_YEAR})-(0[1-9]|1[0-2])", ky.strip()) if isinstance(ky, str) else None
    if not found:
        raise CchcError(f"Period {ky!r} is no month: expected YYYY-MM, for example 2025-03.")
    return Month(int(found[1]), int(found[2]))


def month_of(day: date) -> Month:
    return Month(day.year, day.month)


def months_between(start: date, end: date) -> list[str]:
    """Names of the months from the one of `start` to the one of `end`, both included."""
    current, last = month_of(start), month_of(end)
    names = []
    while current <= last:
        names.append(current.ky)
        current = current.next
    return names


def first_period() -> Month:
    """The first month that is counted: the plan starts in January 2025. CCHC_KY_DAU sets another."""
    name = os.environ.get("CCHC_KY_DAU", "2025-01")
    try:
        return parse_month(name)
    except CchcError as error:
        raise CchcError(
            f"CCHC_KY_DAU={name!r} is no month. Expected YYYY-MM, for example 2025-01."
        ) from error
