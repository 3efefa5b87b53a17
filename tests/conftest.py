"""One real PostgreSQL for each process of the run; a test that asks gets a warehouse of its own in it."""

import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa

from cchc.figures import definitions as indicators
from cchc.judging.judge import getting_ready
from cchc.reading.child import serve
from cchc.reading.parsing import Request, Running, spawn
from cchc.warehouse import engine_of
from tests.plain_judge import count_violations, run_suite_and_compare
from tests.world import Definitions, World
from tools.local.postgres import EmbeddedPostgres

ROOT = Path(__file__).parents[1]
# Nothing of this server outlives the run, so that it may lose everything with the machine's power: it waits
# for no disk. How it answers is as in production, and tests about crashes of a server have one of their own.
NOTHING_TO_LOSE = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "shared_buffers": "128MB",
    # Each test's database begins and ends with a checkpoint.
    "checkpoint_flush_after": "0",
    "bgwriter_flush_after": "0",
    # A test is over before it would look at what the test wrote.
    "autovacuum": "off",
}
# Tests about rules, and about the values that a rule may stumble over.
JUDGED_AS_IN_PRODUCTION = ("judging", "reading/test_borders.py")
# What takes long begins first, so that no process is left with it at the end when the others are done.
LONG_FIRST = ("recount", "kill", "stack", "long")
_numbers = itertools.count()


# By which declaration forms are known; commands in processes of their own see it too.
os.environ["CCHC_FORM_KEY"] = "khoa-cua-cac-kiem-thu"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--fast",
        action="store_true",
        help="leave out what is long or needs a database, but for figures; judge without Great Expectations",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Orders the files; each runs in one process, as its tests may share something costly."""
    if config.getoption("--fast"):
        left_out = [item for item in items if not _fast(item)]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in set(left_out)]
    files: dict[Path, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.path, []).append(item)

    def place(item: pytest.Item) -> tuple[int, int]:
        tests = files[item.path]
        marks = {mark.name for test in tests for mark in test.iter_markers()}
        ranks = [rank for rank, name in enumerate(LONG_FIRST) if name in marks]
        return min(ranks, default=len(LONG_FIRST)), -len(tests)

    places = {path: place(tests[0]) for path, tests in files.items()}
    items.sort(key=lambda item: places[item.path])


def _fast(item: pytest.Item) -> bool:
    needs_database = "postgres" in getattr(item, "fixturenames", ()) and item.path.parent.name != "figures"
    return not needs_database and not any(item.get_closest_marker(name) for name in LONG_FIRST)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Prints what tests say that they tried, added up."""
    reports = [report for found in terminalreporter.stats.values() for report in found]
    tried: Counter[str] = Counter()
    for report in reports:
        if getattr(report, "when", "") == "call":
            tried.update(dict(report.user_properties))
    if tried:
        terminalreporter.section("tried")
        for what, count in sorted(tried.items()):
            terminalreporter.line(f"{count:>8,} {what}")


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    """A server for each process of the run: its own folder, its own port."""
    with (
        tempfile.TemporaryDirectory(prefix="cchc-test-", dir=_in_memory()) as home,
        EmbeddedPostgres(Path(home), settings=NOTHING_TO_LOSE) as server,
    ):
        admin = sa.create_engine(server.dsn("postgres", driver="psycopg2"), poolclass=sa.pool.NullPool)
        with admin.begin() as connection:
            # Hashed once instead of 4096 times: a test opens a hundred sessions.
            connection.exec_driver_sql("SET scram_iterations = 1")
            connection.exec_driver_sql("ALTER ROLE postgres PASSWORD %s", (server.secrets["postgres"],))
        yield server


@pytest.fixture(scope="session")
def template(postgres: EmbeddedPostgres) -> str:
    """An empty warehouse, migrated once; copies of it are made for the tests."""
    dsn = postgres.dsn("cchc", "postgres", driver="psycopg2")
    subprocess.run(
        [sys.executable, "-m", "alembic", "upgrade", "head"],
        check=True,
        cwd=ROOT,
        env=os.environ | {"CCHC_WAREHOUSE_DSN": dsn},
    )
    return "cchc"


@pytest.fixture
def empty_database(postgres: EmbeddedPostgres) -> Iterator[str]:
    """The DSN of a database with nothing in it."""
    yield from _database(postgres, "template0")


@pytest.fixture
def dsn(postgres: EmbeddedPostgres, template: str) -> Iterator[str]:
    """The DSN of a migrated warehouse without data."""
    yield from _database(postgres, template)


def _judging_here(run: Callable[..., dict[str, dict[str, Any]]]) -> Callable[[], Any]:
    """Stands for the process that judges: `run` in this one."""

    @contextmanager
    def ready() -> Iterator[SimpleNamespace]:
        yield SimpleNamespace(judge=run)

    return ready


@pytest.fixture(autouse=True)
def judge_in_this_process(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Spares each batch a new process: importing Great Expectations takes two seconds.

    What a batch is judged by is tested in JUDGED_AS_IN_PRODUCTION: there the very same function judges, and
    what plain counting finds is compared with it. Elsewhere the plain counts do, which take a tenth of the
    time. Tests marked `own_process` go through the process as well.
    """
    if "own_process" in request.keywords:
        # Not what warehouses that several tests share are filled with.
        monkeypatch.setattr("cchc.judging.validation.getting_ready", getting_ready)
        return
    path = request.path.relative_to(Path(__file__).parent).as_posix()
    plain = request.config.getoption("--fast") or not path.startswith(JUDGED_AS_IN_PRODUCTION)
    run = count_violations if plain else run_suite_and_compare
    monkeypatch.setattr("cchc.judging.validation.getting_ready", _judging_here(run))


def _reading_here(request: Request) -> Running:
    """Stands for the process that reads: a thread of this one."""
    (rows, rows_end), (said, said_end) = os.pipe(), os.pipe()

    def work() -> None:
        with os.fdopen(rows_end, "wb") as out, os.fdopen(said_end, "wb") as words:
            serve(request, out, lambda word: words.write(json.dumps(word).encode() + b"\n") and words.flush())

    thread = threading.Thread(target=work, daemon=True)
    thread.start()

    def wait() -> int:
        thread.join()
        return 0

    return Running(os.fdopen(rows, "rb", buffering=0), os.fdopen(said, "rb"), lambda: None, wait)


@pytest.fixture(autouse=True)
def read_in_this_process(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Spares each file a new process; tests marked `own_process` go through it."""
    monkeypatch.setattr(
        "cchc.reading.parsing.spawn", spawn if "own_process" in request.keywords else _reading_here
    )


def engine_for_tests(dsn: str) -> sa.Engine:
    """As the package makes one, for tests that open many sessions at once."""
    return engine_of(dsn, statement_timeout_s=120, pool_size=50)


@pytest.fixture
def engine(dsn: str) -> Iterator[sa.Engine]:
    engine = engine_for_tests(dsn)
    yield engine
    engine.dispose()


@pytest.fixture
def world(engine: sa.Engine, tmp_path: Path) -> World:
    """A warehouse with a handful of units and procedures, to which a test adds dossiers."""
    return World(engine, tmp_path)


@pytest.fixture(scope="session")
def make_world(
    postgres: EmbeddedPostgres,
    template: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[[], World]]:
    """Makes warehouses that several tests share."""
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        patch.setattr("cchc.judging.validation.getting_ready", _judging_here(count_violations))
        patch.setattr("cchc.reading.parsing.spawn", _reading_here)

        def make() -> World:
            dsn = stack.enter_context(contextmanager(_database)(postgres, template))
            engine = engine_for_tests(dsn)
            stack.callback(engine.dispose)
            return World(engine, tmp_path_factory.mktemp("world"))

        yield make


@pytest.fixture(scope="session")
def shared_province(make_world: Callable[[], World]) -> sa.Engine:
    return make_world().dimensions().engine


@pytest.fixture
def province(shared_province: sa.Engine, tmp_path: Path) -> Iterator[World]:
    """`world` with its units and procedures, for tests that leave those as they are: made once."""
    world = World(shared_province, tmp_path).without_dossiers()
    query = "SELECT d::text FROM core.don_vi AS d UNION ALL SELECT t::text FROM core.tthc AS t ORDER BY 1"
    before = world.rows(query)
    yield world
    assert world.rows(query) == before, "Units or procedures that tests share were changed: ask for `world`."


@pytest.fixture
def definitions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Definitions]:
    """A copy of sql/indicators that the test may change; the package reads it instead."""
    copy = Definitions(tmp_path / "sql" / "indicators")
    shutil.copytree(indicators.SQL, tmp_path / "sql")
    monkeypatch.setattr(indicators, "SQL", tmp_path / "sql")
    monkeypatch.setattr(indicators, "INDICATORS", copy.folder)
    monkeypatch.setattr(indicators, "FACTS", copy.folder / "facts")
    copy.read_again()
    yield copy
    copy.read_again()


def _in_memory() -> str | None:
    """A folder in memory, where there is one with room: hundreds of databases are copied."""
    folder = Path("/dev/shm")
    room_gb = shutil.disk_usage(folder).free / 1e9 if folder.is_dir() and os.access(folder, os.W_OK) else 0
    return str(folder) if room_gb > 8 else None


def _database(postgres: EmbeddedPostgres, template: str) -> Iterator[str]:
    name = f"test_{next(_numbers)}"
    admin = sa.create_engine(
        postgres.dsn("postgres", "postgres", driver="psycopg2"),
        isolation_level="AUTOCOMMIT",
        poolclass=sa.pool.NullPool,
    )
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
    yield postgres.dsn(name, "postgres", driver="psycopg2")
    with admin.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
