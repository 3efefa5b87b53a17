"""Whether the values that filters and conditions of the dashboards choose are codes that mart can hold.

A code that nothing has shows an empty chart, and no error.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from datetime import date
from typing import Any

from cchc.contracts import contracts
from cchc.errors import CchcError
from cchc.figures.definitions import indicators
from cchc.periods import parse_period
from cchc.vietnamese import LEVELS, PERIOD_KINDS, STATES, UNITS
from tools.bi_bundle import Bundle, Dataset
from tools.bi_charts import WITH_NONE, Condition

# trang_thai of this one says how a maximum is known.
OF_766, STATES_766 = "diem_766", ("van_ban", "quan_sat", "chua_xac_nhan")
# Words that views of mart make, and the empty field of form II.06a, which is all of them.
MADE_BY_VIEWS = {
    "ten_ky_loai": tuple(PERIOD_KINDS.values()),
    "ten_cap": tuple(LEVELS.values()),
    "ket_qua": ("Không có giá trị", "Không có chỉ tiêu", "Đạt", "Chưa đạt"),
    "tinh_trang": ("Chờ tính lại", "Đã tính"),
    "don_vi_tinh": ("%", "điểm", "số"),
    "chieu": ("tang", "giam"),
    "muc_do": ("loai", "canh_bao"),
    "ma_linh_vuc": ("",),
}
NUMBERS = ("BIGINT", "INTEGER", "SMALLINT", "NUMERIC", "DOUBLE PRECISION")
ALWAYS = ("IS NULL", "IS NOT NULL")
CHOOSING = ("==", "IN")


def problems(bundle: Bundle) -> Iterator[str]:
    """Each value that is no code of its column, or of another kind than it, as one line."""
    datasets = {dataset.uuid: dataset for dataset in bundle.datasets.values()}
    for file, chart in bundle.charts.items():
        chosen = [one.subject for one in chart.params.adhoc_filters if one.operator in CHOOSING]
        for number, condition in enumerate(chart.params.adhoc_filters):
            where = f"{file}: params.adhoc_filters.{number}"
            if condition.operator in CHOOSING and chosen.count(condition.subject) > 1:
                yield (
                    f"{where}.subject chooses {condition.subject!r} twice. Expected one condition that does: "
                    "take the others out."
                )
            if dataset := datasets.get(chart.dataset_uuid):
                yield from _condition(where, dataset, condition)
    for file, dashboard in bundle.dashboards.items():
        for number, one in enumerate(dashboard.metadata.native_filter_configuration):
            where = f"{file}: native_filter_configuration.{number}.defaultDataMask"
            if dataset := datasets.get(one.targets[0].datasetUuid):
                # What is applied, and what is shown as chosen.
                for values in (one.defaultDataMask.applied, one.defaultDataMask.filterState.value):
                    yield from _unknown(where, dataset.table_name, one.column, values)


def _condition(where: str, dataset: Dataset, condition: Condition) -> Iterator[str]:
    types = {column.column_name: column.type for column in dataset.columns}
    kind = types.get(condition.subject)
    if kind is None or condition.operator in ALWAYS:
        # That there is no such column is told elsewhere.
        return
    value = condition.comparator
    if (kind == "BOOLEAN") is not (condition.operator in WITH_NONE):
        yield (
            f"{where}.operator {condition.operator} does not go with {condition.subject!r}, which is {kind}. "
            "Expected IS TRUE or IS FALSE for BOOLEAN and nothing else: correct it."
        )
    elif kind == "BOOLEAN":
        return
    elif not _fits(kind, value):
        yield (
            f"{where}.comparator {value!r} cannot be compared with {condition.subject!r}, which is {kind}. "
            "Expected text for text, a number for a number, 2025-03-31 for a day: correct it."
        )
    elif kind == "TEXT":
        values = value if isinstance(value, tuple) else (value,)
        yield from _unknown(f"{where}.comparator", dataset.table_name, condition.subject, values)


def _fits(kind: str, value: object) -> bool:
    if kind in NUMBERS:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if kind == "TEXT":
        return isinstance(value, str | tuple)
    try:
        return isinstance(value, str) and bool(date.fromisoformat(value))
    except ValueError:
        return False


def _codes(table: str, column: str) -> Collection[str] | None:
    """The codes that a column can hold; None where they are not listed anywhere."""
    if column == "trang_thai" and table == OF_766:
        return STATES_766
    names = [one.ten for one in indicators().values()]
    return MADE_BY_VIEWS.get(column) or {
        "ky_loai": PERIOD_KINDS,
        "cap": LEVELS,
        "trang_thai": STATES,
        "loai": UNITS,
        "ma_chi_so": indicators(),
        "ten_chi_so": names,
        "dataset": contracts(),
    }.get(column)


def _unknown(where: str, table: str, column: str, values: Iterable[Any]) -> Iterator[str]:
    codes = _codes(table, column)
    # Units are data, but the sums of levels have fixed names.
    sums = [f"TONG:{level}" for level in LEVELS]
    for value in values:
        expected = codes
        if column == "ma_don_vi":
            if not str(value).startswith("TONG:"):
                continue
            expected = sums
        if column == "ky":
            expected = [value] if _is_period(value) else ["2025-03", "2025-Q1", "2025"]
        if expected is None:
            yield (
                f"{where} chooses {value!r} of {column!r}, and nobody knows whether mart has that. "
                "Expected a column whose codes are listed: choose by its code instead."
            )
        elif value not in expected:
            yield (
                f"{where} chooses {value!r}, which is no {column}. Expected one of "
                f"{', '.join(sorted(expected))}: correct it."
            )


def _is_period(value: Any) -> bool:
    for kind in PERIOD_KINDS:
        with suppress(CchcError):
            return bool(parse_period(kind, str(value)))
    return False
