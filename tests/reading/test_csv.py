"""CSV as clerks and programs write it: every record is a line, is listed, or stops the file in words."""

import tempfile
import time
from pathlib import Path

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


LIST = (
    "STT,Mã hồ sơ,Mã TTHC,Trạng thái,Đơn vị xử lý,Chủ hồ sơ,Ngày tiếp nhận,Ngày hẹn trả,Ngày kết thúc xử lý"
)


def listed(n: int) -> str:
    return f"{n},{code(n)},1.000001,Đang xử lý,Sở Xây dựng,Nguyễn Thị Thử,05/03/2025 09:00,12/03/2025 09:00,"


def vendor(*lines: str, above: tuple[str, ...] = ()) -> str:
    return "\n".join([*above, LIST, *lines, ""])


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


@pytest.mark.long
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


OPINION = (
    "Cán bộ nhiệt tình, vui vẻ, tận tình, nhanh\nTôi hài lòng, mong phát huy, cảm ơn, hẹn lại\nxin, cảm, ơn"
)


@pytest.mark.parametrize(
    ("dataset", "content", "column"),
    [
        ("danh_gia", f'ma_ho_so,thoi_gian_danh_gia,danh_gia,noi_dung\nA-1,20250320,tot,"{OPINION}"\n', None),
        ("danh_gia", f'ma_ho_so,noi_dung,thoi_gian_danh_gia,danh_gia\nA-1,"{OPINION}",20250320,tot\n', None),
        (
            "tthc",
            'ma_tthc,ten_tthc,ten_linh_vuc\n1.000001,"Cấp phép\nSố 5, ấp 3, xã X",Đất đai\n',
            "ten_tthc",
        ),
        ("don_vi", 'ma_don_vi,ten_don_vi,cap\n1,"UBND xã, huyện\nTrà Cú, tỉnh, TV",xa\n', "ten_don_vi"),
    ],
)
def test_sentences_with_commas_in_several_lines_are_a_value_in_a_narrow_table_too(
    world: World, dataset: str, content: str, column: str | None
):
    rows, account = read(world, content, dataset)
    assert (len(rows), account.records) == (1, 2)
    if column:
        assert rows[0][column] == content.split('"')[1]


def test_numbered_points_in_a_value_are_no_rows_below_a_serial_number(world: World):
    points = listed(2).replace("Sở Xây dựng", '"Sở Xây dựng:\n1, Bản sao, hai bản\n2, Giấy"')
    rows, _ = read(world, vendor(listed(1), points, listed(3)))
    assert rows[1]["don_vi_xu_ly"] == "Sở Xây dựng:\n1, Bản sao, hai bản\n2, Giấy"
    assert [line["line_no"] for line in rows] == [2, 3, 6]
    swallowed = listed(2).replace("Sở Xây dựng", '"Sở'), listed(3), listed(4).replace("Sở Xây dựng", 'Sở"')
    assert "line 3: a quote" in refused(world, vendor(listed(1), *swallowed))


@pytest.mark.long
def test_many_values_of_several_lines_take_no_longer_each(world: World):
    many = [cut(n, TEXT, '"Cấp\nphép"') for n in range(1, 60_001)]
    began = time.process_time()
    rows, _ = read(world, table(*many))
    assert len(rows) == 60_000
    assert time.process_time() - began < 10


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


@pytest.mark.long
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
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "a.csv"
                path.write_text(text, encoding="utf-8")
                export = open_export(contract_of("ho_so"), path)
                rows = [line for batch in export.batches for line in batch.to_pylist()]
            seen.append((rows, export.account.records, export.account.skipped_records))
    assert seen[0] == seen[1]
    assert seen[0][1] == len(lines) + 1


def test_more_cells_than_the_header_are_refused_with_the_line(world: World):
    told = refused(world, table(row(1), "", row(2) + ",thừa"))
    assert f"line 4 has {WIDTH + 1} cells, expected {WIDTH}" in told


def test_separator_inside_a_value_shifts_nothing_when_the_last_cell_is_empty(world: World):
    shifted = listed(2).replace("Nguyễn Thị Thử", "Nguyễn, Thị Thử")
    told = refused(world, vendor(listed(1), shifted))
    assert "line 3 has 10 cells, expected 9" in told and "each line ends with a separator too many" in told
    told = refused(world, vendor(listed(1), shifted).replace(LIST, LIST + ","))
    assert "line 2 has 9 cells, expected 10" in told


@pytest.mark.parametrize("more", ["", ",,"])
def test_lines_may_have_no_cells_below_empty_headings_at_the_end(world: World, more: str):
    lines = ["I,Sở ban ngành", *(listed(n) + more for n in (1, 2, 3)), LIST + ",,", "Tổng số,3"]
    rows, account = read(world, vendor(*lines).replace(LIST, LIST + ",,", 1))
    assert [line["ma_ho_so"] for line in rows] == [code(n) for n in (1, 2, 3)]
    assert [line["ngay_hen_tra"] for line in rows] == ["12/03/2025 09:00"] * 3
    assert [total.number for total in account.totals] == [3]


def test_cells_that_are_missing_below_a_heading_are_not_guessed(world: World):
    told = refused(world, vendor(listed(1), listed(2).removesuffix(",")))
    assert "line 3 has 8 cells, expected 9" in told and "leaves out empty cells at the end" in told


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("\n".join(f'"{line}"' for line in (LIST, listed(1))), 1),
        ("\n".join(f'"{line}";;' for line in (LIST, listed(1))), 1),
        ('"Danh sách hồ sơ,,,,,,,,\n' + vendor(listed(1)), 2),
        (vendor(listed(1), above=(",", ",")).replace("Mã TTHC", '"Mã TTHC'), 3),
    ],
)
def test_quotes_that_hide_the_header_are_named(world: World, content: str, line: int):
    assert f'line {line} holds the headers, but a quote (")' in refused(world, content)


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be"])
def test_line_of_what_is_no_text_is_an_editors(world: World, end: str, encoding: str):
    content = ("\ufeff" + end.join([LIST, *map(listed, range(1, 6))])).encode(encoding)
    # In UTF-16 the second half of a pair alone.
    wrong = {"utf-8": b"\xff", "utf-16-le": b"\x00\xdca\0", "utf-16-be": b"\xdc\x00\0a"}[encoding]
    assert f"line 6: the text is not {encoding[:6].upper()}" in refused(world, content + wrong)


def test_headings_with_numbers_and_rules_drawn_with_signs_are_no_lines(world: World):
    rows, account = read(
        world,
        vendor(
            *(",1. Phường 2,,,,,,,", listed(1), ",Xã Long Đức (12 hồ sơ),,,,,,,", "-,-,-,-,-,-,-,-,-"),
            *("----,----------,----,----,----,----,----,----,----", listed(2)),
        ),
    )
    assert [line["line_no"] for line in rows] == [3, 7]
    assert [(s.line_no, s.kind) for s in account.skipped] == [
        *((1, "header"), (2, "subheading"), (4, "subheading"), (5, "blank"))
    ]


@pytest.mark.long
@pytest.mark.parametrize("content", [b"\x00", b"a\xff"])
def test_damage_in_the_middle_is_told_with_its_line(world: World, content: bytes):
    text = table(*[row(n) for n in range(1, 30_000)]).encode()
    lines = text.split(b"\n")
    lines[25_000] += content
    assert "line 25001" in refused(world, b"\n".join(lines))


# Lines that are none ---------------------------------------------------------------------------


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
        ("Trang 1/2 - Tổng số 400 bản ghi,,,,,,,,", 400),
        ("Hiển thị 1-3 trong tổng số 400 bản ghi,,,,,,,,", 400),
        ("Từ 01/03/2025 đến 31/03/2025. Tổng số: 3 hồ sơ,,,,,,,,", 3),
        ("Danh sách hồ sơ (Tổng số: 3 hồ sơ),,,,,,,,", 3),
        ("- Tổng số: 3 hồ sơ./.,,,,,,,,", 3),
        ("Số bản ghi: 4,,,,,,,,", 4),
        ("Báo cáo của tổng số 3 hồ sơ,,,,,,,,", None),
        # Other things than dossiers.
        ("Tổng số đơn vị: 12,,,,,,,,", None),
        ("Tổng số: 12 thủ tục,,,,,,,,", None),
        # A section's own, which its name does not tell apart from other counts.
        ("Cộng I,2,,,,,,,", None),
        ("Cộng Sở Xây dựng: 2,,,,,,,,", None),
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


def test_section_of_sections_has_a_total_of_its_own(province: World):
    def lines(whole: int) -> str:
        return vendor(
            *(listed(1), "Cộng,1,,,,,,,", listed(2), listed(3), "Cộng,2,,,,,,,", "Cộng,3,,,,,,,"),
            *(listed(4), "Cộng,1,,,,,,,", listed(5), listed(6), "Cộng,2,,,,,,,", f"Cộng,{whole},,,,,,,"),
            "Tổng cộng,6,,,,,,,",
        )

    batch, _ = province.ingest("ho_so", province.text(lines(3)), at=AT)
    assert (batch.lines_accepted, batch.stated_total) == (6, 6)
    province.without_dossiers()
    with pytest.raises(Exception, match="read 6, stated 4"):
        province.ingest("ho_so", province.text(lines(4)), at=AT)


@pytest.mark.parametrize(
    ("dataset", "content", "lines", "total"),
    [
        ("tthc", "ma_tthc,ten_tthc\n1.000001,A\n1.000002,Tổng số B\nTổng số,2\n", 2, 2),
        ("qua_trinh", "ma_ho_so,thoi_gian,trang_thai\nA-1,20250305,2\nTổng cộng,1,dòng\n", 1, 1),
        (
            "don_vi",
            "ten_don_vi,ma_don_vi,cap,loai,ma_gso,nguon\nTổng cục Thuế,84,,,,\nTổng công ty 4,87,,,,\n"
            "Cộng đồng X,86,,,,\nChánh Văn phòng UBND,88,,,,\nTổng số,4,,,,\n",
            4,
            4,
        ),
    ],
)
def test_totals_of_narrow_tables_are_told_from_names_that_begin_alike(
    world: World, dataset: str, content: str, lines: int, total: int
):
    rows, account = read(world, content, dataset)
    assert (len(rows), [stated.number for stated in account.totals]) == (lines, [total])


def test_name_beside_a_total_is_not_kept(world: World):
    beside = "Người lập: Trần Thị Vôdanh - Tổng số: 1,,,,,,,,", "Tổng cộng 1,Lê Văn Vôdanh,,,,,,,"
    _, account = read(world, vendor(listed(1), *beside))
    assert [stretch.content for stretch in account.skipped if stretch.kind == "total"] == [
        "tổng số: 1",
        "Tổng cộng 1",
    ]
    assert "Vôdanh" not in str(account)


@pytest.mark.parametrize("again", [LIST.upper(), LIST.replace("Mã hồ sơ", "Mã  hồ sơ "), "\ufeff" + LIST])
def test_header_is_the_same_however_it_is_written_at_a_page_break(world: World, again: str):
    rows, account = read(world, vendor(listed(1), again, listed(2)))
    assert len(rows) == 2
    assert [stretch.line_no for stretch in account.skipped if stretch.kind == "header"] == [1, 3]


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
        ("Thời điểm xuất: 1/4/2025 7:05:00 CH", "2025-04-01 19:05:00"),
        ("Thời điểm xuất: 1/4/2025 12:05 AM", "2025-04-01 00:05:00"),
        ("Thời điểm xuất: 1/4/2025 12:05 pm", "2025-04-01 12:05:00"),
        ("Thời điểm xuất: 2025-04-01T07:05:00", "2025-04-01 07:05:00"),
        ("Thời điểm xuất: 2025-04-01T00:05:00Z", "2025-04-01 07:05:00"),
        ("Thời điểm xuất: 2025-03-31T19:05:00-05:00", "2025-04-01 07:05:00"),
        ("Thời điểm xuất: 2025/04/01 07:05", "2025-04-01 07:05:00"),
        ("Xuất lúc: 07 giờ 05 phút ngày 01 tháng 4 năm 2025", "2025-04-01 07:05:00"),
        ("Ngày xuất: Thứ Ba, 01/04/2025 - 07:05", "2025-04-01 07:05:00"),
        ("Ngày xuất: 01/04/2025 (07:05)", "2025-04-01 07:05:00"),
    ],
)
def test_time_of_an_export_is_read_where_the_layout_says_it_stands(province: World, words: str, moment: str):
    content = vendor(listed(1), above=(f"{words},,,,,,,,",))
    batch, _ = province.ingest("ho_so", province.text(content))
    assert (str(batch.extracted_at), batch.time_source) == (moment, "stated")


@pytest.mark.parametrize(
    "words",
    [
        "In ngày 01/04/2025",
        "Thời điểm xuất: 31/04/2025",
        "Thời điểm xuất:",
        # A part would stay unread, or it is a stretch of time, or contradicts itself.
        "Ngày xuất: 01/04/2025 đến 30/04/2025",
        "Ngày xuất: 01/04/2025 07.05",
        "Ngày xuất: 01/04/20255",
        "Ngày xuất: 01/04/2025 07:055",
        "Ngày xuất: 01/04/2025 19:05 SA",
        # What stands in the next title is another thing.
        "Ngày xuất:,,,,,,,,\n01/03/2025",
    ],
)
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
