-- Findings are told apart by whole keys only, and by a hash of those that may not be kept.
-- Run once by Alembic inside a transaction; nothing in it is edited any more.

ALTER TABLE ops.line_finding ADD COLUMN khoa_an text COLLATE "C";
COMMENT ON COLUMN ops.line_finding.khoa_an IS
'MD5 của khoá đủ mọi phần mà mã trong đó không được giữ; chỉ để biết dòng đã được sửa chưa. NULL khi có khoa.';
CREATE INDEX line_finding_khoa_an ON ops.line_finding (khoa_an) WHERE khoa_an IS NOT NULL;

-- A month, a status, a time alone is no key: another line that had no more counted as the same one.
UPDATE ops.line_finding AS f
SET
    khoa = NULL,
    con_loi = CASE WHEN f.bi_loai AND b.status = 'loaded' THEN f.rule_ids ELSE '{}' END
FROM ops.batch AS b
WHERE
    f.batch_id = b.batch_id
    AND cardinality(string_to_array(f.khoa, ' '))
    < CASE b.dataset WHEN 'danh_gia' THEN 3 WHEN 'khai_bao' THEN 3 WHEN 'qua_trinh' THEN 2 ELSE 0 END;
