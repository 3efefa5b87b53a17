"""A mail server and a chat tool on loopback that keep what they are given."""

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypeVar


class MailServer(socketserver.ThreadingTCPServer):
    """A mail server that keeps what it is given, or hangs up on everybody."""

    daemon_threads = True

    def __init__(self, hangs_up: bool = False) -> None:
        super().__init__(("127.0.0.1", 0), MailSession)
        self.hangs_up = hangs_up
        self.recipients: list[str] = []
        self.letters: list[EmailMessage] = []

    @property
    def connection(self) -> str:
        """What AIRFLOW_CONN_SMTP_DEFAULT is set to."""
        options = "disable_ssl=true&disable_tls=true&from_email=kho@example.com"
        return f"smtp://127.0.0.1:{self.server_address[1]}?{options}"


class MailSession(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        if self.server.hangs_up:
            return
        self._say("220 ready")
        while line := self.rfile.readline().decode().strip():
            if line.upper().startswith("RCPT TO:"):
                self.server.recipients.append(line[8:].split()[0].strip("<>"))
            if line.upper() == "DATA":
                self._say("354 go on")
                lines = b"".join(iter(self.rfile.readline, b".\r\n"))
                self.server.letters.append(message_from_bytes(lines, policy=policy.default))
            self._say("221 bye" if line.upper() == "QUIT" else "250 ok")

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


class ChatTool(ThreadingHTTPServer):
    """Takes POSTs and answers with `status`; a redirect leads to `elsewhere`."""

    def __init__(self, status: int = 200, elsewhere: str = "") -> None:
        super().__init__(("127.0.0.1", 0), ChatRequest)
        self.status, self.elsewhere = status, elsewhere
        # Path, headers and body of each.
        self.taken: list[tuple[str, dict[str, str], dict]] = []

    @property
    def port(self) -> int:
        return self.server_address[1]


class ChatRequest(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.taken.append((self.path, dict(self.headers), body))
        self.send_response(self.server.status)
        if self.server.elsewhere:
            self.send_header("Location", self.server.elsewhere)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Says nothing."""


Server = TypeVar("Server", bound=socketserver.BaseServer)


@contextmanager
def running(server: Server) -> Iterator[Server]:
    with server:
        # It looks for the end so often.
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.shutdown()
