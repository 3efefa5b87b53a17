"""The dashboards in bi/superset as records: what their files may say, and how one leads to another.

A setting that is not listed here is refused, since nobody would know whether it names a column.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from cchc.errors import BadDefinition
from cchc.models import Record, Strict, read_yaml

FOLDER = Path(__file__).parents[1] / "bi" / "superset"
# bi/superset/prepare.py looks for it.
ADDRESS = "postgresql+psycopg2://bi:XXXXXXXXXX@localhost:5432/cchc"
# How Superset calls each operator.
OPERATORS = {
    "==": "EQUALS",
    "!=": "NOT_EQUALS",
    "<": "LESS_THAN",
    "<=": "LESS_THAN_OR_EQUAL",
    ">": "GREATER_THAN",
    ">=": "GREATER_THAN_OR_EQUAL",
    "IN": "IN",
    "NOT IN": "NOT_IN",
    "IS NULL": "IS_NULL",
    "IS NOT NULL": "IS_NOT_NULL",
    "IS TRUE": "IS_TRUE",
    "IS FALSE": "IS_FALSE",
}
# The kinds of charts whose settings are listed below.
Kind = Literal[
    "big_number_total", "echarts_timeseries_bar", "echarts_timeseries_line", "pivot_table_v2", "table"
]
Version = Literal["1.0.0"]
# A setting of a chart that names columns, the key by which it stands in the file → the column that it names.
Named = tuple[str, str]


class Metadata(Strict):
    version: Version
    type: Literal["assets"]
    timestamp: str


class Database(Strict):
    database_name: str
    sqlalchemy_uri: str
    cache_timeout: int | None
    expose_in_sqllab: bool
    allow_run_async: Literal[False]
    allow_ctas: Literal[False]
    allow_cvas: Literal[False]
    allow_dml: Literal[False]
    allow_csv_upload: Literal[False]
    extra: dict[str, bool]
    uuid: UUID
    version: Version


class Column(Strict):
    column_name: str
    verbose_name: str
    is_dttm: bool
    is_active: Literal[True]
    type: str
    groupby: bool
    filterable: bool
    expression: None
    description: str | None
    python_date_format: None


class Metric(Strict):
    metric_name: str
    verbose_name: str
    metric_type: None
    expression: str
    description: str | None
    d3format: str
    currency: None
    extra: None
    warning_text: None


class Dataset(Strict):
    """A table or view of mart; `sql` is None, since a question in SQL belongs in a view with comments."""

    table_name: str = Field(pattern=r"^[a-z_][a-z0-9_]*$")
    main_dttm_col: str | None
    description: str
    default_endpoint: None
    offset: Literal[0]
    cache_timeout: int | None
    catalog: None
    schema_: Literal["mart"] = Field(alias="schema")
    sql: None
    params: None
    template_params: None
    filter_select_enabled: bool
    fetch_values_predicate: None
    extra: None
    normalize_columns: bool
    always_filter_main_dttm: bool
    uuid: UUID
    metrics: tuple[Metric, ...]
    columns: tuple[Column, ...]
    version: Version
    database_uuid: UUID

    @property
    def relation(self) -> str:
        return f"{self.schema_}.{self.table_name}"

    @property
    def column_names(self) -> set[str]:
        return {column.column_name for column in self.columns}

    @property
    def metric_names(self) -> set[str]:
        return {metric.metric_name for metric in self.metrics}


class Condition(Strict):
    clause: Literal["WHERE"]
    expressionType: Literal["SIMPLE"]
    subject: str
    operator: str
    operatorId: str
    comparator: str | int | bool | list[str] | None = None

    @model_validator(mode="after")
    def _known(self) -> Self:
        if OPERATORS.get(self.operator) != self.operatorId:
            raise ValueError(
                f"operator {self.operator!r} with operatorId {self.operatorId!r}. Expected one of "
                f"{', '.join(f'{sign} with {name}' for sign, name in OPERATORS.items())}"
            )
        return self


class Params(Strict):
    """The settings of a chart: those that name columns or metrics, and those of looks only."""

    viz_type: Kind
    adhoc_filters: tuple[Condition, ...] = ()
    metric: str | None = None
    metrics: tuple[str, ...] = ()
    groupby: tuple[str, ...] = ()
    groupbyRows: tuple[str, ...] = ()
    groupbyColumns: tuple[str, ...] = ()
    all_columns: tuple[str, ...] = ()
    order_by_cols: tuple[str, ...] = ()
    column_config: dict[str, dict[str, Any]] = Field(default_factory=dict)
    x_axis: str | None = None
    # Looks.
    query_mode: Literal["raw"] | None = None
    aggregateFunction: str | None = None
    colOrder: str | None = None
    colTotals: bool | None = None
    color_pn: bool | None = None
    color_scheme: str | None = None
    header_font_size: float | None = None
    include_search: bool | None = None
    legendOrientation: str | None = None
    legendType: str | None = None
    markerEnabled: bool | None = None
    markerSize: int | None = None
    metricsLayout: str | None = None
    order_desc: bool | None = None
    orientation: str | None = None
    page_length: int | None = None
    rich_tooltip: bool | None = None
    rowOrder: str | None = None
    rowTotals: bool | None = None
    row_limit: int | None = None
    seriesType: str | None = None
    server_pagination: bool | None = None
    show_cell_bars: bool | None = None
    show_legend: bool | None = None
    subheader: str | None = None
    subheader_font_size: float | None = None
    table_timestamp_format: str | None = None
    time_grain_sqla: str | None = None
    tooltipTimeFormat: str | None = None
    truncateYAxis: bool | None = None
    valueFormat: str | None = None
    x_axis_time_format: str | None = None
    y_axis_bounds: tuple[float | None, ...] | None = None
    y_axis_format: str | None = None


class Chart(Strict):
    slice_name: str
    description: str | None
    certified_by: str | None
    certification_details: str | None
    viz_type: Kind
    params: Params
    query_context: None
    cache_timeout: int | None
    uuid: UUID
    version: Version
    dataset_uuid: UUID

    def metrics(self) -> Iterator[Named]:
        """Each metric that it shows, after where it says so."""
        if self.params.metric:
            yield "params.metric", self.params.metric
        for number, name in enumerate(self.params.metrics):
            yield f"params.metrics.{number}", name

    def columns(self) -> Iterator[Named]:
        """Each column that it names, after where it does."""
        for setting in ("groupby", "groupbyRows", "groupbyColumns", "all_columns"):
            for number, name in enumerate(getattr(self.params, setting)):
                yield f"params.{setting}.{number}", name
        if self.params.x_axis:
            yield "params.x_axis", self.params.x_axis
        for number, condition in enumerate(self.params.adhoc_filters):
            yield f"params.adhoc_filters.{number}.subject", condition.subject
        for number, text in enumerate(self.params.order_by_cols):
            # ["ky", true] as text: the column, and whether upwards.
            yield f"params.order_by_cols.{number}", text.strip('[]"').partition('"')[0]
        for name in self.params.column_config:
            yield "params.column_config", name


class Meta(Strict):
    """What a place in a dashboard holds; the first four are those of a chart."""

    chartId: int | None = None
    uuid: UUID | None = None
    sliceName: str | None = None
    height: int | None = None
    width: int | None = None
    text: str | None = None
    background: str | None = None


class Place(Strict):
    type: Literal["ROOT", "GRID", "HEADER", "ROW", "CHART"]
    id: str
    children: tuple[str, ...] = ()
    parents: tuple[str, ...] = ()
    meta: Meta = Meta()


class TargetColumn(Strict):
    name: str


class Target(Strict):
    datasetUuid: UUID
    column: TargetColumn


class Scope(Strict):
    rootPath: tuple[str, ...]
    excluded: tuple[int, ...]


class Control(Strict):
    multiSelect: bool
    enableEmptyFilter: bool
    defaultToFirstItem: bool
    inverseSelection: Literal[False]
    searchAllOptions: bool
    sortAscending: bool


class Filter(Strict):
    """A filter of a dashboard. `requiredFirst`: the first value is not only shown but also applied."""

    id: str
    type: Literal["NATIVE_FILTER"]
    filterType: Literal["filter_select"]
    name: str
    description: str
    targets: tuple[Target, ...] = Field(min_length=1, max_length=1)
    controlValues: Control
    defaultDataMask: dict[str, Any]
    requiredFirst: bool
    cascadeParentIds: tuple[str, ...]
    scope: Scope

    @property
    def column(self) -> str:
        return self.targets[0].column.name

    @property
    def always_has_a_value(self) -> bool:
        """Whether nobody can take its value away, and it has one from the beginning."""
        begins = self.requiredFirst or bool(self.defaultDataMask.get("filterState", {}).get("value"))
        return self.controlValues.enableEmptyFilter and begins


class DashboardMetadata(Strict):
    native_filter_configuration: tuple[Filter, ...]
    color_scheme: str
    cross_filters_enabled: bool
    refresh_frequency: int
    timed_refresh_immune_slices: tuple[int, ...]
    expanded_slices: dict[str, Any]
    label_colors: dict[str, str]
    shared_label_colors: tuple[str, ...]
    default_filters: str
    chart_configuration: dict[str, Any]


class Dashboard(Strict):
    dashboard_title: str
    description: str
    css: str
    slug: str
    certified_by: str
    certification_details: str
    published: Literal[True]
    uuid: UUID
    position: dict[str, Place | str]
    metadata: DashboardMetadata
    version: Version

    @property
    def places(self) -> dict[str, Place]:
        return {name: place for name, place in self.position.items() if isinstance(place, Place)}

    @property
    def charts(self) -> dict[str, Place]:
        """Its places that hold a chart."""
        return {name: place for name, place in self.places.items() if place.type == "CHART"}


@dataclass(frozen=True)
class Bundle:
    """All files, by their path below the folder; `faults`: what is no such file, each as one line."""

    databases: dict[str, Database]
    datasets: dict[str, Dataset]
    charts: dict[str, Chart]
    dashboards: dict[str, Dashboard]
    faults: list[str]


def read(folder: Path = FOLDER) -> Bundle:
    """The bundle in a folder; a file that cannot be read is one of its faults."""
    faults: list[str] = []

    def files(part: str, model: type[Record]) -> dict[str, Record]:
        found: dict[str, Record] = {}
        paths = sorted((folder / part).rglob("*.yaml")) if part != "metadata.yaml" else [folder / part]
        for path in paths:
            name = path.relative_to(folder).as_posix()
            try:
                found[name] = read_yaml(path, name, model)
            except BadDefinition as error:
                faults.append(str(error))
            except FileNotFoundError:
                faults.append(f"{name}: there is no such file. Expected version, type and timestamp in it.")
        return found

    files("metadata.yaml", Metadata)
    return Bundle(
        files("databases", Database),
        files("datasets", Dataset),
        files("charts", Chart),
        files("dashboards", Dashboard),
        faults,
    )
