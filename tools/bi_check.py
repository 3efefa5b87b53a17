"""Checks that the dashboards in bi/superset ask for nothing that mart does not have.

Walks dashboard → chart → dataset → column. `make bi-check` runs it against the warehouse of this clone.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from uuid import UUID

import sqlalchemy as sa

from tools import bi_metric, bi_values
from tools.bi_bundle import ADDRESS, FOLDER, Bundle, Dataset, read
from tools.bi_charts import Chart, Named
from tools.bi_dashboards import Dashboard, Filter

# Figures of different kinds of periods stand in one table: a chart that forgets this shows a month twice.
NEVER_FORGOTTEN = "ky_loai"
# Where every dashboard begins.
ROOT = "ROOT_ID"
# README and runbook send people to these.
DASHBOARDS = ("toan-tinh", "don-vi", "chat-luong")
TIMES = ("DATE", "TIMESTAMP WITHOUT TIME ZONE", "TIMESTAMP WITH TIME ZONE")
READABLE = """
SELECT a.attname::text, upper(format_type(a.atttypid, NULL))
FROM pg_attribute AS a
WHERE a.attrelid = to_regclass(:relation) AND a.attnum > 0 AND NOT a.attisdropped
    AND has_column_privilege(a.attrelid, a.attnum, 'SELECT')
"""


def problems(bundle: Bundle, connection: sa.Connection) -> list[str]:
    """What is wrong, each as one line: file, key, what it says, what was expected, what to do.

    `connection`: of a login of BI, in a transaction of the caller's that is rolled back; it reads only.
    """
    connection.exec_driver_sql("SET TRANSACTION READ ONLY")
    found = list(bundle.faults)
    found += _missing(bundle)
    found += _twice(bundle)
    found += _databases(bundle)
    for file, dataset in bundle.datasets.items():
        found += _dataset(file, dataset, bundle, connection)
    found += bi_values.problems(bundle)
    datasets = {dataset.uuid: dataset for dataset in bundle.datasets.values()}
    for file, chart in bundle.charts.items():
        found += _chart(file, chart, datasets)
    for file, dashboard in bundle.dashboards.items():
        found += _places(file, dashboard, bundle)
        found += _filters(file, dashboard, datasets)
        found += _forgotten(file, dashboard, bundle, datasets)
    shown = {place.meta.uuid for board in bundle.dashboards.values() for place in board.charts.values()}
    found += [
        f"{file}: uuid {chart.uuid} is in no dashboard, so nobody sees {chart.slice_name!r}. Expected it in "
        "position of a file in dashboards/: give it a place there, or delete the file."
        for file, chart in bundle.charts.items()
        if chart.uuid not in shown
    ]
    return found


def _missing(bundle: Bundle) -> Iterator[str]:
    found = {dashboard.slug for dashboard in bundle.dashboards.values()}
    for slug in DASHBOARDS:
        if slug not in found:
            yield (
                f"dashboards: no file has slug {slug!r}. Expected one for each of {', '.join(DASHBOARDS)}: "
                "put the file back, or correct its slug."
            )


def _twice(bundle: Bundle) -> Iterator[str]:
    for kind in ("databases", "datasets", "charts", "dashboards"):
        first: dict[UUID, str] = {}
        for file, record in getattr(bundle, kind).items():
            other = first.setdefault(record.uuid, file)
            if other != file:
                yield (
                    f"{file}: uuid {record.uuid} is that of {other} too, so that one replaces the other. "
                    "Expected one of its own: python3 -c 'import uuid; print(uuid.uuid4())'."
                )


def _databases(bundle: Bundle) -> Iterator[str]:
    for file, database in bundle.databases.items():
        # What it says instead is not shown: it may hold a password.
        if database.sqlalchemy_uri != ADDRESS:
            yield (
                f"{file}: sqlalchemy_uri is not {ADDRESS}. Expected that: the true address and password are "
                "put in its place when the bundle is imported, and stand in no file."
            )


def _dataset(file: str, dataset: Dataset, bundle: Bundle, connection: sa.Connection) -> Iterator[str]:
    if dataset.database_uuid not in {database.uuid for database in bundle.databases.values()}:
        yield (
            f"{file}: database_uuid {dataset.database_uuid} is no file's. Expected the uuid of a file in "
            "databases/: correct it."
        )
    columns = dict(connection.execute(sa.text(READABLE), {"relation": dataset.relation}).all())
    if not columns:
        yield (
            f"{file}: table_name names {dataset.relation}, which the warehouse does not have or BI may not "
            "read. Expected a table or view of docs/schema.md: correct the name, or grant it to cchc_bi."
        )
        return
    for number, column in enumerate(dataset.columns):
        where = f"{file}: columns.{number}.column_name {column.column_name!r}"
        if column.column_name not in columns:
            yield f"{where} is no column of {dataset.relation}. {_expected(columns)}"
        elif column.type != columns[column.column_name]:
            yield (
                f"{where} has type {column.type}; in {dataset.relation} it is {columns[column.column_name]}. "
                "Write that type."
            )
        elif column.is_dttm != (column.type in TIMES):
            yield (
                f"{where} has is_dttm {column.is_dttm} and type {column.type}. Expected the other: change it."
            )
    if dataset.main_dttm_col and dataset.main_dttm_col not in dataset.column_names:
        yield (
            f"{file}: main_dttm_col {dataset.main_dttm_col!r} is not among its columns. {_expected(columns)}"
        )
    elif dataset.main_dttm_col and columns.get(dataset.main_dttm_col) not in TIMES:
        yield (
            f"{file}: main_dttm_col {dataset.main_dttm_col!r} is no time but "
            f"{columns.get(dataset.main_dttm_col)}. Expected a column of {', '.join(TIMES)}: name one."
        )
    yield from _names_twice(file, dataset)
    for number, metric in enumerate(dataset.metrics):
        where = f"{file}: metrics.{number}.expression {metric.expression!r}"
        try:
            # What it is, before it is asked: text that is run could hold a second statement.
            bi_metric.check(metric.expression, dataset.column_names)
        except bi_metric.NotAMetric as error:
            yield (
                f"{where} is no metric: {error}. Expected an aggregate of its columns, "
                f"{', '.join(bi_metric.FUNCTIONS)}, or plain arithmetic of such: correct it."
            )
            continue
        point = connection.begin_nested()
        try:
            query = f"EXPLAIN SELECT {metric.expression} FROM {dataset.relation}"
            connection.exec_driver_sql(query.replace("%", "%%"))
        except sa.exc.DBAPIError as error:
            said = getattr(getattr(error.orig, "diag", None), "message_primary", None)
            yield (
                f"{where} cannot be asked of {dataset.relation}: {said}. Expected an aggregate of its "
                "columns: correct it."
            )
        finally:
            point.rollback()


def _names_twice(file: str, dataset: Dataset) -> Iterator[str]:
    named = [column.column_name for column in dataset.columns]
    named += [metric.metric_name for metric in dataset.metrics]
    for name in sorted({name for name in named if named.count(name) > 1}):
        yield (
            f"{file}: {name!r} is the name of two columns or metrics, so that one hides the other. Expected "
            "each name once: delete one, or rename the metric."
        )


def _chart(file: str, chart: Chart, datasets: dict[UUID, Dataset]) -> Iterator[str]:
    if chart.viz_type != chart.params.viz_type:
        yield (
            f"{file}: viz_type {chart.viz_type!r} and params.viz_type {chart.params.viz_type!r} differ. "
            "Expected the same: correct one of them."
        )
    dataset = datasets.get(chart.dataset_uuid)
    if dataset is None:
        yield (
            f"{file}: dataset_uuid {chart.dataset_uuid} is no dataset's. Expected the uuid of a file in "
            "datasets/: correct it, or add the dataset."
        )
        return
    yield from _unknown(file, "column", chart.columns(), dataset.column_names, dataset)
    yield from _unknown(file, "metric", chart.metrics(), dataset.metric_names, dataset)


def _unknown(
    file: str, kind: str, named: Iterable[Named], known: set[str], dataset: Dataset
) -> Iterator[str]:
    for key, name in named:
        if name not in known:
            yield (
                f"{file}: {key} names {name!r}, which is no {kind} of {dataset.relation}. {_expected(known)}"
            )


def _expected(names: Iterable[str]) -> str:
    return f"Expected one of {', '.join(sorted(names)) or 'none'}: correct the name, or add it there."


def _places(file: str, dashboard: Dashboard, bundle: Bundle) -> Iterator[str]:
    """Whether every place can be reached, and every chart is there under its name."""
    charts = {chart.uuid: chart for chart in bundle.charts.values()}
    shown = dict(_reached(dashboard))
    for name, place in dashboard.places.items():
        if place.id != name:
            yield f"{file}: position.{name}.id is {place.id!r}. Expected its key: write {name}."
        for child in place.children:
            if child not in dashboard.places:
                yield (
                    f"{file}: position.{name}.children names {child!r}, which is no place. Expected a key of "
                    "position: correct it, or take it out."
                )
        if place.type == "HEADER":
            continue
        if name not in shown:
            yield (
                f"{file}: position.{name} is in no other place that is shown, so nobody sees it. Expected it "
                f"among the children of one below {ROOT}: add it there, or take it out."
            )
        elif place.parents != shown[name]:
            yield (
                f"{file}: position.{name}.parents is {list(place.parents)}: filters do not find it. Expected "
                f"the places that hold it, {list(shown[name])}: write these."
            )
        if place.type != "CHART":
            continue
        chart = charts.get(place.meta.uuid) if place.meta.uuid else None
        if chart is None:
            yield (
                f"{file}: position.{name}.meta.uuid {place.meta.uuid} is no chart's. Expected the uuid of a "
                "file in charts/: correct it, or take the place out."
            )
        elif chart.slice_name != place.meta.sliceName:
            yield (
                f"{file}: position.{name}.meta.sliceName {place.meta.sliceName!r} is not what the chart is "
                f"called. Expected {chart.slice_name!r}: write that."
            )
    ids = [place.meta.chartId for place in dashboard.charts.values()]
    for number in sorted({str(number) for number in ids if ids.count(number) > 1}):
        yield (
            f"{file}: chartId {number} stands at two places of position, so that filters take one chart for "
            "the other. Expected different numbers: change one."
        )


def _reached(dashboard: Dashboard) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each place that is shown, with those that hold it, the root first."""
    waiting: list[tuple[str, tuple[str, ...]]] = [(ROOT, ())]
    seen = set()
    while waiting:
        name, above = waiting.pop()
        if name in dashboard.places and name not in seen:
            seen.add(name)
            yield name, above
            waiting += [(child, (*above, name)) for child in dashboard.places[name].children]


def _filters(file: str, dashboard: Dashboard, datasets: dict[UUID, Dataset]) -> Iterator[str]:
    filters = dashboard.metadata.native_filter_configuration
    names = {one.id for one in filters}
    for number, one in enumerate(filters):
        if one.id in [other.id for other in filters[:number]]:
            yield (
                f"{file}: native_filter_configuration.{number}.id {one.id!r} is that of another filter. "
                "Expected one of its own: change it."
            )
    ids = {place.meta.chartId for place in dashboard.charts.values()}
    for number, one in enumerate(filters):
        where = f"{file}: native_filter_configuration.{number}"
        dataset = datasets.get(one.targets[0].datasetUuid)
        if dataset is None:
            yield (
                f"{where}.targets names dataset {one.targets[0].datasetUuid}, which is no file's. Expected "
                "the uuid of a file in datasets/: correct it."
            )
        elif one.column not in dataset.column_names:
            yield (
                f"{where}.targets names {one.column!r}, which is no column of {dataset.relation}. "
                f"{_expected(dataset.column_names)}"
            )
        yield from _begins(where, one)
        if one.controlValues.defaultToFirstItem != one.requiredFirst:
            yield (
                f"{where}: defaultToFirstItem {one.controlValues.defaultToFirstItem} and requiredFirst "
                f"{one.requiredFirst}: a value would be shown and not applied. Expected both the same."
            )
        for parent in one.cascadeParentIds:
            if parent not in names - {one.id}:
                yield (
                    f"{where}.cascadeParentIds names {parent!r}, which is no other filter. Expected the id "
                    "of one: correct it."
                )
        for excluded in one.scope.excluded:
            if excluded not in ids:
                yield (
                    f"{where}.scope.excluded names chart {excluded}, which has no place here. Expected a "
                    "chartId of position: take it out."
                )


def _begins(where: str, one: Filter) -> Iterator[str]:
    """Whether a filter shows what it asks, and one value where one can be chosen."""
    mask = one.defaultDataMask
    for default in mask.extraFormData.filters:
        if default.col != one.column:
            yield (
                f"{where}.defaultDataMask begins with {default.col!r}. Expected its own column "
                f"{one.column!r}: write that."
            )
    label = ", ".join(mask.filterState.value) or None
    if mask.applied != mask.filterState.value or mask.filterState.label != label:
        yield (
            f"{where}.defaultDataMask asks {list(mask.applied)} and shows {list(mask.filterState.value)}, "
            f"labelled {mask.filterState.label!r}. Expected the same values in extraFormData, in "
            "filterState.value and, with commas, in its label: correct them."
        )
    if len(mask.applied) > 1 and not one.controlValues.multiSelect:
        yield (
            f"{where}.defaultDataMask chooses {len(mask.applied)} values of which only one can be chosen. "
            "Expected one: take the others out."
        )


def _forgotten(
    file: str, dashboard: Dashboard, bundle: Bundle, datasets: dict[UUID, Dataset]
) -> Iterator[str]:
    charts = {chart.uuid: chart for chart in bundle.charts.values()}
    for name, place in dashboard.charts.items():
        chart = charts.get(place.meta.uuid) if place.meta.uuid else None
        dataset = datasets.get(chart.dataset_uuid) if chart else None
        if chart is None or dataset is None or NEVER_FORGOTTEN not in dataset.column_names:
            continue
        of_its_own = any(
            condition.subject == NEVER_FORGOTTEN and condition.operator == "=="
            for condition in chart.params.adhoc_filters
        )
        if not of_its_own and not any(
            _reaches(one, place.meta.chartId) for one in dashboard.metadata.native_filter_configuration
        ):
            yield (
                f"{file}: position.{name}: chart {chart.slice_name!r} shows {dataset.relation} and nothing "
                f"always chooses one {NEVER_FORGOTTEN}. Expected a required filter of the dashboard with a "
                "default value, or one of the chart: add it, or a month is shown once for each kind."
            )


def _reaches(one: Filter, chart_id: int | None) -> bool:
    return (
        one.column == NEVER_FORGOTTEN
        and one.always_has_a_value
        and not one.controlValues.multiSelect
        and chart_id not in one.scope.excluded
    )


def main(dsn: str, folder: Path = FOLDER) -> int:
    """Prints what is wrong, or what was looked at; returns the exit code. `dsn`: as the BI login enters."""
    bundle = read(folder)
    engine = sa.create_engine(dsn, poolclass=sa.pool.NullPool)
    with engine.connect() as connection:
        found = problems(bundle, connection)
    for problem in found:
        print(f"bi/superset/{problem}", file=sys.stderr)
    if found:
        print(f"{len(found)} to correct.", file=sys.stderr)
        return 1
    columns = sum(len(dataset.columns) for dataset in bundle.datasets.values())
    print(
        f"{len(bundle.dashboards)} dashboards, {len(bundle.charts)} charts, {len(bundle.datasets)} datasets, "
        f"{columns} columns: mart has them all."
    )
    return 0
