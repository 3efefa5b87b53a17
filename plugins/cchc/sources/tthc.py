"""Talks HTTP to the TTHC system: a token, then pages of records, nothing else."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

import orjson
import requests

from cchc.errors import SourceRefused, SourceUnavailable
from cchc.sources.client import TIME, SourceClient
from cchc.sources.list_page import NoPage, read_page
from cchc.spelling import one_line

PAGE_SIZE = 2_000
LONGEST_COUNT = 10


@dataclass
class TthcClient(SourceClient):
    """A client of one TTHC system."""

    system: ClassVar[str] = "the TTHC system"
    code: ClassVar[str] = "tthc"
    suffix: ClassVar[str] = ".jsonl"

    def export(
        self, path: str, changed_after: datetime | None, changed_until: datetime, whole: bool
    ) -> Iterator[bytes]:
        """JSON Lines: an envelope, then a record a line."""
        pages = self.pages(path, changed_after, changed_until)
        first = next(pages)
        envelope = {"service": first.get("service"), "tong_so": first["tong_so"]}
        if not whole:
            envelope["tu"] = changed_after.strftime(TIME) if changed_after else None
            envelope["thoi_diem"] = changed_until.strftime(TIME)
        yield orjson.dumps(envelope, option=orjson.OPT_APPEND_NEWLINE)
        for page in itertools.chain([first], pages):
            # A page at a time: handing each record to the thread that hashes costs more than the record.
            yield b"".join(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE) for record in page["data"])

    def pages(
        self, path: str, changed_after: datetime | None, changed_until: datetime
    ) -> Iterator[dict[str, Any]]:
        """Every page of a list: dossiers changed in (changed_after, changed_until], local time.

        `data` of a page: its records, as fragments of JSON that nobody changed. Raises SourceUnavailable
        when the pages do not add up to the total the source states.
        """
        query: dict[str, str | int] = {"den": changed_until.strftime(TIME), "kich_thuoc": PAGE_SIZE}
        if changed_after is not None:
            query["tu"] = changed_after.strftime(TIME)
        page, pages, total, seen = 1, 1, None, 0
        while page <= pages:
            body = self._page(path, query | {"trang": page})
            pages = body["so_trang"]
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

    def _page(self, path: str, query: dict[str, str | int]) -> dict[str, Any]:
        response = self._get(path, query)
        self._check(response, path)
        if response.status_code >= requests.codes.bad_request:
            self._json(response, path)
        try:
            body = read_page(response.content)
        except NoPage as error:
            raise SourceUnavailable(
                f"{self.base_url}{path}: HTTP {response.status_code}, page {query['trang']}: {error}. "
                "Nothing was landed; it is read again."
            ) from None
        if str(body.get("error_code")) != "0" or not isinstance(body.get("data"), list):
            raise SourceRefused(
                f"{path}: the source answered error_code {one_line(body.get('error_code'))[:20]}: "
                f"{one_line(str(body.get('message'))[:200])}. Expected error_code 0 and a data list."
            )
        counts = {name: self._count(body, name, path) for name in ("tong_so", "so_trang")}
        return body | counts | {"so_trang": counts["so_trang"] or 1}

    def _count(self, body: dict[str, Any], name: str, path: str) -> int | None:
        """A number that a page states, also as text."""
        stated = body.get(name)
        text = "" if stated is None or isinstance(stated, bool) else str(stated).strip()
        if text.isdecimal() and len(text) < LONGEST_COUNT:
            return int(text)
        if text or name == "tong_so":
            raise SourceRefused(
                f"{self.base_url}{path}: {name} is {one_line(text[:20]) or 'not there'}. Expected a whole "
                f"number: is this the address of {self.system}'s lists?"
            )
        return None
