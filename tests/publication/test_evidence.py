"""Evidence about a closed month is rebuilt elsewhere with equal hashes, or says exactly what it cannot be."""

import csv
import hashlib
import io
import json
import os
import shutil
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa

from cchc.batches import note_file_deleted
from cchc.commands.app import main
from cchc.errors import CchcError
from cchc.figures.refresh import pending_periods, refresh
from cchc.publication.closing import close, publish_provisionally, restate
from cchc.publication.confirming import confirm
from cchc.publication.evidence import write_evidence
from cchc.publication.rebuild import rebuild
from tests.conftest import _database, engine_for_tests
from tests.figures.test_refresh import BASE, LATE
from tests.registers.organisations import called, organise, unit, write
from tests.registers.organisations import on as received
from tests.world import FULL, PROCEDURES, SO, UNITS, XA, World, code

BY = {"by": "chi_cuc", "approved_by": "giam_doc"}
CLOSE = BY | {"reason": "Dữ liệu thử"}
# Where an export has people; made up, and found by looking for these words.
MARKS = ("Nguyễn Thị Dấu Vết", "0912345678", "dauvet@example.vn")


@dataclass
class Story:
    """What happened in a warehouse, its evidence, and the folder of its landed files."""

    world: World
    archive: Path
    landing: Path


def happened(world: World) -> None:
    """January and February are closed, a dossier of January comes late with two lines that are rejected, the
    other facts get something, January is restated, March is closed."""
    world.dimensions()
    columns = [*FULL, "ten_nguoi_nop", "so_dien_thoai", "email"]
    people = dict(zip(columns[-3:], MARKS, strict=True))
    world.ingest("ho_so", world.dossiers(*(each | people for each in BASE), columns=columns), "2025-04-01")
    world.ingest("van_ban", world.documents({}, {"huong": "den"}), "2025-04-01 01:00")
    world.ingest("ho_so_cong_viec", world.work({}), "2025-04-01 02:00")
    declared = {"ky": "2025-01", "ma_so_lieu": "iso_dien_tu", "gia_tri": "1", "chuc_danh": "Văn thư"}
    world.ingest("khai_bao", world.csv([declared | {"don_vi": SO, "ngay_khai": "20250205090000"}]))
    world.refresh_all()
    close(world.engine, "2025-01", **CLOSE)
    close(world.engine, "2025-02", **CLOSE)
    bad = [received("2025-01-20", MARKS[0], n) | people for n in (51, 52)]
    good = [{**LATE, **{"ma_ho_so": code(n)}} for n in range(6, 106)]
    late = world.dossiers(*good, *bad, columns=columns)
    world.ingest("ho_so", late, "2025-04-02")
    world.ingest("danh_gia", world.ratings({"ma_ho_so": code(2)}), "2025-04-02")
    world.refresh_all()
    restate(world.engine, "2025-01", reason="Nộp muộn", **BY)
    close(world.engine, "2025-03", **CLOSE)


@pytest.fixture(scope="module")
def story(make_world, tmp_path_factory) -> Story:
    world = make_world()
    happened(world)
    folder = tmp_path_factory.mktemp("evidence")
    return Story(world, write_evidence(world.engine, "2025-01", folder).path, world.folder / "landing")


@pytest.fixture
def elsewhere(postgres, template):
    """A warehouse without data, as on another machine."""
    with contextmanager(_database)(postgres, template) as dsn:
        # As its owner, who makes the functions that add up by the definitions of the time.
        engine = engine_for_tests(postgres.dsn(sa.make_url(dsn).database, "cchc_owner", driver="psycopg2"))
        yield engine
        engine.dispose()


def states(result) -> dict[str, int]:
    found = [line.state for line in result.lines]
    return {state: found.count(state) for state in sorted(set(found))}


def quiet(_: str) -> None:
    pass


def members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def written(path: Path, content: dict[str, bytes], *, indexed: bool = True) -> Path:
    """An archive with this content, as somebody would write it who knows the index."""
    if indexed:
        index = json.loads(content["van_tay.json"])
        index["thanh_phan"] = {
            name: {"sha256": hashlib.sha256(each).hexdigest(), "bytes": len(each)}
            for name, each in content.items()
            if name != "van_tay.json"
        }
        content = content | {"van_tay.json": json.dumps(index).encode()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, each in content.items():
            archive.writestr(name, each)
    return path


# Rebuilt ---------------------------------------------------------------------------------------


def test_what_was_published_is_rebuilt_elsewhere_with_equal_hashes(story, elsewhere):
    result = rebuild(elsewhere, story.archive, story.landing, say=quiet)
    assert (result.notes, result.missing) == ([], [])
    assert [str(line) for line in result.lines if line.state != "equal"] == []
    assert result.equal
    told = "\n".join(map(str, result.lines))
    # Both revisions of January, and what was loaded between them is in the second alone.
    for entry in ("entry 1 (chot 2025-01) thang 2025-01", "entry 3 (dinh_chinh 2025-01) thang 2025-01"):
        assert f"equal    {entry}: " in told
    with elsewhere.connect() as connection:
        revisions = connection.execute(
            sa.text(
                "SELECT revision, tu_so FROM mart.con_so_cong_bo WHERE ky_loai = 'thang' AND ky = '2025-01' "
                "AND ma_chi_so = 'tiep_nhan' AND ma_don_vi = :u ORDER BY revision"
            ),
            {"u": XA},
        ).all()
    assert revisions == [(0, 0), (1, 100)]


def test_the_same_warehouse_gives_the_same_bytes(story, tmp_path):
    again = write_evidence(story.world.engine, "2025-01", tmp_path).path
    assert again.read_bytes() == story.archive.read_bytes()
    with zipfile.ZipFile(again) as archive:
        names = archive.namelist()
        assert names == sorted(names)
        assert {each.date_time for each in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_it_holds_every_revision_of_what_the_month_published(story):
    content = members(story.archive)
    rows = list(csv.DictReader(io.StringIO(content["con_so.csv"].decode())))
    january = {(r["so_cai"], r["revision"]) for r in rows if (r["ky_loai"], r["ky"]) == ("thang", "2025-01")}
    assert january == {("1", "0"), ("3", "1")}
    ledger = [json.loads(line) for line in content["so_cai.jsonl"].splitlines()]
    assert [each["loai"] for each in ledger] == ["chot", "chot", "dinh_chinh", "chot"]
    # As the README in it says how an entry is hashed.
    for before, entry in zip([None, *ledger], ledger, strict=False):
        digest = entry.pop("ma_bam")
        text = json.dumps(entry, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        assert hashlib.sha256(text.encode()).hexdigest() == digest
        entry["ma_bam"] = digest
        assert entry["ma_bam_truoc"] == (before["ma_bam"] if before else "0" * 64)
    rejected = list(csv.DictReader(io.StringIO(content["loai_bo.csv"].decode())))
    assert {each["so_dong"] for each in rejected} == {"2"}
    landed = [json.loads(line) for line in content["tep_goc.jsonl"].splitlines()]
    assert {each["con_tep"] for each in landed} == {"con"}
    assert [(e["lines_read"], e["lines_rejected"]) for e in landed if e["dataset"] == "ho_so"] == [
        *((5, 0), (102, 2))
    ]


def test_nothing_personal_is_in_it(story):
    for name, content in members(story.archive).items():
        for mark in MARKS:
            assert mark not in content.decode(), name
    # That it would be found: the landed files hold it.
    assert any(MARKS[0].encode() in path.read_bytes() for path in story.landing.rglob("*.csv"))


def test_a_month_that_is_not_published_has_no_evidence(story, tmp_path):
    with pytest.raises(CchcError, match="Month 2025-04 is not published"):
        write_evidence(story.world.engine, "2025-04", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_no_evidence_is_written_of_what_was_changed_by_force(story, tmp_path):
    with story.world.engine.begin() as connection:
        connection.exec_driver_sql(
            "SET LOCAL session_replication_role = replica; UPDATE core.dem_cong_bo SET so = so + 1"
        )
    try:
        with pytest.raises(CchcError, match=r"is not as the ledger says: .*dem_cong_bo"):
            write_evidence(story.world.engine, "2025-01", tmp_path)
        assert list(tmp_path.iterdir()) == []
    finally:
        with story.world.engine.begin() as connection:
            connection.exec_driver_sql(
                "SET LOCAL session_replication_role = replica; UPDATE core.dem_cong_bo SET so = so - 1"
            )


def test_a_warehouse_that_holds_anything_is_left_alone(story):
    before = story.world.rows("SELECT count(*) FROM ops.lan_nap")
    with pytest.raises(CchcError, match=r"The warehouse is not empty \(ops.batch, "):
        rebuild(story.world.engine, story.archive, story.landing, say=quiet)
    assert story.world.rows("SELECT count(*) FROM ops.lan_nap") == before


# Files that are gone ---------------------------------------------------------------------------


def late_file(story: Story) -> tuple[int, Path]:
    [(batch_id, path)] = story.world.rows(
        "SELECT batch_id, landed_path FROM ops.batch WHERE dataset = 'ho_so' AND lines_read = 102"
    )
    return batch_id, Path(path)


def landing_without(story: Story, tmp_path: Path, path: Path) -> Path:
    folder = tmp_path / "landing"
    shutil.copytree(story.landing, folder)
    (folder / path.relative_to(story.landing)).unlink()
    return folder


def test_a_file_that_retention_deleted_is_named_and_the_rest_compared(story, elsewhere, tmp_path):
    batch_id, path = late_file(story)
    with story.world.engine.begin() as connection:
        note_file_deleted(connection, batch_id)
    try:
        archive = write_evidence(story.world.engine, "2025-01", tmp_path).path
    finally:
        with story.world.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE ops.batch SET file_deleted_at = NULL")
    result = rebuild(elsewhere, archive, landing_without(story, tmp_path, path), say=quiet)
    [missing] = result.missing
    assert missing.batch_id == batch_id
    assert "2025-01" in missing.months
    assert "it was deleted on 20" in str(missing)
    assert {"tiep_nhan", "T9"} <= set(missing.figures())
    # Documents are no dossiers.
    assert "T1" not in missing.figures()
    by_entry = {n: {line.state for line in result.lines if f"entry {n} " in line.what} for n in (1, 2, 3)}
    assert by_entry == {1: {"equal"}, 2: {"equal"}, 3: {"cannot"}}
    assert not result.equal


def test_of_a_first_closing_only_what_rests_on_the_file_cannot_be_rebuilt(story, elsewhere, tmp_path):
    [(path,)] = story.world.rows("SELECT landed_path FROM ops.batch WHERE dataset = 'van_ban'")
    result = rebuild(elsewhere, story.archive, landing_without(story, tmp_path, Path(path)), say=quiet)
    [missing] = result.missing
    assert "no file with this SHA-256 was found" in str(missing)
    assert not {"2025-01", "2025-02"} & set(missing.months)
    # Both documents are of March, which this evidence is not about.
    assert {line.what for line in result.lines if line.state != "equal"} == {
        f"entry {n} ({kind}): {count} batches, of which some rest on missing batches {missing.batch_id}"
        for n, kind, count in ((1, "chot 2025-01", 6),)
    }


def test_without_the_first_dossiers_the_figures_that_count_them_are_named_and_the_others_equal(
    story, elsewhere, tmp_path
):
    [(path,)] = story.world.rows(
        "SELECT landed_path FROM ops.batch WHERE dataset = 'ho_so' AND lines_read = 5"
    )
    result = rebuild(elsewhere, story.archive, landing_without(story, tmp_path, Path(path)), say=quiet)
    first = [line for line in result.lines if "entry 1 (chot 2025-01) thang 2025-01: " in line.what]
    assert [line.state for line in first] == ["cannot", "cannot", "equal"]
    # In January the only dossier of BASE was the sở's.
    assert f"tiep_nhan {SO}: 1, here 0" in "\n".join(line.what for line in first) or "more" in first[1].what
    assert first[2].what.endswith(" other figures")
    assert [str(line) for line in result.lines if line.state == "differs"] == []


def test_rows_behind_figures_that_are_others_are_told(story, elsewhere, tmp_path):
    """Of rows the archive has a hash only: whoever changes it changes what they are compared with."""
    content = members(story.archive)
    lines = [json.loads(line) for line in content["doi_chieu.jsonl"].splitlines()]
    row = next(line for line in lines if (line["phan"], line["so_cai"]) == ("dong", 2))
    row["ma_bam"] = "0" * 64
    content["doi_chieu.jsonl"] = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    result = rebuild(elsewhere, written(tmp_path / "khac.zip", content), story.landing, say=quiet)
    [other] = [line for line in result.lines if line.state != "equal"]
    told = f"entry 2 (chot 2025-02) 2025-02: {row['so_dong']} rows behind figures, {row['so_dong']} of"
    assert str(other) == f"differs  {told} another hash here"
    assert not result.equal


def test_another_file_under_its_name_is_found(story, elsewhere, tmp_path):
    _, path = late_file(story)
    folder = landing_without(story, tmp_path, path)
    other = folder / path.relative_to(story.landing)
    other.write_bytes(path.read_bytes().replace(b"20250330000000", b"20250331000000"))
    result = rebuild(elsewhere, story.archive, folder, say=quiet)
    [missing] = result.missing
    assert "another file stands under its name" in missing.why
    assert "has other bytes than were landed" in missing.why


def test_files_are_found_by_their_bytes_whatever_they_are_called(story, elsewhere, tmp_path):
    folder = tmp_path / "backup"
    folder.mkdir()
    for number, path in enumerate(sorted(p for p in story.landing.rglob("*") if p.is_file())):
        shutil.copy(path, folder / f"tep_{number}")
    assert rebuild(elsewhere, story.archive, folder, say=quiet).equal


# Archives that are not as they were written ----------------------------------------------------


def changed_figure(content: dict[str, bytes]) -> None:
    rows = list(csv.DictReader(io.StringIO(content["con_so.csv"].decode())))
    row = next(row for row in rows if row["ma_chi_so"] == "tiep_nhan" and row["tu_so"])
    row["tu_so"] = str(int(row["tu_so"]) + 1)
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    content["con_so.csv"] = text.getvalue().encode()


def changed_definition(content: dict[str, bytes]) -> None:
    content["dinh_nghia.csv"] = content["dinh_nghia.csv"].replace(b"tiep_nhan", b"tiep_nham", 1)


def changed_file(content: dict[str, bytes]) -> None:
    name = next(name for name in content if name.endswith("/sql/indicators/T9.yaml"))
    content[name] += b"\n"


def changed_chain(content: dict[str, bytes]) -> None:
    content["so_cai.jsonl"] = content["so_cai.jsonl"].replace(b"chi_cuc", b"ai_khac", 1)


def changed_comparison(content: dict[str, bytes]) -> None:
    lines = content["doi_chieu.jsonl"].splitlines()
    place = next(n for n, line in enumerate(lines) if json.loads(line)["phan"] == "con_so")
    lines[place] = json.dumps(json.loads(lines[place]) | {"ma_bam": "0" * 64}).encode()
    content["doi_chieu.jsonl"] = b"\n".join(lines) + b"\n"


def shorter_chain(content: dict[str, bytes]) -> None:
    content["so_cai.jsonl"] = b"".join(content["so_cai.jsonl"].splitlines(keepends=True)[:-1])


CHANGES = {
    changed_figure: ("con_so.csv was changed", r"con_so.csv is not what entry \d published"),
    changed_definition: ("dinh_nghia.csv was changed", r"dinh_nghia.csv is not what entry \d published"),
    changed_file: ("T9.yaml was changed", "tep/sql/indicators/T9.yaml is not what tep.csv says"),
    changed_chain: ("so_cai.jsonl was changed", r"entry 1 \(chot 2025-01\) is not what its hash says"),
    changed_comparison: ("doi_chieu.jsonl was changed", "doi_chieu.jsonl is not what the tables of entry 1"),
    shorter_chain: ("so_cai.jsonl was changed", "does not end with the hash that van_tay.json says"),
}


@pytest.mark.parametrize("indexed", [False, True], ids=["as it is", "with its index made again"])
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_what_was_changed_in_it_is_named(story, elsewhere, tmp_path, change, indexed):
    content = members(story.archive)
    before = dict(content)
    change(content)
    assert content != before
    archive = written(tmp_path / "khac.zip", content, indexed=indexed)
    with pytest.raises(CchcError, match=CHANGES[change][indexed]) as told:
        rebuild(elsewhere, archive, story.landing, say=quiet)
    assert "Nothing was rebuilt" in str(told.value)
    with elsewhere.connect() as connection:
        assert not connection.scalar(sa.text("SELECT EXISTS (SELECT FROM core.phep_do)"))


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("../../etc/passwd", b"x", "does not belong into it"),
        ("/tmp/x", b"x", "does not belong into it"),
        ("tep/0123456789ab/../../x", b"x", "does not belong into it"),
        ("tep/0123456789ab/sql/indicators/../../plugins/cchc/errors.py", b"x", "does not belong into it"),
        ("tep/0123456789ab/plugins/cchc/errors.py", b"x", "does not belong into it"),
        ("tep/0123456789ab/sql/indicators/bom.yaml", b"\0" * (30 << 20), "unpacks to 31457280 bytes"),
    ],
)
def test_what_an_archive_must_not_hold_is_refused(story, elsewhere, tmp_path, name, content, says):
    archive = written(tmp_path / "khac.zip", members(story.archive) | {name: content})
    with pytest.raises(CchcError, match=says):
        rebuild(elsewhere, archive, story.landing, say=quiet)


def test_what_is_no_archive_is_refused_in_one_line(elsewhere, tmp_path):
    path = tmp_path / "bang_chung.zip"
    with pytest.raises(CchcError, match="there is no such file"):
        rebuild(elsewhere, path, None, say=quiet)
    path.write_bytes(b"PK\x03\x04 nothing")
    with pytest.raises(CchcError, match="it is no archive"):
        rebuild(elsewhere, path, None, say=quiet)


def test_a_ledger_that_was_replaced_as_a_whole_is_told_by_the_hash_kept_elsewhere(story, elsewhere):
    with pytest.raises(CchcError, match="no entry of its ledger has the hash 00"):
        rebuild(elsewhere, story.archive, story.landing, "00" * 32, say=quiet)


# What changed meanwhile ------------------------------------------------------------------------


@pytest.mark.long
def test_each_entry_is_rebuilt_by_the_definitions_of_its_time(world, elsewhere, tmp_path, definitions):
    """The second is published by others than this checkout has: then they are used."""
    world.dimensions()
    world.add(*BASE)
    world.refresh_all()
    close(world.engine, "2025-01", **CLOSE)
    definitions.change("khong_co_han", phien_ban=2, tu_so=[{"su_kien": "ket_thuc"}])
    refresh(world.engine, *pending_periods(world.engine))
    restate(world.engine, "2025-01", reason="Định nghĩa mới", **BY)
    archive = write_evidence(world.engine, "2025-01", tmp_path).path
    definitions.change("khong_co_han", phien_ban=3, tu_so=[{"su_kien": "tiep_nhan"}])
    result = rebuild(elsewhere, archive, world.folder / "landing", say=quiet)
    assert [str(line) for line in result.lines if line.state != "equal"] == []
    assert result.equal


@pytest.mark.long
def test_units_that_were_corrected_between_two_entries(world, elsewhere, tmp_path):
    first, then = (
        write(tmp_path / ma, [unit("84.a"), unit("84.b")], [], [called("X", ma)]) for ma in ("84.a", "84.b")
    )
    world.dimensions()
    organise(world, first)
    world.ingest("ho_so", world.dossiers(received("2025-01-20", "X", 1)), "2025-03-31")
    world.refresh_all()
    close(world.engine, "2025-01", **CLOSE)
    organise(world, then)
    world.refresh_all()
    restate(world.engine, "2025-01", reason="Đổi đơn vị", **BY)
    archive = write_evidence(world.engine, "2025-01", tmp_path).path
    result = rebuild(elsewhere, archive, world.folder / "landing", say=quiet)
    assert (result.notes, result.missing) == ([], [])
    assert [str(line) for line in result.lines if line.state != "equal"] == []
    assert result.equal


@pytest.mark.long
def test_lines_that_were_rejected_until_their_unit_came(world, elsewhere, tmp_path):
    world.dimensions()
    export = world.dossiers(
        *(BASE[0] | {"ma_ho_so": code(n)} for n in range(1, 31)), received("2025-01-11", "000.00.88.H59", 40)
    )
    world.ingest("ho_so", export, "2025-04-01")
    world.refresh_all()
    close(world.engine, "2025-01", **CLOSE)
    more = {"ma_don_vi": "000.00.88.H59", "ten_don_vi": "Sở Mới Lập", "cap": "so_nganh"}
    world.ingest("don_vi", world.csv([*UNITS, more], list(UNITS[0])), at="2025-04-02")
    assert world.ingest("ho_so", export, "2025-04-01")[0].lines_rejected == 0
    changed = [each | {"CoPhi": "0", "NgayCapNhat": "20240601000000"} for each in PROCEDURES]
    world.ingest("tthc", world.json(changed))
    world.refresh_all()
    restate(world.engine, "2025-01", reason="Đơn vị mới", **BY)
    archive = write_evidence(world.engine, "2025-01", tmp_path).path
    result = rebuild(elsewhere, archive, world.folder / "landing", say=quiet)
    assert [str(line) for line in result.lines if line.state != "equal"] == []
    assert result.equal


# The commands ----------------------------------------------------------------------------------


def test_the_commands_say_what_came_of_it(story, elsewhere, postgres, tmp_path, monkeypatch, capsys):
    def asked(engine, login, *words) -> tuple[int, str]:
        dsn = postgres.dsn(engine.url.database, login, driver="psycopg2")
        monkeypatch.setitem(os.environ, "CCHC_WAREHOUSE_DSN", dsn)
        code = main(list(words))
        said = capsys.readouterr()
        return code, said.out + said.err

    exit_code, said = asked(
        story.world.engine, "cchc_etl", "evidence", "2025-01", "--out", str(tmp_path / "ra")
    )
    archive = tmp_path / "ra" / "bang_chung_2025-01.zip"
    assert exit_code == 0
    assert archive.read_bytes() == story.archive.read_bytes()
    assert "entries 1 to 4 of the ledger" in said
    exit_code, said = asked(elsewhere, "cchc_owner", "rebuild", str(archive), "--landing", str(tmp_path))
    assert exit_code == 1
    assert "cannot be rebuilt" in said
    assert "missing  batch" in said


def test_a_month_that_was_confirmed_and_published_provisionally_is_rebuilt(world, elsewhere, tmp_path):
    world.dimensions()
    world.add(*BASE)
    world.refresh_all()
    confirm(world.engine, "2025-01", SO, "so_xay_dung")
    publish_provisionally(world.engine, "2025-01", "lich", "Hết hạn chưa ai trả lời")
    world.add(LATE)
    world.refresh_all()
    close(world.engine, "2025-01", **CLOSE)
    archive = write_evidence(world.engine, "2025-01", tmp_path).path
    result = rebuild(elsewhere, archive, world.folder / "landing", say=quiet)
    assert [str(line) for line in result.lines if line.state != "equal"] == []
    told = "\n".join(map(str, result.lines))
    for entry in ("entry 2 (tam_cong_bo 2025-01) thang 2025-01", "entry 3 (chot 2025-01) thang 2025-01"):
        assert f"equal    {entry}: " in told
