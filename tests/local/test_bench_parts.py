"""What `make bench` says of its goals, and the file of ten times the dossiers."""

import csv
from pathlib import Path

import pytest

from tools.bench import pipeline
from tools.bench.targets import Target


@pytest.mark.parametrize(
    ("target", "verdict"),
    [
        (Target("", 1.5, 1.5), "reached"),
        (Target("", 1.5, 1.51), "not reached"),
        (Target("", 5, 5.0, at_least=True), "reached"),
        (Target("", 5, 4.9, at_least=True), "not reached"),
        (Target("", 0, 3), "not reached"),
        (Target("", 1.5, None), "not measured"),
    ],
)
def test_a_goal_is_reached_at_its_limit_and_never_without_a_measurement(target, verdict):
    assert target.verdict == verdict


def test_ten_times_the_dossiers_differ_in_the_year_of_their_codes_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(pipeline, "HOME", tmp_path)
    one = tmp_path / "one.csv"
    lines = ['"000.00.11.H59-250101-0001","a, -25",4', '"000.13.58.H59-251231-0002","b\n25-",', '"","c",1']
    one.write_text("\n".join(['"ma_ho_so","ten","so"', *lines, ""]), encoding="utf-8")
    with Path(pipeline.tenfold(str(one))["csv"]).open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    codes = [f"000.00.11.H59-{year}0101-0001" for year in range(16, 26)]
    assert rows[0] == ["ma_ho_so", "ten", "so"] and len(rows) == 31
    assert [row for row in rows if row[0] in codes] == [[code, "a, -25", "4"] for code in codes]
    assert len({row[0] for row in rows[1:] if row[0]}) == 20
    assert sum(row == ["", "c", "1"] for row in rows) == 10
