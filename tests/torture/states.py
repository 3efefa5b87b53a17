"""Lines of every dataset: states of a few things at several times, and some that are rejected."""

from datetime import datetime, timedelta

from cchc.contracts import contract_of
from tests.reading.test_borders import GOOD
from tests.torture import ALL
from tests.world import XA, code

EXPORTED_AT = "2025-04-10"
FIRST = datetime(2025, 4, 2, 8)
# Figures from this month on are counted: two months one after the other, or one.
COUNTED_FROM = "2025-03" if ALL else "2025-04"
THINGS, TIMES = 6, 4
# What tells two things of a dataset apart, and what two states of one thing.
KEYS = {
    "ho_so": lambda n: {"ma_ho_so": code(n)},
    "danh_gia": lambda n: {"ma_ho_so": code(n)},
    "qua_trinh": lambda n: {"ma_ho_so": code(n)},
    "van_ban": lambda n: {"ma_van_ban": f"VB{n}", "so": str(n)},
    "ho_so_cong_viec": lambda n: {"ma_hscv": f"HSCV{n}"},
    "khai_bao": lambda n: {
        "ky": f"2025-0{n % 3 + 1}",
        "ma_so_lieu": ("iso_dien_tu", "ho_so_ngoai_he_thong")[n % 2],
    },
    "don_vi": lambda n: {"ma_don_vi": f"000.00.{70 + n}.H59", "ten_don_vi": f"Sở thử số {n}"},
    "tthc": lambda n: {"ma_tthc": f"1.1000{n:02d}"},
}
CHANGES = {
    "ho_so": [{}, {"trang_thai_ho_so": "3"}, {"so_lan_bo_sung": "1"},
              {"trang_thai_ho_so": "9", "ngay_ket_thuc_xu_ly": "20250311100000"}],
    "danh_gia": [{}, {"danh_gia": "hai_long"}, {"danh_gia": "khong_hai_long"}, {}],
    "qua_trinh": [{}, {"trang_thai": "3"}, {"trang_thai": "4"}, {"trang_thai": "9"}],
    "van_ban": [{}, {"do_khan": "2"}, {"gui_giay": "1"}, {"ngay_hoan_thanh": "20250310100000"}],
    "ho_so_cong_viec": [{}, {"tien_do": "50"}, {"chi_giay": "1"},
                        {"trang_thai": "2", "tien_do": "100", "ngay_dong": "20250312100000"}],
    "khai_bao": [{}, {"gia_tri": "0"}, {}, {"gia_tri": "0"}],
    "don_vi": [{}, {"ten_don_vi": "Sở thử, tên hai"}, {"ten_don_vi": "Sở thử, tên ba"}, {}],
    "tthc": [{}, {"ten_tthc": "Thủ tục, tên hai"}, {"ten_tthc": "Thủ tục, tên ba"}, {}],
}  # fmt: skip


# What other lines say of one moment: each value is greater in one of them, and in none of them are all.
CONTRADICTIONS = {
    "ho_so": [
        {"trang_thai_ho_so": "10", "so_lan_bo_sung": "2", "kenh_thuc_hien": ""},
        {"trang_thai_ho_so": "9", "so_lan_bo_sung": "10", "ngay_hen_tra": "20250318090000"},
        {"don_vi_xu_ly": XA, "ma_tthc": "1.000002", "co_ket_qua_dien_tu": "0"},
    ],
    "danh_gia": [{"danh_gia": "khong_hai_long"}, {"danh_gia": "rat_hai_long"}],
    "qua_trinh": [{"don_vi": ""}, {"don_vi": XA}],
    "van_ban": [{"do_khan": "3", "gui_giay": "0"}, {"don_vi": XA}, {"da_xoa": "1"}],
    "ho_so_cong_viec": [{"tien_do": "9"}, {"tien_do": "10", "chi_giay": "1"}, {"don_vi": XA}],
    "khai_bao": [{"gia_tri": "1"}, {"gia_tri": ""}, {"chuc_danh": "Giám đốc"}, {"don_vi": "Sở Xây dựng"}],
    "don_vi": [{"ten_don_vi": "Sở thử, tên khác"}, {"cap": "huyen"}, {"theo_doi": "0"}],
    "tthc": [{"ten_tthc": "Thủ tục, tên khác"}, {"don_vi_thuc_hien": []},
             {"ma_tthc": "1.100001.000.00.00.H59", "ten_tthc": "Thủ tục, tên nữa"}],
}  # fmt: skip


def line(dataset: str, thing: int, time: int) -> dict:
    """The state of the n-th thing of a dataset at the n-th time."""
    moment = (FIRST + timedelta(days=time, minutes=thing)).strftime("%Y%m%d%H%M%S")
    change = CHANGES[dataset][time % TIMES]
    if dataset == "don_vi" and "ten_don_vi" in change:
        change = {"ten_don_vi": f"{change['ten_don_vi']} ({thing})"}
    return GOOD[dataset] | KEYS[dataset](thing) | {contract_of(dataset).changed_at: moment} | change


def lines(dataset: str) -> list[dict]:
    """All states of all things."""
    return [line(dataset, thing, time) for thing in range(1, THINGS + 1) for time in range(TIMES)]


def contradicting(dataset: str) -> list[dict]:
    """Lines that say otherwise than the states of some things at some of their times, also their last."""
    return [
        line(dataset, thing, time) | _of_thing(dataset, thing, change)
        for thing, time in ((1, TIMES - 1), (2, 1), (3, TIMES - 1), (4, 0))
        for change in CONTRADICTIONS[dataset]
    ]


def _of_thing(dataset: str, thing: int, change: dict) -> dict:
    """A change in the words of one thing: names of units are their own, codes of procedures begin alike."""
    if "ten_don_vi" in change:
        return {"ten_don_vi": f"{change['ten_don_vi']} ({thing})"}
    if "ma_tthc" in change and dataset == "tthc":
        return change | {"ma_tthc": f"1.1000{thing:02d}.000.00.00.H59"}
    return change


def rejected(dataset: str) -> dict:
    """A line without its key."""
    return line(dataset, 1, 0) | {contract_of(dataset).key[0]: ""}
