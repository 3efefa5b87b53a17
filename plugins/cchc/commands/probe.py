"""Looks from outside the DAGs whether everything runs and is in time: a line for each thing that is not.

Nothing here needs a DAG, a task or the scheduler: it is what notices that they stand still.
"""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import PurePath
from typing import Any

import sqlalchemy as sa

from cchc.commands.airflow_api import AirflowApi
from cchc.commands.celery_workers import answering
from cchc.database_objects import FILES, objects_in_files, stale_objects
from cchc.errors import CchcError
from cchc.reports.lateness import late
from cchc.repository import SQL
from cchc.shown import in_table
from cchc.vietnamese import VIETNAM, moment
from cchc.warehouse import run_sql_file

LATE, BROKEN = 1, 2
# Kind of finding → how bad it is, and the page of the runbook.
KINDS = {
    "kho": (BROKEN, "the-warehouse-does-not-answer-the-probe"),
    "chuyen_doi": (BROKEN, "the-warehouse-is-not-migrated"),
    "airflow": (BROKEN, "airflow-does-not-answer"),
    "thanh_phan": (BROKEN, "a-part-of-airflow-stands-still"),
    "tep_dag": (BROKEN, "a-dag-file-cannot-be-read"),
    "tam_dung": (BROKEN, "a-dag-is-paused"),
    "thang": (LATE, "a-month-waits-too-long"),
    "du_lieu": (LATE, "an-export-is-late"),
    "doi_chieu": (LATE, "a-month-was-not-compared-with-its-source"),
    "khai_bao": (LATE, "declarations-are-late"),
    "xac_nhan": (LATE, "confirmations-are-late"),
    "chot": (LATE, "a-month-is-not-closed"),
}
MARKS = {LATE: "late  ", BROKEN: "BROKEN"}
# What an installation may do without: nothing here waits for a triggerer.
MAY_BE_ABSENT = ("triggerer",)
# The daily catch-up has had its turn by then.
MONTH_WAITS = timedelta(hours=26)
STATEMENT_S = 60
ATTEMPTS, PAUSE_S = 3, 2.0


@dataclass(frozen=True)
class Found:
    """One thing that is not as it should be: its code, by which it can be silenced, and what it is."""

    ma: str
    words: str
    quiet: str = ""

    @property
    def bad(self) -> int:
        """0 where somebody has said why it need not be told."""
        return 0 if self.quiet else KINDS[self.kind][0]

    @property
    def kind(self) -> str:
        return self.ma.partition(":")[0]

    def __str__(self) -> str:
        mark = "quiet " if self.quiet else MARKS[self.bad]
        page = f"docs/runbook.md#{KINDS[self.kind][1]}"
        return in_table(f"{mark} {self.ma}: {self.words}{self.quiet} ({page})")


def findings(
    api: Callable[[], AirflowApi],
    warehouse: Callable[[], sa.Engine],
    *,
    parts_only: bool = False,
    queue: str | None = None,
) -> Iterator[Found]:
    """Each finding, silenced ones marked as such. `parts_only`: what runs, not what is late.

    `api`, `warehouse`: make what is asked; the CchcError that they raise is a finding too. `queue`: the
    address of the queue where Celery's workers run the tasks.
    """
    # A silence is in the warehouse; where that does not answer, nothing is silent.
    found, silences = _of_warehouse(warehouse, parts_only)
    for one in (*_of_airflow(api), *_of_queue(queue), *found):
        yield _silenced(one, silences.get(one.ma))


# Airflow --------------------------------------------------------------------------------------


def _of_airflow(make: Callable[[], AirflowApi]) -> Iterator[Found]:
    try:
        api = make()
        parts = _health(api)
        if not parts:
            yield Found(
                "airflow", f"Airflow at {api.address} does not answer; nothing runs that is not seen."
            )
            return
        for name, status in parts.items():
            if status != "healthy" and not (status is None and name in MAY_BE_ABSENT):
                yield Found(
                    f"thanh_phan:{name}", f"{name} is {status or 'not there'}, as its heartbeat says."
                )
        for file, trace in api.import_errors():
            name = re.sub(r"[^A-Za-z0-9_.-]", "_", PurePath(file).name)
            reason = (trace.strip().splitlines() or ["no reason given"])[-1]
            yield Found(f"tep_dag:{name}", f"the DAG file cannot be read: {reason[:200]}")
        for dag_id in api.paused():
            yield Found(
                f"tam_dung:{dag_id}", "the DAG is paused: none of its runs starts, and no task fails."
            )
    except CchcError as error:
        yield Found("airflow", str(error))


def _of_queue(queue: str | None) -> Iterator[Found]:
    try:
        if not queue or answering(queue, enough=1):
            return
        words = "no worker of Celery answers: tasks wait in the queue."
    except CchcError as error:
        words = str(error)
    yield Found("thanh_phan:celery", words)


def _health(api: AirflowApi) -> dict[str, str | None]:
    """What Airflow says of its parts; empty when it does not answer several times."""
    for attempt in range(ATTEMPTS):
        if parts := api.health():
            return parts
        if attempt < ATTEMPTS - 1:
            time.sleep(PAUSE_S)
    return {}


# The warehouse --------------------------------------------------------------------------------


def _of_warehouse(
    make: Callable[[], sa.Engine], parts_only: bool
) -> tuple[list[Found], dict[str, sa.Row[Any]]]:
    try:
        with make().connect() as connection:
            if behind := _behind(connection):
                # Of what is not there yet nothing can be asked.
                return [Found("chuyen_doi", behind)], {}
            silences = connection.execute(sa.text("SELECT * FROM ops.im_lang_hien_nay"))
            found = [] if parts_only else [*_months(connection), *_late(connection)]
            return found, {row.ma_phat_hien: row for row in silences}
    except CchcError as error:
        return [Found("kho", str(error))], {}
    except sa.exc.DBAPIError as error:
        return [Found("kho", f"the warehouse does not answer: {' '.join(str(error.orig).split())}")], {}


def _behind(connection: sa.Connection) -> str:
    """What of the repository's migrations, views and functions the warehouse lacks; empty when nothing."""
    # A third of a second, which no other command has to wait for.
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    newest = set(ScriptDirectory(str(SQL / "migrations")).get_heads())
    noted = set()
    if connection.scalar(sa.text("SELECT to_regclass('ops.phien_ban_kho')")):
        noted = set(connection.scalars(sa.text("SELECT revision FROM ops.phien_ban_kho")))
    if noted != newest:
        has = ", ".join(sorted(noted)) or "none that is noted"
        return f"the warehouse is at migration {has}, the files are at {', '.join(sorted(newest))}."
    if stale := stale_objects(connection, FILES, objects_in_files()):
        more = f" and {len(stale) - 5} more" if len(stale) > 5 else ""
        return f"views or functions follow other files: {', '.join(stale[:5])}{more}."
    return ""


def _months(connection: sa.Connection) -> Iterator[Found]:
    before = datetime.now(VIETNAM) - MONTH_WAITS
    for row in run_sql_file(connection, "reports/months_waiting.sql", truoc=before):
        yield Found(
            f"thang:{row.ky}", f"data changed on {moment(row.tu_luc)} and its figures did not follow."
        )


def _late(connection: sa.Connection) -> Iterator[Found]:
    for one in late(connection):
        since = f", từ {moment(one.since)}" if one.since else ""
        yield Found(one.ma, f"{one.words}{since}. {one.todo}.")


def _silenced(found: Found, silence: sa.Row[Any] | None) -> Found:
    if silence is None:
        return found
    if silence.con_im:
        return replace(found, quiet=f" Silent until {moment(silence.den_luc)}: {silence.ly_do}")
    # One that came back long after is told as new.
    if silence.den_luc < datetime.now(VIETNAM) - timedelta(days=31):
        return found
    again = f" It was silent until {moment(silence.den_luc)} ({silence.ly_do})."
    return replace(found, words=found.words + again)
