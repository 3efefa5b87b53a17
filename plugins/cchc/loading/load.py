"""Loads a judged batch into core in one transaction, and notes which months it changed."""

import logging
from datetime import date, datetime

import sqlalchemy as sa

from cchc.batches import Batch, batch_of, note_loaded
from cchc.contracts import contract_of, datasets_of
from cchc.database_errors import step
from cchc.errors import BatchStopped, CchcError, WarehouseUnavailable
from cchc.judging.findings import record_contradictions
from cchc.judging.standing import note_before, note_lines, renew
from cchc.judging.validation import ready_to_load, validate
from cchc.known_until import data_until, last_day
from cchc.loading.given_lines import give_lines, note_lesser_states, set_states_apart, take_lines_back
from cchc.loading.known_lines import Seen, fingerprint, recognise
from cchc.loading.load_again import note_registers, reopen_by_units, take_out, waiting
from cchc.loading.load_sql import core_types, load_sql
from cchc.periods import first_period, month_of, months_between
from cchc.reading.staging import drop_staged, keep_staged, remembers
from cchc.warehouse import analyze, no_endless_wait, run_sql, take_turn

log = logging.getLogger(__name__)

ATTEMPTS = 3
UNITS = "don_vi"
# What was written a moment ago is unknown to the planner, which would look up each of these lines by itself.
MANY_LINES = 10_000


def load(engine: sa.Engine, batch_id: int) -> tuple[Batch, list[str]]:
    """Loads a batch and returns it with the months (2025-03) whose figures it may change.

    Does nothing but return them when it is loaded already. Judges the batch again when its staged
    rows are gone or units and procedures have changed. Only one batch is loaded at a time. Raises
    WarehouseUnavailable when its staged rows keep vanishing. Batches that have to be loaded again for
    what it says, as of units, are loaded again with it, and their months are among those returned.
    """
    batch, months = _load_one(engine, batch_id)
    return batch, sorted({*months, *load_reopened(engine)})


def load_reopened(engine: sa.Engine) -> set[str]:
    """Loads the batches of ops.reopened again and returns the months whose figures they may change.

    One that cannot be loaded now, as its file is damaged, waits for the next load, and `verify` names it.
    """
    months: set[str] = set()
    tried: set[int] = set()
    while True:
        with engine.begin() as connection:
            left = [batch_id for batch_id in waiting(connection) if batch_id not in tried]
        if not left:
            return months
        for batch_id in left:
            tried.add(batch_id)
            try:
                months |= {*_load_one(engine, batch_id)[1]}
            except CchcError as error:
                log.warning("Not loaded again: %s", error)


def _load_one(engine: sa.Engine, batch_id: int) -> tuple[Batch, list[str]]:
    for _ in range(ATTEMPTS):
        with engine.connect() as connection:
            batch = batch_of(connection, batch_id)
        label = batch.label
        with (
            step(label, "loading its lines into core"),
            no_endless_wait(engine, label),
            engine.begin() as connection,
        ):
            take_turn(connection, "load")
            batch = batch_of(connection, batch_id)
            if batch.status == "stopped":
                raise BatchStopped(batch.stop_reason or f"{batch.label} is stopped.")
            waits = not batch.settled and keep_staged(connection, batch)
            if waits and ready_to_load(connection, batch):
                _load(connection, batch)
                batch = batch_of(connection, batch_id)
            if batch.settled:
                query = "SELECT ky FROM ops.batch_period WHERE batch_id = :b ORDER BY ky"
                return batch, list(connection.scalars(sa.text(query), {"b": batch_id}))
        validate(engine, batch_id)
    raise WarehouseUnavailable(
        f"{label}: its staged lines, or the units and procedures that they were judged by, changed "
        f"{ATTEMPTS} times before they could be loaded. Nothing of it was loaded. Run it again."
    )


def _load(connection: sa.Connection, batch: Batch) -> None:
    contract = contract_of(batch.dataset)
    fact = contract.kind == "fact"
    if (batch.lines_read or 0) > MANY_LINES:
        connection.execute(sa.text("SET LOCAL enable_nestloop = off"))
    known = data_until(connection, _pulled_facts())
    known_of_this = data_until(connection, [batch.dataset]) if fact else None
    types = core_types(connection, batch.dataset)
    connection.execute(
        sa.text(
            "CREATE TEMP TABLE skipped ON COMMIT DROP AS SELECT line_no FROM ops.reject WHERE batch_id = :b"
        ),
        {"b": batch.batch_id},
    )
    connection.execute(
        sa.text(
            "CREATE TEMP TABLE contradictions (line_no bigint, held_batch_id bigint, held_line_no bigint) "
            "ON COMMIT DROP"
        )
    )
    older = set_states_apart(connection, contract, batch) if fact else 0
    seen, more = Seen(accepted=0, superseded=0), ""
    if remembers(batch.dataset):
        van_tay = fingerprint(connection, contract, batch)
        seen, more = recognise(connection, contract, batch, van_tay), f", {van_tay} AS van_tay"
    known_lines = seen.accepted + seen.superseded
    give_lines(connection, contract, batch, more, few=2 * known_lines > (batch.lines_read or 0))
    if (batch.lines_read or 0) - known_lines <= MANY_LINES:
        connection.execute(sa.text("SET LOCAL enable_nestloop = on"))
    note_before(connection, contract, batch)
    changed: list[tuple[date, date]] = []
    if fact and batch.status == "loaded":
        changed += take_out(connection, contract, batch)
    units = batch.dataset == UNITS
    if units:
        note_registers(connection)
    counts = run_sql(
        connection,
        load_sql(contract, types),
        batch_id=batch.batch_id,
        missing_columns=[name for name in batch.missing_columns if not fact or name in types],
    ).one()
    if fact:
        older += note_lesser_states(connection, contract, batch)
    record_contradictions(connection, contract, batch)
    note_lines(connection, contract, batch)
    if units:
        changed += reopen_by_units(connection, batch)
    note_loaded(
        connection,
        batch.batch_id,
        seen.accepted + counts.lines_accepted,
        seen.superseded + older + counts.lines_superseded,
    )
    # Units of the reference file are taken out and put in again, whatever they are.
    renew(connection, contract, batch, whole=units)
    ranges = connection.execute(
        sa.text("SELECT first_day, last_day FROM changed_ranges WHERE first_day IS NOT NULL")
    ).all()
    changed += [(row.first_day, row.last_day) for row in ranges]
    if contract.stays_open and known_of_this is not None:
        moved_to = data_until(connection, [batch.dataset])
        if moved_to is not None and moved_to != known_of_this:
            # What is open in the running month is judged on the last known day, which has moved.
            changed.append((last_day(known_of_this), last_day(moved_to)))
    _mark_periods(connection, batch.batch_id, changed, known)
    # Lists join these to the facts; they are too small for PostgreSQL to look at them by itself.
    analyze(connection, "ops.batch", "ops.validation_result", "ops.line_finding", "ops.contradiction")
    take_lines_back(connection)
    drop_staged(connection, batch)


def _pulled_facts() -> list[str]:
    """The facts that are pulled from a source, which says up to when it is known."""
    return [dataset for dataset in datasets_of("fact") if contract_of(dataset).api]


def _mark_periods(
    connection: sa.Connection,
    batch_id: int,
    ranges: list[tuple[date, date]],
    before: datetime | None,
) -> None:
    until = data_until(connection, _pulled_facts())
    if until is None:
        return
    end = last_day(until)
    changed = set()
    for start, stop in ranges:
        changed |= set(months_between(max(start, first_period().start), min(stop, end)))
    known = set(connection.scalars(sa.text("SELECT ky FROM ops.period")))
    if before is None or month_of(end).ky not in known:
        changed |= set(months_between(first_period().start, end)) - known
    for ky in sorted(changed):
        connection.execute(
            sa.text(
                "WITH moi AS (INSERT INTO ops.period (ky) VALUES (:ky) "
                "ON CONFLICT (ky) DO UPDATE SET changed = nextval('ops.period_change') "
                "RETURNING ky, changed) "
                "INSERT INTO ops.batch_period (batch_id, ky, changed) SELECT :b, ky, changed FROM moi "
                "ON CONFLICT (batch_id, ky) DO UPDATE SET changed = EXCLUDED.changed"
            ),
            {"b": batch_id, "ky": ky},
        )
