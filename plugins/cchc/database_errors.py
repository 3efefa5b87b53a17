"""What an error of the database may say: its SQLSTATE and names of things, no words that quote a row."""

import re
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg2
import sqlalchemy as sa

from cchc.errors import WarehouseRefused, WarehouseUnavailable

# The main sentence of these classes names tables, sessions or the server, and no value; P0 are the words of
# this project's own functions. Details and the context quote rows whatever the class.
NAMING = {
    *("08", "0A", "21", "23", "25", "28", "2B", "3D", "3F", "40", "42", "53", "54", "55", "57", "58", "P0"),
}
# The connection, a conflict with another session, room, a lock that was not given, a server that stops.
PASSING = {"08", "40", "53", "55", "57", "58"}
# Sessions that were ended because they waited too long.
PASSING_CODES = {"25P03", "25P04"}


def hide_words(engine: sa.Engine) -> sa.Engine:
    """Has errors of this engine say what may be shown; tracebacks print them as well."""

    @sa.event.listens_for(engine, "handle_error")
    def hide(context: sa.ExceptionContext) -> None:
        original, wrapped = context.original_exception, context.sqlalchemy_exception
        if isinstance(original, psycopg2.Error) and original.pgcode:
            hide_words_of(original)
            if wrapped is not None:
                wrapped.args = (f"({type(original).__name__}) {original}",)

    return engine


def hide_words_of(error: psycopg2.Error, *, all_of_them: bool = False) -> None:
    """Puts what may be shown in the place of an error's words."""
    error.args = (_shown(error, all_of_them),)


def passes(cause: BaseException) -> bool:
    """Whether waiting may help: the connection broke, the server was away, busy or out of room."""
    if code := getattr(cause, "pgcode", None):
        return code[:2] in PASSING or code in PASSING_CODES
    # A connection that breaks has no code; what breaks while rows are copied has no kind either.
    return (
        isinstance(cause, (psycopg2.OperationalError, psycopg2.InterfaceError))
        or type(cause) is psycopg2.DatabaseError
    )


@contextmanager
def step(label: str, doing: str) -> Iterator[None]:
    """Says of an error of the database in which step of what it happened, and what to do."""
    try:
        yield
    except (sa.exc.DBAPIError, psycopg2.Error) as error:
        cause: Any = error.orig if isinstance(error, sa.exc.DBAPIError) else error
        told = f"{label}: the database failed while {doing}: {_one_line(cause)}. The step was undone. "
        if passes(cause):
            raise WarehouseUnavailable(
                f"{told}Run it again when the warehouse answers; Airflow does so by itself."
            ) from None
        raise WarehouseRefused(
            f"{told}A value does not fit, or the project's SQL is wrong: tell whoever maintains it this "
            f"line. The file can be loaded as soon as that is mended, or without the rows that do not fit."
        ) from None


def words_of(error: BaseException) -> str:
    """One line about an error of another program: the database's words below it, else where it was raised."""
    if (cause := cause_of(error)) is not None:
        return _one_line(cause)
    *_, frame = traceback.extract_tb(error.__traceback__)
    return f"{type(error).__name__} at {frame.filename}:{frame.lineno}"


def cause_of(error: BaseException) -> BaseException | None:
    """The error of the database below one of another program; None when there is none."""
    below: BaseException | None = error
    while below is not None:
        if isinstance(below, sa.exc.DBAPIError) and below.orig is not None:
            return below.orig
        below = below.__cause__ or below.__context__
    return None


def _one_line(cause: BaseException) -> str:
    return " ".join(str(cause).split()).rstrip(".") or type(cause).__name__


def _shown(error: psycopg2.Error, hide_all: bool) -> str:
    diag = error.diag
    shown = f"SQLSTATE {error.pgcode} ({type(error).__name__})"
    if not hide_all and (error.pgcode or "")[:2] in NAMING and diag.message_primary:
        return f"{shown}: {diag.message_primary}"
    names = {
        "table": diag.table_name,
        "column": diag.column_name or _copied_column(diag.context),
        "constraint": diag.constraint_name,
        "type": diag.datatype_name,
    }
    named = ", ".join(f"{what} {name}" for what, name in names.items() if name)
    return f"{shown}{named and f' at {named}'}; its words are not shown, they may quote a row"


def _copied_column(context: str | None) -> str | None:
    """The column that COPY was filling: its context says so before it quotes the value."""
    found = re.match(r"COPY \w+, line \d+, column (\w+)", context or "")
    return found[1] if found else None
