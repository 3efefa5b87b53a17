"""
### Dọn dẹp

**What** — Removes what nobody needs any more. `sweep_leftovers`: what killed processes left (files half
written in the landing area, copies handed in, temporary folders, staging tables of batches that nobody
loads), and spare copies of landed files. `delete_landed`: landed files of loaded batches that are older
than their dataset keeps them.

**When** — Every day at 03:00 (Vietnam).

**Inputs** — Landing area, the folders of `CCHC_INGEST_DIRS`, the folder for temporary files of the worker
that runs it, schema `staging`; `keep_landed_days` in `plugins/cchc/contracts` (730 where a contract says
nothing).

**Outputs** — `ops.sweep`: a row for each kind, how many and how many bytes, also for none.
`ops.deleted_file`: a row for each landed file, with what can no longer be rebuilt;
`ops.batch.file_deleted_at`.

**If it fails** — `delete_landed` names batches whose file lies outside of the landing area; all others are
done. What was not removed is found the next day.

**Run again** — Always safe. Nothing that is younger than a day or that a run works on is touched, and no file
of a batch that is not loaded or waits.
"""

from airflow.sdk import dag

from cchc.flow.policy import DEFAULT_ARGS, START, TAGS, daily
from cchc.flow.tasks import delete_landed, sweep_leftovers


@dag(
    dag_id="tidy_up",
    dag_display_name="Dọn dẹp",
    schedule=daily(3),
    start_date=START,
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    tags=TAGS,
    doc_md=__doc__,
)
def tidy_up() -> None:
    sweep_leftovers()
    delete_landed()


tidy_up()
