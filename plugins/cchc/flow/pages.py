"""The pages inside Airflow's api-server: who asks is whom Airflow has logged in."""

import os
from typing import Any

from cchc.errors import CchcError

URL_PREFIX = "/cchc"
# Whoever may see the DAG that counts the figures may see the figures.
DAG_ASKED_FOR = "refresh_chi_so"


class PagesWhenAsked:
    """The ASGI application, made when the first page is asked for.

    Every process of Airflow loads its plugins, and only the api-server serves pages.
    """

    def __init__(self) -> None:
        self._app: Any = None

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if self._app is None:
            self._app = _build()
        await self._app(scope, receive, send)


def _build() -> Any:
    from cchc.pages.app import build  # noqa: PLC0415 - see PagesWhenAsked

    dsn = os.environ.get("CCHC_PAGES_DSN")
    if not dsn:
        raise CchcError(
            "CCHC_PAGES_DSN is not set. Expected the address of the warehouse with the login cchc_pages: see "
            "docs/production.md."
        )
    return build(dsn, asker)


async def asker(request: Any) -> str:
    """The name of the user whom Airflow has logged in; NotLoggedIn, or NotForThisViewer without the right."""
    from airflow.api_fastapi.app import get_auth_manager  # noqa: PLC0415 - only the api-server has them
    from airflow.api_fastapi.auth.managers.models.resource_details import DagDetails  # noqa: PLC0415
    from airflow.api_fastapi.core_api.security import bearer_scheme, get_user  # noqa: PLC0415
    from fastapi import HTTPException  # noqa: PLC0415

    from cchc.pages.app import NotLoggedIn  # noqa: PLC0415
    from cchc.pages.viewer import NotForThisViewer  # noqa: PLC0415

    try:
        user = await get_user(request, None, await bearer_scheme(request))
    except HTTPException:
        raise NotLoggedIn("/api/v2/auth/login") from None
    allowed = get_auth_manager().is_authorized_dag(
        method="GET", details=DagDetails(id=DAG_ASKED_FOR), user=user
    )
    if not allowed:
        raise NotForThisViewer(
            f"Người dùng {user.get_name()} không được xem DAG {DAG_ASKED_FOR} trong Airflow, nên cũng không "
            "xem được các con số. Người quản trị Airflow cấp quyền này."
        )
    return user.get_name()
