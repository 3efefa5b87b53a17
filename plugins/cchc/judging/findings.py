"""Records what judging found: counts by rule, lines that break rules, rejects with every reason."""

import sqlalchemy as sa

from cchc.batches import Batch
from cchc.codes import code_sql
from cchc.contracts import Contract
from cchc.judging.faulty_cells import cell_shown, fault_of_row, text_shown, value_shown
from cchc.judging.standing import key_parts, note_before, renew
from cchc.judging.suites import Rule, Verdict, applicable, rules_of
from cchc.reading.canonical import UNREADABLE
from cchc.reading.staging import look_up_view
from cchc.warehouse import take_turn


def record(connection: sa.Connection, contract: Contract, batch: Batch, verdicts: list[Verdict]) -> int:
    """Writes the verdicts on a batch and the lines they are about; returns the number of rejected lines."""
    loaded = batch.status == "loaded"
    if loaded:
        # What a load changes meanwhile would be missed.
        take_turn(connection, "load")
        note_before(connection, contract, batch)
    rejected = _record(connection, contract, batch, verdicts)
    if loaded:
        renew(connection, contract, batch)
    return rejected


def _record(connection: sa.Connection, contract: Contract, batch: Batch, verdicts: list[Verdict]) -> int:
    key = {"b": batch.batch_id}
    connection.execute(sa.text("DELETE FROM ops.validation_result WHERE batch_id = :b"), key)
    connection.execute(sa.text("DELETE FROM ops.reject WHERE batch_id = :b"), key)
    connection.execute(sa.text("DELETE FROM ops.line_finding WHERE batch_id = :b"), key)
    if verdicts:
        connection.execute(
            sa.text(
                "INSERT INTO ops.validation_result (batch_id, rule_id, severity, scope, success, "
                "checked_count, failed_count, reason) VALUES (:b, :rule, :severity, :scope, :success, "
                ":checked, :failed, :reason)"
            ),
            [
                key
                | {
                    "rule": v.rule.rule_id,
                    "severity": v.rule.severity,
                    "scope": v.rule.scope,
                    "success": v.success,
                    "checked": v.checked,
                    "failed": v.failed,
                    "reason": v.rule.reason,
                }
                for v in verdicts
            ],
        )
    broken = [v.rule for v in verdicts if v.failed and v.rule.scope == "dong"]
    if not broken:
        return 0
    _find(connection, contract, batch, broken)
    critical = [rule for rule in broken if rule.severity == "critical"]
    return _reject(connection, contract, batch, critical) if critical else 0


def _find(connection: sa.Connection, contract: Contract, batch: Batch, broken: list[Rule]) -> None:
    """Lists the lines that break a rule, whose they are and which rules, in ops.line_finding.

    Leaves them in the temporary table `violations`: a flag `broken_<rule>` for each rule, `bi_loai` for
    lines to reject, `hidden` for those of which nothing may be shown, `shown` the row of those that are
    rejected and may be.
    """
    flags = {rule: broken_by(rule) for rule in broken}
    found = ", ".join(f"{flag} AS broken_{rule.rule_id}" for rule, flag in flags.items())
    fatal = " OR ".join(flag for rule, flag in flags.items() if rule.severity == "critical") or "FALSE"
    hidden = hidden_rows(contract, batch)
    names = _names_of_line(contract, batch)
    # In two steps, because PostgreSQL scans in parallel for a new table but not for an INSERT.
    connection.execute(
        sa.text(
            f"CREATE TEMP TABLE violations ON COMMIT DROP AS SELECT line_no, {hidden} AS hidden, "
            f"CASE WHEN ({fatal}) AND NOT ({hidden}) THEN to_jsonb(batch_rows) END AS shown, "
            f"{names}, {fatal} AS bi_loai, {found} "
            f"FROM {look_up_view(batch)} AS batch_rows WHERE {' OR '.join(flags.values())}"
        )
    )
    connection.execute(sa.text("ANALYZE violations"))
    ids = ", ".join(f"CASE WHEN broken_{rule.rule_id} THEN '{rule.rule_id}' END" for rule in broken)
    connection.execute(
        sa.text(
            "INSERT INTO ops.line_finding "
            "(batch_id, line_no, khoa, khoa_an, thoi_diem, ma_don_vi, bi_loai, rule_ids) "
            "SELECT :b, line_no, khoa, khoa_an, thoi_diem, ma_don_vi, bi_loai, "
            f"array_remove(ARRAY[{ids}], NULL) FROM violations"
        ),
        {"b": batch.batch_id},
    )


def _names_of_line(contract: Contract, batch: Batch) -> str:
    """SQL text over a looked-up line: `khoa`, `khoa_an`, `thoi_diem`, `ma_don_vi` of ops.line_finding."""
    unit, parts = contract.unit, key_parts(contract)
    told = [
        (column, f"({text_shown(contract, column, parts[column.name])}) IS NOT FALSE")
        for column in contract.columns
        if column.name in parts and column.type == "text"
    ]
    hidden = hidden_rows(contract, batch)
    # A key of which a part is missing or may not be shown is none: two of them would look like one. Where it
    # is a code that may not, a hash is kept, by which the line is found to be corrected; what is loaded as a
    # code is nobody's number or name.
    whole = f"num_nulls({', '.join(parts.values())}) = 0 AND NOT ({hidden})"
    key = f"concat_ws(' ', {', '.join(parts.values())})"
    all_told = " AND ".join(["TRUE", *(said for _, said in told)])
    others_told = " AND ".join(["TRUE", *(said for column, said in told if not contract.is_code(column))])
    return (
        f"CASE WHEN {whole} AND {all_told} THEN {key} END AS khoa, "
        f"CASE WHEN {whole} AND {others_told} AND NOT ({all_told}) THEN md5({key}) END AS khoa_an, "
        f"CASE WHEN NOT ({hidden}) THEN {contract.changed_at} END AS thoi_diem, "
        + (
            f"CASE WHEN {code_sql(unit)} AND NOT ({hidden}) THEN {unit} END AS ma_don_vi"
            if unit
            else "CAST(NULL AS text) AS ma_don_vi"
        )
    )


def record_contradictions(connection: sa.Connection, contract: Contract, batch: Batch) -> None:
    """Notes lines that say otherwise than another line of the same thing and moment, as a warning.

    What loading found is in the temporary table `contradictions` (line_no, held_batch_id, held_line_no).
    What was noted when the batch was loaded before stays: that may be why the two say the same now.
    """
    rule = next((r for r in rules_of(contract.dataset).values() if r.contradiction), None)
    key = {"b": batch.batch_id, "rule": rule and rule.rule_id}
    connection.execute(
        sa.text(
            "INSERT INTO ops.contradiction (batch_id, line_no, rule_id, held_batch_id, held_line_no) "
            "SELECT DISTINCT ON (line_no) :b, line_no, :rule, held_batch_id, held_line_no "
            "FROM contradictions ORDER BY line_no, held_batch_id, held_line_no ON CONFLICT DO NOTHING"
        ),
        key,
    )
    found = connection.scalar(
        sa.text("SELECT EXISTS (SELECT FROM ops.contradiction WHERE batch_id = :b)"), {"b": batch.batch_id}
    )
    if rule is None or not found:
        return
    connection.execute(
        sa.text(
            "INSERT INTO ops.line_finding AS f "
            "(batch_id, line_no, khoa, khoa_an, thoi_diem, ma_don_vi, bi_loai, rule_ids) "
            f"SELECT :b, line_no, {_names_of_line(contract, batch)}, FALSE, ARRAY[CAST(:rule AS text)] "
            f"FROM {look_up_view(batch)} AS batch_rows "
            "WHERE line_no IN (SELECT c.line_no FROM ops.contradiction AS c WHERE c.batch_id = :b) "
            "ON CONFLICT (batch_id, line_no) DO UPDATE "
            "SET rule_ids = ARRAY(SELECT DISTINCT unnest(f.rule_ids || excluded.rule_ids) ORDER BY 1)"
        ),
        key,
    )
    connection.execute(
        sa.text(
            "INSERT INTO ops.validation_result AS v (batch_id, rule_id, severity, scope, success, "
            "checked_count, failed_count, reason) "
            "SELECT :b, :rule, :severity, :scope, FALSE, :checked, count(*), :reason "
            "FROM ops.line_finding WHERE batch_id = :b AND :rule = ANY(rule_ids) "
            "ON CONFLICT (batch_id, rule_id) DO UPDATE "
            "SET success = FALSE, failed_count = excluded.failed_count"
        ),
        key
        | {
            "severity": rule.severity,
            "scope": rule.scope,
            "checked": batch.lines_read,
            "reason": rule.reason,
        },
    )


def _reject(connection: sa.Connection, contract: Contract, batch: Batch, broken: list[Rule]) -> int:
    present = [column for column in contract.staged if column.name not in batch.missing_columns]
    kept = [column.name for column in present]
    ids = ", ".join(f"CASE WHEN broken_{rule.rule_id} THEN '{rule.rule_id}' END" for rule in broken)
    texts = ", ".join(
        f"CASE WHEN broken_{rule.rule_id} THEN :r{i} || {fault_of_row(rule, contract)} END"
        for i, rule in enumerate(broken)
    )
    statement = f"""
        INSERT INTO ops.reject (batch_id, line_no, rule_ids, reasons, masked_row)
        SELECT :b, line_no, array_remove(ARRAY[{ids}], NULL), array_remove(ARRAY[{texts}], NULL),
            CASE WHEN hidden THEN '{{}}' ELSE (
                SELECT jsonb_object_agg(o.key, {value_shown(contract)})
                FROM jsonb_each_text(shown) AS o
                WHERE o.key = ANY(:kept)
            )
            || (
                SELECT coalesce(jsonb_object_agg(p, '***'), '{{}}')
                FROM unnest(CAST(:personal AS text [])) AS p
            )
            || coalesce(
                (
                    SELECT jsonb_object_agg(o.key, {cell_shown()})
                    FROM jsonb_each_text(nullif(shown -> '{UNREADABLE}', 'null')) AS o
                ),
                '{{}}'
            ) END
        FROM violations
        WHERE bi_loai
    """
    reasons = {f"r{i}": rule.reason for i, rule in enumerate(broken)}
    return connection.execute(
        sa.text(statement),
        {"b": batch.batch_id, "kept": kept, "personal": batch.personal_columns} | reasons,
    ).rowcount


def broken_by(rule: Rule) -> str:
    """The SQL condition that is true for rows that break the rule."""
    # Conditions are the suite's own text: a colon in them is no bind parameter of ours.
    return f"({rule.condition}) IS FALSE".replace(":", "\\:")


def hidden_rows(contract: Contract, batch: Batch) -> str:
    """The SQL condition that is true for rows of which nothing may be shown."""
    secret = [rule for rule in applicable(contract, batch).values() if rule.confidential]
    return " OR ".join(broken_by(rule) for rule in secret) or "FALSE"
