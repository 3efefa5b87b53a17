"""The source systems that datasets are pulled from: an entry for each.

`python -m cchc.sources.register` prints the pools of tasks as `airflow pools import` takes them.
"""

import json
from dataclasses import dataclass
from pkgutil import resolve_name
from typing import TYPE_CHECKING

from cchc.errors import BadDefinition

if TYPE_CHECKING:
    from cchc.sources.client import SourceClient


@dataclass(frozen=True)
class SourceSystem:
    """A system that exports. `client`: the class that talks to it, as module:name, imported only by the
    task that pulls. `at_a_time`: how many tasks may ask the system at once."""

    code: str
    client: str
    at_a_time: int = 2

    @property
    def pool(self) -> str:
        """The Airflow pool that limits the tasks which ask the system."""
        return f"nguon_{self.code}"

    @property
    def connection_id(self) -> str:
        """The Airflow connection with its address: client id as login, secret as password."""
        return f"cchc_{self.code}"

    def connect(
        self,
        base_url: str,
        client_id: str,
        client_secret: str,
        *,
        plain_http: bool = False,
        ca_bundle: str | None = None,
    ) -> "SourceClient":
        """A client of the system at this address, for one pull."""
        client: type[SourceClient] = resolve_name(self.client)
        return client(base_url, client_id, client_secret, plain_http=plain_http, ca_bundle=ca_bundle)


SYSTEMS = {
    system.code: system
    for system in (
        SourceSystem("tthc", "cchc.sources.tthc:TthcClient"),
        SourceSystem("qlvb", "cchc.sources.qlvb:QlvbClient"),
    )
}


# Half of the places that one worker of docker-compose.yml has: the other half stays with the daily runs.
BACKFILL_POOL, BACKFILL_SLOTS = "nap_bu", 2


def pools() -> dict[str, dict[str, str | int | bool]]:
    """Name → size of the pool of each system and of backfills, in the form of `airflow pools export`."""
    sizes = {
        system.pool: (system.at_a_time, f"Requests to source system {system.code} at the same time")
        for system in SYSTEMS.values()
    }
    sizes[BACKFILL_POOL] = (BACKFILL_SLOTS, "Batches of backfills judged or loaded at the same time")
    return {
        name: {"slots": slots, "description": description, "include_deferred": False}
        for name, (slots, description) in sizes.items()
    }


def system_of(code: str) -> SourceSystem:
    """The source system with this code; raises BadDefinition when there is none."""
    if code not in SYSTEMS:
        raise BadDefinition(f"Unknown source system {code!r}: expected one of {', '.join(SYSTEMS)}.")
    return SYSTEMS[code]


if __name__ == "__main__":
    print(json.dumps(pools()))
