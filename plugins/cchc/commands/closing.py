"""Commands that close months and restate them; what they write stands in the ledger for ever."""

from typing import Annotated

import sqlalchemy as sa
import typer
from rich.table import Table

from cchc.commands.report import plain, wide_console
from cchc.errors import CchcError
from cchc.figures.refresh import pending_periods, refresh
from cchc.publication.closing import Published, close, restate
from cchc.publication.waiting import waiting

By = Annotated[str, typer.Option(metavar="LOGIN", help="who asks for it")]
ApprovedBy = Annotated[str, typer.Option(metavar="LOGIN", help="who approves it: another person")]


def close_month(engine: sa.Engine, ky: str, by: str, approved_by: str, reason: str | None) -> None:
    """Closes a month and says what was published."""
    _say(close(engine, ky, by, approved_by, reason))


def restate_month(
    engine: sa.Engine, ky: str, by: str | None, approved_by: str | None, reason: str | None, *, publish: bool
) -> None:
    """Shows what waits for a closed month and why; publishes it when told to."""
    if publish:
        if not (by and approved_by and reason):
            raise CchcError("--publish needs --by, --approved-by and --reason: they stand in the ledger.")
        _say(restate(engine, ky, by, approved_by, reason))
        return
    if ky in pending_periods(engine):
        refresh(engine, ky)
    rows = waiting(engine, ky).rows
    console = wide_console()
    if not rows:
        console.print(f"Nothing waits for {ky}: its figures are as they were published.", markup=False)
        return
    table = Table(title=f"What waits for {ky}, and why", title_justify="left", title_style="bold")
    for name in ("Kỳ", "Chỉ số", "Đã công bố", "Nay", "Nguyên nhân", "Tử số", "Mẫu số", "Dòng"):
        table.add_column(name)
    for row in rows:
        cells = (f"{row.ky_loai} {row.ky}", row.ma_chi_so, row.truoc, row.sau, row.nguyen_nhan)
        numbers = (f"{row.tu_so:+d}", f"{row.mau_so:+d}", str(row.so_dong))
        table.add_row(*map(plain, (*cells, *numbers)))
    console.print(table)
    console.print(
        "Nothing was changed. --publish with --by, --approved-by and --reason writes the next revision.",
        markup=False,
    )


def _say(published: Published) -> None:
    entry = published.entry
    console = wide_console()
    periods = ", ".join(f"{p.ky_loai} {p.ky}" for p in published.periods) or "no whole period"
    console.print(f"Entry {entry.number} ({entry.kind} {entry.ky}): {periods}.", markup=False)
    console.print(
        f"SHA-256 {entry.digest}: keep it elsewhere, and nobody changes the ledger unseen.", markup=False
    )
