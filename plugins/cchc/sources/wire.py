"""One host over HTTP, within a time and a number of bytes, whatever it answers; follows it nowhere else."""

import contextlib
import ipaddress
import os
import socket
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

TIMEOUT_S = (10, 120)
READ_BYTES = 1 << 16
PIECE_BYTES = 1 << 20
GZIP = 16 + zlib.MAX_WBITS
MINUTES, MEGABYTES = "CCHC_PULL_MINUTES", "CCHC_PULL_MB"


class NoAnswer(Exception):
    """No answer, or one that broke off; says why in words that hold nothing of what came."""


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
        self._session = requests.Session()
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
        watch = self._cut.after(self.left_s)
        try:
            response = self._session.request(
                method,
                f"{self.base_url}{path}",
                timeout=TIMEOUT_S,
                allow_redirects=False,
                stream=True,
                headers=headers,
                **options,
            )
        except (requests.RequestException, urllib3.exceptions.HTTPError, HTTPException, OSError) as error:
            watch.cancel()
            self.left_s  # noqa: B018 - raises when it was cut off
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


class _CanBeCut(HTTPAdapter):
    """Opens connections that another thread can end: no time-out of a single read ends a slow answer."""

    def __init__(self) -> None:
        self._open: socket.socket | None = None
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, **options)
        keep = self._keep

        class Plain(urllib3.connection.HTTPConnection):
            def _new_conn(self) -> socket.socket:
                return keep(super()._new_conn())

        class Encrypted(urllib3.connection.HTTPSConnection):
            def _new_conn(self) -> socket.socket:
                return keep(super()._new_conn())

        class PlainPool(urllib3.HTTPConnectionPool):
            ConnectionCls = Plain

        class EncryptedPool(urllib3.HTTPSConnectionPool):
            ConnectionCls = Encrypted

        self.poolmanager.pool_classes_by_scheme = {"http": PlainPool, "https": EncryptedPool}

    def after(self, seconds: float) -> threading.Timer:
        """Ends the connection after that time, unless cancelled."""
        timer = threading.Timer(seconds, self.now)
        timer.daemon = True
        timer.start()
        return timer

    def now(self) -> None:
        """Ends the connection that is open."""
        if self._open is not None:
            with contextlib.suppress(OSError):
                self._open.shutdown(socket.SHUT_RDWR)

    def _keep(self, opened: socket.socket) -> socket.socket:
        # A second handle of the same connection: encryption takes the first one over.
        if self._open is not None:
            self._open.close()
        self._open = opened.dup()
        return opened

    def close(self) -> None:
        super().close()
        if self._open is not None:
            self._open.close()
            self._open = None
