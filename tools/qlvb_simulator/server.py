"""Serves the source over HTTP: a token, then one CSV of what changed in a window."""

from fastapi import FastAPI, Request, Response

from tools.qlvb_simulator.exports import csv_text
from tools.qlvb_simulator.source import Source
from tools.simulation.service import create_service, moment, reply, totals_by_month, window

BY_MONTH = "/tong-so-theo-thang"
# Which column says when a document or work dossier came.
CAME = {"van_ban": "ngay_dang_ky", "ho_so_cong_viec": "ngay_mo"}
PATHS = {"/xuat/van-ban": "van_ban", "/xuat/ho-so-cong-viec": "ho_so_cong_viec"}


def create_app(source: Source, client_id: str, client_secret: str, token_seconds: int = 1800) -> FastAPI:
    """The system's export service for one client; tokens live for `token_seconds`."""
    app = create_service("QLVB simulator", "/xuat/", client_id, client_secret, token_seconds)

    @app.get("/healthz")
    def healthz() -> Response:
        return reply({"status": "ok", "so_dong": len(source)})

    def export(request: Request) -> Response:
        tu, den = window(request, source.settings.end)
        rows = source.changed(PATHS[request.url.path], tu, den)
        return Response(
            csv_text(rows).encode(),
            media_type="text/csv; charset=utf-8",
            headers={"X-Tong-So": str(len(rows)), "X-Thoi-Diem": den},
        )

    def by_month(request: Request) -> Response:
        dataset = PATHS[request.url.path.removesuffix(BY_MONTH)]
        den = moment(request, "den") or source.settings.end
        return totals_by_month(dataset, den, source.changed(dataset, None, den)[CAME[dataset]])

    for path in PATHS:
        app.get(path)(export)
        app.get(path + BY_MONTH)(by_month)
    return app
