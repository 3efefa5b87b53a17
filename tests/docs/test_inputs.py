"""Every row of docs/inputs.md is true: the samples of its tables are read, and come out as the page says."""

import csv
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
import yaml

from cchc import contracts
from cchc.batches import batch_of
from cchc.contracts import NumberStyle, contract_of
from cchc.errors import DamagedFile
from cchc.reading import (
    csv_records,
    html_file,
    json_records,
    json_values,
    parsing,
    sheets,
    xls_file,
    xlsx_package,
)
from cchc.reading.canonical import MOJIBAKE, REASON, UNREADABLE
from cchc.reading.child import serve
from cchc.reading.csv_file import CELL_CHARS
from cchc.reading.header import HEADER_SEARCH_ROWS
from cchc.reading.parsing import Request
from cchc.sources.landed_file import check_landed
from tests.docs.test_asking import queries
from tests.reading.test_csv import LIST, listed
from tests.reading.test_json import dossier
from tests.reading.test_workbook_kinds import html, table, xml2003, xml_row
from tests.reading.test_workbooks import book
from tests.reading.workbooks import raw_xlsx, xls
from tests.reading.workbooks import row as of_sheet
from tests.world import DOCUMENT, DOSSIER, FULL, World, code

PAGE = (Path(__file__).parents[2] / "docs" / "inputs.md").read_text(encoding="utf-8")
AT = datetime(2025, 5, 10)
OUTCOME = re.compile(r"(read|repaired|rejected|refused)\b(.*)")
SPAN = re.compile(r"`([^`]+)`")
NUMBER_OF_CHARACTER = re.compile(r"\\u([0-9a-f]{4})")


# The page -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """A row of a table: its cells, and the heading above it."""

    section: str
    cells: tuple[str, ...]

    @property
    def samples(self) -> list[str]:
        """What is to be read: the code of the first cell."""
        return spans(self.cells[0])

    @property
    def outcome(self) -> str:
        return OUTCOME.fullmatch(self.of("Outcome"))[1]  # type: ignore[index]

    def of(self, column: str) -> str:
        return dict(zip(HEADERS[self.section], self.cells, strict=True))[column]


def spans(cell: str) -> list[str]:
    """The code in a cell; \\u200b is the character of that number."""
    return [NUMBER_OF_CHARACTER.sub(lambda found: chr(int(found[1], 16)), one) for one in SPAN.findall(cell)]


def cells_of(line: str) -> tuple[str, ...]:
    return tuple(cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|")))


def rows_of(page: str) -> Iterator[Row]:
    """All rows of all tables; the first of a table names its columns."""
    section = ""
    inside = False
    for line in page.splitlines():
        if line.startswith("## "):
            section = line.removeprefix("## ")
        if not line.startswith("|"):
            inside = False
        elif not inside:
            inside = True
            assert section not in HEADERS, f"two tables in {section}"
            HEADERS[section] = cells_of(line)
        elif not set(line) <= set("|- "):
            yield Row(section, cells_of(line))


HEADERS: dict[str, tuple[str, ...]] = {}
ROWS = list(rows_of(PAGE))
VALUES = ("Keys", "Numbers", "Dates", "Text")
FILE_KINDS = ("CSV and text", "JSON and JSON Lines", "Workbooks")


def rows(*sections: str) -> list:
    found = [row for row in ROWS if row.section in sections]
    assert {row.section for row in found} == set(sections)
    return [pytest.param(row, id=f"{row.section[:8]}-{row.cells[0][:40]}") for row in found]


def samples(*sections: str) -> list:
    return [
        pytest.param(param.values[0], sample, id=f"{param.values[0].section[:8]}-{sample[:40]!r}")
        for param in rows(*sections)
        for sample in param.values[0].samples
    ]


def test_every_table_of_the_page_has_a_check_and_every_row_a_sample():
    checked = {
        *(*VALUES, *FILE_KINDS, "Four outcomes", "Lines that are none", "Stated totals"),
        *("The time of an export", "Nested lists", "The landed file", "Limits of the reading process"),
    }
    assert {row.section for row in ROWS} == checked
    for one in ROWS:
        if one.section not in ("Four outcomes", "Limits of the reading process"):
            assert one.samples, one
            assert OUTCOME.fullmatch(one.of("Outcome")), one
            assert one.outcome != "refused" or spans(one.of("Says")), one


def test_the_four_outcomes_are_those_that_the_tables_have():
    named = {one.cells[0].strip("*") for one in ROWS if one.section == "Four outcomes"}
    used = {one.outcome for one in ROWS if "Outcome" in HEADERS[one.section][1:]}
    assert named == used == {"read", "repaired", "rejected", "refused"}


# The reader -----------------------------------------------------------------------------------


@dataclass
class Found:
    """What the reader made of a file. `lines`: column → text; `faults`: of each line, by column."""

    refusal: str = ""
    lines: list[dict[str, str | None]] = field(default_factory=list)
    faults: list[dict[str, str]] = field(default_factory=list)
    end: dict = field(default_factory=dict)

    @property
    def outcome(self) -> str:
        if self.refusal:
            return "refused"
        return "rejected" if any(self.faults) else "repaired" if self.end["repaired"] else "read"

    @property
    def said(self) -> str:
        words = [self.refusal, *(word for faults in self.faults for word in faults.values())]
        if self.end:
            words += [*self.end["notes"], *self.end["extra"], self.end["time_source"] or ""]
            words += [stretch["kind"] for stretch in self.end["skipped"]]
        return "\n".join(words)


def read(dataset: str, path: Path, at: datetime | None = AT) -> Found:
    """Reads a file as its child process does."""
    written, said = io.BytesIO(), []
    serve(Request(dataset=dataset, path=path, name=path.name, extracted_at=at), written, said.append)
    found = Found()
    if "bad" in said[-1]:
        found.refusal = said[-1]["bad"]
        assert "fault of the reader" not in found.refusal
        return found
    found.end = said[-1]["end"]
    for cells in csv.reader(io.StringIO(written.getvalue().decode())):
        line: dict[str, str | None] = dict(zip(said[0]["names"], (c or None for c in cells), strict=True))
        faults = json.loads(line[UNREADABLE] or "{}")
        for damage in json.loads(line[MOJIBAKE] or "[]"):
            column, _, kind = damage.partition(": ")
            faults[column] = kind
        found.lines.append(line)
        found.faults.append({name: words.replace(REASON, " ") for name, words in faults.items()})
    assert found.end["records"] == len(found.lines) + sum(s["records"] for s in found.end["skipped"])
    return found


def agrees(row: Row, found: Found) -> None:
    """The outcome is the one of the page, and what it quotes is said."""
    assert found.outcome == row.outcome, found.said
    for words in spans(row.of("Says")):
        assert words in found.said


def test_a_row_that_lies_is_found(tmp_path: Path):
    path = tmp_path / "mau.csv"
    path.write_text("ma_don_vi,ten_don_vi,cap\nxa1,Xã,xa\n", encoding="utf-8")
    found = read("don_vi", path)
    section = "CSV and text"
    agrees(Row(section, ("`mau.csv`", "", "read, 1 line", "`header`")), found)
    for outcome, says in (("rejected, 1 of 1 line", ""), ("refused", ""), ("read", "`not said`")):
        with pytest.raises(AssertionError):
            agrees(Row(section, ("`mau.csv`", "", outcome, says)), found)


# Values ---------------------------------------------------------------------------------------


def styled(monkeypatch: pytest.MonkeyPatch, words: str) -> None:
    """Lets the layouts of dossiers say how numbers are written, in the words of a contract."""
    contract = contract_of("ho_so")
    style = NumberStyle(**yaml.safe_load(words)["numbers"])
    layouts = tuple(layout.model_copy(update={"numbers": style}) for layout in contract.layouts)
    monkeypatch.setattr(
        "cchc.reading.child.contract_of", lambda _: contract.model_copy(update={"layouts": layouts})
    )


OF_A_DOSSIER = ("ho_so", FULL, {"ma_ho_so": code(1)} | DOSSIER)
OF_A_PROCEDURE = ("tthc", ["ma_tthc", "ten_tthc", "ngay_cap_nhat"], {"ma_tthc": "1.000001"})
OF_A_DOCUMENT = ("van_ban", ["ma_van_ban", *DOCUMENT], {"ma_van_ban": "VB1"} | DOCUMENT)


@pytest.mark.parametrize(("row", "sample"), samples(*VALUES))
def test_value(row: Row, sample: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    column, *style = spans(row.of("Column"))
    for words in style:
        styled(monkeypatch, words)
    path = tmp_path / "mau.csv"
    others = {"ten_tthc": OF_A_PROCEDURE, "ky_hieu": OF_A_DOCUMENT}
    dataset, columns, good = others.get(column, OF_A_DOSSIER)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        writer.writerow(good | {column: sample})
    found = read(dataset, path)
    agrees(row, found)
    [line], [faults] = found.lines, found.faults
    if row.outcome == "rejected":
        assert list(faults) == [column]
        # Text that is wrongly decoded stays in the line, which is rejected.
        assert line[column] == (None if line[UNREADABLE] else sample)
    elif values := spans(row.of("Outcome")):
        assert line[column] == values[0]
    else:
        assert line[column] == (None if "unknown" in row.of("Outcome") else sample)
    if row.outcome == "repaired":
        assert found.end["repaired"] == {column: 1}


# Lines, totals, times -------------------------------------------------------------------------


def vendor(tmp_path: Path, *lines: str, above: str = "") -> Path:
    path = tmp_path / "danh-sach.csv"
    path.write_text("\n".join([*([above] if above else []), LIST, *lines, ""]), encoding="utf-8")
    return path


def envelope(tmp_path: Path, fields: str) -> Path:
    path = tmp_path / "danh-sach.json"
    path.write_text(f'{{{fields}, "data": [{json.dumps(dossier())}]}}', encoding="utf-8")
    return path


@pytest.mark.parametrize(("row", "sample"), samples("Lines that are none"))
def test_line_that_is_none(row: Row, sample: str, tmp_path: Path):
    line = LIST if sample == "…" else sample
    numbering = spans(row.of("Outcome")) == ["numbering"]
    lines = (line, listed(1), listed(2)) if numbering else (listed(1), listed(2), line)
    found = read("ho_so", vendor(tmp_path, *lines))
    assert (found.outcome, len(found.lines)) == ("read", 2)
    kinds = [stretch["kind"] for stretch in found.end["skipped"][1:]]
    assert kinds == spans(row.of("Outcome"))


@pytest.mark.parametrize("above", [True, False])
@pytest.mark.parametrize(("row", "sample"), samples("Stated totals"))
def test_stated_total(row: Row, sample: str, above: bool, tmp_path: Path):
    if sample.startswith('"'):
        path = envelope(tmp_path, sample)
    elif above:
        path = vendor(tmp_path, listed(1), listed(2), above=sample)
    else:
        path = vendor(tmp_path, listed(1), listed(2), sample)
    found = read("ho_so", path)
    agrees(row, found)
    numbers = spans(row.of("Outcome"))
    assert found.end["stated_total"] == (int(numbers[0]) if numbers else None)
    assert bool(found.end["notes"]) is (not numbers)


@pytest.mark.parametrize(("row", "sample"), samples("The time of an export"))
def test_time_of_an_export(row: Row, sample: str, tmp_path: Path):
    stated = sample.startswith('"')
    path = envelope(tmp_path, sample) if stated else vendor(tmp_path, listed(1), above=sample)
    found = read("ho_so", path, at=None)
    agrees(row, found)
    if row.outcome == "read":
        moments = spans(row.of("Outcome"))
        expected = moments[0].replace(" ", "T") if moments else None
        assert found.end["extracted_at"] == expected


@pytest.mark.parametrize(("row", "sample"), samples("Nested lists"))
def test_nested_list(row: Row, sample: str, tmp_path: Path):
    path = tmp_path / "ho-so.json"
    path.write_text(f"[{json.dumps(dossier())[:-1]}, {sample}}}]", encoding="utf-8")
    found = read("ho_so", path)
    agrees(row, found)
    [column] = spans(row.of("Column"))
    if row.outcome == "rejected":
        assert column in found.faults[0]
    else:
        assert found.lines[0].get(column) == next(iter(spans(row.of("Outcome"))), None)


# Files ----------------------------------------------------------------------------------------

HEADER = ("ma_don_vi", "ten_don_vi", "cap")
TOP = ",".join(HEADER)
UNIT = {"MaDonVi": "xa1", "TenDonVi": "Xã số 1", "Cap": "xa"}
FILES: dict[str, Callable[[Path], object]] = {}
OF_DOSSIERS = ("look-alike.csv", "misspelt.csv", "late-field.jsonl", "nothing-ended.jsonl")


def unit(number: int) -> tuple[str, str, str]:
    return f"xa{number}", f"Xã số {number}", "xa"


def line(number: int = 1) -> str:
    return ",".join(unit(number))


def text(name: str, content: str | bytes) -> None:
    """A file with this content."""
    FILES[name] = lambda path: path.write_bytes(content.encode() if isinstance(content, str) else content)


text("semicolons.csv", f"{TOP}\n{line()}\n".replace(",", ";"))
text("tabs.txt", f"{TOP}\n{line()}\n".replace(",", "\t"))
text("utf-16.csv", f"{TOP}\r\n{line()}\r\n".encode("utf-16"))
text("titles.csv", f"UBND TỈNH,,\nDANH SÁCH,,\n{TOP}\n{line()}\n")
text("line-break.csv", f'{TOP}\nxa1,"Xã số\n1",xa\n{line(2)}\n')
text("inch.csv", f'{TOP}\nxa1,ống 5" phi,xa\n')
text(
    "look-alike.csv",
    "Mã hồ ѕơ (*),Ðơn vị xử lý,Trạng\u200b thái,Mã TTHC,Ngày tiếp nhận,Ngày hẹn trả,Ngày kết thúc xử lý\n"
    f"{code(1)},Sở Xây dựng,Đang xử lý,1.000001,05/03/2025,12/03/2025,\n",
)
text("extra-column.csv", f"{TOP},ghi_chu\n{line()},x\n")
text("open-quote.csv", f'{TOP}\n{line()}\nxa2,Xã,"Xin cấp phép\n{line(3)}\n{line(4)}\n')
text(
    "swallowed-rows.csv",
    f'{TOP}\n{line()}\nxa2,"Xin cấp phép,xa\n{line(3)}\n{line(4)}\nxa5,Xã",xa\n{line(6)}\n',
)
text("quote-inside.csv", f'{TOP}\nxa1,"Xã "số" 1",xa\n')
text("too-many-cells.csv", f"{TOP}\n{line()},thừa\n")
text("cp1258.csv", f"{TOP}\nxa1,".encode() + b"\xd0\xe0 N\xe1ng,xa\n")
# Behind the first bytes, by which the kind of a file is told.
text("nul.csv", f"{TOP}\n{line()}\n".encode() + b" " * 70_000 + b"\x00\n")
text("header-alone.csv", f"{TOP}\n")
text("misspelt.csv", f"Mã hồ sơ,Trang thai,Đơn vị xử lý\n{code(1)},Đang xử lý,Sở Xây dựng\n")
text("lacks-column.csv", "ma_don_vi,ten_don_vi\nxa1,Xã\n")
text("column-twice.csv", f"{TOP},MaDonVi\n{line()},x\n")
text("empty.csv", " \n\n")
text("scan.pdf", b"%PDF-1.7\n")


def record(**changes: object) -> str:
    return json.dumps(UNIT | changes, ensure_ascii=False)


def with_good(old: str, new: str) -> str:
    """A list of a record that is right and one with other words."""
    assert old in record()
    return f"[{record(MaDonVi='xa2')}, {record().replace(old, new, 1)}]"


def left_out(*records: dict) -> str:
    """JSON Lines of dossiers without their nulls."""
    return "\n".join(json.dumps({k: v for k, v in one.items() if v is not None}) for one in records)


KEY, CAP = '"MaDonVi": "xa1"', '"Cap": "xa"'
BOTH = f"[{record()}, {record(MaDonVi='xa2')}]"
text("bom.json", f"\ufeff{BOTH}")
text("data.json", f'{{"tong_so": 2, "data": {BOTH}}}')
text("envelope.jsonl", f'{{"tong_so": 2}}\n{record()}\n{record(MaDonVi="xa2")}\n')
text(
    "late-field.jsonl",
    left_out(
        *(dossier(n) for n in range(1, 2301)),
        dossier(2301, TrangThaiHoSo="10", NgayKetThucXuLy="20250310100000"),
    ),
)
text("nothing-ended.jsonl", left_out(dossier(1), dossier(2)))
text("no-records.json", "[]")
text("long-number.json", with_good(KEY, '"MaDonVi": 1234567890123456789012345'))
text("key-twice.json", with_good(KEY, f'{KEY}, "MaDonVi": "b"'))
text("synonyms.json", with_good(KEY, f'{KEY}, "ma_don_vi": "b"'))
text("nan.json", with_good(CAP, f'{CAP}, "theo_doi": NaN'))
text("1e400.json", with_good(CAP, f'{CAP}, "theo_doi": 1e400'))
text("list-as-key.json", with_good(KEY, '"MaDonVi": ["a"]'))
text("true-as-key.json", with_good(KEY, '"MaDonVi": true'))
text("surrogate.json", with_good(KEY, r'"MaDonVi": "a\ud800b"'))
text("total-twice.json", f'{{"tong_so": 1, "tong_so": 2, "data": {BOTH}}}')
text("error-code.json", '{"error_code": "5", "data": []}')
text("cut-off.json", f'[{record()}, {{"MaDonVi": "xa')
text("two-documents.json", BOTH + BOTH)
text("single-quotes.json", "[{'MaDonVi': 'a'}]")
text("deep.json", f'[{{"a": {"[" * 40}{"]" * 40}}}]')
text("utf-16.json", BOTH.encode("utf-16"))


def sheet(name: str, sheets: dict[str, list], hidden: dict[str, str] | None = None) -> None:
    """A workbook with these rows."""
    FILES[name] = lambda path: book(path, sheets, hidden)


def raw(name: str, cell: str, *, key: bool = False, **how: object) -> None:
    """A workbook whose second row has this cell, in the column of the key or beside it, and a good one."""
    cells = (cell, "Xã", "xa") if key else ("xa1", cell, "xa")
    content = of_sheet(1, *HEADER) + of_sheet(2, *cells) + of_sheet(3, *unit(2))
    FILES[name] = lambda path: raw_xlsx(path, content, **how)


def archive(name: str, *members: str) -> None:
    def make(path: Path) -> None:
        with zipfile.ZipFile(path, "w") as made:
            for member in members:
                made.writestr(member, "<a/>")

    FILES[name] = make


def filtered(path: Path) -> None:
    hidden = of_sheet(3, *unit(2), attributes=' hidden="1"')
    raw_xlsx(path, {"A": of_sheet(1, *HEADER) + of_sheet(2, *unit(1)) + hidden})


def merged(path: Path) -> None:
    # B3 is empty: the merged cell lies over it.
    content = of_sheet(1, *HEADER) + of_sheet(2, *unit(1)) + of_sheet(3, "xa2", None, "xa")
    raw_xlsx(path, content, behind='<mergeCells><mergeCell ref="B2:B3"/></mergeCells>')


def truncated(path: Path) -> None:
    content = book(path, {"A": [HEADER, unit(1)]}).read_bytes()
    path.write_bytes(content[: len(content) // 2])


ONE = of_sheet(1, *HEADER) + of_sheet(2, *unit(1))
sheet("two-sheets.xlsx", {"A": [HEADER, unit(1)], "B": [HEADER, unit(2)]})
sheet("other-sheet.xlsx", {"A": [HEADER, unit(1)], "Mật": [("Số", "Trích yếu"), ("12", "Về việc nọ")]})
sheet("hidden-sheet.xlsx", {"A": [HEADER, unit(1)], "Cũ": [HEADER, unit(2)]}, {"Cũ": "very_hidden"})
sheet("no-second-header.xlsx", {"A": [HEADER, unit(1)], "B": [unit(2), unit(3)]})
sheet("other-columns.xlsx", {"A": [HEADER, unit(1)], "B": [(*HEADER, "ma_gso"), (*unit(2), "1")]})
raw("error-cell.xlsx", '<c r="B2" t="e"><v>#N/A</v></c>')
raw("never-calculated.xlsx", '<c r="B2"><f>WORKDAY(A2,5)</f></c>')
raw("rounded-key.xlsx", '<c r="A2"><v>202503051234567890</v></c>', key=True)
raw("key-became-day.xlsx", '<c r="A2" s="1"><v>45721</v></c>', key=True, formats=["dd/mm/yyyy"])
FILES |= {
    "padded.xlsx": lambda path: raw_xlsx(
        path,
        of_sheet(1, *HEADER) + of_sheet(2, '<c r="A2" s="1"><v>42</v></c>', "Xã", "xa"),
        formats=["000000"],
    ),
    "filtered.xlsx": filtered,
    "strict.xlsx": lambda path: raw_xlsx(path, ONE, strict=True),
    "xlsx-named.xls": lambda path: raw_xlsx(path, ONE),
    "biff8.xls": lambda path: xls(path, {"A": [HEADER, unit(1)]}),
    "html.xls": lambda path: html(path, table(HEADER, unit(1))),
    "xml2003.xls": lambda path: xml2003(path, xml_row(*HEADER), xml_row(*unit(1))),
    "merged.xlsx": merged,
    "password.xls": lambda path: xls(path, {"A": [HEADER]}, password=True),
    "truncated.xlsx": truncated,
    "log-in.xls": lambda path: html(path, "<form>Đăng nhập</form>"),
    "cut-off-html.xls": lambda path: path.write_text(
        "<html><table><tr><td>ma_don_vi<td>ten_don_vi<td>cap</tr><tr><td>xa1", "utf-8"
    ),
}
archive("word.docx", "word/document.xml")
archive("sheet.ods", "mimetype", "content.xml")


def test_every_file_of_the_page_is_made_and_no_other():
    assert set(FILES) == {one.samples[0] for one in ROWS if one.section in FILE_KINDS}


@pytest.mark.parametrize("row", rows(*FILE_KINDS))
def test_file(row: Row, tmp_path: Path):
    [name] = row.samples
    FILES[name](tmp_path / name)
    found = read("ho_so" if name in OF_DOSSIERS else "don_vi", tmp_path / name)
    agrees(row, found)
    counts = [int(number) for number in re.findall(r"\d+", row.of("Outcome"))]
    rejected = sum(map(bool, found.faults))
    assert (
        counts
        == {"refused": [], "read": [len(found.lines)], "rejected": [rejected, len(found.lines)]}[row.outcome]
    )
    if name == "padded.xlsx":
        assert found.lines[0]["ma_don_vi"] == "000042"
    if name == "late-field.jsonl":
        assert [one["ngay_ket_thuc_xu_ly"] for one in found.lines[2298:]] == [
            *(None, None),
            "2025-03-10 10:00:00",
        ]


# The landed file ------------------------------------------------------------------------------


def cut(path: Path) -> None:
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-9])


def change(path: Path) -> None:
    path.chmod(0o644)
    path.write_bytes(path.read_bytes().replace(b"xa1", b"xa7"))


def link(path: Path) -> None:
    path.symlink_to(path.rename(path.with_name("khac.csv")))


HAPPENS: dict[str, Callable[[Path], object]] = {
    "nothing": Path.exists,
    "cut off": cut,
    "a byte changed": change,
    "taken away": Path.unlink,
    "a link in its place": link,
    "cut off, and the same file given again": cut,
}


def test_what_became_of_a_landed_file(world: World):
    landed = [one for one in ROWS if one.section == "The landed file"]
    assert [one.samples for one in landed] == [[name] for name in HAPPENS]
    for number, one in enumerate(landed):
        path = world.text(f"{TOP}\n{line()}\nxa{90 + number},Xã,xa\n")
        batch_id = world.land("don_vi", path, at="2025-05-10")
        with world.engine.connect() as connection:
            batch = batch_of(connection, batch_id)
        HAPPENS[one.samples[0]](batch.landed_path)
        if "again" in one.samples[0]:
            assert world.land("don_vi", path, at="2025-05-10") == batch_id
        if one.outcome == "read":
            check_landed(batch)
        else:
            with pytest.raises(DamagedFile) as damaged:
                check_landed(batch)
            for words in spans(one.of("Says")):
                assert words in str(damaged.value)


# Limits and queries ---------------------------------------------------------------------------

MIB = 1 << 20
LIMITS = {
    "memory of the process": f"{parsing.MEMORY_BYTES // MIB} MiB",
    "computing": f"{parsing.CPU_SECONDS} s, and a second for each {parsing.BYTES_A_SECOND:,} bytes",
    "silence, without a row or a word": f"{parsing.SILENT_SECONDS} s",
    "rows written": f"{parsing.GROWTH} times the file, or {parsing.ROWS_BYTES >> 30} GiB",
    "search for the header": f"{HEADER_SEARCH_ROWS} rows",
    "CSV: a record": f"{csv_records.RECORD_BYTES // MIB} MiB, or {csv_records.RECORD_LINES:,} lines",
    "JSON: a record": f"{json_records.RECORD_BYTES // MIB} MiB",
    "JSON: a text": f"{json_values.STRING_BYTES // MIB} MiB",
    "JSON: lists and objects in each other": f"{json_records.DEPTH}",
    "JSON: fields of an object": f"{json_values.KEYS:,}",
    "JSON: a number, else its row is rejected": (
        f"{json_values.DIGITS} digits, exponent {json_values.EXPONENT}"
    ),
    "workbook: sheets": f"{sheets.MOST_SHEETS}",
    "workbook: columns": f"{sheets.LAST_COLUMN:,}",
    "workbook: cells up to the last one": f"{sheets.MOST_CELLS:,} (`.xls`: {xls_file.MOST_CELLS:,})",
    "workbook: cells with content": f"{sheets.MOST_FILLED:,}",
    "workbook: unpacked": f"{xlsx_package.MOST_UNPACKED // MIB:,} MiB",
    "HTML: tables in each other": f"{html_file.DEEPEST}",
    "a code, else its row is rejected": f"{contracts.CODE_LENGTH} characters",
    "a text, else its row is rejected": f"{contracts.MAX_LENGTH:,} characters",
}


def test_limits_are_those_of_the_reader():
    assert dict(one.cells for one in ROWS if one.section == "Limits of the reading process") == LIMITS
    assert CELL_CHARS == csv_records.RECORD_BYTES


def test_queries_of_the_page_run_and_name_the_sheet_of_a_rejected_row(world: World, tmp_path: Path):
    good = [unit(n) for n in range(1, 41)]
    path = book(tmp_path / "a.xlsx", {"A": [HEADER, *good], "B": [HEADER, unit(50), ("VB 1", "Xã", "xa")]})
    batch, _ = world.ingest("don_vi", path, at="2025-05-10")
    found = {}
    for query in queries("inputs.md"):
        with world.engine.connect() as connection:
            result = connection.execute(sa.text(query.replace("= 42", f"= {batch.batch_id}")))
            found[len(found)] = result.all()
    state, skipped, named, rejected, _ = found.values()
    assert (state[0].records_in_file, state[0].lines_read, state[0].lines_skipped) == (44, 42, 2)
    assert [one.kind for one in skipped] == ["header", "header"]
    assert [(one.sheet, one.lines_read) for one in named] == [("A", 40), ("B", 2)]
    assert [(one.sheet, one.row) for one in rejected] == [("B", 3)]
