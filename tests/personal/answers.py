"""Where somebody's name or number may stand in what a source answers: ANSWERS, name → a lie with a mark."""

from collections.abc import Callable

from cchc.sources.client import SourceClient
from cchc.sources.qlvb import QlvbClient
from cchc.sources.tthc import TthcClient
from tests.sources.lying_source import (
    ROWS,
    TOKEN,
    Lie,
    Reply,
    dossier,
    fields,
    in_csv,
    in_json,
    of_list,
    page,
    whole,
)

Marked = Callable[[str], Lie]


def _headers(mark: str, status: bytes, *lines: str) -> Reply:
    head = b"HTTP/1.1 " + status + b"\r\n"
    return whole(head + "".join(f"{line}\r\n" for line in lines).encode() + b"\r\n", mark.encode(), head=b"")


def _of_token(reply: Callable[[str], Reply]) -> Marked:
    return lambda mark: lambda asked: reply(mark) if asked.token else None


def _of_list(reply: Callable[[str], Reply]) -> Marked:
    return lambda mark: of_list(lambda _: reply(mark))


def _field(name: str) -> Marked:
    return lambda mark: fields(**{name: mark})


OF_TTHC: dict[str, Marked] = {
    "body: a page of HTML": _of_list(lambda mark: Reply(f"<html>Xin chào {mark}</html>".encode())),
    "body: of an error 500": _of_list(lambda mark: Reply(mark.encode(), 500)),
    "body: of an error 400": _of_list(lambda mark: in_json({"message": mark, mark: mark}, 400)),
    "body: of an error 404": _of_list(lambda mark: in_json([mark], 404)),
    "body: no JSON": _of_list(lambda mark: Reply(f'{{"data": [{mark}'.encode())),
    "body: in UTF-16": _of_list(lambda mark: Reply(mark.encode("utf-16"))),
    "reason phrase": _of_list(lambda mark: _headers(mark, f"503 {mark}".encode())),
    "reason phrase: of no status": _of_list(lambda mark: _headers(mark, mark.encode())),
    "header: its name": _of_list(lambda mark: _headers(mark, b"200 OK", f"{mark}: 1")),
    "header: its value": _of_list(lambda mark: _headers(mark, b"500 Error", f"X-Loi: {mark}")),
    "header: Content-Type": _of_list(lambda mark: _headers(mark, b"200 OK", f"Content-Type: {mark}")),
    "header: Content-Encoding": _of_list(lambda mark: _headers(mark, b"200 OK", f"Content-Encoding: {mark}")),
    "header: Content-Length": _of_list(lambda mark: _headers(mark, b"200 OK", f"Content-Length: {mark}")),
    "header: Transfer-Encoding": _of_list(
        lambda mark: _headers(mark, b"200 OK", "Transfer-Encoding: chunked", f"X: {mark}")
    ),
    "header: Location": _of_list(lambda mark: _headers(mark, b"302 Found", f"Location: /{mark}")),
    "header: Location of another host": _of_list(
        lambda mark: _headers(mark, b"307 Found", f"Location: http://{mark}/")
    ),
    "header: Retry-After": _of_list(lambda mark: _headers(mark, b"429 Too Many", f"Retry-After: {mark}")),
    "header: WWW-Authenticate": _of_list(
        lambda mark: _headers(mark, b"401 No", f"WWW-Authenticate: Bearer error={mark}")
    ),
    "header: Set-Cookie": _of_list(lambda mark: _headers(mark, b"500 Error", f"Set-Cookie: {mark}={mark}")),
    "header: a line that is none": _of_list(lambda mark: _headers(mark, b"200 OK", mark)),
    "token: an error": _of_token(lambda mark: in_json({"error": mark, "error_description": mark}, 400)),
    "token: refused": _of_token(lambda mark: in_json({"message": f"Sai mật khẩu của {mark}"}, 401)),
    "token: of another type": _of_token(lambda mark: in_json({"access_token": TOKEN, "token_type": mark})),
    "token: no text": _of_token(lambda mark: in_json({"access_token": {mark: mark}})),
    "token: its time": _of_token(lambda mark: in_json({"access_token": TOKEN, "expires_in": mark})),
    "page: a message": _field("message"),
    "page: a code of an error": lambda mark: fields(error_code=mark, message=mark, data=[]),
    "page: its total": _field("tong_so"),
    "page: how many pages": _field("so_trang"),
    "page: its number": _field("trang"),
    "page: its time": _field("thoi_diem"),
    "page: its list": _field("data"),
    "page: a field": lambda mark: of_list(lambda asked: page(asked) | {mark: mark}),
    "page: a record that is none": lambda mark: of_list(lambda asked: page(asked, [mark])),  # type: ignore[list-item]
    "page: a record without key": lambda mark: of_list(lambda asked: page(asked, [{mark: mark}])),
    "page: a key": lambda mark: of_list(lambda asked: page(asked, [dossier(1) | {"MaHoSo": mark}] * 2)),
    "page: a time of change": lambda mark: of_list(
        lambda asked: page(asked, [dossier(1) | {"NgayCapNhat": mark}])
    ),
}
OF_QLVB: dict[str, Marked] = {
    "table: its total": lambda mark: of_list(lambda _: in_csv(ROWS, mark)),
    "table: its time": lambda mark: of_list(lambda _: in_csv(ROWS, moment=mark)),
    "table: a header": lambda mark: of_list(lambda _: Reply(f"{mark},b\n1,2\n".encode())),
    "table: a row": lambda mark: of_list(lambda _: in_csv([[mark]])),
    "table: a key twice": lambda mark: of_list(lambda _: in_csv([[mark, "den", "1", "20250501080000"]] * 2)),
}
ANSWERS: dict[str, tuple[type[SourceClient], Marked]] = {
    **{name: (TthcClient, lie) for name, lie in OF_TTHC.items()},
    **{name: (QlvbClient, lie) for name, lie in OF_QLVB.items()},
}
