"""The simulated TTHC system: what its users rely on when they compare figures with it."""

import csv
from collections import Counter
from dataclasses import replace
from itertools import pairwise

import numpy as np
import openpyxl
import orjson
import pandas as pd
import pytest
from fastapi.testclient import TestClient

from tools.simulation import working_days as wd
from tools.simulation.working_days import NEVER
from tools.tthc_simulator import ratings as ratings_module
from tools.tthc_simulator.__main__ import main
from tools.tthc_simulator.defects import CRITICAL_KINDS, DEFAULT_RATES, WARNING_KINDS
from tools.tthc_simulator.generate import ROW, Settings, generate_lives
from tools.tthc_simulator.server import create_app
from tools.tthc_simulator.source import CSV_COLUMNS, NESTED_KEYS, RECORD_KEYS, generate

pytestmark = pytest.mark.long

SMALL = Settings(per_month=700)
END = "20250701000000"
# The changes of 1 July are not entered yet.
JUNE = "20250620000000"


@pytest.fixture(scope="module")
def source():
    return generate(SMALL)


@pytest.fixture(scope="module")
def large():
    return generate(Settings(per_month=12_000))


@pytest.fixture(scope="module")
def client(source):
    with TestClient(create_app(source, "kho", "bi-mat")) as client:
        given = client.post("/api/token", json={"client_id": "kho", "client_secret": "bi-mat"})
        client.headers["Authorization"] = f"Bearer {given.json()['access_token']}"
        yield client


def pages(client, path="/api/ho-so", size=500, **query):
    first = client.get(path, params={**query, "kich_thuoc": size}).json()
    found = [first]
    for page in range(2, first["so_trang"] + 1):
        query_page = {**query, "kich_thuoc": size, "trang": page}
        found.append(client.get(path, params=query_page).json())
    return found


# --- the same seed ---------------------------------------------------------------------------


def test_same_seed_gives_the_same_bytes_and_another_seed_does_not(source):
    again = generate(SMALL)
    other = generate(replace(SMALL, seed=7))
    lists = [
        lambda s: s.ho_so(),
        lambda s: s.ratings.danh_gia(None, END),
        lambda s: s.history.qua_trinh(None, END),
    ]
    for listed in lists:
        served = orjson.dumps(listed(source))
        assert orjson.dumps(listed(again)) == served
        assert orjson.dumps(listed(other)) != served
    assert orjson.dumps([again.don_vi(), again.tthc()]) == orjson.dumps([source.don_vi(), source.tthc()])


def test_what_belongs_to_dossiers_changes_nothing_of_the_dossiers(source):
    """Ratings, history and fees have random streams of their own: figures of the seed rest on that."""
    none = generate(replace(SMALL, ty_le_loi_khac={}))
    before = none.frame(END).drop(columns=["tong_phi_le_phi", "so_csdl_ket_noi", "so_tai_lieu_co_kho"])
    assert len(none.ratings.danh_gia(None, END)) > 100 and len(none.history.qua_trinh(None, END)) > 100
    lives = generate_lives(SMALL)
    for name, values in vars(lives).items():
        assert np.array_equal(values, getattr(source._lives, name)), name
        assert np.array_equal(values, getattr(none._lives, name)), name
    assert before.equals(source.frame(END)[before.columns])


# --- the API ---------------------------------------------------------------------------------


def test_pages_neither_lose_nor_repeat_and_state_the_total(client, source):
    replies = pages(client, tu="20250201000000", den="20250301000000")
    records = [record for reply in replies for record in reply["data"]]
    assert records == source.ho_so("20250201000000", "20250301000000")
    assert {reply["tong_so"] for reply in replies} == {len(records)}
    assert [reply["trang"] for reply in replies] == list(range(1, len(replies) + 1))
    assert len(replies) > 1
    assert len({r["TaiLieuNop"][0]["TepDinhKemId"] for r in records}) == len(records)
    order = [(record["NgayCapNhat"], record["MaHoSo"] or "") for record in records]
    assert order == sorted(order)


def test_a_page_past_the_end_is_empty(client):
    reply = client.get("/api/ho-so", params={"den": END, "trang": 10_000}).json()
    assert reply["data"] == [] and reply["tong_so"] > 0


@pytest.mark.parametrize("path", ["/api/danh-gia", "/api/qua-trinh"])
def test_pages_of_ratings_and_history_neither_lose_nor_repeat(client, source, path):
    replies = pages(client, path, tu="20250301000000", den="20250401000000", size=40)
    records = [record for reply in replies for record in reply["data"]]
    whole = {"/api/danh-gia": source.ratings.danh_gia, "/api/qua-trinh": source.history.qua_trinh}[path]
    assert records == whole("20250301000000", "20250401000000")
    assert {reply["tong_so"] for reply in replies} == {len(records)}
    assert len(replies) > 2
    beyond = client.get(path, params={"den": END, "trang": 10_000}).json()
    assert beyond["data"] == [] and beyond["tong_so"] > 0
    assert client.get(path, params={"tu": END, "den": "20250101000000"}).status_code == 400


@pytest.mark.parametrize(
    "path", ["/api/ho-so", "/api/don-vi", "/api/tthc", "/api/danh-gia", "/api/qua-trinh"]
)
@pytest.mark.parametrize("header", [None, "Bearer sai", "Basic a2hv"])
def test_no_data_without_a_valid_token(source, path, header):
    with TestClient(create_app(source, "kho", "bi-mat")) as client:
        reply = client.get(path, headers={"Authorization": header} if header else {})
        assert reply.status_code == 401
        assert reply.json()["error_code"] != "0"
        assert client.get("/healthz").status_code == 200


def test_wrong_secret_gets_no_token_and_a_form_works(source):
    with TestClient(create_app(source, "kho", "bi-mat")) as client:
        wrong = {"client_id": "kho", "client_secret": "khac"}
        assert client.post("/api/token", json=wrong).status_code == 401
        assert client.post("/api/token", content=b"[]").status_code == 401
        right = client.post("/api/token", data={"client_id": "kho", "client_secret": "bi-mat"})
        assert right.json()["token_type"] == "Bearer"


def test_a_token_expires(source):
    with TestClient(create_app(source, "kho", "bi-mat", token_seconds=0)) as client:
        given = client.post("/api/token", json={"client_id": "kho", "client_secret": "bi-mat"})
        bearer = f"Bearer {given.json()['access_token']}"
        assert client.get("/api/don-vi", headers={"Authorization": bearer}).status_code == 401


@pytest.mark.parametrize(
    "query",
    [
        {"den": "2025-07-01"},
        {"den": "20250231000000"},
        {"den": "99990101000000"},
        {"tu": END, "den": "20250101000000"},
        {"trang": "0"},
        {"kich_thuoc": "100000"},
        {"kich_thuoc": "nhieu"},
    ],
)
def test_a_bad_parameter_is_refused_by_name(client, query):
    reply = client.get("/api/ho-so", params=query)
    assert reply.status_code == 400
    assert reply.json()["error_code"] != "0"
    assert next(iter(query)) in reply.json()["message"]


def test_records_have_every_key_of_the_contract(source):
    record = source.ho_so("20250301000000", "20250302000000")[0]
    assert set(record) == {*RECORD_KEYS, *NESTED_KEYS}


# --- time ------------------------------------------------------------------------------------


def test_consecutive_windows_compose_to_the_state_at_the_last_moment(source):
    bounds = [None, "20250101000000", "20250215120000", "20250301000000", "20250517083000", END]
    newest = {}
    for tu, den in pairwise(bounds):
        for record in source.ho_so(tu, den):
            assert (tu or "") < record["NgayCapNhat"] <= den
            newest[record["TaiLieuNop"][0]["TepDinhKemId"]] = record
    whole = {r["TaiLieuNop"][0]["TepDinhKemId"]: r for r in source.ho_so(None, END)}
    assert newest == whole


def test_steps_happen_in_order(source):
    steps = source._lives.steps
    order = ["nop", "tiep_nhan", "xu_ly", "yeu_cau_1", "bo_sung_1", "yeu_cau_2", "bo_sung_2",
             "tai_chinh", "nop_tien", "ket_thuc", "tra", "mo_lai", "ket_thuc_2",
             "tra_2"]  # fmt: skip
    last = steps[ROW["nop"]]
    for name in order[1:]:
        here = steps[ROW[name]]
        happened = here < NEVER
        assert (here[happened] > last[happened]).all(), name
        last = np.where(happened, here, last)


def test_earlier_months_change_late(large):
    before = large.frame("20250401000000").set_index("dong")
    after = large.frame(END).set_index("dong").reindex(before.index)
    was_final = before["trang_thai_ho_so"] == "10"
    linked_late = was_final & (before["co_ket_qua_dien_tu"] < after["co_ket_qua_dien_tu"])
    end = "ngay_ket_thuc_xu_ly"
    corrected = was_final & (after["trang_thai_ho_so"] == "10") & (after[end] < before[end])
    reopened = was_final & (after["trang_thai_ho_so"] != "10")
    reopened |= was_final & (after[end] > before[end])
    assert linked_late.sum() > 20 and corrected.sum() > 5 and reopened.sum() > 0
    entered = large.frame(END)
    march = entered[entered["ky_tiep_nhan"] == "2025-03"]
    assert (~march["dong"].isin(before.index)).sum() > 0
    assert (after["da_xoa"] != before["da_xoa"]).sum() > 0


def test_stock_of_2024_is_only_what_was_unfinished(source):
    opening = source.frame("20250101000000")
    good = opening[opening["ky_tiep_nhan"].notna()]
    assert len(good) > 20
    assert set(good["trang_thai_ho_so"]) <= {"2", "4", "5", "6"}


@pytest.mark.parametrize(
    ("received", "days", "due"),
    [
        ("20250425100000", 2, 20250428100000),
        ("20260213150000", 3, 20260225150000),
        ("20261123090000", 1, 20261125090000),
        ("20250124100000", 1, 20250203100000),
    ],
)
def test_due_dates_skip_holidays_and_use_make_up_saturdays(received, days, due):
    assert wd.stamps(wd.add_days(wd.seconds(received), days)) == due


# --- organisation ----------------------------------------------------------------------------


def test_units_are_the_province_with_104_communes_and_9_districts(source):
    listed = source.don_vi(JUNE)
    levels = Counter(unit["Cap"] for unit in listed)
    assert levels["xa"] == 104 and levels["huyen"] == 9 and levels["toan_tinh"] == 1
    active = [unit for unit in listed if not unit["HieuLucDen"]]
    assert 125 <= len(active) <= 140
    assert len({unit["MaDonVi"] for unit in listed}) == len(listed)
    assert len({unit["TenDonVi"] for unit in active}) == len(active)
    assert "UBND Phường 1, Thị xã Duyên Hải" in {unit["TenDonVi"] for unit in listed}
    assert all(len(unit["MaDonVi"]) == 13 for unit in listed)


def test_mergers_are_known_once_entered_and_move_new_dossiers(large):
    before = {u["MaDonVi"]: u for u in large.don_vi("20250201000000")}
    after = {u["MaDonVi"]: u for u in large.don_vi(JUNE)}
    closed = {m: u for m, u in after.items() if u["HieuLucDen"]}
    assert len(closed) == 11
    assert {u["HieuLucDen"] for u in closed.values()} == {"20250228"}
    opened = {u["MaDonViKeThua"] for u in closed.values()}
    assert len(opened) == 6 and not opened & set(before)
    assert {after[m]["HieuLucTu"] for m in opened} == {"20250301"}
    assert all(before[m]["HieuLucDen"] is None for m in closed)
    frame = large.frame(END)
    received = frame[frame["ky_tiep_nhan"].notna() & ~frame["loi"].isin(CRITICAL_KINDS)]
    old, new = (received[received["don_vi_xu_ly"].isin(x)] for x in (list(closed), list(opened)))
    assert old["ngay_tiep_nhan"].max() < "20250301" <= new["ngay_tiep_nhan"].min()
    still_open = old["trang_thai_ho_so"].isin(["2", "4", "5", "6"])
    assert len(old) and len(new) and still_open.any()


@pytest.fixture(scope="module")
def reformed():
    return generate(Settings(per_month=3000, den="2025-08"))


def test_units_of_the_reform_are_listed_some_days_before_and_begin_on_1_july(reformed):
    before = {u["MaDonVi"] for u in reformed.don_vi(JUNE)}
    listed = reformed.don_vi("20250628000000")
    new = [u for u in listed if u["MaDonVi"] not in before]
    assert Counter(u["Cap"] for u in new) == {"toan_tinh": 1, "so_nganh": 15, "xa": 41}
    assert {u["HieuLucTu"] for u in new} == {"20250701"}
    old = [u for u in listed if u["MaDonVi"] in before]
    assert all(u["HieuLucDen"] in ("20250228", "20250630") for u in old)
    successors = {u["MaDonVi"]: u["MaDonViKeThua"] for u in old}
    assert set(successors.values()) <= {u["MaDonVi"] for u in listed}
    names = {u["MaDonVi"]: u["TenDonVi"] for u in listed}
    # §10.3 of the domain notes: two wards and the commune of the district town became one.
    for name in ("Phường 1", "Phường 3", "Phường 9"):
        (code,) = [m for m, n in names.items() if n == f"UBND {name}, Thành phố Trà Vinh"]
        assert names[successors[code]] == "UBND Phường Trà Vinh"


def test_dossiers_from_1_july_are_the_new_units_and_older_ones_keep_their_code(reformed):
    frame = reformed.frame()
    received = frame[frame["ky_tiep_nhan"].notna() & ~frame["loi"].isin(CRITICAL_KINDS)]
    first = {u["MaDonVi"]: u["HieuLucTu"] for u in reformed.don_vi()}
    last = {u["MaDonVi"]: u["HieuLucDen"] or "99991231" for u in reformed.don_vi()}
    day = received["ngay_tiep_nhan"].str[:8]
    assert (received["don_vi_xu_ly"].map(first) <= day).all()
    assert (received["don_vi_xu_ly"].map(last) >= day).all()
    old = received[day < "20250701"]
    assert old["trang_thai_ho_so"].isin(["2", "4", "5", "6"]).any()
    assert set(received[day >= "20250701"]["don_vi_xu_ly"].str[-3:]) == {"H61"}
    good = received["loi"] == ""
    assert set(received[good & (day >= "20250701")]["ma_tthc"].str[-3:]) == {"H61"}
    assert set(received[good & (day < "20250701")]["ma_tthc"].str[-3:]) == {"H59"}
    monthly = received["ky_tiep_nhan"].value_counts()
    assert monthly["2025-08"] > 0.8 * monthly["2025-06"]
    # What districts decided comes to all communes on their land, not to one of them.
    level = {u["MaDonVi"]: u["Cap"] for u in reformed.don_vi()}
    catalogue = {p["MaTTHC"]: p for p in reformed.tthc(JUNE)}
    of_districts = received["ma_tthc"].str[:8].map(lambda c: catalogue.get(c, {}).get("CapThucHien"))
    july = received[(day >= "20250701") & (of_districts == "Cấp huyện")]
    assert set(july["don_vi_xu_ly"].map(level)) == {"xa"}
    assert july["don_vi_xu_ly"].nunique() > 30


def test_providers_change_with_the_units(reformed):
    frame = reformed.frame()
    good = frame[(frame["loi"] == "") & frame["ngay_tiep_nhan"].notna()]
    listed = reformed.tthc()
    held = {(p["MaTTHC"], u["MaDonVi"]): u for p in listed for u in p["DonViThucHien"]}
    triples = zip(good["ma_tthc"].str[:8], good["don_vi_xu_ly"], good["ngay_tiep_nhan"].str[:8], strict=True)
    for procedure, unit, day in triples:
        found = held[procedure, unit]
        assert day <= (found["HieuLucDen"] or "99991231")
    assert {u["HieuLucDen"] for (_, m), u in held.items() if m.endswith("H59")} == {"20250228", "20250630"}
    assert {u["HieuLucDen"] for (_, m), u in held.items() if m.endswith("H61")} == {None}
    assert {p["CapThucHien"] for p in listed} == {"Cấp tỉnh", "Cấp xã"}


def test_some_active_units_are_big_some_idle(large):
    frame = large.frame(END)
    counts = frame[frame["ky_tiep_nhan"] == "2025-04"]["don_vi_xu_ly"].value_counts()
    communes = [u["MaDonVi"] for u in large.don_vi(JUNE) if u["Cap"] == "xa"]
    handled = counts.reindex(communes).fillna(0)
    ever = set(frame["don_vi_xu_ly"])
    assert [code not in ever for code in communes].count(True) == 1
    assert handled.max() > 4 * handled.median() and handled.min() == 0
    assert 100 <= (counts > 0).sum() <= 135


def test_each_procedure_is_decided_at_its_level(large):
    level = {unit["MaDonVi"]: unit["Cap"] for unit in large.don_vi(END)}
    provider = {(p["MaTTHC"], unit["MaDonVi"]) for p in large.tthc(END) for unit in p["DonViThucHien"]}
    frame = large.frame(END)
    good = frame[frame["loi"] == ""]
    pairs = set(zip(good["ma_tthc"].str[:8], good["don_vi_xu_ly"], strict=True))
    assert pairs <= provider
    name = {"so_nganh": "Cấp tỉnh", "huyen": "Cấp huyện", "xa": "Cấp xã"}
    of_procedure = {p["MaTTHC"]: p["CapThucHien"] for p in large.tthc(END)}
    assert all(name[level[unit]] == of_procedure[code] for code, unit in pairs)


def test_catalogue_changes_show_when_they_are_entered(source):
    early = {p["MaTTHC"]: p for p in source.tthc("20250101000000")}
    late = {p["MaTTHC"]: p for p in source.tthc(END)}
    assert set(late) - set(early) == {"1.011609"}
    assert late["2.000575"]["HieuLucDen"] == "20250531"
    assert early["2.000575"]["HieuLucDen"] is None
    levels = [u["MucDo"] for p in late.values() for u in p["DonViThucHien"]]
    assert {"2", "3", "4"} == set(levels)
    for procedure in late.values():
        for unit in procedure["DonViThucHien"]:
            assert unit["HieuLucDen"] is None or unit["HieuLucTu"] <= unit["HieuLucDen"]
    changed = [m for m in early if late[m]["NgayCapNhat"] > early[m]["NgayCapNhat"]]
    assert len(changed) > 10


# --- figures that look like a province -------------------------------------------------------


def test_rates_are_plausible(large):
    frame = large.frame(END)
    good = frame[(frame["loi"] == "") & frame["ky_tiep_nhan"].notna()]
    online = good["kenh_thuc_hien"] == "2"
    done = good[good["trang_thai_ho_so"].isin(["9", "10"])]
    in_time = ~(done["ngay_ket_thuc_xu_ly"].str[:8] > done["ngay_hen_tra"].str[:8])
    vneid = good[online]["tai_khoan_duoc_xac_thuc_voi_vneid"] == "1"
    assert 0.955 < in_time.mean() < 0.985
    assert 0.60 < online.mean() < 0.68
    assert 0.86 < done["co_ket_qua_dien_tu"].mean() < 0.90
    digitised = (done["so_tai_lieu_co_tep"] > 0) & (done["co_ket_qua_dien_tu"] > 0)
    assert 0.75 < digitised.mean() < 0.85
    assert 0.88 < vneid.mean() < 0.92
    assert 0.01 < good["ngay_hen_tra"].isna().mean() < 0.03
    monthly = good["ky_tiep_nhan"].value_counts()
    assert monthly[[f"2025-{m:02d}" for m in range(1, 7)]].between(10_000, 13_000).all()
    weekday = pd.to_datetime(good["ngay_tiep_nhan"].str[:8], format="%Y%m%d").dt.day_of_week
    assert 0.002 < (weekday == 5).mean() < 0.05 and (weekday == 6).sum() == 0
    submitted = pd.to_datetime(good["ngay_nop_ho_so"].str[:8], format="%Y%m%d").dt.day_of_week
    assert set(submitted[online]) == set(range(7))


@pytest.mark.parametrize("month", ["2025-01", "2025-03", "2025-06"])
def test_share_of_fully_online_procedures_in_use_leaves_room_to_improve(large, month):
    frame = large.frame(END)
    used = frame[(frame["ky_tiep_nhan"] == month) & (frame["kenh_thuc_hien"] == "2")]
    online = set(used["ma_tthc"].str[:8])
    last = month.replace("-", "") + "28"
    full = {
        p["MaTTHC"]
        for p in large.tthc(END)
        for u in p["DonViThucHien"]
        if u["MucDo"] == "4" and u["HieuLucTu"] <= last <= (u["HieuLucDen"] or "9")
    }
    assert 0.40 < len(full & online) / len(full) < 0.95


# --- bad rows --------------------------------------------------------------------------------


def test_rates_of_bad_kinds_are_as_set(large):
    planned = Counter(large._lives.defect.tolist())
    for code, (name, rate) in enumerate(DEFAULT_RATES.items(), start=1):
        assert planned[code] == pytest.approx(rate * len(large), abs=1), name
    assert 0.015 <= sum(DEFAULT_RATES[name] for name in CRITICAL_KINDS) <= 0.02
    assert sum(DEFAULT_RATES[name] for name in WARNING_KINDS) == pytest.approx(0.02)


def test_a_kind_can_be_chosen_alone_and_unknown_kinds_are_refused():
    only = generate(Settings(per_month=300, ty_le_loi={"kenh_trong": 0.05}))
    assert set(only.frame()["loi"]) == {"", "kenh_trong"}
    assert set(generate(Settings(per_month=300, ty_le_loi={})).frame()["loi"]) == {""}
    with pytest.raises(ValueError, match="khong_co_loai_nay"):
        Settings(ty_le_loi={"khong_co_loai_nay": 0.1})


def shows(row, kind):
    """Whether a served row has the defect, judged from its values alone."""
    received, due, end = row["ngay_tiep_nhan"], row["ngay_hen_tra"], row["ngay_ket_thuc_xu_ly"]
    return {
        "thieu_ma_ho_so": pd.isna(row["ma_ho_so"]),
        "hen_tra_0001": due == "00010101000000",
        "hen_tra_truoc_tiep_nhan": str(due) > "0002" and str(due) < str(received),
        "don_vi_khong_co": row["don_vi_xu_ly"] == "000.99.99.H59",
        "tiep_nhan_tuong_lai": str(received) > "2050" and str(received) < "21",
        "ngay_sai_dinh_dang": due == "31/02/2025" or received == "2025-13-40",
        "loi_ma_hoa": "Ã" in row["ten_tthc"],
        "thieu_ngay_ket_thuc": row["trang_thai_ho_so"] in ("9", "10") and pd.isna(end),
        "ket_thuc_truoc_tiep_nhan": str(end)[:8] < str(received)[:8],
        "nop_sau_tiep_nhan": str(row["ngay_nop_ho_so"])[:8] > str(received)[:8],
        "kenh_trong": pd.isna(row["kenh_thuc_hien"]),
        "tthc_la": row["ma_tthc"].startswith("9."),
        "co_la": row["tai_khoan_duoc_xac_thuc_voi_vneid"] == "7",
        "thieu_ngay_hen_tra": pd.isna(due) and not pd.isna(received),
    }[kind]


def test_each_kind_shows_in_its_rows_and_good_rows_show_none(source):
    frame = source.frame(END)
    bad = frame[frame["loi"] != ""]
    assert set(bad["loi"]) == set(DEFAULT_RATES)
    assert all(shows(row, row["loi"]) for row in bad.to_dict("records"))
    # Without a due date alone is no defect: some same-day procedures have none.
    kinds = set(DEFAULT_RATES) - {"thieu_ngay_hen_tra"}
    received = frame[(frame["loi"] == "") & frame["ky_tiep_nhan"].notna()]
    for row in received.sample(1500, random_state=1).to_dict("records"):
        assert not [kind for kind in kinds if shows(row, kind)]


def test_a_minority_of_critical_rows_is_corrected_at_the_source(large):
    defect, steps = large._lives.defect, large._lives.steps
    critical = (defect > 0) & (defect <= len(CRITICAL_KINDS))
    mended = steps[ROW["sua_loi"]] < NEVER
    assert 0.2 < mended[critical].mean() < 0.4 and not mended[~critical].any()
    row = np.flatnonzero(mended & critical & (steps[ROW["sua_loi"]] < wd.seconds(END)))[0]
    code = large._codes[int(row)].as_py()
    before = str(wd.stamps(steps[ROW["sua_loi"], row] - 1))
    assert large.loi_cua(code, before) in CRITICAL_KINDS
    assert large.loi_cua(code, END) == ""


# --- nested lists and files ------------------------------------------------------------------


def test_csv_columns_summarise_the_nested_lists(source):
    frame = source.frame(END).set_index("dong")
    for record in source.ho_so(None, END)[:3000]:
        row = frame.loc[int(record["TaiLieuNop"][0]["TepDinhKemId"][2:9])]
        papers = [paper for paper in record["TaiLieuNop"] if paper["IsDeleted"] == "0"]
        assert row["so_tai_lieu_nop"] == len(papers)
        assert row["so_tai_lieu_co_tep"] == sum(bool(p["DuongDanTaiTepTin"]) for p in papers)
        assert row["so_tai_lieu_so_hoa"] == sum(p["DuocSoHoa"] == "1" for p in papers)
        assert row["so_tai_lieu_tai_su_dung"] == sum(p["DuocTaiSuDung"] == "1" for p in papers)
        assert row["so_tai_lieu_tu_kho"] == sum(p["DuocLayTuKhoDMQG"] == "1" for p in papers)
        rounds = record["DanhSachHoSoBoSung"]
        assert row["so_lan_bo_sung"] == len(rounds)
        asked = max((r["NgayBoSung"] for r in rounds), default=None)
        assert (row["ngay_yeu_cau_bo_sung"] if rounds else None) == asked
        minutes = sum(
            (wd.seconds(r["NgayTiepNhanBoSung"]) - wd.seconds(r["NgayBoSung"])) // 60
            for r in rounds
            if r["NgayTiepNhanBoSung"]
        )
        assert row["tong_thoi_gian_bo_sung_phut"] == minutes
        assert row["co_ket_qua_dien_tu"] == len(record["DanhSachGiayToKetQua"])
        assert row["so_tai_lieu_co_kho"] == sum(bool(p["MaGiayToSoHoa"]) for p in papers)
        assert row["so_ket_qua_co_kho"] == sum(bool(r["GiayToId"]) for r in record["DanhSachGiayToKetQua"])
        assert row["tong_phi_le_phi"] == sum(fee["Gia"] for fee in record["DanhSachLePhi"])
        assert row["so_csdl_ket_noi"] == len({used["MaCSDL"] for used in record["DSKetNoiCSDL"]})


def test_fees_belong_to_fee_bearing_procedures_and_some_are_all_zero(large):
    fee_bearing = {p["MaTTHC"] for p in large.tthc(END) if p["CoPhi"] == "1"}
    records = [r for r in large.trang(None, END, 1, 20_000)[1] if r["NgayTiepNhan"]]
    charged = [r for r in records if r["DanhSachLePhi"]]
    assert {r["MaTTHC"][:8] for r in charged} <= fee_bearing | {"9.999999"}
    exempt = [r for r in charged if not any(fee["Gia"] for fee in r["DanhSachLePhi"])]
    assert 0.01 < len(exempt) / len(charged) < 0.12
    assert {r["DuocThanhToanTrucTuyen"] for r in exempt} <= {"0", "3"}
    assert any(len(r["DanhSachLePhi"]) == 2 for r in charged)


# --- ratings and history ---------------------------------------------------------------------


@pytest.mark.parametrize("cuts", [["20250301000000"], ["20250115120000", "20250301000000", "20250402000000"]])
def test_windows_of_ratings_compose(source, cuts):
    newest = {}
    for tu, den in pairwise([None, *cuts, END]):
        for record in source.ratings.danh_gia(tu, den):
            assert (tu or "") < record["NgayCapNhat"] <= den
            newest[record["MaHoSo"], record["NguoiDanhGia"], record["NgayCapNhat"]] = record
    whole = source.ratings.danh_gia(None, END)
    # One request gives the last state of each rating; windows may have served an earlier one as well.
    assert {orjson.dumps(r) for r in whole} <= {orjson.dumps(r) for r in newest.values()}
    corrected = int((source.ratings.corrected <= wd.seconds(END)).sum())
    assert 0 <= len(newest) - len(whole) <= corrected


@pytest.mark.parametrize("cuts", [["20250301000000"], ["20250115120000", "20250301000000", "20250402000000"]])
def test_windows_of_the_history_compose(source, cuts):
    served = [r for tu, den in pairwise([None, *cuts, END]) for r in source.history.qua_trinh(tu, den)]
    assert served == source.history.qua_trinh(None, END)
    assert all(r["ThoiGian"] <= END for r in served)


def test_ratings_are_plausible(large):
    ratings = large.ratings.danh_gia("20250301000000", "20250401000000")
    words = Counter(r["DanhGia"] for r in ratings)
    satisfied = words["RẤT HÀI LÒNG"] + words["HÀI LÒNG"]
    assert 0.88 < satisfied / sum(words.values()) < 0.96
    by_unit = {}
    for r in ratings:
        by_unit.setdefault(r["MaHoSo"][:13], []).append(r["DanhGia"] == "KHÔNG HÀI LÒNG")
    shares = [sum(bad) / len(bad) for bad in by_unit.values() if len(bad) >= 20]
    assert min(shares) < 0.04 and max(shares) > 0.10
    frame = large.frame(END).set_index("ma_ho_so")
    good = [r for r in ratings if r["MaHoSo"] in frame.index]
    end = frame.loc[[r["MaHoSo"] for r in good], "ngay_ket_thuc_xu_ly"].fillna("0")
    in_an_earlier_month = (end.str[:6] < "202503").mean()
    assert 0.03 < in_an_earlier_month < 0.4
    whole = Counter(r["MaHoSo"] for r in large.ratings.danh_gia(None, END))
    assert 0.03 < sum(n > 1 for n in whole.values()) / len(whole) < 0.12


def test_each_rating_defect_shows_and_rates_are_as_set(large):
    kinds = Counter(large.ratings.defect.tolist())
    for code, kind in enumerate(ratings_module.DEFECTS, start=1):
        assert kinds[code] == pytest.approx(kind.rate * len(large.ratings), abs=1), kind.name
    only = generate(replace(SMALL, ty_le_loi_khac={"danh_gia_la": 0.2}, ty_le_sua_loi=0))
    words = [r["DanhGia"] for r in only.ratings.danh_gia(None, END)]
    assert words.count("BÌNH THƯỜNG") / len(words) == pytest.approx(0.2, abs=0.02)
    with pytest.raises(ValueError, match="ty_le_loi_khac names unknown kinds"):
        Settings(ty_le_loi_khac={"khong_co_loai_nay": 0.1})


def test_history_is_the_life_of_the_dossier(source):
    """The status after the last entry is the one that the dossier is served with, at any moment."""
    for moment in ("20250215000000", "20250401000000", END):
        last = {
            r["MaHoSo"]: r["TrangThai"]
            for r in sorted(
                source.history.qua_trinh(None, moment),
                key=lambda r: (r["ThoiGian"], int(r["TrangThai"])),
            )
        }
        dossiers = {r["MaHoSo"]: r["TrangThaiHoSo"] for r in source.ho_so(None, moment) if r["MaHoSo"]}
        assert len(dossiers) > 500
        assert {code: last[code] for code in dossiers} == dossiers


def test_xlsx_has_the_vendor_layout_and_its_total_is_right(source, tmp_path):
    out = tmp_path / "a.xlsx"
    volume = ["--per-month", "700", "--format", "xlsx", "--ky", "2025-03", "--out"]
    assert main(["export", *volume, str(out)]) == 0
    sheet = openpyxl.load_workbook(out).active
    rows = [list(row) for row in sheet.iter_rows(values_only=True)]
    assert [row[0] for row in rows[:5]] == [
        "UBND TỈNH TRÀ VINH",
        "DANH SÁCH HỒ SƠ THỦ TỤC HÀNH CHÍNH",
        "Từ ngày 01/03/2025 đến ngày 31/03/2025",
        "Thời điểm xuất: 01/04/2025 00:00",
        None,
    ]
    assert rows[5][:6] == ["STT", "Đơn vị xử lý", "Mã TTHC", "Tên TTHC", "Mã hồ sơ", "Trạng thái"]
    body = [row for row in rows[6:-1] if isinstance(row[0], int)]
    headings = [row[0] for row in rows[6:-1] if not isinstance(row[0], int)]
    assert headings == ["Sở ban ngành", "Huyện, thị xã, thành phố", "Xã, phường, thị trấn"]
    assert rows[-1][:2] == ["Tổng số", len(body)]
    frame = source.frame("20250401000000")
    expected = frame[(frame["ky_tiep_nhan"] == "2025-03") & ~frame["loi"].isin(CRITICAL_KINDS)]
    expected = expected[expected["da_xoa"] == "0"]
    assert sorted(row[4] for row in body) == sorted(expected["ma_ho_so"])
    names = {unit["TenDonVi"] for unit in source.don_vi()}
    assert {row[1] for row in body} <= names
    assert {row[5] for row in body} >= {"Đã trả kết quả", "Đang xử lý"}
    assert {row[6] for row in body} <= {"Trực tiếp", "Trực tuyến", "Bưu chính công ích", None}
    assert all(len(row[11]) == 16 and row[11][2:6:3] == "//" for row in body)
    again = tmp_path / "b.xlsx"
    assert main(["export", *volume, str(again), "--loi"]) == 0
    assert openpyxl.load_workbook(again).active.max_row > len(rows)


def test_csv_export_has_exactly_the_rows_asked_for(tmp_path):
    out = tmp_path / "a.csv"
    given = ["--format", "csv", "--rows", "3001", "--tu", "2025-01", "--den-thang", "2025-12"]
    assert main(["export", *given, "--out", str(out)]) == 0
    with out.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 3001
    assert tuple(rows[0]) == CSV_COLUMNS
    assert {row["ngay_nop_ho_so"][:4] for row in rows} <= {"2025", "2026"}


def test_json_export_is_the_api_envelope(source, tmp_path):
    out = tmp_path / "a.json"
    given = ["--per-month", "700", "--format", "json", "--ky", "2025-02", "--out", str(out)]
    assert main(["export", *given]) == 0
    envelope = orjson.loads(out.read_bytes())
    assert envelope["tong_so"] == len(envelope["data"]) > 300
    assert {record["NgayTiepNhan"][:6] for record in envelope["data"]} == {"202502"}
    known = {orjson.dumps(record) for record in source.ho_so(None, "20250301000000")}
    assert {orjson.dumps(record) for record in envelope["data"]} <= known


def test_people_cannot_be_real(source):
    frame = source.frame(END)
    assert frame["so_dien_thoai"].str.fullmatch(r"010\d{7}").all()
    assert frame["so_giay_to_chu_ho_so"].str.fullmatch(r"0990\d{8}|00\d{8}").all()
    assert frame["email"].dropna().str.endswith("@example.com").all()


def test_dossier_numbers_are_unique_and_well_formed(large):
    codes = large.frame(END)["ma_ho_so"].dropna()
    assert codes.is_unique
    assert codes.str.fullmatch(r"\d{3}\.\d{2,3}\.\d{2,3}\.[A-Z]\d{2}-\d{6}-\d{4,}").all()


def test_serving_needs_credentials_from_the_environment(monkeypatch, capsys):
    monkeypatch.delenv("TTHC_SIM_CLIENT_ID", raising=False)
    monkeypatch.delenv("TTHC_SIM_CLIENT_SECRET", raising=False)
    assert main(["serve", "--port", "1", "--per-month", "10"]) == 2
    assert "TTHC_SIM_CLIENT_ID" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["serve"], "Missing option '--port'"),
        (["export", "--format", "xml", "--out", "x"], "'xml' is not one of 'xlsx', 'csv', 'json'"),
        (["export", "--format", "csv", "--out", "x", "--ky", "2025-13"], "'2025-13' is not a month yyyy-MM"),
        (["export", "--format", "csv", "--out", "x", "--den", "2025"], "'2025' is not a moment"),
        (["export", "--format", "xlsx", "--out", "x"], "The XLSX list is monthly: give --ky yyyy-MM."),
        (["xuat"], "No such command 'xuat'"),
    ],
)
def test_a_wrong_argument_is_told_in_one_line(words, says, capsys):
    assert main(words) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert says in line


def test_small_volumes_work():
    assert len(generate_lives(Settings(per_month=3))) > 0
    assert len(generate(Settings(per_month=3)).frame()) > 0
