from collections.abc import Callable, Iterator

import pytest

from tests.accidents import copied
from tests.torture.states import line
from tests.world import World


@pytest.fixture(scope="session")
def prepared(make_world: Callable[[], World]) -> World:
    """Units, procedures, and the dossiers of which ratings and history speak."""
    world = make_world().dimensions()
    world.ingest("ho_so", world.json([line("ho_so", thing, 0) for thing in range(1, 7)]), at="2025-04-03")
    return world


@pytest.fixture
def shared(prepared: World) -> Iterator[World]:
    """`prepared`, as it was before each test."""
    with copied(prepared.engine) as put_back:
        yield prepared
        put_back()
