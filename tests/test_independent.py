"""Every figure of mart.chi_so against a computation in pandas that knows neither the SQL nor the YAML.

The simulator's own records are the common ground. What the warehouse must hold of them, and every
formula, is worked out here from domain texts: II.06a and QĐ 766 definitions, statuses 1-10.
"""

from collections import defaultdict
from datetime import date, datetime, timedelta

import pandas as pd
import pytest

from cchc.contracts import contract_of
from cchc.landing import land_api
from cchc.loading import load
from cchc.validation import validate
from tests.world import World
from tools.tthc_simulator.defects import CRITICAL_KINDS
from tools.tthc_simulator.generate import Settings
from tools.tthc_simulator.source import generate

MONTHS = ("2025-01", "2025-02", "2025-03", "2025-04")
ENDS = ("20250201000000", "20250301000000", "20250401000000", "20250501000000")
LEVELS = ("so_nganh", "huyen", "xa")
NEVER = date.max


class Served:
    """The simulator without HTTP: what TthcClient.pages would yield."""

    def __init__(self, source) -> None:
        self.source = source

    def pages(self, path, changed_after, changed_until):
        until = changed_until.strftime("%Y%m%d%H%M%S")
        if path == "/api/don-vi":
            data = self.source.don_vi(until)
        elif path == "/api/tthc":
            data = self.source.tthc(until)
        else:
            data = self.source.ho_so(changed_after and changed_after.strftime("%Y%m%d%H%M%S"), until)
        yield {"service": "x", "tong_so": len(data), "so_trang": 1, "data": data}


@pytest.fixture(scope="module")
def source():
    return generate(Settings(per_month=1200, tu="2024-11", den="2025-04"))


@pytest.fixture
def loaded(world: World, source) -> World:
    """Four monthly pulls, each landed, judged, loaded; figures refreshed after every one."""
    for end in ENDS:
        until = datetime.strptime(end, "%Y%m%d%H%M%S")
        for dataset in ("don_vi", "tthc", "ho_so"):
            landed = land_api(
                world.engine, world.folder / "landing", contract_of(dataset), Served(source), until
            )
            validate(world.engine, landed.batch_id)
            load(world.engine, landed.batch_id)
        world.refresh_all()
    return world


# What the warehouse has to hold -----------------------------------------------------------------


def expected_dossiers(source) -> pd.DataFrame:
    """The newest state of each dossier that was good when it was pulled, as at the last pull."""
    newest: dict[str, dict] = {}
    since = None
    for end in ENDS:
        frame = source.frame(end).set_index("ma_ho_so", drop=False)
        changed = {r["MaHoSo"] for r in source.ho_so(since, end) if r["MaHoSo"]}
        for code in changed:
            row = frame.loc[code]
            if row["loi"] not in CRITICAL_KINDS:
                newest[code] = row.to_dict()
        moment = datetime.strptime(end, "%Y%m%d%H%M%S") - timedelta(days=1)
        since = moment.strftime("%Y%m%d%H%M%S")
    return pd.DataFrame(newest.values())


def as_date(text: object) -> date | None:
    return datetime.strptime(text[:8], "%Y%m%d").date() if isinstance(text, str) and text else None


def number(value: object, default: int = 0) -> int:
    return default if value is None or pd.isna(value) else int(value)


class Dossier:
    """One dossier in the terms of the domain."""

    def __init__(self, row: dict, yields_result: dict[str, bool], same_day: set[str]) -> None:
        self.unit = row["don_vi_xu_ly"]
        tthc = row["ma_tthc"] if isinstance(row["ma_tthc"], str) else ""
        self.tthc = ".".join(tthc.split(".")[:2]) if tthc else ""
        self.status = int(row["trang_thai_ho_so"])
        self.received = as_date(row["ngay_tiep_nhan"])
        self.due = as_date(row["ngay_hen_tra"])
        self.online = number(row["kenh_thuc_hien"]) == 2
        self.vneid = number(row["tai_khoan_duoc_xac_thuc_voi_vneid"]) == 1
        self.e_result = number(row["co_ket_qua_dien_tu"]) == 1
        self.file = number(row["so_tai_lieu_co_tep"]) >= 1
        self.rounds = number(row["so_lan_bo_sung"])
        self.asked = as_date(row["ngay_yeu_cau_bo_sung"])
        self.deleted = number(row["da_xoa"]) == 1
        self.needs_result = yields_result.get(self.tthc, True)
        self.same_day = self.tthc in same_day
        finished = row["ngay_ket_thuc_xu_ly"]
        finished = finished if isinstance(finished, str) and finished else None
        self.end_moment = datetime.strptime(finished, "%Y%m%d%H%M%S") if finished else None
        waited = timedelta(minutes=number(row["tong_thoi_gian_bo_sung_phut"]))
        self.end_less_waiting = (self.end_moment - waited).date() if finished else None
        self.end = NEVER
        if self.status in (7, 9, 10) and finished:
            self.end = max(self.end_moment.date(), self.received) if self.received else NEVER

    @property
    def counts(self) -> bool:
        return self.received is not None and self.status not in (1, 3) and not self.deleted


def measures(d: Dossier, start: date, end: date) -> dict[str, int]:
    """What one dossier adds to each sum in [start, end]; the data reach to `end` or further."""
    if not d.counts or d.received > end or d.end < start:
        return {}
    got: dict[str, int] = defaultdict(int)
    if d.received >= start:
        got["tiep_nhan"] = 1
        got["online"] = int(d.online)
        got["vneid"] = int(d.online and d.vneid)
    else:
        got["ky_truoc"] = 1
    stopped = d.status == 8 and d.end_moment is not None and d.end_moment.date()
    if d.end <= end:
        got["ket_thuc"] = 1
        got["khong_han"] = int(d.due is None)
        got["dung_06a"] = int(d.status == 7 or d.due is None or d.end <= d.due)
        if d.status in (9, 10):
            got["xong"] = 1
            got["xong_can_kq"] = int(d.needs_result)
            got["xong_co_kq"] = int(d.needs_result and d.e_result)
            got["so_hoa"] = int(d.file and (not d.needs_result or d.e_result))
        on_time = d.due is not None and d.end_less_waiting <= d.due
        on_time = on_time or (d.due is None and d.same_day and d.end == d.received)
        got["dung_766"] = int(d.rounds <= 1 and on_time)
        got["tong_766"] = 1
    else:
        got["ton"] = 1
        if stopped and stopped <= end:
            if stopped >= start:
                got["tong_766"] = 1
                got["dung_766"] = int(d.rounds <= 1 and d.due is not None and d.end_less_waiting <= d.due)
        else:
            got["tong_766"] = 1
            judged = d.asked if d.status == 5 and d.asked and d.asked <= end else end
            got["dung_766"] = int(d.rounds <= 1 and d.due is not None and judged <= d.due)
    return got


def answers_at(units: list[dict], day: date) -> dict[str, str]:
    """Unit → the unit that answers for it on `day`, by following successors."""
    by_code = {u["MaDonVi"]: u for u in units}

    def follow(code: str) -> str:
        unit = by_code[code]
        ended = as_date(unit["HieuLucDen"])
        return follow(unit["MaDonViKeThua"]) if ended and ended < day and unit["MaDonViKeThua"] else code

    return {code: follow(code) for code in by_code}


def expected_figures(source) -> dict[tuple, tuple]:
    """(ky_loai, ky, ma_chi_so, ma_don_vi) → (tu_so, mau_so)."""
    units = [u for u in source.don_vi(ENDS[-1]) if u["Cap"] != "toan_tinh"]
    catalogues = {end: source.tthc(end) for end in ENDS}
    last = catalogues[ENDS[-1]]
    yields_result = {p["MaTTHC"]: p["ThuTucKhongCoKetQua"] != "1" for p in last}
    same_day = {p["MaTTHC"] for p in last if str(p["ThoiGianGiaiQuyet"]) in ("0", "0.0")}
    rows = expected_dossiers(source).to_dict("records")
    figures: dict[tuple, tuple] = {}
    for index, ky in enumerate(MONTHS):
        end = pd.Period(ky).end_time.date()
        for ky_loai, start in (("thang", pd.Period(ky).start_time.date()), ("luy_ke", date(2025, 1, 1))):
            answers = answers_at(units, end)
            level = {u["MaDonVi"]: u["Cap"] for u in units}
            active = {
                u["MaDonVi"]
                for u in units
                if as_date(u["HieuLucTu"]) <= end and (as_date(u["HieuLucDen"]) or NEVER) >= end
            }
            groups = {u: {u} for u in active}
            groups |= {f"TONG:{lv}": {u for u in active if level[u] == lv} for lv in LEVELS}
            groups["TONG:toan_tinh"] = set(active)
            totals: dict[str, dict[str, int]] = {u: defaultdict(int) for u in active}
            online_tthc: dict[str, set[str]] = {u: set() for u in active}
            for row in rows:
                d = Dossier(row, yields_result, same_day)
                if not d.counts:
                    continue
                unit = answers[d.unit]
                for name, value in measures(d, start, end).items():
                    totals[unit][name] += value
                    if name == "online" and value:
                        online_tthc[unit].add(d.tthc)
            provided: dict[str, set[str]] = {u: set() for u in active}
            for p in catalogues[ENDS[index]]:
                for entry in p["DonViThucHien"]:
                    valid = as_date(entry["HieuLucTu"]) <= end <= (as_date(entry["HieuLucDen"]) or NEVER)
                    known = (
                        (as_date(p["HieuLucTu"]) or date.min) <= end <= (as_date(p["HieuLucDen"]) or NEVER)
                    )
                    if valid and known and str(entry["MucDo"]) == "4" and entry["MaDonVi"] in answers:
                        provided[answers[entry["MaDonVi"]]].add(p["MaTTHC"])
            for name, members in groups.items():
                t: dict[str, int] = defaultdict(int)
                for unit in members:
                    for key, value in totals[unit].items():
                        t[key] += value
                hit = set().union(*(online_tthc[u] & provided[u] for u in members))
                could = set().union(*(provided[u] for u in members))
                for code, pair in {
                    "T8": (len(hit), len(could)),
                    "T9": (t["online"], t["tiep_nhan"]),
                    "T11": (t["xong_co_kq"], t["xong_can_kq"]),
                    "T12": (t["so_hoa"], t["xong"]),
                    "T13": (t["vneid"], t["online"]),
                    "dung_han_06a": (t["dung_06a"], t["ket_thuc"]),
                    "dung_han_766": (t["dung_766"], t["tong_766"]),
                    "tiep_nhan": (t["tiep_nhan"], None),
                    "ky_truoc": (t["ky_truoc"], None),
                    "da_giai_quyet": (t["ket_thuc"], None),
                    "dang_giai_quyet": (t["ton"], None),
                    "khong_co_han": (t["khong_han"], None),
                }.items():
                    figures[ky_loai, ky, code, name] = pair
    return figures


def test_every_figure_agrees_with_an_independent_computation(loaded: World, source):
    expected = expected_figures(source)
    held = {
        tuple(row[:4]): (row[4], row[5])
        for row in loaded.rows("SELECT ky_loai, ky, ma_chi_so, ma_don_vi, tu_so, mau_so FROM mart.chi_so")
    }
    assert set(held) == set(expected)
    wrong = {key: (held[key], expected[key]) for key in expected if held[key] != expected[key]}
    assert not wrong, f"{len(wrong)} of {len(expected)} differ, e.g. {dict(list(wrong.items())[:10])}"
    assert sum(pair[0] for pair in expected.values()) > 10_000  # the comparison is not about zeros


def test_warehouse_holds_exactly_the_dossiers_that_were_good(loaded: World, source):
    good = set(expected_dossiers(source)["ma_ho_so"])
    assert {row[0] for row in loaded.rows("SELECT ma_ho_so FROM core.ho_so")} == good
    lost = loaded.rows(
        "SELECT batch_id FROM ops.batch "
        "WHERE lines_read <> lines_accepted + lines_rejected + lines_superseded OR status <> 'loaded'"
    )
    assert lost == []
