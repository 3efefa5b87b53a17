"""CSV as clerks and programs write it: every record is a line, is listed, or stops the file in words."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cchc.contracts import contract_of
from cchc.errors import BadFile
from cchc.reading import csv_file
from cchc.reading.formats import open_export
from tests.world import DOSSIER, FULL, World, code

HEADER = ",".join(FULL)
WIDTH = len(FULL)
AT = "2025-05-10"


def row(n: int, **changes: str) -> str:
    """A dossier's line; a value with a comma, quote or line break has to come quoted."""
    return ",".join(({"ma_ho_so": code(n)} | DOSSIER | changes).get(name, "") for name in FULL)


def table(*lines: str, end: str = "\n") -> str:
    return end.join([HEADER, *lines, ""])


def read(world: World, content: str | bytes, dataset: str = "ho_so") -> tuple[list[dict], object]:
    export = open_export(contract_of(dataset), world.text(content))
    rows = [line for batch in export.batches for line in batch.to_pylist()]
    assert export.account.records == len(rows) + export.account.skipped_records
    return rows, export.account


def refused(world: World, content: str | bytes) -> str:
    with pytest.raises(BadFile) as told:
        read(world, content)
    message = str(told.value)
    assert "phép" not in message, "a value of a row stands in the message"
    return message


# Quotes ---------------------------------------------------------------------------------------

TEXT = "ten_tthc"


@pytest.fixture(autouse=True)
def has_a_text_column() -> None:
    assert TEXT in FULL


def cut(n: int, column: str, value: str) -> str:
    """A line whose column holds `value` as it stands."""
    return row(n, **{column: value})


@pytest.mark.parametrize("rows", [20, 60_000])
def test_quote_that_is_never_closed_is_refused_with_its_line(world: World, rows: int):
    lines = [row(n) for n in range(1, rows + 1)]
    lines[1] = cut(2, FULL[-1], '"Xin cấp phép')
    told = refused(world, table(*lines))
    assert "line 3: a quote" in told and "never closed" in told


@pytest.mark.parametrize("where", ["first line", "last line", "in the middle"])
@pytest.mark.parametrize("column", [FULL[0], FULL[4], FULL[-1]])
def test_open_quote_is_found_wherever_it_stands(world: World, where: str, column: str):
    at = {"first line": 0, "last line": 99, "in the middle": 49}[where]
    lines = [row(n) for n in range(1, 101)]
    lines[at] = cut(at + 1, column, '"Xin cấp phép')
    assert f"line {at + 2}: a quote" in refused(world, table(*lines))


@pytest.mark.parametrize("apart", [1, 2, 10, 300])
@pytest.mark.parametrize("column", [FULL[0], FULL[4], FULL[-1]])
def test_pair_of_quotes_that_swallows_rows_is_refused_with_the_first_line(
    world: World, apart: int, column: str
):
    lines = [row(n) for n in range(1, 401)]
    lines[4] = cut(5, column, '"Xin cấp phép')
    lines[4 + apart] = cut(5 + apart, column, 'phép"')
    told = refused(world, table(*lines))
    assert "line 6: a quote" in told and f"line {6 + apart}" in told


@pytest.mark.parametrize(
    "value",
    [
        # As in the national catalogue: commas stand in the other quoted values of the last line.
        '"Thủ tục điều chỉnh quyết định thuộc thẩm \nquyền của Chủ tịch, của Giám đốc"',
        '"Hồ sơ gồm:\n- đơn, bản vẽ, ảnh, sơ đồ, bản sao, biên lai, giấy tờ, phiếu, thẻ, đĩa, mẫu, tờ\nhết"',
    ],
)
def test_value_of_several_lines_may_hold_as_many_commas_as_a_row(world: World, value: str):
    lines = [
        "ma_tthc,ten_tthc,co_quan_thuc_hien,ma_linh_vuc,ten_linh_vuc",
        "1.009642,Thủ tục một,Sở,LV1,Đầu tư",
        f'1.009644,{value},"Sở Tài chính, Sở Xây dựng, Ban quản lý, Ủy ban nhân dân",LV1,"Đầu tư, đấu thầu"',
        "1.009645,Thủ tục ba,Sở,LV1,Đầu tư",
    ]
    rows, _ = read(world, "\n".join(lines), "tthc")
    assert [row["ma_tthc"] for row in rows] == ["1.009642", "1.009644", "1.009645"]
    assert rows[1]["ten_tthc"] == value.strip('"')


def test_later_good_quote_does_not_hide_an_open_one(world: World):
    lines = [row(n) for n in range(1, 41)]
    lines[4] = cut(5, FULL[-1], '"Xin cấp phép')
    lines[20] = cut(21, FULL[-1], '"Xin cấp\nphép"')
    assert "line 6: a quote" in refused(world, table(*lines))


def test_quote_inside_a_quoted_value_is_refused_and_one_inside_a_plain_value_is_text(world: World):
    told = refused(world, table(row(1), cut(2, TEXT, '"Xin "cấp" phép"')))
    assert 'line 3: a quote (") stands inside a value' in told
    rows, _ = read(world, table(row(1), cut(2, TEXT, 'Xin "cấp" phép'), cut(3, TEXT, 'ống 5" phi'), row(4)))
    assert [line[TEXT] for line in rows[1:3]] == ['Xin "cấp" phép', 'ống 5" phi']
    assert [line["line_no"] for line in rows] == [2, 3, 4, 5]


def test_value_of_several_lines_is_one_line_and_the_next_has_the_number_an_editor_shows(world: World):
    long = '"Xin cấp phép\n\nxây dựng, tầng 2\r\nđợt ""ba"""'
    rows, account = read(world, table(row(1), cut(2, TEXT, long), row(3)))
    assert [line["line_no"] for line in rows] == [2, 3, 7]
    assert rows[1][TEXT] == 'Xin cấp phép\n\nxây dựng, tầng 2\nđợt "ba"'
    assert account.records == 4


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_numbers_are_an_editors_after_blank_lines_whatever_the_line_ends(
    world: World, end: str, encoding: str
):
    text = table(row(1), "", row(2), "", "   ", row(3), end=end)
    rows, account = read(world, text.encode(encoding))
    assert [line["line_no"] for line in rows] == [2, 4, 7]
    assert [(s.line_no, s.last_line_no, s.kind) for s in account.skipped] == [
        (1, 1, "header"),
        (3, 3, "blank"),
        (5, 6, "blank"),
    ]


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_blocks_of_any_size_give_the_same_records(data: st.DataObject):
    kinds = st.sampled_from(["plain", "quoted", "broken", "blank", "commas"])
    lines = []
    for n, kind in enumerate(data.draw(st.lists(kinds, min_size=1, max_size=30)), 1):
        value = {
            "plain": "Cấp phép",
            "quoted": '"Cấp ""phép"""',
            "broken": '"Cấp\nphép"',
            "commas": '"a, b, c"',
        }
        lines.append("" if kind == "blank" else cut(n, TEXT, value[kind]))
    text = table(*lines)
    with pytest.MonkeyPatch.context() as patch:
        seen = []
        for size in (data.draw(st.integers(1, 200)), 4 << 20):
            patch.setattr(csv_file, "READ_BYTES", size)
            patch.setattr(csv_file, "TOP_BYTES", len(HEADER.encode()) + 1)
            path = csv_file.Path(data.draw(st.just("/dev/shm"))) / "cchc_blocks.csv"
            path.write_text(text, encoding="utf-8")
            export = open_export(contract_of("ho_so"), path)
            rows = [line for batch in export.batches for line in batch.to_pylist()]
            seen.append((rows, export.account.records, export.account.skipped_records))
            path.unlink()
    assert seen[0] == seen[1]
    assert seen[0][1] == len(lines) + 1


def test_more_cells_than_the_header_are_refused_with_the_line(world: World):
    told = refused(world, table(row(1), "", row(2) + ",thừa"))
    assert f"line 4 has {WIDTH + 1} cells, expected {WIDTH}" in told


@pytest.mark.parametrize("content", [b"\x00", b"a\xff"])
def test_damage_in_the_middle_is_told_with_its_line(world: World, content: bytes):
    text = table(*[row(n) for n in range(1, 30_000)]).encode()
    lines = text.split(b"\n")
    lines[25_000] += content
    assert "line 25001" in refused(world, b"\n".join(lines))


# Lines that are none ---------------------------------------------------------------------------

LIST = (
    "STT,Mã hồ sơ,Mã TTHC,Trạng thái,Đơn vị xử lý,Chủ hồ sơ,Ngày tiếp nhận,Ngày hẹn trả,Ngày kết thúc xử lý"
)


def listed(n: int) -> str:
    return f"{n},{code(n)},1.000001,Đang xử lý,Sở Xây dựng,Nguyễn Thị Thử,05/03/2025 09:00,12/03/2025 09:00,"


def vendor(*lines: str, above: tuple[str, ...] = ()) -> str:
    return "\n".join([*above, LIST, *lines, ""])


def test_lines_that_are_none_are_listed_and_not_counted(province: World):
    content = vendor(
        "(1),(2),(3),(4),(5),(6),(7),(8),(9)",
        "I,Sở ban ngành,,,,,,,",
        *[listed(n) for n in range(1, 21)],
        ",,,,,,,,",
        LIST,
        "II,UBND cấp xã,,,,,,,",
        *[listed(n) for n in range(21, 41)],
        "Tổng cộng,,40,,,,,,",
        ",,,,,\"Trà Vinh, ngày 01 tháng 4 năm 2025\",,,",
        ",Người lập biểu,,,,Thủ trưởng đơn vị,,,",
        ",\"(Ký, ghi rõ họ tên)\",,,,,,,",
        ",Trần Thị Vôdanh,,,,Lê Văn Vôdanh,,,",
        above=("UBND TỈNH,,,,,,,,", ",,,,,,,,", "Thời điểm xuất: 1/4/2025 7:05,,,,,,,,"),
    )  # fmt: skip
    batch, _ = province.ingest("ho_so", province.text(content))
    assert (batch.lines_read, batch.lines_accepted, batch.lines_rejected) == (40, 40, 0)
    assert batch.stated_total == 40
    assert (str(batch.extracted_at), batch.time_source) == ("2025-04-01 07:05:00", "stated")
    listed_lines = province.rows(
        "SELECT line_no, last_line_no, kind, content FROM ops.skipped_line WHERE batch_id = :b ORDER BY 1",
        b=batch.batch_id,
    )
    assert listed_lines == [
        (1, 1, "title", None),
        (2, 2, "blank", None),
        (3, 3, "title", None),
        (4, 4, "header", None),
        (5, 5, "numbering", None),
        (6, 6, "subheading", None),
        (27, 27, "blank", None),
        (28, 28, "header", None),
        (29, 29, "subheading", None),
        (50, 50, "total", "Tổng cộng 40"),
        (51, 54, "signature", None),
    ]
    assert province.rows(
        "SELECT records_in_file, lines_skipped FROM ops.batch WHERE batch_id = :b", b=batch.batch_id
    ) == [(54, 14)]


def test_line_without_a_key_is_rejected_when_it_has_the_rest_of_a_dossier(province: World):
    lines = [listed(n) for n in range(1, 41)]
    lines[9] = lines[9].replace(code(10), "")
    batch, _ = province.ingest("ho_so", province.text(vendor(*lines)), at=AT)
    assert (batch.lines_read, batch.lines_accepted, batch.lines_rejected) == (40, 39, 1)
    assert province.rows("SELECT line_no, rule_ids FROM ops.reject") == [(11, ["HS01"])]


# Stated totals ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "number"),
    [
        ("Tổng số: 3 hồ sơ,,,,,,,,", 3),
        ("Tổng cộng,3,,,,,,,", 3),
        ("Tổng số hồ sơ,3,,,,,,,", 3),
        (",Tổng số hồ sơ: 3,,,,,,,", 3),
        ("TỔNG SỐ,,,,3,,,,", 3),
        ("Cộng:,3,,,,,,,", 3),
        ("Tổng số : 3 hồ sơ.,,,,,,,,", 3),
        ("Tổng số,4,,,,,,,", 4),
        ('Tổng số,"1.003",,,,,,,', 1003),
        ("Tổng số,-3,,,,,,,", None),
        ("Tổng số,9223372036854775808,,,,,,,", None),
        ("Tổng số,3 hồ sơ; trễ hạn 1,,,,,,,", None),
        ("Tổng số hồ sơ trễ hạn,1,,,,,,,", None),
        ("Tổng cộng,3,1,,,,,,", None),
    ],
)
@pytest.mark.parametrize("above", [True, False])
def test_stated_total_is_judged_or_named_as_not_understood(
    province: World, words: str, number: int | None, above: bool
):
    lines = [listed(n) for n in (1, 2, 3)]
    content = vendor(*lines, above=(words,)) if above else vendor(*lines, words)
    batch_id = province.land("ho_so", province.text(content), at=AT)
    if number in (None, 3):
        from cchc.judging.validation import validate  # noqa: PLC0415

        batch = validate(province.engine, batch_id)
        assert (batch.lines_read, batch.stated_total, batch.lines_rejected) == (3, number, 0)
    else:
        with pytest.raises(Exception, match=rf"read 3, stated {number}"):
            province.ingest("ho_so", province.folder / f"tep_{province.files}.csv", at=AT)
    [(notes,)] = province.rows("SELECT notes FROM ops.batch WHERE batch_id = :b", b=batch_id)
    assert len(notes) == (number is None)


def test_totals_of_sections_are_judged_each(province: World):
    good = vendor(listed(1), listed(2), "Cộng,2,,,,,,,", listed(3), "Cộng,1,,,,,,,", "Tổng cộng,3,,,,,,,")
    batch, _ = province.ingest("ho_so", province.text(good), at=AT)
    assert (batch.lines_accepted, batch.stated_total) == (3, 3)
    province.without_dossiers()
    bad = vendor(listed(1), listed(2), "Cộng,2,,,,,,,", listed(3), "Cộng,2,,,,,,,", "Tổng cộng,3,,,,,,,")
    with pytest.raises(Exception, match="read 3, stated 2"):
        province.ingest("ho_so", province.text(bad), at=AT)


# The time of an export -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "moment"),
    [
        ("Thời điểm xuất: 01/04/2025 07:05", "2025-04-01 07:05:00"),
        ("Thời điểm xuất : 1/4/2025 7:05", "2025-04-01 07:05:00"),
        ("THỜI ĐIỂM XUẤT: 1/4/2025 7:05:09", "2025-04-01 07:05:09"),
        ("Ngày xuất: 01/04/2025", "2025-04-01 23:59:59"),
        ("Thời điểm xuất: 07:05 ngày 01/04/2025", "2025-04-01 07:05:00"),
        ("Người xuất: X. Ngày xuất: 01/04/2025 lúc 7h05", "2025-04-01 07:05:00"),
    ],
)
def test_time_of_an_export_is_read_where_the_layout_says_it_stands(province: World, words: str, moment: str):
    content = vendor(listed(1), above=(f"{words},,,,,,,,",))
    batch, _ = province.ingest("ho_so", province.text(content))
    assert (str(batch.extracted_at), batch.time_source) == (moment, "stated")


@pytest.mark.parametrize("words", ["In ngày 01/04/2025", "Thời điểm xuất: 31/04/2025", "Thời điểm xuất:"])
def test_time_that_is_not_stated_is_asked_for(province: World, words: str):
    with pytest.raises(BadFile, match="parameter extracted_at"):
        province.ingest("ho_so", province.text(vendor(listed(1), above=(f"{words},,,,,,,,",))))


def test_export_of_the_future_is_refused_and_the_right_time_loads_it(province: World):
    path = province.text(vendor(listed(1), above=("Thời điểm xuất: 01/04/2052 07:05,,,,,,,,",)))
    with pytest.raises(BadFile, match="later than now"):
        province.ingest("ho_so", path)
    with pytest.raises(BadFile, match="later than now"):
        province.ingest("ho_so", path, at="2052-04-01")
    batch, _ = province.ingest("ho_so", path, at=AT)
    assert (batch.lines_accepted, batch.time_source) == (1, "given")
    assert province.rows("SELECT max(ky) FROM ops.period") == [("2025-05",)]
