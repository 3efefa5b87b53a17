"""What speed is to be reached, and whether one run reached it: the last table of `make bench`."""

from collections.abc import Iterable
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Target:
    """One figure of a run beside what it is to be: at most `reach`, or at least where `at_least`."""

    what: str
    reach: float
    found: float | None
    unit: str = ""
    at_least: bool = False

    @property
    def verdict(self) -> str:
        if self.found is None:
            return "not measured"
        good = self.found >= self.reach if self.at_least else self.found <= self.reach
        return "reached" if good else "not reached"


def report(console: Console, targets: Iterable[Target]) -> None:
    """Prints a line for each."""
    table = Table(title="What is to be reached", title_justify="left")
    table.add_column("", overflow="fold")
    for name in ("this run", "reach"):
        table.add_column(name, justify="right")
    table.add_column("")
    for target in targets:
        unit = f" {target.unit}" if target.unit else ""
        found = "–" if target.found is None else f"{target.found:.4g}{unit}"
        reach = f"{'≥' if target.at_least else '≤'} {target.reach:g}{unit}"
        style = "red" if target.verdict == "not reached" else None
        table.add_row(target.what, found, reach, target.verdict, style=style)
    console.print(table)
