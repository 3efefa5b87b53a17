"""Commands that write evidence about a closed month, and rebuild what it is about elsewhere."""

from pathlib import Path
from typing import Annotated

import sqlalchemy as sa
import typer

from cchc.commands import arguments
from cchc.commands.report import plain, wide_console
from cchc.commands.surroundings import warehouse, writing
from cchc.publication import rebuild as rebuilding
from cchc.publication.evidence import write_evidence
from cchc.shown import in_table


def evidence(
    ky: Annotated[str, typer.Argument(metavar="KY", parser=arguments.month, help="a month, as 2025-03")],
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="where to (default: here)")] = Path(),
) -> None:
    """Write the evidence about a closed month as one archive."""
    engine = warehouse()
    with writing("OUT", out, "a folder"):
        out.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write_month(engine, ky, out)


def rebuild(
    evidence: Annotated[Path, typer.Argument(metavar="EVIDENCE", help="an archive that evidence wrote")],
    landing: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="below which the landed files are")
    ] = None,
    newest: Annotated[
        str | None, typer.Option("--hash", metavar="SHA256", help="of the ledger, as it was kept elsewhere")
    ] = None,
) -> int:
    """Rebuild in an empty warehouse what evidence is about, and compare; exit code 0 when all is equal."""
    return _rebuild_month(warehouse(), evidence, landing, newest)


def _write_month(engine: sa.Engine, ky: str, folder: Path) -> None:
    """Writes the archive about a month and says what is in it and what of it can be rebuilt."""
    written = write_evidence(engine, ky, folder)
    scope, console = written.scope, wide_console()
    newest = scope.ledger[-1]
    periods = ", ".join(f"{kind} {name}" for kind, name in scope.periods)
    console.print(plain(f"{written.path}: {periods}; entries 1 to {newest.number} of the ledger."))
    console.print(
        plain(f"SHA-256 of the newest entry {newest.digest}: compare it with the one kept elsewhere.")
    )
    console.print(plain(f"{written.files} landed files are named in it; {_gone(written.gone)}"))


def _gone(count: int) -> str:
    if not count:
        return "all are there."
    return f"{count} are deleted or damaged: what rests on them can be rebuilt from a backup only."


def _rebuild_month(engine: sa.Engine, evidence: Path, landing: Path | None, expected: str | None) -> int:
    """Rebuilds, prints how each part came out; returns 0 when all is equal."""
    console = wide_console()
    result = rebuilding.rebuild(
        engine, evidence, landing, expected, say=lambda text: console.print(plain(f"· {text}"))
    )
    for note in result.notes:
        console.print(plain(f"note     {note}"))
    for missing in result.missing:
        console.print(plain(f"missing  {missing}"))
    for line in result.lines:
        console.print(plain(str(line)))
    counts = {s: sum(line.state == s for line in result.lines) for s in ("equal", "differs", "cannot")}
    told = f"{counts['equal']} equal, {counts['differs']} differ, {counts['cannot']} cannot be rebuilt"
    console.print(plain(f"{in_table(evidence.name)}: {told}."))
    return 0 if result.equal else 1
