"""Accidents and deliveries in great number over every dataset: `make torture`. `make test` takes a sample.

What was tried is counted by `record_property` and printed at the end of the run.
"""

import os
from typing import TypeVar

ALL = os.environ.get("CCHC_TORTURE") == "1"
Thing = TypeVar("Thing")


def some(things: list[Thing], few: int) -> list[Thing]:
    """All of them in `make torture`, else a few, evenly taken: never only the first ones."""
    if ALL or len(things) <= few:
        return things
    return [things[n * len(things) // few] for n in range(few)]
