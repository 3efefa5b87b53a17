"""Talks HTTP to the TTHC system: a token, then pages of records, nothing else."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from cchc.errors import SourceRefused, SourceUnavailable

PAGE_SIZE = 2_000
TIMEOUT_S = (10, 120)
TIME = "%Y%m%d%H%M%S"


@dataclass
class TthcClient:
    """A client of one TTHC system. `base_url` has no path; the secret never enters a message."""

    base_url: str
    client_id: str
    client_secret: str = field(repr=False)
    retry_total: int = 4

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

    def pages(
        self, path: str, changed_after: datetime | None, changed_until: datetime
    ) -> Iterator[dict[str, object]]:
        """Every page of a list: dossiers changed in (changed_after, changed_until], local time.

        Raises SourceUnavailable when the pages do not add up to the total the source states.
        """
        query: dict[str, str | int] = {"den": changed_until.strftime(TIME), "kich_thuoc": PAGE_SIZE}
        if changed_after is not None:
            query["tu"] = changed_after.strftime(TIME)
        page, pages, total, seen = 1, 1, None, 0
        while page <= pages:
            body = self._get(path, query | {"trang": page})
            pages = int(body.get("so_trang") or 1)
            if total is not None and body["tong_so"] != total:
                raise SourceUnavailable(
                    f"{path}: the list changed while it was read (page {page} states "
                    f"{body['tong_so']} records, page 1 stated {total}). It is read again."
                )
            total = body["tong_so"]
            seen += len(body["data"])
            yield body
            page += 1
        if seen != total:
            raise SourceUnavailable(
                f"{path}: the source states {total} records but its {pages} pages hold {seen}. "
                f"Nothing was landed; it is read again."
            )

    def _get(self, path: str, query: dict[str, str | int]) -> dict:
        response = self._send("GET", path, params=query)
        if response.status_code == requests.codes.unauthorized:
            # The token ran out between two pages: one new token, then it is a refusal.
            self._session.headers.pop("Authorization", None)
            response = self._send("GET", path, params=query)
        body = self._body(response, path)
        if str(body.get("error_code")) != "0" or not isinstance(body.get("data"), list):
            raise SourceRefused(
                f"{path}: the source answered error_code {body.get('error_code')}: "
                f"{str(body.get('message'))[:200]}. Expected error_code 0 and a data list."
            )
        return body

    def _send(self, method: str, path: str, **options: object) -> requests.Response:
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
                f"{self.base_url}{path}: no answer ({type(error).__name__}). Check that the TTHC system "
                f"is up and the address in connection cchc_tthc is right."
            ) from error

    def _sign_in(self) -> None:
        credentials = {"client_id": self.client_id, "client_secret": self.client_secret}
        response = self._send("POST", "/api/token", json=credentials)
        if response.status_code in (requests.codes.unauthorized, requests.codes.forbidden):
            raise SourceRefused(
                f"{self.base_url}: the TTHC system refused client {self.client_id!r}. "
                f"Check login and password of connection cchc_tthc."
            )
        token = self._body(response, "/api/token").get("access_token")
        if not token:
            raise SourceRefused(f"{self.base_url}/api/token: the answer holds no access_token.")
        self._session.headers["Authorization"] = f"Bearer {token}"

    def _body(self, response: requests.Response, path: str) -> dict:
        code = response.status_code
        if code == requests.codes.too_many_requests or code >= requests.codes.server_error:
            raise SourceUnavailable(f"{self.base_url}{path}: HTTP {code} after all retries.")
        if code in (requests.codes.unauthorized, requests.codes.forbidden):
            raise SourceRefused(f"{self.base_url}{path}: HTTP {code}: the token is not accepted.")
        try:
            body = response.json()
        except requests.JSONDecodeError as error:
            raise SourceUnavailable(f"{self.base_url}{path}: HTTP {code}, the answer is no JSON.") from error
        if code >= requests.codes.bad_request:
            raise SourceRefused(f"{self.base_url}{path}: HTTP {code}: {str(body.get('message', body))[:200]}")
        return body
