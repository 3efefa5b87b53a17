"""Migrating takes away what was kept of files before only words of the field were."""

import pytest
import sqlalchemy as sa

from tests.migrating import ROOT, alembic, migrate
from tests.personal.leaks import MARKS, leaks_in_databases

OLD = """
INSERT INTO ops.batch (
    dataset, sha256, size_bytes, landed_path, original_name, origin, extra_columns, notes, status, stop_reason
) VALUES ('ho_so', repeat('a', 64), 1, '/x', '{mark}.CSV', 'file', '{{"{mark}","b"}}', '{{"{mark}"}}',
'stopped', '{mark}');
INSERT INTO ops.batch_sheet (batch_id, sheet_no, sheet, line_base) VALUES (1, 3, '{mark}', 0);
INSERT INTO ops.skipped_line (batch_id, line_no, last_line_no, records, kind, content)
VALUES (1, 9, 9, 1, 'total', 'Tổng số: {mark}');
INSERT INTO ops.reject (batch_id, line_no, rule_ids, reasons, masked_row)
VALUES (1, 2, '{{HS00}}', ARRAY['Có ô không đọc được: cột ngay_tra có ''{mark}'' (cần ngày)'],
'{{"ten": "{mark}"}}');
INSERT INTO ops.line_finding (batch_id, line_no, khoa, ma_don_vi, bi_loai, rule_ids) VALUES
(1, 2, '{mark}', '{mark}', TRUE, '{{HS00}}'),
(1, 3, '000.00.01.H59-250305-0001', '84.so-noi-vu', TRUE, '{{HS00}}');
"""


@pytest.mark.long
@pytest.mark.parametrize("mark", [MARKS["name"], MARKS["telephone"]])
def test_nothing_of_a_person_stays_of_files_that_were_judged_before(empty_database: str, mark: str):
    alembic(ROOT, empty_database, "upgrade", "0003")
    engine = sa.create_engine(empty_database, poolclass=sa.pool.NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql(OLD.format(mark=mark).replace("%", "%%"))
    assert leaks_in_databases([engine])
    migrate(empty_database)
    assert leaks_in_databases([engine]) == []
    with engine.connect() as connection:
        [batch] = connection.execute(sa.text("SELECT original_name, extra_columns FROM ops.batch")).all()
        [reasons] = connection.scalars(sa.text("SELECT reasons FROM ops.reject"))
        keys = connection.scalars(sa.text("SELECT khoa FROM ops.line_finding ORDER BY line_no")).all()
    assert batch == ("tệp aaaaaaaa .csv", ["cột lạ 1", "cột lạ 2"])
    assert reasons == ["Có ô không đọc được"]
    assert keys == [None, "000.00.01.H59-250305-0001"]


HELD = """
INSERT INTO ops.batch (dataset, sha256, size_bytes, landed_path, original_name, origin, extra_columns, status)
VALUES ('tthc', repeat('b', 64), 1, '/y', '2025-03 {number}.csv', 'file', '{{"Vu Tai"}}', 'stopped');
INSERT INTO core.tthc_phien_ban (ma_tthc, thoi_diem, van_tay, ban_ghi, batch_id, line_no) VALUES
('1.000001', '2025-01-01', 'a', '{{"ten_tthc": "T", "don_vi_thuc_hien": [
    {{"MaDonVi": "000.00.01.H59", "MucDo": "4", "HieuLucTu": null, "{mark}": 1}},
    {{"MaDonVi": "{mark}", "MucDo": "3", "DienThoai": "{number}"}}]}}', 1, 2),
('1.000001', '2025-01-01', 'b', '{{"ten_tthc": "T", "don_vi_thuc_hien": [
    {{"MaDonVi": "000.00.01.H59", "MucDo": "4", "HieuLucTu": null}},
    {{"MaDonVi": "{mark}", "MucDo": "3"}}]}}', 1, 3),
('1.000002', '2025-01-01', 'c', '{{"ten_tthc": "U", "co_phi": 1}}', 1, 4);
INSERT INTO core.tthc_don_vi (ma_tthc, ma_don_vi, muc_do, valid_from, valid_to) VALUES
('1.000001', '000.00.01.H59', 4, '-infinity', 'infinity'), ('1.000001', '{mark}', 3, '-infinity', 'infinity');
INSERT INTO core.don_vi_khoa (khoa, ma_don_vi, valid_from, valid_to)
VALUES ('sở y tế', '000.00.01.H59', '-infinity', 'infinity');
INSERT INTO core.ho_so (ma_ho_so, ky_tiep_nhan, ma_tthc_goc, trang_thai_ho_so, ma_don_vi,
    don_vi_ngay_xuat, don_vi_tiep_nhan, ngay_cap_nhat, batch_id, line_no) VALUES
('000.00.01.H59-250305-0001', 'infinity', '', 4, '000.00.01.H59', FALSE, '{mark}', '2025-03-05', 1, 1),
('000.00.01.H59-250305-0002', 'infinity', '', 4, '000.00.01.H59', FALSE, 'Sở Y tế', '2025-03-05', 1, 2),
('000.00.01.H59-250305-0003', 'infinity', '', 4, '000.00.01.H59', FALSE, '000.00.01.H59', '2025-03-05', 1, 3);
INSERT INTO core.van_ban (ma_van_ban, huong, ma_don_vi, so, ky_hieu, do_mat, ngay_cap_nhat, da_xoa,
    batch_id, line_no)
VALUES ('VB1', 'di', '000.00.01.H59', 1, '1/2025/{mark}', 1, '2025-03-05', 0, 1, 1),
('VB2', 'di', '000.00.01.H59', 2, '12/2025/QĐ-UBND', 1, '2025-03-05', 0, 1, 2);
INSERT INTO ops.line_finding (batch_id, line_no, khoa, ma_don_vi, bi_loai, rule_ids) VALUES
(1, 2, 'KHUAT-NGOC-TUYEN-1', '000.00.01.H59', TRUE, '{{HS00}}');
"""


@pytest.mark.long
def test_nothing_stays_where_a_code_belongs_that_is_none_and_no_figure_changes(empty_database: str):
    alembic(ROOT, empty_database, "upgrade", "0017")
    engine = sa.create_engine(empty_database, poolclass=sa.pool.NullPool)
    with engine.begin() as connection:
        held = HELD.format(mark=MARKS["name"], number=MARKS["telephone with blanks"])
        connection.exec_driver_sql(held.replace("%", "%%"))
    assert leaks_in_databases([engine])
    migrate(empty_database)
    assert leaks_in_databases([engine]) == []

    def rows(query: str) -> list[tuple]:
        with engine.connect() as connection:
            return [tuple(row) for row in connection.execute(sa.text(query))]

    # The two versions said the same but for what nobody named: one is left, that of the line before.
    provided = [
        {"MaDonVi": "000.00.01.H59", "MucDo": "4", "HieuLucTu": None},
        {"MaDonVi": "DVKX-1", "MucDo": "3"},
    ]
    versions = rows(
        "SELECT ban_ghi, line_no, van_tay = md5(ban_ghi::text) FROM core.tthc_phien_ban ORDER BY 2"
    )
    assert versions == [
        ({"ten_tthc": "T", "don_vi_thuc_hien": provided}, 2, True),
        ({"ten_tthc": "U", "co_phi": 1}, 4, False),
    ]
    # As many units provide as before, on the same level.
    assert rows("SELECT ma_don_vi, muc_do FROM core.tthc_don_vi ORDER BY muc_do") == [
        ("DVKX-1", 3),
        ("000.00.01.H59", 4),
    ]
    assert rows("SELECT don_vi_tiep_nhan FROM core.ho_so ORDER BY ma_ho_so") == [
        ("(chữ, 21 ký tự)",),
        ("Sở Y tế",),
        ("000.00.01.H59",),
    ]
    # The year in it tells of which series it is.
    assert rows("SELECT ky_hieu FROM core.van_ban ORDER BY so") == [
        ("(chữ, 28 ký tự)/2025/",),
        ("12/2025/QĐ-UBND",),
    ]
    assert rows("SELECT khoa, ma_don_vi FROM ops.line_finding") == [(None, "000.00.01.H59")]
    assert rows("SELECT original_name, extra_columns FROM ops.batch") == [("tệp bbbbbbbb .csv", ["cột lạ 1"])]
