"""The ledger of publication: numbered entries, each with the hash of the one before and of what it published.

It is only added to. Whoever changes what an entry published, or an entry, is found by `faults`.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from cchc.kept_files import code_state
from cchc.warehouse import run_sql_file

GENESIS = "0" * 64
# What an entry publishes: name in its content → table whose rows bear its number.
PARTS = {
    "con_so": "mart.con_so_cong_bo",
    "bieu_06a": "mart.bieu_06a_cong_bo",
    "dong": "core.dong_cong_bo",
    "dem": "core.dem_cong_bo",
    "don_vi": "core.don_vi_cong_bo",
    "dinh_nghia": "ops.dinh_nghia_cong_bo",
    "lo": "ops.lo_cong_bo",
    "tep": "ops.tep_cong_bo",
}


@dataclass(frozen=True)
class Entry:
    """One entry. `kind`: as ops.so_cai.loai; `content`: what it published, with hashes."""

    number: int
    kind: str
    ky: str
    unit: str | None
    at: datetime
    by: str
    approved_by: str | None
    reason: str | None
    content: dict[str, Any]
    before: str
    digest: str


def next_number(connection: sa.Connection) -> int:
    """The number of the entry to be written; the transaction must have the turn `ledger`."""
    number: int = connection.scalar(sa.text("SELECT coalesce(max(so), 0) + 1 FROM ops.so_cai"))
    return number


def write(
    connection: sa.Connection,
    kind: str,
    ky: str,
    by: str,
    content: dict[str, Any],
    *,
    unit: str | None = None,
    approved_by: str | None = None,
    reason: str | None = None,
) -> Entry:
    """Writes the next entry, with the hashes of what bears its number; returns it."""
    number = next_number(connection)
    at = connection.scalar(sa.text("SELECT date_trunc('milliseconds', now())"))
    before = connection.scalar(sa.text("SELECT ma_bam FROM ops.so_cai ORDER BY so DESC LIMIT 1")) or GENESIS
    content = content | {
        "phan": {name: digest_of(connection, name, number) for name in PARTS},
        "ma_bam_phep_do": measures_digest(connection, content.get("phep_do", [])),
        # What was loaded when it was written, and by which code: for evidence.
        "nap_den": connection.scalar(sa.text("SELECT coalesce(max(stt), 0) FROM ops.lan_nap")),
        "ma": code_state(),
    }
    # As the table will give it back.
    content = json.loads(json.dumps(content, ensure_ascii=False))
    fields = (number, kind, ky, unit, at, by, approved_by, reason, content, before)
    entry = Entry(*fields, digest=_digest(*fields))
    connection.execute(
        sa.text(
            "INSERT INTO ops.so_cai VALUES (:number, :kind, :ky, :unit, :at, :by, :approved_by, :reason, "
            "CAST(:content AS jsonb), :before, :digest)"
        ),
        vars(entry) | {"content": json.dumps(content, ensure_ascii=False)},
    )
    return entry


def digest_of(connection: sa.Connection, part: str, number: int, table: str | None = None) -> dict[str, Any]:
    """How many rows of a part an entry published, and the hash of them all; `table`: where they stand."""
    row = connection.execute(
        sa.text(
            "SELECT count(*) AS so_dong, encode(sha256(convert_to(coalesce("
            "string_agg(d.ma_bam, '' ORDER BY d.ma_bam), ''), 'UTF8')), 'hex') AS ma_bam FROM ("
            "SELECT encode(sha256(convert_to(CAST(t AS text), 'UTF8')), 'hex') COLLATE \"C\" AS ma_bam "
            f"FROM {table or PARTS[part]} AS t WHERE t.so_cai = :so) AS d"
        ),
        {"so": number},
    ).one()
    return dict(row._mapping)


def measures_digest(connection: sa.Connection, measures: list[int], table: str = "core.phep_do") -> str:
    """The hash of what these measures count; `table`: where they stand."""
    digest: str = connection.scalar(
        sa.text(
            "SELECT encode(sha256(convert_to(coalesce("
            "string_agg(CAST(p AS text), chr(10) ORDER BY phep_do), ''), 'UTF8')), 'hex') "
            f"FROM {table} AS p WHERE phep_do = ANY(CAST(:m AS smallint[]))"
        ),
        {"m": measures},
    )
    return digest


def entries(connection: sa.Connection) -> list[Entry]:
    """All entries in order."""
    rows = connection.execute(
        sa.text(
            "SELECT so, loai, ky, ma_don_vi, luc, nguoi, nguoi_duyet, ly_do, noi_dung, ma_bam_truoc, ma_bam "
            "FROM ops.so_cai ORDER BY so"
        )
    )
    return [Entry(*row) for row in rows]


def faults(connection: sa.Connection, kept: str | None = None) -> list[str]:
    """What does not fit, in words: the first entry that was changed, and each part that was.

    `kept`: a hash of an entry that was kept elsewhere; without it, a ledger that was replaced as a whole, or
    cut off at its end with all that follows from it, fits.
    """
    written = entries(connection)
    found = chain_faults(written)
    if kept and kept.lower() not in {entry.digest for entry in written}:
        found.append(f"no entry has the hash {kept}: the ledger was cut off or replaced since it was kept")
    for entry in written:
        said_of = entry.content.get("phan", {})
        # Files are recorded since migration 0027: entries before it say nothing of them.
        if untold := sorted(PARTS.keys() - said_of.keys() - {"tep"}):
            found.append(
                f"entry {entry.number} ({entry.kind} {entry.ky}) does not say what it published: it has no "
                f"hash of {', '.join(PARTS[name] for name in untold)}"
            )
        for name, said in said_of.items():
            if (now := digest_of(connection, name, entry.number)) != said:
                found.append(
                    f"entry {entry.number} ({entry.kind} {entry.ky}): {PARTS[name]} has {now['so_dong']} "
                    f"rows of it, {said['so_dong']} were published, and their hash differs"
                )
        measures = measures_digest(connection, entry.content.get("phep_do", []))
        if measures != entry.content.get("ma_bam_phep_do"):
            found.append(f"entry {entry.number} ({entry.kind} {entry.ky}): its measures are others")
    found += run_sql_file(connection, "publication/leaves_differ.sql").scalars()
    found += run_sql_file(connection, "publication/loose_rows.sql").scalars()
    return found


def chain_faults(written: Iterable[Entry]) -> list[str]:
    """Which entries are missing, do not follow the one before, or are not what their hash says, in words."""
    found = []
    before, number = GENESIS, 0
    for entry in written:
        number += 1
        if entry.number != number:
            found.append(f"entry {number} is missing: {entry.number} follows {number - 1}")
            number = entry.number
        elif entry.before != before:
            found.append(f"entry {entry.number} does not follow the one before: one was changed")
        if entry.digest != _digest(*list(vars(entry).values())[:-1]):
            found.append(f"entry {entry.number} ({entry.kind} {entry.ky}) is not what its hash says")
        before = entry.digest
    return found


def record(*fields: Any) -> dict[str, Any]:
    """What of an entry is hashed, in the order of its fields without the hash."""
    number, kind, ky, unit, at, by, approved_by, reason, content, before = fields
    return {
        **{"so": number, "loai": kind, "ky": ky, "ma_don_vi": unit},
        **{"luc": at.astimezone(UTC).isoformat(timespec="milliseconds"), "nguoi": by},
        **{"nguoi_duyet": approved_by, "ly_do": reason, "noi_dung": content, "ma_bam_truoc": before},
    }


def _digest(*fields: Any) -> str:
    text = json.dumps(record(*fields), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
