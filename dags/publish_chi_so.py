"""
### Chốt và công bố con số của một tháng

**What** — Asks the province, through Airflow's approval (*Required Actions*), whether a month is closed:
with the list of what is missing, the province's figures, what changed since the last look. Approved: the
month is closed, with every longer period that has nothing open; its figures never change by themselves
again. Rejected: nothing. No answer by the deadline: published as provisional, and told. Whoever triggered
the run cannot approve it. Beside that it publishes what lock exceptions have permitted.

**When** — Every day at 08:00 (Vietnam) it looks whether the day of closing of an open month has come: the
5th working day of the next month (`sql/reference/ky_han.csv`, row `chot_thang`); on other days it skips. By
hand: param `ky`.

**Inputs** — `mart.dieu_kien_chot` (and what it counts), `mart.chi_so`, `core` for the rows behind them;
`core.han_nop`, `core.quy_tac_chot`; who answers: `ops.nguoi_xem`.

**Outputs** — `ops.de_nghi` (question and answer); `ops.so_cai` (the ledger) and what an entry publishes:
`mart.con_so_cong_bo`, `mart.bieu_06a_cong_bo`, `core.dong_cong_bo`, `core.dem_cong_bo`,
`core.don_vi_cong_bo`, `ops.dinh_nghia_cong_bo`, `ops.lo_cong_bo`; `mart.chi_so` (status, revision).

**If it fails** — Nothing is published. Nobody to ask: tie users to the province (`ops.gan_nguoi_xem`). A
month that is not complete: runbook, section *A month cannot be closed*.

**Run again** — Safe: a closed month is not closed again. Clearing `ask` asks again.
"""

from airflow.sdk import chain, dag

from cchc.flow.asking import AskPeople
from cchc.flow.policy import DEFAULT_ARGS, START, TAGS, daily, month_param, patience_param, source_end
from cchc.flow.publishing import ASK, month_to_close, publish, restate_permitted


@dag(
    dag_id="publish_chi_so",
    dag_display_name="Chốt và công bố con số của một tháng",
    schedule=daily(8),
    start_date=START,
    end_date=source_end(),
    catchup=False,
    max_active_runs=8,
    default_args=DEFAULT_ARGS,
    params={
        "ky": month_param(),
        "cho_phut": patience_param(),
    },
    tags=TAGS,
    doc_md=__doc__,
)
def publish_chi_so() -> None:
    about = month_to_close()
    ask = AskPeople(
        task_id=ASK, task_display_name="Hỏi có chốt không", about=about, minutes="{{ params.cho_phut }}"
    )
    chain(ask, publish(about))
    restate_permitted()


publish_chi_so()
