-- With the owner's rights: of ops.batch it shows these names and nothing else.
CREATE VIEW core.ten_tep_ho_so AS
SELECT
    batch_id,
    original_name AS ten_tep
FROM ops.batch
WHERE dataset = 'ho_so';
COMMENT ON VIEW core.ten_tep_ho_so IS 'Một dòng = tên tệp của một lô hồ sơ TTHC, viết bằng từ ngữ của ngành.';
GRANT SELECT ON core.ten_tep_ho_so TO cchc_don_vi;
