"""Recognises the header of an export under its contract: which layout, which columns, what is missing."""

from dataclasses import dataclass

from cchc.contracts import Contract, Layout
from cchc.errors import BadFile, BrokenExport
from cchc.spelling import fold

HEADER_SEARCH_ROWS = 40


@dataclass
class Header:
    """What the header of a file says: which layout, which columns, where, and what is extra."""

    layout: Layout
    columns: dict[int, str]
    personal: list[str]
    extra: list[str]
    missing: list[str]
    row: int


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
    for index, cell in enumerate(cells):
        column = contract.column_of(cell) if cell.strip() else None
        if column is None:
            if cell.strip() and fold(cell) not in ignored:
                extra.append(" ".join(cell.split()))
        elif column.personal:
            personal.append(column.name)
        elif column.name in columns.values():
            raise BrokenExport(
                f"{where}: row {row}: column {column.name!r} appears twice (second time as {cell.strip()!r}, "
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
    )


def require_columns(contract: Contract, header: Header, where: str) -> None:
    """Raises BrokenExport when a required column is not among the header's columns."""
    present = set(header.columns.values())
    lacking = [c for c in contract.columns if c.required and c.name not in present]
    if lacking:
        wanted = "; ".join(f"{c.name} (seen as: {', '.join((c.name, *c.headers))})" for c in lacking)
        raise BrokenExport(
            f"{where}: the header in row {header.row} (layout {header.layout.name}) lacks required "
            f"columns: {wanted}. Nothing was loaded. Export again with these columns, or add the "
            f"header's name to plugins/cchc/contracts/{contract.dataset}.yaml."
        )


def no_header(contract: Contract, where: str, seen: str) -> BadFile:
    layouts = "; ".join(f"{lay.name}: {', '.join(lay.signature)}" for lay in contract.layouts)
    return BadFile(
        f"{where}: no header row of dataset {contract.dataset} found in the first "
        f"{HEADER_SEARCH_ROWS} rows ({seen}). Expected a row with the headers of one layout "
        f"({layouts}). Nothing was loaded. Check that this is the right file for the dataset."
    )
