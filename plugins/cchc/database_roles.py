"""Who owns the warehouse, and which roles there are: what stands before and behind every migration.

`python -m cchc.database_roles` prepares a server for the first migration, and again without harm: address
and passwords come from WAREHOUSE_ADMIN_DSN and WAREHOUSE_{OWNER,ETL,PAGES}_PASSWORD.
"""

import os
import sys

import sqlalchemy as sa

from cchc.errors import CchcError
from cchc.warehouse import engine_of

# Groups and the pipeline's login; who may do what: docs/security.md.
OWNER, ETL, STEWARD, BI, UNIT = "cchc_owner", "cchc_etl", "cchc_steward", "cchc_bi", "cchc_don_vi"
# The login of the pages in the browser: it has no right of its own but to read as one of READERS.
PAGES = "cchc_pages"
READERS = (STEWARD, UNIT, BI)
GRANTED = (ETL, *READERS, PAGES)
SCHEMAS = ("mart", "ops", "core", "staging")
# What PostgreSQL says of what another session has made meanwhile, by how far that one had come. Roles are the
# server's: the migration of another of its databases makes them too.
MADE_MEANWHILE = ("23505", "42710", "42P07")
# Whose members connect where readers have taken every other connection (PostgreSQL 16 and newer, which has to
# be told how many: reserved_connections).
RESERVED = "pg_use_reserved_connections"
ADVISORY = """
SELECT oid::regprocedure::text FROM pg_proc
WHERE pronamespace = 'pg_catalog'::regnamespace AND proname ~ '^pg_(try_)?advisory_'
"""


def prepare(connection: sa.Connection, owner_password: str, etl_password: str, pages_password: str) -> None:
    """As a superuser: makes roles, gives the database to its owner, closes the others; passwords follow.

    The owner makes logins for people and tools, and takes no part in what these see.
    """
    name = connection.scalar(sa.text("SELECT quote_ident(current_database())"))
    known = _known(connection)
    for role in (OWNER, *GRANTED):
        if role not in known:
            connection.exec_driver_sql(f"CREATE ROLE {role} NOLOGIN")
    connection.exec_driver_sql(f"ALTER ROLE {OWNER} LOGIN CREATEROLE PASSWORD %s", (owner_password,))
    connection.exec_driver_sql(f"ALTER ROLE {ETL} LOGIN PASSWORD %s", (etl_password,))
    connection.exec_driver_sql(f"ALTER ROLE {PAGES} LOGIN PASSWORD %s", (pages_password,))
    statements = (
        f"ALTER DATABASE {name} OWNER TO {OWNER}",
        f"GRANT {', '.join(READERS)} TO {OWNER} WITH ADMIN TRUE, INHERIT FALSE, SET FALSE",
        f"GRANT {', '.join(READERS)} TO {PAGES} WITH INHERIT FALSE, SET TRUE",
        # Everybody may by default.
        "REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC",
        "REVOKE EXECUTE ON FUNCTION lo_creat(int), lo_create(oid), lo_from_bytea(oid, bytea) FROM PUBLIC",
        *((f"GRANT {RESERVED} TO {OWNER}, {ETL}",) if RESERVED in known else ()),
    )
    for statement in statements:
        connection.exec_driver_sql(statement.replace("%", "%%"))
    close_advisory_locks(connection)
    close_to_public(connection)


def close_advisory_locks(connection: sa.Connection, but_for: str | None = None) -> None:
    """As a superuser: in this database nobody but `but_for` and superusers takes advisory locks.

    They need no other right, and fill the memory of the whole server: whoever takes enough of them stops it.
    Nothing of this project takes one; Airflow does, in a database of its own.
    """
    for function in list(connection.scalars(sa.text(ADVISORY))):
        connection.exec_driver_sql(f"REVOKE EXECUTE ON FUNCTION {function} FROM PUBLIC")
        if but_for:
            connection.exec_driver_sql(f"GRANT EXECUTE ON FUNCTION {function} TO {but_for}")


def become_owner(connection: sa.Connection) -> None:
    """Makes the roles that are missing and, of a superuser, the owner until the transaction ends.

    Functions with their owner's rights would run as a superuser otherwise. What a superuser migrates belongs
    to the owner of schema mart or of the database, or to cchc_owner where that is a superuser too; what an
    earlier migration left to a superuser is handed over. Raises CchcError when a role is missing and this
    login may not make it.
    """
    superuser = connection.scalar(sa.text("SELECT rolsuper FROM pg_roles WHERE rolname = current_user"))
    known = _known(connection)
    wanted = (OWNER, *GRANTED) if superuser else GRANTED
    missing = [role for role in wanted if role not in known]
    for role in missing:
        try:
            with connection.begin_nested():
                connection.exec_driver_sql(f"CREATE ROLE {role} NOLOGIN")
        except (sa.exc.IntegrityError, sa.exc.ProgrammingError) as error:
            if getattr(error.orig, "pgcode", None) in MADE_MEANWHILE:
                continue
            statements = " ".join(f"CREATE ROLE {role} NOLOGIN;" for role in missing)
            raise CchcError(
                f"Roles are missing and this login may not make them: {', '.join(missing)}. Ask the "
                f"administrator to run: {statements} Then migrate again."
            ) from None
    if superuser:
        owner = connection.scalar(sa.text(OWNER_OF_ALL), {"owner": OWNER})
        for statement in list(connection.scalars(sa.text(HANDED_OVER), {"owner": owner, "all": [*SCHEMAS]})):
            connection.exec_driver_sql(statement.replace("%", "%%"))
        connection.exec_driver_sql(f"SET LOCAL ROLE {owner}")


def close_to_public(connection: sa.Connection) -> None:
    """Leaves the database to the roles: PUBLIC neither connects nor makes temporary objects.

    These rights are the database's, which copies and restored dumps do not bring along, so they are set each
    time. Raises CchcError when they are open and this login does not own the database.
    """
    name = connection.scalar(sa.text("SELECT quote_ident(current_database())"))
    owned = "SELECT pg_has_role(datdba, 'USAGE') FROM pg_database WHERE datname = current_database()"
    statements = (
        f"REVOKE ALL ON DATABASE {name} FROM PUBLIC",
        "REVOKE ALL ON SCHEMA public FROM PUBLIC",
        f"GRANT CONNECT ON DATABASE {name} TO {', '.join(GRANTED)}",
        f"GRANT TEMPORARY ON DATABASE {name} TO {ETL}",
    )
    if connection.scalar(sa.text(owned)):
        for statement in statements:
            connection.exec_driver_sql(statement.replace("%", "%%"))
    elif connection.scalar(sa.text(OPEN)):
        raise CchcError(
            f"Everybody may connect to database {name} or make temporary objects in it, and this login does "
            f"not own it. Ask the administrator to run: {'; '.join(statements)}; Then migrate again."
        )


def _known(connection: sa.Connection) -> set[str]:
    return set(connection.scalars(sa.text("SELECT rolname FROM pg_roles")))


# Quoted where needed.
OWNER_OF_ALL = """
SELECT quote_ident(r.rolname)
FROM (
    SELECT nspowner AS oid, 1 AS place FROM pg_namespace WHERE nspname = 'mart'
    UNION ALL
    SELECT datdba, 2 FROM pg_database WHERE datname = current_database()
    UNION ALL
    SELECT oid, 3 FROM pg_roles WHERE rolname = :owner
) AS o INNER JOIN pg_roles AS r ON o.oid = r.oid
WHERE NOT r.rolsuper
ORDER BY o.place
LIMIT 1
"""
# What a superuser owns: the owner gets it. Sequences of identity columns follow their tables.
HANDED_OVER = """
WITH superusers AS (SELECT oid FROM pg_roles WHERE rolsuper)

SELECT format('ALTER DATABASE %I OWNER TO %s', datname, :owner)
FROM pg_database WHERE datname = current_database() AND datdba IN (TABLE superusers)
UNION ALL
SELECT format('ALTER SCHEMA %I OWNER TO %s', nspname, :owner)
FROM pg_namespace WHERE nspname = ANY(:all) AND nspowner IN (TABLE superusers)
UNION ALL
SELECT format('ALTER TABLE %s OWNER TO %s', c.oid::regclass, :owner)
FROM pg_class AS c
WHERE
    (c.relnamespace::regnamespace::text = ANY(:all) OR c.oid = to_regclass('public.alembic_version_cchc'))
    AND c.relkind IN ('r', 'p', 'v', 'S') AND c.relowner IN (TABLE superusers)
    AND NOT EXISTS (
        SELECT FROM pg_depend AS d WHERE c.oid = d.objid AND c.relkind = 'S' AND d.deptype IN ('a', 'i')
    )
UNION ALL
SELECT format('ALTER ROUTINE %s OWNER TO %s', p.oid::regprocedure, :owner)
FROM pg_proc AS p
WHERE p.pronamespace::regnamespace::text = ANY(:all) AND p.proowner IN (TABLE superusers)
"""
OPEN = """
SELECT EXISTS (
    SELECT FROM pg_database AS d
    CROSS JOIN LATERAL aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) AS a
    WHERE d.datname = current_database() AND a.grantee = 0
)
"""


def main() -> None:
    logins = ("OWNER", "ETL", "PAGES")
    wanted = ("WAREHOUSE_ADMIN_DSN", *(f"WAREHOUSE_{login}_PASSWORD" for login in logins))
    if missing := [name for name in wanted if not os.environ.get(name)]:
        sys.exit(f"{', '.join(missing)} is not set: see docs/production.md.")
    dsn, *passwords = (os.environ[name] for name in wanted)
    try:
        with engine_of(dsn).begin() as connection:
            prepare(connection, *passwords)
    except CchcError as error:
        sys.exit(f"WAREHOUSE_ADMIN_DSN: {error}")


if __name__ == "__main__":
    main()
