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
