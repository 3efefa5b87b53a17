"""An export as every kind of file is read: a header, lines as text, and what the file says of itself."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

import pyarrow as pa

from cchc.reading.header import Header


@dataclass
class Export:
    """An opened file. `batches` yields record batches: int64 line_no, then text columns.

    `line_no` is the 1-based row of the sheet, record of the JSON data, or record of the CSV
    counting the lines before it. `stated_total` and `exported_at` are what the file itself says;
    after `batches` is exhausted a total that stands at the end of the file is known as well.
    """

    header: Header
    batches: Iterator[pa.RecordBatch]
    stated_total: int | None = None
    exported_at: datetime | None = None
    notes: list[str] = field(default_factory=list)


def stated_number(value: object) -> int | None:
    """A number of lines that a file states, or None."""
    return int(str(value)) if value is not None and str(value).strip().isdigit() else None


def stated_time(value: object) -> datetime | None:
    """A moment that a file states, local time, or None."""
    if value is None:
        return None
    for form in ("%Y%m%d%H%M%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%d/%m/%Y %H:%M"):
        try:
            return datetime.strptime(str(value).strip(), form)  # noqa: DTZ007 - local time by contract
        except ValueError:
            continue
    return None
