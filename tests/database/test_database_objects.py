"""Views and functions follow their files: changed, removed, in order, and nothing else is touched."""

import re

import pytest
import sqlalchemy as sa

from cchc.database_objects import FOLDERS, DatabaseObject, in_order, objects_in_files, sync, sync_objects
from cchc.errors import CchcError
from cchc.figures.refresh import sync_definitions
from cchc.warehouse import engine_of
from tests.migrating import Copy

pytestmark = pytest.mark.long

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
            assert f"GRANT SELECT ON {name} TO cchc_bi" in o.ddl
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
    assert sorted(found) == sorted(o.key for o in objects_in_files())


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


def test_changed_view_is_made_anew_and_nothing_else_is_touched(empty_database, copy):
    copy.migrate(empty_database)
    engine = engine_of(empty_database)
    before = standing(engine)
    copy.migrate(empty_database)
    assert touched(engine, before) == set()
    copy.edit("core.trang_thai", "'Mới đăng ký'", "'Vừa đăng ký, 100%: một'")
    copy.edit("core.trang_thai", "Một dòng = một trạng thái", "Mỗi dòng là một trạng thái")
    copy.migrate(empty_database)
    dependents = {"core.ho_so_dang_mo", "mart.ho_so_qua_han", "mart.ho_so_sap_den_han"}
    assert touched(engine, before) == {"core.trang_thai"} | dependents
    assert ask(
        engine,
        "SELECT ten, obj_description('core.trang_thai'::regclass) FROM core.trang_thai "
        "WHERE trang_thai_ho_so = 1",
    ) == [("Vừa đăng ký, 100%: một", "Mỗi dòng là một trạng thái hồ sơ theo chuẩn đồng bộ quốc gia.")]


def test_view_whose_columns_changed_keeps_grants_and_comments_of_its_dependents(empty_database, copy):
    copy.migrate(empty_database)
    engine = engine_of(empty_database)
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
        copy.migrate(empty_database)
        assert ask(
            engine,
            "SELECT attname::text FROM pg_attribute WHERE attrelid = 'core.ho_so_dang_mo'::regclass "
            "AND attnum = 1",
        ) == [("moi",)]
        assert ask(engine, described) == comments
        for view in ("mart.ho_so_qua_han", "mart.ho_so_sap_den_han"):
            assert ask(engine, "SELECT has_table_privilege('cchc_bi', :v, 'SELECT')", v=view) == [(True,)]
        of_administrator = "SELECT has_table_privilege('so_noi_vu', :v, 'SELECT WITH GRANT OPTION')"
        assert ask(engine, of_administrator, v="mart.ho_so_qua_han") == [(True,)]
        assert ask(engine, of_administrator, v="mart.ho_so_sap_den_han") == [(False,)]
    finally:
        run(engine, "DROP OWNED BY so_noi_vu; DROP ROLE so_noi_vu")


def test_grant_that_a_file_no_longer_gives_is_taken_away(empty_database, copy):
    copy.migrate(empty_database)
    engine = engine_of(empty_database)
    view = "mart.so_sanh"
    copy.edit(view, f"GRANT SELECT ON {view} TO cchc_bi", f"REVOKE ALL ON {view} FROM cchc_bi")
    copy.migrate(empty_database)
    assert ask(engine, "SELECT has_table_privilege('cchc_bi', :v, 'SELECT')", v=view) == [(False,)]


def test_removed_file_drops_its_object(empty_database, copy):
    copy.migrate(empty_database)
    engine = engine_of(empty_database)
    before = standing(engine)
    # The view needs the function, which goes with it.
    copy.file("ops.so_van_ban_thieu").unlink()
    copy.file("core.chuoi_so").unlink()
    copy.migrate(empty_database)
    assert touched(engine, before) == {"ops.so_van_ban_thieu", "core.chuoi_so"}
    assert ask(engine, "SELECT to_regclass('ops.so_van_ban_thieu'), to_regproc('core.chuoi_so')") == [
        (None, None)
    ]
    recorded = "SELECT name FROM ops.database_object WHERE name IN ('ops.so_van_ban_thieu', 'core.chuoi_so')"
    assert ask(engine, recorded) == []


def test_object_that_somebody_dropped_is_made_again(empty_database, copy):
    copy.migrate(empty_database)
    engine = engine_of(empty_database)
    run(engine, "DROP VIEW mart.ke_thua")
    before = standing(engine)
    copy.migrate(empty_database)
    assert touched(engine, before) == {"mart.ke_thua"}
    assert ask(engine, "SELECT count(*) FROM mart.ke_thua") == [(0,)]


def test_function_with_other_arguments_leaves_no_second_one_behind(empty_database, copy):
    copy.migrate(empty_database)
    engine = engine_of(empty_database)
    copy.edit(
        "core.ma_tong",
        "core.ma_tong(cap text) RETURNS",
        "core.ma_tong(cap text, sau text DEFAULT '') RETURNS",
    )
    copy.edit("core.ma_tong", "'TONG:' || cap", "'TONG:' || cap || sau")
    copy.edit("core.ma_tong", "core.ma_tong(text)", "core.ma_tong(text, text)")
    copy.migrate(empty_database)
    assert ask(engine, "SELECT oid::regprocedure::text FROM pg_proc WHERE proname = 'ma_tong'") == [
        ("core.ma_tong(text,text)",)
    ]
    assert ask(engine, "SELECT core.ma_tong('xa')") == [("TONG:xa",)]
    assert ask(engine, "SELECT count(*) FROM mart.doi_chieu_06a") == [(0,)]


def test_trigger_function_that_changes_goes_on_guarding(empty_database, copy):
    copy.migrate(empty_database)
    engine = engine_of(empty_database)
    copy.edit("ops.append_only", "a change is a new row", "add a row instead")
    copy.migrate(empty_database)
    run(
        engine,
        "INSERT INTO ops.figure_change (ky_loai, ky, ma_chi_so, ma_don_vi, batch_ids) "
        "VALUES ('thang', '2025-03', 'T9', 'A', '{}')",
    )
    for statement in ("DELETE FROM ops.figure_change", "TRUNCATE ops.figure_change"):
        with pytest.raises(sa.exc.DBAPIError, match="add a row instead"):
            run(engine, statement)


def test_view_of_somebody_else_in_the_way_is_named_and_nothing_changes(empty_database, copy):
    copy.migrate(empty_database)
    engine = engine_of(empty_database)
    run(engine, "CREATE VIEW public.cua_toi AS SELECT ten FROM core.trang_thai")
    before = standing(engine)
    copy.edit("core.trang_thai", "'Mới đăng ký'", "'Vừa đăng ký'")
    failed = copy.migrate(empty_database, check=False)
    assert failed.returncode != 0
    assert "core.trang_thai has to be made anew, but public.cua_toi uses it" in failed.stderr
    assert "Drop public.cua_toi" in failed.stderr
    assert "Traceback" not in failed.stderr
    assert touched(engine, before) == set()


def test_text_that_cannot_be_run_changes_nothing(empty_database, copy):
    copy.migrate(empty_database)
    engine = engine_of(empty_database)
    before = standing(engine)
    copy.edit("mart.so_sanh", "c.ky_loai,", "c.khong_co,")
    copy.edit("core.trang_thai", "'Mới đăng ký'", "'Vừa đăng ký'")
    failed = copy.migrate(empty_database, check=False)
    assert failed.returncode != 0
    assert "c.khong_co does not exist" in failed.stderr
    assert touched(engine, before) == set()


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
