"""Asks people through Airflow's human-in-the-loop, and takes only answers of those who may give them."""

from datetime import UTC, datetime, timedelta
from typing import Any, cast

from airflow.providers.standard.operators.hitl import ApprovalOperator, HITLOperator
from airflow.sdk import Context, Param
from airflow.sdk.configuration import conf

from cchc.flow.connections import warehouse
from cchc.flow.notifier import announce
from cchc.vietnamese import moment

REASON = "ly_do"


class AskPeople(ApprovalOperator):
    """A question about a month; its answer stands in ops.de_nghi.

    `about`: as cchc.publication.question_texts.About, or None when there is nothing to ask: then it and what
    follows is skipped. `minutes`: how long an answer is waited for, else as the rules say. Whoever triggered
    the run does not answer. An answer that may not be given is asked for again. Where nobody answers in time
    the task succeeds, and what follows finds that in ops.de_nghi.
    """

    template_fields = (*ApprovalOperator.template_fields, "about", "minutes")

    def __init__(self, *, about: Any, minutes: Any = None, **kwargs: Any) -> None:
        # What the run is triggered with is no part of the answer.
        kwargs.pop("params", None)
        # Whoever answers within seconds is asked again at once: Airflow takes the end of the process that
        # asked for the end of the one that goes on.
        kwargs["retry_delay"] = timedelta(seconds=10)
        # Of the asking; how long an answer is waited for is known when it is asked.
        kwargs |= {"execution_timeout": timedelta(minutes=10), "response_timeout": timedelta(days=1)}
        reason = Param(
            None,
            source="task",
            type=["null", "string"],
            maxLength=1000,
            title="Lý do (một dòng, không ghi họ tên)",
        )
        super().__init__(subject="Công bố con số", body="", params={REASON: reason}, **kwargs)
        self.about = about
        self.minutes = minutes

    def execute(self, context: Context) -> Any:
        """Writes the question, of those who may answer it, and waits."""
        from cchc.publication.questions import ask, remaining

        self._name(context)
        minutes = None if self.minutes in (None, "", "None") else int(self.minutes)
        question = ask(
            warehouse(context),
            place_of(context),
            self._about(),
            context["dag_run"].triggering_user_name,
            minutes,
        )
        self.subject, self.body = question.subject, question.body
        # The simple auth manager knows a user by name; others by a number that no task knows. There anybody
        # with the right may answer, and take_answer says who counts.
        if conf.get("core", "auth_manager").endswith("SimpleAuthManager"):
            self.assigned_users = [{"id": name, "name": name} for name in question.people]
        self.response_timeout = remaining(question.until, datetime.now(UTC))
        announce(
            f"[CCHC] {question.subject}",
            f"Chờ trả lời của {', '.join(question.people)} đến {moment(question.until)}, trong Airflow, mục "
            "Required Actions.",
        )
        super().execute(context)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> Any:
        """Keeps the answer; asks again when it is of somebody who may not give it, or says too little."""
        from cchc.publication.questions import take_answer

        self._name(context)
        at, engine, about = place_of(context), warehouse(context), self._about()
        if event.get("error_type") == "timeout" or not event.get("responded_by_user"):
            take_answer(engine, at, about, "khong_tra_loi", None, None)
            return None
        answer = HITLOperator.execute_complete(self, context, event)
        agreed = answer["chosen_options"] == [self.APPROVE]
        by = answer["responded_by_user"]["name"]
        reason = answer["params_input"].get(REASON)
        if fault := take_answer(engine, at, about, "dong_y" if agreed else "tu_choi", by, reason):
            self.log.warning("Not taken, asked again: %s", fault)
            announce(f"[CCHC] Câu trả lời không được nhận: {self.dag_id}", fault)
            self.execute(context)
        return None

    def _name(self, context: Context) -> None:
        """Names a mapped task in the UI by the unit that is asked."""
        cast(dict[str, Any], context)["ten"] = self._about().ma_don_vi or self._about().ky

    def _about(self) -> Any:
        from cchc.publication.question_texts import About

        return About(**cast(dict[str, Any], self.about))


def place_of(context: Context, task_id: str | None = None) -> Any:
    """Where the question of this run is asked: by this task, or by the one that is named."""
    from cchc.publication.questions import Place

    instance = context["ti"]
    index = -1 if instance.map_index is None else instance.map_index
    return Place(instance.dag_id, instance.run_id, task_id or instance.task_id, index)
