"""Opens a landed file by what is in it, not by its name: CSV, JSON or one of the kinds of workbook."""

import codecs
import re
from pathlib import Path

from cchc.contracts import Contract
from cchc.errors import BadFile
from cchc.reading.csv_file import open_csv
from cchc.reading.export import Export
from cchc.reading.html_file import open_html
from cchc.reading.json_file import open_json
from cchc.reading.xls_file import open_xls
from cchc.reading.xlsx_file import open_xlsx
from cchc.reading.xml2003_file import SPREADSHEET, open_xml2003

HEAD_BYTES = 1 << 16
HTML = re.compile(
    r"<(?:!doctype html|html|head|meta|body|title|style|table|thead|tbody|tr|div|center|font|p|h[1-6])\b|"
    r"<!--.{0,4000}?-->\s*<(?:html|table)\b",
    re.IGNORECASE | re.DOTALL,
)
# Some portals write other marks before the table, or none of a page.
TABLE = re.compile(r"<table[\s>]", re.IGNORECASE)
MARKED = re.compile(r"<(?:\?xml|!doctype|[\w:]+[\s>/])", re.IGNORECASE)
SAVE = "open it in a spreadsheet program and save it as .xlsx."


def open_export(contract: Contract, path: Path, name: str | None = None) -> Export:
    """Opens `path` by its content, not its name; raises BadFile with what, where and what to do.

    For cchc.reading.child: a file may make the process that opens it break down.
    """
    where = name or path.name
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if not head.strip(b"\x00\r\n\t \xef\xbb\xbf"):
        raise BadFile(f"{where}: the file is empty ({path.stat().st_size} bytes). Export it again.")
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return open_xlsx(contract, path, where)
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        return open_xls(contract, path, where)
    if head.startswith(b"%PDF"):
        raise BadFile(f"{where}: this is a PDF. Expected .xlsx, .csv or .json.")
    start = _start(head)
    if _is_page(start):
        return open_html(contract, path, where)
    if start.startswith("<") and SPREADSHEET in start:
        return open_xml2003(contract, path, where)
    if re.match(r"mime-version:|content-type:\s*multipart/related", start, re.IGNORECASE):
        raise BadFile(f"{where}: this is a web archive (.mht), not a workbook. Expected .xlsx: {SAVE}")
    if MARKED.match(start):
        raise BadFile(
            f"{where}: this is XML, but no workbook and no table of a web page. Expected .xlsx, .xls, .csv "
            "or "
            f".json: if it opens in a spreadsheet program, {SAVE}"
        )
    if head.lstrip(b"\xef\xbb\xbf\r\n\t ")[:1] in (b"{", b"["):
        return open_json(contract, path, where)
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) and head[2:64].strip(b"\0\r\n\t ")[:1] in (b"{", b"["):
        raise BadFile(f"{where}: this is JSON in UTF-16. Expected UTF-8: save it as UTF-8.")
    return open_csv(contract, path, where, head)


def _is_page(start: str) -> bool:
    """Whether a file is a web page, or a part of one, with other marks before its table."""
    if start.startswith("<?xml"):
        return re.search(r"<html\b", start, re.IGNORECASE) is not None
    marked = start.startswith("<") and SPREADSHEET not in start
    return HTML.match(start) is not None or (marked and TABLE.search(start) is not None)


def _start(head: bytes) -> str:
    """The beginning of the file as text, whatever its letters are; only signs of ASCII are looked for."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return head[: len(head) // 2 * 2].decode("utf-16", "replace").lstrip()
    return head.decode("latin-1").removeprefix("\xef\xbb\xbf").lstrip()
