"""Takes a page of a list apart and leaves its records as received: their readers judge what they say."""

import json
import re
from collections.abc import Callable
from typing import Any

import orjson

SPACE = re.compile(r"[ \t\r\n]*")
# Numbers of records are passed over, not made: they may be too long for any type.
RECORD = json.JSONDecoder(strict=False, parse_int=str, parse_float=str)
# Ten pages as large as any system makes them.
MOST_RECORDS = 100_000
# Lists, objects and values of an answer, each of which takes up to a hundred bytes as an object of Python.
MOST_PARTS = 2_000_000
FIELD = json.JSONDecoder(strict=False, parse_float=str)


class NoPage(ValueError):
    """Bytes that are no JSON object in which each field stands once; says why."""


class TooManyParts(NoPage):
    """JSON that is small as text and would be large in memory."""


def text_of(content: bytes) -> str:
    """JSON as text, in whatever encoding; what is no character goes back to the bytes that it was.

    Raises NoPage for what would be large in memory.
    """
    try:
        text = content.decode(json.detect_encoding(content), "surrogateescape")
    except ValueError:
        raise NoPage("the answer is no JSON") from None
    # In bytes, which is faster, where each of these is one.
    parts = sum(map(text.count, ",[{")) if b"\0" in content else sum(map(content.count, (b",", b"[", b"{")))
    if parts > MOST_PARTS:
        raise TooManyParts(f"the answer holds more than {MOST_PARTS} values, lists and objects")
    return text


def read_page(text: str, look: Callable[[Any], object] = lambda _: None) -> dict[str, Any]:
    """The fields of a page; its list `data` as a fragment a record. Raises NoPage.

    `look` is shown each record, with its numbers as text.
    """
    try:
        fields, end = _fields(text, _after_space(text, 0), look)
    except NoPage:
        raise
    except (ValueError, RecursionError):
        # The parser quotes what it could not read.
        raise NoPage("the answer is no JSON") from None
    if end < len(text):
        raise NoPage("something follows the answer's JSON object")
    return fields


def _fields(text: str, at: int, look: Callable[[Any], object]) -> tuple[dict[str, Any], int]:
    """The fields of the object at this place, and what follows it."""
    fields: dict[str, Any] = {}
    at = _behind("{", text, at)
    while not (text.startswith("}", at) and not fields):
        name, at = FIELD.raw_decode(text, at)
        at = _behind(":", text, _after_space(text, at))
        if not isinstance(name, str) or name in fields:
            raise NoPage("the answer has a field twice")
        if name == "data" and text.startswith("[", at):
            fields[name], at = _records(text, at, look)
        else:
            fields[name], at = FIELD.raw_decode(text, at)
        at = _after_space(text, at)
        if text.startswith("}", at):
            break
        at = _behind(",", text, at)
    return fields, _behind("}", text, at)


def _records(text: str, at: int, look: Callable[[Any], object]) -> tuple[list[orjson.Fragment], int]:
    records: list[orjson.Fragment] = []
    at = _behind("[", text, at)
    while not (text.startswith("]", at) and not records):
        record, end = RECORD.raw_decode(text, at)
        look(record)
        if len(records) == MOST_RECORDS:
            raise NoPage(f"the page holds more than {MOST_RECORDS} records")
        records.append(orjson.Fragment(text[at:end].encode("utf-8", "surrogateescape")))
        at = _after_space(text, end)
        if text.startswith("]", at):
            break
        at = _behind(",", text, at)
    return records, _behind("]", text, at)


def _behind(sign: str, text: str, at: int) -> int:
    if not text.startswith(sign, at):
        raise NoPage("the answer is no JSON object" if sign == "{" else "the answer is no JSON")
    return _after_space(text, at + 1)


def _after_space(text: str, at: int) -> int:
    found = SPACE.match(text, at)
    return found.end() if found else at
