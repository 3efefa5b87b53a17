"""A new month of a fact: as PostgreSQL would make it, and without waiting for readers or for ever."""

import time
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from cchc import warehouse
from cchc.errors import WarehouseUnavailable
from cchc.judging.validation import validate
from cchc.loading import load as loading
from cchc.loading.load import load
from tests.world import SO, World

READERS = {
    "cchc_bi": "SELECT count(*) FROM mart.loi_du_lieu",
    "cchc_don_vi": "SELECT count(*) FROM core.ho_so",
    "cchc_steward": "SELECT count(*) FROM core.ho_so",
}
# All that the catalogue says of a table, without its name, its numbers and its bounds.
CATALOGUE = {
    "table": "SELECT relkind, relpersistence, relispartition, relrowsecurity, relforcerowsecurity, relowner, "
    "relacl, reloptions, reltablespace, relam, relreplident, relhastriggers, relhasrules "
    "FROM pg_class WHERE oid = :r",
    "columns": "SELECT a.attname, a.attnum, format_type(a.atttypid, a.atttypmod), a.attnotnull, "
    "a.attcollation, a.attgenerated, a.attidentity, a.attstorage, a.attcompression, a.attstattarget, "
    "a.attoptions, a.attacl, a.attislocal, a.attinhcount, pg_get_expr(d.adbin, d.adrelid) "
    "FROM pg_attribute AS a LEFT JOIN pg_attrdef "
    "AS d ON a.attrelid = d.adrelid AND a.attnum = d.adnum WHERE a.attrelid = :r AND a.attnum > 0",
    "constraints": "SELECT replace(conname, :name, 'x'), contype, convalidated, conislocal, coninhcount, "
    "connoinherit, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = :r",
    "indexes": "SELECT replace(pg_get_indexdef(i.indexrelid), :name, 'x'), i.indisunique, i.indisprimary, "
    "i.indisvalid, (SELECT inhparent::regclass::text FROM pg_inherits WHERE inhrelid = i.indexrelid) "
    "FROM pg_index AS i WHERE i.indrelid = :r",
    "policies": "SELECT polname, polcmd, polroles FROM pg_policy WHERE polrelid = :r",
    "triggers": "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid = :r",
    "parent": "SELECT inhparent::regclass::text, inhdetachpending FROM pg_inherits WHERE inhrelid = :r",
}


def described(connection: sa.Connection, name: str) -> dict[str, list[str]]:
    binds = {
        "name": name.removeprefix("core."),
        "r": connection.scalar(sa.text(f"SELECT '{name}'::regclass::oid")),
    }
    return {
        what: sorted(str(tuple(row)) for row in connection.execute(sa.text(query), binds))
        for what, query in CATALOGUE.items()
    }


@pytest.mark.parametrize("fact", ["ho_so", "qua_trinh"])
def test_a_month_is_as_postgresql_itself_makes_a_partition(province: World, fact):
    with province.engine.connect() as connection:
        connection.exec_driver_sql("SET LOCAL ROLE cchc_owner")
        connection.exec_driver_sql(
            f"CREATE TABLE core.{fact}_2031_05 PARTITION OF core.{fact} "
            "FOR VALUES FROM ('2031-05-01') TO ('2031-06-01')"
        )
        connection.exec_driver_sql(f"SELECT core.ensure_partition('{fact}', '2031-04-01')")
        bounds = "SELECT pg_get_expr(relpartbound, oid) FROM pg_class WHERE relname = '{}_2031_04'"
        assert "FROM ('2031-04-01" in connection.exec_driver_sql(bounds.format(fact)).scalar_one()
        wanted = described(connection, f"core.{fact}_2031_05")
        assert wanted["indexes"] and wanted["parent"] and len(wanted["columns"]) > 5
        assert described(connection, f"core.{fact}_2031_04") == wanted


@pytest.fixture
def logins(province: World) -> Iterator[None]:
    with province.engine.begin() as connection:
        for group in READERS:
            connection.exec_driver_sql(f"CREATE ROLE doc_{group} LOGIN IN ROLE {group}")
        connection.exec_driver_sql(f"SELECT ops.gan_don_vi('doc_cchc_don_vi', '{SO}')")
    yield
    with province.engine.begin() as connection:
        for group in READERS:
            connection.exec_driver_sql(f"DROP ROLE doc_{group}")


def reading(connection: sa.Connection, group: str) -> int:
    connection.exec_driver_sql(f"SET LOCAL SESSION AUTHORIZATION doc_{group}")
    return connection.exec_driver_sql(READERS[group]).scalar_one()


def test_readers_and_the_load_of_a_new_month_do_not_wait_for_each_other(province: World, logins, monkeypatch):
    monkeypatch.setattr(warehouse, "LONGEST_WAIT_S", 2)
    province.add({})
    with province.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE IF EXISTS core.ho_so_2024_07")
    open_ones = [(province.engine.connect(), group) for group in READERS]
    others = []
    try:
        for session, group in open_ones:
            reading(session, group)
        day = "20240705090000"
        batch_id = province.land(
            "ho_so",
            province.dossiers(
                {}, {"ngay_nop_ho_so": day, "ngay_tiep_nhan": day, "ngay_hen_tra": "20240712090000"}
            ),
            at="2025-04-02",
        )
        validate(province.engine, batch_id)
        with monkeypatch.context() as patch:

            def while_it_is_not_done(*arguments: object) -> None:
                # The new month is there, the load has not ended; others read.
                for group in READERS:
                    session = province.engine.connect()
                    others.append(session)
                    session.exec_driver_sql("SET LOCAL lock_timeout = '2s'")
                    reading(session, group)
                really(*arguments)

            really = loading.note_loaded
            patch.setattr(loading, "note_loaded", while_it_is_not_done)
            load(province.engine, batch_id)
        assert len(others) == len(READERS)
        assert province.rows("SELECT count(*) FROM core.ho_so_2024_07") == [(1,)]
    finally:
        for session in (*(one for one, _ in open_ones), *others):
            session.close()


def test_a_load_does_not_wait_for_ever_and_says_for_whom(province: World, monkeypatch):
    monkeypatch.setattr(warehouse, "LONGEST_WAIT_S", 0.3)
    day = "20240805090000"
    new = {"ngay_nop_ho_so": day, "ngay_tiep_nhan": day, "ngay_hen_tra": "20240812090000"}
    batch_id = province.land("ho_so", province.dossiers(new), at="2025-04-02")
    validate(province.engine, batch_id)
    with province.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE IF EXISTS core.ho_so_2024_08")
    with province.engine.connect() as other:
        # As VACUUM or CREATE INDEX CONCURRENTLY by hand would.
        other.exec_driver_sql("LOCK TABLE core.ho_so IN SHARE UPDATE EXCLUSIVE MODE")
        pid = other.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        started = time.monotonic()
        with pytest.raises(WarehouseUnavailable) as told:
            load(province.engine, batch_id)
        assert time.monotonic() - started < 10
    assert str(told.value).startswith(f"batch {batch_id} ")
    assert "waited 0.3 s for what others have locked: session" in str(told.value)
    assert f"session {pid} (login postgres) of core.ho_so" in str(told.value)
    assert province.rows("SELECT count(*) FROM core.ho_so") == [(0,)]
    assert load(province.engine, batch_id)[0].lines_accepted == 1
