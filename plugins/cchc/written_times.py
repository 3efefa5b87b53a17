"""Times as sources write them: day before month, year of four digits, local; read exactly or not at all."""

import re
import unicodedata
from datetime import datetime, timedelta, timezone
from functools import cache

import pyarrow as pa
import pyarrow.compute as pc

# Usual forms: strptime format, exact length, where the two digits of the day stand.
# The day is compared with the parsed one because strptime turns 30 February into 2 March.
TIME_FORMATS = (
    ("%Y%m%d%H%M%S", 14, 6),
    ("%d/%m/%Y %H:%M", 16, 0),
    ("%d/%m/%Y %H:%M:%S", 19, 0),
    ("%d/%m/%Y", 10, 0),
    ("%Y-%m-%d %H:%M:%S", 19, 8),
    ("%Y-%m-%dT%H:%M:%S", 19, 8),
    ("%Y-%m-%d", 10, 8),
    ("%Y%m%d", 8, 6),
)
CLOCK = r"(?P<hour>\d{1,2}):(?P<minute>\d\d)(:(?P<second>\d\d)([.,]\d{1,9})?)?"
ZONE = r"(\s?(?P<zone>Z|[+-]\d\d(:?\d\d)?))?"
DAY_FIRST = r"(?P<day>\d{1,2})(?P<sep>[/.-])(?P<month>\d{1,2})(?P=sep)(?P<year>\d{4})"
YEAR_FIRST = r"(?P<year>\d{4})(?P<sep>[/-])(?P<month>\d{1,2})(?P=sep)(?P<day>\d{1,2})"
RARE_FORMS = tuple(
    re.compile(form, re.ASCII)
    for form in (
        rf"{DAY_FIRST}(,?\s+{CLOCK})?",
        rf"{CLOCK},?\s+{DAY_FIRST}",
        rf"{YEAR_FIRST}((\s+|T){CLOCK}{ZONE})?",
        r"(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)",
        r"(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)T?(?P<hour>\d\d)(?P<minute>\d\d)(?P<second>\d\d)?"
        + ZONE,
    )
)
YEAR_ONE = datetime(1, 1, 1)  # noqa: DTZ001 - local time by contract
VIETNAM = timezone(timedelta(hours=7))


def local_now() -> datetime:
    """This moment as files state moments: local time."""
    return datetime.now(VIETNAM).replace(tzinfo=None)


ZONED = re.compile(r"(\d.*:\d\d(?:[.,]\d+)?)\s?(?:Z|[+-]\d\d(?::?\d\d)?)", re.ASCII)
NO_DAY = re.compile(r"(0000([-/]?)00\2?00|00/00/0000)([ T]?00:?00(:?00([.,]0+)?)?)?", re.ASCII)


def says_no_time(text: str, words: tuple[str, ...]) -> bool:
    """Whether `text` is, in any form and zone, a time that vendors write in place of none, as `words` are."""
    zoned = ZONED.fullmatch(text.strip())
    # 1 January of the year 1 is none anywhere: what the clock shows there is not Vietnam's.
    shown = zoned[1] if zoned else text.strip()
    if NO_DAY.fullmatch(shown):
        return any(map(NO_DAY.fullmatch, words))
    moments = _moments(words)
    return read_time(shown) in moments or read_time(text) in moments


@cache
def _moments(words: tuple[str, ...]) -> frozenset[datetime]:
    return frozenset(moment for word in words if (moment := read_time(word)))


def read_time(text: str) -> datetime | None:
    """The local time that `text` says, to the second; a stated zone is converted to Vietnam's."""
    plain = "".join(
        str(unicodedata.decimal(c, c)) for c in text.strip() if c == " " or unicodedata.category(c) != "Cf"
    )
    for form in RARE_FORMS:
        if found := form.fullmatch(plain):
            parts = found.groupdict()
            break
    else:
        return None
    numbers = [int(parts.get(name) or 0) for name in ("year", "month", "day", "hour", "minute", "second")]
    try:
        moment = datetime(*numbers)  # type: ignore[arg-type]  # noqa: DTZ001 - local time by contract
        if zone := parts.get("zone"):
            moment = (moment - _offset(zone)).replace(tzinfo=None) + timedelta(hours=7)
    except (ValueError, OverflowError):
        return None
    return moment


def _offset(zone: str) -> timedelta:
    if zone == "Z":
        return timedelta()
    digits = zone[1:].replace(":", "").ljust(4, "0")
    hours, minutes = int(digits[:2]), int(digits[2:])
    if hours > 14 or minutes > 59:
        raise ValueError(zone)
    return (-1 if zone[0] == "-" else 1) * timedelta(hours=hours, minutes=minutes)


def parse_times(text: pa.Array) -> pa.Array:
    """The local times in a column of texts as timestamp[s]; null where none is read exactly."""
    result = _usual(text)
    if result.null_count == text.null_count:
        return result
    # Each rare text is read once, however often it occurs.
    rare = pc.if_else(pc.is_null(result), text, None).dictionary_encode()
    moments = pa.array([read_time(word) for word in rare.dictionary.to_pylist()], pa.timestamp("s"))
    return pc.coalesce(result, moments.take(rare.indices))


def _usual(text: pa.Array) -> pa.Array:
    length = pc.utf8_length(text)
    sizes = set(pc.unique(length).to_pylist()) - {None}
    result = pa.nulls(len(text), pa.timestamp("s"))
    for form, size, day_at in TIME_FORMATS:
        if size not in sizes:
            continue
        candidate = text if len(sizes) == 1 else pc.if_else(pc.equal(length, size), text, None)
        parsed = pc.strptime(candidate, format=form, unit="s", error_is_null=True)
        digits = pc.utf8_slice_codeunits(candidate, day_at, day_at + 2)
        try:
            days = digits.cast(pa.int64())
        except pa.ArrowInvalid:
            days = pc.if_else(pc.match_substring_regex(digits, r"^\d\d$"), digits, None).cast(pa.int64())
        right_day = pc.equal(pc.day(parsed), days)
        if parsed.null_count != candidate.null_count or not pc.all(right_day).as_py():
            parsed = pc.if_else(right_day, parsed, None)
        # strptime takes a leap second for the next minute, and a blank for a digit.
        if form.endswith("%S") and pc.any(leap := pc.ends_with(candidate, "60")).as_py():
            parsed = pc.if_else(leap, None, parsed)
        if (
            "/" not in form
            and "-" not in form
            and not pc.all(whole := pc.ascii_is_decimal(candidate)).as_py()
        ):
            parsed = pc.if_else(whole, parsed, None)
        result = parsed if result.null_count == len(result) else pc.coalesce(result, parsed)
    # The year 0 is none, though strptime knows it.
    earliest, year_one = pc.min(result), pa.scalar(YEAR_ONE, pa.timestamp("s"))
    if earliest.is_valid and pc.less(earliest, year_one).as_py():
        result = pc.if_else(pc.less(result, year_one), None, result)
    return result
