"""The backup of docs/production.md: restored it is the same warehouse, and nothing of the pipeline's runs."""

import os
import re
import shlex
import subprocess
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from cchc.database_roles import OWNER, prepare
from cchc.warehouse import engine_of
from tests.production.test_compose import REPO
from tests.world import World
from tools.local.postgres import BIN

pytestmark = pytest.mark.long

PAGE = (REPO / "docs" / "production.md").read_text(encoding="utf-8")
# What the pipeline may make, and what a superuser who restores it would run.
TRAP = """
CREATE FUNCTION staging.bay(a int) RETURNS boolean LANGUAGE plpgsql AS
'BEGIN
    IF current_user <> ''cchc_etl'' THEN RAISE EXCEPTION ''run by %'', current_user; END IF; RETURN TRUE;
END';
CREATE TABLE staging.thu (a int CHECK (staging.bay(a)));
INSERT INTO staging.thu VALUES (1);
CREATE INDEX ON staging.thu (a) WHERE a > 0;
"""
RIGHTS = """
SELECT c.oid::regclass::text, c.relowner::regrole::text, c.relacl::text, c.relrowsecurity
FROM pg_class AS c
WHERE c.relnamespace::regnamespace::text IN ('core', 'mart', 'ops', 'public') AND c.relkind <> 'i'
UNION ALL
SELECT p.oid::regprocedure::text, p.proowner::regrole::text, p.proacl::text, p.prosecdef
FROM pg_proc AS p WHERE p.pronamespace::regnamespace::text IN ('core', 'mart', 'ops')
UNION ALL
SELECT n.nspname, n.nspowner::regrole::text, n.nspacl::text, FALSE
FROM pg_namespace AS n WHERE n.nspname IN ('core', 'mart', 'ops', 'staging')
UNION ALL
SELECT
    concat(d.defaclnamespace::regnamespace, d.defaclobjtype), d.defaclrole::regrole::text,
    d.defaclacl::text, FALSE
FROM pg_default_acl AS d
UNION ALL
SELECT
    concat(polname, polrelid::regclass, polcmd), polroles::regrole[]::text,
    pg_get_expr(polqual, polrelid), FALSE
FROM pg_policy
"""


def words(begin: str) -> list[str]:
    """A command of the page that begins so, without the container that it is run in."""
    [found] = re.findall(rf"{begin}[^`\n<>|]*", PAGE)
    return shlex.split(found, comments=True)


@pytest.fixture
def restored(postgres, world: World, empty_database) -> Iterator[sa.Engine]:
    """What was dumped and restored with the commands of the page."""
    world.dimensions().add({}, {})
    etl = engine_of(postgres.dsn(world.engine.url.database, "cchc_etl", driver="psycopg2"))
    with etl.begin() as connection:
        connection.exec_driver_sql(TRAP.replace("%", "%%"))
    address = {"PGHOST": "127.0.0.1", "PGPORT": str(postgres.port)}
    new = sa.make_url(empty_database).database

    def run(command: list[str], login: str, database: str, **given: object) -> bytes:
        command = [database if word in ("cchc", "cchc_moi") else word for word in command]
        environment = os.environ | address | {"PGPASSWORD": postgres.secrets[login]}
        done = subprocess.run(
            [str(BIN / command[0]), *command[1:]], env=environment, capture_output=True, check=False, **given
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    dump = run(words("pg_dump -U postgres -Fc -N"), "postgres", world.engine.url.database)
    with engine_of(empty_database).begin() as admin:
        prepare(admin, *(postgres.secrets[login] for login in (OWNER, "cchc_etl", "cchc_pages")))
    run(words("pg_restore -h 127.0.0.1"), OWNER, new, input=dump)
    owner = engine_of(postgres.dsn(new, OWNER, driver="psycopg2"))
    with owner.begin() as connection:
        for statement in re.findall(
            r"^(?:CREATE SCHEMA|COMMENT ON SCHEMA|GRANT USAGE, CREATE).*;$", PAGE, re.M
        ):
            connection.exec_driver_sql(statement)
    yield engine_of(empty_database)
    with etl.begin() as connection:
        connection.exec_driver_sql("DROP TABLE staging.thu; DROP FUNCTION staging.bay(int)")


def test_restored_warehouse_is_the_same_and_nothing_of_the_pipeline_was_run(world, restored, tmp_path):
    assert World(restored, tmp_path).content() == world.content()
    with restored.connect() as new, world.engine.connect() as old:
        rights = [sorted(map(str, one.exec_driver_sql(RIGHTS))) for one in (old, new)]
        assert len(rights[0]) > 100
        assert rights[1] == rights[0]
        query = "SELECT count(*) FROM pg_proc WHERE pronamespace = 'staging'::regnamespace"
        assert new.exec_driver_sql(query).scalar_one() == 0
    world.engine.dispose()


def test_pipeline_goes_on_in_the_restored_warehouse(postgres, restored, tmp_path):
    dsn = postgres.dsn(restored.url.database, "cchc_etl", driver="psycopg2")
    world = World(engine_of(dsn), tmp_path)
    day = "20250405090000"
    later = {
        "ngay_nop_ho_so": day,
        "ngay_tiep_nhan": day,
        "ngay_hen_tra": "20250412090000",
        "ngay_cap_nhat": day,
    }
    assert world.add(later, at="2025-05-01").lines_accepted == 1
