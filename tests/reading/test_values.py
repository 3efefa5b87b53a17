"""A value is what was written, unknown, or refused: each kind by hand, every column at its borders."""

import json
from datetime import datetime
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cchc.contracts import Column, Contract, NumberStyle, contract_of, contracts
from cchc.errors import BatchStopped
from cchc.judging.suites import rules_of
from cchc.judging.validation import validate
from cchc.loading.load import load
from cchc.reading.canonical import canonical
from cchc.reading.dossier_lists import flatten_dossier
from cchc.reading.export import Export
from cchc.reading.header import Header
from cchc.reading.json_text import NoJson, read_json
from cchc.reading.written_codes import NoCode, read_code
from cchc.reading.written_numbers import Unreadable, read_number
from cchc.reading.written_times import parse_times
from tests.world import DOCUMENT, DOSSIER, PROCEDURES, RATING, SO, STEP, UNITS, WORK, World, code

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
        *(("ＶＢ１", "VB1"), ("H59\u2013250305\u20110001", "H59-250305-0001"), ("VB1\u00ad", "VB1")),
    ],
)
def test_code_is_kept_or_repaired_where_only_one_can_be_meant(text: str, reads: str):
    assert read_code(text, DOSSIER_CODE) == reads


@pytest.mark.parametrize(
    "text",
    [
        *("2.02503E+17", "2,02503E+17", "1e5", "20250305000000000", "1234567890123456", "42.0", "1,00"),
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
        *("000.00.01.\u041d59", "VB\u0661", "VB\ue0001", "=1+1", "#N/A", "#REF!", "+84", "-5"),
    ],
)
def test_code_that_is_none_is_refused(text: str):
    with pytest.raises(NoCode):
        read_code(text, DOSSIER_CODE)


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
    export = Export(Header(chosen, {0: column}, [], [], [], 1), iter(()), exported_at=MOMENT)
    repaired: dict[str, int] = {}
    read = canonical(contract, export, batch, None, [column, "unreadable_cells"], repaired)
    notes = [
        json.loads(note)[column] if note else None for note in read.column("unreadable_cells").to_pylist()
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
    _, [why, control, beyond], _ = cells("ho_so", "so_tai_lieu_nop", "1.000", "1\x1b[1m\x00", "2147483648")
    assert why == "1.000 (không rõ là nghìn hay phần lẻ)"
    assert control == "1\\x1b[1m\\x00"
    assert beyond == "2147483648 (ngoài khoảng 0 đến 2147483647)"


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


@pytest.mark.parametrize("column", ["ngay_nop_ho_so", "ngay_tra", "ngay_tu_choi", "ngay_yeu_cau_bo_sung"])
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
        read_json(text)


def test_json_is_kept_and_a_vendors_null_for_a_time_in_it_is_null():
    text = '[{"MaDonVi": "a", "MucDo": 4, "HieuLucTu": "00010101", "HieuLucDen": "0001-01-01T00:00:00"}]'
    assert json.loads(read_json(text)) == [
        {"MaDonVi": "a", "MucDo": 4, "HieuLucTu": None, "HieuLucDen": None}
    ]


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
        *(("50\x00", "Gia 50\x00"), (0.1234567, "Gia 0.1234567"), ("0.5%", "Gia 0.5%")),
    ],
)
def test_amount_is_read_or_named(amount: object, total: str):
    assert flatten_dossier({"DanhSachLePhi": [{"Gia": amount}]})["tong_phi_le_phi"] == total


def test_amounts_are_read_in_the_style_of_their_source():
    fees = {"DanhSachLePhi": [{"Gia": "50.000"}, {"Gia": 1.5}]}
    assert flatten_dossier(fees, VIETNAMESE)["tong_phi_le_phi"] == "50001.5"


@pytest.mark.parametrize(
    "word", ["Không", "7", "0.5", "\x00", [1], {"a": 1}, pytest.param(10**5000, id="long")]
)
def test_flag_in_a_list_is_never_taken_for_set(word: object):
    columns = flatten_dossier({"TaiLieuNop": [{"DuocSoHoa": word}]})
    assert columns["so_tai_lieu_nop"] == "1"
    assert columns["so_tai_lieu_so_hoa"].startswith("DuocSoHoa ")


# Every column at its borders, into the tables -------------------------------------------------

TEXTS = [
    *("", " ", "0", "-1", "NULL", "x" * 101, "x" * 2001, "ữ" * 3000, "\x00", "a\x00b", "a\x1b[1mb", "a\tb"),
    *(
        "\u202eabc",
        "\u200b",
        "１２",
        "😀",
        "𝟙",
        "a'b",
        'a"b',
        "a,b;c",
        "\\N",
        "\\.",
        "#REF!",
        "=1/0",
        "2.02503E+17",
    ),
    *(
        "0000-01",
        "9999-12",
        "1925-03",
        "2025-13",
        "２０２５-03",
        "{}",
        "[]",
        "null",
        "%s",
        ":b",
        "\x85",
        "\ufffe",
    ),
]
NUMBERS = [
    *(
        "0",
        "-1",
        "1",
        "32767",
        "32768",
        "99999",
        "2147483647",
        "2147483648",
        "9223372036854775808",
        "0.5",
        "1.000",
    ),
    *(
        "-32769",
        "-2147483649",
        "999999999999999",
        "1000000000000000",
        "1000000000001",
        "9" * 200,
        "1e400",
        "NaN",
    ),
    *(
        "Infinity",
        "１２",
        "٣",
        "1²",
        "x",
        "\x00",
        "1\x00",
        "--",
        "0x1F",
        "1_0",
        "-0",
        "+0",
        "0.0000001",
        "[]",
    ),
]
MOMENTS = [
    *(
        "00010101",
        "00010101000000",
        "0000-01-01",
        "0001-01-01",
        "0025-01-01",
        "1925-01-01",
        "1999-12-31 23:59:59",
    ),
    *(
        "20000101",
        "20250228235959",
        "2025-05-09",
        "20250510000000",
        "2025-05-11",
        "2026-01-01",
        "20350510",
        "2052-01-01",
    ),
    *(
        "2099-01-01",
        "9999-12-31",
        "9999-12-31T23:59:59Z",
        "99999-01-01",
        "4714-11-24 BC",
        "infinity",
        "-infinity",
    ),
    *(
        "epoch",
        "now",
        "\x00",
        "2025-03-05\x00",
        "２０２５-03-05",
        "20250230",
        "2025-03-05T24:00:00",
        "x" * 3000,
        "[]",
    ),
]
PROVIDED = [
    *("abc", "{}", "null", '"x"', "7", "[1]", "[[{}]]", "[null]", '[{"MaDonVi": []}]', "[" * 5000, "[NaN]"),
    "[1e400]",
    *(
        json.dumps([{"MaDonVi": SO, "MucDo": "4", "HieuLucTu": None, "HieuLucDen": None} | change])
        for change in (
            *({"MaDonVi": v} for v in ([], {}, 1, True, "", " ", "x" * 3000, "a\x00", "\ud800", None)),
            *({"MucDo": v} for v in (0, 4, 4.5, 99999, 10**30, True, [], "4.0", "４", "", "\x00", None)),
            *(
                {name: v}
                for name in ("HieuLucTu", "HieuLucDen")
                for v in (*("0000-01-01", "00000101", "00010101", "10010101", "20520101", "99991231", ""),
                          *("20250230", 20250230, 20250101, [], "２０２５０１０１", "\x00", "9" * 30))
            ),
        )
    ),
]  # fmt: skip
# What JSON may hold in any column.
OTHERS = [True, False, [], {}, ["x"], {"a": [1]}, 10**25, 1.5, -1, 0, 2.02503e17]
BORDERS = {
    kind: [*values, *OTHERS]
    for kind, values in {
        **{"text": TEXTS, "int": NUMBERS, "number": NUMBERS},
        **{"timestamp": MOMENTS, "json": PROVIDED},
    }.items()
}
DECLARED = {
    "ma_so_lieu": "iso_dien_tu",
    "ten_so_lieu": "",
    "don_vi": SO,
    "ky": "2025-03",
    "gia_tri": "1",
    "chuc_danh": "Chuyên viên",
    "ngay_khai": "20250402080000",
    "mau": "1",
}
PROVIDED_BY = json.dumps(PROCEDURES[0]["DonViThucHien"])
GOOD = {
    "ho_so": {"ma_ho_so": code(1)} | DOSSIER,
    "danh_gia": {"ma_ho_so": code(1)} | RATING,
    "qua_trinh": {"ma_ho_so": code(1)} | STEP,
    "van_ban": {"ma_van_ban": "VB"} | DOCUMENT,
    "ho_so_cong_viec": {"ma_hscv": "HSCV"} | WORK,
    "khai_bao": DECLARED,
    "don_vi": UNITS[1] | {"theo_doi": "1", "ngay_cap_nhat": "20240101000000"},
    "tthc": {"ma_tthc": "1.100000", "ten_tthc": "Thủ tục", "don_vi_thuc_hien": PROVIDED_BY,
             "ngay_cap_nhat": "20240101000000"},
}  # fmt: skip


def of_batches(contract: Contract) -> set[str]:
    """Columns of which one wrong value stops the whole batch, by a rule of the suite."""
    rules = rules_of(contract.dataset).values()
    named = {
        name for rule in rules if rule.scope == "lo" and rule.severity == "critical" for name in rule.columns
    }
    return named | ({"mau", "ten_so_lieu"} if contract.dataset == "khai_bao" else set())


def at_the_borders(contract: Contract, columns: list[Column]) -> list[dict]:
    """A line for each border of each column: a good one, with a key of its own, and that cell."""
    good = dict.fromkeys((column.name for column in contract.staged), "") | GOOD[contract.dataset]
    lines = []
    for column in columns:
        for value in BORDERS[column.type]:
            number = len(lines) + 1
            # A declaration is told apart by its time.
            key = {
                "tthc": {"ma_tthc": f"1.1{number:05d}"},
                "khai_bao": {"ngay_khai": f"20250402{number // 60:02d}{number % 60:02d}00"},
            }.get(contract.dataset, {contract.key[0]: f"MA-{number}"})
            lines.append(good | key | {column.name: value})
    return lines


@pytest.fixture
def any_number_of_rejects(monkeypatch: pytest.MonkeyPatch) -> None:
    for dataset, contract in contracts().items():
        monkeypatch.setitem(contracts(), dataset, contract.model_copy(update={"reject_threshold_pct": 100}))


def settled(world: World, dataset: str, lines: list[dict]):
    """The batch of these lines, every one of them accepted, rejected or superseded."""
    batch_id = world.land(dataset, world.json(lines), at=AT)
    validate(world.engine, batch_id)
    batch, _ = load(world.engine, batch_id)
    assert batch.status == "loaded"
    assert batch.lines_read == len(lines)
    assert batch.lines_accepted + batch.lines_rejected + batch.lines_superseded == len(lines)
    return batch


@pytest.mark.parametrize("dataset", GOOD)
def test_every_column_at_its_borders_is_loaded_or_rejected(world: World, dataset: str, any_number_of_rejects):
    world.dimensions()
    contract = contract_of(dataset)
    alone = of_batches(contract)
    batch = settled(
        world, dataset, at_the_borders(contract, [c for c in contract.staged if c.name not in alone])
    )
    assert batch.lines_accepted and batch.lines_rejected
    for column in contract.staged:
        if column.name in alone:
            try:
                settled(world, dataset, at_the_borders(contract, [column]))
            except BatchStopped as stop:
                assert any(rule in str(stop) for rule in rules_of(dataset))


def test_borders_are_drawn_for_every_dataset():
    assert set(GOOD) == set(contracts())
    assert set(BORDERS) == {column.type for contract in contracts().values() for column in contract.staged}


NESTED = {
    "TaiLieuNop": ("IsDeleted", "DuongDanTaiTepTin", "DuocSoHoa", "DuocTaiSuDung", "DuocLayTuKhoDMQG",
                   "MaGiayToSoHoa", "MaGiayToKhoQuocGia"),
    "DanhSachHoSoBoSung": ("NgayBoSung", "NgayTiepNhanBoSung"),
    "DanhSachGiayToKetQua": ("DuongDanTepTinKetQua", "GiayToId"),
    "DanhSachLePhi": ("Gia",),
    "DSKetNoiCSDL": ("MaCSDL",),
}  # fmt: skip


def test_every_field_of_every_nested_list_at_its_borders_is_counted_or_rejected(
    province: World, any_number_of_rejects
):
    good = {
        **{"MaTTHC": "1.000001", "TrangThaiHoSo": "4", "DonViXuLy": SO, "NgayTiepNhan": "20250305090000"},
        **{"NgayHenTra": "20250312090000", "NgayKetThucXuLy": None, "NgayCapNhat": "20250305090000"},
        **{name: [] for name in NESTED},
    }
    values = [*TEXTS, *NUMBERS, *MOMENTS, *OTHERS, None, 99999999999]
    lists = [
        {name: value}
        for name, fields in NESTED.items()
        for value in (
            *([{field: value}] for field in fields for value in values),
            *([{"NgayBoSung": "20250305090000", fields[-1]: value}] for value in values),
            *values,
            *([value] for value in values),
            [{fields[0]: "1"}] * 40_000,
        )
    ]
    lines = [{"MaHoSo": f"MA-{n}"} | good | change for n, change in enumerate(lists)]
    batch = settled(province, "ho_so", lines)
    assert batch.lines_accepted and batch.lines_rejected
    assert province.rows(
        "SELECT count(*) FROM core.ho_so WHERE tong_thoi_gian_bo_sung_phut < 0 OR tong_phi_le_phi < 0"
    ) == [(0,)]


def test_months_of_a_batch_are_those_of_its_good_lines(province: World, any_number_of_rejects):
    """A thousand dossiers with years of all kinds made 3,009 partitions."""
    years = [*range(1, 2000, 40), *range(2030, 9999, 200)]
    bad = [{"ngay_tiep_nhan": f"{year:04d}0305090000"} for year in years]
    batch = province.add(*bad, {}, at=AT)
    assert (batch.lines_accepted, batch.lines_rejected) == (1, len(years))
    partitions = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'core.ho_so'::regclass"
    assert province.rows(partitions)[0][0] < 20
    province.refresh_all()


WIDTHS = {"smallint": 32_767, "integer": 2**31 - 1, "bigint": 2**63 - 1}


@pytest.mark.parametrize("dataset", GOOD)
def test_ranges_of_a_contract_fit_its_table(world: World, dataset: str):
    kinds = dict(
        world.rows(
            "SELECT attname, format_type(atttypid, NULL) FROM pg_attribute "
            "WHERE attrelid = to_regclass(:t) AND attnum > 0",
            t=f"core.{dataset}",
        )
    )
    for column in contract_of(dataset).staged:
        if column.type in ("int", "number") and kinds.get(column.name) in WIDTHS:
            first, last = column.numbers()
            assert -WIDTHS[kinds[column.name]] <= first <= last <= WIDTHS[kinds[column.name]], column.name


HOSTILE = st.one_of(
    st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=40),
    st.text(alphabet="0123456789.,-+eE/: TZ", max_size=25),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.datetimes().map(str),
    st.booleans(),
    st.lists(st.text(max_size=3), max_size=2),
)


@pytest.mark.parametrize("dataset", ["ho_so", "don_vi"])
def test_hostile_value_anywhere_is_loaded_or_rejected(world: World, dataset: str, any_number_of_rejects):
    world.dimensions()
    contract = contract_of(dataset)
    free = [column.name for column in contract.staged if column.name not in of_batches(contract)]
    good = GOOD[dataset]
    key = contract.key[0]

    @settings(
        max_examples=5,
        deadline=None,
        derandomize=True,
        suppress_health_check=[
            HealthCheck.too_slow,
            HealthCheck.large_base_example,
            HealthCheck.data_too_large,
        ],
    )
    @given(st.lists(st.dictionaries(st.sampled_from(free), HOSTILE, max_size=2), min_size=20, max_size=40))
    def check(changes):
        every = dict.fromkeys((column.name for column in contract.staged), "")
        settled(
            world, dataset, [every | good | {key: f"MA-{n}"} | change for n, change in enumerate(changes)]
        )

    check()
