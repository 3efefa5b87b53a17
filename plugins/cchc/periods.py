"""Periods of account: calendar months and the year to date. One value, made in one place."""

import os
import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date

from cchc.errors import CchcError


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
    def year_start(self) -> date:
        return date(self.year, 1, 1)

    @property
    def next(self) -> "Month":
        return Month(self.year + self.month // 12, self.month % 12 + 1)

    def year_to_date(self) -> list["Month"]:
        """The months of the year up to this one."""
        return [Month(self.year, month) for month in range(1, self.month + 1)]


def parse_month(ky: str) -> Month:
    """The month named `ky`; raises CchcError for anything but YYYY-MM."""
    found = re.fullmatch(r"(\d{4})-(0[1-9]|1[0-2])", ky.strip()) if isinstance(ky, str) else None
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
    return parse_month(os.environ.get("CCHC_KY_DAU", "2025-01"))
