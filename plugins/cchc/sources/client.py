"""Talks HTTP to a source system as far as all of them do it alike: a token, retries, plain errors."""

import json
import re
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, ClassVar
from urllib.parse import urlsplit

import requests

from cchc.contracts import contract_at
from cchc.errors import CchcError, SourceRefused, SourceUnavailable
from cchc.sources.address import check_address
from cchc.sources.list_page import NoPage, TooManyParts, text_of
from cchc.sources.register import system_of
from cchc.sources.secrets_told import SECRET_LENGTH, Secrets
from cchc.sources.things import TIME, Things, moment_of
from cchc.sources.wire import Answer, Limits, NoAnswer, NotTrusted, TooLong, TooMuch, Wire

__all__ = ["TIME", "SourceClient", "Things"]

# What is held at once: a page of records; of a token, a refusal and totals by month far less is needed.
ANSWER_BYTES, SHORT_BYTES = 32 << 20, 1 << 16
LONGEST_WAIT_S = 60
TRY_AGAIN = (408, 425, 429, 500, 502, 503, 504)
# Others of 300 and above tell of no other address.
REDIRECTS = (300, 301, 302, 303, 305, 307, 308)
LONGEST_COUNT = 10
# By which the source's clock may be behind ours: what it changes must fall into the overlap of two pulls.
CLOCK_BEHIND = timedelta(hours=1)
TOKEN = re.compile(r"[!-~]{1,8192}")
# Where a list says how many things it holds, by month of receipt.
BY_MONTH = "/tong-so-theo-thang"
MONTH = re.compile(r"(19|20)\d\d-(0[1-9]|1[0-2])", re.ASCII)
MOST_MONTHS = 1_000
# The source knows no such list.
NOT_THERE = (404, 405, 501)


@dataclass
class SourceClient(ABC):
    """A client of one system, for one pull. `base_url` has no path; the secret never enters a message.

    Within the limits of `limits`, whatever the system answers. Only the host of `base_url` is asked.
    `plain_http`: whether an address without encryption is accepted that is not on this machine.
    `ca_bundle`: a file with the authorities that may have signed the system's certificate.

    A subclass says of which system: its code in the register, its name, and what kind of file its exports
    are.
    """

    base_url: str
    client_id: str
    client_secret: str = field(repr=False)
    retry_total: int = 4
    plain_http: bool = False
    ca_bundle: str | None = None
    limits: Limits = field(default_factory=Limits.of_environment)

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
        self._wire = Wire(self.base_url, self.limits, self.ca_bundle)
        self._token: str | None = None

    def months(self, path: str, until: datetime) -> dict[str, int] | None:
        """Month of receipt ("" for none) → how many things the list holds, as it stood at `until`.

        None when the system cannot say so.
        """
        path += BY_MONTH
        answer = self._get(path, {"den": until.strftime(TIME)})
        if answer.status in NOT_THERE:
            answer.close()
            return None
        body = self._json(answer, path, SHORT_BYTES)
        self._no_error(body, path, optional=True)
        moment = body.get("thoi_diem")
        self._same(path, "thoi_diem", moment_of(moment) or moment, until.strftime(TIME))
        listed, counts = body.get("data"), dict[str, int]()
        for stated in listed if isinstance(listed, list) else [None]:
            row = stated if isinstance(stated, dict) else {"thang": 0}
            month = "" if row.get("thang") is None else row["thang"]
            if not isinstance(month, str) or (month and not MONTH.fullmatch(month)):
                month = None
            if month is None or month in counts or len(counts) == MOST_MONTHS:
                raise SourceRefused(
                    f"{self._at(path)}: data is no list of months. Expected objects with thang, a month as "
                    f"2025-03 or null, each once, up to {MOST_MONTHS}, and tong_so."
                )
            counts[month] = self.number(row.get("tong_so"), "tong_so", path)
        total = self.number(body.get("tong_so"), "tong_so", path)
        if sum(counts.values()) != total:
            raise SourceUnavailable(
                f"{self._at(path)}: tong_so is {total} and the months add up to {sum(counts.values())}. "
                f"Expected the same: it is asked again."
            )
        return counts

    # What subclasses stand on ---------------------------------------------------------------------

    def things(self, path: str, changed_until: datetime) -> Things:
        """What will tell whether a pull of this list is complete: give it every record that comes."""
        return Things(contract_at(self.code, path), self._at(path), changed_until)

    def number(self, stated: object, name: str, path: str) -> int:
        """A whole number that an answer states, also as text; raises SourceRefused for anything else."""
        if (
            isinstance(stated, int)
            and not isinstance(stated, bool)
            and 0 <= stated < 10 ** (LONGEST_COUNT - 1)
        ):
            return stated
        text = stated.strip() if isinstance(stated, str) else ""
        if text.isascii() and text.isdecimal() and len(text) < LONGEST_COUNT:
            return int(text)
        raise SourceRefused(
            f"{self._at(path)}: {name} is {self._said(stated)}. Expected a whole number: is this the address "
            f"of {self.system}'s lists?"
        )

    def _same(self, path: str, name: str, stated: object, asked: object) -> None:
        """Raises when an answer says that it is another one than was asked for."""
        if stated != asked:
            raise SourceUnavailable(
                f"{self._at(path)}: {name} is {self._said(stated)}, and {asked} was asked for. Expected the "
                f"answer to that question. Nothing was landed; it is read again."
            )

    def _get(self, path: str, query: dict[str, str | int]) -> Answer:
        """The answer to a GET with a token that is in force."""
        answer = self._send("GET", path, params=query)
        if answer.status == requests.codes.unauthorized:
            # The token ran out between two requests: one new token, then it is a refusal.
            answer.close()
            self._token = None
            answer = self._send("GET", path, params=query)
        return answer

    def _send(self, method: str, path: str, **options: Any) -> Answer:
        check_address(self.base_url, self._connection, self.plain_http, self.ca_bundle)
        if self._token is None and path != "/api/token":
            self._sign_in()
        token = None if path == "/api/token" else self._token
        tries = 0
        while True:
            tries += 1
            wait = min(0.5 * 2 ** (tries - 1), LONGEST_WAIT_S)
            try:
                answer = self._wire.ask(method, path, token, **options)
            except TooMuch as error:
                raise self._too_much(path, error) from None
            except NotTrusted as error:
                raise SourceRefused(
                    f"{self._at(path)}: {error}. Nothing was asked (connection {self._connection})."
                ) from None
            except NoAnswer as error:
                if tries > self.retry_total:
                    raise SourceUnavailable(
                        f"{self._at(path)}: {error}. Check that {self.system} is up and the address in "
                        f"connection {self._connection} is right."
                    ) from None
            else:
                if answer.status in REDIRECTS:
                    answer.close()
                    raise SourceRefused(
                        f"{self._at(path)}: HTTP {answer.status}, which sends elsewhere"
                        f"{self._elsewhere(answer)}. Expected an answer: only the host of connection "
                        f"{self._connection} is asked. Correct its address if the system has moved."
                    )
                if answer.status not in TRY_AGAIN or tries > self.retry_total:
                    self._check_clock(answer, path)
                    return answer
                answer.close()
                wait = min(max(wait, _asked_to_wait(answer)), LONGEST_WAIT_S)
            self._wait(wait, path)

    def _wait(self, seconds: float, path: str) -> None:
        try:
            left = self._wire.left_s
        except TooMuch as error:
            raise self._too_much(path, error) from None
        time.sleep(min(seconds, left))

    def _sign_in(self) -> None:
        credentials = {"client_id": self.client_id, "client_secret": self.client_secret}
        answer = self._send("POST", "/api/token", json=credentials)
        if answer.status in (requests.codes.unauthorized, requests.codes.forbidden):
            answer.close()
            raise SourceRefused(
                f"{self.base_url}: {self.system} refused client {self.client_id!r}. "
                f"Check login and password of connection {self._connection}."
            )
        token = self._json(answer, "/api/token", SHORT_BYTES).get("access_token")
        if not token:
            raise SourceRefused(f"{self._at('/api/token')}: the answer holds no access_token.")
        if not isinstance(token, str) or not TOKEN.fullmatch(token):
            raise SourceRefused(
                f"{self._at('/api/token')}: access_token is no token. Expected up to 8192 visible characters "
                f"of ASCII."
            )
        self._token = token

    def _check(self, answer: Answer, path: str) -> None:
        """Raises when the answer is that the source is away or does not accept the token."""
        code = answer.status
        if code in TRY_AGAIN or code >= requests.codes.server_error:
            answer.close()
            raise SourceUnavailable(f"{self._at(path)}: HTTP {code} after all retries.")
        if code == requests.codes.not_modified:
            answer.close()
            raise SourceUnavailable(
                f"{self._at(path)}: HTTP {code}, though nothing was asked for that is already here. Expected "
                f"200 and all of the answer."
            )
        if code in (requests.codes.unauthorized, requests.codes.forbidden):
            answer.close()
            raise SourceRefused(f"{self._at(path)}: HTTP {code}: the token is not accepted.")

    def _pieces(self, answer: Answer, path: str) -> Iterator[bytes]:
        """The body as it comes; raises when it does not come whole, is too much, or holds the secret."""
        before = b""
        kept = self._kept(answer, path)
        secrets = [s.encode() for s in self._secrets().written() if kept and len(s) >= SECRET_LENGTH]
        try:
            for piece in answer.chunks:
                seen = before + piece
                if any(secret in seen for secret in secrets):
                    raise self._tells_secret(path)
                before = seen[-max(map(len, secrets), default=1) :] if secrets else b""
                yield piece
        except NoAnswer as error:
            raise SourceUnavailable(
                f"{self._at(path)}: HTTP {answer.status}, {error}. Nothing was landed; it is read again."
            ) from None
        except TooMuch as error:
            raise self._too_much(path, error) from None
        finally:
            answer.close()

    def _content(self, answer: Answer, path: str, most: int = ANSWER_BYTES) -> str:
        """The whole JSON of an answer, as text that is held in memory; its body has at most so many bytes.

        Raises when it is too much, or holds the secret in whatever encoding and escapes.
        """
        body = bytearray()
        for piece in self._pieces(answer, path):
            body += piece
            if len(body) > most:
                answer.close()
                raise SourceRefused(
                    f"{self._at(path)}: HTTP {answer.status}, one answer of more than {most >> 10} KiB when "
                    f"unpacked. Expected {'a page of records' if most == ANSWER_BYTES else 'less'}. Nothing "
                    f"was landed: have {self.system} keep to the size of page that it is asked for."
                )
        try:
            text = text_of(bytes(body))
        except TooManyParts as error:
            raise SourceRefused(
                f"{self._at(path)}: HTTP {answer.status}, {error}. Expected a page of records. Nothing was "
                f"landed: have {self.system} keep to the size of page that it is asked for."
            ) from None
        except NoPage as error:
            raise SourceUnavailable(f"{self._at(path)}: HTTP {answer.status}, {error}.") from None
        # As bytes it was looked for while they came.
        written_otherwise = any(sign in body for sign in (b"\0", b"\\u", b"\\/"))
        if written_otherwise and self._kept(answer, path) and self._secrets().stand_in(text):
            raise self._tells_secret(path)
        return text

    def _json(self, answer: Answer, path: str, most: int = ANSWER_BYTES) -> dict[str, Any]:
        """The JSON object of an answer of at most so many bytes."""
        self._check(answer, path)
        code = answer.status
        refused = code >= requests.codes.bad_request
        text = self._content(answer, path, SHORT_BYTES if refused else most)
        try:
            body = json.loads(text, object_pairs_hook=_object)
        except (ValueError, RecursionError):
            # Without its cause: the parser holds what it could not read.
            raise SourceUnavailable(f"{self._at(path)}: HTTP {code}, the answer is no JSON.") from None
        if not isinstance(body, dict):
            raise SourceUnavailable(f"{self._at(path)}: HTTP {code}, the answer is no JSON object.")
        if code >= requests.codes.bad_request:
            # Only what is meant as a message: the rest of an answer may hold rows.
            raise SourceRefused(f"{self._at(path)}: HTTP {code}: {self._said(body.get('message'))}")
        if code != requests.codes.ok:
            raise SourceUnavailable(f"{self._at(path)}: HTTP {code}. Expected 200 and all of the answer.")
        return body

    def _no_error(self, body: dict[str, Any], path: str, *, optional: bool = False) -> None:
        """Raises when an answer's error_code is not 0, or not there unless that is `optional`."""
        code = body.get("error_code")
        if (optional and "error_code" not in body) or (code in ("0", 0) and not isinstance(code, bool)):
            return
        raise SourceRefused(
            f"{self._at(path)}: the source answered error_code {self._said(code)}, message "
            f"{self._said(body.get('message'))}. Expected error_code 0."
        )

    def _kept(self, answer: Answer, path: str) -> bool:
        """Whether an answer is kept: of tokens and refusals nothing is, and nothing of them is told."""
        return path != "/api/token" and answer.status < requests.codes.bad_request

    def _secrets(self) -> Secrets:
        return Secrets((self.client_secret, self._token or ""))

    def _said(self, value: object) -> str:
        return self._secrets().shown(value)

    def _tells_secret(self, path: str) -> SourceRefused:
        return SourceRefused(
            f"{self._at(path)}: the answer holds the secret of connection {self._connection} or its token. "
            f"Nothing was landed: tell whoever runs {self.system}, and change the secret."
        )

    def _at(self, path: str) -> str:
        return f"{self.base_url}{path}"

    @property
    def _connection(self) -> str:
        return system_of(self.code).connection_id

    def _elsewhere(self, answer: Answer) -> str:
        """Where a redirect leads, not by name: that is the source's text."""
        try:
            host = urlsplit(answer.headers.get("Location", "")).hostname
        except ValueError:
            return ""
        if not host:
            return ""
        return " (to the same host)" if host == self._wire.host else " (to another host)"

    def _check_clock(self, answer: Answer, path: str) -> None:
        """Raises when the source says that it is earlier than it is by more than CLOCK_BEHIND.

        Of one that states no Date nothing is known.
        """
        try:
            stated = parsedate_to_datetime(answer.headers.get("Date", ""))
            behind = datetime.now(UTC) - (stated if stated.tzinfo else stated.replace(tzinfo=UTC))
        except (TypeError, ValueError, OverflowError):
            return
        if behind > CLOCK_BEHIND:
            answer.close()
            raise SourceRefused(
                f"{self._at(path)}: its clock is {behind / timedelta(hours=1):.1f} hours behind that of this "
                f"machine, or what answers is an old copy. Expected at most "
                f"{CLOCK_BEHIND / timedelta(hours=1):g}: changes would be dated before what was pulled "
                f"already and never come. Nothing was landed: have the clock of {self.system} set, and "
                f"look at this one."
            )

    def _too_much(self, path: str, error: TooMuch) -> CchcError:
        """What took long may be faster the next time; what is too large is so again."""
        kind = SourceUnavailable if isinstance(error, TooLong) else SourceRefused
        return kind(f"{self._at(path)}: {error}. Nothing was landed.")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("a field twice")
    return fields


def _asked_to_wait(answer: Answer) -> float:
    """Seconds of Retry-After, also as a date; 0 for none."""
    stated = answer.headers.get("Retry-After", "").strip()
    if stated.isascii() and stated.isdecimal() and len(stated) < LONGEST_COUNT:
        return int(stated)
    try:
        until = parsedate_to_datetime(stated)
        return max((until - datetime.now(UTC)).total_seconds(), 0)
    except (TypeError, ValueError, OverflowError):
        return 0
