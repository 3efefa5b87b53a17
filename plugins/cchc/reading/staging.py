"""Fills a batch's staging table: canonical names and types, no personal column, every line kept."""

import json
from collections.abc import Iterable

import sqlalchemy as sa

from cchc.batches import Batch, note_staged
from cchc.contracts import SQL_TYPES, Contract
from cchc.errors import BadFile
from cchc.reading.canonical import MOJIBAKE, UNREADABLE
from cchc.reading.parsing import Request, reading
from cchc.repository import sql_file
from cchc.seals import Keys
from cchc.warehouse import copy_text

# The hash of all cells of a line, of datasets whose lines are recognised.
LINE_HASH = "bam_dong"


def staging_table(dataset: str, batch_id: int) -> str:
    """The qualified name of a batch's staging table."""
    return f"staging.{dataset}__{batch_id}"


def look_up_view(batch: Batch) -> str:
    """The view over the staged lines with what the reference data say of them."""
    return f"{staging_table(batch.dataset, batch.batch_id)}__look_up"


def staged_lines(
    connection: sa.Connection, contract: Contract, batch: Batch, exported_at: object, more: str = ""
) -> str:
    """The SELECT of a batch's staged lines as look-ups are given them; `more`: further columns of `s`."""
    table = staging_table(contract.dataset, batch.batch_id)
    moment = f"TIMESTAMP '{exported_at}'" if exported_at else "NULL::timestamp"
    # Nearly every batch has no repeated key: then the lines are spared the join.
    conflict, join = (
        (
            "coalesce(repeated.conflicting, FALSE)",
            f" LEFT JOIN {table}__repeated AS repeated ON s.line_no = repeated.line_no",
        )
        if connection.scalar(sa.text(f"SELECT EXISTS (SELECT FROM {table}__repeated)"))
        else ("FALSE", "")
    )
    return (
        f"SELECT s.*, {conflict} AS conflicting_copy, {moment} AS exported_at{more} FROM {table} AS s{join}"
    )


def look_up_sql(dataset: str, lines: str) -> str:
    """The SELECT of lines with what the reference data say of them."""
    return f"WITH batch_rows AS ({lines}) {sql_file(f'look_up/{dataset}.sql')}"


def remembers(dataset: str) -> bool:
    """Whether the load file of a dataset keeps what it was told, in ops.known_line."""
    return "ops.known_line" in sql_file(f"load/{dataset}.sql")


def _hash_column(columns: Iterable[str]) -> str:
    """The column of a staging table by which its lines are recognised (cchc.loading.known_lines).

    Made while lines are copied, when PostgreSQL waits for the reader.
    """
    cells = ", ".join(name for name in columns if name not in (UNREADABLE, MOJIBAKE))
    return f", {LINE_HASH} bigint GENERATED ALWAYS AS (hash_record_extended(ROW({cells}), 0)) STORED"


def staged_columns(contract: Contract) -> dict[str, str]:
    """Column name → SQL type of the staging table, after line_no."""
    columns: dict[str, str] = {}
    for column in contract.staged:
        columns[column.name] = SQL_TYPES[column.type]
        if column.fold:
            columns[f"{column.name}_khoa"] = SQL_TYPES["text"]
        if column.procedure_root:
            columns[f"{column.name}_goc"] = SQL_TYPES["text"]
    return columns | {UNREADABLE: "jsonb", MOJIBAKE: "text"}


def staged(connection: sa.Connection, batch: Batch) -> bool:
    """Whether all lines read still stand in staging: UNLOGGED tables are empty after a crash."""
    table = staging_table(batch.dataset, batch.batch_id)
    if connection.scalar(sa.text("SELECT to_regclass(:t)"), {"t": look_up_view(batch)}) is None:
        return False
    lines: int = connection.scalar(sa.text(f"SELECT count(*) FROM {table}"))
    return lines == batch.lines_read


def staged_as_read(connection: sa.Connection, batch: Batch) -> bool:
    """Whether staging holds the lines as they were read and nothing else: none gone, twice or changed."""
    table = staging_table(batch.dataset, batch.batch_id)
    for name in (f"{table}__repeated", look_up_view(batch)):
        if connection.scalar(sa.text("SELECT to_regclass(:t)"), {"t": name}) is None:
            return False
    if remembers(batch.dataset) and not connection.scalar(
        sa.text(
            "SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass(:t) AND attname = :name)"
        ),
        {"t": table, "name": LINE_HASH},
    ):
        return False  # staged by an earlier version
    # What was written since bears another transaction; to hash all cells would take longer than to copy them.
    by, repeated = (batch.staged_as or "0 0").split()
    whole = "SELECT count(*) = :{n} AND count(*) FILTER (WHERE xmin = CAST(:by AS xid)) = :{n} FROM {t}"
    as_read: bool = connection.scalar(
        sa.text(
            f"SELECT ({whole.format(n='lines', t=table)}) "
            f"AND ({whole.format(n='repeated', t=f'{table}__repeated')})"
        ),
        {"by": by, "lines": batch.lines_read, "repeated": int(repeated)},
    )
    return as_read


def keep_staged(connection: sa.Connection, batch: Batch) -> bool:
    """Keeps others from changing the staged lines until the transaction ends; whether there are any."""
    table = staging_table(batch.dataset, batch.batch_id)
    if connection.scalar(sa.text("SELECT to_regclass(:t)"), {"t": table}) is None:
        return False
    connection.execute(sa.text(f"LOCK TABLE {table} IN SHARE MODE"))
    return True


def drop_staged(connection: sa.Connection, batch: Batch) -> None:
    """Drops the batch's staging table, its duplicates table and its view."""
    table = staging_table(batch.dataset, batch.batch_id)
    connection.execute(sa.text(f"DROP TABLE IF EXISTS {table}, {table}__repeated CASCADE"))


def stage(connection: sa.Connection, contract: Contract, batch: Batch) -> None:
    """Stages the landed file of a batch and notes what it says of itself.

    Raises BadFile when it is no readable export of its dataset, or a pull that holds a thing twice.
    """
    table = staging_table(batch.dataset, batch.batch_id)
    drop_staged(connection, batch)
    columns = staged_columns(contract)
    body = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
    body += _hash_column(columns) if remembers(contract.dataset) else ""
    connection.exec_driver_sql(f"CREATE UNLOGGED TABLE {table} (line_no bigint NOT NULL, {body})")
    request = Request(
        dataset=batch.dataset,
        path=batch.landed_path,
        name=batch.original_name,
        extracted_at=batch.extracted_at if batch.time_source in ("given", "pulled") else None,
        by_hand=batch.origin in ("file", "form"),
    )
    with reading(request) as found:
        lines = copy_text(connection, table, found.start["names"], found)
        found.finish()
    _check_seal(connection, contract, batch, found.end["layout"])
    looked_up = ", ".join(name for name in columns if name.endswith(("_khoa", "_goc")))
    connection.exec_driver_sql(f"ANALYZE {table} ({', '.join(contract.key)}{looked_up and ', '}{looked_up})")
    extracted_at = found.end["extracted_at"]
    time_source = batch.time_source if request.extracted_at else found.end["time_source"]
    if extracted_at is None:
        time_source = "rows"
        extracted_at = connection.scalar(sa.text(f"SELECT max({contract.changed_at}) FROM {table}"))
    repeated = _find_repeated(connection, contract, batch, table)
    lines_of_batch = staged_lines(connection, contract, batch, extracted_at)
    connection.exec_driver_sql(
        f"CREATE VIEW {look_up_view(batch)} AS {look_up_sql(batch.dataset, lines_of_batch)}".replace(
            "%", "%%"
        )
    )
    note_staged(
        connection,
        batch.batch_id,
        {"lines_read": lines, "extracted_at": extracted_at, "time_source": time_source}
        | {
            "stated_total": found.end["stated_total"],
            "layout": found.end["layout"],
            "extra_columns": found.end["extra"],
            "missing_columns": found.end["missing"],
            "personal_columns": found.end["personal"],
            "staged_as": f"{_transaction(connection)} {repeated}",
            "records_in_file": found.end["records"],
            "repaired": json.dumps(found.end["repaired"]),
            "notes": found.end["notes"],
        },
        skipped=found.end["skipped"],
        sheets=found.end["sheets"],
    )


def _transaction(connection: sa.Connection) -> int:
    """The number that rows written by this transaction bear."""
    number: int = connection.scalar(
        sa.text("SELECT CAST(CAST(pg_current_xact_id() AS text) AS numeric)::bigint % 4294967296")
    )
    return number


def _check_seal(connection: sa.Connection, contract: Contract, batch: Batch, layout: str) -> None:
    """Raises BadFile for a line whose seal is missing or wrong, where it must have one; keeps no seal.

    A form always has; what a unit handed in has in each line, whatever its layout. What an operator loads
    as a table has none: the login is what vouches for it.
    """
    seal, table = contract.seal, staging_table(batch.dataset, batch.batch_id)
    if seal is None:
        return
    titled = any(seal.name in each.titles for each in contract.layouts if each.name == layout)
    if titled or batch.origin == "form":
        covered = ", ".join(seal.seals)
        rows = connection.exec_driver_sql(
            f"SELECT min(line_no), {seal.name}, {covered} FROM {table} "
            f"GROUP BY {seal.name}, {covered} ORDER BY 1"
        ).all()
        keys = Keys.of_environment()
        for line_no, text, *values in rows:
            if not keys.is_seal(text, seal.seal_label, values):
                raise BadFile(_no_seal(contract, batch, titled, line_no, text is None))
    connection.exec_driver_sql(f"ALTER TABLE {table} DROP COLUMN {seal.name}")


def _no_seal(contract: Contract, batch: Batch, titled: bool, line_no: int, missing: bool) -> str:
    assert contract.seal
    name = contract.seal.headers[0]
    what = "form" if titled else f"table, line {line_no},"
    fault = (
        f"this {what} has no code ({name}), so it cannot be told who made it"
        if missing
        else f"the code of this {what} ({name}) is not that of its unit and month: one of the three was "
        f"changed, or the code was made with a key that is not used any more"
    )
    return (
        f"{batch.original_name}: {fault}. Nothing of it was loaded. Ask whoever runs the warehouse for a new "
        f"form of the unit for this month (make form, python -m cchc form UNIT KY), fill that in, hand it in."
    )


def _find_repeated(connection: sa.Connection, contract: Contract, batch: Batch, table: str) -> int:
    """Lists the lines whose key occurs more than once, and whether they contradict each other; how many."""
    keys = ", ".join(contract.key)
    # No source has two things whose keys differ in case only; files may have.
    case = "lower" if batch.origin == "api" else ""
    same_key = " AND ".join(f"s.{name} = often.{name}" for name in contract.key)
    digest, digest_s = (
        f"hashtextextended({case}({' || chr(31) || '.join(prefix + name for name in contract.key)}), 0)"
        for prefix in ("", "s.")
    )
    # Grouping numbers is several times cheaper than grouping the keys themselves.
    connection.exec_driver_sql("DROP TABLE IF EXISTS suspects")
    suspects = connection.exec_driver_sql(
        f"CREATE TEMP TABLE suspects ON COMMIT DROP AS SELECT {digest} AS digest FROM {table} "
        f"WHERE ({keys}) IS NOT NULL GROUP BY 1 HAVING count(*) > 1"
    ).rowcount
    where = f"{digest} IN (SELECT digest FROM suspects)" if suspects else "FALSE"
    if suspects and batch.origin == "api":
        _refuse_twice(connection, contract, batch, f"{table} WHERE {where}")
    return connection.exec_driver_sql(
        f"""
        CREATE UNLOGGED TABLE {table}__repeated AS
        WITH often AS (
            SELECT {keys} FROM {table} WHERE {where} GROUP BY {keys} HAVING count(*) > 1
        ), states AS (
            SELECT s.line_no, {", ".join(f"s.{name}" for name in contract.key)},
                s.{contract.changed_at} AS changed_at, md5((to_jsonb(s) - 'line_no')::text) AS fingerprint
            FROM {table} AS s INNER JOIN often ON {same_key} WHERE {where.replace(digest, digest_s)}
        )
        SELECT *, min(fingerprint) OVER same_time <> max(fingerprint) OVER same_time AS conflicting
        FROM states WINDOW same_time AS (PARTITION BY {keys}, changed_at)
        """
    ).rowcount


def _refuse_twice(connection: sa.Connection, contract: Contract, batch: Batch, lines: str) -> None:
    """Raises BadFile for a thing that stands twice in what was pulled, in whatever forms and case.

    The source states how many things the list has: as many others are missing.
    """
    thing = ", ".join(f"lower({name}::text)" for name in contract.thing)
    found = connection.exec_driver_sql(
        f"SELECT count(*) OVER () AS things, min(line_no) AS one, max(line_no) AS other FROM {lines} "
        f"AND ({', '.join(contract.key)}) IS NOT NULL GROUP BY {thing} HAVING count(*) > 1 ORDER BY 2 LIMIT 1"
    ).first()
    if found:
        raise BadFile(
            f"{batch.label}: {found.things} of its things came before in this pull, the first in lines "
            f"{found.one} and {found.other} (the same {', '.join(contract.thing)}, when read). Expected "
            f"each once: as many others are missing. Nothing was loaded and the watermark stays. Clear task "
            f"land of the run to pull the window again; where that ends in the same way, tell whoever runs "
            f"the source (docs/runbook.md, section 'A pull does not add up')."
        )
