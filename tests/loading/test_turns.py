"""Who writes has the turn in the very transaction that writes, and nobody who only reads can take it."""

import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from cchc import warehouse
from cchc.errors import WarehouseUnavailable
from cchc.judging.validation import validate
from cchc.loading import load as loading
from cchc.loading.load import load
from cchc.reading.staging import staging_table
from cchc.registers.working_calendar import sync_calendar
from cchc.warehouse import TURNS, take_turn
from tests.loading.dossiers import batch_counts, dossier
from tests.world import World

WHAT = [*TURNS, "batch:1"]


def judged(world: World, **values: str) -> int:
    batch_id = world.land("ho_so", world.dossiers(values), at="2025-04-01")
    validate(world.engine, batch_id)
    return batch_id


@contextmanager
def held_back(world: World) -> Iterator[Callable[[], object]]:
    """Has the first update of core.ho_so wait until what is yielded is called."""
    with world.engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE FUNCTION public.hold() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "IF pg_try_advisory_lock(1) THEN PERFORM pg_advisory_lock(2); END IF; RETURN NULL; END $$; "
            "CREATE TRIGGER hold BEFORE UPDATE ON core.ho_so FOR EACH STATEMENT "
            "EXECUTE FUNCTION public.hold()"
        )
    gate = world.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    gate.exec_driver_sql("SELECT pg_advisory_lock(2)")
    try:
        yield lambda: gate.exec_driver_sql("SELECT pg_advisory_unlock_all()")
    finally:
        gate.invalidate()
        with world.engine.begin() as connection:
            connection.exec_driver_sql("DROP FUNCTION public.hold() CASCADE")


def test_older_state_does_not_overwrite_a_newer_one_when_idle_sessions_end(province: World):
    province.add({"ngay_cap_nhat": "20250305090000", "trang_thai_ho_so": "2"})
    older = judged(province, ngay_cap_nhat="20250306090000", trang_thai_ho_so="4")
    newer = judged(province, ngay_cap_nhat="20250307090000", trang_thai_ho_so="6")
    waits = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
        "AND wait_event_type = 'Lock' AND wait_event = :event"
    )
    with held_back(province) as go_on, ThreadPoolExecutor(2) as pool:
        first = pool.submit(load, province.engine, older)
        while not province.rows(waits, event="advisory")[0][0]:
            assert not first.done()
        # Whatever is kept for the job without being the one that writes.
        province.rows(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND state = 'idle' AND query NOT LIKE '%pg_advisory_lock(2)%'"
        )
        second = pool.submit(load, province.engine, newer)
        wait([second], timeout=0.5)
        go_on()
        first.result()
        second.result()
    assert dossier(province, "trang_thai_ho_so, batch_id") == (6, newer)


def test_frozen_process_holds_others_up_for_a_bounded_time_and_is_named(province: World, monkeypatch):
    batch_id = judged(province)
    child = os.fork()
    if not child:
        # The sessions that wait in the pool are the parent's.
        province.engine.dispose(close=False)
        with province.engine.begin() as connection:
            take_turn(connection, "load")
            os.kill(os.getpid(), signal.SIGSTOP)
        os._exit(0)
    try:
        assert os.WIFSTOPPED(os.waitpid(child, os.WUNTRACED)[1])
        monkeypatch.setattr(warehouse, "LONGEST_WAIT_S", 1)
        ((pid,),) = province.rows("SELECT pid FROM pg_stat_activity WHERE application_name = 'cchc load'")
        told = rf"^Waited 1 s for the turn to do 'load', which session {pid} from 127\.0\.0\.1, idle in trans"
        with pytest.raises(WarehouseUnavailable, match=told):
            load(province.engine, batch_id)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    assert load(province.engine, batch_id)[0].lines_accepted == 1


def test_who_is_frozen_at_the_end_of_a_refresh_holds_loading_up_for_a_bounded_time_and_is_named(
    province: World, monkeypatch
):
    province.add({})
    older = judged(province, ngay_cap_nhat="20250306090000")
    newer = judged(province, ngay_cap_nhat="20250307090000")
    child = os.fork()
    if not child:
        province.engine.dispose(close=False)
        with province.engine.begin() as connection:
            take_turn(connection, "refresh")
            connection.exec_driver_sql("UPDATE ops.period SET refreshed_at = now()")
            os.kill(os.getpid(), signal.SIGSTOP)
        os._exit(0)
    try:
        assert os.WIFSTOPPED(os.waitpid(child, os.WUNTRACED)[1])
        ((pid,),) = province.rows("SELECT pid FROM pg_stat_activity WHERE application_name = 'cchc refresh'")
        monkeypatch.setattr(warehouse, "LONGEST_WAIT_S", 2)
        with ThreadPoolExecutor(1) as pool:
            first = pool.submit(load, province.engine, older)
            at_work = "SELECT 1 FROM pg_stat_activity WHERE application_name = 'cchc load'"
            while not province.rows(f"{at_work} AND wait_event_type = 'Lock'"):
                assert not first.done()
            monkeypatch.setattr(warehouse, "LONGEST_WAIT_S", 0.5)
            # Who waits for the first one is told whom that one waits for.
            told = rf"'load', which session \d+ .*, which waits for session {pid} from .* who does 'refresh'"
            with pytest.raises(WarehouseUnavailable, match=told):
                load(province.engine, newer)
            others = rf"waited \S+ s for what others .*session {pid} \("
            with pytest.raises(WarehouseUnavailable, match=others):
                first.result()
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    assert [load(province.engine, batch)[0].lines_accepted for batch in (older, newer)] == [1, 1]


@pytest.mark.parametrize("what", WHAT)
def test_turn_is_had_by_one_until_its_transaction_ends(province: World, monkeypatch, what):
    monkeypatch.setattr(warehouse, "LONGEST_WAIT_S", 0.05)
    with province.engine.connect() as one, province.engine.connect() as other:
        take_turn(one, what)
        with pytest.raises(WarehouseUnavailable, match=f"turn to do '{what}', which session "):
            take_turn(other, what)
        other.rollback()
        one.rollback()
        take_turn(other, what)
        other.commit()
        take_turn(one, what)
    assert province.rows("SELECT * FROM ops.lock") == []


def test_turns_at_different_batches_are_had_at_once(province: World):
    with province.engine.connect() as one, province.engine.connect() as other:
        take_turn(one, "batch:1", wait_s=1)
        take_turn(other, "batch:2", wait_s=1)
        at_work = "SELECT application_name FROM pg_stat_activity WHERE application_name LIKE 'cchc batch:%'"
        assert sorted(province.rows(at_work)) == [("cchc batch:1",), ("cchc batch:2",)]


@pytest.fixture
def reader(province: World) -> Iterator[sa.Engine]:
    """A login that may read mart and no more."""
    with province.engine.begin() as connection:
        connection.exec_driver_sql("CREATE ROLE chi_doc LOGIN PASSWORD 'chi_doc' IN ROLE cchc_bi")
    url = province.engine.url.set(username="chi_doc", password="chi_doc")
    engine = sa.create_engine(url, poolclass=sa.pool.NullPool)
    yield engine
    with province.engine.begin() as connection:
        connection.exec_driver_sql("DROP ROLE chi_doc")


def test_login_that_reads_cannot_take_a_turn(province: World, reader, monkeypatch):
    monkeypatch.setattr(warehouse, "LONGEST_WAIT_S", 1)
    batch_id = judged(province)
    tries = [
        *(
            f"LOCK TABLE {table} IN {mode} MODE"
            for table in TURNS.values()
            for mode in ("ROW SHARE", "EXCLUSIVE")
        ),
        "INSERT INTO ops.lock VALUES ('load')",
        "SELECT * FROM ops.batch FOR UPDATE",
        # What older versions took.
        "SELECT pg_advisory_lock(hashtextextended('cchc:load', 766))",
    ]
    with reader.connect() as session:
        for statement in tries:
            with pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
                session.exec_driver_sql(statement)
            session.rollback()
        assert load(province.engine, batch_id)[0].lines_accepted == 1


EVERYTHING = """
SELECT format('%I.%I', n.nspname, c.relname)
FROM pg_class AS c INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
WHERE n.nspname IN ('mart', 'core', 'ops', 'staging') AND c.relkind IN ('r', 'p', 'v')
ORDER BY 1
"""
# A statement that is prepared is looked at, not run: PostgreSQL locks its table until the transaction ends
# and asks for no right on it, only for one on its schema.
HELD = (
    "SELECT 1 FROM {}",
    "LOCK TABLE {} IN ACCESS SHARE MODE",
    "PREPARE doc_{n} AS SELECT 1 FROM {}",
    "PREPARE giu_{n} AS SELECT 1 FROM {} FOR UPDATE",
    "PREPARE them_{n} AS INSERT INTO {} DEFAULT VALUES",
    "PREPARE xoa_{n} AS DELETE FROM {}",
)


@pytest.fixture(params=["cchc_steward", "cchc_don_vi", "cchc_bi"])
def in_the_way(request, province: World) -> Iterator[set[str]]:
    """A session of that role that has locked all it can lock, and stays as it is; which modes it holds.

    Whoever has to wait for it gives up after two seconds.
    """
    database = province.engine.url.database
    with province.engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE ROLE ben_doc LOGIN PASSWORD 'ben_doc' IN ROLE {request.param}")
        connection.exec_driver_sql(f"ALTER DATABASE {database} SET lock_timeout = '2s'")
        connection.exec_driver_sql("DROP TABLE IF EXISTS core.ho_so_2024_06, core.qua_trinh_2024_06")
    province.engine.dispose()
    url = province.engine.url.set(username="ben_doc", password="ben_doc")
    engine = sa.create_engine(url, poolclass=sa.pool.NullPool)
    relations = [name for (name,) in province.rows(EVERYTHING)]
    with engine.connect() as session:
        for n, name in enumerate(relations):
            for statement in HELD:
                point = session.begin_nested()
                try:
                    session.exec_driver_sql(statement.format(name, n=n)).close()
                except sa.exc.DBAPIError:
                    point.rollback()
                else:
                    point.commit()
        modes = "SELECT DISTINCT mode FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'relation'"
        yield set(session.exec_driver_sql(modes).scalars())
    with province.engine.begin() as connection:
        connection.exec_driver_sql("DROP ROLE ben_doc")
        connection.exec_driver_sql(f"ALTER DATABASE {database} RESET lock_timeout")
    province.engine.dispose()


@pytest.mark.long
def test_nothing_that_a_reader_locks_stops_loading_and_counting(province: World, in_the_way, monkeypatch):
    monkeypatch.setattr(warehouse, "LONGEST_WAIT_S", 2)
    assert in_the_way >= {"AccessShareLock", "RowExclusiveLock"}
    sync_calendar(province.engine)
    # Of a month of which nothing came before, and one that is not received yet.
    june = {"ngay_nop_ho_so": "20240605080000", "ngay_tiep_nhan": "20240605090000"}
    waiting = {"ngay_tiep_nhan": "", "ngay_hen_tra": "", "trang_thai_ho_so": "1"}
    assert province.add(june | {"ngay_hen_tra": "20240612090000"}, waiting).lines_accepted == 2
    steps = province.steps({"thoi_gian": "20240605090000"})
    for dataset, path in (
        ("qua_trinh", steps),
        ("danh_gia", province.ratings({})),
        ("van_ban", province.documents({})),
        ("ho_so_cong_viec", province.work({})),
    ):
        assert province.ingest(dataset, path)[0].lines_accepted == 1
    province.refresh_all()
    for what in WHAT:
        with province.engine.begin() as connection:
            take_turn(connection, what)


def test_connections_notice_a_peer_that_is_gone(dsn):
    with warehouse.engine_of(dsn).connect() as connection:
        settings = "tcp_keepalives_idle", "tcp_user_timeout", "client_connection_check_interval"
        found = [connection.exec_driver_sql(f"SHOW {name}").scalar_one() for name in settings]
        client = connection.connection.dbapi_connection.info.dsn_parameters
    assert found == ["30", "60000", "10s"]
    assert (client["keepalives_idle"], client["tcp_user_timeout"]) == ("30", "60000")


# --- what is staged is what is loaded ---------------------------------------------------------------


@pytest.mark.parametrize("change", ["TRUNCATE {}", "DELETE FROM {}", "DROP TABLE {} CASCADE"])
def test_staged_lines_cannot_change_between_the_check_and_the_load(province: World, monkeypatch, change):
    batch_id = province.land("ho_so", province.dossiers(*[{}] * 5), at="2025-04-01")
    validate(province.engine, batch_id)
    refused = []

    def then_change(connection, batch):
        checked = really(connection, batch)
        with pytest.raises(sa.exc.OperationalError) as caught, province.engine.begin() as other:
            other.exec_driver_sql("SET LOCAL lock_timeout = 20")
            other.exec_driver_sql(change.format(staging_table("ho_so", batch_id)))
        refused.append(caught.value.orig.pgcode)
        return checked

    really = loading.ready_to_load
    monkeypatch.setattr(loading, "ready_to_load", then_change)
    load(province.engine, batch_id)
    assert refused == ["55P03"]
    assert batch_counts(province, batch_id) == (5, 5, 0, 0)


@pytest.mark.parametrize(
    "change", ["TRUNCATE {}", "DELETE FROM {} WHERE line_no = 3", "DROP TABLE {} CASCADE"]
)
def test_staged_lines_that_are_gone_are_read_from_the_file_again(province: World, change):
    province.add(*[{}] * 5)
    batch_id = province.land("ho_so", province.dossiers(*[{"trang_thai_ho_so": "6"}] * 5), at="2025-04-02")
    validate(province.engine, batch_id)
    with province.engine.begin() as connection:
        connection.exec_driver_sql(change.format(staging_table("ho_so", batch_id)))
    load(province.engine, batch_id)
    assert batch_counts(province, batch_id) == (5, 5, 0, 0)


def test_staged_lines_that_vanish_again_and_again_are_told_and_nothing_is_loaded(
    province: World, monkeypatch
):
    batch_id = judged(province)
    monkeypatch.setattr(loading, "ready_to_load", lambda *_: False)
    with pytest.raises(WarehouseUnavailable, match=rf"^batch {batch_id} .*changed 3 times before"):
        load(province.engine, batch_id)
    assert province.rows("SELECT count(*) FROM core.ho_so") == [(0,)]
