"""Leads a figure back to its dossiers, and each dossier to its batch, file and line."""

from datetime import date
from typing import Literal

import pandas as pd
import sqlalchemy as sa

from cchc.errors import CchcError
from cchc.indicators import Term, facts, indicator_of, rows_sql
from cchc.loading import data_until, last_day
from cchc.periods import Month, first_period, parse_month
from cchc.refresh import period_binds
from cchc.warehouse import named_in, sql_file

Part = Literal["tu_so", "mau_so", "con_lai"]


def dossiers(
    engine: sa.Engine, ma: str, ky: str, unit: str, part: Part = "tu_so", ky_loai: str = "thang"
) -> pd.DataFrame:
    """The dossiers behind one figure of mart.chi_so, one row each, with where they came from.

    `part`: tu_so (numerator), mau_so (denominator), con_lai (in the denominator only: for a rate,
    those that pull it down). `unit`: a unit's code or TONG:<cap>. For a figure that counts distinct
    procedures the rows are the dossiers of its first term.
    """
    indicator = indicator_of(ma)
    if part != "tu_so" and not indicator.mau_so:
        raise CchcError(f"{ma} is a count: it has no denominator. Ask for part tu_so.")
    month = parse_month(ky)
    if ky_loai not in ("thang", "luy_ke"):
        raise CchcError(f"Period type {ky_loai!r}: expected thang or luy_ke.")
    months = [m for m in month.year_to_date() if m >= first_period()] if ky_loai == "luy_ke" else [month]
    with engine.connect() as connection:
        until = data_until(connection)
        if until is None:
            raise CchcError("The warehouse holds no dossier yet.")
        waiting = connection.scalar(
            sa.text("SELECT ky FROM ops.period WHERE ky = :ky AND changed > refreshed"), {"ky": ky}
        )
        if waiting:
            raise CchcError(
                f"Month {ky} waits to be counted again, so its figures are older than its dossiers. "
                f"Refresh it first: make refresh KY={ky}."
            )
        last = last_day(until)
        terms = indicator.tu_so if part == "tu_so" else indicator.mau_so
        wanted = _rows(connection, terms, months, unit, last)
        if part == "con_lai":
            counted = _rows(connection, indicator.tu_so, months, unit, last)
            wanted = wanted[~wanted["ma_ho_so"].isin(counted["ma_ho_so"])]
    return wanted.reset_index(drop=True)


def _rows(
    connection: sa.Connection, terms: tuple[Term, ...], months: list[Month], unit: str, last: date
) -> pd.DataFrame:
    """The rows of a sum of terms, month by month, as the months were counted and added up."""
    counted_in = {"dong": months, "dau_ky": months[:1], "cuoi_ky": months[-1:]}
    frames = []
    for month in months:
        of_month = tuple(
            term
            for term in terms
            if term.fact == "ho_so" and month in counted_in[facts()["ho_so"].su_kien[term.su_kien].cong_don]
        )
        if not of_month:
            continue
        binds = period_binds(month.start, month.end, last)
        binds |= {"don_vi": unit, "ngay_tra_loi": months[-1].end}
        statement = sa.text(
            sql_file("mart/drill.sql").replace("SELECT * FROM core.ho_so -- rows", rows_sql(of_month))
        )
        frames.append(pd.read_sql(statement, connection, params=named_in(statement, binds)))
    if not frames:
        raise CchcError("This figure is counted from the catalogue of procedures, not from dossiers.")
    return pd.concat(frames, ignore_index=True)
