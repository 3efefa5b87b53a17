"""Serves the source over HTTP: token, dossiers and what belongs to them by change time, units, procedures."""

from fastapi import FastAPI, Request, Response

from tools.simulation.service import (
    OK,
    BadParameter,
    create_service,
    moment,
    reply,
    totals_by_month,
    window,
)
from tools.tthc_simulator.source import Source

MAX_PAGE = 5000
DEFAULT_PAGE = 2000
BY_MONTH = "/tong-so-theo-thang"


def create_app(source: Source, client_id: str, client_secret: str, token_seconds: int = 1800) -> FastAPI:
    """The vendor's service for one client; tokens live for `token_seconds`."""
    app = create_service("TTHC simulator", "/api/", client_id, client_secret, token_seconds)

    @app.get("/healthz")
    def healthz() -> Response:
        return reply({"status": "ok", "so_ho_so": len(source)})

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

    @app.get(f"/api/ho-so{BY_MONTH}")
    def ho_so_by_month(request: Request) -> Response:
        den = moment(request, "den") or source.settings.end
        return totals_by_month("DongBoHoSoMC", den, source.table(den)["ngay_tiep_nhan"].to_pylist())

    @app.get(f"/api/danh-gia{BY_MONTH}")
    def danh_gia_by_month(request: Request) -> Response:
        den = moment(request, "den") or source.settings.end
        listed = source.ratings.danh_gia(None, den)
        return totals_by_month("DanhGiaHaiLong", den, [row["ThoiGianDanhGia"] for row in listed])

    @app.get(f"/api/qua-trinh{BY_MONTH}")
    def qua_trinh_by_month(request: Request) -> Response:
        den = moment(request, "den") or source.settings.end
        listed = source.history.qua_trinh(None, den)
        return totals_by_month("QuaTrinhXuLyHoSo", den, [row["ThoiGian"] for row in listed])

    def changed_list(request: Request, service: str, paged) -> Response:
        tu, den = window(request, source.settings.end)
        page, size = _paging(request)
        total, records = paged(tu, den, page, size)
        return _page(service, den, page, size, total=total, records=records)

    def whole_list(request: Request, service: str, listed) -> Response:
        den = moment(request, "den") or source.settings.end
        page, size = _paging(request)
        records = listed(den)
        wanted = records[(page - 1) * size : page * size]
        return _page(service, den, page, size, total=len(records), records=wanted)

    return app


def _paging(request: Request) -> tuple[int, int]:
    values = []
    for name, default, most in (("trang", 1, 10**9), ("kich_thuoc", DEFAULT_PAGE, MAX_PAGE)):
        text = request.query_params.get(name) or str(default)
        if not (text.isascii() and text.isdigit() and 1 <= int(text) <= most):
            raise BadParameter(f"{name}={text!r}: cần số nguyên từ 1 đến {most}.")
        values.append(int(text))
    return values[0], values[1]


def _page(service: str, den: str, page: int, size: int, *, total: int, records: list[dict]) -> Response:
    return reply(
        {
            "error_code": OK, "message": "OK", "service": service, "tong_so": total,
            "trang": page, "so_trang": max(1, -(-total // size)), "thoi_diem": den,
            "data": records,
        }
    )  # fmt: skip
