"""A value is what was written, unknown, or refused: each kind by hand, every column at its borders."""

import json
import re
from datetime import datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from cchc.codes import NUMBER_OF_A_PERSON
from cchc.contracts import NumberStyle, contract_of, contracts
from cchc.reading.canonical import REASON, canonical
from cchc.reading.dossier_lists import flatten_dossier
from cchc.reading.export import Account, Export
from cchc.reading.header import Header
from cchc.reading.json_text import NoJson, json_value
from cchc.reading.written_codes import NoCode, read_code
from cchc.reading.written_numbers import Unreadable, read_number
from cchc.written_times import parse_times

VIETNAMESE = NumberStyle(decimal=",", thousands=".")
ENGLISH = NumberStyle(decimal=".", thousands=",")
AT = "2025-05-10"
MOMENT = datetime(2025, 5, 10)


# Numbers --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *(("0", "0"), ("12", "12"), ("-5", "-5"), ("+5", "5"), ("007", "7"), ("2.0", "2"), ("2,00", "2")),
        *(("１２", "12"), ("٣٤", "34"), ("−7", "-7"), ("\u200e12\u200f", "12"), ("'12", "12")),
        *(("1.5", "1.5"), ("1,25", "1.25"), ("１．５", "1.5"), ("1234.500", "1234.5"), ("0.125", "0.125")),
        *(("1.2345", "1.2345"), ("999999999999999", "999999999999999"), ("0.000001", "0.000001")),
    ],
)
def test_number_that_means_one_thing_is_read(text: str, value: str):
    assert read_number(text, whole=False) == Decimal(value)


@pytest.mark.parametrize(
    "text",
    [
        *("1.000", "12.000", "50.000", "1,000", "123.456", "1,234,567", "1.234.567", "1.234,5", "1,234.5"),
        *("1 000", "1\u00a0000", "1\u202f000", "1\u2009000", "1'000", "1e5", "5%", "12.", ".5", "1..5"),
        *("½", "1²", "①", "(5)", "5-", "--5", "năm", "1.2.3", "1,5.2", "NaN", "inf", "0x10", "1_000"),
        *("9" * 16, "0.1234567", "9" * 5000, "12\x00", "12\n3", "=1+1", "#N/A", "１.000", "٥٠٫٥"),
    ],
)
def test_number_that_could_mean_two_things_or_none_is_refused(text: str):
    with pytest.raises(Unreadable):
        read_number(text, whole=False)


@pytest.mark.parametrize("text", ["1.50", "0.5", "1234.500", "0,125"])
def test_fraction_is_no_whole_number(text: str):
    with pytest.raises(Unreadable, match="phần lẻ"):
        read_number(text, whole=True)


@pytest.mark.parametrize(
    ("text", "style", "value"),
    [
        *(
            ("50.000", VIETNAMESE, 50_000),
            ("1.234,5", VIETNAMESE, Decimal("1234.5")),
            ("1,5", VIETNAMESE, 1.5),
        ),
        *(
            ("-1.234.567", VIETNAMESE, -1_234_567),
            ("1234567", VIETNAMESE, 1_234_567),
            ("1.5", VIETNAMESE, None),
        ),
        *(
            ("1,234,567.5", ENGLISH, Decimal("1234567.5")),
            ("50,000", ENGLISH, 50_000),
            ("50.000", ENGLISH, 50),
        ),
        *(("1.23.456", VIETNAMESE, None), ("0.125", VIETNAMESE, None), ("1.000.00", VIETNAMESE, None)),
        ("1 234,5", NumberStyle(decimal=",", thousands=" "), Decimal("1234.5")),
        ("1\u00a0234", NumberStyle(decimal=",", thousands=" "), 1234),
        ("1.000", NumberStyle(decimal="."), 1),
        ("1,000", NumberStyle(decimal="."), None),
    ],
)
def test_declared_style_says_what_separates_thousands(text: str, style: NumberStyle, value):
    if value is None:
        with pytest.raises(Unreadable):
            read_number(text, whole=False, style=style)
    else:
        assert read_number(text, whole=False, style=style) == Decimal(str(value))


# Times ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "reads"),
    [
        *(("05/03/2025 9:30", "2025-03-05 09:30"), ("5/3/2025", "2025-03-05"), ("5-3-2025", "2025-03-05")),
        *(("5/3/2025 9:05:07", "2025-03-05 09:05:07"), ("05.03.2025", "2025-03-05")),
        *(("9:30 05/03/2025", "2025-03-05 09:30"), ("2025-03-05 09:30", "2025-03-05 09:30")),
        *(("2025-03-05T09:30:00+07:00", "2025-03-05 09:30"), ("2025-03-05T02:30:00Z", "2025-03-05 09:30")),
        *(("2025-03-04T21:30:00-0500", "2025-03-05 09:30"), ("2025-03-05T18:30:00Z", "2025-03-06 01:30")),
        *(("2025-03-05 09:30:15.999", "2025-03-05 09:30:15"), ("20250305T093000", "2025-03-05 09:30")),
        *(
            ("202503050930", "2025-03-05 09:30"),
            ("2025/03/05", "2025-03-05"),
            ("２０２５-03-05", "2025-03-05"),
        ),
        *(
            (f"{text}", None)
            for text in ("5/3/25", "05/03/25 9:30", "13/25/2025", "29/02/2025", "2025-13-01")
        ),
        *((f"{text}", None) for text in ("2025-03-05 24:00", "20250305240000", "2025-03-05T09:30:60")),
        *((f"{text}", None) for text in ("20250305093060", "3/5/2025 9:30 AM", "5/3-2025", "0000-01-01")),
        *((f"{text}", None) for text in ("20250305T", "2025-W10-3", "2025-064", "45721", "2025 305090000")),
        *((f"{text}", None) for text in ("2025-03-05T09:30:00+99:00", "4713-01-01 BC", "infinity", "now")),
        *((f"{text}", None) for text in ("99999-01-01", "05/03/2025 9:30x", "0001-01-01T00:00:00+14:00")),
    ],
)
def test_time_is_read_in_any_of_its_forms_or_not_at_all(text: str, reads: str | None):
    [moment] = parse_times(pa.array([text])).to_pylist()
    assert moment == (datetime.fromisoformat(reads) if reads else None)


# Codes ----------------------------------------------------------------------------------------

DOSSIER_CODE = contract_of("ho_so").columns[0]
PROCEDURE_CODE = contract_of("tthc").columns[0]


@pytest.mark.parametrize(
    ("text", "reads"),
    [
        *((same, same) for same in ("000.17.22.H56-210531-0001", "H59.17-250305-0001", "VB1", "12/BNV-CCHC")),
        *(
            (same, same)
            for same in ("123456789012345", "84.29242", "Mã-01", "{3F2504E0-4F89-11D3-9A0C-0305E}")
        ),
        *(("'000123", "000123"), ("\u200bVB\u200d1\ufeff", "VB1"), ("\u202eVB1\u202c", "VB1")),
        *(("VB\u034f1\ufe0f", "VB1"), ("VB1\U000e0031", "VB1"), ("\u3164VB1", "VB1"), ("VB1\u206a", "VB1")),
        *(("ＶＢ１", "VB1"), ("H59\u2013250305\u20110001", "H59-250305-0001"), ("VB1\u00ad", "VB1")),
    ],
)
def test_code_is_kept_or_repaired_where_only_one_can_be_meant(text: str, reads: str):
    assert read_code(text, DOSSIER_CODE) == reads


@pytest.mark.parametrize(
    "text",
    [
        *("2.02503E+17", "2,02503E+17", "1e5", "20250305000000000", "1234567890123450", "42.0", "1,00"),
        *(
            "2025-03-05",
            "05/03/2025",
            "2025-03-05 00:00:00",
            "2025-03-05T00:00:00",
            "5-Mar",
            "Mar-25",
            "12:30",
        ),
        *("VB\x1b[1m1", "VB\x071", "VB\n1", "VB 1", "VB\u00a01", '["VB1"]', '{"a": 1}', "[]", "{}", "true"),
        *("False", "null", "NaN", "N/A", "-", "--", "0", "000000", "0.0", "000-000", "...", "?", "VB?1"),
        *("000.00.01.\u041d59", "VB\u0661", "VB\ue0001", "=1+1", "#N/A", "#REF!", "+84", "-5", "VB1\u2800"),
        *("#ERROR!", "#FIELD!", "#BUSY!", "Err:502", "########"),
    ],
)
def test_code_that_is_none_is_refused(text: str):
    with pytest.raises(NoCode):
        read_code(text, DOSSIER_CODE)


NUMBERED = ["H59-{}", "{}/BNV", "000.00.01.H59-250305-{}", "{}"]


@pytest.mark.parametrize("form", NUMBERED)
@pytest.mark.parametrize(
    "number",
    [
        *("0912345678", "0912.345.678", "091.234.5678", "0912-345678", "084199912345", "084.199.912.345"),
        *("096099000001", "001099000001"),
    ],
)
def test_code_with_a_number_of_a_person_in_it_is_refused(form: str, number: str):
    with pytest.raises(NoCode, match="số điện thoại"):
        read_code(form.format(number), DOSSIER_CODE)
    # Those are looked at which look usual, too.
    assert pc.match_substring_regex(pa.array([form.format(number)]), NUMBER_OF_A_PERSON).to_pylist() == [True]


@pytest.mark.parametrize("form", NUMBERED[:3])
@pytest.mark.parametrize(
    "number",
    [
        *("20250305090000", "250305090000", "0000012345", "0012345678", "000012345678", "20250305-0912"),
        *("250305.0912.34", "000.00.01", "9123456789", "202503050912345678", "097123456789"),
    ],
)
def test_code_with_a_day_or_a_running_number_in_it_is_kept(form: str, number: str):
    assert read_code(form.format(number), DOSSIER_CODE) == form.format(number)


@pytest.mark.parametrize(
    ("text", "reads"),
    [
        *(("1.00001", "1.000010"), ("1,00001", "1.000010"), ("2.0001", "2.000100"), ("1.002835", "1.002835")),
        *(("1.002835.000.00.00.H56", "1.002835.000.00.00.H56"), ("TT-17", "TT-17")),
        *(("1.0", None), ("1.0000001", None), ("12.345", None), ("1.00001E+00", None)),
    ],
)
def test_procedure_gets_back_the_zeros_that_a_number_lost(text: str, reads: str | None):
    if reads:
        assert read_code(text, PROCEDURE_CODE) == reads
    else:
        with pytest.raises(NoCode):
            read_code(text, PROCEDURE_CODE)


# Contract and file together -------------------------------------------------------------------


def cells(dataset: str, column: str, *values: str | None, layout: dict | None = None):
    """(column as staged, notes, repairs) of these cells in an export of 10 May 2025."""
    contract = contract_of(dataset)
    chosen = contract.layouts[0].model_copy(update=layout or {})
    batch = pa.RecordBatch.from_arrays(
        [pa.array(range(len(values)), pa.int64()), pa.array(values, pa.string())], names=["line_no", column]
    )
    export = Export(Header(chosen, {0: column}, [], [], [], 1), iter(()), Account(exported_at=MOMENT))
    repaired: dict[str, int] = {}
    read = canonical(contract, export, batch, None, [column, "unreadable_cells"], repaired)
    notes = [
        # The cell, and behind REASON why it was refused.
        re.sub(f"{REASON}(.*)", r" (\1)", json.loads(note)[column]) if note else None
        for note in read.column("unreadable_cells").to_pylist()
    ]
    return read.column(column).to_pylist(), notes, repaired


def test_repairs_are_counted_by_column_and_only_where_something_was_repaired():
    values, notes, repaired = cells(
        "ho_so", "ma_tthc", "1.00001", "1.000010", None, "'1.000010", "1.0", "1.00001"
    )
    assert values == ["1.000010", "1.000010", None, "1.000010", None, "1.000010"]
    assert notes == [None, None, None, None, "1.0 (mã thủ tục đã thành số)", None]
    assert repaired == {"ma_tthc": 3}


def test_thirty_dossiers_do_not_become_one():
    values, notes, repaired = cells("ho_so", "ma_ho_so", *["2.02503E+17"] * 30)
    assert (set(values), repaired) == ({None}, {})
    assert set(notes) == {"2.02503E+17 (bảng tính đã làm tròn mã thành số)"}


def test_invisible_characters_leave_names_and_error_cells_are_no_names():
    values, notes, repaired = cells("ho_so", "don_vi_xu_ly", "Sở\u200b Xây dựng", "#REF!", "#17", "\ufeff")
    assert values == ["Sở Xây dựng", None, "#17", None]
    assert notes == [None, "#REF! (ô lỗi)", None, None]
    assert repaired == {"don_vi_xu_ly": 2}


def test_what_is_refused_says_why_without_control_characters():
    _, [why, control, beyond], _ = cells("ho_so", "so_tai_lieu_nop", "1.000", "1\x1b[1m\x00", "100000000")
    assert why == "1.000 (không rõ là nghìn hay phần lẻ)"
    assert control == "(chữ, 6 ký tự)"
    assert beyond == "(số, 9 chữ số) (ngoài khoảng 0 đến 99999999)"


def test_layout_says_how_its_numbers_are_written_and_what_is_unknown():
    layout = {"numbers": VIETNAMESE, "nulls": ("chưa rõ",)}
    values, notes, _ = cells(
        "ho_so", "tong_phi_le_phi", "50.000", "1.234,5", "Chưa rõ", "NULL", layout=layout
    )
    assert values == ["50000", "1234.5", None, None]
    assert notes == [None] * 4
    assert cells("ho_so", "ngay_tra", "CHƯA RÕ", layout=layout)[:2] == ([None], [None])


UNKNOWN = [
    *(
        "0001-01-01",
        "0001-01-01T00:00:00",
        "0001-01-01T00:00:00Z",
        "00010101",
        "00010101000000",
        "01/01/0001",
    ),
    *(
        "00000000000000",
        "0000-00-00 00:00:00",
        "1900-01-00",
        "1900-01-01",
        "1900-01-01 00:00:00",
        "01/01/1900",
    ),
    *("1899-12-30", "NULL", "null", "N/A", "n/a", "-", "--", "0"),
]
FAR = ["0025-03-05", "0202-03-05", "1001-03-05", "1925-03-05", "9999-12-31", "0000-01-01", "2099-01-01"]
TIMES = [
    (dataset, column.name)
    for dataset, contract in contracts().items()
    for column in contract.staged
    if column.type == "timestamp"
]
# An unknown due date counts as on time (Biểu 06a), so what a vendor writes for one is refused.
DUE = ("ngay_hen_tra", "han_xu_ly", "han_giai_quyet", "han_tiep_nhan")


@pytest.mark.parametrize(("dataset", "column"), [pair for pair in TIMES if pair[1] not in DUE])
def test_vendors_nulls_are_unknown_times_and_far_years_are_refused_in_every_column(dataset: str, column: str):
    values, notes, _ = cells(dataset, column, *UNKNOWN)
    assert (set(values), set(notes)) == ({None}, {None})
    far = [text for text in FAR if column != "hieu_luc_den" or "9999" not in text]
    _, notes, _ = cells(dataset, column, *far)
    assert [note and note.split(" (")[0] for note in notes] == far


@pytest.mark.parametrize(
    "text",
    [
        # A program in Vietnam writes its least time with its own zone, which was +07:06 in the year 1.
        *("0001-01-01T00:00:00+07:00", "0001-01-01T00:00:00+07:06", "0001-01-01T00:00:00.0000000Z"),
        *("1900-01-01T00:00:00Z", "1900-01-01 00:00:00.000", "0000-00-00T00:00:00", "0000-00-00 00:00:00.0"),
        "00/00/0000 00:00:00",
    ],
)
def test_vendors_null_is_one_in_any_form_and_zone(text: str):
    assert cells("ho_so", "ngay_tra", text)[:2] == ([None], [None])
    assert flatten_dossier({"DanhSachHoSoBoSung": [{"NgayBoSung": text}]})["ngay_yeu_cau_bo_sung"] is None
    assert json_value(json.dumps([{"HieuLucDen": text}])) == [{"HieuLucDen": None}]
    # A due date that is not known would count as on time.
    assert cells("ho_so", "han_tiep_nhan", text)[1] != [None]


@pytest.mark.parametrize(
    "text", ["9999-12-31T23:59:59Z", "9999-12-31T00:00:00Z", "9999-12-31T00:00:00+07:00"]
)
def test_open_end_is_one_in_any_zone(text: str):
    assert cells("don_vi", "hieu_luc_den", text)[:2] == ([None], [None])
    assert cells("ho_so", "ngay_tra", text)[1] != [None]


FLAGS = [
    *((dataset, "da_xoa") for dataset in ("ho_so", "van_ban", "ho_so_cong_viec")),
    *(("ho_so", "co_ket_qua_dien_tu"), ("don_vi", "theo_doi"), ("don_vi", "da_kiem_chung")),
]


@pytest.mark.parametrize(("dataset", "column"), FLAGS)
def test_flag_that_no_rule_looks_at_is_0_or_1(dataset: str, column: str):
    """A dossier deleted by a 2 was one that is not deleted."""
    values, notes, _ = cells(dataset, column, "0", "1", "2", "-1", "", "1.0")
    assert values == ["0", "1", None, None, None, "1"]
    assert notes[2:4] == ["2 (ngoài khoảng 0 đến 1)", "-1 (ngoài khoảng 0 đến 1)"]
    assert notes[:2] + notes[4:] == [None] * 4


@pytest.mark.parametrize("column", ["ngay_tra", "ngay_tu_choi", "ngay_yeu_cau_bo_sung"])
def test_what_has_happened_did_not_happen_after_the_export(column: str):
    values, notes, _ = cells("ho_so", column, "2025-05-10 23:00:00", "2025-05-12", "2052-03-05")
    assert values == [datetime(2025, 5, 10, 23), None, None]
    assert notes[1] == "2025-05-12 (ngoài khoảng 01/01/2000 đến 11/05/2025)"


@pytest.mark.parametrize("text", [text for text in UNKNOWN if "0001" not in text])
def test_due_date_of_a_vendors_null_is_not_unknown(text: str):
    values, [note], _ = cells("ho_so", "han_tiep_nhan", text)
    assert values == [None]
    assert note.startswith(text)


def test_open_end_of_validity_is_no_day_of_the_year_9999():
    assert cells("don_vi", "hieu_luc_den", "9999-12-31", "31/12/9999", "99991231")[:2] == (
        [None] * 3,
        [None] * 3,
    )


def test_export_that_nobody_dates_is_not_dated_by_a_line_from_the_future():
    contract = contract_of("ho_so")
    batch = pa.RecordBatch.from_arrays(
        [pa.array([1]), pa.array(["2052-03-05"])], names=["line_no", "ngay_cap_nhat"]
    )
    export = Export(Header(contract.layouts[0], {0: "ngay_cap_nhat"}, [], [], [], 1), iter(()))
    read = canonical(contract, export, batch, None, ["ngay_cap_nhat", "unreadable_cells"])
    assert read.column("ngay_cap_nhat").to_pylist() == [None]
    assert "2052-03-05" in read.column("unreadable_cells")[0].as_py()


# JSON columns ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        *("abc", "[1", '{"a": 1, "a": 2}', "[NaN]", "[1e400]", "[Infinity]", '["\\u0000"]', '["\\ud800"]'),
        *('{"\\u0000": 1}', f"[{'9' * 5000}]", "[" * 30 + "]" * 30, "[" * 100_000, "[1.12345678]", ""),
    ],
)
def test_json_that_says_two_things_or_cannot_be_held_is_refused(text: str):
    with pytest.raises(NoJson):
        json_value(text)


def test_json_is_kept_and_a_vendors_null_for_a_time_in_it_is_null():
    text = '[{"MaDonVi": "a", "MucDo": 4, "HieuLucTu": "00010101", "HieuLucDen": "0001-01-01T00:00:00"}]'
    assert json_value(text) == [{"MaDonVi": "a", "MucDo": 4, "HieuLucTu": None, "HieuLucDen": None}]


@pytest.mark.parametrize(
    ("field", "written", "held"),
    [
        *(
            ("HieuLucTu", text, "20240101")
            for text in ("20240101", "20240101000000", "01/01/2024", "1/1/2024")
        ),
        *(("HieuLucTu", text, "20240101") for text in ("2024-01-01T00:00:00", "2023-12-31T17:00:00Z")),
        *(("HieuLucDen", text, None) for text in ("9999-12-31", "31/12/9999", "9999-12-31T23:59:59Z")),
        *(("HieuLucTu", text, text) for text in ("20240230", "1/2024", "", "0024-01-01")),
        ("HieuLucTu", "9999-12-31", "99991231"),
        ("MaDonVi", "01/01/2024", "01/01/2024"),
        ("MaDonVi", " 000.00.01.H59\u200b ", "000.00.01.H59"),
    ],
)
def test_days_and_codes_in_a_list_of_units_are_read_as_those_of_columns_are(field: str, written: str, held):
    assert json_value(json.dumps([{field: written}])) == [{field: held}]


# Nested lists ---------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["văn bản", {"a": 1}, ["văn bản"], [1, 2], [None], [[{}]], 7, True, "\x00"])
@pytest.mark.parametrize(
    "name", ["TaiLieuNop", "DanhSachHoSoBoSung", "DanhSachGiayToKetQua", "DanhSachLePhi", "DSKetNoiCSDL"]
)
def test_list_that_is_none_is_refused_and_not_counted_as_nothing(name: str, value: object):
    columns = {column: text for column, text in flatten_dossier({name: value}).items() if text is not None}
    assert columns
    assert set(columns.values()) == {f"{name} không phải danh sách các mục"}


@pytest.mark.parametrize(
    ("asked", "answered", "minutes"),
    [
        *(("20250305090000", "20250306090000", "1440"), ("20250305090000", None, "0"), (None, None, "0")),
        *(("2025-03-05T09:00:00Z", "05/03/2025 17:00", "60"), ("00010101000000", "20250305090000", "0")),
        *(("20250305090000", "20250305", "0"), ("20250305090000", "0001-01-01T00:00:00", "0")),
        ("20250305090000", "20250304090000", "NgayTiepNhanBoSung 20250304090000 trước NgayBoSung"),
        ("19250305090000", None, "NgayBoSung 19250305090000"),
        ("20250305090000", "20990305090000", "NgayTiepNhanBoSung 20990305090000"),
        ("2025030509000", None, "NgayBoSung 2025030509000"),
        (20250230, None, "NgayBoSung 20250230"),
        (["20250305090000"], None, "NgayBoSung danh sách"),
    ],
)
def test_wait_for_a_supplement_is_never_negative_or_guessed(asked: object, answered: object, minutes: str):
    rounds = [{"NgayBoSung": asked, "NgayTiepNhanBoSung": answered}]
    assert flatten_dossier({"DanhSachHoSoBoSung": rounds})["tong_thoi_gian_bo_sung_phut"] == minutes


@pytest.mark.parametrize(
    ("amount", "total"),
    [
        *((50_000, "50000"), (Decimal("2500.5"), "2500.5"), ("２５", "25"), (Decimal("5E+4"), "50000")),
        *(
            (1e400, "Gia inf"),
            (-1, "Gia -1"),
            (True, "Gia True"),
            ("1.000", "Gia 1.000"),
            ([], "Gia danh sách"),
        ),
        *(
            pytest.param(10**5000, "Gia số quá dài", id="long"),
            (Decimal("1e999999"), "Gia 1E+999999"),
            (10**13, "Gia 10000000000000"),
        ),
        *((Decimal("50.000"), "Gia 50.000"), (Decimal("1234.500"), "1234.500"), (Decimal("0.125"), "0.125")),
        *(("50\x00", "Gia 50\x00"), (0.1234567, "Gia 0.1234567"), ("0.5%", "Gia 0.5%")),
    ],
)
def test_amount_is_read_or_named(amount: object, total: str):
    assert flatten_dossier({"DanhSachLePhi": [{"Gia": amount}]})["tong_phi_le_phi"] == total


def test_amounts_are_read_in_the_style_of_their_source():
    fees = {"DanhSachLePhi": [{"Gia": "50.000"}, {"Gia": 1.5}]}
    assert flatten_dossier(fees, VIETNAMESE)["tong_phi_le_phi"] == "50001.5"


def test_fraction_of_three_digits_is_read_where_the_source_says_that_it_writes_them():
    fees = {"DanhSachLePhi": [{"Gia": Decimal("50.000")}, {"Gia": "1.500"}]}
    assert flatten_dossier(fees, NumberStyle(decimal="."))["tong_phi_le_phi"] == "51.500"


@pytest.mark.parametrize(
    "word", ["Không", "7", "0.5", "\x00", [1], {"a": 1}, pytest.param(10**5000, id="long")]
)
def test_flag_in_a_list_is_never_taken_for_set(word: object):
    columns = flatten_dossier({"TaiLieuNop": [{"DuocSoHoa": word}]})
    assert columns["so_tai_lieu_nop"] == "1"
    assert columns["so_tai_lieu_so_hoa"].startswith("DuocSoHoa ")
