"""Periods of account: names of months, and what is no month."""

from datetime import date, datetime, timedelta

import pytest

from cchc.errors import CchcError
from cchc.known_until import last_day
from cchc.periods import (
    Month,
    first_period,
    month_of,
    months_between,
    parse_month,
    parse_period,
    periods_of,
)

DAY = timedelta(days=1)


def test_month_knows_its_days():
    assert (Month(2025, 2).start, Month(2025, 2).end) == (date(2025, 2, 1), date(2025, 2, 28))
    assert (Month(2024, 2).end, Month(2025, 12).end) == (date(2024, 2, 29), date(2025, 12, 31))
    assert (Month(2025, 3).ky, Month(2025, 12).ky) == ("2025-03", "2025-12")


def test_months_follow_each_other_over_the_new_year():
    assert Month(2025, 12).next == Month(2026, 1)
    assert Month(2025, 1).next == Month(2025, 2)
    assert Month(2025, 12) < Month(2026, 1)
    assert month_of(date(2025, 12, 31)) == Month(2025, 12)


def test_months_before_and_after_over_the_new_year():
    assert (Month(2025, 1).plus(-1), Month(2025, 11).plus(3)) == (Month(2024, 12), Month(2026, 2))


# The calendar's periods, and the report regime's as NĐ 09/2019/NĐ-CP words them: a quarter from the 15th of
# the month before it to the 14th of its last month, six months 15/12 to 14/6, nine 15/12 to 14/9, a year
# 15/12 to 14/12.
DAYS = {
    ("thang", "2025-02"): ("2025-02-01", "2025-02-28"),
    ("luy_ke", "2025-02"): ("2025-01-01", "2025-02-28"),
    ("quy", "2025-Q2"): ("2025-04-01", "2025-06-30"),
    ("nua_nam", "2025-H2"): ("2025-07-01", "2025-12-31"),
    ("nam", "2025"): ("2025-01-01", "2025-12-31"),
    ("ky_bao_cao", "2025-01"): ("2024-12-15", "2025-01-14"),
    ("ky_bao_cao", "2025-03"): ("2025-02-15", "2025-03-14"),
    ("ky_bao_cao", "2025-Q2"): ("2025-03-15", "2025-06-14"),
    ("ky_bao_cao", "2025-H1"): ("2024-12-15", "2025-06-14"),
    ("ky_bao_cao", "2025-9T"): ("2024-12-15", "2025-09-14"),
    ("ky_bao_cao", "2025"): ("2024-12-15", "2025-12-14"),
}


@pytest.mark.parametrize("name", DAYS, ids="-".join)
def test_period_of_each_kind_has_its_days(name):
    period = parse_period(*name)
    assert (period.start.isoformat(), period.end.isoformat()) == DAYS[name]


def test_month_belongs_to_every_period_that_holds_a_part_of_it():
    assert {(p.ky_loai, p.ky) for p in periods_of(Month(2025, 12))} == {
        *(("thang", "2025-12"), ("luy_ke", "2025-12"), ("quy", "2025-Q4"), ("nua_nam", "2025-H2")),
        ("nam", "2025"),
        # Until the 14th …
        *(("ky_bao_cao", "2025-12"), ("ky_bao_cao", "2025-Q4"), ("ky_bao_cao", "2025")),
        # … and from the 15th.
        *(("ky_bao_cao", ky) for ky in ("2026-01", "2026-Q1", "2026-H1", "2026-9T", "2026")),
    }


def test_periods_are_made_of_whole_half_months():
    for month in (Month(2024, 2), Month(2025, 12)):
        halves = month.half_months()
        assert halves[0][0] == month.start
        assert halves[0][1].day == 14
        assert halves[1][0].day == 15
        assert halves[1][1] == month.end
    of_2025 = {p for number in range(1, 13) for p in periods_of(Month(2025, number))}
    assert len(of_2025) == 12 * 2 + 4 + 2 + 1 + 13 + 7 + 4
    assert all(
        p.start.day in (1, 15) and (p.end.day == 14 or p.end.month != (p.end + DAY).month) for p in of_2025
    )


@pytest.mark.parametrize(
    "name", [("thang", "2025-Q1"), ("tuan", "2025-01"), ("quy", "2025-Q5"), ("nam", "x")]
)
def test_what_is_no_period_is_refused_with_examples(name):
    with pytest.raises(CchcError, match="quy with 2025-Q1"):
        parse_period(*name)


def test_months_between_two_days_include_both():
    assert months_between(date(2025, 11, 30), date(2026, 1, 1)) == ["2025-11", "2025-12", "2026-01"]
    assert months_between(date(2025, 3, 1), date(2025, 3, 31)) == ["2025-03"]
    assert months_between(date(2025, 3, 31), date(2025, 2, 28)) == []


def test_month_is_read_from_its_name():
    assert parse_month("2025-03") == Month(2025, 3)
    assert parse_month(" 2025-12 ") == Month(2025, 12)


@pytest.mark.parametrize(
    "ky",
    [
        "",
        "2025",
        "2025-3",
        "2025-13",
        "2025-00",
        "0000-01",
        "0001-01",
        "9999-12",
        "03/2025",
        "2025-03-01",
        "2025-Q1",
        None,
    ],
)
def test_what_is_no_month_is_refused_with_an_example(ky):
    with pytest.raises(CchcError, match="expected YYYY-MM, for example 2025-03"):
        parse_month(ky)


def test_first_period_is_january_2025_unless_set(monkeypatch):
    monkeypatch.delenv("CCHC_KY_DAU", raising=False)
    assert first_period() == Month(2025, 1)
    monkeypatch.setenv("CCHC_KY_DAU", "2024-07")
    assert first_period() == Month(2024, 7)
    monkeypatch.setenv("CCHC_KY_DAU", "tháng 7")
    with pytest.raises(CchcError, match="CCHC_KY_DAU='tháng 7' is no month"):
        first_period()


def test_data_up_to_midnight_speak_of_the_day_before():
    for until, day in (
        ("2025-07-01", date(2025, 6, 30)),
        ("2025-07-01 00:00:01", date(2025, 7, 1)),
        ("2025-06-30 17:30", date(2025, 6, 30)),
    ):
        assert last_day(datetime.fromisoformat(until)) == day
