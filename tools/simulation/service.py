"""What every simulated service has: a token for one client, refusals, moments in the query."""

import secrets
import time
from collections import Counter
from collections.abc import Iterable
from urllib.parse import parse_qsl

import orjson
from fastapi import FastAPI, Request, Response

from tools.simulation import working_days as wd

OK, BAD_PARAMETER, NOT_ALLOWED = "0", "400", "401"


class BadParameter(ValueError):
    """A query parameter that the service cannot use."""


def create_service(
    title: str, guarded: str, client_id: str, client_secret: str, token_seconds: int
) -> FastAPI:
    """A service for one client: POST /api/token, and paths below `guarded` that need its token."""
    app = FastAPI(title=title, docs_url=None, redoc_url=None, openapi_url=None)
    tokens: dict[str, float] = {}

    @app.exception_handler(BadParameter)
    def bad_parameter(_: Request, error: BadParameter) -> Response:
        return reply({"error_code": BAD_PARAMETER, "message": str(error)}, 400)

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
        return reply({"access_token": issued, "token_type": "Bearer", "expires_in": token_seconds})

    @app.middleware("http")
    async def authorise(request: Request, call_next):
        if request.url.path.startswith(guarded) and request.url.path != "/api/token":
            scheme, _, given = request.headers.get("Authorization", "").partition(" ")
            if scheme.lower() != "bearer" or tokens.get(given.strip(), 0) <= time.monotonic():
                return _refused("Thiếu token, hoặc token đã hết hạn: gọi lại POST /api/token.")
        return await call_next(request)

    return app


def moment(request: Request, name: str) -> str | None:
    """A moment yyyyMMddHHmmss of the query; None when it is not given."""
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


def window(request: Request, end: str) -> tuple[str | None, str]:
    """The bounds tu and den of the query; `den` is `end` when it is not given."""
    tu, den = moment(request, "tu"), moment(request, "den") or end
    if tu and tu > den:
        raise BadParameter(f"tu={tu} sau den={den}: cần tu ≤ den.")
    return tu, den


def totals_by_month(service: str, den: str, moments: Iterable[object]) -> Response:
    """How many moments (yyyyMMdd…) lie in each month; those that are none or no time have the month null."""
    counts = Counter(_month(moment) for moment in moments)
    listed = [{"thang": month, "tong_so": counts[month]} for month in sorted(counts, key=lambda m: m or "")]
    return reply(
        {
            "error_code": OK, "message": "OK", "service": service, "thoi_diem": den,
            "tong_so": counts.total(), "data": listed,
        }
    )  # fmt: skip


def _month(moment: object) -> str | None:
    # A day such as 2025-13-40 lies in no month.
    if not (isinstance(moment, str) and moment[:8].isdigit() and "01" <= moment[4:6] <= "12"):
        return None
    return f"{moment[:4]}-{moment[4:6]}"


def reply(content: dict, status: int = 200) -> Response:
    return Response(orjson.dumps(content), status, media_type="application/json")


def _refused(message: str) -> Response:
    return reply({"error_code": NOT_ALLOWED, "message": message}, 401)


def _credentials(body: bytes) -> dict:
    """Client id and secret from a JSON or a form body; empty when it is neither."""
    try:
        given = orjson.loads(body)
    except orjson.JSONDecodeError:
        given = dict(parse_qsl(body.decode("utf-8", "replace")))
    return given if isinstance(given, dict) else {}
