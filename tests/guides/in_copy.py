"""What a test does inside a copy of the repository, in a process of its own; prints one JSON object.

`python -m tests.guides.in_copy load DSN FOLDER DATASET FILE …` loads files one after the other;
`… pull DSN FOLDER DATASET URL UNTIL …` pulls up to each of the moments from the system at URL.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

import cchc
from cchc.contracts import contract_of
from cchc.judging import validation
from cchc.judging.judge import run_suite
from cchc.judging.validation import validate
from cchc.loading.load import load
from cchc.sources.landing import land_api
from cchc.sources.register import system_of
from cchc.warehouse import engine_of
from tests.world import World


@contextmanager
def judge_in_this_process() -> Iterator[SimpleNamespace]:
    """Great Expectations is imported once, not by a process for each batch."""
    yield SimpleNamespace(judge=run_suite)


def told(world: World, batch_id: int) -> dict:
    """What became of a landed batch."""
    validate(world.engine, batch_id)
    batch, months = load(world.engine, batch_id)
    return {
        "status": batch.status,
        "layout": batch.layout,
        "stated": batch.stated_total,
        "read": batch.lines_read,
        "accepted": batch.lines_accepted,
        "rejected": batch.lines_rejected,
        "superseded": batch.lines_superseded,
        "personal": batch.personal_columns,
        "months": months,
    }


def main(what: str, dsn: str, folder: str, dataset: str, *rest: str) -> list[dict]:
    # Of the copy, not of the repository that tests.
    assert Path(cchc.__file__).is_relative_to(Path.cwd()), cchc.__file__
    validation.getting_ready = judge_in_this_process
    world = World(engine_of(dsn), Path(folder))
    world.dimensions()
    if what == "load":
        return [told(world, world.land(dataset, Path(file))) for file in rest]
    contract = contract_of(dataset)
    assert contract.api
    url, *moments = rest
    client = system_of(contract.api.system).connect(url, "client", "secret")
    return [
        told(
            world,
            land_api(
                world.engine, world.folder / "landing", contract, client, datetime.fromisoformat(m)
            ).batch_id,
        )
        for m in moments
    ]


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
