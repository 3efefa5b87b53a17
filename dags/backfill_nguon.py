"""
### Nạp bù một tháng

**What** — Pulls what changed at every source in one month, whatever of it was pulled before, judges it and
loads it into `core`. Of a dataset of which nothing was pulled from the beginning on, all that was before
comes with the month. The months that changed are marked and not announced, else each would be counted after
each load: who has started the runs has them counted when all are done, or `catch_up_chi_so` in the morning.

**When** — Only when triggered: `python -m cchc backfill` does it for each month of a range, several at a
time.

**Inputs** — Param `ky`. Connections `cchc_tthc`, `cchc_qlvb`, `cchc_warehouse`; pools `nguon_tthc`,
`nguon_qlvb`, `nap_bu`; `core.don_vi`, `core.tthc`, as `backfill_danh_muc` or `ingest_tthc` has loaded them.

**Outputs** — As `ingest_tthc` and `ingest_van_ban`. The watermark of a dataset stays where it is, unless the
month goes on from there. What changes in a closed month waits.

**If it fails** — The task's log says which rule or which file, with counts. Nothing of a failed batch is
loaded; the other datasets and months are.

**Run again** — Always safe: the same data change nothing. `python -m cchc backfill` passes over months that
are loaded.
"""

from airflow.sdk import chain, dag, task_group

from cchc.flow.policy import BACKFILL_ARGS, START, TAGS, month_param
from cchc.flow.tasks import in_background, land_month_from, load_core, validate


@task_group
def ingest(dataset: str, system: str) -> None:
    in_background(load_core)(in_background(validate)(land_month_from(system)(dataset)))


@dag(
    dag_id="backfill_nguon",
    dag_display_name="Nạp bù một tháng",
    schedule=None,
    start_date=START,
    catchup=False,
    max_active_runs=12,
    default_args=BACKFILL_ARGS,
    params={"ky": month_param("2025-01")},
    tags=TAGS,
    doc_md=__doc__,
)
def backfill_nguon() -> None:
    # Ratings and history name dossiers; documents need neither.
    with_dossiers = ingest.override(group_id="kem_ho_so").partial(system="tthc")
    chain(
        ingest.override(group_id="nghiep_vu").partial(system="tthc").expand(dataset=["ho_so"]),
        with_dossiers.expand(dataset=["danh_gia", "qua_trinh"]),
    )
    ingest.override(group_id="van_ban").partial(system="qlvb").expand(dataset=["van_ban", "ho_so_cong_viec"])


backfill_nguon()
