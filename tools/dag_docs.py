"""Writes docs/dags.md from the DAGs themselves; with --check only says whether it is up to date.

Needs no database and no running Airflow. What belongs to one machine (time, ports, the end of a
simulated source) does not get into the page.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tools.markdown import table, write_or_check

if TYPE_CHECKING:
    from airflow.dag_processing.dagbag import DagBag

REPO = Path(__file__).resolve().parents[1]
PAGE = REPO / "docs" / "dags.md"
OF_THIS_MACHINE = ("CCHC_", "AIRFLOW")
INTRODUCTION = (
    "# DAGs\n\nWritten by `make docs` from the files in `dags/`; a test fails when it is stale. "
    "Do not edit it by hand."
)


@contextmanager
def read_dags() -> Iterator["DagBag"]:
    """All DAGs of the repository, as Airflow reads them anywhere."""
    before = os.environ.copy()
    with tempfile.TemporaryDirectory(prefix="cchc-dags-") as home:
        for name in list(os.environ):
            if name.startswith(OF_THIS_MACHINE):
                del os.environ[name]
        os.environ |= {
            "AIRFLOW_HOME": home,
            "AIRFLOW__CORE__DAGS_FOLDER": str(REPO / "dags"),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(REPO / "plugins"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
        }
        try:
            # Airflow reads its settings when it is imported.
            from airflow.dag_processing.dagbag import DagBag  # noqa: PLC0415

            yield DagBag(dag_folder=REPO / "dags")
        finally:
            os.environ.clear()
            os.environ.update(before)


def render(bag: "DagBag") -> str:
    """The page in Markdown; raises ValueError when a DAG file cannot be read."""
    if bag.import_errors:
        raise ValueError("\n".join(f"{file}\n{trace}" for file, trace in bag.import_errors.items()))
    dags = [bag.dags[dag_id] for dag_id in sorted(bag.dags)]
    schedules = [
        (f"[`{dag.dag_id}`](#{dag.dag_id})", dag.dag_display_name, *_schedule(dag.timetable)) for dag in dags
    ]
    parts = [
        INTRODUCTION,
        "## Schedules",
        table(("DAG", "Tên hiển thị", "When", "Cron", "Time zone"), schedules),
    ]
    for dag in dags:
        parts += _dag(dag)
    parts += ["## Assets", table(("Asset", "Address", "Group", "Filled by", "Starts"), _assets(dags))]
    return "\n\n".join(parts) + "\n"


def _dag(dag: Any) -> list[str]:
    # The docstring's own title becomes a subtitle: the page has one outline.
    title, _, manual = (dag.doc_md or "").strip().partition("\n")
    parts = [f"## {dag.dag_id}", f"*{title.lstrip('# ')}*", manual.strip()]
    params = [
        (
            f"`{name}`",
            param.schema.get("title", ""),
            _type(param.schema),
            _code(dag.params.dump()[name]),
            param.description or "",
        )
        for name, param in ((name, dag.params.get_param(name)) for name in dag.params)
    ]
    if params:
        parts += ["Params", table(("Param", "Tên", "Type", "Default", "Mô tả"), params)]
    tasks = [
        (
            f"`{task.task_id}`" + (" (mapped)" if _mapped(task) else ""),
            task.task_display_name,
            _purpose(task),
            f"`{task.pool}`",
            str(task.execution_timeout or "none"),
            str(task.retries),
            ", ".join(f"`{asset.name}`" for asset in task.outlets),
        )
        for task in dag.topological_sort()
    ]
    columns = ("Task", "Tên hiển thị", "What it does", "Pool", "Timeout", "Retries", "Outlets")
    return [*parts, "Tasks, in order", table(columns, tasks)]


def _schedule(timetable: Any) -> tuple[str, str, str]:
    """When in words, the cron expression, the time zone."""
    import cron_descriptor  # noqa: PLC0415 - comes with Airflow

    if expression := getattr(timetable, "expression", None):
        options = cron_descriptor.Options()
        options.use_24hour_time_format = True
        options.verbose = True
        words = cron_descriptor.get_description(expression, options)
        return words, f"`{expression}`", str(timetable.timezone)
    if assets := _awaited(timetable):
        each = "once for each partition of" if "Partitioned" in type(timetable).__name__ else "after"
        return f"{each} asset {', '.join(f'`{asset.name}`' for asset in assets)}", "", ""
    return "only when triggered", "", ""


def _awaited(timetable: Any) -> list[Any]:
    """The assets that start a DAG; none for one that a clock or a person starts."""
    condition = getattr(timetable, "asset_condition", None)
    return list(getattr(condition, "objects", [condition])) if condition else []


def _assets(dags: list[Any]) -> list[tuple[str, ...]]:
    assets, makers, readers = {}, {}, {}
    for dag in dags:
        for task in dag.tasks:
            for asset in task.outlets:
                assets[asset.name] = asset
                makers.setdefault(asset.name, []).append(f"`{dag.dag_id}.{task.task_id}`")
        for asset in _awaited(dag.timetable):
            assets[asset.name] = asset
            readers.setdefault(asset.name, []).append(f"`{dag.dag_id}`")
    return [
        (
            f"`{name}`",
            f"`{asset.uri}`",
            asset.group,
            ", ".join(makers.get(name, [])),
            ", ".join(readers.get(name, [])),
        )
        for name, asset in sorted(assets.items())
    ]


def _mapped(task: Any) -> bool:
    return task.is_mapped or any(True for _ in task.iter_mapped_task_groups())


def _purpose(task: Any) -> str:
    """What the task's function says of itself, or the first line of what its operator does."""
    said = getattr(task, "python_callable", type(task)).__doc__ or ""
    return said.strip() if hasattr(task, "python_callable") else said.strip().splitlines()[0]


def _type(schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return " · ".join(_code(value) for value in schema["enum"])
    types = schema.get("type", "any")
    text = types if isinstance(types, str) else " or ".join(types)
    hints = [schema[key] for key in ("format", "pattern") if key in schema]
    return text + "".join(f", {_code(hint)}" for hint in hints)


def _code(value: object) -> str:
    return "" if value is None else f"`{value}`"


def main(arguments: list[str]) -> int:
    """Writes the page; with --check leaves it alone and returns 1 when it is not up to date."""
    parser = argparse.ArgumentParser(prog="python -m tools.dag_docs", description=__doc__)
    parser.add_argument("--check", action="store_true", help="exit with 1 when the page is stale")
    options = parser.parse_args(arguments)
    with read_dags() as bag:
        try:
            page = render(bag)
        except ValueError as error:
            print(f"DAG files that cannot be read, so {PAGE.name} cannot be made:\n{error}", file=sys.stderr)
            return 1
    return write_or_check(PAGE, page, options.check)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
