"""Text from data on a terminal and in a spreadsheet: it is shown, and neither obeyed nor computed."""

import csv
import io
import os
import stat
from pathlib import Path

import pandas as pd
import pytest
from rich.console import Console

from cchc.commands import app
from cchc.commands.report import print_batches
from cchc.commands.runs import Display
from cchc.commands.verify import Finding
from cchc.errors import BadFile
from cchc.shown import in_spreadsheet, in_table, on_terminal
from tests.world import World
from tools.local.scoreboard import print_scoreboard

# Clears the screen, sets the window's title, goes back over what was printed, turns the text round.
ESCAPES = "\x1b[2J\x1b]0;bẫy\x07\x9b2J\r\b\u202e"
MARKUP = "[/red] [bold]x[/] [link=http://a]b[/link] :bomb:"
HOSTILE = ESCAPES + MARKUP


def harmless(printed: str) -> bool:
    return not any(sign in printed for sign in ESCAPES if not sign.isprintable())


@pytest.mark.parametrize(
    "cell",
    ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1", "+84 90", "-", "--1"],
)
def test_text_that_a_spreadsheet_would_compute_is_text(cell):
    assert in_spreadsheet(cell) == f"'{cell}"


@pytest.mark.parametrize("sign", ["=1+1", "+1+1", "-1+1", "@SUM(1)", "＝1+1", "−1+1"])
@pytest.mark.parametrize(
    "before",
    [
        *(" ", "   ", "\u00a0", "\u3000", "\u2003", "\ufeff", "\u200b", "\u2060", "\u00ad", "\u202e"),
        *("\v", "\f", "\x00", "\x1c", "\x85", "\u2028", " \ufeff\u00a0"),
    ],
)
def test_what_is_not_seen_before_a_formula_does_not_hide_it(before, sign):
    assert in_spreadsheet(before + sign) == f"'{before}{sign}"


@pytest.mark.parametrize(
    "cell",
    [
        *("", "a=1", " x", "\u3000x", " 1", "\ufeffa+b", " -5", "1", "-5", "+5", "-1,5", "-1.5e-3"),
        *(-5, 1.5, None, "000.00.01.H59"),
    ],
)
def test_numbers_and_other_text_stay_as_they_are(cell):
    assert in_spreadsheet(cell) is cell


def test_what_a_terminal_would_obey_is_written_out():
    assert on_terminal("a\x1b[31mb\x07\r\n\tc\u202e") == "a\\x1b[31mb\\x07\\r\n\tc\\u202e"
    assert in_table("a\nb\tc") == "a\\nb\\tc"
    assert on_terminal("Sở Xây\u00a0dựng — “đủ” \udcff") == "Sở Xây\u00a0dựng — “đủ” \\udcff"
    assert str(BadFile(f"a{ESCAPES}.csv: no such file")).isprintable()


@pytest.mark.parametrize("terminal", [True, False])
def test_markup_and_escape_codes_in_names_and_headers_print_as_they_are(province: World, terminal):
    with province.engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO ops.batch (dataset, sha256, size_bytes, landed_path, original_name, origin, "
            "status, stop_reason, extra_columns) VALUES ('ho_so', repeat('a', 64), 1, '/x', %(n)s, 'file', "
            "'stopped', %(n)s, ARRAY[%(n)s])",
            {"n": HOSTILE},
        )
    console = Console(file=io.StringIO(), width=300, force_terminal=terminal, color_system=None)
    print_batches(province.engine, console=console)
    printed = console.file.getvalue()
    assert harmless(printed)
    # Of the name only its end is shown.
    assert printed.count("[/red] [bold]x[/] [link=http://a]b[/link] :bomb:") == 2
    assert "=http://a]b[/link] :bomb:" in printed


def test_what_is_waited_for_is_shown_as_it_is(monkeypatch):
    console = Console(file=io.StringIO(), width=300)
    Display(console).say(f"khai_bao {HOSTILE}", "land_form [[/red]]")
    assert MARKUP in console.file.getvalue()
    assert harmless(console.file.getvalue())
    console = Console(file=io.StringIO(), width=300, force_terminal=True, color_system=None)
    display = Display(console)
    with display.shown():
        display.say(HOSTILE, "land_form [[/red]]")
    # What the bar itself writes are moves of the cursor.
    assert "\\x1b[2J" in console.file.getvalue()
    assert "\x1b[2J" not in console.file.getvalue()


def test_a_finding_is_one_harmless_line():
    assert str(Finding("a", [HOSTILE, "b\nc"])).isprintable()


def test_a_name_of_an_indicator_is_no_markup():
    row = {"ky": "2025-03", "ma_chi_so": "T1", "ten": f"\x1b[2J{MARKUP}", "loai": "dem", "cap": "toan_tinh"}
    row |= {"ky_loai": "thang", "gia_tri": 1, "muc_tieu": None, "dat": None, "trang_thai": "tam_tinh"}
    rows = [type("Row", (), row)]

    class Connection:
        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def execute(self, *_):
            return type("Result", (), {"all": lambda _: rows})()

    console = Console(file=io.StringIO(), width=300)
    print_scoreboard(type("Engine", (), {"connect": lambda _: Connection()})(), ["2025-03"], console)
    assert "[/red] [bold]x" in console.file.getvalue()
    assert harmless(console.file.getvalue())


@pytest.fixture
def rows_of_a_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows behind a figure, with what a source or a unit may have written into them."""
    found = pd.DataFrame(
        {
            "ma_ho_so": ["=HYPERLINK(\"http://a\")", "H59-1", f"a{ESCAPES}"],
            "trich_yeu": ["a;=1+1", "+84 90", "-5"],
            "so_ngay": pd.array([-3, None, 2], dtype="Int64"),
            "gia_tri": [-1.5, 2.0, None],
            "luc": pd.to_datetime(["2025-03-05 00:00", None, "2025-03-06 08:00"]),
            "@cot": ["a", "b", "c"],
            "sha256": "x", "ten_don_vi": "@x", "original_name": "=a.csv",
        }
    )  # fmt: skip
    monkeypatch.setattr(app, "warehouse", lambda: None)
    monkeypatch.setattr(app.arguments, "answering_unit", lambda *_: None)
    monkeypatch.setattr(app, "rows_of_figure", lambda *_: (found, "revision 0"))


def test_rows_of_a_figure_are_neither_computed_nor_obeyed(rows_of_a_figure, capsys, tmp_path: Path):
    path = tmp_path / "rows.csv"
    assert app.main(["rows", "T9", "2025-03", "--csv", str(path)]) == 0
    assert harmless(printed := capsys.readouterr().out)
    assert "=HYPERLINK" in printed
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    header, *lines = csv.reader(io.StringIO(path.read_text(encoding="utf-8"), newline=""))
    assert header[:6] == ["ma_ho_so", "trich_yeu", "so_ngay", "gia_tri", "luc", "'@cot"]
    assert lines[0] == [
        "'=HYPERLINK(\"http://a\")", "a;=1+1", "-3", "-1.5", "2025-03-05 00:00:00", "a", "x", "'@x", "'=a.csv"
    ]  # fmt: skip
    assert lines[1][1:5] == ["'+84 90", "", "2.0", ""]
    assert lines[2][1] == "-5"
    # A spreadsheet that separates by semicolons finds no cell that begins inside of a text.
    assert '"a;=1+1"' in path.read_text(encoding="utf-8")
    # Numbers are numbers.
    assert ",-3,-1.5," in path.read_text(encoding="utf-8")
    assert os.access(path, os.R_OK)
