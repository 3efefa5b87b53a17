"""The charts of bi/superset as records: which settings each kind has, and which of them name columns.

A setting that is not listed here is refused, since nobody would know whether it names a column.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, Field, model_validator

from cchc.models import Strict

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
WITH_MANY, WITH_NONE = ("IN", "NOT IN"), ("IS NULL", "IS NOT NULL", "IS TRUE", "IS FALSE")
Version = Literal["1.0.0"]
# How numbers and times are written, of what d3 knows: what it does not know it shows as an error.
NumberFormat = Annotated[str, Field(pattern=r"^\+?,?(\.\d)?~?[df%]$")]
TimeFormat = Annotated[str, Field(pattern=r"^%[dmYHMS]([/: -]%[dmYHMS])*$")]
# A setting of a chart that names columns, the key by which it stands in the file → the column that it names.
Named = tuple[str, str]


def _an_order(text: str) -> str:
    """["ky", true] as text: the column, and whether upwards."""
    try:
        column, upwards = json.loads(text)
        known = isinstance(column, str) and isinstance(upwards, bool)
    except (ValueError, TypeError):
        known = False
    if not known:
        raise ValueError(f'{text!r} is no order. Expected a column and whether upwards: ["ky", true]')
    return text


class Condition(Strict):
    clause: Literal["WHERE"]
    expressionType: Literal["SIMPLE"]
    subject: str
    operator: str
    operatorId: str
    comparator: str | int | float | bool | tuple[str, ...] | None = None

    @model_validator(mode="after")
    def _known(self) -> Self:
        if OPERATORS.get(self.operator) != self.operatorId:
            raise ValueError(
                f"operator {self.operator!r} with operatorId {self.operatorId!r}. Expected one of "
                f"{', '.join(f'{sign} with {name}' for sign, name in OPERATORS.items())}"
            )
        if self.operator in WITH_NONE:
            expected, fits = "none", self.comparator is None
        elif self.operator in WITH_MANY:
            expected, fits = (
                "a list with values",
                isinstance(self.comparator, tuple) and bool(self.comparator),
            )
        else:
            expected, fits = (
                "one value",
                self.comparator is not None and not isinstance(self.comparator, tuple),
            )
        if not fits:
            raise ValueError(
                f"comparator {self.comparator!r} of operator {self.operator}. Expected {expected}"
            )
        return self


class _Settings(Strict):
    """What every kind has."""

    adhoc_filters: tuple[Condition, ...]

    def metrics_named(self) -> Iterator[Named]:
        return iter(())

    def columns_named(self) -> Iterator[Named]:
        return iter(())


class BigNumber(_Settings):
    viz_type: Literal["big_number_total"]
    metric: str
    y_axis_format: NumberFormat
    subheader: str
    header_font_size: float = Field(gt=0, le=1)
    subheader_font_size: float = Field(gt=0, le=1)

    def metrics_named(self) -> Iterator[Named]:
        yield "params.metric", self.metric


class _Series(_Settings):
    x_axis: str
    metrics: tuple[str, ...] = Field(min_length=1)
    groupby: tuple[str, ...]
    row_limit: int = Field(ge=1)
    order_desc: bool
    show_legend: bool
    legendType: Literal["scroll"]
    legendOrientation: Literal["bottom"]
    rich_tooltip: bool
    y_axis_format: NumberFormat
    y_axis_bounds: tuple[float | None, float | None]
    truncateYAxis: bool
    color_scheme: Literal["supersetColors"]

    def metrics_named(self) -> Iterator[Named]:
        return _each("metrics", self.metrics)

    def columns_named(self) -> Iterator[Named]:
        yield "params.x_axis", self.x_axis
        yield from _each("groupby", self.groupby)


class Line(_Series):
    viz_type: Literal["echarts_timeseries_line"]
    time_grain_sqla: Literal["P1M"]
    seriesType: Literal["line"]
    markerEnabled: bool
    markerSize: int = Field(ge=1)
    x_axis_time_format: TimeFormat
    tooltipTimeFormat: TimeFormat


class Bar(_Series):
    viz_type: Literal["echarts_timeseries_bar"]
    orientation: Literal["horizontal", "vertical"]


class Pivot(_Settings):
    viz_type: Literal["pivot_table_v2"]
    groupbyRows: tuple[str, ...] = Field(min_length=1)
    groupbyColumns: tuple[str, ...]
    metrics: tuple[str, ...] = Field(min_length=1)
    metricsLayout: Literal["COLUMNS", "ROWS"]
    aggregateFunction: Literal["Maximum"]
    valueFormat: NumberFormat
    rowOrder: Literal["key_a_to_z"]
    colOrder: Literal["key_a_to_z"]
    row_limit: int = Field(ge=1)
    rowTotals: Literal[False]
    colTotals: Literal[False]
    order_desc: bool

    def metrics_named(self) -> Iterator[Named]:
        return _each("metrics", self.metrics)

    def columns_named(self) -> Iterator[Named]:
        yield from _each("groupbyRows", self.groupbyRows)
        yield from _each("groupbyColumns", self.groupbyColumns)


class ColumnLooks(Strict):
    d3NumberFormat: NumberFormat | None = None
    columnWidth: int | None = Field(default=None, ge=1)


class Table(_Settings):
    viz_type: Literal["table"]
    query_mode: Literal["raw"]
    all_columns: tuple[str, ...] = Field(min_length=1)
    order_by_cols: tuple[Annotated[str, AfterValidator(_an_order)], ...]
    row_limit: int = Field(ge=1)
    server_pagination: bool
    page_length: int = Field(ge=0)
    include_search: bool
    show_cell_bars: bool
    color_pn: bool
    table_timestamp_format: TimeFormat
    column_config: dict[str, ColumnLooks]

    def columns_named(self) -> Iterator[Named]:
        yield from _each("all_columns", self.all_columns)
        yield from _each("order_by_cols", [json.loads(text)[0] for text in self.order_by_cols])
        for name in self.column_config:
            yield "params.column_config", name


def _each(setting: str, names: Any) -> Iterator[Named]:
    for number, name in enumerate(names):
        yield f"params.{setting}.{number}", name


Kind = Literal[
    "big_number_total", "echarts_timeseries_bar", "echarts_timeseries_line", "pivot_table_v2", "table"
]
Params = Annotated[BigNumber | Line | Bar | Pivot | Table, Field(discriminator="viz_type")]


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
        return self.params.metrics_named()

    def columns(self) -> Iterator[Named]:
        """Each column that it names, after where it does."""
        yield from self.params.columns_named()
        for number, condition in enumerate(self.params.adhoc_filters):
            yield f"params.adhoc_filters.{number}.subject", condition.subject
