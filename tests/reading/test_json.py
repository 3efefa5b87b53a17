"""JSON: each record comes out as it is written, or is rejected or refused in words that help."""

import io
import json
import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cchc.contracts import NumberStyle, contract_of, contracts
from cchc.errors import BadFile, BatchStopped
from cchc.reading import json_file, json_records
from cchc.reading.formats import open_export
from cchc.reading.json_records import Records
from cchc.reading.json_values import parse_record
from tests.reading.taken import taken
from tests.world import RECORD, SO, World, code

PLUGINS = Path(__file__).parents[2] / "plugins"
UNIT = {"MaDonVi": "d1", "TenDonVi": "Xã 1", "Cap": "xa"}
PERSON = "0987654321"


def dossier(number: int = 1, **values: object) -> dict:
    return {"MaHoSo": code(number)} | RECORD | values


def text_of(record: dict) -> str:
    return json.dumps(record, ensure_ascii=False)


def lines_of(world: World, content: str | bytes, dataset: str = "don_vi") -> list[dict]:
    export = open_export(contract_of(dataset), world.text(content, "json"))
    rows = [row for batch in export.batches for row in batch.to_pylist()]
    account = export.account
    assert account.records == len(rows) + account.skipped_records
    return rows


def refusal(world: World, content: str | bytes, dataset: str = "don_vi") -> str:
    with pytest.raises(BadFile) as refused:
        lines_of(world, content, dataset)
    return str(refused.value)


def with_good(*texts: str) -> str:
    """A list of the records 1 to 30, which are right, and of these."""
    return f"[{','.join([*(text_of(dossier(n)) for n in range(1, 31)), *texts])}]"


def replaced(number: int, old: str, new: str) -> str:
    text = text_of(dossier(number))
    assert old in text
    return text.replace(old, new, 1)


MA_31 = f'"MaHoSo": "{code(31)}"'


# A record that says two things is a line that is rejected ---------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "field", "reason"),
    [
        (MA_31, f'{MA_31}, "MaHoSo": "x"', "ma_ho_so", "trường MaHoSo có hai lần"),
        (MA_31, f'{MA_31} , "MaHoSo" \t: "x"', "ma_ho_so", "trường MaHoSo có hai lần"),
        (MA_31, f'{MA_31}, "ma_ho_so": "x"', "ma_ho_so", "hai trường của một cột: MaHoSo và ma_ho_so"),
        (MA_31, f'{MA_31}, "Mã hồ sơ": null', "ma_ho_so", "hai trường của một cột: MaHoSo và Mã hồ sơ"),
        (MA_31, f'{MA_31}, "GhiChu": 1, "GhiChu": 2', "GhiChu", "trường GhiChu có hai lần"),
        (MA_31, f'{MA_31}, "NoiDungXuLy2": [{{"b": 1, "b": 2}}]', "NoiDungXuLy2", "trường b có hai lần"),
        (MA_31, '"MaHoSo": ["x"]', "ma_ho_so", "danh sách thay vì một giá trị"),
        (MA_31, '"MaHoSo": {"x": 1}', "ma_ho_so", "đối tượng thay vì một giá trị"),
        (MA_31, '"MaHoSo": true', "ma_ho_so", "true không phải là giá trị của cột"),
        (MA_31, f'"MaHoSo": {"9" * 65}', "ma_ho_so", "số dài hơn 64 chữ số"),
        (MA_31, f'"MaHoSo": {"9" * 5000}', "ma_ho_so", "số dài hơn 64 chữ số"),
        (MA_31, r'"MaHoSo": "a\ud800b"', "ma_ho_so", r"nửa ký tự (mã \ud800–\udfff)"),
        (MA_31, rf'{MA_31}, "\udc00": 1', "trường 10", r"nửa ký tự (mã \ud800–\udfff)"),
        ('"KenhThucHien": "2"', '"KenhThucHien": NaN', "kenh_thuc_hien", "NaN không phải là giá trị"),
        (
            '"KenhThucHien": "2"',
            '"KenhThucHien": -Infinity',
            "kenh_thuc_hien",
            "-Infinity không phải là giá trị",
        ),
        ('"KenhThucHien": "2"', '"KenhThucHien": 1e400', "kenh_thuc_hien", "số 1e400 quá lớn hoặc quá nhỏ"),
        (
            '"NgayHenTra": "20250312090000"',
            '"NgayHenTra": false',
            "ngay_hen_tra",
            "false không phải là giá trị của cột",
        ),
        (
            MA_31,
            f'{MA_31}, "DanhSachLePhi": [{{"Gia": 1, "Gia": 2}}]',
            "DanhSachLePhi",
            "trường Gia có hai lần",
        ),
        (MA_31, f'{MA_31}, "DanhSachLePhi": {{"Gia": 1}}', "DanhSachLePhi", "không phải là danh sách"),
        (
            MA_31,
            f'{MA_31}, "TaiLieuNop": ["a"]',
            "TaiLieuNop",
            "danh sách có phần tử không phải là đối tượng",
        ),
        (
            MA_31,
            f'{MA_31}, "so_lan_bo_sung": 3, "DanhSachHoSoBoSung": [{{}}]',
            "so_lan_bo_sung",
            "khác với danh sách DanhSachHoSoBoSung",
        ),
    ],
)
def test_record_that_says_two_things_or_no_value_is_rejected_and_the_others_load(
    province: World, old: str, new: str, field: str, reason: str
):
    path = province.text(with_good(replaced(31, old, new)), "json")
    batch, _ = province.ingest("ho_so", path, at="2025-05-10")
    assert (batch.lines_read, batch.lines_accepted, batch.lines_rejected) == (31, 30, 1)
    [(line, rules, row)] = province.rows("SELECT line_no, rule_ids, masked_row FROM ops.reject")
    assert (line, "HS00" in rules) == (31, True)
    assert row[field] == reason


def test_rejection_shows_nothing_of_people(province: World):
    twice = replaced(31, MA_31, f'{MA_31}, "SoDienThoai": "{PERSON}", "SoDienThoai": "1"')
    path = province.text(with_good(twice), "json")
    province.ingest("ho_so", path, at="2025-05-10")
    [(row,)] = province.rows("SELECT masked_row::text FROM ops.reject")
    assert PERSON not in row
    assert "trường SoDienThoai có hai lần" in row


def test_rejection_shows_no_name_where_a_code_is_wanted_and_no_number_of_a_person_in_a_key(province: World):
    name = "Nguyễn Văn An"
    records = [text_of(dossier(n, MaHoSo=f"{name} {PERSON}")) for n in (31,)]
    records.append(text_of(dossier(32)).replace("{", f'{{"{PERSON}": 1, "{PERSON}": 2, ', 1))
    with pytest.raises(BatchStopped) as stopped:
        province.ingest("ho_so", province.text(with_good(*records), "json"), at="2025-05-10")
    rejects = province.rows("SELECT reasons::text, masked_row::text FROM ops.reject ORDER BY line_no")
    assert "(chữ, 24 ký tự)" in rejects[0][0]
    assert "trường (số, 10 chữ số) có hai lần" in rejects[1][0]
    for text in (str(stopped.value), *rejects[0], *rejects[1]):
        assert name not in text and PERSON not in text


def test_synonym_that_comes_after_the_first_records_does_not_win(province: World, monkeypatch):
    monkeypatch.setattr(json_file, "HEADER_RECORDS", 2)
    path = province.text(with_good(replaced(31, MA_31, f'{MA_31}, "ma_ho_so": "khac"')), "json")
    batch, _ = province.ingest("ho_so", path, at="2025-05-10")
    assert (batch.lines_accepted, batch.lines_rejected) == (30, 1)
    assert province.rows("SELECT count(*) FROM core.ho_so WHERE ma_ho_so = 'khac'") == [(0,)]


def test_records_that_name_a_column_by_different_words_are_read(world: World):
    other = {"ma_don_vi": "d2", "TenDonVi": "Xã 2", "Cap": "xa"}
    rows = lines_of(world, json.dumps([UNIT, other]))
    assert [(row["ma_don_vi"], row["faults"]) for row in rows] == [("d1", None), ("d2", None)]


# Values as they are written ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("1.10", "1.10"),
        ("1234567890123456789012345", "1234567890123456789012345"),
        ("9007199254740993", "9007199254740993"),
        ("18446744073709551616", "18446744073709551616"),
        ("-9223372036854775809", "-9223372036854775809"),
        ("0", "0"),
        (r'"\u0110\u01a1n"', "Đơn"),
        (r'"a\"b: \\"', 'a"b: \\'),
        ('"a\tb\nc"', "a\tb\nc"),
        (r'"\ud83d\ude00"', "😀"),
        ('" { [ } ] "', " { [ } ] "),
        (r'"x\":1,\"MaDonVi"', 'x":1,"MaDonVi'),
        ("null", None),
        ('""', None),
    ],
)
def test_value_comes_out_as_it_is_written(world: World, written: str, text: str | None):
    [row] = lines_of(world, f'[{{"MaDonVi": {written}, "TenDonVi": "Xã", "Cap": "xa"}}]')
    assert (row["ma_don_vi"], row["faults"]) == (text, None)


def test_true_and_false_are_1_and_0_where_the_column_is_a_whole_number(world: World):
    rows = lines_of(world, json.dumps([UNIT | {"theo_doi": True, "da_kiem_chung": False}]))
    assert (rows[0]["theo_doi"], rows[0]["da_kiem_chung"]) == ("1", "0")


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ('[{"MaDonVi": "a", "MucDo": 1.10}]', '[{"MaDonVi":"a","MucDo":1.10}]'),
        ('[{"MucDo": 1234567890123456789012345}]', '[{"MucDo":1234567890123456789012345}]'),
        ('"[{\\"MucDo\\": 4}]"', '[{"MucDo": 4}]'),
        ("[]", "[]"),
        ('"[{"', None),
        ("5", None),
        ('[{"MaDonVi": "a\\u0000"}]', None),
    ],
)
def test_nested_list_is_kept_exactly_or_is_a_fault(world: World, written: str, text: str | None):
    [row] = lines_of(world, f'[{{"MaTTHC": "1.000001", "TenTTHC": "T", "DonViThucHien": {written}, '
                     '"MucDo": 4, "HieuLucTu": "20240101", "MaLinhVuc": "L"}]', "tthc")  # fmt: skip
    assert row["don_vi_thuc_hien"] == text
    assert (row["faults"] is None) == (text is not None)


@pytest.mark.parametrize(
    ("column", "written", "text"),
    [
        # As programs in Java write a number of ten millions and more.
        ("tong_phi_le_phi", "5.0E7", "50000000"),
        ("tong_phi_le_phi", "1.5e3", "1500"),
        ("so_lan_bo_sung", "2E0", "2"),
        # Of a code it is what was left of it.
        ("MaHoSo", "2.02503E+17", "2.02503E+17"),
    ],
)
def test_number_with_an_exponent_is_the_number_it_says(world: World, column: str, written: str, text: str):
    record = text_of(dossier(1) | {column: "@"}).replace('"@"', written)
    [row] = lines_of(world, f"[{record}]", "ho_so")
    assert (row["ma_ho_so" if column == "MaHoSo" else column], row["faults"]) == (text, None)


@pytest.mark.parametrize(
    ("fees", "total"),
    [
        ('"DanhSachLePhi": [{"Gia": "50.000"}, {"Gia": "1.234,5"}]', "51234.5"),
        # The total of a list and a number of JSON have a point, whatever the source writes in text.
        ('"DanhSachLePhi": [{"Gia": "0,5"}, {"Gia": "0,734"}]', "1.234"),
        ('"tong_phi_le_phi": 1.5', "1.5"),
        ('"tong_phi_le_phi": 1.234', "1.234"),
        ('"tong_phi_le_phi": "1.234"', "1234"),
    ],
)
def test_amounts_are_read_in_the_style_of_their_layout(province: World, monkeypatch, fees: str, total: str):
    contract = contract_of("ho_so")
    style = NumberStyle(decimal=",", thousands=".")
    layouts = (contract.layouts[0].model_copy(update={"numbers": style}), *contract.layouts[1:])
    monkeypatch.setitem(contracts(), "ho_so", contract.model_copy(update={"layouts": layouts}))
    record = text_of(dossier(1)).removesuffix("}")
    batch, _ = province.ingest("ho_so", province.text(f"[{record}, {fees}}}]", "json"), at="2025-05-10")
    assert (batch.lines_accepted, batch.lines_rejected) == (1, 0)
    assert province.rows("SELECT tong_phi_le_phi::text FROM core.ho_so") == [(total,)]


scalars = st.none() | st.booleans() | st.integers() | st.text()
values = st.recursive(scalars, lambda v: st.lists(v, max_size=4) | st.dictionaries(st.text(), v, max_size=4))
objects = st.dictionaries(st.text(), values, max_size=6)


@pytest.mark.long
@given(objects, st.booleans(), st.sampled_from([None, 1]))
def test_any_object_is_parsed_to_what_was_written(record: dict, ascii_only: bool, indent: int | None):
    written = json.dumps(record, ensure_ascii=ascii_only, indent=indent)
    assert parse_record(written.encode("utf-8", "surrogatepass")) == (record, {})


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**12), max_value=10**12))
def test_any_fraction_is_exact(number: Decimal):
    found, faults = parse_record(f'{{"a": {number:f}}}'.encode())
    assert (str(found["a"]), faults) == (f"{number:f}", {})


@given(
    st.lists(st.sampled_from(["a", "b", "c", 'a\\"', "é"]), min_size=1), st.sampled_from(["", " ", "\n\t"])
)
def test_key_that_is_there_twice_is_always_seen(keys: list[str], space: str):
    written = "{" + ",".join(f'"{key}"{space}:{space}"x\\":1"' for key in keys) + "}"
    found, faults = parse_record(written.encode())
    twice = len(set(keys)) < len(keys)
    assert bool(faults) == twice
    assert len(found) + len(faults) == len(set(keys))


# Where records begin and end --------------------------------------------------------------------


def cut(content: bytes, block_bytes: int, monkeypatch) -> tuple[list[tuple[int, bytes]], bytes]:
    monkeypatch.setattr(json_records, "BLOCK_BYTES", block_bytes)
    records = Records(io.BytesIO(content), "tep.json")
    return list(records), records.envelope


@pytest.mark.long
@settings(max_examples=60, deadline=None)
@given(st.lists(objects, max_size=5), st.integers(1, 40), st.sampled_from([None, 1]), st.booleans())
def test_records_are_the_same_wherever_a_block_ends(records, block_bytes, indent, ascii_only):
    written = [
        json.dumps(r, ensure_ascii=ascii_only, indent=indent).encode("utf-8", "surrogatepass")
        for r in records
    ]
    numbered = list(enumerate(written, 1))
    head, tail = b'\xef\xbb\xbf{"a": {"data": [1]}, "data" : [\n', b'\n], "b": "]}"}\n'
    with pytest.MonkeyPatch.context() as patch:
        assert cut(b"[" + b" , ".join(written) + b"]", block_bytes, patch)[0] == numbered
        found, envelope = cut(head + b",\n".join(written) + tail, block_bytes, patch)
        assert found == numbered
        assert json.loads(envelope) == {"a": {"data": [1]}, "data": [], "b": "]}"}
        if records and "data" not in records[0]:
            found, _ = cut(b"\n\n" + b"\r\n".join(written), block_bytes, patch)
            assert [data for _, data in found] == written
            starts = [3 + sum(w.count(b"\n") + 1 for w in written[:n]) for n in range(len(written))]
            assert [number for number, _ in found] == starts


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (
            '[{"MaDonVi": "a"} {"MaDonVi": "b"}]',
            "line 1, column 19, after record 1: here stands a record. Expected a comma",
        ),
        (
            '[{"MaDonVi": "a"},]',
            "line 1, column 19, after record 1: here stands the end of a list. Expected an object",
        ),
        ('[{"MaDonVi": "a"},,{}]', "line 1, column 19, after record 1: here stands a comma"),
        ('[{"MaDonVi": "a"}', "line 1, column 18, after record 1: the file ends here"),
        (
            '[\n{"MaDonVi": "a"},\n{"MaDonVi": "b',
            "line 3, column 1, after record 1: what begins here does not end",
        ),
        (
            '[{"MaDonVi": "a"}]\n[{"MaDonVi": "b"}]',
            "line 2, column 1, after record 1: something follows the end",
        ),
        (
            '{"data": [{"MaDonVi": "a"}]}\n{"data": []}',
            "line 2, column 1, after record 1: something follows the end",
        ),
        ('[1, 2]', "line 1, column 2, after record 0: here stands a value"),
        ('[{"MaDonVi": "a"}, "x"]', "line 1, column 20, after record 1: here stands a value"),
        (
            '[{"MaDonVi": "a"}, // x\n{"MaDonVi": "b"}]',
            "line 1, column 20, after record 1: here stands a comment",
        ),
        ("[{'MaDonVi': 'a'}]", "line 1, column 3, record 1: this is not JSON: a single quote"),
        ('[{"Ma": "ổ", // x\n"b": 1}]', "line 1, column 14, record 1: this is not JSON: a comment"),
        ('[{"a": 1,\n "b" 2}]', "line 2, column 6, record 1: this is not JSON"),
        ('[{"a": 1]}', "line 1, column 9, record 1: this is not JSON"),
        ('[{"a": [1}}]', "line 1, column 10, record 1: this is not JSON"),
        (b'[{"a": "\xff"}]', "line 1, column 9, record 1: this is not JSON: a byte that is not UTF-8"),
        (
            '{"MaDonVi": "a"},\n{"MaDonVi": "b"}',
            "line 1, column 17: here stands a comma. Expected one object",
        ),
        ('{"MaDonVi": "a"} {"MaDonVi": "b"}', "line 1, column 18: a second object begins in this line"),
        ('{"data": {"x": 1}}', "line 1, column 1: here stands no record, and no list data"),
        ('{"data": null, "tong_so": 0}', "here stands no record, and no list data"),
        (
            '{"error_code": "0", "kq": {"data": [{"MaDonVi": "a"}]}}',
            "here stands no record, and no list data",
        ),
        ('{"kq": {"data": [{"MaDonVi": "a"}]}}', "no header row"),
        ('{\n"error_code": "7"\n}', "answered error_code 7"),
        ('{"error_code": 12, "data": null}', "answered error_code 12"),
        (f'{{"data": [{text_of(UNIT)}], "error_code": "9"}}', "answered error_code 9"),
        (f'{{"data": [{text_of(UNIT)}], "tong_so": 1, "tong_so": 2}}', "the field tong_so is there twice"),
        (f'{{"data": [{text_of(UNIT)}], "data": []}}', "the field data is there twice"),
        (
            f'{{"tong_so": NaN, "data": [{text_of(UNIT)}]}}',
            "the field tong_so is there twice, or is no value",
        ),
        (
            f'{{"tong_so": 1}}\n{text_of(UNIT)}\n{{"tong_so": 2}}\n',
            "line 3, column 1: the file speaks of itself a second",
        ),
        (f'{{"tong_so": 1}}\n{{"data": [{text_of(UNIT)}]}}', "line 2, column 1: here stands no record"),
        ('{"a": 1}'.encode("utf-16"), "JSON in UTF-16"),
        ('{"a": 1}'.encode("utf-16-le"), "as in UTF-16"),
        ("[" * 200_000, "here stands a value"),
        ('{"a":' * 200_000, "more than 32 lists and objects are nested here"),
        (f'[{{"a": {"[" * 40}{"]" * 40}}}]', "line 1, column 2, after record 0: more than 32"),
        (
            "[{" + ",".join(f'"k{n}": 1' for n in range(2_001)) + "}]",
            "record 1: an object has more than 2,000 fields",
        ),
        (f'[{{"a": "{"x" * (1 << 20)}"}}]', "record 1: a text has more than 1 MiB"),
        (f'[{{"a": "{"x" * (9 << 20)}"}}]', "what begins here has more than 8 MiB"),
        ('[{"a": "', "what begins here does not end"),
    ],
)  # fmt: skip
def test_what_is_no_list_of_records_is_refused_with_its_place(world: World, content: str | bytes, says: str):
    message = refusal(world, content)
    assert says in message
    assert any(word in message for word in ("Expected", "xport it again", "Export again"))


@pytest.mark.parametrize("end", ['"', '":', '", x', "\\", "\\x", '"}}]'])
def test_message_quotes_nothing_of_the_file(world: World, end: str):
    message = refusal(world, f'[{{"MaDonVi": "a"}}, {{"SoDienThoai": "{PERSON}{end}')
    assert PERSON not in message


def test_file_that_breaks_in_its_middle_is_noted_on_its_batch(province: World):
    records = ",".join(text_of(dossier(n)) for n in range(1, 5_100))
    with pytest.raises(BadFile, match="after record 5099: what begins here does not end"):
        province.ingest("ho_so", province.text(f'[{records}, {{"MaHoSo": "x', "json"), at="2025-05-10")
    assert province.rows("SELECT status FROM ops.batch WHERE dataset = 'ho_so'") == [("stopped",)]
    assert province.rows("SELECT count(*) FROM core.ho_so") == [(0,)]


def test_byte_order_mark_blank_lines_and_records_over_several_lines_are_read(world: World):
    units = [UNIT | {"MaDonVi": f"d{n}"} for n in (1, 2, 3)]
    pretty = "\ufeff\n" + "\n\n".join(json.dumps(unit, indent=1) for unit in units)
    # Each takes five lines and one stands empty between them.
    assert [(r["line_no"], r["ma_don_vi"]) for r in lines_of(world, pretty)] == [
        (2, "d1"),
        (8, "d2"),
        (14, "d3"),
    ]
    assert [r["line_no"] for r in lines_of(world, "\ufeff" + json.dumps(units, indent=2))] == [1, 2, 3]


# JSON Lines that leave nulls out ----------------------------------------------------------------


def without_nulls(*records: dict) -> str:
    return "\n".join(text_of({k: v for k, v in r.items() if v is not None}) for r in records) + "\n"


def test_field_first_seen_in_record_2301_is_read(province: World):
    records = [dossier(n) for n in range(1, 2_401)]
    ended = {"TrangThaiHoSo": "10", "NgayKetThucXuLy": "20250310100000", "NgayTra": "20250310110000"}
    records[2_300] |= ended
    batch, _ = province.ingest("ho_so", province.text(without_nulls(*records), "jsonl"), at="2025-05-10")
    assert (batch.lines_read, batch.lines_accepted) == (2_400, 2_400)
    assert province.rows(
        "SELECT ma_ho_so, ngay_ket_thuc_xu_ly::text, ngay_tra::text FROM core.ho_so "
        "WHERE ngay_ket_thuc_xu_ly IS NOT NULL OR ngay_tra IS NOT NULL"
    ) == [(code(2301), "2025-03-10 10:00:00", "2025-03-10 11:00:00")]
    assert "ngay_tra" not in batch.missing_columns
    assert "ngay_tu_choi" in batch.missing_columns


def test_day_in_which_nothing_ended_is_read_and_judged(province: World):
    records = [dossier(n) for n in range(1, 31)] + [dossier(31, TrangThaiHoSo="10")]
    batch, _ = province.ingest("ho_so", province.text(without_nulls(*records), "jsonl"), at="2025-05-10")
    assert (batch.lines_accepted, batch.lines_rejected) == (31, 0)
    # The last is finished and has no day on which it was: the rule about that day is not left out.
    found = "SELECT line_no FROM ops.line_finding WHERE 'HS05' = ANY(rule_ids) AND batch_id = :b"
    assert province.rows(found, b=batch.batch_id) == [(31,)]
    assert "ngay_ket_thuc_xu_ly" not in batch.missing_columns
    [([note],)] = province.rows("SELECT notes FROM ops.batch WHERE batch_id = :b", b=batch.batch_id)
    assert "ngay_ket_thuc_xu_ly" in note


def test_required_field_is_demanded_of_an_export_that_writes_empty_fields(world: World):
    records = [{k: v for k, v in dossier(n).items() if k != "NgayKetThucXuLy"} for n in (1, 2)]
    records[1]["NgayHenTra"] = None
    assert "lacks required columns: ngay_ket_thuc_xu_ly" in refusal(world, json.dumps(records), "ho_so")


def test_required_field_that_no_record_has_is_demanded_at_the_end_too(world: World, monkeypatch):
    monkeypatch.setattr(json_file, "HEADER_RECORDS", 1)
    records = [{k: v for k, v in dossier(n).items() if k != "NgayKetThucXuLy"} for n in (1, 2)]
    records[1]["NgayHenTra"] = None
    assert "lacks required columns: ngay_ket_thuc_xu_ly" in refusal(world, json.dumps(records), "ho_so")


def test_column_that_a_file_leaves_out_erases_nothing(province: World):
    province.ingest("ho_so", province.json([dossier(1, HinhThuc="1")], thoi_diem="20250401000000"))
    later = dossier(1, NgayCapNhat="20250402000000")
    province.ingest("ho_so", province.text(without_nulls(later), "jsonl"), at="2025-05-10")
    assert province.rows("SELECT hinh_thuc, ngay_cap_nhat::text FROM core.ho_so") == [
        (1, "2025-04-02 00:00:00")
    ]


def test_times_of_lines_that_only_late_records_have_are_theirs(province: World, monkeypatch):
    monkeypatch.setattr(json_file, "HEADER_RECORDS", 2)
    records = [{k: v for k, v in dossier(n).items() if k != "NgayCapNhat"} for n in (1, 2)] + [dossier(3)]
    export = open_export(contract_of("ho_so"), province.text(without_nulls(*records), "jsonl"))
    [batch] = list(export.batches)
    assert batch.column("ngay_cap_nhat").to_pylist() == [None, None, "20250305090000"]


# What an export says of itself ------------------------------------------------------------------


def account_of(world: World, **envelope: object):
    export = open_export(contract_of("don_vi"), world.json([UNIT], **envelope))
    assert len(list(export.batches)) == 1
    return export.account


@pytest.mark.parametrize(
    ("stated", "number"),
    [
        (1, 1), ("1", 1), ("1.234", 1234), ("1 234", 1234), ("120 hồ sơ", 120), (0, 0),
        (2**63, None), (-5, None), ("-5", None), ("abc", None), (True, None), (1.5, None), (1.234, None),
        ([1], None), ({"x": 1}, None), ("3 hồ sơ, trễ hạn 1", None),
    ],
)  # fmt: skip
def test_stated_total_is_understood_or_named(world: World, stated: object, number: int | None):
    account = account_of(world, tong_so=stated)
    assert [total.number for total in account.totals] == [number]
    assert [("tong_so" in note) for note in account.notes] == ([] if number is not None else [True])


def test_total_that_is_none_is_not_stated(world: World):
    for nothing in (None, ""):
        account = account_of(world, tong_so=nothing)
        assert (account.totals, account.notes) == ([], [])


@pytest.mark.parametrize(
    ("stated", "moment"),
    [
        ("20250401070500", "2025-04-01 07:05:00"),
        (20250401070500, "2025-04-01 07:05:00"),
        ("1/4/2025 7:05", "2025-04-01 07:05:00"),
        ("2025-04-01T07:05:00", "2025-04-01 07:05:00"),
        ("2025-04-01T00:05:00Z", "2025-04-01 07:05:00"),
        ("2025-04-01T07:05:00+07:00", "2025-04-01 07:05:00"),
        ("2025-04-01", "2025-04-01 23:59:59"),
        ("2025040107", None),
        ("00010101000000", None),
        ("0001-01-01T00:00:00Z", None),
        ("20250431070500", None),
        (1743465600000, None),
        (True, None),
        (["20250401070500"], None),
    ],
)
def test_stated_time_is_understood_or_named(world: World, stated: object, moment: str | None):
    account = account_of(world, thoi_diem=stated)
    assert (account.exported_at and str(account.exported_at)) == moment
    assert account.time_source == ("stated" if moment else None)
    assert [("thoi_diem" in note) for note in account.notes] == ([] if moment else [True])


def test_export_of_a_year_without_computers_is_refused(province: World):
    text = f'{{"thoi_diem": "19010101000000", "data": [{text_of(dossier(1))}]}}'
    with pytest.raises(BadFile, match=r"data are said to be of 01/01/1901\. Expected a day after 1999"):
        province.ingest("ho_so", province.text(text, "json"))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ({"result": {"data": [UNIT]}}, "records stand in its list result.data, where a list data at the top"),
        ({"Data": [UNIT]}, "records stand in its list Data,"),
        ({"items": [UNIT], "total": 1}, "records stand in its list items,"),
    ],
)
def test_records_in_another_list_are_refused_with_its_name(world: World, content: dict, says: str):
    assert says in refusal(world, json.dumps(content))


def test_units_that_provide_a_procedure_are_loaded_whatever_form_their_days_have(world: World):
    world.dimensions()
    unit = {
        "MaDonVi": f"{SO}\u200b",
        "MucDo": 4,
        "HieuLucTu": "2025-01-31T17:00:00Z",
        "HieuLucDen": "9999-12-31T23:59:59Z",
    }
    other = {"MaDonVi": "000.01.42.H59", "MucDo": "3", "HieuLucTu": "01/02/2025", "HieuLucDen": "30/06/2025"}
    record = {
        "MaTTHC": "1.300000",
        "TenTTHC": "T",
        "DonViThucHien": [unit, other],
        "NgayCapNhat": "20240101000000",
    }
    batch, _ = world.ingest("tthc", world.json([record]), at="2025-05-10")
    assert (batch.lines_accepted, batch.lines_rejected) == (1, 0)
    assert world.rows(
        "SELECT ma_don_vi, muc_do, valid_from::text, valid_to::text FROM core.tthc_don_vi "
        "WHERE ma_tthc = '1.300000' ORDER BY ma_don_vi"
    ) == [(SO, 4, "2025-02-01", "infinity"), ("000.01.42.H59", 3, "2025-02-01", "2025-06-30")]


@pytest.mark.parametrize("moment", ["thoi_diem", "\\u0074hoi_diem", "thoi\\u005Fdiem"])
@pytest.mark.parametrize("before", ["", '"error_code": "0", '])
def test_envelope_behind_the_records_counts_as_one_before_them(
    province: World, monkeypatch, moment: str, before: str
):
    monkeypatch.setattr(json_file, "HEADER_RECORDS", 2)
    records = json.dumps([dossier(n) for n in range(1, 6)])
    text = f'{{{before}"data": {records}, "tong_so": 5, "{moment}": "20250401000000"}}'
    batch, _ = province.ingest("ho_so", province.text(text, "json"))
    assert (batch.stated_total, str(batch.extracted_at)) == (5, "2025-04-01 00:00:00")
    assert batch.time_source == "stated"


@pytest.mark.parametrize("word", ["thoi_diem", "\\u0074hoi_diem"])
@pytest.mark.parametrize("at", range(json_file.BLOCK_BYTES - 14, json_file.BLOCK_BYTES + 1, 2))
def test_moment_behind_the_records_is_found_wherever_a_block_ends(tmp_path, word: str, at: int):
    path = tmp_path / "document.json"
    path.write_text(f"{' ' * at}{word}")
    assert json_file._may_tell_moment(path)
    path.write_text(f"{' ' * at}thoi gian, \\u1ea1, \\u00e0")
    assert not json_file._may_tell_moment(path)


def test_envelope_line_is_listed_and_no_dossier(province: World):
    text = '{"tong_so": 2, "thoi_diem": "20250401000000"}\n' + without_nulls(dossier(1), dossier(2))
    batch, _ = province.ingest("ho_so", province.text(text, "jsonl"))
    assert batch.lines_read == 2
    query = "SELECT records_in_file, lines_skipped FROM ops.batch WHERE batch_id = :b"
    assert province.rows(query, b=batch.batch_id) == [(3, 1)]
    query = "SELECT line_no, kind, content FROM ops.skipped_line WHERE batch_id = :b"
    assert province.rows(query, b=batch.batch_id) == [(1, "envelope", None)]


def test_another_list_beside_data_is_named(world: World):
    [note] = account_of(world, loi=[{"MaDonVi": "d9"}]).notes
    assert "loi" in note


@pytest.mark.parametrize(
    "content", ["[]", " [ ] ", '{"data": []}', '{"tong_so": 0, "data": [ ]}', '{"tong_so": 0}']
)
def test_export_without_records_is_valid(world: World, content: str):
    assert lines_of(world, content) == []


# No file harms the worker -----------------------------------------------------------------------


@pytest.mark.own_process
@pytest.mark.long
@pytest.mark.parametrize(
    ("content", "says"),
    [
        (lambda: "[" * 200_000, "here stands a value"),
        (lambda: '[{"a": ' + "[" * 20_000 + "]" * 20_000 + "}]", "more than 32 lists and objects"),
        (lambda: '[{"a": "' + "x" * 200_000_000 + '"}]', "more than 8 MiB"),
        (lambda: '[{"a": "' + '\\"' * 3_000_000 + '"}]', "a text has more than 1 MiB"),
        (lambda: "[{" + ",".join(f'"k{n}": 1' for n in range(120_000)) + "}]", "more than 2,000 fields"),
        (lambda: "[" + " " * 50_000_000 + ",]", "here stands a comma"),
        (lambda: "[" + "{}," * 10_000_000 + "{}]", "no header row"),
        (lambda: '[{"a": [' + "{}," * 2_600_000 + "{}]}]", "no header row"),
        (lambda: '{"MaDonVi": "a"\n' * 500_000, "more than 32 lists and objects"),
        (lambda: f'[{{"MaDonVi": {"9" * 5_000_000}}}]', "no header row"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_hostile_file_is_refused_soon_and_the_caller_goes_on(tmp_path, content: Callable[[], str], says: str):
    path = tmp_path / "a.json"
    # Written out only now: all of them together would be half a gigabyte in every process that tests.
    path.write_text(content(), encoding="utf-8")
    took = taken("don_vi", path)
    assert re.search(says, took.said), took.said
    assert took.cpu_s < 30
    assert took.peak_bytes < 1_000_000_000


@pytest.mark.own_process
@pytest.mark.long
def test_document_of_111_mb_in_one_line_is_read_within_the_memory_of_a_csv(tmp_path):
    lists = {"TaiLieuNop": [{"DuocSoHoa": "1", "DuongDanTaiTepTin": "/tep/" + "x" * 300}] * 4}
    text = text_of(dossier(1, TrichYeuHoSo="Xin cấp phép " * 20, **lists))
    path = tmp_path / "a.json"
    with path.open("w", encoding="utf-8") as file:
        file.write(f'{{"data": [{text}')
        for _ in range(111_000_000 // len(text.encode())):
            file.write(f",{text}")
        file.write("]}")
    assert path.stat().st_size > 110_000_000
    took = taken("ho_so", path)
    assert took.rows == took.records == 1 + 111_000_000 // len(text.encode())
    assert took.peak_bytes < 300_000_000
