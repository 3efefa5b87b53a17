"""The words of codes that lists of rows hold, as exports themselves write them: from the contracts."""

from collections.abc import Callable
from functools import cache
from typing import Any

from cchc.contracts import contracts
from cchc.vietnamese import short_period

# Columns of facts whose codes have words, by the dataset whose contract lists them.
CODED = {
    "trang_thai_ho_so": "ho_so",
    "kenh_thuc_hien": "ho_so",
    "danh_gia": "danh_gia",
    "trang_thai": "ho_so_cong_viec",
    "tren_he_thong": "ho_so_cong_viec",
    "chi_giay": "ho_so_cong_viec",
    "huong": "van_ban",
    "loai_van_ban": "van_ban",
    "ky_so": "van_ban",
    "gui_dien_tu": "van_ban",
    "gui_giay": "van_ban",
}


@cache
def words_of(column: str) -> Callable[[Any], Any] | None:
    """What makes words of the codes of a column; None for a column without codes. What is no code stays."""
    if column == "ky":
        return lambda ky: short_period(ky) if isinstance(ky, str) else ky
    if column not in CODED:
        return None
    found: dict[str, str] = {}
    for layout in contracts()[CODED[column]].layouts:
        for code, words in layout.codes.get(column, {}).items():
            found.setdefault(code, words[0].capitalize() if words[0].isupper() else words[0])
    return lambda code: found.get(str(code), code)
