"""Downloads CSV exports from the document-management system (QLVB&ĐH): a token, then one file a window."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

import requests

from cchc.errors import SourceRefused, SourceUnavailable
from cchc.sources.client import TIME, SourceClient, Things

TOTAL = "X-Tong-So"
MOMENT = "X-Thoi-Diem"
LONGEST_ROW_BYTES = 1 << 20
DELIMITERS = ",;\t|"


@dataclass(frozen=True)
class Download:
    """A file on its way: the number of rows the source states, and its bytes.

    `chunks` raises SourceUnavailable when it was cut off, holds another number of rows, or the same thing
    twice.
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
        answer = self._get(path, query)
        self._check(answer, path)
        if answer.status != requests.codes.ok:
            # Refusals are told in JSON.
            self._json(answer, path)
        stated, moment = answer.headers.get(TOTAL, ""), answer.headers.get(MOMENT)
        total = stated.strip()
        if not (total.isascii() and total.isdecimal() and len(total) < 10) or moment != query["den"]:
            answer.close()
            raise SourceRefused(
                f"{self._at(path)}: {TOTAL} is {self._said(answer.headers.get(TOTAL))} and {MOMENT} "
                f"{self._said(moment)}. Expected a number of rows and {query['den']}: is "
                f"this the address of {self.system}'s exports?"
            )
        rows = Rows(self.things(path, changed_until), int(total), self._at(path))
        return Download(int(total), rows.checked(self._pieces(answer, path)))


class Rows:
    """Counts the rows of a CSV that passes by, and looks at the things in them."""

    def __init__(self, things: Things, total: int, where: str) -> None:
        self._things, self._total, self._where = things, total, where
        self._lines, self._quoted, self._looked_at = 0, False, 0
        self._header: list[str] | None = None
        self._delimiter = ","

    def checked(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """The same bytes; raises SourceUnavailable as soon as they cannot be the whole list."""
        rest = b""
        for piece in pieces:
            end = self._count(piece)
            if self._whole > self._total:
                raise self._not_whole(f"the file holds {self._whole} whole ones or more")
            if end:
                self._look(rest + piece[:end])
                rest = piece[end:]
            else:
                rest += piece
            if len(rest) > LONGEST_ROW_BYTES + len(piece):
                raise self._not_whole(
                    f"row {self._whole + 1} is longer than {LONGEST_ROW_BYTES >> 20} MiB: a quote is never "
                    f"closed"
                )
            yield piece
        if rest or self._quoted or not self._lines or self._whole != self._total:
            more = " and one that does not end" if rest or self._quoted else ""
            raise self._not_whole(f"the file holds {self._whole} whole ones{more}")

    @property
    def _whole(self) -> int:
        """How many rows came; the header is a line of its own."""
        return max(self._lines - 1, 0)

    def _count(self, piece: bytes) -> int:
        """Counts the rows that end in this piece; how far the last of them reaches."""
        at = end = 0
        for index, part in enumerate(piece.split(b'"')):
            # A line break between quotes belongs to a value.
            self._quoted ^= index > 0
            at += index > 0
            if not self._quoted and (breaks := part.count(b"\n")):
                self._lines += breaks
                end = at + part.rindex(b"\n") + 1
            at += len(part)
        return end

    def _look(self, lines: bytes) -> None:
        text = lines.decode("utf-8", "surrogateescape")
        if self._header is None:
            line = text.partition("\n")[0].removeprefix("\ufeff")
            self._delimiter = max(DELIMITERS, key=line.count)
        # No value is longer than its row. The limit is one of the process, and others set it too.
        usual = csv.field_size_limit(len(text))
        try:
            rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=self._delimiter))
        except csv.Error:
            raise self._not_taken("is none that a reader takes apart") from None
        finally:
            csv.field_size_limit(usual)
        ended = self._lines - (self._looked_at + (self._header is not None))
        if len(rows) != ended:
            raise self._not_taken(
                "holds quotes inside values or other line ends, so that its rows cannot be told apart"
            )
        if self._header is None:
            self._header = [name.removeprefix("\ufeff") for name in rows.pop(0)]
            if lacking := self._things.lacks(self._header):
                raise SourceRefused(
                    f"{self._where}: the first line of the file has no column {', '.join(lacking)}. Expected "
                    f"the headers there: is this the address of this list? Nothing was landed."
                )
        header = self._header
        place = f"the rows behind row {self._looked_at}"
        self._things.add((dict(zip(header, row, strict=False)) for row in rows), place)
        self._looked_at += len(rows)

    def _not_taken(self, what: str) -> SourceRefused:
        return SourceRefused(
            f"{self._where}: a row behind row {self._looked_at} {what}, and the rows cannot be looked at. "
            f"Expected values in quotes, quotes in them doubled, none longer. Nothing was landed: have it "
            f"corrected at the source."
        )

    def _not_whole(self, found: str) -> SourceUnavailable:
        return SourceUnavailable(
            f"{self._where}: the source states {self._total} rows but {found}. Nothing was landed; it is "
            f"read again."
        )
