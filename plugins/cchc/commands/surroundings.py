"""What commands find around them: settings, the warehouse, places where files are written."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from cchc.errors import CchcError
from cchc.spelling import one_line
from cchc.warehouse import engine_of


def variable(name: str, what: str) -> str:
    """A setting; raises CchcError when it is not set. `what`: what is expected."""
    value = os.environ.get(name)
    if not value:
        raise CchcError(f"{name} is not set. Expected {what}.")
    return value


def warehouse(statement_timeout_s: int = 0) -> sa.Engine:
    """The warehouse of CCHC_WAREHOUSE_DSN."""
    dsn = variable(
        "CCHC_WAREHOUSE_DSN", "the warehouse as postgresql+psycopg2://user:password@host:port/cchc"
    )
    try:
        return engine_of(dsn, statement_timeout_s)
    except CchcError as error:
        raise CchcError(f"CCHC_WAREHOUSE_DSN: {error}") from None


@contextmanager
def writing(
    variable: str, path: Path, expected: str = "the path of a file in a folder that there is"
) -> Iterator[None]:
    """Says in one line that a file could not be written."""
    try:
        yield
    except OSError as error:
        raise CchcError(
            f"{variable}={one_line(path)}: cannot be written ({error.strerror or error}). "
            f"Expected {expected}."
        ) from error
