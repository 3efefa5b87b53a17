"""Checks that what must always hold holds in the warehouse now."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from cchc.contracts import contracts, datasets_of
from cchc.figures.definitions import indicators
from cchc.figures.refresh import pending_periods
from cchc.judging import standing
from cchc.publication.ledger import faults
from cchc.shown import in_table
from cchc.sources.landed_file import landed_fault
from cchc.sources.leftovers import is_old
from cchc.sources.unnamed_files import unnamed_files
from cchc.warehouse import run_sql_file

SHOWN = 5


@dataclass(frozen=True)
class Finding:
    """How one check came out: `found` names each thing that is not as it must be, or is worth a look."""

    what: str
    found: list[str] = field(default_factory=list)
    information: bool = False

    @property
    def failed(self) -> bool:
        return bool(self.found) and not self.information

    def __str__(self) -> str:
        if not self.found:
            return f"ok    {self.what}"
        more = f"; … {len(self.found) - SHOWN} more" if len(self.found) > SHOWN else ""
        mark = "note " if self.information else "FAIL "
        return in_table(f"{mark} {self.what}: {len(self.found)} not. {'; '.join(self.found[:SHOWN])}{more}")


def checks(engine: sa.Engine, *, files: bool = True, kept: str | None = None) -> Iterator[Finding]:
    """Each check's finding as soon as it is known, all but the files' on one snapshot of the warehouse.

    `kept`: a hash of the ledger that was kept elsewhere; one of its entries must have it.
    """
    waiting = pending_periods(engine)
    snapshot = engine.connect().execution_options(isolation_level="REPEATABLE READ")
    with snapshot as connection, connection.begin():
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")
        yield Finding(
            "lines read of every loaded batch = accepted + rejected + superseded = stated",
            _violations(connection, "batch_equation"),
        )
        yield Finding("every row of core comes from a loaded batch", _rows_without_batch(connection))
        yield Finding(
            "no line that is rejected stands in core, no batch holds more rows there than it had accepted",
            _held_wrongly(connection),
        )
        yield Finding(
            "lists of faulty lines name those that nothing corrected, and no others",
            [fault for dataset in contracts() for fault in standing.faults(connection, dataset)],
        )
        waits, gone = _reopened(connection)
        yield Finding("every loaded batch is looked up by the units that are known now", waits)
        yield Finding(
            "every batch that units were corrected for could be loaded again", gone, information=True
        )
        yield Finding("the figures of every month follow from its data", [f"{ky} waits" for ky in waiting])
        yield Finding(
            "mart.chi_so = what mart.tinh_chi_so makes of it again, where it is provisional",
            _recomputed(connection, waiting),
        )
        yield Finding(
            "province and levels = the sum of their units, where that adds up",
            _violations(connection, "province_is_sum", additive=additive()),
        )
        yield Finding(
            "report II.06a takes over what the period before left open",
            _violations(connection, "stock_between_periods"),
            information=True,
        )
        yield Finding(
            "every loaded batch passes its last judgement", _stopped_again(connection), information=True
        )
        yield Finding("what was published is as the ledger says", faults(connection, kept))
        landed = connection.execute(
            sa.text(
                "SELECT batch_id, dataset, status, landed_path, size_bytes, sha256, file_deleted_at "
                "FROM ops.batch ORDER BY 1"
            )
        ).all()
    if files:
        yield Finding("every landed file is there, byte for byte", [*filter(None, map(_file_fault, landed))])
        yield Finding("every file of the landing area is that of a batch", _unnamed(engine, landed))
        deleted = [
            f"batch {batch.batch_id} ({batch.dataset}): deleted on {batch.file_deleted_at:%Y-%m-%d}"
            for batch in landed
            if batch.file_deleted_at
        ]
        yield Finding("every landed file is kept, none was deleted on purpose", deleted, information=True)


def additive() -> list[str]:
    """The indicators that count rows: not distinct things, of which units share some."""
    return [
        indicator.ma
        for indicator in indicators().values()
        if indicator.tu_so and not indicator.khoa and not indicator.don_vi_it_nhat
    ]


def _recomputed(connection: sa.Connection, waiting: list[str]) -> list[str]:
    # The function that counts again comes with the first refresh.
    if not connection.scalar(sa.text("SELECT EXISTS (SELECT FROM mart.chi_so)")):
        return []
    return _violations(connection, "figures_recomputed", waiting=waiting)


def _violations(connection: sa.Connection, check: str, **binds: object) -> list[str]:
    return list(run_sql_file(connection, f"verify/{check}.sql", **binds).scalars())


def _rows_without_batch(connection: sa.Connection) -> list[str]:
    """Tables of core with rows whose batch is unknown or was never loaded, with how many."""
    tables = connection.scalars(
        sa.text(
            "SELECT c.table_name FROM information_schema.columns AS c "
            "INNER JOIN information_schema.tables AS t USING (table_schema, table_name) "
            "WHERE c.table_schema = 'core' AND c.column_name = 'batch_id' AND t.table_type = 'BASE TABLE' "
            # Rows of a partition are rows of its table.
            "AND NOT (SELECT relispartition FROM pg_class WHERE oid = to_regclass('core.' || c.table_name)) "
            "ORDER BY c.table_name"
        )
    ).all()
    found = []
    for table in tables:
        count = connection.scalar(
            sa.text(
                f"SELECT count(*) FROM core.{table} AS f WHERE f.batch_id IS NOT NULL AND NOT EXISTS "
                "(SELECT FROM ops.batch AS b WHERE b.batch_id = f.batch_id AND b.loaded_at IS NOT NULL)"
            )
        )
        if count:
            found.append(f"core.{table}: {count} rows")
    return found


def _held_wrongly(connection: sa.Connection) -> list[str]:
    found: list[str] = []
    for dataset in datasets_of("fact"):
        table = f"core.{dataset}"
        # What was judged again and not loaded anew yet keeps the rejects of that judgement.
        settled = "b.status = 'loaded' AND b.judged_again IS NULL"
        found += connection.scalars(
            sa.text(
                f"SELECT '{table}, batch ' || b.batch_id || ': ' || count(*) || ' rejected lines' "
                f"FROM {table} AS f INNER JOIN ops.reject AS r USING (batch_id, line_no) "
                f"INNER JOIN ops.batch AS b USING (batch_id) WHERE {settled} "
                "GROUP BY b.batch_id ORDER BY b.batch_id"
            )
        )
        found += connection.scalars(
            sa.text(
                f"SELECT '{table}, batch ' || b.batch_id || ': ' || f.rows || ' rows, ' "
                "|| b.lines_accepted || ' accepted' "
                f"FROM (SELECT batch_id, count(*) AS rows FROM {table} GROUP BY batch_id) AS f "
                f"INNER JOIN ops.batch AS b USING (batch_id) "
                f"WHERE {settled} AND f.rows > b.lines_accepted ORDER BY b.batch_id"
            )
        )
    return found


def _reopened(connection: sa.Connection) -> tuple[list[str], list[str]]:
    """Batches that wait to be loaded again, and those whose file was deleted before they could be."""
    rows = connection.execute(
        sa.text(
            "SELECT b.batch_id, b.dataset, r.caused_by, r.reopened_at, b.file_deleted_at IS NOT NULL AS gone "
            "FROM ops.reopened AS r INNER JOIN ops.batch AS b USING (batch_id) ORDER BY b.batch_id"
        )
    ).all()
    told: tuple[list[str], list[str]] = [], []
    for row in rows:
        told[row.gone].append(
            f"batch {row.batch_id} ({row.dataset}): to be loaded again since {row.reopened_at:%Y-%m-%d}, "
            f"for batch {row.caused_by}{', its file was deleted' if row.gone else ''}"
        )
    return told


def _stopped_again(connection: sa.Connection) -> list[str]:
    """Batches that are loaded and were stopped when they were judged again."""
    return list(
        connection.scalars(
            sa.text(
                "SELECT 'batch ' || batch_id || ' (' || dataset || '): loaded, judged again: stopped' "
                "FROM ops.batch WHERE status = 'loaded' AND judgement = 'stopped' ORDER BY batch_id"
            )
        )
    )


def _unnamed(engine: sa.Engine, landed: Sequence[sa.Row[Any]]) -> list[str]:
    """Files that no batch names, and so no time for which files are kept; not those of the last day."""
    paths = [Path(batch.landed_path) for batch in landed]
    areas = {path.parents[2] for path in paths if path.is_absolute()}
    return [
        f"{file.path}: {'a spare copy, which tidy_up sweeps' if file.spare else 'its bytes are of no batch'}"
        for area in sorted(areas)
        for file in unnamed_files(engine, area)
        if is_old(file.path)
    ]


def _file_fault(batch: sa.Row[Any]) -> str | None:
    if batch.file_deleted_at:
        left = f"batch {batch.batch_id} ({batch.dataset}): {batch.landed_path} is there"
        return f"{left}, though noted as deleted" if Path(batch.landed_path).exists() else None
    fault = landed_fault(Path(batch.landed_path), batch.size_bytes, batch.sha256)
    return fault and f"batch {batch.batch_id} ({batch.dataset}, {batch.status}): {batch.landed_path} {fault}"
