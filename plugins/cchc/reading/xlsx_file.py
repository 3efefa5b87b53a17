"""Reads XLSX: the sheet with the data, its titles, totals and sub-headings."""

import itertools
import zipfile
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, timezone
from pathlib import Path
from xml.etree import ElementTree

import pyarrow as pa
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from cchc.contracts import Contract
from cchc.errors import BadFile, BrokenExport
from cchc.reading.export import Account, Export, Sheet
from cchc.reading.header import HEADER_SEARCH_ROWS, Header, no_header, recognise, require_columns
from cchc.reading.lines import Lines

BATCH_ROWS = 5_000
VIETNAM = timezone(timedelta(hours=7))
UNPACKED_LIMIT_BYTES = 4 << 30
MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def cell_text(value: object) -> str:
    """A cell as the text a CSV of the same sheet would have."""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, date):
        return value.strftime("%Y-%m-%d")
    if isinstance(value, time):
        return value.strftime("%H:%M:%S")
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip() if value is not None else ""


def rows_with_content(path: Path, sheet_name: str) -> int:
    """Rows of a sheet that hold at least one value, counted in the XML, not by the Excel reader."""
    with zipfile.ZipFile(path) as archive:
        book = ElementTree.fromstring(archive.read("xl/workbook.xml"))
        relations = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
        targets = {r.get("Id"): r.get("Target", "") for r in relations}
        rid = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
        target = next(targets[s.get(rid)] for s in book.iter(f"{MAIN}sheet") if s.get("name") == sheet_name)
        member = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
        shared = []
        if "xl/sharedStrings.xml" in archive.namelist():
            with archive.open("xl/sharedStrings.xml") as file:
                for _, item in ElementTree.iterparse(file):
                    if item.tag == f"{MAIN}si":
                        shared.append(any((t.text or "").strip() for t in item.iter(f"{MAIN}t")))
                        item.clear()
        count = 0
        with archive.open(member) as file:
            for _, row in ElementTree.iterparse(file):
                if row.tag == f"{MAIN}row":
                    count += any(_has_value(cell, shared) for cell in row)
                    row.clear()
        return count


def _has_value(cell: ElementTree.Element, shared: list[bool]) -> bool:
    value = cell.findtext(f"{MAIN}v")
    if cell.get("t") == "s" and value is not None:
        return shared[int(value)]
    if value is not None:
        return bool(value.strip())
    return any((t.text or "").strip() for t in cell.iter(f"{MAIN}t"))


def created_at(path: Path) -> datetime | None:
    """When the workbook was made, in Vietnam's local time, from its document properties."""
    with zipfile.ZipFile(path) as archive:
        if "docProps/core.xml" not in archive.namelist():
            return None
        found = ElementTree.fromstring(archive.read("docProps/core.xml")).findtext(
            "{http://purl.org/dc/terms/}created"
        )
    if not found:
        return None
    moment = datetime.fromisoformat(found)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(VIETNAM).replace(tzinfo=None)


def open_xlsx(contract: Contract, path: Path, where: str) -> Export:
    """The export in a workbook; `where` is its name in messages."""
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(info.file_size for info in archive.infolist()) > UNPACKED_LIMIT_BYTES:
                raise BadFile(f"{where}: the workbook unpacks to more than 4 GiB; split it by month.")
        book = CalamineWorkbook.from_path(str(path))
        sheet, header, above, cells = _find_header(contract, book, where)
        created = created_at(path) if header.layout.workbook_time else None
    except (CalamineError, zipfile.BadZipFile, ElementTree.ParseError, KeyError, OSError, ValueError):
        raise BadFile(
            f"{where}: not a readable .xlsx workbook; open it in a spreadsheet program and save it again."
        ) from None
    require = list(header.columns)
    account = Account(sheets=[Sheet(sheet.name, header_row=header.row)])
    lines = Lines(contract, header, cells, account)
    for number, row in enumerate(above, start=1):
        lines.title(row, number)
    lines.header(header.row)
    if account.exported_at is None and created:
        account.exported_at, account.time_source = created, "workbook"
    titles = lines.titles()
    header.columns |= {len(cells) + i: name for i, name in enumerate(titles)}
    header.missing = [name for name in header.missing if name not in titles]
    require_columns(contract, header, where)
    return Export(header, _batches(path, sheet, header, require, titles, lines, account, where), account)


def _find_header(
    contract: Contract, book: CalamineWorkbook, where: str
) -> tuple[CalamineSheet, Header, list[list[str]], list[str]]:
    """The first sheet and row that a layout recognises, the rows above it, and its cells."""
    seen = []
    for name in book.sheet_names:
        sheet = book.get_sheet_by_name(name)
        above: list[list[str]] = []
        for number, row in enumerate(itertools.islice(sheet.iter_rows(), HEADER_SEARCH_ROWS), start=1):
            cells = [cell_text(value) for value in row]
            if header := recognise(contract, cells, number, f"{where}: sheet {name!r}"):
                return sheet, header, above, cells
            above.append(cells)
        seen.append(f"sheet {name!r} with {sheet.total_height} rows")
    raise no_header(contract, where, "; ".join(seen) or "no sheet")


def _batches(
    path: Path,
    sheet: CalamineSheet,
    header: Header,
    in_sheet: list[int],
    titles: dict[str, str | None],
    lines: Lines,
    account: Account,
    where: str,
) -> Iterator[pa.RecordBatch]:
    kept = 0
    below = itertools.islice(enumerate(sheet.iter_rows(), start=1), header.row, None)
    while chunk := list(itertools.islice(below, BATCH_ROWS)):
        numbers: list[int] = []
        rows: list[list[str]] = []
        for number, row in chunk:
            cells = [cell_text(value) for value in row]
            if not lines.look(cells, number, kept + len(rows)):
                numbers.append(number)
                rows.append(cells)
        kept += len(rows)
        if rows:
            yield pa.RecordBatch.from_arrays(
                [
                    pa.array(numbers, pa.int64()),
                    *(pa.array([row[i] or None for row in rows], pa.string()) for i in in_sheet),
                    *(pa.array([text] * len(rows), pa.string()) for text in titles.values()),
                ],
                names=["line_no", *header.columns.values()],
            )
    content = kept + sum(stretch.records for stretch in account.skipped if stretch.kind != "blank")
    independent = rows_with_content(path, sheet.name)
    if independent != content:
        raise BrokenExport(
            f"{where}: sheet {sheet.name!r}: the reader returned {content} rows with content, its XML "
            f"has {independent}; nothing was loaded. Save the workbook again in a spreadsheet program."
        )
    account.records = independent + sum(s.records for s in account.skipped if s.kind == "blank")
    account.sheets[0].lines = kept
