"""Understands what a JSON export says of itself beside its records: its total, its time, an error."""

import re
from datetime import datetime
from decimal import Decimal
from typing import Any

from cchc.contracts import UNKNOWN_TIMES
from cchc.errors import BadFile
from cchc.field_words import quoted
from cchc.field_words import shown as words_shown
from cchc.reading.export import Account
from cchc.reading.totals import Total, stated_moment, stated_number
from cchc.written_times import VIETNAM, says_no_time

TOTAL, MOMENT, ERROR = "tong_so", "thoi_diem", "error_code"
FIELDS = (TOTAL, MOMENT, ERROR)
COMPACT = re.compile(r"\d{14}")
SHOWN = 100


def read_envelope(envelope: dict[str, Any], account: Account, where: str) -> None:
    """Adds to the account what an envelope states; raises BadFile when it says that there are no data."""
    code = envelope.get(ERROR)
    if code is not None and str(code).strip() not in ("0", ""):
        shown = str(code) if re.fullmatch(r"[A-Z]{0,4}[-_]?\d{1,6}", str(code), re.ASCII) else "that is not 0"
        raise BadFile(f"{where}: the source answered {ERROR} {shown}: this file holds no data. Export again.")
    stated = envelope.get(TOTAL)
    if stated not in (None, ""):
        # 1.234 is one and a bit as a number, and 1234 only as an officer's text.
        number = stated_number(stated) if isinstance(stated, int | str) else None
        account.totals.append(Total(_shown(stated), 1, number))
        if number is None:
            account.notes.append(
                f"{TOTAL} ghi {quoted(_shown(stated))}: không hiểu là bao nhiêu bản ghi, nên không đối chiếu."
            )
    told = envelope.get(MOMENT)
    if told not in (None, ""):
        if moment := stated_time(told):
            account.exported_at, account.time_source = moment, "stated"
        else:
            account.notes.append(f"{MOMENT} ghi {quoted(_shown(told))}: không hiểu là thời điểm nào.")
    others = [name for name, value in envelope.items() if isinstance(value, list) and value]
    unread = [name for name in others if name not in FIELDS and name != "data"]
    if unread:
        names = ", ".join(map(words_shown, unread))[:SHOWN]
        account.notes.append(f"Ngoài danh sách data, tệp còn danh sách không được đọc: {names}.")


def stated_time(value: object) -> datetime | None:
    """A moment as an envelope states it, in local time: 20250401070500, or any that `stated_moment` reads;
    with a zone it is converted."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    text = str(value).strip()
    if says_no_time(text, UNKNOWN_TIMES):
        return None
    try:
        if COMPACT.fullmatch(text):
            return datetime.strptime(text, "%Y%m%d%H%M%S")  # noqa: DTZ007 - local time by contract
        zoned = datetime.fromisoformat(text)
    except ValueError:
        return stated_moment(text)
    return zoned.astimezone(VIETNAM).replace(tzinfo=None) if zoned.tzinfo else stated_moment(text)


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | Decimal | str):
        return str(value)[:SHOWN]
    return "danh sách" if isinstance(value, list) else "đối tượng"
