"""Sets comments and follow-up marks on figures, whose text names nobody.

They belong to the figure (period, indicator, unit) and stay with it when it is counted again or restated.
"""

import re
import unicodedata
from dataclasses import asdict, dataclass
from typing import Any, Literal

import sqlalchemy as sa

from cchc.errors import CchcError
from cchc.field_words import made_of_field_words
from cchc.personal_names import has_name
from cchc.personal_numbers import personal_number

Kind = Literal["ghi_chu", "theo_doi", "thoi_theo_doi"]
LONGEST = 1000
# What ops.ghi_chu_them raises: somebody else's figure, a text that may not be, no such figure.
REFUSED = ("42501", "23514", "P0002")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


@dataclass(frozen=True)
class Figure:
    """Which figure: the key of mart.chi_so."""

    ky_loai: str
    ky: str
    ma_chi_so: str
    ma_don_vi: str


def note_fault(text: str) -> str | None:
    """Why a text may not be written about a figure, in Vietnamese; None when it may."""
    if len(text) > LONGEST:
        return f"Ghi chú dài {len(text)} ký tự, nhiều nhất là {LONGEST}."
    if _CONTROL.search(text):
        return "Ghi chú có xuống dòng hoặc ký tự không thấy được: viết thành một dòng."
    if "@" in text or personal_number(text):
        return (
            "Ghi chú có thể chứa số điện thoại, số định danh hoặc địa chỉ thư của một người: bỏ nó ra. "
            "Mã hồ sơ, số liệu và ngày tháng thì viết được."
        )
    if has_name(text) and not made_of_field_words(text):
        return "Ghi chú có thể chứa tên người: viết chức danh hoặc tên đơn vị thay cho tên."
    # Last: what they hide is worth more to whoever reads why.
    if any(unicodedata.category(character) == "Cf" for character in text):
        return "Ghi chú có ký tự không thấy được: viết lại dòng ấy."
    return None


def add_note(connection: sa.Connection, figure: Figure, kind: Kind, text: str | None = None) -> int:
    """Writes a comment (`ghi_chu`), a follow-up mark (`theo_doi`) or its end; returns its number.

    Whoever the connection stands for writes: a steward about any figure, a unit about its own
    (ops.ghi_chu_them). Raises CchcError, in Vietnamese, for a text that may not be written, a figure that
    there is not, or one of another unit; then the transaction is over.
    """
    said = unicodedata.normalize("NFC", text or "").strip() or None
    if kind == "ghi_chu" and not said:
        raise CchcError("Ghi chú trống: cần nội dung.")
    if said and (fault := note_fault(said)):
        raise CchcError(fault)
    call = sa.text("SELECT ops.ghi_chu_them(:ky_loai, :ky, :ma_chi_so, :ma_don_vi, :kind, :said)")
    try:
        number: int = connection.execute(call, {**asdict(figure), "kind": kind, "said": said}).scalar_one()
    except sa.exc.DBAPIError as error:
        told: Any = error.orig
        if getattr(told, "pgcode", None) not in REFUSED:
            raise
        raise CchcError(told.diag.message_primary) from None
    return number
