"""Numbers, rates, days and moments as they are written in Vietnam."""

import unicodedata
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from babel.numbers import format_decimal

from cchc.shown import in_table

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
# What stands where there is no value.
NONE = "–"
MINUS = "−"
UNITS = {"ty_le": " %", "diem": " điểm", "dem": ""}
LEVELS = {"toan_tinh": "Toàn tỉnh", "so_nganh": "Sở, ngành", "huyen": "Huyện", "xa": "Xã, phường"}
PERIOD_KINDS = {
    "thang": "Tháng",
    "quy": "Quý",
    "nua_nam": "Nửa năm",
    "nam": "Năm",
    "luy_ke": "Luỹ kế từ đầu năm",
    "ky_bao_cao": "Kỳ báo cáo (từ ngày 15 đến ngày 14)",
}
_ALPHABET = {letter: place for place, letter in enumerate("aăâbcdđeêfghijklmnoôơpqrstuưvwxyz", 1)}
# Huyền, hỏi, ngã, sắc, nặng: as they follow each other in a dictionary.
_TONES = {"\u0300": 1, "\u0309": 2, "\u0303": 3, "\u0301": 4, "\u0323": 5}
STATES = {"tam_tinh": "Tạm tính", "tam_cong_bo": "Công bố tạm", "da_chot": "Đã chốt"}
# Whether a unit has confirmed its month (mart.xac_nhan).
CONFIRMATIONS = {
    "chua": "chưa xác nhận",
    "da_xac_nhan": "đã xác nhận",
    "tu_choi": "từ chối",
    "da_doi": "đã xác nhận, sau đó con số đã đổi",
}
# Why a figure differs from what was published (mart.phan_thay_doi).
CAUSES = {
    "den_muon": "đến sau khi chốt",
    "sua_o_nguon": "nguồn đã sửa",
    "rut_xoa": "nguồn đã rút hoặc xoá",
    "tha_khoi_loai": "trước bị loại, nay nạp được",
    "doi_don_vi": "đơn vị khác trả lời",
    "danh_muc_lich": "danh mục hoặc lịch làm việc khác đi",
    "dinh_nghia": "cách tính của chỉ số khác đi",
    "khong_am": "phần bị trừ quá số có",
}


def number(value: int | Decimal | float | None, places: int = 0) -> str:
    """1234567.891 → 1.234.567,89 with two `places`; never fewer places than asked for."""
    if value is None:
        return NONE
    pattern = "#,##0" + ("." + "0" * places if places else "")
    return format_decimal(value, format=pattern, locale="vi").replace("-", MINUS)


def figure(value: Decimal | None, loai: str, *, with_unit: bool = True) -> str:
    """A figure of mart.chi_so by the kind of its indicator (`loai` of mart.dinh_nghia)."""
    if value is None:
        return NONE
    text = number(value, 0 if loai == "dem" else 2)
    return text + UNITS.get(loai, "") if with_unit else text


def change(value: Decimal | None, loai: str) -> str:
    """A difference of two figures, with its sign."""
    if value is None:
        return NONE
    text = number(value, 0 if loai == "dem" else 2)
    return text if value <= 0 else f"+{text}"


def day(value: date | datetime | None) -> str:
    if value is None:
        return NONE
    return f"{value:%d/%m/%Y}"


def moment(value: datetime | None) -> str:
    """To the minute, in Vietnam's time; a moment without a zone is in it already."""
    if value is None:
        return NONE
    return f"{value.astimezone(VIETNAM) if value.tzinfo else value:%d/%m/%Y %H:%M}"


def period(ky_loai: str, ky: str) -> str:
    """thang 2025-03 → Tháng 03/2025; quy 2025-Q1 → Quý 1/2025."""
    year, _, part = ky.partition("-")
    if ky_loai == "nam" or not part:
        return f"Năm {year}" if ky_loai == "nam" else f"Kỳ báo cáo năm {year}"
    if part.startswith("Q"):
        name = f"Quý {part[1:]}/{year}"
    elif part.startswith("H"):
        name = f"{'Sáu tháng đầu' if part == 'H1' else 'Sáu tháng cuối'} năm {year}"
    elif part.endswith("T"):
        name = f"{part[:-1]} tháng năm {year}"
    else:
        name = f"Tháng {part}/{year}"
    return {"luy_ke": f"Luỹ kế đến hết {name.lower()}", "ky_bao_cao": f"Kỳ báo cáo {name.lower()}"}.get(
        ky_loai, name
    )


def short_period(ky: str) -> str:
    """As period, where there is room for few letters: 2025-03 → 03/2025; 2025-Q1 → Quý 1/2025."""
    year, _, part = ky.partition("-")
    if part.isdecimal():
        return f"{part}/{year}"
    return period("", ky) if part else year


def waiting(months: Sequence[str]) -> str:
    """What is said of a period with months (2025-03) that are to be counted again; nothing for none."""
    if not months:
        return ""
    named = ", ".join(period("thang", ky).lower() for ky in months)
    return f"Kỳ này chờ tính lại: dữ liệu của {named} đã đổi sau lần tính gần nhất"


def alphabetical(text: str) -> tuple[list[list[int]], list[int]]:
    """A key that sorts names as a Vietnamese list does: by letters (a ă â b c d đ …), only then by tones.

    Numbers go by their value. A server's database need not have the collation.
    """
    marks = unicodedata.normalize("NFD", text.casefold())
    plain = unicodedata.normalize("NFC", "".join(char for char in marks if char not in _TONES))
    words = [
        [int(word)]
        if word.isdecimal()
        else [_ALPHABET.get(char, ord(char) + len(_ALPHABET)) for char in word]
        for word in plain.split()
    ]
    # A tone with the place of its letter: those without come first.
    letters = [char for char in marks if char in _TONES or not unicodedata.combining(char)]
    return words, [_TONES.get(following, 0) for following in [*letters[1:], ""]]


def cell(value: object) -> str:
    """A value of a list as it is shown; text from data does nothing."""
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, date):
        return day(value)
    if isinstance(value, bool):
        return "có" if value else "không"
    return in_table(value)


def filters() -> dict[str, Any]:
    """What templates may call, by name."""
    return {
        "number": number,
        "figure": figure,
        "change": change,
        "cell": cell,
        "day": day,
        "moment": moment,
        "level": lambda cap: LEVELS.get(cap, cap),
        "short_period": short_period,
        "state": lambda trang_thai: STATES.get(trang_thai, trang_thai),
        "confirmation": lambda trang_thai: CONFIRMATIONS.get(trang_thai, trang_thai),
        # The schedule asks as well.
        "who": lambda nguoi: "theo lịch" if nguoi == "lich" else nguoi or "",
        "cause": lambda nguyen_nhan: CAUSES.get(nguyen_nhan, nguyen_nhan),
    }
