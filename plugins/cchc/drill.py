"""Leads a figure back to its dossiers, and each dossier to its batch, file and line."""

from typing import Literal

import pandas as pd
import sqlalchemy as sa

from cchc.errors import CchcError
from cchc.indicators import indicator_of, rows_sql
from cchc.loading import data_until, last_day
from cchc.periods import first_period, parse_month
from cchc.refresh import period_binds
from cchc.warehouse import sql_file

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
    start = month.start
    if ky_loai == "luy_ke":
        start = max(month.year_start, first_period().start)
    elif ky_loai != "thang":
        raise CchcError(f"Period type {ky_loai!r}: expected thang or luy_ke.")
    terms = indicator.tu_so if part == "tu_so" else indicator.mau_so
    with engine.connect() as connection:
        until = data_until(connection)
        if until is None:
            raise CchcError("The warehouse holds no dossier yet.")
        binds = period_binds(start, month.end, last_day(until)) | {"don_vi": unit}
        wanted = _run(connection, rows_sql(terms), binds)
        if part == "con_lai":
            counted = _run(connection, rows_sql(indicator.tu_so), binds)
            wanted = wanted[~wanted["ma_ho_so"].isin(counted["ma_ho_so"])]
    return wanted.reset_index(drop=True)


def _run(connection: sa.Connection, rows: str, binds: dict) -> pd.DataFrame:
    statement = sa.text(sql_file("mart/drill.sql").replace("SELECT * FROM core.ho_so -- rows", rows))
    kept = {name: value for name, value in binds.items() if name in statement._bindparams}
    return pd.read_sql(statement, connection, params=kept)
