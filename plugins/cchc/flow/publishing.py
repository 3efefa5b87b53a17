"""The tasks of publication: what people are asked about, and what is written after they answered."""

from datetime import date, timedelta
from typing import Any

from airflow.sdk import get_current_context
from airflow.sdk.exceptions import AirflowSkipException

from cchc.flow.asking import place_of
from cchc.flow.connections import warehouse
from cchc.flow.notifier import announce
from cchc.flow.policy import task

ASK = "ask"


@task(task_display_name="Tìm tháng đến ngày chốt", execution_timeout=timedelta(minutes=10))
def month_to_close() -> dict[str, Any]:
    """The month of the param `ky`, or the oldest open one whose day has come; else skips the run."""
    from cchc.publication.questions import month_to_close as find

    context = get_current_context()
    ky = context["params"].get("ky") or find(warehouse(context))
    if not ky:
        raise AirflowSkipException("No month is to be closed today.")
    return {"loai": "chot", "ky": ky}


@task(task_display_name="Công bố", execution_timeout=timedelta(hours=1))
def publish(about: dict[str, Any]) -> dict[str, Any]:
    """Closes the month as was approved; publishes it provisionally where nobody answered in time."""
    from cchc.publication.closing import close, publish_provisionally
    from cchc.publication.questions import answer_at, note_entry

    context = get_current_context()
    engine, at = warehouse(context), place_of(context, ASK)
    answer = answer_at(engine, at)
    if answer.reply == "tu_choi":
        raise AirflowSkipException(f"{answer.by} does not close {about['ky']}.")
    if answer.reply == "khong_tra_loi":
        done = publish_provisionally(engine, about["ky"], answer.asked_by, "Hết hạn chưa ai trả lời")
        told = f"Không ai trả lời: tháng {about['ky']} được công bố tạm, con số còn có thể đổi."
    else:
        done = close(engine, about["ky"], answer.asked_by, answer.by or "", answer.reason)
        told = f"Tháng {about['ky']} đã chốt, {answer.by} duyệt."
    note_entry(engine, at, done.entry.number)
    return _told(done, told)


@task(task_display_name="Tìm tháng chờ đơn vị xác nhận", execution_timeout=timedelta(minutes=10))
def units_to_ask() -> list[dict[str, Any]]:
    """What each unit is asked: of the month of the param `ky`, or of the newest that none was asked about."""
    from cchc.publication.questions import month_to_confirm
    from cchc.publication.questions import units_to_ask as find

    context = get_current_context()
    engine = warehouse(context)
    ky = context["params"].get("ky") or month_to_confirm(engine)
    if not ky:
        raise AirflowSkipException("No month waits to be confirmed.")
    return [{"loai": "xac_nhan", "ky": ky, "ma_don_vi": unit} for unit in find(engine, ky)]


@task(task_display_name="Ghi câu trả lời của đơn vị", execution_timeout=timedelta(minutes=30))
def record(about: dict[str, Any]) -> dict[str, Any]:
    """Writes that the unit confirms its month, or that it does not; nothing where it did not answer."""
    from cchc.publication.confirming import confirm
    from cchc.publication.questions import answer_at, note_entry

    context = get_current_context()
    engine, at = warehouse(context), place_of(context, f"don_vi.{ASK}")
    answer = answer_at(engine, at)
    if answer.reply == "khong_tra_loi":
        raise AirflowSkipException(f"{about['ma_don_vi']} has not answered about {about['ky']}.")
    entry = confirm(
        engine,
        about["ky"],
        about["ma_don_vi"],
        answer.by or "",
        agree=answer.reply == "dong_y",
        reason=answer.reason,
    )
    note_entry(engine, at, entry.number)
    return {"so": entry.number, "ma_bam": entry.digest}


@task(task_display_name="Xem những gì chờ đính chính", execution_timeout=timedelta(minutes=30))
def what_waits() -> dict[str, Any]:
    """Shows in the log what would change in the month; skips what follows on a dry run, or for nothing."""
    from cchc.errors import CchcError
    from cchc.figures.refresh import pending_periods, refresh
    from cchc.publication.reasons import checked
    from cchc.publication.waiting import waiting

    context = get_current_context()
    params, engine = context["params"], warehouse(context)
    ky = params["ky"]
    if ky in pending_periods(engine):
        refresh(engine, ky)
    shown = waiting(engine, ky)
    # In the log for whoever tries it out.
    print(shown.text)
    if not shown.figures and not shown.lines:
        raise AirflowSkipException(f"Nothing waits for {ky}.")
    if params["thu"]:
        raise AirflowSkipException("A dry run: nothing is asked, nothing is changed. Param thu = false asks.")
    reason = checked(params["ly_do"])
    if not reason:
        raise CchcError("Restating needs a reason (ly_do): it stands in the ledger for ever. Give one.")
    return {"loai": "dinh_chinh", "ky": ky, "ly_do": reason, "cho": shown.digest}


@task(task_display_name="Công bố lần sửa", execution_timeout=timedelta(hours=1))
def restate(about: dict[str, Any]) -> dict[str, Any]:
    """Publishes the next revision of the month as was approved."""
    from cchc.publication.closing import restate as restate_month
    from cchc.publication.questions import note_entry

    context = get_current_context()
    engine, at = warehouse(context), place_of(context, ASK)
    answer = _approved(engine, at)
    done = restate_month(engine, about["ky"], answer.asked_by, answer.by or "", about["ly_do"], about["cho"])
    note_entry(engine, at, done.entry.number)
    return _told(done, f"Tháng {about['ky']} đã đính chính, {answer.by} duyệt: {about['ly_do']}")


@task(task_display_name="Công bố những gì ngoại lệ đã cho phép", execution_timeout=timedelta(hours=1))
def restate_permitted() -> list[dict[str, Any]]:
    """Publishes the next revision of months for which nothing waits but what lock exceptions permit."""
    from cchc.publication.exceptions import restate_permitted as restate_months

    done = restate_months(warehouse(get_current_context()))
    return [
        _told(each, f"Tháng {each.entry.ky} đã đính chính theo ngoại lệ: {each.entry.reason}")
        for each in done
    ]


@task(task_display_name="Đọc ngoại lệ được đề nghị", execution_timeout=timedelta(minutes=5))
def exception_asked() -> dict[str, Any]:
    """What is asked, from the params; what can be no exception fails here, before anybody is asked."""
    from cchc.errors import CchcError
    from cchc.periods import parse_month
    from cchc.publication.exceptions import check
    from cchc.publication.reasons import checked

    context = get_current_context()
    params = context["params"]
    if not params["den"] or not params["ly_do"].strip():
        raise CchcError("A lock exception needs its last day (den) and a reason (ly_do): give both.")
    with warehouse(context).connect() as connection:
        until = date.fromisoformat(params["den"])
        check(connection, parse_month(params["ky"]), params["ma_don_vi"], params["dataset"], until)
    return {
        "loai": "ngoai_le",
        **{name: params[name] for name in ("ky", "ma_don_vi", "dataset", "den")},
        "ly_do": checked(params["ly_do"]),
    }


@task(task_display_name="Ghi ngoại lệ", execution_timeout=timedelta(minutes=30))
def permit(about: dict[str, Any]) -> dict[str, Any]:
    """Writes the lock exception as was approved."""
    from cchc.publication.exceptions import permit as write
    from cchc.publication.questions import note_entry

    context = get_current_context()
    engine, at = warehouse(context), place_of(context, ASK)
    answer = _approved(engine, at)
    entry = write(
        engine, about["ky"], about["ma_don_vi"], about["dataset"], date.fromisoformat(about["den"]),
        answer.asked_by, answer.by or "", about["ly_do"] or "",
    )  # fmt: skip
    note_entry(engine, at, entry.number)
    return {"so": entry.number, "ma_bam": entry.digest}


def _approved(engine: Any, at: Any) -> Any:
    """The answer, where somebody agreed; else what follows is skipped."""
    from cchc.publication.questions import answer_at

    answer = answer_at(engine, at)
    if answer.reply != "dong_y":
        raise AirflowSkipException("Nobody approved it: nothing is written.")
    return answer


def _told(done: Any, text: str) -> dict[str, Any]:
    entry = done.entry
    announce(f"[CCHC] {text}", f"Dòng sổ {entry.number}, SHA-256 {entry.digest}: giữ ở nơi khác.")
    return {
        **{"so": entry.number, "loai": entry.kind, "ky": entry.ky, "ma_bam": entry.digest},
        "cac_ky": [f"{p.ky_loai} {p.ky}" for p in done.periods],
    }
