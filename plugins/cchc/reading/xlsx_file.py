"""Reads .xlsx: calamine gives the values of its sheets, the raw XML what calamine does not tell."""

import io
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from xml.etree import ElementTree
from xml.parsers.expat import ExpatError

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from cchc.contracts import Contract
from cchc.errors import BadFile
from cchc.reading.export import Export
from cchc.reading.sheets import Source, Survey, sheet_shown
from cchc.reading.workbook import export_of
from cchc.reading.xlsx_package import ADVICE, MOST_UNPACKED, PIECE, created_at, open_package
from cchc.reading.xlsx_xml import survey_sheet

# Sheets of so many cells are kept for their second reading.
KEPT_CELLS = 4_000_000


def open_xlsx(contract: Contract, path: Path, where: str) -> Export:
    """The export in a workbook; `where` is its name in messages."""
    content = path.read_bytes()
    try:
        content = _with_slashes(content, where)
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if any(info.flag_bits & 1 for info in archive.infolist()):
                raise BadFile(f"{where}: the archive has a password. Expected one without: save it again.")
            package = open_package(archive, where)
            surveys = [
                survey_sheet(package, part) if part.kind == "worksheet" else Survey()
                for part in package.parts
            ]
            made_at = created_at(package) if any(lay.workbook_time for lay in contract.layouts) else None
    except (ElementTree.ParseError, ExpatError):
        raise BadFile(
            f"{where}: a part of the workbook is no well-formed XML, or is cut off. {ADVICE}"
        ) from None
    except (zipfile.BadZipFile, zlib.error, EOFError):
        raise BadFile(
            f"{where}: not a readable .xlsx workbook: its ZIP archive is damaged, or was cut off on its way. "
            "Expected a whole one: export it again."
        ) from None
    except LookupError:
        raise BadFile(
            f"{where}: a sheet or another part of the workbook is missing from it. {ADVICE}"
        ) from None
    except (NotImplementedError, OSError, ValueError):
        raise BadFile(f"{where}: not a readable .xlsx workbook. {ADVICE}") from None
    with calamine(lambda: where):
        book = opened(_with_usual_name(content, package.book, where))
    if book.sheet_names != [part.name for part in package.parts]:
        raise BadFile(f"{where}: the workbook lists its sheets in two ways. {ADVICE}")
    sources = [
        Source(part.name, survey, rows_of(book, part.name, number, survey, where), part.state != "visible",
               part.kind == "worksheet")
        for number, (part, survey) in enumerate(zip(package.parts, surveys, strict=True), start=1)
    ]  # fmt: skip
    return export_of(contract, sources, where, made_at)


def _with_slashes(content: bytes, where: str) -> bytes:
    """The workbook with right names of its parts: some programs write them with a backslash."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = {name: name.replace("\\", "/") for name in archive.namelist() if "\\" in name}
    return _renamed(content, names, where) if names else content


def _with_usual_name(content: bytes, book: str, where: str) -> bytes:
    """The workbook with its list of sheets where calamine looks: some call it workbook2.xml."""
    folder, _, name = book.rpartition("/")
    if name == "workbook.xml":
        return content
    usual = {
        book: f"{folder}/workbook.xml",
        f"{folder}/_rels/{name}.rels": f"{folder}/_rels/workbook.xml.rels",
    }
    return _renamed(content, usual, where)


def _renamed(content: bytes, names: dict[str, str], where: str) -> bytes:
    """The archive with other names for its members."""
    renamed = io.BytesIO()
    size = 0
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(renamed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as new,
    ):
        for member in old.namelist():
            with (
                old.open(member) as source,
                new.open(names.get(member, member), "w", force_zip64=True) as target,
            ):
                while piece := source.read(PIECE):
                    size += len(piece)
                    if size > MOST_UNPACKED:
                        raise BadFile(
                            f"{where}: the workbook unpacks to more than {MOST_UNPACKED >> 20} MiB. Expected "
                            "less: export it as CSV, or split it by month."
                        )
                    target.write(piece)
    return renamed.getvalue()


def opened(content: bytes) -> CalamineWorkbook:
    """The workbook by its content: of a path calamine looks at the name's end."""
    return CalamineWorkbook.from_filelike(io.BytesIO(content))


def rows_of(
    book: CalamineWorkbook, name: str, number: int, survey: Survey, where: str
) -> Callable[[], Iterator[Sequence[object]]]:
    """Reads the rows of a sheet, the `number`th, each time from the first."""
    place = f"{where}: sheet {sheet_shown(name, number)}"
    kept: list[CalamineSheet] = []

    def rows() -> Iterator[Sequence[object]]:
        at = ""
        with calamine(lambda: f"{place}{at}"):
            sheet = kept[0] if kept else book.get_sheet_by_name(name)
            if not kept and survey.last_row * (survey.last_column + 1) <= KEPT_CELLS:
                kept.append(sheet)
            for following, row in enumerate(sheet.iter_rows(), start=2):
                yield row
                at = f": row {following}"

    return rows


@contextmanager
def calamine(where: Callable[[], str]) -> Iterator[None]:
    """Says in words that calamine failed, and where; its own words quote what stands in the file."""
    try:
        yield
    except (BadFile, MemoryError, GeneratorExit):
        raise
    except OverflowError:
        raise BadFile(
            f"{where()}: a cell has the format of a date and a number that no date can be. Correct it, and "
            "save "
            "the workbook again."
        ) from None
    except (CalamineError, OSError, ValueError):
        raise BadFile(
            f"{where()}: the workbook is damaged, or its parts contradict each other. {ADVICE}"
        ) from None
    except BaseException as error:
        # A panic of its Rust code is no Exception.
        if type(error).__name__ != "PanicException":
            raise
        raise BadFile(f"{where()}: the workbook is damaged: its reader gave up. {ADVICE}") from None
