"""Counts and adds up what the nested lists of a dossier record hold; nothing of their text is kept."""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from decimal import Decimal

TIME = "%Y%m%d%H%M%S"
DOCUMENTS, ROUNDS, RESULTS = "TaiLieuNop", "DanhSachHoSoBoSung", "DanhSachGiayToKetQua"
FEES, DATABASES = "DanhSachLePhi", "DSKetNoiCSDL"
# The last is a list that no figure needs.
CONSUMED = frozenset({DOCUMENTS, ROUNDS, RESULTS, FEES, DATABASES, "DanhSachTepDinhKemKhac"})
# Ids of a component in the electronic store: the sync contract has none, a provincial system has these.
STORE_IDS = ("MaGiayToSoHoa", "MaGiayToKhoQuocGia")
# The list that each column is made of.
LIST_OF = {
    "so_tai_lieu_nop": DOCUMENTS,
    "so_tai_lieu_co_tep": DOCUMENTS,
    "so_tai_lieu_so_hoa": DOCUMENTS,
    "so_tai_lieu_tai_su_dung": DOCUMENTS,
    "so_tai_lieu_tu_kho": DOCUMENTS,
    "so_tai_lieu_co_kho": DOCUMENTS,
    "so_lan_bo_sung": ROUNDS,
    "ngay_yeu_cau_bo_sung": ROUNDS,
    "tong_thoi_gian_bo_sung_phut": ROUNDS,
    "co_ket_qua_dien_tu": RESULTS,
    "so_ket_qua_co_kho": RESULTS,
    "tong_phi_le_phi": FEES,
    "so_csdl_ket_noi": DATABASES,
}
# Three digits after a point may be thousands: such an amount is not guessed.
AMOUNT = re.compile(r"\d{1,12}([.,]\d{1,2})?")


def flatten_dossier(record: Mapping[str, object]) -> dict[str, str | None]:
    """The columns of LIST_OF for one dossier.

    Field names: domain contract DongBoHoSoMC. `tong_thoi_gian_bo_sung_phut`: minutes between the
    office's request and the citizen's supplement, summed over the rounds that came back.
    `tong_phi_le_phi`: sum of the fee lines; not known when a line has no amount; when one has another
    text than an amount, that text, which no column of numbers takes.
    A list that is absent from the record gives None: not known, rather than none.
    """
    documents = _rows(record, DOCUMENTS)
    rounds = _rows(record, ROUNDS)
    results = _rows(record, RESULTS)
    databases = _rows(record, DATABASES)
    kept = None if documents is None else [d for d in documents if not _flag(d, "IsDeleted")]
    asked = sorted(t for r in rounds or () if (t := _time(r, "NgayBoSung")))
    return {
        "so_tai_lieu_nop": _count(kept),
        "so_tai_lieu_co_tep": _count(kept, lambda d: bool(d.get("DuongDanTaiTepTin"))),
        "so_tai_lieu_so_hoa": _count(kept, lambda d: _flag(d, "DuocSoHoa")),
        "so_tai_lieu_tai_su_dung": _count(kept, lambda d: _flag(d, "DuocTaiSuDung")),
        "so_tai_lieu_tu_kho": _count(kept, lambda d: _flag(d, "DuocLayTuKhoDMQG")),
        "so_tai_lieu_co_kho": _count(kept, lambda d: any(map(d.get, STORE_IDS))),
        "so_lan_bo_sung": _count(rounds),
        "ngay_yeu_cau_bo_sung": asked[-1].strftime(TIME) if asked else None,
        "tong_thoi_gian_bo_sung_phut": None
        if rounds is None
        else str(sum(_minutes_waited(r) for r in rounds)),
        "co_ket_qua_dien_tu": None
        if results is None
        else str(int(any(r.get("DuongDanTepTinKetQua") for r in results))),
        "so_ket_qua_co_kho": _count(results, lambda r: bool(r.get("GiayToId"))),
        "tong_phi_le_phi": _total(_rows(record, FEES)),
        "so_csdl_ket_noi": None
        if databases is None
        else str(len({str(code) for d in databases if (code := d.get("MaCSDL"))})),
    }


def columns_without_source(records: Iterable[Mapping[str, object]]) -> set[str]:
    """The columns of LIST_OF of which these records say nothing: no record has the list.

    For ids in the store: there are components, and none of them has a field for it.
    """
    seen = set()
    components = with_store_id = False
    for record in records:
        seen |= {name for name in set(LIST_OF.values()) if _rows(record, name) is not None}
        for document in _rows(record, DOCUMENTS) or ():
            components = True
            with_store_id = with_store_id or any(name in document for name in STORE_IDS)
    absent = {column for column, name in LIST_OF.items() if name not in seen}
    return absent | ({"so_tai_lieu_co_kho"} if components and not with_store_id else set())


def _rows(record: Mapping[str, object], name: str) -> list[Mapping[str, object]] | None:
    value = record.get(name)
    return [row for row in value if isinstance(row, Mapping)] if isinstance(value, list) else None


def _count(
    rows: list[Mapping[str, object]] | None, test: Callable[[Mapping[str, object]], bool] | None = None
) -> str | None:
    return None if rows is None else str(sum(1 for row in rows if test is None or test(row)))


def _total(fees: list[Mapping[str, object]] | None) -> str | None:
    if fees is None:
        return None
    amounts = ["" if (amount := fee.get("Gia")) is None else str(amount).strip() for fee in fees]
    for amount in amounts:
        if amount and not AMOUNT.fullmatch(amount):
            return f"Gia {amount}"
    if not all(amounts):
        return None
    return f"{sum((Decimal(amount.replace(',', '.')) for amount in amounts), Decimal()):f}"


def _flag(row: Mapping[str, object], name: str) -> bool:
    return str(row.get(name) or "0").strip().lower() not in ("0", "", "false")


def _time(row: Mapping[str, object], name: str) -> datetime | None:
    try:
        return datetime.strptime(str(row.get(name)), TIME)  # noqa: DTZ007 - local time by contract
    except ValueError:
        return None


def _minutes_waited(row: Mapping[str, object]) -> int:
    asked, answered = _time(row, "NgayBoSung"), _time(row, "NgayTiepNhanBoSung")
    return int((answered - asked).total_seconds() // 60) if asked and answered else 0
