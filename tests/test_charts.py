"""What charts show of figures: gaps are gaps, months have their names, long bars have room."""

from decimal import Decimal
from types import SimpleNamespace

import pytest

from cchc.charts import as_words, scoreboard, sparkline, trend
from cchc.pages.indicator import with_bars


def row(ky: str, value: str | None = None, target: str | None = None) -> SimpleNamespace:
    values = (None if given is None else Decimal(given) for given in (value, target))
    return SimpleNamespace(ky=ky, **dict(zip(("gia_tri", "muc_tieu"), values, strict=True)))


def points(spec: dict) -> list[tuple]:
    return [(point["ky"], point["gia_tri"]) for point in spec["data"]["values"]]


def test_a_month_without_a_row_is_a_gap():
    found = points(trend([row("2024-11", "1"), row("2025-02", "2")], "x", "%"))
    assert found == [("11/2024", 1.0), ("12/2024", None), ("01/2025", None), ("02/2025", 2.0)]


def test_periods_of_other_lengths_and_none_at_all_are_drawn_as_they_are():
    assert points(trend([row("2024-Q4", "1"), row("2025-Q2", "2")], "x", "%")) == [
        ("Quý 4/2024", 1.0),
        ("Quý 2/2025", 2.0),
    ]
    assert points(trend([], "x", "%")) == []


def test_months_stand_in_the_order_of_time():
    """Of their names 01/2025 would come before 11/2024."""
    spec = trend([row("2024-11", "1"), row("2025-01", "2")], "x", "%")
    assert [layer["encoding"]["x"]["sort"] for layer in spec["layer"]] == [None]


def test_a_line_breaks_where_a_value_is_missing():
    stretches = sparkline([Decimal(1), Decimal(2), None, Decimal(1), Decimal(3)])
    assert [len(stretch.split(" ")) for stretch in stretches] == [2, 2]


def test_a_trend_is_told_in_words():
    assert as_words([row("2025-02", "62.5"), row("2025-03")], "ty_le") == "02/2025: 62,50 %; 03/2025: –"


@pytest.mark.parametrize(("value", "domain"), [("62.5", (0, 135)), ("400", (0, 540)), ("-20", (-27, 135))])
def test_the_longest_bar_leaves_room_for_its_words(value, domain):
    bar = SimpleNamespace(
        ma_chi_so="T9", ten="x", loai="ty_le", gia_tri=Decimal(value), muc_tieu=Decimal(60), dat=True
    )
    spec = scoreboard([bar], "x", in_words=True)
    scale = spec["layer"][0]["encoding"]["x"]["scale"]
    assert (scale["domainMin"], scale["domainMax"]) == pytest.approx(domain)


def test_bars_of_a_table_are_never_shorter_than_nothing_and_never_unseen():
    rows = [SimpleNamespace(gia_tri=v and Decimal(v)) for v in ("200", "100", "0.04", "0", "-5", None)]
    assert [width for _, width in with_bars(rows)] == [100, 50, Decimal("0.5"), 0, 0, 0]


def test_what_is_drawn_is_not_read_out():
    for spec in (trend([row("2025-03", "1")], "x", "%"), scoreboard([], "x", in_words=True)):
        assert spec["config"]["aria"] is False
