"""Counts what the nested lists of a national dossier record hold; nothing of their text is kept."""

from collections.abc import Mapping
from datetime import datetime

TIME = "%Y%m%d%H%M%S"
# The last three are lists that no figure needs; some hold names or numbers of people.
CONSUMED = frozenset(
    {"TaiLieuNop", "DanhSachHoSoBoSung", "DanhSachGiayToKetQua"}
    | {"DSKetNoiCSDL", "DanhSachLePhi", "DanhSachTepDinhKemKhac"}
)


def flatten_dossier(record: Mapping[str, object]) -> dict[str, str | None]:
    """Counts of attached components, supplement rounds and result files of one dossier.

    Field names: domain contract DongBoHoSoMC. `tong_thoi_gian_bo_sung_phut`: minutes between the
    office's request and the citizen's supplement, summed over the rounds that came back.
    A list that is absent from the record gives None: not known, rather than none.
    """
    documents = _rows(record, "TaiLieuNop")
    rounds = _rows(record, "DanhSachHoSoBoSung")
    results = _rows(record, "DanhSachGiayToKetQua")
    kept = None if documents is None else [d for d in documents if not _flag(d, "IsDeleted")]
    asked = sorted(t for r in rounds or () if (t := _time(r, "NgayBoSung")))
    return {
        "so_tai_lieu_nop": _count(kept),
        "so_tai_lieu_co_tep": _count(kept, lambda d: bool(d.get("DuongDanTaiTepTin"))),
        "so_tai_lieu_so_hoa": _count(kept, lambda d: _flag(d, "DuocSoHoa")),
        "so_tai_lieu_tai_su_dung": _count(kept, lambda d: _flag(d, "DuocTaiSuDung")),
        "so_tai_lieu_tu_kho": _count(kept, lambda d: _flag(d, "DuocLayTuKhoDMQG")),
        "so_lan_bo_sung": _count(rounds),
        "ngay_yeu_cau_bo_sung": asked[-1].strftime(TIME) if asked else None,
        "tong_thoi_gian_bo_sung_phut": None
        if rounds is None
        else str(sum(_minutes_waited(r) for r in rounds)),
        "co_ket_qua_dien_tu": None
        if results is None
        else str(int(any(r.get("DuongDanTepTinKetQua") for r in results))),
    }


def _rows(record: Mapping[str, object], name: str) -> list[Mapping[str, object]] | None:
    value = record.get(name)
    return [row for row in value if isinstance(row, Mapping)] if isinstance(value, list) else None


def _count(rows, test=None) -> str | None:
    return None if rows is None else str(sum(1 for row in rows if test is None or test(row)))


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
