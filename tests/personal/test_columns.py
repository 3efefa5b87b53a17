"""What of columns and nested lists leaves the file: codes by their shape, named fields, what a load reads."""

import pytest

from cchc.batches import batch_of
from cchc.contracts import contract_of
from cchc.errors import BatchStopped
from cchc.judging.validation import validate
from cchc.reading.staging import stage, staging_table
from cchc.sources.landing import land_file
from tests.world import DOCUMENT, PROCEDURES, SO, UNITS, World

NAME, NUMBER = "Khuất Ngọc Tuyền", "0903/718/264"


def test_of_objects_in_a_list_only_the_fields_of_the_contract_are_kept(world: World):
    world.dimensions()
    provider = {"MaDonVi": SO, "MucDo": "4", NAME: NUMBER, "NguoiLienHe": NAME, "khac": {NAME: [NUMBER]}}
    procedure = PROCEDURES[0] | {"MaTTHC": "1.000009", "DonViThucHien": [provider]}
    batch, _ = world.ingest("tthc", world.json([procedure]))
    assert (batch.lines_accepted, batch.lines_rejected) == (1, 0)
    held = "SELECT ban_ghi -> 'don_vi_thuc_hien' FROM core.tthc_phien_ban WHERE ma_tthc = '1.000009'"
    assert world.rows(held) == [([{"MaDonVi": SO, "MucDo": "4"}],)]
    provided = "SELECT ma_don_vi, muc_do FROM core.tthc_don_vi WHERE ma_tthc = '1.000009'"
    assert world.rows(provided) == [(SO, 4)]
    # They are counted, and shown only where they are words of the field.
    [(extra,)] = world.rows(f"SELECT extra_columns FROM ops.batch WHERE batch_id = {batch.batch_id}")
    inner = {name for name in extra if name.endswith(" trong DonViThucHien")}
    assert len(inner) == 3
    assert "trường 1 trong DonViThucHien" in inner


@pytest.mark.parametrize("unit", [NAME, NUMBER, "KHUAT-NGOC-TUYEN-1", "84.khuat-ngoc-tuyen", "331999777"])
def test_providing_unit_that_is_no_code_rejects_its_line(world: World, unit: str):
    world.dimensions()
    provided = [{"MaDonVi": SO, "MucDo": "4"}, {"MaDonVi": unit, "MucDo": "4"}]
    bad = PROCEDURES[0] | {"MaTTHC": "1.000009", "DonViThucHien": provided}
    good = [PROCEDURES[0] | {"MaTTHC": f"1.0001{n}"} for n in range(10, 40)]
    batch, _ = world.ingest("tthc", world.json([bad, *good]))
    assert (batch.lines_accepted, batch.lines_rejected) == (30, 1)
    [(rules, row, reasons)] = world.rows("SELECT rule_ids, masked_row::text, reasons::text FROM ops.reject")
    assert rules == ["TT00"]
    assert unit not in row + reasons
    assert "phần tử 2: MaDonVi" in reasons


@pytest.mark.parametrize("unit", [SO, "84.so-noi-vu", "84.moi", "84.29536", "H59.01.02"])
def test_providing_unit_by_a_code_of_any_shape_is_kept(world: World, unit: str):
    world.dimensions()
    named = PROCEDURES[0] | {"MaTTHC": "1.000009", "DonViThucHien": [{"MaDonVi": unit, "MucDo": "3"}]}
    assert world.ingest("tthc", world.json([named]))[0].lines_accepted == 1
    provided = "SELECT ma_don_vi FROM core.tthc_don_vi WHERE ma_tthc = '1.000009'"
    assert world.rows(provided) == [(unit,)]


@pytest.mark.parametrize(
    ("dataset", "column"),
    [
        *(("don_vi", "ma_gso"), ("don_vi", "ma_dinh_danh"), ("don_vi", "ten_don_vi"), ("don_vi", "nguon")),
        *(("ho_so", "ma_linh_vuc"), ("van_ban", "ky_hieu")),
        *(("van_ban", "ma_ho_so_cong_viec"),),
    ],
)
@pytest.mark.parametrize(
    "text", [NAME, NUMBER, "0903\u2013718\u2013264", "Khuat Ngoc Tuyen 1", f"V/v đơn của bà {NAME}"]
)
def test_name_or_number_where_a_code_or_a_thing_belongs_rejects_the_line(
    world: World, dataset: str, column: str, text: str
):
    world.dimensions()
    path = {
        "don_vi": lambda: world.csv([UNITS[1] | {"ngay_cap_nhat": "20240101000000", column: text}]),
        "ho_so": lambda: world.dossiers({column: text}),
        "van_ban": lambda: world.csv([{"ma_van_ban": "VB1"} | DOCUMENT | {column: text}]),
    }[dataset]()
    with pytest.raises(BatchStopped) as stopped:
        world.ingest(dataset, path, at="2025-05-10")
    [(rules, row, reasons)] = world.rows("SELECT rule_ids, masked_row::text, reasons::text FROM ops.reject")
    assert rules[0].endswith("00")
    assert text not in row + reasons + str(stopped.value)


@pytest.mark.parametrize("text", [NAME, NUMBER, "CÔNG CHỨC MỘT CỬA KHUẤT NGỌC TUYỀN", "a@b.vn", "Lê Văn Tám"])
def test_unit_that_is_only_shown_costs_no_line_whatever_it_says(province: World, text: str):
    path = province.dossiers({"don_vi_tiep_nhan": text}, {"don_vi_tiep_nhan": "TYT Lương Hòa"}, {})
    batch, _ = province.ingest("ho_so", path, at="2025-05-10")
    assert (batch.lines_accepted, batch.lines_rejected) == (3, 0)
    held = province.rows("SELECT don_vi_tiep_nhan FROM core.ho_so ORDER BY ma_ho_so LIMIT 2")
    assert held == [(f"(chữ, {len(text)} ký tự)",), ("TYT Lương Hòa",)]


# What is loaded, as a line that is refused is missing in the figures, and is somebody's name all the same.
PASSES = ["HS-KHUAT-NGOC-TUYEN-1", "Khuat.Ngoc", "KHUATNGOC/2025", "N.T.Tuyen"]


@pytest.mark.parametrize("text", PASSES)
def test_code_that_is_none_by_its_shape_is_kept_of_no_rejected_or_reported_line(world: World, text: str):
    world.dimensions()
    good = [{} for _ in range(60)]
    by_time = {"ma_ho_so": text, "ngay_tiep_nhan": "20250312090000", "ngay_ket_thuc_xu_ly": "20250311090000"}
    dossiers = world.dossiers({"ma_ho_so": text, "kenh_thuc_hien": "99999"}, by_time, *good)
    world.ingest("ho_so", dossiers, at="2025-05-10")
    documents = [{"ma_van_ban": f"VB{n}"} | DOCUMENT | {"so": str(n)} for n in range(1, 61)]
    documents[0] |= {"ky_hieu": text, "so": "x"}
    documents[1] |= {"ky_hieu": f"12/{text}", "so": "x", "ma_van_ban": text}
    world.ingest("van_ban", world.csv(documents), at="2025-05-10")
    kept = world.rows("SELECT reasons::text || masked_row::text FROM ops.reject")
    assert len(kept) > 2
    assert not [row for (row,) in kept if text in row]
    found = world.rows(
        "SELECT concat(khoa, ma_don_vi) FROM ops.line_finding UNION ALL SELECT khoa FROM mart.dong_loi"
    )
    assert found
    assert not [said for (said,) in found if said and text in said]


@pytest.mark.parametrize("unit", ["TYT-LUONGHOA", "CHAUTHANH", "TRUONG-LONG-HOA", "84.luong-hoa"])
def test_providing_unit_by_the_name_of_a_commune_is_kept(world: World, unit: str):
    world.dimensions()
    named = PROCEDURES[0] | {"MaTTHC": "1.000009", "DonViThucHien": [{"MaDonVi": unit, "MucDo": "3"}]}
    assert world.ingest("tthc", world.json([named]))[0].lines_accepted == 1


def test_what_no_load_reads_is_judged_and_not_staged(province: World):
    contract = contract_of("ho_so")
    path = province.dossiers(
        {"ten_tthc": "Cấp giấy phép", "ten_linh_vuc": "Đất đai"}, {"ten_tthc": "CÊp giÊy phÐp"}
    )
    landed = land_file(province.engine, province.folder / "landing", contract, path)
    with province.engine.begin() as connection:
        stage(connection, contract, batch_of(connection, landed.batch_id))
        columns = connection.exec_driver_sql(
            f"SELECT * FROM {staging_table('ho_so', landed.batch_id)} ORDER BY line_no"
        ).mappings()
        rows = columns.all()
    assert not {"ten_tthc", "ten_linh_vuc"} & set(rows[0])
    assert [row["mojibake_columns"] is None for row in rows] == [True, False]
    with pytest.raises(BatchStopped):
        validate(province.engine, landed.batch_id)
    assert province.rows("SELECT line_no, rule_ids FROM ops.reject") == [(3, ["HS28"])]
