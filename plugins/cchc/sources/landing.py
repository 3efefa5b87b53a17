"""Lands exports: an immutable file named by its sha-256, and its row in ops.batch."""

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import sqlalchemy as sa

from cchc.batches import Origin, register_landed, watermark
from cchc.contracts import Contract
from cchc.errors import BadDefinition, BadFile
from cchc.sources.client import SourceClient

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
    *,
    accept: Callable[[Contract, Path], None] | None = None,
) -> Landed:
    """Copies a file into the landing area. The same bytes again give the same batch.

    What `accept` raises BadFile for is not kept: require_export of the readers, for a file that is none.
    Without it any file is, and judging its batch says what is wrong with it.
    """
    if not source.is_file():
        raise BadFile(
            f"{source}: no such file for this worker. Expected the absolute path of a readable file."
        )

    def chunks() -> Iterable[bytes]:
        with source.open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                yield chunk

    try:
        if accept:
            accept(contract, source)
        path, sha256 = _store(landing_dir / contract.dataset, chunks(), source.suffix.lower())
    except PermissionError as error:
        raise BadFile(f"{error.filename}: not readable or not writable for this worker.") from error
    return _register(engine, contract, path, sha256, Origin("file", source.name, extracted_at))


def land_api(
    engine: sa.Engine,
    landing_dir: Path,
    contract: Contract,
    client: SourceClient,
    until: datetime,
) -> Landed:
    """Pulls a list from its system into one file and lands it.

    Incremental lists are pulled from the watermark less OVERLAP, whole lists as they are.
    """
    api = contract.api
    if api is None:
        raise BadDefinition(f"Dataset {contract.dataset} has no api: it is not pulled from a source system.")
    since = watermark(engine, contract.dataset) if api.incremental else None
    # A run of an earlier day may be repeated when later days are loaded already.
    since = min(since, until) - OVERLAP if since is not None else None
    chunks = client.export(api.path, since, until, whole=not api.incremental)
    path, sha256 = _store(landing_dir / contract.dataset, chunks, client.suffix)
    name = f"{api.path.lstrip('/')} → {until:%Y-%m-%d %H:%M:%S}"
    origin = Origin("api", name, extracted_at=until, window_from=since, window_to=until)
    return _register(engine, contract, path, sha256, origin)


def land_reference(
    engine: sa.Engine,
    landing_dir: Path,
    contract: Contract,
    name: str,
    rows: dict[int, dict[str, Any]],
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
    return _register(engine, contract, path, sha256, Origin("reference", name, extracted_at))


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


def _register(engine: sa.Engine, contract: Contract, path: Path, sha256: str, origin: Origin) -> Landed:
    with engine.begin() as connection:
        batch_id, new = register_landed(connection, contract.dataset, path, sha256, origin)
    return Landed(batch_id, sha256, path, new)
