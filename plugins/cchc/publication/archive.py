"""The archive of evidence as a file: the same bytes for the same content, not believed when it is read."""

import hashlib
import json
import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from cchc.errors import CchcError
from cchc.shown import in_table

# What all others are checked by: SHA-256 and size of each.
INDEX = "van_tay.json"
TABLES = (
    *("bieu_06a.csv", "con_so.csv", "dem.csv", "dinh_nghia.csv", "don_vi.csv", "lo.csv", "phep_do.csv"),
    "tep.csv",
)
OTHERS = (
    *("README.md", "doi_chieu.jsonl", "kiem_tra.csv", "lenh.txt", "loai_bo.csv", "so_cai.jsonl"),
    *("su_kien.jsonl", "tep_goc.jsonl", INDEX),
)
# Files of the project that may stand in it, below the first letters of their hash.
FILE = re.compile(
    r"(?:sql/(?:indicators|mart|reference)|expectations|plugins/cchc/contracts)(?:/[A-Za-z0-9_][\w.-]*)+",
    re.ASCII,
)
MEMBER = re.compile(rf"tep/([0-9a-f]{{12}})/({FILE.pattern})", re.ASCII)
FIXED_TIME = (1980, 1, 1, 0, 0, 0)
PIECE = 1 << 20
# What an archive may unpack to: all of it, a member that is read whole, how many times its packed size.
MOST_UNPACKED, MOST_WHOLE, MOST_TIMES, MOST_MEMBERS = 16 << 30, 256 << 20, 400, 5_000


class _Hashed:
    """A member that is being written, and its hash."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self.digest, self.size = file, hashlib.sha256(), 0

    def write(self, content: bytes) -> int:
        self.digest.update(content)
        self.size += len(content)
        return self._file.write(content)


class Writer:
    """Writes members in the order of their names; the index comes last."""

    def __init__(self, file: IO[bytes]) -> None:
        self._zip = zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED)
        self._members: dict[str, dict[str, Any]] = {}

    @contextmanager
    def member(self, name: str) -> Iterator[_Hashed]:
        """A member to write to."""
        assert not self._members or name > max(self._members), f"{name} is out of order"
        info = zipfile.ZipInfo(name, FIXED_TIME)
        info.compress_type, info.create_system, info.external_attr = zipfile.ZIP_DEFLATED, 3, 0o600 << 16
        with self._zip.open(info, "w", force_zip64=True) as file:
            hashed = _Hashed(file)
            yield hashed
        self._members[name] = {"sha256": hashed.digest.hexdigest(), "bytes": hashed.size}

    def put(self, name: str, content: bytes) -> None:
        """A member whose content is known."""
        with self.member(name) as file:
            file.write(content)

    def close(self, about: dict[str, Any]) -> None:
        """Writes the index with what the archive is about, and ends the archive."""
        self.put(INDEX, as_json(about | {"thanh_phan": self._members}, indent=1))
        self._zip.close()


def as_json(value: Any, indent: int | None = None) -> bytes:
    """One way to write a value."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, indent=indent).encode() + b"\n"


@dataclass
class Archive:
    """An archive whose members are what its index says. `about`: what the index says of the archive."""

    path: Path
    about: dict[str, Any]
    _zip: zipfile.ZipFile

    def pieces(self, name: str) -> Iterator[bytes]:
        """The content of a member."""
        with self._zip.open(name) as file:
            while piece := file.read(PIECE):
                yield piece

    def whole(self, name: str) -> bytes:
        """The content of a member that is no table."""
        return b"".join(self.pieces(name))

    def lines(self, name: str) -> list[dict[str, Any]]:
        """The records of a member of JSON lines."""
        return [json.loads(line) for line in self.whole(name).splitlines()]

    @contextmanager
    def stream(self, name: str) -> Iterator[IO[bytes]]:
        """A table, to be read by COPY."""
        with self._zip.open(name) as file:
            yield file

    def files(self) -> dict[str, bytes]:
        """The contents of the files of the project, by their SHA-256."""
        names = [name for name in self._zip.namelist() if MEMBER.fullmatch(name)]
        contents = [self.whole(name) for name in names]
        return {hashlib.sha256(content).hexdigest(): content for content in contents}


@contextmanager
def opened(path: Path) -> Iterator[Archive]:
    """Opens an archive and checks it: names, sizes, the hash of each member against the index.

    Raises CchcError that names what is wrong. Nothing is unpacked to where the archive says.
    """
    try:
        archive = zipfile.ZipFile(path)
    except FileNotFoundError:
        raise CchcError(f"EVIDENCE={in_table(path)}: there is no such file. Expected an archive.") from None
    except (OSError, zipfile.BadZipFile, ValueError) as error:
        raise _refused(path, f"it is no archive ({type(error).__name__})") from None
    with archive:
        try:
            yield Archive(path, _checked(path, archive), archive)
        except (zipfile.BadZipFile, EOFError, NotImplementedError) as error:
            raise _refused(path, f"it is damaged ({in_table(error)})") from None


def _checked(path: Path, archive: zipfile.ZipFile) -> dict[str, Any]:
    members = archive.infolist()
    names = [member.filename for member in members]
    names_seen = Counter(names)
    if len(members) > MOST_MEMBERS:
        raise _refused(path, f"it has {len(members)} members, at most {MOST_MEMBERS} are expected")
    for member in members:
        name = member.filename
        if not (name in TABLES or name in OTHERS or MEMBER.fullmatch(name)):
            raise _refused(path, f"a member {in_table(name)!r} does not belong into it")
        if names_seen[name] > 1:
            raise _refused(path, f"{name} stands in it twice")
        if member.flag_bits & 1 or member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise _refused(path, f"{name} is packed in a way that is not read")
        whole = name not in TABLES and member.file_size > MOST_WHOLE
        if whole or member.file_size > PIECE + MOST_TIMES * member.compress_size:
            raise _refused(path, f"{name} unpacks to {member.file_size} bytes, far more than evidence does")
    if sum(member.file_size for member in members) > MOST_UNPACKED:
        raise _refused(path, f"it unpacks to more than {MOST_UNPACKED >> 30} GiB")
    if missing := sorted({*TABLES, *OTHERS} - set(names)):
        raise _refused(path, f"it lacks {', '.join(missing)}")
    try:
        about: dict[str, Any] = json.loads(archive.read(INDEX))
        said = {name: (each["sha256"], each["bytes"]) for name, each in about["thanh_phan"].items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise _refused(path, f"{INDEX} is not readable") from None
    if differing := sorted(set(said) ^ (set(names) - {INDEX})):
        raise _refused(path, f"{INDEX} and the members differ in {', '.join(map(in_table, differing[:3]))}")
    for name in sorted(said):
        if _read(archive, name) != said[name]:
            raise _refused(path, f"{name} was changed: its SHA-256 is not what {INDEX} says")
    return about


def _read(archive: zipfile.ZipFile, name: str) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    with archive.open(name) as file:
        # zipfile gives no more bytes than the member is said to have.
        while piece := file.read(PIECE):
            digest.update(piece)
            size += len(piece)
    return digest.hexdigest(), size


def _refused(path: Path, why: str) -> CchcError:
    return CchcError(
        f"EVIDENCE={in_table(path)}: {why}. Nothing was rebuilt. Expected an archive as `make evidence` "
        "wrote it: get it anew from whoever has it."
    )
