"""
### Nạp bù danh mục

**What** — Brings the organisation in line with the files in `sql/reference`, then pulls the lists of units
and procedures as they stood at the end of a month, with all their versions: what the months of a backfill
are judged by. Once, before its months: after each list that is loaded, what is being loaded is judged anew.

**When** — Only when triggered, by `python -m cchc backfill` with the last month of its range.

**Inputs** — Param `ky`. Connections `cchc_tthc`, `cchc_warehouse`; pools `nguon_tthc`, `nap_bu`; files
`don_vi.csv`, `ke_thua.csv`, `ten_goi_khac.csv` in `sql/reference`.

**Outputs** — As `ingest_tthc`, of units and procedures.

**If it fails** — The task's log says which rule or which file, with counts. Nothing of a failed batch is
loaded, and no month of the backfill is begun.

**Run again** — Always safe. The same data change nothing; an earlier list takes nothing from a later one.
"""

from airflow.sdk import chain, dag, task_group

from cchc.flow.policy import BACKFILL_ARGS, START, TAGS, month_param
from cchc.flow.tasks import in_background, land_month_from, load_core, reference, validate


@task_group
def ingest(dataset: str) -> None:
    in_background(load_core)(in_background(validate)(land_month_from("tthc")(dataset)))


@dag(
    dag_id="backfill_danh_muc",
    dag_display_name="Nạp bù danh mục",
    schedule=None,
    start_date=START,
    catchup=False,
    max_active_runs=1,
    default_args=BACKFILL_ARGS,
    params={"ky": month_param("2025-01")},
    tags=TAGS,
    doc_md=__doc__,
)
def backfill_danh_muc() -> None:
    chain(reference(), ingest.override(group_id="danh_muc").expand(dataset=["don_vi", "tthc"]))


backfill_danh_muc()
