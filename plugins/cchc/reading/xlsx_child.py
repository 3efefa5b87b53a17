"""Child process that turns one workbook into an Arrow file of text cells, under resource limits.

Called by cchc.reading.xlsx_file as `python -m cchc.reading.xlsx_child DATASET WORKBOOK OUT`; prints one JSON
object.
"""

import json
import re
import resource
import sys
import zipfile
from datetime import UTC, date, datetime, time, timedelta, timezone
from pathlib import Path
from xml.etree import ElementTree

import pyarrow as pa
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from cchc.contracts import Contract, contract_of
from cchc.errors import BrokenExport, CchcError
from cchc.reading.header import HEADER_SEARCH_ROWS, Header, no_header, recognise
from cchc.reading.xlsx_file import LIMITS
from cchc.spelling import fold

BATCH_ROWS = 20_000
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
        found = re.search(
            rb"<dcterms:created[^>]*>(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)Z?<",
            archive.read("docProps/core.xml"),
        )
    if not found:
        return None
    moment = datetime.fromisoformat(found[1].decode()).replace(tzinfo=UTC)
    return moment.astimezone(VIETNAM).replace(tzinfo=None)


def find_header(contract: Contract, book: CalamineWorkbook) -> tuple[CalamineSheet, Header, list[str]]:
    """The first sheet and row that a layout recognises, and the text of the rows above it."""
    seen = []
    for name in book.sheet_names:
        sheet = book.get_sheet_by_name(name)
        above: list[str] = []
        for number, row in enumerate(sheet.iter_rows(), start=1):
            if number > HEADER_SEARCH_ROWS:
                break
            cells = [cell_text(value) for value in row]
            if header := recognise(contract, cells, number, f"sheet {name!r}"):
                return sheet, header, above
            above.append(" ".join(filter(None, cells)))
        seen.append(f"sheet {name!r} with {sheet.total_height} rows")
    raise no_header(contract, "workbook", "; ".join(seen) or "no sheet")


def convert(dataset: str, path: Path, out: Path) -> dict[str, object]:
    contract = contract_of(dataset)
    with zipfile.ZipFile(path) as archive:
        if sum(info.file_size for info in archive.infolist()) > UNPACKED_LIMIT_BYTES:
            raise CchcError("the workbook unpacks to more than 4 GiB; split it by month")
    book = CalamineWorkbook.from_path(str(path))
    sheet, header, above = find_header(contract, book)
    layout = header.layout
    subheadings = {fold(text) for text in layout.subheadings}
    total_label = fold(layout.total_label) if layout.total_label else None
    rows = sheet.iter_rows()
    cells: list[str] = []
    for _ in range(header.row):
        cells = [cell_text(value) for value in next(rows)]
    width = len(cells)
    schema = pa.schema([("line_no", pa.int64()), *((f"c{i}", pa.string()) for i in range(width))])
    stated_total, content = None, sum(bool(text) for text in above) + 1
    numbers: list[int] = []
    lines: list[list[str]] = []
    with pa.OSFile(str(out), "wb") as sink, pa.ipc.new_file(sink, schema) as writer:

        def flush() -> None:
            columns = zip(*lines, strict=True) if lines else ([] for _ in range(width))
            writer.write_batch(
                pa.record_batch(
                    [pa.array(numbers, pa.int64()), *(pa.array(c, pa.string()) for c in columns)],
                    schema=schema,
                )
            )
            numbers.clear()
            lines.clear()

        for number, row in enumerate(rows, start=header.row + 1):
            texts = [cell_text(value) for value in row]
            filled = [text for text in texts if text]
            if not filled:
                continue
            content += 1
            if len(filled) == 1 and fold(filled[0]) in subheadings:
                continue
            if total_label and fold(filled[0]) == total_label:
                stated_total = int(re.sub(r"\D", "", filled[1])) if len(filled) > 1 else None
                continue
            numbers.append(number)
            lines.append(texts)
            if len(lines) == BATCH_ROWS:
                flush()
        flush()
    independent = rows_with_content(path, sheet.name)
    if independent != content:
        raise BrokenExport(
            f"sheet {sheet.name!r}: the reader returned {content} rows with content, the sheet's XML "
            f"has {independent}; nothing was loaded. Save the workbook again in a spreadsheet program"
        )
    exported_at = created_at(path)
    if layout.exported_at and (found := re.search(layout.exported_at, "\n".join(above))):
        exported_at = datetime.strptime(found[1], "%d/%m/%Y %H:%M")  # noqa: DTZ007 - local time
    titles = {name: re.search(pattern, "\n".join(above)) for name, pattern in layout.titles.items()}
    return {
        "header": cells,
        "titles": {name: found[1].strip() if found else None for name, found in titles.items()},
        "row": header.row,
        "stated_total": stated_total,
        "exported_at": exported_at.isoformat() if exported_at else None,
    }


def main() -> None:
    dataset, path, out = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    resource.setrlimit(resource.RLIMIT_AS, (LIMITS["memory_bytes"],) * 2)
    resource.setrlimit(resource.RLIMIT_CPU, (LIMITS["cpu_seconds"],) * 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        answer = convert(dataset, path, out)
    except CchcError as error:
        answer = {"error": str(error).rstrip("."), "recognised": isinstance(error, BrokenExport)}
    except (CalamineError, zipfile.BadZipFile, ElementTree.ParseError, KeyError, OSError) as error:
        answer = {
            "error": f"not a readable .xlsx workbook ({type(error).__name__}: {str(error)[:120]}); "
            f"open it in a spreadsheet program and save it again"
        }
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
