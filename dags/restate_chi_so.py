"""
### Đính chính một tháng đã chốt

**What** — Shows what waits for a closed month and why; with param `thu` = false it asks the province,
through Airflow's approval (*Required Actions*), and publishes it as the next revision of the month and of
every closed longer period that nothing else waits for. Whoever triggered the run cannot approve it.

**When** — Only when triggered.

**Inputs** — `core.dong_cho`, `mart.con_so_cho`, `mart.phan_thay_doi`: brought up to date first.

**Outputs** — `ops.de_nghi` (question and answer); with approval an entry of `ops.so_cai` and what it
publishes, as `publish_chi_so`; `mart.chi_so` serves the new revision.

**If it fails** — Nothing is published; the published figures stay as they are.

**Run again** — Safe: what was published does not wait any more.
"""

from airflow.sdk import Param, chain, dag

from cchc.flow.asking import AskPeople
from cchc.flow.policy import DEFAULT_ARGS, START, TAGS, month_param, patience_param, reason_param
from cchc.flow.publishing import ASK, restate, what_waits


@dag(
    dag_id="restate_chi_so",
    dag_display_name="Đính chính một tháng đã chốt",
    schedule=None,
    start_date=START,
    catchup=False,
    max_active_runs=4,
    default_args=DEFAULT_ARGS,
    params={
        "ky": month_param("2025-01"),
        "ly_do": reason_param(),
        "thu": Param(True, type="boolean", title="Chỉ xem, không hỏi, không đổi gì"),
        "cho_phut": patience_param(),
    },
    tags=TAGS,
    doc_md=__doc__,
)
def restate_chi_so() -> None:
    about = what_waits()
    ask = AskPeople(
        task_id=ASK, task_display_name="Hỏi có đính chính không", about=about, minutes="{{ params.cho_phut }}"
    )
    chain(ask, restate(about))


restate_chi_so()
