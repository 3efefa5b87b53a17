"""Every figure of four simulated months against a computation of its own in pandas.

Written from the definitions in domain.md, sections 2 and 6, and from the simulator's own frame of what
each dossier is; it knows neither the SQL nor the indicator files, and it computes the year to date
directly instead of adding up months.
"""

import json
from collections.abc import Iterator
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pandas as pd
import pytest

from cchc.contracts import contract_of
from cchc.landing import land_api
from cchc.loading import load
from cchc.validation import validate
from tests.world import World
from tools.tthc_simulator.defects import CRITICAL_KINDS, DEFAULT_RATES
from tools.tthc_simulator.generate import Settings
from tools.tthc_simulator.source import Source, generate

MOMENTS = ["20250201000000", "20250301000000", "20250401000000", "20250501000000"]
MONTHS = ["2025-01", "2025-02", "2025-03", "2025-04"]
LEVELS = ("so_nganh", "huyen", "xa")
TARGETS = {"T8": 70, "T9": 60, "T11": 100, "T12": 100, "T13": 100}
COUNTS = ("tiep_nhan", "ky_truoc", "da_giai_quyet", "dang_giai_quyet", "khong_co_han")


@pytest.fixture(scope="module")
def source() -> Source:
    # More of two kinds of bad rows that show at receipt, so that some follow a good state.
    rates = DEFAULT_RATES | {"hen_tra_0001": 0.015, "tiep_nhan_tuong_lai": 0.01}
    return generate(Settings(per_month=1500, den="2025-04", ty_le_loi=rates))


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


def expected_figures(source: Source, start: str, end: str) -> dict[tuple[str, str], tuple]:
    """(indicator, unit or total) → (numerator, denominator) of the period from start to end."""
    units = {unit["MaDonVi"]: unit for unit in source.don_vi(MOMENTS[-1])}
    catalogue = {item["MaTTHC"]: item for item in source.tthc(MOMENTS[-1])}
    s, e = pd.Timestamp(start), pd.Timestamp(end)
    last = e.strftime("%Y%m%d")
    d = expected_dossiers(source)
    d = d[d["ngay_tiep_nhan"].notna() & ~d["status"].isin([1, 3]) & (d["da_xoa"] != "1")]
    received, due = d["ngay_tiep_nhan"].dt.normalize(), d["ngay_hen_tra"].dt.normalize()
    d = d.assign(received=received, due=due)[received <= e]
    received, due, ended = d["received"], d["due"], d["ngay_ket_thuc_xu_ly"]
    # A dossier cannot end before it is received; 9 and 10 without an end stay open.
    ended_on = ended.dt.normalize().where(ended.dt.normalize() >= received, received).where(ended.notna())
    finished_on = ended_on.where(d["status"].isin([7, 9, 10]))
    in_period = received >= s
    finished = (finished_on >= s) & (finished_on <= e)
    was_open = finished_on.isna() | (finished_on > e)
    carried = (received < s) & (finished_on.isna() | (finished_on >= s))
    online = d["kenh_thuc_hien"] == "2"
    done = finished & d["status"].isin([9, 10])
    no_result = d["goc"].map(lambda c: catalogue.get(c, {}).get("ThuTucKhongCoKetQua") == "1")
    same_day = d["goc"].map(lambda c: catalogue.get(c, {}).get("ThoiGianGiaiQuyet") == 0)
    link = d["co_ket_qua_dien_tu"].astype(int) == 1
    file = d["so_tai_lieu_co_tep"].astype(int) >= 1

    # D3: the end less the citizen's time, a dossier still open by the period's end.
    one_round = d["so_lan_bo_sung"].astype(int) <= 1
    waited = pd.to_timedelta(d["tong_thoi_gian_bo_sung_phut"].astype(int), unit="min")
    in_time = (ended - waited).dt.normalize() <= due
    in_time_same_day = due.isna() & same_day & (finished_on == received)
    stopped_on = ended_on.where(d["status"] == 8)
    stopped = (stopped_on >= s) & (stopped_on <= e)
    still_open = was_open & ~(stopped_on <= e)
    asked = d["ngay_yeu_cau_bo_sung"].dt.normalize()
    judged_on = asked.where((d["status"] == 5) & (asked <= e), e)
    on_time_766 = one_round & (
        (finished & (in_time | in_time_same_day)) | (stopped & in_time) | (still_open & (due >= judged_on))
    )
    on_time_06a = finished & ((d["status"] == 7) | due.isna() | (finished_on <= due))

    unit = d["don_vi_xu_ly"].map(lambda code: unit_at(units, code, last))
    sums = {
        "T9": (in_period & online, in_period),
        "T11": (done & ~no_result & link, done & ~no_result),
        "T12": (done & file & (no_result | link), done),
        "T13": (
            in_period & online & (d["tai_khoan_duoc_xac_thuc_voi_vneid"] == "1"),
            in_period & online,
        ),
        "dung_han_06a": (on_time_06a, finished),
        "dung_han_766": (on_time_766, finished | stopped | still_open),
        "tiep_nhan": (in_period, None),
        "ky_truoc": (carried, None),
        "da_giai_quyet": (finished, None),
        "dang_giai_quyet": (was_open, None),
        "khong_co_han": (finished & due.isna(), None),
    }
    active = {
        code: record["Cap"]
        for code, record in units.items()
        if record["Cap"] != "toan_tinh"
        and record["HieuLucTu"] <= last <= (record["HieuLucDen"] or "99991231")
    }
    members = {code: unit == code for code in active}
    members |= {f"TONG:{level}": unit.map(lambda c: units[c]["Cap"]) == level for level in LEVELS}
    members["TONG:toan_tinh"] = unit.notna()
    figures = {
        (ma, grain): tuple(None if part is None else int((part & rows).sum()) for part in parts)
        for ma, parts in sums.items()
        for grain, rows in members.items()
    }

    provided = {
        (unit_at(units, place["MaDonVi"], last), code)
        for code, item in catalogue.items()
        if item["HieuLucTu"] <= last <= (item["HieuLucDen"] or "99991231")
        for place in item["DonViThucHien"]
        if place["MucDo"] == "4" and place["HieuLucTu"] <= last <= (place["HieuLucDen"] or "99991231")
    }
    filed = set(zip(unit[in_period & online], d["goc"][in_period & online], strict=True)) & provided
    for grain in members:
        level = grain.removeprefix("TONG:")
        inside = {code for code, cap in active.items() if level in (code, cap, "toan_tinh")}
        figures["T8", grain] = tuple(len({c for u, c in pairs if u in inside}) for pairs in (filed, provided))
    return figures


class Served:
    """The simulator without HTTP: what TthcClient.pages yields."""

    def __init__(self, source: Source) -> None:
        self.source = source

    def pages(self, path: str, since: datetime | None, until: datetime) -> Iterator[dict]:
        since, until = (moment and moment.strftime("%Y%m%d%H%M%S") for moment in (since, until))
        lists = {"/api/don-vi": self.source.don_vi, "/api/tthc": self.source.tthc}
        data = lists[path](until) if path in lists else self.source.ho_so(since, until)
        yield {"service": "thu", "tong_so": len(data), "so_trang": 1, "data": data}


@pytest.fixture(scope="module")
def loaded(source, make_world) -> World:
    """The simulated months, pulled, loaded and refreshed one after the other as they came."""
    world: World = make_world()
    for until in MOMENTS:
        for dataset in ("don_vi", "tthc", "ho_so"):
            landed = land_api(
                world.engine,
                world.folder / "landing",
                contract_of(dataset),
                Served(source),
                datetime.strptime(until, "%Y%m%d%H%M%S"),
            )
            validate(world.engine, landed.batch_id)
            load(world.engine, landed.batch_id)
        world.refresh_all()
    return world


def test_the_simulated_months_hold_what_makes_them_hard(source):
    dossiers = expected_dossiers(source)
    assert len(dossiers) > 5500
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


@pytest.mark.parametrize("ky", MONTHS)
@pytest.mark.parametrize("ky_loai", ["thang", "luy_ke"])
def test_every_figure_is_what_pandas_finds(source, loaded, ky, ky_loai):
    end = (pd.Period(ky).end_time).strftime("%Y-%m-%d")
    expected = expected_figures(source, f"{ky}-01" if ky_loai == "thang" else "2025-01-01", end)
    held = {
        (ma, unit): (tu_so, mau_so)
        for ma, unit, tu_so, mau_so in loaded.rows(
            "SELECT ma_chi_so, ma_don_vi, tu_so, mau_so FROM mart.chi_so WHERE ky = :ky AND ky_loai = :l",
            ky=ky,
            l=ky_loai,
        )
    }
    assert set(held) == set(expected)
    wrong = {key: (held[key], expected[key]) for key in held if held[key] != expected[key]}
    assert wrong == {}
    assert sum(figure[0] for figure in expected.values()) > 1000


def test_every_value_and_verdict_follows_from_its_numbers(loaded):
    for ma, tu_so, mau_so, gia_tri, ly_do, muc_tieu, dat in loaded.rows(
        "SELECT ma_chi_so, tu_so, mau_so, gia_tri, ly_do_na, muc_tieu, dat FROM mart.chi_so "
        "WHERE ky_loai IN ('thang', 'luy_ke')"
    ):
        if ma in COUNTS:
            value = Decimal(tu_so)
        elif mau_so:
            exact = Decimal(100 * tu_so) / Decimal(mau_so)
            value = exact.quantize(Decimal("0.01"), ROUND_HALF_UP)
        else:
            value = None
        target = TARGETS.get(ma)
        met = None if value is None or target is None else value >= target
        assert (gia_tri, ly_do is None, muc_tieu, dat) == (value, value is not None, target, met)


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
