"""Parses one JSON record exactly: what it says twice, or what no value can be, is a fault of its field."""

import json
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import orjson

from cchc.field_words import MOST_DIGITS, shown

STRING_BYTES = 1 << 20
KEYS = 2_000
DIGITS = 64
INT64_DIGITS = 19
# The greatest exponent of a number that other programs can hold.
EXPONENT = 308
STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
COLON = re.compile(rb'"\s*+:')


class NotJson(ValueError):
    """Bytes that are no JSON. `text`: what precedes the fault; `found`: what stands there, in words."""

    def __init__(self, text: str, found: str) -> None:
        super().__init__(found)
        self.text, self.found = text, found


class TooLarge(ValueError):
    """JSON with what no export has: the message says what."""


class Fault:
    """Stands for what is no value."""

    def __init__(self, reason: str) -> None:
        self.reason = reason


class _Twice(dict[str, Any]):
    """An object with a key that it has twice."""

    key: str


def parse_record(data: bytes) -> tuple[dict[str, Any], dict[str, str]]:
    """(the fields of an object, field → what is wrong with it); a field with a fault is not among the first.

    Numbers are ints, and Decimals as they are written. Raises NotJson, or TooLarge.
    """
    if len(data) > STRING_BYTES and any(len(found[0]) > STRING_BYTES for found in STRING.finditer(data)):
        raise TooLarge(f"a text has more than {STRING_BYTES >> 20} MiB")
    try:
        record = orjson.loads(data)
    except orjson.JSONDecodeError:
        return _exactly(data)
    try:
        keys = _plain_keys(record)
    except _Doubtful:
        return _exactly(data)
    # Each key is followed by a colon. More of them stand in texts, or a key is there twice.
    if keys != data.count(b":") and keys != len(COLON.findall(data)):
        return _exactly(data)
    return record, {}


class _Doubtful(Exception):
    pass


def _plain_keys(value: Iterable[Any]) -> int:
    """The number of keys in a value and all that is in it; raises _Doubtful where a number may be rounded."""
    count = 0
    if isinstance(value, dict):
        count = len(value)
        if count > KEYS:
            raise TooLarge(f"an object has more than {KEYS:,} fields")
        value = value.values()
    for inner in value:
        kind = type(inner)
        if kind is dict or kind is list:
            count += _plain_keys(inner)
        elif kind is float:
            raise _Doubtful
    return count


def _exactly(data: bytes) -> tuple[dict[str, Any], dict[str, str]]:
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise NotJson(data[: error.start].decode(), "a byte that is not UTF-8") from None
    try:
        record = DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise NotJson(text[: error.pos], _found(text[error.pos : error.pos + 1])) from None
    faults: dict[str, str] = {}
    if isinstance(record, _Twice):
        faults[record.key] = f"trường {shown(record.key)} có hai lần"
    for key, value in record.items():
        if reason := _fault(key) or _fault(value):
            faults.setdefault(key, reason)
    return {key: value for key, value in record.items() if key not in faults}, faults


def _found(character: str) -> str:
    known = {"'": "a single quote", "/": "a comment", "#": "a comment", "": "the end", ",": "a comma"}
    return known.get(character, "something else")


def _fault(value: Any) -> str | None:
    """The first fault in a value and all that is in it."""
    if isinstance(value, str):
        return None if value.isprintable() or _encodes(value) else "nửa ký tự (mã \\ud800–\\udfff)"
    if isinstance(value, Fault):
        return value.reason
    if isinstance(value, _Twice):
        return f"trường {shown(value.key)} có hai lần"
    parts: Iterable[Any] = ()
    if isinstance(value, dict):
        parts = (part for item in value.items() for part in item)
    elif isinstance(value, list):
        parts = value
    return next((reason for part in parts if (reason := _fault(part))), None)


def _encodes(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(pairs) > KEYS:
        raise TooLarge(f"an object has more than {KEYS:,} fields")
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    twice = _Twice(found)
    seen: set[str] = set()
    twice.key = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
    return twice


def _integer(text: str) -> int | Decimal | Fault:
    return int(text) if len(text) < INT64_DIGITS else _fraction(text)


def _fraction(text: str) -> Decimal | Fault:
    if len(text) > DIGITS:
        return Fault(f"số dài hơn {DIGITS} chữ số")
    number = Decimal(text)
    told = f" {text}" if len(text) <= MOST_DIGITS else ""
    return number if abs(number.adjusted()) <= EXPONENT else Fault(f"số{told} quá lớn hoặc quá nhỏ")


def _constant(text: str) -> Fault:
    return Fault(f"{text} không phải là giá trị")


# Control characters within a text are no JSON, but leave no doubt of what it says.
DECODER = json.JSONDecoder(
    strict=False,
    object_pairs_hook=_object,
    parse_int=_integer,
    parse_float=_fraction,
    parse_constant=_constant,
)


def as_json(value: Mapping[str, Any] | list[Any]) -> str:
    """A nested value as JSON text, numbers as they were written."""
    return orjson.dumps(value, default=_number, option=orjson.OPT_SORT_KEYS).decode()


def _number(value: Any) -> orjson.Fragment:
    return orjson.Fragment(str(value))
