"""What a dossier's nested lists say of fees, databases and the store."""

import itertools

import pytest

from cchc.reading import json_file
from cchc.reading.dossier_lists import LIST_OF, columns_without_source, flatten_dossier
from tests.world import SO, World, code


def fees(*amounts: object) -> str | None:
    return flatten_dossier({"DanhSachLePhi": [{"Gia": amount} for amount in amounts]})["tong_phi_le_phi"]


def test_fees_are_added_up_and_zero_is_not_unknown():
    assert fees(30_000, "15000", "2500.50") == "47500.50"
    assert fees(0, "0") == "0"
    assert fees() == "0"
    assert flatten_dossier({})["tong_phi_le_phi"] is None
    assert flatten_dossier({"DanhSachLePhi": None})["tong_phi_le_phi"] is None
    # A line whose amount is not stated: the sum is not known.
    assert fees(30_000, None) is None
    assert fees(30_000, "") is None


@pytest.mark.parametrize("amount", ["50.000", "1e6", "-5", "miễn phí", "50 000"])
def test_amount_that_could_mean_two_things_is_never_guessed(province: World, amount: str):
    """50.000 is fifty thousand to an officer and fifty to a machine."""
    records = [record(n, DanhSachLePhi=[{"Gia": 10_000}]) for n in range(1, 31)]
    bad = record(31, DanhSachLePhi=[{"Gia": 10_000}, {"Gia": amount}])
    batch, _ = ingest(province, *records, bad)
    assert (batch.lines_accepted, batch.lines_rejected) == (30, 1)
    [(rules, row)] = province.rows("SELECT rule_ids, masked_row FROM ops.reject")
    assert rules == ["HS00"]
    # Words may be of a person: of them only how many letters they have.
    assert row["tong_phi_le_phi"] == f"Gia {'(chữ, 8 ký tự)' if amount == 'miễn phí' else amount}"


def test_databases_are_counted_once_each():
    used = [{"MaCSDL": "A"}, {"MaCSDL": "B"}, {"MaCSDL": "A"}, {"MaCSDL": None}, {}]
    assert flatten_dossier({"DSKetNoiCSDL": used})["so_csdl_ket_noi"] == "2"
    assert flatten_dossier({"DSKetNoiCSDL": []})["so_csdl_ket_noi"] == "0"
    assert flatten_dossier({})["so_csdl_ket_noi"] is None


def test_ids_in_the_store_are_counted_without_deleted_components():
    documents = [
        {"MaGiayToSoHoa": "S1"},
        {"MaGiayToKhoQuocGia": "K2", "IsDeleted": "0"},
        {"MaGiayToSoHoa": "S3", "IsDeleted": "1"},
        {"MaGiayToSoHoa": ""},
        {},
    ]
    results = [{"GiayToId": "G1"}, {"GiayToId": None, "DuongDanTepTinKetQua": "/a"}]
    counts = flatten_dossier({"TaiLieuNop": documents, "DanhSachGiayToKetQua": results})
    assert (counts["so_tai_lieu_nop"], counts["so_tai_lieu_co_kho"]) == ("4", "2")
    assert (counts["so_ket_qua_co_kho"], counts["co_ket_qua_dien_tu"]) == ("1", "1")


def test_a_column_is_unknown_where_no_record_has_its_list():
    assert set(flatten_dossier({})) == set(LIST_OF)
    assert columns_without_source([{}, {"DanhSachLePhi": None}]) == set(LIST_OF)
    empty = {name: [] for name in LIST_OF.values()}
    # No components, no ids: that is known.
    assert columns_without_source([{}, empty]) == set()
    # Components, and a schema without ids of the store: that is not.
    assert columns_without_source([empty | {"TaiLieuNop": [{"DuocSoHoa": "1"}]}]) == {"so_tai_lieu_co_kho"}
    assert columns_without_source([empty | {"TaiLieuNop": [{"MaGiayToSoHoa": None}]}]) == set()


def record(number: int = 1, **values: object) -> dict:
    return {
        "MaHoSo": code(number),
        "MaTTHC": "1.000001",
        "TrangThaiHoSo": "4",
        "DonViXuLy": SO,
        "NgayTiepNhan": "20250305090000",
        "NgayHenTra": "20250312090000",
        "NgayKetThucXuLy": None,
        "NgayCapNhat": "20250305090000",
    } | values


def ingest(world: World, *records: dict):
    return world.ingest("ho_so", world.json(list(records), thoi_diem="20250510000000"))


FEES = "SELECT tong_phi_le_phi, so_csdl_ket_noi, so_tai_lieu_nop, trang_thai_ho_so FROM core.ho_so"


LISTED = {"DanhSachLePhi": [{"Gia": 30_000}], "DSKetNoiCSDL": [{"MaCSDL": "A"}], "TaiLieuNop": [{}]}


def test_lists_that_a_later_export_lacks_erase_nothing(province: World):
    ingest(province, record(**LISTED))
    assert province.rows(FEES) == [(30_000, 1, 1, 4)]
    ingest(province, record(TrangThaiHoSo="5", NgayCapNhat="20250310090000"))
    assert province.rows(FEES) == [(30_000, 1, 1, 5)]
    # A list that is there and empty says: none.
    nothing = {"DanhSachLePhi": [], "DSKetNoiCSDL": [], "TaiLieuNop": []}
    ingest(province, record(**nothing, TrangThaiHoSo="4", NgayCapNhat="20250311090000"))
    assert province.rows(FEES) == [(0, 0, 0, 4)]


@pytest.mark.long
def test_exports_with_and_without_lists_give_the_same_in_any_order(province: World):
    versions = [
        record(**LISTED, HanTiepNhan="20250306090000"),
        record(TrangThaiHoSo="5", NgayCapNhat="20250310090000"),
        record(DanhSachLePhi=[{"Gia": "20000.0"}], NgayCapNhat="20250308090000"),
    ]
    contents = []
    for order in itertools.permutations(versions):
        province.without_dossiers()
        for version in order:
            ingest(province, version)
        # Status of 10 March, fee of 8 March, the rest of 5 March.
        assert province.rows(FEES) == [(20_000, 1, 1, 5)]
        assert province.rows("SELECT han_tiep_nhan::text FROM core.ho_so") == [("2025-03-06 09:00:00",)]
        contents.append(province.content("core.ho_so"))
    assert all(content == contents[0] for content in contents)


def test_list_that_only_a_late_record_has_is_read_as_if_the_first_had_it(province: World, monkeypatch):
    monkeypatch.setattr(json_file, "HEADER_RECORDS", 2)
    batch, _ = ingest(province, record(1), record(2), record(3, DanhSachLePhi=[{"Gia": 5}]))
    assert province.rows("SELECT ma_ho_so, tong_phi_le_phi FROM core.ho_so ORDER BY 1") == [
        (code(1), None),
        (code(2), None),
        (code(3), 5),
    ]
    assert "tong_phi_le_phi" not in batch.missing_columns
    assert "so_csdl_ket_noi" in batch.missing_columns
