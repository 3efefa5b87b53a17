"""Every figure of four simulated months against a computation of its own in pandas.

Written from the definitions in domain.md, sections 2 and 6, and from the simulators' own frames of what
each dossier and document is; it knows neither the SQL nor the indicator files, and it computes the year to
date directly instead of adding up months.
"""

import json
from collections.abc import Iterator
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path

import pandas as pd
import pytest

from cchc.contracts import contract_of
from cchc.judging.validation import validate
from cchc.loading.load import load
from cchc.registers.working_calendar import sync_calendar
from cchc.sources.landing import land_api
from cchc.sources.qlvb import Download, QlvbClient
from cchc.sources.tthc import TthcClient
from tests.figures import recount_others as others
from tests.world import World
from tools.qlvb_simulator.generate import Settings as DocumentSettings
from tools.qlvb_simulator.source import Source as Documents
from tools.qlvb_simulator.source import generate as generate_documents
from tools.tthc_simulator.defects import CRITICAL_KINDS, DEFAULT_RATES
from tools.tthc_simulator.generate import Settings
from tools.tthc_simulator.source import Source, generate

pytestmark = pytest.mark.recount

MOMENTS = ("20250201000000", "20250301000000", "20250401000000", "20250501000000")
MONTHS = ["2025-01", "2025-02", "2025-03", "2025-04"]
LEVELS = ("so_nganh", "huyen", "xa")
TARGETS = {
    "T1": 100, "T4": 100, "T5": 100, "T6": 100, "T7": 100, "T8": 70, "T9": 60, "T10": 90, "T11": 100,
    "T12": 100, "T13": 100, "T14": 100, "T17": 100, "don_gian_hoa": 20, "cat_giam_chi_phi": 20,
}  # fmt: skip
TARGETS_OF_WORK_DOSSIERS = {"so_nganh": 100, "huyen": 95, "xa": 80}
KNOWN = "2025-04-30"
COUNTS = ("T15", "tiep_nhan", "ky_truoc", "da_giai_quyet", "dang_giai_quyet", "khong_co_han")


@pytest.fixture(scope="module")
def source() -> Source:
    # More of two kinds of bad rows that show at receipt, so that some follow a good state.
    rates = DEFAULT_RATES | {"hen_tra_0001": 0.015, "tiep_nhan_tuong_lai": 0.01}
    return generate(Settings(per_month=13_000, den="2025-04", ty_le_loi=rates))


@pytest.fixture(scope="module")
def office() -> Documents:
    return generate_documents(
        DocumentSettings(van_ban_moi_thang=13_000, ho_so_moi_thang=13_000, den="2025-04")
    )


@pytest.fixture(scope="module")
def declared(source) -> pd.DataFrame:
    """Lines of declarations of the units that are active at the end of each month."""
    units = source.don_vi(MOMENTS[-1])
    return others.declarations({ky: active_units(units, pd.Period(ky).end_time) for ky in MONTHS})


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
    of_procedure = d["goc"].map(lambda c: catalogue.get(c, {}))
    flags = pd.DataFrame(
        {
            "unit": d["don_vi_xu_ly"].map(lambda code: unit_at(units, code, e.strftime("%Y%m%d"))),
            "goc": d["goc"],
            "field": d["ma_linh_vuc"].fillna(""),
            "in_period": received >= s,
            "online": d["kenh_thuc_hien"] == "2",
            "post": d["kenh_thuc_hien"] == "3",
            "no_result": of_procedure.map(lambda p: p.get("ThuTucKhongCoKetQua") == "1"),
            "same_day": of_procedure.map(lambda p: p.get("ThoiGianGiaiQuyet") == 0),
            "fee": of_procedure.map(lambda p: str(p.get("CoPhi")) == "1"),
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
    levels = units_of.map(lambda code: units[code]["Cap"])
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
        return rows.assign(unit=rows[column].map(lambda code: unit_at(units, code, f"{e:%Y%m%d}")))

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
    on_paper = pairs(lines, of("hscv_giay_da_dong", "flow"), of("ho_so_ngoai_he_thong", "flow"))
    received = expected_figures(source, start, end)
    for grain, (paper, outside) in on_paper.items():
        wholly, closed = found["T2_tren_he_thong"][grain]
        inside = received["tiep_nhan", grain][0]
        found.setdefault("T2", {})[grain] = (wholly, closed + paper)
        found.setdefault("T6", {})[grain] = (inside, inside + outside)
    return {(ma, grain): pair for ma, pairs_ in found.items() for grain, pair in pairs_.items()}


def expected_form(source: Source, start: str, end: str) -> dict[tuple[str, str], tuple]:
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


class ServedLists(TthcClient):
    """The client of the TTHC system, with the simulator in place of HTTP."""

    def __init__(self, source: Source) -> None:
        super().__init__("http://tthc.example.vn", "client", "secret")
        self.source = source

    def pages(self, path: str, changed_after: datetime | None, changed_until: datetime) -> Iterator[dict]:
        since, until = moments_of(changed_after, changed_until)
        lists = {"/api/don-vi": self.source.don_vi, "/api/tthc": self.source.tthc}
        changed = {"/api/ho-so": self.source.ho_so, "/api/danh-gia": self.source.ratings.danh_gia}
        data = lists[path](until) if path in lists else changed[path](since, until)
        yield {"service": "thu", "tong_so": len(data), "so_trang": 1, "data": data}


class ServedFiles(QlvbClient):
    """The client of the document-management system, with the simulator in place of HTTP."""

    def __init__(self, office: Documents) -> None:
        super().__init__("http://qlvb.example.vn", "client", "secret")
        self.office = office

    def download(self, path: str, changed_after: datetime | None, changed_until: datetime) -> Download:
        dataset = {"/xuat/van-ban": "van_ban", "/xuat/ho-so-cong-viec": "ho_so_cong_viec"}[path]
        rows = self.office.changed(dataset, *moments_of(changed_after, changed_until))
        return Download(len(rows), iter([rows.to_csv(index=False).encode()]))


def moments_of(*times: datetime | None) -> tuple[str | None, ...]:
    """As the simulators write them."""
    return tuple(time and time.strftime("%Y%m%d%H%M%S") for time in times)


@pytest.fixture(scope="module")
def loaded(source, office, declared, make_world) -> World:
    """The simulated months, pulled, loaded and refreshed one after the other as they came."""
    world: World = make_world()
    sync_calendar(world.engine)
    clients = {"tthc": ServedLists(source), "qlvb": ServedFiles(office)}
    for until in MOMENTS:
        for dataset in ("don_vi", "tthc", "ho_so", "danh_gia", "van_ban", "ho_so_cong_viec"):
            contract = contract_of(dataset)
            landed = land_api(
                world.engine,
                world.folder / "landing",
                contract,
                clients[contract.api.system],
                datetime.strptime(until, "%Y%m%d%H%M%S"),
            )
            validate(world.engine, landed.batch_id)
            load(world.engine, landed.batch_id)
        world.refresh_all()
    lines = world.folder / "khai_bao.csv"
    declared.to_csv(lines, index=False)
    world.ingest("khai_bao", lines)
    world.refresh_all()
    return world


def test_the_simulated_months_hold_what_makes_them_hard(source):
    dossiers = expected_dossiers(source)
    assert len(dossiers) > 50_000
    # Nobody stands at "received" (2) for long enough to be seen at the end of a month.
    assert set(dossiers["status"]) >= {1, 3, 4, 5, 6, 7, 8, 9, 10}
    assert (dossiers["so_lan_bo_sung"] == 2).sum() > 10
    assert (dossiers["da_xoa"] == "1").any()
    assert (dossiers["kenh_thuc_hien"].isna()).any()
    assert (dossiers["ngay_ket_thuc_xu_ly"] < dossiers["ngay_tiep_nhan"]).any()
    seen = {kind for moment in MOMENTS for kind in source.frame(moment)["loi"]}
    assert seen >= CRITICAL_KINDS


def test_exactly_the_bad_rows_are_rejected(source, loaded):
    batches = loaded.rows(
        "SELECT batch_id, landed_path FROM ops.batch WHERE dataset = 'ho_so' ORDER BY batch_id"
    )
    assert len(batches) == len(MOMENTS)
    for (batch_id, path), until in zip(batches, MOMENTS, strict=True):
        frame = source.frame(until)
        critical = set(frame.loc[frame["loi"].isin(CRITICAL_KINDS), "ma_ho_so"].dropna())
        lines = Path(path).read_text(encoding="utf-8").splitlines()[1:]
        codes = [json.loads(line)["MaHoSo"] for line in lines]
        bad = {line for line, code in enumerate(codes, start=2) if code is None or code in critical}
        found = loaded.rows("SELECT line_no FROM ops.reject WHERE batch_id = :b", b=batch_id)
        assert {line for (line,) in found} == bad, until


def test_the_warehouse_holds_the_newest_good_state_of_every_dossier(source, loaded):
    wanted = expected_dossiers(source)
    names = ["ma_ho_so", "trang_thai_ho_so", "ngay_cap_nhat", "ngay_tiep_nhan", "ngay_ket_thuc_xu_ly"]
    expected = {
        tuple(None if pd.isna(v) else v for v in row) for row in wanted[names].itertuples(index=False)
    }
    held = loaded.rows(f"SELECT {', '.join(names)} FROM core.ho_so")
    assert len(held) == len(expected)
    assert {(code, str(status), *times) for code, status, *times in held} == expected
    # Some of them stand in an older state because their newest row was bad.
    newest = source.frame(MOMENTS[-1]).dropna(subset="ma_ho_so").set_index("ma_ho_so")["ngay_cap_nhat"]
    older = [
        row
        for row in wanted.itertuples()
        if row.ma_ho_so in newest.index
        and pd.Timestamp(newest[row.ma_ho_so]).to_pydatetime() > row.ngay_cap_nhat
    ]
    assert older


def test_nothing_is_lost(loaded):
    assert loaded.rows(
        "SELECT count(*), sum((lines_read = lines_accepted + lines_rejected + lines_superseded)::int), "
        "sum((stated_total = lines_read)::int), sum((lines_superseded >= 0)::int) FROM ops.batch "
        "WHERE dataset = 'ho_so'"
    ) == [(4, 4, 4, 4)]
    # Every line counted as rejected is on record with its reasons.
    assert (
        loaded.rows(
            "SELECT b.batch_id FROM ops.batch AS b LEFT JOIN ops.reject AS r ON b.batch_id = r.batch_id "
            "GROUP BY b.batch_id HAVING b.lines_rejected <> count(r.line_no)"
        )
        == []
    )


# Every kind of period: over, running, and one that begins in the middle of a month.
PERIODS = {
    ("thang", "2025-01"): ("2025-01-01", "2025-01-31"),
    ("thang", "2025-02"): ("2025-02-01", "2025-02-28"),
    ("thang", "2025-03"): ("2025-03-01", "2025-03-31"),
    ("thang", "2025-04"): ("2025-04-01", "2025-04-30"),
    ("luy_ke", "2025-03"): ("2025-01-01", "2025-03-31"),
    ("luy_ke", "2025-04"): ("2025-01-01", "2025-04-30"),
    ("quy", "2025-Q1"): ("2025-01-01", "2025-03-31"),
    ("quy", "2025-Q2"): ("2025-04-01", "2025-06-30"),
    ("nua_nam", "2025-H1"): ("2025-01-01", "2025-06-30"),
    ("nam", "2025"): ("2025-01-01", "2025-12-31"),
    ("ky_bao_cao", "2025-02"): ("2025-01-15", "2025-02-14"),
    ("ky_bao_cao", "2025-04"): ("2025-03-15", "2025-04-14"),
    ("ky_bao_cao", "2025-05"): ("2025-04-15", "2025-05-14"),
    ("ky_bao_cao", "2025-Q2"): ("2025-03-15", "2025-06-14"),
}


@pytest.mark.parametrize("period", PERIODS, ids="-".join)
def test_every_figure_is_what_pandas_finds(source, office, declared, loaded, period):
    expected = expected_figures(source, *PERIODS[period]) | expected_others(
        source, office, declared, *PERIODS[period]
    )
    held = {
        (ma, unit): (tu_so, mau_so)
        for ma, unit, tu_so, mau_so in loaded.rows(
            "SELECT ma_chi_so, ma_don_vi, tu_so, mau_so FROM mart.tinh_chi_so(ARRAY[:l], ARRAY[:ky]) "
            # The score has a test of its own.
            "WHERE ma_chi_so <> 'T16'",
            l=period[0],
            ky=period[1],
        )
    }
    assert set(held) == set(expected)
    wrong = {key: (held[key], expected[key]) for key in held if held[key] != expected[key]}
    assert wrong == {}
    assert sum(figure[0] for figure in expected.values()) > 10_000
    published = loaded.rows(
        "SELECT count(*) FROM mart.chi_so AS c WHERE ky_loai = :l AND ky = :ky AND ma_chi_so <> 'T16' "
        "AND NOT EXISTS (SELECT FROM mart.tinh_chi_so(ARRAY[:l], ARRAY[:ky]) AS t WHERE t = c)",
        l=period[0],
        ky=period[1],
    )
    assert published == [(0,)]


@pytest.mark.parametrize("period", PERIODS, ids="-".join)
def test_form_06a_is_what_pandas_finds(source, loaded, period):
    held = {
        (unit, field): tuple(columns)
        for unit, field, *columns in loaded.rows(
            "SELECT ma_don_vi, ma_linh_vuc, cot_3, cot_4, cot_5, cot_6, cot_7, cot_8, cot_9, cot_10, cot_11, "
            "cot_12, cot_13 FROM mart.bieu_06a WHERE ky_loai = :l AND ky = :ky",
            l=period[0],
            ky=period[1],
        )
    }
    expected = expected_form(source, *PERIODS[period])
    assert set(held) == set(expected)
    assert {key: (held[key], expected[key]) for key in held if held[key] != expected[key]} == {}
    assert all(sum(held[unit, ""]) for unit in ("TONG:so_nganh", "TONG:huyen", "TONG:xa"))


def test_points_follow_from_the_rates(source, office, declared, loaded):
    """Maxima and thresholds as domain.md, section 7, lists them; what no source gives has no points."""
    scale = {
        "1.1": ("cong_bo_dung_han", 6, 100), "2.1": ("dung_han_766", 20, 100), "3.1": ("T16_3_1", 2, 80),
        "3.2": ("T16_3_2", 4, 100), "3.3": ("T16_3_3", 6, 50), "3.5b": ("T16_3_5", 2, 80),
        "3.6": ("T16_3_6", 6, 100), "4.1": ("T16_4_1", 6, 100), "4.2": ("T16_4_2", 4, 80),
        "4.3": ("T16_4_3", 2, 80), "4.4": ("T16_4_4", 4, 100), "4.5b": ("T16_4_5", 2, 100),
    }  # fmt: skip
    march = ("2025-03-01", "2025-03-31")
    figures = expected_figures(source, *march) | expected_others(source, office, declared, *march)
    totals: dict[str, Decimal] = {}
    expected = {}
    for sub, (ma, most, threshold) in scale.items():
        for unit in {grain for _, grain in figures}:
            part, whole = figures[ma, unit]
            if whole:
                points = min(Decimal(most), Decimal(most * part * 100) / (whole * threshold))
                expected[unit, sub] = points.quantize(Decimal("0.01"), ROUND_HALF_UP)
                totals[unit] = totals.get(unit, Decimal(0)) + expected[unit, sub]
    held = {
        (unit, sub): points
        for unit, sub, points in loaded.rows(
            "SELECT ma_don_vi, ma, diem FROM mart.diem_766 "
            "WHERE ky = '2025-03' AND ma <> '' AND diem IS NOT NULL"
        )
    }
    assert held == expected
    assert (
        dict(
            loaded.rows(
                "SELECT ma_don_vi, gia_tri FROM mart.chi_so WHERE ky = '2025-03' AND ky_loai = 'thang' "
                "AND ma_chi_so = 'T16' AND gia_tri IS NOT NULL"
            )
        )
        == totals
    )
    # Groups: of the 18 for openness 6 can be computed; the whole is 100.
    assert loaded.rows(
        "SELECT nhom, diem IS NULL, diem_toi_da, diem_toi_da_ca_nhom FROM mart.diem_766 "
        "WHERE ky = '2025-03' AND ma = '' AND ma_don_vi = 'TONG:toan_tinh' ORDER BY nhom"
    ) == [
        ("", False, 64, 100), ("1", False, 6, 18), ("2", False, 20, 20), ("3", False, 12, 12),
        ("4", False, 8, 10), ("5", False, 18, 22), ("6", True, 0, 18),
    ]  # fmt: skip


def test_every_value_and_verdict_follows_from_its_numbers(loaded):
    for ma, cap, tu_so, mau_so, gia_tri, ly_do, muc_tieu, dat in loaded.rows(
        "SELECT ma_chi_so, cap, tu_so, mau_so, gia_tri, ly_do_na, muc_tieu, dat FROM mart.chi_so "
        # T6 has no value where nobody declared what is outside the system: test_declarations.py.
        "WHERE ky_loai IN ('thang', 'luy_ke') AND ma_chi_so NOT IN ('T6', 'T16')"
    ):
        if ma in COUNTS:
            value = Decimal(tu_so)
        elif mau_so:
            exact = Decimal(100 * tu_so) / Decimal(mau_so)
            value = exact.quantize(Decimal("0.01"), ROUND_HALF_UP)
        else:
            value = None
        target = TARGETS_OF_WORK_DOSSIERS.get(cap) if ma == "T2" else TARGETS.get(ma)
        met = None if value is None or target is None else value >= target
        assert (gia_tri, ly_do is None, muc_tieu, dat) == (value, value is not None, target, met)


def test_invariants_hold_at_every_roll_up(loaded):
    """Units add up to levels and to the province, stock and flow balance, no part is above its whole."""
    # T7 and T8 count different procedures, which are not added up; T16 is a score.
    units = (
        "SELECT ma_chi_so, ky_loai, ky, cap, sum(tu_so) AS tu_so, coalesce(sum(mau_so), 0) AS mau_so "
        "FROM mart.chi_so WHERE ma_don_vi NOT LIKE 'TONG:%' AND ma_chi_so NOT IN ('T7', 'T8', 'T16') "
        "GROUP BY 1, 2, 3, 4"
    )
    for grain, cap in [
        *((f"TONG:{level}", f"cap = '{level}'") for level in LEVELS),
        ("TONG:toan_tinh", "TRUE"),
    ]:
        compared = loaded.rows(
            f"WITH don_vi AS ({units}), cong AS (SELECT ma_chi_so, ky_loai, ky, sum(tu_so) AS tu_so, "
            f"sum(mau_so) AS mau_so FROM don_vi WHERE {cap} GROUP BY 1, 2, 3) "
            "SELECT count(*), "
            "count(*) FILTER (WHERE (t.tu_so, coalesce(t.mau_so, 0)) <> (c.tu_so, c.mau_so)) "
            "FROM cong AS c JOIN mart.chi_so AS t USING (ma_chi_so, ky_loai, ky) WHERE t.ma_don_vi = :grain",
            grain=grain,
        )
        ((pairs, wrong),) = compared
        assert pairs > 500
        assert wrong == 0, grain
    ((checked, wrong),) = loaded.rows(
        "SELECT count(*), count(*) FILTER (WHERE truoc + nhan <> xong + con) FROM ("
        "SELECT max(tu_so) FILTER (WHERE ma_chi_so = 'ky_truoc') AS truoc, "
        "max(tu_so) FILTER (WHERE ma_chi_so = 'tiep_nhan') AS nhan, "
        "max(tu_so) FILTER (WHERE ma_chi_so = 'da_giai_quyet') AS xong, "
        "max(tu_so) FILTER (WHERE ma_chi_so = 'dang_giai_quyet') AS con "
        "FROM mart.chi_so GROUP BY ky_loai, ky, ma_don_vi) AS can_doi"
    )
    assert (checked > 2_000, wrong) == (True, 0)
    assert loaded.rows("SELECT DISTINCT ma_chi_so FROM mart.chi_so WHERE tu_so > mau_so OR tu_so < 0") == []
    # Also at the sở that began on 1 March with what others had left open.
    ((pairs, wrong),) = loaded.rows(
        "SELECT count(*), count(*) FILTER (WHERE chenh_lech <> 0) FROM mart.doi_chieu_06a"
    )
    assert (pairs > 500, wrong) == (True, 0)


def test_every_unit_appears_with_the_name_and_level_it_has_at_the_end_of_the_month(source, loaded):
    for ky, until in zip(MONTHS, MOMENTS, strict=True):
        last = pd.Period(ky).end_time.strftime("%Y%m%d")
        expected = {
            (unit["MaDonVi"], unit["TenDonVi"], unit["Cap"])
            for unit in source.don_vi(until)
            if unit["HieuLucTu"] <= last <= (unit["HieuLucDen"] or "99991231") and unit["Cap"] != "toan_tinh"
        }
        held = loaded.rows(
            "SELECT DISTINCT ma_don_vi, ten_don_vi, cap FROM mart.chi_so "
            "WHERE ky = :ky AND ky_loai = 'thang' AND ma_don_vi NOT LIKE 'TONG%'",
            ky=ky,
        )
        assert set(held) == expected
