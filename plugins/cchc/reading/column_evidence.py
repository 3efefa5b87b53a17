"""What the codes of a column together say of one that may be a person's, or rounded: asked only where one is.

Of a single code that cannot be told: 0903250012 is a telephone or the 12th of 09/03/25. A column of
telephones has hardly one that begins with a day, and a spreadsheet rounds each of its long numbers.
"""

import re
from collections import Counter, defaultdict
from functools import cached_property

import pyarrow as pa

from cchc.codes import DAY_OR_NUMBER, DOUBTS, SERIES_OR_NAME
from cchc.personal_numbers import day_and_number
from cchc.reading.written_codes import LONG_NUMBER, ROUNDED

CLEARABLE = DOUBTS | {ROUNDED}
# Of so many codes so many in a hundred begin with a day; a telephone does so three times in a hundred.
FEWEST_DAYS, MOST_ARE_DAYS = 3, 90
# So many codes with the same letters and other figures are a series.
FEWEST_OF_SERIES = 5


class ColumnEvidence:
    """The codes of a column of a batch."""

    def __init__(self, words: pa.Array) -> None:
        self._words = words

    def clears(self, word: str, fault: str) -> bool:
        """Whether the column says that a code is sound although it alone may not be."""
        if fault == ROUNDED:
            return self._unrounded
        if fault == DAY_OR_NUMBER:
            days, all_alike = self._days[_shape(word)]
            return days >= FEWEST_DAYS and days * 100 >= all_alike * MOST_ARE_DAYS
        return fault == SERIES_OR_NAME and self._series[_letters(word)] >= FEWEST_OF_SERIES

    @cached_property
    def _all(self) -> list[str]:
        return [word for word in self._words.to_pylist() if word]

    @cached_property
    def _unrounded(self) -> bool:
        return any(LONG_NUMBER.fullmatch(word) and word[15:].strip("0") for word in self._all)

    @cached_property
    def _days(self) -> dict[tuple[str, int], tuple[int, int]]:
        """Of codes of one shape how many begin with a day, and how many there are."""
        found: dict[tuple[str, int], tuple[int, int]] = defaultdict(lambda: (0, 0))
        for word in dict.fromkeys(self._all):
            days, all_alike = found[_shape(word)]
            found[_shape(word)] = days + (day_and_number(word) or False), all_alike + 1
        return found

    @cached_property
    def _series(self) -> Counter[str]:
        return Counter(map(_letters, dict.fromkeys(self._all)))


def _shape(word: str) -> tuple[str, int]:
    return _letters(word), sum(map(str.isdigit, word))


def _letters(word: str) -> str:
    return re.sub(r"\d+", "0", word)
