"""One host over HTTP, within a time and a number of bytes, whatever it answers; follows it nowhere else."""

import contextlib
import ipaddress
import logging
import os
import re
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter

from cchc.errors import BadDefinition

CONNECT_S, READ_S = 10, 120
READ_BYTES = 1 << 16
PIECE_BYTES = 1 << 20
GZIP = 16 + zlib.MAX_WBITS
MINUTES, MEGABYTES = "CCHC_PULL_MINUTES", "CCHC_PULL_MB"


# Numbers of OpenSSL for what is wrong with a certificate.
UNKNOWN_AUTHORITY, OTHER_NAME, RUN_OUT = (18, 19, 20, 21), (62, 64), (9, 10)


class NoAnswer(Exception):
    """No answer, or one that broke off; says why in words that hold nothing of what came."""


class NotTrusted(Exception):
    """The host has no certificate that is accepted; says why and what to do."""


class TooMuch(Exception):
    """More than the limits allow; says which limit."""


class TooLong(TooMuch):
    """More time than the limits allow."""


@dataclass(frozen=True)
class Limits:
    """What one pull may take: `seconds` in all, `size_bytes` of answers as they are when unpacked."""

    seconds: float
    size_bytes: int

    @classmethod
    def of_environment(cls) -> "Limits":
        """CCHC_PULL_MINUTES and CCHC_PULL_MB; raises BadDefinition for what is no number above 0."""
        return cls(60 * _setting(MINUTES, 25), int(1e6 * _setting(MEGABYTES, 4000)))


def _setting(name: str, default: float) -> float:
    text = os.environ.get(name, "").strip()
    try:
        value = float(text) if text else default
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise BadDefinition(f"{name}={text!r}: expected a number above 0, for example {default:g}.")
    return value


@dataclass
class Answer:
    """An answer as it comes: `headers` in any case, the body by `chunks`, unpacked, once."""

    status: int
    headers: Mapping[str, str]
    chunks: Iterator[bytes]

    def close(self) -> None:
        """Gives up what has not come yet."""
        self.chunks.close()  # type: ignore[attr-defined]


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine itself."""
    if host == "localhost":
        return True
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return False


@dataclass
class Wire:
    """Asks the host of `base_url`; the clock of `limits` starts with the first request.

    Neither redirects nor proxies and `.netrc` of the environment are followed. `ca_bundle`: the file with
    the authorities that may have signed the host's certificate, instead of the usual ones.
    """

    base_url: str
    limits: Limits
    ca_bundle: str | None = None
    received: int = field(default=0, init=False)
    _ends: float | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._session = _NoRedirects()
        self._session.trust_env = False
        self._session.verify = self.ca_bundle or True
        self._session.headers["Accept-Encoding"] = "gzip"
        self._cut = _CanBeCut()
        self._session.mount("http://", self._cut)
        self._session.mount("https://", self._cut)

    @property
    def host(self) -> str:
        return urlsplit(self.base_url).hostname or ""

    @property
    def left_s(self) -> float:
        """How much time is left; raises TooLong when none is."""
        if self._ends is None:
            self._ends = time.monotonic() + self.limits.seconds
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TooLong(f"the pull took longer than {self.limits.seconds / 60:g} minutes ({MINUTES})")
        return left

    def ask(self, method: str, path: str, token: str | None, **options: Any) -> Answer:
        """The answer's status and headers; its body is still to come. Raises NoAnswer and TooMuch."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        watch = self._cut.over_after(self.left_s)
        try:
            response = self._session.request(
                method,
                f"{self.base_url}{path}",
                timeout=(CONNECT_S, READ_S),
                allow_redirects=False,
                stream=True,
                headers=headers,
                **options,
            )
        except (
            requests.RequestException,
            urllib3.exceptions.HTTPError,
            HTTPException,
            OSError,
            ValueError,
        ) as error:
            watch.cancel()
            self.left_s  # noqa: B018 - raises when it was cut off
            if isinstance(error, requests.exceptions.SSLError):
                raise _of_encryption(error) from None
            raise NoAnswer(f"no answer ({type(error).__name__})") from None
        except BaseException:
            watch.cancel()
            raise
        chunks = self._chunks(response, watch)
        next(chunks)  # from here on closing it ends the watch
        return Answer(response.status_code, response.headers, chunks)

    def _chunks(self, response: requests.Response, watch: threading.Timer) -> Iterator[bytes]:
        """Nothing first, then the body in pieces of at most PIECE_BYTES."""
        whole = False
        try:
            yield b""
            encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
            if encoding not in ("", "identity", "gzip", "x-gzip"):
                raise NoAnswer("it is packed in another way than gzip, which was not asked for")
            unpacked = _unpacked if "gzip" in encoding else _as_it_is
            for piece in unpacked(_raw(response)):
                self.received += len(piece)
                if self.received > self.limits.size_bytes:
                    raise TooMuch(
                        f"the answers are more than {self.limits.size_bytes / 1e6:g} MB when unpacked "
                        f"({MEGABYTES})"
                    )
                self.left_s  # noqa: B018 - raises when there is none
                yield piece
            # Cut off, a body without a length only seems to end.
            self.left_s  # noqa: B018
            whole = True
        except (
            requests.RequestException,
            urllib3.exceptions.HTTPError,
            HTTPException,
            OSError,
            zlib.error,
            ValueError,
        ) as error:
            self.left_s  # noqa: B018
            raise NoAnswer(f"the answer broke off ({type(error).__name__})") from None
        finally:
            watch.cancel()
            if not whole:
                # Closing it politely would read the rest.
                self._cut.now()
            response.close()


def _raw(response: requests.Response) -> Iterator[bytes]:
    # Not more than has come: waiting for a full block, a byte a second would be waited for all day.
    while piece := response.raw.read1(READ_BYTES, decode_content=False):
        yield piece


def _as_it_is(pieces: Iterator[bytes]) -> Iterator[bytes]:
    yield from pieces


def _unpacked(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """What gzip holds, never more than PIECE_BYTES at once: a megabyte may hold a gigabyte."""
    member = zlib.decompressobj(GZIP)
    begun = False
    for piece in pieces:
        packed = piece
        while packed:
            if member.eof:
                member = zlib.decompressobj(GZIP)
            begun = True
            yield member.decompress(packed, PIECE_BYTES)
            packed = member.unused_data if member.eof else member.unconsumed_tail
        while begun and not member.eof and (rest := member.decompress(b"", PIECE_BYTES)):
            yield rest
    if begun and not member.eof:
        raise NoAnswer("the answer broke off (its gzip has no end)")


class _NoRedirects(requests.Session):
    """Looks at no redirect: even where it follows none, requests reads its body whole and its address."""

    def get_redirect_target(self, resp: requests.Response) -> None:  # noqa: ARG002 - as requests calls it
        return None


class _CanBeCut(HTTPAdapter):
    """Opens connections that another thread can end: no time-out of a single read ends a slow answer.

    Looking up a name and connecting end with the pull, too. No cookie is read, hence none sent.
    """

    def __init__(self) -> None:
        self._open: socket.socket | None = None
        self._lock = threading.Lock()
        self._over: float | None = None
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, **options)
        connect = self._connect

        class Plain(urllib3.connection.HTTPConnection):
            def _new_conn(self) -> socket.socket:
                return connect(self)

        class Encrypted(urllib3.connection.HTTPSConnection):
            def _new_conn(self) -> socket.socket:
                return connect(self)

        class PlainPool(urllib3.HTTPConnectionPool):
            ConnectionCls = Plain

        class EncryptedPool(urllib3.HTTPSConnectionPool):
            ConnectionCls = Encrypted

        self.poolmanager.pool_classes_by_scheme = {"http": PlainPool, "https": EncryptedPool}

    def build_response(self, req: requests.PreparedRequest, resp: Any) -> requests.Response:
        original = getattr(resp, "_original_response", None)
        if original is not None and original.msg is not None:
            del original.msg["Set-Cookie"]
        return super().build_response(req, resp)

    def over_after(self, seconds: float) -> threading.Timer:
        """Ends the connection, also one that is being opened, after that time, unless cancelled."""
        self._over = time.monotonic() + seconds
        timer = threading.Timer(seconds, self.now)
        timer.daemon = True
        timer.start()
        return timer

    def now(self) -> None:
        """Ends the connection that is open."""
        with self._lock:
            if self._open is not None:
                with contextlib.suppress(OSError):
                    self._open.shutdown(socket.SHUT_RDWR)

    def _connect(self, connection: urllib3.connection.HTTPConnection) -> socket.socket:
        failed: OSError | None = None
        for family, kind, protocol, _, address in _addresses(connection.host, connection.port, self._left()):
            opened = socket.socket(family, kind, protocol)
            try:
                for option in connection.socket_options or ():
                    opened.setsockopt(*option)
                opened.settimeout(min(CONNECT_S, self._left()))
                opened.connect(address)
                self._keep(opened)
                return opened
            except OSError as error:
                opened.close()
                failed = error
        raise failed or OSError("the name has no address")

    def _left(self) -> float:
        left = CONNECT_S if self._over is None else self._over - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def _keep(self, opened: socket.socket) -> None:
        # A second handle of the same connection: encryption takes the first one over.
        with self._lock:
            if self._open is not None:
                self._open.close()
            self._open = opened.dup()
        # The end may have come before there was a connection to end.
        self._left()

    def close(self) -> None:
        super().close()
        with self._lock:
            if self._open is not None:
                self._open.close()
                self._open = None


def _addresses(host: str, port: int, seconds: float) -> list[tuple[Any, ...]]:
    """What a name stands for, within that time: looking it up cannot be ended, only left alone."""
    found: list[tuple[Any, ...]] = []
    failed: list[OSError] = []

    def look_up() -> None:
        try:
            found.extend(socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            failed.append(OSError(str(error)))

    thread = threading.Thread(target=look_up, daemon=True)
    thread.start()
    thread.join(min(seconds, threading.TIMEOUT_MAX))
    if failed:
        raise failed[0]
    if thread.is_alive():
        raise TimeoutError
    return found


def _of_encryption(error: BaseException) -> Exception:
    """What is wrong with the encryption, in fixed words: a certificate is somebody's text, too."""
    current: BaseException | None = error
    for _ in range(10):
        if current is None or isinstance(current, ssl.SSLCertVerificationError):
            break
        current = current.__cause__ or current.__context__
    if not isinstance(current, ssl.SSLCertVerificationError):
        return NoAnswer("no answer: what answers there speaks no TLS, or in a way that is not accepted")
    if current.verify_code in UNKNOWN_AUTHORITY:
        return NotTrusted(
            "its certificate is signed by an authority that is not known here. Put the certificate of the "
            "authority into a file on the workers and name it as ca_bundle in the extras of the connection"
        )
    if current.verify_code in OTHER_NAME:
        return NotTrusted(
            "its certificate is of another name than the address has. Correct the address, or have whoever "
            "runs the system get a certificate of this name"
        )
    if current.verify_code in RUN_OUT:
        return NotTrusted(
            "its certificate has run out or is not valid yet. Have whoever runs the system renew it, and "
            "check the clock of this machine"
        )
    return NotTrusted("its certificate is not accepted. Have whoever runs the system check it")


class _WithoutValues(logging.Filter):
    """Keeps from logs what an answer holds: urllib3 warns of headers with all that stands in their place."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = re.sub(r"%[-#0-9 +.*]*[a-zA-Z]", "…", str(record.msg)), ()
        record.exc_info = record.exc_text = record.stack_info = None
        return True


for _name in ("connection", "connectionpool", "poolmanager", "response", "util.retry"):
    logging.getLogger(f"urllib3.{_name}").addFilter(_WithoutValues())
