"""
### Nạp dữ liệu hệ thống TTHC

**What** — Brings the organisation in line with the files in `sql/reference`, pulls units, procedures, changed
dossiers, new ratings and status history from the TTHC system meanwhile, judges them in this order, loads them
into `core`, and announces the months that changed: when all is done, whatever became of each list.

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

from airflow.sdk import XComArg, chain, dag, task_group

from cchc.flow.counting import announce_when_done
from cchc.flow.policy import DEFAULT_ARGS, START, TAGS, daily, source_end
from cchc.flow.tasks import land_from, load_core, reference, validate


@task_group
def ingest(dataset: str, after: list[XComArg]) -> XComArg:
    # All lists are pulled at once: only what judges them needs what `after` loads.
    landed = land_from("tthc")(dataset)
    judged = validate(landed)
    chain(after, judged)
    return load_core(judged)


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
    organisation = reference()
    lists = [ingest.override(group_id=name)(name, after=[organisation]) for name in ("don_vi", "tthc")]
    dossiers = ingest.override(group_id="ho_so")("ho_so", after=lists)
    of_dossiers = [
        ingest.override(group_id=name)(name, after=[dossiers]) for name in ("danh_gia", "qua_trinh")
    ]
    announce_when_done(organisation, *lists, dossiers, *of_dossiers)


ingest_tthc()
