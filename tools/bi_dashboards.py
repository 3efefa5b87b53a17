"""The dashboards of bi/superset as records: where charts stand, and with what filters begin."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from cchc.models import Strict
from tools.bi_charts import Version


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
    """Charts below the root, which are all, but for some."""

    rootPath: tuple[Literal["ROOT_ID"]]
    excluded: tuple[int, ...]


class Control(Strict):
    multiSelect: bool
    enableEmptyFilter: bool
    defaultToFirstItem: bool
    inverseSelection: Literal[False]
    searchAllOptions: bool
    sortAscending: bool


class Applied(Strict):
    col: str
    op: Literal["IN"]
    val: tuple[str, ...] = Field(min_length=1)


class Query(Strict):
    filters: tuple[Applied, ...] = Field(default=(), max_length=1)


class Shown(Strict):
    value: tuple[str, ...] = ()
    label: str | None = None


class Mask(Strict):
    """With what a filter begins: what it asks of the warehouse, and what it shows as chosen."""

    extraFormData: Query
    filterState: Shown

    @property
    def applied(self) -> tuple[str, ...]:
        return tuple(value for one in self.extraFormData.filters for value in one.val)


class Filter(Strict):
    """A filter of a dashboard. `requiredFirst`: the first value is not only shown but also applied."""

    id: str
    type: Literal["NATIVE_FILTER"]
    filterType: Literal["filter_select"]
    name: str
    description: str
    targets: tuple[Target, ...] = Field(min_length=1, max_length=1)
    controlValues: Control
    defaultDataMask: Mask
    requiredFirst: bool
    cascadeParentIds: tuple[str, ...]
    scope: Scope

    @property
    def column(self) -> str:
        return self.targets[0].column.name

    @property
    def always_has_a_value(self) -> bool:
        """Whether nobody can take its value away, and it has one from the beginning."""
        begins = self.requiredFirst or bool(self.defaultDataMask.applied)
        return self.controlValues.enableEmptyFilter and begins


# What Superset would fill with ids of charts and names of columns: nothing of it is used.
Nothing = Annotated[dict[str, str], Field(max_length=0)]


class DashboardMetadata(Strict):
    native_filter_configuration: tuple[Filter, ...]
    color_scheme: Literal["supersetColors"]
    cross_filters_enabled: Literal[False]
    refresh_frequency: Literal[0]
    timed_refresh_immune_slices: tuple[()]
    expanded_slices: Nothing
    label_colors: Nothing
    shared_label_colors: tuple[()]
    default_filters: Literal["{}"]
    chart_configuration: Nothing


class Dashboard(Strict):
    dashboard_title: str
    description: str
    # It could load what is elsewhere.
    css: Literal[""]
    slug: str
    certified_by: str
    certification_details: str
    published: Literal[True]
    uuid: UUID
    position: dict[str, Place | Literal["v2"]]
    metadata: DashboardMetadata
    version: Version

    @property
    def places(self) -> dict[str, Place]:
        return {name: place for name, place in self.position.items() if isinstance(place, Place)}

    @property
    def charts(self) -> dict[str, Place]:
        """Its places that hold a chart."""
        return {name: place for name, place in self.places.items() if place.type == "CHART"}
