"""Keeps which findings still stand: ops.line_finding.con_loi, the rules that a line breaks uncorrected.

Lists of faulty lines read it; to work it out for each line that is asked for would take them seconds. It is
written by whoever changes what it follows from, in the same transaction: findings, and lines of core.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from cchc.batches import Batch
from cchc.contracts import Contract
from cchc.repository import sql_file
from cchc.warehouse import run_sql

# So many are looked up one by one sooner than all of core is read for them.
FEW = 300
FINDINGS = (
    "SELECT f.batch_id, f.line_no, f.khoa, f.khoa_an, f.thoi_diem, f.bi_loai, f.rule_ids, f.con_loi, "
    "b.extracted_at "
    "FROM ops.batch AS b INNER JOIN ops.line_finding AS f USING (batch_id) "
    "WHERE b.dataset = :dataset AND b.status = 'loaded'"
)
# Whoever was rejected like them before counts no more.
OWN_REJECTED = "SELECT coalesce(khoa, khoa_an) FROM ops.line_finding WHERE batch_id = :b AND bi_loai"


def note_before(connection: sa.Connection, contract: Contract, batch: Batch) -> None:
    """Keeps whose findings a loaded batch bears on, before its findings or its rows of core change.

    To be called first in every transaction that calls `renew`, which has the turn of loads.
    """
    # Keys, or their hashes where they may not be kept.
    connection.exec_driver_sql('CREATE TEMP TABLE khoa_xet (khoa text COLLATE "C") ON COMMIT DROP')
    if batch.status == "loaded":
        connection.execute(
            sa.text(
                f"INSERT INTO khoa_xet {OWN_REJECTED} UNION SELECT f.khoa "
                "FROM core.dong_hien_hanh AS h INNER JOIN ops.line_finding AS f USING (khoa) "
                "WHERE h.dataset = :dataset AND h.batch_id = :b UNION SELECT f.khoa_an "
                "FROM core.dong_hien_hanh AS h INNER JOIN ops.line_finding AS f ON f.khoa_an = md5(h.khoa) "
                "WHERE h.dataset = :dataset AND h.batch_id = :b"
            ),
            {"b": batch.batch_id, "dataset": contract.dataset},
        )


def note_lines(connection: sa.Connection, contract: Contract, batch: Batch) -> None:
    """Keeps whose findings the lines bear on that a load file was given, and what it put into them itself."""
    others = f"{FINDINGS} AND b.batch_id <> :b"
    key = {"dataset": contract.dataset, "b": batch.batch_id}
    parts = key_parts(contract)
    whole_key = f"concat_ws(' ', {', '.join(parts.values())})"
    # Only where the key names a unit it has to be looked up.
    lines = "raw_rows" if all(name == part for name, part in parts.items()) else "batch_rows"
    with _looked_up(connection, one_by_one=(batch.lines_read or 0) <= FEW):
        for column, value in (("khoa", whole_key), ("khoa_an", f"md5({whole_key})")):
            some = f"{others} AND f.{column} IS NOT NULL"
            # Of most warehouses no key is hidden.
            if connection.scalar(sa.text(f"SELECT EXISTS ({some})"), key):
                connection.execute(
                    sa.text(
                        f"INSERT INTO khoa_xet SELECT o.{column} FROM ({some}) AS o "
                        f"INNER JOIN {lines} AS r ON o.{column} = {value}"
                    ),
                    key,
                )


def renew(connection: sa.Connection, contract: Contract, batch: Batch, *, whole: bool = False) -> None:
    """Brings the findings in line that the batch bears on; `whole`: all of its dataset."""
    key = {"b": batch.batch_id, "dataset": contract.dataset}
    connection.execute(sa.text(f"INSERT INTO khoa_xet {OWN_REJECTED}"), key)
    touched = "IN (SELECT k.khoa FROM khoa_xet AS k)"
    own_and_others = (
        f"{FINDINGS} AND b.batch_id = :b "
        f"UNION ALL {FINDINGS} AND b.batch_id <> :b AND f.khoa {touched} "
        f"UNION ALL {FINDINGS} AND b.batch_id <> :b AND f.khoa_an {touched}"
    )
    connection.execute(
        sa.text(f"CREATE TEMP TABLE xet_lai ON COMMIT DROP AS {FINDINGS if whole else own_and_others}"), key
    )
    connection.exec_driver_sql("ANALYZE xet_lai")
    found = connection.scalar(sa.text("SELECT count(*) FROM xet_lai"))
    with _looked_up(connection, one_by_one=found <= FEW):
        run_sql(
            connection,
            f"UPDATE ops.line_finding AS f SET con_loi = moi.con_loi FROM ({_still_broken()}) AS moi "
            "WHERE f.batch_id = moi.batch_id AND f.line_no = moi.line_no AND f.con_loi <> moi.con_loi",
            dataset=contract.dataset,
        )


@contextmanager
def _looked_up(connection: sa.Connection, *, one_by_one: bool) -> Iterator[None]:
    """Has many things joined at once: what a load has just written the planner takes for little."""
    was = connection.scalar(sa.text("SELECT current_setting('enable_nestloop')"))
    if not one_by_one:
        connection.execute(sa.text("SET LOCAL enable_nestloop = off"))
    yield
    connection.execute(sa.text("SELECT set_config('enable_nestloop', :was, TRUE)"), {"was": was})


def faults(connection: sa.Connection, dataset: str) -> list[str]:
    """The findings of a dataset of which is kept what does not follow from core."""
    return list(
        run_sql(
            connection,
            f"WITH xet_lai AS MATERIALIZED ({FINDINGS}) "
            "SELECT format('batch %s line %s: %s, is %s', x.batch_id, x.line_no, x.con_loi, moi.con_loi) "
            f"FROM xet_lai AS x INNER JOIN ({_still_broken()}) AS moi USING (batch_id, line_no) "
            "WHERE x.con_loi <> moi.con_loi ORDER BY x.batch_id, x.line_no",
            dataset=dataset,
        ).scalars()
    )


def _still_broken() -> str:
    return sql_file("judging/still_broken.sql")


def key_parts(contract: Contract) -> dict[str, str]:
    """Column → SQL text over a looked-up line: what a finding's key is made of, but its time of change."""
    parts = {}
    for column in contract.columns:
        if column.name not in contract.key or column.name == contract.changed_at:
            continue
        part = f"{column.name}_goc" if column.procedure_root else column.name
        if column.fold and contract.unit:
            # As core names it; what the source wrote is anything.
            part = f"coalesce({contract.unit}, {part})"
        parts[column.name] = part
    return parts
