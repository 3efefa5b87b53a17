"""Sessions of the warehouse are used again: as if they were new."""

import os
from datetime import date

import pytest
import sqlalchemy as sa

from cchc.warehouse import engine_of

PID = "SELECT pg_backend_pid()"


def test_a_session_is_used_again_with_nothing_of_what_was_done_in_it(dsn: str):
    engine = engine_of(dsn, statement_timeout_s=7)
    with engine.connect() as connection:
        pid = connection.exec_driver_sql(PID).scalar_one()
        connection.exec_driver_sql("CREATE TEMP TABLE cua_truoc (a int)")
        connection.exec_driver_sql("SET statement_timeout = '1h'")
        connection.exec_driver_sql("SET application_name = 'cua_truoc'")
        connection.exec_driver_sql("SELECT pg_advisory_lock(7)")
        connection.exec_driver_sql("DECLARE con_tro CURSOR WITH HOLD FOR SELECT 1")
        connection.commit()
    with engine.connect() as connection:
        assert connection.exec_driver_sql(PID).scalar_one() == pid
        assert connection.exec_driver_sql("SELECT to_regclass('cua_truoc')").scalar_one() is None
        assert connection.exec_driver_sql("SHOW statement_timeout").scalar_one() == "7s"
        assert connection.exec_driver_sql("SHOW application_name").scalar_one() == "cchc"
        assert connection.exec_driver_sql("SELECT count(*) FROM pg_cursors").scalar_one() == 0
        held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
        assert connection.exec_driver_sql(held).scalar_one() == 0
    engine.dispose()


def test_days_are_read_by_a_session_that_is_used_again_whatever_the_client_prefers(dsn: str, monkeypatch):
    monkeypatch.setenv("PGDATESTYLE", "German")
    engine = engine_of(dsn)
    days = []
    for _ in range(2):
        with engine.connect() as connection:
            days.append(connection.exec_driver_sql("SELECT DATE '2025-03-01', pg_backend_pid()").one())
    assert days == [(date(2025, 3, 1), days[0][1])] * 2
    engine.dispose()


@pytest.mark.parametrize(
    ("name", "value"), [("PGTZ", "UTC"), ("PGDATESTYLE", "German"), ("PGCLIENTENCODING", "LATIN1")]
)
def test_what_the_client_prefers_is_no_session_s(dsn: str, monkeypatch, name: str, value: str):
    """What stands in the environment goes before what the engine asks for."""
    monkeypatch.setenv(name, value)
    engine = engine_of(dsn)
    for _ in range(2):
        with engine.connect() as connection:
            settings = [
                connection.exec_driver_sql(f"SHOW {setting}").scalar_one()
                for setting in ("timezone", "datestyle", "client_encoding")
            ]
            assert settings == ["Asia/Ho_Chi_Minh", "ISO, MDY", "UTF8"]
            assert connection.exec_driver_sql("SELECT 'Đã chốt'").scalar_one() == "Đã chốt"
    engine.dispose()


def test_a_copy_of_the_process_has_sessions_of_its_own(dsn: str):
    """Answers to both would come to either of them."""
    engine = engine_of(dsn)
    with engine.connect() as connection:
        pid = connection.exec_driver_sql(PID).scalar_one()
    given, taken = os.pipe()
    if not (copy := os.fork()):
        try:
            with engine.connect() as connection:
                os.write(taken, str(connection.exec_driver_sql(PID).scalar_one()).encode())
        finally:
            os._exit(0)
    os.waitpid(copy, 0)
    os.close(taken)
    with os.fdopen(given) as said:
        assert int(said.read()) != pid
    with engine.connect() as connection:
        assert connection.exec_driver_sql(PID).scalar_one() == pid
    engine.dispose()


def test_what_was_not_committed_is_undone_before_a_session_is_used_again(dsn: str):
    engine = engine_of(dsn)
    with engine.connect() as connection:
        pid = connection.exec_driver_sql(PID).scalar_one()
        connection.exec_driver_sql("CREATE TABLE staging.do_dang (a int)")
    with engine.connect() as connection:
        assert connection.exec_driver_sql(PID).scalar_one() == pid
        assert connection.exec_driver_sql("SELECT to_regclass('staging.do_dang')").scalar_one() is None
    engine.dispose()


def test_a_session_that_ended_meanwhile_is_replaced(dsn: str):
    """As when the server has started again: whoever comes next is not told of it."""
    engine, other = engine_of(dsn), engine_of(dsn)
    with engine.connect() as connection:
        pid = connection.exec_driver_sql(PID).scalar_one()
    with other.connect() as connection:
        connection.execute(sa.text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
    with engine.connect() as connection:
        assert connection.exec_driver_sql(PID).scalar_one() != pid
    engine.dispose()
    other.dispose()
