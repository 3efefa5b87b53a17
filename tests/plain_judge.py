"""What Great Expectations finds in a batch, asked of PostgreSQL directly.

For tests that are not about judging, where it would be most of the time, and for `make test-fast`. The others
compare the two on each batch that they judge.
"""

from typing import Any

import sqlalchemy as sa

from cchc.judging.judge import run_suite


def count_violations(
    url: str, view: str, suite: dict[str, Any], parameters: dict[str, Any]
) -> dict[str, dict[str, Any]]:
    """As run_suite; a suite that PostgreSQL refuses is left to it, which says what is wrong."""
    engine = sa.create_engine(url, poolclass=sa.pool.NullPool)
    counts = [_count(view, expectation) for expectation in suite["expectations"]]
    try:
        with engine.connect() as connection:
            row = connection.exec_driver_sql(
                f"SELECT {', '.join(counts) or 'NULL'} FROM {view}".replace("%", "%%")
            ).one()
    except sa.exc.DBAPIError:
        return run_suite(url, view, suite, parameters)
    outcomes = {}
    for expectation, observed in zip(suite["expectations"], row, strict=False):
        wanted = parameters["stated_total"] if expectation["type"] == TOTAL else 0
        outcomes[expectation["meta"]["rule_id"]] = {
            "success": observed == wanted,
            "observed": observed,
            "error": None,
        }
    return outcomes


def run_suite_and_compare(
    url: str, view: str, suite: dict[str, Any], parameters: dict[str, Any]
) -> dict[str, dict[str, Any]]:
    """What run_suite returns, after an assertion that counting plainly gives the same."""
    outcomes = run_suite(url, view, suite, parameters)
    if not any(outcome["error"] for outcome in outcomes.values()):
        assert count_violations(url, view, suite, parameters) == outcomes
    return outcomes


TOTAL = "expect_table_row_count_to_equal"


def _count(view: str, expectation: dict[str, Any]) -> str:
    kind, given = expectation["type"], expectation["kwargs"]
    if kind == TOTAL:
        return "count(*)"
    if kind == "expect_rows_to_satisfy":
        return f"count(*) FILTER (WHERE ({given['condition']}) IS FALSE)"
    if kind == "expect_groups_to_satisfy":
        return (
            f"(SELECT count(*) FROM (SELECT ({given['condition']}) AS holds FROM {view} "
            f"GROUP BY {given['group']}) AS groups WHERE holds IS FALSE)"
        )
    raise AssertionError(f"unknown expectation {kind}: teach tests/plain_judge.py how it counts")
