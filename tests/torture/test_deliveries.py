"""States of things of each dataset in files of any split, order and repetition: always the same warehouse.

Among them are states that contradict each other: of one moment and with different contents.
"""

import random

import pytest

from cchc.contracts import contract_of
from tests.accidents import copied
from tests.judging.standing import stale
from tests.torture import ALL
from tests.torture.states import COUNTED_FROM, EXPORTED_AT, KEYS, contradicting, lines
from tests.world import CONTENT, World

pytestmark = [pytest.mark.long, pytest.mark.torture]
# Of each of eight datasets; figures are counted after some of them, which takes longer than all else.
DELIVERIES = 126 if ALL else 2
COUNTED = 25


def delivery(chance: random.Random, things: list[dict]) -> list[list[dict]]:
    """Files that hold each of the lines, some more than once, in any order."""
    again = chance.sample(things, chance.randrange(len(things) // 2))
    dealt = chance.sample([*things, *again], len(things) + len(again))
    files: list[list[dict]] = [[] for _ in range(chance.randint(1, 5))]
    for each in dealt:
        chance.choice(files).append(each)
    return [file for file in files if file]


def as_of(file: list[dict], changed_at: str) -> str:
    """When an export of these lines may have been made: not before the last change in it."""
    last = max(line[changed_at] for line in file)
    return max(f"{last[:4]}-{last[4:6]}-{last[6:8]}T23:59:59", EXPORTED_AT)


@pytest.mark.parametrize("dataset", KEYS)
def test_any_delivery_of_the_same_lines_gives_the_same_warehouse(
    shared: World, dataset: str, record_property, monkeypatch
):
    monkeypatch.setenv("CCHC_KY_DAU", COUNTED_FROM)
    things = [*lines(dataset), *contradicting(dataset)]
    changed_at = contract_of(dataset).changed_at
    counts = ("core.tong_hop", "core.doan")
    core = [table for table in CONTENT if table.startswith("core.") and not table.startswith(counts)]
    with copied(shared.engine) as put_back:

        def delivered(files: list[list[dict]], *, counted: bool) -> dict[str, list[str]]:
            put_back()
            for file in files:
                batch, _ = shared.ingest(dataset, shared.json(file), at=as_of(file, changed_at))
                parts = (batch.lines_accepted, batch.lines_rejected, batch.lines_superseded)
                assert batch.lines_read == len(file) == sum(parts)
                assert not batch.lines_rejected
            assert stale(shared) == []
            if counted:
                shared.refresh_all()
            return shared.content() if counted else shared.content(*core)

        at_once = delivered([things], counted=True)
        backwards = [things[::-1], [[each] for each in things], [[each] for each in things[::-1]]]
        for files in ([backwards[0]], *backwards[1:]):
            found = delivered(files, counted=False)
            assert found == {table: at_once[table] for table in found}, f"in {len(files)} files"
        for number in range(DELIVERIES):
            counted = number % COUNTED == 0
            found = delivered(delivery(random.Random(number), things), counted=counted)
            assert found == {table: at_once[table] for table in found}, f"delivery {number}"
    record_property("deliveries in other files, orders and repetitions", DELIVERIES)
