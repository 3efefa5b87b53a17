"""Looks for marked names, numbers and addresses wherever something of a file could have come to stand.

`leaks_in_databases` and `leaks_in_folders` take any DSNs and folders: the warehouse and Airflow's own
database of a running stack (its XComs, rendered fields, parameters of runs), its logs, whatever a run left.
"""

import os
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import unquote

import sqlalchemy as sa

# Nobody has this name, and no telephone, identity or address is of anybody: each is only in these tests.
NAME = "Nguyễn Thị Thử Nghiệm"
MARKS = {
    "name": NAME,
    "name of its own letters": "Nguyen Thi ThuNghiem",
    "telephone": "0912345678",
    "telephone with points": "0912.345.678",
    "telephone with blanks": "0912 345 678",
    "identity": "084199912345",
    "identity with blanks": "084 199 912 345",
    "old identity": "331999777",
    "mail": "thu.nghiem@example.vn",
    "name as a code": "NGUYEN-THI-THU-NGHIEM-1",
    "telephone with dashes": "0912\u2013345\u2013678",
    "telephone with wide blanks": "0912\u00a0 345\u00a0 678",
    "telephone in other figures": "\u0660\u0669\u0661\u0662\u0663\u0664\u0665\u0666\u0667\u0668",
    "telephone behind a month": "2025-03 0912 345 678",
}
# What of them may be found: with other signs between, without their first 0, in whatever case.
FOUND = re.compile(
    r"thu[ ._-]?nghiem|nguyen[ ._-]?thi[ ._-]|912[^0-9a-z]{0,3}345[^0-9a-z]{0,3}678|"
    r"84[^0-9a-z]{0,3}199[^0-9a-z]{0,3}912[^0-9a-z]{0,3}345|331[^0-9a-z]{0,3}999[^0-9a-z]{0,3}777|example\.vn",
    re.IGNORECASE,
)
# Letters as JSON, XML and addresses write them, also written twice over: a text within a text.
ESCAPED = re.compile(r"\\+u([0-9a-fA-F]{4})|&#(\d{1,7});|&#x([0-9a-fA-F]{1,6});")
IN_ADDRESSES = re.compile(r"(?:%(?:25)*[0-9a-fA-F]{2})+")
# Letters without their marks, figures of other scripts as ours.
LETTERS = [chr(number) for number in range(0x20000)]
PLAIN = str.maketrans(
    {one: None for one in LETTERS if unicodedata.combining(one)}
    | {one: str(unicodedata.digit(one)) for one in LETTERS if unicodedata.digit(one, None) is not None}
    | {"đ": "d", "Đ": "D"}
)
AROUND = 60
SYSTEM = ("pg_catalog", "information_schema", "pg_toast")


def leaks(text: str, where: str) -> list[str]:
    """What of the marks stands in a text, however its letters are written: where, and the words around it."""
    plain = _plain(text)
    return [
        f"{where}: …{plain[max(0, found.start() - AROUND) : found.end() + AROUND]}…"
        for found in FOUND.finditer(plain)
    ]


def _plain(text: str) -> str:
    """The text with its escapes resolved and without diacritics."""
    if "%" in text:
        text = IN_ADDRESSES.sub(lambda found: unquote(found[0].replace("%25", "%"), errors="replace"), text)
    if "\\u" in text or "&#" in text:
        text = ESCAPED.sub(_letter, text)
    if text.isascii():
        return text
    return unicodedata.normalize("NFD", text).translate(PLAIN)


def _letter(found: re.Match[str]) -> str:
    number = int(found[1] or found[3] or "0", 16) or int(found[2] or "0")
    return chr(number) if number < 0x110000 else found[0]


def leaks_of_a_stack(dsns: Iterable[str], folders: Iterable[Path], landing: Path) -> list[str]:
    """What of the marks a running stack has let out: its databases (the warehouse, Airflow's own with XComs,
    rendered fields and parameters of runs) and folders (logs, temporary files).

    Give it files of hiding_places.PLACES first, through the folders and DAGs of the stack.
    """
    return leaks_in_databases(dsns) + leaks_in_folders([*folders, landing], but=[landing])


def leaks_in_databases(dsns: Iterable[str | sa.Engine]) -> list[str]:
    """What of the marks stands in any row of any table or view, or in what PostgreSQL keeps of them."""
    found: list[str] = []
    for dsn in dsns:
        engine = sa.create_engine(dsn, poolclass=sa.pool.NullPool) if isinstance(dsn, str) else dsn
        with engine.connect() as connection:
            for name in _relations(connection):
                rows = connection.execute(sa.text(f"SELECT t::text FROM {name} AS t")).scalars()
                for row in rows:
                    found += leaks(row, name)
            # Its statistics hold values of columns.
            stats = "SELECT concat_ws(' ', tablename, most_common_vals, histogram_bounds) FROM pg_stats"
            where = " WHERE schemaname <> ALL(:system)"
            for row in connection.execute(sa.text(stats + where), {"system": list(SYSTEM)}).scalars():
                found += leaks(row, "pg_stats")
    return found


def _relations(connection: sa.Connection) -> list[str]:
    query = (
        "SELECT oid::regclass::text FROM pg_class WHERE relkind IN ('r', 'p', 'v', 'm') "
        "AND relnamespace::regnamespace::text <> ALL(:system) AND relnamespace::regnamespace::text !~ '^pg_' "
        "AND NOT relispartition ORDER BY 1"
    )
    return list(connection.scalars(sa.text(query), {"system": list(SYSTEM)}))


def leaks_in_folders(folders: Iterable[Path], but: Iterable[Path] = ()) -> list[str]:
    """What of the marks stands in any file, or in the name of one; `but`: folders that are left out.

    Of a landing area put it into both: then the names in it are looked at, what the files hold is not.
    """
    found: list[str] = []
    landing = [folder.resolve() for folder in but]
    for folder in folders:
        for parent, folder_names, names in os.walk(folder):
            for name in (*folder_names, *names):
                found += leaks(name, f"the name of a file in {parent}")
            if any(Path(parent).resolve().is_relative_to(left_out) for left_out in landing):
                continue
            for name in names:
                path = Path(parent, name)
                if path.is_file() and not path.is_symlink():
                    found += leaks(path.read_bytes().decode("utf-8", "replace"), str(path))
    return found
