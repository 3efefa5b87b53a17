"""Lands exports: an immutable file named by its sha-256, and its row in ops.batch."""

import csv
import hashlib
import io
import itertools
import os
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import orjson
import sqlalchemy as sa

from cchc.contracts import Contract
from cchc.errors import BadFile
from cchc.sources.client import TIME
from cchc.sources.qlvb import QlvbClient
from cchc.sources.tthc import TthcClient

CHUNK_BYTES = 4 << 20
# A dossier committed at the source shortly after a pull may carry a change time before it.
OVERLAP = timedelta(days=1)


@dataclass(frozen=True)
class Landed:
    """A batch in ops.batch; `new` is False when these very bytes had been landed before."""

    batch_id: int
    sha256: str
    path: Path
    new: bool


def land_file(
    engine: sa.Engine,
    landing_dir: Path,
    contract: Contract,
    source: Path,
    extracted_at: datetime | None = None,
) -> Landed:
    """Copies a file into the landing area. The same bytes again give the same batch."""
    if not source.is_file():
        raise BadFile(
            f"{source}: no such file for this worker. Expected the absolute path of a readable file."
        )

    def chunks() -> Iterable[bytes]:
        with source.open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                yield chunk

    try:
        path, sha256 = _store(landing_dir / contract.dataset, chunks(), source.suffix.lower())
    except PermissionError as error:
        raise BadFile(f"{error.filename}: not readable or not writable for this worker.") from error
    return _register(
        engine,
        contract,
        path,
        sha256,
        original_name=source.name,
        origin="file",
        extracted_at=extracted_at,
    )


def land_api(
    engine: sa.Engine,
    landing_dir: Path,
    contract: Contract,
    client: TthcClient | QlvbClient,
    until: datetime,
) -> Landed:
    """Pulls a list from its system into one file and lands it: JSON Lines, or CSV.

    It begins with what the source states of it, the window and the total; then come the records as
    received. Incremental lists are pulled from the watermark less OVERLAP, whole lists as they are.
    """
    since = watermark(engine, contract.dataset) if contract.api.incremental else None
    # A run of an earlier day may be repeated when later days are loaded already.
    since = min(since, until) - OVERLAP if since is not None else None
    pull, suffix = {"pages": (_pages, ".jsonl"), "csv": (_csv, ".csv")}[contract.api.form]
    path, sha256 = _store(landing_dir / contract.dataset, pull(contract, client, since, until), suffix)
    return _register(
        engine,
        contract,
        path,
        sha256,
        original_name=f"{contract.api.path.lstrip('/')} → {until:%Y-%m-%d %H:%M:%S}",
        origin="api",
        window_from=since,
        window_to=until,
        extracted_at=until,
    )


def land_reference(
    engine: sa.Engine,
    landing_dir: Path,
    contract: Contract,
    name: str,
    rows: dict[int, dict],
    extracted_at: datetime,
) -> Landed:
    """Lands the rows of a reference file, given by their lines in it, as JSON Lines with the same numbers.

    The same rows give the same batch. Line 1, where the file has its header, states the total.
    """

    def lines() -> Iterable[bytes]:
        yield orjson.dumps({"tep": name, "tong_so": len(rows)}, option=orjson.OPT_APPEND_NEWLINE)
        for number in range(2, max(rows, default=1) + 1):
            yield orjson.dumps(rows[number], option=orjson.OPT_APPEND_NEWLINE) if number in rows else b"\n"

    path, sha256 = _store(landing_dir / contract.dataset, lines(), ".jsonl")
    return _register(
        engine,
        contract,
        path,
        sha256,
        original_name=name,
        origin="reference",
        extracted_at=extracted_at,
    )


def _pages(
    contract: Contract, client: TthcClient, since: datetime | None, until: datetime
) -> Iterator[bytes]:
    pages = client.pages(contract.api.path, since, until)
    first = next(pages)
    envelope = {"service": first.get("service"), "tong_so": first["tong_so"]}
    if contract.api.incremental:
        # A whole list that has not changed gives the same bytes, hence no new batch.
        envelope["tu"] = since.strftime(TIME) if since else None
        envelope["thoi_diem"] = until.strftime(TIME)
    yield orjson.dumps(envelope, option=orjson.OPT_APPEND_NEWLINE)
    for page in itertools.chain([first], pages):
        # A page at a time: handing each record to the thread that hashes costs more than the record.
        yield b"".join(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE) for record in page["data"])


def _csv(contract: Contract, client: QlvbClient, since: datetime | None, until: datetime) -> Iterator[bytes]:
    download = client.download(contract.api.path, since, until)
    stated = io.StringIO(newline="")
    # The readers find the header below these rows, and the total in them.
    csv.writer(stated, lineterminator="\n").writerows(
        [
            ["Từ", since.strftime(TIME) if since else "", "đến", until.strftime(TIME)],
            ["Tổng số", download.total],
        ]
    )
    yield stated.getvalue().encode()
    yield from download.chunks


def watermark(engine: sa.Engine, dataset: str) -> datetime | None:
    """The end of the last window of `dataset` that was loaded; None before the first."""
    query = "SELECT max(window_to) FROM ops.batch WHERE dataset = :d AND status = 'loaded'"
    with engine.connect() as connection:
        return connection.scalar(sa.text(query), {"d": dataset})


def _store(folder: Path, chunks: Iterable[bytes], suffix: str) -> tuple[Path, str]:
    folder.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    handle, name = tempfile.mkstemp(prefix=".landing-", dir=folder)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file, ThreadPoolExecutor(max_workers=1) as background:
            for chunk in chunks:
                hashing = background.submit(digest.update, chunk)
                file.write(chunk)
                hashing.result()
            file.flush()
            os.fsync(file.fileno())
        sha256 = digest.hexdigest()
        target = folder / sha256[:2] / f"{sha256}{suffix}"
        target.parent.mkdir(exist_ok=True)
        if target.exists():
            temporary.unlink()
        else:
            temporary.chmod(0o444)
            temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return target, sha256


def _register(engine: sa.Engine, contract: Contract, path: Path, sha256: str, **values: object) -> Landed:
    row = {
        "dataset": contract.dataset,
        "sha256": sha256,
        "size_bytes": path.stat().st_size,
        "landed_path": str(path),
        **values,
    }
    names = ", ".join(row)
    insert = (
        f"INSERT INTO ops.batch ({names}) VALUES ({', '.join(f':{name}' for name in row)}) "
        "ON CONFLICT (dataset, sha256) DO NOTHING RETURNING batch_id"
    )
    with engine.begin() as connection:
        batch_id = connection.scalar(sa.text(insert), row)
        new = batch_id is not None
        if not new:
            # The landing area may have moved since these bytes came the first time.
            batch_id = connection.scalar(
                sa.text(
                    "UPDATE ops.batch SET landed_path = :landed_path, extracted_at = "
                    "CASE WHEN status = 'loaded' THEN extracted_at "
                    "ELSE coalesce(:extracted_at, extracted_at) END "
                    "WHERE dataset = :dataset AND sha256 = :sha256 RETURNING batch_id"
                ),
                row,
            )
    return Landed(batch_id, sha256, path, new)
