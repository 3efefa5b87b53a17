"""Brings the registers that a dataset's look-ups refer to in line with their files."""

import sqlalchemy as sa

from cchc.contracts import Contract
from cchc.errors import BadDefinition
from cchc.registers.declared_items import sync_items
from cchc.warehouse import no_endless_wait, take_turn

SYNCED = {"so_lieu_khai_bao": sync_items}


def sync_registers(engine: sa.Engine, contract: Contract) -> None:
    """Loads those that the contract names, which officers may have edited since the last batch."""
    if unknown := set(contract.registers) - set(SYNCED):
        raise BadDefinition(
            f"Contract {contract.dataset}: unknown registers {', '.join(sorted(unknown))}; expected some of "
            f"{', '.join(SYNCED)}."
        )
    if contract.registers:
        with no_endless_wait(engine, ", ".join(contract.registers)), engine.begin() as connection:
            take_turn(connection, "definitions")
            for name in contract.registers:
                SYNCED[name](connection)
