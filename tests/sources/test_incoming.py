"""Files loaded by hand: only below configured folders, and only what a reader recognises is kept."""

import hashlib
import os
import shutil
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import xlsxwriter

from cchc.contracts import contract_of
from cchc.errors import BadFile, BrokenExport, CchcError, NotTaken
from cchc.judging.validation import validate
from cchc.reading.parsing import require_export
from cchc.sources import incoming as taking
from cchc.sources.incoming import handed_in, incoming_folders, land_chosen, sha256_of
from cchc.sources.landing import Landed, land_file
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


def put(path: Path, more: str = "") -> str:
    """Writes an export, which no other test has; its SHA-256."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{UNIT}{path},{more},\n", encoding="utf-8")
    return hashlib.sha256(path.read_bytes()).hexdigest()


def take(world: World, sha256: str | None = None, **options: object) -> Landed:
    """What a run takes that was given this sum, or none."""
    area, contract = world.folder / "vung", contract_of("don_vi")
    return land_chosen(world.engine, area, contract, sha256, accept=require_export, **options)


def test_a_file_is_taken_by_its_sum_from_below_the_folders_and_from_nowhere_else(
    province: World, incoming, tmp_path, monkeypatch
):
    inside = put(incoming / "thang 3" / "ho_so.csv")
    outside = put(tmp_path / "mat.csv")
    beside = put(tmp_path / "landing" / "incoming2" / "a.csv")
    # Each a way to a file outside, or to none.
    (incoming / "lien_ket.csv").symlink_to(tmp_path / "mat.csv")
    (incoming / "thu_muc").symlink_to(tmp_path)
    (incoming / "vong").symlink_to(incoming / "vong")
    os.mkfifo(incoming / "ong")
    os.link(tmp_path / "landing" / "incoming2" / "a.csv", incoming / "cung.csv")
    landed = take(province, inside.upper())
    assert (landed.sha256, landed.new) == (inside, True)
    assert landed.path.read_bytes() == (incoming / "thang 3" / "ho_so.csv").read_bytes()
    for sha256 in (outside, beside, "0" * 64):
        with pytest.raises(NotTaken, match=f"^{sha256[:12]}: no file with this SHA-256 below") as refused:
            take(province, sha256)
        told = str(refused.value)
        assert len(told.splitlines()) == 1
        assert f"{inside} ho_so.csv (" in told
        assert "this is a link" in told and "this is a pipe" in told and "2 names (hard links)" in told


def test_without_a_sum_the_only_file_that_waits_is_taken(province: World, incoming):
    with pytest.raises(NotTaken, match=r"^No file below .*CCHC_INGEST_DIRS.* Nothing is there\.$"):
        take(province)
    first = put(incoming / "thang_3.csv")
    # What a command hands in is for the run that it started.
    put(incoming / "handed-in-012345678901-x" / "tep.csv")
    began = datetime.now(UTC) - timedelta(seconds=5)
    assert take(province).sha256 == first
    with pytest.raises(NotTaken, match=rf"^No file .* landed as don_vi before.* {first} thang_3\.csv \("):
        take(province)
    # Its task was killed when it had landed, and is tried again.
    again = take(province, began=began)
    assert (again.sha256, again.new) == (first, False)
    two = {put(incoming / "a" / "thang_4.csv"), put(incoming / "thang_5.csv", "y" * 2000)}
    with pytest.raises(NotTaken, match=r"^2 files wait below .*as param sha256") as several:
        take(province)
    assert all(sha256 in str(several.value) for sha256 in two)
    assert first not in str(several.value)
    chosen = two.pop()
    assert take(province, chosen).sha256 == chosen
    assert {take(province).sha256} == two


def test_of_names_only_words_of_the_field_are_told_of_what_lies_there(province: World, incoming):
    put(incoming / "Nguyễn Văn Thử" / "Nguyễn Văn Thử.csv")
    put(incoming / "0912 345 678.csv")
    (incoming / "Nguyễn Thử.xlsx").symlink_to(incoming)
    for sha256 in (None, "1" * 64):
        with pytest.raises(NotTaken) as refused:
            take(province, sha256)
        assert not any(word in str(refused.value) for word in ("Nguyễn", "Thử", "0912"))


def test_a_file_that_was_landed_and_taken_away_is_the_batch_that_it_was(province: World, incoming):
    sha256 = put(incoming / "thang_6.csv")
    landed = take(province, sha256)
    shutil.rmtree(incoming)
    again = take(province, sha256)
    assert (again.batch_id, again.path, again.new) == (landed.batch_id, landed.path, False)
    with pytest.raises(NotTaken, match="no file with this SHA-256"):
        land_chosen(province.engine, province.folder / "vung", contract_of("tthc"), sha256)


def test_a_file_that_becomes_another_one_after_it_was_chosen_is_not_landed(
    province: World, incoming, monkeypatch
):
    sha256 = put(incoming / "thang_7.csv")

    def land_later(*given: object, **named: object) -> Landed:
        put(incoming / "thang_7.csv", "khác")
        return land_file(*given, **named)

    monkeypatch.setattr(taking, "land_file", land_later)
    with pytest.raises(
        BadFile, match=r"^thang_7\.csv: is another file than a moment ago\. Nothing of it was"
    ):
        take(province, sha256)
    assert not [path for path in (province.folder / "vung").rglob("*") if path.is_file()]


def test_a_copy_is_handed_in_for_this_user_only_and_is_taken_away(incoming, tmp_path):
    source = tmp_path / "Danh sách.csv"
    sha256 = put(source)
    with pytest.raises(ZeroDivisionError), handed_in(source) as handed:
        assert handed == sha256
        (path,) = incoming.rglob("*.csv")
        assert (path.name, path.read_bytes()) == (source.name, source.read_bytes())
        assert sha256_of(path) == sha256
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        with handed_in(source):
            assert len([*incoming.rglob("*.csv")]) == 2
        with handed_in(path) as same:
            assert same == sha256
            assert [*incoming.rglob("*.csv")] == [path]
        raise ZeroDivisionError
    assert list(incoming.iterdir()) == []
    assert source.exists()


def test_what_is_named_after_a_person_is_handed_in_under_another_name(incoming, tmp_path):
    source = tmp_path / "tai_ve" / "Nguyễn Văn Thử.csv"
    put(source)
    with handed_in(source):
        (path,) = incoming.rglob("*.csv")
        assert "Thử" not in str(path)
        assert path.read_bytes() == source.read_bytes()


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
    # Between choosing and opening: a link, a folder that is one, a pipe that nobody writes to.
    export.unlink()
    export.symlink_to(secret)
    with pytest.raises(BadFile, match="no such file for this worker"):
        lands(export)
    export.unlink()
    os.mkfifo(export)
    with pytest.raises(BadFile, match="no such file for this worker"):
        lands(export)
    export.unlink()
    export.parent.rmdir()
    (elsewhere := tmp_path / "noi_khac").mkdir()
    (elsewhere / "a.csv").write_text(UNIT, encoding="utf-8")
    export.parent.symlink_to(elsewhere)
    with pytest.raises(BadFile, match="no such file for this worker"):
        lands(export)
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
