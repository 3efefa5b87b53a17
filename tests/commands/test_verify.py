"""`python -m cchc verify`: each thing that must always hold is missed when somebody broke it by force."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from cchc.commands.app import main
from cchc.commands.verify import Finding, checks
from cchc.warehouse import engine_of
from tests.world import SO, XA, World
from tools.local.postgres import EmbeddedPostgres

pytestmark = pytest.mark.long

LINES, BATCH, HELD, STANDING, UNITS, GONE, MONTHS, FIGURES, SUMS, FORM, JUDGED, LEDGER, FILES, NAMED, KEPT = (
    range(15)
)
FINISHED = {"trang_thai_ho_so": "9", "ngay_ket_thuc_xu_ly": "20250311100000"}


@pytest.fixture(scope="module")
def filled(make_world: Callable[[], World]) -> World:
    """Loaded batches, one line rejected, all months counted."""
    world = make_world().dimensions()
    lines = world.dossiers({}, FINISHED, {"don_vi_xu_ly": XA}, {"ma_ho_so": ""}, *[FINISHED] * 40)
    world.ingest("ho_so", lines, at="2025-05-10")
    world.refresh_all()
    return world


@pytest.fixture
def counted(filled: World, postgres: EmbeddedPostgres, tmp_path: Path) -> Iterator[World]:
    """A copy of that warehouse and of its landed files, to be harmed."""
    name = f"{filled.engine.url.database}_harmed"
    admin = sa.create_engine(
        postgres.dsn("postgres", "postgres", driver="psycopg2"),
        isolation_level="AUTOCOMMIT",
        poolclass=sa.pool.NullPool,
    )
    with admin.connect() as connection:
        # Great Expectations leaves sessions open, and what is being used cannot be copied.
        connection.execute(
            sa.text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"),
            {"name": filled.engine.url.database},
        )
        connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE {filled.engine.url.database}")
    world = World(engine_of(postgres.dsn(name, "postgres", driver="psycopg2")), tmp_path)
    shutil.copytree(filled.folder / "landing", tmp_path / "landing")
    with world.engine.begin() as connection:
        connection.execute(
            sa.text("UPDATE ops.batch SET landed_path = replace(landed_path, :old, :new)"),
            {"old": str(filled.folder), "new": str(tmp_path)},
        )
    yield world
    with admin.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")


def by_force(world: World, *statements: str) -> None:
    """As a superuser does it who passes triggers by, without the constraints that forbid it."""
    with world.engine.begin() as connection:
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        for statement in statements:
            connection.exec_driver_sql(statement)


def found(world: World, number: int, *others: int, **options: bool) -> Finding:
    """The finding of one check; all but these others have to hold."""
    findings = [*checks(world.engine, **options)]
    assert [f.what for i, f in enumerate(findings) if i not in (number, *others) and f.failed] == []
    return findings[number]


def test_nothing_is_found_in_a_warehouse_that_was_filled_the_usual_way(counted, monkeypatch, capsys):
    monkeypatch.setenv("CCHC_WAREHOUSE_DSN", counted.engine.url.render_as_string(hide_password=False))
    assert main(["verify"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 15
    assert all(line.startswith("ok    ") for line in lines)
    assert main(["verify", "--no-files"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 12


def test_a_failed_check_ends_with_1_and_names_what_is_wrong(counted, monkeypatch, capsys):
    monkeypatch.setenv("CCHC_WAREHOUSE_DSN", counted.engine.url.render_as_string(hide_password=False))
    by_force(counted, "UPDATE ops.period SET changed = changed + 1 WHERE ky = '2025-03'")
    assert main(["verify", "--no-files"]) == 1
    (line,) = [line for line in capsys.readouterr().out.splitlines() if not line.startswith("ok")]
    assert line == "FAIL  the figures of every month follow from its data: 1 not. 2025-03 waits"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("lines_accepted = lines_accepted - 1", "44 read, 42 accepted, 1 rejected (1 kept), 0 superseded"),
        ("lines_rejected = lines_rejected + 1, lines_accepted = lines_accepted - 1", "2 rejected (1 kept)"),
        ("stated_total = 99", "superseded, stated 99"),
    ],
)
def test_lines_of_a_batch_that_do_not_add_up(counted, change, says):
    by_force(
        counted,
        "ALTER TABLE ops.batch DROP CONSTRAINT nothing_is_lost, DROP CONSTRAINT stated_total_agrees",
        f"UPDATE ops.batch SET {change} WHERE dataset = 'ho_so'",
    )
    (violation,) = found(counted, LINES, HELD).found
    assert "(ho_so): " in violation
    assert says in violation


def test_rows_of_core_without_a_loaded_batch(counted):
    by_force(counted, "UPDATE core.ho_so SET batch_id = 999999 WHERE ma_don_vi = '" + XA + "'")
    assert found(counted, BATCH).found == ["core.ho_so: 1 rows"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            "INSERT INTO ops.reject (batch_id, line_no, rule_ids, reasons, masked_row) "
            "SELECT batch_id, min(line_no), '{HS00}', '{x}', '{}' FROM core.ho_so GROUP BY batch_id",
            "1 rejected lines",
        ),
        (
            "UPDATE ops.batch SET lines_accepted = 42, lines_superseded = 1 WHERE dataset = 'ho_so'",
            "42 accepted",
        ),
    ],
)
def test_a_rejected_line_that_stands_in_core_and_rows_that_nobody_accepted(counted, change, says):
    by_force(counted, change)
    (violation,) = found(counted, HELD, LINES).found
    assert violation.startswith("core.ho_so, batch ") and violation.endswith(says)


def test_a_faulty_line_that_is_taken_for_corrected(counted):
    by_force(counted, "UPDATE ops.line_finding SET con_loi = '{}' WHERE bi_loai")
    # The one without a code, fourth below the header: nothing can have corrected it.
    (fault,) = found(counted, STANDING).found
    assert fault.endswith(" line 5: {}, is {HS01}")


@pytest.mark.parametrize("gone", [False, True])
def test_a_batch_that_has_to_be_loaded_again(counted, gone):
    by_force(
        counted,
        "INSERT INTO ops.reopened SELECT batch_id, batch_id, 'don_vi' FROM ops.batch WHERE dataset = 'ho_so'",
        f"UPDATE ops.batch SET file_deleted_at = CASE WHEN {gone} THEN now() END WHERE dataset = 'ho_so'",
    )
    finding = found(counted, GONE if gone else UNITS, files=False)
    assert len(finding.found) == 1 and finding.failed == (not gone)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("UPDATE mart.chi_so SET gia_tri = 12.34 WHERE {t12}", "= 12.34, recomputed"),
        ("DELETE FROM mart.chi_so WHERE {t12}", "thang 2025-03 da_giai_quyet {so}: not in mart.chi_so"),
        (
            'INSERT INTO mart.chi_so SELECT (jsonb_populate_record(c, \'{"ma_don_vi": "khong_co", '
            '"tu_so": 0}\')).* FROM mart.chi_so AS c WHERE {t12}',
            "khong_co: follows from nothing",
        ),
    ],
)
def test_figures_that_are_not_what_their_counts_make(counted, change, says):
    place = f"ky_loai = 'thang' AND ky = '2025-03' AND ma_chi_so = 'da_giai_quyet' AND ma_don_vi = '{SO}'"
    with counted.engine.begin() as connection:
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        connection.exec_driver_sql(change.replace("{t12}", place))
    findings = [*checks(counted.engine, files=False)]
    (violation,) = findings[FIGURES].found
    assert says.replace("{so}", SO) in violation


def test_a_closed_figure_is_not_compared_with_what_the_counts_make_now(counted):
    by_force(
        counted,
        "UPDATE mart.chi_so SET trang_thai = 'da_chot' WHERE ky_loai = 'thang' AND ky = '2025-03'",
        f"UPDATE mart.chi_so SET gia_tri = 12.34 WHERE ky_loai = 'thang' AND ky = '2025-03' "
        f"AND ma_chi_so = 'da_giai_quyet' AND ma_don_vi = '{SO}'",
    )
    # Nobody closed it: that is another matter.
    assert found(counted, FIGURES, LEDGER, files=False).found == []


def test_periods_of_a_month_that_waits_are_named_once(counted):
    by_force(
        counted,
        "UPDATE ops.period SET changed = changed + 1 WHERE ky = '2025-03'",
        "UPDATE mart.chi_so SET gia_tri = 12.34 WHERE ky = '2025-03' AND ma_chi_so = 'da_giai_quyet' "
        "AND gia_tri IS NOT NULL",
    )
    assert found(counted, MONTHS).found == ["2025-03 waits"]


def test_a_province_that_is_not_the_sum_of_its_units(counted):
    # Both what is shown and what it is made of again: only the sum gives it away.
    by_force(
        counted,
        "UPDATE mart.chi_so SET trang_thai = 'da_chot'",
        f"UPDATE mart.chi_so SET tu_so = tu_so + 1 WHERE ky_loai = 'thang' AND ky = '2025-03' "
        f"AND ma_chi_so = 'da_giai_quyet' AND ma_don_vi = '{SO}'",
    )
    province, level = sorted(found(counted, SUMS, LEDGER).found, reverse=True)
    assert province.startswith("thang 2025-03 da_giai_quyet TONG:toan_tinh: 41, its units 42")
    assert level.startswith("thang 2025-03 da_giai_quyet TONG:so_nganh: ")


def test_a_form_that_takes_over_another_stock_is_told_and_does_not_fail(counted):
    by_force(
        counted,
        "ALTER TABLE mart.bieu_06a DROP CONSTRAINT tiep_nhan_du",
        f"UPDATE mart.bieu_06a SET cot_6 = cot_6 + 3 WHERE ky_loai = 'thang' AND ky = '2025-04' "
        f"AND ma_don_vi = '{SO}' AND ma_linh_vuc = ''",
    )
    finding = found(counted, FORM)
    assert not finding.failed
    assert str(finding).startswith("note  report II.06a takes over what the period before left open: 1 not. ")
    assert f"thang 2025-04 {SO}: took over " in str(finding)


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (Path.unlink, "cannot be read (No such file or directory)"),
        (lambda path: path.write_bytes(path.read_bytes() + b"\n"), " were landed"),
        (lambda path: path.write_bytes(path.read_bytes()[::-1]), "has other bytes than were landed"),
    ],
)
def test_a_landed_file_that_is_gone_or_changed(counted, harm: Callable[[Path], object], says: str):
    ((batch_id, path),) = counted.rows("SELECT batch_id, landed_path FROM ops.batch WHERE dataset = 'ho_so'")
    Path(path).chmod(0o644)
    harm(Path(path))
    (violation,) = found(counted, FILES).found
    assert violation.startswith(f"batch {batch_id} (ho_so, loaded): {path} ")
    assert says in violation
    assert found(counted, LINES, files=False).found == []


def test_many_violations_are_counted_and_the_first_named():
    finding = Finding("x", [f"v{number}" for number in range(12)])
    assert str(finding) == "FAIL  x: 12 not. v0; v1; v2; v3; v4; … 7 more"


def test_checking_changes_nothing(counted):
    tables = ("ops.batch", "ops.period", "ops.figure_change", "mart.chi_so", "mart.ky", "core.ho_so")
    before = counted.content(*tables)
    assert [finding.failed for finding in checks(counted.engine)] == [False] * 15
    assert counted.content(*tables) == before
