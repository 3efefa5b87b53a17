"""
### Nạp dữ liệu hệ thống TTHC

**What** — Brings the organisation in line with the files in `sql/reference`, then pulls units, procedures,
changed dossiers, new ratings and status history from the TTHC system, judges them, loads them into `core`,
and announces the months that changed.

**When** — Every day at 00:00 (Vietnam), for what changed until then since the last loaded pull, with one day
of overlap.

**Inputs** — Files `don_vi.csv`, `ke_thua.csv`, `ten_goi_khac.csv` in `sql/reference`; connection `cchc_tthc`
(address, client id, secret), connection `cchc_warehouse`, pool `nguon_tthc`.

**Outputs** — `ops.batch`, `ops.validation_result`, `ops.reject`; `core.don_vi`, `core.ke_thua`, `core.tthc`,
`core.ho_so`, `core.danh_gia`, `core.qua_trinh`; in `ops.don_vi_khac_tham_chieu` what a source says of units
otherwise than the files; one partition of asset `thang_co_thay_doi` per month touched.

**If it fails** — The task's log says which rule or which file, with counts. Nothing of a failed batch is
loaded and the watermark stays, so the next run pulls the same window again.

**Run again** — Always safe: clear the failed task. The same data change nothing.
"""

from airflow.sdk import chain, dag, task_group

from cchc.flow.policy import DEFAULT_ARGS, START, TAGS, daily, source_end
from cchc.flow.tasks import land_from, load_core, reference, validate


@task_group
def ingest(dataset: str) -> None:
    load_core(validate(land_from("tthc")(dataset)))


@dag(
    dag_id="ingest_tthc",
    dag_display_name="Nạp dữ liệu hệ thống TTHC",
    schedule=daily(0),
    start_date=START,
    end_date=source_end(),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    tags=TAGS,
    doc_md=__doc__,
)
def ingest_tthc() -> None:
    # Dossiers are judged against units and procedures, ratings and history against dossiers.
    chain(
        reference(),
        ingest.override(group_id="danh_muc").expand(dataset=["don_vi", "tthc"]),
        ingest.override(group_id="nghiep_vu").expand(dataset=["ho_so"]),
        ingest.override(group_id="kem_ho_so").expand(dataset=["danh_gia", "qua_trinh"]),
    )


ingest_tthc()
