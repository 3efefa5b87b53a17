"""
### Đơn vị xác nhận con số của mình

**What** — Asks every unit, through Airflow's approval (*Required Actions*), whether its figures of a month
are right, with its faulty lines and late dossiers; the answer, also that they are not, stands in the
ledger. Only a user who is tied to the unit answers, and not whoever triggered the run.

**When** — Every day at 07:30 (Vietnam) it looks whether a month is over that no unit was asked about, and
skips otherwise. By hand: param `ky`; then the units are asked that have not confirmed their figures as they
are now.

**Inputs** — `mart.xac_nhan`, `mart.chi_so`, `mart.bieu_06a`, `mart.loi_du_lieu`; who answers:
`ops.nguoi_xem`.

**Outputs** — `ops.de_nghi` (questions and answers), `ops.so_cai` (entries `xac_nhan`).

**If it fails** — The unit's confirmation is not written; the others' are. Its log says why.

**Run again** — Safe. A later answer of a unit takes the place of the one before; both stay in the ledger.
"""

from airflow.sdk import chain, dag, task_group

from cchc.flow.asking import AskPeople
from cchc.flow.policy import DEFAULT_ARGS, START, TAGS, daily, month_param, patience_param, source_end
from cchc.flow.publishing import ASK, record, units_to_ask


@dag(
    dag_id="confirm_chi_so",
    dag_display_name="Đơn vị xác nhận con số của mình",
    schedule=daily(7, 30),
    start_date=START,
    end_date=source_end(),
    catchup=False,
    max_active_runs=4,
    default_args=DEFAULT_ARGS,
    params={
        "ky": month_param(),
        "cho_phut": patience_param(),
    },
    tags=TAGS,
    doc_md=__doc__,
)
def confirm_chi_so() -> None:
    @task_group(group_id="don_vi")
    def one_unit(about: dict[str, str]) -> None:
        ask = AskPeople(
            task_id=ASK,
            task_display_name="Hỏi đơn vị",
            map_index_template="{{ ten }}",
            about=about,
            minutes="{{ params.cho_phut }}",
        )
        chain(ask, record(about))

    one_unit.expand(about=units_to_ask())


confirm_chi_so()
