"""Rebuilds what evidence is about in an empty warehouse, from the landed files, and compares the hashes."""

import hashlib
import os
import tempfile
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from cchc.errors import CchcError
from cchc.figures.definitions import files_of_figures, fingerprint, indicators
from cchc.kept_files import code_state, files_of_a_load
from cchc.publication.archive import opened
from cchc.publication.comparing import Line, Missing, compare
from cchc.publication.given import Given, checked
from cchc.publication.replay import ACTS, Step, run, run_by
from cchc.shown import in_table
from cchc.sources.landed_file import landed_fault

# Of an empty warehouse none has a row.
EMPTY = ("ops.batch", "ops.so_cai", "ops.lan_nap", "ops.period", "core.phep_do")
Say = Callable[[str], None]


@dataclass
class Rebuilt:
    """What came of it. `notes`: what is not as it was then; `missing`: files that are gone."""

    notes: list[str] = field(default_factory=list)
    missing: list[Missing] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)

    @property
    def equal(self) -> bool:
        return bool(self.lines) and all(line.state == "equal" for line in self.lines)


def rebuild(
    engine: sa.Engine, evidence: Path, landing: Path | None, expected: str | None = None, say: Say = print
) -> Rebuilt:
    """Replays what an archive records into an empty warehouse; compares each entry, period and part.

    `landing`: where landed files are looked for. `expected`: the newest hash of the ledger, kept elsewhere.
    Raises CchcError for an archive that is not as it was written, and for a warehouse that holds anything.
    """
    with opened(evidence) as archive:
        _must_be_empty(engine)
        with engine.connect() as connection, connection.begin():
            given = checked(connection, archive, expected)
        result = Rebuilt(notes=_other_code(given))
        with engine.begin() as connection:
            # Hashes of rows have the numbers of measures in them.
            given.measures(connection)
        with tempfile.TemporaryDirectory(prefix="cchc-rebuild-") as work:
            written = _replay(engine, given, landing, Path(work), result, say)
        with engine.connect() as connection, connection.begin():
            result.lines = compare(connection, given, written, result.missing)
    return result


def _must_be_empty(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        held = [t for t in EMPTY if connection.scalar(sa.text(f"SELECT EXISTS (SELECT FROM {t})"))]
    if held:
        raise CchcError(
            f"The warehouse is not empty ({', '.join(held)}). Nothing was rebuilt: what is there would be "
            "mixed with it. Expected a database of its own, just made by alembic upgrade head; "
            "`make rebuild` without DATABASE_URL makes one."
        )


def _other_code(given: Given) -> list[str]:
    """How this code differs from that of the entries, in words."""
    now, notes = code_state(), []
    by_code: dict[str, list[str]] = defaultdict(list)
    for entry in given.entries:
        then = entry.content.get("ma")
        if then is None:
            by_code["code that was not recorded"].append(str(entry.number))
        elif then["van_tay"] != now["van_tay"]:
            by_code[f"other code (commit {then['commit'] or 'unknown'})"].append(str(entry.number))
        if entry.kind in ACTS and not given.files_of(entry.number):
            notes.append(f"entry {entry.number}: {_other_definitions(given, entry.number)}")
    here = f"this code (commit {now['commit'] or 'unknown'}) rebuilds them"
    return [f"entries {', '.join(n)} were made by {code}; {here}" for code, n in by_code.items()] + notes


def _other_definitions(given: Given, number: int) -> str:
    """What is known of the definitions of an entry whose files were not recorded."""
    entry = next(e for e in given.entries if e.number == number)
    if entry.content.get("van_tay_dinh_nghia") == fingerprint():
        return "its files were not recorded; those of this checkout have the same fingerprint"
    here = {i.ma: i.model_dump(mode="json") for i in indicators().values()}
    then = {ma: {k: v for k, v in n.items() if k != "phep_do"} for ma, n in given.definitions(number).items()}
    other = sorted(ma for ma in here.keys() | then.keys() if here.get(ma) != then.get(ma))
    told = ", ".join(other) or "none (but other files of sql/indicators, sql/mart or sql/reference)"
    return f"its files were not recorded, so this checkout's are used; definitions that differ: {told}"


# The steps ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _By:
    """The files of the project that a step needs and this checkout does not have so; `whole`: as run_by."""

    files: tuple[tuple[str, str], ...] = ()
    whole: bool = False


def _replay(
    engine: sa.Engine, given: Given, landing: Path | None, work: Path, result: Rebuilt, say: Say
) -> dict[int, int | str]:
    """Does all steps; returns for each entry its number in this warehouse, or why it has none."""
    landed = _LandedFiles(landing)
    written: dict[int, int | str] = {}
    planned = list(_steps(given, landed, work, result))
    place = 0
    while place < len(planned):
        by = planned[place][1]
        end = next((n for n in range(place, len(planned)) if planned[n][1] != by), len(planned))
        steps = [step for step, _, _ in planned[place:end]]
        if by.files or by.whole:
            say(f"{len(steps)} steps by recorded files that are not those of this checkout …")
            contents = {path: given.contents[sha256] for path, sha256 in by.files}
            tree = work / f"checkout_{place}"
            outcomes = iter(run_by(engine, steps, work / "landing", tree, contents, whole=by.whole))
        else:
            outcomes = run(engine, steps, work / "landing")
        for (step, _, name), outcome in zip(planned[place:end], outcomes, strict=True):
            _note(step, name, outcome, written, result, say)
        place = end
    return written


def _note(
    step: Step, name: str, outcome: dict[str, Any], written: dict[int, int | str], result: Rebuilt, say: Say
) -> None:
    error = outcome.get("error")
    say(f"{name}{f': {error}' if error else ''}")
    if step.kind in ACTS:
        written[step.what["so"]] = error or outcome["so"]
    elif error and step.kind == "lo":
        result.missing.append(_missing(step.what, f"it was not loaded: {error}"))
    elif error:
        result.notes.append(f"{name}: {error}")
    elif step.kind == "lo" and step.what["lines_rejected"] is not None:
        for count in ("lines_read", "lines_rejected"):
            if outcome[count] != step.what[count]:
                result.notes.append(f"{name}: {count} is {outcome[count]}, it was {step.what[count]} then")


def _missing(batch: dict[str, Any], why: str) -> Missing:
    return Missing(batch["batch_id"], batch["dataset"], batch["sha256"], why, tuple(batch["cac_thang"]))


def _steps(given: Given, landed: "_LandedFiles", work: Path, result: Rebuilt) -> list[tuple[Step, _By, str]]:
    """Each step with the files it needs, and its name in words, in the recorded order."""
    steps: list[tuple[Step, _By, str]] = []
    loads, place = given.loads, 0
    kinds = {load["loai"] for load in loads}
    origins = {given.landed[load["batch_id"]]["origin"] for load in loads if load["batch_id"]}
    for kind, register in (("lich", "working calendar"), ("don_vi", "register of units")):
        if kind not in kinds and (kind == "lich" or "reference" in origins):
            result.notes.append(f"the {register} was not recorded: that of this checkout is used")
            steps.append((Step(kind), _By(), f"{kind} of this checkout"))
    gone: set[int] = set()
    for entry in given.entries:
        until = given.known_by(entry)
        while place < len(loads) and loads[place]["stt"] <= until:
            load = loads[place]
            place += 1
            if load["loai"] != "lo":
                folder = _folder(work / f"dang_ky_{load['stt']}", given, load["tep"])
                steps.append((Step(load["loai"], str(folder)), _By(), f"{load['loai']} (load {load['stt']})"))
                continue
            batch = given.landed[load["batch_id"]]
            # The files of the register, which load its batch with it.
            if batch["origin"] == "reference" or batch["batch_id"] in gone:
                continue
            path, why = landed.find(batch)
            if path is None:
                gone.add(batch["batch_id"])
                result.missing.append(_missing(batch, why))
                continue
            what = batch | {"path": str(path), "lines_rejected": load["lines_rejected"]}
            name = f"batch {batch['batch_id']} ({batch['dataset']}, {in_table(batch['original_name'])})"
            steps.append((Step("lo", what=what), _needed(given, load), name))
        if entry.kind in ACTS:
            by = _By(tuple(sorted(given.files_of(entry.number).items())), whole=True)
            here = {path: hashlib.sha256(content).hexdigest() for path, content in files_of_figures().items()}
            same = not by.files or dict(by.files) == here
            fields = {"so": entry.number, "ky": entry.ky, "nguoi": entry.by}
            fields |= {"nguoi_duyet": entry.approved_by, "ly_do": entry.reason}
            name = f"entry {entry.number} ({entry.kind} {entry.ky})"
            steps.append((Step(entry.kind, what=fields), _By() if same else by, name))
    return steps


def _needed(given: Given, load: dict[str, Any]) -> _By:
    dataset = given.landed[load["batch_id"]]["dataset"]
    here = {path: hashlib.sha256(each).hexdigest() for path, each in files_of_a_load(dataset).items()}
    other = {path: sha256 for path, sha256 in load["tep"].items() if here.get(path) != sha256}
    return _By(tuple(sorted(other.items())))


def _folder(folder: Path, given: Given, tep: dict[str, str]) -> Path:
    folder.mkdir()
    for path, sha256 in tep.items():
        (folder / Path(path).name).write_bytes(given.contents[sha256])
    return folder


# Landed files ---------------------------------------------------------------------------------


class _LandedFiles:
    """Regular files below a folder, found by their SHA-256, whatever their names say."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        if folder is not None and not folder.is_dir():
            raise CchcError(
                f"LANDING={in_table(folder)}: there is no such folder. Expected the one below which the "
                "landed files are (CCHC_LANDING_DIR of the warehouse that wrote the evidence, or a backup)."
            )
        self._by_name: dict[str, list[Path]] = defaultdict(list)
        self._by_size: dict[int, list[Path]] = defaultdict(list)
        self._hashes: dict[Path, str] = {}
        for place, _, names in os.walk(folder) if folder else ():
            for name in names:
                path = Path(place, name)
                if path.is_file() and not path.is_symlink():
                    self._by_name[name.partition(".")[0]].append(path)
                    self._by_size[path.stat().st_size].append(path)

    def find(self, batch: dict[str, Any]) -> tuple[Path | None, str]:
        """Where the bytes of a batch are, or why they are not there."""
        if batch["origin"] == "form" and not os.environ.get("CCHC_FORM_KEY"):
            return None, "CCHC_FORM_KEY is not set, by which forms are known: set that of the warehouse"
        size, sha256 = batch["size_bytes"], batch["sha256"]
        faults = []
        for path in self._by_name[sha256]:
            if (fault := landed_fault(path, size, sha256)) is None:
                return path.resolve(), ""
            faults.append(f"{in_table(path)} {fault}")
        for path in self._by_size[size]:
            if self._hash(path) == sha256:
                return path.resolve(), ""
        if faults:
            return None, f"another file stands under its name: {faults[0]}"
        if batch["con_tep"] == "da_xoa":
            return None, f"it was deleted on {batch['xoa_ngay']}, when the time for which it is kept was over"
        return None, "no file with this SHA-256 was found" + ("" if self.folder else ": give LANDING=folder")

    def _hash(self, path: Path) -> str:
        if path not in self._hashes:
            with path.open("rb") as file:
                self._hashes[path] = hashlib.file_digest(file, "sha256").hexdigest()
        return self._hashes[path]
