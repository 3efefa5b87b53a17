"""What people are asked through Airflow, by whom it may be answered, and the answers (ops.de_nghi).

An answer is read from here and not from Airflow's XComs, which whoever runs DAGs may write.
"""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa

from cchc.errors import CchcError
from cchc.figures.notes import note_fault
from cchc.figures.refresh import pending_periods, refresh
from cchc.periods import parse_month
from cchc.publication.conditions import HARD, WITH_REASON, in_words, unmet
from cchc.publication.question_texts import About, text_of
from cchc.publication.turn import closed_months
from cchc.warehouse import run_sql_file

# Who asks when nobody did.
SCHEDULE = "lich"
Reply = Literal["dong_y", "tu_choi", "khong_tra_loi"]


@dataclass(frozen=True)
class Place:
    """Where in Airflow a question is asked; `map_index` is -1 for a task that is not mapped."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int = -1


@dataclass(frozen=True)
class Question:
    """What is asked, of whom, until when."""

    subject: str
    body: str
    people: list[str]
    until: datetime


@dataclass(frozen=True)
class Answer:
    """What was answered, or that nobody did. `by`: None when nobody did."""

    reply: Reply
    asked_by: str
    by: str | None
    reason: str | None


def ask(
    engine: sa.Engine, place: Place, about: About, asked_by: str | None, minutes: int | None = None
) -> Question:
    """Writes that something is asked now, and returns how; a former answer at the same place is forgotten.

    `minutes`: how long an answer is waited for; without them, as sql/reference/quy_tac_chot.csv says. Raises
    CchcError when there is nobody who may answer.
    """
    if about.ky in pending_periods(engine):
        refresh(engine, about.ky)
    by = asked_by or SCHEDULE
    with engine.begin() as connection:
        if about.loai in ("chot", "xac_nhan") and parse_month(about.ky) in closed_months(connection):
            raise CchcError(f"Month {about.ky} is closed: there is nothing to ask about it.")
        people = [p for p in _people(connection, about) if p != by]
        if not people:
            who = f"unit {about.ma_don_vi}" if about.of_unit else "the province"
            raise CchcError(
                f"Nobody can be asked about {about.ky} for {who}"
                + (f" but {by}, who asks" if asked_by else "")
                + ". A steward ties a user of Airflow to it: SELECT ops.gan_nguoi_xem('user'"
                + (f", '{about.ma_don_vi}');" if about.of_unit else ");")
            )
        # Why an answer was not taken stays until the next one: it is read beside what is asked again.
        until = run_sql_file(
            connection,
            "publication/answer_until.sql",
            ky=about.ky,
            phut=minutes,
            cho_chot=about.loai
            in (
                "chot",
                "xac_nhan",
            ),
        ).scalar_one()
        connection.execute(
            sa.text(
                "INSERT INTO ops.de_nghi (dag_id, run_id, task_id, map_index, loai, ky, ma_don_vi, luc, han, "
                "nguoi) VALUES (:dag_id, :run_id, :task_id, :map_index, :loai, :ky, :ma_don_vi, now(), "
                ":han, :nguoi) ON CONFLICT (dag_id, run_id, task_id, map_index) DO UPDATE SET luc = now(), "
                "han = EXCLUDED.han, tra_loi = NULL, tra_loi_luc = NULL, tra_loi_nguoi = NULL, ly_do = NULL"
            ),
            asdict(place)
            | {"loai": about.loai, "ky": about.ky, "ma_don_vi": about.ma_don_vi, "han": until, "nguoi": by},
        )
        subject, body = text_of(connection, about, by)
    return Question(subject, body, people, until)


def take_answer(
    engine: sa.Engine, place: Place, about: About, reply: Reply, by: str | None, reason: str | None
) -> str | None:
    """Keeps an answer; returns why it is not taken, in Vietnamese, when it has to be asked again."""
    said = (reason or "").strip() or None
    if reply == "dong_y" and about.ky in pending_periods(engine):
        refresh(engine, about.ky)
    with engine.begin() as connection:
        asked = _asked(connection, place)
        fault = _fault(connection, about, reply, by, said, asked.nguoi)
        if not fault and reply == "dong_y":
            fault = _unseen(connection, about, asked.luc)
        connection.execute(
            sa.text(
                "UPDATE ops.de_nghi SET khong_nhan = :fault, tra_loi = :reply, tra_loi_nguoi = :by, "
                "ly_do = :reason, tra_loi_luc = CASE WHEN :reply IS NOT NULL THEN now() END "
                "WHERE (dag_id, run_id, task_id, map_index) = (:dag_id, :run_id, :task_id, :map_index)"
            ),
            asdict(place)
            | {
                "fault": fault,
                "reply": None if fault else reply,
                "by": None if fault else by,
                "reason": None if fault else said,
            },
        )
    return fault


def answer_at(engine: sa.Engine, place: Place) -> Answer:
    """The answer to what was asked there; raises CchcError when nobody was asked, or nobody answered yet."""
    with engine.connect() as connection:
        row = _asked(connection, place)
    if row.tra_loi is None:
        raise CchcError(
            f"Nobody has answered {place.task_id} of {place.run_id}: what is marked as done in Airflow is no "
            "answer. Clear that task, and answer it under Required Actions."
        )
    return Answer(row.tra_loi, row.nguoi, row.tra_loi_nguoi, row.ly_do)


def note_entry(engine: sa.Engine, place: Place, number: int) -> None:
    """Writes which entry of the ledger followed from the answer."""
    with engine.begin() as connection:
        connection.execute(
            sa.text(
                "UPDATE ops.de_nghi SET so_cai = :number WHERE (dag_id, run_id, task_id, map_index) = "
                "(:dag_id, :run_id, :task_id, :map_index)"
            ),
            asdict(place) | {"number": number},
        )


def month_to_close(engine: sa.Engine) -> str | None:
    """The oldest open month whose day of closing has come, and that nobody is being asked about."""
    with engine.connect() as connection:
        found: str | None = run_sql_file(connection, "publication/month_to_close.sql").scalar()
    return found


def units_to_ask(engine: sa.Engine, ky: str) -> list[str]:
    """The units that have not confirmed the month as it is now, and that somebody answers for."""
    with engine.connect() as connection:
        return list(run_sql_file(connection, "publication/units_to_ask.sql", ky=ky).scalars())


def month_to_confirm(engine: sa.Engine) -> str | None:
    """The newest month that is over and open, and that no unit was asked about."""
    with engine.connect() as connection:
        found: str | None = run_sql_file(connection, "publication/month_to_confirm.sql").scalar()
    return found


def _people(connection: sa.Connection, about: About) -> list[str]:
    unit = about.ma_don_vi if about.of_unit else None
    return list(connection.scalars(sa.text("SELECT ops.nguoi_tra_loi(:unit)"), {"unit": unit}))


def _asked(connection: sa.Connection, place: Place) -> sa.Row[Any]:
    row = connection.execute(
        sa.text(
            "SELECT nguoi, luc, tra_loi, tra_loi_nguoi, ly_do FROM ops.de_nghi "
            "WHERE (dag_id, run_id, task_id, map_index) = (:dag_id, :run_id, :task_id, :map_index)"
        ),
        asdict(place),
    ).one_or_none()
    if row is None:
        raise CchcError(f"Nothing was asked by {place.task_id} of {place.run_id}. Clear that task.")
    return row


def _fault(
    connection: sa.Connection,
    about: About,
    reply: Reply,
    by: str | None,
    reason: str | None,
    asked_by: str,
) -> str | None:
    if reply == "khong_tra_loi":
        return None
    if by == asked_by:
        return f"{by} đã đề nghị: người khác trả lời."
    if by not in _people(connection, about):
        who = f"đơn vị {about.ma_don_vi}" if about.of_unit else "tỉnh"
        return f"{by} không trả lời thay {who} được: người quản trị gắn bằng ops.gan_nguoi_xem."
    if reason and (fault := note_fault(reason)):
        return f"Lý do không ghi được. {fault}"
    closes = about.loai == "chot" and reply == "dong_y"
    return _closing_fault(connection, about.ky, reason) if closes else None


def _unseen(connection: sa.Connection, about: About, since: datetime) -> str | None:
    """Whoever agrees agrees to the figures that the question showed."""
    if about.loai not in ("chot", "xac_nhan"):
        return None
    unit = about.ma_don_vi if about.of_unit else None
    changed = run_sql_file(
        connection, "publication/changed_since_question.sql", ky=about.ky, luc=since, don_vi=unit
    )
    if not changed.scalar_one():
        return None
    return f"Con số tháng {about.ky} đã đổi từ lúc hỏi: xem con số mới rồi trả lời lại."


def _closing_fault(connection: sa.Connection, ky: str, reason: str | None) -> str | None:
    if hard := unmet(connection, ky, HARD):
        return f"Chưa chốt được. {in_words(hard)}."
    if not reason and (missing := unmet(connection, ky, WITH_REASON)):
        return f"Còn điều chưa đạt, chốt thì phải nêu lý do. {in_words(missing)}."
    return None


def remaining(until: datetime, now: datetime) -> timedelta:
    """How long an answer is still waited for."""
    return max(until - now, timedelta(seconds=1))
