"""Accidents, deliveries and more in great number: `make torture`, of which `make test` takes a sample.

Tests that do so are marked `torture`, wherever they stand. What they tried is counted by `record_property`
and printed at the end of the run.
"""

import os
from typing import TypeVar

ALL = os.environ.get("CCHC_TORTURE") == "1"
Thing = TypeVar("Thing")


def often(many: int, few: int) -> int:
    """How often something is tried: `many` times in `make torture`, else a few."""
    return many if ALL else few


def some(things: list[Thing], few: int) -> list[Thing]:
    """All of them in `make torture`, else a few: the first, the last, and others between, evenly taken."""
    if ALL or len(things) <= few:
        return things
    return [things[n * (len(things) - 1) // (few - 1)] for n in range(few)]
