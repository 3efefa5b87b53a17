-- Of files that were judged before, nothing stays that may be of a person. Judging a batch again tells its faults.
-- Run once by Alembic inside a transaction; nothing in it is edited any more.

UPDATE ops.batch
SET
    original_name = CASE
        WHEN origin <> 'file' THEN original_name
        ELSE
            'tệp ' || left(sha256, 8)
            || coalesce(' ' || lower(substring(original_name FROM '\.(?:[cC][sS][vV]|[jJ][sS][oO][nN][lL]?|[xX][lL][sS][xXmM]?)$')), '') -- noqa: LT05
    END,
    extra_columns = ARRAY(
        SELECT 'cột lạ ' || c.so
        FROM unnest(extra_columns) WITH ORDINALITY AS c (ten, so)
        ORDER BY c.so
    ),
    notes = '{}',
    stop_reason = CASE
        WHEN stop_reason IS NOT NULL
            THEN
                'Lý do ghi trước khi kho chỉ giữ từ của ngành đã được xoá, vì có thể có dữ liệu cá nhân: '
                'kiểm tra lại lô để có lý do.'
    END;

UPDATE ops.batch_sheet SET sheet = 'trang ' || sheet_no;

UPDATE ops.skipped_line SET content = NULL
WHERE kind = 'total';

UPDATE ops.reject
SET
    masked_row = '{}',
    reasons = ARRAY(
        SELECT regexp_replace(r.ly_do, ': cột .*$', '')
        FROM unnest(reasons) WITH ORDINALITY AS r (ly_do, so)
        ORDER BY r.so
    );

UPDATE ops.line_finding
SET
    khoa = CASE WHEN khoa ~ '[^ -~]|[0-9]{9}|[A-Za-z]{8}' THEN NULL ELSE khoa END,
    ma_don_vi = CASE WHEN ma_don_vi ~ '[^ -~]|[0-9]{9}' THEN NULL ELSE ma_don_vi END
WHERE khoa ~ '[^ -~]|[0-9]{9}|[A-Za-z]{8}' OR ma_don_vi ~ '[^ -~]|[0-9]{9}';

UPDATE core.qua_trinh SET don_vi = format('(chữ, %s ký tự)', length(don_vi))
WHERE don_vi ~ '[^ -~]|[a-z]{2}|[0-9]{9}';

UPDATE core.khai_bao SET chuc_danh = format('(chữ, %s ký tự)', length(chuc_danh))
WHERE chuc_danh ~ '@|[0-9]';

COMMENT ON TABLE ops.reject IS
'Một dòng = một dòng của tệp không được nạp, với mọi lý do.';
COMMENT ON COLUMN ops.reject.masked_row IS
'Cột → ô: mã, số, ngày giờ và từ trong danh mục được giữ nguyên; chữ khác chỉ còn loại và độ dài; cột cá nhân là ***.';
COMMENT ON COLUMN ops.batch.original_name IS
'Tên tệp nếu chỉ gồm từ của ngành, ngày tháng và số ngắn; tên khác thay bằng "tệp" và 8 ký tự đầu của SHA-256.';
COMMENT ON COLUMN ops.batch.extra_columns IS
'Tên cột mà hợp đồng dữ liệu không có, nếu chỉ gồm từ của ngành; tên khác thay bằng số thứ tự của cột.';
COMMENT ON COLUMN ops.batch_sheet.sheet IS
'Tên trang tính nếu chỉ gồm từ của ngành, ngày tháng và số ngắn; tên khác thay bằng số thứ tự.';
COMMENT ON COLUMN ops.skipped_line.content IS
'Tên mục hoặc dòng tổng nếu chỉ gồm từ của ngành và số ngắn; chữ khác không lưu vì có thể có tên người.';
COMMENT ON COLUMN ops.line_finding.khoa IS
'Khoá của dòng (mã hồ sơ, mã đơn vị, mã gốc thủ tục); NULL khi thiếu hoặc có phần không phải là mã.';
COMMENT ON COLUMN core.khai_bao.chuc_danh IS
'Chức danh người khai nếu chỉ gồm từ của ngành; chữ khác chỉ còn loại và độ dài.';
COMMENT ON COLUMN core.qua_trinh.don_vi IS
'Đơn vị như nguồn ghi nếu là mã hoặc chỉ gồm từ của ngành; chữ khác chỉ còn loại và độ dài.';
