"""Where the local stack keeps its things, its secrets and ports, its environment variables."""

from __future__ import annotations

import base64
import fcntl
import json
import math
import os
import secrets as random
import socket
import stat
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from cchc import private_file

REPO = Path(__file__).resolve().parents[2]
LOOPBACK = "127.0.0.1"
TIME_ZONE = "Asia/Ho_Chi_Minh"
ADMIN_USER = "admin"
# People of Airflow → their role there. What rows they see is said in the warehouse: VIEWERS.
# Who answers questions has to be more than a viewer: the simple auth manager knows nothing in between.
PEOPLE = {ADMIN_USER: "admin", "can_bo": "user", "cua_don_vi": "user", "xem": "viewer"}
# Who sees more than figures → the unit whose rows they see; None: those of all units.
VIEWERS = {ADMIN_USER: None, "can_bo": None, "cua_don_vi": "86.so-tu-phap"}
# Logins of the warehouse: for migrations only, for the pipeline, for BI tools.
OWNER_LOGIN = "cchc_owner"
ETL_LOGIN = "cchc_etl"
PAGES_LOGIN = "cchc_pages"
BI_LOGIN = "bi"
# The simulators' data end with this month; schedules end with it (see the DAGs' end_date).
SOURCE_LAST_MONTH, SOURCE_ENDS = "2025-08", "2025-09-01"
# How many tasks one of Celery's workers runs at a time.
TASKS_OF_A_WORKER = 2
# Every process of a stack carries this variable, so that leftovers are found whatever happened to
# the process that started them.
MARK = "CCHC_STACK"

_PORT_VARIABLES = {"ui": "PORT_UI", "pg": "PORT_PG", "tthc": "PORT_TTHC", "qlvb": "PORT_QLVB"}
_PORT_VARIABLES |= {"redis": "PORT_REDIS"}


class LocalStackError(Exception):
    """Something a person has to read: what is wrong, where, and what to do."""


@dataclass(frozen=True)
class Home:
    """The one folder that holds all state of the stack of a clone."""

    path: Path

    @classmethod
    def of_clone(cls) -> Home:
        return cls(Path(os.environ.get("CCHC_HOME") or REPO / ".cchc").resolve())

    def create(self) -> None:
        make_private(self.path)
        # Exports as they came hold personal data, forms and logs are not for everybody either: nobody else
        # on the machine looks into these.
        for folder in (self.logs, self.airflow, self.path / "run", self.landing, self.forms):
            folder.mkdir(mode=0o700, exist_ok=True)
            folder.chmod(0o700)

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def airflow(self) -> Path:
        return self.path / "airflow"

    @property
    def task_logs(self) -> Path:
        return self.airflow / "logs"

    @property
    def passwords_file(self) -> Path:
        return self.airflow / "passwords.json"

    @property
    def landing(self) -> Path:
        return self.path / "landing"

    @property
    def forms(self) -> Path:
        """Where units put their declaration forms."""
        return self.path / "forms"

    @property
    def state_file(self) -> Path:
        return self.path / "run" / "state.json"

    @property
    def ports_file(self) -> Path:
        return self.path / "run" / "ports.json"


@dataclass(frozen=True)
class Ports:
    """The TCP ports of one running stack, all on the loopback address."""

    ui: int
    pg: int
    tthc: int
    qlvb: int
    # Only where Celery's workers run the tasks.
    redis: int | None = None

    @property
    def ui_address(self) -> str:
        return f"http://{LOOPBACK}:{self.ui}"

    @property
    def tthc_address(self) -> str:
        return f"http://{LOOPBACK}:{self.tthc}"

    @property
    def qlvb_address(self) -> str:
        return f"http://{LOOPBACK}:{self.qlvb}"


def time_limit() -> float:
    """How many seconds a command waits for its runs: DEMO_TIMEOUT, or half an hour."""
    text = os.environ.get("DEMO_TIMEOUT") or "1800"
    with suppress(ValueError):
        if 0 < (seconds := float(text)) < math.inf:
            return seconds
    raise LocalStackError(f"DEMO_TIMEOUT={text!r} is no time limit. Expected seconds, for example 3600.")


def write_private(path: Path, text: str) -> None:
    """Replaces a file in one step; nobody but the owner can read it at any moment."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    private_file.write_private(path, text.encode())


def open_private(path: Path, flags: int) -> int:
    """A handle to a file that is for its owner only, made where it is missing."""
    handle = os.open(path, flags | os.O_CREAT, 0o600)
    if stat.S_IMODE(os.fstat(handle).st_mode) != 0o600:
        os.fchmod(handle, 0o600)
    return handle


def make_private(home: Path) -> None:
    """Makes the folder of a stack, or closes it: nobody else lists it or opens what is in it.

    Where root runs the stack, PostgreSQL runs as another user and has to get to its data through it.
    """
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = home.stat()
    kept = status.st_mode & (0o711 if os.geteuid() == 0 else 0o700)
    # One that is everybody's, such as /tmp, stays so.
    if status.st_uid == os.geteuid() and not status.st_mode & stat.S_ISVTX:
        home.chmod(kept)


def load_secrets(home: Path) -> dict[str, str]:
    """The generated secrets of this clone, made the first time and kept in a 0600 file."""
    path = home / "secrets.json"
    make_private(home)
    # Whoever may open it may also lock it, and every command would wait.
    with os.fdopen(open_private(home / "secrets.lock", os.O_RDWR), "r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        known = json.loads(path.read_text()) if path.exists() else {}
        names = (
            "postgres",
            "airflow",
            OWNER_LOGIN,
            ETL_LOGIN,
            PAGES_LOGIN,
            BI_LOGIN,
            *PEOPLE,
            "jwt",
            "api_secret",
            "form_key",
            "tthc_client_secret",
            "qlvb_client_secret",
            "superset",
            "superset_key",
            "redis",
        )
        wanted = {name: known.get(name) or random.token_urlsafe(24) for name in names}
        wanted["fernet"] = known.get("fernet") or base64.urlsafe_b64encode(os.urandom(32)).decode()
        for client in ("tthc_client_id", "qlvb_client_id"):
            wanted[client] = known.get(client) or f"cchc-local-{client.partition('_')[0]}"
        if wanted != known:
            write_private(path, json.dumps(wanted, indent=1))
    return wanted


def is_free(port: int) -> bool:
    """True when a server could listen on this loopback port now."""
    with socket.socket() as probe:
        # As the servers do it: a port whose old connections are in TIME_WAIT counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
            probe.listen()
        except OSError:
            return False
    return True


def any_free_port(avoid: set[int] = frozenset()) -> int:
    """A loopback port that is free now."""
    while True:
        with socket.socket() as probe:
            probe.bind((LOOPBACK, 0))
            port = probe.getsockname()[1]
        if port not in avoid:
            return port


def choose_port(variable: str, before: int | None = None, avoid: set[int] = frozenset()) -> int:
    """The port a person set in `variable`, else the one used before if free, else any free one."""
    wanted = os.environ.get(variable, "").strip()
    if not wanted:
        if before and before not in avoid and is_free(before):
            return before
        return any_free_port(avoid)
    if not wanted.isdecimal() or not 0 < int(wanted) < 65536:
        raise LocalStackError(f"{variable}={wanted} is not a port: give a number from 1 to 65535.")
    port = int(wanted)
    if port in avoid:
        raise LocalStackError(f"{variable}={port} is already given to another part of the stack.")
    if not is_free(port):
        raise LocalStackError(
            f"{variable}={port}: this port of {LOOPBACK} is taken by another program (or needs "
            f"more rights). Choose another one, or leave {variable} out to get a free one."
        )
    return port


def choose_ports(home: Home, *, queue: bool = False) -> Ports:
    """Ports for a stack that starts now; remembered, so that BI tools find it again tomorrow.

    `queue`: one for the queue of Celery's workers too.
    """
    try:
        before = json.loads(home.ports_file.read_text())
    except (OSError, ValueError):
        before = {}
    # Those set by a person first: a free choice must not take one of them.
    parts = [part for part in _PORT_VARIABLES if queue or part != "redis"]
    order = sorted(parts, key=lambda part: not os.environ.get(_PORT_VARIABLES[part]))
    chosen: dict[str, int] = {}
    for part in order:
        taken = set(chosen.values())
        chosen[part] = choose_port(_PORT_VARIABLES[part], before.get(part), taken)
    write_private(home.ports_file, json.dumps(before | chosen))
    return Ports(**chosen)


def warehouse_dsn(ports: Ports, secrets: dict[str, str], login: str = ETL_LOGIN) -> str:
    """The warehouse as `login` enters it, in SQLAlchemy's form."""
    return f"postgresql+psycopg2://{_login(login, secrets[login])}@{LOOPBACK}:{ports.pg}/cchc"


def _login(user: str, password: str) -> str:
    """User and password as parts of an address, whatever signs they hold."""
    return f"{quote(user, safe='')}:{quote(password, safe='')}"


def clean_environment() -> dict[str, str]:
    """This process's environment without what could change how the stack's programs behave."""
    prefixes = (
        "AIRFLOW",
        "_AIRFLOW",
        "CCHC_",
        "TTHC_SIM_",
        "QLVB_SIM_",
        "CELERY_",
        "PG",
        "PYTHON",
        "GX_",
        "SQLALCHEMY_",
    )
    prefixes += ("LC_", "MAKE")
    names = {"LANG", "LANGUAGE", "TZ", "MFLAGS"}
    env = {k: v for k, v in os.environ.items() if not k.startswith(prefixes) and k not in names}
    bypass = f"{LOOPBACK},localhost"
    return env | {
        "LANG": "C.UTF-8",
        "TZ": TIME_ZONE,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{env.get('PATH', os.defpath)}",
        "PYTHONUNBUFFERED": "1",
        # A proxy must not be asked for the programs that talk to each other here.
        "NO_PROXY": ",".join(filter(None, (env.get("NO_PROXY"), bypass))),
        "no_proxy": ",".join(filter(None, (env.get("no_proxy"), bypass))),
    }


def warehouse_environment(home: Home, dsn: str) -> dict[str, str]:
    """What the package and the migrations need; enough for work without Airflow."""
    return {
        MARK: str(home.path),
        "PYTHONPATH": str(REPO / "plugins"),
        "CCHC_HOME": str(home.path),
        "CCHC_LANDING_DIR": str(home.landing),
        "CCHC_FORM_DIR": str(home.forms),
        "CCHC_WAREHOUSE_DSN": dsn,
        "CCHC_NGUON_DEN": SOURCE_ENDS,
        "GX_ANALYTICS_ENABLED": "false",
    }


def stack_environment(home: Home, ports: Ports, secrets: dict[str, str]) -> dict[str, str]:
    """All variables that make Airflow and the package work in this stack; nothing inherited."""
    tthc = _login(secrets["tthc_client_id"], secrets["tthc_client_secret"])
    qlvb = _login(secrets["qlvb_client_id"], secrets["qlvb_client_secret"])
    warehouse = f"{_login(ETL_LOGIN, secrets[ETL_LOGIN])}@{LOOPBACK}:{ports.pg}/cchc"
    metadata = f"{_login('airflow', secrets['airflow'])}@{LOOPBACK}:{ports.pg}/airflow"
    auth = "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager"
    airflow = {
        "core": {
            "executor": "cchc.flow.local_executor.LocalExecutor",
            "parallelism": "6",
            "dags_folder": str(REPO / "dags"),
            "plugins_folder": str(REPO / "plugins"),
            "load_examples": "False",
            "default_timezone": TIME_ZONE,
            "fernet_key": secrets["fernet"],
            # The audit log keeps requests whole, refused ones too: what somebody typed for a param stays out.
            "sensitive_var_conn_names": "conf",
            "auth_manager": auth,
            "simple_auth_manager_users": ",".join(f"{name}:{role}" for name, role in PEOPLE.items()),
            "simple_auth_manager_passwords_file": str(home.passwords_file),
            "execution_api_server_url": f"{ports.ui_address}/execution/",
            # The default asks DNS for the full name, which can hang on a machine without one.
            "hostname_callable": "socket.gethostname",
        },
        "scheduler": {
            # A run of a day has a dozen steps in a row: each would wait half a second for its turn.
            "scheduler_idle_sleep_time": "0.2",
            # What is answered waits for a few beats (tools.local.publishing).
            "scheduler_heartbeat_sec": "1",
        },
        "database": {"sql_alchemy_conn": f"postgresql+psycopg2://{metadata}"},
        "api": {
            "host": LOOPBACK,
            "port": str(ports.ui),
            "base_url": ports.ui_address,
            "workers": "1",
            "secret_key": secrets["api_secret"],
        },
        "api_auth": {"jwt_secret": secrets["jwt"]},
        # A file that was edited is read at once; all others that often.
        "dag_processor": {"min_file_process_interval": "300", "refresh_interval": "30"},
        "logging": {
            "base_log_folder": str(home.task_logs),
            "colored_console_log": "False",
            "file_task_handler_new_folder_permissions": "0o700",
            "file_task_handler_new_file_permissions": "0o600",
        },
    }
    if ports.redis:
        airflow["core"]["executor"] = "CeleryExecutor"
        # A worker that is gone with its task is known by a heart that does not beat.
        airflow["scheduler"]["task_instance_heartbeat_timeout"] = "120"
        airflow["celery"] = {
            "broker_url": f"redis://:{secrets['redis']}@{LOOPBACK}:{ports.redis}/0",
            "result_backend": f"db+postgresql://{metadata}",
            "celery_config_options": "cchc.flow.celery_settings.SETTINGS",
            "worker_concurrency": str(TASKS_OF_A_WORKER),
        }
        # Longer than any task may take: the queue gives what was not done by then to another worker.
        airflow["celery_broker_transport_options"] = {"visibility_timeout": "7200"}
    flat = {
        f"AIRFLOW__{section.upper()}__{key.upper()}": value
        for section, options in airflow.items()
        for key, value in options.items()
    }
    return (
        flat
        | warehouse_environment(home, warehouse_dsn(ports, secrets))
        | {
            "AIRFLOW_HOME": str(home.airflow),
            "CCHC_AIRFLOW_URL": ports.ui_address,
            "CCHC_AIRFLOW_USER": ADMIN_USER,
            "CCHC_AIRFLOW_PASSWORD": secrets["admin"],
            "CCHC_FORM_KEY": secrets["form_key"],
            "CCHC_PAGES_DSN": warehouse_dsn(ports, secrets, PAGES_LOGIN),
            "AIRFLOW_CONN_CCHC_WAREHOUSE": f"postgres://{warehouse}",
            "AIRFLOW_CONN_CCHC_TTHC": f"http://{tthc}@{LOOPBACK}:{ports.tthc}",
            "AIRFLOW_CONN_CCHC_QLVB": f"http://{qlvb}@{LOOPBACK}:{ports.qlvb}",
            "TTHC_SIM_CLIENT_ID": secrets["tthc_client_id"],
            "TTHC_SIM_CLIENT_SECRET": secrets["tthc_client_secret"],
            "QLVB_SIM_CLIENT_ID": secrets["qlvb_client_id"],
            "QLVB_SIM_CLIENT_SECRET": secrets["qlvb_client_secret"],
            # Airflow renames its processes; without this the new name overwrites MARK's place.
            "SPT_NOENV": "1",
        }
    )


def simulator_environment(environment: dict[str, str]) -> dict[str, str]:
    """Of a stack's variables those for a simulated source: it knows its own client, and no other secret."""
    others = ("AIRFLOW", "CCHC_")
    return {name: value for name, value in environment.items() if name == MARK or not name.startswith(others)}
