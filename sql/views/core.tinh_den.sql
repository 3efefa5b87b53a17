-- With the owner's rights: of ops.batch it shows one time per dataset and nothing else.
CREATE VIEW core.tinh_den AS
SELECT
    dataset,
    max(extracted_at) AS tinh_den
FROM ops.batch
WHERE status = 'loaded'
GROUP BY dataset;
COMMENT ON VIEW core.tinh_den IS
'Một dòng = một bộ dữ liệu và thời điểm cuối cùng mà nguồn của nó cho biết, theo các lô đã nạp.';
GRANT SELECT ON core.tinh_den TO cchc_don_vi;
