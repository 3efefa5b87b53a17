"""The web application: who asks is told by whoever serves it, each page has a module of its own."""

import logging
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from urllib.parse import quote, unquote

import sqlalchemy as sa
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from cchc.pages import (
    changes,
    dossiers,
    indicator,
    notes,
    official,
    operations,
    publication,
    scoreboard,
    unit,
)
from cchc.pages.page import STATIC, page
from cchc.pages.viewer import LONGEST_STATEMENT_S, NotForThisViewer
from cchc.warehouse import engine_of

# Pages load nothing from another host, run no script that is not a file of theirs, and stand in no frame but
# Airflow's. Vega sets styles of its own.
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    # What one person may see is kept for nobody else.
    "Cache-Control": "private, no-store",
}

# What the answer of each code is about.
TITLES = {
    400: "Không hiểu yêu cầu",
    404: "Không có trang này",
    405: "Trang chỉ để xem",
    409: "Con số đang chờ tính lại",
}
WHAT = {
    404: "Địa chỉ không ứng với trang nào. Chọn một trang ở trên.",
    405: "Địa chỉ này chỉ mở để xem hoặc tải về, không gửi gì đến được.",
}

log = logging.getLogger("cchc.pages")
Asker = Callable[[Request], Awaitable[str]]


class NotLoggedIn(Exception):
    """Nobody has logged in. `login`: the address where one can, to which the wanted page is added."""

    def __init__(self, login: str) -> None:
        super().__init__(login)
        self.login = login


def build(dsn: str, asker: Asker) -> FastAPI:
    """The application on the warehouse `dsn` (login cchc_pages).

    `asker` gives the name of who asks; it raises NotLoggedIn, or NotForThisViewer for whom no page is.
    """
    # A redirect to an address without its last slash would name the host that the browser says.
    app = FastAPI(
        title="Chỉ số CCHC", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False
    )
    app.state.asker = asker
    app.state.engine = engine_of(dsn, statement_timeout_s=LONGEST_STATEMENT_S, pool_size=8)
    for module in (scoreboard, indicator, dossiers, changes, unit, official, publication, notes, operations):
        app.include_router(module.router)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.add_exception_handler(NotLoggedIn, _to_login)
    app.add_exception_handler(NotForThisViewer, _not_for_you)
    app.add_exception_handler(RequestValidationError, _bad_address)
    # Of the framework as well: an unknown address, a method that nothing takes.
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(sa.exc.OperationalError, _away)
    # No session is free.
    app.add_exception_handler(sa.exc.TimeoutError, _away)
    # A number beyond what a column holds.
    app.add_exception_handler(sa.exc.DataError, _bad_value)
    app.middleware("http")(_with_headers)
    return app


async def _with_headers(request: Request, call: Callable[[Request], Awaitable[Response]]) -> Response:
    # Asked before the call, which writes into the scope.
    head = request.method == "HEAD"
    static = request.url.path.startswith(f"{request.scope.get('root_path', '')}/static/")
    if head:
        # Whoever asks whether a page is there is answered as if they asked for it, without the body.
        request.scope["method"] = "GET"
    # PostgreSQL holds no NUL.
    nul = "\0" in unquote(request.url.path) or "\0" in unquote(request.url.query)
    try:
        response = _bad_value(request) if nul else await call(request)
    except Exception:
        # Whoever looks cannot do anything about it, and the server's own answer is none of ours.
        log.exception("%s was not answered", request.url.path)
        response = _broken(request)
    if static and request.url.query and response.status_code == 200:
        # Its address names its content.
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    if head:
        request.scope["method"] = "HEAD"
        async for _ in response.body_iterator:  # type: ignore[attr-defined]
            pass
        response = Response(status_code=response.status_code, headers=dict(response.headers))
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response


def _to_login(request: Request, error: Exception) -> Response:
    assert isinstance(error, NotLoggedIn)
    if "text/html" not in request.headers.get("accept", ""):
        return _told(request, 401, "Chưa đăng nhập", "Đăng nhập vào Airflow rồi mở lại trang này.")
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return Response(status_code=303, headers={"Location": f"{error.login}?next={quote(wanted, safe='')}"})


def _not_for_you(request: Request, error: Exception) -> Response:
    return _told(request, 403, "Không có quyền xem trang này", str(error))


def _bad_address(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    what = ", ".join(".".join(str(part) for part in found["loc"][1:]) for found in error.errors())
    return _told(request, 400, TITLES[400], f"Địa chỉ trang có giá trị không dùng được: {what}.")


def _bad_value(request: Request, _error: Exception | None = None) -> Response:
    return _told(request, 400, TITLES[400], "Địa chỉ trang có giá trị không dùng được.")


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = error.status_code
    # Whoever raises it without words leaves those of HTTP, which are English.
    own = error.detail != HTTPStatus(code).phrase
    what = error.detail if own else WHAT.get(code, "Không trả lời được yêu cầu này.")
    response = _told(request, code, TITLES.get(code, TITLES[400]), what)
    response.headers.update(error.headers or {})
    return response


def _broken(request: Request) -> Response:
    return _told(
        request,
        500,
        "Trang này gặp lỗi",
        "Lỗi đã được ghi lại. Thử lại sau; nếu vẫn vậy, báo người vận hành kho địa chỉ của trang này.",
    )


def _away(request: Request, _error: Exception) -> Response:
    return _told(
        request,
        503,
        "Kho dữ liệu không trả lời",
        "Thử lại sau một phút. Nếu vẫn vậy, báo người vận hành: docs/runbook.md, mục kho không trả lời.",
    )


def _told(request: Request, code: int, title: str, what: str) -> Response:
    return page(request, "error.html", None, status_code=code, title=title, what=what)
