"""A source system on the loopback that lies, hangs or attacks, in each of the ways that are known.

`MODES`: name → what it does and what must come of it. `try_mode` pulls from it as a task does, without a
warehouse. `python -m tests.sources.lying_source` prints them all as a table; with names, only these.
"""

import contextlib
import csv
import gzip
import io
import json
import os
import re
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qsl, urlsplit

from cchc.errors import CchcError
from cchc.sources.client import SourceClient
from cchc.sources.qlvb import QlvbClient
from cchc.sources.tthc import TthcClient
from cchc.sources.wire import Limits

UNTIL = datetime(2025, 5, 10)
DEN = "20250510000000"
SECRET = "mat-khau-rat-dai-48151623"
TOKEN = "the-vao-cua-2718281828459045"
COUNT, SIZE = 35, 10
LANDED, UNAVAILABLE, REFUSED = "landed", "SourceUnavailable", "SourceRefused"
LIST, EXPORT = "/api/ho-so", "/xuat/van-ban"
ENOUGH_S, LITTLE_S = 20.0, 0.8
SIZE_BYTES = 8_000_000


def dossier(number: int) -> dict[str, Any]:
    """The n-th dossier of the list, changed in the n-th minute of 1 May 2025."""
    return {
        "MaHoSo": f"000.00.01.H59-250501-{number:04d}",
        "MaTTHC": "1.000001",
        "TrangThaiHoSo": "4",
        "DonViXuLy": "000.00.01.H59",
        "KenhThucHien": "2",
        "NgayTiepNhan": "20250501070000",
        "NgayHenTra": "20250512090000",
        "NgayKetThucXuLy": None,
        "NgayCapNhat": f"2025050108{number:02d}00",
    }


DOSSIERS = [dossier(n) for n in range(1, COUNT + 1)]
ROWS = [[f"VB{n}", "den", f'số "{n}"\n của sổ', f"2025050108{n:02d}00"] for n in range(1, COUNT + 1)]
HEADER = ["ma_van_ban", "huong", "ky_hieu", "ngay_cap_nhat"]


@dataclass
class Asked:
    """A request; `turn`: the how-manieth for its path, from 1."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    turn: int

    @property
    def page(self) -> int:
        return int(self.query.get("trang", 1))

    @property
    def token(self) -> bool:
        return self.path == "/api/token"


@dataclass
class Reply:
    """An answer; `raw`: what goes over the wire instead, until the other side has gone."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    raw: Iterable[bytes] | None = None


Lie = Callable[[Asked], Reply | None]


@dataclass(frozen=True)
class Mode:
    """One way to misbehave. `lie` answers a request, or None where it is answered honestly.

    `comes`: `landed`, or the name of the error. `says`: what the error's words match.
    """

    what: str
    comes: str
    says: str
    lie: Lie
    client: type[SourceClient] = TthcClient
    seconds: float = ENOUGH_S
    retries: int = 0
    address: str | None = None
    environment: bool = False


@dataclass(frozen=True)
class Outcome:
    """What came of a pull: `kind` as Mode.comes, or another error's name. `records`: how many were landed;
    `chain`: what a log would print of the error.

    `elsewhere`: requests that another host got, as the target of redirects and as a proxy.
    """

    kind: str
    words: str
    records: int
    seconds: float
    asked: int
    elsewhere: int
    content: bytes = field(repr=False)
    chain: str = field(repr=False)

    def fault(self, mode: Mode) -> str | None:
        """What is not as it must be; None when all is."""
        told = self.words + self.chain + self.content.decode("utf-8", "replace")
        # Where an address was asked, it is named.
        in_a_line = len(self.words.splitlines()) == 1 and (mode.address or "127.0.0.1" in self.words)
        faults = {
            f"{self.kind} ({self.words}), expected {mode.comes}": self.kind != mode.comes,
            f"says {self.words!r}, expected {mode.says!r}": not re.search(mode.says, self.words),
            f"does not say in one line what was asked: {self.words!r}": self.kind != LANDED and not in_a_line,
            f"{self.records} records landed, expected {COUNT}": self.kind == LANDED and self.records != COUNT,
            "the secret is told": self.kind != LANDED and (SECRET in told or TOKEN in told),
            "another host was asked": self.elsewhere > 0,
            f"took {self.seconds:.1f} s, expected {mode.seconds:g}": self.seconds > mode.seconds + 5,
        }
        return next((fault for fault, is_so in faults.items() if is_so), None)


MODES: dict[str, Mode] = {}


def mode(name: str, what: str, comes: str, says: str = "", **options: Any) -> Callable[[Lie], Lie]:
    """Adds a way to misbehave."""

    def add(lie: Lie) -> Lie:
        assert name not in MODES
        MODES[name] = Mode(what, comes, says, lie, **options)
        return lie

    return add


# Honest answers -------------------------------------------------------------------------------


def in_json(content: object, status: int = 200, **headers: str) -> Reply:
    return Reply(json.dumps(content).encode(), status, headers)


def page(asked: Asked, records: list[dict[str, Any]] | None = None, **other: Any) -> dict[str, Any]:
    """One page, of ten, of the list as it was asked for; with other fields."""
    size = min(int(asked.query["kich_thuoc"]), SIZE)
    first = (asked.page - 1) * size
    return {
        "error_code": "0", "message": "OK", "service": "DongBoHoSoMC", "tong_so": COUNT,
        "trang": asked.page, "so_trang": -(-COUNT // size), "thoi_diem": asked.query["den"],
        "data": DOSSIERS[first : first + size] if records is None else records,
    } | other  # fmt: skip


def in_csv(rows: list[list[str]], total: object = None, moment: str = DEN, **headers: str) -> Reply:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([HEADER, *rows])
    stated = {"X-Tong-So": str(len(rows) if total is None else total), "X-Thoi-Diem": moment}
    return Reply(text.getvalue().encode(), 200, stated | headers)


def honest(asked: Asked) -> Reply:
    if asked.token:
        return in_json({"access_token": TOKEN, "token_type": "Bearer", "expires_in": 1800})
    if asked.headers.get("Authorization") != f"Bearer {TOKEN}":
        return in_json({"error_code": "401", "message": "no token"}, 401)
    return in_json(page(asked)) if asked.path == LIST else in_csv(ROWS)


def of_list(answer: Callable[[Asked], Any]) -> Lie:
    """A lie about the list only; tokens are given honestly."""

    def lie(asked: Asked) -> Reply | None:
        if asked.token:
            return None
        said = answer(asked)
        return said if isinstance(said, Reply | None) else in_json(said)

    return lie


def fields(page_no: int | None = None, **other: Any) -> Lie:
    """A lie in some fields of a page, or of every page."""
    return of_list(lambda asked: page(asked, **other) if page_no in (None, asked.page) else None)


def whole(*pieces: bytes, head: bytes = b"HTTP/1.1 200 OK\r\n") -> Reply:
    return Reply(raw=iter([head, *pieces]))


def dripping(head: bytes, drop: bytes = b" ") -> Reply:
    def drops() -> Iterator[bytes]:
        yield head
        while True:
            time.sleep(0.05)
            yield drop

    return Reply(raw=drops())


def without_end(head: bytes, piece: bytes) -> Reply:
    def pieces() -> Iterator[bytes]:
        yield head
        while True:
            yield piece

    return Reply(raw=pieces())


def packed(content: bytes, **headers: str) -> Reply:
    return Reply(content, 200, {"Content-Encoding": "gzip"} | headers)


def simple(name: str, what: str, comes: str, says: str, lie: Lie, **options: Any) -> None:
    mode(name, what, comes, says, **options)(lie)


# Pages of a list ------------------------------------------------------------------------------

TWICE, FEWER = "came before in this pull", "the source states"
simple("honest", "tells the truth", LANDED, "", lambda _: None)
simple(
    "page_3_is_page_2",
    "answers page 3 with the records of page 2",
    UNAVAILABLE,
    TWICE,
    of_list(lambda a: page(a, DOSSIERS[10:20]) if a.page == 3 else None),
)
simple(
    "page_3_is_page_2_and_says_so",
    "answers page 3 with page 2",
    UNAVAILABLE,
    "trang is 2, and 3 was asked",
    of_list(lambda a: page(a, DOSSIERS[10:20], trang=2) if a.page == 3 else None),
)
simple(
    "page_2_is_page_3",
    "answers page 2 with page 3 and page 3 with page 2",
    UNAVAILABLE,
    "order of change",
    of_list(
        lambda a: page(a, DOSSIERS[20:30] if a.page == 2 else DOSSIERS[10:20]) if a.page in (2, 3) else None
    ),
)
simple(
    "paging_ignored",
    "answers every page with page 1",
    UNAVAILABLE,
    TWICE,
    of_list(lambda a: page(a, DOSSIERS[:10])),
)
simple(
    "all_on_every_page",
    "answers every page with the whole list",
    UNAVAILABLE,
    FEWER,
    of_list(lambda a: page(a, DOSSIERS)),
)
simple(
    "record_moves_back",
    "a record of page 1 stands on page 2, another fell out",
    UNAVAILABLE,
    TWICE,
    of_list(lambda a: page(a, [DOSSIERS[9], *DOSSIERS[10:19]]) if a.page == 2 else None),
)
simple(
    "record_moves_to_the_end",
    "a record of page 1 changes and comes last, another falls out",
    UNAVAILABLE,
    TWICE,
    of_list(
        lambda a: (
            page(a, [*DOSSIERS[31:], DOSSIERS[4] | {"NgayCapNhat": "20250509000000"}])
            if a.page == 4
            else None
        )
    ),
)
simple(
    "key_in_another_spelling",
    "the repeated record has another case of its field and blanks",
    UNAVAILABLE,
    TWICE,
    of_list(
        lambda a: (
            page(a, [{"mã hồ sơ": f" {DOSSIERS[9]['MaHoSo']} ", "NgayCapNhat": None}, *DOSSIERS[11:20]])
            if a.page == 2
            else None
        )
    ),
)
simple(
    "record_twice_on_a_page",
    "one page holds a record twice and another not at all",
    UNAVAILABLE,
    TWICE,
    of_list(lambda a: page(a, [DOSSIERS[0], *DOSSIERS[0:9]]) if a.page == 1 else None),
)
simple(
    "another_list_in_between",
    "page 2 belongs to another service",
    UNAVAILABLE,
    "states service",
    fields(2, service="DanhGiaHaiLong"),
)
simple(
    "change_after_the_end",
    "a record was changed after the window's end",
    UNAVAILABLE,
    "after the end",
    of_list(
        lambda a: (
            page(a, [*DOSSIERS[30:34], DOSSIERS[34] | {"NgayCapNhat": "20250510000001"}])
            if a.page == 4
            else None
        )
    ),
)
simple(
    "moment_of_yesterday",
    "answers with the list as it stood a day before",
    UNAVAILABLE,
    "thoi_diem is 20250509000000, and 20250510000000 was asked",
    fields(thoi_diem="20250509000000"),
)
simple(
    "moment_moves",
    "page 3 is the list as at another moment",
    UNAVAILABLE,
    "thoi_diem is",
    fields(3, thoi_diem="20250510000001"),
)
simple(
    "moment_is_no_time",
    "the moment is text",
    UNAVAILABLE,
    r"thoi_diem is \(chữ, 7 ký tự\), and 20250510000000 was asked",
    fields(thoi_diem="hôm nay"),
)
simple("moment_missing", "does not say which moment", REFUSED, "does not say which", fields(thoi_diem=None))
simple("page_number_missing", "does not say which page", REFUSED, "does not say which", fields(trang=None))
simple(
    "page_number_bad",
    "the page's number is text",
    REFUSED,
    r"trang is \(chữ, 3 ký tự\)",
    fields(2, trang="hai"),
)
simple("page_number_zero", "counts pages from 0", UNAVAILABLE, "trang is 0, and 1 was asked", fields(trang=0))
simple("total_grows", "another total on page 2", UNAVAILABLE, "list changed", fields(2, tong_so=36))
simple("total_falls", "a smaller total on page 4", UNAVAILABLE, "list changed", fields(4, tong_so=34))
simple(
    "total_other_at_the_end",
    "all pages are right, then the total is another one",
    UNAVAILABLE,
    "35 records at the beginning, 36 at the end",
    of_list(lambda a: page(a, tong_so=36) if a.turn > 4 else None),
)
simple("total_too_large", "states more than there are", UNAVAILABLE, FEWER, fields(tong_so=36))
simple("total_too_small", "states fewer than there are", UNAVAILABLE, FEWER, fields(tong_so=34))
simple("total_zero", "states none and sends some", UNAVAILABLE, FEWER, fields(tong_so=0))
simple("total_missing", "states no total", REFUSED, "tong_so is not there", fields(tong_so=None))
simple("total_below_zero", "states -1", REFUSED, "tong_so is -1", fields(tong_so=-1))
simple("total_is_true", "states true", REFUSED, "tong_so is true", fields(tong_so=True))
simple("total_is_a_list", "states a list", REFUSED, "tong_so is a list", fields(tong_so=[35]))
simple("total_in_other_digits", "states ٣٥", REFUSED, "tong_so is", fields(tong_so="٣٥"))
simple(
    "total_of_5000_digits",
    "states a number that no type holds",
    REFUSED,
    r"tong_so is \(số, 5000 chữ số\)",
    fields(tong_so="9" * 5000),
)
simple(
    "total_capped",
    "states 20 of 35, with as many pages",
    UNAVAILABLE,
    "page 3 behind the last holds 10",
    fields(tong_so=20, so_trang=2),
)
simple(
    "total_capped_without_pages",
    "states 20 of 35",
    UNAVAILABLE,
    "page 3 behind the last holds 10",
    fields(tong_so=20, so_trang=None),
)
simple(
    "total_of_the_first_page",
    "states how many the first page holds",
    UNAVAILABLE,
    "page 2 behind the last holds 10",
    fields(tong_so=10, so_trang=None),
)
simple("pages_not_stated", "does not say how many pages there are", LANDED, "", fields(so_trang=None))
simple(
    "pages_bad",
    "the number of pages is text",
    REFUSED,
    r"so_trang is \(chữ, 3 ký tự\)",
    fields(so_trang="bốn"),
)
simple("pages_too_few", "states 3 pages of 4", UNAVAILABLE, FEWER, fields(so_trang=3))
simple("pages_too_many", "states 5 pages of 4", UNAVAILABLE, FEWER, fields(so_trang=5))
simple(
    "pages_grow",
    "one page more each time",
    UNAVAILABLE,
    "list changed",
    of_list(lambda a: page(a, so_trang=a.page + 4)),
)
simple(
    "endless_pages",
    "goes on with new records behind the last page",
    UNAVAILABLE,
    FEWER,
    of_list(
        lambda a: page(
            a,
            [
                dossier(n) | {"NgayCapNhat": None, "MaHoSo": f"{n}"}
                for n in range(a.page * 10, a.page * 10 + 10)
            ],
            so_trang=10**8,
        )
    ),
)
simple(
    "endless_empty_pages",
    "a hundred million pages with nothing on them",
    UNAVAILABLE,
    "holds none",
    of_list(lambda a: page(a, None if a.page < 3 else [], so_trang=10**8)),
)
simple(
    "endless_single_records",
    "a billion pages of one new record each",
    UNAVAILABLE,
    "took longer",
    of_list(
        lambda a: page(
            a, [dossier(1) | {"MaHoSo": f"x{a.page}", "NgayCapNhat": None}], tong_so=10**8, so_trang=10**8
        )
    ),
    seconds=LITTLE_S,
)
simple(
    "page_of_nulls",
    "200,000 records that are null on one page",
    UNAVAILABLE,
    "more than 100000 records",
    of_list(lambda a: page(a, [None] * 200_000, tong_so=200_000, so_trang=1)),
)

# The same thing under a key that is another text and is read as the same one. On the wire nothing is wrong:
# the staged lines tell.
FORMS: dict[str, Callable[[str], str]] = {
    "zero_width": lambda key: f"{key}\u200b",
    "byte_order_mark": lambda key: f"\ufeff{key}",
    "soft_hyphen": lambda key: f"{key[:5]}\u00ad{key[5:]}",
    "full_width": lambda key: key.replace("H59", "\uff28\uff15\uff19"),
    "full_width_digit": lambda key: f"{key[:-1]}{chr(0xFF10 + int(key[-1]))}",
    "dash": lambda key: key.replace("-", "\u2013"),
    "minus": lambda key: key.replace("-", "\u2212"),
    "apostrophe": lambda key: f"'{key}",
    "direction": lambda key: f"{key}\u200e",
    "lower_case": str.lower,
}
for _form, _write in FORMS.items():
    simple(
        f"key_in_form_{_form}",
        f"a record of page 1 stands on page 2 with its key in another form ({_form})",
        LANDED,
        "",
        of_list(
            lambda a, write=_write: (
                page(
                    a,
                    [DOSSIERS[9] | {"MaHoSo": write(DOSSIERS[9]["MaHoSo"])}, *DOSSIERS[11:20]],
                )
                if a.page == 2
                else None
            )
        ),
    )
TIMES = {
    "day_first": "%d/%m/%Y %H:%M:%S",
    "milliseconds": "%Y-%m-%dT%H:%M:%S.123",
    "zone": "%Y-%m-%dT%H:%M:%S+07:00",
}
for _form, _format in TIMES.items():
    simple(
        f"order_in_form_{_form}",
        f"page 2 is page 3, with times in another form ({_form})",
        UNAVAILABLE,
        "order of change",
        of_list(
            lambda a, form=_format: page(
                a,
                [
                    record
                    | {"NgayCapNhat": datetime.strptime(record["NgayCapNhat"], "%Y%m%d%H%M%S").strftime(form)}
                    for record in {1: DOSSIERS[:10], 2: DOSSIERS[20:30], 3: DOSSIERS[10:20]}.get(
                        a.page, DOSSIERS[30:]
                    )
                ],
            )
        ),
    )
simple(
    "clock_behind",
    "says in Date that it is 30 hours ago",
    REFUSED,
    r"its clock is 30\.0 hours behind",
    of_list(
        lambda a: in_json(page(a), Date=format_datetime(datetime.now(UTC) - timedelta(hours=30), usegmt=True))
    ),
)
simple(
    "clock_ahead",
    "says in Date that it is tomorrow",
    LANDED,
    "",
    of_list(
        lambda a: in_json(page(a), Date=format_datetime(datetime.now(UTC) + timedelta(hours=30), usegmt=True))
    ),
)
simple(
    "clock_of_no_kind",
    "says in Date what is no moment",
    LANDED,
    "",
    of_list(lambda a: in_json(page(a), Date="hôm qua".encode().decode("latin-1"))),
)

# What is no page ------------------------------------------------------------------------------

simple(
    "error_code_in_200",
    "says error_code 7 with HTTP 200",
    REFUSED,
    r"error_code 7, message \(chữ, 10 ký tự\)",
    fields(error_code="7", message="hỏng\n\x1b[31m"),
)
simple("data_missing", "has no data", REFUSED, "data is not there. Expected a data list", fields(data=None))
simple("data_is_an_object", "data is an object", REFUSED, "a data list", fields(data={"0": DOSSIERS[0]}))
simple(
    "list_instead_of_object",
    "a JSON list in place of an object",
    UNAVAILABLE,
    "no JSON object",
    of_list(lambda _: in_json(DOSSIERS)),
)
simple(
    "html_with_200",
    "a web page with HTTP 200",
    UNAVAILABLE,
    "no JSON",
    of_list(lambda _: Reply(b"<html>Bao tri</html>")),
)
simple("nothing_with_200", "an empty body", UNAVAILABLE, "no JSON", of_list(lambda _: Reply()))
simple(
    "json_cut",
    "a body of half a page, with its own length",
    UNAVAILABLE,
    "no JSON",
    of_list(lambda a: Reply(json.dumps(page(a)).encode()[:900])),
)
simple(
    "json_goes_on",
    "two objects in one body",
    UNAVAILABLE,
    "something follows",
    of_list(lambda a: Reply(json.dumps(page(a)).encode() * 2)),
)
simple(
    "data_twice",
    "has the field data twice",
    UNAVAILABLE,
    "a field twice",
    of_list(lambda a: Reply(json.dumps(page(a)).encode().replace(b'"data"', b'"data": [], "data"'))),
)
simple(
    "deep_json",
    "100,000 brackets",
    UNAVAILABLE,
    "no JSON",
    of_list(lambda _: Reply(b'{"data": ' + b"[" * 100_000)),
)
simple("no_text", "bytes of no encoding", UNAVAILABLE, "no JSON", of_list(lambda _: Reply(bytes(range(256)))))

# Small answers that would be large objects.
simple(
    "objects_without_number",
    "a record of two million objects",
    REFUSED,
    "more than 2000000 values",
    of_list(lambda _: packed(gzip.compress(b'{"data": [{"a": [' + b"{}," * 2_000_000 + b"{}]}]}"))),
)
simple(
    "objects_beside_the_list",
    "two million objects beside the list",
    REFUSED,
    "more than 2000000 values",
    of_list(lambda _: packed(gzip.compress(b'{"x": [' + b"{}," * 2_000_000 + b'{}], "data": []}'))),
)
simple(
    "token_of_a_megabyte",
    "a token with a megabyte around it",
    REFUSED,
    "more than 64 KiB",
    lambda asked: in_json({"x": "x" * 1_000_000, "access_token": TOKEN}) if asked.token else None,
)
simple(
    "refusal_of_a_megabyte",
    "HTTP 400 with a megabyte",
    REFUSED,
    "more than 64 KiB",
    of_list(lambda _: in_json({"message": "x" * 1_000_000}, 400)),
)
simple(
    "fields_without_number",
    "records that have no field twice",
    REFUSED,
    "more than 2000 different fields",
    of_list(
        lambda a: page(a, [{f"x{n}-{m}": 0 for m in range(500)} for n in range(10)], tong_so=10, so_trang=1)
    ),
)
simple(
    "key_nested_900_deep",
    "a key of 900 lists",
    LANDED,
    "",
    of_list(
        lambda a: (
            Reply(json.dumps(page(a)).replace(f'"{DOSSIERS[0]["MaHoSo"]}"', "[" * 900 + "]" * 900).encode())
            if a.page == 1
            else None
        )
    ),
)
simple(
    "error_code_nested_900_deep",
    "an error_code of 900 lists",
    REFUSED,
    "error_code a list",
    of_list(
        lambda a: Reply(
            json.dumps(page(a, error_code=1)).replace(": 1,", f": {'[' * 900}{']' * 900},").encode()
        )
    ),
)

# On the wire ----------------------------------------------------------------------------------

OK = b"HTTP/1.1 200 OK\r\n"
simple(
    "body_cut",
    "the connection ends before the stated length",
    UNAVAILABLE,
    "broke off",
    of_list(lambda a: whole(b"Content-Length: 90000\r\n\r\n", json.dumps(page(a)).encode())),
)
simple(
    "chunks_cut",
    "the connection ends within a chunk",
    UNAVAILABLE,
    "broke off",
    of_list(lambda _: whole(b"Transfer-Encoding: chunked\r\n\r\nfff\r\n{}")),
)
simple(
    "chunk_of_no_size",
    "the size of a chunk is no number",
    UNAVAILABLE,
    "broke off",
    of_list(lambda _: whole(b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n")),
)
simple(
    "status_of_no_kind",
    "the status line is no HTTP",
    UNAVAILABLE,
    "no answer",
    of_list(lambda _: whole(b"\r\n", head=b"SSH-2.0-OpenSSH_9.6\r\n")),
)
simple(
    "connection_ends",
    "closes the connection at once",
    UNAVAILABLE,
    "no answer",
    of_list(lambda _: whole(head=b"")),
)
simple(
    "header_of_100_kb",
    "a header line without end",
    UNAVAILABLE,
    "no answer",
    of_list(lambda _: whole(b"X: " + b"x" * 100_000 + b"\r\n\r\n")),
)
simple(
    "headers_1000",
    "a thousand headers",
    UNAVAILABLE,
    "no answer",
    of_list(lambda _: whole(*[b"X-%d: x\r\n" % n for n in range(1000)], b"\r\n")),
)
simple(
    "gzip",
    "packs as it may",
    LANDED,
    "",
    of_list(lambda a: packed(gzip.compress(json.dumps(page(a)).encode()))),
)
simple(
    "gzip_that_is_none",
    "says gzip and sends text",
    UNAVAILABLE,
    "broke off",
    of_list(lambda a: packed(json.dumps(page(a)).encode())),
)
simple(
    "gzip_cut",
    "half a gzip, with its own length",
    UNAVAILABLE,
    "its gzip has no end",
    of_list(lambda a: packed(gzip.compress(json.dumps(page(a)).encode())[:300])),
)
simple(
    "gzip_sum_wrong",
    "a gzip whose sum is wrong",
    UNAVAILABLE,
    "broke off",
    of_list(lambda a: packed(gzip.compress(json.dumps(page(a)).encode())[:-8] + bytes(8))),
)
simple(
    "packed_twice",
    "a gzip in a gzip",
    UNAVAILABLE,
    "packed in another way",
    of_list(lambda _: Reply(b"x", headers={"Content-Encoding": "gzip, gzip"})),
)
simple(
    "packed_otherwise",
    "packs with what was not asked for",
    UNAVAILABLE,
    "packed in another way",
    of_list(lambda _: Reply(b"x", headers={"Content-Encoding": "br"})),
)
BOMB = gzip.compress(bytes(64_000_000))
simple(
    "gzip_bomb",
    "3 MB that are 3 GB",
    REFUSED,
    "more than 8 MB when unpacked",
    of_list(lambda _: packed(BOMB * 48)),
)
simple(
    "no_header",
    "a header line that is none, with the token in it",
    LANDED,
    "",
    of_list(
        lambda a: whole(
            b"X-A: b\r\nno colon\r\nX-Echo: %s\r\n" % a.headers["Authorization"].encode(),
            b"\r\n",
            json.dumps(page(a)).encode(),
        )
    ),
)
simple(
    "cookies",
    "sets a cookie of 60 kB in each answer",
    LANDED,
    "",
    of_list(lambda a: in_json(page(a), **{"Set-Cookie": "a=b; expires=1" + " " * 60_000 + "!"})),
)
simple(
    "partial",
    "HTTP 206 with all of a page",
    UNAVAILABLE,
    "HTTP 206",
    of_list(lambda a: in_json(page(a), 206)),
)
simple(
    "nothing_new",
    "HTTP 204",
    UNAVAILABLE,
    "no JSON",
    of_list(lambda _: whole(b"\r\n", head=b"HTTP/1.1 204 No\r\n")),
)

# Hangs ----------------------------------------------------------------------------------------

LATE = "took longer than"
HANGS = {"seconds": LITTLE_S}


@mode("silent", "takes the request and never answers", UNAVAILABLE, LATE, **HANGS)
@of_list
def _(_: Asked) -> Reply:
    return dripping(b"", b"")


simple("token_silent", "never gives a token", UNAVAILABLE, LATE, lambda _: dripping(b"", b""), **HANGS)
simple(
    "byte_by_byte",
    "a byte at a time, without a length",
    UNAVAILABLE,
    LATE,
    of_list(lambda _: dripping(OK + b"\r\n{")),
    **HANGS,
)
simple(
    "byte_by_byte_of_a_length",
    "a byte at a time of 100 MB",
    UNAVAILABLE,
    LATE,
    of_list(lambda _: dripping(OK + b"Content-Length: 100000000\r\n\r\n{")),
    **HANGS,
)
simple(
    "byte_by_byte_in_chunks",
    "a chunk of a byte at a time",
    UNAVAILABLE,
    LATE,
    of_list(lambda _: dripping(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n")),
    **HANGS,
)
simple(
    "chunk_size_by_byte",
    "the size of a chunk digit by digit",
    UNAVAILABLE,
    LATE,
    of_list(lambda _: dripping(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"0")),
    **HANGS,
)
simple(
    "header_by_byte",
    "a header a byte at a time",
    UNAVAILABLE,
    LATE,
    of_list(lambda _: dripping(OK + b"X: ", b"x")),
    **HANGS,
)
simple(
    "status_by_byte",
    "the status line a byte at a time",
    UNAVAILABLE,
    LATE,
    of_list(lambda _: dripping(b"HTTP/1.1 200 ", b"O")),
    **HANGS,
)
simple(
    "continue_for_ever",
    "100 Continue, again and again",
    UNAVAILABLE,
    LATE,
    of_list(lambda _: dripping(b"", b"HTTP/1.1 100 Continue\r\n\r\n")),
    **HANGS,
)
simple(
    "gzip_of_nothing",
    "gzip members that hold nothing, without end",
    UNAVAILABLE,
    LATE,
    of_list(lambda _: dripping(OK + b"Content-Encoding: gzip\r\n\r\n", gzip.compress(b""))),
    **HANGS,
)
simple(
    "body_without_end",
    "blanks as fast as they go",
    REFUSED,
    "more than 8 MB",
    of_list(lambda _: without_end(OK + b"\r\n", b" " * 65536)),
)
simple(
    "wait_a_day",
    "429 with Retry-After: 86400",
    UNAVAILABLE,
    LATE,
    of_list(lambda _: in_json({}, 429, **{"Retry-After": "86400"})),
    retries=4,
    **HANGS,
)
simple(
    "wait_until_2099",
    "503 with a date of 2099",
    UNAVAILABLE,
    LATE,
    of_list(lambda _: in_json({}, 503, **{"Retry-After": "Fri, 31 Dec 2099 23:59:59 GMT"})),
    retries=4,
    **HANGS,
)
simple(
    "wait_for_nonsense",
    "503 with Retry-After: mai",
    UNAVAILABLE,
    "HTTP 503 after all retries",
    of_list(lambda _: in_json({}, 503, **{"Retry-After": "mai"})),
    retries=1,
)

# Refusals and tokens --------------------------------------------------------------------------

simple(
    "http_408_once",
    "HTTP 408, then the truth",
    LANDED,
    "",
    of_list(lambda a: Reply(b"x", 408) if a.turn == 1 else None),
    retries=1,
)
simple("http_425", "HTTP 425", UNAVAILABLE, "HTTP 425 after all", of_list(lambda _: in_json({}, 425)))
simple("http_304", "HTTP 304", UNAVAILABLE, "HTTP 304, though", of_list(lambda _: Reply(b"", 304)))
simple("http_500", "HTTP 500", UNAVAILABLE, "HTTP 500 after all retries", of_list(lambda _: Reply(b"x", 500)))
simple(
    "http_503_once",
    "HTTP 503, then the truth",
    LANDED,
    "",
    of_list(lambda a: Reply(b"x", 503) if a.turn == 1 else None),
    retries=1,
)
simple(
    "connection_ends_once",
    "closes the first connection, then the truth",
    LANDED,
    "",
    of_list(lambda a: whole(head=b"") if a.turn == 1 else None),
    retries=1,
)
simple(
    "http_404",
    "HTTP 404 in JSON",
    REFUSED,
    r"HTTP 404: \(chữ, 12 ký tự\)",
    of_list(lambda _: in_json({"message": "no such list"}, 404)),
)
simple(
    "http_404_page",
    "HTTP 404 as a web page",
    UNAVAILABLE,
    "HTTP 404, the answer is no JSON",
    of_list(lambda _: Reply(b"<html>", 404)),
)
simple(
    "http_400_list",
    "HTTP 400 with a JSON list",
    UNAVAILABLE,
    "no JSON object",
    of_list(lambda _: in_json([1], 400)),
)
simple("http_403", "HTTP 403", REFUSED, "the token is not accepted", of_list(lambda _: in_json({}, 403)))
simple(
    "http_401_always",
    "takes no token that it gave",
    REFUSED,
    "the token is not accepted",
    of_list(lambda _: in_json({}, 401)),
)
simple(
    "token_runs_out",
    "HTTP 401 once, on page 2",
    LANDED,
    "",
    of_list(lambda a: in_json({}, 401) if a.turn == 2 else None),
)


def token(content: object) -> Lie:
    return lambda asked: in_json(content) if asked.token else None


simple("token_missing", "gives no token", REFUSED, "no access_token", token({}))
simple("token_is_a_list", "the token is a list", REFUSED, "is no token", token({"access_token": ["a"]}))
simple(
    "token_breaks_the_header",
    "the token holds a line break",
    REFUSED,
    "is no token",
    token({"access_token": "a\r\nHost: x"}),
)
simple("token_in_a_list", "a list in place of the object", UNAVAILABLE, "no JSON object", token([TOKEN]))
simple(
    "token_cut",
    "the answer with the token is cut",
    UNAVAILABLE,
    "no JSON",
    lambda asked: Reply(b'{"access_tok') if asked.token else None,
)
simple(
    "token_refused",
    "refuses the client",
    REFUSED,
    "refused client 'kho'",
    lambda asked: in_json({"message": SECRET}, 401) if asked.token else None,
)

# Belief ---------------------------------------------------------------------------------------

AWAY = "sends elsewhere"


def to_other_host(status: int, *, of_token: bool) -> Lie:
    def lie(asked: Asked) -> Reply | None:
        return (
            Reply(b"", status, {"Location": f"{ELSEWHERE}{asked.path}"}) if asked.token is of_token else None
        )

    return lie


# Replaced by the address of another server on the way out.
ELSEWHERE = "http://elsewhere.invalid"
for _status in (301, 302, 303, 307, 308):
    simple(
        f"redirect_{_status}",
        f"HTTP {_status} to another host",
        REFUSED,
        AWAY,
        to_other_host(_status, of_token=False),
    )
    simple(
        f"token_redirect_{_status}",
        f"HTTP {_status} for the token, to another host",
        REFUSED,
        AWAY,
        to_other_host(_status, of_token=True),
    )
for _name, _location in {
    "no_address": "http://[::1",
    "other_letters": "http://a\u2100b/".encode().decode("latin-1"),
    "bytes": "http://\xff\xfe/",
    "the_token": f"http://{TOKEN.replace('-', '.')}.example.vn/",
}.items():
    simple(
        f"redirect_to_{_name}",
        f"HTTP 302 to what is no host, or tells ({_name})",
        REFUSED,
        AWAY,
        of_list(lambda _, to=_location: Reply(b"", 302, {"Location": to})),
    )
simple(
    "redirect_with_a_body",
    "HTTP 302 whose body has no end",
    REFUSED,
    AWAY,
    of_list(lambda _: without_end(b"HTTP/1.1 302 Found\r\nLocation: /x\r\n\r\n", b" " * 65536)),
)
simple(
    "redirect_with_a_bomb",
    "HTTP 302 whose body is 3 MB that are 3 GB",
    REFUSED,
    AWAY,
    of_list(lambda _: Reply(BOMB * 48, 302, {"Location": "/x", "Content-Encoding": "gzip"})),
)
simple(
    "redirect_to_itself",
    "HTTP 302 to the same page, again and again",
    REFUSED,
    AWAY,
    of_list(lambda a: Reply(b"", 302, {"Location": a.path})),
)
simple(
    "redirect_with_the_secret",
    "the secret stands in the address that it sends to",
    REFUSED,
    AWAY,
    of_list(lambda _: Reply(b"", 302, {"Location": f"http://{SECRET}.example.vn/"})),
)
simple(
    "environment",
    "tells the truth; a proxy and a .netrc stand in the environment",
    LANDED,
    "",
    lambda _: None,
    environment=True,
)
simple(
    "unencrypted",
    "is another machine without encryption",
    REFUSED,
    "would travel unencrypted",
    lambda _: None,
    address="http://tthc.example.vn:8080",
)
simple(
    "address_of_no_kind",
    "has an address that is none",
    REFUSED,
    "none that can be asked",
    lambda _: None,
    address="file:///etc/passwd",
)
simple(
    "secret_in_message",
    "repeats the secret in a refusal",
    REFUSED,
    r"HTTP 400: \(chữ, \d+ ký tự\)",
    of_list(lambda _: in_json({"message": f"client {SECRET} token {TOKEN}"}, 400)),
)
for _name, _write in {
    "upper": str.upper,
    "without_dashes": lambda text: text.replace("-", ""),
    "hexadecimal": lambda text: text.encode().hex(),
    "split": lambda text: f"{text[:9]}\n{text[9:]}",
    "zero_width": "\u200b".join,
    "half": lambda text: text[:-2],
    "full_width": lambda text: "".join(chr(ord(letter) + 0xFEE0) for letter in text),
}.items():
    simple(
        f"secret_in_message_{_name}",
        f"repeats the secret in a refusal, in another form ({_name})",
        REFUSED,
        r"HTTP 400: \(chữ, \d+ ký tự\)",
        of_list(lambda _, write=_write: in_json({"message": write(SECRET)}, 400)),
    )
simple(
    "secret_in_escapes",
    "a record holds the secret in the escapes of JSON",
    REFUSED,
    "holds the secret",
    of_list(
        lambda a: (
            Reply(
                json.dumps(page(a, [DOSSIERS[0] | {"TenTTHC": "@"}, *DOSSIERS[1:10]]))
                .replace('"@"', f'"{"".join(f"{chr(92)}u{ord(letter):04X}" for letter in SECRET)}"')
                .encode()
            )
            if a.page == 1
            else None
        )
    ),
)
simple(
    "secret_in_utf_16",
    "a record holds the secret, and the page is UTF-16",
    REFUSED,
    "holds the secret",
    of_list(
        lambda a: Reply(
            json.dumps(page(a, [DOSSIERS[0] | {"TenTTHC": SECRET}, *DOSSIERS[1:10]])).encode("utf-16")
        )
    ),
)
simple(
    "secret_at_the_cut",
    "repeats the secret where the message is cut",
    REFUSED,
    "HTTP 400",
    of_list(lambda _: in_json({"message": "x" * 190 + SECRET}, 400)),
)
simple(
    "secret_in_error_code",
    "repeats the secret in error_code",
    REFUSED,
    "holds the secret",
    fields(error_code=SECRET, message=TOKEN),
)
simple("secret_in_total", "states the secret as total", REFUSED, "", fields(tong_so=SECRET))
simple("secret_in_service", "names itself by the token", REFUSED, "holds the secret", fields(service=TOKEN))
simple(
    "secret_in_a_record",
    "a record holds the secret",
    REFUSED,
    "holds the secret",
    of_list(lambda a: page(a, [DOSSIERS[0] | {"TenTTHC": SECRET}, *DOSSIERS[1:10]]) if a.page == 1 else None),
)
simple(
    "secret_in_status",
    "the status line holds the secret",
    UNAVAILABLE,
    "no answer",
    of_list(lambda _: whole(b"\r\n", head=SECRET.encode() + b"\r\n")),
)

# CSV exports ----------------------------------------------------------------------------------

CSV = {"client": QlvbClient}
simple("csv_honest", "tells the truth in CSV", LANDED, "", lambda _: None, **CSV)
simple(
    "csv_row_twice",
    "a row twice, another not at all",
    UNAVAILABLE,
    TWICE,
    of_list(lambda _: in_csv([*ROWS[:-1], ROWS[3]])),
    **CSV,
)
simple(
    "csv_order",
    "change times that fall",
    UNAVAILABLE,
    "order of change",
    of_list(lambda _: in_csv([*ROWS[20:], *ROWS[:20]])),
    **CSV,
)
simple(
    "csv_change_after_the_end",
    "a row changed after the window's end",
    UNAVAILABLE,
    "after the end",
    of_list(lambda _: in_csv([*ROWS[:-1], [*ROWS[-1][:-1], "20250511000000"]])),
    **CSV,
)
simple(
    "csv_long_value",
    "a row with a value that hides those behind it",
    UNAVAILABLE,
    TWICE,
    of_list(lambda _: in_csv([["VB0", "den", "x" * 140_000, ROWS[0][-1]], *ROWS[1:-1], ROWS[3]])),
    **CSV,
)
simple(
    "csv_long_value_and_no_lie",
    "a value of 140,000 characters, which is for the readers to reject",
    LANDED,
    "",
    of_list(lambda _: in_csv([["VB1", "den", "x" * 140_000, ROWS[0][-1]], *ROWS[1:]])),
    **CSV,
)
simple(
    "csv_blank_first_line",
    "a blank line where the header belongs",
    REFUSED,
    "the first line of the file has no column ma_van_ban",
    of_list(lambda _: Reply(b"\n" + in_csv([*ROWS[:-1], ROWS[3]]).body, 200, in_csv(ROWS, 36).headers)),
    **CSV,
)
simple(
    "csv_quotes_inside",
    "two rows with a quote inside a value that is not quoted",
    REFUSED,
    "cannot be told apart",
    of_list(
        lambda _: Reply(
            f"{','.join(HEADER)}\n".encode()
            + b"".join(
                f"VB{n},den,5{chr(34) if n in (3, 4) else ''} x,2025050108{n:02d}00\n".encode()
                for n in range(1, 37)
            ),
            200,
            in_csv(ROWS).headers,
        )
    ),
    **CSV,
)
simple(
    "csv_clock_behind",
    "says in Date that it is 30 hours ago",
    REFUSED,
    r"its clock is 30\.0 hours behind",
    of_list(
        lambda _: in_csv(ROWS, Date=format_datetime(datetime.now(UTC) - timedelta(hours=30), usegmt=True))
    ),
    **CSV,
)
simple(
    "csv_total_too_large", "states more rows", UNAVAILABLE, FEWER, of_list(lambda _: in_csv(ROWS, 36)), **CSV
)
simple(
    "csv_total_too_small", "states fewer rows", UNAVAILABLE, FEWER, of_list(lambda _: in_csv(ROWS, 34)), **CSV
)
simple(
    "csv_total_missing",
    "states no total",
    REFUSED,
    "X-Tong-So is (empty|not there)",
    of_list(lambda _: in_csv(ROWS, "")),
    **CSV,
)
simple(
    "csv_total_of_5000_digits",
    "states a number that no type holds",
    REFUSED,
    r"X-Tong-So is \(số, 5000 chữ số\)",
    of_list(lambda _: in_csv(ROWS, "9" * 5000)),
    **CSV,
)
simple(
    "csv_total_is_the_secret",
    "states the secret",
    REFUSED,
    r"X-Tong-So is \(chữ, \d+ ký tự\)",
    of_list(lambda _: in_csv(ROWS, SECRET)),
    **CSV,
)
simple(
    "csv_moment",
    "the export as at another moment",
    REFUSED,
    "X-Thoi-Diem 20250509000000",
    of_list(lambda _: in_csv(ROWS, moment="20250509000000")),
    **CSV,
)
simple(
    "csv_html",
    "a web page with HTTP 200",
    REFUSED,
    "X-Tong-So is (empty|not there)",
    of_list(lambda _: Reply(b"<html>")),
    **CSV,
)
simple(
    "csv_cut",
    "the connection ends before the stated length",
    UNAVAILABLE,
    "broke off",
    of_list(lambda _: in_csv(ROWS, **{"Content-Length": "90000"})),
    **CSV,
)
simple(
    "csv_ends_in_quotes",
    "the last quote is never closed",
    UNAVAILABLE,
    FEWER,
    of_list(lambda _: Reply(in_csv(ROWS).body[:-30], 200, in_csv(ROWS).headers)),
    **CSV,
)
simple(
    "csv_one_endless_row",
    "a quote that is never closed, without end",
    UNAVAILABLE,
    "never closed",
    of_list(
        lambda _: without_end(
            OK + b'X-Tong-So: 35\r\nX-Thoi-Diem: %s\r\n\r\nma_van_ban\n"' % DEN.encode(), b"x" * 65536
        )
    ),
    **CSV,
)
simple(
    "csv_without_end",
    "rows without end",
    UNAVAILABLE,
    FEWER,
    of_list(
        lambda _: without_end(
            OK + b"X-Tong-So: 35\r\nX-Thoi-Diem: %s\r\n\r\nma_van_ban,x\n" % DEN.encode(), b",x\n" * 9999
        )
    ),
    **CSV,
)
simple(
    "csv_byte_by_byte",
    "a byte at a time",
    UNAVAILABLE,
    LATE,
    of_list(lambda _: dripping(OK + b"X-Tong-So: 35\r\nX-Thoi-Diem: %s\r\n\r\n" % DEN.encode(), b"x")),
    **CSV,
    **HANGS,
)
simple(
    "csv_gzip_bomb",
    "3 MB that are 3 GB",
    UNAVAILABLE,
    "never closed|more than 8 MB",
    of_list(lambda _: Reply(BOMB * 48, 200, in_csv(ROWS).headers | {"Content-Encoding": "gzip"})),
    **CSV,
)
simple(
    "csv_secret_in_a_row",
    "a row holds the secret",
    REFUSED,
    "holds the secret",
    of_list(lambda _: in_csv([*ROWS[:-1], ["VB99", "den", SECRET, ROWS[-1][-1]]])),
    **CSV,
)
simple("csv_redirect", "HTTP 307 to another host", REFUSED, AWAY, to_other_host(307, of_token=False), **CSV)


# The server -----------------------------------------------------------------------------------


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # A client that went away is what this is about.
    block_on_close = False

    def __init__(self, answer: Lie) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer = answer
        self.requests: list[Asked] = []
        self.stopped = False

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, *_: object) -> None:
        pass


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def handle_request_of(self, method: str) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        self.rfile.read(length)
        parts = urlsplit(self.path)
        turn = 1 + sum(asked.path == parts.path for asked in self.server.requests)
        asked = Asked(method, parts.path, dict(parse_qsl(parts.query)), dict(self.headers), turn)
        self.server.requests.append(asked)
        self._send(self.server.answer(asked) or honest(asked))

    def _send(self, reply: Reply) -> None:
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if reply.raw is not None:
            self.close_connection = True
            for piece in reply.raw:
                if self.server.stopped:
                    return
                self.connection.sendall(piece)
            return
        if "Date" in reply.headers:
            self.send_response_only(reply.status)
        else:
            self.send_response(reply.status)
        for name, value in ({"Content-Length": str(len(reply.body))} | reply.headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(reply.body)
        # A stated length that is not kept is an end before it.
        self.close_connection = "Content-Length" in reply.headers

    def do_GET(self) -> None:
        self.handle_request_of("GET")

    def do_POST(self) -> None:
        self.handle_request_of("POST")

    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def _serving(answer: Lie) -> Iterator[_Server]:
    server = _Server(answer)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.stopped = True
        server.shutdown()
        server.server_close()
        thread.join(5)


@contextlib.contextmanager
def lying(name: str) -> Iterator[tuple[SourceClient, Callable[[], tuple[int, int]]]]:
    """A client of a source that misbehaves in this way; how often it was asked, and another host was."""
    chosen = MODES[name]
    with contextlib.ExitStack() as stack:
        other = stack.enter_context(_serving(lambda _: in_json({"access_token": TOKEN})))

        def answer(asked: Asked) -> Reply | None:
            reply = chosen.lie(asked)
            if reply and reply.headers.get("Location", "").startswith(ELSEWHERE):
                reply.headers["Location"] = reply.headers["Location"].replace(ELSEWHERE, other.address)
            return reply

        server = stack.enter_context(_serving(answer))
        if chosen.environment:
            stack.enter_context(_misleading_environment(other.address))
        client = chosen.client(
            chosen.address or server.address,
            "kho",
            SECRET,
            retry_total=chosen.retries,
            limits=Limits(chosen.seconds, SIZE_BYTES),
        )
        yield client, lambda: (len(server.requests), len(other.requests))


@contextlib.contextmanager
def _misleading_environment(proxy: str) -> Iterator[None]:
    with TemporaryDirectory() as folder:
        netrc = Path(folder) / "netrc"
        netrc.write_text("machine 127.0.0.1 login x password y\n", encoding="utf-8")
        names = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
        misleading = dict.fromkeys(names, proxy) | {"NETRC": str(netrc), "no_proxy": "", "NO_PROXY": ""}
        with patch.dict(os.environ, misleading):
            yield


def try_mode(name: str) -> Outcome:
    """Pulls from a source that misbehaves in this way, up to the bytes that would be landed."""
    began = time.monotonic()
    kind, words, chain, content = LANDED, "", "", bytearray()
    with lying(name) as (client, asked):
        try:
            path = LIST if isinstance(client, TthcClient) else EXPORT
            for piece in client.export(path, None, UNTIL, whole=False):
                content += piece
        except CchcError as error:
            kind, words = type(error).__name__, str(error)
            chain = _chain(error)
        except Exception as error:
            kind, words = f"raw {type(error).__name__}", str(error)
        requests, elsewhere = asked()
    # Before the records comes what is stated of them: a line of JSON; two lines of CSV and the header.
    records = content.count(b"\n") - 1 if content.startswith(b"{") else content.count(b"VB")
    seconds = time.monotonic() - began
    return Outcome(kind, words, records, seconds, requests, elsewhere, bytes(content), chain)


def _chain(error: BaseException) -> str:
    """What a log prints of an error: its causes too, where they are not left out."""
    shown = []
    current: BaseException | None = error
    while current is not None:
        shown.append(repr(current))
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return "\n".join(shown)


def main(names: list[str]) -> int:
    """Tries modes and prints a line for each; 1 when one does not come out as it must."""
    failed = 0
    for name in names or MODES:
        outcome = try_mode(name)
        fault = outcome.fault(MODES[name])
        failed += fault is not None
        mark = "FAIL" if fault else "ok"
        print(f"{mark:4} {name:28} {outcome.seconds:5.1f} s  {outcome.kind:17} {fault or ''}".rstrip())
    print(f"{len(names or MODES)} ways to misbehave, {failed} not as they must be.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
