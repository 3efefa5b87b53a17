"""Files of a closed period are of what was published, and bear number and hash of the ledger's entry."""

import io
import re
import zipfile

import docx
import openpyxl
import pytest
import sqlalchemy as sa

from cchc.errors import CchcError
from cchc.publication.closing import close, restate
from cchc.publication.ledger import write
from cchc.reports.files import official_file, official_files
from cchc.reports.sheet import LONGEST_FOOTER
from cchc.reports.standing import PROVINCE, standing_of
from tests.reports.conftest import DONE, DOSSIERS, OF_ALL, OF_SO, ended
from tests.reports.test_form_06a import lines
from tests.world import SO, World, code

MARCH = ("thang", "2025-03")
BY = {"by": "so_noi_vu", "approved_by": "van_phong"}
CLOSE = BY | {"reason": "Dữ liệu thử"}
# Comes after closing: received and ended late in March, at the sở. By hand: one more received online (columns
# 3 and 4), one more ended (7), and that late (10).
LATE = DONE | ended("20250325") | {"ma_ho_so": code(20), "ngay_cap_nhat": "20250402000000"}
OF_SO_THEN = tuple(cell + more for cell, more in zip(OF_SO, (1, 1, 0, 0, 1, 0, 0, 1, 0, 0, 0), strict=True))
OF_ALL_THEN = tuple(cell + more for cell, more in zip(OF_ALL, (1, 1, 0, 0, 1, 0, 0, 1, 0, 0, 0), strict=True))


@pytest.fixture(scope="module")
def closed(make_world) -> World:
    """January to March are closed; then one more dossier of March came."""
    world = make_world().dimensions()
    world.add(*DOSSIERS)
    world.refresh_all()
    for ky in ("2025-01", "2025-02", "2025-03"):
        close(world.engine, ky, **CLOSE)
    world.add(LATE, at="2025-04-03")
    world.refresh_all()
    return world


@pytest.fixture(scope="module")
def restated(make_world) -> World:
    """The same, and March is restated."""
    world = make_world().dimensions()
    world.add(*DOSSIERS)
    world.refresh_all()
    for ky in ("2025-01", "2025-02", "2025-03"):
        close(world.engine, ky, **CLOSE)
    world.add(LATE, at="2025-04-03")
    restate(world.engine, "2025-03", reason="Hồ sơ nộp muộn", **BY)
    return world


def entry(world: World, ky_loai: str, ky: str, revision: int) -> tuple[int, str]:
    """Number and hash of the newest entry that published a revision of a period, as psql tells them."""
    [found] = world.rows(
        "SELECT s.so, s.ma_bam FROM ops.so_cai AS s WHERE s.so = ("
        "SELECT max(c.so_cai) FROM mart.con_so_cong_bo AS c "
        "WHERE c.ky_loai = :k AND c.ky = :ky AND c.revision = :r)",
        k=ky_loai, ky=ky, r=revision,
    )  # fmt: skip
    return found


def files(world: World, unit: str = PROVINCE, period=MARCH, revision: int | None = None) -> dict[str, bytes]:
    """Kind → content."""
    made = official_files(world.engine, *period, unit, revision)
    return {re.match(r"[a-z]+_[0-9a-z]+", file.name)[0]: file.content for file in made}


def book(content: bytes) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(content))


def texts(sheet) -> str:
    return "\n".join(str(cell.value) for row in sheet.iter_rows() for cell in row if cell.value is not None)


def properties(content: bytes) -> dict[str, object]:
    return {one.name: one.value for one in book(content).custom_doc_props.props}


@pytest.mark.parametrize("unit", [PROVINCE, SO, "TONG:xa"])
@pytest.mark.parametrize("period", [MARCH, ("quy", "2025-Q1"), ("ky_bao_cao", "2025-03")])
def test_every_sheet_says_entry_and_hash_in_its_footer_its_last_note_and_its_properties(closed, unit, period):
    number, digest = entry(closed, *period, 0)
    of = f"Đã chốt, lần sửa 0, dòng sổ {number}, SHA-256 {digest}"
    made = files(closed, unit, period)
    assert set(made) == {"bieu_06a", "phu_luc", "du_thao"} | ({"tre_han"} if unit == SO else set())
    for kind, content in made.items():
        if kind == "du_thao":
            continue
        for sheet in book(content):
            assert of in sheet.oddFooter.left.text, (kind, sheet.title)
            assert f"Số liệu: {of}; " in texts(sheet)
        assert book(content).properties.description.startswith(of)
        assert properties(content) == {
            **{"trang_thai": "da_chot", "revision": 0, "so_cai": number, "ma_bam": digest}
        }


def test_a_footer_is_never_longer_than_a_spreadsheet_takes(closed, restated):
    for world, revision in ((closed, None), (restated, 0), (restated, 1)):
        for kind, content in files(world, SO, revision=revision).items():
            if kind != "du_thao":
                with zipfile.ZipFile(io.BytesIO(content)) as archive:
                    sheet = archive.read("xl/worksheets/sheet1.xml").decode()
                footer = re.search("<oddFooter>(.*)</oddFooter>", sheet)[1].replace("&amp;", "&")
                assert "SHA-256" in footer and "tệp lập lúc" in footer
                assert len(footer.replace("&quot;", '"')) <= LONGEST_FOOTER


def test_the_draft_says_entry_and_hash_in_its_text_and_its_properties(closed):
    number, digest = entry(closed, *MARCH, 0)
    document = docx.Document(io.BytesIO(files(closed)["du_thao"]))
    of = document.core_properties
    assert (of.identifier, of.subject, of.version, of.content_status) == (
        *(digest, f"Dòng sổ {number}", "0", "da_chot"),
    )
    said = [p.text for p in document.paragraphs]
    said += [p.text for section in document.sections for p in section.footer.paragraphs]
    assert any(f"dòng sổ {number}, SHA-256 {digest}" in text for text in said)


def test_the_form_of_a_closed_month_is_the_published_one_whatever_came_since(closed):
    """The dossier that came waits; what is live would be one more."""
    assert lines(book(files(closed)["bieu_06a"])["Theo đơn vị"])[-1] == (None, "Tổng số", *OF_ALL)
    # Even where the table of live reports is another.
    with closed.engine.connect() as connection, connection.begin() as transaction:
        connection.exec_driver_sql(
            "UPDATE mart.bieu_06a SET (cot_3, cot_4, cot_5, cot_6) = (99, 99, 0, 0), "
            "(cot_7, cot_8, cot_9, cot_10) = (0, 0, 0, 0), (cot_11, cot_12, cot_13) = (99, 99, 0)"
        )
        connection.exec_driver_sql("UPDATE mart.chi_so SET tu_so = 1005 WHERE ma_chi_so = 'tiep_nhan'")
        form = official_file(connection, "bieu_06a", *MARCH, PROVINCE).content
        appendix = official_file(connection, "phu_luc", *MARCH, PROVINCE).content
        transaction.rollback()
    assert lines(book(form)["Theo đơn vị"])[-1] == (None, "Tổng số", *OF_ALL)
    assert "1005" not in texts(book(appendix).active)


def test_the_live_report_of_a_closed_period_is_the_published_one(closed):
    columns = "ky_loai, ky, ma_don_vi, ma_linh_vuc, cot_3, cot_4, cot_7, cot_10, cot_11, cot_13"
    of_closed = "(ky_loai, ky) IN (SELECT ky_loai, ky FROM mart.ban_cong_bo)"
    live = closed.rows(f"SELECT {columns} FROM mart.bieu_06a WHERE {of_closed} ORDER BY 1, 2, 3, 4")
    assert live
    assert live == closed.rows(f"SELECT {columns} FROM mart.bieu_06a_cong_bo ORDER BY 1, 2, 3, 4")


def test_until_when_it_is_known_is_as_of_its_publication(closed):
    """What was loaded since tells until 3 April; what was published, until 1 April."""
    with closed.engine.connect() as connection:
        of_march = standing_of(connection, *MARCH, PROVINCE)
        assert of_march.waiting == ""
        open_year = standing_of(connection, "nam", "2025", PROVINCE)
    assert "Hệ thống TTHC (hồ sơ) 01/04/2025 00:00" in of_march.known
    assert "Hệ thống TTHC (hồ sơ) 03/04/2025 00:00" in open_year.known
    assert (open_year.edition, open_year.state) == (None, "Tạm tính, lần sửa 0")


def test_late_dossiers_of_a_closed_month_are_those_behind_its_form(closed, restated):
    for world, revision, wanted in (
        (closed, None, [code(3), code(4), code(7)]),
        (restated, None, [code(3), code(4), code(7), code(20)]),
        (restated, 0, [code(3), code(4), code(7)]),
    ):
        sheet = book(files(world, SO, revision=revision)["tre_han"])["Trễ hạn trong kỳ"]
        rows = [row for row in sheet.iter_rows(values_only=True) if isinstance(row[0], int)]
        assert sorted(row[1] for row in rows) == wanted
        assert all(row[7].endswith(".csv") and row[8] for row in rows)
    # Columns 10 and 13 of the form.
    assert len(wanted) == OF_SO[7] + OF_SO[10]


# Revisions ------------------------------------------------------------------------------------------


def test_a_restated_month_is_printed_as_restated_with_the_new_hash(restated):
    number, digest = entry(restated, *MARCH, 1)
    form = book(files(restated)["bieu_06a"])
    assert lines(form["Theo đơn vị"])[1] == (1, "Sở Xây dựng", *OF_SO_THEN)
    assert lines(form["Theo đơn vị"])[-1] == (None, "Tổng số", *OF_ALL_THEN)
    assert f"Đã chốt, lần sửa 1, dòng sổ {number}, SHA-256 {digest}" in form.active.oddFooter.left.text
    assert "BẢN CŨ" not in texts(form.active) + form.active.oddFooter.left.text


def test_an_earlier_revision_is_printed_as_it_was_and_marked_as_replaced(restated):
    number, digest = entry(restated, *MARCH, 0)
    newer, _ = entry(restated, *MARCH, 1)
    made = official_files(restated.engine, *MARCH, SO, 0)
    # A draft is to be worked on.
    assert [file.name for file in made] == [
        f"{kind}_thang_2025-03_{SO}_lan_sua_0.xlsx" for kind in ("bieu_06a", "phu_luc", "tre_han")
    ]
    for file in made:
        sheets = book(file.content)
        for sheet in sheets:
            assert sheet.oddFooter.left.text.startswith("BẢN CŨ, bị thay ")
            assert f"lần sửa 0, dòng sổ {number}, SHA-256 {digest}" in sheet.oddFooter.left.text
            assert re.search(
                rf"^BẢN CŨ, bị thay .* \(dòng sổ {newer}\): không dùng để báo cáo$",
                texts(sheet),
                re.MULTILINE,
            )
        assert properties(file.content)["ma_bam"] == digest
        assert properties(file.content)["bi_thay"].startswith("BẢN CŨ")
    form, appendix, _ = (book(file.content) for file in made)
    assert lines(form["Theo lĩnh vực"])[-1] == (None, "Tổng số", *OF_SO)
    assert "Bản cũ không so với kỳ khác" in texts(appendix.active)
    # T9, by hand: 5 of 8 then, 6 of 9 now.
    for revision, shown in ((0, "5\n8\n62.5"), (1, "6\n9\n66.67")):
        assert shown in texts(book(files(restated, SO, revision=revision)["phu_luc"]).active)


def test_the_revision_in_force_may_be_named(restated):
    assert [file.name for file in official_files(restated.engine, *MARCH, PROVINCE, 1)] == [
        f"{kind}_thang_2025-03_toan_tinh.{suffix}"
        for kind, suffix in (("bieu_06a", "xlsx"), ("phu_luc", "xlsx"), ("du_thao", "docx"))
    ]


@pytest.mark.parametrize(
    ("period", "revision", "says"),
    [
        (MARCH, 5, r"Tháng 03/2025 has no published revision 5\. Published: 0, 1\. Ask for one of these\."),
        (("nam", "2025"), 0, r"Năm 2025 has no published revision 0\. Published: none: it is not closed\."),
    ],
)
def test_a_revision_that_is_not_there_is_refused(restated, period, revision, says):
    with pytest.raises(CchcError, match=says):
        official_files(restated.engine, *period, PROVINCE, revision)


def test_a_draft_of_a_replaced_revision_is_refused(restated):
    with (
        restated.engine.connect() as connection,
        pytest.raises(CchcError, match="A draft is to be worked on"),
    ):
        official_file(connection, "du_thao", *MARCH, PROVINCE, revision=0)


# Provisional ----------------------------------------------------------------------------------------


def publish_provisionally(connection: sa.Connection) -> str:
    """As an entry of that kind would: the month's figures as they are, under its number."""
    number = connection.scalar(sa.text("SELECT coalesce(max(so), 0) + 1 FROM ops.so_cai"))
    of = {"so": number, "ky_loai": "thang", "ky": "2025-03"}
    connection.execute(
        sa.text(
            "INSERT INTO mart.con_so_cong_bo SELECT c.*, :so, NULL FROM mart.chi_so AS c "
            "WHERE ky_loai = :ky_loai AND ky = :ky"
        ),
        of,
    )
    content = {"ky": [{"ky_loai": "thang", "ky": "2025-03"}]}
    return write(connection, "tam_cong_bo", "2025-03", "lich", content).digest


def test_a_provisional_publication_is_named_as_such_until_figures_move_on(connection):
    digest = publish_provisionally(connection)
    standing = standing_of(connection, *MARCH, PROVINCE)
    assert standing.state == f"Công bố tạm, lần sửa 0, dòng sổ 1, SHA-256 {digest}"
    content = official_file(connection, "bieu_06a", *MARCH, PROVINCE).content
    assert properties(content) == {
        "trang_thai": "tam_cong_bo", "revision": 0, "so_cai": 1, "ma_bam": digest,
    }  # fmt: skip
    connection.exec_driver_sql(
        "UPDATE mart.chi_so SET tu_so = tu_so + 1 WHERE ky_loai = 'thang' AND ky = '2025-03' "
        "AND ma_chi_so = 'tiep_nhan'"
    )
    standing = standing_of(connection, *MARCH, PROVINCE)
    assert standing.state == (f"Tạm tính, lần sửa 0, đã khác bản công bố tạm (dòng sổ 1, SHA-256 {digest})")
    # Nothing of other periods was published.
    assert standing_of(connection, "thang", "2025-02", PROVINCE).state == "Tạm tính, lần sửa 0"


# As whom it is read -----------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["cchc_bi", "cchc_steward"])
def test_who_reads_figures_only_gets_the_files_too(restated, role):
    with restated.engine.connect() as connection, connection.begin():
        connection.exec_driver_sql(f"SET LOCAL ROLE {role}")
        for revision in (None, 0):
            content = official_file(connection, "bieu_06a", *MARCH, PROVINCE, revision=revision).content
            assert properties(content)["so_cai"] in (3, 4)
