"""The simulated document-management system: same seed same bytes, windows compose, defects as named."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import openpyxl
import pandas as pd
import pytest
from fastapi.testclient import TestClient

from tools.qlvb_simulator import exports
from tools.qlvb_simulator.__main__ import main
from tools.qlvb_simulator.defects import CRITICAL_KINDS, DEFECTS
from tools.qlvb_simulator.generate import SILENT_COMMUNE, Settings
from tools.qlvb_simulator.server import create_app
from tools.qlvb_simulator.source import COLUMNS, DATASETS, KEYS, Source, generate
from tools.simulation.geography import units

pytestmark = pytest.mark.long

SMALL = Settings(van_ban_moi_thang=600, ho_so_moi_thang=200, den="2025-03")
BOTH = pytest.mark.parametrize("dataset", DATASETS)


@pytest.fixture(scope="module")
def source() -> Source:
    return generate(SMALL)


@pytest.fixture(scope="module")
def large() -> Source:
    return generate()


@pytest.fixture(scope="module")
def client(source) -> TestClient:
    client = TestClient(create_app(source, "khach", "bi-mat"))
    token = client.post("/api/token", json={"client_id": "khach", "client_secret": "bi-mat"}).json()
    client.headers["Authorization"] = f"Bearer {token['access_token']}"
    return client


def served(source: Source) -> str:
    return "".join(exports.csv_text(source.changed(dataset)) for dataset in DATASETS)


def test_same_seed_gives_the_same_bytes_and_another_seed_does_not(source, tmp_path):
    assert served(generate(SMALL)) == served(source)
    assert served(generate(replace(SMALL, seed=7))) != served(source)
    for name in ("a", "b"):
        exports.write_xlsx(generate(SMALL), "van_ban", tmp_path / name, "2025-02")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@BOTH
def test_consecutive_windows_compose_to_the_state_at_the_last_moment(source, dataset):
    moments = [None, "20250115000000", "20250201000000", "20250301120000", "20250401000000"]
    columns = list(COLUMNS[dataset])

    def states(frame: pd.DataFrame) -> list[tuple]:
        return [tuple(map(str, row)) for row in frame[columns].itertuples(index=False)]

    newest: dict[int, tuple] = {}
    for tu, den in pairwise(moments):
        frame = source.frame(dataset, den)
        changed = frame[frame["ngay_cap_nhat"] > (tu or "")].sort_values(["ngay_cap_nhat", "dong"])
        window = states(source.changed(dataset, tu, den))
        assert window == states(changed)
        assert changed["ngay_cap_nhat"].max() <= den
        newest |= dict(zip(changed["dong"], window, strict=True))
    whole = source.frame(dataset, moments[-1])
    assert newest == dict(zip(whole["dong"], states(whole), strict=True))


def test_no_document_is_secret_unless_asked_for(large):
    assert set(large.frame("van_ban")["do_mat"]) == {"1"}
    secret = generate(replace(SMALL, ty_le_mat=0.01)).frame("van_ban")
    assert (secret["do_mat"] != "1").sum() == pytest.approx(0.01 * len(secret), abs=3)
    # Nothing else about the documents changes with it.
    plain = generate(SMALL).frame("van_ban")
    pd.testing.assert_frame_equal(secret.drop(columns="do_mat"), plain.drop(columns="do_mat"))


def good(source: Source, dataset: str) -> pd.DataFrame:
    frame = source.frame(dataset)
    return frame[frame["loi"] == ""]


def test_numbers_run_from_one_per_unit_and_direction_in_the_order_of_registration(source):
    frame = source.frame("van_ban").sort_values("dong")
    frame = frame[~frame["loi"].isin(["thieu_so", "trung_so", "don_vi_khong_co", "ngay_tuong_lai"])]
    whole = good(generate(replace(SMALL, ty_le_loi={})), "van_ban").sort_values(["ngay_dang_ky", "dong"])
    for _, series in whole.groupby(["don_vi", "huong"]):
        assert series["so"].astype(int).tolist() == list(range(1, len(series) + 1))
    assert (frame["so"].astype(int) >= 1).all()


def test_days_of_good_rows_are_in_order(large):
    documents = good(large, "van_ban")
    came = documents[documents["huong"] == "den"]
    assert (came["ngay_van_ban"] <= came["ngay_den"].str[:8]).all()
    assert (came["ngay_den"] <= came["ngay_dang_ky"]).all()
    assert came["ngay_phat_hanh"].isna().all() and came["ngay_den"].notna().all()
    out = documents[documents["huong"] == "di"]
    assert (out["ngay_dang_ky"] <= out["ngay_phat_hanh"].fillna("9")).all()
    assert out["ngay_den"].isna().all() and out["han_xu_ly"].isna().all()
    done = documents[documents["ngay_hoan_thanh"].notna()]
    assert done["han_xu_ly"].notna().all()
    assert (done["ngay_hoan_thanh"] > done["ngay_den"]).all()
    work = good(large, "ho_so_cong_viec")
    closed = work[work["trang_thai"] == "4"]
    assert closed["ngay_dong"].notna().all() and (closed["ngay_dong"] > closed["ngay_mo"]).all()
    assert work.loc[work["trang_thai"] != "4", "ngay_dong"].isna().all()


def test_documents_belong_to_work_dossiers_of_their_unit_and_are_completed_with_them(large):
    work = large.frame("ho_so_cong_viec")
    work["ma"] = [f"HSCV{n + 1:07d}" for n in work["dong"]]
    both = good(large, "van_ban").merge(
        work, left_on="ma_ho_so_cong_viec", right_on="ma", suffixes=("", "_hs")
    )
    assert len(both) > 10_000
    both = both[both["don_vi_hs"] != "000.99.99.H59"]
    same = both["don_vi"] == both["don_vi_hs"]
    successors = {u.code: u.successor for u in units() if u.successor}
    assert (same | (both["don_vi"].map(successors) == both["don_vi_hs"])).all()
    came = both[(both["huong"] == "den") & (both["loi_hs"] == "") & (both["ngay_hoan_thanh"].notna())]
    never_reopened = came[came["ngay_dong"].notna() & (came["ngay_dong"] <= came["ngay_hoan_thanh"])]
    assert (never_reopened["ngay_dong"] == never_reopened["ngay_hoan_thanh"]).all()
    assert len(never_reopened) > 4_000


def test_offices_differ_some_are_big_some_idle(large):
    frame = pd.concat([large.frame(dataset)[["don_vi"]] for dataset in DATASETS])
    count = frame["don_vi"].value_counts()
    silent = [unit.code for unit in units() if unit.gso == SILENT_COMMUNE]
    assert not set(silent) & set(count.index)
    level = {unit.code: unit.level for unit in units()}
    by_level = count.groupby(level.get).agg(["sum", "median", "size"])
    assert by_level["sum"]["so_nganh"] > by_level["sum"]["xa"]
    assert by_level["median"]["so_nganh"] > by_level["median"]["xa"]
    assert by_level["size"]["xa"] == 103
    assert (count.drop("000.99.99.H59") < 60).sum() >= 3


def test_rates_are_plausible_and_leave_something_to_improve(large):
    work = good(large, "ho_so_cong_viec")
    work = work[(work["trang_thai"] == "4")].assign(
        cap=work["don_vi"].map({unit.code: unit.level for unit in units()})
    )
    share = (work["tren_he_thong"] == "1").groupby(work["cap"]).mean()
    assert share["so_nganh"] > share["huyen"] > share["xa"] > 0.6
    assert share["so_nganh"] < 1
    assert not ((work["tren_he_thong"] == "1") & (work["chi_giay"] == "1")).any()
    out = good(large, "van_ban").query("huong == 'di' and ngay_phat_hanh.notna()")
    electronic = (out["ky_so"] == "1") & (out["gui_dien_tu"] == "1") & (out["gui_giay"] == "0")
    assert 0.7 < electronic.mean() < 0.95
    came = good(large, "van_ban").query("huong == 'den' and han_xu_ly.notna()")
    assert 0.6 < came["ma_ho_so_cong_viec"].notna().mean() < 0.95


def test_states_change_late_entries_corrections_and_deletions_come(large):
    early, late = (
        large.frame("van_ban", den).set_index("dong") for den in ("20250201000000", "20250701000000")
    )
    late = late.loc[early.index]
    changed = early["ngay_cap_nhat"] != late["ngay_cap_nhat"]
    assert 0.05 < changed.mean() < 0.9
    assert (early["ngay_den"].fillna("") != late["ngay_den"].fillna("")).sum() > 5
    assert (late["da_xoa"] == "1").sum() > (early["da_xoa"] == "1").sum()
    everything = large.frame("van_ban")
    lag = pd.to_datetime(everything["ngay_dang_ky"].str[:8], errors="coerce") - pd.to_datetime(
        everything["ngay_den"].str[:8], errors="coerce"
    )
    assert (lag > pd.Timedelta(days=5)).sum() > 100
    statuses = large.frame("ho_so_cong_viec", "20250618103000")["trang_thai"]
    assert set(statuses) == {"-2", "-1", "0", "1", "2", "3", "4"}


# Bad rows -------------------------------------------------------------------------------------


@BOTH
def test_rates_of_bad_kinds_are_as_set(dataset):
    frame = generate(Settings(ty_le_sua_loi=0.0, den="2026-01")).frame(dataset)
    shown = frame["loi"].value_counts()
    for defect in DEFECTS[dataset]:
        assert shown[defect.name] == pytest.approx(defect.rate * len(frame), rel=0.12), defect.name
    assert 0.005 < (frame["loi"] != "").mean() < 0.02


@BOTH
def test_a_minority_of_critical_rows_is_corrected_at_the_source(large, dataset):
    early, late = (
        large.frame(dataset, den).set_index("dong") for den in ("20250501000000", "20250701000000")
    )
    bad = early[early["loi"].isin(CRITICAL_KINDS[dataset])]
    corrected = late.loc[bad.index]
    corrected = corrected[corrected["loi"] == ""]
    assert 0 < len(corrected) < 0.5 * len(bad)
    assert (corrected["ngay_cap_nhat"] > bad.loc[corrected.index, "ngay_cap_nhat"]).all()


def test_a_kind_can_be_chosen_alone_and_unknown_kinds_are_refused():
    alone = generate(replace(SMALL, ty_le_loi={"van_ban": {"thieu_so": 0.1}}, ty_le_sua_loi=0)).frame(
        "van_ban"
    )
    assert set(alone["loi"]) == {"", "thieu_so"}
    assert alone["so"].isna().sum() == (alone["loi"] == "thieu_so").sum() > 100
    with pytest.raises(ValueError, match="unknown kinds \\['thieu_gi'\\]"):
        Settings(ty_le_loi={"van_ban": {"thieu_gi": 0.1}})


# HTTP -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "dataset"), [("van-ban", "van_ban"), ("ho-so-cong-viec", "ho_so_cong_viec")]
)
def test_one_csv_of_the_window_with_its_total(client, source, path, dataset):
    window = {"tu": "20250201000000", "den": "20250301000000"}
    reply = client.get(f"/xuat/{path}", params=window)
    rows = source.changed(dataset, **window)
    assert reply.headers["X-Tong-So"] == str(len(rows))
    assert reply.headers["X-Thoi-Diem"] == window["den"]
    lines = reply.text.splitlines()
    assert lines[0] == ",".join(COLUMNS[dataset])
    assert len(lines) == len(rows) + 1 > 50
    assert reply.text == exports.csv_text(rows)
    empty = client.get(f"/xuat/{path}", params={"tu": "20250101000000", "den": "20250101000000"})
    assert (empty.headers["X-Tong-So"], empty.text) == ("0", lines[0] + "\n")


def test_no_export_without_a_valid_token_and_no_token_with_a_wrong_secret(source):
    client = TestClient(create_app(source, "khach", "bi-mat"))
    assert client.get("/xuat/van-ban").status_code == 401
    assert client.get("/xuat/van-ban", headers={"Authorization": "Bearer x"}).status_code == 401
    wrong = client.post("/api/token", json={"client_id": "khach", "client_secret": "khac"})
    assert wrong.status_code == 401
    assert client.get("/healthz").json() == {"status": "ok", "so_dong": len(source)}


@pytest.mark.parametrize(
    "query", [{"tu": "hôm qua"}, {"den": "20251301000000"}, {"tu": "20250201000000", "den": "20250101000000"}]
)
def test_a_bad_parameter_is_refused_by_name(client, query):
    reply = client.get("/xuat/van-ban", params=query)
    assert reply.status_code == 400
    assert next(iter(query)) in reply.json()["message"]


# Files ----------------------------------------------------------------------------------------


@BOTH
def test_workbook_has_the_layout_of_the_users_and_its_total_is_right(source, tmp_path, dataset):
    path = tmp_path / "ds.xlsx"
    count = exports.write_xlsx(source, dataset, path, "2025-02", "20250305093000")
    rows = [[c for c in row if c is not None] for row in openpyxl.load_workbook(path).active.values]
    assert rows[3] == ["Thời điểm xuất: 05/03/2025 09:30"]
    assert rows[5] == list(exports.HEADERS[dataset])
    headings = [row[0] for row in rows[6:] if len(row) == 1]
    assert headings == ["Sở ban ngành", "Huyện, thị xã, thành phố", "Xã, phường, thị trấn"]
    assert rows[-1] == ["Tổng số", count]
    assert [row[0] for row in rows[6:-1] if len(row) > 1] == list(range(1, count + 1))
    frame = source.frame(dataset, "20250305093000")
    wanted = frame[(frame["ky"] == "2025-02") & (frame["da_xoa"] == "0")]
    assert count == (~wanted["loi"].isin(CRITICAL_KINDS[dataset])).sum()
    assert exports.write_xlsx(source, dataset, path, "2025-02", "20250305093000", loi=True) == len(wanted)


def test_subjects_stand_in_the_workbook_only(source, tmp_path):
    rows = exports.listed(source, "van_ban", "2025-02")
    assert rows["trich_yeu"].str.startswith("V/v ").all()
    assert rows["trich_yeu"].str.contains("ông \\(bà\\)").any()
    exports.write_csv(source, "van_ban", tmp_path / "a.csv", "2025-02")
    assert "V/v " not in (tmp_path / "a.csv").read_text() + served(source)


def test_the_command_line_writes_both_formats(tmp_path, capsys):
    for dataset, form in (("van_ban", "csv"), ("ho_so_cong_viec", "xlsx")):
        out = tmp_path / f"{dataset}.{form}"
        words = ["export", "--dataset", dataset, "--ky", "2025-01", "--format", form, "--out", str(out)]
        assert main([*words, "--per-month", "300", "--den-thang", "2025-01"]) == 0
        assert f"rows of {dataset}" in capsys.readouterr().out
        assert out.stat().st_size > 3_000
    read = pd.read_csv(tmp_path / "van_ban.csv", dtype=str)
    assert tuple(read.columns) == COLUMNS["van_ban"]
    assert read[KEYS["van_ban"]].is_unique
    assert np.isin(read["huong"], ["den", "di"]).all()


def test_serving_needs_credentials_from_the_environment(monkeypatch, capsys):
    monkeypatch.delenv("QLVB_SIM_CLIENT_ID", raising=False)
    monkeypatch.delenv("QLVB_SIM_CLIENT_SECRET", raising=False)
    assert main(["serve", "--port", "1"]) == 2
    assert "QLVB_SIM_CLIENT_ID" in capsys.readouterr().err
