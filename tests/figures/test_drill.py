"""From a figure to its dossiers: as many rows as the figure says, each with its file and line."""

import csv
import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from cchc.errors import CchcError
from cchc.figures.definitions import indicators
from cchc.figures.drill import rows_behind
from cchc.figures.refresh import refresh
from cchc.judging.validation import validate
from cchc.loading.load import load
from tests.world import HUYEN, PROCEDURES, SO, XA, World, code

pytestmark = pytest.mark.long

PROVINCE = "TONG:toan_tinh"
UNITS = (SO, HUYEN, XA, "TONG:so_nganh", "TONG:xa", PROVINCE)
P1, P2, P3 = (p["MaTTHC"] for p in PROCEDURES)


def on(day: str, end: str = "", **values: str) -> dict:
    """Received on that day of 2025 (mmdd), due a week later, ended on `end` (mmdd)."""
    moment = f"2025{day}090000"
    finished = {"trang_thai_ho_so": "9", "ngay_ket_thuc_xu_ly": f"2025{end}100000"} if end else {}
    due = f"2025{int(day) + 7:04d}090000"
    return {"ngay_nop_ho_so": moment, "ngay_tiep_nhan": moment, "ngay_hen_tra": due} | finished | values


FIRST = [
    on("0110", "0115"),
    on("0110", "0205", kenh_thuc_hien="1", ma_tthc=P2),
    on("0120", don_vi_xu_ly=XA, trang_thai_ho_so="5", so_lan_bo_sung="1"),
    on("0205", "0210", ma_tthc=P3, co_ket_qua_dien_tu="0"),
    on("0210", "0220", trang_thai_ho_so="7"),
    on("0210", "0211", trang_thai_ho_so="8"),
    on("0220", "0310", don_vi_xu_ly=XA, ngay_hen_tra="", co_ket_qua_dien_tu="0"),
]
SECOND = [
    on("0303", "0304", kenh_thuc_hien="3", so_tai_lieu_co_tep="0"),
    on("0305", "0320", ma_tthc=P2, so_lan_bo_sung="1", tong_thoi_gian_bo_sung_phut="20000"),
    on("0306", don_vi_xu_ly=XA, ma_tthc=P3, tai_khoan_duoc_xac_thuc_voi_vneid="0"),
    on("0307", "0331", don_vi_xu_ly=XA, so_lan_bo_sung="2"),
    on("0307", trang_thai_ho_so="1"),
    on("0307", "0308", da_xoa="1"),
]


def newer(dossier: dict, number: int) -> dict:
    return dossier | {"ma_ho_so": code(number), "ngay_cap_nhat": "20250331000000"}


@pytest.fixture(scope="module")
def world(make_world: Callable[[], World]) -> World:
    """Two files: one that opens with a title of its own, one as JSON without it."""
    world = make_world().dimensions()
    world.ingest("ho_so", world.dossiers(*FIRST), at="2025-04-01")
    # The second file begins with newer states of the first two dossiers.
    again = [newer(FIRST[0], 1), newer(FIRST[1], 2)]
    others = [dossier | {"ma_ho_so": code(number)} for number, dossier in enumerate(SECOND, start=100)]
    path = world.dossiers(*again, *others)
    text = path.read_text(encoding="utf-8")
    path.write_text(f"DANH SÁCH HỒ SƠ\n{text}", encoding="utf-8")
    world.ingest("ho_so", path, at="2025-04-01")
    world.refresh_all()
    return world


KY = [(ky, kind) for ky in ("2025-02", "2025-03") for kind in ("thang", "luy_ke")]


@pytest.fixture(scope="module")
def readings(world: World) -> dict[tuple, tuple]:
    """(indicator or reading, unit, ky, ky_loai) → (tu_so, mau_so)."""
    return {
        (ma, unit, ky, ky_loai): (tu_so, mau_so)
        for ky, ky_loai in KY
        for ma, unit, tu_so, mau_so in world.rows(
            "SELECT ma_chi_so, ma_don_vi, tu_so, mau_so FROM mart.tinh_chi_so(ARRAY[:ky_loai], ARRAY[:ky])",
            ky=ky,
            ky_loai=ky_loai,
        )
    }


PLAIN_RATES = [
    ma
    for ma, i in indicators().items()
    if i.mau_so and not i.khoa and {term.fact for term in (*i.tu_so, *i.mau_so)} == {"ho_so"}
]


@pytest.mark.parametrize("ma", PLAIN_RATES)
def test_rows_are_as_many_as_numerator_denominator_and_difference(world, readings, ma):
    shown = 0
    for ky, ky_loai in KY:
        for unit in UNITS:
            tu_so, mau_so = readings[ma, unit, ky, ky_loai]
            found = {
                p: rows_behind(world.engine, ma, ky, unit, p, ky_loai) for p in ("tu_so", "mau_so", "con_lai")
            }
            assert all(frame["ma_ho_so"].is_unique for frame in found.values())
            assert [len(frame) for frame in found.values()] == [tu_so, mau_so, mau_so - tu_so]
            codes = {part: set(frame["ma_ho_so"]) for part, frame in found.items()}
            assert codes["mau_so"] - codes["tu_so"] == codes["con_lai"]
            assert codes["tu_so"] <= codes["mau_so"]
            shown += mau_so
    assert shown > 3


@pytest.mark.parametrize(
    "ma", ["T15", "tiep_nhan", "ky_truoc", "da_giai_quyet", "dang_giai_quyet", "khong_co_han"]
)
def test_rows_are_as_many_as_the_count(world, ma):
    for ky, ky_loai in ((ky, kind) for ky in ("2025-01", "2025-03") for kind in ("thang", "luy_ke")):
        for unit in UNITS:
            frame = rows_behind(world.engine, ma, ky, unit, "tu_so", ky_loai)
            assert (len(frame), None) == world.figure(ma, unit, ky, ky_loai), (ky, ky_loai, unit)


def test_t8_shows_the_dossiers_filed_online(world):
    # March: at the sở those of procedures 1 (channel 3: not), 2; at the commune of 3 and 1.
    found = rows_behind(world.engine, "T8", "2025-03", PROVINCE)
    assert sorted(found["ma_ho_so"]) == [code(101), code(102), code(103)]
    # Its denominator is the catalogue.
    with pytest.raises(CchcError, match="catalogue of procedures"):
        rows_behind(world.engine, "T8", "2025-03", PROVINCE, "mau_so")


def test_every_row_leads_to_its_line_in_its_file(world):
    found = rows_behind(world.engine, "dang_giai_quyet", "2025-03", PROVINCE)
    done = rows_behind(world.engine, "da_giai_quyet", "2025-03", PROVINCE, "tu_so", "luy_ke")
    rows = [*found.itertuples(), *done.itertuples()]
    assert len({row.batch_id for row in rows}) == 2
    for row in rows:
        path, name = world.rows(
            "SELECT landed_path, original_name FROM ops.batch WHERE batch_id = :b", b=row.batch_id
        )[0]
        content = Path(path).read_bytes()
        assert hashlib.sha256(content).hexdigest() == row.sha256
        assert name == row.original_name
        line = content.decode("utf-8").splitlines()[row.line_no - 1]
        assert next(csv.reader([line]))[0] == row.ma_ho_so
    # The first two dossiers stand on their newer line: after the title and the header.
    lines = {row.ma_ho_so: (row.batch_id, row.line_no) for row in rows}
    newest = max(row.batch_id for row in rows)
    assert lines[code(1)] == (newest, 3)
    assert lines[code(2)] == (newest, 4)


def test_line_of_a_record_in_json_is_its_position(make_world):
    world = make_world().dimensions()
    records = [
        {
            "MaHoSo": code(number),
            "MaTTHC": P1,
            "TrangThaiHoSo": "4",
            "DonViXuLy": SO,
            "NgayTiepNhan": "20250305090000",
            "NgayHenTra": None,
            "NgayKetThucXuLy": None,
            "NgayCapNhat": "20250305090000",
        }
        for number in (7, 3, 5)
    ]
    world.ingest("ho_so", world.json(records, thoi_diem="20250401000000"))
    world.refresh_all()
    found = rows_behind(world.engine, "tiep_nhan", "2025-03", SO)
    assert dict(zip(found["ma_ho_so"], found["line_no"], strict=True)) == {code(7): 1, code(3): 2, code(5): 3}


def test_rows_stand_at_the_unit_that_answers_at_the_end_of_the_period(make_world):
    world = make_world()
    old, new = "000.00.11.H59", "000.00.12.H59"
    unit = {"MaDonVi": old, "TenDonVi": "Sở Cũ", "Cap": "so_nganh", "HieuLucTu": "20200101"}
    unit |= {"HieuLucDen": "20250228", "MaDonViKeThua": new, "NgayCapNhat": "20250101000000"}
    heir = unit | {"MaDonVi": new, "TenDonVi": "Sở Mới", "HieuLucTu": "20250301", "HieuLucDen": None}
    world.ingest("don_vi", world.json([unit, heir | {"MaDonViKeThua": None}]))
    world.ingest("tthc", world.json(PROCEDURES))
    world.ingest("ho_so", world.dossiers(on("0205", don_vi_xu_ly=old)), at="2025-04-01")
    world.refresh_all()
    assert list(rows_behind(world.engine, "dang_giai_quyet", "2025-02", old)["ten_don_vi"]) == ["Sở Cũ"]
    assert list(rows_behind(world.engine, "dang_giai_quyet", "2025-03", new)["ten_don_vi"]) == ["Sở Mới"]
    assert len(rows_behind(world.engine, "dang_giai_quyet", "2025-03", old)) == 0


def test_year_to_date_leads_to_its_rows_when_a_procedure_changed_within_the_year(make_world):
    """Procedure 1 yields no result from 10 March on; the dossier finished in February had to."""
    world = make_world().dimensions()
    changed = PROCEDURES[0] | {"ThuTucKhongCoKetQua": "1", "NgayCapNhat": "20250310080000"}
    world.ingest("tthc", world.json([changed]))
    world.ingest("ho_so", world.dossiers(on("0205", "0210"), on("0305", "0320")), at="2025-04-01")
    world.refresh_all()
    tu_so, mau_so = world.figure("T11", SO, "2025-03", "luy_ke")
    assert len(rows_behind(world.engine, "T11", "2025-03", SO, "mau_so", "luy_ke")) == mau_so
    assert len(rows_behind(world.engine, "T11", "2025-03", SO, "tu_so", "luy_ke")) == tu_so


def test_figure_that_waits_to_be_counted_again_shows_no_rows_that_are_not_in_it(make_world):
    """A batch that came after the refresh is not in the figure yet."""
    world = make_world().dimensions()
    world.ingest("ho_so", world.dossiers(on("0305")), at="2025-04-01")
    refresh(world.engine, "2025-03")
    assert len(rows_behind(world.engine, "tiep_nhan", "2025-03", SO)) == 1
    later = world.land("ho_so", world.dossiers(on("0306") | {"ma_ho_so": code(2)}), "2025-04-01")
    validate(world.engine, later)
    load(world.engine, later)
    with pytest.raises(CchcError, match=r"2025-03 waits to be counted again.*Refresh"):
        rows_behind(world.engine, "tiep_nhan", "2025-03", SO)
    refresh(world.engine, "2025-03")
    assert len(rows_behind(world.engine, "tiep_nhan", "2025-03", SO)) == 2


def test_unknown_requests_are_refused_in_words(world):
    for arguments, message in (
        (("khong_co", "2025-03", SO), "Unknown indicator"),
        (("tiep_nhan", "2025-03", SO, "mau_so"), "has no denominator"),
        (("T9", "2025-03", SO, "tu_so", "quy"), "expected thang or luy_ke"),
        (("T9", "2025-Q1", SO), "There is no period"),
    ):
        with pytest.raises(CchcError, match=message):
            rows_behind(world.engine, *arguments)


def test_no_personal_column_is_shown(world):
    assert set(rows_behind(world.engine, "T9", "2025-03", SO)) == {
        *("ma_ho_so", "ma_don_vi", "ten_don_vi", "ma_tthc", "tiep_nhan", "hen_tra", "ket_thuc"),
        *("trang_thai_ho_so", "batch_id", "original_name", "sha256", "line_no"),
    }
