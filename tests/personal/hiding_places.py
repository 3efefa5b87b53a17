"""Where somebody's name or number may stand in what a source gives: each place with a file that has it there.

PLACES: name → Place. `run` takes one file the whole way and returns all that was said of it.
"""

import itertools
import json
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from cchc.contracts import Contract, contracts
from cchc.declarations.drop_folder import tell_rejected
from cchc.declarations.form import seal_of
from cchc.errors import CchcError
from cchc.judging.validation import validate
from cchc.loading.load import load
from cchc.reading.parsing import require_export
from cchc.registers.declared_items import Item
from cchc.registers.reference_files import read_rows
from cchc.seals import Keys
from cchc.sources.incoming import land_chosen
from cchc.sources.landing import land_file
from tests.personal.leaks import MARKS
from tests.reading.workbooks import raw_xlsx, row, text
from tests.world import DOCUMENT, DOSSIER, PROCEDURES, RATING, RECORD, SO, STEP, WORK, World, code

AT = "2025-05-10"
GOOD_LINES = 21
KEY = {
    "ho_so": "000.00.01.H59-250410-{:04d}",
    "danh_gia": "000.00.01.H59-250305-{:04d}",
    "qua_trinh": "000.00.01.H59-250305-{:04d}",
    "van_ban": "VB{}",
    "ho_so_cong_viec": "HSCV{}",
    "tthc": "1.{:06d}",
    "don_vi": "000.{:04d}.00.H59",
    "khai_bao": "ho_so_ngoai_he_thong",
}
GOOD: dict[str, dict[str, str]] = {
    "ho_so": DOSSIER | {"ngay_cap_nhat": "20250306000000"},
    "danh_gia": RATING,
    "qua_trinh": STEP,
    "van_ban": DOCUMENT,
    "ho_so_cong_viec": WORK,
    "tthc": {"ten_tthc": "Thủ tục thêm", "muc_do": "4", "ngay_cap_nhat": "20240101000000"},
    "don_vi": {"ten_don_vi": "Sở Y tế", "cap": "so_nganh", "ngay_cap_nhat": "20240101000000"},
    "khai_bao": {"don_vi": SO, "ky": "2025-03", "gia_tri": "1", "chuc_danh": "Văn thư"},
}
# What a figure is may have as many digits as a telephone.
AMOUNTS = {"gia_tri", "tong_phi_le_phi"}


@dataclass(frozen=True)
class Place:
    """`make` (folder, mark) writes the file. `amount`: whether digits alone are an amount there."""

    dataset: str
    make: Callable[[Path, str], Path]
    amount: bool = False

    def takes(self, mark: str) -> bool:
        """Whether the mark is one of a person in this place."""
        return not (self.amount and _is_amount(mark))


def run(world: World, place: Place, mark: str) -> str:
    """Lands, judges and loads a file with the mark in this place; returns all that was raised, in words."""
    folder = world.folder / "given"
    folder.mkdir(exist_ok=True)
    return take(world, place.dataset, place.make(folder, mark))


def take(world: World, dataset: str, path: Path) -> str:
    """Takes a file the way of the DAGs; returns all that was raised, with causes and tracebacks."""
    said: list[str] = []
    contract = contracts()[dataset]
    landing = world.folder / "landing"
    # As who loads it says: most of these files do not, and nothing else would be looked at in them.
    at = datetime.fromisoformat(AT)

    def step(work: Callable[[], object]) -> bool:
        try:
            work()
        except Exception as error:
            said.append("".join(traceback.format_exception(error)))
            if not isinstance(error, CchcError):
                raise
            return False
        return True

    step(lambda: land_file(world.engine, landing, contract, path, at, accept=require_export))
    batch_id = land_file(world.engine, landing, contract, path, at).batch_id
    if step(lambda: validate(world.engine, batch_id)):
        step(lambda: load(world.engine, batch_id))
        step(lambda: tell_rejected(world.engine, batch_id))
    return "\n".join(said)


# Cells: a file for each dataset, in which each column has the mark in a line of its own -----------------


def cells(contract: Contract, *, good: int) -> list[dict[str, str]]:
    """Lines of a table: in each of the first ones another column holds a mark; then `good` ones for each."""
    held = [
        {column.name: mark}
        for column in contract.columns
        for mark in MARKS.values()
        if _can_hold(column.name, mark)
    ]
    found = [_line(contract, n) | cell for n, cell in enumerate(held, start=1)]
    return found + [_line(contract, n) for n in range(len(found) + 1, len(found) * (good + 1) + 1)]


def _is_amount(mark: str) -> bool:
    return mark.isdigit() and int(mark[0]) > 0


def _can_hold(name: str, mark: str) -> bool:
    # Without a first 0 nine digits are an amount.
    return not (name in AMOUNTS and _is_amount(mark))


def _line(contract: Contract, number: int) -> dict[str, str]:
    key = KEY[contract.dataset].format(number)
    at = {"ngay_khai": f"2025-04-02 08:{number // 60:02d}:{number % 60:02d}"}
    return (
        {contract.key[0] if contract.dataset != "khai_bao" else "ma_so_lieu": key}
        | GOOD[contract.dataset]
        | (at if contract.dataset == "khai_bao" else {})
    )


def table(folder: Path, name: str, rows: list[dict[str, str]], columns: list[str]) -> Path:
    lines = [columns, *([row.get(column, "") for column in columns] for row in rows)]
    return written(folder, name, "\n".join(",".join(f'"{cell}"' for cell in line) for line in lines))


def cell_file(contract: Contract, good: int) -> Callable[[Path, str], Path]:
    def make(folder: Path, _: str) -> Path:
        names = [column.name for column in contract.columns]
        rows = cells(contract, good=good)
        return table(folder, f"{contract.dataset}_{good}.csv", rows, names)

    return make


def _of_cells() -> Iterator[tuple[str, Place]]:
    for dataset, contract in contracts().items():
        for column in contract.columns:
            # One at a time, for who looks for the place of a leak.
            def make(folder: Path, mark: str, contract: Contract = contract, name: str = column.name) -> Path:
                rows = [_line(contract, 1) | ({name: mark} if _can_hold(name, mark) else {})]
                names = [each.name for each in contract.columns]
                return table(folder, f"{contract.dataset}.csv", rows, names)

            yield f"cell: {dataset}.{column.name}", Place(dataset, make)


# Text files -------------------------------------------------------------------------------------------

UNIT_HEADER = "ma_don_vi,ten_don_vi,cap,ngay_cap_nhat"
UNIT_LINE = "000.00.71.H59,Sở Công thương,so_nganh,20240101000000"
LIST_HEADER = (
    "STT,Mã hồ sơ,Mã TTHC,Trạng thái,Đơn vị xử lý,Ngày tiếp nhận,Ngày hẹn trả,Ngày kết thúc xử lý,Lĩnh vực"
)
LIST_LINE = f"1,{code(1)},1.000001,Đang xử lý,{SO},05/03/2025,12/03/2025,,Đất đai"


def written(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def _csv(content: str, dataset: str = "don_vi", name: str = "tep.csv", encoding: str = "utf-8") -> Place:
    def make(folder: Path, mark: str) -> Path:
        return written(
            folder, name.replace("MARK", mark), content.replace("MARK", mark).encode(encoding, "replace")
        )

    return Place(dataset, make)


def _list(above: str = "", below: str = "", header: str = LIST_HEADER, line: str = LIST_LINE) -> Place:
    return _csv(f"{above}{header}\n{line}\n{below}", "ho_so")


TEXTS = {
    "header: unknown": _csv(f"{UNIT_HEADER},MARK\n{UNIT_LINE},1\n"),
    "header: unknown, in a file without a required column": _csv("ma_don_vi,ten_don_vi,MARK\n1A,Sở,1\n"),
    "header: in brackets behind a known one": _csv(
        "ma_don_vi,ten_don_vi,Cap (MARK),ngay_cap_nhat\nA1,B,c,\n"
    ),
    "header: in brackets, where none is found": _csv(
        "Mã hồ sơ (MARK),Trạng thai,Đơn vị xử lí\n1,2,3\n", "ho_so"
    ),
    "header: a column twice, with a note": _csv(f"{UNIT_HEADER},cap (*): \n{UNIT_LINE},MARK\n"),
    "header: none, data at once": _csv("MARK,1,2\n000.00.01.H59,MARK,so_nganh\n"),
    "header: none, one word like a heading": _csv("ma_don_vi,MARK,ten_don_v\n1,2,3\n"),
    "header: in quotes as one value": _csv(f'"{UNIT_HEADER},MARK"\n{UNIT_LINE}\n'),
    "line: too many cells": _csv(f"{UNIT_HEADER}\n{UNIT_LINE},MARK,MARK\n"),
    "line: too few cells": _csv(f"{UNIT_HEADER}\nA1,MARK\n{UNIT_LINE}\n"),
    "line: a quote that stays open": _csv(f'{UNIT_HEADER}\n{UNIT_LINE}\nA1,"MARK,x,y\n{UNIT_LINE}\n'),
    "line: a quote inside a value": _csv(f'{UNIT_HEADER}\n{UNIT_LINE}\nA1,"MARK" MARK,x,y\n'),
    "line: a NUL character": _csv(f"{UNIT_HEADER}\n{UNIT_LINE}\nA1,MARK\0,x,y\n"),
    "line: not UTF-8": _csv(f"{UNIT_HEADER}\n{UNIT_LINE}\nA1,é MARK,x,y\n", encoding="latin-1"),
    "line: wrongly decoded": _csv(f"{UNIT_HEADER}\nA1,Ã¡Â» MARK,so_nganh,\n"),
    "line: UTF-16": _csv(f"{UNIT_HEADER},MARK\n{UNIT_LINE},MARK\n", encoding="utf-16"),
    "line: a comment": _csv(f"{UNIT_HEADER}\n# MARK\n{UNIT_LINE}\n"),
    "line: an escape code": _csv(f"{UNIT_HEADER}\n\x1b[1mMARK,x,so_nganh,\n{UNIT_LINE}\n"),
    "title": _list("Người lập: MARK\n"),
    "title: behind the time of the export": _list("Ngày xuất: 01/04/2025 MARK\n"),
    "title: a time that is none": _list("Ngày xuất: MARK\n"),
    "title: a total of another thing": _list("Tổng số người nộp MARK: 3 MARK\n"),
    "title: a total": _list("Danh sách của MARK, tổng số hồ sơ: 5 MARK\n"),
    "total: a number of a person": _list(below="Tổng số: MARK,,,,,,,,\n"),
    "total: words behind its number": _list(below="Tổng số: 1 hồ sơ MARK,,,,,,,,\n"),
    "total: in a cell beside it": _list(below="Tổng số,,1,,MARK,,,,\n"),
    "total: of a section": _list(below="Cộng mục MARK,1,,,,,,,\n"),
    "sub-heading": _list(below=f"MARK,,,,,,,,\n{LIST_LINE}\n"),
    "sub-heading: numbered": _list(below=f"I,MARK,,,,,,,\n{LIST_LINE}\n"),
    "remark": _list(below="Ghi chú,MARK,,,,,,,\n"),
    "signature": _list(below=",,,,,,Người lập biểu,,\n,,,,,,MARK,,\n"),
    "signature: of two": _list(below="NGƯỜI LẬP,,,,GIÁM ĐỐC,,,,\nMARK,,,,MARK,,,,\n"),
    "signature: as a line with a key": _list(below=f"MARK,{code(2)},MARK,MARK,MARK,MARK,MARK,,\n"),
    "unit as sent": _list(line=LIST_LINE.replace(SO, "Ông MARK")),
    "status as sent": _list(line=LIST_LINE.replace("Đang xử lý", "Đã giao MARK")),
    "code as sent": _list(line=LIST_LINE.replace(code(1), "MARK")),
    "error cell that is none": _list(line=LIST_LINE.replace("Đất đai", "#MARK!")),
    "code with a mark inside": _list(line=LIST_LINE.replace(code(1), "H59-MARK")),
    "date with a mark behind": _list(line=LIST_LINE.replace("05/03/2025", "05/03/2025 MARK")),
    "file name": _csv(f"{UNIT_HEADER}\n{UNIT_LINE}\n", name="MARK.csv"),
    "file name: of an empty file": _csv("", name="tep MARK.csv"),
    "file name: of no export": _csv("a,b\n1,2\n", name="Danh sách MARK.csv"),
    "suffix": _csv(f"{UNIT_HEADER}\n{UNIT_LINE}\n", name="tep.MARK"),
    "folder": _csv(f"{UNIT_HEADER}\n{UNIT_LINE}\n\n", name="MARK/tep.csv"),
}

# JSON ---------------------------------------------------------------------------------------------------


def _json(document: object, dataset: str = "ho_so") -> Place:
    text = document if isinstance(document, str) else json.dumps(document, ensure_ascii=False)
    return _csv(text, dataset, "tep.json")


def _record(**more: object) -> dict[str, object]:
    return {"MaHoSo": code(1), **RECORD, **more}


def _text(record: str) -> str:
    return json.dumps(_record(), ensure_ascii=False)[:-1] + f", {record}}}"


PROCEDURE = {**PROCEDURES[0], "MaTTHC": "1.000009"}
RECORDS = {
    "key: unknown": _json([_record(MARK="1")]),
    "key: unknown, in a nested object": _json([_record(ThongTin={"MARK": {"MARK": 1}})]),
    "key: twice": _json(f'[{_text(""" "MARK": 1, "MARK": 2 """)}]'),
    "key: twice, nested": _json(f'[{_text(""" "ThongTin": {"MARK": 1, "MARK": 2} """)}]'),
    "key: of half a letter": _json(f"[{_text(chr(34) + 'MARK' + chr(92) + 'ud800' + chr(34) + ': 1')}]"),
    "key: of a list that is flattened": _json([_record(TaiLieuNop=[{"MARK": "1", "TenTaiLieu": "MARK"}])]),
    "key: twice in a list that is flattened": _json(
        f'[{_text(""" "DanhSachLePhi": [{"MARK": 1, "MARK": 2}] """)}]'
    ),
    "key: only unknown ones": _json([{"MARK": 1, "Ten": "MARK"}]),
    "key: of records within a list": _json({"ket_qua": {"MARK": [{"MaHoSo": "1"}]}}),
    "key: as that of a required column": _json(
        [{"MaHoSo": code(1), "MaTTHC": "1", "TrangThaiHoSo MARK": ""}]
    ),
    "list: a flag": _json([_record(TaiLieuNop=[{"DuocSoHoa": "MARK"}])]),
    "list: an amount": replace(_json([_record(DanhSachLePhi=[{"Gia": "MARK"}])]), amount=True),
    "list: a time": _json([_record(DanhSachHoSoBoSung=[{"NgayBoSung": "MARK"}])]),
    "list: text instead": _json([_record(TaiLieuNop="MARK")]),
    "list: texts as items": _json([_record(TaiLieuNop=["MARK"])]),
    "list: names of files": _json(
        [_record(DanhSachGiayToKetQua=[{"TenGiayTo": "MARK", "GiayToId": "MARK"}])]
    ),
    "field: an object instead of a value": _json([_record(DonViXuLy={"MARK": "MARK"})]),
    "field: a list instead of a value": _json([_record(DonViXuLy=["MARK"])]),
    "field: of a JSON column": _json(
        [{**PROCEDURE, "DonViThucHien": [{"MARK": "MARK", "MaDonVi": "MARK", "MucDo": "MARK"}]}], "tthc"
    ),
    "field: a key of an object in a JSON column": _json(
        [
            {
                **PROCEDURE,
                "DonViThucHien": [{"MaDonVi": SO, "MucDo": "4", "MARK": "MARK", "x": {"MARK": "MARK"}}],
            }
        ],
        "tthc",
    ),
    "field: the code of a unit in a JSON column": _json(
        [{**PROCEDURE, "DonViThucHien": [{"MaDonVi": "MARK", "MucDo": "4"}]}], "tthc"
    ),
    "field: text in a JSON column": _json([{**PROCEDURE, "DonViThucHien": "MARK"}], "tthc"),
    "field: two of one column": _json([_record(ma_ho_so="MARK")]),
    "envelope: a field": _json({"error_code": "0", "nguoi_xuat MARK": "MARK", "data": [_record()]}),
    "envelope: a list": _json({"error_code": "0", "MARK": [1], "data": [_record()]}),
    "envelope: its error": _json({"error_code": "MARK", "data": []}),
    "envelope: its total": _json({"tong_so": "MARK", "data": [_record()]}),
    "envelope: its time": _json({"thoi_diem": "MARK", "data": [_record()]}),
    "envelope: a field twice": _json('{"MARK": 1, "MARK": 2, "tong_so": 0, "data": []}'),
    "envelope: in line 1": _json(f'{{"tep": "MARK", "tong_so": "MARK"}}\n{json.dumps(_record())}\n'),
    "no JSON: a word": _json('[{"MaHoSo": MARK}]'),
    "no JSON: a comment": _json('/* MARK */ [{"MaHoSo": "1"}]'),
    "no JSON: cut off": _json('[{"MaHoSo": "MARK'),
    "no JSON: behind the end": _json(f"[{json.dumps(_record())}] MARK"),
}

# Workbooks and pages ------------------------------------------------------------------------------------

UNITS_OF_SHEET = row(1, "ma_don_vi", "ten_don_vi", "cap", "ngay_cap_nhat") + row(
    2, "000.00.72.H59", "Sở Y tế", "so_nganh", "20240101000000"
)


def _xlsx(sheets: dict[str, str], **options: object) -> Place:
    def make(folder: Path, mark: str) -> Path:
        path = folder / "tep.xlsx"
        filled = {name.replace("MARK", mark): rows.replace("MARK", mark) for name, rows in sheets.items()}
        given = {
            key: value.replace("MARK", mark) if isinstance(value, str) else value
            for key, value in options.items()
        }
        if "states" in given:
            given["states"] = {name.replace("MARK", mark): state for name, state in given["states"].items()}
        return raw_xlsx(path, filled, **given)  # type: ignore[arg-type]

    return Place("don_vi", make)


def _page(page: str) -> Place:
    return _csv(page, name="tep.html")


CELLS = "".join(f"<td>{cell}</td>" for cell in UNIT_HEADER.split(","))
VALUES = "".join(f"<td>{cell}</td>" for cell in UNIT_LINE.split(","))
PAGE = f"<table><tr>{CELLS}</tr><tr>{VALUES}</tr></table>"
BOOK = (
    '<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" '
    'xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"><Worksheet ss:Name="MARK"><Table>{}</Table>'
    "</Worksheet></Workbook>"
)
SHEETS = {
    "sheet: its name": _xlsx({"MARK": UNITS_OF_SHEET}),
    "sheet: the name of another": _xlsx(
        {"Sheet1": UNITS_OF_SHEET, "MARK": row(1, "a", "b") + row(2, "c", "d")}
    ),
    "sheet: the name of a hidden one": _xlsx(
        {"Sheet1": UNITS_OF_SHEET, "MARK": UNITS_OF_SHEET}, states={"MARK": "hidden"}
    ),
    "sheet: the name of one with other columns": _xlsx(
        {
            "MARK 1": UNITS_OF_SHEET,
            "MARK 2": row(1, "ma_don_vi", "ten_don_vi", "cap") + row(2, "A1", "B", "xa"),
        }
    ),
    "sheet: the name of one without a header": _xlsx({"MARK": row(1, "MARK", "x") + row(2, "MARK", "y")}),
    "sheet: the name of one whose cells stand twice": _xlsx(
        {"MARK": UNITS_OF_SHEET + row(3, text("A3", "MARK"), text("A3", "MARK"))}
    ),
    "sheet: the name of a cell": _xlsx({"Sheet1": UNITS_OF_SHEET + row(3, text("MARK", "MARK"))}),
    "sheet: a comment in its XML": _xlsx({"Sheet1": UNITS_OF_SHEET + row(3, "<c r='A3'><!--MARK--></c>")}),
    "sheet: a title": _xlsx(
        {
            "Sheet1": row(1, "MARK")
            + row(2, "ma_don_vi", "ten_don_vi", "cap", "ngay_cap_nhat", "MARK")
            + row(3, "A1", "Sở", "so_nganh", "20240101", "MARK")
        }
    ),
    "sheet: an error cell and a formula": _xlsx(
        {"Sheet1": UNITS_OF_SHEET + row(3, "A1", '<c r="B3" t="e"><f>"MARK"</f><v>#REF!</v></c>')}
    ),
    "sheet: an error cell that is none": _xlsx(
        {"Sheet1": UNITS_OF_SHEET + row(3, "A1", '<c r="B3" t="e"><v>#MARK!</v></c>')}
    ),
    "workbook: who made it": _xlsx(
        {"Sheet1": UNITS_OF_SHEET}, properties="<dc:creator xmlns:dc='x'>MARK</dc:creator>"
    ),
    "workbook: the name of a part": _xlsx({"Sheet1": UNITS_OF_SHEET}, book="xl/MARK.xml"),
    "workbook of XML: the name of a sheet": _csv(BOOK.format("<Row><Cell>"), name="tep.xml"),
    "workbook of XML: a sheet without a header": _csv(
        BOOK.format('<Row><Cell><Data ss:Type="String">MARK</Data></Cell></Row>'), name="tep.xls"
    ),
    "page: its title and a comment": _page(f"<html><title>MARK</title><!-- MARK -->{PAGE}</html>"),
    "page: a way to write letters": _page(f'<html><meta charset="MARK">{PAGE}</html>'),
    "page: hidden text": _page(f"<html><p hidden>MARK</p>{PAGE}<p>Người lập: MARK</p></html>"),
    "page: without a table": _page("<html><body>Xin chào MARK</body></html>"),
    "page: a table that is not closed": _page(f"<html><table><tr>{CELLS}</tr><tr><td>MARK"),
}

# Declarations -----------------------------------------------------------------------------------------

FORM = ["Đơn vị: Sở Xây dựng [{unit}]", "Kỳ báo cáo: {month}", "Chức danh người khai: {who}"]
FORM += ["Ngày giờ khai: {at}", "Mẫu phiếu: {form}", "Mã xác thực: {seal}"]
FORM_HEADER = ("STT", "Mã số liệu", "Nội dung", "Đơn vị tính", "Giá trị")
FILLED = {
    "unit": SO,
    "month": "2025-03",
    "who": "Văn thư",
    "at": "02/04/2025 08:30",
    "form": "1",
    "value": "3",
    "seal": "",
}


def _form(**values: str) -> Place:
    """A form as the workbook in which a unit fills it in; with the seal of its unit and month."""

    def make(folder: Path, mark: str) -> Path:
        given = {name: value.replace("MARK", mark) for name, value in (FILLED | values).items()}
        given["seal"] = given["seal"] or seal_of(SO, "2025-03", Keys.of_environment())
        rows = [row(number, line.format(**given)) for number, line in enumerate(FORM, start=1)]
        rows.append(row(len(FORM) + 1, *FORM_HEADER))
        rows.append(row(len(FORM) + 2, "1", "ho_so_ngoai_he_thong", "", "", given["value"]))
        return raw_xlsx(folder / "phieu.xlsx", {"Phiếu": "".join(rows)})

    return Place("khai_bao", make)


FORMS = {f"form: {name}": replace(_form(**{name: "MARK"}), amount=name == "value") for name in FILLED}

PLACES: dict[str, Place] = {**dict(_of_cells()), **TEXTS, **RECORDS, **SHEETS, **FORMS}
# The same cells with all marks, those of a dataset in one file: alone it is stopped, among good lines it is
# loaded with rejects.
CELL_FILES: dict[str, Place] = {
    f"cells of {dataset}, {kind}": Place(dataset, cell_file(contract, good))
    for dataset, contract in contracts().items()
    for kind, good in (("stopped", 0), ("loaded", GOOD_LINES))
}


# Bundles: many places in one file, for where each file costs seconds ------------------------------------


@dataclass(frozen=True)
class Bundle:
    """A file with marks in several places. `make` (folder) writes it."""

    dataset: str
    make: Callable[[Path], Path]
    places: tuple[str, ...]


def _cells_bundle(name: str) -> Bundle:
    place = CELL_FILES[name]
    places = tuple(each for each in PLACES if each.startswith(f"cell: {place.dataset}."))
    return Bundle(place.dataset, lambda folder: place.make(folder, ""), places)


def _alone(name: str, mark: str) -> Bundle:
    return Bundle(PLACES[name].dataset, lambda folder: PLACES[name].make(folder, mark), (name,))


def _parts(folder: Path, places: tuple[str, ...]) -> list[str]:
    """What the files of several places hold, with another mark in each."""
    marks = itertools.cycle(MARKS.values())
    taken = [next(mark for mark in marks if PLACES[name].takes(mark)) for name in places]
    return [
        PLACES[name].make(folder, mark).read_text(encoding="utf-8")
        for name, mark in zip(places, taken, strict=True)
    ]


def _list_bundle() -> Bundle:
    """The list of a vendor with all of its places: titles above, lines, totals and signatures below."""
    kinds = ("title", "unit", "status", "code", "date", "sub-heading", "remark", "total", "signature")
    places = tuple(name for kind in kinds for name in TEXTS if name.startswith(kind))

    def make(folder: Path) -> Path:
        split = [part.partition(f"{LIST_HEADER}\n") for part in _parts(folder / "parts", places)]
        above, below = "".join(part[0] for part in split), "".join(part[2] for part in split)
        return written(folder, "danh_sach.csv", f"{above}{LIST_HEADER}\n{below}")

    return Bundle("ho_so", make, places)


def _records_bundle() -> Bundle:
    """Records with all places that a record has, among enough good ones to be loaded."""
    kinds = ("key: unknown", "key: twice", "key: of half", "key: of a list", "list: ", "field: ")
    places = tuple(n for n in RECORDS if n.startswith(kinds) and PLACES[n].dataset == "ho_so")

    def make(folder: Path) -> Path:
        marked = [part.strip()[1:-1] for part in _parts(folder / "parts", places)]
        good = [json.dumps(_record(MaHoSo=code(n))) for n in range(2, 2 + GOOD_LINES * len(marked))]
        return written(folder, "ho_so.json", f"[{','.join(marked + good)}]")

    return Bundle("ho_so", make, places)


def _workbook_bundle() -> Bundle:
    name, other = MARKS["name"], MARKS["telephone with points"]
    place = _xlsx(
        {
            "MARK": UNITS_OF_SHEET,
            f"{other} 2": row(1, "a", "MARK") + row(2, "c", "d"),
        },
        properties="<dc:creator xmlns:dc='x'>MARK</dc:creator>",
        book="xl/MARK.xml",
    )
    places = ("sheet: its name", "sheet: the name of another", "workbook: who made it")
    return Bundle(
        "don_vi", lambda folder: place.make(folder, name), (*places, "workbook: the name of a part")
    )


def pulled(dataset: str, good: int) -> Bundle:
    """What a source answers with marks in all columns but the time of change, by which it is not taken."""
    contract = contracts()[dataset]
    names = [column.name for column in contract.columns]

    def make(folder: Path) -> Path:
        rows = cells(contract, good=good)
        time = GOOD[dataset]["ngay_cap_nhat"]
        return table(folder, f"{dataset}.csv", [row for row in rows if row["ngay_cap_nhat"] == time], names)

    return Bundle(dataset, make, tuple(f"cell: {dataset}.{n}" for n in names if n != "ngay_cap_nhat"))


BUNDLES: dict[str, Bundle] = {
    "a list of a vendor": _list_bundle(),
    "records": _records_bundle(),
    "a workbook": _workbook_bundle(),
    "cells, loaded": _cells_bundle("cells of ho_so, loaded"),
    "cells, stopped": _cells_bundle("cells of tthc, stopped"),
    **{
        name: _alone(name, mark)
        for name, mark in zip(
            (
                *("file name: of no export", "folder", "suffix", "page: without a table", "no JSON: a word"),
                *("header: none, data at once", "sheet: the name of one without a header"),
                "envelope: its error",
            ),
            itertools.cycle(MARKS.values()),
            strict=False,
        )
    },
}


def said_of_files_to_choose(world: World, mark: str) -> str:
    """What is said of files below a folder from which one was to be chosen, when it is not clear which."""
    folder = world.folder / "landing" / "incoming"
    written(folder, f"{mark}.csv", f"{UNIT_HEADER}\n{mark},1\n")
    (folder / mark).mkdir(exist_ok=True)
    written(folder / mark, "tep.csv", f"{UNIT_HEADER}\n{mark},2\n")
    written(folder / f"a {mark}.csv", "tep", "")
    for name in (f"{mark}.lnk", mark + "x"):
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(mark)
    said = []
    for sha256 in (None, "0" * 64):
        try:
            land_chosen(world.engine, world.folder / "landing", contracts()["don_vi"], sha256)
        except CchcError as error:
            said.append("".join(traceback.format_exception(error)))
    assert len(said) == 2
    return "\n".join(said)


def said_of_reference_files(folder: Path, mark: str) -> str:
    """What is said of files of sql/reference in which something stands that does not belong there."""
    said = []
    columns = list(Item.model_fields)
    good = dict.fromkeys(columns, "1") | {"kieu": "so_dem", "cong_don": "dong"}
    files = {
        "a column more": ([*columns, mark], good | {mark: mark}),
        "a word of no list": (columns, good | {"kieu": mark}),
        "a number that is none": (columns, good | {"cong_don": mark}),
    }
    for name, (header, cells) in files.items():
        path = table(folder, f"{name}.csv", [cells], header)
        try:
            read_rows(path, Item)
        except CchcError as error:
            said.append("".join(traceback.format_exception(error)))
    assert len(said) == len(files)
    return "\n".join(said)
