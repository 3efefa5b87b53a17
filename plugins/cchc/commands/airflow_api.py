"""A small client of Airflow's public REST API: start runs, watch them, say why one failed."""

import os
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from cchc import errors
from cchc.errors import CchcError

Run = dict[str, Any]
Entry = dict[str, Any]
# What every DAG of this project is marked with.
TAG = "cchc"
FAILED_TASK_STATES = ("failed", "upstream_failed")


class AirflowApiError(CchcError):
    """The API refused a request, or did not answer."""


class RunExists(AirflowApiError):
    """A run of this name is there already."""


class AirflowApi:
    """Talks to one Airflow; signs in when first needed and again when the token has expired."""

    def __init__(self, address: str, user: str, password: str) -> None:
        self.address = address.rstrip("/")
        self._user, self._password = user, password
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy and no .netrc: it is a program of this installation
        # A refused connection is safe to repeat for every method, an answer only for GET.
        retry = Retry(total=4, backoff_factor=0.3, status_forcelist=(500, 502, 503, 504))
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(max_retries=retry))

    @classmethod
    def of_environment(cls) -> "AirflowApi":
        """The Airflow that CCHC_AIRFLOW_URL, _USER and _PASSWORD name; raises CchcError for one missing."""
        names = ("CCHC_AIRFLOW_URL", "CCHC_AIRFLOW_USER", "CCHC_AIRFLOW_PASSWORD")
        if missing := [name for name in names if not os.environ.get(name)]:
            raise CchcError(
                f"{', '.join(missing)} not set. Expected the address of Airflow's UI, and a user of it who "
                f"may start runs with its password."
            )
        address, user, password = (os.environ[name] for name in names)
        try:
            parts = urlsplit(address)
            host = (parts.hostname or "").encode("idna")  # as it is looked up: not every name can be
            is_address = parts.scheme in ("http", "https") and host and parts.port != 0
        except ValueError:
            is_address = False
        if not is_address:
            raise CchcError(
                f"CCHC_AIRFLOW_URL={address!r} is no address. Expected that of Airflow's UI, for example "
                f"http://localhost:8080."
            )
        return cls(address, user, password)

    def health(self) -> dict[str, str | None]:
        """Status of scheduler, dag_processor, triggerer; empty while nobody answers."""
        return {name: (part or {}).get("status") for name, part in self._parts().items()}

    def scheduler_heartbeat(self) -> str | None:
        """When the scheduler last came round; None while nobody answers."""
        return (self._parts().get("scheduler") or {}).get("latest_scheduler_heartbeat")

    def _parts(self) -> dict[str, Any]:
        try:
            with requests.Session() as session:
                session.trust_env = False
                answer = session.get(f"{self.address}/api/v2/monitor/health", timeout=2)
            parts: dict[str, Any] = answer.json() if answer.ok else {}
        except (requests.RequestException, ValueError):
            return {}
        return parts

    def dag(self, dag_id: str) -> dict[str, Any] | None:
        """What Airflow says of a DAG; None when it does not know it."""
        found: dict[str, Any] | None = self._call("GET", f"/dags/{dag_id}", missing_ok=True)
        return found

    def dag_ids(self) -> set[str]:
        return {dag["dag_id"] for dag in self._pages("/dags", "dags")}

    def import_errors(self) -> list[tuple[str, str]]:
        """(file, traceback) of each DAG file that could not be read."""
        errors = self._pages("/importErrors", "import_errors")
        return [(error["filename"], error["stack_trace"]) for error in errors]

    def paused(self) -> list[str]:
        """The DAGs of this project that are paused: they take no run, not even one that is asked for."""
        return sorted(dag["dag_id"] for dag in self._pages("/dags", "dags", paused=True, tags=[TAG]))

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
        """Creates a run; the scheduler starts it when the DAG's max_active_runs allows. Raises RunExists."""
        body: dict[str, Any] = {
            "logical_date": logical_date.isoformat() if logical_date else None,
            "conf": conf or {},
        }
        if run_id:
            body["dag_run_id"] = run_id
        if partition_key:
            body["partition_key"] = partition_key
        run: Run = self._call("POST", f"/dags/{dag_id}/dagRuns", json=body)
        return run

    def run(self, dag_id: str, run_id: str) -> Run | None:
        run: Run | None = self._call("GET", f"/dags/{dag_id}/dagRuns/{run_id}", missing_ok=True)
        return run

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

    def questions(self, run: Run) -> list[dict[str, Any]]:
        """What people are asked in a run and have not answered: each with its task instance."""
        found = self._pages(f"{_path(run)}/hitlDetails", "hitl_details")
        return [question for question in found if not question["response_received"]]

    def answer(self, question: dict[str, Any], *, approve: bool, reason: str | None = None) -> None:
        """Answers a question as this user; raises AirflowApiError for one who is not asked."""
        task = question["task_instance"]
        path = f"/dags/{task['dag_id']}/dagRuns/{task['dag_run_id']}/taskInstances/{task['task_id']}"
        body = {"chosen_options": ["Approve" if approve else "Reject"], "params_input": {"ly_do": reason}}
        self._call("PATCH", f"{path}/{task['map_index']}/hitlDetails", json=body)

    def task_log(self, task: dict[str, Any]) -> list[Entry]:
        """The log of a task's last attempt, an entry each line."""
        path = f"/dags/{task['dag_id']}/dagRuns/{task['dag_run_id']}/taskInstances/{task['task_id']}"
        query = {"map_index": task["map_index"], "full_content": True}
        answer = self._call("GET", f"{path}/logs/{task['try_number']}", params=query)
        return [entry for entry in answer["content"] if isinstance(entry, dict)]

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
            taken = answer.status_code == requests.codes.conflict
            raise (RunExists if taken and path.endswith("/dagRuns") else AirflowApiError)(
                f"Airflow answered {answer.status_code} to {method} {path}: {_reason(answer)}"
            )
        try:
            return answer.json() if answer.content else None
        except ValueError as error:
            raise AirflowApiError(
                f"What answers {method} {path} at {self.address} is not Airflow: it sends no JSON."
            ) from error

    def _send(self, method: str, path: str, **kwargs: Any) -> requests.Response:
        try:
            return self._send_signed_in(method, path, **kwargs)
        except requests.RequestException as error:
            raise AirflowApiError(
                f"Airflow at {self.address} does not answer ({type(error).__name__})."
            ) from error

    def _send_signed_in(self, method: str, path: str, **kwargs: Any) -> requests.Response:
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
        try:
            self._session.headers["Authorization"] = f"Bearer {token.json()['access_token']}"
        except (ValueError, KeyError, TypeError) as error:
            raise AirflowApiError(
                f"What answers at {self.address} is not Airflow: it gives no token."
            ) from error
        return self._session.request(method, url, timeout=30, **kwargs)


def task_log_file(task: dict[str, Any]) -> Path | None:
    """The log file of a task's last attempt where it can be read here: by Airflow's default template."""
    base = os.environ.get("AIRFLOW__LOGGING__BASE_LOG_FOLDER")
    if not base:
        base = f"{os.environ.get('AIRFLOW_HOME', '')}/logs"
    path = Path(base) / f"dag_id={task['dag_id']}" / f"run_id={task['dag_run_id']}"
    path /= f"task_id={task['task_id']}"
    if task["map_index"] >= 0:
        path /= f"map_index={task['map_index']}"
    path /= f"attempt={task['try_number']}.log"
    return path if path.is_file() else None


def error_in(log: list[Entry]) -> str | None:
    """What the last error of a log says, in one line; the package's own errors say all by themselves."""
    for entry in reversed(log):
        details = entry.get("error_detail") or []
        if details:
            # The first is the error that ended the task, what follows is what it came from.
            kind, text = details[0].get("exc_type", ""), " ".join(str(details[0].get("exc_value")).split())
            known = getattr(errors, kind, None)
            ours = isinstance(known, type) and issubclass(known, CchcError)
            return text if ours else f"{kind}: {text}"
    last = [entry["event"] for entry in log if entry.get("level") in ("error", "critical")]
    return " ".join(str(last[-1]).split()) if last else None


def _path(run: Run) -> str:
    return f"/dags/{run['dag_id']}/dagRuns/{run['dag_run_id']}"


def _reason(answer: requests.Response) -> str:
    try:
        return str(answer.json().get("detail", answer.text))[:500]
    except ValueError:
        return answer.text[:500]
