"""Talks HTTP to the TTHC system: a token, then pages of records, nothing else."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

import orjson
import requests

from cchc.errors import SourceRefused, SourceUnavailable
from cchc.sources.client import TIME, SourceClient, Things
from cchc.sources.list_page import NoPage, read_page
from cchc.sources.things import Told, moment_of

PAGE_SIZE = 2_000
LONGEST_SERVICE = 100


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
        when a page is another one than was asked for, or the pages do not make up the list: a thing stands
        on it twice, change times fall, or there are more or fewer than the source states, now or at the end.
        The page behind the last one is asked for, too: a source that caps its total has things there.
        """
        query: dict[str, str | int] = {"den": changed_until.strftime(TIME), "kich_thuoc": PAGE_SIZE}
        if changed_after is not None:
            query["tu"] = changed_after.strftime(TIME)
        things = self.things(path, changed_until)
        first = self._page(path, query, 1, things)
        total, seen, number, page = first["tong_so"], 0, 1, first
        while True:
            seen += len(page["data"])
            if seen > total:
                raise self._not_whole(path, total, f"page {number} ends with record {seen}")
            things.add_told(page["told"], f"page {number}")
            last = seen == total
            if page["so_trang"] not in (None, 0) and last != (number == page["so_trang"]):
                raise self._not_whole(
                    path, total, f"page {number} of {page['so_trang']} ends with record {seen}"
                )
            if page["unsaid"] and not (last and number == 1):
                # A list of one page has no other that could be taken for it.
                raise SourceRefused(
                    f"{self._at(path)}: page {number} of several does not say which it is: "
                    f"{' and '.join(page['unsaid'])} not there. Expected the number of the page and the "
                    f"moment that were asked for."
                )
            if not (last or page["data"]):
                raise self._not_whole(path, total, f"page {number} holds none, {seen} came before it")
            yield page
            if last:
                break
            number += 1
            page = self._page(path, query, number, things)
            for name in ("tong_so", "so_trang", "service"):
                if page[name] != first[name]:
                    raise SourceUnavailable(
                        f"{self._at(path)}: the list changed while it was read (page {number} states "
                        f"{name} {self._said(page[name])}, page 1 stated {self._said(first[name])}). Nothing "
                        f"was landed; it is read again."
                    )
        # A list that was another one before and after was another one in between.
        behind = self._page(path, query, number + 1, things)
        if behind["tong_so"] != total:
            raise SourceUnavailable(
                f"{self._at(path)}: the list changed while it was read ({total} records at the beginning, "
                f"{behind['tong_so']} at the end). Nothing was landed; it is read again."
            )
        if behind["data"]:
            raise self._not_whole(
                path, total, f"page {number + 1} behind the last holds {len(behind['data'])}"
            )

    def _page(self, path: str, query: dict[str, str | int], number: int, things: Things) -> dict[str, Any]:
        """One page: `tong_so`, `so_trang` (None where it is not said), `service`, `data`; `told`: what its
        records say of their things; `unsaid`: what it leaves out of the page's number and moment."""
        answer = self._get(path, query | {"trang": number})
        self._check(answer, path)
        if answer.status != requests.codes.ok:
            self._json(answer, path)
        text, told = self._content(answer, path), list[Told]()
        try:
            body = read_page(text, lambda record: told.append(things.told(record)))
        except NoPage as error:
            raise SourceUnavailable(
                f"{self._at(path)}: HTTP {answer.status}, page {number}: {error}. "
                "Nothing was landed; it is read again."
            ) from None
        self._no_error(body, path)
        if not isinstance(body.get("data"), list):
            raise SourceRefused(
                f"{self._at(path)}: data is {self._said(body.get('data'))}. Expected a data list: is this "
                f"the address of {self.system}'s lists?"
            )
        unsaid = [name for name in ("trang", "thoi_diem") if body.get(name) is None]
        if "trang" not in unsaid:
            self._same(path, "trang", self.number(body["trang"], "trang", path), number)
        if "thoi_diem" not in unsaid:
            self._same(path, "thoi_diem", moment_of(body["thoi_diem"]) or body["thoi_diem"], query["den"])
        pages, service = body.get("so_trang"), body.get("service")
        return {
            "tong_so": self.number(body.get("tong_so"), "tong_so", path),
            "so_trang": None if pages in (None, "") else self.number(pages, "so_trang", path),
            "service": service[:LONGEST_SERVICE] if isinstance(service, str) else None,
            "data": body["data"],
            "told": told,
            "unsaid": unsaid,
        }

    def _not_whole(self, path: str, total: int, found: str) -> SourceUnavailable:
        return SourceUnavailable(
            f"{self._at(path)}: the source states {total} records, but {found}. Expected as many as it "
            f"states. Nothing was landed; it is read again."
        )
