"""What Superset would take and mart cannot answer, or answers otherwise than it looks, is told."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.bi.test_bundle import CHART, DASHBOARD, DATASET, RATE

LINE, BAR, PIVOT = "charts/tinh_xu_huong.yaml", "charts/cl_loi_theo_bo.yaml", "charts/tinh_theo_cap.yaml"
Change = Callable[[dict], Any]


def mask(**values: Any) -> Change:
    """The filter of kinds of periods begins otherwise."""
    return lambda content: content["metadata"]["native_filter_configuration"][0]["defaultDataMask"].update(
        values
    )


def asks(*values: str, op: str = "IN", **more: Any) -> dict:
    return {"extraFormData": {"filters": [{"col": "ky_loai", "op": op, "val": list(values)}]} | more}


def shows(*values: str) -> dict:
    return {"filterState": {"value": list(values), "label": ", ".join(values)}}


def scope(*root: str) -> Change:
    return lambda content: content["metadata"]["native_filter_configuration"][0]["scope"].update(
        rootPath=list(root)
    )


def metadata(**values: Any) -> Change:
    return lambda content: content["metadata"].update(values)


def params(**values: Any) -> Change:
    return lambda content: content["params"].update(values)


def without(name: str) -> Change:
    return lambda content: content["params"].pop(name)


def where(subject: str, operator: str, comparator: Any = None) -> Change:
    names = {"==": "EQUALS", ">": "GREATER_THAN", "IN": "IN", "IS TRUE": "IS_TRUE"}
    condition = {
        "clause": "WHERE",
        "expressionType": "SIMPLE",
        "subject": subject,
        "operator": operator,
        "operatorId": names[operator],
        "comparator": comparator,
    }
    return lambda content: content["params"]["adhoc_filters"].append(condition)


def place(name: str, **values: Any) -> Change:
    return lambda content: content["position"].setdefault(name, {}).update(values)


SQL = [{"expressionType": "SQL", "sqlExpression": "khong_co = 1", "clause": "WHERE"}]
# What is changed → file, how, what is told.
BAD: dict[str, tuple[str, Change, str]] = {
    "SQL in a filter": (DASHBOARD, mask(**asks("thang", adhoc_filters=SQL)), "adhoc_filters: Extra inputs"),
    "a filter's time column": (
        DASHBOARD,
        mask(**asks("thang", granularity_sqla="x")),
        "granularity_sqla: Extra",
    ),
    "shown and not asked": (DASHBOARD, mask(extraFormData={}), "asks [] and shows ['thang']"),
    "asked and not shown": (DASHBOARD, mask(filterState={}), "asks ['thang'] and shows []"),
    "shown otherwise than asked": (DASHBOARD, mask(**asks("quy")), "asks ['quy'] and shows ['thang']"),
    "labelled otherwise": (
        DASHBOARD,
        mask(filterState={"value": ["thang"], "label": "quy"}),
        "labelled 'quy'",
    ),
    "two of which one": (
        DASHBOARD,
        mask(**asks("quy", "thang"), **shows("quy", "thang")),
        "chooses 2 values",
    ),
    "NOT IN": (DASHBOARD, mask(**asks("thang", op="NOT IN")), "op: Input should be 'IN'"),
    "below another root": (DASHBOARD, scope("KHONG_CO"), "scope.rootPath.0: Input should be 'ROOT_ID'"),
    "below none": (DASHBOARD, scope(), "scope.rootPath.0: Field required"),
    "CSS": (
        DASHBOARD,
        lambda content: content.update(css="@import url(https://x.example/x.css);"),
        "field css",
    ),
    "old filters": (DASHBOARD, metadata(default_filters='{"1":{"khong_co":["x"]}}'), "default_filters"),
    "cross filters": (DASHBOARD, metadata(chart_configuration={"99": {"id": 99}}), "chart_configuration"),
    "no children": (DASHBOARD, place("ROOT_ID", children=[]), "position.GRID_ID is in no other place"),
    "another id": (
        DASHBOARD,
        place("CHART-tinh_dat", id="CHART-x"),
        "position.CHART-tinh_dat.id is 'CHART-x'",
    ),
    "other parents": (DASHBOARD, place("CHART-tinh_dat", parents=["ROOT_ID"]), "filters do not find it"),
    "a ring of places": (
        DASHBOARD,
        place("ROW-x", type="ROW", id="ROW-x", children=["ROW-x"], parents=["ROOT_ID"]),
        "position.ROW-x is in no other place that is shown",
    ),
    "two filters of one id": (
        DASHBOARD,
        lambda content: content["metadata"]["native_filter_configuration"][2].update(id="NATIVE_FILTER-ky"),
        "is that of another filter",
    ),
    "order by a word": (CHART, params(order_by_cols=["thu_tu"]), "'thu_tu' is no order"),
    "order by half a list": (CHART, params(order_by_cols=['["thu_tu"']), "is no order"),
    "order by two columns": (CHART, params(order_by_cols=['["thu_tu", "ky"]']), "is no order"),
    "a big number of nothing": (RATE, without("metric"), "metric: Field required"),
    "a line over nothing": (LINE, without("x_axis"), "x_axis: Field required"),
    "a line of nothing": (LINE, without("metrics"), "metrics: Field required"),
    "bars of nothing": (BAR, params(metrics=[]), "metrics"),
    "a pivot by nothing": (PIVOT, params(groupbyRows=[]), "groupbyRows"),
    "a table of nothing": (CHART, params(all_columns=[]), "all_columns"),
    "a table of no rows": (CHART, params(row_limit=0), "row_limit"),
    "a setting of another kind": (RATE, params(all_columns=["ky"]), "all_columns: Extra inputs"),
    "a text as time": (DATASET, lambda content: content.update(main_dttm_col="ky"), "is no time but TEXT"),
    "a column twice": (
        DATASET,
        lambda content: content["columns"].append(content["columns"][0]),
        "'ky_loai' is the name of two columns or metrics",
    ),
    "a metric twice": (
        DATASET,
        lambda content: content["metrics"].append(content["metrics"][0] | {"expression": "count(*)"}),
        "'gia_tri_mot_dong' is the name of two columns or metrics",
    ),
    "a metric called as a column": (
        DATASET,
        lambda content: content["metrics"].append(content["metrics"][0] | {"metric_name": "ky"}),
        "'ky' is the name of two columns or metrics",
    ),
    "no d3 format of a metric": (
        DATASET,
        lambda content: content["metrics"][0].update(d3format="khong_phai"),
        "metrics.0.d3format",
    ),
    "no d3 format of a column": (
        CHART,
        lambda content: content["params"]["column_config"]["gia_tri"].update(d3NumberFormat="khong;;phai"),
        "d3NumberFormat",
    ),
    "no format of times": (LINE, params(x_axis_time_format="thang"), "x_axis_time_format"),
    "text for a number": (
        RATE,
        where("gia_tri", "==", "abc"),
        "cannot be compared with 'gia_tri', which is NUM",
    ),
    "a number for text": (
        RATE,
        where("ten_cap", "==", 1),
        "cannot be compared with 'ten_cap', which is TEXT",
    ),
    "IS TRUE of text": (RATE, where("ten_don_vi", "IS TRUE"), "does not go with 'ten_don_vi'"),
    "== of a truth": (RATE, where("dat", "==", True), "does not go with 'dat'"),
    "no day": (
        RATE,
        where("den_ngay", ">", "khong phai ngay"),
        "cannot be compared with 'den_ngay', which is DATE",
    ),
    "IN one value": (RATE, where("ten_cap", "IN", "Huyện"), "Expected a list with values"),
    "IN none": (RATE, where("ten_cap", "IN", []), "Expected a list with values"),
    "== of a list": (RATE, where("ten_cap", "==", ["Huyện"]), "Expected one value"),
    "== of nothing": (RATE, where("ten_cap", "=="), "Expected one value"),
    "IS TRUE of something": (RATE, where("dat", "IS TRUE", "x"), "Expected none"),
    "a template": (RATE, where("ma_don_vi", "==", "{{ filter_values('x') }}"), "run as a template"),
    "no words of a level": (
        RATE,
        where("ten_cap", "==", "Xã phường"),
        "chooses 'Xã phường', which is no ten_cap",
    ),
    "no words of a result": (RATE, where("ket_qua", "==", "Chua dat"), "which is no ket_qua"),
    "no period": (RATE, where("ky", "==", "2025-13"), "chooses '2025-13', which is no ky"),
    "a name that is data": (RATE, where("ten_don_vi", "==", "Sở X"), "nobody knows whether mart has that"),
    "two kinds at once": (LINE, where("ky_loai", "==", "quy"), "chooses 'ky_loai' twice"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_mart_cannot_answer_is_told(checked, copy, name):
    file, change, told = BAD[name]
    copy.change(file, change)
    found = checked(copy.folder)
    assert any(line.startswith(file) and told in line for line in found), found


@pytest.mark.parametrize(
    "change",
    [
        where("ten_cap", "IN", ["Huyện", "Xã, phường"]),
        where("ky", "==", "2025-Q1"),
        where("den_ngay", ">", "2025-03-31"),
        where("gia_tri", ">", 99.5),
        where("ket_qua", "==", "Chưa đạt"),
        where("dat", "IS TRUE"),
    ],
)
def test_what_mart_can_answer_is_not_told(checked, copy, change):
    copy.change(RATE, change)
    assert checked(copy.folder) == []
