"""A pull has an end, whatever name, network and certificate do; and no log holds what an answer held."""

import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from cchc.errors import SourceRefused, SourceUnavailable
from cchc.sources.tthc import TthcClient
from cchc.sources.wire import Limits
from tests.sources.lying_source import LIST, SECRET, TOKEN, UNTIL, lying, try_mode


def pull(address: str, seconds: float = 1.0, **other: object) -> None:
    client = TthcClient(address, "kho", SECRET, retry_total=0, limits=Limits(seconds, 8_000_000), **other)
    for _ in client.export(LIST, None, UNTIL, whole=False):
        pass


# The end --------------------------------------------------------------------------------------


def test_a_name_that_is_looked_up_for_ever_does_not_outlast_the_pull(monkeypatch):
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: over.wait(30) and [])
    began = time.monotonic()
    try:
        with pytest.raises(SourceUnavailable, match="took longer"):
            pull("https://tthc.example.vn", 0.5)
    finally:
        over.set()
    assert time.monotonic() - began < 3


def test_an_end_that_comes_while_connecting_ends_what_is_connected_later():
    dripped = threading.Event()
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        # Those that wait fill the queue: the next one is answered when it is sent again, a second later.
        listener.listen(0)
        waiting = []
        for _ in range(4):
            other = socket.socket()
            other.setblocking(False)
            other.connect_ex(listener.getsockname())
            waiting.append(other)

        def serve() -> None:
            time.sleep(0.8)
            while not dripped.is_set():
                opened, _ = listener.accept()
                threading.Thread(target=drip, args=(opened,), daemon=True).start()

        def drip(opened: socket.socket) -> None:
            with opened:
                try:
                    opened.sendall(b"HTTP/1.1 200 OK\r\nX: ")
                    while not dripped.wait(0.1):
                        opened.sendall(b"x")
                except OSError:
                    pass

        threading.Thread(target=serve, daemon=True).start()
        began = time.monotonic()
        try:
            with pytest.raises(SourceUnavailable, match="took longer"):
                pull(f"http://127.0.0.1:{listener.getsockname()[1]}", 0.6)
        finally:
            dripped.set()
            for other in waiting:
                other.close()
        assert time.monotonic() - began < 3


# Logs -----------------------------------------------------------------------------------------


def test_no_log_holds_what_stood_where_headers_belong(caplog):
    caplog.set_level(logging.DEBUG)
    assert try_mode("no_header").kind == "landed"
    warned = [record for record in caplog.records if "Failed to parse headers" in record.getMessage()]
    assert warned
    assert {record.exc_info for record in warned} == {None}
    assert TOKEN not in caplog.text
    assert SECRET not in caplog.text


# Certificates ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificates(tmp_path_factory) -> Callable[[str, timedelta], tuple[Path, Path]]:
    """Makes a certificate of a name, signed by itself, that lasts so long from now; and its key."""
    folder = tmp_path_factory.mktemp("certificates")

    def make(name: str, lasts: timedelta) -> tuple[Path, Path]:
        key, who = (
            ec.generate_private_key(ec.SECP256R1()),
            x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]),
        )
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(who)
            .issuer_name(who)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=9))
            .not_valid_after(now + lasts)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
            .sign(key, hashes.SHA256())
        )
        paths = folder / f"{name}-{lasts.days}.pem", folder / f"{name}-{lasts.days}.key"
        paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        paths[1].write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return paths

    return make


@pytest.fixture
def encrypted() -> Iterator[Callable[[tuple[Path, Path]], int]]:
    """Serves with a certificate; gives the port. Everything is answered with nothing."""
    servers = []

    class Nothing(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(503)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    def serve(paths: tuple[Path, Path]) -> int:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*paths)
        server = HTTPServer(("127.0.0.1", 0), Nothing)
        server.handle_error = lambda *_: None  # type: ignore[method-assign]
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return server.server_port

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


YEAR = timedelta(days=365)


@pytest.mark.parametrize(
    ("name", "lasts", "trusted", "says"),
    [
        ("localhost", YEAR, True, None),
        ("localhost", YEAR, False, "an authority that is not known here. .*ca_bundle in the extras"),
        ("tthc.example.vn", YEAR, True, "of another name than the address has. Correct the address"),
        ("localhost", -timedelta(days=2), True, "has run out or is not valid yet"),
    ],
)
def test_what_is_wrong_with_a_certificate_is_told_with_what_to_do(
    certificates, encrypted, name: str, lasts: timedelta, trusted: bool, says: str | None
):
    paths = certificates(name, lasts)
    address = f"https://localhost:{encrypted(paths)}"
    bundle = str(paths[0]) if trusted else None
    if says is None:
        with pytest.raises(SourceUnavailable, match="HTTP 503"):
            pull(address, 5, ca_bundle=bundle)
    else:
        with pytest.raises(SourceRefused, match=f"{says}.*connection cchc_tthc"):
            pull(address, 5, ca_bundle=bundle)


def test_what_speaks_no_tls_is_told():
    with lying("honest") as (client, asked):
        address = client.base_url.replace("http:", "https:")
        with pytest.raises(SourceUnavailable, match="no answer: what answers there speaks no TLS"):
            pull(address, 5)
        assert asked() == (0, 0)


def test_a_file_of_authorities_that_is_none_is_told_before_anything_is_asked(tmp_path):
    garbage = tmp_path / "rac.pem"
    garbage.write_text("x", encoding="utf-8")
    for bundle in (tmp_path / "khong-co.pem", tmp_path, garbage):
        with pytest.raises(SourceRefused, match=r"cchc_tthc: ca_bundle=.* is no file with certificates"):
            pull("https://localhost:9", ca_bundle=str(bundle))
