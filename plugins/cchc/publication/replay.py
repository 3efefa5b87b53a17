"""Does again what made a ledger: loads files, brings registers in line, closes and restates, step by step.

By the files of this checkout, or of a copy of it in which other ones stand: then in a process of its own.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from cchc.batches import Origin, register_landed
from cchc.errors import CchcError
from cchc.judging.validation import validate
from cchc.loading.load import load
from cchc.loading.organisation import load_organisation
from cchc.own_process import environment
from cchc.publication.closing import close, publish_provisionally, restate
from cchc.registers.working_calendar import sync_calendar
from cchc.repository import EXPECTATIONS, ROOT, SQL
from cchc.warehouse import engine_of, full_address

# What a copy of the checkout needs, and what of it a publication's files take the place of as a whole.
COPIED = (ROOT / "plugins", SQL, EXPECTATIONS)
OF_FIGURES = ("sql/indicators", "sql/mart", "sql/reference")
# Kinds of entries that publish figures by closing or restating.
ACTS = ("chot", "dinh_chinh", "tam_cong_bo")
# Of a month that was complete no reason was asked; here nobody has confirmed or compared it.
REBUILT = "Dựng lại từ bằng chứng"


@dataclass(frozen=True)
class Step:
    """One thing to do. `kind`: lich, don_vi (from files in `folder`), lo (a landed file), or one of ACTS.

    `what`: of a batch its row of tep_goc.jsonl with `path`, of an entry its fields.
    """

    kind: str
    folder: str | None = None
    what: dict[str, Any] = field(default_factory=dict)


def run(engine: sa.Engine, steps: Iterable[Step], area: Path) -> Iterator[dict[str, Any]]:
    """Does the steps in order; of each what came of it, or `error`. `area`: a landing area for registers."""
    for step in steps:
        try:
            yield _done(engine, step, area)
        except CchcError as error:
            yield {"error": str(error)}


def _done(engine: sa.Engine, step: Step, area: Path) -> dict[str, Any]:
    what = step.what
    if step.kind == "lich":
        sync_calendar(engine, *([Path(step.folder)] if step.folder else []))
        return {}
    if step.kind == "don_vi":
        load_organisation(engine, area, *([Path(step.folder)] if step.folder else []))
        return {}
    if step.kind == "lo":
        return _loaded(engine, what)
    reason = what["ly_do"] or REBUILT
    if step.kind == "tam_cong_bo":
        return {"so": publish_provisionally(engine, what["ky"], what["nguoi"], reason).entry.number}
    people = {"by": what["nguoi"], "approved_by": what["nguoi_duyet"]}
    act = close if step.kind == "chot" else restate
    return {"so": act(engine, what["ky"], reason=reason, **people).entry.number}


def _loaded(engine: sa.Engine, what: dict[str, Any]) -> dict[str, Any]:
    def moment(name: str) -> datetime | None:
        return datetime.fromisoformat(what[name]) if what[name] else None

    # What the file says of its time itself is read from it again.
    given = moment("extracted_at") if what["time_source"] in ("given", "pulled") else None
    origin = Origin(what["origin"], what["original_name"], given, moment("window_from"), moment("window_to"))
    with engine.begin() as connection:
        batch_id, _ = register_landed(
            connection, what["dataset"], Path(what["path"]), what["sha256"], what["size_bytes"], origin
        )
    validate(engine, batch_id)
    batch, _ = load(engine, batch_id)
    return {"lines_read": batch.lines_read, "lines_rejected": batch.lines_rejected}


def run_by(
    engine: sa.Engine, steps: list[Step], area: Path, tree: Path, files: dict[str, bytes], *, whole: bool
) -> list[dict[str, Any]]:
    """As run, in a process of its own, by a copy of the checkout (made at `tree`) in which `files` stand.

    `whole`: they are all files that figures are made of, so that others of the checkout go.
    """
    for folder in COPIED:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(folder, tree / folder.relative_to(ROOT), dirs_exist_ok=True, ignore=ignored)
    if whole:
        for name in OF_FIGURES:
            shutil.rmtree(tree / name)
    for path, content in files.items():
        place = tree / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    job = {"dsn": full_address(engine.url), "area": str(area), "steps": [asdict(step) for step in steps]}
    settings = {name: value for name, value in os.environ.items() if name.startswith("CCHC_")}
    done = subprocess.run(
        [sys.executable, "-m", "cchc.publication.replay"],
        input=json.dumps(job),
        capture_output=True,
        text=True,
        cwd=tree,
        env=environment(**settings, PYTHONPATH=str(tree / "plugins")),
        check=False,
    )
    if done.returncode:
        told = done.stderr.strip().splitlines()[-1:] or ["no word"]
        raise CchcError(
            f"The process that rebuilds by the recorded files ended with {done.returncode}: {told[0]}. "
            "Rebuild with the code of that time: evidence says its commit (van_tay.json, ma)."
        )
    return [json.loads(line) for line in done.stdout.splitlines()]


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    for outcome in run(engine_of(asked["dsn"]), (Step(**s) for s in asked["steps"]), Path(asked["area"])):
        print(json.dumps(outcome), flush=True)
