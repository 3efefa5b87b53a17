"""Reads which figures units declare each month: sql/reference/so_lieu_khai_bao.csv."""

from typing import Literal

import sqlalchemy as sa

from cchc.errors import BadDefinition
from cchc.models import Strict
from cchc.registers.reference_files import REFERENCE, read_rows, told
from cchc.warehouse import sync_rows

FILE = REFERENCE / "so_lieu_khai_bao.csv"


class Item(Strict):
    """One figure. `kieu`: a count, yes or no (1, 0), money. `cong_don`: months add up (dong), or the last
    one stands (cuoi_ky). `khong_qua`: the item of which it is a part."""

    ma_so_lieu: str
    ten: str
    don_vi_tinh: str
    kieu: Literal["so_dem", "co_khong", "so_tien"]
    cong_don: Literal["dong", "cuoi_ky"]
    khong_qua: str | None
    chi_tieu: str | None
    can_cu: str
    huong_dan: str


def items() -> list[Item]:
    """The items in the order of the form; raises BadDefinition when one refers to no other."""
    found = read_rows(FILE, Item)
    codes = [item.ma_so_lieu for item in found]
    for item in found:
        if codes.count(item.ma_so_lieu) > 1:
            raise BadDefinition(f"{FILE.name}: {told(item.ma_so_lieu)} stands twice.")
        if item.khong_qua and item.khong_qua not in codes:
            raise BadDefinition(
                f"{FILE.name}: {told(item.ma_so_lieu)}: khong_qua {told(item.khong_qua)} is no item."
            )
    return found


def sync_items(connection: sa.Connection) -> bool:
    """Brings core.so_lieu_khai_bao in line with the file; whether it was not."""
    rows = [item.model_dump() | {"thu_tu": number} for number, item in enumerate(items(), 1)]
    return sync_rows(connection, "core.so_lieu_khai_bao", rows)
