"""Opens a landed file by what is in it, not by its name: CSV, JSON or XLSX."""

from pathlib import Path

from cchc.contracts import Contract
from cchc.errors import BadFile
from cchc.reading.csv_file import open_csv
from cchc.reading.export import Export
from cchc.reading.json_file import open_json
from cchc.reading.xlsx_file import open_xlsx


def open_export(contract: Contract, path: Path, name: str | None = None) -> Export:
    """Opens `path` by its content, not its name; raises BadFile with what, where and what to do.

    For cchc.reading.child: a file may make the process that opens it break down.
    """
    where = name or path.name
    with path.open("rb") as file:
        head = file.read(1 << 16)
    if not head.strip(b"\x00\r\n\t \xef\xbb\xbf"):
        raise BadFile(f"{where}: the file is empty ({path.stat().st_size} bytes). Export it again.")
    if head.startswith(b"PK\x03\x04"):
        return open_xlsx(contract, path, where)
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise BadFile(
            f"{where}: this is an old .xls workbook (or one with a password). Expected .xlsx, .csv "
            f"or .json: open it in a spreadsheet program and save it as .xlsx without password."
        )
    if head.lstrip(b"\xef\xbb\xbf\r\n\t ").lower().startswith((b"<html", b"<!doctype", b"<table", b"<?xml")):
        raise BadFile(
            f"{where}: this is a web page or XML, often saved as .xls by a portal. Expected .xlsx, "
            f".csv or .json: open it in a spreadsheet program and save it as .xlsx."
        )
    if head.startswith(b"%PDF"):
        raise BadFile(f"{where}: this is a PDF. Expected .xlsx, .csv or .json.")
    if head.lstrip(b"\xef\xbb\xbf\r\n\t ")[:1] in (b"{", b"["):
        return open_json(contract, path, where)
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) and head[2:64].strip(b"\0\r\n\t ")[:1] in (b"{", b"["):
        raise BadFile(f"{where}: this is JSON in UTF-16. Expected UTF-8: save it as UTF-8.")
    return open_csv(contract, path, where, head)
