"""
### Gửi tổng hợp hằng ngày

**What** — One message a day about the warehouse: the scoreboard of the newest whole month (by e-mail
also as a picture), which figures changed since the digest before, what is late (exports, comparisons,
declarations, confirmations, closing: a line for each kind, without what is silenced), which batches are
stopped or wait, which months wait to be counted, where source and warehouse differ. It holds figures of the
province, numbers, names of units, codes of indicators, datasets and rules, nothing of a person or a dossier.

**When** — Every day at 07:00 (Vietnam), after the nightly loads and `catch_up_chi_so`.

**Inputs** — `mart.chi_so`, `mart.so_sanh`, `ops.figure_change`, `ops.batch`, `ops.period`,
`ops.reconciliation`, `ops.tre_han_luc`, `ops.im_lang_hien_nay`; `CCHC_DIGEST_EMAIL` with connection
`smtp_default`; `CCHC_WEBHOOK`, which names the connection of a chat tool.

**Outputs** — A letter, a message in the chat tool. Where neither is configured the log says so and the run
succeeds. The warehouse is only read.

**If it fails** — The mail server or the chat tool did not take it: runbook, section *A message was not sent*.
No figure depends on it.

**Run again** — Safe, and sends again: what was delivered already is delivered twice.
"""

from airflow.sdk import dag

from cchc.flow.policy import DEFAULT_ARGS, START, TAGS, daily
from cchc.flow.tasks import mail_digest, post_digest


@dag(
    dag_id="send_tong_hop",
    dag_display_name="Gửi tổng hợp hằng ngày",
    schedule=daily(7),
    start_date=START,
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    tags=TAGS,
    doc_md=__doc__,
)
def send_tong_hop() -> None:
    # Beside each other: a chat tool that is away keeps no letter back.
    mail_digest()
    post_digest()


send_tong_hop()
