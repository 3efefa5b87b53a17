"""Whether the values that filters and conditions of the dashboards choose are codes that mart can hold.

A code that nothing has shows an empty chart, and no error.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any
from uuid import UUID

from cchc.figures.definitions import indicators
from cchc.vietnamese import LEVELS, PERIOD_KINDS, STATES, UNITS
from tools.bi_bundle import Bundle

# trang_thai of this one says how a maximum is known.
OF_766, STATES_766 = "diem_766", ("van_ban", "quan_sat", "chua_xac_nhan")


def problems(bundle: Bundle) -> Iterator[str]:
    """Each value that is no code of its column, as one line."""
    tables = {dataset.uuid: dataset.table_name for dataset in bundle.datasets.values()}
    for file, chart in bundle.charts.items():
        for number, condition in enumerate(chart.params.adhoc_filters):
            where = f"{file}: params.adhoc_filters.{number}.comparator"
            yield from _unknown(where, tables, chart.dataset_uuid, condition.subject, condition.comparator)
    for file, dashboard in bundle.dashboards.items():
        for number, one in enumerate(dashboard.metadata.native_filter_configuration):
            where = f"{file}: native_filter_configuration.{number}.defaultDataMask"
            mask = one.defaultDataMask
            chosen = [default.get("val") for default in mask.get("extraFormData", {}).get("filters", [])]
            # What is applied, and what is shown as chosen.
            for values in (*chosen, mask.get("filterState", {}).get("value")):
                yield from _unknown(where, tables, one.targets[0].datasetUuid, one.column, values)


def _codes(table: str | None, column: str) -> Collection[str] | None:
    """The codes that a column can hold; None where they are not listed anywhere."""
    if column == "trang_thai" and table == OF_766:
        return STATES_766
    return {
        "ky_loai": PERIOD_KINDS,
        "cap": LEVELS,
        "trang_thai": STATES,
        "loai": UNITS,
        "ma_chi_so": indicators(),
    }.get(column)


def _unknown(where: str, tables: dict[UUID, str], dataset: UUID, column: str, values: Any) -> Iterator[str]:
    codes = _codes(tables.get(dataset), column)
    # Units are data, but the sums of levels have fixed names.
    sums = [f"TONG:{level}" for level in LEVELS]
    for value in values if isinstance(values, list) else [] if values is None else [values]:
        expected = codes
        if column == "ma_don_vi" and str(value).startswith("TONG:"):
            expected = sums
        if expected is not None and value not in expected:
            yield (
                f"{where} chooses {value!r}, which is no {column}. Expected one of "
                f"{', '.join(sorted(expected))}: correct it."
            )
