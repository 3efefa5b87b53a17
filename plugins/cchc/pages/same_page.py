"""Whether what is sent was sent from one of our own pages, by the one who is logged in.

A browser adds the login to whatever another site makes it send. It says as well where the form stood
(Sec-Fetch-Site, Origin), and only a page of ours knows the token.
"""

from datetime import date, datetime, timedelta
from hashlib import sha256
from urllib.parse import urlsplit

from fastapi import Request

from cchc.pages.viewer import NotForThisViewer
from cchc.seals import Keys
from cchc.vietnamese import VIETNAM

LABEL = "cchc/trang"


def token_for(name: str) -> str:
    """What a form holds that `name` is shown today: nobody else can send it, and nobody the day after
    tomorrow."""
    return Keys.of_environment().seal(LABEL, _covered(name, _today()))


def only_from_our_page(request: Request, name: str, token: str) -> None:
    """Raises NotForThisViewer for what was sent from elsewhere, or with a token that is not `name`'s."""
    site = request.headers.get("sec-fetch-site")
    origin = urlsplit(request.headers.get("origin", "")).netloc
    # A browser without the first is one that was not reached by HTTPS; it says the second.
    same = site == "same-origin" if site else bool(origin) and origin in _hosts(request)
    days = (_today(), _today() - timedelta(days=1))
    if not same or not any(Keys.of_environment().is_seal(token, LABEL, _covered(name, day)) for day in days):
        raise NotForThisViewer(
            "Chưa ghi gì: yêu cầu không được gửi từ trang này của anh/chị, hoặc trang đã mở quá lâu. Mở lại "
            "trang rồi gửi lại."
        )


def _hosts(request: Request) -> set[str]:
    """What the browser calls us; a proxy that says another name to us passes on the one that it was told."""
    return {request.headers.get("host", ""), request.headers.get("x-forwarded-host", "")} - {""}


def _today() -> date:
    return datetime.now(VIETNAM).date()


def _covered(name: str, day: date) -> tuple[str, str]:
    # Seals take names for the same that are spelled alike; logins are other people.
    return sha256(name.encode()).hexdigest(), f"{day}"
