"""Opens a landed file by what is in it, not by its name: CSV, JSON or XLSX."""

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cchc.contracts import Contract
from cchc.errors import BadFile, BrokenExport
from cchc.reading.csv_file import open_csv
from cchc.reading.export import Export
from cchc.reading.json_file import open_json
from cchc.reading.xlsx_file import open_xlsx


@contextmanager
def open_export(contract: Contract, path: Path, name: str | None = None) -> Iterator[Export]:
    """Opens `path` by its content, not its name; raises BadFile with what, where and what to do."""
    where = name or path.name
    with path.open("rb") as file:
        head = file.read(1 << 16)
    if not head.strip(b"\x00\r\n\t \xef\xbb\xbf"):
        raise BadFile(f"{where}: the file is empty ({path.stat().st_size} bytes). Export it again.")
    if head.startswith(b"PK\x03\x04"):
        with open_xlsx(contract, path, where) as export:
            yield export
    elif head.startswith(b"\xd0\xcf\x11\xe0"):
        raise BadFile(
            f"{where}: this is an old .xls workbook (or one with a password). Expected .xlsx, .csv "
            f"or .json: open it in a spreadsheet program and save it as .xlsx without password."
        )
    elif (
        head.lstrip(b"\xef\xbb\xbf\r\n\t ").lower().startswith((b"<html", b"<!doctype", b"<table", b"<?xml"))
    ):
        raise BadFile(
            f"{where}: this is a web page or XML, often saved as .xls by a portal. Expected .xlsx, "
            f".csv or .json: open it in a spreadsheet program and save it as .xlsx."
        )
    elif head.startswith(b"%PDF"):
        raise BadFile(f"{where}: this is a PDF. Expected .xlsx, .csv or .json.")
    elif head.lstrip(b"\xef\xbb\xbf\r\n\t ")[:1] in (b"{", b"["):
        yield open_json(contract, path, where)
    else:
        yield open_csv(contract, path, where, head)


def require_export(contract: Contract, path: Path, name: str | None = None) -> None:
    """Raises BadFile when no reader recognises the file; an export that is broken is one.

    `name` is the file's in messages, if not that of `path`.
    """
    with contextlib.suppress(BrokenExport), open_export(contract, path, name):
        pass
