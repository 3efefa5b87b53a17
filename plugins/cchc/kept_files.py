"""Keeps each load in its order, and the files of the project that it was made with, by their content.

Evidence about a closed month is rebuilt from them: registers, rules and layouts change between loads.
"""

import hashlib
import json
import subprocess
from functools import cache

import sqlalchemy as sa

from cchc.contracts import CONTRACTS, contract_of
from cchc.repository import EXPECTATIONS, ROOT, SQL

ITEMS = "sql/reference/so_lieu_khai_bao.csv"
Files = dict[str, bytes]


@cache
def code_state() -> dict[str, str | None]:
    """Which code this is: its commit, where there is a git repository, and a hash over all of it but what is
    kept as files (definitions, registers, suites, layouts)."""
    kept = ("indicators", "mart", "reference", "migrations")
    paths = [*(ROOT / "plugins" / "cchc").rglob("*.py"), *(ROOT / "plugins" / "cchc").glob("*.txt")]
    paths += [path for path in SQL.rglob("*.sql") if path.relative_to(SQL).parts[0] not in kept]
    digest = hashlib.sha256()
    for path in sorted(paths):
        if path.is_relative_to(ROOT):
            digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return {"commit": _commit(), "van_tay": digest.hexdigest()}


def _commit() -> str | None:
    asked = ["git", "-C", str(ROOT), "rev-parse", "--verify", "HEAD"]
    try:
        done = subprocess.run(asked, capture_output=True, text=True, check=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def keep(connection: sa.Connection, files: Files) -> dict[str, str]:
    """Keeps the contents of files (path in the project → bytes, UTF-8); returns path → SHA-256."""
    found = {path: hashlib.sha256(content).hexdigest() for path, content in sorted(files.items())}
    rows = [{"sha256": found[path], "noi_dung": content.decode()} for path, content in files.items()]
    # Asked first: an INSERT of a hundred contents that are there already waits for whoever is adding one.
    connection.execute(
        sa.text(
            "INSERT INTO ops.noi_dung_tep (sha256, noi_dung) "
            "SELECT r.sha256, r.noi_dung "
            "FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (sha256 text, noi_dung text) "
            "WHERE NOT EXISTS (SELECT FROM ops.noi_dung_tep AS k WHERE k.sha256 = r.sha256) "
            "ORDER BY r.sha256 ON CONFLICT (sha256) DO NOTHING"
        ),
        {"rows": json.dumps(rows, ensure_ascii=False)},
    )
    return found


def files_of_a_load(dataset: str) -> Files:
    """What lines of a dataset are read and judged by: its layouts, its suite, the items of declarations."""
    suite, layouts = EXPECTATIONS / f"{dataset}.json", CONTRACTS / f"{dataset}.yaml"
    found = {
        f"expectations/{suite.name}": suite.read_bytes(),
        f"{CONTRACTS.relative_to(ROOT)}/{layouts.name}": layouts.read_bytes(),
    }
    if contract_of(dataset).registers:
        found[ITEMS] = (SQL.parent / ITEMS).read_bytes()
    return found


def note_load(connection: sa.Connection, batch_id: int) -> None:
    """Keeps that a batch is loaded now, with its lines as ops.batch has them; the transaction has the turn
    `load`, so that the numbers are in the order of loading."""
    of_batch = sa.text("SELECT dataset FROM ops.batch WHERE batch_id = :b")
    dataset = connection.scalar(of_batch, {"b": batch_id})
    tep = keep(connection, files_of_a_load(dataset))
    connection.execute(
        sa.text(
            "INSERT INTO ops.lan_nap (loai, batch_id, lines_read, lines_rejected, tep) "
            "SELECT 'lo', batch_id, lines_read, lines_rejected, CAST(:tep AS jsonb) "
            "FROM ops.batch WHERE batch_id = :b"
        ),
        {"b": batch_id, "tep": json.dumps(tep)},
    )


def note_register(connection: sa.Connection, kind: str, files: Files, changed: bool) -> None:
    """Keeps that a register was brought in line with its files: `don_vi` or `lich`; not where it was so."""
    tep = json.dumps(keep(connection, files))
    connection.execute(
        sa.text(
            "INSERT INTO ops.lan_nap (loai, tep) SELECT :kind, CAST(:tep AS jsonb) "
            "WHERE :changed OR CAST(:tep AS jsonb) IS DISTINCT FROM "
            "(SELECT tep FROM ops.lan_nap WHERE loai = :kind ORDER BY stt DESC LIMIT 1)"
        ),
        {"kind": kind, "tep": tep, "changed": changed},
    )
