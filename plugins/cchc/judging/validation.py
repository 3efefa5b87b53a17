"""Judges a batch by its expectation suite: staged, judged, recorded; stopped where it must not be loaded."""

import sqlalchemy as sa

from cchc.batches import Batch, batch_of, dimension_state, note_judged, note_waiting, stop_unread
from cchc.contracts import Contract, contract_of
from cchc.database_errors import step
from cchc.errors import (
    BadFile,
    BatchStopped,
    CchcError,
    DamagedFile,
    WarehouseRefused,
    WarehouseUnavailable,
)
from cchc.judging.findings import record
from cchc.judging.judge import Judge, getting_ready
from cchc.judging.stop_reason import STAYS_LOADED, stop_reason
from cchc.judging.suites import Verdict, applicable, suite_json
from cchc.reading.staging import drop_staged, look_up_view, stage, staged, staged_as_read
from cchc.registers.syncing import sync_registers
from cchc.sources.landed_file import whole_while_read
from cchc.warehouse import full_address, no_endless_wait, take_turn


def validate(engine: sa.Engine, batch_id: int) -> Batch:
    """Stages and judges a batch; raises BatchStopped or BadFile, and then nothing is loaded.

    Does nothing when the batch was judged and its staged rows are still there, or when it is loaded and would
    be judged the same. What is loaded of a batch that is judged again and stopped stays loaded.
    """
    # In the transaction that writes the verdict: if it ends early, nothing is written.
    with (
        step(f"batch {batch_id}", "judging it"),
        no_endless_wait(engine, f"batch {batch_id}"),
        engine.begin() as deciding,
    ):
        take_turn(deciding, f"batch:{batch_id}")
        # Not in the same transaction, which would keep what is staged from being staged again.
        with engine.connect() as connection:
            batch = batch_of(connection, batch_id)
            if _done(connection, batch):
                return batch
        reason = _validate(engine, deciding, batch)
        batch = batch_of(deciding, batch_id)
    if reason:
        raise BatchStopped(reason)
    return batch


def _validate(engine: sa.Engine, deciding: sa.Connection, batch: Batch) -> str | None:
    """Stages and judges a batch; returns why it is stopped, if it is."""
    contract = contract_of(batch.dataset)
    sync_registers(engine, contract)
    with getting_ready() as judge:
        try:
            # Left in this order: lines of a file that was touched meanwhile are not committed.
            with (
                step(batch.label, "staging its lines"),
                engine.begin() as connection,
                whole_while_read(batch),
            ):
                stage(connection, contract, batch)
        except (DamagedFile, WarehouseRefused) as error:
            with engine.begin() as connection:
                note_waiting(connection, batch.batch_id, str(error))
            raise error from None
        except BadFile as error:
            words = str(error)
            if batch.status == "loaded":
                words = f"{batch.label} was read again and refused: {words} {STAYS_LOADED}"
            with engine.begin() as connection:
                stop_unread(connection, batch.batch_id, words)
            raise type(error)(words) from None
        batch = batch_of(deciding, batch.batch_id)
        verdicts = _judge(engine, contract, batch, judge)
    with step(batch.label, "recording what judging found"):
        _still_staged(deciding, batch)
        findings = deciding.begin_nested()
        rejected = record(deciding, contract, batch, verdicts)
        reason = stop_reason(deciding, contract, batch, verdicts, rejected)
        if reason and batch.status == "loaded":
            # Rejects and findings are those of what is loaded.
            findings.rollback()
        else:
            findings.commit()
        note_judged(deciding, batch.batch_id, rejected, reason)
        if reason:
            drop_staged(deciding, batch)
    return reason


def _done(connection: sa.Connection, batch: Batch) -> bool:
    """Whether judging again would find nothing new.

    A loaded batch with rejected lines is judged again when units or procedures have come since: that
    may be what the lines were waiting for. So is one that was stopped when it was last judged.
    """
    if batch.settled and batch.judgement == "passed":
        return not batch.lines_rejected or batch.judged_against == dimension_state(connection)
    return ready_to_load(connection, batch)


def ready_to_load(connection: sa.Connection, batch: Batch) -> bool:
    """Whether the batch was judged by what is known now and its lines still stand in staging."""
    return (
        batch.judgement == "passed"
        and not batch.settled
        and batch.judged_against == dimension_state(connection)
        and staged_as_read(connection, batch)
    )


def _still_staged(connection: sa.Connection, batch: Batch) -> None:
    """Raises WarehouseUnavailable when what was judged is not what was staged."""
    # A crash of PostgreSQL empties UNLOGGED tables: the suite would then have judged nothing.
    if not staged(connection, batch):
        raise WarehouseUnavailable(
            f"{batch.label}: its staged lines were lost while they were judged, as when PostgreSQL starts "
            f"again after a crash. Nothing was recorded. Run it again: its file is staged and judged anew; "
            f"Airflow does so by itself."
        )


def _judge(engine: sa.Engine, contract: Contract, batch: Batch, judge: Judge) -> list[Verdict]:
    rules = applicable(contract, batch)
    suite = suite_json(contract.dataset)
    chosen = [e for e in suite["expectations"] if e["meta"]["rule_id"] in rules]
    outcomes = judge.judge(
        _staging_url(engine),
        look_up_view(batch).removeprefix("staging."),
        suite | {"expectations": chosen},
        {"stated_total": batch.stated_total},
    )
    verdicts = []
    for rule_id, rule in rules.items():
        outcome = outcomes[rule_id]
        if outcome["error"]:
            raise CchcError(
                f"{batch.label}: rule {rule_id} could not be judged: {outcome['error'][:300]}. "
                f"Check it in expectations/{batch.dataset}.json."
            )
        counted = rule.condition is not None
        failed = int(outcome["observed"] or 0) if counted else int(not outcome["success"])
        verdicts.append(Verdict(rule, outcome["success"], batch.lines_read or 0, failed))
    return verdicts


def _staging_url(engine: sa.Engine) -> str:
    """The warehouse as seen by the suites: names without schema are those of staging."""
    options = str(engine.url.query["options"]).replace("search_path=", "search_path=staging,")
    return full_address(engine.url.update_query_dict({"options": options}))
