"""A sheet that is laid out cell by cell, by the readers of formats that are text."""

from collections.abc import Iterator, Sequence

from cchc.errors import BadFile
from cchc.reading.sheets import LAST_COLUMN, Source, Survey, check_extent, check_filled

MOST_ROWS = 2_000_000


class Grid:
    """Rows of values, and what is to be said of them apart from their values."""

    def __init__(self, where: str, name: str = "") -> None:
        self.where, self.name = where, name
        self.cells: list[list[object]] = []
        self.survey = Survey()
        self.hidden = False
        self.count = 0

    def row_at(self, number: int) -> None:
        """Goes to a row; those before it that were not written are empty."""
        if number > MOST_ROWS:
            raise BadFile(
                f"{self.where}: there is a row {number}. Expected at most {MOST_ROWS}: split the list."
            )
        self.cells.extend([] for _ in range(number - len(self.cells)))

    def put(self, column: int, value: object) -> None:
        """Writes a cell of the last row."""
        row, number = self.cells[-1], len(self.cells)
        if column >= LAST_COLUMN:
            check_extent(self.where, number, column, number, column + 1)
        self.count += max(column + 1 - len(row), 0)
        check_filled(self.where, number, column, self.count)
        row.extend([""] * (column + 1 - len(row)))
        row[column] = value
        self.survey.last_row, self.survey.last_column = number, max(self.survey.last_column, column)

    def fault(self, column: int, words: str) -> None:
        self.survey.fault(len(self.cells), column, words)

    def merge(self, column: int, columns: int, rows: int) -> None:
        """Says that a cell of the last row lies over others."""
        if columns > 1 or rows > 1:
            number = len(self.cells)
            self.survey.merged.append((number, column, number + rows - 1, column + columns - 1))

    def source(self) -> Source:
        def rows() -> Iterator[Sequence[object]]:
            yield from self.cells

        return Source(self.name, self.survey, rows, self.hidden)
