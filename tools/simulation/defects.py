"""What a named kind of bad rows is; each simulator lists its own."""

from dataclasses import dataclass

CRITICAL, WARNING = "critical", "warning"


@dataclass(frozen=True)
class Defect:
    """`rule` is the rule that the defect must trip first, where it has one: its number, or its id."""

    name: str
    severity: str
    rate: float
    rule: int | str | None
