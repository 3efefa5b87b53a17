"""The dashboards ask for nothing that mart does not have; what would not be found is told with its place."""

import shutil

import pytest
import sqlalchemy as sa

from tools.bi_bundle import ADDRESS, FOLDER, read
from tools.bi_check import main, problems

CHART = "charts/tinh_chi_so.yaml"
RATE = "charts/tinh_dung_han.yaml"
DATASET = "datasets/kho_cchc/chi_so_day_du.yaml"
DASHBOARD = "dashboards/toan_tinh.yaml"


def test_mart_has_all_that_the_dashboards_ask_for(checked):
    assert checked() == []


def test_three_dashboards_show_every_chart(checked):
    bundle = read()
    assert {board.slug for board in bundle.dashboards.values()} == {"toan-tinh", "don-vi", "chat-luong"}
    assert sum(len(board.charts) for board in bundle.dashboards.values()) == len(bundle.charts) > 20
    for board in bundle.dashboards.values():
        names = [one.column for one in board.metadata.native_filter_configuration]
        assert names[:2] == ["ky_loai", "ky"]
        assert names[2:]


def test_a_copy_that_nobody_changed_is_whole(checked, copy):
    assert checked(copy.folder) == []


def test_a_column_that_was_renamed_in_the_warehouse_is_told(checked, copy):
    """As if mart had never had its name: in the dataset, and in each metric that reads it."""
    copy.edit(DATASET, "column_name: gia_tri\n", "column_name: gia_tri_cu\n")
    copy.edit(DATASET, "max(gia_tri)", "max(gia_tri_cu)")
    found = checked(copy.folder)
    assert any(
        line.startswith(f"{DATASET}: columns.20.column_name 'gia_tri_cu' is no column of mart.chi_so_day_du.")
        for line in found
    )
    assert any("'CASE WHEN count(*) = 1 THEN max(gia_tri_cu) END' cannot be asked" in line for line in found)
    assert any('column "gia_tri_cu" does not exist' in line for line in found)
    # And the charts that still say its old name.
    assert any(
        line.startswith(f"{CHART}: params.all_columns.3 names 'gia_tri', which is no column of")
        for line in found
    )


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        (DATASET, "table_name: chi_so_day_du", "table_name: chi_so_gon", "names mart.chi_so_gon, which the"),
        (DATASET, "table_name: chi_so_day_du", "table_name: dong_loi", "BI may not read"),
        (DATASET, "type: NUMERIC", "type: TEXT", "has type TEXT; in mart.chi_so_day_du it is NUMERIC"),
        (DATASET, "main_dttm_col: den_ngay", "main_dttm_col: ngay", "main_dttm_col 'ngay' is not among"),
        (DATASET, "sql: null", "sql: SELECT 1", "field sql: Input should be None (found 'SELECT 1')"),
        (CHART, "    - ten_chi_so\n", "    - ten\n", "params.all_columns.2 names 'ten', which is no column"),
        (CHART, '["thu_tu", true]', '["so_thu_tu", true]', "params.order_by_cols.0 names 'so_thu_tu'"),
        (CHART, "subject: ma_don_vi", "subject: don_vi", "params.adhoc_filters.0.subject names 'don_vi'"),
        (CHART, "    muc_tieu:\n", "    chi_tieu_cu:\n", "params.column_config names 'chi_tieu_cu'"),
        (CHART, "  row_limit:", "  columns: [x]\n  row_limit:", "field params.table.columns: Extra inputs"),
        (RATE, "metric: gia_tri_mot_dong", "metric: gia_tri", "params.metric names 'gia_tri', which"),
        (RATE, "viz_type: big_number_total\nparams", "viz_type: table\nparams", "differ"),
        ("charts/tinh_xu_huong.yaml", "x_axis: den_ngay", "x_axis: thang", "params.x_axis names 'thang'"),
        ("charts/tinh_theo_cap.yaml", "    - ten_cap\n", "    - cap_\n", "groupbyColumns.0 names 'cap_'"),
        ("databases/kho_cchc.yaml", "XXXXXXXXXX", "mat-khau", "sqlalchemy_uri is not"),
        ("databases/kho_cchc.yaml", "localhost", "kho.example.vn", "sqlalchemy_uri is not"),
        ("databases/kho_cchc.yaml", ADDRESS, "'::::'", "sqlalchemy_uri is not"),
        (DATASET, "table_name: chi_so_day_du", "table_name: x.y", "field table_name"),
        (DATASET, "offset: 0\n", "offset: 0\noffset: 1\n", "key 'offset' stands there twice"),
        (RATE, "comparator: dung_han_06a", "comparator: dung_han", "chooses 'dung_han', which is no ma"),
        (RATE, "TONG:toan_tinh", "TONG:tinh", "chooses 'TONG:tinh', which is no ma_don_vi"),
        ("charts/dv_xu_huong.yaml", "- T11\n", "- T111\n", "chooses 'T111', which is no ma_chi_so"),
        ("charts/tinh_xu_huong.yaml", "comparator: thang", "comparator: thg", "chooses 'thg', which is"),
        (RATE, "operator: ==", "operator: equals", "operator 'equals' with operatorId 'EQUALS'"),
        (RATE, "viz_type: big_number_total", "viz_type: big_number_totl", "field viz_type"),
        (DASHBOARD, "                - thang\n", "                - thg\n", "chooses 'thg', which"),
        (DASHBOARD, "value:\n            - thang", "value:\n            - thg", "chooses 'thg', which"),
        ("databases/kho_cchc.yaml", "allow_dml: false", "allow_dml: true", "field allow_dml"),
        (DASHBOARD, "            name: ky\n", "            name: thang\n", ".targets names 'thang'"),
        (DASHBOARD, "col: ky_loai", "col: ky", "defaultDataMask begins with 'ky'"),
        (DASHBOARD, "  - NATIVE_FILTER-ky_loai\n", "  - NATIVE_FILTER-x\n", "names 'NATIVE_FILTER-x'"),
        (DASHBOARD, "      requiredFirst: true\n", "      requiredFirst: false\n", "shown and not applied"),
        (DASHBOARD, "chartId: 101", "chartId: 100", "chartId 100 stands at two places"),
        (DASHBOARD, "sliceName: Tiếp nhận", "sliceName: Nhận", "Expected 'Tiếp nhận': write that"),
        (DASHBOARD, "      - ROW-1\n      - ROW-2", "      - ROW-2", "position.ROW-1 is in no other place"),
    ],
)  # fmt: skip
def test_what_would_not_be_found_is_told_with_file_and_key(checked, copy, file, old, new, told):
    copy.edit(file, old, new, 1)
    found = checked(copy.folder)
    assert any(line.startswith(file) and told in line for line in found), found


@pytest.mark.parametrize(
    "expression",
    [
        "count(*) FROM pg_class --",
        "gia_tri",
        "1",
        "max(gia_tri), max(muc_tieu)",
        "1; COMMIT; SELECT 1",
        "max(gia_tri); COMMIT",
        "pg_sleep(1)",
        "max((SELECT 1))",
        "sum(max(gia_tri))",
        "max(nguoi_nop)",
        "count(*) FILTER (WHERE pg_sleep(9) IS NULL)",
        "max(gia_tri) /* x */",
        "max('x')",
        "(" * 5000 + "count(*)" + ")" * 5000,
        "\u212a(gia_tri)",
        "",
    ],
)
def test_a_metric_that_is_no_aggregate_is_told_before_it_is_asked(checked, copy, expression):
    copy.change(DATASET, lambda content: content["metrics"][0].update(expression=expression))
    [line] = checked(copy.folder)
    assert line.startswith(f"{DATASET}: metrics.0.expression {expression!r} is no metric: ")


@pytest.mark.parametrize(
    "expression",
    [
        "max(gia_tri)",
        "100.0 * count(*) FILTER (WHERE dat) / nullif(count(*), 0)",
        "(SUM(gia_tri) - min(muc_tieu)) / count(DISTINCT ky)",
        "CASE WHEN count(*) <> 1 THEN max(gia_tri) ELSE NULL END",
    ],
)
def test_aggregates_and_arithmetic_of_them_are_metrics(checked, copy, expression):
    copy.change(DATASET, lambda content: content["metrics"][0].update(expression=expression))
    assert checked(copy.folder) == []


def test_what_is_asked_can_change_nothing(bi_world):
    with bi_world.engine.begin() as connection:
        problems(read(), connection)
        with pytest.raises(sa.exc.InternalError, match="read-only transaction"):
            connection.exec_driver_sql("CREATE TABLE mart.x ()")
        connection.rollback()


def test_a_bundle_without_dashboards_is_told(checked, tmp_path):
    shutil.copy(FOLDER / "metadata.yaml", tmp_path)
    found = checked(tmp_path)
    assert [line.split(". ")[0] for line in found] == [
        f"dashboards: no file has slug '{slug}'" for slug in ("toan-tinh", "don-vi", "chat-luong")
    ]


def test_a_dataset_that_no_file_has_is_told(checked, copy):
    (copy.folder / DATASET).unlink()
    found = checked(copy.folder)
    assert any(line.startswith(f"{CHART}: dataset_uuid") and "is no dataset's" in line for line in found)
    assert any(line.startswith(f"{DASHBOARD}: native_filter_configuration.0.targets") for line in found)


def test_a_chart_in_no_dashboard_is_told(checked, copy):
    def without(content: dict) -> None:
        del content["position"]["CHART-tinh_theo_cap"]
        content["position"]["ROW-3"]["children"].remove("CHART-tinh_theo_cap")

    copy.change(DASHBOARD, without)
    found = checked(copy.folder)
    assert any(
        line.startswith("charts/tinh_theo_cap.yaml: uuid") and "so nobody sees 'Chỉ số theo cấp'" in line
        for line in found
    ), found


def test_a_place_whose_chart_is_gone_is_told(checked, copy):
    (copy.folder / RATE).unlink()
    [line] = checked(copy.folder)
    assert line.startswith(f"{DASHBOARD}: position.CHART-tinh_dung_han.meta.uuid")
    assert "is no chart's" in line


def test_two_files_of_one_uuid_are_told(checked, copy):
    shutil.copy(copy.folder / RATE, copy.folder / "charts" / "z.yaml")
    assert any("z.yaml: uuid" in line and RATE in line for line in checked(copy.folder))


@pytest.mark.parametrize(
    "change",
    [
        lambda filters: filters[0]["controlValues"].update(enableEmptyFilter=False),
        lambda filters: filters[0]["controlValues"].update(multiSelect=True),
        lambda filters: filters[0].update(defaultDataMask={"extraFormData": {}, "filterState": {}}),
        lambda filters: filters[0]["scope"]["excluded"].append(106),
    ],
    ids=["can be emptied", "several at once", "begins without a value", "leaves a chart out"],
)
def test_a_chart_that_mixes_kinds_of_periods_is_told(checked, copy, change):
    """A month, the year up to it and its report period have the same name."""
    copy.change(DASHBOARD, lambda content: change(content["metadata"]["native_filter_configuration"]))
    found = checked(copy.folder)
    assert any(
        "chart 'Chỉ số của toàn tỉnh' shows mart.chi_so_day_du and nothing always chooses one ky_loai" in line
        for line in found
    ), found


def test_the_command_says_what_it_looked_at_and_what_is_wrong(bi_world, postgres, copy, capsys):
    dsn = postgres.dsn(bi_world.engine.url.database, "bi", driver="psycopg2")
    assert main(dsn) == 0
    assert "3 dashboards" in capsys.readouterr().out
    copy.edit(RATE, "metric: gia_tri_mot_dong", "metric: x")
    assert main(dsn, copy.folder) == 1
    said = capsys.readouterr().err
    assert said.startswith(f"bi/superset/{RATE}: params.metric names 'x'")
    assert "1 to correct." in said
