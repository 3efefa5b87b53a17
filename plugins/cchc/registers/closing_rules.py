"""The numbers that closing a month goes by: sql/reference/quy_tac_chot.csv."""

from typing import Literal

import sqlalchemy as sa
from pydantic import Field

from cchc.errors import BadDefinition
from cchc.models import Strict
from cchc.registers.reference_files import REFERENCE, read_rows
from cchc.warehouse import sync_rows

FILE = REFERENCE / "quy_tac_chot.csv"
# How many rejected lines may be open; how many working days an answer is waited for.
WANTED = {"loi_toi_da", "cho_tra_loi"}


class ClosingRule(Strict):
    """A row of quy_tac_chot.csv: one number."""

    ma: str
    gia_tri: int = Field(ge=0)
    ten: str
    trang_thai: Literal["van_ban", "noi_bo", "chua_xac_nhan"]
    nguon: str


def sync_closing_rules(connection: sa.Connection) -> bool:
    """Brings core.quy_tac_chot in line with the file; whether it was not. Raises BadDefinition unless each
    number stands once."""
    rows = read_rows(FILE, ClosingRule)
    names = [row.ma for row in rows]
    if sorted(names) != sorted(WANTED):
        raise BadDefinition(f"{FILE.name}: rows {names}, expected each of {sorted(WANTED)} once.")
    return sync_rows(connection, "core.quy_tac_chot", [row.model_dump() for row in rows])
