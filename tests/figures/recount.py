"""Figures of the simulated months, computed in pandas.

Written from the definitions in domain.md, sections 2 and 6, and from the simulators' own frames of what
each dossier and document is; it knows neither the SQL nor the indicator files, and it computes the year to
date directly instead of adding up months.
"""

from functools import cache

import pandas as pd

from tests.figures import recount_others as others
from tools.qlvb_simulator.source import Source as Documents
from tools.tthc_simulator.defects import CRITICAL_KINDS
from tools.tthc_simulator.source import Source

# The moments at which the months are pulled; the last one is when what is known ends.
MOMENTS = ("20250201000000", "20250301000000", "20250401000000", "20250501000000")
KNOWN = "2025-04-30"
LEVELS = ("so_nganh", "huyen", "xa")


def active_units(units: list[dict], day: pd.Timestamp) -> list[str]:
    """Codes of those that figures are expected of."""
    last = f"{day:%Y%m%d}"
    return [
        unit["MaDonVi"]
        for unit in units
        if unit["Cap"] != "toan_tinh" and unit["HieuLucTu"] <= last <= (unit["HieuLucDen"] or "99991231")
    ]


@cache
def expected_dossiers(source: Source) -> pd.DataFrame:
    """The newest state of every dossier that came in a good row at the end of some month."""
    states = []
    since = ""
    for until in MOMENTS:
        frame = source.frame(until)
        states.append(frame[(frame["ngay_cap_nhat"] > since) & ~frame["loi"].isin(CRITICAL_KINDS)])
        since = until
    newest = pd.concat(states).drop_duplicates("ma_ho_so", keep="last").reset_index(drop=True)
    for name in newest.columns:
        if name.startswith("ngay_"):
            newest[name] = pd.to_datetime(newest[name], format="%Y%m%d%H%M%S")
    newest["status"] = newest["trang_thai_ho_so"].astype(int)
    newest["goc"] = newest["ma_tthc"].str[:8]
    return newest


def unit_at(units: dict[str, dict], code: str, day: str) -> str:
    """The unit that answers for `code` on that day (yyyymmdd)."""
    while (units[code]["HieuLucDen"] or "99991231") < day and units[code]["MaDonViKeThua"]:
        code = units[code]["MaDonViKeThua"]
    return code


@cache
def dossiers_of(source: Source, start: str, end: str) -> pd.DataFrame:
    """The dossiers that count in the period, with what happened to each of them in it.

    D1 to D5 are the definitions of domain.md, section 6. What is open is judged on the last day of the
    period, or on the last day that is known while the period runs.
    """
    units = {unit["MaDonVi"]: unit for unit in source.don_vi(MOMENTS[-1])}
    catalogue = {item["MaTTHC"]: item for item in source.tthc(MOMENTS[-1])}
    s, e, known = pd.Timestamp(start), pd.Timestamp(end), pd.Timestamp(KNOWN)
    judged = min(e, known)
    d = expected_dossiers(source)
    d = d[d["ngay_tiep_nhan"].notna() & ~d["status"].isin([1, 3]) & (d["da_xoa"] != "1")]
    d = d.assign(received=d["ngay_tiep_nhan"].dt.normalize(), due=d["ngay_hen_tra"].dt.normalize())
    d = d[d["received"] <= e].reset_index(drop=True)
    received, due, ended = d["received"], d["due"], d["ngay_ket_thuc_xu_ly"]

    def procedure(**having: object) -> pd.Series:
        [(name, value)] = having.items()
        return d["goc"].isin([code for code, item in catalogue.items() if item[name] == value])

    flags = pd.DataFrame(
        {
            "unit": d["don_vi_xu_ly"].map({code: unit_at(units, code, f"{e:%Y%m%d}") for code in units}),
            "goc": d["goc"],
            "field": d["ma_linh_vuc"].fillna(""),
            "in_period": received >= s,
            "online": d["kenh_thuc_hien"] == "2",
            "post": d["kenh_thuc_hien"] == "3",
            "no_result": procedure(ThuTucKhongCoKetQua="1"),
            "same_day": procedure(ThoiGianGiaiQuyet=0),
            "fee": procedure(CoPhi="1"),
            "link": d["co_ket_qua_dien_tu"].astype(int) == 1,
            "file": d["so_tai_lieu_co_tep"].astype(int) >= 1,
            "digitised": d["so_tai_lieu_so_hoa"].astype(int) >= 1,
            "reused": d["so_tai_lieu_tai_su_dung"].astype(int) >= 1,
            "stored": d["so_tai_lieu_tu_kho"].astype(int) >= 1,
            "vneid": d["tai_khoan_duoc_xac_thuc_voi_vneid"] == "1",
            "no_fees": d["tong_phi_le_phi"].astype(float) == 0,
            "kept_papers": d["so_tai_lieu_co_kho"].astype(float) >= 1,
            "kept_result": (d["so_ket_qua_co_kho"].astype(float) >= 1).where(
                d["so_ket_qua_co_kho"].notna(), d["co_ket_qua_dien_tu"].astype(int) == 1
            ).astype(bool),
            "paid": d["duoc_thanh_toan_truc_tuyen"].isin(["1", "2"]),
            "withdrawn": d["status"] == 7,
            "waits": (d["status"] == 5) & (d["ngay_yeu_cau_bo_sung"].isna()
                                           | (d["ngay_yeu_cau_bo_sung"].dt.normalize() <= judged)),
        }
    )  # fmt: skip
    f = flags
    # A dossier cannot end before it is received; 9 and 10 without an end stay open.
    ended_on = ended.dt.normalize().where(ended.dt.normalize() >= received, received).where(ended.notna())
    finished_on = ended_on.where(d["status"].isin([7, 9, 10]))
    f["finished"] = (finished_on >= s) & (finished_on <= e)
    f["was_open"] = finished_on.isna() | (finished_on > e)
    f["carried"] = (received < s) & (finished_on.isna() | (finished_on >= s))
    f["done"] = f["finished"] & d["status"].isin([9, 10])
    f["no_due"] = due.isna()
    f["before_due"], f["on_due"], f["after_due"] = finished_on < due, finished_on == due, finished_on > due
    f["overdue"] = due < judged
    f["in_time_by_the_clock"] = ended <= d["ngay_hen_tra"]
    # D1: waiting for a supplement, for a payment, or stopped, is in time while open.
    stopped_on = ended_on.where(d["status"] == 8)
    f["halted"] = (
        f["waits"] | (d["status"] == 6) | ((d["status"] == 8) & (stopped_on.isna() | (stopped_on <= judged)))
    )
    # D3: the end less the citizen's time, a dossier still open by the period's end.
    one_round = d["so_lan_bo_sung"].astype(int) <= 1
    waited = pd.to_timedelta(d["tong_thoi_gian_bo_sung_phut"].astype(int), unit="min")
    in_time = (ended - waited).dt.normalize() <= due
    in_time_same_day = due.isna() & f["same_day"] & (finished_on == received)
    f["stopped"] = (stopped_on >= s) & (stopped_on <= e)
    f["still_open"] = f["was_open"] & ~(stopped_on <= e)
    asked = d["ngay_yeu_cau_bo_sung"].dt.normalize()
    judged_on = asked.where((d["status"] == 5) & (asked <= judged), judged)
    f["on_time_766"] = one_round & (
        (f["finished"] & (in_time | in_time_same_day))
        | (f["stopped"] & in_time)
        | (f["still_open"] & (due >= judged_on))
    )
    return f


def added_up(
    source: Source, units_of: pd.Series, sides: dict[str, tuple], end: str
) -> dict[tuple[str, str], tuple]:
    """(name, unit active at the end, level or province) → sums of the rows of each side; None stays None."""
    units = {unit["MaDonVi"]: unit for unit in source.don_vi(MOMENTS[-1])}
    known = {
        (name, n): rows for name, parts in sides.items() for n, rows in enumerate(parts) if rows is not None
    }
    columns = pd.DataFrame({n: rows.astype("int64") for n, rows in enumerate(known.values())})
    levels = units_of.map({code: unit["Cap"] for code, unit in units.items()})
    sums = pd.concat(
        [
            columns.groupby(units_of)
            .sum()
            .reindex(active_units(list(units.values()), pd.Timestamp(end)), fill_value=0),
            columns.groupby(levels).sum().reindex(LEVELS, fill_value=0).rename(index="TONG:{}".format),
            columns.sum().to_frame("TONG:toan_tinh").T,
        ]
    )
    held = {name: dict(zip(sums.index, sums[n].tolist(), strict=True)) for n, name in enumerate(known)}
    return {
        (name, grain): tuple(held[name, n][grain] if (name, n) in held else None for n in range(len(parts)))
        for name, parts in sides.items()
        for grain in sums.index
    }


def times(*rows: pd.Series) -> pd.Series:
    """How many of the conditions each row meets."""
    return sum(row.astype("int64") for row in rows)


@cache
def expected_figures(source: Source, start: str, end: str) -> dict[tuple[str, str], tuple]:
    """(indicator or reading, unit or total) → (numerator, denominator) of the period from start to end."""
    d = dossiers_of(source, start, end)
    received, done = d["in_period"], d["done"]
    with_result = received & (d["no_result"] | d["link"])
    online_and_done = with_result & d["online"]
    on_time = d["finished"] & (d["withdrawn"] | d["no_due"] | d["before_due"] | d["on_due"])
    late = (d["finished"] & ~d["withdrawn"] & d["after_due"], d["was_open"] & d["overdue"] & ~d["halted"])
    waiting = d["was_open"] & d["waits"]
    must = received & ~d["no_result"]
    to_do = received | d["carried"]
    lost = (d["finished"] & d["after_due"], d["was_open"] & d["overdue"])
    sums = {
        "T9": (received & d["online"], received),
        "T9_dvcqg": (online_and_done, received),
        "T9_khong_bcci": (received & d["online"], received & ~d["post"]),
        "T11": (done & ~d["no_result"] & d["link"], done & ~d["no_result"]),
        "T11_moi_ho_so": (must & d["link"], must),
        "T12": (done & d["file"] & (d["no_result"] | d["link"]), done),
        "T12_tiep_nhan": (with_result & d["file"], received),
        "T12_thanh_phan": (done & d["digitised"], done),
        "T13": (received & d["online"] & d["vneid"], received & d["online"]),
        "T13_moi_ho_so": (received & d["vneid"], received),
        "T16_3_3": (online_and_done, received),
        "T12_kho": (done & d["kept_papers"] & (d["no_result"] | d["kept_result"]), done),
        "T16_3_6": (received & d["fee"] & ~d["no_fees"] & d["paid"], received & d["fee"] & ~d["no_fees"]),
        "T16_4_1": (must & d["link"], must),
        "T16_4_2": (with_result & d["file"], received),
        "T16_4_3": (received & d["reused"], received),
        "T16_4_4": (received & (d["stored"] | d["kept_result"]), received),
        "T16_4_5": (received & (d["vneid"] | d["stored"]), received),
        "dung_han_06a": (on_time, d["finished"]),
        "dung_han_06a_gio": (done & (d["no_due"] | d["in_time_by_the_clock"]), done),
        "dung_han_766": (d["on_time_766"], d["finished"] | d["stopped"] | d["still_open"]),
        "tiep_nhan": (received, None),
        "ky_truoc": (d["carried"], None),
        "da_giai_quyet": (d["finished"], None),
        "dang_giai_quyet": (d["was_open"], None),
        "khong_co_han": (d["finished"] & d["no_due"], None),
        "T15": (times(*late), None),
        "dung_han_06a_kiosk": (times(on_time, waiting), times(d["finished"], waiting)),
        # D5: all that were to be done less those late, where waiting is no excuse.
        "dung_han_06a_ca_ton": (times(to_do) - times(*lost), times(to_do)),
    }
    figures = added_up(source, d["unit"], sums, end)
    return figures | expected_procedures(source, d, {grain for _, grain in figures}, end)


def expected_procedures(
    source: Source, d: pd.DataFrame, members: set[str], end: str
) -> dict[tuple[str, str], tuple]:
    """Numbers of different procedures: provided on the last day that is known, filed in the period."""
    units = {unit["MaDonVi"]: unit for unit in source.don_vi(MOMENTS[-1])}
    catalogue = {item["MaTTHC"]: item for item in source.tthc(MOMENTS[-1])}
    last, day = end.replace("-", ""), min(end, KNOWN).replace("-", "")
    places = [
        (unit_at(units, place["MaDonVi"], last), code, int(place["MucDo"]), item)
        for code, item in catalogue.items()
        if item["HieuLucTu"] <= day <= (item["HieuLucDen"] or "99991231")
        for place in item["DonViThucHien"]
        if place["HieuLucTu"] <= day <= (place["HieuLucDen"] or "99991231")
    ]

    def pairs(test) -> set[tuple[str, str]]:
        return {(unit, code) for unit, code, level, item in places if test(level, item)}

    def filed(rows: pd.Series) -> set[tuple[str, str]]:
        return set(zip(d["unit"][rows], d["goc"][rows], strict=True))

    online = filed(d["in_period"] & d["online"])
    full, partly = pairs(lambda level, _: level == 4), pairs(lambda level, _: level in (3, 4))
    fit = pairs(lambda _, item: str(item["DuDieuKienToanTrinh"]) == "1")
    fee = pairs(lambda _, item: str(item["CoPhi"]) == "1")
    wanted = {
        "T7": (fit & full, fit),
        "T8": (online & full, full),
        "T8_mot_phan": (online & partly, partly),
        "T16_3_1": (partly, pairs(lambda *_: True)),
        "T16_3_2": (online & partly, partly),
        "T16_3_5": (filed(d["in_period"] & d["paid"]) & fee, fee),
    }
    caps = {code: record["Cap"] for code, record in units.items()}

    def codes(side: set[tuple[str, str]]) -> dict[str, set[str]]:
        """Unit or total → its different procedures."""
        found: dict[str, set[str]] = {grain: set() for grain in members}
        for unit, code in side:
            for grain in (unit, f"TONG:{caps[unit]}", "TONG:toan_tinh"):
                found.get(grain, set()).add(code)
        return found

    counted = {ma: tuple(map(codes, sides)) for ma, sides in wanted.items()}
    return {
        (ma, grain): tuple(len(side[grain]) for side in sides)
        for ma, sides in counted.items()
        for grain in members
    }


def expected_others(
    source: Source, office: Documents, declared: pd.DataFrame, start: str, end: str
) -> dict[tuple[str, str], tuple]:
    """As expected_figures, of what documents, work dossiers, ratings and declarations answer."""
    s, e, known = pd.Timestamp(start), pd.Timestamp(end), pd.Timestamp(KNOWN)
    units = {unit["MaDonVi"]: unit for unit in source.don_vi(MOMENTS[-1])}

    def placed(rows: pd.DataFrame, column: str) -> pd.DataFrame:
        answers = {code: unit_at(units, code, f"{e:%Y%m%d}") for code in units}
        return rows.assign(unit=rows[column].map(answers))

    def pairs(rows: pd.DataFrame, part: pd.Series, whole: pd.Series) -> dict[str, tuple[int, int]]:
        """Unit or total → sums of two columns."""
        return {
            grain: sums
            for (_, grain), sums in added_up(source, rows["unit"], {"": (part, whole)}, end).items()
        }

    found: dict[str, dict[str, tuple]] = {}
    documents = placed(others.newest_good(office, "van_ban", MOMENTS), "don_vi")
    for ma, parts in others.parts_of_documents(documents, s, e).items():
        found[ma] = pairs(documents, *parts)
    active = active_units(list(units.values()), e)
    for ma, users in others.users(documents, s, e).items():
        found[ma] = {
            grain: (len(users & of_grain), len(of_grain))
            for grain in found["T3"]
            if (of_grain := {u for u in active if grain in (u, f"TONG:{units[u]['Cap']}", "TONG:toan_tinh")})
        }
    work = placed(others.newest_good(office, "ho_so_cong_viec", MOMENTS), "don_vi")
    found["T2_tren_he_thong"] = pairs(work, *others.parts_of_work(work, s, e))

    dossiers = expected_dossiers(source)
    dossiers = dossiers[~dossiers["status"].isin([1, 3]) & (dossiers["da_xoa"] != "1")]
    rated = others.good_ratings(source, MOMENTS).merge(dossiers, on="ma_ho_so")
    rated = placed(rated[others.within(others.day(rated["at"]), s, e)].reset_index(drop=True), "don_vi_xu_ly")
    online = rated["kenh_thuc_hien"] == "2"
    found["T10"] = pairs(rated, online & rated["good"], online)
    found["T10_moi_kenh"] = pairs(rated, rated["good"], rated["good"] | True)

    lines = placed(others.declared_values(declared, s, e, known), "don_vi")

    def of(item: str, kind: str) -> pd.Series:
        """The value where a line is about this item in the period, else 0."""
        return lines["value"].where((lines["ma_so_lieu"] == item) & lines[kind], 0)

    for ma, part, whole, kind in (
        ("T4", "bc_ktxh_qua_he_thong", "bc_ktxh_phai_gui", "flow"),
        ("cong_bo_dung_han", "tthc_cong_bo_dung_han", "tthc_phai_cong_bo", "flow"),
        ("bao_cao_dung_han", "bao_cao_dung_han", "bao_cao_phai_gui", "flow"),
        ("T17", "tthc_co_du_lieu", "tthc_tham_quyen", "state"),
        ("don_gian_hoa", "tthc_noi_bo_don_gian_hoa", "tthc_noi_bo_ra_soat", "state"),
        ("cat_giam_chi_phi", "chi_phi_tuan_thu_cat_giam", "chi_phi_tuan_thu_truoc", "state"),
    ):
        found[ma] = pairs(lines, of(part, kind), of(whole, kind))
    for ma, item in (("T5", "iso_dien_tu"), ("T14", "paht_ap_dung")):
        asked = (lines["ma_so_lieu"] == item) & lines["state"]
        found[ma] = pairs(lines, of(item, "state"), asked)
        found[f"{ma}_moi_don_vi"] = {
            grain: (yes, found["T1"][grain][1])
            for grain, (yes, _) in found[ma].items()
            if grain in found["T1"]
        }
    months = {ky: active_units(list(units.values()), pd.Period(ky).end_time) for ky in others.DUE}
    due = placed(others.items_due(declared, months, s, e), "don_vi")
    found["day_du_khai_bao"] = pairs(due, due["arrived"], due["arrived"] | True)
    found["dung_han_khai_bao"] = pairs(due, due["in_time"], due["arrived"] | True)
    on_paper = pairs(lines, of("hscv_giay_da_dong", "flow"), of("ho_so_ngoai_he_thong", "flow"))
    received = expected_figures(source, start, end)
    for grain, (paper, outside) in on_paper.items():
        wholly, closed = found["T2_tren_he_thong"][grain]
        inside = received["tiep_nhan", grain][0]
        found.setdefault("T2", {})[grain] = (wholly, closed + paper)
        found.setdefault("T6", {})[grain] = (inside, inside + outside)
    return {(ma, grain): pair for ma, pairs_ in found.items() for grain, pair in pairs_.items()}


def expected_report(source: Source, start: str, end: str) -> dict[tuple[str, str], tuple]:
    """(unit or total, field or '') → columns 3 to 13 of report II.06a, D1 of domain.md, section 6."""
    d = dossiers_of(source, start, end)
    done = d["finished"] & ~d["withdrawn"]
    in_time = d["no_due"] | ~d["overdue"] | d["halted"]
    columns = pd.DataFrame(
        {
            3: d["in_period"] | d["carried"],
            4: d["in_period"] & d["online"],
            5: d["in_period"] & ~d["online"],
            6: d["carried"],
            7: d["finished"],
            8: done & d["before_due"],
            9: d["finished"] & (d["withdrawn"] | d["no_due"] | d["on_due"]),
            10: done & d["after_due"],
            11: d["was_open"],
            12: d["was_open"] & in_time,
            13: d["was_open"] & ~in_time,
        }
    ).astype(int)
    report = {
        (grain, ""): sums
        for (_, grain), sums in added_up(
            source, d["unit"], {"": tuple(columns[n] for n in columns)}, end
        ).items()
    }
    counted = columns[3] == 1
    for field, rows in d[counted].groupby("field"):
        of_field = columns.loc[rows.index]
        found = added_up(source, rows["unit"], {"": tuple(of_field[n] for n in columns)}, end)
        report |= {(grain, field): sums for (_, grain), sums in found.items() if sums[0]}
    return report
