"""What people do in the demo: a unit confirms, an officer approves what the engineer asks for."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from cchc.commands.airflow_api import AirflowApi, Run
from cchc.commands.runs import Display, Runs

RUN_PREFIX = "demo__"
REASON = "Số liệu trình diễn do máy sinh ra: nguồn mô phỏng, chưa đối chiếu, các đơn vị khác không xác nhận"
LATE = "Sở khai lại số liệu của tháng sau khi đã chốt (số liệu trình diễn)"
# Of a question that was asked so long ago the scheduler knows that the process which asked has ended.
SETTLED_S = 30.0
ROUNDS = 4


def settle(api: AirflowApi, question: dict[str, Any]) -> None:
    """Waits until the scheduler has come round a few times since something was asked.

    One that is answered sooner fails and is asked again: Airflow then takes the end of the process that asked
    for the end of the one that goes on with the answer.
    """
    asked = datetime.fromisoformat(question["created_at"])
    if datetime.now(UTC) - asked > timedelta(seconds=SETTLED_S):
        return
    seen = {api.scheduler_heartbeat()}
    deadline = time.monotonic() + 2 * SETTLED_S
    while len(seen) < ROUNDS and time.monotonic() < deadline:
        time.sleep(0.5)
        seen.add(api.scheduler_heartbeat())


@dataclass
class Publishing:
    """`engineer` asks, `officer` approves for the province, `unit` confirms its own figures."""

    engineer: AirflowApi
    engine: sa.Engine
    runs: Runs
    display: Display
    officer: AirflowApi
    unit: AirflowApi

    def close(self, months: list[str]) -> None:
        """Closes these months in order; those that are closed stay as they are."""
        # Asked all at once and answered in order: a month is closed after the one before it.
        open_months = [ky for ky in months if self._state(ky) != "da_chot"]
        closing = {ky: self._run("publish_chi_so", ky, {"ky": ky}) for ky in open_months}
        if open_months:
            confirming = self._run("confirm_chi_so", open_months[-1], {"ky": open_months[-1]})
            self._answer(confirming, self.unit, None)
            self.runs.wait_for([confirming])
        for run in closing.values():
            self._answer(run, self.officer, REASON)
            self.runs.wait_for([run])
        if not open_months and months:
            self.display.note(f"{', '.join(months)}: đã chốt, không chốt lại (closed before)")

    def restate(self, ky: str) -> None:
        """Publishes what waits for a closed month as its next revision; nothing when nothing waits."""
        if not self._waits(ky):
            self.display.note(f"{ky}: không gì chờ đính chính (nothing waits to be restated)")
            return
        run = self._run("restate_chi_so", ky, {"ky": ky, "ly_do": LATE, "thu": False})
        self._answer(run, self.officer, None)
        self.runs.wait_for([run])

    def _run(self, dag_id: str, ky: str, conf: dict[str, Any]) -> Run:
        run = self.engineer.run(dag_id, f"{RUN_PREFIX}{ky}")
        if run is None:
            return self.engineer.trigger(dag_id, run_id=f"{RUN_PREFIX}{ky}", conf=conf)
        if run["state"] == "failed":
            self.engineer.repeat_failed(run)
        return run

    def _answer(self, run: Run, who: AirflowApi, reason: str | None) -> None:
        """Approves what a run asks, once it does; a run that has ended asks nothing."""
        while (now := self.engineer.run(run["dag_id"], run["dag_run_id"])) and now["state"] in (
            "queued",
            "running",
        ):
            waiting = self.engineer.task_instances(run, state=["awaiting_input"])
            if questions := self.engineer.questions(run) if waiting else []:
                settle(self.engineer, questions[0])
                who.answer(questions[0], approve=True, reason=reason)
                return
            self.runs.wait(f"{run['dag_id']} · {run['dag_run_id']} to ask", step=run["dag_id"])

    def _state(self, ky: str) -> str | None:
        return self._scalar("SELECT trang_thai FROM mart.cong_bo WHERE ky = :ky", ky)

    def _waits(self, ky: str) -> bool:
        return bool(self._scalar("SELECT dong_cho > 0 FROM mart.cong_bo WHERE ky = :ky", ky))

    def _scalar(self, query: str, ky: str) -> Any:
        with self.engine.connect() as connection:
            return connection.scalar(sa.text(query), {"ky": ky})
