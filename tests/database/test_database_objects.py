"""Views and functions follow their files: changed, removed, in order, and nothing else is touched."""

import re

import pytest
import sqlalchemy as sa

from cchc.database_objects import FOLDERS, DatabaseObject, in_order, objects_in_files, sync, sync_objects
from cchc.errors import CchcError
from cchc.figures.syncing import sync_definitions
from cchc.warehouse import engine_of
from tests.migrating import Copy

pytestmark = pytest.mark.long

# Made from sql/indicators.
OF_DEFINITIONS = ("core.tinh_bieu_06a", "core.tinh_chi_so", "mart.tinh_bieu_06a", "mart.tinh_chi_so")
VIEW_OF_DEFINITIONS = ("view", "mart.chi_so_ngang")
STANDING = """
SELECT relnamespace::regnamespace || '.' || relname, oid || '/' || xmin FROM pg_class
WHERE relnamespace::regnamespace::text IN ('ops', 'core', 'mart')
UNION ALL
SELECT pronamespace::regnamespace || '.' || proname, oid || '/' || xmin FROM pg_proc
WHERE pronamespace::regnamespace::text IN ('ops', 'core', 'mart')
UNION ALL
SELECT 'ops.database_object ' || name, xmin::text FROM ops.database_object
"""


@pytest.fixture
def copy(tmp_path) -> Copy:
    return Copy(tmp_path)


def standing(engine: sa.Engine) -> dict[str, str]:
    """Each relation and function with the number of the row that describes it, which any change alters."""
    with engine.connect() as connection:
        return dict(connection.execute(sa.text(STANDING)).all())


def touched(engine: sa.Engine, before: dict[str, str]) -> set[str]:
    now = standing(engine)
    return {
        name.removeprefix("ops.database_object ")
        for name in now | before
        if now.get(name) != before.get(name)
    }


def ask(engine: sa.Engine, query: str, **binds: object) -> list[tuple]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(sa.text(query), binds)]


def run(engine: sa.Engine, statement: str) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql(statement)


# --- the files ----------------------------------------------------------------------------------


def test_each_file_makes_the_one_object_it_is_named_after():
    made = re.compile(r"^CREATE (VIEW|FUNCTION|AGGREGATE) ([a-z_0-9]+\.[a-z_0-9]+)", re.MULTILINE)
    for o in objects_in_files():
        [(kind, name)] = made.findall(o.ddl)
        assert name == o.name
        assert (kind == "VIEW") == (o.kind == "view")
        about = "VIEW" if kind == "VIEW" else "FUNCTION|AGGREGATE"
        assert re.search(rf"^COMMENT ON (?:{about}) {name}", o.ddl, re.MULTILINE), f"{o.name} has no comment"
        if name.startswith("mart."):
            granted = f"SELECT ON {name}" if kind == "VIEW" else rf"EXECUTE ON FUNCTION {name}\([a-z, ]*\)"
            assert re.search(rf"^GRANT {granted} TO cchc_", o.ddl, re.MULTILINE), f"{name}: for whom?"
    assert {file.name for folder in FOLDERS.values() for file in folder.iterdir()} == {
        f"{o.name}.sql" for o in objects_in_files()
    }


def test_database_holds_the_views_and_functions_of_the_files_and_no_others(engine):
    found = ask(
        engine,
        "SELECT 'view', relnamespace::regnamespace || '.' || relname FROM pg_class WHERE relkind = 'v' "
        "AND relnamespace::regnamespace::text IN ('ops', 'core', 'mart', 'public', 'staging') UNION ALL "
        "SELECT 'function', pronamespace::regnamespace || '.' || proname FROM pg_proc "
        "WHERE pronamespace::regnamespace::text IN ('ops', 'core', 'mart', 'public', 'staging')",
    )
    of_definitions = [*(("function", name) for name in OF_DEFINITIONS), VIEW_OF_DEFINITIONS]
    assert sorted(found) == sorted([*(o.key for o in objects_in_files()), *of_definitions])


def test_no_table_calls_a_function_that_may_change(engine):
    """A default, generated column, CHECK or index: what it stored would not follow the function."""
    assert ask(
        engine,
        "SELECT p.oid::regproc, d.classid::regclass, d.objid FROM pg_depend AS d "
        "INNER JOIN pg_proc AS p ON d.refclassid = 'pg_proc'::regclass AND d.refobjid = p.oid "
        "WHERE p.pronamespace::regnamespace::text IN ('ops', 'core', 'mart') "
        "AND d.classid IN ('pg_attrdef'::regclass, 'pg_constraint'::regclass, 'pg_class'::regclass)",
    ) == []  # fmt: skip


# --- following the files ------------------------------------------------------------------------


def test_changed_view_is_made_anew_and_nothing_else_is_touched(dsn, copy):
    engine = engine_of(dsn)
    before = standing(engine)
    copy.migrate(dsn)
    assert touched(engine, before) == set()
    copy.edit("core.trang_thai", "'Mới đăng ký'", "'Vừa đăng ký, 100%: một'")
    copy.edit("core.trang_thai", "Một dòng = một trạng thái", "Mỗi dòng là một trạng thái")
    copy.migrate(dsn)
    dependents = {"core.ho_so_dang_mo", "mart.ho_so_qua_han", "mart.ho_so_sap_den_han"}
    assert touched(engine, before) == {"core.trang_thai"} | dependents
    assert ask(
        engine,
        "SELECT ten, obj_description('core.trang_thai'::regclass) FROM core.trang_thai "
        "WHERE trang_thai_ho_so = 1",
    ) == [("Vừa đăng ký, 100%: một", "Mỗi dòng là một trạng thái hồ sơ theo chuẩn đồng bộ quốc gia.")]


def test_view_whose_columns_changed_keeps_grants_and_comments_of_its_dependents(dsn, copy):
    engine = engine_of(dsn)
    described = (
        "SELECT objoid::regclass::text, objsubid, description FROM pg_description "
        "WHERE classoid = 'pg_class'::regclass AND objoid::regclass::text LIKE 'mart.ho_so%' ORDER BY 1, 2"
    )
    comments = ask(engine, described)
    assert len(comments) == 32
    run(engine, "CREATE ROLE so_noi_vu; GRANT SELECT ON mart.ho_so_qua_han TO so_noi_vu WITH GRANT OPTION")
    try:
        # First, so that CREATE OR REPLACE would be refused.
        copy.edit(
            "core.ho_so_dang_mo", "SELECT\n    moc.tinh_den,", "SELECT\n    1 AS moi,\n    moc.tinh_den,"
        )
        copy.migrate(dsn)
        assert ask(
            engine,
            "SELECT attname::text FROM pg_attribute WHERE attrelid = 'core.ho_so_dang_mo'::regclass "
            "AND attnum = 1",
        ) == [("moi",)]
        assert ask(engine, described) == comments
        for view in ("mart.ho_so_qua_han", "mart.ho_so_sap_den_han"):
            assert ask(engine, "SELECT has_table_privilege('cchc_don_vi', :v, 'SELECT')", v=view) == [(True,)]
        of_administrator = "SELECT has_table_privilege('so_noi_vu', :v, 'SELECT WITH GRANT OPTION')"
        assert ask(engine, of_administrator, v="mart.ho_so_qua_han") == [(True,)]
        assert ask(engine, of_administrator, v="mart.ho_so_sap_den_han") == [(False,)]
    finally:
        run(engine, "DROP OWNED BY so_noi_vu; DROP ROLE so_noi_vu")


def test_grant_that_a_file_no_longer_gives_is_taken_away(dsn, copy):
    engine = engine_of(dsn)
    view = "mart.so_sanh"
    copy.edit(view, f"GRANT SELECT ON {view} TO cchc_bi, ", f"GRANT SELECT ON {view} TO ")
    copy.migrate(dsn)
    assert ask(engine, "SELECT has_table_privilege('cchc_bi', :v, 'SELECT')", v=view) == [(False,)]


def test_removed_file_drops_its_object(dsn, copy):
    engine = engine_of(dsn)
    before = standing(engine)
    # The view needs the function, which goes with it.
    copy.file("ops.so_van_ban_thieu").unlink()
    copy.file("core.chuoi_so").unlink()
    copy.migrate(dsn)
    assert touched(engine, before) == {"ops.so_van_ban_thieu", "core.chuoi_so"}
    assert ask(engine, "SELECT to_regclass('ops.so_van_ban_thieu'), to_regproc('core.chuoi_so')") == [
        (None, None)
    ]
    recorded = "SELECT name FROM ops.database_object WHERE name IN ('ops.so_van_ban_thieu', 'core.chuoi_so')"
    assert ask(engine, recorded) == []


def test_object_that_somebody_dropped_is_made_again(dsn, copy):
    engine = engine_of(dsn)
    run(engine, "DROP VIEW mart.ke_thua")
    before = standing(engine)
    copy.migrate(dsn)
    assert touched(engine, before) == {"mart.ke_thua"}
    assert ask(engine, "SELECT count(*) FROM mart.ke_thua") == [(0,)]


def test_function_with_other_arguments_leaves_no_second_one_behind(dsn, copy):
    engine = engine_of(dsn)
    copy.edit(
        "core.ma_tong",
        "core.ma_tong(cap text) RETURNS",
        "core.ma_tong(cap text, sau text DEFAULT '') RETURNS",
    )
    copy.edit("core.ma_tong", "'TONG:' || cap", "'TONG:' || cap || sau")
    copy.edit("core.ma_tong", "core.ma_tong(text)", "core.ma_tong(text, text)")
    copy.migrate(dsn)
    assert ask(engine, "SELECT oid::regprocedure::text FROM pg_proc WHERE proname = 'ma_tong'") == [
        ("core.ma_tong(text,text)",)
    ]
    assert ask(engine, "SELECT core.ma_tong('xa')") == [("TONG:xa",)]
    assert ask(engine, "SELECT count(*) FROM mart.doi_chieu_06a") == [(0,)]


def test_trigger_function_that_changes_goes_on_guarding(dsn, copy):
    engine = engine_of(dsn)
    copy.edit("ops.append_only", "a change is a new row", "add a row instead")
    copy.migrate(dsn)
    run(
        engine,
        "INSERT INTO ops.figure_change (ky_loai, ky, ma_chi_so, ma_don_vi, batch_ids) "
        "VALUES ('thang', '2025-03', 'T9', 'A', '{}')",
    )
    for statement in ("DELETE FROM ops.figure_change", "TRUNCATE ops.figure_change"):
        with pytest.raises(sa.exc.DBAPIError, match="add a row instead"):
            run(engine, statement)


def test_view_of_somebody_else_in_the_way_is_named_and_nothing_changes(dsn, copy):
    engine = engine_of(dsn)
    run(engine, "CREATE VIEW public.cua_toi AS SELECT ten FROM core.trang_thai")
    before = standing(engine)
    copy.edit("core.trang_thai", "'Mới đăng ký'", "'Vừa đăng ký'")
    failed = copy.migrate(dsn, check=False)
    assert failed.returncode != 0
    assert "core.trang_thai has to be made anew, but public.cua_toi uses it" in failed.stderr
    assert "Drop public.cua_toi" in failed.stderr
    assert "Traceback" not in failed.stderr
    assert touched(engine, before) == set()


def refused(copy: Copy, dsn: str) -> str:
    """What a migration answers that changes nothing: one line."""
    engine = engine_of(dsn)
    before = standing(engine)
    failed = copy.migrate(dsn, check=False)
    assert failed.returncode == 1
    assert touched(engine, before) == set()
    [line] = [line for line in failed.stderr.splitlines() if not line.startswith("INFO ")]
    return line


def test_text_that_postgresql_refuses_is_named_in_one_line_and_changes_nothing(dsn, copy):
    so_sanh, whole = copy.file("mart.so_sanh"), copy.file("mart.so_sanh").read_text(encoding="utf-8")
    copy.edit("core.trang_thai", "'Mới đăng ký'", "'Vừa đăng ký'")
    broken = {
        whole.replace(
            "c.ky_loai,", "c.khong_co,", 1
        ): r"column c\.khong_co does not exist \(line \d+: c\.khong_co,\)",
        whole.replace("CREATE VIEW", "CREATE VEW"): r"syntax error at or near \"VEW\" \(line 1: ",
        "": "it makes nothing, expected the view mart.so_sanh",
        "-- nothing\n": "it makes nothing, expected the view mart.so_sanh",
        "\0" + whole: "NUL",
        whole + "COMMENT ON VIEW mart.so_sanh IS 'one\n": "unterminated quoted string",
    }
    for text, reason in broken.items():
        so_sanh.write_text(text, encoding="utf-8")
        told = refused(copy, dsn)
        assert told.startswith("sql/views/mart.so_sanh.sql: "), told
        assert re.search(reason, told), told
    so_sanh.write_bytes(whole.encode("utf-16"))
    assert "sql/views/mart.so_sanh.sql: byte 1 is not UTF-8" in refused(copy, dsn)


def test_function_that_postgresql_refuses_is_named(dsn, copy):
    copy.edit("ops.append_only", "RAISE EXCEPTION", "RAISE WHATEVER")
    told = refused(copy, dsn)
    assert told.startswith("sql/functions/ops.append_only.sql: ")
    assert "near line 3" in told and "correct it and run it again" in told


def test_view_that_needs_a_removed_one_is_named(dsn, copy):
    copy.file("core.chuoi_so").unlink()
    told = refused(copy, dsn)
    assert told.startswith("sql/views/ops.so_van_ban_thieu.sql: function core.chuoi_so(")
    assert "does not exist" in told


@pytest.mark.parametrize("end", ["COMMIT;", "ROLLBACK;", "BEGIN;", "/* ; */ end ;", "SAVEPOINT a;"])
def test_file_that_ends_the_transaction_is_refused(dsn, copy, end):
    copy.edit("core.trang_thai", "'Mới đăng ký'", "'Vừa đăng ký'")
    with copy.file("mart.so_sanh").open("a", encoding="utf-8") as file:
        file.write(f"{end}\nSELECT 1 / 0;\n")
    told = refused(copy, dsn)
    assert told.startswith("sql/views/mart.so_sanh.sql: it begins or ends a transaction")


def test_renamed_file_must_make_what_it_is_named_after(dsn, copy):
    engine = engine_of(dsn)
    before = standing(engine)
    old = copy.file("mart.doi_chieu_06a")
    new = old.rename(old.with_name("mart.doi_ten.sql"))
    told = refused(copy, dsn)
    assert told.startswith(
        "sql/views/mart.doi_ten.sql: it makes the view mart.doi_chieu_06a, expected the view mart.doi_ten"
    )
    new.write_text(
        new.read_text(encoding="utf-8").replace("mart.doi_chieu_06a", "mart.doi_ten"), encoding="utf-8"
    )
    copy.migrate(dsn)
    assert touched(engine, before) == {"mart.doi_chieu_06a", "mart.doi_ten"}
    assert ask(engine, "SELECT to_regclass('mart.doi_chieu_06a')") == [(None,)]


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ("CREATE VIEW mart.hai AS SELECT 1 AS a;", "view mart.hai"),
        ("CREATE OR REPLACE VIEW mart.ke_thua AS SELECT * FROM core.ke_thua;", "view mart.ke_thua"),
        ("DROP VIEW mart.ke_thua;", "view mart.ke_thua"),
        ("CREATE TABLE mart.bang (a int);", "table mart.bang"),
        ("CREATE FUNCTION mart.hai() RETURNS int LANGUAGE sql RETURN 1;", "function mart.hai"),
    ],
)
def test_file_that_touches_another_object_is_refused(dsn, copy, more, named):
    with copy.file("mart.so_sanh").open("a", encoding="utf-8") as file:
        file.write(more)
    told = refused(copy, dsn)
    assert told.startswith(
        "sql/views/mart.so_sanh.sql: beside the view mart.so_sanh it makes, changes or drops"
    )
    assert f"the {named}." in told


@pytest.mark.parametrize("name", ["so_sanh", "mart.So_Sanh", "mart.so-sanh", "mart.so.sanh", "mart.so sánh"])
def test_name_that_needs_quotes_or_has_no_schema_is_refused(dsn, copy, name):
    file = copy.file("mart.so_sanh")
    text = file.read_text(encoding="utf-8").replace("mart.so_sanh", 'mart."x"')
    file.unlink()
    file.with_name(f"{name}.sql").write_text(text, encoding="utf-8")
    told = refused(copy, dsn)
    assert told.startswith(f"sql/views/{name}.sql: a file is named <schema>.<name>.sql")


def test_grants_on_columns_are_kept_while_the_columns_are(dsn, copy):
    engine = engine_of(dsn)
    run(
        engine,
        "CREATE ROLE so_noi_vu; "
        "GRANT SELECT (ten, trang_thai_ho_so), UPDATE (ten) ON core.trang_thai TO so_noi_vu; "
        "GRANT SELECT (ten) ON core.trang_thai TO cchc_bi; GRANT SELECT ON core.trang_thai TO PUBLIC",
    )
    asked = (
        "SELECT a.attname::text, x.privilege_type "
        "FROM pg_attribute AS a CROSS JOIN aclexplode(a.attacl) AS x "
        "WHERE a.attrelid = 'core.trang_thai'::regclass ORDER BY 1, 2"
    )
    try:
        copy.edit("core.trang_thai", "'Mới đăng ký'", "'Vừa đăng ký'")
        copy.migrate(dsn)
        # PUBLIC and cchc_bi have what the file gives them: nothing.
        assert ask(engine, asked) == [("ten", "SELECT"), ("ten", "UPDATE"), ("trang_thai_ho_so", "SELECT")]
        public = (
            "SELECT count(*) FROM pg_class, aclexplode(relacl) AS x "
            "WHERE x.grantee = 0 AND relname = 'trang_thai'"
        )
        assert ask(engine, public) == [(0,)]
        run(
            engine,
            "CREATE VIEW mart.cua_so AS SELECT 1 AS a, 2 AS b; "
            "GRANT SELECT (a, b) ON mart.cua_so TO so_noi_vu",
        )
        with engine.begin() as connection:
            sync(connection, "mot", [view("mart.cua_so", "SELECT 1 AS a")])
            kept = (
                "SELECT attname FROM pg_attribute "
                "WHERE attrelid = 'mart.cua_so'::regclass AND attacl IS NOT NULL"
            )
            assert connection.exec_driver_sql(kept).scalars().all() == ["a"]
    finally:
        run(engine, "DROP OWNED BY so_noi_vu; DROP ROLE so_noi_vu")


def test_table_with_a_view_s_rows_is_to_be_changed_not_dropped(dsn, copy):
    engine = engine_of(dsn)
    copy.edit("core.trang_thai", "'Mới đăng ký'", "'Vừa đăng ký'")
    run(engine, 'CREATE TABLE public.luu (id int, dong core.trang_thai, "Nhiều" core.trang_thai[])')
    told = refused(copy, dsn)
    assert "public.luu uses it" in told and "Drop" not in told
    assert 'Keep the table: change its column\'s type, of dong, "Nhiều"' in told
    statement = re.search(r"\((ALTER TABLE .*)\)\.", told)[1]
    run(engine, "INSERT INTO public.luu (id) VALUES (1)")
    run(engine, statement)
    run(engine, statement.replace("dong", '"Nhiều"'))
    copy.migrate(dsn)
    assert ask(engine, "SELECT id FROM public.luu") == [(1,)]


def test_other_uses_are_told_in_one_line_without_advice_to_delete_data(dsn, copy):
    engine = engine_of(dsn)
    copy.edit("core.ma_tong", "'TONG:' || cap", "'TONG:' || cap || ''")
    run(engine, "CREATE TABLE public.luu (ma text DEFAULT core.ma_tong('xa'))")
    told = refused(copy, dsn)
    assert "default value for column ma of table luu" in told or "public.luu" in told
    assert "no data have to be deleted" in told
    run(engine, "DROP TABLE public.luu; CREATE TABLE public.luu (ma text)")
    run(engine, "CREATE INDEX ma_luu ON public.luu (core.ma_tong(ma))")
    assert "Drop public.ma_luu, migrate again, and then make it again" in refused(copy, dsn)
    run(
        engine,
        "DROP INDEX public.ma_luu; CREATE MATERIALIZED VIEW public.luu2 AS SELECT core.ma_tong(ma) FROM luu",
    )
    assert "Drop public.luu2, migrate again" in refused(copy, dsn)


# --- order, and who makes what ------------------------------------------------------------------


def view(name: str, body: str) -> DatabaseObject:
    return DatabaseObject("view", name, f"CREATE VIEW {name} AS {body};")


def test_order_follows_the_names_in_the_text_but_not_in_literals_and_comments():
    objects = [
        view("core.a", "SELECT core.f(x) FROM core.b"),
        view("core.b", "SELECT 'core.a' AS x, 'it''s core.a' AS y -- not core.a"),
        DatabaseObject(
            "function", "core.f", "CREATE FUNCTION core.f(x text) RETURNS text LANGUAGE sql RETURN x;"
        ),
    ]
    for given in (objects, objects[::-1]):
        order = [o.name for o in in_order(given)]
        assert order[-1] == "core.a" and set(order) == {"core.a", "core.b", "core.f"}


def test_views_that_need_each_other_are_named():
    with pytest.raises(CchcError, match=r"core\.a → core\.b → core\.a|core\.b → core\.a → core\.b"):
        list(in_order([view("core.a", "SELECT * FROM core.b"), view("core.b", "SELECT * FROM core.a")]))


def test_a_source_answers_for_its_own_objects_only(engine):
    with engine.begin() as connection:
        sync(connection, "mot", [view("core.mot", "SELECT 1 AS a")])
        sync(connection, "hai", [view("core.hai", "SELECT 2 AS a")])
        assert sync(connection, "mot", [view("core.mot", "SELECT 1 AS a")]) == []
        assert sync_objects(connection) == []
        assert sync(connection, "mot", []) == ["core.mot"]
        assert connection.exec_driver_sql("SELECT to_regclass('core.mot'), a FROM core.hai").one() == (
            None,
            2,
        )


def test_functions_from_definitions_are_made_once_and_survive_a_migration(engine, dsn, copy):
    sync_definitions(engine)
    before = standing(engine)
    assert {"core.tinh_chi_so", "mart.tinh_chi_so", "mart.tinh_bieu_06a"} <= before.keys()
    sync_definitions(engine)
    copy.edit("core.trang_thai", "'Mới đăng ký'", "'Vừa đăng ký'")
    copy.migrate(dsn)
    assert {name for name in touched(engine, before) if "tinh_chi_so" in name or "bieu_06a" in name} == set()
    with engine.begin() as connection:
        connection.exec_driver_sql("SET LOCAL ROLE cchc_bi")
        asked = "SELECT count(*) FROM mart.tinh_chi_so('{thang}', '{2025-03}')"
        assert connection.exec_driver_sql(asked).scalar_one() == 0


def test_code_of_a_level_s_row_is_worked_out_inside_the_query(engine):
    plan = ask(engine, "EXPLAIN (VERBOSE) SELECT core.ma_tong(cap) FROM core.don_vi")
    assert any("('TONG:'::text || cap)" in line for (line,) in plan)
    assert ask(engine, "SELECT core.ma_tong('toan_tinh'), core.ma_tong(NULL)") == [("TONG:toan_tinh", None)]
