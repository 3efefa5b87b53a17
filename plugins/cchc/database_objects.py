"""Views and functions of the warehouse: each is made anew when the text that makes it has changed."""

import hashlib
import re
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import sqlalchemy as sa

from cchc.contracts import Contract, contract_of, datasets_of
from cchc.errors import CchcError
from cchc.warehouse import SQL

FOLDERS = {"view": SQL / "views", "function": SQL / "functions"}
FILES = "sql"
# Views over staged lines: a batch whose view is gone is staged again when it is next judged or loaded.
STAGING = "staging."
NOT_CODE = re.compile(r"'(?:[^']|'')*'|--[^\n]*")
NAME = re.compile(r"\b[a-z_]\w*\.[a-z_]\w*\b")
# Stands in a view that has a branch for each dataset, where those of the plain facts go.
OTHER_FACTS = "-- other facts: a branch each, made from their contracts\n"
BRANCH = re.compile(r"'(\w+)' AS dataset\b")

Key = tuple[str, str]


@dataclass(frozen=True)
class DatabaseObject:
    """A view or a function (also an aggregate, a trigger function) and the text that makes it.

    `kind` is 'view' or 'function', `name` has its schema. `ddl` makes it where it does not exist, with its
    comments, grants and, of a trigger function, its triggers.
    """

    kind: str
    name: str
    ddl: str

    @property
    def key(self) -> Key:
        return self.kind, self.name

    @property
    def md5(self) -> str:
        return hashlib.md5(self.ddl.encode(), usedforsecurity=False).hexdigest()


@dataclass
class Removed:
    """What was dropped to be made anew, and the administrator's grants on it: key → statements."""

    keys: set[Key] = field(default_factory=set)
    grants: dict[Key, list[str]] = field(default_factory=dict)


def run_script(connection: sa.Connection, sql: str) -> None:
    """Runs statements as they stand: a colon is no bind, a percent sign no placeholder."""
    connection.exec_driver_sql(sql.replace("%", "%%"))


def run_migration(connection: sa.Connection, migration: str, *names: str) -> None:
    """Runs the files beside a migration (its __file__) that begin with its number: 0001_<name>.sql.

    Without names: the file of the migration's own name.
    """
    file = Path(migration)
    number, _, own = file.stem.partition("_")
    for name in names or (own,):
        run_script(connection, file.with_name(f"{number}_{name}.sql").read_text(encoding="utf-8"))


def objects_in_files() -> list[DatabaseObject]:
    """Every view and function that has a file: sql/views/<schema>.<name>.sql, sql/functions/…"""
    return [
        DatabaseObject(kind, file.stem, with_other_facts(file.read_text(encoding="utf-8")))
        for kind, folder in FOLDERS.items()
        for file in sorted(folder.glob("*.sql"))
    ]


def with_other_facts(ddl: str) -> str:
    """The text of a view with a branch for every fact that it does not treat in a way of its own."""
    if OTHER_FACTS not in ddl:
        return ddl
    by_hand = set(BRANCH.findall(ddl))
    others = (contract_of(dataset) for dataset in datasets_of("fact") if dataset not in by_hand)
    return ddl.replace(OTHER_FACTS, "".join(f"UNION ALL\n{_newest_lines(fact)}" for fact in others))


def _newest_lines(fact: Contract) -> str:
    """Key, change time, batch and line of what core.<dataset> holds: the newest state of each."""
    parts = [name for name in fact.key if name != fact.changed_at]
    key = parts[0] if len(parts) == 1 else f"concat_ws(' ', {', '.join(parts)})"
    return (
        f"SELECT\n    '{fact.dataset}' AS dataset,\n    {key} AS khoa,\n    {fact.changed_at} AS thoi_diem,\n"
        f"    batch_id,\n    line_no\nFROM core.{fact.dataset}\n"
    )


def set_views_aside(connection: sa.Connection) -> Removed:
    """Drops views that have files, and those of staging: a column that a view reads cannot be changed."""
    removed = Removed()
    if connection.scalar(sa.text("SELECT to_regclass('ops.database_object')")):
        recorded = _recorded(connection)
        for key in sorted(_standing(connection)):
            kind, name = key
            if kind == "view" and (name.startswith(STAGING) or recorded.get(key, ("",))[0] == FILES):
                _drop(connection, key, recorded.keys(), removed)
    return removed


def sync_objects(connection: sa.Connection, removed: Removed | None = None) -> list[str]:
    """Brings the database in line with sql/views and sql/functions; returns the names of what it touched.

    `removed`: what set_views_aside has dropped in the same transaction.
    """
    return sync(connection, FILES, objects_in_files(), removed)


def sync(
    connection: sa.Connection,
    source: str,
    objects: Iterable[DatabaseObject],
    removed: Removed | None = None,
) -> list[str]:
    """Makes `objects` all that comes from `source`; returns the names of the views and functions it touched.

    What is new, changed or missing is made from its text, together with what depends on it, so that the
    database is the same by whatever way it came here; what has no text any more is dropped; all else stays
    untouched. Roles named cchc_* have the rights that the texts give them; grants to other roles, which an
    administrator has made, are kept. Works in the caller's transaction.
    """
    wanted = {o.key: o for o in objects}
    recorded = _recorded(connection)
    standing = _standing(connection)
    unchanged = {k for k, o in wanted.items() if k in standing and recorded.get(k) == (source, o.md5)}
    gone = [k for k, (origin, _) in recorded.items() if origin == source and k not in wanted]
    removed = removed or Removed()
    for key in [*(k for k in wanted if k not in unchanged), *gone]:
        _drop(connection, key, recorded.keys() | wanted.keys(), removed)
    made = [o for o in in_order(wanted.values()) if o.key not in unchanged or o.key in removed.keys]
    for o in made:
        run_script(connection, o.ddl)
        for grant in removed.grants.get(o.key, ()):
            run_script(connection, grant)
        connection.execute(
            sa.text(
                "INSERT INTO ops.database_object (kind, name, source, md5) "
                "VALUES (:kind, :name, :source, :md5) ON CONFLICT (kind, name) DO UPDATE "
                "SET source = EXCLUDED.source, md5 = EXCLUDED.md5, applied_at = EXCLUDED.applied_at"
            ),
            {"kind": o.kind, "name": o.name, "source": source, "md5": o.md5},
        )
    for kind, name in gone:
        connection.execute(
            sa.text("DELETE FROM ops.database_object WHERE kind = :kind AND name = :name"),
            {"kind": kind, "name": name},
        )
    return [o.name for o in made] + [name for _, name in gone]


def in_order(objects: Iterable[DatabaseObject]) -> Iterator[DatabaseObject]:
    """Each after those that its text names, apart from comments and literals."""
    objects = list(objects)
    by_key = {o.key: o for o in objects}
    names = {o.key: set(NAME.findall(NOT_CODE.sub("", o.ddl))) for o in objects}
    needs = {o.key: [p.key for p in objects if p.name in names[o.key] and p is not o] for o in objects}
    try:
        yield from (by_key[key] for key in TopologicalSorter(needs).static_order())
    except CycleError as error:
        circle = " → ".join(name for _, name in error.args[1])
        raise CchcError(
            f"Views or functions need each other, so none can be made first: {circle}. "
            "Take one of these names out of the other's file."
        ) from None


def _recorded(connection: sa.Connection) -> dict[Key, tuple[str, str]]:
    """Of each object once made from a text: where the text comes from and its md5."""
    rows = connection.execute(
        sa.text("SELECT kind, name, source, md5 FROM ops.database_object ORDER BY kind, name")
    )
    return {(row.kind, row.name): (row.source, row.md5) for row in rows}


def _standing(connection: sa.Connection) -> set[Key]:
    query = """
        SELECT 'view', relnamespace::regnamespace || '.' || relname FROM pg_class WHERE relkind = 'v'
        UNION
        SELECT 'function', pronamespace::regnamespace || '.' || proname FROM pg_proc
    """
    return {(kind, name) for kind, name in connection.execute(sa.text(query))}


def _drop(connection: sa.Connection, key: Key, known: Container[Key], removed: Removed) -> None:
    """Drops it after all that depends on it, and notes the grants that its text does not make."""
    if key in removed.keys:
        return
    kind, name = key
    for dependent in _dependents(connection, name):
        if dependent not in known and not dependent[1].startswith(STAGING):
            raise CchcError(
                f"The {kind} {name} has to be made anew, but {dependent[1]} uses it and has no file in sql/. "
                f"Drop {dependent[1]}, migrate again, and then make it again."
            )
        _drop(connection, dependent, known, removed)
    removed.keys.add(key)
    removed.grants[key] = list(connection.scalars(sa.text(GRANTS[kind]), {"name": name}))
    for statement in list(connection.scalars(sa.text(DROPS[kind]), {"name": name})):
        run_script(connection, statement)


def _dependents(connection: sa.Connection, name: str) -> list[Key]:
    """Views and functions that use it, or the type of its rows, directly."""
    return [(kind, used_by) for kind, used_by in connection.execute(sa.text(DEPENDENTS), {"name": name})]


DEPENDENTS = """
WITH own (classid, objid) AS (
    SELECT 'pg_class'::regclass, to_regclass(:name)::oid
    UNION ALL
    SELECT 'pg_type'::regclass, unnest(ARRAY[t.oid, t.typarray]) FROM pg_type AS t
    WHERE t.typrelid = to_regclass(:name)
    UNION ALL
    SELECT 'pg_proc'::regclass, p.oid FROM pg_proc AS p
    WHERE p.pronamespace::regnamespace || '.' || p.proname = :name
),

dependents (classid, objid) AS (
    SELECT
        CASE WHEN r.oid IS NULL THEN d.classid ELSE 'pg_class'::regclass END,
        coalesce(r.ev_class, d.objid)
    FROM own
    INNER JOIN pg_depend AS d ON own.classid = d.refclassid AND own.objid = d.refobjid
    LEFT JOIN pg_rewrite AS r ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
    EXCEPT
    SELECT classid, objid FROM own
)

SELECT 'view', c.relnamespace::regnamespace || '.' || c.relname
FROM dependents AS d INNER JOIN pg_class AS c ON d.classid = 'pg_class'::regclass AND d.objid = c.oid
UNION
SELECT 'function', p.pronamespace::regnamespace || '.' || p.proname
FROM dependents AS d INNER JOIN pg_proc AS p ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid
ORDER BY 1, 2
"""
GRANTS = {
    "view": r"""
        SELECT format(
            'GRANT %s ON %s TO %I%s', a.privilege_type, :name, g.rolname,
            CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' END
        )
        FROM pg_class AS c CROSS JOIN LATERAL aclexplode(c.relacl) AS a
        INNER JOIN pg_roles AS g ON a.grantee = g.oid
        WHERE c.oid = to_regclass(:name) AND a.grantee <> c.relowner AND g.rolname NOT LIKE 'cchc\_%'
    """,
    "function": r"""
        SELECT format(
            'GRANT EXECUTE ON ROUTINE %s TO %I%s', :name, g.rolname,
            CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' END
        )
        FROM pg_proc AS p CROSS JOIN LATERAL aclexplode(p.proacl) AS a
        INNER JOIN pg_roles AS g ON a.grantee = g.oid
        WHERE
            p.pronamespace::regnamespace || '.' || p.proname = :name
            AND a.grantee <> p.proowner AND g.rolname NOT LIKE 'cchc\_%'
    """,
}
DROPS = {
    "view": "SELECT 'DROP VIEW ' || :name FROM pg_class WHERE oid = to_regclass(:name) AND relkind = 'v'",
    # Its triggers stand in its file.
    "function": """
        SELECT format('DROP TRIGGER %I ON %s', t.tgname, t.tgrelid::regclass)
        FROM pg_trigger AS t INNER JOIN pg_proc AS p ON t.tgfoid = p.oid
        WHERE p.pronamespace::regnamespace || '.' || p.proname = :name AND t.tgparentid = 0
        UNION ALL
        SELECT format('DROP ROUTINE %s(%s)', :name, pg_get_function_identity_arguments(p.oid))
        FROM pg_proc AS p WHERE p.pronamespace::regnamespace || '.' || p.proname = :name
    """,
}
