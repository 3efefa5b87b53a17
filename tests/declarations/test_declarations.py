"""Declared figures: the form as an officer gets and fills it, what is refused, revisions, the targets."""

from datetime import datetime
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cchc.declarations.form import HEADER_ROW, write_form
from cchc.errors import BadFile, BatchStopped, CchcError
from cchc.judging.suites import rules_of
from cchc.registers.declared_items import items
from tests.torture import often
from tests.world import HUYEN, SO, XA, World

PROVINCE = "TONG:toan_tinh"
COLUMNS = ["ma_so_lieu", "don_vi", "ky", "gia_tri", "chuc_danh", "ngay_khai"]
PART, WHOLE = "bc_ktxh_qua_he_thong", "bc_ktxh_phai_gui"


def line(
    item: str, value: object, unit: str = SO, ky: str = "2025-03", at: str = "2025-04-02 08:00:00"
) -> dict:
    return dict(zip(COLUMNS, (item, unit, ky, str(value), "Văn thư", at), strict=True))


def fill(path: Path, values: dict[str, object], at: datetime = datetime(2025, 4, 2, 8, 30)) -> Path:
    """Fills a form in a spreadsheet program, as far as the sheet lets one."""
    book = openpyxl.load_workbook(path)
    sheet = book.active
    sheet["C4"], sheet["C5"] = "Công chức phụ trách CCHC", at
    for row in sheet.iter_rows(min_row=HEADER_ROW + 2):
        if row[1].value in values:
            row[4].value = values[row[1].value]
    filled = path.with_name(f"{path.stem}_{at:%d%H%M}.xlsx")
    book.save(filled)
    return filled


@pytest.fixture
def month(province: World) -> World:
    """Three months in which each of the three units received one dossier."""
    province.add(*({"don_vi_xu_ly": unit} for unit in (SO, HUYEN, XA)))
    return province


def declared(world: World) -> list[tuple]:
    return world.rows(
        "SELECT ma_so_lieu, gia_tri, revision, is_current, chuc_danh FROM mart.khai_bao "
        "ORDER BY ma_so_lieu, revision"
    )


def test_form_has_its_locks_lists_and_guidance(month, tmp_path):
    path = tmp_path / "phieu.xlsx"
    assert write_form(month.engine, "ubnd phường 1, thành phố trà vinh", "2025-03", path).ma_don_vi == XA
    sheet = openpyxl.load_workbook(path).active
    assert sheet["A2"].value == f"Đơn vị: UBND Phường 1, Thành phố Trà Vinh [{XA}]"
    assert sheet["A3"].value == "Kỳ báo cáo: 2025-03"
    assert sheet.protection.sheet
    rows = list(sheet.iter_rows(min_row=HEADER_ROW + 2))
    assert [row[1].value for row in rows] == [item.ma_so_lieu for item in items()]
    open_cells = {cell.coordinate for row in sheet.iter_rows() for cell in row if not cell.protection.locked}
    values = {row[4].coordinate for row in rows}
    assert open_cells == {"C4", "C5"} | values | {row[6].coordinate for row in rows}
    rules = {str(rule.sqref): rule for rule in sheet.data_validations.dataValidation}
    assert set(rules) == {"C4", "C5"} | values
    kinds = {row[1].value: rules[row[4].coordinate] for row in rows}
    assert (kinds["iso_dien_tu"].type, kinds["iso_dien_tu"].formula1) == ("list", '"Có,Không"')
    assert (kinds[WHOLE].type, kinds[WHOLE].formula1) == ("whole", "0")


def test_form_holds_text_that_no_spreadsheet_computes(month, tmp_path, monkeypatch):
    item = items()[0].model_copy(
        update={"ten": "=1+1", "don_vi_tinh": "@SUM(A1)", "huong_dan": "+cmd|' /C'!A0"}
    )
    monkeypatch.setattr("cchc.declarations.form.items", lambda: (item,))
    path = tmp_path / "phieu.xlsx"
    write_form(month.engine, SO, "2025-03", path)
    cells = [cell for row in openpyxl.load_workbook(path).active.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} <= {"s", "n"}
    texts = {cell.value: cell.quotePrefix for cell in cells if str(cell.value)[:1] in "=+-@"}
    # They stay text when somebody edits their cell, too.
    assert texts == {"=1+1": True, "@SUM(A1)": True, "+cmd|' /C'!A0": True}


def test_form_filled_by_an_officer_comes_back_as_figures(month, tmp_path):
    path = tmp_path / "phieu.xlsx"
    write_form(month.engine, SO, "2025-03", path)
    filled = fill(path, {WHOLE: 8, PART: 6, "iso_dien_tu": "Có", "ho_so_ngoai_he_thong": 3})
    batch, _ = month.ingest("khai_bao", filled)
    assert (batch.lines_read, batch.lines_accepted, batch.lines_rejected) == (len(items()), len(items()), 0)
    officer = "Công chức phụ trách CCHC"
    assert declared(month) == [
        (WHOLE, 8, 0, True, officer), (PART, 6, 0, True, officer),
        ("ho_so_ngoai_he_thong", 3, 0, True, officer), ("iso_dien_tu", 1, 0, True, officer),
    ]  # fmt: skip
    month.refresh_all()
    assert month.figure("T4", SO, "2025-03") == (6, 8)
    assert month.figure("T5", SO, "2025-03") == (1, 1)
    # One dossier in the system, three outside.
    assert month.figure("T6", SO, "2025-03") == (1, 4)
    # The same form again changes nothing; a form written now shows what is declared.
    again, _ = month.ingest("khai_bao", filled)
    assert again.batch_id == batch.batch_id
    write_form(month.engine, SO, "2025-03", path)
    sheet = openpyxl.load_workbook(path).active
    shown = {row[1].value: (row[4].value, row[4].comment) for row in sheet.iter_rows(min_row=HEADER_ROW + 2)}
    assert (shown[WHOLE][0], shown["iso_dien_tu"][0], shown["paht_ap_dung"][0]) == (8, "Có", None)
    assert "lần 1" in shown[WHOLE][1].text


@pytest.mark.parametrize(
    ("cell", "rule"), [("C4", "Thiếu chức danh người khai"), ("C5", "Thiếu ngày giờ khai")]
)
def test_what_is_left_empty_above_the_table_does_not_take_the_words_below_it(month, tmp_path, cell, rule):
    path = tmp_path / "phieu.xlsx"
    write_form(month.engine, SO, "2025-03", path)
    filled = fill(path, {"ho_so_ngoai_he_thong": 3})
    book = openpyxl.load_workbook(filled)
    book.active[cell] = None
    book.save(filled)
    batch, _ = month.ingest("khai_bao", filled)
    assert (batch.lines_accepted, batch.lines_rejected) == (0, len(items()))
    reasons = month.rows("SELECT DISTINCT reasons FROM ops.reject WHERE NOT 'KB09' = ANY(rule_ids)")
    assert reasons == [([rule],)]


def test_later_declaration_supersedes_and_the_earlier_stays(month, tmp_path):
    path = tmp_path / "phieu.xlsx"
    write_form(month.engine, SO, "2025-03", path)
    month.ingest("khai_bao", fill(path, {WHOLE: 8, PART: 6, "iso_dien_tu": "Không"}))
    month.refresh_all()
    # Only the pair is declared again; what stays empty keeps its earlier value.
    month.ingest("khai_bao", fill(path, {WHOLE: 9, PART: 9}, datetime(2025, 4, 5, 9, 0)))
    month.refresh_all()
    assert [row[:4] for row in declared(month)] == [
        (WHOLE, 8, 0, False), (WHOLE, 9, 1, True), (PART, 6, 0, False), (PART, 9, 1, True),
        ("iso_dien_tu", 0, 0, True),
    ]  # fmt: skip
    assert month.figure("T4", SO, "2025-03") == (9, 9)
    assert month.figure("T5", SO, "2025-03") == (0, 1)
    changes = month.rows(
        "SELECT gia_tri_cu, gia_tri_moi FROM ops.figure_change WHERE ma_chi_so = 'T4' AND ma_don_vi = :u "
        "AND ky_loai = 'thang' ORDER BY change_id",
        u=SO,
    )
    assert changes == [(75, 100)]


@pytest.mark.long
@pytest.mark.torture
@settings(
    max_examples=often(24, 4), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(order=st.permutations(range(4)))
def test_order_of_arrival_does_not_matter(month, monkeypatch, order):
    # The other months of the year are counted in other tests.
    monkeypatch.setenv("CCHC_KY_DAU", "2025-03")
    month.without_dossiers().add(*({"don_vi_xu_ly": unit} for unit in (SO, HUYEN, XA)))
    forms = [
        [line(WHOLE, 8), line(PART, 6)],
        [line(WHOLE, 9, at="2025-04-03 08:00:00"), line(PART, 1, at="2025-04-03 08:00:00")],
        [line("iso_dien_tu", 1)],
        [line(WHOLE, 5, unit=XA), line(PART, 5, unit=XA), line("iso_dien_tu", 0, unit=XA)],
    ]
    for number in order:
        month.ingest("khai_bao", month.csv(forms[number], COLUMNS))
    month.refresh_all()
    assert month.figure("T4", SO, "2025-03") == (1, 9)
    assert month.figure("T4", PROVINCE, "2025-03") == (6, 14)
    assert month.figure("T5", PROVINCE, "2025-03") == (1, 2)
    # Other reading: of all three units one says yes.
    assert month.reading("T5_moi_don_vi", PROVINCE, "2025-03") == (1, 3)
    assert [row[2:4] for row in declared(month) if row[0] == WHOLE] == [(0, False), (0, True), (1, True)]


REFUSED = {
    "unknown item": ([line("khong_co", 1)], {"KB01"}),
    "unknown unit": ([line("iso_dien_tu", 1, unit="UBND Phường 99")], {"KB02"}),
    "no month": ([line("iso_dien_tu", 1, ky="03/2025")], {"KB02", "KB03"}),
    "month to come": ([line("iso_dien_tu", 1, ky="2025-06")], {"KB06"}),
    "half a dossier": ([line("ho_so_ngoai_he_thong", "1.5")], {"KB07"}),
    "negative": ([line("ho_so_ngoai_he_thong", -1)], {"KB07"}),
    "no number": ([line("ho_so_ngoai_he_thong", "1.500.000")], {"KB00"}),
    "neither yes nor no": ([line("iso_dien_tu", 2)], {"KB08"}),
    "part without the whole": ([line(PART, 2)], {"KB09"}),
    "no position": ([line("iso_dien_tu", 1) | {"chuc_danh": ""}], {"KB05"}),
    "wrongly decoded": ([line("iso_dien_tu", 1) | {"chuc_danh": "Ch¸nh V¨n phßng"}], {"KB28"}),
    "no time": ([line("iso_dien_tu", 1) | {"ngay_khai": ""}], {"KB04"}),
}


@pytest.mark.parametrize("name", REFUSED)
def test_line_is_refused_with_its_reason(province, name):
    lines, rules = REFUSED[name]
    batch, _ = province.ingest("khai_bao", province.csv([*lines, line("paht_ap_dung", 1)], COLUMNS))
    assert (batch.lines_accepted, batch.lines_rejected) == (1, len(lines))
    found = province.rows("SELECT rule_ids FROM ops.reject WHERE batch_id = :b", b=batch.batch_id)
    assert {rule for (ids,) in found for rule in ids} == rules


def test_part_above_the_whole_rejects_both(province):
    batch, _ = province.ingest("khai_bao", province.csv([line(WHOLE, 3), line(PART, 4)], COLUMNS))
    assert (batch.lines_accepted, batch.lines_rejected) == (0, 2)
    assert province.rows(
        "SELECT DISTINCT rule_ids FROM ops.reject WHERE batch_id = :b", b=batch.batch_id
    ) == [(["KB10"],)]


# What a line may be rejected for by itself, without the other one of its pair; the others name unit, month or
# time, which both have.
ALONE = {
    "KB00": {"gia_tri": "1.500.000"},
    "KB05": {"chuc_danh": ""},
    "KB07": {"gia_tri": "10.5"},
    "KB28": {"chuc_danh": "Ch¸nh V¨n phßng"},
}
BOTH = {"KB02", "KB03", "KB04", "KB06", "KB09", "KB10"}


def test_every_rule_that_rejects_a_line_is_tried_on_one_of_a_pair():
    # Unknown items and those of yes and no have no counterpart.
    rules = {
        ma
        for ma, rule in rules_of("khai_bao").items()
        if rule.scope == "dong" and rule.severity == "critical"
    }
    assert rules == {*ALONE, *BOTH, "KB01", "KB08"}


@pytest.mark.parametrize("faulty", [WHOLE, PART])
@pytest.mark.parametrize("rule", ALONE)
def test_pair_of_which_one_is_rejected_is_rejected_and_the_pair_before_stands(month, rule, faulty):
    """A part without its whole would be more than all of it: 8 of 0, or of 7 as was declared before."""
    later = "2025-04-05 08:00:00"
    month.ingest("khai_bao", month.csv([line(WHOLE, 7), line(PART, 6)], COLUMNS))
    pair = [line(WHOLE, 10, at=later), line(PART, 8, at=later)]
    lines = [one | (ALONE[rule] if one["ma_so_lieu"] == faulty else {}) for one in pair]
    batch, _ = month.ingest("khai_bao", month.csv([*lines, line("paht_ap_dung", 1)], COLUMNS))
    assert (batch.lines_accepted, batch.lines_rejected) == (1, 2)
    month.refresh_all()
    assert month.figure("T4", SO, "2025-03") == (6, 7)


@pytest.mark.parametrize(
    ("cell", "value", "rule"), [("C11", "Một nội dung khác", "KB21"), ("A6", "Mẫu phiếu: 0", "KB20")]
)
def test_form_whose_locked_cells_were_changed_stops(month, tmp_path, cell, value, rule):
    path = tmp_path / "phieu.xlsx"
    write_form(month.engine, SO, "2025-03", path)
    filled = fill(path, {"iso_dien_tu": "Có"})
    book = openpyxl.load_workbook(filled)
    book.active[cell] = value
    book.save(filled)
    with pytest.raises(BatchStopped, match=rule):
        month.ingest("khai_bao", filled)
    assert declared(month) == []


def test_form_of_another_kind_is_refused(month, tmp_path):
    path = tmp_path / "khac.xlsx"
    book = openpyxl.Workbook()
    book.active.append(["Mã số liệu", "Số"])
    book.save(path)
    with pytest.raises(BadFile, match="no header row of dataset khai_bao"):
        month.ingest("khai_bao", path)


def test_form_for_an_unknown_unit_names_those_near(month, tmp_path):
    with pytest.raises(CchcError, match=r"near: .*Sở Xây dựng"):
        write_form(month.engine, "Sở Xây Dựn", "2025-03", tmp_path / "phieu.xlsx")


def test_what_nobody_declared_is_empty_with_a_reason(month):
    month.refresh_all()
    for ma in ("T4", "T5", "T6", "T14", "T17", "don_gian_hoa", "cat_giam_chi_phi", "bao_cao_dung_han"):
        values = month.rows(
            "SELECT gia_tri, ly_do_na IS NULL FROM mart.chi_so WHERE ma_chi_so = :ma AND ma_don_vi = :u "
            "AND ky_loai = 'thang' AND ky = '2025-03'",
            ma=ma,
            u=SO,
        )
        assert values == [(None, False)], ma


def test_months_add_up_and_states_are_the_last_months(month):
    sent = {"2025-01": 1, "2025-02": 2, "2025-03": 4}
    lines = [
        *(line(WHOLE, 4, ky=ky, at=f"{ky}-20 08:00:00") for ky in sent),
        *(line(PART, number, ky=ky, at=f"{ky}-20 08:00:00") for ky, number in sent.items()),
        line("tthc_noi_bo_ra_soat", 10, ky="2025-01", at="2025-01-20 08:00:00"),
        line("tthc_noi_bo_don_gian_hoa", 1, ky="2025-01", at="2025-01-20 08:00:00"),
        line("tthc_noi_bo_ra_soat", 10), line("tthc_noi_bo_don_gian_hoa", 3),
    ]  # fmt: skip
    month.ingest("khai_bao", month.csv(lines, COLUMNS))
    month.refresh_all()
    # Flows of three months: 1 + 2 + 4 of 12; a state is March's: 3 of 10.
    assert month.figure("T4", SO, "2025-Q1", "quy") == (7, 12)
    assert month.figure("don_gian_hoa", SO, "2025-Q1", "quy") == (3, 10)
    # The report month of March holds March's declaration, whose day is the first.
    assert month.figure("T4", SO, "2025-03", "ky_bao_cao") == (4, 4)
    # February was not declared.
    assert month.figure("don_gian_hoa", SO, "2025-02") == (0, 0)
