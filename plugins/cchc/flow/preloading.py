"""What workers of an executor begin with: imported once, in the process of which they and tasks are copies.

Only code: what the project's files say (contracts, definitions, suites) each task reads for itself.
"""

import logging
import os
import sys
from functools import partial
from importlib import import_module
from pathlib import Path

from cchc.judging import judge

log = logging.getLogger(__name__)

PACKAGE = Path(__file__).resolve().parents[1]
# What DAG files and their tasks import.
MODULES = (
    *("cchc.flow.alarm", "cchc.flow.asking", "cchc.flow.counting", "cchc.flow.digest"),
    *("cchc.flow.publishing", "cchc.flow.tasks"),
    *("cchc.sources.incoming", "cchc.sources.landing", "cchc.sources.reconciliation"),
    *("cchc.declarations.drop_folder", "cchc.judging.validation", "cchc.loading.load"),
    *("cchc.loading.organisation", "cchc.registers.working_calendar", "cchc.figures.refresh"),
    *("cchc.publication.closing", "cchc.publication.confirming", "cchc.publication.exceptions"),
    *("cchc.publication.question_texts", "cchc.publication.questions", "cchc.publication.waiting"),
    *("cchc.reports.digest", "cchc.tidying.retention", "cchc.tidying.sweep"),
)


def preload() -> None:
    """Imports Great Expectations and what tasks need, for what starts the workers and does not work itself.

    What cannot be imported is imported by the tasks, which say why they cannot.
    """
    judge.preload()
    imported = code()
    try:
        for name in MODULES:
            import_module(name)
    except Exception:
        log.exception("The code of tasks could not be imported before there are workers")
    os.register_at_fork(after_in_child=partial(_forget_what_was_edited, imported))


def code() -> dict[str, tuple[int, int]]:
    """The files of the package's code: each with when it was last written to (ns) and its size (bytes)."""
    found = {}
    for folder, _, names in os.walk(PACKAGE):
        for name in names:
            if name.endswith(".py"):
                path = Path(folder, name)
                about = path.stat()
                found[str(path)] = (about.st_mtime_ns, about.st_size)
    return found


def _forget_what_was_edited(imported: dict[str, tuple[int, int]]) -> None:
    """In a new copy: has it import the package as it is now, when that is not as it was imported."""
    if code() != imported:
        for name in [*sys.modules]:
            if name.partition(".")[0] == "cchc":
                del sys.modules[name]
