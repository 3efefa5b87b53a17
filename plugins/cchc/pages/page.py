"""Fills the templates; what every page has stands here: the reading, who looks, the way around."""

import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import Depends, Request
from fastapi.templating import Jinja2Templates
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from starlette.responses import Response

from cchc.pages.viewer import Reading, reading_as
from cchc.shown import in_page
from cchc.vietnamese import LEVELS, PERIOD_KINDS, filters, period

FOLDER = Path(__file__).parent / "templates"
STATIC = Path(__file__).parent / "static"


def address_of(request: Request, name: str, **parts: str) -> str:
    """The address of one of our pages, wherever the application is mounted.

    What is no part of its path is asked for behind it. Starlette's own url_for looks among the pages of the
    outermost application.
    """
    [route] = (route for route in request.app.routes if getattr(route, "name", None) == name)
    in_path = {part: value for part, value in parts.items() if part in route.param_convertors}
    asked = urlencode(
        {part: value for part, value in parts.items() if part not in in_path}, quote_via=quote, safe=":"
    )
    path = request.app.url_path_for(name, **in_path)
    return f"{request.scope.get('root_path', '')}{path}{'?' if asked else ''}{asked}"


@pass_context
def link(context: Context, name: str, **parts: str) -> str:
    """As address_of, of the page that is made."""
    return address_of(context["request"], name, **parts)


@pass_context
def asset(context: Context, path: str) -> str:
    """The address of a script or style, which changes with its content: a browser may keep it for ever."""
    return f"{link(context, 'static', path=path)}?{_sum(path)}"


@cache
def _sum(path: str) -> str:
    return hashlib.sha256((STATIC / path).read_bytes()).hexdigest()[:12]


@cache
def _templates() -> Jinja2Templates:
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        finalize=in_page,
    )
    environment.filters.update(filters())
    environment.globals.update(
        link=link, asset=asset, levels=LEVELS, period_kinds=PERIOD_KINDS, period=period
    )
    return Jinja2Templates(env=environment)


async def _asked_by(request: Request) -> str:
    name: str = await request.app.state.asker(request)
    return name


def _reading(request: Request, name: Annotated[str, Depends(_asked_by)]) -> Iterator[Reading]:
    with reading_as(request.app.state.engine, name) as reading:
        yield reading


# What a page's function takes to read the warehouse as whoever asks.
Read = Annotated[Reading, Depends(_reading)]


def page(
    request: Request, template: str, reading: Reading | None, *, status_code: int = 200, **values: Any
) -> Response:
    """The page that a template makes of `values`; `reading` None for one that needs no login."""
    viewer = reading.viewer if reading else None
    return _templates().TemplateResponse(
        request, template, {"viewer": viewer, **values}, status_code=status_code
    )
