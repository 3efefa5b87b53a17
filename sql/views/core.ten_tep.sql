-- With the owner's rights: of ops.batch it shows these names and nothing else.
CREATE VIEW core.ten_tep AS
SELECT
    batch_id,
    original_name AS ten_tep,
    sha256
FROM ops.batch;
COMMENT ON VIEW core.ten_tep IS 'Một dòng = tên tệp của một lô, viết bằng từ ngữ của ngành, và SHA-256 của tệp.';
GRANT SELECT ON core.ten_tep TO cchc_don_vi;
