"""The tasks that DAGs are made of.

A task takes and returns ids and counts, never rows. Every task may be run again at any time: what
is complete is decided by the tables in ops.
"""

import os
from collections.abc import Callable
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.sdk import Context, XComArg, get_current_context
from airflow.sdk.bases.hook import BaseHook

from cchc.errors import BadDefinition
from cchc.flow.connections import warehouse
from cchc.flow.naming import named
from cchc.flow.policy import VIETNAM, source_end, task
from cchc.periods import parse_month
from cchc.sources.register import BACKFILL_POOL, system_of
from cchc.spelling import legible

if TYPE_CHECKING:
    from cchc.sources.client import SourceClient
    from cchc.sources.landing import Landed

# Tasks ----------------------------------------------------------------------------------------


@task(task_display_name="Nạp danh mục tham chiếu", execution_timeout=timedelta(minutes=30))
def reference() -> dict[str, Any]:
    """Brings units, successions, other names and the working calendar in line with sql/reference."""
    from cchc.loading.organisation import load_organisation
    from cchc.registers.working_calendar import sync_calendar as sync

    context = get_current_context()
    sync(warehouse(context))
    batch, periods = load_organisation(warehouse(context), _landing())
    _note_run(context, batch.batch_id)
    return {"batch_id": batch.batch_id, "read": batch.lines_read, "periods": periods}


@task(
    task_display_name="Kéo dữ liệu về",
    map_index_template="{{ ten }}",
    execution_timeout=timedelta(minutes=30),
)
def land(dataset: str) -> dict[str, Any]:
    """Pulls what changed at the source into an immutable file."""
    from cchc.sources.landing import land_api

    context = named(dataset)
    return _pulled(context, dataset, land_api, _until(context))


def land_from(system: str) -> Callable[[str], XComArg]:
    """The task `land`, among those that may ask the system at the same time."""
    return land.override(pool=system_of(system).pool)


@task(
    task_id="land",
    task_display_name="Kéo một tháng về",
    map_index_template="{{ ten }}",
    execution_timeout=timedelta(minutes=30),
)
def land_month(dataset: str) -> dict[str, Any]:
    """Pulls what changed at the source in the month of param ky; a whole list as at that month's end."""
    from cchc.sources.landing import land_month

    context = named(dataset)
    return _pulled(context, dataset, land_month, parse_month(context["params"]["ky"]))


def land_month_from(system: str) -> Callable[[str], XComArg]:
    """The task `land` of a month, among those that may ask the system at the same time."""
    return land_month.override(pool=system_of(system).pool)


def in_background(step: Any) -> Callable[[XComArg], XComArg]:
    """Such a step of a backfill: only as many run as leave room for the daily runs."""
    slow: Callable[[XComArg], XComArg] = step.override(pool=BACKFILL_POOL)
    return slow


@task(
    task_display_name="Đối chiếu với nguồn",
    map_index_template="{{ ten }}",
    execution_timeout=timedelta(minutes=30),
)
def compare(dataset: str) -> dict[str, Any]:
    """Compares the source's totals by month of receipt with the warehouse; fails when they differ."""
    from collections import Counter

    from cchc.contracts import contract_of
    from cchc.sources.reconciliation import reconcile

    context, contract = named(dataset), contract_of(dataset)
    if contract.api is None:
        raise BadDefinition(f"Dataset {dataset} has no api: it is not pulled from a source system.")
    months = reconcile(warehouse(context), contract, _client(contract.api.system))
    return {"dataset": dataset, **Counter(month.state for month in months)}


def compare_with(system: str) -> Callable[[str], XComArg]:
    """The task `compare`, among those that may ask the system at the same time."""
    return compare.override(task_id=f"compare_{system}", pool=system_of(system).pool)


@task(
    task_display_name="Nhận tệp",
    map_index_template="{{ ten }}",
    execution_timeout=timedelta(minutes=30),
)
def land_file() -> dict[str, Any]:
    """Copies the file that the params mean into the landing area; only from below configured folders."""
    from cchc.contracts import contract_of
    from cchc.reading.parsing import require_export
    from cchc.sources.incoming import land_chosen

    context = get_current_context()
    params = context["params"]
    moment = params.get("extracted_at")
    landed = land_chosen(
        warehouse(named(params["dataset"])),
        _landing(),
        contract_of(params["dataset"]),
        params.get("sha256"),
        datetime.fromisoformat(moment) if moment else None,
        began=context["dag_run"].start_date,
        accept=require_export,
    )
    _note_run(context, landed.batch_id)
    return {"dataset": params["dataset"], "batch_id": landed.batch_id, "new": landed.new}


@task(task_display_name="Tìm phiếu mới", execution_timeout=timedelta(minutes=10))
def find_forms() -> list[str]:
    """Lists the files in the drop folder that are not loaded yet, by token; none where there is no folder."""
    from cchc.declarations.drop_folder import token_of, waiting_forms

    context = get_current_context()
    folder = os.environ.get("CCHC_FORM_DIR")
    again = bool(context["params"].get("lap_lai"))
    if not folder:
        return []
    return [token_of(path) for path in waiting_forms(warehouse(context), Path(folder), again)]


@task(
    task_display_name="Nhận phiếu",
    map_index_template="{{ ten }}",
    execution_timeout=timedelta(minutes=10),
)
def land_form(path: str) -> dict[str, Any]:
    """Copies one form of the drop folder, given by the token of its path, into the landing area."""
    from cchc.declarations.drop_folder import DATASET, form_of, land
    from cchc.field_words import kept_name

    folder = Path(os.environ["CCHC_FORM_DIR"])
    source = form_of(folder, path)
    # The name of a mapped task is kept by Airflow.
    context = named(kept_name(legible(source.name)))
    landed = land(warehouse(context), _landing(), folder, source)
    _note_run(context, landed.batch_id)
    return {"dataset": DATASET, "batch_id": landed.batch_id, "new": landed.new}


@task(
    task_display_name="Báo dòng bị loại",
    map_index_template="{{ ten }}",
    execution_timeout=timedelta(minutes=5),
)
def tell_rejected(loaded: dict[str, Any]) -> None:
    """Fails when lines of the form were rejected, and says which and why; the others are loaded."""
    from cchc.declarations.drop_folder import tell_rejected as tell

    tell(warehouse(named(f"{loaded['dataset']} #{loaded['batch_id']}")), loaded["batch_id"])


@task(task_display_name="Nạp lịch làm việc", execution_timeout=timedelta(minutes=5))
def sync_calendar() -> list[int]:
    """Brings working days and office hours in line with the files in sql/reference."""
    from cchc.registers.working_calendar import sync_calendar as sync

    return sync(warehouse(get_current_context()))


@task(task_display_name="Kiểm tra lịch năm sau", execution_timeout=timedelta(minutes=5))
def check_calendar() -> list[int]:
    """Fails from 1 December on when next year's days off are not declared yet."""
    from cchc.registers.working_calendar import check_calendar as check

    context = get_current_context()
    return check(warehouse(context), _until(context).date())


@task(
    task_display_name="Kiểm tra",
    map_index_template="{{ ten }}",
    execution_timeout=timedelta(hours=1),
)
def validate(landed: dict[str, Any]) -> dict[str, Any]:
    """Judges the batch by the suite of its dataset; a bad batch fails here and loads nothing."""
    from cchc.judging.validation import validate as judge

    context = named(f"{landed['dataset']} #{landed['batch_id']}")
    _note_run(context, landed["batch_id"])
    batch = judge(warehouse(context), landed["batch_id"])
    return {
        "dataset": batch.dataset,
        "batch_id": batch.batch_id,
        "read": batch.lines_read,
        "rejected": batch.lines_rejected,
        "extra_columns": batch.extra_columns,
    }


@task(
    task_display_name="Nạp vào kho",
    map_index_template="{{ ten }}",
    execution_timeout=timedelta(hours=1),
)
def load_core(judged: dict[str, Any]) -> dict[str, Any]:
    """Loads the batch; says which months it changed."""
    from cchc.loading.load import load

    context = named(f"{judged['dataset']} #{judged['batch_id']}")
    _note_run(context, judged["batch_id"])
    batch, periods = load(warehouse(context), judged["batch_id"])
    return {
        "dataset": batch.dataset,
        "batch_id": batch.batch_id,
        "read": batch.lines_read,
        "accepted": batch.lines_accepted,
        "rejected": batch.lines_rejected,
        "superseded": batch.lines_superseded,
        "periods": periods,
    }


@task(task_display_name="Dọn đồ bỏ lại", execution_timeout=timedelta(minutes=30))
def sweep_leftovers() -> dict[str, int]:
    """Removes what killed processes left, and notes for each kind how many there were."""
    from cchc.tidying.sweep import sweep

    return sweep(warehouse(get_current_context()), _landing())


@task(task_display_name="Xoá tệp gốc hết hạn lưu", execution_timeout=timedelta(hours=1))
def delete_landed() -> dict[str, int]:
    """Deletes landed files that are older than their dataset keeps them."""
    from dataclasses import asdict

    from cchc.tidying.retention import delete_landed as delete

    return asdict(delete(warehouse(get_current_context()), _landing()))


@task(task_display_name="Gửi thư tổng hợp", execution_timeout=timedelta(minutes=5))
def mail_digest() -> dict[str, Any]:
    """Sends the day's digest by e-mail; says so and does nothing where no address is configured."""
    from cchc.flow.digest import mail_digest as send

    context = get_current_context()
    return send(lambda: warehouse(context), _told_before(context))


@task(task_display_name="Gửi tổng hợp vào nhóm chat", execution_timeout=timedelta(minutes=5))
def post_digest() -> dict[str, Any]:
    """Sends the day's digest to a chat tool; says so and does nothing where none is configured."""
    from cchc.flow.digest import post_digest as send

    context = get_current_context()
    return send(lambda: warehouse(context), _told_before(context))


# What the tasks stand on ----------------------------------------------------------------------


def _pulled(context: Context, dataset: str, pull: Callable[..., "Landed"], span: object) -> dict[str, Any]:
    """Pulls `span` of a dataset from its source system and notes the run beside the batch."""
    from cchc.contracts import contract_of

    contract = contract_of(dataset)
    if contract.api is None:
        raise BadDefinition(f"Dataset {dataset} has no api: it is not pulled from a source system.")
    landed = pull(warehouse(context), _landing(), contract, _client(contract.api.system), span)
    _note_run(context, landed.batch_id)
    return {"dataset": dataset, "batch_id": landed.batch_id, "new": landed.new}


def _note_run(context: Context, batch_id: int) -> None:
    from cchc.batches import note_run

    instance = context["ti"]
    place = -1 if instance.map_index is None else instance.map_index
    note_run(warehouse(context), batch_id, instance.dag_id, instance.run_id, instance.task_id, place)


def _client(code: str) -> "SourceClient":
    """A client of a source system, for one pull, as its connection says."""
    system = system_of(code)
    connection = BaseHook.get_connection(system.connection_id)
    scheme = "https" if "https" in (connection.conn_type, connection.schema) else "http"
    port = f":{connection.port}" if connection.port else ""
    extras = connection.extra_dejson
    return system.connect(
        f"{scheme}://{connection.host}{port}",
        connection.login or "",
        connection.password or "",
        plain_http=str(extras.get("plain_http", "")).lower() in ("1", "true"),
        ca_bundle=extras.get("ca_bundle"),
    )


def _told_before(context: Context) -> datetime:
    """Since when changes were not told: the digest before this one, else a day."""
    end = context.get("data_interval_end") or context["dag_run"].run_after
    before = context.get("prev_data_interval_end_success")
    # A stand-in that asks Airflow only now; no driver of a database takes it.
    told = [datetime.fromisoformat(before.isoformat())] if before else []
    return min([end - timedelta(days=1), *told])


def _landing() -> Path:
    return Path(os.environ["CCHC_LANDING_DIR"])


def _until(context: Context) -> datetime:
    """The end of the last whole day of the run's data interval, or the moment of a run that has none.

    Local time. A DAG that starts some time after midnight still pulls whole days.
    """
    moment = context.get("data_interval_end") or context["dag_run"].run_after
    if end := source_end():
        moment = min(moment, end)
    moment = moment.astimezone(VIETNAM).replace(tzinfo=None, microsecond=0)
    return datetime.combine(moment, time.min) if context.get("data_interval_end") else moment
