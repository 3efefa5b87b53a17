"""What the command lines of both simulators share: kinds of arguments, errors in one line, the server."""

import os
import re
import sys
from collections.abc import Callable
from typing import Annotated, NoReturn

import typer
import uvicorn
from fastapi import FastAPI


def _month(text: str) -> str:
    if not re.fullmatch(r"20\d\d-(0[1-9]|1[0-2])", text):
        raise typer.BadParameter(f"{text!r} is not a month yyyy-MM")
    return text


def _moment(text: str) -> str:
    if not re.fullmatch(r"20\d{12}", text):
        raise typer.BadParameter(f"{text!r} is not a moment yyyyMMddHHmmss")
    return text


def month(about: str) -> typer.models.OptionInfo:
    """An option that takes a month yyyy-MM."""
    return typer.Option(help=about, parser=_month, metavar="yyyy-MM")


def moment(about: str) -> typer.models.OptionInfo:
    """An option that takes a moment yyyyMMddHHmmss."""
    return typer.Option(help=about, parser=_moment, metavar="yyyyMMddHHmmss")


Seed = Annotated[int, typer.Option(help="another seed makes other data")]
LastMonth = Annotated[str, month("last month generated")]
Host = Annotated[str, typer.Option(help="the address to listen on")]
Port = Annotated[int, typer.Option(help="the port to listen on")]
TokenSeconds = Annotated[int, typer.Option(help="how long a token lives")]
KeepBad = Annotated[bool, typer.Option("--loi", help="keep rows with critical defects")]


def simulator(about: str) -> typer.Typer:
    """The command line of one simulator."""
    return typer.Typer(
        help=about, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False
    )


def run(app: typer.Typer, arguments: list[str] | None = None) -> int:
    """Runs one command; returns the exit code. What is wrong with an argument is told in one line."""
    try:
        return app(arguments, standalone_mode=False) or 0
    except typer.TyperException as error:
        print(error.format_message(), file=sys.stderr)
        return error.exit_code


def refuse(reason: str) -> NoReturn:
    """Ends the command with this reason, as for a wrong argument."""
    print(reason, file=sys.stderr)
    raise typer.Exit(2)


def serve(prefix: str, make: Callable[[str, str], FastAPI], host: str, port: int) -> None:
    """Answers over HTTP until it is stopped, for the client that the environment names.

    `make` gives the service for that client's id and secret.
    """
    client, secret = (os.environ.get(f"{prefix}_SIM_CLIENT_{part}", "") for part in ("ID", "SECRET"))
    if not client or not secret:
        refuse(
            f"{prefix}_SIM_CLIENT_ID and {prefix}_SIM_CLIENT_SECRET must be set in the environment: "
            "they are what a client sends to POST /api/token."
        )
    uvicorn.run(make(client, secret), host=host, port=port, log_level="warning", access_log=False)
