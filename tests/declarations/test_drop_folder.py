"""The drop folder for declaration forms: what is taken, what is left, and what its unit hears of."""

import json
import os
import socket
import stat
import subprocess
import time
from pathlib import Path

import openpyxl
import pytest

from cchc.contracts import contract_of
from cchc.declarations import drop_folder
from cchc.declarations.drop_folder import form_at, form_of, land, tell_rejected, token_of, waiting_forms
from cchc.declarations.form import FORM_VERSION, seal_of, write_form
from cchc.errors import BadDefinition, BadFile, CchcError, LinesRejected, NotTaken
from cchc.judging.validation import validate
from cchc.loading.load import load
from cchc.loading.organisation import load_organisation
from cchc.periods import Month
from cchc.registers.working_calendar import sync_calendar
from cchc.seals import Keys
from cchc.sources import opened
from tests.declarations.test_declarations import COLUMNS, PART, WHOLE, fill, line
from tests.world import SO, XA, World
from tools.declarations import WITH_FORM, values_of, write_declarations
from tools.simulation.geography import units

OLD = time.time() - 3600
# An item that stands alone.
OUTSIDE = "ho_so_ngoai_he_thong"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "forms"
    path.mkdir()
    return path


def sealed(row: dict) -> dict:
    """A line of a table with the code of its unit's form for the month."""
    return row | {"ma_xac_thuc": seal_of(row["don_vi"], row["ky"], Keys.of_environment())}


def put(world: World, folder: Path, name: str, *lines: dict, changed: float = OLD) -> Path:
    """A table of declarations in the folder, last changed at that moment."""
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(world.csv([sealed(row) for row in lines], [*COLUMNS, "ma_xac_thuc"]).read_bytes())
    os.utime(path, (changed, changed))
    return path


def take(world: World, folder: Path, path: str) -> int:
    """Lands, judges and loads one form as the DAG does; returns its batch."""
    landed = land(world.engine, world.folder / "landing", folder, form_at(path))
    validate(world.engine, landed.batch_id)
    load(world.engine, landed.batch_id)
    return landed.batch_id


def test_forms_are_taken_once_as_they_came_by_their_content(province: World, folder: Path):
    # When a file was last written to is said by its sender.
    first = put(province, folder, "b.csv", line(OUTSIDE, 7, XA), changed=OLD + 60)
    second = put(province, folder, "huyện/a.csv", line(OUTSIDE, 5))
    put(province, folder, "bản sao.csv", line(OUTSIDE, 5), changed=OLD - 90)
    assert waiting_forms(province.engine, folder) == [str(first), str(second)]
    for path in waiting_forms(province.engine, folder):
        take(province, folder, path)
    # The copy has the same bytes; the files are still there.
    assert waiting_forms(province.engine, folder) == []
    assert len(list(folder.rglob("*.csv"))) == 3
    corrected = put(province, folder, "b.csv", line(OUTSIDE, 8, XA, at="2025-04-03 08:00:00"))
    assert waiting_forms(province.engine, folder) == [str(corrected)]


def test_what_is_not_finished_or_no_form_is_left(province: World, folder: Path):
    put(province, folder, "vừa lưu.csv", line(OUTSIDE, 5), changed=time.time() - 5)
    put(province, folder, "~$phieu.xlsx", line(OUTSIDE, 5))
    put(province, folder, ".an.csv", line(OUTSIDE, 5))
    put(province, folder, ".trash/a.csv", line(OUTSIDE, 5))
    put(province, folder, "đang chép.xlsx.part", line(OUTSIDE, 5))
    (folder / "lien_ket.csv").symlink_to(put(province, folder.parent / "ngoai", "a.csv", line(OUTSIDE, 5)))
    assert waiting_forms(province.engine, folder) == []
    # A clock that is ahead does not hide a form for ever.
    ahead = put(province, folder, "mai.csv", line(OUTSIDE, 5), changed=time.time() + 86_400)
    assert waiting_forms(province.engine, folder) == [str(ahead)]


def test_a_folder_that_is_not_there_is_said_so(province: World, folder: Path):
    with pytest.raises(BadDefinition, match=r"CCHC_FORM_DIR=.*khong_co: no such folder"):
        waiting_forms(province.engine, folder / "khong_co")


def test_a_stopped_form_is_reported_once_and_tried_again_when_asked(province: World, folder: Path):
    path = put(province, folder, "a.csv", line(OUTSIDE, 5))
    path.write_text("tên,điểm\nmột,2\n", encoding="utf-8")
    os.utime(path, (OLD, OLD))
    with pytest.raises(BadFile, match=r"a\.csv"):
        take(province, folder, str(path))
    assert waiting_forms(province.engine, folder) == []
    assert waiting_forms(province.engine, folder, again=True) == [str(path)]


def test_rejected_lines_are_told_with_their_item_and_no_value(province: World, folder: Path):
    # Line 1 is the header; the part is greater than the whole, so both are refused.
    path = put(province, folder, "a.csv", line("iso_dien_tu", 1), line(WHOLE, 5), line(PART, 6))
    batch_id = take(province, folder, str(path))
    with pytest.raises(LinesRejected) as told:
        tell_rejected(province.engine, batch_id)
    assert f"2 of 3 lines were not loaded, the others were. line 3 ({WHOLE})" in str(told.value)
    assert f"line 4 ({PART})" in str(told.value)
    assert province.rows("SELECT ma_so_lieu, gia_tri FROM mart.khai_bao") == [("iso_dien_tu", 1)]
    good = take(province, folder, str(put(province, folder, "b.csv", line(OUTSIDE, 5))))
    tell_rejected(province.engine, good)


def test_a_form_of_an_unknown_unit_waits_for_it(world: World, folder: Path):
    world.dimensions()
    new = "000.00.77.H59"
    path = put(world, folder, "a.csv", line(OUTSIDE, 5, new), line(OUTSIDE, 5))
    take(world, folder, str(path))
    assert waiting_forms(world.engine, folder) == []
    unit = {"ma_don_vi": new, "ten_don_vi": "Sở Mới Lập", "cap": "so_nganh"}
    world.ingest("don_vi", world.csv([unit], list(unit)), at="2024-06-01")
    assert waiting_forms(world.engine, folder) == [str(path)]
    take(world, folder, str(path))
    assert sorted(world.rows("SELECT ma_don_vi FROM mart.khai_bao")) == [(SO,), (new,)]
    assert waiting_forms(world.engine, folder) == []


# --- each file for itself ---------------------------------------------------------------------


def sparse(path: Path) -> None:
    path.touch()
    os.truncate(path, 8 << 30)  # it takes no room on the disk


def listening(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as end:
        here = Path.cwd()
        os.chdir(path.parent)  # the path of a socket may have 107 bytes
        end.bind(path.name)
        os.chdir(here)


def hard_link(path: Path) -> None:
    (other := path.parent.parent / "mat.csv").write_text("a", "utf-8")
    os.link(other, path)


def unreadable(path: Path) -> None:
    path.write_text("a", "utf-8")


NOT_TAKEN = {
    "pipe": (os.mkfifo, "this is a pipe"),
    "socket": (listening, "this is a socket"),
    "sparse": (sparse, r"8,192\.0 MB\. Expected at most 16 MB"),
    "hard link": (hard_link, "hard links"),
    "unreadable": (unreadable, "not readable for this worker"),
}


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that may not read what is named `unreadable`; root may read everything."""
    really = os.open

    def refusing(path, flags, *args, **options):
        if os.fspath(path) == "unreadable.xlsx":
            raise PermissionError(13, "Permission denied", path)
        return really(path, flags, *args, **options)

    monkeypatch.setattr(opened.os, "open", refusing)


@pytest.mark.parametrize("kind", NOT_TAKEN)
def test_what_is_no_file_is_reported_once_and_keeps_no_other_from_being_loaded(
    province: World, folder: Path, nobody, kind
):
    made, says = NOT_TAKEN[kind]
    bad = folder / f"{kind}.xlsx"
    made(bad)
    os.utime(bad, (OLD - 60, OLD - 60))
    good = put(province, folder, "b.csv", line(OUTSIDE, 5))
    before = province.rows("SELECT count(*) FROM ops.batch")
    started = time.monotonic()
    assert waiting_forms(province.engine, folder) == [str(bad), str(good)]
    assert time.monotonic() - started < 1
    with pytest.raises(NotTaken, match=says):
        take(province, folder, str(bad))
    assert province.rows("SELECT count(*) FROM ops.batch") == before
    take(province, folder, str(good))
    # The next hour; it is tried again when it is asked for, and when it has changed.
    assert waiting_forms(province.engine, folder) == []
    assert waiting_forms(province.engine, folder, again=True) == [str(bad)]
    os.utime(bad, (OLD - 30, OLD - 30))
    assert waiting_forms(province.engine, folder) == [str(bad)]
    bad.unlink()
    corrected = put(province, folder, bad.name, line(OUTSIDE, 8, XA))
    assert waiting_forms(province.engine, folder) == [str(corrected)]


def test_a_name_that_is_no_utf8_is_sent_as_an_address_and_loaded(province: World, folder: Path):
    bad = Path(os.fsdecode(bytes(folder) + b"/khai b\xe1o %41\xff.csv"))
    put(province, folder, "a.csv", line(OUTSIDE, 5)).rename(bad)
    good = put(province, folder, "b \x1b[2J.csv", line(OUTSIDE, 7, XA), changed=OLD + 60)
    sent = waiting_forms(province.engine, folder)
    assert sent == [f"file://{folder}/khai%20b%E1o%20%2541%FF.csv", str(good)]
    json.dumps(sent, ensure_ascii=False).encode()
    assert [form_at(path) for path in sent] == [bad, good]
    # Airflow keeps nothing of the names.
    tokens = [token_of(path) for path in sent]
    assert all(len(token) == 64 and token.isalnum() for token in tokens)
    assert [form_of(folder, token) for token in tokens] == [bad, good]
    batches = [take(province, folder, path) for path in sent]
    assert waiting_forms(province.engine, folder) == []
    assert province.rows(
        "SELECT original_name = 'tệp ' || left(sha256, 8) || ' .csv' FROM ops.batch WHERE batch_id = ANY(:b)",
        b=batches,
    ) == [
        (True,),
        (True,),
    ]


def test_a_form_that_is_not_landed_because_it_grows_is_tried_again(
    province: World, folder: Path, monkeypatch
):
    path = put(province, folder, "a.csv", line(OUTSIDE, 5))
    read = opened.os.read

    def growing(handle: int, size: int) -> bytes:
        with path.open("a", encoding="utf-8") as file:
            file.write("\n")
        return read(handle, size)

    with monkeypatch.context() as patch:
        patch.setattr(opened.os, "read", growing)
        assert waiting_forms(province.engine, folder) == [str(path)]
        with pytest.raises(BadFile, match="was written to while it was read"):
            take(province, folder, str(path))
    os.utime(path, (OLD, OLD))
    assert waiting_forms(province.engine, folder) == [str(path)]


def test_a_file_that_is_taken_away_meanwhile_is_told(province: World, folder: Path):
    path = put(province, folder, "a.csv", line(OUTSIDE, 5))
    [token] = [token_of(sent) for sent in waiting_forms(province.engine, folder)]
    path.unlink()
    with pytest.raises(NotTaken, match=r"was taken away .* since it was found"):
        form_of(folder, token)
    with pytest.raises(NotTaken, match="no such file for this worker"):
        land(province.engine, province.folder / "landing", folder, path)
    assert province.rows("SELECT count(*) FROM ops.form_not_taken WHERE path_sha256 = :t", t=token) == [(0,)]


def test_a_folder_that_becomes_a_link_is_not_followed(province: World, folder: Path):
    path = put(province, folder, "huyện/a.csv", line(OUTSIDE, 5))
    assert waiting_forms(province.engine, folder) == [str(path)]
    path.parent.rename(elsewhere := folder.parent / "nơi khác")
    (folder / "huyện").symlink_to(elsewhere)
    with pytest.raises(NotTaken, match="no such file for this worker"):
        take(province, folder, str(path))
    with pytest.raises(NotTaken, match="no such file for this worker"):
        take(province, folder, f"{folder}/../nơi khác/a.csv")


def test_a_folder_that_cannot_be_looked_into_is_reported(province: World, folder: Path, monkeypatch):
    (closed := folder / "huyện").mkdir()
    os.utime(closed, (OLD - 60, OLD - 60))
    good = put(province, folder, "b.csv", line(OUTSIDE, 5))
    really = os.scandir

    def refusing(path):
        if Path(path) in shut:
            raise PermissionError(13, "Permission denied", str(path))
        return really(path)

    shut = {closed}
    monkeypatch.setattr(drop_folder.os, "scandir", refusing)
    assert waiting_forms(province.engine, folder) == [str(closed), str(good)]
    with pytest.raises(NotTaken, match="this is a folder"):
        take(province, folder, str(closed))
    assert waiting_forms(province.engine, folder) == [str(good)]
    shut.add(folder)
    with pytest.raises(BadDefinition, match="this worker cannot look into it"):
        waiting_forms(province.engine, folder)


def junk(folder: Path, numbers: range) -> None:
    """Files that are no forms, and say that they are older than any."""
    folder.mkdir(exist_ok=True)
    for number in numbers:
        path = folder / f"rac_{number}.csv"
        path.write_text(f"x,{number}\n1,2\n", "utf-8")
        os.utime(path, (1000 + number, 1000 + number))


def test_what_comes_later_does_not_go_before(province: World, folder: Path, monkeypatch):
    monkeypatch.setattr(drop_folder, "MOST_AT_ONCE", 10)
    good = put(province, folder, "phieu.csv", line(OUTSIDE, 5))
    junk(folder, range(30))
    sent = waiting_forms(province.engine, folder)
    assert (len(sent), sent[0]) == (10, str(good))


def test_no_sender_waits_for_all_that_another_sent(province: World, folder: Path, monkeypatch):
    monkeypatch.setattr(drop_folder, "MOST_AT_ONCE", 10)
    junk(folder / "so_mot", range(30))
    junk(folder / "so_mot" / "b", range(30, 60))
    mine = put(province, folder, "so_hai/phieu.csv", line(OUTSIDE, 5))
    junk(folder, range(60, 90))
    sent = [Path(path) for path in waiting_forms(province.engine, folder)]
    assert mine in sent[:3]
    # The others share what is left: 4 or 5 each.
    assert {path.parent.name for path in sent} == {"so_mot", "so_hai", "forms"}
    assert sorted(sum(path.parent.name == name for path in sent) for name in ("so_mot", "forms")) == [4, 5]


def test_large_files_of_one_do_not_keep_those_of_another_from_being_looked_at(
    province: World, folder: Path, monkeypatch
):
    (folder / "so_mot").mkdir()
    for number in range(20):
        path = folder / "so_mot" / f"{number}.csv"
        path.write_bytes(b"%d" % number * 500)
        os.utime(path, (OLD, OLD))
    mine = put(province, folder, "so_hai/phieu.csv", *(line(OUTSIDE, 5, XA) for _ in range(20)))
    assert 2000 < mine.stat().st_size < 4000
    monkeypatch.setattr(drop_folder, "HASHED_AT_ONCE", 8000)
    assert str(mine) in waiting_forms(province.engine, folder)


def nested(folder: Path, depth: int) -> Path:
    """Folders in folders, each called a; returns the outermost."""
    here = Path.cwd()
    os.chdir(folder)  # the whole path is longer than a path may be
    try:
        for _ in range(depth):
            Path("a").mkdir()
            os.utime("a", (OLD, OLD))
            os.chdir("a")
    finally:
        os.chdir(here)
    return folder / "a"


@pytest.mark.parametrize("depth", [1500, 5000])
def test_folders_in_folders_keep_no_other_from_being_loaded(province: World, folder: Path, depth):
    good = put(province, folder, "b.csv", line(OUTSIDE, 5))
    outermost = nested(folder, depth)
    try:
        deep = str(folder.joinpath(*["a"] * (drop_folder.DEEPEST + 1)))
        for path in [deep, *Path(deep).parents][: drop_folder.DEEPEST]:
            os.utime(path, (OLD, OLD))
        assert sorted(waiting_forms(province.engine, folder)) == [deep, str(good)]
        assert form_of(folder, token_of(str(good))) == good
        assert str(form_of(folder, token_of(deep))) == deep
        with pytest.raises(NotTaken, match="lies 8 folders below the drop folder, and is not looked into"):
            take(province, folder, deep)
        # Said once.
        assert waiting_forms(province.engine, folder) == [str(good)]
        take(province, folder, str(good))
    finally:
        subprocess.run(["rm", "-rf", outermost], check=True)


def test_forms_in_the_deepest_folder_that_is_looked_into_are_taken(province: World, folder: Path):
    lowest = folder.joinpath(*"12345678")
    lowest.mkdir(parents=True)
    form = put(province, folder, "/".join("12345678") + "/b.csv", line(OUTSIDE, 5))
    assert waiting_forms(province.engine, folder) == [str(form)]
    assert form_of(folder, token_of(str(form))) == form


def test_a_folder_of_too_many_files_is_its_own_trouble(province: World, folder: Path, monkeypatch):
    monkeypatch.setattr(drop_folder, "MOST_IN_ONE", 20)
    junk(folder / "so_mot", range(40))
    good = put(province, folder, "so_hai/phieu.csv", line(OUTSIDE, 5))
    sent = waiting_forms(province.engine, folder)
    assert len(sent) == 21 and str(good) in sent


def test_large_files_do_not_keep_forms_from_being_looked_at(province: World, folder: Path, monkeypatch):
    form = put(province, folder, "b.csv", line(OUTSIDE, 5))
    for number in range(3):
        path = folder / f"{number}.csv"
        path.write_bytes(b"x" * 9000)
        os.utime(path, (OLD - 60, OLD - 60))
    monkeypatch.setattr(drop_folder, "HASHED_AT_ONCE", 10_000)
    assert waiting_forms(province.engine, folder) == [str(form), str(folder / "0.csv")]


# --- nobody declares for another --------------------------------------------------------------


def stopped(world: World, folder: Path, path: Path, says: str) -> None:
    """What is refused is told once, with what to do, and nothing of it is kept in the warehouse."""
    os.utime(path, (OLD, OLD))
    declared = world.rows("SELECT count(*) FROM core.khai_bao")
    assert waiting_forms(world.engine, folder) == [str(path)]
    with pytest.raises(BadFile, match=says) as refused:
        take(world, folder, str(path))
    assert "Ask whoever runs the warehouse for a new form" in str(refused.value)
    assert world.rows("SELECT count(*) FROM core.khai_bao") == declared
    assert world.rows("SELECT status FROM ops.batch ORDER BY batch_id DESC LIMIT 1") == [("stopped",)]
    assert world.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'staging'") == []
    assert waiting_forms(world.engine, folder) == []


def changed(path: Path, cells: dict[str, object]) -> Path:
    book = openpyxl.load_workbook(path)
    for cell, value in cells.items():
        book.active[cell] = value
    book.save(path)
    return path


def form(world: World, folder: Path, unit: str = SO, ky: str = "2025-03", keys: Keys | None = None) -> Path:
    """A form that a unit has filled in."""
    empty = folder.parent / f"{unit}_{ky}.xlsx"
    write_form(world.engine, unit, ky, empty, keys)
    return fill(empty, {OUTSIDE: 3}).rename(folder / "phieu.xlsx")


OTHER = f"Đơn vị: UBND Phường 1, Thành phố Trà Vinh [{XA}]"


@pytest.mark.parametrize(
    ("cells", "says"),
    [
        ({"A2": OTHER}, "is not that of its unit and month"),
        ({"A2": "Đơn vị: [UBND Phường 1, Thành phố Trà Vinh]"}, "is not that of its unit and month"),
        ({"A3": "Kỳ báo cáo: 2025-02"}, "is not that of its unit and month"),
        ({"A8": "Mã xác thực: " + "A" * 32}, "is not that of its unit and month"),
        ({"A8": "Mã xác thực:"}, "has no code"),
        ({"A8": None}, "has no code"),
        # A row above the true ones, a second title behind it.
        ({"A1": OTHER}, "is not that of its unit and month"),
    ],
)
def test_a_form_of_which_unit_month_or_code_was_changed_is_refused(
    province: World, folder: Path, cells, says
):
    stopped(province, folder, changed(form(province, folder), cells), says)


def test_the_code_of_another_units_form_does_not_fit(province: World, folder: Path):
    mine = openpyxl.load_workbook(form(province, folder)).active["A8"].value
    assert mine != openpyxl.load_workbook(form(province, folder, XA)).active["A8"].value
    stopped(province, folder, changed(form(province, folder, XA), {"A8": mine}), "is not that of its unit")


def test_a_column_for_the_unit_beside_the_title_is_not_believed(province: World, folder: Path):
    path = form(province, folder)
    book = openpyxl.load_workbook(path)
    book.active["H9"], book.active["H10"] = "Đơn vị khai", XA
    book.save(path)
    os.utime(path, (OLD, OLD))
    with pytest.raises(BadFile):
        take(province, folder, str(path))
    assert province.rows("SELECT count(*) FROM core.khai_bao WHERE ma_don_vi = :u", u=XA) == [(0,)]


def test_a_second_sheet_is_checked_like_the_first(province: World, folder: Path):
    path = form(province, folder)
    book = openpyxl.load_workbook(path)
    second = book.copy_worksheet(book.active)
    second["A2"] = OTHER
    book.save(path)
    stopped(province, folder, path, "is not that of its unit and month")


def test_a_true_form_is_loaded_and_its_code_is_kept_nowhere(province: World, folder: Path):
    path = form(province, folder)
    code = openpyxl.load_workbook(path).active["A8"].value.removeprefix("Mã xác thực: ")
    changed(path, {"C4": None})  # so that all lines are rejected
    os.utime(path, (OLD, OLD))
    batch_id = take(province, folder, str(path))
    [(rejected, rows)] = province.rows(
        "SELECT count(*), string_agg(masked_row::text, '') FROM ops.reject WHERE batch_id = :b", b=batch_id
    )
    assert rejected > 0
    assert code not in rows
    assert province.rows("SELECT origin FROM ops.batch WHERE batch_id = :b", b=batch_id) == [("form",)]


def test_a_form_signed_with_the_key_before_is_taken_until_that_is_removed(
    province: World, folder: Path, monkeypatch
):
    path = form(province, folder, keys=Keys("khoa-cu-cua-kiem-thu"))
    os.utime(path, (OLD, OLD))
    monkeypatch.setenv("CCHC_FORM_KEY_OLD", "khoa-cu-cua-kiem-thu")
    take(province, folder, str(path))
    # A new form is signed with the new key only.
    assert seal_of(SO, "2025-03", Keys.of_environment()) == seal_of(
        SO, "2025-03", Keys("khoa-cua-cac-kiem-thu")
    )
    monkeypatch.delenv("CCHC_FORM_KEY_OLD")
    late = form(province, folder, XA, keys=Keys("khoa-cu-cua-kiem-thu"))
    stopped(province, folder, late, "made with a key that is not used any more")


@pytest.mark.parametrize(("key", "says"), [("", "CCHC_FORM_KEY is not set"), ("ngan", "has 4 characters")])
def test_without_a_key_no_form_is_made_and_none_is_stopped(
    province: World, folder: Path, monkeypatch, key, says
):
    path = form(province, folder)
    os.utime(path, (OLD, OLD))
    monkeypatch.setenv("CCHC_FORM_KEY", key)
    with pytest.raises(CchcError, match=says):
        write_form(province.engine, SO, "2025-03", folder / "b.xlsx")
    with pytest.raises(CchcError, match=says) as missing:
        take(province, folder, str(path))
    assert not isinstance(missing.value, BadFile)
    # It is the warehouse that has to be put right: then the form is taken.
    assert waiting_forms(province.engine, folder) == [str(path)]
    monkeypatch.setenv("CCHC_FORM_KEY", "khoa-cua-cac-kiem-thu")
    take(province, folder, str(path))


def test_a_table_of_the_drop_folder_has_a_code_in_each_line(province: World, folder: Path):
    good = put(
        province, folder, "a.csv", line(OUTSIDE, 5), line(OUTSIDE, 7, XA), line(PART, 1) | {"gia_tri": ""}
    )
    take(province, folder, str(good))
    assert province.rows("SELECT count(*) FROM core.khai_bao") == [(2,)]
    bare = folder / "b.csv"
    bare.write_bytes(province.csv([line(OUTSIDE, 5)], COLUMNS).read_bytes())
    stopped(province, folder, bare, r"this table, line 2, has no code")
    rows = [sealed(line(OUTSIDE, 5)), sealed(line(OUTSIDE, 6)) | {"don_vi": XA}]
    forged = folder / "c.csv"
    forged.write_bytes(province.csv(rows, [*COLUMNS, "ma_xac_thuc"]).read_bytes())
    stopped(province, folder, forged, r"the code of this table, line 3,")


def test_what_an_operator_loads_as_a_table_needs_no_code(province: World, folder: Path):
    bare = folder / "b.csv"
    bare.write_bytes(province.csv([line(OUTSIDE, 5)], COLUMNS).read_bytes())
    stopped(province, folder, bare, "has no code")
    # The very same bytes, for which an operator vouches now; a unit takes nothing back by handing them in.
    batch, _ = province.ingest("khai_bao", bare)
    assert (batch.origin, batch.lines_accepted) == ("file", 1)
    land(province.engine, province.folder / "landing", folder, bare)
    assert province.rows("SELECT origin, status FROM ops.batch WHERE batch_id = :b", b=batch.batch_id) == [
        ("file", "loaded")
    ]


def test_a_form_is_checked_whoever_loads_it(province: World, folder: Path):
    path = changed(form(province, folder), {"A2": OTHER})
    with pytest.raises(BadFile, match="is not that of its unit and month"):
        province.ingest("khai_bao", path)


def test_a_form_is_for_whoever_wrote_it_only(province: World, folder: Path):
    path = folder / "phieu.xlsx"
    path.write_bytes(b"x" * 100_000)
    path.chmod(0o644)
    write_form(province.engine, SO, "2025-03", path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert openpyxl.load_workbook(path).active["A3"].value == "Kỳ báo cáo: 2025-03"


def test_the_label_that_is_signed_names_the_version_of_the_form():
    assert contract_of("khai_bao").seal.seal_label == f"phieu_khai_bao/{FORM_VERSION}"


@pytest.mark.long
def test_made_up_declarations_are_good_and_the_same_each_time(make_world, folder: Path):
    """The demo's table and forms: nothing is rejected, forms supersede the table, again adds nothing."""
    world: World = make_world()
    sync_calendar(world.engine)
    load_organisation(world.engine, world.folder / "landing")
    for _ in range(2):
        write_declarations(world.engine, folder, ["2025-01", "2025-02"], Keys.of_environment())
        for path in waiting_forms(world.engine, folder):
            take(world, folder, path)
    assert len(list(folder.iterdir())) == 1 + len(WITH_FORM)
    assert world.rows(
        "SELECT count(*), sum(lines_rejected), bool_and(status = 'loaded') FROM ops.batch "
        "WHERE dataset = 'khai_bao'"
    ) == [(1 + len(WITH_FORM), 0, True)]
    (unit,) = [unit for unit in units() if unit.key == WITH_FORM[0]]
    by_form = values_of(unit, Month(2025, 1), seed=2026)
    held = dict(
        world.rows(
            "SELECT ma_so_lieu, gia_tri FROM mart.khai_bao WHERE ma_don_vi = :u AND ky = '2025-01' "
            "AND is_current",
            u=unit.key,
        )
    )
    assert by_form
    assert by_form.items() <= held.items()
