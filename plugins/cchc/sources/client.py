"""Talks HTTP to a source system as far as all of them do it alike: a token, retries, plain errors."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from cchc.errors import SourceRefused, SourceUnavailable
from cchc.sources.register import system_of
from cchc.spelling import one_line

TIMEOUT_S = (10, 120)
TIME = "%Y%m%d%H%M%S"


@dataclass
class SourceClient(ABC):
    """A client of one system. `base_url` has no path; the secret never enters a message.

    A subclass says of which system: its code in the register, its name, and what kind of file its exports
    are.
    """

    base_url: str
    client_id: str
    client_secret: str = field(repr=False)
    retry_total: int = 4

    code: ClassVar[str]
    system: ClassVar[str]
    suffix: ClassVar[str]

    @abstractmethod
    def export(
        self, path: str, changed_after: datetime | None, changed_until: datetime, whole: bool
    ) -> Iterator[bytes]:
        """The file that is landed, in pieces: what changed in (changed_after, changed_until], local time.

        It begins with what the source states of it, the window and the total; then come the records as
        received. A `whole` list that has not changed gives the same bytes, hence no new batch.
        """

    def __post_init__(self) -> None:
        self._session = requests.Session()
        retry = Retry(
            total=self.retry_total,
            backoff_factor=0.5,
            status_forcelist=(429, 500, 502, 503, 504),
            allowed_methods=("GET", "POST"),
            raise_on_status=False,
        )
        self._session.mount("http://", HTTPAdapter(max_retries=retry))
        self._session.mount("https://", HTTPAdapter(max_retries=retry))

    def _get(self, path: str, query: dict[str, str | int], **options: Any) -> requests.Response:
        """The answer to a GET with a token that is in force."""
        response = self._send("GET", path, params=query, **options)
        if response.status_code == requests.codes.unauthorized:
            # The token ran out between two requests: one new token, then it is a refusal.
            self._session.headers.pop("Authorization", None)
            response = self._send("GET", path, params=query, **options)
        return response

    def _send(self, method: str, path: str, **options: Any) -> requests.Response:
        if "Authorization" not in self._session.headers and path != "/api/token":
            self._sign_in()
        try:
            return self._session.request(method, f"{self.base_url}{path}", timeout=TIMEOUT_S, **options)
        except (
            requests.ConnectionError,
            requests.Timeout,
            requests.exceptions.RetryError,
        ) as error:
            raise SourceUnavailable(
                f"{self.base_url}{path}: no answer ({type(error).__name__}). Check that {self.system} "
                f"is up and the address in connection {system_of(self.code).connection_id} is right."
            ) from error

    def _sign_in(self) -> None:
        credentials = {"client_id": self.client_id, "client_secret": self.client_secret}
        response = self._send("POST", "/api/token", json=credentials)
        if response.status_code in (requests.codes.unauthorized, requests.codes.forbidden):
            raise SourceRefused(
                f"{self.base_url}: {self.system} refused client {self.client_id!r}. "
                f"Check login and password of connection {system_of(self.code).connection_id}."
            )
        token = self._json(response, "/api/token").get("access_token")
        if not token:
            raise SourceRefused(f"{self.base_url}/api/token: the answer holds no access_token.")
        self._session.headers["Authorization"] = f"Bearer {token}"

    def _check(self, response: requests.Response, path: str) -> None:
        """Raises when the answer is that the source is away or does not accept the token."""
        code = response.status_code
        if code == requests.codes.too_many_requests or code >= requests.codes.server_error:
            raise SourceUnavailable(f"{self.base_url}{path}: HTTP {code} after all retries.")
        if code in (requests.codes.unauthorized, requests.codes.forbidden):
            raise SourceRefused(f"{self.base_url}{path}: HTTP {code}: the token is not accepted.")

    def _json(self, response: requests.Response, path: str) -> dict[str, Any]:
        """The JSON object of an answer."""
        self._check(response, path)
        code = response.status_code
        try:
            body: dict[str, Any] = response.json()
        except (ValueError, RecursionError):
            # Without its cause: the parser holds what it could not read.
            raise SourceUnavailable(f"{self.base_url}{path}: HTTP {code}, the answer is no JSON.") from None
        if not isinstance(body, dict):
            raise SourceUnavailable(f"{self.base_url}{path}: HTTP {code}, the answer is no JSON object.")
        if code >= requests.codes.bad_request:
            # Only what is meant as a message: the rest of an answer may hold rows.
            said = one_line(str(body.get("message", "no message"))[:200])
            raise SourceRefused(f"{self.base_url}{path}: HTTP {code}: {said}")
        return body
