"""The working calendar: which days count, how deadlines are counted, and what an officer may get wrong."""

import shutil
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cchc.errors import BadDefinition, CchcError
from cchc.registers import working_calendar
from cchc.registers.reference_files import REFERENCE
from cchc.registers.working_calendar import (
    DAYS,
    HOURS,
    YEARS,
    calendar_of,
    check_calendar,
    read_days,
    read_years,
    sync_calendar,
)
from tools.simulation import working_days

# Worked out by hand from the public lists, not from the file: weekdays off, and Saturdays at work.
OFF = {
    *(date(2025, 1, 1), *(date(2025, 1, day) for day in range(27, 32)), date(2025, 4, 7)),
    *(date(2025, 4, 30), date(2025, 5, 1), date(2025, 5, 2), date(2025, 9, 1), date(2025, 9, 2)),
    *(date(2026, 1, 1), date(2026, 1, 2), *(date(2026, 2, day) for day in range(16, 21))),
    *(date(2026, 4, 27), date(2026, 4, 30), date(2026, 5, 1), date(2026, 8, 31)),
    *(date(2026, 9, 1), date(2026, 9, 2), date(2026, 11, 24)),
}
AT_WORK = {date(2025, 4, 26), date(2026, 1, 10), date(2026, 8, 22)}
WORKING_DAYS = {
    2025: [17, 20, 21, 21, 20, 21, 23, 21, 20, 23, 20, 23],
    2026: [21, 15, 22, 20, 20, 22, 23, 21, 20, 22, 20, 23],
}
ONE_MINUTE = timedelta(minutes=1)

moments = st.datetimes(datetime(2025, 1, 1), datetime(2026, 11, 15)).map(lambda at: at.replace(microsecond=0))
many = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def open_on(day: date) -> bool:
    return day in AT_WORK or (day.weekday() < 5 and day not in OFF)


def minute_counts(moment: datetime) -> bool:
    """Whether the minute that begins at `moment` is one of work."""
    clock = moment.time()
    return open_on(moment.date()) and (time(7) <= clock < time(11, 30) or time(13, 30) <= clock < time(17))


@pytest.fixture(scope="module")
def calendar(make_world) -> sa.Engine:
    """A warehouse that holds the calendar and nothing else."""
    engine = make_world().engine
    sync_calendar(engine)
    return engine


@pytest.fixture
def ask(calendar: sa.Engine):
    """Evaluates an expression over the calendar."""
    with calendar.connect() as connection:
        yield lambda text, **binds: connection.execute(sa.text(f"SELECT {text}"), binds).scalar_one()


@pytest.fixture
def reference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the reference files that the test may edit; the package reads it instead."""
    for name in (DAYS, YEARS, HOURS):
        shutil.copy(REFERENCE / name, tmp_path / name)
    monkeypatch.setattr(working_calendar, "REFERENCE", tmp_path)
    return tmp_path


def append(path: Path, *lines: str) -> int:
    """Adds lines to a file; returns the number of the first of them."""
    before = path.read_text(encoding="utf-8")
    path.write_text(before + "".join(f"{line}\n" for line in lines), encoding="utf-8")
    return before.count("\n") + 1


# Days -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("year", WORKING_DAYS)
def test_working_days_of_each_month(calendar, year):
    with calendar.connect() as connection:
        counts = connection.scalars(
            sa.text(
                "SELECT count(*) FILTER (WHERE la_ngay_lam_viec) FROM core.lich "
                "WHERE extract(year FROM ngay) = :y GROUP BY extract(month FROM ngay) "
                "ORDER BY extract(month FROM ngay)"
            ),
            {"y": year},
        ).all()
    assert counts == WORKING_DAYS[year]


def test_every_day_is_what_the_law_says_and_carries_a_source_where_it_is_special(calendar):
    with calendar.connect() as connection:
        rows = connection.execute(sa.text("SELECT * FROM core.lich WHERE ngay >= '2025-01-01'")).all()
    assert len(rows) == 365 + 365
    assert {row.ngay for row in rows if row.la_ngay_lam_viec} == {r.ngay for r in rows if open_on(r.ngay)}
    special = [row for row in rows if row.loai not in ("thuong", "cuoi_tuan")]
    assert {row.ngay for row in special} == OFF | AT_WORK
    assert all(row.nguon and row.ghi_chu for row in special)
    assert {row.ngay for row in rows if not row.da_kiem_chung} == {date(2026, 1, 10), date(2026, 8, 22)}


def test_the_simulator_keeps_the_same_days():
    kept = {row["ngay"]: row["la_ngay_lam_viec"] for row in calendar_of(read_years(), read_days())}
    assert kept[date(2024, 5, 4)], "the Saturday at work for Monday 29 April 2024"
    days = working_days.EPOCH.astype(date)
    simulated = {days + timedelta(n): bool(working_days.IS_WORKING[n]) for n in range(len(kept))}
    assert simulated == kept


# Deadlines ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("received", "days", "due"),
    [
        # Saturday 26 April is at work for Friday 2 May.
        ("2025-04-25 10:00", 2, "2025-04-28 10:00"),
        # After hours; then a weekend and the two days of Quốc khánh.
        ("2025-08-28 18:10", 1, "2025-09-03 07:00"),
        # Tết from 14 to 22 February.
        ("2026-02-13 15:00", 3, "2026-02-25 15:00"),
        # 24 November is a day off since 2026.
        ("2026-11-23 09:00", 1, "2026-11-25 09:00"),
        # Submitted online on a holiday: counts from the next opening.
        ("2025-04-30 20:15", 1, "2025-05-06 07:00"),
        # Before hours, in the lunch break, on a Saturday when the desk is open.
        ("2025-03-05 06:10", 1, "2025-03-06 07:00"),
        ("2025-03-05 12:15", 1, "2025-03-06 13:30"),
        ("2025-03-08 09:00", 1, "2025-03-11 07:00"),
        # A Saturday at work is a day like any other.
        ("2025-04-26 09:00", 1, "2025-04-28 09:00"),
        # The moments at which a session ends belong to it; a second later they do not.
        ("2025-03-05 11:30", 1, "2025-03-06 11:30"),
        ("2025-03-05 17:00", 1, "2025-03-06 17:00"),
        ("2025-03-05 17:00:01", 1, "2025-03-07 07:00"),
        # No day at all: from when the count would begin.
        ("2025-03-08 09:00", 0, "2025-03-10 07:00"),
    ],
)
def test_due_after_working_days(ask, received, days, due):
    assert ask("core.cong_ngay_lam_viec(:at, :n)", at=at(received), n=days) == at(due)


@pytest.mark.parametrize(
    ("received", "hours", "due"),
    [
        ("2025-03-05 09:00", 2, "2025-03-05 11:00"),
        # Over the lunch break, over the night, over a weekend.
        ("2025-03-05 10:30", "1.5", "2025-03-05 14:00"),
        ("2025-03-05 16:00", 2, "2025-03-06 08:00"),
        ("2025-03-07 16:30", 1, "2025-03-10 07:30"),
        # Full sessions end when the office closes: the citizen may wait until then, not overnight.
        ("2025-03-05 07:00", "4.5", "2025-03-05 11:30"),
        ("2025-03-05 07:00", 8, "2025-03-05 17:00"),
        ("2025-03-05 20:00", 8, "2025-03-06 17:00"),
        ("2025-03-05 13:30", 8, "2025-03-06 11:30"),
        # 24 hours are three days of eight.
        ("2025-04-29 10:00", 24, "2025-05-07 10:00"),
        ("2025-03-08 09:00", 0, "2025-03-10 07:00"),
    ],
)
def test_due_after_working_hours(ask, received, hours, due):
    assert ask("core.cong_gio_lam_viec(:at, CAST(:h AS numeric))", at=at(received), h=hours) == at(due)


@pytest.mark.parametrize(
    ("start", "end", "minutes"),
    [
        ("2025-03-05 11:00", "2025-03-05 14:00", 60),
        ("2025-03-05 11:30", "2025-03-05 13:30", 0),
        ("2025-03-05 17:00", "2025-03-06 07:00", 0),
        ("2025-03-05 07:00", "2025-03-06 07:00", 480),
        ("2025-03-07 16:00", "2025-03-10 08:00", 120),
        ("2025-04-25 17:00", "2025-04-27 23:00", 480),
        ("2025-03-06 08:00", "2025-03-05 16:00", -120),
        ("2025-03-05 08:00:00", "2025-03-05 08:00:30", 0.5),
    ],
)
def test_working_minutes_between_two_moments(ask, start, end, minutes):
    assert float(ask("core.phut_lam_viec(:a, :b)", a=at(start), b=at(end))) == minutes


@pytest.mark.parametrize(
    ("after", "until", "days"),
    [
        ("2025-03-05", "2025-03-05", 0),
        ("2025-03-07", "2025-03-09", 0),
        ("2025-03-07", "2025-03-10", 1),
        ("2025-04-30", "2025-05-05", 1),
        ("2025-04-25", "2025-04-28", 2),
        ("2025-03-10", "2025-03-07", -1),
    ],
)
def test_working_days_after_a_day(ask, after, until, days):
    assert ask("core.so_ngay_lam_viec(CAST(:a AS date), CAST(:b AS date))", a=after, b=until) == days


@many
@given(start=moments, minutes=st.integers(0, 60 * 30))
def test_hours_added_are_the_hours_between(ask, start, minutes):
    due = ask("core.cong_gio_lam_viec(:at, CAST(:m AS numeric) / 60)", at=start, m=minutes)
    assert due >= start
    # A sixtieth of an hour is no decimal fraction: the deadline is right to the microsecond.
    between = ask("core.phut_lam_viec(:a, :b)", a=start, b=due)
    assert abs(float(between) - minutes) < 1e-6


@pytest.mark.long
@many
@given(start=moments, end=moments)
def test_minutes_agree_with_counting_them_one_by_one(ask, start, end):
    start, end = start.replace(second=0), end.replace(second=0)
    end = min(end, start + timedelta(days=20))
    step, moment, counted = (ONE_MINUTE, start, 0) if end >= start else (-ONE_MINUTE, start, 0)
    end = max(end, start - timedelta(days=20))
    while moment != end:
        if step > timedelta():
            counted += minute_counts(moment)
            moment += step
        else:
            moment += step
            counted -= minute_counts(moment)
    assert ask("core.phut_lam_viec(:a, :b)", a=start, b=end) == counted


@many
@given(start=moments, days=st.integers(0, 30))
def test_days_agree_with_walking_through_the_calendar(ask, start, days):
    moment, day = start, start.date()
    if not open_on(day) or moment.time() > time(17):
        day += timedelta(1)
        while not open_on(day):
            day += timedelta(1)
        moment = datetime.combine(day, time(7))
    clock = max(moment.time(), time(7))
    if time(11, 30) < clock < time(13, 30):
        clock = time(13, 30)
    for _ in range(days):
        day += timedelta(1)
        while not open_on(day):
            day += timedelta(1)
    due = ask("core.cong_ngay_lam_viec(:at, :n)", at=start, n=days)
    assert due == datetime.combine(day, clock)
    # A day is eight hours, whichever way it is counted.
    hours = ask("core.cong_gio_lam_viec(:at, :n * 8)", at=start, n=days)
    assert ask("core.phut_lam_viec(:a, :b)", a=hours, b=due) == 0


def test_time_zone_of_the_session_does_not_matter(calendar):
    query = sa.text(
        "SELECT core.cong_ngay_lam_viec('2025-08-28 18:10', 1), "
        "core.cong_gio_lam_viec('2025-04-29 10:00', 24), "
        "core.phut_lam_viec('2025-03-07 16:00', '2025-03-10 08:00')"
    )
    found = set()
    for zone in ("Asia/Ho_Chi_Minh", "UTC", "America/New_York"):
        with calendar.connect() as connection:
            connection.exec_driver_sql(f"SET timezone = '{zone}'")
            found.add(tuple(connection.execute(query).one()))
    assert found == {(datetime(2025, 9, 3, 7), datetime(2025, 5, 7, 10), 120)}


def test_nothing_in_nothing_out(ask):
    for call in (
        "core.phut_lam_viec(NULL, '2025-03-05')",
        "core.cong_ngay_lam_viec(NULL, 1)",
        "core.cong_gio_lam_viec('2025-03-05', NULL)",
        "core.so_ngay_lam_viec('2025-03-05', NULL)",
    ):
        assert ask(call) is None


@pytest.mark.parametrize(
    ("call", "day"),
    [
        ("core.phut_lam_viec('2026-12-31 08:00', '2027-01-04 08:00')", "2027-01-04"),
        ("core.phut_lam_viec('2023-12-29 08:00', '2024-01-04 08:00')", "2023-12-29"),
        ("core.cong_ngay_lam_viec('2027-03-01 08:00', 1)", "2027-03-01"),
        ("core.cong_ngay_lam_viec('2026-12-30 08:00', 5)", "2027-01-01"),
        ("core.cong_ngay_lam_viec('2026-12-31 18:00', 0)", "2027-01-01"),
        ("core.cong_gio_lam_viec('2026-12-31 08:00', 24)", "2027-01-01"),
        ("core.so_ngay_lam_viec('2026-12-31', '2027-01-04')", "2027-01-04"),
        ("core.so_ngay_lam_viec('2023-12-31', '2024-01-04')", "2023-12-31"),
    ],
)
def test_day_outside_the_calendar_is_an_error_that_says_what_to_edit(ask, call, day):
    with pytest.raises(sa.exc.DBAPIError) as error:
        ask(call)
    text = str(error.value)
    assert f"no day {day}" in text and "2024-01-01 to 2026-12-31" in text
    assert f"sql/reference/{DAYS}" in text and f"sql/reference/{YEARS}" in text


def test_the_last_office_hour_of_the_calendar_can_be_a_deadline(ask):
    assert ask("core.cong_gio_lam_viec('2026-12-31 07:00', 8)") == datetime(2026, 12, 31, 17)
    assert ask("core.cong_ngay_lam_viec('2026-12-30 09:00', 1)") == datetime(2026, 12, 31, 9)


@pytest.mark.parametrize(
    "call", ["core.cong_ngay_lam_viec('2025-03-05', -1)", "core.cong_gio_lam_viec('2025-03-05', -0.5)"]
)
def test_a_deadline_is_never_counted_backwards(ask, call):
    with pytest.raises(sa.exc.DBAPIError, match=r"-\d.*expected 0 or more"):
        ask(call)


# What officers edit ---------------------------------------------------------------------------


def test_a_year_is_added_by_its_days_and_one_row(engine, reference):
    append(reference / DAYS, "2027-01-01,nghi_le,Tết Dương lịch,Bộ luật Lao động 2019 Điều 112,1")
    assert sync_calendar(engine) == [2024, 2025, 2026]
    append(reference / YEARS, "2027,")
    assert sync_calendar(engine) == [2024, 2025, 2026, 2027]
    with engine.connect() as connection:
        due = connection.scalar(sa.text("SELECT core.cong_ngay_lam_viec('2026-12-31 08:00', 1)"))
    assert due == datetime(2027, 1, 4, 8)


def test_the_same_files_again_change_nothing_and_a_corrected_day_moves_all_later_ones(engine, reference):
    def content() -> tuple:
        with engine.connect() as connection:
            return tuple(
                tuple(connection.execute(sa.text(f"SELECT xmin::text, * FROM {table} ORDER BY 2")).all())
                for table in ("core.lich", "core.buoi_lam_viec")
            )

    def due() -> datetime:
        with engine.connect() as connection:
            return connection.scalar(sa.text("SELECT core.cong_gio_lam_viec('2026-08-21 09:00', 16)"))

    sync_calendar(engine)
    first = content()
    sync_calendar(engine)
    assert content() == first
    # Friday, the Saturday at work, Monday: without that Saturday a day later.
    assert due() == datetime(2026, 8, 24, 9)
    path = reference / DAYS
    kept = [line for line in path.read_text(encoding="utf-8").splitlines() if "2026-08-22" not in line]
    path.write_text("\n".join(kept), encoding="utf-8")
    sync_calendar(engine)
    assert due() == datetime(2026, 8, 25, 9)


@pytest.mark.parametrize(
    ("file", "row", "said"),
    [
        (DAYS, "31/12/2026,nghi_le,x,y,1", "column ngay"),
        (DAYS, "2026-12-30,nghi,x,y,1", "column loai"),
        (DAYS, "2026-12-30,nghi_le,x,,1", "column nguon"),
        (DAYS, "2026-12-30,nghi_le,x,y,chưa", "column da_kiem_chung"),
        (DAYS, "2026-12-26,nghi_le,x,y,1", r"column loai: .*2026-12-26 is a Saturday: expected lam_bu"),
        (DAYS, "2026-12-30,lam_bu,x,y,1", r"column loai: .*2026-12-30 is a Wednesday: expected a day off"),
        (DAYS, "2026-11-24,nghi_le,x,y,1", r"column ngay: 2026-11-24 stands in line \d+ already"),
        (YEARS, "2026,", r"column nam: 2026 stands in line \d+ already"),
        (YEARS, "hai nghìn,", "column nam"),
        (HOURS, "toi,18:00,17:30", "column den: .*it ends at 17:30:00"),
        (HOURS, "trua,11:00,12:00", "column tu: trua begins at 11:00:00, before sang is over at 11:30:00"),
    ],
)
def test_a_wrong_row_is_named_by_file_line_and_column_and_nothing_changes(engine, reference, file, row, said):
    sync_calendar(engine)
    line = append(reference / file, row)
    with pytest.raises(BadDefinition, match=rf"{file}, line {line}, {said}"):
        sync_calendar(engine)
    assert check_calendar(engine, date(2026, 11, 30)) == [2024, 2025, 2026]


def test_years_without_a_gap(engine, reference):
    append(reference / YEARS, "2028,")
    with pytest.raises(BadDefinition, match=rf"{YEARS}, column nam: 2027 missing between 2024 and 2028"):
        sync_calendar(engine)


def test_no_year_at_all(engine, reference):
    (reference / YEARS).write_text("nam,ghi_chu\n", encoding="utf-8")
    with pytest.raises(BadDefinition, match=rf"{YEARS}: no year"):
        sync_calendar(engine)


def test_office_hours_that_are_no_eight_hours(engine, reference):
    (reference / HOURS).write_text("buoi,tu,den\nsang,07:30,11:30\nchieu,13:30,17:00\n", encoding="utf-8")
    with pytest.raises(BadDefinition, match=rf"{HOURS}: the sessions add up to 7:30:00, expected 8:00:00"):
        sync_calendar(engine)


def test_other_office_hours_are_taken_from_the_file(engine, reference):
    (reference / HOURS).write_text("buoi,tu,den\nchieu,13:00,17:00\nsang,07:30,11:30\n", encoding="utf-8")
    sync_calendar(engine)
    with engine.connect() as connection:
        due = connection.scalar(sa.text("SELECT core.cong_gio_lam_viec('2025-03-05 11:00', 1)"))
    assert due == datetime(2025, 3, 5, 13, 30)


# Next year ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "today", [date(2024, 12, 1), date(2025, 12, 31), date(2026, 1, 1), date(2026, 11, 30)]
)
def test_calendar_is_complete(calendar, today):
    assert check_calendar(calendar, today) == [2024, 2025, 2026]


@pytest.mark.parametrize("today", [date(2026, 12, 1), date(2026, 12, 31)])
def test_from_1_december_on_next_year_must_be_declared(calendar, today):
    with pytest.raises(CchcError) as error:
        check_calendar(calendar, today)
    for part in ("lacks the year 2027", "since 2026-12-01", str(today), "2024, 2025, 2026", DAYS, YEARS):
        assert part in str(error.value)


def test_next_year_declared_in_december(engine, reference):
    append(reference / YEARS, "2027,")
    sync_calendar(engine)
    assert check_calendar(engine, date(2026, 12, 1)) == [2024, 2025, 2026, 2027]


def test_a_year_that_has_begun_undeclared_is_still_missing(calendar):
    with pytest.raises(CchcError, match="lacks the year 2027, needed since 2026-12-01"):
        check_calendar(calendar, date(2027, 2, 1))


def test_an_empty_calendar_is_no_calendar(engine):
    with pytest.raises(CchcError, match=r"lacks the year 2025, .*it holds no year"):
        check_calendar(engine, date(2025, 6, 1))
    with engine.connect() as connection, pytest.raises(sa.exc.DBAPIError, match="it holds no day"):
        connection.execute(sa.text("SELECT core.cong_gio_lam_viec('2025-06-02 08:00', 1)"))
