"""Periods of account: names of months, and what is no month."""

from datetime import date, datetime

import pytest

from cchc.errors import CchcError
from cchc.loading import last_day
from cchc.periods import Month, first_period, month_of, months_between, parse_month


def test_month_knows_its_days():
    assert (Month(2025, 2).start, Month(2025, 2).end) == (date(2025, 2, 1), date(2025, 2, 28))
    assert (Month(2024, 2).end, Month(2025, 12).end) == (date(2024, 2, 29), date(2025, 12, 31))
    assert (Month(2025, 3).ky, Month(2025, 12).ky, Month(2025, 3).year_start) == (
        *("2025-03", "2025-12"),
        date(2025, 1, 1),
    )


def test_months_follow_each_other_over_the_new_year():
    assert Month(2025, 12).next == Month(2026, 1)
    assert Month(2025, 1).next == Month(2025, 2)
    assert Month(2025, 12) < Month(2026, 1)
    assert month_of(date(2025, 12, 31)) == Month(2025, 12)


def test_year_to_date_begins_in_january():
    assert [month.ky for month in Month(2025, 3).year_to_date()] == ["2025-01", "2025-02", "2025-03"]
    assert Month(2025, 1).year_to_date() == [Month(2025, 1)]


def test_months_between_two_days_include_both():
    assert months_between(date(2025, 11, 30), date(2026, 1, 1)) == ["2025-11", "2025-12", "2026-01"]
    assert months_between(date(2025, 3, 1), date(2025, 3, 31)) == ["2025-03"]
    assert months_between(date(2025, 3, 31), date(2025, 2, 28)) == []


def test_month_is_read_from_its_name():
    assert parse_month("2025-03") == Month(2025, 3)
    assert parse_month(" 2025-12 ") == Month(2025, 12)


@pytest.mark.parametrize(
    "ky", ["", "2025", "2025-3", "2025-13", "2025-00", "03/2025", "2025-03-01", "2025-Q1", None]
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
    with pytest.raises(CchcError, match="tháng 7"):
        first_period()


def test_data_up_to_midnight_speak_of_the_day_before():
    for until, day in (
        ("2025-07-01", date(2025, 6, 30)),
        ("2025-07-01 00:00:01", date(2025, 7, 1)),
        ("2025-06-30 17:30", date(2025, 6, 30)),
    ):
        assert last_day(datetime.fromisoformat(until)) == day
