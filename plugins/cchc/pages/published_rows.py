"""The rows behind a published figure, as they were published, in the columns of those that are counted."""

import re
from collections.abc import Iterable
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from cchc.figures.definitions import Fact, facts, indicator_of
from cchc.figures.drill import Part
from cchc.pages.page import Read

if TYPE_CHECKING:
    import pandas as pd

# Of what a row says, what mart.ho_so_cua_chi_so gives beside it.
APART = ("ma_tthc",)
DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?", re.ASCII)
WHERE_FROM = ("batch_id", "original_name", "sha256", "line_no")


def published_rows(
    read: Read, ma: str, ky_loai: str, ky: str, unit: str, part: Part, revision: int
) -> "pd.DataFrame":
    """The rows behind a figure of a revision, of which the viewer may see them; columns as rows_seen_by."""
    import pandas as pd  # noqa: PLC0415 - only who asks for rows waits for it

    found = read.rows("published_rows", ma=ma, ky_loai=ky_loai, ky=ky, don_vi=unit, phan=part, ban=revision)
    indicator = indicator_of(ma)
    terms = (*indicator.tu_so, *indicator.mau_so)
    named = [facts()[name] for name in dict.fromkeys(term.fact for term in terms)]
    # What was never handed in has no line to show.
    shown = [fact for fact in named if fact.cot_hien]
    columns = list(dict.fromkeys(name for fact in shown for name in fact.cot_hien))
    rows = [_shown(row, facts()[row.fact], columns) for row in found if row.fact in {f.fact for f in shown}]
    several = len({row["nguon"] for row in rows}) > 1
    frame = pd.DataFrame(
        rows, columns=["ma_don_vi", "ten_don_vi", *columns, *WHERE_FROM, "nguon"], dtype=object
    )
    return frame if several else frame.drop(columns="nguon")


def said_values(said: dict[str, Any] | None) -> dict[str, Any]:
    """What a row says of itself, with days and moments as such; nothing for a row that was not there."""
    return {name: _value(value) for name, value in (said or {}).items()}


def _shown(row: Any, fact: Fact, columns: Iterable[str]) -> dict[str, Any]:
    said = said_values(row.noi_dung) | {name: getattr(row, name) for name in APART}
    return {
        "nguon": fact.ten,
        "ma_don_vi": row.ma_don_vi,
        "ten_don_vi": row.ten_don_vi,
        **{name: said.get(name) if name in fact.cot_hien else None for name in columns},
        **{name: getattr(row, name) for name in WHERE_FROM},
    }


def _value(value: Any) -> Any:
    """JSON holds days and moments as text, and what has not ended as infinity."""
    if not isinstance(value, str):
        return value
    if value == "infinity":
        return None
    if DAY.fullmatch(value):
        return date.fromisoformat(value)
    return datetime.fromisoformat(value) if MOMENT.fullmatch(value) else value
