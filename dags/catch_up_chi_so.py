"""
### Tính bù các tháng còn sót

**What** — Refreshes every month whose data or definitions changed and whose figures did not follow: a lost
asset event, a failed refresh, an edited indicator or target. Beside that, brings the working calendar in line
with its files and checks from 1 December on that next year is declared.

**When** — Every day at 05:00 (Vietnam).

**Inputs** — `ops.period`, the files in `sql/indicators`; `lich_lam_viec.csv`, `lich_nam.csv`,
`gio_lam_viec.csv` in `sql/reference`.

**Outputs** — As `refresh_chi_so`, for each month found, usually none; `core.lich`, `core.buoi_lam_viec`.

**If it fails** — As `refresh_chi_so`; the months stay marked and are found again. `sync_calendar` and
`check_calendar` say which file and line to edit; months are refreshed nevertheless.

**Run again** — Always safe.
"""

from airflow.sdk import chain, dag

from cchc.flow.counting import refresh_pending
from cchc.flow.policy import DEFAULT_ARGS, START, TAGS, daily
from cchc.flow.tasks import check_calendar, sync_calendar


@dag(
    dag_id="catch_up_chi_so",
    dag_display_name="Tính bù các tháng còn sót",
    schedule=daily(5),
    start_date=START,
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    tags=TAGS,
    doc_md=__doc__,
)
def catch_up_chi_so() -> None:
    refresh_pending()
    # Months do not wait for the calendar: of figures only those of deadlines need it, and where a day moves
    # their months are marked to be counted again.
    chain(sync_calendar(), check_calendar())


catch_up_chi_so()
