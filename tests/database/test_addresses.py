"""A password may hold any sign: in the warehouse's address, in Airflow's connection, for all who log in."""

import itertools
import json
import os
from collections.abc import Callable, Iterator
from urllib.parse import quote

import pytest
import sqlalchemy as sa

from cchc.commands.app import main
from cchc.errors import CchcError
from cchc.judging import validation
from cchc.judging.judge import getting_ready
from cchc.judging.validation import validate
from cchc.loading.load import load
from cchc.warehouse import engine_of, url_of
from tests.migrating import migrate
from tests.world import World

PASSWORDS = [
    "hai từ",
    " đầu và cuối ",
    "50%",
    "50%20",
    "a@b",
    "a:b",
    "a/b?c#d&e=f",
    "a'b\"c",
    "a\\b",
    "a+b",
    "$a ${B} $$",
    "mật khẩu 🔑",
    "{a}[b]<c>|^`~;,!*()",
    "options=-c search_path=x",
]
_numbers = itertools.count()


@pytest.fixture
def role(dsn: str, postgres) -> Iterator[Callable[[str], sa.URL]]:
    """Makes a login with a password, which owns all that the test's warehouse has."""
    admin = sa.create_engine(dsn, isolation_level="AUTOCOMMIT", poolclass=sa.pool.NullPool)
    made = []

    def make(password: str, name: str | None = None) -> sa.URL:
        name = name or f"dang_nhap_{os.getpid()}_{next(_numbers)}"
        with admin.connect() as connection:
            preparer = connection.dialect.identifier_preparer
            connection.exec_driver_sql(
                f"CREATE ROLE {preparer.quote(name).replace('%', '%%')} LOGIN SUPERUSER PASSWORD %s",
                (password,),
            )
        made.append(preparer.quote(name))
        return sa.make_url(dsn).set(username=name, password=password)

    yield make
    with admin.connect() as connection:
        for name in made:
            connection.exec_driver_sql(f"REASSIGN OWNED BY {name} TO postgres".replace("%", "%%"))
            connection.exec_driver_sql(f"DROP OWNED BY {name}".replace("%", "%%"))
            connection.exec_driver_sql(f"DROP ROLE {name}".replace("%", "%%"))


def encoded(url: sa.URL, scheme: str = "postgresql+psycopg2") -> str:
    """The address as an administrator writes it."""
    login = f"{quote(url.username, safe='')}:{quote(url.password, safe='')}"
    return f"{scheme}://{login}@{url.host}:{url.port}/{url.database}"


@pytest.mark.parametrize("password", PASSWORDS)
def test_whoever_has_this_password_gets_in(role, password):
    url = role(password)
    for address in (encoded(url), encoded(url, "postgres"), encoded(url, "postgresql")):
        with engine_of(address).connect() as connection:
            assert connection.scalar(sa.text("SELECT session_user")) == url.username
    # As the process that judges is given it.
    again = sa.make_url(validation._staging_url(engine_of(encoded(url))))
    assert (again.username, again.password) == (url.username, password)
    assert " " not in validation._staging_url(engine_of(encoded(url)))


@pytest.mark.long
def test_a_batch_is_judged_in_its_process_and_loaded(role, tmp_path, monkeypatch):
    password = "".join(PASSWORDS)
    monkeypatch.setattr(validation, "getting_ready", getting_ready)
    url = role(password, name=f"người dùng {os.getpid()} {next(_numbers)}")
    world = World(engine_of(encoded(url)), tmp_path).dimensions()
    batch_id = world.land("ho_so", world.dossiers({}, {}), at="2025-05-10")
    assert validate(world.engine, batch_id).status == "validated"
    assert load(world.engine, batch_id)[0].lines_accepted == 2


def test_commands_and_migrations_get_in(role, monkeypatch, capsys):
    url = role("".join(PASSWORDS))
    monkeypatch.setenv("CCHC_WAREHOUSE_DSN", encoded(url))
    assert main(["verify", "--no-files"]) == 0
    assert "ok " in capsys.readouterr().out
    done = migrate(encoded(url), check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("address", ["u:hai@bi-mat/p@127.0.0.1:1/cchc", "u:hai@bi-mat@127.0.0.1:1/cchc"])
def test_a_password_that_was_not_encoded_is_not_taken_for_a_host_and_told(address, monkeypatch, capsys):
    monkeypatch.setenv("CCHC_WAREHOUSE_DSN", f"postgresql://{address}")
    assert main(["verify", "--no-files"]) == 1
    told = capsys.readouterr().err
    assert "The warehouse's address is none" in told
    assert "@ as %40" in told
    assert "mat" not in told
    done = migrate(f"postgresql://{address}", check=False)
    assert done.returncode == 1
    assert "@ as %40" in done.stderr
    assert "mat" not in done.stderr
    with pytest.raises(CchcError):
        url_of(f"postgresql://{address}")


@pytest.mark.parametrize("password", ["hai từ", "".join(PASSWORDS)])
@pytest.mark.parametrize("form", ["address", "json"])
def test_a_connection_of_airflow_gets_in(role, monkeypatch, password, form):
    base = pytest.importorskip("airflow.sdk.bases.hook")
    url = role(password)
    parts = {"conn_type": "postgres", "host": url.host, "port": url.port, "schema": url.database}
    as_json = json.dumps(parts | {"login": url.username, "password": password})
    monkeypatch.setenv(
        "AIRFLOW_CONN_CCHC_WAREHOUSE", encoded(url, "postgres") if form == "address" else as_json
    )
    with engine_of(base.BaseHook.get_connection("cchc_warehouse").get_uri()).connect() as connection:
        assert connection.scalar(sa.text("SELECT session_user")) == url.username


def test_local_stack_s_addresses_hold_any_password(tmp_path):
    from tools.local.postgres import EmbeddedPostgres  # noqa: PLC0415 - only here
    from tools.local.settings import Ports, warehouse_dsn  # noqa: PLC0415

    password = "".join(PASSWORDS)
    server = EmbeddedPostgres(tmp_path, port=5)
    server.secrets["cchc_owner"] = password
    assert sa.make_url(server.dsn("cchc", driver="psycopg2")).password == password
    ports = Ports(**dict.fromkeys(Ports.__dataclass_fields__, 5))
    assert sa.make_url(warehouse_dsn(ports, {"cchc_etl": password})).password == password
