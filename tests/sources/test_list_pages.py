"""What the TTHC system's service says twice or oddly reaches the readers as it was said."""

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from cchc.contracts import contract_of
from cchc.errors import BadFile, SourceRefused, SourceUnavailable
from cchc.judging.validation import validate
from cchc.loading.load import load
from cchc.sources.landing import land_api
from cchc.sources.list_page import NoPage, read_page, text_of
from cchc.sources.tthc import TthcClient
from tests.world import RECORD, World, code

UNTIL = datetime(2025, 5, 10)


def dossier(number: int) -> str:
    return json.dumps({"MaHoSo": code(number)} | RECORD)


GOOD = [dossier(n) for n in range(1, 31)]


def page(records: list[str], total: object = None, **other: object) -> bytes:
    fields = {"error_code": "0", "tong_so": len(records) if total is None else total, "so_trang": 1} | other
    head = json.dumps(fields).removesuffix("}")
    return f'{head}, "data": [{", ".join(records)}]}}'.encode("utf-8", "surrogatepass")


@contextmanager
def serving(content: bytes) -> Iterator[TthcClient]:
    class Answer(BaseHTTPRequestHandler):
        def _say(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self._say(b'{"access_token": "t"}')

        def do_GET(self) -> None:
            # Behind the last page there is nothing.
            behind = "trang=2" in self.path
            self._say(
                re.sub(rb'"data": \[.*\]', b'"data": []', content, flags=re.DOTALL) if behind else content
            )

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield TthcClient(f"http://127.0.0.1:{server.server_port}", "kho", "bi-mat", retry_total=0)
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


def pulled(world: World, content: bytes):
    with serving(content) as client:
        batch_id = land_api(
            world.engine, world.folder / "landing", contract_of("ho_so"), client, UNTIL
        ).batch_id
    validate(world.engine, batch_id)
    return load(world.engine, batch_id)[0]


MA_31 = f'"MaHoSo": "{code(31)}"'


@pytest.mark.parametrize(
    ("new", "field", "reason"),
    [
        (f'{MA_31}, "MaHoSo": "x"', "ma_ho_so", "trường MaHoSo có hai lần"),
        (f'{MA_31}, "HinhThuc": NaN', "hinh_thuc", "NaN không phải là giá trị"),
        (f'{MA_31}, "HinhThuc": 1e400', "hinh_thuc", "số 1e400 quá lớn hoặc quá nhỏ"),
        (f'"MaHoSo": {"9" * 5000}', "ma_ho_so", "số dài hơn 64 chữ số"),
        (r'"MaHoSo": "a\ud800b"', "ma_ho_so", r"nửa ký tự (mã \ud800–\udfff)"),
    ],
)
def test_record_that_says_two_things_or_no_value_is_rejected_after_a_pull_too(
    province: World, new: str, field: str, reason: str
):
    batch = pulled(province, page([*GOOD, dossier(31).replace(MA_31, new)]))
    assert (batch.lines_read, batch.lines_accepted, batch.lines_rejected) == (31, 30, 1)
    [(rules, row)] = province.rows("SELECT rule_ids, masked_row FROM ops.reject")
    assert "HS00" in rules
    assert row[field] == reason


def test_number_of_25_digits_is_landed_as_it_was_sent(province: World):
    number = "1234567890123456789012345"
    batch = pulled(province, page([*GOOD, dossier(31).replace(f'"{code(31)}"', number)]))
    assert (batch.lines_accepted, batch.lines_rejected) == (30, 1)
    [(row,)] = province.rows("SELECT masked_row::text FROM ops.reject")
    assert "số trên 15 chữ số" in row


def test_byte_that_is_no_utf8_is_refused_with_its_place(province: World):
    content = page([*GOOD, dossier(31)]).replace(f'"{code(31)}"'.encode(), b'"a\xff"')
    with pytest.raises(BadFile, match="line 32, column 14: this is not JSON: a byte that is not UTF-8"):
        pulled(province, content)


def test_totals_written_as_text_are_read(province: World):
    assert pulled(province, page(GOOD, total="30", so_trang="1")).lines_accepted == 30


@pytest.mark.parametrize(
    ("content", "kind", "says"),
    [
        (page(GOOD, total="1.234"), SourceRefused, "tong_so is 1.234. Expected a whole number"),
        (page(GOOD, total=True), SourceRefused, "tong_so is true. Expected a whole number"),
        (page(GOOD, total=[30]), SourceRefused, "tong_so is a list. Expected a whole number"),
        (
            page(GOOD, so_trang="hai"),
            SourceRefused,
            r"so_trang is \(chữ, 3 ký tự\)\. Expected a whole number",
        ),
        (page(GOOD).replace(b'"tong_so": 30, ', b""), SourceRefused, "tong_so is not there"),
        (page(GOOD).replace(b'"data"', b'"data": [], "data"'), SourceUnavailable, "has a field twice"),
        (page(GOOD) + b"x", SourceUnavailable, "something follows"),
        (page(GOOD)[:-9], SourceUnavailable, "page 1: the answer is no JSON"),
        (b'{"data": ' + b"[" * 100_000, SourceUnavailable, "the answer is no JSON"),
        (b'{"tong_so": ' + b"9" * 5_000 + b"}", SourceUnavailable, "page 1: the answer is no JSON"),
        (b"[]", SourceUnavailable, "page 1: the answer is no JSON object"),
        (b"", SourceUnavailable, "page 1: the answer is no JSON object"),
        (
            b'{"error_code": "7", "message": "a\\u001bb"}',
            SourceRefused,
            r"error_code 7, message \(chữ, 3 ký tự\)",
        ),
    ],
)
def test_answer_that_is_no_page_is_told_in_plain_words(
    province: World, content: bytes, kind: type[Exception], says: str
):
    with pytest.raises(kind, match=says):
        pulled(province, content)


@pytest.mark.parametrize(
    "encode", [str.encode, lambda text: text.encode("utf-8-sig"), lambda text: text.encode("utf-16")]
)
def test_page_is_the_same_in_any_encoding_of_json(encode: Callable[[str], bytes]):
    found = read_page(text_of(encode(' { "a" : "ổ" , "data" : [ ] , "b" : [ 1.0 ] } \n')))
    assert found == {"a": "ổ", "data": [], "b": ["1.0"]}


@pytest.mark.parametrize(
    "text", ["{,}", '{"a" 1}', '{"a": 1,}', '{"data": [1,]}', '{"data": [1 2]}', "{1: 2}", "{"]
)
def test_what_is_no_json_is_no_page(text: str):
    with pytest.raises(NoPage):
        read_page(text)
