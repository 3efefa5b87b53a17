"""Airflow plugin: the UI shows Vietnam's time until a user chooses another zone.

Airflow 3 has no option for that (webserver.default_ui_timezone ended with Airflow 2): its UI takes the zone
of the browser, which is UTC on many a machine. A choice made in the UI is kept by the browser.
"""

from typing import Any

from airflow.plugins_manager import AirflowPlugin

TIME_ZONE = "Asia/Ho_Chi_Minh"
# Where the UI keeps the zone that a user chose, as JSON.
SCRIPT = f"""<script>
try {{
  if (localStorage.getItem("timezone") === null) localStorage.setItem("timezone", '"{TIME_ZONE}"');
}} catch {{ /* the browser keeps nothing: its own zone then */ }}
</script>""".encode()


class DefaultTimeZone:
    """ASGI middleware that puts the script into the UI's page, before the UI itself runs."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        start: dict[str, Any] | None = None
        page = b""

        async def with_script(message: dict[str, Any]) -> None:
            nonlocal start, page
            if message["type"] == "http.response.start" and _is_page(message):
                start = message
            elif start is not None and message["type"] == "http.response.body":
                page += message.get("body", b"")
                if not message.get("more_body"):
                    page = page.replace(b"<head>", b"<head>" + SCRIPT, 1)
                    length = (b"content-length", str(len(page)).encode())
                    kept = [header for header in start["headers"] if header[0].lower() != length[0]]
                    await send(start | {"headers": [*kept, length]})
                    await send({"type": "http.response.body", "body": page})
            else:
                await send(message)

        await self.app(scope, receive, with_script if scope["type"] == "http" else send)


def _is_page(message: dict[str, Any]) -> bool:
    headers = {name.lower(): value for name, value in message.get("headers", [])}
    # A page with a policy of its own (cchc.pages) says itself which scripts run in it.
    others = (b"content-encoding", b"content-security-policy")
    return headers.get(b"content-type", b"").startswith(b"text/html") and not headers.keys() & {*others}


class UiTimeZonePlugin(AirflowPlugin):
    """Registers the middleware with the api-server."""

    name = "cchc_ui_time_zone"
    fastapi_root_middlewares = [  # noqa: RUF012 - as AirflowPlugin declares it
        {"middleware": DefaultTimeZone, "args": [], "kwargs": {}, "name": "Vietnam's time in the UI"}
    ]
