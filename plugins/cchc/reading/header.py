"""Recognises the header of an export under its contract: which layout, which columns, what is missing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from cchc.contracts import Column, Contract, Layout
from cchc.errors import BadFile, BrokenExport
from cchc.field_words import shown as words_shown
from cchc.reading.likeness import difference, shown
from cchc.spelling import fold

HEADER_SEARCH_ROWS = 40
# Each is compared with each heading that is wanted, which takes half a millisecond.
MOST_COMPARED = 3_000


@dataclass
class Header:
    """What the header of a file says: which layout, which columns, where, and what is extra.

    `extra`: headings of no column, as they may be shown; `likely`: the same by their 1-based position, as
    they stand in the file, to be compared with what is missing.
    """

    layout: Layout
    columns: dict[int, str]
    personal: list[str]
    extra: list[str]
    missing: list[str]
    row: int
    likely: dict[int, str] = field(default_factory=dict)


def recognise(contract: Contract, cells: list[str], row: int, where: str) -> Header | None:
    """The header that `cells` are under this contract, or None when they are no header."""
    known = {fold(cell) for cell in cells if cell.strip()}
    layout = next(
        (
            candidate
            for candidate in contract.layouts
            if {fold(header) for header in candidate.signature} <= known
        ),
        None,
    )
    if layout is None:
        return None
    ignored = {fold(header) for header in layout.ignored_headers}
    columns: dict[int, str] = {}
    personal: list[str] = []
    extra: list[str] = []
    likely: dict[int, str] = {}
    for index, cell in enumerate(cells):
        column = contract.column_of(cell) if cell.strip() else None
        if column is None:
            if cell.strip() and fold(cell) not in ignored:
                extra.append(words_shown(cell, f"cột {index + 1}"))
                likely[index + 1] = cell
        elif column.personal:
            personal.append(column.name)
        elif column.name in columns.values():
            raise BrokenExport(
                f"{where}: row {row}: column {column.name!r} appears twice (second time as {fold(cell)!r}, "
                f"position {index + 1}). Expected each column once: remove or rename one."
            )
        else:
            columns[index] = column.name
    present = set(columns.values())
    return Header(
        layout=layout,
        columns=columns,
        personal=sorted(set(personal)),
        extra=extra,
        missing=[column.name for column in contract.staged if column.name not in present],
        row=row,
        likely=likely,
    )


def require_columns(contract: Contract, header: Header, where: str) -> None:
    """Raises BrokenExport when a required column is not among the header's columns."""
    present = set(header.columns.values())
    lacking = [c for c in contract.columns if c.required and c.name not in present]
    if lacking:
        wanted = "; ".join(_wanted(column, header) for column in lacking)
        raise BrokenExport(
            f"{where}: the header in row {header.row} (layout {header.layout.name}) lacks required "
            f"columns: {wanted}. Nothing was loaded. Export again with these columns, or add the "
            f"header's name to plugins/cchc/contracts/{contract.dataset}.yaml."
        )


def _wanted(column: Column, header: Header) -> str:
    """A column that is not there, and which heading nobody knows may be meant for it."""
    names = (column.name, *column.headers)
    near = [
        (len(how), f"; column {place} {shown(extra)} ~ wanted {name!r}: {how}")
        for place, extra in header.likely.items()
        for name in names
        if (how := difference(extra, name))
    ]
    return f"{column.name} (seen as: {', '.join(names)}{min(near, default=(0, ''))[1]})"


def no_header(
    contract: Contract, where: str, seen: str, rows: Iterable[tuple[str, Sequence[str]]] = ()
) -> BadFile:
    """The refusal of a file without header; `rows`: the place and the cells of each row searched.

    Of the cells only those are shown that resemble a heading, in a row that does: others may be data.
    """
    layouts = "; ".join(f"{lay.name}: {', '.join(lay.signature)}" for lay in contract.layouts)
    return BadFile(
        f"{where}: no header row of dataset {contract.dataset} found in the first "
        f"{HEADER_SEARCH_ROWS} rows ({seen}).{_nearest(contract, rows)} Expected a row with the headers of "
        f"one layout ({layouts}). Nothing was loaded. Check that this is the right file for the dataset."
    )


def _nearest(contract: Contract, rows: Iterable[tuple[str, Sequence[str]]]) -> str:
    """Which row resembles which layout most, and what it has for each heading of it; "" for none."""
    best: tuple[int, int, str] = (0, 0, "")
    left = MOST_COMPARED
    for place, cells in rows:
        filled = [(number, cell) for number, cell in enumerate(cells, start=1) if cell.strip()][:left]
        left -= len(filled)
        known = sum(contract.column_of(cell) is not None for _, cell in filled)
        for layout in contract.layouts:
            found = {name: _likest(name, filled) for name in layout.signature}
            alike = [how for how in found.values() if how]
            exact = sum(not how[2] for how in alike)
            # A single word that is nearly a heading may be a name in a row of data.
            if len(alike) + known - exact < min(2, len(layout.signature)) or not alike:
                continue
            if (len(alike), exact) > best[:2]:
                others = len(filled) - len({how[0] for how in alike})
                best = (len(alike), exact, _compared(layout, place, found, others))
    return best[2]


def _likest(name: str, filled: list[tuple[int, str]]) -> tuple[int, str, str] | None:
    """Position, text and difference of the cell that is nearest to a heading."""
    alike = [(number, cell, how) for number, cell in filled if (how := difference(cell, name)) is not None]
    return min(alike, key=lambda cell: (cell[2] != "", len(cell[2])), default=None)


def _compared(layout: Layout, place: str, found: dict[str, tuple[int, str, str] | None], others: int) -> str:
    words = []
    for name, how in found.items():
        if how is None:
            words.append(f"{name!r} is not there")
        elif how[2]:
            words.append(f"column {how[0]} {shown(how[1])} ~ wanted {name!r}: {how[2]}")
        else:
            words.append(f"column {how[0]} is {name!r}")
    return f" Nearest is {place}, to layout {layout.name}: {'; '.join(words)}; {others} other cells."
