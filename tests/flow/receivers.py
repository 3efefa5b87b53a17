"""A mail server and a chat tool on loopback that keep what they are given."""

import contextlib
import json
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypeVar


class MailServer(socketserver.ThreadingTCPServer):
    """A mail server that keeps what it is given, or hangs up on everybody.

    `refuses`: what it says to an address instead of yes; `after`: what it says after a letter.
    """

    daemon_threads = True

    def __init__(
        self, hangs_up: bool = False, refuses: dict[str, str] | None = None, after: str = "250 ok"
    ) -> None:
        super().__init__(("127.0.0.1", 0), MailSession)
        self.hangs_up, self.refuses, self.after = hangs_up, refuses or {}, after
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
            answer = "250 ok"
            if line.upper().startswith("RCPT TO:"):
                recipient = line[8:].split()[0].strip("<>")
                self.server.recipients.append(recipient)
                answer = self.server.refuses.get(recipient, answer)
            if line.upper() == "DATA":
                self._say("354 go on")
                lines = b"".join(iter(self.rfile.readline, b".\r\n"))
                self.server.letters.append(message_from_bytes(lines, policy=policy.default))
                answer = self.server.after
            self._say("221 bye" if line.upper() == "QUIT" else answer)

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


class ChatTool(ThreadingHTTPServer):
    """Takes POSTs and answers with `status`; a redirect leads to `elsewhere`.

    `says`: the body of its answer; `slow_s`: how long each of a hundred lines of its head takes.
    """

    daemon_threads = True
    block_on_close = False

    def __init__(self, status: int = 200, elsewhere: str = "", says: bytes = b"", slow_s: float = 0) -> None:
        super().__init__(("127.0.0.1", 0), ChatRequest)
        self.status, self.elsewhere, self.says, self.slow_s = status, elsewhere, says, slow_s
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
        for number in range(100 if self.server.slow_s else 0):
            time.sleep(self.server.slow_s)
            self.send_header(f"X-{number}", "x")
            with contextlib.suppress(OSError):
                self.flush_headers()
        self.send_header("Content-Length", str(len(self.server.says)))
        with contextlib.suppress(OSError):
            self.end_headers()
            self.wfile.write(self.server.says)

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
