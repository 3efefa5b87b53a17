"""The warehouse's migrations: from empty, again, by an ordinary owner; and what they leave behind."""

import hashlib
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from cchc.database_roles import become_owner
from cchc.errors import CchcError
from cchc.figures.definitions import LEVELS
from cchc.warehouse import engine_of, take_turn
from tests.migrating import ROOT, Copy, alembic, migrate

pytestmark = pytest.mark.long

# design.md, "The contract with BI": the columns in this order.
CHI_SO = [
    *(("ky_loai", "text"), ("ky", "text"), ("tu_ngay", "date"), ("den_ngay", "date")),
    *(("ma_chi_so", "text"), ("phien_ban", "integer")),
    *(("ma_don_vi", "text"), ("ten_don_vi", "text"), ("cap", "text")),
    *(("tu_so", "bigint"), ("mau_so", "bigint"), ("gia_tri", "numeric"), ("ly_do_na", "text")),
    *(("muc_tieu", "numeric"), ("dat", "boolean"), ("trang_thai", "text")),
    *(("revision", "integer"), ("as_of", "timestamp with time zone")),
]
# Vietnamese has letters that ASCII has not; an English comment would pass without them.
VIETNAMESE = "[àáảãạăằắẳẵặâầấẩẫậèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵđ]"


def catalogue(engine: sa.Engine) -> list[tuple]:
    """Every table, column, constraint, index, function and comment, with the oid of its relation."""
    queries = (
        "SELECT c.oid, c.relname, c.relkind::text, a.attname, format_type(a.atttypid, a.atttypmod), "
        "a.attnotnull FROM pg_class AS c LEFT JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 "
        "WHERE c.relnamespace::regnamespace::text IN ('ops', 'core', 'mart', 'staging', 'public')",
        "SELECT oid, conname, pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE connamespace::regnamespace::text IN ('ops', 'core', 'mart')",
        "SELECT p.oid, p.proname, md5(p.prosrc) FROM pg_proc AS p "
        "WHERE p.pronamespace::regnamespace::text IN ('ops', 'core', 'mart')",
        "SELECT objoid, objsubid, description FROM pg_description WHERE objoid > 16383",
        "SELECT n.oid, n.nspname, n.nspacl::text, n.nspowner::regrole::text FROM pg_namespace AS n "
        "WHERE n.oid > 16383 OR n.nspname = 'public'",
    )
    with engine.connect() as connection:
        return [sorted(map(str, connection.execute(sa.text(query)))) for query in queries]


def names(engine: sa.Engine, query: str, **binds: object) -> list:
    with engine.connect() as connection:
        return list(connection.scalars(sa.text(query), binds))


def bi_reads(engine: sa.Engine, relation: str) -> bool:
    return names(engine, "SELECT has_table_privilege('cchc_bi', :r, 'SELECT')", r=relation) == [True]


def test_from_empty_and_again_without_change(empty_database):
    engine = engine_of(empty_database)
    assert names(engine, "SELECT nspname FROM pg_namespace WHERE nspname IN ('ops', 'core', 'mart')") == []
    migrate(empty_database)
    first = catalogue(engine)
    assert set(names(engine, "SELECT nspname FROM pg_namespace WHERE oid > 16383")) == {
        *("core", "mart", "ops", "staging"),
    }
    migrate(empty_database)
    assert catalogue(engine) == first


def test_version_table_is_the_warehouse_s_own(empty_database):
    migrate(empty_database)
    engine = engine_of(empty_database)
    # Airflow keeps its own alembic_version; the two must never meet in one database.
    assert names(engine, "SELECT relname FROM pg_class WHERE relname LIKE 'alembic%' AND relkind = 'r'") == [
        "alembic_version_cchc"
    ]


MIGRATE = [sys.executable, "-m", "alembic", "upgrade", "head"]


def started(dsn: str) -> subprocess.Popen[str]:
    """A migration in a process of its own."""
    environment = os.environ | {"CCHC_WAREHOUSE_DSN": dsn}
    return subprocess.Popen(MIGRATE, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True)


def ended(*migrations: subprocess.Popen[str]) -> None:
    """Each comes to a good end."""
    try:
        said = [process.communicate(timeout=120)[1] for process in migrations]
    finally:
        for process in migrations:
            process.kill()
    assert [process.returncode for process in migrations] == [0] * len(migrations), said


def catalogue_without_oids(engine: sa.Engine) -> list[list[str]]:
    return [sorted(re.sub(r"^\(\d+, ", "(", row) for row in part) for part in catalogue(engine)]


@contextmanager
def one_holds(dsn: str, statement: str) -> Iterator[sa.Connection]:
    """A session that has done that and goes no further."""
    with engine_of(dsn).connect() as connection:
        connection.exec_driver_sql(statement)
        yield connection


def waits(engine: sa.Engine, process: subprocess.Popen[str], how_many: int = 1) -> None:
    """Returns when so many sessions of migrations wait for a lock."""
    query = (
        "SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted "
        "AND pid IN (SELECT pid FROM pg_stat_activity WHERE datname = current_database())"
    )
    while names(engine, query) != [how_many]:
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)


def test_two_migrations_at_the_same_time(dsn, empty_database):
    ended(started(empty_database), started(empty_database))
    engine = engine_of(empty_database)
    assert names(engine, "SELECT count(*) FROM public.alembic_version_cchc") == [1]
    assert catalogue_without_oids(engine) == catalogue_without_oids(engine_of(dsn))


# What another migration has made and not committed yet when these begin.
VERSION_TABLE = (
    "CREATE TABLE public.alembic_version_cchc (version_num varchar(32) "
    "CONSTRAINT alembic_version_cchc_pkc PRIMARY KEY)"
)


@pytest.mark.parametrize("comes_to_an_end", [True, False])
def test_two_migrations_of_an_empty_database_wait_for_one_before_them(dsn, empty_database, comes_to_an_end):
    engine = engine_of(empty_database)
    with one_holds(empty_database, VERSION_TABLE) as first:
        both = started(empty_database), started(empty_database)
        waits(engine, both[0], 2)
        first.commit() if comes_to_an_end else first.rollback()
    ended(*both)
    assert catalogue_without_oids(engine) == catalogue_without_oids(engine_of(dsn))


def test_two_migrations_of_a_warehouse_at_the_same_time(dsn, tmp_path):
    """Of one that is behind: only one of them runs what is missing."""
    copy, engine = Copy(tmp_path), engine_of(dsn)
    alembic(tmp_path, dsn, "revision", "-m", "a note", "--rev-id", "9002")
    (copy.sql / "migrations" / "versions" / "9002_a_note.sql").write_text(
        "CREATE TABLE ops.vi_du (a int); COMMENT ON TABLE ops.vi_du IS 'thử';", encoding="utf-8"
    )
    copy.edit("mart.so_sanh", "CREATE VIEW", "-- anew\nCREATE VIEW")
    environment = os.environ | {"CCHC_WAREHOUSE_DSN": dsn}
    with one_holds(dsn, "LOCK TABLE public.alembic_version_cchc IN ACCESS EXCLUSIVE MODE"):
        both = [
            subprocess.Popen(MIGRATE, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True)
            for _ in range(2)
        ]
        waits(engine, both[0], 2)
    # Whoever ran it a second time would fail: the table is there.
    ended(*both)
    assert names(engine, "SELECT version_num FROM public.alembic_version_cchc") == ["9002"]


# --- who only reads ------------------------------------------------------------------------------


@pytest.fixture
def reader(dsn) -> Iterator[sa.Engine]:
    """A login that may read mart and no more."""
    admin = engine_of(dsn)
    with admin.begin() as connection:
        connection.exec_driver_sql("CREATE ROLE chi_xem LOGIN PASSWORD 'chi_xem' IN ROLE cchc_bi")
    url = sa.make_url(dsn).set(username="chi_xem", password="chi_xem")
    yield sa.create_engine(url, poolclass=sa.pool.NullPool)
    with admin.begin() as connection:
        connection.exec_driver_sql("DROP ROLE chi_xem")


TURN_TAKING = (
    # What older versions took.
    "SELECT pg_advisory_lock(766)",
    "LOCK TABLE public.alembic_version_cchc IN SHARE UPDATE EXCLUSIVE MODE",
    "LOCK TABLE public.alembic_version_cchc IN ACCESS SHARE MODE",
    "PREPARE p AS DELETE FROM public.alembic_version_cchc",
    "COMMENT ON TABLE public.alembic_version_cchc IS ''",
    "ANALYZE public.alembic_version_cchc",
)


def test_login_that_reads_does_not_keep_a_migration_waiting(dsn, reader):
    with reader.connect() as session:
        done = []
        for statement in TURN_TAKING:
            point = session.begin_nested()
            try:
                session.exec_driver_sql(statement)
            except sa.exc.ProgrammingError as error:
                assert "permission denied" in str(error)
                point.rollback()
            else:
                point.commit()
                done.append(statement)
        assert done == []
        ended(started(dsn))


def test_reader_in_the_way_of_a_change_is_waited_for_and_named(dsn, reader, tmp_path, monkeypatch):
    """Dropping a view waits for who reads it, and everybody else behind that: not for ever."""
    copy, before = Copy(tmp_path), catalogue(engine_of(dsn))
    copy.edit("mart.so_sanh", "CREATE VIEW", "-- anew\nCREATE VIEW")
    config = copy.sql.parent / "plugins" / "cchc" / "warehouse.py"
    config.write_text(config.read_text().replace("LONGEST_WAIT_S = 900", "LONGEST_WAIT_S = 0.5"))
    with reader.connect() as session:
        session.exec_driver_sql("SELECT count(*) FROM mart.so_sanh").close()
        pid = session.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        failed = copy.migrate(dsn, check=False)
    assert failed.returncode == 1
    [line] = [line for line in failed.stderr.splitlines() if not line.startswith("INFO ")]
    assert line.startswith(f"Waited 0.5 s for what others have open: session {pid} (login chi_xem) of ")
    assert "mart.so_sanh" in line and "docs/runbook.md#a-migration-waits" in line
    assert catalogue(engine_of(dsn)) == before
    copy.migrate(dsn)


def test_frozen_migration_holds_another_up_for_a_bounded_time_and_is_named(dsn, tmp_path):
    copy = Copy(tmp_path)
    config = copy.sql.parent / "plugins" / "cchc" / "warehouse.py"
    config.write_text(config.read_text().replace("LONGEST_WAIT_S = 900", "LONGEST_WAIT_S = 0.5"))
    with engine_of(dsn).connect() as frozen:
        take_turn(frozen, "migrate")
        failed = copy.migrate(dsn, check=False)
    assert "Waited 0.5 s for the turn to do 'migrate', which session " in failed.stderr
    assert "Traceback" not in failed.stderr
    copy.migrate(dsn)


def test_owner_who_is_no_superuser_can_migrate(postgres, empty_database):
    admin = sa.create_engine(empty_database, isolation_level="AUTOCOMMIT", poolclass=sa.pool.NullPool)
    url = sa.make_url(empty_database)
    with admin.connect() as connection:
        connection.exec_driver_sql("DROP ROLE IF EXISTS chu_kho")
        connection.exec_driver_sql("CREATE ROLE chu_kho LOGIN PASSWORD 'chu-kho-thu'")
        connection.exec_driver_sql(f'ALTER DATABASE "{url.database}" OWNER TO chu_kho')
    owner = url.set(username="chu_kho", password="chu-kho-thu").render_as_string(hide_password=False)
    try:
        migrate(owner)
        engine = engine_of(owner)
        assert names(engine, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") == [False]
        owned = "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname IN ('ops', 'core', 'mart')"
        assert names(engine, owned) == ["chu_kho"]
    finally:
        with admin.connect() as connection:
            connection.exec_driver_sql("REASSIGN OWNED BY chu_kho TO postgres")
            connection.exec_driver_sql("DROP OWNED BY chu_kho")
            connection.exec_driver_sql(f'ALTER DATABASE "{url.database}" OWNER TO postgres')
            connection.exec_driver_sql("DROP ROLE chu_kho")


def test_warehouse_of_another_version_is_told_what_to_do(dsn):
    engine = engine_of(dsn)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version_cchc SET version_num = '9999'")
    before = catalogue(engine)
    failed = migrate(dsn, check=False)
    assert failed.returncode == 1
    [line] = [line for line in failed.stderr.splitlines() if not line.startswith("INFO ")]
    assert line.startswith("The warehouse is at revision 9999, which is not in sql/migrations/versions")
    assert "make clean" in line and "version that made it" in line
    assert catalogue(engine) == before


@pytest.mark.parametrize("words", [("downgrade", "base"), ("downgrade", "-1"), ("upgrade", "head", "--sql")])
def test_no_way_back_and_no_script(dsn, words):
    before = catalogue(engine_of(dsn))
    failed = alembic(ROOT, dsn, *words, check=False)
    assert failed.returncode == 1
    [line] = [line for line in failed.stderr.splitlines() if not line.startswith("INFO ")]
    assert "not supported" in line
    assert failed.stdout == ""
    assert catalogue(engine_of(dsn)) == before


def test_migration_that_fails_leaves_nothing_behind(empty_database):
    engine = engine_of(empty_database)
    with engine.begin() as connection:
        # Something of the same name stands in the way of the last of the schemas.
        connection.exec_driver_sql("CREATE SCHEMA core")
    assert migrate(empty_database, check=False).returncode != 0
    assert names(engine, "SELECT nspname FROM pg_namespace WHERE nspname IN ('ops', 'mart')") == []
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA core")
    migrate(empty_database)


def test_without_an_address_it_says_what_to_set():
    environment = {name: value for name, value in os.environ.items() if name != "CCHC_WAREHOUSE_DSN"}
    command = [sys.executable, "-m", "alembic", "upgrade", "head"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "CCHC_WAREHOUSE_DSN is not set" in done.stderr
    assert "Traceback" not in done.stderr


LANDED = ROOT / "sql" / "migrations" / "landed.sha256"
VERSIONS = ROOT / "sql" / "migrations" / "versions"


def test_migration_that_has_landed_is_as_it_was():
    landed = dict(reversed(line.split()) for line in LANDED.read_text(encoding="utf-8").splitlines())
    found = {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()
        for file in VERSIONS.iterdir()
        if file.is_file()
    }
    assert found == landed, "a landed migration is never edited, a new one is added: sql/migrations/README.md"


def test_migrations_hold_tables_and_data_only():
    made = re.compile(
        r"\b(?:CREATE|ALTER|DROP)\b[^;(]*?\b(VIEW|FUNCTION|AGGREGATE|PROCEDURE|TRIGGER)\b", re.IGNORECASE
    )
    found = {
        (file.name, match[1])
        for file in VERSIONS.glob("*.sql")
        for match in made.finditer(re.sub(r"--.*", "", file.read_text(encoding="utf-8")))
    }
    assert found == set(), "its place is a file of its own in sql/views or sql/functions"


def test_new_migration_from_the_template_runs_the_file_beside_it(dsn, tmp_path):
    copy = Copy(tmp_path)
    alembic(tmp_path, dsn, "revision", "-m", "a note", "--rev-id", "9002")
    versions = copy.sql / "migrations" / "versions"
    (versions / "9002_a_note.sql").write_text(
        "CREATE TABLE ops.vi_du AS SELECT ':a 100%' AS noi_dung;", encoding="utf-8"
    )
    copy.migrate(dsn)
    assert names(engine_of(dsn), "SELECT noi_dung FROM ops.vi_du") == [":a 100%"]


def test_migration_changes_a_column_that_views_read(dsn, tmp_path):
    copy = Copy(tmp_path)
    engine = engine_of(dsn)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE VIEW staging.don_vi__1__tra_cuu AS SELECT ten_don_vi FROM core.don_vi"
        )
    alembic(tmp_path, dsn, "revision", "-m", "longer", "--rev-id", "9002")
    (copy.sql / "migrations" / "versions" / "9002_longer.sql").write_text(
        "ALTER TABLE core.don_vi ALTER COLUMN ten_don_vi TYPE varchar(500);", encoding="utf-8"
    )
    before = catalogue(engine)[3]
    copy.migrate(dsn)
    column = "SELECT data_type FROM information_schema.columns WHERE table_schema = 'mart' "
    assert names(engine, f"{column} AND table_name = 'don_vi' AND column_name = 'ten_don_vi'") == [
        "character varying"
    ]
    assert len(catalogue(engine)[3]) == len(before), "comments"
    assert bi_reads(engine, "mart.don_vi")
    # A batch whose view is gone is staged again.
    assert names(engine, "SELECT relname FROM pg_class WHERE relnamespace = 'staging'::regnamespace") == []


def test_migration_changes_a_column_that_the_view_made_from_indicators_reads(dsn, tmp_path):
    copy = Copy(tmp_path)
    engine = engine_of(dsn)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE ROLE bao_cao_rieng; GRANT SELECT ON mart.chi_so_ngang TO bao_cao_rieng"
        )
    try:
        alembic(tmp_path, dsn, "revision", "-m", "shorter", "--rev-id", "9002")
        (copy.sql / "migrations" / "versions" / "9002_shorter.sql").write_text(
            "ALTER TABLE mart.chi_so ALTER COLUMN gia_tri TYPE numeric(20, 2);", encoding="utf-8"
        )
        copy.migrate(dsn)
        assert bi_reads(engine, "mart.chi_so_ngang")
        granted = "SELECT has_table_privilege('bao_cao_rieng', 'mart.chi_so_ngang', 'SELECT')"
        assert names(engine, granted) == [True]
    finally:
        with engine.begin() as connection:
            connection.exec_driver_sql("DROP OWNED BY bao_cao_rieng; DROP ROLE bao_cao_rieng")


def test_dossiers_that_are_not_received_yet_stay_where_they_are(engine):
    """Of a warehouse from before 0012, whose partition for them was the one for all other months."""
    waiting = "core.ho_so_chua_tiep_nhan"
    with engine.begin() as connection:
        connection.exec_driver_sql(
            f"ALTER TABLE core.ho_so DETACH PARTITION {waiting}; "
            f"ALTER TABLE core.ho_so ATTACH PARTITION {waiting} DEFAULT; "
            "INSERT INTO core.ho_so (ma_ho_so, ky_tiep_nhan, ma_tthc_goc, trang_thai_ho_so, ma_don_vi, "
            "don_vi_ngay_nhan, don_vi_ngay_xuat, ngay_cap_nhat, batch_id, line_no) "
            "VALUES ('a', 'infinity', '', 1, 'x', 'x', 'x', '2025-03-01', 1, 1)"
        )
        connection.exec_driver_sql((VERSIONS / "0012_readers.sql").read_text(encoding="utf-8"))
    assert names(engine, "SELECT tableoid::regclass::text FROM core.ho_so") == [waiting]
    bound = "SELECT pg_get_expr(relpartbound, oid) FROM pg_class WHERE relname = 'ho_so_chua_tiep_nhan'"
    assert names(engine, bound) == ["FOR VALUES FROM ('infinity') TO (MAXVALUE)"]


def test_asking_for_the_current_version_changes_nothing(dsn, tmp_path):
    copy = Copy(tmp_path)
    engine = engine_of(dsn)
    before = catalogue(engine)
    copy.file("mart.doi_chieu_06a").unlink()
    [revision] = names(engine, "SELECT version_num FROM public.alembic_version_cchc")
    alembic(tmp_path, dsn, "revision", "-m", "waits", "--rev-id", "9002")
    assert revision in alembic(tmp_path, dsn, "current").stdout
    assert catalogue(engine) == before


# --- what stands afterwards ---------------------------------------------------------------------


def test_columns_of_mart_chi_so_are_the_contract(engine):
    with engine.connect() as connection:
        found = connection.execute(
            sa.text(
                "SELECT column_name, data_type FROM information_schema.columns "
                "WHERE table_schema = 'mart' AND table_name = 'chi_so' ORDER BY ordinal_position"
            )
        ).all()
    assert [tuple(row) for row in found] == CHI_SO


def test_everything_in_mart_has_a_vietnamese_comment(engine):
    lacking = names(
        engine,
        "SELECT n.nspname FROM pg_namespace AS n WHERE n.nspname IN ('core', 'mart', 'ops', 'staging') "
        "AND coalesce(obj_description(n.oid, 'pg_namespace'), '') !~* :vi "
        "UNION ALL SELECT c.oid::regclass::text FROM pg_class AS c "
        "WHERE c.relnamespace = 'mart'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm') "
        "AND coalesce(obj_description(c.oid, 'pg_class'), '') !~* :vi "
        "UNION ALL SELECT c.oid::regclass::text || '.' || a.attname FROM pg_attribute AS a "
        "INNER JOIN pg_class AS c ON a.attrelid = c.oid WHERE c.relnamespace = 'mart'::regnamespace "
        "AND c.relkind IN ('r', 'p', 'v', 'm') AND a.attnum > 0 AND NOT a.attisdropped "
        "AND coalesce(col_description(c.oid, a.attnum), '') !~* :vi",
        vi=VIETNAMESE,
    )
    assert lacking == []


def test_every_table_of_core_and_ops_says_what_one_row_is(engine):
    lacking = names(
        engine,
        "SELECT c.oid::regclass::text FROM pg_class AS c WHERE c.relkind IN ('r', 'p', 'v') "
        "AND c.relnamespace IN ('core'::regnamespace, 'ops'::regnamespace) "
        "AND coalesce(obj_description(c.oid, 'pg_class'), '') = ''",
    )
    assert lacking == []


def test_there_is_no_materialised_view(engine):
    assert names(engine, "SELECT relname FROM pg_class WHERE relkind = 'm'") == []


def test_levels_are_the_same_in_tables_and_code(engine):
    checks = names(
        engine,
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'c' "
        "AND conrelid IN ('mart.chi_so'::regclass, 'mart.muc_tieu'::regclass, 'core.don_vi'::regclass) "
        "AND pg_get_constraintdef(oid) LIKE '%toan_tinh%'",
    )
    assert len(checks) == 3
    assert all(f"'{level}'" in check for check in checks for level in LEVELS)


READABLE = ["mart.chi_so", "mart.dinh_nghia", "mart.muc_tieu", "mart.don_vi", "mart.ke_thua"]
FORBIDDEN = [
    *(f"SELECT count(*) FROM {table}" for table in ("core.ho_so", "core.don_vi", "ops.batch", "ops.reject")),
    "SELECT nextval('ops.period_change')",
    "SELECT core.ensure_partition('ho_so', '2025-01-01')",
    *(f"CREATE TABLE {schema}.cua_toi (a int)" for schema in ("staging", "mart", "core", "public")),
    "DELETE FROM mart.chi_so",
    "UPDATE mart.chi_so SET gia_tri = 100",
    "TRUNCATE mart.chi_so",
]


def test_bi_reads_mart_and_nothing_else(engine):
    done = []
    for statement in [*(f"SELECT count(*) FROM {table}" for table in READABLE), *FORBIDDEN]:
        with engine.connect() as connection:
            connection.exec_driver_sql("SET ROLE cchc_bi")
            try:
                connection.exec_driver_sql(statement)
                done.append(statement)
            except sa.exc.ProgrammingError as error:
                assert "permission denied" in str(error)
    assert done == [f"SELECT count(*) FROM {table}" for table in READABLE]


def test_login_of_the_group_connects_to_a_database_closed_to_others(postgres, empty_database):
    url = sa.make_url(empty_database)
    admin = sa.create_engine(empty_database, isolation_level="AUTOCOMMIT", poolclass=sa.pool.NullPool)
    with admin.connect() as connection:
        connection.exec_driver_sql(f'REVOKE ALL ON DATABASE "{url.database}" FROM PUBLIC')
    migrate(empty_database)
    with admin.connect() as connection:
        connection.exec_driver_sql("CREATE ROLE doc_bi LOGIN PASSWORD 'doc-bi-thu' IN ROLE cchc_bi")
        connection.exec_driver_sql("CREATE ROLE nguoi_la LOGIN PASSWORD 'nguoi-la-thu'")
    try:
        reader = sa.create_engine(
            url.set(username="doc_bi", password="doc-bi-thu"), poolclass=sa.pool.NullPool
        )
        with reader.connect() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM mart.doi_chieu_06a").scalar_one() == 0
            schemas = "SELECT has_schema_privilege(:s, 'USAGE')"
            assert [connection.scalar(sa.text(schemas), {"s": s}) for s in ("ops", "core", "staging")] == [
                *(False, False, False)
            ]
        other = sa.create_engine(
            url.set(username="nguoi_la", password="nguoi-la-thu"), poolclass=sa.pool.NullPool
        )
        with pytest.raises(sa.exc.OperationalError, match="permission denied for database"):
            other.connect()
    finally:
        with admin.connect() as connection:
            connection.exec_driver_sql("DROP ROLE doc_bi, nguoi_la")


def test_a_table_that_a_later_migration_adds_is_the_pipeline_s_until_it_is_granted(engine):
    with engine.begin() as connection:
        connection.exec_driver_sql("SET LOCAL ROLE cchc_owner")
        connection.exec_driver_sql("CREATE TABLE mart.moi AS SELECT 7 AS a")
        readers = (
            "SELECT r FROM unnest(:roles) AS r WHERE has_table_privilege(r, 'mart.moi', 'SELECT') ORDER BY 1"
        )
        roles = {"roles": ["cchc_bi", "cchc_don_vi", "cchc_etl", "cchc_steward"]}
        assert connection.scalars(sa.text(readers), roles).all() == ["cchc_etl", "cchc_steward"]


def test_what_a_superuser_left_behind_is_handed_over(dsn):
    """A warehouse from before there were roles, in the shape of Compose: all belongs to the superuser."""
    engine = engine_of(dsn)
    with engine.begin() as connection:
        connection.exec_driver_sql("REASSIGN OWNED BY cchc_owner TO postgres")
    migrate(dsn)
    owners = (
        "SELECT DISTINCT relowner::regrole::text FROM pg_class WHERE relnamespace::regnamespace::text "
        "IN ('ops', 'core', 'mart') OR relname = 'alembic_version_cchc' UNION "
        "SELECT DISTINCT proowner::regrole::text FROM pg_proc WHERE pronamespace::regnamespace::text "
        "IN ('ops', 'core', 'mart') UNION SELECT nspowner::regrole::text FROM pg_namespace "
        "WHERE nspname IN ('ops', 'core', 'mart', 'staging') UNION SELECT datdba::regrole::text "
        "FROM pg_database WHERE datname = current_database()"
    )
    assert names(engine, owners) == ["cchc_owner"]


def test_role_that_the_migration_of_another_database_makes_meanwhile_is_waited_for(
    dsn, empty_database, monkeypatch
):
    """Roles are the server's: two of its databases may be migrated for the first time at once."""
    monkeypatch.setattr("cchc.database_roles.GRANTED", ("cchc_bi", "cchc_moi"))
    here, there = engine_of(dsn), engine_of(empty_database)

    def migrates() -> None:
        with there.begin() as connection:
            become_owner(connection)

    try:
        with ThreadPoolExecutor(1) as pool, here.connect() as first:
            first.exec_driver_sql("CREATE ROLE cchc_moi NOLOGIN")
            second = pool.submit(migrates)
            while names(here, "SELECT count(*) FROM pg_locks WHERE NOT granted") == [0]:
                assert not second.done(), second.result()
            first.commit()
            second.result(timeout=60)
    finally:
        with here.begin() as connection:
            connection.exec_driver_sql("DROP ROLE cchc_moi")


def test_missing_role_is_named_with_what_to_run(empty_database, monkeypatch):
    monkeypatch.setattr("cchc.database_roles.GRANTED", ("cchc_bi", "cchc_thieu"))
    engine = engine_of(empty_database)
    with engine.connect() as connection:
        connection.exec_driver_sql("SET LOCAL SESSION AUTHORIZATION cchc_etl")
        with pytest.raises(
            CchcError, match=r"cchc_thieu\. Ask the administrator to run: CREATE ROLE cchc_thieu"
        ):
            become_owner(connection)


WRONG_ROWS = {
    "value though nothing was divided": "UPDATE mart.chi_so SET mau_so = 0, tu_so = 0",
    "empty value without a reason": "UPDATE mart.chi_so SET gia_tri = NULL, dat = NULL",
    "reason beside a value": "UPDATE mart.chi_so SET ly_do_na = 'x'",
    "numerator above denominator": "UPDATE mart.chi_so SET tu_so = 3",
    "negative count": "UPDATE mart.chi_so SET tu_so = -1",
    "verdict without target": "UPDATE mart.chi_so SET muc_tieu = NULL",
    "target without verdict": "UPDATE mart.chi_so SET dat = NULL",
    "unknown kind of period": "UPDATE mart.chi_so SET ky_loai = 'tuan'",
    "unknown state": "UPDATE mart.chi_so SET trang_thai = 'xong'",
    "definition that does not exist": "UPDATE mart.chi_so SET phien_ban = 9",
}


def test_mart_refuses_figures_that_cannot_be(engine):
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO mart.ky VALUES ('thang', '2025-03', '2025-03-01', '2025-03-31'); "
            "INSERT INTO mart.dinh_nghia "
            "VALUES ('T9', 1, 'T9', 'ten', 'ty_le', 'tang', 'c', 'c', 'l', 'r', 1)"
        )
        connection.exec_driver_sql(
            "INSERT INTO mart.chi_so VALUES ('thang', '2025-03', '2025-03-01', '2025-03-31', 'T9', 1, "
            "'A', 'A', 'xa', 1, 2, 50, NULL, 60, false, 'tam_tinh', 0, now())"
        )
    committed = []
    for name, statement in WRONG_ROWS.items():
        try:
            with engine.begin() as connection:
                connection.exec_driver_sql(statement)
            committed.append(name)
        except sa.exc.IntegrityError:
            pass
    assert committed == []


def test_ties_of_logins_from_before_are_kept_with_the_login_that_there_is(empty_database):
    alembic(ROOT, empty_database, "upgrade", "0012")
    engine = engine_of(empty_database)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE ROLE thu_con LOGIN IN ROLE cchc_don_vi; INSERT INTO ops.tai_khoan_don_vi VALUES "
            "('thu_con', 'u1', 'can_bo', '2026-01-01'), ('thu_het', 'u2', 'can_bo', '2026-01-02')"
        )
    migrate(empty_database)
    with engine.begin() as connection:
        query = (
            "SELECT h.viec, h.ten_dang_nhap, h.ma_don_vi, h.boi, h.luc::date::text, r.rolname::text "
            "FROM ops.lan_gan_don_vi AS h INNER JOIN ops.tai_khoan_don_vi AS k USING (ten_dang_nhap) "
            "LEFT JOIN pg_roles AS r ON k.oid_tai_khoan = r.oid AND h.oid_tai_khoan = r.oid ORDER BY h.lan"
        )
        assert [tuple(row) for row in connection.exec_driver_sql(query)] == [
            ("gan", "thu_con", "u1", "can_bo", "2026-01-01", "thu_con"),
            ("gan", "thu_het", "u2", "can_bo", "2026-01-02", None),
        ]
        connection.exec_driver_sql("DROP ROLE thu_con")


def test_findings_of_before_are_told_apart_by_whole_keys(empty_database):
    """What lacks a part of its key stands, and a warning as long as core goes by its line."""
    alembic(ROOT, empty_database, "upgrade", "0028")
    engine = engine_of(empty_database)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO ops.batch (dataset, sha256, size_bytes, landed_path, original_name, origin, status, "
            "lines_read, lines_accepted, lines_rejected, lines_superseded) VALUES "
            "('van_ban', repeat('a', 64), 1, '/x', 'a.csv', 'file', 'loaded', 1, 1, 0, 0), "
            "('qua_trinh', repeat('b', 64), 1, '/y', 'b.csv', 'file', 'loaded', 2, 0, 2, 0); "
            "INSERT INTO core.van_ban (ma_van_ban, huong, ma_don_vi, so, do_mat, ngay_cap_nhat, da_xoa, "
            "batch_id, line_no) VALUES ('VB-DEN-1', 'di', 'A', 1, 1, '2025-03-05', 0, 1, 2); "
            "INSERT INTO ops.line_finding (batch_id, line_no, khoa, bi_loai, rule_ids, con_loi) VALUES "
            "(1, 2, NULL, FALSE, '{VB33}', '{}'), "
            "(2, 2, '2', TRUE, '{QT01}', '{}'), "
            "(2, 3, 'HS-1 2', TRUE, '{QT06}', '{}')"
        )
    migrate(empty_database)
    with engine.begin() as connection:
        query = (
            "SELECT batch_id, line_no, khoa, khoa_an = md5('VB-DEN-1'), con_loi "
            "FROM ops.line_finding ORDER BY 1, 2"
        )
        assert [tuple(row) for row in connection.exec_driver_sql(query)] == [
            (1, 2, None, True, ["VB33"]),
            (2, 2, None, None, ["QT01"]),
            (2, 3, "HS-1 2", None, []),
        ]
