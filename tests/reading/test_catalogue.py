"""The national portal's procedure catalogue: genuine files as users download them, and others like them."""

import unicodedata
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter

from tests.world import PROCEDURES, SO, World

pytestmark = pytest.mark.long

SHARED = Path(__file__).parents[3] / "shared" / "data"
GENUINE = sorted(SHARED.glob("danh-sach-tthc-*.xlsx"))
needs_genuine = pytest.mark.skipif(not GENUINE, reason=f"the genuine catalogue files are not in {SHARED}")
HEADERS = ["Mã số", "Tên", "Cơ quan ban hành", "Cơ quan thực hiện", "Lĩnh vực"]


def read_independently(path: Path) -> dict[str, tuple[str | None, ...]]:
    """Code → name, issuing agency, agency, field; by another library than the warehouse uses."""
    sheet = openpyxl.load_workbook(path).worksheets[0]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert rows[1] == HEADERS

    def text(value: object) -> str | None:
        return unicodedata.normalize("NFC", str(value)).strip() if value and str(value).strip() else None

    return {text(row[0]): tuple(text(cell) for cell in row[1:5]) for row in rows[2:]}


def held(world: World) -> dict[str, tuple[str | None, ...]]:
    rows = world.rows(
        "SELECT ma_tthc, ten_tthc, co_quan_cong_bo, co_quan_thuc_hien, ten_linh_vuc FROM core.tthc "
        "WHERE valid_to = 'infinity'"
    )
    return {row[0]: row[1:] for row in rows}


def everything(world: World) -> list[list[tuple]]:
    return [
        world.rows(f"SELECT * FROM core.{table} ORDER BY 1, 2, 3")
        for table in ("tthc", "tthc_phien_ban", "tthc_don_vi")
    ]


@needs_genuine
def test_all_genuine_files_load_with_the_values_another_reader_finds(world: World):
    expected: dict[str, tuple[str | None, ...]] = {}
    for path in GENUINE:
        content = read_independently(path)
        batch, _ = world.ingest("tthc", path)
        assert (batch.lines_read, batch.lines_accepted, batch.lines_rejected) == (
            len(content),
            len(content),
            0,
        )
        assert batch.extra_columns == []
        expected |= content
    assert len(expected) == 339 + 706 + 271 + 537  # as counted in a spreadsheet program
    assert held(world) == expected
    # What these files lack stays unknown.
    unknown = "count(muc_do), count(co_phi), count(thu_tuc_khong_co_ket_qua), count(ma_linh_vuc)"
    assert world.rows(f"SELECT {unknown} FROM core.tthc") == [(0, 0, 0, 0)]
    assert world.rows("SELECT ten_tthc FROM core.tthc WHERE ma_tthc = '1.000404'") == [
        ("Thu hồi thẻ tư vấn viên pháp luật",)
    ]


@needs_genuine
def test_a_genuine_file_loaded_twice_changes_nothing(world: World):
    world.ingest("tthc", GENUINE[0])
    before = everything(world)
    world.ingest("tthc", GENUINE[0])
    assert everything(world) == before


@pytest.mark.parametrize("richer_first", [True, False])
def test_fewer_columns_erase_nothing_in_either_order(world: World, tmp_path: Path, richer_first: bool):
    richer = world.json(PROCEDURES)
    poorer = catalogue(tmp_path / "moi.xlsx", [["1.000001", "Tên mới", "Bộ X", "", "Lĩnh vực khác"]])
    files = [(richer, None), (poorer, "2026-06-09T09:00:32")]
    for path, at in files if richer_first else reversed(files):
        world.ingest("tthc", path, at=at)
    # The newer file names the procedure anew; level, fee and providers come from the richer one.
    assert world.rows(
        "SELECT ten_tthc, ten_linh_vuc, muc_do, thoi_gian_giai_quyet_ngay, valid_from::text FROM core.tthc "
        "WHERE ma_tthc = '1.000001' ORDER BY valid_from"
    ) == [
        ("Thủ tục số 1", "Lĩnh vực một", 4, 5, "2024-01-01"),
        ("Tên mới", "Lĩnh vực khác", 4, 5, "2026-06-09"),
    ]
    assert world.rows(
        "SELECT muc_do FROM core.tthc_don_vi WHERE ma_tthc = '1.000001' AND ma_don_vi = :so "
        "AND DATE '2026-07-01' BETWEEN valid_from AND valid_to",
        so=SO,
    ) == [(4,)]


def test_a_file_of_the_kind_never_seen_before_loads(world: World, tmp_path: Path):
    path = catalogue(
        tmp_path / "khac.xlsx",
        [[f"2.{n:06d}", f"Thủ tục thử {n}", "Bộ Thử", "UBND cấp xã", "Thử"] for n in range(40)],
    )
    batch, _ = world.ingest("tthc", path)
    assert (batch.layout, batch.lines_read, batch.lines_accepted) == ("cong_dvc_quoc_gia", 40, 40)
    assert held(world)["2.000039"] == ("Thủ tục thử 39", "Bộ Thử", "UBND cấp xã", "Thử")


def catalogue(path: Path, rows: list[list[str]]) -> Path:
    """A workbook in the shape of the portal's: banner in row 1, headers in row 2."""
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("Danh sách TTHC")
        sheet.merge_range(0, 0, 0, 4, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM\nDANH SÁCH THỦ TỤC HÀNH CHÍNH")
        for number, row in enumerate([HEADERS, *rows], start=1):
            sheet.write_row(number, 0, row)
    return path
