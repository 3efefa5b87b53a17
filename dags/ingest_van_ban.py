"""
### Nạp dữ liệu hệ thống quản lý văn bản

**What** — Pulls changed documents and work dossiers from the document-management system (QLVB&ĐH), judges
them, loads them into `core`, and announces the months that changed.

**When** — Every day at 00:30 (Vietnam), after `ingest_tthc` has begun with the units, for what changed until
midnight since the last loaded pull, with one day of overlap.

**Inputs** — Connection `cchc_qlvb` (address, client id, secret), connection `cchc_warehouse`, pool
`nguon_qlvb`; `core.don_vi`.

**Outputs** — `ops.batch`, `ops.validation_result`, `ops.reject`; `core.van_ban`, `core.ho_so_cong_viec`; one
partition of asset `thang_co_thay_doi` per month touched.

**If it fails** — The task's log says which rule or which file, with counts. Nothing of a failed batch is
loaded and the watermark stays, so the next run pulls the same window again. A single secret document stops
its batch: only how many there are is told, and the landed file has to be handed to whoever answers for them.

**Run again** — Always safe: clear the failed task. The same data change nothing.
"""

from airflow.sdk import XComArg, dag, task_group

from cchc.flow.counting import announce_when_done
from cchc.flow.policy import DEFAULT_ARGS, START, TAGS, daily, source_end
from cchc.flow.tasks import land_from, load_core, validate


@task_group
def ingest(dataset: str) -> XComArg:
    return load_core(validate(land_from("qlvb")(dataset)))


@dag(
    dag_id="ingest_van_ban",
    dag_display_name="Nạp dữ liệu hệ thống quản lý văn bản",
    schedule=daily(0, minute=30),
    start_date=START,
    end_date=source_end(minute=30),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    tags=TAGS,
    doc_md=__doc__,
)
def ingest_van_ban() -> None:
    announce_when_done(*(ingest.override(group_id=name)(name) for name in ("van_ban", "ho_so_cong_viec")))


ingest_van_ban()
