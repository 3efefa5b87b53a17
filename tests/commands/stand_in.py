"""A stand-in for Airflow that answers over HTTP as its public REST API does."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

LONG_AGO = "2000-01-01T00:00:00+00:00"
UNDER_WAY, ENDED = ["queued", "running"], ["success", "failed"]


class Airflow:
    """Answers like Airflow's API. `becomes`: what becomes of a triggered run, by its DAG and conf, when
    somebody asks for it, or after they were listed."""

    def __init__(self, becomes: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        self.becomes = becomes
        self.triggered: list[dict[str, Any]] = []
        self.failed: list[dict[str, Any]] = []
        self.log: list[dict[str, Any]] = []
        self.paused: set[str] = set()
        self.dags = {"ingest_file", "refresh_chi_so"}
        self.password = "dung"

    def answer(self, method: str, path: str, body: dict[str, Any]) -> tuple[int, Any]:  # noqa: PLR0911
        path, _, query = path.partition("?")
        if path == "/auth/token":
            right = body == {"username": "cchc", "password": self.password}
            return (201, {"access_token": "t"}) if right else (401, {"detail": "Invalid credentials"})
        parts = path.removeprefix("/api/v2/").split("/")
        if parts[-1] == "dagRuns" and method == "POST":
            run = {"dag_run_id": f"manual__{len(self.triggered)}", "partition_key": None} | body
            run |= {"dag_id": parts[1], "state": "queued", "run_after": datetime.now(UTC).isoformat()}
            names = {(one["dag_id"], one["dag_run_id"]) for one in self.triggered}
            if (run["dag_id"], run["dag_run_id"]) in names:
                return 409, {"detail": "The DagRun already exists"}
            self.triggered.append(run)
            return 200, run
        if "logs" in parts:
            return 200, {"content": self.log, "continuation_token": None}
        if parts[-1] == "taskInstances":
            listed = self.failed if "state=failed" in query else []
            return 200, {"task_instances": listed, "total_entries": len(listed)}
        if parts[-1] == "dagRuns":
            states = parse_qs(query).get("state", UNDER_WAY + ENDED)
            (since,) = map(datetime.fromisoformat, parse_qs(query).get("start_date_gte", [LONG_AGO]))
            found = [
                dict(run)
                for run in self.triggered
                if run["dag_id"] == parts[1]
                and run["state"] in states
                and datetime.fromisoformat(run["run_after"]) >= since
            ]
            # What is listed goes on meanwhile.
            for run in self.triggered:
                if run["dag_id"] == parts[1]:
                    self._becomes(run)
            return 200, {"dag_runs": found, "total_entries": len(found)}
        if parts[-2] == "dagRuns":
            (run,) = [r for r in self.triggered if (r["dag_id"], r["dag_run_id"]) == (parts[1], parts[-1])]
            self._becomes(run)
            return 200, run
        if parts[0] == "dags" and parts[1] in self.dags:
            return 200, {"dag_id": parts[1], "is_paused": parts[1] in self.paused}
        return 404, {"detail": "not found"}

    def _becomes(self, run: dict[str, Any]) -> None:
        if run["state"] not in ENDED:
            run |= self.becomes(run)


@contextmanager
def answering(airflow: Airflow) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else {}
            status, content = airflow.answer(self.command, self.path, body)
            text = content if isinstance(content, bytes) else json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = _answer

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
