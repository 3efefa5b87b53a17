"""
### Đối chiếu với hệ thống nguồn

**What** — Asks each source how many things its lists hold, by month of receipt, as at the last moment that
was pulled and loaded, and compares that with the distinct keys in `core` and with what was rejected. It
notices what no single pull can: a row that left a list while another entered.

**When** — Every month on the 2nd at 06:00 (Vietnam), after the daily pulls. By hand: trigger it, or
`python -m cchc reconcile`.

**Inputs** — Connections `cchc_tthc`, `cchc_qlvb`, `cchc_warehouse`, pools `nguon_tthc`, `nguon_qlvb`;
`ops.batch`, `ops.line_finding`, `ops.reject`; `core.ho_so`, `core.danh_gia`, `core.qua_trinh`,
`core.van_ban`, `core.ho_so_cong_viec`.

**Outputs** — `ops.reconciliation`: a row per dataset, moment and month. A source that cannot say its totals
is recorded as `unknown`.

**If it fails** — The message names dataset, months and totals: runbook, section *The source and the warehouse
differ*. Nothing of the warehouse has changed.

**Run again** — Always safe: the same moment replaces its own rows.
"""

from airflow.sdk import dag

from cchc.flow.policy import DEFAULT_ARGS, START, TAGS, monthly, source_end
from cchc.flow.tasks import compare_with


@dag(
    dag_id="reconcile_nguon",
    dag_display_name="Đối chiếu với hệ thống nguồn",
    schedule=monthly(day=2, hour=6),
    start_date=START,
    end_date=source_end(),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    tags=TAGS,
    doc_md=__doc__,
)
def reconcile_nguon() -> None:
    compare_with("tthc").expand(dataset=["ho_so", "danh_gia", "qua_trinh"])
    compare_with("qlvb").expand(dataset=["van_ban", "ho_so_cong_viec"])


reconcile_nguon()
