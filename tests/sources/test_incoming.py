"""Files loaded by hand: only below configured folders, and only what a reader recognises is kept."""

import os
import stat
from pathlib import Path

import pytest
import xlsxwriter

from cchc.contracts import contract_of
from cchc.errors import BadFile, BrokenExport, CchcError
from cchc.field_words import kept_name
from cchc.judging.validation import validate
from cchc.reading.parsing import require_export
from cchc.sources.incoming import accepted_file, handed_in, incoming_folders
from cchc.sources.landing import land_file
from tests.world import World

UNIT = "ma_don_vi,ten_don_vi,cap\n000.00.01.H59,Sở Xây dựng,so_nganh\n"


@pytest.fixture
def incoming(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("CCHC_INGEST_DIRS", raising=False)
    monkeypatch.setenv("CCHC_LANDING_DIR", str(tmp_path / "landing"))
    folder = tmp_path / "landing" / "incoming"
    folder.mkdir(parents=True)
    return folder


def test_files_are_taken_from_below_the_landing_areas_incoming_unless_folders_are_named(
    incoming, monkeypatch, tmp_path
):
    assert incoming_folders() == [incoming]
    monkeypatch.setenv("CCHC_INGEST_DIRS", f"{tmp_path / 'a'}{os.pathsep}{tmp_path / 'b'}{os.pathsep}")
    assert incoming_folders() == [tmp_path / "a", tmp_path / "b"]
    monkeypatch.delenv("CCHC_INGEST_DIRS")
    monkeypatch.delenv("CCHC_LANDING_DIR")
    with pytest.raises(CchcError, match="CCHC_LANDING_DIR is not set"):
        incoming_folders()


def test_a_path_below_a_folder_is_accepted_and_no_way_out_of_it_is(incoming, tmp_path, monkeypatch):
    inside = incoming / "thang 3" / "ho_so.csv"
    inside.parent.mkdir()
    inside.write_text(UNIT, encoding="utf-8")
    outside = tmp_path / "mat.csv"
    outside.write_text(UNIT, encoding="utf-8")
    assert accepted_file(str(inside)) == inside
    (incoming / "lien_ket.csv").symlink_to(outside)
    (incoming / "thu_muc").symlink_to(tmp_path)
    (tmp_path / "landing" / "incoming2").mkdir()
    (tmp_path / "landing" / "incoming2" / "a.csv").write_text(UNIT, encoding="utf-8")
    for path in (
        "/etc/passwd",
        str(outside),
        f"{incoming}/../../mat.csv",
        f"{incoming}/lien_ket.csv",
        f"{incoming}/thu_muc/mat.csv",
        f"{tmp_path}/landing/incoming2/a.csv",
    ):
        name = kept_name(Path(path).name)
        with pytest.raises(
            BadFile, match=f"^{name}: not below a folder .*{incoming}.*CCHC_INGEST_DIRS"
        ) as refused:
            accepted_file(path)
        assert len(str(refused.value).splitlines()) == 1
    monkeypatch.chdir(incoming)
    os.mkfifo(incoming / "ong")
    for path in (str(incoming), str(incoming / "khong_co.csv"), "thang 3/ho_so.csv", str(incoming / "ong")):
        with pytest.raises(BadFile, match="no such file for this worker"):
            accepted_file(path)


def test_a_copy_is_handed_in_under_its_name_for_this_user_only_and_is_taken_away(incoming, tmp_path):
    source = tmp_path / "Danh sách.csv"
    source.write_text(UNIT, encoding="utf-8")
    with pytest.raises(ZeroDivisionError), handed_in(source) as path:
        assert accepted_file(str(path)) == path
        assert (path.name, path.read_bytes()) == (source.name, source.read_bytes())
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        with handed_in(source) as other:
            assert other != path
        with handed_in(path) as same:
            assert same == path
        assert path.exists()
        raise ZeroDivisionError
    assert list(incoming.iterdir()) == []
    assert source.exists()


def test_what_is_no_path_of_a_file_is_refused_in_one_line(incoming):
    (incoming / "vong").symlink_to(incoming / "vong")
    for path in (str(incoming / "vong"), f"{incoming}/a\0b", f"{incoming}/{'a' * 5000}", f"{incoming}/a\nb"):
        with pytest.raises(BadFile, match="Expected the absolute path of a readable file") as refused:
            accepted_file(path)
        assert len(str(refused.value).splitlines()) == 1


@pytest.mark.parametrize("name", ["Nguyễn Văn Thử.csv", "Nguyễn Văn Thử/tep.csv"])
def test_what_is_named_after_a_person_is_handed_in_under_another_name(incoming, tmp_path, name: str):
    for source in (tmp_path / "tai_ve" / name, incoming / name):
        source.parent.mkdir(parents=True, exist_ok=True)
        source.write_text(UNIT, encoding="utf-8")
        with handed_in(source) as path:
            assert path.is_relative_to(incoming)
            assert "Thử" not in str(path)
            assert path.read_text(encoding="utf-8") == UNIT
        assert source.exists()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (Path("/etc/passwd").read_bytes(), "no header row of dataset don_vi"),
        (b"", "the file is empty"),
        (b"%PDF-1.7 \x00", "this is a PDF"),
        (b"<html><table></table></html>", "web page"),
        (b"PK\x03\x04 no workbook", "not a readable .xlsx workbook"),
        (b"\xd0\xcf\x11\xe0", "old .xls workbook"),
        (b"\x7fELF\x02\x00\x00", "NUL"),
        (b'{"user": "a"}', "no header row of dataset don_vi"),
    ],
)
def test_of_a_file_that_no_reader_recognises_nothing_is_kept(province: World, tmp_path, content, says):
    source = tmp_path / "tep"
    source.write_bytes(content)
    landing = tmp_path / "vung_nhan"
    before = province.rows("SELECT count(*) FROM ops.batch")
    with pytest.raises(BadFile, match=says):
        land_file(province.engine, landing, contract_of("don_vi"), source, accept=require_export)
    assert [*landing.rglob("*")] == []
    assert province.rows("SELECT count(*) FROM ops.batch") == before


def test_a_name_that_is_no_utf8_is_landed_under_another(world: World, tmp_path: Path):
    path = Path(os.fsdecode(bytes(tmp_path) + b"/danh s\xe1ch.c\xffv"))
    path.write_text(UNIT, encoding="utf-8")
    landed = land_file(
        world.engine, world.folder / "landing", contract_of("don_vi"), path, accept=require_export
    )
    assert landed.path.name == landed.sha256
    assert world.rows("SELECT original_name FROM ops.batch") == [(f"tệp {landed.sha256[:8]}",)]


def test_a_file_that_is_exchanged_meanwhile_is_not_landed(province: World, incoming, tmp_path):
    secret = tmp_path / "mat.csv"
    secret.write_text("mat,khau\n1,2\n", encoding="utf-8")
    before = province.rows("SELECT count(*) FROM ops.batch")

    def lands(path: Path, accept: object = require_export) -> None:
        land_file(province.engine, tmp_path / "vung", contract_of("don_vi"), path, accept=accept)

    export = incoming / "thang" / "a.csv"
    export.parent.mkdir()
    export.write_text(UNIT, encoding="utf-8")
    accepted = accepted_file(str(export))
    # Between accepting and opening: a link, a folder that is one, a pipe that nobody writes to.
    export.unlink()
    export.symlink_to(secret)
    with pytest.raises(BadFile, match="no such file for this worker"):
        lands(accepted)
    export.unlink()
    os.mkfifo(export)
    with pytest.raises(BadFile, match="no such file for this worker"):
        lands(accepted)
    export.unlink()
    export.parent.rmdir()
    (elsewhere := tmp_path / "noi_khac").mkdir()
    (elsewhere / "a.csv").write_text(UNIT, encoding="utf-8")
    export.parent.symlink_to(elsewhere)
    with pytest.raises(BadFile, match="no such file for this worker"):
        lands(accepted)
    assert [*(tmp_path / "vung").rglob("*")] == []
    assert province.rows("SELECT count(*) FROM ops.batch") == before


def test_what_is_judged_is_what_is_landed(province: World, incoming, tmp_path):
    secret = tmp_path / "mat.csv"
    secret.write_text("mat,khau\n1,2\n", encoding="utf-8")
    export = incoming / "a.csv"
    export.write_text(UNIT, encoding="utf-8")

    def exchanging(contract, path, name):
        """The source becomes another file while its copy is judged."""
        export.unlink()
        export.symlink_to(secret)
        assert name == "a.csv"
        require_export(contract, path, name)

    landed = land_file(province.engine, tmp_path / "vung", contract_of("don_vi"), export, accept=exchanging)
    assert landed.path.read_text(encoding="utf-8") == UNIT
    export.unlink()
    export.write_text("mat,khau\n1,2\n", encoding="utf-8")
    with pytest.raises(BadFile, match=r"^a\.csv: no header row of dataset don_vi"):
        land_file(province.engine, tmp_path / "vung2", contract_of("don_vi"), export, accept=require_export)
    assert [*(tmp_path / "vung2").rglob("*")] == []


def workbook(path: Path, *rows: list[str]) -> Path:
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    return path


def test_an_export_that_is_broken_is_kept_and_its_batch_says_what_is_wrong(world: World, tmp_path):
    lacking = world.text("ma_don_vi,ten_don_vi\nx,y\n")
    twice = world.text("ma_don_vi,ten_don_vi,cap,MaDonVi\nx,y,xa,x\n")
    in_sheet = workbook(tmp_path / "a.xlsx", ["ma_don_vi", "ten_don_vi"], ["x", "y"])
    twice_in_sheet = workbook(
        tmp_path / "b.xlsx", ["ma_don_vi", "ten_don_vi", "cap", "MaDonVi"], ["x", "y", "xa", "x"]
    )
    for path in (lacking, twice, in_sheet, twice_in_sheet):
        landed = land_file(
            world.engine, tmp_path / "vung_nhan", contract_of("don_vi"), path, accept=require_export
        )
        assert landed.path.read_bytes() == path.read_bytes()
        with pytest.raises(BrokenExport, match=r"lacks required columns: cap|appears twice"):
            validate(world.engine, landed.batch_id)
    assert world.rows("SELECT status, count(*) FROM ops.batch GROUP BY status") == [("stopped", 4)]


def test_what_units_put_into_the_drop_folder_is_kept_whatever_it_is(province: World, tmp_path):
    source = tmp_path / "phieu.csv"
    source.write_text("tên,điểm\nmột,2\n", encoding="utf-8")
    landed = land_file(province.engine, tmp_path / "vung_nhan", contract_of("khai_bao"), source)
    with pytest.raises(BadFile, match="no header row of dataset khai_bao"):
        validate(province.engine, landed.batch_id)
    assert province.rows("SELECT status FROM ops.batch WHERE batch_id = :b", b=landed.batch_id) == [
        ("stopped",)
    ]
