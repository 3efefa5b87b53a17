"""The local stack's own parts: ports, state, environment, embedded PostgreSQL, no process left."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import psutil
import psycopg2
import pytest

from tests.forked import run_module
from tools.local import processes, settings
from tools.local.demo import _end_of, demo_months, write_summary
from tools.local.postgres import EmbeddedPostgres
from tools.local.settings import (
    LOOPBACK,
    MARK,
    Home,
    LocalStackError,
    Ports,
    choose_port,
    choose_ports,
    clean_environment,
    is_free,
    load_secrets,
    simulator_environment,
    stack_environment,
)
from tools.local.stack import Stack, read_state

pytestmark = pytest.mark.stack

REPO = Path(__file__).parents[2]
NOBODY = 65534
# In another process, so that it can be killed: starts the server, tells its pid and port, waits.
SERVE = """
import sys, time
from pathlib import Path
from tools.local.postgres import EmbeddedPostgres
server = EmbeddedPostgres(Path(sys.argv[1]))
server.start()
print(server.process.pid, server.port, flush=True)
time.sleep(60)
"""


@pytest.fixture(autouse=True)
def no_ports_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    for part in ("UI", "PG", "TTHC", "QLVB", "REDIS", "SUPERSET"):
        monkeypatch.delenv(f"PORT_{part}", raising=False)
    monkeypatch.delenv("EXECUTOR", raising=False)


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as server:
        server.bind((LOOPBACK, 0))
        server.listen()
        yield server.getsockname()[1]


# --- ports ------------------------------------------------------------------------------------


def test_a_port_that_the_user_set_is_used(monkeypatch):
    port = settings.any_free_port()
    monkeypatch.setenv("PORT_UI", str(port))
    assert choose_port("PORT_UI") == port


def test_a_taken_port_of_the_user_is_named_with_its_variable(monkeypatch, taken_port):
    monkeypatch.setenv("PORT_UI", str(taken_port))
    with pytest.raises(LocalStackError, match=f"PORT_UI={taken_port}.*taken"):
        choose_port("PORT_UI")


@pytest.mark.parametrize("text", ["http", "0", "65536", "-1", "80 80"])
def test_what_is_no_port_is_refused(monkeypatch, text):
    monkeypatch.setenv("PORT_PG", text)
    with pytest.raises(LocalStackError, match="PORT_PG"):
        choose_port("PORT_PG")


def test_ports_stay_the_same_while_they_are_free(home, taken_port):
    first = choose_ports(home)
    assert len({first.ui, first.pg, first.tthc, first.qlvb}) == 4
    assert choose_ports(home) == first
    remembered = {"ui": taken_port, "pg": first.pg, "tthc": first.tthc, "qlvb": first.qlvb}
    home.ports_file.write_text(json.dumps(remembered))
    second = choose_ports(home)
    assert second.ui != taken_port
    assert (second.pg, second.tthc, second.qlvb) == (first.pg, first.tthc, first.qlvb)
    # As a stack from before there was a second source has left it.
    home.ports_file.write_text(json.dumps({name: remembered[name] for name in ("pg", "tthc")}))
    assert choose_ports(home).tthc == first.tthc


def test_the_users_port_wins_over_a_remembered_one(home, monkeypatch):
    first = choose_ports(home)
    monkeypatch.setenv("PORT_TTHC", str(first.ui))
    second = choose_ports(home)
    assert second.tthc == first.ui
    assert second.ui != first.ui


# --- secrets, environment, state --------------------------------------------------------------


def test_secrets_are_made_once_and_only_the_owner_reads_them(home):
    secrets = load_secrets(home.path)
    assert load_secrets(home.path) == secrets
    assert stat.S_IMODE((home.path / "secrets.json").stat().st_mode) == 0o600
    assert len(set(secrets.values())) == len(secrets)


def permissions(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_nobody_else_locks_what_every_command_waits_for(tmp_path):
    folder = tmp_path / "stack"
    load_secrets(folder)
    assert (permissions(folder), permissions(folder / "secrets.lock")) == (0o700, 0o600)
    # As an earlier version made them.
    folder.chmod(0o755)
    (folder / "secrets.lock").chmod(0o644)
    load_secrets(folder)
    # As root the server runs as another user, who has to come through.
    assert permissions(folder) == (0o711 if os.geteuid() == 0 else 0o700)
    assert permissions(folder / "secrets.lock") == 0o600


def test_a_folder_of_everybody_stays_one(tmp_path):
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o1777)
    load_secrets(folder)
    assert permissions(folder) == 0o1777


def test_what_a_server_alone_makes_is_for_its_owner_only(postgres):
    """Without a stack around it, which would have closed the folders."""
    for name in ("lock", "secrets.lock", "secrets.json", "logs/postgres.log"):
        assert permissions(postgres.home / name) == 0o600, name
    assert permissions(postgres.home / "logs") == 0o700
    assert permissions(postgres.home) & 0o066 == 0


def test_only_the_owner_looks_into_logs_forms_and_landed_files(home):
    # As an earlier version made them.
    home.logs.chmod(0o755)
    home.create()
    for folder in (home.logs, home.airflow, home.landing, home.forms, home.state_file.parent):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700, folder
    options = stack_environment(home, Ports(1, 2, 3, 4), load_secrets(home.path))
    assert options["AIRFLOW__LOGGING__FILE_TASK_HANDLER_NEW_FOLDER_PERMISSIONS"] == "0o700"
    assert options["AIRFLOW__LOGGING__FILE_TASK_HANDLER_NEW_FILE_PERMISSIONS"] == "0o600"
    assert options["CCHC_FORM_KEY"] == load_secrets(home.path)["form_key"]


def test_tasks_enter_the_warehouse_as_the_pipeline_and_migrations_as_its_owner(home):
    stack = Stack(home)
    stack.state = {"ports": {"ui": 1, "pg": 2, "tthc": 3, "qlvb": 4}}
    for name in ("CCHC_WAREHOUSE_DSN", "AIRFLOW_CONN_CCHC_WAREHOUSE"):
        assert f"//cchc_etl:{stack.secrets['cchc_etl']}@" in stack.environment[name]
    assert f"//cchc_owner:{stack.secrets['cchc_owner']}@" in stack.owner_dsn
    assert not [name for name, value in stack.environment.items() if stack.secrets["cchc_owner"] in value]


def test_a_simulated_source_knows_its_own_secret_and_no_other(home):
    secrets = load_secrets(home.path)
    given = simulator_environment(stack_environment(home, Ports(1, 2, 3, 4), secrets))
    known = {name for name, secret in secrets.items() if any(secret in value for value in given.values())}
    assert known == {f"{system}_client_{part}" for system in ("tthc", "qlvb") for part in ("id", "secret")}
    assert given[MARK] == str(home.path)


def test_the_users_environment_does_not_leak_into_the_stack(home, monkeypatch):
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", "CeleryExecutor")
    monkeypatch.setenv("AIRFLOW_CONN_CCHC_WAREHOUSE", "postgres://elsewhere/db")
    monkeypatch.setenv("PGHOST", "elsewhere")
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    monkeypatch.setenv("TZ", "America/New_York")
    bare = clean_environment()
    assert not [name for name in bare if name.startswith(("AIRFLOW", "PG"))]
    env = bare | stack_environment(home, Ports(ui=1, pg=2, tthc=3, qlvb=4), load_secrets(home.path))
    assert env["AIRFLOW__CORE__EXECUTOR"] == "cchc.flow.local_executor.LocalExecutor"
    assert env["AIRFLOW_CONN_CCHC_WAREHOUSE"].endswith(f"@{LOOPBACK}:2/cchc")
    assert env["PYTHONPATH"] == str(REPO / "plugins")
    for source, port in (("TTHC", 3), ("QLVB", 4)):
        client = f"{env[f'{source}_SIM_CLIENT_ID']}:{env[f'{source}_SIM_CLIENT_SECRET']}"
        assert env[f"AIRFLOW_CONN_CCHC_{source}"] == f"http://{client}@{LOOPBACK}:{port}"
    assert env["AIRFLOW_CONN_CCHC_TTHC"].split("@")[0] != env["AIRFLOW_CONN_CCHC_QLVB"].split("@")[0]
    assert env["TZ"] == "Asia/Ho_Chi_Minh"
    # For `python -m cchc`, which `make ingest` and `make refresh` run in this environment.
    assert env["CCHC_AIRFLOW_URL"] == f"http://{LOOPBACK}:1"
    assert (env["CCHC_AIRFLOW_USER"], env["CCHC_AIRFLOW_PASSWORD"]) == (
        "admin",
        load_secrets(home.path)["admin"],
    )


def test_a_state_file_of_another_life_of_the_pid_is_ignored(home):
    me = psutil.Process()
    state = {"pid": me.pid, "create_time": me.create_time(), "phase": "ready"}
    home.state_file.write_text(json.dumps(state))
    assert read_state(home) == state
    home.state_file.write_text(json.dumps(state | {"create_time": me.create_time() - 3600}))
    assert read_state(home) is None
    home.state_file.write_text('{"pid": 1')
    assert read_state(home) is None


# --- processes --------------------------------------------------------------------------------


def test_processes_of_this_home_are_found_and_ended_and_no_others(home, tmp_path):
    def sleeper(mark: Path) -> subprocess.Popen:
        return subprocess.Popen(["sleep", "60"], env={MARK: str(mark), "PATH": os.defpath})

    ours, others = sleeper(home.path), sleeper(tmp_path / "other")
    try:
        wait_until(lambda: [process.pid for process in processes.marked(home.path)] == [ours.pid])
        assert processes.end_marked(home.path) == 1
        assert not psutil.pid_exists(ours.pid)
        assert others.poll() is None
    finally:
        for process in (ours, others):
            process.kill()
            process.wait()


# --- the embedded PostgreSQL ------------------------------------------------------------------


@pytest.fixture(scope="module")
def kept() -> Iterator[Path]:
    """A home whose server is started and stopped by several tests, to spare initdb."""
    # Not below pytest's folder: each process of a run closes that to others when it starts.
    with tempfile.TemporaryDirectory(prefix="cchc-test-") as home:
        yield Path(home)


def test_server_listens_on_loopback_only_and_not_as_root(kept):
    with EmbeddedPostgres(kept) as server:
        process = psutil.Process(server.process.pid)
        assert process.uids().effective != 0
        listening = [c for c in process.net_connections() if c.status == psutil.CONN_LISTEN]
        assert {c.laddr for c in listening} == {(LOOPBACK, server.port)}
        assert not [c for c in process.net_connections("unix") if c.laddr]


def test_server_needs_the_password_of_every_role(kept):
    with EmbeddedPostgres(kept) as server:
        for database, user in (("cchc", "cchc_owner"), ("cchc", "cchc_etl"), ("airflow", "airflow")):
            dsn = server.dsn(database, user)
            psycopg2.connect(dsn).close()
            for wrong in ("", "wrong"):
                with pytest.raises(psycopg2.OperationalError, match="password"):
                    psycopg2.connect(dsn.replace(server.secrets[user], wrong), passfile=os.devnull)


def test_each_role_owns_its_database_and_stays_out_of_the_other(kept):
    with EmbeddedPostgres(kept) as server:
        assert query(server.dsn("cchc"), "SELECT current_user, current_database()") == (
            "cchc_owner",
            "cchc",
        )
        assert query(server.dsn("cchc"), "SELECT rolcanlogin FROM pg_roles WHERE rolname='cchc_bi'") == (
            False,
        )
        for login in ("cchc_owner", "cchc_etl"):
            with pytest.raises(psycopg2.OperationalError, match="permission denied"):
                psycopg2.connect(server.dsn("airflow", login))


def test_text_compares_by_bytes_and_case_knows_vietnamese(kept):
    with EmbeddedPostgres(kept) as server:
        found = query(server.dsn(), "SELECT 'Z' < 'a', 'a' < 'Đ', lower('ĐÀ NẴNG')")
        assert found == (True, True, "đà nẵng")


def test_errors_with_values_of_a_row_do_not_reach_the_log(kept):
    with EmbeddedPostgres(kept) as server:
        with pytest.raises(psycopg2.DataError):
            query(server.dsn(), "SELECT CAST(%s AS int)", "079123456789 Nguyễn")
        connection = psycopg2.connect(server.dsn())
        with connection, connection.cursor() as cursor:
            cursor.execute("CREATE TEMPORARY TABLE person (name text PRIMARY KEY)")
            cursor.execute("INSERT INTO person VALUES ('Nguyễn Văn A')")
            with pytest.raises(psycopg2.IntegrityError):
                cursor.execute("INSERT INTO person VALUES ('Nguyễn Văn A')")
        connection.close()
    log = server.log.read_text()
    assert "database system is ready" in log
    assert "Nguyễn" not in log


def test_stop_leaves_no_process_and_the_data_stay(kept):
    with EmbeddedPostgres(kept) as server:
        query(server.dsn(), "CREATE TABLE IF NOT EXISTS stays AS SELECT 1 AS a")
    assert not processes.marked(kept)
    assert is_free(server.port)
    with EmbeddedPostgres(kept) as server:
        assert query(server.dsn(), "SELECT a FROM stays") == (1,)


def test_a_server_killed_in_the_middle_starts_again(kept):
    server = EmbeddedPostgres(kept)
    server.start()
    os.kill(server.process.pid, signal.SIGKILL)
    server.process.wait()
    assert (server.data / "postmaster.pid").exists()
    server.stop()
    with EmbeddedPostgres(kept) as again:
        psycopg2.connect(again.dsn()).close()


def test_a_pid_file_whose_number_belongs_to_another_program_does_not_matter(kept):
    with EmbeddedPostgres(kept) as server:
        text = (server.data / "postmaster.pid").read_text()
        owner = server.folder.stat()
    sleeper = subprocess.Popen(["sleep", "60"], **as_user(owner.st_uid))
    try:
        stale = server.data / "postmaster.pid"
        stale.write_text(text.replace(text.split("\n", 1)[0], str(sleeper.pid), 1))
        os.chown(stale, owner.st_uid, owner.st_gid)
        with EmbeddedPostgres(kept) as again:
            psycopg2.connect(again.dsn()).close()
        assert sleeper.poll() is None
    finally:
        sleeper.kill()
        sleeper.wait()


def test_killing_the_owner_takes_the_server_with_it(kept):
    owner, pid = serve(kept)
    owner.kill()
    owner.wait()
    wait_until(lambda: not psutil.pid_exists(pid) or is_zombie(pid))
    assert not psutil.pid_exists(pid) or is_zombie(pid)


def test_a_second_user_of_the_folder_is_told_to_wait(kept):
    owner, _ = serve(kept)
    try:
        with pytest.raises(LocalStackError, match=f"in use by process {owner.pid}"):
            EmbeddedPostgres(kept).start()
    finally:
        owner.kill()
        owner.wait()


@pytest.mark.skipif(os.geteuid() != 0, reason="the other tests do this when not root")
def test_server_runs_as_an_ordinary_user_too(tmp_path):
    try:
        subprocess.run(
            [sys.executable, "-c", "import tools.local.postgres"],
            check=True, cwd=REPO, capture_output=True, **as_user(NOBODY),
        )  # fmt: skip
    except (subprocess.CalledProcessError, PermissionError):
        pytest.skip("an ordinary user cannot read this clone or its Python")
    for folder in (tmp_path, *tmp_path.parents):
        folder.chmod(folder.stat().st_mode | stat.S_IXOTH)
    home = tmp_path / "home"
    home.mkdir()
    os.chown(home, NOBODY, NOBODY)
    owner, pid = serve(home, **as_user(NOBODY))
    try:
        assert psutil.Process(pid).uids().effective == NOBODY
        assert (home / "pg" / "data").stat().st_uid == NOBODY
    finally:
        owner.kill()
        owner.wait()


# --- the commands -----------------------------------------------------------------------------


def local(home: Home, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tools.local", *words],
        cwd=REPO,
        env=os.environ | {"CCHC_HOME": str(home.path)} | variables,
        capture_output=True,
        text=True,
        check=False,
    )


def refused(home: Home, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """As `local`, of a command that ends before it starts anything."""
    environment = os.environ | {"CCHC_HOME": str(home.path)} | variables
    return run_module("tools.local", *words, cwd=REPO, env=environment)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["ingest", "hoso", "x"], "DATASET='hoso' is no dataset. Expected one of don_vi, "),
        (["ingest", "ho_so", "/etc/passwd"], "FILE=/etc/passwd: no header row of dataset ho_so found"),
        (["ingest", "ho_so", "/khong/co"], "FILE=/khong/co: there is no such file."),
        (["refresh", "2025-13"], "KY='2025-13' is no month. Expected YYYY-MM"),
        (["form", "Sở Xây dựng", "2025"], "KY='2025' is no month."),
        (["rows", "T99", "2025-03"], "MA='T99' is no indicator. Expected one of T1, "),
        (
            ["rows", "T9", "2025-03", "--phan", "x"],
            "PHAN='x' is no part of a figure. Expected one of tu_so, ",
        ),
    ],
)
def test_a_wrong_argument_is_answered_in_one_line_before_anything_is_started(tmp_path, words, says):
    home = Home(tmp_path / "home")
    done = refused(home, *words)
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith(says)
    assert not home.path.exists()


@pytest.mark.parametrize(
    ("words", "variables", "says"),
    [
        (["refresh", "2025-03"], {"DEMO_TIMEOUT": "abc"}, "DEMO_TIMEOUT='abc' is no time limit. Expected"),
        (["refresh", "2025-03"], {"DEMO_TIMEOUT": "nan"}, "DEMO_TIMEOUT='nan' is no time limit. Expected"),
        (["demo"], {"DEMO_TIMEOUT": "abc"}, "DEMO_TIMEOUT='abc' is no time limit. Expected seconds"),
        (["demo"], {"DEMO_MONTHS": "0000-01"}, "DEMO_MONTHS=0000-01: '0000-01' is not a month."),
    ],
)
def test_a_wrong_variable_is_answered_before_anything_is_started(tmp_path, words, variables, says):
    home = Home(tmp_path / "home")
    done = refused(home, *words, **variables)
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith(says)
    assert not home.path.exists()


@pytest.mark.parametrize(
    ("words", "variables", "says"),
    [
        (["x"], {}, "tools.bench takes no argument such as 'x'."),
        ([], {"BENCH_ROWS": "abc"}, "BENCH_ROWS='abc' is"),
        # Of so few some parts found nothing, and said so by an exception after all the work.
        ([], {"BENCH_ROWS": "7"}, "BENCH_ROWS=7 are too few: some parts would find nothing to measure."),
        ([], {"BENCH_PROCEDURES": "16000,x"}, "BENCH_PROCEDURES='16000,x' are"),
        ([], {"PEERS": "yes"}, "PEERS='yes' says nothing. Expected 1"),
        ([], {"BENCH_PARTS": "views,x"}, "BENCH_PARTS='views,x' names no parts. Expected some of pipeline,"),
    ],
)
def test_the_benchmark_says_in_one_line_what_it_does_not_take(tmp_path, words, variables, says):
    done = subprocess.run(
        [sys.executable, "-m", "tools.bench", *words],
        cwd=REPO,
        env=os.environ | {"CCHC_HOME": str(tmp_path / "home")} | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith(says)
    assert not (tmp_path / "home").exists()


# --- make -------------------------------------------------------------------------------------

NASTY = """a"; touch {mark}; " $(shell touch {mark}) $(touch {mark}) `touch {mark}` $HOME $$ ' \\ #b"""


def made(tmp_path: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Runs make with a program instead of tools.local that prints its arguments as JSON."""
    program = tmp_path / "arguments.py"
    program.write_text("import json, sys\nprint(json.dumps(sys.argv[1:]))\n")
    return subprocess.run(
        ["make", "-s", "-o", ".venv/.installed", f"LOCAL={sys.executable} {program}", *words],
        cwd=REPO,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
    )


def test_what_is_given_to_make_arrives_as_it_is(tmp_path):
    mark = tmp_path / "da_chay"
    text = NASTY.format(mark=mark)
    for words, expected in (
        (["ingest", f"DATASET={text}", f"FILE={text}"], ["ingest", "--", text, text]),
        (["refresh", f"KY={text}"], ["refresh", "--", text]),
        (["form", f"UNIT={text}", "KY=-x"], ["form", "--", text, "-x"]),
        (["form", "UNIT=u", "KY=k", f"OUT={text}"], ["form", f"--out={text}", "--", "u", "k"]),
        (
            ["forms", "KY=-k", *(f"{name}={text}" for name in ("DON_VI", "KY_LOAI", "OUT"))],
            ["forms", f"--don-vi={text}", f"--ky-loai={text}", f"--out={text}", "--", "-k"],
        ),
        (
            ["rows", "MA=-m", "KY=k", *(f"{name}={text}" for name in ("DON_VI", "PHAN", "KY_LOAI", "CSV"))],
            ["rows", f"--phan={text}", f"--ky-loai={text}", f"--csv={text}", "--", "-m", "k", text],
        ),
        (
            ["plausible", "KY=-k", *(f"{name}={text}" for name in ("DON_VI", "KY_LOAI"))],
            ["plausible", "--ky=-k", f"--don-vi={text}", f"--ky-loai={text}"],
        ),
        (["evidence", "KY=-k", f"OUT={text}"], ["evidence", f"--out={text}", "--", "-k"]),
        (
            ["rebuild", "EVIDENCE=-e", f"LANDING={text}", f"HASH={text}"],
            ["rebuild", f"--landing={text}", f"--hash={text}", "--", "-e"],
        ),
    ):
        done = made(tmp_path, *words)
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout) == expected
    assert json.loads(made(tmp_path, "refresh", KY=text).stdout) == ["refresh", "--", text]
    assert not mark.exists()


@pytest.mark.parametrize(
    "command", ["ingest", "refresh", "rows", "plausible", "form", "forms", "evidence", "rebuild"]
)
def test_make_says_how_a_command_is_used_that_lacks_an_argument(tmp_path, command):
    done = made(tmp_path, command)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"Usage: make {command} ")


def test_an_argument_that_looks_like_an_option_is_answered_as_an_argument(tmp_path):
    for words, says in (
        (["ingest", "--", "-x", "a.csv"], "DATASET='-x' is no dataset. Expected one of"),
        (["refresh", "--", "--help"], "KY='--help' is no month."),
        (["rows", "--phan=x", "--", "T9", "2025-03"], "PHAN='x' is no part of a figure."),
    ):
        done = refused(Home(tmp_path / "home"), *words)
        assert done.returncode == 1
        (line,) = done.stderr.splitlines()
        assert line.startswith(says)


def test_commands_of_the_package_run_with_a_bare_postgresql_and_keep_their_exit_code(kept):
    home = Home(kept)
    assert local(home, "migrate").returncode == 0
    known = local(home, "reference")
    assert known.returncode == 0, known.stderr
    assert "The warehouse holds the " in known.stdout
    form = local(home, "form", "Sở Tư pháp", "2025-03", "--out", str(kept / "phieu.xlsx"))
    assert form.stdout.startswith(f"{kept / 'phieu.xlsx'}: Sở Tư pháp, 2025-03.\n")
    assert f"put it into {home.forms}" in form.stdout
    unknown = local(home, "form", "Sở Tư pháp lý", "2025-03")
    assert unknown.returncode == 1
    (line,) = unknown.stderr.splitlines()
    assert line.startswith("UNIT='Sở Tư pháp lý' is no unit of 2025-03.")
    verified = local(home, "verify")
    assert verified.returncode == 0, verified.stdout
    assert verified.stdout.count("ok    ") == 15
    assert not processes.marked(kept)


def test_what_stands_after_a_programs_name_is_handed_on_as_it_is(kept):
    home = Home(kept)
    asked = local(home, "psql", "--", "-At", "-c", "SELECT current_user || ' ' || current_database()")
    assert asked.stdout == "cchc_owner cchc\n"
    show = "import os, sys; print(sys.argv[1:], 'CCHC_WAREHOUSE_DSN' in os.environ); sys.exit(7)"
    ran = local(home, "postgres-run", "--", sys.executable, "-c", show, "--help", "-x", "--", "y")
    assert ran.returncode == 7
    assert ran.stdout.splitlines()[-1] == "['--help', '-x', '--', 'y'] True"
    assert local(home, "postgres-run").returncode == 1


def test_the_stack_that_does_not_run_has_no_environment_and_nothing_to_stop(home):
    told = local(home, "env")
    assert told.returncode == 1
    assert "run `make up` first" in told.stderr
    assert local(home, "down").stdout == "Nothing was running.\n"


# --- small things of the demo -----------------------------------------------------------------


def test_months_of_the_demo():
    assert demo_months("2024-11..2025-02") == ["2024-11", "2024-12", "2025-01", "2025-02"]
    assert demo_months("2025-03, 2025-01") == ["2025-03", "2025-01"]
    for wrong in ("2025-13", "2025", "2025-01..", ""):
        with pytest.raises(LocalStackError, match="DEMO_MONTHS"):
            demo_months(wrong)


def test_a_month_is_pulled_as_at_the_first_moment_of_the_next_in_vietnam():
    vietnam = timezone(timedelta(hours=7))
    assert _end_of("2025-01") == datetime(2025, 2, 1, tzinfo=vietnam)
    assert _end_of("2024-12") == datetime(2025, 1, 1, tzinfo=vietnam)


def test_the_demo_leaves_a_file_of_its_figures_that_says_they_are_made_up(engine, tmp_path):
    page = write_summary(engine, Home(tmp_path))
    assert page.parent == tmp_path
    assert stat.S_IMODE(page.stat().st_mode) == 0o600
    text = page.read_text(encoding="utf-8")
    assert "không phải số liệu của tỉnh nào" in text and "Chưa có con số nào." in text


# --- helpers ----------------------------------------------------------------------------------


def query(dsn: str, statement: str, *values: object) -> tuple | None:
    connection = psycopg2.connect(dsn)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            return cursor.fetchone() if cursor.description else None
    finally:
        connection.close()


def serve(home: Path, **kwargs: object) -> tuple[subprocess.Popen, int]:
    """Starts a server in another process; returns that process and the server's pid."""
    owner = subprocess.Popen(
        [sys.executable, "-c", SERVE, str(home)],
        cwd=REPO, stdout=subprocess.PIPE, text=True, **kwargs,
    )  # fmt: skip
    line = owner.stdout.readline().split()
    assert line, "the server did not start; its message is above"
    owner.stdout.close()
    return owner, int(line[0])


def as_user(uid: int) -> dict[str, object]:
    if os.geteuid() != 0 or uid == 0:
        return {}
    return {"user": uid, "group": uid, "extra_groups": []}


def is_zombie(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def wait_until(condition, patience_s: float = 10) -> None:
    deadline = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)
