"""
### Nạp phiếu khai báo

**What** — Loads the declaration forms that units put into the drop folder: lands each file, judges it by the
suite of `khai_bao`, loads it, and announces the months that changed.

**When** — Every hour at minute 15. A file that was written to in the last minute is left for the next hour.

**Inputs** — Folder `CCHC_FORM_DIR` with forms (.xlsx, as `make form` writes and signs them) and tables (.csv,
with the code of the unit's form in each line), of 16 MB at most, also in folders below it; where the variable
is not set there is nothing to do. `CCHC_FORM_KEY`, by which forms are known. `core.don_vi`;
`sql/reference/so_lieu_khai_bao.csv`. Param `lap_lai` tries stopped files again.

**Outputs** — `ops.batch`, `ops.validation_result`, `ops.reject`, `ops.form_not_taken`; `core.khai_bao`, shown
as `mart.khai_bao`; one partition of asset `thang_co_thay_doi` per month touched. Files stay where they are.

**If it fails** — `validate`: nothing of that file is loaded; one whose code is not that of its unit and month
needs a new form. `tell_rejected`: all of it but the lines named. The other files are loaded. Each is reported
once, and again when it was changed: the unit puts a corrected form into the folder. `land_form`: what lies
there is no file that may be opened (a pipe, a hard link, too large, not readable): take it away.

**Run again** — Always safe: a file of the same bytes is recognised by its sha-256 and changes nothing.
"""

from airflow.sdk import Param, XComArg, dag, task_group

from cchc.flow.counting import announce_when_done
from cchc.flow.policy import DEFAULT_ARGS, START, TAGS, hourly
from cchc.flow.tasks import find_forms, land_form, load_core, tell_rejected, validate


@task_group
def ingest(path: str) -> XComArg:
    # Each judge takes 270 MB.
    judged = validate.override(max_active_tis_per_dag=2)(land_form(path))
    loaded = load_core(judged)
    tell_rejected(loaded)
    return loaded


@dag(
    dag_id="ingest_khai_bao",
    dag_display_name="Nạp phiếu khai báo",
    schedule=hourly(minute=15),
    start_date=START,
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    params={"lap_lai": Param(False, type="boolean", title="Thử lại cả tệp đã bị dừng")},
    tags=TAGS,
    doc_md=__doc__,
)
def ingest_khai_bao() -> None:
    announce_when_done(ingest.expand(path=find_forms()))


ingest_khai_bao()
