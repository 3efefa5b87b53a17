"""Commands that close months and restate them; what they write stands in the ledger for ever."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated

import sqlalchemy as sa
import typer
from rich.table import Table

from cchc.commands import arguments
from cchc.commands.report import plain, wide_console
from cchc.errors import CchcError
from cchc.figures.refresh import pending_periods, refresh
from cchc.publication.closing import Published, close, restate
from cchc.publication.confirming import confirm
from cchc.publication.exceptions import permit
from cchc.publication.ledger import Entry
from cchc.publication.waiting import waiting

Ky = Annotated[str, typer.Argument(metavar="KY", parser=arguments.month, help="a month, as 2025-03")]
Reason = Annotated[str | None, typer.Option(metavar="TEXT", help="why, for the ledger")]
By = Annotated[str, typer.Option(metavar="LOGIN", help="who asks for it")]
ApprovedBy = Annotated[str, typer.Option(metavar="LOGIN", help="who approves it: another person")]


def add_commands(app: typer.Typer, warehouse: Callable[[], sa.Engine]) -> None:
    """Adds the commands of publication; `warehouse`: connects when one of them runs."""

    @app.command("close")
    def close_command(ky: Ky, by: By, approved_by: ApprovedBy, reason: Reason = None) -> None:
        """Close a month: its figures stay as they are published."""
        close_month(warehouse(), ky, by, approved_by, reason)

    @app.command("confirm")
    def confirm_command(
        ky: Ky,
        unit: Annotated[str, typer.Argument(metavar="UNIT", help="code of the unit that confirms")],
        by: By,
        reason: Reason = None,
        refuse: Annotated[bool, typer.Option("--refuse", help="the unit's figures are not right")] = False,
    ) -> None:
        """Write that a unit confirms its figures of a month, or that it does not."""
        confirm_month(warehouse(), ky, unit, by, reason, agree=not refuse)

    @app.command("except")
    def permit_late_lines(
        ky: Ky,
        unit: Annotated[str, typer.Argument(metavar="UNIT", help="code of the unit")],
        dataset: Annotated[str, typer.Argument(metavar="DATASET", help="ho_so, khai_bao, …")],
        until: Annotated[
            datetime, typer.Option(formats=["%Y-%m-%d"], help="the last day on which they may come")
        ],
        by: By,
        approved_by: ApprovedBy,
        reason: Annotated[str, typer.Option(help="why; it stands in the ledger")],
    ) -> None:
        """Let late lines of one unit and dataset go into a closed month."""
        permit_late(warehouse(), ky, unit, dataset, until.date(), by, approved_by, reason)

    @app.command("restate")
    def restate_command(
        ky: Ky,
        by: By | None = None,
        approved_by: ApprovedBy | None = None,
        reason: Reason = None,
        publish: Annotated[bool, typer.Option("--publish", help="write the next revision")] = False,
    ) -> None:
        """Show what waits for a closed month and why; with --publish, publish it as its next revision."""
        restate_month(warehouse(), ky, by, approved_by, reason, publish=publish)


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


def confirm_month(engine: sa.Engine, ky: str, unit: str, by: str, reason: str | None, *, agree: bool) -> None:
    """Writes that a unit confirms its month, or that it does not."""
    _say_entry(confirm(engine, ky, unit, by, agree=agree, reason=reason))


def permit_late(
    engine: sa.Engine,
    ky: str,
    unit: str,
    dataset: str,
    until: date,
    by: str,
    approved_by: str,
    reason: str,
) -> None:
    """Writes a lock exception."""
    _say_entry(permit(engine, ky, unit, dataset, until, by, approved_by, reason))


def _say_entry(entry: Entry) -> None:
    wide_console().print(
        f"Entry {entry.number} ({entry.kind} {entry.ky}). SHA-256 {entry.digest}", markup=False
    )


def _say(published: Published) -> None:
    entry = published.entry
    console = wide_console()
    periods = ", ".join(f"{p.ky_loai} {p.ky}" for p in published.periods) or "no whole period"
    console.print(f"Entry {entry.number} ({entry.kind} {entry.ky}): {periods}.", markup=False)
    console.print(
        f"SHA-256 {entry.digest}: keep it elsewhere, and nobody changes the ledger unseen.", markup=False
    )
