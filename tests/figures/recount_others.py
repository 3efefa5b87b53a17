"""What documents, work dossiers, ratings and declarations come to, computed in pandas.

Written from domain.md, sections 2 and 8.4, and from what the simulators say of each row; it knows neither
the SQL nor the indicator files. Units are mapped and added up by the functions of recount.py.
"""

from functools import cache

import numpy as np
import pandas as pd

from tools.qlvb_simulator.defects import CRITICAL_KINDS
from tools.qlvb_simulator.source import Source as Documents
from tools.tthc_simulator.source import Source

LEVELS_OF_SATISFACTION = {"RẤT HÀI LÒNG": True, "HÀI LÒNG": True, "KHÔNG HÀI LÒNG": False}
# A whole and its part are declared together; what stands alone has no part.
DECLARED = (
    ("bc_ktxh_phai_gui", "bc_ktxh_qua_he_thong"),
    ("tthc_noi_bo_ra_soat", "tthc_noi_bo_don_gian_hoa"),
    ("chi_phi_tuan_thu_truoc", "chi_phi_tuan_thu_cat_giam"),
    ("tthc_phai_cong_bo", "tthc_cong_bo_dung_han"),
    ("bao_cao_phai_gui", "bao_cao_dung_han"),
    ("tthc_tham_quyen", "tthc_co_du_lieu"),
    ("ho_so_ngoai_he_thong", None),
    ("hscv_giay_da_dong", None),
    ("iso_dien_tu", None),
    ("paht_ap_dung", None),
)
YES_OR_NO = ("iso_dien_tu", "paht_ap_dung")
# The third working day of the month after, looked up by hand: 3 February is the first one after Tết, 1 and 2
# May are days off.
DUE = {"2025-01": "2025-02-05", "2025-02": "2025-03-05", "2025-03": "2025-04-03", "2025-04": "2025-05-07"}


@cache
def newest_good(source: Documents, dataset: str, moments: tuple[str, ...]) -> pd.DataFrame:
    """The newest state of every row that came in a good row at one of the moments, without deleted ones."""
    states, since = [], ""
    for until in moments:
        frame = source.frame(dataset, until)
        states.append(frame[(frame["ngay_cap_nhat"] > since) & ~frame["loi"].isin(CRITICAL_KINDS[dataset])])
        since = until
    newest = pd.concat(states).drop_duplicates(states[0].columns[0], keep="last")
    return newest[newest["da_xoa"].astype(str) != "1"].reset_index(drop=True)


def day(moments: pd.Series) -> pd.Series:
    return pd.to_datetime(moments.str[:8], format="%Y%m%d")


@cache
def good_ratings(source: Source, moments: tuple[str, ...]) -> pd.DataFrame:
    """code, at, good of every rating that came in a good row at one of the moments."""
    held: dict[tuple[str, str], bool] = {}
    since = None
    for until in moments:
        for record in source.ratings.danh_gia(since, until):
            if record["DanhGia"] in LEVELS_OF_SATISFACTION and record["ThoiGianDanhGia"] <= until:
                held[record["MaHoSo"], record["ThoiGianDanhGia"]] = LEVELS_OF_SATISFACTION[record["DanhGia"]]
        since = until
    return pd.DataFrame([(*key, good) for key, good in held.items()], columns=["ma_ho_so", "at", "good"])


def declarations(active: dict[str, list[str]], seed: int = 5) -> pd.DataFrame:
    """Lines of declarations: for each month and unit of `active`, up to a dozen revisions of every item."""
    rng = np.random.default_rng(seed)
    lines = []
    for ky, units in active.items():
        after = pd.Timestamp(f"{ky}-01") + pd.DateOffset(months=1)
        for unit in units:
            for whole, part in DECLARED:
                for moment in rng.choice(20 * 86_400, rng.integers(0, 13), replace=False):
                    most = 2 if whole in YES_OR_NO else 400
                    value = int(rng.integers(0, most)) * (1_000_000 if whole.startswith("chi_phi") else 1)
                    empty = rng.random() < 0.03
                    at = f"{after + pd.Timedelta(seconds=int(moment)):%Y-%m-%d %H:%M:%S}"
                    lines.append((whole, unit, ky, "" if empty else value, "Văn thư", at))
                    if part:
                        share = int(value * rng.random())
                        lines.append((part, unit, ky, "" if empty else share, "Văn thư", at))
    columns = ["ma_so_lieu", "don_vi", "ky", "gia_tri", "chuc_danh", "ngay_khai"]
    return pd.DataFrame(lines, columns=columns).sample(frac=1, random_state=seed)


def parts_of_documents(
    d: pd.DataFrame, s: pd.Timestamp, e: pd.Timestamp
) -> dict[str, tuple[pd.Series, pd.Series]]:
    """Indicator or reading → which documents are in its numerator and in its denominator."""
    incoming = d["huong"] == "den"
    sent = ~incoming & within(day(d["ngay_phat_hanh"]), s, e)
    without_paper = sent & (d["gui_dien_tu"].astype(str) == "1") & (d["gui_giay"].astype(str) == "0")
    proper = without_paper & (d["ky_so"].astype(str) == "1")
    to_do = incoming & within(day(d["ngay_den"]), s, e) & d["han_xu_ly"].notna()
    return {
        "T2_B": (to_do & d["ma_ho_so_cong_viec"].notna(), to_do),
        "T2_C": (proper, sent),
        "T3": (proper, sent),
        "T3_khong_giay": (without_paper, sent),
    }


def parts_of_work(work: pd.DataFrame, s: pd.Timestamp, e: pd.Timestamp) -> tuple[pd.Series, pd.Series]:
    """Which work dossiers were closed in the period and processed wholly on the system, which were closed."""
    opened, ended = day(work["ngay_mo"]), day(work["ngay_dong"])
    ended = ended.where(ended >= opened, opened).where(
        ended.notna() & (work["trang_thai"].astype(str) == "4")
    )
    closed = within(ended, s, e)
    return closed & (work["tren_he_thong"].astype(str) == "1") & (work["chi_giay"].astype(str) != "1"), closed


def users(d: pd.DataFrame, s: pd.Timestamp, e: pd.Timestamp) -> dict[str, set[str]]:
    """Reading of T1 → the units that used the document system in the period."""
    entered = d["unit"][within(day(d["ngay_dang_ky"]), s, e)].value_counts()
    issued = (d["huong"] == "di") & within(day(d["ngay_phat_hanh"]), s, e)
    return {
        "T1": set(entered.index),
        "T1_muoi_van_ban": set(entered.index[entered >= 10]),
        "T1_phat_hanh": set(d["unit"][issued & (d["gui_dien_tu"].astype(str) == "1")]),
    }


def within(days: pd.Series, s: pd.Timestamp, e: pd.Timestamp) -> pd.Series:
    return (days >= s) & (days <= e)


def declared_values(
    lines: pd.DataFrame, s: pd.Timestamp, e: pd.Timestamp, known: pd.Timestamp
) -> pd.DataFrame:
    """unit code, item, value, flow (in the period, else the state at its end) of what counts."""
    held = lines[lines["gia_tri"] != ""].sort_values(["ngay_khai", "gia_tri"])
    newest = held.drop_duplicates(["don_vi", "ky", "ma_so_lieu"], keep="last").copy()
    newest["value"] = newest["gia_tri"].astype("int64")
    newest["flow"] = within(pd.to_datetime(newest["ky"] + "-01"), s, e)
    newest["state"] = newest["ky"] == f"{min(e, known):%Y-%m}"
    return newest


def items_due(
    lines: pd.DataFrame, active: dict[str, list[str]], s: pd.Timestamp, e: pd.Timestamp
) -> pd.DataFrame:
    """don_vi, arrived, in_time of each item that the units of `active` had to declare in the period."""
    first = lines[lines["gia_tri"] != ""].groupby(["ky", "don_vi", "ma_so_lieu"])["ngay_khai"].min()
    rows = []
    for ky, units in active.items():
        if not s <= pd.Timestamp(f"{ky}-01") <= e:
            continue
        for unit in units:
            for item in (item for pair in DECLARED for item in pair if item):
                at = first.get((ky, unit, item))
                rows.append((unit, at is not None, at is not None and at[:10] <= DUE[ky]))
    return pd.DataFrame(rows, columns=["don_vi", "arrived", "in_time"])
