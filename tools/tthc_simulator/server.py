"""Serves the source over HTTP: token, dossiers and what belongs to them by change time, units, procedures."""

import secrets
import time
from urllib.parse import parse_qsl

import orjson
from fastapi import FastAPI, Request, Response

from tools.tthc_simulator import working_days as wd
from tools.tthc_simulator.source import Source

MAX_PAGE = 5000
DEFAULT_PAGE = 2000
OK, BAD_PARAMETER, NOT_ALLOWED = "0", "400", "401"


class BadParameter(ValueError):
    """A query parameter that the service cannot use."""


def create_app(source: Source, client_id: str, client_secret: str, token_seconds: int = 1800) -> FastAPI:
    """The vendor's service for one client; tokens live for `token_seconds`."""
    app = FastAPI(title="TTHC simulator", docs_url=None, redoc_url=None, openapi_url=None)
    tokens: dict[str, float] = {}

    @app.exception_handler(BadParameter)
    def bad_parameter(_: Request, error: BadParameter) -> Response:
        return _reply({"error_code": BAD_PARAMETER, "message": str(error)}, 400)

    @app.get("/healthz")
    def healthz() -> Response:
        return _reply({"status": "ok", "so_ho_so": len(source)})

    @app.post("/api/token")
    async def token(request: Request) -> Response:
        given = _credentials(await request.body())
        known = secrets.compare_digest(
            str(given.get("client_id", "")).encode(), client_id.encode()
        ) and secrets.compare_digest(str(given.get("client_secret", "")).encode(), client_secret.encode())
        if not known:
            return _refused("Sai client_id hoặc client_secret.")
        now = time.monotonic()
        for old in [key for key, ends in tokens.items() if ends <= now]:
            del tokens[old]
        issued = secrets.token_urlsafe(24)
        tokens[issued] = now + token_seconds
        return _reply({"access_token": issued, "token_type": "Bearer", "expires_in": token_seconds})

    @app.middleware("http")
    async def authorise(request: Request, call_next):
        if request.url.path.startswith("/api/") and request.url.path != "/api/token":
            scheme, _, given = request.headers.get("Authorization", "").partition(" ")
            if scheme.lower() != "bearer" or tokens.get(given.strip(), 0) <= time.monotonic():
                return _refused("Thiếu token, hoặc token đã hết hạn: gọi lại POST /api/token.")
        return await call_next(request)

    @app.get("/api/ho-so")
    def ho_so(request: Request) -> Response:
        return changed_list(request, "DongBoHoSoMC", source.trang)

    @app.get("/api/danh-gia")
    def danh_gia(request: Request) -> Response:
        return changed_list(request, "DanhGiaHaiLong", source.ratings.trang)

    @app.get("/api/qua-trinh")
    def qua_trinh(request: Request) -> Response:
        return changed_list(request, "QuaTrinhXuLyHoSo", source.history.trang)

    @app.get("/api/don-vi")
    def don_vi(request: Request) -> Response:
        return whole_list(request, "LayDanhMucCoQuan", source.don_vi)

    @app.get("/api/tthc")
    def tthc(request: Request) -> Response:
        return whole_list(request, "LayDanhSachTTHC", source.tthc)

    def changed_list(request: Request, service: str, paged) -> Response:
        tu, den = _moment(request, "tu"), _moment(request, "den") or source.settings.end
        if tu and tu > den:
            raise BadParameter(f"tu={tu} sau den={den}: cần tu ≤ den.")
        page, size = _paging(request)
        total, records = paged(tu, den, page, size)
        return _page(service, den, page, size, total=total, records=records)

    def whole_list(request: Request, service: str, listed) -> Response:
        den = _moment(request, "den") or source.settings.end
        page, size = _paging(request)
        records = listed(den)
        wanted = records[(page - 1) * size : page * size]
        return _page(service, den, page, size, total=len(records), records=wanted)

    return app


def _credentials(body: bytes) -> dict:
    """Client id and secret from a JSON or a form body; empty when it is neither."""
    try:
        given = orjson.loads(body)
    except orjson.JSONDecodeError:
        given = dict(parse_qsl(body.decode("utf-8", "replace")))
    return given if isinstance(given, dict) else {}


def _moment(request: Request, name: str) -> str | None:
    text = request.query_params.get(name)
    if not text:
        return None
    try:
        if len(text) != 14 or not text.isascii() or not text.isdigit():
            raise ValueError
        if not 0 <= wd.seconds(text) < len(wd.YMD) * wd.DAY:
            raise ValueError
    except ValueError:
        raise BadParameter(
            f"{name}={text!r}: cần thời điểm yyyyMMddHHmmss trong các năm 2024 đến 2030."
        ) from None
    return text


def _paging(request: Request) -> tuple[int, int]:
    values = []
    for name, default, most in (("trang", 1, 10**9), ("kich_thuoc", DEFAULT_PAGE, MAX_PAGE)):
        text = request.query_params.get(name) or str(default)
        if not (text.isascii() and text.isdigit() and 1 <= int(text) <= most):
            raise BadParameter(f"{name}={text!r}: cần số nguyên từ 1 đến {most}.")
        values.append(int(text))
    return values[0], values[1]


def _page(service: str, den: str, page: int, size: int, *, total: int, records: list[dict]) -> Response:
    return _reply(
        {
            "error_code": OK, "message": "OK", "service": service, "tong_so": total,
            "trang": page, "so_trang": max(1, -(-total // size)), "thoi_diem": den,
            "data": records,
        }
    )  # fmt: skip


def _refused(message: str) -> Response:
    return _reply({"error_code": NOT_ALLOWED, "message": message}, 401)


def _reply(content: dict, status: int = 200) -> Response:
    return Response(orjson.dumps(content), status, media_type="application/json")
