"""
### Nạp một tệp

**What** — Loads one file by hand: a corrected export, a vendor's XLSX, a procedure catalogue of the national
portal.

**When** — Only when triggered.

**Inputs** — Files below the folders of `CCHC_INGEST_DIRS`, by default `incoming` of the landing area, where
`python -m cchc ingest DATASET FILE` puts a copy for the run: .xlsx, .csv, .json and what else docs/inputs.md
names, of `CCHC_INGEST_MAX_MB` at most; regular files of one name, no links. Params: `dataset`; `sha256` of
the file, as `sha256sum` prints it, or nothing for the only file that waits there, which was not landed as
this dataset before; `extracted_at`, when the export was made, only if the file does not say so. No param
takes a path: it may hold somebody's name, and Airflow keeps what a run was given.

**Outputs** — As `ingest_tthc`.

**If it fails** — Nothing is loaded. The message names file, line or column, what was expected and what to do.
`land_file`: no such file is there, or several wait: the message lists their sums, trigger again with one;
or it is a link, too large or still written to, or no export of the dataset for any reader; nothing is kept.

**Run again** — Always safe: the same file is recognised by its sha-256 and changes nothing.
"""

from airflow.sdk import Param, dag

from cchc.flow.counting import announce_when_done
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
        "sha256": Param(
            None,
            type=["null", "string"],
            pattern="^[0-9A-Fa-f]{64}$",
            title="SHA-256 của tệp",
            description="Như sha256sum in ra; để trống khi chỉ có một tệp đang chờ trong thư mục nhận tệp "
            "(CCHC_INGEST_DIRS), khi có nhiều thì thông báo lỗi liệt kê",
        ),
        "extracted_at": Param(
            None,
            type=["null", "string"],
            format="date-time",
            pattern=r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})?)?$",
            title="Thời điểm xuất",
            description="Giờ Việt Nam; chỉ cần khi tệp không tự ghi",
        ),
    },
    tags=TAGS,
    doc_md=__doc__,
)
def ingest_file() -> None:
    announce_when_done(load_core(validate(land_file())))


ingest_file()
