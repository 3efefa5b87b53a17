"""Understands what a file states of itself in words: how many lines it has and when it was made."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from cchc.spelling import fold

LABELS = ("tổng số", "tổng cộng")
# Other words begin alike ("tổng hợp", "cộng hòa"): a number has to follow, or nothing.
SHORT_LABELS = ("tổng", "cộng", "total", "số bản ghi", "số dòng", "số lượng")
# What only these datasets have a line of; of others it is another number.
THINGS = {
    "hồ sơ công việc": ("ho_so_cong_viec",),
    "hồ sơ": ("ho_so", "ho_so_cong_viec"),
    "văn bản": ("van_ban",),
    "thủ tục": ("tthc",),
    "đơn vị": ("don_vi",),
    "đánh giá": ("danh_gia",),
}
# What may stand between the label and the number, or behind it; any other word changes what is counted.
UNITS = (*THINGS, "dòng dữ liệu", "dòng", "bản ghi", "lượt", "phiếu", "mục", "records", "rows")
_UNIT = rf"(?: (?:{'|'.join(UNITS)}))?"
_LABEL = rf"(?:(?:{'|'.join(LABELS)}){_UNIT}|(?:{'|'.join(SHORT_LABELS)}){_UNIT}(?=\s*(?:[:=\d-]|$)))"
STATED = re.compile(rf"(?P<label>{_LABEL})\s*[:=]?\s*(?P<number>\S.*)?", re.DOTALL)
# In a sentence: behind a sign, or as what is shown a part of; behind another word it may be part of that.
INSIDE = re.compile(
    rf"(?:(?P<apart>^|[-–—(\[;.,:|•*]|\btrong)\s*|(?<=\s))"
    rf"(?P<label>(?:{'|'.join(LABELS)}){_UNIT})\s*[:=]?\s*(?P<number>\d.*)"
)
SECTION = re.compile(
    r"(?:cộng (?!hòa|đồng|tác|sinh)|tổng (?=(?:mục|phần|nhóm|khối|[ivx]+|[a-zđ])\b))[^\d:=]+(?::? \d[\d.]*)?"
)
# Grouped by threes: a number of lines has no fraction, so that a point can only group.
NUMBER = re.compile(rf"(\d{{1,3}}(?:([., \u00a0\u202f])\d{{3}})(?:\2\d{{3}})*|\d+){_UNIT}\s*[.;/)\]]*")
# No file has more lines; a greater number is none of lines, it may be one of identity or telephone.
MOST = 99_999_999
LOCAL = timedelta(hours=7)
HOURS_OF_HALF = 12
DAY = r"(?P<d>\d{1,2})[/.-](?P<m>\d{1,2})[/.-](?P<y>\d{4})"
ISO = r"(?P<y2>\d{4})[-/.](?P<m2>\d{2})[-/.](?P<d2>\d{2})"
WORDS = r"(?P<d3>\d{1,2}) tháng (?P<m3>\d{1,2}) năm (?P<y3>\d{4})"
HALF = r"(?:(?P<before>sa|sáng|am|a\.m\.)|(?P<after>ch|chiều|tối|pm|p\.m\.))(?!\w)"
ZONE = r"(?P<zone>z|(?:utc|gmt)(?:[+-]\d{1,2}(?::\d{2})?)?|[+-]\d{2}:?\d{2})(?!\w)"
CLOCK = (
    r"(?P<H>\d{1,2})(?::|h|g|\s?giờ\s?)(?:(?P<M>\d{2})(?:\s?phút)?)?(?::(?P<S>\d{2})(?:[.,]\d+)?)?(?!\d)"
    rf"(?:\s?{HALF})?(?:\s?{ZONE})?"
)
MOMENT = re.compile(
    rf"(?:(?:lúc )?{CLOCK}[,;]?\s+)?(?:(?:thứ \w+|chủ nhật),?\s+)?(?:ngày )?(?:{DAY}|{ISO}|{WORDS})(?!\d)"
    rf"(?:(?:[,;]?\s+|t)(?:[(-]\s?)?(?:(?:vào )?lúc |giờ(?: xuất)?:? )?{CLOCK.replace('?P<', '?P<_')})?"
)
# Behind a moment that was read: a part of it that was not, or the end of a stretch of time.
UNREAD = re.compile(r"\s*[(,;-]?\s*(?:lúc |đến |tới |giờ(?: xuất)?:? )*\d{1,4}\s?[:hg/.-]|\w")


@dataclass(frozen=True)
class Total:
    """A stated number of lines. `number` is None where the words are not understood.

    `since`, `so_far`: the lines read since the last total and since the header; both None above the header.
    `sections`: the lines since each total before the last one: a section may have some of its own.
    """

    text: str
    line_no: int
    number: int | None
    since: int | None = None
    so_far: int | None = None
    sections: tuple[int, ...] = ()


def stated_total(
    cells: Iterable[str], label: str | None = None, dataset: str | None = None, *, inside: bool = False
) -> tuple[str, int | None] | None:
    """(what stands there, the number of lines it states) of a row that states a total, else None.

    The number is None where it is not understood: several numbers, a sign, other words, things that are no
    lines of `dataset`. `label` is one more than LABELS that begins such a row. `inside`: whether the row is
    no line in any case, so that the words may stand anywhere in it.
    """
    filled = [" ".join(cell.split()) for cell in cells if cell.strip()]
    text = " ".join(filled)
    folded = fold(text)
    if label and folded.startswith(fold(label)):
        folded = f"{LABELS[0]} {folded.removeprefix(fold(label))}"
    folded = re.sub(r"\s+([:=])", r"\1", " ".join(folded.split()))
    found = STATED.match(folded)
    if found and not (found["number"] and found.end("label") == found.start("number")):
        number = None if _other_things(found[0], dataset) else stated_number(found["number"])
        return text if number is not None else _up_to_number(text) or found["label"], number
    if filled and SECTION.fullmatch(fold(filled[0])) and _numbers(filled):
        return f"{folded.split()[0]} … {folded.split()[-1]}", None
    if inside and (found := INSIDE.search(folded)):
        understood = found["apart"] is not None and not _other_things(found[0], dataset)
        stated = _up_to_number(folded[found.start("label") :])
        return stated, stated_number(found["number"]) if understood else None
    return None


def _up_to_number(text: str) -> str:
    """The text without what follows its last number: the table's end may name who made it."""
    return re.sub(r"\D+$", "", text)


def _other_things(words: str, dataset: str | None) -> bool:
    """Whether the words count what `dataset` has no lines of."""
    counted = next((thing for thing in THINGS if thing in words), None)
    return dataset is not None and counted is not None and dataset not in THINGS[counted]


def _numbers(filled: list[str]) -> bool:
    """Whether a section's name is followed by numbers alone, in its cell or in others."""
    return all(NUMBER.fullmatch(cell) for cell in filled[1:]) if filled[1:] else filled[0][-1].isdigit()


def stated_number(value: object) -> int | None:
    """A number of lines as it is stated, or None when that is not understood."""
    found = NUMBER.fullmatch(fold(str(value))) if value is not None and not isinstance(value, bool) else None
    number = int(re.sub(r"\D", "", found[1])) if found and len(found[1]) < 20 else None
    return number if number is not None and number <= MOST else None


def agreed_total(totals: list[Total], lines: int) -> int | None:
    """The number of lines that all stated totals together say; None when none is understood.

    A total above the header speaks of the file; one below lines of those since the last total (a section) or
    of all so far. The first that agrees with neither is returned: it is not the number read.
    """
    agreed = None
    for total in totals:
        if total.number is None:
            continue
        if total.number not in (lines, total.since, total.so_far, *total.sections):
            return total.number
        if total.number == lines:
            agreed = lines
    return agreed


def stated_moment(text: str) -> datetime | None:
    """The moment at the beginning of `text`, local time, or None; of a day alone the end of it.

    Day before month, as in Vietnam: 1/4/2025 7:05, 01/04/2025 lúc 7h05, 7:05 CH ngày 1/4/2025,
    2025-04-01T00:05:00Z, ngày 1 tháng 4 năm 2025. None where a part of it would stay unread.
    """
    text = " ".join(text.lower().split())
    found = MOMENT.match(text)
    if not found or UNREAD.match(text, found.end()):
        return None
    part = {name.lstrip("_"): value for name, value in found.groupdict().items() if value is not None}
    year, month, day = (int(next(part[k] for k in (n, f"{n}2", f"{n}3") if k in part)) for n in "ymd")
    try:
        if "H" not in part:
            return datetime.combine(datetime(year, month, day), time(23, 59, 59))  # noqa: DTZ001 - local time by contract
        clock = time(_hour(part), int(part.get("M", 0)), int(part.get("S", 0)))
        moment = datetime.combine(datetime(year, month, day), clock)  # noqa: DTZ001 - local time by contract
        return moment + LOCAL - _offset(part["zone"]) if "zone" in part else moment
    except (ValueError, OverflowError):
        return None


def _hour(part: dict[str, str]) -> int:
    """The hour of 24; raises ValueError for 19:05 in the morning."""
    hour = int(part["H"])
    if "before" in part:
        if hour > HOURS_OF_HALF:
            raise ValueError(hour)
        return hour % HOURS_OF_HALF
    return hour + HOURS_OF_HALF if "after" in part and hour < HOURS_OF_HALF else hour


def _offset(zone: str) -> timedelta:
    """How far the clocks of a zone (z, utc+7, +07:00, -0500) are ahead of UTC."""
    found = re.search(r"([+-])(\d{1,2}):?(\d{2})?$", zone)
    ahead = timedelta(hours=int(found[2]), minutes=int(found[3] or 0)) if found else timedelta()
    return -ahead if found and found[1] == "-" else ahead
