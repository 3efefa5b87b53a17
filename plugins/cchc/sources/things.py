"""Whether a pull is complete, judged by the things in it: none twice, in order, none from outside."""

import hashlib
import os
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from cchc.contracts import VALID_FROM, Contract
from cchc.errors import SourceRefused, SourceUnavailable
from cchc.spelling import fold
from cchc.written_times import read_time

TIME = "%Y%m%d%H%M%S"
USUAL_TIME = re.compile(r"\d{4}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])([01]\d|2[0-3])[0-5]\d[0-5]\d", re.ASCII)
# As many different fields as the readers take of a file.
MOST_SPELLINGS = 2_000
# No system is older: years before it are parts of other numbers.
FIRST_YEAR = 1990


@dataclass(frozen=True)
class Told:
    """What is remembered of one record; None for what it does not say."""

    key: str | None
    changed: str | None


def moment_of(value: object) -> str | None:
    """A time as yyyyMMddHHmmss, local, in whatever form the readers take; None for what they do not."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return _moment(str(value).strip()) if not isinstance(value, int) or abs(value) < 10**14 else None


# The same text stands in neighbouring records, and twice in one whose change time is part of its key.
@lru_cache(maxsize=1024)
def _moment(text: str) -> str | None:
    if USUAL_TIME.fullmatch(text):
        return text
    found = read_time(text)
    return found.strftime(TIME).zfill(14) if found else None


def _shown(moment: str) -> str:
    """A change time as messages show it: as many digits may be a number of a person."""
    try:
        real = datetime.strptime(moment, TIME).year >= FIRST_YEAR  # noqa: DTZ007 - local, as all of them
    except ValueError:
        real = False
    return moment if real else f"a time that is none ({len(moment)} digits)"


class Hashes:
    """The 64-bit hashes of all keys so far, in 8 bytes each: a pull may hold millions."""

    def __init__(self) -> None:
        # Another salt each time: two keys that share a hash by chance do not share the next one.
        self._salt = os.urandom(16)
        self._runs: list[npt.NDArray[np.uint64]] = []

    def first_known(self, keys: list[str]) -> int | None:
        """Takes the keys in; the place of the first that came before, here or in an earlier call."""
        found = np.fromiter(map(self._hash, keys), np.uint64, len(keys))
        known = np.zeros(len(keys), dtype=bool)
        for run in self._runs:
            at = np.minimum(np.searchsorted(run, found), len(run) - 1)
            known |= run[at] == found
        _, firsts = np.unique(found, return_index=True)
        again = np.ones(len(keys), dtype=bool)
        again[firsts] = False
        known |= again
        if len(found):
            self._take(np.sort(found))
        return int(np.argmax(known)) if known.any() else None

    def _take(self, run: npt.NDArray[np.uint64]) -> None:
        # Runs double in length: each key is moved a dozen times, however many pages come.
        while self._runs and len(self._runs[-1]) <= len(run):
            run = np.sort(np.concatenate([self._runs.pop(), run]), kind="stable")
        self._runs.append(run)

    def _hash(self, key: str) -> int:
        digest = hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8, salt=self._salt)
        return int.from_bytes(digest.digest())


class Things:
    """What one pull of a list has brought so far.

    `contract` says what its things are; without one nothing is known of them. `until`: the end of the window.
    """

    def __init__(self, contract: Contract | None, where: str, until: datetime) -> None:
        self._where = where
        self._until = until.strftime(TIME)
        self._hashes = Hashes()
        self._last = ""
        self._key: tuple[str, ...] = ()
        self._changed: str | None = None
        self._columns: dict[str, tuple[str, ...]] = {}
        self._spelled: dict[object, str | None] = {}
        self._folded: dict[str, str] = {}
        self._times: set[str] = set()
        if contract is None:
            return
        self._key = contract.thing
        api = contract.api
        if api is not None and api.incremental:
            self._changed = contract.changed_at
        self._in_order = api is not None and api.in_order
        self._times = {column.name for column in contract.columns if column.type == "timestamp"}
        for name in {*self._key, *filter(None, [self._changed])}:
            headers = next(column.headers for column in contract.columns if column.name == name)
            self._columns[name] = (*headers, name)
            self._folded |= {fold(header): name for header in self._columns[name]}

    def lacks(self, header: Sequence[str]) -> list[str]:
        """The columns by which a thing is known that a table with this header does not have."""
        there = {self._folded.get(fold(cell)) for cell in header}
        return [name for name in self._key if name != VALID_FROM and name not in there]

    def told(self, record: object) -> Told:
        """What a record says of its thing: no more of it has to be held."""
        if not isinstance(record, Mapping):
            return Told(None, None)
        changed = moment_of(self._value(record, self._changed)) if self._changed is not None else None
        return Told(self._key_of(record), changed)

    def add(self, records: Iterable[object], place: str) -> None:
        """Takes records in, as field → value; `place`: where they stand, as in "page 3"; as `add_told`."""
        self.add_told(map(self.told, records), place)

    def add_told(self, records: Iterable[Told], place: str) -> None:
        """Takes in what `told` said of records.

        Raises SourceUnavailable for a thing that came before, a change after the window's end, and change
        times that fall. What has no key is left to the readers, who reject it. Keys are compared as they are
        written, but for blanks and Unicode forms: those that only become equal when they are read are found
        in the staged lines.
        """
        keys, numbers, changes = [], [], []
        for number, told in enumerate(records, start=1):
            if told.changed is not None:
                changes.append((number, told.changed))
            if told.key is not None:
                keys.append(told.key)
                numbers.append(number)
        again = self._hashes.first_known(keys)
        if again is not None:
            raise SourceUnavailable(
                f"{self._where}: record {numbers[again]} of {place} came before in this pull (the same "
                f"{', '.join(self._key)}). Expected each once: a page came twice, or records moved between "
                f"pages while they were read, and others are missing. Nothing was landed; it is read again."
            )
        for number, changed in changes:
            self._in_window(changed, f"record {number} of {place}")

    def _in_window(self, changed: str, place: str) -> None:
        if changed > self._until:
            raise SourceUnavailable(
                f"{self._where}: {place} was changed at {_shown(changed)}, after the end that was asked for "
                f"({self._until}). Expected the list as it stood then. Nothing was landed; it is read again."
            )
        if self._in_order and changed < self._last:
            raise SourceUnavailable(
                f"{self._where}: {place} was changed at {_shown(changed)}, and one before it at "
                f"{_shown(self._last)}. "
                f"Expected the order of change times: the list moved while it was read, or a page is another "
                f"one. Nothing was landed; it is read again."
            )
        self._last = max(self._last, changed)

    def _key_of(self, record: Mapping[Any, Any]) -> str | None:
        parts = []
        for name in self._key:
            value = self._value(record, name)
            if value is None or value == "":
                if name == VALID_FROM:
                    parts.append("")
                    continue
                return None
            if isinstance(value, bool) or not isinstance(value, str | int):
                return None
            text = str(value).strip()
            if not text.isascii():
                text = unicodedata.normalize("NFC", text)
            parts.append((moment_of(text) if name in self._times else None) or text)
        return "\x1f".join(parts) if parts else None

    def _value(self, record: Mapping[Any, Any], column: str) -> Any:
        for header in self._columns[column]:
            if header in record:
                return record[header]
        for header in record:
            if self._means(header) == column:
                return record[header]
        return None

    def _means(self, header: object) -> str | None:
        """The column that a field means which is spelled in another way."""
        if header not in self._spelled:
            if len(self._spelled) >= MOST_SPELLINGS:
                raise SourceRefused(
                    f"{self._where}: its records have more than {MOST_SPELLINGS} different fields. Expected "
                    f"those of one list. Nothing was landed: is this the address of that list?"
                )
            self._spelled[header] = self._folded.get(fold(str(header)))
        return self._spelled[header]
