"""
### Tính bù các tháng còn sót

**What** — Refreshes every month whose data or definitions changed and whose figures did not follow: a lost
asset event, a failed refresh, an edited indicator or target.

**When** — Every day at 05:00 (Vietnam).

**Inputs** — `ops.period`, the files in `sql/indicators`.

**Outputs** — As `refresh_chi_so`, for each month found. Usually none.

**If it fails** — As `refresh_chi_so`; the months stay marked and are found again.

**Run again** — Always safe.
"""

from airflow.sdk import dag

from cchc.dag_parts import DEFAULT_ARGS, START, TAGS, daily, refresh_pending


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


catch_up_chi_so()
