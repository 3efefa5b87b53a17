"""JSON text as PostgreSQL's jsonb can hold it and says one thing only."""

import json
import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from cchc.codes import person_in_code
from cchc.contracts import CODE_LENGTH, NEVER, UNKNOWN_TIMES
from cchc.reading.written_codes import visible
from cchc.written_times import read_time, says_no_time

# Of units, in lists within a record.
CODE = re.compile(r"[0-9A-Za-z._/&:+-]+", re.ASCII)
DEEPEST = 20
BIGGEST = Decimal(10) ** 15
LONGEST = 1_000_000
# Of units that provide a procedure.
FIRST_DAY, LAST_DAY = "HieuLucTu", "HieuLucDen"
DAYS = (FIRST_DAY, LAST_DAY)
FOUR_DIGITS = 1000


class NoJson(ValueError):
    """Text that is no JSON, or one that a jsonb column cannot hold; says why."""


def read_list(text: str, fields: Mapping[str, str]) -> str:
    """The same value as JSON text; of an object only `fields` are kept: name → kind, as the contract says.

    Raises NoJson, also for what should be a code and is none.
    """
    held = json_value(text)
    if isinstance(held, list):
        held = [_kept(part, fields, f"phần tử {number}: ") for number, part in enumerate(held, start=1)]
    return json.dumps(_kept(held, fields, ""), ensure_ascii=False, sort_keys=True)


def json_value(text: str) -> object:
    """What JSON text says: a vendor's null for a time is None, a day is 20250305. Raises NoJson."""
    if len(text) > LONGEST:
        raise NoJson(f"dài {len(text)} ký tự, nhiều nhất {LONGEST}")
    # Before parsing: what is too deep for the parser is too deep for everybody.
    if _depth(text) > DEEPEST:
        raise NoJson(f"lồng quá {DEEPEST} tầng")
    try:
        value = json.loads(
            text, object_pairs_hook=_object, parse_float=_number, parse_int=_number, parse_constant=_constant
        )
    except json.JSONDecodeError:
        raise NoJson("không phải JSON") from None
    return _held(value)


def _kept(part: object, fields: Mapping[str, str], where: str) -> object:
    """An object with the fields that are kept of it; what is none, as it is."""
    if not isinstance(part, dict):
        return part
    for name, kind in fields.items():
        text = part.get(name)
        if kind != "code" or not isinstance(text, str) or not 0 < len(text) <= CODE_LENGTH:
            # What is no text, or too long, breaks the suite's own rule.
            continue
        fault = person_in_code(text) if CODE.fullmatch(text) else "không phải mã"
        if fault:
            raise NoJson(f"{where}{name} {fault}")
    return {name: part[name] for name in fields if name in part}


def _depth(text: str) -> int:
    deepest = depth = 0
    for letter in text:
        if letter in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif letter in "]}":
            depth -= 1
    return deepest


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    if len({name for name, _ in pairs}) != len(pairs):
        raise NoJson("một trường ghi hai lần")
    return dict(pairs)


def _number(text: str) -> object:
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise NoJson("số ngoài khoảng") from None
    if abs(value) > BIGGEST or int(value.as_tuple().exponent) < -6:
        raise NoJson("số ngoài khoảng")
    return int(value) if value == value.to_integral_value() else float(value)


def _constant(name: str) -> object:
    raise NoJson(f"{name} không phải số")


def _held(value: object) -> object:
    if isinstance(value, dict):
        return {_word(name): _day(name, _held(part)) for name, part in value.items()}
    if isinstance(value, list):
        return [_held(part) for part in value]
    if isinstance(value, str):
        text = visible(_word(value))
        return None if says_no_time(text, UNKNOWN_TIMES) else text
    return value


def _day(name: str, value: object) -> object:
    """A day of validity in the form in which the suite and core read it; what is none stays as it is."""
    if name not in DAYS or not isinstance(value, str):
        return value
    if name == LAST_DAY and says_no_time(value, NEVER):
        return None
    moment = read_time(value)
    return moment.strftime("%Y%m%d") if moment and moment.year >= FOUR_DIGITS else value


def _word(text: str) -> str:
    if "\x00" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise NoJson("ký tự không lưu được")
    return text
