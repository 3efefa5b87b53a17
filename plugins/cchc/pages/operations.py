"""Vận hành: what was pulled and is late, what stopped and why, what waits for a person."""

from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, HTTPException, Request
from starlette.responses import Response

from cchc.contracts import contracts
from cchc.pages.page import Read, page
from cchc.reports.pulls import expected, pulls_of

router = APIRouter()
SHOWN = 100
STATUSES = {
    "landed": "đã nhận tệp, chưa kiểm tra",
    "validated": "đã kiểm tra, chờ nạp",
    "stopped": "bị dừng, chưa nạp gì",
    "loaded": "đã nạp",
}
# What is to be done about a batch, for whoever looks; why it stopped is told by the pipeline, in English.
TO_DO = {
    "judged_again": "Dữ liệu đã nạp vẫn giữ. Xem các dòng bị loại, sửa ở nguồn hoặc bổ sung danh mục, rồi "
    "chạy lại tác vụ kiểm tra của lô.",
    "stopped": "Chưa nạp gì của lô. Xem dòng bị loại và quy tắc bị vi phạm, sửa ở nguồn hoặc bổ sung danh "
    "mục, rồi chạy lại tác vụ kiểm tra; nếu tệp sai, nạp tệp đã sửa.",
    "unread": "Tệp không mở được hoặc không đúng mẫu, chưa nạp gì. Xuất lại từ nguồn theo đúng mẫu rồi nạp "
    "tệp mới.",
    "waits": "Lô chưa kiểm tra xong. Xem nhật ký của lần chạy, khắc phục điều nêu ở dưới, rồi chạy "
    "lại tác vụ.",
}
RUNBOOK = {
    "unread": "a-file-was-refused",
    "waits": "when-something-is-red",
    "stopped": "a-batch-is-stopped",
    "judged_again": "a-loaded-batch-was-judged-again-and-is-stopped",
    "differs": "the-source-and-the-warehouse-differ",
    "late": "the-source-is-away",
    "month": "a-month-cannot-be-counted",
    "form": "declarations-of-units",
}


@router.get("/van-hanh")
def operations(request: Request, read: Read, dataset: str = "", cho: bool = False) -> Response:
    """All batches, or those of a dataset; `cho`: only those that wait for somebody."""
    read.only_for_stewards()
    return page(
        request,
        "operations.html",
        read,
        dataset=dataset,
        cho=cho,
        datasets=[(contract.dataset, contract.title) for contract in contracts().values()],
        pulls=pulls_of(read.connection),
        expected=expected(),
        batches=_batches(read, dataset=dataset, cho=cho),
        months=read.rows("op_months"),
        differences=read.rows("op_reconciliation"),
        decisions={row.loai: row for row in read.rows("op_decisions")},
        statuses=STATUSES,
        runbook=RUNBOOK,
        run_link=run_link,
        to_do=to_do,
    )


@router.get("/van-hanh/lo/{batch_id}")
def batch(request: Request, read: Read, batch_id: int) -> Response:
    """One batch: its lines, the rules that they broke, rejected lines, the runs that worked on it."""
    read.only_for_stewards()
    found = next(iter(_batches(read, batch_id=batch_id)), None)
    if found is None:
        raise HTTPException(404, f"Không có lô {batch_id}.")
    return page(
        request,
        "batch.html",
        read,
        batch=found,
        title=contracts()[found.dataset].title if found.dataset in contracts() else found.dataset,
        rules=read.rows("op_batch", batch_id=batch_id),
        rejects=read.rows("op_rejects", batch_id=batch_id),
        runs=read.rows("op_runs", batch_id=batch_id),
        statuses=STATUSES,
        runbook=RUNBOOK,
        run_link=run_link,
        to_do=to_do,
    )


@router.get("/van-hanh/lan-chay")
def batches_of_a_run(request: Request, read: Read, dag_id: str, run_id: str) -> Response:
    """The batches that a DAG run worked on; Airflow's pages of runs and tasks lead here."""
    read.only_for_stewards()
    return page(
        request,
        "run.html",
        read,
        dag_id=dag_id,
        run_id=run_id,
        batches=_batches(read, dag_id=dag_id, run_id=run_id),
        statuses=STATUSES,
        runbook=RUNBOOK,
        run_link=run_link,
        to_do=to_do,
    )


def to_do(row: Any) -> tuple[str, str]:
    """What is to be done about a batch that gives a reason, and the section of the runbook about it."""
    if row.status == "loaded":
        kind = "judged_again"
    elif row.status != "stopped":
        kind = "waits"
    else:
        # What was read was judged, whatever came of it.
        kind = "stopped" if row.quy_tac else "unread"
    return TO_DO[kind], RUNBOOK[kind]


def _batches(read: Read, **wanted: Any) -> list[Any]:
    none: dict[str, Any] = {"dataset": "", "cho": False, "dag_id": "", "run_id": "", "batch_id": None}
    return read.rows("op_batches", **none | wanted, so_dong=SHOWN)


def run_link(row: Any) -> str | None:
    """Airflow's page of the task that worked on a batch, with its log; None where none is on record."""
    if row.run_id is None:
        return None
    task = f"/dags/{quote(row.dag_id, safe='')}/runs/{quote(row.run_id, safe='')}/tasks/{quote(row.task_id)}"
    return task if row.map_index < 0 else f"{task}/mapped/{row.map_index}"
