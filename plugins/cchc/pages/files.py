"""Tables that are taken along as files: what a spreadsheet would compute is inert in them."""

import io
import re
from csv import QUOTE_NONNUMERIC
from datetime import date
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

from starlette.responses import Response

from cchc.shown import in_spreadsheet
from cchc.vietnamese import cell

if TYPE_CHECKING:
    import pandas as pd

FileKind = Literal["csv", "xlsx"]
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def table_file(rows: "pd.DataFrame", kind: FileKind, name: str, sheet: str) -> Response:
    """The table as `name`.csv or `name`.xlsx."""
    import pandas as pd  # noqa: PLC0415 - only who asks for a file waits for it

    inert = rows.map(in_spreadsheet).rename(columns=in_spreadsheet)
    if kind == "csv":
        # With a mark: Excel takes a file without one for one of the machine's old code page.
        content = (
            b"\xef\xbb\xbf" + inert.map(_day_as_text).to_csv(index=False, quoting=QUOTE_NONNUMERIC).encode()
        )
        return download(content, "text/csv; charset=utf-8", f"{name}.csv")
    buffer = io.BytesIO()
    options = {"options": {"strings_to_formulas": False, "strings_to_urls": False}}
    with pd.ExcelWriter(
        buffer,
        engine="xlsxwriter",
        date_format="dd/mm/yyyy",
        datetime_format="dd/mm/yyyy hh:mm",
        engine_kwargs=options,
    ) as book:
        inert.to_excel(book, index=False, sheet_name=sheet)
        book.sheets[sheet].autofit(300)
    return download(buffer.getvalue(), XLSX, f"{name}.xlsx")


def _day_as_text(value: Any) -> Any:
    """Days and moments as they are written in Vietnam; nothing for none."""
    if not isinstance(value, date):
        return value
    # A moment that is missing (NaT) is none that equals itself.
    return cell(value) if value == value else ""  # noqa: PLR0124


def download(content: bytes, media_type: str, name: str) -> Response:
    """The file to take along.

    Codes of sources may be part of its name: what no system takes becomes _, and what is no ASCII is said as
    RFC 5987 has it.
    """
    kept = re.sub(r"[^\w.-]", "_", name)
    plain = re.sub(r"[^A-Za-z0-9_.-]", "_", kept)
    more = "" if plain == kept else f"; filename*=UTF-8''{quote(kept)}"
    headers = {"Content-Disposition": f'attachment; filename="{plain}"{more}'}
    return Response(content, media_type=media_type, headers=headers)
