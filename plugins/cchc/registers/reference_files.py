"""Reads the reference files in sql/reference: what officers edit, checked row by row."""

import csv
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from cchc.codes import is_code
from cchc.errors import BadDefinition
from cchc.field_words import quoted, shown
from cchc.models import Strict
from cchc.repository import SQL

REFERENCE = SQL / "reference"
Row = TypeVar("Row", bound=Strict)


def contents(folder: Path, *names: str) -> dict[str, bytes]:
    """The bytes of reference files of a folder, by their path in the project."""
    return {f"{REFERENCE.relative_to(SQL.parent)}/{name}": (folder / name).read_bytes() for name in names}


def read_rows(path: Path, model: type[Row]) -> list[Row]:
    """The rows of a CSV file as `model`; an empty cell is None, a line that begins with # is a remark.

    Raises BadDefinition that names file, line and column.
    """
    return [row for _, row in numbered_rows(path, model)]


def numbered_rows(path: Path, model: type[Row]) -> list[tuple[int, Row]]:
    """As read_rows, each row with its line in the file."""
    rows = []
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        wanted, found = set(model.model_fields), set(reader.fieldnames or ())
        if wanted != found:
            raise BadDefinition(
                f"{path.name}: columns {sorted(map(shown, found))}, expected {list(model.model_fields)} in "
                "row 1."
            )
        for cells in reader:
            if next(iter(cells.values())).startswith("#"):
                continue
            try:
                row = model.model_validate({name: cell or None for name, cell in cells.items()})
                rows.append((reader.line_num, row))
            except ValidationError as error:
                fault = error.errors()[0]
                raise BadDefinition(
                    f"{path.name}, line {reader.line_num}, column {'.'.join(map(str, fault['loc']))}: "
                    f"{fault['msg']} (found {told(fault['input'])})."
                ) from None
    return rows


def told(value: object) -> str:
    """A cell as messages have it: somebody may have written a name or number where it does not belong."""
    return repr(value) if not isinstance(value, str) or is_code(value) else quoted(value)
