"""Fills a batch's staging table: canonical names and types, no personal column, every line kept."""

import contextlib
import io
import queue
import threading
from collections.abc import Iterator
from datetime import datetime
from typing import Self

import pyarrow as pa
import pyarrow.csv
import sqlalchemy as sa

from cchc.batches import Batch, note_staged
from cchc.contracts import SQL_TYPES, Contract
from cchc.errors import BadFile
from cchc.reading.canonical import MOJIBAKE, UNREADABLE, canonical
from cchc.reading.export import Export
from cchc.reading.formats import open_export
from cchc.warehouse import copy_text, sql_file

AHEAD = 2


def staging_table(dataset: str, batch_id: int) -> str:
    """The qualified name of a batch's staging table."""
    return f"staging.{dataset}__{batch_id}"


def look_up_view(batch: Batch) -> str:
    """The view over the staged lines with what the reference data say of them."""
    return f"{staging_table(batch.dataset, batch.batch_id)}__look_up"


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
    return connection.scalar(sa.text(f"SELECT count(*) FROM {table}")) == batch.lines_read


def drop_staged(connection: sa.Connection, batch: Batch) -> None:
    """Drops the batch's staging table, its duplicates table and its view."""
    table = staging_table(batch.dataset, batch.batch_id)
    connection.execute(sa.text(f"DROP TABLE IF EXISTS {table}, {table}__repeated CASCADE"))


def stage(connection: sa.Connection, contract: Contract, batch: Batch) -> None:
    """Stages the landed file of a batch and notes what it says of itself.

    Raises BadFile when it is no readable export of its dataset.
    """
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
        lines = _copy(connection, contract, batch.batch_id, export, fill)
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
        (
            "coalesce(repeated.conflicting, FALSE)",
            f"LEFT JOIN {table}__repeated AS repeated ON s.line_no = repeated.line_no",
        )
        if repeated
        else ("FALSE", "")
    )
    connection.exec_driver_sql(
        f"""
        CREATE VIEW {look_up_view(batch)} AS
        WITH batch_rows AS (
            SELECT s.*, {conflict} AS conflicting_copy, {moment} AS exported_at
            FROM {table} AS s {join}
        )
        {sql_file(f"look_up/{batch.dataset}.sql").replace("%", "%%")}
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


def _copy(
    connection: sa.Connection,
    contract: Contract,
    batch_id: int,
    export: Export,
    changed_at: datetime | None,
) -> int:
    """Copies every line of `export` into a new staging table; returns the number of lines.

    Cells that are not of their column's type become NULL and are kept as text in
    `unreadable_cells`. `changed_at` fills the change time when the export has no such column.
    """
    table = staging_table(contract.dataset, batch_id)
    columns = staged_columns(contract)
    body = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
    connection.exec_driver_sql(f"CREATE UNLOGGED TABLE {table} (line_no bigint NOT NULL, {body})")
    present = [*export.header.columns.values()]
    if contract.changed_at not in present:
        present.append(contract.changed_at)
    names = ["line_no", *_derived(contract, present), UNREADABLE, MOJIBAKE]
    batches = (canonical(contract, export, batch, changed_at, names) for batch in export.batches)
    with _CsvStream(batches) as stream:
        try:
            lines = copy_text(connection, table, names, stream)
        except Exception as error:
            if stream.error is None:
                raise
            # COPY hides what was wrong with the file behind an error of its own.
            raise stream.error from error
    looked_up = ", ".join(name for name in columns if name.endswith(("_khoa", "_goc")))
    connection.exec_driver_sql(f"ANALYZE {table} ({', '.join(contract.key)}{looked_up and ', '}{looked_up})")
    return lines


def _derived(contract: Contract, present: list[str]) -> list[str]:
    names = []
    for column in contract.staged:
        if column.name in present:
            names.append(column.name)
            names.extend([f"{column.name}_khoa"] if column.fold else [])
            names.extend([f"{column.name}_goc"] if column.procedure_root else [])
    return names


def _find_repeated(connection: sa.Connection, contract: Contract, table: str) -> int:
    """Lists the lines whose key occurs more than once, and whether they contradict each other."""
    keys = ", ".join(contract.key)
    same_key = " AND ".join(f"s.{name} = often.{name}" for name in contract.key)
    digest, digest_s = (
        f"hashtextextended({' || chr(31) || '.join(prefix + name for name in contract.key)}, 0)"
        for prefix in ("", "s.")
    )
    # Grouping numbers is several times cheaper than grouping the keys themselves.
    connection.exec_driver_sql("DROP TABLE IF EXISTS suspects")
    suspects = connection.exec_driver_sql(
        f"CREATE TEMP TABLE suspects ON COMMIT DROP AS SELECT {digest} AS digest FROM {table} "
        f"WHERE ({keys}) IS NOT NULL GROUP BY 1 HAVING count(*) > 1"
    ).rowcount
    where = f"{digest} IN (SELECT digest FROM suspects)" if suspects else "FALSE"
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


class _CsvStream(io.RawIOBase):
    """Record batches as the csv text that COPY reads.

    A thread prepares the next batches while PostgreSQL takes in the last one; at most AHEAD of them
    are in memory.
    """

    def __init__(self, batches: Iterator[pa.RecordBatch]) -> None:
        self._batches = batches
        self._ready: queue.Queue[memoryview | BaseException | None] = queue.Queue(maxsize=AHEAD)
        self._rest = memoryview(b"")
        self._stopped = False
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._prepare, name="csv", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped = True
        while self._thread.is_alive():
            with contextlib.suppress(queue.Empty):
                self._ready.get(timeout=0.05)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        while not self._rest:
            item = self._ready.get()
            if item is None:
                self._ready.put(None)
                return b""
            if isinstance(item, BaseException):
                self.error = item
                raise item
            self._rest = item
        size = len(self._rest) if size < 0 else size
        taken, self._rest = self._rest[:size], self._rest[size:]
        return bytes(taken)

    def _prepare(self) -> None:
        options = pyarrow.csv.WriteOptions(include_header=False, quoting_style="needed")
        try:
            for batch in self._batches:
                if self._stopped:
                    return
                sink = pa.BufferOutputStream()
                pyarrow.csv.write_csv(batch, sink, write_options=options)
                self._ready.put(memoryview(sink.getvalue()))
            self._ready.put(None)
        except BaseException as error:  # handed to the thread that reads
            self._ready.put(error)
