"""Loads the organisation's reference files: landed, judged and loaded like an export of units."""

from pathlib import Path

import sqlalchemy as sa

from cchc.batches import Batch, reopen_reference
from cchc.contracts import contract_of
from cchc.errors import BadDefinition
from cchc.judging.validation import validate
from cchc.kept_files import note_register
from cchc.loading.load import load
from cchc.registers.organisation import (
    NAMES,
    SUCCESSIONS,
    UNITS,
    read_organisation,
    sync_successions_and_names,
)
from cchc.registers.reference_files import REFERENCE, contents
from cchc.sources.landing import land_reference
from cchc.warehouse import no_endless_wait, take_turn


def load_organisation(
    engine: sa.Engine, landing_dir: Path, folder: Path = REFERENCE
) -> tuple[Batch, list[str]]:
    """Brings the warehouse in line with the files; returns the batch and the months that now wait.

    The units are a batch of dataset don_vi; the files as they are loaded already change nothing.
    """
    organisation = read_organisation(folder)
    rows = {line: unit.model_dump(mode="json") for line, unit in organisation.units.items()}
    with engine.connect() as connection:
        now = connection.scalar(sa.text("SELECT localtimestamp(0)"))
    landed = land_reference(engine, landing_dir, contract_of("don_vi"), UNITS, rows, now)
    with no_endless_wait(engine, UNITS), engine.begin() as connection:
        take_turn(connection, "load")
        changed = sync_successions_and_names(connection, organisation)
        note_register(connection, "don_vi", contents(folder, UNITS, SUCCESSIONS, NAMES), changed)
        reopen_reference(connection, landed.batch_id, changed)
    if validate(engine, landed.batch_id).lines_rejected:
        raise BadDefinition(
            f"{UNITS}: the suite don_vi rejected rows of batch {landed.batch_id}; nothing of the file was "
            f"loaded. SELECT line_no, reasons FROM ops.reject WHERE batch_id = {landed.batch_id} says which "
            f"lines and why: correct them."
        )
    batch, months = load(engine, landed.batch_id)
    waiting = "SELECT ky FROM ops.period WHERE ky = ANY(:months) AND changed > refreshed ORDER BY ky"
    with engine.connect() as connection:
        return batch, list(connection.scalars(sa.text(waiting), {"months": months}))
