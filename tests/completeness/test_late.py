"""What is late is seen in ops and told in words, before a task fails; a silence has a reason and an end."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

import pytest
import sqlalchemy as sa

from cchc.contracts import contracts
from cchc.reports.lateness import NOTHING, TITLE, late, lateness
from cchc.reports.pulls import pulls_of
from cchc.vietnamese import VIETNAM
from tests.completeness.conftest import COLUMNS, ITEMS, declared
from tests.completeness.test_exports_due import pulled
from tests.world import HUYEN, SO, XA, World

# Saturday 5 April 2025, nine in the morning: declarations of March were due on Thursday the 3rd.
NOW = datetime(2025, 4, 5, 9)
PULLED = [contract.dataset for contract in contracts().values() if contract.api]


@pytest.fixture
def connection(declaring: World) -> Iterator[sa.Connection]:
    with declaring.engine.connect() as connection, connection.begin() as transaction:
        yield connection
        transaction.rollback()


def found(connection: sa.Connection, kind: str, now: datetime = NOW) -> list[tuple]:
    query = (
        "SELECT doi_tuong, ky, tre_tu, thieu FROM ops.tre_han_luc(:now) "
        "WHERE loai = :kind ORDER BY ky ASC, doi_tuong ASC"
    )
    return [tuple(row) for row in connection.execute(sa.text(query), {"now": now, "kind": kind})]


def test_units_that_did_not_declare_are_late_from_the_day_after(connection):
    due = [row for row in found(connection, "khai_bao") if row[1] == "2025-03"]
    assert sorted(due) == sorted([
        (HUYEN, "2025-03", datetime(2025, 4, 4), 13), (XA, "2025-03", datetime(2025, 4, 4), 16),
    ])  # fmt: skip
    # On the day itself nobody is late.
    assert [
        row for row in found(connection, "khai_bao", datetime(2025, 4, 3, 23, 59)) if row[1] == "2025-03"
    ] == []


def test_the_view_is_of_now(connection):
    of_months = connection.execute(
        sa.text("SELECT DISTINCT ky FROM ops.tre_han WHERE loai = 'khai_bao'")
    ).scalars()
    assert {"2025-01", "2025-03", "2025-04"} <= set(of_months)


def test_a_dataset_that_was_never_pulled_is_late_since_nobody_knows(connection):
    assert {row[0]: row[2:] for row in found(connection, "du_lieu")} == dict.fromkeys(PULLED, (None, None))


# Pulled until the 4th at midnight: of Friday the 4th the source tells on the 5th; one pulled until the 3rd
# lacks Thursday, which was due on Friday; one until the 1st lacks three days, the first due on the 2nd.
@pytest.mark.parametrize(
    ("until", "wanted"),
    [
        (datetime(2025, 4, 5), []),
        (datetime(2025, 4, 4), []),
        (datetime(2025, 4, 3), [("ho_so", "2025-04", datetime(2025, 4, 5), 1)]),
        (datetime(2025, 4, 1), [("ho_so", "2025-04", datetime(2025, 4, 3), 3)]),
    ],
)
def test_an_export_is_late_when_the_day_after_is_over(world: World, until, wanted):
    world.dimensions().refresh_all()
    pulled(world, "ho_so", None, until, until + timedelta(minutes=10))
    with world.engine.connect() as connection:
        assert [row for row in found(connection, "du_lieu") if row[0] == "ho_so"] == wanted


def test_pages_and_view_agree_on_what_is_late(world: World, monkeypatch):
    world.dimensions().refresh_all()
    monkeypatch.setenv("CCHC_NGUON_DEN", "2025-04-05T09:00:00")
    for days, dataset in enumerate(PULLED):
        until = datetime(2025, 4, 5) - timedelta(days=days)
        pulled(world, dataset, None, until, until + timedelta(minutes=1))
    with world.engine.connect() as connection:
        assert {row[0] for row in found(connection, "du_lieu")} == {
            pull.row.dataset for pull in pulls_of(connection) if pull.late
        }
        assert {row[0] for row in found(connection, "du_lieu")} == set(PULLED[2:])


def test_a_month_that_nobody_compared_is_late_on_the_third(connection):
    by_dataset = {row[0]: row[1:] for row in found(connection, "doi_chieu", datetime(2025, 4, 2, 23))}
    # January and February were due; March until the end of the day.
    assert by_dataset["ho_so"] == ("2025-01", datetime(2025, 2, 3), 2)
    assert {row[0]: row[3] for row in found(connection, "doi_chieu")}["ho_so"] == 3
    connection.exec_driver_sql(
        "INSERT INTO ops.reconciliation "
        "VALUES ('ho_so', '2025-04-01', '2025-03', NULL, 1, 0, 'unknown', now())"
    )
    # The source cannot say: nobody is late.
    assert "ho_so" not in {row[0] for row in found(connection, "doi_chieu")}


def test_it_is_told_in_words_with_what_to_do(connection):
    told = {one.ma: one for one in late(connection, NOW)}
    march = told["khai_bao:2025-03"]
    assert march.line == (
        "Phiếu khai báo Tháng 03/2025: 2 đơn vị còn thiếu 29 số liệu (UBND Phường 1, Thành phố Trà Vinh; "
        "UBND Thành phố Trà Vinh), từ 04/04/2025 00:00"
    )
    assert "make form" in march.todo
    assert told["du_lieu:ho_so"].line == "Hồ sơ thủ tục hành chính: chưa kéo lần nào"
    assert told["doi_chieu:ho_so"].words.endswith("chưa đối chiếu với nguồn 3 tháng, sớm nhất Tháng 01/2025")


def test_the_digest_has_a_part(connection, monkeypatch):
    monkeypatch.setenv("CCHC_NGUON_DEN", "2025-04-05T09:00:00")
    title, lines, none = lateness(connection)
    assert (title, none) == (TITLE, NOTHING)
    [declarations] = [line for line in lines if line.startswith("Phiếu khai báo")]
    assert declarations.startswith("Phiếu khai báo, 3 tháng: Tháng 01/2025: 3 đơn vị còn thiếu 48 số liệu (")
    assert "Tháng 03/2025: 2 đơn vị còn thiếu 29 số liệu" in declarations


def test_nothing_is_late_where_all_came(world: World, monkeypatch):
    monkeypatch.setenv("CCHC_NGUON_DEN", "2025-02-05T09:00:00")
    world.dimensions().add({})
    lines = [
        line for unit in (SO, HUYEN, XA) for line in declared(unit, "2025-01", "2025-02-05 08:00:00", ITEMS)
    ]
    world.ingest("khai_bao", world.csv(lines, COLUMNS), at="2025-05-16")
    world.refresh_all()
    for dataset in PULLED:
        pulled(world, dataset, None, datetime(2025, 2, 5), datetime(2025, 2, 5, 0, 10))
    with world.engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO ops.reconciliation SELECT dataset, '2025-02-01', '2025-01', 0, 0, 0, 'equal', "
            "'2025-02-02 06:00+07' FROM core.bo_du_lieu_keo WHERE doi_chieu"
        )
        assert lateness(connection) == (TITLE, [], NOTHING)


# Silences ------------------------------------------------------------------------------------


def silence(connection: sa.Connection, code: str, reason: str, until: date | None) -> None:
    connection.execute(
        sa.text("SELECT ops.cho_im_lang(:code, :reason, :until)"),
        {"code": code, "reason": reason, "until": until},
    )


def in_days(days: int) -> date:
    return datetime.now(VIETNAM).date() + timedelta(days=days)


def test_what_is_silenced_is_left_out_until_it_expires(connection):
    silence(connection, "du_lieu:ho_so", "nguồn bảo trì theo lịch", in_days(3))
    [one] = [x for x in late(connection, NOW) if x.ma == "du_lieu:ho_so"]
    assert (one.silent, one.was_silent) == (True, None)
    assert not [
        line for line in lateness(connection)[1] if line == "Hồ sơ thủ tục hành chính: chưa kéo lần nào"
    ]
    [(who, reason, still)] = connection.execute(
        sa.text("SELECT boi, ly_do, con_im FROM ops.im_lang_hien_nay")
    ).all()
    assert (who, reason, still) == ("postgres", "nguồn bảo trì theo lịch", True)
    # Ended by hand, it is told again, and that it was silent.
    silence(connection, "du_lieu:ho_so", "bảo trì đã xong", None)
    [one] = [x for x in late(connection, NOW) if x.ma == "du_lieu:ho_so"]
    assert not one.silent
    assert "đã cho im đến" in one.line


def test_an_expired_silence_is_told_again_and_a_new_delay_is_new(connection):
    def expired(until: datetime) -> str:
        connection.execute(
            sa.text(
                "INSERT INTO ops.im_lang (ma_phat_hien, ly_do, boi, tu_luc, den_luc) VALUES ("
                "'khai_bao:2025-03', 'đơn vị đang sáp nhập', 'x', "
                "CAST(:until AS timestamptz) - interval '5 days', :until)"
            ),
            {"until": until},
        )
        [one] = [x for x in late(connection, NOW) if x.ma == "khai_bao:2025-03"]
        assert not one.silent
        return one.line

    # It ended before this delay began on the 4th.
    assert "cho im" not in expired(datetime(2025, 4, 1, tzinfo=VIETNAM))
    assert expired(datetime(2025, 4, 5, tzinfo=VIETNAM)).endswith(
        "(đã cho im đến 05/04/2025 00:00: “đơn vị đang sáp nhập”; nay hết)"
    )


REASON = "nguồn bảo trì theo lịch"
REFUSED = {
    "no reason": ("du_lieu:ho_so", "", 3),
    "too short a reason": ("du_lieu:ho_so", "bảo trì", 3),
    "a reason of two lines": ("du_lieu:ho_so", f"{REASON}\n{REASON}", 3),
    "more than 31 days": ("du_lieu:ho_so", REASON, 32),
    "a day that is over": ("du_lieu:ho_so", REASON, -1),
    "no finding": ("hồ sơ", REASON, 3),
}


@pytest.mark.parametrize("wrong", REFUSED.values(), ids=list(REFUSED))
def test_a_silence_without_reason_or_end_is_refused(connection, wrong):
    code, reason, days = wrong
    with pytest.raises(sa.exc.DBAPIError, match="expected"):
        silence(connection, code, reason, in_days(days))


def test_thirty_days_are_allowed(connection):
    silence(connection, "du_lieu:ho_so", REASON, in_days(30))
    query = "SELECT con_im FROM ops.im_lang_hien_nay WHERE ma_phat_hien = 'du_lieu:ho_so'"
    assert connection.exec_driver_sql(query).scalars().all() == [True]


@pytest.mark.parametrize(
    "change",
    ["UPDATE ops.im_lang SET ly_do = 'xxxxxxxxxxx'", "DELETE FROM ops.im_lang", "TRUNCATE ops.im_lang"],
)
def test_silences_are_only_added(connection, change):
    silence(connection, "du_lieu:ho_so", REASON, in_days(3))
    with pytest.raises(sa.exc.DBAPIError, match="append-only"):
        connection.exec_driver_sql(change)


def test_the_pipeline_silences_by_the_function_only(connection):
    connection.exec_driver_sql("SET LOCAL ROLE cchc_etl")
    silence(connection, "du_lieu:ho_so", REASON, in_days(3))
    with pytest.raises(sa.exc.ProgrammingError):
        connection.exec_driver_sql("INSERT INTO ops.im_lang (ma_phat_hien) VALUES ('x')")
