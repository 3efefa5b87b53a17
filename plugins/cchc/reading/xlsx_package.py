"""An .xlsx file as a package of parts: which sheets it has, its number formats, its table of texts."""

import codecs
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any
from xml.etree import ElementTree
from xml.parsers import expat

from cchc.errors import BadFile
from cchc.reading.sheets import MOST_SHEETS, Shown, shown_by
from cchc.written_times import VIETNAM

PIECE = 1 << 18
# Of what is unpacked: all of a workbook, its table of texts, any other part that describes it.
MOST_UNPACKED, MOST_TEXTS, MOST_PART = 1 << 30, 256 << 20, 16 << 20
# Of one attribute, and of one cell: Excel holds 32,767 characters.
MOST_MARKUP, MOST_CELL = 1 << 20, 8 << 20
# Shared texts.
MOST_SHARED = 3_000_000
BLANK_ESCAPES = re.compile(r"_x00(?:09|0[AD]|20)_", re.IGNORECASE)
# Of the number formats that are not written down in a workbook, those that show a number otherwise.
BUILT_IN = {2: "0.00", 9: "0%", 10: "0.00%"}
ADVICE = "Open it in a spreadsheet program and save it again as .xlsx."

# Names of parts as programs write them; another may be anything.
USUAL_PART = re.compile(
    r"/?(?:(?:xl|worksheets|chartsheets|docProps|_rels|theme)/)*"
    r"(?:workbook|sheet|chart|styles|sharedStrings|core|app|theme|metadata|\[Content_Types\])?\d{0,4}"
    r"(?:\.xml)?(?:\.rels)?"
)


@dataclass
class Part:
    """A sheet as the workbook lists it. `kind`: worksheet, chartsheet, …; `state`: visible, hidden, …"""

    name: str
    member: str
    kind: str
    state: str


@dataclass
class Package:
    """An .xlsx file whose parts are followed as its relations say."""

    archive: zipfile.ZipFile
    where: str
    parts: list[Part] = field(default_factory=list)
    styles: dict[str, Shown] = field(default_factory=dict)
    blank_texts: set[int] = field(default_factory=set)
    to_calculate: bool = False
    book: str = ""
    unpacked: int = 0

    def pieces(self, member: str, most: int) -> Iterator[bytes]:
        """The unpacked content of a part; what it is said to measure is not believed."""
        size = 0
        with self.archive.open(member) as file:
            while piece := file.read(PIECE):
                size += len(piece)
                self.unpacked += len(piece)
                if size > most or self.unpacked > MOST_UNPACKED:
                    raise BadFile(
                        f"{self.where}: {_shown(member)} unpacks to more than "
                        f"{min(most, MOST_UNPACKED) >> 20} MiB. "
                        "Expected less: export it as CSV, or split it by month."
                    )
                yield piece

    def tree(self, member: str) -> ElementTree.Element:
        parser = ElementTree.XMLParser(target=_Tree(self.where, member))
        for piece in self.pieces(member, MOST_PART):
            parser.feed(piece)
        found: ElementTree.Element = parser.close()
        return found


class _Tree(ElementTree.TreeBuilder):
    """A tree of names without namespaces; no part of a workbook has a DOCTYPE."""

    def __init__(self, where: str, member: str) -> None:
        super().__init__()
        self._place = where, member

    def start(self, tag: Any, attrs: dict[Any, Any], /) -> ElementTree.Element:
        return super().start(_local(tag), {_local(name): value for name, value in attrs.items()})

    def end(self, tag: str, /) -> ElementTree.Element:
        return super().end(_local(tag))

    def doctype(self, *_: object) -> None:
        raise _has_doctype(*self._place)


def _shown(member: str) -> str:
    """The name of a part, where it is a usual one."""
    return member if USUAL_PART.fullmatch(member) else "a part of the workbook"


def _local(name: str) -> str:
    return name.rpartition("}")[2]


def _has_doctype(where: str, member: str) -> BadFile:
    return BadFile(
        f"{where}: {_shown(member)} has a DOCTYPE, which no spreadsheet program writes; it is not read. "
        f"{ADVICE}"
    )


def _has_other_letters(where: str, member: str) -> BadFile:
    return BadFile(f"{where}: {_shown(member)} is not written in UTF-8. Expected UTF-8. {ADVICE}")


def open_package(archive: zipfile.ZipFile, where: str) -> Package:
    """Reads what the workbook says of itself; raises BadFile when the archive is no workbook."""
    names = archive.namelist()
    if len(set(names)) != len(names):
        raise BadFile(f"{where}: a part of the workbook is in it twice. {ADVICE}")
    package = Package(archive, where)
    package.book = book = _book(package, set(names))
    relations = _relations(package, book)
    tree = package.tree(book)
    for calculation in tree.iter("calcPr"):
        package.to_calculate = calculation.get("fullCalcOnLoad") in ("1", "true")
    for sheet in tree.iter("sheet"):
        member, kind = relations.get(sheet.get("id", ""), ("", ""))
        package.parts.append(Part(sheet.get("name", ""), member, kind, sheet.get("state", "visible")))
    if len(package.parts) > MOST_SHEETS:
        raise BadFile(
            f"{where}: the workbook has {len(package.parts)} sheets. Expected at most {MOST_SHEETS}: split "
            "it."
        )
    for member, kind in relations.values():
        if member not in names:
            continue
        if kind == "styles":
            package.styles = _styles(package.tree(member))
        elif kind == "sharedStrings":
            package.blank_texts = _blank_texts(package, member)
    return package


def _book(package: Package, names: set[str]) -> str:
    """The part that lists the sheets."""
    if "_rels/.rels" in names:
        for member, kind in _relations(package, "").values():
            if kind == "officeDocument" and member in names:
                if not member.endswith((".xml", ".XML")) or package.tree(member).tag != "workbook":
                    break
                return member
    known = {"word/document.xml": "a Word document", "ppt/presentation.xml": "a presentation"}
    what = next((words for name, words in known.items() if name in names), None)
    if "xl/workbook.bin" in names:
        raise BadFile(f"{package.where}: this is a binary workbook (.xlsb). Expected .xlsx. {ADVICE}")
    if "content.xml" in names and "mimetype" in names:
        raise BadFile(f"{package.where}: this is an OpenDocument file (.ods). Expected .xlsx. {ADVICE}")
    if what is None and any(name.lower().endswith((".csv", ".xlsx", ".xls", ".json")) for name in names):
        what = "an archive of other files: unpack it, and give them one by one"
    raise BadFile(
        f"{package.where}: this is {what or 'a ZIP archive without a workbook'}. Expected .xlsx, .xls, .csv "
        "or "
        "a .json export: check that this is the right file."
    )


def _relations(package: Package, part: str) -> dict[str, tuple[str, str]]:
    """Id → (the part that is meant, its kind) of what a part refers to."""
    folder, _, name = part.rpartition("/")
    member = f"{folder}/_rels/{name}.rels".lstrip("/") if part else "_rels/.rels"
    spelled = {known.lower(): known for known in package.archive.namelist()}
    if member.lower() not in spelled:
        return {}
    found = {}
    for relation in package.tree(spelled[member.lower()]):
        target = relation.get("Target", "")
        path = target.lstrip("/") if target.startswith("/") else _joined(folder, target)
        kind = relation.get("Type", "").rpartition("/")[2]
        if relation.get("TargetMode") != "External":
            found[relation.get("Id", "")] = (spelled.get(path.lower(), path), kind)
    return found


def _joined(folder: str, target: str) -> str:
    parts: list[str] = []
    for part in PurePosixPath(folder, target).parts:
        if part == ".." and parts:
            parts.pop()
        elif part not in ("..", "."):
            parts.append(part)
    return "/".join(parts)


def _styles(tree: ElementTree.Element) -> dict[str, Shown]:
    codes = BUILT_IN | {
        int(one.get("numFmtId", "-1")): one.get("formatCode", "") for one in tree.iterfind("numFmts/numFmt")
    }
    found = {}
    for index, style in enumerate(tree.iterfind("cellXfs/xf")):
        if shown := shown_by(codes.get(int(style.get("numFmtId", "0")), "")):
            found[str(index)] = shown
    return found


def is_blank(text: str) -> bool:
    """Whether a text is nothing but white space, of which some may be escaped."""
    return not text.strip() or not BLANK_ESCAPES.sub("", text).strip()


def parser_of(where: str, member: str, start: Callable[[str, dict[str, str]], None]) -> expat.XMLParserType:
    parser = expat.ParserCreate()

    def doctype(*_: object) -> None:
        raise _has_doctype(where, member)

    def declared(_: str, encoding: str | None, __: int) -> None:
        if (encoding or "utf-8").lower() not in ("utf-8", "us-ascii", "ascii"):
            raise _has_other_letters(where, member)

    parser.StartDoctypeDeclHandler = doctype
    parser.XmlDeclHandler = declared
    parser.StartElementHandler = start
    return parser


def parse(
    package: Package, member: str, most: int, parser: expat.XMLParserType, at: Callable[[], Any]
) -> None:
    """Feeds a part to a parser; `at` tells how far it is."""
    fed, moved, before = 0, 0, None
    for piece in package.pieces(member, most):
        if not fed and piece.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise _has_other_letters(package.where, member)
        parser.Parse(piece)
        fed += len(piece)
        if (now := at()) != before:
            before, moved = now, fed
        # expat looks at an unfinished tag again with each piece.
        if fed - parser.CurrentByteIndex > MOST_MARKUP + PIECE or fed - moved > MOST_CELL:
            raise BadFile(
                f"{package.where}: {_shown(member)} has a cell or a tag of more than a million characters, "
                f"after {now}. Expected at most 32767 in a cell. {ADVICE}"
            )
    parser.Parse(b"", True)


def _blank_texts(package: Package, member: str) -> set[int]:
    """The numbers of those shared texts that are blank."""
    blank: set[int] = set()
    number = -1
    parts: list[str] = []
    phonetic = False

    def end_of_text() -> None:
        parser.CharacterDataHandler = None
        if number >= 0 and is_blank("".join(parts)):
            blank.add(number)

    def start(name: str, _: dict[str, str]) -> None:
        nonlocal number, phonetic
        tag = name.rpartition(":")[2]
        if tag == "si":
            end_of_text()
            number += 1
            if number > MOST_SHARED:
                raise BadFile(
                    f"{package.where}: {_shown(member)} has more than {MOST_SHARED} texts. Expected fewer: "
                    "export it as CSV, or split it by month."
                )
            phonetic = False
            parts.clear()
        elif tag == "rPh":
            phonetic = True
            parser.CharacterDataHandler = None
        elif tag == "t" and not phonetic and is_blank("".join(parts)):
            parser.CharacterDataHandler = parts.append
        else:
            parser.CharacterDataHandler = None

    parser = parser_of(package.where, member, start)
    parse(package, member, MOST_TEXTS, parser, lambda: f"text {number + 1}")
    end_of_text()
    return blank


def created_at(package: Package) -> datetime | None:
    """When the workbook was made, in Vietnam's local time, from its document properties."""
    for member, kind in _relations(package, "").values():
        if kind == "core-properties" and member in package.archive.namelist():
            found = package.tree(member).findtext("created")
            if not found:
                return None
            try:
                moment = datetime.fromisoformat(found.strip())
            except ValueError:
                return None
            moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            return moment.astimezone(VIETNAM).replace(tzinfo=None)
    return None
