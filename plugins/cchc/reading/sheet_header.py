"""Finds the header of a sheet, which may stand in two rows whose merged cells say what belongs together."""

import itertools

from cchc.contracts import Contract
from cchc.errors import BrokenExport
from cchc.reading.header import HEADER_SEARCH_ROWS, Header, recognise
from cchc.reading.sheets import LAST_COLUMN, Survey


def header_of(
    contract: Contract, survey: Survey, rows: list[list[str]], where: str
) -> tuple[Header | None, list[str], list[list[str]]]:
    """The first header in `rows`, the first ones of a sheet, its cells, and the rows of one in two rows.

    Of a header in two rows `row` is the second one. (None, [], []) when there is none.
    """
    groups = _groups(survey)
    for number, cells in enumerate(rows[:HEADER_SEARCH_ROWS], start=1):
        both = None
        if number in groups and number < len(rows):
            joined = _joined(groups[number], cells, rows[number])
            both = _recognised(contract, joined, number + 1, where)
            below = _recognised(contract, rows[number], number + 1, where)
            if both and below and len(below.columns) >= len(both.columns):
                both = None
        if both:
            alone = _recognised(contract, cells, number, where)
            if alone is None or len(alone.columns) < len(both.columns):
                return both, joined, rows[number - 1 : number + 1]
        if header := recognise(contract, cells, number, where):
            return header, cells, []
    return None, [], []


def _recognised(contract: Contract, cells: list[str], row: int, where: str) -> Header | None:
    try:
        return recognise(contract, cells, row, where)
    except BrokenExport:
        return None


def _groups(survey: Survey) -> dict[int, set[int]]:
    """Row → the columns over which a merged cell of that row alone lies."""
    found: dict[int, set[int]] = {}
    for first, left, last, right in survey.merged:
        if first == last <= HEADER_SEARCH_ROWS and left < right:
            found.setdefault(first, set()).update(range(left, min(right + 1, LAST_COLUMN)))
    return found


def _joined(group: set[int], upper: list[str], lower: list[str]) -> list[str]:
    """The headings of two rows: of each column the lower one, else the upper, unless that is of a group."""
    pairs = enumerate(itertools.zip_longest(upper, lower, fillvalue=""))
    return [low or ("" if column in group else up) for column, (up, low) in pairs]
