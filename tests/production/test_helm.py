"""The values for the official Helm chart say what docker-compose.yml says, and hold no secret.

The chart's schema is not at hand where these tests run: what the chart makes of the values is not tested.
"""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.production.test_compose import COMPOSE, NOT_SECRET, SECRET_NAME, SERVICES, environment

ROOT = Path(__file__).parents[2]
FILE = ROOT / "deploy" / "helm-values.yaml"
TEXT = FILE.read_text(encoding="utf-8")
VALUES = yaml.safe_load(TEXT)
# Key of the values → the service of docker-compose.yml that it stands for.
PARTS = {
    "apiServer": "airflow-api-server",
    "scheduler": "airflow-scheduler",
    "dagProcessor": "airflow-dag-processor",
    "triggerer": "airflow-triggerer",
    "workers": "airflow-worker",
}
# What the chart itself gives to every part, by a secret that is named.
BY_THE_CHART = {
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": ("data", "metadataSecretName"),
    "AIRFLOW__CELERY__RESULT_BACKEND": ("data", "resultBackendSecretName"),
    "AIRFLOW__CELERY__BROKER_URL": ("data", "brokerUrlSecretName"),
    "AIRFLOW__CORE__FERNET_KEY": ("fernetKeySecretName",),
    "AIRFLOW__API__SECRET_KEY": ("apiSecretKeySecretName",),
    "AIRFLOW__API_AUTH__JWT_SECRET": ("jwtSecretName",),
}
# The chart knows its own names of services and pods, and how its workers are stopped.
CHART_S_OWN = {
    "AIRFLOW__CORE__EXECUTOR",
    "AIRFLOW__CORE__EXECUTION_API_SERVER_URL",
    "AIRFLOW__CORE__HOSTNAME_CALLABLE",
    "DUMB_INIT_SETSID",
}


def config() -> dict[str, str]:
    """Options of airflow.cfg in the values, as the variables that mean the same."""
    return {
        f"AIRFLOW__{section}__{option}".upper(): str(value)
        for section, options in VALUES["config"].items()
        for option, value in options.items()
    }


def given(part: str | None) -> list[dict[str, Any]]:
    """The variables of every part, and of one of them."""
    return VALUES["env"] + (VALUES[part].get("env", []) if part else [])


INIT = {container["name"]: container for container in VALUES["workers"]["extraInitContainers"]}


def walk(node: Any, path: str = "") -> list[tuple[str, Any]]:
    """Every leaf with its place."""
    if isinstance(node, dict):
        return [leaf for key, value in node.items() for leaf in walk(value, f"{path}.{key}")]
    if isinstance(node, list):
        return [leaf for number, value in enumerate(node) for leaf in walk(value, f"{path}[{number}]")]
    return [(path, node)]


def test_the_file_says_first_that_it_was_never_run():
    head = TEXT[: TEXT.index("\nexecutor:")]
    assert "never been run" in head and "never been checked against the chart's schema" in head
    page = (ROOT / "docs" / "scale.md").read_text(encoding="utf-8")
    assert "deploy/helm-values.yaml" in page and "never been run" in " ".join(page.split())


@pytest.mark.parametrize("part", PARTS)
def test_each_part_has_the_variables_of_its_service_and_no_other(part):
    wanted = set(environment(PARTS[part]))
    named = {entry["name"] for entry in given(part)}
    assert named <= wanted
    missing = wanted - named - set(config()) - set(BY_THE_CHART) - CHART_S_OWN
    # What .env may leave out is named in the comments of the values.
    optional = {name for name in missing if environment(PARTS[part])[name] is None}
    assert missing == optional
    assert [name for name in optional if name not in TEXT] == []


def test_options_are_those_of_the_compose_file():
    compose = environment("airflow-worker")
    assert set(config()) <= set(compose)
    for name, value in config().items():
        stated = re.sub(r"\$\{[A-Z_]+:-([^}$]*)\}", r"\1", str(compose[name]))
        if name != "AIRFLOW__API__BASE_URL":
            assert value.lower() == stated.lower(), name
    assert VALUES["executor"] == compose["AIRFLOW__CORE__EXECUTOR"]


@pytest.mark.parametrize("part", PARTS)
def test_plain_variables_have_the_values_of_the_compose_file(part):
    compose = environment(PARTS[part])
    for entry in given(part):
        if "value" in entry and "://" not in entry["value"]:
            assert entry["value"] == re.sub(r"\$\{[A-Z_]+:-([^}$]*)\}", r"\1", str(compose[entry["name"]]))


@pytest.mark.parametrize("name", ["warehouse-roles", "warehouse-migrate"])
def test_no_worker_begins_before_the_warehouse_is_made_ready(name):
    container = INIT[name]
    assert container["command"] == SERVICES[name]["entrypoint"]
    assert {entry["name"] for entry in container["env"]} == set(environment(name))


def test_airflow_is_prepared_as_in_the_compose_file():
    """But for the administrator, whose password would be kept."""
    job, compose = VALUES["migrateDatabaseJob"]["args"][-1], SERVICES["airflow-init"]["command"][-1]
    assert job.splitlines() == [line for line in compose.splitlines() if "users create" not in line]


def test_no_secret_is_in_the_file():
    every = [given(part) for part in PARTS] + [container["env"] for container in INIT.values()]
    for entries in every:
        for entry in entries:
            secret = SECRET_NAME.search(entry["name"]) and entry["name"] not in NOT_SECRET
            assert ("valueFrom" in entry) == bool(secret), entry["name"]
            if secret:
                assert set(entry["valueFrom"]["secretKeyRef"]) == {"name", "key"}
    for name, place in BY_THE_CHART.items():
        node = VALUES
        for key in place:
            node = node[key]
        assert isinstance(node, str) and node.startswith("cchc-"), name
    # An address with a password in it, or a key that somebody has pasted.
    for path, leaf in walk(VALUES):
        assert not re.search(r"://[^/\s]*:[^/\s]*@", str(leaf)), path
        assert not re.fullmatch(r"[A-Za-z0-9+/_=-]{32,}", str(leaf)) or "secret" in path.lower(), path


def test_image_migration_probes_and_memory_are_those_of_the_compose_file():
    tag = SERVICES["airflow-worker"]["image"].rpartition(":")[2]
    assert (VALUES["airflowVersion"], VALUES["images"]["airflow"]["tag"]) == (tag, tag)
    image = VALUES["images"]["airflow"]
    assert {c["image"] for c in INIT.values()} == {f"{image['repository']}:{image['tag']}"}
    for part, service in PARTS.items():
        limit = re.search(r"(\d+)g", str(SERVICES[service]["mem_limit"]))
        assert VALUES[part]["resources"]["limits"]["memory"] == f"{limit[1]}Gi", part
        check = SERVICES[service]["healthcheck"]
        probe = VALUES[part]["livenessProbe"]
        seconds = {"10s": 10, "30s": 30, "60s": 60, "2m": 120}
        assert probe["periodSeconds"] == seconds[check["interval"]], part
        assert probe["timeoutSeconds"] == seconds[check["timeout"]], part
        assert probe["failureThreshold"] == check["retries"], part


def test_databases_and_queue_are_brought_not_made_by_the_chart():
    assert VALUES["postgresql"]["enabled"] is False
    assert VALUES["redis"]["enabled"] is False
    assert COMPOSE["volumes"].keys() >= {"landing", "logs"}
    mounts = {mount["mountPath"] for mount in VALUES["workers"]["extraVolumeMounts"]}
    assert mounts == {environment("airflow-worker")[name] for name in ("CCHC_LANDING_DIR", "CCHC_FORM_DIR")}
