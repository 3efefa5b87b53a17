"""The draft of the report: every number in it, and the places that are left to the officer."""

import io
import re
from datetime import datetime

import docx
import pytest
import sqlalchemy as sa
from docx.enum.text import WD_COLOR_INDEX

from cchc.reports.draft import TEMPLATE, WHO_ISSUES, draft
from cchc.reports.standing import PROVINCE, standing_of
from cchc.vietnamese import VIETNAM
from tests.reports.conftest import OF_ALL, OF_SO, OF_XA
from tests.world import SO, XA

MADE_AT = datetime(2025, 4, 2, 8, 30, tzinfo=VIETNAM)
# Those of the table in the draft: columns 4 and 5 stand in the text.
SHOWN = (3, 6, 7, 8, 9, 10, 11, 12, 13)


def draft_of(connection, unit=PROVINCE, ky="2025-03", ky_loai="thang"):
    content = draft(connection, standing_of(connection, ky_loai, ky, unit, made_at=MADE_AT))
    return docx.Document(io.BytesIO(content))


def words(document) -> str:
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join([paragraph.text for paragraph in document.paragraphs] + cells)


def table(document, head: str) -> list[list[str]]:
    found = next(table for table in document.tables if table.rows[0].cells[0].text == head)
    return [[cell.text for cell in row.cells] for row in found.rows[1:]]


def of(columns: tuple) -> list[str]:
    return [str(columns[column - 3]) for column in SHOWN]


def test_the_form_is_told_in_words_and_in_a_table(connection):
    document = draft_of(connection)
    assert (
        "trong kỳ toàn tỉnh tiếp nhận 8 hồ sơ mới, trong đó 5 hồ sơ trực tuyến, và 2 hồ sơ kỳ trước chuyển "
        "sang. Đã giải quyết 6 hồ sơ: trước hạn 2, đúng hạn 2, quá hạn 2. Đang giải quyết 4 hồ sơ: trong hạn "
        "3, quá hạn 1."
    ) in words(document)
    assert table(document, "Phạm vi") == [
        ["Các sở, ban, ngành", *of(OF_SO)],
        ["Các huyện, thị xã, thành phố", *["0"] * 9],
        ["Các xã, phường, thị trấn", *of(OF_XA)],
        ["Toàn tỉnh", *of(OF_ALL)],
    ]


def test_indicators_stand_in_their_order_with_target_and_change(connection):
    document = draft_of(connection)
    rows = {row[1]: row for row in table(document, "TT")}
    online = rows["Tỷ lệ hồ sơ nộp trực tuyến trên tổng hồ sơ tiếp nhận"]
    assert online[2:] == ["60,00 %", "62,50 %", "Đạt", "−37,50", "–"]
    assert [int(row[0]) for row in rows.values()] == list(range(1, len(rows) + 1))
    count = connection.scalar(
        sa.text(
            "SELECT count(*) FROM mart.chi_so WHERE ky_loai = 'thang' AND ky = '2025-03' "
            "AND ma_don_vi = 'TONG:toan_tinh'"
        )
    )
    assert len(rows) == count
    met = sum(row[4] == "Đạt" for row in rows.values())
    missed = sum(row[4] == "Chưa đạt" for row in rows.values())
    told = f"có {met} chỉ số đạt, {missed} chỉ số chưa đạt chỉ tiêu trong {met + missed} chỉ số"
    assert told in words(document)


@pytest.mark.long
def test_a_unit_reports_in_its_own_name(connection):
    document = draft_of(connection, SO)
    text = words(document)
    assert "SỞ XÂY DỰNG" in text
    assert WHO_ISSUES not in text
    assert "trong kỳ Sở Xây dựng tiếp nhận 6 hồ sơ mới" in text
    assert table(document, "Phạm vi") == [["Sở Xây dựng", *of(OF_SO)]]
    assert WHO_ISSUES in words(draft_of(connection))


@pytest.mark.long
def test_what_a_person_has_to_write_is_marked_and_nothing_else_is_left_open(connection):
    for unit in (PROVINCE, SO):
        document = draft_of(connection, unit)
        cells = [cell for table in document.tables for row in table.rows for cell in row.cells]
        paragraphs = [*document.paragraphs, *(p for cell in cells for p in cell.paragraphs)]
        marked = [
            run.text
            for paragraph in paragraphs
            for run in paragraph.runs
            if run.font.highlight_color == WD_COLOR_INDEX.YELLOW
        ]
        assert len(marked) == 12
        assert all(re.fullmatch(r"\[Cán bộ viết: .+\]", text) for text in marked)
        assert "{{" not in words(document) and "{%" not in words(document)
    # Each of the seven parts of the plan has its place.
    headings = [p.text for p in document.paragraphs if p.style.name.startswith("Heading")]
    assert len(headings) == 11


@pytest.mark.long
def test_the_chart_is_a_picture_with_words_for_who_does_not_see_it(connection):
    # Nothing ended in February: of the rate in time there is one month, of what was handed in online two.
    document = draft_of(connection)
    shapes = document.inline_shapes
    assert [shape._inline.docPr.get("descr") for shape in shapes] == [
        "Tỷ lệ hồ sơ nộp trực tuyến trên tổng hồ sơ tiếp nhận"
    ]
    assert "toàn tỉnh, theo tháng; nét đứt là chỉ tiêu" in words(document)
    assert len(draft_of(connection, "TONG:huyen").inline_shapes) == 0
    [picture] = [part.blob for part in document.part.package.iter_parts() if part.content_type == "image/png"]
    assert picture.startswith(b"\x89PNG") and len(picture) > 5_000


def test_footer_tells_state_and_the_file_when_it_was_made(connection):
    document = draft_of(connection)
    told = "Tạm tính, lần sửa 0; phản ánh thay đổi ở nguồn đến: Hệ thống TTHC (hồ sơ) 01/04/2025 00:00, "
    assert told in document.sections[0].footer.paragraphs[0].text
    assert told in words(document)
    assert document.core_properties.created.replace(tzinfo=None) == datetime(2025, 4, 2, 1, 30)


@pytest.mark.parametrize("evil", ["<w:br/>&amp; {{ 7*7 }} {% raw %}", "a\x07b\x00"[:3]])
def test_text_from_data_is_text(connection, evil):
    for name in ("mart.bieu_06a", "mart.chi_so"):
        connection.execute(
            sa.text(f"UPDATE {name} SET ten_don_vi = :evil WHERE ma_don_vi = :so"), {"evil": evil, "so": SO}
        )
    text = words(draft_of(connection, SO))
    assert evil.replace("\x07", "\\x07") in text


def test_the_template_names_nobody_and_no_place():
    document = docx.Document(str(TEMPLATE))
    of = document.core_properties
    assert (of.author, of.last_modified_by, of.comments) == ("", "", "")
    assert not re.search(r"Trà Vinh|Vĩnh Long", words(document))


def test_a_unit_with_a_long_name_has_a_draft(connection):
    """A word processor keeps 255 characters of a title."""
    name = "Xã " + "W" * 300
    connection.execute(
        sa.text("UPDATE mart.chi_so SET ten_don_vi = :n WHERE ma_don_vi = :u"), {"n": name, "u": XA}
    )
    content = draft(connection, standing_of(connection, "luy_ke", "2025-03", XA))
    title = docx.Document(io.BytesIO(content)).core_properties.title
    assert len(title) == 255 and title.endswith("W…")
