"""Công bố: what is missing before a month closes, who confirmed, what stands out, what waits, the ledger."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from cchc.figures.notes import LONGEST
from cchc.pages.differences import changes_of
from cchc.pages.notes import KINDS, notes_of_period
from cchc.pages.operations import run_link
from cchc.pages.page import Read, page
from cchc.pages.periods import Choice, chosen_period, month_of_address
from cchc.pages.same_page import token_for
from cchc.pages.scoreboard import PROVINCE
from cchc.vietnamese import VIETNAM

router = APIRouter()
ENTRIES = 50
FINDINGS = 100
LAST_ENTRY = 2**63 - 1
WEIGHTS = {
    "bat_buoc": "phải có mới chốt được",
    "can_ly_do": "chốt được khi có lý do",
    "luu_y": "cần biết",
}
QUESTIONS = {
    "xac_nhan": "Xác nhận tháng",
    "chot": "Chốt tháng",
    "dinh_chinh": "Đính chính tháng",
    "ngoai_le": "Cho nộp muộn",
}
# The DAGs that people start. Airflow 3.3 takes no value of its form from an address (its issue 54800), so the
# page says which month is to be written there.
CLOSES, RESTATES = "publish_chi_so", "restate_chi_so"


@router.get("/cong-bo")
def publication(
    request: Request,
    read: Read,
    ky: str = "",
    don_vi: str = "",
    truoc: Annotated[int | None, Query(ge=1, le=LAST_ENTRY)] = None,
) -> Response:
    """One month, the first that is open when none is named; `don_vi`: whose waiting figures are listed;
    `truoc`: the ledger before that entry.
    """
    months = read.rows("published_months")
    if ky:
        month_of_address(ky)
    else:
        ky = _first_open(months)
    choice = chosen_period(read, "thang", ky) if ky else Choice("thang", "", None, [], counted=False)
    state = next((row for row in months if row.ky == choice.ky), None)
    own = _own(read)
    units = read.rows("pending_units", ky_loai="thang", ky=choice.ky)
    don_vi = don_vi or _whose(read, {row.ma_don_vi for row in units})
    confirmations = read.rows("confirmations", ky=choice.ky, don_vi=None, cac_ma=own)
    return page(
        request,
        "publication.html",
        read,
        choice=choice,
        months=months,
        state=state,
        own=own,
        confirmations=confirmations,
        confirmed=sum(row.trang_thai == "da_xac_nhan" for row in confirmations),
        questions=read.rows("questions", cac_ma=own),
        question_link=question_link,
        now=datetime.now(VIETNAM).replace(tzinfo=None),
        don_vi=don_vi,
        units=units,
        changes=changes_of(read, choice, don_vi, cho=True) if units else [],
        with_rows=read.viewer.sees_every_row or don_vi in own,
        entries=read.rows("ledger", ky=None, truoc=truoc, so_dong=ENTRIES),
        truoc=truoc,
        entries_shown=ENTRIES,
        kinds_of_question=QUESTIONS,
        dags={"chot": CLOSES, "dinh_chinh": RESTATES},
    )


@router.get("/cong-bo/dieu-kien")
def conditions(request: Request, read: Read, ky: str) -> Response:
    """What is missing before a month can be closed: a part of the page that is asked for by itself."""
    month = month_of_address(ky)
    return page(
        request,
        "conditions.html",
        read,
        base=_base(request),
        ky=month.ky,
        conditions=read.rows("closing_conditions", ky=month.ky),
        weights=WEIGHTS,
    )


@router.get("/cong-bo/bat-thuong")
def findings(request: Request, read: Read, ky: str) -> Response:
    """What stands out in a month, with its comments: a part of the page that is asked for by itself."""
    month = month_of_address(ky)
    choice = chosen_period(read, "thang", month.ky, exact=True)
    own = _own(read)
    found = read.rows("findings", ky_loai="thang", ky=choice.ky, ma=None, don_vi=None, cac_ma=own)
    said = notes_of_period(read, "thang", choice.ky)
    return page(
        request,
        "findings.html",
        read,
        base=_base(request),
        choice=choice,
        findings=found[:FINDINGS],
        all_findings=len(found),
        said=said,
        others=[figure for figure, notes in said.items() if notes.followed and not _among(figure, found)],
        own=own,
        token=token_for(read.viewer.name),
        longest=LONGEST,
        kinds=KINDS,
    )


def question_link(row: Any) -> str:
    """Airflow's page on which a question is answered."""
    return f"{run_link(row)}/required_actions"


def _own(read: Read) -> list[str]:
    """The codes for which the viewer's unit answers; none of an officer's, who answers for all."""
    return sorted({row.ma for row in read.rows("own_units")}) if read.viewer.ma_don_vi else []


def _base(request: Request) -> str:
    """htmx puts a part into the page; who has no scripts opens it by itself."""
    return "part.html" if "hx-request" in request.headers else "base.html"


def _among(figure: tuple[str, str], found: list[Any]) -> bool:
    return any((row.ma_chi_so, row.ma_don_vi) == figure for row in found)


def _first_open(months: list[Any]) -> str:
    """Months are closed in order: the one whose turn it is, or the newest when all are closed."""
    still_open = [row.ky for row in months if row.trang_thai != "da_chot"]
    return min(still_open, default=max((row.ky for row in months), default=""))


def _whose(read: Read, there: set[str]) -> str:
    own = read.viewer.ma_don_vi
    return own if own and own in there else PROVINCE
