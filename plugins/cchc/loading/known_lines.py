"""Recognises lines that say what a line said by which core got a row: they need no look-up and no merge."""

from dataclasses import dataclass

import sqlalchemy as sa

from cchc.batches import Batch
from cchc.contracts import Contract
from cchc.reading.staging import LINE_HASH, staged_columns, staging_table
from cchc.repository import sql_file

# What a unit's name means depends on these, and on the day of the export.
REGISTERS = ("don_vi_khoa", "don_vi_khoa_mo_ho", "don_vi_tien_than", "don_vi_tra_loi")


@dataclass(frozen=True)
class Seen:
    """How many lines are known: by themselves, as when a batch is loaded again, or by others."""

    accepted: int
    superseded: int


def recognise(connection: sa.Connection, contract: Contract, batch: Batch, van_tay: str) -> Seen:
    """Skips the lines that say nothing new to the row that is held, and counts them.

    `van_tay`: the SQL of their fingerprint. Things of which the file holds several states are left to be
    loaded: an older one may say more.
    """
    table = staging_table(batch.dataset, batch.batch_id)
    same_key = " AND ".join(f"s.{name} = h.{name}" for name in contract.key)
    connection.execute(
        sa.text(
            f"""
            CREATE TEMP TABLE seen ON COMMIT DROP AS
            SELECT s.line_no, h.batch_id = :b AND h.line_no = s.line_no AS own
            FROM {table} AS s
            INNER JOIN core.{batch.dataset} AS h ON {same_key}
            INNER JOIN ops.known_line AS k
                ON h.batch_id = k.batch_id AND h.line_no = k.line_no AND k.van_tay = {van_tay}
            WHERE
                NOT EXISTS (SELECT 1 FROM skipped WHERE skipped.line_no = s.line_no)
                AND NOT EXISTS (SELECT 1 FROM {table}__repeated AS r WHERE r.line_no = s.line_no)
            """
        ),
        {"b": batch.batch_id},
    )
    connection.execute(sa.text("INSERT INTO skipped SELECT line_no FROM seen"))
    # Lines that are loaded anew.
    connection.execute(
        sa.text(
            "DELETE FROM ops.known_line AS k WHERE k.batch_id = :b "
            "AND NOT EXISTS (SELECT 1 FROM seen WHERE seen.line_no = k.line_no)"
        ),
        {"b": batch.batch_id},
    )
    counts = connection.execute(
        sa.text("SELECT count(*) FILTER (WHERE own), count(*) FILTER (WHERE NOT own) FROM seen")
    ).one()
    return Seen(*counts)


def fingerprint(connection: sa.Connection, contract: Contract, batch: Batch) -> str:
    """SQL text over a staged line `s`: equal for lines that would be loaded alike.

    What becomes of a line follows from its cells, the columns that its export lacks, the SQL, the registers
    of units, and between which of their days the export was made.
    """
    days = " UNION ".join(
        f"SELECT {day} AS ngay FROM core.{register}"
        for register, first, last in (
            ("don_vi_khoa", "valid_from", "valid_to + 1"),
            ("don_vi_tien_than", "xuat_tu", "xuat_den + 1"),
        )
        for day in (first, last)
    )
    held = " || ' ' || ".join(
        f"(SELECT coalesce(bit_xor(hash_record_extended(r, 0)), 0) FROM core.{register} AS r)"
        for register in REGISTERS
    )
    seed = connection.scalar(
        sa.text(
            f"SELECT hashtextextended(concat_ws(' ', :told, {held}, "
            f"(SELECT count(*) FROM ({days}) AS d WHERE d.ngay <= CAST(:at AS date))), 0)"
        ),
        {
            "told": " ".join(
                [
                    *sorted(batch.missing_columns),
                    *staged_columns(contract),
                    sql_file(f"look_up/{contract.dataset}.sql"),
                    sql_file(f"load/{contract.dataset}.sql"),
                ]
            ),
            "at": batch.extracted_at,
        },
    )
    return f"hashint8extended(s.{LINE_HASH}, {seed})"
