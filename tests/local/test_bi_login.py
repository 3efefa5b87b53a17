"""The login that `make up` prints for BI tools reads mart without lists of dossiers, and nothing else."""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest

from cchc.database_roles import PAGES, READERS
from cchc.warehouse import engine_of
from tests.world import World
from tools.local.demo import access
from tools.local.postgres import EmbeddedPostgres
from tools.local.settings import ETL_LOGIN, OWNER_LOGIN, Home, Ports, stack_environment
from tools.local.stack import Stack

pytestmark = pytest.mark.long

REPO = Path(__file__).parents[2]
REFUSED = psycopg2.errors.InsufficientPrivilege, psycopg2.errors.ReadOnlySqlTransaction
# Lists of dossiers, and what people say about figures.
LISTS = ("mart.ho_so_qua_han", "mart.ho_so_sap_den_han", "mart.dong_loi", "mart.ghi_chu")
# What a function of mart is asked, and whether it answers in a warehouse of which nothing is published.
CALLS = {
    "mart.tinh_chi_so": ("'{thang}', '{2025-03}'", True),
    "mart.tinh_bieu_06a": ("'{thang}', '{2025-03}'", True),
    "mart.chi_so_cong_bo": ("now()", False),
}
FINISHED = {"trang_thai_ho_so": "9", "ngay_ket_thuc_xu_ly": "20250311100000"}


@pytest.fixture(scope="module")
def server(make_world: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """A local PostgreSQL as `make up` starts it; its owner migrated the warehouse, the pipeline filled it."""
    # Not in pytest's folder, which every other run closes to the user that PostgreSQL runs as.
    with tempfile.TemporaryDirectory(prefix="cchc-test-") as home, EmbeddedPostgres(Path(home)) as started:
        subprocess.run(
            [sys.executable, "-m", "alembic", "upgrade", "head"],
            check=True,
            cwd=REPO,
            env=os.environ | {"CCHC_WAREHOUSE_DSN": started.dsn("cchc", driver="psycopg2")},
        )
        dsn = started.dsn("cchc", ETL_LOGIN, driver="psycopg2")
        world = World(engine_of(dsn), tmp_path_factory.mktemp("world")).dimensions()
        world.ingest("ho_so", world.dossiers(FINISHED, {}), at="2025-05-10")
        world.refresh_all()
        yield started


@pytest.fixture
def bi(server: EmbeddedPostgres) -> Iterator[psycopg2.extensions.connection]:
    connection = psycopg2.connect(server.dsn("cchc", "bi"))
    yield connection
    connection.close()


def ask(connection: psycopg2.extensions.connection, query: str) -> list[tuple]:
    with connection, connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()


def names(connection: psycopg2.extensions.connection, schema: str, kinds: str = "rvmpf") -> list[str]:
    return [
        name
        for (name,) in ask(
            connection,
            "SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class AS c "
            "INNER JOIN pg_namespace AS n ON n.oid = c.relnamespace "
            f"WHERE n.nspname = '{schema}' AND strpos('{kinds}', c.relkind::text) > 0 ORDER BY 1",
        )
    ]


def test_it_reads_every_table_and_view_of_mart_but_lists_of_dossiers(bi):
    found = names(bi, "mart")
    assert {"mart.chi_so", "mart.bieu_06a", "mart.doi_chieu_06a", "mart.khai_bao", "mart.so_sanh"} <= set(
        found
    )
    for name in found:
        if name not in LISTS:
            ask(bi, f"SELECT * FROM {name} LIMIT 3")
    for name in LISTS:
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            ask(bi, f"SELECT * FROM {name} LIMIT 3")
    assert ask(bi, "SELECT count(*) > 0 FROM mart.chi_so") == [(True,)]


def test_it_calls_every_function_of_mart_but_the_list_of_dossiers(bi):
    functions = ask(
        bi, "SELECT oid::regproc::text FROM pg_proc WHERE pronamespace = 'mart'::regnamespace ORDER BY 1"
    )
    assert {name for (name,) in functions} == {*CALLS, "mart.ho_so_cua_chi_so", "mart.ho_so_thay_doi"}
    for function, (arguments, answers) in CALLS.items():
        assert ask(bi, f"SELECT count(*) > 0 FROM {function}({arguments})") == [(answers,)]
    # Of what is published it gives a tool declarations only: tests/publication/test_rows_of_revisions.py.
    with pytest.raises(psycopg2.errors.NoDataFound):
        ask(bi, "SELECT * FROM mart.ho_so_cua_chi_so('T9', 'thang', '2025-03', 'TONG:toan_tinh')")


def test_it_reads_the_comments_of_mart(bi):
    (comment,) = ask(bi, "SELECT obj_description('mart.chi_so'::regclass, 'pg_class')")[0]
    assert comment


def test_it_reads_nothing_of_other_schemas(bi, server):
    owner = psycopg2.connect(server.dsn("cchc"))
    try:
        others = [name for schema in ("core", "ops", "staging", "public") for name in names(owner, schema)]
        functions = ask(
            owner,
            "SELECT format('%s(%s)', p.oid::regproc, (SELECT "
            "string_agg('NULL::' || format_type(t, NULL), ', ') FROM unnest(p.proargtypes) AS t)) "
            "FROM pg_proc AS p INNER JOIN pg_namespace AS n ON n.oid = p.pronamespace "
            "WHERE n.nspname IN ('core', 'ops') AND p.prorettype <> 'trigger'::regtype",
        )
    finally:
        owner.close()
    assert {"core.ho_so", "ops.batch", "ops.reject"} <= set(others)
    assert functions
    for name in others:
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            ask(bi, f"SELECT count(*) FROM {name}")
    for (call,) in functions:
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            ask(bi, f"SELECT {call}")


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO mart.chi_so SELECT * FROM mart.chi_so",
        "UPDATE mart.chi_so SET tu_so = 0",
        "DELETE FROM mart.bieu_06a",
        "TRUNCATE mart.chi_so",
        "DROP VIEW mart.so_sanh",
        "CREATE TABLE mart.x (a int)",
        "CREATE TABLE public.x (a int)",
        "CREATE TEMP TABLE x (a int)",
        "CREATE SCHEMA x",
        "CREATE FUNCTION mart.x() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "COMMENT ON TABLE mart.chi_so IS 'x'",
        "ALTER DATABASE cchc SET timezone = 'UTC'",
        "CREATE ROLE x",
        "GRANT cchc_bi TO cchc_etl",
        "SET ROLE cchc_owner",
        "SET ROLE cchc_etl",
        "SELECT rolpassword FROM pg_authid",
        "SELECT passwd FROM pg_shadow",
        "SELECT lo_create(0)",
        "SELECT lo_from_bytea(0, 'x')",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT pg_ls_dir('/')",
        "COPY (SELECT 1) TO PROGRAM 'true'",
        "COPY (SELECT 1) TO '/tmp/x'",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'cchc_owner'",
        "SELECT pg_reload_conf()",
        "LOCK TABLE mart.chi_so IN ACCESS EXCLUSIVE MODE",
        "SELECT pg_advisory_lock(1)",
        "SELECT pg_try_advisory_lock_shared(1, 1)",
    ],
)
def test_it_changes_nothing_and_sees_nothing_of_the_server(server, bi, statement):
    owner = psycopg2.connect(server.dsn("cchc"))  # a session that might be ended
    try:
        with pytest.raises(REFUSED):
            ask(bi, statement)
        # Read-only is a default that a login can put off; what it may do does not rest on it.
        bi.rollback()
        bi.set_session(readonly=False)
        with pytest.raises(REFUSED):
            ask(bi, statement)
    finally:
        owner.close()


def test_a_writing_transaction_is_read_only_by_default_and_long_queries_end(bi):
    assert ask(bi, "SHOW default_transaction_read_only") == [("on",)]
    assert ask(bi, "SHOW statement_timeout") == [("5min",)]
    assert ask(bi, "SHOW idle_in_transaction_session_timeout") == [("10min",)]


def test_it_takes_no_more_connections_than_a_tool_needs(server, bi):
    held = []
    try:
        with pytest.raises(psycopg2.OperationalError, match="too many connections for role"):
            while len(held) < 50:
                held.append(psycopg2.connect(server.dsn("cchc", "bi")))
        assert len(held) == 19
    finally:
        for connection in held:
            connection.close()


@pytest.mark.parametrize("database", ["airflow", "postgres", "template1"])
def test_it_connects_to_no_other_database(server, database):
    with pytest.raises(psycopg2.OperationalError, match="permission denied for database"):
        psycopg2.connect(server.dsn(database, "bi"))


def test_it_needs_its_password(server):
    wrong = server.dsn("cchc", "bi").replace(server.secrets["bi"], "sai")
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        psycopg2.connect(wrong, passfile=os.devnull)


def test_make_up_prints_it(server):
    stack = Stack(Home(server.home))
    stack.state = {"ports": vars(Ports(ui=1, pg=server.port, tthc=3, qlvb=4))}
    (line,) = [line for line in access(stack).splitlines() if line.startswith("BI ")]
    connection = psycopg2.connect(line.removeprefix("BI         psql "))
    assert ask(connection, "SELECT current_user::text, current_database()::text") == [("bi", "cchc")]
    connection.close()


ADDRESS = re.compile(r"postgres[a-z0-9+]*://([^:/@]+):[^@]+@[^\s\"']+")
POWERS = "rolsuper", "rolcreaterole", "rolcreatedb", "rolreplication", "rolbypassrls"


def test_nothing_of_the_stack_runs_as_a_superuser(server):
    """What Airflow and its tasks are given: the pipeline's login and the one of Airflow's own database."""
    home, ports = Home(server.home), Ports(ui=1, pg=server.port, tthc=3, qlvb=4)
    given = stack_environment(home, ports, server.secrets)
    logins = set()
    for value in given.values():
        for found in ADDRESS.finditer(value):
            url = found[0].replace("postgresql+psycopg2", "postgresql").partition("?")[0]
            connection = psycopg2.connect(url)
            query = (
                f"SELECT current_user::text, {', '.join(POWERS)} FROM pg_roles WHERE rolname = current_user"
            )
            ((login, *powers),) = ask(connection, query)
            assert powers == [False] * len(POWERS), login
            # Nor by way of another role: of a superuser, of the owner, of those that PostgreSQL brings along.
            others = (
                "SELECT r.rolname::text FROM pg_roles AS r WHERE pg_has_role(r.oid, 'MEMBER') "
                # Of its own database; and connections that readers cannot take.
                "AND r.rolname NOT IN ('pg_database_owner', 'pg_use_reserved_connections')"
            )
            # The pages read as one of the readers, and have no other right.
            readers = READERS if login == PAGES else ()
            assert {name for (name,) in ask(connection, others)} == {login, *readers}
            connection.close()
            logins.add(login)
    assert logins == {ETL_LOGIN, PAGES, "airflow"}
    for login in ("postgres", OWNER_LOGIN):
        assert [name for name, value in given.items() if server.secrets[login] in value] == []


def test_the_server_has_one_superuser_and_no_role_that_reads_files_or_runs_programs(server):
    admin = psycopg2.connect(server.dsn("postgres"))
    assert ask(admin, "SELECT rolname::text FROM pg_roles WHERE rolsuper OR rolbypassrls") == [("postgres",)]
    given = (
        "SELECT m.roleid::regrole::text, m.member::regrole::text FROM pg_auth_members AS m "
        "WHERE m.roleid::regrole::text LIKE 'pg\\_%' AND m.member::regrole::text NOT LIKE 'pg\\_%'"
    )
    reserved = {("pg_use_reserved_connections", name) for name in (ETL_LOGIN, OWNER_LOGIN, "airflow")}
    assert set(ask(admin, given)) == reserved
    admin.close()


def test_make_up_prints_no_other_secret(server):
    stack = Stack(Home(server.home))
    stack.state = {"ports": vars(Ports(ui=1, pg=server.port, tthc=3, qlvb=4))}
    printed = access(stack)
    assert [name for name, secret in server.secrets.items() if secret in printed] == ["bi"]
    assert str(server.home / "secrets.json") in printed


def test_a_home_from_before_there_were_roles_keeps_its_data_and_gets_them():
    """Its owner was called cchc, and the pipeline was the owner."""
    with tempfile.TemporaryDirectory(prefix="cchc-test-") as folder:
        with EmbeddedPostgres(Path(folder)) as server:
            with_everything = psycopg2.connect(server.dsn("postgres"))
            with_everything.autocommit = True
            with with_everything.cursor() as cursor:
                cursor.execute("DROP OWNED BY cchc_etl, cchc_steward, cchc_don_vi")
                cursor.execute("DROP ROLE cchc_etl, cchc_steward, cchc_don_vi")
                cursor.execute("ALTER ROLE cchc_owner RENAME TO cchc")
            with_everything.close()
        with EmbeddedPostgres(Path(folder)) as server:
            for login in ("cchc_owner", "cchc_etl", "bi"):
                connection = psycopg2.connect(server.dsn("cchc", login))
                owner = "SELECT datdba::regrole::text FROM pg_database WHERE datname = 'cchc'"
                assert ask(connection, owner) == [("cchc_owner",)]
                connection.close()


def test_the_owner_of_the_warehouse_makes_logins_for_bi_and_none_that_may_do_more(server):
    """As docs/production.md says, and `make psql` does it."""
    owner = psycopg2.connect(server.dsn("cchc"))
    owner.autocommit = True
    with owner.cursor() as cursor:
        cursor.execute("CREATE ROLE bao_cao LOGIN IN ROLE cchc_bi PASSWORD 'mot-mat-khau'")
        dsn = server.dsn("cchc", "bi").replace(f"bi:{server.secrets['bi']}", "bao_cao:mot-mat-khau")
        connection = psycopg2.connect(dsn)
        assert ask(connection, "SELECT count(*) > 0 FROM mart.chi_so") == [(True,)]
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            ask(connection, "SELECT count(*) FROM core.ho_so")
        connection.close()
        cursor.execute("DROP ROLE bao_cao")
        for statement in (
            "CREATE ROLE x SUPERUSER",
            "CREATE ROLE x LOGIN IN ROLE pg_read_server_files",
            "CREATE ROLE x LOGIN IN ROLE postgres",
            "ALTER ROLE airflow PASSWORD 'x'",
            "ALTER ROLE postgres PASSWORD 'x'",
        ):
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                cursor.execute(statement)
    owner.close()


def test_a_home_from_before_gets_the_login_when_it_starts_again():
    with tempfile.TemporaryDirectory(prefix="cchc-test-") as folder:
        assert asked_after_a_loss(Path(folder)) == [(1,)]


def asked_after_a_loss(home: Path) -> list[tuple]:
    with EmbeddedPostgres(home) as server:
        admin = psycopg2.connect(server.dsn("postgres"))
        admin.autocommit = True
        with admin.cursor() as cursor:
            cursor.execute("REVOKE CONNECT ON DATABASE cchc FROM cchc_bi")
            cursor.execute("DROP ROLE bi")
        admin.close()
    with EmbeddedPostgres(home) as server:
        connection = psycopg2.connect(server.dsn("cchc", "bi"))
        found = ask(connection, "SELECT 1")
        connection.close()
    return found
