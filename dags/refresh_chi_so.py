"""
### Tính lại chỉ số của một tháng

**What** — Counts one month again from `core` and brings `mart.chi_so` in line: the month and the year to date
that ends with it.

**When** — Once for every partition (month) of asset `thang_co_thay_doi`, right after a load that touched it.
By hand: trigger with partition key or param `ky`, for example 2025-03.

**Inputs** — `core.ho_so`, `core.tthc_don_vi`, `core.don_vi`; definitions and targets in `sql/indicators`.

**Outputs** — `mart.chi_so`, `core.tong_hop`; every changed figure in `ops.figure_change`.

**If it fails** — The month keeps its former figures and stays marked in `ops.period`; `catch_up_chi_so` tries
again every day.

**Run again** — Always safe. A month whose data and definitions did not change is left as it is.
"""

from airflow.sdk import IdentityMapper, Param, PartitionedAssetTimetable, dag

from cchc.flow.assets import THANG_CO_THAY_DOI
from cchc.flow.policy import DEFAULT_ARGS, START, TAGS
from cchc.flow.tasks import refresh


@dag(
    dag_id="refresh_chi_so",
    dag_display_name="Tính lại chỉ số của một tháng",
    schedule=PartitionedAssetTimetable(assets=THANG_CO_THAY_DOI, default_partition_mapper=IdentityMapper()),
    start_date=START,
    catchup=False,
    max_active_runs=3,
    default_args=DEFAULT_ARGS,
    params={"ky": Param(None, type=["null", "string"], pattern=r"^\d{4}-(0[1-9]|1[0-2])$", title="Tháng")},
    tags=TAGS,
    doc_md=__doc__,
)
def refresh_chi_so() -> None:
    refresh()


refresh_chi_so()
