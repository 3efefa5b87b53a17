"""One login cannot take what all need: the server's locks, its connections."""

from collections.abc import Iterator
from contextlib import ExitStack

import psycopg2
import pytest
import sqlalchemy as sa

from cchc.database_roles import GRANTED, OWNER, close_advisory_locks, prepare
from cchc.warehouse import engine_of

pytestmark = pytest.mark.long

ADVISORY = "proname LIKE 'pg\\_advisory\\_%' OR proname LIKE 'pg\\_try\\_advisory\\_%'"
CALLS = (
    "pg_advisory_lock(g)",
    "pg_advisory_lock(1, g)",
    "pg_advisory_xact_lock(g)",
    "pg_try_advisory_lock_shared(g)",
    "pg_try_advisory_xact_lock(1, g)",
)


@pytest.fixture
def prepared(postgres, dsn) -> str:
    """The address of a warehouse whose server was prepared as production.md says."""
    with engine_of(dsn).begin() as admin:
        prepare(admin, *(postgres.secrets[login] for login in ("cchc_owner", "cchc_etl", "cchc_pages")))
    return dsn


@pytest.fixture
def reader(prepared) -> Iterator[str]:
    """A login of a BI tool."""
    admin = engine_of(prepared)
    with admin.begin() as connection:
        connection.exec_driver_sql("CREATE ROLE ben_doc LOGIN PASSWORD 'ben_doc' IN ROLE cchc_bi")
    yield "ben_doc"
    with admin.begin() as connection:
        connection.exec_driver_sql("DROP ROLE ben_doc")


def test_nobody_but_the_superuser_may_take_an_advisory_lock(prepared):
    query = (
        "SELECT count(*), count(*) FILTER (WHERE has_function_privilege(r.rolname, p.oid, 'EXECUTE')) "
        f"FROM pg_proc AS p CROSS JOIN pg_roles AS r WHERE ({ADVISORY}) AND r.rolname = ANY(:roles)"
    )
    with engine_of(prepared).connect() as connection:
        functions, open_ones = connection.execute(sa.text(query), {"roles": [OWNER, *GRANTED]}).one()
    assert functions >= 21 * 5 and open_ones == 0


def test_reader_does_not_fill_the_lock_table(prepared, reader):
    with engine_of(prepared).connect() as connection:
        connection.exec_driver_sql(f"SET LOCAL SESSION AUTHORIZATION {reader}")
        for call in CALLS:
            point = connection.begin_nested()
            with pytest.raises(sa.exc.ProgrammingError, match="permission denied for function pg_"):
                connection.exec_driver_sql(f"SELECT count({call}::text) FROM generate_series(1, 9) AS g")
            point.rollback()


def test_airflow_takes_those_that_it_needs_in_its_own_database(postgres, empty_database):
    with engine_of(empty_database).begin() as admin:
        close_advisory_locks(admin, but_for="airflow")
        admin.exec_driver_sql("SET LOCAL ROLE airflow")
        assert admin.exec_driver_sql("SELECT pg_try_advisory_xact_lock(1)").scalar_one()
        admin.exec_driver_sql("SET LOCAL ROLE cchc_etl")
        with pytest.raises(sa.exc.ProgrammingError, match="permission denied for function"):
            admin.exec_driver_sql("SELECT pg_try_advisory_xact_lock(1)")
    url = postgres.dsn("airflow")
    session = psycopg2.connect(url)
    with session, session.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(1)")
        cursor.execute(f"SELECT count(*) FROM pg_proc WHERE ({ADVISORY}) AND proacl::text LIKE '%{{=X/%'")
        assert cursor.fetchone() == (0,)
    session.close()


def test_pipeline_and_owner_connect_where_readers_have_taken_all_connections(postgres, prepared, reader):
    database = sa.make_url(prepared).database
    with ExitStack() as sessions:

        def connect(login: str, password: str) -> psycopg2.extensions.connection:
            return psycopg2.connect(
                host="127.0.0.1", port=postgres.port, dbname=database, user=login, password=password
            )

        taken = 0
        with pytest.raises(psycopg2.OperationalError, match="remaining connection slots are reserved"):
            while taken < 500:
                sessions.callback(connect(reader, reader).close)
                taken += 1
        assert taken > 50
        for login in ("cchc_etl", "cchc_owner", "airflow"):
            to = database if login != "airflow" else "airflow"
            psycopg2.connect(
                host="127.0.0.1", port=postgres.port, dbname=to, user=login, password=postgres.secrets[login]
            ).close()
