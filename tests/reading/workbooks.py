"""Writes workbooks part by part, as no library would: what stands in them is what the test says."""

import struct
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
STRICT = "http://purl.oclc.org/ooxml/spreadsheetml/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
STRICT_OFFICE = "http://purl.oclc.org/ooxml/officeDocument/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


def text(reference: str, content: str) -> str:
    return f'<c r="{reference}" t="inlineStr"><is><t>{content}</t></is></c>'


def row(number: int, *cells: object, attributes: str = "") -> str:
    """A row of cells: text as it is, XML of a cell where it begins with <c."""
    body = "".join(
        cell
        if isinstance(cell, str) and cell.startswith("<c")
        else text(f"{chr(65 + place)}{number}", str(cell))
        for place, cell in enumerate(cells)
        if cell is not None
    )
    return f'<row r="{number}"{attributes}>{body}</row>'


def raw_xlsx(
    path: Path,
    sheets: Mapping[str, str] | str,
    *,
    book: str = "xl/workbook.xml",
    states: Mapping[str, str] | None = None,
    shared: str | None = None,
    shared_name: str = "sharedStrings.xml",
    formats: Sequence[str] = (),
    strict: bool = False,
    prefix: str = "",
    properties: str = "",
    behind: str = "",
    absolute: bool = False,
    doctype: str = "",
) -> Path:
    """`sheets`: name → rows. `formats`: number formats of the styles 1, 2, …; `behind`: XML after the "
    "rows."""
    sheets = {"Sheet1": sheets} if isinstance(sheets, str) else sheets
    main, office = (STRICT, STRICT_OFFICE) if strict else (MAIN, OFFICE)
    p = f"{prefix}:" if prefix else ""
    declared = f'xmlns{":" + prefix if prefix else ""}="{main}" xmlns:r="{office}"'
    folder = book.rpartition("/")[0]

    def prefixed(xml: str) -> str:
        return xml if not prefix else xml.replace("</", "\0").replace("<", f"<{p}").replace("\0", f"</{p}")

    listed = "".join(
        f'<{p}sheet name="{name}" sheetId="{n}" r:id="rId{n}" state="{(states or {}).get(name, "visible")}"/>'
        for n, name in enumerate(sheets, 1)
    )
    root = f"/{folder}/" if absolute else ""
    relations = "".join(
        f'<Relationship Id="rId{n}" Type="{office}/worksheet" Target="{root}worksheets/sheet{n}.xml"/>'
        for n in range(1, len(sheets) + 1)
    )
    styles = "".join(
        f'<numFmt numFmtId="{163 + n}" formatCode="{code}"/>' for n, code in enumerate(formats, 1)
    )
    uses = "".join(f'<xf numFmtId="{163 + n}"/>' for n in range(1, len(formats) + 1))
    parts = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}"><Relationship Id="rId1" '
        f'Type="{office}/officeDocument" Target="{book}"/></Relationships>',
        book: f"{doctype}<{p}workbook {declared}>{prefixed(properties)}<{p}sheets>{listed}</{p}sheets>"
        f"</{p}workbook>",
        f"{folder}/_rels/{book.rpartition('/')[2]}.rels": f'<Relationships xmlns="{PACKAGE}">{relations}'
        f'<Relationship Id="s1" Type="{office}/styles" Target="styles.xml"/>'
        f'<Relationship Id="s2" Type="{office}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
        f"{folder}/styles.xml": f'<styleSheet xmlns="{main}"><numFmts>{styles}</numFmts>'
        f'<cellXfs><xf numFmtId="0"/>{uses}</cellXfs></styleSheet>',
        f"{folder}/{shared_name}": f'<sst xmlns="{main}">{shared or ""}</sst>',
    }
    for n, rows in enumerate(sheets.values(), 1):
        parts[f"{folder}/worksheets/sheet{n}.xml"] = (
            f"<{p}worksheet {declared}><{p}sheetData>{prefixed(rows)}</{p}sheetData>{prefixed(behind)}"
            f"</{p}worksheet>"
        )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


# .xls -----------------------------------------------------------------------------------------


def record(kind: int, body: bytes = b"") -> bytes:
    return struct.pack("<HH", kind, len(body)) + body


def short(words: str) -> bytes:
    return struct.pack("<BB", len(words), 1) + words.encode("utf-16-le")


def biff_cell(place: int, column: int, value: object) -> bytes:
    """A record: text (LABEL), a number with its style, an error's code, or a formula's eight bytes."""
    at = struct.pack("<HH", place, column)
    match value:
        case str():
            return record(0x204, at + struct.pack("<HHB", 0, len(value), 1) + value.encode("utf-16-le"))
        case (float(number), int(style)):
            return record(0x203, at + struct.pack("<Hd", style, number))
        case ("error", int(code)):
            return record(0x205, at + struct.pack("<HBB", 0, code, 1))
        case bytes():
            return record(0x06, at + struct.pack("<H", 0) + value + struct.pack("<HIH", 0, 0, 0))
    raise AssertionError(value)


def xls(
    path: Path,
    sheets: Mapping[str, Sequence[Sequence[object]]],
    *,
    hidden: Sequence[str] = (),
    formats: Sequence[str] = (),
    password: bool = False,
    behind: bytes = b"",
) -> Path:
    """A workbook as Excel 97 writes it: BIFF8 in a compound file. `formats` of the styles 1, 2, …"""
    bodies = []
    for rows in sheets.values():
        cells = b"".join(
            biff_cell(place, column, value)
            for place, cells in enumerate(rows)
            for column, value in enumerate(cells)
            if value is not None
        )
        bodies.append(
            record(0x809, struct.pack("<HHHHII", 0x600, 0x10, 0, 0, 0, 0)) + cells + behind + record(0x0A)
        )
    front = record(0x809, struct.pack("<HHHHII", 0x600, 0x05, 0, 0, 0, 0))
    front += record(0x2F, bytes(6)) if password else b""
    for n, code in enumerate(formats, 1):
        front += record(0x41E, struct.pack("<HHB", 163 + n, len(code), 0) + code.encode("latin-1"))
    for n in range(len(formats) + 1):
        front += record(0xE0, struct.pack("<HH", 0, 163 + n if n else 0) + bytes(16))
    listed = [(name, struct.pack("<BB", name in hidden, 0) + short(name)) for name in sheets]
    at = len(front) + sum(8 + len(body) for _, body in listed) + len(record(0x0A))
    for (_, body), content in zip(listed, bodies, strict=True):
        front += record(0x85, struct.pack("<I", at) + body)
        at += len(content)
    return compound(path, {"Workbook": front + record(0x0A) + b"".join(bodies)})


def compound(path: Path, streams: Mapping[str, bytes]) -> Path:
    """A compound file of 512-byte sectors, its streams all beyond the size of small ones."""
    padded = {name: content.ljust(4096, b"\0") for name, content in streams.items()}
    fat: list[int] = []
    content = b""

    def add(data: bytes) -> int:
        nonlocal content
        first, count = len(fat), max(-(-len(data) // 512), 1)
        fat.extend([*range(first + 1, first + count), 0xFFFFFFFE])
        content += data.ljust(count * 512, b"\0")
        return first

    entries = [("Root Entry", 5, 0xFFFFFFFE, 0)]
    entries += [(name, 2, add(data), len(data)) for name, data in padded.items()]
    directory = b"".join(
        name.encode("utf-16-le").ljust(64, b"\0")
        + struct.pack("<HBBIII", 2 * len(name) + 2, kind, 1, 0xFFFFFFFF, 0xFFFFFFFF,
                      1 if place == 0 else 0xFFFFFFFF)
        + bytes(36)
        + struct.pack("<III", start, size, 0)
        for place, (name, kind, start, size) in enumerate(entries)
    )  # fmt: skip
    directory_at = add(directory)
    # The sectors of the table of sectors stand in the table too, and those that list them.
    count = more = 0
    while (len(fat) + count + more) > count * 128:
        count += 1
        more = -(-max(count - 109, 0) // 127)
    tables = list(range(len(fat), len(fat) + count))
    lists = list(range(len(fat) + count, len(fat) + count + more))
    fat.extend([0xFFFFFFFD] * count + [0xFFFFFFFC] * more)
    fat.extend([0xFFFFFFFF] * (count * 128 - len(fat)))
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    head += struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    first = lists[0] if lists else 0xFFFFFFFE
    head += struct.pack("<IIIIIIIII", 0, count, directory_at, 0, 4096, 0xFFFFFFFE, 0, first, more)
    head = head.ljust(76, b"\0") + struct.pack("<109I", *(tables + [0xFFFFFFFF] * 109)[:109])
    behind = b""
    for place, number in enumerate(lists):
        listed = tables[109 + 127 * place : 236 + 127 * place]
        following = number + 1 if number != lists[-1] else 0xFFFFFFFE
        behind += struct.pack("<128I", *listed, *[0xFFFFFFFF] * (127 - len(listed)), following)
    path.write_bytes(head + content + struct.pack(f"<{len(fat)}I", *fat) + behind)
    return path
