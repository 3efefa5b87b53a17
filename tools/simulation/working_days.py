"""Working days and office hours, on whole arrays of days and seconds since EPOCH."""

import csv
from pathlib import Path

import numpy as np

REFERENCE = Path(__file__).resolve().parents[2] / "sql" / "reference"
EPOCH = np.datetime64("2024-01-01", "D")
DAY = 86_400
# The time of what does not happen.
NEVER = np.int64(2**40)
OPEN, LUNCH, AFTER_LUNCH, CLOSE = 7 * 3600, 11 * 3600 + 1800, 13 * 3600 + 1800, 17 * 3600
LAST_DAY = np.datetime64("2030-12-31", "D")


def _special_days() -> dict[str, str]:
    """Days that differ from the usual week, as the warehouse has them; later years have weekends only."""
    with (REFERENCE / "lich_lam_viec.csv").open(encoding="utf-8-sig", newline="") as file:
        return {row["ngay"]: row["loai"] for row in csv.DictReader(file) if not row["ngay"].startswith("#")}


_special = _special_days()
HOLIDAYS = np.array([day for day, kind in _special.items() if kind != "lam_bu"], dtype="datetime64[D]")
MAKE_UP = np.array([day for day, kind in _special.items() if kind == "lam_bu"], dtype="datetime64[D]")

_days = np.arange(EPOCH, LAST_DAY + 1)
# Day 0 of EPOCH is a Monday.
WEEKDAY = np.arange(len(_days)) % 7
IS_HOLIDAY = np.isin(_days, HOLIDAYS)
IS_WORKING = ((WEEKDAY < 5) & ~IS_HOLIDAY) | np.isin(_days, MAKE_UP)
WORKING = np.flatnonzero(IS_WORKING)
# Index in WORKING of the day itself, or of the next working day.
WORKING_INDEX = np.searchsorted(WORKING, np.arange(len(_days)))
YMD = np.array([int(str(day).replace("-", "")) for day in _days], dtype=np.int64)


def seconds(text: str) -> int:
    """`yyyyMMddHHmmss` or `yyyy-MM[-dd]` as seconds since EPOCH."""
    if "-" in text:
        moment = np.datetime64(text, "s")
    else:
        moment = np.datetime64(
            f"{text[:4]}-{text[4:6]}-{text[6:8]}T{text[8:10]}:{text[10:12]}:{text[12:14]}", "s"
        )
    return int((moment - EPOCH.astype("datetime64[s]")).astype(int))


def stamps(at: np.ndarray) -> np.ndarray:
    """Seconds since EPOCH as integers that read yyyyMMddHHmmss."""
    day, clock = np.divmod(np.asarray(at, dtype=np.int64), DAY)
    hour, rest = np.divmod(clock, 3600)
    minute, second = np.divmod(rest, 60)
    return YMD[day] * 1_000_000 + hour * 10_000 + minute * 100 + second


def month_end(ky: str) -> str:
    """The first moment after the month yyyy-MM: the usual time of its export."""
    return str(stamps(seconds(str(np.datetime64(ky, "M") + 1))))


def index_of(at: np.ndarray) -> np.ndarray:
    """Position among the working days of the day of each moment, or of the next working day."""
    return WORKING_INDEX[np.asarray(at) // DAY]


def add_days(at: np.ndarray, days: np.ndarray) -> np.ndarray:
    """The moment `days` working days later, at the same time of day."""
    return WORKING[index_of(at) + days] * DAY + np.asarray(at) % DAY


def to_office_hours(at: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """Moves each moment outside office hours into the next office hours, `spread` seconds in."""
    at = np.asarray(at, dtype=np.int64)
    day, clock = np.divmod(at, DAY)
    day = np.where(clock >= CLOSE, day + 1, day)
    next_day = WORKING[WORKING_INDEX[day]]
    moved = (next_day != at // DAY) | (clock < OPEN)
    lunch = ~moved & (clock >= LUNCH) & (clock < AFTER_LUNCH)
    at = np.where(moved, next_day * DAY + OPEN + spread % 14_400, at)
    return np.where(lunch, day * DAY + AFTER_LUNCH + spread % 5_400, at)
