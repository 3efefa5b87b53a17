"""Which columns of a dimension the figures are made from, as the SQL that counts them says."""

import re
from functools import cache

from cchc.repository import SQL, sql_file, without_comments

COUNTING = ("indicators/facts", "mart")
NAMED = re.compile(r"\b(?:core|mart)\.\w+")


def figure_columns(table: str, columns: list[str]) -> list[str]:
    """Those of `columns` that a scan, a report, or a function or view that these ask, reads of `table`.

    A word counts as the column of its name when the same SQL names the table: rather one too many, which
    costs a month counted again, than one too few, which leaves a figure as it was.
    """
    words = {
        word
        for text in _counting()
        if re.search(rf"\b{re.escape(table)}\b", text)
        for word in re.findall(r"\w+", text)
    }
    return [name for name in columns if name in words]


@cache
def _counting() -> tuple[str, ...]:
    """The SQL that counts, with that of every function and view that it asks; without comments."""
    waiting = [
        f"{folder}/{path.name}" for folder in COUNTING for path in sorted((SQL / folder).glob("*.sql"))
    ]
    texts: dict[str, str] = {}
    while waiting:
        relative = waiting.pop()
        if relative in texts:
            continue
        texts[relative] = without_comments(sql_file(relative))
        waiting += [
            f"{kind}/{name}.sql"
            for name in NAMED.findall(texts[relative])
            for kind in ("functions", "views")
            if (SQL / kind / f"{name}.sql").exists()
        ]
    return tuple(texts.values())
