"""Downloads CSV exports from the document-management system (QLVB&ĐH): a token, then one file a window."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

import requests

from cchc.errors import SourceRefused, SourceUnavailable
from cchc.sources.client import TIME, SourceClient

CHUNK_BYTES = 1 << 20
TOTAL = "X-Tong-So"


@dataclass(frozen=True)
class Download:
    """A file on its way: the number of rows the source states, and its bytes.

    `chunks` raises SourceUnavailable at its end when it was cut off or holds another number of rows.
    """

    total: int
    chunks: Iterator[bytes]


@dataclass
class QlvbClient(SourceClient):
    """A client of one document-management system."""

    system: ClassVar[str] = "the document-management system"
    code: ClassVar[str] = "qlvb"
    suffix: ClassVar[str] = ".csv"

    def export(
        self,
        path: str,
        changed_after: datetime | None,
        changed_until: datetime,
        whole: bool,  # noqa: ARG002 - this system has no lists that are pulled as a whole
    ) -> Iterator[bytes]:
        """CSV: two rows with the window and the total, then the file as the source sends it."""
        download = self.download(path, changed_after, changed_until)
        stated = io.StringIO(newline="")
        # The readers find the header below these rows, and the total in them.
        csv.writer(stated, lineterminator="\n").writerows(
            [
                [
                    "Từ",
                    changed_after.strftime(TIME) if changed_after else "",
                    "đến",
                    changed_until.strftime(TIME),
                ],
                ["Tổng số", download.total],
            ]
        )
        yield stated.getvalue().encode()
        yield from download.chunks

    def download(self, path: str, changed_after: datetime | None, changed_until: datetime) -> Download:
        """The rows last changed in (changed_after, changed_until], local time, as they stood at the end."""
        query: dict[str, str | int] = {"den": changed_until.strftime(TIME)}
        if changed_after is not None:
            query["tu"] = changed_after.strftime(TIME)
        response = self._get(path, query, stream=True)
        self._check(response, path)
        if response.status_code != requests.codes.ok:
            # Refusals are told in JSON.
            self._json(response, path)
        total, moment = response.headers.get(TOTAL, ""), response.headers.get("X-Thoi-Diem")
        if not total.isdecimal() or moment != query["den"]:
            raise SourceRefused(
                f"{self.base_url}{path}: {TOTAL} is {total!r} and X-Thoi-Diem {moment!r}. Expected a number "
                f"of rows and {query['den']}: is this the address of {self.system}'s exports?"
            )
        return Download(int(total), self._counted(response, path, int(total)))

    def _counted(self, response: requests.Response, path: str, total: int) -> Iterator[bytes]:
        lines, quoted, last = 0, False, b""
        try:
            with response:
                for chunk in response.iter_content(CHUNK_BYTES):
                    for index, part in enumerate(chunk.split(b'"')):
                        # A line break between quotes belongs to a value.
                        quoted ^= index > 0
                        lines += 0 if quoted else part.count(b"\n")
                    last = chunk[-1:]
                    yield chunk
        except requests.RequestException as error:
            raise SourceUnavailable(
                f"{self.base_url}{path}: the download broke off ({type(error).__name__}). Nothing was "
                f"landed; it is read again."
            ) from error
        if last != b"\n" or lines - 1 != total:
            raise SourceUnavailable(
                f"{self.base_url}{path}: the source states {total} rows but the file holds {lines - 1} "
                f"whole ones. Nothing was landed; it is read again."
            )
