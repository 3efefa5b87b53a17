"""Views and functions of the warehouse: each is made anew when the text that makes it has changed."""

import hashlib
import re
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from cchc.catalogue import DROPS, GRANTS, Key, columns_of_its_rows, dependents, versions
from cchc.contracts import Contract, contract_of, datasets_of
from cchc.errors import CchcError
from cchc.repository import SQL

FOLDERS = {"view": SQL / "views", "function": SQL / "functions"}
FILES = "sql"
# Views over staged lines: a batch whose view is gone is staged again when it is next judged or loaded.
STAGING = "staging."
# What PostgreSQL reads as written without quotes.
PLAIN_NAME = re.compile(r"[a-z_][a-z0-9_]*\.[a-z_][a-z0-9_]*")
NOT_CODE = re.compile(r"'(?:[^']|'')*'|--[^\n]*")
NAME = re.compile(r"\b[a-z_]\w*\.[a-z_]\w*\b")
# Dropping one of these deletes no data.
MADE_AGAIN = (*FOLDERS, "materialized view", "index")
# Of PostgreSQL's error codes; the last is a class.
FEATURE_NOT_SUPPORTED, DEPENDENTS_STILL_EXIST, TOO_MUCH = "0A000", "2BP01", "54"
# Stands in a view that has a branch for each dataset, where those of the plain facts go.
OTHER_FACTS = "-- other facts: a branch each, made from their contracts\n"
BRANCH = re.compile(r"'(\w+)' AS dataset\b")


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
    """What was dropped to be made anew, and the administrator's grants on it.

    `grants`: key → statements, each with the column that it is about, or None when it is about the whole.
    """

    keys: set[Key] = field(default_factory=set)
    grants: dict[Key, list[tuple[str | None, str]]] = field(default_factory=dict)


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
    """Every view and function that has a file: sql/views/<schema>.<name>.sql, sql/functions/…

    Raises CchcError when a file's name or its encoding cannot be that of a view or function.
    """
    return [
        DatabaseObject(kind, file.stem, with_other_facts(_text_of(kind, file)))
        for kind, folder in FOLDERS.items()
        for file in sorted(folder.glob("*.sql"))
    ]


def _text_of(kind: str, file: Path) -> str:
    where = _where(FILES, kind, file.stem)
    if not PLAIN_NAME.fullmatch(file.stem):
        raise CchcError(
            f"{where}: a file is named <schema>.<name>.sql after the {kind} that it makes, in small letters, "
            "digits and _. Rename the file, and what it makes with it."
        )
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise CchcError(f"{where}: byte {error.start + 1} is not UTF-8. Save the file as UTF-8.") from None
    if "\0" in text:
        raise CchcError(f"{where}: it holds a NUL character. Save the file as UTF-8 text.")
    return text


def _where(source: str, kind: str, name: str) -> str:
    """Where the text of a view or function is found."""
    return f"sql/{kind}s/{name}.sql" if source == FILES else f"The {kind} {name}, made from {source}"


def with_other_facts(ddl: str, facts: Iterable[str] | None = None) -> str:
    """The text of a view with a branch for every fact that it does not treat in a way of its own.

    `facts`: those that there are, where it is not all that have a contract.
    """
    if OTHER_FACTS not in ddl:
        return ddl
    by_hand = set(BRANCH.findall(ddl))
    known = datasets_of("fact") if facts is None else sorted(facts)
    others = (contract_of(dataset) for dataset in known if dataset not in by_hand)
    return ddl.replace(OTHER_FACTS, "".join(f"UNION ALL\n{_newest_lines(fact)}" for fact in others))


def _newest_lines(fact: Contract) -> str:
    """Key, what of it an index holds, change time, batch and line of what core.<dataset> holds: the newest
    state of each."""
    parts = [name for name in fact.key if name != fact.changed_at]
    key = parts[0] if len(parts) == 1 else f"concat_ws(' ', {', '.join(parts)})"
    return (
        f"SELECT\n    '{fact.dataset}' AS dataset,\n    {key} AS khoa,\n    {parts[0]} AS khoa_tim,\n"
        f"    {fact.changed_at} AS thoi_diem,\n    batch_id,\n    line_no\nFROM core.{fact.dataset}\n"
    )


def set_views_aside(connection: sa.Connection) -> Removed:
    """Drops views that are made from texts, and those of staging: a column that a view reads cannot be
    changed."""
    removed = Removed()
    if connection.scalar(sa.text("SELECT to_regclass('ops.database_object')")):
        recorded = _recorded(connection)
        for key in sorted(set(versions(connection))):
            kind, name = key
            if kind == "view" and (name.startswith(STAGING) or key in recorded):
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
    untouched. PUBLIC and roles named cchc_* have the rights that the texts give them and no others; grants to
    other roles, which an administrator has made, are kept, also those on columns that are still there. Works
    in the caller's transaction; raises CchcError when a text cannot be run, or makes or changes another view
    or function than the one that it is named after.
    """
    wanted = {o.key: o for o in objects}
    recorded = _recorded(connection)
    standing = set(versions(connection))
    unchanged = {k for k, o in wanted.items() if k in standing and recorded.get(k) == (source, o.md5)}
    gone = [k for k, (origin, _) in recorded.items() if origin == source and k not in wanted]
    removed = removed or Removed()
    for key in [*(k for k in wanted if k not in unchanged), *gone]:
        _drop(connection, key, recorded.keys() | wanted.keys(), removed)
    made = [o for o in in_order(wanted.values()) if o.key not in unchanged or o.key in removed.keys]
    for o in made:
        _make(connection, _where(source, o.kind, o.name), o)
        _grant_again(connection, o, removed)
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


def stale_objects(connection: sa.Connection, source: str, objects: Iterable[DatabaseObject]) -> list[str]:
    """The names of those that `sync` would make, sorted."""
    recorded, standing = _recorded(connection), set(versions(connection))
    return sorted(o.name for o in objects if o.key not in standing or recorded.get(o.key) != (source, o.md5))


def _make(connection: sa.Connection, where: str, o: DatabaseObject) -> None:
    """Runs the text of a view or function, and looks whether it made that one and touched no other."""
    before = versions(connection)
    connection.execute(sa.text("SELECT set_config('cchc.ddl', :ddl, TRUE)"), {"ddl": o.ddl})
    try:
        # EXECUTE runs no COMMIT or ROLLBACK, which would leave half of the work behind.
        connection.exec_driver_sql("DO $do$ BEGIN EXECUTE current_setting('cchc.ddl'); END $do$")
    except sa.exc.DBAPIError as error:
        if isinstance(error, sa.exc.OperationalError) and _pgcode(error)[:2] != TOO_MUCH:
            raise  # the server's trouble, not the text's
        raise CchcError(
            f"{where}: {_refusal(error, o.ddl)}. Nothing was changed: correct it and run it again."
        ) from None
    after = versions(connection)
    touched = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    if o.key not in touched:
        raise CchcError(
            f"{where}: it makes {_listed(touched)}, expected the {o.kind} {o.name}. Nothing was changed: "
            "give the file and what it makes the same name, and run it again."
        )
    if others := touched - {o.key}:
        raise CchcError(
            f"{where}: beside the {o.kind} {o.name} it makes, changes or drops {_listed(others)}. Nothing "
            "was changed: give each its own file, and run it again."
        )
    if o.kind == "view":
        # By default the pipeline has the rights that it has on tables: through a view nobody writes.
        run_script(connection, f"REVOKE INSERT, UPDATE, DELETE ON {o.name} FROM cchc_etl")


def _pgcode(error: sa.exc.DBAPIError) -> str:
    return getattr(error.orig, "pgcode", None) or ""


def _listed(keys: Iterable[Key]) -> str:
    return ", ".join(f"the {kind} {name}" for kind, name in sorted(keys)) or "nothing"


def _refusal(error: sa.exc.DBAPIError, ddl: str) -> str:
    """What PostgreSQL says against a text, and the line that it means: one line."""
    said: Any = error.orig
    diag = said.diag
    if _pgcode(error) == FEATURE_NOT_SUPPORTED and "transaction commands" in (diag.message_primary or ""):
        return "it begins or ends a transaction (BEGIN, COMMIT, ROLLBACK), which the migration does"
    told = [part for part in (diag.message_primary, diag.message_detail, diag.message_hint) if part]
    text = diag.internal_query or ddl
    if position := diag.internal_position or diag.statement_position:
        number = text.count("\n", 0, int(position) - 1)
        told.insert(1, f"(line {number + 1}: {text.split(chr(10))[number].strip()})")
    elif (context := (diag.context or "").partition("\n")[0]) and not context.startswith("SQL statement"):
        told.insert(1, f"({context})")
    return " ".join(" ".join(told).split()).rstrip(".") or "PostgreSQL refuses it"


def _grant_again(connection: sa.Connection, o: DatabaseObject, removed: Removed) -> None:
    """Gives back what an administrator had granted; a column that is gone takes its grants along."""
    columns = connection.scalars(
        sa.text("SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(:name) AND attnum > 0"),
        {"name": o.name},
    ).all()
    for column, grant in removed.grants.get(o.key, ()):
        if column is None or column in columns:
            run_script(connection, grant)


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


def _drop(connection: sa.Connection, key: Key, known: Container[Key], removed: Removed) -> None:
    """Drops it after all that depends on it, and notes the grants that its text does not make."""
    if key in removed.keys:
        return
    kind, name = key
    for dependent in dependents(connection, name):
        ours = dependent in known or dependent[1].startswith(STAGING)
        if not ours or dependent[0] not in FOLDERS:
            raise CchcError(_in_the_way(connection, key, dependent))
        _drop(connection, dependent, known, removed)
    removed.keys.add(key)
    grants = connection.execute(sa.text(GRANTS[kind]), {"name": name})
    removed.grants[key] = [(column, grant) for column, grant in grants]
    for statement in list(connection.scalars(sa.text(DROPS[kind]), {"name": name})):
        try:
            run_script(connection, statement)
        except sa.exc.DBAPIError as error:
            if _pgcode(error) != DEPENDENTS_STILL_EXIST:
                raise
            raise CchcError(
                f"The {kind} {name} has to be made anew, but something else uses it: "
                f"{_refusal(error, statement)}. Change that so that it does not use {name}, and migrate "
                "again; no data have to be deleted."
            ) from None


def _in_the_way(connection: sa.Connection, key: Key, dependent: Key) -> str:
    """What to do about something without a file that uses what has to be dropped."""
    kind, used_by = dependent
    told = f"The {key[0]} {key[1]} has to be made anew, but {used_by} uses it and has no file in sql/. "
    if kind in MADE_AGAIN:
        return told + f"Drop {used_by}, migrate again, and then make it again."
    if columns := columns_of_its_rows(connection, key[1], used_by):
        to = f"{columns[0]} TYPE jsonb USING to_jsonb({columns[0]})"
        example = f" (ALTER TABLE {used_by} ALTER COLUMN {to})" if kind == "table" else ""
        return told + (
            f"Keep the {kind}: change its column's type, of {', '.join(columns)}{example}. "
            "Then migrate again."
        )
    return told + f"Keep the {kind}: change it so that it does not use {key[1]}, and migrate again."
