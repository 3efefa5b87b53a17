"""A small client of Airflow's public REST API: start runs, watch them, say why one failed."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

Run = dict[str, Any]
FAILED_TASK_STATES = ("failed", "upstream_failed")


class AirflowApiError(Exception):
    """The API refused a request."""


class AirflowApi:
    """Talks to one Airflow; signs in when first needed and again when the token has expired."""

    def __init__(self, address: str, user: str, password: str) -> None:
        self.address = address
        self._user, self._password = user, password
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy and no .netrc for a program on this machine
        # A refused connection is safe to repeat for every method, an answer only for GET.
        retry = Retry(total=4, backoff_factor=0.3, status_forcelist=(500, 502, 503, 504))
        self._session.mount("http://", HTTPAdapter(max_retries=retry))

    def health(self) -> dict[str, str | None]:
        """Status of scheduler, dag_processor, triggerer; empty while nobody answers."""
        try:
            with requests.Session() as session:
                session.trust_env = False
                answer = session.get(f"{self.address}/api/v2/monitor/health", timeout=2)
            parts = answer.json() if answer.ok else {}
        except (requests.RequestException, ValueError):
            return {}
        return {name: (part or {}).get("status") for name, part in parts.items()}

    def dag_ids(self) -> set[str]:
        return {dag["dag_id"] for dag in self._pages("/dags", "dags")}

    def import_errors(self) -> list[tuple[str, str]]:
        """(file, traceback) of each DAG file that could not be read."""
        errors = self._pages("/importErrors", "import_errors")
        return [(error["filename"], error["stack_trace"]) for error in errors]

    def ensure_pool(self, name: str, slots: int) -> None:
        """Makes the pool if there is none: a task whose pool is missing waits for ever."""
        if self._call("GET", f"/pools/{name}", missing_ok=True) is None:
            self._call("POST", "/pools", json={"name": name, "slots": slots})

    def unpause(self, dag_id: str) -> None:
        self._call("PATCH", f"/dags/{dag_id}", json={"is_paused": False})

    def trigger(
        self,
        dag_id: str,
        *,
        run_id: str | None = None,
        conf: dict[str, Any] | None = None,
        logical_date: datetime | None = None,
        partition_key: str | None = None,
    ) -> Run:
        """Creates a run; the scheduler starts it when the DAG's max_active_runs allows."""
        body: dict[str, Any] = {
            "logical_date": logical_date.isoformat() if logical_date else None,
            "conf": conf or {},
        }
        if run_id:
            body["dag_run_id"] = run_id
        if partition_key:
            body["partition_key"] = partition_key
        return self._call("POST", f"/dags/{dag_id}/dagRuns", json=body)

    def run(self, dag_id: str, run_id: str) -> Run | None:
        return self._call("GET", f"/dags/{dag_id}/dagRuns/{run_id}", missing_ok=True)

    def runs(self, dag_id: str, **filters: Any) -> list[Run]:
        """Runs of a DAG; filters as in the API, for example state=["running"], end_date_gte=…"""
        return self._pages(f"/dags/{dag_id}/dagRuns", "dag_runs", **filters)

    def repeat_failed(self, run: Run) -> None:
        """Clears the failed tasks of a finished run, so that it goes on where it stopped."""
        self._call("POST", f"{_path(run)}/clear", json={"dry_run": False, "only_failed": True})

    def task_instances(self, run: Run | None = None, **filters: Any) -> list[dict[str, Any]]:
        """Tasks of a run, or of all runs."""
        path = _path(run) if run else "/dags/~/dagRuns/~"
        return self._pages(f"{path}/taskInstances", "task_instances", **filters)

    def _pages(self, path: str, key: str, **filters: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while True:
            query = filters | {"limit": 100, "offset": len(found)}
            page = self._call("GET", path, params=query)
            found += page[key]
            if not page[key] or len(found) >= page["total_entries"]:
                return found

    def _call(self, method: str, path: str, missing_ok: bool = False, **kwargs: Any) -> Any:
        answer = self._send(method, path, **kwargs)
        if answer.status_code == requests.codes.not_found and missing_ok:
            return None
        if not answer.ok:
            raise AirflowApiError(
                f"Airflow answered {answer.status_code} to {method} {path}: {_reason(answer)}"
            )
        return answer.json() if answer.content else None

    def _send(self, method: str, path: str, **kwargs: Any) -> requests.Response:
        url = f"{self.address}/api/v2{path}"
        if "Authorization" in self._session.headers:
            answer = self._session.request(method, url, timeout=30, **kwargs)
            if answer.status_code != requests.codes.unauthorized:
                return answer
        body = {"username": self._user, "password": self._password}
        token = self._session.post(f"{self.address}/auth/token", json=body, timeout=30)
        if not token.ok:
            raise AirflowApiError(
                f"Airflow refused the user {self._user} ({token.status_code}): {_reason(token)}"
            )
        self._session.headers["Authorization"] = f"Bearer {token.json()['access_token']}"
        return self._session.request(method, url, timeout=30, **kwargs)


def task_log(folder: Path, task: dict[str, Any]) -> Path:
    """The log file of a task's last attempt, as Airflow's default template names it."""
    path = folder / f"dag_id={task['dag_id']}" / f"run_id={task['dag_run_id']}"
    path /= f"task_id={task['task_id']}"
    if task["map_index"] >= 0:
        path /= f"map_index={task['map_index']}"
    return path / f"attempt={task['try_number']}.log"


def last_lines(log: Path, count: int = 12) -> list[str]:
    """The end of a task log in readable form: level, text, and what an error says of itself."""
    try:
        raw = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        return [f"(no log: {error})"]
    lines: list[str] = []
    for text in raw:
        try:
            entry = json.loads(text)
        except ValueError:
            lines.append(text)
            continue
        if not isinstance(entry, dict):
            lines.append(text)
            continue
        lines.append(f"{entry.get('level', '')}: {entry.get('event', '')}")
        details = entry.get("error_detail") or []
        lines += [f"  {error.get('exc_type')}: {error.get('exc_value')}" for error in details]
    errors = [number for number, line in enumerate(lines) if line.startswith("error: ")]
    # What follows an error is the machinery's clean-up; the error itself is what helps.
    start = max(0, min(errors[-1] if errors else len(lines), len(lines) - 1) - count + 4)
    return lines[start : start + count]


def _path(run: Run) -> str:
    return f"/dags/{run['dag_id']}/dagRuns/{run['dag_run_id']}"


def _reason(answer: requests.Response) -> str:
    try:
        return str(answer.json().get("detail", answer.text))[:500]
    except ValueError:
        return answer.text[:500]
