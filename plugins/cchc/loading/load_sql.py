"""Completes a dataset's load file: lists of columns come from the contract, shared parts are included.

sql/load/README.md says what a load file is given and what it returns.
"""

import re

import sqlalchemy as sa

from cchc.contracts import Contract
from cchc.errors import BadDefinition
from cchc.loading.figure_columns import figure_columns
from cchc.repository import sql_file

LIST = re.compile(
    r"^(?P<line>.*?) -- columns(?P<counted> of figures)? like (?P<example>\w+)"
    r"(?P<but>(?: but \w+(?:, \w+)*)?)$"
)
COMMENT = re.compile(r"--[^\n]*")
LENGTH = re.compile(r"\(\d+(?:,\d+)?\)")
# What a column of core may be, by the contract's type; a text that stands for a code may be a number.
HOLDS = {
    "text": ("text", "character varying", "character", "smallint", "integer", "bigint"),
    "int": ("smallint", "integer", "bigint", "numeric", "boolean"),
    "number": ("numeric", "double precision", "real"),
    "timestamp": ("timestamp without time zone", "timestamp with time zone", "date"),
    "json": ("jsonb", "json"),
}
# Where a range begins and ends, and where it came from, is compared or of no account.
OF_EVERY_RANGE = ("valid_from", "valid_to", "batch_id", "line_no")
INCLUDE = re.compile(r"^-- include (?P<file>[\w/]+\.sql)$", re.MULTILINE)


def load_sql(contract: Contract, core_types: dict[str, str]) -> str:
    """The load file of a dataset as PostgreSQL takes it.

    `core_types`: column → SQL type of core.<dataset>. A line that ends in `-- columns like <column>` is
    repeated for every column that the contract and the table have in common, the key aside, with that
    column's name and type in place of the example's; `but <column>, …` leaves out what the file writes by
    hand; `-- columns of figures like <column>` takes the columns that figures are made from. Raises
    BadDefinition when a column of both would be lost or cannot hold what the contract says.
    """
    _check_types(contract, core_types)
    where = f"load/{contract.dataset}.sql"
    text = INCLUDE.sub(lambda found: sql_file(f"load/{found['file']}"), sql_file(where))
    shared = [c.name for c in contract.staged if c.name in core_types and c.name not in contract.key]
    known = [name for name in core_types if name not in {*contract.key, *OF_EVERY_RANGE}]
    counted = figure_columns(f"core.{contract.dataset}", known)
    lines = []
    for line in text.splitlines():
        found = LIST.match(line)
        if found and not found["line"].strip():
            raise BadDefinition(
                f"sql/{where}, {line.strip()!r}: it stands on a line of its own and repeats nothing. Write "
                "it at the end of the line of the column that it names, in at most 120 characters."
            )
        if not found:
            lines.append(line)
            continue
        example, but = found["example"], re.findall(r"\w+", found["but"].removeprefix(" but"))
        listed = counted if found["counted"] else shared
        if unknown := {example, *but} - set(listed):
            kind = "that figures are made from" if found["counted"] else "in common with the contract"
            raise BadDefinition(
                f"sql/{where}, {line.strip()!r}: core.{contract.dataset} has no column "
                f"{', '.join(sorted(unknown))} {kind}. Expected some of {', '.join(listed)}."
            )
        lines += [
            _like(found["line"], example, core_types[example], name, core_types[name])
            for name in listed
            if name not in but
        ]
    completed = "\n".join(lines)
    written = _written(contract.dataset, completed)
    if lost := [name for name in shared if name not in written]:
        raise BadDefinition(
            f"sql/{where}: the contract and core.{contract.dataset} both have the column {', '.join(lost)}, "
            "which the file does not write. Name it in its lists of columns, and in its merge rule if it has "
            "one, or take it out of the contract."
        )
    return completed


def _check_types(contract: Contract, core_types: dict[str, str]) -> None:
    for column in contract.staged:
        held = LENGTH.sub("", core_types.get(column.name, ""))
        if held and held not in HOLDS[column.type]:
            raise BadDefinition(
                f"plugins/cchc/contracts/{contract.dataset}.yaml, column {column.name}: its type is "
                f"{column.type}, but core.{contract.dataset} holds it as {held}. Expected one of "
                f"{', '.join(HOLDS[column.type])}: correct the contract, or the table by a migration."
            )


def _written(dataset: str, text: str) -> set[str]:
    """The columns of core.<dataset> that SQL inserts, or all words where an INSERT lists none."""
    code = COMMENT.sub("", text)
    lists = re.findall(rf"\bINSERT\s+INTO\s+core\.{dataset}\b(?:\s+AS\s+\w+)?\s*\(([^)]*)\)", code)
    return set(re.findall(r"\w+", " ".join(lists) or code))


def _like(line: str, example: str, example_type: str, name: str, kind: str) -> str:
    """A line of the example's column as one of another column."""
    line = re.sub(rf"\b{example}\b", name, line).replace(f" AS {example_type})", f" AS {kind})")
    # 12.50 and 12.5 are one value and have one text.
    return re.sub(r"(CAST\(.* AS numeric\))", r"trim_scale(\1)", line)


def core_types(connection: sa.Connection, dataset: str) -> dict[str, str]:
    """Column → SQL type of core.<dataset>; generated columns are left out."""
    rows = connection.execute(
        sa.text(
            "SELECT attname, format_type(atttypid, atttypmod) AS kind FROM pg_attribute "
            "WHERE attrelid = to_regclass(:t) AND attnum > 0 AND NOT attisdropped AND attgenerated = '' "
            "ORDER BY attnum"
        ),
        {"t": f"core.{dataset}"},
    )
    return {row.attname: row.kind for row in rows}
