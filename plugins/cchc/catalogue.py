"""What PostgreSQL's catalogue says of views and functions: which there are, who uses them, their grants."""

import sqlalchemy as sa

# Kind and name. Of the kinds only 'view' and 'function' are made from texts.
Key = tuple[str, str]


def versions(connection: sa.Connection) -> dict[Key, str]:
    """Of each view and function, and of what holds rows: what is other after a change.

    A table is not other after one: a trigger, which stands in the file of its function, changes its entry.
    """
    return {(kind, name): version for kind, name, version in connection.execute(sa.text(VERSIONS))}


def dependents(connection: sa.Connection, name: str) -> list[Key]:
    """What uses it, or the type of its rows, directly: views, functions, tables, indexes."""
    return [(kind, used_by) for kind, used_by in connection.execute(sa.text(DEPENDENTS), {"name": name})]


def columns_of_its_rows(connection: sa.Connection, name: str, used_by: str) -> list[str]:
    """The columns of `used_by`, quoted where needed, whose type is that of the rows of the view `name`."""
    binds = {"name": name, "used_by": used_by}
    return list(connection.scalars(sa.text(COLUMNS_OF_ITS_ROWS), binds))


VERSIONS = """
WITH schemas AS (
    SELECT oid FROM pg_namespace WHERE nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
)

SELECT
    CASE c.relkind
        WHEN 'v' THEN 'view'
        WHEN 'm' THEN 'materialized view'
        WHEN 'S' THEN 'sequence'
        WHEN 'c' THEN 'type'
        ELSE 'table'
    END,
    s.oid::regnamespace || '.' || c.relname,
    CASE c.relkind WHEN 'v' THEN c.oid || ' ' || c.ctid ELSE c.oid::text END
FROM pg_class AS c INNER JOIN schemas AS s ON c.relnamespace = s.oid
WHERE c.relkind IN ('r', 'p', 'f', 'm', 'S', 'c', 'v')
UNION ALL
SELECT
    'function',
    s.oid::regnamespace || '.' || p.proname,
    string_agg(p.oid || ' ' || p.ctid, ', ' ORDER BY p.oid)
FROM pg_proc AS p INNER JOIN schemas AS s ON p.pronamespace = s.oid
GROUP BY s.oid, p.proname
"""
COLUMNS_OF_ITS_ROWS = """
SELECT quote_ident(a.attname)
FROM pg_type AS t INNER JOIN pg_attribute AS a ON a.atttypid IN (t.oid, t.typarray)
WHERE t.typrelid = to_regclass(:name) AND a.attrelid = to_regclass(:used_by) AND NOT a.attisdropped
ORDER BY a.attnum
"""
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

SELECT
    CASE
        WHEN c.relkind = 'v' THEN 'view'
        WHEN c.relkind = 'm' THEN 'materialized view'
        WHEN c.relkind IN ('i', 'I') THEN 'index'
        WHEN c.relkind = 'c' THEN 'type'
        ELSE 'table'
    END,
    c.relnamespace::regnamespace || '.' || c.relname
FROM dependents AS d INNER JOIN pg_class AS c ON d.classid = 'pg_class'::regclass AND d.objid = c.oid
UNION
SELECT 'function', p.pronamespace::regnamespace || '.' || p.proname
FROM dependents AS d INNER JOIN pg_proc AS p ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid
ORDER BY 1, 2
"""
GRANTS = {
    "view": r"""
        SELECT NULL AS attname, format(
            'GRANT %s ON %s TO %I%s', a.privilege_type, :name, g.rolname,
            CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' END
        )
        FROM pg_class AS c CROSS JOIN LATERAL aclexplode(c.relacl) AS a
        INNER JOIN pg_roles AS g ON a.grantee = g.oid
        WHERE c.oid = to_regclass(:name) AND a.grantee <> c.relowner AND g.rolname NOT LIKE 'cchc\_%'
        UNION ALL
        SELECT t.attname::text, format(
            'GRANT %s (%I) ON %s TO %I%s', a.privilege_type, t.attname, :name, g.rolname,
            CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' END
        )
        FROM pg_class AS c INNER JOIN pg_attribute AS t ON c.oid = t.attrelid
        CROSS JOIN LATERAL aclexplode(t.attacl) AS a
        INNER JOIN pg_roles AS g ON a.grantee = g.oid
        WHERE c.oid = to_regclass(:name) AND a.grantee <> c.relowner AND g.rolname NOT LIKE 'cchc\_%'
    """,
    "function": r"""
        SELECT NULL AS attname, format(
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
    # Its triggers, and the policies that call it, stand in its file.
    "function": """
        SELECT format('DROP POLICY %I ON %s', l.polname, l.polrelid::regclass)
        FROM pg_policy AS l
        INNER JOIN pg_depend AS d ON d.classid = 'pg_policy'::regclass AND l.oid = d.objid
        INNER JOIN pg_proc AS p ON d.refclassid = 'pg_proc'::regclass AND d.refobjid = p.oid
        WHERE p.pronamespace::regnamespace || '.' || p.proname = :name
        UNION ALL
        SELECT format('DROP TRIGGER %I ON %s', t.tgname, t.tgrelid::regclass)
        FROM pg_trigger AS t INNER JOIN pg_proc AS p ON t.tgfoid = p.oid
        WHERE p.pronamespace::regnamespace || '.' || p.proname = :name AND t.tgparentid = 0
        UNION ALL
        SELECT format('DROP ROUTINE %s(%s)', :name, pg_get_function_identity_arguments(p.oid))
        FROM pg_proc AS p WHERE p.pronamespace::regnamespace || '.' || p.proname = :name
    """,
}
