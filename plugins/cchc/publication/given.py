"""What an archive of evidence gives, checked against its ledger: chain, figures, definitions, files."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from cchc.errors import CchcError
from cchc.publication.archive import FILE, Archive
from cchc.publication.evidence import FORMAT, MEASURES, OF_TABLE, SHOWN_ONLY, read_ledger
from cchc.publication.ledger import Entry, chain_faults, digest_of, measures_digest
from cchc.repository import sql_file
from cchc.shown import in_table
from cchc.warehouse import run_sql


@dataclass
class Given:
    """What is rebuilt. `entries`: those that are, in order; `shown`: those whose figures stand in it;
    `loads`: su_kien.jsonl; `landed`: tep_goc.jsonl by batch; `contents`: files of the project by SHA-256;
    `hashes`: what doi_chieu.jsonl says of each entry."""

    archive: Archive
    entries: list[Entry]
    shown: list[int]
    loads: list[dict[str, Any]]
    landed: dict[int, dict[str, Any]]
    contents: dict[str, bytes]
    hashes: dict[int, list[dict[str, Any]]]
    _files: dict[int, dict[str, str]] = field(default_factory=dict)
    _definitions: dict[int, dict[str, dict[str, Any]]] = field(default_factory=dict)

    def files_of(self, number: int) -> dict[str, str]:
        """The files that an entry's figures were made of, path → SHA-256; none where not recorded."""
        return self._files.get(number, {})

    def definitions(self, number: int) -> dict[str, dict[str, Any]]:
        """The definitions of an entry by code."""
        return self._definitions.get(number, {})

    def known_by(self, entry: Entry) -> int:
        """The number of the last load that an entry knows."""
        known: int | None = entry.content.get("nap_den")
        if known is not None:
            return known
        before = [n["stt"] for n in self.loads if datetime.fromisoformat(n["luc"]) <= entry.at]
        return max(before, default=0)

    def measures(self, connection: sa.Connection) -> None:
        """Gives the measures the numbers that they had."""
        load_table(connection, self.archive, "phep_do")
        connection.exec_driver_sql(f"INSERT INTO {MEASURES} SELECT * FROM bc_phep_do")


def load_table(connection: sa.Connection, archive: Archive, part: str) -> None:
    """Copies a table of the archive to TEMP TABLE bc_<part>, typed as the warehouse has it."""
    table = OF_TABLE.get(f"{part}.csv", MEASURES)
    connection.exec_driver_sql(
        f"DROP TABLE IF EXISTS bc_{part}; CREATE TEMP TABLE bc_{part} (LIKE {table}) ON COMMIT DROP"
    )
    cursor = connection.connection.cursor()
    with archive.stream(f"{part}.csv") as file:
        cursor.copy_expert(f"COPY bc_{part} FROM STDIN (FORMAT csv, HEADER MATCH)", file)
    connection.exec_driver_sql(f"ANALYZE bc_{part}")


def checked(connection: sa.Connection, archive: Archive, expected: str | None) -> Given:
    """What the archive gives; raises CchcError that names what does not fit its ledger."""
    try:
        return _checked(connection, archive, expected)
    except (KeyError, TypeError, ValueError, AttributeError, sa.exc.DBAPIError) as error:
        if isinstance(error, sa.exc.OperationalError):
            raise
        raise _refused(archive, f"its content is not readable ({type(error).__name__})") from None


def _checked(connection: sa.Connection, archive: Archive, expected: str | None) -> Given:
    about = archive.about
    if about["dinh_dang"] != FORMAT:
        raise _refused(archive, f"its format is {about['dinh_dang']!r}, this code reads {FORMAT}")
    ledger = read_ledger(archive.lines("so_cai.jsonl"), datetime.fromisoformat)
    if broken := chain_faults(ledger):
        raise _refused(archive, f"so_cai.jsonl: {broken[0]}")
    if not ledger or ledger[-1].digest != about["ma_bam_moi_nhat"]:
        raise _refused(archive, "so_cai.jsonl does not end with the hash that van_tay.json says")
    if expected is not None and expected not in {entry.digest for entry in ledger}:
        raise _refused(archive, f"no entry of its ledger has the hash {in_table(expected)}")
    rebuilt = [entry for entry in ledger if entry.number <= about["so_cai_dung_lai"]]
    shown = [int(number) for number in about["so_cai_trung_bay"]]
    _tables_fit(connection, archive, rebuilt, shown)
    hashes: dict[int, list[dict[str, Any]]] = {}
    for each in archive.lines("doi_chieu.jsonl"):
        hashes.setdefault(each["so_cai"], []).append(each)
    _hashes_fit(connection, archive, hashes, [entry.number for entry in rebuilt], shown)
    contents = archive.files()
    given = Given(
        archive=archive,
        entries=rebuilt,
        shown=shown,
        loads=archive.lines("su_kien.jsonl"),
        landed={each["batch_id"]: each for each in archive.lines("tep_goc.jsonl")},
        contents=contents,
        hashes=hashes,
    )
    for row in connection.exec_driver_sql("SELECT so_cai, duong_dan, sha256 FROM bc_tep"):
        given._files.setdefault(row.so_cai, {})[row.duong_dan] = row.sha256
    for row in connection.exec_driver_sql("SELECT so_cai, ma_chi_so, noi_dung FROM bc_dinh_nghia"):
        given._definitions.setdefault(row.so_cai, {})[row.ma_chi_so] = row.noi_dung
    _files_fit(given)
    return given


def _tables_fit(connection: sa.Connection, archive: Archive, rebuilt: list[Entry], shown: list[int]) -> None:
    """Raises CchcError for the first table that does not give the hash that its entry has of it."""
    for name in OF_TABLE:
        part = name.removesuffix(".csv")
        load_table(connection, archive, part)
        for entry in rebuilt:
            if name in SHOWN_ONLY and entry.number not in shown:
                continue
            said = entry.content["phan"].get(part)
            if said is not None and digest_of(connection, part, entry.number, f"bc_{part}") != said:
                raise _refused(archive, f"{name} is not what entry {entry.number} published")
    load_table(connection, archive, "phep_do")
    for entry in rebuilt:
        measures = measures_digest(connection, entry.content.get("phep_do", []), "bc_phep_do")
        if measures != entry.content["ma_bam_phep_do"]:
            raise _refused(archive, f"phep_do.csv is not what entry {entry.number} published")


def _hashes_fit(
    connection: sa.Connection,
    archive: Archive,
    hashes: dict[int, list[dict[str, Any]]],
    rebuilt: list[int],
    shown: list[int],
) -> None:
    """Raises CchcError where the hashes to compare with are not those of tables that the ledger covers."""
    query = sql_file("publication/canonical.sql")
    for name, table in OF_TABLE.items():
        query = query.replace(f" {table} ", f" bc_{name.removesuffix('.csv')} ")
    for number in rebuilt:
        parts = {n.removesuffix(".csv") for n in OF_TABLE if number in shown or n not in SHOWN_ONLY}
        there = {tuple(row) for row in run_sql(connection, query, so=number) if row.phan in parts}
        columns = ("phan", "ky_loai", "ky", "so_dong", "ma_bam")
        said = {tuple(h[c] for c in columns) for h in hashes.get(number, []) if h["phan"] in parts}
        if there != said:
            raise _refused(archive, f"doi_chieu.jsonl is not what the tables of entry {number} give")


def _files_fit(given: Given) -> None:
    """Raises CchcError for a file that an entry or a load names and that is not there."""
    named = [("tep.csv", files) for files in given._files.values()]
    named += [("su_kien.jsonl", load["tep"]) for load in given.loads]
    for where, files in named:
        for path, sha256 in files.items():
            if sha256 not in given.contents:
                raise _refused(given.archive, f"tep/{in_table(path)} is not what {where} says")
            if not FILE.fullmatch(path):
                raise _refused(given.archive, f"{where} names a file {in_table(path)!r} that is none of ours")
    for load in given.loads:
        if load["loai"] == "lo" and load["batch_id"] not in given.landed:
            raise _refused(given.archive, f"tep_goc.jsonl lacks batch {load['batch_id']}")


def _refused(archive: Archive, why: str) -> CchcError:
    return CchcError(
        f"EVIDENCE={in_table(archive.path)}: {why}. Nothing was rebuilt. Somebody changed it after it was "
        "written: get it anew from whoever has it."
    )
