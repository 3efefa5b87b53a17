"""Says in words why a batch is stopped: which rules, how many lines, what to correct."""

import sqlalchemy as sa

from cchc.batches import Batch
from cchc.codes import is_code
from cchc.contracts import Contract
from cchc.field_words import quoted
from cchc.judging.faulty_cells import faults_of_batch
from cchc.judging.findings import broken_by, hidden_rows
from cchc.judging.suites import Verdict
from cchc.reading.staging import look_up_view

SHOWN_VALUES = 5
STAYS_LOADED = "What was loaded of it before stays loaded, as it was."


def stop_reason(
    connection: sa.Connection,
    contract: Contract,
    batch: Batch,
    verdicts: list[Verdict],
    rejected: int,
) -> str | None:
    """The reason to stop the batch; None when it may be loaded.

    A batch that is loaded was judged again: only that judgement ends here.
    """
    lines = batch.lines_read or 0
    share = 100 * rejected / lines if lines else 0.0
    broken = [v for v in verdicts if not v.success and v.rule.severity == "critical"]
    whole = [v for v in broken if v.rule.scope == "lo"]
    if not whole and share <= contract.reject_threshold_pct:
        return None
    again = batch.status == "loaded"
    parts = [
        f"{batch.label} was judged again and is stopped. {STAYS_LOADED}"
        if again
        else f"{batch.label} is stopped and nothing of it is loaded."
    ]
    for verdict in whole:
        parts.append(
            f"{verdict.rule.rule_id}: {verdict.rule.reason}{_detail(connection, contract, batch, verdict)}."
        )
    if share > contract.reject_threshold_pct:
        hidden = hidden_rows(contract, batch)
        counts = "; ".join(
            f"{v.rule.rule_id} {v.rule.reason}: {v.failed}"
            + faults_of_batch(connection, v.rule, contract, look_up_view(batch), hidden, SHOWN_VALUES)
            for v in broken
            if v.rule.scope == "dong"
        )
        parts.append(
            f"{rejected} of {lines} lines rejected ({share:.1f} %, threshold "
            f"{contract.reject_threshold_pct:g} %): {counts}."
        )
    if not again:
        parts.append(
            f"Lines and reasons: SELECT line_no, reasons, masked_row FROM ops.reject WHERE batch_id = "
            f"{batch.batch_id}."
        )
    parts.append(
        "Correct them at the source and run again, or load a corrected file with ingest_file."
        + (" ops.reject holds the lines that were rejected when it was loaded." if again else "")
    )
    return " ".join(parts)


def _detail(connection: sa.Connection, contract: Contract, batch: Batch, verdict: Verdict) -> str:
    """What the batch rule saw: the two totals, or the unknown codes with their first lines.

    Of a confidential rule only how many lines and which is the first.
    """
    if verdict.rule.type == "expect_table_row_count_to_equal":
        return f" (read {batch.lines_read}, stated {batch.stated_total})"
    if not verdict.rule.condition or len(verdict.rule.columns) != 1:
        return f" ({verdict.failed})"
    name = verdict.rule.columns[0]
    broken = broken_by(verdict.rule)
    if verdict.rule.confidential:
        first = connection.scalar(sa.text(f"SELECT min(line_no) FROM {look_up_view(batch)} WHERE {broken}"))
        return (
            f" ({verdict.failed} lines, first in line {first}; their content is not shown and not kept in "
            f"the warehouse. The landed file {batch.landed_path} still holds it: hand it to whoever answers "
            f"for secret documents, and have the source export again without them)"
        )
    rows = connection.execute(
        sa.text(
            f"SELECT {name} AS value, count(*) AS so, min(line_no) AS dong "
            f"FROM {look_up_view(batch)} WHERE {broken} AND NOT ({hidden_rows(contract, batch)}) "
            f"GROUP BY {name} ORDER BY count(*) DESC, {name} LIMIT {SHOWN_VALUES}"
        )
    ).all()
    shown = "; ".join(f"{_shown(row.value)} × {row.so}, first in line {row.dong}" for row in rows)
    return (
        f" ({verdict.failed} lines, column {name}: {shown}; add the code to the layout's codes in "
        f"plugins/cchc/contracts/{batch.dataset}.yaml if it is known)"
    )


def _shown(value: object) -> str:
    """A value as the batch has it, or its kind and length."""
    return repr(value) if value is None or is_code(str(value)) else quoted(str(value))
