"""
### Tính lại chỉ số của một tháng

**What** — Counts one month again from `core` when its data or definitions changed, with whatever other months
wait, as they share periods, and brings `mart` in line for every period that holds a part of it:
the month (`thang`), the year to date that ends with it (`luy_ke`), its quarter, half-year and year (`quy`,
`nua_nam`, `nam`), and the report periods from the 15th to the 14th (`ky_bao_cao`). A period that is closed
is left as it is: what differs from it is found last, and waits.

**When** — Once for every partition (month) of asset `thang_co_thay_doi`, right after a load that touched it.
By hand: trigger with partition key or param `ky`, for example 2025-03.

**Inputs** — Dossiers and ratings (`core.ho_so`, `core.danh_gia`), documents and work dossiers
(`core.van_ban`, `core.ho_so_cong_viec`), declarations (`core.khai_bao`); the catalogue (`core.tthc`,
`core.tthc_don_vi`); units and who answers for them (`core.don_vi`, `core.don_vi_tra_loi`); definitions and
targets in `sql/indicators`, points in `sql/reference/thang_diem_766.csv`, deadlines in
`sql/reference/ky_han.csv` by `core.lich`; `ops.period`, and `ops.batch` for the last day that data speak of.

**Outputs** — Figures: `mart.chi_so`, `mart.bieu_06a`, `mart.diem_766` (months only), and their periods in
`mart.ky`. Every changed figure in `ops.figure_change`. What the files define: `mart.dinh_nghia`,
`mart.muc_tieu`, `mart.thang_diem_766`, `core.do_luong`, `core.ky_han`, `core.han_nop`, functions
`tinh_chi_so` and `tinh_bieu_06a` in `core` and `mart`. Counts by half month: `core.tong_hop`,
`core.tong_hop_linh_vuc`, `core.tong_hop_tthc`, `core.doan`. What is done: `ops.period`, `ops.period_written`.

**If it fails** — The month keeps its former figures and stays marked in `ops.period`; `catch_up_chi_so`
tries again every day. A mistake in a definition is named with file and field, and nothing is counted.

**Run again** — Always safe. A month whose data and definitions did not change is left as it is, as is one
that a run for another month has counted.
"""

from airflow.sdk import IdentityMapper, PartitionedAssetTimetable, dag

from cchc.flow.assets import THANG_CO_THAY_DOI
from cchc.flow.counting import refresh
from cchc.flow.policy import DEFAULT_ARGS, START, TAGS, month_param


@dag(
    dag_id="refresh_chi_so",
    dag_display_name="Tính lại chỉ số của một tháng",
    schedule=PartitionedAssetTimetable(assets=THANG_CO_THAY_DOI, default_partition_mapper=IdentityMapper()),
    start_date=START,
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    params={"ky": month_param()},
    tags=TAGS,
    doc_md=__doc__,
)
def refresh_chi_so() -> None:
    refresh()


refresh_chi_so()
