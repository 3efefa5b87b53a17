"""
### Nạp một tệp

**What** — Loads one file by hand: a corrected export, a vendor's XLSX, a procedure catalogue of the national
portal.

**When** — Only when triggered.

**Inputs** — Params: `dataset`; `path` (.xlsx, .csv, .json), absolute, below a folder of `CCHC_INGEST_DIRS`:
by default `incoming` of the landing area, where `python -m cchc ingest DATASET FILE` puts a copy for the run,
and of `CCHC_INGEST_MAX_MB` at most; a regular file of one name, no part of its path a link;
`extracted_at`, when the export was made, only if the file does not say so.

**Outputs** — As `ingest_tthc`.

**If it fails** — Nothing is loaded. The message names file, line or column, what was expected and what to do.
`land_file`: the file lies elsewhere, is a link, too large or still written to, or is no export of the dataset
for any reader; nothing of it is kept.

**Run again** — Always safe: the same file is recognised by its sha-256 and changes nothing.
"""

from airflow.sdk import Param, dag

from cchc.flow.policy import DEFAULT_ARGS, START, TAGS, dataset_param
from cchc.flow.tasks import land_file, load_core, validate


@dag(
    dag_id="ingest_file",
    dag_display_name="Nạp một tệp",
    schedule=None,
    start_date=START,
    catchup=False,
    max_active_runs=4,
    default_args=DEFAULT_ARGS,
    params={
        "dataset": dataset_param(),
        "path": Param(
            "",
            type="string",
            minLength=1,
            title="Đường dẫn tệp",
            description="Tuyệt đối, trên máy chạy tác vụ, trong thư mục được phép (CCHC_INGEST_DIRS)",
        ),
        "extracted_at": Param(
            None,
            type=["null", "string"],
            format="date-time",
            title="Thời điểm xuất",
            description="Giờ Việt Nam; chỉ cần khi tệp không tự ghi",
        ),
    },
    tags=TAGS,
    doc_md=__doc__,
)
def ingest_file() -> None:
    load_core(validate(land_file()))


ingest_file()
