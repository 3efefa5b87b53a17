"""Which findings still stand is kept, and is what core says, whatever came before."""

import random
from collections.abc import Callable

import pytest

from cchc.contracts import contract_of
from cchc.database_objects import run_script, with_other_facts
from cchc.errors import CchcError
from cchc.judging.validation import validate
from cchc.loading.load import load, load_reopened
from cchc.repository import SQL
from tests.accidents import copied
from tests.judging.standing import KEPT, stale
from tests.publication.histories import ANSWERING, USUAL, register, with_registers
from tests.reading.test_borders import BORDERS, any_number_of_rejects, of_batches  # noqa: F401
from tests.torture import often
from tests.torture.states import KEYS, THINGS, TIMES, contradicting, line
from tests.world import HUYEN, SO, XA, World

pytestmark = [pytest.mark.long, pytest.mark.torture]
HISTORIES = often(200, 4)
STEPS = 14
# As sources call the units of `with_registers`.
UNIT = {"ho_so": "don_vi_xu_ly", "van_ban": "don_vi", "ho_so_cong_viec": "don_vi", "khai_bao": "don_vi"}
DATASETS = [dataset for dataset in KEYS if dataset != "don_vi"]


@pytest.fixture(scope="module")
def registered(make_world: Callable[[], World]) -> World:
    return with_registers(make_world())


class History:
    """Files of lines, many of them faulty, that come in any order and again; units are mapped otherwise."""

    def __init__(self, world: World, seed: int) -> None:
        self.world, self.chance = world, random.Random(seed)
        self.files: list[tuple[str, object, str]] = []

    def _line(self, dataset: str) -> dict:
        chance = self.chance
        one = line(dataset, chance.randint(1, THINGS), chance.randrange(TIMES))
        if chance.random() < 0.2:
            one = chance.choice(contradicting(dataset))
        if dataset in UNIT:
            one |= {UNIT[dataset]: chance.choice([SO, XA, HUYEN, "000.00.99.H59"])}
        contract = contract_of(dataset)
        if chance.random() < 0.4:
            alone = of_batches(contract)
            column = chance.choice([c for c in contract.staged if c.name not in alone])
            one |= {column.name: chance.choice(BORDERS[column.type])}
        return one

    def file(self) -> None:
        dataset = self.chance.choice(DATASETS)
        lines = [self._line(dataset) for _ in range(self.chance.randint(1, 12))]
        at = f"2025-04-{self.chance.randint(2, 28):02d}"
        self.files.append((dataset, self.world.json(lines), at))
        self._load(self.files[-1])

    def again(self) -> None:
        self._load(self.chance.choice(self.files))

    def _load(self, file: tuple) -> None:
        dataset, path, at = file
        batch_id = self.world.land(dataset, path, at)
        try:
            validate(self.world.engine, batch_id)
            # Judged again and not loaded anew yet.
            assert stale(self.world) == []
            load(self.world.engine, batch_id)
        except CchcError:
            # Some values stop the batch.
            pass

    def map_otherwise(self) -> None:
        register(self.world, {name: self.chance.choice([*ANSWERING][:3]) for name in USUAL})
        assert stale(self.world) == []
        load_reopened(self.world.engine)

    def step(self) -> None:
        kind = self.chance.random()
        if kind < 0.6 or not self.files:
            self.file()
        elif kind < 0.85:
            self.again()
        else:
            self.map_otherwise()


def kept_anew_by_the_migration(world: World, when: str) -> None:
    """Asserts that a warehouse of before is filled as it would be kept."""
    with world.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE ops.line_finding SET con_loi = '{}', khoa_an = NULL")
        for fill in ("0028_fill.sql", "0029_fill.sql"):
            text = (SQL / "migrations" / "versions" / fill).read_text(encoding="utf-8")
            run_script(connection, with_other_facts(text))
    assert stale(world) == [], when


@pytest.mark.usefixtures("any_number_of_rejects")
def test_what_is_kept_as_standing_stands_whatever_was_loaded(registered: World, tmp_path, record_property):
    world = World(registered.engine, tmp_path)
    stood = closed = 0
    with copied(world.engine) as put_back:
        for seed in range(HISTORIES):
            put_back()
            history = History(world, seed)
            for step in range(STEPS):
                history.step()
                assert stale(world) == [], f"history {seed}, step {step}"
            kept_anew_by_the_migration(world, f"history {seed}")
            stood += len(world.rows(KEPT))
            closed += len(world.rows("SELECT FROM ops.line_finding WHERE con_loi = '{}'"))
        put_back()
    assert stood and closed
    record_property("histories of findings", HISTORIES)
