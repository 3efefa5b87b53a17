"""Writes docs/schema.md from a migrated warehouse; with --check only says whether it is up to date.

Starts the embedded PostgreSQL in a temporary folder and migrates it, about 5 s.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from cchc.database_objects import FILES
from tools.local.postgres import BI_ROLE, EmbeddedPostgres
from tools.markdown import table, write_or_check

REPO = Path(__file__).resolve().parents[1]

PAGE = REPO / "docs" / "schema.md"
SCHEMAS = ("mart", "core", "ops")  # in the order in which they are asked about
INTRODUCTION = f"""\
# Schema

Written by `make docs` from a warehouse that was migrated for it; a test fails when it is stale. Do not edit
it by hand. Comments are those that stand in the database. Tables come from `sql/migrations/`, a view from
`sql/views/<schema>.<name>.sql`, a function from `sql/functions/<schema>.<name>.sql`; the view
`mart.chi_so_ngang` is made from `sql/indicators/`.

*Who may read*: roles that are granted it; what they may do besides, and whose rows they see, is in
`docs/security.md`. `{BI_ROLE}` is the group of the logins of BI tools. The owner reads and writes everything.

`staging` is not described: it holds a table of text for each batch until the batch is loaded."""

RELATIONS = """
SELECT
    c.oid,
    n.nspname AS schema,
    c.relname AS name,
    c.relkind = 'v' AS is_view,
    obj_description(c.oid, 'pg_class') AS comment,
    pg_get_partkeydef(c.oid) AS partitioned_by,
    (SELECT i.inhparent::regclass::text FROM pg_inherits AS i WHERE i.inhrelid = c.oid) AS partition_of,
    coalesce('security_invoker=on' = ANY(c.reloptions), FALSE) AS invoker,
    ARRAY(
        SELECT DISTINCT coalesce(r.rolname, 'everybody')
        FROM aclexplode(c.relacl) AS a LEFT JOIN pg_roles AS r ON a.grantee = r.oid
        WHERE a.privilege_type = 'SELECT' AND a.grantee <> c.relowner
        ORDER BY 1
    ) AS readers
FROM pg_class AS c INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
WHERE c.relkind IN ('r', 'p', 'v') AND n.nspname = ANY(:schemas)
ORDER BY n.nspname, c.relname
"""
COLUMNS = """
SELECT
    a.attrelid,
    a.attname AS name,
    format_type(a.atttypid, a.atttypmod) AS type,
    a.attnotnull AS required,
    a.attgenerated <> '' AS generated,
    a.attidentity <> '' AS numbered,
    pg_get_expr(d.adbin, d.adrelid) AS expression,
    col_description(a.attrelid, a.attnum) AS comment
FROM pg_attribute AS a LEFT JOIN pg_attrdef AS d ON a.attrelid = d.adrelid AND a.attnum = d.adnum
WHERE a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attrelid, a.attnum
"""
KEYS = """
SELECT
    conrelid,
    contype::text AS kind,
    conname AS name,
    regexp_replace(pg_get_constraintdef(oid), '^(PRIMARY KEY|UNIQUE|FOREIGN KEY|CHECK) ', '') AS definition
FROM pg_constraint
WHERE contype IN ('p', 'u', 'f', 'c')
UNION ALL
SELECT
    i.indrelid,
    CASE WHEN i.indisunique THEN 'ui' ELSE 'i' END,
    c.relname,
    regexp_replace(pg_get_indexdef(i.indexrelid), '^CREATE .* USING btree ', '')
FROM pg_index AS i INNER JOIN pg_class AS c ON i.indexrelid = c.oid
WHERE NOT EXISTS (SELECT FROM pg_constraint AS k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u'))
ORDER BY 1, 3
"""
FUNCTIONS = """
SELECT
    format('%s(%s)', o.name, pg_get_function_arguments(p.oid)) AS signature,
    CASE p.prokind WHEN 'a' THEN 'aggregate' ELSE pg_get_function_result(p.oid) END AS result,
    p.prosecdef AS as_owner,
    obj_description(p.oid, 'pg_proc') AS comment
FROM pg_proc AS p INNER JOIN ops.database_object AS o
    ON o.kind = 'function' AND o.name = p.pronamespace::regnamespace || '.' || p.proname
WHERE o.source = :files
ORDER BY 1
"""
KINDS = {
    "p": "primary key",
    "u": "unique",
    "ui": "unique index",
    "f": "foreign key",
    "c": "check",
    "i": "index",
}


@contextmanager
def migrated_warehouse() -> Iterator[sa.Engine]:
    """A warehouse without data, in a server that ends with it."""
    with (
        tempfile.TemporaryDirectory(prefix="cchc-schema-") as home,
        EmbeddedPostgres(Path(home)) as server,
    ):
        dsn = server.dsn("cchc", driver="psycopg2")
        subprocess.run(
            [sys.executable, "-m", "alembic", "upgrade", "head"],
            check=True,
            cwd=REPO,
            env=os.environ | {"CCHC_WAREHOUSE_DSN": dsn},
        )
        yield sa.create_engine(dsn, poolclass=sa.pool.NullPool)


def render(engine: sa.Engine) -> str:
    """The page in Markdown, of the warehouse that the engine leads to."""
    with engine.connect() as connection:
        # With an empty path every name in a definition has its schema.
        connection.exec_driver_sql("SET search_path = pg_catalog, pg_temp")
        binds = {"schemas": list(SCHEMAS)}
        relations = connection.execute(sa.text(RELATIONS), binds).all()
        columns = connection.execute(sa.text(COLUMNS)).all()
        keys = connection.execute(sa.text(KEYS)).all()
        functions = connection.execute(sa.text(FUNCTIONS), {"files": FILES}).all()
        about = dict(
            connection.execute(
                sa.text(
                    "SELECT nspname, obj_description(oid, 'pg_namespace') FROM pg_namespace "
                    "WHERE nspname = ANY(:schemas)"
                ),
                binds,
            ).all()
        )
    parts = [INTRODUCTION]
    for schema in SCHEMAS:
        inside = [r for r in relations if r.schema == schema]
        overview = [
            (_link(r), "view" if r.is_view else "table", _words(r.comment), _readers(r)) for r in inside
        ]
        parts += [
            f"## {schema}",
            about[schema],
            table(("Name", "Kind", "A row is", "Who may read"), overview),
        ]
        for r in inside:
            own = [k for k in keys if k.conrelid == r.oid]
            parts += _relation(r, [c for c in columns if c.attrelid == r.oid], own)
    rows = [
        (f"`{f.signature}`", f"`{f.result}`", "owner" if f.as_owner else "caller", _words(f.comment))
        for f in functions
    ]
    parts += [
        "## Functions",
        "`tinh_chi_so` and the functions of the forms are not here: they are made from `sql/indicators/` "
        "when figures are refreshed. `mart.tinh_…` is for BI, see `docs/indicators.md`.",
        table(("Function", "Returns", "Rights of", "What it does"), rows),
    ]
    return "\n\n".join(parts) + "\n"


def _relation(r: sa.Row, columns: list[sa.Row], keys: list[sa.Row]) -> list[str]:
    notes = [f"*{_words(r.comment)}*", f"Who may read: {_readers(r)}."]
    if r.invoker:
        notes.append("Reads what it is made of with the rights of whoever asks (`security_invoker`).")
    if r.partitioned_by:
        notes.append(f"Partitioned by `{r.partitioned_by}`.")
    if r.partition_of:
        # A partition has its table's columns and keys.
        return [f"### {r.schema}.{r.name}", " ".join([*notes, f"A partition of `{r.partition_of}`."])]
    rows = [(f"`{c.name}`", f"`{c.type}`", *_filled(c, r.is_view), _words(c.comment)) for c in columns]
    head = ("Column", "Type", "Filled", "Nội dung") if not r.is_view else ("Column", "Type", "Nội dung")
    order = list(KINDS)
    lines = [
        f"- {KINDS[k.kind]} `{k.name}`: `{' '.join(k.definition.split())}`"
        for k in sorted(keys, key=lambda k: (order.index(k.kind), k.name))
    ]
    parts = [f"### {r.schema}.{r.name}", " ".join(notes), table(head, rows)]
    return [*parts, "\n".join(lines)] if lines else parts


def _filled(column: sa.Row, of_view: bool) -> tuple[str, ...]:
    """Whether a column may be empty and what fills it; of a view's columns nothing of the kind is known."""
    if of_view:
        return ()
    if column.generated:
        return (f"computed: `{' '.join(column.expression.split())}`",)
    words = ["always" if column.required else "may be NULL"]
    if column.numbered:
        words.append("numbered")
    elif column.expression:
        words.append(f"default `{column.expression}`")
    return (", ".join(words),)


def _words(comment: str | None) -> str:
    """A comment on one line, in which TONG:<cap> is not taken for a tag."""
    return " ".join((comment or "").replace("<", "&lt;").split())


def _readers(r: sa.Row) -> str:
    return ", ".join(f"`{reader}`" for reader in r.readers) or "owner only"


def _link(r: sa.Row) -> str:
    return f"[`{r.schema}.{r.name}`](#{r.schema}{r.name})"


def main(arguments: list[str]) -> int:
    """Writes the page; with --check leaves it alone and returns 1 when it is not up to date."""
    parser = argparse.ArgumentParser(prog="python -m tools.schema_docs", description=__doc__)
    parser.add_argument("--check", action="store_true", help="exit with 1 when the page is stale")
    options = parser.parse_args(arguments)
    with migrated_warehouse() as engine:
        page = render(engine)
    return write_or_check(PAGE, page, options.check)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
