"""Measures every table and view of mart as BI tools read it: `make bench-pages` does it beside the pages.

Each is asked for one unit or one level of one month, as far as it has these columns, with another unit and
another month each time; what has none of them is read as a whole. It is read as a BI tool's login, or as an
officer where those may not see it, up to the last row.
"""

import random
import statistics
import time
from collections.abc import Iterator

import sqlalchemy as sa
from rich.console import Console
from rich.table import Table

from cchc.database_roles import BI
from cchc.pages.viewer import Reading, reading_as
from cchc.warehouse import engine_of

GOAL_S, BOUND_S = 0.1, 1.0
TIMES = 20
# What takes so long is not asked for as often: a few calls tell that it is far from the goal.
ENOUGH_S, FEW = 10.0, 3
# Who is not known to the warehouse sees what BI tools see.
NOBODY = "bi"
RELATIONS = """
SELECT c.relname, array_agg(a.attname ORDER BY a.attnum), has_table_privilege(:bi, c.oid, 'SELECT')
FROM pg_class AS c
INNER JOIN pg_attribute AS a
    ON c.oid = a.attrelid AND a.attnum > 0 AND NOT a.attisdropped
    AND format_type(a.atttypid, NULL) NOT LIKE '%[]'
WHERE c.relnamespace = 'mart'::regnamespace AND c.relkind IN ('r', 'v')
GROUP BY c.oid, c.relname ORDER BY c.relname
"""
# Units of a month that have figures, and the levels.
ASKED = """
SELECT ky, ma_don_vi, cap FROM mart.chi_so
WHERE ky_loai = 'thang' AND ma_chi_so = 'tiep_nhan' ORDER BY ky, ma_don_vi
"""


def measure(dsn: str, steward: str) -> dict[str, list[float]]:
    """`relation, what was asked` → seconds of each call; the first, which fills caches, is not among them."""
    engine = engine_of(dsn)
    found: dict[str, list[float]] = {}
    with reading_as(engine, steward) as read:
        relations = read.connection.execute(sa.text(RELATIONS), {"bi": BI}).all()
        asked = [row._asdict() for row in read.connection.execute(sa.text(ASKED))]
    for name, columns, for_tools in relations:
        with reading_as(engine, NOBODY if for_tools else steward) as read:
            for what, where in _filters(columns):
                found[f"{name}{what}"] = _calls(read, f"SELECT * FROM mart.{name}{where}", asked)
    return found


def _calls(read: Reading, query: str, asked: list[dict]) -> list[float]:
    """Seconds of each call, for the same units and months whatever is read."""
    seconds: list[float] = []
    for values in random.Random(1).sample(asked, TIMES + 1):
        started = time.perf_counter()
        read.connection.execute(sa.text(query), values).fetchall()
        seconds.append(time.perf_counter() - started)
        if len(seconds) > FEW and sum(seconds) > ENOUGH_S:
            break
    return seconds[1:]


def _filters(columns: list[str]) -> Iterator[tuple[str, str]]:
    """What a relation with these columns is asked for: in words, and as a WHERE clause."""
    period = {"ky_loai": "ky_loai = 'thang'", "ky": "ky = :ky"}
    of_month = [condition for name, condition in period.items() if name in columns]
    whose = [f"{name} = :{name}" for name in ("ma_don_vi", "cap") if name in columns]
    for one in whose or [""]:
        parts = [part for part in (*of_month, one) if part]
        words = [part.split(" ")[0] for part in parts if not part.startswith("ky_loai")]
        yield "".join(f", {word}" for word in words), " WHERE " * bool(parts) + " AND ".join(parts)


def most_of(times: list[float]) -> float:
    """The 95th percentile of the seconds of calls."""
    return statistics.quantiles(times, n=20)[-1]


def report(console: Console, found: dict[str, list[float]]) -> list[str]:
    """Prints median and 95th percentile of each; returns those that take longer than they may."""
    table = Table(title="Tables and views of mart over five years of months", title_justify="left")
    table.add_column("Read for one …", overflow="fold")
    for name in ("median ms", "95 % ms", "goal"):
        table.add_column(name, justify="right")
    slow, reached = [], 0
    for what, times in found.items():
        middle, most = statistics.median(times), most_of(times)
        good = most <= GOAL_S
        reached += good
        table.add_row(
            what,
            f"{middle * 1000:.0f}",
            f"{most * 1000:.0f}",
            "reached" if good else "not reached",
            style=None if good else "red",
        )
        if middle > BOUND_S:
            slow.append(what)
    console.print(table)
    console.print(
        f"Goal: ≤ {GOAL_S * 1000:.0f} ms at the 95th percentile; {reached} of {len(found)} reached it."
    )
    return slow
