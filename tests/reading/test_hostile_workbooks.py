"""Workbooks made to harm whoever opens them: each ends in words, in time and within the memory allowed."""

import io
import random
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from cchc.reading.child import serve
from cchc.reading.parsing import Request
from tests.reading.taken import taken
from tests.reading.test_workbook_kinds import html, table, xml2003, xml_row
from tests.reading.test_workbooks import HEADER, unit
from tests.reading.workbooks import biff_cell, raw_xlsx, row, xls

pytestmark = [pytest.mark.own_process, pytest.mark.long]
GOOD = row(1, *HEADER) + row(2, *unit(1))
AT = "2024-01-01T00:00:00"
SECONDS = 30


def outcome(path: Path) -> str:
    """What is said of a file by the process that reads it: "" where it is read; checks what that takes."""
    took = taken("don_vi", path)
    # Others may work on the machine: what the child computed counts, and it waits for nothing.
    assert took.cpu_s < SECONDS
    assert took.wall_s < 4 * SECONDS
    assert took.peak_bytes <= 1_000_000_000
    return took.said


def far(path: Path) -> Path:
    return raw_xlsx(path, GOOD + '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>')


def wide(path: Path) -> Path:
    return raw_xlsx(path, GOOD + '<row r="1048576"><c r="Z1048576"><v>1</v></c></row>')


def streamed(path: Path, rows: Iterable[str]) -> Path:
    """GOOD with more rows, never all of them in this process: the memory of its children is measured."""
    small = raw_xlsx(path.with_name("small.xlsx"), GOOD)
    with (
        zipfile.ZipFile(small) as old,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as new,
    ):
        for name in old.namelist():
            if not name.endswith("sheet1.xml"):
                new.writestr(name, old.read(name))
                continue
            head, tail = old.read(name).split(b"</sheetData>")
            with new.open(name, "w") as file:
                file.write(head)
                for line in rows:
                    file.write(line.encode())
                file.write(b"</sheetData>" + tail)
    return path


def many_cells(path: Path) -> Path:
    cells = "".join(f'<c r="{letter}%d"><v>1</v></c>' for letter in "ABCDEFGHIJKLMNOPQRST")
    return streamed(path, (f'<row r="{n}">{cells % ((n,) * 20)}</row>' for n in range(3, 210_000)))


def long_text(path: Path) -> Path:
    return raw_xlsx(path, row(1, *HEADER) + row(2, "x1", "a" * 100_000_000, "xa"))


def long_shared_text(path: Path) -> Path:
    return raw_xlsx(path, GOOD, shared=f"<si><t>{'a' * 100_000_000}</t></si>")


def many_shared_texts(path: Path) -> Path:
    return raw_xlsx(path, GOOD, shared="<si><t>a</t></si>" * 3_100_000)


def long_attribute(path: Path) -> Path:
    return raw_xlsx(path, GOOD + f'<row r="3" a="{"a" * 100_000_000}"/>')


def white_space(path: Path) -> Path:
    return raw_xlsx(path, GOOD, behind="<a>" + f"{' ' * (1 << 20)}<b/>" * 20 + "</a>")


def bomb(path: Path) -> Path:
    """More than a gigabyte of rows in a few megabytes."""
    return streamed(path, (f'<row r="{n}" a="{"a" * 4096}"/>' for n in range(3, 270_000)))


def entities(path: Path) -> Path:
    doctype = '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;">]>'
    return raw_xlsx(path, GOOD, doctype=doctype)


def deep(path: Path) -> Path:
    return raw_xlsx(path, GOOD + '<row r="3">' + "<c>" * 2_000_000)


def many_sheets(path: Path) -> Path:
    return raw_xlsx(path, {f"s{n}": "" for n in range(5_000)})


def cut_off(path: Path) -> Path:
    content = raw_xlsx(path, GOOD).read_bytes()
    path.write_bytes(content[: len(content) // 2])
    return path


def wrong_sum(path: Path) -> Path:
    content = raw_xlsx(path, GOOD).read_bytes()
    at = content.index(b"xl/worksheets/sheet1.xml") + 60
    path.write_bytes(content[:at] + bytes(byte ^ 255 for byte in content[at : at + 3]) + content[at + 3 :])
    return path


def lying_size(path: Path) -> Path:
    raw_xlsx(path, GOOD)
    with zipfile.ZipFile(path) as archive:
        size = archive.getinfo("xl/worksheets/sheet1.xml").file_size
    content = path.read_bytes()
    path.write_bytes(content.replace(size.to_bytes(4, "little"), (size - 50).to_bytes(4, "little")))
    return path


def twice(path: Path) -> Path:
    return raw_xlsx(path, GOOD + row(2, *unit(2)))


def cell_twice(path: Path) -> Path:
    return raw_xlsx(path, GOOD + '<row r="3"><c r="A3"><v>1</v></c><c r="A3"><v>2</v></c></row>')


def no_such_text(path: Path) -> Path:
    return raw_xlsx(path, GOOD + '<row r="3"><c r="A3" t="s"><v>9</v></c></row>')


def xls_far(path: Path) -> Path:
    return xls(path, {"A": [HEADER, unit(1)]}, behind=biff_cell(65_535, 255, (1.0, 0)))


def html_spans(path: Path) -> Path:
    path.write_text("<table>" + "<tr><td colspan=1000 rowspan=60000>a</td></tr>" * 50_000 + "</table>")
    return path


def html_less_than(path: Path) -> Path:
    path.write_text("<table><tr><td>" + "<a " * 3_000_000 + "</td></tr></table>")
    return path


def html_tables(path: Path) -> Path:
    path.write_text("<table><tr><td>" * 500_000)
    return path


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (far, "cell XFD1048576 has content, and it lies beyond column AMJ"),
        (wide, "cell Z1048576 has content, so that the sheet reaches over 1048576 rows and 26 columns"),
        (many_cells, "more than 4000000 cells have content, up to cell T"),
        (long_text, "a cell or a tag of more than a million characters, after cell B2"),
        (long_shared_text, "a cell or a tag of more than a million characters, after text 1"),
        (many_shared_texts, "more than 3000000 texts"),
        (long_attribute, "a cell or a tag of more than a million characters, after cell C2"),
        (white_space, "a cell or a tag of more than a million characters, after cell C2"),
        (bomb, "xl/worksheets/sheet1.xml unpacks to more than 1024 MiB"),
        (entities, "has a DOCTYPE"),
        (deep, "no well-formed XML, or is cut off"),
        (many_sheets, "has 5000 sheets"),
        (cut_off, "its ZIP archive is damaged, or was cut off"),
        (wrong_sum, "its ZIP archive is damaged, or was cut off"),
        (lying_size, "its ZIP archive is damaged, or was cut off"),
        (twice, "row 2 stands after row 2"),
        (cell_twice, "cell 'A3' stands in row 3 after A3"),
        (no_such_text, "its parts contradict each other"),
        (xls_far, "cell IV65536 has content, so that the sheet reaches over 65536 rows and 256 columns"),
        (html_spans, "beyond column AMJ"),
        (html_less_than, "never closed"),
        (html_tables, "more than 50 tables lie in each other"),
    ],
)
def test_a_hostile_workbook_is_refused_with_the_true_reason(
    tmp_path: Path, make: Callable[[Path], Path], says: str
):
    said = outcome(make(tmp_path / "a.xlsx"))
    assert says in said
    assert said.startswith("a.xlsx: ")
    assert any(word in said for word in ("Expected", "Export", "export", "save", "Delete"))


def test_cells_far_apart_that_are_only_formatted_do_no_harm(tmp_path: Path):
    styled = '<row r="3"><c r="XFD3" s="0"/></row><row r="900000"><c r="A900000" s="0"/></row>'
    assert outcome(raw_xlsx(tmp_path / "a.xlsx", GOOD + styled)) == ""


@pytest.mark.parametrize("kind", ["xlsx", "xls", "html", "xml"])
def test_damaged_bytes_never_end_in_anything_but_words(tmp_path: Path, kind: str):
    """In one process: what breaks the reader down would be seen as the end of this one."""
    path = tmp_path / f"a.{kind}"
    rows = [HEADER, *map(unit, range(40))]
    if kind == "xls":
        xls(path, {"A": rows, "B": rows})
    elif kind == "html":
        html(path, "<p>Danh sách</p>" + table(*rows))
    elif kind == "xml":
        xml2003(path, *(xml_row(*cells) for cells in rows))
    else:
        with (
            zipfile.ZipFile(
                raw_xlsx(tmp_path / "b.xlsx", "".join(row(n, *r) for n, r in enumerate(rows, 1)))
            ) as whole,
            zipfile.ZipFile(path, "w") as stored,
        ):
            for name in whole.namelist():
                stored.writestr(name, whole.read(name))
    good = path.read_bytes()
    chance = random.Random(7)
    for _ in range(150):
        content = bytearray(good)
        for _ in range(chance.randint(1, 5)):
            content[chance.randrange(len(content))] = chance.randrange(256)
        path.write_bytes(content)
        said: list[dict] = []
        serve(
            Request(dataset="don_vi", path=path, name=path.name, extracted_at=AT), io.BytesIO(), said.append
        )
        assert said
        assert "fault of the reader" not in said[-1].get("bad", "")
        assert "Error at" not in said[-1].get("bad", "")
