"""Counts and adds up what the nested lists of a dossier record hold; nothing of their text is kept."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation

from cchc.contracts import UNKNOWN_TIMES, NumberStyle
from cchc.reading.written_numbers import PLACES, Unreadable, read_number
from cchc.written_times import read_time, says_no_time

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
# The words before the text of a field that cannot be read, and those behind them that are our own.
FIELDS = (
    *("tổng Gia", "Gia", "IsDeleted", "DuocSoHoa", "DuocTaiSuDung", "DuocLayTuKhoDMQG"),
    *("NgayBoSung", "NgayTiepNhanBoSung", DOCUMENTS, ROUNDS, RESULTS, FEES, DATABASES),
)
NO_LIST, BEFORE_ASKED = "không phải danh sách các mục", " trước NgayBoSung"
# What the fees of one dossier cannot exceed, in đồng.
DEAREST = Decimal(10) ** 12
FIRST_YEAR = 2000
LONGEST_BITS = 256
THOUSANDS = 3
# The style of a source that writes numbers as JSON does and says so.
JSON = NumberStyle(decimal=".")
# A word of a flag → whether it is set; DuocTaiSuDung knows 2 as well.
FLAGS = {"": False, "0": False, "false": False, "1": True, "2": True, "true": True}
NOTHING = frozenset({"", "null", "none", "n/a"})


def flatten_dossier(record: Mapping[str, object], style: NumberStyle | None = None) -> dict[str, str | None]:
    """The columns of LIST_OF for one dossier.

    Field names: domain contract DongBoHoSoMC. `tong_thoi_gian_bo_sung_phut`: minutes between the
    office's request and the citizen's supplement, summed over the rounds that came back.
    `tong_phi_le_phi`: sum of the fee lines; not known when a line has no amount. `style`: how amounts are
    written as text. A list that is absent from the record gives None: not known, rather than none.
    What of a list cannot be read gives the field and its text, which no column of numbers or times takes.
    """
    documents, rounds = _List(record, DOCUMENTS), _List(record, ROUNDS)
    results, databases = _List(record, RESULTS), _List(record, DATABASES)
    kept = documents.where(lambda d: not _flag(d, "IsDeleted"))
    return {
        "so_tai_lieu_nop": kept.count(),
        "so_tai_lieu_co_tep": kept.count(lambda d: _has(d, "DuongDanTaiTepTin")),
        "so_tai_lieu_so_hoa": kept.count(lambda d: _flag(d, "DuocSoHoa")),
        "so_tai_lieu_tai_su_dung": kept.count(lambda d: _flag(d, "DuocTaiSuDung")),
        "so_tai_lieu_tu_kho": kept.count(lambda d: _flag(d, "DuocLayTuKhoDMQG")),
        "so_tai_lieu_co_kho": kept.count(lambda d: any(_has(d, name) for name in STORE_IDS)),
        "so_lan_bo_sung": rounds.count(),
        "ngay_yeu_cau_bo_sung": rounds.value(_last_asked),
        "tong_thoi_gian_bo_sung_phut": rounds.value(lambda rows: str(sum(map(_minutes_waited, rows)))),
        "co_ket_qua_dien_tu": results.value(
            lambda rows: str(int(any(_has(row, "DuongDanTepTinKetQua") for row in rows)))
        ),
        "so_ket_qua_co_kho": results.count(lambda r: _has(r, "GiayToId")),
        "tong_phi_le_phi": _List(record, FEES).value(lambda rows: _total(rows, style)),
        "so_csdl_ket_noi": databases.value(
            lambda rows: str(len({_plain(row["MaCSDL"]).strip() for row in rows if _has(row, "MaCSDL")}))
        ),
    }


class _List:
    """One nested list of a record: its rows, None where the record has none, or why it cannot be read."""

    def __init__(self, record: Mapping[str, object], name: str) -> None:
        value = record.get(name)
        self.rows: list[Mapping[str, object]] | None = None
        self.fault: str | None = None
        if isinstance(value, list) and all(type(row) is dict or isinstance(row, Mapping) for row in value):
            self.rows = value
        elif value is not None and not (isinstance(value, str) and value.strip().lower() in NOTHING):
            self.fault = f"{name} {NO_LIST}"

    def where(self, test: Callable[[Mapping[str, object]], bool]) -> "_List":
        """The rows for which `test` is true."""
        if self.rows is not None:
            try:
                self.rows = [row for row in self.rows if test(row)]
            except Unreadable as error:
                self.rows, self.fault = None, str(error)
        return self

    def value(self, function: Callable[[list[Mapping[str, object]]], str | None]) -> str | None:
        """What `function` makes of the rows, or what of them cannot be read."""
        if self.rows is None:
            return self.fault
        try:
            return function(self.rows)
        except Unreadable as error:
            return str(error)

    def count(self, test: Callable[[Mapping[str, object]], bool] | None = None) -> str | None:
        """The number of rows, or of those for which `test` is true."""
        return self.value(lambda rows: str(len(rows) if test is None else len([*filter(test, rows)])))


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


def _total(fees: list[Mapping[str, object]], style: NumberStyle | None) -> str | None:
    amounts = [_amount(fee.get("Gia"), style) for fee in fees]
    if any(amount is None for amount in amounts):
        return None
    total = sum((amount for amount in amounts if amount is not None), Decimal())
    if total > DEAREST:
        raise Unreadable(f"tổng Gia {total:.0f}")
    return f"{total:f}"


def _amount(value: object, style: NumberStyle | None) -> Decimal | None:
    """One amount. A number of JSON has a point for its fraction, yet 50.000 may have been 50 thousand."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    try:
        if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
            amount = Decimal(str(value))
            if amount.as_tuple().exponent == -THOUSANDS:
                read_number(str(amount), whole=False, style=JSON if style == JSON else None)
        elif isinstance(value, str):
            amount = read_number(value, whole=False, style=style)
        else:
            raise Unreadable
        if 0 <= amount <= DEAREST and int(amount.as_tuple().exponent) >= -PLACES:
            return amount
    except (ValueError, InvalidOperation):
        pass
    raise Unreadable(f"Gia {_short(value)}")


def _flag(row: Mapping[str, object], name: str) -> bool:
    value = row.get(name)
    # Nearly each is a word as it stands, and there are twenty of them in a dossier.
    if type(value) is str and value in FLAGS:
        return FLAGS[value]
    word = "" if value is None else _plain(value).strip().lower().removesuffix(".0")
    if word not in FLAGS:
        raise Unreadable(f"{name} {_short(value)}")
    return FLAGS[word]


def _has(row: Mapping[str, object], name: str) -> bool:
    """Whether a field says anything."""
    value = row.get(name)
    return value.strip().lower() not in NOTHING if isinstance(value, str) else bool(value)


def _last_asked(rounds: list[Mapping[str, object]]) -> str | None:
    asked = [moment for row in rounds if (moment := _time(row, "NgayBoSung"))]
    return max(asked).strftime(TIME) if asked else None


def _time(row: Mapping[str, object], name: str) -> datetime | None:
    value = row.get(name)
    text = "" if value is None else _plain(value).strip()
    if not text or text.upper() in UNKNOWN_TIMES or says_no_time(text, UNKNOWN_TIMES):
        return None
    moment = read_time(text)
    if moment is None or not FIRST_YEAR <= moment.year <= datetime.now().year + 1:  # noqa: DTZ005 - a year
        raise Unreadable(f"{name} {_short(value)}")
    return moment


def _minutes_waited(row: Mapping[str, object]) -> int:
    asked, answered = _time(row, "NgayBoSung"), _time(row, "NgayTiepNhanBoSung")
    if not asked or not answered:
        return 0
    if answered.date() == asked.date():
        # One of them may be a day without its hour.
        return max(0, int((answered - asked).total_seconds() // 60))
    if answered < asked:
        raise Unreadable(f"NgayTiepNhanBoSung {_short(row['NgayTiepNhanBoSung'])}{BEFORE_ASKED}")
    return int((answered - asked).total_seconds() // 60)


def _short(value: object) -> str:
    return _plain(value)[:40]


def _plain(value: object) -> str:
    """A field as text; what only a damaged file holds is named, as writing it out could fail or take long."""
    if isinstance(value, list | Mapping):
        return "danh sách"
    if isinstance(value, int) and value.bit_length() > LONGEST_BITS:
        return "số quá dài"
    return str(value)
