"""The working calendar: days off, make-up days and office hours, from sql/reference into core.lich."""

from collections import defaultdict
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import sqlalchemy as sa
from pydantic import ValidationInfo, field_validator

from cchc.errors import BadDefinition, CchcError
from cchc.kept_files import note_register
from cchc.models import Strict
from cchc.registers.reference_files import REFERENCE, contents, numbered_rows
from cchc.warehouse import analyze, no_endless_wait, sync_rows, take_turn

DAYS, YEARS, HOURS = "lich_lam_viec.csv", "lich_nam.csv", "gio_lam_viec.csv"
# Legal durations are counted in days of eight hours.
WORKING_DAY = timedelta(hours=8)
SATURDAY = 5


class SpecialDay(Strict):
    """A row of lich_lam_viec.csv: a weekday off, or a Saturday or Sunday at work."""

    ngay: date
    loai: Literal["nghi_le", "nghi_bu", "hoan_doi", "lam_bu"]
    ghi_chu: str
    nguon: str
    da_kiem_chung: bool

    @field_validator("loai")
    @classmethod
    def _differs_from_the_week(cls, loai: str, info: ValidationInfo) -> str:
        day = info.data.get("ngay")
        if day is not None and (day.weekday() >= SATURDAY) != (loai == "lam_bu"):
            raise ValueError(
                f"{day} is a {day:%A}: expected {'lam_bu' if day.weekday() >= SATURDAY else 'a day off'}, "
                f"or no row, because only days that differ from the usual week stand here"
            )
        return loai


class Year(Strict):
    """A row of lich_nam.csv: a year whose special days are all in lich_lam_viec.csv."""

    nam: int
    ghi_chu: str | None


class Session(Strict):
    """A row of gio_lam_viec.csv: a stretch of office hours, the same on every working day."""

    buoi: str
    tu: time
    den: time

    @field_validator("den")
    @classmethod
    def _forwards(cls, den: time, info: ValidationInfo) -> time:
        if "tu" in info.data and den <= info.data["tu"]:
            raise ValueError(f"it ends at {den}, not after it begins at {info.data['tu']}")
        return den

    @property
    def length(self) -> timedelta:
        return datetime.combine(date.min, self.den) - datetime.combine(date.min, self.tu)


def sync_calendar(engine: sa.Engine, folder: Path | None = None) -> list[int]:
    """Makes core.lich and core.buoi_lam_viec hold what the files say; returns the declared years.

    Raises BadDefinition that names file and line; then nothing is changed.
    """
    years = read_years(folder)
    days = calendar_of(years, read_days(folder))
    sessions = sessions_of(days, read_sessions(folder))
    with no_endless_wait(engine, "calendar"), engine.begin() as connection:
        take_turn(connection, "calendar")
        changed = [
            sync_rows(connection, "core.lich", days),
            sync_rows(connection, "core.buoi_lam_viec", sessions),
        ]
        note_register(connection, "lich", contents(folder or REFERENCE, DAYS, YEARS, HOURS), any(changed))
        # Lines of dossiers are looked up here; PostgreSQL looks at so few rows by itself too late.
        analyze(connection, "core.lich", "core.buoi_lam_viec")
    return years


def check_calendar(engine: sa.Engine, today: date) -> list[int]:
    """Returns the years that core.lich holds; raises CchcError when one is missing that is needed.

    Needed is the year of `today`, and from 1 December the next one too.
    """
    with engine.connect() as connection:
        known = list(
            connection.scalars(
                sa.text(
                    "SELECT DISTINCT CAST(extract(year FROM ngay) AS int) AS nam FROM core.lich ORDER BY 1"
                )
            )
        )
    needed = [today.year] if today.month < 12 else [today.year, today.year + 1]
    missing = [year for year in needed if year not in known]
    if missing:
        last = missing[-1]
        raise CchcError(
            f"The working calendar lacks the year {' and '.join(map(str, missing))}, needed since "
            f"{date(last - 1, 12, 1)} (today is {today}); it holds {_listed(known)}. Write its days off and "
            f"make-up days into sql/reference/{DAYS}, one row a day with its source, then the year into "
            f"sql/reference/{YEARS}, and run the task sync_calendar again."
        )
    return known


def read_years(folder: Path | None = None) -> list[int]:
    """The declared years in order, without gaps."""
    path = (folder or REFERENCE) / YEARS
    rows = numbered_rows(path, Year)
    _once(path, "nam", [(line, row.nam) for line, row in rows])
    years = sorted(row.nam for _, row in rows)
    if not years:
        raise BadDefinition(f"{path.name}: no year, expected at least one row.")
    gaps = sorted(set(range(years[0], years[-1])) - set(years))
    if gaps:
        raise BadDefinition(
            f"{path.name}, column nam: {_listed(gaps)} missing between {years[0]} and {years[-1]}. Working "
            f"days are counted through all years: declare it too."
        )
    return years


def read_days(folder: Path | None = None) -> dict[date, SpecialDay]:
    """The special days by date, also those of years that are not declared yet."""
    path = (folder or REFERENCE) / DAYS
    rows = numbered_rows(path, SpecialDay)
    _once(path, "ngay", [(line, row.ngay) for line, row in rows])
    return {row.ngay: row for _, row in rows}


def read_sessions(folder: Path | None = None) -> list[Session]:
    """The office hours of a working day in order; together one working day."""
    path = (folder or REFERENCE) / HOURS
    rows = sorted(numbered_rows(path, Session), key=lambda numbered: numbered[1].tu)
    _once(path, "buoi", [(line, row.buoi) for line, row in rows])
    for (_, before), (line, row) in pairwise(rows):
        if row.tu < before.den:
            raise BadDefinition(
                f"{path.name}, line {line}, column tu: {row.buoi} begins at {row.tu}, before {before.buoi} "
                f"is over at {before.den}. Correct one of the two."
            )
    total = sum((row.length for _, row in rows), timedelta())
    if total != WORKING_DAY:
        raise BadDefinition(
            f"{path.name}: the sessions add up to {total}, expected {WORKING_DAY}, because deadlines count "
            f"a day as eight hours. Correct tu or den."
        )
    return [row for _, row in rows]


def calendar_of(years: list[int], special: dict[date, SpecialDay]) -> list[dict[str, Any]]:
    """The rows of core.lich: every day of the declared years, with the working days before it."""
    rows, day, before = [], date(years[0], 1, 1), 0
    while day.year <= years[-1]:
        row = special.get(day)
        weekend = day.weekday() >= SATURDAY
        working = row.loai == "lam_bu" if row else not weekend
        usual = "cuoi_tuan" if weekend else "thuong"
        rows.append(
            {
                "ngay": day,
                "la_ngay_lam_viec": working,
                "loai": row.loai if row else usual,
                "ghi_chu": row.ghi_chu if row else None,
                "nguon": row.nguon if row else None,
                "da_kiem_chung": row.da_kiem_chung if row else True,
                "so_ngay_lam_viec_truoc": before,
            }
        )
        before += working
        day += timedelta(days=1)
    return rows


def sessions_of(days: list[dict[str, Any]], sessions: list[Session]) -> list[dict[str, Any]]:
    """The rows of core.buoi_lam_viec: the office hours of all working days, with the seconds before."""
    rows, worked = [], timedelta()
    for day in days:
        for session in sessions if day["la_ngay_lam_viec"] else ():
            begins, ends = (datetime.combine(day["ngay"], clock) for clock in (session.tu, session.den))
            rows.append({"tu": begins, "den": ends, "giay_truoc": worked // timedelta(seconds=1)})
            worked += ends - begins
    return rows


def _once(path: Path, column: str, values: list[tuple[int, object]]) -> None:
    lines = defaultdict(list)
    for line, value in values:
        lines[value].append(line)
    for value, at in lines.items():
        if len(at) > 1:
            raise BadDefinition(
                f"{path.name}, line {at[1]}, column {column}: {value} stands in line {at[0]} already. "
                f"Keep one of the two."
            )


def _listed(years: list[int]) -> str:
    return ", ".join(map(str, years)) or "no year"
