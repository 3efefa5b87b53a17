"""Each dataset is judged, loaded and counted, with an accident at each point that can leave a trace."""

import pytest

from cchc.figures.refresh import pending_periods, refresh
from cchc.judging.validation import validate
from cchc.loading.load import load
from tests.accidents import Accident, nothing_differs_after, process_killed, server_crashed, session_ended
from tests.judging.standing import KEPT, stale
from tests.torture import ALL, some
from tests.torture.states import COUNTED_FROM, EXPORTED_AT, KEYS, TIMES, line, lines, rejected
from tests.world import World

pytestmark = [pytest.mark.kill, pytest.mark.torture]
FEW = 3
ACCIDENTS = (process_killed, session_ended)
# Of each dataset both; a sample takes of each the one that its neighbour has not.
CASES = [(dataset, ACCIDENTS[(place + turn) % 2]) for place, dataset in enumerate(KEYS) for turn in range(2)]
if ALL:
    CASES += [(dataset, server_crashed) for dataset in KEYS]


@pytest.mark.parametrize(
    ("dataset", "accident"), some(CASES, len(KEYS)), ids=lambda value: getattr(value, "__name__", value)
)
def test_after_an_accident_and_another_run_nothing_is_different(
    shared: World, dataset: str, accident: Accident, record_property, monkeypatch
):
    monkeypatch.setenv("CCHC_KY_DAU", COUNTED_FROM)
    known = shared.json([each for n, each in enumerate(lines(dataset)) if n % TIMES == 1])
    path = shared.json([*lines(dataset), *[line(dataset, n, 2) for n in range(10, 50)], rejected(dataset)])

    def prepare() -> int:
        shared.ingest(dataset, known, at=EXPORTED_AT)
        return shared.land(dataset, path, EXPORTED_AT)

    def job(batch_id: int) -> None:
        validate(shared.engine, batch_id)
        load(shared.engine, batch_id)
        for ky in pending_periods(shared.engine):
            refresh(shared.engine, ky)

    tried = nothing_differs_after(
        accident,
        shared.engine,
        prepare=prepare,
        job=job,
        seen=lambda: (
            shared.content(),
            shared.books(),
            shared.rows(f"{KEPT} ORDER BY 1, 2, 3"),
            stale(shared),
        ),
        pick=lambda points: some(points, FEW),
    )
    record_property(f"times {accident.__name__} in the middle of a load".replace("_", " "), tried)
    assert tried >= FEW
    assert stale(shared) == []
    [(status, read, parts)] = shared.rows(
        "SELECT status, lines_read, lines_accepted + lines_rejected + lines_superseded FROM ops.batch "
        "ORDER BY batch_id DESC LIMIT 1"
    )
    assert (status, read, parts) == ("loaded", read, read)
