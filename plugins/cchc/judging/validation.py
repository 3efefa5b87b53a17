"""Judges a batch by its expectation suite: counts to ops.validation_result, bad rows to ops.reject."""

from dataclasses import dataclass

import sqlalchemy as sa

from cchc.batches import Batch, batch_of, dimension_state, note_judged, note_staged, stop_unread
from cchc.contracts import Contract, contract_of
from cchc.errors import BadFile, BatchStopped, CchcError
from cchc.judging.judge import Judge, getting_ready
from cchc.judging.suites import Rule, rules_of, suite_json
from cchc.reading.readers import open_export
from cchc.reading.staging import UNREADABLE, stage, staging_table
from cchc.registers.syncing import sync_registers
from cchc.warehouse import exclusive, sql_file

SHOWN_VALUES = 5


@dataclass(frozen=True)
class Verdict:
    """How one rule came out: `failed` counts rows, or 1 for a batch rule that is broken."""

    rule: Rule
    success: bool
    checked: int
    failed: int


def validate(engine: sa.Engine, batch_id: int) -> Batch:
    """Stages and judges a batch; raises BatchStopped or BadFile, and then nothing is loaded.

    Does nothing when the batch was judged and its staged rows are still there, or when it is loaded.
    """
    with exclusive(engine, f"batch:{batch_id}"):
        return validate_unlocked(engine, batch_id)


def validate_unlocked(engine: sa.Engine, batch_id: int) -> Batch:
    with engine.connect() as connection:
        batch = batch_of(connection, batch_id)
        if _done(connection, batch):
            return batch
    contract = contract_of(batch.dataset)
    sync_registers(engine, contract)
    with getting_ready() as judge:
        try:
            with engine.begin() as connection:
                _stage(connection, contract, batch)
        except BadFile as error:
            with engine.begin() as connection:
                stop_unread(connection, batch_id, str(error))
            raise
        with engine.connect() as connection:
            batch = batch_of(connection, batch_id)
        verdicts = _judge(engine, contract, batch, judge)
    with engine.begin() as connection:
        rejected = _record(connection, contract, batch, verdicts)
        reason = _stop_reason(connection, contract, batch, verdicts, rejected)
        note_judged(connection, batch_id, rejected, reason)
        if reason:
            drop_staged(connection, batch)
    if reason:
        raise BatchStopped(reason)
    with engine.connect() as connection:
        return batch_of(connection, batch_id)


def _done(connection: sa.Connection, batch: Batch) -> bool:
    """Whether judging again would find nothing new.

    A loaded batch with rejected lines is judged again when units or procedures have come since: that
    may be what the lines were waiting for.
    """
    if batch.status == "loaded":
        return not batch.lines_rejected or batch.judged_against == dimension_state(connection)
    return ready_to_load(connection, batch)


def ready_to_load(connection: sa.Connection, batch: Batch) -> bool:
    """Whether the batch was judged by what is known now and its lines still stand in staging."""
    return (
        batch.status == "validated"
        and batch.judged_against == dimension_state(connection)
        and staged(connection, batch)
    )


def view_of(batch: Batch) -> str:
    """The view over the staged lines with what the reference data say of them."""
    return f"{staging_table(batch.dataset, batch.batch_id)}__tra_cuu"


def staged(connection: sa.Connection, batch: Batch) -> bool:
    """Whether all lines read still stand in staging: UNLOGGED tables are empty after a crash."""
    table = staging_table(batch.dataset, batch.batch_id)
    if connection.scalar(sa.text("SELECT to_regclass(:t)"), {"t": view_of(batch)}) is None:
        return False
    return connection.scalar(sa.text(f"SELECT count(*) FROM {table}")) == batch.lines_read


def drop_staged(connection: sa.Connection, batch: Batch) -> None:
    """Drops the batch's staging table, its duplicates table and its view."""
    table = staging_table(batch.dataset, batch.batch_id)
    connection.execute(sa.text(f"DROP TABLE IF EXISTS {table}, {table}__trung CASCADE"))


def _stage(connection: sa.Connection, contract: Contract, batch: Batch) -> None:
    table = staging_table(batch.dataset, batch.batch_id)
    drop_staged(connection, batch)
    with open_export(contract, batch.landed_path, batch.original_name) as export:
        extracted_at = batch.extracted_at or export.exported_at
        lacks_time = contract.changed_at not in export.header.columns.values()
        if lacks_time and extracted_at is None and export.header.columns:
            raise BadFile(
                f"{batch.original_name}: the export has no column {contract.changed_at} and states "
                f"nowhere when it was made, so it cannot be told which of two states is newer. Give "
                f"the time of the export (parameter extracted_at) and load it again."
            )
        fill = extracted_at if lacks_time or batch.origin == "file" else None
        lines = stage(connection, contract, batch.batch_id, export, fill)
    if extracted_at is None:
        extracted_at = connection.scalar(sa.text(f"SELECT max({contract.changed_at}) FROM {table}"))
    if not lines and batch.origin == "file":
        raise BadFile(
            f"{batch.original_name}: the header in row {export.header.row} is followed by no line. "
            f"Expected at least one. Nothing was loaded."
        )
    repeated = _find_repeated(connection, contract, table)
    moment = f"TIMESTAMP '{extracted_at}'" if extracted_at else "NULL::timestamp"
    # Nearly every batch has no repeated key: then the view is spared the join.
    conflict, join = (
        ("coalesce(trung.xung_dot, FALSE)", f"LEFT JOIN {table}__trung AS trung ON s.line_no = trung.line_no")
        if repeated
        else ("FALSE", "")
    )
    connection.exec_driver_sql(
        f"""
        CREATE VIEW {view_of(batch)} AS
        WITH lo AS (
            SELECT s.*, {conflict} AS ban_trung_xung_dot, {moment} AS thoi_diem_xuat
            FROM {table} AS s {join}
        )
        {sql_file(f"load/{batch.dataset}_tra_cuu.sql").replace("%", "%%")}
        """
    )
    note_staged(
        connection,
        batch.batch_id,
        lines_read=lines,
        stated_total=export.stated_total,
        layout=export.header.layout.name,
        extracted_at=extracted_at,
        extra_columns=export.header.extra,
        missing_columns=[n for n in export.header.missing if n != contract.changed_at],
        personal_columns=export.header.personal,
    )


def _find_repeated(connection: sa.Connection, contract: Contract, table: str) -> int:
    """Lists the lines whose key occurs more than once, and whether they contradict each other."""
    keys = ", ".join(contract.key)
    same_key = " AND ".join(f"s.{name} = nhieu.{name}" for name in contract.key)
    digest, digest_s = (
        f"hashtextextended({' || chr(31) || '.join(prefix + name for name in contract.key)}, 0)"
        for prefix in ("", "s.")
    )
    # Grouping numbers is several times cheaper than grouping the keys themselves.
    connection.exec_driver_sql("DROP TABLE IF EXISTS nghi")
    suspects = connection.exec_driver_sql(
        f"CREATE TEMP TABLE nghi ON COMMIT DROP AS SELECT {digest} AS bam FROM {table} "
        f"WHERE ({keys}) IS NOT NULL GROUP BY 1 HAVING count(*) > 1"
    ).rowcount
    where = f"{digest} IN (SELECT bam FROM nghi)" if suspects else "FALSE"
    return connection.exec_driver_sql(
        f"""
        CREATE UNLOGGED TABLE {table}__trung AS
        WITH nhieu AS (
            SELECT {keys} FROM {table} WHERE {where} GROUP BY {keys} HAVING count(*) > 1
        ), ban AS (
            SELECT s.line_no, {", ".join(f"s.{name}" for name in contract.key)},
                s.{contract.changed_at} AS thoi_diem, md5((to_jsonb(s) - 'line_no')::text) AS van_tay
            FROM {table} AS s INNER JOIN nhieu ON {same_key} WHERE {where.replace(digest, digest_s)}
        )
        SELECT *, min(van_tay) OVER ban_cung_luc <> max(van_tay) OVER ban_cung_luc AS xung_dot
        FROM ban WINDOW ban_cung_luc AS (PARTITION BY {keys}, thoi_diem)
        """
    ).rowcount


# Judging --------------------------------------------------------------------------------------


def applicable(contract: Contract, batch: Batch) -> dict[str, Rule]:
    """The rules whose columns this export has; a total is only judged where one is stated."""
    absent = set(batch.missing_columns)
    return {
        rule_id: rule
        for rule_id, rule in rules_of(contract.dataset).items()
        if not absent & set(rule.columns)
        and (rule.type != "expect_table_row_count_to_equal" or batch.stated_total is not None)
    }


def _judge(engine: sa.Engine, contract: Contract, batch: Batch, judge: Judge) -> list[Verdict]:
    rules = applicable(contract, batch)
    suite = suite_json(contract.dataset)
    chosen = [e for e in suite["expectations"] if e["meta"]["rule_id"] in rules]
    outcomes = judge.judge(
        _staging_url(engine),
        view_of(batch).removeprefix("staging."),
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
    options = engine.url.query["options"].replace("search_path=", "search_path=staging,")
    return engine.url.update_query_dict({"options": options}).render_as_string(hide_password=False)


# Recording ------------------------------------------------------------------------------------


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

    Leaves them in the temporary table `vi_pham`: a flag `sai_<rule>` for each rule, `bi_loai` for lines
    to reject, `kin` for those of which nothing may be shown; `dong`, the row, of those to reject and show.
    """
    flags = {rule: _broken(rule) for rule in broken}
    found = ", ".join(f"{flag} AS sai_{rule.rule_id}" for rule, flag in flags.items())
    fatal = " OR ".join(flag for rule, flag in flags.items() if rule.severity == "critical") or "FALSE"
    parts = [
        f"{c.name}_goc" if c.procedure_root else c.name
        for c in contract.columns
        if c.name in contract.key and c.name != contract.changed_at
    ]
    hidden = _hidden(contract, batch)
    # In two steps, because PostgreSQL scans in parallel for a new table but not for an INSERT.
    connection.execute(
        sa.text(
            f"CREATE TEMP TABLE vi_pham ON COMMIT DROP AS SELECT line_no, {hidden} AS kin, "
            f"CASE WHEN ({fatal}) AND NOT ({hidden}) THEN to_jsonb(lo) END AS dong, "
            f"nullif(concat_ws(' ', {', '.join(parts)}), '') AS khoa, {contract.changed_at} AS thoi_diem, "
            f"{contract.unit or 'CAST(NULL AS text)'} AS ma_don_vi, {fatal} AS bi_loai, {found} "
            f"FROM {view_of(batch)} AS lo WHERE {' OR '.join(flags.values())}"
        )
    )
    connection.execute(sa.text("ANALYZE vi_pham"))
    ids = ", ".join(f"CASE WHEN sai_{rule.rule_id} THEN '{rule.rule_id}' END" for rule in broken)
    connection.execute(
        sa.text(
            "INSERT INTO ops.line_finding (batch_id, line_no, khoa, thoi_diem, ma_don_vi, bi_loai, rule_ids) "
            "SELECT :b, line_no, CASE WHEN NOT kin THEN ops.mask_text(khoa) END, "
            "CASE WHEN NOT kin THEN thoi_diem END, CASE WHEN NOT kin THEN ma_don_vi END, bi_loai, "
            f"array_remove(ARRAY[{ids}], NULL) FROM vi_pham"
        ),
        {"b": batch.batch_id},
    )


def _reject(connection: sa.Connection, contract: Contract, batch: Batch, broken: list[Rule]) -> int:
    present = [column for column in contract.staged if column.name not in batch.missing_columns]
    kept = [column.name for column in present]
    texts_of_people = [column.name for column in present if column.type in ("text", "json")]
    ids = ", ".join(f"CASE WHEN sai_{rule.rule_id} THEN '{rule.rule_id}' END" for rule in broken)
    texts = ", ".join(
        f"CASE WHEN sai_{rule.rule_id} THEN CAST(:r{i} AS text) END" for i, rule in enumerate(broken)
    )
    statement = f"""
        INSERT INTO ops.reject (batch_id, line_no, rule_ids, reasons, masked_row)
        SELECT :b, line_no, array_remove(ARRAY[{ids}], NULL), array_remove(ARRAY[{texts}], NULL),
            CASE WHEN kin THEN '{{}}' ELSE (
                SELECT jsonb_object_agg(
                    o.key, CASE WHEN o.key = ANY(:texts) THEN ops.mask_text(o.value) ELSE o.value END
                )
                FROM jsonb_each_text(dong) AS o
                WHERE o.key = ANY(:kept)
            )
            || (
                SELECT coalesce(jsonb_object_agg(p, '***'), '{{}}')
                FROM unnest(CAST(:personal AS text [])) AS p
            )
            || coalesce(
                (
                    SELECT jsonb_object_agg(o.key, ops.mask_text(o.value))
                    FROM jsonb_each_text(nullif(dong -> '{UNREADABLE}', 'null')) AS o
                ),
                '{{}}'
            ) END
        FROM vi_pham
        WHERE bi_loai
    """
    reasons = {f"r{i}": rule.reason for i, rule in enumerate(broken)}
    return connection.execute(
        sa.text(statement),
        {"b": batch.batch_id, "kept": kept, "texts": texts_of_people, "personal": batch.personal_columns}
        | reasons,
    ).rowcount


def _broken(rule: Rule) -> str:
    """The SQL condition that is true for rows that break the rule."""
    # Conditions are the suite's own text: a colon in them is no bind parameter of ours.
    return f"({rule.condition}) IS FALSE".replace(":", "\\:")


def _hidden(contract: Contract, batch: Batch) -> str:
    """The SQL condition that is true for rows of which nothing may be shown."""
    secret = [rule for rule in applicable(contract, batch).values() if rule.confidential]
    return " OR ".join(_broken(rule) for rule in secret) or "FALSE"


def _stop_reason(
    connection: sa.Connection,
    contract: Contract,
    batch: Batch,
    verdicts: list[Verdict],
    rejected: int,
) -> str | None:
    lines = batch.lines_read or 0
    share = 100 * rejected / lines if lines else 0.0
    broken = [v for v in verdicts if not v.success and v.rule.severity == "critical"]
    whole = [v for v in broken if v.rule.scope == "lo"]
    if not whole and share <= contract.reject_threshold_pct:
        return None
    parts = [f"{batch.label} is stopped and nothing of it is loaded."]
    for verdict in whole:
        parts.append(
            f"{verdict.rule.rule_id}: {verdict.rule.reason}{_detail(connection, contract, batch, verdict)}."
        )
    if share > contract.reject_threshold_pct:
        counts = "; ".join(
            f"{v.rule.rule_id} {v.rule.reason}: {v.failed}" for v in broken if v.rule.scope == "dong"
        )
        parts.append(
            f"{rejected} of {lines} lines rejected ({share:.1f} %, threshold "
            f"{contract.reject_threshold_pct:g} %): {counts}."
        )
    parts.append(
        f"Lines and reasons: SELECT line_no, reasons, masked_row FROM ops.reject WHERE batch_id = "
        f"{batch.batch_id}. Correct them at the source and run again, or load a corrected file with "
        f"ingest_file."
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
    broken = _broken(verdict.rule)
    if verdict.rule.confidential:
        first = connection.scalar(sa.text(f"SELECT min(line_no) FROM {view_of(batch)} WHERE {broken}"))
        return (
            f" ({verdict.failed} lines, first in line {first}; their content is not shown and not kept in "
            f"the warehouse. The landed file {batch.landed_path} still holds it: hand it to whoever answers "
            f"for secret documents, and have the source export again without them)"
        )
    rows = connection.execute(
        sa.text(
            f"SELECT left(ops.mask_text({name}), 40) AS value, count(*) AS so, min(line_no) AS dong "
            f"FROM {view_of(batch)} WHERE {broken} AND NOT ({_hidden(contract, batch)}) "
            f"GROUP BY {name} ORDER BY count(*) DESC, {name} LIMIT {SHOWN_VALUES}"
        )
    ).all()
    shown = "; ".join(f"{row.value!r} × {row.so}, first in line {row.dong}" for row in rows)
    return (
        f" ({verdict.failed} lines, column {name}: {shown}; add the code to the layout's codes in "
        f"plugins/cchc/contracts/{batch.dataset}.yaml if it is known)"
    )
