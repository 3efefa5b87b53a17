"""Writes the evidence about a closed month as one archive: what was published, by what, from which files.

Landed files are named and never copied: they hold personal data. Of rejected lines only counts by rule stand
in it, of the rows behind figures only counts and hashes.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import sqlalchemy as sa

from cchc.errors import CchcError
from cchc.kept_files import code_state
from cchc.periods import parse_month
from cchc.private_file import private_draft
from cchc.publication.archive import TABLES, Writer, as_json
from cchc.publication.ledger import PARTS, Entry, chain_faults, entries, faults, record
from cchc.sources.landed_file import landed_fault
from cchc.warehouse import run_sql_file

FORMAT = 1
# A member → its table, and whether it is written of what is shown only, or of all that is rebuilt.
OF_TABLE = {f"{part}.csv": PARTS[part] for part in PARTS if f"{part}.csv" in TABLES}
SHOWN_ONLY = ("con_so.csv", "bieu_06a.csv")
MEASURES = "core.phep_do"
WORDS = Path(__file__).with_name("evidence_readme.md")
COMMANDS = """\
# Viết bằng chứng này / this evidence was written by
make evidence KY={ky}                      # python -m cchc evidence {ky}
# Dựng lại trên máy khác, không cần mạng / rebuild elsewhere, without network
make rebuild EVIDENCE={name} LANDING=folder-with-the-landed-files
# Cũng so mã băm mới nhất của sổ, giữ ở nơi khác / also compare with the newest hash that was kept elsewhere
make rebuild EVIDENCE={name} LANDING=folder HASH={newest}
"""


@dataclass(frozen=True)
class Scope:
    """What evidence about a month is about.

    `periods`: what the month's entries published, as (ky_loai, ky); `shown`: the entries that published any
    of them; `rebuilt`: those and all before them, as figures rest on months before; `loaded`: the number of
    the last load that they know.
    """

    ky: str
    ledger: list[Entry]
    periods: list[tuple[str, str]]
    shown: list[int]
    rebuilt: list[int]
    loaded: int


@dataclass(frozen=True)
class Written:
    """What was written: the file, its entries, how many landed files it names and how many are gone."""

    path: Path
    scope: Scope
    files: int
    gone: int


def periods_of_entry(entry: Entry) -> list[tuple[str, str]]:
    """The periods that an entry published, as (ky_loai, ky)."""
    return [(p["ky_loai"], p["ky"]) for p in entry.content.get("ky", [])]


def write_evidence(engine: sa.Engine, ky: str, folder: Path) -> Written:
    """Writes the archive about a month into a folder.

    The same warehouse gives the same bytes. Raises CchcError when the month is not published, or what was
    published is not as the ledger says.
    """
    snapshot = engine.connect().execution_options(isolation_level="REPEATABLE READ")
    with snapshot as connection, connection.begin():
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")
        scope = scope_of(connection, ky)
        if found := faults(connection):
            raise CchcError(
                f"What was published is not as the ledger says: {'; '.join(found[:3])}. No evidence was "
                "written: find out who changed it (python -m cchc verify names all), and put back a backup."
            )
        path = folder / f"bang_chung_{ky}.zip"
        with private_draft(path) as file:
            landed = _write(connection, scope, path.name, file)
    gone = [each for each in landed if each["con_tep"] != "con"]
    return Written(path, scope, len(landed), len(gone))


def scope_of(connection: sa.Connection, ky: str) -> Scope:
    """What evidence about a month is about; raises CchcError when nothing of it is published."""
    month, ledger = parse_month(ky).ky, entries(connection)
    if broken := chain_faults(ledger):
        raise CchcError(f"The ledger is not whole: {broken[0]}. Run `python -m cchc verify`.")
    periods = sorted({p for e in ledger if e.ky == month for p in periods_of_entry(e)})
    if not periods:
        raise CchcError(
            f"Month {month} is not published: evidence is about what was. Close it first: python -m cchc "
            "close."
        )
    shown = [e.number for e in ledger if set(periods_of_entry(e)) & set(periods)]
    rebuilt = [e for e in ledger if e.number <= shown[-1]]
    known = rebuilt[-1].content.get("nap_den")
    if known is None:
        # Written before loads were numbered.
        query = "SELECT coalesce(max(stt), 0) FROM ops.lan_nap WHERE luc <= :luc"
        known = connection.scalar(sa.text(query), {"luc": rebuilt[-1].at})
    return Scope(month, ledger, periods, shown, [e.number for e in rebuilt], known)


def _write(connection: sa.Connection, scope: Scope, name: str, file: IO[bytes]) -> list[dict[str, Any]]:
    newest, last = scope.ledger[-1], scope.rebuilt[-1]
    landed = _landed(connection, scope)
    loads = _loads(connection, scope.loaded)
    commands = COMMANDS.format(ky=scope.ky, name=name, newest=newest.digest)
    archive = Writer(file)
    archive.put("README.md", WORDS.read_bytes())
    for table in ("bieu_06a.csv", "con_so.csv", "dem.csv", "dinh_nghia.csv"):
        _table(connection, archive, table, scope)
    compared = [
        {"so_cai": number} | dict(row._mapping)
        for number in scope.rebuilt
        for row in run_sql_file(connection, "publication/canonical.sql", so=number)
    ]
    archive.put("doi_chieu.jsonl", b"".join(map(as_json, compared)))
    _table(connection, archive, "don_vi.csv", scope)
    known = {"batches": [each["batch_id"] for each in landed]}
    _copy(connection, archive, "kiem_tra.csv", _CHECKED, known)
    archive.put("lenh.txt", commands.encode())
    _table(connection, archive, "lo.csv", scope)
    _copy(connection, archive, "loai_bo.csv", _REJECTED, known)
    _copy(connection, archive, "phep_do.csv", f"SELECT * FROM {MEASURES} ORDER BY phep_do", {})
    ledger = [record(*list(vars(e).values())[:-1]) | {"ma_bam": e.digest} for e in scope.ledger]
    archive.put("so_cai.jsonl", b"".join(map(as_json, ledger)))
    archive.put("su_kien.jsonl", b"".join(map(as_json, loads)))
    _table(connection, archive, "tep.csv", scope)
    _files(connection, archive, scope, loads)
    archive.put("tep_goc.jsonl", b"".join(as_json(each) for each in landed))
    archive.close(
        {
            "dinh_dang": FORMAT,
            "ky": scope.ky,
            "cac_ky": [{"ky_loai": kind, "ky": ky} for kind, ky in scope.periods],
            "so_cai_trung_bay": scope.shown,
            "so_cai_dung_lai": last,
            "so_cai_moi_nhat": newest.number,
            "ma_bam_moi_nhat": newest.digest,
            "ma": code_state(),
            "bang": list(
                connection.scalars(sa.text("SELECT revision FROM ops.phien_ban_kho ORDER BY revision"))
            ),
        }
    )
    return landed


# What the suites said when a batch was judged last: counts, no content.
_CHECKED = (
    "SELECT b.dataset, b.sha256, v.rule_id, v.severity, v.scope, v.success, v.checked_count, v.failed_count "
    "FROM ops.validation_result AS v INNER JOIN ops.batch AS b USING (batch_id) "
    'WHERE b.batch_id = ANY(%(batches)s) ORDER BY b.batch_id, v.rule_id COLLATE "C"'
)
_REJECTED = (
    "SELECT b.dataset, b.sha256, x.rule_id, count(*) AS so_dong "
    "FROM ops.reject AS r INNER JOIN ops.batch AS b USING (batch_id) "
    "CROSS JOIN LATERAL unnest(r.rule_ids) AS x (rule_id) WHERE b.batch_id = ANY(%(batches)s) "
    'GROUP BY b.batch_id, b.dataset, b.sha256, x.rule_id ORDER BY b.batch_id, x.rule_id COLLATE "C"'
)


def _table(connection: sa.Connection, archive: Writer, name: str, scope: Scope) -> None:
    numbers = scope.shown if name in SHOWN_ONLY else scope.rebuilt
    query = (
        f"SELECT t.* FROM {OF_TABLE[name]} AS t WHERE t.so_cai = ANY(%(numbers)s) "
        'ORDER BY t.so_cai, CAST(t AS text) COLLATE "C"'
    )
    _copy(connection, archive, name, query, {"numbers": numbers})


def _copy(
    connection: sa.Connection, archive: Writer, name: str, query: str, binds: dict[str, list[int]]
) -> None:
    """Writes what a query gives as CSV, as it comes: no row is held here."""
    cursor = connection.connection.cursor()
    told = cursor.mogrify(query, {key: value or [-1] for key, value in binds.items()}).decode()
    with archive.member(name) as file:
        cursor.copy_expert(f"COPY ({told}) TO STDOUT (FORMAT csv, HEADER)", file)


def _loads(connection: sa.Connection, until: int) -> list[dict[str, Any]]:
    """Each load and change of registers in order, as su_kien.jsonl has it."""
    rows = connection.execute(
        sa.text(
            "SELECT n.stt, n.loai, n.luc::text AS luc, n.batch_id, n.lines_read, n.lines_rejected, n.tep "
            "FROM ops.lan_nap AS n WHERE n.stt <= :until ORDER BY n.stt"
        ),
        {"until": until},
    )
    return [dict(row._mapping) for row in rows]


def _landed(connection: sa.Connection, scope: Scope) -> list[dict[str, Any]]:
    """The landed files as tep_goc.jsonl has them; each that should be there is read whole."""
    found = []
    last = scope.rebuilt[-1]
    for row in run_sql_file(connection, "publication/landed_files.sql", den=scope.loaded, so=last):
        each = dict(row._mapping)
        path, deleted = Path(each.pop("landed_path")), each.pop("file_deleted_at")
        if deleted:
            state = "da_xoa"
        else:
            state = "khac_hoac_mat" if landed_fault(path, each["size_bytes"], each["sha256"]) else "con"
        each |= {"con_tep": state, "xoa_ngay": f"{deleted:%Y-%m-%d}" if deleted else None}
        found.append(each)
    return found


def _files(connection: sa.Connection, archive: Writer, scope: Scope, loads: list[dict[str, Any]]) -> None:
    """The contents of all files that loads and entries name, each once."""
    named = {(sha256, path) for load in loads for path, sha256 in load["tep"].items()}
    named |= {
        (row.sha256, row.duong_dan)
        for row in connection.execute(
            sa.text("SELECT DISTINCT sha256, duong_dan FROM ops.tep_cong_bo WHERE so_cai = ANY(:numbers)"),
            {"numbers": scope.rebuilt},
        )
    }
    for member, sha256 in sorted((f"tep/{sha256[:12]}/{path}", sha256) for sha256, path in named):
        query = sa.text("SELECT noi_dung FROM ops.noi_dung_tep WHERE sha256 = :sha256")
        content: str = connection.scalar(query, {"sha256": sha256})
        archive.put(member, content.encode())


def read_ledger(lines: list[dict[str, Any]], at: Any) -> list[Entry]:
    """The entries as so_cai.jsonl has them; `at`: reads a time."""
    return [
        Entry(
            **{"number": e["so"], "kind": e["loai"], "ky": e["ky"], "unit": e["ma_don_vi"]},
            **{"at": at(e["luc"]), "by": e["nguoi"], "approved_by": e["nguoi_duyet"], "reason": e["ly_do"]},
            **{"content": json.loads(json.dumps(e["noi_dung"])), "before": e["ma_bam_truoc"]},
            digest=e["ma_bam"],
        )
        for e in lines
    ]
