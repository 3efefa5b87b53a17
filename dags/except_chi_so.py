"""
### Cho một đơn vị nộp muộn

**What** — A lock exception: one unit may hand in one dataset of a closed month late, until a day. The month
stays closed. Asked through Airflow's approval (*Required Actions*); whoever triggered the run cannot
approve it. What then comes in time is published as the month's next revision by `publish_chi_so` without
being asked again, as soon as nothing else waits for that month.

**When** — Only when triggered.

**Inputs** — The params; `ops.so_cai`, `core.don_vi`.

**Outputs** — `ops.de_nghi` (question and answer), an entry `ngoai_le` of `ops.so_cai`.

**If it fails** — Nothing is permitted. The log says what of the params was not right.

**Run again** — Safe: a second exception stands beside the first.
"""

from airflow.sdk import Param, chain, dag

from cchc.flow.asking import AskPeople
from cchc.flow.policy import DEFAULT_ARGS, START, TAGS, fact_param, month_param, reason_param
from cchc.flow.publishing import ASK, exception_asked, permit


@dag(
    dag_id="except_chi_so",
    dag_display_name="Cho một đơn vị nộp muộn",
    schedule=None,
    start_date=START,
    catchup=False,
    max_active_runs=4,
    default_args=DEFAULT_ARGS,
    params={
        "ky": month_param("2025-01", "Tháng đã chốt"),
        "ma_don_vi": Param("", type="string", title="Mã đơn vị"),
        "dataset": fact_param(),
        "den": Param(None, type=["null", "string"], format="date", title="Đến hết ngày"),
        "ly_do": reason_param(),
    },
    tags=TAGS,
    doc_md=__doc__,
)
def except_chi_so() -> None:
    about = exception_asked()
    ask = AskPeople(task_id=ASK, task_display_name="Hỏi có cho không", about=about)
    chain(ask, permit(about))


except_chi_so()
