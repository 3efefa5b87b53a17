"""Compares what was rebuilt with what was published: equal, other figures, or not to be rebuilt."""

import re
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa

from cchc.contracts import contract_of
from cchc.errors import CchcError
from cchc.figures.definitions import facts, indicators
from cchc.periods import parse_period
from cchc.publication.evidence import periods_of_entry
from cchc.publication.given import Given, load_table
from cchc.publication.ledger import Entry
from cchc.publication.replay import ACTS
from cchc.repository import sql_file
from cchc.warehouse import run_sql_file

PARTS = {
    "con_so": "figures",
    "bieu_06a": "rows of report II.06a",
    "dong": "rows behind figures",
    "dem": "counts with the hashes of their rows",
    "don_vi": "units that answer",
    "dinh_nghia": "definitions",
    "lo": "batches",
}
SHOWN = 5


@dataclass(frozen=True)
class Missing:
    """A landed file that could not be loaded: why, and the months that it changed."""

    batch_id: int
    dataset: str
    sha256: str
    why: str
    months: tuple[str, ...]

    @property
    def everything(self) -> bool:
        """Whether any figure may rest on it: units and procedures."""
        return contract_of(self.dataset).kind != "fact"

    def figures(self) -> list[str]:
        """The codes of the indicators that count its rows, or rows that belong to them; all for registers."""
        known = indicators().values()
        if self.everything:
            return [i.ma for i in known if i.cong_bo]
        rows = f"core.{self.dataset}"
        counted = {
            fact.fact
            for fact in facts().values()
            if fact.bo_du_lieu == self.dataset
            # Ratings are those of their dossiers.
            or re.search(rf"{rows}\b", fact.sql + sql_file(f"look_up/{fact.bo_du_lieu}.sql"))
        }
        found = [
            i.ma for i in known if i.cong_bo and {t.fact for t in (*i.tu_so, *i.mau_so, *i.can_co)} & counted
        ]
        # Scores are made of other figures.
        return found + [i.ma for i in known if i.cong_bo and i.loai == "diem"]

    def __str__(self) -> str:
        months = ", ".join(self.months) or "no month"
        figures = "all figures" if self.everything else f"figures {', '.join(self.figures()) or 'none'}"
        return (
            f"batch {self.batch_id} ({self.dataset}, SHA-256 {self.sha256[:16]}…): {self.why}; "
            f"on it rest {months}: {figures}"
        )


@dataclass(frozen=True)
class Line:
    """How one part of an entry came out."""

    state: Literal["equal", "differs", "cannot"]
    what: str

    def __str__(self) -> str:
        return f"{self.state:<8} {self.what}"


def compare(
    connection: sa.Connection, given: Given, written: dict[int, int | str], missing: list[Missing]
) -> list[Line]:
    """A line for each entry, period and part; `written`: an entry's number here, or why it has none."""
    load_table(connection, given.archive, "con_so")
    lines: list[Line] = []
    # What an entry that is not here should have published, by the month that it was about and its periods.
    not_here: dict[tuple[str, str], int] = {}
    for entry in given.entries:
        name = f"entry {entry.number} ({entry.kind} {entry.ky})"
        number = written.get(entry.number)
        hashes = given.hashes.get(entry.number, [])
        if entry.kind not in ACTS:
            if hashes:
                lines.append(Line("cannot", f"{name}: this code does not replay entries of its kind"))
        elif isinstance(number, int):
            lines += _entry(connection, given, entry, number, missing, not_here)
        else:
            not_here |= dict.fromkeys((("", entry.ky), *periods_of_entry(entry)), entry.number)
            # What the files that are gone would have made is not there to be published.
            because = f" ({len(missing)} landed files are missing)" if missing else ""
            lines.append(Line("cannot", f"{name}: {number}{because}"))
    return lines


def _entry(
    connection: sa.Connection,
    given: Given,
    entry: Entry,
    number: int,
    missing: list[Missing],
    not_here: dict[tuple[str, str], int],
) -> list[Line]:
    found = {
        (row.phan, row.ky_loai, row.ky): (row.so_dong, row.ma_bam)
        for row in run_sql_file(connection, "publication/canonical.sql", so=number)
    }
    said = {
        (h["phan"], h["ky_loai"], h["ky"]): (h["so_dong"], h["ma_bam"]) for h in given.hashes[entry.number]
    }
    lines = []
    for part, ky_loai, ky in sorted(said.keys() | found.keys(), key=lambda key: (key[1:], key[0])):
        then, now = said.get((part, ky_loai, ky), (0, "")), found.get((part, ky_loai, ky), (0, ""))
        where = " ".join(filter(None, (f"entry {entry.number} ({entry.kind} {entry.ky})", ky_loai, ky)))
        counted = f"{then[0]} {PARTS.get(part, part)}"
        if then == now:
            lines.append(Line("equal", f"{where}: {counted}"))
            continue
        if before := not_here.get((ky_loai, ky)):
            told = f"{where}: {counted}, which follow entry {before}, and that could not be rebuilt"
            lines.append(Line("cannot", told))
            continue
        gone = [m for m in missing if _rests(m, ky_loai, ky)]
        if part != "con_so" or entry.number not in given.shown:
            lines.append(
                Line("cannot", f"{where}: {counted}, of which some rest on {_batches(gone)}")
                if gone
                else Line("differs", f"{where}: {counted}, {now[0]} of another hash here")
            )
            continue
        lines += _figures(connection, entry, number, (ky_loai, ky), where, then[0], gone)
    return lines


def _figures(
    connection: sa.Connection,
    entry: Entry,
    number: int,
    period: tuple[str, str],
    where: str,
    count: int,
    gone: list[Missing],
) -> list[Line]:
    """Which figures of a period differ: those that rest on missing files, and others."""
    rows = run_sql_file(
        connection,
        "publication/figures_differ.sql",
        **{"cu": entry.number, "moi": number, "ky_loai": period[0], "ky": period[1]},
    ).all()
    resting = {ma for m in gone for ma in m.figures()}
    # How far the data of a period reach is said of all its figures.
    because = {row: row.ma_chi_so in resting or bool(gone and row.chi_khac_luc) for row in rows}
    cannot = [row.what for row in rows if because[row]]
    differs = [row.what for row in rows if not because[row]]
    lines = []
    if cannot:
        told = f"{where}: {len(cannot)} of {count} figures rest on {_batches(gone)}: {_some(cannot)}"
        lines.append(Line("cannot", told))
    if differs or not rows:
        lines.append(Line("differs", f"{where}: {len(differs)} of {count} figures: {_some(differs)}"))
    if rest := count - len(rows):
        lines.append(Line("equal", f"{where}: {rest} other figures"))
    return lines


def _rests(missing: Missing, ky_loai: str, ky: str) -> bool:
    """Whether a period, or what an entry has of no period, may be another without a file."""
    if missing.everything or not ky:
        return True
    try:
        months = {m.ky for m in parse_period(ky_loai or "thang", ky).months()}
    except CchcError:
        return True
    return bool(months & set(missing.months))


def _batches(missing: list[Missing]) -> str:
    return "missing batches " + ", ".join(str(m.batch_id) for m in missing)


def _some(what: list[Any]) -> str:
    more = f"; … {len(what) - SHOWN} more" if len(what) > SHOWN else ""
    return "; ".join(map(str, what[:SHOWN])) + more
