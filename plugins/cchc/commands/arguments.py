"""What the commands take: each argument is refused in one line that says what is accepted."""

import contextlib
import difflib
import functools
import os
from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path
from typing import Literal, get_args

import sqlalchemy as sa

from cchc.contracts import contract_of, contracts
from cchc.errors import BadFile, CchcError
from cchc.figures.definitions import LEVELS, indicators
from cchc.figures.drill import Part
from cchc.periods import Period, first_period, month_of, parse_month, parse_period
from cchc.reading.parsing import require_export
from cchc.spelling import fold, one_line
from cchc.written_times import VIETNAM

PeriodKind = Literal["thang", "luy_ke", "quy", "nua_nam", "nam", "ky_bao_cao"]


def dataset(text: str) -> str:
    """The name of a dataset."""
    if text in contracts():
        return text
    raise CchcError(f"DATASET={text!r} is no dataset. {_expected(text, contracts())}")


def month(text: str, name: str = "KY") -> str:
    """A month such as 2025-03; `name`: of the argument."""
    try:
        return parse_month(text).ky
    except CchcError as error:
        raise CchcError(f"{name}={text!r} is no month. Expected YYYY-MM, for example 2025-03.") from error


def first_month(text: str) -> str:
    """The first month of a backfill: one that is counted."""
    ky, counted = month(text, "TU"), first_period().ky
    if ky < counted:
        raise CchcError(
            f"TU={ky} lies before {counted}, the first month that is counted. Expected {counted} or later: "
            f"what was before comes with the first month that is pulled. CCHC_KY_DAU, for all services, says "
            f"from which month on is counted."
        )
    return ky


def last_month(text: str, first: str) -> str:
    """The last month of a backfill that begins with `first`: one that is over, also at a simulated source."""
    ky, today = month(text, "DEN"), datetime.now(VIETNAM).date()
    if ky < first:
        raise CchcError(
            f"TU={first} lies after DEN={ky}. Expected the first month and then the last one, for example "
            f"TU={ky} DEN={first}."
        )
    newest = month_of(today).plus(-1).ky
    if ky > newest:
        raise CchcError(
            f"DEN={ky} is not over: it is {today:%Y-%m-%d} in Vietnam. Expected {newest} or earlier: what "
            f"goes on now the daily pull brings."
        )
    ends = os.environ.get("CCHC_NGUON_DEN")
    if ends and parse_month(ky).next.start > date.fromisoformat(ends):
        raise CchcError(
            f"DEN={ky} lies after the end of the simulated sources, {ends} (CCHC_NGUON_DEN). Expected "
            f"{month_of(date.fromisoformat(ends)).plus(-1).ky} or earlier."
        )
    return ky


def period(kind: str, text: str) -> str:
    """The name of a period of this kind, such as 2025-03, 2025-Q1 or 2025."""
    first_period()  # raises by itself: then not KY is at fault
    try:
        return parse_period(kind, text).ky
    except CchcError as error:
        accepted = str(error).partition(": expected ")[2]
        raise CchcError(f"KY={text!r} is no period of kind {kind}. Expected {accepted}") from error


def named_period(text: str) -> Period:
    """The period of this name: of the calendar where one is called so, else of the report regime."""
    first_period()
    for kind in ("thang", "quy", "nua_nam", "nam", "ky_bao_cao"):
        with contextlib.suppress(CchcError):
            return parse_period(kind, text)
    raise CchcError(
        f"KY={text!r} is no period. Expected a month (2025-03), a quarter (2025-Q1), half a year (2025-H1), "
        "nine months (2025-9T) or a year (2025)."
    )


def figure(text: str) -> str:
    """The code of an indicator."""
    if text in indicators():
        return text
    raise CchcError(f"MA={text!r} is no indicator. {_expected(text, indicators())}")


def part(text: str) -> str:
    """The part of a figure whose rows are wanted."""
    if text in get_args(Part):
        return text
    raise CchcError(f"PHAN={text!r} is no part of a figure. {_expected(text, get_args(Part))}")


def period_kind(text: str) -> str:
    """A kind of periods."""
    if text in get_args(PeriodKind):
        return text
    raise CchcError(f"KY_LOAI={text!r} is no kind of period. {_expected(text, get_args(PeriodKind))}")


def moment(text: str, name: str = "--extracted-at") -> str:
    """A local time; `name`: of the option."""
    try:
        return datetime.fromisoformat(text).isoformat()
    except ValueError as error:
        raise CchcError(
            f"{name} {text!r} is no time. Expected Vietnam's, for example 2025-04-01T08:30:00."
        ) from error


def again(text: str) -> datetime:
    """Before when months are to have been pulled that are pulled again; one without a zone is Vietnam's."""
    stated = datetime.fromisoformat(moment(text, "--again"))
    stated, now = stated if stated.tzinfo else stated.replace(tzinfo=VIETNAM), datetime.now(VIETNAM)
    if stated > now:
        raise CchcError(
            f"--again {text} has not been yet: it is {now:%Y-%m-%d %H:%M} in Vietnam. Expected a moment that "
            f"has passed: else every month would be pulled once more whenever the command is given."
        )
    return stated


@functools.cache
def export(of: str, text: str) -> Path:
    """The absolute path of a file that is an export of dataset `of`, by its content."""
    shown = f"FILE={one_line(text)}"
    try:
        path = Path(text).expanduser().resolve()
        is_file = path.is_file()
    except (OSError, ValueError, RuntimeError) as error:  # too long, a NUL byte, no such user, a circle
        raise CchcError(f"{shown}: no path of a file. Expected the path of an export.") from error
    if not is_file:
        raise CchcError(f"{shown}: there is no such file. Expected the path of an export.")
    try:
        require_export(contract_of(of), path)
    except BadFile as error:
        raise CchcError(f"{shown}: {str(error).removeprefix(f'{path.name}: ')}") from error
    except OSError as error:
        reason = "not readable for you" if isinstance(error, PermissionError) else error.strerror or error
        raise CchcError(f"{shown}: {reason}") from error
    return path


def answering_unit(engine: sa.Engine, text: str) -> str:
    """The code of a unit that ever was, or TONG:<level>."""
    totals = [f"TONG:{level}" for level in LEVELS]
    if text in totals:
        return text
    with engine.connect() as connection:
        units = {
            row.ma_don_vi: row.ten_don_vi
            for row in connection.execute(sa.text("SELECT ma_don_vi, ten_don_vi FROM core.don_vi"))
        }
    if text in units:
        return text
    by_word = {fold(word): code for code, name in units.items() for word in (code, name)}
    words = difflib.get_close_matches(fold(text), by_word, n=3, cutoff=0.6)
    near = "; ".join(f"{by_word[word]} ({units[by_word[word]]})" for word in words)
    raise CchcError(
        f"DON_VI={text!r} is no unit. Expected {', '.join(totals)} or a unit's code"
        + (f"; near: {near}." if near else ".")
    )


def _expected(text: str, known: Iterable[str]) -> str:
    names = {fold(name).replace("_", ""): name for name in known}
    wanted = fold(text).replace("_", "").replace("-", "").replace(" ", "")
    near = [names[key] for key in difflib.get_close_matches(wanted, names, n=3, cutoff=0.6)]
    return f"Expected one of {', '.join(names.values())}" + (f"; near: {', '.join(near)}." if near else ".")
