"""The dashboards in bi/superset as records: what their files may say, and how one leads to another.

A setting that is not listed here is refused, since nobody would know whether it names a column.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from uuid import UUID

from pydantic import Field

from cchc.errors import BadDefinition
from cchc.models import Record, Strict, read_yaml
from tools.bi_charts import Chart, NumberFormat, Version
from tools.bi_dashboards import Dashboard

# Jinja, with which Superset makes SQL from what a page says.
TEMPLATE = re.compile(r"\{[{%#]")
FOLDER = Path(__file__).parents[1] / "bi" / "superset"
# bi/superset/prepare.py looks for it.
ADDRESS = "postgresql+psycopg2://bi:XXXXXXXXXX@localhost:5432/cchc"


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
    d3format: NumberFormat
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
                if TEMPLATE.search(path.read_text(encoding="utf-8")):
                    faults.append(
                        f"{name}: it holds {{{{ or {{%, which Superset may run as a template. Expected none."
                    )
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
