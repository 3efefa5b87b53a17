"""The period that a page shows, and those that can be chosen."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Any

from fastapi import HTTPException

from cchc.errors import CchcError
from cchc.pages.page import Read
from cchc.periods import Month, Period, month_of, parse_month, parse_period, periods_of
from cchc.vietnamese import PERIOD_KINDS, period, waiting

# When the DAGs count, and who looks after them.
COUNTED_WHEN = (
    "Con số được tính lại ngay sau khi nạp dữ liệu, chậm nhất lúc 5 giờ sáng hôm sau. Nếu sau đó vẫn chờ, "
    "hỏi người vận hành kho."
)


@dataclass(frozen=True)
class Choice:
    """`ky`: what is shown, empty when nothing was counted yet; `others`: (ky, its words), newest first.

    `counted`: whether it was ever; `why_none`: why the period has no figures, empty when it has; `waiting`:
    says that it will be counted again, empty when nothing of it waits; `moved`: says that another period was
    asked for, which is of another kind.
    """

    ky_loai: str
    ky: str
    den_ngay: date | None
    others: list[tuple[str, str]]
    waiting: str = ""
    why_none: str = ""
    counted: bool = True
    moved: str = ""

    @property
    def words(self) -> str:
        return period(self.ky_loai, self.ky) if self.ky else ""


def chosen_period(read: Read, ky_loai: str, ky: str, *, exact: bool = False) -> Choice:
    """The period of an address, or the newest of its kind; raises HTTPException 400 for what is no period.

    Who has chosen another kind still sends the period of the one before: the one in which it ended is shown,
    or else the last one within it, and that is said. `exact`: none but the named one,
    and none without figures (404).
    """
    if ky_loai not in PERIOD_KINDS:
        raise HTTPException(400, f"Không có loại kỳ {ky_loai!r}. Có: {', '.join(PERIOD_KINDS)}.")
    found = read.rows("periods", ky_loai=ky_loai)
    if not ky and not exact:
        with_figures = (row for row in found if not row.ly_do_na)
        shown = next(with_figures, next(iter(found), None))
        return _shown(read, ky_loai, shown, found) if shown else Choice(ky_loai, "", None, [], counted=False)
    asked = _asked(ky_loai, ky)
    wanted = asked if asked.ky_loai == ky_loai else _counterpart(asked, ky_loai, found)
    if exact and wanted is not asked:
        raise HTTPException(404, f"{PERIOD_KINDS[ky_loai]} không có kỳ {ky!r}. {_written(ky_loai)}")
    moved = ""
    if wanted is not asked:
        moved = f"{period(asked.ky_loai, ky)} thuộc loại kỳ khác: dưới đây là {period(ky_loai, wanted.ky)}"
    shown = next((row for row in found if row.ky == wanted.ky), None)
    if exact:
        _with_figures(shown, wanted)
    if shown is not None:
        return _shown(read, ky_loai, shown, found, moved)
    others = [(wanted.ky, period(ky_loai, wanted.ky)), *_others(ky_loai, found)]
    again = _waiting(read, wanted.start, wanted.end)
    return Choice(ky_loai, wanted.ky, wanted.end, others, again, counted=False, moved=moved)


def standing_of(read: Read, choice: Choice, don_vi: str) -> Any:
    """How the figures of a period stand at a unit beyond their state, a row of sql/pages/standing.sql; None
    for no period."""
    if not choice.ky:
        return None
    return read.row("standing", ky_loai=choice.ky_loai, ky=choice.ky, don_vi=don_vi)


def month_of_address(ky: str) -> Month:
    """The month named `ky`; raises HTTPException 400 for what is none."""
    try:
        return parse_month(ky)
    except CchcError:
        raise HTTPException(400, f"{ky!r} không phải là tháng. {_written('thang')}") from None


def no_figures(ky_loai: str, ky: str) -> HTTPException:
    """What is said of a period that was never counted."""
    return HTTPException(404, f"{period(ky_loai, ky)} chưa có con số nào. Chọn kỳ khác ở Bảng điểm.")


def _shown(read: Read, ky_loai: str, row: Any, found: Sequence[Any], moved: str = "") -> Choice:
    again = _waiting(read, row.tu_ngay, row.den_ngay)
    others = _others(ky_loai, found)
    return Choice(ky_loai, row.ky, row.den_ngay, others, again, row.ly_do_na or "", moved=moved)


def _others(ky_loai: str, found: Sequence[Any]) -> list[tuple[str, str]]:
    return [(row.ky, period(ky_loai, row.ky)) for row in found]


def _with_figures(row: Any | None, wanted: Period) -> None:
    if row is None:
        raise no_figures(wanted.ky_loai, wanted.ky)
    if row.ly_do_na:
        raise HTTPException(404, f"{period(wanted.ky_loai, wanted.ky)} không có con số: {row.ly_do_na}.")


def _waiting(read: Read, first: date, last: date) -> str:
    return waiting([row.ky for row in read.rows("waiting", tu_ngay=first, den_ngay=last)])


def _asked(ky_loai: str, ky: str) -> Period:
    """The period `ky` of this kind, or else of the first kind that has it."""
    for kind in (ky_loai, *PERIOD_KINDS):
        with suppress(CchcError):
            return parse_period(kind, ky)
    raise HTTPException(400, f"Không có kỳ {ky!r}. {_written(ky_loai)}")


def _counterpart(before: Period, ky_loai: str, found: Sequence[Any]) -> Period:
    """The period of another kind that is shown in place of `before`."""
    # Of the report regime there are months, quarters and years under one kind: the shortest.
    around = (row for row in found if row.tu_ngay <= before.end <= row.den_ngay)
    held = min(around, key=lambda row: row.den_ngay - row.tu_ngay, default=None)
    within = next((row for row in found if before.start <= row.den_ngay <= before.end), None)
    if row := held or within:
        return parse_period(ky_loai, row.ky)
    same = (p for p in periods_of(month_of(before.end)) if p.ky_loai == ky_loai and p.end >= before.end)
    return min(same, key=lambda p: (p.end - p.start, p.end))


def _written(ky_loai: str) -> str:
    examples = {
        "thang": "2025-03",
        "luy_ke": "2025-03",
        "quy": "2025-Q1",
        "nua_nam": "2025-H1",
        "nam": "2025",
        "ky_bao_cao": "2025-03, 2025-Q1, 2025-H1, 2025-9T hoặc 2025",
    }
    return f"{PERIOD_KINDS[ky_loai]} viết như {examples[ky_loai]}."
