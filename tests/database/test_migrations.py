"""The warehouse's migrations: from empty, again, by an ordinary owner; and what they leave behind."""

import os
import subprocess
import sys
from pathlib import Path

import sqlalchemy as sa

from cchc.figures.definitions import LEVELS, fingerprint
from cchc.figures.refresh import pending_periods, refresh
from cchc.warehouse import engine_of

ROOT = Path(__file__).parents[2]
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


def migrate(dsn: str, *, to: str = "head", check: bool = True) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "alembic", "upgrade", to],
        cwd=ROOT,
        env=os.environ | {"CCHC_WAREHOUSE_DSN": dsn},
        capture_output=True,
        text=True,
        check=check,
    )


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


def test_from_empty_and_again_without_change(empty_database):
    engine = engine_of(empty_database)
    assert names(engine, "SELECT nspname FROM pg_namespace WHERE nspname IN ('ops', 'core', 'mart')") == []
    migrate(empty_database)
    first = catalogue(engine)
    assert set(names(engine, "SELECT nspname FROM pg_namespace WHERE oid > 16383")) == {
        *("core", "mart", "ops", "staging"),
    }
    again = migrate(empty_database)
    assert "Running upgrade" not in again.stderr
    assert catalogue(engine) == first


def test_version_table_is_the_warehouse_s_own(empty_database):
    migrate(empty_database)
    engine = engine_of(empty_database)
    # Airflow keeps its own alembic_version; the two must never meet in one database.
    assert names(engine, "SELECT relname FROM pg_class WHERE relname LIKE 'alembic%' AND relkind = 'r'") == [
        "alembic_version_cchc"
    ]


def test_two_migrations_at_the_same_time(empty_database):
    environment = os.environ | {"CCHC_WAREHOUSE_DSN": empty_database}
    command = [sys.executable, "-m", "alembic", "upgrade", "head"]
    both = [
        subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    errors = [process.communicate(timeout=120)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], errors
    assert names(engine_of(empty_database), "SELECT count(*) FROM alembic_version_cchc") == [1]


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


def test_migration_that_fails_leaves_nothing_behind(empty_database):
    engine = engine_of(empty_database)
    with engine.begin() as connection:
        # Something of the same name stands in the way of the last of the three schemas.
        connection.exec_driver_sql("CREATE SCHEMA mart")
    assert migrate(empty_database, check=False).returncode != 0
    assert names(engine, "SELECT nspname FROM pg_namespace WHERE nspname IN ('ops', 'core')") == []
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA mart")
    migrate(empty_database)


def test_without_an_address_it_says_what_to_set():
    environment = {name: value for name, value in os.environ.items() if name != "CCHC_WAREHOUSE_DSN"}
    command = [sys.executable, "-m", "alembic", "upgrade", "head"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "CCHC_WAREHOUSE_DSN is not set" in done.stderr
    assert "Traceback" not in done.stderr


def test_units_loaded_before_the_succession_table_answer_as_they_did(empty_database):
    migrate(empty_database, to="0001")
    engine = engine_of(empty_database)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO ops.batch (dataset, sha256, size_bytes, landed_path, original_name, origin) "
            "VALUES ('don_vi', repeat('0', 64), 1, '/x', 'x', 'file'); "
            "INSERT INTO core.don_vi (ma_don_vi, valid_from, valid_to, ten_don_vi, cap, ma_don_vi_ke_thua, "
            "batch_id, line_no) VALUES "
            "('A', '-infinity', '2025-02-28', 'A', 'xa', 'B', 1, 1), "
            "('B', '2025-03-01', '2025-06-30', 'B', 'xa', 'C', 1, 2), "
            "('C', '2025-07-01', 'infinity', 'C', 'xa', NULL, 1, 3), "
            "('D', '2020-01-01', '2025-04-30', 'D', 'xa', NULL, 1, 4)"
        )
    days = ["2019-01-01", "2025-02-28", "2025-03-01", "2025-05-01", "2025-06-30", "2025-07-01", "2030-01-01"]

    def answers() -> list[list]:
        query = (
            "SELECT (t.ma_goc, t.ma_don_vi, t.ten_don_vi, t.cap, t.con_hieu_luc)::text "
            "FROM core.don_vi_tai_ngay(:day) AS t ORDER BY t.ma_goc"
        )
        return [names(engine, query, day=day) for day in days]

    before = answers()
    assert before[3] == ["(A,B,B,xa,t)", "(B,B,B,xa,t)", "(C,C,C,xa,f)", "(D,D,D,xa,f)"]
    migrate(empty_database)
    assert answers() == before


def test_months_counted_before_the_bits_are_counted_again(empty_database):
    migrate(empty_database, to="0007")
    engine = engine_of(empty_database)
    with engine.begin() as connection:
        connection.execute(
            sa.text(
                "INSERT INTO ops.period (ky, changed, counted, refreshed, counted_with, refreshed_with) "
                "VALUES ('2025-03', 5, 5, 5, :f, :f)"
            ),
            {"f": fingerprint()},
        )
    assert pending_periods(engine) == []
    migrate(empty_database)
    assert pending_periods(engine) == ["2025-03"]
    assert refresh(engine, "2025-03").counted == ["2025-03"]


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


def test_bi_reads_a_table_that_a_later_migration_adds(engine):
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE mart.moi AS SELECT 7 AS a")
        connection.exec_driver_sql("SET LOCAL ROLE cchc_bi")
        assert connection.exec_driver_sql("SELECT a FROM mart.moi").scalar_one() == 7


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
