"""Great Expectations expectations for rules written as a SQL condition over rows or groups of rows.

Imported only in cchc.judge: Great Expectations takes seconds and 200 MB to import.

Why not the stock column expectations: the rejected rows must be selected by the very condition
that was judged, results must never carry raw values, and all rules must be one scan. Stock map
expectations answer the first with an index query per rule, return values, and none lets two
columns of a joined row be compared with a reason. Here a suite holds one condition a rule; Great
Expectations counts its violations in one bundled aggregate; `cchc.judging.validation` selects by the same.
"""

from typing import Any, ClassVar

from great_expectations.compatibility.sqlalchemy import sqlalchemy as sa
from great_expectations.core.metric_domain_types import MetricDomainTypes
from great_expectations.core.metric_function_types import MetricPartialFunctionTypes
from great_expectations.execution_engine import SqlAlchemyExecutionEngine
from great_expectations.expectations.expectation import BatchExpectation
from great_expectations.expectations.metrics.metric_provider import metric_partial, metric_value
from great_expectations.expectations.metrics.table_metric_provider import TableMetricProvider


class RowsBreakingCondition(TableMetricProvider):
    """Number of rows for which a SQL condition is false; NULL passes, as in a CHECK constraint."""

    metric_name = "table.rows_breaking_condition"
    value_keys = ("condition",)

    @metric_partial(
        engine=SqlAlchemyExecutionEngine,
        partial_fn_type=MetricPartialFunctionTypes.AGGREGATE_FN,
        domain_type=MetricDomainTypes.TABLE,
    )
    def _sqlalchemy(
        cls,
        execution_engine: Any,
        metric_domain_kwargs: Any,
        metric_value_kwargs: Any,
        metrics: Any,
        runtime_configuration: Any,
    ) -> Any:
        condition = sa.literal_column(f"({metric_value_kwargs['condition']})", sa.Boolean)
        return sa.func.count().filter(condition.is_(False)), metric_domain_kwargs, {}


class GroupsBreakingCondition(TableMetricProvider):
    """Number of groups of rows for which a SQL condition over the group is false; NULL passes."""

    metric_name = "table.groups_breaking_condition"
    value_keys = ("group", "condition")

    @metric_value(engine=SqlAlchemyExecutionEngine)
    def _sqlalchemy(
        cls,
        execution_engine: Any,
        metric_domain_kwargs: Any,
        metric_value_kwargs: Any,
        metrics: Any,
        runtime_configuration: Any,
    ) -> Any:
        rows, _, _ = execution_engine.get_compute_domain(metric_domain_kwargs, MetricDomainTypes.TABLE)
        condition = sa.literal_column(f"({metric_value_kwargs['condition']})", sa.Boolean)
        groups = (
            sa.select(condition.label("holds"))
            .select_from(rows)
            .group_by(sa.column(metric_value_kwargs["group"]))
            .subquery()
        )
        broken = sa.select(sa.func.count()).select_from(groups).where(groups.c.holds.is_(False))
        return execution_engine.execute_query(broken).scalar_one()


class ExpectRowsToSatisfy(BatchExpectation):
    """Every row satisfies a SQL condition over the columns of the batch.

    The result holds counts only: `observed_value` (rows that break it) and `element_count`.
    """

    condition: str
    metric_dependencies: ClassVar[tuple[str, ...]] = (
        "table.rows_breaking_condition",
        "table.row_count",
    )
    success_keys: ClassVar[tuple[str, ...]] = ("condition",)

    def _validate(
        self, metrics: Any, runtime_configuration: Any = None, execution_engine: Any = None
    ) -> dict[str, Any]:
        broken = metrics["table.rows_breaking_condition"]
        return {
            "success": broken == 0,
            "result": {"observed_value": broken, "element_count": metrics["table.row_count"]},
        }


class ExpectGroupsToSatisfy(BatchExpectation):
    """Every group of rows with the same value of a column satisfies a SQL condition of aggregates.

    The result holds one count only: `observed_value`, the groups that break it.
    """

    group: str
    condition: str
    metric_dependencies: ClassVar[tuple[str, ...]] = ("table.groups_breaking_condition",)
    success_keys: ClassVar[tuple[str, ...]] = ("group", "condition")

    def _validate(
        self, metrics: Any, runtime_configuration: Any = None, execution_engine: Any = None
    ) -> dict[str, Any]:
        broken = metrics["table.groups_breaking_condition"]
        return {"success": broken == 0, "result": {"observed_value": broken}}
